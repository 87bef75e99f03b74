"""The one expression tree: every condition, fact, band and amount of a policy is made of these nodes.

Place in the flow: the compiler (``policy/``) writes it, the engines and the printer read it. A node carries
no behaviour; each interpreter is one ``match`` over :data:`Expr` that ends in ``assert_never``. Positions in
the policy text are kept beside the tree (on rules), never inside it, so equal trees mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from dealerrules.values import (
    BOOLEAN,
    COUNT,
    DATE,
    DAYS,
    MONTHS,
    Kind,
    Type,
    Value,
    calendar_start,
    days_before,
    months_before,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date


class Comparison(StrEnum):
    """How two quantities compare; a test on an absent value is false, on an unknown one unknown."""

    EQUAL = "is"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"


class Operator(StrEnum):
    """Arithmetic on two operands; unknown or absent in, the same out."""

    ADD = "add"  #: same unit + same unit; a date + a duration is refused
    SUBTRACT = "subtract"  #: same unit - same unit
    MULTIPLY = "multiply"  #: money or a number times a count, number or ratio; never money times money
    RATIO = "ratio"  #: same unit / same unit, exact; undefined (unknown) over 0
    WHOLE_TIMES = "whole_times"  #: how often the second fits wholly into the first; undefined over 0
    MIN = "min"  #: the smaller of two of the same unit
    MAX = "max"  #: the larger of two of the same unit


class Reduction(StrEnum):
    """How the events of a table become one value; events whose ``where`` is not true are not taken."""

    COUNT = "count"  #: how many; never unknown
    DISTINCT = "distinct"  #: how many different known values of ``take``
    SUM = "sum"  #: the total of ``take``; unknown when a taken event lacks it
    SOME = "some"  #: Kleene "at least one is" over ``that``; false over no events
    EVERY = "every"  #: Kleene "each one is" over ``that``; true over no events
    LATEST = "latest"  #: ``take`` (or the date) of the last event; absent over no events
    EARLIEST = "earliest"  #: the same of the first event
    STREAK = "streak"  #: policy years begun in the unbroken run of cover that holds the day; 0 in a gap


class Transition(StrEnum):
    """By which version of a policy the days before it began are looked at, where a level reached on them is kept."""

    RE_EVALUATE = "re_evaluate"  #: by the version in force now, as if it had always been
    KEEP_UNTIL_EXPIRY = "keep_until_expiry"  #: each day by the version that was in force on it
    NEVER_LOWER_AT_SWITCH = (
        "never_lower_at_switch"  #: what was held when it began counts as reached on that day
    )


class Elapse(StrEnum):
    """Which way the time between a date and the day of evaluation is measured."""

    MONTHS_SINCE = "months_since"  #: whole calendar months since the date
    DAYS_SINCE = "days_since"  #: days since the date
    DAYS_UNTIL = "days_until"  #: days until the date


@dataclass(frozen=True, slots=True)
class Constant:
    """A value of the policy; `parameter` names it when the policy does."""

    value: Value
    type: Type
    parameter: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A plain field: of the subject, or inside an aggregate of the event (`of` is then the table)."""

    of: str
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day of evaluation."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the same subject, by name."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of another decision: a stage, a band, the one output of a rules table, an amount."""

    decision: str
    type: Type


@dataclass(frozen=True, slots=True)
class LevelIn:
    """Is the level (of one angle, or of all) among `allowed`? Unknown while its range straddles the test."""

    decision: str
    angle: str | None
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of two operands of one type."""

    how: Comparison
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Member:
    """Is the value one of `among`? `parameter` names the list when the policy does."""

    item: Expr
    among: tuple[Value, ...]
    parameter: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Is there a value? Never unknown itself."""

    item: Expr


@dataclass(frozen=True, slots=True)
class IsAbsent:
    """Is there no such event? Unknown where that is not known."""

    item: Expr


@dataclass(frozen=True, slots=True)
class All:
    """Kleene and; true when empty."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Kleene or; false when empty."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene not."""

    item: Expr


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """An operator with its result type, resolved by the compiler."""

    how: Operator
    left: Expr
    right: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class RoundWhole:
    """Up or down to a whole number."""

    up: bool
    item: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time between a date and the day of evaluation."""

    how: Elapse
    item: Expr


@dataclass(frozen=True, slots=True)
class FirstKnown:
    """The first that has a value; with none: unknown if any is unknown, else absent."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The value listed for a word; a word that is not listed is undefined (unknown)."""

    by: Expr
    cases: tuple[tuple[Value, Value], ...]
    type: Type


@dataclass(frozen=True, slots=True)
class IfAbsent:
    """`item`, with absent read as unknown (``if_none: unknown``)."""

    item: Expr


