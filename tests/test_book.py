"""The book: which version answers, what may be asked, and how answers are held. Extension stands in test_versions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules.faults import RecordError
from dealerrules.records import Customer, RepairOrder

if TYPE_CHECKING:
    from collections.abc import Callable

POLICIES = Path(__file__).parents[1] / "policies"
D = date(2014, 9, 30)


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


def refusal(ask: Callable[[], object]) -> str:
    """Return the words in which something is refused."""
    with pytest.raises(RecordError) as caught:
        ask()
    return str(caught.value)


# ---------------------------------------------------------------------------------------------------
# Versions

PAY = """
policy: {policy}
effective: {{{effective}}}
decisions:
  {decision}:
    kind: payout
    subject: repair_order
    {dated}
    pays: {pays} yuan
"""
DATED = "dated_by: completed_on"


def versions(folder: Path, *texts: dict[str, Any]) -> dr.PolicyBook:
    """Return a book of payouts, each with its own effective dates."""
    for at, text in enumerate(texts):
        filled = PAY.format(**{"policy": "pay", "decision": "reward", "dated": DATED, **text})
        (folder / f"{at}.yaml").write_text(filled, encoding="utf-8")
    return dr.load(folder)


def reward(loaded: dr.PolicyBook, as_of: str, decision: str = "reward", **record: Any) -> str:
    """Return what a repair order is paid from a record and from ready-made facts, or the reason why not."""
    asked = loaded.evaluate({"repair_id": "R1", **record}, as_of=as_of, subject="repair_order")
    ready = loaded.evaluate_facts("repair_order", record, as_of=as_of)
    said = [str(each.payout(decision).amount or each.payout(decision).reason) for each in (asked, ready)]
    assert said[0] == said[1]
    return said[0]


OLD = {"effective": "from: 2014-01-01, until: 2014-12-31", "pays": 10}
NEW = {"effective": "from: 2015-01-01", "pays": 12}


def test_a_version_that_has_ended_still_decides_what_is_dated_in_it(tmp_path: Path) -> None:
    """A repair of 2014 judged in 2016 is paid by the policy of 2014, although nothing is in force any more."""
    ended = versions(tmp_path, OLD)
    assert [
        reward(ended, "2016-06-30", completed_on=day) for day in ("2014-01-01", "2014-12-31", "2015-01-01")
    ] == [
        "10.00",
        "10.00",
        "on 2015-01-01 no version of `pay` is in force; the first begins on 2014-01-01",
    ]
    assert (
        reward(ended, "2016-06-30")
        == "on 2016-06-30 no version of `pay` is in force; the first begins on 2014-01-01"
    )


def test_the_version_in_force_on_the_day_decides_what_is_not_dated(tmp_path: Path) -> None:
    """Without `dated_by` the day of evaluation says which version answers, whatever date the subject has."""
    both = versions(tmp_path, {**OLD, "dated": ""}, {**NEW, "dated": ""})
    assert [
        reward(both, as_of, completed_on="2014-06-30")
        for as_of in ("2013-12-31", "2014-01-01", "2014-12-31", "2015-01-01")
    ] == [
        "on 2013-12-31 no version of `pay` is in force; the first begins on 2014-01-01",
        "10.00",
        "10.00",
        "12.00",
    ]


def test_a_missing_date_leaves_open_which_version_only_where_versions_differ(tmp_path: Path) -> None:
    """Another policy's versions, a version that says the same, and one that has not begun do not matter."""
    both = versions(tmp_path, OLD, NEW)
    assert [reward(both, as_of) for as_of in ("2014-06-30", "2015-06-30")] == [
        "10.00",
        "`completed_on` is not recorded",
    ]
    other = [{**each, "policy": "other", "decision": "other"} for each in (OLD, NEW)]
    (tmp_path / "beside").mkdir()
    beside = versions(tmp_path / "beside", {"effective": "from: 2014-01-01", "pays": 5}, *other)
    assert [reward(beside, "2015-06-30"), reward(beside, "2015-06-30", "other")] == [
        "5.00",
        "`completed_on` is not recorded",
    ]
    (tmp_path / "same").mkdir()
    same = versions(tmp_path / "same", OLD, {**NEW, "pays": 10})
    assert reward(same, "2015-06-30") == "10.00"


def test_a_decision_that_begins_later_says_when(tmp_path: Path) -> None:
    """It is among the answers from the start, undefined with the reason; it has no facts missing."""
    later = versions(
        tmp_path,
        {"effective": "from: 2014-01-01", "pays": 5},
        {**NEW, "policy": "second", "decision": "bonus", "dated": ""},
    )
    answer = later.evaluate({"repair_id": "R1"}, as_of="2014-06-30", subject="repair_order")
    bonus = answer["bonus"]
    assert (list(answer), bonus.status.value, bonus.missing, str(bonus.reason)) == (
        ["bonus", "reward"],
        "undefined",
        (),
        "on 2014-06-30 no version of `second` is in force; the first begins on 2015-01-01",
    )
    assert bonus.reason is not None
    assert bonus.reason.text("zh") == "2014-06-30 没有有效的 `second` 版本；最早的版本从 2015-01-01 开始"


