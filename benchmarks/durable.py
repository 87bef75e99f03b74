"""The durable_rules engine against the compiled one and the reference interpreter: time, start, memory.

``python -m benchmarks.durable [ROUNDS]`` prints the tables that docs/durable.md quotes.
"""

from __future__ import annotations

import random
import sys
from functools import partial
from itertools import cycle
from pathlib import Path
from time import process_time_ns
from typing import TYPE_CHECKING, Any

import dealerrules as dr
from benchmarks.ladder import policy
from benchmarks.measure import Section, compare, duration, machine, ratio
from benchmarks.subject import AS_OF, POLICIES, demo_customers
from dealerrules.engines.row import Interpreter
from dealerrules.facts import read_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealerrules.engines.durable import Ruleset
    from dealerrules.policy.model import Edition

ROUNDS = 40
CUSTOMERS = 50
MANY = 20_000
ENGINES = ("durable_rules", "compiled", "reference interpreter")
ASKED = {"tier": ("tier",), "all customer decisions": None}


def facts_of_customers(book: dr.PolicyBook, ruleset: Ruleset) -> list[dict[str, Any]]:
    """Return ready-made facts of demo customers: what the rules read, as the reference interpreter works it out."""
    names = sorted({str(each["value_of"]) for each in ruleset.fields.values() if "value_of" in each})
    found = []
    for customer in demo_customers(CUSTOMERS):
        case = book.evaluate(customer, as_of=AS_OF)["tier"].case
        assert case is not None
        there = [name for name in names if name in case.edition.facts["customer"]]
        found.append({name: case.interpreter.fact(name).value for name in there})
    return found


def refer(edition: Edition, names: Sequence[str], facts: Mapping[str, Any]) -> None:
    """Evaluate with the reference interpreter, trace and all."""
    values = read_facts(
        "customer", facts, edition.given_types("customer"), partial(edition.may_be_absent, "customer")
    )
    interpreter = Interpreter(edition, "customer", AS_OF, None, values)
    for name in names:
        interpreter.decide(name)


def speed(rounds: int) -> Section:
    """Time one evaluation of ready-made facts."""
    book = dr.load(POLICIES)
    edition = book.edition(AS_OF)
    assert edition is not None
    rows = []
    for label, decisions in ASKED.items():
        ruleset = book.to_durable("customer", decisions, as_of=AS_OF)
        store = facts_of_customers(book, ruleset)
        for facts in store:
            answers = [
                book.evaluate_facts("customer", facts, as_of=AS_OF, decisions=decisions, engine=engine)
                for engine in ("compiled", "durable")
            ]
            assert answers[0] == answers[1]
        scope = {"book": book, "day": AS_OF, "names": decisions}
        scope |= {name: partial(next, cycle(store)) for name in ("a", "b", "c")}
        scope |= {"refer": partial(refer, edition, ruleset.decisions)}
        ask = "book.evaluate_facts('customer', {}(), as_of=day, decisions=names{})"
        statements = {
            "durable_rules": ask.format("a", ", engine='durable'"),
            "compiled": ask.format("b", ""),
            "reference interpreter": "refer(c())",
        }
        times = compare(statements, scope, rounds, process_time_ns)
        rows += [
            (
                f"{label}: {engine}",
                duration(times[engine]),
                f"{1e9 / times[engine]:,.0f}",
                ratio(times[engine], times["compiled"]),
            )
            for engine in ENGINES
        ]
    text = f"Ready-made facts of {CUSTOMERS} customers of the demo store, one after another, one thread; processor time."
    return Section("One evaluation", text, ("", "time", "a second", "times compiled"), rows)


def memory() -> int:
    """Return how much memory the process holds, in KiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def holding() -> Section:
    """Measure start and memory."""
    rows = []
    books = {"tier": dr.load(POLICIES), "all customer decisions": dr.load(POLICIES)}
    books |= {f"{size} rules on one fact": dr.loads(policy(size)) for size in (15, 900)}
    for label, book in books.items():
        before, start = memory(), process_time_ns()
        ruleset = book.to_durable("customer", ASKED.get(label), as_of=AS_OF)
        written = process_time_ns() - start
        start = process_time_ns()
        ruleset.on_facts({}, AS_OF)
        first = process_time_ns() - start
        held = memory() - before
        rows.append(
            (label, f"{len(ruleset.definition):,}", duration(written), duration(first), f"{held:,} KiB")
        )
    text = "Once each, in this order, in one process; the first answer includes that durable_rules reads the ruleset."
    head = ("", "rules of durable_rules", "written in", "first answer", "memory held")
    return Section("To be ready", text, head, rows)


def growth() -> Section:
    """Measure memory over many evaluations."""
    book = dr.load(POLICIES)
    rng = random.Random(2014)
    rows = []
    for turn in range(4):
        before = memory()
        for _ in range(MANY):
            facts = {
                "vehicle_referrals": rng.randint(0, 4),
                "visits_past_year": rng.randint(0, 6),
                "media": False,
            }
            book.evaluate_facts("customer", facts, as_of=AS_OF, decisions=("tier",), engine="durable")
        rows.append((f"{turn + 1}. {MANY:,} evaluations", f"{memory() - before:,} KiB"))
    return Section("Memory", "What the process holds more after each lot.", ("tier", "growth"), rows)


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(machine(("durable_rules", "pydantic")))
    for section in (speed(asked), holding(), growth()):
        print(f"\n{section}", flush=True)
