"""Literals: values as a policy writes them, checked against the type that is needed.

Place in the flow: below conditions, facts and bands; a unit that does not fit is reported where it stands.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Phrase, nearest_word
from dealerrules.expr import (
    Constant,
)
from dealerrules.policy.fields import as_day, known_words
from dealerrules.policy.parse import ListNode, Node, ScalarNode
from dealerrules.policy.phrases import KIND_WORDS, phrase, shape_name
from dealerrules.policy.traps import look_alike
from dealerrules.values import (
    BOOLEAN,
    Kind,
    Type,
    Value,
    read_literal,
    show,
)

if TYPE_CHECKING:
    from dealerrules.policy.scope import Parameter, Report, Scope


EXAMPLES: dict[Kind, str] = {
    Kind.COUNT: "3",
    Kind.NUMBER: "3.5",
    Kind.MONEY: "10 yuan",
    Kind.RATIO: "70%",
    Kind.MONTHS: "6 months",
    Kind.DAYS: "30 days",
    Kind.DISTANCE: "50 km",
    Kind.DATE: "2014-09-01",
}

VALUE_TYPES: dict[str, Type] = {kind.value: Type(kind) for kind in Kind if kind is not Kind.CATEGORY}


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
        return _parameter(node, parameter, expected, scope)
    match expected.kind:
        case Kind.BOOLEAN:
            return _boolean(node, scope)
        case Kind.CATEGORY:
            return _word(node, expected, scope)
        case Kind.TEXT:
            return _text(node, expected, scope)
        case _:
            return _quantity(node, expected, scope)


def _text(node: ScalarNode, expected: Type, scope: Scope) -> Constant | None:
    """Return a text; one with a full-width comma was meant as two, unless quotes say that it is one."""
    comma = None if node.quoted else re.search("[，、；]", node.text)
    if comma is None:
        return Constant(node.text, expected)
    span = node.span
    at = span.column + comma.start()
    span = replace(span, column=at, end_line=span.line, end_column=at + 1)
    found = look_alike(0, comma[0], "").values
    remedy = Phrase(
        "写成半角的 `, `；如果是同一段文字，加引号", "write `, `, or put the text in quotes if it is one"
    )
    scope.report.add("DR109", span, name=found["name"], codepoint=found["codepoint"], remedy=remedy)
    return None


def _parameter(node: ScalarNode, parameter: Parameter, expected: Type, scope: Scope) -> Constant | None:
    if parameter.value is None:
        return None
    if parameter.type is None or not _fits(parameter.type.kind, expected.kind):
        found = KIND_WORDS[parameter.type.kind] if parameter.type else phrase("a list")
        scope.report.add("DR403", node, name=node.text, found=found, expected=KIND_WORDS[expected.kind])
        return None
    assert not isinstance(parameter.value, tuple)
    return Constant(parameter.value, expected, parameter.name)


def _boolean(node: ScalarNode, scope: Scope) -> Constant | None:
    if node.text in {"true", "false"}:
        return Constant(node.text == "true", BOOLEAN)
    words = known_words(("true", "false"), keep_order=True)
    written = nearest_word(node.text, _TRUTHS)
    nearest = _TRUTHS[written] if written is not None else None
    scope.report.add("DR404", node, word=node.text, words=words, nearest=nearest)
    return None


_TRUTHS = {
    **dict.fromkeys(("true", "yes", "y", "1", "是", "对", "有"), "true"),
    **dict.fromkeys(("false", "no", "n", "0", "否", "不是", "没有", "无"), "false"),
}
"""How people write yes and no."""


def _word(node: ScalarNode, expected: Type, scope: Scope) -> Constant | None:
    if node.text in expected.options:
        return Constant(node.text, expected)
    if not expected.options:
        return None  # they are at fault
    nearest = nearest_word(node.text, expected.options)
    words = known_words(expected.options, keep_order=True)
    scope.report.add("DR404", node, word=node.text, words=words, nearest=nearest)
    return None


_WORDS = {Kind.CATEGORY, Kind.TEXT}


def _fits(found: Kind, expected: Kind) -> bool:
    return found is expected or (found is Kind.COUNT and expected is Kind.NUMBER)


def _quantity(node: ScalarNode, expected: Type, scope: Scope) -> Constant | None:
    try:
        literal = read_literal(node.text)
    except ValueError:
        scope.report.add("DR407", node, value=node.text, nearest=meant(node.text, expected.kind))
        return None
    if _fits(literal.kind, expected.kind):
        return Constant(literal.value, expected)
    _report_misfit(node, literal.kind, expected.kind, scope)
    return None


def _report_misfit(node: ScalarNode, found: Kind, kind: Kind, scope: Scope) -> None:
    """Report a value that is of another kind than is needed."""
    bare, wanted = {Kind.COUNT, Kind.NUMBER}, KIND_WORDS[kind]
    nearest = meant(node.text, kind)
    like = Phrase(f"写法如 `{EXAMPLES[kind]}`", f"write it like `{EXAMPLES[kind]}`")
    if found in bare and kind not in {*bare, Kind.DATE}:
        example = _NOTHING if nearest is not None else Phrase(f"；{like.zh}", f"; {like.en}")
        scope.report.add("DR402", node, value=node.text, kind=wanted, example=example, nearest=nearest)
    elif found is Kind.TEXT:
        names = [
            name for name, each in scope.parameters.items() if each.type is None or each.type.kind is kind
        ]
        nearest = nearest or as_test(node.text, kind) or nearest_word(node.text, names)
        if nearest is not None or not scope.report.lost:
            remedy = _NOTHING if nearest is not None else like
            scope.report.add("DR406", node, value=node.text, kind=wanted, remedy=remedy, nearest=nearest)
    else:
        found_ = KIND_WORDS[found]
        scope.report.add("DR401", node, value=node.text, found=found_, kind=wanted, example=EXAMPLES[kind])


_NOTHING = Phrase("", "")

_UNITS: dict[Kind, dict[str, str]] = {
    Kind.MONEY: {"yuan": "yuan", "fen": "fen", "rmb": "yuan", "元": "yuan", "块": "yuan", "分": "fen"},
    Kind.RATIO: {"%": "%", "percent": "%"},
    Kind.MONTHS: {"months": "months", "years": "years", "个月": "months", "月": "months", "年": "years"},
    Kind.DAYS: {"days": "days", "weeks": "weeks", "天": "days", "日": "days", "周": "weeks"},
    Kind.DISTANCE: {"km": "km", "公里": "km", "千米": "km"},
}
"""The units of each kind, the usual one first, and how else people write them."""

_NUMBER_AND_UNIT = re.compile(r"(-?[\d,]*\.?\d+)\s*(.{0,20})", re.ASCII)


def meant(text: str, kind: Kind) -> str | None:
    """Return the value that was meant by one without unit, or with a unit that is not written so."""
    if kind is Kind.DATE:
        return as_day(text)
    if kind is Kind.COUNT:
        counted = _COUNTED.fullmatch(text)
        return counted[1] if counted is not None else None
    parts, units = _NUMBER_AND_UNIT.fullmatch(text), _UNITS.get(kind, {})
    if parts is None or not units or (kind is Kind.RATIO and not parts[2]):
        return _percent(text) if kind is Kind.RATIO else None
    written = nearest_word(parts[2], units) if parts[2] else next(iter(units))
    unit = units[written] if written is not None else ""
    literal = f"{parts[1]}{unit}" if unit == "%" else f"{parts[1]} {unit}"
    try:
        return literal if read_literal(literal).kind is kind else None
    except ValueError:
        return None


_COUNTED = re.compile(r"(-?\d+) ?(?:次|台|个|名|辆|人|times)", re.ASCII)
_COMPARED = re.compile(r"\s*(>=|<=|==|>|<|=|≥|≤|＞|＜)\s*(.{1,40})")
_COMPARED_ZH = re.compile(r"(.{1,40}?)[次台个名辆]?及?(以上|以下)")
_SIGNS = {
    **dict.fromkeys(("=", "=="), "is"),
    **dict.fromkeys((">=", "≥", "以上"), "at_least"),
    **dict.fromkeys((">", "＞"), "more_than"),
    **dict.fromkeys(("<=", "≤", "以下"), "at_most"),
    **dict.fromkeys(("<", "＜"), "less_than"),
}


def as_test(text: str, kind: Kind | None = None) -> str | None:
    """Return ``{at_least: 5}`` for ``>= 5`` and ``5次以上``: a policy compares with words."""
    if found := _COMPARED.fullmatch(text):
        sign, value = found[1], found[2]
    elif found := _COMPARED_ZH.fullmatch(text):
        sign, value = found[2], found[1]
    else:
        return None
    return f"{{{_SIGNS[sign]}: {(meant(value, kind) if kind is not None else None) or value}}}"


def _percent(text: str) -> str | None:
    """Return ``70%`` for ``0.7`` and for ``70``; what 1 would mean is not plain."""
    try:
        literal = read_literal(text)
    except ValueError:
        return None
    if literal.kind is Kind.NUMBER and isinstance(literal.value, Fraction):
        return show(literal.value, Kind.RATIO)
    return f"{text}%" if literal.kind is Kind.COUNT and literal.value != 1 else None


def constants(node: Node, expected: Type, scope: Scope) -> tuple[tuple[Value, ...], str | None] | None:
    """Return the values of a list, or of a parameter that is a list, with the parameter's name."""
    if isinstance(node, ScalarNode):
        parameter = scope.parameters.get(node.text)
        if parameter is not None and isinstance(parameter.value, tuple) and expected.kind in _WORDS:
            made = [_word(word, expected, scope) if expected.options else word for word in parameter.words]
            return None if any(each is None for each in made) else (parameter.value, parameter.name)
        single = constant(node, expected, scope)
        return None if single is None else ((single.value,), single.parameter)
    if not isinstance(node, ListNode):
        scope.report.add("DR203", node, expected=phrase("a list of values"), got=shape_name(node))
        return None
    if not node.items:
        scope.report.add("DR205", node)
        return None
    values = [constant(item, expected, scope) for item in node.items]
    if repeated(node, scope.report):
        return None
    return (
        None
        if any(value is None for value in values)
        else (tuple(value.value for value in values if value), None)
    )


def repeated(node: ListNode, report: Report) -> bool:
    """Report words of a list that stand in it twice: one of them was meant to be another."""
    seen: set[str] = set()
    twice = False
    for item in node.items:
        if isinstance(item, ScalarNode) and not item.broken and item.text:
            if item.text in seen:
                report.add("DR215", item, word=item.text)
                twice = True
            seen.add(item.text)
    return twice


def words_of(node: Node, report: Report) -> tuple[str, ...] | None:
    """Return a list of words."""
    if not isinstance(node, ListNode):
        report.not_this(node, phrase("a list of words"))
        return None
    if not node.items:
        report.add("DR205", node)
        return None
    words = [item.text for item in node.items if isinstance(item, ScalarNode) and item.text]
    for item in node.items:
        if not isinstance(item, ScalarNode) or not item.text:
            report.not_this(item, phrase("a word"))
    return tuple(words) if len(words) == len(node.items) else None
