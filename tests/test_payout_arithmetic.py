"""What a payout is made of: every band's condition and the lines of its receipt, and every fault of its form, whole.

The faults stand in ``golden/survivors/payout-faults.txt``, both languages and every place in them;
``UPDATE_GOLDEN=1`` writes it anew: read what it changed.
"""

from __future__ import annotations

import os
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import dealerrules as dr
from dealerrules.diagnostics import PolicyError
from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Interpreter
from dealerrules.expr import All, Answer, Arithmetic, Compare, Constant, Expr, Fact, Not
from dealerrules.policy.model import Line, Payout
from dealerrules.values import MONEY

GOLDEN = Path(__file__).parent / "golden" / "survivors" / "payout-faults.txt"
SIGNS = {"at_least": ">=", "more_than": ">", "at_most": "<=", "less_than": "<", "is": "="}
NOTES = {"returned": "returned", "recall_target": "target", "attainment": "attained"}


def told(expr: Expr | None) -> str:
    """Return an expression as text, types of what is reckoned with it."""
    match expr:
        case None:
            return "-"
        case Constant(value=value, type=type_, parameter=parameter):
            return f"{value}:{type_.kind.value}" + (f"[{parameter}]" if parameter else "")
        case Fact(name=name):
            return NOTES.get(name, name)
        case Arithmetic(how=how, left=left, right=right, type=type_):
            return f"({told(left)} {how.value} {told(right)}):{type_.kind.value}"
        case Compare(how=how, left=left, right=right):
            return f"{told(left)} {SIGNS[how.value]} {told(right)}"
        case All(items=items):
            return " and ".join(map(told, items)) or "always"
        case Not(item=item):
            return f"not ({told(item)})"
        case _:
            return repr(expr)


def line(each: Line) -> str:
    """Return a line of a receipt as text."""
    return f"{each.band}: {told(each.units)} at {told(each.rate)} = {told(each.amount)}"


def payout(body: str, subject: str = "repair_order", head: str = "") -> Payout:
    """Return the payout `d` of a policy."""
    lines = "".join(f"    {each}\n" for each in body.strip().splitlines())
    made = dr.loads(
        f"policy: p\n{head}decisions:\n  d:\n    kind: payout\n    subject: {subject}\n{lines}"
    ).decisions["d"]
    assert isinstance(made, Payout)
    return made


def whole(made: Payout) -> dict[str, tuple[str, list[str]]]:
    """Return for each rule when it holds and the lines that it pays."""
    return {rule.id: (told(rule.when), [line(each) for each in made.lines[rule.id]]) for rule in made.rules}


# --- bands and lines ------------------------------------------------------------------------------------


def test_every_way_to_pay_on_top_of_every_other() -> None:
    """What lies below is a lump, paid on the whole, or on what exceeds a start itself."""
    made = payout(
        """
measure: amount
rounding: half_up to 1 fen
bands:
  - {id: a, from: 10 yuan, pays_percent: 1%, basis: excess}
  - {id: b, over: 20 yuan, pays: 3 yuan}
  - {id: c, from: 30 yuan, pays_percent: 2%, basis: excess}
  - {id: d, over: 40 yuan, pays_percent: 3%, basis: excess}
  - {id: e, from: 50 yuan, pays_percent: 4%, basis: whole}
  - {id: f, from: 60 yuan, pays_percent: 5%, basis: excess}
"""
    )
    over_e = "e: 6000:money at 1/25:ratio = (1/25:ratio multiply 6000:money):money"
    lump = "b: - at 300:money = 300:money"
    assert whole(made) == {
        "a": (
            "amount >= 1000:money and amount <= 2000:money",
            [
                (
                    "a: (amount subtract 1000:money):money at 1/100:ratio"
                    " = (1/100:ratio multiply (amount subtract 1000:money):money):money"
                ),
            ],
        ),
        "b": ("amount > 2000:money and amount < 3000:money", [lump]),
        "c": (
            "amount >= 3000:money and amount <= 4000:money",
            [
                lump,
                (
                    "c: (amount subtract 3000:money):money at 1/50:ratio"
                    " = (1/50:ratio multiply (amount subtract 3000:money):money):money"
                ),
            ],
        ),
        "d": (
            "amount > 4000:money and amount < 5000:money",
            [
                lump,
                "c: 1000:money at 1/50:ratio = (1/50:ratio multiply 1000:money):money",
                (
                    "d: (amount subtract 4000:money):money at 3/100:ratio"
                    " = (3/100:ratio multiply (amount subtract 4000:money):money):money"
                ),
            ],
        ),
        "e": (
            "amount >= 5000:money and amount < 6000:money",
            ["e: amount at 1/25:ratio = (1/25:ratio multiply amount):money"],
        ),
        "f": (
            "amount >= 6000:money",
            [
                over_e,
                (
                    "f: (amount subtract 6000:money):money at 1/20:ratio"
                    " = (1/20:ratio multiply (amount subtract 6000:money):money):money"
                ),
            ],
        ),
    }
    assert (made.payee, told(made.measure), made.times, made.cap, made.floor) == (
        None,
        "amount",
        None,
        None,
        None,
    )


