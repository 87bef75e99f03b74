"""Names: what may be said where; of a subject, of an event, or nothing at all.

Place in the flow: the editor of an edition resolves every name through these scopes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dealerrules.diagnostics import nearest_word
from dealerrules.expr import Answer, AsOf, Fact, Field
from dealerrules.policy.document import (
    OfferShape,
    PayoutShape,
    RateShape,
    RulesShape,
    StageShape,
    TierShape,
)
from dealerrules.policy.fields import known_words
from dealerrules.policy.parse import ScalarNode
from dealerrules.policy.scope import Levels, Meaning, Parameter, Report, Scope, Several
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import MONEY, TEXT, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dealerrules.policy.editor import Editor


@dataclass(slots=True)
class BareScope:
    """A scope without names: for values that stand on their own."""

    report: Report
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    subject: str | None = None

    def unknown(self, node: ScalarNode, more: Iterable[str]) -> None:
        raise NotImplementedError  # no name is looked up here

    def resolve(self, name: str) -> Meaning | None:
        raise NotImplementedError

    def has(self, name: str) -> bool:  # noqa: ARG002 - it has no names
        return False

    def event(self, table: str) -> Scope:
        raise NotImplementedError

    def table_names(self) -> Iterable[str]:
        return ()


@dataclass(slots=True)
class EventScope:
    """The columns of an event table."""

    report: Report
    parameters: Mapping[str, Parameter]
    table: str
    subject: str | None = None

    def unknown(self, node: ScalarNode, more: Iterable[str]) -> None:
        fields = TABLES[self.table].fields
        nearest = nearest_word(node.text, [*fields, *more])
        words = known_words(fields)
        self.report.add("DR316", node, table=self.table, name=node.text, words=words, nearest=nearest)

    def resolve(self, name: str) -> Meaning | None:
        return Field(self.table, name, TABLES[self.table].fields[name])

    def has(self, name: str) -> bool:
        return name in TABLES[self.table].fields

    def event(self, table: str) -> Scope:
        raise NotImplementedError

    def table_names(self) -> Iterable[str]:
        return ()


@dataclass(slots=True)
class SubjectScope:
    """The names of a subject: its fields, facts, decisions and their angles, and the day."""

    editor: Editor
    subject: str

    @property
    def report(self) -> Report:
        return self.editor.report

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return self.editor.parameters

    def unknown(self, node: ScalarNode, more: Iterable[str]) -> None:
        source = self.editor.decisions.get(node.text)
        if source is not None and isinstance(source.shape, RateShape):
            self.report.add("DR320", node, name=node.text)
            return
        owner = next((each for each in SUBJECTS if SubjectScope(self.editor, each).has(node.text)), None)
        if owner is not None:
            self.report.add("DR319", node, name=node.text, owner=owner, subject=self.subject)
            return
        names = [
            name for name in self._names() if name not in self.editor.chain
        ]  # a fact is not what it needs
        nearest = nearest_word(node.text, [*names, *more]) or self._titled(node.text)
        if nearest is not None or not self.report.lost:
            self.report.add("DR301", node, name=node.text, subject=self.subject, nearest=nearest)

    def _titled(self, text: str) -> str | None:
        """Return the fact whose title was written for its name."""
        titles = {
            title: name
            for name, source in self.editor.fact_sources[self.subject].items()
            for title in (source.shape.title.zh, source.shape.title.en)
            if title
        }
        near = nearest_word(text, titles) if not text.isascii() or " " in text else None
        return titles[near] if near is not None else None

    def _names(self) -> Iterator[str]:
        yield from SUBJECTS[self.subject].fields
        yield from self.editor.fact_sources[self.subject]
        yield "as_of"
        for name, source in self.editor.decisions.items():
            if source.subject == self.subject:
                yield name
                if isinstance(source.shape, TierShape):
                    yield from (f"{name}.{angle}" for angle in source.shape.angles)

    def has(self, name: str) -> bool:
        decision, _, angle = name.partition(".")
        if name == "as_of" or name in SUBJECTS[self.subject].fields:
            return True
        if name in self.editor.fact_sources[self.subject] or decision in self.editor.at_fault:
            return True
        source = self.editor.decisions.get(decision)
        if source is not None and source.subject == self.subject:
            angles = source.shape.angles if isinstance(source.shape, TierShape) else ()
            if not angle or angle in angles:
                return True
        return self._is_unread(name)

    def _is_unread(self, name: str) -> bool:
        """Tell whether it may be an angle of a tier whose angles could not be read."""
        source = self.editor.decisions.get(name.partition(".")[0])
        return "." in name and source is not None and source.shape.broken("angles")

    def resolve(self, name: str) -> Meaning | None:
        if name == "as_of":
            return AsOf()
        source = self.editor.fact_sources[self.subject].get(name)
        if source is not None:
            made = self.editor.define(self.subject, source, self)
            return None if made is None else Fact(name, made.type)
        if name in SUBJECTS[self.subject].fields:
            return Fact(name, SUBJECTS[self.subject].fields[name])
        return self._answer(name)

    def _answer(self, name: str) -> Meaning | None:
        decision_name, _, angle = name.partition(".")
        source = self.editor.decisions.get(decision_name)
        if source is None:
            return None
        shape = source.shape
        match shape:
            case TierShape():
                return (
                    None
                    if shape.broken("levels")
                    else Levels(decision_name, angle or None, tuple(shape.levels))
                )
            case StageShape():
                absent = shape.node("when_absent", "id") or shape.node("when_absent")
                words = [*shape.first, *shape.stages]
                words += [absent.text] if isinstance(absent, ScalarNode) else []
                unread = shape.broken("first", "stages", "when_absent")
                return None if unread else Answer(name, Type(Kind.CATEGORY, tuple(words)))
            case PayoutShape():
                return Answer(name, MONEY)
            case OfferShape():
                return Answer(name, TEXT)
            case RulesShape():
                return self._output(name, shape)
            case _:
                return None

    @staticmethod
    def _output(name: str, shape: RulesShape) -> Meaning | None:
        """Return the one output of a rules table, if it gives a single value."""
        if shape.broken("outputs", "hit"):
            return None
        output = next(iter(shape.outputs.values()))
        if len(shape.outputs) > 1 or shape.hit == "collect" or output.type in {"texts", "items"}:
            return Several(name)
        if output.broken("type", "options"):
            return None
        options = output.options if output.type == "category" else ()
        return Answer(name, Type(Kind(output.type), options))

    def event(self, table: str) -> Scope:
        return EventScope(self.report, self.parameters, table)

    def table_names(self) -> Iterable[str]:
        return SUBJECTS[self.subject].tables
