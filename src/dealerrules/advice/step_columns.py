"""Step columns: the values that advice is about as texts in a frame, and a small table put back beside them.

Place in the flow: below ``advice_frame``. A value as text joins and compares alike on every backend, and is read again
exactly: nothing is unknown, a dash is that there is no such event, and a value stands behind ``=``.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from dealerrules.engines.columns import Backend
from dealerrules.values import ABSENT, Kind, exact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealerrules.engines.columns import Column, Flags
    from dealerrules.values import Maybe, Type

Lazy = nw.LazyFrame[Any]
_NO_EVENT: Final = "-"
_SQL: Final = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN"}
_SPARK: Final = {str: "string", int: "bigint", bool: "boolean"}


def text_of(column: Column) -> nw.Expr:
    """Return a value as text that is never null."""
    parts = [nw.lit("="), column.value.cast(nw.String)]
    if column.over is not None:
        parts += [nw.lit("/"), column.over.cast(nw.String)]
    said = nw.concat_str(parts).fill_null("")
    if column.absent is None:
        return said
    return nw.when(column.absent).then(nw.lit(_NO_EVENT)).otherwise(said)


def truth_text_of(flags: Flags) -> nw.Expr:
    """Return a truth as text that is never null."""
    said = nw.when(flags.is_false).then(nw.lit("=false")).otherwise(nw.lit(""))
    return nw.when(flags.true).then(nw.lit("=true")).otherwise(said)


def value_of(text: str, type_: Type, scale: int) -> Maybe:
    """Return the value that a text stands for; numbers in so many parts of one.

    Examples:
        >>> from dealerrules.values import BOOLEAN, COUNT, RATIO
        >>> value_of("=3", COUNT, 1), value_of("=7/20", RATIO, 1), value_of("=true", BOOLEAN, 1), value_of("", COUNT, 1)
        (3, Fraction(7, 20), True, None)
    """
    if not text:
        return None
    if text == _NO_EVENT:
        return ABSENT
    said = text[1:]
    match type_.kind:
        case Kind.BOOLEAN:
            return said == "true"
        case Kind.DATE:
            return date.fromisoformat(said)
        case Kind.TEXT | Kind.CATEGORY:
            return said
        case _:
            number, _, over = said.partition("/")
            return exact(Fraction(int(number), scale * int(over or 1)))


def small_table(
    rows: Sequence[tuple[Any, ...]], types: Mapping[str, type], beside: Lazy, backend: Backend
) -> Lazy:
    """Return rows as a frame that can be joined to another one.

    Args:
        rows: at least one.
        types: of the columns: text, whole numbers, true or false.
        beside: the frame that it will be joined to: on DuckDB and Spark, of the same connection.
        backend: of both.
    """
    native: Any = nw.to_native(beside)
    match backend:
        case Backend.POLARS:
            import polars as pl  # noqa: PLC0415 - it is loaded: the frame is of it

            made: Any = pl.LazyFrame(list(rows), schema=dict(types), orient="row")
        case Backend.DUCKDB:
            names = ", ".join(f'"{name}"' for name in types)
            casts = ", ".join(f'CAST("{name}" AS {_SQL[type_]}) AS "{name}"' for name, type_ in types.items())
            values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
            made = native.query("beside", f"SELECT {casts} FROM (VALUES {values}) AS told({names})")  # noqa: S608 - quoted
        case Backend.PYSPARK:
            schema = ", ".join(f"`{name}` {_SPARK[type_]}" for name, type_ in types.items())
            made = native.sparkSession.createDataFrame(list(rows), schema)
    lazy: Lazy = nw.from_native(made).lazy()
    return lazy


def _literal(value: object) -> str:
    """Return a value as it is written in SQL."""
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value).upper()
        case _:
            return "'" + str(value).replace("'", "''") + "'"
