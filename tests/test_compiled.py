"""The fast engine as text: generated source that reads well, ladders of many rules, and what it refuses."""

from __future__ import annotations

import os
from bisect import bisect_left
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules.faults import RecordError
from dealerrules.records import read_record
from dealerrules.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "compiled"
D = date(2014, 9, 30)


@cache
def book() -> dr.PolicyBook:
    return dr.load(ROOT / "policies")


# ---------------------------------------------------------------------------------------------------
# Generated source

SOURCES = [
    ("tier-fast", "customer", "tier", "fast"),
    ("tier-facts", "customer", "tier", "facts"),
    ("tier-record", "customer", "tier", "record"),
    ("churn_stage-record", "customer", "churn_stage", "record"),
    ("recall_bonus-record", "recall_campaign", "recall_bonus", "record"),
]


@pytest.mark.parametrize(("name", "subject", "decision", "mode"), SOURCES, ids=[name for name, *_ in SOURCES])
def test_generated_source_reads_well(name: str, subject: str, decision: str, mode: str) -> None:
    """Names of facts, rule ids as comments, what constants hold; UPDATE_GOLDEN=1 writes it anew."""
    source = book().program(subject, [decision], as_of=D).source(mode)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")


def test_the_source_is_the_same_for_every_book() -> None:
    """Loaded again, from files in another order: the same text."""
    files = sorted(
        (path for path in (ROOT / "policies").glob("*.yaml") if ".cases" not in path.name), reverse=True
    )
    again = dr.load(files).program("customer", ["tier"], as_of=D)
    assert again.source("record") == book().program("customer", ["tier"], as_of=D).source("record")


def test_only_plain_decisions_have_a_program_for_known_facts() -> None:
    """Where dates, money or other decisions are read, the general program does the work."""
    with pytest.raises(
        ValueError, match="no program for known facts: the decisions read more than counts, words"
    ):
        book().program("customer", ["churn_stage"], as_of=D).source("fast")


# ---------------------------------------------------------------------------------------------------
# Ladders

WORDS: dict[str, Callable[[int, int], bool]] = {
    "at_least": ge,
    "more_than": gt,
    "at_most": le,
    "less_than": lt,
    "is": eq,
    "is_not": ne,
}
RULES = 900


def ladder_text(fact: str, unit: str) -> str:
    """Return a table of 900 rules on one fact: every operator, ranges, and the opposites of ranges."""
    rows = []
    for at in range(RULES):
        word = list(WORDS)[at % 6]
        test = f"{{{word}: {at}{unit}}}"
        if at % 7 == 3:
            test = f"{{at_least: {at}{unit}, less_than: {at + 5}{unit}}}"
        when = f"{{not: {{{fact}: {test}}}}}" if at % 7 in {3, 5} and at % 2 else f"{{{fact}: {test}}}"
        rows.append(f"      - {{id: r{at:03}, when: {when}, then: {{d: {at}}}}}")
    head = "policy: p\ndecisions:\n  d:\n    kind: rules\n    hit: collect\n    outputs: {d: {type: count}}\n    rows:\n"
    return head + "\n".join(rows) + "\n"


def holds(at: int, value: int | None) -> bool:
    """Return whether rule `at` holds of a value, written out by hand; none is absent."""
    word = list(WORDS)[at % 6]
    inside = value is not None and (at <= value < at + 5 if at % 7 == 3 else WORDS[word](value, at))
    if value is None and word == "is_not" and at % 7 != 3:
        inside = True
    return not inside if at % 7 in {3, 5} and at % 2 else inside


def expected(value: int | None) -> int:
    return sum(1 << at for at in range(RULES) if holds(at, value))


def test_a_ladder_of_counts_is_right_on_below_and_above_each_edge() -> None:
    """900 rules on one count: as a bisection they say what each says alone, for 0 to 910, known and unknown."""
    program = dr.loads(ladder_text("visits_past_year", "")).program("customer", ["d"], as_of=D)
    wrong = [
        value
        for value in range(RULES + 11)
        if program.on_facts({"visits_past_year": value}, D)[0][:2] != (expected(value), 0)
    ]
    everything = (1 << RULES) - 1
    assert (
        wrong,
        program.on_facts({}, D)[0][:2],
        program.on_facts({"visits_past_year": None}, D)[0][:2],
    ) == (
        [],
        (0, everything),
        (0, everything),
    )
    assert ("bisect_left" in program.source("fast"), len(program.source("fast").splitlines()) < 40) == (
        True,
        True,
    )


