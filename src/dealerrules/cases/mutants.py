"""Mutants: every small change to a policy file that a slip of the hand could make, one at a time.

Place in the flow: below ``mutation``, which compiles each and runs the cases against it. A file is changed as its
author would change it, in the parser's nodes: a number that stands once is changed once, whatever is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from dealerrules.cases.node_changes import (
    SWAPPED,
    Change,
    Changes,
    Words,
    beside,
    condition,
    less,
    named,
    of_test,
    put,
    renamed,
    rewritten,
    scalar,
    shown,
    within,
)
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.records import TABLES
from dealerrules.values import Kind, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS: Final = (
    "number",  # one unit up or down
    "operator",  # `more_than` for `at_least`, `all` for `any`, `over` for `from`, no denial
    "word",  # the word beside it, `false` for `true`, a word of a list less
    "condition",  # a test, a window, a `where` less
    "part",  # a rule, row, band, stage, `otherwise`, cap … less
    "basis",  # `excess` for `whole`
    "rounding",  # in another way, to another unit
    "hit",  # another hit policy
    "order",  # two rows, or two facts, the other way round
    "level",  # a rule at the level beside its own
    "form",  # `every` for `some`, `earliest` for `latest`
    "item",  # a thing less in a package
    "worth",  # what a thing is worth
    "text",  # a text less that comes out with an outcome
)
"""The kinds of change."""

_FORMS: Final = {
    "some": "every",
    "every": "some",
    "latest": "earliest",
    "earliest": "latest",
    "add": "subtract",
    "subtract": "add",
    "min": "max",
    "max": "min",
    "round_up": "round_down",
    "round_down": "round_up",
}
_QUANTITIES: Final = frozenset(
    {
        "from",
        "over",
        "pays",
        "pays_per_unit",
        "pays_percent",
        "value",
        "always_value",
        "price",
        "cap",
        "floor",
        "to",
        "allow_gap",
        "share",
    }
)
_ROUNDINGS: Final = ("half_up", "half_even", "up", "down")
_WORDS: Final = {
    "downgrade": ("to_computed", "one_level"),
    "transition": ("re_evaluate", "keep_until_expiry", "never_lower_at_switch"),
}
"""What becomes of levels that are kept; the first is what holds where nothing is written."""
_HITS: Final = ("unique", "first", "any", "collect")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy file with one small change.

    Attributes:
        kind: one of the words of `KINDS`.
        owner: what it is a change of: the decision with its rule, the fact, the parameter or the item.
        place: file and line.
        before: what stands there, as it is written.
        after: what stands there in the mutant; nothing where something is left out.
        root: the whole file with the change.
    """

    kind: str
    owner: str
    place: str
    before: str
    after: str
    root: MapNode

    def text(self, lang: str = "en") -> str:
        """Return it in words, in Chinese (``zh``) or English (``en``)."""
        colon = "：" if lang == "zh" else ": "
        return colon.join((self.place, self.owner, self.said(lang)))

    def said(self, lang: str = "en") -> str:
        """Return what stands there before and after."""
        if lang == "zh":
            return f"`{self.before}` 改成 `{self.after}`" if self.after else f"去掉 `{self.before}`"
        return f"`{self.before}` changed to `{self.after}`" if self.after else f"`{self.before}` left out"

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "kind": self.kind,
            "owner": self.owner,
            "place": self.place,
            "before": self.before,
            "after": self.after or None,
            "text": self.text(lang),
        }


def mutants(root: MapNode, words: Callable[[str, str], Type | None]) -> Iterator[Mutant]:
    """Yield every small change to a policy file.

    Args:
        root: the file's nodes.
        words: the type of a fact or decision, by subject and name, if there is such a name.
    """
    for each in _policy(root, words):
        assert isinstance(each.node, MapNode)
        yield Mutant(each.kind, each.owner, each.place, each.before, each.after, each.node)


# ---------------------------------------------------------------------------------------------------
# Policies


