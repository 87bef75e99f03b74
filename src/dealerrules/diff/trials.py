"""Trials: subjects found by trying, where a fact is found in another way than before.

Place in the flow: below ``regions``. Old and new value of such a fact hang together through what both are made of; the
analyser does not look through arithmetic, so numbers around those that policies name are tried out on both.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, Final

from dealerrules.analysis.axes import resolved
from dealerrules.diff.examples import Seat
from dealerrules.engines.row import Interpreter
from dealerrules.expr import Aggregate, Before, Constant, Field, Reached, walk
from dealerrules.policy.model import Payout, expressions
from dealerrules.values import Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealerrules.analysis.space import Space
    from dealerrules.diff.examples import Example, Tests
    from dealerrules.policy.model import Edition
    from dealerrules.values import Maybe

TRIED: Final = 2_500
"""Combinations that are tried at most."""
_COUNTS: Final = (
    100,
    10,
    0,
    1,
    2,
    5,
    20,
    50,
    70,
    77,
    80,
    85,
    90,
    95,
    99,
    101,
    105,
    110,
    120,
    150,
    200,
    500,
    1000,
)
_STRIDE: Final = 7919


def tried(
    space: Space, sides: Sequence[int | None], name: str, wanted: Sequence[Tests]
) -> list[Example | None] | None:
    """Return for each pair of answers a subject that gets both, if there is one; none where nothing can be tried.

    Args:
        space: of both editions.
        sides: of each axis, by which edition it reads its fact; none where both read the same.
        name: of the decision.
        wanted: for each pair what the old and the new edition are to say.
    """
    old, new = space.editions
    fields = _fields(space.editions, space.subject, name)
    told_by_fields = all(axis.names for axis, side in zip(space.axes, sides, strict=True) if side is None)
    if fields is None or not told_by_fields:
        return None
    values = {field: _values(type_, space.editions, space.subject, name) for field, type_ in fields.items()}
    day = space.sample(space.possible).as_of
    found: list[Example | None] = [None] * len(wanted)
    for chosen in _combinations(list(values.values())):
        facts = dict(zip(values, chosen, strict=True))
        decided = [Interpreter(each, space.subject, day, facts=facts).decide(name) for each in space.editions]
        paid = isinstance(decided[0].decision, Payout) and isinstance(decided[1].decision, Payout)
        if paid and decided[0].amount == decided[1].amount:
            continue
        for at, tests in enumerate(wanted):
            if found[at] is None and tests(*decided):
                seat = Seat(space.subject, day, name, (old, new), tests)
                both = seat.less((facts, dict(facts)))
                found[at] = seat.told(both, seat.amounts(both) if paid else None, shown_day=False)
        if None not in found:
            break
    return found


def _fields(editions: Sequence[Edition], subject: str, name: str) -> dict[str, Type] | None:
    """Return the plain fields that a decision is made of; none where it counts events, or looks at days before."""
    found: dict[str, Type] = {}
    for edition in editions:
        for expr in expressions(edition.decisions[name]):
            for node in walk(resolved(expr, edition, subject)):
                if isinstance(node, Aggregate | Before | Reached):
                    return None
                if isinstance(node, Field):
                    found[node.name] = node.type
    return found


def _values(type_: Type, editions: Sequence[Edition], subject: str, name: str) -> list[Maybe]:
    """Return values of a field to be tried: round ones, and those that the decision names."""
    match type_.kind:
        case Kind.BOOLEAN:
            return [True, False]
        case Kind.CATEGORY:
            return list(type_.options)
        case Kind.COUNT | Kind.NUMBER:
            return [*_COUNTS, None]
        case _:
            named = [
                node.value
                for edition in editions
                for expr in expressions(edition.decisions[name])
                for node in walk(resolved(expr, edition, subject))
                if isinstance(node, Constant) and node.type.kind is type_.kind
            ]
            whole = [each for each in dict.fromkeys(named) if isinstance(each, int)]
            return [*whole, *(each + 1 for each in whole), *(each - 1 for each in whole if each > 0), None]


def _combinations(values: Sequence[list[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield combinations of values; of very many, some spread over all."""
    total = prod(map(len, values))
    if total <= TRIED:
        yield from product(*values)
        return
    for number in range(TRIED):
        at, rest = [], (number * _STRIDE) % total
        for choices in values:
            rest, place = divmod(rest, len(choices))
            at.append(choices[place])
        yield tuple(at)
