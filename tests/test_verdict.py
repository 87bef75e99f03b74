"""The verdict: what the truths of a decision's rules mean together, and how an amount becomes a receipt.

Patterns stand for truths: ``1`` true, ``0`` false, ``?`` unknown; one for each rule, in the order of their ids.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules.policy.model import Offer, Payout, Rules, Stage, Tier
from dealerrules.values import Maybe, Rounding, round_to
from dealerrules.verdict import Entry, Verdict, answer_value, level_range, settle, verdict

HITS = ("unique", "first", "any", "collect", "priority")


def masks(pattern: str) -> tuple[int, int]:
    """Return the masks that a pattern stands for."""
    true = sum(1 << at for at, truth in enumerate(pattern) if truth == "1")
    return true, sum(1 << at for at, truth in enumerate(pattern) if truth == "?")


def worlds(pattern: str) -> list[str]:
    """Return every way in which the unknown truths of a pattern may turn out."""
    return ["".join(each) for each in product(*("01" if truth == "?" else truth for truth in pattern))]


def patterns(length: int) -> list[str]:
    """Return all patterns of some rules."""
    return ["".join(each) for each in product("10?", repeat=length)]


# ---------------------------------------------------------------------------------------------------
# Rules tables


@cache
def table(hit: str, says: str, otherwise: str | None) -> Rules:
    """Return a table whose rows a, b, … say one letter each."""
    rows = ", ".join(f"{{id: {name}, then: {{it: {said}}}}}" for name, said in zip("abc", says, strict=False))
    last = f", otherwise: {{it: {otherwise}}}" if otherwise else ""
    text = f"policy: p\ndecisions: {{d: {{kind: rules, hit: {hit}, outputs: {{it: {{type: text}}}}, rows: [{rows}]{last}}}}}"
    made = dr.loads(text).decisions["d"]
    assert isinstance(made, Rules)
    return made


def told(found: Verdict) -> str:
    """Return a verdict on a table in short."""
    if found.reason is not None:
        return found.reason.code
    if found.undetermined:
        return f"open: {' '.join(found.undetermined)}" + (
            f", so far {' '.join(found.rows)}" if found.rows else ""
        )
    said = f" says {found.cells['it']}" if found.cells else ""
    return (" ".join(found.because) or "-") + said


#: Rows a (says x) and b (says y), and otherwise z.
DIFFERENT = """
       unique        first        any        collect                priority
  11   conflict      a says x     conflict   a b                    a says x
  10   a says x      a says x     a says x   a                      a says x
  1?   open: b       a says x     open: b    open: b, so far a      a says x
  01   b says y      b says y     b says y   b                      b says y
  00   - says z      - says z     - says z   - says z               - says z
  0?   open: b       open: b      open: b    open: b                open: b
  ?1   open: a       open: a      open: a    open: a, so far b      open: a
  ?0   open: a       open: a      open: a    open: a                open: a
  ??   open: a b     open: a b    open: a b  open: a b              open: a b
"""

#: Both rows say x, and otherwise z.
ALIKE = """
       unique        first        any        collect                priority
  11   conflict      a says x     a b says x a b                    a says x
  10   a says x      a says x     a says x   a                      a says x
  1?   open: b       a says x     a says x   open: b, so far a      a says x
  01   b says x      b says x     b says x   b                      b says x
  00   - says z      - says z     - says z   - says z               - says z
  0?   open: b       open: b      open: b    open: b                open: b
  ?1   open: a       b says x     b says x   open: a, so far b      b says x
  ?0   open: a       open: a      open: a    open: a                open: a
  ??   open: a b     open: a b    open: a b  open: a b              open: a b
"""

#: Both rows say x, and nothing is said otherwise.
SILENT = """
       unique        first        any        collect                priority
  00   no_rule       no_rule      no_rule    no_rule                no_rule
  0?   open: b       open: b      open: b    open: b                open: b
  ?1   open: a       b says x     b says x   open: a, so far b      b says x
"""

#: Everything says x, whatever holds.
SAME = """
       unique        first        any        collect                priority
  00   - says x      - says x     - says x   - says x               - says x
  0?   - says x      - says x     - says x   open: b                - says x
  ??   open: a b     - says x     - says x   open: a b              - says x
  1?   open: b       a says x     a says x   open: b, so far a      a says x
