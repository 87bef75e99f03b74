"""The analyser's space against the reference interpreter, and its findings against brute force over small grids."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules.analysis.answers import Key, content
from dealerrules.analysis.axes import Axis, number_of
from dealerrules.analysis.comparing import differing, equivalent
from dealerrules.analysis.diagrams import EMPTY, TooLargeError
from dealerrules.analysis.lint import check_texts_of
from dealerrules.analysis.space import Space
from dealerrules.analysis.tables import MAX_GAPS, MAX_PAIRS
from dealerrules.engines.row import Interpreter
from dealerrules.expr import Aggregate, AsOf, Fact, Field, walk
from dealerrules.policy.model import Hit, Rules
from dealerrules.readers import engine_value
from dealerrules.values import ABSENT, QUANTITIES, Kind, Maybe
from dealerrules.verdict import Status
from strategies import AS_OF, Dice, a_policy, a_situation, yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealerrules.policy.model import Edition

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


# ---------------------------------------------------------------------------------------------------
# Points of the space


def cell_of(axis: Axis, value: Maybe) -> int | None:
    """Return the cell that holds a value; none where the axis has none for it."""
    for at, cell in enumerate(axis.cells):
        if value is None or value is ABSENT or cell.sample is None or cell.sample is ABSENT:
            if cell.sample is value:
                return at
        elif axis.type.kind in QUANTITIES:
            number = number_of(value)
            low, high = cell.low, cell.high
            above = low is None or (number > low if cell.open else number >= low)
            below = high is None or (number < high if cell.open else number <= high)
            if above and below:
                return at
        elif cell.sample == value or (axis.type.kind is Kind.TEXT and not cell.named):
            return at
    return None


def point(space: Space, interpreter: Interpreter) -> int | None:
    """Return the one point at which a subject is, as a set; none where no cell holds one of its values."""
    cells = {}
    for at, axis in enumerate(space.axes):
        value = interpreter.as_of if isinstance(axis.root, AsOf) else interpreter.step(axis.expr).value
        found = cell_of(axis, value)
        if found is None:
            return None
        cells[at] = [(found, found + 1)]
    return space.sets.box(cells)


def holding(space: Space, answers: Mapping[Key, int], here: int) -> list[Key]:
    """Return the answers of whose regions a point is."""
    return [key for key, region in answers.items() if space.both(region, here) != EMPTY]


def check_key(edition: Edition, name: str, key: Key, interpreter: Interpreter) -> None:
    """An answer of the analyser is what the reference interpreter says."""
    decision = edition.decisions[name]
    found = interpreter.decide(name).verdict
    assert key.status is found.status
    if isinstance(decision, Rules):
        if decision.hit is Hit.COLLECT and key.rows:
            assert key.rows == found.rows
        elif key.status is Status.DECIDED:
            assert found.cells is not None
            assert key.says == content(edition, decision, found.cells)
    elif key.status is Status.DECIDED or decision.kind == "tier":
        assert key.answer == found.answer
    if key.status is Status.UNDEFINED and key.answer in {"conflict", "no_rule"}:
        assert found.reason is not None
        assert found.reason.code == key.answer


def given_by_records(edition: Edition, subject: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return those ready-made facts that follow from no others: the others are then worked out from them."""
    kept = {}
    for name, value in facts.items():
        definition = edition.facts[subject].get(name)
        if definition is not None and isinstance(definition.expr, Field | Aggregate):
            inside = list(walk(definition.expr))[1:]
            if not any(isinstance(node, Fact) for node in inside):
                kept[name] = engine_value(value, definition.type) if isinstance(value, Decimal) else value
    return kept


