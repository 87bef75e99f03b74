"""A ladder: 15 and 900 rules on one fact, of which exactly one holds."""

from __future__ import annotations

import sys
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import dealerrules as dr
from benchmarks.measure import Section, compare, duration, ratio
from benchmarks.peers import RuleEngineLadder, zen_engine, zen_graph, zen_table

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 60
SIZES = (15, 900)
ASKED = 20
"""So many different facts are asked for, spread over the ladder; times are for one."""

STATEMENTS = {
    "library: evaluated": "for facts in asked_{n}: library_{n}(facts)",
    "library: evaluated, answer read": "for facts in asked_{n}: library_{n}(facts)['step'].value",
    "zen-engine, one decision table": "for facts in asked_{n}: zen_{n}.evaluate('graph', facts)['result']['step']",
    "zen-engine, with trace": "for facts in asked_{n}: zen_{n}.evaluate('graph', facts, trace)['result']['step']",
    "rule-engine": "for facts in asked_{n}: rules_{n}.evaluate(facts)",
}


def policy(size: int) -> str:
    """Return a policy of so many rules on the visits of a year, ten visits wide each."""
    rows = [
        f"      - {{id: r{at}, when: {{visits_past_year: {{at_least: {10 * at}, less_than: {10 * at + 10}}}}}, then: {{step: {at}}}}}"
        for at in range(size)
    ]
    head = "policy: ladder\ndecisions:\n  step:\n    kind: rules\n    subject: customer\n    hit: unique\n"
    return (
        f"{head}    outputs: {{step: {{type: count}}}}\n    rows:\n"
        + "\n".join(rows)
        + "\n    otherwise: {step: 0}\n"
    )


def timed(make: Callable[[], Any]) -> tuple[Any, float]:
    """Return what is made and the time it took."""
    start = perf_counter_ns()
    made = make()
    return made, perf_counter_ns() - start


def prepared(size: int) -> tuple[dict[str, Any], dict[str, float]]:
    """Return what the statements refer to, and how long each engine took to be ready for its first answer."""
    asked = [{"visits_past_year": (10 * size - 1) * at // (ASKED - 1)} for at in range(ASKED)]
    expected = [facts["visits_past_year"] // 10 for facts in asked]
    ready = {}

    def made_library() -> Callable[[dict[str, Any]], dr.Answer]:
        book = dr.loads(policy(size))

        def library(facts: dict[str, Any]) -> dr.Answer:
            return book.evaluate_facts("customer", facts, as_of="2014-09-30", decisions=("step",))

        library(asked[0])
        return library

    def made_zen() -> Any:
        rows = [
            ({"visits_past_year": f"[{10 * at}..{10 * at + 10})"}, {"step": str(at)}) for at in range(size)
        ]
        engine = zen_engine(zen_graph([zen_table("step", rows)], [("in", "step"), ("step", "out")]))
        engine.evaluate("graph", asked[0])
        return engine

    library, ready["library: evaluated"] = timed(made_library)
    zen, ready["zen-engine, one decision table"] = timed(made_zen)
    rules, ready["rule-engine"] = timed(lambda: RuleEngineLadder(size))
    assert [library(facts)["step"].value for facts in asked] == expected
    assert [zen.evaluate("graph", facts)["result"]["step"] for facts in asked] == expected
    assert [rules.evaluate(facts) for facts in asked] == expected
    made = {"asked": asked, "library": library, "zen": zen, "rules": rules}
    return {f"{name}_{size}": each for name, each in made.items()}, ready


def sections(rounds: int = ROUNDS) -> list[Section]:
    """Return the tables."""
    prepared(3)  # warm: modules are loaded
    small, large = SIZES
    scope: dict[str, Any] = {"trace": {"trace": True}}
    ready = {}
    for size in SIZES:
        made, ready[size] = prepared(size)
        scope |= made
    statements = {(label, n): text.format(n=n) for label, text in STATEMENTS.items() for n in SIZES}
    times = {key: each / ASKED for key, each in compare(statements, scope, rounds).items()}
    answer = Section(
        f"{small} and {large} rules on one fact",
        "Every rule asks for a range of one fact, exactly one holds. The library bisects; zen-engine (hit policy first)"
        " and rule-engine (until the first match) walk.",
        ("one answer", f"{small} rules", f"{large} rules", f"{large} / {small}"),
        [
            (
                label,
                duration(times[label, small]),
                duration(times[label, large]),
                ratio(times[label, large], times[label, small]),
            )
            for label in STATEMENTS
        ],
    )
    start = Section(
        f"{small} and {large} rules: ready for the first answer",
        "From text (the library: parsed, checked, compiled, the program written) or from ready-made structures (zen-engine,"
        " rule-engine) to the first answer; once.",
        ("to be ready", f"{small} rules", f"{large} rules"),
        [(label, duration(ready[small][label]), duration(each)) for label, each in ready[large].items()],
    )
    return [answer, start]


if __name__ == "__main__":
    print("\n".join(map(str, sections(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))))
