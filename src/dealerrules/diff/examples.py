"""Examples: one subject for whom a decision answers otherwise, with only the facts that make it so.

Place in the flow: below ``regions``. A point of the region becomes ready-made facts; a fact that may be left out without
changing either answer is left out, which the reference interpreter says. For payouts both amounts are worked out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dealerrules.engines.row import Interpreter
from dealerrules.expr import Arithmetic, AsOf, Elapsed, Expr, Fact, Operator, walk
from dealerrules.outcome import json_value, public_value
from dealerrules.policy.model import Payout, Title
from dealerrules.values import ABSENT, Kind, show, write_literal
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from dealerrules.analysis.axes import Axis
    from dealerrules.analysis.space import Space
    from dealerrules.engines.row import Decided
    from dealerrules.outcome import Json
    from dealerrules.policy.model import Edition
    from dealerrules.values import Maybe, Type

_UNITS: Final[Mapping[Kind, int]] = {
    Kind.COUNT: 1,
    Kind.NUMBER: 1,
    Kind.MONEY: 100_00,
    Kind.MONTHS: 1,
    Kind.DAYS: 1,
}
"""What a fact that only an amount reads is counted in."""
_SIZES: Final = (10, 1, 2, 3, 7, 20, 50, 100, 1_000, 100_000)
"""How many units it is taken to be, one after the other, until amounts differ."""
_ROUND: Final = 100
"""What a ratio in an example is a ratio of, at least."""

Facts = dict[str, "Maybe"]
Test = Callable[["Decided"], bool]
"""Whether a decision says what is wanted."""


@dataclass(frozen=True, slots=True)
class Tests:
    """What the old and the new edition are to say; with `level` both at one level, whichever that is."""

    old: Test
    new: Test
    level: bool = False

    def __call__(self, before: Decided, after: Decided) -> bool:
        """Tell whether both say it."""
        same = not self.level or before.verdict.answer == after.verdict.answer
        return same and self.old(before) and self.new(after)


@dataclass(frozen=True, slots=True)
class Example:
    """A subject on a day: ready-made facts, and what is paid before and after (fen) where it is a payout.

    `by_definition` are facts whose value differs by definition: the old one, then the new one.
    """

    as_of: date | None
    facts: Mapping[str, Json]
    said: Title
    by_definition: Mapping[str, tuple[Json, Json]]
    amounts: tuple[int | None, int | None] | None = None

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, amounts in yuan as text."""
        paid = None
        if self.amounts is not None:
            paid = [json_value(public_value(each, Kind.MONEY)) for each in self.amounts]
        return {
            "as_of": self.as_of.isoformat() if self.as_of is not None else None,
            "facts": dict(self.facts),
            "by_definition": {name: list(pair) for name, pair in self.by_definition.items()},
            "amounts": paid,
        }


def example(
    space: Space, region: int, sides: Sequence[int | None], name: str, tests: Tests
) -> Example | None:
    """Return one subject of a region; none where what decides cannot be given as facts.

    Args:
        space: of both editions.
        region: a set of it that is not empty.
        sides: of each axis, by which edition it reads its fact; none where both read the same.
        name: of the decision.
        tests: what the old and the new edition say of the whole region.
    """
    sample = space.sample(region)
    if not all(_given(axis) for axis in space.axes):
        return None
    point = space.sets.point(space.both(region, space.possible))
    both: tuple[Facts, Facts] = ({}, {})
    own = {
        each for axis, side in zip(space.axes, sides, strict=True) if side is not None for each in axis.names
    }
    for fact, value in sample.facts.items():
        if fact not in own:
            for facts in both:
                facts[fact] = value
    for at, (axis, side) in enumerate(zip(space.axes, sides, strict=True)):
        if side is not None:
            for fact in axis.names:
                both[side][fact] = axis.cells[point.get(at, 0)].sample
    old, new = space.editions
    dated = any(isinstance(axis.root, AsOf) and at in point for at, axis in enumerate(space.axes))
    seat = Seat(space.subject, sample.as_of, name, (old, new), tests)
    if not seat.fits(both):
        return None
    both = seat.less(both, own)
    amounts = None
    if isinstance(new.decisions[name], Payout):
        both, amounts = seat.paid(both)
    return seat.told(
        both, amounts, shown_day=dated or any(seat.is_date(name) for facts in both for name in facts)
    )


