"""The document: a policy file as its author wrote it, one pydantic model per YAML shape.

Place in the flow: the parser's nodes come in, shapes go out to the compiler. Here it is checked that keys
are known, required ones are there and texts are texts; conditions, facts and values stay nodes (`Raw`), since
what they may be depends on names that only the compiler knows. The JSON Schema for editors is made from these
models.
"""

from __future__ import annotations

import re
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

from dealerrules.diagnostics import Diagnostic, Phrase, nearest_word
from dealerrules.policy.model import Clause, Title
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.policy.phrases import phrase, shape_name
from dealerrules.values import read_date

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def _text(node: object) -> object:
    if isinstance(node, ScalarNode) and (node.text or node.quoted):
        return node.text
    if isinstance(node, ScalarNode):
        raise _fault("DR205", node)
    raise _fault("DR203", expected=phrase("a text"), got=shape_name(node))  # type: ignore[arg-type]


def _entries(node: object) -> object:
    if isinstance(node, MapNode):
        return {key.text: value for key, value in node.entries}
    if isinstance(node, ScalarNode) and not node.text and not node.quoted:
        raise _fault("DR205", node)
    raise _fault("DR203", expected=phrase("a mapping"), got=shape_name(node))  # type: ignore[arg-type]


def _items(node: object) -> object:
    if isinstance(node, ListNode):
        return node.items
    if isinstance(node, ScalarNode) and not node.text and not node.quoted:
        raise _fault("DR205", node)
    raise _fault("DR203", expected=phrase("a list"), got=shape_name(node))  # type: ignore[arg-type]


def _title(node: object) -> Title:
    if isinstance(node, ScalarNode):
        text = str(_text(node))
        return Title(zh=text, en=text)
    entries = _entries(node)
    assert isinstance(entries, dict)
    for key in entries:
        if key not in {"zh", "en"}:
            raise _fault("DR201", node.key(key), nearest_word(key, ["zh", "en"]), key=key, known="`zh`, `en`")  # type: ignore[attr-defined]
    return Title(**{lang: str(_text(text)) for lang, text in entries.items()})


def _date(node: object) -> date:
    text = str(_text(node))
    try:
        return read_date(text)
    except ValueError:
        raise _fault("DR407", node if isinstance(node, ScalarNode) else None, value=text) from None


def _word(*words: str) -> BeforeValidator:
    def check(node: object) -> str:
        text = str(_text(node))
        if text not in words:
            known = ", ".join(f"`{word}`" for word in words)
            raise _fault("DR204", nearest=nearest_word(text, words), word=text, words=known)
        return text

    return BeforeValidator(check)


_IDENTIFIER = re.compile(r"[^\s.:,{}\[\]`]+")


def _identifier(node: object) -> str:
    text = str(_text(node))
    if not _IDENTIFIER.fullmatch(text) or len(text) > 100:
        raise _fault("DR206", id=text)
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
        entries = _entries(node)
        assert isinstance(entries, dict)
        return {**entries, _HERE: node}

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
    levels: Table[LevelShape]
    angles: Table[
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


class StageShape(DecisionShape):
    """One measure cut into stages."""

    word: ClassVar[str] = "stage"
    measure: FactName
    stages: Table[BandShape]
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
    outputs: Table[OutputShape]
    hit: Annotated[
        Literal["unique", "first", "any", "collect", "priority"],
        _word("unique", "first", "any", "collect", "priority"),
    ]
    rows: Many[RowShape]
    otherwise: Table[Raw] | None = None


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


S = TypeVar("S", bound=Shape)


@lru_cache
def _keys(shape: type[Shape]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in shape.model_fields.items() if name != "here")


def known_words(words: Iterable[str]) -> str:
    """Return words in backticks, as a list for a message; long lists are cut."""
    shown = sorted(words)
    listed = ", ".join(f"`{word}`" for word in shown[:30])
    return f"{listed}, …" if len(shown) > 30 else listed


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


def _shape_at(shape: type[Shape], location: tuple[int | str, ...]) -> type[Shape]:
    """Return the shape whose keys are meant at a location, by following field annotations."""
    for step in location:
        for name, info in shape.model_fields.items():
            if isinstance(step, str) and step == (info.alias or name):
                found = _shapes_in(info.annotation)
                shape = found if found is not None else shape
    return shape


def _shapes_in(annotation: object) -> type[Shape] | None:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _shapes_in(argument)
        if found is not None:
            return found
    return None


def read_shape(shape: type[S], node: Node) -> tuple[S | None, list[Diagnostic]]:
    """Return a node as a shape, or every fault of its form.

    Args:
        shape: the model to read it as.
        node: the parser's node.

    Returns:
        the shape (none when there are faults), and the diagnostics.
    """
    try:
        return shape.model_validate(node), []
    except ValidationError as error:
        made = [_diagnostic(shape, node, dict(fault)) for fault in error.errors(include_url=False)]
        return None, [each for each in made if each is not None]


def read_title(node: Node) -> tuple[Title | None, list[Diagnostic]]:
    """Return a text in Chinese and English that stands on its own."""
    wrapped = MapNode(((ScalarNode("title", node.span, quoted=False), node),), node.span)
    described, faults = read_shape(Described, wrapped)
    return (described.title if described is not None else None), faults


def _diagnostic(shape: type[Shape], node: Node, fault: dict[str, Any]) -> Diagnostic | None:
    """Return a fault as a diagnostic; what is broken has been reported by the parser."""
    location: tuple[int | str, ...] = fault["loc"]
    if fault["type"] == "missing":
        parent = _find(node, location[:-1])
        key = str(location[-1])
        span = parent.entries[0][0].span if isinstance(parent, MapNode) and parent.entries else parent.span
        return Diagnostic("DR202", span, {"key": key})
    if fault["type"] == "extra_forbidden":
        parent = _find(node, location[:-1])
        key = str(location[-1])
        known = _keys(_shape_at(shape, location[:-1]))
        found = parent.key(key) if isinstance(parent, MapNode) else None
        if found is not None and found.broken:
            return None
        span = found.span if found is not None else parent.span
        return Diagnostic("DR201", span, {"key": key, "known": known_words(known)}, nearest_word(key, known))
    context = fault.get("ctx", {})
    at = context.get("node") or _find(node, location)
    if isinstance(at, ScalarNode) and at.broken:
        return None
    if "code" not in context:  # pydantic's own complaint: the text is of the wrong form
        return Diagnostic(
            "DR203", at.span, {"expected": str(fault["msg"]), "got": phrase("this")}
        )
    return Diagnostic(context["code"], at.span, context["values"], context["nearest"])