"""


@pytest.mark.parametrize(
    ("says", "otherwise", "expected"),
    [("xy", "z", DIFFERENT), ("xx", "z", ALIKE), ("xx", None, SILENT), ("xx", "x", SAME)],
    ids=["different", "alike", "silent", "same"],
)
def test_hit_policies(says: str, otherwise: str | None, expected: str) -> None:
    """What two rows come to under each hit policy, by the truth of each."""
    rows = [line.split() for line in expected.strip().splitlines()[1:]]
    made = [
        [
            pattern,
            *(
                part
                for hit in HITS
                for part in told(verdict(table(hit, says, otherwise), *masks(pattern))).split()
            ),
        ]
        for pattern, *_ in rows
    ]
    assert made == rows


@pytest.mark.parametrize("hit", [hit for hit in HITS if hit != "collect"])
def test_an_answer_is_decided_when_every_way_the_unknown_may_turn_out_gives_it(hit: str) -> None:
    """On all truths of three rows, whatever they say: decided is exactly what no fact could still change."""
    wrong = []
    for says, otherwise, pattern in product(product("xy", repeat=3), ("x", "y", None), patterns(3)):
        rules = table(hit, "".join(says), otherwise)
        found = verdict(rules, *masks(pattern))
        ends = {told(verdict(rules, *masks(world))).split()[-1] for world in worlds(pattern)}
        meant = told(found).split()[-1] if not found.undetermined else "open"
        # two rows of one answer are as much a conflict under `unique` as two of different answers
        if (meant == "open") != (len(ends) > 1) or (meant != "open" and ends != {meant}):
            wrong.append((says, otherwise, pattern, meant, ends))
    assert wrong == []


def test_an_answer_as_a_fact_is_unknown_until_it_is_decided() -> None:
    """Other decisions read the one output, and nothing of what is open or undefined."""
    rules = table("first", "xy", "z")
    read = {pattern: answer_value(rules, verdict(rules, *masks(pattern)), None) for pattern in patterns(2)}
    assert read == {
        "11": "x", "10": "x", "1?": "x", "01": "y", "00": "z", "0?": None, "?1": None, "?0": None, "??": None,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------
# Tiers

TIER = """
policy: p
decisions:
  d:
    kind: tier
    levels: {gold: {}, silver: {}, rest: {}}
    angles:
      one: {gold: [{id: g, when: {media: true}}], silver: [{id: s, when: {media: true}}]}
      two: {silver: [{id: s, when: {media: true}}]}
"""

#: Rules one.g, one.s, two.s: level; angles one and two as ranges; because; undetermined.
LEVELS = """
  111  gold    one gold..gold     two silver..silver  because one.g         open -
  1?0  gold    one gold..gold     two rest..rest      because one.g         open -
  1??  gold    one gold..gold     two rest..silver    because one.g         open -
  011  silver  one silver..silver two silver..silver  because one.s two.s   open -
  0?1  silver  one rest..silver   two silver..silver  because two.s         open -
  ?11  silver  one silver..gold   two silver..silver  because one.s two.s   open one.g
  ??1  silver  one rest..gold     two silver..silver  because two.s         open one.g
  000  rest    one rest..rest     two rest..rest      because -             open -
  00?  rest    one rest..rest     two rest..silver    because -             open two.s
  0??  rest    one rest..silver   two rest..silver    because -             open one.s two.s
  ???  rest    one rest..gold     two rest..silver    because -             open one.g one.s two.s
"""


@cache
def tier() -> Tier:
    made = dr.loads(TIER).decisions["d"]
    assert isinstance(made, Tier)
    return made


def test_levels() -> None:
    """The best granted level is the answer; an angle as a fact reaches up to what an unknown rule could still grant."""
    names = [level.id for level in tier().levels]
    made = []
    for pattern in (line.split()[0] for line in LEVELS.strip().splitlines()):
        found = verdict(tier(), *masks(pattern))
        holds, open_ = (
            {rule.id for rule, each in zip(tier().rules, pattern, strict=True) if each == sign}
            for sign in "1?"
        )
        ranges = {angle: level_range(tier(), angle, holds, open_) for angle in ("one", "two")}
        assert {angle: names[granted] for angle, (granted, _) in ranges.items()} == found.angles
        assert found.status.value == ("undetermined" if found.undetermined else "decided")
        said = [f"{angle} {names[granted]}..{names[best]}" for angle, (granted, best) in ranges.items()]
        because, still = " ".join(found.because) or "-", " ".join(found.undetermined) or "-"
        made.append(" ".join([pattern, str(found.answer), *said, "because", because, "open", still]))
    assert made == [" ".join(line.split()) for line in LEVELS.strip().splitlines()]


def test_a_level_is_decided_when_no_unknown_rule_can_raise_it() -> None:
    """On all truths: decided means the same level however the unknown turns out, and the granted level is the least."""
    names = [level.id for level in tier().levels]
    wrong = []
    for pattern in patterns(3):
        found = verdict(tier(), *masks(pattern))
        ends = {str(verdict(tier(), *masks(world)).answer) for world in worlds(pattern)}
        least = max(ends, key=names.index)
        if (found.answer, found.status.value) != (least, "decided" if len(ends) == 1 else "undetermined"):
            wrong.append((pattern, found, ends))
    assert wrong == []


# ---------------------------------------------------------------------------------------------------
# Stages, offers, payouts

STAGE = """
policy: p
decisions:
  d:
    kind: stage
    measure: months_since_last_visit
    stages: {late: {from: 6 months}, zero: {from: 20 months}}
    when_absent: never
    first: {apart: {when: {out_of_reach: true}}, beside: {when: {media: true}}}
