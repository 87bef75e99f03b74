"""Kinds: each kind of decision, from its document shape to the model.

Place in the flow: the compiler calls :func:`decision` once per decision and edition. Whatever decides becomes a
rule with a condition; what the rules mean together is for the verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.diagnostics import nearest_word
from dealerrules.expr import (
    All,
    AsOf,
    Compare,
    Comparison,
    Constant,
    Expr,
    Fact,
    IsAbsent,
    all_of,
    type_of,
)
from dealerrules.policy.bands import (
    Start,
    band_groups,
    band_ids,
    band_intervals,
    band_start,
    read_measure,
    together,
)
from dealerrules.policy.conditions import condition
from dealerrules.policy.document import (
    BandShape,
    DecisionShape,
    Described,
    EffectiveShape,
    OfferBandShape,
    OfferShape,
    OutputShape,
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
from dealerrules.policy.literals import VALUE_TYPES, constant
from dealerrules.policy.making import Making, optional_condition, plain
from dealerrules.policy.model import (
    AnyDecision,
    Cell,
    Clause,
    Hit,
    Level,
    Named,
    Offer,
    Output,
    Package,
    Rules,
    Stage,
    Tier,
    Title,
)
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.policy.payouts import PayoutMaker
from dealerrules.policy.phrases import phrase, shape_name
from dealerrules.values import DATE, MONEY, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealerrules.diagnostics import Span


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
            return PayoutMaker(shape, making, common).make()
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
# Stage


def _stage(shape: StageShape, making: Making, common: dict[str, object]) -> Stage | None:
    measure = read_measure(shape.measure, making)
    stages: dict[str, Named] = {}
    order: list[str] = []
    for name, first in shape.first.items():
        when = condition(first.when, making.scope)
        making.add(name, when, shape.key_span("first", name), described=first)
        stages[name] = Named(id=name, title=first.title, data=plain(first.data))
        order.append(name)
    bands: list[tuple[str, BandShape, Start]] = []
    for name, band in shape.stages.items():
        start = band_start(band, making, type_of(measure)) if measure is not None else None
        making.sound = making.sound and start is not None
        if start is not None:
            bands.append((name, band, start))
    if measure is not None:
        spans = [(start, shape.key_span("stages", name)) for name, _, start in bands]
        for (name, band, _), when in zip(bands, band_intervals(measure, spans, making) or [], strict=False):
            making.add(name, when, shape.key_span("stages", name), described=band)
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


# ---------------------------------------------------------------------------------------------------
# Offer


def _offer(shape: OfferShape, making: Making, common: dict[str, object]) -> Offer | None:
    when = optional_condition(shape.when, making)
    measure = read_measure(shape.measure, making)
    packages: dict[str, Package] = {}
    for equal, name, nodes in band_groups(shape.bands, shape.by, making):
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
        for band, rule_id, interval in zip(shapes, band_ids(name, shapes), intervals, strict=True):
            making.add(rule_id, together(when, equal, interval), band.here.span, described=band)
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
        making.report.add("DR508", shape.key_span("bands"))
        return None
    if measure is None:
        return None
    starts = [band_start(band, making, type_of(measure)) for band in bands]
    if any(start is None for start in starts):
        return None
    pairs = [(start, band.here.span) for start, band in zip(starts, bands, strict=True) if start is not None]
    made = band_intervals(measure, pairs, making)
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
