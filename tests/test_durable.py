"""durable_rules gives every answer of the reference interpreter, keeps within its limits, and says what it cannot carry.

A long run: ``AGREEMENT_EXAMPLES=5000 pytest tests/test_durable.py``.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import random
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

import dealerrules as dr
from agreement import read, said, typed
from dealerrules.engines import durable_session
from dealerrules.engines.carried import MOST
from dealerrules.engines.durable import ALIVE, Ruleset, Run, ruleset
from dealerrules.engines.durable_conditions import Every, Is, Some, firings
from dealerrules.engines.durable_session import DurableError
from dealerrules.engines.durable_steps import MOST_PENDING
from dealerrules.engines.durable_writer import Writer
from dealerrules.engines.row import Interpreter
from dealerrules.expr import Compare, Comparison, Constant
from dealerrules.faults import RecordError
from dealerrules.records import SUBJECTS, read_record
from dealerrules.strategies.dice import Dice
from dealerrules.strategies.reading import Reading
from dealerrules.strategies.subjects import Around, Maker
from dealerrules.values import ABSENT, COUNT, to_yuan
from strategies import Situation, reached, situations

if TYPE_CHECKING:
    from dealerrules.policy.model import Edition
    from dealerrules.values import Maybe

engine = pytest.importorskip(
    "durable_rules_engine",
    reason="durable_rules cannot be loaded: pip builds it with a C compiler, and it runs on Python 3.12 at most",
    exc_type=ImportError,
)

POLICIES = Path(__file__).parents[1] / "policies"
EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "150"))
D = date(2014, 9, 30)


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


def assert_agree(edition: Edition, made: Ruleset, as_of: date, facts: dict[str, Any]) -> None:
    """Hold masks, measures, amounts and receipts against the reference interpreter's, to the type."""
    values = read(edition, made.subject, facts)
    assert made.on_facts(facts, as_of) == assert_same(edition, made, as_of, values)


def assert_same(edition: Edition, made: Ruleset, as_of: date, values: dict[str, Maybe]) -> tuple[Any, ...]:
    """Do so for facts as the engines hold them, and return the results."""
    interpreter = Interpreter(edition, made.subject, as_of, None, values)
    run = Run(made, values, as_of)
    while (message := run.message()) is not None:
        run.take(made._session.fired(message))
    found = dict(zip(made.decisions, map(typed, run.results()), strict=True))
    assert found == {name: said(interpreter.decide(name)) for name in made.decisions}
    return run.results()


# ---------------------------------------------------------------------------------------------------
# Agreement


def maker_of(edition: Edition, subject: str, seed: int) -> Maker:
    """Return a source of facts that crowd around every number of the shipped policies."""
    rng = random.Random(seed)
    return Maker(Dice(lambda most: rng.randint(0, most)), Around(Reading.of(edition, subject), D))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_shipped_policies_say_the_same(subject: str) -> None:
    """At, just below and above every threshold, with facts unknown, absent, left out, or given though they follow."""
    edition = book().edition(D)
    assert edition is not None
    made = book().to_durable(subject, as_of=D)
    assert made.unsupported == {}
    maker = maker_of(edition, subject, 2014)
    for _ in range(500 if subject == "customer" else 150):
        assert_agree(edition, made, D, maker.facts())
        assert_agree(edition, made, D, maker.any_facts())


@pytest.mark.parametrize("subject", SUBJECTS)
def test_whole_answers_are_the_same(subject: str) -> None:
    """Also those that the subject's own date decides, reasons and what is missing."""
    edition = book().edition(D)
    assert edition is not None
    maker = maker_of(edition, subject, 7)
    for _ in range(20):
        facts = maker.any_facts()
        dated = SUBJECTS[subject].date_field
        if dated is not None:
            facts[dated] = maker.dice.pick([None, D, date(2014, 10, 1), date(2013, 1, 1)])
        here = book().evaluate_facts(subject, facts, as_of=D, engine="durable")
        assert here.to_dict() == book().evaluate_facts(subject, facts, as_of=D).to_dict()


