"""The space of a decision: every input there is, as ready-made facts, cut where conditions change their truth.

Place in the flow: the analyser reads the same tree as the engines and says for which inputs a condition holds, as a
set of the space. What a rule reads of another decision's answer is worked in, so that both stay of one customer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from dealerrules.analysis.answers import Asked, Key, Truths, content, levels, partition
from dealerrules.analysis.axes import Axis, AxisPlan, always_recorded, made, number_of, resolved
from dealerrules.analysis.diagrams import EMPTY, FULL, Diagrams
from dealerrules.analysis.looking import tests, worked_in
from dealerrules.analysis.past import follows, key_of, stand_together
from dealerrules.analysis.relations import relation
from dealerrules.analysis.writing import when
from dealerrules.engines.row import compare
from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Constant,
    Elapse,
    Elapsed,
    Expr,
    Fact,
    Field,
    FirstKnown,
    IfAbsent,
    IsAbsent,
    Known,
    LevelIn,
    Lookup,
    Member,
    Not,
    Reached,
    RoundWhole,
    all_of,
    walk,
)
from dealerrules.policy.model import Rules, Tier
from dealerrules.values import ABSENT, QUANTITIES, Maybe, days_before, months_before
from dealerrules.verdict import Status
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dealerrules.analysis.axes import Cell
    from dealerrules.analysis.diagrams import Cells
    from dealerrules.analysis.past import Granted
    from dealerrules.policy.model import Edition, Rule

USUAL_DAY = date(2020, 1, 1)
"""The day of evaluation of a sample, where nothing says another."""
_MAX_PAIRS = 250_000
"""Of cells of two related axes: beyond that their relation is left out."""


@dataclass(frozen=True, slots=True)
class Box:
    """Points whose cells lie in some runs of each of some axes."""

    cells: Mapping[int, Cells]


@dataclass(frozen=True, slots=True)
class Sample:
    """One subject: ready-made facts as the engines hold them, and the day.

    `complete` tells whether everything that was read can be given as a fact; where it cannot, the sample is only told.
    """

    as_of: date
    facts: Mapping[str, Maybe]
    complete: bool


class Space:
    """The inputs of some decisions of one subject, under one edition of the policies or under several at once."""

    def __init__(
        self, editions: Sequence[Edition], subject: str, axes: Sequence[Axis], places: Mapping[str, int]
    ) -> None:
        self.editions = tuple(editions)
        self.subject = subject
        self.axes = tuple(axes)
        self.sets = Diagrams([len(axis.cells) for axis in axes])
        self._places = places
        self._keys: dict[tuple[int, Expr], int | None] = {}
        self._truths: dict[tuple[int, Expr], Truths] = {}
        self._answers: dict[tuple[int, str], dict[Key, int]] = {}
        self.possible = FULL
        """The points that some subject can be at, as far as the facts' definitions tell."""
        self.possible = self.sets.all_of(list(self._relations()))

    @classmethod
    def of(
        cls,
        editions: Sequence[Edition],
        subject: str,
        decisions: Iterable[str],
        *,
        unknown: bool = False,
        ready_made: bool = False,
        also: Iterable[Expr] = (),
    ) -> Space:
        """Return the space of what some decisions read.

        Args:
            editions: the policies; a fact that is defined otherwise in two of them is two axes.
            subject: whose decisions these are.
            decisions: names; an edition that lacks one is passed over.
            unknown: whether what is not recorded is looked at too; where a condition asks whether something is `known`,
                it always is.
            ready_made: whether any fact may be given as unknown, also one that a record always says.
            also: further conditions, of the first edition.
        """
        plans: dict[str, AxisPlan] = {}
        names = tuple(decisions)
        for at, edition in enumerate(editions):
            roots: dict[Expr, str] = {}
            found = [edition.decisions[name] for name in names if name in edition.decisions]
            conditions = [rule.when for decision in found for rule in decision.rules]
            if at == 0:
                conditions += list(also)
            for condition in conditions:
                for item, values in tests(condition, edition):
                    key = roots.get(item) or key_of(
                        editions, edition, resolved(item, edition, subject), granted_together
                    )
                    roots[item] = key
                    plan = plans.setdefault(key, AxisPlan(item, subject, []))
                    if not any(edition is each for each in plan.editions):
                        plan.editions.append(edition)
                    plan.values.update(value for value in values if value is not None)
                    plan.asked = plan.asked or None in values
                    if isinstance(item, Fact | Answer):
                        plan.names[item.name if isinstance(item, Fact) else item.decision] = None
        start = max(edition.start for edition in editions)
        end = max(start, min(edition.end for edition in editions))
        roots_of = [resolved(plan.expr, plan.editions[0], subject) for plan in plans.values()]
        asked = {root for plan, root in zip(plans.values(), roots_of, strict=True) if plan.asked}
        asked = {root for root in asked if not always_recorded(root)}
        axes = [
            made(
                plan,
                root,
                unknown=unknown or (bool(asked) and not asked.isdisjoint(walk(root))),
                ready_made=ready_made,
                within=(start, end),
            )
            for plan, root in zip(plans.values(), roots_of, strict=True)
        ]
        return cls(editions, subject, axes, {key: at for at, key in enumerate(plans)})

    # --- sets -----------------------------------------------------------------------------------------

    def both(self, one: int, other: int) -> int:
        """Return the points of both sets."""
        return self.sets.both(one, other)

    def either(self, one: int, other: int) -> int:
        """Return the points of one set or the other."""
        return self.sets.either(one, other)

    def minus(self, one: int, other: int) -> int:
        """Return the points of one set that are not of the other."""
        return self.sets.minus(one, other)

    def is_empty(self, one: int) -> bool:
        """Tell whether no subject can be in a set."""
        return self.sets.both(one, self.possible) == EMPTY

    def _relations(self) -> Iterator[int]:
        for at, one in enumerate(self.axes):
            for beside in range(at + 1, len(self.axes)):
                other = self.axes[beside]
                if len(one.cells) * len(other.cells) > _MAX_PAIRS:
                    continue
                fits = relation(one.root, other.root) or _kept_together(one, other)
                if fits is not None:
                    yield self.sets.any_of(
                        [
                            self.sets.box(
                                {
                                    at: [(cell, cell + 1)],
                                    beside: other.runs([fits(mine, each) for each in other.cells]),
                                }
                            )
                            for cell, mine in enumerate(one.cells)
                        ]
                    )

    # --- conditions -----------------------------------------------------------------------------------

    def rule(self, at: int, rule: Rule) -> Truths:
        """Return for which points a rule of an edition holds."""
        return self.truth(at, rule.when)

    def truth(self, at: int, expr: Expr) -> Truths:
        """Return for which points a condition holds, and for which it does not, under an edition."""
        found = self._truths.get((at, expr))
        if found is None:
            found = self._truths[at, expr] = self._truth(at, expr)
        return found

    def _truth(self, at: int, expr: Expr) -> Truths:
        match expr:
            case All():
                parts = [self.truth(at, item) for item in expr.items]
                return Truths(
                    self.sets.all_of([part.true for part in parts]),
                    self.sets.any_of([part.false for part in parts]),
                )
            case AnyOf():
                parts = [self.truth(at, item) for item in expr.items]
                return Truths(
                    self.sets.any_of([part.true for part in parts]),
                    self.sets.all_of([part.false for part in parts]),
                )
            case Not():
                inner = self.truth(at, expr.item)
                return Truths(inner.false, inner.true)
            case LevelIn():
                return self._level_in(at, expr)
            case Compare(how=how, left=left, right=Constant(value=value, type=type_)):
                if type_.kind in QUANTITIES and not isinstance(left, Answer):
                    place = self._place(at, left)
                    found = self.axes[place].compared(how, number_of(value))
                    if found is not None:
                        return Truths(*(self.sets.cells(place, runs) for runs in found))
                return self._test(at, left, lambda sample: compare(how, sample, value))
            case Member(item=item, among=among):
                return self._test(at, item, lambda sample: None if sample is None else sample in among)
            case Known(item=item):
                return self._test(at, item, lambda sample: sample is not None and sample is not ABSENT)
            case IsAbsent(item=item):
                return self._test(at, item, lambda sample: None if sample is None else sample is ABSENT)
            case Constant(value=value):
                return Truths(FULL if value is True else EMPTY, FULL if value is False else EMPTY)
            case (
                Compare()
                | Field()
                | AsOf()
                | Fact()
                | Answer()
                | Arithmetic()
                | RoundWhole()
                | Elapsed()
                | FirstKnown()
                | Lookup()
                | IfAbsent()
                | Aggregate()
                | Before()
                | Reached()
            ):
                return self._test(at, expr, lambda sample: sample if isinstance(sample, bool) else None)
            case _:
                assert_never(expr)

    def _test(self, at: int, item: Expr, test: Callable[[Maybe], bool | None]) -> Truths:
        if isinstance(item, Answer) and worked_in(self.editions[at], item):
            true = false = EMPTY
            answers = self.answered(at, item.decision)
            unsettled = self.sets.negate(self.sets.any_of(list(answers.values())))
            for answer, region in (*answers.items(), (None, unsettled)):
                said = test(answer)
                true = self.either(true, region) if said is True else true
                false = self.either(false, region) if said is False else false
            return Truths(true, false)
        place = self._place(at, item)
        axis = self.axes[place]
        truths = [test(cell.sample) for cell in axis.cells]
        return Truths(
            self.sets.cells(place, axis.runs([truth is True for truth in truths])),
            self.sets.cells(place, axis.runs([truth is False for truth in truths])),
        )

    def _place(self, at: int, item: Expr) -> int:
        found = self._keys.get((at, item))
        if found is None:
            found = self._keys[at, item] = self._places[self._key(at, item)]
        return found

    def _key(self, at: int, item: Expr) -> str:
        edition = self.editions[at]
        return key_of(self.editions, edition, resolved(item, edition, self.subject), granted_together)

    def reads(self, at: int, axis: Axis) -> bool:
        """Tell whether an edition reads what an axis holds, where the axis's expression stands in its rules."""
        found = self._places.get(self._key(at, axis.expr))
        return found is not None and self.axes[found] is axis

    def _level_in(self, at: int, expr: LevelIn) -> Truths:
        tier = self.editions[at].decisions[expr.decision]
        assert isinstance(tier, Tier)
        true = false = EMPTY
        for (granted, best), region in levels(self._asked(at), tier, expr.angle).items():
            allowed = [level.id in expr.allowed for level in tier.levels[best : granted + 1]]
            if all(allowed):
                true = self.either(true, region)
            elif not any(allowed):
                false = self.either(false, region)
        return Truths(true, false)

    # --- answers --------------------------------------------------------------------------------------

    def _asked(self, at: int) -> Asked:
        return Asked(self.editions[at], self.sets, lambda expr: self.truth(at, expr))

    def answers(self, at: int, name: str) -> dict[Key, int]:
        """Return the whole space by what a decision answers under an edition.

        Raises:
            TooLargeError: for a `collect` table with too many combinations of rows.
        """
        found = self._answers.get((at, name))
        if found is None:
            found = self._answers[at, name] = partition(self._asked(at), self.editions[at].decisions[name])
        return found

    def answered(self, at: int, name: str) -> dict[Maybe, int]:
        """Return the points at which a decision is decided, by its answer as other rules read it."""
        edition = self.editions[at]
        decision = edition.decisions[name]
        values: dict[str, Maybe] = {}
        if isinstance(decision, Rules):
            rows = [
                *decision.cells.values(),
                *([decision.otherwise] if decision.otherwise is not None else []),
            ]
            values = {content(edition, decision, cells): cells[decision.outputs[0].id] for cells in rows}  # type: ignore[misc]
        found: dict[Maybe, int] = {}
        for key, region in self.answers(at, name).items():
            if key.status is Status.DECIDED:
                value = values[key.says] if isinstance(decision, Rules) else key.answer or ABSENT
                found[value] = self.either(found.get(value, EMPTY), region)
        return found

    # --- samples and words ----------------------------------------------------------------------------

    def boxes(self, region: int, limit: int = 10) -> list[Box]:
        """Return up to so many large boxes that together hold what is possible of a set."""
        found: list[Box] = []
        for cells in self.sets.boxes(self.both(region, self.possible), self.sets.negate(self.possible)):
            found.append(Box(self._without_nobody(cells)))
            if len(found) == limit:
                break
        return found

    def _without_nobody(self, cells: Mapping[int, Cells]) -> dict[int, Cells]:
        """Return a box without "no such event" and "not recorded" where the rest of it rules them out."""
        left = dict(cells)
        for at, runs in cells.items():
            for number, cell in enumerate(self.axes[at].cells):
                inside = any(start <= number < end for start, end in left[at])
                if not inside or (cell.sample is not None and cell.sample is not ABSENT):
                    continue
                if self.is_empty(self.sets.box({**left, at: [(number, number + 1)]})):
                    kept = [any(start <= each < end for start, end in left[at]) for each in range(number)]
                    rest = [
                        any(a <= each < b for a, b in runs)
                        for each in range(number + 1, len(self.axes[at].cells))
                    ]
                    left[at] = self.axes[at].runs([*kept, False, *rest])
        return left

    def condition(self, box: Box) -> Expr:
        """Return a box as a condition."""
        return all_of([self.axes[at].condition(runs) for at, runs in sorted(box.cells.items())])

    def say(self, box: Box, lang: str) -> str:
        """Read a box out, in Chinese (``zh``) or English (``en``).

        A fact that two editions define otherwise is told with whose definition it is by.
        """
        said = []
        for at, runs in sorted(box.cells.items()):
            axis = self.axes[at]
            wording = Wording(axis.home, self.subject, lang)
            condition = axis.condition(runs)
            text = wording.say(condition) if len(box.cells) == 1 else wording.part(condition)
            if self._defined_twice(axis):
                text = wording.phrase("as_before" if axis.home is self.editions[0] else "as_now", said=text)
            said.append(text)
        return ("，且 " if lang == "zh" else ", and ").join(said) or Wording(
            self.editions[0], self.subject, lang
        ).phrase("always")

    def _defined_twice(self, axis: Axis) -> bool:
        return any(other is not axis and set(other.names) & set(axis.names) for other in self.axes)

    def when(self, box: Box) -> str | None:
        """Return a box as the `when` of a row; none where the policy language has no words for it."""
        return when(self.condition(box))

    def sample(self, region: int, *, least: bool = False) -> Sample:
        """Return one subject of a set that is not empty; `least` gives only the facts that put it there."""
        point = self.sets.point(self.both(region, self.possible))
        start = max(edition.start for edition in self.editions)
        end = max(start, min(edition.end for edition in self.editions))
        as_of = max(start, min(end, USUAL_DAY))
        facts: dict[str, Maybe] = {}
        complete = True
        chosen = {at: axis.cells[point.get(at, 0)].sample for at, axis in enumerate(self.axes)}
        for at, axis in enumerate(self.axes):
            value = chosen[at]
            if isinstance(axis.root, AsOf):
                assert isinstance(value, date)
                as_of = value if at in point else as_of
        as_of = self._day_that_fits(point, chosen, as_of, (start, end))
        since = {
            axis.root.item: _date_of(axis.root, chosen[at], as_of)
            for at, axis in enumerate(self.axes)
            if isinstance(axis.root, Elapsed)
        }
        for at, axis in enumerate(self.axes):
            if (least and at not in point) or isinstance(axis.root, AsOf):
                continue
            cell, day = axis.cells[point.get(at, 0)], since.get(axis.root)
            complete = complete and (not isinstance(day, date) or _holds(cell, day))
            chosen[at] = day if isinstance(day, date) and _holds(cell, day) else cell.sample
            complete = complete and not self._defined_twice(axis)
            for name in axis.names:
                facts[name] = chosen[at]
            if not axis.names:
                given = axis.expr.item if isinstance(axis.expr, Elapsed) else None
                complete = complete and isinstance(given, Fact)
                if isinstance(given, Fact):
                    facts[given.name] = _date_of(axis.expr, chosen[at], as_of)
        return Sample(as_of, facts, complete)

    def _day_that_fits(
        self, point: Mapping[int, int], chosen: Mapping[int, Maybe], as_of: date, within: tuple[date, date]
    ) -> date:
        """Return a day on which a date and the time since it agree, where both are looked at."""
        cells = {axis.root: axis.cells[point.get(at, 0)] for at, axis in enumerate(self.axes)}
        for at, axis in enumerate(self.axes):
            cell = cells.get(axis.root.item) if isinstance(axis.root, Elapsed) else None
            value = chosen[at]
            if cell is None or not isinstance(cell.sample, date) or not isinstance(value, int | Fraction):
                continue
            day = _date_of(axis.root, value, as_of)
            if isinstance(day, date) and not _holds(cell, day):
                later = _date_of(axis.root, -value, cell.sample)
                assert isinstance(later, date)
                free = AsOf() not in cells or _holds(cells[AsOf()], later)
                if free and within[0] <= later <= within[1]:
                    return later
        return as_of


