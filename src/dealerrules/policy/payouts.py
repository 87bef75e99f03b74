"""Payouts: from their document shape to the model, each band with the lines of its receipt.

Place in the flow: called by ``kinds``. What an excess band pays on top of is worked out here, once, as amounts in
the expression tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Phrase
from dealerrules.expr import (
    All,
    Arithmetic,
    Constant,
    Expr,
    Fact,
    Not,
    Operator,
    is_whole,
    type_of,
)
from dealerrules.policy.bands import (
    Group,
    Start,
    band_groups,
    band_ids,
    band_intervals,
    band_start,
    has_kind,
    id_span,
    read_measure,
    together,
)
from dealerrules.policy.document import PayBandShape, PayoutShape
from dealerrules.policy.forms import operand, said
from dealerrules.policy.literals import constant
from dealerrules.policy.making import Making, optional_condition, plain
from dealerrules.policy.model import (
    Line,
    Named,
    Payout,
)
from dealerrules.policy.phrases import KIND_WORDS, phrase
from dealerrules.values import MONEY, Kind, Rounding, Type, reduced

if TYPE_CHECKING:
    from dealerrules.diagnostics import Span
    from dealerrules.policy.parse import Node


_NEEDS, _TAKES_NO = Phrase("要写", "needs a"), Phrase("不写", "takes no")
_WAYS = ("pays", "pays_per_unit", "pays_percent")
_UNITS = frozenset({Kind.COUNT, Kind.NUMBER, Kind.MONTHS, Kind.DAYS, Kind.DISTANCE})
"""What money can be paid for each of."""
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
    places: dict[str, Span] = field(default_factory=dict)

    def make(self) -> Payout | None:
        """Return the payout, or none when something in it is at fault."""
        shape, making = self.shape, self.making
        self.measure = read_measure(shape.measure, making)
        self._find_unit()
        when = optional_condition(shape.when, making)
        if (shape.when is None) != (shape.otherwise is None):
            making.fault("DR504", shape.key_span("when" if shape.when is not None else "otherwise"))
        if shape.pays is not None and shape.bands is not None:
            making.fault("DR506", max(shape.key_span("pays"), shape.key_span("bands")))
        if shape.pays is None and shape.bands is None:
            making.fault("DR506", making.span)
        if shape.bands is not None and shape.measure is None and shape.pays is None:
            making.fault("DR508", shape.key_span("bands"))
        if shape.pays is not None:
            self._lump("pays", shape.pays, when, shape.span("pays"))
        for group in band_groups(shape, making):
            self._group(group, when)
        if shape.otherwise is not None:
            otherwise = Not(when) if when is not None else None
            self._lump("otherwise", shape.otherwise, otherwise, shape.span("otherwise"))
        times = self._times(shape.times)
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
            self.unit = self.making.kept(operand(self.shape.unit, self.making.scope))
        definition = self.measure
        if isinstance(definition, Fact):
            definition = self.making.definitions.get(definition.name, definition)
        if isinstance(definition, Arithmetic) and definition.how is Operator.RATIO:
            self.per = definition.right
            if self.shape.unit is None:
                self.unit = definition.left
            elif self.unit is not None and self.unit != definition.left:
                self.making.fault("DR510", self.shape.span("unit"))

    def _money(self, node: Node | None) -> Constant | None:
        return None if node is None else self.making.kept(constant(node, MONEY, self.making.scope))

    def _times(self, node: Node | None) -> Expr | None:
        if node is None:
            return None
        made = self.making.kept(operand(node, self.making.scope))
        wanted = KIND_WORDS[Kind.COUNT]
        if made is None or not has_kind(made, node, "times", {Kind.COUNT}, wanted, self.making):
            return None
        return made

    def _rounding(self) -> tuple[Rounding, int] | None:
        shape, making = self.shape, self.making
        if shape.rounding is None:
            at = self._place_of_parts() if making.sound else None
            if at is not None:
                making.fault("DR503", at)
            return None
        match = _ROUNDING.fullmatch(shape.rounding)
        if match is None:
            if not shape.broken("rounding"):
                making.fault("DR511", shape.span("rounding"), value=shape.rounding)
            return None
        return Rounding(match[1]), int(match[2]) * (100 if match[3] == "yuan" else 1)

    def _place_of_parts(self) -> Span | None:
        """Return where the first band is that may pay parts of a fen."""
        return next(
            (
                self.places[line.band]
                for lines in self.lines.values()
                for line in lines
                if not is_whole(line.amount, self.making.definitions)
            ),
            None,
        )

    def _lump(self, rule_id: str, node: Node, when: Expr | None, span: Span) -> None:
        amount = self._money(node)
        needed = self.shape.when is not None
        self.making.add(rule_id, when if needed or rule_id == "otherwise" else All(()), span)
        self.places[rule_id] = span
        if amount is not None:
            self.lines[rule_id] = (Line(rule_id, None, amount, amount),)

    def _group(self, group: Group, when: Expr | None) -> None:
        equal, name, nodes = group
        making, measure = self.making, self.measure
        type_ = type_of(measure) if measure is not None else None
        shapes = [making.mended(PayBandShape, node) for node in nodes]
        starts = [start for shape in shapes if (start := band_start(shape, making, type_)) is not None]
        pays = [pay for shape in shapes if (pay := self._pays(shape)) is not None]
        intervals = band_intervals(measure, starts, making) if measure is not None else None
        complete = intervals is not None and len(starts) == len(pays) == len(shapes)
        bands = [
            _Band(rule_id, start, *pay)
            for rule_id, start, pay in zip(band_ids(name, shapes), starts, pays, strict=False)
        ]
        if complete:
            self._check_stack(bands, shapes)
        for at, (rule_id, shape) in enumerate(zip(band_ids(name, shapes), shapes, strict=True)):
            interval = intervals[at] if intervals is not None and complete else None
            making.add(rule_id, together(when, equal, interval), id_span(shape), described=shape)
            self.bands[rule_id] = Named(id=rule_id, title=shape.title, data=plain(shape.data))
            way = next((way for way in _WAYS if getattr(shape, way) is not None), "id")
            self.places[rule_id] = shape.key_span(way)
            if complete:
                self.lines[rule_id] = tuple(self._lines(bands, at))

    def _check_stack(self, bands: list[_Band], shapes: list[PayBandShape]) -> None:
        """Check that what each excess band pays on top of is known at its start."""
        for below, band, shape in zip(bands, bands[1:], shapes[1:], strict=False):
            if band.basis == "excess" and not self._measured(below.units):
                self.making.fault("DR510", shape.span("basis"))
                return

    def _measured(self, units: Expr | None) -> bool:
        """Tell whether units are what the measure measures, so that a band's start says how many there are."""
        return units is None or self.per is not None or units == self.measure

    def _pays(self, shape: PayBandShape) -> tuple[Constant, str, Expr | None] | None:
        """Return a band's rate, how it pays (``lump``, ``whole`` or ``excess``), and of how many units."""
        making = self.making
        if shape.broken():
            return None
        ways = [way for way in _WAYS if getattr(shape, way) is not None]
        if not ways and shape.has_broken():
            making.sound = False
            return None  # it may be what cannot be read
        if len(ways) != 1:
            making.fault("DR506", max((shape.key_span(way) for way in ways), default=shape.span()))
            return None
        way = ways[0]
        node = getattr(shape, way)
        if way == "pays":
            amount = self._money(node)
            if shape.basis is not None:
                making.fault("DR505", shape.key_span("basis"), way=way, need=_TAKES_NO)
            return None if amount is None else (amount, "lump", None)
        if shape.basis is None:
            making.fault("DR505", shape.key_span(way), way=way, need=_NEEDS)
        rate = making.kept(constant(node, Type(Kind.RATIO) if way == "pays_percent" else MONEY, making.scope))
        of = self.shape.measure
        if self.measure is None or of is None:
            return None
        units = self.measure if way == "pays_percent" else self.unit
        if units is None:
            if self.shape.unit is None:
                making.fault("DR202", making.span, key="unit")
            return None
        things = phrase("a number of things")
        if way == "pays_percent":
            fits = type_of(units).kind is Kind.MONEY
            if not fits:
                found, wanted = KIND_WORDS[type_of(units).kind], KIND_WORDS[Kind.MONEY]
                making.fault(
                    "DR509", shape.key_span(way), word=way, name=said(of), found=found, expected=wanted
                )
        elif self.shape.unit is not None:
            fits = has_kind(units, self.shape.unit, "unit", _UNITS, things, making)
        else:  # the units are the first part of a ratio, and what is named is the ratio
            fits = type_of(units).kind in _UNITS
            if not fits:
                found = KIND_WORDS[Kind.RATIO]
                making.fault("DR509", of, word="unit", name=said(of), found=found, expected=things)
        if fits and shape.basis == "excess" and not self._measured(units):
            making.fault("DR510", shape.span("basis"))
            return None
        return (rate, shape.basis, units) if fits and rate is not None and shape.basis is not None else None

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
        assert band.units is not None
        if band.basis == "whole":
            return [self._line(band, band.units)]
        start = self._units_at(band.start)
        return [*self._below(bands, at), self._line(band, _minus(band.units, start))]

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
    units: Expr | None


def _minus(left: Expr, right: Expr) -> Expr:
    if isinstance(right, Constant) and right.value == 0:
        return left
    if isinstance(left, Constant) and isinstance(right, Constant):
        assert isinstance(left.value, int | Fraction)
        assert isinstance(right.value, int | Fraction)
        return Constant(reduced(left.value - right.value), left.type)
    return Arithmetic(Operator.SUBTRACT, left, right, type_of(left))
