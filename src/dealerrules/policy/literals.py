"""Literals: values as a policy writes them, checked against the type that is needed.

Place in the flow: below conditions, facts and bands; a unit that does not fit is reported where it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.diagnostics import nearest_word
from dealerrules.expr import (
    Constant,
)
from dealerrules.policy.document import known_words
from dealerrules.policy.parse import ListNode, Node, ScalarNode
from dealerrules.policy.phrases import KIND_WORDS, phrase, shape_name
from dealerrules.values import (
    BOOLEAN,
    Kind,
    Type,
    Value,
    read_literal,
)

if TYPE_CHECKING:
    from dealerrules.policy.scope import Scope


EXAMPLES: dict[Kind, str] = {
    Kind.COUNT: "3",
    Kind.NUMBER: "3.5",
    Kind.MONEY: "10 yuan",
    Kind.RATIO: "70%",
    Kind.MONTHS: "6 months",
    Kind.DAYS: "30 days",
    Kind.DISTANCE: "50 km",
    Kind.DATE: "2014-09-01",
    Kind.BOOLEAN: "true",
    Kind.CATEGORY: "a word",
    Kind.TEXT: "a text",
}


def constant(node: Node, expected: Type, scope: Scope) -> Constant | None:
    """Return a value of the policy as a constant of the expected type; a unit that does not fit is a fault."""
    if not isinstance(node, ScalarNode):
        scope.report.add("DR203", node, expected=phrase("a value"), got=shape_name(node))
        return None
    if not node.text and not node.quoted:
        scope.report.add("DR205", node)
        return None
    parameter = scope.parameters.get(node.text)
    if parameter is not None and node.text not in expected.options:
        if parameter.type is None or not _fits(parameter.type.kind, expected.kind):
            found = KIND_WORDS[parameter.type.kind] if parameter.type else phrase("a list")
            scope.report.add("DR403", node, name=node.text, found=found, expected=KIND_WORDS[expected.kind])
            return None
        assert not isinstance(parameter.value, tuple)
        return Constant(parameter.value, expected, parameter.name)
    match expected.kind:
        case Kind.BOOLEAN:
            return _boolean(node, scope)
        case Kind.CATEGORY:
            return _word(node, expected, scope)
        case Kind.TEXT:
            return Constant(node.text, expected)
        case _:
            return _quantity(node, expected, scope)


def _boolean(node: ScalarNode, scope: Scope) -> Constant | None:
    if node.text in {"true", "false"}:
        return Constant(node.text == "true", BOOLEAN)
    scope.report.add(
        "DR404",
        node,
        word=node.text,
        words="`true`, `false`",
        nearest=nearest_word(node.text, ["true", "false"]),
    )
    return None


def _word(node: ScalarNode, expected: Type, scope: Scope) -> Constant | None:
    if node.text in expected.options:
        return Constant(node.text, expected)
    nearest = nearest_word(node.text, expected.options)
    scope.report.add("DR404", node, word=node.text, words=known_words(expected.options), nearest=nearest)
    return None


def _fits(found: Kind, expected: Kind) -> bool:
    return found is expected or (found is Kind.COUNT and expected is Kind.NUMBER)


def _quantity(node: ScalarNode, expected: Type, scope: Scope) -> Constant | None:
    example = EXAMPLES[expected.kind]
    try:
        literal = read_literal(node.text)
    except ValueError:
        scope.report.add("DR407", node, value=node.text)
        return None
    if _fits(literal.kind, expected.kind):
        return Constant(literal.value, expected)
    if literal.kind in {Kind.COUNT, Kind.NUMBER} and expected.kind not in {Kind.COUNT, Kind.NUMBER}:
        scope.report.add("DR402", node, value=node.text, kind=KIND_WORDS[expected.kind], example=example)
    elif literal.kind is Kind.TEXT:
        nearest = nearest_word(node.text, scope.parameters)
        scope.report.add(
            "DR406", node, value=node.text, kind=KIND_WORDS[expected.kind], example=example, nearest=nearest
        )
    else:
        scope.report.add(
            "DR401",
            node,
            value=node.text,
            found=KIND_WORDS[literal.kind],
            kind=KIND_WORDS[expected.kind],
            example=example,
        )
    return None


def constants(node: Node, expected: Type, scope: Scope) -> tuple[tuple[Value, ...], str | None] | None:
    """Return the values of a list, or of a parameter that is a list, with the parameter's name."""
    if isinstance(node, ScalarNode):
        parameter = scope.parameters.get(node.text)
        if parameter is not None and isinstance(parameter.value, tuple):
            bad = [word for word in parameter.value if expected.options and word not in expected.options]
            for word in bad:
                scope.report.add(
                    "DR404",
                    node,
                    word=word,
                    words=known_words(expected.options),
                    nearest=nearest_word(word, expected.options),
                )
            return None if bad else (parameter.value, parameter.name)
        single = constant(node, expected, scope)
        return None if single is None else ((single.value,), single.parameter)
    if not isinstance(node, ListNode):
        scope.report.add("DR203", node, expected=phrase("a list of values"), got=shape_name(node))
        return None
    if not node.items:
        scope.report.add("DR205", node)
        return None
    values = [constant(item, expected, scope) for item in node.items]
    return (
        None
        if any(value is None for value in values)
        else (tuple(value.value for value in values if value), None)
    )


VALUE_TYPES: dict[str, Type] = {kind.value: Type(kind) for kind in Kind if kind is not Kind.CATEGORY}
