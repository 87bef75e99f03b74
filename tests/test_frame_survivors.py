"""Facts and decisions in whole tables, against the row engine cell by cell, and what is written for them in which round.

As test_frame_columns.py, nothing here asks a query while it is collected.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pl = pytest.importorskip("polars")
import narwhals as nw  # noqa: E402

import dealerrules as dr  # noqa: E402
from dealerrules.engines.columns import (  # noqa: E402
    Column,
)
from dealerrules.engines.context import Context, Question, named  # noqa: E402
from dealerrules.engines.entry import open_frames  # noqa: E402
from dealerrules.engines.events import _codes  # noqa: E402
from dealerrules.engines.frame import FACTS, ROW, Asked, _question_of_facts, answers, question_of  # noqa: E402
from dealerrules.engines.row import Interpreter  # noqa: E402
from dealerrules.expr import Fact  # noqa: E402
from dealerrules.facts import read_facts  # noqa: E402
from dealerrules.policy.model import Stage  # noqa: E402
from dealerrules.records import read_record  # noqa: E402
from dealerrules.values import (  # noqa: E402
    ABSENT,
    BOOLEAN,
    COUNT,
    DATE,
    TEXT,
    Kind,
    Type,
)
from frames import (  # noqa: E402
    as_kind,
    expected,
    fact_rows,
    facts_answer,
    facts_frame,
    found,
    from_kind,
    numbered,
    plain,
    tables_of,
)
from test_generated_source import MORE as SOME_MORE  # noqa: E402
from test_survivors import FORMS, PEOPLE  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
from frame_parts import D, held_as, same, told  # noqa: E402

# ---------------------------------------------------------------------------------------------------
# Facts: from tables, and as they are written

FURTHER = """
  last_score: {latest: surveys, take: score}
  first_score: {earliest: surveys, take: score, within: 24 months}
  scores: {sum: surveys, take: score}
  last_satisfied: {latest: surveys, take: satisfied}
  first_satisfied: {earliest: surveys, take: satisfied, where: {satisfied: {known: true}}}
  last_by: {latest: visits, take: brought_by}
  first_by: {earliest: visits, take: brought_by, where: {kind: [maintenance, repair]}}
  last_km: {latest: vehicles, take: mileage_km}
  km: {sum: vehicles, take: mileage_km}
  covered_until: {latest: insurance, take: ends_on}
  last_result: {latest: contacts, take: result, where: {purpose: recall}}
  last_referral: {latest: referrals, take: designated_repair}
  last_own: {latest: vehicles, take: own_brand}
  brands: {distinct: vehicles, take: brand, within: 36 months}
  premiums: {sum: insurance, take: premium, where: {at_store: true}}
  recent: {count: visits, where: {visited_on: {days_since: {less_than: 30 days}}}}
  settled_soon: {count: visits, where: {settled_on: {months_since: {at_most: 6 months}}}}
  warranty_ahead: {some: vehicles, that: {warranty_until: {days_until: {at_least: 0 days}}}}
  covered: {every: insurance, that: {ends_on: {known: true}}}
  none_own: {every: vehicles, that: {own_brand: false}}
  some_own: {some: vehicles, that: {own_brand: true}, within: 36 months}
  some_recent: {some: visits, that: {visited_on: {days_since: {less_than: 30 days}}}}
  every_recent: {every: visits, that: {visited_on: {months_since: {at_most: 6 months}}}}
  from_day: {some: visits, that: {visited_on: {at_least: 2014-09-15}}}
  store_years: {streak: insurance, where: {at_store: true}, allow_gap: gap}
  in_days: {count: visits, within: 365 days}
  spent_by_then: {sum: visits, take: amount, after: last_purchase_on}
  kinds_since: {distinct: visits, take: kind, after: last_purchase_on}
  some_since: {some: visits, that: {kind: repair}, after: last_purchase_on}
  last_since: {latest: visits, after: last_purchase_on}
  kind_since: {latest: visits, take: kind, after: last_purchase_on}
  by_since: {latest: visits, take: brought_by, after: sure}
  count_since_soon: {count: visits, after: soon}
  two_since: {count: visits, where: {kind: repair}, after: last_purchase_on}
  last_of_none: {latest: suggestions, take: adopted, if_none: unknown}
  adopted: {count: suggestions, where: {adopted: true}}
  either_kind: {first_known: [last_kind_of_all, first_kind]}
  last_kind_of_all: {latest: visits, take: kind}
  eve_spent: {before: last_visit_on, fact: spent}
  eve_year: {before: last_visit_on, fact: in_year}
  eve_quarter: {before: last_visit_on, fact: of_quarter}
  eve_month: {before: last_visit_on, fact: of_month}
  eve_days: {before: last_visit_on, fact: in_days}
  eve_years: {before: last_visit_on, fact: years}
  eve_since: {before: last_visit_on, fact: since}
  eve_months: {before: last_visit_on, fact: months}
  eve_kind: {before: last_visit_on, fact: last_kind_of_all}
  eve_score: {before: last_visit_on, fact: last_score}
  eve_of_eve: {before: last_visit_on, fact: eve}
  eve_own: {before: last_visit_on, fact: added}
  eve_recent: {before: last_visit_on, fact: recent}
  eve_household: {before: last_visit_on, fact: brand_owners}
  eve_warranty: {before: last_visit_on, fact: warranty_ahead}
  brand_owners: {min: [household_brand_owners, 9]}
  by_loyalty: {lookup: {by: last_kind_of_all, values: {repair: 1.5 yuan, maintenance: 3 yuan}}}
  fits: {whole_times: [3, own]}
  of_both: {multiply: [price, lots]}
  price: {max: [30000000 yuan, 1 yuan]}
  lots: {add: [1, 2]}
  mean: {ratio: [spend_past_year, price]}
  part: {share: 12.5%, of: spent}
  gap_of_days: {subtract: [ago, 30 days]}
  one_of: {max: [flag_days, ahead]}
  flag_days: {days_since: soon}
