"""Cases: everything an outcome holds can be expected, mistakes in case files are shown, coverage and proposals whole."""

from __future__ import annotations

import argparse
import json
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules import values
from dealerrules.cases.expectations import OF_EVERY_KIND, OF_KIND, came_out, differences, written
from dealerrules.cases.proposing import propose
from dealerrules.cases.texts import expected_text, fact_text, text
from dealerrules.commands import UsageError
from dealerrules.commands import cases as command
from dealerrules.diagnostics import Source
from dealerrules.policy.parse import MapNode, ScalarNode, parse
from dealerrules.testing import PolicyCase, load_cases, run_case, run_cases
from dealerrules.values import ABSENT

if TYPE_CHECKING:
    from dealerrules.outcome import Outcome

POLICIES = Path(__file__).parents[1] / "policies"

LOYAL = """\
policy: loyal
facts:
  sent_here:
    title: {zh: 近90天转介绍, en: Referrals in 90 days}
    count: referrals
    where: {kind: vehicle}
    within: 90 days
decisions:
  loyal:
    kind: rules
    hit: unique
    outputs: {loyal: {type: boolean}}
    rows:
      - {id: often, when: {visits_past_year: {at_least: 4}, sent_here: {at_least: 1}}, then: {loyal: true}}
    otherwise: {loyal: false}
"""
LOYAL_CASES = """\
cases:
  - name: 来过四次，转介绍过
    as_of: 2014-09-30
    given:
      visits: [{visited_on: 2014-01-01}, {visited_on: 2014-02-01}, {visited_on: 2014-03-01}, {visited_on: 2014-04-01}]
      referrals: [{kind: vehicle, succeeded_on: 2014-07-03}]
    expect: {loyal: {value: true}}
  - name: 来过三次，没有转介绍
    as_of: 2014-09-30
    facts: {visits_past_year: 3, sent_here: 0}
    expect: {loyal: {value: false, status: decided, because: []}}
"""


@lru_cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


@lru_cache
def shipped() -> tuple[PolicyCase, ...]:
    return tuple(load_cases([POLICIES], book()))


def placed(tmp_path: Path, cases: str = LOYAL_CASES, policy: str = LOYAL) -> Path:
    """Return a directory with a policy and its cases."""
    (tmp_path / "loyal.yaml").write_text(policy, encoding="utf-8")
    (tmp_path / "loyal.cases.yaml").write_text(cases, encoding="utf-8")
    return tmp_path


def asked(*policies: Path, **given: object) -> argparse.Namespace:
    defaults = {
        "lang": "en",
        "format": "text",
        "coverage": False,
        "mutate": False,
        "generate": False,
        "every": 1,
        "out": None,
    }
    return argparse.Namespace(policies=[str(each) for each in policies], **{**defaults, **given})


def found_in(tmp_path: Path, cases: str, policy: str = LOYAL) -> list[tuple[str, int, str]]:
    """Return the code, line and message of every mistake in some cases."""
    with pytest.raises(dr.PolicyError) as caught:
        load_cases([placed(tmp_path, cases, policy)], dr.load(tmp_path / "loyal.yaml"))
    return [(each.code, each.span.line, each.message()) for each in caught.value.diagnostics]


# --- what can be expected -----------------------------------------------------------------------------


def outcomes() -> dict[str, Outcome]:
    """Return for each shipped decision the outcome of the case that expects most of it."""
    found: dict[str, tuple[int, Outcome]] = {}
    for case in shipped():
        result = run_case(book(), case)
        assert result.answer is not None
        for name, expected in case.expect.items():
            outcome = result.answer[name]
            if outcome.status is dr.Status.DECIDED and len(expected) > found.get(name, (0, outcome))[0]:
                found[name] = len(expected), outcome
    return {name: outcome for name, (_, outcome) in found.items()}


