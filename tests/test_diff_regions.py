"""Regions of a diff: an outcome differs if and only if its inputs lie in one, by the row interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules.analysis.answers import content
from dealerrules.analysis.axes import number_of, resolved
from dealerrules.diff.regions import regions
from dealerrules.engines.row import Interpreter
from dealerrules.expr import canonical
from dealerrules.policy.model import Hit, Offer, Payout, Rules, Tier, meaning_of
from dealerrules.records import read_record
from dealerrules.values import ABSENT, QUANTITIES, Kind
from dealerrules.verdict import Status
from edits import changed
from strategies import AS_OF, Dice, Store, a_policy

if TYPE_CHECKING:
    from datetime import date
    from fractions import Fraction

    from dealerrules.analysis.axes import Axis
    from dealerrules.analysis.space import Space
    from dealerrules.engines.row import Decided
    from dealerrules.policy.model import Edition

SETTINGS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def said(edition: Edition, decided: Decided, *, by_row: bool) -> object:
    """Return what an outcome says, but for the rules that say it and levels by angle."""
    decision, found = decided.decision, decided.verdict
    collects = isinstance(decision, Rules) and decision.hit is Hit.COLLECT
    if isinstance(decision, Rules) and collects and not by_row and (found.rows or decided.unknown):
        # against a table that says one thing, a list is another answer
        return [content(edition, decision, decision.cells[row]) for row in found.rows], found.status
    if isinstance(decision, Rules) and collects and by_row:
        states: dict[str, str] = {}
        for at, rule in enumerate(decision.rules):
            says = content(edition, decision, decision.cells[rule.id])
            if decided.true >> at & 1:
                states[says] = "given"
            elif decided.unknown >> at & 1:
                states.setdefault(says, "open")
        nothing = not decided.true and not decided.unknown
        return states, meaning_of(decision.otherwise) if nothing else None
    if found.status is Status.UNDEFINED:
        return found.status, found.reason.code if found.reason is not None else None
    if isinstance(decision, Tier):
        return found.status, found.answer
    if found.status is Status.UNDETERMINED:
        return found.status
    if isinstance(decision, Rules):
        assert found.cells is not None
        return content(edition, decision, found.cells)
    if isinstance(decision, Payout):
        rule = str(found.answer)
        parts = (decision.lines[rule], decision.times, decision.cap, decision.floor, decision.rounding)
        return rule, repr(canonical(resolved(parts, edition, decision.subject)))
    if isinstance(decision, Offer):
        given_ = meaning_of(decision.packages[found.answer]) if found.answer is not None else None
        return found.status, found.answer, str(given_)
    return found.status, found.answer


def cell_of(axis: Axis, value: Any) -> int | None:
    """Return the cell of an axis that a value lies in; none for what no cell holds.

    That is a word of another scale, which `first_known` may mix in, and parts of a fen.
    """
    for at, cell in enumerate(axis.cells):
        if value is None or value is ABSENT or axis.type.kind not in QUANTITIES:
            if cell.sample is value or (value is not None and value is not ABSENT and cell.sample == value):
                return at
        elif cell.sample is not None and cell.sample is not ABSENT:
            number: int | Fraction = number_of(value)
            low = cell.low is None or (number > cell.low if cell.open else number >= cell.low)
            high = cell.high is None or (number < cell.high if cell.open else number <= cell.high)
            if low and high:
                return at
    rest = (at for at, cell in enumerate(axis.cells) if not cell.named and cell.sample not in (None, ABSENT))
    return next(rest, None) if axis.type.kind is Kind.TEXT else None


def point_of(space: Space, values: list[Interpreter]) -> dict[int, list[tuple[int, int]]] | None:
    """Return where a subject stands; `values` tell its facts by the old and by the new edition."""
    point = {}
    for at, axis in enumerate(space.axes):
        by = 0 if axis.home is space.editions[0] else 1
        cell = cell_of(axis, values[by].step(axis.expr).value)
        if cell is None:
            return None
        point[at] = [(cell, cell + 1)]
    return point


@SETTINGS
@given(st.data())
def test_an_outcome_differs_exactly_in_the_regions(data: st.DataObject) -> None:
    dice = Dice.drawn(data.draw)
    policy = a_policy(dice)
    made = changed(dice, policy, times=dice.number(1, 2))
    if made is None:
        return
    old, new = dr.loads(policy.text).editions[0], made[1].editions[0]
    day = dice.pick(AS_OF)
    store = Store(dice, policy, day)
    records = [read_record(store.record(), policy.subject) for _ in range(3)]
    for name in old.decisions.keys() & new.decisions.keys():
        check(old, new, name, day, records)


def check(old: Edition, new: Edition, name: str, day: date, records: list[Any]) -> None:
    """Hold the regions of a decision against what the interpreter says of some records."""
    if old.decisions[name].kind != new.decisions[name].kind:
        return
    found = regions(old, new, name)
    if found.too_large or found.through:
        return
    difference = found.difference
    assert difference is not None
    by_row = all(getattr(each.decisions[name], "hit", None) is Hit.COLLECT for each in (old, new))
    for record in records:
        sides = [Interpreter(each, record.called[0], day, record) for each in (old, new)]
        one, other = (
            said(each, side.decide(name), by_row=by_row) for each, side in zip((old, new), sides, strict=True)
        )
        point = point_of(difference.space, sides)
        if point is None:
            continue
        lies = any(difference.space.sets.covers(each.region, point) for each in difference.regions)
        assert lies == (one != other), (name, one, other, record)
