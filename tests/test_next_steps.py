"""Next steps: each is proved by evaluating again, none is missing, and no part of one is enough (design.md 5)."""

from __future__ import annotations

import itertools
import os
import random
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules.advice.levers import Way, levers, moved_along
from dealerrules.advice.moves import Change, _added, _amount, _ways, part_of
from dealerrules.advice.steps import Advisor, Question, find
from dealerrules.analysis.diagrams import TooLargeError
from dealerrules.engines.row import Interpreter
from dealerrules.policy.model import Offer, Payout, Stage, Tier
from dealerrules.testing import facts, policies, records
from dealerrules.values import ABSENT
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from dealerrules.advice.steps import Found
    from dealerrules.policy.model import AnyDecision
    from dealerrules.values import Maybe

POLICIES = Path(__file__).parents[1] / "policies"
D = date(2014, 9, 30)
EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "600")) // 10

some = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    database=None,
)


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


ORDINARY: dict[str, object] = {
    "kind": "individual",
    "loyalty": "low",
    "media": False,
    "influential": False,
    "vehicle_referrals": 0,
    "insurance_referrals": 0,
    "visits_past_year": 3,
    "repairs_past_year": 0,
    "insured_years_running": 0,
    "suggestions_adopted": 0,
    "csi_surveys": 1,
    "csi_all_satisfied": False,
    "ssi_surveys": 1,
    "ssi_all_satisfied": False,
    "household_brand_owners": 1,
    "brand_vehicles_bought": 1,
}
"""A general customer."""


def said(subject: str, name: str, given: dict[str, object], lang: str = "en", **how: Any) -> list[str]:
    answer = book().evaluate_facts(subject, given, as_of=D, decisions=[name])
    return [step.text(lang) for step in answer[name].next_steps(**how)]


# ---------------------------------------------------------------------------------------------------
# The shipped policies, by hand


def test_everything_that_makes_a_general_customer_a_better_one() -> None:
    assert said("customer", "tier", ORDINARY, limit=None) == [
        "Suggestions adopted 0 → 1 (1 more) → VIP (after_sales.suggestion-adopted)",
        "Loyalty: low → medium → VIP (after_sales.visits-3)",
        "Vehicles sold through referrals 0 → 1 (1 more) → VIP (after_sales.sales-vip, sales.referred-1)",
        (
            "Persons of the household who own a vehicle of the brand 1 → 2 (1 more) → "
            "Super VIP (after_sales.sales-super-vip, sales.household)"
        ),
        "Vehicles of the brand bought 1 → 2 (1 more) → Super VIP (after_sales.sales-super-vip, sales.repeat-purchase)",
        "Referred customers insured here with designated repair 0 → 2 (2 more) → VIP (insurance.referred-2)",
        "Referred customers insured here with designated repair 0 → 3 (3 more) → Super VIP (insurance.referred-3)",
        "Vehicles sold through referrals 0 → 3 (3 more) → Super VIP (after_sales.sales-super-vip, sales.referred-3)",
        "Visits in the past 12 months 3 → 5 (2 more), and loyalty: low → high → Super VIP (after_sales.visits-5)",
        (
            "Consecutive insured years here with designated repair 0 → 3 (3 more), and repairs here in the past 12 months "
            "0 → 1 (1 more); with it visits in the past 12 months 4 → VIP (insurance.insured-3-years)"
        ),
        (
            "Consecutive insured years here with designated repair 0 → 4 (4 more), and repairs here in the past 12 months "
            "0 → 1 (1 more); with it visits in the past 12 months 4 → Super VIP (insurance.insured-4-years)"
        ),
    ]


def test_a_step_in_chinese() -> None:
    given = {**ORDINARY, "vehicle_referrals": 2, "loyalty": None}
    assert said("customer", "tier", given, "zh", to="super_vip", limit=2) == [
        "转介绍购车台数 2 → 3（再加 1） → 超级VIP客户（after_sales.sales-super-vip, sales.referred-3）",
        "家中拥有本品牌车的人数 1 → 2（再加 1） → 超级VIP客户（after_sales.sales-super-vip, sales.household）",
    ]


