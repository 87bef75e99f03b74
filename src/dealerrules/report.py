"""Reports: what the decisions come to for a population; shares, breakdowns, the 80/20 check, lists of what is due.

Place in the flow: after the book. The answers of a store come in as a data frame of any kind (``evaluate_frame``,
joined with whatever columns there are) and are grouped where they lie; what comes out is small, exact and typed:
counts are ``int``, shares ``Fraction``, and a percentage is rounded once, half up, when it is printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from dealerrules.due import DUE_LISTS, Due, due, due_title
from dealerrules.grids import (
    Grid,
    Group,
    Order,
    group_text,
    grouped,
    ordered,
    percent,
    percent_text,
    says,
    share_of,
)
from dealerrules.outcome import json_value
from dealerrules.pareto import Pareto, ParetoLevel, pareto, pareto_of
from dealerrules.populations import read_period

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealerrules.book import PolicyBook
    from dealerrules.outcome import Json
    from dealerrules.rates import RateOutcome, Rates

# ---------------------------------------------------------------------------------------------------
# Shares


@dataclass(frozen=True, slots=True)
class Share:
    """One group: `count` of `total`, after `before` in the groups above it."""

    group: Group
    count: int
    before: int
    total: int

    @property
    def share(self) -> Fraction | None:
        """The share of the total, exact."""
        return share_of(self.count, self.total)

    @property
    def cumulative(self) -> Fraction | None:
        """The share of this group and those above it, exact."""
        return share_of(self.before + self.count, self.total)


@dataclass(frozen=True, slots=True)
class Shares:
    """How a population falls into groups: counts, shares, cumulative shares."""

    column: str
    rows: tuple[Share, ...]
    total: int

    def __getitem__(self, group: Group) -> Share:
        """Return the row of a group."""
        return next(row for row in self.rows if row.group == group)

    def grid(self, lang: str = "en", places: int = 0, titles: Mapping[Group, str] | None = None) -> Grid:
        """Return it as a table; `titles` say what groups are called."""
        named = {row.group: (titles or {}).get(row.group) or group_text(row.group, lang) for row in self.rows}
        rows = [
            (
                named[row.group],
                f"{row.count:,}",
                percent_text(row.share, places),
                f"{row.before + row.count:,}",
                percent_text(row.cumulative, places),
            )
            for row in self.rows
        ]
        heads = (self.column, *(says(lang, name) for name in ("count", "share", "running", "running_share")))
        total = (
            says(lang, "all"),
            f"{self.total:,}",
            percent_text(share_of(self.total, self.total), places),
            "",
            "",
        )
        printed = sum(percent(row.share, places) for row in self.rows if row.share is not None)
        odd = says(lang, "sum", sum=printed) if self.total and printed != 100 else ""
        return Grid(heads, tuple(rows), total, (says(lang, "rounding", sum=odd),))

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values; shares as text, such as ``3/7``."""
        return {
            "column": self.column,
            "total": self.total,
            "rows": [
                {
                    "group": json_value(row.group),
                    "count": row.count,
                    "share": json_value(row.share),
                    "cumulative": json_value(row.cumulative),
                }
                for row in self.rows
            ],
        }

    def __str__(self) -> str:
        """Return the table as plain text."""
        return self.grid().text.rstrip()


def shares(frame: Any, column: str, *, order: Order = "count") -> Shares:
    """Count the rows of a frame by a column.

    Args:
        frame: polars, pandas, pyarrow, DuckDB or PySpark; a row each, such as the answers of ``evaluate_frame``.
        column: such as ``tier`` or ``region``.
        order: ``count`` (the largest first), ``group``, or the groups in order.

    Raises:
        RecordError: when there is no such column.

    Examples:
        >>> import polars as pl
        >>> found = shares(pl.DataFrame({"region": ["A", "B", "A", None, "A", "B", "A", "A"]}), "region")
        >>> print(found)
        region        number  share  running total  cumulative share
        A                  5    63%              5               63%
        B                  2    25%              7               88%
        not recorded       1    13%              8              100%
        all                8   100%
        Percentages are rounded half up from exact shares, each on its own; they add up to 101%.
    """
    return shares_of(
        {group: number for (group,), number in grouped(frame, [column]).items()}, column, order=order
    )


