"""Intervals: two books laid side by side in time, cut where either of them begins to mean something else.

Place in the flow: first of all. Versions stand side by side in a book, so an edit may change what holds from a day on;
what is said of a stretch of time is said once, for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING

from dealerrules.analysis.past import past_of
from dealerrules.policy.model import Edition, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time, both ends inclusive, with what is in force in it by the old and by the new book."""

    start: date
    end: date
    old: Edition | None
    new: Edition | None


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time in which something holds, both ends inclusive."""

    start: date
    end: date

    def to_dict(self) -> dict[str, str | None]:
        """Return it as plain JSON values; an end that is open is none."""
        return {
            "from": self.start.isoformat() if self.start > date.min else None,
            "until": self.end.isoformat() if self.end < date.max else None,
        }


def intervals(old: Sequence[Edition], new: Sequence[Edition]) -> tuple[Interval, ...]:
    """Return time cut where either side changes its meaning, without the stretches where nothing is in force."""
    starts = {each.start for each in (*old, *new)}
    starts |= {each.end + timedelta(days=1) for each in (*old, *new) if each.end < date.max}
    ordered = sorted(starts)
    found: list[Interval] = []
    for start, following in zip_longest(ordered, ordered[1:]):
        end = following - timedelta(days=1) if following is not None else date.max
        before, after = _in_force(old, start), _in_force(new, start)
        if before is None and after is None:
            continue
        last = found[-1] if found else None
        if (
            last is not None
            and last.end + timedelta(days=1) == start
            and _same(last.old, before)
            and _same(last.new, after)
        ):
            found[-1] = Interval(last.start, end, before, after)
        else:
            found.append(Interval(start, end, before, after))
    return tuple(found)


def _in_force(editions: Iterable[Edition], day: date) -> Edition | None:
    return next((each for each in editions if each.start <= day <= each.end), None)


def _same(one: Edition | None, other: Edition | None) -> bool:
    """Tell whether two editions say the same, whenever they hold."""
    if one is None or other is None:
        return one is other
    return one is other or (meaning(one) == meaning(other) and _past(one) == _past(other))


def _past(edition: Edition) -> dict[str, tuple[object, ...]]:
    """Return what else says, beside an edition, which levels were reached on the days before it."""
    return {name: past_of(edition, name) for name in edition.decisions}


def meaning(edition: Edition) -> str:
    """Return a digest of what an edition says, whenever it holds."""
    return fingerprint((replace(edition, start=date.min, end=date.max),))


def spans(where: Sequence[Interval], everywhere: Sequence[Interval]) -> tuple[Span, ...]:
    """Return when something holds; nothing where that is whenever there are policies on both sides."""
    shared = [each for each in everywhere if each.old is not None and each.new is not None]
    if shared and all(each in where for each in shared):
        where = [each for each in where if each not in shared]
        if not where:
            return ()
        where = sorted([*where, *shared], key=lambda each: each.start)
    found: list[Span] = []
    for each in where:
        if found and found[-1].end + timedelta(days=1) == each.start:
            found[-1] = Span(found[-1].start, each.end)
        else:
            found.append(Span(each.start, each.end))
    return tuple(found)
