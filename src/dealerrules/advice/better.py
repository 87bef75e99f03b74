"""Better: which answers of a decision are better than the one there is, nearest first.

Place in the flow: advice asks where it should lead. A tier's levels are in order; a stage says which end is the best
one; a payout is better where it pays more; an offer where it gives something, or something of greater value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from dealerrules.analysis.answers import content
from dealerrules.policy.model import Offer, Payout, Rules, Stage, Tier
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.analysis.answers import Key
    from dealerrules.policy.model import AnyDecision, Edition
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


def ranks(decision: AnyDecision) -> bool:
    """Tell whether a decision says which of its answers is better, so that there can be a step to a better one."""
    return not isinstance(decision, Rules) and not (isinstance(decision, Stage) and not decision.ranking)


def targets(
    edition: Edition, decision: AnyDecision, answers: Mapping[Key, int], now: Came, to: str | None
) -> list[Target]:
    """Return the answers to be reached, nearest first; none where there is no better one.

    Args:
        edition: the policies in force.
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
            there = to in {here, *now.verdict.rows} and now.verdict.status is Status.DECIDED
            ranked = [] if there else [(to, (to,))]
    elif ranked is None:
        message = (
            f"`{decision.name}` does not say which of its answers is better; "
            f"ask for one: {', '.join(_known(decision))}"
        )
        raise ValueError(message)
    pays = isinstance(decision, Payout)
    found = []
    for place, (answer, ids) in enumerate(ranked):
        if isinstance(decision, Rules):
            keys = _by_row(edition, decision, answers, answer)
        else:
            settled = [key for key in answers if key.status is Status.DECIDED or isinstance(decision, Tier)]
            keys = tuple(key for key in settled if key.answer in ids)
        if keys:
            found.append(Target(answer, keys, place, pays, pays and to is None))
    return found


def _by_row(edition: Edition, table: Rules, answers: Mapping[Key, int], row: str) -> tuple[Key, ...]:
    """Return the answers that say what a row says; of a table that collects, those that the row is a part of."""
    said = content(edition, table, table.cells[row])
    settled = [key for key in answers if key.status is Status.DECIDED]
    return tuple(key for key in settled if row in key.rows or (not key.rows and key.says == said))


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


def rank(decision: AnyDecision, answer: str | None) -> int | None:
    """Return a number that is the larger the better an answer is; none where that is not said, and of amounts."""
    match decision:
        case Tier():
            levels = [level.id for level in decision.levels]
            return -levels.index(answer) if answer is not None else None
        case Stage():
            return -decision.ranking.index(answer) if answer in decision.ranking else None
        case Offer():
            return _worth(decision, answer) if answer is not None else -1
        case Payout() | Rules():
            return None
        case _:
            assert_never(decision)


def _ranked(
    decision: AnyDecision, here: str | None, status: Status
) -> list[tuple[str, tuple[str, ...]]] | None:
    """Return each better answer, nearest first, with the answers that are as good or better; none where unknown."""
    now = here if status is Status.DECIDED or isinstance(decision, Tier) else None
    match decision:
        case Tier() | Stage():
            order = (
                tuple(level.id for level in decision.levels)
                if isinstance(decision, Tier)
                else decision.ranking
            )
            place = order.index(now) if now in order else len(order)
            return [(order[at], order[: at + 1]) for at in reversed(range(place))] if order else None
        case Payout():
            return [(rule.id, (rule.id,)) for rule in decision.rules if rule.id != now]
        case Offer():
            worth, worths = rank(decision, now), {each.id: rank(decision, each.id) for each in decision.rules}
            better = [
                (mine or 0, name)
                for name, mine in worths.items()
                if now is None or (mine is not None and worth is not None and mine > worth)
            ]
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
