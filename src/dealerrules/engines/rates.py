"""Rates by the book: what each side counts, record by record; written to be read.

Place in the flow: as ``row.py``, whose interpreter it asks about each customer: records of a whole store come in,
two counts a rate go out. This module is what a rate means: where the counts from tables differ, those are wrong.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealerrules.engines.row import Interpreter
from dealerrules.populations import Count, Counted, days_of
from dealerrules.readers import engine_value
from dealerrules.records import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.expr import Expr
    from dealerrules.policy.model import Edition, Happening, Rate, Side
    from dealerrules.populations import Period
    from dealerrules.records import Customer, Event
    from dealerrules.values import Truth

_Member = tuple[object, object, "Truth"]
"""Something that may be counted: its group, what it is, and whether it belongs."""


@dataclass(frozen=True, slots=True)
class Census:
    """Counts the sides of rates in one period.

    Attributes:
        edition: the policies in force at the end of the period; they hold for its earlier days too.
        customers: all customers of the store, with their events.
        period: the month or year.
        by: a field of customers to break the counts down by, such as ``region`` or ``attributes.grade``.
    """

    edition: Edition
    customers: Sequence[Customer]
    period: Period
    by: str | None = None

    def counted(self, rate: Rate) -> tuple[Counted, Counted]:
        """Return what a rate counts above and below its line."""
        return self._side(rate.of), self._side(rate.over)

    def _side(self, side: Side) -> Counted:
        match side.counts:
            case "customers":
                return _summed(self._customers(side), by=self.by)
            case "vehicles":
                return _summed(self._vehicles(side), by=self.by)
            case _:
                return _summed(self._events(side), by=self.by)

    # --- who and what ---------------------------------------------------------------------------------

    def _customers(self, side: Side) -> Iterator[_Member]:
        """Yield the customers who have, and have not, the events that are asked for."""
        day = self.period.earlier(side.earlier).end
        fits = self._fitting(side, "customer_id")
        for customer in self.customers:
            if fits(customer.customer_id):
                asked = Interpreter(self.edition, "customer", day, customer)
                truth = asked.step(side.where).truth if side.where is not None else True
                yield self._group(customer), customer.customer_id, truth

    def _vehicles(self, side: Side) -> Iterator[_Member]:
        """Yield the vehicles on file by the day, as the vehicles of their owners: a VIN may have several."""
        day = self.period.earlier(side.earlier).end
        fits = self._fitting(side, "vin")
        for customer in self.customers:
            for vehicle in customer.vehicles:
                on_file = vehicle.purchased_on is not None and vehicle.purchased_on <= day
                if on_file and vehicle.vin is not None and fits(vehicle.vin):
                    truth = self._true_of(side.where, customer, vehicle, day)
                    yield self._group(customer), vehicle.vin, truth

    def _events(self, side: Side) -> Iterator[_Member]:
        """Yield events, or the known values that they give of a field."""
        (happening,) = side.happenings
        for number, (customer, event) in enumerate(self._happened(happening, side)):
            truth = self._true_of(happening.where, customer, event, self.period.end)
            value: object = number
            if side.take is not None:
                value = engine_value(getattr(event, side.take.name), side.take.type)
            if value is not None:
                yield self._group(customer), value, truth

    # --- what happened --------------------------------------------------------------------------------

    def _fitting(self, side: Side, key: str) -> _Fits:
        """Return the test of having all events that are asked for, and none that must not be."""
        with_: list[set[str]] = []
        without: list[set[str]] = []
        for happening in side.happenings:
            (with_ if happening.holds else without).append(self._keys(happening, side, key))
        return _Fits(with_, without)

    def _keys(self, happening: Happening, side: Side, key: str) -> set[str]:
        """Return the customers, or the VINs, to which something happened; where that is unknown it did not."""
        found = set()
        for customer, event in self._happened(happening, side):
            if self._true_of(happening.where, customer, event, self.period.end) is True:
                found.add(customer.customer_id if key == "customer_id" else getattr(event, key))
        return found

    def _happened(self, happening: Happening, side: Side) -> Iterator[tuple[Customer, Event]]:
        """Yield the counting events of a table within the days that it reaches for; nothing dated later is read."""
        first, last = days_of(happening, side, self.period)
        table = TABLES[happening.table]
        for customer in self.customers:
            for event in getattr(customer, happening.table):
                day, dated = getattr(event, table.date_field), getattr(event, happening.dated)
                counts = all(getattr(event, name) not in words for name, words in table.excluded)
                if (
                    counts
                    and day is not None
                    and day <= last
                    and dated is not None
                    and first <= dated <= last
                ):
                    yield customer, event

    def _true_of(self, where: Expr | None, customer: Customer, event: Event, day: date) -> Truth:
        """Return whether a condition holds for an event."""
        if where is None:
            return True
        return Interpreter(self.edition, "customer", day, customer).step(where, event).truth

    def _group(self, customer: Customer) -> object:
        if self.by is None:
            return None
        if self.by.startswith("attributes."):
            return customer.attributes.get(self.by.removeprefix("attributes."))
        return getattr(customer, self.by)


@dataclass(frozen=True, slots=True)
class _Fits:
    """Tells whether something is in all of some sets, and in none of others."""

    with_: list[set[str]]
    without: list[set[str]]

    def __call__(self, key: str) -> bool:
        return all(key in each for each in self.with_) and not any(key in each for each in self.without)


def _summed(members: Iterable[_Member], *, by: str | None) -> Counted:
    """Count what belongs, each once; what belongs by one of its rows is not undecided by another."""
    true: Mapping[object, set[object]] = defaultdict(set)
    unknown: Mapping[object, set[object]] = defaultdict(set)
    for group, thing, truth in members:
        if truth is not False:
            (true if truth else unknown)[group].add(thing)
    groups = {
        group: Count(len(true[group]), len(unknown[group] - true[group]))
        for group in ({*true, *unknown} if by is not None else ())
    }
    certain = set().union(*true.values())
    possible = set().union(*unknown.values())
    return Counted(Count(len(certain), len(possible - certain)), groups)  # type: ignore[arg-type]
