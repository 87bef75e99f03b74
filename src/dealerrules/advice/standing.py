"""Standing: what an outcome comes to, as one value, and which of two is worse.

Place in the flow: coming changes compare the outcomes of two days by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.advice.better import rank
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

if TYPE_CHECKING:
    from decimal import Decimal


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
    answers = before.verdict.answer, after.verdict.answer
    settled = before.status is after.status is Status.DECIDED
    if isinstance(before, OfferOutcome) and settled and None in answers:
        return (
            None if answers == (None, None) else answers[1] is None
        )  # to get nothing is worse than anything
    one, other = _rank(before), _rank(after)
    if one is None or other is None or one == other:
        return None
    return other < one


def _rank(outcome: Outcome) -> int | Decimal | None:
    """Return a number that is the larger the better the answer is; of a tier that is not settled, the sure level's."""
    if isinstance(outcome, PayoutOutcome):
        return outcome.amount
    if outcome.status is not Status.DECIDED and not isinstance(outcome, TierOutcome):
        return None
    return rank(outcome.model, outcome.verdict.answer)
