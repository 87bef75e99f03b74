"""The frame engine gives every answer of the row engine, whatever frame the tables are.

A long run: ``FRAME_POLICIES=2000 pytest tests/test_frames.py``; ``SPARK_POLICIES`` likewise for PySpark.
"""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

import pytest

pl = pytest.importorskip("polars")

import dealerrules as dr  # noqa: E402
from dealerrules.records import SUBJECTS  # noqa: E402
from dealerrules.values import ABSENT  # noqa: E402
from frames import KINDS, as_kind, assert_rows_agree, facts_frame, from_kind, tables_of  # noqa: E402
from strategies import Dice, a_situation  # noqa: E402

if TYPE_CHECKING:
    from strategies import Situation

POLICIES = int(os.environ.get("FRAME_POLICIES", "60"))
OTHERS = max(12, POLICIES // 5)
ON_SPARK = int(os.environ.get("SPARK_POLICIES", "3"))
RECORDS = 12
TOO_LARGE = "37 digits"


def situation(seed: int, subject: str | None = None) -> Situation:
    """Return a random policy with random records and facts, the same for a seed everywhere."""
    rng = Random(seed)
    return a_situation(Dice(lambda most: rng.randint(0, most)), subject, RECORDS)


def assert_tables_agree(asked: Situation, kind: str) -> bool:
    """Hold a frame's answers against those for single records; false where no frame can hold the numbers."""
    meta = SUBJECTS[asked.subject]
    records = {f"X{at}": {**record, meta.id_field: f"X{at}"} for at, record in enumerate(asked.records)}
    tables = tables_of(records.values(), asked.subject, asked.policy.attributes)
    given = {name: as_kind(frame, kind) for name, frame in tables.items()}
    try:
        out = asked.book.evaluate_frame(given, as_of=asked.as_of, subject=asked.subject)
    except dr.RecordError as error:
        assert TOO_LARGE in str(error)
        return False
    answers = {
        id_: asked.book.evaluate(record, as_of=asked.as_of, subject=asked.subject)
        for id_, record in records.items()
    }
    assert_rows_agree(from_kind(out, kind), answers, meta.id_field, asked.book.decisions)
    return True


def assert_facts_agree(asked: Situation, kind: str) -> bool:
    """Hold a frame of ready-made facts against each row of them alone."""
    edition = asked.edition
    types = edition.given_types(asked.subject)
    names = sorted({name for facts in asked.facts for name in facts if f"{name}.over" not in types})
    rows = [{name: facts.get(name) for name in names} for facts in asked.facts]
    given = as_kind(facts_frame(rows, {name: types[name] for name in names}), kind)
    try:
        out = asked.book.evaluate_facts_frame(asked.subject, given, as_of=asked.as_of, keep=["who"])
    except dr.RecordError as error:
        assert TOO_LARGE in str(error)
        return False
    answers = {
        at: asked.book.evaluate_facts(asked.subject, row, as_of=asked.as_of) for at, row in enumerate(rows)
    }
    assert_rows_agree(from_kind(out, kind), answers, "who", asked.book.decisions)
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_tables_agree_with_records(kind: str) -> None:
    """Every outcome, and every rule's truth, on random policies and tables with nulls everywhere."""
    seeds = range(POLICIES) if kind == "polars" else range(1000, 1000 + OTHERS)
    agreed = [assert_tables_agree(situation(seed), kind) for seed in seeds]
    assert agreed.count(True) >= len(agreed) * 9 // 10  # few policies are beyond any frame


@pytest.mark.parametrize("kind", KINDS)
def test_ready_made_facts_agree(kind: str) -> None:
    """Facts given, derived, unknown and absent."""
    seeds = range(2000, 2000 + (POLICIES if kind == "polars" else OTHERS) // 2)
    agreed = [assert_facts_agree(situation(seed), kind) for seed in seeds]
    assert agreed.count(True) >= len(agreed) * 9 // 10


@pytest.mark.slow
def test_spark_agrees() -> None:
    """In several partitions, in another time zone than the store's."""
    seeds = range(3000, 3000 + ON_SPARK)
    assert any([assert_tables_agree(situation(seed), "pyspark") for seed in seeds])


def test_facts_that_are_absent_are_covered() -> None:
    """The facts above do hold absent ones."""
    asked = [situation(seed) for seed in range(2000, 2030)]
    assert any(value is ABSENT for each in asked for facts in each.facts for value in facts.values())