def _policy(root: MapNode, words: Callable[[str, str], Type | None]) -> Changes:
    for at, (key, value) in enumerate(root.entries):
        if key.text == "effective":
            yield from within(root, at, _effective(value, "effective"))
        elif key.text in {"parameters", "facts", "items", "decisions", "override"} and isinstance(
            value, MapNode
        ):
            for number, (name, part) in enumerate(value.entries):
                if isinstance(part, MapNode):
                    changes = _PARTS[key.text](part, words, name.text)
                elif isinstance(part, ScalarNode):
                    changes = scalar(part, None, name.text, f"{name.text}: ")
                else:
                    changes = iter(())
                yield from within(root, at, within(value, number, changes))


def _effective(node: Node, owner: str) -> Changes:
    for at, (key, value) in enumerate(node.entries if isinstance(node, MapNode) else ()):
        if isinstance(value, ScalarNode) and isinstance(node, MapNode):
            yield from within(node, at, scalar(value, None, owner, f"{key.text}: "))


def _parameter(node: MapNode, _: Callable[[str, str], Type | None], owner: str) -> Changes:
    for at, (key, value) in enumerate(node.entries):
        if key.text == "value":
            yield from within(node, at, of_test(value, None, owner, "value: "))


def _item(node: MapNode, _: Callable[[str, str], Type | None], owner: str) -> Changes:
    for at, (key, value) in enumerate(node.entries):
        if key.text in {"value", "price"} and isinstance(value, ScalarNode):
            found = scalar(value, None, owner, f"{key.text}: ")
            yield from within(node, at, (replace(each, kind="worth") for each in found))
        elif key.text == "refund" and isinstance(value, MapNode):
            found = within(node, at, _quantities(value, owner))
            yield from (replace(each, kind="worth") for each in found)


def _quantities(node: MapNode, owner: str) -> Changes:
    for at, (key, value) in enumerate(node.entries):
        if key.text in _QUANTITIES and isinstance(value, ScalarNode):
            yield from within(node, at, scalar(value, None, owner, f"{key.text}: "))


def _fact(node: MapNode, words: Callable[[str, str], Type | None], owner: str) -> Changes:
    """Yield changes of a fact's form, and of the forms inside it."""
    table = next((value.text for _, value in node.entries if isinstance(value, ScalarNode)), "")
    for _key, value in node.entries:
        if isinstance(value, ScalarNode) and value.text in TABLES:
            table = value.text
    fields = TABLES[table].fields if table in TABLES else {}
    for at, (key, value) in enumerate(node.entries):
        word = key.text
        if word in {"title", "subject", "source", "data", "actionable", "advice", "best"}:
            continue
        if word in _FORMS:
            yield from renamed(node, at, _FORMS[word], "form", owner)
        if word in {"where", "that"}:
            yield from within(node, at, condition(value, fields.get, owner))
        if word in {"where", "after", "within", "if_none"}:
            yield from less(node, at, "condition", owner)
        if word == "first_known" and isinstance(value, ListNode):
            swapped = ListNode(tuple(reversed(value.items)), value.span)
            yield Change("order", owner, key.span.short, shown(value), shown(swapped), put(node, at, swapped))
            yield from within(node, at, _each_less(value, "part", owner))
        if word == "calendar" and isinstance(value, ScalarNode):
            periods = ("month", "quarter", "year")
            others = beside(periods, periods.index(value.text))
            yield from rewritten(node, at, iter(others), "word", owner)
        elif word == "values" and isinstance(value, MapNode):
            for number, (name, each) in enumerate(value.entries):
                yield from within(
                    node, at, within(value, number, of_test(each, None, owner, f"{name.text}: "))
                )
        elif isinstance(value, ScalarNode):
            yield from within(node, at, scalar(value, None, owner, f"{word}: "))
        elif isinstance(value, MapNode) and word not in {"where", "that"}:
            yield from within(node, at, _fact(value, words, owner))
        elif isinstance(value, ListNode):
            for number, part in enumerate(value.items):
                if isinstance(part, MapNode):
                    yield from within(node, at, within(value, number, _fact(part, words, owner)))
                elif isinstance(part, ScalarNode):
                    yield from within(node, at, within(value, number, scalar(part, None, owner)))


