"""Tables: reading records in bulk, from a file of JSON lines or a directory of CSV tables.

Place in the flow: records -> facts -> policy -> engine -> outcome -> explanation. A file becomes typed records here,
row by row through :func:`dealerrules.records.read_record`, and whatever is wrong becomes a fault that names file,
line, column and value. A customer with any fault is left out whole: part of the events would decide wrongly.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from dealerrules.faults import Fault, FieldError, RecordError, messages, nearest, shown
from dealerrules.records import SUBJECTS, TABLES, Customer, Record, Subject, Table, read_record
from dealerrules.values import Kind, Type, read_date

_SAYS: Final = messages("""
not_utf8 | the file is not UTF-8 text | 文件不是 UTF-8 文本
gbk | the file is not UTF-8 text, but can be read as GBK: save it as UTF-8 | 文件不是 UTF-8 文本，但可以按 GBK 读出：请另存为 UTF-8
json | this is not JSON: {why}, at character {at} | 不是合法的 JSON：第 {at} 个字符处，{why}
json_size | a number in it is too long, or its lists are nested too deeply | 其中的数字太长，或列表嵌套太深
json_object | a JSON object is needed on each line, not `{value}` | 每行需要一个 JSON 对象，而不是 `{value}`
json_twice | the key `{value}` stands twice in one object | 同一个对象中键 `{value}` 出现了两次
json_constant | `{value}` is not a number: leave out what is unknown | `{value}` 不是数字：未知的字段请省略
csv | the rest of the table cannot be read: {why} | 表的其余部分无法读取：{why}
no_header | the table has no header | 表没有表头
unknown_column | there is no such column | 没有这一列
column_twice | the column stands twice in the header | 表头中该列出现了两次
no_column | the column is missing | 缺少这一列
cells | the row has another number of cells ({cells}) than the header ({columns}) | 该行的单元格数（{cells}）与表头（{columns}）不同
missing | is missing | 缺失
orphan | there is no customer `{value}` | 没有客户 `{value}`
no_customers | events without the table of their customers: customers.csv is missing | 有事件表，却缺少客户表 customers.csv
duplicate | `{value}` is also the {name} of {first} | `{value}` 与 {first} 的 {name} 重复
not_read | `{value}` is not read: a table is a CSV file, `{file}` | 没有读取 `{value}`：表应为 CSV 文件 `{file}`
no_table | there is no table here, such as customers.csv | 这里没有任何表，例如 customers.csv
no_store | `{value}` is neither a .jsonl file nor a directory of CSV tables | `{value}` 既不是 .jsonl 文件，也不是 CSV 表的目录
""")


@dataclass(frozen=True, slots=True)
class Store:
    """What a file or a directory holds.

    Attributes:
        records: the subject and the record of all that is sound, in the order of the files, customers first.
        faults: everything that is wrong, with its place.
    """

    records: list[tuple[str, Record]]
    faults: tuple[Fault, ...]


def read_store(path: str | os.PathLike[str], *, as_of: date | str) -> Store:
    r"""Read all records of a file of JSON lines or of a directory of CSV tables.

    A line of JSON is a customer, or the subject that its key ``subject`` names. The tables are UTF-8, called as
    in records.md (``customers.csv``, ``visits.csv``, ``purchases.csv`` …), with field names as header: an empty cell
    is unknown, booleans are ``true`` and ``false``, amounts yuan such as ``1,234.50``, dates ISO, attributes a JSON
    object. A missing file means no events. Where ``household_brand_owners`` is empty it is counted, in persons.

    Args:
        path: a ``.jsonl`` file or a directory; places in faults begin with it.
        as_of: the day for which households are counted.

    Raises:
        ValueError: when `as_of` is not a day.
        OSError: when the path cannot be opened.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "customers.csv").write_text("customer_id,kind\nC1,individual\n")
        ...     _ = Path(folder, "visits.csv").write_text("customer_id,visited_on\nC1,2014-09-01\nC2,2014-09-02\n")
        ...     store = read_store(folder, as_of="2014-09-30")
        >>> store.records[0][1].visits[0].visited_on, store.faults[0].message
        (datetime.date(2014, 9, 1), 'there is no customer `C2`')
    """
    day = read_date(as_of)
    given = os.fspath(path).rstrip("/")
    reading = _Reading()
    if Path(path).is_dir():
        _read_tables(reading, given, day)
    elif Path(path).suffix.lower() == ".jsonl":
        _read_lines(reading, path)
    else:
        Path(path).stat()
        reading.fault(given, "", "no_store", given)
    return reading.store()


def read_jsonl(path: str | os.PathLike[str]) -> Iterator[tuple[str, dict[str, object] | Fault]]:
    """Yield the place and the object of each line of a file, or the fault of a line that holds none.

    Numbers are read as ``int`` and ``Decimal``; blank lines are skipped.

    Raises:
        OSError: when the file cannot be opened.
    """
    given = os.fspath(path)
    with Path(path).open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{given}:{number}"
            try:
                if line.strip():
                    yield place, _json_object(line.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                yield place, _not_utf8(error).at("", None, "", place)
            except FieldError as error:
                yield place, error.at("", None, "", place)


# ---------------------------------------------------------------------------------------------------
# What has been read so far

_EVENT: Final = re.compile(r"(\w+)\[(\d+)\]\.?(.*)")
_Key = tuple[object, ...]
_Places = Mapping[str, list[str]]
"""The place of a record under ``""``; of each of its events, when they stand elsewhere, under their table."""


def _key(kind: Table | Subject, values: Mapping[str, object]) -> _Key:
    """Return the name of a table or subject with the key of one of its rows; ``None`` for what is not there."""
    found = (values.get(name) for name in kind.key)
    return (kind.name, *(value if isinstance(value, str | date) else None for value in found))


@dataclass
class _Reading:
    """What has been read so far, and what was found wrong."""

    faults: list[Fault] = field(default_factory=list)
    records: list[tuple[_Key, Record]] = field(default_factory=list)
    spoilt: set[_Key] = field(default_factory=set)  #: keys of records of which something cannot be trusted
    broken: set[str] = field(default_factory=set)  #: tables that were not read to their end
    taken: dict[_Key, tuple[str, _Key]] = field(default_factory=dict)  #: key: its place, and whose it is

    def fault(self, place: str, column: str, code: str, value: object = None, **more: Any) -> None:
        self.faults.append(FieldError(value, _SAYS[code], **more).at("", None, column, place))

    def claim(self, kind: Table | Subject, values: Mapping[str, object], place: str, owner: _Key) -> bool:
        """Take the key of an event or a record; false, with a fault, when it is taken: then neither can be trusted."""
        key = _key(kind, values)
        claim = (place, owner)
        if not kind.key or None in key or self.taken.setdefault(key, claim) is claim:
            return True
        first, first_owner = self.taken[key]
        self.fault(place, kind.key[0], "duplicate", key[1], name=kind.key[0], first=first)
        self.spoilt |= {owner, first_owner}
        return False

    def read(self, subject: str, data: dict[str, object], owner: _Key, places: _Places) -> Record | None:
        """Read one record, and report what is wrong with it at its place."""
        try:
            record = read_record(data, subject)
        except RecordError as error:
            self.spoilt.add(owner)
            for fault in error.faults:
                event = _EVENT.fullmatch(fault.field)
                rows = places.get(event[1]) if event else None
                if event and rows:
                    self.faults.append(replace(fault, place=rows[int(event[2])], field=event[3]))
                else:
                    self.faults.append(replace(fault, place=places[""][0]))
            return None
        self.records.append((owner, record))
        return record

    def store(self) -> Store:
        """Return what is sound. A table cut short spoils every customer, for it may hold events of any."""
        cut = bool(self.broken & {"customers", *TABLES})
        sound = [(str(key[0]), record) for key, record in self.records if key not in self.spoilt]
        return Store([pair for pair in sound if not (cut and pair[0] == "customer")], tuple(self.faults))


# ---------------------------------------------------------------------------------------------------
# JSON lines


def _read_lines(reading: _Reading, path: str | os.PathLike[str]) -> None:
    for place, item in read_jsonl(path):
        if isinstance(item, Fault):
            reading.faults.append(item)
            continue
        name = cast("str", item.pop("subject", "customer"))
        subject = next((known for known in SUBJECTS.values() if known.name == name), None)
        owner = _key(subject, item) if subject else (place,)
        if subject and not reading.claim(subject, item, place, owner):
            continue
        record = reading.read(name, item, owner, {"": [place]})
        for table in subject.tables.values() if subject and record else ():
            for event in getattr(record, table.name):
                reading.claim(table, vars(event), place, owner)


def _json_object(text: str) -> dict[str, object]:
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


# ---------------------------------------------------------------------------------------------------
# CSV tables

_CUSTOMER: Final = SUBJECTS["customer"]
_NUMBER: Final = re.compile(r"-?\d{1,60}(\.\d{1,60})?", re.ASCII)


def _read_tables(reading: _Reading, folder: str, as_of: date) -> None:
    _find_strays(reading, folder)
    customers, places = _joined(reading, folder)
    for owner, row in customers.items():
        reading.read(_CUSTOMER.name, row, owner, places[owner])
    _count_households(reading, customers, as_of)
    for subject in SUBJECTS.values():
        for place, row in _rows(reading, folder, subject) if subject is not _CUSTOMER else ():
            owner = _key(subject, row)
            if reading.claim(subject, row, place, owner):
                reading.read(subject.name, row, owner, {"": [place]})


def _joined(reading: _Reading, folder: str) -> tuple[dict[_Key, dict[str, Any]], dict[_Key, _Places]]:
    """Return each customer's row with the rows of the events in it, and where they stand."""
    customers: dict[_Key, dict[str, Any]] = {}
    places: dict[_Key, _Places] = {}
    for place, row in _rows(reading, folder, _CUSTOMER):
        owner = _key(_CUSTOMER, row)
        if reading.claim(_CUSTOMER, row, place, owner):
            customers[owner], places[owner] = row, defaultdict(list, {"": [place]})
    for table in TABLES.values():
        for place, row in _rows(reading, folder, table):
            owner = (_CUSTOMER.name, row["customer_id"])
            if owner not in customers:
                if "customers" not in reading.broken:
                    reading.fault(place, "customer_id", "orphan", owner[1])
            elif reading.claim(table, row, place, owner):
                customers[owner].setdefault(table.name, []).append(row)
                places[owner][table.name].append(place)
    return customers, places


