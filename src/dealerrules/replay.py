"""Replay: answers of the past, worked out again, with every difference and what must have caused it.

Place in the flow: behind the book. Answers come in as they were written down (``Answer.to_dict``), with the policies and
the records of today; what was paid is compared and never rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from dealerrules import __version__
from dealerrules.answer import SCHEMA_VERSION
from dealerrules.faults import Fault, RecordError
from dealerrules.records import SUBJECTS
from dealerrules.values import read_date

if TYPE_CHECKING:
    from dealerrules.answer import Answer
    from dealerrules.book import PolicyBook
    from dealerrules.outcome import Json
    from dealerrules.records import Record


class Cause(StrEnum):
    """What is not as it was when the answer was given."""

    POLICY = "policy"  #: the policies mean something else
    DATA = "data"  #: the record holds something else, as of the day
    LIBRARY = "library"  #: another version of this library
    NO_RECORD = "no_record"  #: there is no such record any more
    NO_DECISION = "no_decision"  #: the policies have no such decision
    NONE = "none"  #: nothing that is known of: then the answer was changed, or this library is at fault


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an answer of the past and the answer of today differ.

    Attributes:
        subject: what it is about.
        id: whose it is.
        as_of: the day of both.
        decision: its name.
        key: what differs: ``level``, ``amount``, ``because`` …
        before: what was written down.
        now: what comes out today; none without record or decision.
        causes: what is not as it was.
    """

    subject: str
    id: str | None
    as_of: str
    decision: str
    key: str
    before: Json
    now: Json
    causes: tuple[Cause, ...]

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {
            "subject": self.subject,
            "id": self.id,
            "as_of": self.as_of,
            "decision": self.decision,
            "key": self.key,
            "before": self.before,
            "now": self.now,
            "causes": [str(cause) for cause in self.causes],
        }


@dataclass(frozen=True, slots=True)
class Due:
    """A payment of the past under other policies: what was paid stays, and `delta` is still due (or was too much).

    Amounts are yuan; none where there is no amount.
    """

    subject: str
    id: str | None
    as_of: str
    decision: str
    payee: str | None
    paid: Decimal | None
    due: Decimal | None

    @property
    def delta(self) -> Decimal | None:
        """What is due beyond what was paid; nothing where one of them is no amount."""
        return None if self.paid is None or self.due is None else self.due - self.paid

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        amounts = {"paid": self.paid, "due": self.due, "delta": self.delta}
        return {
            "subject": self.subject,
            "id": self.id,
            "as_of": self.as_of,
            "decision": self.decision,
            "payee": self.payee,
            **{name: None if amount is None else str(amount) for name, amount in amounts.items()},
        }


@dataclass(frozen=True)
class Replay:
    """What came of answers that were worked out again.

    Attributes:
        answers: how many there were.
        outcomes: how many outcomes they held.
        differences: everything that differs, in the order of the answers.
    """

    answers: int
    outcomes: int
    differences: tuple[Difference, ...]

    @classmethod
    def together(cls, parts: Iterable[Replay]) -> Replay:
        """Return several replays as one."""
        made = list(parts)
        return cls(
            sum(each.answers for each in made),
            sum(each.outcomes for each in made),
            tuple(difference for each in made for difference in each.differences),
        )

    @property
    def same(self) -> bool:
        """Whether every answer came out as it was written down."""
        return not self.differences

    @cached_property
    def differing(self) -> int:
        """How many outcomes differ."""
        return len({(each.subject, each.id, each.as_of, each.decision) for each in self.differences})

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "answers": self.answers,
            "outcomes": self.outcomes,
            "differences": [each.to_dict() for each in self.differences],
        }


Answers = Iterable[Mapping[str, "Json"]]
Records = Iterable[tuple[str, "Record"]]
"""Subjects with their records."""


def replay(book: PolicyBook, answers: Answers, records: Records) -> Replay:
    r"""Work answers of the past out again and compare all of it.

    Args:
        book: the policies they are said to be by.
        answers: as `Answer.to_dict` gives them.
        records: subjects and records, of which those that the answers are about are looked up. Where households are
            counted from tables, they are those as of the answers' day.

    Raises:
        RecordError: for what is no answer of this library, with all that is wrong.

    Examples:
        >>> import dealerrules as dr
        >>> from dealerrules.records import read_record
        >>> book = dr.loads("policy: p\ndecisions: {d: {kind: stage, measure: visits_past_year, stages: {few: {from: 0}}}}")
        >>> record = read_record({"customer_id": "C1"}, "customer")
        >>> answer = book.evaluate(record, as_of="2014-09-30").to_dict()
        >>> replay(book, [answer], [("customer", record)]).same
        True
    """
    known = _Records(records)
    given = list(answers)
    check_answers(given)
    found: list[Difference] = []
    count = 0
    for answer in given:
        outcomes = answer["outcomes"]
        assert isinstance(outcomes, Mapping)
        count += len(outcomes)
        found += _differences(book, answer, outcomes, known)
    return Replay(len(given), count, tuple(found))