"""
MANY: dict[str, dict[str, Any]] = {
    **PEOPLE,
    "busy": {
        "loyalty": "low",
        "household_id": "H1",
        "attributes": {"points": 2, "flag": False, "soon": "2014-09-30", "later": "2014-06-01"},
        "vehicles": [
            {
                "purchased_on": "2011-09-30",
                "own_brand": True,
                "brand": "A",
                "mileage_km": Decimal("12.5"),
                "warranty_until": "2014-09-30",
            },
            {
                "purchased_on": "2011-10-01",
                "own_brand": False,
                "brand": "B",
                "mileage_km": Decimal(7),
                "warranty_until": "2014-09-29",
            },
            {
                "purchased_on": "2014-03-31",
                "own_brand": False,
                "brand": "A",
                "mileage_km": Decimal("0.000001"),
            },
            {"purchased_on": "2014-10-01", "own_brand": True, "brand": "C", "mileage_km": Decimal(5)},
        ],
        "visits": [
            {
                "visited_on": "2014-08-31",
                "kind": "repair",
                "brought_by": "x",
                "amount": "0.01",
                "settled_on": "2014-03-30",
            },
            {
                "visited_on": "2014-09-01",
                "kind": "repair",
                "brought_by": "y",
                "amount": "10",
                "settled_on": "2014-03-31",
            },
            {
                "visited_on": "2014-03-31",
                "kind": "body",
                "brought_by": "y",
                "amount": "99.99",
                "settled_on": "2014-02-28",
            },
            {
                "visited_on": "2014-04-01",
                "kind": "maintenance",
                "brought_by": "z",
                "amount": "100",
                "status": "deleted",
            },
            {
                "visited_on": "2014-04-01",
                "kind": "maintenance",
                "brought_by": "z",
                "amount": "100.01",
                "status": "open",
            },
            {"visited_on": "2014-09-15", "kind": "repair", "brought_by": "x", "amount": "7"},
            {"visited_on": "2014-09-15", "kind": "repair", "brought_by": "x", "amount": "7"},
            {"visited_on": "2013-10-01", "kind": "repair", "brought_by": "x", "amount": "1"},
            {"visited_on": "2013-09-29", "kind": "claim", "amount": "1"},
            {"visited_on": "2010-11-01", "kind": "repair", "amount": "3"},
        ],
        "insurance": [
            {"starts_on": "2012-10-01", "ends_on": "2013-09-30", "premium": "1000", "at_store": True},
            {"starts_on": "2013-10-31", "ends_on": "2014-10-30", "premium": "0.5", "at_store": False},
        ],
        "surveys": [
            {"surveyed_on": "2014-09-30", "score": Decimal("-2.5"), "satisfied": True},
            {"surveyed_on": "2012-10-01", "score": Decimal("7.125"), "satisfied": False},
            {"surveyed_on": "2012-09-30", "score": Decimal(9), "satisfied": None},
            {"surveyed_on": "2014-10-01", "score": Decimal(1), "satisfied": False},
        ],
        "contacts": [
            {"contacted_on": "2014-09-01", "purpose": "recall", "result": "reached"},
            {"contacted_on": "2014-09-02", "purpose": "reminder", "result": "refused"},
        ],
        "referrals": [{"succeeded_on": "2014-09-30", "kind": "insurance", "designated_repair": True}],
        "suggestions": [
            {"made_on": "2014-09-30", "adopted": True},
            {"made_on": "2014-09-01", "adopted": None},
        ],
    },
    "disagreeing": {
        "household_id": "H1",
        "household_brand_owners": 3,
        "attributes": {"points": 3, "soon": "2014-01-01"},
        "vehicles": [
            {"purchased_on": "2014-01-01", "own_brand": True, "mileage_km": Decimal(1)},
            {"purchased_on": "2014-01-01", "own_brand": False, "mileage_km": Decimal(2)},
        ],
        "visits": [
            {"visited_on": "2014-09-30", "kind": "repair", "brought_by": "x", "amount": "5"},
            {"visited_on": "2014-09-30", "kind": "body", "brought_by": "y", "amount": "5"},
            {"visited_on": "2014-01-02", "kind": "repair", "brought_by": "x", "amount": None},
            {"visited_on": "2014-01-01", "kind": None, "brought_by": None, "amount": "6"},
            {"visited_on": "2014-01-01", "kind": "repair", "brought_by": "w", "amount": "6"},
        ],
        "insurance": [
            {"starts_on": "2014-09-30", "ends_on": "2015-09-29"},
            {"starts_on": "2013-08-30", "ends_on": "2014-08-29"},
        ],
        "surveys": [
            {"surveyed_on": "2014-09-30", "score": Decimal(1), "satisfied": True},
            {"surveyed_on": "2014-09-30", "score": None, "satisfied": None},
        ],
        "contacts": [
            {"contacted_on": "2014-09-01", "purpose": "recall", "result": "reached"},
            {"contacted_on": "2014-09-01", "purpose": "recall", "result": "refused"},
            {"contacted_on": "2014-09-03", "purpose": None, "result": "refused"},
        ],
        "suggestions": [{"made_on": "2014-10-01", "adopted": True}],
    },
    "first day": {
        "attributes": {"points": 1, "later": "0001-01-01"},
        "visits": [
            {"visited_on": "0001-01-01", "kind": "repair", "brought_by": "x", "amount": "5"},
            {"visited_on": "0001-01-02", "kind": "repair", "brought_by": "x", "amount": "6"},
        ],
        "vehicles": [{"purchased_on": "0001-01-01"}],
    },
    "one day": {
        "attributes": {"points": 4, "later": "2014-09-29"},
        "visits": [{"visited_on": "2014-09-30", "kind": "body", "brought_by": "q", "amount": "1"}],
        "vehicles": [{"purchased_on": "2014-09-29", "own_brand": True}],
        "insurance": [
            {"starts_on": "2014-09-01", "ends_on": None},
            {"starts_on": "2013-09-30", "ends_on": "2014-09-30", "at_store": True},
        ],
    },
    "only the first day": {
        "visits": [{"visited_on": "0001-01-01", "kind": "repair", "brought_by": "x", "amount": "5"}]
    },
}


@cache
def facts_book() -> dr.PolicyBook:
    """Return every form of fact."""
    return dr.loads(FORMS.rstrip() + SOME_MORE.rstrip() + FURTHER)


NAMES = [
    line.strip().partition(":")[0]
    for line in (FORMS.partition("facts:")[2] + SOME_MORE + FURTHER).splitlines()
    if line.strip()
] + ["spend_past_year", "visits_past_year", "household_brand_owners", "loyalty"]


@cache
def people() -> dict[str, dict[str, Any]]:
    """Return customers with ids of their own."""
    return numbered(MANY.values(), "customer")


@cache
def by_record(name: str) -> dict[str, Any]:
    """Return what the row engine says that a fact is, by customer."""
    edition = facts_book().editions[0]
    return {
        id_: Interpreter(edition, "customer", D, read_record(record, "customer")).fact(name).value
        for id_, record in people().items()
    }


ATTRIBUTES = {
    "points": COUNT, "flag": BOOLEAN, "soon": DATE, "later": DATE,
}  # fmt: skip


def tables(kind: str = "lazy", records: Iterable[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return the customers as tables."""
    made = tables_of(people().values() if records is None else records, "customer", ATTRIBUTES)
    return {name: as_kind(each, kind) for name, each in made.items()}


