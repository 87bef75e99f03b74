"""Single: the record of one subject, taken out of a store's tables.

Place in the flow: beside the frame engine. Its answers are masks and words; whoever asks why gets the one record out
of the same tables, and the row engine explains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from dealerrules.engines.context import Context
from dealerrules.engines.entry import dotless, open_frames, rows_of
from dealerrules.engines.frame import attributes_of, question_of
from dealerrules.faults import FieldError, RecordError, messages
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import Kind, Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from dealerrules.engines.entry import Opened
    from dealerrules.policy.model import Edition

_SAYS: Final = messages("""
nobody | there is no row `{value}` | 没有 `{value}` 这一行
several | {count} rows are `{value}`: name the rest of the key too, {keys} | 有 {count} 行是 `{value}`：请写全主键 {keys}
""")


def record_of(
    tables: Mapping[str, Any], subject: str, key: object, editions: Sequence[Edition], as_of: date
) -> dict[str, object]:
    """Return the record of one subject, with its events, as `read_record` takes it.

    Args:
        tables: as for :meth:`PolicyBook.evaluate_frame`.
        subject: what it is of.
        key: its id; where a key has several parts, all of them or the first.
        editions: whose attributes are read.
        as_of: the day as of which households are counted.

    Raises:
        RecordError: when there is no such row, or there are several.
    """
    opened = open_frames(tables)
    meta = SUBJECTS[subject]
    parts = key if isinstance(key, tuple) else (key,)
    own = opened.tables[meta.table]
    wanted = [nw.col(name) == part for name, part in zip(meta.key, parts, strict=False)]
    rows = rows_of(own.filter(*wanted), opened.backend)
    if len(rows) != 1:
        code = "several" if rows else "nobody"
        error = FieldError(parts[0], _SAYS[code], count=len(rows), keys=", ".join(meta.key))
        raise RecordError([error.at(subject, None, meta.id_field, meta.table)])
    attributes = attributes_of(editions, subject)
    record = _known(rows[0], meta.fields)
    read = {name: rows[0].get(dotless(name), rows[0].get(name)) for name in attributes}
    if any(value is not None for value in read.values()):
        record["attributes"] = {
            name.removeprefix("attributes."): value for name, value in read.items() if value is not None
        }
    for name, table in meta.tables.items():
        frame = opened.tables.get(name)
        if frame is not None:
            events = rows_of(frame.filter(nw.col("customer_id") == parts[0]), opened.backend)
            record[name] = [
                _known(event, {each: type_ for each, type_ in table.fields.items() if each != "customer_id"})
                for event in events
                if event.get(table.date_field) is not None or not _needs_date(name)
            ]
    if meta.tables and record.get("household_id") is not None and "household_brand_owners" not in record:
        owners = _household_owners(opened, subject, parts[0], editions, as_of)
        if owners is not None:
            record["household_brand_owners"] = owners
    return record


def _needs_date(table: str) -> bool:
    return TABLES[table].model.model_fields[TABLES[table].date_field].is_required()


def _known(row: Mapping[str, object], fields: Mapping[str, Type]) -> dict[str, object]:
    """Return the fields of a row that are known, as a record holds them."""
    made: dict[str, object] = {}
    for name, type_ in fields.items():
        value = row.get(name)
        if value is not None:
            is_text = type_.kind in {Kind.TEXT, Kind.CATEGORY}
            made[name] = str(value) if is_text else getattr(value, "date", lambda value=value: value)()
    return made


def _household_owners(
    opened: Opened, subject: str, key: object, editions: Sequence[Edition], as_of: date
) -> int | None:
    question = question_of(opened, subject, editions, as_of)
    Context(question, editions[0], as_of).count_households()
    column = question.fields["household_brand_owners"]
    found = rows_of(question.frame.filter(nw.col("id") == key).select(owners=column.value), opened.backend)
    owners = found[0]["owners"]
    return None if owners is None else int(owners)
