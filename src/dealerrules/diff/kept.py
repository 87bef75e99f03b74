"""Kept: what an edit does to levels that are kept, and to those who hold one.

Place in the flow: beside ``decisions``, for tiers. A rule and a fact stand in the model for each level that is kept;
nobody wrote them, so the words that were written are told instead: how long, what then, and from which version on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.analysis.past import is_there_before, past_of, reaching, switch
from dealerrules.diff.changes import Change, both
from dealerrules.diff.words import KEPT
from dealerrules.expr import Reached, Transition
from dealerrules.policy.model import Tier, meanings
from dealerrules.values import Kind, days_before, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealerrules.policy.model import Edition, FactDefinition


def is_kept(definition: FactDefinition | None) -> bool:
    """Tell whether a fact stands for a level that is kept: no policy file defines it."""
    return definition is not None and isinstance(definition.expr, Reached)


def kept_by(edition: Edition, keys: Sequence[str]) -> Iterator[str]:
    """Yield the tiers that keep the levels which some facts stand for; keys are those of ``meanings``."""
    for key in keys:
        subject, _, name = key.partition(".")
        definition = edition.facts.get(subject, {}).get(name)
        if definition is not None and isinstance(definition.expr, Reached):
            yield definition.expr.decision


def before_it(edition: Edition, name: str) -> dict[str, tuple[object, ...]]:
    """Return for each tier that a decision reads, itself too, what else says which levels were reached before."""
    found: dict[str, tuple[object, ...]] = {}
    if not any(isinstance(each, Tier) and each.keeps is not None for each in edition.decisions.values()):
        return found
    for key in meanings(edition, [name]):
        subject, dot, fact = key.partition(".")
        tiers = [key] if not dot else list(kept_by(edition, [f"{subject}.{fact}"]))
        for tier in tiers:
            past = past_of(edition, tier)
            if past:
                found[tier] = past
    return found


def holders(old: Edition, new: Edition, name: str, versions: Sequence[Edition]) -> Change | None:
    """Return what becomes of those who hold a level of a tier; none where it is not kept, or nothing changed.

    Args:
        old: the policies as they were.
        new: the policies as they are.
        name: of the tier.
        versions: all versions of the policies as they are, in order.
    """
    was, now = old.decisions.get(name), new.decisions.get(name)
    if not isinstance(was, Tier) or not isinstance(now, Tier) or (was.keeps is None and now.keeps is None):
        return None
    sides = [(reaching(each, name), past_of(each, name)) for each in (old, new)]
    if sides[0] == sides[1]:
        return None
    said, values = _said(new, now, versions)
    months = now.keeps.months if now.keeps is not None else None
    after = both(
        lambda lang: KEPT[said][lang == "zh"].format(
            **values, time=show(months.value, Kind.MONTHS, lang) if months is not None else ""
        )
    )
    return Change("changed", "decision", name, name, "holders", now.title, None, after)


def _said(new: Edition, tier: Tier, versions: Sequence[Edition]) -> tuple[str, dict[str, object]]:
    """Return which words say what becomes of those who hold a level, with what stands in them."""
    if tier.keeps is None:
        return "over", {}
    day, transition = switch(versions, new, tier.name), tier.keeps.transition
    if day is not None:
        if transition is Transition.NEVER_LOWER_AT_SWITCH and not is_there_before(versions, day, tier.name):
            return "from_the_start", {"day": day}
        return f"at_{transition.value}", {"day": day, "eve": days_before(day, 1)}
    if transition is not Transition.RE_EVALUATE and new.start > new.start.min:
        return "from_the_start", {"day": new.start}
    return "always", {}