class Writing:
    """What is written to a question, as text: names of columns, in their rounds."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.lines: list[str] = []
        keep, join = Question.keep, Question.join

        def kept(question: Question, columns: Mapping[str, nw.Expr]) -> None:
            self.lines.extend([f"  write {'; '.join(columns)}\n"] if columns else [])
            keep(question, columns)

        def joined(question: Question, reduced: Any) -> None:
            names = [", ".join(each.collect_schema().names()) for each in reduced.frames]
            self.lines.append(f"  join {'; '.join(names)}\n")
            join(question, reduced)

        patched.setattr(Question, "keep", kept)
        patched.setattr(Question, "join", joined)


def fact_by_frame(
    name: str, kind: str, patched: pytest.MonkeyPatch, left_out: Sequence[str] = ()
) -> tuple[str, dict[str, Any]]:
    """Return what is written for a fact, and its value by customer."""
    edition = facts_book().editions[0]
    given = {table: each for table, each in tables(kind).items() if table not in left_out}
    question = question_of(open_frames(given), "customer", facts_book().editions, D)
    context = Context(question, edition, D)
    writing = Writing(patched)
    fact = Fact(name, edition.fact("customer", name).type)
    context.prepare([fact])
    column = context.column(fact)
    asked = {"id": nw.col("id"), "value": column.value}
    if column.over is not None:
        asked["over"] = column.over
    if column.absent is not None:
        asked["absent"] = column.absent
    native = nw.to_native(question.frame.select(**asked))
    out = native.collect() if kind == "lazy" else native.pl()
    assert out.height == len(people())
    values: dict[str, Any] = {}
    for row in out.iter_rows(named=True):
        value, gone = row["value"], row.get("absent", False)
        assert gone in {True, False}
        assert not gone or value is None
        assert gone or value is not None or column.unknown
        if value is not None and column.is_number:
            assert abs(value) <= column.most
            assert column.negative or value >= 0
            value = Fraction(int(value), int(row.get("over", 1))) / column.scale
        values[row["id"]] = ABSENT if gone else value
    return f"{told(column)}; {held_as(out.schema['value'])}\n{''.join(writing.lines)}", values


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_fact(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its value for each customer, what the column says of itself, and what is written in which round for it."""
    text, values = fact_by_frame(name, "lazy", monkeypatch)
    meant = by_record(name)
    if name in {
        "household_brand_owners",
        "brand_owners",
        "eve_household",
    }:  # a record alone cannot count them
        meant = {**meant, "X4": 2}
    assert values == meant
    same("frame-facts.txt", name, text)


# ---------------------------------------------------------------------------------------------------
# Decisions: whole tables and whole frames of facts

READING = """
decisions:
  tier:
    kind: tier
    levels: {vip: {}, fair: {}, rest: {}}
    angles:
      sales: {vip: [{id: media, when: {flag: true}}], fair: [{id: known, when: {visits_past_year: {at_least: 2}, eve: {at_least: 1}}}]}
      service: {vip: [{id: lifted, when: {tier.sales: {at_least: fair}, own: {more_than: 2}}}],
                fair: [{id: eve, when: {eve_of_soon: {at_least: 1}}}]}
  guarded:
    kind: rules
    subject: customer
    hit: collect
    outputs: {it: {type: text}}
    rows:
      - {id: both, when: {visits_past_year: {at_least: 2}, eve: {at_least: 1}}, then: {it: A}}
      - {id: three, when: {own: {more_than: 2}, flag: true, eve: {at_least: 1}}, then: {it: B}}
      - {id: also, when: {visits_past_year: {at_least: 3}, eve_spent: {at_least: 1 yuan}}, then: {it: C}}
      - {id: far, when: {visits_past_year: {at_least: 1}, eve_of_later: {at_most: 1}}, then: {it: D}}
      - {id: level, when: {tier: {at_least: fair}, eve_kind: repair}, then: {it: E}}
  unguarded:
    kind: rules
    subject: customer
    hit: collect
    outputs: {it: {type: text}}
    rows:
      - {id: alone, when: {eve: {at_least: 1}}, then: {it: A}}
      - {id: any, when: {any: [{flag: true}, {eve_spent: {at_least: 1 yuan}}]}, then: {it: B}}
      - {id: both, when: {visits_past_year: {at_least: 2}, eve: {at_least: 1}}, then: {it: C}}
  away:
    kind: stage
    measure: months_since_last_visit
    stages: {here: {from: 0 months}, gone: {from: 6 months}}
    when_absent: never
  eves:
    kind: stage
    measure: eve_spent
    stages: {little: {from: 0 yuan}, much: {over: 10 yuan}}
  level:
    kind: rules
    subject: customer
    hit: first
    outputs: {it: {type: category, options: [A, B, C]}}
    rows: [{id: a, when: {tier: vip}, then: {it: A}}, {id: b, when: {away: gone}, then: {it: B}}]
    otherwise: {it: C}
  by_angle:
    kind: rules
    subject: customer
    hit: unique
    outputs: {it: {type: number}, more: {type: money}}
    rows:
      - {id: a, when: {tier.sales: vip, tier.service: {less_than: vip}}, then: {it: 1.5, more: 3 yuan}}
      - {id: b, when: {tier.service: {one_of: [vip, rest]}, tier.sales: {is_not: vip}}, then: {it: 2, more: 0.5 yuan}}
  pay:
    kind: payout
    subject: customer
    payee: staff
    measure: visits_past_year
    unit: visits_past_year
    times: own
    cap: 100 yuan
    bands:
      - {id: few, from: 0, pays: 1 yuan}
      - {id: some, from: 2, pays_per_unit: 10.5 yuan, basis: whole}
      - {id: many, over: 3, pays_per_unit: 15 yuan, basis: excess}
  paid:
    kind: rules
    subject: customer
    hit: first
    outputs: {it: {type: boolean}}
    rows: [{id: a, when: {pay: {at_least: 50 yuan}}, then: {it: true}}]
    otherwise: {it: false}
  flat_pay: {kind: payout, subject: customer, payee: staff, when: {last_kind_of_all: repair}, pays: 0.5 yuan, otherwise: 0 yuan}
  gift:
    kind: offer
    subject: customer
    when: {level: [B, C]}
    measure: visits_past_year
    bands: [{id: one, from: 1, always: [wash]}, {id: more, from: 3, always: [wash]}]
  given:
    kind: rules
    subject: customer
    hit: any
    outputs: {it: {type: count}}
    rows: [{id: a, when: {gift: one}, then: {it: 1}}, {id: b, when: {gift: {known: true}, eve: {at_least: 0}}, then: {it: 2}}]
  mixed:
    kind: rules
    subject: customer
    hit: collect
    outputs: {it: {type: text}}
    rows:
      - {id: not, when: {not: {flag: true}}, then: {it: A}}
      - {id: any, when: {any: [{flag: true}, {visits_past_year: {more_than: 3}}]}, then: {it: B}}
      - {id: listed, when: {loyalty: [low, high]}, then: {it: C}}
      - {id: known, when: {loyalty: {known: true}, soon: {known: false}}, then: {it: D}}
      - {id: other, when: {loyalty: {none_of: [low]}, visits_past_year: {is_not: 4}}, then: {it: E}}
      - {id: ordered, when: {loyalty: {at_least: medium}, last_by: x}, then: {it: F}}
      - {id: word, when: {last_kind_of_all: {one_of: [repair, body]}, own: [2, 3, 7]}, then: {it: G}}
      - {id: day, when: {as_of: {at_least: 2014-09-30}, soon: {days_until: {at_least: 1 day}}}, then: {it: H}}
      - {id: ratio, when: {ratio: {at_least: 66.5%}}, then: {it: I}}
      - {id: score, when: {last_score: {less_than: 0.5}, paid_some: true}, then: {it: J}}
      - {id: store, when: {region: {is_not: x}}, then: {it: K}}
      - {id: later, when: {later: {less_than: 2014-06-01}}, then: {it: L}}
      - {id: away, when: {away: {is_not: gone}}, then: {it: M}}
"""
ITEMS = "items: {wash: {title: {zh: 洗车, en: wash}, value: 30 yuan}}\n"


