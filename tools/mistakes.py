"""The corpus of mistakes: one-edit slips in the shipped policies, and what catches each of them.

    python tools/mistakes.py            # make every edit, and print the figures
    python tools/mistakes.py ID …       # print what is said of some of them

`tests/mistakes/*.txt` holds the corpus, a group to a file. An entry is an edit of a shipped file, as a diff shows it,
and what must come of it:

    [fact-visits] tiers.yaml
    # 事实名少了 s / a fact without its s
    -            when: {visits_past_year: {at_least: 5}, loyalty: high}
    +            when: {visit_past_year: {at_least: 5}, loyalty: high}
    = refused DR301 visits_past_year

`refused CODE [@LINES] [SUGGESTION]` is an error, `flagged CODE` a finding of `dealerrules check`, `legal DECISION …` a change
of policy that `dealerrules diff` shows, `same` no change of meaning. A mistake has as many diagnostics as such lines, no more.
`@LINES` says how many lines from the first edited line a diagnostic stands, where it does not stand on it. A line `...` in a
diff leaves out lines.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.analysis.lint import check_sources
from dealerrules.book import PolicyBook
from dealerrules.diagnostics import Diagnostic, PolicyError, Source, sort_diagnostics
from dealerrules.policy.compile import compile_into
from dealerrules.policy.model import meanings, rate_meanings
from dealerrules.policy.scope import Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
POLICIES = ROOT / "policies"
CORPUS = ROOT / "tests" / "mistakes"
_HEAD = re.compile(r"\[(?P<id>[\w-]+)\] (?P<file>\w+\.yaml)")
_EXPECTED = re.compile(r"= (refused|flagged|legal|same) ?(.*)")
_TODAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Expected:
    """One line of what must come of a mistake."""

    how: str
    code: str = ""
    off: int = 0
    suggestion: str = ""
    decisions: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> Expected:
        """Read a line such as ``= refused DR301 @+2 visits_past_year``."""
        found = _EXPECTED.fullmatch(text)
        if found is None:
            message = f"not an expectation: {text}"
            raise ValueError(message)
        how, rest = found.groups()
        if how in {"legal", "same"}:
            return cls(how, decisions=tuple(rest.replace(",", " ").split()))
        code, *more = rest.split(" ", 1)
        words = more[0] if more else ""
        off = re.match(r"@([-+]\d+) ?", words)
        return cls(how, code, int(off[1]) if off else 0, words[off.end() :] if off else words)


@dataclass(frozen=True)
class Mistake:
    """One edit of a shipped file, and what must come of it."""

    id: str
    group: str
    file: str
    zh: str
    en: str
    edit: tuple[str, ...]
    expected: tuple[Expected, ...]

    @cached_property
    def edited(self) -> tuple[str, int, int]:
        """The text after the edit; the first line that it touched, and how many lines it put there."""
        lines = shipped()[self.file].split("\n")
        parts: list[list[str]] = [[]]
        for line in self.edit:
            if line == "...":
                parts.append([])
            else:
                parts[-1].append(line)
        at = 0
        for number, part in enumerate(parts):
            old = [line[1:] for line in part if line[0] in " -"]
            found = [start for start in range(at, len(lines)) if lines[start : start + len(old)] == old]
            if not found or (number == 0 and len(found) > 1):
                message = f"{self.id}: its lines stand {len(found)} times in {self.file}"
                raise ValueError(message)
            at = found[0]
            if number < len(parts) - 1:
                at += len(old)
        new = [line[1:] for line in part if line[0] in " +"]
        touched = [number for number, line in enumerate(part) if line[0] != " "]
        before = touched[0]
        after = len(part) - 1 - touched[-1]
        whole = [*lines[:at], *new, *lines[at + len(old) :]]
        return "\n".join(whole), at + before + 1, len(new) - before - after

    @property
    def removed(self) -> str:
        """The lines that the edit takes away."""
        return "\n".join(line[1:] for line in self.edit if line.startswith("-"))

    @property
    def added(self) -> str:
        """The lines that the edit puts in."""
        return "\n".join(line[1:] for line in self.edit if line.startswith("+"))

    def is_exact(self, line: int) -> bool:
        """Tell whether a line is where the mistake stands.

        That is a line that the edit wrote or moved; where it only took lines away, one on either side of the gap, or the
        line that they belonged to.
        """
        text, first, count = self.edited
        if count:
            return first <= line < first + count
        lines = text.split("\n")
        gone = self.removed.split("\n")[0]
        indent = len(re.match(r" *(- )?", gone)[0])  # type: ignore[index]
        above = first - 1
        while above and (not lines[above - 1].strip() or _indent(lines[above - 1]) >= indent):
            above -= 1
        below = first
        while below < len(lines) and lines[below - 1].strip()[:1] in {"", "#"}:
            below += 1
        return line in {first - 1, below, above}

    def is_of_the_part(self, line: int) -> bool:
        """Tell whether a line belongs to the decision, item, fact or parameter in which the mistake stands."""
        lines = self.edited[0].split("\n")
        return self.is_exact(line) or _head(lines, line) == _head(lines, self.edited[1])


def _head(lines: Sequence[str], number: int) -> int:
    """Return the line on which the named part that holds a line begins."""
    while number > 1 and (lines[number - 1].strip()[:1] in {"", "#"} or _indent(lines[number - 1]) > 2):
        number -= 1
    return number


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


@dataclass(frozen=True)
class Caught:
    """What came of a mistake."""

    how: str
    diagnostics: tuple[Diagnostic, ...] = ()
    book: PolicyBook | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Group:
    """The mistakes of one kind."""

    name: str
    zh: str
    en: str
    mistakes: tuple[Mistake, ...]


@cache
def shipped() -> Mapping[str, str]:
    """Return the shipped policies by file name."""
    files = sorted(POLICIES.glob("*.yaml"))
    return {path.name: path.read_text(encoding="utf-8") for path in files if ".cases." not in path.name}


@cache
def shipped_book() -> PolicyBook:
    """Return the shipped policies, loaded."""
    book = loaded(shipped()).book
    assert book is not None
    return book


def loaded(texts: Mapping[str, str]) -> Caught:
    """Load policies from their texts by file name."""
    report = Report()
    try:
        editions = compile_into(report, [Source(name, text) for name, text in texts.items()])
    except PolicyError as error:
        return Caught("refused", error.diagnostics)
    return Caught("loaded", tuple(sort_diagnostics(report.diagnostics)), PolicyBook(editions))


def tried(mistake: Mistake) -> Caught:
    """Make a mistake in a copy of the shipped policies, and load them."""
    return loaded({**shipped(), mistake.file: mistake.edited[0]})


def findings(mistake: Mistake) -> list[Diagnostic]:
    """Return what `dealerrules check` finds after a mistake, and did not find before it."""
    before = {(each.code, each.message()) for each in _checked(shipped())}
    found = _checked({**shipped(), mistake.file: mistake.edited[0]})
    return [each for each in found if (each.code, each.message()) not in before]


def _checked(texts: Mapping[str, str]) -> list[Diagnostic]:
    sources = [Source(name, text) for name, text in texts.items()]
    return sort_diagnostics(check_sources(sources, Report(), today=_TODAY))


def changed_decisions(old: PolicyBook, new: PolicyBook) -> set[str]:
    """Return the decisions that mean something else, with all that they read and give; and the rates that do by themselves."""
    before, after = _meanings(old), _meanings(new)
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def _meanings(book: PolicyBook) -> dict[str, list[tuple[date, object]]]:
    """Return what each decision means from when on, by name."""
    found: dict[str, list[tuple[date, object]]] = {}
    names = {name for edition in book.editions for name in (*edition.decisions, *edition.rates)}
    for edition in book.editions:
        rates = rate_meanings(edition)
        for name in names:
            meaning: object = None
            if name in edition.rates:
                meaning = rates[f"rate {name}"]
            elif name in edition.decisions:
                said = repr(edition.decisions[name])
                items = {each.id: each for each in edition.items.values() if f"'{each.id}'" in said}
                given = {each.id: (each.value, each.price, each.refund) for each in items.values()}
                meaning = (meanings(edition, [name]), given)
            versions = found.setdefault(name, [])
            if not versions or versions[-1][1] != meaning:
                versions.append((edition.start, meaning))
    return found


def cured(mistake: Mistake, diagnostic: Diagnostic) -> bool:
    """Tell whether what a diagnostic suggests, written where it points, gives the shipped meaning again."""
    if diagnostic.nearest is None or diagnostic.span.source.name != mistake.file:
        return False
    lines = mistake.edited[0].split("\n")
    span = diagnostic.span
    if span.line != span.end_line:
        return False
    line = lines[span.line - 1]
    lines[span.line - 1] = line[: span.column - 1] + diagnostic.nearest + line[span.end_column - 1 :]
    again = loaded({**shipped(), mistake.file: "\n".join(lines)})
    return again.book is not None and again.book.fingerprint == shipped_book().fingerprint


# ---------------------------------------------------------------------------------------------------
# Reading


@cache
def groups() -> tuple[Group, ...]:
    """Return the corpus."""
    found = [_group(CORPUS / f"{name}.txt") for name in _ORDER]
    names = {path.stem for path in CORPUS.glob("*.txt")}
    if names != set(_ORDER):
        message = f"not in the order of groups, or not there: {sorted(names ^ set(_ORDER))}"
        raise ValueError(message)
    ids = Counter(mistake.id for group in found for mistake in group.mistakes)
    if twice := [each for each, count in ids.items() if count > 1]:
        message = f"ids stand twice: {twice}"
        raise ValueError(message)
    return tuple(found)


_ORDER = (
    "words",
    "units",
    "punctuation",
    "layout",
    "missing",
    "twice",
    "renamed",
    "dates",
    "bands",
    "keeping",
    "suspect",
    "changes",
)


def mistakes() -> tuple[Mistake, ...]:
    """Return every mistake of the corpus."""
    return tuple(mistake for group in groups() for mistake in group.mistakes)


def _group(path: Path) -> Group:
    head, *entries = path.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    zh, _, en = head.removeprefix("# ").partition(" / ")
    return Group(path.stem, zh, en, tuple(_mistake(path.stem, entry.split("\n")) for entry in entries))


def _mistake(group: str, lines: Sequence[str]) -> Mistake:
    head = _HEAD.fullmatch(lines[0])
    assert head is not None, lines[0]
    zh, _, en = lines[1].removeprefix("# ").partition(" / ")
    edit = tuple(line for line in lines[2:] if not line.startswith("="))
    expected = tuple(Expected.read(line) for line in lines[2:] if line.startswith("="))
    return Mistake(head["id"], group, head["file"], zh, en, edit, expected)


# ---------------------------------------------------------------------------------------------------
# Figures


@dataclass(frozen=True)
class Figures:
    """How many mistakes there are, and how they are caught."""

    refused: int
    flagged: int
    legal: int
    same: int
    exact: int
    alone: int
    of_the_part: int
    suggested: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.refused + self.flagged + self.legal + self.same


def figures(corpus: Sequence[Mistake]) -> Figures:
    """Count what the corpus says of itself; the tests hold it to what happens."""
    refused = [each for each in corpus if each.expected[0].how == "refused"]
    flagged = [each for each in corpus if each.expected[0].how == "flagged"]
    return Figures(
        refused=len(refused),
        flagged=len(flagged),
        legal=sum(each.expected[0].how == "legal" for each in corpus),
        same=sum(each.expected[0].how == "same" for each in corpus),
        exact=sum(any(each.is_exact(line) for line in lines_of(each)) for each in refused),
        alone=sum(len(each.expected) == 1 for each in refused),
        of_the_part=sum(any(each.is_of_the_part(line) for line in lines_of(each)) for each in flagged),
        suggested=sum(any(one.suggestion for one in each.expected) for each in refused),
    )


def lines_of(mistake: Mistake) -> list[int]:
    """Return the lines on which something is said of a mistake."""
    return [mistake.edited[1] + each.off for each in mistake.expected]


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def summary(corpus: Sequence[Mistake]) -> list[str]:
    """Return the figures in words."""
    found = figures(corpus)
    where = f"{found.exact} of {found.refused} ({percent(found.exact, found.refused)}) on the line where the mistake stands"
    alone = f"{found.alone} ({percent(found.alone, found.refused)}) with one diagnostic and no other"
    part = f"{found.of_the_part} of {found.flagged} ({percent(found.of_the_part, found.flagged)})"
    changed = f"{found.legal} legal changes that show in a diff, {found.same} without a change of meaning"
    return [
        f"{found.total} mistakes, one edit each: {found.refused} refused, {found.flagged} flagged, {changed}.",
        f"Refused: {where}; {alone}; {found.suggested} name what was probably meant.",
        f"Flagged: {part} in the decision, item, fact or parameter that was edited, the others where the edit shows.",
    ]


_HEADING = """<!-- Made by tools/generate_docs.py from tests/mistakes: change them, then run it. -->

