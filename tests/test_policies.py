"""The shipped policies: their own worked cases, one pytest item each, and what they must cover."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

import dealerrules as dr
from dealerrules.commands import shipped_policies
from dealerrules.testing import PolicyCase, load_cases, run_case, run_cases

POLICIES = Path(__file__).parents[1] / "policies"


@lru_cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


def cases() -> list[PolicyCase]:
    return load_cases([POLICIES], book())


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.place} {case.name}")
def test_a_worked_case_comes_out_as_written(case: PolicyCase) -> None:
    result = run_case(book(), case)
    assert (result.error, [str(each) for each in result.differences]) == (None, [])


def test_every_threshold_has_cases_below_on_and_above() -> None:
    """One boundary without a case on each side is one that an edit could move unseen."""
    report = run_cases(book(), cases())
    assert [str(each) for each in report.uncovered] == []
    assert len(report.thresholds) >= 60


def test_the_policies_ship_with_the_package() -> None:
    """`dealerrules init` hands out exactly the files of policies/."""
    shipped = {path.name: path.read_bytes() for path in shipped_policies().glob("*.yaml")}
    assert shipped == {path.name: path.read_bytes() for path in POLICIES.glob("*.yaml")}


def test_the_shipped_decisions_are_those_of_the_contract() -> None:
    kinds = {name: (made.kind, made.subject) for name, made in book().decisions.items()}
    assert kinds == {
        "tier": ("tier", "customer"),
        "churn_stage": ("stage", "customer"),
        "churn_class": ("stage", "customer"),
        "missed_maintenance": ("stage", "customer"),
        "effective_customer": ("rules", "customer"),
        "win_back_measures": ("rules", "customer"),
        "final_loss": ("rules", "customer"),
        "red_line": ("rules", "customer"),
        "retention_gift": ("rules", "customer"),
        "recall_bonus": ("payout", "recall_campaign"),
        "satisfaction_reward": ("payout", "follow_up_result"),
        "return_penalty": ("payout", "consultant_month"),
        "prepay_reward": ("payout", "repair_order"),
        "insurance_prepay_gift": ("offer", "repair_order"),
        "spend_gift": ("offer", "purchase"),
        "prepaid_maintenance": ("offer", "purchase"),
    }


def test_every_part_is_titled_in_both_languages_and_has_its_source() -> None:
    """A manager reads titles, an auditor follows sources; neither may meet a gap."""
    for decision in book().decisions.values():
        titled = [("", decision.title), *((rule.id, rule.title) for rule in decision.rules)]
        lumps = {"pays", "otherwise"}
        untitled = [name for name, title in titled if not (title.zh and title.en) and name not in lumps]
        assert (decision.name, untitled) == (decision.name, [])
        assert [rule.id for rule in decision.rules if rule.clause is None] == []
        assert [rule.id for rule in decision.rules if not rule.clause.clause] == []  # type: ignore[union-attr]


def test_real_data_when_it_is_at_hand() -> None:
    """Two public data sets of dated events give the numbers that an independent program gave."""
    data = Path(__file__).parents[2] / "shared" / "data"
    if not data.is_dir():
        pytest.skip("the data sets are not shipped")
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
    import real_data

    churn, facts = dr.load(POLICIES / "churn.yaml"), dr.loads(real_data.FACTS)
    purchases = real_data.cdnow(data)
    from datetime import date

    found = {
        day: (
            real_data.count(churn, purchases, "churn_class", day),
            real_data.count(facts, purchases, "visits", day),
        )
        for day in (date(1997, 9, 30), date(1998, 6, 30))
    }
    assert found == {
        date(1997, 9, 30): (
            {"active": 732, "at_risk": 1625},
            {"1": 1398, "2": 439, "3": 216, "4": 100, "5+": 204},
        ),
        date(1998, 6, 30): (
            {"active": 515, "at_risk": 297, "churned": 1545},
            {"0": 1545, "1": 326, "2": 151, "3": 106, "4": 76, "5+": 153},
        ),
    }
    covers = real_data.motor_covers(data)
    years = {
        day: real_data.count(facts, covers, "years", day) for day in (date(2012, 12, 31), date(2013, 12, 31))
    }
    assert years == {
        date(2012, 12, 31): {"0": 10656, "1": 5053, "2": 2328},
        date(2013, 12, 31): {"0": 10375, "1": 5120, "2": 1469, "3": 1073},
    }