TOGETHER = [
    ("kinds", "spent", "last_by", "last_on", "last_kind_of_all"),
    ("spent", "years", "last_score", "adopted", "last_result", "km", "last_referral"),
    ("since", "kinds_since", "kinds", "eve", "eve_spent", "visits_past_year"),
    ("eve_of_eve", "since", "since_sure", "brand_owners", "ago", "ratio"),
]


@pytest.mark.parametrize("names", TOGETHER)
def test_several_facts_at_once(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each table is read once, small ones first; what needs nothing else comes first."""
    edition = facts_book().editions[0]
    question = question_of(open_frames(tables()), "customer", facts_book().editions, D)
    context = Context(question, edition, D)
    writing = Writing(monkeypatch)
    facts = [Fact(name, edition.fact("customer", name).type) for name in names]
    context.prepare(facts)
    plan = nw.to_native(question.frame).explain(optimized=False)
    kept_once = f"  {'kept' if 'CACHE' in plan else 'nothing is kept'}\n"
    same("frame-facts.txt", " ".join(names), "".join([*writing.lines, kept_once]))
    context.prepare(facts)
    same("frame-facts.txt", " ".join(names), "".join([*writing.lines, kept_once]))  # nothing is written twice
    asked = {name: context.column(fact) for name, fact in zip(names, facts, strict=True)}
    out = nw.to_native(
        question.frame.select(nw.col("id"), **{name: each.value for name, each in asked.items()})
    ).collect()
    for name, column in asked.items():
        for id_, value in zip(out["id"], out[name], strict=True):
            meant = by_record(name)[id_]
            if name != "brand_owners" and column.over is None:
                here = Fraction(value) / column.scale if value is not None and column.is_number else value
                assert here == (None if meant is ABSENT else meant), (name, id_)


@pytest.mark.parametrize(("count", "coded"), [(2, True), (62, True), (63, False), (64, False)])
def test_words_are_packed_with_the_day_while_there_are_few(count: int, coded: bool) -> None:
    words = Type(Kind.CATEGORY, tuple(f"w{at}" for at in range(count)))
    assert (_codes(Column(words, nw.col("a"))) is not None) == coded
    assert _codes(Column(TEXT, nw.col("a"))) is None


@cache
def deciding_book() -> dr.PolicyBook:
    """Return decisions of every kind that read every form of fact, and each other."""
    return dr.loads(
        (FORMS.rstrip() + SOME_MORE.rstrip() + FURTHER).replace("facts:", f"{ITEMS}facts:", 1) + READING
    )


CHOSEN = (
    "away",
    "by_angle",
    "eves",
    "flat_pay",
    "gift",
    "given",
    "guarded",
    "level",
    "mixed",
    "paid",
    "pay",
    "tier",
    "unguarded",
)


@cache
def answers_of(day: date = D) -> dict[str, dr.Answer]:
    """Return what is answered for each record alone."""
    return {id_: deciding_book().evaluate(record, as_of=day) for id_, record in people().items()}


OTHER_RULES = {"changed", "gone"}
"""Decisions that are of another kind, or that there are none of, in some version."""


def cells_of(
    out: Any,
    answers: Mapping[Any, dr.Answer],
    names: Iterable[str],
    key: str,
    book: dr.PolicyBook,
    own: Callable[[Any, str], dict[str, Any]] | None = None,
) -> None:
    """Hold every cell of some decisions in a frame against the answers for single records; `own` says more of a row."""
    rows = {row[key]: row for row in out.iter_rows(named=True)}
    assert sorted(rows) == sorted(answers)
    for id_, answer in answers.items():
        for name in names:
            meant = expected(answer, name, book.decisions[name])
            here = found(rows[id_], name, book.decisions[name])
            if own is not None and book.decisions[name].dated_by is not None:
                meant |= own(id_, name)
            if name in OTHER_RULES:
                meant, here = (
                    {each: cells[each] for each in (name, f"{name}.status")} for cells in (meant, here)
                )
            assert here == meant, (
                id_,
                name,
                {
                    each: (here.get(each), meant.get(each))
                    for each in here | meant
                    if here.get(each) != meant.get(each)
                },
            )


@pytest.mark.parametrize("name", CHOSEN)
def test_each_decision_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell, and what is written in which round for it."""
    writing = Writing(monkeypatch)
    out = deciding_book().evaluate_frame(tables(), as_of=D, decisions=[name], check=False)
    types = "".join(f"{column}: {held_as(dtype)}\n" for column, dtype in out.collect_schema().items())
    cells_of(out.collect(), answers_of(), [name], "customer_id", deciding_book())
    same("frame-facts.txt", f"decision {name}", f"{types}{''.join(writing.lines)}")


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow", "duckdb"])
def test_all_decisions_at_once_on_every_kind_of_frame(kind: str) -> None:
    """Values keep their order; customers in the order of their names backwards."""
    if kind in {"pandas", "pyarrow", "duckdb"}:
        pytest.importorskip(kind)
    names = {"duckdb": ("away", "pay", "tier"), "pandas": ("level", "gift"), "pyarrow": ("pay", "away")}.get(
        kind, CHOSEN
    )
    given = tables(kind, [people()[id_] for id_ in sorted(people(), reverse=True)])
    out = from_kind(deciding_book().evaluate_frame(given, as_of=D, decisions=names, check=False), kind)
    cells_of(out, answers_of(), names, "customer_id", deciding_book())
    if kind != "duckdb":
        assert out["customer_id"].to_list() == sorted(people(), reverse=True)
    assert not [name for name in out.columns if name.partition(".")[0] not in {"customer_id", *names}]


@pytest.mark.parametrize(
    "name", ["paid_some", "last_by", "eve_days", "years", "last_kind_of_all", "of_quarter"]
)
def test_facts_on_duckdb(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb")
    text, values = fact_by_frame(name, "duckdb", monkeypatch)
    assert values == by_record(name)
    same("frame-facts.txt", f"{name} on duckdb", text.partition("\n")[0] + "\n")


GIVEN: list[dict[str, Any]] = [
    {
        "own": 3,
        "flag": True,
        "visits_past_year": 2,
        "eve": 1,
        "away": "gone",
        "loyalty": "low",
        "ratio": Fraction(2, 3),
    },
    {
        "own": 7,
        "flag": False,
        "visits_past_year": 4,
        "eve": 0,
        "away": None,
        "loyalty": "high",
        "ratio": Fraction(5, 8),
    },
    {
        "own": None,
        "flag": None,
        "visits_past_year": None,
        "eve": None,
        "away": None,
        "loyalty": None,
        "ratio": None,
    },
    {
        "own": 2,
        "flag": True,
        "visits_past_year": 0,
        "eve": 2,
        "away": "here",
        "loyalty": "medium",
        "ratio": Fraction(0),
    },
    {
        "own": 0,
        "flag": False,
        "visits_past_year": 3,
        "eve": 5,
        "away": "gone",
        "loyalty": "high",
        "ratio": Fraction(7, 3),
    },
]
MORE_GIVEN: list[dict[str, Any]] = [
    {
        "last_visit_on": date(2014, 3, 30),
        "last_score": Fraction(1, 4),
        "spend_past_year": 12345,
        "last_kind_of_all": "repair",
        "pay": 7500,
        "gift": "one",
        "level": "B",
        "eve_spent": 1,
    },
    {
        "last_visit_on": ABSENT,
        "last_score": Fraction(-3),
        "spend_past_year": 0,
        "last_kind_of_all": ABSENT,
        "pay": None,
        "gift": ABSENT,
        "level": "A",
        "eve_spent": 1001,
    },
    {
        "last_visit_on": D,
        "last_score": None,
        "spend_past_year": None,
        "last_kind_of_all": None,
        "pay": 5000,
        "gift": None,
        "level": None,
        "eve_spent": None,
    },
    {
        "last_visit_on": None,
        "last_score": Fraction(1, 2),
        "spend_past_year": 1,
        "last_kind_of_all": "body",
        "pay": 0,
        "gift": "more",
        "level": "C",
        "eve_spent": 1000,
    },
]
"""Facts that are no answers, and answers."""


def given_rows(rows: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Type]]:
    """Return rows of ready-made facts, and the types of all facts."""
    types = deciding_book().editions[0].given_types("customer")
    return fact_rows(rows, types), types


@pytest.mark.parametrize(
    ("which", "kind"),
    [
        *(("facts", kind) for kind in ("lazy", "polars", "pandas")),
        ("answers", "lazy"), ("none", "polars"),
    ],
)  # fmt: skip
def test_ready_made_facts_and_answers(which: str, kind: str) -> None:
    """Given, unknown, absent and left out; answers of other decisions are taken as they are."""
    if kind in {"pandas", "pyarrow", "duckdb"}:
        pytest.importorskip(kind)
    rows, types = given_rows({"facts": GIVEN, "answers": MORE_GIVEN, "none": [{}, {}]}[which])
    out = facts_answer(deciding_book(), "customer", D, rows, types, kind)
    answered = {at: deciding_book().evaluate_facts("customer", row, as_of=D) for at, row in enumerate(rows)}
    cells_of(out, answered, CHOSEN, "who", deciding_book())
    if kind not in {"lazy", "duckdb"}:
        assert out["who"].to_list() == list(range(len(rows)))
    assert out.columns[0] == "who"


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in {"brand_owners", "household_brand_owners"}]
)
def test_every_form_of_fact_from_ready_made_ones(name: str) -> None:
    """Derived of what is given; of events nothing is known."""
    edition = facts_book().editions[0]
    rows, types = given_rows(
        [
            {key: value for key, value in row.items() if key in edition.facts["customer"]}
            for row in (*GIVEN, *MORE_GIVEN)
        ]
    )
    given = facts_frame(rows, {each: types[each] for each in rows[0]})
    asked = facts_question(given, edition)
    context = Context(asked, edition, D)
    fact = Fact(name, edition.fact("customer", name).type)
    context.prepare([fact])
    state, values = _values_of(asked, context.column(fact))
    read = [
        read_facts(
            "customer",
            row,
            edition.given_types("customer"),
            lambda each: edition.may_be_absent("customer", each),
        )
        for row in rows
    ]
    assert values == [Interpreter(edition, "customer", D, facts=each).fact(name).value for each in read]
    same("frame-facts.txt", f"{name} of ready-made ones", state)


