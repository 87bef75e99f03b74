"""Turns: how days follow from a date: so many days or months after it, anniversaries, the next month, quarter or year.

Place in the flow: below ``edges``, which says which turns of which dates matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, assert_never

from dealerrules.values import days_before, months_before

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """The days that lie so many days after a date."""

    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Months:
    """The first days on which so many whole months have passed since a date."""

    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Every:
    """The first days on which a multiple of so many whole months has passed since a date."""

    months: int


@dataclass(frozen=True, slots=True)
class Next:
    """The first day of the next calendar year, quarter or month."""

    period: str


@dataclass(frozen=True, slots=True)
class Later:
    """The first days on which so many whole months have passed since the day before one of other turns."""

    turn: Turn
    numbers: frozenset[int]


Turn = Days | Months | Every | Next | Later


def turns(turn: Turn, day: date, first: date, last: date) -> Iterator[date]:
    """Yield the days, from `first` to `last`, that follow from a date.

    Examples:
        >>> list(turns(Months(frozenset({6})), date(2014, 8, 31), date(2015, 1, 1), date(2015, 12, 31)))
        [datetime.date(2015, 3, 1)]
        >>> list(turns(Next("quarter"), date(2014, 8, 31), date(2014, 9, 1), date(2015, 12, 31)))
        [datetime.date(2014, 10, 1)]
    """
    match turn:
        case Days(numbers=numbers):
            found = [day.toordinal() + number for number in numbers]
            yield from (
                date.fromordinal(each) for each in found if first.toordinal() <= each <= last.toordinal()
            )
        case Months(numbers=numbers):
            for number in numbers:
                full = months_full(day, number)
                if full is not None and first <= full <= last:
                    yield full
        case Every(months=size):
            least = _months_between(day, first) - 1
            for number in range(-(-least // size) * size, _months_between(day, last) + 2, size):
                yield from turns(Months(frozenset({number})), day, first, last)
        case Next(period=period):
            size = {"year": 12, "quarter": 3, "month": 1}[period]
            begins = (day.month - 1) // size * size + 1
            following = months_full(date(day.year, begins, 1), size)
            if following is not None and first <= following <= last:
                yield following
        case Later(turn=inner, numbers=numbers):
            for number in numbers:
                low, high = (
                    days_before(months_before(first, number), 3),
                    days_before(months_before(last, number), -4),
                )
                eves = [days_before(each, 1) for each in turns(inner, day, low, high)]
                fulls = [months_full(eve, number) for eve in eves]
                yield from (full for full in fulls if full is not None and first <= full <= last)
        case _:
            assert_never(turn)


def months_full(day: date, months: int) -> date | None:
    """Return the first day on which so many whole months have passed since a date; none past the end of time.

    A month without such a day is full on the first of the next one.

    Examples:
        >>> months_full(date(2014, 8, 31), 6), months_full(date(2014, 8, 28), 6)
        (datetime.date(2015, 3, 1), datetime.date(2015, 2, 28))
    """
    at = day.year * 12 + day.month - 1 + months
    try:
        return date(at // 12, at % 12 + 1, day.day)
    except (ValueError, OverflowError):  # no such day in that month, or no such year
        at += 1
        return date(at // 12, at % 12 + 1, 1) if 12 <= at < 120_000 else None


def _months_between(one: date, other: date) -> int:
    return (other.year - one.year) * 12 + other.month - one.month
