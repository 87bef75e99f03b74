"""Lint: everything that is wrong with policy files, and everything that is legal but suspicious, in one list.

Place in the flow: what `dealerrules check` runs. Files are compiled; each edition's decisions come on the analyser's
desk; findings that the policy acknowledges are taken out, and acknowledgements that no longer apply are findings.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.analysis.definitions import check_facts
from dealerrules.analysis.diagrams import TooLargeError
from dealerrules.analysis.findings import Desk, Finding
from dealerrules.analysis.gifts import check_items, check_offer
from dealerrules.analysis.housekeeping import check_names, check_review, check_texts
from dealerrules.analysis.ladders import check_switch, check_tier
from dealerrules.analysis.pay import check_payout
from dealerrules.analysis.space import Space
from dealerrules.analysis.tables import check_stages, check_table
from dealerrules.diagnostics import Diagnostic, Phrase, PolicyError, Source, sort_diagnostics
from dealerrules.policy.compile import edited_sources, read_sources
from dealerrules.policy.model import Offer, Payout, Rules, Stage, Tier, digest, meanings
from dealerrules.policy.scope import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from dealerrules.policy.document import AcknowledgeShape
    from dealerrules.policy.editor import Draft, Editor
    from dealerrules.policy.model import AnyDecision, Edition


def check(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, today: date | None = None
) -> list[Diagnostic]:
    """Return everything that is found in policy files: errors or, where there are none, warnings and findings.

    Args:
        paths: a YAML file, a directory of them, or several of either.
        today: the day by which to look at `review_by`; without it none is due.

    Examples:
        >>> [str(each.code) for each in check_texts_of('''
        ... policy: p
        ... decisions:
        ...   gift:
        ...     kind: rules
        ...     hit: unique
        ...     outputs: {gift: {type: boolean}}
        ...     rows:
        ...       - {id: often, when: {visits_past_year: {at_least: 4}}, then: {gift: true}}
        ...       - {id: rare, when: {visits_past_year: {less_than: 3}}, then: {gift: false}}
        ... ''')]
        ['DR701']
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    report = Report()
    return check_sources(read_sources([Path(path) for path in given], report), report, today=today)


def check_texts_of(*texts: str, today: date | None = None) -> list[Diagnostic]:
    """Return what is found in policies that are given as texts."""
    names = [f"policy{number or ''}.yaml" for number in range(len(texts))]
    sources = [Source(name, text) for name, text in zip(names, texts, strict=True)]
    return check_sources(sources, Report(), today=today)


def check_sources(sources: list[Source], report: Report, *, today: date | None = None) -> list[Diagnostic]:
    """Return what is found in policies that have been read; `report` holds what was wrong with the files."""
    try:
        editions = edited_sources(report, sources)
    except PolicyError as error:
        return list(error.diagnostics)
    found = _once(_found(editions, today))
    return sort_diagnostics([*report.diagnostics, *_acknowledged(editions, found)])


def _found(editions: list[tuple[Editor, Edition]], today: date | None) -> Iterator[Finding]:
    done: set[tuple[str, str]] = set()
    before: Edition | None = None
    for editor, edition in editions:
        for name, decision in edition.decisions.items():
            version = (
                editor.decisions[name].span.place,
                digest(meanings(edition, [name])) if len(editions) > 1 else "",
            )
            if version not in done:
                done.add(version)
                yield from findings(editor, edition, decision)
            yield from check_switch(editor, edition, before, name)
        before = edition
        yield from check_items(edition, editor)
        yield from check_facts(edition, editor)
    drafts = {id(draft): draft for editor, _ in editions for draft in editor.drafts}.values()
    for draft in drafts:
        yield from check_texts(draft)
        if today is not None:
            yield from check_review(draft, today)
    yield from _never_used([editor for editor, _ in editions])


def _never_used(editors: list[Editor]) -> Iterator[Finding]:
    """Yield what is used in no edition that it is in force in."""
    in_force = Counter(draft.place.source.name for editor in editors for draft in editor.drafts)
    unused: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for editor in editors:
        for finding in check_names(editor):
            unused[finding.diagnostic.code, finding.diagnostic.span.place].append(finding)
    for found in unused.values():
        if len(found) >= in_force[found[0].diagnostic.span.source.name]:
            yield found[0]


CHECKS: dict[type[AnyDecision], Callable[[Desk], None]] = {
    Tier: check_tier,
    Stage: check_stages,
    Payout: check_payout,
    Offer: check_offer,
    Rules: check_table,
}


def findings(editor: Editor, edition: Edition, decision: AnyDecision) -> list[Finding]:
    """Return what is suspicious about one decision of an edition; where the rest is too large to tell, that too."""
    found: list[Finding] = []
    try:
        space = Space.of([edition], decision.subject, [decision.name])
        CHECKS[type(decision)](Desk(edition, editor, decision, space, found))
    except TooLargeError:
        span = editor.decisions[decision.name].span
        found.append(Finding(Diagnostic("DR761", span, {"name": decision.name}), decision.name, ()))
    return found


def _once(found: Iterable[Finding]) -> list[Finding]:
    """Return findings, each once: several editions may say the same of one place."""
    kept: dict[tuple[object, ...], Finding] = {}
    for each in found:
        diagnostic = each.diagnostic
        where = (diagnostic.code, diagnostic.span.place, each.about, str(diagnostic.values.get("inputs")))
        kept.setdefault(where, each)
    return list(kept.values())


# ---------------------------------------------------------------------------------------------------
# Acknowledgements


def _acknowledged(editions: list[tuple[Editor, Edition]], found: list[Finding]) -> Iterator[Diagnostic]:
    """Yield the findings that nobody has acknowledged, and the acknowledgements that find nothing."""
    taken: set[int] = set()
    seen: set[str] = set()
    for shape, applies in _entries(editions):
        if shape.span("finding").place in seen:
            continue
        seen.add(shape.span("finding").place)
        mine = [
            at
            for at, each in enumerate(found)
            if each.diagnostic.code == shape.finding
            and applies(each)
            and (shape.at is None or shape.at in each.about)
        ]
        taken.update(mine)
        if not mine:
            at = Phrase(f"（`{shape.at}`）", f" at `{shape.at}`") if shape.at is not None else Phrase("", "")
            yield Diagnostic("DR751", shape.span("finding"), {"finding": shape.finding, "at": at})
    yield from (each.diagnostic for at, each in enumerate(found) if at not in taken)


def _entries(
    editions: list[tuple[Editor, Edition]],
) -> Iterator[tuple[AcknowledgeShape, Callable[[Finding], bool]]]:
    """Yield acknowledgements, with the findings that they are about: of their decision, or of their file."""
    for editor, _ in editions:
        for name, source in editor.decisions.items():
            for shape in source.shape.acknowledge:
                yield shape, _of_decision(name, source.draft)
        for draft in editor.drafts:
            for shape in draft.shape.acknowledge:
                yield shape, _of_file(draft)


def _of_decision(name: str, draft: Draft) -> Callable[[Finding], bool]:
    return lambda each: each.decision == name and _same_file(each, draft)


def _of_file(draft: Draft) -> Callable[[Finding], bool]:
    return lambda each: _same_file(each, draft)


def _same_file(each: Finding, draft: Draft) -> bool:
    return each.diagnostic.span.source.name == draft.place.source.name