def test_units_of_a_measure_that_is_a_ratio() -> None:
    """A start of so much of the target lies at so many units: at the whole target, at half of it, at twice."""
    made = payout(
        """
measure: attainment
payee: staff
rounding: up to 2 yuan
bands:
  - {id: a, from: 0%, pays_per_unit: 1 yuan, basis: excess}
  - {id: b, from: 50%, pays_per_unit: 2 yuan, basis: excess}
  - {id: c, from: 100%, pays_per_unit: 3 yuan, basis: excess}
  - {id: d, from: 200%, pays_per_unit: 4 yuan, basis: excess}
""",
        "recall_campaign",
    )
    half, twice = "(1/2:ratio multiply target):number", "(2:ratio multiply target):count"
    none = "(0:ratio multiply target):count"
    first = f"a: ({half} subtract {none}):number at 100:money = (100:money multiply ({half} subtract {none}):number):money"
    between = f"(target subtract {half}):count"
    second = f"b: {between} at 200:money = (200:money multiply {between}):money"
    more = f"({twice} subtract target):count"
    third = f"c: {more} at 300:money = (300:money multiply {more}):money"
    lines = {name: found for name, (_, found) in whole(made).items()}
    assert lines == {
        "a": [
            f"a: (returned subtract {none}):count at 100:money = (100:money multiply (returned subtract {none}):count):money"
        ],
        "b": [
            first,
            f"b: (returned subtract {half}):count at 200:money = (200:money multiply (returned subtract {half}):count):money",
        ],
        "c": [
            first,
            second,
            "c: (returned subtract target):count at 300:money = (300:money multiply (returned subtract target):count):money",
        ],
        "d": [
            first,
            second,
            third,
            f"d: (returned subtract {twice}):count at 400:money = (400:money multiply (returned subtract {twice}):count):money",
        ],
    }
    assert (made.payee, str(made.rounding)) == ("staff", "(<Rounding.UP: 'up'>, 200)")


HALF_LUMP = """
measure: own
unit: other
when: {flag: true}
otherwise: 1 yuan
times: heads
cap: most
floor: -2 yuan
bands:
  - {id: a, from: {times: 2, of: step}, pays: 5 yuan, title: {zh: 甲, en: A}, data: {x: [true, "true", 1]}}
  - {over: {times: 3, of: step}, pays_per_unit: 7 yuan, basis: whole}
"""
HEAD = """
parameters:
  step: {type: count, value: 4}
  most: {type: money, value: 90 yuan}
facts:
  flag: {field: customer.attributes.flag, type: boolean}
  own: {field: customer.attributes.own, type: count}
  other: {field: customer.attributes.other, type: count}
  heads: {field: customer.attributes.heads, type: count}
  size: {field: customer.attributes.size, type: category, options: [s, l]}
  day: {field: customer.attributes.day, type: date}
  part: {ratio: [other, own]}
  paid_part: {ratio: [spend_past_year, spend_past_year]}
"""


def test_all_that_stands_around_the_bands() -> None:
    """A condition with its lump, a unit of its own, multiples of a parameter, names, titles and data."""
    made = payout(HALF_LUMP, "customer", HEAD)
    flag = "flag = True:boolean"
    assert whole(made) == {
        "a": (
            f"{flag} and own >= 8:count[2 × step] and own <= 12:count[3 × step]",
            ["a: - at 500:money = 500:money"],
        ),
        "band-2": (
            f"{flag} and own > 12:count[3 × step]",
            ["band-2: other at 700:money = (700:money multiply other):money"],
        ),
        "otherwise": (f"not ({flag})", ["otherwise: - at 100:money = 100:money"]),
    }
    described = [(rule.title.zh, rule.data) for rule in made.rules]
    assert described == [("甲", {"x": [True, "true", "1"]}), (None, None), (None, None)]
    places = {rule.id: rule.place for rule in made.rules}
    assert places == {
        "a": "policy.yaml:27",
        "band-2": "policy.yaml:28",
        "otherwise": "policy.yaml:22",
    }
    assert (told(made.times), told(made.cap), told(made.floor), made.rounding) == (
        "heads",
        "9000:money[most]",
        "-200:money",
        None,
    )
    assert [
        (each, band.id, band.title.zh, band.title.en, band.data) for each, band in made.bands.items()
    ] == [
        ("a", "a", "甲", "A", {"x": [True, "true", "1"]}),
        ("band-2", "band-2", None, None, None),
    ]


