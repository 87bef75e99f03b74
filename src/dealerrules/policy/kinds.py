"""Kinds: each kind of decision, from its document shape to the model.

Place in the flow: the compiler calls :func:`decision` once per decision and edition; conditions and values
inside are made by ``expressions``. Whatever decides becomes a rule with a condition: a band is a rule whose
condition says where it begins and where the next one does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.diagnostics import nearest_word
from dealerrules.expr import (
    All,
    Arithmetic,
    AsOf,
    Compare,
    Comparison,
    Constant,
    Expr,
    Fact,
    Field,
    IsAbsent,
    Not,
    Operator,
    all_of,
    type_of,
)
from dealerrules.policy.document import (
    BandShape,
    DecisionShape,
    Described,
    EffectiveShape,
    OfferBandShape,
    OfferShape,
    OutputShape,
    PayBandShape,
    PayoutShape,
    RowShape,
    RuleShape,
    RulesShape,
    StageShape,
    TierShape,
    known_words,
    read_shape,
    read_title,
)
from dealerrules.policy.expressions import VALUE_TYPES, condition, constant, operand
from dealerrules.policy.model import (
    AnyDecision,
    Cell,
    Clause,
    Data,
    Hit,
    Level,
    Line,
    Named,
    Offer,
    Output,
    Package,
    Payout,
    Rule,
    Rules,
    Stage,
    Tier,
    Title,
)
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.policy.phrases import phrase, shape_name
from dealerrules.values import COUNT, DATE, MONEY, QUANTITIES, Kind, Rounding, Type, reduced

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from dealerrules.diagnostics import Span
    from dealerrules.policy.expressions import Report, Scope


@dataclass(slots=True)
class Making:
    """A decision being made: its names, where it comes from, and the rules found so far."""

    name: str
    scope: Scope
    policy: str
    clause: Clause | None
    items: Collection[str]
    definitions: Mapping[str, Expr]
    rules: dict[str, Rule] = field(default_factory=dict)
    seen: dict[str, Span] = field(default_factory=dict)
    sound: bool = True

    @property
    def report(self) -> Report:
        """Where faults go."""
        return self.scope.report

    def claim(self, rule_id: str, span: Span) -> bool:
        """Take an id; one that is taken already is a fault."""
        first = self.seen.setdefault(rule_id, span)
        if first is not span:
            self.report.add("DR310", span, id=rule_id, line=str(first.line))
            self.sound = False
        return first is span

    def add(
        self,
        rule_id: str,
        when: Expr | None,
        span: Span,
        *,
        described: Described | None = None,
        answer: str | None = None,
        angle: Named | None = None,
        clause: Clause | None = None,
    ) -> None:
        """Keep a rule; a rule without condition was at fault."""
        if not self.claim(rule_id, span):
            return
        if when is None:
            self.sound = False
            return
        own = described.source.clause_of() if described is not None and described.source is not None else None
        self.rules[rule_id] = Rule(
            id=rule_id,
            when=when,
            answer=answer or rule_id,
            title=described.title if described is not None else Title(),
            clause=own or clause or self.clause,
            place=span.short,
            angle=angle.id if angle is not None else None,
            data=plain(described.data) if described is not None else None,
        )

    def sorted_rules(self) -> tuple[Rule, ...]:
        """Return the rules by id: bit i of a mask is the i-th."""
        return tuple(self.rules[name] for name in sorted(self.rules))


def plain(node: Node | None) -> Data:
    """Return attached data as plain texts, lists and mappings."""
    match node:
        case None:
            return None
        case MapNode():
            return {key.text: plain(value) for key, value in node.entries}
        case ListNode():
            return [plain(item) for item in node.items]
        case ScalarNode(text="true" | "false", quoted=False):
            return node.text == "true"
        case ScalarNode():
            return node.text


def decision(shape: DecisionShape, making: Making, span: Span) -> AnyDecision | None:
    """Return a decision of the model, or none when something in it is at fault."""
    common = {
        "name": making.name,
        "subject": shape.subject,
        "policy": making.policy,
        "title": shape.title,
        "clause": making.clause,
        "place": span.short,
        "dated_by": shape.dated_by,
        "data": plain(shape.data),
    }
    match shape:
        case TierShape():
            return _tier(shape, making, common)
        case StageShape():
            return _stage(shape, making, common)
        case PayoutShape():
            return _Pay(shape, making, common).make()
        case OfferShape():
            return _offer(shape, making, common)
        case RulesShape():
            return _rules(shape, making, common)
        case _:
            message = f"no maker for {type(shape).__name__}"
            raise AssertionError(message)


# ---------------------------------------------------------------------------------------------------
# Tier


def _tier(shape: TierShape, making: Making, common: dict[str, object]) -> Tier | None:
    levels = tuple(
        Level(
            id=name,
            title=level.title,
            cadence=level.cadence,
            benefits=level.benefits,
            follow_up=level.follow_up,
            data=plain(level.data),
        )
        for name, level in shape.levels.items()
    )
    angles = []
    for name, node in shape.angles.items():
        angle_span = shape.span("angles", name)
        if not isinstance(node, MapNode):
            making.report.add("DR203", node, expected=phrase("a mapping"), got=shape_name(node))
            making.sound = False
            continue
        head = MapNode(
            tuple(entry for entry in node.entries if entry[0].text in {"title", "source", "data"}), angle_span
        )
        described, faults = read_shape(Described, head)
        making.report.extend(faults)
        angle = Named(id=name, title=described.title if described else Title())
        angles.append(angle)
        own = (
            described.source.clause_of()
            if described is not None and described.source is not None
            else making.clause
        )
        for key, rules in node.entries:
            if key.text in {"title", "source", "data"}:
                continue
            if key.text not in list(shape.levels)[:-1]:
                granting = list(shape.levels)[:-1]
                nearest = nearest_word(key.text, [*granting, "title"])
                making.report.add("DR311", key, name=key.text, levels=known_words(granting), nearest=nearest)
                making.sound = False
                continue
            _angle_rules(making, angle, key.text, rules, own)
    if not making.sound:
        return None
    return Tier(levels=levels, angles=tuple(angles), rules=making.sorted_rules(), **common)  # type: ignore[arg-type]


def _angle_rules(making: Making, angle: Named, level: str, node: Node, clause: Clause | None) -> None:
    if not isinstance(node, ListNode):
        making.report.add("DR203", node, expected=phrase("a list of rules"), got=shape_name(node))
        making.sound = False
        return
    for item in node.items:
        rule, faults = read_shape(RuleShape, item)
        making.report.extend(faults)
        if rule is None:
            making.sound = False
            continue
        when = condition(rule.when, making.scope)
        making.add(
            f"{angle.id}.{rule.id}",
            when,
            rule.span("id"),
            described=rule,
            answer=level,
            angle=angle,
            clause=clause,
        )


# ---------------------------------------------------------------------------------------------------
# Bands: a measure cut into pieces


@dataclass(frozen=True, slots=True)
class Start:
    """Where a band begins."""

    value: Constant
    included: bool


def _start(shape: BandShape, making: Making, type_: Type) -> Start | None:
    if (shape.start is None) == (shape.over is None):
        making.report.add("DR507", shape.here)
        return None
    node: Node | None = shape.start if shape.start is not None else shape.over
    assert node is not None
    value = (
        _multiple(node, making, type_) if isinstance(node, MapNode) else constant(node, type_, making.scope)
    )
    return None if value is None else Start(value, shape.start is not None)


def _multiple(node: MapNode, making: Making, type_: Type) -> Constant | None:
    """Return ``{times: 2, of: PARAMETER}``."""
    times, of = node.get("times"), node.get("of")
    if times is None or of is None or len(node.entries) != 2:
        making.report.add("DR203", node, expected=phrase("`{times: 2, of: PARAMETER}`"), got=shape_name(node))
        return None
    factor, value = constant(times, COUNT, making.scope), constant(of, type_, making.scope)
    if factor is None or value is None:
        return None
    if not isinstance(value.value, int | Fraction) or not isinstance(factor.value, int):
        making.report.add("DR509", of)
        return None
    named = f"{factor.value} × {value.parameter}" if value.parameter else None
    return Constant(reduced(factor.value * value.value), type_, named)


def _intervals(measure: Expr, starts: list[tuple[Start, Span]], making: Making) -> list[Expr] | None:
    """Return each band's condition; bands must be written in rising order."""
    sound = True
    for (start, _), (following, span) in zip(starts, starts[1:], strict=False):
        low, high = (start.value.value, not start.included), (following.value.value, not following.included)
        if not low < high:
            making.report.add("DR501", span)
            sound = False
    if not sound:
        making.sound = False
        return None
    conditions = []
    for at, (start, _) in enumerate(starts):
        parts: list[Expr] = [
            Compare(Comparison.AT_LEAST if start.included else Comparison.MORE_THAN, measure, start.value)
        ]
        if at + 1 < len(starts):
            end = starts[at + 1][0]
            parts.append(
                Compare(Comparison.LESS_THAN if end.included else Comparison.AT_MOST, measure, end.value)
            )
        conditions.append(all_of(parts))
    return conditions


