"""The fast engine gives every answer of the reference interpreter: on random policies, records and ready-made facts.

A long run: ``AGREEMENT_EXAMPLES=20000 pytest tests/test_agreement.py``. What such runs have found stands below as
tests of their own.
"""

from __future__ import annotations

import json
import os
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import dealerrules as dr
from agreement import read, said, typed
from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Interpreter
from dealerrules.records import Record, read_record
from dealerrules.values import ABSENT
from strategies import Situation, situations

EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "600"))
PHASES = [Phase.explicit, Phase.generate, *([] if "AGREEMENT_RAW" in os.environ else [Phase.shrink])]
D = date(2014, 9, 30)

strongly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=PHASES,
    database=None,
)


def assert_agree(situation: Situation, record: Record | None, facts: dict[str, Any] | None) -> None:
    """Hold both engines against each other on all decisions together, and on one alone."""
    edition, subject, as_of = situation.edition, situation.subject, situation.as_of
    values = read(edition, subject, facts) if facts is not None else {}
    interpreter = Interpreter(edition, subject, as_of, record, values)
    for asked in (tuple(sorted(edition.decisions)), (situation.one,)):
        program = Program(edition, subject, asked)
        found = (
            program.on_record(record, as_of) if record is not None else program.on_facts(facts or {}, as_of)
        )
        meant = {name: said(interpreter.decide(name)) for name in asked}
        assert dict(zip(asked, map(typed, found), strict=True)) == meant


def assert_fast_agrees(situation: Situation, facts: dict[str, Any]) -> None:
    """Hold the program for known facts against the general one."""
    edition, subject, as_of = situation.edition, situation.subject, situation.as_of
    program = Program(edition, subject, (situation.one,))
    plain = program._plain_facts()
    if plain is None:
        return
    given = {name: value for name, value in facts.items() if name in plain}
    complete = len(given) == len(plain) and not any(
        value is None or value is ABSENT for value in given.values()
    )
    general = program._build("facts")(read(edition, subject, given), as_of)
    assert typed(program._build("fast")(given, as_of)) == typed(general if complete else None)


@given(situation=situations())
@strongly
def test_the_engines_agree(situation: Situation) -> None:
    """Masks, measures, amounts and receipts are the same to the type, on records and on ready-made facts.

    So it is whatever is left out, unknown, absent, or given although it could be derived. The program for known facts
    answers exactly where every fact is there, known and plain, and says what the general one says.
    """
    for data in situation.records:
        assert_agree(situation, read_record(data, situation.subject), None)
    for facts in situation.facts:
        assert_agree(situation, None, facts)
        assert_fast_agrees(situation, facts)


# ---------------------------------------------------------------------------------------------------
# What random runs and reading have found: each was once an exception or a difference


def masks_of(
    rows: str, facts: str = "", *, as_of: date = D, record: dict[str, Any] | None = None, **given: Any
) -> tuple[int, int]:
    """Return the masks of a table's rows, on which both engines agree."""
    text = (
        f"policy: p\nfacts: {{{facts}}}\ndecisions: {{d: {{kind: rules, hit: collect, "
        f"outputs: {{d: {{type: count}}}}, rows: [{rows}]}}}}"
    )
    edition = dr.loads(text).editions[0]
    data = None if record is None else read_record({"customer_id": "C1", **record})
    values = read(edition, "customer", given) if data is None else {}
    program = Program(edition, "customer", ("d",))
    ((true, unknown, _),) = program.on_facts(given, as_of) if data is None else program.on_record(data, as_of)
    decided = Interpreter(edition, "customer", as_of, data, values).decide("d")
    assert (true, unknown) == (decided.true, decided.unknown)
    return true, unknown


def test_a_test_on_true_or_false_that_is_absent_is_false() -> None:
    """No vehicle, so no flag of it: `f: true` is false, `f: {is_not: true}` is true; nothing is unknown."""
    fact = "f: {latest: vehicles, take: own_brand}"
    rows = "{id: a, when: {f: true}, then: {d: 1}}, {id: b, when: {f: {is_not: false}}, then: {d: 1}}"
    assert masks_of(rows, fact, record={}) == (0b10, 0)


def test_before_a_fixed_day_is_unknown_among_ready_made_facts() -> None:
    """The past cannot be worked out from facts of today."""
    row = "{id: a, when: {f: {at_least: 1}}, then: {d: 1}}"
    assert masks_of(row, "f: {before: 2014-01-01, fact: visits_past_year}") == (0, 1)


