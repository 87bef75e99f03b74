"""Quantities: the value of everything that a condition tests, from ready-made facts.

Place in the flow: durable_rules matches conditions and knows no arithmetic that could be trusted with money, so sums,
ratios and elapsed time are worked out here, exactly, and handed to it as facts. Independent of the other engines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Constant,
    Elapse,
    Elapsed,
    Expr,
    Fact,
    Field,
    FirstKnown,
    IfAbsent,
    IsAbsent,
    Known,
    LevelIn,
    Lookup,
    Member,
    Not,
    Operator,
    Reached,
    RoundWhole,
    type_of,
)
from dealerrules.values import ABSENT, Kind, Maybe, Value, ceiling, floor, months_since, reduced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealerrules.policy.model import Edition

CONDITIONS = LevelIn | Compare | Member | Known | IsAbsent | All | AnyOf | Not
"""What is true or false: the engine's part."""


@dataclass
class Quantities:
    """Values of expressions for one subject on one day.

    Args:
        edition: the policies in force.
        subject: what the facts are of.
        as_of: the day.
        facts: ready-made facts as the engines hold them; what they leave out is unknown, or follows from the others.
        answer: gives the answer of another decision, when that is settled.
    """

    edition: Edition
    subject: str
    as_of: date
    facts: Mapping[str, Maybe]
    answer: Callable[[str], Maybe]
    _facts: dict[str, Maybe] = field(default_factory=dict)

    def value(self, expr: Expr) -> Maybe:
        """Return an expression's value: unknown without a record where it looks at events."""
        match expr:
            case Constant(value=value):
                return value
            case AsOf():
                return self.as_of
            case Field() | Aggregate() | Reached():
                return None
            case Before(event=event):
                return ABSENT if self.value(event) is ABSENT else None
            case Fact(name=name):
                return self._fact(name)
            case Answer(decision=name):
                return self.facts[name] if name in self.facts else self.answer(name)
            case Arithmetic(how=how, left=left, right=right):
                return _operation(how, self.value(left), self.value(right))
            case RoundWhole(up=up, item=item):
                number = self.value(item)
                whole = ceiling if up else floor
                return whole(number) if isinstance(number, int | Fraction) else number
            case Elapsed(how=how, item=item):
                return self._elapsed(how, self.value(item))
            case FirstKnown(items=items):
                values = [self.value(item) for item in items]
                there = [value for value in values if value is not None and value is not ABSENT]
                return there[0] if there else None if None in values else ABSENT
            case IfAbsent(item=item):
                found = self.value(item)
                return None if found is ABSENT else found
            case Lookup(by=by, cases=cases):
                word = self.value(by)
                return word if word is None or word is ABSENT else dict(cases).get(word)
            case LevelIn() | Compare() | Member() | Known() | IsAbsent() | All() | AnyOf() | Not():
                message = f"a condition is no quantity: {expr}"
                raise AssertionError(message)
            case _:
                assert_never(expr)

    def _fact(self, name: str) -> Maybe:
        if name in self.facts:
            return self.facts[name]
        if name not in self._facts:
            self._facts[name] = self.value(self.edition.fact(self.subject, name).expr)
        return self._facts[name]

    def _elapsed(self, how: Elapse, day: Maybe) -> Maybe:
        if not isinstance(day, date):
            return day
        match how:
            case Elapse.MONTHS_SINCE:
                return months_since(day, self.as_of)
            case Elapse.DAYS_SINCE:
                return (self.as_of - day).days
            case Elapse.DAYS_UNTIL:
                return (day - self.as_of).days
            case _:
                assert_never(how)


def _operation(how: Operator, left: Maybe, right: Maybe) -> Maybe:
    """Return an operation; unknown in, unknown out, else absent in, absent out."""
    if left is None or right is None:
        return None
    if left is ABSENT or right is ABSENT:
        return ABSENT
    if how is Operator.MIN:
        return min(left, right)
    if how is Operator.MAX:
        return max(left, right)
    return _calculated(how, left, right)


def _calculated(how: Operator, left: Value, right: Value) -> Maybe:
    assert isinstance(left, int | Fraction)
    assert isinstance(right, int | Fraction)
    match how:
        case Operator.ADD:
            return reduced(left + right)
        case Operator.SUBTRACT:
            return reduced(left - right)
        case Operator.MULTIPLY:
            return reduced(left * right)
        case Operator.RATIO:
            return reduced(Fraction(left, right)) if right else None
        case Operator.WHOLE_TIMES:
            return Fraction(left, right) // 1 if right else None
        case _:
            message = f"no arithmetic: {how}"
            raise AssertionError(message)


def is_whole(edition: Edition, subject: str, expr: Expr) -> bool:
    """Tell whether a quantity is always a whole number of its unit (things, fen, days, months)."""

    def whole(part: Expr) -> bool:
        return is_whole(edition, subject, part)

    kind = type_of(expr).kind
    if kind in {Kind.COUNT, Kind.MONTHS, Kind.DAYS, Kind.DATE}:
        return True
    if kind is not Kind.MONEY:
        return False
    match expr:
        case Constant(value=value):
            return isinstance(value, int)
        case Field() | Answer() | Aggregate():
            return True
        case Fact(name=name):
            return whole(edition.fact(subject, name).expr)
        case Arithmetic(how=Operator.MULTIPLY, left=left, right=right):
            return {type_of(left).kind, type_of(right).kind} == {Kind.MONEY, Kind.COUNT} and (
                whole(left) and whole(right)
            )
        case Arithmetic(left=left, right=right):
            return whole(left) and whole(right)
        case FirstKnown(items=items):
            return all(map(whole, items))
        case IfAbsent(item=item) | Before(item=item):
            return whole(item)
        case Lookup(cases=cases):
            return all(isinstance(value, int) for _, value in cases)
        case _:
            return False
