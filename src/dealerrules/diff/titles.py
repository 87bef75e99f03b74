"""Titles: how many titles and sources an edit changes, which has no meaning and yet is worth a word.

Place in the flow: beside ``changes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealerrules.policy.model import Payout, Rules, Stage, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealerrules.diff.intervals import Interval
    from dealerrules.policy.model import Edition


def retitled(pieces: Sequence[Interval]) -> int:
    """Return how many titles and sources are others, of what stands on both sides under one name."""
    found: set[tuple[str, ...]] = set()
    for piece in pieces:
        if piece.old is not None and piece.new is not None:
            old, new = dict(_titles(piece.old)), dict(_titles(piece.new))
            found |= {name for name in old.keys() & new.keys() if old[name] != new[name]}
    return len(found)


def _titles(edition: Edition) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every title and source with the names that lead to it."""
    for subject, facts in edition.facts.items():
        for name, fact in facts.items():
            yield (subject, name), fact.title
    for name, item in edition.items.items():
        yield ("item", name), item.title
    for name, rate in edition.rates.items():
        yield ("rate", name), rate.title
        yield ("rate", name, "source"), rate.clause
    for name, decision in edition.decisions.items():
        yield (name,), decision.title
        yield (name, "source"), decision.clause
        for rule in decision.rules:
            yield (name, "rule", rule.id), rule.title
            if rule.clause != decision.clause:  # not those that only follow from the decision's
                yield (name, "rule", rule.id, "source"), rule.clause
        named: list[Any] = []
        match decision:
            case Tier(levels=levels, angles=angles):
                named = [*levels, *angles]
            case Stage(stages=stages):
                named = list(stages.values())
            case Payout():
                named = []  # its bands are its rules
            case Rules(outputs=outputs):
                named = list(outputs)
            case _:
                pass
        for each in named:
            yield (name, type(each).__name__, each.id), each.title
