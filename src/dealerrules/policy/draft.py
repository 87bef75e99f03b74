"""Drafts: a file's text while its mistakes are being found, and where things stand in it.

Place in the flow: below traps.py, slips.py, mend.py and parse.py, which share these few things: a
:class:`Finding` is a mistake and the edits behind which reading can go on, a :class:`Draft` the text so
edited, and the functions at the end say where lines, values and indentations begin and end.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dealerrules.diagnostics import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

POISON: Final = "\ufdd0"
"""Stands in a draft for a value that is beyond repair and was reported (a Unicode noncharacter)."""

Values = Mapping[str, str | Phrase]
"""What fills the template of a diagnostic."""

Edit = tuple[int, int, str]
"""Replace the text from one index up to another."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake between two indexes of a text, and the edits with which reading can go on.

    Without a code it is not worth a word; ``lost`` when the edits drop something that was meant, ``moved``
    when they change what belongs to what.
    """

    code: str
    start: int
    end: int
    values: Values = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    lost: bool = False
    moved: bool = False


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


# --- where things stand -------------------------------------------------------------------------------

INDENT: Final = re.compile(r" *")
KEY_INDENT: Final = re.compile(r" *(?:- +)*")
_LINE_END: Final = re.compile(r"[\r\n]|\Z")
_VALUE_END: Final = re.compile(r"[ \t]*[,\]}\r\n]|[ \t]+#|\Z")
_CODE_END: Final = re.compile(r"[ \t]+#|[\r\n]|\Z")
WORD_END: Final = re.compile(r"[\s,\]}:]|\Z")
PROPERTY_END: Final = re.compile(r"[\s,\]}]|\Z")
_NEXT_LINE: Final = re.compile(r"\r\n|\r|\n|\Z")
_NEXT_INDENT: Final = re.compile(r"[ \r\n]*[\r\n]( *)(?=[^ \r\n])")


def line_start(text: str, index: int) -> int:
    """Return where the line of an index starts."""
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _found(pattern: re.Pattern[str], text: str, index: int) -> re.Match[str]:
    match = pattern.search(text, index)
    assert match is not None  # the pattern matches at the end of the text, if nowhere else
    return match


def line_end(text: str, index: int) -> int:
    """Return where the line of an index ends, before its line break."""
    return _found(_LINE_END, text, index).start()


def code_end(text: str, index: int) -> int:
    """Return the end of what a line says from an index on: before a comment."""
    return _found(_CODE_END, text, index).start()


def word_end(text: str, index: int, pattern: re.Pattern[str] = WORD_END) -> int:
    """Return the end of the word at an index: before a space or YAML punctuation."""
    return _found(pattern, text, index).start()


def indent_of(text: str, index: int, pattern: re.Pattern[str] = INDENT) -> int:
    """Return the indentation of the line that holds an index."""
    start = line_start(text, index)
    return _found(pattern, text, start).end() - start


def next_indent(text: str, index: int) -> int:
    """Return the indentation of the next line that is not blank, -1 at the end."""
    match = _NEXT_INDENT.match(text, index)
    return len(match[1]) if match else -1


def lines_from(text: str, start: int, indent: int) -> Iterator[int]:
    """Yield the starts of a line and of those below that are indented at least as far; blank ones not."""
    while start < len(text):
        end = line_end(text, start)
        if text[start:end].strip():
            if indent_of(text, start) < indent:
                return
            yield start
        start = _found(_NEXT_LINE, text, end).end()


def end_below(text: str, index: int) -> int:
    """Return the end of the lines that belong to the line of an index: those indented deeper than its key."""
    end = line_end(text, index)
    deeper = indent_of(text, index, KEY_INDENT) + 1
    for start in lines_from(text, _found(_NEXT_LINE, text, end).end(), deeper):
        end = line_end(text, start)
    return end


def give_up(text: str, start: int) -> Edit:
    """Give up a value, one that is not to be judged: up to a separator, or a line with what is below it."""
    if within_brackets(text, start):
        return (start, _found(_VALUE_END, text, start).start(), POISON)
    return (start, end_below(text, start), POISON)


def within_brackets(text: str, index: int) -> bool:
    """Tell whether a bracket is open that opened on the line of an index."""
    before = re.sub(r"\"[^\"]*\"|'[^']*'", "", text[line_start(text, index) : index])
    return sum(map(before.count, "[{")) > sum(map(before.count, "]}"))


def drop(text: str, start: int) -> Edit:
    """Give up a line, with what is indented below it."""
    return (start, end_below(text, start), "")
