"""Steps: which rules are matched against one message, so that durable_rules keeps within its limits.

Place in the flow: the writer of a ruleset hands in its rules in the order in which they can run; out come steps. Each
rule asks first for its step, so only the rules of one step are looked at, and the limits count for each step alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from dealerrules.engines.durable_conditions import Every, Is, Node, Some, at_once, leaves

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_PENDING = 60
"""Matched tests still to be followed up; durable_rules keeps 64 and gives up."""
MOST_RULES = 100
"""Of a step; 256 on one test are too many for durable_rules."""
MOST_FIELDS = 200
"""Of a message; durable_rules holds 254."""
MOST_BESIDE = 300
"""Tests below one test; durable_rules never finishes reading 512."""
MOST_WAYS = 100
"""Alternatives that begin at one test; durable_rules writes past its list at 128."""


@dataclass(frozen=True, slots=True)
class Item:
    """A rule of the ruleset: when it fires, `means` is so.

    `depth` says how many messages it needs before it: those that bring what it reads.
    """

    name: str
    node: Node
    depth: int
    means: Meaning


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a rule that fires says: rule `at` of a decision is true or false; or a part of a condition is so."""

    decision: str
    at: int
    truth: bool
    part: str | None = None


@dataclass
class _Network:
    """The tests of one step as durable_rules shares them: a graph that it walks from test to test."""

    below: list[dict[Is, int]] = field(default_factory=lambda: [{}])
    ways: list[list[int]] = field(default_factory=lambda: [[]])
    fields: set[str] = field(default_factory=set)
    count: int = 0

    def add(self, node: Node) -> None:
        """Add a rule."""
        self.count += 1
        self.fields.update(leaf.field for leaf in leaves(node))
        self._from(0, node)

    def _from(self, parent: int, node: Node) -> int:
        """Return the place where a condition ends that begins behind a test."""
        match node:
            case Is():
                if node not in self.below[parent]:
                    self.below[parent][node] = self._new()
                return self.below[parent][node]
            case Every(items=items):
                for item in items:
                    parent = self._from(parent, item)
                return parent
            case Some(items=items):
                joined = self._new()
                for item in items:
                    self.ways[self._from(parent, item)].append(joined)
                return joined
            case _:
                assert_never(node)

    def _new(self) -> int:
        self.below.append({})
        self.ways.append([])
        return len(self.below) - 1

    def fits(self) -> bool:
        """Tell whether durable_rules can hold and walk it, whatever a message says."""
        return (
            self.count <= MOST_RULES
            and len(self.fields) <= MOST_FIELDS
            and max(map(len, self.below)) <= MOST_BESIDE
            and max(map(len, self.ways)) <= MOST_WAYS
            and (len(self.below) <= MOST_PENDING or self._pending(0, {}) <= MOST_PENDING)
        )

    def _pending(self, at: int, seen: dict[int, int]) -> int:
        """Return how many tests wait at most while what is behind one is walked, the last found first."""
        if at not in seen:
            tests = self.below[at]
            matched = (at_once(tests) if len(tests) > 1 else len(tests)) + len(self.ways[at])
            following = [self._pending(each, seen) for each in [*tests.values(), *self.ways[at]]]
            seen[at] = max(matched, matched - 1 + max(following, default=0))
        return seen[at]


def packed(items: Iterable[Item]) -> list[list[Item]]:
    """Return steps: what reads what others find comes after them, and no step is more than durable_rules holds."""
    steps: list[list[Item]] = []
    network, depth = _Network(), -1
    for item in sorted(items, key=lambda each: each.depth):
        network.add(item.node)
        if item.depth != depth or not network.fits():
            network, depth = _Network(), item.depth
            network.add(item.node)
            steps.append([])
        steps[-1].append(item)
    return steps