def test_a_lump_without_bands_and_lists_of_bands_by_a_fact() -> None:
    """The lump is paid always, or under the condition; each list has the condition of its value."""
    (lump,) = payout("pays: 3 yuan").rules
    assert (lump.id, lump.place, lump.title.to_dict(), lump.data) == ("pays", "policy.yaml:6", {}, None)
    assert whole(payout("pays: 3 yuan")) == {"pays": ("always", ["pays: - at 300:money = 300:money"])}
    assert whole(payout("when: {flag: true}\notherwise: 0 yuan\npays: 3 yuan", "customer", HEAD)) == {
        "otherwise": ("not (flag = True:boolean)", ["otherwise: - at 0:money = 0:money"]),
        "pays": ("flag = True:boolean", ["pays: - at 300:money = 300:money"]),
    }
    made = payout(
        """
measure: own
by: size
bands:
  s: [{from: 1, pays: 1 yuan}, {id: x, from: 2, pays: 2 yuan}]
  l: [{over: 0, pays: 3 yuan}]
""",
        "customer",
        HEAD,
    )
    assert whole(made) == {
        "l.band-1": ("size = l:category and own > 0:count", ["l.band-1: - at 300:money = 300:money"]),
        "s.band-1": (
            "size = s:category and own >= 1:count and own < 2:count",
            ["s.band-1: - at 100:money = 100:money"],
        ),
        "x": ("size = s:category and own >= 2:count", ["x: - at 200:money = 200:money"]),
    }


def test_a_multiple_of_a_plain_number_has_no_name() -> None:
    made = payout("measure: own\nbands: [{from: {times: 2, of: 3}, pays: 1 yuan}]", "customer", HEAD)
    assert whole(made) == {"band-1": ("own >= 6:count", ["band-1: - at 100:money = 100:money"])}


@pytest.mark.parametrize(
    ("written", "rounding"),
    [("half_even to 1 fen", 1), ("down to 1234567 fen", 1234567), ("half_up to 10 yuan", 1000)],
)
def test_the_unit_of_rounding(written: str, rounding: int) -> None:
    made = payout(f"pays: 3 yuan\nrounding: {written}").rounding
    assert made is not None
    assert (made[0].value, made[1]) == (written.partition(" ")[0], rounding)


def test_amounts_in_whole_fen_need_no_rounding() -> None:
    """A count of units at so many fen is whole; the parts of a ratio are not."""
    made = payout(
        "measure: own\nbands: [{from: 0, pays_per_unit: 1 fen, basis: excess}]\nunit: own", "customer", HEAD
    )
    assert (made.rounding, whole(made)) == (
        None,
        {"band-1": ("own >= 0:count", ["band-1: own at 1:money = (1:money multiply own):money"])},
    )


@pytest.mark.parametrize("returned", range(1, 45))
def test_a_receipt_is_what_hand_reckoning_gives(returned: int) -> None:
    """Of a target of 20: to half of it 1 yuan each, to the whole 2, to twice 3, beyond that 4, each on the excess."""
    book = dr.loads(
        """
policy: p
decisions:
  d:
    kind: payout
    subject: recall_campaign
    measure: attainment
    rounding: half_up to 1 fen
    bands:
      - {id: a, from: 0%, pays_per_unit: 1 yuan, basis: excess}
      - {id: b, from: 50%, pays_per_unit: 2 yuan, basis: excess}
      - {id: c, over: 100%, pays_per_unit: 3 yuan, basis: excess}
      - {id: d, from: 200%, pays_per_unit: 4 yuan, basis: excess}
"""
    )
    facts = {"returned": returned, "target": 20}
    found = book.evaluate_facts("recall_campaign", facts, as_of="2014-09-30").payout("d")
    starts = {"a": 0, "b": 10, "c": 20, "d": 40}
    ends = [10, 20, 40, 1000]
    wanted = [
        (name, Fraction(min(returned, end) - start), Fraction(rate * (min(returned, end) - start)))
        for (name, start), end, rate in zip(starts.items(), ends, (1, 2, 3, 4), strict=True)
        if returned > start or (returned == start and name != "c")
    ]
    assert [
        (each.band, Fraction(str(each.units)), Fraction(str(each.amount))) for each in found.lines
    ] == wanted
    row = Interpreter(book.editions[0], "recall_campaign", date(2014, 9, 30), facts=facts).decide("d")
    assert row.entries is not None
    assert [(each.band, each.units, each.amount) for each in row.entries] == [
        (name, units, amount * 100) for name, units, amount in wanted
    ]
    assert row.amount == 100 * sum(amount for _, _, amount in wanted)


