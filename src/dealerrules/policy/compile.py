"""The compiler: policy documents to editions of the model; all mistakes are collected, none stops the rest.

Place in the flow: text comes in (files, or texts by name), :class:`~dealerrules.policy.model.Edition` go out.
An edition is what is in force between two days; where no policy has versions there is one edition.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.diagnostics import Diagnostic, Phrase, PolicyError, Severity, Source
from dealerrules.policy.document import (
    EffectiveShape,
    PolicyShape,
    read_shape,
)
from dealerrules.policy.editor import Draft, Editor
from dealerrules.policy.extend import extended
from dealerrules.policy.parse import MapNode, parse, read_file
from dealerrules.policy.phrases import phrase, shape_name
from dealerrules.policy.scope import Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealerrules.policy.model import Edition


CASES_SUFFIX = ".cases.yaml"


def policy_files(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Return the policy files of some paths with the names to show: files as given, directories' ``*.yaml``."""
    found: dict[Path, str] = {}
    for path in paths:
        if path.is_dir():
            for file in sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]):
                if not file.name.endswith((CASES_SUFFIX, ".cases.yml")):
                    found.setdefault(file.resolve(), file.as_posix())
        else:
            found.setdefault(path.resolve(), path.as_posix())
    return [(Path(shown), shown) for shown in found.values()]


def read_sources(paths: Iterable[Path], report: Report) -> list[Source]:
    """Read policy files; those that cannot be read are reported."""
    sources = []
    for path, shown in policy_files(paths):
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
    drafts = _drafts(sources, report)
    _check_versions(drafts, report)
    editions = tuple(Editor(start, end, active, report).make() for start, end, active in _intervals(drafts))
    errors = [each for each in report.diagnostics if each.severity is Severity.ERROR]
    if errors:
        raise PolicyError(report.diagnostics)
    return editions


def _drafts(sources: Iterable[Source], report: Report) -> list[Draft]:
    nodes: list[MapNode] = []
    for source in sources:
        node, faults = parse(source)
        report.extend(faults)
        if node is None:
            continue
        if isinstance(node, MapNode):
            nodes.append(node)
        else:
            report.add("DR203", node, expected=phrase("a mapping"), got=shape_name(node))
    drafts = []
    for node in extended(nodes, report):
        shape, faults = read_shape(PolicyShape, node)
        report.extend(faults)
        if shape is not None:
            start, end = check_effective(shape.effective, report, date.min, date.max)
            drafts.append(Draft(shape, start, end))
    return drafts


def _check_versions(drafts: list[Draft], report: Report) -> None:
    by_name: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_name.setdefault(draft.name, []).append(draft)
    for name, versions in by_name.items():
        ordered = sorted(versions, key=lambda draft: (draft.start, draft.end))
        for earlier, later in zip(ordered, ordered[1:], strict=False):
            if later.start <= earlier.end:
                at = later.shape.span("effective") if later.shape.effective else later.span
                related = ((earlier.span, Phrase("另一个版本", "the other version")),)
                report.add("DR502", at, policy=name, start=str(later.start), related=related)


def _intervals(drafts: list[Draft]) -> list[tuple[date, date, list[Draft]]]:
    """Cut time where a version begins or ends; in each piece the same drafts are in force."""
    starts = {draft.start for draft in drafts}
    starts |= {draft.end + timedelta(days=1) for draft in drafts if draft.end < date.max}
    ordered = sorted(starts)
    pieces = []
    for start, following in zip_longest(ordered, ordered[1:]):
        end = following - timedelta(days=1) if following is not None else date.max
        active = [draft for draft in drafts if draft.start <= start and end <= draft.end]
        if active:
            pieces.append((start, end, active))
    return pieces


def check_effective(
    shape: EffectiveShape | None, report: Report, lowest: date, highest: date
) -> tuple[date, date]:
    """Return the days from which and until which something is in force; the end must not precede the start."""
    if shape is None:
        return lowest, highest
    start, end = shape.start or lowest, shape.until or highest
    if end < start:
        report.add("DR512", shape.span("until"), start=str(start), until=str(end))
    return start, end
