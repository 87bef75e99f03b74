"""Housekeeping: names that nothing uses, texts that lack a language, sources without clause, reviews that are due.

Place in the flow: the analyser's part for what a file holds beside its decisions; it looks at the text as written,
since a parameter that is never used leaves no trace in the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.analysis.findings import Finding
from dealerrules.diagnostics import Diagnostic, Phrase
from dealerrules.policy.editor import catalogue
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from dealerrules.diagnostics import Span
    from dealerrules.policy.editor import Draft, Editor

_NO_USE = frozenset({"title", "source", "acknowledge", "policy", "extend", "id", "options"})
"""Keys below which a word is no use of a name."""
_GIVES = frozenset({"always", "choose_one", "then", "otherwise", "data"})
"""Keys below which an item is given."""


def check_names(editor: Editor) -> Iterator[Finding]:
    """Yield facts, items and parameters of the policies that are never used."""
    texts = _Texts(editor)
    used = texts.used()
    for draft in editor.drafts:
        for name in draft.shape.facts:
            if name not in used:
                yield _unused("DR741", draft.shape.key_span("facts", name), name)
        for name in draft.shape.items:
            if name not in texts.given:
                yield _unused("DR742", draft.shape.key_span("items", name), name)
        for name in draft.shape.parameters:
            if name not in used and name not in catalogue().parameters:
                yield _unused("DR743", draft.shape.key_span("parameters", name), name)


def _unused(code: str, span: Span, name: str) -> Finding:
    return Finding(Diagnostic(code, span, {"name": name}), None, (name,))


class _Texts:
    """Which words are written where: a word of a fact's definition counts when the fact itself is used."""

    def __init__(self, editor: Editor) -> None:
        self.outside: set[str] = set()
        self.given: set[str] = set()
        self.facts: dict[str, set[str]] = {}
        for draft in editor.drafts:
            for key, node in _entries(draft.shape.here):
                if key.text == "facts":
                    for name, form in _entries(node):
                        self.facts.setdefault(name.text, set()).update(_words(form))
                elif key.text in {"parameters", "items"}:
                    for _, each in _entries(node):
                        self.outside.update(_words(each))
                elif key.text not in _NO_USE:
                    self.outside.update(_words(node))
                    self.given.update(_given(key.text, node))

    def used(self) -> set[str]:
        found = set(self.outside)
        waiting = [name for name in self.facts if name in found]
        while waiting:
            for word in self.facts[waiting.pop()] - found:
                found.add(word)
                if word in self.facts:
                    waiting.append(word)
        return found


def _entries(node: Node | None) -> tuple[tuple[ScalarNode, Node], ...]:
    return node.entries if isinstance(node, MapNode) else ()


def _words(node: Node) -> Iterator[str]:
    """Yield every key and every word below a node, but those of titles and sources."""
    match node:
        case MapNode():
            for key, value in node.entries:
                yield key.text
                if key.text not in _NO_USE:
                    yield from _words(value)
        case ListNode():
            for item in node.items:
                yield from _words(item)
        case ScalarNode():
            yield node.text


def _given(key: str, node: Node) -> Iterator[str]:
    """Yield the words that may name an item that is given."""
    if key in _GIVES:
        yield from _words(node)
    elif isinstance(node, MapNode):
        for name, value in node.entries:
            yield from _given(name.text, value)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _given(key, item)


def check_texts(draft: Draft) -> Iterator[Finding]:
    """Yield texts that stand in one language only, and sources without clause."""
    about = (draft.name,)
    for key, node in _maps(draft.shape.here):
        words = {name.text for name, _ in node.entries}
        if words in ({"zh"}, {"en"}):
            (lacking,) = {"zh", "en"} - words
            text = node.entries[0][1]
            lang = Phrase("中文", "Chinese text") if lacking == "zh" else Phrase("英文", "English text")
            values: dict[str, str | Phrase] = {
                "lang": lang,
                "text": text.text if isinstance(text, ScalarNode) else "",
                "key": lacking,
            }
            yield Finding(Diagnostic("DR744", node.span, values), None, about)
        elif key == "source" and "document" in words and "clause" not in words:
            document = node.get("document")
            named = document.text if isinstance(document, ScalarNode) else ""
            yield Finding(Diagnostic("DR746", node.span, {"document": named}), None, about)


def _maps(node: Node, key: str = "") -> Iterator[tuple[str, MapNode]]:
    """Yield every mapping at or below a node, with the key that it stands under."""
    match node:
        case MapNode():
            yield key, node
            for name, value in node.entries:
                if name.text != "acknowledge":
                    yield from _maps(value, name.text)
        case ListNode():
            for item in node.items:
                yield from _maps(item, key)
        case ScalarNode():
            return


def check_review(draft: Draft, today: date) -> Iterator[Finding]:
    """Yield that the day has passed by which a policy was to be looked at again."""
    day = draft.shape.review_by
    if day is not None and day < today <= draft.end:
        yield Finding(
            Diagnostic("DR745", draft.shape.span("review_by"), {"day": str(day)}), None, (draft.name,)
        )