def test_an_amount_is_a_fact_of_another_decision() -> None:
    """In fen, with both engines; from a record as from facts."""
    book = dr.loads(
        HEAD.replace("\nparameters", "policy: p\nparameters")
        + """
decisions:
  pay: {kind: payout, subject: customer, times: heads, pays: 3 yuan}
  much:
    kind: rules
    subject: customer
    hit: first
    outputs: {it: {type: boolean}}
    rows: [{id: over, when: {pay: {more_than: 6 yuan}}, then: {it: true}}]
    otherwise: {it: false}
"""
    )
    day = date(2014, 9, 30)
    found = []
    for heads in (2, 3, None):
        row = Interpreter(book.editions[0], "customer", day, facts={"heads": heads})
        asked = row.decide("much")
        assert row.step(Answer("pay", MONEY)).value == row.decide("pay").amount
        (fast,) = Program(book.editions[0], "customer", ("much",)).on_facts({"heads": heads}, day)
        assert fast == (asked.true, asked.unknown, None)
        found.append((row.decide("pay").amount, asked.true, asked.unknown))
    assert found == [(600, 0, 0), (900, 1, 0), (None, 0, 1)]


# --- faults ---------------------------------------------------------------------------------------------

BAND = "bands: [{id: a, from: 1, pays: 1 yuan}]"
FAULTS = {
    "a condition without a word on what else": "when: {flag: true}\npays: 1 yuan",
    "what else, without a condition": "otherwise: 1 yuan\npays: 1 yuan",
    "a lump beside bands": f"measure: own\npays: 1 yuan\n{BAND}",
    "bands beside a lump": f"measure: own\n{BAND}\npays: 1 yuan",
    "neither lump nor bands": "measure: own",
    "bands of nothing": BAND,
    "bands of nothing beside a lump": f"pays: 1 yuan\n{BAND}",
    "a condition at fault": "when: {flog: true}\notherwise: 1 yuan\npays: 1 yuan",
    "a measure at fault": f"measure: onw\n{BAND}",
    "a measure without size": f"measure: flag\n{BAND}",
    "a unit at fault": "measure: own\nunit: onw\nbands: [{from: 1, pays_per_unit: 1 yuan, basis: whole}]",
    "a unit that is no number of things": (
        "measure: own\nunit: spend_past_year\nbands: [{from: 1, pays_per_unit: 1 yuan, basis: whole}]"
    ),
    "a measure that is no number of things": (
        "measure: day\nbands: [{from: 2014-01-01, pays_per_unit: 1 yuan, basis: whole}]"
    ),
    "another unit, on the excess": (
        "measure: own\nunit: other\nbands: [{from: 1, pays_per_unit: 1 yuan, basis: excess}]"
    ),
    "another unit, below an excess": (
        "measure: spend_past_year\nunit: other\nrounding: up to 1 fen\nbands:\n"
        "  - {from: 0 yuan, pays_per_unit: 1 yuan, basis: whole}\n"
        "  - {from: 1 yuan, pays_percent: 1%, basis: excess}"
    ),
    "another unit than the ratio has": (
        "measure: part\nunit: own\nrounding: up to 1 fen\n"
        "bands: [{from: 1%, pays_per_unit: 1 yuan, basis: whole}]"
    ),
    "a ratio and a unit at fault": (
        "measure: part\nunit: onw\nrounding: up to 1 fen\n"
        "bands: [{from: 1%, pays_per_unit: 1 yuan, basis: whole}]"
    ),
    "a ratio and its unit": (
        "measure: part\nunit: other\nrounding: up to 1 fen\n"
        "bands: [{from: 1%, pays_per_unit: 1 yuan, basis: excess}]"
    ),
    "another unit, above an excess": (
        "measure: spend_past_year\nunit: other\nrounding: up to 1 fen\nbands:\n"
        "  - {from: 0 yuan, pays_percent: 1%, basis: excess}\n"
        "  - {from: 1 yuan, pays_per_unit: 1 yuan, basis: whole}"
    ),
    "another unit, below two": (
        "measure: spend_past_year\nunit: other\nrounding: up to 1 fen\nbands:\n"
        "  - {from: 0 yuan, pays_per_unit: 1 yuan, basis: whole}\n"
        "  - {from: 1 yuan, pays_percent: 1%, basis: excess}\n"
        "  - {from: 2 yuan, pays_per_unit: 1 yuan, basis: whole}\n"
        "  - {from: 3 yuan, pays_percent: 1%, basis: excess}"
    ),
    "a measure at fault and units": (
        "measure: onw\nbands: [{from: 1, pays_per_unit: 1 yuan, basis: whole}, {from: 2, pays_percent: 1%, basis: whole}]"
    ),
    "a ratio of no things": (
        "measure: paid_part\nrounding: up to 1 fen\nbands: [{from: 1%, pays_per_unit: 1 yuan, basis: whole}]"
    ),
    "no unit": "measure: spend_past_year\nbands: [{from: 1 yuan, pays_per_unit: 1 yuan, basis: whole}]",
    "times no count": "times: spend_past_year\npays: 1 yuan",
    "times at fault": "times: onw\npays: 1 yuan",
    "a rounding of no kind": "pays: 1 yuan\nrounding: half_up to 0 fen",
    "a rounding in fractions": "pays: 1 yuan\nrounding: half_up to 1 fens",
    "a rounding that cannot be read": "pays: 1 yuan\nrounding: [up]",
    "a rounding that is missing": (
        "measure: spend_past_year\nbands:\n  - {from: 0 yuan, pays: 1 yuan}\n"
        "  - {from: 1 yuan, basis: whole, pays_percent: 1%}\n  - {from: 2 yuan, basis: whole, pays_percent: 2%}"
    ),
    "a rounding that is missing beside another fault": (
        "measure: spend_past_year\ncap: 3\nbands: [{from: 0 yuan, basis: whole, pays_percent: 1%}]"
    ),
    "a cap and a floor at fault": "pays: 1 yuan\ncap: 3\nfloor: lowest",
    "a lump at fault": "pays: 1",
    "what else at fault": "when: {flag: true}\notherwise: 1\npays: 1 yuan",
    "a band without a start": "measure: own\nbands: [{id: a, pays: 1 yuan}]",
    "a band with two": "measure: own\nbands: [{id: a, from: 1, over: 2, pays: 1 yuan}]",
    "a band with two, the other way": "measure: own\nbands: [{id: a, over: 1, from: 2, pays: 1 yuan}]",
    "a start at fault": "measure: own\nbands: [{id: a, from: 1 yuan, pays: 1 yuan}, {from: 2, pays: 2 yuan}]",
    "a start that cannot be read": "measure: own\nbands: [{id: a, from: [1], pays: 1 yuan}, {from: 2, pays: 2 yuan}]",
    "a multiple of a day": "measure: day\nbands: [{from: {times: 2, of: 2014-01-01}, pays: 1 yuan}]",
    "a multiple at fault": "measure: own\nbands: [{from: {times: 2, of: stop}, pays: 1 yuan}]",
    "a factor at fault": "measure: own\nbands: [{from: {times: few, of: step}, pays: 1 yuan}]",
    "starts that do not rise": (
        "measure: own\nbands:\n  - {from: 2, pays: 1 yuan}\n  - {from: 2, pays: 2 yuan}\n  - {over: 2, pays: 3 yuan}\n"
        "  - {from: 2, pays: 4 yuan}\n  - {over: 1, pays: 4 yuan}\n  - {over: 1, pays: 5 yuan}\n  - {from: 5, pays: 0 yuan}"
    ),
    "no way to pay": "measure: own\nbands: [{id: a, from: 1}]",
    "two ways to pay": "measure: own\nbands: [{id: a, from: 1, pays: 1 yuan, pays_per_unit: 2 yuan, basis: whole}]",
    "two ways to pay, the other way": (
        "measure: own\nbands: [{id: a, from: 1, pays_per_unit: 1 yuan, pays: 2 yuan, basis: whole}]"
    ),
    "a way to pay that cannot be read": "measure: own\nbands: [{id: a, from: 1, pay: 1 yuan}]",
    "a list as a way to pay": "measure: own\nbands: [{id: a, from: 1, pays: [1 yuan]}]",
    "an alias as a way to pay": "measure: own\nbands: [{id: a, from: 1, pays: *much}, {id: b, from: 2, pays: 1}]",
    "a lump with a basis": "measure: own\nbands: [{id: a, from: 1, pays: 1 yuan, basis: whole}]",
    "units without a basis": "measure: own\nunit: own\nbands: [{id: a, from: 1, pays_per_unit: 1 yuan}]",
    "percent without a basis": (
        "measure: spend_past_year\nrounding: up to 1 fen\nbands: [{from: 1 yuan, pays_percent: 1%}]"
    ),
    "percent of a count": "measure: own\nbands: [{from: 1, pays_percent: 1%, basis: whole}]",
    "percent in yuan": (
        "measure: spend_past_year\nrounding: up to 1 fen\nbands: [{from: 1 yuan, pays_percent: 1 yuan, basis: whole}]"
    ),
    "units in percent": "measure: own\nunit: own\nbands: [{from: 1, pays_per_unit: 1%, basis: whole}]",
    "an id twice": "measure: own\nbands: [{id: a, from: 1, pays: 1 yuan}, {id: a, from: 2, pays: 2 yuan}]",
    "an id at fault": "measure: own\nbands: [{id: A b, from: 1, pays: 1 yuan}, {id: 1, from: 2, pays: 2 yuan}]",
    "an id that the lump has": f"measure: own\n{BAND.replace('id: a', 'id: pays')}\npays: 1 yuan",
    "lists by nothing": "measure: own\nbands: {s: [{from: 1, pays: 1 yuan}]}",
    "one list by a fact": f"measure: own\nby: size\n{BAND}",
    "no lists by a fact": "measure: own\nby: size\nbands: {}",
    "lists by a fact at fault": "measure: own\nby: siez\nbands: {s: [{from: 1, pays: 1 yuan}], l: []}",
    "a value at fault": "measure: own\nby: size\nbands: {s: [{from: 1, pays: 1 yuan}], m: [{from: 1, pays: 1 yuan}]}",
    "a value twice": (
        "measure: own\nby: flag\nbands: {true: [{from: 1, pays: 1 yuan}], 'true': [{from: 1, pays: 1 yuan}]}"
    ),
    "no band": "measure: own\nbands: []",
    "no band for a value": "measure: own\nby: size\nbands: {s: [], l: {}}",
    "bands that are none": "measure: own\nbands: few",
    "a band that is none": "measure: own\nbands: [few, {from: 2, pays: 1 yuan}]",
    "lists and a measure at fault": "measure: onw\nby: size\nbands: {s: [{from: 1, pays: 1}], l: [{pays: 1 yuan}]}",
}