def test_everything_that_an_outcome_holds_can_be_expected() -> None:
    """Whatever `to_dict` says of an outcome has its key; what came out is as expected, anything else is not."""
    found = outcomes()
    assert set(found) == set(book().decisions)
    for name, outcome in found.items():
        keys = (*OF_KIND[outcome.kind], *OF_EVERY_KIND)
        assert set(outcome.to_dict()) - {"kind"} <= set(keys)
        for key in keys:
            came = came_out(outcome, key)
            expected = "none" if came is None and key != "band" else came
            assert list(differences({key: expected}, outcome)) == [], (name, key)
            other = [each.text() for each in differences({key: "something else"}, outcome)]
            assert other == [f"{name}.{key}: expected something else, came out {written(came)}"], (name, key)


def test_an_outcome_has_nothing_of_another_kind() -> None:
    for outcome in outcomes().values():
        for kind, keys in OF_KIND.items():
            for key in set(keys) - set(OF_KIND[outcome.kind]) if kind != outcome.kind else ():
                with pytest.raises(KeyError):
                    came_out(outcome, key)


@pytest.mark.parametrize(
    ("expected", "passes"),
    [
        ("{items: {alignment: 400 yuan}}", True),
        ("{items: {alignment: 401 yuan}}", False),
        ("{items: {interior_cleaning: unstated}}", True),
        ("{items: {tow_50km: 500 yuan}}", False),
        ("{options: {A: [renewal_voucher_300, alignment]}}", False),
        ("{because: [repair-5k-10k], matched: [repair-5k-10k], undetermined: [], missing: []}", True),
        (
            "{band: repair-5k-10k, value: 800 yuan, always: [], always_value: none, reason: none, data: none}",
            True,
        ),
        ("{value: 800.00 yuan}", True),
        ("{value: none}", False),
        ("{band: none}", False),
    ],
)
def test_what_is_expected_of_an_offer(tmp_path: Path, expected: str, passes: bool) -> None:
    cases = tmp_path / "gift.cases.yaml"
    cases.write_text(
        "cases:\n  - name: gift\n    as_of: 2015-03-10\n    subject: repair_order\n"
        '    given: {completed_on: 2015-03-10, insured: true, amount: "5,000 yuan", premium_prepaid: "1,000 yuan"}\n'
        f"    expect: {{insurance_prepay_gift: {expected}}}\n",
        encoding="utf-8",
    )
    (case,) = load_cases([cases], book())
    assert run_case(book(), case).passed is passes


@pytest.mark.parametrize(
    ("expected", "passes"),
    [
        ("{benefits: {sales: [超级VIP服务区]}}", False),
        (
            "{benefits: {marketing: [免费检查, '大型活动超级VIP会员待遇（足疗、美甲等）', 聚餐, 巡展, 看电影, 自驾游, 抽奖国内景点游]}}",
            True,
        ),
        ("{cadence: weekly}", True),
        ("{cadence: none}", False),
        ("{angles: {sales: super_vip}}", False),
        ("{matched: [after_sales.sales-super-vip, after_sales.sales-vip, sales.influential]}", True),
    ],
)
def test_what_is_expected_of_a_tier(tmp_path: Path, expected: str, passes: bool) -> None:
    """Of benefits a case names the departments that it checks, each with its whole list; angles are all or none."""
    cases = tmp_path / "tier.cases.yaml"
    cases.write_text(
        "cases:\n  - name: tier\n    as_of: 2015-03-10\n    given: {influential: true}\n"
        f"    expect: {{tier: {expected}}}\n".replace("'", '"'),
        encoding="utf-8",
    )
    (case,) = load_cases([cases], book())
    assert run_case(book(), case).passed is passes


