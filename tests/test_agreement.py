"""The fast engine gives every answer of the reference interpreter: on random policies, records and ready-made facts.

A long run: ``AGREEMENT_EXAMPLES=20000 pytest tests/test_agreement.py``. What such runs have found stands below as
tests of their own.
"""

from __future__ import annotations

import os
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from strategies import Situation, reached, situations

import dealerrules as dr
from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Decided, Interpreter
from dealerrules.facts import read_facts
from dealerrules.policy.model import Edition, Payout, Stage
from dealerrules.records import Record, read_record
from dealerrules.values import ABSENT, Maybe

EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "600"))
D = date(2014, 9, 30)

strongly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    database=None,
)


def typed(value: Any) -> Any:
    """Return a value with its type: 3 is not Fraction(3), true is not 1."""
    if isinstance(value, tuple):
        return tuple(typed(item) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        return tuple((name, typed(getattr(value, name))) for name in value.__dataclass_fields__)
    return type(value).__name__, value


def said(decided: Decided) -> Any:
    """Return what the reference interpreter says, in the form of the fast engine."""
    extra: Any = None
    if isinstance(decided.decision, Stage):
        assert decided.measure is not None
        extra = decided.measure.value
    if isinstance(decided.decision, Payout) and decided.entries is not None:
        extra = (decided.amount, decided.entries)
    return typed((decided.true, decided.unknown, extra))


def assert_agree(
    edition: Edition,
    subject: str,
    as_of: date,
    record: Record | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Hold both engines against each other on every decision of a subject, together and one by one."""
    names = tuple(sorted(name for name, made in edition.decisions.items() if made.subject == subject))
    values: dict[str, Maybe] = {}
    if facts is not None:
        values = read_facts(subject, facts, edition.given_types(subject), lambda _: True)
    interpreter = Interpreter(edition, subject, as_of, record, values)
    meant = {name: said(interpreter.decide(name)) for name in names}
    for asked in [names, *((name,) for name in names)]:
        program = Program(edition, subject, asked)
        found = program.on_record(record, as_of) if record is not None else program.on_facts(facts or {}, as_of)
        assert {name: typed(each) for name, each in zip(asked, found, strict=True)} == {
            name: meant[name] for name in asked
        }


@given(situation=situations())
@strongly
def test_both_engines_agree_on_records(situation: Situation) -> None:
    """Masks, measures, amounts and receipts are the same, to the type."""
    for data in situation.records:
        record = read_record(data, situation.policy.subject)
        assert_agree(situation.edition, situation.policy.subject, situation.as_of, record)


@given(situation=situations())
@strongly
def test_both_engines_agree_on_ready_made_facts(situation: Situation) -> None:
    """So it is for facts given by name, whatever is left out, unknown, absent or given although it could be derived."""
    for facts in situation.facts:
        assert_agree(situation.edition, situation.policy.subject, situation.as_of, facts=facts)


@given(situation=situations("customer"))
@strongly
def test_the_program_for_known_facts_says_what_the_general_one_says_or_nothing(situation: Situation) -> None:
    """It answers exactly where every fact is there, known and plain; its answer is that of the general program."""
    edition, as_of = situation.edition, situation.as_of
    for name in situation.names:
        program = Program(edition, "customer", (name,))
        plain = program._plain_facts()
        if plain is None:
            continue
        for facts in situation.facts:
            given = {each: value for each, value in facts.items() if each in plain}
            types = edition.given_types("customer")
            general = program._build("facts")(
                read_facts("customer", given, types, lambda each: edition.may_be_absent("customer", each)), as_of
            )
            complete = len(given) == len(plain) and not any(value in {None, ABSENT} for value in given.values())
            fast = program._build("fast")(given, as_of)
            assert typed(fast) == (typed(general) if complete else typed(None))
