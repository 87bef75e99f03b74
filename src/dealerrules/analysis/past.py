"""Past: whether two versions of the policies come to the same on the days before, where levels are kept.

Place in the flow: below the analyser's space. That a level is kept is a fact that no one sees through: it is one fact in
two versions where both grant the same levels on the days before, and else two. What is known of the levels says which
of such facts follow from others.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from dealerrules.analysis.diagrams import TooLargeError
from dealerrules.expr import Reached, Transition, canonical, walk
from dealerrules.keeping import counted
from dealerrules.policy.model import EditionKey, Level, Named, Tier, digest, meanings
from dealerrules.values import days_before, months_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dealerrules.analysis.axes import Cell
    from dealerrules.expr import Expr
    from dealerrules.policy.model import Edition

    Granted = tuple[int, int]
    """Places of the level that is granted and of the best one that is possible; 0 is the best."""
    Together = Callable[[Edition, Edition, str], Iterable[tuple[Granted, Granted]]]
    """Tells which levels two versions of a tier may grant to one subject by their angles."""


def key_of(editions: Sequence[Edition], edition: Edition, root: Expr, together: Together) -> str:
    """Return what makes an expression one: two versions that read it so read the same fact.

    Args:
        editions: all versions that are looked at.
        edition: by which the expression is read.
        root: the expression, without facts (``resolved``).
        together: tells which levels two versions may grant to one subject.
    """
    reached = sorted((node for node in walk(root) if isinstance(node, Reached)), key=repr)
    return repr([canonical(root), *(_first_alike(editions, edition, node, together) for node in reached)])


def _first_alike(editions: Sequence[Edition], edition: Edition, expr: Reached, together: Together) -> int:
    """Return the place of the first version under which it comes to the same whether a level is kept."""
    return next(
        at
        for at, other in enumerate(editions)
        if other is edition
        or (
            follows(expr, expr, (other, edition), together)
            and follows(expr, expr, (edition, other), together)
        )
    )


def follows(one: Reached, other: Reached, homes: tuple[Edition, Edition], together: Together) -> bool:
    """Tell whether all who have a level kept, under the one version, are proved to have one kept under the other."""
    tiers = [home.decisions.get(one.decision) for home in homes]
    if one.decision != other.decision or not all(isinstance(each, Tier) and each.keeps for each in tiers):
        return False
    mine, theirs = (Looked(home, one.decision) for home in homes)
    if mine.held is not None and mine.held != theirs.held:
        return False
    counts = [months for looked in (mine, theirs) for months in looked.months(one, other)]
    first = days_before(months_before(max(home.start for home in homes), max(counts)), -1)  # that can count
    for day in sorted({max(first, cut) for looked in (mine, theirs) for cut in looked.cuts()}):
        then, there = mine.on(day), theirs.on(day)
        if then is not None and (
            there is None
            or not _covers(
                mine.counting(one, then), then, theirs.counting(other, there), there, one.decision, together
            )
        ):
            return False
    return True


class Looked:
    """By which version each day before is looked at, whether a level of a tier was reached on it."""

    def __init__(self, home: Edition, name: str) -> None:
        self.home = home
        tier = home.decisions[name]
        assert isinstance(tier, Tier)
        assert tier.keeps is not None
        self.transition = tier.keeps.transition
        self.spans: list[tuple[date, Edition]] = [(date.min, home)]
        self.held: object = None
        match self.transition:
            case Transition.KEEP_UNTIL_EXPIRY:
                self.spans = [(each.start, each) for each in _so_far(home)]
            case Transition.NEVER_LOWER_AT_SWITCH:
                began = _begin(home, name)
                self.spans = [(began.start, home)]
                self.held = past_of(home, name)[1:] or None
            case Transition.RE_EVALUATE:
                pass

    def on(self, day: date) -> Edition | None:
        """Return the version by which a day is looked at; none where it does not count."""
        found = [(start, each) for start, each in self.spans if start <= day]
        if not found:
            return None
        _, version = max(found, key=lambda each: each[0])
        return version if version is self.home or day <= version.end else None

    def cuts(self) -> Iterator[date]:
        """Yield the days from which another version counts, or none."""
        for start, each in self.spans:
            yield start
            if each is not self.home:
                yield days_before(each.end, -1)

    def months(self, *asked: Reached) -> Iterator[int]:
        """Yield for how many months levels count."""
        for _, each in self.spans:
            for expr in asked:
                yield from (months for _, months in self.counting(expr, each))

    def counting(self, expr: Reached, then: Edition) -> tuple[tuple[str, int], ...]:
        """Return for how many months levels count from a day under a version."""
        return counted(replace(expr, transition=self.transition), then)


def _covers(
    mine: Iterable[tuple[str, int]],
    then: Edition,
    theirs: Sequence[tuple[str, int]],
    there: Edition,
    name: str,
    together: Together,
) -> bool:
    """Tell whether each level that counts under one version means one that counts as long under another."""
    return all(
        any(
            months >= number and _reached_too(then, level, there, other, name, together)
            for other, months in theirs
        )
        for level, number in mine
    )


def _reached_too(one: Edition, level: str, other: Edition, lower: str, name: str, together: Together) -> bool:
    """Tell whether all who reach a level on a day by one version are proved to reach some level by another."""
    tiers = [each.decisions.get(name) for each in (one, other)]
    levels = [[each.id for each in tier.levels] for tier in tiers if isinstance(tier, Tier)]
    if len(levels) < len(tiers) or levels[0] != levels[1] or level not in levels[0] or lower not in levels[0]:
        return False
    high, low = levels[0].index(level), levels[0].index(lower)
    if one is other:
        return high <= low
    pairs = _pairs(EditionKey(one), EditionKey(other), name, together)
    return pairs is not None and all(
        their <= low for mine, theirs in pairs for my, their in zip(mine, theirs, strict=True) if my <= high
    )


@lru_cache(maxsize=256)
def _pairs(
    one: EditionKey, other: EditionKey, name: str, together: Together
) -> tuple[tuple[Granted, Granted], ...] | None:
    """Return which levels two versions may grant to one subject; none where that is too much to be told."""
    try:
        return tuple(together(one.edition, other.edition, name))
    except TooLargeError:
        return None


def stand_together(one: Cell, other: Cell) -> bool:
    """Tell whether values of two facts stand together, where the other follows from the one."""
    return not (one.sample is True and other.sample is False)


def past_of(edition: Edition, name: str) -> tuple[object, ...]:
    """Return what else than its own rules says which levels of a tier were reached on days before a version began.

    Nothing, where all days before are looked at by the version itself.
    """
    tier = edition.decisions.get(name)
    if not isinstance(tier, Tier) or tier.keeps is None:
        return ()
    began = _begin(edition, name)
    match tier.keeps.transition:
        case Transition.KEEP_UNTIL_EXPIRY:
            found = [
                (str(each.start), str(each.end), _means(each, name))
                for each in list(_so_far(edition))[1:]
                if _still_counts(edition, each, tier)
            ]
            return (str(edition.start), *found) if found or edition.start > edition.start.min else ()
        case Transition.NEVER_LOWER_AT_SWITCH if began.before is not None or began.start > began.start.min:
            eve = began.before
            held = () if eve is None else (_means(eve, name), past_of(eve, name))
            return (str(began.start), *held)
        case _:
            return ()


def _still_counts(edition: Edition, earlier: Edition, tier: Tier) -> bool:
    """Tell whether a level that was reached under an earlier version may still be kept when one begins."""
    longest = max(
        months
        for level in tier.levels[:-1]
        for reached in [edition.fact(tier.subject, tier.kept_fact(level.id)).expr]
        if isinstance(reached, Reached)
        for _, months in counted(reached, earlier)
    )
    return earlier.end > months_before(edition.start, longest)


def _means(edition: Edition, name: str) -> str:
    return digest(meanings(edition, [name])) if name in edition.decisions else ""


def _so_far(edition: Edition) -> Iterator[Edition]:
    """Yield an edition and those before it."""
    each: Edition | None = edition
    while each is not None:
        yield each
        each = each.before


def _begin(edition: Edition, name: str) -> Edition:
    """Return the first of the editions, up to one, under which a tier means the same."""
    found = edition
    for each in _so_far(edition):
        if _means(each, name) != _means(edition, name):
            break
        found = each
    return found


def reaching(edition: Edition, name: str) -> dict[str, object]:
    """Return what decides who reaches which level of a tier and how long it is kept, without what levels come with."""
    tier = edition.decisions[name]
    assert isinstance(tier, Tier)
    plain = replace(
        tier,
        levels=tuple(Level(id=level.id) for level in tier.levels),
        angles=tuple(Named(id=angle.id) for angle in tier.angles),
        rules=tuple(replace(rule, data=None) for rule in tier.rules),
        data=None,
    )
    return meanings(replace(edition, decisions={**edition.decisions, name: plain}), [name])


def switch(editions: Sequence[Edition], edition: Edition, name: str) -> date | None:
    """Return the day on which a tier of some policies began to mean what it means, if it meant something else before.

    Args:
        editions: all versions of the policies, in order.
        edition: one of them.
        name: of the tier.
    """
    at = next(place for place, each in enumerate(editions) if each is edition)
    began = edition
    for each in reversed(editions[:at]):
        if name in each.decisions:
            if _means(each, name) != _means(edition, name):
                return began.start
            began = each
    return None


def is_there_before(editions: Sequence[Edition], day: date, name: str) -> bool:
    """Tell whether some policies have a tier on the day before one, so that somebody may hold a level of it."""
    eve = days_before(day, 1)
    return any(each.start <= eve <= each.end and name in each.decisions for each in editions)
