"""Trials: policies with what they are to be asked, each the same for its number everywhere.

Place in the flow: ``differential.py`` walks through them and shows each to the engines (``witnesses.py``). Three trials
of four are random policies with records and ready-made facts at, just below and just above every number they name; the
fourth is the shipped policies, with such records and customers of the demo store bent towards them.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT: Final = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

import dealerrules as dr  # noqa: E402
from agreement import read, reference, result  # noqa: E402
from dealerrules import demo  # noqa: E402
from dealerrules.engines.row import Interpreter  # noqa: E402
from dealerrules.records import SUBJECTS, TABLES, read_record  # noqa: E402
from dealerrules.strategies.reading import Reading  # noqa: E402
from dealerrules.strategies.subjects import Around, Maker  # noqa: E402
from frames import cell, fact_rows, numbered  # noqa: E402
from strategies import AS_OF, Dice, a_situation, reached  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealerrules.answer import Answer
    from dealerrules.policy.model import Edition
    from dealerrules.values import Maybe, Type

SHIPPED: Final = ROOT / "policies"
SHIPPED_EVERY: Final = 4
SUBJECTS_IN_TURN: Final = ("customer", "customer", *(name for name in SUBJECTS if name != "customer"))
BENT: Final = 3
"""One field or table in so many of a demo record is replaced by one that aims at a number of the policies."""


@dataclass(frozen=True)
class Trial:
    """A policy with records and ready-made facts.

    Attributes:
        number: which one; with the seed it says all.
        text: the policy; the shipped ones have none.
        book: the policies, loaded.
        subject: what they are asked about.
        as_of: the day.
        records: by id.
        facts: ready-made facts of several subjects.
        attributes: types of the customers' attributes.
    """

    number: int
    text: str
    book: dr.PolicyBook
    subject: str
    as_of: date
    records: Mapping[str, dict[str, Any]]
    facts: Sequence[dict[str, Any]]
    attributes: Mapping[str, Type]

    @property
    def edition(self) -> Edition:
        """What is in force."""
        found = self.book.edition(self.as_of)
        assert found is not None
        return found

    @property
    def decisions(self) -> tuple[str, ...]:
        """The decisions about the subject, in the order of an answer's results."""
        return tuple(self.book._plan(self.subject, self.as_of, None).seats)  # noqa: SLF001 - their order

    @cached_property
    def rules(self) -> dict[str, int]:
        """How many rules each decision has."""
        return {name: len(self.edition.decisions[name].rules) for name in self.decisions}

    # --- what the reference interpreter says ---

    @cached_property
    def of_records(self) -> dict[str, Answer]:
        """Its answers for the records."""
        return {
            id_: reference(self.book, self.subject, self.as_of, read_record(record, self.subject))
            for id_, record in self.records.items()
        }

    @cached_property
    def of_facts(self) -> list[Answer]:
        """Its answers for the facts."""
        return [reference(self.book, self.subject, self.as_of, None, each) for each in self.facts]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The facts as rows of a frame: what a row lacks is unknown, also where it would follow from others."""
        return fact_rows(self.facts, self.edition.given_types(self.subject))

    @cached_property
    def of_rows(self) -> dict[int, Answer]:
        """Its answers for these."""
        return {
            at: reference(self.book, self.subject, self.as_of, None, row) for at, row in enumerate(self.rows)
        }

    @cached_property
    def settled(self) -> list[tuple[dict[str, Any], dict[str, Maybe]]]:
        """Facts as the engines hold them, with where they are from: those given, and those of the records.

        Engines that read no events are asked about these.
        """
        edition, subject = self.edition, self.subject
        names = edition.facts[subject].keys() & set(reached(edition, subject))
        given = [(each, read(edition, subject, each)) for each in self.facts]
        for record in self.records.values():
            interpreter = Interpreter(edition, subject, self.as_of, read_record(record, subject))
            given.append((record, {name: interpreter.fact(name).value for name in sorted(names)}))
        return given

    @cached_property
    def of_settled(self) -> list[Interpreter]:
        """The reference interpreter on these, with every decision decided."""
        made = [
            Interpreter(self.edition, self.subject, self.as_of, None, values) for _, values in self.settled
        ]
        for each in made:
            for name in self.decisions:
                result(each.decide(name))
        return made


@cache
def shipped() -> dr.PolicyBook:
    """Return the shipped policies."""
    return dr.load(SHIPPED)


def trial(seed: int, number: int, size: int) -> Trial:
    """Return a trial; `size` says of about how many records and facts."""
    rng = random.Random(f"{seed}:{number}")  # a text, so that neither process nor platform matters
    dice = Dice(lambda most: rng.randint(0, most))
    if number % SHIPPED_EVERY == SHIPPED_EVERY - 1:
        return _shipped(rng, dice, number, size)
    asked = a_situation(dice, None, size)
    return Trial(
        number,
        asked.policy.text,
        asked.book,
        asked.subject,
        asked.as_of,
        numbered(map(_alone, asked.records), asked.subject),
        asked.facts,
        asked.policy.attributes,
    )


def _shipped(rng: random.Random, dice: Dice, number: int, size: int) -> Trial:
    """Return a trial of the shipped policies."""
    subject = SUBJECTS_IN_TURN[number // SHIPPED_EVERY % len(SUBJECTS_IN_TURN)]
    as_of = dice.pick([*AS_OF, date(2014, 9, 30), date(2014, 9, 1), date(2015, 3, 31)])
    edition = shipped().edition(as_of)
    assert edition is not None
    maker = Maker(dice, Around(Reading.of(edition, subject), as_of))
    store = rng.randrange(10**9)
    from_demo = (
        list(demo.customers(size, as_of=as_of, seed=store))
        if subject == "customer"
        else [made for name, made in demo.subjects(8 * size, as_of=as_of, seed=store) if name == subject]
    )
    aimed = [maker.record() for _ in range(size)]
    bent = [_bent(dice, record, maker.record()) for record in from_demo[:size]]
    records = [_plain(_alone(record), subject) for record in [*from_demo[:size], *aimed, *bent]]
    facts = [dice.pick((maker.facts, maker.any_facts))() for _ in range(size)]
    return Trial(number, "", shipped(), subject, as_of, numbered(records, subject), facts, {})


def _bent(dice: Dice, record: Mapping[str, Any], aimed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record in which some fields, and some tables, are another's."""
    return {**record, **{name: value for name, value in aimed.items() if dice.chance(BENT)}}


def _alone(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record that says all that a table would: who else is of a household, only a table knows."""
    counted = record.get("household_brand_owners") is not None
    return {name: value for name, value in record.items() if counted or name != "household_id"}


def _plain(record: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """Return a record with days as dates and amounts as decimals, as ``straight_line.py`` reads them."""
    types = SUBJECTS[subject].fields
    made = {name: cell(value, types[name]) if name in types else value for name, value in record.items()}
    for name in SUBJECTS[subject].tables:
        fields = TABLES[name].fields
        made[name] = [
            {key: cell(value, fields[key]) if key in fields else value for key, value in event.items()}
            for event in record.get(name) or ()
        ]
    return made