@dataclass(frozen=True, slots=True)
class Window:
    """Which events count, by date: the last `size` (rolling, half-open), or this calendar `period`."""

    size: Constant | None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The events of a table, reduced to one value."""

    how: Reduction
    table: str
    where: Expr | None = None
    that: Expr | None = None
    take: Field | None = None
    within: Window | None = None
    after: Expr | None = None
    allow_gap: Constant | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """`item` as of the day before `event` (a date)."""

    event: Expr
    item: Expr


@dataclass(frozen=True, slots=True)
class Reached:
    """Has the subject, on a day before, reached one of some levels of a tier by the tier's rules?

    `levels` are level and months: it counts on the days, before the one of evaluation, within so many months. Kleene over
    all days: true when it is sure of one day, unknown when it is possible of one.
    """

    decision: str
    levels: tuple[tuple[str, int], ...]
    transition: Transition


Expr = (
    Constant
    | Field
    | AsOf
    | Fact
    | Answer
    | LevelIn
    | Compare
    | Member
    | Known
    | IsAbsent
    | All
    | AnyOf
    | Not
    | Arithmetic
    | RoundWhole
    | Elapsed
    | FirstKnown
    | Lookup
    | IfAbsent
    | Aggregate
    | Before
    | Reached
)
"""Any node."""

NODES = Expr.__args__


def any_of_types(types: Sequence[Type]) -> Type:
    """Return the type of a value that is of one of some types of one kind: of several categories it may be any word.

    Examples:
        >>> print(any_of_types([Type(Kind.CATEGORY, ("low", "high"), ordered=True), Type(Kind.CATEGORY, ("none", "low"))]))
        low, high, none
    """
    if len(set(types)) == 1:
        return types[0]
    return Type(types[0].kind, tuple(dict.fromkeys(word for type_ in types for word in type_.options)))


def type_of(expr: Expr) -> Type:
    """Return the type of an expression's value; conditions are boolean."""
    match expr:
        case Constant() | Field() | Fact() | Answer() | Arithmetic() | RoundWhole() | Lookup():
            return expr.type
        case AsOf():
            return DATE
        case LevelIn() | Compare() | Member() | Known() | IsAbsent() | All() | AnyOf() | Not() | Reached():
            return BOOLEAN
        case Elapsed(how=how):
            return MONTHS if how is Elapse.MONTHS_SINCE else DAYS
        case FirstKnown(items=items):
            return any_of_types([type_of(item) for item in items])
        case IfAbsent(item=item) | Before(item=item):
            return type_of(item)
        case Aggregate(how=Reduction.COUNT | Reduction.DISTINCT | Reduction.STREAK):
            return COUNT
        case Aggregate(how=Reduction.SOME | Reduction.EVERY):
            return BOOLEAN
        case Aggregate(take=take):
            return take.type if take is not None else DATE
        case _:
            assert_never(expr)


_FIELDS = {node: tuple(field.name for field in fields(node)) for node in NODES}


def children(expr: Expr) -> Iterator[Expr]:
    """Yield the direct parts of a node, in order."""
    for name in _FIELDS[type(expr)]:
        value = getattr(expr, name)
        if type(value) in _FIELDS:
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if type(item) in _FIELDS)
        elif isinstance(value, Window) and value.size is not None:
            yield value.size


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield a node and everything below it, parents first."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(children(node))))


def window_start(window: Window | None, as_of: date) -> date | None:
    """Return the day after which a window's events are dated; none where there is no window."""
    if window is None:
        return None
    if window.size is None:
        return days_before(calendar_start(as_of, window.period or "year"), 1)
    assert isinstance(window.size.value, int)
    if window.size.type.kind is Kind.MONTHS:
        return months_before(as_of, window.size.value)
    return days_before(as_of, window.size.value)


def canonical(value: object) -> object:
    """Return a node (or any frozen data made of nodes) as nested lists that tell meaning and nothing else.

    The names of parameters are left out: a number means the same under any name. Conditions that hold together,
    and values that are listed, mean the same in any order.
    """
    if isinstance(value, Constant):
        return ["Constant", value.type.kind.value, str(value.value)]
    if isinstance(value, All | AnyOf):
        return [type(value).__name__, *sorted(map(canonical, value.items), key=repr)]
    if isinstance(value, Member):
        return ["Member", canonical(value.item), *sorted(map(str, value.among))]
    if isinstance(value, Lookup):
        return ["Lookup", canonical(value.by), canonical(value.type), *sorted(map(str, value.cases))]
    if isinstance(value, LevelIn):
        return ["LevelIn", value.decision, value.angle, *sorted(value.allowed)]
    if is_dataclass(value):
        parts = [
            canonical(getattr(value, field.name)) for field in fields(value) if field.name != "parameter"
        ]
        return [type(value).__name__, *parts]
    if isinstance(value, tuple | list):
        return [canonical(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def is_whole(expr: Expr, definitions: Mapping[str, Expr]) -> bool:
    """Tell whether a value is a whole number (of fen, of things) whatever the facts are.

    Args:
        expr: an amount or a number.
        definitions: what the facts in it are, by name.
    """
    match expr:
        case Constant(value=value):
            return isinstance(value, int)
        case Fact(name=name):
            return name in definitions and is_whole(definitions[name], definitions)
        case Field() | Aggregate() | Answer():
            return type_of(expr).kind in {Kind.COUNT, Kind.MONEY}
        case Arithmetic(how=how, left=left, right=right) if how is not Operator.RATIO:
            return how is Operator.WHOLE_TIMES or (
                is_whole(left, definitions) and is_whole(right, definitions)
            )
        case FirstKnown(items=items):
            return all(is_whole(item, definitions) for item in items)
        case _:
            return type_of(expr).kind is Kind.COUNT


def all_of(items: list[Expr]) -> Expr:
    """Return the conjunction, flat, without a wrapper around a single condition."""
    flat: list[Expr] = []
    for item in items:
        flat.extend(item.items if isinstance(item, All) else [item])
    return flat[0] if len(flat) == 1 else All(tuple(flat))