@given(situation=situations())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    database=None,
)
def test_random_policies_say_the_same(situation: Situation) -> None:
    """On whatever the language can say: every rule's truth, every measure, every receipt."""
    edition = situation.edition
    made = ruleset(edition, situation.subject, tuple(sorted(edition.decisions)), strict=True)
    for facts in situation.facts:
        assert_agree(edition, made, situation.as_of, facts)
    for data in situation.records:  # and on facts that can stand together, as a record gives them
        record = read_record(data, situation.subject)
        interpreter = Interpreter(edition, situation.subject, situation.as_of, record)
        names = edition.facts[situation.subject].keys() & set(reached(edition, situation.subject))
        values = {name: interpreter.fact(name).value for name in names}
        assert_same(edition, made, situation.as_of, values)


def table(rows: str, facts: str = "", hit: str = "collect") -> dr.PolicyBook:
    """Return a policy of one table whose rows all say 1."""
    return dr.loads(
        f"policy: p\nfacts: {{{facts}}}\ndecisions: {{d: {{kind: rules, hit: {hit}, "
        f"outputs: {{d: {{type: count}}}}, rows: [{rows}], otherwise: {{d: 0}}}}}}"
    )


def masks(policies: dr.PolicyBook, **facts: Any) -> tuple[int, int]:
    """Return the masks of its rows, on which the reference interpreter agrees."""
    made = policies.to_durable(as_of=D)
    assert_agree(policies.editions[0], made, D, facts)
    true, unknown, _ = made.on_facts(facts, D)[0]
    return true, unknown


def test_one_answer_is_a_fact_of_the_next() -> None:
    """An angle's level, a stage, a table, a payout: each is matched in the message after it is found."""
    policies = dr.loads("""
policy: p
facts: {doubled: {add: [bonus, bonus]}}
decisions:
  tier:
    kind: tier
    levels: {gold: {}, silver: {}, rest: {}}
    angles:
      late: {gold: [{id: g, when: {tier.early: gold}}], silver: [{id: s, when: {tier.early: {at_least: silver}}}]}
      early: {gold: [{id: g, when: {visits_past_year: {at_least: 5}}}], silver: [{id: s, when: {media: true}}]}
  size: {kind: stage, measure: visits_past_year, stages: {small: {from: 1}, large: {from: 5}}}
  bonus: {kind: payout, when: {size: large, tier: gold}, pays: 7 yuan, otherwise: 0 yuan}
  rich: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: [{id: r, when: {doubled: 14 yuan}, then: {d: true}}],
         otherwise: {d: false}}
""")
    made = policies.to_durable(as_of=D)
    assert [each.step for each in messages_of(made, {"visits_past_year": 5, "media": True})] == [1, 2, 3, 4]
    for visits in (None, 0, 1, 4, 5):
        for media in (None, True, False):
            assert_agree(policies.editions[0], made, D, {"visits_past_year": visits, "media": media})
    answer = policies.evaluate_facts("customer", {"visits_past_year": 5}, as_of=D, engine="durable")
    assert (answer.tier("tier").angles, answer.rules("rich").value) == (
        {"early": "gold", "late": "gold"},
        True,
    )


class Message(dict[str, Any]):
    """A message with its step."""

    @property
    def step(self) -> int:
        return int(self["step"])


def messages_of(made: Ruleset, facts: dict[str, Any]) -> list[Message]:
    """Return the messages of an evaluation."""
    run, found = made.start(facts, D), []
    while (message := run.message()) is not None:
        found.append(Message(message))
        run.take(made._session.fired(message))
    return found


def test_durable_rules_decides_and_nobody_else() -> None:
    """Change a number in the ruleset, and the answer changes: nothing is worked out beside it."""
    policies = table("{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}")
    made = policies.to_durable(as_of=D)
    changed = json.loads(made.to_json())
    for half, how in (("true", "$gte"), ("false", "$lt")):
        changed[f"d: r is {half}"]["all"][0]["m"]["$and"][1] = {how: {"visits_past_year": 9}}
    facts = {"visits_past_year": 5}
    assert [each.on_facts(facts, D)[0][0] for each in (made, replace(made, definition=changed))] == [1, 0]