def _given(axis: Axis) -> bool:
    """Tell whether what an axis reads can be given as a fact."""
    dated = isinstance(axis.expr, Elapsed) and isinstance(axis.expr.item, Fact)
    return bool(axis.names) or dated or isinstance(axis.root, AsOf)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an example is tried out."""

    subject: str
    as_of: date
    name: str
    editions: tuple[Edition, Edition]
    tests: Tests

    def decided(self, at: int, facts: Facts) -> Decided:
        """Return what an edition decides on facts."""
        return Interpreter(self.editions[at], self.subject, self.as_of, facts=facts).decide(self.name)

    def is_date(self, name: str) -> bool:
        """Tell whether a fact is a date, which means something only beside the day."""
        return any(
            (each := edition.given_types(self.subject).get(name)) is not None and each.kind is Kind.DATE
            for edition in self.editions
        )

    def fits(self, both: tuple[Facts, Facts]) -> bool:
        """Tell whether both editions say on these facts what they say of the region."""
        return self.tests(self.decided(0, both[0]), self.decided(1, both[1]))

    def less(self, both: tuple[Facts, Facts], last: Collection[str] = ()) -> tuple[Facts, Facts]:
        """Return facts without those that may be left out; `last` are left out only when nothing else can be."""
        paid = self.amounts(both)
        for fact in sorted({*both[0], *both[1]}, key=lambda each: (each in last, each)):
            old, new = ({k: v for k, v in facts.items() if k != fact} for facts in both)
            if self.fits((old, new)) and self.amounts((old, new)) == paid:
                both = (old, new)
        return both

    # --- amounts --------------------------------------------------------------------------------------

    def paid(
        self, both: tuple[Facts, Facts]
    ) -> tuple[tuple[Facts, Facts], tuple[int | None, int | None] | None]:
        """Return facts with what only the amounts read, and the amounts: two that differ, where some are found."""
        first = None
        for size in _SIZES:
            filled = self._with_units(both, size)
            amounts = self.amounts(filled)
            first = first or (filled, amounts)
            if amounts is not None and amounts[0] != amounts[1]:
                return filled, amounts
        assert first is not None
        return first

    def _with_units(self, both: tuple[Facts, Facts], size: int) -> tuple[Facts, Facts]:
        """Return facts with numbers of units and amounts of a size; so many that a ratio comes out as it is."""
        made: list[Facts] = []
        for at, facts in enumerate(both):
            edition, filled = self.editions[at], dict(facts)
            payout = edition.decisions[self.name]
            assert isinstance(payout, Payout)
            filled |= self._ratio(edition, payout.measure, facts, size)
            read = [line.amount for lines in payout.lines.values() for line in lines]
            for expr in [*read, *([payout.times] if payout.times is not None else [])]:
                for node in walk(expr):
                    if isinstance(node, Fact) and node.name not in filled and node.type.kind in _UNITS:
                        filled[node.name] = size * _UNITS[node.type.kind]
            made.append(filled)
        return made[0], made[1]

    def _ratio(self, edition: Edition, measure: Expr | None, facts: Facts, size: int) -> Facts:
        """Return numbers whose ratio the measure is."""
        value = facts.get(measure.name) if isinstance(measure, Fact) else None
        made = edition.fact(self.subject, measure.name).expr if isinstance(measure, Fact) else measure
        if (
            not isinstance(made, Arithmetic)
            or made.how is not Operator.RATIO
            or not isinstance(made.left, Fact)
            or not isinstance(made.right, Fact)
            or not isinstance(value, int | Fraction)
            or {made.left.name, made.right.name} & set(facts)
        ):
            return {}
        below = Fraction(value).denominator
        below *= -(-_ROUND * size // _SIZES[0] // below)
        return {made.left.name: int(value * below), made.right.name: below}

    def amounts(self, both: tuple[Facts, Facts]) -> tuple[int | None, int | None] | None:
        """Return what is paid by both editions; none where it is no payout, or no amount is known."""
        old, new = (self.decided(at, facts).amount for at, facts in enumerate(both))
        return None if old is None and new is None else (old, new)

    # --- telling --------------------------------------------------------------------------------------

    def told(
        self, both: tuple[Facts, Facts], amounts: tuple[int | None, int | None] | None, *, shown_day: bool
    ) -> Example:
        """Return the example in words and as plain values."""
        shared = {
            name: value for name, value in both[0].items() if name in both[1] and both[1][name] == value
        }
        apart = sorted({*both[0], *both[1]} - set(shared))
        types = {
            **self.editions[0].given_types(self.subject),
            **self.editions[1].given_types(self.subject),
        }
        texts = []
        for lang in ("zh", "en"):
            words = Wording(self.editions[1], self.subject, lang)
            parts = [
                f"{name}: {_shown(value, types[name].kind, words, name)}" for name, value in shared.items()
            ]
            for name in apart:
                sides = [
                    _shown(facts[name], types[name].kind, words, name) if name in facts else "–"
                    for facts in both
                ]
                parts.append(f"{name}: {sides[0]} → {sides[1]}")
            if shown_day:
                parts.append(f"as_of: {self.as_of}")
            texts.append("，".join(parts) if lang == "zh" else ", ".join(parts))

        def plain(facts: Facts, name: str) -> Json:
            if facts.get(name) is ABSENT:
                return "absent"
            value, kind = facts.get(name), types[name].kind
            if kind is Kind.RATIO and isinstance(value, int | Fraction):
                return write_literal(value, kind) or str(value)
            return json_value(public_value(value, kind))

        return Example(
            self.as_of if shown_day else None,
            {name: plain(both[0], name) for name in shared},
            Title(*texts),
            {name: (plain(both[0], name), plain(both[1], name)) for name in apart},
            amounts,
        )


def _shown(value: Maybe, kind: Kind, words: Wording, name: str) -> str:
    """Return a value as a policy writes it, where it can."""
    if isinstance(value, str):
        return words.value(value, Fact(name, _type(words, name)))
    return show(value, kind, words.lang)


def _type(words: Wording, name: str) -> Type:
    definition = words.edition.facts[words.subject].get(name)
    return definition.type if definition is not None else words.edition.answers[name]
