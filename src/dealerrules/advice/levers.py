"""Levers: the facts that someone can move, which way each goes, and what else moves with it.

Place in the flow: advice reads from a fact's definition what can be done about it. A count of events can only grow; a
new event of a table is counted by every fact that its conditions fit, and it is the latest one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from dealerrules.analysis.axes import least, resolved
from dealerrules.analysis.relations import tests_of
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
    Reduction,
    RoundWhole,
    children,
    walk,
)
from dealerrules.values import ABSENT, QUANTITIES, Kind, Maybe, Type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.policy.model import Edition, FactDefinition


class Way(StrEnum):
    """How a fact is changed: the word that a change is told by."""

    MORE = "more"  #: a quantity grows
    LESS = "less"  #: a quantity shrinks
    BECOME = "become"  #: another word, yes or no
    EVENT = "event"  #: it happens, on the day of evaluation
    RECORD = "record"  #: nothing changes but that it gets known


@dataclass(frozen=True, slots=True, eq=False)
class Lever:
    """A fact that someone can move: its definition, with every fact in it replaced, and the ways it goes.

    `moves` are the other facts of the decision that move along, with their definitions: a repair is a visit too.
    """

    name: str
    type: Type
    root: Expr
    ways: frozenset[Way]
    order: int
    """Its place among the facts of a decision: of two steps that are as near, the earlier fact's comes first."""
    moves: Mapping[str, Expr]

    @property
    def scale(self) -> bool:
        """Whether its values stand in an order, so that one can be more or less than another."""
        return self.type.ordered or (self.type.kind in QUANTITIES and self.type.kind is not Kind.DATE)

    @property
    def only_true(self) -> bool:
        """Whether it can come to hold and never cease to: an event that has happened stays on record."""
        return isinstance(_source(self.root), Aggregate)

    @property
    def grain(self) -> int | Fraction:
        """The smallest step of it: where values are dense, the smallest that is told."""
        return _GRAIN.get(self.type.kind, 1)


_GRAIN = {Kind.RATIO: Fraction(1, 10_000), Kind.NUMBER: Fraction(1, 100), Kind.DISTANCE: Fraction(1, 10)}
_UP = frozenset({Way.MORE, Way.RECORD})
_BOTH = frozenset({Way.MORE, Way.LESS, Way.RECORD})
_WORD = frozenset({Way.BECOME, Way.RECORD})
_HAPPENS = frozenset({Way.EVENT})
_ONLY_KNOWN = frozenset({Way.RECORD})


def leaves(expr: Expr, edition: Edition, subject: str, given: Collection[str]) -> Iterator[str]:
    """Yield the facts that an expression comes down to: those given, and those read from records, not from facts."""
    for item in walk(expr):
        if not isinstance(item, Fact):
            continue
        definition = edition.fact(subject, item.name)
        read = any(isinstance(part, Field | Aggregate | Before | Reached) for part in walk(definition.expr))
        if read or item.name in given:
            yield item.name
        else:
            yield from leaves(definition.expr, edition, subject, given)


def levers(edition: Edition, subject: str, facts: Sequence[str]) -> list[Lever]:
    """Return what can be done about some facts; those about which nobody can do anything, or should, are left out.

    A fact whose events are those of another one as well comes before it.
    """
    definitions = [edition.fact(subject, name) for name in facts]
    roots = {each.name: resolved(each.expr, edition, subject) for each in definitions}
    found = [
        Lever(
            each.name,
            each.type,
            roots[each.name],
            ways,
            order,
            {
                name: root
                for name, root in roots.items()
                if name != each.name and _touches(roots[each.name], root)
            },
        )
        for order, each in enumerate(definitions)
        if each.actionable and (ways := _ways(each, edition))
    ]
    found = [one for one in found if not any(_same_event(other, one) for other in found)]
    return sorted(found, key=lambda one: (-len(one.moves), one.order))


def _ways(definition: FactDefinition, edition: Edition) -> frozenset[Way]:
    type_ = definition.type
    quantity = type_.ordered or (type_.kind in QUANTITIES and type_.kind is not Kind.DATE)
    match _source(definition.expr):
        case Aggregate(how=Reduction.COUNT | Reduction.DISTINCT | Reduction.STREAK):
            return _UP
        case Aggregate(how=Reduction.SUM) as total:
            low = least(total, edition, definition.subject)
            return _UP if low is not None and low >= 0 else _BOTH
        case Aggregate(how=Reduction.SOME):
            return _WORD
        case Aggregate(how=Reduction.EVERY):
            return _ONLY_KNOWN  # one that is not so stays on record
        case Aggregate(how=Reduction.LATEST, take=None):
            return _HAPPENS
        case Aggregate(how=Reduction.LATEST):
            return _BOTH if quantity else _WORD
        case Field(type=Type(kind=Kind.DATE)) | Aggregate() | Before() | Reached():
            return _ONLY_KNOWN
        case Field():
            return _BOTH if quantity else _WORD
        case _:  # calculated, and given ready-made
            return _BOTH if quantity else _WORD


