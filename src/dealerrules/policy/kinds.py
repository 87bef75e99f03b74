"""Kinds: each kind of decision, from its document shape to the model.

Place in the flow: the compiler calls :func:`decision` once per decision and edition. Whatever decides becomes a
rule with a condition; what the rules mean together is for the verdict.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Phrase, nearest_word
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
    id_span,
    read_measure,
    together,
)
from dealerrules.policy.conditions import condition
from dealerrules.policy.document import (
    AbsentShape,
    DecisionShape,
    Described,
    EffectiveShape,
    OfferBandShape,
    OfferShape,
    OutputShape,
    PayoutShape,
    RuleShape,
    RulesShape,
    StageShape,
    SubjectShape,
    TierShape,
)
from dealerrules.policy.fields import known_words
from dealerrules.policy.keeping import keep_levels, keeping_of
from dealerrules.policy.literals import VALUE_TYPES, constant, words_of
from dealerrules.policy.making import Making, check_effective, check_names, optional_condition, plain
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
from dealerrules.policy.phrases import phrase
from dealerrules.policy.reading import read_title
from dealerrules.values import DATE, MONEY, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.diagnostics import Span


def decision(shape: DecisionShape, making: Making, span: Span) -> AnyDecision | None:
    """Return a decision of the model, or none when something in it is at fault."""
    assert isinstance(shape, SubjectShape), shape.word
    common: dict[str, object] = {
        "name": making.name,
        "subject": making.scope.subject,
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
    check_names(shape, ("levels", "angles"), making)
    for word in _DESCRIBING:
        if word in shape.levels:
            taken = Phrase("角度下面的键", "a key of angles")
            making.fault("DR309", shape.key_span("levels", word), name=word, taken=taken)
    angles = []
    for name, node in shape.angles.items():
        if not isinstance(node, MapNode):
            making.report.not_this(node, phrase("a mapping (`key: value`)"))
            making.sound = False
            continue
        head = MapNode(tuple(entry for entry in node.entries if entry[0].text in _DESCRIBING), node.span)
        described = making.mended(Described, head)
        angle = Named(id=name, title=described.title)
        angles.append(angle)
        clause = described.source.clause_of() if described.source is not None else making.clause
        for key, rules in node.entries:
            if key.text not in _DESCRIBING:
                _grants(key, shape, making)
                _angle_rules(making, angle, key.text, rules, clause)
    keeps = keeping_of(shape, making)
    if keeps is not None:
        keep_levels(levels, shape.key_span("keeps"), making)
    if not making.sound:
        return None
    return Tier(levels=levels, angles=tuple(angles), keeps=keeps, rules=making.sorted_rules(), **common)  # type: ignore[arg-type]


_DESCRIBING = ("title", "source", "data")


def _grants(key: ScalarNode, shape: TierShape, making: Making) -> None:
    """Check that a key of an angle is a level to grant."""
    granted = list(shape.levels)[:-1]
    if key.text not in granted and not shape.broken("levels") and not key.broken:
        making.fault(
            "DR311",
            key,
            name=key.text,
            levels=known_words(granted, keep_order=True),
            nearest=nearest_word(key.text, [*granted, *_DESCRIBING]),
        )


def _angle_rules(making: Making, angle: Named, level: str, node: Node, clause: Clause | None) -> None:
    if not isinstance(node, ListNode):
        making.report.not_this(node, phrase("a list of rules"))
        making.sound = False
        return
    if not node.items:
        making.fault("DR205", node)
    for item in node.items:
        rule = making.mended(RuleShape, item)
        when = condition(rule.when, making.scope)
        making.add(
            f"{angle.id}.{rule.id}" if rule.id else "",
            making.kept(when),
            rule.span("id"),
            described=rule,
            answer=level,
            angle=angle,
            clause=clause,
        )


def _stage(shape: StageShape, making: Making, common: dict[str, object]) -> Stage | None:
    check_names(shape, ("first", "stages"), making)
    measure = read_measure(shape.measure, making)
    type_ = type_of(measure) if measure is not None else None
    stages: dict[str, Named] = {}
    order: list[str] = []
    for name, first in shape.first.items():
        when = making.kept(condition(first.when, making.scope))
        making.add(name, when, shape.key_span("first", name), described=first)
        stages[name] = Named(id=name, title=first.title, data=plain(first.data))
        order.append(name)
    starts: list[Start] = []
    for name, band in shape.stages.items():
        start = band_start(band, making, type_, shape.key_span("stages", name))
        starts += [start] if start is not None else []
    conditions = band_intervals(measure, starts, making) if measure is not None else None
    for at, (name, band) in enumerate(shape.stages.items()):
        when = conditions[at] if conditions is not None and len(starts) == len(shape.stages) else None
        making.add(name, when, shape.key_span("stages", name), described=band)
        stages[name] = Named(id=name, title=band.title, data=plain(band.data))
        order.append(name)
    if shape.when_absent is not None:
        absent = _absent(shape.when_absent, making)
        when = IsAbsent(measure) if measure is not None else None
        making.add(absent.id, when, absent.span("id"), described=absent)
        stages[absent.id] = Named(id=absent.id, title=absent.title, data=plain(absent.data))
        order.append(absent.id)
    if not making.sound or measure is None:
        return None
    ranking = {None: (), "first": tuple(shape.stages), "last": tuple(reversed(shape.stages))}[shape.best]
    return Stage(
        measure=measure,
        order=tuple(order),
        stages=stages,
        ranking=ranking,
        rules=making.sorted_rules(),
        **common,  # type: ignore[arg-type]
    )


def _absent(node: Node, making: Making) -> AbsentShape:
    """Return the stage of those without event: an id alone is short for a mapping."""
    if isinstance(node, ScalarNode):
        node = MapNode(((ScalarNode("id", node.span, quoted=False), node),), node.span)
    return making.mended(AbsentShape, node)


def _offer(shape: OfferShape, making: Making, common: dict[str, object]) -> Offer | None:
    when = optional_condition(shape.when, making)
    measure = read_measure(shape.measure, making)
    packages: dict[str, Package] = {}
    for equal, name, nodes in band_groups(shape, making):
        shapes = [making.mended(OfferBandShape, node) for node in nodes]
        intervals = _offer_intervals(shape, shapes, measure, making)
        for at, (band, rule_id) in enumerate(zip(shapes, band_ids(name, shapes), strict=True)):
            holds = together(when, equal, intervals[at]) if intervals is not None else None
            making.add(rule_id, making.kept(holds), id_span(band), described=band)
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
        making.fault("DR508", shape.key_span("bands"))
        return None
    type_ = type_of(measure) if measure is not None else None
    starts = [start for band in bands if (start := band_start(band, making, type_)) is not None]
    if measure is None:
        return None
    made = band_intervals(measure, starts, making)
    return None if made is None or len(made) < len(bands) else list(made)


def _package(band: OfferBandShape, making: Making) -> Package:
    for letter in band.choose_one:
        _check_items(band.node("choose_one", letter), making)
    _check_items(band.node("always"), making)
    value, always_value = (
        making.kept(constant(node, MONEY, making.scope)) if node is not None else None
        for node in (band.value, band.always_value)
    )
    return Package(
        choose_one=band.choose_one,
        always=band.always,
        value=value.value if value is not None else None,  # type: ignore[arg-type]
        always_value=always_value.value if always_value is not None else None,  # type: ignore[arg-type]
    )


def _check_items(node: Node | None, making: Making) -> None:
    """Check that a list of items names items that there are."""
    for item in node.items if isinstance(node, ListNode) else ():
        if not isinstance(item, ScalarNode) or item.broken or item.text in making.items:
            continue
        nearest = nearest_word(item.text, making.items)
        if nearest is not None or not making.report.lost:
            making.report.add("DR307", item, name=item.text, nearest=nearest)
        making.sound = False


def _rules(shape: RulesShape, making: Making, common: dict[str, object]) -> Rules | None:
    check_names(shape, ("outputs",), making)
    outputs = tuple(_output(name, output, making) for name, output in shape.outputs.items())
    day: Expr = Fact(shape.dated_by, DATE) if shape.dated_by is not None else AsOf()
    cells: dict[str, Mapping[str, Cell]] = {}
    order: list[str] = []
    for row in shape.rows:
        when = making.kept(condition(row.when, making.scope)) if row.when is not None else All(())
        if row.effective is not None:
            when = _in_force(row.effective, day, when, making)
        making.add(row.id, when, row.span("id"), described=row)
        cells[row.id] = _cells(row.node("then"), row.key_span("then"), outputs, making)
        order.append(row.id)
    otherwise = None
    if shape.otherwise is not None:
        otherwise = _cells(shape.node("otherwise"), shape.key_span("otherwise"), outputs, making)
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


def _in_force(effective: EffectiveShape, day: Expr, when: Expr | None, making: Making) -> Expr | None:
    check_effective(effective, making.report, date.min, date.max)
    parts: list[Expr] = []
    if effective.start is not None:
        parts.append(Compare(Comparison.AT_LEAST, day, Constant(effective.start, DATE)))
    if effective.until is not None:
        parts.append(Compare(Comparison.AT_MOST, day, Constant(effective.until, DATE)))
    return None if when is None else all_of([*parts, when])


def _output(name: str, shape: OutputShape, making: Making) -> Output:
    if shape.broken("type"):
        return Output(id=name, form="", title=shape.title)
    if shape.type in {"texts", "items"}:
        return Output(id=name, form=shape.type, title=shape.title)
    if shape.type == "category":
        if not shape.options and not shape.broken("options"):
            making.fault("DR202", shape.key_span("type"), key="options")
        return Output(id=name, form=shape.type, type=Type(Kind.CATEGORY, shape.options), title=shape.title)
    return Output(id=name, form=shape.type, type=VALUE_TYPES[shape.type], title=shape.title)


def _cells(node: Node | None, owner: Span, outputs: tuple[Output, ...], making: Making) -> Mapping[str, Cell]:
    """Return what a row says: each output once."""
    if not isinstance(node, MapNode):
        return {}  # broken
    by_name = {output.id: output for output in outputs}
    made: dict[str, Cell] = {}
    missing = [name for name in by_name if node.get(name) is None]
    for key, value in node.entries:
        output = by_name.get(key.text)
        if output is None:
            nearest = nearest_word(key.text, missing)
            making.fault("DR201", key, key=key.text, known=known_words(by_name), nearest=nearest)
            missing = [name for name in missing if name != nearest]
            output = by_name.get(nearest or "")
        cell = making.kept(_cell(output, value, making)) if output is not None else None
        if cell is not None:
            made[key.text] = cell
    if any(key.broken for key, _ in node.entries):
        missing = []
    for name in missing:
        making.fault("DR202", owner, key=name)
    return made


def _cell(output: Output, node: Node, making: Making) -> Cell | None:
    if output.type is not None:
        if not output.type.options and output.type.kind is Kind.CATEGORY:
            return None  # its options are at fault
        value = constant(node, output.type, making.scope)
        return None if value is None else value.value
    if not output.form:
        return None
    if not isinstance(node, ListNode):
        making.report.not_this(node, phrase("a list"))
        return None
    if output.form == "items":
        _check_items(node, making)
        return words_of(node, making.report) if node.items else ()
    texts: list[Title] = []
    for item in node.items:
        title, faults = read_title(item)
        making.report.extend(faults)
        making.sound = making.sound and not faults
        texts.append(title)
    return tuple(texts)
