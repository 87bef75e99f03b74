"""The compiler: policy documents to editions of the model; all mistakes are collected, none stops the rest.

Place in the flow: text comes in (files, or texts by name), :class:`~dealerrules.policy.model.Edition` go out.
An edition is what is in force between two days; where no policy has versions there is one edition.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Diagnostic, Phrase, PolicyError, Severity, Source, Span
from dealerrules.policy.causes import explained
from dealerrules.policy.document import NAMED, PolicyShape
from dealerrules.policy.editor import Draft, Editor
from dealerrules.policy.extend import extended
from dealerrules.policy.making import check_effective
from dealerrules.policy.model import linked
from dealerrules.policy.parse import MapNode, is_readable, parse, read_file
from dealerrules.policy.phrases import phrase
from dealerrules.policy.reading import joined, mended_shape
from dealerrules.policy.scope import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealerrules.policy.causes import Edits
    from dealerrules.policy.model import Edition


CASES_SUFFIX = ".cases.yaml"


def policy_files(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Return the policy files of some paths with the names to show: files as given, directories' ``*.yaml``."""
    found: dict[Path, str] = {}
    for path in paths:
        for file in _policies_in(path) if _is_directory(path) else [path]:
            found.setdefault(_real(file), file.as_posix())
    return [(Path(shown), shown) for shown in found.values()]


def _policies_in(directory: Path) -> list[Path]:
    """Return the policy files in a directory, and the directories in it that cannot be looked into: reading tells why."""
    files: list[Path] = []

    def closed(error: OSError) -> None:
        files.append(Path(error.filename))

    for place, inside, names in os.walk(directory, onerror=closed):
        files += (Path(place, name) for name in (*inside, *names) if name.endswith((".yaml", ".yml")))
    return sorted({file for file in files if not file.name.endswith((CASES_SUFFIX, ".cases.yml"))})


def _is_directory(path: Path) -> bool:
    """Tell whether this is a directory; of what cannot be looked at, reading tells why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _real(path: Path) -> Path:
    """Return what a path comes to behind its links, unless they lead nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


def read_sources(paths: Iterable[Path], report: Report) -> list[Source]:
    """Read policy files; those that cannot be read are reported, and directories that hold none."""
    sources = []
    given = list(paths)
    for path in given:
        if _is_directory(path) and not _policies_in(path):
            nothing = Phrase(
                "目录里没有政策文件（*.yaml）", "there is no policy file (*.yaml) in this directory"
            )
            report.add("DR101", Span(Source(path.as_posix(), ""), 1, 1, 1, 1), reason=nothing)
    for path, shown in policy_files(given):
        source, faults = read_file(path, shown)
        report.extend(faults)
        if source is not None:
            sources.append(source)
    return sources


def compile_sources(sources: Iterable[Source]) -> tuple[tuple[Edition, ...], list[Diagnostic]]:
    """Compile policies.

    Args:
        sources: the files' texts.

    Returns:
        the editions in order of time, and the warnings.

    Raises:
        PolicyError: with every mistake found, when there is an error among them.
    """
    report = Report()
    return compile_into(report, sources), report.diagnostics


def compile_into(report: Report, sources: Iterable[Source]) -> tuple[Edition, ...]:
    """Compile policies, adding what is found to `report`; raise its errors at the end."""
    return tuple(edition for _, edition in edited_sources(report, sources))


def edited_sources(report: Report, sources: Iterable[Source]) -> list[tuple[Editor, Edition]]:
    """Compile policies as `edited` does; where one slip explains several errors, only the slip is reported."""
    sources, before = list(sources), list(report.diagnostics)
    try:
        return edited(report, policy_nodes(report, sources))
    except PolicyError as error:
        found = [each for each in error.diagnostics if each not in before]
        report.diagnostics[:] = [*before, *explained(sources, found, partial(_found, sources, {}))]
    raise PolicyError(report.diagnostics)


