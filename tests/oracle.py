"""The shipped policies in the words of ``straight_line.py``, which was written from the sources without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import straight_line
from dealerrules.outcome import (
    AnyOutcome,
    OfferOutcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import dealerrules as dr
    from dealerrules.values import Truth
    from straight_line import Outcome

RULES_COMPARED = ("tier", "retention_gift")


#: The oracle numbers the bands of a payout; here is which they are.
BANDS = {
    "recall_bonus": ("none", "reached", "exceeded"),
    "satisfaction_reward": ("fined", "neither", "rewarded"),
}


def band_place(outcome: PayoutOutcome) -> int | None:
    """Return the place of a payout's band among those of its list, where the oracle names one."""
    names = BANDS.get(outcome.decision)
    if names is None or outcome.band is None:
        return None
    return names.index(outcome.band.rpartition("-")[2])


def said(outcome: AnyOutcome, truth: dict[str, dict[str, Truth]]) -> Outcome:
    """Return an outcome in the oracle's words."""
    status = outcome.status.value
    match outcome:
        case TierOutcome():
            return {
                "level": outcome.level,
                "angles": dict(outcome.angles),
                "truth": truth["tier"],
                "status": status,
            }
        case StageOutcome():
            return {"stage": outcome.stage, "status": status}
        case PayoutOutcome():
            return {"amount": outcome.amount, "band": band_place(outcome), "status": status}
        case OfferOutcome():
            return {"band": outcome.band, "status": status}
        case RulesOutcome(decision="retention_gift"):
            return {"truth": truth["retention_gift"]}
        case RulesOutcome(decision="final_loss"):
            return {"value": outcome.value, "because": sorted(outcome.because), "status": status}
        case RulesOutcome(decision="win_back_measures"):  # the oracle names the reason, which is the row's id
            return {"value": outcome.rows[0].id if outcome.rows else None, "status": status}
        case RulesOutcome():
            return {"value": outcome.value, "status": status}


def truths(answer: dr.Answer) -> dict[str, dict[str, Truth]]:
    """Return the truth of each rule of the decisions whose rules the oracle has, by decision."""
    found = {}
    for name in RULES_COMPARED:
        seat = answer._plan.seats[name]
        true, unknown, _ = answer._results[seat.at]
        found[name] = {
            rule.id: True if true >> at & 1 else None if unknown >> at & 1 else False
            for at, rule in enumerate(seat.model.rules)
        }
    return found


def differing(
    answer: dr.Answer, record: dict[str, Any], as_of: date
) -> Iterator[tuple[str, Outcome, Outcome]]:
    """Yield each decision on which an answer is not the oracle's: its name, what is said here, what the oracle says."""
    meant = straight_line.decide(answer.subject, record, as_of)
    assert set(answer) == set(meant)
    truth = truths(answer) if answer.subject == "customer" else {}
    for name, outcome in answer.items():
        if (here := said(outcome, truth)) != meant[name]:
            yield name, here, meant[name]
