"""The handbook's bench: where a decision is tried on ready-made facts, at the places where its answer turns.

Place in the flow: between the reference interpreter, which evaluates, and ``handbook.examples``, which shows what came
out. Inputs are sought here: on which side of each bound they lie is told by evaluating, never by a formula.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import islice, product
from typing import TYPE_CHECKING, Final

from dealerrules.engines.row import Interpreter
from dealerrules.expr import (
    All,
    Answer,
    Arithmetic,
    AsOf,
    Compare,
    Constant,
    Expr,
    Fact,
    FirstKnown,
    IfAbsent,
    LevelIn,
    Member,
    RoundWhole,
    walk,
)
from dealerrules.outcome import Case, outcome_class
from dealerrules.policy.model import Offer, Payout, Rules, Stage, Tier
from dealerrules.summary import Section, Summary
from dealerrules.values import ABSENT, QUANTITIES, Kind, Maybe, Type, Value, reduced
from dealerrules.wording import bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dealerrules.engines.row import Decided
    from dealerrules.policy.model import AnyDecision, Edition, Rule

Given = dict[str, Maybe]
"""Ready-made facts, and answers of other decisions, by name."""

STEPS: Final[dict[Kind, tuple[int | Fraction, ...]]] = {
    Kind.COUNT: (1,),
    Kind.MONEY: (1,),
    Kind.MONTHS: (1,),
    Kind.DAYS: (1,),
    Kind.DATE: (1,),
    Kind.NUMBER: (1, Fraction(1, 10), Fraction(1, 100), Fraction(1, 1000)),
    Kind.DISTANCE: (1, Fraction(1, 10), Fraction(1, 100)),
    Kind.RATIO: (Fraction(1, 100), Fraction(1, 1000), Fraction(1, 10_000)),
}
"""From one value to the next that is tried; the first step of which every bound is a multiple."""
BASES: Final[dict[Kind, tuple[int, ...]]] = {
    Kind.COUNT: (100, 1000, 10_000),
    Kind.MONEY: (1_000_00, 10_000_00),
    Kind.MONTHS: (12, 100),
    Kind.DAYS: (100, 1000),
    Kind.NUMBER: (100, 1000),
    Kind.DISTANCE: (100, 1000),
    Kind.RATIO: (1,),
}
"""What the other inputs are while one of them runs: the first with which every bound is met exactly."""
_TRIES: Final = 256
"""Combinations of facts that are tried for a condition to hold."""


class Bench:
    """One decision on its bench.

    Args:
        edition: the policies in force.
        decision: what is tried.
        day: the day of evaluation; a decision that is dated by its subject is dated on it.
    """

    def __init__(self, edition: Edition, decision: AnyDecision, day: date) -> None:
        self.edition, self.decision, self.day = edition, decision, day
        self.dated: Given = {decision.dated_by: day} if decision.dated_by is not None else {}

    # --- evaluating -----------------------------------------------------------------------------------

    def on(self, given: Given) -> Interpreter:
        """Return the interpreter with these facts; what they leave out is unknown."""
        return Interpreter(self.edition, self.decision.subject, self.day, facts={**self.dated, **given})

    def decided(self, given: Given) -> Decided:
        """Return what comes out."""
        return self.on(given).decide(self.decision.name)

    def told(self, given: Given, lang: str) -> Section:
        """Return what comes out, in words."""
        case = Case(self.edition, self.decision.subject, self.day, None, {**self.dated, **given})
        found = case.decided(self.decision.name)
        extra: object = None
        match self.decision:
            case Payout():
                extra = (found.amount, found.entries) if found.amount is not None else None
            case Stage():
                extra = found.measure.value if found.measure is not None else None
            case Tier() | Offer() | Rules():
                pass
        outcome = outcome_class(self.decision)(self.decision, found.verdict, extra, lambda: case)
        return Summary(outcome, case, lang).section()

    # --- what goes in ---------------------------------------------------------------------------------

    def type_of(self, name: str) -> Type:
        """Return the type of a fact or of another decision's answer."""
        return self.edition.given_types(self.decision.subject)[name]

    def inputs(self, expr: Expr, *, all_of_them: bool = False) -> tuple[str, ...] | None:
        """Return the facts that a value is worked out from, down to what is recorded or counted.

        Of values that stand in for each other only the first, unless `all_of_them` are wanted. None where it is worked
        out from something that cannot be given.
        """
        found = self._inputs(expr, all_of_them)
        return tuple(dict.fromkeys(found)) if found is not None else None

    def _inputs(self, expr: Expr, all_of_them: bool) -> list[str] | None:  # noqa: FBT001
        match expr:
            case Constant() | AsOf():
                return []
            case Fact(name=name):
                definition = self.edition.fact(self.decision.subject, name)
                field = definition.builtin and not definition.place
                inner = None if field else self._inputs(definition.expr, all_of_them)
                return inner or [name]
            case Answer(decision=name):
                return [name]
            case Arithmetic(left=left, right=right):
                return self._joined([left, right], all_of_them)
            case RoundWhole(item=item) | IfAbsent(item=item):
                return self._inputs(item, all_of_them)
            case FirstKnown(items=items):
                return self._joined(items if all_of_them else items[:1], all_of_them)
            case _:
                return None

    def _joined(self, parts: Iterable[Expr], all_of_them: bool) -> list[str] | None:  # noqa: FBT001
        found = [self._inputs(part, all_of_them) for part in parts]
        return [name for each in found for name in each or ()] if None not in found else None

    def between(self, expr: Expr) -> tuple[str, ...]:
        """Return the facts that lie between a value and what it is worked out from, the lowest first."""
        found: list[str] = []
        for node in walk(expr):
            if isinstance(node, Fact) and self.inputs(node, all_of_them=True) not in (None, (node.name,)):
                below = self.edition.fact(self.decision.subject, node.name).expr
                found += [*self.between(below), node.name]
        return tuple(dict.fromkeys(found))

    # --- conditions -----------------------------------------------------------------------------------

    def choices(self, name: str, conditions: Iterable[Expr]) -> list[Maybe]:
        """Return the values of a fact that can make a difference to some conditions: both sides of every bound."""
        type_ = self.type_of(name)
        found: list[Maybe] = []
        for node in (node for each in conditions for node in walk(each)):
            match node:
                case Compare(left=left, right=Constant(value=bound)) if _name(left) == name:
                    found += _around(bound, type_.kind)
                case Member(item=item, among=among) if _name(item) == name:
                    found += among
                case _:
                    pass
        match type_.kind:
            case Kind.BOOLEAN:
                found += [True, False]
            case Kind.CATEGORY:
                found += type_.options
            case Kind.DATE:
                found += [self.day, self.day - timedelta(days=400)]
            case Kind.TEXT:
                found.append("…")
            case _:
                found += BASES[type_.kind][:1]
        if self.edition.may_be_absent(self.decision.subject, name):
            found.append(ABSENT)
        return list(dict.fromkeys([*found, None]))

    def holding(self, conditions: Sequence[Expr]) -> Given | None:
        """Return facts with which some conditions hold, no more than it takes; none where none were found."""
        read = [*conditions, *self.levels(conditions)]
        names = [name for name in names_in(read) if name not in self.dated]
        choices = [self._fitting(name, read, conditions) for name in names]
        for values in islice(product(*choices), _TRIES):
            given: Given = dict(zip(names, values, strict=True))
            if self.hold(conditions, given):
                return self._needed(given, conditions)
        return None

    def hold(self, conditions: Iterable[Expr], given: Given) -> bool:
        """Tell whether conditions hold with these facts."""
        asked = self.on(given)
        return all(asked.step(each).truth is True for each in conditions)

    def _needed(self, given: Given, conditions: Sequence[Expr]) -> Given:
        """Return the facts without which the conditions would not hold."""
        for name in list(given):
            fewer = {each: value for each, value in given.items() if each != name}
            given = fewer if self.hold(conditions, fewer) else given
        return given

    def levels(self, conditions: Iterable[Expr]) -> list[Expr]:
        """Return the conditions of the rules that grant the levels which conditions read."""
        found: list[Expr] = []
        for node in (node for each in conditions for node in walk(each)):
            if isinstance(node, LevelIn):
                rules = self.edition.decisions[node.decision].rules
                found += [rule.when for rule in rules if node.angle is None or rule.angle == node.angle]
        return found

    def _fitting(self, name: str, read: Sequence[Expr], conditions: Sequence[Expr]) -> list[Maybe]:
        """Return the values of a fact with which the conditions that read nothing else hold."""
        own = [each for each in conditions if names_in([each]) == [name] and not self.levels([each])]
        return [value for value in self.choices(name, read) if self.hold(own, {name: value})]