def test_recording_what_is_unknown_is_a_step_of_its_own_kind() -> None:
    given = {**ORDINARY, "visits_past_year": 6, "loyalty": None}
    steps = book().evaluate_facts("customer", given, as_of=D)["tier"].next_steps(limit=2)
    assert [(step.recording, step.text()) for step in steps] == [
        (False, "Suggestions adopted 0 → 1 (1 more) → VIP (after_sales.suggestion-adopted)"),
        (
            False,
            "Vehicles sold through referrals 0 → 1 (1 more) → VIP (after_sales.sales-vip, sales.referred-1)",
        ),
        (True, "Loyalty recorded as medium → VIP (after_sales.visits-3)"),
        (True, "Loyalty recorded as high → Super VIP (after_sales.visits-5)"),
    ]


def test_what_nobody_can_change_is_no_step() -> None:
    given = {**ORDINARY, "vehicle_referrals": 2, "media": None, "influential": None, "kind": "company"}
    for step in book().evaluate_facts("customer", given, as_of=D)["tier"].next_steps(limit=None):
        assert {change.fact for change in step.changes}.isdisjoint({"media", "influential", "kind"})


def test_the_best_level_has_no_next_step() -> None:
    assert said("customer", "tier", {**ORDINARY, "influential": True}) == []
    assert said("customer", "tier", {**ORDINARY, "influential": True}, to="vip") == []


def test_the_recall_bonus_tells_the_next_band_and_what_it_is_worth() -> None:
    assert said("recall_campaign", "recall_bonus", {"returned": 60, "target": 120}) == [
        "Vehicles returned 60 → 85 (25 more) → Reached: every vehicle up to the target: 850.00 yuan (+850.00 yuan), from there 10.00 yuan a unit",
        (
            "Vehicles returned 60 → 121 (61 more) → Exceeded: every vehicle above the target: "
            "1,215.00 yuan (+1,215.00 yuan), from there 15.00 yuan a unit"
        ),
    ]
    assert said("recall_campaign", "recall_bonus", {"returned": 121, "target": 120}) == []


def test_a_target_that_is_a_share_is_worked_with() -> None:
    # 20% of 550 is 110; 77 of 110 is exactly 70%, which still pays nothing
    assert said(
        "recall_campaign", "recall_bonus", {"returned": 76, "audience": 550, "target": None}, limit=1
    ) == [
        "Vehicles returned 76 → 78 (2 more) → Reached: every vehicle up to the target: 780.00 yuan (+780.00 yuan), from there 10.00 yuan a unit",
    ]


def test_a_fine_is_escaped() -> None:
    assert said(
        "follow_up_result",
        "satisfaction_reward",
        {
            "cadence": "weekly",
            "surveyed": 50,
            "satisfied": 40,
            "headcount": 3,
        },
    ) == [
        "Satisfied customers 40 → 48 (8 more) → Weekly customers, in between: nothing: 0.00 yuan (+150.00 yuan)",
        "Satisfied customers 40 → 50 (10 more) → Weekly customers, all satisfied: reward: 300.00 yuan (+450.00 yuan)",
    ]
    assert said("consultant_month", "return_penalty", {"contacted": 100, "returned": 15}, "zh") == [
        "已召回客户数 15 → 20（再加 5） → 达到应回厂数：不扣：0.00元（+100.00元）",
    ]


def test_a_visit_brings_a_customer_back() -> None:
    lost = {"last_visit_on": "2012-01-01", "out_of_reach": False}
    assert said("customer", "churn_stage", lost, limit=1) == [
        "Date of the last visit: 2012-01-01 → 2014-09-30 → Active (active)"
    ]


