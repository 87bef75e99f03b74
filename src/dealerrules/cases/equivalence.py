"""Equivalence: the proof that a changed policy gives the same answers as the one before.

Place in the flow: below ``mutation``; the analyser tells where conditions hold, and what is added here are tables that
are read in another way and payouts that are rounded in another way without effect.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Final

from dealerrules.analysis.comparing import equivalent
from dealerrules.analysis.diagrams import TooLargeError
from dealerrules.analysis.space import Space
from dealerrules.expr import Arithmetic, Constant, Expr, Fact, Operator, RoundWhole
from dealerrules.policy.model import Hit, Payout, Rules
from dealerrules.values import Kind, Rounding
from dealerrules.verdict import verdict

if TYPE_CHECKING:
    from dealerrules.policy.model import Edition


def same_answers(old: Edition, new: Edition, name: str) -> bool:
    """Tell whether a decision is proved to give the same answers in two editions."""
    first, second = old.decisions.get(name), new.decisions.get(name)
    if first is None or second is None:
        return False
    if isinstance(first, Payout) and isinstance(second, Payout):
        old, new = _unrounded(old, first), _unrounded(new, second)
    return _same_everywhere(old, new, name)


def _same_everywhere(old: Edition, new: Edition, name: str) -> bool:
    try:
        return equivalent(old, new, name) or _same_verdicts(old, new, name)
    except TooLargeError:
        return False


MAX_COMBINATIONS: Final = 4096


def _same_verdicts(old: Edition, new: Edition, name: str) -> bool:
    """Tell whether two tables of the same rows come to the same for every combination of rows that can be true.

    So `unique` is no other than `first` where no two rows can ever be true or unknown together and differ.
    """
    first, second = old.decisions[name], new.decisions[name]
    if not isinstance(first, Rules) or not isinstance(second, Rules) or old.items != new.items:
        return False
    if first.rules != second.rules or Hit.COLLECT in {first.hit, second.hit}:
        return False
    space = Space.of([old, new], first.subject, [name], unknown=True)
    reached = [(0, 0, space.possible)]
    for at, rule in enumerate(first.rules):
        truths = [space.rule(edition, rule) for edition in (0, 1)]
        if truths[0] != truths[1]:
            return False
        true, false = truths[0].true, truths[0].false
        open_ = space.sets.negate(space.either(true, false))
        reached = [
            (holds | bit, unknown | maybe, region)
            for holds, unknown, before in reached
            for bit, maybe, part in ((1 << at, 0, true), (0, 1 << at, open_), (0, 0, false))
            if not space.is_empty(region := space.both(before, part))
        ]
        if len(reached) > MAX_COMBINATIONS:
            return False
    return all(
        replace(verdict(first, holds, unknown), answer=None)
        == replace(verdict(second, holds, unknown), answer=None)
        for holds, unknown, _ in reached
    )


def _unrounded(edition: Edition, payout: Payout) -> Edition:
    """Return an edition with a payout's rounding left out where every amount is a whole number of its units."""
    unit = payout.rounding[1] if payout.rounding is not None else 1
    amounts = [line.amount for lines in payout.lines.values() for line in lines]
    if not all((size := multiple_of(amount)) is not None and size % unit == 0 for amount in amounts):
        return edition
    plain = replace(payout, rounding=(Rounding.HALF_UP, 1))
    return replace(edition, decisions={**edition.decisions, payout.name: plain})


def multiple_of(expr: Expr) -> Fraction | None:
    """Return a number of which an expression's value is always a whole multiple, if that is plain.

    Examples:
        >>> from dealerrules.values import COUNT, MONEY
        >>> cars, rate = Fact("returned", COUNT), Constant(1000, MONEY)
        >>> multiple_of(Arithmetic(Operator.MULTIPLY, cars, rate, MONEY))
        Fraction(1000, 1)
    """
    match expr:
        case Constant(value=value) if isinstance(value, int | Fraction) and not isinstance(value, bool):
            return abs(Fraction(value))
        case Fact(type=type_) if type_.kind in {Kind.COUNT, Kind.MONEY, Kind.MONTHS, Kind.DAYS}:
            return Fraction(1)
        case RoundWhole():
            return Fraction(1)
        case Arithmetic(how=how, left=left, right=right):
            first, second = multiple_of(left), multiple_of(right)
            if first is None or second is None:
                return None
            match how:
                case Operator.MULTIPLY:
                    return first * second
                case Operator.ADD | Operator.SUBTRACT | Operator.MIN | Operator.MAX:
                    return _common(first, second)
                case Operator.WHOLE_TIMES:
                    return Fraction(1)
                case Operator.RATIO:
                    return None
        case _:
            return None


def _common(first: Fraction, second: Fraction) -> Fraction:
    """Return the largest number of which both are whole multiples; 0 is a multiple of anything."""
    over = first.denominator * second.denominator
    return Fraction(gcd(int(first * over), int(second * over)), over)
