"""Names: what may be said where; of a subject, of an event, or nothing at all.

Place in the flow: the editor of an edition resolves every name through these scopes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dealerrules.expr import Answer, AsOf, Fact, Field
from dealerrules.policy.document import (
    OfferShape,
    PayoutShape,
    RulesShape,
    StageShape,
    TierShape,
)
from dealerrules.policy.parse import MapNode, ScalarNode
from dealerrules.policy.scope import Levels, Meaning, Parameter, Report, Scope
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import MONEY, TEXT, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealerrules.policy.editor import Editor


@dataclass(slots=True)
class BareScope:
    """A scope without names: for values that stand on their own."""

    report: Report
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def names(self) -> Iterable[str]:
        return ()

    def resolve(self, name: str) -> Meaning | None:  # noqa: ARG002 - it has no names
        return None

    def has(self, name: str) -> bool:  # noqa: ARG002 - it has no names
        return False

    def event(self, table: str) -> Scope:
        return EventScope(self.report, self.parameters, table)

    def table_names(self) -> Iterable[str]:
        return ()


@dataclass(slots=True)
class EventScope:
    """The columns of an event table."""

    report: Report
    parameters: Mapping[str, Parameter]
    table: str

    def names(self) -> Iterable[str]:
        return TABLES[self.table].fields

    def resolve(self, name: str) -> Meaning | None:
        return Field(self.table, name, TABLES[self.table].fields[name])

    def has(self, name: str) -> bool:
        return name in TABLES[self.table].fields

    def event(self, table: str) -> Scope:
        return EventScope(self.report, self.parameters, table)

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

    def names(self) -> Iterable[str]:
        yield from SUBJECTS[self.subject].fields
        yield from self.editor.fact_sources[self.subject]
        yield "as_of"
        for name, source in self.editor.decisions.items():
            if source.shape.subject == self.subject:
                yield name
                if isinstance(source.shape, TierShape):
                    yield from (f"{name}.{angle}" for angle in source.shape.angles)

    def has(self, name: str) -> bool:
        return name in set(self.names())

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
                return Levels(decision_name, angle or None, tuple(shape.levels))
            case StageShape():
                absent = shape.when_absent
                named = absent.get("id") if isinstance(absent, MapNode) else absent
                words = [
                    *shape.first,
                    *shape.stages,
                    *([named.text] if isinstance(named, ScalarNode) else []),
                ]
                return Answer(name, Type(Kind.CATEGORY, tuple(words)))
            case PayoutShape():
                return Answer(name, MONEY)
            case OfferShape():
                return Answer(name, TEXT)
            case RulesShape() if len(shape.outputs) == 1 and shape.hit != "collect":
                output = next(iter(shape.outputs.values()))
                if output.type == "category":
                    return Answer(name, Type(Kind.CATEGORY, output.options))
                return None if output.type in {"texts", "items"} else Answer(name, Type(Kind(output.type)))
            case _:
                return None

    def event(self, table: str) -> Scope:
        return EventScope(self.report, self.parameters, table)

    def table_names(self) -> Iterable[str]:
        return SUBJECTS[self.subject].tables
