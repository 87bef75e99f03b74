"""Mending: what stopped the YAML parser, in words for the author, and how to read on behind it.

Place in the flow: beside parse.py. The parser names the place where it noticed; :func:`explain` finds the
place where the mistake stands and an edit that makes the rest readable, so that one syntax error does not
hide the other mistakes of a file. :class:`Draft` is the text so edited, and knows where each character was.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dealerrules.diagnostics import Phrase, shown
from dealerrules.policy.traps import (
    CURLY,
    POISON,
    Edit,
    Finding,
    hidden,
    look_alike,
    look_alike_syntax,
    look_alikes,
    missed_colons,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Draft:
    """A text after some edits; every index of it leads back to the original.

    Examples:
        >>> draft = Draft.of("a：1").edited([(1, 2, ": ")])
        >>> draft.text, [draft.origin(index) for index in range(4)]
        ('a: 1', [0, 1, 2, 2])
    """

    text: str
    _starts: tuple[int, ...]
    _origins: tuple[int, ...]
    changed: bool = False

    @classmethod
    def of(cls, text: str) -> Draft:
        """Return a text as it was written."""
        return cls(text, (0, len(text)), (0, len(text)))

    def origin(self, index: int) -> int:
        """Return where the character at an index stood in the original."""
        piece = bisect_right(self._starts, index) - 1
        here = self._origins[piece] + index - self._starts[piece]
        return min(here, self._origins[min(piece + 1, len(self._origins) - 1)])

    def edited(self, edits: Iterable[Edit]) -> Draft:
        """Return the text after further edits; of two that overlap the first counts."""
        edits = sorted(edits)
        if not edits:
            return self
        pieces: list[str] = []
        starts: list[int] = []
        origins: list[int] = []
        done = length = 0
        for start, end, replacement in [*edits, (len(self.text), len(self.text), "")]:
            if start < done:
                continue
            within = slice(bisect_right(self._starts, done), bisect_left(self._starts, start))
            starts += [
                length,
                *(length + each - done for each in self._starts[within]),
                length + start - done,
            ]
            origins += [self.origin(done), *self._origins[within], self.origin(start)]
            pieces += [self.text[done:start], replacement]
            length += start - done + len(replacement)
            done = end
        starts.append(length)
        origins.append(self._origins[-1])
        return Draft("".join(pieces), tuple(starts), tuple(origins), changed=True)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where and why the parser stopped, all as indexes of the draft's text.

    ``context`` is where the construct it was reading began; ``last`` the latest scalar; ``columns`` the
    indentation of the block collections that are open; ``flow`` where the innermost open bracket stands.
    ``long`` is the latest quoted text of several lines; ``line_of`` gives the line of an index as the author counts.
    """

    text: str
    problem: str
    at: int
    context: int | None
    last: tuple[int, int, bool] | None
    columns: tuple[int, ...]
    flow: int | None
    long: tuple[int, int] | None
    line_of: Callable[[int], int]

    @property
    def line(self) -> int:
        """Where the line of the problem starts."""
        return _line_start(self.text, self.at)

    @property
    def first_on_line(self) -> bool:
        """Whether only indentation stands before the problem on its line."""
        return not self.text[self.line : self.at].strip(" ")

    @property
    def character(self) -> str:
        """The character at which the parser stopped, empty at the end."""
        return self.text[self.at : self.at + 1]


def explain(stop: Stop) -> list[Finding]:
    """Say what stopped the parser, where it really stands, and how to go on; the first rule that applies."""
    for rule in _RULES:
        if found := rule(stop):
            return found
    line_end = _line_end(stop.text, stop.at)
    what = shown(stop.text[stop.at : line_end].strip(), 40)
    problem = (
        Phrase(f"这里不该出现 `{what}`", f"`{what}` is not expected here")
        if what
        else Phrase("文件在这里断了", "the file ends too early")
    )
    found = _wrong(stop.at, min(stop.at + 1, line_end), problem, _LOOK_AROUND, _blank(stop.text, stop.line))
    return [replace(found, lost=True)]


