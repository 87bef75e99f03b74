"""Days: who has to be looked at on which days, and the tables of a question with a row for each subject on each of them.

Place in the flow: below ``past``, which looks at days gone by, and below the coming changes of a store. What matters
are the dates of the tables from which days follow, as ``turns`` says; here the same is worked out column by column.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, assert_never

import narwhals as nw

from dealerrules.edges import SUBJECT
from dealerrules.engines.columns import MONTHS_THERE_ARE, Backend, day_of, month_number
from dealerrules.records import SUBJECTS
from dealerrules.turns import Days, Every, Later, Months, Next, months_full
from dealerrules.values import days_before, months_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dealerrules.engines.columns import Column
    from dealerrules.engines.context import Question
    from dealerrules.turns import Turn

Lazy = nw.LazyFrame[Any]
WHO: Final = "·who"
"""Whose row it is."""
DAY: Final = "·day"
ONE_OF: Final = "·one"
"""The name of a row, where each subject has one for each of its days."""
_NOTHING: Final = "·none"
UP_TO: Final = "·up to"
"""The last day before the subject's next one."""


def who_of(subject: str, fields: Mapping[str, Column]) -> nw.Expr:
    """Return who a row is about: the id; where events do not need it, all that is known of the row, for it may lack its key."""
    meta = SUBJECTS[subject]
    if meta.tables:
        return nw.col("id").alias(WHO)
    values = [*(nw.col(f"key {name}") for name in meta.key), *(each.value for each in fields.values())]
    parts = [each.cast(nw.String).fill_null(_NOTHING) for each in values]
    return nw.concat_str(parts, separator="·").alias(WHO)


def settled_down(frame: Lazy, backend: Backend) -> Lazy:
    """Return a frame that is read several times, worked out once where the backend can be told so."""
    if backend is Backend.POLARS:
        made: Lazy = nw.from_native(nw.to_native(frame).collect(engine="streaming").lazy())
        return made
    return nw.from_native(nw.to_native(frame).cache()) if backend is Backend.PYSPARK else frame


def finished(frame: Lazy, backend: Backend) -> Lazy:
    """Return a frame of which the steps are not taken apart any more; DuckDB would write out each in all that follow."""
    if backend is Backend.DUCKDB:
        made: Lazy = nw.from_native(
            nw.to_native(frame).query("steps", "WITH done AS MATERIALIZED (FROM steps) FROM done")
        )
        return made
    return frame


def together(frames: Sequence[Lazy]) -> Lazy:
    """Return frames of the same columns as one."""
    return frames[0] if len(frames) == 1 else nw.concat(frames, how="vertical")


def numbered_days(pairs: Lazy, backend: Backend, last: date) -> Lazy:
    """Return subjects and their days, each with a name of its own and the last day before the subject's next one.

    Polars joins on whole numbers, which costs half, and sorts once.
    """
    if backend is Backend.POLARS:
        import polars as pl  # noqa: PLC0415 - it is loaded: the frame is of it

        native = nw.to_native(pairs).collect(engine="streaming").sort(WHO, DAY).with_row_index(ONE_OF)
        same = pl.col(WHO) == pl.col(WHO).shift(-1)
        up_to = pl.when(same).then(pl.col(DAY).shift(-1).dt.offset_by("-1d")).otherwise(pl.lit(last))
        made: Lazy = nw.from_native(native.with_columns(up_to.alias(UP_TO)).lazy())
        return made
    following = nw.col(DAY).shift(-1).over(WHO, order_by=DAY)
    parts = [nw.col(WHO).cast(nw.String), nw.col(DAY).cast(nw.String)]
    pairs = pairs.with_columns(following.alias(UP_TO), nw.concat_str(parts, separator="·").alias(ONE_OF))
    eve = nw.coalesce(nw.col(UP_TO).dt.offset_by("-1d").cast(nw.Date), day_of(last))
    return settled_down(pairs.with_columns(eve.alias(UP_TO)), backend)


def on_their_days(base: Lazy, events: Mapping[str, Lazy], pairs: Lazy) -> tuple[Lazy, dict[str, Lazy]]:
    """Return the tables of a question with a row for each subject on each of its days, and the events of each row.

    Args:
        base: a row for each subject, with who it is.
        events: of the tables, by name.
        pairs: as `numbered_days` gives them.
    """
    frame = base.join(pairs, on=WHO, how="inner").drop("id").rename({ONE_OF: "id"})
    marks = pairs.select(nw.col(WHO).alias("id"), ONE_OF, DAY)
    own = {
        name: each.join(marks, on="id", how="inner").drop("id").rename({ONE_OF: "id"})
        for name, each in events.items()
    }
    return frame, own


def whom_on(dates: Lazy, wanted: Iterable[Turn], first: date, last: date) -> Iterator[Lazy]:
    """Yield who has a date from which a day follows, with that day.

    Args:
        dates: who has which `date`; each different date is looked at once.
        wanted: how days follow.
        first: the first day that matters.
        last: the last day that matters.
    """
    there = dates.filter(~nw.col("date").is_null())
    different = there.select("date").unique().with_columns(nw.col("date").alias(DAY))
    found = [each.select("date", DAY) for turn in wanted for each in following(different, turn, first, last)]
    if found:
        days = together(found).unique()
        yield there.join(days, on="date", how="inner").select(WHO, DAY)


