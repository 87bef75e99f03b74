"""Making: a decision on its way, with the rules found so far.

Place in the flow: shared by the makers of all kinds of decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dealerrules.policy.conditions import condition
from dealerrules.policy.model import (
    Clause,
    Data,
    Named,
    Rule,
    Title,
)
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dealerrules.diagnostics import Span
    from dealerrules.expr import (
        Expr,
    )
    from dealerrules.policy.document import (
        Described,
    )
    from dealerrules.policy.scope import Report, Scope


@dataclass(slots=True)
class Making:
    """A decision being made: its names, where it comes from, and the rules found so far."""

    name: str
    scope: Scope
    policy: str
    clause: Clause | None
    items: Collection[str]
    definitions: Mapping[str, Expr]
    rules: dict[str, Rule] = field(default_factory=dict)
    seen: dict[str, Span] = field(default_factory=dict)
    sound: bool = True

    @property
    def report(self) -> Report:
        """Where faults go."""
        return self.scope.report

    def claim(self, rule_id: str, span: Span) -> bool:
        """Take an id; one that is taken already is a fault."""
        first = self.seen.setdefault(rule_id, span)
        if first is not span:
            self.report.add("DR310", span, id=rule_id, line=str(first.line))
            self.sound = False
        return first is span

    def add(
        self,
        rule_id: str,
        when: Expr | None,
        span: Span,
        *,
        described: Described | None = None,
        answer: str | None = None,
        angle: Named | None = None,
        clause: Clause | None = None,
    ) -> None:
        """Keep a rule; a rule without condition was at fault."""
        if not self.claim(rule_id, span):
            return
        if when is None:
            self.sound = False
            return
        own = described.source.clause_of() if described is not None and described.source is not None else None
        self.rules[rule_id] = Rule(
            id=rule_id,
            when=when,
            answer=answer or rule_id,
            title=described.title if described is not None else Title(),
            clause=own or clause or self.clause,
            place=span.short,
            angle=angle.id if angle is not None else None,
            data=plain(described.data) if described is not None else None,
        )

    def sorted_rules(self) -> tuple[Rule, ...]:
        """Return the rules by id: bit i of a mask is the i-th."""
        return tuple(self.rules[name] for name in sorted(self.rules))


def plain(node: Node | None) -> Data:
    """Return attached data as plain texts, lists and mappings."""
    match node:
        case None:
            return None
        case MapNode():
            return {key.text: plain(value) for key, value in node.entries}
        case ListNode():
            return [plain(item) for item in node.items]
        case ScalarNode(text="true" | "false", quoted=False):
            return node.text == "true"
        case ScalarNode():
            return node.text


def optional_condition(node: Node | None, making: Making) -> Expr | None:
    """Return a condition that may be left out."""
    if node is None:
        return None
    made = condition(node, making.scope)
    making.sound = making.sound and made is not None
    return made