def facts_question(given: Any, edition: Any) -> Question:
    """Return a question about ready-made facts."""
    return _question_of_facts(open_frames({FACTS: given.lazy()}), "customer", [edition], D, ["who"])


def _values_of(question: Question, column: Column) -> tuple[str, list[Any]]:
    asked = {"value": column.value}
    if column.over is not None:
        asked["over"] = column.over
    if column.absent is not None:
        asked["absent"] = column.absent
    out = nw.to_native(question.frame.select(nw.col("kept who"), **asked)).collect().sort("kept who")
    values: list[Any] = []
    for row in out.iter_rows(named=True):
        value, gone = row["value"], row.get("absent", False)
        assert gone or value is not None or column.unknown
        if value is not None and column.is_number:
            value = Fraction(int(value), int(row.get("over", 1))) / column.scale
        values.append(ABSENT if gone else value)
    return f"{told(column)}; {held_as(out.schema['value'])}\n", values


VERSIONS = {
    "first": """
policy: p
effective: {from: 2013-01-01, until: 2014-03-31}
ITEMSdecisions:
  pays: {kind: payout, subject: purchase, dated_by: purchased_on, when: {amount: {at_least: 100 yuan}}, pays: 1 yuan, otherwise: 0 yuan}
  stage: {kind: stage, subject: purchase, dated_by: purchased_on, measure: amount, stages: {some: {from: 1 yuan}, more: {from: 100 yuan}}}
  table: {kind: rules, subject: purchase, dated_by: purchased_on, hit: first, outputs: {it: {type: text}, by: {type: count}},
          rows: [{id: a, when: {amount: {at_least: 100 yuan}}, then: {it: A, by: 1}}], otherwise: {it: B, by: 2}}
  undated: {kind: rules, subject: purchase, hit: first, outputs: {it: {type: text}}, rows: [{id: a, when: {amount: {at_least: 1 yuan}}, then: {it: A}}]}
  rank: {kind: tier, subject: purchase, dated_by: purchased_on, levels: {gold: {}, low: {}}, angles: {spend: {gold: [{id: a, when: {amount: {at_least: 100 yuan}}}]}}}
  changed: {kind: stage, subject: purchase, dated_by: purchased_on, measure: amount, stages: {some: {from: 1 yuan}}}
  gone: {kind: offer, subject: purchase, dated_by: purchased_on, measure: amount, bands: [{id: one, from: 1 yuan, always: [wash]}]}
""",
    "second": """
policy: p
effective: {from: 2014-07-01}
ITEMSdecisions:
  pays: {kind: payout, subject: purchase, dated_by: purchased_on, when: {amount: {at_least: 50 yuan}}, pays: 2 yuan, otherwise: 0 yuan}
  stage: {kind: stage, subject: purchase, dated_by: purchased_on, measure: amount, stages: {some: {from: 1 yuan}, other: {from: 50 yuan}}}
  table: {kind: rules, subject: purchase, dated_by: purchased_on, hit: first, outputs: {it: {type: text}, by: {type: count}},
          rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: C, by: 3}}, {id: b, when: {amount: {less_than: 1 yuan}}, then: {it: A, by: 5}}]}
  undated: {kind: rules, subject: purchase, hit: first, outputs: {it: {type: text}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: A}}]}
  rank: {kind: tier, subject: purchase, dated_by: purchased_on, levels: {gold: {}, rest: {}}, angles: {spend: {gold: [{id: a, when: {amount: {at_least: 50 yuan}}}]}}}
  changed: {kind: tier, subject: purchase, dated_by: purchased_on, levels: {gold: {}, rest: {}}, angles: {spend: {gold: [{id: a, when: {amount: {at_least: 50 yuan}}}]}}}
  new: {kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: boolean}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: true}}]}
""",
    "alone": """
policy: q
effective: {from: 2014-01-01, until: 2014-09-29}
decisions:
  once: {kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: boolean}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: true}}]}
  onset: {kind: rules, subject: purchase, hit: unique, outputs: {it: {type: boolean}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: true}}]}
---
policy: r
effective: {from: 2014-01-01}
decisions:
  always: {kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: boolean}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: true}}]}
  way: {kind: stage, subject: purchase, dated_by: purchased_on, measure: amount, stages: {some: {from: 1 yuan}}}
""",
}
BOUGHT = [None, *(date.fromisoformat(day) for day in (
    "2012-12-31", "2013-01-01", "2014-01-01", "2014-03-31", "2014-04-01", "2014-06-30", "2014-07-01", "2014-09-29", "2014-09-30", "2014-10-01",
))]  # fmt: skip


