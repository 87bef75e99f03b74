"""Causes: the one slip that explains what looks like several mistakes.

Place in the flow: between the editor and the compiler, and only when there are errors. A line two spaces too far to the
left, or a name written otherwise where it is defined, makes a dozen places wrong that are right. The compiler hands
in what was found and a way to try again with an edit; where one edit of one place makes the rest sound, that place is
reported, and the consequences are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from dealerrules.diagnostics import Diagnostic, Severity, Source, Span
from dealerrules.policy.draft import KEY_INDENT, Finding
from dealerrules.policy.suspects import (
    PLACED,
    File,
    Suspect,
    is_about_the_stand_in,
    missing_name,
    suspects,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Edits = Mapping[str, tuple[Finding, ...]]
"""What is edited before reading, by the name of the file."""
Attempt = Callable[[Edits], list[Diagnostic] | None]
"""Loads the policies anew with edits, and returns what is found; none where an edit spoils the text itself."""

_WORK: Final = 2_500_000  # characters read anew, at most
_ATTEMPTS: Final = 60  # and how often, at most
_OF_ONE: Final = 24  # and how often where there is only one error
_ROUNDS: Final = 3  # causes found, at most


def explained(sources: Iterable[Source], found: Sequence[Diagnostic], attempt: Attempt) -> list[Diagnostic]:
    """Return what was found, with causes in the place of their consequences.

    Args:
        sources: the files' texts.
        found: everything that was found in them.
        attempt: loads them anew with edits.
    """
    files = {source.name: File(_plain(source)) for source in sources}
    size = sum(len(each.source.text) for each in files.values())
    left = min(_ATTEMPTS, _WORK // (size + 1))
    edits: dict[str, tuple[Finding, ...]] = {}
    causes: list[Diagnostic] = []
    rest = list(found)
    for _ in range(_ROUNDS):
        errors = _errors(rest)
        if not errors or (len(errors) == 1 and not _may_be_elsewhere(errors[0])):
            break
        budget = max(0, left if len(errors) > 1 else min(left, _OF_ONE))
        best: _Best | None = None
        for name, suspect in islice(suspects(files, errors), 3 * budget):
            each = suspect
            after = attempt({**edits, name: (*edits.get(name, ()), each.finding)})
            if after is not None:
                left, budget = left - 1, budget - 1
            if budget < 0:
                break
            wanted = missing_name(each, _errors(after)) if after is not None else None
            if wanted is not None:  # the line that is missing defines a name that is used
                each = wanted
                after = attempt({**edits, name: (*edits.get(name, ()), each.finding)})
            if after is not None:
                after = [one for one in after if not is_about_the_stand_in(one)]
                after = _each_place(errors, after, files[name], each.finding)
            if after is None or not _explains(errors, _errors(after), each):
                continue
            steps = _odd_steps(files[name], each.finding)
            score = (len(_errors(after)), steps, each.lines, each.far)
            if best is None or score < best.score:
                best = _Best(score, name, each, after)
            if score[0] == 0 and (not steps or steps < _odd_steps(files[name], None)):
                break
        if best is None:
            break
        finding = best.chosen.finding
        same_line = len(errors) == 1 and errors[0].span.line == _line(files[best.file], finding)
        if same_line and (errors[0].code != "DR104" or finding.code in {"DR210", "DR211"}):
            break  # it was told where it stands
        edits[best.file] = (*edits.get(best.file, ()), best.chosen.finding)
        causes.append(_diagnostic(files[best.file], best.chosen))
        rest = best.after
    return [*causes, *rest]


@dataclass(frozen=True, slots=True)
class _Best:
    """The best explanation so far."""

    score: tuple[int, ...]
    file: str
    chosen: Suspect
    after: list[Diagnostic]


def _may_be_elsewhere(error: Diagnostic) -> bool:
    """Tell whether the cause of the only error may be another line: not where a value on its key's line is wrong."""
    span = error.span
    first_on_line = not span.source.line(span.line)[: span.column - 1].strip(" -")
    return error.code in PLACED and (first_on_line or error.code not in {"DR104", "DR203"})


def _plain(source: Source) -> Source:
    return Source(source.name, source.text.removeprefix("\ufeff"))


def _errors(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [each for each in found if each.severity is Severity.ERROR]


def _each_place(
    before: Sequence[Diagnostic], after: list[Diagnostic], file: File, finding: Finding
) -> list[Diagnostic]:
    """Return what is found after an edit; what is still wrong with a line that it moved is told as before.

    All that is said of text that stands elsewhere after an edit has one place, and what has one place is said once.
    """
    moved_to = {_line_at(file, start) for start, end, new in finding.edits if start == end and new.strip()}
    moved_from = {_line_at(file, start + 1) for start, _, new in finding.edits if not new}
    still = {_said(each) for each in after if _stands(each, file, moved_to)}
    whole = [each for each in before if _stands(each, file, moved_from) and _said(each) in still]
    told = {_said(each) for each in whole}
    return [
        *(each for each in after if not (_stands(each, file, moved_to) and _said(each) in told)),
        *whole,
    ]


def _stands(each: Diagnostic, file: File, lines: set[int]) -> bool:
    return each.span.source.name == file.source.name and each.span.line in lines


def _said(each: Diagnostic) -> tuple[str, str]:
    return each.code, each.message("en")


def _explains(before: Sequence[Diagnostic], after: Sequence[Diagnostic], tried: Suspect) -> bool:
    """Tell whether an edit made errors go away, and no new ones come."""
    if not after or not tried.likely:
        return not after
    known = {_said(each) for each in before}
    return len(after) <= len(before) - 3 and all(_said(each) in known for each in after)


def _line(file: File, finding: Finding) -> int:
    return _line_at(file, finding.start)


def _line_at(file: File, at: int) -> int:
    return file.source.text.count("\n", 0, at) + 1


def _diagnostic(file: File, chosen: Suspect) -> Diagnostic:
    if chosen.said is not None:
        return chosen.said
    finding = chosen.finding
    line = _line(file, finding)
    column = finding.start - file.starts[line - 1] + 1
    width = finding.end - finding.start
    span = Span(file.source, line, column, line, column + width)
    return Diagnostic(finding.code, span, finding.values, chosen.nearest)


# --- how likely ---------------------------------------------------------------------------------------


def _odd_steps(file: File, finding: Finding | None) -> int:
    """Count the lines that are indented by other steps than two, after an edit."""
    text = file.source.text
    for start, end, new in sorted(finding.edits, reverse=True) if finding is not None else ():
        text = text[:start] + new + text[end:]
    odd, base = 0, 0
    for line in text.split("\n"):
        if line.strip()[:1] in {"", "#"}:
            continue
        indent = len(line) - len(line.lstrip(" "))
        odd += indent > base and indent != base + 2
        match = KEY_INDENT.match(line)
        base = match.end() if match else indent
    return odd
