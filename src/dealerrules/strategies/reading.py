"""Reading: what some decisions look at, directly or through facts and other decisions, and the numbers in it.

Place in the flow: below ``near`` and ``aiming``, which make values around those numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Compare,
    Constant,
    Expr,
    Fact,
    Field,
    LevelIn,
    Member,
    Not,
    Reached,
    type_of,
    walk,
)
from dealerrules.policy.model import Edition, Rule, expressions
from dealerrules.values import QUANTITIES, Kind, Type, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Reading:
    """What some decisions of a subject read, under one edition of the policies.

    Attributes:
        edition: what is in force.
        subject: whose decisions they are.
        decisions: those asked for.
        facts: the facts they read, others' facts and answers included, by name.
        answers: the decisions whose answers they read, by name.
        nodes: every expression that is reached.
    """

    edition: Edition
    subject: str
    decisions: tuple[str, ...]
    facts: tuple[str, ...]
    answers: tuple[str, ...]
    nodes: tuple[Expr, ...]

    @classmethod
    def of(cls, edition: Edition, subject: str, decisions: Iterable[str] | None = None) -> Reading:
        """Return what is read by some decisions; by all of the subject where none is named."""
        mine = [name for name, each in edition.decisions.items() if each.subject == subject]
        asked = tuple(sorted(mine if decisions is None else (name for name in decisions if name in mine)))
        facts: set[str] = set()
        answers: set[str] = set()
        nodes: list[Expr] = []
        stack = [part for name in asked for part in expressions(edition.decisions[name])]
        while stack:
            for node in walk(stack.pop()):
                nodes.append(node)
                match node:
                    case Fact(name=name) if name not in facts:
                        facts.add(name)
                        stack.append(edition.fact(subject, name).expr)
                    case Answer(decision=name) | LevelIn(decision=name) if name not in answers:
                        answers.add(name)
                        stack += expressions(edition.decisions[name])
                    case _:
                        pass
        return cls(edition, subject, asked, tuple(sorted(facts)), tuple(sorted(answers)), tuple(nodes))

    @cached_property
    def named(self) -> Mapping[Kind, tuple[Value, ...]]:
        """The numbers, days and texts that are named, by kind, in order."""
        found: dict[Kind, set[Value]] = {kind: set() for kind in (*QUANTITIES, Kind.TEXT)}
        for node in self.nodes:
            if isinstance(node, Constant) and node.type.kind in found:
                found[node.type.kind].add(node.value)
            elif isinstance(node, Member) and (kind := type_of(node.item).kind) in found:
                found[kind].update(node.among)
            elif isinstance(node, Reached):
                found[Kind.MONTHS].update(months for _, months in node.levels)
        return {kind: tuple(sorted(each)) for kind, each in found.items()}

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The event tables that are looked at."""
        return tuple(sorted({node.table for node in self.nodes if isinstance(node, Aggregate)}))

    def fields(self, of: str) -> Mapping[str, Type]:
        """Return the fields that are looked at, of the subject itself or of a table."""
        found = {node.name: node.type for node in self.nodes if isinstance(node, Field) and node.of == of}
        return dict(sorted(found.items()))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the decisions asked for."""
        return tuple(rule for name in self.decisions for rule in self.edition.decisions[name].rules)

    @cached_property
    def base(self) -> Mapping[str, Type]:
        """The facts that do not follow from other facts alone: with these given, every other one can be worked out."""
        facts = self.edition.facts[self.subject]
        return {name: facts[name].type for name in self.facts if not _follows(facts[name].expr)}

    @cached_property
    def comparisons(self) -> tuple[Compare, ...]:
        """Every comparison of a quantity with a number of the policy, once each; facts' own events are not looked into."""
        found = dict.fromkeys(
            node
            for name in sorted({*self.decisions, *self.answers})
            for rule in self.edition.decisions[name].rules
            for node in comparisons(rule.when)
        )
        return tuple(found)


def comparisons(condition: Expr) -> Iterator[Compare]:
    """Yield the comparisons of a condition with a number of the policy; those on single events are not among them."""
    match condition:
        case All(items=items) | AnyOf(items=items):
            for item in items:
                yield from comparisons(item)
        case Not(item=item):
            yield from comparisons(item)
        case Compare(left=left, right=Constant()) if type_of(left).kind in QUANTITIES:
            yield condition
        case _:
            pass


def _follows(expr: Expr) -> bool:
    """Tell whether a value is made of other facts, and neither of fields nor of events."""
    nodes = list(walk(expr))
    return any(isinstance(node, Fact) for node in nodes) and not any(
        isinstance(node, Field | Aggregate) for node in nodes
    )