def test_a_gift_comes_with_what_is_spent() -> None:
    given = {"amount": "499.50 yuan"}
    assert said("purchase", "spend_gift", given) == SPEND_GIFT
    given = {"insured": True, "premium_prepaid": "0 yuan", "amount": "6000 yuan"}
    assert said("repair_order", "insurance_prepay_gift", given) == [
        (
            "Premium prepaid 0.00 yuan → 1,000.00 yuan (1,000.00 yuan more) → "
            "Insurance repair of 5,000 to 10,000 yuan (repair-5k-10k)"
        )
    ]


SPEND_GIFT = [
    "Amount spent 499.50 yuan → 500.00 yuan (0.50 yuan more) → 500 yuan to under 1,000 (spend-500)",
    "Amount spent 499.50 yuan → 1,000.00 yuan (500.50 yuan more) → Exactly 1,000 yuan (spend-1000)",
    "Amount spent 499.50 yuan → 1,000.01 yuan (500.51 yuan more) → Over 1,000 yuan (spend-over-1000)",
]


# ---------------------------------------------------------------------------------------------------
# Laws


def better(decision: AnyDecision, before: Any, after: Any) -> bool:
    """Tell in plain words whether an outcome is better than another."""
    match decision:
        case Tier():
            order = [level.id for level in decision.levels]
            return order.index(after.verdict.answer) < order.index(before.verdict.answer)
        case Stage():
            if after.verdict.status is not Status.DECIDED or after.verdict.answer not in decision.ranking:
                return False
            if before.verdict.status is not Status.DECIDED or before.verdict.answer not in decision.ranking:
                return True
            ranking = decision.ranking
            return ranking.index(after.verdict.answer) < ranking.index(before.verdict.answer)
        case Payout():
            return before.amount is None or (after.amount or 0) > before.amount
        case Offer():
            return after.verdict.status is Status.DECIDED and after.verdict.answer is not None
        case _:
            raise AssertionError(decision)


def after(question: Question, advisor: Advisor, changes: tuple[Change, ...]) -> dict[str, Maybe]:
    """Return the facts after some changes, those that move along included."""
    now = Interpreter(question.edition, question.subject, question.day, question.record, question.facts)
    base = {name: now.fact(name).value for name in advisor.facts}
    made: dict[str, Maybe] = {**question.facts, **base}
    order = [lever.name for lever in levers(question.edition, question.subject, advisor.facts)]
    for change in sorted(changes, key=lambda each: order.index(each.lever.name)):
        added = _added(made[change.lever.name], change.after)
        made[change.lever.name] = change.after
        if change.way is not Way.RECORD:
            for name, root in change.lever.moves.items():
                if made[name] is not None:
                    made[name] = moved_along(root, by=added, value=made[name], day=question.day)
    return made


def decided(question: Question, name: str, given: dict[str, Maybe]) -> Any:
    """Evaluate ready-made facts with the reference interpreter."""
    return Interpreter(question.edition, question.subject, question.day, None, given).decide(name)


def proved(question: Question, name: str, found: list[Found]) -> None:
    """Check that each step keeps its promise, and that no part of it does."""
    advisor = Advisor(question.edition, name, frozenset(question.facts))
    decision = question.edition.decisions[name]
    for step in found:
        made = after(question, advisor, step.changes)
        assert made == {**made, **step.facts}
        then = decided(question, name, made)
        assert then.verdict == step.after.verdict
        assert then.amount == step.after.amount
        assert better(decision, step.before, then)
        assert reaches(step, then)
        for size in range(len(step.changes)):
            for part in itertools.combinations(step.changes, size):
                less = decided(question, name, after(question, advisor, part))
                assert not reaches(step, less) or not better(decision, step.before, less)


def reaches(step: Found, then: Any) -> bool:
    return any(
        then.verdict.answer == key.answer
        and (then.verdict.status is key.status or isinstance(then.decision, Tier))
        for key in step.target.keys
    )