"""

#: Rules by id: apart, beside, late, never, zero; looked at in the order apart, beside, late, zero, never.
STAGES = """
  11100  apart   because apart    open -
  1???0  apart   because apart    open -
  01100  beside  because beside   open -
  00100  late    because late     open -
  00010  never   because never    open -
  00001  zero    because zero     open -
  00000  no_rule because -        open -
  ?0100  None    because -        open apart
  ??100  None    because -        open apart beside
  ?1000  None    because -        open apart
  00?00  None    because -        open late
  00???  None    because -        open late zero never
"""


def test_a_stage_is_the_first_that_holds() -> None:
    """`first` comes before the bands in the order written; what is unknown before the one that holds leaves it open."""
    stage = dr.loads(STAGE).decisions["d"]
    assert isinstance(stage, Stage)
    assert stage.order == ("apart", "beside", "late", "zero", "never")
    made = []
    for pattern in (line.split()[0] for line in STAGES.strip().splitlines()):
        found = verdict(stage, *masks(pattern))
        answer = found.reason.code if found.reason is not None else found.answer
        because, still = " ".join(found.because) or "-", " ".join(found.undetermined) or "-"
        made.append(f"{pattern} {answer} because {because} open {still}")
    assert made == [" ".join(line.split()) for line in STAGES.strip().splitlines()]


def test_bands_of_offers_and_payouts() -> None:
    """An offer that is unknown is undetermined; a payout is undefined, with the reason, never silently nothing."""
    text = """
policy: p
items: {thing: {title: a thing, value: unstated}}
decisions:
  gift: {kind: offer, subject: purchase, measure: amount,
         bands: [{id: a, from: 5 yuan, always: [thing]}, {id: b, over: 9 yuan, always: [thing]}]}
  money: {kind: payout, subject: purchase, measure: amount,
          bands: [{id: a, from: 5 yuan, pays: 1 yuan}, {id: b, over: 9 yuan, pays: 2 yuan}]}
