"""Whole outcomes: what mutants of the module got past, of every kind of decision and of every way to be open.

``UPDATE_GOLDEN=1`` writes the golden file anew: read what it changed.
"""

from __future__ import annotations

import json
import os
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import dealerrules as dr
from dealerrules.outcome import json_value, undefined
from dealerrules.values import ABSENT
from dealerrules.verdict import Reason

GOLDEN = Path(__file__).parent / "golden" / "survivors"
D = date(2014, 9, 30)
POLICY = """
policy: p
items: {wash: {title: {zh: 洗车, en: wash}, value: 30 yuan}}
facts:
  points: {field: customer.attributes.points, type: count}
  quotient: {ratio: [points, visits_past_year]}
  deep: {ratio: [points, {add: [visits_past_year, 0]}]}
  raised: {add: [granted, 1]}
decisions:
  tier:
    kind: tier
    levels: {vip: {cadence: weekly, data: {room: blue}}, fair: {}, rest: {}}
    angles:
      sales: {vip: [{id: media, when: {media: true}}], fair: [{id: known, when: {influential: true}}]}
      service: {fair: [{id: lifted, when: {tier.sales: {at_least: fair}, visits_past_year: {at_least: 2}}}]}
  share:
    kind: stage
    measure: quotient
    stages: {low: {from: 0%}, high: {from: 50%}}
    when_absent: never
  deep_share:
    kind: stage
    measure: deep
    stages: {low: {from: 0%}, high: {from: 50%}}
  away:
    kind: stage
    measure: last_visit_on
    stages: {old: {from: 2000-01-01, data: {of: old}}, new: {from: 2014-01-01}}
  spent:
    kind: stage
    measure: spend_past_year
    stages: {little: {from: 0 yuan}, much: {from: 100 yuan}}
  first:
    kind: rules
    hit: first
    outputs: {it: {type: text}}
    rows:
      - {id: a, when: {media: true}, then: {it: A}}
      - {id: b, title: {zh: 乙, en: two}, when: {visits_past_year: {at_least: 1}}, then: {it: B}, data: {why: b}}
      - {id: c, when: {influential: true}, then: {it: C}}
    otherwise: {it: D}
  granted: {kind: rules, hit: first, outputs: {it: {type: count}}, rows: [{id: g, when: {points: {at_least: 1}}, then: {it: 3}}], otherwise: {it: 0}}
  by_level: {kind: rules, hit: first, outputs: {it: {type: text}}, rows: [{id: l, when: {tier: {at_least: fair}}, then: {it: A}}], otherwise: {it: B}}
  by_service: {kind: rules, hit: first, outputs: {it: {type: text}}, rows: [{id: l, when: {tier.service: {at_least: fair}}, then: {it: A}}], otherwise: {it: B}}
  by_answer: {kind: rules, hit: first, outputs: {it: {type: text}}, rows: [{id: g, when: {granted: 3}, then: {it: A}}], otherwise: {it: B}}
  by_both: {kind: rules, hit: first, outputs: {it: {type: text}}, rows: [{id: g, when: {by_answer: A}, then: {it: A}}], otherwise: {it: B}}
  by_raised: {kind: rules, hit: first, outputs: {it: {type: text}}, rows: [{id: g, when: {raised: 4}, then: {it: A}}], otherwise: {it: B}}
  paid:
    kind: payout
    payee: staff
    measure: spend_past_year
    times: points
    rounding: half_up to 1 fen
    bands:
      - {id: lump, from: 0 yuan, pays: 5 yuan}
      - {id: part, from: 100 yuan, pays_percent: 2%, basis: whole, data: {way: part}}
  gift:
    kind: offer
    measure: points
    bands: [{id: one, from: 2, always: [wash], value: 30 yuan}]
"""
ASKED: dict[str, dict[str, Any]] = {
    "nothing known": {},
    "over zero": {"visits_past_year": 0, "points": 3},
    "zero over an unknown number": {"visits_past_year": 0},
    "all known": {"visits_past_year": 2, "points": 3, "spend_past_year": 150, "last_visit_on": D},
    "a whole ratio": {"visits_past_year": 1, "points": 3},
    "a lump": {"spend_past_year": 50, "points": 2, "media": True, "last_visit_on": date(2013, 12, 31)},
    "the number of times unknown": {"spend_past_year": 50, "visits_past_year": 1, "influential": True},
    "no visit": {"last_visit_on": ABSENT, "media": False, "visits_past_year": 3, "influential": True},
    "an answer given as unknown": {"granted": None, "media": False, "influential": False},
}


@cache
def book() -> dr.PolicyBook:
    return dr.loads(POLICY)


def test_whole_outcomes() -> None:
    """Answers, receipts, data; what is missing and why, through facts, levels, answers and divisions by 0."""
    found = "".join(
        f"== {who}\n"
        + "".join(
            f"{name}: {json.dumps(outcome.to_dict(), ensure_ascii=False)}\n    {outcome!r}\n"
            for name, outcome in book().evaluate_facts("customer", facts, as_of=D).items()
        )
        for who, facts in ASKED.items()
    )
    path = GOLDEN / "outcomes.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_outcomes_of_what_is_not_in_force() -> None:
    """No answer, no amount, no data: of every kind of decision; the reason is the one that is given."""
    reason = Reason("not_in_force", {"day": "2014-01-01", "policy": "p", "first": "2015-01-01"})
    for name, decision in book().editions[0].decisions.items():
        found = undefined(decision, reason)
        said = found.to_dict()
        assert (found.case, found.reason, found.data, found.missing) == (None, reason, None, ()), name
        assert [each for each in said.values() if each not in (None, [], {})] == [
            decision.kind,
            "undefined",
            *(["staff"] if decision.kind == "payout" else []),
            dict(reason.to_dict()),
        ], name


