"""The document: a policy file as its author wrote it, one pydantic model per YAML shape.

Place in the flow: the parser's nodes come in, shapes go out to the compiler. Here it is checked that keys
are known, required ones are there and texts are texts; conditions, facts and values stay nodes (`Raw`), since
what they may be depends on names that only the compiler knows. The JSON Schema for editors is made from these
models.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002 - pydantic reads the annotation
from pydantic_core import PydanticCustomError

from dealerrules.diagnostics import Diagnostic, Phrase, nearest_word, shown
from dealerrules.policy.model import Clause, Title
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, missed_colon
from dealerrules.policy.phrases import phrase, shape_name
from dealerrules.values import read_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from dealerrules.diagnostics import Span

X = TypeVar("X")
_HERE = "\0here"  # the key under which a shape keeps its own node; no YAML key can spell it


class _FaultError(PydanticCustomError):
    """A fault of the document with the code and words of its diagnostic."""


def _fault(
    code: str, node: Node | None = None, nearest: str | None = None, **values: str | Phrase
) -> _FaultError:
    return _FaultError(
        "dealerrules", "{code}", {"code": code, "node": node, "nearest": nearest, "values": values}
    )


def _empty(node: object) -> bool:
    return isinstance(node, ScalarNode) and not node.text and not node.quoted


def _broken(node: object) -> bool:
    """Tell whether a place has been reported already: it is read as nothing, in silence."""
    return isinstance(node, ScalarNode) and node.broken


def _text(node: object) -> object:
    if _empty(node) and not _broken(node):
        raise _fault("DR205", node)  # type: ignore[arg-type]
    if isinstance(node, ScalarNode):
        return node.text
    raise _fault("DR203", node, expected=phrase("a text"), got=shape_name(node))  # type: ignore[arg-type]


def _not_this(node: Node, wanted: str) -> _FaultError:
    """Return the fault of a node that is not the mapping or list that is wanted."""
    if _empty(node):
        return _fault("DR205", node)
    missed = missed_colon(node) if isinstance(node, ScalarNode) else None
    if missed is not None:
        return _FaultError("dealerrules", "{code}", {"node": node, "diagnostic": missed})
    return _fault("DR203", node, expected=phrase(wanted), got=shape_name(node))


def _entries(node: object) -> object:
    if isinstance(node, MapNode):
        made: dict[str, Node] = {}
        for key, value in node.entries:
            if not key.broken:
                made.setdefault(key.text, value)  # of two equal keys, which are reported, the first counts
        return made
    if _broken(node):
        return {}
    raise _not_this(node, "a mapping (`key: value`)")  # type: ignore[arg-type]


def _items(node: object) -> object:
    if isinstance(node, ListNode):
        return node.items
    if _broken(node):
        return ()
    raise _not_this(node, "a list")  # type: ignore[arg-type]


def _filled(node: object) -> object:
    """Refuse an empty mapping or list where there must be something."""
    if (isinstance(node, MapNode) and not node.entries) or (isinstance(node, ListNode) and not node.items):
        raise _fault("DR205", node)
    return node


def _title(node: object) -> Title:
    if isinstance(node, ScalarNode):
        text = str(_text(node))
        return Title(zh=text, en=text)
    entries = _entries(_filled(node))
    assert isinstance(entries, dict)
    for key in entries:
        if key not in {"zh", "en"}:
            assert isinstance(node, MapNode)
            raise _fault(
                "DR201",
                node.key(key),
                nearest_word(key, ["zh", "en"]),
                key=key,
                known=known_words(("zh", "en"), keep_order=True),
            )
    return Title(**{lang: str(_text(text)) for lang, text in entries.items()})


_DAY = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D?", re.ASCII)


def as_day(text: str) -> str | None:
    """Return ``2014-09-01`` for ``2014/9/1``, and other ways to write a day."""
    found = _DAY.fullmatch(text)
    day = f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found is not None else ""
    try:
        return str(read_date(day))
    except ValueError:
        return None


def _date(node: object) -> date | None:
    if _broken(node):
        return None
    text = str(_text(node))
    try:
        return read_date(text)
    except ValueError:
        raise _fault("DR407", nearest=as_day(text), value=text) from None


def _word(*words: str) -> BeforeValidator:
    def check(node: object) -> str:
        text = str(_text(node))
        if text not in words and not _broken(node):
            listed = known_words(words, keep_order=True)
            raise _fault("DR204", nearest=nearest_word(text, words), word=text, words=listed)
        return words[0] if _broken(node) else text

    return BeforeValidator(check)


_IDENTIFIER = re.compile(r"[^\s.:,{}\[\]`]{1,100}")


def is_identifier(text: str) -> bool:
    """Tell whether a text can be an id or a name."""
    return _IDENTIFIER.fullmatch(text) is not None


def as_identifier(text: str) -> str | None:
    """Return the id that was probably meant by a text that cannot be one."""
    joined = "-".join(part for part in re.split(r"[\s.:,{}\[\]`]+", text) if part)
    return joined if is_identifier(joined) else None


def _identifier(node: object) -> str:
    text = str(_text(node))
    if not is_identifier(text) and not _broken(node):
        raise _fault("DR206", nearest=as_identifier(text), id=text)
    return text


def _schema(**schema: object) -> WithJsonSchema:
    return WithJsonSchema(dict(schema))


_TITLE_SCHEMA = _schema(
    description="a text in Chinese and English",
    oneOf=[
        {
            "type": "object",
            "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
            "additionalProperties": False,
            "minProperties": 1,
        },
        {"type": "string"},
    ],
    examples=[{"zh": "超级VIP客户", "en": "Super VIP"}],
)

Text = Annotated[str, BeforeValidator(_text)]
Identifier = Annotated[str, BeforeValidator(_identifier)]
Titled = Annotated[Title, BeforeValidator(_title), _TITLE_SCHEMA]
Day = Annotated[Any, BeforeValidator(_date), _schema(type="string", format="date", examples=["2014-09-01"])]
Table = Annotated[dict[str, X], BeforeValidator(_entries)]
Many = Annotated[tuple[X, ...], BeforeValidator(_items)]
FilledTable = Annotated[Table[X], BeforeValidator(_filled)]
FilledMany = Annotated[Many[X], BeforeValidator(_filled)]
Raw = Annotated[Any, _schema()]
Condition = Annotated[
    Any,
    _schema(
        type="object",
        description="fact -> test; all must hold. `all`, `any` and `not` nest.",
        examples=[{"visits_past_year": {"at_least": 5}, "loyalty": "high"}],
    ),
]
Quantity = Annotated[
    Any,
    _schema(
        description="a value with its unit, or the name of a parameter",
        type=["string", "integer", "boolean", "number", "object"],
        examples=["10 yuan", "70%", "6 months", "30 days", "50 km", 3],
    ),
]
ParameterValue = Annotated[
    Any,
    _schema(
        description="a value with its unit; for a list, words",
        oneOf=[
            {"type": ["string", "integer", "number"]},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
        ],
        examples=["20%", "6 months", ["maintenance", "repair"]],
    ),
]
FactForm = Annotated[
    Any,
    _schema(
        description="a fact: one form, such as `count: visits` with `within: 12 months`",
        type="object",
        examples=[{"count": "visits", "within": "12 months"}],
    ),
]
FactName = Annotated[
    Any,
    _schema(description="the name of a fact, or a fact form", type=["string", "object"], examples=["amount"]),
]
Attached = Annotated[Any, _schema(description="texts that come out with the outcome")]


class Shape(BaseModel):
    """A YAML mapping with known keys; `here` is its node."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, defer_build=True)
    here: SkipJsonSchema[Any] = Field(alias="\0here", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _open(cls, node: object) -> object:
        required = [info.alias or name for name, info in cls.model_fields.items() if info.is_required()]
        if _empty(node) and not _broken(node) and required == [_HERE]:
            raise _fault("DR205", node, nearest="{}")  # type: ignore[arg-type]
        entries = _entries(node)
        assert isinstance(entries, dict)
        if _broken(node):
            entries = dict.fromkeys(required, node)
        return {**entries, _HERE: node}

    def broken(self, *keys: str) -> bool:
        """Tell whether it, or the value of one of these keys, was at fault, so that nothing can be made of it."""
        return _broken(self.here) or any(_broken(self.node(key)) for key in keys)

    def node(self, *path: str) -> Node | None:
        """Return a key's value as it is written, if it is there."""
        node: Node | None = self.here
        for key in path:
            node = node.get(key) if isinstance(node, MapNode) else None
        return node

    def span(self, *path: str) -> Span:
        """Return where a key's value stands, or the nearest thing to it that is there."""
        node: Node = self.here
        for key in path:
            inner = node.get(key) if isinstance(node, MapNode) else None
            if inner is None:
                return node.span
            node = inner
        return node.span

    def key_span(self, *path: str) -> Span:
        """Return where a key itself stands."""
        node: Node = self.here
        for key in path[:-1]:
            node = node.get(key) if isinstance(node, MapNode) else node  # type: ignore[assignment]
        found = node.key(path[-1]) if isinstance(node, MapNode) else None
        return found.span if found is not None else node.span


class SourceShape(Shape):
    """The document and clause that a policy comes from."""

    document: Text
    clause: Text | None = None
    note: Text | None = None

    def clause_of(self) -> Clause:
        """Return it as the model keeps it."""
        return Clause(self.document, self.clause, self.note)


class EffectiveShape(Shape):
    """From when until when a version is in force; both days inclusive."""

    start: Day | None = Field(None, alias="from")
    until: Day | None = None


class Described(Shape):
    """What anything that people read about may carry."""

    title: Titled = Title()
    source: SourceShape | None = None
    data: Attached = None


class ParameterShape(Described):
    """A number that several rules share."""

    type: Annotated[
        Literal["count", "number", "money", "ratio", "months", "days", "distance", "date", "list"],
        _word("count", "number", "money", "ratio", "months", "days", "distance", "date", "list"),
    ]
    value: ParameterValue | None = None


class RefundShape(Shape):
    """A share of something paid back, between two bounds."""

    start: Quantity = Field(alias="from")
    to: Quantity
    of: Text


class ItemShape(Described):
    """A thing that an offer gives."""

    value: Quantity | None = None
    price: Quantity | None = None
    refund: RefundShape | None = None


class LevelShape(Described):
    """A level of a tier."""

    cadence: Text | None = None
    benefits: Table[Many[Titled]] = Field(default_factory=dict)
    follow_up: Many[Titled] = ()


class RuleShape(Described):
    """A criterion of a tier."""

    id: Identifier
    when: Condition


class DecisionShape(Described):
    """What every decision has."""

    word: ClassVar[str]
    kind: Text
    subject: Text = "customer"
    dated_by: Text | None = None


class TierShape(DecisionShape):
    """Levels, and angles that grant them."""

    word: ClassVar[str] = "tier"
    levels: FilledTable[LevelShape]
    angles: FilledTable[
        Annotated[
            Any,
            _schema(
                description="`title`, and for each level a list of rules, any one of which grants it",
                type="object",
                properties={"title": {"$ref": "#/$defs/Title"}, "source": {"$ref": "#/$defs/SourceShape"}},
                additionalProperties={"type": "array", "items": {"$ref": "#/$defs/RuleShape"}},
            ),
        ]
    ]


class BandShape(Described):
    """Where a band or stage begins: `from` includes its value, `over` excludes it."""

    start: Quantity | None = Field(None, alias="from")
    over: Quantity | None = None


class FirstShape(Described):
    """A stage that is looked at before the bands."""

    when: Condition


class AbsentShape(Described):
    """The stage of those without event to measure from."""

    id: Identifier


class StageShape(DecisionShape):
    """One measure cut into stages."""

    word: ClassVar[str] = "stage"
    measure: FactName
    stages: FilledTable[BandShape]
    when_absent: Annotated[Any, _schema(type=["string", "object"], examples=["never_visited"])] = None
    first: Table[FirstShape] = Field(default_factory=dict)


_BASIS = Annotated[Literal["whole", "excess"], _word("whole", "excess")]


class PayBandShape(BandShape):
    """A band of a payout, with one of three ways to pay."""

    id: Identifier | None = None
    pays: Quantity | None = None
    pays_per_unit: Quantity | None = None
    pays_percent: Quantity | None = None
    basis: _BASIS | None = None


class PayoutShape(DecisionShape):
    """Money by bands."""

    word: ClassVar[str] = "payout"
    payee: Text | None = None
    when: Condition | None = None
    otherwise: Quantity | None = None
    measure: FactName | None = None
    unit: FactName | None = None
    times: FactName | None = None
    by: FactName | None = None
    bands: Annotated[
        Any,
        _schema(
            oneOf=[
                {"type": "array", "items": {"$ref": "#/$defs/PayBandShape"}},
                {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/PayBandShape"}},
                },
            ]
        ),
    ] = None
    pays: Quantity | None = None
    cap: Quantity | None = None
    floor: Quantity | None = None
    rounding: Annotated[Text, _schema(type="string", examples=["half_up to 1 fen"])] | None = None


class OfferBandShape(BandShape):
    """A band of an offer."""

    id: Identifier | None = None
    choose_one: Table[Many[Text]] = Field(default_factory=dict)
    always: Many[Text] = ()
    value: Quantity | None = None
    always_value: Quantity | None = None


class OfferShape(DecisionShape):
    """Goods or services, by bands."""

    word: ClassVar[str] = "offer"
    when: Condition | None = None
    measure: FactName | None = None
    by: FactName | None = None
    bands: Annotated[
        Any,
        _schema(
            oneOf=[
                {"type": "array", "items": {"$ref": "#/$defs/OfferBandShape"}},
                {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/OfferBandShape"}},
                },
            ]
        ),
    ]


class OutputShape(Described):
    """An output column of a rules table."""

    type: Annotated[
        Literal["boolean", "category", "text", "texts", "items", "count", "number", "money", "ratio"],
        _word("boolean", "category", "text", "texts", "items", "count", "number", "money", "ratio"),
    ]
    options: Many[Text] = ()


class RowShape(Described):
    """A row of a rules table."""

    id: Identifier
    when: Condition | None = None
    then: Table[Raw]
    effective: EffectiveShape | None = None


class RulesShape(DecisionShape):
    """The general decision table."""

    word: ClassVar[str] = "rules"
    outputs: FilledTable[OutputShape]
    hit: Annotated[
        Literal["unique", "first", "any", "collect", "priority"],
        _word("unique", "first", "any", "collect", "priority"),
    ]
    rows: FilledMany[RowShape]
    otherwise: Table[Raw] | None = None


class FactShape(Described):
    """What a fact has beside its form."""

    subject: Text = "customer"
    actionable: Quantity | None = None


class TimesShape(Shape):
    """A multiple of a parameter, as the start of a band."""

    times: Quantity
    of: Quantity


class LookupShape(Shape):
    """A value for each word of a fact."""

    by: FactName
    values: FilledTable[Raw]


class CalendarShape(Shape):
    """A calendar period, as the window of events."""

    calendar: Annotated[Literal["year", "quarter", "month"], _word("year", "quarter", "month")]


DECISION_SHAPES: dict[str, type[DecisionShape]] = {
    shape.word: shape for shape in (TierShape, StageShape, PayoutShape, OfferShape, RulesShape)
}


class PolicyShape(Described):
    """One policy file."""

    policy: Identifier
    effective: EffectiveShape | None = None
    review_by: Day | None = None
    extend: Text | None = None
    override: Table[Raw] = Field(default_factory=dict)
    remove: Many[Text] = ()
    parameters: Table[ParameterShape] = Field(default_factory=dict)
    facts: Table[FactForm] = Field(default_factory=dict)
    items: Table[ItemShape] = Field(default_factory=dict)
    decisions: Table[Raw] = Field(default_factory=dict)


NAMED = ("parameters", "facts", "items", "decisions")
"""The parts of a policy that define names."""

S = TypeVar("S", bound=Shape)


@lru_cache
def _keys(shape: type[Shape]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in shape.model_fields.items() if name != "here")


def known_words(words: Iterable[str], *, keep_order: bool = False) -> Phrase:
    """Return words in backticks, as a list for a message; long lists are cut, and none is a dash."""
    listed = [f"`{shown(word, 60)}`" for word in (list(words) if keep_order else sorted(words))] or ["-"]
    if len(listed) > 30:
        listed[30:] = ["…"]
    return Phrase("、".join(listed), ", ".join(listed))


# ---------------------------------------------------------------------------------------------------
# Reading a node as a shape


def read_shape(shape: type[S], node: Node) -> tuple[S | None, list[Diagnostic]]:
    """Return a node as a shape, or every fault of its form.

    Args:
        shape: the model to read it as.
        node: the parser's node.

    Returns:
        the shape (none when there are faults), and the diagnostics.
    """
    made, faults = mended_shape(shape, node)
    return (None if faults else made), faults


def mended_shape(shape: type[S], node: Node, owner: Span | None = None) -> tuple[S, list[Diagnostic]]:
    """Return a node as a shape, with what is at fault mended or broken, and every fault of its form.

    Args:
        shape: the model to read it as.
        node: the parser's node.
        owner: the key that it stands under, where a missing key is reported.

    Returns:
        the shape, good enough to look for faults in the rest of it; and the diagnostics.
    """
    found: list[Diagnostic] = []
    while True:
        try:
            return shape.model_validate(node), found
        except ValidationError as error:
            faults = [dict(fault) for fault in error.errors(include_url=False)]
        # what is empty or missing may be there, misplaced or misspelt: that is found first
        by_order = sorted(faults, key=_order)
        before = node
        for fault in by_order:
            if _order(fault) == _order(by_order[0]):
                reported, node = _mended(shape, node, fault, owner)
                found += reported
        assert node is not before, faults


def _order(fault: dict[str, Any]) -> int:
    """Return when a fault is looked at."""
    return {"extra_forbidden": 0, "missing": 2}.get(fault["type"], 1)


def read_title(node: Node) -> tuple[Title, list[Diagnostic]]:
    """Return a text in Chinese and English that stands on its own."""
    wrapped = MapNode(((ScalarNode("title", node.span, quoted=False), node),), node.span)
    described, faults = mended_shape(Described, wrapped)
    return described.title, faults


def _mended(
    shape: type[Shape], root: Node, fault: dict[str, Any], owner: Span | None
) -> tuple[list[Diagnostic], Node]:
    """Return a fault as a diagnostic, and the node without it."""
    location: tuple[int | str, ...] = fault["loc"]
    if fault["type"] == "missing":
        return _missing(root, location, owner)
    if fault["type"] == "extra_forbidden":
        return _unknown_key(root, location[:-1], str(location[-1]), _shape_at(shape, location[:-1]))
    context = fault.get("ctx", {})
    wrong: Node = context.get("node") or _find(root, location)
    mended = _edited(root, location, lambda node: _without_fault(node, wrong))
    if "diagnostic" in context:
        return [context["diagnostic"]], mended
    assert "code" in context, fault
    return [Diagnostic(context["code"], wrong.span, context["values"], context["nearest"])], mended


def _unknown_key(
    root: Node, place: tuple[int | str, ...], key: str, shape: type[Shape]
) -> tuple[list[Diagnostic], Node]:
    """Return the report of a key that there is not, and the node with the word that was meant, or without it."""
    known = _keys(shape)
    sole = all(info.is_required() for name, info in shape.model_fields.items() if name != "here")
    parent = _find(root, place)
    entries = parent.entries if isinstance(parent, MapNode) else ()
    number = next((number for number, (each, _) in enumerate(entries) if each.text == key), None)
    if number is None:
        return [], root  # it has been moved
    at = entries[number][0]
    lacking = [word for word in known if all(word != each.text for each, _ in entries)]
    nearest = nearest_word(key, lacking) if len(key) > 2 else None  # `en` is no misspelt `when`
    nearest = nearest or (lacking[0] if len(lacking) == 1 and sole else None)
    above, value = entries[number - 1]
    if nearest is None and number and _empty(value) and not _broken(value):
        end = next((n for n in range(number, len(entries)) if entries[n][0].text in known), len(entries))
        below = MapNode(entries[number:end], at.span)
        moved = (*entries[: number - 1], (above, below), *entries[end:])
        said = Diagnostic("DR207", at.span, {"key": key, "above": above.text})
        return [said], _edited(root, place, lambda node: MapNode(moved, node.span))
    said = Diagnostic("DR201", at.span, {"key": key, "known": known_words(known)}, nearest)
    return [said], _edited(root, place, lambda node: _renamed(node, at, nearest))


def _missing(
    root: Node, location: tuple[int | str, ...], owner: Span | None
) -> tuple[list[Diagnostic], Node]:
    """Return the report of a missing key, at the key that its mapping stands under; and the key, broken."""
    place, key = location[:-1], str(location[-1])
    parent = _find(root, place)
    added = (ScalarNode(key, parent.span, quoted=False), broken_node(parent.span))
    entries = parent.entries if isinstance(parent, MapNode) else ()
    mended = _edited(root, place, lambda node: MapNode((*entries, added), node.span))
    if _broken(parent) or any(each.broken for each, _ in entries):
        return [], mended
    span = entries[0][0].span if entries else parent.span
    if not place:
        span = owner or span
    elif isinstance(place[-1], str) and isinstance(above := _find(root, place[:-1]), MapNode):
        own = above.key(place[-1])
        span = own.span if own is not None else span
    return [Diagnostic("DR202", span, {"key": key})], mended


def joined(node: Node) -> tuple[Node, list[Diagnostic]]:
    """Return a node with numbers whole again that a comma has cut in two, as in ``{from: 1,000 yuan}``."""
    found: list[Diagnostic] = []
    match node:
        case ScalarNode():
            return node, found
        case ListNode():
            parts: list[tuple[ScalarNode | None, Node]] = [(None, item) for item in node.items]
        case MapNode():
            parts = list(node.entries)
    made: list[tuple[ScalarNode | None, Node]] = []
    for key, value in parts:
        rest = value if key is None else key if _empty(value) else None
        whole = _whole(made[-1][1], rest) if made and rest is not None else None
        if whole is None:
            inner, faults = joined(value)
            found += faults
            made.append((key, inner))
        else:
            if found and found[-1].span.place == whole.span.place:
                found.pop()  # the same number, with one more comma
            values = {"value": whole.text, "plain": whole.text.replace(",", "")}
            found.append(Diagnostic("DR208", whole.span, values))
            made[-1] = (made[-1][0], whole)
    if isinstance(node, ListNode):
        return ListNode(tuple(value for _, value in made), node.span), found
    return MapNode(tuple((key, value) for key, value in made if key is not None), node.span), found


_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})*")
_REST = re.compile(r"\d{3}(?!\d).{0,20}", re.ASCII)