def _count_households(reading: _Reading, customers: Mapping[_Key, Mapping[str, object]], as_of: date) -> None:
    """Count the owners of the brand in each household, where no record says it and every member could be read."""
    unsure = {customers[owner].get("household_id") for owner in reading.spoilt & customers.keys()}
    owners: Counter[str | None] = Counter()
    for _, record in reading.records:
        if isinstance(record, Customer):
            days = [vehicle.purchased_on for vehicle in record.vehicles if vehicle.own_brand]
            owners[record.household_id] += any(day is not None and day <= as_of for day in days)
    for index, (owner, record) in enumerate(reading.records):
        if isinstance(record, Customer) and record.household_brand_owners is None:
            home = record.household_id
            if home is not None and home not in unsure:
                counted = record.model_copy(update={"household_brand_owners": owners[home]})
                reading.records[index] = (owner, counted)


def _find_strays(reading: _Reading, folder: str) -> None:
    """Report a missing table whose data stands here all the same, misspelt or in another format."""
    files = {subject.table for subject in SUBJECTS.values()} | set(TABLES)
    missing = sorted(name for name in files if not Path(folder, f"{name}.csv").exists())
    if len(missing) == len(files):
        reading.fault(folder, "", "no_table")
    for name in sorted(path.name for path in Path(folder).iterdir()):
        near = nearest(name.split(".")[0], missing, 0.8)
        if near:
            reading.fault(folder, "", "not_read", name, file=f"{near}.csv")
            reading.broken.add(near)
    if "customers" in missing and any(name not in missing for name in TABLES):
        reading.fault(folder, "", "no_customers")
        reading.broken.add("customers")