def names_in(conditions: Iterable[Expr]) -> list[str]:
    """Return the facts and answers that conditions read, in order."""
    nodes = [node for each in conditions for node in walk(each)]
    return list(dict.fromkeys(name for node in nodes if (name := _name(node)) is not None))


def bounds_of(name: str, conditions: Iterable[Expr]) -> list[Value]:
    """Return the values with which conditions compare a fact."""
    nodes = [node for each in conditions for node in walk(each)]
    return [
        node.right.value
        for node in nodes
        if isinstance(node, Compare) and isinstance(node.right, Constant) and _name(node.left) == name
    ]


def below_nothing(value: Maybe, bounds: Iterable[Value]) -> bool:
    """Tell whether a number is negative though no bound is."""
    numbers = [each for each in (value, *bounds) if isinstance(each, int | Fraction)]
    return isinstance(value, int | Fraction) and value < 0 and min(numbers[1:], default=0) >= 0


def _name(expr: Expr) -> str | None:
    match expr:
        case Fact(name=name) | Answer(decision=name):
            return name
        case _:
            return None


def _around(bound: Value, kind: Kind) -> list[Value]:
    """Return a bound, and what lies next to it on both sides."""
    if kind not in QUANTITIES or isinstance(bound, bool | str):
        return [bound]
    if isinstance(bound, date):
        return [bound, bound + timedelta(days=1), bound - timedelta(days=1)]
    step = next((each for each in STEPS[kind] if bound % each == 0), STEPS[kind][-1])
    return [bound, reduced(bound + step), reduced(bound - step)]


# ---------------------------------------------------------------------------------------------------
# Rules as bands


def apart(rule: Rule, measure: Expr | None) -> tuple[tuple[Expr, ...], Compare | None]:
    """Return a rule's conditions but for its band, and where its band begins."""
    items = _conjuncts(rule.when)
    if measure is None:
        return items, None
    low, high = bounds(rule.when, measure)
    return tuple(item for item in items if item is not low and item is not high), low


def _conjuncts(expr: Expr) -> tuple[Expr, ...]:
    return expr.items if isinstance(expr, All) else (expr,)


def base_of(kind: Kind, size: int = 0) -> int:
    """Return a plain value of a kind of quantity; `size` asks for a larger one."""
    bases = BASES[kind]
    return bases[min(size, len(bases) - 1)]
