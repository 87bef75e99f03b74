"""What the reference interpreter says, in the forms in which other engines answer: shared by all tests of agreement.

``tools/differential.py`` runs the same comparisons for as long as one likes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dealerrules.answer import Answer
from dealerrules.engines.jdm_tables import said_by
from dealerrules.engines.row import Decided, Interpreter
from dealerrules.facts import read_facts
from dealerrules.policy.model import Hit, Payout, Rules, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import dealerrules as dr
    from dealerrules.policy.model import AnyDecision, Edition
    from dealerrules.records import Record
    from dealerrules.values import Maybe


def typed(value: Any) -> Any:
    """Return a value with its type: 3 is not Fraction(3), true is not 1."""
    if isinstance(value, tuple):
        return tuple(typed(item) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        return tuple((name, typed(getattr(value, name))) for name in value.__dataclass_fields__)
    return type(value).__name__, value


def result(decided: Decided) -> tuple[int, int, Any]:
    """Return what the reference interpreter says, in the form of the fast engine."""
    extra: Any = None
    if isinstance(decided.decision, Stage):
        assert decided.measure is not None
        extra = decided.measure.value
    if isinstance(decided.decision, Payout) and decided.entries is not None:
        extra = (decided.amount, decided.entries)
    return decided.true, decided.unknown, extra


def said(decided: Decided) -> Any:
    """Return the same to the type."""
    return typed(result(decided))


def read(edition: Edition, subject: str, facts: Mapping[str, Any]) -> dict[str, Maybe]:
    """Return ready-made facts as the engines hold them."""
    return read_facts(subject, facts, edition.given_types(subject), partial(edition.may_be_absent, subject))


def reference(
    book: dr.PolicyBook,
    subject: str,
    as_of: date,
    record: Record | None,
    facts: Mapping[str, Any] | None = None,
) -> Answer:
    """Return the answer that is made of what the reference interpreter found, and of nothing else."""
    plan = book._plan(subject, as_of, None)
    assert plan.edition is not None
    values = {} if facts is None else read(plan.edition, subject, facts)
    interpreter = Interpreter(plan.edition, subject, as_of, record, values)
    results = tuple(result(interpreter.decide(name)) for name in plan.seats)
    return Answer(plan, as_of, record, None if facts is None else dict(facts), results)


# ---------------------------------------------------------------------------------------------------
# GoRules


def graph_result(decided: Decided) -> dict[str, Any]:
    """Return what a graph of GoRules must answer: the masks, and the verdict as plain data."""
    decision, found = decided.decision, decided.verdict
    answer: Any = found.answer
    if isinstance(decision, Rules):
        answer = _said_by(decision, decided)
    return {
        "true": decided.true,
        "unknown": decided.unknown,
        "status": found.status.value,
        "answer": answer,
        "reason": found.reason.code if found.reason is not None else None,
        "angles": dict(found.angles),
    }


def _said_by(decision: Rules, decided: Decided) -> Any:
    found = decided.verdict
    if found.status != "decided":
        return None
    if decision.hit is not Hit.COLLECT:
        assert found.cells is not None
        return said_by(decision, found.cells)
    cells = [decision.cells[row] for row in found.rows] or [decision.otherwise]
    return [said_by(decision, each) for each in cells if each is not None]


def graph_answer(decision: AnyDecision, answered: Mapping[str, Any]) -> dict[str, Any]:
    """Return a graph's own answer in the same form."""
    bits = {rule.id: 1 << at for at, rule in enumerate(decision.rules)}
    return {
        "true": sum(bits[rule] for rule in answered["holds"]),
        "unknown": sum(bits[rule] for rule in answered["unknown"]),
        "status": answered["status"],
        "answer": answered.get("answer"),
        "reason": answered.get("reason"),
        "angles": answered.get("angles", {}),
    }
