"""The fast engine's text for every form of fact and decision: to the letter, and giving what the row engine gives.

``UPDATE_GOLDEN=1`` writes the texts anew: read what it changed. Policies and people are those of test_survivors.py.
"""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules.diagnostics import Source
from dealerrules.engines.compiled import Program
from dealerrules.engines.loops import Var
from dealerrules.engines.row import Interpreter
from dealerrules.engines.writer import Writer, years_running
from dealerrules.expr import AsOf, Constant, Known
from dealerrules.facts import read_facts
from dealerrules.policy.compile import compile_sources
from dealerrules.policy.model import Payout, Stage
from dealerrules.records import read_record
from dealerrules.values import ABSENT, COUNT, Kind
from test_survivors import ASKED, DECISIONS, FORMS, PEOPLE, D, forms

if TYPE_CHECKING:
    from dealerrules.engines.row import Decided
    from dealerrules.policy.model import Edition
    from dealerrules.values import Type

GOLDEN = Path(__file__).parent / "golden" / "survivors"
BEYOND = {
    Kind.COUNT: "more_than: 2",
    Kind.NUMBER: "at_most: 2.5",
    Kind.RATIO: "less_than: 50%",
    Kind.MONEY: "at_least: 99.99 yuan",
    Kind.MONTHS: "at_least: 3 months",
    Kind.DAYS: "less_than: 30 days",
    Kind.DATE: "at_least: 2014-03-31",
}
MORE = """
  only_when: {count: visits, where: {any: [{kind: repair}, {amount: {at_least: 100 yuan}}]}, within: 12 months}
  not_only: {count: visits, where: {not: {kind: [repair, body]}}}
  known_ones: {count: visits, where: {amount: {known: true}, kind: {none_of: [body]}}}
  first_kind: {earliest: visits, take: kind, where: {kind: {known: true}}}
  last_on: {latest: visits, where: {kind: maintenance}}
  first_on: {earliest: visits, within: 24 months}
  some_kind: {some: visits, that: {any: [{kind: repair}, {amount: {more_than: 1 yuan}}]}, within: 24 months}
  every_kind: {every: visits, that: {kind: {is_not: body}}}
  of_quarter: {sum: visits, take: amount, within: {calendar: quarter}}
  of_month: {distinct: visits, take: kind, within: {calendar: month}}
  running: {streak: insurance}
  since_sure: {count: visits, after: sure}
  own_kinds: {count: visits, where: {kind: [maintenance, repair, body]}}
  eve_of_first: {before: first_on, fact: not_only}
"""


def _condition(type_: Type) -> str:
    if type_.kind is Kind.BOOLEAN:
        return "true"
    if type_.kind in {Kind.CATEGORY, Kind.TEXT}:
        return "{known: true}"
    return f"{{{BEYOND[type_.kind]}}}"


@cache
def every_form() -> dr.PolicyBook:
    """Return a policy that asks for every fact twice: whether it is known, and of what size it is."""
    text = FORMS.rstrip() + MORE
    facts = dr.loads(text).editions[0].facts["customer"]
    names = [line.strip().partition(":")[0] for line in text.split("facts:")[1].strip().splitlines()]
    rows = "".join(
        f"      - {{id: {name}_known, when: {{{name}: {{known: true}}}}, then: {{it: A}}}}\n"
        f"      - {{id: {name}, when: {{{name}: {_condition(facts[name].type)}}}, then: {{it: B}}}}\n"
        for name in names
    )
    rows += "      - {id: today, when: {as_of: {at_least: 2014-09-30}}, then: {it: A}}\n"
    rows += "".join(
        f"      - {{id: own_{at}, when: {{own: {{at_least: {at}}}}}, then: {{it: A}}}}\n" for at in range(8)
    )
    rows += "".join(
        f"      - {{id: less_{at}, when: {{less: {{more_than: {at}}}}}, then: {{it: A}}}}\n"
        for at in range(8)
    )
    return dr.loads(
        f"{text}decisions:\n  d:\n    kind: rules\n    subject: customer\n    hit: collect\n"
        f"    outputs: {{it: {{type: text}}}}\n    rows:\n{rows}"
    )


