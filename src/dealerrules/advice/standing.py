"""Standing: what an outcome comes to, as one value, and which of two is worse.

Place in the flow: coming changes compare the outcomes of two days by it.
"""

from __future__ import annotations

from dealerrules.outcome import (
    OfferOutcome,
    Outcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
)
from dealerrules.policy.model import Hit
from dealerrules.verdict import Status


def said(outcome: Outcome) -> tuple[str, object]:
    """Return what an outcome comes to, as a frame shows it: its status and its answer."""
    return outcome.status.value, answer_of(outcome)


def answer_of(outcome: Outcome) -> object:
    """Return a level, stage, amount or band; of a rules table the one value, or the ids of the rows that answer."""
    match outcome:
        case TierOutcome():
            return outcome.level
        case StageOutcome():
            return outcome.stage
        case PayoutOutcome():
            return outcome.amount
        case OfferOutcome():
            return outcome.band
        case RulesOutcome():
            if has_one_value(outcome):
                return outcome.value
            return " ".join(outcome.verdict.rows) or None
        case _:
            raise AssertionError(outcome)


def has_one_value(outcome: RulesOutcome) -> bool:
    """Tell whether a rules table answers with a single value."""
    model = outcome.model
    return model.hit is not Hit.COLLECT and len(model.outputs) == 1 and model.outputs[0].type is not None


def worse(before: Outcome, after: Outcome) -> bool | None:
    """Tell whether an answer is worse than another; none where that is not said."""
    if type(before.model) is not type(after.model):
        return None
    one, other = _rank(before), _rank(after)
    if one is None or other is None or one == other:
        return None
    return other < one


def _rank(outcome: Outcome) -> int | None:
    """Return a number that is the larger the better the answer is, by the order in which advice looks at answers."""
    answer = outcome.verdict.answer
    match outcome:
        case TierOutcome(model=model):
            levels = [level.id for level in model.levels]
            return -levels.index(answer) if answer is not None else None
        case _ if outcome.status is not Status.DECIDED:
            return None
        case StageOutcome(model=model):
            return -model.ranking.index(answer) if answer in model.ranking else None
        case PayoutOutcome():
            return int(outcome.amount * 100) if outcome.amount is not None else None
        case OfferOutcome(model=model):
            if answer is None:
                return -1
            package = model.packages[answer]
            stated = [each for each in (package.value, package.always_value) if each is not None]
            return sum(stated)
        case _:
            return None
