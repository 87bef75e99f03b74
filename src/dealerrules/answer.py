"""The answer: all decisions for one subject on one day, from the masks that an engine found; explained on demand.

Place in the flow: what the book gives out. A plan says which program was run for which decisions; an answer makes its
outcomes, its explanation and its JSON from the results when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from dealerrules import __version__
from dealerrules.digests import facts_digest, record_digest
from dealerrules.facts import read_facts
from dealerrules.outcome import (
    AnyOutcome,
    Case,
    Json,
    OfferOutcome,
    Outcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
    json_value,
    outcome_class,
    undefined,
)
from dealerrules.records import SUBJECTS, Record
from dealerrules.values import DATE
from dealerrules.verdict import Reason, Verdict, verdict

if TYPE_CHECKING:
    from dealerrules.advice.coming import Coming
    from dealerrules.book import PolicyBook
    from dealerrules.engines.compiled import Program
    from dealerrules.engines.durable import Ruleset
    from dealerrules.explain import Explanation
    from dealerrules.faults import RecordError
    from dealerrules.policy.model import AnyDecision, Edition
    from dealerrules.values import Maybe

SCHEMA_VERSION = 1
"""Of the JSON that `to_dict` gives; it changes when a key changes its meaning."""

Kind = TypeVar("Kind", bound=Outcome)


VERDICTS_KEPT = 4096
"""Of one decision, by the masks of its rules: a store's customers fall into some hundred combinations."""


class _Verdicts(dict[tuple[int, int], Verdict]):
    """What a decision's masks mean, worked out once each; the same for all subjects."""

    def __init__(self, model: AnyDecision) -> None:
        super().__init__()
        self.model = model

    def __missing__(self, masks: tuple[int, int]) -> Verdict:
        if len(self) >= VERDICTS_KEPT:
            self.clear()
        found = self[masks] = verdict(self.model, *masks)
        return found


class Seat:
    """A decision in a plan: where its result stands among the results, and how it becomes an outcome."""

    __slots__ = ("at", "dated_by", "make", "model", "verdicts")

    def __init__(self, at: int, model: AnyDecision) -> None:
        self.at, self.model, self.dated_by = at, model, model.dated_by
        self.make, self.verdicts = outcome_class(model), _Verdicts(model)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run for some decisions as of a day: a program, and decisions without a version that day."""

    book: PolicyBook
    subject: str
    edition: Edition | None
    program: Program | None
    seats: dict[str, Seat]
    absent: dict[str, Reason]
    engine: str = "compiled"
    ruleset: Ruleset | None = None

    def on_facts(self, given: Mapping[str, object], day: date) -> tuple[Any, ...]:
        """Evaluate ready-made facts with the engine that was asked for."""
        if self.ruleset is not None:
            return self.ruleset.on_facts(given, day)
        return self.program.on_facts(given, day) if self.program is not None else ()

    def elsewhere(self) -> Plan:
        """Return the plan with durable_rules as its engine."""
        if self.edition is None or self.program is None:
            return replace(self, engine="durable")
        from dealerrules.engines.durable import ruleset  # noqa: PLC0415 - only who asks for it waits for it

        made = ruleset(self.edition, self.subject, tuple(self.seats), strict=True)
        return replace(self, engine="durable", ruleset=made)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of many records, and the errors of those that were skipped; both in the order given."""

    answers: tuple[Answer, ...]
    errors: tuple[RecordError, ...]


