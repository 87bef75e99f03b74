"""Fact forms: the ways in which a fact can come about, from nodes to the expression tree.

Place in the flow: the compiler hands in each fact of the catalogue and of the policies; operands and measures of
decisions are read here too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dealerrules.diagnostics import nearest_word
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
from dealerrules.policy.document import known_words
from dealerrules.policy.literals import VALUE_TYPES, constant
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.policy.phrases import KIND_WORDS, phrase, shape_name
from dealerrules.policy.scope import Levels, Scope
from dealerrules.records import TABLES
from dealerrules.values import (
    COUNT,
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
_COMMON = {"title", "subject", "actionable", "source", "data"}
_EXTRA: dict[str, set[str]] = {
    "field": {"type", "options", "ordered"},
    "share": {"of"},
    "before": {"fact"},
    **{word: {"where", "within", "after", "that", "take", "allow_gap", "if_none"} for word in _REDUCTIONS},
    "first_known": {"if_none"},
}
_AGGREGATE_KEYS: dict[Reduction, set[str]] = {
    Reduction.COUNT: set(),
    Reduction.DISTINCT: {"take"},
    Reduction.SUM: {"take"},
    Reduction.SOME: {"that"},
    Reduction.EVERY: {"that"},
    Reduction.LATEST: {"take", "if_none"},
    Reduction.EARLIEST: {"take", "if_none"},
    Reduction.STREAK: {"allow_gap"},
}
_REQUIRED = {
    Reduction.DISTINCT: "take",
    Reduction.SUM: "take",
    Reduction.SOME: "that",
    Reduction.EVERY: "that",
}


@dataclass(slots=True)
class _Form:
    """A fact form being read."""

    node: MapNode
    word: str
    value: Node
    scope: Scope
    common: set[str] = field(default_factory=set)

    def sub(self, key: str) -> Node | None:
        """Return the node of a further key."""
        return self.node.get(key)


def fact_form(node: Node, scope: Scope, *, named: bool = True) -> Expr | None:
    """Return a fact's definition as an expression.

    Args:
        node: a mapping with exactly one of :data:`FORMS`, and the keys that go with it.
        scope: the names of its subject.
        named: whether it is a fact of its own (with title and subject) or stands inside another.
    """
    if not isinstance(node, MapNode):
        scope.report.add(
            "DR203", node, expected=phrase("a fact form such as `count: visits`"), got=shape_name(node)
        )
        return None
    words = [key for key, _ in node.entries if key.text in FORMS]
    allowed_common = _COMMON if named else set()
    if len(words) != 1:
        if not words:
            unknown = next((key for key, _ in node.entries if key.text not in allowed_common), None)
            nearest = nearest_word(unknown.text, FORMS) if unknown is not None else None
            scope.report.add("DR303", unknown or node, forms=known_words(FORMS), nearest=nearest)
        else:
            scope.report.add("DR304", words[1], first=words[0].text, second=words[1].text)
        return None
    word = words[0].text
    allowed = {word} | _EXTRA.get(word, set()) | allowed_common
    sound = True
    for key, _ in node.entries:
        if key.text not in allowed:
            known = known_words(allowed)
            scope.report.add("DR201", key, key=key.text, known=known, nearest=nearest_word(key.text, allowed))
            sound = False
    value = node.get(word)
    assert value is not None
    made = _make(_Form(node, word, value, scope))
    return made if sound else None


def _make(form: _Form) -> Expr | None:
    word = form.word
    if word in _REDUCTIONS:
        return _aggregate(form, _REDUCTIONS[word])
    if word in _PAIRS:
        return _arithmetic(form, _PAIRS[word])
    if word in ELAPSES:
        item = operand(form.value, form.scope, Type(Kind.DATE))
        return None if item is None or not _is_date(item, form) else Elapsed(ELAPSES[word], item)
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


def _is_date(item: Expr, form: _Form) -> bool:
    if type_of(item).kind is Kind.DATE:
        return True
    form.scope.report.add(
        "DR408", form.value, word=form.word, name=said(form.value), kind=KIND_WORDS[type_of(item).kind]
    )
    return False


def said(node: Node) -> str:
    """Return a scalar's text, or what a node is, for messages."""
    return node.text if isinstance(node, ScalarNode) else shape_name(node).en