def _measure(node: Node | None, making: Making) -> Expr | None:
    if node is None:
        return None
    made = operand(node, making.scope)
    if made is None:
        making.sound = False
        return None
    if type_of(made).kind not in QUANTITIES:
        making.report.add("DR509", node)
        making.sound = False
        return None
    return made


# ---------------------------------------------------------------------------------------------------
# Stage


def _stage(shape: StageShape, making: Making, common: dict[str, object]) -> Stage | None:
    measure = _measure(shape.measure, making)
    stages: dict[str, Named] = {}
    order: list[str] = []
    for name, first in shape.first.items():
        when = condition(first.when, making.scope)
        making.add(name, when, _key(shape, "first", name), described=first)
        stages[name] = Named(id=name, title=first.title, data=plain(first.data))
        order.append(name)
    bands: list[tuple[str, BandShape, Start]] = []
    for name, band in shape.stages.items():
        start = _start(band, making, type_of(measure)) if measure is not None else None
        making.sound = making.sound and start is not None
        if start is not None:
            bands.append((name, band, start))
    if measure is not None:
        spans = [(start, _key(shape, "stages", name)) for name, _, start in bands]
        for (name, band, _), when in zip(bands, _intervals(measure, spans, making) or [], strict=False):
            making.add(name, when, _key(shape, "stages", name), described=band)
    for name, band in shape.stages.items():
        stages[name] = Named(id=name, title=band.title, data=plain(band.data))
        order.append(name)
    if shape.when_absent is not None and measure is not None:
        absent, described = _absent(shape.when_absent, making)
        if absent is not None:
            making.add(absent, IsAbsent(measure), shape.span("when_absent"), described=described)
            stages[absent] = Named(
                id=absent,
                title=described.title if described else Title(),
                data=plain(described.data) if described else None,
            )
            order.append(absent)
    if not making.sound or measure is None:
        return None
    return Stage(measure=measure, order=tuple(order), stages=stages, rules=making.sorted_rules(), **common)  # type: ignore[arg-type]


