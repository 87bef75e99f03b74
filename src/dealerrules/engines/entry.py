"""Entry: data frames from outside, opened for the frame engine, and handed back in their own kind.

Place in the flow: before the frame engine. Whatever comes in is one of a few kinds of frame; pandas and pyarrow are
carried out by polars, DuckDB and PySpark by themselves. Each column that is known is cast to what its field is, and
one that cannot be that exactly is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from dealerrules.engines.columns import MICRO, Backend
from dealerrules.faults import Fault, FieldError, RecordError, messages, nearest
from dealerrules.records import SUBJECTS, TABLES, Subject, Table
from dealerrules.values import FEN_PER_YUAN, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_SAYS: Final = messages("""
kind | a polars, pandas or pyarrow frame, a DuckDB relation or a PySpark frame is needed, not `{value}` | 需要 polars、pandas、pyarrow、DuckDB 或 PySpark 的表，而不是 `{value}`
kinds | all tables must be of one kind: this one is `{value}`, others are {other} | 所有表必须是同一种：这个是 `{value}`，其他是 {other}
no_table | the table of the subjects is missing | 缺少评估对象的表
unknown_table | there is no such table | 没有这个表
no_column | the column is missing | 缺少这一列
float | floats are not exact: cast `{value}` to Decimal(18, 2), or pass text | 浮点数不精确：请把 `{value}` 转为 Decimal(18, 2)，或用文本
float_number | floats are not exact: cast `{value}` to Decimal or to whole numbers | 浮点数不精确：请把 `{value}` 转为 Decimal 或整数
time_zone | `{value}` has a time zone: convert it to the store's own date first | `{value}` 带时区：请先转为门店当地的日期
places | `{value}` has more than {places} decimals: cast it to Decimal(18, {places}) | `{value}` 的小数超过 {places} 位：请转为 Decimal(18, {places})
dtype | {needed} is needed, not `{value}` | 需要{needed_zh}，而不是 `{value}`
mixed | the column holds values of several types: {value} | 该列混有多种类型的值：{value}
keys | `{value}` in this table, but {other} in the table of customers: make them alike | 这个表里是 `{value}`，客户表里是 {other}：请统一
no_polars | pandas and pyarrow frames need polars: pip install "dealerrules[frames]" | pandas 和 pyarrow 的表需要 polars：pip install "dealerrules[frames]"
""")

_NEEDED: Final = {
    Kind.COUNT: ("a whole number", "整数"),
    Kind.MONTHS: ("a whole number", "整数"),
    Kind.DAYS: ("a whole number", "整数"),
    Kind.MONEY: ("yuan as Decimal(18, 2)", "以元为单位的 Decimal(18, 2)"),
    Kind.NUMBER: ("a Decimal or a whole number", "Decimal 或整数"),
    Kind.RATIO: ("a Decimal or a whole number", "Decimal 或整数"),
    Kind.DISTANCE: ("a Decimal or a whole number", "Decimal 或整数"),
    Kind.DATE: ("a date", "日期"),
    Kind.BOOLEAN: ("true or false", "真假值"),
    Kind.CATEGORY: ("text", "文本"),
    Kind.TEXT: ("text", "文本"),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """Tables, ready for the engine.

    Attributes:
        backend: what carries the work out.
        tables: by name, lazy.
        eager: whether the frames came in as values, so that the rows of the answer keep their order.
        close: makes a frame of the kind that came in from a result.
    """

    backend: Backend
    tables: dict[str, nw.LazyFrame[Any]]
    eager: bool
    close: Callable[[nw.LazyFrame[Any]], Any]


def open_frames(frames: Mapping[str, Any]) -> Opened:
    """Open frames that are all of one kind.

    Raises:
        RecordError: when they are of no known kind, or of several.
    """
    kinds: dict[str, str] = {}
    faults: list[Fault] = []
    for name, frame in frames.items():
        kind = _kind(frame)
        if kind is None:
            faults.append(_fault(name, "", "kind", _called(frame)))
        else:
            kinds[name] = kind
    different = sorted(set(kinds.values()) - {"polars lazy"})
    if len(different) > 1:
        first = next(iter(kinds.values()))
        odd = next(name for name, kind in kinds.items() if kind != first)
        faults.append(_fault(odd, "", "kinds", kinds[odd], other=first))
    if faults:
        raise RecordError(faults)
    kind = next(iter(kinds.values()), "polars lazy")
    if kind.startswith("polars") and set(kinds.values()) == {"polars lazy", "polars"}:
        kind = "polars lazy"
    return _opened(kind, frames)


def _called(frame: object) -> str:
    return f"{type(frame).__module__.split('.')[0]}.{type(frame).__qualname__}"


def _kind(frame: object) -> str | None:
    """Tell what kind of frame this is, without importing the library that it is of."""
    module, name = type(frame).__module__, type(frame).__qualname__
    root = module.split(".")[0]
    if root == "polars" and name in {"DataFrame", "LazyFrame"}:
        return "polars" if name == "DataFrame" else "polars lazy"
    if root == "pandas" and name == "DataFrame":
        return "pandas"
    if root == "pyarrow" and name == "Table":
        return "pyarrow"
    if "duckdb" in root and name == "DuckDBPyRelation":
        return "duckdb"
    if root == "pyspark" and name == "DataFrame" and ".pandas" not in module:
        return "pyspark"
    return None


def _opened(kind: str, frames: Mapping[str, Any]) -> Opened:
    match kind:
        case "duckdb":
            tables = {name: nw.from_native(frame).lazy() for name, frame in frames.items()}
            return Opened(Backend.DUCKDB, tables, eager=False, close=nw.to_native)
        case "pyspark":
            tables = {name: nw.from_native(_plain_names(frame)).lazy() for name, frame in frames.items()}
            return Opened(Backend.PYSPARK, tables, eager=False, close=nw.to_native)
        case "polars lazy":
            tables = {name: nw.from_native(frame.lazy()) for name, frame in frames.items()}
            return Opened(Backend.POLARS, tables, eager=False, close=nw.to_native)
        case "polars":
            tables = {name: nw.from_native(frame.lazy()) for name, frame in frames.items()}
            return Opened(
                Backend.POLARS, tables, eager=True, close=lambda found: nw.to_native(found).collect()
            )
        case _:
            tables = {
                name: nw.from_native(_to_polars(name, frame, kind).lazy()) for name, frame in frames.items()
            }
            back = _to_pandas if kind == "pandas" else _to_arrow
            return Opened(Backend.POLARS, tables, eager=True, close=back)


def _plain_names(frame: Any) -> Any:
    """Return a Spark frame without dots in its names: Spark would take them for parts of a structure."""
    return frame.toDF(*(dotless(name) for name in frame.columns))


def dotless(name: str) -> str:
    """Return a column's name as every backend can read it."""
    return name.replace(".", "\u00b7")