def test_none_is_nothing_unless_something_is_called_so() -> None:
    """`recall_bonus` has a band called none: `band: none` is that band, and not that there is no band."""
    facts = {"ends_on": "2014-09-30", "returned": 1, "recall_target": 110}
    low = book().evaluate_facts("recall_campaign", facts, as_of="2014-09-30")["recall_bonus"]
    open_ = book().evaluate_facts("recall_campaign", {}, as_of="2014-09-30")["recall_bonus"]
    assert [list(differences({"band": "none"}, outcome)) == [] for outcome in (low, open_)] == [True, False]
    assert [list(differences({"amount": "none"}, outcome)) == [] for outcome in (low, open_)] == [False, True]
    gift = book().evaluate_facts("purchase", {"amount": 1}, as_of="2014-09-30")["spend_gift"]
    assert list(differences({"band": "none"}, gift)) == []


# --- mistakes in case files ---------------------------------------------------------------------------


def test_a_key_of_another_kind_is_a_mistake_on_its_line(tmp_path: Path) -> None:
    cases = LOYAL_CASES.replace("{value: true}", "{amount: 5 yuan, vlaue: true}")
    assert found_in(tmp_path, cases) == [
        ("DR603", 7, "the outcome of `loyal` has no `amount`"),
        ("DR201", 7, "unknown key `vlaue`"),
    ]


