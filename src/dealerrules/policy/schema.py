"""The JSON Schema of policy files, for editors to complete and check; made from the document models.

Place in the flow: beside the document. ``dealerrules schema`` prints it, and the shipped files name it in their
first line. Keys and their forms come from the shapes, words and examples from ``schema_words``, conditions and
facts from ``schema_values``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel  # noqa: TC002 - doctest of types
from pydantic.json_schema import models_json_schema

from dealerrules.policy.document import (
    DECISION_SHAPES,
    OfferBandShape,
    PayBandShape,
    PolicyShape,
    RowShape,
    RuleShape,
    SourceShape,
)
from dealerrules.policy.fields import IDENTIFIER_PATTERN
from dealerrules.policy.schema_values import value_definitions
from dealerrules.policy.schema_words import EXAMPLES, KEYS, OF_SHAPE, said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealerrules.policy.fields import Shape

_TITLE = {
    "description": said(("中英文各一，或者一段文字", "a text in Chinese and English, or one text for both")),
    "examples": [{"zh": "超级VIP客户", "en": "Super VIP"}],
    "oneOf": [
        {
            "type": "object",
            "properties": {
                "zh": {"type": "string", "description": "中文 / Chinese"},
                "en": {"type": "string", "description": "英文 / English"},
            },
            "additionalProperties": False,
            "minProperties": 1,
        },
        {"type": "string"},
    ],
}

_NAME: Final = r"[^\s\d][^\s]*"  # of a parameter
_OF_KIND: Final = {
    "money": r"-?\d[\d,]*(\.\d{1,2})? (yuan|fen)",
    "ratio": r"-?\d+(\.\d+)?%",
    "months": r"\d+ (months?|years?)",
    "days": r"\d+ (days?|weeks?)",
    "distance": r"-?\d[\d,]*(\.\d+)? km",
    "date": r"\d{4}-\d{2}-\d{2}",
}
"""How values are written, by kind."""
_MONEY: Final = frozenset(
    {
        *(("PayBandShape", key) for key in ("pays", "pays_per_unit")),
        *(("PayoutShape", key) for key in ("pays", "otherwise", "cap", "floor")),
        *(("OfferBandShape", key) for key in ("value", "always_value")),
        ("ItemShape", "value"),
    }
)
"""Where an amount of money stands, or the name of a parameter."""
_RATIO: Final = frozenset(
    {("PayBandShape", "pays_percent"), ("ItemShape", "price"), ("RefundShape", "from"), ("RefundShape", "to")}
)


def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a policy file.

    Examples:
        >>> schema = policy_schema()
        >>> schema["required"], sorted(schema["$defs"]["AnyDecision"]["properties"]["kind"]["enum"])
        (['policy'], ['offer', 'payout', 'rate', 'rules', 'stage', 'tier'])
        >>> schema["$defs"]["RuleShape"]["properties"]["when"]["$ref"]
        '#/$defs/Condition'
    """
    shapes: list[type[Shape]] = [
        PolicyShape,
        *DECISION_SHAPES.values(),
        RuleShape,
        RowShape,
        PayBandShape,
        OfferBandShape,
        SourceShape,
    ]
    wanted: list[tuple[type[BaseModel], Literal["validation"]]] = [(shape, "validation") for shape in shapes]
    _, merged = models_json_schema(wanted, by_alias=True)
    definitions: dict[str, Any] = merged["$defs"]
    for name, definition in definitions.items():
        _tidy(definition)
        for key, part in definition["properties"].items():
            definition["properties"][key] = _described(name, key, part)
    _rules_of_form(definitions)
    definitions["Title"] = _TITLE
    definitions |= value_definitions()
    for word, shape in DECISION_SHAPES.items():
        kind = definitions[shape.__name__]["properties"]["kind"]
        definitions[shape.__name__]["properties"]["kind"] = {
            "description": kind["description"],
            "const": word,
        }
    definitions["AnyDecision"] = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"description": said(KEYS["kind"]), "enum": list(DECISION_SHAPES)}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": word}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{shape.__name__}"},
            }
            for word, shape in DECISION_SHAPES.items()
        ],
    }
    policy = definitions.pop("PolicyShape")
    policy["properties"]["decisions"] |= {
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/AnyDecision"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "政策文件 / dealerrules policy",
        **policy,
        "$defs": dict(sorted(definitions.items())),
    }