# --- one rule for each kind of mistake ----------------------------------------------------------------


def _tab(stop: Stop) -> list[Finding]:
    """A tab in the indentation: one finding for each part of the file. A tab is read on as two spaces."""
    if stop.character != "\t" and " tab " not in stop.problem:
        return []
    blank = tuple((match.start(), match.end(), "") for match in _BLANK_LINE_WITH_TAB.finditer(stop.text))
    found = [Finding("", stop.at, stop.at, {}, blank)] if blank else []
    runs: list[list[Edit]] = []
    for match in _TAB_INDENT.finditer(stop.text):
        if not runs or _INDENTED_BY_SPACES.search(stop.text, runs[-1][-1][1], match.start()):
            runs.append([])
        runs[-1].append((match.start(), match.end(), match[0].replace("\t", "  ")))
    found += [Finding("DR111", run[0][0], run[0][1], {}, tuple(run)) for run in runs]
    if not any(edit[0] <= stop.at <= edit[1] for each in found for edit in each.edits):
        found.append(Finding("DR111", stop.at, stop.at + 1, {}, ((stop.at, stop.at + 1, " "),)))
    return found


def _hidden(stop: Stop) -> list[Finding]:
    """A look-alike right where the parser stopped, such as a no-break space after a closing quote."""
    return look_alikes(stop.text, stop.at, stop.at + 1, key=True)


def _quoted(stop: Stop) -> list[Finding]:
    """A quoted text that never ends, or holds a bad escape."""
    if "escape" in stop.problem or "hexdec" in stop.problem:
        begin = stop.text.rfind("\\", 0, stop.at + 1)
        what = stop.text[begin : begin + 2]
        problem = Phrase(f"双引号里的 `{what}` 没有意义", f"`{what}` means nothing within double quotes")
        return [_wrong(begin, begin + 2, problem, _BACKSLASH, (begin, begin + 1, "\\\\"))]
    if stop.context is None or stop.text[stop.context : stop.context + 1] not in {'"', "'"}:
        return []
    return _open_quote(stop, stop.context, None)


def _open_quote(stop: Stop, quote: int, closed: int | None) -> list[Finding]:
    """A quote that is not closed on its own line; a curly quote may stand where it should be."""
    line_end = _line_end(stop.text, quote)
    mark = stop.text[quote]
    if curly := re.compile(f"[{CURLY}](?=[^{CURLY}]*$)", re.MULTILINE).search(stop.text, quote + 1, line_end):
        return [look_alike(curly.start(), curly[0], mark)]
    if closed is None:
        problem = Phrase(
            f"这里的引号 `{mark}` 一直没有结束", f"the quote `{mark}` that begins here is never closed"
        )
    else:
        number = stop.line_of(closed)
        problem = Phrase(
            f"这里的引号 `{mark}` 到第 {number} 行才结束",
            f"the quote `{mark}` that begins here is closed only on line {number}",
        )
    kept = re.search(r"[\]}\s]*\Z", stop.text[quote:line_end]) if _within_brackets(stop.text, quote) else None
    end = quote + kept.start() if kept else line_end
    return [_wrong(quote, end, problem, _CLOSE_QUOTE, (quote, end, POISON))]


def _block_text(stop: Stop) -> list[Finding]:
    """``when: >= 3``: a value that begins with ``>`` or ``|``, which announce a text of several lines."""
    if stop.context is None or stop.text[stop.context : stop.context + 1] not in {">", "|"}:
        return []
    edit = _poison(stop.text, stop.context)
    end = min(edit[1], _found(_CODE_END, stop.text, stop.context).start())
    match = re.match(r"(>=?)\s*(.*)", stop.text[stop.context : end])
    if match is None:
        return [_wrong(stop.context, end, _BLOCK_TEXT, _QUOTE_IT, edit)]
    word, value = ("at_least" if match[1] == ">=" else "more_than"), shown(match[2].strip(), 40)
    problem = Phrase(f"比较不能写成 `{match[1]}`", f"a comparison is not written `{match[1]}`")
    remedy = Phrase(f"用词来写：`{{{word}: {value}}}`", f"write it in words: `{{{word}: {value}}}`")
    return [_wrong(stop.context, end, problem, remedy, edit)]