def test_a_measure_is_none_where_there_is_no_event() -> None:
    asked = book().evaluate_facts("customer", {"last_visit_on": ABSENT}, as_of=D)
    assert asked["away"].measure is None


def test_values_as_plain_json() -> None:
    """Numbers of parts as text, dates ISO, absent as none; whatever is inside, too."""
    values = [Fraction(1, 3), Decimal("1.50"), D, ABSENT, None, True, 7, "x", (Fraction(2),), {1: [D]}]
    plain = ["1/3", "1.50", "2014-09-30", None, None, True, 7, "x", ["2"], {"1": ["2014-09-30"]}]
    assert [json_value(value) for value in values] == plain


def test_outcomes_are_kept_by_what_they_say() -> None:
    one, other = (
        book().evaluate_facts("customer", {"points": points}, as_of=D)["granted"] for points in (1, 0)
    )
    assert hash(one) == hash(("granted", one.status, ("g",)))
    assert hash(other) == hash(("granted", one.status, ()))


WAYS = """
policy: p
decisions:
  tier:
    kind: tier
    levels: {vip: {}, fair: {}, rest: {}}
    angles:
      sales:
        fair: [{id: one, when: {vehicle_referrals: {at_least: 1}}}]
        vip:
          - {id: visits, when: {visits_past_year: {at_least: 9}}}
          - {id: repairs, when: {repairs_past_year: {at_least: 9}}}
          - {id: vehicles, when: {brand_vehicles_bought: {at_least: 9}}}
          - {id: referrals, when: {insurance_referrals: {at_least: 9}}}
          - {id: suggestions, when: {suggestions_adopted: {at_least: 9}}}
          - {id: insured, when: {insured_years_running: {at_least: 9}}}
          - {id: spent, when: {spend_past_year: {at_least: 900 yuan}}}
"""


def test_five_ways_to_a_better_answer_unless_it_is_said_otherwise() -> None:
    counts = ["visits_past_year", "repairs_past_year", "brand_vehicles_bought", "vehicle_referrals"]
    counts += ["insurance_referrals", "suggestions_adopted", "insured_years_running", "spend_past_year"]
    asked = dr.loads(WAYS).evaluate_facts("customer", dict.fromkeys(counts, 0), as_of=D)["tier"]
    ways = asked.next_steps(limit=None)
    assert len(ways) == 7
    assert asked.next_steps() == ways[:5]
    assert asked.next_steps(limit=2) == ways[:2]
    assert asked.next_steps(to="vip", limit=None) == tuple(way for way in ways if way.answer == "vip")
    assert len(asked.next_steps(to="vip", limit=None)) == 6
    small = [("sales.one",), ("sales.spent",)]
    assert asked.next_steps(limit=None, within=1) == tuple(way for way in ways if way.because in small)
    assert len(asked.next_steps(limit=None, within=1)) == 2


KEPT = """
policy: p
decisions:
  tier:
    kind: tier
    keeps: {for: 12 months}
    levels: {gold: {}, silver: {}, plain: {}}
    angles: {visits: {gold: [{id: gold, when: {visits_past_year: {at_least: 3}}}], silver: [{id: silver, when: {visits_past_year: {at_least: 2}, famous: A}}]}}
  famous: {kind: rules, subject: customer, hit: first, outputs: {it: {type: text}}, rows: [{id: a, when: {media: true, visits_past_year: {at_least: 1}}, then: {it: A}}], otherwise: {it: B}}
"""


def test_a_kept_level_in_whole() -> None:
    """Kept on a day, earned on another, neither, and of a version that is not in force."""
    book = dr.loads(KEPT)
    visits = [{"visited_on": f"2013-0{month}-01"} for month in (1, 2, 3)]
    record = {"customer_id": "C", "media": True, "visits": visits}
    found = {
        day: book.evaluate(record, as_of=day)["tier"].to_dict()
        for day in ("2013-03-01", "2014-02-10", "2014-12-31", "2016-01-01")
    }
    assert {day: (each["level"], each["earned"]) for day, each in found.items()} == {
        "2013-03-01": ("gold", "gold"),
        "2014-02-10": ("gold", "plain"),
        "2014-12-31": ("silver", "plain"),
        "2016-01-01": ("plain", "plain"),
    }
    gold = {"level": "gold", "reached_on": "2013-12-31", "until": "2014-12-31", "because": ["visits.gold"]}
    silver = {
        "level": "silver",
        "reached_on": "2014-01-31",
        "until": "2015-01-31",
        "because": ["visits.silver"],
    }
    assert [each["kept"] for each in found.values()] == [None, gold, silver, None]
    unknown = {"customer_id": "C", "visits": visits[:2]}
    open_ = book.evaluate(unknown, as_of="2014-02-10")["tier"]
    assert (open_.level, open_.kept, open_.missing) == ("plain", None, ("media",))
    nothing = undefined(book.editions[0].decisions["tier"], Reason("unknown_rules", {"facts": "x"}))
    assert (nothing.to_dict()["level"], nothing.to_dict()["earned"], nothing.to_dict()["kept"]) == (
        None,
        None,
        None,
    )
