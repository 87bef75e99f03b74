"""Changes: a node of a policy file as a slip of the hand would leave it: numbers, words, tests and conditions.

Place in the flow: below ``mutants``, which knows where in a policy each of these stands. A change of a part is carried
up to the whole that holds it, so that what comes out is a file again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.values import Kind, Type, read_literal, show_decimal

Words = Callable[[str], Type | None]
"""What a name can be tested for: its type, if it is known."""

SWAPPED: Final = {
    "at_least": "more_than",
    "more_than": "at_least",
    "at_most": "less_than",
    "less_than": "at_most",
    "is": "is_not",
    "is_not": "is",
    "one_of": "none_of",
    "none_of": "one_of",
    "from": "over",
    "over": "from",
    "any": "all",
    "all": "any",
}
_ELAPSED: Final = frozenset({"months_since", "days_since", "days_until"})


@dataclass(frozen=True, slots=True)
class Change:
    """A node to be put where another stands, for those who put it there; `place` is where the slip is."""

    kind: str
    owner: str
    place: str
    before: str
    after: str
    node: Node


Changes = Iterator[Change]


# ---------------------------------------------------------------------------------------------------
# Nodes: a change of a part is a change of the whole


def within(node: MapNode | ListNode, at: int, changes: Changes) -> Changes:
    """Yield changes of one entry as changes of the mapping or list that holds it."""
    for each in changes:
        yield replace(each, node=put(node, at, each.node))


def put(node: MapNode | ListNode, at: int, value: Node | None, key: ScalarNode | None = None) -> Node:
    """Return a node with another value (and key) at a place; with none, without the place."""
    if isinstance(node, ListNode):
        middle = () if value is None else (value,)
        return ListNode((*node.items[:at], *middle, *node.items[at + 1 :]), node.span)
    entry = () if value is None else ((key or node.entries[at][0], value),)
    return MapNode((*node.entries[:at], *entry, *node.entries[at + 1 :]), node.span)


def shown(node: Node) -> str:
    """Return a node as it is written, in few words."""
    match node:
        case ScalarNode():
            return node.text
        case MapNode():
            inner = ", ".join(f"{key.text}: {shown(value)}" for key, value in node.entries)
            text = f"{{{inner}}}"
        case ListNode():
            text = f"[{', '.join(map(shown, node.items))}]"
    return text if len(text) <= 70 else f"{text[:67]}…{text[-1]}"


def named(node: Node, default: str) -> str:
    """Return how a part is called for short: by its id, if it has one."""
    found = node.get("id") if isinstance(node, MapNode) else None
    return found.text if isinstance(found, ScalarNode) else default


def less(node: MapNode | ListNode, at: int, kind: str, owner: str, said: str | None = None) -> Changes:
    """Yield a mapping or list without one of its entries."""
    if isinstance(node, MapNode):
        key, value = node.entries[at]
        yield Change(
            kind, owner, key.span.short, said or f"{key.text}: {shown(value)}", "", put(node, at, None)
        )
    else:
        item = node.items[at]
        yield Change(kind, owner, item.span.short, said or shown(item), "", put(node, at, None))


def renamed(node: MapNode, at: int, word: str, kind: str, owner: str) -> Changes:
    """Yield a mapping with another key at a place."""
    key, value = node.entries[at]
    if node.get(word) is None:
        after = f"{word}: {shown(value)}"
        yield Change(
            kind,
            owner,
            key.span.short,
            f"{key.text}: {shown(value)}",
            after,
            put(node, at, value, replace(key, text=word)),
        )


def rewritten(node: MapNode, at: int, values: Iterator[str], kind: str, owner: str) -> Changes:
    """Yield a mapping with other texts as the value of a key."""
    key, value = node.entries[at]
    assert isinstance(value, ScalarNode)
    for text in values:
        changed = put(node, at, replace(value, text=text))
        yield Change(
            kind, owner, value.span.short, f"{key.text}: {value.text}", f"{key.text}: {text}", changed
        )


def scalar(node: ScalarNode, type_: Type | None, owner: str, before: str = "") -> Changes:
    """Yield other values of the same type: a number one unit up and down, the other truth, a word beside it."""
    for kind, text in _others(node, type_):
        yield Change(
            kind, owner, node.span.short, f"{before}{node.text}", f"{before}{text}", replace(node, text=text)
        )


def _others(node: ScalarNode, type_: Type | None) -> Iterator[tuple[str, str]]:
    if node.text in {"true", "false"} and not node.quoted:
        yield "word", "false" if node.text == "true" else "true"
    elif type_ is not None and node.text in type_.options:
        at = type_.options.index(node.text)
        yield from (("word", word) for word in beside(type_.options, at))
    elif type_ is None or type_.kind is not Kind.TEXT:
        yield from (("number", text) for text in numbers_beside(node.text))


def beside(words: tuple[str, ...], at: int) -> tuple[str, ...]:
    """Return the words just before and just behind one of a list."""
    return (*words[max(at - 1, 0) : at], *words[at + 1 : at + 2])


def numbers_beside(text: str) -> tuple[str, ...]:
    """Return a number as policies write it, one unit up and one down: one fen, one percentage point, one month.

    A number that is written more finely is changed in its last digit.

    Examples:
        >>> numbers_beside("10 yuan"), numbers_beside("70%"), numbers_beside("12.5%"), numbers_beside("1 year")
        (('10.01 yuan', '9.99 yuan'), ('71%', '69%'), ('12.6%', '12.4%'), ('13 months', '11 months'))
        >>> numbers_beside("2014-09-30"), numbers_beside("half_up")
        (('2014-10-01', '2014-09-29'), ())
    """
    try:
        literal = read_literal(text)
    except ValueError:
        return ()
    if isinstance(literal.value, date):
        return tuple(str(literal.value + timedelta(days=each)) for each in (1, -1))
    if isinstance(literal.value, bool | str):
        return ()
    value = Fraction(literal.value)
    step = Fraction(1)
    number = text.split("%", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    if literal.kind in {Kind.NUMBER, Kind.DISTANCE, Kind.RATIO} and "." in number:
        step = Fraction(1, 10 ** len(number.split(".")[1]))
    match literal.kind:
        case Kind.MONEY:
            return tuple(f"{show_decimal(_plain(value + each, 100))} yuan" for each in (1, -1))
        case Kind.RATIO:
            return tuple(f"{show_decimal(_plain(value * 100 + each, 1))}%" for each in (step, -step))
        case Kind.MONTHS | Kind.DAYS:
            unit = literal.kind.value
            return tuple(f"{show_decimal(_plain(value + each, 1))} {unit}" for each in (1, -1))
        case Kind.DISTANCE:
            return tuple(f"{show_decimal(_plain(value + each, 1))} km" for each in (step, -step))
        case _:
            return tuple(show_decimal(_plain(value + each, 1)) for each in (step, -step))


def _plain(value: Fraction, over: int) -> int | Fraction:
    made = value / over
    return made.numerator if made.denominator == 1 else made


# ---------------------------------------------------------------------------------------------------
# Conditions


def condition(node: Node, words: Words, owner: str) -> Changes:
    """Yield changes of a condition: each test, a test less, any for all, a denial less."""
    for at, (key, value) in enumerate(node.entries if isinstance(node, MapNode) else ()):
        assert isinstance(node, MapNode)
        if len(node.entries) > 1:
            yield from less(node, at, "condition", owner)
        if key.text in {"all", "any"} and isinstance(value, ListNode):
            if len(value.items) > 1:
                yield from renamed(node, at, SWAPPED[key.text], "operator", owner)
            for number, item in enumerate(value.items):
                inner = condition(item, words, owner)
                yield from within(node, at, within(value, number, inner))
                if len(value.items) > 1:
                    yield from within(node, at, less(value, number, "condition", owner))
        elif key.text == "not":
            affirmed = ListNode((value,), value.span)
            yield Change(
                "operator",
                owner,
                key.span.short,
                f"not: {shown(value)}",
                shown(value),
                put(node, at, affirmed, replace(key, text="all")),
            )
            yield from within(node, at, condition(value, words, owner))
        else:
            yield from within(node, at, of_test(value, words(key.text), owner, f"{key.text}: "))


def of_test(node: Node, type_: Type | None, owner: str, before: str) -> Changes:
    """Yield changes of a test: its value, one word of its list, its operator, one of its bounds less."""
    match node:
        case ScalarNode():
            yield from scalar(node, type_, owner, before)
        case ListNode():
            yield from _list(node, type_, owner)
        case MapNode():
            for at, (key, value) in enumerate(node.entries):
                if len(node.entries) > 1:
                    yield from less(node, at, "condition", owner)
                if key.text in SWAPPED:
                    yield from renamed(node, at, SWAPPED[key.text], "operator", owner)
                inner = None if key.text in {*_ELAPSED, "known"} else type_
                yield from within(node, at, of_test(value, inner, owner, f"{key.text}: "))


def _list(node: ListNode, type_: Type | None, owner: str) -> Changes:
    """Yield a list of words without one of them, and with another word in place of one."""
    there = {item.text for item in node.items if isinstance(item, ScalarNode)}
    for at, item in enumerate(node.items):
        if len(node.items) > 1:
            yield from less(node, at, "word", owner)
        if isinstance(item, ScalarNode):
            for each in within(node, at, scalar(item, type_, owner)):
                if each.after not in there:
                    yield each