"""
    book = dr.loads(text)
    gift, money = book.decisions["gift"], book.decisions["money"]
    assert isinstance(gift, Offer)
    assert isinstance(money, Payout)
    told_of = {}
    for pattern in ("10", "01", "00", "?0", "??"):
        found = [verdict(each, *masks(pattern)) for each in (gift, money)]
        told_of[pattern] = [
            (each.status.value, each.answer, each.undetermined, each.reason.code if each.reason else None)
            for each in found
        ]
    assert told_of == {
        "10": [("decided", "a", (), None), ("decided", "a", (), None)],
        "01": [("decided", "b", (), None), ("decided", "b", (), None)],
        "00": [("decided", None, (), None), ("undefined", None, (), "below_bands")],
        "?0": [("undetermined", None, ("a",), None), ("undefined", None, ("a",), "unknown_facts")],
        "??": [("undetermined", None, ("a", "b"), None), ("undefined", None, ("a", "b"), "unknown_facts")],
    }


# ---------------------------------------------------------------------------------------------------
# Receipts


@cache
def payout(rounding: str = "half_up to 1 fen", cap: str = "", floor: str = "", lines: int = 1) -> Payout:
    """Return a payout of so many lines: bands of 1 yuan a unit on top of each other."""
    bands = ", ".join(
        f"{{id: b{at}, from: {at}, pays_per_unit: 1 yuan, basis: excess}}" for at in range(lines)
    )
    bounds = "".join(f", {word}: {bound}" for word, bound in (("cap", cap), ("floor", floor)) if bound)
    text = (
        "policy: p\ndecisions: {d: {kind: payout, subject: recall_campaign, measure: returned, unit: returned, "
        f"bands: [{bands}], rounding: {rounding}{bounds}}}}}"
    )
    made = dr.loads(text).decisions["d"]
    assert isinstance(made, Payout)
    return made


def paid(made: Payout, amounts: list[Maybe], times: Maybe = 1) -> Any:
    """Return the total and what each entry comes to."""
    found = settle(made, f"b{len(amounts) - 1}", [(1, amount) for amount in amounts], times)
    return None if found is None else (found[0], [(entry.band, entry.amount) for entry in found[1]])


THIRD = Fraction(100, 3)


def test_lines_sum_to_the_total_to_the_fen() -> None:
    """Rounding happens once, on the total: each line is what the total so far has grown by."""
    one, three = payout(), payout(lines=3)
    assert [
        paid(one, [1000]),
        paid(one, [THIRD]),
        paid(three, [THIRD, THIRD, THIRD]),
        paid(three, [THIRD, THIRD, -THIRD]),
        paid(payout("up to 1 yuan", lines=3), [50, 50, 1]),
        paid(payout("down to 3 fen", lines=2), [2, 2]),
        paid(payout("half_even to 1 fen", lines=2), [Fraction(1, 2), Fraction(1)]),
    ] == [
        (1000, [("b0", 1000)]),
        (33, [("b0", 33)]),
        (100, [("b0", 33), ("b1", 34), ("b2", 33)]),
        (33, [("b0", 33), ("b1", 34), ("b2", -34)]),
        (200, [("b0", 100), ("b1", 0), ("b2", 100)]),
        (3, [("b0", 0), ("b1", 3)]),
        (2, [("b0", 0), ("b1", 2)]),
    ]


def test_caps_and_floors_are_lines_of_their_own() -> None:
    """They bound the total, after `times` and rounding; also amounts below zero."""
    both = payout(cap="50 yuan", floor="-10 yuan")
    assert [
        paid(both, [4_000]),
        paid(both, [5_000]),
        paid(both, [5_001]),
        paid(both, [4_000], 2),
        paid(both, [-1_000]),
        paid(both, [-1_001]),
        paid(both, [-400], 5),
        paid(payout(floor="20 yuan"), [0]),
        paid(payout(floor="0 yuan"), [Fraction(-1, 3)]),
    ] == [
        (4_000, [("b0", 4_000)]),
        (5_000, [("b0", 5_000)]),
        (5_000, [("b0", 5_001), ("cap", -1)]),
        (5_000, [("b0", 8_000), ("cap", -3_000)]),
        (-1_000, [("b0", -1_000)]),
        (-1_000, [("b0", -1_001), ("floor", 1)]),
        (-1_000, [("b0", -2_000), ("floor", 1_000)]),
        (2_000, [("b0", 0), ("floor", 2_000)]),
        (0, [("b0", 0)]),
    ]


def test_what_is_paid_a_number_of_times() -> None:
    """The exact amount is multiplied before it is rounded; 0 times is 0.00, and unknown times is no amount."""
    made = payout()
    found = [paid(made, [Fraction(1, 3)], times) for times in (0, 1, 2, 3, -2, None)]
    assert found == [
        (0, [("b0", 0)]),
        (0, [("b0", 0)]),
        (1, [("b0", 1)]),
        (1, [("b0", 1)]),
        (-1, [("b0", -1)]),
        None,
    ]


def test_rounding_modes_on_both_sides_of_zero() -> None:
    """A fine is rounded as a bonus is."""
    modes = ("half_up", "half_even", "up", "down")
    made = {
        mode: [settle(payout(f"{mode} to 1 fen"), "b0", [(1, sign * Fraction(5, 2))], 1) for sign in (1, -1)]
        for mode in modes
    }
    assert {mode: [each[0] for each in found if each is not None] for mode, found in made.items()} == {
        "half_up": [3, -3],
        "half_even": [2, -2],
        "up": [3, -3],
        "down": [2, -2],
    }


def test_a_number_that_is_unknown_leaves_no_amount() -> None:
    """Neither 0 nor a part of it."""
    two = payout(lines=2)
    assert [paid(two, [100, None]), paid(two, [None, 100]), settle(payout(), "b0", [(None, 100)], 1)] == [
        None
    ] * 3


def test_a_receipt_shows_units_rate_and_times() -> None:
    """Units exactly as they are, also parts of one; the rate in fen."""
    assert settle(payout(), "b0", [(Fraction(7, 2), 350)], 2) == (
        700,
        (Entry("b0", Fraction(7, 2), 100, 2, 700),),
    )


@given(
    amounts=st.lists(st.fractions(-10_000, 10_000, max_denominator=999), min_size=3, max_size=3),
    times=st.integers(-3, 9),
    mode=st.sampled_from(Rounding),
    unit=st.sampled_from([1, 3, 100]),
    bounds=st.tuples(st.sampled_from(["", "30 yuan"]), st.sampled_from(["", "-20 yuan"])),
)
def test_every_receipt_sums_to_its_total(
    amounts: list[Maybe], times: int, mode: Rounding, unit: int, bounds: tuple[str, str]
) -> None:
    """Whatever the lines, the rounding and the bounds are; and the total is the exact sum, rounded once and bounded."""
    cap, floor = bounds
    made = payout(f"{mode.value} to {unit} fen", cap, floor, 3)
    found = settle(made, "b2", [(1, amount) for amount in amounts], times)
    assert found is not None
    exact = sum((Fraction(amount) for amount in amounts if isinstance(amount, int | Fraction)), Fraction(0))
    total = round_to(exact * times, mode, unit)
    total = min(total, 3_000) if cap else total
    total = max(total, -2_000) if floor else total
    assert (found[0], sum(entry.amount for entry in found[1])) == (total, total)


# ---------------------------------------------------------------------------------------------------
# What a payout can count


def made_payout(body: str, subject: str = "purchase", facts: str = "") -> dr.PolicyBook:
    """Return a book of one payout, `d`."""
    return dr.loads(
        f"policy: p\nfacts: {{{facts}}}\ndecisions: {{d: {{kind: payout, subject: {subject}, {body}}}}}"
    )


PER_UNIT = "bands: [{from: 0 yuan, pays_per_unit: 10 yuan, basis: whole}], rounding: half_up to 1 fen"
SHARE = "part: {subject: purchase, share: 33.3%, of: amount}"
STACKED = (
    "measure: amount, unit: n, bands: [{from: 0 yuan, pays_per_unit: 1 yuan, basis: whole}, "
    "{from: 9 yuan, pays_percent: 1%, basis: excess}], rounding: half_up to 1 fen"
)


TWICE = (
    'measure: amount, by: amount, bands: {"1,000 yuan": [{from: 0 yuan, pays: 1 yuan}], '
    '"1000 yuan": [{from: 0 yuan, pays: 2 yuan}]}'
)


@pytest.mark.parametrize(
    ("body", "facts", "code"),
    [
        (f"measure: amount, unit: amount, {PER_UNIT}", "", "DR509"),
        (f"measure: amount, unit: purchased_on, {PER_UNIT}", "", "DR509"),
        (f"measure: amount, unit: prepaid_item, {PER_UNIT}", "", "DR509"),
        (f"measure: amount, {PER_UNIT}", "", "DR202"),
        (STACKED, "n: {subject: purchase, round_up: 3}", "DR510"),
        ("measure: part, bands: [{from: 0 yuan, pays_percent: 100%, basis: whole}]", SHARE, "DR503"),
        (TWICE, "", "DR310"),
    ],
    ids=[
        "money",
        "date",
        "word",
        "no unit",
        "on top of units that the measure does not say",
        "parts of a fen",
        "one value twice",
    ],
)
def test_what_cannot_be_paid_exactly_is_refused(body: str, facts: str, code: str) -> None:
    """Money for each yuan, for each date or word; an excess over what is not known; parts of a fen without rounding."""
    with pytest.raises(dr.PolicyError) as caught:
        made_payout(body, facts=facts)
    assert [each.code for each in caught.value.diagnostics] == [code]


def test_a_percentage_is_of_the_measure_and_a_rate_of_the_unit() -> None:
    """In one payout, whichever band stands first."""
    bands = [
        "{from: 0 yuan, pays_per_unit: 3 yuan, basis: whole}",
        "{from: 100 yuan, pays_percent: 10%, basis: whole}",
    ]
    other = [bands[1].replace("100 yuan", "0 yuan"), bands[0].replace("0 yuan", "100 yuan", 1)]
    found = []
    for each in (bands, other):
        body = f"measure: amount, unit: things, bands: [{', '.join(each)}], rounding: half_up to 1 fen"
        book = made_payout(body, facts="things: {subject: purchase, round_up: 2}")
        found.append(
            [
                str(
                    book.evaluate_facts("purchase", {"amount": amount}, as_of="2014-09-30").payout("d").amount
                )
                for amount in (50, 200)
            ]
        )
    assert found == [["6.00", "20.00"], ["5.00", "6.00"]]