def _whole(before: Node, rest: Node) -> ScalarNode | None:
    """Return the number that two neighbours were before a comma came between them."""
    if not isinstance(before, ScalarNode) or not isinstance(rest, ScalarNode) or before.quoted or rest.quoted:
        return None
    first, second = before.span, rest.span
    beside = (second.line, second.column) == (first.end_line, first.end_column + 1)
    if not beside or not _THOUSANDS.fullmatch(before.text) or not _REST.fullmatch(rest.text):
        return None
    span = replace(first, end_line=second.end_line, end_column=second.end_column)
    return ScalarNode(f"{before.text},{rest.text}", span, quoted=False)


def broken_node(span: Span) -> ScalarNode:
    """Return what stands for a place that has been reported."""
    return ScalarNode("", span, quoted=False, broken=True)


def _find(node: Node, location: tuple[int | str, ...]) -> Node:
    """Return the node that an error's location leads to, as far as it leads."""
    for step in location:
        inner: Node | None = None
        if isinstance(node, MapNode) and isinstance(step, str):
            inner = node.get(step)
        elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            inner = node.items[step]
        if inner is not None:
            node = inner
    return node


def _edited(node: Node, location: tuple[int | str, ...], edit: Callable[[Node], Node]) -> Node:
    """Return a node with the one that a location leads to replaced, as far as it leads."""
    step, *rest = location or (None,)
    match node:
        case MapNode():
            number = next((number for number, (key, _) in enumerate(node.entries) if key.text == step), None)
            if number is not None:
                key, value = node.entries[number]
                inner = (key, _edited(value, tuple(rest), edit))
                return MapNode((*node.entries[:number], inner, *node.entries[number + 1 :]), node.span)
        case ListNode() if isinstance(step, int):
            item = _edited(node.items[step], tuple(rest), edit)
            return ListNode((*node.items[:step], item, *node.items[step + 1 :]), node.span)
        case _:
            pass
    return edit(node)


