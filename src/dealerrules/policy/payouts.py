"""Payouts: from their document shape to the model, each band with the lines of its receipt.

Place in the flow: called by ``kinds``. What an excess band pays on top of is worked out here, once, as amounts in
the expression tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.expr import (
    All,
    Arithmetic,
    Constant,
    Expr,
    Fact,
    Field,
    Not,
    Operator,
    type_of,
)
from dealerrules.policy.bands import (
    Group,
    Start,
    band_groups,
    band_ids,
    band_intervals,
    band_start,
    read_measure,
    together,
)
from dealerrules.policy.document import (
    PayBandShape,
    PayoutShape,
    read_shape,
)
from dealerrules.policy.forms import operand
from dealerrules.policy.literals import constant
from dealerrules.policy.making import Making, optional_condition, plain
from dealerrules.policy.model import (
    Line,
    Named,
    Payout,
)
from dealerrules.values import MONEY, Kind, Rounding, Type, reduced

if TYPE_CHECKING:
    from dealerrules.diagnostics import Span
    from dealerrules.policy.parse import Node


_ROUNDING = re.compile(r"(half_up|half_even|up|down) to ([1-9]\d{0,6}) (fen|yuan)")


@dataclass(slots=True)
class PayoutMaker:
    """A payout being made."""

    shape: PayoutShape
    making: Making
    common: dict[str, object]
    measure: Expr | None = None
    unit: Expr | None = None
    per: Expr | None = None  # where the measure is a ratio a/b: b, so that a start s lies at s × b units
    lines: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    bands: dict[str, Named] = field(default_factory=dict)

    def make(self) -> Payout | None:
        """Return the payout, or none when something in it is at fault."""
        shape, making = self.shape, self.making
        self.measure = read_measure(shape.measure, making)
        self._find_unit()
        when = optional_condition(shape.when, making)
        if (shape.when is None) != (shape.otherwise is None):
            making.report.add(
                "DR504", shape.span("when") if shape.when is not None else shape.span("otherwise")
            )
            making.sound = False
        if (shape.pays is None) == (shape.bands is None):
            making.report.add("DR506", shape.key_span("kind"))
            making.sound = False
        if shape.pays is not None:
            self._lump("pays", shape.pays, when, shape.span("pays"))
        for group in band_groups(shape.bands, shape.by, making):
            self._group(group, when)
        if shape.otherwise is not None and when is not None:
            self._lump("otherwise", shape.otherwise, Not(when), shape.span("otherwise"))
        times = self._count(shape.times)
        cap = self._money(shape.cap)
        floor = self._money(shape.floor)
        rounding = self._rounding()
        if not making.sound:
            return None
        return Payout(
            payee=shape.payee,
            measure=self.measure,
            lines=self.lines,
            times=times,
            cap=cap,
            floor=floor,
            rounding=rounding,
            bands=self.bands,
            rules=making.sorted_rules(),
            **self.common,  # type: ignore[arg-type]
        )

    def _find_unit(self) -> None:
        if self.shape.unit is not None:
            self.unit = operand(self.shape.unit, self.making.scope)
            self.making.sound = self.making.sound and self.unit is not None
        definition = self.measure
        if isinstance(definition, Fact):
            definition = self.making.definitions.get(definition.name, definition)
        if isinstance(definition, Arithmetic) and definition.how is Operator.RATIO:
            self.per = definition.right
            if self.unit is None:
                self.unit = definition.left
            elif self.unit != definition.left:
                self.making.report.add("DR510", self.shape.span("unit"))
                self.making.sound = False

    def _money(self, node: Node | None) -> Constant | None:
        if node is None:
            return None
        made = constant(node, MONEY, self.making.scope)
        self.making.sound = self.making.sound and made is not None
        return made

    def _count(self, node: Node | None) -> Expr | None:
        if node is None:
            return None
        made = operand(node, self.making.scope)
        if made is not None and type_of(made).kind is not Kind.COUNT:
            self.making.report.add("DR509", node)
            made = None
        self.making.sound = self.making.sound and made is not None
        return made

    def _rounding(self) -> tuple[Rounding, int] | None:
        shape = self.shape
        if shape.rounding is None:
            if self.making.sound and not all(
                _whole(line.amount) for lines in self.lines.values() for line in lines
            ):
                self.making.report.add("DR503", shape.key_span("kind"))
                self.making.sound = False
            return None
        match = _ROUNDING.fullmatch(shape.rounding)
        if match is None:
            self.making.report.add("DR511", shape.span("rounding"), value=shape.rounding)
            self.making.sound = False
            return None
        return Rounding(match[1]), int(match[2]) * (100 if match[3] == "yuan" else 1)

    def _lump(self, rule_id: str, node: Node, when: Expr | None, span: Span) -> None:
        amount = self._money(node)
        self.making.add(rule_id, when if when is not None else All(()), span)
        if amount is not None:
            self.lines[rule_id] = (Line(rule_id, None, amount, amount),)

    def _group(self, group: Group, when: Expr | None) -> None:
        equal, name, nodes = group
        making = self.making
        shapes: list[PayBandShape] = []
        for node in nodes:
            shape, faults = read_shape(PayBandShape, node)
            making.report.extend(faults)
            if shape is None:
                making.sound = False
            else:
                shapes.append(shape)
        if self.measure is None:
            if self.shape.measure is None:
                making.report.add("DR508", self.shape.key_span("bands"))
            making.sound = False
            return
        starts = [band_start(shape, making, type_of(self.measure)) for shape in shapes]
        if len(shapes) < len(nodes) or any(start is None for start in starts):
            making.sound = False
            return
        found = [start for start in starts if start is not None]
        intervals = band_intervals(
            self.measure,
            [(start, shape.here.span) for start, shape in zip(found, shapes, strict=True)],
            making,
        )
        ids = band_ids(name, shapes)
        pays = [self._pays(shape) for shape in shapes]
        if intervals is None or any(pay is None for pay in pays):
            making.sound = False
            return
        bands = [
            _Band(rule_id, start, pay[0], pay[1])
            for rule_id, start, pay in zip(ids, found, pays, strict=True)
            if pay is not None
        ]
        for at, (shape, interval) in enumerate(zip(shapes, intervals, strict=True)):
            making.add(ids[at], together(when, equal, interval), shape.here.span, described=shape)
            self.lines[ids[at]] = tuple(self._lines(bands, at))
            self.bands[ids[at]] = Named(id=ids[at], title=shape.title, data=plain(shape.data))

    def _pays(self, shape: PayBandShape) -> tuple[Constant, str] | None:
        """Return a band's rate and how it pays: ``lump``, ``whole`` or ``excess``."""
        report = self.making.report
        ways = [way for way in ("pays", "pays_per_unit", "pays_percent") if getattr(shape, way) is not None]
        if len(ways) != 1:
            report.add("DR506", shape.here)
            return None
        way = ways[0]
        node = getattr(shape, way)
        if way == "pays":
            amount = self._money(node)
            if shape.basis is not None:
                report.add("DR505", shape.span("basis"))
                return None
            return None if amount is None else (amount, "lump")
        if shape.basis is None:
            report.add("DR505", shape.key_span(way))
            return None
        assert self.measure is not None
        if way == "pays_percent":
            if type_of(self.measure).kind is not Kind.MONEY:
                report.add("DR509", node)
                return None
            rate = constant(node, Type(Kind.RATIO), self.making.scope)
            self.unit = self.measure if self.unit is None else self.unit
        else:
            rate = constant(node, MONEY, self.making.scope)
            if self.unit is None:
                report.add("DR202", shape.key_span(way), key="unit")
                return None
        if shape.basis == "excess" and self.per is None and self.unit != self.measure:
            report.add("DR510", shape.span("basis"))
            return None
        return None if rate is None else (rate, shape.basis)

    def _units_at(self, start: Start) -> Expr:
        """Return how many units lie below a band's start."""
        if self.per is None:
            return start.value
        if start.value.value == 1:
            return self.per
        whole = Type(Kind.COUNT if isinstance(start.value.value, int) else Kind.NUMBER)
        return Arithmetic(Operator.MULTIPLY, start.value, self.per, whole)

    def _line(self, band: _Band, units: Expr) -> Line:
        return Line(band.id, units, band.rate, Arithmetic(Operator.MULTIPLY, band.rate, units, MONEY))

    def _lines(self, bands: list[_Band], at: int) -> list[Line]:
        """Return what a band pays: an excess band pays on top of what those below it pay at its start."""
        band = bands[at]
        if band.basis == "lump":
            return [Line(band.id, None, band.rate, band.rate)]
        assert self.unit is not None
        if band.basis == "whole":
            return [self._line(band, self.unit)]
        start = self._units_at(band.start)
        return [*self._below(bands, at), self._line(band, _minus(self.unit, start))]

    def _below(self, bands: list[_Band], at: int) -> list[Line]:
        if at == 0:
            return []
        band, end = bands[at - 1], self._units_at(bands[at].start)
        if band.basis == "lump":
            return [Line(band.id, None, band.rate, band.rate)]
        if band.basis == "whole":
            return [self._line(band, end)]
        return [*self._below(bands, at - 1), self._line(band, _minus(end, self._units_at(band.start)))]


@dataclass(frozen=True, slots=True)
class _Band:
    id: str
    start: Start
    rate: Constant
    basis: str


def _minus(left: Expr, right: Expr) -> Expr:
    if isinstance(right, Constant) and right.value == 0:
        return left
    if isinstance(left, Constant) and isinstance(right, Constant):
        assert isinstance(left.value, int | Fraction)
        assert isinstance(right.value, int | Fraction)
        return Constant(reduced(left.value - right.value), left.type)
    return Arithmetic(Operator.SUBTRACT, left, right, type_of(left))


def _whole(amount: Expr) -> bool:
    """Tell whether an amount is whole fen whatever the facts are."""
    match amount:
        case Constant(value=value):
            return isinstance(value, int)
        case Fact() | Field():
            return type_of(amount).kind in {Kind.COUNT, Kind.MONEY}
        case Arithmetic(how=Operator.MULTIPLY | Operator.SUBTRACT, left=left, right=right):
            return _whole(left) and _whole(right)
        case _:
            return type_of(amount).kind is Kind.COUNT
