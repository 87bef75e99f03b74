"""The handbook's runs: one input of a measure goes from value to value while the others stand still.

Place in the flow: on top of ``handbook.bench``. Where a band begins on the way is found by halving what lies between two
values, each evaluated; so the examples stand on both sides of every bound, however the measure is worked out.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

from dealerrules.engines.row import compare
from dealerrules.expr import Compare, Comparison, Constant, Expr
from dealerrules.handbook.bench import BASES, STEPS, Bench, Given, base_of
from dealerrules.policy.model import Payout
from dealerrules.values import Kind, Maybe, Value, reduced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Run:
    """One input that runs from value to value while the others stand still, and the measure that follows it.

    Attributes:
        bench: where it is tried.
        measure: what is measured.
        starts: where bands begin, in rising order.
        driver: the input that runs.
        still: the other inputs of the measure.
        fixed: facts that the measure does not read.
    """

    def __init__(
        self,
        bench: Bench,
        measure: Expr,
        starts: Sequence[Compare],
        driver: str,
        still: Given,
        fixed: Given,
    ) -> None:
        self.bench, self.measure, self.starts, self.driver = bench, measure, starts, driver
        self.still, self.fixed = still, fixed
        self.kind = bench.type_of(driver).kind
        self.marks = [start.right.value for start in starts if isinstance(start.right, Constant)]

    @cached_property
    def step(self) -> int | Fraction:
        """How far one value is from the next."""
        steps = STEPS[self.kind]
        if self.still or self.kind is Kind.DATE:  # the marks are of another unit
            return steps[0]
        marks = [mark for mark in self.marks if isinstance(mark, int | Fraction)]
        return next((each for each in steps if all(mark % each == 0 for mark in marks)), steps[-1])

    @property
    def plain(self) -> int:
        """A plain value of the input, in steps: where it goes when no bound says how far."""
        return int(base_of(self.kind) / self.step) if self.kind in BASES else 100

    @cached_property
    def ends(self) -> tuple[int, int]:
        """The first and the last value, in steps."""
        if self.kind is Kind.DATE:
            days = [mark.toordinal() for mark in self.marks if isinstance(mark, date)]
            return max(1, min(days) - 400), min(date.max.toordinal(), max(days) + 400)
        high = self.plain + ceil(max(2 * _largest(self.marks), 4 * _largest(self.still.values())) / self.step)
        below = any(isinstance(mark, int | Fraction) and mark < 0 for mark in self.marks)
        return (-high if below else 0), high

    def value(self, at: int | Fraction) -> Value:
        """Return the value of the input after so many steps."""
        return date.fromordinal(int(at)) if self.kind is Kind.DATE else reduced(Fraction(at * self.step))

    def given(self, at: int | Fraction) -> Given:
        """Return the facts after so many steps."""
        return {**self.fixed, **self.still, self.driver: self.value(at)}

    def measured(self, at: int | Fraction) -> Maybe:
        """Return the measure after so many steps."""
        return self.bench.on(self.given(at)).step(self.measure).value

    @cached_property
    def rising(self) -> bool:
        """Whether the measure rises with the input."""
        low, high = (self.measured(end) for end in self.ends)
        return compare(Comparison.LESS_THAN, high, low) is not True

    @cached_property
    def turns(self) -> tuple[tuple[int, int] | None, ...]:
        """For each start the last value before it and the first in it; none where the input does not pass it."""
        return tuple(self._turn(start) for start in self.starts)

    def _turn(self, start: Compare) -> tuple[int, int] | None:
        assert isinstance(start.right, Constant)
        bound = start.right.value
        return turn_of(lambda at: compare(start.how, self.measured(at), bound) is True, *self.ends)

    def limits(self, word: str) -> tuple[int, int] | None:
        """Return the last value at which a cap or a floor does not bite, and the first at which it does."""

        def bites(at: int) -> bool:
            return any(entry.band == word for entry in self.bench.decided(self.given(at)).entries or ())

        return turn_of(bites, self.ends[0], 64 * self.ends[1]) if self.kind is not Kind.DATE else None

    @cached_property
    def met(self) -> tuple[int | None, ...]:
        """For each start the value at which the measure is just there; none where no value meets it."""
        turning = [at for turn in self.turns if turn is not None for at in turn]
        found: list[int | None] = []
        for number, (turn, mark) in enumerate(zip(self.turns, self.marks, strict=True)):
            near = turn if turn is not None else () if number else (*turning, *self.ends)
            found.append(next((each for each in near if self.measured(each) == mark), None))
        return tuple(found)

    @property
    def fit(self) -> tuple[int, int]:
        """How well the input shows the bands: how many of their starts it reaches, and how many it meets exactly."""
        reached = [
            turn is not None or met is not None for turn, met in zip(self.turns, self.met, strict=True)
        ]
        return sum(reached), sum(met is not None for met in self.met)

    def points(self, *, beyond: bool, limits: bool = True) -> list[int]:
        """Return the values on both sides of every start, and with `beyond` one well inside the last band.

        With `limits` also those on both sides of where a cap or a floor begins to bite.
        """
        found: set[int] = set()
        for turn, met in zip(self.turns, self.met, strict=True):
            found |= set(turn) if turn is not None else {met} if met is not None else set()
        if beyond and found and self.kind is not Kind.DATE:
            last = max(found) if self.rising else min(found)
            base = next((each for each in reversed(self.met) if each is not None), last)
            away = max(2, abs(base) * 3 // 10) if base else self.plain
            found.add(base + away if self.rising else max(self.ends[0], base - away))
        if limits and isinstance(self.bench.decision, Payout):
            words = [word for word in ("cap", "floor") if getattr(self.bench.decision, word) is not None]
            found |= {at for word in words for at in self.limits(word) or ()}
        return sorted(found, reverse=not self.rising)


def turn_of(inside: Callable[[int], bool], low: int, high: int) -> tuple[int, int] | None:
    """Return the last place before something begins to be so, and the first where it is; none where both ends agree.

    Examples:
        >>> turn_of(lambda at: at > 7, 0, 100), turn_of(lambda at: at < 7, 0, 100), turn_of(bool, 1, 9)
        ((7, 8), (7, 6), None)
    """
    if inside(low) == inside(high):
        return None
    before, after = (low, high) if inside(high) else (high, low)
    while abs(after - before) > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if inside(middle) else (middle, after)
    return before, after


def _largest(values: Iterable[Maybe]) -> Fraction:
    """Return the size of the largest number among some values."""
    sizes = [abs(Fraction(each)) for each in values if isinstance(each, int | Fraction)]
    return max(sizes, default=Fraction(0))


def best_run(bench: Bench, measure: Expr, starts: Sequence[Compare], fixed: Given) -> Run | None:
    """Return the input that shows the bands of a measure best; none where the measure cannot be led by one."""
    names = [name for name in bench.inputs(measure) or () if name not in bench.dated]
    fixed = {name: value for name, value in fixed.items() if name not in names}
    kinds = {name: bench.type_of(name).kind for name in names}
    if not names or not set(kinds.values()) <= set(STEPS) or (len(names) > 1 and Kind.DATE in kinds.values()):
        return None
    runs: list[Run] = []
    for driver in names:
        others = [name for name in names if name != driver]
        for size in range(3 if others else 1):
            still: Given = {name: base_of(kinds[name], size) for name in others}
            runs.append(Run(bench, measure, starts, driver, still, fixed))
            if runs[-1].fit == (len(starts), len(starts)):
                return runs[-1]
    best = max(runs, key=lambda run: run.fit)
    return best if best.fit[0] else None
