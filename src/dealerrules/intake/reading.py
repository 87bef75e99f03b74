"""Reading columns: the cells of one column become values of one type, and each that cannot is told with its row.

Place in the flow: below the cleaning, above the cells. What is surely right is taken as a whole; every other cell is
judged by :func:`dealerrules.intake.cells.read_cell`, each distinct text once, so that what a value means stands in one
place; typed columns are checked by their bounds.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dealerrules.faults import FieldError, shown
from dealerrules.intake.attributes import as_texts, dtype_of
from dealerrules.intake.cells import AmbiguousError, Form, read_cell
from dealerrules.intake.sources import ROW
from dealerrules.readers import MAX_DECIMALS, check_value
from dealerrules.values import FEN_PER_YUAN, MAX_COUNT, MAX_FEN, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_YUAN: Final = MAX_FEN // FEN_PER_YUAN
_BOUNDS: Final[Mapping[Kind, tuple[int, int]]] = {
    Kind.COUNT: (0, MAX_COUNT), Kind.NUMBER: (-MAX_COUNT, MAX_COUNT), Kind.DISTANCE: (0, MAX_COUNT),
    Kind.MONEY: (0, _MOST_YUAN),
}  # fmt: skip
_DAYS: Final = (pl.lit(date.min), pl.lit(date.max))  # a file may hold days that Python does not
_PLAIN: Final[Mapping[Kind, str]] = {  # texts that are surely right, as most are
    Kind.COUNT: r"^\d{1,11}$",
    Kind.MONEY: r"^\d{1,13}(\.\d\d?)?$",
    Kind.NUMBER: r"^-?\d{1,11}(\.\d{1,6})?$",
    Kind.DISTANCE: r"^\d{1,11}(\.\d{1,6})?$",
}
_TIMED: Final = r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T]([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?$"

FAULTS: Final = {
    ROW: pl.Int64, "at": pl.Int32, "column": pl.String, "value": pl.String, "message": pl.String,
    "message_zh": pl.String, "ambiguous": pl.Boolean,
}  # fmt: skip
"""The columns of a frame of faults: the row, the place of the column, and what is wrong."""


# ---------------------------------------------------------------------------------------------------
# Faults


def told_values(
    values: pl.Series, errors: Mapping[Any, FieldError], rows: pl.Series, column: str, at: int
) -> pl.DataFrame:
    """Return the faults of a column: every row whose value is one of those that are wrong."""
    keys = list(errors)
    told = pl.DataFrame(
        {
            "key": pl.Series(keys, dtype=values.dtype),
            "value": [shown(error.value) for error in errors.values()],
            "message": [error.message for error in errors.values()],
            "message_zh": [error.message_zh for error in errors.values()],
            "ambiguous": [isinstance(error, AmbiguousError) for error in errors.values()],
        }
    )
    found = pl.DataFrame({ROW: rows, "key": values}).join(told, on="key", how="inner", maintain_order="left")
    return _faults(found.with_columns(column=pl.lit(column), at=pl.lit(at)))


def _faults(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in FAULTS.items())


def told_rows(rows: pl.Series, wrong: Mapping[int, tuple[str, FieldError]], at: int) -> pl.DataFrame:
    """Return faults that were found row by row: the column and what is wrong, by the row's place in the chunk."""
    told = {
        ROW: [rows[index] for index in wrong],
        "at": [at] * len(wrong),
        "column": [column for column, _ in wrong.values()],
        "value": [None if error.value is None else shown(error.value) for _, error in wrong.values()],
        "message": [error.message for _, error in wrong.values()],
        "message_zh": [error.message_zh for _, error in wrong.values()],
        "ambiguous": [False] * len(wrong),
    }
    return pl.DataFrame(told, schema=FAULTS)


def told_missing(rows: pl.Series, at: int, column: str, english: str, chinese: str) -> pl.DataFrame:
    """Return one fault, of several rows in which a cell is missing."""
    said = {
        "at": at,
        "column": column,
        "value": None,
        "message": english,
        "message_zh": chinese,
        "ambiguous": False,
    }
    return _faults(rows.to_frame(ROW).with_columns(pl.lit(value).alias(name) for name, value in said.items()))


# ---------------------------------------------------------------------------------------------------
# Values


def read_texts(texts: pl.Series, form: Form, memo: dict[str, Any]) -> tuple[pl.Series, dict[str, FieldError]]:
    """Return the typed values of texts, and what is wrong by text; an empty text is unknown."""
    kind, dtype = form.type.kind, dtype_of(form.type)
    filled = texts.to_frame("t").select(pl.when(pl.col("t") != "").then(pl.col("t")).alias("t"))["t"]
    if kind is Kind.TEXT and not form.words and not form.unknown:
        return filled, {}
    surely = None
    rest = filled
    if kind in _PLAIN and not form.words:
        frame = filled.to_frame("t")
        plain = pl.col("t").str.contains(_PLAIN[kind])
        if form.unknown:
            plain &= ~pl.col("t").is_in(list(form.unknown))
        surely = frame.select(pl.when(plain).then(pl.col("t")).cast(dtype, strict=False).alias("t"))["t"]
        rest = frame.select(pl.when(pl.lit(surely).is_null()).then(pl.col("t")).alias("t"))["t"]
    if kind is Kind.DATE:  # the times of day are many, the days are few
        day = pl.col("t").str.replace(r"[ T].*$", "")
        rest = rest.to_frame("t").select(
            pl.when(pl.col("t").str.contains(_TIMED)).then(day).otherwise(pl.col("t"))
        )["t"]
    distinct = rest.drop_nulls().unique()
    errors: dict[str, FieldError] = {}
    if not len(distinct):
        return surely if surely is not None else pl.Series(filled.name, [None] * len(filled), dtype=dtype), {}
    read = [(text, _read(text, form, memo, errors)) for text in distinct.to_list()]
    table = pl.DataFrame(
        {
            "t": pl.Series([text for text, _ in read], dtype=pl.String),
            "v": pl.Series([value for _, value in read], dtype=dtype),
        }
    )
    values = rest.to_frame("t").join(table, on="t", how="left", maintain_order="left")["v"]
    if surely is not None:
        values = pl.DataFrame({"s": surely, "v": values}).select(pl.coalesce("s", "v"))["s"]
    return values, errors