@pytest.mark.parametrize("kind", OF_KIND)
def test_no_kind_takes_the_keys_of_another(tmp_path: Path, kind: str) -> None:
    name = next(name for name, made in book().decisions.items() if made.kind == kind)
    others = sorted({key for keys in OF_KIND.values() for key in keys} - set(OF_KIND[kind]))
    cases = tmp_path / "all.cases.yaml"
    expected = ", ".join(f"{key}: none" for key in others)
    subject = book().decisions[name].subject
    cases.write_text(
        f"cases:\n  - {{name: n, as_of: 2014-09-30, subject: {subject}, facts: {{}}, expect: {{{name}: {{{expected}}}}}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(dr.PolicyError) as caught:
        load_cases([cases], book())
    assert [each.code for each in caught.value.diagnostics] == ["DR603"] * len(others)


# --- facts --------------------------------------------------------------------------------------------


def test_facts_can_be_unknown_and_absent(tmp_path: Path) -> None:
    cases = tmp_path / "facts.cases.yaml"
    cases.write_text(
        "cases:\n"
        "  - name: nothing recorded\n    as_of: 2014-09-30\n"
        "    facts: {last_visit_on: 2014-09-01, months_since_last_visit: unknown, out_of_reach: false}\n"
        "    expect: {churn_stage: {status: undetermined, stage: none, missing: [months_since_last_visit]}}\n"
        "  - name: never came\n    as_of: 2014-09-30\n"
        "    facts: {last_visit_on: none, out_of_reach: false}\n"
        "    expect: {churn_stage: {stage: never_visited}}\n"
        "  - name: a word of the fact\n    as_of: 2014-09-30\n    subject: purchase\n"
        "    facts: {prepaid_item: none}\n"
        "    expect: {prepaid_maintenance: {band: none, status: decided}}\n",
        encoding="utf-8",
    )
    made = load_cases([cases], book())
    assert [case.facts for case in made] == [
        {"last_visit_on": "2014-09-01", "months_since_last_visit": None, "out_of_reach": False},
        {"last_visit_on": ABSENT, "out_of_reach": False},
        {"prepaid_item": "none"},
    ]
    assert [str(each) for case in made for each in run_case(book(), case).differences] == []


def test_a_fact_that_is_never_absent_cannot_be_none(tmp_path: Path) -> None:
    cases = LOYAL_CASES.replace("sent_here: 0", "sent_here: none")
    made = load_cases([placed(tmp_path, cases)], dr.load(tmp_path / "loyal.yaml"))
    result = run_case(dr.load(tmp_path / "loyal.yaml"), made[1])
    assert result.error is not None
    assert "sent_here" in str(result.error)


# --- running and coverage -----------------------------------------------------------------------------


def test_a_failing_case_says_what_differs_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = LOYAL_CASES.replace(
        "{value: false, status: decided, because: []}", "{value: true, because: [often]}"
    )
    assert command.run(asked(placed(tmp_path, cases))) == 1
    assert (
        capsys.readouterr().out
        == """\
FAILED loyal.cases.yaml:8: 来过三次，没有转介绍
    loyal.value: expected true, came out false
    loyal.because: expected [often], came out []
    | customer, as of 2014-09-30
    |
    | loyal: no
    |   no row holds; for that the policy says: no
    |   1 more, without effect here: false
not covered: loyal often (loyal.yaml:14): no case unknown
not covered: loyal often: visits_past_year at_least 4 (loyal.yaml:14): no case above
not covered: loyal often: sent_here at_least 1 (loyal.yaml:14): no case above
not covered: loyal (loyal.yaml:9): no case undetermined
not covered: sent_here: kind of referral is vehicle (loyal.yaml:3): no case false
not covered: sent_here: within 90 days (loyal.yaml:3): no case on the edge, outside
cases: 1 of 2 passed
thresholds: 0 of 2 have cases below, on and above
rules: 0 of 1 are true, false and unknown in some case
answers: 2 of 2 are given in some case
conditions: 0 of 1 are true and false in some case
windows: 0 of 1 have events inside, on the edge and outside
statuses: 0 of 1 are seen in some case
"""
    )


def test_it_is_said_in_chinese_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = LOYAL_CASES.replace("value: false", "value: true")
    assert command.run(asked(placed(tmp_path, cases), lang="zh", coverage=True)) == 1
    assert (
        capsys.readouterr().out
        == """\
未通过 loyal.cases.yaml:8: 来过三次，没有转介绍
    loyal.value：应为 true，实为 false
    | 客户，截至 2014-09-30
    |
    | loyal: 否
    |   没有一行成立，按政策为: 否
    |   其余 1 条不影响结果: 不成立
未覆盖: loyal often (loyal.yaml:14)，没有这样的样例：未知
未覆盖: loyal often: visits_past_year at_least 4 (loyal.yaml:14)，没有这样的样例：高于
未覆盖: loyal often: sent_here at_least 1 (loyal.yaml:14)，没有这样的样例：高于
已覆盖: loyal often (loyal.yaml:14)：得到
已覆盖: loyal (otherwise) (loyal.yaml:9)：得到
未覆盖: loyal (loyal.yaml:9)，没有这样的样例：未定
未覆盖: sent_here: 转介绍类型 为 购车 (loyal.yaml:3)，没有这样的样例：不成立
未覆盖: sent_here: 90天内 (loyal.yaml:3)，没有这样的样例：期限边界当天、期限之外
样例：共2个，通过1个
界限：共2个，下方、正好、上方都有样例的0个
规则：共1个，成立、不成立、未知都有样例的0个
结果：共2个，有样例得到的2个
条件：共1个，成立、不成立都有样例的0个
期限：共1个，内、外、边界都有样例的0个
状态：共1个，有样例的0个
"""
    )


def test_the_json_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(asked(placed(tmp_path), format="json")) == 0
    made = json.loads(capsys.readouterr().out)
    assert {key: value for key, value in made.items() if key != "targets"} == {
        "cases": 2,
        "passed": 2,
        "failures": [],
        "coverage": {
            "threshold": {"covered": 0, "of": 2},
            "rule": {"covered": 0, "of": 1},
            "answer": {"covered": 2, "of": 2},
            "condition": {"covered": 0, "of": 1},
            "window": {"covered": 0, "of": 1},
            "status": {"covered": 0, "of": 1},
        },
    }
    assert len(made["targets"]) == 8
    assert made["targets"][1] == {
        "kind": "threshold",
        "owner": "loyal",
        "part": "often",
        "place": "loyal.yaml:14",
        "about": "visits_past_year at_least 4",
        "seen": ["below", "on"],
        "lacking": ["above"],
    }


def test_events_show_the_edges_of_a_window(tmp_path: Path) -> None:
    """90 days before 2014-09-30 is 2014-07-02: an event of that day is outside, one of the day after is in."""
    days = ["2014-07-03", "2014-07-02", "2014-07-01"]
    cases = "cases:\n" + "".join(
        f"  - name: sent on {day}\n    as_of: 2014-09-30\n"
        f"    given: {{referrals: [{{kind: {kind}, succeeded_on: {day}}}]}}\n    expect: {{loyal: {{value: false}}}}\n"
        for day, kind in zip(days, ("vehicle", "vehicle", "insurance"), strict=True)
    )
    store = dr.load(placed(tmp_path, cases) / "loyal.yaml")
    report = run_cases(store, load_cases([tmp_path], store))
    assert report.failures == ()
    found = {str(each) for each in report.targets if each.owner == "sent_here"}
    assert found == {
        "sent_here: kind of referral is vehicle (loyal.yaml:3): true, false",
        "sent_here: within 90 days (loyal.yaml:3): just inside, on the edge, outside",
    }


def test_the_shipped_cases_show_everything_that_cases_can() -> None:
    report = run_cases(book(), shipped())
    assert [str(each) for each in report.uncovered] == []
    counts = report.counts()
    assert {kind: covered == of for kind, (covered, of) in counts.items()} == dict.fromkeys(counts, True)
    assert counts["threshold"][1] >= 64
    assert counts["rule"][1] >= 82


def test_a_case_taken_away_leaves_what_it_alone_showed() -> None:
    kept = [case for case in shipped() if "生效前一天" not in case.name and "投诉" not in case.name]
    lacking = [str(each) for each in run_cases(book(), kept).uncovered]
    assert any(
        line.startswith("retention_gift complaint: complaints_past_quarter at_least 1") for line in lacking
    )


# --- proposals ----------------------------------------------------------------------------------------

PROPOSED = """\
# proposed, check each
cases:
  - name: "proposed: loyal, often: visits_past_year 5"
    as_of: 2014-09-30
    facts: {visits_past_year: 5, sent_here: 1}
    expect:
      loyal: {value: true, rows: [often], status: decided, because: [often]}
  - name: "proposed: loyal, often: visits_past_year unknown"
    as_of: 2014-09-30
    facts: {visits_past_year: unknown, sent_here: 1}
    expect:
      loyal: {value: none, status: undetermined, reason: unknown_rules, because: [], undetermined: [often],
              missing: [visits_past_year]}
  - name: "proposed: loyal, often: sent_here 2"
    as_of: 2014-09-30
    facts: {visits_past_year: 4, sent_here: 2}
    expect:
      loyal: {value: true, rows: [often], status: decided, because: [often]}
  - name: "proposed: loyal, often: sent_here, kind insurance"
    as_of: 2014-09-30
    given:
      visits:
        - {visited_on: 2014-08-31}
        - {visited_on: 2014-08-30}
        - {visited_on: 2014-08-29}
        - {visited_on: 2014-08-28}
      referrals:
        - {succeeded_on: 2014-08-31, kind: insurance}
    expect:
      loyal: {value: false, status: decided, because: []}
  - name: "proposed: loyal, often: sent_here, succeeded_on 2014-07-02"
    as_of: 2014-09-30
    given:
      visits:
        - {visited_on: 2014-08-31}
        - {visited_on: 2014-08-30}
        - {visited_on: 2014-08-29}
        - {visited_on: 2014-08-28}
      referrals:
        - {succeeded_on: 2014-07-02, kind: vehicle}
    expect:
      loyal: {value: false, status: decided, because: []}
  - name: "proposed: loyal, often: sent_here, succeeded_on 2014-07-01"
    as_of: 2014-09-30
    given:
      visits:
        - {visited_on: 2014-08-31}
        - {visited_on: 2014-08-30}
        - {visited_on: 2014-08-29}
        - {visited_on: 2014-08-28}
      referrals:
        - {succeeded_on: 2014-07-01, kind: vehicle}
    expect:
      loyal: {value: false, status: decided, because: []}
  - name: "proposed: loyal: `at_least: 4` changed to `at_least: 3`"
    as_of: 2014-09-30
    facts: {visits_past_year: 3, sent_here: 1}
    expect:
      loyal: {value: false, status: decided, because: []}
"""


def test_what_is_proposed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(asked(placed(tmp_path), generate=True)) == 0
    assert capsys.readouterr().out == PROPOSED


def test_proposals_can_be_pasted_and_then_nothing_is_left_to_propose(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = placed(tmp_path) / "more.cases.yaml"
    assert command.run(asked(tmp_path, generate=True, out=str(out), lang="zh")) == 0
    assert capsys.readouterr().out == f"建议的样例：7个，写入 {out}\n"
    assert out.read_text(encoding="utf-8").startswith(
        '# 建议的样例，逐条核对\ncases:\n  - name: "建议：loyal, often: '
    )
    again = propose([tmp_path])
    assert again.cases == ()
    assert again.text().startswith("# proposed, check each\ncases: []\n")
    store = dr.load(tmp_path)
    assert run_cases(store, load_cases([tmp_path], store)).failures == ()


def test_proposals_never_replace_a_file(tmp_path: Path) -> None:
    cases = placed(tmp_path) / "loyal.cases.yaml"
    with pytest.raises(UsageError, match="never replace"):
        command.run(asked(tmp_path, generate=True, out=str(cases)))
    with pytest.raises(UsageError, match="--generate"):
        command.run(asked(tmp_path, out=str(tmp_path / "more.cases.yaml")))
    assert cases.read_text(encoding="utf-8") == LOYAL_CASES


def test_nothing_is_proposed_as_long_as_a_case_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "more.cases.yaml"
    cases = LOYAL_CASES.replace("value: false", "value: true")
    assert command.run(asked(placed(tmp_path, cases), generate=True, out=str(out))) == 1
    assert "FAILED" in capsys.readouterr().out
    assert not out.exists()


def test_the_json_of_proposals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(asked(placed(tmp_path), generate=True, format="json")) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["cases"][0]["name"] == "proposed: loyal, often: visits_past_year 5"
    assert {key: len(value) for key, value in made.items()} == {"cases": 7, "left": 0, "surviving": 0}


def test_the_first_day_of_a_policy_is_proposed(tmp_path: Path) -> None:
    begins = LOYAL.replace("policy: loyal\n", "policy: loyal\neffective: {from: 1990-01-01}\n")
    made = {
        each.case.as_of.isoformat(): each.text() for each in propose([placed(tmp_path, policy=begins)]).cases
    }
    assert (
        made["1990-01-01"]
        == """\
  - name: "proposed: loyal: `from: 1990-01-01` changed to `from: 1990-01-02`"
    as_of: 1990-01-01
    facts: {visits_past_year: 3, sent_here: 0}
    expect:
      loyal: {value: false, status: decided, because: []}"""
    )
    assert (
        made["1989-12-31"]
        == """\
  - name: "proposed: loyal: `from: 1990-01-01` changed to `from: 1989-12-31`"
    as_of: 1989-12-31
    facts: {visits_past_year: 3, sent_here: 0}
    expect:
      loyal: {value: none, status: undefined, reason: not_in_force, because: []}"""
    )


def test_what_no_proposal_shows_is_left_to_a_person(tmp_path: Path) -> None:
    """What a fact is made of is not looked into: here which of two dates comes first."""
    seen = """\
policy: loyal
facts:
  seen_on: {title: {zh: 最近一次来店, en: Last seen}, first_known: [last_visit_on, last_purchase_on]}
decisions:
  loyal:
    kind: rules
    hit: unique
    outputs: {loyal: {type: boolean}}
    rows: [{id: lately, when: {seen_on: {months_since: {less_than: 6 months}}}, then: {loyal: true}}]
    otherwise: {loyal: false}
"""
    (tmp_path / "loyal.yaml").write_text(seen, encoding="utf-8")
    proposal = propose([tmp_path], lang="zh")
    assert proposal.left == ()
    assert proposal.text("zh").splitlines()[-4:] == [
        "# 以下各项没有样例可以建议，要自己写：",
        "#   loyal.yaml:3：seen_on：`[last_visit_on, last_purchase_on]` 改成 `[last_purchase_on, last_visit_on]`",
        "#   loyal.yaml:3：seen_on：去掉 `last_visit_on`",
        "#   loyal.yaml:3：seen_on：去掉 `last_purchase_on`",
    ]


def test_parameters_of_built_in_facts_are_proposed_too(tmp_path: Path) -> None:
    """How long a repair counts, and which days break a run of cover, are numbers of the policy."""
    policy = """\
policy: loyal
parameters: {repair_window: {type: months, value: 6 months}, insurance_gap: {type: days, value: 10 days}}
decisions:
  loyal:
    kind: rules
    hit: unique
    outputs: {loyal: {type: boolean}}
    rows:
      - {id: loyal, when: {repairs_past_year: {at_least: 1}, insured_years_running: {at_least: 2}}, then: {loyal: true}}
    otherwise: {loyal: false}
"""
    (tmp_path / "loyal.yaml").write_text(policy, encoding="utf-8")
    proposal = propose([tmp_path])
    assert (proposal.left, proposal.surviving) == ((), ())
    text = proposal.text()
    assert "`value: 6 months` changed to `value: 7 months`" in text
    assert "`value: 10 days` changed to `value: 11 days`" in text


def test_texts_and_worths_are_proposed_where_a_change_of_them_goes_unnoticed(tmp_path: Path) -> None:
    gift = """\
policy: loyal
items: {cup: {value: 20 yuan}, wash: {price: 0%}}
decisions:
  gift:
    kind: offer
    subject: purchase
    measure: amount
    bands: [{id: small, from: 100 yuan, always: [cup, wash], data: {note: [{zh: 当天领取, en: Same day}]}}]
"""
    cases = "cases:\n" + "".join(
        f"  - {{name: {name}, as_of: 2014-09-30, subject: purchase, facts: {{amount: {amount}}}, "
        f"expect: {{gift: {{status: {status}, band: {band}, always: {always}}}}}}}\n"
        for name, amount, status, band, always in (
            ("below", "99.99 yuan", "decided", "none", "[]"),
            ("exact", "100 yuan", "decided", "small", "[cup, wash]"),
            ("above", "101 yuan", "decided", "small", "[cup, wash]"),
            ("open", "unknown", "undetermined", "none", "[]"),
        )
    )
    assert (
        propose([placed(tmp_path, cases, gift)]).text()
        == """\
# proposed, check each
cases:
  - name: "proposed: gift: `value: 20 yuan` changed to `value: 20.01 yuan`"
    as_of: 2014-09-30
    subject: purchase
    facts: {amount: 100 yuan}
    expect:
      gift: {band: small, items: {cup: 20 yuan, wash: 0%}, status: decided}
  - name: "proposed: gift: `note: [{zh: 当天领取, en: Same day}]` left out"
    as_of: 2014-09-30
    subject: purchase
    facts: {amount: 100 yuan}
    expect:
      gift: {band: small, status: decided, data: {note: [当天领取]}}
"""
    )


@lru_cache
def from_nothing() -> str:
    """Return what is proposed for the shipped policies when there is no case at all."""
    return propose([POLICIES], [], mutants=False).text()


def test_proposals_for_the_shipped_policies_come_out_as_written(tmp_path: Path) -> None:
    """From no case at all: thresholds below, on and above, every word, unknown and absent; and every one loads."""
    file = tmp_path / "proposed.cases.yaml"
    file.write_text(from_nothing(), encoding="utf-8")
    cases = load_cases([file], book())
    report = run_cases(book(), cases)
    assert [failure.text() for failure in report.failures] == []
    assert len({case.name for case in cases}) == len(cases) > 150
    assert [str(each) for each in report.uncovered] == []
    assert (
        sum(case.record is not None for case in cases) > 10
    )  # what a fact counts among events needs a record


def test_proposals_are_always_the_same() -> None:
    assert propose([POLICIES], [], mutants=False).text() == from_nothing()


def test_each_proposal_adds_something() -> None:
    """Without any one of them, less is shown."""
    cases = [each.case for each in propose([POLICIES / "tiers.yaml"], [], mutants=False).cases]
    tiers = dr.load(POLICIES / "tiers.yaml")
    whole = {
        (target.kind, target.part, seen) for target in run_cases(tiers, cases).targets for seen in target.seen
    }
    first = {
        (target.kind, target.part, seen)
        for target in run_cases(tiers, cases[: len(cases) // 2]).targets
        for seen in target.seen
    }
    assert first < whole


# --- the text of cases --------------------------------------------------------------------------------


def scalar(written_as: str) -> str:
    """Return what the parser reads where a text stands as a value."""
    node, faults = parse(Source("c.yaml", f"cases: {{name: {written_as}, rest: 1}}\n"))
    assert faults == []
    assert isinstance(node, MapNode)
    inner = node.get("cases")
    assert isinstance(inner, MapNode)
    value = inner.get("name")
    assert isinstance(value, ScalarNode)
    return value.text


@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn", "Zl", "Zp", "Cf"]), min_size=1, max_size=40
    )
)
def test_a_text_is_read_as_it_was_written(value: str) -> None:
    assert scalar(text(value)) == value


@given(
    st.one_of(
        st.tuples(
            st.integers(0, 10**9), st.sampled_from([values.COUNT, values.MONTHS, values.DAYS, values.MONEY])
        ),
        st.tuples(st.integers(0, 10**6).map(lambda n: Fraction(n, 10**4)), st.just(values.RATIO)),
        st.tuples(st.booleans(), st.just(values.BOOLEAN)),
        st.tuples(st.dates(), st.just(values.DATE)),
    )
)
def test_a_fact_is_read_as_it_was_written(made: tuple[object, values.Type]) -> None:
    value, type_ = made
    read = values.read_literal(scalar(fact_text(value, type_)))
    assert read.value == (str(value).lower() if isinstance(value, bool) else value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "none"),
        (True, "true"),
        (Decimal("1115.00"), '"1,115 yuan"'),
        (Decimal("0.50"), "0.50 yuan"),
        (Fraction(7, 10), "70%"),
        (["a-b", "c"], "[a-b, c]"),
        ({"A": ["cup"], "B": []}, "{A: [cup], B: []}"),
        ([{"zh": "会员升级", "en": "Member upgrade"}], "[会员升级]"),
        ("no", '"no"'),
    ],
)
def test_what_is_expected_is_written_as_cases_write_it(value: object, said: str) -> None:
    assert expected_text(value) == said


def test_a_case_file_can_be_given_beside_the_policies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.cases.yaml"
    mine.write_text(LOYAL_CASES, encoding="utf-8")
    elsewhere = tmp_path / "store"
    elsewhere.mkdir()
    (elsewhere / "loyal.yaml").write_text(LOYAL, encoding="utf-8")
    assert command.run(asked(elsewhere, mine)) == 0
    assert "cases: 2 of 2 passed" in capsys.readouterr().out
    assert command.run(asked(elsewhere, mine, mutate=True, every=7)) == 0
    assert "changes: 2 tried" in capsys.readouterr().out
    with pytest.raises(UsageError, match="1 or more"):
        command.run(asked(elsewhere, mine, mutate=True, every=0))
