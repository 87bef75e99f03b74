"""Steps: the smallest changes of facts that give a better answer, nearest first.

Place in the flow: an outcome asks here for its next steps. The analyser's space of the decision says where each answer
is given, the search finds the ways there, and the verdict on the rules at the end of a way says what it comes to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, partial
from threading import Lock
from typing import TYPE_CHECKING

from dealerrules.advice.better import Came, Target, targets
from dealerrules.advice.knowing import Knowing, inline
from dealerrules.advice.levers import Way, leaves, levers
from dealerrules.advice.minimal import Choices, Search, choices
from dealerrules.advice.moves import Group, Here, moves
from dealerrules.advice.reading import Reader
from dealerrules.analysis.diagrams import TooLargeError
from dealerrules.analysis.space import Space
from dealerrules.engines.row import Interpreter
from dealerrules.expr import Answer, Expr, Fact, LevelIn, children, walk
from dealerrules.policy.model import EditionKey, Payout, Rules, expressions
from dealerrules.values import Kind
from dealerrules.verdict import Verdict, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from dealerrules.advice.moves import Change, Changes
    from dealerrules.policy.model import AnyDecision, Edition
    from dealerrules.records import Record
    from dealerrules.values import Maybe


@dataclass(frozen=True, slots=True)
class Found:
    """A set of changes, the facts after it (all that the decision reads, ready-made), and what it comes to."""

    target: Target
    changes: Changes
    also: Mapping[str, Maybe]
    """Facts that move along: a new visit is also the last one."""
    facts: Mapping[str, Maybe]
    before: Came
    after: Came
    cost: Fraction | None
    """In fen; none where a change has no price."""

    @property
    def recording(self) -> bool:
        """Whether nothing changes but that something gets known."""
        return recording(self.changes)


def recording(changes: Changes) -> bool:
    """Tell whether nothing changes but that something gets known."""
    return all(change.way is Way.RECORD for change in changes)


def units(changes: Changes) -> int | Fraction:
    """Return how much is to be done: of what is counted each one more, of everything else each change."""
    return sum(change.amount if change.lever.type.kind is Kind.COUNT else 1 for change in changes)


@dataclass(frozen=True, slots=True)
class Question:
    """A subject on a day: from its record, or from ready-made facts."""

    edition: Edition
    subject: str
    day: date
    record: Record | None
    facts: Mapping[str, Maybe]
    values: Mapping[Expr, Maybe] = field(default_factory=dict)
    """Of what a decision reads from the record itself, not by way of a fact, where there is no record at hand."""


def find(
    question: Question, name: str, *, to: str | None, limit: int | None, within: int | None = None
) -> list[Found]:
    """Return the smallest sets of changes that give a better answer, nearest first; recordings after changes.

    Args:
        question: whose answer it is.
        name: of the decision.
        to: the answer that is wanted; without it, any better one.
        limit: how many at most, of changes and of recordings; none for all.
        within: how much is to be done at most, as `units` counts it; none for any.

    Raises:
        ValueError: for an answer that the decision does not have, or where it does not say which answer is better.
        TooLargeError: for more ways than can be looked through.
    """
    found = advisor(question.edition, name, frozenset(question.facts))
    return found.find(question, to=to, limit=limit, within=within)


def advisor(edition: Edition, name: str, given: frozenset[str]) -> Advisor:
    """Return the advisor of a decision; one is made for each set of facts that are given ready-made."""
    return _advisor(EditionKey(edition), name, given)


@lru_cache(maxsize=256)
def _advisor(key: EditionKey, name: str, given: frozenset[str]) -> Advisor:
    return Advisor(key.edition, name, given)


_Ways = tuple["Mapping[int, Choices]", "list[tuple[Changes, Target]]"]
_WAYS_KEPT = 4096
_LONGEST = 200_000
"""Of what a decision reads, all facts written out: definitions that are built on each other double with each step."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a subject is: the value of each fact and the cell of each axis."""

    facts: Mapping[str, Maybe]
    cells: tuple[int, ...]


