"""Making: a decision on its way, with the rules found so far.

Place in the flow: shared by the makers of all kinds of decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from dealerrules.diagnostics import Phrase, shown
from dealerrules.policy.conditions import condition
from dealerrules.policy.fields import Shape, as_identifier, is_identifier
from dealerrules.policy.model import (
    Clause,
    Data,
    Named,
    Rule,
    Title,
)
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.policy.reading import mended_shape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from dealerrules.diagnostics import Span
    from dealerrules.expr import (
        Expr,
    )
    from dealerrules.policy.document import (
        Described,
        EffectiveShape,
    )
    from dealerrules.policy.scope import Report, Scope


S = TypeVar("S", bound=Shape)

X = TypeVar("X")


@dataclass(slots=True)
class Making:
    """A decision being made: its names, where it comes from, and the rules found so far."""

    name: str
    scope: Scope
    policy: str
    clause: Clause | None
    items: Collection[str]
    span: Span
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
            self.report.add("DR310", span, id=rule_id, first=place_of(first, span))
            self.sound = False
        return first is span

    def mended(self, shape: type[S], node: Node) -> S:
        """Return a node as a shape; a fault of its form does not stop the search for others."""
        made, faults = mended_shape(shape, node)
        self.report.extend(faults)
        self.sound = self.sound and not faults
        return made

    def fault(
        self, code: str, at: Span | Node, *, nearest: str | None = None, **values: str | Phrase
    ) -> None:
        """Report a fault of the decision."""
        self.report.add(code, at, nearest=nearest, related=(), **values)
        self.sound = False

    def kept(self, made: X) -> X:
        """Return what was made of a part; none was at fault."""
        self.sound = self.sound and made is not None
        return made

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
        title: Title | None = None,
    ) -> None:
        """Keep a rule; a rule without condition or id was at fault."""
        if not rule_id or not self.claim(rule_id, span):
            return
        if when is None:
            self.sound = False
            return
        own = described.source.clause_of() if described is not None and described.source is not None else None
        self.rules[rule_id] = Rule(
            id=rule_id,
            when=when,
            answer=answer or rule_id,
            title=described.title if described is not None else title or Title(),
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
    return making.kept(condition(node, making.scope))


def check_names(shape: Shape, tables: Iterable[str], making: Making) -> None:
    """Check that the keys of tables can be ids."""
    before = making.report.said
    report_names(shape, tables, making.report)
    making.sound = making.sound and making.report.said == before


def report_names(shape: Shape, tables: Iterable[str], report: Report) -> None:
    """Report keys of tables that cannot be names."""
    for table in tables:
        node = shape.node(table)
        for key, _ in node.entries if isinstance(node, MapNode) else ():
            if not is_identifier(key.text):
                report.add("DR206", key, id=key.text, nearest=as_identifier(key.text))


def place_of(first: Span, later: Span) -> Phrase:
    """Return where something stands first, as one says it at a later place."""
    if first.source.name == later.source.name:
        return Phrase(f"第 {first.line} 行", f"line {first.line}")
    name = shown(first.source.name)
    return Phrase(f"`{name}` 第 {first.line} 行", f"line {first.line} of `{name}`")


def check_effective(
    shape: EffectiveShape | None, report: Report, lowest: date, highest: date
) -> tuple[date, date]:
    """Return the days from which and until which something is in force; the end must not precede the start."""
    if shape is None:
        return lowest, highest
    start, end = shape.start or lowest, shape.until or highest
    if end < start:
        report.add("DR512", shape.span("until"), start=str(start), end=str(end))
    return start, max(start, end)
