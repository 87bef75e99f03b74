"""JSON lines: records one a line, read with the standard library alone.

Place in the flow: records -> facts -> policy -> engine -> outcome -> explanation. Each line passes
:func:`dealerrules.records.read_record`, and whatever is wrong becomes a fault that names file, line, field and
value. A record with any fault is left out whole: part of a customer's events would decide wrongly.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn, cast

from dealerrules.faults import Fault, FieldError, RecordError, messages
from dealerrules.records import SUBJECTS, Record, Subject, Table, read_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SAYS: Final = messages("""
not_utf8 | the file is not UTF-8 text | 文件不是 UTF-8 文本
gbk | the file is not UTF-8 text, but can be read as GBK: save it as UTF-8 | 文件不是 UTF-8 文本，但可以按 GBK 读出：请另存为 UTF-8
json | this is not JSON: {why}, at character {at} | 不是合法的 JSON：第 {at} 个字符处，{why}
json_size | a number in it is too long, or its lists are nested too deeply | 其中的数字太长，或列表嵌套太深
json_object | a JSON object is needed on each line, not `{value}` | 每行需要一个 JSON 对象，而不是 `{value}`
json_twice | the key `{value}` stands twice in one object | 同一个对象中键 `{value}` 出现了两次
json_constant | `{value}` is not a number: leave out what is unknown | `{value}` 不是数字：未知的字段请省略
line_long | the line is longer than {most} bytes | 该行超过 {most} 字节
duplicate | `{value}` is also the {name} of {first} | `{value}` 与 {first} 的 {name} 重复
not_alone | another line has the same id, or an event of the same id | 另一行有相同的编号，或有相同编号的事件
""")

LONGEST_LINE: Final = 64 << 20
"""Bytes that a line may have: a customer's record is thousands of times shorter."""


@dataclass(frozen=True, slots=True)
class Store:
    """What a file or a directory holds.

    Attributes:
        records: the subject and the record of all that is sound, in the order of the files, customers first.
        faults: everything that is wrong, with its place.
        rejected: each line of JSON that is left out, once, with all reasons.
    """

    records: list[tuple[str, Record]]
    faults: tuple[Fault, ...]
    rejected: tuple[Fault, ...] = ()


