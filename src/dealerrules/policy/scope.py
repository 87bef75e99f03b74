"""Scope: what names mean at a place of a policy, and where its faults are reported.

Place in the flow: the compiler hands a :class:`Scope` to whatever reads values, conditions and facts.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from dealerrules.diagnostics import Diagnostic, Phrase
from dealerrules.expr import (
    Expr,
)
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, missed_colon
from dealerrules.policy.phrases import shape_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealerrules.diagnostics import Span
    from dealerrules.values import (
        Type,
        Value,
    )


_OF_FORM = {"DR207", "DR208"}
"""What is slipped or cut in two: what it was meant to say is a guess."""


class Report:
    """Collects diagnostics; the same one is kept once.

    `lost` says that a file, or the policy that one extends, could not be read at all: what it would have
    defined is not known, so that a name which resembles no other is passed over. `said` counts what was
    reported, each time: of two versions with the same mistake the second is not sound either.
    """

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.lost = False
        self.said = 0
        self._seen: set[tuple[str, str, str]] = set()
        self._parsed: dict[tuple[str, int], list[tuple[int, int]]] = {}

    def add(
        self,
        code: str,
        at: Span | Node,
        *,
        nearest: str | None = None,
        related: tuple[tuple[Span, str | Phrase], ...] = (),
        **values: str | Phrase,
    ) -> None:
        """Report a fault at a node or span; what is broken has been reported by the parser."""
        if isinstance(at, ScalarNode) and at.broken:
            return
        span = at.span if isinstance(at, ScalarNode | ListNode | MapNode) else at
        self.extend([Diagnostic(code, span, values, nearest, related)])

    def not_this(self, node: Node, wanted: Phrase, nearest: str | None = None) -> None:
        """Report a node of another form than is wanted."""
        missed = missed_colon(node) if isinstance(node, ScalarNode) else None
        if missed is not None:
            self.extend([missed])
        elif isinstance(node, ScalarNode) and not node.text and not node.quoted:
            self.add("DR205", node)
        else:
            self.add("DR203", node, expected=wanted, got=shape_name(node), nearest=nearest)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add diagnostics, each once; a place where the text itself is at fault is not reported again."""
        for diagnostic in diagnostics:
            self.said += 1
            span = diagnostic.span
            key = (diagnostic.code, span.place, diagnostic.message("en"))
            of_line = self._parsed.setdefault((span.source.name, span.line), [])
            if diagnostic.code >= "DR2" and any(start <= span.column < end for start, end in of_line):
                continue
            if diagnostic.code < "DR2" or diagnostic.code in _OF_FORM:
                of_line.append((span.column, span.end_column if span.end_line == span.line else sys.maxsize))
            if key not in self._seen:
                self._seen.add(key)
                self.diagnostics.append(diagnostic)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named value, or a named list of words; one whose definition is at fault has no value."""

    name: str
    type: Type | None
    value: Value | tuple[str, ...] | None
    words: tuple[ScalarNode, ...] = field(default=(), compare=False)
    place: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Levels:
    """What a name stands for when it is the level of a tier or of one of its angles; best first."""

    decision: str
    angle: str | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """What the name of a decision stands for when its answer is no single value."""

    decision: str


Meaning = Expr | Levels | Several


class Scope(Protocol):
    """What names mean at a place of the policy."""

    @property
    def report(self) -> Report:
        """Where faults go."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters of the edition."""

    @property
    def subject(self) -> str | None:
        """The subject whose names these are; none for an event's."""

    def unknown(self, node: ScalarNode, more: Iterable[str]) -> None:
        """Report a name that there is not; `more` are further words that may stand in its place."""

    def resolve(self, name: str) -> Meaning | None:
        """Return what a name means here, or none when there is no such name (or it is at fault)."""

    def has(self, name: str) -> bool:
        """Tell whether there is such a name, at fault or not."""

    def event(self, table: str) -> Scope:
        """Return the scope of an event of a table."""

    def table_names(self) -> Iterable[str]:
        """Return the event tables of the subject."""
