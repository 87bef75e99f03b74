"""zen-engine gives every answer of the reference interpreter on the graphs of `to_jdm`, unknown facts included.

A long run: ``AGREEMENT_EXAMPLES=5000 pytest tests/test_jdm.py``, and ``tools/differential.py --engines zen``.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

import dealerrules as dr
from agreement import graph_answer, graph_result, read
from dealerrules.engines.jdm import Graph, graph
from dealerrules.engines.row import Interpreter
from dealerrules.expr import All, AnyOf, Compare, Comparison, Constant, Expr, Fact, Not
from dealerrules.faults import RecordError
from dealerrules.records import SUBJECTS
from dealerrules.strategies.dice import Dice
from dealerrules.strategies.reading import Reading
from dealerrules.strategies.subjects import Around, Maker
from dealerrules.values import ABSENT, BOOLEAN, COUNT
from strategies import Situation, situations

if TYPE_CHECKING:
    from dealerrules.policy.model import Edition

zen = pytest.importorskip("zen", reason="zen-engine is not installed")

POLICIES = Path(__file__).parents[1] / "policies"
EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "60"))
D = date(2014, 9, 30)


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


def engine(*graphs: Graph) -> Any:
    """Return zen-engine with graphs, by decision."""
    content = {each.decision: each.definition for each in graphs}
    return zen.ZenEngine({"loader": {"type": "static", "content": content}})


def graphs_of(edition: Edition, subject: str) -> list[Graph]:
    """Return the graphs of those decisions that can be carried."""
    found = []
    for name in (name for name, made in edition.decisions.items() if made.subject == subject):
        try:
            found.append(graph(edition, subject, name))
        except RecordError:
            continue
    return found


def assert_agree(
    edition: Edition, graphs: list[Graph], machine: Any, as_of: date, facts: dict[str, Any]
) -> None:
    """Hold masks, statuses, answers, reasons and angles against the reference interpreter's."""
    for each in graphs:
        values = {
            name: value
            for name, value in read(edition, each.subject, facts).items()
            if name not in edition.decisions  # a graph works out answers itself
        }
        context = each.carried(values, as_of)
        answered = machine.evaluate(each.decision, context)["result"]
        decided = Interpreter(edition, each.subject, as_of, None, values).decide(each.decision)
        assert graph_answer(edition.decisions[each.decision], answered) == graph_result(decided), (
            each.decision
        )


# ---------------------------------------------------------------------------------------------------
# Agreement


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_shipped_policies_say_the_same(subject: str) -> None:
    """At, just below and above every threshold, with facts unknown, absent, or left out."""
    edition = book().edition(D)
    assert edition is not None
    graphs = graphs_of(edition, subject)
    machine = engine(*graphs)
    rng = random.Random(2014)
    maker = Maker(Dice(lambda most: rng.randint(0, most)), Around(Reading.of(edition, subject), D))
    for _ in range(150 if subject == "customer" else 50):
        assert_agree(edition, graphs, machine, D, maker.facts())
        assert_agree(edition, graphs, machine, D, maker.any_facts())


def test_which_of_the_shipped_policies_are_carried() -> None:
    """All but the four payouts."""
    carried, refused = [], []
    for name in book().decisions:
        try:
            book().to_jdm(name, as_of=D)
            carried.append(name)
        except RecordError:
            refused.append(name)
    assert (len(carried), refused) == (
        12,
        ["recall_bonus", "satisfaction_reward", "return_penalty", "prepay_reward"],
    )


@given(situation=situations())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    database=None,
)
def test_random_policies_say_the_same(situation: Situation) -> None:
    """Every hit policy, angles that need each other, answers that others read, whatever is unknown."""
    graphs = graphs_of(situation.edition, situation.subject)
    if graphs:
        machine = engine(*graphs)
        for facts in situation.facts:
            assert_agree(situation.edition, graphs, machine, situation.as_of, facts)


def table(
    rows: str, *, hit: str = "collect", facts: str = "", outputs: str = "d: {type: count}", more: str = ""
) -> dr.PolicyBook:
    """Return a policy of one table."""
    return dr.loads(
        f"policy: p\nfacts: {{{facts}}}\ndecisions: {{d: {{kind: rules, hit: {hit}, "
        f"outputs: {{{outputs}}}, rows: [{rows}]{more}}}}}"
    )


