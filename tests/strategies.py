"""Situations: random policies with what they are to be asked, made by the library's own strategies.

The strategies themselves are `dealerrules.strategies`; what stands here is what the tests of engines add.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from dealerrules.strategies import author, dice
from dealerrules.strategies.drawing import TRICKY_DAYS as AS_OF
from dealerrules.strategies.drawing import drawn
from dealerrules.strategies.reading import Reading
from dealerrules.strategies.subjects import Around, Maker
from dealerrules.strategies.written import LITERALS, RandomPolicy, yaml_text

if TYPE_CHECKING:
    from datetime import date

    import dealerrules as dr
    from dealerrules.policy.model import Edition
    from dealerrules.strategies.drawing import Draw

__all__ = [
    "AS_OF",
    "LITERALS",
    "Dice",
    "Policy",
    "Situation",
    "Store",
    "a_policy",
    "a_situation",
    "drawn",
    "reached",
    "situations",
    "yaml_text",
]

Policy = RandomPolicy


class Dice(dice.Dice):
    """Dice that know Hypothesis."""

    @staticmethod
    def drawn(draw: Draw) -> dice.Dice:
        """Return dice that Hypothesis throws."""
        return drawn(draw)


def a_policy(thrown: dice.Dice, subject: str | None = None) -> RandomPolicy:
    """Return a policy in which a decision says of each fact what its value is."""
    return author.a_policy(thrown, subject, probes=True)


class Store:
    """Makes records and ready-made facts for a policy as of a day."""

    def __init__(self, thrown: dice.Dice, policy: RandomPolicy, as_of: date) -> None:
        self._maker = Maker(thrown, Around(Reading.of(policy.book.editions[0], policy.subject), as_of))

    def record(self) -> dict[str, Any]:
        """Return a record of the policy's subject."""
        return self._maker.record()

    def facts(self) -> dict[str, Any]:
        """Return ready-made facts, any of those that the decisions read, derived ones and answers too."""
        return self._maker.any_facts()


def reached(edition: Edition, subject: str) -> tuple[str, ...]:
    """Return the facts and decisions that a subject's decisions read, by name."""
    reading = Reading.of(edition, subject)
    return tuple(sorted({*reading.facts, *reading.answers}))


@dataclass(frozen=True)
class Situation:
    """A policy, loaded, with a day, some records and some ready-made facts."""

    policy: RandomPolicy
    as_of: date
    records: list[dict[str, Any]]
    facts: list[dict[str, Any]]
    one: str  #: one of the decisions

    @cached_property
    def book(self) -> dr.PolicyBook:
        """The policy, loaded."""
        return self.policy.book

    @property
    def subject(self) -> str:
        """What the policy is about."""
        return self.policy.subject

    @property
    def edition(self) -> Edition:
        """What is in force: random policies have one version."""
        return self.book.editions[0]

    def __repr__(self) -> str:
        """Return the situation as it may be written into a test."""
        return f"{self.policy!r}\nas_of={self.as_of!r}\nrecords={self.records!r}\nfacts={self.facts!r}"


def a_situation(thrown: dice.Dice, subject: str | None = None, more: int = 0) -> Situation:
    """Return a policy with what it is to be asked, of `more` records and facts than usual."""
    policy = a_policy(thrown, subject)
    as_of = thrown.pick(AS_OF)
    store = Store(thrown, policy, as_of)
    records = [store.record() for _ in range(thrown.number(1, 3) + more)]
    facts = [store.facts() for _ in range(thrown.number(1, 3) + more)]
    return Situation(policy, as_of, records, facts, thrown.pick(sorted(policy.document["decisions"])))


@st.composite
def situations(draw: Draw, subject: str | None = None) -> Situation:
    """Policies with what they are to be asked."""
    return a_situation(drawn(draw), subject)