@cache
def versions_book() -> dr.PolicyBook:
    """Return policies of two versions with a gap between, and of one that ended or goes on."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in VERSIONS.items():
            for at, part in enumerate(text.split("---")):
                (Path(folder) / f"{name}{at}.yaml").write_text(part.replace("ITEMS", ITEMS), encoding="utf-8")
        return dr.load(folder)


@cache
def bought() -> dict[str, dict[str, Any]]:
    """Return purchases on every day of interest, of every size of interest."""
    rows = product(BOUGHT, (None, "0.99", "49.99", "50", "100"))
    return {
        f"X{at:02}": {
            "purchase_id": f"X{at:02}",
            "purchased_on": None if day is None else day.isoformat(),
            "amount": amount,
        }
        for at, (day, amount) in enumerate(rows)
    }


KINDS_CHANGED = {
    "stage and payout": (
        "{kind: stage, subject: purchase, dated_by: purchased_on, measure: amount, stages: {some: {from: 1 yuan}}}",
        "{kind: payout, subject: purchase, dated_by: purchased_on, when: {amount: {at_least: 50 yuan}}, pays: 2 yuan, otherwise: 0 yuan}",
    ),
    "text and number": (
        "{kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: text}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: A}}]}",
        "{kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: number}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: 1.5}}]}",
    ),
    "true and an amount": (
        "{kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: boolean}, by: {type: text}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: true, by: A}}]}",
        "{kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: money}, by: {type: text}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: 1 yuan, by: A}}]}",
    ),
    "count and number": (
        "{kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: count}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: 3}}]}",
        "{kind: rules, subject: purchase, dated_by: purchased_on, hit: unique, outputs: {it: {type: number}}, rows: [{id: a, when: {amount: {at_least: 50 yuan}}, then: {it: 1.5}}]}",
    ),
}


@pytest.mark.parametrize(
    ("label", "kind"), [*((label, "lazy") for label in KINDS_CHANGED), ("stage and payout", "duckdb")]
)
def test_versions_that_answer_with_different_kinds_of_value(label: str, kind: str) -> None:
    """One column cannot hold both: polars and DuckDB raised errors of their own."""
    if kind == "duckdb":
        pytest.importorskip("duckdb")
    one, two = (dr.loads(f"policy: p\ndecisions: {{d: {text}}}").editions[0] for text in KINDS_CHANGED[label])
    book = dr.PolicyBook((replace(one, end=date(2014, 6, 30)), replace(two, start=date(2014, 7, 1))))
    made = {name: as_kind(each, kind) for name, each in tables_of(bought().values(), "purchase").items()}
    early = from_kind(book.evaluate_frame(made, as_of="2014-06-30", subject="purchase"), kind)
    assert early.height == len(bought())
    if label == "count and number":
        answered = {id_: book.evaluate(each, as_of=D, subject="purchase") for id_, each in bought().items()}
        out = from_kind(book.evaluate_frame(made, as_of=D, subject="purchase"), kind)
        cells_of(out, answered, ["d"], "purchase_id", book)
        return
    said_ = refusal(lambda: book.evaluate_frame(made, as_of=D, subject="purchase"))
    same("frame-refused.txt", f"versions of {label}", "\n".join(said_) + "\n")


ASKED_ON = [date(2012, 6, 1), date(2013, 6, 1), date(2014, 3, 31), date(2014, 4, 1), date(2014, 7, 1), D]
DATED = [
    "always",
    "changed",
    "gone",
    "new",
    "once",
    "onset",
    "pays",
    "rank",
    "stage",
    "table",
    "undated",
    "way",
]


@cache
def bought_answers(day: date) -> dict[str, dr.Answer]:
    return {
        id_: versions_book().evaluate(record, as_of=day, subject="purchase")
        for id_, record in bought().items()
    }


def own_masks(day: date, bought_on: date | None, name: str, amount: int | None) -> dict[str, Any]:
    """Return the masks of the version of a subject's own date."""
    book = versions_book()
    edition = book.edition(bought_on) if bought_on is not None else None
    if bought_on is None and book._versions(name, day) <= 1:
        edition = book.edition(day)
    true = unknown = 0
    made: dict[str, Any] = {f"{name}.measure": None} if isinstance(book.decisions[name], Stage) else {}
    if edition is not None and name in edition.decisions and (bought_on is None or bought_on <= day):
        asked = Interpreter(
            edition, "purchase", day, facts={"purchased_on": bought_on, "amount": amount}
        ).decide(name)
        true, unknown = asked.true, asked.unknown
        if asked.measure is not None and made:
            made = {f"{name}.measure": plain(asked.measure.value)}
    return {**made, f"{name}.true": Fraction(true), f"{name}.unknown": Fraction(unknown)}


def own_masks_of_record(day: date) -> Callable[[str, str], dict[str, Any]]:
    """Return how to find the masks of a record."""

    def masks(id_: str, name: str) -> dict[str, Any]:
        record = bought()[id_]
        fen = None if record["amount"] is None else int(Decimal(record["amount"]) * 100)
        on = record["purchased_on"]
        return own_masks(day, None if on is None else date.fromisoformat(on), name, fen)

    return masks


@pytest.mark.parametrize(
    ("kind", "day", "names"),
    [
        *(("lazy", day, tuple(DATED)) for day in ASKED_ON[:-1]),
        *(("lazy", D, (name,)) for name in DATED),
        ("polars", D, ("stage", "undated")),
        ("duckdb", D, ("stage", "pays")),
    ],
)
def test_each_subject_under_the_version_of_its_own_date(kind: str, day: date, names: tuple[str, ...]) -> None:
    if kind == "duckdb":
        pytest.importorskip("duckdb")
    made = {name: as_kind(each, kind) for name, each in tables_of(bought().values(), "purchase").items()}
    book = versions_book()
    out = from_kind(
        book.evaluate_frame(made, as_of=day, subject="purchase", decisions=names, check=False), kind
    )
    if kind == "polars":
        assert out["purchase_id"].to_list() == list(bought())
    cells_of(out, bought_answers(day), names, "purchase_id", book, own_masks_of_record(day))
    if kind == "lazy" and len(names) > 1:
        same(
            "frame-facts.txt",
            f"versions on {day}",
            "".join(f"{name}: {held_as(dtype)}\n" for name, dtype in out.schema.items()),
        )


