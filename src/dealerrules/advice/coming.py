"""Coming changes: the days on which an answer changes by itself, with nothing further done, and why.

Place in the flow: an answer is asked for them. ``edges`` says which days have to be looked at; on those the engine
evaluates what is known now, and where the answer differs from the day before, ``moved`` says what made it so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dealerrules.advice.coming_words import Begins, Cause, OwnDate, Telling, answer_dict, cause_dict
from dealerrules.advice.moved import moved
from dealerrules.advice.standing import said, worse
from dealerrules.edges import FIXED, Clock, clocks, edge_days, known_record
from dealerrules.engines.row import Interpreter
from dealerrules.facts import read_facts
from dealerrules.faults import Fault, RecordError
from dealerrules.outcome import Case, Json, outcome_class
from dealerrules.turns import ONE, Days
from dealerrules.values import ABSENT, read_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.advice.next_step import NextStep
    from dealerrules.answer import Answer
    from dealerrules.book import PolicyBook
    from dealerrules.engines.row import Decided
    from dealerrules.expr import Expr
    from dealerrules.outcome import AnyOutcome, Outcome
    from dealerrules.policy.model import Edition
    from dealerrules.records import Record
    from dealerrules.values import Maybe


@dataclass(frozen=True, slots=True)
class Coming:
    """A day on which an answer changes by itself.

    Attributes:
        decision: whose answer changes.
        on: the first day of the new answer.
        before: the outcome on the day before.
        after: the outcome on the day.
        cause: what made it so: facts that have another value, a version of the policy that begins, or the subject's own
            date.
        worse: whether the new answer is a worse one; none where the policy does not say which one is better, or one of
            them is not decided. Of a tier that is not settled the level that is sure counts.
    """

    decision: str
    on: date
    before: AnyOutcome
    after: AnyOutcome
    cause: tuple[Cause, ...]
    worse: bool | None

    @property
    def better(self) -> bool | None:
        """Whether the new answer is a better one."""
        return None if self.worse is None else not self.worse

    def prevented_by(self, limit: int | None = 3) -> tuple[NextStep, ...]:
        """Return the smallest changes that keep the present answer on that day, nearest first.

        Args:
            limit: how many at most; none for all.

        Raises:
            TooLargeError: for more ways than can be looked through.
        """
        from dealerrules.advice.next_step import next_steps  # noqa: PLC0415 - only who asks for advice waits for it
        from dealerrules.advice.steps import Question  # noqa: PLC0415

        wanted, case = self.before.verdict.answer, self.after.case
        if wanted is None or case is None or self.decision not in case.edition.decisions:
            return ()
        model = case.edition.decisions[self.decision]
        if wanted not in {rule.answer for rule in model.rules} | {
            each.id for each in getattr(model, "levels", ())
        }:
            return ()
        question = Question(case.edition, case.subject, case.as_of, case.record, case.facts)
        return next_steps(question, self.decision, to=wanted, limit=limit)

    def text(self, lang: str = "en") -> str:
        """Return it in one line, in Chinese (``zh``) or English (``en``)."""
        return Telling(lang).change(self)

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, with stable keys."""
        return {
            "decision": self.decision,
            "on": self.on.isoformat(),
            "before": answer_dict(self.before),
            "after": answer_dict(self.after),
            "worse": self.worse,
            "cause": [cause_dict(cause) for cause in self.cause],
            "text": {"zh": self.text("zh"), "en": self.text("en")},
        }


# ---------------------------------------------------------------------------------------------------
# Finding them


def coming_changes(
    answer: Answer,
    book: PolicyBook,
    facts: Mapping[str, object] | None,
    until: date | str,
    names: Sequence[str],
) -> tuple[Coming, ...]:
    """Return the days on which outcomes change by themselves, by day, then decision.

    Args:
        answer: the present one.
        book: the policies.
        facts: ready-made facts, if the answer is to them.
        until: the last day to look at.
        names: of decisions.

    Raises:
        RecordError: for a day that is none.
    """
    last = last_day(until)
    seeking = _Seeking(book, answer.subject, answer.as_of, known_record(answer.record, answer.as_of), facts)
    found: list[Coming] = []
    for name in names:
        found += seeking.changes(name, last)
    return tuple(sorted(found, key=lambda each: (each.on, each.decision)))


