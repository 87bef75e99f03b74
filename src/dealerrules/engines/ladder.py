"""Ladders: many rules on one quantity become edges and masks, looked up by bisection.

Place in the flow: the writer of the fast engine asks here which rules of a decision form a ladder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealerrules.expr import (
    All,
    AnyOf,
    Compare,
    Comparison,
    Constant,
    Expr,
    Not,
    type_of,
    walk,
)
from dealerrules.values import (
    ABSENT,
    QUANTITIES,
)

if TYPE_CHECKING:
    from dealerrules.policy.model import Rule


LADDER = 6
"""From so many rules on one fact on, they are looked up by bisection."""


def only_quantity(when: Expr) -> Expr | None:
    """Return the one quantity that a condition compares with constants, if it does nothing else."""
    found: Expr | None = None
    stack = [when]
    while stack:
        node = stack.pop()
        match node:
            case All(items=items) | AnyOf(items=items):
                stack.extend(items)
            case Not(item=item):
                stack.append(item)
            case Compare(left=left, right=Constant()) if type_of(left).kind in QUANTITIES and found in {
                None,
                left,
            }:
                found = left
            case _:
                return None
    return found


def ladder(rules: list[tuple[int, Rule]]) -> tuple[list[Any], list[int], int]:
    """Return edges, the mask between and at them, and the mask of an absent value.

    With E the edges, the mask of v stands at ``bisect_left(E, v) + bisect_right(E, v)``: even places lie between
    edges, odd ones on them. A rule changes its truth at its own edges only, so each adds a few flips.
    """
    own = {at: _edges(rule.when) for at, rule in rules}
    edges: list[Any] = sorted({edge for each in own.values() for edge in each})
    place = {edge: at for at, edge in enumerate(edges)}
    flips = [0] * (2 * len(edges) + 1)
    when_absent = 0
    for at, rule in rules:
        bit, before = 1 << at, False
        if _holds(rule.when, ABSENT):
            when_absent |= bit
        for index, edge in enumerate(own[at]):
            below = _holds(rule.when, (own[at][index - 1] if index else None, edge))
            if below != before:
                flips[2 * (place[own[at][index - 1]] + 1) if index else 0] ^= bit
            on_edge = _holds(rule.when, edge)
            if on_edge != below:
                flips[2 * place[edge] + 1] ^= bit
            before = on_edge
        above = _holds(rule.when, (own[at][-1], None))
        if above != before:
            flips[2 * place[own[at][-1]] + 2] ^= bit
    masks, mask = [], 0
    for flip in flips:
        mask ^= flip
        masks.append(mask)
    return edges, masks, when_absent


def _edges(when: Expr) -> list[Any]:
    """Return the numbers at which a condition may change, in rising order."""
    found: set[Any] = set()
    for node in walk(when):
        if isinstance(node, Compare) and isinstance(node.right, Constant):
            found.add(node.right.value)
    return sorted(found)


def _holds(when: Expr, at: Any) -> bool:
    """Return a condition's truth at a value, or strictly between two values (an open side is none)."""
    match when:
        case All(items=items):
            return all(_holds(item, at) for item in items)
        case AnyOf(items=items):
            return any(_holds(item, at) for item in items)
        case Not(item=item):
            return not _holds(item, at)
        case Compare(how=how, right=Constant(value=edge)):
            if at is ABSENT:
                return False
            if isinstance(at, tuple):
                side = 1 if at[0] is not None and at[0] >= edge else -1
            else:
                side = (at > edge) - (at < edge)
            return {
                Comparison.EQUAL: side == 0,
                Comparison.AT_LEAST: side >= 0,
                Comparison.MORE_THAN: side > 0,
                Comparison.AT_MOST: side <= 0,
                Comparison.LESS_THAN: side < 0,
            }[how]
        case _:
            message = f"no quantity test: {when}"
            raise AssertionError(message)