def faults(body: str) -> str:
    """Return all that is said of a payout, with every place."""
    try:
        made = payout(body, "customer", HEAD)
    except PolicyError as error:
        return "".join(
            f"  {_place(each.span)} {each.code} {each.message('en')} / {each.message('zh')}\n"
            + "".join(f"    {_place(span)} {words.en} / {words.zh}\n" for span, words in each.related)
            for each in error.diagnostics
        )
    return f"  nothing: {whole(made)}\n"


def _place(span: Any) -> str:
    """Return a place from its start to its end, lines counted from the payout's first."""
    return f"{span.line - 18}:{span.column}-{span.end_line - 18}:{span.end_column}"


def _section(name: str) -> str:
    body = "".join(f"    {each}\n" for each in FAULTS[name].splitlines())
    return f"{name}\n{body}{faults(FAULTS[name])}"


@pytest.mark.parametrize("name", FAULTS)
def test_everything_that_is_said_of_payouts_at_fault(name: str) -> None:
    """Each mistake once, where it stands, with what to write instead."""
    sections = GOLDEN.read_text(encoding="utf-8").split("\n\n")
    assert _section(name) == dict(zip(FAULTS, sections, strict=True))[name].rstrip("\n") + "\n"


if os.environ.get("UPDATE_GOLDEN"):
    GOLDEN.write_text("\n".join(map(_section, FAULTS)), encoding="utf-8")
