"""Records as tables: one population as frames of every kind, with the types that a store's tables have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import Kind, Type

DTYPES: Mapping[Kind, Any] = {
    Kind.COUNT: pl.Int64,
    Kind.MONTHS: pl.Int64,
    Kind.DAYS: pl.Int64,
    Kind.MONEY: pl.Decimal(18, 2),
    Kind.NUMBER: pl.Decimal(20, 6),
    Kind.DISTANCE: pl.Decimal(20, 6),
    Kind.RATIO: pl.Decimal(20, 6),
    Kind.DATE: pl.Date,
    Kind.BOOLEAN: pl.Boolean,
    Kind.CATEGORY: pl.String,
    Kind.TEXT: pl.String,
}


def cell(value: Any, type_: Type) -> Any:
    """Return a record's value as a cell of its column."""
    if value is None:
        return None
    match type_.kind:
        case Kind.DATE:
            return date.fromisoformat(value) if isinstance(value, str) else value
        case Kind.MONEY:
            return Decimal(str(value).replace(",", ""))
        case Kind.NUMBER | Kind.DISTANCE | Kind.RATIO:
            number = Fraction(value)
            return Decimal(number.numerator) / Decimal(number.denominator)
        case _:
            return value


def frame(rows: Sequence[Mapping[str, Any]], types: Mapping[str, Type]) -> pl.DataFrame:
    """Return rows as a typed frame."""
    columns = {name: [cell(row.get(name), type_) for row in rows] for name, type_ in types.items()}
    return pl.DataFrame(columns, schema={name: DTYPES[type_.kind] for name, type_ in types.items()})


def tables_of(
    records: Iterable[Mapping[str, Any]], subject: str, attributes: Mapping[str, Type]
) -> dict[str, pl.DataFrame]:
    """Return records of one subject as tables; each must have its id."""
    records = list(records)
    meta = SUBJECTS[subject]
    types = {**meta.fields, **{f"attributes.{name}": type_ for name, type_ in attributes.items()}}
    flat = [
        {**record, **{f"attributes.{name}": each for name, each in record.get("attributes", {}).items()}}
        for record in records
    ]
    made = {meta.table: frame(flat, types)}
    for name, table in TABLES.items() if meta.tables else ():
        events = [
            {**event, "customer_id": record[meta.id_field]} for record in records for event in record.get(name) or ()
        ]
        made[name] = frame(events, {**table.fields, "customer_id": SUBJECTS["customer"].fields["customer_id"]})
    return made