def same(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("mode", ["record", "facts"])
def test_the_source_of_every_form_of_fact(mode: str) -> None:
    program = Program(every_form().editions[0], "customer", ("d",))
    same(f"source-forms-{mode}.txt", program.source(mode))


@pytest.mark.parametrize("who", PEOPLE)
def test_a_program_finds_what_the_row_engine_does(who: str) -> None:
    edition = every_form().editions[0]
    record = read_record(PEOPLE[who], "customer")
    asked = Interpreter(edition, "customer", D, record).decide("d")
    assert Program(edition, "customer", ("d",)).on_record(record, D) == ((asked.true, asked.unknown, None),)


@pytest.mark.parametrize("mode", ["record", "facts"])
def test_the_source_of_every_kind_of_decision(mode: str) -> None:
    """All in one program, and each in its own, which asks the others by their answers."""
    book = dr.loads(DECISIONS)
    edition = book.editions[0]
    parts = [tuple(edition.decisions), *((name,) for name in edition.decisions)]
    text = "".join(
        f"# ---- {', '.join(part)}\n{Program(edition, 'customer', part).source(mode)}" for part in parts
    )
    same(f"source-decisions-{mode}.txt", text)


@pytest.mark.parametrize("who", ["all known", "nothing known", "one unknown", "few"])
def test_a_program_decides_as_the_row_engine_does(who: str) -> None:
    """Masks, the measure of a stage and the amount of a payout; answers that are given are taken as they are."""
    edition = dr.loads(DECISIONS).editions[0]
    types = edition.given_types("customer")
    given = read_facts("customer", ASKED[who], types, lambda name: edition.may_be_absent("customer", name))
    for name in edition.decisions:
        asked = Interpreter(edition, "customer", D, facts=given).decide(name)
        found = Program(edition, "customer", (name,)).on_facts(ASKED[who], D)
        assert found == (masks_of(asked),), name


SPANS = [
    ("2014-01-01", "2014-09-30"),
    ("2014-03-01", "2015-02-28"),
    ("2012-12-02", "2013-12-01"),
    ("2012-12-02", "2013-12-02"),
    ("2012-11-30", "2013-11-30"),
    ("2012-01-01", "2013-12-31"),
    ("2010-06-01", "2012-11-01"),
    ("2013-09-30", "2014-09-29"),
]


def test_years_of_cover_are_counted_alike_in_both_ways() -> None:
    """From the first cover on or from the last back: every choice of up to three covers, in every order."""
    found = set()
    for count in range(4):
        for chosen in permutations(SPANS, count):
            covers = [(date.fromisoformat(start), date.fromisoformat(end)) for start, end in chosen]
            insurance = [{"starts_on": start, "ends_on": end} for start, end in chosen]
            record = read_record({"customer_id": "C", "insurance": insurance}, "customer")
            years = Interpreter(forms().editions[0], "customer", D, record).fact("years").value
            assert years_running(covers, D, 30) == years, chosen
            found.add(years)
    assert found == {0, 1, 2, 3, 5}


RARE = """
policy: p
facts:
  points: {field: customer.attributes.points, type: count}
  flag: {field: customer.attributes.flag, type: boolean}
  visit_amount: {latest: visits, take: amount}
  visit_kind: {latest: visits, take: kind}
  stars: {lookup: {by: loyalty, values: {low: 1, high: 3}}}
  of_three: {first_known: [visit_amount, {earliest: visits, take: amount}, {lookup: {by: visit_kind, values: {repair: 1 yuan}}}]}
  of_two: {first_known: [{latest: insurance, take: ends_on}, last_purchase_on, last_maintenance_on]}
  surely: {first_known: [points, visits_past_year]}
  repaired: {ratio: [repairs_past_year, visits_past_year]}
  two_eves: {before: last_purchase_on, fact: {before: last_visit_on, fact: visits_past_year}}
  months_of_visits: {count: visits, where: {visited_on: {months_since: [0 months, 3 months, 6 months]}}}
  old_visits: {count: visits, where: {visited_on: {months_since: {at_least: 3 months}}}}
  kindly: {count: visits, where: {all: [{any: [{kind: repair}, {kind: body}]}, {any: [{amount: {more_than: 1 yuan}}]}]}}
decisions:
  tier:
    kind: tier
    levels: {vip: {}, fair: {}, rest: {}}
    angles:
      sales:
        vip: [{id: media, when: {media: true}}]
        fair: [{id: known, when: {influential: true}}, {id: pointed, when: {points: {at_least: 3}}}]
      service: {fair: [{id: lifted, when: {visits_past_year: {at_least: 2}}}]}
  points_stage:
    kind: stage
    measure: points
    stages: {few: {from: 0}, many: {from: 5}}
    when_absent: none
  visits_stage:
    kind: stage
    measure: visits_past_year
    stages: {few: {from: 0}, many: {from: 2}}
    when_absent: none
  field_stage:
    kind: stage
    measure: {field: customer.attributes.other, type: count}
    stages: {few: {from: 0}, many: {from: 5}}
    when_absent: none
  eve_stage:
    kind: stage
    measure: {before: last_visit_on, fact: visits_past_year}
    stages: {few: {from: 0}, many: {from: 2}}
    when_absent: none
  after_stage:
    kind: stage
    measure: {count: visits, after: last_purchase_on}
    stages: {few: {from: 0}, many: {from: 2}}
    when_absent: none
  late_stage:
    kind: stage
    measure: {count: visits, after: {latest: insurance, take: ends_on}}
    stages: {few: {from: 0}, many: {from: 2}}
    when_absent: none
  spent_stage:
    kind: stage
    measure: {sum: visits, take: amount}
    stages: {few: {from: 0 yuan}, many: {from: 100 yuan}}
    when_absent: none
  listed_stage:
    kind: stage
    measure: {lookup: {by: loyalty, values: {low: 1, medium: 2, high: 3}}}
    stages: {few: {from: 0}, many: {from: 2}}
    when_absent: none
  it:
    kind: rules
    subject: customer
    hit: collect
    outputs: {it: {type: text}}
    rows:
      - {id: amount, when: {visit_amount: {at_least: 10 yuan}}, then: {it: A}}
      - {id: kind, when: {visit_kind: repair}, then: {it: A}}
      - {id: three, when: {of_three: {more_than: 2 yuan}}, then: {it: A}}
      - {id: two, when: {of_two: {at_least: 2014-01-01}}, then: {it: A}}
      - {id: surely_known, when: {surely: {known: true}}, then: {it: A}}
      - {id: surely, when: {surely: {is: 1}}, then: {it: A}}
      - {id: repaired, when: {repaired: {at_least: 50%}}, then: {it: A}}
      - {id: eves, when: {two_eves: {at_least: 1}}, then: {it: A}}
      - {id: months, when: {months_of_visits: {at_least: 1}}, then: {it: A}}
      - {id: old, when: {old_visits: {at_least: 1}}, then: {it: A}}
      - {id: kindly, when: {kindly: {at_least: 1}}, then: {it: A}}
      - {id: stars, when: {stars: {at_least: 2}}, then: {it: A}}
      - {id: one_of_one, when: {any: [{media: true}]}, then: {it: A}}
      - {id: both, when: {all: [{any: [{media: true}, {influential: true}]}, {points: {at_least: 1}}]}, then: {it: A}}
      - {id: just_fair, when: {tier: fair}, then: {it: A}}
      - {id: fair_sales, when: {tier.sales: fair}, then: {it: A}}
      - {id: not_fair_sales, when: {not: {tier.sales: fair}}, then: {it: A}}
      - {id: bought_1, when: {last_purchase_on: {at_least: 2014-01-01}}, then: {it: A}}
      - {id: bought_2, when: {last_purchase_on: {at_least: 2014-02-01}}, then: {it: A}}
      - {id: bought_3, when: {last_purchase_on: {at_least: 2014-03-01}}, then: {it: A}}
      - {id: bought_4, when: {last_purchase_on: {less_than: 2014-04-01}}, then: {it: A}}
      - {id: bought_5, when: {last_purchase_on: {is: 2013-12-31}}, then: {it: A}}
      - {id: bought_6, when: {not: {last_purchase_on: {more_than: 2014-06-01}}}, then: {it: A}}
"""
"""What is seldom written: forms inside forms, measures without a name, one level and no better one, names taken twice."""
RARELY_ASKED: dict[str, dict[str, Any]] = {
    "nothing known": {},
    "influential": {"media": False, "influential": True, "points": None, "visits_past_year": 0},
    "pointed": {
        "media": False,
        "influential": False,
        "points": 3,
        "visits_past_year": 1,
        "loyalty": "medium",
    },
    "media": {"media": True, "influential": None, "points": 0, "visits_past_year": 2, "loyalty": "high"},
    "maybe media": {"media": None, "influential": True, "points": 5, "visits_past_year": 3},
    "none of them": {"media": False, "influential": False, "points": 0, "visits_past_year": 0},
    "fair by service alone": {"media": False, "influential": False, "points": 0, "visits_past_year": 2},
    "absent": {"last_visit_on": ABSENT, "visit_amount": ABSENT, "visit_kind": ABSENT},
    "unknown, then absent": {"visit_amount": None, "visit_kind": ABSENT, "last_purchase_on": ABSENT},
    "known": {"visit_amount": Decimal(10), "visit_kind": "repair", "stars": 2, "last_visit_on": D},
}


@cache
def rare() -> dr.PolicyBook:
    return dr.loads(RARE)


@pytest.mark.parametrize("mode", ["record", "facts"])
def test_the_source_of_what_is_seldom_written(mode: str) -> None:
    edition = rare().editions[0]
    same(f"source-rare-{mode}.txt", Program(edition, "customer", tuple(edition.decisions)).source(mode))


@pytest.mark.parametrize("who", PEOPLE)
def test_what_is_seldom_written_gives_what_the_row_engine_does(who: str) -> None:
    edition = rare().editions[0]
    record = read_record(PEOPLE[who], "customer")
    asked = Interpreter(edition, "customer", D, record)
    found = Program(edition, "customer", tuple(edition.decisions)).on_record(record, D)
    assert found == tuple(masks_of(asked.decide(name)) for name in edition.decisions)


@pytest.mark.parametrize("who", RARELY_ASKED)
def test_what_is_seldom_written_of_ready_made_facts(who: str) -> None:
    edition = rare().editions[0]
    types = edition.given_types("customer")
    given = read_facts(
        "customer", RARELY_ASKED[who], types, lambda name: edition.may_be_absent("customer", name)
    )
    asked = Interpreter(edition, "customer", D, facts=given)
    found = Program(edition, "customer", tuple(edition.decisions)).on_facts(RARELY_ASKED[who], D)
    assert found == tuple(masks_of(asked.decide(name)) for name in edition.decisions)


KEPT = """
policy: p
effective: {%s}
decisions:
  first:
    kind: rules
    subject: customer
    hit: first
    outputs: {it: {type: text}}
    rows: [{id: a, when: {tier.visits: {at_least: silver}}, then: {it: A}}]
    otherwise: {it: C}
  last:
    kind: rules
    subject: customer
    hit: first
    outputs: {it: {type: text}}
    rows: [{id: b, when: {tier: silver}, then: {it: B}}]
    otherwise: {it: C}
  tier:
    kind: tier
    keeps: {for: 12 months}
    downgrade: one_level
    transition: never_lower_at_switch
    levels: {gold: {}, silver: {}, plain: {}}
    angles:
      visits: {gold: [{id: gold, when: {visits_past_year: {at_least: %s}}}], silver: [{id: silver, when: {visits_past_year: {at_least: 2}}}]}
      sales: {silver: [{id: through, when: {first: A, vehicle_referrals: {at_least: 1}}}]}
"""


def kept() -> tuple[Edition, ...]:
    """Return two versions of a tier that keeps levels; the second asks for more, and reads a decision that reads one of its angles."""
    old, new = KEPT % ("until: 2014-08-31", 3), KEPT % ("from: 2014-09-01", 9)
    return compile_sources([Source("old.yaml", old), Source("new.yaml", new)])[0]


@pytest.mark.parametrize("mode", ["record", "facts"])
def test_the_source_of_a_tier_that_keeps_levels(mode: str) -> None:
    parts = (
        Program(edition, "customer", asked).source(mode)
        for edition in kept()
        for asked in (("first", "tier", "last"), ("first",), ("last",))
    )
    same(f"source-kept-{mode}.txt", "# ----\n".join(parts))


KEEPERS = {
    **PEOPLE,
    "just then": {"customer_id": "C6", "visits": [{"visited_on": f"2014-08-{day}"} for day in (29, 30, 31)]},
    "long ago": {"customer_id": "C5", "visits": [{"visited_on": f"2013-0{month}-01"} for month in (1, 2, 3)]},
}


@pytest.mark.parametrize("who", KEEPERS)
def test_a_kept_level_is_what_the_row_engine_finds(who: str) -> None:
    record = read_record(KEEPERS[who], "customer")
    for edition, days in zip(
        kept(), (("2014-04-30", "2014-08-31"), ("2014-09-01", "2015-04-30")), strict=True
    ):
        for day in map(date.fromisoformat, days):
            asked = Interpreter(edition, "customer", day, record)
            found = Program(edition, "customer", ("first", "tier", "last")).on_record(record, day)
            assert found == tuple(masks_of(asked.decide(name)) for name in ("first", "tier", "last")), day


def masks_of(asked: Decided) -> tuple[int, int, object]:
    """Return what a program says of a decision, as the row engine sees it."""
    extra: object = None
    if isinstance(asked.decision, Stage):
        extra = asked.measure.value if asked.measure is not None else None
    if isinstance(asked.decision, Payout):
        extra = None if asked.amount is None else (asked.amount, asked.entries)
    return asked.true, asked.unknown, extra


NAMES = {
    "visits": "visits",
    "级别": "级别",
    "first-rate, or so": "first_rate__or_so",
    "_ends_": "ends",
    "_": "value",
    "—": "value_2",
    "Xray": "Xray",
    "\tX": "X",
    "３rd": "_3rd",
    "class": "class_2",
    "facts": "facts_2",
    "visits ": "visits_2",
}


def test_every_text_becomes_a_name_of_its_own() -> None:
    """Signs become lines, those at the ends go; words of Python and names that are taken are numbered."""
    writer = Writer(forms().editions[0], "customer", "record")
    assert {wanted: writer.name(wanted) for wanted in NAMES} == NAMES


FAST = """
policy: p
decisions:
  tier:
    kind: tier
    levels: {vip: {}, fair: {}, rest: {}}
    angles:
      sales: {vip: [{id: media, when: {media: true}}], fair: [{id: known, when: {influential: false}}]}
      service: {vip: [{id: lifted, when: {tier.sales: {at_least: fair}, visits_past_year: {at_least: 2}}}]}
  it:
    kind: rules
    subject: customer
    hit: first
    outputs: {it: {type: text}}
    rows:
      - {id: a, when: {tier: vip, loyalty: [low, high]}, then: {it: A}}
      - {id: b, when: {not: {any: [{media: true}, {visits_past_year: {is: 3}}]}}, then: {it: B}}
    otherwise: {it: C}
"""


def test_the_source_for_known_facts() -> None:
    edition = dr.loads(FAST).editions[0]
    program = Program(edition, "customer", ("tier", "it"))
    same("source-fast.txt", program.source("fast"))
    with pytest.raises(
        ValueError,
        match=r"^no program for known facts: the decisions read more than counts, words, true and false$",
    ):
        Program(edition, "customer", ("it",)).source("fast")


@pytest.mark.parametrize("when", ["{spend_past_year: {at_least: 1 yuan}}", "{as_of: {at_least: 2014-01-01}}"])
def test_money_and_the_day_alone_have_no_program_for_known_facts(when: str) -> None:
    """Money needs conversion; where no fact is named there is nothing to look at."""
    book = dr.loads(
        "policy: p\ndecisions: {it: {kind: rules, subject: customer, hit: first, outputs: {it: {type: text}},"
        f" rows: [{{id: a, when: {when}, then: {{it: A}}}}], otherwise: {{it: B}}}}}}\n"
    )
    program = Program(book.editions[0], "customer", ("it",))
    with pytest.raises(
        ValueError, match=r"^no program for known facts: the decisions read more than counts, "
    ):
        program.source("fast")
    assert program.on_facts({"spend_past_year": 100}, D) == ((1, 0, None),)


def test_a_program_is_written_once_and_when_it_is_asked_for() -> None:
    program = Program(every_form().editions[0], "customer", ("d",))
    assert program.source() is program.source("record")
    assert program.source("facts") is program.source("facts")


@pytest.mark.parametrize("letters", [44, 45])
def test_the_counts_of_known_facts_stand_in_lines_of_90(letters: int) -> None:
    """44 + 3 + 44 letters are one too many, as are 45 and 45; 43 and 44 would just do."""
    one, two = "a" * letters, "b" * letters
    book = dr.loads(
        f"policy: p\nfacts: {{{one}: {{count: visits}}, {two}: {{count: contacts}}}}\n"
        "decisions: {it: {kind: rules, subject: customer, hit: first, outputs: {it: {type: text}}, "
        f"rows: [{{id: a, when: {{{one}: {{at_least: 1}}, {two}: {{at_least: 1}}}}, then: {{it: A}}}}], "
        "otherwise: {it: B}}}\n"
    )
    source = Program(book.editions[0], "customer", ("it",)).source("fast")
    assert f"    and 0 <= (\n            {one} |\n            {two}\n        ) < 2**39\n" in source


def test_what_no_policy_writes_is_refused() -> None:
    """A condition has a test, and a truth is no value; what an event is compared with may be any value."""
    writer = Writer(forms().editions[0], "customer", "record")
    with pytest.raises(AssertionError, match=r"^no condition: AsOf\(\)$"):
        writer.test(AsOf())
    with pytest.raises(AssertionError, match=r"^no value: Known\(item=AsOf\(\)\)$"):
        writer.value(Known(AsOf()))
    assert writer.value(Constant(3, COUNT), "visit") == Var("3", may_none=False, may_absent=False)
