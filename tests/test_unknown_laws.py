"""Laws of the unknown: what is decided stands however an unknown turns out; ready-made facts say what the record says.

On the shipped policies with customers of the demo store, and on random policies. A long run:
``AGREEMENT_EXAMPLES=20000 pytest tests/test_unknown_laws.py``.
"""

from __future__ import annotations

import os
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import dealerrules as dr
from dealerrules.demo import customers, subjects
from dealerrules.engines.row import Interpreter
from dealerrules.expr import Aggregate, Before, Fact, Field, FirstKnown, Known, Reached, walk
from dealerrules.policy.model import expressions, meanings
from dealerrules.records import SUBJECTS, read_record
from dealerrules.strategies.near import decimal, given
from dealerrules.strategies.reading import Reading
from dealerrules.strategies.subjects import Around
from dealerrules.values import QUANTITIES, Kind, Maybe, Type
from strategies import Dice, Situation, a_situation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.policy.model import Edition

POLICIES = Path(__file__).parents[1] / "policies"
D = date(2014, 9, 30)
COUNT = int(os.environ.get("AGREEMENT_EXAMPLES", "600")) // 6


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


@cache
def store() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return customers and other subjects of the demo store."""
    return (*(("customer", record) for record in customers(200, as_of=D)), *subjects(200, as_of=D))


def answered(subject: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return what the shipped policies say of a record, as JSON."""
    return book().evaluate(record, as_of=D, subject=subject).to_dict()["outcomes"]  # type: ignore[return-value]


def chance_situations() -> Iterator[Situation]:
    """Yield random policies with records, the same every time."""
    for seed in range(COUNT):
        rng = Random(seed)
        yield a_situation(Dice(lambda most, rng=rng: rng.randint(0, most)), None, 3)  # type: ignore[misc]


# ---------------------------------------------------------------------------------------------------
# The shipped policies