def _first_character(stop: Stop) -> list[Finding]:
    """A text that begins with a character that YAML keeps for itself."""
    if "cannot start any token" not in stop.problem:
        return []
    zh, en = (
        ("反引号", "a backquote")
        if stop.character == "`"
        else (f" `{stop.character}` ", f"`{stop.character}`")
    )
    problem = Phrase(f"不加引号的文字不能以{zh}开头", f"an unquoted text cannot begin with {en}")
    edit = _poison(stop.text, stop.at)
    return [_wrong(stop.at, min(edit[1], _line_end(stop.text, stop.at)), problem, _QUOTE_IT, edit)]


def _anchor_or_tag(stop: Stop) -> list[Finding]:
    begin = stop.at if stop.context is None else stop.context
    if stop.text[begin : begin + 1] not in {"&", "*", "!"}:
        return []
    return (
        [not_allowed(stop.text, begin)]
        if re.search("alphabetic|tag|URI|%|'>'|whitespace", stop.problem)
        else []
    )


def _bracket(stop: Stop) -> list[Finding]:
    """Something is wrong between ``[`` and ``]``, or ``{`` and ``}``."""
    if stop.flow is None:
        return []
    text, opened = stop.text, stop.flow
    closing = "]" if text[opened] == "[" else "}"
    begin = (
        stop.last[0]
        if stop.last and stop.last[2] and opened < stop.last[0] and stop.last[1] == stop.at
        else stop.at
    )
    outside = stop.line > opened and _indent(text, stop.at) <= _indent(text, opened)
    if stop.at >= len(text) or outside:
        closed = re.compile("[］｝】]").search(text, begin, stop.at)
        if closed:
            return [look_alike(closed.start(), closed[0], closing)]
        return [_wrong(opened, opened + 1, *_never_closed(text[opened], closing), _poison(text, opened))]
    if stop.character == ",":
        return [_wrong(stop.at, stop.at + 1, _NOTHING_BEFORE_COMMA, _DELETE, (stop.at, stop.at + 1, " "))]
    if stop.character in "]}":
        problem = Phrase(
            f"`{text[opened]}` 用 `{stop.character}` 结束了",
            f"`{text[opened]}` is closed by `{stop.character}`",
        )
        return [_wrong(stop.at, stop.at + 1, problem, _write(closing), (stop.at, stop.at + 1, closing))]
    if found := _full_width_separator(text, begin, stop.at):
        return found
    if (
        stop.character in "{["
        and closing == "}"
        and stop.last
        and stop.last[2]
        and not text[stop.last[1] : stop.at].strip()
    ):
        return colon_before_bracket(text, stop.last[0])
    gap = re.search(r"\s+(?=\S*$)", text[begin : stop.at])
    begin += gap.end() if gap else 0
    what = re.compile(r"[^\s,:\]}]*").match(text, begin)
    word = shown(what[0] if what and what[0] else text[begin], 40)
    problem = Phrase(f"`{word}` 前面少了逗号", f"a comma is missing before `{word}`")
    edit = (begin, begin, ", ") if gap or begin == stop.at else _poison(text, opened)
    return [_wrong(begin, begin + len(word), problem, _COMMA, edit)]


def _full_width_separator(text: str, start: int, end: int) -> list[Finding]:
    """``{a: 1，b: 2}``: the last full-width comma before a key, or whatever else took a separator's place."""
    if comma := re.search(r"[，、][ ]*(?=[^\s，、]*$)", text[start:end]):
        at = start + comma.start()
        return [look_alike(at, text[at], ", ")]
    found = look_alike_syntax(text, start, end)
    return [] if found and text[found[0].start] in "，、" else found