def test_what_is_dated_after_the_day_is_undefined(tmp_path: Path) -> None:
    """Of any version, also from ready-made facts; the day itself is in."""
    both = versions(tmp_path, OLD, NEW)
    assert [
        reward(both, "2014-06-30", completed_on=day) for day in ("2014-06-30", "2014-07-01", "2015-01-01")
    ] == [
        "10.00",
        "`completed_on` 2014-07-01 is after the day of evaluation 2014-06-30",
        "`completed_on` 2015-01-01 is after the day of evaluation 2014-06-30",
    ]


def test_the_shipped_policies_begin_in_1990() -> None:
    """Before, every decision is undefined and says so; nothing is silently none."""
    answer = book().evaluate({"customer_id": "C1"}, as_of="1989-12-31")
    reasons = {
        name: (outcome.status.value, outcome.reason.code if outcome.reason else None)
        for name, outcome in answer.items()
    }
    assert reasons == dict.fromkeys(
        book().evaluate({"customer_id": "C1"}, as_of=D), ("undefined", "not_in_force")
    )
    assert (answer.tier("tier").level, answer.tier("tier").benefits, answer.rules("final_loss").value) == (
        None,
        {},
        None,
    )


# ---------------------------------------------------------------------------------------------------
# What may be asked


@pytest.mark.parametrize(
    "ask",
    [
        lambda day: book().evaluate({"customer_id": "C1"}, as_of=day),
        lambda day: book().evaluate_facts("customer", {}, as_of=day),
        lambda day: book().evaluate_many([{"customer_id": "C1"}], as_of=day, on_error="skip"),
        lambda day: book().program("customer", ["tier"], as_of=day),
    ],
    ids=["evaluate", "evaluate_facts", "evaluate_many", "program"],
)
def test_a_day_is_a_date_or_iso_text(ask: Callable[[Any], object]) -> None:
    """A date with time is refused with what to pass; so is everything that is no day."""
    midnight, morning = datetime(2014, 9, 30), datetime(2014, 9, 30, 8, 30)  # noqa: DTZ001
    days = (midnight, morning, "2014-9-30", "2014-09-31", "today", None, 20140930)
    head = "evaluation, as_of: "
    assert [refusal(lambda day=day: ask(day)) for day in days] == [  # type: ignore[misc]
        head + "a date is needed, not a date with time: `2014-09-30 00:00:00`; pass `2014-09-30`",
        head + "a date is needed, not a date with time: `2014-09-30 08:30:00`; pass `2014-09-30`",
        head + "a date such as `2014-09-30` is needed, not `2014-9-30`",
        head + "there is no such day: `2014-09-31`",
        head + "a date such as `2014-09-30` is needed, not `today`",
        head + "a date such as `2014-09-30` is needed, not `None`",
        head + "a date such as `2014-09-30` is needed, not `20140930`",
    ]
    assert ask("2014-09-30") is not None


def test_decisions_restrict_what_is_answered() -> None:
    """Only those asked for are there, in alphabetical order, and say what they say among all."""
    record = {"customer_id": "C1", "visits": [{"visited_on": "2014-01-01"}]}
    everything = book().evaluate(record, as_of=D)
    two = book().evaluate(record, as_of=D, decisions=["tier", "churn_stage"])
    assert (list(two), len(two), "red_line" in two, [two[name].to_dict() for name in two]) == (
        ["churn_stage", "tier"],
        2,
        False,
        [everything[name].to_dict() for name in ("churn_stage", "tier")],
    )
    facts = book().evaluate_facts(
        "customer", {"visits_past_year": 1}, as_of=D, decisions=("effective_customer",)
    )
    assert (list(facts), list(book().evaluate(record, as_of=D, decisions=[]))) == (["effective_customer"], [])


def test_unknown_names_are_refused() -> None:
    """Decisions of another subject too; with the word that was probably meant."""
    record = {"customer_id": "C1"}
    subjects = "customer, recall_campaign, follow_up_result, consultant_month, repair_order, purchase"
    no_subject = f"subject: `custmer` is not a subject: {subjects}; did you mean `customer`?"
    assert [
        refusal(lambda: book().evaluate(record, as_of=D, decisions=["teir", "spend_gift", "tier"])),
        refusal(lambda: book().evaluate_facts("customer", {}, as_of=D, decisions=["recall_bonus"])),
        refusal(lambda: book().evaluate(record, as_of=D, subject="custmer")),
        refusal(lambda: book().evaluate_facts("custmer", {}, as_of=D)),
    ] == [
        (
            "customer, decisions: there is no decision `teir`; did you mean `tier`?\n"
            "customer, decisions: there is no decision `spend_gift`"
        ),
        "customer, decisions: there is no decision `recall_bonus`",
        no_subject,
        no_subject,
    ]


