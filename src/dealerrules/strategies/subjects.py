"""Subjects: makes records and ready-made facts that meet what a policy says from every side.

Place in the flow: after ``aiming``. A subject is aimed at some thresholds and rules first, then filled with values
that crowd around what the policy names; the plainest one is nothing but its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dealerrules.analysis.axes import Cell, number_of, resolved
from dealerrules.analysis.relations import relation
from dealerrules.expr import Aggregate, Constant, Elapse, Elapsed, Expr, Reduction
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.strategies.aiming import Aim
from dealerrules.strategies.near import decimal, given, near
from dealerrules.values import ABSENT, DATE, Kind, Maybe, Type, Value, days_before, months_since

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealerrules.strategies.dice import Dice
    from dealerrules.strategies.reading import Reading

_IDS: Final = frozenset({"customer_id", "store_id", "household_id", "consultant_id", "vin", "brought_by"})
_ENDS: Final = frozenset({Reduction.LATEST, Reduction.EARLIEST})
_SIDES: Final = (0, 1, -1)
"""On, above, below: from one to the next is one event more or less, so that what fails can be made small."""
_OFTEN_OUT: Final = (10, 6, 2, 0)
"""Of ten fields, how many a record leaves out; the plainest leaves out all."""


@dataclass
class Around:
    """What records are made around: what some decisions read, and a day."""

    reading: Reading
    as_of: date
    _near: dict[Type, Sequence[Value]] = field(default_factory=dict)

    def near(self, type_: Type) -> Sequence[Value]:
        """Return values of a type, the plainest first."""
        if type_ not in self._near:
            self._near[type_] = near(type_, self.as_of, self.reading.named)
        return self._near[type_]

    @cached_property
    def own_fields(self) -> Mapping[str, Type]:
        """The plain fields that the decisions read."""
        fields = self.reading.fields(self.reading.subject)
        return {name: type_ for name, type_ in fields.items() if not name.startswith("attributes.")}

    @cached_property
    def attributes(self) -> Mapping[str, Type]:
        """The attributes that the decisions read."""
        fields = self.reading.fields(self.reading.subject)
        return {name: type_ for name, type_ in fields.items() if name.startswith("attributes.")}

    @cached_property
    def relations(self) -> Sequence[tuple[str, str, Callable[[Cell, Cell], bool], bool]]:
        """Which base facts tell on each other: their names, what fits, and whether the second is a time since."""
        edition, subject = self.reading.edition, self.reading.subject
        roots = {
            name: resolved(edition.fact(subject, name).expr, edition, subject) for name in self.reading.base
        }
        found = []
        for one, first in roots.items():
            for other, second in roots.items():
                forms = [(second, False)] if one < other else []
                if _is_moment(second):
                    forms.append((Elapsed(Elapse.MONTHS_SINCE, second), True))
                for form, since in forms:
                    fits = relation(first, form) if one != other else None
                    if fits is not None:
                        found.append((one, other, fits, since))
        return found


class Maker:
    """Makes records and ready-made facts with dice.

    Args:
        dice: where chance comes from.
        around: what is made around.
        unknown: whether something may be left unrecorded; otherwise whatever is read is known.
    """

    def __init__(self, dice: Dice, around: Around, *, unknown: bool = True) -> None:
        self.dice, self.around, self.unknown = dice, around, unknown
        self.reading = around.reading

    # --- records --------------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        """Return a record as `read_record` takes it."""
        reading = self.reading
        meta = SUBJECTS[reading.subject]
        record: dict[str, Any] = {meta.id_field: "X1"}
        self._aim(Aim(self.dice, reading, self.around.as_of, record))
        everything = self.dice.chance(6)
        left_out = self._left_out()
        fields = meta.fields if everything else self.around.own_fields
        self._fill(record, fields, left_out)
        tables = meta.tables if everything else reading.tables
        for table in tables:
            self._events(record, table, left_out, everything=everything)
        wanted = {name.removeprefix("attributes."): type_ for name, type_ in self.around.attributes.items()}
        attributes = record.pop("attributes", {})
        self._fill(attributes, wanted, left_out, plain=True)
        if attributes:
            record["attributes"] = attributes
        return record

    def _left_out(self) -> int:
        return self.dice.pick(_OFTEN_OUT) if self.unknown else 0

    def _aim(self, aim: Aim) -> None:
        """Aim at some thresholds and rules."""
        for _ in range(self.dice.number(0, 3)):
            comparisons, rules = self.reading.comparisons, self.reading.rules
            if comparisons and (self.dice.number(0, 2) or not rules):
                test = self.dice.pick(comparisons)
                assert isinstance(test.right, Constant)
                aim.reach(test.left, test.right.value, self.dice.pick(_SIDES))
            elif rules:
                aim.hold(self.dice.pick(rules).when, truth=True)

    def _fill(
        self, into: dict[str, Any], types: Mapping[str, Type], left_out: int, *, plain: bool = False
    ) -> None:
        """Write fields that are not there yet: some left out, some none, most known."""
        for name, type_ in types.items():
            if name in into or name in _IDS or name == SUBJECTS[self.reading.subject].id_field:
                continue
            roll = self.dice.number(0, 10) if left_out else 10
            if roll < left_out:
                continue
            if roll == left_out and self.unknown:
                into[name] = None
                continue
            value = given(self.dice.pick(self.around.near(type_)), type_)
            if plain:
                value = decimal(value) if isinstance(value, Fraction) else value
                value = value.isoformat() if isinstance(value, date) else value
            into[name] = value

    def _events(self, record: dict[str, Any], name: str, left_out: int, *, everything: bool) -> None:
        """Add events of a table: days are shared, events repeat, covers follow upon each other."""
        table = TABLES[name]
        types = table.fields if everything else self.reading.fields(name)
        types = {each: type_ for each, type_ in types.items() if type_.kind is not Kind.TEXT}
        made: list[dict[str, Any]] = record.get(name, [])
        required = table.model.model_fields[table.date_field].is_required() or not self.unknown
        for _ in range(self.dice.number(0, 4) if self.dice.chance() else 0):
            event: dict[str, Any] = {}
            if required or self.dice.number(0, 9):
                event[table.date_field] = self.dice.pick(self.around.near(DATE))
            last = made[-1].get(table.date_field) if made else None
            if last is not None and name == "insurance" and self.dice.chance():
                gap = self.dice.pick([0, *self.reading.named[Kind.DAYS]]) + self.dice.number(0, 2)
                event = {
                    **made[-1],
                    "ends_on": days_before(last, gap),
                    table.date_field: days_before(last, gap + 360),
                }
            elif last is not None and self.dice.chance(3):
                event[table.date_field] = last
            elif made and self.dice.chance(4):
                event = dict(made[-1])
            made.append(event)
        for event in made:
            self._fill(event, types, left_out)
        if made:
            record[name] = made

    # --- ready-made facts -----------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """Return ready-made facts from which all others follow, and which can stand together."""
        base = self.reading.base
        found: dict[str, Any] = {}
        self._aim(Aim(self.dice, self.reading, self.around.as_of, found, base))
        left_out = self._left_out()
        values = {name: self._value(name, found, left_out) for name in base}
        return self._standing({name: value for name, value in values.items() if value is not _LEFT_OUT})

    def _value(self, name: str, found: Mapping[str, Any], left_out: int) -> Any:
        if name in found:
            return found[name]
        type_ = self.reading.base[name]
        roll = self.dice.number(0, 10) if left_out else 10
        if roll < left_out:
            return _LEFT_OUT
        if roll == left_out and self.unknown:
            return None
        if self.reading.edition.may_be_absent(self.reading.subject, name) and self.dice.chance(4):
            return ABSENT
        return given(self.dice.pick(self.around.near(type_)), type_)

    def _standing(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the facts without those that contradict one before them, as far as their definitions tell."""
        as_of = self.around.as_of
        edition, subject = self.reading.edition, self.reading.subject
        kept: dict[str, Any] = {}
        for name, value in values.items():
            ahead = isinstance(value, date) and value > as_of and _is_moment(edition.fact(subject, name).expr)
            others = {**kept, name: value}
            fits = all(
                fits(_cell(others[one]), _cell(_since(others[other], as_of) if since else others[other]))
                for one, other, fits, since in self.around.relations
                if name in {one, other} and one in others and other in others
            )
            if fits and not ahead:
                kept[name] = value
            elif not self.unknown:  # it has to be known: no such event, or none of them
                kept[name] = ABSENT if edition.may_be_absent(subject, name) else value
        return kept

    def any_facts(self) -> dict[str, Any]:
        """Return ready-made facts of all sorts, derived ones and answers too, whether or not they can stand together."""
        edition, subject = self.reading.edition, self.reading.subject
        types = edition.given_types(subject)
        found: dict[str, Any] = {}
        left_out = self.dice.pick([0, 2, 5])
        for name in sorted({*self.reading.facts, *self.reading.answers} & types.keys()):
            roll = self.dice.number(0, 9)
            if roll < left_out:
                continue
            if roll == 8 and edition.may_be_absent(subject, name):
                found[name] = ABSENT
            else:
                type_ = types[name]
                found[name] = None if roll == 9 else given(self.dice.pick(self.around.near(type_)), type_)
        return found


_LEFT_OUT: Final = object()


def _is_moment(expr: Expr) -> bool:
    """Tell whether a day is that of an event, which is never read before it has happened."""
    return isinstance(expr, Aggregate) and expr.how in _ENDS and expr.take is None


def _since(value: Any, as_of: date) -> Any:
    return months_since(value, as_of) if isinstance(value, date) else value


def _cell(value: Any) -> Cell:
    """Return a single value as the analyser looks at one."""
    sample: Maybe = value
    if isinstance(value, bool | str) or value is None or value is ABSENT:
        return Cell(sample)
    number = number_of(value) if isinstance(value, date | int | Fraction) else Fraction(value)
    return Cell(sample, number, number)
