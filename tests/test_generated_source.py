"""The fast engine's text for every form of fact and decision: to the letter, and giving what the row engine gives.

``UPDATE_GOLDEN=1`` writes the texts anew: read what it changed. Policies and people are those of test_survivors.py.
"""

from __future__ import annotations

import os
from datetime import date
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dealerrules as dr
from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Interpreter
from dealerrules.engines.writer import years_running
from dealerrules.facts import read_facts
from dealerrules.policy.model import Payout, Stage
from dealerrules.records import read_record
from dealerrules.values import Kind
from test_survivors import ASKED, DECISIONS, FORMS, PEOPLE, D, forms

if TYPE_CHECKING:
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
    for name, decision in edition.decisions.items():
        asked = Interpreter(edition, "customer", D, facts=given).decide(name)
        extra: object = None
        if isinstance(decision, Stage):
            extra = asked.measure.value if asked.measure is not None else None
        if isinstance(decision, Payout):
            extra = None if asked.amount is None else (asked.amount, asked.entries)
        found = Program(edition, "customer", (name,)).on_facts(ASKED[who], D)
        assert found == ((asked.true, asked.unknown, extra),), name


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