def _absent(node: Node, making: Making) -> tuple[str | None, Described | None]:
    if isinstance(node, ScalarNode):
        if node.text:
            return node.text, None
        making.report.add("DR205", node)
        making.sound = False
        return None, None
    found = node.get("id") if isinstance(node, MapNode) else None
    if not isinstance(node, MapNode) or not isinstance(found, ScalarNode):
        making.report.add("DR202", node, key="id")
        making.sound = False
        return None, None
    rest = MapNode(tuple(entry for entry in node.entries if entry[0].text != "id"), node.span)
    described, faults = read_shape(Described, rest)
    making.report.extend(faults)
    return found.text, described


def _key(shape: DecisionShape, *path: str) -> Span:
    return shape.key_span(*path)


# ---------------------------------------------------------------------------------------------------
# Bands by the value of a fact

_GROUP = tuple[Expr | None, str | None, list[Node]]


def _groups(node: Node | None, by: Node | None, making: Making) -> list[_GROUP]:
    """Return the band lists: one, or one for each value of the `by` fact with its condition."""
    if node is None:
        return []
    if by is None:
        if isinstance(node, ListNode) and node.items:
            return [(None, None, list(node.items))]
        making.report.add("DR203", node, expected=phrase("a list of bands"), got=shape_name(node))
        making.sound = False
        return []
    fact = operand(by, making.scope)
    if fact is None or not isinstance(node, MapNode) or not node.entries:
        if fact is not None:
            making.report.add(
                "DR203", node, expected=phrase("a mapping of value to bands"), got=shape_name(node)
            )
        making.sound = False
        return []
    groups: list[_GROUP] = []
    for key, bands in node.entries:
        value = constant(key, type_of(fact), making.scope)
        if value is None or not isinstance(bands, ListNode) or not bands.items:
            if value is not None:
                making.report.add("DR203", bands, expected=phrase("a list of bands"), got=shape_name(bands))
            making.sound = False
            continue
        equal = Compare(Comparison.EQUAL, fact, value)
        groups.append((equal, key.text, list(bands.items)))
    return groups


def _when(node: Node | None, making: Making) -> Expr | None:
    if node is None:
        return None
    made = condition(node, making.scope)
    making.sound = making.sound and made is not None
    return made


