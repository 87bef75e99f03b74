"""Mending: what stopped the YAML parser, in words for the author, and how to read on behind it.

Place in the flow: beside parse.py. The parser names the place where it noticed; :func:`explain` finds the
place where the mistake stands and an edit that makes the rest readable, so that one syntax error does not
hide the other mistakes of a file. :class:`Draft` is the text so edited, and knows where each character was.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from dealerrules.diagnostics import Diagnostic, Phrase, Source, Span, shown
from dealerrules.policy.draft import (
    INDENT,
    KEY_INDENT,
    POISON,
    Draft,
    Edit,
    Finding,
    code_end,
    drop,
    end_below,
    give_up,
    indent_of,
    line_end,
    line_start,
    lines_from,
    next_indent,
    within_brackets,
    word_end,
)
from dealerrules.policy.slips import (
    ITEMS_BELOW,
    KEY_VALUE,
    colon_before_bracket,
    missed_colons,
    not_allowed,
    write,
    wrong,
)
from dealerrules.policy.traps import CURLY, hidden, look_alike, look_alike_syntax, look_alikes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAX_DIAGNOSTICS: Final = 200
"""Of one file; who wants more has not written YAML."""


class Mending:
    """The text as mended so far, what was said of it, and where its characters stand in the source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.draft = Draft.of(source.text)
        self.reported: list[Diagnostic] = []
        self.lost = False
        self._lines: set[int] = set()
        self._moved: set[int] = set()

    def edit(self, findings: Iterable[Finding]) -> None:
        """Make the edits of findings that have been reported."""
        self.draft = self.draft.edited([edit for finding in findings for edit in finding.edits])

    def mend(self, findings: Iterable[Finding]) -> None:
        """Report findings, and make their edits."""
        edits: list[Edit] = []
        for finding in findings:
            if finding.code:
                self.reported.append(
                    Diagnostic(finding.code, self.span(finding.start, finding.end), finding.values)
                )
            self._lines |= self._lines_of(finding)
            if finding.moved:
                self._moved |= self._lines_of(finding)
            self.lost = self.lost or finding.lost
            edits += finding.edits
        self.draft = self.draft.edited(edits)

    def fresh(self, findings: list[Finding], stops: list[Finding]) -> list[Finding]:
        """Return the findings to mend next, those that cannot be the mere consequence of another one."""
        if stops:
            findings = [each for each in findings if each.start <= stops[0].start] or stops
        once = {(finding.code, finding.start): finding for finding in findings}.values()
        fresh: list[Finding] = []
        lines: set[int] = set()
        for finding in sorted(once, key=lambda each: each.start):
            here = self._lines_of(finding)
            if here & self._lines and finding.code != "DR109":
                self.lost = True  # a second complaint about a line would be about how it was mended
            elif not here & lines or finding.code != "DR104":  # else it may be a consequence: see next time
                fresh.append(finding)
            lines |= here
        full = len(self.reported) >= MAX_DIAGNOSTICS
        self.lost = self.lost or full
        return [] if full else fresh

    def caused(self, diagnostic: Diagnostic) -> bool:
        """Tell whether a repeated key is repeated only because lines were moved."""
        return diagnostic.code == "DR106" and any(
            diagnostic.related[0][0].line < line <= diagnostic.span.line for line in self._moved
        )

    def span(self, start: int, end: int) -> Span:
        """Return the span in the source between two indexes of the draft."""
        begin, finish = self.draft.origin(start), self.draft.origin(end)
        return Span(self.source, *self._place(begin), *self._place(max(begin, finish)))

    def line(self, index: int) -> int:
        """Return the line in the source of an index of the draft."""
        return self._place(self.draft.origin(index))[0]

    def _lines_of(self, finding: Finding) -> set[int]:
        starts = [edit[0] for edit in finding.edits] if finding.code == "DR111" else [finding.start]
        return {self.line(start) for start in starts}

    def _place(self, index: int) -> tuple[int, int]:
        line = bisect_right(self._line_starts, index)
        return line, index - self._line_starts[line - 1] + 1

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", self.source.text))]


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
        return line_start(self.text, self.at)

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
    end = line_end(stop.text, stop.at)
    what = shown(stop.text[stop.at : end].strip(), 40)
    problem = (
        Phrase(f"这里不该出现 `{what}`", f"`{what}` is not expected here")
        if what
        else Phrase("文件在这里断了", "the file ends too early")
    )
    unexplained = wrong(stop.at, min(stop.at + 1, end), problem, _LOOK_AROUND, drop(stop.text, stop.line))
    return [replace(unexplained, lost=True)]


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
    if stop.context is None or stop.text[stop.context : stop.context + 1] not in {'"', "'"}:
        return []
    if "escape" in stop.problem or "hexdec" in stop.problem:
        begin = stop.text.rfind("\\", 0, stop.at + 1)
        what = stop.text[begin : begin + 2]
        problem = Phrase(f"双引号里的 `{what}` 没有意义", f"`{what}` means nothing within double quotes")
        return [wrong(begin, begin + 2, problem, _BACKSLASH, (begin, begin + 1, "\\\\"))]
    return _open_quote(stop, stop.context, None)