@some
@given(policy=policies("customer"), data=st.data())
def test_steps_are_proved_on_random_policies(policy: Any, data: st.DataObject) -> None:
    book = policy.book
    for name, decision in book.decisions.items():
        if decision.kind == "rules" or (isinstance(decision, Stage) and not decision.ranking):
            continue
        given = data.draw(facts(book, decision.subject, as_of=D, decisions=[name]))
        check_facts(book, decision.subject, name, given)


def check_facts(book: dr.PolicyBook, subject: str, name: str, given: dict[str, Any]) -> None:
    answer = book.evaluate_facts(subject, given, as_of=D, decisions=[name])
    case = answer[name].case
    if case is None:
        return
    question = Question(case.edition, subject, case.as_of, None, case.facts)
    try:
        found = find(question, name, to=None, limit=8)
    except TooLargeError:
        return
    proved(question, name, found)
    for step in answer[name].next_steps(limit=8):
        again = book.evaluate_facts(subject, step.facts, as_of=D, decisions=[name])[name]
        assert (again.verdict.answer, again.because) == (step.answer, step.because)


@some
@given(data=st.data())
@pytest.mark.parametrize(
    "name",
    [
        "tier",
        "recall_bonus",
        "satisfaction_reward",
        "return_penalty",
        "prepay_reward",
        "insurance_prepay_gift",
        "spend_gift",
        "prepaid_maintenance",
    ],
)
def test_steps_of_the_shipped_policies_are_proved(name: str, data: st.DataObject) -> None:
    subject = book().decisions[name].subject
    given = data.draw(facts(book(), subject, as_of=D, decisions=[name]))
    check_facts(book(), subject, name, given)


@some
@given(record=records(dr.load(POLICIES), as_of=D, decisions=["tier"]))
def test_steps_from_a_record_are_those_from_its_facts(record: dict[str, Any]) -> None:
    answer = book().evaluate(record, as_of=D, decisions=["tier"])
    case = answer["tier"].case
    assert case is not None
    advisor = Advisor(case.edition, "tier", frozenset())
    now = {name: case.interpreter.fact(name).value for name in advisor.facts}
    of_facts = Question(case.edition, "customer", D, None, now)
    of_record = Question(case.edition, "customer", D, case.record, {})
    assert [told(each) for each in find(of_record, "tier", to=None, limit=None)] == [
        told(each) for each in find(of_facts, "tier", to=None, limit=None)
    ]


def told(step: Found) -> tuple[Any, ...]:
    return step.target.answer, tuple((c.lever.name, c.way, c.after) for c in step.changes), step.after.verdict


# ---------------------------------------------------------------------------------------------------
# Every possibility on a small grid

GRID: dict[str, list[Maybe]] = {
    "vehicle_referrals": [0, 1, 2, 3, None],
    "visits_past_year": [0, 1, 2, 3, None],
    "repairs_past_year": [0, 1, 2, None],
    "loyalty": ["low", "medium", "high", None],
    "csi_all_satisfied": [True, False, None],
    "last_visit_on": [date(2014, 9, 30), date(2014, 1, 15), date(2012, 5, 1), ABSENT, None],
    "household_brand_owners": [0, 1, 2, 3, None],
}


def a_condition(dice: random.Random, depth: int = 0) -> dict[str, Any]:
    kind = dice.randrange(8 if depth < 2 else 5)
    if kind >= 5:
        parts = [a_condition(dice, depth + 1) for _ in range(2)]
        return [{"all": parts}, {"any": parts}, {"not": parts[0]}][kind - 5]
    name = dice.choice([*list(GRID)[:6], "months_since_last_visit", "household_brand_owners"])
    match name:
        case "loyalty":
            return {
                name: dice.choice([{"at_least": "medium"}, "high", {"is_not": "medium"}, {"known": False}])
            }
        case "csi_all_satisfied":
            return {name: dice.choice([True, False])}
        case "last_visit_on":
            return {
                name: dice.choice([{"known": True}, {"at_least": "2014-02-01"}, {"less_than": "2013-01-01"}])
            }
        case "months_since_last_visit":
            return {name: {dice.choice(["at_least", "less_than"]): f"{dice.choice([6, 12])} months"}}
        case _:
            word = dice.choice(["at_least", "more_than", "at_most", "less_than", "is"])
            return {name: {word: dice.randrange(1, 4)}}


