"""Pay: payouts that pay less for more, jump where nobody means it, or have a band or bound that does nothing.

Place in the flow: the analyser's part for payouts. Amounts on both sides of a band's start are settled by the
reference interpreter, on inputs that are supposed, so that what a finding says is what would be paid.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from dealerrules.analysis.findings import money
from dealerrules.analysis.tables import check_gaps, check_possible
from dealerrules.analysis.writing import facts
from dealerrules.diagnostics import Phrase
from dealerrules.engines.row import Interpreter, Step, compare
from dealerrules.expr import All, Arithmetic, Compare, Comparison, Constant, Expr, Fact, Operator, type_of
from dealerrules.policy.document import PayoutShape
from dealerrules.policy.model import Payout
from dealerrules.values import Kind, Maybe, ceiling, floor, reduced, show
from dealerrules.verdict import settle
from dealerrules.wording import Wording, basis, bounds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealerrules.analysis.findings import Desk
    from dealerrules.analysis.space import Sample
    from dealerrules.policy.model import Rule
    from dealerrules.records import Event

_FURTHER = 10_000
"""Fen beyond a band's start at which the effect of a share is shown."""
BASES = (100, 1_000_000, 1, 2, 3, 5, 10, 20, 50, 1_000)
"""How large what a ratio divides by is supposed to be: a cliff that depends on it shows at one end or the other."""


def check_payout(desk: Desk) -> None:
    """Report what is wrong with a payout."""
    payout, shape = desk.decision, desk.source.shape
    assert isinstance(payout, Payout)
    assert isinstance(shape, PayoutShape)
    holds = check_possible(desk, "DR724", "band")
    if payout.cap is not None and payout.floor is not None and _number(payout.cap) < _number(payout.floor):
        cap, least = (desk.say(bound) for bound in (payout.cap, payout.floor))
        desk.report("DR723", shape.span("cap"), [], cap=cap, floor=least)
    if payout.measure is not None:
        for bands in _ladders(payout, holds):
            _Ladder(desk, payout, payout.measure, bands, holds).check()
    check_gaps(desk)


def _number(value: Constant) -> int | Fraction:
    """Return a number of the policy."""
    assert isinstance(value.value, int | Fraction)
    return value.value


def _ladders(payout: Payout, holds: dict[str, int]) -> Iterator[list[Rule]]:
    """Yield the bands that stand one above the other: those of one value of `by` together, by where they begin."""
    assert payout.measure is not None
    groups: dict[object, list[tuple[tuple[int | Fraction, bool], Rule]]] = defaultdict(list)
    for rule in payout.rules:
        low, _ = bounds(rule.when, payout.measure)
        if low is None or rule.id not in holds or not isinstance(low.right.value, int | Fraction):  # type: ignore[union-attr]
            continue
        parts = rule.when.items if isinstance(rule.when, All) else (rule.when,)
        beside = frozenset(part for part in parts if not _on(part, payout.measure))
        start = (low.right.value, low.how is Comparison.MORE_THAN)  # type: ignore[union-attr]
        groups[beside].append((start, rule))
    for bands in groups.values():
        yield [rule for _, rule in sorted(bands, key=lambda each: each[0])]


def _on(part: Expr, measure: Expr) -> bool:
    return isinstance(part, Compare) and part.left == measure


@dataclass(frozen=True, slots=True)
class _Point:
    """An input of a payout: the measure, and where that is a ratio, units and what they are divided by."""

    measure: int | Fraction
    units: int | Fraction | None = None
    base: int | None = None


class _Supposed(Interpreter):
    """The reference interpreter, with values supposed for some expressions."""

    supposed: dict[Expr, Maybe]

    def step(self, expr: Expr, event: Event | None = None) -> Step:
        """Return what is supposed of an expression, else its value."""
        if expr in self.supposed:
            return Step(expr, self.supposed[expr])
        return super().step(expr, event)


_FALLS = Phrase("多做反而少得", "more earns less")
_EASES = Phrase("差得更多反而罚得更少", "more is fined less")


