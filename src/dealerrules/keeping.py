"""Keeping: on which days before a tier has to be looked at, and whether a level reached on one of them is still kept.

Place in the flow: beside ``edges``, for all engines. An engine says which level a subject had on a day; which days these
are, by which version of the policy each is looked at, and how long a level counts from it, is said here alone. So the
level that is held on a day is a function of the record and the day: nothing is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, assert_never

from dealerrules.edges import Finder, edge_days
from dealerrules.expr import Reached, Transition
from dealerrules.policy.model import EditionKey, Tier, digest, meanings
from dealerrules.turns import ONE, months_full
from dealerrules.values import days_before, kleene_any, months_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dealerrules.edges import Clock
    from dealerrules.policy.model import Edition
    from dealerrules.records import Record
    from dealerrules.values import Truth


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which a tier is looked at under one version of the policies.

    Where `held` is set it is one look, at the level that was held on `first`, the last day of the version before; that
    counts as reached on the day after.
    """

    edition: Edition
    first: date
    last: date
    held: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a tier came to from one day to another, as places in its present levels (0 is best).

    Attributes:
        first: the first of the days.
        last: the last of the days; on it a level was reached for the last time.
        sure: the level that was granted.
        best: the best level that was possible.
        stretch: where the days belong.
    """

    first: date
    last: date
    sure: int
    best: int
    stretch: Stretch


Granted = tuple[str, ...]
"""The levels that are possible, best first; the last of them is granted."""


def stretches(
    edition: Edition, asked: Sequence[Reached], as_of: date, since: date | None = None
) -> Iterator[Stretch]:
    """Yield the stretches of days that count for levels of a tier as of a day; what lies before them is over.

    Args:
        edition: in force on the day.
        asked: what is asked of one tier.
        as_of: the day; the last one, where several are asked about.
        since: the first of several days.
    """
    for each in _versions(edition, asked[0]):
        months = max(number for expr in asked for _, number in counted(expr, each.edition))
        first = days_before(months_before(since or as_of, months), -1)  # the first day that can count
        if each.held:
            if first <= days_before(each.last, -1) <= as_of:
                yield each
            continue
        cut = replace(each, first=max(first, each.first), last=min(days_before(as_of, 1), each.last))
        if cut.first <= cut.last:
            yield cut


def _versions(edition: Edition, expr: Reached) -> Iterator[Stretch]:
    """Yield all the days that a transition lets count, the edition's own first."""
    match expr.transition:
        case Transition.RE_EVALUATE:
            found = [Stretch(edition, date.min, date.max)]
        case Transition.KEEP_UNTIL_EXPIRY:
            found = [Stretch(each, each.start, each.end) for each in _so_far(edition)]
        case Transition.NEVER_LOWER_AT_SWITCH:
            began = _begin_of(edition, expr.decision)
            found = [Stretch(edition, began.start, date.max)]
            eve = days_before(began.start, 1)
            if began.before is not None and eve <= began.before.end:
                found.append(Stretch(began.before, eve, eve, held=True))
        case _:
            assert_never(expr.transition)
    yield from (each for each in found if isinstance(each.edition.decisions.get(expr.decision), Tier))


def counted(expr: Reached, edition: Edition) -> tuple[tuple[str, int], ...]:
    """Return which levels count for how many months, where they were reached under an edition.

    What is kept until it expires is kept as long as the version said under which it was reached, if that kept levels.
    """
    tier = edition.decisions.get(expr.decision)
    if expr.transition is Transition.KEEP_UNTIL_EXPIRY and isinstance(tier, Tier) and tier.keeps is not None:
        definition = edition.facts[tier.subject].get(tier.kept_fact(expr.levels[0][0]))
        if definition is not None and isinstance(definition.expr, Reached):
            return definition.expr.levels
    return expr.levels


def _so_far(edition: Edition) -> Iterator[Edition]:
    """Yield an edition and those before it."""
    each: Edition | None = edition
    while each is not None:
        yield each
        each = each.before


def _begin_of(edition: Edition, name: str) -> Edition:
    """Return the first of the editions, up to one, under which a tier means the same."""
    *_, first = takewhile(
        lambda each: _same_meaning(EditionKey(edition), EditionKey(each), name), _so_far(edition)
    )
    return first


@lru_cache(maxsize=1024)
def _same_meaning(one: EditionKey, other: EditionKey, name: str) -> bool:
    if name not in other.edition.decisions:
        return False
    return digest(meanings(one.edition, [name])) == digest(meanings(other.edition, [name]))


