"""Aiming: writes into a record (or among ready-made facts) what gives an expression a wanted value.

Place in the flow: between ``near`` and ``subjects``. It is the engines read backwards, as far as that is plain: a
count of five is five events within the window, six months since the last visit is a visit on such a day, an
attainment of 70% is 7 of 10. Where it is not plain nothing is promised: what is made is a try, not a proof.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, assert_never

from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Comparison,
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
from dealerrules.policy.model import Rules
from dealerrules.strategies.events import Events
from dealerrules.strategies.near import decimal, given, near, stepped
from dealerrules.values import QUANTITIES, Kind, Type, Value, days_before, months_before, reduced

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from dealerrules.strategies.dice import Dice
    from dealerrules.strategies.reading import Reading

_SIDES: Final = {
    Comparison.EQUAL: ((0,), (-1, 1)),
    Comparison.AT_LEAST: ((0, 1), (-1,)),
    Comparison.MORE_THAN: ((1,), (0, -1)),
    Comparison.AT_MOST: ((0, -1), (1,)),
    Comparison.LESS_THAN: ((-1,), (0, 1)),
}
"""On which sides of its number a comparison holds, and on which it does not."""
_DEEPEST: Final = 12
_MOST: Final = 10_000
"""Of units of a ratio: beyond that an example is no longer read with ease."""


class Aim:
    """Writes into one record; `into` is that record or, within the conditions on events, an event of it.

    `among` are the names of the ready-made facts that are written instead of a record, if any.
    """

    def __init__(
        self,
        dice: Dice,
        reading: Reading,
        as_of: date,
        record: dict[str, Any],
        among: Container[str] | None = None,
    ) -> None:
        self.dice, self.reading, self.as_of, self.record, self.among = dice, reading, as_of, record, among
        self.events = Events(self)
        self._depth = 0

    # --- values ---------------------------------------------------------------------------------------

    def put(self, into: dict[str, Any], name: str, type_: Type, value: Value, side: int = 0) -> bool:
        """Write a value, or the one just below or above it."""
        if type_.kind in QUANTITIES:
            near_it = stepped(value, type_.kind, side)
            if near_it is None:
                return False
            value = near_it
        elif type_.options and value not in type_.options:  # a word of another fact's
            return False
        if name.startswith("attributes."):
            return self._attribute(name.removeprefix("attributes."), type_, value)
        into[name] = given(value, type_)
        return True

    def _attribute(self, name: str, type_: Type, value: Value) -> bool:
        """Attributes hold plain values: days as text, ratios as decimals."""
        plain = given(value, type_)
        if isinstance(plain, date):
            plain = plain.isoformat()
        self.record.setdefault("attributes", {})[name] = (
            decimal(plain) if isinstance(plain, Fraction) else plain
        )
        return True

    def reach(self, expr: Expr, value: Value, side: int = 0, into: dict[str, Any] | None = None) -> bool:
        """Try to give an expression a value, or the one just below (-1) or above (1); tell whether it was tried."""
        if self._depth > _DEEPEST:
            return False
        self._depth += 1
        try:
            return self._reach(expr, value, side, self.record if into is None else into)
        finally:
            self._depth -= 1

    def _reach(self, expr: Expr, value: Value, side: int, into: dict[str, Any]) -> bool:
        match expr:
            case Field(name=name, type=type_):
                return self.among is None and self.put(into, name, type_, value, side)
            case Fact(name=name, type=type_):
                if self.among is not None and name in self.among:
                    return self.put(self.record, name, type_, value, side)
                definition = self.reading.edition.fact(self.reading.subject, name)
                return self.reach(definition.expr, value, side)
            case Answer(decision=name):
                return self._answer(name, value)
            case Elapsed(how=how, item=item):
                assert isinstance(value, int | Fraction)
                return self.reach(item, self._day(how, int(value) + side), 0, into)
            case FirstKnown(items=items):
                return self.reach(self.dice.pick(items), value, side, into)
            case RoundWhole(item=item):
                assert isinstance(value, int | Fraction)
                if self.dice.chance():  # one more or less in all, or one more or less of what is rounded
                    return self.reach(item, value + side, 0, into)
                return self.reach(item, value, side, into)
            case IfAbsent(item=item):
                return self.reach(item, value, side, into)
            case Arithmetic():
                return self._arithmetic(expr, value, side, into)
            case Lookup(by=by, cases=cases):
                words = [word for word, said in cases if said == value]
                return bool(words) and self.reach(by, self.dice.pick(words), 0, into)
            case Aggregate():
                return self.among is None and self.events.reach(expr, value, side)
            case LevelIn() | Compare() | Member() | Known() | IsAbsent() | All() | AnyOf() | Not():
                return self.hold(expr, value is True, into)
            case Constant() | AsOf() | Before() | Reached():
                return False
            case _:
                assert_never(expr)

    def _day(self, how: Elapse, number: int) -> date:
        """Return a day since which (until which) so much time has passed: often the first or last such day."""
        match how:
            case Elapse.MONTHS_SINCE:
                last = months_before(self.as_of, number)
                first = days_before(months_before(self.as_of, number + 1), -1)
                day: date = self.dice.pick([last, first])
                return day
            case Elapse.DAYS_SINCE:
                return days_before(self.as_of, number)
            case Elapse.DAYS_UNTIL:
                return days_before(self.as_of, -number)
            case _:
                assert_never(how)

    def _arithmetic(self, expr: Arithmetic, value: Value, side: int, into: dict[str, Any]) -> bool:
        """Give one operand what the other leaves over."""
        assert isinstance(value, int | Fraction)
        left, right, how = expr.left, expr.right, expr.how
        if how is Operator.RATIO and not isinstance(right, Constant):
            return self._ratio(left, right, value, side, into)
        if isinstance(right, Constant):
            other = _left_of(how, value, right.value)
            return other is not None and self.reach(left, other, side, into)
        if isinstance(left, Constant):
            other, turned = _right_of(how, value, left.value)
            return other is not None and self.reach(right, other, -side if turned else side, into)
        if how in {Operator.MIN, Operator.MAX}:
            return self.reach(self.dice.pick([left, right]), value, side, into)
        beside = self.dice.pick([1, 2, 10] if how is Operator.WHOLE_TIMES else [1, 0, 2, 10])
        other = _left_of(how, value, beside)
        return (
            other is not None and self.reach(right, beside, 0, into) and self.reach(left, other, side, into)
        )

    def _ratio(self, left: Expr, right: Expr, value: int | Fraction, side: int, into: dict[str, Any]) -> bool:
        """Write a part and a whole: at the ratio exactly, or one unit (of the part) below or above."""
        whole = self.dice.pick([1, 2, 10, 3, 7, 100]) * Fraction(value).denominator
        scale = 100 if type_of(left).kind is Kind.MONEY else 1  # whole yuan
        part = Fraction(value) * whole * scale
        if whole > _MOST:
            return False
        return self.reach(right, whole * scale, 0, into) and self.reach(left, reduced(part), side, into)

    # --- conditions -----------------------------------------------------------------------------------

    def hold(self, expr: Expr, truth: bool, into: dict[str, Any] | None = None) -> bool:  # noqa: FBT001
        """Try to make a condition true, or false; tell whether it was tried."""
        into = self.record if into is None else into
        match expr:
            case All(items=items) | AnyOf(items=items):
                if isinstance(expr, All) is truth:
                    return all(self.hold(item, truth, into) for item in items)
                return bool(items) and self.hold(self.dice.pick(items), truth, into)
            case Not(item=item):
                return self.hold(item, not truth, into)
            case Compare(how=how, left=left, right=Constant(value=value, type=type_)):
                if type_.kind in QUANTITIES:
                    return self.reach(left, value, self.dice.pick(_SIDES[how][not truth]), into)
                return self._word(left, (value,), truth, into)
            case Member(item=item, among=among):
                return self._word(item, among, truth, into)
            case Known(item=item):
                return not truth or self._word(item, (), False, into)  # noqa: FBT003
            case LevelIn(decision=name, angle=angle, allowed=allowed):
                return self._level(name, angle, allowed, truth)
            case IsAbsent() | Constant() | Compare():
                return False
            case _:
                return self.reach(expr, truth, 0, into)

    def _word(self, item: Expr, among: Sequence[Value], truth: bool, into: dict[str, Any]) -> bool:  # noqa: FBT001
        """Give something one of some values, or another one."""
        type_ = type_of(item)
        choices = among if truth else [v for v in self.near(type_) if v not in among]
        return bool(choices) and self.reach(item, self.dice.pick(choices), 0, into)

    def _level(self, name: str, angle: str | None, allowed: Sequence[str], truth: bool) -> bool:  # noqa: FBT001
        rules = [rule for rule in self.reading.edition.decisions[name].rules if angle in {None, rule.angle}]
        fitting = [rule for rule in rules if (rule.answer in allowed) is truth]
        return bool(fitting) and self._rule(self.dice.pick(fitting).when)

    def _answer(self, name: str, value: Value) -> bool:
        """Make a rule hold that gives an answer."""
        decision = self.reading.edition.decisions[name]
        if self.among is not None and name in self.among:
            return False
        if isinstance(decision, Rules):
            output = decision.outputs[0].id
            rules = [rule for rule in decision.rules if decision.cells[rule.id][output] == value]
        else:
            rules = [rule for rule in decision.rules if rule.answer == value]
        return bool(rules) and self._rule(self.dice.pick(rules).when)

    def _rule(self, when: Expr) -> bool:
        if self._depth > _DEEPEST:
            return False
        self._depth += 1
        try:
            return self.hold(when, truth=True)
        finally:
            self._depth -= 1

    def near(self, type_: Type) -> list[Value]:
        """Return values of a type, around the numbers that the policy names."""
        return near(type_, self.as_of, self.reading.named)


def _left_of(how: Operator, value: int | Fraction, right: Value) -> int | Fraction | None:
    """Return what goes on the left of an operator so that the result is a value."""
    if not isinstance(right, int | Fraction):
        return None
    match how:
        case Operator.ADD:
            return value - right
        case Operator.SUBTRACT:
            return value + right
        case Operator.MULTIPLY:
            return reduced(Fraction(value) / right) if right else None
        case Operator.RATIO | Operator.WHOLE_TIMES:
            return reduced(Fraction(value) * right)
        case Operator.MIN | Operator.MAX:
            return value
        case _:
            assert_never(how)


def _right_of(how: Operator, value: int | Fraction, left: Value) -> tuple[int | Fraction | None, bool]:
    """Return what goes on the right of an operator, and whether more of it makes less of the result."""
    if not isinstance(left, int | Fraction):
        return None, False
    match how:
        case Operator.ADD | Operator.MULTIPLY | Operator.MIN | Operator.MAX:
            return _left_of(how, value, left), False
        case Operator.SUBTRACT:
            return left - value, True
        case Operator.RATIO | Operator.WHOLE_TIMES:
            return (reduced(Fraction(left) / value) if value else None), True
        case _:
            assert_never(how)