def same_under_each_name(space: Space, interpreter: Interpreter) -> bool:
    """Tell whether facts that are defined alike were given alike."""
    given = interpreter.facts
    return all(len({given[name] for name in axis.names if name in given}) <= 1 for axis in space.axes)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_answers_are_those_of_the_interpreter(data: st.DataObject) -> None:
    """Ready-made facts, unknown and absent ones among them, lie in the region of one answer: the interpreter's."""
    situation = a_situation(Dice.drawn(data.draw), more=2)
    edition, name = situation.edition, situation.one
    decision = edition.decisions[name]
    try:
        space = Space.of([edition], decision.subject, [name], unknown=True)
        answers = space.answers(0, name)
    except TooLargeError:
        return
    for facts in situation.facts:
        kept = given_by_records(edition, decision.subject, facts)
        interpreter = Interpreter(edition, decision.subject, situation.as_of, facts=kept)
        here = point(space, interpreter) if same_under_each_name(space, interpreter) else None
        if here is None:
            continue
        keys = holding(space, answers, here)
        assert len(keys) == 1
        check_key(edition, name, keys[0], interpreter)
        for rule, step in zip(decision.rules, interpreter.decide(name).steps, strict=True):
            truths = space.rule(0, rule)
            assert (space.both(truths.true, here) != EMPTY) == (step.truth is True)
            assert (space.both(truths.false, here) != EMPTY) == (step.truth is False)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_no_record_is_held_to_be_impossible(data: st.DataObject) -> None:
    """What the analyser leaves out because facts belong together, no record ever is."""
    situation = a_situation(Dice.drawn(data.draw), more=3)
    edition, name = situation.edition, situation.one
    decision = edition.decisions[name]
    try:
        spaces = [
            Space.of([edition], decision.subject, [name], unknown=True),
            Space.of([edition], decision.subject, [name]),
        ]
        answers = [space.answers(0, name) for space in spaces]
    except TooLargeError:
        return
    for record in situation.records:
        try:
            read = situation.book.evaluate(record, subject=decision.subject, as_of=situation.as_of)
        except dr.RecordError:
            continue
        interpreter = Interpreter(edition, decision.subject, situation.as_of, record=read.record)
        for space, regions in zip(spaces, answers, strict=True):
            here = point(space, interpreter)
            if here is None:
                continue
            assert not space.is_empty(here)
            keys = holding(space, regions, here)
            assert len(keys) == 1
            check_key(edition, name, keys[0], interpreter)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_a_sample_gets_the_answer_of_its_region(data: st.DataObject) -> None:
    """The subject that is named for a region is answered as the region says."""
    policy = a_policy(Dice.drawn(data.draw))
    edition = dr.loads(policy.text).editions[0]
    name = data.draw(st.sampled_from(sorted(edition.decisions)))
    decision = edition.decisions[name]
    try:
        space = Space.of([edition], decision.subject, [name], unknown=data.draw(st.booleans()))
        answers = space.answers(0, name)
    except TooLargeError:
        return
    for key, region in answers.items():
        if not space.is_empty(region):
            sample = space.sample(region)
            if sample.complete:
                facts = dict(sample.facts)
                check_key(
                    edition, name, key, Interpreter(edition, decision.subject, sample.as_of, facts=facts)
                )


RELATED = """\
policy: related
facts:
  visits_ever: {count: visits}
  visits_last_days: {count: visits, within: 30 days}
  visits_this_year: {count: visits, within: {calendar: year}}
  maintenances: {count: visits, where: {kind: maintenance}}
  spend_ever: {sum: visits, take: amount}
  first_visit_on: {earliest: visits}
  days_since_first: {days_since: first_visit_on}
  months_since_maintenance: {months_since: last_maintenance_on}
  days_since_maintenance: {days_since: last_maintenance_on}
  paid_all: {every: visits, that: {paid_by: customer}}
  paid_some: {some: visits, where: {kind: maintenance}, that: {paid_by: customer}}
decisions:
  related:
    kind: rules
    hit: collect
    gaps: allowed
    outputs: {it: {type: boolean}}
    rows:
"""
TESTS = [
    *(f"{fact}: {{at_least: {number}}}" for number in (1, 2) for fact in (
        "visits_ever", "visits_past_year", "visits_last_days", "visits_this_year", "maintenances", "repairs_past_year",
    )),
    *(f"{fact}: {{at_least: {number} months}}" for number in (1, 6, 12) for fact in (
        "months_since_last_visit", "months_since_maintenance",
    )),
    *(f"{fact}: {{at_least: {number} days}}" for number in (28, 30, 31, 181, 184, 365, 366) for fact in (
        "days_since_last_visit", "days_since_maintenance", "days_since_first",
    )),
    *(f"{fact}: {{known: true}}" for fact in (
        "last_visit_on", "first_visit_on", "last_maintenance_on", "months_since_last_visit",
    )),
    "last_visit_on: {at_least: 2014-03-01}", "first_visit_on: {at_least: 2014-03-01}",
    "last_maintenance_on: {at_least: 2014-03-01}", "last_visit_on: {days_until: {at_least: -30 days}}",
    "spend_ever: {more_than: 0 yuan}", "paid_all: true", "paid_some: true",
]  # fmt: skip
"""Tests on facts that are read from the same visits."""


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_no_visits_are_held_to_be_impossible(data: st.DataObject) -> None:
    """Facts of the same events: counts, windows, first and last days, and the time since in months and in days."""
    chosen = data.draw(st.lists(st.sampled_from(TESTS), min_size=2, max_size=7, unique=True))
    rows = "".join(
        f"      - {{id: r{at}, when: {{{test}}}, then: {{it: true}}}}\n" for at, test in enumerate(chosen)
    )
    book = dr.loads(RELATED + rows)
    edition = book.editions[0]
    space = Space.of([edition], "customer", ["related"])
    back = st.sampled_from(
        [0, 1, 27, 28, 29, 30, 31, 32, 59, 62, 180, 181, 184, 364, 365, 366, 367, 730, 1461]
    )
    visit = st.fixed_dictionaries(
        {
            "back": back,
            "kind": st.sampled_from(["maintenance", "repair", "other"]),
            "amount": st.sampled_from(["0", "10.00"]),
            "paid_by": st.sampled_from(["customer", "maker"]),
        }
    )
    for _ in range(6):
        as_of = data.draw(st.sampled_from(AS_OF))
        visits = [
            {
                **{key: value for key, value in each.items() if key != "back"},
                "visited_on": as_of - timedelta(days=each["back"]),
            }
            for each in data.draw(st.lists(visit, max_size=3))
        ]
        record = book.evaluate({"customer_id": "C1", "visits": visits}, as_of=as_of).record
        interpreter = Interpreter(edition, "customer", as_of, record=record)
        here = point(space, interpreter)
        assert here is not None
        assert not space.is_empty(here)


