"""Next steps: what the smallest changes are called, what they give, and the facts by which anyone can check it.

Place in the flow: ``steps`` finds them; an outcome hands them out; the explanation and the command line tell them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.advice.deadline import last_day
from dealerrules.advice.levers import Way
from dealerrules.advice.steps import find, units
from dealerrules.advice.words import SAYS
from dealerrules.expr import Fact
from dealerrules.policy.model import Payout
from dealerrules.values import ABSENT, Kind, reduced, show, to_yuan
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from dealerrules.advice.moves import Change
    from dealerrules.advice.steps import Found, Question
    from dealerrules.policy.model import AnyDecision
    from dealerrules.values import Maybe, Type

Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that takes another value, as users hold values: money in yuan, ratios as fractions.

    `way` is ``more``, ``less``, ``become``, ``event`` (it happens, on the day) or ``record`` (it gets known). `by` is
    how far it goes, in the fact's own unit; none where that is no number.
    """

    fact: str
    way: str
    before: object
    after: object
    by: int | Fraction | Decimal | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A smallest set of changes that gives a better answer.

    No part of it is enough. `facts` are ready-made facts: with them ``evaluate_facts`` gives the promised answer.

    Attributes:
        decision: whose answer gets better.
        answer: the level, stage, band or rows that it gives; none where it is that nothing is given.
        because: the ids of the rules that then grant it.
        changes: what changes, in the order in which the policy reads it.
        also: facts that move along, by name: a new visit is the last visit too.
        facts: all facts that the decision reads, after the step.
        recording: whether nothing changes but that something gets known.
        amount: what is then paid, in yuan; of payouts.
        gain: how much more that is than now; none where nothing is decided now.
        cost: what the changes cost, in yuan, where the policy prices each of them; a fraction where that is no whole
            number of fen.
    """

    decision: str
    answer: str | None
    because: tuple[str, ...]
    changes: tuple[FactChange, ...]
    also: Mapping[str, object]
    facts: Mapping[str, object]
    recording: bool
    amount: Decimal | None
    gain: Decimal | None
    cost: Decimal | Fraction | None
    _found: Found = field(repr=False, compare=False)
    _question: Question = field(repr=False, compare=False)
    _until: list[date | None] = field(default_factory=list, repr=False, compare=False)
    """Worked out when someone asks."""

    @property
    def until(self) -> date | None:
        """The last day on which it is enough, if nothing else happens until then.

        None where that is so for 12 months, or as long as this version of the policy is in force, and for ready-made facts.
        """
        if not self._until:
            self._until.append(last_day(self._question, self.decision, self._found))
        return self._until[0]

    @property
    def size(self) -> int | Fraction:
        """How much is to be done: of what is counted each one more, of everything else each change."""
        return units(self._found.changes)

    def text(self, lang: str = "en") -> str:
        """Return it in one line, in Chinese (``zh``) or English (``en``)."""
        return _Telling(Wording(self._question.edition, self._question.subject, lang)).step(self, self._found)

    def to_dict(self) -> dict[str, Plain]:
        """Return it as plain JSON values, with stable keys."""
        return {
            "decision": self.decision,
            "answer": self.answer,
            "because": list(self.because),
            "recording": self.recording,
            "changes": [
                {
                    "fact": change.fact,
                    "way": change.way,
                    "before": _json(change.before),
                    "after": _json(change.after),
                    "by": _json(change.by),
                }
                for change in self.changes
            ],
            "also": {name: _json(value) for name, value in self.also.items()},
            "amount": _json(self.amount),
            "gain": _json(self.gain),
            "cost": None if self.cost is None else str(self.cost),
            "until": _json(self.until),
            "text": {"zh": self.text("zh"), "en": self.text("en")},
        }


def next_steps(
    question: Question, name: str, *, to: str | None, limit: int | None, within: int | None = None
) -> tuple[NextStep, ...]:
    """Return the smallest sets of changes that give a better answer, nearest first; recordings after changes.

    Raises:
        ValueError: for an answer that the decision does not have, or where it does not say which answer is better.
        TooLargeError: for more ways than can be looked through.
    """
    found = find(question, name, to=to, limit=limit, within=within)
    return tuple(_step(each, question, name) for each in found)


def _step(found: Found, question: Question, name: str) -> NextStep:
    facts = question.edition.facts[question.subject]
    types = {each: facts[each].type for each in facts}
    amount, before = found.after.amount, found.before.amount
    return NextStep(
        decision=name,
        answer=found.after.verdict.answer or " ".join(found.after.verdict.rows) or None,
        because=found.after.verdict.because,
        changes=tuple(_change(each) for each in found.changes),
        also={each: _public(value, types[each]) for each, value in found.also.items()},
        facts={
            each: _public(value, types[each]) if each in types else value
            for each, value in found.facts.items()
        },
        recording=found.recording,
        amount=to_yuan(amount) if amount is not None else None,
        gain=to_yuan(amount - before) if amount is not None and before is not None else None,
        cost=_yuan(found.cost),
        _found=found,
        _question=question,
    )


def _yuan(fen: Fraction | None) -> Decimal | Fraction | None:
    """Return yuan: exact, so that what is no whole number of fen stays a fraction."""
    if fen is None:
        return None
    return to_yuan(int(fen)) if fen.denominator == 1 else fen / 100


def _change(change: Change) -> FactChange:
    type_ = change.lever.type
    number = isinstance(change.after, int | Fraction) and not isinstance(change.after, bool)
    by: int | Fraction | Decimal | None = change.amount if number else None
    if type_.kind is Kind.MONEY and isinstance(by, int):
        by = to_yuan(by)
    return FactChange(
        change.lever.name,
        change.way.value,
        _public(change.before, type_),
        _public(change.after, type_),
        by,
    )


def _large(said: str) -> str:
    return said[:1].upper() + said[1:]


def _public(value: Maybe, type_: Type) -> object:
    """Return a value as ready-made facts are given: money in yuan; that there is no such event stays what it is."""
    if type_.kind is Kind.MONEY and isinstance(value, int):
        return to_yuan(value)
    if type_.kind is Kind.DISTANCE and isinstance(
        value, Fraction
    ):  # records hold tenths of a kilometre and the like
        return Decimal(value.numerator) / Decimal(value.denominator)
    return value


def _json(value: object) -> Plain:
    match value:
        case None | bool() | int() | str():
            return value
        case _:
            return None if value is ABSENT else str(value)


@dataclass(frozen=True, slots=True)
class _Telling:
    """A step in words."""

    wording: Wording

    def _say(self, name: str, /, **parts: str) -> str:
        return SAYS[name][self.wording.lang == "zh"].format(**parts)

    def step(self, step: NextStep, found: Found) -> str:
        """Return a whole step."""
        decision = self.wording.edition.decisions[step.decision]
        joint = self.wording.pick("，并且", ", and ")
        changes = _large(joint.join(self._change(each) for each in found.changes))
        if found.also:
            facts = [f"{self._fact(name)} {self._value(name, value)}" for name, value in found.also.items()]
            changes += self._say("also", facts=joint.join(facts))
        if step.until is not None:
            changes = self._say("until", changes=changes, day=step.until.isoformat())
        said = self._say("to", changes=changes, answer=self._answer(step, found, decision))
        cost = found.cost
        return said if cost is None else self._say("cost", step=said, cost=self._yuan(reduced(cost)))

    def _answer(self, step: NextStep, found: Found, decision: AnyDecision) -> str:
        if step.answer is None:
            return self._say("not_granted")
        names = found.after.verdict.rows or (step.answer,)
        said = self.wording.join(self.wording.answer(decision, name) for name in names)
        if step.amount is not None:
            amount = self._yuan(int(step.amount * 100))
            if step.gain is None:
                return self._say("amount", answer=said, amount=amount)
            gain = ("+" if step.gain >= 0 else "-") + self._yuan(abs(int(step.gain * 100)))
            told = self._say("gain", answer=said, amount=amount, gain=gain)
            return told + self._further(decision, step.answer)
        return self._say("because", answer=said, rules=", ".join(step.because))

    def _further(self, decision: AnyDecision, band: str) -> str:
        """Return what each further unit brings in a band, where it brings something."""
        assert isinstance(decision, Payout)
        line = decision.lines[band][-1]
        plain = decision.times is None and decision.cap is None and decision.floor is None
        if line.units is None or not plain or line.rate.type.kind is not Kind.MONEY:
            return ""
        return self._say("further", rate=self.wording.say(line.rate))

    def _yuan(self, fen: int | Fraction) -> str:
        return show(fen, Kind.MONEY, self.wording.lang)

    def _change(self, change: Change) -> str:
        name = change.lever.name
        word = Way.BECOME if change.lever.type.ordered and change.way is not Way.RECORD else change.way
        return self._say(
            word.value,
            fact=self._fact(name),
            before=self._value(name, change.before),
            after=self._value(name, change.after),
            by=show(change.amount, change.lever.type.kind, self.wording.lang),
        )

    def _fact(self, name: str) -> str:
        definition = self.wording.edition.fact(self.wording.subject, name)
        return self.wording.say(Fact(name, definition.type))

    def _value(self, name: str, value: Maybe) -> str:
        definition = self.wording.edition.fact(self.wording.subject, name)
        return self.wording.value(value, Fact(name, definition.type))
