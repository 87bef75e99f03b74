"""Proposing: cases that would show what no case shows yet, with their present outcomes, for a person to approve.

Place in the flow: behind ``coverage`` and ``mutation``. Candidates are read off the policies: every number from below,
on it and above, every word, yes and no, unknown and absent, and pairs of all that a decision reads. Only those that
add something are proposed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from dealerrules.cases.coverage import Coverage, run_cases
from dealerrules.cases.expectations import NAMING, OF_EVERY_KIND, OF_KIND, called, came_out
from dealerrules.cases.mutation import Trial, fails, found_in
from dealerrules.cases.questions import Questions
from dealerrules.cases.record_questions import RecordQuestions
from dealerrules.cases.running import PolicyCase, run_case
from dealerrules.cases.texts import expected_text, fact_text, mapping, text
from dealerrules.faults import RecordError
from dealerrules.pages import plain
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import Kind, to_yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dealerrules.book import PolicyBook
    from dealerrules.cases.mutants import Mutant
    from dealerrules.cases.targets import Target
    from dealerrules.policy.model import AnyDecision, Edition
    from dealerrules.values import Type

USUAL_DAY: Final = date(2020, 1, 1)
"""The day of a proposed case, where no case of the decision says another."""
_UNWRITTEN: Final = frozenset(
    {"data", "benefits", "follow_up", "cadence", "payee", "items", "cells", "matched"}
)
"""What a proposed case states only when it is for that: texts, what things are worth, what follows from the rest."""
_NAMED: Final = (*NAMING, "amount", "rows")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A case that adds something: what it is for, and the case with what comes out at present."""

    why: str
    case: PolicyCase
    types: Mapping[str, Type]

    def text(self) -> str:
        """Return it as an entry of a case file."""
        case = self.case
        lines = [f"  - name: {text(case.name)}", f"    as_of: {case.as_of}"]
        if case.subject != "customer":
            lines.append(f"    subject: {case.subject}")
        lines += [*self._given(), "    expect:"]
        for name, expected in case.expect.items():
            entries = [(key, expected_text(value)) for key, value in expected.items()]
            lines.append(f"      {name}: {mapping(entries, f'      {name}: ')}")
        return "\n".join(lines)

    def _given(self) -> Iterator[str]:
        """Yield the lines of what is given: ready-made facts, or a record with its events."""
        case = self.case
        if case.record is None:
            facts = [(name, fact_text(value, self.types[name])) for name, value in case.facts.items()]
            yield f"    facts: {mapping(facts, '    facts: ')}"
            return
        meta = SUBJECTS[case.subject]
        own = {name: value for name, value in case.record.items() if name != meta.id_field}
        yield "    given:" if own else "    given: {}"
        for name, value in own.items():
            if not isinstance(value, list):
                yield f"      {name}: {fact_text(value, meta.fields[name])}"
                continue
            fields = TABLES[name].fields
            yield f"      {name}:"
            for event in value:
                entries = [(key, fact_text(each, fields[key])) for key, each in event.items()]
                yield f"        - {mapping(entries, '        - ')}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Cases for a person to approve, and what is left for a person to write.

    Attributes:
        cases: the proposed cases.
        left: what no case shows, and none that is proposed.
        surviving: changes to the policies that no case notices, and none that is proposed.
    """

    cases: tuple[Proposed, ...]
    left: tuple[Target, ...]
    surviving: tuple[Mutant, ...]

    def text(self, lang: str = "en") -> str:
        """Return it as the text of a case file; what is left stands behind the cases, as comments."""
        zh = lang == "zh"
        lines = ["# 建议的样例，逐条核对" if zh else "# proposed, check each"]
        lines += ["cases:", *(each.text() for each in self.cases)] if self.cases else ["cases: []"]
        left = [*(each.text(lang) for each in self.left), *(each.text(lang) for each in self.surviving)]
        if left:
            head = (
                "# 以下各项没有样例可以建议，要自己写："
                if zh
                else "# no case is proposed for these: write one"
            )
            lines += ["", head, *(f"#   {plain(each)}" for each in left)]
        return "\n".join(lines) + "\n"

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "cases": [{"name": each.case.name, "text": each.text()} for each in self.cases],
            "left": [each.to_dict(lang) for each in self.left],
            "surviving": [each.to_dict(lang) for each in self.surviving],
        }


def propose(
    paths: Sequence[Path],
    cases: Iterable[PolicyCase] | None = None,
    *,
    mutants: bool = True,
    lang: str = "en",
) -> Proposal:
    r"""Propose cases for what the cases there are do not show, or would not notice.

    Args:
        paths: policy files, or directories of them.
        cases: the cases there are; those beside the policies otherwise.
        mutants: whether to look for changes that no case notices, too.
        lang: the language of the names of proposed cases, ``zh`` or ``en``.

    Raises:
        PolicyError: when the policies or the cases have mistakes.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> rows = "rows: [{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: true}}]"
        >>> table = f"kind: rules, hit: first, outputs: {{d: {{type: boolean}}}}, {rows}, otherwise: {{d: false}}"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "p.yaml").write_text(f"policy: p\ndecisions: {{d: {{{table}}}}}")
        ...     proposal = propose([Path(folder)])
        >>> for each in proposal.cases:
        ...     print(each.case.facts, each.case.expect["d"]["value"])
        {'visits_past_year': 3} False
        {'visits_past_year': 4} True
        {'visits_past_year': 5} True
        {'visits_past_year': None} None
    """
    desk = _Desk(Trial(paths, cases), lang)
    for name in desk.book.decisions:
        for why, case in desk.candidates(name):
            desk.offer(why, case)
    surviving = tuple(desk.look_for_mutants()) if mutants else ()
    left = tuple(target for target in desk.coverage.targets if not target.covered)
    return Proposal(tuple(desk.proposed), left, surviving)


class _Desk:
    """What has been proposed so far, and what it shows."""

    def __init__(self, trial: Trial, lang: str) -> None:
        self.trial, self.book, self.lang = trial, trial.book, lang
        self.proposed: list[Proposed] = []
        self.coverage = Coverage(self.book)
        self.names = {case.name for case in trial.cases}
        self._wholes: dict[str, list[PolicyCase]] = {}
        self._pools: dict[str, list[tuple[str, PolicyCase]]] = {}
        for result in run_cases(self.book, trial.cases).results:
            self.coverage.see(result)

    def candidates(self, name: str) -> list[tuple[str, PolicyCase]]:
        """Return the candidates for a decision, made once, with what comes out of each at present."""
        if name not in self._pools:
            pool: list[tuple[str, PolicyCase | None]] = []
            for edition in self.book.editions:
                if name in edition.decisions:
                    day, decision = self._day(edition, name), edition.decisions[name]
                    for why, as_of, facts in Questions(edition, name, day).all():
                        pool.append((why, present(self.book, decision, as_of, facts=facts)))
                    for why, as_of, record in RecordQuestions(edition, name, day).all():
                        pool.append((why, present(self.book, decision, as_of, record=record)))
            self._pools[name] = [(why, case) for why, case in pool if case is not None]
        return self._pools[name]

    def _day(self, edition: Edition, name: str) -> date:
        """Return the day on which most cases of a decision stand."""
        days = [case.as_of for case in self.trial.cases if name in case.expect]
        found = max(sorted(set(days)), key=days.count) if days else USUAL_DAY
        return max(edition.start, min(edition.end, found))

    def offer(self, why: str, case: PolicyCase) -> None:
        """Propose a case if it shows something new."""
        if self.coverage.see(run_case(self.book, case)):
            self._propose(why, case)

    def _propose(self, why: str, case: PolicyCase) -> None:
        named = replace(case, name=self._name(why))
        types = _edition(self.book, case.as_of).given_types(case.subject)
        self.proposed.append(Proposed(why, named, types))
        self.trial.add(named)

    def _name(self, why: str) -> str:
        """Return a name that no case has yet."""
        name = f"建议：{why}" if self.lang == "zh" else f"proposed: {why}"
        found, number = name, 2
        while found in self.names:
            found, number = f"{name} ({number})", number + 1
        self.names.add(found)
        return found

    def look_for_mutants(self) -> Iterator[Mutant]:
        """Propose for every change that no case notices the first candidate that does; yield those without one."""
        for mutant, changed in self.trial.mutants():
            if changed is None or self.trial.catches(mutant, changed):
                continue
            caught = self._catching(changed)
            if caught is not None:
                (name,) = caught.expect
                self._propose(f"{name}: {mutant.said(self.lang)}", caught)
            elif not self.trial.is_equivalent(changed):
                yield mutant

    def _catching(self, changed: PolicyBook) -> PolicyCase | None:
        """Return the first candidate that notices a change: by its answer, or else by a text or a worth in it."""
        names = self.trial.touched(changed)
        for name in names:
            for _, case in self.candidates(name):
                if fails(changed, case):
                    return case
        for name in names:
            for case in self._whole(name):
                keys = {each.key for each in found_in(changed, case)} & _UNWRITTEN
                if keys:
                    usual = {"status", *(key for key in case.expect[name] if key in NAMING)}
                    kept = {
                        key: value
                        for key, value in case.expect[name].items()
                        if key in keys or (key in usual and value is not None)
                    }
                    return replace(case, expect={name: kept})
        return None

    def _whole(self, name: str) -> list[PolicyCase]:
        """Return the candidates for a decision with everything that their outcomes hold; one for each answer."""
        if name not in self._wholes:
            found: dict[str, PolicyCase] = {}
            for _, case in self.candidates(name):
                decision = self.book.decisions[name]
                facts = case.facts if case.record is None else None
                made = present(self.book, decision, case.as_of, facts=facts, record=case.record, whole=True)
                if made is not None:
                    found.setdefault(repr([made.expect[name].get(key) for key in _NAMED]), made)
            self._wholes[name] = list(found.values())
        return self._wholes[name]


def present(
    book: PolicyBook,
    decision: AnyDecision,
    as_of: date,
    *,
    facts: Mapping[str, object] | None = None,
    record: Mapping[str, object] | None = None,
    whole: bool = False,
) -> PolicyCase | None:
    """Return ready-made facts, or a record, as a case that expects what comes out; none where they cannot be given."""
    name, subject = decision.name, decision.subject
    types = _edition(book, as_of).given_types(subject)
    try:
        given = {each: _given(value, types[each]) for each, value in (facts or {}).items()}
        if record is not None:
            answer = book.evaluate(record, as_of=as_of, subject=subject, decisions=(name,))
        else:
            answer = book.evaluate_facts(subject, given, as_of=as_of, decisions=(name,))
    except RecordError:
        return None
    outcome = answer[name]
    expected: dict[str, object] = {}
    for key in (*OF_KIND[outcome.kind], *OF_EVERY_KIND):
        if key in _UNWRITTEN and not whole:
            continue
        found = came_out(outcome, key)
        if key == "measure" and found is not None:
            continue  # a given fact, said again
        if key in {"undetermined", "missing", "reason"} and not found:
            continue
        if found is None and (key == "measure" or (key in NAMING and "none" in called(decision))):
            continue
        if key == "lines":
            found = [{name: each for name, each in line.items() if name != "times"} for line in _lines(found)]
        if found not in ({}, []) or key == "because":
            expected[key] = found
    return PolicyCase("", "", as_of, subject, record, given, {name: expected})


def _edition(book: PolicyBook, day: date) -> Edition:
    """Return what is in force on a day; where nothing is, what a case file is read with."""
    return book.edition(day) or book.editions[-1]


def _given(value: object, type_: Type) -> object:
    """Return an engine's value as who calls gives it: money in yuan."""
    return to_yuan(value) if type_.kind is Kind.MONEY and isinstance(value, int) else value


def _lines(found: object) -> list[dict[str, Any]]:
    assert isinstance(found, list)
    return [{key: each for key, each in line.items() if each is not None} for line in found]
