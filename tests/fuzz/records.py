"""The door for records: lines of JSON, mappings with any Python values, ready-made facts.

An input is lines of JSON. Each is read as a line of a file and, with its ``["$py", n]`` replaced by values that no JSON
holds, as a mapping; ``"$facts"`` in it makes it ready-made facts. What is read is answered and explained.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zlib import crc32

import dealerrules as dr
from dealerrules.engines.row import Interpreter
from dealerrules.records import SUBJECTS, TABLES, read_record
from dealerrules.tables import read_jsonl, read_store
from fuzz import texts
from fuzz.texts import NUMBERS, PIECES, ROOT

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from dealerrules.faults import Fault

DAY = date(2014, 9, 30)
ODD: tuple[object, ...] = (
    float("nan"), float("inf"), -0.0, 1.5, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e999999"),
    Decimal("1e-999999"), Decimal("-0.00"), 10**5000, -(10**20), Fraction(1, 3), b"bytes", bytearray(b"x"), object,
    datetime(2014, 9, 30, 12, tzinfo=UTC), date.max, date.min, {1, 2}, (), [[]], {"a": {}}, {1: 2}, {None: None},
    "\ud800", "\0", "x" * 100_000, Ellipsis, range(3), 1j, type, memoryview(b"x"), frozenset({"a"}),
)  # fmt: skip
"""Values that no JSON holds."""


@cache
def book() -> dr.PolicyBook:
    """Return the shipped policies."""
    return dr.load(ROOT / "policies")


def run(data: bytes) -> None:
    """Read the lines of an input in every way there is."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "store.jsonl")
        path.write_bytes(data)
        store = read_store(path, as_of=DAY)
        for fault in (*store.faults, *store.rejected):
            _shown(fault)
        for subject, record in store.records:
            _answered(subject, record, data)
        for _, item in read_jsonl(path):
            if isinstance(item, dict):
                _read(item, data)


def _shown(fault: Fault) -> None:
    for lang in ("en", "zh"):
        text = fault.text(lang)
        text.encode()
        assert len(text) < 5_000
        assert "\n" not in text


def _read(item: dict[str, Any], data: bytes) -> None:
    """Read one object as a mapping."""
    revived: Any = _revived(item)
    subject = revived.pop("subject", "customer")
    facts = revived.pop("$facts", None)
    try:
        if facts is not None:
            given = facts if isinstance(facts, dict) else {"media": facts}
            book().evaluate_facts(subject, given, as_of=DAY).to_dict()
        _answered(subject, read_record(revived, subject), data)
    except dr.RecordError as error:
        for fault in error.faults:
            _shown(fault)


def _revived(value: object) -> object:
    if isinstance(value, list):
        if len(value) == 2 and value[0] == "$py" and isinstance(value[1], int):
            return ODD[value[1] % len(ODD)]
        return [_revived(each) for each in value]
    if isinstance(value, dict):
        return {key: _revived(each) for key, each in value.items()}
    return value


def _answered(subject: str, record: Any, data: bytes) -> None:
    """Evaluate a record, by both engines, and now and then explain."""
    answer = book().evaluate(record, as_of=DAY, subject=subject)
    json.dumps(answer.to_dict()).encode()
    edition = book().edition(DAY)
    assert edition is not None
    interpreter = Interpreter(edition, subject, DAY, record, {})
    for name, outcome in answer.items():
        decided = interpreter.decide(name)
        rules = decided.decision.rules
        matched = [rule.id for at, rule in enumerate(rules) if decided.true >> at & 1]
        assert sorted(matched) == sorted(outcome.matched), name
    if crc32(data) % 8 == 0:
        for lang in ("zh", "en"):
            explained = answer.explain(lang)
            (explained.text + explained.html + explained.markdown).encode()


# --- changes ------------------------------------------------------------------------------------------


@cache
def _names() -> tuple[str, ...]:
    kinds = [*TABLES.values(), *SUBJECTS.values()]
    names = {name for kind in kinds for name in (kind.name, *kind.fields)}
    return (
        *sorted(names),
        *sorted(TABLES),
        "attributes",
        "subject",
        "$facts",
        *sorted(book().facts["customer"]),
    )


