"""Populations: the months and years that rates are about, the days they reach, and what was counted.

Place in the flow: between the model and the two engines that count (``engines/rates.py`` record by record, to be
read; ``engines/rates_frame.py`` on tables, to be fast), so that both reach for the same days.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, assert_never

from dealerrules.faults import Fault, RecordError, shown
from dealerrules.policy.model import Happening, Reach, Side
from dealerrules.values import Kind, days_before, months_before

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

_WRITTEN: Final = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)
MONTHS_OF: Final = {"month": 1, "year": 12}
"""How many months a period has."""


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month or year, or one of the same length some months earlier.

    Attributes:
        first: its first month, counted from year 0.
        months: how many months it has.

    Examples:
        >>> period = read_period("2014-02")
        >>> period.start, period.end, str(period.earlier(12))
        (datetime.date(2014, 2, 1), datetime.date(2014, 2, 28), '2013-02')
    """

    first: int
    months: int

    @property
    def per(self) -> str:
        """Of which length it is: month or year."""
        return next(word for word, months in MONTHS_OF.items() if months == self.months)

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.first // 12, self.first % 12 + 1, 1) if self.first >= 12 else date.min

    @property
    def end(self) -> date:
        """Its last day."""
        last = self.first + self.months - 1
        if last < 12:  # before year 1
            return date.min
        year, month = last // 12, last % 12 + 1
        return date(year, month, monthrange(year, month)[1])

    def earlier(self, months: int) -> Period:
        """Return the period of the same length that many months earlier."""
        return Period(self.first - months, self.months)

    def __str__(self) -> str:
        """Return ``2014-09`` or ``2014``; what is no calendar year is written as its first and last month."""
        year, month = f"{self.first // 12:04}", f"{self.first // 12:04}-{self.first % 12 + 1:02}"
        if self.months == 1:
            return month
        last = self.first + self.months - 1
        return year if self.first % 12 == 0 else f"{month}..{last // 12:04}-{last % 12 + 1:02}"


def read_period(text: object) -> Period:
    """Return the month or year that a text such as ``2014-09`` or ``2014`` names.

    Raises:
        RecordError: for everything else.
    """
    found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    year, month = (int(found[1]), int(found[2] or 1)) if found is not None else (0, 0)
    if found is None or not year or not 1 <= month <= 12:
        message = f"a month such as `2014-09` or a year such as `2014` is needed, not `{shown(text)}`"
        message_zh = f"需要 `2014-09` 这样的月份或 `2014` 这样的年份，而不是 `{shown(text)}`"
        raise RecordError([Fault("evaluation", None, "period", text, message, message_zh)])
    return Period(year * 12 + month - 1, 1 if found[2] else 12)


def days_of(happening: Happening, side: Side, period: Period) -> tuple[date, date]:
    """Return the first and the last day that a happening reaches; none after the period's end.

    Examples:
        >>> again = Happening(table="visits", reach=Reach.SINCE, dated="visited_on")
        >>> days = days_of(again, Side(counts="customers", earlier=12), read_period("2014-09"))
        >>> [str(day) for day in days]
        ['2013-10-01', '2014-09-30']
    """
    then = period.earlier(side.earlier)
    match happening.reach:
        case Reach.PERIOD:
            return period.start, period.end
        case Reach.EARLIER:
            return then.start, then.end
        case Reach.SINCE:
            return _next_day(then.end), period.end
        case Reach.ROLLING:
            assert happening.size is not None
            size = happening.size.value
            assert isinstance(size, int)
            before = months_before if happening.size.type.kind is Kind.MONTHS else days_before
            return _next_day(before(then.end, size)), then.end
        case _:
            assert_never(happening.reach)


def _next_day(day: date) -> date:
    return day + timedelta(days=1) if day < date.max else day


Group = "str | bool | int | Decimal | date | None"
"""A value of the column that a rate is broken down by; none where it is not recorded."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, and of how many more it is unknown whether they belong."""

    number: int = 0
    undecided: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted on one side of a rate: in all, and by group where a column was named.

    A customer stands in one group; a vehicle with owners in two groups counts in each, and once in all.
    """

    total: Count
    groups: Mapping[str | bool | int | Decimal | date | None, Count] = field(default_factory=dict)
