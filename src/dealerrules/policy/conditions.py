"""Conditions: `when`, `where` and `that`, from nodes to the expression tree.

Place in the flow: the makers of decisions and facts hand in nodes with a scope. Names are resolved and units
checked here, so that no engine ever asks what an operand is; a fault leaves none, and the rest goes on.
"""

from __future__ import annotations

from dealerrules.diagnostics import nearest_word
from dealerrules.expr import (
    AnyOf,
    Compare,
    Comparison,
    Constant,
    Elapse,
    Elapsed,
    Expr,
    Field,
    Known,
    LevelIn,
    Member,
    Not,
    all_of,
    type_of,
)
from dealerrules.policy.fields import known_words
from dealerrules.policy.literals import as_test, constant, constants
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.policy.phrases import KIND_WORDS, phrase
from dealerrules.policy.scope import Levels, Scope, Several
from dealerrules.values import (
    BOOLEAN,
    QUANTITIES,
    Kind,
    Type,
)

_ORDERED = {
    "at_least": Comparison.AT_LEAST,
    "more_than": Comparison.MORE_THAN,
    "at_most": Comparison.AT_MOST,
    "less_than": Comparison.LESS_THAN,
}

ELAPSES = {how.value: how for how in Elapse}

TEST_WORDS = ("is", "is_not", "one_of", "none_of", *_ORDERED, "known", *ELAPSES)

CHINESE_TESTS = {
    **dict.fromkeys(("等于", "是", "为"), "is"),
    **dict.fromkeys(("不等于", "不是", "不为"), "is_not"),
    **dict.fromkeys(("至少", "不少于", "不低于", "以上", "大于等于"), "at_least"),
    **dict.fromkeys(("超过", "大于", "多于", "高于"), "more_than"),
    **dict.fromkeys(("至多", "最多", "不超过", "不多于", "以下", "小于等于"), "at_most"),
    **dict.fromkeys(("少于", "小于", "低于", "不到", "不足"), "less_than"),
    **dict.fromkeys(("之一", "其中之一", "属于"), "one_of"),
    **dict.fromkeys(("不属于", "除了"), "none_of"),
}
"""The tests that are meant by Chinese words for them."""


def condition(node: Node, scope: Scope) -> Expr | None:
    """Return a `when`, `where` or `that`: fact -> test, all must hold; `all`, `any`, `not` nest."""
    if not isinstance(node, MapNode):
        scope.report.not_this(node, phrase("a condition (fact: test)"), nearest=_as_condition(node))
        return None
    if not node.entries:
        scope.report.add("DR205", node)
        return None
    parts: list[Expr | None] = []
    for key, value in node.entries:
        if key.text in {"all", "any"}:
            parts.append(_nested(key.text, value, scope))
        elif key.text == "not":
            inside = condition(value, scope)
            parts.append(None if inside is None else Not(inside))
        else:
            parts.append(_named_test(key, value, scope))
    found = [part for part in parts if part is not None]
    return all_of(found) if len(found) == len(parts) else None


def _as_condition(node: Node) -> str | None:
    """Return ``visits: {at_least: 5}`` for ``visits >= 5``."""
    fact, _, rest = node.text.partition(" ") if isinstance(node, ScalarNode) else ("", "", "")
    test_ = as_test(rest)
    return f"{fact}: {test_}" if test_ is not None else None


def _nested(word: str, node: Node, scope: Scope) -> Expr | None:
    """Return an `all` or `any` over a list of conditions."""
    if not isinstance(node, ListNode):
        scope.report.not_this(node, phrase("a list of conditions"))
        return None
    if not node.items:
        scope.report.add("DR205", node)
        return None
    inner = [condition(item, scope) for item in node.items]
    done = [item for item in inner if item is not None]
    if len(done) < len(inner):
        return None
    return all_of(done) if word == "all" else AnyOf(tuple(done))


def _named_test(key: ScalarNode, value: Node, scope: Scope) -> Expr | None:
    if key.broken:
        return None
    if not scope.has(key.text):
        scope.unknown(key, ("all", "any", "not"))
        return None
    meaning = scope.resolve(key.text)
    match meaning:
        case None:
            return None
        case Levels():
            return _level_test(meaning, value, scope)
        case Several():
            scope.report.add("DR412", key, name=key.text)
            return None
        case _:
            return test(meaning, value, scope, key.text)