def _to_polars(name: str, frame: Any, kind: str) -> Any:
    try:
        import polars as pl  # noqa: PLC0415 - only who brings such frames needs it
    except ImportError:
        raise RecordError([_fault(name, "", "no_polars")]) from None
    wanted = partial(_is_read, table_named(name))
    if kind == "pyarrow":
        return pl.from_arrow(frame.select([each for each in frame.column_names if wanted(each)]))
    frame = frame[[each for each in frame.columns if wanted(each)]]
    faults = []
    columns = {}
    for column in frame.columns:
        try:
            columns[str(column)] = pl.from_pandas(frame[column], nan_to_null=frame[column].dtype == object)
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
            faults.append(_fault(name, str(column), "mixed", str(error).splitlines()[0]))
        except MemoryError:  # pyarrow's own among them
            raise
        except Exception as error:  # pyarrow raises its own kinds
            if not type(error).__module__.startswith("pyarrow"):
                raise
            faults.append(_fault(name, str(column), "mixed", str(error).splitlines()[0]))
    if faults:
        raise RecordError(faults)
    return pl.DataFrame(columns)


def _is_read(table: Table | Subject | None, column: object) -> bool:
    """Tell whether a column may be read: of ready-made facts any may."""
    if table is None:
        return True
    known = {*table.fields, "customer_id", *table.key}
    return column in known or str(column).startswith("attributes.")


