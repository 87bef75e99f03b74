"""Records and ready-made facts as frames of every kind, and what a frame's answer must say of a record.

The expected cells are read off the row path: masks as the engine gives them, answers as outcomes tell them.
"""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from dealerrules.expr import type_of
from dealerrules.outcome import (
    AnyOutcome,
    OfferOutcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
)
from dealerrules.policy.model import AnyDecision, Hit, Rules, Stage, Tier
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import ABSENT, TEXT, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import dealerrules as dr

KINDS = ("polars", "lazy", "pandas", "pyarrow", "duckdb")
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

# ---------------------------------------------------------------------------------------------------
# Frames of every kind


@cache
def spark() -> Any:
    """Return a Spark session of two local cores; skip where there is none to be had."""
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("PySpark needs a Java runtime")
    builder = sql.SparkSession.builder.master("local[2]")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.sql.adaptive.enabled": "false",  # or a small answer becomes one partition
        "spark.sql.shuffle.partitions": "3",
        "spark.default.parallelism": "3",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


@cache
def duck() -> Any:
    """Return a DuckDB connection that stays open as long as the tests run."""
    return pytest.importorskip("duckdb").connect()


def as_kind(frame: pl.DataFrame, kind: str) -> Any:
    """Return a frame in another kind."""
    match kind:
        case "polars":
            return frame
        case "lazy":
            return frame.lazy()
        case "pandas":
            pytest.importorskip("pandas")
            return frame.to_pandas(use_pyarrow_extension_array=True)
        case "pyarrow":
            return frame.to_arrow()
        case "duckdb":
            return duck().from_arrow(frame.to_arrow())
        case _:
            return spark().createDataFrame(frame.to_arrow()).repartition(3)


def from_kind(frame: Any, kind: str) -> pl.DataFrame:
    """Return a frame of any kind as polars."""
    match kind:
        case "polars":
            assert isinstance(frame, pl.DataFrame)
            return frame
        case "lazy":
            assert isinstance(frame, pl.LazyFrame)
            return frame.collect()
        case "pandas":
            return pl.DataFrame(pl.from_pandas(frame))
        case "pyarrow":
            return pl.DataFrame(pl.from_arrow(frame))
        case "duckdb":
            return frame.pl()
        case _:
            return pl.DataFrame(pl.from_arrow(frame.toArrow()))


# ---------------------------------------------------------------------------------------------------
# Records and facts as frames


def cell(value: Any, type_: Type) -> Any:
    """Return a record's value as a cell of its column."""
    if value is None or value is ABSENT:
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


def frame_of(rows: Sequence[Mapping[str, Any]], types: Mapping[str, Type]) -> pl.DataFrame:
    """Return rows as a frame, with a column for each type, null where a row lacks it."""
    columns = {name: [cell(row.get(name), type_) for row in rows] for name, type_ in types.items()}
    return pl.DataFrame(columns, schema={name: DTYPES[type_.kind] for name, type_ in types.items()})


def tables_of(
    records: Iterable[Mapping[str, Any]], subject: str, attributes: Mapping[str, Type] | None = None
) -> dict[str, pl.DataFrame]:
    """Return records of one subject as tables."""
    listed = list(records)
    meta = SUBJECTS[subject]
    types = {**meta.fields, **{f"attributes.{name}": each for name, each in (attributes or {}).items()}}
    flat = [
        {**record, **{f"attributes.{name}": each for name, each in (record.get("attributes") or {}).items()}}
        for record in listed
    ]
    made = {meta.table: frame_of(flat, types)}
    for name in meta.tables:
        events = [
            {**event, "customer_id": record[meta.id_field]}
            for record in listed
            for event in record.get(name) or ()
        ]
        made[name] = frame_of(events, {**TABLES[name].fields, "customer_id": TEXT})
    return made


def facts_frame(rows: Sequence[Mapping[str, Any]], types: Mapping[str, Type]) -> pl.DataFrame:
    """Return ready-made facts as a frame: ratios as two whole numbers, absence as a column of its own."""
    columns: dict[str, pl.Series] = {"who": pl.Series(range(len(rows)))}
    for name, type_ in types.items():
        values = [row.get(name) for row in rows]
        if type_.kind is Kind.RATIO:
            pairs = [None if value in {None, ABSENT} else Fraction(value) for value in values]
            columns[name] = pl.Series(
                [None if each is None else each.numerator for each in pairs], dtype=pl.Int64
            )
            columns[f"{name}.over"] = pl.Series(
                [None if each is None else each.denominator for each in pairs], dtype=pl.Int64
            )
        else:
            columns[name] = pl.Series([cell(value, type_) for value in values], dtype=DTYPES[type_.kind])
        if any(value is ABSENT for value in values):
            columns[f"{name}.absent"] = pl.Series([value is ABSENT for value in values])
    return pl.DataFrame(columns)


# ---------------------------------------------------------------------------------------------------
# What a frame must say


WORD = (1 << 60) - 1
NO_VERSION = {"dated_after", "not_in_force", "date_unknown"}


