"""What is measured: one customer with 10 visits, 4 covers and 3 referrals, and the demo store's customers.

And the checks that the library and the hand-written code say the same of them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dealerrules as dr
from benchmarks import hand_written
from benchmarks.peers import ANGLES
from dealerrules import demo

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICIES = Path(__file__).parent.parent / "policies"
AS_OF = date(2014, 9, 30)
DECISIONS = (
    "tier",
    "churn_stage",
    "churn_class",
    "missed_maintenance",
    "effective_customer",
    "win_back_measures",
    "final_loss",
    "red_line",
    "retention_gift",
)
TIER_FACTS = (
    "brand_vehicles_bought",
    "csi_all_satisfied",
    "csi_surveys",
    "household_brand_owners",
    "influential",
    "insurance_referrals",
    "insured_years_running",
    "kind",
    "loyalty",
    "media",
    "repairs_past_year",
    "ssi_all_satisfied",
    "ssi_surveys",
    "suggestions_adopted",
    "vehicle_referrals",
    "visits_past_year",
)


def _visit(number: int, day: str, kind: str, status: str = "settled") -> dict[str, object]:
    return {
        "visit_id": f"V{number}",
        "vin": "LFV1",
        "visited_on": day,
        "kind": kind,
        "status": status,
        "settled_on": day,
        "amount": "680.50",
        "paid_by": "customer",
        "mileage_km": 10_000 * number,
    }


def _cover(number: int, starts: str, ends: str) -> dict[str, object]:
    return {
        "policy_no": f"P{number}",
        "vin": "LFV1",
        "cover": "commercial",
        "starts_on": starts,
        "ends_on": ends,
        "at_store": True,
        "designated_repair": True,
        "premium": "3200.00",
    }


def _referral(number: int, kind: str, day: str) -> dict[str, object]:
    return {"referral_id": f"R{number}", "kind": kind, "succeeded_on": day, "designated_repair": True}


def record() -> dict[str, Any]:
    """Return one customer as a dictionary, every field known: a VIP with reasons in each angle but marketing."""
    kinds = ("maintenance", "repair", "inspection", "maintenance", "body") * 2
    days = ("2011-03-02", "2011-09-11", "2012-03-20", "2012-09-28", "2013-04-02")
    days += ("2013-09-30", "2013-10-01", "2014-02-11", "2014-06-30", "2014-09-12")
    return {
        "customer_id": "C1",
        "kind": "individual",
        "store_id": "S1",
        "region": "晋江",
        "in_territory": True,
        "influential": False,
        "media": False,
        "out_of_reach": False,
        "loyalty": "medium",
        "household_id": "H1",
        "household_brand_owners": 1,
        "channel": "store",
        "vehicles": [
            {
                "vin": "LFV1",
                "own_brand": True,
                "brand": "奔腾",
                "model": "B70",
                "purchased_on": "2010-08-15",
                "bought_here": True,
            }
        ],
        "visits": [
            _visit(at, day, kind) for at, (day, kind) in enumerate(zip(days, kinds, strict=True), start=1)
        ],
        "insurance": [
            _cover(1, "2010-08-15", "2011-08-14"),
            _cover(2, "2012-01-10", "2013-01-09"),  # after a gap: the run begins here
            _cover(3, "2013-01-10", "2014-01-09"),
            _cover(4, "2014-01-20", "2015-01-19"),
        ],
        "referrals": [
            _referral(1, "vehicle", "2012-05-01"),
            _referral(2, "insurance", "2013-05-01"),
            _referral(3, "insurance", "2014-05-01"),
        ],
        "surveys": [{"survey_id": "Q1", "surveyed_on": "2014-07-01", "source": "ssi", "satisfied": True}],
        "contacts": [
            {
                "contacted_on": "2014-03-05",
                "purpose": "callback",
                "result": "reached",
                "reason": "price",
            },
            {"contacted_on": "2014-08-20", "purpose": "reminder", "result": "reached"},
        ],
    }


def tier_facts(book: dr.PolicyBook, customer: dr.Customer) -> dict[str, Any] | None:
    """Return the facts of the tier table, worked out by the reference interpreter; none where one is unknown."""
    case = book.evaluate(customer, as_of=AS_OF)["tier"].case
    assert case is not None
    interpreter = case.interpreter
    facts = {name: interpreter.fact(name).value for name in TIER_FACTS}
    return None if None in facts.values() else facts


def demo_customers(count: int) -> Iterator[dr.Customer]:
    """Yield the demo store's customers."""
    for each in demo.customers(count, as_of=AS_OF):
        yield dr.Customer(**each)


# ---------------------------------------------------------------------------------------------------
# The library's answers in the form of the hand-written ones


def library_tier(book: dr.PolicyBook, facts: dict[str, Any]) -> hand_written.Tier:
    """Return the library's tier for ready-made facts."""
    outcome = book.evaluate_facts("customer", facts, as_of=AS_OF, decisions=("tier",)).tier("tier")
    angles = tuple(outcome.angles[angle] for angle in ANGLES)
    return outcome.level, angles, list(outcome.because)


def library_answers(answer: dr.Answer) -> dict[str, hand_written.Answer]:
    """Return the library's answer on a record."""
    found: dict[str, hand_written.Answer] = {}
    for name in DECISIONS:
        outcome: Any = answer[name]
        if name == "tier":
            value: Any = outcome.level, tuple(outcome.angles[angle] for angle in ANGLES)
        elif outcome.kind == "stage":
            value = outcome.stage
        elif name == "win_back_measures":
            value = outcome.rows[0].id if outcome.rows else None
        elif name == "retention_gift":
            value = [row.id for row in outcome.rows]
        else:
            value = outcome.value
        found[name] = outcome.status.value, value, list(outcome.because)
    return found


def same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Tell whether two answers say the same; rules may stand in any order."""
    return [sorted(part) if isinstance(part, list) else part for part in one] == [
        sorted(part) if isinstance(part, list) else part for part in other
    ]


def assert_equal_on_demo_store(book: dr.PolicyBook, count: int = 2000) -> None:
    """Assert that the hand-written code gives the library's answers for every customer of the demo store."""
    for customer in demo_customers(count):
        answers = library_answers(book.evaluate(customer, as_of=AS_OF))
        expected = hand_written.decide(customer, AS_OF)
        assert all(same(answers[name], expected[name]) for name in DECISIONS), customer.customer_id
        facts = tier_facts(book, customer)
        if facts is not None:
            assert same(library_tier(book, facts), hand_written.tier(facts)), customer.customer_id