def following(dates: Lazy, turn: Turn, first: date, last: date) -> Iterator[Lazy]:
    """Yield the days, from `first` to `last`, that follow from dates: `turns.turns`, column by column.

    Args:
        dates: with the date in the column of days, where the day that follows from it is written.
        turn: how days follow.
        first: the first day that matters.
        last: the last day that matters.
    """
    if first > last:
        return
    day = nw.col(DAY)
    match turn:
        case Days(numbers=numbers):
            for number in sorted(numbers):
                low, high = days_before(first, number), days_before(last, number)
                if (
                    high.toordinal() + number >= first.toordinal()
                    and low.toordinal() + number <= last.toordinal()
                ):
                    near = _within(dates, low, high)
                    yield _within(near.with_columns(_days_on(day, number).alias(DAY)), first, last)
        case Months(numbers=numbers):
            for number in sorted(numbers):
                low, high = _about(first, last, number)
                if abs(number) < MONTHS_THERE_ARE:
                    near = _within(dates, low, high)
                    yield _within(_months_full(near, number), first, last)
        case Every(months=size):
            yield from _every(dates, size, first, last)
        case Next(period=period):
            yield from _next(dates, period, first, last)
        case Later(turn=inner, numbers=numbers):
            for number in sorted(numbers):
                for each in following(dates, inner, *_about(first, last, number)):
                    eves = each.with_columns(_days_on(day, -1).alias(DAY))
                    yield _within(_months_full(eves, number), first, last)
        case _:
            assert_never(turn)


def _within(dates: Lazy, first: date, last: date) -> Lazy:
    return dates.filter(nw.col(DAY) >= day_of(first), nw.col(DAY) <= day_of(last))


def _about(first: date, last: date, months: int) -> tuple[date, date]:
    """Return between which days those lie since which so many months are full on some others."""
    return days_before(months_before(first, months), 3), days_before(months_before(last, months), -4)


def _days_on(day: nw.Expr, number: int) -> nw.Expr:
    return day.dt.offset_by(f"{number}d").cast(nw.Date) if number else day


def _months_full(dates: Lazy, months: int) -> Lazy:
    """Return the first days on which so many months are full: `turns.months_full`; backends clamp at a month's end."""
    day, clamped = nw.col(DAY), nw.col("·clamped")
    made = dates.with_columns(day.dt.offset_by(f"{months}mo").cast(nw.Date).alias("·clamped"))
    full = nw.when(clamped.dt.day() < day.dt.day()).then(_days_on(clamped, 1)).otherwise(clamped)
    return made.with_columns(full.alias(DAY)).drop("·clamped")


def _every(dates: Lazy, size: int, first: date, last: date) -> Iterator[Lazy]:
    """Yield the anniversaries, month by month: of a date, its day of the month and the rest of its month's number count."""
    day = nw.col(DAY)
    number = month_number(day)
    rest = number - number // size * size
    for month in range(first.year * 12 + first.month - 2, last.year * 12 + last.month):
        if month < 12:
            continue
        begins = date(month // 12, month % 12 + 1, 1)
        days = {}
        for of_month in range(1, 32):
            # January has every day of the month: what is full since it shows what is full since any other
            full = months_full(date(begins.year, 1, of_month), begins.month - 1)
            if full is not None and first <= full <= last:
                days[of_month] = full
        if days:
            chosen = [nw.when(day.dt.day() == each).then(day_of(full)) for each, full in days.items()]
            those = dates.filter(rest == (month + 1) % size, day.dt.day().is_in(list(days)))
            yield those.with_columns((nw.coalesce(*chosen) if len(chosen) > 1 else chosen[0]).alias(DAY))


def _next(dates: Lazy, period: str, first: date, last: date) -> Iterator[Lazy]:
    size = {"year": 12, "quarter": 3, "month": 1}[period]
    day = nw.col(DAY)
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        begins = date(month // 12, month % 12 + 1, 1)
        if (month % 12) % size == 0 and first <= begins <= last:
            before = months_before(begins, size)
            yield dates.filter(day >= day_of(before), day < day_of(begins)).with_columns(
                day_of(begins).alias(DAY)
            )


def dates_of(question: Question, of: str, name: str) -> Lazy | None:
    """Return whose dates a field of the subject, or of its events, holds; none where it is not among the columns."""
    if of == SUBJECT:
        column = question.fields.get(name)
        return question.base.select(WHO, column.value.alias("date")) if column is not None else None
    events = (question.events or {}).get(of)
    return events.select(nw.col("id").alias(WHO), nw.col(name).alias("date")) if events is not None else None


def on_days(base: Lazy, days: Iterable[date]) -> Iterator[Lazy]:
    """Yield everyone, on some days."""
    for day in sorted(days):
        yield base.select(WHO, day_of(day).alias(DAY))


def on_each_day(base: Lazy, first: date, last: date, backend: Backend) -> Lazy:
    """Return everyone on each of some days, as each backend counts them: hundreds of frames in a row would take it long."""
    native = nw.to_native(base.select(WHO))
    between = f"DATE '{first}', DATE '{last}', INTERVAL 1 DAY"
    match backend:
        case Backend.POLARS:
            import polars as pl  # noqa: PLC0415 - it is loaded: the frame is of it

            days = pl.LazyFrame({DAY: pl.date_range(first, last, eager=True)})
            native = native.join(days, how="cross")
        case Backend.DUCKDB:
            native = native.project(f'"{WHO}", CAST(unnest(generate_series({between})) AS DATE) AS "{DAY}"')
        case Backend.PYSPARK:
            native = native.selectExpr(f"`{WHO}`", f"explode(sequence({between})) AS `{DAY}`")
        case _:
            assert_never(backend)
    made: Lazy = nw.from_native(native)
    return made
