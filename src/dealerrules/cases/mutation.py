"""Mutation: which small changes to the policies no case would notice.

Place in the flow: behind ``cases`` and ``mutants``. Each mutant is compiled like any policy and the cases that touch
it are run against it by the reference interpreter, until one fails. One that none notices is reported, unless it is
proved to give the same answers as the policy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dealerrules.book import PolicyBook
from dealerrules.cases.equivalence import same_answers
from dealerrules.cases.expectations import Difference, differences
from dealerrules.cases.mutants import Mutant, mutants
from dealerrules.cases.running import PolicyCase, load_cases, policies_among, run_case
from dealerrules.diagnostics import PolicyError
from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Decided, Interpreter
from dealerrules.expr import Answer, Expr, Fact, LevelIn, Reached, walk
from dealerrules.facts import read_facts
from dealerrules.faults import RecordError
from dealerrules.policy.compile import compile_nodes, policy_nodes, read_sources
from dealerrules.policy.model import Offer, Payout, Rules, Stage, expressions
from dealerrules.policy.scope import Report
from dealerrules.values import Kind, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from dealerrules.policy.model import AnyDecision, Edition
    from dealerrules.records import Record


@dataclass(frozen=True, slots=True)
class MutationReport:
    """What became of the mutants of some policies.

    Attributes:
        made: how many mutants were tried.
        refused: how many of them the compiler refuses, as it would a slip.
        caught: how many a case notices.
        equivalent: mutants that are proved to give the same answers.
        surviving: mutants that no case notices.
        rates: how many rates were left out: they are of a population, and cases are not.
    """

    made: int
    refused: int
    caught: int
    equivalent: tuple[Mutant, ...]
    surviving: tuple[Mutant, ...]
    rates: int

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "made": self.made,
            "refused": self.refused,
            "caught": self.caught,
            "equivalent": [each.to_dict(lang) for each in self.equivalent],
            "surviving": [each.to_dict(lang) for each in self.surviving],
            "rates_left_out": self.rates,
        }


def mutate(
    paths: Sequence[Path],
    cases: Iterable[PolicyCase] | None = None,
    *,
    every: int = 1,
    progress: Callable[[int], None] | None = None,
) -> MutationReport:
    r"""Change policies in one place at a time, and tell which changes no case notices.

    Args:
        paths: policy files, or directories of them; `*.cases.yaml` beside them are the cases.
        cases: instead of those, other cases.
        every: try every so many mutants only, for a quick look.
        progress: told how many have been tried.

    Raises:
        PolicyError: when the policies or the cases have mistakes.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> rows = "rows: [{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: true}}]"
        >>> table = f"kind: rules, hit: first, outputs: {{d: {{type: boolean}}}}, {rows}, otherwise: {{d: false}}"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "p.yaml").write_text(f"policy: p\ndecisions: {{d: {{{table}}}}}")
        ...     report = mutate([Path(folder)])
        >>> report.made, report.surviving[0].said()
        (9, '`hit: first` changed to `hit: collect`')
    """
    trial = Trial(paths, cases)
    made = refused = caught = 0
    equivalent: list[Mutant] = []
    surviving: list[Mutant] = []
    for mutant, book in trial.mutants(every):
        made += 1
        if progress is not None:
            progress(made)
        if book is None:
            refused += 1
        elif trial.catches(mutant, book):
            caught += 1
        else:
            (equivalent if trial.is_equivalent(book) else surviving).append(mutant)
    return MutationReport(
        made, refused, caught, tuple(equivalent), tuple(surviving), len(trial.book.rate_models)
    )


class Trial:
    """Policies, their cases, and what each mutant of them is tried with."""

    def __init__(self, paths: Sequence[Path], cases: Iterable[PolicyCase] | None = None) -> None:
        report = Report()
        self.nodes = policy_nodes(report, read_sources(policies_among(paths), report))
        self.book = PolicyBook(compile_nodes(report, self.nodes))
        self.cases = load_cases(paths, self.book) if cases is None else list(cases)
        self._readers = _readers(self.book.editions)
        self._tried: dict[str, list[PolicyCase]] = {}
        self._near: dict[tuple[str, str], list[PolicyCase]] = {}  # those in which a rule holds, or is open
        self._lately: dict[str, list[PolicyCase]] = {}  # those that caught the last mutants of an owner
        for case in self.cases:
            self.add(case)

    def add(self, case: PolicyCase) -> None:
        """Try mutants with a further case, too."""
        answer = run_case(self.book, case).answer
        for name, expected in case.expect.items():
            alone = replace(case, expect={name: expected})
            self._tried.setdefault(name, []).append(alone)
            found = answer[name] if answer is not None else None
            for rule in (*found.matched, *found.undetermined) if found is not None else ():
                self._near.setdefault((name, rule), []).append(alone)

    def mutants(self, every: int = 1, of: str = "") -> Iterator[tuple[Mutant, PolicyBook | None]]:
        """Yield mutants with the policies that they make; none where the compiler refuses them.

        Args:
            every: only every so many.
            of: only those whose owner begins so.
        """
        number = 0
        for at, root in enumerate(self.nodes):
            for mutant in mutants(root, self._words):
                if not mutant.owner.startswith(of):
                    continue
                number += 1
                if number % every == 0:
                    yield mutant, self.compiled(at, mutant)

    def compiled(self, at: int, mutant: Mutant) -> PolicyBook | None:
        """Return the policies with one file changed, or none when the change is refused."""
        nodes = [*self.nodes[:at], mutant.root, *self.nodes[at + 1 :]]
        try:
            return _TracedBook(compile_nodes(Report(), nodes))
        except PolicyError:
            return None

    def catches(self, mutant: Mutant, book: PolicyBook) -> bool:
        """Tell whether some case does not come out any more."""
        lately = self._lately.setdefault(mutant.owner, [])
        touched = self.touched(book)
        rule = mutant.owner.rpartition(" ")[2]
        near = [case for name in touched for case in self._near.get((name, rule), ())]
        others = [case for name in touched for case in self._tried.get(name, ())]
        asked: set[int] = set()
        for case in (*lately, *near, *others):
            (name,) = case.expect
            if id(case) in asked or name not in touched:
                continue
            asked.add(id(case))
            if fails(book, case):
                lately[:] = [case, *(each for each in lately if each is not case)]
                return True
        return False

    def touched(self, book: PolicyBook) -> list[str]:
        """Return the decisions that are not what they were, or that read something that is not."""
        if _spans(book) != _spans(self.book):
            return list(self.book.decisions)
        found: set[str] = set()
        for old, new, readers in zip(self.book.editions, book.editions, self._readers, strict=True):
            for key in _changed(old, new):
                found |= readers.get(key, set())
        return [name for name in self.book.decisions if name in found]

    def is_equivalent(self, book: PolicyBook) -> bool:
        """Tell whether a mutant is proved to give the same answers as the policies, for every record there can be."""
        if not self.touched(book):
            return True  # nothing reads what was changed
        if _spans(book) != _spans(self.book):
            return False
        return all(
            same_answers(old, new, name)
            for old, new in zip(self.book.editions, book.editions, strict=True)
            for name in self.touched(book)
            if name in old.decisions or name in new.decisions
        )

    def _words(self, subject: str, name: str) -> Type | None:
        """Return the words that a fact, a decision or a level is tested for."""
        for edition in reversed(self.book.editions):
            tier = edition.decisions.get(name.partition(".")[0])
            if tier is not None and tier.kind == "tier":
                levels = tuple(level.id for level in reversed(tier.levels))  # type: ignore[union-attr]
                return Type(Kind.CATEGORY, levels, ordered=True)
            found = edition.given_types(subject).get(name) if subject in edition.facts else None
            if found is not None:
                return found
        return None


def _spans(book: PolicyBook) -> list[tuple[date, date]]:
    """Return from when until when each edition is in force."""
    return [(edition.start, edition.end) for edition in book.editions]


# ---------------------------------------------------------------------------------------------------
# What reads what

_Key = tuple[str, str]
"""A decision, a fact of a subject, or an item: what it is, and its name."""


def _readers(editions: Iterable[Edition]) -> list[dict[_Key, set[str]]]:
    """Return for each edition which decisions read each part of it, directly or through others."""
    return [_read_in(edition) for edition in editions]


def _read_in(edition: Edition) -> dict[_Key, set[str]]:
    found: dict[_Key, set[str]] = {}
    for decision in edition.decisions.values():
        stack: list[Expr] = list(expressions(decision))
        keys: set[_Key] = {("decision", decision.name), *(("item", item) for item in _items(decision))}
        if decision.dated_by is not None:
            keys.add((decision.subject, decision.dated_by))
        while stack:
            for node in walk(stack.pop()):
                match node:
                    case Fact(name=name) if (decision.subject, name) not in keys:
                        keys.add((decision.subject, name))
                        stack.append(edition.fact(decision.subject, name).expr)
                    case Answer(decision=name) | LevelIn(decision=name) | Reached(decision=name) if (
                        "decision",
                        name,
                    ) not in keys:
                        keys.add(("decision", name))
                        stack += expressions(edition.decisions[name])
                    case _:
                        pass
        for key in keys:
            found.setdefault(key, set()).add(decision.name)
    return found


def _items(decision: AnyDecision) -> Iterator[str]:
    if isinstance(decision, Offer):
        for package in decision.packages.values():
            yield from package.always
            for names in package.choose_one.values():
                yield from names
    if isinstance(decision, Rules):
        for cells in (*decision.cells.values(), decision.otherwise or {}):
            for cell in cells.values():
                yield from (
                    each for each in (cell if isinstance(cell, tuple) else ()) if isinstance(each, str)
                )


def _changed(old: Edition, new: Edition) -> Iterator[_Key]:
    """Yield what is not the same in two editions."""
    for name, decision in old.decisions.items():
        if new.decisions.get(name) != decision:
            yield "decision", name
    for name, item in old.items.items():
        if new.items.get(name) != item:
            yield "item", name
    for subject, table in old.facts.items():
        for name, definition in table.items():
            if new.facts[subject].get(name) != definition:
                yield subject, name


# ---------------------------------------------------------------------------------------------------
# Running cases


def fails(book: PolicyBook, case: PolicyCase) -> bool:
    """Tell whether a case of one decision does not come out."""
    try:
        return next(iter(found_in(book, case)), None) is not None
    except RecordError:
        return True


def found_in(book: PolicyBook, case: PolicyCase) -> Iterator[Difference]:
    """Yield what a case of one decision expects and does not get.

    Raises:
        RecordError: when its record cannot be evaluated.
    """
    (name,) = case.expect
    if case.record is not None:
        answer = book.evaluate(case.record, as_of=case.as_of, subject=case.subject, decisions=(name,))
    else:
        answer = book.evaluate_facts(case.subject, case.facts, as_of=case.as_of, decisions=(name,))
    yield from differences(case.expect[name], answer[name])


class _Traced(Program):
    """The reference interpreter where a compiled program stands: a mutant is run a few times only."""

    def on_record(self, record: Record, as_of: date) -> tuple[Any, ...]:
        """Evaluate a record."""
        return self._decided(Interpreter(self.edition, self.subject, as_of, record))

    def on_facts(self, given: Mapping[str, object], as_of: date) -> tuple[Any, ...]:
        """Evaluate ready-made facts."""
        values = read_facts(self.subject, given, self._known, self._may_be_absent)
        return self._decided(Interpreter(self.edition, self.subject, as_of, facts=values))

    def _decided(self, interpreter: Interpreter) -> tuple[Any, ...]:
        found = [interpreter.decide(name) for name in self.decisions]
        return tuple((each.true, each.unknown, _extra(each)) for each in found)


def _extra(decided: Decided) -> object:
    """Return what an outcome needs beside the masks, as a compiled program gives it."""
    match decided.decision:
        case Stage():
            return decided.measure.value if decided.measure is not None else None
        case Payout():
            return None if decided.amount is None else (decided.amount, decided.entries)
        case _:
            return None


class _TracedBook(PolicyBook):
    """Policies whose programs are not compiled."""

    def _new_plan(self, *asked: Any, **named: Any) -> Any:
        plan = super()._new_plan(*asked, **named)
        if plan.program is None or plan.edition is None:
            return plan
        return replace(plan, program=_Traced(plan.edition, plan.subject, tuple(plan.seats)))
