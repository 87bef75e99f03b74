"""Moves: what a change of facts does to the cells that a subject lies in; the steps of the search.

Place in the flow: a space has an axis for each thing that conditions look at. Axes that one fact moves together are
a group; a move says which facts change and in which cell each axis of the group then lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.advice.levers import Lever, Way, moved_along, rises
from dealerrules.analysis.diagrams import TooLargeError
from dealerrules.expr import Aggregate, Reduction
from dealerrules.values import ABSENT, Kind, Maybe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.analysis.axes import Axis, Cell
    from dealerrules.expr import Expr
    from dealerrules.policy.model import Edition

_MAX_MOVES = 2_000
"""Of one group, in one search."""
_FARTHEST = 10**12
"""How far a number is tried, in its smallest steps."""


_ADDING = frozenset({Way.MORE, Way.EVENT})


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that takes another value; `amount` tells how far that is, in the fact's own unit."""

    lever: Lever
    way: Way
    before: Maybe
    after: Maybe
    amount: int | Fraction = 1

    def within(self, other: Change) -> bool:
        """Tell whether the other change goes the same way, and at least as far; a repair is a visit too."""
        if self.lever is not other.lever:
            moved = other.way in _ADDING and self.lever.name in other.lever.moves
            return moved and (self.way is Way.EVENT or (self.way is Way.MORE and self.amount <= other.amount))
        if self.way is not other.way:
            return False
        if self.lever.scale and self.way is not Way.EVENT:
            return self.amount <= other.amount
        return self.after == other.after


