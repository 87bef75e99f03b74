"""Diffs of random policies: what is written otherwise means the same, every change is told, and figures are those of records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules.diff import compare
from dealerrules.outcome import PayoutOutcome, RulesOutcome
from dealerrules.records import SUBJECTS
from edits import changed, rewritten
from strategies import AS_OF, Dice, Store, a_policy

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_the_same_written_otherwise(data: st.DataObject) -> None:
    dice = Dice.drawn(data.draw)
    policy = a_policy(dice)
    diff = compare(dr.loads(policy.text), dr.loads(rewritten(dice, policy)))
    assert diff.same
    assert diff.changes == diff.touched == diff.regions == ()
    assert diff.text().startswith("no change in meaning")


@settings(max_examples=50, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_every_change_is_told_in_every_form(data: st.DataObject) -> None:
    dice = Dice.drawn(data.draw)
    policy = a_policy(dice)
    made = changed(dice, policy, times=dice.number(1, 3))
    if made is None:
        return
    diff = compare(dr.loads(policy.text), made[1])
    assert diff.same == (diff.old.fingerprint == diff.new.fingerprint) == (not diff.changes)
    if diff.same:
        return
    for lang in ("zh", "en"):
        for change in diff.changes:
            assert change.change.what in diff.text("en") or lang == "zh"
        assert max(map(len, diff.text(lang).splitlines())) <= 200
        assert diff.html(lang).startswith("<!doctype html>")
        assert diff.markdown(lang).startswith("# ")
    back = compare(made[1], dr.loads(policy.text))
    assert {each.change.id for each in back.changes} == {each.change.id for each in diff.changes}
    json.dumps(diff.to_dict())


@settings(max_examples=50, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_figures_are_those_of_the_records(data: st.DataObject) -> None:
    pytest.importorskip("polars")
    from dealerrules.engines.frame import attributes_of
    from frames import tables_of

    dice = Dice.drawn(data.draw)
    policy = a_policy(dice)
    made = changed(dice, policy, times=dice.number(1, 2))
    if made is None:
        return
    diff, day = compare(dr.loads(policy.text), made[1]), dice.pick(AS_OF)
    store = Store(dice, policy, day)
    meta = SUBJECTS[policy.subject]
    records = [{**store.record(), meta.id_field: f"X{at}"} for at in range(4)]
    if policy.subject == "consultant_month":
        return  # its key is two fields, either of which a random record may leave out
    try:
        named = attributes_of([*diff.old.editions, *diff.new.editions], policy.subject)
        types = {name.removeprefix("attributes."): type_ for name, type_ in named.items()}
        impact = diff.on(tables_of(records, policy.subject, types), day)
    except dr.RecordError:
        return  # numbers that grow too large for frames are refused there, and records that are refused anywhere
    for found in impact.decisions:
        check(diff, found, records, policy.subject, day)


def check(diff: Any, found: Any, records: list[dict[str, Any]], subject: str, day: Any) -> None:
    """Hold what is told of one decision against what both books say of each record."""
    hits = {getattr(book.decisions[found.decision], "hit", None) for book in (diff.old, diff.new)}
    if len(hits) > 1 and "collect" in hits:
        return  # a list and a value are never one answer
    moved = set()
    for record in records:
        outcomes = [
            book.evaluate(record, as_of=day, subject=subject)[found.decision] for book in (diff.old, diff.new)
        ]
        if differs(*outcomes):
            moved.add(record[SUBJECTS[subject].id_field])
    assert {each.id for each in found.movers() if each.way in {"up", "down", "other"}} == moved
    assert sum(number for *_, number in found.matrix) == len(records)


def differs(one: Any, other: Any) -> bool:
    """Tell whether two outcomes are two answers."""
    if isinstance(one, PayoutOutcome) and isinstance(other, PayoutOutcome):
        return bool(one.amount != other.amount)
    if isinstance(one, RulesOutcome) and isinstance(other, RulesOutcome):
        rows = [[row.id for row in each.rows] for each in (one, other)]
        plain = one.model.hit != "collect" and other.model.hit != "collect"
        if plain:
            return bool(one.value != other.value)
        return rows[0] != rows[1] and one.value != other.value
    return bool(one.verdict.answer != other.verdict.answer)