def shares_of(counts: Mapping[Any, int], column: str = "", *, order: Order = "count") -> Shares:
    """Return the shares of counts that are there already, by group."""
    total, before = sum(counts.values()), 0
    rows = []
    for group in ordered(counts, order):
        rows.append(Share(group, counts[group], before, total))
        before += counts[group]
    return Shares(column, tuple(rows), total)


# ---------------------------------------------------------------------------------------------------
# Breakdowns: the rate within a group and the share of the total are two things


@dataclass(frozen=True, slots=True)
class Part:
    """One group of a breakdown: `count` of the `total` in the group, and of all `counted` in the population."""

    group: Group
    count: int
    total: int
    counted: int

    @property
    def rate(self) -> Fraction | None:
        """The rate within the group: how many of its members are counted."""
        return share_of(self.count, self.total)

    @property
    def share(self) -> Fraction | None:
        """The share of the total: how many of all counted are in this group."""
        return share_of(self.count, self.counted)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How often a decision says something, by group.

    Attributes:
        decision: the column of the decision.
        by: the column of the groups.
        of: the answers that are counted.
        rows: the groups, in order.
        counted: how many rows have one of these answers.
        total: how many rows there are.
    """

    decision: str
    by: str
    of: tuple[Group, ...]
    rows: tuple[Part, ...]
    counted: int
    total: int

    def __getitem__(self, group: Group) -> Part:
        """Return the row of a group."""
        return next(row for row in self.rows if row.group == group)

    @property
    def recorded(self) -> tuple[Part, ...]:
        """The groups whose value is recorded."""
        return tuple(row for row in self.rows if row.group is not None)

    @property
    def most(self) -> tuple[Part, ...]:
        """The groups with the largest count; several when they are equal, none where nothing is counted.

        What is not recorded is no group that anyone could turn to: it is never named first.
        """
        best = max((row.count for row in self.recorded), default=0)
        return tuple(row for row in self.recorded if row.count == best) if best else ()

    @property
    def highest(self) -> tuple[Part, ...]:
        """The groups with the highest rate within the group; not those with the most."""
        best = max((row.rate for row in self.recorded if row.rate is not None), default=Fraction(0))
        return tuple(row for row in self.recorded if row.rate == best) if best else ()

    def grid(
        self,
        lang: str = "en",
        places: int = 0,
        titles: Mapping[Group, str] | None = None,
        called: Mapping[Group, str] | None = None,
    ) -> Grid:
        """Return it as a table; rate and share stand in columns of their own, and the notes name both leaders.

        Args:
            lang: ``zh`` or ``en``.
            places: decimals of percentages.
            titles: what answers are called.
            called: what groups are called.
        """
        names = {row.group: (called or {}).get(row.group) or group_text(row.group, lang) for row in self.rows}
        of = self._answers(lang, titles or {})
        rows = [
            (
                names[row.group],
                f"{row.total:,}",
                f"{row.count:,}",
                percent_text(row.rate, places),
                percent_text(row.share, places),
            )
            for row in self.rows
        ]
        heads = (
            self.by,
            says(lang, "in_group"),
            of,
            says(lang, "rate"),
            says(lang, "share_of", of=of),
        )
        everyone = Part(None, self.counted, self.total, self.counted)
        total = (
            says(lang, "all"),
            f"{self.total:,}",
            f"{self.counted:,}",
            percent_text(everyone.rate, places),
            percent_text(everyone.share, places),
        )
        notes = [
            says(
                lang,
                name,
                of=of,
                group=_listed([names[each.group] for each in parts], lang),
                count=f"{parts[0].count:,}" if name == "most" else self._listed_numbers(parts, "count"),
                total=self._listed_numbers(parts, "total"),
                counted=f"{self.counted:,}",
                share=percent_text(parts[0].share, places),
                rate=percent_text(parts[0].rate, places),
            )
            for name, parts in (("most", self.most), ("highest", self.highest))
            if parts
        ]
        return Grid(heads, tuple(rows), total, tuple(notes))

    def _answers(self, lang: str, titles: Mapping[Group, str]) -> str:
        named = [titles.get(answer) or group_text(answer, lang) for answer in self.of]
        said = named[0]
        for each in named[1:]:
            said = says(lang, "or", a=said, b=each)
        return said

    @staticmethod
    def _listed_numbers(parts: Sequence[Part], name: str) -> str:
        return ", ".join(f"{getattr(part, name):,}" for part in parts)

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values; rates and shares as text, such as ``3/7``."""
        return {
            "decision": self.decision,
            "by": self.by,
            "of": [json_value(answer) for answer in self.of],
            "counted": self.counted,
            "total": self.total,
            "rows": [
                {
                    "group": json_value(row.group),
                    "count": row.count,
                    "total": row.total,
                    "rate": json_value(row.rate),
                    "share": json_value(row.share),
                }
                for row in self.rows
            ],
        }

    def __str__(self) -> str:
        """Return the table as plain text."""
        return self.grid().text.rstrip()