def test_before_a_day_to_come_is_unknown() -> None:
    """Nothing is known yet as of a day after the day of evaluation; the eve of tomorrow is today."""
    rows = ", ".join(f"{{id: {name}, when: {{{name}: 2}}, then: {{d: 1}}}}" for name in "fgh")
    days = {"f": "2014-10-02", "g": "2014-10-01", "h": "2014-09-30"}
    facts = ", ".join(f"{name}: {{before: {day}, fact: visits_past_year}}" for name, day in days.items())
    visits = [{"visited_on": day} for day in ("2014-09-29", "2014-09-30", "2014-10-01")]
    assert masks_of(rows, facts, record={"visits": visits}) == (0b010, 0b001)


def test_rules_that_read_no_fact() -> None:
    """A row without condition, and one that only has its own dates."""
    rows = "{id: a, then: {d: 1}}, {id: b, effective: {from: 2014-10-01}, then: {d: 1}}"
    assert (masks_of(rows), masks_of(rows, record={})) == ((1, 0), (1, 0))


def test_a_sum_that_is_whole_is_a_whole_number() -> None:
    """0.25 and 1.75 are 2, not Fraction(2, 1): JSON shows the difference."""
    text = (
        "policy: p\nfacts: {f: {sum: surveys, take: score}}\n"
        "decisions: {d: {kind: stage, measure: f, stages: {some: {from: 0}}}}"
    )
    surveys = [{"surveyed_on": "2014-09-01", "score": Decimal(score)} for score in ("0.25", "1.75")]
    answer = dr.loads(text).evaluate({"customer_id": "C1", "surveys": surveys}, as_of=D)
    assert repr(answer.stage("d").measure) == "2"


def test_the_first_days_there_are() -> None:
    """Nothing overflows at the beginning of the calendar: windows, calendar periods, the day before.

    The first day itself lies in no window, since no day is before it.
    """
    first = date(1, 1, 1)
    facts = (
        "f: {before: {latest: visits}, fact: visits_past_year}, g: {count: visits, within: {calendar: year}}, "
        "h: {count: visits, after: first_purchase_on}, i: {count: visits, within: 600 months}"
    )
    rows = ", ".join(f"{{id: {name}, when: {{{name}: {{at_least: 1}}}}, then: {{d: 1}}}}" for name in "fghi")
    visits = [{"visited_on": day} for day in ("0001-01-01", "0001-01-05")]
    assert masks_of(rows, facts, as_of=date(1, 1, 5), record={"visits": visits}) == (0b1110, 0)
    assert masks_of(rows, facts, as_of=first, record={"visits": visits[:1]}) == (0b0100, 0)


@pytest.mark.parametrize(
    "word", ["a\\n    raise SystemExit\\n#", "a\\0b", "a\\rb", "a\\u2028b", "'", '\\"', "\\\\", "{0}"]
)
def test_no_word_of_a_policy_becomes_code(word: str) -> None:
    """Whatever is written, in ids, values and keys, it stays a word: generated source only compares it."""
    text = (
        f'policy: p\ndecisions:\n  o: {{kind: offer, by: region, bands: {{"{word}": [{{always: []}}]}}}}\n'
        f"  d: {{kind: rules, hit: unique, outputs: {{d: {{type: text}}}}, rows: "
        f'[{{id: a, when: {{region: "{word}"}}, then: {{d: "{word}"}}}}], otherwise: {{d: other}}}}\n'
    )
    book = dr.loads(text)
    said = json.loads(f'"{word}"'.replace("\\0", "\\u0000"))
    answers = [
        book.evaluate({"customer_id": "C1", "region": region}, as_of=D) for region in (said, "elsewhere")
    ]
    assert [(each.offer("o").band, each.rules("d").value) for each in answers] == [
        (f"{said}.band-1", said),
        (None, "other"),
    ]


def test_names_that_python_takes_for_one() -> None:
    """Python reads full-width letters and digits as ordinary ones, so 级别１ and 级别1 are one name to it."""
    decision = "{{kind: rules, hit: unique, outputs: {{d: {{type: boolean}}}}, rows: [{{id: a, when: {{media: {}}}, then: {{d: true}}}}], otherwise: {{d: false}}}}"
    text = (
        f"policy: p\ndecisions:\n  级别１: {decision.format('true')}\n  级别1: {decision.format('false')}\n"
    )
    answer = dr.loads(text).evaluate({"customer_id": "C1", "media": True}, as_of=D)
    assert {name: answer.rules(name).value for name in answer} == {"级别1": False, "级别１": True}


