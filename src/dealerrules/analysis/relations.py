"""Relations: which values of two facts cannot stand together, because both are read from the same events.

Place in the flow: the analyser's space leaves such points out, so that no finding is about a customer who cannot be.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from dealerrules.expr import Aggregate, All, Constant, Elapse, Elapsed, Expr, Reduction, Window, type_of
from dealerrules.values import ABSENT, Kind, months_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealerrules.analysis.axes import Cell

Related = "Callable[[Cell, Cell], bool]"
_COUNTS = frozenset({Reduction.COUNT, Reduction.DISTINCT})
_ENDS = frozenset({Reduction.LATEST, Reduction.EARLIEST})


def relation(one: Expr, other: Expr) -> Callable[[Cell, Cell], bool] | None:
    """Return which cells of two axes can stand together; none where nothing is known of it.

    Both are expressions without facts (``resolved``). What is not recorded can stand beside anything.
    """
    for first, second, turned in ((one, other, False), (other, one, True)):
        found = _relation(first, second) or _moments(first, second)
        if found is not None:
            return _turned(found) if turned else found
    return None


def _turned(found: Callable[[Cell, Cell], bool]) -> Callable[[Cell, Cell], bool]:
    return lambda first, second: found(second, first)


def _relation(one: Expr, other: Expr) -> Callable[[Cell, Cell], bool] | None:
    match one, other:
        case Aggregate(how=Reduction.COUNT), Aggregate(how=how) if how in _COUNTS and _inside(other, one):
            return _no_more  # `other` counts some of what `one` counts
        case Aggregate(how=Reduction.COUNT), Aggregate(how=how) if how in _OF_NONE and _inside(other, one):
            return _OF_NONE[how]
        case Aggregate(how=Reduction.COUNT), Aggregate(how=how) if how in _ENDS and other.table == one.table:
            return _has_end(whole=_inside(other, one), part=_inside(one, other))
        case Aggregate(how=Reduction.COUNT), Elapsed(item=Aggregate(how=Reduction.LATEST, take=None) as last):
            return _recent(one, other, last)
        case _:
            return None


def _inside(part: Aggregate, whole: Aggregate) -> bool:
    """Tell whether every event of `part` is one of `whole`."""
    return (
        part.table == whole.table
        and part.after is None
        and whole.after is None
        and tests_of(whole.where) <= tests_of(part.where)
        and _shorter(part.within, whole.within)
    )


def tests_of(where: Expr | None) -> frozenset[Expr]:
    """Return the conditions that must all hold of an event; none where any event will do."""
    if where is None:
        return frozenset()
    return frozenset(where.items) if isinstance(where, All) else frozenset({where})


def _shorter(part: Window | None, whole: Window | None) -> bool:
    if whole is None or part == whole:
        return True
    if part is None:
        return False
    if part.size is None or whole.size is None:
        order = ["month", "quarter", "year"]
        return (
            part.period in order
            and whole.period in order
            and order.index(part.period) <= order.index(whole.period)
        )
    return part.size.type == whole.size.type and _size(part.size) <= _size(whole.size)


def _size(size: Constant) -> int:
    assert isinstance(size.value, int)
    return size.value


def _no_more(whole: Cell, part: Cell) -> bool:
    if whole.sample is None or part.sample is None or part.low is None:
        return True
    return whole.high is None or part.low <= whole.high


def _none_at_all(count: Cell) -> bool:
    return count.sample == 0 and count.high == 0


def _of_none(count: Cell, every: Cell) -> bool:
    return not (_none_at_all(count) and every.sample is False)


def _some_of_none(count: Cell, some: Cell) -> bool:
    return not (_none_at_all(count) and some.sample is True)


def _nothing_added(count: Cell, total: Cell) -> bool:
    return not (_none_at_all(count) and total.low is not None and total.low > 0)


_OF_NONE = {Reduction.EVERY: _of_none, Reduction.SOME: _some_of_none, Reduction.SUM: _nothing_added}
"""What holds of no events at all."""


def _has_end(*, whole: bool, part: bool) -> Callable[[Cell, Cell], bool] | None:
    """Return how a count goes with the first or last of events: those it counts the `whole` of, or a `part`."""
    if not whole and not part:
        return None

    def fits(count: Cell, end: Cell) -> bool:
        if count.sample is None or end.sample is None:
            return True
        if end.sample is ABSENT:
            return not part or count.low == 0
        return not whole or count.high is None or count.high > 0

    return fits


def _recent(count: Aggregate, elapsed: Elapsed, last: Aggregate) -> Callable[[Cell, Cell], bool] | None:
    """Return how a count within a window goes with the time since the latest of the same events."""
    if count.after is not None or last.after is not None or last.within is not None:
        return None
    if count.table != last.table:
        return None
    whole = tests_of(count.where) <= tests_of(last.where)
    part = tests_of(last.where) <= tests_of(count.where)
    if not whole and not part:
        return None
    window = count.within
    if window is None:
        begins = (0, 0)
    elif window.size is None or elapsed.how is Elapse.DAYS_UNTIL:
        return None
    else:
        begins = _in_unit(window.size, elapsed.how)

    def fits(counted: Cell, since: Cell) -> bool:
        if counted.sample is None or since.sample is None:
            return True
        outside = since.sample is ABSENT or (
            window is not None and since.low is not None and since.low >= begins[1]
        )
        inside = since.sample is not ABSENT and (
            window is None or (since.high is not None and since.high < begins[0])
        )
        if outside and part and counted.low not in (0, None):
            return False
        return not (inside and whole and _none_at_all(counted))

    return fits


def _in_unit(size: Constant, how: Elapse) -> tuple[int, int]:
    """Return a window's size in months or days: below the first surely within, from the second surely outside."""
    number = _size(size)
    if size.type.kind is (Kind.MONTHS if how is Elapse.MONTHS_SINCE else Kind.DAYS):
        return number, number
    if how is Elapse.DAYS_SINCE:
        return days_of(number)
    months = range(number // 28 + 2)
    inside = sum(days_of(month + 1)[1] <= number for month in months)
    return inside, sum(days_of(month)[0] < number for month in months)


# ---------------------------------------------------------------------------------------------------
# Days on which something happened, and the time since


def _moments(one: Expr, other: Expr) -> Callable[[Cell, Cell], bool] | None:
    """Return how the days (or the time since the days) go together on which something happened."""
    first, second = _day(one), _day(other)
    if first is None or second is None:
        return None
    if first == second:
        return _same_day(one, other)
    match first, second:
        case Aggregate(how=Reduction.LATEST, take=None), Aggregate(how=how, take=None) if (
            how in _ENDS and _inside(second, first)
        ):
            return _not_before(one, other, alike=_inside(first, second))
        case Aggregate(how=how, take=None), Aggregate(how=Reduction.EARLIEST, take=None) if (
            how in _ENDS and _inside(first, second)
        ):
            return _not_before(one, other, alike=_inside(second, first), whole_is_first=False)
        case _:
            return None


def _day(expr: Expr) -> Expr | None:
    """Return the day that an axis is about: itself, or the one that time is measured from."""
    if isinstance(expr, Elapsed):
        return expr.item
    return expr if type_of(expr).kind is Kind.DATE else None


def _there(cell: Cell) -> bool | None:
    return None if cell.sample is None else cell.sample is not ABSENT


def _same_day(one: Expr, other: Expr) -> Callable[[Cell, Cell], bool]:
    """The day and the times since it: there is all of them or none, and they say the same."""
    first, second = (expr.how if isinstance(expr, Elapsed) else None for expr in (one, other))

    def fits(mine: Cell, its: Cell) -> bool:
        if not (_there(mine) and _there(its)):
            return _there(mine) is _there(its)
        here, there = (
            _turned_round(cell) if how is Elapse.DAYS_UNTIL else cell
            for cell, how in ((mine, first), (its, second))
        )
        if first is None or second is None:
            return True
        if first is Elapse.MONTHS_SINCE:
            return _as_long(here, there)
        return _as_long(there, here) if second is Elapse.MONTHS_SINCE else _meet(here, there)

    return fits


def _turned_round(until: Cell) -> Cell:
    """Return the days until a day as the days since it."""
    low, high = (None if end is None else -end for end in (until.high, until.low))
    return replace(until, low=low, high=high)


def _meet(one: Cell, other: Cell) -> bool:
    below = one.low is None or other.high is None or one.low <= other.high
    return below and (other.low is None or one.high is None or other.low <= one.high)


def _as_long(months: Cell, days: Cell) -> bool:
    if months.low is not None and days.high is not None:
        fewest = days_of(int(months.low))[0] if months.low >= 0 else None
        if fewest is not None and days.high < fewest:
            return False
    if months.high is not None and days.low is not None:
        return days.low < (days_of(int(months.high) + 1)[1] if months.high >= 0 else 0)
    return True


def _not_before(
    one: Expr, other: Expr, *, alike: bool, whole_is_first: bool = True
) -> Callable[[Cell, Cell], bool]:
    """`one` is the later of the two, or the same day; where the part has happened, so has the whole."""
    since = _unit(one) is not None and _unit(one) is _unit(other)
    dates = not isinstance(one, Elapsed) and not isinstance(other, Elapsed)

    def fits(later: Cell, earlier: Cell) -> bool:
        whole, part = (later, earlier) if whole_is_first else (earlier, later)
        if _there(whole) is False and _there(part):
            return False
        if alike and _there(part) is False and _there(whole):
            return False
        if not (_there(later) and _there(earlier)):
            return True
        low, high = (later.low, earlier.high) if since else (earlier.low, later.high)
        return not (since or dates) or low is None or high is None or low <= high

    return fits


def _unit(expr: Expr) -> Elapse | None:
    found = expr.how if isinstance(expr, Elapsed) else None
    return None if found is Elapse.DAYS_UNTIL else found


_YEARS = (*range(2000, 2008), *range(2096, 2108))
"""Of days from which months are counted back: with every leap year, and with the one that 2100 is not."""
_LONG = 1200
"""Months beyond which a rough answer will do."""


@cache
def days_of(months: int) -> tuple[int, int]:
    """Return the fewest and the most days that so many months can have.

    Examples:
        >>> days_of(1), days_of(12)
        ((28, 31), (365, 366))
    """
    if months > _LONG:
        return months * 30, months * 31
    lengths = {
        (day - months_before(day, months)).days
        for year in _YEARS
        for month in range(1, 13)
        for last in [monthrange(year, month)[1]]
        for day in (date(year, month, 1), *(date(year, month, late) for late in range(29, last + 1)))
    }
    return min(lengths), max(lengths)