def breakdown(
    frame: Any, decision: str, *, by: str, of: Group | Sequence[Group], order: Order = "count"
) -> Breakdown:
    """Break a decision down by a column: how many of each group have an answer, and who they are of all with it.

    Args:
        frame: of any kind, with a column for the decision and one to group by.
        decision: the column of the decision, such as ``churn_class``.
        by: the column to group by, such as ``region`` or ``model``.
        of: the answer that is counted, or several.
        order: ``count`` (the most counted first), ``group``, or the groups in order.

    Raises:
        RecordError: when there is no such column.

    Examples:
        >>> import polars as pl
        >>> frame = pl.DataFrame({"model": ["X"] * 6 + ["Y"] * 3, "stage": ["lost", "lost", "lost"] + ["active"] * 3
        ...                       + ["lost", "lost", "active"]})
        >>> found = breakdown(frame, "stage", by="model", of="lost")
        >>> found.most[0].group, found.highest[0].group
        ('X', 'Y')
        >>> print(found)
        model  in the group  lost  rate in the group  share of all lost
        X                 6     3                50%                60%
        Y                 3     2                67%                40%
        all               9     5                56%               100%
        most lost: X, 3 of all 5 (60%)
        highest rate: Y, 2 of the 3 in the group (67%)
    """
    answers = tuple(of) if isinstance(of, Sequence) and not isinstance(of, str) else (of,)
    totals: Counter[Group] = Counter()
    counts: Counter[Group] = Counter()
    for (group, answer), number in grouped(frame, [by, decision]).items():
        totals[group] += number
        counts[group] += number if answer in answers else 0
    counted, total = counts.total(), totals.total()
    rows = tuple(Part(group, counts[group], totals[group], counted) for group in ordered(counts, order))
    return Breakdown(decision, by, answers, rows, counted, total)


