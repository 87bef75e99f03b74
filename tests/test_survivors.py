"""Whole results that mutants of the library got past: whole traces, whole verdicts, whole receipts.

A trace is written as ``node=value [cause] <events> (parts)``. ``UPDATE_GOLDEN=1`` writes the golden files anew.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import dealerrules as dr
from dealerrules.engines.ladder import ladder, only_quantity
from dealerrules.engines.quantities import CONDITIONS, Quantities, is_whole
from dealerrules.engines.row import Interpreter, Step
from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Comparison,
    Constant,
    Elapse,
    Elapsed,
    Fact,
    Field,
    IfAbsent,
    IsAbsent,
    Known,
    LevelIn,
    Lookup,
    Member,
    Not,
    Operator,
    Reduction,
    RoundWhole,
)  # fmt: skip
from dealerrules.records import read_record
from dealerrules.values import ABSENT, BOOLEAN, COUNT, DATE, DAYS, MONEY, TEXT
from dealerrules.verdict import Entry, Reason, Status, Verdict, answer_value, settle, verdict

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "survivors"
D = date(2014, 9, 30)

FORMS = """
policy: p
parameters:
  gap: {type: days, value: 30 days}
facts:
  own: {field: customer.attributes.points, type: count}
  flag: {field: customer.attributes.flag, type: boolean}
  added: {add: [own, visits_past_year]}
  less: {subtract: [own, visits_past_year]}
  times: {multiply: [spend_past_year, own]}
  share: {share: 30%, of: own}
  up: {round_up: share}
  down: {round_down: share}
  ratio: {ratio: [own, visits_past_year]}
  whole: {whole_times: [own, visits_past_year]}
  least: {min: [own, visits_past_year]}
  most: {max: [own, visits_past_year]}
  listed: {lookup: {by: loyalty, values: {low: 1, high: 3}}}
  either: {first_known: [last_maintenance_on, last_visit_on]}
  sure: {first_known: [last_visit_on], if_none: unknown}
  ago: {days_since: either}
  ahead: {days_until: sure}
  months: {months_since: sure}
  eve: {before: last_visit_on, fact: visits_past_year}
  kinds: {distinct: visits, take: kind}
  spent: {sum: visits, take: amount, within: 24 months}
  in_year: {count: visits, within: {calendar: year}}
  paid_some: {some: visits, that: {amount: {at_least: 100 yuan}}}
  paid_every: {every: visits, that: {amount: {at_least: 100 yuan}}}
  first_amount: {earliest: visits, take: amount}
  last_amount: {latest: visits, take: amount}
  since: {count: visits, after: last_purchase_on}
  years: {streak: insurance, allow_gap: gap}
  soon: {field: customer.attributes.soon, type: date}
  later: {field: customer.attributes.later, type: date}
  eve_of_soon: {before: soon, fact: visits_past_year}
  eve_of_later: {before: later, fact: visits_past_year}
