"""Hanging on the day: the tests and numbers of a decision that come out otherwise as days go by, by the fact they read.

Place in the flow: beside ``edges``. The frame of coming changes keeps these for each subject, so that it can tell which
facts changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dealerrules.advice.moved import name_of
from dealerrules.edges import DAILY, FIXED, Finder
from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    AsOf,
    Before,
    Compare,
    Elapsed,
    Expr,
    Fact,
    IsAbsent,
    Known,
    LevelIn,
    Member,
    Not,
    children,
)
from dealerrules.policy.model import Stage, expressions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.policy.model import AnyDecision, Edition


def waiting(edition: Edition, name: str) -> tuple[All, ...] | None:
    """Return what else must hold where a decision's rules ask for the day itself; none where it asks in other ways.

    On a day that a policy names the answer can be another one only where one of these is not false.
    """
    decision = edition.decisions[name]

    def asks(expr: Expr) -> bool:
        finder = Finder(edition, decision.subject, frozenset())
        return any(clock.of in {FIXED, DAILY} for clock in finder.of(expr, None))

    found = []
    for rule in decision.rules:
        items = rule.when.items if isinstance(rule.when, All) else (rule.when,)
        rest = tuple(
            item for item in items if not (isinstance(item, Compare) and isinstance(item.left, AsOf))
        )
        if any(asks(item) for item in rest):
            return None
        if len(rest) < len(items):
            found.append(All(rest))
    amounts = [] if isinstance(decision, Stage) else expressions(decision)[len(decision.rules) :]
    return None if decision.dated_by is not None or any(map(asks, amounts)) else tuple(found)


@dataclass
class Hanging:
    """What a decision asks of one fact, and hangs on the day: tests, and values that an amount is made of."""

    tests: dict[Expr, None] = field(default_factory=dict)
    values: dict[Expr, None] = field(default_factory=dict)


def hanging(edition: Edition, name: str) -> dict[str, Hanging]:
    """Return what hangs on the day in a decision and in those that it reads, by the name of the fact that is read."""
    reader = _Reader(edition, edition.decisions[name].subject)
    reader.decision(edition.decisions[name])
    return reader.found


class _Reader:
    def __init__(self, edition: Edition, subject: str) -> None:
        self.edition, self.subject = edition, subject
        self.found: dict[str, Hanging] = {}
        self.seen: set[tuple[str, str | None]] = set()

    def decision(self, decision: AnyDecision, angle: str | None = None) -> None:
        """Look into a decision; of a tier of which one angle is read, into that alone."""
        if (decision.name, angle) in self.seen:
            return
        self.seen.add((decision.name, angle))
        rules = [rule.when for rule in decision.rules]
        for when in [rule.when for rule in decision.rules if angle in {None, rule.angle}]:
            for test in self._tests(when):
                if self._moves(test):
                    self._of(test).tests[test] = None
        if not isinstance(decision, Stage):
            for amount in expressions(decision)[len(rules) :]:
                for value in self._values(amount):
                    if self._moves(value):
                        self._of(value).values[value] = None

    def _of(self, expr: Expr) -> Hanging:
        return self.found.setdefault(name_of(expr), Hanging())

    def _moves(self, expr: Expr) -> bool:
        finder = Finder(self.edition, self.subject, frozenset())
        return next(finder.of(expr, None), None) is not None

    def _tests(self, expr: Expr) -> Iterator[Expr]:
        match expr:
            case All() | AnyOf() | Not():
                for part in children(expr):
                    yield from self._tests(part)
            case LevelIn(decision=name, angle=angle):
                self.decision(self.edition.decisions[name], angle)
            case Compare() | Member() | Known() | IsAbsent():
                looked_at = list(self._values(expr))
                if looked_at:
                    yield expr
            case _:
                return

    def _values(self, expr: Expr) -> Iterator[Expr]:
        """Yield the facts and times that an expression reads; decisions are looked into."""
        match expr:
            case Answer(decision=name):
                self.decision(self.edition.decisions[name])
            case Fact() | Elapsed() | AsOf() | Aggregate() | Before():
                yield expr
            case _:
                for part in children(expr):
                    yield from self._values(part)
