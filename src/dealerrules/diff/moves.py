"""Moves: the inputs for which a decision moved from one answer to another, as sets, with what either answer was given.

Place in the flow: below ``regions``. The analyser tells every difference apart; what people would call one move (a level
that is granted, whatever is still open) is put together here, and levels by angle are looked at where the level stays.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealerrules.analysis.answers import Asked, Key, content, levels
from dealerrules.analysis.diagrams import EMPTY
from dealerrules.diff.examples import Tests
from dealerrules.policy.model import Hit, Rules, Tier
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.analysis.comparing import Change, Difference
    from dealerrules.diff.examples import Test
    from dealerrules.engines.row import Decided
    from dealerrules.policy.model import AnyDecision, Edition, Named


@dataclass(frozen=True, slots=True)
class Move:
    """Inputs for which one answer became another.

    Attributes:
        old: what was said; none where a row that is collected was not given.
        new: what is said now.
        region: the inputs.
        had: all inputs that had the old answer.
        has: all inputs that have the new one; both are everything for a row that is collected.
        tests: whether a decision says so.
        angle: of a tier, the angle by which the level moved, while the level over all angles stays.
    """

    old: Key | None
    new: Key | None
    region: int
    had: int
    has: int
    tests: Tests
    angle: Named | None = None

    @property
    def stays(self) -> bool:
        """Whether the answer has the same name: only its status is another, or what comes with it."""
        return self.old is not None and self.new is not None and self.old.answer == self.new.answer

    @property
    def says(self) -> str:
        """What a row that is collected gives."""
        return (self.old or self.new or Key(Status.DECIDED)).says


class Moves:
    """What moved, of one decision under two editions."""

    def __init__(self, found: Difference, editions: tuple[Edition, Edition], name: str) -> None:
        self.found, self.space, self.editions, self.name = found, found.space, editions, name
        self.models: tuple[AnyDecision, AnyDecision] = (
            editions[0].decisions[name],
            editions[1].decisions[name],
        )

    @property
    def by_row(self) -> bool:
        """Whether rows are looked at one by one."""
        return all(isinstance(each, Rules) and each.hit is Hit.COLLECT for each in self.models)

    def all(self) -> Iterator[Move]:
        """Yield every move; together they hold all inputs for which the answer differs."""
        if isinstance(self.models[0], Tier) and isinstance(self.models[1], Tier):
            yield from self._levels()
            yield from self._angles(self.models[0], self.models[1])
        else:
            for change in self.found.regions:
                yield self._move([change])

    def _levels(self) -> Iterator[Move]:
        """Yield the moves of levels, whatever is open; where the level stays, by what is open."""
        groups: dict[tuple[object, ...], list[Change]] = defaultdict(list)
        for change in self.found.regions:
            assert change.old is not None
            assert change.new is not None
            pair: tuple[object, ...] = (change.old.answer, change.new.answer)
            if change.old.answer == change.new.answer:
                pair = (*pair, change.old.status, change.new.status)
            groups[pair].append(change)
        for group in groups.values():
            yield self._move(sorted(group, key=_open))

    def _move(self, group: list[Change]) -> Move:
        """Return changes as one move; the first is the plainest."""
        sets, first = self.space.sets, group[0]
        had = has = self.space.possible
        keys = (first.old, first.new)
        stays = first.old is not None and first.new is not None and first.old.answer == first.new.answer
        if not self.by_row:
            had, has = (
                sets.any_of(
                    [
                        region
                        for key, region in self.space.answers(at, self.name).items()
                        if self._same(key, wanted, stays=stays)
                    ]
                )
                for at, wanted in enumerate(keys)
            )
        says = (first.old or first.new or Key(Status.DECIDED)).says
        tests = [
            _matches(edition, model, key, says, settled=stays)
            for edition, model, key in zip(self.editions, self.models, keys, strict=True)
        ]
        region = sets.any_of([each.region for each in group])
        return Move(first.old, first.new, region, had, has, Tests(tests[0], tests[1]))

    def _same(self, key: Key, wanted: Key | None, *, stays: bool) -> bool:
        if isinstance(self.models[0], Tier) and not stays:
            return wanted is not None and key.answer == wanted.answer
        return key == wanted

    def _angles(self, was: Tier, now: Tier) -> Iterator[Move]:
        """Yield where only the level by one angle is another, while the level stays."""
        sets, space = self.space.sets, self.space
        told = sets.any_of(
            [
                each.region
                for each in self.found.regions
                if each.old and each.new and each.old.answer != each.new.answer
            ]
        )
        shared = {angle.id for angle in was.angles} & {angle.id for angle in now.angles}
        for angle in (each for each in now.angles if each.id in shared):
            sides: list[dict[str, int]] = [{}, {}]
            for at, (edition, tier) in enumerate(zip(self.editions, (was, now), strict=True)):
                asked = Asked(edition, sets, lambda expr, at=at: space.truth(at, expr))  # type: ignore[misc]
                for (granted, _), region in levels(asked, tier, angle.id).items():
                    level = tier.levels[granted].id
                    sides[at][level] = sets.either(sides[at].get(level, EMPTY), region)
            for level, had in sides[0].items():
                for other, has in sides[1].items():
                    region = sets.minus(sets.both(had, has), told)
                    if level != other and not space.is_empty(region):
                        keys = Key(Status.DECIDED, level), Key(Status.DECIDED, other)
                        tests = Tests(_by_angle(angle.id, level), _by_angle(angle.id, other), level=True)
                        yield Move(*keys, region, had, has, tests, angle)


def _by_angle(angle: str, level: str) -> Test:
    """Return the test whether a level is granted by an angle."""
    return lambda decided: decided.verdict.angles.get(angle) == level


def _matches(edition: Edition, decision: AnyDecision, key: Key | None, says: str, *, settled: bool) -> Test:
    """Return the test whether a decision says what was found; `says` is the content of a row that is collected."""
    if isinstance(decision, Rules) and decision.hit is Hit.COLLECT:
        rows = {row for row in decision.order if content(edition, decision, decision.cells[row]) == says}
        return lambda decided: _row_state(decided, rows) == (key.status if key is not None else None)

    def test(decided: Decided) -> bool:
        found = decided.verdict
        assert key is not None
        if isinstance(decision, Tier):
            return found.answer == key.answer and (not settled or found.status is key.status)
        if found.status is not key.status:
            return False
        if key.status is Status.UNDEFINED:
            code = "unknown_facts" if key.answer == "unknown" else key.answer
            return found.reason is not None and found.reason.code == code
        if isinstance(decision, Rules) and key.status is Status.DECIDED:
            return found.cells is not None and content(edition, decision, found.cells) == key.says
        return key.status is not Status.DECIDED or found.answer == key.answer

    return test


def _row_state(decided: Decided, rows: set[str]) -> Status | None:
    """Return whether what some rows of a collecting table say is given; none where it is not."""
    places = [at for at, rule in enumerate(decided.decision.rules) if rule.id in rows]
    if any(decided.true >> at & 1 for at in places):
        return Status.DECIDED
    return Status.UNDETERMINED if any(decided.unknown >> at & 1 for at in places) else None


def _open(change: Change) -> int:
    """Return how many sides of a change are not settled."""
    return sum(key is None or key.status is not Status.DECIDED for key in (change.old, change.new))
