"""Diagnostics: what is wrong with a policy file, where, and what to write instead; zh or en, text or JSON.

Place in the flow: below the policy package. parse.py, document.py, compile.py and lint.py all report
through the one type :class:`Diagnostic`; loading raises one :class:`PolicyError` that holds them all.
The messages themselves stand in diagnostic_codes.py.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import total_ordering
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, Literal

from dealerrules.diagnostic_codes import CODES, Code, Severity
from dealerrules.finding_codes import FINDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "CODES",
    "FINDINGS",
    "Code",
    "Diagnostic",
    "Lang",
    "Phrase",
    "PolicyError",
    "Severity",
    "Source",
    "Span",
    "nearest_word",
    "render_all",
    "shown",
    "sort_diagnostics",
]

Lang = Literal["zh", "en"]
"""A language of messages."""

_WIDTH: Final = 100  # columns of a rendered line, about
_MARGIN: Final = 8  # of those, what stands before the quoted text
_TAB: Final = 4  # a tab in a quoted line reaches the next multiple of this
_LONGEST_VALUE: Final = 300  # characters of one value in a message
_LINE_END: Final = re.compile(r"\r\n|\n|\r")


# --- places -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    r"""A file's text, with the name to show for it (its path as the user gave it).

    Examples:
        >>> Source("policies/tiers.yaml", "policy: tiers\ndecisions: {}").line(2)
        'decisions: {}'
    """

    name: str
    text: str = field(repr=False)
    _lines: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def line(self, number: int) -> str:
        """Return a line without its end, counted from 1; lines that do not exist are empty."""
        if not self._lines:
            self._lines[:] = _LINE_END.split(self.text)
        return self._lines[number - 1] if 1 <= number <= len(self._lines) else ""


@total_ordering
@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a source: lines and columns count from 1, columns in characters, the end is not in it.

    Examples:
        >>> span = Span(Source("policies/tiers.yaml", ""), 12, 5, 12, 9)
        >>> span.place, span.short
        ('policies/tiers.yaml:12:5', 'tiers.yaml:12')
    """

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def place(self) -> str:
        """The full place, ``policies/tiers.yaml:12:5``, which terminals and editors can follow."""
        return f"{shown(self.source.name)}:{self.line}:{self.column}"

    @property
    def short(self) -> str:
        """File and line, ``tiers.yaml:12``, as explanations quote it."""
        return f"{shown(PurePath(self.source.name).name)}:{self.line}"

    def __lt__(self, other: Span) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[str, int, int, int, int]:
        return (self.source.name, self.line, self.column, self.end_line, self.end_column)


# --- one diagnostic -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phrase:
    """A value of a message that is itself words, so it stands in both languages."""

    zh: str
    en: str

    def text(self, lang: Lang) -> str:
        """Return the words in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Diagnostic:
    """One mistake: a code of the table, the place, and the values that fill the code's templates.

    ``nearest`` is the valid word that was probably meant. ``related`` are further places, each with a
    short note. Values and notes are user text as it stands, or a :class:`Phrase`.
    """

    code: str
    span: Span
    values: Mapping[str, str | Phrase] = field(default_factory=dict, hash=False)
    nearest: str | None = None
    related: tuple[tuple[Span, str | Phrase], ...] = ()

    @property
    def severity(self) -> Severity:
        """Whether it is an error or a warning: the code decides."""
        return CODES[self.code].severity

    def message(self, lang: Lang = "en") -> str:
        """Return what is wrong, in one line."""
        return self._filled(CODES[self.code].message[lang], lang)

    def help(self, lang: Lang = "en") -> str:
        """Return what to do about it, in one line, the nearest valid word first; it may be empty."""
        said = self._filled(CODES[self.code].help[lang], lang)
        if self.nearest is None:
            return said
        nearest = shown(self.nearest)
        asked = f"是不是想写 `{nearest}`？" if lang == "zh" else f"did you mean `{nearest}`?"
        if not said:
            return asked
        return asked + said if lang == "zh" else f"{asked} {said}"

    def render(self, lang: Lang = "en", *, color: bool = False) -> str:
        """Return the whole diagnostic: place and message, the line with the place underlined, the help."""
        paint = _painter(self.severity, color=color)
        severity = _SEVERITY_WORD[lang][self.severity]
        head = f"{severity} {self.code}"
        lines = [f"{self.span.place}: {paint(head)}: {self.message(lang)}"]
        if self.span.source.text:
            quoted, underline = _quoted(self.span)
            lines += [f"{self.span.line:>5} | {quoted}".rstrip(), f"      | {paint(underline)}"]
        lines += [
            f"   : {span.place}: {''.join(map(_visible, _said(note, lang)))}" for span, note in self.related
        ]
        if advice := self.help(lang):
            lines.append(f"   = {advice}")
        return "\n".join(lines)

    def to_dict(self, lang: Lang | None = None) -> dict[str, object]:
        """Return it as plain JSON values; without a language, texts are ``{"zh": …, "en": …}``."""

        def texts(zh: str, en: str) -> object:
            return {"zh": zh, "en": en} if lang is None else zh if lang == "zh" else en

        return {
            "code": self.code,
            "severity": str(self.severity),
            **_place_dict(self.span),
            "message": texts(self.message("zh"), self.message("en")),
            "help": texts(self.help("zh"), self.help("en")),
            "nearest": self.nearest,
            "related": [
                {**_place_dict(span), "message": texts(_said(note, "zh"), _said(note, "en"))}
                for span, note in self.related
            ],
        }

    def _filled(self, template: str, lang: Lang) -> str:
        said = template.format_map({name: _said(value, lang) for name, value in self.values.items()})
        return said if said.isprintable() else "".join(map(_visible, said))


class PolicyError(ValueError):
    """The YAML of a policy is wrong. Holds every diagnostic found, in source order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sort_diagnostics(diagnostics))
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return "\n".join(_in_one_line(diagnostic) for diagnostic in self.diagnostics)

    def text(self, lang: Lang = "en") -> str:
        """Return all diagnostics with the lines they stand on, in a language."""
        return render_all(self.diagnostics, lang)


