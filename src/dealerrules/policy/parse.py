"""Parsing: the text of a policy file becomes plain nodes, each with its text and its place.

Place in the flow: files.py -> here -> document.py. The only module that imports yaml, and of yaml only the
stream of events: no YAML type, alias or tag passes from here, and scalars stay texts. Nothing a file holds
makes :func:`parse` raise, or run long: traps.py knows what YAML would misread, mend.py how to read on behind
a syntax error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import yaml

from dealerrules.diagnostics import Diagnostic, Phrase, Source, Span, shown, sort_diagnostics
from dealerrules.policy.draft import POISON
from dealerrules.policy.files import MAX_BYTES, TOO_BIG, read_file
from dealerrules.policy.mend import MAX_DIAGNOSTICS, Mending, Stop, explain
from dealerrules.policy.slips import (
    colon_before_bracket,
    joined_dash,
    missed_colons,
    not_allowed,
    swallowed_items,
    unopened,
    unopened_quote,
)
from dealerrules.policy.traps import forbidden, look_alikes, mangled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dealerrules.policy.draft import Finding

__all__ = ["ListNode", "MapNode", "Node", "ScalarNode", "missed_colon", "parse", "read_file"]

MAX_DEPTH: Final = 64
MAX_NODES: Final = 200_000
MAX_SCALAR: Final = 20_000
_QUOTES: Final = frozenset("\"'")
_MAX_ROUNDS: Final = 25  # how often a file is read again behind a mended mistake

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# --- nodes --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A text; ``quoted`` when it stood in quotes or in a ``|`` block, so that ``"5"`` is not ``5``.

    ``broken`` marks a place that was beyond reading and has been reported: pass over it in silence.
    """

    text: str
    span: Span = field(compare=False)
    quoted: bool
    broken: bool = False


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list: ``- `` lines or ``[…]``."""

    items: tuple[Node, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping: ``key: value`` lines or ``{…}``, in the order of the file."""

    entries: tuple[tuple[ScalarNode, Node], ...]
    span: Span = field(compare=False)

    def get(self, key: str) -> Node | None:
        """Return the value of a key, if it is there."""
        return next((value for each, value in self.entries if each.text == key), None)

    def key(self, key: str) -> ScalarNode | None:
        """Return the key itself, with its place, if it is there."""
        return next((each for each, _ in self.entries if each.text == key), None)

    def keys(self) -> tuple[str, ...]:
        """Return the texts of the keys, in order."""
        return tuple(each.text for each, _ in self.entries)


Node = ScalarNode | ListNode | MapNode


# --- texts --------------------------------------------------------------------------------------------


