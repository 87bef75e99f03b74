"""Suspects: the edits that might explain errors, the likely ones first.

Place in the flow: beside causes.py, which tries them. A line in another place, a line that is missing or stands twice, a mark that
was left out, a name that is written in two ways.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dealerrules.diagnostics import Diagnostic, Phrase, Source, nearest_word
from dealerrules.policy.draft import INDENT, KEY_INDENT, Edit, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dealerrules.policy.draft import Values

_STAND_IN: Final = "NAME"  # stands for a name of which nothing is known
_PARTS: Final = 8  # ends of a part that was moved, that are tried
_PASTED: Final = 60  # lines of a part that was pasted twice, at most
_NAMES: Final = 8  # names that are tried for one that is not defined
_LOOKED_AT: Final = 6  # of the errors of a file, the first ones: the cause stands at or above them
PLACED: Final = frozenset({"DR104", "DR203", "DR205", "DR207", "DR209"})
"""What may stand on another line than its cause, though it is the only error."""
_FORM: Final = frozenset(
    {*PLACED, "DR106", "DR201", "DR202", "DR303", "DR310", "DR501", "DR505", "DR507", "DR514", "DR515"}
)
"""What a line in the wrong place, or one that is missing, leads to."""
_UNKNOWN: Final = {
    "DR201": "key",
    "DR301": "name",
    "DR307": "name",
    "DR311": "name",
    "DR404": "word",
    "DR406": "value",
}
"""What a name that is not defined is reported as, and where the name stands among the values."""
_TABLES: Final = frozenset(
    {"parameters", "facts", "items", "decisions", "levels", "angles", "stages", "first", "outputs"}
)
"""The keys below which names are defined."""
_NAMES_TO_DEFINE: Final = frozenset({"DR311", "DR307", "DR406"})
"""What names of levels, items and parameters that are not defined are reported as."""
_HEADS: Final = (
    *("decisions", "parameters", "facts", "items"),
    *(
        "bands",
        "rows",
        "outputs",
        "levels",
        "angles",
        "stages",
        "benefits",
        "follow_up",
        "source",
        "title",
        "of",
        "over",
    ),
)
"""The keys with a line of their own, that may be the one that is missing."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """An edit to try: what it would be reported as, and how far-fetched it is."""

    finding: Finding
    lines: int
    far: int
    nearest: str | None = None
    likely: bool = True  # if not, it must explain everything
    said: Diagnostic | None = None  # what was found there already, and says it all


@dataclass(slots=True)
class File:
    """A file's lines, and which of them say something."""

    source: Source
    lines: list[str] = field(init=False)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.source.text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def says(self, number: int) -> bool:
        """Tell whether there is such a line, with more than a comment on it; lines count from 0."""
        return 0 <= number < len(self.lines) and self.lines[number].strip()[:1] not in {"", "#"}

    def indent(self, number: int, pattern: re.Pattern[str] = INDENT) -> int:
        """Return how far a line is indented, with or without its dashes."""
        match = pattern.match(self.lines[number])
        return match.end() if match else 0

    def beside(self, number: int, step: int) -> int | None:
        """Return the next line above or below that says something."""
        number += step
        while 0 <= number < len(self.lines):
            if self.says(number):
                return number
            number += step
        return None

    def below(self, number: int) -> int:
        """Return the end of the lines that are indented deeper than a line."""
        end = number + 1
        while end < len(self.lines) and (not self.says(end) or self.indent(end) > self.indent(number)):
            end += 1
        while end - 1 > number and not self.says(end - 1):
            end -= 1
        return end

    def near(self, number: int) -> Iterator[int]:
        """Yield the lines whose place may be the cause of an error on a line: that one, and what it hangs from."""
        if not self.says(number):
            number = self.beside(number, 1) or number
        yield number
        for step in (-1, 1):
            found = self.beside(number, step)
            if found is not None:
                yield found
        lowest = self.indent(number)
        head: int | None = None
        above = self.beside(number, -1)
        while above is not None and lowest > 0:
            indent = self.indent(above)
            if indent < lowest:
                if head is not None:
                    yield head
                yield above
                lowest, head = indent, None
            elif head is None or indent < self.indent(head):
                head = above
            above = self.beside(above, -1)
        if head is not None:
            yield head