def _source(expr: Expr) -> Expr:
    """Return what a fact is read from, without what stands in for a missing value."""
    match expr:
        case IfAbsent(item=item) | FirstKnown(items=(item, *_)):
            return _source(item)
        case _:
            return expr


# ---------------------------------------------------------------------------------------------------
# What moves along


def _touches(one: Expr, other: Expr) -> bool:
    """Tell whether the events that a fact's change adds are, for sure, events of another fact."""
    mine = _source(one)
    return (
        isinstance(mine, Aggregate)
        and isinstance(other, Aggregate)
        and (mine.how is Reduction.COUNT or (mine.how is Reduction.LATEST and mine.take is None))
        and other.table == mine.table
        and other.after is None
        and (other.how is Reduction.COUNT or (other.how in _ENDS and other.take is None))
        and tests_of(other.where) <= tests_of(mine.where)
    )


def moved_along(other: Expr, *, by: int | Fraction, value: Maybe, day: date) -> Maybe:
    """Return the value of a fact that a lever touches, with so many events more, on the day of evaluation."""
    assert isinstance(other, Aggregate)
    if other.how is Reduction.COUNT:
        assert isinstance(value, int)
        return value + int(by)
    return day if other.how is Reduction.LATEST or value is ABSENT else value


_ENDS = frozenset({Reduction.LATEST, Reduction.EARLIEST})


def _same_event(one: Lever, other: Lever) -> bool:
    """Tell whether one more of a count is the very thing that makes the other fact's event happen."""
    mine, its = _source(one.root), _source(other.root)
    return (
        isinstance(mine, Aggregate)
        and isinstance(its, Aggregate)
        and mine.how is Reduction.COUNT
        and its.how is Reduction.LATEST
        and its.take is None
        and mine.table == its.table
        and tests_of(mine.where) == tests_of(its.where)
    )


# ---------------------------------------------------------------------------------------------------
# Whether a computed value rises with a fact


def rises(expr: Expr, name: str, edition: Edition, subject: str) -> bool | None:
    """Tell whether a value never falls (true) or never rises (false) as a fact grows; none where it may do both."""
    signs = _signs(expr, name, edition, subject)
    return None if len(signs) > 1 else signs != {-1}


def _signs(expr: Expr, name: str, edition: Edition, subject: str) -> set[int]:
    """Return which ways a value may go as a fact grows; nothing where it does not read it."""

    def of(item: Expr) -> set[int]:
        return _signs(item, name, edition, subject)

    def turned(signs: Iterable[int]) -> set[int]:
        return {-sign for sign in signs}

    match expr:
        case Fact(name=read):
            if read == name:
                return {1}
            definition = edition.facts[subject].get(read)
            return of(definition.expr) if definition is not None else set()
        case (
            Constant()
            | AsOf()
            | Field()
            | Aggregate()
            | Before()
            | Reached()
            | Answer()
            | LevelIn()
            | Known()
            | IsAbsent()
        ):
            return set()
        case Arithmetic(how=how, left=left, right=right):
            return _signs_of(
                how, of(left), of(right), [_not_negative(each, edition, subject) for each in (left, right)]
            )
        case RoundWhole(item=item) | IfAbsent(item=item):
            return of(item)
        case FirstKnown(items=items) | All(items=items) | AnyOf(items=items):
            return set().union(*(of(item) for item in items))
        case Not(item=item) | Elapsed(item=item):
            return turned(of(item))
        case Compare(how=Comparison.AT_LEAST | Comparison.MORE_THAN, left=left, right=right):
            return of(left) | turned(of(right))
        case Compare(how=Comparison.AT_MOST | Comparison.LESS_THAN, left=left, right=right):
            return turned(of(left)) | of(right)
        case Compare() | Member() | Lookup():
            below = set().union(*(of(item) for item in children(expr)))
            return {1, -1} if below else set()
        case _:
            assert_never(expr)


def _signs_of(how: Operator, left: set[int], right: set[int], sure: list[bool]) -> set[int]:
    turned = {-sign for sign in right}
    match how:
        case Operator.ADD | Operator.MIN | Operator.MAX:
            return left | right
        case Operator.SUBTRACT:
            return left | turned
        case Operator.MULTIPLY:
            clear = (not left or sure[1]) and (not right or sure[0])
            return left | right if clear else {1, -1}
        case Operator.RATIO | Operator.WHOLE_TIMES:
            clear = (not left or sure[1]) and (not right or all(sure))
            return left | turned if clear else {1, -1}
        case _:
            assert_never(how)


def _not_negative(expr: Expr, edition: Edition, subject: str) -> bool:
    low = least(expr, edition, subject)
    return low is not None and low >= 0
