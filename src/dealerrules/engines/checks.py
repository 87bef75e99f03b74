"""Checks: what a record would refuse, looked for in whole tables at once.

Place in the flow: before the frame engine works on tables that nobody has checked. One query a table counts what the
declared fields do not allow; what it finds is told in the words of the record reader, with an example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from dealerrules.engines.columns import MAX_64, most_of
from dealerrules.engines.entry import (
    Opened,
    cast_fields,
    dotless,
    key_faults,
    open_frames,
    rows_of,
    table_named,
)
from dealerrules.engines.frame import attributes_of
from dealerrules.faults import SAYS, Fault, FieldError, RecordError, messages
from dealerrules.readers import check_value
from dealerrules.records import Subject, Table
from dealerrules.values import QUANTITIES, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealerrules.policy.model import Edition

EXAMPLES: Final = 3
_SAYS: Final = messages("""
rows | {message} ({count} rows) | {message}（共 {count} 行）
duplicates | {count} rows repeat an id that stands before, such as `{value}` | 有 {count} 行的编号重复，例如 `{value}`
no_id | {count} rows have no id | 有 {count} 行没有编号
unreadable | the table cannot be read: {value} | 无法读取该表：{value}
""")


@dataclass(frozen=True, slots=True)
class _Test:
    """Something that no row may be: `wrong` is never null."""

    field: str
    type: Type | None
    wrong: nw.Expr
    shown: nw.Expr | None = None


def check_tables(tables: Mapping[str, Any], subject: str, editions: Iterable[Edition]) -> None:
    """Refuse tables that hold what a record would refuse.

    Raises:
        RecordError: with a fault for each column, naming how many rows there are and an example.
    """
    opened, attributes = open_frames(tables), attributes_of(editions, subject)
    faults: list[Fault] = []
    for name, frame in opened.tables.items():
        kind = table_named(name)
        assert kind is not None
        keys = kind.key if isinstance(kind, Subject) else ("customer_id", kind.date_field)
        if key_faults(name, frame, keys):
            continue  # the engine says so
        faults += _table_faults(opened, name, frame, kind, attributes)
    if faults:
        raise RecordError(faults)


def _table_faults(
    opened: Opened, name: str, frame: nw.LazyFrame[Any], kind: Table | Subject, attributes: Mapping[str, Type]
) -> list[Fault]:
    tests = _tests(name, frame, kind, attributes)
    is_subject = isinstance(kind, Subject)
    keys = list(kind.key) if is_subject else []
    counts = {str(at): test.wrong.cast(nw.Int64).sum() for at, test in enumerate(tests)}
    try:
        found = rows_of(frame.select(**counts), opened.backend)[0] if counts else {}
        faults = []
        for at, test in enumerate(tests):
            count = int(found[str(at)] or 0)
            if count:
                faults.append(_fault(opened, name, frame, kind, test, count))
        return faults + (_duplicates(opened, name, frame, keys) if keys and not faults else [])
    except (RecordError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own for text that is no date
        said = (str(error).splitlines() or [type(error).__name__])[0]
        return [FieldError(said, _SAYS["unreadable"]).at("", None, "", name)]


def _tests(
    name: str, frame: nw.LazyFrame[Any], kind: Table | Subject, attributes: Mapping[str, Type]
) -> list[_Test]:
    types = {**kind.fields, **(attributes if isinstance(kind, Subject) else {})}
    schema = frame.collect_schema()
    owner = kind.id_field if isinstance(kind, Subject) else "customer_id"
    cast = cast_fields(name, frame, types, [], owner)
    tests = [_Test(owner, None, _missing(owner, schema))]
    required = {each for each, info in kind.model.model_fields.items() if info.is_required()} - {owner}
    for field_, value in cast.items():
        if field_ in required:
            tests.append(_Test(field_, None, value.is_null()))
        wrong = _wrong(types[field_], value)
        if wrong is not None:
            raw = nw.col(dotless(field_) if dotless(field_) in schema.names() else field_)
            if types[field_].kind is Kind.MONEY and schema.get(field_) == nw.String():
                finer = raw.cast(nw.Decimal(38, 6)) != raw.cast(nw.Decimal(38, 2))
                wrong = wrong | finer.fill_null(value=False)
            tests.append(_Test(field_, types[field_], wrong.fill_null(value=False), raw))
    return tests


def _missing(owner: str, schema: Mapping[str, Any]) -> nw.Expr:
    column = nw.col(owner)
    missing = column.is_null()
    return missing | (column == "").fill_null(value=False) if schema.get(owner) == nw.String() else missing


def _wrong(type_: Type, value: nw.Expr) -> nw.Expr | None:
    """Return where a value lies outside what its field may hold; none where it cannot."""
    if type_.kind is Kind.CATEGORY:
        return ~value.is_in(list(type_.options))
    if type_.kind in QUANTITIES and type_.kind is not Kind.DATE:
        most = most_of(type_.kind)
        least = -most if type_.kind is Kind.NUMBER else 0
        assert most <= MAX_64
        return (value < least) | (value > most)
    return None


def _fault(
    opened: Opened, name: str, frame: nw.LazyFrame[Any], kind: Table | Subject, test: _Test, count: int
) -> Fault:
    if test.type is None:
        dated = isinstance(kind, Table) and test.field == kind.date_field
        error = FieldError(None, SAYS["event_date"] if dated else _SAYS["no_id"], count=count)
    else:
        shown = test.shown if test.shown is not None else nw.col(test.field)
        example = rows_of(frame.filter(test.wrong).select(value=shown).head(1), opened.backend)[0]["value"]
        try:
            check_value(example, test.type)
            error = FieldError(example, SAYS["refused"], why=str(test.type))
        except FieldError as refused:
            error = refused
    english, chinese = error.message, error.message_zh
    if count > 1 and test.type is not None:
        english = _SAYS["rows"][0].format(message=english, count=f"{count:,}")
        chinese = _SAYS["rows"][1].format(message=chinese, count=f"{count:,}")
    return Fault("", None, test.field, error.value, english, chinese, name)


def _duplicates(opened: Opened, name: str, frame: nw.LazyFrame[Any], keys: list[str]) -> list[Fault]:
    known = frame
    for key in keys:
        if key not in frame.collect_schema().names():
            return []
        known = known.filter(~nw.col(key).is_null())
    repeated = (
        known.select(*keys).with_columns(times=nw.lit(1, nw.Int64)).group_by(*keys).agg(nw.col("times").sum())
    ).filter(nw.col("times") > 1)
    found = rows_of(
        repeated.select(count=(nw.col("times") - 1).sum(), first=nw.col(keys[0]).min()), opened.backend
    )
    count = int(found[0]["count"] or 0)
    if not count:
        return []
    return [
        FieldError(found[0]["first"], _SAYS["duplicates"], count=f"{count:,}").at("", None, keys[0], name)
    ]
