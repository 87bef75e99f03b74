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
from dealerrules.policy.advising import note_advice
from dealerrules.policy.document import (
    DECISION_SHAPES,
    NAMED,
    DecisionShape,
    FactShape,
    ParameterShape,
    PolicyShape,
    RateShape,
    SubjectShape,
)
from dealerrules.policy.fields import Shape, is_identifier, known_words
from dealerrules.policy.forms import COMMON_KEYS, fact_form
from dealerrules.policy.keeping import kept_facts
from dealerrules.policy.kinds import decision
from dealerrules.policy.literals import constant, repeated, words_of
from dealerrules.policy.making import Making, report_names
from dealerrules.policy.model import AnyDecision, Edition, FactDefinition, Item, Payout, Setting, Stage, Tier
from dealerrules.policy.names import BareScope, SubjectScope
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, parse
from dealerrules.policy.phrases import KIND_WORDS, arrows, phrase
from dealerrules.policy.rates import rate
from dealerrules.policy.reading import mended_shape, read_shape
from dealerrules.policy.scope import Parameter, Report, Scope
from dealerrules.records import SUBJECTS
from dealerrules.values import BOOLEAN, DATE, MONEY, RATIO, Kind, Type, read_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealerrules.diagnostics import Span


CATALOGUE = Path(__file__).parent.parent / "catalogue.yaml"

POPULATION = "population"
"""The subject of a rate: all customers together, with their vehicles and events."""
MAX_CHAIN = 32
"""How many facts may each need the next."""

_LANGUAGE = frozenset({"all", "any", "not", "true", "false"})


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
    def place(self) -> Span:
        """Where it says from when it is in force, or else its name."""
        effective = self.shape.effective
        return effective.span("from") if effective is not None else self.shape.span("policy")


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
class FactSource:
    """A fact as a policy, or the catalogue, writes it."""

    name: str
    node: Node
    key: ScalarNode
    shape: FactShape
    builtin: bool
    done: bool = False


@dataclass(slots=True)
class DecisionSource:
    """A decision as a policy writes it."""

    name: str
    subject: str
    shape: DecisionShape
    draft: Draft
    span: Span
    sound: bool


_Taken = tuple[Phrase, "Span | None"]
"""What a name means already, and where that is written if a policy says it."""
_Graph = dict[str, tuple["Span", list[str]]]
"""Where each name stands, and the names that it needs."""