# --- many diagnostics ---------------------------------------------------------------------------------


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return diagnostics in source order: file, line, column, then code."""
    return sorted(diagnostics, key=lambda diagnostic: (diagnostic.span, diagnostic.code))


def render_all(diagnostics: Iterable[Diagnostic], lang: Lang = "en", *, color: bool = False) -> str:
    """Return all diagnostics in source order, and a last line that counts them."""
    ordered = sort_diagnostics(diagnostics)
    return "\n".join([*(each.render(lang, color=color) for each in ordered), _count_line(ordered, lang)])


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """Return the valid word that was probably meant, if any is near enough.

    Case, ``-`` for ``_`` and full-width letters are forgiven first.

    Examples:
        >>> nearest_word("teir", ["tier", "stage", "payout"])
        'tier'
        >>> nearest_word("At-Least", ["at_most", "at_least"])
        'at_least'
        >>> nearest_word("bonus", ["tier", "stage"]) is None
        True
    """
    if len(word) > 80:
        return None
    by_plain: dict[str, str] = {}
    for candidate in words:
        by_plain.setdefault(_plain(candidate), candidate)
    wanted = _plain(word)
    if wanted in by_plain:
        return by_plain[wanted]
    close = get_close_matches(wanted, by_plain, n=1, cutoff=0.65)
    return by_plain[close[0]] if close else None


def shown(text: str, limit: int = _LONGEST_VALUE) -> str:
    r"""Return text fit for one line of a terminal: control and invisible characters named, the rest cut off.

    Examples:
        >>> shown("two\nlines"), shown("abcdef", limit=3)
        ('two<U+000A>lines', 'abc...')
    """
    cut = text[:limit]
    if not cut.isprintable():
        cut = "".join(map(_visible, cut))
    return cut + "..." if len(text) > limit else cut


# --- how it is written out ----------------------------------------------------------------------------

_SEVERITY_WORD: Final[Mapping[Lang, Mapping[Severity, str]]] = {
    "en": {Severity.ERROR: "error", Severity.WARNING: "warning"},
    "zh": {Severity.ERROR: "错误", Severity.WARNING: "警告"},
}


def _painter(severity: Severity, *, color: bool) -> Callable[[str], str]:
    """Return what colours text by severity, for terminals; without colour it leaves text alone."""
    if not color:
        return str
    start = "\x1b[1;31m" if severity is Severity.ERROR else "\x1b[1;33m"
    return lambda text: f"{start}{text}\x1b[0m"


def _said(value: str | Phrase, lang: Lang) -> str:
    return value.text(lang) if isinstance(value, Phrase) else shown(value)


def _in_one_line(diagnostic: Diagnostic) -> str:
    advice = diagnostic.help()
    head = f"{diagnostic.span.place}: {diagnostic.severity} {diagnostic.code}: {diagnostic.message()}"
    return f"{head} ({advice})" if advice else head


def _count_line(diagnostics: list[Diagnostic], lang: Lang) -> str:
    errors = sum(each.severity is Severity.ERROR for each in diagnostics)
    warnings = len(diagnostics) - errors
    if lang == "zh":
        counts = [f"{errors}个错误"] * bool(errors) + [f"{warnings}个警告"] * bool(warnings)
        return "，".join(counts) or "没有发现问题"
    counts = [f"{errors} error{'s' * (errors != 1)}"] * bool(errors)
    counts += [f"{warnings} warning{'s' * (warnings != 1)}"] * bool(warnings)
    return ", ".join(counts) or "no problems found"


def _place_dict(span: Span) -> dict[str, object]:
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _plain(word: str) -> str:
    """Fold away the differences that people do not see: case, width, and which kind of dash."""
    return re.sub(r"[-\s]", "_", unicodedata.normalize("NFKC", word).casefold())


def _visible(character: str) -> str:
    """Name a character that a terminal would not show, or would obey."""
    if character.isprintable() or character == "\u3000":
        return character
    return f"<U+{ord(character):04X}>"


def _columns(text: str) -> int:
    """Count terminal columns: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def _quoted(span: Span) -> tuple[str, str]:
    """Return the first line of a span, as a terminal shows it, and the carets for the line below."""
    line = span.source.line(span.line)
    start = min(span.column - 1, len(line))
    end = max(start + 1, span.end_column - 1 if span.end_line == span.line else len(line))
    first = max(0, start - _WIDTH)  # a line may be a million characters long: look only around the place
    cells: list[str] = []
    for character in line[first : start + 2 * _WIDTH]:
        column = _columns("".join(cells)) if character == "\t" else 0
        cells.append(" " * (_TAB - column % _TAB) if character == "\t" else _visible(character))
    widths = [_columns(cell) for cell in cells]
    start, end = start - first, end - first
    low, high, room = 0, len(cells), _WIDTH - _MARGIN
    if first or sum(widths) > room:
        room -= 2 * len("...")
        low = start
        while low > 0 and (sum(widths[low - 1 : start]) <= room // 3 or sum(widths[low - 1 :]) <= room):
            low -= 1
        high = low
        while high < len(cells) and sum(widths[low : high + 1]) <= room:
            high += 1
    left = "..." if first + low > 0 else ""
    right = "..." if first + high < len(line) else ""
    indent = len(left) + sum(widths[low:start])
    carets = max(1, sum(widths[start : min(end, high)]))
    return left + "".join(cells[low:high]) + right, " " * indent + "^" * carets