def operand(node: Node, scope: Scope, expected: Type | None = None, *, literal: bool = True) -> Expr | None:
    """Return an operand: a fact's name, a parameter's name, a literal, or a nested fact form."""
    if isinstance(node, MapNode):
        return fact_form(node, scope, named=False)
    if not isinstance(node, ScalarNode):
        scope.report.add(
            "DR203", node, expected=phrase("a fact, a parameter or a value"), got=shape_name(node)
        )
        return None
    if scope.has(node.text):
        meaning = scope.resolve(node.text)
        if isinstance(meaning, Levels):
            scope.report.add("DR409", node, name=node.text)
            return None
        return meaning
    parameter = scope.parameters.get(node.text)
    if parameter is not None and parameter.type is not None and not isinstance(parameter.value, tuple):
        return Constant(parameter.value, parameter.type, parameter.name)
    try:
        read = read_literal(node.text)
    except ValueError:
        scope.report.add("DR407", node, value=node.text)
        return None
    if read.kind is Kind.TEXT:
        scope.report.add(
            "DR301",
            node,
            name=node.text,
            nearest=nearest_word(node.text, [*scope.names(), *scope.parameters]),
        )
        return None
    if not literal:
        scope.report.add("DR410", node, value=node.text)
        return None
    if expected is not None and expected.kind is not read.kind:
        return constant(node, expected, scope)
    return Constant(read.value, Type(read.kind))


def _operands(form: _Form, count: int | None, *, literal: bool = True) -> list[Expr] | None:
    if (
        not isinstance(form.value, ListNode)
        or not form.value.items
        or (count and len(form.value.items) != count)
    ):
        wanted = phrase("a list of two: `[a, b]`" if count else "a list: `[a, b]`")
        form.scope.report.add("DR203", form.value, expected=wanted, got=shape_name(form.value))
        return None
    found = [operand(item, form.scope, literal=literal) for item in form.value.items]
    return None if any(item is None for item in found) else [item for item in found if item is not None]


_UNITLESS = {Kind.COUNT, Kind.NUMBER, Kind.RATIO}
_DURATIONS = {Kind.MONTHS, Kind.DAYS}


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


def _share(form: _Form) -> Expr | None:
    share = constant(form.value, RATIO, form.scope)
    of = form.sub("of")
    if of is None:
        form.scope.report.add("DR202", form.node.entries[0][0], key="of")
        return None
    item = operand(of, form.scope)
    if share is None or item is None:
        return None
    type_ = type_of(item)
    if type_.kind not in QUANTITIES or type_.kind is Kind.DATE:
        form.scope.report.add(
            "DR411", of, word="share", left=KIND_WORDS[Kind.RATIO], right=KIND_WORDS[type_.kind]
        )
        return None
    return Arithmetic(Operator.MULTIPLY, share, item, NUMBER if type_.kind is Kind.COUNT else type_)


def _rounded(form: _Form) -> Expr | None:
    item = operand(form.value, form.scope)
    if item is None:
        return None
    kind = type_of(item).kind
    if kind not in {Kind.COUNT, Kind.NUMBER}:
        form.scope.report.add(
            "DR411", form.value, word=form.word, left=KIND_WORDS[kind], right=KIND_WORDS[Kind.NUMBER]
        )
        return None
    return RoundWhole(form.word == "round_up", item, COUNT)


def _if_none(form: _Form, made: Expr) -> Expr | None:
    node = form.sub("if_none")
    if node is None:
        return made
    if isinstance(node, ScalarNode) and node.text == "unknown":
        return IfAbsent(made)
    form.scope.report.add("DR404", node, word=said(node), words="`unknown`", nearest="unknown")
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
    by, values = (
        (form.value.get("by"), form.value.get("values")) if isinstance(form.value, MapNode) else (None, None)
    )
    if by is None or not isinstance(values, MapNode) or not values.entries:
        form.scope.report.add(
            "DR203",
            form.value,
            expected=phrase("`{by: FACT, values: {word: value, …}}`"),
            got=shape_name(form.value),
        )
        return None
    item = operand(by, form.scope)
    if item is None:
        return None
    cases: list[tuple[Value, Value]] = []
    type_: Type | None = None
    for key, node in values.entries:
        word = constant(key, type_of(item), form.scope)
        made = constant(node, type_, form.scope) if type_ else operand(node, form.scope)
        if word is None or not isinstance(made, Constant):
            return None
        type_ = type_ or made.type
        cases.append((word.value, made.value))
    assert type_ is not None
    return Lookup(item, tuple(cases), type_)


def _before(form: _Form) -> Expr | None:
    fact = form.sub("fact")
    if fact is None:
        form.scope.report.add("DR202", form.node.entries[0][0], key="fact")
        return None
    event = operand(form.value, form.scope)
    item = operand(fact, form.scope)
    if event is None or item is None or not _is_date(event, form):
        return None
    return Before(event, item)


