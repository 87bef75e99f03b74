"""Tests: what durable_rules matches against a message: a field and a constant, and `$and` and `$or` of such tests.

Place in the flow: between the conditions of a policy and the ruleset that is made of them (``durable_writer.py``).
Here is what these tests are and how they are put together; nothing here knows a policy.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final, assert_never

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dealerrules.engines.carried import Carried

KNOWN, UNKNOWN, ABSENT_WORD = "known", "unknown", "absent"
"""What a message says of a quantity of which that matters."""


@dataclass(frozen=True, slots=True)
class Is:
    """One test on a quantity's value, or on whether it has one (`state`); false where the message lacks the field."""

    quantity: str
    how: str
    value: Carried
    state: bool = False

    @property
    def field(self) -> str:
        """The field of the message."""
        return f"{self.quantity}_is" if self.state else self.quantity


@dataclass(frozen=True, slots=True)
class Every:
    """All of them; without any it is true."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of them; without any it is false."""

    items: tuple[Node, ...]


Node = Is | Every | Some
ALWAYS: Final = Every(())
NEVER: Final = Some(())

MOST_OPERATORS: Final = 12
"""Of a rule; durable_rules holds 15."""
MOST_FIRINGS: Final = 16
"""Of one rule on one message: an `$or` fires once for each true side."""
MOST_TESTS: Final = 50
"""Side by side; durable_rules never finishes reading 512."""


def every(items: Iterable[Node]) -> Node:
    """Return the conjunction, flat, each test once."""
    found: dict[Node, None] = {}
    for item in items:
        if item == NEVER:
            return NEVER
        found.update(dict.fromkeys(item.items if isinstance(item, Every) else (item,)))
    return next(iter(found)) if len(found) == 1 else Every(tuple(found))


def some(items: Iterable[Node]) -> Node:
    """Return the disjunction, flat, each test once."""
    found: dict[Node, None] = {}
    for item in items:
        if item == ALWAYS:
            return ALWAYS
        found.update(dict.fromkeys(item.items if isinstance(item, Some) else (item,)))
    return next(iter(found)) if len(found) == 1 else Some(tuple(found))


def leaves(node: Node) -> list[Is]:
    """Return the tests of a node."""
    match node:
        case Is():
            return [node]
        case Every(items=items) | Some(items=items):
            return [leaf for item in items for leaf in leaves(item)]
        case _:
            assert_never(node)


def written(node: Node) -> dict[str, object]:
    """Return a node as durable_rules reads it.

    Examples:
        >>> written(every([Is("visits", "$gte", 5), some([Is("loyalty", "$eq", "high"), Is("kind", "$eq", "company")])]))
        {'$and': [{'$gte': {'visits': 5}}, {'$or': [{'loyalty': 'high'}, {'kind': 'company'}]}]}
    """
    match node:
        case Is(how="$eq", value=value):
            return {node.field: value}
        case Is(how=how, value=value):
            return {how: {node.field: value}}
        case Every(items=items):
            return {"$and": [written(item) for item in items]}
        case Some(items=items):
            return {"$or": [written(item) for item in items]}
        case _:
            assert_never(node)


# ---------------------------------------------------------------------------------------------------
# How much a rule may be


def at_once(tests: Iterable[Is]) -> int:
    """Return how many of some tests a message can meet at the same time, at most.

    Examples:
        >>> at_once([Is("n", "$gte", 1), Is("n", "$gte", 3), Is("n", "$lt", 3), Is("word", "$eq", "a")])
        3
        >>> at_once([Is("n", "$lt", 3), Is("n", "$eq", "absent", state=True)])
        1
    """
    ordered = sorted(tests, key=lambda test: test.quantity)
    return sum(_of_one(list(group)) for _, group in groupby(ordered, key=lambda test: test.quantity))


def _of_one(tests: list[Is]) -> int:
    """Return the same of tests on one quantity."""
    values = [test for test in tests if not test.state]
    equal = Counter(test.value for test in values if test.how == "$eq")
    unequal = Counter(test.value for test in values if test.how == "$neq")
    lows = sorted(int(test.value) + (test.how == "$gt") for test in values if test.how in {"$gt", "$gte"})
    highs = sorted(int(test.value) - (test.how == "$lt") for test in values if test.how in {"$lt", "$lte"})
    numbers = {*lows, *highs, *(low - 1 for low in lows), *(high + 1 for high in highs)}

    def met(value: Carried) -> int:
        if not (lows or highs):
            return equal[value] + unequal.total() - unequal[value]
        assert isinstance(value, int)  # close to it there may be one that is unequal to all
        return (
            equal[value]
            + unequal.total()
            + bisect_right(lows, value)
            + len(highs)
            - bisect_left(highs, value)
        )

    tried: set[Carried] = {*equal, *unequal, *numbers}
    elsewhere = unequal.total()
    states = Counter(test.value for test in tests if test.state)
    most = max([elsewhere, *map(met, tried)])
    return max(most + states[KNOWN], states[UNKNOWN], states[ABSENT_WORD])


def firings(node: Node) -> int:
    """Return how often a rule with this condition fires on one message, at most."""
    match node:
        case Is():
            return 1
        case Every(items=items):
            product = 1
            for item in items:
                product *= firings(item)
            return product
        case Some(items=items):
            tests = [item for item in items if isinstance(item, Is)]
            return max(1, at_once(tests) + sum(firings(item) for item in items if not isinstance(item, Is)))
        case _:
            assert_never(node)


def operators(node: Node) -> int:
    """Return how many `$and` and `$or` a condition has."""
    return 0 if isinstance(node, Is) else 1 + sum(map(operators, node.items))


def fitted(node: Node, apart: Callable[[Node], Is]) -> Node:
    """Return a condition that durable_rules can hold.

    Args:
        node: the condition.
        apart: makes a part of it a rule of its own, that runs before, and returns the test on what that one found.
    """
    while not isinstance(node, Is) and not _fits(node):
        node = _smaller(node, apart)
    return node


def _fits(node: Every | Some) -> bool:
    return operators(node) < MOST_OPERATORS and firings(node) <= MOST_FIRINGS and _widest(node) <= MOST_TESTS


def _widest(node: Node) -> int:
    if isinstance(node, Is):
        return 1
    return max([len(node.items), *map(_widest, node.items)])


def _smaller(node: Every | Some, apart: Callable[[Node], Is]) -> Node:
    """Return the condition with its largest part taken out; a long list of tests is halved."""
    joined = every if isinstance(node, Every) else some
    if len(node.items) > MOST_TESTS or all(isinstance(item, Is) for item in node.items):
        half = len(node.items) // 2
        return joined([apart(joined(node.items[:half])), apart(joined(node.items[half:]))])
    heavy = max(
        node.items, key=lambda item: (firings(item), operators(item)) if not isinstance(item, Is) else (0, 0)
    )
    return joined([apart(item) if item is heavy else item for item in node.items])