def _each_less(node: MapNode | ListNode, kind: str, owner: str, least: int = 1) -> Changes:
    """Yield a mapping or list without each of its entries, as long as some are left."""
    entries = node.entries if isinstance(node, MapNode) else node.items
    for at in range(len(entries) if len(entries) > least else 0):
        yield from less(node, at, kind, owner)


# ---------------------------------------------------------------------------------------------------
# Decisions


def _decision(node: MapNode, words: Callable[[str, str], Type | None], owner: str) -> Changes:
    kind, subject = node.get("kind"), node.get("subject")
    if isinstance(kind, ScalarNode) and kind.text == "rate":
        return
    of = subject.text if isinstance(subject, ScalarNode) else "customer"
    yield from _Parts(lambda name: words(of, name), node).changes(node, owner)


def _override(node: MapNode, words: Callable[[str, str], Type | None], owner: str) -> Changes:
    yield from _Parts(lambda name: words("customer", name), node).changes(node, owner)


_PARTS: Final = {
    "parameters": _parameter,
    "facts": _fact,
    "items": _item,
    "decisions": _decision,
    "override": _override,
}


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a decision: what each key holds, and how it can be changed."""

    words: Words
    decision: MapNode

    def changes(self, node: MapNode, owner: str) -> Changes:
        """Yield changes of a decision, rule, band, row, stage or level."""
        for at, (key, value) in enumerate(node.entries):
            yield from self._key(node, at, key.text, value, owner)

    def _key(self, node: MapNode, at: int, word: str, value: Node, owner: str) -> Changes:
        if word in {"from", "over"}:
            yield from renamed(node, at, SWAPPED[word], "operator", owner)
        if word == "when":
            yield from within(node, at, condition(value, self.words, owner))
        elif word in _QUANTITIES:
            if isinstance(value, ScalarNode):
                yield from within(node, at, scalar(value, None, owner, f"{word}: "))
            elif isinstance(value, MapNode):
                yield from within(node, at, self._multiple(value, owner))
            if word in {"cap", "floor", "value", "always_value"}:
                yield from less(node, at, "part", owner)
        elif word == "basis" and isinstance(value, ScalarNode):
            other = "excess" if value.text == "whole" else "whole"
            yield from rewritten(node, at, iter((other,)), "basis", owner)
        elif word == "rounding" and isinstance(value, ScalarNode):
            yield from rewritten(node, at, _roundings(value.text), "rounding", owner)
        elif word == "hit" and isinstance(value, ScalarNode):
            same = {
                value.text,
                "priority" if value.text == "first" else "first" if value.text == "priority" else "",
            }
            yield from rewritten(node, at, (each for each in _HITS if each not in same), "hit", owner)
        elif word == "keeps" and isinstance(value, MapNode):
            for number, (name, time) in enumerate(value.entries):
                if isinstance(time, ScalarNode):
                    changes = scalar(time, None, owner, f"{word}: {name.text}: ")
                    yield from within(node, at, within(value, number, changes))
            yield from _left_out(node, word, owner)
        elif word in _WORDS and isinstance(value, ScalarNode):
            others = (each for each in _WORDS[word] if each != value.text)
            yield from rewritten(node, at, others, "word", owner)
        elif word in {"times", "when_absent", "dated_by", "cadence"}:
            yield from less(node, at, "text" if word == "cadence" else "part", owner)
        elif word == "effective":
            yield from less(node, at, "condition", owner)
            yield from within(node, at, _effective(value, owner))
        elif word in {"then", "otherwise"}:
            yield from self._cells(node, at, word, value, owner)
        elif word in {"always", "choose_one"} and isinstance(value, MapNode | ListNode):
            yield from self._items(node, at, value, owner)
        elif word in {"benefits", "follow_up", "data"} and isinstance(value, MapNode | ListNode):
            if node is not self.decision:  # what a whole decision carries comes out with no outcome
                yield from within(node, at, _texts(value, owner))
        elif word == "angles" and isinstance(value, MapNode):
            for number, (angle, part) in enumerate(value.entries):
                if isinstance(part, MapNode):
                    yield from within(
                        node, at, within(value, number, self._angle(part, f"{owner} {angle.text}"))
                    )
        elif word in {"bands", "rows", "stages", "first", "levels"} and isinstance(value, MapNode | ListNode):
            yield from within(node, at, self._entries(word, value, owner))

    def _entries(self, word: str, node: MapNode | ListNode, owner: str) -> Changes:
        """Yield a table without each of its entries, and with each of them changed."""
        if isinstance(node, MapNode):
            for at, (key, value) in enumerate(node.entries):
                if isinstance(value, ListNode):  # bands by the words of a fact
                    yield from within(node, at, self._entries(word, value, owner))
                elif isinstance(value, MapNode):
                    name = f"{owner} {key.text}"
                    if word != "levels":
                        yield from less(node, at, "part", name, f"{key.text}: {shown(value)}")
                    yield from within(node, at, self.changes(value, name))
            return
        for at, item in enumerate(node.items):
            if isinstance(item, MapNode):
                name = f"{owner} {named(item, f'{word} {at + 1}')}"
                if len(node.items) > 1:
                    yield from less(node, at, "part", name, f"{word[:-1]} {named(item, str(at + 1))}")
                yield from within(node, at, self.changes(item, name))
        hit = self.decision.get("hit")
        if word == "rows" and isinstance(hit, ScalarNode) and hit.text in {"first", "priority"}:
            yield from self._swaps(node, owner)

    def _swaps(self, node: ListNode, owner: str) -> Changes:
        """Yield the rows of a table that are looked at in order, with two of them the other way round."""
        for at in range(len(node.items) - 1):
            first, second = node.items[at : at + 2]
            swapped = ListNode((*node.items[:at], second, first, *node.items[at + 2 :]), node.span)
            names = [named(each, "") for each in (first, second)]
            yield Change(
                "order",
                f"{owner} {names[0]}",
                first.span.short,
                ", ".join(names),
                ", ".join(reversed(names)),
                swapped,
            )

    def _angle(self, node: MapNode, owner: str) -> Changes:
        """Yield an angle without each of its rules, with each changed, and with each at another level."""
        levels = self.decision.get("levels")
        names = list(levels.keys())[:-1] if isinstance(levels, MapNode) else []
        for at, (key, rules) in enumerate(node.entries):
            if key.text not in names or not isinstance(rules, ListNode):
                continue
            for number, rule in enumerate(rules.items):
                if not isinstance(rule, MapNode):
                    continue
                name = f"{owner}.{named(rule, '')}"
                without = _less_or_gone(node, at, rules, number)
                shown = f"rule {named(rule, '')}"
                yield Change("part", name, rule.span.short, shown, "", without)
                yield from within(node, at, within(rules, number, self.changes(rule, name)))
                for level in beside(tuple(names), names.index(key.text)):
                    moved = _with_rule(without, level, rule, key)
                    yield Change("level", name, rule.span.short, key.text, level, moved)

    def _multiple(self, node: MapNode, owner: str) -> Changes:
        """Yield other multiples of a parameter."""
        for at, (key, value) in enumerate(node.entries):
            if key.text == "times" and isinstance(value, ScalarNode):
                yield from within(node, at, scalar(value, None, owner, "times: "))

    def _cells(self, node: MapNode, at: int, word: str, value: Node, owner: str) -> Changes:
        """Yield other outputs of a row, of `otherwise`, and a table without `otherwise`."""
        if word == "otherwise":
            yield from less(node, at, "part", owner)
        if isinstance(value, ScalarNode):
            yield from within(node, at, scalar(value, None, owner, f"{word}: "))
        for number, (name, cell) in enumerate(value.entries if isinstance(value, MapNode) else ()):
            assert isinstance(value, MapNode)
            if isinstance(cell, ScalarNode):
                changes = scalar(cell, self._output(name.text), owner, f"{name.text}: ")
            elif isinstance(cell, ListNode):
                texts = any(isinstance(item, MapNode) for item in cell.items)
                changes = _each_less(cell, "text" if texts else "item", owner, 0)
            else:
                continue
            yield from within(node, at, within(value, number, changes))

    def _output(self, name: str) -> Type | None:
        """Return the words of an output column; other outputs are changed by how they are written."""
        outputs = self.decision.get("outputs")
        output = outputs.get(name) if isinstance(outputs, MapNode) else None
        options = output.get("options") if isinstance(output, MapNode) else None
        if not isinstance(options, ListNode):
            return None
        return Type(Kind.CATEGORY, tuple(each.text for each in options.items if isinstance(each, ScalarNode)))

    def _items(self, node: MapNode, at: int, value: MapNode | ListNode, owner: str) -> Changes:
        """Yield a package with an item less, or an option less."""
        if isinstance(value, ListNode):
            yield from within(node, at, _each_less(value, "item", owner, 0))
            return
        for number, (letter, items) in enumerate(value.entries):
            yield from within(node, at, less(value, number, "item", owner))
            if isinstance(items, ListNode):
                changes = _each_less(items, "item", f"{owner} {letter.text}")
                yield from within(node, at, within(value, number, changes))


def _left_out(node: MapNode, word: str, owner: str) -> Changes:
    """Yield a tier that keeps no levels; what goes with it is left out too."""
    places = [at for at, (key, _) in enumerate(node.entries) if key.text in {word, *_WORDS}]
    left = MapNode(tuple(each for at, each in enumerate(node.entries) if at not in places), node.span)
    key, value = next((key, value) for key, value in node.entries if key.text == word)
    yield Change("part", owner, key.span.short, f"{word}: {shown(value)}", "", left)


def _less_or_gone(node: MapNode, at: int, rules: ListNode, number: int) -> MapNode:
    """Return an angle without one rule; without the level, too, where it was the only one."""
    left = put(rules, number, None) if len(rules.items) > 1 else None
    made = put(node, at, left)
    assert isinstance(made, MapNode)
    return made


def _with_rule(node: MapNode, level: str, rule: Node, key: ScalarNode) -> MapNode:
    """Return an angle with one more rule at a level."""
    for at, (name, rules) in enumerate(node.entries):
        if name.text == level and isinstance(rules, ListNode):
            made = put(node, at, ListNode((*rules.items, rule), rules.span))
            assert isinstance(made, MapNode)
            return made
    added = (replace(key, text=level), ListNode((rule,), rule.span))
    return MapNode((*node.entries, added), node.span)


def _roundings(text: str) -> Iterator[str]:
    """Yield the same rounding in another way, and to another unit."""
    mode, to, unit = text.partition(" to ")
    yield from (f"{each}{to}{unit}" for each in _ROUNDINGS if each != mode)
    yield f"{mode}{to}{'10 fen' if unit == '1 fen' else '1 fen'}"


def _texts(node: MapNode | ListNode, owner: str) -> Changes:
    """Yield attached texts without each of them, at any depth; titles are left whole."""
    yield from _each_less(node, "text", owner, 0)
    for at, value in enumerate(
        [value for _, value in node.entries] if isinstance(node, MapNode) else node.items
    ):
        title = isinstance(value, MapNode) and set(value.keys()) <= {"zh", "en"}
        if isinstance(value, MapNode | ListNode) and not title:
            yield from within(node, at, _texts(value, owner))
