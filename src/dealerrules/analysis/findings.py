"""Findings: what is legal and yet probably not meant, with the place, and the decision and parts that it is about.

Place in the flow: every part of the analyser reports these; ``lint`` gathers them and takes out what a policy
acknowledges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dealerrules.analysis.writing import given
from dealerrules.diagnostics import Diagnostic, Phrase
from dealerrules.expr import Elapsed
from dealerrules.values import Kind, show
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dealerrules.analysis.space import Space
    from dealerrules.diagnostics import Span
    from dealerrules.expr import Expr
    from dealerrules.policy.editor import DecisionSource, Editor
    from dealerrules.policy.model import AnyDecision, Edition, Title


MANY = 8
"""Facts beyond which an example names only those that put it where it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic, with the decision it is in (none: of the file) and the ids it is about, as `at` names them."""

    diagnostic: Diagnostic
    decision: str | None
    about: tuple[str, ...]


@dataclass(slots=True)
class Desk:
    """One decision on the desk of the analyser: the model, where it is written, and the space of its inputs."""

    edition: Edition
    editor: Editor
    decision: AnyDecision
    space: Space
    found: list[Finding] = field(default_factory=list)

    @property
    def source(self) -> DecisionSource:
        """The decision as the policy writes it."""
        return self.editor.decisions[self.decision.name]

    def place(self, rule: str) -> Span:
        """Return where a rule's id stands, or the decision's."""
        return self.editor.rule_places.get(self.decision.name, {}).get(rule, self.source.span)

    def report(
        self,
        code: str,
        at: Span,
        about: Iterable[str],
        *,
        related: tuple[tuple[Span, str | Phrase], ...] = (),
        also: Mapping[str, str | Phrase] | None = None,
        **values: str | Phrase,
    ) -> None:
        """Report a finding, with the values that its message takes."""
        diagnostic = Diagnostic(code, at, {**values, **(also or {})}, None, related)
        self.found.append(Finding(diagnostic, self.decision.name, tuple(about)))

    def say(self, expr: Expr) -> Phrase:
        """Read a condition out."""
        return Phrase(
            *(Wording(self.edition, self.decision.subject, lang).say(expr) for lang in ("zh", "en"))
        )

    def title(self, title: Title, default: str) -> Phrase:
        """Return a title in both languages."""
        return Phrase(title.get("zh", default), title.get("en", default))

    def example(self, region: int) -> Phrase:
        """Return one subject of a set, as facts, with the day where that matters; of many facts those that count."""
        sample = self.space.sample(region, least=len(self.space.axes) > MANY)
        facts = given(sample, self.space)
        if not self.dated:
            return Phrase(f"`{facts}`", f"`{facts}`")
        return Phrase(f"`{facts}`（{sample.as_of}）", f"`{facts}` as of {sample.as_of}")

    @property
    def dated(self) -> bool:
        """Whether the day of evaluation itself is looked at, or both a day and the time since it."""
        roots = {axis.root for axis in self.space.axes}
        return any(
            axis.dated or (isinstance(axis.root, Elapsed) and axis.root.item in roots)
            for axis in self.space.axes
        )

    def boxes(self, region: int, limit: int) -> Iterator[tuple[Phrase, str | None, Phrase]]:
        """Yield large parts of a set: in words, as the `when` of a row, and one subject of it."""
        for box in self.space.boxes(region, limit):
            words = Phrase(self.space.say(box, "zh"), self.space.say(box, "en"))
            inside = self.space.both(region, self.space.sets.box(box.cells))
            yield words, self.space.when(box), self.example(inside)


def money(fen: int) -> Phrase:
    """Return an amount in both languages."""
    return Phrase(show(fen, Kind.MONEY, "zh"), show(fen, Kind.MONEY, "en"))


def listed(names: Iterable[str], joint: str = " and ") -> Phrase:
    """Return names in backticks, joined by `and`, or by another word."""
    quoted = [f"`{name}`" for name in names]
    return Phrase("、".join(quoted), joint.join(quoted))
