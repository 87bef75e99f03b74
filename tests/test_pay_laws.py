"""Laws of pay: how amounts scale, join and bound, on random bands and on the shipped policies. domain.md 3, design.md 3.

Rates, starts and measures are chosen so that every amount is whole fen before any rounding, so that laws hold to the
fen; what rounding does is a law of its own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from functools import cache, cached_property
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.outcome import PayoutOutcome

POLICIES = Path(__file__).parents[1] / "policies"
D = "2014-09-30"
COUNT = int(os.environ.get("PAY_LADDERS", "60"))
KINDS = ("count", "ratio", "money")
SUBJECT = {"count": "recall_campaign", "ratio": "recall_campaign", "money": "repair_order"}
HEADS = {
    "count": ["measure: returned", "unit: returned"],
    "ratio": ["measure: {ratio: [returned, target]}", "unit: returned"],
    "money": ["measure: amount"],
}


@dataclass(frozen=True, slots=True)
class Band:
    """A band: where it starts (things, percent, or ten-yuan notes), what it pays, and how."""

    start: int
    over: bool
    rate: int  #: yuan; in tenths of a percent where a band of money pays a share
    basis: str  #: lump, whole or excess


@dataclass(frozen=True)
class Ladder:
    """A payout by bands, and what it pays."""

    kind: str
    bands: tuple[Band, ...]
    more: tuple[str, ...] = ("rounding: down to 1 fen",)
    when: dict[str, Any] = field(default_factory=dict)

    def yaml(self) -> str:
        """Return the policy."""
        lines = [f"subject: {SUBJECT[self.kind]}", *HEADS[self.kind], *self.more, "bands:"]
        for at, band in enumerate(self.bands):
            start = {"count": f"{band.start}", "ratio": f"{band.start}%", "money": f"{band.start * 10} yuan"}
            way = {"id": f"b{at}", "over" if band.over else "from": start[self.kind]}
            if band.basis == "lump":
                way["pays"] = f"{band.rate} yuan"
            elif self.kind == "money":
                way |= {"pays_percent": f"{Decimal(band.rate) / 10}%", "basis": band.basis}
            else:
                way |= {"pays_per_unit": f"{band.rate} yuan", "basis": band.basis}
            lines.append(f"  - {{{', '.join(f'{key}: {value}' for key, value in way.items())}}}")
        return "policy: p\ndecisions:\n  d:\n    kind: payout\n" + "".join(f"    {line}\n" for line in lines)

    @cached_property
    def book(self) -> dr.PolicyBook:
        """The policy, loaded."""
        return dr.loads(self.yaml())

    def facts(self, measure: int, base: int) -> dict[str, Any]:
        """Return the facts that make a measure: so many things, of so many, or so many ten-yuan notes."""
        if self.kind == "money":
            return {"amount": measure * 10}
        return {"returned": measure, **({"target": base} if self.kind == "ratio" else {})}

    def pays(self, measure: int, base: int = 100, **more: Any) -> PayoutOutcome:
        """Return what is paid."""
        subject = SUBJECT[self.kind]
        facts = {**self.facts(measure, base), **more}
        return self.book.evaluate_facts(subject, facts, as_of=D).payout("d")

    def band(self, measure: int, base: int = 100) -> Band:
        """Return the band that a measure lies in, worked out here."""
        place = Fraction(measure * 100, base) if self.kind == "ratio" else Fraction(measure)
        return [each for each in self.bands if place > each.start or (place == each.start and not each.over)][
            -1
        ]


def ladder(dice: Random, kind: str, **fixed: Any) -> Ladder:
    """Return random bands, the first of which starts at 0; `fixed` sets a field of each."""
    starts = [0, *sorted(dice.sample(range(1, 160), dice.randint(0, 4)))]
    bands = []
    for at, start in enumerate(starts):
        basis = dice.choice(["lump", "whole", "excess"]) if at else dice.choice(["lump", "whole"])
        bands.append(Band(start, bool(at) and dice.random() < 0.4, dice.randint(-9, 60), basis))
    return Ladder(kind, tuple(replace(band, **fixed) for band in bands))


@cache
def all_ladders() -> tuple[Ladder, ...]:
    """Return random ladders of every kind."""
    return tuple(ladder(Random(seed), KINDS[seed % 3]) for seed in range(COUNT))


def ladders() -> Iterator[tuple[Ladder, Random]]:
    """Yield the ladders, each with dice for what it is asked: the same for every test."""
    for seed, each in enumerate(all_ladders()):
        yield each, Random(seed)


def measures(of: Ladder, dice: Random, base: int = 100) -> Iterator[int]:
    """Yield measures at, beside and between the starts of bands."""
    for band in of.bands:
        at = band.start * base // 100 if of.kind == "ratio" else band.start
        yield from {max(0, at - 1), at, at + 1}
    yield from (dice.randint(0, 250) for _ in range(4))


def amount(outcome: PayoutOutcome) -> Decimal:
    """Return an amount that is there, and whose receipt sums to it."""
    assert outcome.amount is not None
    assert sum(line.amount for line in outcome.lines) == outcome.amount
    return outcome.amount


def by_units(outcome: PayoutOutcome) -> tuple[Decimal, Decimal]:
    """Return how much is paid by units, and how much as lumps."""
    lumps = sum((line.amount for line in outcome.lines if line.units is None), Decimal(0))
    return amount(outcome) - lumps, lumps


# ---------------------------------------------------------------------------------------------------
# Random bands


def test_twice_the_units_of_twice_the_target_pay_twice() -> None:
    """Whole and excess bands over a share: k times as many of k times as many pay k times; lumps stay what they are."""
    asked = 0
    for each, dice in ladders():
        if each.kind != "ratio":
            continue
        for base in (1, 40, 100, 573):
            for measure in measures(each, dice, base):
                once, lumps = by_units(each.pays(measure, base))
                for k in (2, 3, 10):
                    found = each.pays(measure * k, base * k)
                    assert (by_units(found), found.band) == ((once * k, lumps), each.pays(measure, base).band)
                    asked += 1
    assert asked > COUNT * 40


def test_a_whole_band_pays_each_unit_the_same() -> None:
    """Within it the amount is the rate times the units, whatever stands below; a lump is the same anywhere within."""
    seen = set()
    for each, dice in ladders():
        for measure in measures(each, dice):
            band = each.band(measure)
            seen.add((each.kind, band.basis))
            if band.basis == "excess":
                continue
            size = (
                Decimal(measure * 10 * band.rate) / 1000
                if each.kind == "money"
                else Decimal(measure * band.rate)
            )
            assert amount(each.pays(measure)) == (band.rate if band.basis == "lump" else size)
    assert seen == {(kind, basis) for kind in KINDS for basis in ("lump", "whole", "excess")}


def test_an_excess_band_adds_its_rate_for_each_unit_more() -> None:
    """Between two measures of one excess band the amounts differ by the rate times the difference."""
    asked = 0
    for each, dice in ladders():
        for measure, other in pairwise(sorted(measures(each, dice))):
            band = each.band(measure)
            if band.basis != "excess" or each.band(other) != band:
                continue
            more = Decimal((other - measure) * band.rate)
            more = more / 100 if each.kind == "money" else more
            assert amount(each.pays(other)) - amount(each.pays(measure)) == more
            asked += 1
    assert asked > COUNT


def test_an_excess_band_joins_the_one_below_at_its_start() -> None:
    """At its start it pays what the ladder without it pays there; below, a band above changes nothing."""
    joined = 0
    for each, dice in ladders():
        last = each.bands[-1]
        if len(each.bands) == 1:
            continue
        below = replace(each, bands=each.bands[:-1])
        for measure in measures(each, dice):
            if each.band(measure) != last:
                assert amount(each.pays(measure)) == amount(below.pays(measure))
        if last.basis == "excess":
            # where the last band is open at its start, the ladder pays there what is below it; as a limit that is the same
            assert amount(each.pays(last.start)) == amount(below.pays(last.start))
            joined += 1
    assert joined > COUNT // 8


@pytest.mark.parametrize("basis", ["whole", "excess"])
def test_more_is_never_paid_less_where_rates_rise(basis: str) -> None:
    """Rates of 0 or more that rise, whole; or of any order, on the excess: a larger measure is paid no less."""
    for seed in range(COUNT // 3):
        dice = Random(seed)
        made = ladder(dice, KINDS[seed % 3], basis=basis)
        rates = [dice.randint(0, 60) for _ in made.bands]
        rates = sorted(rates) if basis == "whole" else rates
        bands = tuple(replace(band, rate=rate) for band, rate in zip(made.bands, rates, strict=True))
        made = Ladder(made.kind, (replace(bands[0], basis="whole"), *bands[1:]), ("rounding: up to 3 yuan",))
        paid = [amount(made.pays(measure)) for measure in sorted({*measures(made, dice)})]
        assert paid == sorted(paid), made.yaml()


def test_a_multiplier_multiplies_lumps_and_units_alike() -> None:
    """`times` makes everything so many times as much, and nothing where it is 0."""
    for each, dice in ladders():
        if each.kind == "money":
            continue
        timed = replace(each, more=("rounding: down to 1 fen", "times: audience"))
        for measure in measures(each, dice):
            once = amount(each.pays(measure))
            assert [amount(timed.pays(measure, audience=n)) for n in (0, 1, 7)] == [
                once * n for n in (0, 1, 7)
            ]


def test_a_cap_and_a_floor_bound_the_amount_and_nothing_else() -> None:
    """The amount is what it would be, but no more than the cap and no less than the floor."""
    bounded = 0
    for each, dice in ladders():
        cap = dice.randint(0, 3000)
        floor = dice.randint(-300, cap)
        held = replace(each, more=(*each.more, f"cap: {cap} yuan", f"floor: {floor} yuan"))
        for measure in measures(each, dice):
            free = amount(each.pays(measure))
            found = held.pays(measure)
            assert amount(found) == max(min(free, Decimal(cap)), Decimal(floor))
            assert [line.band for line in found.lines if line.band in {"cap", "floor"}] == (
                ["cap"] * (free > cap) + ["floor"] * (free < floor)
            )
            bounded += not floor <= free <= cap
    assert bounded > COUNT


MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "up": ROUND_UP, "down": ROUND_DOWN}


@pytest.mark.parametrize("mode", MODES)
def test_rounding_is_that_of_the_decimal_module(mode: str) -> None:
    """To a fen and to a yuan, of what is exactly paid: the same ladder a hundred times over says what that is."""
    uneven = 0
    for each, dice in islice(ladders(), COUNT // 2):
        exact_times = replace(each, more=("rounding: down to 1 fen", "times: audience"))
        for unit, places in (("1 yuan", "1"), ("10 fen", "0.1")):
            rounded = replace(each, more=(f"rounding: {mode} to {unit}",))
            for measure in measures(each, dice, 7):
                if each.kind == "money":
                    exact = amount(each.pays(measure))
                else:
                    exact = amount(exact_times.pays(measure, 7, audience=100)) / 100
                assert amount(rounded.pays(measure, 7)) == exact.quantize(Decimal(places), MODES[mode])
                uneven += exact != exact.quantize(Decimal(places), ROUND_DOWN)
    assert uneven > COUNT // 4


# ---------------------------------------------------------------------------------------------------
# The shipped policies


@cache
def shipped() -> dr.PolicyBook:
    return dr.load(POLICIES)


def paid(decision: str, subject: str, **facts: Any) -> Decimal:
    """Return what a shipped payout pays."""
    return amount(shipped().evaluate_facts(subject, facts, as_of=D).payout(decision))


def test_the_recall_bonus_doubles_with_the_campaign() -> None:
    """A campaign k times as large with k times as many returned pays k times the bonus; one more never pays less."""
    for target in (1, 10, 107, 110, 115):
        amounts = []
        for returned in range(3 * target + 1):
            once = paid("recall_bonus", "recall_campaign", returned=returned, recall_target=target)
            amounts.append(once)
            for k in (2, 9):
                many = paid(
                    "recall_bonus", "recall_campaign", returned=returned * k, recall_target=target * k
                )
                assert many == once * k
        assert amounts == sorted(amounts)


def test_the_satisfaction_reward_counts_heads_and_not_answers() -> None:
    """The same share of more answers is the same reward; k heads are k rewards; more satisfied are never worth less."""
    for cadence in ("weekly", "monthly", "yearly"):
        amounts = []
        for satisfied in range(41):
            given = {"cadence": cadence, "headcount": 1}
            once = paid("satisfaction_reward", "follow_up_result", surveyed=40, satisfied=satisfied, **given)
            amounts.append(once)
            larger = {**given, "surveyed": 120, "satisfied": satisfied * 3}
            assert paid("satisfaction_reward", "follow_up_result", **larger) == once
            assert paid("satisfaction_reward", "follow_up_result", **{**larger, "headcount": 7}) == once * 7
        assert amounts == sorted(amounts)


def test_the_return_penalty_is_the_same_for_each_one_missing() -> None:
    """Nothing for none, and as much again for each."""
    amounts = [paid("return_penalty", "consultant_month", shortfall=missing) for missing in range(60)]
    assert amounts == [amounts[1] * missing for missing in range(60)]
    assert amounts[1] < 0


def test_the_prepay_reward_is_a_lump() -> None:
    """However much is prepaid."""
    facts = {"insured": True}
    amounts = {
        paid("prepay_reward", "repair_order", premium_prepaid=yuan, **facts)
        for yuan in ("0.01", "1", "1000", "999999.99")
    }
    assert len(amounts) == 1
    assert paid("prepay_reward", "repair_order", premium_prepaid=0, **facts) == 0
