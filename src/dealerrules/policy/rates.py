"""Rates: what is counted above and below the line, from the document shape to the model.

Place in the flow: the editor calls :func:`rate` once per rate and edition, as it calls the makers of decisions. A
side counts customers, vehicles or events; which keys it may have depends on that, and is checked here.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from dealerrules.diagnostics import nearest_word
from dealerrules.policy.conditions import condition
from dealerrules.policy.fields import known_words
from dealerrules.policy.literals import constant, meant
from dealerrules.policy.making import Making, plain
from dealerrules.policy.model import Happening, Rate, Reach, Side
from dealerrules.policy.parse import ScalarNode
from dealerrules.policy.phrases import KIND_WORDS, phrase
from dealerrules.records import TABLES
from dealerrules.values import BOOLEAN, DAYS, MONTHS, Kind, read_literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealerrules.diagnostics import Span
    from dealerrules.expr import Constant, Expr, Field
    from dealerrules.policy.document import HappeningShape, RateShape, SideShape
    from dealerrules.policy.parse import Node

CUSTOMERS: Final = "customers"
VEHICLES: Final = "vehicles"
EVENTS: Final = "events"

MAX_MONTHS: Final = 1200
"""How far back a side may look."""

_COUNTED: Final = (CUSTOMERS, VEHICLES, *(name for name in TABLES if name != VEHICLES))
_KEYS: Final = {
    CUSTOMERS: ("count", "as_of", "where", "with", "without"),
    VEHICLES: ("count", "as_of", "where", "with", "without"),
    EVENTS: ("count", "as_of", "where", "within", "dated"),
    "distinct": ("distinct", "take", "as_of", "where", "within", "dated"),
}
"""The keys of a side, by what it counts."""

_EARLIER: Final = re.compile(r"(\d{1,4}) (months?|years?) earlier", re.ASCII)
_AGO: Final = re.compile(r"(\d{1,4})\s*(months?|years?|个月|月|年)\D{0,20}", re.ASCII)
_WORDS: Final = (Reach.PERIOD.value, Reach.EARLIER.value, Reach.SINCE.value)


def rate(shape: RateShape, making: Making, span: Span) -> Rate | None:
    """Return a rate of the model, or none when something in it is at fault."""
    of = _side(shape.of, "of", making, shape.key_span("of"))
    over = _side(shape.over, "over", making, shape.key_span("over"))
    one_minus = None
    if shape.one_minus is not None:
        one_minus = making.kept(constant(shape.one_minus, BOOLEAN, making.scope))
    if not making.sound or of is None or over is None:
        return None
    return Rate(
        name=making.name,
        per=shape.per,
        of=of,
        over=over,
        one_minus=one_minus is not None and one_minus.value is True,
        policy=making.policy,
        title=shape.title,
        clause=making.clause,
        place=span.short,
        data=plain(shape.data),
    )


def _side(shape: SideShape, side: str, making: Making, owner: Span) -> Side | None:
    if shape.broken("count", "distinct"):
        making.sound = False
        return None
    if (shape.count is None) == (shape.distinct is None):
        both = max(shape.key_span("count"), shape.key_span("distinct")) if shape.count is not None else owner
        making.fault("DR515", both, side=side)
        return None
    if shape.distinct is not None:
        return _events(shape, "distinct", shape.distinct, making)
    counts = shape.count
    if counts is not None and counts not in _COUNTED:
        words, nearest = known_words(_COUNTED, keep_order=True), nearest_word(counts, _COUNTED)
        making.fault("DR204", shape.span("count"), word=counts, words=words, nearest=nearest)
        counts = nearest  # what was meant is looked at too
    if counts is None:
        return None
    if counts in {CUSTOMERS, VEHICLES}:
        return _things(shape, counts, making)
    return _events(shape, "count", counts, making)


def _things(shape: SideShape, counts: str, making: Making) -> Side:
    """Return a side that counts customers or vehicles."""
    _check_keys(shape, counts, f"count: {counts}", making)
    scope = making.scope if counts == CUSTOMERS else making.scope.event(VEHICLES)
    happenings = [
        *_happenings(shape.having, shape, counts, making, holds=True),
        *_happenings(shape.without, shape, counts, making, holds=False),
    ]
    return Side(
        counts=counts,
        earlier=_earlier(shape, making),
        where=making.kept(condition(shape.where, scope)) if shape.where is not None else None,
        happenings=tuple(happenings),
    )


def _events(shape: SideShape, word: str, table: str, making: Making) -> Side | None:
    """Return a side that counts events, or the different values of one of their fields."""
    _check_keys(shape, EVENTS if word == "count" else word, f"{word}: {table}", making)
    if not _is_table(table, shape.span(word), making):
        return None
    take = _taken(shape, table, making) if word == "distinct" else None
    earlier = _earlier(shape, making)
    reach, size = Reach.EARLIER if shape.as_of is not None else Reach.PERIOD, None
    if shape.within is not None:
        reach, size = _reach(shape.within, shape, making)
    happening = Happening(
        table=table,
        reach=reach,
        size=size,
        dated=_dated(shape, table, making),
        where=_where(shape.where, table, making),
    )
    return Side(counts=EVENTS, earlier=earlier, happenings=(happening,), take=take)


def _happenings(
    shapes: Iterable[HappeningShape], side: SideShape, counts: str, making: Making, *, holds: bool
) -> Iterable[Happening]:
    for shape in shapes:
        if shape.broken("event") or not _is_table(shape.event, shape.span("event"), making):
            making.sound = False
            continue
        if counts == VEHICLES and "vin" not in TABLES[shape.event].fields:
            with_vin = [name for name, table in TABLES.items() if "vin" in table.fields]
            making.fault("DR321", shape.span("event"), table=shape.event, words=known_words(with_vin))
        if shape.within is None:
            making.fault("DR202", shape.key_span("event"), key="within")
            continue
        reach, size = _reach(shape.within, side, making)
        yield Happening(
            table=shape.event,
            reach=reach,
            size=size,
            dated=_dated(shape, shape.event, making),
            where=_where(shape.where, shape.event, making),
            holds=holds,
        )


def _check_keys(shape: SideShape, form: str, said: str, making: Making) -> None:
    """Report keys that say nothing about what is counted."""
    known = _KEYS[form]
    for key in ("take", "with", "without", "within", "dated"):
        if key not in known and shape.node(key) is not None:
            words = known_words(known, keep_order=True)
            making.fault("DR517", shape.key_span(key), key=key, form=said, words=words)


def _is_table(table: str, at: Span, making: Making) -> bool:
    if table not in TABLES:
        making.fault("DR306", at, name=table, tables=known_words(TABLES), nearest=nearest_word(table, TABLES))
    return table in TABLES


def _where(node: Node | None, table: str, making: Making) -> Expr | None:
    return making.kept(condition(node, making.scope.event(table))) if node is not None else None


def _dated(shape: SideShape | HappeningShape, table: str, making: Making) -> str:
    """Return the date field by which events are dated: the one date of the table, unless another is named."""
    fields = TABLES[table].fields
    if shape.dated is None or shape.broken("dated"):
        return TABLES[table].date_field
    if shape.dated not in fields:
        dates = [name for name, type_ in fields.items() if type_.kind is Kind.DATE]
        nearest = nearest_word(shape.dated, dates)
        making.fault(
            "DR316",
            shape.span("dated"),
            table=table,
            name=shape.dated,
            words=known_words(dates),
            nearest=nearest,
        )
    elif fields[shape.dated].kind is not Kind.DATE:
        kind = KIND_WORDS[fields[shape.dated].kind]
        making.fault("DR408", shape.span("dated"), word="dated", name=shape.dated, kind=kind)
    return shape.dated


def _taken(shape: SideShape, table: str, making: Making) -> Field | None:
    if shape.take is None:
        if not shape.broken("take"):
            making.fault("DR202", shape.key_span("distinct"), key="take")
        return None
    scope = making.scope.event(table)
    if not scope.has(shape.take):
        node = shape.node("take")
        assert isinstance(node, ScalarNode)
        scope.unknown(node, ())
        making.sound = False
        return None
    return scope.resolve(shape.take)  # type: ignore[return-value]  # a field of the event


def _earlier(shape: SideShape, making: Making) -> int:
    """Return how many months before the period's end a side looks."""
    if shape.as_of is None or shape.broken("as_of"):
        return 0
    found = _EARLIER.fullmatch(shape.as_of)
    months = int(found[1]) * (12 if found[2].startswith("year") else 1) if found is not None else 0
    if not 0 < months <= MAX_MONTHS:
        making.fault("DR516", shape.span("as_of"), value=shape.as_of, nearest=_meant(shape.as_of))
    return months