@pytest.mark.parametrize("day", [date(2014, 4, 1), D])
def test_ready_made_facts_under_the_version_of_their_own_date(day: date) -> None:
    edition = versions_book().editions[-1]
    rows = [
        {"purchased_on": bought_on, "amount": amount}
        for bought_on, amount in product(BOUGHT, (None, 99, 4999, 5000, 10000))
    ]
    types = edition.given_types("purchase")
    out = facts_answer(versions_book(), "purchase", day, rows, types, "polars")
    answered = {at: versions_book().evaluate_facts("purchase", row, as_of=day) for at, row in enumerate(rows)}
    cells_of(
        out, answered, DATED, "who", versions_book(),
        lambda at, name: own_masks(day, rows[at]["purchased_on"], name, rows[at]["amount"] and rows[at]["amount"] * 100),
    )  # fmt: skip


def test_facts_without_the_date_of_the_version() -> None:
    """Where the date is no column it is unknown."""
    rows = [{"amount": amount} for amount in (None, 4999, 5000, 10000)]
    types = versions_book().editions[-1].given_types("purchase")
    out = facts_answer(versions_book(), "purchase", D, rows, types, "lazy")
    answered = {at: versions_book().evaluate_facts("purchase", row, as_of=D) for at, row in enumerate(rows)}
    cells_of(out, answered, DATED, "who", versions_book())


def test_each_row_as_of_a_day_of_its_own() -> None:
    """The columns have names without dots, and what more is asked for stands beside."""
    book = deciding_book()
    days = [
        date(2014, 9, 30),
        date(2014, 9, 1),
        date(2014, 3, 31),
        date(2013, 12, 31),
        date(2014, 1, 1),
        date(2014, 2, 28),
    ]
    own = {id_: days[at % len(days)] for at, id_ in enumerate(people())}
    names = ("away", "guarded", "level", "mixed", "tier", "unguarded")
    question = question_of(open_frames(tables()), "customer", book.editions, D)
    marks = nw.from_native(pl.DataFrame({"id": list(own), "own day": list(own.values())}).lazy())
    assert question.events is not None
    question.own_day = "own day"
    question.counted = True
    question.events = {name: each.join(marks, on="id", how="inner") for name, each in question.events.items()}
    question.frame = question.base = question.frame.join(marks, on="id", how="left")
    asked = Asked(names, D, book.editions, book.decisions, lambda _: True)
    found_ = answers(
        question,
        asked,
        nw.col("own day"),
        lambda name, context: {".more": nw.lit(f"{name} {len(context.edition.decisions)}")},
    )
    native = nw.to_native(found_)
    out = native.collect().rename(
        {name: name.replace("\u00b7", ".") for name in native.collect_schema().names()}
    )
    answered = {id_: book.evaluate(record, as_of=own[id_]) for id_, record in people().items()}
    assert {name: out[f"{name}.more"].to_list() for name in names} == {
        name: [f"{name} {len(book.decisions)}"] * len(own) for name in names
    }
    cells_of(out.drop([f"{name}.more" for name in names]), answered, names, "customer_id", book)


def refusal(asks: Callable[[], object]) -> list[str]:
    """Return what is said in both languages where something is refused."""
    with pytest.raises(dr.RecordError) as caught:
        asks()
    return [caught.value.text("en"), caught.value.text("zh")]


def test_what_tables_are_refused_for_at_once() -> None:
    """Each key that is missing, each column of another type, ids of another type; tables of events without any date."""
    given = tables()
    given["visits"] = given["visits"].drop("visited_on")
    given["insurance"] = given["insurance"].drop("customer_id")
    given["surveys"] = given["surveys"].with_columns(customer_id=pl.lit(1, pl.Int64), score=pl.lit(1.5))
    given["vehicles"] = given["vehicles"].with_columns(own_brand=pl.lit("yes"))
    given["customers"] = given["customers"].with_columns(
        pl.lit("x").alias("attributes.points"), media=pl.lit(3)
    )
    said_ = refusal(lambda: deciding_book().evaluate_frame(given, as_of=D, check=False))
    same("frame-refused.txt", "tables", "\n".join(said_) + "\n")
    months = {"consultant_months": pl.DataFrame({"returned": [1]})}
    said_ = refusal(
        lambda: dr.loads("policy: p\n" + MONTHLY).evaluate_frame(
            months, as_of=D, subject="consultant_month", check=False
        )
    )
    same("frame-refused.txt", "keys", "\n".join(said_) + "\n")


MONTHLY = (
    "decisions: {d: {kind: rules, subject: consultant_month, hit: unique, outputs: {d: {type: count}}, "
    "rows: [{id: r, when: {returned: {at_least: 1}}, then: {d: 1}}]}}"
)


def test_tables_of_another_subject_are_not_looked_at() -> None:
    bought_ = {name: each.lazy() for name, each in tables_of(bought().values(), "purchase").items()}
    more = {**bought_, "visits": pl.LazyFrame({"customer_id": [1.5]})}
    out = versions_book().evaluate_frame(
        more, as_of=D, subject="purchase", decisions=["undated"], check=False
    )
    assert out.collect().height == len(bought())


def test_a_household_of_which_somebody_was_left_out_is_not_counted() -> None:
    made = tables()
    unsure = pl.col("customer_id") == "X4"
    made["customers"] = made["customers"].with_columns(household_unsure=unsure, household_id=pl.lit("H1"))
    book = dr.loads(
        "policy: p\ndecisions: {d: {kind: stage, measure: household_brand_owners, stages: {s: {from: 0}}}}"
    )
    out = book.evaluate_frame(made, as_of=D, check=False).collect()
    assert dict(out.select("customer_id", "d.measure").rows()) == {
        id_: None if id_ == "X4" else 3 for id_ in people()
    }


def test_ids_may_be_whole_numbers_of_different_sizes() -> None:
    made = {
        "customers": pl.DataFrame({"customer_id": pl.Series([1, 2], dtype=pl.Int64), "media": [True, None]}),
        "visits": pl.DataFrame({"customer_id": pl.Series([2], dtype=pl.Int32), "visited_on": [D]}),
    }
    out = dr.loads("policy: p\n" + VISITED).evaluate_frame(made, as_of=D, check=False)
    assert out.select("customer_id", "d").rows() == [(1, None), (2, 1)]


VISITED = (
    "decisions: {d: {kind: rules, subject: customer, hit: unique, outputs: {d: {type: count}}, "
    "rows: [{id: r, when: {visits_past_year: {at_least: 1}}, then: {d: 1}}]}}"
)


def test_a_key_of_two_parts_comes_back_whole() -> None:
    months = {
        "consultant_months": pl.DataFrame(
            {
                "consultant_id": ["B", "A", "B"],
                "period_end": [D, D, date(2014, 8, 31)],
                "returned": [0, 1, None],
            }
        )
    }
    out = dr.loads("policy: p\n" + MONTHLY).evaluate_frame(months, as_of=D, subject="consultant_month")
    assert out.select("consultant_id", "period_end", "d", "d.unknown").rows() == [
        ("B", D, None, 0), ("A", D, 1, 0), ("B", date(2014, 8, 31), None, 1),
    ]  # fmt: skip
    assert ROW not in out.columns


