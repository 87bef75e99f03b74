"""The handbook's curves: what a list of bands pays along its measure, for ``charts`` to draw.

Place in the flow: between ``handbook.bench``, on which every point is evaluated, and ``handbook.examples``. A curve is
followed just beside every bound too, so that a jump shows which of its ends belongs to the line.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dealerrules.charts import Curve
from dealerrules.values import Kind, reduced

if TYPE_CHECKING:
    from dealerrules.handbook.runs import Run
    from dealerrules.wording import Wording

_SAMPLES: Final = 16
"""Pieces between two bounds."""
_NEAR: Final = Fraction(1, 1000)
"""How near to a bound a curve is followed, in steps of the input."""

Point = tuple[Fraction, Fraction]
"""A value of the measure, and what is paid in yuan."""


def curve_of(run: Run, words: Wording, *, lump: bool) -> Curve | None:
    """Return what is paid as one input runs; none where the measure has no place on a line.

    Args:
        run: the input.
        words: how things are called.
        lump: whether the last band pays the same all along.
    """
    bounds = [met for met in run.met if met is not None]
    if run.kind is Kind.DATE or not bounds or len(bounds) < len(run.met):
        return None
    ahead = 1 if run.rising else -1
    ends = [*bounds, bounds[-1] + ahead * _beyond(run, bounds)]
    cap = run.limits("cap") if run.rising and not lump else None
    if cap is not None and bounds[-1] < cap[1] <= 6 * ends[-1]:
        ends[-1:] = [cap[1], cap[1] + max(1, cap[1] // 6)]
    if lump and run.still and run.marks[-1] == 1:  # all of them: there are no more
        ends.pop()
    first, *others = bounds
    shown = bounds
    if len(others) > 1 and abs(others[0] - first) > 4 * abs(ends[-1] - others[0]):
        shown = others  # the first band is cut short, so that the others are seen
        ends[0] = others[0] - ahead * 2 * abs(ends[-1] - others[0])
    pieces = [piece for low, high in pairwise(ends) if (piece := _piece(run, low, high, ahead))]
    tall = max((abs(paid) for piece in pieces for _, paid in piece), default=Fraction(0))
    full, empty = _dots(run, shown, tall)
    places = dict.fromkeys(place for bound in shown if (place := _place(run, bound)) is not None)
    ticks = tuple((place, _tick(place, run, words)) for place in places)
    return Curve(tuple(pieces), full, empty, ticks) if pieces else None


def _amount(run: Run, at: int | Fraction) -> Fraction | None:
    """Return what is paid after so many steps, in yuan."""
    paid = run.bench.decided(run.given(at)).amount
    return Fraction(paid, 100) if paid is not None else None


def _place(run: Run, at: int | Fraction) -> Fraction | None:
    """Return the measure after so many steps."""
    value = run.measured(at)
    return Fraction(value) if isinstance(value, int | Fraction) and not isinstance(value, bool) else None


def _beyond(run: Run, bounds: list[int]) -> int:
    """Return how far a curve goes on behind the last bound."""
    room = abs(bounds[-1]) if run.rising else bounds[-1] - run.ends[0]
    return max(1, 3 * max(abs(bounds[-1] - bounds[0]), room) // 10) if bounds[-1] else run.plain


def _piece(run: Run, low: int, high: int, ahead: int) -> tuple[Point, ...]:
    """Return points between two bounds, from just behind the first to just before the second."""
    inner = [low + Fraction((high - low) * at, _SAMPLES) for at in range(1, _SAMPLES)]
    points = []
    for at in [low + ahead * _NEAR, *inner, high - ahead * _NEAR]:
        place, paid = _place(run, at), _amount(run, at)
        if place is not None and paid is not None:
            points.append((place, paid))
    return tuple(points)


def _dots(run: Run, bounds: list[int], tall: Fraction) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """Return where a curve jumps: the points that belong to it, and the ends beside them that do not."""
    full: list[Point] = []
    empty: list[Point] = []
    for bound in dict.fromkeys(bounds):
        place, exact = _place(run, bound), _amount(run, bound)
        if place is None or exact is None:
            continue
        near = [_amount(run, bound + side * _NEAR) for side in (-1, 1)]
        jumps = [each for each in near if each is not None and abs(each - exact) * 200 > tall]
        full += [(place, exact)] if jumps or None in near else []
        empty += [(place, each) for each in jumps]
    return tuple(full), tuple(empty)


def _tick(place: Fraction, run: Run, words: Wording) -> str:
    """Return a bound as it stands below the line."""
    return words.value(reduced(place), run.measure).replace(".00", "")