def editions_of(edition: Edition, expr: Reached) -> Iterator[tuple[Edition, bool]]:
    """Yield the editions under which a tier may be looked at, each with whether it is for the level that was held."""
    yield from ((each.edition, each.held) for each in _versions(edition, expr))


def looks(
    edition: Edition,
    subject: str,
    asked: Sequence[Reached],
    record: Record,
    as_of: date,
    level_on: Callable[[Edition, date, bool], Granted],
) -> tuple[Look, ...]:
    """Return what a tier came to on the days before, the latest first.

    Args:
        edition: in force on the day.
        subject: of the tier.
        asked: what is asked of the tier.
        record: the subject's.
        as_of: the day.
        level_on: tells the level under an edition on a day: the one that is held, or the one that the rules of the tier's
            angles grant.
    """
    name = asked[0].decision
    tier = edition.decisions[name]
    assert isinstance(tier, Tier)
    place = {level.id: at for at, level in enumerate(tier.levels)}
    lowest = len(tier.levels) - 1  # a level that there is no more counts as nothing
    found: list[Look] = []
    for stretch in stretches(edition, asked, as_of):
        spans = [(stretch.first, stretch.last)] if stretch.held else segments(stretch, subject, name, record)
        for first, last in spans:
            possible = [place.get(level, lowest) for level in level_on(stretch.edition, first, stretch.held)]
            reached_on = days_before(last, -1) if stretch.held else last
            found.append(Look(first, reached_on, possible[-1], min(possible), stretch))
    return tuple(sorted(found, key=lambda look: look.last, reverse=True))


def segments(stretch: Stretch, subject: str, name: str, record: Record) -> Iterator[tuple[date, date]]:
    """Yield the first and last days between which the level stays what it is."""
    days = edge_days(
        past_clocks(EditionKey(stretch.edition), subject, name), record, {}, stretch.first + ONE, stretch.last
    )
    starts = [stretch.first, *sorted(days)]
    for at, start in enumerate(starts):
        yield start, starts[at + 1] - ONE if at + 1 < len(starts) else stretch.last


@lru_cache(maxsize=256)
def past_clocks(key: EditionKey, subject: str, name: str) -> frozenset[Clock]:
    """Return what changes the level that a tier's angles grant, on days gone by."""
    tier = key.edition.decisions[name]
    assert isinstance(tier, Tier)
    return frozenset(Finder(key.edition.earning(name), subject, frozenset()).past(tier.earned))


def is_kept(tier: Tier, expr: Reached, found: Iterable[Look], as_of: date) -> Truth:
    """Tell whether one of some levels was reached so lately that it is kept."""
    return kleene_any(
        [
            True if look.sure <= place else None
            for look in found
            for place, months in _counting(tier, expr, look)
            if look.best <= place and look.last > months_before(as_of, months)
        ]
    )


def _counting(tier: Tier, expr: Reached, look: Look) -> Iterator[tuple[int, int]]:
    """Yield the places of the levels that count for so many months from a look."""
    place = {level.id: at for at, level in enumerate(tier.levels)}
    for level, months in counted(expr, look.stretch.edition):
        if level in place:
            yield place[level], months


@dataclass(frozen=True, slots=True)
class Kept:
    """A level that is kept, and since and until when.

    Attributes:
        level: the level that was reached; where levels fall one by one the one that is held may be lower.
        reached_on: the last day on which it was reached.
        until: the first day on which it is kept no longer, if nothing more is done.
        because: the rules that granted it on that day; none where it was itself kept on it.
    """

    level: str
    reached_on: date
    until: date
    because: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, str | list[str]]:
        """Return it as plain JSON values."""
        return {
            "level": self.level,
            "reached_on": self.reached_on.isoformat(),
            "until": self.until.isoformat(),
            "because": list(self.because),
        }


def kept_since(tier: Tier, expr: Reached, found: Iterable[Look], as_of: date) -> tuple[Look, Kept] | None:
    """Return the look by which a level is kept the longest, and what to tell of it; none where it is not surely kept."""
    best: tuple[date, Look] | None = None
    for look in found:
        for place, months in _counting(tier, expr, look):
            until = months_full(look.last, months) or date.max
            if look.sure <= place and until > as_of and (best is None or until > best[0]):
                best = until, look
    if best is None:
        return None
    until, look = best
    return look, Kept(level=tier.levels[look.sure].id, reached_on=look.last, until=until)