def test_a_typed_record_carries_its_subject() -> None:
    """A mapping needs to be told."""
    order = RepairOrder(
        repair_id="R1", completed_on="2014-09-01", insured=True, premium_prepaid=Decimal(1000)
    )
    typed = book().evaluate(order, as_of=D)
    mapped = book().evaluate(order.model_dump(), as_of=D, subject="repair_order")
    assert (typed == mapped, typed.subject, typed.id, typed.as_of, typed.record) == (
        True,
        "repair_order",
        "R1",
        D,
        order,
    )
    assert str(typed.payout("prepay_reward").amount) == "50.00"


# ---------------------------------------------------------------------------------------------------
# Many records


def test_many_records_raise_all_that_is_wrong_together_or_skip_it() -> None:
    """Answers and errors stand in the order given; what is sound is answered all the same."""
    records = [
        {"customer_id": "C1"},
        {"customer_id": "C2", "loyalty": "hihg"},
        Customer(customer_id="C3"),
        {"visits": [{"visited_on": "2014-02-30"}]},
    ]
    skipped = book().evaluate_many(records, as_of=D, on_error="skip")
    wrong = [
        "customer C2, loyalty: `hihg` is none of: low, medium, high; did you mean `high`?",
        "customer, customer_id: is missing\ncustomer, visits[0].visited_on: there is no such day: `2014-02-30`",
    ]
    assert ([each.id for each in skipped.answers], list(map(str, skipped.errors))) == (["C1", "C3"], wrong)
    assert refusal(lambda: book().evaluate_many(records, as_of=D)) == "\n".join(wrong)
    sound = book().evaluate_many(iter([records[0], records[2]]), as_of=D, decisions=["tier"])
    assert ([list(each) for each in sound.answers], sound.errors) == ([["tier"], ["tier"]], ())


def test_on_error_is_one_of_two_words() -> None:
    """Anything else is the caller's mistake."""
    with pytest.raises(ValueError, match="on_error is `raise` or `skip`, not `ignore`"):
        book().evaluate_many([], as_of=D, on_error="ignore")


# ---------------------------------------------------------------------------------------------------
# Answers


def test_an_answer_is_a_mapping_of_outcomes() -> None:
    """Names in order, a KeyError for what was not asked, equal when it says the same."""
    answer = book().evaluate({"customer_id": "C1"}, as_of=D)
    assert list(answer) == sorted(
        name for name, made in book().decisions.items() if made.subject == "customer"
    )
    for name in ("teir", "recall_bonus"):
        with pytest.raises(KeyError, match=f"^'{name}'$"):
            answer[name]
    restricted = book().evaluate({"customer_id": "C1"}, as_of=D, decisions=["tier"])
    with pytest.raises(KeyError, match=r"^'churn_stage'$"):
        restricted["churn_stage"]
    other = book().evaluate({"customer_id": "C2"}, as_of=D)
    assert (answer == book().evaluate({"customer_id": "C1"}, as_of=D), answer == other, answer == {}) == (
        True,
        False,
        False,
    )
    assert answer.get("nothing") is None


def test_typed_access_names_what_a_decision_is() -> None:
    """Asked for as what it is not, a decision says what it is."""
    answer = book().evaluate({"customer_id": "C1"}, as_of=D)
    order = book().evaluate({"repair_id": "R1"}, as_of=D, subject="repair_order")
    assert [
        answer.tier("tier").kind,
        answer.stage("churn_stage").kind,
        answer.rules("red_line").kind,
        order.payout("prepay_reward").kind,
        order.offer("insurance_prepay_gift").kind,
    ] == ["tier", "stage", "rules", "payout", "offer"]
    wrong = [
        (lambda: answer.payout("tier"), "`tier` is a tier, not a payout"),
        (lambda: answer.tier("churn_stage"), "`churn_stage` is a stage decision, not a tier"),
        (lambda: answer.stage("red_line"), "`red_line` is a rules table, not a stage decision"),
        (lambda: order.offer("prepay_reward"), "`prepay_reward` is a payout, not an offer"),
        (
            lambda: order.rules("insurance_prepay_gift"),
            "`insurance_prepay_gift` is an offer, not a rules table",
        ),
    ]
    said = []
    for ask, _ in wrong:
        with pytest.raises(TypeError) as caught:
            ask()
        said.append(str(caught.value))
    assert said == [message for _, message in wrong]


def test_an_answer_says_itself_in_a_line() -> None:
    """For a developer at the prompt."""
    answer = book().evaluate({"customer_id": "C1"}, as_of=D, decisions=["churn_stage", "red_line"])
    assert repr(answer) == (
        "<Answer customer C1 as of 2014-09-30: <churn_stage: decided, stage='never_visited', measure=None>, "
        "<red_line: undefined, value=None, rows=[]>>"
    )


def test_what_is_in_the_book() -> None:
    """Decisions and facts by name, of the latest version; the edition of a day; the fingerprint."""
    loaded = book()
    assert (loaded.decisions["tier"].kind, loaded.facts["customer"]["visits_past_year"].type.kind.value) == (
        "tier",
        "count",
    )
    assert (loaded.edition(date(1989, 12, 31)), loaded.edition(D) is loaded.editions[0]) == (None, True)
    assert (len(loaded.fingerprint), dr.load(POLICIES).fingerprint == loaded.fingerprint) == (32, True)