def granted_together(one: Edition, other: Edition, name: str) -> Iterator[tuple[Granted, Granted]]:
    """Yield which levels the angles of a tier may grant to one subject under two editions.

    Raises:
        TooLargeError: when there are too many conditions to be told apart.
    """
    pair = []
    for edition in (one, other):
        tier = edition.decisions[name]
        assert isinstance(tier, Tier)
        decisions = {**edition.decisions, name: tier.earned}
        pair.append(replace(edition, start=date.min, end=date.max, decisions=decisions))  # days before, too
    space = Space.of(pair, pair[0].decisions[name].subject, [name], unknown=True)
    sides = []
    for at, edition in enumerate(pair):
        tier = edition.decisions[name]
        assert isinstance(tier, Tier)
        sides.append(levels(space._asked(at), tier, None))  # noqa: SLF001 - of this module
    for mine, here in sides[0].items():
        for theirs, there in sides[1].items():
            if not space.is_empty(space.both(here, there)):
                yield mine, theirs


def _kept_together(one: Axis, other: Axis) -> Callable[[Cell, Cell], bool] | None:
    """Return which cells of two axes can stand together, where both say that levels are kept."""
    if isinstance(one.root, Reached) and isinstance(other.root, Reached):
        if follows(one.root, other.root, (one.home, other.home), granted_together):
            return stand_together
        if follows(other.root, one.root, (other.home, one.home), granted_together):
            return lambda first, second: stand_together(second, first)
    return None


def _date_of(expr: Expr, value: Maybe, as_of: date) -> Maybe:
    """Return the date behind a time that has passed."""
    if not isinstance(expr, Elapsed) or value is None or value is ABSENT:
        return value
    assert isinstance(value, int | Fraction)
    match expr.how:
        case Elapse.MONTHS_SINCE:
            return months_before(as_of, int(value))
        case Elapse.DAYS_SINCE:
            return days_before(as_of, int(value))
        case Elapse.DAYS_UNTIL:
            return days_before(as_of, -int(value))
        case _:
            assert_never(expr.how)


def _holds(cell: Cell, day: date) -> bool:
    """Tell whether a day is one of a cell of days."""
    if not isinstance(cell.sample, date):
        return False
    number = day.toordinal()
    return (cell.low is None or cell.low <= number) and (cell.high is None or number <= cell.high)