def _unworded(found: Any) -> Any:
    """Return a polars frame with plain text for words: other frames know no enumerations."""
    import polars as pl  # noqa: PLC0415 - it is loaded: the frame is of it

    made = nw.to_native(found).collect()
    return (
        made.with_columns(pl.col(pl.Enum).cast(pl.String))
        if any(isinstance(each, pl.Enum) for each in made.schema.values())
        else made
    )


def _to_pandas(found: nw.LazyFrame[Any]) -> Any:
    return _unworded(found).to_pandas(use_pyarrow_extension_array=True)


def _to_arrow(found: nw.LazyFrame[Any]) -> Any:
    return _unworded(found).to_arrow()


def rows_of(frame: nw.LazyFrame[Any], backend: Backend) -> list[dict[str, Any]]:
    """Carry a small frame out, and return its rows."""
    native = nw.to_native(frame)
    if backend is Backend.DUCKDB:
        return [dict(zip(native.columns, row, strict=True)) for row in native.fetchall()]
    if backend is Backend.PYSPARK:
        return [row.asDict() for row in native.collect()]
    return list(native.collect().to_dicts())


def earlier_reach(covers: nw.LazyFrame[Any], backend: Backend) -> nw.LazyFrame[Any]:
    """Add to spans the furthest ``stops`` of those of the same ``id`` that begin before, or on the same day.

    Args:
        covers: with ``id``, and ``starts`` and ``stops`` as day numbers.
        backend: polars sorts once and keeps the running maximum apart by customer, which costs half of its windows.
    """
    order = ["starts", "stops"]
    if backend is not Backend.POLARS:
        covers = covers.with_columns(reach=nw.col("stops").cum_max().over("id", order_by=order))
        return covers.with_columns(reached=nw.col("reach").shift(1).over("id", order_by=order))
    import polars as pl  # noqa: PLC0415 - it is loaded: the frame is of it

    new = (pl.col("id") != pl.col("id").shift()).fill_null(value=True)
    owner = pl.col("owner")
    # day numbers lie within 23 bits either side of 0: behind a customer's number they never reach the next one's
    native = nw.to_native(covers).sort("id", *order)
    native = native.with_columns(new=new).with_columns(owner=pl.col("new").cum_sum().cast(pl.Int64) * 2**24)
    native = native.with_columns(reach=(owner + pl.col("stops")).cum_max())
    reached = pl.when(~pl.col("new")).then(pl.col("reach").shift() - owner)
    made: nw.LazyFrame[Any] = nw.from_native(native.with_columns(reached=reached).drop("new", "owner"))
    return made


# ---------------------------------------------------------------------------------------------------
# Columns


def table_named(name: str) -> Table | Subject | None:
    """Return the event table or the subject's table of a name."""
    if name in TABLES:
        return TABLES[name]
    return next((each for each in SUBJECTS.values() if each.table == name), None)


def check_names(subject: str, frames: Iterable[str]) -> None:
    """Refuse tables that there are not, and a missing table of the subjects.

    Raises:
        RecordError: naming each.
    """
    known = [*(each.table for each in SUBJECTS.values()), *TABLES]
    given = list(frames)
    faults = [
        _fault(name, "", "unknown_table", near=nearest(name, known)) for name in given if name not in known
    ]
    if SUBJECTS[subject].table not in given:
        faults.append(_fault(SUBJECTS[subject].table, "", "no_table"))
    if faults:
        raise RecordError(faults)