def suspects(files: Mapping[str, File], errors: Sequence[Diagnostic]) -> Iterator[tuple[str, Suspect]]:
    """Yield edits that might explain errors, the likely ones first."""
    of_names = all(each.code in {*_UNKNOWN, "DR309"} for each in errors)
    if of_names:
        yield from _renamings(files, errors)
    yield from _of_another_subject(files, errors)
    by_file: dict[str, list[Diagnostic]] = {}
    for error in sorted(errors, key=lambda each: each.span):
        by_file.setdefault(error.span.source.name, []).append(error)
    for name, found in by_file.items():
        file = files.get(name)
        if file is not None and any(each.code in _FORM for each in found):
            for each in _of_layout(file, found):
                yield name, each
    if not of_names:
        yield from _renamings(files, errors)


def _of_layout(file: File, found: Sequence[Diagnostic]) -> Iterator[Suspect]:
    """Yield edits of the place of lines, and of lines that are missing or stand twice."""
    told = list(dict.fromkeys(error.span.line - 1 for error in found))[:_LOOKED_AT]
    first = told[0]
    lacking = [str(each.values["key"]) for each in found if each.code == "DR202"]
    names = Counter(str(each.values[_UNKNOWN[each.code]]) for each in found if each.code in _NAMES_TO_DEFINE)
    lacking += [name for name, _ in names.most_common(2)]
    yield from _of_line(file, first, first)
    yield from _moved_together(file, first)
    for number in told:
        yield from _pasted_twice(file, number, found)
    heads: dict[int, None] = {}
    for number in told[:3]:
        above = file.beside(number, -1)
        heads |= dict.fromkeys((number, number if above is None else above))
    for number in heads:
        yield from _left_out(file, number, dict.fromkeys((*lacking, _STAND_IN, "- id")))
    for number in heads:
        yield from _swapped(file, number)
    near = dict.fromkeys((*told[1:], *(number for line in told[:2] for number in file.near(line))))
    for number in near:
        if number != first:
            yield from _of_line(file, number, first)
    for number in heads:
        yield from _left_out(file, number, _HEADS)
    for number in near:
        yield from _swapped(file, number)


def _of_line(file: File, number: int, first: int) -> Iterator[Suspect]:
    """Yield edits of one line."""
    if file.says(number):
        yield from _doubled(file, number)
        yield from _marked(file, number)
        for to in _levels(file, number):
            yield _moved(file, number, number + 1, to, abs(number - first))


def _levels(file: File, number: int) -> list[int]:
    """Return how far a line could have been meant to be indented, by the lines around it."""
    levels: dict[int, None] = {}
    above, below = file.beside(number, -1), file.beside(number, 1)
    own = file.indent(number)
    if above is not None:
        base = file.indent(above, KEY_INDENT)
        levels |= dict.fromkeys((file.indent(above), base, base + 2))
    if below is not None:
        levels[max(0, file.indent(below) - 2)] = None
        levels[file.indent(below)] = None
    levels |= dict.fromkeys((own - 2, own + 2))
    return sorted((each for each in levels if each >= 0 and each != own), key=lambda each: abs(each - own))


def _moved(file: File, number: int, end: int, to: int, far: int) -> Suspect:
    """Return lines moved to another indentation."""
    by = file.indent(number)
    edits: list[Edit] = []
    for each in range(number, end):
        start = file.starts[each]
        if file.lines[each].strip():
            edits.append((start, start + max(0, by - to), " " * max(0, to - by)))
    values: Values = {"by": str(by), "to": str(to)}
    code = "DR210" if end == number + 1 else "DR211"
    tabs = file.lines[number][by : len(file.lines[number]) - len(file.lines[number].lstrip())]
    if tabs:
        start = file.starts[number]
        code, values, edits = "DR111", {}, [(start, start + by + len(tabs), " " * to)]
    return Suspect(_on_line(file, number, code, values, edits), end - number, abs(to - by) + 2 * far)


def _moved_together(file: File, number: int) -> Iterator[Suspect]:
    """Yield a line moved together with what is below it, as far as that may reach."""
    if not file.says(number):
        return
    end, child = file.below(number), file.beside(number, 1)
    if child is None or child >= end:
        return
    for to in _levels(file, number)[:2]:
        yield _moved(file, number, end, to, 0)
    inner = [
        each for each in range(child + 1, end) if file.says(each) and file.indent(each) == file.indent(child)
    ]
    for each in inner[:_PARTS]:
        yield _moved(file, number, each, file.indent(number) + 2, 0)