def _open_quote(stop: Stop, quote: int, closed: int | None) -> list[Finding]:
    """A quote that is not closed on its own line; a curly quote may stand where it should be."""
    end = line_end(stop.text, quote)
    mark = stop.text[quote]
    if curly := re.compile(f"[{CURLY}](?=[^{CURLY}]*$)", re.MULTILINE).search(stop.text, quote + 1, end):
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
    kept = re.search(r"[\]}\s]*\Z", stop.text[quote:end]) if within_brackets(stop.text, quote) else None
    end = quote + kept.start() if kept else end
    return [wrong(quote, end, problem, _CLOSE_QUOTE, (quote, end, POISON))]


def _block_text(stop: Stop) -> list[Finding]:
    """``when: >= 3``: a value that begins with ``>`` or ``|``, which announce a text of several lines."""
    if stop.context is None or stop.text[stop.context : stop.context + 1] not in {">", "|"}:
        return []
    edit = give_up(stop.text, stop.context)
    end = min(edit[1], code_end(stop.text, stop.context))
    match = re.match(r"(>=?)\s*(.*)", stop.text[stop.context : end])
    if match is None:
        return [wrong(stop.context, end, _BLOCK_TEXT, _QUOTE_IT, edit)]
    word, value = ("at_least" if match[1] == ">=" else "more_than"), shown(match[2].strip(), 40)
    problem = Phrase(f"比较不能写成 `{match[1]}`", f"a comparison is not written `{match[1]}`")
    remedy = Phrase(f"用词来写：`{{{word}: {value}}}`", f"write it in words: `{{{word}: {value}}}`")
    return [wrong(stop.context, end, problem, remedy, edit)]


def _first_character(stop: Stop) -> list[Finding]:
    """A text that begins with a character that YAML keeps for itself."""
    if "cannot start any token" not in stop.problem:
        return []
    zh, en = f" `{stop.character}` ", f"`{stop.character}`"
    if stop.character == "`":
        zh, en = "反引号", "a backquote"
    problem = Phrase(f"不加引号的文字不能以{zh}开头", f"an unquoted text cannot begin with {en}")
    edit = give_up(stop.text, stop.at)
    return [wrong(stop.at, min(edit[1], line_end(stop.text, stop.at)), problem, _QUOTE_IT, edit)]


def _anchor_or_tag(stop: Stop) -> list[Finding]:
    begin = stop.at if stop.context is None else stop.context
    if stop.text[begin : begin + 1] not in {"&", "*", "!"}:
        return []
    about_it = re.search("alphabetic|tag|URI|%|'>'|whitespace", stop.problem)
    return [not_allowed(stop.text, begin)] if about_it else []


