"""One customer: the library against hand-written Python, zen-engine and rule-engine, in one interleaved run."""

from __future__ import annotations

import sys
from typing import Any

import dealerrules as dr
from benchmarks import hand_written
from benchmarks.measure import Section, compare, duration, ratio
from benchmarks.peers import ANGLES, RuleEngineTiers, zen_level, zen_tiers
from benchmarks.subject import (
    AS_OF,
    POLICIES,
    assert_equal_on_demo_store,
    demo_customers,
    library_answers,
    library_tier,
    record,
    same,
    tier_facts,
)
from dealerrules.records import read_record

ROUNDS = 200
DEMO = 200


def names() -> dict[str, Any]:
    """Return what the statements refer to."""
    book = dr.load(POLICIES)
    raw = record()
    typed = dr.Customer(**raw)
    facts = tier_facts(book, typed)
    assert facts is not None
    return {
        "book": book,
        "raw": raw,
        "typed": typed,
        "facts": facts,
        "unknown": {**facts, "media": None},
        "store": list(demo_customers(DEMO)),
        "day": AS_OF,
        "tier": ("tier",),
        "hand": hand_written,
        "zen": zen_tiers(),
        "trace": {"trace": True},
        "rules": RuleEngineTiers(),
        "level": zen_level,
        "read_record": read_record,
    }


FROM_FACTS = {
    "hand-written, no checks": "hand.tier(facts)",
    "hand-written, names and types checked": "hand.tier_checked(facts)",
    "library: evaluated": "book.evaluate_facts('customer', facts, as_of=day, decisions=tier)",
    "library: evaluated, level read": "book.evaluate_facts('customer', facts, as_of=day, decisions=tier)['tier'].level",
    "library: the same, one fact unknown": "book.evaluate_facts('customer', unknown, as_of=day, decisions=tier)['tier'].level",
    "library: and the trace built": "book.evaluate_facts('customer', facts, as_of=day, decisions=tier)['tier'].case.decided('tier')",
    "library: and explained as text": "book.evaluate_facts('customer', facts, as_of=day, decisions=tier).explain('zh', advice=False).text",
    "zen-engine, 4 decision tables": "level(zen.evaluate('graph', facts)['result'])",
    "zen-engine, with trace": "level(zen.evaluate('graph', facts, trace)['result'])",
    "rule-engine, 18 rules": "rules.evaluate(facts)[0]",
}
FROM_RECORD = {
    "hand-written, from a typed record": "hand.decide(typed, day)",
    "library: typed record, evaluated": "book.evaluate(typed, as_of=day)",
    "library: typed record, every outcome read": "[(o.status, o.because) for o in book.evaluate(typed, as_of=day).values()]",
    "library: dict, evaluated": "book.evaluate(raw, as_of=day)",
    "library: dict, every outcome read": "[(o.status, o.because) for o in book.evaluate(raw, as_of=day).values()]",
    "of which checking the dict": "read_record(raw)",
    "library: typed record, to_dict": "book.evaluate(typed, as_of=day).to_dict()",
    "library: typed record, all explained as text": "book.evaluate(typed, as_of=day).explain('zh', advice=False).text",
}
DEMO_STORE = {
    "hand-written": "for each in store: hand.decide(each, day)",
    "library: evaluated": "for each in store: book.evaluate(each, as_of=day)",
    "library: every outcome read": "for each in store: [(o.status, o.because) for o in book.evaluate(each, as_of=day).values()]",
}


def check(scope: dict[str, Any]) -> None:
    """Assert that every variant gives the same answers."""
    book, facts = scope["book"], scope["facts"]
    known = [tier_facts(book, each) for each in scope["store"]]
    for each in (facts, *(each for each in known if each is not None)):
        level, angles, because = hand_written.tier(each)
        assert hand_written.tier_checked(each) == (level, angles, because)
        assert same(library_tier(book, each), (level, angles, because))
        for options in ({"trace": False}, {"trace": True}):
            result = scope["zen"].evaluate("graph", each, options)["result"]
            assert (zen_level(result), tuple(result[angle] for angle in ANGLES)) == (level, angles)
        found = scope["rules"].evaluate(each)
        assert (found[0], tuple(found[1][angle] for angle in ANGLES)) == (level, angles)
    for each in (scope["raw"], scope["typed"]):
        answers = library_answers(book.evaluate(each, as_of=AS_OF))
        expected = hand_written.decide(scope["typed"], AS_OF)
        assert all(same(answers[name], expected[name]) for name in expected)
    assert_equal_on_demo_store(book)


def sections(rounds: int = ROUNDS) -> list[Section]:
    """Return the tables."""
    scope = names()
    check(scope)
    facts = compare(FROM_FACTS, scope, rounds)
    hand, traced = facts["hand-written, no checks"], facts["zen-engine, with trace"]
    tiers = Section(
        "One customer, from ready-made facts: the tier",
        "The tier table (18 rules in four angles) from 16 known facts: level, angle levels and the rules that grant"
        " them. The library checks every name, type and range and keeps the facts for an explanation; the outcome is"
        " decoded when it is read. zen-engine (static loader, `engine.evaluate`) gives one rule an angle, and an answer for"
        " facts that are misspelt or missing.",
        ("from ready-made facts", "time", "x hand-written", "zen with trace / this"),
        [(label, duration(each), ratio(each, hand), ratio(traced, each)) for label, each in facts.items()],
    )
    whole = compare(FROM_RECORD, scope, rounds)
    hand = whole["hand-written, from a typed record"]
    records = Section(
        "One customer, from a record: all nine customer decisions",
        "10 visits, 4 covers, 3 referrals, 1 survey, 2 contacts: facts from events, then every customer decision of the"
        " shipped policies with its reasons. The hand-written code starts from the typed record.",
        ("from a record", "time", "x hand-written"),
        [(label, duration(each), ratio(each, hand)) for label, each in whole.items()],
    )
    store = compare(DEMO_STORE, scope, max(rounds // 10, 5))
    hand = store["hand-written"]
    demo = Section(
        "The demo store's customers in turn",
        f"{DEMO} customers, each different from the one before: nothing that was worked out for one helps the next but"
        " what their rules have in common. Time per customer.",
        ("typed records, all decisions", "time", "x hand-written"),
        [(label, duration(each / DEMO), ratio(each, hand)) for label, each in store.items()],
    )
    return [tiers, records, demo]


if __name__ == "__main__":
    print("\n".join(map(str, sections(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))))