def answers(policies: dr.PolicyBook, *asked: dict[str, Any], decision: str = "d") -> list[dict[str, Any]]:
    """Return what zen answers to some facts, on which the reference interpreter agrees."""
    edition = policies.editions[0]
    made = graph(edition, "customer", decision)
    machine = engine(made)
    for facts in asked:
        assert_agree(edition, [made], machine, D, facts)
    return [machine.evaluate(decision, made.context(facts, D))["result"] for facts in asked]


def test_what_a_graph_answers() -> None:
    """The whole of it, decided and not."""
    policies = table(
        "{id: a, when: {visits_past_year: {at_least: 4}, loyalty: high}, then: {d: 1}}, {id: b, when: {media: true}, then: {d: 2}}",
        hit="first",
        more=", otherwise: {d: 0}",
    )
    assert answers(
        policies, {"visits_past_year": 4, "loyalty": "high"}, {"visits_past_year": 3}, {"media": False}
    ) == [
        {"decision": "d", "status": "decided", "answer": 1, "holds": ["a"], "unknown": ["b"]},
        {"decision": "d", "status": "undetermined", "holds": [], "unknown": ["b"]},
        {"decision": "d", "status": "undetermined", "holds": [], "unknown": ["a"]},
    ]


HITS = {
    "unique": [("decided", 1), ("undefined", None), ("undetermined", None), ("decided", 0)],
    "first": [("decided", 1), ("decided", 1), ("decided", 1), ("decided", 0)],
    "any": [("decided", 1), ("undefined", None), ("undetermined", None), ("decided", 0)],
    "collect": [("decided", [1]), ("decided", [1, 2]), ("undetermined", None), ("decided", [0])],
}


@pytest.mark.parametrize("hit", HITS)
def test_hit_policies(hit: str) -> None:
    """One row, two that say different things, one and perhaps another, none."""
    policies = table(
        "{id: a, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}, {id: b, when: {media: true}, then: {d: 2}}",
        hit=hit,
        more=", otherwise: {d: 0}",
    )
    asked = [
        {"visits_past_year": visits, "media": media}
        for visits, media in ((4, False), (4, True), (4, None), (3, False))
    ]
    assert [(each["status"], each.get("answer")) for each in answers(policies, *asked)] == HITS[hit]


def test_rows_that_say_the_same_need_not_be_known() -> None:
    """Whichever of them holds, the answer is the same."""
    rows = "{id: a, when: {media: true}, then: {d: 1}}, {id: b, when: {media: false}, then: {d: 1}}, {id: c, when: {influential: true}, then: {d: 2}}"
    policies = table(rows, hit="any", more=", otherwise: {d: 1}")
    assert answers(policies, {"influential": False}, {}) == [
        {"decision": "d", "status": "decided", "answer": 1, "holds": [], "unknown": ["a", "b"]},
        {"decision": "d", "status": "undetermined", "holds": [], "unknown": ["a", "b", "c"]},
    ]


def test_one_answer_is_read_by_the_next() -> None:
    """An angle by an angle, a tier, a stage and a table by a table; unknown answers stay unknown."""
    policies = dr.loads("""
policy: p
decisions:
  tier:
    kind: tier
    levels: {gold: {}, silver: {}, rest: {}}
    angles:
      late:
        gold: [{id: g, when: {tier.early: gold}}]
        silver: [{id: s, when: {tier.early: {at_least: silver}}}, {id: t, when: {tier.early: {at_least: rest}, influential: true}}]
      early: {gold: [{id: g, when: {visits_past_year: {at_least: 5}}}], silver: [{id: s, when: {media: true}}]}
  size: {kind: stage, measure: visits_past_year, stages: {small: {from: 1}, large: {from: 5}}}
  share: {kind: rules, hit: unique, outputs: {d: {type: ratio}}, rows: [{id: r, when: {size: large, tier: gold}, then: {d: 33.3%}}],
          otherwise: {d: 0%}}
  d: {kind: rules, hit: unique, outputs: {d: {type: text}}, rows: [{id: r, when: {share: {more_than: 33.2%}}, then: {d: "it's \\"so\\""}}]}
""")
    asked = [
        {"visits_past_year": visits, "media": media}
        for visits in (None, 0, 1, 4, 5)
        for media in (None, True, False)
    ]
    for name in policies.decisions:
        answers(policies, *asked, decision=name)
    found = answers(policies, {"visits_past_year": 5}, {"visits_past_year": 4}, {})
    assert [(each["status"], each.get("answer"), each.get("reason")) for each in found] == [
        ("decided", 'it\'s "so"', None),
        ("undefined", None, "no_rule"),
        ("undetermined", None, None),
    ]
    assert answers(policies, {"visits_past_year": 5}, decision="share")[0]["answer"] == "0.333"
    assert answers(policies, {"media": True}, decision="tier")[0] == {
        "decision": "tier",
        "status": "undetermined",
        "answer": "silver",
        "angles": {"early": "silver", "late": "silver"},
        "holds": ["early.s", "late.s"],
        "unknown": ["early.g", "late.g", "late.t"],
    }


