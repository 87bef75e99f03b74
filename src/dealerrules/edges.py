"""Edges: on which days something that a decision looks at may change by itself, as time goes by.

Place in the flow: coming changes, and the keeping of levels, ask where they have to look at all. What moves with the day are windows, times since
a date or until it, runs of cover, days before an event and the day itself. Each hangs on dates of the record, and of
each date it follows on which days it matters: no day in between can change an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, assert_never

from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Comparison,
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
    Reduction,
    RoundWhole,
    Window,
    children,
    type_of,
)
from dealerrules.facts import read_attribute
from dealerrules.policy.model import EditionKey, Rules, Stage, Tier, expressions
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.turns import ONE, Days, Every, Later, Months, Next, Turn, turns
from dealerrules.values import DATE, Kind, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from dealerrules.policy.model import AnyDecision, Edition
    from dealerrules.records import Record
    from dealerrules.values import Maybe


# ---------------------------------------------------------------------------------------------------
# What days follow from


SUBJECT, GIVEN, FIXED, VALUE, DAILY = "subject", "given", "fixed", "value", "daily"


NEVER = Days(frozenset())


@dataclass(frozen=True, slots=True)
class Clock:
    """A date from which something changes, and when.

    Attributes:
        of: ``subject`` for a plain field, a table for a field of its events, ``given`` for a ready-made fact,
            ``fixed`` for a date of the policy; ``value`` for what an expression comes to now, and as long as nothing is
            done; ``daily`` where every day counts.
        name: the field or fact.
        turn: how days follow from it.
        day: the date itself, where it is fixed.
        expr: what comes to the date, where it is a value.
        while_under: a field of the table's events; nothing changes any more once all of these dates are past.
    """

    of: str
    name: str = ""
    turn: Turn = NEVER
    day: date | None = None
    expr: Expr | None = None
    while_under: str | None = None


EVERY_DAY = Clock(DAILY)


def clocks(edition: Edition, name: str, given: Collection[str] = ()) -> frozenset[Clock]:
    """Return what may change a decision's answer as days go by.

    Args:
        edition: the policies.
        name: of the decision.
        given: facts and answers that are ready-made, and so stay what they are.
    """
    return _clocks(EditionKey(edition), name, frozenset(given))


@lru_cache(maxsize=1024)
def _clocks(key: EditionKey, name: str, given: frozenset[str]) -> frozenset[Clock]:
    decision = key.edition.decisions[name]
    found = set(Finder(key.edition, decision.subject, given).decision(decision))
    if decision.dated_by is not None:
        of = GIVEN if decision.dated_by in given else SUBJECT
        found.add(Clock(of, decision.dated_by, Days(frozenset({0}))))
    return frozenset(found)


def known_record(record: Record | None, as_of: date) -> Record | None:
    """Return a record without the events of days to come: what is known of it on the day."""
    if record is None:
        return None
    later: dict[str, object] = {}
    for name in SUBJECTS[record.called[0]].tables:
        dated = TABLES[name].date_field
        events = getattr(record, name)
        kept = tuple(each for each in events if (day := getattr(each, dated)) is None or day <= as_of)
        if len(kept) < len(events):
            later[name] = kept
    return record.model_copy(update=later) if later else record


def edge_days(
    wanted: Iterable[Clock],
    record: Record | None,
    facts: Mapping[str, Maybe],
    first: date,
    last: date,
    value_of: Callable[[Expr], Maybe] = lambda _: None,
) -> set[date]:
    """Return the days, from `first` to `last`, on which something may change.

    Args:
        wanted: what may change.
        record: whose dates count; none for ready-made facts.
        facts: ready-made facts, by name.
        first: the first day to look at.
        last: the last day to look at.
        value_of: what an expression comes to now.
    """
    found: set[date] = set()
    for clock in wanted:
        if clock.of == DAILY:
            return {date.fromordinal(each) for each in range(first.toordinal(), last.toordinal() + 1)}
        end = last
        if clock.while_under is not None:
            stop = max(_dates(clock.of, clock.while_under, record, facts), default=date.min)
            end = min(last, stop + ONE) if stop < date.max else last
        if clock.expr is not None:
            value = value_of(clock.expr)
            days = [value] if isinstance(value, date) else []
        elif clock.day is not None:
            days = [clock.day]
        else:
            days = _dates(clock.of, clock.name, record, facts)
        for day in days:
            found.update(turns(clock.turn, day, first, end))
    return found


def _dates(of: str, name: str, record: Record | None, facts: Mapping[str, Maybe]) -> list[date]:
    """Return the dates of a field, an event's field or a fact."""
    if of == GIVEN:
        values: list[object] = [facts.get(name)]
    elif record is None:
        return []
    elif of == SUBJECT:
        attribute = name.removeprefix("attributes.")
        values = [
            getattr(record, name) if attribute == name else read_attribute(record, attribute, DATE),
        ]
    else:
        values = list({getattr(event, name) for event in getattr(record, of)})
    return [value for value in values if isinstance(value, date)]


# ---------------------------------------------------------------------------------------------------
# Which dates an expression hangs on