# ---------------------------------------------------------------------------------------------------
# Its limits


def test_a_message_that_no_rule_matches_is_no_error() -> None:
    policies = table("{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}")
    assert (masks(policies), masks(policies, visits_past_year=None)) == ((0, 1), (0, 1))


@pytest.mark.parametrize("fen", [9 * 10**15, 9 * 10**15 - 1, 2**52 + 1, 2**31, 2**31 - 1, 1])
def test_amounts_are_exact_to_the_fen(fen: int) -> None:
    """Also where a float or 32 bits would not be."""
    subject = "purchase"
    name = next(
        each for each, made in book().editions[0].facts[subject].items() if made.type.kind.value == "money"
    )
    policies = dr.loads(
        f"policy: p\ndecisions: {{d: {{kind: stage, subject: {subject}, measure: {name}, "
        f"stages: {{low: {{from: 0 yuan}}, at: {{from: {to_yuan(fen)} yuan}}, high: {{over: {to_yuan(fen)} yuan}}}}}}}}"
    )
    made = policies.to_durable(subject, as_of=D)
    stages = ["low", "at", "high"]
    for step in (-1, 0, 1):
        if fen + step <= 9 * 10**15:
            facts = {name: to_yuan(fen + step)}
            assert_agree(policies.editions[0], made, D, facts)
            answer = policies.evaluate_facts(subject, facts, as_of=D, engine="durable")
            assert answer.stage("d").stage == stages[step + 1]


@pytest.mark.parametrize(
    "ratio", ["2/3", "7/10", "699999999999/1000000000000", "700000000001/1000000000000", "1/3"]
)
def test_fractions_are_exact(ratio: str) -> None:
    """A value between two carried numbers lies between them."""
    policies = dr.loads(
        "policy: p\ndecisions: {d: {kind: stage, subject: recall_campaign, measure: attainment, "
        "stages: {a: {from: 0%}, b: {from: 33.3%}, c: {from: 70%}, d: {over: 70%}}}}"
    )
    assert_agree(
        policies.editions[0],
        policies.to_durable("recall_campaign", as_of=D),
        D,
        {"attainment": Fraction(ratio)},
    )


def test_a_number_that_does_not_fit_is_refused_by_name() -> None:
    """Products of two facts may be anything; the compiled engine holds them."""
    policies = table(
        "{id: r, when: {f: {at_least: 4}}, then: {d: 1}}",
        "f: {multiply: [visits_past_year, vehicle_referrals]}",
    )
    huge = {"visits_past_year": 10**12, "vehicle_referrals": 10**12}
    with pytest.raises(RecordError) as caught:
        policies.evaluate_facts("customer", huge, as_of=D, engine="durable")
    assert str(caught.value) == (
        "customer, f: `1000000000000000000000000` does not fit: durable_rules holds numbers exactly up to "
        f'{MOST:,} of its units; evaluate with engine="compiled"'
    )
    assert "超出范围" in caught.value.text("zh")
    assert policies.evaluate_facts("customer", huge, as_of=D).rules("d").value == (1,)
    assert masks(policies, visits_past_year=2, vehicle_referrals=2) == (1, 0)  # and the next one is unharmed