def read_jsonl(path: str | os.PathLike[str]) -> Iterator[tuple[str, dict[str, object] | Fault]]:
    """Yield the place and the object of each line of a file, or the fault of a line that holds none.

    Numbers are read as ``int`` and ``Decimal``; blank lines are skipped.

    Raises:
        OSError: when the file cannot be opened.
    """
    given = os.fspath(path)
    with Path(path).open("rb") as file:
        for number, line in enumerate(_lines(file), 1):
            place = f"{given}:{number}"
            if len(line) > LONGEST_LINE:
                yield (
                    place,
                    FieldError(None, _SAYS["line_long"], most=f"{LONGEST_LINE:,}").at("", None, "", place),
                )
                continue
            try:
                if line.strip():
                    yield place, json_object(line.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                yield place, _not_utf8(error).at("", None, "", place)
            except FieldError as error:
                yield place, error.at("", None, "", place)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of one that is too long only the beginning, and the rest is passed over."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE + 1)


# ---------------------------------------------------------------------------------------------------
# Records

_Key = tuple[object, ...]


def _key(kind: Table | Subject, values: Mapping[str, object]) -> _Key:
    """Return the name of a table or subject with the key of one of its rows; ``None`` for what is not there."""
    found = (values.get(name) for name in kind.key)
    return (kind.name, *(value if isinstance(value, str | date) else None for value in found))


@dataclass
class _Reading:
    """What has been read so far, and what was found wrong."""

    faults: list[Fault] = field(default_factory=list)
    records: list[tuple[_Key, str, Record]] = field(default_factory=list)
    spoilt: set[_Key] = field(default_factory=set)  #: keys of records of which something cannot be trusted
    whose: dict[str, _Key] = field(default_factory=dict)  #: what a line is about, where that is known
    taken: dict[_Key, tuple[str, _Key]] = field(default_factory=dict)  #: key: its place, and whose it is

    def claim(self, kind: Table | Subject, values: Mapping[str, object], place: str, owner: _Key) -> bool:
        """Take the key of an event or a record; false, with a fault, when it is taken: then neither can be trusted."""
        key = _key(kind, values)
        claim = (place, owner)
        if not kind.key or None in key or self.taken.setdefault(key, claim) is claim:
            return True
        first, first_owner = self.taken[key]
        error = FieldError(key[1], _SAYS["duplicate"], name=kind.key[0], first=first)
        self.faults.append(error.at("", None, kind.key[0], place))
        self.spoilt |= {owner, first_owner}
        return False

    def read(self, subject: str, data: dict[str, object], owner: _Key, place: str) -> Record | None:
        """Read one record, and report what is wrong with it at its place."""
        try:
            record = read_record(data, subject)
        except RecordError as error:
            self.spoilt.add(owner)
            self.faults += [replace(fault, place=place) for fault in error.faults]
            return None
        self.records.append((owner, place, record))
        return record


def read_lines(path: str | os.PathLike[str]) -> Store:
    """Read all records of a file of JSON lines: customers, or the subject that the key ``subject`` names.

    Raises:
        OSError: when the file cannot be opened.
    """
    reading = _Reading()
    for place, item in read_jsonl(path):
        if isinstance(item, Fault):
            reading.faults.append(item)
            continue
        name = cast("str", item.pop("subject", "customer"))
        subject = next((known for known in SUBJECTS.values() if known.name == name), None)
        owner = _key(subject, item) if subject else (place,)
        if subject:
            reading.whose[place] = owner
        if subject and not reading.claim(subject, item, place, owner):
            continue
        record = reading.read(name, item, owner, place)
        for table in subject.tables.values() if subject and record else ():
            for event in getattr(record, table.name):
                reading.claim(table, vars(event), place, owner)
    sound = [(str(key[0]), record) for key, _, record in reading.records if key not in reading.spoilt]
    return Store(sound, tuple(reading.faults), tuple(_rejected(reading)))


def _rejected(reading: _Reading) -> Iterator[Fault]:
    """Yield each line that is left out, once, with everything that is wrong with it."""
    english, chinese = _SAYS["not_alone"]
    found: dict[str, list[Fault]] = {}
    for fault in reading.faults:
        found.setdefault(str(fault.place), []).append(replace(fault, place=None, subject="", id=None))
    for key, place, _ in reading.records:
        if key in reading.spoilt and place not in found:
            found[place] = [Fault("", None, "", None, english, chinese)]
    for place in sorted(found, key=lambda place: int(place.rpartition(":")[2])):
        subject, *rest = reading.whose.get(place, ("",))
        said, said_zh = (
            mark.join(each.text(lang) for each in found[place]) for mark, lang in (("; ", "en"), ("；", "zh"))
        )
        id_ = rest[0] if rest and isinstance(rest[0], str) else None
        yield Fault(str(subject), id_, "", None, said, said_zh, place)


def json_object(text: str) -> dict[str, object]:
    """Read one JSON object, exactly: no binary floats, no NaN, no key that silently replaces another."""
    try:
        data = json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_unique_keys
        )
    except FieldError:
        raise
    except json.JSONDecodeError as error:
        raise FieldError(None, _SAYS["json"], why=error.msg, at=error.pos + 1) from None
    except (ValueError, ArithmeticError, RecursionError):
        # In this order: thousands of digits, 1e99999999999999999999, and [[[[[[ without end.
        raise FieldError(None, _SAYS["json_size"]) from None
    if not isinstance(data, dict):
        raise FieldError(data, _SAYS["json_object"])
    return data


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise FieldError(key, _SAYS["json_twice"])
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise FieldError(name, _SAYS["json_constant"])


def _not_utf8(error: UnicodeDecodeError) -> FieldError:
    try:
        error.object.decode("gbk")
    except UnicodeDecodeError:
        return FieldError(error.object[error.start : error.end], _SAYS["not_utf8"])
    return FieldError(error.object[error.start : error.end], _SAYS["gbk"])