def answer_of(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return the answer: without which rules hold, of a tier without its angles, of a stage without what it measures."""
    aside = {"because", "matched", "undetermined", "missing", "angles", "measure"}
    return {key: value for key, value in outcome.items() if key not in aside}


def read_by_chance(decision: str) -> set[str]:
    """Return the plain fields that a decision reads only where they are known, so that knowing them may change it."""
    made = book().decisions[decision]
    edition = book().editions[0]
    found = {made.dated_by} if made.dated_by is not None else set()
    for name in meanings(edition, [decision]):
        definition = edition.facts[made.subject].get(name.partition(".")[2])
        for node in walk(definition.expr) if definition is not None else ():
            if isinstance(node, FirstKnown):
                found |= {
                    part.name for item in node.items for part in walk(item) if isinstance(part, Fact | Field)
                }
    return found


def test_settling_an_unknown_field_changes_no_decided_answer() -> None:
    """What is decided stands, however an unknown plain field turns out; `out_of_reach` and a stated target aside."""
    values: dict[Kind, list[Any]] = {
        Kind.BOOLEAN: [True, False],
        Kind.COUNT: [0, 1, 2, 3, 115],
        Kind.MONEY: [0, 1, 1000, 3000, 10_000, 30_000],
        Kind.TEXT: ["晋江", "惠安"],
        Kind.DATE: ["2014-09-30"],
    }
    wrong: list[Any] = []
    settled = 0
    for subject, record in store():
        meta = SUBJECTS[subject]
        now = answered(subject, record)
        for name, type_ in meta.fields.items():
            if record.get(name) is not None or name == meta.id_field:
                continue
            for value in type_.options or values[type_.kind]:
                then = answered(subject, {**record, name: value})
                settled += 1
                wrong += [
                    (subject, record, name, value, decision)
                    for decision, outcome in now.items()
                    if outcome["status"] == "decided"
                    and name not in read_by_chance(decision)
                    and answer_of(outcome) != answer_of(then[decision])
                ]
    assert (settled > 700, wrong) == (True, [])


# ---------------------------------------------------------------------------------------------------
# Random policies


def asks_what_is_known(edition: Edition, subject: str, decision: str) -> bool:
    """Tell whether a decision's answer may depend on something being known: `known` and `first_known`."""
    return any(
        isinstance(node, Known | FirstKnown) for node in Reading.of(edition, subject, [decision]).nodes
    )


def settlings(situation: Situation, record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the record with one unknown plain field or attribute stated, and its name, for the values that matter."""
    reading = Reading.of(situation.edition, situation.subject)
    around = Around(reading, situation.as_of)
    for name, type_ in reading.fields(situation.subject).items():
        bare = name.removeprefix("attributes.")
        attribute = bare != name
        held = record.get("attributes") or {} if attribute else record
        if held.get(bare) is not None or name == SUBJECTS[situation.subject].id_field:
            continue
        for value in around.near(type_)[:6]:
            said = given(value, type_)
            if attribute:
                said = said.isoformat() if isinstance(said, date) else said
                said = decimal(said) if isinstance(said, Fraction) else said
                yield name, {**record, "attributes": {**held, bare: said}}
            else:
                yield name, {**record, name: said}


def test_settling_an_unknown_changes_no_decided_answer_whatever_the_policy_is() -> None:
    """On random policies, for every decision that does not ask whether something is known."""
    wrong: list[Any] = []
    asked = 0
    for situation in chance_situations():
        edition, subject = situation.edition, situation.subject
        models = situation.book.decisions
        names = [name for name in edition.decisions if not asks_what_is_known(edition, subject, name)]
        for record in situation.records:
            now = situation.book.evaluate(record, as_of=situation.as_of, subject=subject, decisions=names)
            before = now.to_dict()["outcomes"]
            for field, stated in settlings(situation, record):
                then = situation.book.evaluate(
                    stated, as_of=situation.as_of, subject=subject, decisions=names
                )
                after = then.to_dict()["outcomes"]
                for name in names:
                    if before[name]["status"] == "decided" and models[name].dated_by != field:
                        asked += 1
                        if answer_of(before[name]) != answer_of(after[name]):
                            wrong.append((situation, record, field, name, before[name], after[name]))
    assert (asked > COUNT * 20, wrong) == (True, [])


def stands_on_facts(edition: Edition, decision: str) -> bool:
    """Tell whether a decision reads nothing but facts, so that ready-made ones can say all that it needs."""
    return not any(
        isinstance(node, Field | Aggregate | Before)
        for part in expressions(edition.decisions[decision])
        for node in walk(part)
    )


def leaf_facts(edition: Edition, subject: str, decisions: list[str]) -> list[str]:
    """Return the facts that come from the record itself; whatever else is read follows from them."""
    found = set()
    stack = [part for name in decisions for part in expressions(edition.decisions[name])]
    seen: set[str] = set()
    while stack:
        for node in walk(stack.pop()):
            if isinstance(node, Fact) and node.name not in seen:
                seen.add(node.name)
                expr = edition.fact(subject, node.name).expr
                if any(isinstance(each, Field | Aggregate | Before | Reached) for each in walk(expr)):
                    found.add(node.name)
                else:
                    stack.append(expr)
    return sorted(found)


def as_fact(value: Maybe, type_: Type) -> Any:
    """Return an engine's value as users give it; none where none can be given: parts of a fen, a count below 0."""
    if isinstance(value, int | Fraction) and type_.kind in QUANTITIES - {Kind.NUMBER} and value < 0:
        return None
    return None if type_.kind is Kind.MONEY and isinstance(value, Fraction) else given(value, type_)


def without_cause(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome without what is missing and why: a share over 0 is, once given, one that is not recorded.

    Nor since when a level is kept: the fact says that it is, its days are told by a record alone.
    """
    return {key: value for key, value in outcome.items() if key not in {"missing", "reason", "kept"}}


def test_ready_made_facts_say_what_the_record_says_whatever_the_policy_is() -> None:
    """The facts that a random policy reads from a record, given by name, lead to the same answers.

    With the same rules; what is missing is named after the fact that was to be given.
    """
    wrong: list[Any] = []
    asked = 0
    for situation in chance_situations():
        edition, subject = situation.edition, situation.subject
        read = {name: {*Reading.of(edition, subject, [name]).answers, name} for name in edition.decisions}
        names = [
            name
            for name, others in read.items()
            if all(
                stands_on_facts(edition, each) and edition.decisions[each].dated_by is None for each in others
            )
        ]
        types = edition.given_types(subject)
        leaves = leaf_facts(edition, subject, sorted({each for name in names for each in read[name]}))
        for data in situation.records:
            record = read_record(data, subject)
            interpreter = Interpreter(edition, subject, situation.as_of, record)
            held = {name: interpreter.fact(name).value for name in leaves}
            facts = {name: as_fact(value, types[name]) for name, value in held.items()}
            if any(facts[name] is None and value is not None for name, value in held.items()):
                continue
            asked += len(names)
            said, meant = (
                answer.to_dict()["outcomes"]
                for answer in (
                    situation.book.evaluate_facts(subject, facts, as_of=situation.as_of, decisions=names),
                    situation.book.evaluate(record, as_of=situation.as_of, decisions=names),
                )
            )
            wrong += [
                (situation, data, facts, name, said[name], meant[name])
                for name in names
                if without_cause(said[name]) != without_cause(meant[name])
            ]
    assert (asked > COUNT * 5, wrong[:1]) == (True, [])


def test_the_first_known_of_two_categories_may_be_a_word_of_either() -> None:
    """What such random policies have found: the second one's words were refused, in conditions and as facts."""
    text = """
policy: p
facts: {f: {first_known: [kind, loyalty]}}
decisions:
  d: {kind: rules, hit: unique, outputs: {o: {type: text}}, rows: [{id: a, when: {f: medium}, then: {o: x}}], otherwise: {o: y}}
"""
    made = dr.loads(text)
    assert made.editions[0].fact("customer", "f").type == Type(
        Kind.CATEGORY, ("individual", "company", "low", "medium", "high")
    )
    records = [{"loyalty": "medium"}, {"kind": "company", "loyalty": "medium"}, {"loyalty": "low"}]
    said = [made.evaluate({"customer_id": "C1", **each}, as_of=D).rules("d").value for each in records]
    assert said == ["x", "y", "y"]
    facts = [
        made.evaluate_facts("customer", {"f": word}, as_of=D).rules("d").value
        for word in ("medium", "company")
    ]
    assert facts == ["x", "y"]
