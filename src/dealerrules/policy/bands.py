"""Bands: a measure cut into pieces, each with its condition.

Place in the flow: stages, payouts and offers are made with these. A band says only where it begins, so that gaps
and overlaps cannot be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Phrase
from dealerrules.expr import (
    Compare,
    Comparison,
    Constant,
    Expr,
    all_of,
    type_of,
)
from dealerrules.policy.document import TimesShape
from dealerrules.policy.forms import operand, said
from dealerrules.policy.literals import constant
from dealerrules.policy.making import place_of
from dealerrules.policy.parse import ListNode, MapNode, Node
from dealerrules.policy.phrases import KIND_WORDS, phrase
from dealerrules.values import COUNT, QUANTITIES, Kind, Type, Value, reduced

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dealerrules.diagnostics import Span
    from dealerrules.policy.document import (
        BandShape,
        OfferBandShape,
        OfferShape,
        PayBandShape,
        PayoutShape,
    )
    from dealerrules.policy.making import Making


@dataclass(frozen=True, slots=True)
class Start:
    """Where a band begins."""

    value: Constant
    included: bool
    span: Span


def band_start(
    shape: BandShape, making: Making, type_: Type | None, owner: Span | None = None
) -> Start | None:
    """Return where a band begins, said once, with `from` or `over`; of a measure at fault only the form is checked."""
    if shape.broken():
        return None
    if (shape.start is None) == (shape.over is None):
        both = max(shape.key_span("from"), shape.key_span("over")) if shape.over is not None else None
        making.fault("DR507", both or owner or shape.span())
        return None
    node: Node | None = shape.start if shape.start is not None else shape.over
    if type_ is None or node is None:
        return None
    value = (
        _multiple(node, making, type_) if isinstance(node, MapNode) else constant(node, type_, making.scope)
    )
    value = making.kept(value)
    return None if value is None else Start(value, shape.start is not None, node.span)


def _multiple(node: MapNode, making: Making, type_: Type) -> Constant | None:
    """Return ``{times: 2, of: PARAMETER}``."""
    shape = making.mended(TimesShape, node)
    factor, value = constant(shape.times, COUNT, making.scope), constant(shape.of, type_, making.scope)
    if factor is None or value is None:
        return None
    if not isinstance(value.value, int | Fraction) or not isinstance(factor.value, int):
        wanted = phrase("a quantity")
        making.fault(
            "DR509", shape.of, word="of", name=said(shape.of), found=KIND_WORDS[type_.kind], expected=wanted
        )
        return None
    named = f"{factor.value} × {value.parameter}" if value.parameter else None
    return Constant(reduced(factor.value * value.value), type_, named)


def band_intervals(measure: Expr, starts: list[Start], making: Making) -> list[Expr] | None:
    """Return each band's condition; bands must be written in rising order."""
    sound = True
    for start, following in zip(starts, starts[1:], strict=False):
        low, high = (start.value.value, not start.included), (following.value.value, not following.included)
        if not low < high:
            related = ((start.span, Phrase("上一档从这里开始", "the band before it begins here")),)
            making.report.add("DR501", following.span, related=related)
            sound = False
    if not making.kept(sound or None):
        return None
    conditions = []
    for at, start in enumerate(starts):
        parts: list[Expr] = [
            Compare(Comparison.AT_LEAST if start.included else Comparison.MORE_THAN, measure, start.value)
        ]
        if at + 1 < len(starts):
            end = starts[at + 1]
            parts.append(
                Compare(Comparison.LESS_THAN if end.included else Comparison.AT_MOST, measure, end.value)
            )
        conditions.append(all_of(parts))
    return conditions


def read_measure(node: Node | None, making: Making) -> Expr | None:
    """Return a measure; what has no size cannot be one."""
    if node is None:
        return None
    made = making.kept(operand(node, making.scope))
    if made is not None and not has_kind(made, node, "measure", QUANTITIES, phrase("a quantity"), making):
        return None
    return made


def has_kind(
    made: Expr, node: Node, word: str, kinds: Collection[Kind], wanted: Phrase, making: Making
) -> bool:
    """Tell whether an operand that stands behind `word` is of one of some kinds; if not, that is a fault."""
    kind = type_of(made).kind
    if kind not in kinds:
        making.fault("DR509", node, word=word, name=said(node), found=KIND_WORDS[kind], expected=wanted)
    return kind in kinds


Group = tuple[Expr | None, str | None, list[Node]]


def band_groups(shape: PayoutShape | OfferShape, making: Making) -> list[Group]:
    """Return the band lists: one, or one for each value of the `by` fact with its condition."""
    node: Node | None = shape.bands
    by: Node | None = shape.by
    if node is None:
        return []
    if by is None and isinstance(node, MapNode):
        making.fault("DR202", shape.key_span("bands"), key="by")
        return []
    if by is None:
        bands = _band_list(node, making)
        return [(None, None, bands)] if bands else []
    fact = making.kept(operand(by, making.scope))
    if not isinstance(node, MapNode):
        making.report.not_this(node, phrase("a mapping of value to bands"))
        making.sound = False
        return []
    if not node.entries:
        making.fault("DR205", node)
    groups: list[Group] = []
    seen: dict[Value, Span] = {}
    for key, part in node.entries:
        value = making.kept(constant(key, type_of(fact), making.scope)) if fact is not None else None
        if value is not None and (first := seen.setdefault(value.value, key.span)) is not key.span:
            making.fault("DR310", key, id=key.text, first=place_of(first, key.span))
        bands = _band_list(part, making)
        equal = Compare(Comparison.EQUAL, fact, value) if fact is not None and value is not None else None
        if bands:
            groups.append((equal, key.text, bands))
    return groups


def _band_list(node: Node, making: Making) -> list[Node]:
    if isinstance(node, ListNode) and node.items:
        return list(node.items)
    if isinstance(node, ListNode):
        making.report.add("DR205", node)
    else:
        making.report.not_this(node, phrase("a list of bands"))
    making.sound = False
    return []


def together(*parts: Expr | None) -> Expr:
    """Return the conjunction of the conditions that are there."""
    return all_of([part for part in parts if part is not None])


def band_ids(group: str | None, shapes: Iterable[PayBandShape | OfferBandShape]) -> list[str]:
    """Return the ids of bands: as written, else by their place."""
    prefix = f"{group}." if group else ""
    return [
        shape.id or (f"{prefix}band-{number}" if shape.id is None else "")  # an id that is at fault is empty
        for number, shape in enumerate(shapes, 1)
    ]


def id_span(band: PayBandShape | OfferBandShape) -> Span:
    """Return where a band's id stands, or the band."""
    return band.span("id")
