"""Extension: a store's file on top of the group's, before either is read as a document.

Place in the flow: between the parser and the document. `extend: NAME` takes the other policy's content;
`override:` replaces parts of it, each addressed by ``decision.id`` and each there to be replaced; `remove:`
takes parts away. What comes out is an ordinary policy, so nothing after this knows of extension.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Phrase, nearest_word
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode
from dealerrules.policy.phrases import arrows, phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dealerrules.policy.scope import Report

_TABLES = ("parameters", "facts", "items", "decisions")
_THROUGH = frozenset({*_TABLES, "angles", "levels", "stages", "first", "bands", "rows"})
_ID_KEYS = ("id",)

Change = "Callable[[Node], Node | None]"


def extended(nodes: list[MapNode], report: Report) -> list[MapNode]:
    """Return the policies with every extension worked in; a policy that others extend is no policy of its own."""
    by_name = {text: node for node in nodes for text in _names(node)}
    circles: set[frozenset[int]] = set()
    templates: set[int] = set()
    made: list[tuple[MapNode, MapNode]] = []
    for node in nodes:
        result = node
        seen = {id(node): _name(node)}
        current = node
        while isinstance(wanted := current.get("extend"), ScalarNode):
            base = by_name.get(wanted.text) or by_name.get(PurePath(wanted.text).name)
            if base is None:
                nearest = nearest_word(wanted.text, by_name)
                if nearest is not None or not report.lost:
                    report.add("DR313", wanted, name=wanted.text, nearest=nearest)
                report.lost = True
                break
            if id(base) in seen:
                if frozenset(seen) not in circles:
                    members = list(seen.values())[list(seen).index(id(base)) :]
                    report.add("DR308", wanted, members=arrows([*members, _name(base)]))
                circles.add(frozenset(seen))
                break
            seen[id(base)] = _name(base)
            templates.add(id(base))
            result = _merged(base, result, report)
            current = base
        if current is node and node.get("extend") is None:
            _check_alone(node, report)
        made.append((node, result))
    return [result for node, result in made if id(node) not in templates]


def _check_alone(node: MapNode, report: Report) -> None:
    """Report changes to another policy where none is named."""
    key = node.key("override") or node.key("remove")
    if key is not None:
        report.add("DR202", key, key="extend")


def _name(node: MapNode) -> str:
    found = node.get("policy")
    return found.text if isinstance(found, ScalarNode) else "?"


def _names(node: MapNode) -> Iterator[str]:
    yield _name(node)
    yield PurePath(node.span.source.name).name


def _merged(base: MapNode, own: MapNode, report: Report) -> MapNode:
    """Return `base` with what `own` adds, overrides and removes."""
    entries = {
        key.text: (key, value) for key, value in base.entries if key.text not in {"override", "remove"}
    }
    for key, value in own.entries:
        if key.text in {"extend", "override", "remove"}:
            continue
        old = entries.get(key.text)
        if (
            key.text in _TABLES
            and old is not None
            and isinstance(old[1], MapNode)
            and isinstance(value, MapNode)
        ):
            _check_new(old[1], value, report)
            entries[key.text] = (key, MapNode((*old[1].entries, *value.entries), value.span))
        else:
            entries[key.text] = (key, value)
    entries.pop("extend", None)
    result = MapNode(tuple(entries.values()), own.span)
    override = own.get("override")
    if override is not None and not isinstance(override, MapNode):
        report.not_this(override, phrase("a mapping (`key: value`)"))
    for key, value in override.entries if isinstance(override, MapNode) else ():
        changed = _change(result, key.text.split("."), lambda old, new=value: _replaced(old, new))  # type: ignore[misc]
        result = _or_report(result, changed, key, report)
    remove = own.get("remove")
    if remove is not None and not isinstance(remove, ListNode):
        report.not_this(remove, phrase("a list"))
    for item in remove.items if isinstance(remove, ListNode) else ():
        if not isinstance(item, ScalarNode):
            report.not_this(item, phrase("a word"))
        else:
            result = _or_report(result, _change(result, item.text.split("."), lambda _: None), item, report)
    return result


def _check_new(base: MapNode, own: MapNode, report: Report) -> None:
    """Report what is written anew although the base has it: that is what `override:` is for."""
    for key, _ in own.entries:
        first = base.key(key.text)
        if first is not None:
            related = ((first.span, Phrase("那里已经有了", "it is there already")),)
            report.add("DR318", key, name=key.text, related=related)


def _or_report(result: MapNode, changed: Node | None, at: ScalarNode, report: Report) -> MapNode:
    if isinstance(changed, MapNode):
        return changed
    report.add("DR312", at, path=at.text, nearest=nearest_word(at.text, _paths(result)))
    return result


def _replaced(old: Node, new: Node) -> Node:
    """Return `old` with the keys of `new` replaced; anything but a mapping is replaced whole."""
    if not isinstance(old, MapNode) or not isinstance(new, MapNode):
        return (
            MapNode((*_without(old, "value"), (ScalarNode("value", new.span, quoted=False), new)), old.span)
            if (isinstance(old, MapNode) and old.get("value") is not None)
            else new
        )
    written = {key.text for key, _ in new.entries}
    kept = [entry for entry in old.entries if entry[0].text not in written]
    return MapNode((*kept, *new.entries), old.span)


def _without(node: Node, name: str) -> tuple[tuple[ScalarNode, Node], ...]:
    assert isinstance(node, MapNode)
    return tuple(entry for entry in node.entries if entry[0].text != name)


def _change(node: Node, path: list[str], change: Callable[[Node], Node | None]) -> Node | None:
    """Return `node` with the part at `path` changed, or none when there is no such part."""
    if isinstance(node, MapNode):
        for at, (key, value) in enumerate(node.entries):
            inner: Node | None
            if path and key.text == path[0]:
                if len(path) == 1:
                    inner = change(value)
                    middle = () if inner is None else ((key, inner),)
                    return MapNode((*node.entries[:at], *middle, *node.entries[at + 1 :]), node.span)
                inner = _change(value, path[1:], change)
            elif key.text in _THROUGH or isinstance(value, ListNode):
                inner = _change(value, path, change)
            else:
                inner = None
            if inner is not None:
                return MapNode((*node.entries[:at], (key, inner), *node.entries[at + 1 :]), node.span)
        return None
    if isinstance(node, ListNode):
        for at, item in enumerate(node.items):
            found = item.get("id") if isinstance(item, MapNode) else None
            if isinstance(found, ScalarNode) and path and found.text == path[0]:
                made = change(item) if len(path) == 1 else _change(item, path[1:], change)
                if made is None and len(path) > 1:
                    continue
                middle_items = () if made is None else (made,)
                return ListNode((*node.items[:at], *middle_items, *node.items[at + 1 :]), node.span)
    return None


def _paths(node: MapNode) -> list[str]:
    """Return what may be overridden, for suggestions."""
    found: list[str] = []

    def visit(part: Node, prefix: str, depth: int) -> None:
        if depth > 6:
            return
        if isinstance(part, MapNode):
            for key, value in part.entries:
                through = key.text in _THROUGH
                path = prefix if through else f"{prefix}.{key.text}".lstrip(".")
                if not through and isinstance(value, MapNode):
                    found.append(path)
                if isinstance(value, MapNode):
                    visit(value, path, depth + 1)
                elif isinstance(value, ListNode):
                    visit(value, prefix, depth + 1)
        elif isinstance(part, ListNode):
            for item in part.items:
                named = item.get("id") if isinstance(item, MapNode) else None
                if isinstance(named, ScalarNode):
                    found.append(f"{prefix}.{named.text}".lstrip("."))

    visit(node, "", 0)
    return found
