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
from oracle import differing

if TYPE_CHECKING:
    from collections.abc import Iterator


POLICIES = Path(__file__).parents[1] / "policies"


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


def differences(store: Iterator[tuple[str, dict[str, Any]]], as_of: date) -> tuple[int, list[object]]:
    """Return how many subjects were looked at, and what each decision on which the two differ came to."""
    found: list[object] = []
    count = 0
    for subject, record in store:
        count += 1
        answer = book().evaluate(record, as_of=as_of, subject=subject)
        found += [(name, record, here, meant) for name, here, meant in differing(answer, record, as_of)]
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