@dataclass(slots=True)
class Editor:
    """Makes one edition: collects names first, then gives them meaning."""

    start: date
    end: date
    drafts: list[Draft]
    report: Report
    parameters: dict[str, Parameter] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    item_places: dict[str, Span] = field(default_factory=dict)
    decisions: dict[str, DecisionSource] = field(default_factory=dict)
    at_fault: set[str] = field(default_factory=set)  # decisions of which nothing more is known
    chain: list[str] = field(default_factory=list)  # the facts being defined, each needed by the one before
    fact_sources: dict[str, dict[str, FactSource]] = field(default_factory=dict)
    facts: dict[str, dict[str, FactDefinition]] = field(default_factory=dict)
    rule_places: dict[str, dict[str, Span]] = field(default_factory=dict)  # of each decision

    def make(self) -> Edition:
        """Return the edition; what is at fault is reported and left out."""
        for subject, meta in SUBJECTS.items():
            self.fact_sources[subject] = {}
            self.facts[subject] = {
                name: FactDefinition(
                    name=name,
                    subject=subject,
                    type=type_,
                    expr=_plain_field(subject, name, type_),
                    builtin=True,
                    actionable=name not in meta.fixed,
                )
                for name, type_ in meta.fields.items()
            }
        builtin = Draft(catalogue(), builtin=True)
        self._parameters(builtin)
        self._fact_sources(builtin)
        for draft in self.drafts:
            self._parameters(draft)
        for draft in self.drafts:
            self._decision_sources(draft)
            self._fact_sources(draft)
        for draft in self.drafts:
            self._items(draft)
        scopes = {subject: SubjectScope(self, subject) for subject in SUBJECTS}
        for subject, table in self.fact_sources.items():
            for source in table.values():
                self._define_from(subject, source, scopes[subject])
        note_advice([draft.shape for draft in self.drafts], self.facts, self.report)
        made = {}
        rates = {}
        for asked in self.decisions.values():
            if isinstance(asked.shape, RateShape):
                rate_made = rate(asked.shape, self._making(asked, scopes["customer"]), asked.span)
                if rate_made is not None:
                    rates[asked.name] = rate_made
                continue
            making = self._making(asked, scopes[asked.subject])
            done = decision(asked.shape, making, asked.span)
            self.rule_places[asked.name] = making.seen
            if done is not None:
                made[done.name] = done
            if isinstance(done, Tier):
                self._add_kept(done, asked)
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
            rates=rates,
            policies={draft.name: draft.shape.title for draft in self.drafts},
            parameters=self._settings([builtin, *self.drafts]),
        )

    def _add_kept(self, tier: Tier, source: DecisionSource) -> None:
        """Add the facts that say which levels of a tier are kept; none of them may be taken."""
        for fact in kept_facts(tier):
            taken = self._taken(fact.name, tier.subject)
            if taken is not None:
                self._report_taken(source.shape.key_span("keeps"), fact.name, taken)
            self.facts[tier.subject][fact.name] = fact

    def _settings(self, drafts: list[Draft]) -> dict[str, Setting]:
        """Return the parameters as they are declared; where one is restated, the policy's own title stands."""
        titles = {name: shape.title for draft in drafts for name, shape in draft.shape.parameters.items()}
        return {
            name: Setting(name=name, value=made.value, type=made.type, title=titles[name])
            for name, made in self.parameters.items()
            if made.value is not None
        }

    # --- names ---

    def _parameters(self, draft: Draft) -> None:
        report_names(draft.shape, NAMED, self.report)
        for name, shape in draft.shape.parameters.items():
            key = draft.shape.key_span("parameters", name)
            value = self._parameter(name, shape, key)
            restated = self.parameters.get(name)
            taken = self._taken(name)
            if restated is not None and not self._is_default(name):
                self._report_taken(key, name, (Phrase("参数", "a parameter"), restated.place))
            elif taken is not None:
                self._report_taken(key, name, taken)
            elif restated is not None and value.value is not None and value.type != restated.type:
                found, expected = (
                    KIND_WORDS[each.type.kind] if each.type is not None else phrase("a list")
                    for each in (value, restated)
                )
                self.report.add("DR403", shape.span("type"), name=name, found=found, expected=expected)
            elif restated is None or value.value is not None:
                self.parameters[name] = value

    def _is_default(self, name: str) -> bool:
        """Tell whether a parameter still has the catalogue's value, which a policy may restate."""
        return name in catalogue().parameters and self.parameters[name] == self._parameter(
            name, catalogue().parameters[name], catalogue().span()
        )

    def _parameter(self, name: str, shape: ParameterShape, key: Span) -> Parameter:
        """Return a parameter, without value where it is at fault."""
        place = key if key.source.name != CATALOGUE.name else None
        if shape.broken("type"):
            return Parameter(name, None, None, (), place)
        if shape.value is None:
            self.report.add("DR513", key, name=name)
        elif shape.type == "list":
            words = words_of(shape.value, self.report)
            twice = isinstance(shape.value, ListNode) and repeated(shape.value, self.report)
            if words is not None and not twice:
                return Parameter(name, None, words, shape.value.items, place)
        else:
            made = constant(shape.value, Type(Kind(shape.type)), BareScope(self.report))
            if made is not None:
                return Parameter(name, made.type, made.value, (), place)
        return Parameter(name, None, None, (), place)

    def _taken(self, name: str, subject: str | None = None) -> _Taken | None:
        """Return what a name means already, to a subject or to any, and where that is written."""
        if name in self.decisions:
            return Phrase("决策", "a decision"), self.decisions[name].span
        if name in self.at_fault:
            return Phrase("决策", "a decision"), None
        if subject is not None and name in self.parameters:
            return Phrase("参数", "a parameter"), self.parameters[name].place
        for each in [subject] if subject is not None else list(SUBJECTS):
            if name in SUBJECTS[each].fields:
                return Phrase("字段", "a field"), None
            fact = self.fact_sources[each].get(name)
            if fact is not None and fact.builtin:
                return Phrase("内置事实", "a built-in fact"), None
            if fact is not None:
                return Phrase("事实", "a fact"), fact.key.span
        if name == "as_of":
            return Phrase("评估日期", "the day of evaluation"), None
        if name in _LANGUAGE:
            return Phrase("语言本身的词", "a word of the language"), None
        return (Phrase("一个值", "a value"), None) if is_identifier(name) and _is_value(name) else None

    def _report_taken(self, key: Span | ScalarNode, name: str, taken: _Taken) -> None:
        what, place = taken
        note = Phrase("已经写在这里", "it stands here")
        related = ((place, note),) if place is not None else ()
        self.report.add("DR309", key, name=name, taken=what, related=related)

    def _decision_sources(self, draft: Draft) -> None:
        for name, node in draft.shape.decisions.items():
            span = draft.shape.key_span("decisions", name)
            before = self.report.said
            shape = self._decision_shape(node, span)
            subject = self._subject_of(shape) if shape is not None else None
            taken = self._taken(name, subject if subject in SUBJECTS else "customer")
            if taken is not None:
                self._report_taken(span, name, taken)
            elif shape is None or subject is None:
                self.at_fault.add(name)
            else:
                if isinstance(shape, SubjectShape):
                    self._check_dated_by(shape, subject)
                sound = self.report.said == before
                self.decisions[name] = DecisionSource(name, subject, shape, draft, span, sound)

    def _decision_shape(self, node: Node, owner: Span) -> DecisionShape | None:
        """Return a decision as the shape of its kind, or of the one that was meant."""
        if not isinstance(node, MapNode):
            self.report.not_this(node, phrase("a mapping (`key: value`)"))
            return None
        meant = next((key.text for key, _ in node.entries if nearest_word(key.text, ["kind"])), "kind")
        kind = node.get("kind") or node.get(meant)
        if kind is None:
            self.report.add("DR202", owner, key="kind")
            return None
        if not isinstance(kind, ScalarNode) or not kind.text:
            self.report.not_this(kind, phrase("a word"))
            return None
        word: str | None = kind.text
        if kind.text not in DECISION_SHAPES:
            words = known_words(DECISION_SHAPES)
            word = nearest_word(kind.text, DECISION_SHAPES)
            self.report.add("DR204", kind, word=kind.text, words=words, nearest=word)
        if word is None:
            return None
        shape, faults = mended_shape(DECISION_SHAPES[word], node, owner)
        self.report.extend(faults)
        return shape

    def _subject(self, shape: Shape, name: str) -> str | None:
        """Return a subject, or the one that was meant."""
        if name in SUBJECTS:
            return name
        nearest = nearest_word(name, SUBJECTS)
        if not shape.broken("subject"):
            at = shape.span("subject")
            self.report.add("DR314", at, name=name, words=known_words(SUBJECTS), nearest=nearest)
        return nearest

    def _subject_of(self, shape: DecisionShape) -> str | None:
        """Return the subject of a decision; a rate is of the population, and reads the facts of customers."""
        if not isinstance(shape, RateShape):
            return self._subject(shape, shape.subject)
        if shape.subject not in {POPULATION, "customer"} and not shape.broken("subject"):
            nearest = nearest_word(shape.subject, [POPULATION])
            at = shape.span("subject")
            self.report.add("DR314", at, name=shape.subject, words=known_words([POPULATION]), nearest=nearest)
        return POPULATION

    def _check_dated_by(self, shape: SubjectShape, subject: str) -> None:
        fields = SUBJECTS[subject].fields
        if shape.dated_by and fields.get(shape.dated_by) != DATE:
            dates = [name for name, type_ in fields.items() if type_ == DATE]
            self.report.add(
                "DR315",
                shape.span("dated_by"),
                name=shape.dated_by,
                subject=subject,
                words=known_words(dates),
                nearest=nearest_word(shape.dated_by, dates),
            )

    def _fact_sources(self, draft: Draft) -> None:
        for name, node in draft.shape.facts.items():
            key = self._key(draft, "facts", name)
            shape, faults = mended_shape(FactShape, _described_part(node, key.span))
            self.report.extend(faults)
            subject = self._subject(shape, shape.subject)
            if subject is None:
                self.at_fault.add(name)
                continue
            taken = self._taken(name, subject)
            if taken is not None:
                self._report_taken(key, name, taken)
            else:
                source = FactSource(name, node, key, shape, builtin=draft.builtin)
                self.fact_sources[subject][name] = source

    @staticmethod
    def _key(draft: Draft, table: str, name: str) -> ScalarNode:
        node = draft.shape.node(table)
        assert isinstance(node, MapNode)
        return next(key for key, _ in node.entries if key.text == name)

    def _items(self, draft: Draft) -> None:
        scope = BareScope(self.report, self.parameters)
        for name, shape in draft.shape.items.items():
            key = draft.shape.key_span("items", name)
            if name in self.items:
                self._report_taken(key, name, (Phrase("物品", "an item"), self.item_places[name]))
                continue
            given = [word for word in ("value", "price", "refund") if getattr(shape, word) is not None]
            if len(given) != 1 and not shape.broken():
                self.report.add("DR514", key, name=name)
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
            self.item_places[name] = key
            self.items[name] = Item(id=name, title=shape.title, value=amount, price=price, refund=refund)

    # --- meaning ---

    def _define_from(self, subject: str, source: FactSource, scope: Scope) -> None:
        """Give a fact its meaning, and the facts that it needs theirs."""
        try:
            self.define(subject, source, scope)
        except RecursionError:
            self.report.add("DR317", source.key, name=source.name, limit=str(MAX_CHAIN))
            for name in self.chain:
                self.fact_sources[subject][name].done = True
        self.chain.clear()

    def define(self, subject: str, source: FactSource, scope: Scope) -> FactDefinition | None:
        """Give a fact its meaning; a fact that needs itself is a fault."""
        if source.done:
            return self.facts[subject].get(source.name)
        if source.name in self.chain:
            circle = [*self.chain[self.chain.index(source.name) :], source.name]
            self.report.add("DR308", source.key, members=arrows(circle))
            return None
        if len(self.chain) >= MAX_CHAIN:
            first = self.fact_sources[subject][self.chain[0]]
            self.report.add("DR317", first.key, name=first.name, limit=str(MAX_CHAIN))
            return None
        self.chain.append(source.name)
        expr = fact_form(source.node, scope, source.key.span)
        self.chain.pop()
        source.done = True
        shape = source.shape
        actionable = constant(shape.actionable, BOOLEAN, scope) if shape.actionable is not None else None
        if expr is None:
            return None
        definition = FactDefinition(
            name=source.name,
            subject=subject,
            type=type_of(expr),
            expr=expr,
            title=shape.title,
            place=source.key.span.short,
            builtin=source.builtin,
            actionable=actionable is None or actionable.value is True,
        )
        self.facts[subject][source.name] = definition
        return definition

    def _making(self, source: DecisionSource, scope: SubjectScope) -> Making:
        """Return what the maker of a decision starts from."""
        clause_shape = source.shape.source or source.draft.shape.source
        return Making(
            name=source.name,
            scope=scope,
            policy=source.draft.name,
            clause=clause_shape.clause_of() if clause_shape is not None else None,
            items=self.items.keys(),
            span=source.span,
            definitions={name: each.expr for name, each in self.facts[scope.subject].items()},
            sound=source.sound,
        )

    # --- order ---

    def _ordered(self, made: dict[str, AnyDecision]) -> dict[str, AnyDecision]:
        """Return decisions as written, but each after those that it needs; its angles so too. Report circles."""
        ranks: dict[str, dict[str, int]] = {}
        rests: dict[str, Iterator[str]] = {}
        for subject in SUBJECTS:
            own = [each for each in made.values() if each.subject == subject]
            order = self._in_order(self._graph(subject, own))
            ranks[subject] = {key: at for at, key in enumerate(order)}
            names = {each.name for each in own}
            rests[subject] = iter([key for key in order if key in names])
        result: dict[str, AnyDecision] = {}
        for asked in made.values():
            while asked.name not in result:
                name = next(rests[asked.subject])
                each = made[name]
                if isinstance(each, Tier):
                    rank = {angle.id: ranks[each.subject][f"{name}.{angle.id}"] for angle in each.angles}
                    each = replace(each, angles=tuple(sorted(each.angles, key=lambda one: rank[one.id])))
                result[name] = each
        return result

    def _graph(self, subject: str, decisions: list[AnyDecision]) -> _Graph:
        """Return where each decision, angle and fact of a subject stands, and what it needs."""
        graph: _Graph = {}
        for each in decisions:
            source = self.decisions[each.name]
            angles = (
                {f"{each.name}.{angle.id}": angle.id for angle in each.angles}
                if isinstance(each, Tier)
                else {}
            )
            graph[each.name] = source.span, sorted(angles) or _needs(_parts(each))
            for key, angle in angles.items():
                rules = [rule.when for rule in each.rules if rule.angle == angle]
                graph[key] = source.shape.key_span("angles", angle), _needs(rules)
        for name, fact in self.fact_sources[subject].items():
            if name in self.facts[subject]:
                graph[name] = fact.key.span, _needs([self.facts[subject][name].expr])
        return graph

    def _in_order(self, graph: _Graph) -> list[str]:
        """Return everything after what it needs; report circles."""
        order: dict[str, None] = {}
        for first in graph:
            path = {first: iter(graph[first][1])} if first not in order else {}
            while path:
                name, rest = next(reversed(path.items()))
                needed = next(rest, None)
                if needed is None:
                    del path[name]
                    order[name] = None
                elif needed in path:
                    members = [*path]
                    circle = [*members[members.index(needed) :], needed]
                    self.report.add("DR308", graph[needed][0], members=arrows(circle))
                elif needed in graph and needed not in order:
                    path[needed] = iter(graph[needed][1])
        return list(order)