def parse(source: Source, edits: Iterable[Finding] = ()) -> tuple[Node | None, list[Diagnostic]]:
    """Read YAML into nodes.

    Args:
        source: the text, from any file at all.
        edits: what is known to be wrong, and is mended first; it has been reported.

    Returns:
        the root, ``None`` where the text is too broken to be judged further; and what is wrong, in order.
        Behind a mistake whose meaning is plain (a full-width colon, a tab) reading goes on as if it had been
        corrected; a value beyond reading becomes a ``broken`` scalar. Never raises.
    """
    if source.text.startswith("\ufeff"):
        source = Source(source.name, source.text[1:])
    if len(source.text) > MAX_BYTES:
        return None, [Diagnostic("DR108", Span(source, 1, 1, 1, 1), TOO_BIG)]
    mending = Mending(source)
    mending.edit(edits)
    findings = list(islice(forbidden(mending.draft.text), MAX_DIAGNOSTICS))
    if len(findings) == MAX_DIAGNOSTICS:  # no text at all
        mending.mend(findings)
        return None, mending.reported
    for _ in range(min(_MAX_ROUNDS, 2 + MAX_BYTES // (len(source.text) + 1))):
        mending.mend(findings)
        reader = _Reader(mending)
        reader.read()
        findings = mending.fresh(reader.findings, reader.stops)
        if not findings:
            break
    mending.mend(findings)
    found = mending.reported + [each for each in reader.diagnostics if not mending.caused(each)]
    root = None if findings or mending.lost or reader.stopped else reader.root
    if root is None and not found:
        found.append(Diagnostic("DR102", Span(source, 1, 1, 1, 1)))
    return root, sort_diagnostics(found)[:MAX_DIAGNOSTICS]


def is_readable(source: Source, edits: Iterable[Finding]) -> bool:
    """Tell whether a text is YAML after some edits, whatever it says."""
    mending = Mending(Source(source.name, source.text.removeprefix("\ufeff")))
    mending.edit(edits)
    try:
        return any(
            isinstance(event, yaml.MappingStartEvent)
            for event in list(yaml.parse(mending.draft.text, Loader=_LOADER))
        )
    except (yaml.YAMLError, ValueError, OverflowError):
        return False


def missed_colon(node: ScalarNode) -> Diagnostic | None:
    """Say that a text was meant as ``key: value``, if a full-width colon or a missing space made it a text.

    For the document layer, where a mapping is expected and a text stands.
    """
    if node.quoted or node.broken:
        return None
    source, line = node.span.source, node.span.line
    start = node.span.column - 1
    findings = missed_colons(source.line(line), start, len(source.line(line)))
    if not findings:
        return None
    span = Span(source, line, findings[0].start + 1, line, findings[0].end + 1)
    return Diagnostic(findings[0].code, span, findings[0].values)


# --- events -------------------------------------------------------------------------------------------


class _LimitError(Exception):
    """The text is over a limit: nothing more of it is read."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    start: Any
    flow: bool
    is_map: bool
    items: list[Node] = field(default_factory=list)
    entries: list[tuple[ScalarNode, Node]] = field(default_factory=list)
    key: ScalarNode | None = None
    key_at: tuple[int, int] = (0, 0)
    seen: dict[str, ScalarNode] = field(default_factory=dict)

    @property
    def wants_key(self) -> bool:
        """Whether what comes next is a key."""
        return self.is_map and self.key is None


class _Reader:
    """Reads one draft: builds nodes from events, and notes what is wrong on the way.

    ``diagnostics`` are about what was read; ``findings`` are mistakes to mend before the draft is read anew, ``stops`` what ended the reading.
    """

    def __init__(self, mending: Mending) -> None:
        self.mending = mending
        self.text = mending.draft.text
        self.root: Node | None = None
        self.diagnostics: list[Diagnostic] = []
        self.findings: list[Finding] = []
        self.stops: list[Finding] = []
        self.stopped = False
        self._open: list[_Open] = []
        self._last: tuple[int, int, bool] | None = None
        self._long: tuple[int, int] | None = None
        self._root_column = 0
        self._nodes = 0
        self._documents = 0
        self._merged = False
        self._comments = {match.start() for match in re.finditer(r"(?<=\S) #\d", self.text)}

    def read(self) -> None:
        """Read to the end, or to the first thing that cannot be read."""
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            for event in yaml.parse(self.text, Loader=_LOADER):
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
                if self._documents > 1:
                    return
        except _LimitError:
            self.stopped = True
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # the latter two from the slow loader
            self.stopped = True
            self.stops = self._explained(error)

    def _explained(self, error: Exception) -> list[Finding]:
        context = getattr(error, "context_mark", None)
        at = getattr(error, "problem_mark", None) or context
        flows = [each.start.index for each in self._open if each.flow and self.text[each.start.index] in "[{"]
        stop = Stop(
            text=self.text,
            problem=getattr(error, "problem", None) or "",
            at=at.index if at else 0,
            context=context.index if context else None,
            last=self._last,
            columns=tuple(each.start.column for each in self._open if not each.flow) or (self._root_column,),
            flow=flows[-1] if flows else None,
            long=self._long,
            line_of=self.mending.line,
        )
        return explain(stop)

    # each kind of event

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._report("DR105", self._span(event.start_mark, event.end_mark))

    def _scalar(self, event: Any) -> None:
        value, start, end = event.value, event.start_mark, event.end_mark
        plain = event.style is None or event.style == ""
        self._last = (start.index, end.index, plain)
        if event.style in _QUOTES and start.line != end.line:
            self._long = (start.index, end.index)
        self._check_properties(event)
        span = self._span(start, end)
        if len(value) > MAX_SCALAR:
            self._over(
                span, Phrase("一段文字太长", "a text is too long"), Phrase("20000 个字", "20000 characters")
            )
        broken = plain and POISON in value
        node = ScalarNode("" if broken else value, span, not plain, broken)
        if plain and value and not broken:
            self._check_plain(node, start.index, end.index)
        self._put(node, start, end)

    def _start(self, event: Any) -> None:
        self._check_properties(event)
        if not self._open:
            self._root_column = event.start_mark.column
        if len(self._open) >= MAX_DEPTH:
            span = self._span(event.start_mark, event.start_mark)
            self._over(
                span, Phrase("层数太多", "nested too deep"), Phrase(f"{MAX_DEPTH} 层", f"{MAX_DEPTH} levels")
            )
        self._open.append(
            _Open(event.start_mark, bool(event.flow_style), isinstance(event, yaml.MappingStartEvent))
        )

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        children: Iterable[Node] = done.items or [value for _, value in done.entries]
        span = self._span(done.start, event.end_mark)
        if not done.flow:  # YAML ends a block where the next begins
            for last in children:
                end = last.span
            span = Span(span.source, span.line, span.column, end.end_line, end.end_column)
        node = MapNode(tuple(done.entries), span) if done.is_map else ListNode(tuple(done.items), span)
        self._put(node, done.start, event.end_mark)

    def _alias(self, event: Any) -> None:
        self.findings.append(not_allowed(self.text, event.start_mark.index, silent=self._merged))
        span = self._span(event.start_mark, event.end_mark)
        self._put(ScalarNode("", span, quoted=False, broken=True), event.start_mark, event.end_mark)

    # where a node goes

    def _put(self, node: Node, start: Any, end: Any) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._over(node.span, Phrase("内容太多", "there are too many values"), str(MAX_NODES))
        if len(self.diagnostics) + len(self.findings) >= MAX_DIAGNOSTICS:
            raise _LimitError
        if not self._open:
            self._check_own_line(node, start, end, None)
            self.root = node
            return
        top = self._open[-1]
        if not top.is_map:
            top.items.append(node)
        elif top.key is None:
            self._put_key(top, node, start.index, end.index)
        else:
            self._check_value(top, node, start, end)
            top.entries.append((top.key, node))
            top.key = None
            self._merged = False

    def _put_key(self, top: _Open, node: Node, start: int, end: int) -> None:
        top.key_at = (start, end)
        if not isinstance(node, ScalarNode):
            text = shown(self.text[start:end], 40)
            self._report("DR107", node.span, what=_COMPLEX_KEY, text=text, remedy=_COMPLEX_REMEDY)
            top.key = ScalarNode("", node.span, quoted=False, broken=True)
            return
        top.key = node
        if node.broken:
            return
        if node.text == "<<" and not node.quoted:
            self.findings.append(not_allowed(self.text, start))
            top.key = ScalarNode("", node.span, quoted=False, broken=True)
            self._merged = True
        elif node.text in top.seen:
            first = top.seen[node.text].span
            twice = {"key": shown(node.text, 40), "line": str(first.line)}
            self.diagnostics.append(Diagnostic("DR106", node.span, twice, related=((first, _FIRST),)))
        else:
            top.seen[node.text] = node

    # what is looked at

    def _check_properties(self, event: Any) -> None:
        if event.anchor is None and event.tag is None:
            return
        start = event.start_mark.index
        match = re.compile(r"[&!]\S*(?:\s+[&!]\S*)?").match(self.text, start)
        for each in re.finditer(r"\S+", match[0] if match else ""):
            self.findings.append(not_allowed(self.text, start + each.start()))

    def _check_plain(self, node: ScalarNode, start: int, end: int) -> None:
        text, is_key = node.text, bool(self._open) and self._open[-1].wants_key
        if end in self._comments:
            self._check_comment(node, end)
        if text.isascii():
            if values := mangled(text, key=is_key):
                self._report("DR110", node.span, **values)
        elif found := look_alikes(self.text, start, end, key=is_key):
            self.findings += found
            return
        if is_key:
            if text[0] == "-":
                self.findings += joined_dash(self.text, start)
            elif "{" in text or "[" in text:
                self.findings += colon_before_bracket(self.text, start)
        elif text[-1] in "]}":
            self.findings += unopened(self.text, start, end)
        elif text[-1] == '"':
            self.findings += unopened_quote(self.text, start, end)
        elif node.span.end_line != node.span.line:
            self.findings += swallowed_items(self.text, start, end)

    def _check_comment(self, node: ScalarNode, end: int) -> None:
        comment = re.compile(r"#[^\r\n]*").search(self.text, end)
        assert comment is not None
        span = self.mending.span(comment.start(), comment.end())
        self._report("DR113", span, comment=shown(comment[0].rstrip(), 40), text=shown(node.text, 40))

    def _check_value(self, top: _Open, node: Node, start: Any, end: Any) -> None:
        assert top.key is not None
        if (
            isinstance(node, ScalarNode)
            and not node.text
            and not node.quoted
            and top.flow
            and not top.key.quoted
        ):
            if (
                start.index == top.key_at[1] and self.text[start.index : start.index + 1] != ":"
            ):  # `{visits:5}`
                self.findings += missed_colons(self.text, *top.key_at)
        elif top.key.text not in {"zh", "en"}:
            self._check_own_line(node, start, end, top)

    def _check_own_line(self, node: Node, start: Any, end: Any, top: _Open | None) -> None:
        """Look for ``key：value`` where a mapping would stand: the whole of a block, on lines of its own."""
        if not isinstance(node, ScalarNode) or node.quoted or node.broken or (top and top.flow):
            return
        if ":" not in node.text and "：" not in node.text:
            return
        if not self.text[start.index - start.column : start.index].strip(" "):
            self.findings += missed_colons(self.text, start.index, end.index)

    def _over(self, span: Span, what: Phrase, limit: str | Phrase) -> None:
        self._report("DR108", span, what=what, limit=limit)
        raise _LimitError

    def _report(self, code: str, span: Span, **values: str | Phrase) -> None:
        self.diagnostics.append(Diagnostic(code, span, values))

    def _span(self, start: Any, end: Any) -> Span:
        if self.mending.draft.changed:
            return self.mending.span(start.index, end.index)
        return Span(self.mending.source, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


# --- words --------------------------------------------------------------------------------------------

_FIRST: Final = Phrase("第一次写在这里", "first written here")
_COMPLEX_KEY: Final = Phrase("复合键", "the complex key")
_COMPLEX_REMEDY: Final = Phrase(
    "键只能是一个词", "write one word as the key; a text that begins with `{` or `[` needs quotes"
)
