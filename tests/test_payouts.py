"""Payouts: whole and excess bands, percentages, caps, floors, multipliers and rounding, to the fen."""

from __future__ import annotations

import pytest

import dealerrules as dr

HEAD = """
policy: p
decisions:
  d:
    kind: payout
    subject: {subject}
"""


def paid(
    body: str, subject: str = "repair_order", **facts: object
) -> tuple[str | None, list[tuple[object, ...]]]:
    text = HEAD.format(subject=subject) + "".join(f"    {line}\n" for line in body.strip().splitlines())
    outcome = dr.loads(text).evaluate_facts(subject, facts, as_of="2014-09-30").payout("d")
    lines = [
        (line.band, None if line.units is None else str(line.units), str(line.amount))
        for line in outcome.lines
    ]
    assert outcome.amount is None or sum(line.amount for line in outcome.lines) == outcome.amount
    return (None if outcome.amount is None else str(outcome.amount)), lines


SLAB = """
measure: amount
bands:
  - {id: low, from: 0 yuan, pays_percent: 1%, basis: whole}
  - {id: high, from: 10000 yuan, pays_percent: 2%, basis: whole}
rounding: half_up to 1 fen
"""
MARGINAL = SLAB.replace("2%, basis: whole", "2%, basis: excess")


@pytest.mark.parametrize(
    ("spend", "slab", "marginal"),
    [
        ("9999.99", "100.00", "100.00"),
        ("10000.00", "200.00", "100.00"),
        ("10000.01", "200.00", "100.00"),
        ("20000.00", "400.00", "300.00"),
    ],
)
def test_a_slab_pays_on_all_and_a_margin_on_the_excess(spend: str, slab: str, marginal: str) -> None:
    assert (paid(SLAB, amount=spend)[0], paid(MARGINAL, amount=spend)[0]) == (slab, marginal)


def test_the_receipt_of_a_margin_names_both_bands() -> None:
    assert paid(MARGINAL, amount="20000.00") == (
        "300.00",
        [("low", "10000.00", "100.00"), ("high", "10000.00", "200.00")],
    )


@pytest.mark.parametrize(
    ("rounding", "amount"),
    [
        ("half_up to 1 fen", "0.13"),
        ("half_even to 1 fen", "0.12"),
        ("down to 1 fen", "0.12"),
        ("up to 10 fen", "0.20"),
        ("half_up to 1 yuan", "0.00"),
    ],
)
def test_rounding_happens_once_by_the_written_rule(rounding: str, amount: str) -> None:
    """1% of 12.50 is 12.5 fen."""
    body = f"measure: amount\nbands: [{{from: 0 yuan, pays_percent: 1%, basis: whole}}]\nrounding: {rounding}"
    assert paid(body, amount="12.50")[0] == amount


def test_lines_are_rounded_so_that_they_sum_to_the_total() -> None:
    """Two thirds of a fen and two thirds of a fen make one and a third: one fen in all, not two."""
    body = """
measure: attainment
bands:
  - {id: a, from: 0%, pays_per_unit: 1 fen, basis: whole}
  - {id: b, from: 33.5%, pays_per_unit: 1 fen, basis: excess}
rounding: half_up to 1 fen
"""
    facts = {"returned": 2, "target": 2}
    assert paid(body, "recall_campaign", **facts) == (
        "0.02",
        [("a", "67/100", "0.01"), ("b", "133/100", "0.01")],
    )


def test_a_cap_and_a_floor_are_lines_of_their_own() -> None:
    capped = SLAB + "cap: 150 yuan\nfloor: 20 yuan"
    assert paid(capped, amount="20000.00") == (
        "150.00",
        [("high", "20000.00", "400.00"), ("cap", None, "-250.00")],
    )
    assert paid(capped, amount="100.00") == ("20.00", [("low", "100.00", "1.00"), ("floor", None, "19.00")])


FINE = """
measure: satisfaction
times: headcount
bands:
  - {id: fined, from: 0%, pays: -50 yuan}
  - {id: neither, over: 95%, pays: 0 yuan}
  - {id: rewarded, from: 100%, pays: 100 yuan}
"""


@pytest.mark.parametrize(
    ("satisfied", "headcount", "expected"),
    [
        (95, 3, ("-150.00", [("fined", None, "-150.00")])),
        (96, 3, ("0.00", [("neither", None, "0.00")])),
        (100, 3, ("300.00", [("rewarded", None, "300.00")])),
        (100, 0, ("0.00", [("rewarded", None, "0.00")])),
        (100, None, (None, [])),
        (None, 3, (None, [])),
    ],
)
def test_a_lump_is_paid_per_head_and_fines_are_negative(
    satisfied: int | None, headcount: int | None, expected: object
) -> None:
    facts = {"surveyed": 100, "satisfied": satisfied, "headcount": headcount}
    assert paid(FINE, "follow_up_result", **facts) == expected


def test_a_band_may_hold_exactly_one_value() -> None:
    body = """
measure: amount
bands:
  - {id: below, from: 0 yuan, pays: 1 yuan}
  - {id: exactly, from: 1000 yuan, pays: 2 yuan}
  - {id: above, over: 1000 yuan, pays: 3 yuan}
"""
    amounts = ("999.99", "1000.00", "1000.01")
    assert [paid(body, amount=spend)[0] for spend in amounts] == ["1.00", "2.00", "3.00"]


def test_below_the_first_band_a_payout_is_undefined_with_the_reason() -> None:
    text = HEAD.format(subject="repair_order") + (
        "    measure: amount\n    bands: [{from: 100 yuan, pays: 1 yuan}]\n"
    )
    outcome = dr.loads(text).evaluate_facts("repair_order", {"amount": "99.99"}, as_of="2014-09-30")["d"]
    assert (outcome.status.value, str(outcome.reason)) == (
        "undefined",
        "the measure lies below the first band",
    )