def test_an_answer_that_nothing_reads_may_be_of_any_size() -> None:
    """It is written as text; only numbers that are compared have to fit."""
    policies = table(
        "{id: r, when: {media: true}, then: {d: 9007199254740993}}", hit="unique", outputs="d: {type: number}"
    )
    assert answers(policies, {"media": True})[0]["answer"] == "9007199254740993"


@pytest.mark.parametrize(
    "word", ["晋江", "it's", 'say "hi"', 'it\'s "so"', "\\", "a\nb", "${x}", "`", "null", "#", "级别１"]
)
def test_words_are_words(word: str) -> None:
    """Whatever stands in them, in conditions and in answers, and equal to nothing else."""
    quoted = json.dumps(word, ensure_ascii=False)
    policies = table(
        f"{{id: r, when: {{region: {quoted}}}, then: {{d: {quoted}}}}}",
        outputs="d: {type: text}",
        hit="unique",
    )
    found = answers(policies, {"region": word}, {"region": word + "x"}, {"region": "other"})
    assert [each.get("answer") for each in found] == [word, None, None]


@pytest.mark.parametrize("name", ["len", "and", "facts", "级别", "2x", "a-b", "null", "级别１", "级别1"])
def test_names_that_zen_takes_for_its_own(name: str) -> None:
    """Of facts, decisions and outputs."""
    policies = dr.loads(
        f'policy: p\nfacts: {{"{name}x": {{add: [visits_past_year, 1]}}, other: {{add: [visits_past_year, 2]}}}}\n'
        f'decisions: {{"{name}": {{kind: rules, hit: collect, outputs: {{"{name}": {{type: count}}, e: {{type: count}}}}, '
        f'rows: [{{id: "{name}", when: {{"{name}x": 3, other: 4}}, then: {{"{name}": 7, e: 8}}}}]}}}}'
    )
    ((answer,),) = ([each["answer"] for each in answers(policies, {"visits_past_year": 2}, decision=name)],)
    assert answer == [{name: 7, "e": 8}]


def test_every_cell_is_an_expression_that_zen_reads() -> None:
    """A cell that zen cannot read is silently never met: so each one is read, of all shipped policies."""
    read_ = 0
    for name in book().decisions:
        try:
            made = book().to_jdm(name, as_of=D)
        except RecordError:
            continue
        for node in made["nodes"]:
            cells = [
                cell
                for row in node["content"].get("rules", [])
                for key, cell in row.items()
                if key[0] != "_" and cell
            ]
            texts = cells + [each["value"] for each in node["content"].get("expressions", [])]
            assert [text for text in texts if zen.validate_expression(text) is not None] == []
            read_ += len(texts)
    assert read_ > 400


# ---------------------------------------------------------------------------------------------------
# What goes in


def test_facts_are_whole_numbers_true_and_false_and_words() -> None:
    """Days as numbers, money in fen, ratios in steps; the unknown is left out, the absent flagged."""
    policies = table(
        "{id: a, when: {spend_past_year: {at_least: 100.50 yuan}, last_visit_on: {less_than: 2014-09-01}}, then: {d: 1}}, "
        "{id: b, when: {share: {at_least: 70%}}, then: {d: 2}}, {id: c, when: {media: true}, then: {d: 3}}",
        facts="share: {ratio: [visits_past_year, vehicle_referrals]}",
    )
    facts = {
        "spend_past_year": "100.50",
        "last_visit_on": ABSENT,
        "visits_past_year": 2,
        "vehicle_referrals": 3,
    }
    assert policies.jdm_facts("d", facts, as_of=D) == {
        "facts": {"spend_past_year": 10050, "last_visit_on_absent": True, "share_in_20ths": 13}
    }
    answers(
        policies, facts, {**facts, "last_visit_on": date(2014, 8, 31)}, {**facts, "share": Fraction(7, 10)}
    )