def test_a_ladder_of_money_is_right_a_fen_below_on_and_above_each_edge() -> None:
    """900 rules on an amount, from records: exactly at the edge, and one fen to either side."""
    text = ladder_text("spent", " yuan").replace(
        "decisions:", "facts: {spent: {latest: visits, take: amount}}\ndecisions:", 1
    )
    program = dr.loads(text).program("customer", ["d"], as_of=D)
    fen = sorted({max(0, 100 * yuan + step) for yuan in range(RULES + 6) for step in (-1, 0, 1)})
    wrong = []
    for amount in fen:
        visits = [{"visited_on": "2014-09-01", "amount": Decimal(amount).scaleb(-2)}]
        found = program.on_record(read_record({"customer_id": "C1", "visits": visits}), D)[0][:2]
        # between two whole yuan a rule is as it is at the half yuan between them
        here = sum(1 << at for at in range(RULES) if holds_of_fen(at, amount))
        wrong += [] if found == (here, 0) else [amount]
    assert (len(fen), wrong) == (3 * (RULES + 6) - 1, [])


def holds_of_fen(at: int, fen: int) -> bool:
    word = list(WORDS)[at % 6]
    inside = 100 * at <= fen < 100 * (at + 5) if at % 7 == 3 else WORDS[word](fen, 100 * at)
    return not inside if at % 7 in {3, 5} and at % 2 else inside


def test_a_ladder_knows_the_absent_and_the_unknown() -> None:
    """No visit: tests are false and their opposites true. A visit without amount: all is unknown."""
    text = ladder_text("spent", " yuan").replace(
        "decisions:", "facts: {spent: {latest: visits, take: amount}}\ndecisions:", 1
    )
    program = dr.loads(text).program("customer", ["d"], as_of=D)
    absent = program.on_record(read_record({"customer_id": "C1"}), D)[0][:2]
    unknown = program.on_record(
        read_record({"customer_id": "C1", "visits": [{"visited_on": "2014-09-01"}]}), D
    )[0][:2]
    assert (absent, unknown) == ((expected(None), 0), (0, (1 << RULES) - 1))


@pytest.mark.parametrize("rules", [1, 5, 6, 7])
def test_few_rules_and_many_say_the_same(rules: int) -> None:
    """Where a ladder begins (six rules) nothing changes."""
    edges = [3, 5, 5, 8, 9, 9, 12]
    rows = ", ".join(
        f"{{id: r{at}, when: {{visits_past_year: {{at_least: {edges[at]}}}}}, then: {{d: 1}}}}"
        for at in range(rules)
    )
    text = f"policy: p\ndecisions: {{d: {{kind: rules, hit: collect, outputs: {{d: {{type: count}}}}, rows: [{rows}]}}}}"
    program = dr.loads(text).program("customer", ["d"], as_of=D)
    found = [program.on_facts({"visits_past_year": value}, D)[0][0] for value in range(14)]
    assert found == [(1 << bisect_left(edges[:rules], value + 1)) - 1 for value in range(14)]
    assert ("bisect" in program.source("facts")) is (rules >= 6)


# ---------------------------------------------------------------------------------------------------
# What is refused

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "customer",
        {"visits_past_yaer": 3},
        "customer, visits_past_yaer: there is no such fact; did you mean `visits_past_year`?",
    ),
    ("customer", {"attainment": 1}, "customer, attainment: there is no such fact"),
    (
        "customer",
        {"loyalty": "hihg"},
        "customer, loyalty: `hihg` is none of: low, medium, high; did you mean `high`?",
    ),
    ("customer", {"media": "yes"}, "customer, media: true or false is needed, not `yes`"),
    ("customer", {"media": 1}, "customer, media: true or false is needed, not `1`"),
    (
        "customer",
        {"vehicle_referrals": "3"},
        'customer, vehicle_referrals: a number as text: write 3, not "3"',
    ),
    (
        "customer",
        {"vehicle_referrals": 2.0},
        "customer, vehicle_referrals: a whole number such as `3` is needed, not `2.0`",
    ),
    (
        "customer",
        {"vehicle_referrals": True},
        "customer, vehicle_referrals: a whole number such as `3` is needed, not `True`",
    ),
    (
        "customer",
        {"vehicle_referrals": -1},
        "customer, vehicle_referrals: `-1` is negative: it must be 0 or more",
    ),
    (
        "customer",
        {"vehicle_referrals": 10**13},
        "customer, vehicle_referrals: `10000000000000` is too large: at most 1,000,000,000,000",
    ),
    (
        "customer",
        {"vehicle_referrals": ABSENT},
        "customer, vehicle_referrals: is never absent: None is unknown",
    ),
    (
        "customer",
        {"last_visit_on": "2014-02-30"},
        "customer, last_visit_on: there is no such day: `2014-02-30`",
    ),
    (
        "customer",
        {"spend_past_year": 1.5},
        "customer, spend_past_year: a float does not hold yuan exactly: `1.5`; pass a Decimal or text such as `1234.50`",
    ),
    (
        "customer",
        {"churn_class": "lost"},
        "customer, churn_class: `lost` is none of: active, at_risk, churned, gone, never_visited",
    ),
    (
        "recall_campaign",
        {"recall_target": ABSENT},
        "recall campaign, recall_target: is never absent: None is unknown",
    ),
    (
        "recall_campaign",
        {"returned": Fraction(1, 2)},
        "recall campaign, returned: a whole number such as `3` is needed, not `Fraction(1, 2)`",
    ),
]