def _attribute(form: _Form) -> Expr | None:
    node = form.value
    parts = node.text.split(".") if isinstance(node, ScalarNode) else []
    type_node = form.sub("type")
    if len(parts) != 3 or parts[1] != "attributes":
        form.scope.report.add("DR305", node, name=said(node))
        return None
    if type_node is None:
        form.scope.report.add("DR202", form.node.entries[0][0], key="type")
        return None
    word = said(type_node)
    if word == "category":
        options = form.sub("options")
        if not isinstance(options, ListNode) or not options.items:
            form.scope.report.add("DR202", form.node.entries[0][0], key="options")
            return None
        ordered = form.sub("ordered")
        words = tuple(said(item) for item in options.items)
        return Field(
            parts[0],
            f"attributes.{parts[2]}",
            Type(Kind.CATEGORY, words, ordered is not None and said(ordered) == "true"),
        )
    if word not in VALUE_TYPES:
        known = [*VALUE_TYPES, "category"]
        form.scope.report.add(
            "DR204", type_node, word=word, words=known_words(known), nearest=nearest_word(word, known)
        )
        return None
    return Field(parts[0], f"attributes.{parts[2]}", VALUE_TYPES[word])


def _aggregate(form: _Form, how: Reduction) -> Expr | None:
    scope = form.scope
    if not isinstance(form.value, ScalarNode) or form.value.text not in set(scope.table_names()):
        name = said(form.value)
        tables = list(scope.table_names())
        scope.report.add(
            "DR306", form.value, name=name, tables=known_words(tables), nearest=nearest_word(name, tables)
        )
        return None
    table = form.value.text
    if how is Reduction.STREAK and table != "insurance":
        scope.report.add("DR306", form.value, name=table, tables="`insurance`", nearest="insurance")
        return None
    event = scope.event(table)
    sound = True
    allowed = {form.word, "where", "within", "after"} | _AGGREGATE_KEYS[how] | _COMMON
    for key, _ in form.node.entries:
        if key.text not in allowed:
            scope.report.add(
                "DR201",
                key,
                key=key.text,
                known=known_words(allowed),
                nearest=nearest_word(key.text, allowed),
            )
            sound = False
    where, that = (
        condition(node, event) if (node := form.sub(key)) is not None else None for key in ("where", "that")
    )
    sound = sound and all(
        form.sub(key) is None or made is not None for key, made in (("where", where), ("that", that))
    )
    required = _REQUIRED.get(how)
    if required is not None and form.sub(required) is None:
        scope.report.add("DR202", form.node.entries[0][0], key=required)
        sound = False
    take = _take(form, event, how)
    within = _window(form)
    after = operand(node, scope) if (node := form.sub("after")) is not None else None
    gap_node = form.sub("allow_gap")
    gap = constant(gap_node, DAYS, scope) if gap_node is not None else Constant(0, DAYS)
    if after is not None and type_of(after).kind is not Kind.DATE:
        scope.report.add(
            "DR408",
            form.sub("after") or form.node,
            word="after",
            name=said(form.sub("after") or form.node),
            kind=KIND_WORDS[type_of(after).kind],
        )
        sound = False
    missing = [
        key
        for key, made in (("take", take), ("within", within), ("after", after), ("allow_gap", gap))
        if form.sub(key) is not None and made is None
    ]
    if missing or not sound:
        return None
    made = Aggregate(how, table, where, that, take, within, after, gap if how is Reduction.STREAK else None)
    return _if_none(form, made)


def _take(form: _Form, event: Scope, how: Reduction) -> Field | None:
    node = form.sub("take")
    if node is None:
        return None
    name = said(node)
    columns = TABLES[said(form.value)].fields
    if name not in columns:
        event.report.add("DR301", node, name=name, nearest=nearest_word(name, columns))
        return None
    taken = Field(said(form.value), name, columns[name])
    if how is Reduction.SUM and (taken.type.kind not in QUANTITIES or taken.type.kind is Kind.DATE):
        event.report.add(
            "DR411", node, word="sum", left=KIND_WORDS[taken.type.kind], right=KIND_WORDS[Kind.NUMBER]
        )
        return None
    return taken


def _window(form: _Form) -> Window | None:
    node = form.sub("within")
    if node is None:
        return None
    if isinstance(node, MapNode):
        period = node.get("calendar")
        words = ["year", "quarter", "month"]
        if period is None or len(node.entries) != 1:
            form.scope.report.add("DR203", node, expected=phrase("`{calendar: year}`"), got=shape_name(node))
            return None
        if said(period) not in words:
            form.scope.report.add(
                "DR404",
                period,
                word=said(period),
                words=known_words(words),
                nearest=nearest_word(said(period), words),
            )
            return None
        return Window(None, said(period))
    in_days = isinstance(node, ScalarNode) and node.text.endswith((" day", " days", " week", " weeks"))
    size = operand(node, form.scope, DAYS if in_days else MONTHS)
    if size is None:
        return None
    if not isinstance(size, Constant) or size.type.kind not in _DURATIONS:
        form.scope.report.add(
            "DR406", node, value=said(node), kind=KIND_WORDS[Kind.MONTHS], example="12 months", nearest=None
        )
        return None
    return Window(size)