def _found(sources: Iterable[Source], read: dict[str, _Read], edits: Edits) -> list[Diagnostic] | None:
    """Return what is found in policies after some edits, or none where an edit spoils the text itself.

    Args:
        sources: the files' texts.
        read: keeps what the files say without edits, from one time to the next.
        edits: by the name of a file.
    """
    report = Report()
    nodes: list[MapNode] = []
    for source in sources:
        if source.name not in read:
            own = Report()
            read[source.name] = (policy_nodes(own, [source]), own)
        parsed, own = read[source.name]
        if source.name in edits:
            if not is_readable(source, edits[source.name]):
                return None
            known = {each.message("en") for each in own.diagnostics}
            own = Report()
            parsed = policy_nodes(own, [source], edits)
            if any(each.message("en") not in known for each in own.diagnostics):
                return None
        report.extend(own.diagnostics)
        report.lost = report.lost or own.lost
        nodes += parsed
    with suppress(PolicyError):
        edited(report, nodes)
    return report.diagnostics


_Read = tuple[list[MapNode], Report]
"""A file's nodes, and what is wrong with its text."""


def compile_nodes(report: Report, nodes: list[MapNode]) -> tuple[Edition, ...]:
    """Compile policies that are parsed already, as `compile_into` does."""
    return tuple(edition for _, edition in edited(report, nodes))


def edited(report: Report, nodes: list[MapNode]) -> list[tuple[Editor, Edition]]:
    """Compile policies; each edition comes with its editor, who knows where everything in it stands."""
    drafts = _drafts(nodes, report)
    _check_versions(drafts, report)
    editors = [Editor(start, end, active, report) for start, end, active in _intervals(drafts)]
    editions = list(zip(editors, linked([editor.make() for editor in editors]), strict=True))
    if any(each.severity is Severity.ERROR for each in report.diagnostics):
        raise PolicyError(report.diagnostics)
    return editions


def policy_nodes(report: Report, sources: Iterable[Source], edits: Edits | None = None) -> list[MapNode]:
    """Parse policies, after some edits; what is no mapping is reported and left out."""
    nodes: list[MapNode] = []
    for source in sources:
        node, faults = parse(source, (edits or {}).get(source.name, ()))
        report.extend(faults)
        if isinstance(node, MapNode):
            whole, faults = joined(node)
            report.extend(faults)
            assert isinstance(whole, MapNode)
            nodes.append(whole)
            continue
        report.lost = True
        if node is not None:
            report.not_this(node, phrase("a mapping (`key: value`)"))
    return nodes


def _drafts(nodes: list[MapNode], report: Report) -> list[Draft]:
    drafts = []
    for node in extended(nodes, report):
        shape, faults = mended_shape(PolicyShape, node)
        report.extend(faults)
        report.lost = report.lost or shape.broken(*NAMED) or len(set(node.keys())) < len(node.entries)
        start, end = check_effective(shape.effective, report, date.min, date.max)
        drafts.append(Draft(shape, start, end))
    return drafts


def _check_versions(drafts: list[Draft], report: Report) -> None:
    by_name: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_name.setdefault(draft.name, []).append(draft)
    by_name.pop("", None)  # the name is at fault
    for name, versions in by_name.items():
        first, *others = sorted(versions, key=lambda draft: (draft.start, draft.end))
        for draft in others:
            if draft.start <= first.end:
                related = ((first.place, Phrase("另一个版本", "the other version")),)
                start = Phrase("每一天", "every day")
                if draft.start > date.min:
                    start = Phrase(f" {draft.start} ", str(draft.start))
                report.add("DR502", draft.place, policy=name, start=start, related=related)
            first = max(first, draft, key=lambda version: version.end)


def _intervals(drafts: list[Draft]) -> list[tuple[date, date, list[Draft]]]:
    """Cut time where a version begins or ends; in each piece the same drafts are in force."""
    starts = {draft.start for draft in drafts}
    starts |= {draft.end + timedelta(days=1) for draft in drafts if draft.end < date.max}
    ordered = sorted(starts)
    pieces = []
    for start, following in zip_longest(ordered, ordered[1:]):
        end = following - timedelta(days=1) if following is not None else date.max
        active = [draft for draft in drafts if draft.start <= start and end <= draft.end]
        pieces += [(start, end, chosen) for chosen in _one_of_each(active)]
    return pieces


def _one_of_each(drafts: list[Draft]) -> Iterator[list[Draft]]:
    """Yield the drafts; of versions that overlap, which is a fault, one after the other: each is looked at."""
    by_name: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_name.setdefault(draft.name or draft.place.place, []).append(draft)
    for at in range(max(map(len, by_name.values()), default=0)):
        yield [versions[min(at, len(versions) - 1)] for versions in by_name.values()]