@pytest.mark.parametrize(
    ("subject", "facts", "message"), REFUSED, ids=[next(iter(facts)) for _, facts, _ in REFUSED]
)
def test_a_fact_that_does_not_fit_is_refused(subject: str, facts: dict[str, Any], message: str) -> None:
    """With what is wrong and what to do, also where all other facts are there and of their type."""
    with pytest.raises(RecordError) as caught:
        book().evaluate_facts(subject, facts, as_of=D)
    assert str(caught.value) == message


ALL_KNOWN: dict[str, Any] = {
    **dict.fromkeys(
        ["brand_vehicles_bought", "csi_surveys", "household_brand_owners", "insurance_referrals"], 1
    ),
    **dict.fromkeys(["insured_years_running", "repairs_past_year", "ssi_surveys", "suggestions_adopted"], 1),
    **dict.fromkeys(["vehicle_referrals", "visits_past_year"], 1),
    **dict.fromkeys(["csi_all_satisfied", "influential", "media", "ssi_all_satisfied"], False),
    "kind": "individual",
    "loyalty": "low",
}


def test_the_program_for_known_facts_refuses_nothing_by_itself() -> None:
    """What it does not take, the general program takes or refuses in words: the two never differ."""
    program = book().program("customer", ["tier"], as_of=D)
    plain = program.on_facts(ALL_KNOWN, D)
    told: dict[str, object] = {}
    for name, value in [
        ("loyalty", "hihg"),
        ("media", 1),
        ("vehicle_referrals", -1),
        ("vehicle_referrals", 10**13),
        ("vehicle_referrals", True),
        ("csi_surveys", None),
        ("csi_surveys", 10**12),
        ("region", "晋江"),
        ("nothing", 1),
    ]:
        try:
            told[f"{name} {value}"] = program.on_facts({**ALL_KNOWN, name: value}, D) == plain
        except RecordError as error:
            told[f"{name} {value}"] = str(error).split(": ", 1)[1].split(":")[0]
    assert told == {
        "loyalty hihg": "`hihg` is none of",
        "media 1": "true or false is needed, not `1`",
        "vehicle_referrals -1": "`-1` is negative",
        "vehicle_referrals 10000000000000": "`10000000000000` is too large",
        "vehicle_referrals True": "a whole number such as `3` is needed, not `True`",
        "csi_surveys None": True,
        "csi_surveys 1000000000000": True,
        "region 晋江": True,
        "nothing 1": "there is no such fact",
    }


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """Every fault, in the order given, in both languages."""
    with pytest.raises(RecordError) as caught:
        book().evaluate_facts("customer", {"media": "yes", "nothing": 1, "visits_past_year": ABSENT}, as_of=D)
    assert (caught.value.text("en"), caught.value.text("zh")) == (
        (
            "customer, media: true or false is needed, not `yes`\n"
            "customer, nothing: there is no such fact\n"
            "customer, visits_past_year: is never absent: None is unknown"
        ),
        (
            "客户，media：需要 true 或 false，而不是 `yes`\n"
            "客户，nothing：没有这个事实\n"
            "客户，visits_past_year：不会是“无”：未知请用 None"
        ),
    )


def test_absent_is_taken_where_there_may_be_no_event() -> None:
    """No visit ever, no contact, no gift: of such facts ABSENT is a value."""
    facts = {"last_visit_on": ABSENT, "last_contact_result": ABSENT, "months_since_last_visit": ABSENT}
    answer = book().evaluate_facts("customer", facts, as_of=D)
    assert (answer.stage("churn_stage").stage, answer.rules("final_loss").status.value) == (
        "never_visited",
        "undetermined",
    )