def expected(answer: dr.Answer, name: str, model: AnyDecision) -> dict[str, Any]:
    """Return the cells of a decision as the row path has them, numbers as fractions."""
    outcome = answer[name]
    true = unknown = 0
    measure: Any = None
    seat = answer._plan.seats.get(name)
    if seat is not None and (outcome.reason is None or outcome.reason.code not in NO_VERSION):
        true, unknown, extra = answer._results[seat.at]
        measure = extra if isinstance(model, Stage) and extra is not ABSENT else None
    cells: dict[str, Any] = {f"{name}.status": outcome.status.value}
    for word in range(max(1, -(-len(model.rules) // 60))):
        suffix = f".{word}" if word else ""
        cells[f"{name}.true{suffix}"] = true >> 60 * word & WORD
        cells[f"{name}.unknown{suffix}"] = unknown >> 60 * word & WORD
    cells |= said(outcome, name, model)
    if isinstance(model, Stage):
        cells[f"{name}.measure"] = measure
    return {key: plain(value) for key, value in cells.items()}


def said(outcome: AnyOutcome, name: str, model: AnyDecision) -> dict[str, Any]:
    """Return the answer of an outcome as cells."""
    match outcome:
        case TierOutcome():
            assert isinstance(model, Tier)
            angles = {f"{name}.{each.id}": outcome.angles.get(each.id) for each in model.angles}
            ids = [rule.id for rule in model.rules]
            because = sum(1 << ids.index(rule) for rule in outcome.because)
            words = {
                f"{name}.because{f'.{word}' if word else ''}": because >> 60 * word & WORD
                for word in range(max(1, -(-len(ids) // 60)))
            }
            return {name: outcome.level, **angles, **words}
        case StageOutcome():
            return {name: outcome.stage}
        case PayoutOutcome():
            return {name: outcome.amount, f"{name}.band": outcome.band}
        case OfferOutcome():
            return {name: outcome.band}
        case RulesOutcome():
            assert isinstance(model, Rules)
            scalar = model.hit is not Hit.COLLECT and all(each.type is not None for each in model.outputs)
            rows = " ".join(row.id for row in outcome.rows) or None
            if not scalar:
                return {name: rows}
            if len(model.outputs) == 1:
                return {name: outcome.value}
            values: Any = outcome.value or {}
            return {name: rows, **{f"{name}.{each.id}": values.get(each.id) for each in model.outputs}}


def plain(value: Any) -> Any:
    """Return a number as a fraction, so that 3, Decimal("3.00") and 9/3 are one."""
    number = isinstance(value, int | Decimal | Fraction) and not isinstance(value, bool)
    return Fraction(value) if number else value


def found(row: Mapping[str, Any], name: str, model: AnyDecision) -> dict[str, Any]:
    """Return the cells of a decision in a frame's row, money of a measure in fen."""
    cells = {key: plain(value) for key, value in row.items() if key == name or key.startswith(f"{name}.")}
    if isinstance(model, Stage):
        over = cells.pop(f"{name}.measure.over", None)
        measure = cells[f"{name}.measure"]
        if over is not None:
            cells[f"{name}.measure"] = measure / over
        elif isinstance(measure, Fraction) and type_of(model.measure).kind is Kind.MONEY:
            cells[f"{name}.measure"] = measure * 100
    return cells


def differing(
    out: pl.DataFrame, answers: Mapping[Any, dr.Answer], key: str, models: Mapping[str, AnyDecision]
) -> Iterator[tuple[Any, str, dict[str, Any], dict[str, Any]]]:
    """Yield each cell group of a frame that is not the answer for the single record: id, decision, found, meant."""
    rows = {row[key]: row for row in out.iter_rows(named=True)}
    assert sorted(rows) == sorted(answers)
    for id_, answer in answers.items():
        for name in answer:
            here, meant = found(rows[id_], name, models[name]), expected(answer, name, models[name])
            if here != meant:
                yield id_, name, here, meant


def assert_rows_agree(
    out: pl.DataFrame, answers: Mapping[Any, dr.Answer], key: str, models: Mapping[str, AnyDecision]
) -> None:
    """Hold every cell of a frame against the answers for single records."""
    assert list(differing(out, answers, key, models)) == []


# ---------------------------------------------------------------------------------------------------
# Whole policies


TOO_LARGE = "37 digits"
"""In the message about numbers that no frame holds."""
KEPT_BEFORE = "on the day before an event"
"""In the message about levels that were kept on a day that each row has its own of, where no frame can tell."""
UNTELLABLE = (TOO_LARGE, KEPT_BEFORE)


def numbered(records: Iterable[Mapping[str, Any]], subject: str) -> dict[str, dict[str, Any]]:
    """Return records with ids of their own, by id."""
    name = SUBJECTS[subject].id_field
    return {f"X{at}": {**record, name: f"X{at}"} for at, record in enumerate(records)}


def tables_answer(
    book: dr.PolicyBook,
    subject: str,
    as_of: date,
    records: Iterable[Mapping[str, Any]],
    kind: str,
    attributes: Mapping[str, Type] | None = None,
) -> pl.DataFrame:
    """Evaluate records as tables of a kind.

    Raises:
        RecordError: with one of `UNTELLABLE` in it where no frame can tell.
    """
    tables = tables_of(records, subject, attributes)
    given = {name: as_kind(frame, kind) for name, frame in tables.items()}
    return from_kind(book.evaluate_frame(given, as_of=as_of, subject=subject), kind)


def fact_rows(facts: Sequence[Mapping[str, Any]], types: Mapping[str, Type]) -> list[dict[str, Any]]:
    """Return ready-made facts as rows that all have the same columns: what a row lacks is unknown."""
    names = sorted({name for each in facts for name in each if f"{name}.over" not in types})
    return [{name: each.get(name) for name in names} for each in facts]


def facts_answer(
    book: dr.PolicyBook,
    subject: str,
    as_of: date,
    rows: Sequence[Mapping[str, Any]],
    types: Mapping[str, Type],
    kind: str,
) -> pl.DataFrame:
    """Evaluate rows of ready-made facts as a frame of a kind; `who` is the number of the row.

    Raises:
        RecordError: as `tables_answer`.
    """
    names = list(rows[0]) if rows else []
    given = as_kind(facts_frame(rows, {name: types[name] for name in names}), kind)
    return from_kind(book.evaluate_facts_frame(subject, given, as_of=as_of, keep=["who"]), kind)