def _bracket(stop: Stop) -> list[Finding]:
    """Something is wrong between ``[`` and ``]``, or ``{`` and ``}``."""
    if stop.flow is None:
        return []
    text, opened = stop.text, stop.flow
    closing = "]" if text[opened] == "[" else "}"
    last = stop.last if stop.last and stop.last[2] and stop.last[0] > opened else None
    begin = last[0] if last and last[1] == stop.at else stop.at
    outside = stop.line > opened and indent_of(text, stop.at) <= indent_of(text, opened)
    if stop.at >= len(text) or outside:
        closed = re.compile("[］｝】]").search(text, begin, stop.at)
        if closed:
            return [look_alike(closed.start(), closed[0], closing)]
        return [wrong(opened, opened + 1, *_never_closed(text[opened], closing), give_up(text, opened))]
    if stop.character == ",":
        return [wrong(stop.at, stop.at + 1, _NOTHING_BEFORE_COMMA, _DELETE, (stop.at, stop.at + 1, " "))]
    if stop.character in "]}":
        problem = Phrase(
            f"`{text[opened]}` 用 `{stop.character}` 结束了",
            f"`{text[opened]}` is closed by `{stop.character}`",
        )
        return [wrong(stop.at, stop.at + 1, problem, write(closing), (stop.at, stop.at + 1, closing))]
    if found := _full_width_separator(text, begin, stop.at):
        return found
    if last and closing == "}" and stop.character in "{[" and not text[last[1] : stop.at].strip():
        return colon_before_bracket(text, last[0])
    gap = re.search(r"\s+(?=\S*$)", text[begin : stop.at])
    begin += gap.end() if gap else 0
    what = re.compile(r"[^\s,:\]}]*").match(text, begin)
    word = shown(what[0] if what and what[0] else text[begin], 40)
    problem = Phrase(f"`{word}` 前面少了逗号", f"a comma is missing before `{word}`")
    edit = (begin, begin, ", ") if gap or begin == stop.at else give_up(text, opened)
    return [wrong(begin, begin + len(word), problem, _COMMA, edit)]


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
        begin, end = stop.context, code_end(text, stop.context)
    elif "mapping values are not allowed" in stop.problem and stop.last and stop.last[0] < stop.line:
        begin, end = stop.last[0], stop.line
    else:
        return []
    for look in (hidden, missed_colons, look_alike_syntax):
        if found := look(text, begin, end):
            return found
    before = text[line_start(text, begin) : begin]
    if before.strip(" -"):
        return []  # it began as a value: then it is a matter of indentation
    return _no_colon(text, begin)


def _no_colon(text: str, begin: int) -> list[Finding]:
    """``policy customer-tiers``: a line, or the rest of one, that has no colon at all."""
    end = code_end(text, begin)
    words = text[begin:end].rstrip()
    if not words:
        return []
    cut = shown(words, 40)
    problem = Phrase(f"`{cut}` 里少了冒号", f"a colon is missing in `{cut}`")
    edit = (begin + len(words), begin + len(words), ":")
    if " " in words and next_indent(text, line_end(text, begin)) <= begin - line_start(text, begin):
        edit = (begin + words.index(" "), end, f": {POISON}")
    return [wrong(begin, begin + len(words), problem, KEY_VALUE, edit)]


def _two_colons(stop: Stop) -> list[Finding]:
    """``title: zh: x``: a second key on one line."""
    if "mapping values are not allowed" not in stop.problem or stop.last is None or stop.last[0] < stop.line:
        return []
    begin = stop.last[0]
    if stop.text[begin] in f"［｛【{CURLY}":
        return look_alike_syntax(stop.text, begin, begin + 1)
    return [wrong(stop.at, stop.at + 1, _SECOND_COLON, _QUOTE_OR_NEW_LINE, give_up(stop.text, begin))]


def _item_inline(stop: Stop) -> list[Finding]:
    if "sequence entries are not allowed" not in stop.problem:
        return []
    if stop.first_on_line:
        return _indentation(stop)
    return [wrong(stop.at, stop.at + 1, _ITEM_INLINE, ITEMS_BELOW, give_up(stop.text, stop.at))]