def test_what_cannot_be_carried_is_refused_by_name() -> None:
    """Named decisions are refused; without names the others are carried, and it says why not all."""
    long, row = "x" * 201, "{{id: r, when: {}, then: {{d: 1}}}}"
    tables = {
        "text": row.format(f"{{region: {long}}}"),
        "number": row.format("{score: 99999999999999.999}"),
        "fine": row.format("{media: true}"),
        "reader": row.format("{text: 1}"),
    }
    decisions = "\n".join(
        f"  {name}: {{kind: rules, hit: unique, outputs: {{d: {{type: count}}}}, rows: [{row}], otherwise: {{d: 0}}}}"
        for name, row in tables.items()
    )
    fact = "facts: {score: {field: customer.attributes.score, type: number}}"
    policies = dr.loads(f"policy: p\n{fact}\ndecisions:\n{decisions}")
    made = policies.to_durable(as_of=D)
    assert made.decisions == ("fine",)
    assert {name: [fault.field for fault in faults] for name, faults in made.unsupported.items()} == {
        "number": ["number: r"],
        "reader": ["text: r"],
        "text": ["text: r"],
    }
    for asked in (None, ["number", "text"]):
        with pytest.raises(RecordError) as caught:
            policies.evaluate_facts("customer", {}, as_of=D, decisions=asked, engine="durable")
        assert "customer, number: r: compares with a number that durable_rules does not hold exactly" in str(
            caught.value
        )
        assert "请从 `decisions` 中去掉 `text`" in caught.value.text("zh")
    with pytest.raises(RecordError, match="more than 200 letters"):
        policies.to_durable(decisions=["reader"], as_of=D)


def test_conditions_that_the_language_does_not_write_yet_are_refused_too() -> None:
    """Two facts compared with each other; a condition read as a value."""
    policies = table("{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}")
    edition = policies.editions[0]
    decision = edition.decisions["d"]
    test = decision.rules[0].when
    assert isinstance(test, Compare)
    for when, words in (
        (Compare(Comparison.EQUAL, test.left, test.left), "compares two facts"),
        (Compare(Comparison.EQUAL, test, Constant(1, COUNT)), "reads a condition"),
    ):
        changed = replace(decision, rules=(replace(decision.rules[0], when=when),))
        writer = Writer(replace(edition, decisions={"d": changed}), "customer")
        assert [words in fault.message for fault in writer.faults("d")] == [True]


WORDS = [
    "晋江",
    "外地🚗",
    'say "hi"',
    "it's",
    "a\\b",
    "\\",
    "a\nb",
    "\0",
    "\u2028",
    "a:{b}",
    "null",
    "1",
    "true",
    "",
    " a",
    "𠮷",
]


@pytest.mark.parametrize("word", WORDS)
def test_words_are_words(word: str) -> None:
    """Whatever stands in them, they equal themselves, and no word that begins or ends like them."""
    quoted = json.dumps(word, ensure_ascii=False).replace("\u2028", "\\u2028")
    policies = table(f"{{id: r, when: {{region: {quoted}}}, then: {{d: 1}}}}")
    others = [other for other in WORDS if other != word and other]
    for other in [*others, word + "x", "x" + word, word + "\0", word + " ", word + '"', word + "\\"]:
        assert masks(policies, region=other) == (0, 0), other
    if word:
        assert masks(policies, region=word) == (1, 0)


def test_long_texts_are_equal_to_no_word() -> None:
    """65,536 letters more are none more to durable_rules, which counts them in 16 bits."""
    word = "x" * 200
    policies = table(
        f"{{id: r, when: {{region: {word}}}, then: {{d: 1}}}}, {{id: s, when: {{region: ab}}, then: {{d: 1}}}}"
    )
    found = [
        masks(policies, region=text) for text in (word, word + "x", "ab" + "x" * 65_536, word + "x" * 65_536)
    ]
    assert found == [(1, 0), (0, 0), (0, 0), (0, 0)]


