"""The shipped policies against ``straight_line.py``, which was written from the sources without reading them.

Whole populations of the demo store: every rule's truth where the oracle has it, every level, stage, band and
amount, and every status.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
import straight_line
from dealerrules.demo import customers, subjects
from dealerrules.outcome import (
    AnyOutcome,
    OfferOutcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
)
from straight_line import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.records import Record
    from dealerrules.values import Truth

POLICIES = Path(__file__).parents[1] / "policies"


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


RULES_COMPARED = ("tier", "retention_gift")


def truths(record: Record, as_of: date) -> dict[str, dict[str, Truth]]:
    """Return the truth of each rule of the decisions whose rules the oracle has, by decision."""
    program = book().program("customer", RULES_COMPARED, as_of=as_of)
    found = {}
    for name, (true, unknown, _) in zip(RULES_COMPARED, program.on_record(record, as_of), strict=True):
        rules = enumerate(book().decisions[name].rules)
        found[name] = {
            rule.id: True if true >> at & 1 else None if unknown >> at & 1 else False for at, rule in rules
        }
    return found


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


def differences(store: Iterator[tuple[str, dict[str, Any]]], as_of: date) -> tuple[int, list[object]]:
    """Return how many subjects were looked at, and what each decision on which the two differ came to."""
    found: list[object] = []
    count = 0
    for subject, record in store:
        count += 1
        answer = book().evaluate(record, as_of=as_of, subject=subject)
        meant = straight_line.decide(subject, record, as_of)
        assert set(answer) == set(meant)
        assert answer.record is not None
        truth = truths(answer.record, as_of) if subject == "customer" else {}
        for name, outcome in answer.items():
            if (here := said(outcome, truth)) != meant[name]:
                found.append((name, record, here, meant[name]))
    return count, found


def the_customers(count: int, as_of: date, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    return (("customer", record) for record in customers(count, as_of=as_of, seed=seed))


# in blocks, so that several processes share the work
BLOCKS = [(date(2014, 9, 30), 2_000, seed) for seed in range(2014, 2019)] + [
    (date(2012, 2, 29), 1_000, 7),
    (date(2015, 3, 31), 1_000, 8),
]


@pytest.mark.parametrize(("as_of", "count", "seed"), BLOCKS, ids=str)
def test_every_decision_on_customers_is_the_oracles(as_of: date, count: int, seed: int) -> None:
    """Levels, angles, every rule's truth, stages, values and statuses, whatever is unknown, tied or on an edge."""
    assert differences(the_customers(count, as_of, seed), as_of) == (count, [])


@pytest.mark.parametrize(("as_of", "count", "seed"), BLOCKS, ids=str)
def test_every_decision_on_other_subjects_is_the_oracles(as_of: date, count: int, seed: int) -> None:
    """Amounts and bands to the fen, and what is undefined because it is unknown or still to come."""
    assert differences(subjects(count, as_of=as_of, seed=seed), as_of) == (count, [])


def test_the_demo_store_reaches_every_answer() -> None:
    """A comparison over a population in which some answer never occurs would not test that answer."""
    as_of = date(2014, 9, 30)
    seen: dict[str, set[str]] = {}
    for subject, record in [*the_customers(2_000, as_of, 2014), *subjects(2_000, as_of=as_of)]:
        for name, meant in straight_line.decide(subject, record, as_of).items():
            for key in ("level", "stage", "band", "value", "status"):
                if key in meant:
                    seen.setdefault(f"{name}.{key}", set()).add(str(meant[key]))
            for rule, truth in meant.get("truth", {}).items():
                seen.setdefault(f"{name}: truths of {len(meant['truth'])} rules", set()).add(
                    f"{rule} {truth}"
                )
    said = [
        f"{name}: {len(found) if ':' in name else ' '.join(sorted(found))}"
        for name, found in sorted(seen.items())
    ]
    assert "\n".join(said) == REACHED


REACHED = """\
churn_class.stage: active at_risk churned gone never_visited
churn_class.status: decided
churn_stage.stage: active churned lost nearly_lost never_visited out_of_reach wavering
churn_stage.status: decided
effective_customer.status: decided undetermined
effective_customer.value: None effective not_effective
final_loss.status: decided undetermined
final_loss.value: False None True
insurance_prepay_gift.band: None repair-10k-20k repair-5k-10k repair-over-20k
insurance_prepay_gift.status: decided undefined undetermined
missed_maintenance.stage: None active at_risk churned
missed_maintenance.status: decided undefined
prepaid_maintenance.band: None maintenance_5 maintenance_set oil
prepaid_maintenance.status: decided undefined undetermined
prepay_reward.band: None
prepay_reward.status: decided undefined
recall_bonus.band: 0 1 2 None
recall_bonus.status: decided undefined
red_line.status: decided undefined
red_line.value: False None True
retention_gift: truths of 11 rules: 24
return_penalty.band: None
return_penalty.status: decided undefined
satisfaction_reward.band: 0 1 2 None
satisfaction_reward.status: decided undefined
spend_gift.band: None spend-1000 spend-500 spend-over-1000
spend_gift.status: decided undefined undetermined
tier.level: general super_vip vip
tier.status: decided undetermined
tier: truths of 18 rules: 47
win_back_measures.status: decided undetermined
win_back_measures.value: None location price reminder service"""
