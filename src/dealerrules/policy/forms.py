"""Fact forms: the ways in which a fact can come about, from nodes to the expression tree.

Place in the flow: the compiler hands in each fact of the catalogue and of the policies; operands and measures of
decisions are read here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Phrase, Span, nearest_word
from dealerrules.expr import (
    Aggregate,
    Arithmetic,
    Before,
    Constant,
    Elapsed,
    Expr,
    Field,
    FirstKnown,
    IfAbsent,
    Lookup,
    Operator,
    Reduction,
    RoundWhole,
    Window,
    type_of,
)
from dealerrules.policy.conditions import ELAPSES, condition
from dealerrules.policy.document import CalendarShape, LookupShape
from dealerrules.policy.fields import as_day, known_words
from dealerrules.policy.literals import VALUE_TYPES, constant, words_of
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.policy.phrases import KIND_WORDS, phrase, shape_name
from dealerrules.policy.reading import mended_shape
from dealerrules.policy.scope import Levels, Report, Scope, Several
from dealerrules.records import TABLES
from dealerrules.values import (
    BOOLEAN,
    COUNT,
    DATE,
    DAYS,
    MONTHS,
    NUMBER,
    QUANTITIES,
    RATIO,
    Kind,
    Type,
    Value,
    read_literal,
)

if TYPE_CHECKING:
    from collections.abc import Collection

_REDUCTIONS = {how.value: how for how in Reduction}

_PAIRS = {
    "add": Operator.ADD,
    "subtract": Operator.SUBTRACT,
    "multiply": Operator.MULTIPLY,
    "ratio": Operator.RATIO,
    "whole_times": Operator.WHOLE_TIMES,
    "min": Operator.MIN,
    "max": Operator.MAX,
}

FORMS = (
    "field",
    *_REDUCTIONS,
    *ELAPSES,
    *_PAIRS,
    "share",
    "round_up",
    "round_down",
    "first_known",
    "lookup",
    "before",
)

COMMON_KEYS = ("title", "subject", "actionable", "source", "data")

_AGGREGATE = ("where", "within", "after")

ALSO: dict[str, tuple[str, ...]] = {
    "field": ("type", "options", "ordered"),
    "share": ("of",),
    "before": ("fact",),
    "first_known": ("if_none",),
    "count": _AGGREGATE,
    "distinct": ("take", *_AGGREGATE),
    "sum": ("take", *_AGGREGATE),
    "some": ("that", *_AGGREGATE),
    "every": ("that", *_AGGREGATE),
    "latest": (*_AGGREGATE, "take", "if_none"),
    "earliest": (*_AGGREGATE, "take", "if_none"),
    "streak": (*_AGGREGATE, "allow_gap"),
}
"""The keys that go with each form."""

_REQUIRED = {
    "field": "type",
    "share": "of",
    "before": "fact",
    "distinct": "take",
    "sum": "take",
    "some": "that",
    "every": "that",
}
"""The key that a form cannot be without."""


@dataclass(slots=True)
class _Form:
    """A fact form being read."""

    node: MapNode
    key: ScalarNode
    value: Node
    scope: Scope

    @property
    def word(self) -> str:
        """The word that says which form it is."""
        return self.key.text

    @property
    def report(self) -> Report:
        """Where faults go."""
        return self.scope.report

    def sub(self, key: str) -> Node | None:
        """Return the node of a further key."""
        return self.node.get(key)


def fact_form(node: Node, scope: Scope, owner: Span | None = None) -> Expr | None:
    """Return a fact's definition as an expression.

    Args:
        node: a mapping with exactly one of :data:`FORMS`, and the keys that go with it.
        scope: the names of its subject.
        owner: where the fact's name stands; none for a form inside another, which has no title and subject.
    """
    if not isinstance(node, MapNode):
        scope.report.not_this(node, phrase("a fact form such as `count: visits`"))
        return None
    common = COMMON_KEYS if owner is not None else ()
    words = [key for key, _ in node.entries if key.text in FORMS]
    if not words:
        others = [key for key, _ in node.entries if key.text not in common]
        near = next((word for key in others if (word := nearest_word(key.text, FORMS))), None)
        at = next((key for key in others if nearest_word(key.text, FORMS) == near), owner or node)
        scope.report.add("DR303", at, forms=known_words(FORMS), nearest=near)
        return None
    if len(words) > 1:
        scope.report.add("DR304", words[1], first=words[0].text, second=words[1].text)
        return None
    word = words[0].text
    known = (word, *ALSO.get(word, ()), *common)
    entries: list[tuple[ScalarNode, Node]] = []
    sound = True
    for key, value in node.entries:
        if key.text in known:
            entries.append((key, value))
            continue
        near = nearest_word(key.text, [other for other in known if node.get(other) is None])
        scope.report.add("DR201", key, key=key.text, known=known_words(known), nearest=near)
        sound = False
        if near is not None:  # so that it is not missed, and is itself looked at
            entries.append((ScalarNode(near, key.span, key.quoted), value))
    form = _Form(MapNode(tuple(entries), node.span), words[0], _there(node, word), scope)
    required = _REQUIRED.get(word)
    if required is not None and form.sub(required) is None:
        scope.report.add("DR202", form.key, key=required)
        sound = False
    made = _make(form)
    return made if sound else None


def _there(node: MapNode, key: str) -> Node:
    found = node.get(key)
    assert found is not None
    return found


def _make(form: _Form) -> Expr | None:
    word = form.word
    if word in _REDUCTIONS:
        return _aggregate(form, _REDUCTIONS[word])
    if word in _PAIRS:
        return _arithmetic(form, _PAIRS[word])
    if word in ELAPSES:
        item = operand(form.value, form.scope, DATE)
        return None if item is None or not _is_date(item, form.value, form) else Elapsed(ELAPSES[word], item)
    match word:
        case "field":
            return _attribute(form)
        case "share":
            return _share(form)
        case "round_up" | "round_down":
            return _rounded(form)
        case "first_known":
            return _first_known(form)
        case "lookup":
            return _lookup(form)
        case _:
            return _before(form)


def said(node: Node) -> str:
    """Return a node in few words, for messages: a text as it is, a form by its first key."""
    match node:
        case ScalarNode():
            return node.text
        case MapNode(entries=((key, _), *_)):
            return f"{{{key.text}: …}}"
        case _:
            return "[…]"


def operand(node: Node, scope: Scope, expected: Type | None = None, *, literal: bool = True) -> Expr | None:
    """Return an operand: a fact's name, a parameter's name, a literal, or a nested fact form."""
    if isinstance(node, MapNode):
        return fact_form(node, scope)
    if not isinstance(node, ScalarNode) or (not node.text and not node.quoted):
        scope.report.not_this(node, phrase("a fact, a parameter or a value"))
        return None
    if scope.has(node.text):
        meaning = scope.resolve(node.text)
        match meaning:
            case Levels():
                scope.report.add("DR409", node, name=node.text, level=meaning.names[0])
                return None
            case Several():
                scope.report.add("DR412", node, name=node.text)
                return None
            case _:
                return meaning
    parameter = scope.parameters.get(node.text)
    if parameter is not None:
        if parameter.value is None:
            return None
        if parameter.type is not None and not isinstance(parameter.value, tuple):
            return Constant(parameter.value, parameter.type, parameter.name)
        found, wanted = phrase("a list"), phrase("a single value")
        scope.report.add("DR403", node, name=node.text, found=found, expected=wanted)
        return None
    try:
        read = read_literal(node.text)
    except ValueError:
        scope.report.add("DR407", node, value=node.text, nearest=as_day(node.text))
        return None
    if read.kind is Kind.TEXT:
        scope.unknown(node, scope.parameters)
        return None
    if not literal:
        scope.report.add("DR410", node, value=node.text)
        return None
    if expected is not None and expected.kind is not read.kind:
        return constant(node, expected, scope)
    return Constant(read.value, Type(read.kind))


def _is_date(item: Expr, node: Node, form: _Form, word: str | None = None) -> bool:
    kind = type_of(item).kind
    if kind is not Kind.DATE:
        form.report.add("DR408", node, word=word or form.word, name=said(node), kind=KIND_WORDS[kind])
    return kind is Kind.DATE


def _is_quantity(item: Expr, node: Node, form: _Form, kinds: Collection[Kind], wanted: Phrase) -> bool:
    kind = type_of(item).kind
    if kind not in kinds:
        found = KIND_WORDS[kind]
        form.report.add("DR413", node, word=form.word, name=said(node), found=found, expected=wanted)
    return kind in kinds


def _operands(form: _Form, count: int | None, *, literal: bool = True) -> list[Expr] | None:
    wanted = phrase("a list of two: `[a, b]`" if count else "a list: `[a, b]`")
    if not isinstance(form.value, ListNode):
        form.report.not_this(form.value, wanted)
        return None
    if not form.value.items or (count and len(form.value.items) != count):
        got = Phrase(f" {len(form.value.items)} 项的列表", f"a list of {len(form.value.items)}")
        form.report.add("DR203", form.value, expected=wanted, got=got)
        return None
    found = [operand(item, form.scope, literal=literal) for item in form.value.items]
    return None if any(item is None for item in found) else [item for item in found if item is not None]


_UNITLESS = {Kind.COUNT, Kind.NUMBER, Kind.RATIO}


def arithmetic_type(how: Operator, left: Type, right: Type) -> Type | None:
    """Return the type of an operation, or none where it makes no sense (money times money, days + months)."""
    kinds = (left.kind, right.kind)
    numbers = {Kind.COUNT, Kind.NUMBER}
    if any(kind not in QUANTITIES for kind in kinds):
        return None
    match how:
        case Operator.MULTIPLY:
            units = [type_ for type_ in (left, right) if type_.kind not in _UNITLESS]
            if len(units) > 1 or Kind.DATE in kinds:
                return None
            if units:
                return units[0]
            return COUNT if kinds == (Kind.COUNT, Kind.COUNT) else NUMBER
        case Operator.RATIO:
            same = left.kind is right.kind or set(kinds) <= numbers
            return RATIO if same and Kind.DATE not in kinds else None
        case Operator.WHOLE_TIMES:
            return COUNT if left.kind is right.kind and left.kind is not Kind.DATE else None
        case Operator.ADD | Operator.SUBTRACT if Kind.DATE in kinds:
            return None
        case _:
            if left.kind is right.kind:
                return left
            return NUMBER if set(kinds) <= numbers else None


def _arithmetic(form: _Form, how: Operator) -> Expr | None:
    pair = _operands(form, 2, literal=how is not Operator.MULTIPLY)
    if pair is None:
        return None
    left, right = pair
    type_ = arithmetic_type(how, type_of(left), type_of(right))
    if type_ is None:
        form.scope.report.add(
            "DR411",
            form.value,
            word=form.word,
            left=KIND_WORDS[type_of(left).kind],
            right=KIND_WORDS[type_of(right).kind],
        )
        return None
    return Arithmetic(how, left, right, type_)


_NUMBERS = {Kind.COUNT, Kind.NUMBER}

_AMOUNTS = QUANTITIES - {Kind.DATE}


def _share(form: _Form) -> Expr | None:
    share = constant(form.value, RATIO, form.scope)
    of = form.sub("of")
    item = operand(of, form.scope) if of is not None else None
    if share is None or item is None or of is None:
        return None
    if not _is_quantity(item, of, form, _AMOUNTS, phrase("a quantity")):
        return None
    type_ = type_of(item)
    return Arithmetic(Operator.MULTIPLY, share, item, NUMBER if type_.kind is Kind.COUNT else type_)


def _rounded(form: _Form) -> Expr | None:
    item = operand(form.value, form.scope)
    if item is None or not _is_quantity(item, form.value, form, _NUMBERS, KIND_WORDS[Kind.NUMBER]):
        return None
    return RoundWhole(form.word == "round_up", item, COUNT)


def _if_none(form: _Form, made: Expr) -> Expr | None:
    node = form.sub("if_none")
    if node is None:
        return made
    if isinstance(node, ScalarNode) and node.text == "unknown":
        return IfAbsent(made)
    form.report.add("DR404", node, word=said(node), words="`unknown`", nearest="unknown")
    return None


def _first_known(form: _Form) -> Expr | None:
    items = _operands(form, None)
    if items is None:
        return None
    first = type_of(items[0]).kind
    for item in items[1:]:
        if type_of(item).kind is not first:
            form.scope.report.add(
                "DR411",
                form.value,
                word=form.word,
                left=KIND_WORDS[first],
                right=KIND_WORDS[type_of(item).kind],
            )
            return None
    return _if_none(form, FirstKnown(tuple(items)))


def _lookup(form: _Form) -> Expr | None:
    shape, faults = mended_shape(LookupShape, form.value, form.key.span)
    form.report.extend(faults)
    item = operand(shape.by, form.scope)
    values = shape.node("values")
    if item is None or not isinstance(values, MapNode):
        return None
    cases: list[tuple[Value, Value]] = []
    type_: Type | None = None
    for key, node in values.entries:
        word = constant(key, type_of(item), form.scope)
        made = constant(node, type_, form.scope) if type_ else operand(node, form.scope)
        if made is not None and not isinstance(made, Constant):
            form.report.add("DR203", node, expected=phrase("a parameter or a value"), got=shape_name(node))
        elif made is not None:
            type_ = type_ or made.type
            cases += [(word.value, made.value)] if word is not None else []
    if type_ is None or len(cases) < len(values.entries):
        return None
    return None if faults else Lookup(item, tuple(cases), type_)


def _before(form: _Form) -> Expr | None:
    fact = form.sub("fact")
    event = operand(form.value, form.scope)
    item = operand(fact, form.scope) if fact is not None else None
    if event is None or not _is_date(event, form.value, form) or item is None:
        return None
    return Before(event, item)


def _attribute(form: _Form) -> Expr | None:
    parts = form.value.text.split(".") if isinstance(form.value, ScalarNode) else []
    sound = len(parts) == 3 and parts[:2] == ["customer", "attributes"] and form.scope.subject == "customer"
    if not sound:
        form.report.add("DR305", form.value, name=said(form.value))
    type_ = _attribute_type(form)
    return Field("customer", f"attributes.{parts[2]}", type_) if sound and type_ is not None else None


def _attribute_type(form: _Form) -> Type | None:
    node = form.sub("type")
    if node is None:
        return None
    word = said(node)
    if word != "category":
        if word not in VALUE_TYPES:
            words = [*VALUE_TYPES, "category"]
            near = nearest_word(word, words)
            form.report.add("DR204", node, word=word, words=known_words(words), nearest=near)
        for key in ("options", "ordered"):
            if form.sub(key) is not None and word in VALUE_TYPES:
                form.report.add("DR204", node, word=word, words="`category`", nearest="category")
                return None
        return VALUE_TYPES.get(word)
    options, ordered = form.sub("options"), form.sub("ordered")
    is_ordered = constant(ordered, BOOLEAN, form.scope) if ordered is not None else None
    if options is None:
        form.report.add("DR202", node, key="options")
        return None
    words_ = words_of(options, form.report)
    if words_ is None or (ordered is not None and is_ordered is None):
        return None
    return Type(Kind.CATEGORY, words_, is_ordered is not None and is_ordered.value is True)


def _aggregate(form: _Form, how: Reduction) -> Expr | None:
    scope = form.scope
    tables = list(scope.table_names()) if how is not Reduction.STREAK else ["insurance"]
    table = said(form.value)
    if table not in tables or table not in scope.table_names():
        near = nearest_word(table, tables)
        if isinstance(form.value, ScalarNode) and not form.value.text:
            form.report.add("DR205", form.value)
        else:
            form.report.add("DR306", form.value, name=table, tables=known_words(tables), nearest=near)
        return None
    event = scope.event(table)
    parts: dict[str, object] = {}
    for key, read in (
        ("where", lambda node: condition(node, event)),
        ("that", lambda node: condition(node, event)),
        ("take", lambda node: _take(node, table, form)),
        ("within", lambda node: _window(node, form)),
        ("after", lambda node: _date_operand(node, form)),
        ("allow_gap", lambda node: constant(node, DAYS, scope)),
    ):
        node = form.sub(key)
        if node is not None:
            parts[key] = read(node)
    if how is Reduction.STREAK:
        parts.setdefault("allow_gap", Constant(0, DAYS))
    if any(part is None for part in parts.values()):
        return None
    return _if_none(form, Aggregate(how, table, **parts))  # type: ignore[arg-type]


def _date_operand(node: Node, form: _Form) -> Expr | None:
    made = operand(node, form.scope, DATE)
    return made if made is not None and _is_date(made, node, form, "after") else None


def _take(node: Node, table: str, form: _Form) -> Field | None:
    columns = TABLES[table].fields
    if not isinstance(node, ScalarNode) or node.text not in columns:
        if isinstance(node, ScalarNode) and node.text:
            form.scope.event(table).unknown(node, ())
        else:
            form.report.not_this(node, phrase("a field"))
        return None
    taken = Field(table, node.text, columns[node.text])
    if form.word == "sum" and not _is_quantity(taken, node, form, _AMOUNTS, phrase("a quantity")):
        return None
    return taken


def _window(node: Node, form: _Form) -> Window | None:
    if isinstance(node, MapNode):
        shape, faults = mended_shape(CalendarShape, node)
        form.report.extend(faults)
        return None if faults else Window(None, shape.calendar)
    if not isinstance(node, ScalarNode):
        form.report.not_this(node, KIND_WORDS[Kind.MONTHS])
        return None
    try:
        days = read_literal(node.text).kind is Kind.DAYS
    except ValueError:
        days = False
    parameter = form.scope.parameters.get(node.text)
    days = days or (parameter is not None and parameter.type == DAYS)
    size = constant(node, DAYS if days else MONTHS, form.scope)
    return None if size is None else Window(size)
