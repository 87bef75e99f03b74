"""The editor: what is in force together, from drafts to one edition of the model.

Place in the flow: the compiler cuts time into pieces and has each edited here: names are collected first, then
given meaning, then decisions are put in order of dependency.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Phrase, PolicyError, Source, nearest_word
from dealerrules.expr import Answer, Constant, Expr, Fact, Field, FirstKnown, LevelIn, type_of, walk
from dealerrules.policy.document import (
    DECISION_SHAPES,
    DecisionShape,
    ParameterShape,
    PolicyShape,
    known_words,
    read_shape,
    read_title,
)
from dealerrules.policy.forms import fact_form
from dealerrules.policy.kinds import decision
from dealerrules.policy.literals import constant
from dealerrules.policy.making import Making
from dealerrules.policy.model import AnyDecision, Edition, FactDefinition, Item, Tier, Title
from dealerrules.policy.names import BareScope, SubjectScope
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, parse
from dealerrules.policy.phrases import phrase, shape_name
from dealerrules.policy.scope import Parameter, Report, Scope
from dealerrules.records import SUBJECTS
from dealerrules.values import BOOLEAN, DATE, MONEY, RATIO, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealerrules.diagnostics import Span


CATALOGUE = Path(__file__).parent.parent / "catalogue.yaml"


@dataclass(slots=True)
class Draft:
    """A policy file on its way: its shape, and when it is in force."""

    shape: PolicyShape
    start: date = date.min
    end: date = date.max
    builtin: bool = False

    @property
    def name(self) -> str:
        """The policy's name."""
        return self.shape.policy

    @property
    def span(self) -> Span:
        """Where the policy's name stands."""
        return self.shape.span("policy")


@lru_cache(maxsize=1)
def catalogue() -> PolicyShape:
    """Return the built-in facts; they are part of the library, so a fault in them is a bug."""
    source = Source("catalogue.yaml", CATALOGUE.read_text(encoding="utf-8"))
    node, faults = parse(source)
    assert node is not None, faults
    shape, more = read_shape(PolicyShape, node)
    assert shape is not None, PolicyError(more)
    return shape


@dataclass(slots=True)
class _FactSource:
    name: str
    node: Node
    key: ScalarNode
    builtin: bool
    making: bool = False
    done: bool = False


@dataclass(slots=True)
class _DecisionSource:
    name: str
    shape: DecisionShape
    draft: Draft
    span: Span


