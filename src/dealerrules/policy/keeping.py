"""Keeping: that a level once reached is kept for some months, from the document to rules and facts of the model.

Place in the flow: the maker of tiers hands in what a policy says; each level that is kept becomes a rule of the tier, and
each such rule asks one fact, which looks at the days before. So every engine, and all that reads rules, knows of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.expr import Compare, Comparison, Constant, Fact, Reached, Transition
from dealerrules.policy.literals import constant
from dealerrules.policy.model import Downgrade, FactDefinition, Keeping, Title
from dealerrules.values import BOOLEAN, MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.diagnostics import Span
    from dealerrules.policy.document import TierShape
    from dealerrules.policy.making import Making
    from dealerrules.policy.model import Level, Tier


def keeping_of(shape: TierShape, making: Making) -> Keeping | None:
    """Return how long levels are kept and what becomes of them then; none where they are not kept, or that is at fault."""
    if shape.keeps is None:
        for key in ("downgrade", "transition"):
            if getattr(shape, key) is not None and not shape.broken("keeps"):
                making.fault("DR520", shape.key_span(key), key=key)
        return None
    if shape.dated_by is not None:
        making.fault("DR521", shape.key_span("keeps"))
    months = making.kept(constant(shape.keeps.months, MONTHS, making.scope))
    if months is None:
        return None
    if not isinstance(months.value, int) or months.value < 1:
        making.fault("DR522", shape.keeps.span("for"), value=str(months.value))
        return None
    return Keeping(
        months=months,
        downgrade=Downgrade(shape.downgrade or Downgrade.TO_COMPUTED),
        transition=Transition(shape.transition or Transition.RE_EVALUATE),
        place=shape.key_span("keeps").short,
    )


def keep_levels(levels: tuple[Level, ...], span: Span, making: Making) -> None:
    """Add a rule for each level that can be kept: all but the last."""
    for level in levels[:-1]:
        name = f"{making.name}_{level.id}_kept"
        when = Compare(Comparison.EQUAL, Fact(name, BOOLEAN), Constant(value=True, type=BOOLEAN))
        making.add(f"kept.{level.id}", when, span, answer=level.id, title=_kept(level))


def kept_facts(tier: Tier) -> Iterator[FactDefinition]:
    """Yield the facts that the rules of kept levels ask: was the level, or a better one, reached lately?

    Where levels fall one by one, each better level counts as much longer as it is better.
    """
    if tier.keeps is None:
        return
    months = tier.keeps.months.value
    assert isinstance(months, int)
    for at, level in enumerate(tier.levels[:-1]):
        reached = [(level.id, months)]
        if tier.keeps.downgrade is Downgrade.ONE_LEVEL:
            reached += [
                (better.id, months * (at - place + 1)) for place, better in enumerate(tier.levels[:at])
            ]
        yield FactDefinition(
            name=tier.kept_fact(level.id),
            subject=tier.subject,
            type=BOOLEAN,
            expr=Reached(tier.name, tuple(reached), tier.keeps.transition),
            title=_kept(level),
            place=tier.keeps.place,
            actionable=False,
        )


def _kept(level: Level) -> Title:
    """Return what it is called that a level is kept."""
    return Title(
        zh=f"{level.title.get('zh', level.id)}保级中", en=f"{level.title.get('en', level.id)} is kept"
    )
