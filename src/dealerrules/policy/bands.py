"""Bands: a measure cut into pieces, each with its condition.

Place in the flow: stages, payouts and offers are made with these. A band says only where it begins, so that gaps
and overlaps cannot be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.expr import (
    Compare,
    Comparison,
    Constant,
    Expr,
    all_of,
    type_of,
)
from dealerrules.policy.forms import operand
from dealerrules.policy.literals import constant
from dealerrules.policy.parse import ListNode, MapNode, Node
from dealerrules.policy.phrases import phrase, shape_name
from dealerrules.values import COUNT, QUANTITIES, Type, reduced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealerrules.diagnostics import Span
    from dealerrules.policy.document import (
        BandShape,
        OfferBandShape,
        PayBandShape,
    )
    from dealerrules.policy.making import Making


@dataclass(frozen=True, slots=True)
class Start:
    """Where a band begins."""

    value: Constant
    included: bool


def band_start(shape: BandShape, making: Making, type_: Type) -> Start | None:
    """Return where a band begins; it says so once, with `from` or `over`."""
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


def band_intervals(measure: Expr, starts: list[tuple[Start, Span]], making: Making) -> list[Expr] | None:
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


def read_measure(node: Node | None, making: Making) -> Expr | None:
    """Return a measure; what has no size cannot be one."""
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


Group = tuple[Expr | None, str | None, list[Node]]


def band_groups(node: Node | None, by: Node | None, making: Making) -> list[Group]:
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
    groups: list[Group] = []
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


def together(*parts: Expr | None) -> Expr:
    """Return the conjunction of the conditions that are there."""
    return all_of([part for part in parts if part is not None])


def band_ids(group: str | None, shapes: Iterable[PayBandShape | OfferBandShape]) -> list[str]:
    """Return the ids of bands: as written, else by their place."""
    prefix = f"{group}." if group else ""
    return [shape.id or f"{prefix}band-{number}" for number, shape in enumerate(shapes, 1)]