"""
FACTS = [line.strip().partition(":")[0] for line in FORMS.split("facts:")[1].strip().splitlines()]

PEOPLE: dict[str, dict[str, Any]] = {
    "full": {
        "customer_id": "C1",
        "loyalty": "high",
        "attributes": {"points": 7, "flag": True, "soon": "2014-10-01", "later": "2014-10-02"},
        "vehicles": [{"purchased_on": "2013-12-31"}, {"purchased_on": None}],
        "visits": [
            {"visited_on": "2013-09-30", "kind": "maintenance", "amount": "100"},
            {"visited_on": "2013-12-31", "kind": "repair", "amount": "99.99"},
            {"visited_on": "2014-01-01", "kind": "repair", "amount": "0.02"},
            {"visited_on": "2014-03-31", "kind": "maintenance", "amount": "250"},
            {"visited_on": "2014-08-30", "kind": "body", "status": "cancelled", "amount": "1"},
            {"visited_on": "2014-10-01", "kind": "body", "amount": "5"},
        ],
        "insurance": [
            {"starts_on": "2011-01-01", "ends_on": "2011-12-31"},
            {"starts_on": "2012-01-31", "ends_on": "2013-01-29"},
            {"starts_on": "2013-03-02", "ends_on": "2014-03-01"},
            {"starts_on": "2014-03-31", "ends_on": "2014-09-30"},
            {"starts_on": "2014-04-01", "ends_on": "2014-05-01"},
        ],
    },
    "unknown": {
        "customer_id": "C2",
        "visits": [
            {"visited_on": "2014-09-29", "amount": "100"},
            {"visited_on": "2014-09-30", "kind": "repair"},
            {"visited_on": "2014-09-30", "kind": "repair", "amount": "3"},
        ],
        "insurance": [{"starts_on": "2013-01-01", "ends_on": "2013-12-31"}, {"starts_on": "2014-09-30"}],
    },
    "bare": {"customer_id": "C4", "visits": [{"visited_on": "2014-09-01"}]},
    "empty": {"customer_id": "C3", "loyalty": "medium", "attributes": {"points": 0}},
}


@cache
def forms() -> dr.PolicyBook:
    return dr.loads(FORMS)


def written(step: Step) -> str:
    """Return a trace as text, whole."""
    name = type(step.expr).__name__
    match step.expr:
        case Fact(name=of) | Field(name=of):
            name += f":{of}"
        case Compare(how=how):
            name += f":{how.value}"
        case LevelIn(angle=angle, allowed=allowed):
            name += f":{angle}:{'/'.join(allowed)}"
    made = step.events
    events = "" if made is None else f" <{made.taken} taken, {made.undecided}?, {made.later} later>"
    cause = f" [{step.cause}]" if step.cause else ""
    parts = f" ({', '.join(written(part) for part in step.parts)})" if step.parts else ""
    return f"{name}={step.value}{cause}{events}{parts}"


def assert_golden(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("who", PEOPLE)
def test_whole_traces_of_every_form_of_fact(who: str) -> None:
    """Each value, each part, each cause, how many events were taken, undecided and later than the day."""
    asked = Interpreter(forms().editions[0], "customer", D, read_record(PEOPLE[who], "customer"))
    lines = [f"{name}: {written(asked.fact(name))}\n" for name in FACTS]
    assert_golden(f"trace-{who}.txt", "".join(lines))


def test_whole_traces_of_ready_made_facts() -> None:
    """Facts given, absent, unknown and left out; without a record no event is known."""
    given = {"own": 3, "visits_past_year": 2, "last_visit_on": ABSENT, "spend_past_year": None}
    asked = Interpreter(forms().editions[0], "customer", D, facts=given)
    lines = [f"{name}: {written(asked.fact(name))}\n" for name in FACTS]
    assert_golden("trace-given.txt", "".join(lines))


DECISIONS = """
policy: p
parameters: {often: {type: count, value: 2}}
items: {wash: {title: {zh: 洗车, en: wash}, value: 30 yuan}}
facts:
  heads: {field: customer.attributes.heads, type: count}
