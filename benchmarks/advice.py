"""Advice: the next steps of a store's customers against one evaluation of their tier.

``python -m benchmarks.advice`` prints it; ``python -m benchmarks`` puts it in its document.
"""

from __future__ import annotations

import sys
from time import process_time_ns
from typing import TYPE_CHECKING, Any

import dealerrules as dr
from benchmarks.measure import Section, compare, duration, ratio
from benchmarks.subject import AS_OF, POLICIES, demo_customers
from dealerrules.advice import steps

if TYPE_CHECKING:
    from collections.abc import Sequence

CUSTOMERS, ROUNDS = 2_000, 5
STATEMENTS = {
    "tier evaluated, level read": "for each in store: book.evaluate(each, as_of=day, decisions=tier)['tier'].level",
    "and the 5 nearest next steps": "forget()\nfor each in store: book.evaluate(each, as_of=day, decisions=tier)['tier'].next_steps()",
    "the same, each customer as if the first": "for each in store:\n    forget()\n    book.evaluate(each, as_of=day, decisions=tier)['tier'].next_steps()",
    "all next steps": "forget()\nfor each in store: book.evaluate(each, as_of=day, decisions=tier)['tier'].next_steps(limit=None)",
}


def names() -> dict[str, Any]:
    """Return what the statements refer to."""
    book = dr.load(POLICIES)
    store = list(demo_customers(CUSTOMERS))
    edition = book.edition(AS_OF)
    assert edition is not None
    advisor = steps.advisor(edition, "tier", frozenset())

    def forget() -> None:
        """Start as for the first customer; the diagrams of the policy stay."""
        advisor.forget()

    return {"book": book, "store": store, "day": AS_OF, "tier": ("tier",), "forget": forget}


def sections(rounds: int) -> Sequence[Section]:
    """Return the tables."""
    scope = names()
    times = compare(STATEMENTS, scope, rounds, process_time_ns)
    one = times["tier evaluated, level read"]
    rows = [[label, duration(time / CUSTOMERS), ratio(time, one)] for label, time in times.items()]
    text = (
        f"Of {CUSTOMERS:,} demo customers, from typed records, by the shipped tier policy; a customer. The ways from one "
        "combination of facts are kept, so the second line begins with nothing kept and gains from customers who are "
        "alike; the third forgets after each customer. The policy's diagrams are made once (some 35 ms). Target: 50."
    )
    return [Section("Next steps", text, ["what", "time", "times one evaluation"], rows)]


if __name__ == "__main__":
    sys.stdout.write("\n".join(map(str, sections(ROUNDS))))