def _together(*parts: Expr | None) -> Expr:
    return all_of([part for part in parts if part is not None])


def _ids(group: str | None, shapes: Iterable[PayBandShape | OfferBandShape]) -> list[str]:
    prefix = f"{group}." if group else ""
    return [shape.id or f"{prefix}band-{number}" for number, shape in enumerate(shapes, 1)]


# ---------------------------------------------------------------------------------------------------
# Payout

_ROUNDING = re.compile(r"(half_up|half_even|up|down) to ([1-9]\d{0,6}) (fen|yuan)")


@dataclass(slots=True)
class _Pay:
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
        shape, making = self.shape, self.making
        self.measure = _measure(shape.measure, making)
        self._find_unit()
        when = _when(shape.when, making)
        if (shape.when is None) != (shape.otherwise is None):
            making.report.add(
                "DR504", shape.span("when") if shape.when is not None else shape.span("otherwise")
            )
            making.sound = False
        if (shape.pays is None) == (shape.bands is None):
            making.report.add("DR506", _key(shape, "kind"))
            making.sound = False
        if shape.pays is not None:
            self._lump("pays", shape.pays, when, shape.span("pays"))
        for group in _groups(shape.bands, shape.by, making):
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
                self.making.report.add("DR503", _key(shape, "kind"))
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

    def _group(self, group: _GROUP, when: Expr | None) -> None:
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
                making.report.add("DR508", _key(self.shape, "bands"))
            making.sound = False
            return
        starts = [_start(shape, making, type_of(self.measure)) for shape in shapes]
        if len(shapes) < len(nodes) or any(start is None for start in starts):
            making.sound = False
            return
        found = [start for start in starts if start is not None]
        intervals = _intervals(
            self.measure,
            [(start, shape.here.span) for start, shape in zip(found, shapes, strict=True)],
            making,
        )
        ids = _ids(name, shapes)
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
            making.add(ids[at], _together(when, equal, interval), shape.here.span, described=shape)
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


# ---------------------------------------------------------------------------------------------------
# Offer


def _offer(shape: OfferShape, making: Making, common: dict[str, object]) -> Offer | None:
    when = _when(shape.when, making)
    measure = _measure(shape.measure, making)
    packages: dict[str, Package] = {}
    for equal, name, nodes in _groups(shape.bands, shape.by, making):
        shapes: list[OfferBandShape] = []
        for node in nodes:
            band, faults = read_shape(OfferBandShape, node)
            making.report.extend(faults)
            if band is None:
                making.sound = False
            else:
                shapes.append(band)
        intervals = _offer_intervals(shape, shapes, measure, making)
        if intervals is None or len(shapes) < len(nodes):
            making.sound = False
            continue
        for band, rule_id, interval in zip(shapes, _ids(name, shapes), intervals, strict=True):
            making.add(rule_id, _together(when, equal, interval), band.here.span, described=band)
            packages[rule_id] = _package(band, making)
    if not making.sound:
        return None
    return Offer(measure=measure, packages=packages, rules=making.sorted_rules(), **common)  # type: ignore[arg-type]


def _offer_intervals(
    shape: OfferShape, bands: list[OfferBandShape], measure: Expr | None, making: Making
) -> list[Expr | None] | None:
    if shape.measure is None:
        if len(bands) == 1 and bands[0].start is None and bands[0].over is None:
            return [None]
        making.report.add("DR508", _key(shape, "bands"))
        return None
    if measure is None:
        return None
    starts = [_start(band, making, type_of(measure)) for band in bands]
    if any(start is None for start in starts):
        return None
    pairs = [(start, band.here.span) for start, band in zip(starts, bands, strict=True) if start is not None]
    made = _intervals(measure, pairs, making)
    return None if made is None else list(made)


def _package(band: OfferBandShape, making: Making) -> Package:
    for path, names in (
        *((("choose_one", letter), names) for letter, names in band.choose_one.items()),
        (("always",), band.always),
    ):
        node: Node | None = band.here
        for key in path:
            node = node.get(key) if isinstance(node, MapNode) else None
        _check_items(node, names, making)
    value = constant(band.value, MONEY, making.scope) if band.value is not None else None
    always = constant(band.always_value, MONEY, making.scope) if band.always_value is not None else None
    making.sound = making.sound and (band.value is None) == (value is None)
    making.sound = making.sound and (band.always_value is None) == (always is None)
    return Package(
        choose_one=band.choose_one,
        always=band.always,
        value=value.value if value is not None else None,  # type: ignore[arg-type]
        always_value=always.value if always is not None else None,  # type: ignore[arg-type]
    )