@dataclass(slots=True)
class Editor:
    """Makes one edition: collects names first, then gives them meaning."""

    start: date
    end: date
    drafts: list[Draft]
    report: Report
    parameters: dict[str, Parameter] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    decisions: dict[str, _DecisionSource] = field(default_factory=dict)
    fact_sources: dict[str, dict[str, _FactSource]] = field(default_factory=dict)
    facts: dict[str, dict[str, FactDefinition]] = field(default_factory=dict)

    def make(self) -> Edition:
        """Return the edition; what is at fault in it is reported and left out."""
        all_drafts = [Draft(catalogue(), builtin=True), *self.drafts]
        for subject, meta in SUBJECTS.items():
            self.fact_sources[subject] = {}
            self.facts[subject] = {
                name: FactDefinition(
                    name=name,
                    subject=subject,
                    type=type_,
                    expr=_plain_field(subject, name, type_),
                    builtin=True,
                )
                for name, type_ in meta.fields.items()
            }
        for draft in all_drafts:
            self._parameters(draft)
        for draft in all_drafts:
            self._decision_sources(draft)
            self._fact_sources(draft)
        for draft in self.drafts:
            self._items(draft)
        scopes = {subject: SubjectScope(self, subject) for subject in SUBJECTS}
        for subject, table in self.fact_sources.items():
            for name in table:
                scopes[subject].resolve(name)
        made = {}
        for source in self.decisions.values():
            done = self._decision(source, scopes[source.shape.subject])
            if done is not None:
                made[done.name] = done
        ordered = self._ordered(made)
        answers = {}
        for name, each in ordered.items():
            meaning = scopes[each.subject].resolve(name)
            if isinstance(meaning, Answer):
                answers[name] = meaning.type
        return Edition(
            start=self.start,
            end=self.end,
            decisions=ordered,
            facts=self.facts,
            items=self.items,
            answers=answers,
        )

    # --- names ---

    def _parameters(self, draft: Draft) -> None:
        for name, shape in draft.shape.parameters.items():
            key = draft.shape.key_span("parameters", name)
            if name in self.parameters and not self._is_default(name):
                self.report.add("DR309", key, name=name, taken=Phrase("参数", "a parameter"))
                continue
            value = self._parameter(name, shape)
            if value is not None:
                self.parameters[name] = value

    def _is_default(self, name: str) -> bool:
        """Tell whether a parameter still has the catalogue's value, which a policy may restate."""
        return name in catalogue().parameters and self.parameters[name] == self._parameter(
            name, catalogue().parameters[name]
        )

    def _parameter(self, name: str, shape: ParameterShape) -> Parameter | None:
        if shape.value is None:
            self.report.add("DR513", shape.here, name=name)
            return None
        if shape.type == "list":
            node = shape.value
            if not isinstance(node, ListNode) or not node.items:
                self.report.add("DR203", node, expected=phrase("a list of values"), got=shape_name(node))
                return None
            return Parameter(
                name, None, tuple(item.text for item in node.items if isinstance(item, ScalarNode))
            )
        scope = BareScope(self.report)
        made = constant(shape.value, Type(Kind(shape.type)), scope)
        return None if made is None else Parameter(name, made.type, made.value)

    def _taken(self, name: str, subject: str | None = None) -> Phrase | None:
        if name in self.decisions:
            return Phrase("决策", "a decision")
        subjects = [subject] if subject else list(SUBJECTS)
        for each in subjects:
            if name in SUBJECTS[each].fields:
                return Phrase("字段", "a field")
            if name in self.fact_sources[each]:
                built_in = self.fact_sources[each][name].builtin
                return Phrase("内置事实", "a built-in fact") if built_in else Phrase("事实", "a fact")
        return Phrase("评估日期", "the day of evaluation") if name == "as_of" else None

    def _decision_sources(self, draft: Draft) -> None:
        for name, node in draft.shape.decisions.items():
            span = draft.shape.key_span("decisions", name)
            kind = node.get("kind") if isinstance(node, MapNode) else None
            if not isinstance(node, MapNode):
                self.report.add("DR203", node, expected=phrase("a mapping"), got=shape_name(node))
                continue
            if not isinstance(kind, ScalarNode) or not kind.text:
                self.report.add("DR202", span, key="kind")
                continue
            if kind.text not in DECISION_SHAPES:
                words = known_words(DECISION_SHAPES)
                self.report.add(
                    "DR204",
                    kind,
                    word=kind.text,
                    words=words,
                    nearest=nearest_word(kind.text, DECISION_SHAPES),
                )
                continue
            shape, faults = read_shape(DECISION_SHAPES[kind.text], node)
            self.report.extend(faults)
            if shape is None:
                continue
            if shape.subject not in SUBJECTS:
                nearest = nearest_word(shape.subject, SUBJECTS)
                self.report.add(
                    "DR314",
                    shape.span("subject"),
                    name=shape.subject,
                    words=known_words(SUBJECTS),
                    nearest=nearest,
                )
                continue
            taken = self._taken(name, shape.subject)
            if taken is not None:
                self.report.add("DR309", span, name=name, taken=taken)
                continue
            self._check_dated_by(shape)
            self.decisions[name] = _DecisionSource(name, shape, draft, span)

    def _check_dated_by(self, shape: DecisionShape) -> None:
        fields = SUBJECTS[shape.subject].fields
        if shape.dated_by is not None and fields.get(shape.dated_by) != DATE:
            dates = [name for name, type_ in fields.items() if type_ == DATE]
            self.report.add(
                "DR315",
                shape.span("dated_by"),
                name=shape.dated_by,
                subject=shape.subject,
                words=known_words(dates),
                nearest=nearest_word(shape.dated_by, dates),
            )

    def _fact_sources(self, draft: Draft) -> None:
        for name, node in draft.shape.facts.items():
            key = self._key(draft, "facts", name)
            subject_node = node.get("subject") if isinstance(node, MapNode) else None
            subject = subject_node.text if isinstance(subject_node, ScalarNode) else "customer"
            if subject not in SUBJECTS:
                words = known_words(SUBJECTS)
                at = subject_node if subject_node is not None else node
                self.report.add(
                    "DR314", at, name=subject, words=words, nearest=nearest_word(subject, SUBJECTS)
                )
                continue
            taken = self._taken(name, subject)
            if taken is None and name in self.parameters:
                taken = Phrase("参数", "a parameter")
            if taken is not None:
                self.report.add("DR309", key, name=name, taken=taken)
                continue
            self.fact_sources[subject][name] = _FactSource(name, node, key, draft.builtin)

    @staticmethod
    def _key(draft: Draft, table: str, name: str) -> ScalarNode:
        node = draft.shape.here.get(table)
        assert isinstance(node, MapNode)
        key = node.key(name)
        assert key is not None
        return key

    def _items(self, draft: Draft) -> None:
        scope = BareScope(self.report, self.parameters)
        for name, shape in draft.shape.items.items():
            key = draft.shape.key_span("items", name)
            if name in self.items:
                self.report.add("DR309", key, name=name, taken=Phrase("物品", "an item"))
                continue
            given = [word for word in ("value", "price", "refund") if getattr(shape, word) is not None]
            if len(given) != 1:
                self.report.add("DR514", key, name=name)
                continue
            stated = shape.value is not None and not (
                isinstance(shape.value, ScalarNode) and shape.value.text == "unstated"
            )
            value = constant(shape.value, MONEY, scope) if stated and shape.value is not None else None
            price = constant(shape.price, RATIO, scope) if shape.price is not None else None
            refund = None
            if shape.refund is not None:
                low, high = (
                    constant(shape.refund.start, RATIO, scope),
                    constant(shape.refund.to, RATIO, scope),
                )
                refund = (low, high, shape.refund.of) if low is not None and high is not None else None
            amount = value.value if value is not None else None
            assert amount is None or isinstance(amount, int)
            self.items[name] = Item(id=name, title=shape.title, value=amount, price=price, refund=refund)

    # --- meaning ---

    def define(self, subject: str, source: _FactSource, scope: Scope) -> FactDefinition | None:
        """Give a fact its meaning; a fact that needs itself is a fault."""
        if source.making:
            chain = [name for name, each in self.fact_sources[subject].items() if each.making]
            self.report.add("DR308", source.key, members=" -> ".join([*chain, source.name]))
            return None
        if source.done:
            return self.facts[subject].get(source.name)
        source.making = True
        expr = fact_form(source.node, scope)
        source.making, source.done = False, True
        if expr is None:
            return None
        node = source.node
        assert isinstance(node, MapNode)
        title_node = node.get("title")
        title = Title()
        if title_node is not None:
            read, faults = read_title(title_node)
            self.report.extend(faults)
            title = read if read is not None else title
        actionable = node.get("actionable")
        if actionable is not None:
            constant(actionable, BOOLEAN, scope)
        definition = FactDefinition(
            name=source.name,
            subject=subject,
            type=type_of(expr),
            expr=expr,
            title=title,
            place=source.key.span.short,
            builtin=source.builtin,
            actionable=not (isinstance(actionable, ScalarNode) and actionable.text == "false"),
        )
        self.facts[subject][source.name] = definition
        return definition

    def _decision(self, source: _DecisionSource, scope: SubjectScope) -> AnyDecision | None:
        shape = source.shape
        clause_shape = shape.source or source.draft.shape.source
        making = Making(
            name=source.name,
            scope=scope,
            policy=source.draft.name,
            clause=clause_shape.clause_of() if clause_shape is not None else None,
            items=self.items.keys(),
            definitions={name: each.expr for name, each in self.facts[shape.subject].items()},
        )
        return decision(shape, making, source.span)

    # --- order ---

    def _ordered(self, made: dict[str, AnyDecision]) -> dict[str, AnyDecision]:
        """Return decisions and their angles in dependency order; report circles."""
        graph: dict[str, set[str]] = {}
        places: dict[str, Span] = {}
        for name, each in made.items():
            source = self.decisions[name]
            places[name] = source.span
            graph[name] = self._needs_of_parts(each)
            if isinstance(each, Tier):
                for angle in each.angles:
                    key = f"{name}.{angle.id}"
                    rules = [rule.when for rule in each.rules if rule.angle == angle.id]
                    graph[key] = self._needs(each.subject, rules)
                    graph[name].add(key)
                    graph[name] -= {name}
                    places[key] = source.shape.key_span("angles", angle.id)
        order: list[str] = []
        state: dict[str, int] = {}
        for name in graph:
            self._visit(name, graph, places, state, order, [])
        result: dict[str, AnyDecision] = {}
        for name in order:
            if name not in made:
                continue
            each = made[name]
            if isinstance(each, Tier):
                ranked = {key: at for at, key in enumerate(order)}
                angles = sorted(each.angles, key=lambda angle: ranked[f"{name}.{angle.id}"])
                each = replace(each, angles=tuple(angles))
            result[name] = each
        return result

    def _visit(
        self,
        name: str,
        graph: dict[str, set[str]],
        places: dict[str, Span],
        state: dict[str, int],
        order: list[str],
        path: list[str],
    ) -> None:
        if state.get(name) == 1:
            circle = [*path[path.index(name) :], name]
            self.report.add("DR308", places[name], members=" -> ".join(circle))
            return
        if state.get(name) == 2 or name not in graph:
            return
        state[name] = 1
        for needed in sorted(graph[name]):
            self._visit(needed, graph, places, state, order, [*path, name])
        state[name] = 2
        order.append(name)

    def _needs_of_parts(self, each: AnyDecision) -> set[str]:
        if isinstance(each, Tier):
            return set()
        exprs = [rule.when for rule in each.rules]
        for attribute in ("measure", "times"):
            found = getattr(each, attribute, None)
            if found is not None:
                exprs.append(found)
        return self._needs(each.subject, exprs)

    def _needs(self, subject: str, exprs: Iterable[Expr]) -> set[str]:
        """Return the decisions (and ``tier.angle``) that expressions need, through facts."""
        found: set[str] = set()
        seen: set[str] = set()
        stack = list(exprs)
        while stack:
            for node in walk(stack.pop()):
                if isinstance(node, Answer):
                    found.add(node.decision)
                elif isinstance(node, LevelIn):
                    found.add(node.decision if node.angle is None else f"{node.decision}.{node.angle}")
                elif isinstance(node, Fact) and node.name not in seen:
                    seen.add(node.name)
                    definition = self.facts[subject].get(node.name)
                    if definition is not None:
                        stack.append(definition.expr)
        return found


def _plain_field(subject: str, name: str, type_: Type) -> Expr:
    """Return how a plain field is read; `out_of_reach` is the one field whose absence means false."""
    plain = Field(subject, name, type_)
    return FirstKnown((plain, Constant(value=False, type=BOOLEAN))) if name == "out_of_reach" else plain