def _rows(reading: _Reading, folder: str, kind: Table | Subject) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the place and the cells of each row of a table; a file that is not there has none."""
    name = kind.table if isinstance(kind, Subject) else kind.name
    file = f"{folder}/{name}.csv"
    try:
        text = Path(file).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return
    except UnicodeDecodeError as error:
        line = 1 + error.object.count(b"\n", 0, error.start)
        reading.faults.append(_not_utf8(error).at("", None, "", f"{file}:{line}"))
        reading.broken.add(name)
        return
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = _columns(reading, f"{file}:1", kind, next(lines, []))
        line = lines.line_num + 1
        for cells in lines if columns else ():
            place, line = f"{file}:{line}", lines.line_num + 1
            row = {
                name: _cell(cell, columns[name]) for name, cell in zip(columns, cells, strict=False) if cell
            }
            if cells and _is_whole(reading, place, kind, row, (len(cells), len(columns))):
                yield place, row
    except csv.Error as error:
        reading.fault(f"{file}:{lines.line_num}", "", "csv", why=error)
        columns = {}
    if not columns:
        reading.broken.add(name)


def _columns(
    reading: _Reading, place: str, kind: Table | Subject, header: list[str]
) -> dict[str, Type | None]:
    """Return the type of each column, ``None`` for attributes; nothing, with faults, when the header is wrong."""
    known: dict[str, Type | None] = {**kind.fields}
    if kind is _CUSTOMER:
        known["attributes"] = None
    faults = len(reading.faults)
    if not header:
        reading.fault(place, "", "no_header")
    for index, name in enumerate(header):
        if name not in known:
            reading.fault(place, shown(name), "unknown_column", near=nearest(name, known))
        elif name in header[:index]:
            reading.fault(place, name, "column_twice")
    needed = [name for name, info in kind.model.model_fields.items() if info.is_required()]
    for name in dict.fromkeys([_id_column(kind), *needed] if header else ()):
        if name not in header:
            reading.fault(place, name, "no_column")
    return {name: known[name] for name in header} if len(reading.faults) == faults else {}


def _id_column(kind: Table | Subject) -> str:
    """Return the column that says whose row it is."""
    return kind.id_field if isinstance(kind, Subject) else "customer_id"


def _is_whole(
    reading: _Reading, place: str, kind: Table | Subject, row: Mapping[str, object], widths: tuple[int, int]
) -> bool:
    """Report a row with too few or too many cells, or without id; a customer's row is read all the same."""
    owner = row.get(_id_column(kind))
    if owner is None:
        reading.fault(place, _id_column(kind), "missing")
        return False
    if widths[0] == widths[1]:
        return True
    reading.fault(place, "", "cells", cells=widths[0], columns=widths[1])
    if isinstance(kind, Table) or kind is _CUSTOMER:
        reading.spoilt.add((_CUSTOMER.name, owner))
    return kind is _CUSTOMER  # or each of its events would look like one of nobody


def _cell(text: str, type_: Type | None) -> object:
    """Return what a record holds for a cell; a cell that cannot be read stays text, for the record to refuse."""
    if type_ is None:
        try:
            return _json_object(text)
        except FieldError:
            return text
    if type_.kind is Kind.BOOLEAN:
        return {"true": True, "false": False}.get(text.lower(), text)
    if type_.kind in {Kind.COUNT, Kind.NUMBER, Kind.DISTANCE} and _NUMBER.fullmatch(text):
        return Decimal(text) if "." in text else int(text)
    return text