def last_day(until: date | str) -> date:
    """Return the last day to look at.

    Raises:
        RecordError: for a day that is none.
    """
    try:
        return read_date(until)
    except ValueError as error:
        said_zh = f"最后一天不对：`{until}`"
        raise RecordError([Fault("evaluation", None, "until", until, str(error), said_zh)]) from None


def editions_of(book: PolicyBook, name: str, as_of: date, until: date) -> list[Edition]:
    """Return the editions that may decide something in a stretch of days."""
    dated = book.decisions[name].dated_by is not None
    return [
        edition
        for edition in book.editions
        if name in edition.decisions and edition.start <= until and (dated or edition.end >= as_of)
    ]


def beginnings(book: PolicyBook, as_of: date, until: date) -> Iterator[Clock]:
    """Yield the days on which something else comes into force."""
    for edition in book.editions:
        if as_of < edition.start <= until:
            yield Clock(FIXED, turn=Days(frozenset({0})), day=edition.start)
        if as_of <= edition.end < until:
            yield Clock(FIXED, turn=Days(frozenset({1})), day=edition.end)


@dataclass
class _Seeking:
    """Looks at one subject, as known now, on days to come."""

    book: PolicyBook
    subject: str
    as_of: date
    record: Record | None
    facts: Mapping[str, object] | None

    def changes(self, name: str, until: date) -> Iterator[Coming]:
        if until <= self.as_of:
            return
        before = self._outcome(name, self.as_of)
        for day in self._days(name, until):
            after = self._outcome(name, day)
            if said(after) != said(before):
                last = self._outcome(name, day - ONE)
                causes = tuple(self._causes(last, after, day))
                yield Coming(name, day, last, after, causes, worse(last, after))
            before = after

    def _days(self, name: str, until: date) -> list[date]:
        found: set[date] = set()
        first = self.as_of + ONE
        for edition in editions_of(self.book, name, self.as_of, until):
            given = self._read(edition)
            wanted = clocks(edition, name, given)
            found |= edge_days(wanted, self.record, given, first, until, self._value_of(edition, given))
        return sorted(found | edge_days(beginnings(self.book, self.as_of, until), None, {}, first, until))

    def _value_of(self, edition: Edition, given: Mapping[str, Maybe]) -> Callable[[Expr], Maybe]:
        """Return what tells the present value of an expression."""
        now = Interpreter(edition, self.subject, self.as_of, self.record, given)
        return lambda expr: now.step(expr).value

    def _given(self, edition: Edition) -> dict[str, object]:
        """Return the ready-made facts that a version takes as the present one does; the others are unknown under it."""
        known, present = edition.given_types(self.subject), self.book.edition(self.as_of)
        types = present.given_types(self.subject) if present is not None else known
        return {
            name: value
            for name, value in (self.facts or {}).items()
            if name in known
            and types.get(name) == known[name]
            and (value is not ABSENT or edition.may_be_absent(self.subject, name))
        }

    def _read(self, edition: Edition) -> dict[str, Maybe]:
        known, absent = edition.given_types(self.subject), partial(edition.may_be_absent, self.subject)
        return read_facts(self.subject, self._given(edition), known, absent)

    def _outcome(self, name: str, day: date) -> AnyOutcome:
        if self.record is not None:
            return self.book.evaluate(self.record, as_of=day, decisions=(name,))[name]
        edition = self.book.edition(day)
        given = self._given(edition) if edition is not None else {}
        return self.book.evaluate_facts(self.subject, given, as_of=day, decisions=(name,))[name]

    # --- why ------------------------------------------------------------------------------------------

    def _causes(self, before: AnyOutcome, after: AnyOutcome, day: date) -> Iterator[Cause]:
        name, old, new = after.decision, before.case, after.case
        if old is None or new is None:
            own = before.verdict.reason
            if own is not None and own.code == "dated_after":
                yield OwnDate(own.values["field"], day)
            else:
                known = (after if new is not None else before).model
                yield Begins(known.policy, ends=new is None)
        elif old.edition is new.edition:
            yield from moved(old.interpreter, new.interpreter, name)
        else:
            under_old = Case(old.edition, old.subject, day, old.record, old.facts)
            undisturbed = said(_outcome_of(under_old.decided(name)))
            if undisturbed != said(before):
                yield from moved(old.interpreter, under_old.interpreter, name)
            if undisturbed != said(after):
                yield Begins(after.model.policy)


def _outcome_of(decided: Decided) -> Outcome:
    extra = (decided.amount, decided.entries) if decided.amount is not None else None
    return outcome_class(decided.decision)(decided.decision, decided.verdict, extra, None)
