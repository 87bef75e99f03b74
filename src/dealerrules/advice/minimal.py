"""Minimal: the smallest sets of moves that lead into a set of points, all of them, read off the diagram.

Place in the flow: below the steps; it knows axes and moves, and nothing of words. A diagram asks one axis after the
other; from its end upwards, each part of it keeps the sets of moves of which no smaller one does as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealerrules.advice.moves import part_of
from dealerrules.analysis.diagrams import EMPTY, FULL, Diagrams, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dealerrules.advice.moves import Changes, Move

_MAX_SETS = 5_000

_Ways = list[tuple[int, int]]
"""Sets of moves, each as two numbers: a bit for each move in it, and a bit for each move that is part of one in it."""
_STAY = (0, 0)


@dataclass(frozen=True, slots=True)
class Choices:
    """The moves of one group, to stay first; `parts` are the other moves of the group that each one holds in it."""

    moves: Sequence[Move]
    parts: Sequence[Sequence[int]]


def choices(moves: Sequence[Move]) -> Choices:
    """Return moves with those that are a part of each: the same changes or fewer, going no farther."""
    parts = [
        [at for at, one in enumerate(moves) if at and part_of(one.changes, other.changes)] for other in moves
    ]
    return Choices(moves, parts)


class Search:
    """A search from one point.

    Args:
        sets: the algebra of the space.
        group_of: the group of each axis; axes of one group are moved together.
        choices_of: the moves of a group.
    """

    def __init__(
        self, sets: Diagrams, group_of: Mapping[int, int], choices_of: Callable[[int], Choices]
    ) -> None:
        self._sets, self._group_of, self._choices_of = sets, group_of, choices_of
        self._found: dict[tuple[int, tuple[tuple[int, int], ...]], _Ways] = {}
        self._last: dict[int, int] = {}
        for axis, group in group_of.items():
            self._last[group] = max(self._last.get(group, axis), axis)
        self._groups: dict[int, tuple[Sequence[Move], list[tuple[int, int]]]] = {}
        self._move_of_bit: list[Move] = []

    def into(self, region: int) -> list[Changes]:
        """Return every smallest set of changes that leads into a set; one without changes where that is enough.

        Raises:
            TooLargeError: for more of them than can be looked through.
        """
        return [self._changes(bits) for bits, _ in self._from(region, ())]

    def _changes(self, bits: int) -> Changes:
        moves = [move for at, move in enumerate(self._move_of_bit) if bits >> at & 1]
        return tuple(change for move in moves for change in move.changes)

    def _group(self, group: int) -> tuple[Sequence[Move], list[tuple[int, int]]]:
        """Return the moves of a group with their bits, and with the bits of all that are part of them."""
        found = self._groups.get(group)
        if found is None:
            made = self._choices_of(group)
            first = len(self._move_of_bit) - 1  # to stay has no bit
            self._move_of_bit += made.moves[1:]
            bits = [
                (1 << first + at if at else 0, sum(1 << first + part for part in parts))
                for at, parts in enumerate(made.parts)
            ]
            found = self._groups[group] = made.moves, bits
        return found

    def _from(self, node: int, decided: tuple[tuple[int, int], ...]) -> _Ways:
        sets = self._sets
        while node > FULL:  # axes that nobody can move, and those moved already, leave one way to go
            axis = sets.axis_of(node)
            group = self._group_of[axis]
            moves, _ = self._group(group)
            chosen = 0 if len(moves) == 1 else None
            for each, number in decided:
                if each == group:
                    chosen = number
            if chosen is None:
                break
            node = sets.follow(node, moves[chosen].cells[axis])
        if node == FULL:
            return [_STAY]
        if node == EMPTY:
            return []
        key = (node, decided)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._look(node, axis, group, decided)
        return found

    def _look(self, node: int, axis: int, group: int, decided: tuple[tuple[int, int], ...]) -> _Ways:
        moves, bits = self._group(group)
        decided = tuple(each for each in decided if self._last[each[0]] > axis)
        ways: _Ways = []
        if self._last[group] > axis:
            for number, move in enumerate(moves):
                child = self._sets.follow(node, move.cells[axis])
                rests = self._from(child, (*decided, (group, number)))
                if number == 0 and _STAY in rests:
                    return [_STAY]
                mine, parts = bits[number]
                ways += [(mine | rest, parts | its) for rest, its in rests]
        else:
            for number, child in self._apart(node, axis, moves, bits):
                rests = self._from(child, decided)
                if number == 0 and _STAY in rests:
                    return [_STAY]
                mine, parts = bits[number]
                ways += [(mine | rest, parts | its) for rest, its in rests]
        return smallest(ways)

    def _apart(
        self, node: int, axis: int, moves: Sequence[Move], bits: list[tuple[int, int]]
    ) -> Iterator[tuple[int, int]]:
        """Yield the moves that lead to different ends, to stay first; of those with one end, only the nearest."""
        ends: dict[int, list[int]] = {}
        for number, move in enumerate(moves):
            child = self._sets.follow(node, move.cells[axis])
            if child == EMPTY:
                continue
            nearer = ends.setdefault(child, [])
            if not any(one & bits[number][1] == one for one in nearer):
                nearer.append(bits[number][0])
                yield number, child


def smallest(ways: _Ways) -> _Ways:
    """Return the sets of moves of which no other one is a part, or the same and not as far.

    Raises:
        TooLargeError: for more than can be compared.
    """
    if len(ways) < 2:
        return ways
    kept: _Ways = []
    for bits, parts in ways:
        for other, _ in kept:
            if other & parts == other:
                break
        else:
            kept = [each for each in kept if bits & each[1] != bits]
            kept.append((bits, parts))
            if len(kept) > _MAX_SETS:
                raise TooLargeError
    return kept