@dataclass(slots=True)
class _Ladder:
    """Bands that stand one above the other."""

    desk: Desk
    payout: Payout
    measure: Expr
    bands: list[Rule]
    holds: dict[str, int]
    samples: dict[str, Sample] = field(default_factory=dict)

    def check(self) -> None:
        """Look at each start of a band from both sides, and into bands with a rate."""
        rising = self._rising()
        for below, rule in zip(self.bands, self.bands[1:], strict=False):
            told = self._cliff(below, rule, rising=rising)
            way, _ = basis(self.payout, rule.id)
            way_below, _ = basis(self.payout, below.id)
            if not told and way == "whole" and way_below == "excess":
                self._jump(below, rule)
            if way == "excess" and way_below != "lump":
                self._rate_falls(below, rule)
        for rule in self.bands:
            rate = self._rate(rule)
            if rate is not None and (rate < 0 if rising else rate > 0):
                self._falls_inside(rule)

    # --- amounts --------------------------------------------------------------------------------------

    def _pays(self, rule: Rule, at: _Point, beside: Rule) -> int | None:
        """Return what a band pays at an input, once, in fen; none where nobody of another band's kind is there."""
        desk, payout = self.desk, self.payout
        sample = self._sample(beside)
        interpreter = _Supposed(desk.edition, payout.subject, sample.as_of, facts=self._facts(beside))
        interpreter.supposed = {self.measure: at.measure}
        ratio = self._ratio()
        if ratio is not None:
            interpreter.supposed |= {ratio.left: at.units, ratio.right: at.base}
        if interpreter.step(rule.when).truth is not True:
            return None
        pairs = [
            (
                interpreter.step(line.units).value if line.units is not None else None,
                interpreter.step(line.amount).value,
            )
            for line in payout.lines[rule.id]
        ]
        settled = settle(payout, rule.id, pairs, 1)
        return None if settled is None else settled[0]

    def _sample(self, rule: Rule) -> Sample:
        """Return one subject whom a band is for."""
        if rule.id not in self.samples:
            self.samples[rule.id] = self.desk.space.sample(self.holds[rule.id])
        return self.samples[rule.id]

    def _facts(self, rule: Rule) -> dict[str, Maybe]:
        """Return what is read of a subject beside the measure: whom a band is for, and how often it is paid."""
        found = dict(self._sample(rule).facts)
        if isinstance(self.measure, Fact):
            found.pop(self.measure.name, None)
        if isinstance(self.payout.times, Fact):
            found.setdefault(self.payout.times.name, 1)
        return found

    def _ratio(self) -> Arithmetic | None:
        """Return the measure as a ratio, where it is one."""
        found = self.measure
        if isinstance(found, Fact):
            found = self.desk.edition.fact(self.payout.subject, found.name).expr
        return found if isinstance(found, Arithmetic) and found.how is Operator.RATIO else None

    def _start(self, rule: Rule) -> tuple[int | Fraction, bool]:
        """Return where a band begins, and whether that value is in it."""
        low, _ = bounds(rule.when, self.measure)
        assert low is not None
        assert isinstance(low.right, Constant)
        return _number(low.right), low.how is Comparison.AT_LEAST

    def _sides(self, rule: Rule) -> Iterator[tuple[_Point, _Point]]:
        """Yield the last input below a band's start, and the first one in it."""
        start, included = self._start(rule)
        if self._ratio() is None:
            step = Fraction(1, 1000) if type_of(self.measure).kind in {Kind.RATIO, Kind.NUMBER} else 1
            if included:
                yield _Point(reduced(Fraction(start - step))), _Point(start)
            else:
                yield _Point(start), _Point(reduced(Fraction(start + step)))
            return
        starts = [Fraction(self._start(each)[0]).denominator for each in self.bands]
        whole = lcm(*starts)
        for base in dict.fromkeys((whole * max(1, round(100 / whole)), *BASES)):
            at = Fraction(start) * base
            high = ceiling(at) if included else floor(at) + 1
            yield (
                _Point(reduced(Fraction(high - 1, base)), high - 1, base),
                _Point(reduced(Fraction(high, base)), high, base),
            )

    def _in(self, rule: Rule, at: _Point) -> bool:
        """Tell whether a band holds an input."""
        low, high = bounds(rule.when, self.measure)
        return all(_meets(test, at.measure) for test in (low, high) if test is not None)

    def _both_sides(self, below: Rule, rule: Rule) -> Iterator[tuple[_Point, _Point, int, int]]:
        """Yield inputs on both sides of a band's start with what is paid there."""
        for low, high in self._sides(rule):
            if self._in(below, low) and self._in(rule, high):
                less, more = self._pays(below, low, rule), self._pays(rule, high, rule)
                if less is not None and more is not None:
                    yield low, high, less, more

    # --- findings -------------------------------------------------------------------------------------

    def _rate(self, rule: Rule) -> Fraction | None:
        line = next((line for line in self.payout.lines[rule.id] if line.band == rule.id), None)
        return None if line is None or line.units is None else Fraction(_number(line.rate))

    def _rising(self) -> bool:
        """Tell whether more is meant to earn more: of fines, more is meant to cost more."""
        paid = [_number(line.rate) for rule in self.bands for line in self.payout.lines[rule.id]]
        if all(rate >= 0 for rate in paid) or all(rate <= 0 for rate in paid):
            return any(rate > 0 for rate in paid)
        lines = [self.payout.lines[rule.id][-1] for rule in self.bands]
        first = next(line for line in lines if _number(line.rate) != 0)
        if first.units is not None:  # what each unit brings at first is what is meant
            return _number(first.rate) > 0
        return _number(first.rate) <= _number(lines[-1].rate)

    def _cliff(self, below: Rule, rule: Rule, *, rising: bool) -> bool:
        for low, high, less, more in self._both_sides(below, rule):
            if more < less if rising else more > less:
                self._report("DR721", rule, low, high, less, more, {"what": _FALLS if rising else _EASES})
                return True
            if low.base == BASES[1] and self._in_proportion(below, rule):
                break  # then what is divided by changes both amounts alike, but for the one unit between
        return False

    def _in_proportion(self, *rules: Rule) -> bool:
        """Tell whether all that is paid grows with the units, so that there is no lump to make up for."""
        return all(line.units is not None for rule in rules for line in self.payout.lines[rule.id])

    def _falls_inside(self, rule: Rule) -> None:
        """Report a band in which each further unit takes from what the ones before earned."""
        for at, (_, first) in enumerate(self._sides(rule)):
            step = 1
            if first.base is None:
                second = _Point(first.measure + step)
            else:
                assert first.units is not None
                units = first.units + step
                second = _Point(reduced(Fraction(units) / first.base), units, first.base)
            if self._in(rule, first) and self._in(rule, second):
                less, more = self._pays(rule, first, rule), self._pays(rule, second, rule)
                if less is not None and more is not None and less != more:
                    what = _FALLS if more < less else _EASES
                    self._report("DR721", rule, first, second, less, more, {"what": what})
                    return
            if at > len(BASES):
                return

    def _jump(self, below: Rule, rule: Rule) -> None:
        for low, high, less, more in self._both_sides(below, rule):
            rate = self._rate(rule)
            if rate is not None and abs(more - less) > abs(rate):
                self._report("DR725", rule, low, high, less, more)
                return

    def _rate_falls(self, below: Rule, rule: Rule) -> None:
        before, rate = self._rate(below), self._rate(rule)
        if before is None or rate is None or abs(rate) >= abs(before) or before * rate < 0:
            return
        for low, first, less, first_pays in self._both_sides(below, rule):
            high, more = first, first_pays
            if type_of(self.measure).kind is Kind.MONEY:  # one fen further nobody sees what a share of it is
                further = _Point(first.measure + _FURTHER)
                pays = self._pays(rule, further, rule) if self._in(rule, further) else None
                high, more = (further, pays) if pays is not None else (first, first_pays)
            shown = {"rate": self._rate_words(rule), "before": self._rate_words(below)}
            self._report("DR722", rule, low, high, less, more, shown)
            return

    def _rate_words(self, rule: Rule) -> Phrase:
        line = next(line for line in self.payout.lines[rule.id] if line.band == rule.id)
        return self.desk.say(line.rate)

    def _report(
        self,
        code: str,
        rule: Rule,
        low: _Point,
        high: _Point,
        less: int,
        more: int,
        also: Mapping[str, Phrase] | None = None,
    ) -> None:
        self.desk.report(
            code,
            self.desk.place(rule.id),
            [rule.id],
            low=self._words(rule, low),
            high=self._words(rule, high),
            low_pays=money(less),
            high_pays=money(more),
            also=also,
        )

    def _words(self, rule: Rule, at: _Point) -> Phrase:
        """Return an input as facts, `{returned: 77, recall_target: 110}`, or in words where they have no names."""
        ratio = self._ratio()
        values: list[tuple[Expr, Maybe]] = [(self.measure, at.measure)]
        if ratio is not None:
            values = [(ratio.left, at.units), (ratio.right, at.base)]
        if all(isinstance(expr, Fact) for expr, _ in values):
            named = self._facts(rule)
            named |= {expr.name: value for expr, value in values if isinstance(expr, Fact)}
            types = self.desk.edition.given_types(self.payout.subject)
            written = facts(named, {name: types[name].kind for name in named})
            return Phrase(f"`{written}`", f"`{written}`")
        said = []
        for lang in ("zh", "en"):
            wording = Wording(self.desk.edition, self.payout.subject, lang)
            said.append(
                (", " if lang == "en" else "，").join(
                    f"{wording.say(expr)} {show(value, _kind(expr), lang)}" for expr, value in values
                )
            )
        return Phrase(*said)


def _kind(expr: Expr) -> Kind:
    return type_of(expr).kind


def _meets(test: Compare, value: int | Fraction) -> bool:
    assert isinstance(test.right, Constant)
    return compare(test.how, value, test.right.value) is True
