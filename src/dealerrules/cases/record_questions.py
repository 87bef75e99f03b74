"""Record questions: records whose events show what facts count, as candidates for cases to propose.

Place in the flow: below ``proposing``, beside ``questions``. A record is made in which a rule holds, as far as that can
be read off the definitions of its facts; then one of its events is changed: on the edges of the window, and with
every value around those that the fact asks for.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from dealerrules.cases.coverage import read_definitions
from dealerrules.cases.questions import Ago, Questions, around
from dealerrules.cases.texts import fact_text
from dealerrules.engines.row import Interpreter
from dealerrules.expr import (
    Aggregate,
    All,
    AnyOf,
    Before,
    Compare,
    Comparison,
    Constant,
    Elapsed,
    Expr,
    Fact,
    Field,
    FirstKnown,
    IfAbsent,
    Known,
    Member,
    Not,
    Reduction,
    children,
    walk,
    window_start,
)
from dealerrules.faults import RecordError
from dealerrules.policy.model import Rules, Stage, Tier
from dealerrules.records import SUBJECTS, TABLES, read_record
from dealerrules.values import Kind, Maybe, Type, days_before, months_before, to_yuan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.policy.model import Edition

Event = dict[str, object]
_LATER = 12
"""How often it is looked whether a level was reached again while it was kept."""
MOST_EVENTS = 12
"""How many events a record is given to reach a count."""


@dataclass(slots=True)
class Draft:
    """A record on its way, with the engines' values."""

    fields: dict[str, object] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)

    def record(self, subject: str) -> dict[str, object]:
        """Return it as a record is given."""
        meta = SUBJECTS[subject]
        made: dict[str, object] = {meta.id_field: "case", **_public(self.fields, meta.fields)}
        for table, events in self.events.items():
            made[table] = [_public(event, TABLES[table].fields) for event in events]
        return made


def _public(values: dict[str, object], types: Any) -> dict[str, object]:
    """Return values as a record holds them: money in yuan; what is not recorded is left out."""
    return {
        name: to_yuan(value) if types[name].kind is Kind.MONEY and isinstance(value, int) else value
        for name, value in values.items()
        if value is not None
    }