class Advisor:
    """What is the same for all subjects: the decision's space, and what can be done about each axis of it.

    Args:
        edition: the policies in force.
        name: of the decision.
        given: the names of the facts that are given ready-made.
    """

    def __init__(self, edition: Edition, name: str, given: frozenset[str]) -> None:
        self.edition, self.given = edition, given
        self.decision = edition.decisions[name]
        self.subject = subject = self.decision.subject
        reads = list(_read(edition, self.decision))
        if sum(_written_out(expr, edition, subject, {}) for expr in reads) > _LONGEST:
            raise TooLargeError
        self.space = Space.of([edition], subject, [name], unknown=True, ready_made=True)
        self.answers = self.space.answers(0, name)
        self._rules = [self.space.rule(0, rule) for rule in self.decision.rules]
        self._kept_moves: list[dict[tuple[object, ...], Choices]] = []
        self._kept: dict[tuple[object, ...], _Ways] = {}
        self._lock = Lock()
        self._verdicts: dict[tuple[int, int], Verdict] = {}
        self.facts = tuple(
            dict.fromkeys(leaf for expr in reads for leaf in leaves(expr, edition, subject, given))
        )
        self.inline = inline(reads)
        self.costs = {each: edition.fact(subject, each).cost for each in self.facts}
        self.priced = any(cost is not None for cost in self.costs.values())
        self.groups = list(self._groups())
        self._kept_moves += [{} for _ in self.groups]
        self.group_of = {axis: at for at, group in enumerate(self.groups) for axis in group.axes}
        self._plain = [
            next((name for name in axis.names if name in self.costs), None) for axis in self.space.axes
        ]
        self._wanted = [
            *(Fact(each, edition.fact(subject, each).type) for each in self.facts),
            *(axis.expr for axis in self.space.axes),
        ]
        self._reader = Reader(edition, subject, self._wanted)

    def _groups(self) -> Iterator[Group]:
        """Yield the axes that are moved together: those that one lever moves, and what else moves these."""
        reads = [set(leaves(axis.expr, self.edition, self.subject, self.given)) for axis in self.space.axes]
        found = levers(self.edition, self.subject, self.facts)
        moved = {one.name: {one.name, *one.moves} for one in found}
        left = list(range(len(reads)))
        while left:
            axes, names = {left[0]}, set[str]()
            while True:
                facts = set[str]().union(*(reads[at] for at in axes))
                more = {one.name for one in found if moved[one.name] & facts}
                wider = {at for at in left if any(moved[name] & reads[at] for name in more)} | axes
                if wider == axes and more == names:
                    break
                axes, names = wider, more
            left = [at for at in left if at not in axes]
            yield Group(
                tuple(sorted(axes)),
                tuple(one for one in found if one.name in names),
                {at: frozenset(reads[at]) for at in axes},
                tuple(name for name in self.facts if name in facts.union(*(moved[each] for each in names))),
            )

    def forget(self) -> None:
        """Drop what is kept of the subjects seen."""
        self._kept.clear()
        for each in self._kept_moves:
            each.clear()

    # --- one subject ----------------------------------------------------------------------------------

    def find(
        self, question: Question, *, to: str | None, limit: int | None, within: int | None = None
    ) -> list[Found]:
        """Return the ways to better answers, nearest first; one thread at a time, for the diagrams grow."""
        with self._lock:
            return self._find(question, to, limit, within)

    def _find(self, question: Question, to: str | None, limit: int | None, within: int | None) -> list[Found]:
        place = self._place(question)
        before = self._came(question, place.cells, {})
        wanted = targets(self.edition, self.decision, self.answers, before, to)
        if not wanted:
            return []
        choices_of, ways = self._ways(question, place, wanted)
        found: dict[bool, list[Found]] = {False: [], True: []}
        for changes, target in ways:
            mine = found[recording(changes)]
            near = within is None or units(changes) <= within
            if near and (limit is None or len(mine) < limit):
                made = self._made(question, place, before, target, changes, choices_of)
                if target.gains(before, made.after):
                    mine.append(made)
        return [*found[False], *found[True]]

    def _ways(self, question: Question, place: _Place, wanted: list[Target]) -> _Ways:
        """Return the moves of each group, and the smallest sets of changes, nearest first.

        They follow from the facts, so they are kept: many customers of a store are alike.
        """
        key = (question.day, place.cells, *place.facts.values(), *wanted)
        found = self._kept.get(key)
        if found is not None:
            return found
        here = Here(
            self.edition,
            self.subject,
            question.day,
            place.facts,
            place.cells,
            partial(self._cell, question, place),
        )
        known: dict[int, Choices] = {}

        def choices_of(number: int) -> Choices:
            if number not in known:
                known[number] = self._choices(number, here)
            return known[number]

        search = Search(self.space.sets, self.group_of, choices_of)
        ways: dict[Changes, Target] = {}
        for target in wanted:
            region = self.space.sets.any_of([self.answers[key] for key in target.keys])
            if isinstance(self.decision, Rules):  # another row may say the same
                at = [rule.id for rule in self.decision.rules].index(target.answer)
                region = self.space.both(region, self._rules[at].true)
            for changes in search.into(region):
                if changes:
                    ways.setdefault(tuple(sorted(changes, key=lambda change: change.lever.order)), target)
        if len(self._kept) >= _WAYS_KEPT:
            self._kept.clear()
        found = self._kept[key] = known, sorted(ways.items(), key=self._distance)
        return found

    def _choices(self, number: int, here: Here) -> Choices:
        """Return the moves of a group, which follow from where it is and the facts that it reads or moves."""
        group, kept = self.groups[number], self._kept_moves[number]
        cells = [here.cells[at] for at in group.axes]  # an axis may read records and not facts
        key = (here.day, *cells, *(here.facts[name] for name in group.facts))
        found = kept.get(key)
        if found is None:
            if len(kept) >= _WAYS_KEPT:
                kept.clear()
            found = kept[key] = choices(moves(group, self.space.axes, here))
        return found

    def _place(self, question: Question) -> _Place:
        if question.record is not None and not question.facts:
            values = self._reader.values(question.record, question.day)
        else:
            interpreter = self._interpreter(question, {})
            values = [interpreter.step(expr).value for expr in self._wanted]
        count = len(self.facts)
        cells = [axis.cell_of(value) for axis, value in zip(self.space.axes, values[count:], strict=True)]
        return _Place(dict(zip(self.facts, values, strict=False)), tuple(cells))

    def _interpreter(self, question: Question, facts: Mapping[str, Maybe]) -> Interpreter:
        given = {**question.facts, **facts}
        if question.values:
            return Knowing(self.edition, self.subject, question.day, given, question.values)
        return Interpreter(self.edition, self.subject, question.day, question.record, given)

    def _cell(self, question: Question, place: _Place, at: int, changed: Mapping[str, Maybe]) -> int:
        """Return the cell of an axis when some facts are others than they are."""
        axis, plain = self.space.axes[at], self._plain[at]
        if plain is not None:
            return axis.cell_of(changed[plain]) if plain in changed else place.cells[at]
        return axis.cell_of(self._interpreter(question, changed).step(axis.expr).value)

    def _came(self, question: Question, cells: tuple[int, ...], changed: Mapping[str, Maybe]) -> Came:
        """Return what the decision comes to at a point of the space; an amount is worked out from the facts."""
        true = unknown = 0
        for at, truths in enumerate(self._rules):
            if self.space.sets.holds(truths.true, cells):
                true |= 1 << at
            elif not self.space.sets.holds(truths.false, cells):
                unknown |= 1 << at
        found = self._verdicts.get((true, unknown))
        if found is None:
            found = self._verdicts[true, unknown] = verdict(self.decision, true, unknown)
        pays = isinstance(self.decision, Payout)
        amount = self._interpreter(question, changed).decide(self.decision.name).amount if pays else None
        return Came(found, amount)

    def _made(
        self,
        question: Question,
        place: _Place,
        before: Came,
        target: Target,
        changes: Changes,
        choices_of: Mapping[int, Choices],
    ) -> Found:
        changed: dict[str, Maybe] = {}
        cells = list(place.cells)
        for number, group in enumerate(self.groups):
            mine = {change for change in changes if change.lever in group.levers}
            if mine:
                move = next(move for move in choices_of[number].moves if mine == set(move.changes))
                changed |= move.facts
                for axis, cell in move.cells.items():
                    cells[axis] = cell
        moved = {change.lever.name for change in changes}
        also = {
            name: value for name, value in changed.items() if name not in moved and value != place.facts[name]
        }
        after = self._came(question, tuple(cells), changed)
        costs = [self._cost(change) for change in changes]
        cost = None if None in costs else sum((each for each in costs if each is not None), Fraction(0))
        return Found(target, changes, also, {**question.facts, **place.facts, **changed}, before, after, cost)

    def _cost(self, change: Change) -> Fraction | None:
        cost = self.costs[change.lever.name]
        return None if cost is None else Fraction(cost) * change.amount

    def _distance(self, way: tuple[Changes, Target]) -> tuple[object, ...]:
        changes, target = way
        unpriced, cost = 0, Fraction(0)
        if self.priced:
            costs = [self._cost(change) for change in changes]
            unpriced = costs.count(None)
            cost = sum((each for each in costs if each is not None), cost)
        orders = tuple((change.lever.order, change.amount) for change in changes)
        return unpriced, cost, len(changes), units(changes), target.rank, orders


def _written_out(expr: Expr, edition: Edition, subject: str, known: dict[str, int]) -> int:
    """Return how long an expression is with every fact replaced by its definition, each time that it is read."""
    if isinstance(expr, Fact):
        if expr.name not in known:
            definition = edition.fact(subject, expr.name).expr
            known[expr.name] = 1 + _written_out(definition, edition, subject, known)
        return known[expr.name]
    return 1 + sum(_written_out(each, edition, subject, known) for each in children(expr))


def _read(edition: Edition, decision: AnyDecision) -> Iterator[Expr]:
    """Yield what a decision reads, and what the decisions read that it looks at."""
    seen, waiting = {decision.name}, [decision]
    while waiting:
        for expr in expressions(waiting.pop()):
            yield expr
            for part in walk(expr):
                if isinstance(part, Answer | LevelIn) and part.decision not in seen:
                    seen.add(part.decision)
                    waiting.append(edition.decisions[part.decision])