def _after_quote(stop: Stop) -> list[Finding]:
    """``"abc" def``: something follows a closing quote."""
    if stop.last is None or stop.text[stop.last[0]] not in "\"'" or stop.character in "]}:":
        return []
    begin = stop.last[0]
    if stop.text[stop.last[1] : stop.at].strip(" "):
        return []
    edit = (begin, stop.at if within_brackets(stop.text, begin) else line_end(stop.text, stop.at), POISON)
    return [wrong(stop.at, line_end(stop.text, stop.at), _AFTER_QUOTE, _WHOLE_IN_QUOTES, edit)]


def _swapped_quotes(stop: Stop) -> list[Finding]:
    """A quote that was closed by the opening quote of another line, after which nothing makes sense."""
    if stop.long is None or stop.line_of(stop.long[1]) != stop.line_of(stop.at):
        return []
    return _open_quote(stop, stop.long[0], stop.long[1])


def _stray(stop: Stop) -> list[Finding]:
    """A closing bracket, comma or colon with nothing that it belongs to; or what follows a `...` line."""
    what, here = stop.character, (stop.at, stop.at + 1)
    if "<document start>" in stop.problem and re.search(r"^\.\.\.", stop.text[: stop.at], re.MULTILINE):
        return [Finding("DR105", stop.at, line_end(stop.text, stop.at), {}, ((stop.at, len(stop.text), ""),))]
    if what and what in "]}":
        problem = Phrase(f"`{what}` 没有对应的开括号", f"`{what}` closes nothing")
        return [wrong(*here, problem, _DELETE, (*here, " "))]
    if what == ",":
        return [wrong(*here, _NOTHING_BEFORE_COMMA, _QUOTE_IT, give_up(stop.text, stop.at))]
    if what == ":" and not stop.text[stop.line : stop.at].strip(" -"):
        return [replace(wrong(*here, _NO_KEY, KEY_VALUE, drop(stop.text, stop.line)), lost=True)]
    return []


def _indentation(stop: Stop) -> list[Finding]:
    """A line whose indentation fits nothing above it, or an item among keys, or a key among items."""
    text = stop.text
    if "mapping values" in stop.problem and stop.last and stop.last[0] < stop.line:
        begin = stop.line + indent_of(text, stop.line)
    elif stop.first_on_line and stop.character:
        begin = stop.at
    else:
        return []
    indent, end = begin - stop.line, line_end(text, begin)
    if indent in stop.columns:
        if text.startswith("- ", begin):
            return [
                replace(wrong(begin, end, _ITEM_AMONG_KEYS, ITEMS_BELOW, drop(text, stop.line)), lost=True)
            ]
        if "'-'" in stop.problem or "<block end>" in stop.problem:
            edit = (begin, end_below(text, begin), f"- {POISON}")
            return [wrong(begin, end, _KEY_AMONG_ITEMS, _BEGIN_WITH_DASH, edit)]
        return []
    above = line_start(text, len(text[: stop.line].rstrip()))
    while above and text[above : line_end(text, above)].lstrip(" ").startswith("#"):
        above = line_start(text, len(text[:above].rstrip()))
    level = indent_of(text, above, INDENT if text.startswith("- ", begin) else KEY_INDENT)
    if found := _no_dash(text, begin, indent):
        return found
    if level == indent:  # what stands above is no key
        found = missed_colons(text, above, code_end(text, above))
        return found or _no_colon(text, above + level)
    levels = list(_levels(text, stop.line, item=text.startswith("- ", begin))) or stop.columns
    wanted = min(levels, key=lambda column: abs(column - indent))
    here = [start for start in lines_from(text, stop.line, indent) if indent_of(text, start) == indent]
    if wanted == level and len(here) > 1 and not _has_sibling_above(text, above, level):
        here, indent, wanted = [above], wanted, indent
    return [_misplaced(text, here, indent, wanted)]