def _missing_key(stop: Stop) -> list[Finding]:
    """A line that should be ``key: value`` and is not; the parser notices on the next line."""
    text = stop.text
    if "could not find expected ':'" in stop.problem and stop.context is not None:
        begin, end = stop.context, _found(_CODE_END, text, stop.context).start()
    elif "mapping values are not allowed" in stop.problem and stop.last and stop.last[0] < stop.line:
        begin, end = stop.last[0], stop.line
    else:
        return []
    for look in (hidden, missed_colons, look_alike_syntax):
        if found := look(text, begin, end):
            return found
    before = text[_line_start(text, begin) : begin]
    if before.strip(" -"):
        return []  # it began as a value: then it is a matter of indentation
    return _no_colon(text, begin)


def _no_colon(text: str, begin: int) -> list[Finding]:
    """``policy customer-tiers``: a line, or the rest of one, that has no colon at all."""
    line_end = _found(_CODE_END, text, begin).start()
    words = text[begin:line_end].rstrip()
    if not words:
        return []
    cut = shown(words, 40)
    problem = Phrase(f"`{cut}` 里少了冒号", f"a colon is missing in `{cut}`")
    edit = (begin + len(words), begin + len(words), ":")
    if " " in words and _next_indent(text, _line_end(text, begin)) <= begin - _line_start(text, begin):
        edit = (begin + words.index(" "), line_end, f": {POISON}")
    return [_wrong(begin, begin + len(words), problem, _KEY_VALUE, edit)]


def swallowed_items(text: str, start: int, end: int) -> list[Finding]:
    """Find list items that became part of the text above them, since that text is not a list."""
    for match in re.finditer(r"(?<=[\r\n]) *(?=-)", text[start:end]):
        at = start + match.end()
        if text.startswith("- ", at):
            line_end = _line_end(text, at)
            return [
                _wrong(at, line_end, _ITEM_BELOW_TEXT, _ITEMS_BELOW, (start, _line_end(text, start), POISON))
            ]
        if found := joined_dash(text, at):
            return found
    return []


def colon_before_bracket(text: str, start: int) -> list[Finding]:
    """Find ``title {zh: x}``, where the bracket was meant as a value."""
    match = re.compile(r"([^\s:,{}\[\]]+)( *)[{\[]").match(text, start)
    if match is None:
        return []
    problem = Phrase(
        f"`{shown(match[1], 40)}` 后面少了冒号", f"a colon is missing after `{shown(match[1], 40)}`"
    )
    return [_wrong(start, match.end(1), problem, _KEY_VALUE, (match.end(1), match.end(2), ": "))]


def unopened(text: str, start: int, end: int) -> list[Finding]:
    """Find ``a, b]``, a list that lost its opening bracket and so became a text."""
    closing, opening = text[end - 1], "[" if text[end - 1] == "]" else "{"
    if text.count(opening, start, end) >= text.count(closing, start, end):
        return []
    problem = Phrase(f"`{closing}` 没有对应的开括号", f"`{closing}` closes nothing")
    remedy = Phrase(
        f"补上 `{opening}`；如果是文字，加引号", f"write the `{opening}`, or put the text in quotes"
    )
    return [_wrong(end - 1, end, problem, remedy, (start, end, POISON))]


def joined_dash(text: str, at: int) -> list[Finding]:
    """Find ``-id: x``, a list item without the space that would make it one."""
    if not re.compile(r"-(?:[^\W\d]|[\[{\"'])").match(text, at):
        return []
    cut = shown(text[at : _found(_CODE_END, text, at).start()].strip(), 40)
    problem = Phrase(f"`{cut}` 的短横后面少了空格", f"a space is missing after the dash in `{cut}`")
    return [_wrong(at, at + 1, problem, _write(f"- {cut[1:]}"), (at, at + 1, "- "))]