Marks = frozenset[int] | None
"""Numbers (of a day, its number) from which on a condition comes out otherwise; none where every change matters."""
NO_MARKS: frozenset[int] = frozenset()


def marks_of(how: Comparison, value: Value) -> frozenset[int]:
    """Return from which numbers on a comparison comes out otherwise."""
    number = value.toordinal() if isinstance(value, date) else value
    if not isinstance(number, int):
        return NO_MARKS
    match how:
        case Comparison.AT_LEAST | Comparison.LESS_THAN:
            return frozenset({number})
        case Comparison.MORE_THAN | Comparison.AT_MOST:
            return frozenset({number + 1})
        case Comparison.EQUAL:
            return frozenset({number, number + 1})
        case _:
            assert_never(how)


TURNED = {
    Comparison.EQUAL: Comparison.EQUAL,
    Comparison.AT_LEAST: Comparison.AT_MOST,
    Comparison.MORE_THAN: Comparison.LESS_THAN,
    Comparison.AT_MOST: Comparison.AT_LEAST,
    Comparison.LESS_THAN: Comparison.MORE_THAN,
}
"""The same comparison with its sides changed."""


class Finder:
    """Walks what decisions read; each fact, under the same marks, once."""

    def __init__(self, edition: Edition, subject: str, given: frozenset[str]) -> None:
        self.edition, self.subject, self.given = edition, subject, given
        self.seen: set[tuple[str, Marks]] = set()
        self.tables: dict[str, None] = {}  # whose events are read, as far as it has walked

    def decision(self, decision: AnyDecision) -> Iterator[Clock]:
        """Yield what changes a decision's answer; how far inside its bounds a measure lies is no part of it."""
        for expr in self._answering(decision):
            yield from self.of(expr, None)

    def _answering(self, decision: AnyDecision) -> list[Expr]:
        return (
            [rule.when for rule in decision.rules] if isinstance(decision, Stage) else expressions(decision)
        )

    def of(self, expr: Expr, marks: Marks) -> Iterator[Clock]:
        """Yield what changes an expression's value, as far as its marks tell."""
        match expr:
            case Constant() | Field():
                return
            case AsOf() if marks is None:
                yield EVERY_DAY
            case AsOf():
                assert marks is not None
                for mark in marks:
                    if 1 <= mark <= date.max.toordinal():
                        yield Clock(FIXED, turn=Days(frozenset({0})), day=date.fromordinal(mark))
            case Fact(name=name):
                if name not in self.given and (name, marks) not in self.seen:
                    self.seen.add((name, marks))
                    yield from self.of(self.edition.fact(self.subject, name).expr, marks)
            case Answer(decision=name) | LevelIn(decision=name):
                if name not in self.given and (name, None) not in self.seen:
                    self.seen.add((name, None))
                    yield from self.decision(self.edition.decisions[name])
            case Compare(how=how, left=left, right=right):
                yield from self._compared(how, left, right)
            case Member(item=item, among=among):
                yield from self.of(
                    item, NO_MARKS.union(*(marks_of(Comparison.EQUAL, each) for each in among))
                )
            case Known(item=item) | IsAbsent(item=item):
                yield from self.of(item, NO_MARKS)
            case All() | AnyOf() | Not() | Arithmetic() | RoundWhole() | Lookup():
                for part in children(expr):
                    yield from self.of(part, None)
            case FirstKnown(items=items):
                for part in items:
                    yield from self.of(part, marks)
            case IfAbsent(item=item):
                yield from self.of(item, marks)
            case Elapsed():
                yield from self._elapsed(expr, marks)
            case Before(event=event):
                yield from self.of(
                    event, None
                )  # what was so on a day before stays so: only that day can move
                yield from self._following(event, Days(frozenset({-1})))
            case Aggregate():
                yield from self._events(expr, marks)
            case Reached():
                yield from self._reached(expr)
            case _:
                assert_never(expr)

    def _reached(self, expr: Reached) -> Iterator[Clock]:
        """Yield when a level is kept no longer: so many months after the last of the days on which it was reached."""
        numbers = {number for _, number in expr.levels}
        edition: Edition | None = self.edition
        while edition is not None:
            numbers |= set(_kept_months(edition, expr.decision))
            months = frozenset(numbers)
            yield Clock(FIXED, turn=Months(months), day=edition.start)
            yield Clock(FIXED, turn=Later(Days(frozenset({0})), months), day=edition.start)
            tier = edition.decisions.get(expr.decision)
            if isinstance(tier, Tier):
                for clock in Finder(edition.earning(tier.name), self.subject, self.given).past(tier.earned):
                    yield (
                        EVERY_DAY
                        if clock.of == DAILY
                        else Clock(clock.of, clock.name, Later(clock.turn, months), clock.day)
                    )
            edition = edition.before

    def past(self, decision: AnyDecision) -> Iterator[Clock]:
        """Yield what changes a decision's answer on days gone by, on which events happened too."""
        for clock in self.decision(decision):
            if clock.of == VALUE:
                yield from self.plain(clock)
            else:
                yield replace(clock, while_under=None)
        for table in self.tables:
            yield Clock(table, TABLES[table].date_field, Days(frozenset({0})))

    def _compared(self, how: Comparison, left: Expr, right: Expr) -> Iterator[Clock]:
        match left, right:
            case _, Constant(value=value):
                yield from self.of(left, marks_of(how, value))
            case Constant(value=value), _:
                yield from self.of(right, marks_of(TURNED[how], value))
            case (AsOf(), other) | (other, AsOf()):
                yield from self.of(other, None)
                yield from self._following(other, Days(frozenset({0, 1})))
            case _:
                yield from self.of(left, None)
                yield from self.of(right, None)

    def _elapsed(self, expr: Elapsed, marks: Marks) -> Iterator[Clock]:
        yield from self.of(expr.item, None)
        match expr.how:
            case Elapse.MONTHS_SINCE:
                turn = Every(1) if marks is None else Months(marks)
                yield from self._following(expr.item, turn)
            case Elapse.DAYS_SINCE | Elapse.DAYS_UNTIL if marks is None:
                yield EVERY_DAY
            case Elapse.DAYS_SINCE:
                assert marks is not None
                yield from self._following(expr.item, Days(marks))
            case Elapse.DAYS_UNTIL:  # it falls: on the first day below the number
                assert marks is not None
                yield from self._following(expr.item, Days(frozenset(1 - number for number in marks)))
            case _:
                assert_never(expr.how)

    def _events(self, expr: Aggregate, marks: Marks) -> Iterator[Clock]:
        dated = TABLES[expr.table].date_field
        self.tables[expr.table] = None
        if expr.within is not None:
            yield Clock(expr.table, dated, leaving(expr.within))
        if expr.how is Reduction.STREAK:
            yield Clock(expr.table, "ends_on", Days(frozenset({1})))
            years = Every(12) if marks is None else Months(frozenset(12 * (number - 1) for number in marks))
            yield Clock(expr.table, dated, years, while_under="ends_on")
        for part in (expr.after, expr.where, expr.that):
            if part is not None:
                yield from self.of(part, None)

    # --- dates ----------------------------------------------------------------------------------------

    def _following(self, expr: Expr, turn: Turn) -> Iterator[Clock]:
        """Yield a clock for each date that an expression may be."""
        dates = set(self._dates(expr))
        from_events = not isinstance(expr, Field) and any(of in TABLES for of, _, _ in dates)
        if from_events and self.stays(expr):
            yield Clock(VALUE, turn=turn, expr=expr)
        else:
            yield from (Clock(of, name, turn, day) for of, name, day in dates)

    def plain(self, clock: Clock) -> Iterator[Clock]:
        """Yield clocks of the dates that a value may be, which is more than it needs."""
        assert clock.expr is not None
        yield from (Clock(of, name, clock.turn, day) for of, name, day in set(self._dates(clock.expr)))

    def stays(self, expr: Expr) -> bool:
        """Tell whether a value stays what it is, as long as nothing is done."""
        return next(Finder(self.edition, self.subject, self.given).of(expr, None), None) is None

    def _dates(self, expr: Expr) -> Iterator[tuple[str, str, date | None]]:
        match expr:
            case Constant(value=value):
                if isinstance(value, date):
                    yield FIXED, "", value
            case Field(of=of, name=name):
                yield SUBJECT if of == self.subject else of, name, None
            case Fact(name=name) if name in self.given:
                yield GIVEN, name, None
            case Fact(name=name):
                yield from self._dates(self.edition.fact(self.subject, name).expr)
            case Answer(decision=name) if name in self.given:
                yield GIVEN, name, None
            case Answer(decision=name):
                decision = self.edition.decisions[name]
                cells = [*decision.cells.values(), decision.otherwise] if isinstance(decision, Rules) else []
                for row in cells:
                    yield from ((FIXED, "", cell) for cell in (row or {}).values() if isinstance(cell, date))
            case Aggregate(table=table, take=take):
                yield table, take.name if take is not None else TABLES[table].date_field, None
            case Lookup(cases=cases):
                yield from ((FIXED, "", value) for _, value in cases if isinstance(value, date))
            case Before(item=item) | IfAbsent(item=item):
                yield from self._dates(item)
            case FirstKnown() | Arithmetic():
                for part in children(expr):
                    if type_of(part).kind is Kind.DATE:
                        yield from self._dates(part)
            case _:
                return


def _kept_months(edition: Edition, name: str) -> Iterator[int]:
    """Yield for how many months an edition may keep levels of a tier."""
    tier = edition.decisions.get(name)
    if isinstance(tier, Tier) and tier.keeps is not None:
        months = tier.keeps.months.value
        assert isinstance(months, int)
        yield from (months * times for times in range(1, len(tier.levels)))


def leaving(window: Window) -> Turn:
    """Return when an event leaves a window."""
    if window.size is None:
        return Next(window.period or "year")
    size = window.size.value
    assert isinstance(size, int)
    months = window.size.type.kind is Kind.MONTHS
    return Months(frozenset({size})) if months else Days(frozenset({size}))
