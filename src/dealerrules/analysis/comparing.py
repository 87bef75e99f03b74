"""Comparing: for which inputs two versions of a decision answer differently; none is the proof that they are the same.

Place in the flow: the analyser's answer to `diff`, and to whether a changed policy can be told from the one before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealerrules.analysis.answers import Key, content
from dealerrules.analysis.axes import resolved
from dealerrules.analysis.diagrams import EMPTY
from dealerrules.analysis.space import Space
from dealerrules.policy.model import Hit, Rules, Tier, meaning_of
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.policy.model import AnyDecision, Edition


@dataclass(frozen=True, slots=True)
class Change:
    """Inputs for which the answer changes: what was said there, what is said now, and the set of them.

    For a table that collects rows, what one row says is looked at alone: ``None`` is a row that does not answer.
    """

    old: Key | None
    new: Key | None
    region: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two versions of a decision differ; nowhere when there are no regions."""

    space: Space
    regions: tuple[Change, ...]


def differing(old: Edition, new: Edition, name: str, *, unknown: bool = True) -> Difference:
    """Return for which inputs a decision answers differently under two editions that both have it.

    Args:
        old: the one edition.
        new: the other.
        name: a decision of both, of the same subject.
        unknown: whether inputs on which something is not recorded are compared too.

    Raises:
        TooLargeError: when there are too many conditions to be told apart.
    """
    before, after = old.decisions[name], new.decisions[name]
    space = Space.of([old, new], before.subject, [name], unknown=unknown)
    if _collects(before) and _collects(after):
        changes = list(_by_row(space, before, after))
    else:
        changes = [
            Change(was, now, region)
            for was, first in space.answers(0, name).items()
            for now, second in space.answers(1, name).items()
            if was != now and not space.is_empty(region := space.both(first, second))
        ]
    return Difference(space, tuple(changes))


def _collects(decision: AnyDecision) -> bool:
    return isinstance(decision, Rules) and decision.hit is Hit.COLLECT


def _by_row(space: Space, before: AnyDecision, after: AnyDecision) -> Iterator[Change]:
    """Yield where what some row says is said under one edition only: rows of a collecting table add up."""
    sides = []
    for at, table in enumerate((before, after)):
        assert isinstance(table, Rules)
        edition = space.editions[at]
        said: dict[str, list[str]] = defaultdict(list)
        for row in table.order:
            said[content(edition, table, table.cells[row])].append(row)
        sides.append((table, said))
    for says in dict.fromkeys([*sides[0][1], *sides[1][1]]):
        regions = []
        for at, (table, said) in enumerate(sides):
            rows = tuple(said.get(says, ()))
            truths = [space.rule(at, table.rule(row)) for row in rows]
            true = space.sets.any_of([each.true for each in truths])
            false = space.sets.all_of([each.false for each in truths])
            open_ = space.sets.negate(space.either(true, false))
            shown = ", ".join(rows)
            regions.append(
                {
                    Key(Status.DECIDED, shown, says, rows): true,
                    Key(Status.UNDETERMINED, shown, says, rows): open_,
                    None: false,
                }
            )
        for was, first in regions[0].items():
            for now, second in regions[1].items():
                same = was is now or (was is not None and now is not None and was.status is now.status)
                if not same and not space.is_empty(region := space.both(first, second)):
                    yield Change(was, now, region)
    otherwise = [
        (meaning_of(table.otherwise), space.sets.all_of([space.rule(at, rule).false for rule in table.rules]))
        for at, (table, _) in enumerate(sides)
    ]
    if otherwise[0][0] != otherwise[1][0]:
        region = space.both(otherwise[0][1], otherwise[1][1])
        if not space.is_empty(region):
            yield Change(Key(Status.DECIDED, "otherwise", "0"), Key(Status.DECIDED, "otherwise", "1"), region)


def equivalent(old: Edition, new: Edition, name: str) -> bool:
    """Tell whether two versions of a decision are provably the same in everything that an outcome shows.

    Not only the answer: each rule, by its id, must hold for the same inputs, unknown ones too, and grant the same.

    Raises:
        TooLargeError: when there are too many conditions to be told apart.
    """
    before, after = old.decisions.get(name), new.decisions.get(name)
    if before is None or after is None:
        return before is after
    if _without_conditions(old, before) != _without_conditions(new, after) or old.items != new.items:
        return False
    space = Space.of([old, new], before.subject, [name], unknown=True)
    return all(
        space.is_empty(_unlike(space.rule(0, one).true, space.rule(1, other).true, space))
        and space.is_empty(_unlike(space.rule(0, one).false, space.rule(1, other).false, space))
        for one, other in zip(before.rules, after.rules, strict=True)
    )


def _unlike(one: int, other: int, space: Space) -> int:
    return EMPTY if one == other else space.either(space.minus(one, other), space.minus(other, one))


def _without_conditions(edition: Edition, decision: AnyDecision) -> object:
    """Return what a decision means beside when its rules hold, with the facts that it measures and pays by."""
    rules = [[rule.id, rule.answer, rule.angle, meaning_of(rule.data)] for rule in decision.rules]
    rest = {
        name: meaning_of(_defined(getattr(decision, name), edition, decision.subject))
        for name in decision.__dataclass_fields__
        if name not in {"rules", "title", "clause", "place", "policy", "keeps"}
    }
    if isinstance(decision, Tier):
        rest["angles"] = sorted(angle.id for angle in decision.angles)
    return [decision.kind, rules, rest]


def _defined(part: object, edition: Edition, subject: str) -> object:
    """Return a part of a decision with every fact in it replaced by its definition."""
    if isinstance(part, Mapping):
        return {key: _defined(value, edition, subject) for key, value in part.items()}
    return resolved(part, edition, subject)
