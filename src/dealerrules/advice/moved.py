"""Moved: what is different on a day from the day before, so that an answer is: facts, with the events that no longer count.

Place in the flow: coming changes know that an answer changes; the traces of the two days, side by side, tell why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dealerrules.engines.row import Interpreter
from dealerrules.expr import (
    Aggregate,
    Answer,
    AsOf,
    Before,
    Constant,
    Elapsed,
    Expr,
    Fact,
    LevelIn,
    Reduction,
    children,
)
from dealerrules.records import TABLES
from dealerrules.values import ABSENT, DATE, Maybe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from dealerrules.engines.row import Step
    from dealerrules.records import Event


@dataclass(frozen=True, slots=True)
class Gone:
    """An event that counted until the day before: its table, its date, and its id where it has one."""

    table: str
    on: date
    id: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Something that was read and has another value: a fact, a time since (or until) one, the day itself.

    Attributes:
        name: of the fact; ``as_of`` for the day itself, and a table where its events are read without a fact's name.
        expr: what was read.
        before: its value on the day before, as the engines hold it.
        after: its value on the day.
        gone: the events that no longer count.
    """

    name: str
    expr: Expr
    before: Maybe
    after: Maybe
    gone: tuple[Gone, ...] = ()


def moved(before: Interpreter, after: Interpreter, name: str) -> tuple[Moved, ...]:
    """Return what changed a decision's answer, in the order in which the decision reads it.

    Args:
        before: the subject on the day before.
        after: the subject on the day, under the same edition.
        name: of the decision.
    """
    found: dict[Expr, Moved] = {}
    for one, other in _telling(before, after, name):
        for expr, old, new in _differing(before, after, one, other):
            if expr not in found:
                found[expr] = Moved(name_of(expr), expr, old, new, _gone(before, after, expr))
    return tuple(found.values())


def _telling(before: Interpreter, after: Interpreter, name: str) -> list[tuple[Step, Step]]:
    """Return the traces of the rules that tell the two answers apart; of an amount, those of its numbers too."""
    one, other = before.decide(name), after.decide(name)
    pairs = [
        (rule.id, old, new)
        for rule, old, new in zip(one.decision.rules, one.steps, other.steps, strict=True)
        if old.truth is not new.truth
    ]
    said = {rule for each in (one.verdict, other.verdict) for rule in (*each.because, *each.undetermined)}
    told = [(old, new) for rule, old, new in pairs if rule in said]
    found = told or [(old, new) for _, old, new in pairs]
    if one.verdict.answer == other.verdict.answer:
        found += list(zip(one.settling, other.settling, strict=True))
    return found


def _differing(
    before: Interpreter, after: Interpreter, one: Step, other: Step
) -> Iterator[tuple[Expr, Maybe, Maybe]]:
    """Yield what was read and differs, below two traces of one expression."""
    if _same(one.value, other.value):
        return
    expr = one.expr
    match expr:
        case Fact() | AsOf() | Aggregate() | Before():
            yield expr, one.value, other.value
        case Elapsed(item=item) if _same(one.parts[0].value, other.parts[0].value) and not isinstance(
            item, AsOf
        ):
            yield expr, one.value, other.value
        case Answer(decision=name):
            if name not in before.facts:
                for old, new in _telling(before, after, name):
                    yield from _differing(before, after, old, new)
        case LevelIn():
            rules = zip(before.rules_of(expr), after.rules_of(expr), strict=True)
            for (_, old), (_, new) in rules:
                yield from _differing(before, after, old, new)
        case _:
            for old, new in zip(one.parts, other.parts, strict=False):
                yield from _differing(before, after, old, new)


def _same(one: Maybe, other: Maybe) -> bool:
    return one is other or (one == other and isinstance(one, bool) == isinstance(other, bool))


def name_of(expr: Expr) -> str:
    """Return the name of the fact that is read; ``as_of`` for the day itself, and a table for its bare events."""
    match expr:
        case Fact(name=name):
            return name
        case AsOf():
            return "as_of"
        case Aggregate(table=table):
            return table
        case _:
            return next((name_of(part) for part in children(expr) if not isinstance(part, Constant)), "")


# ---------------------------------------------------------------------------------------------------
# Events that no longer count


def _gone(before: Interpreter, after: Interpreter, expr: Expr) -> tuple[Gone, ...]:
    found: dict[Gone, None] = {}
    for aggregate in _aggregates(before, expr):
        counted = _counted(before, aggregate)
        left = [event for event in counted if not _is_counted(after, aggregate, event)]
        if aggregate.how is Reduction.STREAK and after.step(aggregate).value == 0:
            left += [event for event in counted if getattr(event, "ends_on", None) == before.as_of]
        table = TABLES[aggregate.table]
        for event in left:
            id_ = getattr(event, table.id_field) if table.id_field is not None else None
            found[Gone(aggregate.table, getattr(event, table.date_field), id_)] = None
    return tuple(sorted(found, key=lambda each: (each.on, each.table, each.id or "")))


def _aggregates(interpreter: Interpreter, expr: Expr) -> Iterator[Aggregate]:
    """Yield the aggregates that a value comes from, through facts; not through days before an event."""
    match expr:
        case Fact(name=name):
            if name not in interpreter.facts:
                yield from _aggregates(interpreter, interpreter.edition.fact(interpreter.subject, name).expr)
        case Aggregate():
            yield expr
        case Before():
            return
        case _:
            for part in children(expr):
                yield from _aggregates(interpreter, part)


def _counted(interpreter: Interpreter, aggregate: Aggregate) -> Sequence[Event]:
    record = interpreter.record
    if record is None:
        return []
    return [event for event in getattr(record, aggregate.table) if _is_counted(interpreter, aggregate, event)]


def _is_counted(interpreter: Interpreter, aggregate: Aggregate, event: Event) -> bool:
    """Tell whether an aggregate takes an event: it alone counts as one."""
    after = interpreter.step(aggregate.after).value if aggregate.after is not None else ABSENT
    if after is None:
        return False
    alone = replace(
        aggregate,
        how=Reduction.COUNT,
        take=None,
        that=None,
        after=None if after is ABSENT else Constant(after, DATE),
        allow_gap=None,
    )
    assert interpreter.record is not None
    record = interpreter.record.model_copy(update={aggregate.table: (event,)})
    one = Interpreter(interpreter.edition, interpreter.subject, interpreter.as_of, record, interpreter.facts)
    return one.step(alone).value == 1