Changes = tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Some changes, the facts that move along with them, and the cell of each axis of the group after them."""

    changes: tuple[Change, ...]
    facts: Mapping[str, Maybe]
    cells: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Group:
    """Axes that are moved together, the levers that move them, and the facts that each axis comes down to.

    `facts` are all that is read or moved.
    """

    axes: tuple[int, ...]
    levers: tuple[Lever, ...]
    reads: Mapping[int, frozenset[str]]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Here:
    """Where a subject is: its facts on its day, and how to work out a cell under other facts."""

    edition: Edition
    subject: str
    day: date
    facts: Mapping[str, Maybe]
    cells: Sequence[int]
    """The present cell of each axis."""
    read: Callable[[int, Mapping[str, Maybe]], int]
    """The cell of an axis, when some facts are others than they are."""


def moves(group: Group, axes: Sequence[Axis], here: Here) -> list[Move]:
    """Return every way to move a group's axes to other cells; the first is to leave them.

    Raises:
        TooLargeError: for more than can be looked through.
    """
    found: dict[Changes, Move] = {}
    _extend(group, axes, here, 0, (), {}, found)
    made = [Move((), {}, {at: here.cells[at] for at in group.axes})]
    for move in sorted(found.values(), key=lambda each: len(each.changes)):
        if not any(other.cells == move.cells and part_of(other.changes, move.changes) for other in made):
            made.append(move)
    return made


def part_of(one: Changes, other: Changes) -> bool:
    """Tell whether each change of one set stands in the other one too, going as far there or farther."""
    return all(any(change.within(each) for each in other) for change in one)


def _extend(
    group: Group,
    axes: Sequence[Axis],
    here: Here,
    at: int,
    changes: Changes,
    facts: Mapping[str, Maybe],
    found: dict[Changes, Move],
) -> None:
    """Add the moves that change more levers than those decided on so far."""
    for number in range(at, len(group.levers)):
        lever = group.levers[number]
        for change in _changes(lever, group, axes, here, facts):
            more = {**facts, **facts_after(change, here, facts)}
            cells = {axis: here.read(axis, more) for axis in group.axes}
            made = (*changes, change)
            if len(found) > _MAX_MOVES:
                raise TooLargeError
            found[made] = Move(made, more, cells)
            _extend(group, axes, here, number + 1, made, more, found)


def facts_after(change: Change, here: Here, facts: Mapping[str, Maybe]) -> dict[str, Maybe]:
    """Return the facts that a change makes others: its own, and those that its events are counted by as well."""
    lever = change.lever
    now = facts.get(lever.name, here.facts[lever.name])
    made: dict[str, Maybe] = {lever.name: change.after}
    if change.way is Way.RECORD or change.after == now:
        return made
    for name, root in lever.moves.items():
        value = facts.get(name, here.facts[name])
        if value is not None:
            made[name] = moved_along(root, by=_added(now, change.after), value=value, day=here.day)
    return made


def _added(now: Maybe, after: Maybe) -> int | Fraction:
    return after - now if isinstance(now, int | Fraction) and isinstance(after, int | Fraction) else 1


def _changes(
    lever: Lever, group: Group, axes: Sequence[Axis], here: Here, facts: Mapping[str, Maybe]
) -> Iterator[Change]:
    """Yield each change of one lever that brings an axis of its group into another cell."""
    before, now = here.facts[lever.name], facts.get(lever.name, here.facts[lever.name])
    for way in _ways(lever, now):
        for after in _values(lever, way, now, group, axes, here, facts):
            if after != before:
                yield Change(lever, way, before, after, _amount(lever, before, after))


def _ways(lever: Lever, now: Maybe) -> list[Way]:
    """Return the ways that a lever can go from where it is."""
    if now is None:
        ways = {Way.RECORD}
    elif lever.type.kind is Kind.DATE:
        ways = {Way.EVENT}
    elif lever.scale:
        ways = {Way.MORE, Way.LESS}
    else:
        ways = {Way.BECOME}
    return sorted(lever.ways & ways)


def _amount(lever: Lever, before: Maybe, after: Maybe) -> int | Fraction:
    """Return how far a change goes: of words in order, how many steps; else 1."""
    if lever.type.ordered:
        places = [lever.type.options.index(str(each)) for each in (before, after) if isinstance(each, str)]
        return abs(places[-1] - places[0]) if len(places) > 1 else places[-1] + 1
    if not lever.scale or not isinstance(after, int | Fraction):
        return 1
    far = after - before if isinstance(before, int | Fraction) else after
    return far if far > 0 else -far


def _values(
    lever: Lever,
    way: Way,
    now: Maybe,
    group: Group,
    axes: Sequence[Axis],
    here: Here,
    facts: Mapping[str, Maybe],
) -> Sequence[Maybe]:
    """Return the values worth a look: at each of them some axis enters another cell."""
    if way is Way.EVENT:
        return [here.day] if now != here.day else []
    if lever.type.kind is Kind.BOOLEAN:
        words: list[Maybe] = [True] if lever.only_true and now is not None else [False, True]
        return [word for word in words if word is not now]
    if lever.type.ordered:
        options = lever.type.options
        place = options.index(now) if isinstance(now, str) else -1
        return list(options[:place][::-1] if way is Way.LESS else options[place + 1 :])
    direct = [axes[at] for at in group.axes if lever.name in axes[at].names]
    if not lever.scale:
        samples = [*lever.type.options, *(cell.sample for axis in direct for cell in axis.cells)]
        return [each for each in dict.fromkeys(samples) if each not in (None, ABSENT, now)]
    found: set[int | Fraction] = set()
    for axis in direct:
        for cell in axis.cells:
            value = _nearest(cell, lever, now, way)
            if value is not None:
                found.add(value)
    start = now if isinstance(now, int | Fraction) else None
    for at in group.axes:
        axis, reads = axes[at], group.reads[at]
        along = next((name for name in axis.names if name in lever.moves), None)
        if along is not None:
            found |= _along(lever.moves[along], way, start, axis, facts.get(along, here.facts[along]))
        elif lever.name not in axis.names and (lever.name in reads or not reads.isdisjoint(lever.moves)):
            found |= _edges(lever, way, start, at, axis, here, facts)
    return sorted(found, reverse=way is Way.LESS)


def _along(
    other: Expr, way: Way, now: int | Fraction | None, axis: Axis, value: Maybe
) -> set[int | Fraction]:
    """Return where a fact that moves along enters another cell of its own axis."""
    if way is not Way.MORE or now is None:
        return set()
    if isinstance(other, Aggregate) and other.how is Reduction.COUNT and isinstance(value, int):
        return {now + cell.low - value for cell in axis.cells if cell.low is not None and cell.low > value}
    return {now + 1}  # it happens


def _nearest(cell: Cell, lever: Lever, now: Maybe, way: Way) -> int | Fraction | None:
    """Return the value of a piece that is nearest to the present one, on the side that a way leads to."""
    if cell.sample is None or cell.sample is ABSENT:
        return None
    low = None if cell.low is None else cell.low + lever.grain if cell.open else cell.low
    high = None if cell.high is None else cell.high - lever.grain if cell.open else cell.high
    if low is not None and high is not None and low > high:  # between two numbers that lie closer together
        low = high = Fraction(low + high) / 2
    if not isinstance(now, int | Fraction):
        return low if low is not None else high
    if way is Way.LESS:
        value = high if high is not None else low
        return value if value is not None and value < now else None
    value = low if low is not None else high
    return value if value is not None and value > now else None


def _edges(
    lever: Lever,
    way: Way,
    now: int | Fraction | None,
    at: int,
    axis: Axis,
    here: Here,
    facts: Mapping[str, Maybe],
) -> set[int | Fraction]:
    """Return where a computed value enters another cell as a lever moves, found by halving: it only rises or falls."""
    if rises(axis.expr, lever.name, here.edition, here.subject) is None:
        return set()

    def cell(value: int | Fraction) -> int:
        change = Change(lever, way, here.facts[lever.name], value)
        return here.read(at, {**facts, **facts_after(change, here, facts)})

    found: set[int | Fraction] = set()
    value: int | Fraction = 0 if now is None else now
    if now is None:
        found.add(value)
    step = -lever.grain if way is Way.LESS else lever.grain
    room = _FARTHEST if step > 0 else int(Fraction(value) / lever.grain)
    present = cell(value)
    done = 0
    while done < room:
        size = 1
        while done + size < room and cell(value + step * (done + size)) == present:
            size *= 2
        last = min(done + size, room)
        if cell(value + step * last) == present:
            break
        low, high = done + size // 2 if size > 1 else done, last
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if cell(value + step * middle) == present else (low, middle)
        done = high
        edge = value + step * done
        found.add(edge)
        present = cell(edge)
    return found