def _two_colons(stop: Stop) -> list[Finding]:
    """``title: zh: x``: a second key on one line."""
    if "mapping values are not allowed" not in stop.problem or stop.last is None or stop.last[0] < stop.line:
        return []
    begin = stop.last[0]
    if stop.text[begin] in f"［｛【{CURLY}":
        return look_alike_syntax(stop.text, begin, begin + 1)
    return [_wrong(stop.at, stop.at + 1, _SECOND_COLON, _QUOTE_OR_NEW_LINE, _poison(stop.text, begin))]


def _item_inline(stop: Stop) -> list[Finding]:
    if "sequence entries are not allowed" not in stop.problem:
        return []
    if stop.first_on_line:
        return _indentation(stop)
    return [_wrong(stop.at, stop.at + 1, _ITEM_INLINE, _ITEMS_BELOW, _poison(stop.text, stop.at))]


def _after_quote(stop: Stop) -> list[Finding]:
    """``"abc" def``: something follows a closing quote."""
    if (
        stop.last is None
        or stop.last[2]
        or stop.text[stop.last[1] : stop.at].strip(" ")
        or stop.character in "]}:"
    ):
        return []
    begin = stop.last[0]
    if stop.text[begin] not in "\"'":
        return []
    edit = (begin, stop.at if _within_brackets(stop.text, begin) else _line_end(stop.text, stop.at), POISON)
    return [_wrong(stop.at, _line_end(stop.text, stop.at), _AFTER_QUOTE, _WHOLE_IN_QUOTES, edit)]


def _swapped_quotes(stop: Stop) -> list[Finding]:
    """A quote that was closed by the opening quote of another line, after which nothing makes sense."""
    if stop.long is None or stop.line_of(stop.long[1]) != stop.line_of(stop.at):
        return []
    return _open_quote(stop, stop.long[0], stop.long[1])


def _stray(stop: Stop) -> list[Finding]:
    """A closing bracket, comma or colon with nothing that it belongs to; or what follows a `...` line."""
    what, here = stop.character, (stop.at, stop.at + 1)
    if "<document start>" in stop.problem and re.search(r"^\.\.\.", stop.text[: stop.at], re.MULTILINE):
        return [
            Finding("DR105", stop.at, _line_end(stop.text, stop.at), {}, ((stop.at, len(stop.text), ""),))
        ]
    if what and what in "]}":
        problem = Phrase(f"`{what}` 没有对应的开括号", f"`{what}` closes nothing")
        return [_wrong(*here, problem, _DELETE, (*here, " "))]
    if what == ",":
        return [_wrong(*here, _NOTHING_BEFORE_COMMA, _QUOTE_IT, _poison(stop.text, stop.at))]
    if what == ":" and not stop.text[stop.line : stop.at].strip(" -"):
        return [replace(_wrong(*here, _NO_KEY, _KEY_VALUE, _blank(stop.text, stop.line)), lost=True)]
    return []