def cast_column(name: str, type_: Type, dtype: Any) -> nw.Expr:
    """Return a column cast to what its field is, money in fen and numbers in millionths.

    Raises:
        FieldError: when it cannot be that exactly.
    """
    column = nw.col(name)
    shown = str(dtype)
    match type_.kind:
        case Kind.TEXT | Kind.CATEGORY:
            if dtype in {nw.String(), nw.Unknown()} or isinstance(dtype, nw.Enum | nw.Categorical):
                return column if dtype == nw.String() else column.cast(nw.String)
        case Kind.BOOLEAN:
            if dtype in {nw.Boolean(), nw.Unknown()}:
                return column if dtype == nw.Boolean() else column.cast(nw.Boolean)
        case Kind.DATE:
            return _as_date(column, dtype, type_)
        case Kind.COUNT | Kind.MONTHS | Kind.DAYS:
            if dtype.is_integer() or dtype == nw.Unknown() or _decimals(dtype) == 0:
                return column if dtype == nw.Int64() else column.cast(nw.Int64)
        case Kind.MONEY:
            return _scaled(column, dtype, FEN_PER_YUAN, 2, "float")
        case _:
            return _scaled(column, dtype, MICRO, 6, "float_number")
    if dtype.is_float():
        raise FieldError(shown, _SAYS["float_number"])
    raise _needs(type_, dtype)


def _needs(type_: Type, dtype: Any) -> FieldError:
    needed, needed_zh = _NEEDED[type_.kind]
    return FieldError(str(dtype), _SAYS["dtype"], needed=needed, needed_zh=needed_zh)


def _as_date(column: nw.Expr, dtype: Any, type_: Type) -> nw.Expr:
    if dtype == nw.Date():
        return column
    if isinstance(dtype, nw.Datetime):
        if dtype.time_zone is not None:
            raise FieldError(str(dtype), _SAYS["time_zone"])
        return column.cast(nw.Date)
    if dtype == nw.String():
        return column.str.to_date(format="%Y-%m-%d")
    if dtype == nw.Unknown():
        return column.cast(nw.Date)
    raise _needs(type_, dtype)


def _decimals(dtype: Any) -> int | None:
    """Return how many decimals a decimal type has; none for other types."""
    return dtype.scale if isinstance(dtype, nw.Decimal) else None


def _scaled(column: nw.Expr, dtype: Any, scale: int, places: int, float_code: str) -> nw.Expr:
    if dtype.is_float():
        raise FieldError(str(dtype), _SAYS[float_code])
    if dtype.is_integer():
        return column.cast(nw.Int64) * scale
    if dtype == nw.Unknown():
        return column.cast(nw.Int64)
    decimals = _decimals(dtype)
    if decimals is None and dtype == nw.String() and float_code == "float":
        column, decimals = column.cast(nw.Decimal(38, places)), places
    if decimals is None:
        raise _needs(Type(Kind.MONEY if float_code == "float" else Kind.NUMBER), dtype)
    if decimals > places:
        raise FieldError(str(dtype), _SAYS["places"], places=places)
    return (column * scale).cast(nw.Int64)


def cast_fields(
    name: str,
    frame: nw.LazyFrame[Any],
    fields: Mapping[str, Type],
    faults: list[Fault],
    own_id: str | None = None,
) -> dict[str, nw.Expr]:
    """Return those fields of a table that are there, cast; what cannot be cast becomes a fault.

    The id that joins tables, `own_id`, may be numbers as well.
    """
    schema = frame.collect_schema()
    made: dict[str, nw.Expr] = {}
    for field, type_ in fields.items():
        held = dotless(field) if dotless(field) in schema.names() else field
        if held not in schema.names():
            continue
        if field == own_id and schema[held].is_integer():
            made[field] = nw.col(held).cast(nw.String)
            continue
        try:
            made[field] = cast_column(held, type_, schema[held])
        except FieldError as error:
            faults.append(error.at("", None, field, name))
    return made


def key_faults(name: str, frame: nw.LazyFrame[Any], keys: Iterable[str]) -> list[Fault]:
    """Return what is wrong with the columns that say whose row it is: they must be there."""
    there = frame.collect_schema().names()
    return [_fault(name, key, "no_column") for key in keys if key not in there]


def _fault(table: str, column: str, code: str, value: object = None, **more: Any) -> Fault:
    return FieldError(value, _SAYS[code], **more).at("", None, column, table)


def different_keys(name: str, mine: Any, theirs: Any) -> Fault:
    """Return the fault of ids of another type than the customers' own: a join would find nothing, or the wrong rows."""
    return _fault(name, "customer_id", "keys", str(mine), other=str(theirs))