def _described(shape: str, key: str, part: dict[str, Any]) -> dict[str, Any]:
    """Return a key's schema with its words and examples, and with the kind of value that it takes."""
    if (shape, key) in _MONEY:
        written = f"{_OF_KIND['money']}|unstated" if shape == "ItemShape" else _OF_KIND["money"]
        part = {"type": "string", "pattern": f"^({written}|{_NAME})$"}
    elif (shape, key) in _RATIO:
        part = {"type": "string", "pattern": f"^({_OF_KIND['ratio']}|{_NAME})$"}
    words = OF_SHAPE.get((shape, key)) or KEYS.get(key)
    told = {"title": key, "description": said(words)} if words is not None else {}
    examples = (EXAMPLES.get(key) if "enum" not in part else None) or part.get("examples")
    made = {**told, **{name: value for name, value in part.items() if name != "description" or not told}}
    if examples and "$ref" not in part:
        made["examples"] = examples
    return made


def _rules_of_form(definitions: dict[str, Any]) -> None:
    """Say which keys need or exclude each other, as the compiler does."""
    start = _one_of("from", "over")
    definitions["BandShape"] |= start
    definitions["PayBandShape"]["allOf"] = [
        start,
        _one_of("pays", "pays_per_unit", "pays_percent"),
        {
            "if": {"required": ["pays"]},
            "then": {"not": {"required": ["basis"]}},
            "else": {"required": ["basis"]},
        },
    ]
    definitions["OfferBandShape"]["not"] = {"required": ["from", "over"]}
    definitions["ItemShape"] |= _one_of("value", "price", "refund")
    definitions["SideShape"] |= _one_of("count", "distinct")
    definitions["PayoutShape"] |= _one_of("bands", "pays")
    definitions["PayoutShape"]["dependentRequired"] = {
        "when": ["otherwise"],
        "otherwise": ["when"],
        "bands": ["measure"],
    }
    definitions["PayoutShape"]["properties"]["rounding"]["pattern"] = (
        r"^(half_up|half_even|up|down) to [1-9]\d{0,6} (fen|yuan)$"
    )
    definitions["ParameterShape"]["required"] = ["type", "value"]
    definitions["ParameterShape"]["allOf"] = [
        *(_typed(kind, {"type": "string", "pattern": f"^{written}$"}) for kind, written in _OF_KIND.items()),
        _typed("count", {"type": "integer"}),
        _typed("list", {"type": "array"}),
    ]
    definitions["OutputShape"]["allOf"] = [
        {"if": _is("category"), "then": {"required": ["options"]}, "else": {"not": {"required": ["options"]}}}
    ]

    for shape in ("PayoutShape", "OfferShape"):
        listed = {"properties": {"bands": {"type": "object"}}, "required": ["bands"]}
        definitions[shape] |= {"if": listed, "then": {"required": ["by"]}}
    for definition in definitions.values():
        for key, part in definition["properties"].items():
            if key in _NAMED:
                part["propertyNames"] = {"pattern": IDENTIFIER_PATTERN}


_NAMED: Final = frozenset(
    {"parameters", "facts", "items", "decisions", "levels", "angles", "stages", "outputs", "first"}
)
"""The keys below which names stand."""


def _one_of(*keys: str) -> dict[str, Any]:
    """Require exactly one of some keys."""
    return {"oneOf": [{"required": [key]} for key in keys]}


def _is(kind: str) -> dict[str, Any]:
    return {"properties": {"type": {"const": kind}}, "required": ["type"]}


def _typed(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """Say what the value of a parameter of a type is."""
    return {"if": _is(kind), "then": {"properties": {"value": value}}}


def _tidy(part: object) -> None:
    """Take away what pydantic adds for its own use: the node's key, titles made from names, defaults."""
    if isinstance(part, dict):
        for key in [key for key in part if key.startswith("\0")]:
            del part[key]
        if isinstance(part.get("required"), list):
            part["required"] = [name for name in part["required"] if not name.startswith("\0")]
            if not part["required"]:
                del part["required"]
        if isinstance(part.get("title"), str):
            del part["title"]
        part.pop("default", None)
        if list(part) == ["allOf"] and len(part["allOf"]) == 1:
            part |= part.pop("allOf")[0]
        options = part.get("anyOf")
        if isinstance(options, list) and {"type": "null"} in options:
            rest = [option for option in options if option != {"type": "null"}]
            if len(rest) == 1:
                del part["anyOf"]
                part.update(rest[0])
        for value in part.values():
            _tidy(value)
    elif isinstance(part, list):
        _tidy_all(part)


def _tidy_all(parts: Iterable[object]) -> None:
    for value in parts:
        _tidy(value)
