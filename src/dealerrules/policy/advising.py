"""Advising: what a policy says of the facts that can be moved, noted where they are defined.

Place in the flow: the editor calls it once all facts have their meaning. It changes no answer, only the advice on how
to reach a better one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dealerrules.diagnostics import nearest_word
from dealerrules.policy.fields import known_words
from dealerrules.policy.literals import constant
from dealerrules.policy.making import place_of
from dealerrules.policy.names import BareScope
from dealerrules.records import SUBJECTS
from dealerrules.values import BOOLEAN, MONEY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealerrules.diagnostics import Span
    from dealerrules.policy.document import AdviceShape, PolicyShape
    from dealerrules.policy.model import FactDefinition
    from dealerrules.policy.scope import Report


def note_advice(
    policies: Iterable[PolicyShape], facts: dict[str, dict[str, FactDefinition]], report: Report
) -> None:
    """Note of facts whether anyone can move them and what a unit costs; each is told of once.

    Args:
        policies: those in force together.
        facts: by subject, then by name; changed in place.
        report: where mistakes go.
    """
    told: dict[tuple[str, str], Span] = {}
    for shape in (each for policy in policies for each in policy.advice):
        if shape.broken() or not _there(shape, facts, report):
            continue
        place = shape.span("fact")
        first = told.setdefault((shape.subject, shape.fact), place)
        if first is not place:
            report.add("DR310", place, id=shape.fact, first=place_of(first, place))
            continue
        scope = BareScope(report)
        cost = constant(shape.cost, MONEY, scope) if shape.cost is not None else None
        asked = constant(shape.actionable, BOOLEAN, scope) if shape.actionable is not None else None
        definition = facts[shape.subject][shape.fact]
        facts[shape.subject][shape.fact] = replace(
            definition,
            actionable=definition.actionable if asked is None else asked.value is True,
            cost=cost.value if cost is not None and isinstance(cost.value, int) else None,
        )


def _there(shape: AdviceShape, facts: dict[str, dict[str, FactDefinition]], report: Report) -> bool:
    """Tell whether there is such a fact; if not, that is reported."""
    known = facts.get(shape.subject)
    if known is None:
        report.add(
            "DR314",
            shape.span("subject"),
            name=shape.subject,
            words=known_words(SUBJECTS),
            nearest=nearest_word(shape.subject, SUBJECTS),
        )
    elif shape.fact not in known:
        nearest = nearest_word(shape.fact, known)
        report.add("DR301", shape.span("fact"), subject=shape.subject, name=shape.fact, nearest=nearest)
    return known is not None and shape.fact in known
