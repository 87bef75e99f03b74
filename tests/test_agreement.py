"""The fast engine gives every answer of the reference interpreter: on random policies, records and ready-made facts.

A long run: ``AGREEMENT_EXAMPLES=20000 pytest tests/test_agreement.py``. What such runs have found stands below as
tests of their own.
"""

from __future__ import annotations

import os
from datetime import date
from functools import partial
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Decided, Interpreter
from dealerrules.facts import read_facts
from dealerrules.policy.model import Edition, Payout, Stage
from dealerrules.records import Record, read_record
from dealerrules.values import ABSENT, Maybe
from strategies import Situation, situations

EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "600"))
PHASES = [Phase.explicit, Phase.generate, *([] if "AGREEMENT_RAW" in os.environ else [Phase.shrink])]
D = date(2014, 9, 30)

strongly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=PHASES,
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


def assert_agree(situation: Situation, record: Record | None, facts: dict[str, Any] | None) -> None:
    """Hold both engines against each other on all decisions together, and on one alone."""
    edition, subject, as_of = situation.edition, situation.subject, situation.as_of
    values = read(edition, subject, facts) if facts is not None else {}
    interpreter = Interpreter(edition, subject, as_of, record, values)
    for asked in (tuple(sorted(edition.decisions)), (situation.one,)):
        program = Program(edition, subject, asked)
        found = (
            program.on_record(record, as_of) if record is not None else program.on_facts(facts or {}, as_of)
        )
        meant = {name: said(interpreter.decide(name)) for name in asked}
        assert dict(zip(asked, map(typed, found), strict=True)) == meant


def read(edition: Edition, subject: str, facts: dict[str, Any]) -> dict[str, Maybe]:
    """Return ready-made facts as the engines hold them."""
    return read_facts(subject, facts, edition.given_types(subject), partial(edition.may_be_absent, subject))


def assert_fast_agrees(situation: Situation, facts: dict[str, Any]) -> None:
    """Hold the program for known facts against the general one."""
    edition, subject, as_of = situation.edition, situation.subject, situation.as_of
    program = Program(edition, subject, (situation.one,))
    plain = program._plain_facts()
    if plain is None:
        return
    given = {name: value for name, value in facts.items() if name in plain}
    complete = len(given) == len(plain) and not any(
        value is None or value is ABSENT for value in given.values()
    )
    general = program._build("facts")(read(edition, subject, given), as_of)
    assert typed(program._build("fast")(given, as_of)) == typed(general if complete else None)


@given(situation=situations())
@strongly
def test_the_engines_agree(situation: Situation) -> None:
    """Masks, measures, amounts and receipts are the same to the type, on records and on ready-made facts.

    So it is whatever is left out, unknown, absent, or given although it could be derived. The program for known facts
    answers exactly where every fact is there, known and plain, and says what the general one says.
    """
    for data in situation.records:
        assert_agree(situation, read_record(data, situation.subject), None)
    for facts in situation.facts:
        assert_agree(situation, None, facts)
        assert_fast_agrees(situation, facts)
