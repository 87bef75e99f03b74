"""Relations: which values of two facts cannot stand together, because both are read from the same events.

Place in the flow: the analyser's space leaves such points out, so that no finding is about a customer who cannot be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.expr import Aggregate, All, Constant, Elapse, Elapsed, Expr, Reduction, Window
from dealerrules.values import ABSENT, Kind

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
        found = _relation(first, second)
        if found is not None:
            return _turned(found) if turned else found
    return None


def _turned(found: Callable[[Cell, Cell], bool]) -> Callable[[Cell, Cell], bool]:
    return lambda first, second: found(second, first)


def _relation(one: Expr, other: Expr) -> Callable[[Cell, Cell], bool] | None:
    match one, other:
        case Aggregate(how=Reduction.COUNT), Aggregate(how=how) if how in _COUNTS and _inside(other, one):
            return _no_more  # `other` counts some of what `one` counts
        case Aggregate(how=Reduction.COUNT), Aggregate(how=Reduction.EVERY | Reduction.SOME) if _alike(
            one, other
        ):
            return _of_none if other.how is Reduction.EVERY else _some_of_none
        case Aggregate(how=Reduction.COUNT), Aggregate(how=how) if how in _ENDS and _alike(one, other):
            return _has_end
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
        and _tests(whole.where) <= _tests(part.where)
        and _shorter(part.within, whole.within)
    )


def _tests(where: Expr | None) -> frozenset[Expr]:
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


def _alike(one: Aggregate, other: Aggregate) -> bool:
    """Tell whether both look at the same events."""
    return _inside(one, other) and _inside(other, one)


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


def _has_end(count: Cell, end: Cell) -> bool:
    if count.sample is None or end.sample is None:
        return True
    if end.sample is ABSENT:
        return count.low == 0
    return count.high is None or count.high > 0


def _recent(count: Aggregate, elapsed: Elapsed, last: Aggregate) -> Callable[[Cell, Cell], bool] | None:
    """Return how a count within a window goes with the time since the latest of the same events."""
    if count.after is not None or last.after is not None or last.within is not None:
        return None
    same = _tests(count.where) == _tests(last.where)
    if not same and not _tests(last.where) <= _tests(count.where):
        return None
    window = count.within
    if window is None:
        limit = None
    elif window.size is None or elapsed.how not in _OF_KIND.get(window.size.type.kind, ()):
        return None
    else:
        limit = _size(window.size)

    def fits(counted: Cell, since: Cell) -> bool:
        if counted.sample is None or since.sample is None:
            return True
        outside = since.sample is ABSENT or (
            limit is not None and since.low is not None and since.low >= limit
        )
        inside = since.sample is not ABSENT and (
            limit is None or (since.high is not None and since.high < limit)
        )
        if outside and counted.low not in (0, None):
            return False
        return not (inside and same and _none_at_all(counted))

    return fits


_OF_KIND = {
    Kind.MONTHS: (Elapse.MONTHS_SINCE,),
    Kind.DAYS: (Elapse.DAYS_SINCE,),
}