# ---------------------------------------------------------------------------------------------------
# Small tables, looked at point by point

GRID: dict[str, tuple[Any, ...]] = {
    "visits_past_year": (0, 1, 2, 3, 4, 5),
    "loyalty": ("low", "medium", "high"),
    "media": (True, False),
    "kind": ("individual", "company"),
    "region": ("晋江", "石狮", "永春"),
    "suggestions_adopted": (0, 1, 2, 3),
}
"""Facts that do not depend on each other, with a value for each cell that the numbers below can make."""


def a_test(dice: Dice, fact: str) -> Any:
    values = GRID[fact]
    if isinstance(values[0], bool):
        return dice.pick(values)
    if fact in {"kind", "region"}:
        return dice.pick(
            [values[0], {"is_not": values[0]}, list(values[:2]), {"none_of": [values[0], values[1]]}]
        )
    inside = values[:-1] if isinstance(values[0], int) else values
    how = dice.pick(["is", "at_least", "at_most", "more_than", "less_than", "is_not"])
    test = {how: dice.pick(inside)}
    if dice.chance(4):
        test |= {dice.pick(["at_least", "less_than"]): dice.pick(inside)}
    return test


def a_condition(dice: Dice, facts: list[str], depth: int = 1) -> dict[str, Any]:
    made: dict[str, Any] = {fact: a_test(dice, fact) for fact in dice.some(facts, 1, 2)}
    if depth and dice.chance(3):
        made["any"] = [a_condition(dice, facts, 0) for _ in range(2)]
    if depth and dice.chance(4):
        made["not"] = a_condition(dice, facts, 0)
    return made


def a_table(dice: Dice, facts: list[str], hit: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"id": f"r{at}", "when": a_condition(dice, facts), "then": {"answer": dice.number(1, 3)}}
        for at in range(dice.number(1, 5))
    ]
    if dice.chance(4):
        rows.append({**dice.pick(rows), "id": "again"})
    if dice.chance(3):
        rows.append({"id": "rest", "then": {"answer": 1}})
    table: dict[str, Any] = {
        "kind": "rules",
        "outputs": {"answer": {"type": "count"}},
        "hit": hit,
        "rows": rows,
    }
    if dice.chance(3):
        table["otherwise"] = {"answer": 9}
    if dice.chance(4):
        table["gaps"] = "allowed"
    return table


def text_of(table: dict[str, Any]) -> str:
    return yaml_text({"policy": "small", "decisions": {"table": table}}).lstrip("\n") + "\n"


def everyone(facts: list[str], *, unknown: bool = False) -> Iterator[dict[str, Any]]:
    """Yield every combination of values, those that are not recorded too."""
    more = (None,) if unknown else ()
    for values in product(*(GRID[fact] + more for fact in facts)):
        yield dict(zip(facts, values, strict=True))


def rows_of(edition: Edition, facts: Mapping[str, Any]) -> Interpreter:
    """Return the reference interpreter of one combination."""
    given = {name: value for name, value in facts.items() if value is not None}
    return Interpreter(edition, "customer", edition.start, facts=given)


def by_brute_force(edition: Edition, table: Rules, facts: list[str]) -> Counter[tuple[str, str]]:
    """Return what must be found: code and row, or code alone for gaps."""
    truths = [
        [step.truth is True for step in rows_of(edition, each).decide("table").steps]
        for each in everyone(facts)
    ]
    at = {rule.id: number for number, rule in enumerate(table.rules)}
    holds = {name: frozenset(n for n, row in enumerate(truths) if row[at[name]]) for name in table.order}
    found: Counter[tuple[str, str]] = Counter(("DR706", name) for name in table.order if not holds[name])
    live: list[str] = []
    for name in (name for name in table.order if holds[name]):
        if any(holds[o] == holds[name] and table.cells[o] == table.cells[name] for o in live):
            found["DR705", name] += 1
        else:
            live.append(name)
    for number, name in enumerate(live):
        before = live[:number]
        if table.hit in {Hit.FIRST, Hit.PRIORITY} and holds[name] <= frozenset().union(
            *(holds[other] for other in before)
        ):
            found["DR704", name] += 1
    for other, name in combinations(live, 2):
        if holds[other] & holds[name]:
            if table.hit is Hit.UNIQUE:
                found["DR702", name] += 1
            if table.hit is Hit.ANY and table.cells[other] != table.cells[name]:
                found["DR703", name] += 1
    gap = table.otherwise is None and not all(map(any, truths))
    return found + Counter([("gap", "")] if gap else [])