def _no_dash(text: str, begin: int, indent: int) -> list[Finding]:
    """A line that should be an item: a ``{…}`` below one, or the key with which the item above begins."""
    line = line_start(text, begin)
    while line and indent_of(text, line) >= indent:
        line = line_start(text, line - 1)
    dash = indent_of(text, line)
    first = text[line + dash : line_end(text, line)]
    key_end = word_end(text, begin)
    same_key = text[key_end : key_end + 1] == ":" and first.startswith(f"- {text[begin : key_end + 1]}")
    if not first.startswith("- ") or not (same_key or text[begin] in "{["):
        return []
    end = line_end(text, begin)
    cut = shown(text[begin:end], 40)
    problem = Phrase(f"`{cut}` 前面少了短横", f"a dash is missing before `{cut}`")
    edit = (line_start(text, begin), begin, " " * dash + "- ")
    return [wrong(begin, end, problem, _BEGIN_WITH_DASH, edit)]


def _levels(text: str, line: int, *, item: bool) -> Iterator[int]:
    """Yield the indentations that a line could have been meant to have, going up from it."""
    lowest = len(text)
    while line and lowest:
        line = line_start(text, line - 1)
        dash, key = indent_of(text, line), indent_of(text, line, KEY_INDENT)
        if dash < lowest and text[line + dash : line + dash + 1].strip("\r\n#"):
            lowest = dash
            if not item or dash < key:
                yield dash if item else key


def _has_sibling_above(text: str, line: int, level: int) -> bool:
    """Tell whether a line continues a block: the nearest line above that is not deeper is on its level."""
    if text[line : line + level].strip():  # a list item: it begins its block
        return False
    while line:
        line = line_start(text, line - 1)
        indent = indent_of(text, line, KEY_INDENT)
        if text[line : line_end(text, line)].strip() and indent <= level:
            return indent == level
    return False


def _misplaced(text: str, lines: list[int], indent: int, wanted: int) -> Finding:
    """Report a line, and move all of them, from one indentation to another."""
    begin = lines[0] + indent_of(text, lines[0])
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
    return replace(wrong(begin, line_end(text, begin), problem, remedy, *edits), moved=True)


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


# --- words --------------------------------------------------------------------------------------------

_TAB_INDENT: Final = re.compile(r"^ *\t[ \t]*(?=[^ \t\r\n#])", re.MULTILINE)
_INDENTED_BY_SPACES: Final = re.compile(r"^ ", re.MULTILINE)
_BLANK_LINE_WITH_TAB: Final = re.compile(r"^ *\t[ \t]*(?=\r?$)", re.MULTILINE)


# --- words --------------------------------------------------------------------------------------------

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
_SECOND_COLON: Final = Phrase("一行里有两个冒号", "this is the second colon of the line")
_QUOTE_OR_NEW_LINE: Final = Phrase(
    "如果是一段文字，加引号；如果是下一层，另起一行再缩进",
    "put the value in quotes if it is a text, or write the inner key on a line of its own",
)
_ITEM_INLINE: Final = Phrase("列表不能从键的同一行开始", "a list cannot begin on the line of its key")
_AFTER_QUOTE: Final = Phrase("引号结束以后还有文字", "text follows the closing quote")
_WHOLE_IN_QUOTES: Final = Phrase("把整段文字放进引号里", "put the whole text within the quotes")
_NO_KEY: Final = Phrase("冒号前面没有键", "there is no key before this colon")
_ITEM_AMONG_KEYS: Final = Phrase("键的中间出现了列表项", "a list item stands among keys")
_KEY_AMONG_ITEMS: Final = Phrase("列表项的中间出现了键", "a key stands among list items")
_BEGIN_WITH_DASH: Final = Phrase(
    "用 `- ` 开头，或者缩进到上一项里面", "begin it with `- `, or indent it to belong to the item above"
)


def _never_closed(mark: str, closing: str) -> tuple[Phrase, Phrase]:
    problem = Phrase(f"括号 `{mark}` 一直没有结束", f"the bracket `{mark}` is never closed")
    return problem, Phrase(f"补上 `{closing}`", f"close it with `{closing}`")