@pytest.mark.parametrize(
    ("label", "columns", "keep"),
    [
        (
            "unknown names",
            {"who": [1], "medai": [True], "own.absent": [False], "x.over": [1], "eve.absnt": [True]},
            ["who"],
        ),
        ("missing to keep", {"own": [1]}, ["who", "what"]),
        (
            "of another type",
            {"own": ["x"], "flag": [1], "ratio": [1.5], "soon.absent": [3], "ratio.over": ["y"]},
            [],
        ),
    ],
)
def test_what_ready_made_facts_are_refused_for(
    label: str, columns: dict[str, list[Any]], keep: list[str]
) -> None:
    given = pl.DataFrame(columns)
    said_ = refusal(lambda: deciding_book().evaluate_facts_frame("customer", given, as_of=D, keep=keep))
    same("frame-refused.txt", label, "\n".join(said_) + "\n")


RATIO_GIVEN = (
    "policy: p\nfacts: {own: {field: customer.attributes.points, type: count}, ratio: {ratio: [own, visits_past_year]}}\n"
    "decisions: {d: {kind: stage, subject: customer, measure: ratio, stages: {none: {from: 0%}, some: {over: 40%}}}}"
)


def test_a_ratio_given_as_two_whole_numbers() -> None:
    """Over 0, below 0 and without a divisor it is unknown; the divisor may be written with a dot in its middle."""
    book = dr.loads(RATIO_GIVEN)
    for over in ("ratio.over", "ratio\u00b7over"):
        given = pl.DataFrame({"ratio": [1, 1, 0, 3, None, 1, 3], over: [2, 0, 5, None, 2, -1, 1]})
        out = book.evaluate_facts_frame("customer", given, as_of=D)
        assert out.select("d", "d.measure", "d.measure.over").rows() == [
            ("some", 1, 2), (None, None, None), ("none", 0, 5), (None, None, None), (None, None, None), (None, None, None),
            ("some", 3, 1),
        ]  # fmt: skip


def test_a_fact_that_is_said_to_be_absent() -> None:
    """In a column of its own, unknown there being no; also with a dot in its middle."""
    book = deciding_book()
    for absent in ("last_visit_on.absent", "last_visit_on\u00b7absent"):
        given = pl.DataFrame(
            {"last_visit_on": [None, D, None, None], absent: [True, False, None, False]},
            schema_overrides={"last_visit_on": pl.Date},
        )
        out = book.evaluate_facts_frame("customer", given, as_of=D, decisions=["away"])
        assert out.select("away", "away.status").rows() == [
            ("never", "decided"), ("here", "decided"), (None, "undetermined"), (None, "undetermined"),
        ]  # fmt: skip


LARGE = (
    "policy: p\nfacts: {f: {multiply: [visits_past_year, g]}, g: {multiply: [h, h]}, h: {multiply: [i, i]}, "
    "i: {multiply: [visits_past_year, visits_past_year]}}\n"
)
TOO_LARGE = {
    "a fact": "decisions: {d: {kind: stage, measure: f, stages: {s: {from: 0}}}}",
    "a rule": "decisions: {d: {kind: rules, hit: collect, outputs: {d: {type: count}}, rows: [{id: r, when: {g: {at_least: 1}}, then: {d: 1}}]}}",
    "an angle": "decisions: {d: {kind: tier, levels: {vip: {}, rest: {}}, angles: {one: {vip: [{id: r, when: {g: {at_least: 1}}}]}, two: {vip: [{id: r, when: {media: true}}]}}}}",
}


@pytest.mark.parametrize("label", TOO_LARGE)
def test_numbers_that_may_grow_too_large_are_told_by_name(label: str) -> None:
    book = dr.loads(LARGE + TOO_LARGE[label])
    said_ = refusal(lambda: book.evaluate_frame(tables(), as_of=D, check=False))
    same("frame-refused.txt", label, "\n".join(said_) + "\n")


def test_what_is_too_large_is_called_by_its_facts_and_decisions() -> None:
    units = [
        ("fact", "fee"),
        ("angle", ("tier", "x")),
        ("decision", "gift"),
        ("events", None),
        ("angle", ("tier", "y")),
        ("before", None),
    ]
    assert named(units) == "`fee`, `gift`, `tier`"


@pytest.mark.parametrize("name", ["status", "because", "true", "unknown", "plain"])
def test_a_column_that_would_mean_two_things(name: str) -> None:
    people_ = {"customers": pl.DataFrame({"customer_id": ["C"]})}
    angle = f"{{kind: tier, levels: {{vip: {{}}, rest: {{}}}}, angles: {{{name}: {{vip: [{{id: r, when: {{media: true}}}}]}}}}}}"
    two = f"{{kind: rules, hit: unique, outputs: {{{name}: {{type: count}}, more: {{type: count}}}}, rows: [{{id: r, then: {{{name}: 1, more: 2}}}}]}}"
    one = f"{{kind: rules, hit: unique, outputs: {{{name}: {{type: count}}}}, rows: [{{id: r, then: {{{name}: 1}}}}]}}"
    for text, refused in ((angle, True), (two, True), (one, False)):
        book = dr.loads(f"policy: p\ndecisions: {{d: {text}}}")
        if not refused or name == "plain":
            assert book.evaluate_frame(people_, as_of=D).height == 1
            continue
        assert refusal(lambda book=book: book.evaluate_frame(people_, as_of=D)) == [
            f"customer, decisions: the column `d.{name}` would mean two things: give the angle or output another name",
            f"客户，decisions：列 `d.{name}` 会有两种含义：请给该角度或输出换个名字",
        ]


@pytest.mark.parametrize(
    "name",
    [
        "since",
        "kinds",
        "spent",
        "paid_some",
        "paid_every",
        "last_on",
        "first_amount",
        "eve",
        "years",
        "since_sure",
    ],
)
def test_a_table_left_out_has_no_events(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, values = fact_by_frame(name, "lazy", monkeypatch, left_out=["visits", "insurance"])
    edition = facts_book().editions[0]
    meant = {
        id_: Interpreter(
            edition, "customer", D, read_record({**record, "visits": [], "insurance": []}, "customer")
        )
        .fact(name)
        .value
        for id_, record in people().items()
    }
    assert values == meant
    same("frame-facts.txt", f"{name} without its table", text)


@pytest.mark.parametrize("kind", ["polars", "duckdb"])
def test_numbers_of_a_policy_alone_do_not_overflow(kind: str) -> None:
    """DuckDB took two small numbers for 32 bits, and refused what they came to."""
    if kind == "duckdb":
        pytest.importorskip("duckdb")
    book = dr.loads(
        "policy: p\nparameters: {price: {type: money, value: 20000000 yuan}, lots: {type: count, value: 3}}\n"
        "facts: {it: {multiply: [price, lots]}}\ndecisions: {d: {kind: stage, measure: it, stages: {s: {from: 0 yuan}}}}"
    )
    given = {"customers": as_kind(pl.DataFrame({"customer_id": ["C"]}), kind)}
    out = from_kind(book.evaluate_frame(given, as_of=D), kind)
    assert out.select("d", "d.measure").rows() == [("s", Decimal(60_000_000))]


def prepared() -> None:
    """Work out what needs no frame: called once before the mutants of the engine are run."""
    for name in NAMES:
        by_record(name)
    answers_of()
    for day in ASKED_ON:
        bought_answers(day)
