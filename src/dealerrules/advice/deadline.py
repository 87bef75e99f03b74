"""Deadline: until when a step is enough, if nothing else happens until it is taken.

Place in the flow: a next step asks. Visits leave their window while one waits; on each day on which something may change
the step is taken anew, from what the facts then are, and the answer that it promises must still come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dealerrules.advice.better import rank
from dealerrules.advice.levers import Way
from dealerrules.advice.moves import Here, facts_after
from dealerrules.edges import clocks, edge_days, known_record
from dealerrules.engines.row import Interpreter
from dealerrules.turns import ONE
from dealerrules.values import months_before
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from dealerrules.advice.moves import Change
    from dealerrules.advice.steps import Found, Question
    from dealerrules.engines.row import Decided
    from dealerrules.records import Record
    from dealerrules.values import Maybe

HORIZON = 12
"""So many months are looked ahead."""


def last_day(question: Question, name: str, found: Found) -> date | None:
    """Return the last day on which a step is enough.

    None where it stays so for 12 months, or as long as this version of the policy is in force; and for ready-made facts,
    of which nobody knows how they came about.

    Args:
        question: whose answer it is.
        name: of the decision.
        found: the step.
    """
    record = known_record(question.record, question.day)
    if record is None or question.facts:
        return None
    first, end = question.day + ONE, min(months_before(question.day, -HORIZON), question.edition.end)
    now = Interpreter(question.edition, question.subject, question.day, record)
    days = edge_days(
        clocks(question.edition, name), record, {}, first, end, lambda expr: now.step(expr).value
    )
    for day in sorted(days):
        if not _is_enough(question, record, name, found, day):
            return day - ONE
    return None


def _is_enough(question: Question, record: Record, name: str, found: Found, day: date) -> bool:
    """Tell whether a step, taken on a later day, gives what it promises, or better."""
    edition, subject = question.edition, question.subject
    then = Interpreter(edition, subject, day, record)
    values = {each: then.fact(each).value for each in found.facts if each in edition.facts[subject]}
    here = Here(edition, subject, day, values, (), lambda at, _: at)
    changed: dict[str, Maybe] = {}
    for change in found.changes:
        changed |= facts_after(_on(change, values, day), here, changed)
    decided = Interpreter(edition, subject, day, record, changed).decide(name)
    return _as_good(found, decided)


def _on(change: Change, values: Mapping[str, Maybe], day: date) -> Change:
    """Return a change as it is on a later day: as much more, or less, than there is then."""
    now = values[change.lever.name]
    if change.way is Way.EVENT:
        return replace(change, before=now, after=day)
    words = change.lever.type.ordered or change.way not in {Way.MORE, Way.LESS}
    if (
        words
        or not isinstance(now, int)
        or not isinstance(change.after, int)
        or not isinstance(change.before, int)
    ):
        return replace(change, before=now)
    return replace(change, before=now, after=now + change.after - change.before)


def _as_good(found: Found, decided: Decided) -> bool:
    promised, came = found.after.verdict, decided.verdict
    one, other = rank(decided.decision, promised.answer), rank(decided.decision, came.answer)
    if one is not None and other is not None:
        return other >= one
    if found.after.amount is not None:
        return decided.amount is not None and decided.amount >= found.after.amount
    return came.status is Status.DECIDED and (came.answer, came.rows) == (promised.answer, promised.rows)