def _plain_field(subject: str, name: str, type_: Type) -> Expr:
    """Return how a plain field is read; `out_of_reach` is the one field whose absence means false."""
    plain = Field(subject, name, type_)
    return FirstKnown((plain, Constant(value=False, type=BOOLEAN))) if name == "out_of_reach" else plain


def _parts(each: AnyDecision) -> Iterator[Expr]:
    """Yield the expressions of a decision."""
    yield from (rule.when for rule in each.rules)
    match each:
        case Stage():
            yield each.measure
        case Payout():
            yield from (part for part in (each.measure, each.times) if part is not None)
            yield from (line.amount for lines in each.lines.values() for line in lines)
        case _:
            pass


def _needs(exprs: Iterable[Expr]) -> list[str]:
    """Return the facts, decisions and angles (``tier.angle``) that expressions read, by name."""
    found: set[str] = set()
    for node in (node for expr in exprs for node in walk(expr)):
        match node:
            case Fact(name=name) | Answer(decision=name) | LevelIn(decision=name, angle=None):
                found.add(name)
            case LevelIn(decision=name, angle=angle):
                found.add(f"{name}.{angle}")
            case _:
                pass
    return sorted(found)


def _described_part(node: Node, span: Span) -> MapNode:
    """Return the keys of a fact that are not its form."""
    entries = node.entries if isinstance(node, MapNode) else ()
    return MapNode(tuple(entry for entry in entries if entry[0].text in COMMON_KEYS), span)


def _is_value(text: str) -> bool:
    """Tell whether a text reads as a value, so that it cannot be a name."""
    try:
        return read_literal(text).kind is not Kind.TEXT
    except ValueError:
        return True