def _indentation(stop: Stop) -> list[Finding]:
    """A line whose indentation fits nothing above it, or an item among keys, or a key among items."""
    text = stop.text
    if "mapping values" in stop.problem and stop.last and stop.last[0] < stop.line:
        begin = stop.line + _indent(text, stop.line)
    elif stop.first_on_line and stop.character:
        begin = stop.at
    else:
        return []
    indent, end = begin - stop.line, _line_end(text, begin)
    if indent in stop.columns:
        if text.startswith("- ", begin):
            return [
                replace(
                    _wrong(begin, end, _ITEM_AMONG_KEYS, _ITEMS_BELOW, _blank(text, stop.line)), lost=True
                )
            ]
        if "'-'" in stop.problem or "<block end>" in stop.problem:
            edit = (begin, _below(text, begin), f"- {POISON}")
            return [_wrong(begin, end, _KEY_AMONG_ITEMS, _BEGIN_WITH_DASH, edit)]
        return []
    above = _line_start(text, len(text[: stop.line].rstrip()))
    level = _indent(text, above, _INDENT if text.startswith("- ", begin) else _KEY_INDENT)
    if found := _no_dash(text, begin, indent):
        return found
    if level == indent:  # what stands above is no key
        found = missed_colons(text, above, _found(_CODE_END, text, above).start())
        return found or _no_colon(text, above + level)
    levels = list(_levels(text, stop.line, item=text.startswith("- ", begin))) or stop.columns
    wanted = min(levels, key=lambda column: abs(column - indent))
    here = [start for start in _lines_from(text, stop.line, indent) if _indent(text, start) == indent]
    if wanted == level and len(here) > 1 and not _has_sibling_above(text, above, level):
        here, indent, wanted = [above], wanted, indent
    return [_misplaced(text, here, indent, wanted)]


def _no_dash(text: str, begin: int, indent: int) -> list[Finding]:
    """A line that should be an item: a ``{…}`` below one, or the key with which the item above begins."""
    line = _line_start(text, begin)
    while line and _indent(text, line) >= indent:
        line = _line_start(text, line - 1)
    dash = _indent(text, line)
    first = text[line + dash : _line_end(text, line)]
    key = _found(_WORD_END, text, begin)
    if text[begin] not in "{[" and not (
        text[key.start() :].startswith(":") and first.startswith(f"- {text[begin : key.end()]}")
    ):
        return []
    if not first.startswith("- "):
        return []
    end = _line_end(text, begin)
    cut = shown(text[begin:end], 40)
    problem = Phrase(f"`{cut}` 前面少了短横", f"a dash is missing before `{cut}`")
    edit = (_line_start(text, begin), begin, " " * dash + "- ")
    return [_wrong(begin, end, problem, _BEGIN_WITH_DASH, edit)]


def _levels(text: str, line: int, *, item: bool) -> Iterator[int]:
    """Yield the indentations that a line could have been meant to have, going up from it."""
    lowest = len(text)
    while line and lowest:
        line = _line_start(text, line - 1)
        dash, key = _indent(text, line), _indent(text, line, _KEY_INDENT)
        if dash < lowest and text[line + dash : line + dash + 1].strip("\r\n#"):
            lowest = dash
            if not item or dash < key:
                yield dash if item else key


def _has_sibling_above(text: str, line: int, level: int) -> bool:
    """Tell whether a line continues a block: the nearest line above that is not deeper is on its level."""
    if text[line : line + level].strip():  # a list item: it begins its block
        return False
    while line:
        line = _line_start(text, line - 1)
        indent = _indent(text, line, _KEY_INDENT)
        if text[line : _line_end(text, line)].strip() and indent <= level:
            return indent == level
    return False


def _misplaced(text: str, lines: list[int], indent: int, wanted: int) -> Finding:
    """Report a line, and move all of them, from one indentation to another."""
    begin = lines[0] + _indent(text, lines[0])
    by, to = indent, wanted
    if begin - lines[0] != indent:  # a list item counts with its dash
        by, to = begin - lines[0], wanted - (indent - (begin - lines[0]))
    problem = Phrase(
        f"这一行缩进了 {by} 个空格，和相邻的行对不齐",
        f"this line is indented by {by}, which fits none of the lines around",
    )
    remedy = Phrase(
        f"缩进 {to} 个空格，和同一层的行对齐", f"indent it by {to}, as the other lines of its level"
    )
    edits = [(start, start + max(0, by - to), " " * max(0, to - by)) for start in lines]
    return replace(_wrong(begin, _line_end(text, begin), problem, remedy, *edits), moved=True)


_RULES: Final = (
    _tab,
    _hidden,
    _quoted,
    _swapped_quotes,
    _block_text,
    _first_character,
    _anchor_or_tag,
    _bracket,
    _missing_key,
    _two_colons,
    _item_inline,
    _after_quote,
    _stray,
    _indentation,
)