def a_tier(dice: random.Random) -> dr.PolicyBook:
    import yaml

    rules = [{"id": f"r{at}", "when": a_condition(dice)} for at in range(dice.randrange(2, 5))]
    half = max(1, len(rules) // 2)
    angles = {
        "one": {"gold": rules[:half], "silver": rules[half:] or [{"id": "rest", "when": a_condition(dice)}]}
    }
    tier = {"kind": "tier", "levels": {"gold": {}, "silver": {}, "plain": {}}, "angles": angles}
    return dr.loads(yaml.safe_dump({"policy": "p", "decisions": {"tier": tier}}, sort_keys=False))


def by_trying(question: Question, target: str) -> set[frozenset[tuple[str, Maybe]]]:
    """Return the smallest sets of changes that give a level or a better one, by trying everything on the grid."""
    advisor = Advisor(question.edition, "tier", frozenset(question.facts))
    order = ["gold", "silver", "plain"]
    choices = []
    for lever in levers(question.edition, "customer", advisor.facts):
        before = question.facts.get(lever.name)
        tried: list[Change | None] = [None]
        for way in _ways(lever, before):
            values = (
                [question.day]
                if way is Way.EVENT
                else list(range(8))
                if lever.scale and not lever.type.ordered
                else list(lever.type.options) or [True, False]
            )
            for value in values:
                if value == before or not _goes(lever, way, before, value):
                    continue
                tried.append(Change(lever, way, before, value, _amount(lever, before, value)))
        choices.append(tried)
    ways = []
    for picked in itertools.product(*choices):
        changes = tuple(change for change in picked if change is not None)
        made = after(question, advisor, changes)
        # a repair raises the visits: the change of the visits is told from where they stood
        if any(made[change.lever.name] != change.after for change in changes):
            continue
        level = decided(question, "tier", made).verdict.answer
        if order.index(level) <= order.index(target):
            ways.append(changes)
    smallest: list[tuple[Change, ...]] = []
    for way in sorted(ways, key=lambda each: (len(each), sum(change.amount for change in each))):
        if not any(part_of(other, way) for other in smallest):
            smallest.append(way)
    return {frozenset((change.lever.name, change.after) for change in way) for way in smallest}


def _goes(lever: Any, way: Way, before: Maybe, value: Maybe) -> bool:
    if way is Way.BECOME and lever.only_true:
        return value is True
    if not lever.scale or way is Way.RECORD:
        return True
    places = [lever.type.options.index(each) if lever.type.ordered else each for each in (before, value)]
    return places[1] > places[0] if way is Way.MORE else places[1] < places[0]


@pytest.mark.parametrize("seed", range(int(os.environ.get("GRID_POLICIES", "60"))))
def test_no_step_is_missing_and_none_too_many(seed: int) -> None:
    dice = random.Random(seed)
    book = a_tier(dice)
    edition = book.edition(D)
    advisor = Advisor(edition, "tier", frozenset())
    if len(advisor.facts) > 5:
        return
    for _ in range(3):
        given = {name: dice.choice(GRID[name]) for name in advisor.facts}
        question = Question(edition, "customer", D, None, given)
        level = decided(question, "tier", given).verdict.answer
        for target in ["gold", "silver"]:
            if ["gold", "silver", "plain"].index(target) >= ["gold", "silver", "plain"].index(level):
                continue
            found = find(question, "tier", to=target, limit=None)
            proved(question, "tier", found)
            assert {
                frozenset((change.lever.name, change.after) for change in step.changes) for step in found
            } == by_trying(question, target), (seed, given, target)


def test_a_row_of_a_table_can_be_asked_for() -> None:
    given: dict[str, object] = {"last_contact_reason": "price"}
    assert said("customer", "win_back_measures", given, to="price") == []
    assert said("customer", "win_back_measures", given, "zh", to="service") == [
        "最近一次说明的流失原因：价格 → 服务 → A 对服务不满意客户（service）"
    ]
    given = {"visits_past_year": 0, "in_territory": True}
    assert said("customer", "effective_customer", given, to="two-or-more") == [
        "Visits in the past 12 months 0 → 2 (2 more) → 2 or more visits within 12 months, whatever the territory (two-or-more)"
    ]


@pytest.mark.parametrize("row", ["complaint", "loyal", "new-customer", "gift-kept"])
def test_the_row_of_a_long_table_is_reached(row: str) -> None:
    record = {"customer_id": "C1", "visits": [{"visited_on": "2013-01-01"}]}
    steps = book().evaluate(record, as_of=D)["retention_gift"].next_steps(to=row, limit=1)
    assert len(steps) == 1
    again = book().evaluate_facts("customer", steps[0].facts, as_of=D, decisions=["retention_gift"])
    assert again.rules("retention_gift").rows[0].id == row == steps[0].answer


def test_a_distance_is_told_as_it_can_be_given() -> None:
    far = dr.loads("""
policy: p
facts: {driven: {sum: visits, take: mileage_km}}
decisions:
  tier:
    kind: tier
    levels: {vip: {}, general: {}}
    angles: {far: {vip: [{id: far, when: {driven: {more_than: 50 km}}}]}}
""")
    (step,) = far.evaluate_facts("customer", {"driven": 10}, as_of=D)["tier"].next_steps()
    assert (step.text(), step.facts) == (
        "Driven 10 km → 50.1 km (40.1 km more) → vip (far.far)",
        {"driven": Decimal("50.1")},
    )
    assert far.evaluate_facts("customer", step.facts, as_of=D)["tier"].level == "vip"


def test_what_is_asked_wrongly_is_said() -> None:
    answer = book().evaluate_facts("customer", ORDINARY, as_of=D)
    with pytest.raises(ValueError, match=r"^`tier` has no answer `gold`; it has super_vip, vip, general$"):
        answer["tier"].next_steps(to="gold")
    with pytest.raises(
        ValueError,
        match=r"^`win_back_measures` does not say which of its answers is better; ask for one: location, price, reminder, service$",
    ):
        answer["win_back_measures"].next_steps()


def test_a_price_ranks_the_steps() -> None:
    priced = dr.loads("""
policy: p
advice:
  - {fact: vehicle_referrals, cost: 300 yuan}
  - {fact: visits_past_year, cost: 40.50 yuan}
  - {fact: loyalty, actionable: false}
decisions:
  tier:
    kind: tier
    levels: {vip: {}, general: {}}
    angles:
      sales:
        vip:
          - {id: referred, when: {vehicle_referrals: {at_least: 1}}}
          - {id: came, when: {visits_past_year: {at_least: 4}}}
          - {id: loyal, when: {loyalty: high}}
          - {id: told, when: {suggestions_adopted: {at_least: 1}}}
""")
    given = {"vehicle_referrals": 0, "visits_past_year": 0, "loyalty": "low", "suggestions_adopted": 0}
    steps = priced.evaluate_facts("customer", given, as_of=D)["tier"].next_steps()
    assert [(step.text(), step.cost) for step in steps] == [
        ("Visits in the past 12 months 0 → 4 (4 more) → vip (sales.came), at 162.00 yuan", Decimal(162)),
        (
            "Vehicles sold through referrals 0 → 1 (1 more) → vip (sales.referred), at 300.00 yuan",
            Decimal(300),
        ),
        ("Suggestions adopted 0 → 1 (1 more) → vip (sales.told)", None),
    ]