def _check_items(node: Node | None, names: Iterable[str], making: Making) -> None:
    for at, name in enumerate(names):
        if name not in making.items:
            span = (
                node.items[at].span
                if isinstance(node, ListNode)
                else making.scope.report.diagnostics[-1].span
            )
            making.report.add("DR307", span, name=name, nearest=nearest_word(name, making.items))
            making.sound = False


# ---------------------------------------------------------------------------------------------------
# Rules


def _rules(shape: RulesShape, making: Making, common: dict[str, object]) -> Rules | None:
    outputs = tuple(_output(name, output, making) for name, output in shape.outputs.items())
    day: Expr = Fact(shape.dated_by, DATE) if shape.dated_by is not None else AsOf()
    cells: dict[str, Mapping[str, Cell]] = {}
    order: list[str] = []
    for row in shape.rows:
        when = condition(row.when, making.scope) if row.when is not None else All(())
        if when is not None and row.effective is not None:
            when = _in_force(row.effective, day, when)
        making.add(row.id, when, row.span("id"), described=row)
        cells[row.id] = _cells(row.then, row, outputs, making)
        order.append(row.id)
    otherwise = (
        _cells(shape.otherwise, shape, outputs, making, "otherwise") if shape.otherwise is not None else None
    )
    if not making.sound:
        return None
    return Rules(
        hit=Hit(shape.hit),
        outputs=outputs,
        order=tuple(order),
        cells=cells,
        otherwise=otherwise,
        rules=making.sorted_rules(),
        **common,  # type: ignore[arg-type]
    )


def _in_force(effective: EffectiveShape, day: Expr, when: Expr) -> Expr:
    parts: list[Expr] = []
    if effective.start is not None:
        parts.append(Compare(Comparison.AT_LEAST, day, Constant(effective.start, DATE)))
    if effective.until is not None:
        parts.append(Compare(Comparison.AT_MOST, day, Constant(effective.until, DATE)))
    return all_of([*parts, when])


def _output(name: str, shape: OutputShape, making: Making) -> Output:
    if shape.type in {"texts", "items"}:
        return Output(id=name, form=shape.type, title=shape.title)
    if shape.type == "category":
        if not shape.options:
            making.report.add("DR202", shape.key_span("type"), key="options")
            making.sound = False
        return Output(id=name, form=shape.type, type=Type(Kind.CATEGORY, shape.options), title=shape.title)
    return Output(id=name, form=shape.type, type=VALUE_TYPES[shape.type], title=shape.title)


def _cells(
    then: Mapping[str, Node],
    at: RowShape | RulesShape,
    outputs: tuple[Output, ...],
    making: Making,
    key: str = "then",
) -> Mapping[str, Cell]:
    by_name = {output.id: output for output in outputs}
    made: dict[str, Cell] = {}
    for name, node in then.items():
        if name not in by_name:
            known = known_words(by_name)
            making.report.add(
                "DR201", at.key_span(key, name), key=name, known=known, nearest=nearest_word(name, by_name)
            )
            making.sound = False
            continue
        cell = _cell(by_name[name], node, making)
        if cell is None:
            making.sound = False
        else:
            made[name] = cell
    for name in by_name:
        if name not in then:
            making.report.add("DR202", at.key_span(key), key=name)
            making.sound = False
    return made


def _cell(output: Output, node: Node, making: Making) -> Cell | None:
    if output.type is not None:
        value = constant(node, output.type, making.scope)
        return None if value is None else value.value
    if not isinstance(node, ListNode):
        making.report.add("DR203", node, expected=phrase("a list"), got=shape_name(node))
        return None
    if output.form == "items":
        names = tuple(item.text for item in node.items if isinstance(item, ScalarNode))
        _check_items(node, names, making)
        return names
    texts: list[Title] = []
    for item in node.items:
        title, faults = read_title(item)
        making.report.extend(faults)
        if title is None:
            return None
        texts.append(title)
    return tuple(texts)


def check_effective(
    shape: EffectiveShape | None, report: Report, lowest: date, highest: date
) -> tuple[date, date]:
    """Return the days from which and until which something is in force; the end must not precede the start."""
    if shape is None:
        return lowest, highest
    start, end = shape.start or lowest, shape.until or highest
    if end < start:
        report.add("DR512", shape.span("until"), start=str(start), until=str(end))
    return start, end


__all__ = ["Making", "check_effective", "decision", "plain"]
