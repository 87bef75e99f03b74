"""Events: the tables of a store's events, reduced to one row a customer inside the data frame.

Place in the flow: the frame engine asks this module for aggregates; what it gets are frames of one row a customer that
has events, to be joined. All aggregates over a table share one pass: flags first, then one group-by of plain sums,
extremes and any-flags, which every backend carries out alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, assert_never

import narwhals as nw

from dealerrules.engines.columns import (
    DAYS_THERE_ARE,
    Algebra,
    Column,
    Flags,
    day_of,
    field_column,
    month_number,
)
from dealerrules.engines.entry import earlier_reach
from dealerrules.expr import Aggregate, Reduction, Window, window_start
from dealerrules.records import TABLES
from dealerrules.values import (
    BOOLEAN,
    COUNT,
    DATE,
    MAX_COUNT,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dealerrules.expr import Expr

MANY: Final = 10**9
"""Events of one customer at most, for the bounds of sums: more do not fit in any store."""
CODES: Final = 64
"""Words of a category that a day number is packed with; one with more goes the long way."""
SMALL_FIRST: Final = ("suggestions", "surveys", "insurance", "referrals", "contacts", "vehicles", "visits")
_FIRST_DAY: Final = date.min


@dataclass(frozen=True, slots=True)
class Reduced:
    """Frames of one row a customer, keyed by ``id``, and the values that their columns make once joined."""

    frames: list[nw.LazyFrame[Any]]
    make: dict[Expr, Callable[[], Column]]
    fill: dict[str, nw.Expr] = field(default_factory=dict)
    """What the columns hold for a customer without events."""
    on: str = "id"


class Events:
    """The events of one table as of a day, which may differ by customer.

    Args:
        frame: events that count, with ``id`` and the table's fields; where `as_of` is a column, that column too.
        table: its name.
        as_of: a day, or the column that holds each customer's.
        after: a column of each customer's day after which alone events are looked at, if there is one; never null.
        prefix: for the names of the columns that are made.
    """

    def __init__(
        self,
        algebra: Algebra,
        frame: nw.LazyFrame[Any],
        table: str,
        as_of: date | nw.Expr,
        prefix: str,
        *,
        after: nw.Expr | None = None,
    ) -> None:
        self.algebra, self.table, self.as_of, self.prefix = algebra, table, as_of, prefix
        self.dated = TABLES[table].date_field
        self.day = nw.col(self.dated)
        self.after = after
        self.frame = frame.filter(self.day <= day_of(as_of))
        self.flags: dict[str, nw.Expr] = {}
        self.sums: dict[str, nw.Expr] = {}
        self.made = Reduced([], {})
        self.there = set(frame.collect_schema().names())

    def column(self, name: str) -> Column:
        """Return a field of the event."""
        type_ = TABLES[self.table].fields[name]
        required = name == self.dated
        column = field_column(type_, nw.col(name))
        return Column(type_, column.value, unknown=False) if required else column

    # --- which events ---------------------------------------------------------------------------------

    def taken(self, expr: Aggregate, truth: Callable[[Expr], Flags]) -> nw.Expr | None:
        """Return which events an aggregate takes; none for all of them."""
        tests = [] if self.after is None else [self.day > self.after]
        within = self._within(expr.within)
        if within is not None:
            tests.append(within)
        if expr.where is not None:
            tests.append(truth(expr.where).true)
        if not tests:
            return None
        return tests[0] if len(tests) == 1 else nw.all_horizontal(*tests, ignore_nulls=False)

    def _within(self, window: Window | None) -> nw.Expr | None:
        if window is None:
            return None
        if isinstance(self.as_of, date):
            start = window_start(window, self.as_of)
            assert start is not None
            return self.day > day_of(start)
        # The day differs by customer: the same window, told by how far back the event lies.
        if window.size is None:
            inside = _period(self.day, window.period) == _period(self.as_of, window.period)
        else:
            size = window.size.value
            assert isinstance(size, int)
            months = window.size.type.kind is Kind.MONTHS
            between = self.algebra.months_between if months else self.algebra.days_between
            inside = between(self.day, self.as_of) < size
        return inside & (self.day > day_of(_FIRST_DAY))  # no day is before the first

    # --- what becomes of them -------------------------------------------------------------------------

    def reduce(self, exprs: Sequence[Aggregate], truth: Callable[[Expr], Flags]) -> Reduced:
        """Return what joins to the customers, for some aggregates over this table."""
        for at, expr in enumerate(exprs):
            self._reduce(expr, f"{self.prefix}{self.table}_{at}", truth)
        if self.sums:
            grouped = self.frame.with_columns(**self.flags).group_by("id").agg(**self.sums)
            self.made.frames.insert(0, grouped)
        return self.made

    def _reduce(self, expr: Aggregate, name: str, truth: Callable[[Expr], Flags]) -> None:
        taken = self.taken(expr, truth)
        match expr.how:
            case Reduction.COUNT:
                self._count(expr, name, taken)
            case Reduction.DISTINCT:
                self._distinct(expr, name, taken)
            case Reduction.SUM:
                self._sum(expr, name, taken)
            case Reduction.SOME | Reduction.EVERY:
                assert expr.that is not None
                self._quantified(expr, name, taken, truth(expr.that))
            case Reduction.LATEST | Reduction.EARLIEST:
                self._extreme(expr, name, taken)
            case Reduction.STREAK:
                self._streak(expr, name, taken)
            case _:
                assert_never(expr.how)

    def _flag(self, name: str, test: nw.Expr) -> None:
        """Keep a flag of the event, and whether any event of the customer has it."""
        self.flags[name] = test
        self.sums[name] = nw.col(name).any()
        self.made.fill[name] = nw.col(name).fill_null(value=False)

    def _count(self, expr: Aggregate, name: str, taken: nw.Expr | None) -> None:
        self.flags[name] = nw.lit(1, nw.Int64) if taken is None else taken.cast(nw.Int64)
        self._add(expr, name)

    def _add(self, expr: Aggregate, name: str) -> None:
        self.sums[name] = nw.col(name).sum()
        self.made.fill[name] = nw.col(name).cast(nw.Int64).fill_null(0)
        self.made.make[expr] = lambda: Column(COUNT, nw.col(name), unknown=False, most=MAX_COUNT)

    def _distinct(self, expr: Aggregate, name: str, taken: nw.Expr | None) -> None:
        assert expr.take is not None
        value = self.column(expr.take.name).value
        there = ~value.is_null() if taken is None else taken & ~value.is_null()
        different = self.frame.filter(there).select(nw.col("id"), value.alias("value")).unique()
        counted = different.with_columns(**{name: nw.lit(1, nw.Int64)}).group_by("id").agg(nw.col(name).sum())
        self.made.frames.append(counted)
        self.made.fill[name] = nw.col(name).cast(nw.Int64).fill_null(0)
        self.made.make[expr] = lambda: Column(COUNT, nw.col(name), unknown=False, most=MAX_COUNT)

    def _sum(self, expr: Aggregate, name: str, taken: nw.Expr | None) -> None:
        assert expr.take is not None
        field_ = self.column(expr.take.name)
        most = field_.most * MANY
        value = self.algebra.widened(field_.value, field_.most, most)
        lacking = field_.value.is_null() if taken is None else taken & field_.value.is_null()
        self.flags[name] = value if taken is None else nw.when(taken).then(value)
        self.sums[name] = nw.col(name).sum()
        self._flag(f"{name}_lacks", lacking)
        whole = nw.col(name).cast(self.algebra.wide_type).fill_null(0)
        self.made.fill[name] = nw.when(~nw.col(f"{name}_lacks").fill_null(value=False)).then(whole)
        self.made.make[expr] = lambda: Column(
            field_.type, nw.col(name), scale=field_.scale, most=most, negative=field_.negative
        )

    def _quantified(self, expr: Aggregate, name: str, taken: nw.Expr | None, that: Flags) -> None:
        def among(test: nw.Expr) -> nw.Expr:
            return test if taken is None else taken & test

        some = expr.how is Reduction.SOME
        self._flag(name, among(that.true if some else that.is_false))
        found, unknown = nw.col(name), that.unknown
        if unknown is not None:
            self._flag(f"{name}_open", among(unknown))

        def make() -> Column:
            answer = found if some else ~found
            if unknown is None:
                return Column(BOOLEAN, answer, unknown=False)
            return Column(BOOLEAN, nw.when(found | ~nw.col(f"{name}_open")).then(answer))

        self.made.make[expr] = make

    def _extreme(self, expr: Aggregate, name: str, taken: nw.Expr | None) -> None:
        latest = expr.how is Reduction.LATEST
        if expr.take is None or expr.take.name == self.dated:
            self.flags[name] = self.day if taken is None else nw.when(taken).then(self.day)
            self.sums[name] = nw.col(name).max() if latest else nw.col(name).min()
            self.made.make[expr] = lambda: Column(
                DATE, nw.col(name), unknown=False, absent=nw.col(name).is_null()
            )
            return
        words = _codes(self.column(expr.take.name))
        if words is not None:
            self._packed(expr, name, taken, words)
        else:
            self._looked_up(expr, name, taken)

    def _packed(
        self, expr: Aggregate, name: str, taken: nw.Expr | None, words: Sequence[tuple[nw.Expr, str | bool]]
    ) -> None:
        """Find the day together with what is said on it: the most and the least, which differ where events disagree."""
        code = nw.coalesce(
            *(nw.when(test).then(nw.lit(at)) for at, (test, _) in enumerate(words, 1)), nw.lit(0)
        )
        day = self.algebra.day_number(self.day)
        sign = 1 if expr.how is Reduction.LATEST else -1
        for suffix, part in (("", code), ("_least", (CODES - 1) - code)):
            key = day * sign * CODES + part.cast(nw.Int64)
            self.flags[name + suffix] = key if taken is None else nw.when(taken).then(key)
            self.sums[name + suffix] = nw.col(name + suffix).max()

        def make() -> Column:
            most, least = nw.col(name), nw.col(f"{name}_least")
            code = most - most // CODES * CODES
            agreed = code + (least - least // CODES * CODES) == CODES - 1
            said = [
                nw.when(agreed & (code == at)).then(nw.lit(word)) for at, (_, word) in enumerate(words, 1)
            ]
            assert expr.take is not None
            return Column(expr.take.type, nw.coalesce(*said), absent=most.is_null())

        self.made.make[expr] = make

    def _looked_up(self, expr: Aggregate, name: str, taken: nw.Expr | None) -> None:
        """Find the day, and join it to see what the events of that day say."""
        assert expr.take is not None
        field_ = self.column(expr.take.name)
        value = field_.value
        events = self.frame if taken is None else self.frame.filter(taken)
        said = events.select(nw.col("id"), day_of=self.day, said=value)
        extreme = nw.col("day_of").max() if expr.how is Reduction.LATEST else nw.col("day_of").min()
        days = said.group_by("id").agg(the_day=extreme)
        on_the_day = said.join(days, on="id", how="inner").filter(nw.col("day_of") == nw.col("the_day"))
        found = (
            on_the_day.with_columns(lacks=nw.col("said").is_null())
            .group_by("id")
            .agg(
                **{
                    name: nw.col("said").max(),
                    f"{name}_least": nw.col("said").min(),
                    f"{name}_lacks": nw.col("lacks").any(),
                }
            )
        )
        self.made.frames.append(found)

        def make() -> Column:
            most = nw.col(name)
            agreed = (most == nw.col(f"{name}_least")) & ~nw.col(f"{name}_lacks")
            return field_column(field_.type, nw.when(agreed).then(most), nw.col(f"{name}_lacks").is_null())

        self.made.make[expr] = make

    def _streak(self, expr: Aggregate, name: str, taken: nw.Expr | None) -> None:
        """Find where the unbroken run of cover that holds the day begins.

        A run begins at a cover that no earlier one reaches. The run that holds the day is the last one to begin, if
        any cover holds the day: whatever ends on the day or later was begun by then.
        """
        assert expr.allow_gap is not None
        gap = expr.allow_gap.value
        assert isinstance(gap, int)
        counted = ~nw.col("ends_on").is_null()
        covers = self.frame.filter(counted if taken is None else counted & taken)
        here = [nw.col("as_of")] if "as_of" in self.there else []
        covers = covers.select(nw.col("id"), *here, begins=self.day, ends=nw.col("ends_on"))
        covers = covers.with_columns(
            starts=self.algebra.day_number(nw.col("begins")), stops=self.algebra.day_number(nw.col("ends"))
        )
        covers = earlier_reach(covers, self.algebra.backend)
        broken = nw.col("reached").is_null() | (nw.col("starts") - nw.col("reached") - 1 > gap)
        covers = covers.with_columns(
            run=nw.when(broken).then(nw.col("begins")), holds=nw.col("ends") >= day_of(self.as_of)
        )
        found = covers.group_by("id").agg(
            **{name: nw.col("run").max(), f"{name}_holds": nw.col("holds").any()}
        )
        self.made.frames.append(found)
        self.made.fill[f"{name}_holds"] = nw.col(f"{name}_holds").fill_null(value=False)

        def make() -> Column:
            months = self.algebra.months_between(nw.col(name), self.as_of)
            years = nw.when(nw.col(f"{name}_holds")).then(months // 12 + 1).otherwise(nw.lit(0))
            return Column(COUNT, years.cast(nw.Int64), unknown=False, most=DAYS_THERE_ARE)

        self.made.make[expr] = make


def _period(day: nw.Expr, period: str | None) -> nw.Expr:
    """Return a number that is the same for all days of a calendar year, quarter or month."""
    if period == "month":
        return month_number(day)
    if period == "quarter":
        return day.dt.year().cast(nw.Int64) * 4 + (day.dt.month().cast(nw.Int64) - 1) // 3
    return day.dt.year().cast(nw.Int64)


def _codes(column: Column) -> list[tuple[nw.Expr, str | bool]] | None:
    """Return the tests for each word that a field may hold; none where they do not go into a code."""
    if column.type.kind is Kind.BOOLEAN:
        return [(column.value.fill_null(value=False), True), ((~column.value).fill_null(value=False), False)]
    if column.type.kind is Kind.CATEGORY and len(column.type.options) < CODES - 1:
        return [((column.value == word).fill_null(value=False), word) for word in column.type.options]
    return None


def eve_of(day: nw.Expr) -> nw.Expr:
    """Return the day before; the first day there is has none and stays."""
    before = day.dt.offset_by("-1d").cast(nw.Date)
    return nw.when(day > day_of(_FIRST_DAY)).then(before).otherwise(day)


def tables_of(exprs: Iterable[Aggregate]) -> dict[str, list[Aggregate]]:
    """Return aggregates by table; tables that have most events come last, for a join copies what was joined before."""
    found: dict[str, list[Aggregate]] = {}
    for expr in sorted(exprs, key=lambda expr: SMALL_FIRST.index(expr.table)):
        found.setdefault(expr.table, []).append(expr)
    return found