def _listed(texts: Sequence[str], lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(texts)


@dataclass(frozen=True, slots=True)
class Cross:
    """Every answer of a decision, counted by group."""

    decision: str
    by: str
    answers: tuple[Group, ...]
    rows: Mapping[Group, tuple[int, ...]]

    def grid(self, lang: str = "en", titles: Mapping[Group, str] | None = None) -> Grid:
        """Return it as a table of counts, with totals."""
        named = [(titles or {}).get(answer) or group_text(answer, lang) for answer in self.answers]
        rows = [
            (group_text(group, lang), *(f"{number:,}" for number in numbers), f"{sum(numbers):,}")
            for group, numbers in self.rows.items()
        ]
        sums = [sum(column) for column in zip(*self.rows.values(), strict=True)]
        total = (says(lang, "all"), *(f"{number:,}" for number in sums), f"{sum(sums):,}")
        return Grid((self.by, *named, says(lang, "all")), tuple(rows), total)

    def __str__(self) -> str:
        """Return the table as plain text."""
        return self.grid().text.rstrip()


def cross(
    frame: Any, decision: str, *, by: str, answers: Sequence[Group] = (), order: Order = "count"
) -> Cross:
    """Count every answer of a decision by a column.

    Args:
        frame: of any kind.
        decision: the column of the decision.
        by: the column to group by.
        answers: the answers in order; others follow.
        order: of the groups.

    Raises:
        RecordError: when there is no such column.

    Examples:
        >>> import polars as pl
        >>> print(cross(pl.DataFrame({"r": ["A", "A", "B"], "tier": ["vip", "general", "vip"]}), "tier", by="r"))
        r    vip  general  all
        A      1        1    2
        B      1        0    1
        all    2        1    3
    """
    counts = grouped(frame, [by, decision])
    by_answer: Counter[Group] = Counter()
    by_group: Counter[Group] = Counter()
    for (group, answer), number in counts.items():
        by_answer[answer] += number
        by_group[group] += number
    heads = ordered(by_answer, answers or "count")
    rows = {
        group: tuple(counts.get((group, head), 0) for head in heads) for group in ordered(by_group, order)
    }
    return Cross(decision, by, tuple(heads), rows)


# ---------------------------------------------------------------------------------------------------
# Series of rates


@dataclass(frozen=True, slots=True)
class Series:
    """Rates over several periods, the earliest first."""

    periods: tuple[Rates, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The rates that there are, in alphabetical order."""
        return tuple(self.periods[0]) if self.periods else ()

    def __getitem__(self, name: str) -> tuple[RateOutcome, ...]:
        """Return one rate over all periods."""
        return tuple(period[name] for period in self.periods)

    def to_dict(self) -> list[Json]:
        """Return it as plain JSON values."""
        return [cast("Json", period.to_dict()) for period in self.periods]


def series(
    book: PolicyBook,
    tables: Any,
    *,
    until: str,
    periods: int = 12,
    rates: Sequence[str] | None = None,
    check: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Series:
    r"""Work out rates for several months or years, each with its own cohorts.

    Args:
        book: the policies.
        tables: as for ``book.rates``: a mapping of table name to frame, or all customers as records.
        until: the last period, such as ``2014-09``.
        periods: how many periods, that one included.
        rates: names, to restrict the work.
        check: whether to look first, once, for what a record would refuse.
        progress: told each period before it is worked out.

    Raises:
        RecordError: as ``book.rates`` does.

    Examples:
        >>> import dealerrules as dr
        >>> book = dr.loads("policy: p\ndecisions: {r: {kind: rate, per: month, of: {count: visits, where: "
        ...                 "{kind: repair}}, over: {count: visits}}}")
        >>> visits = [{"visited_on": "2014-08-01"}, {"visited_on": "2014-09-01", "kind": "repair"}]
        >>> found = series(book, [{"customer_id": "C1", "visits": visits}], until="2014-09", periods=3)
        >>> [(str(each.period), each.value) for each in found["r"]]
        [('2014-07', None), ('2014-08', Fraction(0, 1)), ('2014-09', Fraction(1, 1))]
    """
    last = read_period(until)
    store = tables if isinstance(tables, Mapping) else list(tables)
    asked = [last.earlier(number * last.months) for number in reversed(range(periods))]
    found: list[Rates] = []
    for period in asked:
        if progress is not None:
            progress(str(period))
        found.append(book.rates(store, period=str(period), rates=rates, check=check and not found))
    return Series(tuple(found))


__all__ = [
    "DUE_LISTS",
    "Breakdown",
    "Cross",
    "Due",
    "Grid",
    "Pareto",
    "ParetoLevel",
    "Part",
    "Series",
    "Share",
    "Shares",
    "breakdown",
    "cross",
    "due",
    "due_title",
    "group_text",
    "pareto",
    "pareto_of",
    "percent",
    "percent_text",
    "series",
    "shares",
    "shares_of",
]