def _renamed(node: Node, at: ScalarNode, word: str | None) -> Node:
    """Return a mapping where a key that is unknown is the word that was meant, or is not there.

    A mapping with unknown keys only was meant for another place: what it lacks is not missed.
    """
    assert isinstance(node, MapNode)
    kept: list[tuple[ScalarNode, Node]] = []
    for key, value in node.entries:
        if key is not at:
            kept.append((key, value))
        elif word is not None:
            kept.append((ScalarNode(word, key.span, key.quoted), value))
    return MapNode(tuple(kept), node.span) if kept else broken_node(node.span)


def _without_fault(node: Node, fault: Node) -> Node:
    """Return a node where the part at fault is broken; a key at fault goes with its value."""
    if node is fault:
        return broken_node(node.span)
    if isinstance(node, MapNode):
        kept = [(key, _without_fault(value, fault)) for key, value in node.entries if key is not fault]
        return MapNode(tuple(kept), node.span) if kept else broken_node(node.span)
    if isinstance(node, ListNode):
        return ListNode(tuple(_without_fault(item, fault) for item in node.items), node.span)
    return node


def _shape_at(shape: type[Shape], location: tuple[int | str, ...]) -> type[Shape]:
    """Return the shape whose keys are meant at a location, by following field annotations."""
    steps = list(location)
    while steps:
        step = steps.pop(0)
        info = next(info for name, info in shape.model_fields.items() if step == (info.alias or name))
        found, inside = _shape_in(info.annotation)
        del steps[:inside]  # the names or numbers of the entries of tables and lists
        if found is None:
            break
        shape = found
    return shape


def _shape_in(annotation: object) -> tuple[type[Shape] | None, int]:
    """Return the shape that an annotation holds, and within how many tables and lists."""
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation, 0
    deeper = getattr(annotation, "__origin__", None) in {dict, tuple}
    for argument in getattr(annotation, "__args__", ()):
        found, inside = _shape_in(argument)
        if found is not None:
            return found, inside + deeper
    return None, 0