WRONG = [
    ({"vists": 4}, "Additional properties are not allowed ('vists' was unexpected)"),
    ({"visits_past_year": "4"}, '"4" is not of types "null", "integer"'),
    ({"visits_past_year": 4.5}, '4.5 is not of types "null", "integer"'),
    ({"loyalty": "hihg"}, '"hihg" is not one of'),
]


@pytest.mark.parametrize(("facts", "said"), WRONG, ids=[next(iter(facts)) for facts, _ in WRONG])
def test_zen_refuses_facts_that_do_not_fit(facts: dict[str, Any], said: str) -> None:
    """By the schema of the graph; without one, zen would take them for tests that are not met."""
    policies = table("{id: a, when: {visits_past_year: {at_least: 4}, loyalty: high}, then: {d: 1}}")
    machine = engine(graph(policies.editions[0], "customer", "d"))
    with pytest.raises(RuntimeError) as caught:
        machine.evaluate("d", {"facts": facts})
    assert said in json.loads(str(caught.value).split("\n")[0])["source"]


def refused(policies: dr.PolicyBook, decision: str = "d", **facts: Any) -> list[str]:
    with pytest.raises(RecordError) as caught:
        policies.jdm_facts(decision, facts, as_of=D)
    return [caught.value.text("en"), caught.value.text("zh")]


def test_what_cannot_be_carried_is_refused_by_name() -> None:
    """When the graph is made, in both languages, with what to do."""
    policies = dr.loads("""
policy: p
facts: {score: {field: customer.attributes.score, type: number}, doubled: {add: [bonus, bonus]}}
decisions:
  bonus: {kind: payout, when: {media: true}, pays: 7 yuan, otherwise: 0 yuan}
  reader: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: [{id: r, when: {bonus: 7 yuan}, then: {d: true}}]}
  worked: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: [{id: r, when: {doubled: 14 yuan}, then: {d: true}}]}
  huge: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: [{id: r, when: {score: 99999999999999.999}, then: {d: true}}]}
  named: {kind: rules, hit: unique, outputs: {"a'b\\"c": {type: boolean}, d: {type: boolean}}, rows: [{id: r, then: {"a'b\\"c": true, d: true}}]}
""")
    assert {name: refused(policies, name) for name in policies.decisions} == {
        "bonus": [
            "customer, bonus: is a payout: amounts are rounded and receipted by the library only; evaluate `bonus` with the library",
            "客户，bonus：是一项奖金：金额的取整和明细只由本库计算；请用本库评估 `bonus`",
        ],
        "reader": [
            "customer, bonus: is a payout: amounts are rounded and receipted by the library only; evaluate `reader` with the library",
            "客户，bonus：是一项奖金：金额的取整和明细只由本库计算；请用本库评估 `reader`",
        ],
        "worked": [
            "customer, worked: r: works something out from the answer of another decision, and facts of JDM are worked out before all decisions; evaluate `worked` with the library",
            "客户，worked: r：要用另一个决策的结果来计算，而 JDM 的事实在所有决策之前算好；请用本库评估 `worked`",
        ],
        "huge": [
            "customer, huge: r: compares with a number that JSON does not hold exactly (at most 9,007,199,254,740,992); evaluate `huge` with the library",
            "客户，huge: r：与之比较的数字超出 JSON 能精确表示的范围（最多 9,007,199,254,740,992）；请用本库评估 `huge`",
        ],
        "named": [
            "customer, named: the name `a'b\"c` holds both kinds of quotes, which JDM cannot write; rename it",
            "客户，named：名称 `a'b\"c` 同时含有两种引号，JDM 无法书写；请改名",
        ],
    }


def changed(when: Expr) -> Edition:
    """Return a policy whose one row holds under a condition that the language does not write."""
    edition = table("{id: r, when: {visits_past_year: {at_least: 4}}, then: {d: 1}}").editions[0]
    decision = edition.decisions["d"]
    return replace(
        edition, decisions={"d": replace(decision, rules=(replace(decision.rules[0], when=when),))}
    )


