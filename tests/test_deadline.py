"""Deadlines of next steps: the last day on which a step is enough, held against taking it on every single day."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import dealerrules as dr

ROOT = Path(__file__).parents[1]
ONE = timedelta(days=1)
DAY = date(2014, 9, 30)
POLICY = """
policy: p
decisions:
  level:
    kind: tier
    levels: {gold: {}, silver: {}, plain: {}}
    angles:
      visits:
        gold: [{id: five, when: {visits_past_year: {at_least: 5}}}]
        silver: [{id: three, when: {visits_past_year: {at_least: 3}, months_since_last_visit: {less_than: 3 months}}}]
"""


@pytest.fixture(scope="module")
def shipped() -> dr.PolicyBook:
    return dr.load(ROOT / "policies")


def customer(visits: list[date], **fields: Any) -> dict[str, Any]:
    return {"customer_id": "C1", "visits": [{"visited_on": str(each)} for each in visits], **fields}


def level(book: dr.PolicyBook, visits: list[date], day: date) -> int:
    answer = book.evaluate(customer(visits), as_of=day).tier("level")
    return ["gold", "silver", "plain"].index(answer.level or "")


@pytest.mark.parametrize("seed", range(12))
def test_a_step_is_enough_up_to_its_last_day_and_not_on_the_next(seed: int) -> None:
    dice, book = random.Random(seed), dr.loads(POLICY)
    visits = [DAY - timedelta(days=dice.randrange(0, 420)) for _ in range(dice.randrange(5))]
    steps = book.evaluate(customer(visits), as_of=DAY)["level"].next_steps(limit=None)
    assert steps
    for step in steps:
        (more,) = [change.by for change in step.changes if change.fact == "visits_past_year"]
        assert isinstance(more, int)
        promised = ["gold", "silver", "plain"].index(step.answer or "")
        day = DAY
        while day <= date(2015, 9, 30) and level(book, [*visits, *[day] * more], day) <= promised:
            day += ONE
        assert step.until == (day - ONE if day <= date(2015, 9, 30) else None), step.text()


def test_it_is_told_with_the_step(shipped: dr.PolicyBook) -> None:
    visits = [date(2013, 12, 5), date(2014, 3, 1), date(2014, 8, 20)]
    known = {"kind": "individual", "influential": False, "media": False, "household_brand_owners": 1}
    tier = shipped.evaluate(customer(visits, **known), as_of=DAY)["tier"]
    step = next(each for each in tier.next_steps(limit=None) if each.because == ("after_sales.visits-5",))
    assert step.text() == (
        "Visits in the past 12 months 3 → 5 (2 more), and loyalty recorded as high, by 2014-12-04 "
        "→ Super VIP (after_sales.visits-5)"
    )
    assert step.text("zh") == (
        "近12个月进站次数 3 → 5（再加 2），并且忠诚度记录为“高”，最迟 2014-12-04 → 超级VIP客户（after_sales.visits-5）"
    )
    assert step.to_dict()["until"] == "2014-12-04"


def test_a_step_that_does_not_hang_on_time_has_none(shipped: dr.PolicyBook) -> None:
    tier = shipped.evaluate(customer([], loyalty="low"), as_of=DAY)["tier"]
    step = next(each for each in tier.next_steps(limit=None) if "sales.referred-1" in each.because)
    assert (step.until, step.to_dict()["until"]) == (None, None)


def test_of_ready_made_facts_nobody_knows() -> None:
    level = dr.loads(POLICY).evaluate_facts(
        "customer", {"visits_past_year": 3, "months_since_last_visit": 1}, as_of=DAY
    )["level"]
    assert [step.until for step in level.next_steps()] == [None]


def test_events_of_days_to_come_do_not_help() -> None:
    visits = [DAY - timedelta(days=30)] * 2
    known = dr.loads(POLICY).evaluate(customer(visits), as_of=DAY)["level"].next_steps(limit=1)
    later = dr.loads(POLICY).evaluate(customer([*visits, DAY + ONE]), as_of=DAY)["level"].next_steps(limit=1)
    assert [(each.until, each.text()) for each in known] == [(each.until, each.text()) for each in later]


def test_where_the_version_ends_nothing_is_said_of_later() -> None:
    book = dr.loads(POLICY.replace("policy: p", "policy: p\neffective: {until: 2014-10-31}"))
    visits = [date(2013, 12, 5), date(2014, 3, 1), date(2014, 8, 20), date(2014, 8, 21)]
    (step,) = book.evaluate(customer(visits), as_of=DAY)["level"].next_steps()
    assert (step.answer, step.until) == ("gold", None)
    (same,) = dr.loads(POLICY).evaluate(customer(visits), as_of=DAY)["level"].next_steps()
    assert (same.answer, same.until) == ("gold", date(2014, 12, 4))