decisions:
  tier:
    kind: tier
    levels: {vip: {}, fair: {}, rest: {}}
    angles:
      sales: {vip: [{id: media, when: {media: true}}], fair: [{id: known, when: {influential: true}}]}
      service: {vip: [{id: lifted, when: {tier.sales: {at_least: fair}, visits_past_year: {at_least: often}}}]}
  away:
    kind: stage
    measure: months_since_last_visit
    stages: {here: {from: 0 months}, gone: {from: 6 months}}
    when_absent: never
  level:
    kind: rules
    subject: customer
    hit: first
    outputs: {it: {type: text}}
    rows: [{id: a, when: {tier: vip}, then: {it: A}}, {id: b, when: {away: gone}, then: {it: B}}]
    otherwise: {it: C}
  pay:
    kind: payout
    subject: customer
    payee: staff
    measure: visits_past_year
    unit: visits_past_year
    times: heads
    cap: 100 yuan
    bands:
      - {id: few, from: 0, pays: 1 yuan}
      - {id: some, from: 2, pays_per_unit: 10.5 yuan, basis: whole}
      - {id: many, over: 3, pays_per_unit: 15 yuan, basis: excess}
  mixed:
    kind: rules
    subject: customer
    hit: collect
    outputs: {it: {type: text}}
    rows:
      - {id: not, when: {not: {media: true}}, then: {it: A}}
      - {id: any, when: {any: [{media: true}, {visits_past_year: {more_than: 3}}]}, then: {it: B}}
      - {id: listed, when: {loyalty: [low, high]}, then: {it: C}}
      - {id: known, when: {loyalty: {known: true}}, then: {it: D}}
      - {id: other, when: {loyalty: {none_of: [low]}, visits_past_year: {is_not: 4}}, then: {it: E}}
  gift:
    kind: offer
    subject: customer
    when: {level: A}
    measure: visits_past_year
    bands: [{id: one, from: 1, always: [wash]}]
