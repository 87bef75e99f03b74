"""Events: makes events of a customer so that what is worked out from them has a wanted value.

Place in the flow: part of ``aiming``. Events lie just inside the windows of the policy, and sometimes one more lies
on the edge of a window, or after the day of evaluation.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, Protocol, assert_never

from dealerrules.expr import Aggregate, Expr, Reduction, window_start
from dealerrules.records import TABLES
from dealerrules.strategies.near import days_near, stepped
from dealerrules.values import Kind, Type, Value, days_before, months_before

if TYPE_CHECKING:
    from dealerrules.strategies.dice import Dice
    from dealerrules.strategies.reading import Reading

_MOST: Final = 40
"""Of events that are made for one number."""


class Aiming(Protocol):
    """What writes into a record."""

    dice: Dice
    reading: Reading
    as_of: date
    record: dict[str, Any]

    def put(self, into: dict[str, Any], name: str, type_: Type, value: Value, side: int = 0) -> bool:
        """Write a value, or the one just below or above it."""

    def hold(self, expr: Expr, truth: bool, into: dict[str, Any] | None = None) -> bool:  # noqa: FBT001
        """Try to make a condition true, or false."""

    def near(self, type_: Type) -> list[Value]:
        """Return values of a type, around the numbers that the policy names."""


class Events:
    """Writes events into the record that is aimed with."""

    def __init__(self, aim: Aiming) -> None:
        self.aim = aim

    def reach(self, of: Aggregate, value: Value, side: int) -> bool:
        """Try to give an aggregate a value, or the one just below or above."""
        if of.how in {Reduction.COUNT, Reduction.DISTINCT, Reduction.STREAK}:
            number = stepped(value, Kind.COUNT, side)
            if not isinstance(number, int) or number > _MOST:
                return False
            return self._number(of, number)
        match of.how:
            case Reduction.SUM:
                return self._sum(of, value, side)
            case Reduction.SOME | Reduction.EVERY:
                assert of.that is not None
                return self.aim.hold(of.that, value is True, self.add(of))
            case Reduction.LATEST | Reduction.EARLIEST:
                if of.take is not None:
                    return self.aim.put(self.add(of), of.take.name, of.take.type, value, side)
                assert isinstance(value, date)
                self.add(of, days_before(value, -side))
                return True
            case _:
                assert_never(of.how)

    def add(self, of: Aggregate, day: date | None = None) -> dict[str, Any]:
        """Add one event that is taken: within the window, and such as `where` wants it."""
        event: dict[str, Any] = {}
        table = TABLES[of.table]
        event[table.date_field] = day if day is not None else self.aim.dice.pick(self._inside(of))
        if of.where is not None:
            self.aim.hold(of.where, True, event)  # noqa: FBT003
        self.aim.record.setdefault(of.table, []).append(event)
        return event

    def _inside(self, of: Aggregate) -> list[date]:
        """Return days within the window; its first day stands among them."""
        start = window_start(of.within, self.aim.as_of)
        days = [
            day
            for day in days_near(self.aim.as_of, self.aim.reading.named)
            if day <= self.aim.as_of and (start is None or day > start)
        ]
        first = [] if start is None else [min(days_before(start, -1), self.aim.as_of)]
        return list(dict.fromkeys([*days[:1], *first, *days]))

    def _number(self, of: Aggregate, number: int) -> bool:
        match of.how:
            case Reduction.STREAK:
                self._covers(of, number)
            case Reduction.DISTINCT:
                assert of.take is not None
                values = self.aim.near(of.take.type)
                if len(values) < number:
                    return False
                for value in self.aim.dice.some(values, number, number):
                    self.aim.put(self.add(of), of.take.name, of.take.type, value)
            case _:
                for _ in range(number):
                    self.add(of)
        start = window_start(of.within, self.aim.as_of)
        if self.aim.dice.chance(
            3
        ):  # one more that does not count: it lies on the edge of the window, or ahead
            self.add(of, days_before(self.aim.as_of, -1) if start is None else start)
        return True

    def _sum(self, of: Aggregate, value: Value, side: int) -> bool:
        """Write one event of the amount, or two that come to it."""
        assert of.take is not None
        total = stepped(value, of.take.type.kind, side)
        if total is None or isinstance(total, str | date):
            return False
        part = self.aim.dice.pick([0, 1]) if total > 0 else 0
        if part and not self.aim.put(self.add(of), of.take.name, of.take.type, part):
            return False
        return self.aim.put(self.add(of), of.take.name, of.take.type, total - part)

    def _covers(self, of: Aggregate, years: int) -> None:
        """Write covers of a year each, one after another, with gaps up to what is allowed, the last still running."""
        dice, as_of = self.aim.dice, self.aim.as_of
        assert of.allow_gap is not None
        allowed = of.allow_gap.value
        assert isinstance(allowed, int)
        # the run began so many years ago: today, on the last day of its year, or somewhere between
        begun = [0, 364, 180]
        start = days_before(months_before(as_of, 12 * max(years - 1, 0)), dice.pick(begun))
        gap = dice.pick([0, 0, allowed])
        for _ in range(years):
            last = days_before(start, -364)
            event = self.add(of, start)
            event["ends_on"] = last
            start = days_before(last, -1 - gap)
        if years and dice.chance(4) and of.table in self.aim.record:  # a gap of one day too many
            first = self.aim.record[of.table][0]
            broken = days_before(first["starts_on"], allowed + 2)
            event = self.add(of, days_before(broken, 364))
            event["ends_on"] = broken