def test_conditions_of_one_value() -> None:
    """A condition may be a flag itself, or always so, or of no parts; the language writes a test."""
    media = Fact("media", BOOLEAN)
    conditions = [media, Not(media), Constant(True, BOOLEAN), Constant(False, BOOLEAN), All(()), AnyOf(())]  # noqa: FBT003
    for when in conditions:
        edition = changed(when)
        made = graph(edition, "customer", "d")
        for value in (True, False, None):
            assert_agree(edition, [made], engine(made), D, {"media": value})


def test_conditions_that_the_language_does_not_write_yet_are_refused_too() -> None:
    """Two facts compared with each other; a condition read as a value."""
    visits = Fact("visits_past_year", COUNT)
    test = Compare(Comparison.EQUAL, visits, Constant(1, COUNT))
    for when, words in (
        (Compare(Comparison.EQUAL, visits, visits), "compares two facts with each other"),
        (Compare(Comparison.EQUAL, test, Constant(1, COUNT)), "reads a condition as if it were a value"),
    ):
        with pytest.raises(RecordError, match=words):
            graph(changed(when), "customer", "d")


def test_facts_whose_names_zen_cannot_read_are_told_apart() -> None:
    """Two names of Chinese letters, and two that differ in a hyphen."""
    policies = table(
        "{id: r, when: {级别１: 3, 级别1: 4, a-b: 5, a_b: 6}, then: {d: 1}}",
        facts=", ".join(
            f'"{name}": {{add: [visits_past_year, {at}]}}'
            for at, name in enumerate(("级别１", "级别1", "a-b", "a_b"), 1)
        ),
    )
    made = graph(policies.editions[0], "customer", "d")
    assert {name: each["value_of"] for name, each in made.fields.items()} == {
        "fact": "级别１",
        "fact_2": "级别1",
        "a_b": "a-b",
        "a_b_2": "a_b",
    }
    assert [
        each["holds"] for each in answers(policies, {"visits_past_year": 2}, {"visits_past_year": 3})
    ] == [["r"], []]


def test_wrong_facts_are_refused_by_name() -> None:
    """A number that does not fit, an answer that the graph finds itself, names that there are not."""
    policies = dr.loads("""
policy: p
facts: {f: {multiply: [visits_past_year, vehicle_referrals]}}
decisions:
  size: {kind: stage, measure: f, stages: {small: {from: 1}, large: {from: 5}}}
""")
    huge = {"visits_past_year": 10**12, "vehicle_referrals": 10**12}
    assert refused(policies, "size", **huge) == [
        "customer, f: `1000000000000000000000000` does not fit: JSON holds numbers exactly up to 9,007,199,254,740,992 of its units; evaluate with the library",
        "客户，f：`1000000000000000000000000` 超出范围：JSON 最多精确表示 9,007,199,254,740,992 个单位；请用本库评估",
    ]
    assert refused(policies, "size", size="small") == [
        "customer, size: is a decision, which the graph decides itself; leave it out",
        "客户，size：是一个决策，由 JDM 自己得出；请去掉它",
    ]
    assert (
        refused(policies, "size", medai=True)[0]
        == "customer, medai: there is no such fact; did you mean `media`?"
    )
    assert (
        refused(policies, "siez")[0]
        == "customer, decisions: there is no decision `siez`; did you mean `size`?"
    )
    with pytest.raises(RecordError, match="no version of"):
        dr.loads(
            "policy: p\neffective: {from: 2014-01-01}\ndecisions: {d: {kind: stage, measure: visits_past_year, stages: {s: {from: 0}}}}"
        ).to_jdm("d", as_of="1980-01-01")


def test_what_rows_say_is_plain_data() -> None:
    """Money in fen, broken numbers as text, lists, titles in both languages; too large numbers as text."""
    policies = dr.loads("""
policy: p
decisions:
  d:
    kind: rules
    hit: unique
    outputs: {money: {type: money}, part: {type: ratio}, many: {type: number}, told: {type: texts}}
    rows:
      - id: r
        when: {media: true}
        then: {money: 12.34 yuan, part: 12.5%, many: 9007199254740993, told: [{zh: 送券, en: it's free}]}
""")
    assert answers(policies, {"media": True})[0]["answer"] == {
        "money": 1234,
        "part": "0.125",
        "many": "9007199254740993",
        "told": [{"zh": "送券", "en": "it's free"}],
    }


def test_the_graph_is_plain_json_and_the_same_each_time() -> None:
    made = book().to_jdm("tier", as_of=D)
    assert json.loads(json.dumps(made)) == made == dr.load(POLICIES).to_jdm("tier", as_of="2014-09-30")