"""
ASKED: dict[str, dict[str, Any]] = {
    "all known": {"media": False, "influential": True, "visits_past_year": 4, "last_visit_on": D, "heads": 3},
    "nothing known": {},
    "one unknown": {"media": False, "visits_past_year": 2, "last_visit_on": ABSENT, "heads": None},
    "few": {
        "media": False,
        "influential": False,
        "visits_past_year": 1,
        "last_visit_on": date(2014, 3, 30),
        "heads": 2,
    },
    "answers given": {"tier": "vip", "away": None, "visits_past_year": 3, "heads": 1},
    "answer absent": {"level": "A", "away": ABSENT, "visits_past_year": 0, "heads": 0},
}


@cache
def decisions() -> dr.PolicyBook:
    return dr.loads(DECISIONS)


def test_whole_traces_of_every_kind_of_decision() -> None:
    """Masks, verdict, measure, each rule's trace, and a payout's lines, receipt and sum."""
    lines = []
    for name, facts in ASKED.items():
        asked = Interpreter(decisions().editions[0], "customer", D, facts=facts)
        for each in decisions().decisions:
            found = asked.decide(each)
            lines += [f"{name}: {each}: {found.true:b} {found.unknown:b} {found.verdict}\n"]
            lines += [
                f"    {rule.id}: {written(step)}\n"
                for rule, step in zip(found.decision.rules, found.steps, strict=True)
            ]
            lines += [f"    measure: {written(found.measure)}\n"] if found.measure is not None else []
            lines += [f"    line: {written(step)}\n" for step in found.settling]
            lines += [f"    pays: {found.amount} {found.entries}\n"] if found.settling else []
            assert found.settling or (found.amount, found.entries) == (None, None)
            assert asked.decide(each) is found
    assert_golden("decisions.txt", "".join(lines))


def test_nodes_that_policies_seldom_write() -> None:
    """The day itself, an event's field on both sides, is an event's field absent, arithmetic with what is absent."""
    edition = forms().editions[0]
    asked = Interpreter(edition, "customer", D, read_record(PEOPLE["full"], "customer"))
    assert asked.step(AsOf()) == Step(AsOf(), D)
    kind = Field("visits", "kind", TEXT)
    conditions = (Compare(Comparison.EQUAL, kind, kind), IsAbsent(kind), Known(kind), Member(kind, ("body",)))
    assert [
        asked.step(Aggregate(Reduction.COUNT, "visits", where=condition)).value for condition in conditions
    ] == [4, 0, 4, 0]
    empty = Interpreter(edition, "customer", D, read_record(PEOPLE["empty"], "customer"))
    since = Aggregate(Reduction.COUNT, "visits", after=Fact("sure", DATE))
    assert empty.step(since) == Step(since, None, (empty.step(Fact("sure", DATE)),))
    never = Interpreter(edition, "customer", D, facts={"last_visit_on": ABSENT, "own": 1, "flag": None})
    months = Elapsed(Elapse.MONTHS_SINCE, Fact("last_visit_on", DATE))
    own, unknown = Fact("own", COUNT), Fact("flag", COUNT)
    sums = [(months, own), (own, months), (months, unknown), (unknown, months), (own, own)]
    assert [never.step(Arithmetic(Operator.ADD, left, right, COUNT)).value for left, right in sums] == [
        ABSENT,
        ABSENT,
        None,
        None,
        2,
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "years"),
    [
        ("2014-09-30", "2015-09-29", 1),
        ("2014-10-01", "2015-09-30", 0),
        ("2013-10-01", "2014-09-30", 1),
        ("2013-09-30", "2014-09-29", 0),
        ("2013-09-30", "2014-09-30", 2),
        ("2013-10-01", "2015-09-30", 1),
    ],
)
def test_a_streak_holds_on_the_first_and_the_last_day_of_cover(starts: str, ends: str, years: int) -> None:
    data = {"customer_id": "C", "insurance": [{"starts_on": starts, "ends_on": ends}]}
    asked = Interpreter(forms().editions[0], "customer", D, read_record(data, "customer"))
    assert asked.fact("years").value == years


# ---------------------------------------------------------------------------------------------------
# Verdicts, whole


def decision(text: str, items: str = "") -> Any:
    """Return the one decision `d` of a policy."""
    return dr.loads(f"policy: p\n{items}decisions: {{d: {text}}}").decisions["d"]


ROWS = (
    "rows: [{id: a, when: {media: true}, then: {say: A}}, {id: b, when: {influential: true}, then: {say: A}}]"
)
TABLE = "{kind: rules, subject: customer, hit: HIT, outputs: {say: {type: text}}, ROWS, otherwise: {say: A}}"
NO_ROW = TABLE.replace(", otherwise: {say: A}", "")
PAYOUT = "{kind: payout, subject: recall_campaign, payee: staff, measure: returned, bands: [{id: b, from: 5, pays: 1 yuan}]}"


def table(hit: str, text: str = TABLE) -> Any:
    return decision(text.replace("HIT", hit).replace("ROWS", ROWS))


def verdicts() -> dict[str, tuple[Any, int, int, Verdict]]:
    """Return decisions with the masks of their rules, and what these mean, whole."""
    any_, collect, first = table("any"), table("collect"), table("first")
    said = any_.cells["a"]
    cells = {"rows": (), "cells": said}
    payout = decision(PAYOUT)
    undefined, decided = Status.UNDEFINED, Status.DECIDED
    return {
        "every row that could win says the same": (any_, 0, 3, Verdict(decided, (), (), (), **cells)),
        "whichever is first says the same": (first, 0, 3, Verdict(decided, (), (), (), **cells)),
        "one holds, one may": (
            any_, 1, 2, Verdict(decided, ("a",), ("a",), (), answer="a", rows=("a",), cells=said),
        ),
        "none holds": (any_, 0, 0, Verdict(decided, (), (), (), rows=(), cells=said)),
        "no row of any": (table("any", NO_ROW), 0, 0, Verdict(undefined, (), (), (), reason=Reason("no_rule"))),
        "none collected": (collect, 0, 0, Verdict(decided, (), (), (), cells=said)),
        "nothing to collect": (
            table("collect", NO_ROW), 0, 0, Verdict(undefined, (), (), (), reason=Reason("no_rule")),
        ),
        "collected so far": (
            collect, 1, 2, Verdict(Status.UNDETERMINED, ("a",), ("a",), ("b",), rows=("a",)),
        ),
        "below the bands": (payout, 0, 0, Verdict(undefined, (), (), (), reason=Reason("below_bands"))),
        "a measure that is unknown": (
            payout, 0, 1, Verdict(undefined, (), (), ("b",), reason=Reason("unknown_facts", {"facts": "?"})),
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", verdicts())
def test_whole_verdicts(name: str) -> None:
    made, true, unknown, expected = verdicts()[name]
    assert verdict(made, true, unknown) == expected


REASONS = {
    "not_in_force": (
        "on 9/30 no version of `p` is in force; the first begins on 10/1",
        "9/30 没有有效的 `p` 版本；最早的版本从 10/1 开始",
    ),
    "dated_after": ("`f` 10/2 is after the day of evaluation 9/30", "`f` 10/2 晚于评估日 9/30"),
    "date_unknown": ("`f` is not recorded", "没有记录 `f`"),
    "no_rule": (
        "no rule holds and the policy states nothing otherwise",
        "没有一条成立，政策也没有写其他情况",
    ),
    "conflict": ("several rows hold at once: a, b", "同时有几行成立：a, b"),
    "below_bands": ("the measure lies below the first band", "数值低于第一档"),
    "no_event": ("there is no event to measure from: x", "没有可以起算的事件：x"),
    "unknown_facts": ("these facts are not recorded: x", "以下事实没有记录：x"),
    "over_zero": ("x is 0, so there is nothing to divide by", "x 为0，无法计算比例"),
    "nothing_below": (
        "nothing is counted below the line, and over 0 there is no rate",
        "分母数不到任何东西，分母为0没有比率",
    ),
    "unknown_rules": (
        "facts that are not recorded could change the answer: x",
        "没有记录的事实可能改变结果：x",
    ),
}


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_in_both_languages(code: str) -> None:
    values = {
        "day": "9/30",
        "policy": "p",
        "first": "10/1",
        "field": "f",
        "date": "10/2",
        "rows": "a, b",
        "facts": "x",
    }
    en, zh = REASONS[code]
    assert Reason(code, values).to_dict() == {"code": code, "en": en, "zh": zh}


def test_what_a_verdict_leaves_unsaid_is_empty_and_does_not_count_in_its_hash() -> None:
    """Mappings have no hash, so verdicts could not stand in a set."""
    bare = Verdict(Status.DECIDED, (), (), ())
    assert (bare.answer, bare.reason, bare.angles, bare.rows, bare.cells) == (None, None, {}, (), None)
    assert Reason("no_rule").values == {}
    assert len({bare, Verdict(Status.DECIDED, (), (), (), angles={}, cells=None)}) == 1
    said = table("first").cells["a"]
    full = Verdict(
        Status.DECIDED, (), (), (), reason=Reason("no_rule", {"x": "y"}), angles={"a": "b"}, cells=said
    )
    assert hash(full) == hash(Verdict(Status.DECIDED, (), (), (), reason=Reason("no_rule")))


def test_a_reason_as_json_values_and_as_text() -> None:
    reason = Reason("unknown_facts", {"facts": "visits_past_year"})
    assert reason.to_dict() == {
        "code": "unknown_facts",
        "en": "these facts are not recorded: visits_past_year",
        "zh": "以下事实没有记录：visits_past_year",
    }
    assert (str(reason), reason.text("zh")) == (reason.to_dict()["en"], reason.to_dict()["zh"])


def test_the_answer_of_each_kind_as_the_value_of_a_fact() -> None:
    """An offer that gives nothing is absent; several outputs, a list, and no settled answer have no one value."""
    offer = decision(
        "{kind: offer, subject: customer, when: {media: true}, measure: visits_past_year, bands: [{id: b, from: 1, always: [i]}]}",
        "items: {i: {title: {zh: 礼, en: gift}, value: 3 yuan}}\n",
    )
    payout = decision(PAYOUT)
    two = decision(
        "{kind: rules, subject: customer, hit: first, outputs: {x: {type: text}, y: {type: count}},"
        " rows: [{id: a, when: {media: true}, then: {x: A, y: 1}}], otherwise: {x: B, y: 2}}"
    )
    texts = decision(
        "{kind: rules, subject: customer, hit: first, outputs: {x: {type: texts}},"
        " rows: [{id: a, when: {media: true}, then: {x: [{zh: 一, en: one}]}}], otherwise: {x: []}}"
    )
    one = table("first")
    found = {
        "given": answer_value(offer, verdict(offer, 1, 0), None),
        "nothing": answer_value(offer, verdict(offer, 0, 0), None),
        "open": answer_value(offer, verdict(offer, 0, 1), None),
        "paid": answer_value(payout, verdict(payout, 1, 0), 100),
        "unpaid": answer_value(payout, verdict(payout, 0, 0), 100),
        "two outputs": answer_value(two, verdict(two, 1, 0), None),
        "a list": answer_value(texts, verdict(texts, 1, 0), None),
        "one output": answer_value(one, verdict(one, 1, 0), None),
        "collected": answer_value(table("collect"), verdict(table("collect"), 1, 0), None),
    }
    assert found == {
        "given": "b",
        "nothing": ABSENT,
        "open": None,
        "paid": 100,
        "unpaid": None,
        "two outputs": None,
        "a list": None,
        "one output": "A",
        "collected": None,
    }


def test_a_receipt_is_whole() -> None:
    """A cap takes off once, a floor adds once; what is not rounded by the policy is rounded to a fen."""
    capped = decision(PAYOUT.replace("measure", "cap: 0.60 yuan, measure"))
    floored = decision(PAYOUT.replace("measure", "floor: 2 yuan, measure"))
    plain = decision(PAYOUT)
    assert settle(capped, "b", [(None, 100)], 3) == (
        60,
        (Entry("b", None, 100, 3, 300), Entry("cap", None, None, 1, -240)),
    )
    assert settle(floored, "b", [(None, 100)], 1) == (
        200,
        (Entry("b", None, 100, 1, 100), Entry("floor", None, None, 1, 100)),
    )
    assert settle(plain, "b", [(7, Fraction(1, 2))], 1) == (1, (Entry("b", None, 100, 1, 1),))
    assert [
        settle(plain, "b", [(None, amount)], times) for amount, times in ((None, 1), (1, None), (ABSENT, 1))
    ] == [None] * 3
    with pytest.raises(ValueError, match="zip"):
        settle(plain, "b", [], 1)


# ---------------------------------------------------------------------------------------------------
# Ladders of many rules on one fact

VISITS, TWO, THREE = Fact("visits", COUNT), Constant(2, COUNT), Constant(3, COUNT)
FROM_TWO, EXACTLY_THREE = Compare(Comparison.AT_LEAST, VISITS, TWO), Compare(Comparison.EQUAL, VISITS, THREE)
OTHER = Compare(Comparison.LESS_THAN, Fact("referrals", COUNT), TWO)


def test_which_conditions_go_on_a_ladder() -> None:
    """Those that compare one quantity with constants, whatever joins them."""
    found = [
        only_quantity(FROM_TWO),
        only_quantity(Not(FROM_TWO)),
        only_quantity(AnyOf((Not(All((FROM_TWO, Not(EXACTLY_THREE)))), EXACTLY_THREE))),
        only_quantity(All((FROM_TWO, OTHER))),
        only_quantity(AnyOf((OTHER, Not(FROM_TWO)))),
        only_quantity(Compare(Comparison.EQUAL, VISITS, VISITS)),
        only_quantity(Compare(Comparison.EQUAL, Fact("media", BOOLEAN), Constant(True, BOOLEAN))),  # noqa: FBT003
        only_quantity(Known(VISITS)),
        only_quantity(All(())),
    ]
    assert found == [VISITS, VISITS, VISITS, None, None, None, None, None, None]


def test_a_whole_ladder() -> None:
    """Edges, the masks below, on, between and above them, and the mask of what is absent; no edge, one mask."""
    whens = [
        FROM_TWO,
        Not(FROM_TWO),
        EXACTLY_THREE,
        AnyOf((Compare(Comparison.LESS_THAN, VISITS, TWO), Compare(Comparison.MORE_THAN, VISITS, THREE))),
        All((Compare(Comparison.MORE_THAN, VISITS, TWO), Compare(Comparison.AT_MOST, VISITS, THREE))),
    ]
    rule = decisions().decisions["tier"].rules[0]
    made = ladder([(at, replace(rule, when=when)) for at, when in enumerate(whens)])
    assert made == ([2, 3], [0b01010, 0b00001, 0b10001, 0b10101, 0b01001], 0b00010)
    assert ladder([(2, replace(rule, when=EXACTLY_THREE))]) == ([3], [0, 0b100, 0], 0)


# ---------------------------------------------------------------------------------------------------
# The list of what may survive


def test_the_list_of_survivors_is_of_this_code() -> None:
    """Each line named in it stands in its module, what is changed stands in the line, and the page says the same."""
    path = ROOT / "tools" / "library_mutants" / "listing.py"
    spec = importlib.util.spec_from_file_location("listing", path)
    assert spec is not None
    assert spec.loader is not None
    listing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(listing)
    gone = []
    for each in listing.survivors():
        file = ROOT / "src" / "dealerrules" / f"{each['module'].replace('.', '/')}.py"
        if each["line"] not in {line.strip() for line in file.read_text(encoding="utf-8").splitlines()}:
            gone.append(each)
    assert (gone, listing.PAGE.read_text(encoding="utf-8")) == ([], listing.page())


# ---------------------------------------------------------------------------------------------------
# Quantities from ready-made facts, as durable_rules gets them

GIVEN: dict[str, dict[str, Any]] = {
    "some": {
        "own": 7,
        "flag": True,
        "visits_past_year": 2,
        "spend_past_year": Fraction(25001, 2),
        "loyalty": "high",
        "last_visit_on": date(2014, 3, 31),
        "soon": date(2014, 10, 1),
        "later": date(2015, 2, 28),
    },
    "absent": {"last_visit_on": ABSENT, "last_maintenance_on": ABSENT, "own": 0, "visits_past_year": 0, "loyalty": "medium"},
    "one of two": {"last_visit_on": D, "last_maintenance_on": ABSENT, "own": 3, "visits_past_year": 3, "spend_past_year": 0},
    "the other": {"last_visit_on": ABSENT, "last_maintenance_on": date(2013, 9, 30), "own": 10, "visits_past_year": 4},
    "nothing": {},
}  # fmt: skip


@pytest.mark.parametrize("who", GIVEN)
def test_quantities_are_what_the_row_engine_finds(who: str) -> None:
    """The same values, from code that shares nothing; what looks at events is unknown without a record."""
    edition = forms().editions[0]
    asked = Interpreter(edition, "customer", D, facts=GIVEN[who])
    reckoned = Quantities(edition, "customer", D, GIVEN[who], lambda name: f"answer of {name}")
    names = [*FACTS, "months_since_last_visit", "visits_past_year"]
    assert [(name, reckoned.value(Fact(name, COUNT))) for name in names] == [
        (name, asked.fact(name).value) for name in names
    ]
    assert reckoned.value(AsOf()) == D


def test_quantities_as_written() -> None:
    """Each form by hand, to the day and the half fen."""
    reckoned = Quantities(forms().editions[0], "customer", D, GIVEN["some"], lambda name: f"answer of {name}")
    names = ["added", "less", "times", "share", "up", "down", "ratio", "whole", "least", "most", "listed", "either",
             "ago", "ahead", "months", "eve", "spent", "in_year", "paid_some", "since", "years"]  # fmt: skip
    assert {name: reckoned.value(Fact(name, COUNT)) for name in names} == {
        "added": 9,
        "less": 5,
        "times": Fraction(175007, 2),
        "share": Fraction(21, 10),
        "up": 3,
        "down": 2,
        "ratio": Fraction(7, 2),
        "whole": 3,
        "least": 2,
        "most": 7,
        "listed": 3,
        "either": date(2014, 3, 31),
        "ago": 183,
        "ahead": -183,
        "months": 5,
        "eve": None,
        "spent": None,
        "in_year": None,
        "paid_some": None,
        "since": None,
        "years": None,
    }
    assert (reckoned.value(Answer("tier", TEXT)), reckoned.value(Answer("own", TEXT))) == (
        "answer of tier",
        7,
    )
    assert [isinstance(expr, CONDITIONS) for expr in (All(()), AsOf())] == [True, False]
    never = Quantities(forms().editions[0], "customer", D, GIVEN["absent"], {}.__getitem__)
    months = Elapsed(Elapse.MONTHS_SINCE, Fact("last_visit_on", DATE))
    assert [
        never.value(expr)
        for expr in (
            Arithmetic(Operator.ADD, months, Fact("own", COUNT), COUNT),
            Arithmetic(Operator.ADD, Fact("own", COUNT), months, COUNT),
            Lookup(Fact("last_visit_on", DATE), (("low", 1),), COUNT),
        )
    ] == [ABSENT] * 3
    with pytest.raises(AssertionError, match=r"^a condition is no quantity: All\(items=\(\)\)$"):
        reckoned.value(All(()))


MONEY_FACTS = """
policy: p
parameters: {bonus: {type: money, value: 30 yuan}}
facts:
  own: {field: customer.attributes.points, type: count}
  paid: {field: customer.attributes.paid, type: money}
  counted: {multiply: [paid, own]}
  counts: {multiply: [own, paid]}
  part: {share: 30%, of: paid}
  parts: {multiply: [part, own]}
  added: {add: [paid, bonus]}
  added_part: {add: [paid, part]}
  least: {min: [part, paid]}
  first: {first_known: [paid, bonus]}
  first_part: {first_known: [paid, part]}
  sure: {first_known: [paid], if_none: unknown}
  listed: {lookup: {by: loyalty, values: {low: 1 yuan, high: 3 yuan}}}
  ratio: {ratio: [own, own]}
  number: {share: 30%, of: own}
  months: {months_since: last_visit_on}
  days: {days_since: last_visit_on}
  spent: {sum: visits, take: amount}