def _meant(text: str) -> str | None:
    """Return ``12 months earlier`` for ``12 months ago`` and ``12 months``."""
    found = _AGO.fullmatch(text)
    if found is None or not 0 < int(found[1]) <= MAX_MONTHS // 12:
        return None
    unit = "year" if found[2].startswith(("year", "年")) else "month"
    said = f"{int(found[1])} {unit}{'s' * (int(found[1]) != 1)} earlier"
    return said if said != text else None


def _reach(node: Node, side: SideShape, making: Making) -> tuple[Reach, Constant | None]:
    """Return which days events are of: a word, or a duration up to the side's day."""
    if not isinstance(node, ScalarNode) or not node.text:
        making.report.not_this(node, phrase("a word"))
        making.sound = False
        return Reach.PERIOD, None
    if node.text in _WORDS:
        reach = Reach(node.text)
        if reach is not Reach.PERIOD and side.as_of is None and not side.broken("as_of"):
            of_side = [each.span for each in making.report.diagnostics if each.code == "DR519"]
            if not any(side.span() < each < node.span for each in of_side):  # one `as_of` is missing, not two
                making.fault("DR519", node, value=node.text)
            making.sound = False
        return reach, None
    parameter = making.scope.parameters.get(node.text)
    kind = parameter.type.kind if parameter is not None and parameter.type is not None else None
    with suppress(ValueError):  # a day that does not exist
        kind = kind or read_literal(node.text).kind
    if kind not in {Kind.MONTHS, Kind.DAYS} and not node.broken:
        words = known_words((*_WORDS, "12 months"), keep_order=True)
        nearest = nearest_word(node.text, _WORDS) or meant(node.text, Kind.MONTHS)
        making.fault("DR518", node, value=node.text, words=words, nearest=nearest)
        return Reach.PERIOD, None
    size = constant(node, DAYS if kind is Kind.DAYS else MONTHS, making.scope)
    return Reach.ROLLING, making.kept(size)