def due_now(new: PolicyBook, answers: Answers, records: Records) -> list[Due]:
    """Return every payment of the past with what it would be under other policies, on the records of today."""
    known = _Records(records)
    given = list(answers)
    check_answers(given)
    made: list[Due] = []
    for answer in given:
        outcomes = answer["outcomes"]
        assert isinstance(outcomes, Mapping)
        paid = {name: each for name, each in outcomes.items() if _kind(each) == "payout"}
        names = [name for name in paid if name in new.decisions]
        now = _again(new, answer, known, names) if names else None
        for name, each in paid.items():
            assert isinstance(each, Mapping)
            outcome = now[name].to_dict() if now is not None and name in names else {}
            payee = outcome.get("payee") or each.get("payee")
            made.append(
                Due(
                    str(answer["subject"]),
                    _text(answer["id"]),
                    str(answer["as_of"]),
                    name,
                    _text(payee),
                    _amount(each.get("amount")),
                    _amount(outcome.get("amount")),
                )
            )
    return made


_Key = tuple[str, frozenset[tuple[str, str]]]


class _Records:
    """The records of today, looked up by what an answer says it is about."""

    def __init__(self, records: Records) -> None:
        self.found: dict[_Key, Record] = {}
        for subject, record in records:
            key = frozenset((name, str(getattr(record, name))) for name in SUBJECTS[subject].key)
            self.found[subject, key] = record

    def of(self, answer: Mapping[str, Json]) -> Record | None:
        """Return the record of an answer, if there still is one."""
        key = answer["key"]
        assert isinstance(key, Mapping)
        return self.found.get(
            (str(answer["subject"]), frozenset((name, str(each)) for name, each in key.items()))
        )


def _again(book: PolicyBook, answer: Mapping[str, Json], known: _Records, names: list[str]) -> Answer | None:
    record = known.of(answer)
    if record is None:
        return None
    return book.evaluate(record, as_of=read_date(answer["as_of"]), decisions=names)


def _differences(
    book: PolicyBook, answer: Mapping[str, Json], outcomes: Mapping[str, Json], known: _Records
) -> Iterable[Difference]:
    head = (str(answer["subject"]), _text(answer["id"]), str(answer["as_of"]))
    there = [name for name in outcomes if name in book.decisions and book.decisions[name].subject == head[0]]
    now = _again(book, answer, known, there)
    causes = _causes(book, answer, now)
    for name, before in outcomes.items():
        assert isinstance(before, Mapping)
        if name not in there:
            yield Difference(*head, name, "status", before.get("status"), None, (Cause.NO_DECISION,))
            continue
        if now is None:
            yield Difference(*head, name, "status", before.get("status"), None, (Cause.NO_RECORD,))
            continue
        after = now[name].to_dict()
        for key in dict.fromkeys([*before, *after]):
            if before.get(key) != after.get(key):
                yield Difference(*head, name, key, before.get(key), after.get(key), causes)


def _causes(book: PolicyBook, answer: Mapping[str, Json], now: Answer | None) -> tuple[Cause, ...]:
    if now is None:
        return (Cause.NO_RECORD,)
    found = [
        cause
        for cause, same in (
            (Cause.POLICY, answer["fingerprint"] == book.fingerprint),
            (Cause.DATA, answer.get("input") == now.to_dict()["input"]),
            (Cause.LIBRARY, answer.get("library") == __version__),
        )
        if not same
    ]
    return tuple(found) or (Cause.NONE,)


def _kind(outcome: Json) -> Json:
    return outcome.get("kind") if isinstance(outcome, Mapping) else None


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _amount(value: Json) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) else None


# ---------------------------------------------------------------------------------------------------
# What an answer must hold

_KEYS = ("schema_version", "subject", "id", "key", "as_of", "fingerprint", "input", "library", "outcomes")


def check_answers(answers: list[Mapping[str, Json]]) -> None:
    """Refuse what is no answer of this library, naming all of it."""
    faults = [fault for number, answer in enumerate(answers, 1) for fault in _faults(answer, number)]
    if faults:
        raise RecordError(faults)


def _faults(answer: Mapping[str, Json], number: int) -> Iterable[Fault]:
    place = str(answer.get("\0place") or f"answer {number}")

    def fault(field: str, value: object, english: str, chinese: str) -> Fault:
        return Fault("", None, field, value, english, chinese, place)

    for key in _KEYS:
        if key not in answer:
            yield fault(key, None, "is missing: this is no answer of dealerrules", "缺失：这不是本库的结果")
    version = answer.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        yield fault(
            "schema_version",
            version,
            f"`{version}` cannot be read by this version, which writes {SCHEMA_VERSION}",
            f"`{version}` 这一版读不了，这一版写的是 {SCHEMA_VERSION}",
        )
    subject = answer.get("subject", "customer")
    if subject not in SUBJECTS:
        yield fault("subject", subject, f"`{subject}` is not a subject", f"`{subject}` 不是评估对象")
    if "key" in answer and not isinstance(answer["key"], Mapping):
        yield fault(
            "key",
            answer["key"],
            "an answer to ready-made facts has no record to replay it on",
            "由现成事实得出的结果没有记录可以重算",
        )
    try:
        read_date(answer.get("as_of", "2014-09-30"))
    except ValueError as error:
        yield fault("as_of", answer.get("as_of"), str(error), f"日期不对：`{answer.get('as_of')}`")
    outcomes = answer.get("outcomes", {})
    if not isinstance(outcomes, Mapping) or not all(isinstance(each, Mapping) for each in outcomes.values()):
        yield fault("outcomes", None, "a mapping of decisions is needed", "需要按决策列出的结果")
