"""The parts of the JSON Schema that are made from names: conditions on facts and events, and the forms of a fact.

Place in the flow: beside the JSON Schema. The names come from the built-in facts and the records, so that an editor completes a
fact, then its tests, then its words. Names of a policy's own facts and decisions are not known here: any name may stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dealerrules.diagnostics import Source
from dealerrules.policy.compile import compile_sources
from dealerrules.policy.conditions import ELAPSES, TEST_WORDS
from dealerrules.policy.forms import ALSO, FORMS
from dealerrules.policy.schema_words import FORMS as FORM_WORDS
from dealerrules.policy.schema_words import TESTS, said
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import QUANTITIES, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealerrules.policy.model import Edition

Schema = dict[str, Any]

_SCALAR: Final[list[str]] = ["string", "integer", "number"]
_EXAMPLES: Final[dict[Kind, list[object]]] = {
    Kind.COUNT: [1, 3],
    Kind.NUMBER: [3.5],
    Kind.MONEY: ["10 yuan", "1,000 yuan"],
    Kind.RATIO: ["70%"],
    Kind.MONTHS: ["6 months", "1 year"],
    Kind.DAYS: ["30 days"],
    Kind.DISTANCE: ["50 km"],
    Kind.DATE: ["2014-09-01"],
}
_ORDERED: Final = ("at_least", "more_than", "at_most", "less_than")


def value_definitions() -> dict[str, Schema]:
    """Return the definitions of conditions, fact forms, operands and windows, by name.

    Examples:
        >>> made = value_definitions()
        >>> sorted(made)[:4], "visits_past_year" in made["Condition"]["properties"]
        (['Condition', 'EventCondition', 'FactForm', 'FactName'], True)
    """
    (edition,), _ = compile_sources([Source("none.yaml", "policy: none")])
    tests = _Tests()
    facts = tests.by_name(
        (name, fact.type, fact.title.get("zh"), fact.title.get("en"))
        for table in edition.facts.values()
        for name, fact in table.items()
    )
    columns = tests.by_name(
        (name, type_, None, None) for table in TABLES.values() for name, type_ in table.fields.items()
    )
    return {
        "Condition": _condition(
            facts,
            "Condition",
            "事实与要求，全部成立才算；all、any、not 可以嵌套",
            "fact: test; all must hold; all, any and not nest",
        ),
        "EventCondition": _condition(
            columns, "EventCondition", "事件的字段与要求", "columns of the event, and tests"
        ),
        **tests.definitions,
        "Test": _any_test(),
        "FactName": _fact_name(edition),
        "Operand": _operand(edition),
        "FactForm": _fact_form(),
        "Window": _window(),
    }


_Named = tuple[str, Type, str | None, str | None]


@dataclass(slots=True)
class _Tests:
    """What may stand behind a fact of each type: a definition for each."""

    definitions: dict[str, Schema] = field(default_factory=dict)
    words: dict[Type, str] = field(default_factory=dict)

    def by_name(self, named: Iterable[_Named]) -> dict[str, Schema]:
        """Return what may stand behind each name; one that several subjects or tables have may be any of theirs."""
        types: dict[str, list[Type]] = {}
        titles: dict[str, tuple[str, str]] = {}
        for name, type_, zh, en in named:
            types.setdefault(name, []).append(type_)
            if zh and en:
                titles[name] = (zh, en)
        made: dict[str, Schema] = {}
        for name in sorted(types):
            options = [self._of(type_, name) for type_ in dict.fromkeys(types[name])]
            test = options[0] if len(options) == 1 else {"anyOf": options}
            made[name] = {"description": said(titles[name]), **test} if name in titles else test
        return made

    def _of(self, type_: Type, fact: str) -> Schema:
        if type_ not in self.words:
            name = f"TestOf_{type_.kind.value}"
            name += f"_{fact}" * (type_.kind is Kind.CATEGORY)
            while name in self.definitions:
                name += "_2"
            self.words[type_] = name
            self.definitions[name] = _test(type_)
        return {"$ref": f"#/$defs/{self.words[type_]}"}


def _condition(names: Mapping[str, Schema], own: str, zh: str, en: str) -> Schema:
    nested = {"$ref": f"#/$defs/{own}"}
    many = {"type": "array", "items": nested, "minItems": 1}
    return {
        "type": "object",
        "title": "条件 / condition",
        "description": said((zh, en)),
        "minProperties": 1,
        "properties": {
            **names,
            "all": {**many, "description": said(("都成立", "all of these hold"))},
            "any": {**many, "description": said(("任何一个成立", "one of these holds"))},
            "not": {**nested, "description": said(("不成立", "this does not hold"))},
        },
        "additionalProperties": {"$ref": "#/$defs/Test"},
        "examples": [{"visits_past_year": {"at_least": 5}, "loyalty": "high"}]
        if own == "Condition"
        else [{"kind": "maintenance"}],
    }


def _test(type_: Type) -> Schema:
    """Return what may stand behind a fact of a type: a value, a list of them, or tests."""
    value = _value(type_)
    return {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}, _tests(type_)]}


def _value(type_: Type) -> Schema:
    match type_.kind:
        case Kind.BOOLEAN:
            return {"type": "boolean"}
        case Kind.CATEGORY:  # a word, or the name of a parameter that is a list
            return {"anyOf": [{"enum": list(type_.options)}, {"type": "string"}]}
        case Kind.TEXT:
            return {"type": "string"}
        case Kind.COUNT | Kind.NUMBER:
            return {"type": _SCALAR, "examples": _EXAMPLES[type_.kind]}
        case _:  # with its unit, or the name of a parameter
            return {"type": "string", "examples": _EXAMPLES[type_.kind]}


def _tests(type_: Type) -> Schema:
    value = _value(type_)
    values = {"anyOf": [{"type": "array", "items": value, "minItems": 1}, {"type": "string"}]}
    properties: dict[str, Schema] = {
        "is": value,
        "is_not": value,
        "one_of": values,
        "none_of": values,
        "known": {"type": "boolean"},
    }
    if type_.kind in QUANTITIES or type_.ordered:
        properties |= dict.fromkeys(_ORDERED, value)
    if type_.kind is Kind.DATE:
        months, days = Type(Kind.MONTHS), Type(Kind.DAYS)
        properties |= {word: _test(months if word == "months_since" else days) for word in ELAPSES}
    return _mapping(
        {
            word: {"description": said(TESTS[word]), **properties[word]}
            for word in TEST_WORDS
            if word in properties
        }
    )


def _mapping(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        "minProperties": 1,
    }


def _any_test() -> Schema:
    """Return what may stand behind a name of which nothing is known."""
    value = {"type": [*_SCALAR, "boolean"]}
    many = {"type": "array", "items": value, "minItems": 1}
    words: dict[str, Schema] = dict.fromkeys(("is", "is_not", *_ORDERED, "known"), value)
    words |= {word: {"anyOf": [many, {"type": "string"}]} for word in ("one_of", "none_of")}
    words |= {word: {"$ref": "#/$defs/Test"} for word in ELAPSES}
    tests = _mapping({word: {"description": said(TESTS[word]), **words[word]} for word in TEST_WORDS})
    return {"anyOf": [value, many, tests]}


# --- facts --------------------------------------------------------------------------------------------


def _names(edition: Edition) -> list[str]:
    return sorted({name for table in edition.facts.values() for name in table})


def _fact_name(edition: Edition) -> Schema:
    return {
        "description": said(("事实的名字，或一种写法", "the name of a fact, or a form of one")),
        "anyOf": [{"enum": _names(edition)}, {"type": "string"}, {"$ref": "#/$defs/FactForm"}],
    }


def _operand(edition: Edition) -> Schema:
    return {
        "description": said(("事实、参数或带单位的值", "a fact, a parameter, or a value with its unit")),
        "anyOf": [{"enum": _names(edition)}, {"type": _SCALAR}, {"$ref": "#/$defs/FactForm"}],
    }


def _window() -> Schema:
    calendar = _mapping({"calendar": {"enum": ["year", "quarter", "month"]}})
    return {"anyOf": [{"type": "string", "examples": ["12 months", "90 days"]}, calendar]}


def _fact_form() -> Schema:
    """Return the forms of a fact: exactly one, with the keys that go with it."""
    operand: Schema = {"$ref": "#/$defs/Operand"}
    name: Schema = {"$ref": "#/$defs/FactName"}
    pair: Schema = {"type": "array", "items": operand, "minItems": 2, "maxItems": 2}
    table: Schema = {"enum": list(TABLES)}
    condition: Schema = {"$ref": "#/$defs/EventCondition"}
    columns = sorted({name for table in TABLES.values() for name in table.fields})
    own: dict[str, Schema] = {
        **dict.fromkeys(("count", "distinct", "sum", "some", "every", "latest", "earliest"), table),
        "streak": {"const": "insurance"},
        **dict.fromkeys(ELAPSES, name),
        **dict.fromkeys(("add", "subtract", "multiply", "ratio", "whole_times", "min", "max"), pair),
        "share": {"type": "string", "examples": ["20%"]},
        "round_up": operand,
        "round_down": operand,
        "first_known": {"type": "array", "items": operand, "minItems": 1},
        "lookup": {
            **_mapping({"by": name, "values": {"type": "object", "minProperties": 1}}),
            "required": ["by", "values"],
        },
        "before": name,
        "field": {
            "type": "string",
            "pattern": "^customer[.]attributes[.]",
            "examples": ["customer.attributes.club_level"],
        },
        "where": condition,
        "that": condition,
        "within": {"$ref": "#/$defs/Window"},
        "after": name,
        "take": {"enum": columns},
        "allow_gap": {"type": "string", "examples": ["30 days"]},
        "if_none": {"const": "unknown"},
        "of": operand,
        "fact": name,
        "type": {"enum": [*(kind.value for kind in Kind if kind is not Kind.CATEGORY), "category"]},
        "options": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "ordered": {"type": "boolean"},
        "title": {"$ref": "#/$defs/Title"},
        "subject": {"enum": list(SUBJECTS)},
        "source": {"$ref": "#/$defs/SourceShape"},
        "actionable": {"type": "boolean"},
        "data": {},
    }
    made = _mapping(
        {
            key: {"description": said(FORM_WORDS[key]), **own[key]} if key in FORM_WORDS else own[key]
            for key in own
        }
    )
    common = {"title", "subject", "source", "actionable", "data"}
    made["oneOf"] = [
        {"required": [form], "propertyNames": {"enum": sorted({form, *ALSO.get(form, ()), *common})}}
        for form in FORMS
    ]
    made["title"] = "事实 / fact"
    made["description"] = said(("一种写法，加上和它配的键", "one form, and the keys that go with it"))
    made["examples"] = [{"count": "visits", "within": "12 months"}]
    return made