"""
WHOLE = {
    "own": True, "paid": True, "counted": True, "counts": True, "part": False, "parts": False, "added": True,
    "added_part": False, "least": False, "first": True, "first_part": False, "sure": True, "listed": True, "ratio": False,
    "number": False, "months": True, "days": True, "spent": True, "last_visit_on": True, "loyalty": False,
}  # fmt: skip


def test_which_quantities_are_whole() -> None:
    """Money is, until a share of it is taken; durable_rules gets the others as texts."""
    edition = dr.loads(MONEY_FACTS).editions[0]
    facts = edition.facts["customer"]
    assert {name: is_whole(edition, "customer", Fact(name, facts[name].type)) for name in WHOLE} == WHOLE
    half, whole = Constant(Fraction(1, 2), MONEY), Constant(1, MONEY)
    cases = [
        (half, False),
        (whole, True),
        (Lookup(Fact("loyalty", TEXT), (("low", 1), ("high", Fraction(1, 2))), MONEY), False),
        (IfAbsent(half), False),
        (IfAbsent(whole), True),
        (Before(Fact("last_visit_on", MONEY), half), False),
        (RoundWhole(up=True, item=half, type=MONEY), False),
        (Answer("it", MONEY), True),
        (Arithmetic(Operator.MULTIPLY, half, Fact("own", COUNT), MONEY), False),
        (Arithmetic(Operator.MULTIPLY, whole, Fact("own", COUNT), MONEY), True),
        (Arithmetic(Operator.MULTIPLY, whole, Constant(2, DAYS), MONEY), False),
    ]
    assert [is_whole(edition, "customer", expr) for expr, _ in cases] == [answer for _, answer in cases]