def _pasted_twice(file: File, number: int, found: Sequence[Diagnostic]) -> Iterator[Suspect]:
    """Yield the removal of lines that stand twice; what was said of the first of them says it all."""
    said = next((each for each in found if each.code in {"DR106", "DR310"}), None)
    for size in range(2, min(number, _PASTED) + 1):
        lines = file.lines[number : number + size]
        if said is not None and lines == file.lines[number - size : number]:
            edit: Edit = (file.starts[number], min(file.starts[number + size], len(file.source.text)), "")
            yield Suspect(_on_line(file, number, said.code, said.values, [edit]), 1, 0, said=said)


def _on_line(file: File, number: int, code: str, values: Values, edits: Iterable[Edit]) -> Finding:
    """Return a finding that is reported at what a line says."""
    start = file.starts[number]
    end = start + len(_said(file.lines[number]))
    return Finding(code, min(start + file.indent(number), end), end, values, tuple(edits))


def _said(line: str) -> str:
    """Return a line without its comment."""
    return line.split(" #", maxsplit=1)[0].rstrip()


def _doubled(file: File, number: int) -> Iterator[Suspect]:
    """Yield the removal of a line that stands twice in a row."""
    above = file.beside(number, -1)
    if above is None or _said(file.lines[above]) != _said(file.lines[number]):
        return
    key = file.lines[number].strip().split(":", 1)[0]
    start = file.starts[number]
    begin = start + file.indent(number)
    edit: Edit = (start, min(file.starts[number + 1], len(file.source.text)), "")
    values: Values = {"key": key, "line": str(above + 1)}
    yield Suspect(Finding("DR106", begin, begin + len(key), values, (edit,)), 1, 0)


_WORDS_ONLY: Final = re.compile(r" *[^\s#:{}\[\]-]*[\u4e00-\u9fff]")


def _marked(file: File, number: int) -> Iterator[Suspect]:
    """Yield a line with the mark that it lacks: the dash of an item, the hash of a comment."""
    line, start, indent = file.lines[number], file.starts[number], file.indent(number)
    if _WORDS_ONLY.match(line) and not re.match(r" *[^\s]+:( |$)", _said(line)):
        yield Suspect(_on_line(file, number, "DR214", {}, [(start + indent, start + indent, "# ")]), 1, 0)
    above = file.beside(number, -1)
    while above is not None and file.indent(above) >= indent:
        above = file.beside(above, -1)
    key = line[indent:].split(":", 1)[0]
    if above is not None and file.lines[above][file.indent(above) :].startswith(f"- {key}:"):
        values: Values = {
            "problem": Phrase(
                f"`{_said(line).strip()}` 前面少了短横", f"a dash is missing before `{_said(line).strip()}`"
            ),
            "remedy": Phrase("用 `- ` 开头", "begin it with `- `"),
        }
        edit: Edit = (start, start + indent, " " * file.indent(above) + "- ")
        yield Suspect(_on_line(file, number, "DR104", values, [edit]), 1, 0)


def _swapped(file: File, number: int) -> Iterator[Suspect]:
    """Yield a line and the one below it in the other order."""
    below = file.beside(number, 1)
    if below is None or not file.says(number):
        return
    start, end = file.starts[below], file.starts[below] + len(file.lines[below])
    here = file.starts[number]
    edits: tuple[Edit, ...] = ((here, here, file.lines[below] + "\n"), (start - 1, end, ""))
    values: Values = {"below": _said(file.lines[below]).strip()[:40]}
    yield Suspect(_on_line(file, number, "DR213", values, edits), 2, 0)


def _left_out(file: File, number: int, keys: Iterable[str]) -> Iterator[Suspect]:
    """Yield the line of a key, or of a name or an id, above a line."""
    if not file.says(number):
        return
    start, indent = file.starts[number], file.indent(number)
    levels = (indent - 2, indent) if file.lines[number].lstrip().startswith("- ") else (indent - 2,)
    for key in keys:
        said = "- id: ID" if key == "- id" else f"{key}:"
        for to in levels:
            if to >= 0:
                values: Values = {"line": said}
                edit: Edit = (start, start, " " * to + said + "\n")
                yield Suspect(_on_line(file, number, "DR212", values, [edit]), 1, 3)


def is_about_the_stand_in(found: Diagnostic) -> bool:
    """Tell whether something is said of the word that stands for a name that is missing."""
    return found.code in {"DR311", "DR404"} and _STAND_IN in found.values.values()


