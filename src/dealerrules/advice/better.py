"""Better: which answers of a decision are better than the one there is, nearest first.

Place in the flow: advice asks where it should lead. A tier's levels are in order; a stage says which end is the best
one; a payout is better where it pays more; an offer where it gives something, or something of greater value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from dealerrules.policy.model import Offer, Payout, Rules, Stage, Tier
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.analysis.answers import Key
    from dealerrules.policy.model import AnyDecision
    from dealerrules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Came:
    """What a decision came to: the verdict on its rules, and of a payout the amount in fen, if there is one."""

    verdict: Verdict
    amount: int | None


@dataclass(frozen=True, slots=True)
class Target:
    """An answer to be reached: by which answers of the space, and how far up it is."""

    answer: str
    keys: tuple[Key, ...]
    rank: int
    pays: bool
    more: bool
    """Whether only what pays more than now is better."""

    def gains(self, before: Came, after: Came) -> bool:
        """Tell whether what it comes to is better than what there is; of payouts, an amount that is known."""
        if not self.pays:
            return True
        if after.amount is None:
            return False
        return not self.more or before.amount is None or after.amount > before.amount


def targets(decision: AnyDecision, answers: Mapping[Key, int], now: Came, to: str | None) -> list[Target]:
    """Return the answers to be reached, nearest first; none where there is no better one.

    Args:
        decision: whose answers they are.
        answers: those that it can give at all.
        now: the present answer.
        to: the one that is wanted; without it, each better one.

    Raises:
        ValueError: for an answer that the decision does not have, or where nothing says which one is better.
    """
    here = now.verdict.answer
    ranked = _ranked(decision, here, now.verdict.status)
    if to is not None:
        known = _known(decision)
        if to not in known:
            message = f"`{decision.name}` has no answer `{to}`; it has {', '.join(known)}"
            raise ValueError(message)
        if isinstance(decision, Tier) and ranked is not None:
            ranked = [each for each in ranked if each[0] == to]
        else:
            there = here == to and now.verdict.status is Status.DECIDED
            ranked = [] if there else [(to, (to,))]
    elif ranked is None:
        message = (
            f"`{decision.name}` does not say which of its answers is better; "
            f"ask for one: {', '.join(_known(decision))}"
        )
        raise ValueError(message)
    pays = isinstance(decision, Payout)
    found = []
    for rank, (answer, ids) in enumerate(ranked):
        keys = tuple(
            key
            for key in answers
            if key.answer in ids and (key.status is Status.DECIDED or isinstance(decision, Tier))
        )
        if keys:
            found.append(Target(answer, keys, rank, pays, pays and to is None))
    return found


def _known(decision: AnyDecision) -> list[str]:
    match decision:
        case Tier():
            return [level.id for level in decision.levels]
        case Stage():
            return list(decision.stages)
        case Payout() | Offer() | Rules():
            return list(dict.fromkeys(rule.answer for rule in decision.rules))
        case _:
            assert_never(decision)


def _ranked(
    decision: AnyDecision, here: str | None, status: Status
) -> list[tuple[str, tuple[str, ...]]] | None:
    """Return each better answer, nearest first, with the answers that are as good or better; none where unknown."""
    match decision:
        case Tier():
            levels = [level.id for level in decision.levels]
            place = levels.index(here) if here is not None else len(levels)
            return [(levels[at], tuple(levels[: at + 1])) for at in reversed(range(place))]
        case Stage():
            if not decision.ranking:
                return None
            order = decision.ranking
            place = order.index(here) if here in order and status is Status.DECIDED else len(order)
            return [(order[at], order[: at + 1]) for at in reversed(range(place))]
        case Payout():
            return [
                (rule.id, (rule.id,))
                for rule in decision.rules
                if rule.id != here or status is not Status.DECIDED
            ]
        case Offer():
            given = here is not None and status is Status.DECIDED
            worth = _worth(decision, here) if given and here is not None else None
            better: list[tuple[int, str]] = []
            for rule in decision.rules:
                mine = _worth(decision, rule.id)
                if not given or (mine is not None and worth is not None and mine > worth):
                    better.append((mine or 0, rule.id))
            return [(name, (name,)) for _, name in sorted(better)]
        case Rules():
            return None
        case _:
            assert_never(decision)


def _worth(offer: Offer, band: str) -> int | None:
    """Return what a band is stated to be worth, in fen."""
    package = offer.packages[band]
    stated = [each for each in (package.value, package.always_value) if each is not None]
    return sum(stated) if stated else None