@cache
def _values() -> tuple[object, ...]:
    options = {
        word
        for kind in (*TABLES.values(), *SUBJECTS.values())
        for type_ in kind.fields.values()
        for word in type_.options
    }
    plain: list[object] = [
        True,
        False,
        None,
        0,
        1,
        -1,
        2,
        10**11,
        10**12,
        10**30,
        "",
        [],
        {},
        [[]],
        [{}],
        [None],
        "C1",
    ]
    odd: list[object] = [["$py", at] for at in range(len(ODD))]
    return (
        *sorted(options),
        *plain,
        *plain,
        *odd,
        *NUMBERS,
        *PIECES,
        "2014-09-30",
        "2014-10-01",
        "680.00",
        "680.001",
    )


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change the objects of some lines, or their text."""
    if chance.random() < 0.15:
        return texts.mutated(data, chance)
    lines = data.decode("utf-8", "replace").split("\n")
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(lines))
        try:
            whole = json.loads(lines[at])
        except (ValueError, RecursionError):
            whole = {"customer_id": "C1"}
        if not isinstance(whole, dict):
            whole = {"customer_id": "C1", "visits": whole}
        _change(whole, chance)
        if chance.random() < 0.1:
            at = len(lines)
            lines.append("")
        try:
            lines[at] = json.dumps(whole, ensure_ascii=chance.random() < 0.5)
        except (ValueError, RecursionError):
            continue
    return "\n".join(lines).encode("utf-8", "replace")


def _change(whole: dict[str, Any], chance: random.Random) -> None:
    """Change one place somewhere in an object."""
    places: list[tuple[Any, Any]] = []
    pending: list[Any] = [whole]
    while pending and len(places) < 500:
        one = pending.pop()
        for key, value in one.items() if isinstance(one, dict) else enumerate(one):
            places.append((one, key))
            if isinstance(value, dict | list):
                pending.append(value)
    objects = [whole, *(one[key] for one, key in places if isinstance(one[key], dict))]
    match chance.randrange(5):
        case 0 | 1 if places:
            one, key = chance.choice(places)
            one[key] = chance.choice(_values())
        case 2 if places:
            one, key = chance.choice(places)
            del one[key]
        case 3:
            table = chance.choice(tuple(TABLES))
            events = whole.setdefault(table, [])
            if isinstance(events, list):
                fields = TABLES[table].fields
                events.append(
                    {name: _likely(fields[name], chance) for name in fields if chance.random() < 0.7}
                )
        case _:
            chance.choice(objects)[chance.choice(_names())] = chance.choice(_values())


def _likely(type_: Any, chance: random.Random) -> object:
    if type_.options:
        return chance.choice(type_.options)
    by_kind: dict[str, tuple[object, ...]] = {
        "date": ("2014-09-30", "2013-09-30", "2014-10-01", "2012-02-29", "9999-12-31", "0001-01-01"),
        "money": ("0", "680.00", "0.01", "9999999999999.99", 5), "boolean": (True, False), "count": (0, 1, 3, 10**9),
        "distance": (0, 5000, 10**9), "number": (0, 5, -1, 100), "text": ("C1", "V1", "x", "汉"),
    }  # fmt: skip
    return chance.choice(by_kind.get(type_.kind.value, (None,)))


def seeds() -> Iterable[bytes]:
    """Yield a record of every subject, a whole customer, facts, and lines that are not JSON."""
    whole: dict[str, Any] = {
        "customer_id": "C1",
        "kind": "individual",
        "loyalty": "high",
        "attributes": {"a": 1, "b": "x"},
    }
    for at, (name, table) in enumerate(TABLES.items()):
        day = {table.date_field: f"2014-0{at + 1}-11"}
        whole[name] = [
            {**day, **{field: type_.options[0] for field, type_ in table.fields.items() if type_.options}}
        ]
        yield json.dumps({"customer_id": "C2", name: whole[name] * 3}).encode()
    yield json.dumps(whole).encode()
    for subject in SUBJECTS.values():
        plain = {"subject": subject.name, subject.id_field: "X1"}
        if subject.date_field:
            plain[subject.date_field] = "2014-09-30"
        counts = {field: 110 for field, type_ in subject.fields.items() if type_.kind.value == "count"}
        yield json.dumps({**plain, **counts}).encode()
    yield b'{"$facts": {"visits_past_year": 4, "loyalty": "high", "vehicle_referrals": 3}, "customer_id": "C3"}'
    yield b'{"$facts": {"months_since_last_visit": null}, "customer_id": "C3"}\n{"customer_id": "C3"}\n\n[1]\n{"a": 1, "a": 2}'
    yield '{"customer_id": "客户", "region": "东"}'.encode("gbk")
    yield b'\xef\xbb\xbf{"customer_id": "C1"}\r\n{"customer_id": "C1"}\n{"customer_id": NaN}\n{"customer_id": 1e5}'
    yield b"[" * 5_000
    yield b'{"customer_id": "C", "household_brand_owners": ' + b"9" * 5_000 + b"}"
    yield json.dumps(
        {"customer_id": ["$py", 23], "visits": [{"visited_on": ["$py", 16], "amount": ["$py", 5]}]}
    ).encode()