# What catches which mistake

Edits that a manager could get wrong, each made in a copy of the shipped policies, and what comes of it. The tests make every one of
them. The corpus stands in `tests/mistakes`, an entry for each, as a diff; this prints the figures:

```sh
python tools/mistakes.py
```

"""
_READING = """
- **caught by** a code is an error or a finding of `dealerrules check` ([what each means](reference/diagnostics.md)). Several codes: so many
  diagnostics. `diff` and names: the policy is legal and means something else, and `dealerrules diff` shows these decisions.
- **line**: where it is reported. "there" is the edited line; for a line that was taken away, the lines beside the gap or the one it belonged to.
- **suggested**: the word that is offered instead.
"""


def page() -> str:
    """Return docs/mistakes.md."""
    corpus = mistakes()
    out = [_HEADING, *(f"- {line}\n" for line in summary(corpus)), _READING]
    for group in groups():
        out.append(f"\n## {group.en}\n\n{group.zh}\n\n")
        out.append("| mistake | 错误 | edit | caught by | line | suggested |\n|---|---|---|---|---|---|\n")
        out.extend(_row(mistake) for mistake in group.mistakes)
    return "".join(out)


def _row(mistake: Mistake) -> str:
    first = mistake.expected[0]
    suggested = next((each.suggestion for each in mistake.expected if each.suggestion), "")
    if first.how in {"refused", "flagged"}:
        codes = Counter(each.code for each in mistake.expected)
        caught = ", ".join(
            f"[{code}](reference/diagnostics.md#{code.lower()})" + (f" x{count}" if count > 1 else "")
            for code, count in codes.items()
        )
        place = "; ".join(dict.fromkeys(_place(mistake, line) for line in lines_of(mistake)))
    else:
        caught = (
            "diff: " + ", ".join(f"`{name}`" for name in first.decisions)
            if first.decisions
            else "no change in meaning"
        )
        place = ""
    cells = (mistake.en, mistake.zh, _edit(mistake), caught, place, _code(suggested) if suggested else "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _place(mistake: Mistake, line: int) -> str:
    if mistake.is_exact(line):
        return "there"
    if mistake.expected[0].how == "flagged" and mistake.is_of_the_part(line):
        return "the same part"
    off = line - mistake.edited[1]
    return f"{abs(off)} {'below' if off > 0 else 'above'}"


def _edit(mistake: Mistake) -> str:
    """Return what was changed into what, in few words."""
    old, new = (re.sub(r"\s+#.*", "", text) for text in (mistake.removed, mistake.added))
    if not mistake.added:
        return f"without {_code(_cut(old.strip()))}" if old.strip() else "a line less"
    if not mistake.removed:
        return f"with {_code(_cut(new.strip()))}"
    if old.strip() == new.strip():
        return f"{_code(_cut(old.strip()))} indented by {_indent(new)}, not {_indent(old)}"
    before = 0
    while before < min(len(old), len(new)) and old[before] == new[before]:
        before += 1
    after = 0
    while after < min(len(old), len(new)) - before and old[-1 - after] == new[-1 - after]:
        after += 1
    while before and old[before - 1] not in " {[,":
        before -= 1
    while after and old[len(old) - after] not in " }],:":
        after -= 1
    was, now = (text[before : len(text) - after].strip() for text in (old, new))
    return f"{_code(_cut(was)) if was else 'nothing'} → {_code(_cut(now)) if now else 'nothing'}"


def _cut(text: str) -> str:
    line, *more = text.split("\n")
    return (line if len(line) <= 48 else line[:47] + "…") + (" …" if more else "")


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def main(arguments: Sequence[str]) -> int:
    """Make every edit, or some of them, and print what came of it."""
    wrong = 0
    for mistake in mistakes():
        if arguments and mistake.id not in arguments:
            continue
        found = outcome(mistake)
        if found != mistake.expected:
            wrong += 1
            print(f"{mistake.id}: expected {list(mistake.expected)}, found {list(found)}")
        elif arguments:
            print(f"{mistake.id}: {list(found)}")
    if not arguments:
        print("\n".join(summary(mistakes())))
        print(
            f"{wrong} came out otherwise than the corpus says."
            if wrong
            else "All came out as the corpus says."
        )
    return 1 if wrong else 0


def outcome(mistake: Mistake) -> tuple[Expected, ...]:
    """Make a mistake, and return what came of it, as the corpus would say it."""
    caught = tried(mistake)
    first = mistake.edited[1]
    found = caught.diagnostics if caught.book is None else tuple(findings(mistake))
    if found:
        return tuple(
            Expected(
                caught.how if caught.book is None else "flagged",
                each.code,
                each.span.line - first,
                each.nearest or "",
            )
            for each in found
        )
    assert caught.book is not None
    if caught.book.fingerprint == shipped_book().fingerprint:
        return (Expected("same"),)
    return (Expected("legal", decisions=tuple(sorted(changed_decisions(shipped_book(), caught.book)))),)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
