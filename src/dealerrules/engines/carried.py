"""Carried: how values are handed to engines that hold whole numbers, true and false, and words, and nothing else.

Place in the flow: between the exact values of ``quantities.py`` and the rulesets and graphs that are written for other
engines. Money is in fen, a date is its day number; what need not be whole is carried in steps that compare exactly.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Final

from dealerrules.engines.quantities import is_whole
from dealerrules.expr import (
    Aggregate,
    Answer,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Constant,
    Elapsed,
    Expr,
    Fact,
    Field,
    FirstKnown,
    IfAbsent,
    Lookup,
    Member,
    RoundWhole,
    type_of,
    walk,
)
from dealerrules.values import QUANTITIES, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.policy.model import Edition

Carried = int | bool | str
"""What a message holds: whole numbers, true and false, words; what is unknown or absent is left out."""

EXACT: Final = 2**53
"""The largest number that engines hold exactly which read numbers as JSON does."""
MOST: Final = min(EXACT, 2 ** (8 * struct.calcsize("l") - 1) - 1)
"""The largest number that is carried; durable_rules reads constants as a C `long`, which has 32 bits on Windows."""
MOST_LETTERS: Final = 200
"""Of a word in a condition; longer ones in facts are cut, which makes them equal to none."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A field of a message, and what it holds.

    One of: the value of `expr`; whether a level (of `angle`, or of all) is at least `level` of tier `tier`; whether a
    part of a condition is so (neither). A number that may be no whole one is held in steps of half a `scale`-th, an
    odd number of them where it lies between two: so that it compares exactly with every constant of the policies.
    """

    name: str
    expr: Expr | None = None
    scale: int | None = None
    tier: str | None = None
    angle: str | None = None
    level: int = 0

    def carried(self, value: Value, most: int = MOST) -> Carried | None:
        """Return a value as it is held; none when it does not fit."""
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return value[: MOST_LETTERS + 1]
        if isinstance(value, date):
            return value.toordinal()
        number: int | Fraction = value
        if self.scale is not None:
            scaled = Fraction(value) * self.scale
            number = 2 * (scaled.numerator // scaled.denominator) + (scaled.denominator != 1)
        return int(number) if -most <= number <= most and number.denominator == 1 else None


def scale_of(edition: Edition, subject: str, expr: Expr, scaled: Mapping[Expr, int]) -> int | None:
    """Return into how many parts a unit is cut so that all constants are whole; none where all values are."""
    if type_of(expr).kind not in QUANTITIES:
        return None
    scale = scaled.get(expr, 1)
    return None if scale == 1 and is_whole(edition, subject, expr) else scale


def scales(edition: Edition, subject: str) -> dict[Expr, int]:
    """Return the common denominator of the constants with which each expression is compared."""
    found: dict[Expr, int] = {}
    for decision in edition.decisions.values():
        if decision.subject != subject:
            continue
        for rule in decision.rules:
            for node in walk(rule.when):
                match node:
                    case Compare(left=left, right=Constant(value=value)):
                        pairs = [(left, value)]
                    case Member(item=item, among=among):
                        pairs = [(item, value) for value in among]
                    case _:
                        continue
                for expr, value in pairs:
                    if isinstance(value, int | Fraction):
                        found[expr] = lcm(found.get(expr, 1), value.denominator)
    return found


def called(expr: Expr) -> str:
    """Return what a field is called by: the fact, the decision, or what is made of them."""
    match expr:
        case Fact(name=name) | Answer(decision=name) | Field(name=name):
            return name
        case Elapsed(how=how, item=item):
            return f"{how}_{called(item)}"
        case Arithmetic(how=how):
            return str(how)
        case RoundWhole(item=item) | IfAbsent(item=item):
            return called(item)
        case AsOf():
            return "as_of"
        case Lookup(by=by):
            return f"lookup_{called(by)}"
        case FirstKnown(items=items):
            return called(items[0])
        case Aggregate(how=how, table=table):
            return f"{how}_{table}"
        case Before(item=item):
            return f"before_{called(item)}"
        case _:
            return "value"