class RecordQuestions:
    """What can be asked of a decision about the events that the policy's facts count, and those that it has a say in."""

    def __init__(self, edition: Edition, name: str, day: date) -> None:
        self.edition, self.name, self.day = edition, name, day
        self.decision = edition.decisions[name]
        self.subject = self.decision.subject

    def all(self) -> Iterator[tuple[str, date, dict[str, object]]]:
        """Yield candidates: what each is for, the day and the record."""
        counting = [
            (definition.name, aggregate)
            for definition in read_definitions(self.edition, self.decision, builtin=True)
            for aggregate in _aggregates(definition.expr)
            if not definition.builtin or _has_parameter(aggregate)
        ]
        yield from self._kept()
        if not counting:
            return
        asked = Questions(self.edition, self.name, self.day)
        seen: set[str] = set()
        for rule in self.decision.rules:
            day, facts = asked.granting(rule)
            maker = _Maker(self.edition, self.subject, day)
            base = Draft()
            for name, value in facts.items():
                maker.realise(name, value, base)
            for name, aggregate in counting:
                for why, draft in self._variants(maker, base, name, aggregate):
                    record = draft.record(self.subject)
                    if repr((day, record)) not in seen:
                        seen.add(repr((day, record)))
                        yield f"{self.name}, {rule.id}: {why}", day, record

    def _kept(self) -> Iterator[tuple[str, date, dict[str, object]]]:
        """Yield records that reached a level of a tier, on the last day on which it is kept and on the day it is over."""
        tier = self.decision
        if not isinstance(tier, Tier) or tier.keeps is None:
            return
        asked = Questions(self.edition, self.name, self.day)
        for rule in tier.earned.rules:
            day, facts = asked.granting(rule)
            maker, draft = _Maker(self.edition, self.subject, day), Draft()
            for name, value in facts.items():
                maker.realise(name, value, draft)
            given = draft.record(self.subject)
            over = self._over(tier, rule.answer, given, day)
            if over is not None:
                yield f"{self.name}, {rule.id}: on the last day", days_before(over, 1), given
                yield f"{self.name}, {rule.id}: on the day it is over", over, given

    def _over(self, tier: Tier, level: str, given: dict[str, object], day: date) -> date | None:
        """Return the day on which a level that is reached on a day is kept no longer; none where that never comes."""
        expr = self.edition.fact(self.subject, tier.kept_fact(level)).expr
        try:
            record = read_record(given, self.subject)
        except RecordError:
            return None
        for _ in range(_LATER):
            kept = Interpreter(self.edition, self.subject, days_before(day, -1), record).step(expr).kept
            if kept is None or kept.until > self.edition.end:
                return None
            if kept.until == days_before(day, -2):
                return kept.until
            day = days_before(kept.until, 2)
        return None

    def _variants(
        self, maker: _Maker, base: Draft, name: str, aggregate: Aggregate
    ) -> Iterator[tuple[str, Draft]]:
        """Yield a record with one event of an aggregate as it should be, and in every other way."""
        table = aggregate.table
        start = deepcopy(base)
        if not start.events.get(table):
            maker.add(aggregate, start)
        yield f"{name} counted", start
        original = start.events[table][-1]
        for key, values in maker.values(aggregate).items():
            for value in values:
                draft = deepcopy(start)
                draft.events[table][-1] = {**original, key: value}
                said = fact_text(value, TABLES[table].fields[key]).strip('"')
                yield f"{name}, {key} {said}", draft
        if aggregate.how is Reduction.STREAK and aggregate.allow_gap is not None:
            yield from self._gaps(start, name, aggregate)
        if isinstance(aggregate.after, Fact):
            days = sorted(str(event[TABLES[table].date_field]) for event in start.events[table])
            middle = date.fromisoformat(days[len(days) // 2])
            for at, said in ((middle, "in between"), (days_before(middle, -1), "the day after")):
                draft = deepcopy(start)
                maker.realise(aggregate.after.name, at, draft)
                yield f"{name}, {aggregate.after.name} {said}", draft

    def _gaps(self, start: Draft, name: str, aggregate: Aggregate) -> Iterator[tuple[str, Draft]]:
        """Yield a run of cover with days between that are just few enough, and one too many."""
        assert aggregate.allow_gap is not None
        allowed = aggregate.allow_gap.value
        *others, whole = start.events[aggregate.table]
        begins = TABLES[aggregate.table].date_field
        ends = days_before(self.day, 100)
        for extra in (-1, 0, 1):
            assert isinstance(allowed, int)
            again = days_before(ends, -(allowed + extra + 1))
            draft = deepcopy(start)
            draft.events[aggregate.table] = [*others, {**whole, "ends_on": ends}, {**whole, begins: again}]
            yield f"{name}, {allowed + extra} days between", draft


@dataclass(frozen=True, slots=True)
class _Maker:
    """Puts into a record what gives its facts their values."""

    edition: Edition
    subject: str
    day: date

    def realise(self, name: str, value: Maybe, draft: Draft) -> None:
        """Put into a record what gives a fact, or another decision, a value, as far as that is plain."""
        decision = self.edition.decisions.get(name)
        if decision is None or decision.subject != self.subject:
            self._expr(self.edition.fact(self.subject, name).expr, value, draft)
        elif isinstance(decision, Stage | Rules):
            rules = [rule for rule in decision.rules if rule.answer == value]
            if rules:
                _, facts = Questions(self.edition, name, self.day).granting(rules[0])
                for each, wanted in facts.items():
                    self.realise(each, wanted, draft)

    def _expr(self, expr: Expr, value: Maybe, draft: Draft) -> None:
        match expr:
            case Field(of=of, name=name) if of == self.subject and "." not in name:
                draft.fields[name] = value
            case Fact(name=name):
                self.realise(name, value, draft)
            case FirstKnown(items=(item, *_)) | IfAbsent(item=item):
                self._expr(item, value, draft)
            case Elapsed(how=how, item=item) if isinstance(value, int):
                self._expr(item, Ago(how, value).on(self.day), draft)
            case Aggregate(how=Reduction.COUNT | Reduction.DISTINCT) if isinstance(value, int):
                for _ in range(min(value, MOST_EVENTS)):
                    self.add(expr, draft)
            case Aggregate(how=Reduction.LATEST | Reduction.EARLIEST, take=None) if isinstance(value, date):
                self.add(expr, draft, {TABLES[expr.table].date_field: value})
            case Aggregate(take=Field(name=name)) if value is not None:
                self.add(expr, draft, {name: value})
            case Aggregate(how=Reduction.SOME | Reduction.EVERY) if value is True:
                self.add(expr, draft)
            case Aggregate(how=Reduction.STREAK, table=table) if isinstance(value, int) and value:
                started = months_before(self.day, 12 * (value - 1))
                dates: Event = {TABLES[table].date_field: started, "ends_on": days_before(self.day, -30)}
                self.add(expr, draft, dates)
            case _:
                pass

    def add(self, aggregate: Aggregate, draft: Draft, values: Event | None = None) -> None:
        """Put into a record an event that an aggregate takes."""
        table = TABLES[aggregate.table]
        there = draft.events.setdefault(aggregate.table, [])
        made: Event = {table.date_field: days_before(self.day, 30 + len(there))}
        for part in (aggregate.where, aggregate.that):
            if part is not None:
                self._settle(part, made, holds=True)
        there.append({**made, **(values or {})})

    def _settle(self, condition: Expr, event: Event, *, holds: bool) -> None:
        """Choose fields of an event with which a condition holds, or does not."""
        match condition:
            case All(items=items) if holds:
                for item in items:
                    self._settle(item, event, holds=True)
            case All(items=(item, *_)) | AnyOf(items=(item, *_)):
                self._settle(item, event, holds=holds)
            case Not(item=item):
                self._settle(item, event, holds=not holds)
            case Compare(
                how=Comparison.EQUAL, left=Field(name=name, type=type_), right=Constant(value=value)
            ):
                event[name] = value if holds else _another(type_, (value,))
            case Member(item=Field(name=name, type=type_), among=among):
                event[name] = among[0] if holds else _another(type_, among)
            case Compare(how=how, left=left, right=Constant(value=value)):
                up = how in {Comparison.MORE_THAN, Comparison.LESS_THAN}
                step = (1 if how in {Comparison.MORE_THAN, Comparison.AT_LEAST} else -1) if up else 0
                self._stand(left, value, step, event)
            case Known(item=Field(name=name, type=type_)) if holds:
                event[name] = _another(type_, ())
            case _:
                pass

    def _stand(self, left: Expr, value: object, step: int, event: Event) -> None:
        """Put a field at a number, or a step beside it."""
        match left, value:
            case Field(name=name), date():
                event[name] = days_before(value, -step)
            case Field(name=name), int() | Fraction():
                event[name] = value + step
            case Elapsed(how=how, item=Field(name=name)), int():
                event[name] = Ago(how, value + step).on(self.day)
            case _:
                pass

    def values(self, aggregate: Aggregate) -> dict[str, list[object]]:
        """Return for each field that an aggregate looks at the values around those that it asks for, and none."""
        table = TABLES[aggregate.table]
        found: dict[str, list[object]] = {}
        for part in (aggregate.where, aggregate.that):
            for node in walk(part) if part is not None else ():
                match node:
                    case Compare(left=Field(name=name, type=type_), right=Constant(value=value)):
                        found.setdefault(name, []).extend([*around(type_, value), None])
                    case Member(item=Field(name=name, type=type_), among=among):
                        beside = [each for value in among for each in around(type_, value)]
                        found.setdefault(name, []).extend([*beside, None])
                    case Compare(
                        left=Elapsed(how=how, item=Field(name=name)), right=Constant(value=int() as size)
                    ):
                        days = [Ago(how, size + step).on(self.day) for step in (-1, 0, 1)]
                        found.setdefault(name, []).extend([*days, None])
                    case Known(item=Field(name=name)):
                        found.setdefault(name, []).append(None)
                    case _:
                        pass
        edge = window_start(aggregate.within, self.day)
        dates = [self.day, days_before(self.day, -1)]
        if edge is not None:
            dates += [days_before(edge, step) for step in (-1, 0, 1)]
        if aggregate.take is None or table.date_field not in found:
            found.setdefault(table.date_field, []).extend(dates)
        return {name: list(dict.fromkeys(values)) for name, values in found.items()}


def _another(type_: Type, taken: tuple[object, ...]) -> object:
    """Return a value of a type that is none of some."""
    if type_.kind is Kind.BOOLEAN:
        return next((each for each in (True, False) if each not in taken), None)
    return next(
        (word for word in type_.options if word not in taken), "其他" if type_.kind is Kind.TEXT else None
    )


def _has_parameter(aggregate: Aggregate) -> bool:
    """Tell whether a policy can change what an aggregate counts, by a parameter."""
    return any(getattr(node, "parameter", None) is not None for node in walk(aggregate))


def _aggregates(expr: Expr) -> Iterator[Aggregate]:
    """Yield what looks at events on the day itself, or gives the day of an event."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Aggregate):
            yield node
        elif isinstance(node, Before):
            stack.append(node.event)
        else:
            stack.extend(children(node))