def test_names_that_the_generated_code_uses_itself() -> None:
    """Attributes may be called as variables of a loop, as functions or as keywords are."""
    names = (
        "visit_kind",
        "visit",
        "as_of",
        "record",
        "settle",
        "class",
        "facts",
        "window_start",
        "ABSENT",
        "None",
    )
    facts = ", ".join(
        f"f{at}: {{field: customer.attributes.{name}, type: count}}" for at, name in enumerate(names)
    )
    facts += ", counted: {count: visits, where: {kind: repair}, after: first_purchase_on}"
    tests = ", ".join(f"f{at}: {at}" for at in range(len(names)))
    row = f"{{id: a, when: {{{tests}, counted: 1}}, then: {{d: 1}}}}"
    record = {
        "attributes": {name: at for at, name in enumerate(names)},
        "visits": [{"visited_on": "2014-09-01", "kind": "repair"}],
    }
    assert masks_of(row, facts, record=record) == (1, 0)


def test_long_chains_of_facts() -> None:
    """A fact made of a fact made of a fact, a hundred times, from a record and from ready-made facts."""
    chain = [f"f{at}: {{add: [f{at - 1}, 1]}}" for at in range(1, 100)]
    facts = ", ".join(["f0: {add: [visits_past_year, 1]}", *chain])
    row = "{id: a, when: {f99: 103}, then: {d: 1}}"
    visits = [{"visited_on": "2014-09-01"}] * 3
    assert masks_of(row, facts, record={"visits": visits}) == (1, 0)
    assert [masks_of(row, facts, visits_past_year=3), masks_of(row, facts, f50=54), masks_of(row, facts)] == [
        (1, 0),
        (1, 0),
        (0, 1),
    ]


def test_deep_conditions() -> None:
    """As deep as a policy may be nested."""
    when = "{media: true}"
    for _ in range(8):
        when = f"{{any: [{{kind: company}}, {{all: [{{kind: individual}}, {{not: {{not: {when}}}}}]}}]}}"
    row = f"{{id: a, when: {when}, then: {{d: 1}}}}"
    assert [masks_of(row, kind="individual", media=media) for media in (True, False, None)] == [
        (1, 0),
        (0, 0),
        (0, 1),
    ]


def test_what_a_payout_reads_is_worked_out_first() -> None:
    """Also where only the unit or the multiplier is another decision's answer, and whatever stands first."""
    text = """
policy: p
decisions:
  a_bonus: {kind: payout, subject: recall_campaign, measure: returned, unit: units, times: times,
            bands: [{from: 0, pays_per_unit: 10 yuan, basis: whole}]}
  times: {kind: rules, subject: recall_campaign, hit: unique, outputs: {n: {type: count}}, rows: [{id: a, then: {n: 2}}]}
  units: {kind: rules, subject: recall_campaign, hit: unique, outputs: {n: {type: count}}, rows: [{id: a, then: {n: 7}}]}
"""
    book = dr.loads(text)
    record = book.evaluate({"campaign_id": "R1", "returned": 1}, as_of=D, subject="recall_campaign")
    facts = book.evaluate_facts("recall_campaign", {"returned": 1, "units": 3}, as_of=D)
    assert [str(each.payout("a_bonus").amount) for each in (record, facts)] == ["140.00", "60.00"]


def test_angles_of_two_tiers_may_need_each_other() -> None:
    """Angles run in dependency order, also across tiers: b.one, a.one, b.two; and a decision between them."""
    text = """
policy: p
decisions:
  a: {kind: tier, levels: {vip: {}, rest: {}}, angles: {one: {vip: [{id: r, when: {b.one: vip}}]}}}
  b:
    kind: tier
    levels: {vip: {}, rest: {}}
    angles:
      two: {vip: [{id: r, when: {between: true}}]}
      one: {vip: [{id: r, when: {media: true}}]}
  between: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: [{id: r, when: {a.one: vip}, then: {d: true}}],
            otherwise: {d: false}}
"""
    edition = dr.loads(text).editions[0]
    for media, told in ((True, (0b1, 0)), (False, (0, 0)), (None, (0, 0b1))):
        record = read_record({"customer_id": "C1", "media": media})
        names = ("a", "b", "between")
        found = dict(zip(names, Program(edition, "customer", names).on_record(record, D), strict=True))
        interpreter = Interpreter(edition, "customer", D, record)
        assert {name: said(interpreter.decide(name)) for name in names} == {
            name: typed(each) for name, each in found.items()
        }
        assert found["a"][:2] == told
