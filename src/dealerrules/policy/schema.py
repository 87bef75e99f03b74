"""The JSON Schema of policy files, for editors to complete and check; made from the document models.

Place in the flow: beside the document. ``dealerrules schema`` prints it, and the shipped files name it in their
first line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

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

if TYPE_CHECKING:
    from dealerrules.policy.fields import Shape

_TITLE = {
    "description": "a text in Chinese and English",
    "oneOf": [
        {
            "type": "object",
            "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
            "additionalProperties": False,
            "minProperties": 1,
        },
        {"type": "string"},
    ],
}


def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a policy file.

    Examples:
        >>> schema = policy_schema()
        >>> schema["required"], sorted(schema["$defs"]["AnyDecision"]["properties"]["kind"]["enum"])
        (['policy'], ['offer', 'payout', 'rate', 'rules', 'stage', 'tier'])
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
    for definition in definitions.values():
        _tidy(definition)
    definitions["Title"] = _TITLE
    for word, shape in DECISION_SHAPES.items():
        definitions[shape.__name__]["properties"]["kind"] = {"const": word}
    definitions["AnyDecision"] = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(DECISION_SHAPES)}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": word}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{shape.__name__}"},
            }
            for word, shape in DECISION_SHAPES.items()
        ],
    }
    policy = definitions.pop("PolicyShape")
    policy["properties"]["decisions"] = {
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/AnyDecision"},
        "description": "each decision under its name",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dealerrules policy",
        **policy,
        "$defs": dict(sorted(definitions.items())),
    }


def _tidy(part: object) -> None:
    """Take away what pydantic adds for its own use: the node's key, titles made from names, null defaults."""
    if isinstance(part, dict):
        for key in [key for key in part if key.startswith("\0")]:
            del part[key]
        if isinstance(part.get("required"), list):
            part["required"] = [name for name in part["required"] if not name.startswith("\0")]
            if not part["required"]:
                del part["required"]
        if isinstance(part.get("title"), str):
            del part["title"]
        if part.get("default", 0) is None:
            del part["default"]
        options = part.get("anyOf")
        if isinstance(options, list) and {"type": "null"} in options:
            rest = [option for option in options if option != {"type": "null"}]
            if len(rest) == 1:
                del part["anyOf"]
                part.update(rest[0])
        for value in part.values():
            _tidy(value)
    elif isinstance(part, list):
        for value in part:
            _tidy(value)
