"""Reading: a node as a shape, with every fault of its form.

Place in the flow: between the shapes and those who make something of them. A fault does not hide the others: what
is at fault is mended as it was probably meant, or broken so that nobody looks at it again, and the rest is read.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from dealerrules.diagnostics import Diagnostic, nearest_word
from dealerrules.policy.fields import (
    CHINESE_KEYS,
    Shape,
    Titled,
    is_broken,
    is_empty,
    keys_of,
    known_words,
)
from dealerrules.policy.model import Title
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dealerrules.diagnostics import Span

S = TypeVar("S", bound=Shape)


class _TitleShape(Shape):
    """A text in Chinese and English that stands on its own."""

    title: Titled = Title()


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
    found, node = _slipped(shape, node)
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


def _slipped(shape: type[Shape], node: Node) -> tuple[list[Diagnostic], Node]:
    """Report tables that hold the keys of an entry where names should stand; nothing can be made of those."""
    found: list[Diagnostic] = []
    for table, value in node.entries if isinstance(node, MapNode) else ():
        inner = _entry_keys(shape, table.text)
        for key, entry in value.entries if isinstance(value, MapNode) else ():
            is_entry = isinstance(entry, MapNode) and (
                not entry.entries or any(each in inner for each in entry.keys())  # noqa: SIM118 - a method of nodes
            )
            if key.text in inner and not is_entry:
                found.append(Diagnostic("DR209", key.span, {"table": table.text, "key": key.text}))
                node = _edited(node, (table.text,), lambda each: broken_node(each.span))
                break
    return found, node


def _order(fault: dict[str, Any]) -> int:
    """Return when a fault is looked at."""
    return {"extra_forbidden": 0, "missing": 2}.get(fault["type"], 1)


def read_title(node: Node) -> tuple[Title, list[Diagnostic]]:
    """Return a text in Chinese and English that stands on its own."""
    wrapped = MapNode(((ScalarNode("title", node.span, quoted=False), node),), node.span)
    described, faults = mended_shape(_TitleShape, wrapped)
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
    known = keys_of(shape)
    sole = all(info.is_required() for name, info in shape.model_fields.items() if name != "here")
    parent = _find(root, place)
    entries = parent.entries if isinstance(parent, MapNode) else ()
    number = next((number for number, (each, _) in enumerate(entries) if each.text == key), None)
    if number is None:
        return [], root  # it has been moved
    at = entries[number][0]
    lacking = [word for word in known if all(word != each.text for each, _ in entries)]
    nearest = nearest_word(key, lacking) if len(key) > 2 else None  # `en` is no misspelt `when`
    nearest = nearest or next((word for word in CHINESE_KEYS.get(key, ()) if word in lacking), None)
    nearest = nearest or (lacking[0] if len(lacking) == 1 and sole else None)
    above, value = entries[number - 1]
    if nearest is None and number and is_empty(value) and not is_broken(value):
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
    if is_broken(parent) or any(each.broken for each, _ in entries):
        return [], mended
    span = _first_key(parent)
    if not place:
        span = owner or span
    elif isinstance(place[-1], str) and isinstance(above := _find(root, place[:-1]), MapNode):
        own = above.key(place[-1])
        span = own.span if own is not None else span
    return [Diagnostic("DR202", span, {"key": key})], mended


def _first_key(node: Node) -> Span:
    """Return where the first key of a mapping stands, or stood."""
    span = node.span
    line = span.source.line(span.line)[span.column - 1 :]
    if line.startswith("{") and isinstance(node, MapNode) and node.entries:
        return node.entries[0][0].span
    return replace(span, end_line=span.line, end_column=span.column + max(1, line.find(":")))


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
        rest = value if key is None else key if is_empty(value) else None
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


def _entry_keys(shape: type[Shape], table: str) -> Collection[str]:
    """Return the keys of an entry of a table of names."""
    info = next((each for name, each in shape.model_fields.items() if table == (each.alias or name)), None)
    if table in shape.inner or info is None:
        return shape.inner.get(table, ())
    found, inside = _shape_in(info.annotation)
    return keys_of(found) if found is not None and inside == 1 and _is_table(info.annotation) else ()


def _is_table(annotation: object) -> bool:
    origin = getattr(annotation, "__origin__", None)
    inner = getattr(annotation, "__args__", ())
    return origin is dict or (origin is not tuple and any(_is_table(each) for each in inner))


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