@settings(max_examples=250, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_findings_are_those_of_brute_force(data: st.DataObject) -> None:
    dice = Dice.drawn(data.draw)
    facts = dice.some(GRID, 1, 3)
    written = a_table(dice, facts, dice.pick([each.value for each in Hit]))
    text = text_of(written)
    edition = dr.loads(text).editions[0]
    table = edition.decisions["table"]
    assert isinstance(table, Rules)
    expected = by_brute_force(edition, table, facts)
    assume(sum(expected[key] for key in expected if key[0] in {"DR702", "DR703"}) <= MAX_PAIRS)
    gap = expected.pop(("gap", ""), 0)
    found = check_texts_of(text)
    about = Counter(
        (each.code, str(each.values.get("row") or each.values.get("rule")))
        for each in found
        if each.code not in {"DR701", "DR707"}
    )
    assert about == expected
    codes = Counter(each.code for each in found)
    allowed = "gaps" in written
    assert codes["DR707"] == (allowed and not gap)
    assert 1 <= codes["DR701"] <= MAX_GAPS if gap and not allowed else codes["DR701"] == 0


# ---------------------------------------------------------------------------------------------------
# Two versions of a table


def meaning(edition: Edition, facts: Mapping[str, Any]) -> object:
    """Return what a table answers, by the reference interpreter."""
    table = edition.decisions["table"]
    assert isinstance(table, Rules)
    found = rows_of(edition, facts).decide("table").verdict
    if table.hit is Hit.COLLECT:
        rows = Counter(str(table.cells[row]["answer"]) for row in found.rows if row in table.cells)
        return found.status, sorted(set(rows)), str(found.cells) if not found.rows else ""
    code = found.reason.code if found.reason is not None and found.status is Status.UNDEFINED else ""
    return found.status, str(found.cells), code


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_differences_are_those_of_brute_force(data: st.DataObject) -> None:
    """Every combination lies in a region of change if and only if its answer changes, unknown ones too."""
    dice = Dice.drawn(data.draw)
    facts = dice.some(GRID, 1, 3)
    hit = dice.pick(["unique", "first", "any", "priority"])
    before = a_table(dice, facts, hit)
    after = a_table(dice, facts, hit) if dice.chance(3) else changed(dice, before, facts)
    old, new = (dr.loads(text_of(table)).editions[0] for table in (before, after))
    difference = differing(old, new, "table")
    space = difference.space
    alike = True
    for each in everyone(facts, unknown=True):
        here = point(space, rows_of(old, each))
        assert here is not None
        told = [change for change in difference.regions if space.both(change.region, here) != EMPTY]
        assert bool(told) == (meaning(old, each) != meaning(new, each)), each
        assert len(told) <= 1
        alike = alike and truths_of(old, each) == truths_of(new, each)
    said_alike = [row["then"] for row in before["rows"]] == [row["then"] for row in after["rows"]]
    ids = [row["id"] for row in before["rows"]] == [row["id"] for row in after["rows"]]
    rest = before.get("otherwise") == after.get("otherwise")
    assert equivalent(old, new, "table") == (alike and said_alike and ids and rest)


def truths_of(edition: Edition, facts: Mapping[str, Any]) -> list[object]:
    """Return the truth of each row, in the order written."""
    table = edition.decisions["table"]
    assert isinstance(table, Rules)
    steps = rows_of(edition, facts).decide("table").steps
    return [step.truth for _, step in sorted(zip((rule.id for rule in table.rules), steps, strict=True))]


def changed(dice: Dice, table: dict[str, Any], facts: list[str]) -> dict[str, Any]:
    """Return a table with one row asking or saying something else, or written otherwise."""
    rows = [dict(row) for row in table["rows"]]
    row = dice.pick(rows)
    match dice.number(0, 3):
        case 0:
            row["when"] = a_condition(dice, facts)
        case 1:
            row["then"] = {"answer": dice.number(1, 3)}
        case 2:
            row["when"] = {"all": [row["when"]]} if "when" in row else {"any": [{"media": [True, False]}]}
        case _:
            row["when"] = {"not": {"not": row["when"]}} if "when" in row else {}
    if not row.get("when", True):
        del row["when"]
    return {**table, "rows": rows}