def _read(text: str, form: Form, memo: dict[str, Any], errors: dict[str, FieldError]) -> Any:
    known = memo.get(text, memo)
    if known is memo:
        try:
            known = read_cell(text, form)
        except FieldError as error:
            known = error
        if len(memo) < 1 << 16:
            memo[text] = known
    if isinstance(known, FieldError):
        errors[text] = known
        return None
    return known


def ready(dtype: Any, form: Form) -> Callable[[pl.Expr], tuple[pl.Expr, pl.Expr]] | None:
    """Return how a typed column is taken as it is, with what is wrong with it; ``None`` when it must be read as text."""
    kind = form.type.kind
    if form.unknown or (
        form.words and (kind is not Kind.CATEGORY or not form.words.keys().isdisjoint(form.type.options))
    ):
        return None
    target = dtype_of(form.type)
    text = dtype == pl.String or isinstance(dtype, pl.Enum | pl.Categorical)
    match kind:
        case Kind.TEXT if text:
            return lambda column: (column.cast(target), column.cast(pl.String) == "")
        case Kind.CATEGORY if text:
            words = list(form.type.options)
            return lambda column: (column.cast(target), ~column.cast(pl.String).is_in(words))
        case Kind.DATE if dtype == pl.Date:
            return lambda column: (column, ~column.is_between(*_DAYS))
        case Kind.DATE if isinstance(dtype, pl.Datetime):
            return lambda column: (column.dt.date(), ~column.dt.date().is_between(*_DAYS))
        case Kind.BOOLEAN if dtype == pl.Boolean:
            return lambda column: (column, pl.lit(False))  # noqa: FBT003
        case Kind.COUNT | Kind.MONEY | Kind.NUMBER | Kind.DISTANCE:
            places = {Kind.COUNT: 0, Kind.MONEY: 2}.get(kind, MAX_DECIMALS)
            whole = dtype.is_integer()
            if not whole and (
                not isinstance(dtype, pl.Decimal) or dtype.scale > places or kind is Kind.COUNT
            ):
                return None
            least, most = _BOUNDS[kind]
            return lambda column: (
                column.cast(target, strict=False),
                ~column.is_between(_bound(least, dtype), _bound(most, dtype)),
            )
        case _:
            return None


def _bound(value: int, dtype: Any) -> pl.Expr:
    if dtype.is_integer():
        return pl.lit(
            max(min(value, _largest(dtype)), -_largest(dtype) - 1 if dtype.is_signed_integer() else 0), dtype
        )
    return pl.lit(Decimal(value))


def _largest(dtype: Any) -> int:
    bits = int("".join(character for character in str(dtype) if character.isdigit()))
    return int(2 ** (bits - bool(dtype.is_signed_integer())) - 1)


def read_column(
    cells: pl.Series, form: Form, memo: dict[str, Any]
) -> tuple[pl.Series, pl.Series, dict[Any, FieldError]]:
    """Return the values of a column, its cells as they are looked up, and what is wrong with each of these."""
    taken = ready(cells.dtype, form) if cells.dtype != pl.String else None
    if taken is not None:
        value, wrong = taken(pl.col("t"))
        frame = cells.to_frame("t").with_columns(value.alias("v"), wrong.fill_null(False).alias("w"))  # noqa: FBT003
        if isinstance(cells.dtype, pl.Date | pl.Datetime) and frame["w"].any():
            return read_column(cells.cast(pl.String), form, memo)
        errors: dict[Any, FieldError] = {}
        for found in frame.filter("w")["t"].unique().to_list():
            try:
                check_value(found, form.type)
            except FieldError as error:
                errors[found] = error
        if not errors:
            return frame["v"], cells, {}
        if isinstance(cells.dtype, pl.Enum | pl.Categorical):
            return read_column(cells.cast(pl.String), form, memo)
        return frame.select(pl.when(~pl.col("w")).then(pl.col("v")).alias("v"))["v"], cells, errors
    texts = as_texts(cells)
    values, told = read_texts(texts, form, memo)
    if told and form.type.kind is Kind.DATE:  # the error names the day, the row may hold a time with it
        day = (
            pl.when(pl.col("t").str.contains(_TIMED))
            .then(pl.col("t").str.replace(r"[ T].*$", ""))
            .otherwise(pl.col("t"))
        )
        texts = texts.to_frame("t").select(day.alias("t"))["t"]
    return values, texts, told