class Answer(Mapping[str, AnyOutcome]):
    r"""All decisions for one subject on one day, by name; explained on demand.

    Examples:
        >>> from dealerrules.book import loads
        >>> book = loads("policy: p\ndecisions: {d: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, "
        ...              "rows: [{id: r, when: {media: true}, then: {d: true}}]}}")
        >>> answer = book.evaluate({"customer_id": "C1"}, as_of="2014-09-30")
        >>> answer["d"].status.value, answer["d"].missing
        ('undetermined', ('media',))
    """

    __slots__ = ("_cases", "_facts", "_plan", "_record", "_results", "as_of")

    def __init__(
        self,
        plan: Plan,
        as_of: date,
        record: Record | None,
        facts: dict[str, object] | None,
        results: tuple[Any, ...],
    ) -> None:
        self._plan = plan
        self.as_of = as_of
        self._record = record
        self._facts = facts
        self._results = results
        self._cases: dict[date, Case] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the question: programs cannot be, and the answer to it is the same again."""
        asked = (self._plan.book, self.subject, self.as_of, tuple(self), self._record, self._facts)
        return _again, (*asked, self._plan.engine)

    @property
    def subject(self) -> str:
        """What it is about, such as ``customer``."""
        return self._plan.subject

    @property
    def id(self) -> str | None:
        """The subject's id; none for ready-made facts."""
        return None if self._record is None else str(getattr(self._record, SUBJECTS[self.subject].id_field))

    @property
    def record(self) -> Record | None:
        """The record that was evaluated; none for ready-made facts."""
        return self._record

    def __getitem__(self, name: str) -> AnyOutcome:
        """Return the outcome of a decision."""
        seat = self._plan.seats.get(name)
        if seat is None or seat.dated_by is not None:
            return self._unusual(name, seat)
        true, unknown, extra = self._results[seat.at]
        return seat.make(seat.model, seat.verdicts[true, unknown], extra, self._case)

    def _unusual(self, name: str, seat: Seat | None) -> AnyOutcome:
        """Return the outcome of a decision that the subject's own date decides, or that is not in force on the day."""
        latest = self._plan.book.decisions[name]
        dated_by = seat.dated_by if seat is not None else latest.dated_by
        if dated_by is not None and name in self:
            return self._dated(name, dated_by)
        return undefined(latest, self._plan.absent[name])

    def __contains__(self, name: object) -> bool:
        """Tell whether a decision was evaluated."""
        return name in self._plan.seats or name in self._plan.absent

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of decisions, in alphabetical order."""
        return iter(sorted([*self._plan.seats, *self._plan.absent]))

    def __len__(self) -> int:
        """Return how many decisions there are."""
        return len(self._plan.seats) + len(self._plan.absent)

    def _dated(self, name: str, dated_by: str) -> AnyOutcome:
        """Return the outcome under the version in force on the subject's own date."""
        book, as_of = self._plan.book, self.as_of
        latest = book.decisions[name]
        day = self._own_date(dated_by)
        if day is None:
            if book._versions(name, as_of) > 1:  # noqa: SLF001 - the same room; which of them decides is not known
                return undefined(latest, Reason("date_unknown", {"field": dated_by}))
            day = as_of
        if day > as_of:
            return undefined(
                latest, Reason("dated_after", {"field": dated_by, "date": str(day), "day": str(as_of)})
            )
        plan = book._plan(self.subject, day, (name,), self._plan.engine)  # noqa: SLF001 - the same room
        if plan.program is None or plan.edition is None:
            return undefined(latest, plan.absent[name])
        if plan.edition is self._plan.edition:
            true, unknown, extra = self._results[self._plan.seats[name].at]
        elif self._record is not None:
            true, unknown, extra = plan.program.on_record(self._record, as_of)[0]
        else:
            true, unknown, extra = plan.on_facts(self._facts or {}, as_of)[0]
        seat = plan.seats[name]
        return seat.make(seat.model, seat.verdicts[true, unknown], extra, partial(self._case, plan.edition))

    def _own_date(self, field: str) -> date | None:
        if self._record is not None:
            found = getattr(self._record, field)
        else:
            given = {field: (self._facts or {}).get(field)}
            found = read_facts(self.subject, given, {field: DATE}, lambda _: False)[field]
        return found if isinstance(found, date) else None

    def _read_facts(self, edition: Edition | None) -> dict[str, Maybe]:
        if self._facts is None or edition is None:
            return {}
        known, absent = edition.given_types(self.subject), partial(edition.may_be_absent, self.subject)
        return read_facts(self.subject, self._facts, known, absent)

    def _case(self, edition: Edition | None = None) -> Case:
        """Return the subject on the day, under another edition than that of the day where one is given."""
        edition = edition or self._plan.edition
        assert edition is not None
        if self._cases is None:
            self._cases = {}
        found = self._cases.get(edition.start)
        if found is None:
            facts = self._read_facts(edition)
            found = self._cases[edition.start] = Case(edition, self.subject, self.as_of, self._record, facts)
        return found

    # --- typed access ---

    def tier(self, name: str) -> TierOutcome:
        """Return the outcome of a tier."""
        return self._typed(name, TierOutcome)

    def stage(self, name: str) -> StageOutcome:
        """Return the outcome of a stage decision."""
        return self._typed(name, StageOutcome)

    def payout(self, name: str) -> PayoutOutcome:
        """Return the outcome of a payout."""
        return self._typed(name, PayoutOutcome)

    def offer(self, name: str) -> OfferOutcome:
        """Return the outcome of an offer."""
        return self._typed(name, OfferOutcome)

    def rules(self, name: str) -> RulesOutcome:
        """Return the outcome of a rules table."""
        return self._typed(name, RulesOutcome)

    def _typed(self, name: str, kind: type[Kind]) -> Kind:
        found = self[name]
        if not isinstance(found, kind):
            asked = kind.__name__.removesuffix("Outcome").lower()
            message = f"`{name}` is {_CALLED[found.kind]}, not {_CALLED[asked]}"
            raise TypeError(message)
        return found

    # --- out ---

    def explain(
        self, lang: str = "en", *, decisions: Sequence[str] | None = None, advice: bool = True
    ) -> Explanation:
        """Explain every decision (or some), in Chinese (``zh``) or English (``en``).

        Args:
            lang: the language.
            decisions: names, to restrict what is explained.
            advice: whether to tell the nearest step to a better answer and the next change within 12 months too; it is
                worked out when the explanation is first written down.
        """
        from dealerrules.advice.outlook import outlook  # noqa: PLC0415 - only who asks why waits for it
        from dealerrules.explain import explain  # noqa: PLC0415

        names = list(self) if decisions is None else list(decisions)
        return explain(
            [self[name] for name in names],
            subject=self.subject,
            id_=self.id,
            as_of=self.as_of,
            lang=lang,
            look=partial(outlook, self) if advice else None,
        )

    def coming_changes(self, until: date | str, decisions: Sequence[str] | None = None) -> tuple[Coming, ...]:
        r"""Return the days on which an outcome changes by itself, with nothing further done, and why.

        On each day up to `until` it is what `evaluate` says of what is known now: of the record without the events of
        later days, under the version in force on that day. What an outcome comes to counts: its status and its answer,
        as a frame shows them; not how far a measure lies inside its bounds, nor by which rules it is so.

        Of ready-made facts the days move that follow from dates given; a fact that counts events stays what it is.

        Args:
            until: the last day to look at.
            decisions: names, to restrict the work; all of the answer's otherwise.

        Raises:
            RecordError: for a day that is none, and unknown names.

        Examples:
            >>> from dealerrules.book import loads
            >>> book = loads("policy: p\ndecisions: {stage: {kind: stage, measure: months_since_last_visit, "
            ...              "stages: {active: {from: 0 months}, wavering: {from: 6 months}}}}")
            >>> record = {"customer_id": "C1", "visits": [{"visited_on": "2014-08-31"}]}
            >>> answer = book.evaluate(record, as_of="2014-09-30")
            >>> [change.text() for change in answer.coming_changes("2015-12-31")]
            ['on 2015-03-01: active → wavering (Months since the last visit: 5 months → 6 months)']
        """
        from dealerrules.advice.coming import coming_changes  # noqa: PLC0415 - only who asks for advice waits for it

        book = self._plan.book
        names = tuple(self) if decisions is None else book._names(self.subject, tuple(decisions))  # noqa: SLF001 - the same room
        return coming_changes(self, book, self._facts, until, names)

    def to_dict(self) -> dict[str, Json]:
        """Return the answer as plain JSON values: amounts as text, dates ISO, keys stable."""
        return {
            "schema_version": SCHEMA_VERSION,
            "subject": self.subject,
            "id": self.id,
            "key": self._key(),
            "as_of": self.as_of.isoformat(),
            "fingerprint": self._plan.book.fingerprint,
            "input": self._input(),
            "library": __version__,
            "outcomes": {name: self[name].to_dict() for name in self},
        }

    def _key(self) -> dict[str, Json] | None:
        """Return what tells the record from all others of its subject: for most the id, none for ready-made facts."""
        if self._record is None:
            return None
        return {name: json_value(getattr(self._record, name)) for name in SUBJECTS[self.subject].key}

    def _input(self) -> str:
        """Return the digest of what could be read, by which a replay sees whether the data is still the same."""
        if self._record is not None:
            return record_digest(self._record, self.as_of)
        return facts_digest(self.subject, self._read_facts(self._plan.edition))

    def __repr__(self) -> str:
        """Return subject, day and outcomes, for a developer."""
        return f"<Answer {self.subject} {self.id or ''} as of {self.as_of}: {', '.join(map(repr, self.values()))}>"

    def __eq__(self, other: object) -> bool:
        """Tell whether two answers say the same."""
        if not isinstance(other, Answer):
            return NotImplemented
        return {**self.to_dict(), "input": None} == {**other.to_dict(), "input": None}

    __hash__ = None  # type: ignore[assignment]


_CALLED = {
    "tier": "a tier",
    "stage": "a stage decision",
    "payout": "a payout",
    "offer": "an offer",
    "rules": "a rules table",
}


def _again(
    book: PolicyBook,
    subject: str,
    as_of: date,
    decisions: tuple[str, ...],
    record: Record | None,
    facts: dict[str, object] | None,
    engine: str = "compiled",
) -> Answer:
    if record is not None:
        return book.evaluate(record, as_of=as_of, decisions=decisions)
    return book.evaluate_facts(subject, facts or {}, as_of=as_of, decisions=decisions, engine=engine)