@pytest.mark.parametrize("count", [64, 900])
def test_many_rules_that_all_hold(count: int) -> None:
    """durable_rules follows up 64 matched tests and no more, and cannot hold 512 beside each other."""
    rows = ", ".join(
        f"{{id: r{at}, when: {{visits_past_year: {{at_least: {at}}}}}, then: {{d: 1}}}}"
        for at in range(count)
    )
    policies = table(rows)
    made = policies.to_durable(as_of=D)
    assert len(messages_of(made, {"visits_past_year": count})) <= count // (MOST_PENDING // 2) + 2
    for visits in (count, count // 2, None):
        assert_agree(policies.editions[0], made, D, {"visits_past_year": visits})


def test_too_many_rules_are_refused() -> None:
    rows = ", ".join(
        f"{{id: r{at}, when: {{visits_past_year: {{at_least: {at}}}}}, then: {{d: 1}}}}"
        for at in range(2_100)
    )
    with pytest.raises(RecordError, match="4,200 rules are more than one ruleset") as caught:
        table(rows).to_durable(as_of=D)
    assert "请在 `decisions` 中少写一些决策" in caught.value.text("zh")


def test_conditions_too_wide_or_too_nested_are_taken_apart() -> None:
    """An `any` fires once for each true side, and sides multiply; parts of their own run before."""
    kinds = {name: each.type.kind.value for name, each in dr.loads("policy: p").facts["customer"].items()}
    names, counts = ([name for name, kind in kinds.items() if kind == word] for word in ("boolean", "count"))
    some = [f"{{{name}: true}}" for name in names] + [
        f"{{{name}: {{at_least: {at}}}}}" for name in counts for at in (1, 2)
    ]
    wide = ", ".join(some)
    pairs = ", ".join(f"{{any: [{a}, {b}]}}" for a, b in zip(some, some[1:], strict=False))
    deep = "{media: true}"
    for name in counts[:10]:
        deep = f"{{any: [{{{name}: 1}}, {{all: [{{{name}: {{at_least: 1}}}}, {deep}]}}]}}"
    listed = ", ".join(map(str, range(120)))
    rows = ", ".join(
        f"{{id: r{at}, when: {{{when}}}, then: {{d: 1}}}}"
        for at, when in enumerate(
            [f"any: [{wide}]", f"all: [{pairs}]", f"not: {deep}", f"{counts[0]}: [{listed}]"]
        )
    )
    policies = table(rows)
    made = policies.to_durable(as_of=D)
    assert any(meaning.part for meaning in made._means.values())
    full = dict.fromkeys(names, True) | dict.fromkeys(counts, 2)
    for facts in (full, {**full, counts[0]: 119}, {**full, counts[0]: 120}, dict.fromkeys(names, False), {}):
        assert_agree(policies.editions[0], made, D, facts)


def test_how_often_a_rule_fires() -> None:
    """Sides that exclude each other count once."""
    n, m = (lambda how, value, name=name: Is(name, how, value) for name in "nm")
    gone = Is("n", "$eq", "absent", state=True)
    assert firings(Some((n("$lt", 3), gone))) == 1
    assert firings(Some((n("$eq", 1), n("$eq", 2), m("$eq", 1)))) == 2
    assert firings(Every((Some((n("$eq", 1), m("$eq", 2))), Some((n("$gt", 0), m("$gt", 0)))))) == 4


@pytest.mark.parametrize("name", ["id", "sid", "k", "step", "级别１", "级别1", "m"])
def test_names_that_durable_rules_takes_for_its_own(name: str) -> None:
    """A field `id` would be the message's identity; two names that look alike are two."""
    facts = f'"{name}": {{add: [visits_past_year, 1]}}, other: {{add: [visits_past_year, 2]}}'
    policies = table(f'{{id: r, when: {{"{name}": 3, other: 4}}, then: {{d: 1}}}}', facts)
    assert [masks(policies, visits_past_year=visits) for visits in (2, 3)] == [(1, 0), (0, 0)]


# ---------------------------------------------------------------------------------------------------
# In the caller's process


def memory() -> int:
    """Return how much memory the process holds, in KiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_thousands_of_evaluations_hold_no_more_memory() -> None:
    """More than the 1,024 sessions that durable_rules has; and as many rulesets come and go."""
    facts = [{"vehicle_referrals": at % 5, "visits_past_year": at % 7, "loyalty": "high"} for at in range(35)]

    def evaluate(count: int) -> None:
        for at in range(count):
            book().evaluate_facts("customer", facts[at % 35], as_of=D, decisions=("tier",), engine="durable")

    evaluate(500)
    before = memory()
    evaluate(3_000)
    assert memory() - before < 2_000
    policies = table("{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}")
    for at in range(1_200):
        made = policies.to_durable(as_of=D)
        assert made.on_facts({"visits_past_year": at % 9}, D)[0][0] == (at % 9 >= 4)
        if at == 200:
            before = memory()
    assert memory() - before < 4_000


def test_threads_share_a_book() -> None:
    """Each evaluation is its own, whoever runs beside it."""
    cases = [{"vehicle_referrals": at % 4, "visits_past_year": at % 7, "loyalty": "high"} for at in range(28)]

    def level(facts: dict[str, Any]) -> tuple[str | None, dict[str, str]]:
        tier = (
            book()
            .evaluate_facts("customer", facts, as_of=D, decisions=["tier"], engine="durable")
            .tier("tier")
        )
        return tier.level, dict(tier.angles)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(level, cases * 20))
    compiled = [
        book().evaluate_facts("customer", facts, as_of=D, decisions=["tier"]).tier("tier") for facts in cases
    ]
    assert found == [(each.level, dict(each.angles)) for each in compiled] * 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_begins_anew() -> None:
    """Although another thread was in the middle of a session when it was forked."""
    made = table("{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}").to_durable(as_of=D)
    assert made.on_facts({"visits_past_year": 4}, D)[0][0] == 1
    with made._session.lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks where there are threads
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if made.on_facts({"visits_past_year": 5}, D)[0][0] == 1 else 2
            finally:
                os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert made.on_facts({"visits_past_year": 3}, D)[0][0] == 0


def test_an_interrupt_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches the caller; the next evaluation is right."""
    made = table("{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}").to_durable(as_of=D)
    assert made.on_facts({"visits_past_year": 4}, D)[0][:2] == (1, 0)

    class Interrupted:
        error = engine.error

        def __getattr__(self, name: str) -> Any:
            return getattr(engine, name)

        def complete_and_start_action(self, *_: int) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(durable_session, "_engine", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        made.on_facts({"visits_past_year": 4}, D)
    monkeypatch.undo()
    assert made._session.handles == []
    assert [made.on_facts({"visits_past_year": visits}, D)[0][0] for visits in (3, 4)] == [0, 1]


def test_when_durable_rules_fails_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of its own, a rule that fires without end, a message lost, a contradiction: never a wrong answer."""
    made = table("{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}").to_durable(as_of=D)
    broken = replace(made, definition={ALIVE: {"all": 3, "run": ALIVE}})
    with pytest.raises(DurableError, match="durable_rules failed on `dealerrules_customer_") as caught:
        broken.on_facts({}, D)
    assert caught.value.text("zh").startswith("durable_rules 运行 `dealerrules_customer_")
    session = made._session
    monkeypatch.setattr(session, "budget", 1)
    with pytest.raises(DurableError, match="fires without end"):
        made.on_facts({"visits_past_year": 4}, D)
    with pytest.raises(DurableError, match="did not match message 1"):
        Run(made, {}, D).take([])
    with pytest.raises(DurableError, match="true and false at once"):
        Run(made, {}, D).take([ALIVE, "d: r is true", "d: r is false"])


def test_without_durable_rules_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ruleset can be had without it, and written out; it is needed to run one."""
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)
    made = table("{id: r, when: {media: true}, then: {d: 1}}").to_durable(as_of=D)
    assert json.loads(made.to_json()) == made.definition
    with pytest.raises(RecordError, match=r"pip install \"dealerrules\[durable\]\"") as caught:
        made.on_facts({}, D)
    assert "需要 C 编译器" in caught.value.text("zh")


def test_only_who_asks_for_it_loads_it() -> None:
    code = "import sys, dealerrules as dr; dr.loads('policy: p'); print([m for m in sys.modules if 'durable' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_is_pickled_without_what_durable_rules_holds() -> None:
    made = book().to_durable(decisions=["tier"], as_of=D)
    facts = {"vehicle_referrals": 3}
    here = made.on_facts(facts, D)
    again = pickle.loads(pickle.dumps(made))
    assert (again.definition, again.on_facts(facts, D)) == (made.definition, here)
    answer = book().evaluate_facts("customer", facts, as_of=D, decisions=["tier"], engine="durable")
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_wrong_questions() -> None:
    with pytest.raises(ValueError, match="engine is `compiled` or `durable`, not `clips`"):
        book().evaluate_facts("customer", {}, as_of=D, engine="clips")
    with pytest.raises(RecordError, match="there is no such fact; did you mean `media`"):
        book().evaluate_facts("customer", {"medias": True}, as_of=D, engine="durable")
    with pytest.raises(RecordError, match="there is no decision `teir`; did you mean `tier`"):
        book().to_durable(decisions=["teir"], as_of=D)
    with pytest.raises(RecordError, match="no version of"):
        book().to_durable(as_of="1980-01-01")
    early = book().evaluate_facts("customer", {}, as_of="1980-01-01", engine="durable")
    assert early["tier"].status.value == "undefined"


# ---------------------------------------------------------------------------------------------------
# In a host of the store's own


def test_a_store_runs_it_in_its_own_host() -> None:
    """The definition as it stands, in the Python host of durable_rules, driven by the messages of a run."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # durable_rules asks for the time as one did in 2020
        from durable.engine import Host

        class Quiet(Host):  # type: ignore[misc]
            def _run(self) -> None:
                """Start no threads for timers, of which there are none."""

            def get_action(self, action_name: str) -> Any:
                return lambda _c: fired.append(action_name)

        fired: list[str] = []
        made = book().to_durable(decisions=["tier", "churn_class", "win_back_measures"], as_of=D)
        host = Quiet()
        host.set_rulesets({made.name: copy.deepcopy(dict(made.definition))})
        edition = book().edition(D)
        assert edition is not None
        maker = maker_of(edition, "customer", 3)
        for _ in range(30):
            facts = maker.facts()
            run = made.start(facts, D)
            while (message := run.message()) is not None:
                fired.clear()
                host.assert_fact(made.name, {"sid": "1", "id": str(message["step"]), **message})
                run.take(fired)
            host.delete_state(made.name, "1")
            assert run.results() == made.on_facts(facts, D)


def test_absent_values_and_decimals() -> None:
    """Absent is neither equal nor unequal, and known to be neither; scores have decimals."""
    policies = dr.loads("""
policy: p
facts: {score: {latest: surveys, take: score}}
decisions:
  d:
    kind: rules
    hit: collect
    outputs: {d: {type: count}}
    rows:
      - {id: a, when: {score: {at_least: 2.5}}, then: {d: 1}}
      - {id: b, when: {score: {is_not: 2.5}}, then: {d: 1}}
      - {id: c, when: {score: {known: false}}, then: {d: 1}}
      - {id: d, when: {score: {none_of: [1, 2.5]}}, then: {d: 1}}
""")
    given_ = [Decimal("2.5"), Decimal("2.49"), 1, ABSENT, None]
    assert [masks(policies, score=score) for score in given_] == [
        (0b0001, 0),
        (0b1010, 0),
        (0b0010, 0),
        (0b1110, 0),
        (0b0100, 0b1011),
    ]


def test_evaluations_end() -> None:
    """Many at once, and none hangs."""
    made = book().to_durable(as_of=D)
    done = threading.Event()

    def run() -> None:
        for _ in range(50):
            made.on_facts({"vehicle_referrals": 3}, D)
        done.set()

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(60)


FORMS = {
    "added": ("{add: [visits_past_year, vehicle_referrals]}", "3"),
    "less": ("{subtract: [visits_past_year, vehicle_referrals]}", "1"),
    "times": ("{multiply: [visits_past_year, vehicle_referrals]}", "2"),
    "share": ("{share: 30%, of: visits_past_year}", "0.6"),
    "up": ("{round_up: share}", "1"),
    "down": ("{round_down: share}", "1"),
    "ratio": ("{ratio: [visits_past_year, vehicle_referrals]}", "150%"),
    "whole": ("{whole_times: [visits_past_year, vehicle_referrals]}", "1"),
    "least": ("{min: [visits_past_year, vehicle_referrals]}", "2"),
    "most": ("{max: [visits_past_year, vehicle_referrals]}", "2"),
    "first": ("{first_known: [vehicle_referrals, visits_past_year]}", "2"),
    "listed": ("{lookup: {by: loyalty, values: {low: 1, high: 3}}}", "2"),
    "gone": ("{latest: visits}", "2014-09-01"),
    "either": ("{first_known: [gone, last_visit_on]}", "2014-09-01"),
    "sure": ("{first_known: [last_visit_on], if_none: unknown}", "2014-09-01"),
    "months": ("{months_since: last_visit_on}", "2 months"),
    "days": ("{days_since: last_visit_on}", "29 days"),
    "ahead": ("{days_until: last_visit_on}", "0 days"),
    "before": ("{before: last_visit_on, fact: visits_past_year}", "1"),
    "paid": ("{sum: visits, take: amount}", "10 yuan"),
    "part": ("{share: 33.3%, of: paid}", "3.33 yuan"),
    "paid_often": ("{multiply: [paid, visits_past_year]}", "30 yuan"),
    "paid_most": ("{max: [paid, {first_known: [paid, 5 yuan]}]}", "5 yuan"),
    "paid_listed": ("{lookup: {by: loyalty, values: {low: 1 yuan, high: 3 yuan}}}", "2 yuan"),
}


def test_every_form_of_fact() -> None:
    """Worked out beforehand, exactly, and equal to what the reference interpreter makes of them."""
    facts = ", ".join(f"{name}: {form}" for name, (form, _) in FORMS.items())
    tests = [
        f"{{id: {name}-{word}, when: {{{name}: {{{word}: {value}}}}}, then: {{d: 1}}}}"
        for name, (_, edge) in FORMS.items()
        for word, value in (("at_least", edge), ("is", edge), ("less_than", edge), ("known", "false"))
    ]
    policies = table(", ".join(tests), facts)
    edition, made = policies.editions[0], policies.to_durable(as_of=D)
    rng = random.Random(5)
    choices: dict[str, list[Any]] = {
        "visits_past_year": [0, 1, 2, 3, None],
        "vehicle_referrals": [0, 1, 2, 3, None],
        "loyalty": ["low", "medium", "high", None],
        "last_visit_on": [date(2014, 9, 1), date(2014, 7, 30), date(2014, 8, 2), D, ABSENT, None],
        "gone": [date(2014, 9, 1), date(2014, 8, 31), ABSENT, None],
        "paid": [Decimal(10), Decimal("9.99"), Decimal("10.01"), None],
    }
    for _ in range(200):
        given_ = {name: rng.choice(values) for name, values in choices.items() if rng.random() < 0.9}
        assert_agree(edition, made, D, given_)
    assert made.fields["part_in_halves"]["kind"] == "money"
    assert {"paid", "paid_often", "paid_most", "paid_listed"} <= set(made.fields)


def test_conditions_of_one_value() -> None:
    """A condition may be a flag itself, or always so; the language writes a test, but a model may say it."""
    policies = table("{id: r, when: {media: true}, then: {d: 1}}")
    edition = policies.editions[0]
    decision = edition.decisions["d"]
    test = decision.rules[0].when
    assert isinstance(test, Compare)
    for when in (test.left, Constant(True, test.right.type), Constant(False, test.right.type)):  # type: ignore[union-attr] # noqa: FBT003
        changed = replace(decision, rules=(replace(decision.rules[0], when=when),))
        other = replace(edition, decisions={"d": changed})
        for media in (True, False, None):
            assert_agree(other, ruleset(other, "customer", ("d",), strict=True), D, {"media": media})
