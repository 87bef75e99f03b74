"""Slips: texts that were meant as structure, but lack the space, colon, dash or bracket that makes it.

Place in the flow: beside traps.py; parse.py asks about each unquoted text, mend.py about the lines where the
parser stopped. Each function looks at one stretch of text, and says nothing if it is in order.
"""

from __future__ import annotations

import re
from typing import Final

from dealerrules.diagnostics import Phrase, shown
from dealerrules.policy.draft import (
    POISON,
    PROPERTY_END,
    Edit,
    Finding,
    Values,
    code_end,
    give_up,
    line_end,
    word_end,
)
from dealerrules.policy.traps import look_alike

_KEY_AND_COLON: Final = re.compile(
    r"[ \t]*(?:- +)*(?=[^\s：:#]*[^\s\d：:#])(?P<key>[^\s：:#]+) ?(?P<colon>：|:(?=[^\s:/]))(?P<value>.*)"
)


def missed_colons(text: str, start: int, end: int) -> list[Finding]:
    """Find, line by line, the colon that makes no key: a full-width one, or one with no space after it."""
    found = []
    for line in re.finditer(r"[^\r\n]+", text[start:end]):
        match = _KEY_AND_COLON.match(line[0])
        if match is None:
            continue
        at = start + line.start() + match.start("colon")
        if match["colon"] == "：":
            found.append(look_alike(at, "：", ": "))
        else:
            values = {"problem": _no_space(match[0]), "remedy": _with_space(match["key"], match["value"])}
            found.append(Finding("DR104", at, at + 1, values, ((at, at + 1, ": "),)))
    return found


def joined_dash(text: str, at: int) -> list[Finding]:
    """Find ``-id: x``, a list item without the space that would make it one."""
    if not re.compile(r"-(?:[^\W\d]|[\[{\"'])").match(text, at):
        return []
    cut = shown(text[at : code_end(text, at)].strip(), 40)
    problem = Phrase(f"`{cut}` 的短横后面少了空格", f"a space is missing after the dash in `{cut}`")
    return [wrong(at, at + 1, problem, write(f"- {cut[1:]}"), (at, at + 1, "- "))]


def colon_before_bracket(text: str, start: int) -> list[Finding]:
    """Find ``title {zh: x}``, where the bracket was meant as a value."""
    match = re.compile(r"([^\s:,{}\[\]]+)( *)[{\[]").match(text, start)
    if match is None:
        return []
    key = shown(match[1], 40)
    problem = Phrase(f"`{key}` 后面少了冒号", f"a colon is missing after `{key}`")
    return [wrong(start, match.end(1), problem, KEY_VALUE, (match.end(1), match.end(2), ": "))]


def unopened(text: str, start: int, end: int) -> list[Finding]:
    """Find ``a, b]``, a list that lost its opening bracket and so became a text."""
    closing, opening = text[end - 1], "[" if text[end - 1] == "]" else "{"
    if text.count(opening, start, end) >= text.count(closing, start, end):
        return []
    problem = Phrase(f"`{closing}` 没有对应的开括号", f"`{closing}` closes nothing")
    remedy = Phrase(
        f"补上 `{opening}`；如果是文字，加引号", f"write the `{opening}`, or put the text in quotes"
    )
    return [wrong(end - 1, end, problem, remedy, (start, end, POISON))]


def unopened_quote(text: str, start: int, end: int) -> list[Finding]:
    """Find ``text"``, a text that lost its opening quote."""
    if text.count('"', start, end) % 2 == 0:
        return []
    problem = Phrase('引号 `"` 没有对应的前引号', 'the quote `"` closes nothing')
    remedy = Phrase("在文字前面补上引号，或者删掉它", "write the opening quote, or delete this one")
    return [wrong(end - 1, end, problem, remedy, (end - 1, end, ""))]


def swallowed_items(text: str, start: int, end: int) -> list[Finding]:
    """Find list items that became part of the text above them, since that text is not a list."""
    for match in re.finditer(r"(?<=[\r\n]) *(?=-)", text[start:end]):
        at = start + match.end()
        if text.startswith("- ", at):
            edit = (start, line_end(text, start), POISON)
            return [wrong(at, line_end(text, at), _ITEM_BELOW_TEXT, ITEMS_BELOW, edit)]
        if found := joined_dash(text, at):
            return found
    return []


def not_allowed(text: str, start: int, *, silent: bool = False) -> Finding:
    """Report an anchor, an alias, a tag or a merge key, told by its first character."""
    what = text[start]
    end = start + len("<<") if what == "<" else word_end(text, start + 1, PROPERTY_END)
    edit = give_up(text, start) if what == "*" else (start, end, POISON if what == "<" else "")
    values: Values = {"what": _KINDS[what], "text": shown(text[start:end], 40), "remedy": _WRITE_OUT}
    return Finding("" if silent else "DR107", start, end, values, (edit,))


def wrong(start: int, end: int, problem: Phrase, remedy: Phrase, *edits: Edit) -> Finding:
    """Report that something is not valid YAML."""
    return Finding("DR104", start, end, {"problem": problem, "remedy": remedy}, edits)


def write(what: str) -> Phrase:
    """Return the advice to write something."""
    return Phrase(f"写成 `{what}`", f"write `{what}`")


def _no_space(text: str) -> Phrase:
    cut = shown(text.strip(), 40)
    return Phrase(f"`{cut}` 的冒号后面少了空格", f"a space is missing after the colon in `{cut}`")


def _with_space(key: str, value: str) -> Phrase:
    cut = shown(f"{key}: {value}", 40)
    return Phrase(f"写成 `{cut}`", f"write `{cut}`")


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
_ITEM_BELOW_TEXT: Final = Phrase(
    "上一行的键已经有值，这个列表项会并进那段文字",
    "the key above has a value already, so this item becomes part of that text",
)
ITEMS_BELOW: Final = Phrase(
    "键后面留空，列表的每一项另起一行；或者写成 `[a, b]`",
    "leave the line of the key empty and write each item on a line below it, or write `[a, b]`",
)
KEY_VALUE: Final = Phrase("写成 `键: 值`，冒号后面空一格", "write `key: value`, with a colon and a space")