# --- where things stand -------------------------------------------------------------------------------

_INDENT: Final = re.compile(r" *")
_KEY_INDENT: Final = re.compile(r" *(?:- +)*")
_LINE_END: Final = re.compile(r"[\r\n]|\Z")
_VALUE_END: Final = re.compile(r"[ \t]*[,\]}\r\n]|[ \t]+#|\Z")
_CODE_END: Final = re.compile(r"[ \t]+#|[\r\n]|\Z")
_WORD_END: Final = re.compile(r"[\s,\]}:]|\Z")
_NEXT_LINE: Final = re.compile(r"\r\n|\r|\n|\Z")
_NEXT_INDENT: Final = re.compile(r"[ \r\n]*[\r\n]( *)(?=[^ \r\n])")
_TAB_INDENT: Final = re.compile(r"^ *\t[ \t]*(?=[^ \t\r\n#])", re.MULTILINE)
_INDENTED_BY_SPACES: Final = re.compile(r"^ ", re.MULTILINE)
_BLANK_LINE_WITH_TAB: Final = re.compile(r"^ *\t[ \t]*(?=\r?$)", re.MULTILINE)


def _line_start(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _found(pattern: re.Pattern[str], text: str, index: int) -> re.Match[str]:
    match = pattern.search(text, index)
    assert match is not None  # the pattern matches at the end of the text, if nowhere else
    return match


def _line_end(text: str, index: int) -> int:
    return _found(_LINE_END, text, index).start()


def _indent(text: str, index: int, pattern: re.Pattern[str] = _INDENT) -> int:
    """Return the indentation of the line that holds an index."""
    start = _line_start(text, index)
    return _found(pattern, text, start).end() - start


def _next_indent(text: str, index: int) -> int:
    """Return the indentation of the next line that is not blank, -1 at the end."""
    match = _NEXT_INDENT.match(text, index)
    return len(match[1]) if match else -1


def _lines_from(text: str, start: int, indent: int) -> Iterator[int]:
    """Yield the starts of a line and of those below that are indented at least as far; blank ones not."""
    while start < len(text):
        end = _line_end(text, start)
        if text[start:end].strip():
            if _indent(text, start) < indent:
                return
            yield start
        start = _found(_NEXT_LINE, text, end).end()


def _below(text: str, index: int) -> int:
    """Return the end of the lines that belong to the line of an index: those indented deeper than its key."""
    end = _line_end(text, index)
    deeper = _indent(text, index, _KEY_INDENT) + 1
    for start in _lines_from(text, _found(_NEXT_LINE, text, end).end(), deeper):
        end = _line_end(text, start)
    return end


def _poison(text: str, start: int) -> Edit:
    """Give up a value, one that is not to be judged: up to a separator, or a line with what is below it."""
    if _within_brackets(text, start):
        return (start, _found(_VALUE_END, text, start).start(), POISON)
    return (start, _below(text, start), POISON)


def _within_brackets(text: str, index: int) -> bool:
    """Tell whether a bracket is open that opened on the line of an index."""
    before = re.sub(r"\"[^\"]*\"|'[^']*'", "", text[_line_start(text, index) : index])
    return sum(map(before.count, "[{")) > sum(map(before.count, "]}"))


def _blank(text: str, start: int) -> Edit:
    """Give up a line, with what is indented below it."""
    return (start, _below(text, start), "")


# --- words --------------------------------------------------------------------------------------------

_KINDS: Final = {
    "&": Phrase("锚点", "the anchor"),
    "*": Phrase("别名", "the alias"),
    "!": Phrase("标签", "the tag"),
    "<": Phrase("合并键", "the merge key"),
}
_WRITE_OUT: Final = Phrase(
    "把内容直接写在这里，共用的数字放进 `parameters:`；如果是文字，加引号",
    "write the contents out, and numbers that are shared under `parameters:`; if it is a text, put it in quotes",
)
_QUOTE_IT: Final = Phrase("如果是文字，加引号", "if it is a text, put it in quotes")
_LOOK_AROUND: Final = Phrase(
    "检查这一行和上一行的标点和缩进", "check punctuation and indentation, here and on the line above"
)
_BACKSLASH: Final = Phrase("写成两个反斜杠，或者改用单引号", "write two backslashes, or use single quotes")
_CLOSE_QUOTE: Final = Phrase("在文字末尾补上引号", "write the closing quote at the end of the text")
_BLOCK_TEXT: Final = Phrase(
    "`|` 和 `>` 后面不能再写内容", "nothing may follow `|` or `>`, which begin a text of several lines"
)
_DELETE: Final = Phrase("删掉它", "delete it")
_NOTHING_BEFORE_COMMA: Final = Phrase("逗号前面没有内容", "nothing stands before this comma")
_COMMA: Final = Phrase("各项之间用逗号加空格分开", "separate the entries by a comma and a space")
_KEY_VALUE: Final = Phrase("写成 `键: 值`，冒号后面空一格", "write `key: value`, with a colon and a space")
_SECOND_COLON: Final = Phrase("一行里有两个冒号", "this is the second colon of the line")
_QUOTE_OR_NEW_LINE: Final = Phrase(
    "如果是一段文字，加引号；如果是下一层，另起一行再缩进",
    "put the value in quotes if it is a text, or write the inner key on a line of its own",
)
_ITEM_INLINE: Final = Phrase("列表不能从键的同一行开始", "a list cannot begin on the line of its key")
_ITEMS_BELOW: Final = Phrase(
    "键后面留空，列表的每一项另起一行；或者写成 `[a, b]`",
    "leave the line of the key empty and write each item on a line below it, or write `[a, b]`",
)
_AFTER_QUOTE: Final = Phrase("引号结束以后还有文字", "text follows the closing quote")
_WHOLE_IN_QUOTES: Final = Phrase("把整段文字放进引号里", "put the whole text within the quotes")
_NO_KEY: Final = Phrase("冒号前面没有键", "there is no key before this colon")
_ITEM_AMONG_KEYS: Final = Phrase("键的中间出现了列表项", "a list item stands among keys")
_ITEM_BELOW_TEXT: Final = Phrase(
    "上一行的键已经有值，这个列表项会并进那段文字",
    "the key above has a value already, so this item becomes part of that text",
)
_KEY_AMONG_ITEMS: Final = Phrase("列表项的中间出现了键", "a key stands among list items")
_BEGIN_WITH_DASH: Final = Phrase(
    "用 `- ` 开头，或者缩进到上一项里面", "begin it with `- `, or indent it to belong to the item above"
)


def not_allowed(text: str, start: int, *, silent: bool = False) -> Finding:
    """Report an anchor, an alias, a tag or a merge key, told by its first character."""
    what = text[start]
    end = _found(_WORD_END, text, start + 1).start()
    edit = _poison(text, start) if what == "*" else (start, end, POISON if what == "<" else "")
    values = {"what": _KINDS[what], "text": shown(text[start:end], 40), "remedy": _WRITE_OUT}
    return Finding("" if silent else "DR107", start, end, values, (edit,))


def _wrong(start: int, end: int, problem: Phrase, remedy: Phrase, *edits: Edit) -> Finding:
    return Finding("DR104", start, end, {"problem": problem, "remedy": remedy}, edits)


def _write(what: str) -> Phrase:
    return Phrase(f"写成 `{what}`", f"write `{what}`")


def _never_closed(mark: str, closing: str) -> tuple[Phrase, Phrase]:
    problem = Phrase(f"括号 `{mark}` 一直没有结束", f"the bracket `{mark}` is never closed")
    return problem, Phrase(f"补上 `{closing}`", f"close it with `{closing}`")