def missing_name(suspect: Suspect, errors: Sequence[Diagnostic]) -> Suspect | None:
    """Return a line that defines a name with the one name that is still not defined."""
    if suspect.finding.values.get("line") != f"{_STAND_IN}:" or not errors:
        return None
    names = {str(each.values.get(_UNKNOWN.get(each.code, ""), "")) for each in errors}
    if len(names) != 1 or names & {"", _STAND_IN}:
        return None
    said = f"{names.pop()}:"
    edits = tuple(
        (start, end, new.replace(f"{_STAND_IN}:", said)) for start, end, new in suspect.finding.edits
    )
    return replace(suspect, finding=replace(suspect.finding, values={"line": said}, edits=edits))


_DEFINITION: Final = re.compile(r" *(?P<name>[^\s:#{}\[\],-][^\s:#{}\[\],]*):(?=\s|$)")
_OPTIONS: Final = re.compile(r"[^\s,\[\]]+(?=[^\[]*\])")
_WORD: Final = re.compile(r"[^\s:,{}\[\]\"'.]+")


def _renamings(files: Mapping[str, File], errors: Sequence[Diagnostic]) -> Iterator[tuple[str, Suspect]]:
    """Yield names that are used nowhere, written as one that is used several times and defined nowhere."""
    used = Counter(
        part
        for each in errors
        if each.code in _UNKNOWN
        for part in str(each.values[_UNKNOWN[each.code]]).split(".")
    )
    if not used:
        return
    for each in errors:
        file = files.get(each.span.source.name)
        if file is not None and each.code == "DR309":
            start = file.starts[each.span.line - 1] + each.span.column - 1
            for wanted, _ in used.most_common(_NAMES):
                edit = (start, start + len(str(each.values["name"])), wanted)
                yield (
                    file.source.name,
                    Suspect(Finding(each.code, start, start, {}, (edit,)), 1, 0, said=each),
                )
    words = Counter(
        word for file in files.values() for line in file.lines for word in _WORD.findall(_said(line))
    )
    here = errors[0].span.source.name
    for wanted, count in used.most_common(2):
        ranked: list[tuple[tuple[bool, int, bool], str, Suspect]] = []
        for file in files.values():
            for start, name in _defined(file):
                if words[name] > 1 and not file.source.text.startswith(("[", ",", "]"), start - 1):
                    continue
                values: Values = {"name": name, "used": Phrase(wanted, wanted), "count": str(count)}
                finding = Finding(
                    "DR322", start, start + len(name), values, ((start, start + len(name), wanted),)
                )
                shared = len({*re.split(r"[_-]", name)} & {*re.split(r"[_-]", wanted)})
                alike = nearest_word(name, [wanted]) is not None
                if count == 1 and (alike or not shared):
                    continue  # which of the two is misspelt cannot be known
                rank = (not alike, -shared, file.source.name != here)
                ranked.append((rank, file.source.name, Suspect(finding, 1, 0, wanted, likely=alike)))
        ranked.sort(key=lambda ranks: ranks[0])
        for _, file_name, suspect in ranked[:_NAMES]:
            yield file_name, suspect


def _of_another_subject(
    files: Mapping[str, File], errors: Sequence[Diagnostic]
) -> Iterator[tuple[str, Suspect]]:
    """Yield the line of the subject that a decision's facts belong to."""
    for error in errors:
        file = files.get(error.span.source.name)
        if error.code != "DR319" or file is None:
            continue
        head: int | None = error.span.line - 1
        while head is not None and file.indent(head) > 2:
            head = file.beside(head, -1)
        inner = file.beside(head, 1) if head is not None else None
        if head is None or inner is None:
            return
        subject = f"subject: {error.values['owner']}"
        edit: Edit = (file.starts[inner], file.starts[inner], " " * file.indent(inner) + subject + "\n")
        finding = _on_line(file, head, "DR202", {"key": "subject"}, [edit])
        yield file.source.name, Suspect(finding, 1, 0, subject)
        return


def _defined(file: File) -> Iterator[tuple[int, str]]:
    """Yield where a file defines names, and the names."""
    table: list[tuple[int, str]] = []
    for number, line in enumerate(file.lines):
        match = _DEFINITION.match(line)
        if match is None or not file.says(number):
            continue
        indent = match.start("name")
        while table and table[-1][0] >= indent:
            table.pop()
        if table and table[-1][1] in _TABLES:
            yield file.starts[number] + indent, match["name"]
        if match["name"] == "options":
            for word in _OPTIONS.finditer(line, match.end()):
                yield file.starts[number] + word.start(), word[0]
        table.append((indent, match["name"]))