def test(item: Expr, node: Node, scope: Scope, name: str) -> Expr | None:
    """Return one test on a value: a value (equals), a list (one of), or a mapping of tests."""
    type_ = type_of(item)
    if isinstance(node, ScalarNode):
        parameter = scope.parameters.get(node.text)
        if parameter is not None and isinstance(parameter.value, tuple) and node.text not in type_.options:
            return _member(item, node, scope)
        value = constant(node, type_, scope)
        return None if value is None else Compare(Comparison.EQUAL, item, value)
    if isinstance(node, ListNode):
        return _member(item, node, scope)
    if not node.entries:
        scope.report.add("DR205", node)
        return None
    parts = [_word_test(item, key, value, scope, name) for key, value in node.entries]
    found = [part for part in parts if part is not None]
    return all_of(found) if len(found) == len(parts) else None


def _member(item: Expr, node: Node, scope: Scope) -> Expr | None:
    values = constants(node, type_of(item), scope)
    return None if values is None else Member(item, *values)


def _word_test(item: Expr, key: ScalarNode, value: Node, scope: Scope, name: str) -> Expr | None:
    type_ = type_of(item)
    word = key.text
    result: Expr | None = None
    if word in {"is", "is_not"}:
        operand = constant(value, type_, scope)
        result = None if operand is None else Compare(Comparison.EQUAL, item, operand)
    elif word in {"one_of", "none_of"}:
        result = _member(item, value, scope)
    elif word == "known":
        wanted = constant(value, BOOLEAN, scope)
        result = None if wanted is None else (Known(item) if wanted.value else Not(Known(item)))
    elif word in _ORDERED:
        result = _ordered_test(item, key, value, scope, name)
    elif word in ELAPSES:
        if type_.kind is not Kind.DATE:
            scope.report.add("DR408", key, word=word, name=name, kind=KIND_WORDS[type_.kind])
        else:
            result = test(Elapsed(ELAPSES[word], item), value, scope, f"{word} {name}")
    else:
        nearest = nearest_word(word, TEST_WORDS) or CHINESE_TESTS.get(word)
        scope.report.add("DR302", key, word=word, words=known_words(TEST_WORDS), nearest=nearest)
    if result is not None and word in {"is_not", "none_of"}:
        result = Not(result)
    return result


def _ordered_test(item: Expr, key: ScalarNode, value: Node, scope: Scope, name: str) -> Expr | None:
    type_ = type_of(item)
    how = _ORDERED[key.text]
    if type_.kind in QUANTITIES:
        operand = constant(value, type_, scope)
        return None if operand is None else Compare(how, item, operand)
    if not type_.ordered:
        scope.report.add("DR405", key, word=key.text, name=name, kind=KIND_WORDS[type_.kind])
        return None
    operand = constant(value, type_, scope)
    if operand is None:
        return None
    return Member(
        item, _beside(type_.options, type_.options.index(str(operand.value)), how), operand.parameter
    )


def _beside(lowest_first: tuple[str, ...], at: int, how: Comparison) -> tuple[str, ...]:
    """Return the words of an ordered scale that compare so with the one at `at`."""
    match how:
        case Comparison.AT_LEAST:
            return lowest_first[at:]
        case Comparison.MORE_THAN:
            return lowest_first[at + 1 :]
        case Comparison.AT_MOST:
            return lowest_first[: at + 1]
        case Comparison.LESS_THAN:
            return lowest_first[:at]
        case Comparison.EQUAL:
            return lowest_first[at : at + 1]


def _level_test(levels: Levels, node: Node, scope: Scope) -> Expr | None:
    """Return a test on a level; levels compare in order, the best is the most."""
    scale = Type(Kind.CATEGORY, tuple(reversed(levels.names)), ordered=True)
    placeholder = Field("level", "level", scale)
    tested = test(
        placeholder,
        node,
        scope,
        levels.decision if levels.angle is None else f"{levels.decision}.{levels.angle}",
    )
    return None if tested is None else _on_levels(tested, placeholder, levels)


def _on_levels(tested: Expr, placeholder: Field, levels: Levels) -> Expr | None:
    match tested:
        case Compare(left=left, right=Constant(value=value)) if left == placeholder:
            return LevelIn(levels.decision, levels.angle, (str(value),))
        case Member(item=item, among=among) if item == placeholder:
            return LevelIn(levels.decision, levels.angle, tuple(str(word) for word in among))
        case Not(item=inner):
            inside = _on_levels(inner, placeholder, levels)
            return None if inside is None else Not(inside)
        case Known():  # a tier always has a level
            return LevelIn(levels.decision, levels.angle, levels.names)
        case _:
            parts = [_on_levels(part, placeholder, levels) for part in getattr(tested, "items", ())]
            return all_of([part for part in parts if part is not None])
