"""Diagrams: sets of points of a finite space, kept as ordered decision diagrams; the algebra of the analyser.

Place in the flow: below everything else of the analyser, and knowing nothing of policies. A space has axes of so
many cells each; a set of its points is a number, and equal sets are equal numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EMPTY: Final = 0
FULL: Final = 1
MAX_NODES: Final = 400_000
"""Of one space: beyond that, what is asked is too large to be worked out."""

Edges = tuple[tuple[int, int], ...]
"""Runs of cells with the set that follows: where the run ends (not in it), and that set."""
Cells = Sequence[tuple[int, int]]
"""Runs of cells: where each begins, and where it ends (not in it)."""


class TooLargeError(Exception):
    """The sets that were asked for take more room than is given to them."""


class Diagrams:
    """All sets of one space; operations return the number of the set that comes out.

    Args:
        sizes: how many cells each axis has.

    Examples:
        >>> sets = Diagrams([3, 2])
        >>> low, yes = sets.cells(0, [(0, 2)]), sets.cells(1, [(1, 2)])
        >>> both = sets.both(low, yes)
        >>> sets.minus(both, low) == EMPTY, sets.either(low, sets.negate(low)) == FULL
        (True, True)
        >>> sets.point(both)
        {0: 0, 1: 1}
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self._axis = [len(self.sizes), len(self.sizes)]
        self._edges: list[Edges] = [(), ()]
        self._numbers: dict[tuple[int, Edges], int] = {}
        self._both: dict[tuple[int, int], int] = {}
        self._not: dict[int, int] = {EMPTY: FULL, FULL: EMPTY}

    # --- making sets ----------------------------------------------------------------------------------

    def _node(self, axis: int, runs: Iterable[tuple[int, int]]) -> int:
        merged: list[tuple[int, int]] = []
        for end, child in runs:
            if merged and merged[-1][1] == child:
                merged[-1] = (end, child)
            else:
                merged.append((end, child))
        if len(merged) == 1:
            return merged[0][1]
        key = (axis, tuple(merged))
        found = self._numbers.get(key)
        if found is None:
            if len(self._axis) >= MAX_NODES:
                raise TooLargeError
            found = self._numbers[key] = len(self._axis)
            self._axis.append(axis)
            self._edges.append(key[1])
        return found

    def cells(self, axis: int, runs: Cells) -> int:
        """Return the points whose cell on an axis lies in some runs, which rise and do not touch each other."""
        edges: list[tuple[int, int]] = []
        at = 0
        for start, end in runs:
            if start > at:
                edges.append((start, EMPTY))
            edges.append((end, FULL))
            at = end
        if at < self.sizes[axis]:
            edges.append((self.sizes[axis], EMPTY))
        return self._node(axis, edges)

    def box(self, cells: Mapping[int, Cells]) -> int:
        """Return the points that lie in some runs of each of some axes."""
        made = FULL
        for axis in sorted(cells, reverse=True):
            made = self.both(self.cells(axis, cells[axis]), made)
        return made

    # --- algebra --------------------------------------------------------------------------------------

    def negate(self, one: int) -> int:
        """Return all other points."""
        found = self._not.get(one)
        if found is None:
            edges = [(end, self.negate(child)) for end, child in self._edges[one]]
            found = self._node(self._axis[one], edges)
            self._not[one], self._not[found] = found, one
        return found

    def both(self, one: int, other: int) -> int:
        """Return the points of both sets."""
        if one > other:
            one, other = other, one
        if one in (EMPTY, other):
            return one
        if one == FULL:
            return other
        found = self._both.get((one, other))
        if found is None:
            found = self._both[one, other] = self._meet(one, other)
        return found

    def _meet(self, one: int, other: int) -> int:
        axis, beside = self._axis[one], self._axis[other]
        if axis != beside:
            if axis > beside:
                axis, one, other = beside, other, one
            return self._node(axis, [(end, self.both(child, other)) for end, child in self._edges[one]])
        runs: list[tuple[int, int]] = []
        left, right = self._edges[one], self._edges[other]
        at = to = 0
        while at < len(left):
            (end, child), (limit, against) = left[at], right[to]
            runs.append((min(end, limit), self.both(child, against)))
            at += end <= limit
            to += limit <= end
        return self._node(axis, runs)

    def either(self, one: int, other: int) -> int:
        """Return the points of one set or the other."""
        return self.negate(self.both(self.negate(one), self.negate(other)))

    def minus(self, one: int, other: int) -> int:
        """Return the points of one set that are not of the other."""
        return self.both(one, self.negate(other))

    def any_of(self, sets: Iterable[int]) -> int:
        """Return the points of any of some sets."""
        return self.negate(self.all_of([self.negate(each) for each in sets]))

    def all_of(self, sets: Iterable[int]) -> int:
        """Return the points of all of some sets; joined two by two, which keeps what lies between small."""
        left = list(sets)
        while len(left) > 1:
            left = [
                self.both(left[at], left[at + 1]) if at + 1 < len(left) else left[at]
                for at in range(0, len(left), 2)
            ]
        return left[0] if left else FULL

    # --- looking at sets ------------------------------------------------------------------------------

    def axis_of(self, one: int) -> int:
        """Return the first axis that a set asks; one past the last for all points and for none."""
        return self._axis[one]

    def follow(self, one: int, cell: int) -> int:
        """Return what is left of a set where the first axis that it asks lies in a cell."""
        for end, child in self._edges[one]:
            if cell < end:
                return child
        raise IndexError(cell)

    def holds(self, one: int, cells: Sequence[int]) -> bool:
        """Tell whether a point, given by its cell on every axis, is in a set."""
        while one > FULL:
            one = self.follow(one, cells[self._axis[one]])
        return one == FULL

    def point(self, one: int) -> dict[int, int]:
        """Return a point of a set that is not empty: a cell for each axis that matters."""
        found: dict[int, int] = {}
        while one != FULL:
            start = 0
            for end, child in self._edges[one]:
                if child != EMPTY:
                    found[self._axis[one]] = start
                    one = child
                    break
                start = end
        return found

    def boxes(self, one: int, beside: int = EMPTY) -> Iterator[dict[int, list[tuple[int, int]]]]:
        """Yield large boxes that together hold every point of a set, and else only points of `beside`."""
        within = self.either(one, beside)
        cuts = self._cuts(within)
        rest = one
        while rest != EMPTY:
            box = {axis: [(cell, cell + 1)] for axis, cell in self.point(rest).items()}
            box = self._grown(box, within, cuts)
            yield box
            rest = self.minus(rest, self.box(box))

    def _cuts(self, one: int) -> dict[int, list[int]]:
        """Return, for each axis, the cells at which a set changes: between two of them all cells are alike."""
        cuts: dict[int, set[int]] = {}
        seen, stack = {EMPTY, FULL}, [one]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            at = cuts.setdefault(self._axis[node], {0})
            for end, child in self._edges[node]:
                at.add(end)
                stack.append(child)
        return {axis: sorted(at) for axis, at in cuts.items()}

    def _grown(
        self, box: dict[int, list[tuple[int, int]]], within: int, cuts: Mapping[int, list[int]]
    ) -> dict[int, list[tuple[int, int]]]:
        """Return a box made as large as it can be inside a set: axes that do not matter are left out."""
        for axis in list(box):  # first what needs no word at all, then how far the words reach
            box = self._dropped(box, axis, within)
        for axis in list(box):
            marks = cuts.get(axis, [0, self.sizes[axis]])
            parts = list(zip(marks, marks[1:], strict=False))
            cell = box[axis][0][0]
            first = next(at for at, (start, end) in enumerate(parts) if start <= cell < end)
            kept = {first}
            # the parts beside it first, upwards and downwards, then those that lie apart
            up, down = range(first + 1, len(parts)), range(first - 1, -1, -1)
            for at in [*up, *down]:
                if self.covers(within, {**box, axis: [parts[at]]}):
                    kept.add(at)
            box = {**box, axis: _joined([parts[at] for at in sorted(kept)])}
        return box

    def _dropped(
        self, box: dict[int, list[tuple[int, int]]], axis: int, within: int
    ) -> dict[int, list[tuple[int, int]]]:
        whole = {key: runs for key, runs in box.items() if key != axis}
        return whole if self.covers(within, whole) else box

    def covers(self, one: int, box: Mapping[int, Cells]) -> bool:
        """Tell whether every point of a box is in a set."""
        seen: set[int] = {FULL}
        stack = [one]
        while stack:
            node = stack.pop()
            if node == EMPTY:
                return False
            if node in seen:
                continue
            seen.add(node)
            runs = box.get(self._axis[node])
            start = 0
            for end, child in self._edges[node]:
                if runs is None or any(low < end and start < high for low, high in runs):
                    stack.append(child)
                start = end
        return True


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return rising runs with those that touch made one."""
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
