"""Looking: what a condition looks at, and the values that it compares it with; other decisions are looked into.

Place in the flow: the analyser's space makes an axis of each thing that is looked at, cut at these values.
"""

from __future__ import annotations

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
    Reached,
    RoundWhole,
)
from dealerrules.policy.model import Payout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.policy.model import Edition
    from dealerrules.values import Value


def worked_in(edition: Edition, item: Answer) -> bool:
    """Tell whether a decision's answer follows from its rules alone, so that its conditions stand for it."""
    return not isinstance(edition.decisions[item.decision], Payout)


def tests(expr: Expr, edition: Edition) -> Iterator[tuple[Expr, list[Value | None]]]:
    """Yield what a condition looks at, with the values that it is compared with; other decisions are looked into.

    None stands among the values where the condition asks whether there is a value at all.
    """
    match expr:
        case All(items=items) | AnyOf(items=items):
            for item in items:
                yield from tests(item, edition)
        case Not(item=item):
            yield from tests(item, edition)
        case LevelIn(decision=name, angle=angle):
            for rule in edition.decisions[name].rules:
                if angle is None or rule.angle == angle:
                    yield from tests(rule.when, edition)
        case Compare(left=item, right=Constant(value=value)):
            yield from _looked_at(item, [value], edition)
        case Member(item=item, among=among):
            yield from _looked_at(item, list(among), edition)
        case Known(item=item):
            yield from _looked_at(item, [None], edition)
        case IsAbsent(item=item):
            yield from _looked_at(item, [], edition)
        case Constant():
            return
        case (
            Compare()
            | Field()
            | AsOf()
            | Fact()
            | Answer()
            | Arithmetic()
            | RoundWhole()
            | Elapsed()
            | FirstKnown()
            | Lookup()
            | IfAbsent()
            | Aggregate()
            | Before()
            | Reached()
        ):
            yield expr, []
        case _:
            assert_never(expr)


def _looked_at(
    item: Expr, values: list[Value | None], edition: Edition
) -> Iterator[tuple[Expr, list[Value | None]]]:
    if isinstance(item, Answer) and worked_in(edition, item):
        for rule in edition.decisions[item.decision].rules:
            yield from tests(rule.when, edition)
    else:
        yield item, values
