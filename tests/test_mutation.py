"""Mutation: planted holes are found, what changes nothing is proved, and the shipped cases leave nothing unnoticed."""

from __future__ import annotations

import argparse
import json
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

import dealerrules as dr
from dealerrules.cases.expectations import differences
from dealerrules.cases.mutants import KINDS
from dealerrules.cases.mutation import Trial, mutate
from dealerrules.cases.node_changes import numbers_beside
from dealerrules.commands import cases as command
from dealerrules.testing import PolicyCase, load_cases
from strategies import Situation, situations

POLICIES = Path(__file__).parents[1] / "policies"

RICH = """\
policy: rich
parameters:
  often: {type: count, value: 3, title: {zh: 次数, en: Times}}
facts:
  sent_here:
    title: {zh: 转介绍, en: Referrals}
    count: referrals
    where: {kind: [vehicle, insurance], not: {designated_repair: false}}
    within: 90 days
  some_bill:
    title: {zh: 大额, en: A large bill}
    some: visits
    that: {amount: {at_least: 500 yuan, less_than: "5,000 yuan"}}
items:
  cup: {title: {zh: 杯子, en: Cup}, value: 20 yuan}
  cap: {title: {zh: 帽子, en: Cap}, price: 50%}
decisions:
  standing:
    kind: tier
    title: {zh: 级别, en: Standing}
    levels:
      gold: {cadence: weekly, follow_up: [{zh: 拜访, en: Visit}]}
      silver: {}
      plain: {}
    angles:
      visits:
        gold:
          - {id: many, when: {visits_past_year: {at_least: often}, loyalty: {more_than: low}}}
        silver:
          - {id: few, when: {any: [{visits_past_year: 1}, {sent_here: {more_than: 0}}]}}
  bonus:
    kind: payout
    subject: consultant_month
    dated_by: period_end
    measure: shortfall
    unit: shortfall
    times: contacted
    bands:
      - {id: none, from: 0, pays: 0 yuan}
      - {id: some, over: 0, pays_per_unit: 2.50 yuan, basis: whole}
    cap: 100 yuan
    rounding: half_up to 1 yuan
  gift:
    kind: offer
    subject: purchase
    measure: amount
    bands:
      - {id: small, from: 100 yuan, choose_one: {A: [cup, cap], B: [cup]}, value: 20 yuan}
      - {id: large, over: 200 yuan, always: [cup]}
  call:
    kind: rules
    hit: first
    outputs: {call: {type: category, options: [now, later, never]}}
    rows:
      - {id: bill, when: {some_bill: true}, then: {call: now}, effective: {from: 2014-01-01}}
      - {id: rest, when: {media: {known: true}}, then: {call: later}}
    otherwise: {call: never}
"""

ALL_OF_IT = """\
rich.yaml:3: often: `value: 3` changed to `value: 4`
rich.yaml:3: often: `value: 3` changed to `value: 2`
rich.yaml:8: sent_here: `kind: [vehicle, insurance]` left out
rich.yaml:8: sent_here: `vehicle` left out
rich.yaml:8: sent_here: `insurance` left out
rich.yaml:8: sent_here: `not: {designated_repair: false}` left out
rich.yaml:8: sent_here: `not: {designated_repair: false}` changed to `{designated_repair: false}`
rich.yaml:8: sent_here: `designated_repair: false` changed to `designated_repair: true`
rich.yaml:8: sent_here: `where: {kind: [vehicle, insurance], not: {designated_repair: false}}` left out
rich.yaml:9: sent_here: `within: 90 days` left out
rich.yaml:9: sent_here: `within: 90 days` changed to `within: 91 days`
rich.yaml:9: sent_here: `within: 90 days` changed to `within: 89 days`
rich.yaml:12: some_bill: `some: visits` changed to `every: visits`
rich.yaml:13: some_bill: `at_least: 500 yuan` left out
rich.yaml:13: some_bill: `at_least: 500 yuan` changed to `more_than: 500 yuan`
rich.yaml:13: some_bill: `at_least: 500 yuan` changed to `at_least: 500.01 yuan`
rich.yaml:13: some_bill: `at_least: 500 yuan` changed to `at_least: 499.99 yuan`
rich.yaml:13: some_bill: `less_than: 5,000 yuan` left out
rich.yaml:13: some_bill: `less_than: 5,000 yuan` changed to `at_most: 5,000 yuan`
rich.yaml:13: some_bill: `less_than: 5,000 yuan` changed to `less_than: 5,000.01 yuan`
rich.yaml:13: some_bill: `less_than: 5,000 yuan` changed to `less_than: 4,999.99 yuan`
rich.yaml:15: cup: `value: 20 yuan` changed to `value: 20.01 yuan`
rich.yaml:15: cup: `value: 20 yuan` changed to `value: 19.99 yuan`
rich.yaml:16: cap: `price: 50%` changed to `price: 51%`
rich.yaml:16: cap: `price: 50%` changed to `price: 49%`
rich.yaml:22: standing gold: `cadence: weekly` left out
rich.yaml:22: standing gold: `{zh: 拜访, en: Visit}` left out
rich.yaml:28: standing visits.many: `rule many` left out
rich.yaml:28: standing visits.many: `visits_past_year: {at_least: often}` left out
rich.yaml:28: standing visits.many: `at_least: often` changed to `more_than: often`
rich.yaml:28: standing visits.many: `loyalty: {more_than: low}` left out
rich.yaml:28: standing visits.many: `more_than: low` changed to `at_least: low`
rich.yaml:28: standing visits.many: `more_than: low` changed to `more_than: medium`
rich.yaml:28: standing visits.many: `gold` changed to `silver`
rich.yaml:30: standing visits.few: `rule few` left out
rich.yaml:30: standing visits.few: `any: [{visits_past_year: 1}, {sent_here: {more_than: 0}}]` changed to `all: [{visits_past_year: 1}, {sent_here: {more_than: 0}}]`
rich.yaml:30: standing visits.few: `visits_past_year: 1` changed to `visits_past_year: 2`
rich.yaml:30: standing visits.few: `visits_past_year: 1` changed to `visits_past_year: 0`
rich.yaml:30: standing visits.few: `{visits_past_year: 1}` left out
rich.yaml:30: standing visits.few: `more_than: 0` changed to `at_least: 0`
rich.yaml:30: standing visits.few: `more_than: 0` changed to `more_than: 1`
rich.yaml:30: standing visits.few: `more_than: 0` changed to `more_than: -1`
rich.yaml:30: standing visits.few: `{sent_here: {more_than: 0}}` left out
rich.yaml:30: standing visits.few: `silver` changed to `gold`
rich.yaml:34: bonus: `dated_by: period_end` left out
rich.yaml:37: bonus: `times: contacted` left out
rich.yaml:39: bonus none: `band none` left out
refused: rich.yaml:39: bonus none: `from: 0` changed to `over: 0`
refused: rich.yaml:39: bonus none: `from: 0` changed to `from: 1`
rich.yaml:39: bonus none: `from: 0` changed to `from: -1`
rich.yaml:39: bonus none: `pays: 0 yuan` changed to `pays: 0.01 yuan`
rich.yaml:39: bonus none: `pays: 0 yuan` changed to `pays: -0.01 yuan`
rich.yaml:40: bonus some: `band some` left out
refused: rich.yaml:40: bonus some: `over: 0` changed to `from: 0`
rich.yaml:40: bonus some: `over: 0` changed to `over: 1`
refused: rich.yaml:40: bonus some: `over: 0` changed to `over: -1`
rich.yaml:40: bonus some: `pays_per_unit: 2.50 yuan` changed to `pays_per_unit: 2.51 yuan`
rich.yaml:40: bonus some: `pays_per_unit: 2.50 yuan` changed to `pays_per_unit: 2.49 yuan`
rich.yaml:40: bonus some: `basis: whole` changed to `basis: excess`
rich.yaml:41: bonus: `cap: 100 yuan` changed to `cap: 100.01 yuan`
rich.yaml:41: bonus: `cap: 100 yuan` changed to `cap: 99.99 yuan`
rich.yaml:41: bonus: `cap: 100 yuan` left out
rich.yaml:42: bonus: `rounding: half_up to 1 yuan` changed to `rounding: half_even to 1 yuan`
rich.yaml:42: bonus: `rounding: half_up to 1 yuan` changed to `rounding: up to 1 yuan`
rich.yaml:42: bonus: `rounding: half_up to 1 yuan` changed to `rounding: down to 1 yuan`
rich.yaml:42: bonus: `rounding: half_up to 1 yuan` changed to `rounding: half_up to 1 fen`
rich.yaml:48: gift small: `band small` left out
rich.yaml:48: gift small: `from: 100 yuan` changed to `over: 100 yuan`
rich.yaml:48: gift small: `from: 100 yuan` changed to `from: 100.01 yuan`
rich.yaml:48: gift small: `from: 100 yuan` changed to `from: 99.99 yuan`
rich.yaml:48: gift small: `A: [cup, cap]` left out
rich.yaml:48: gift small A: `cup` left out
rich.yaml:48: gift small A: `cap` left out
rich.yaml:48: gift small: `B: [cup]` left out
rich.yaml:48: gift small: `value: 20 yuan` changed to `value: 20.01 yuan`
rich.yaml:48: gift small: `value: 20 yuan` changed to `value: 19.99 yuan`
rich.yaml:48: gift small: `value: 20 yuan` left out
rich.yaml:49: gift large: `band large` left out
rich.yaml:49: gift large: `over: 200 yuan` changed to `from: 200 yuan`
rich.yaml:49: gift large: `over: 200 yuan` changed to `over: 200.01 yuan`
rich.yaml:49: gift large: `over: 200 yuan` changed to `over: 199.99 yuan`
rich.yaml:49: gift large: `cup` left out
rich.yaml:52: call: `hit: first` changed to `hit: unique`
rich.yaml:52: call: `hit: first` changed to `hit: any`
rich.yaml:52: call: `hit: first` changed to `hit: collect`
rich.yaml:55: call bill: `row bill` left out
rich.yaml:55: call bill: `some_bill: true` changed to `some_bill: false`
rich.yaml:55: call bill: `call: now` changed to `call: later`
rich.yaml:55: call bill: `effective: {from: 2014-01-01}` left out
rich.yaml:55: call bill: `from: 2014-01-01` changed to `from: 2014-01-02`
rich.yaml:55: call bill: `from: 2014-01-01` changed to `from: 2013-12-31`
rich.yaml:56: call rest: `row rest` left out
rich.yaml:56: call rest: `known: true` changed to `known: false`
rich.yaml:56: call rest: `call: later` changed to `call: now`
rich.yaml:56: call rest: `call: later` changed to `call: never`
rich.yaml:55: call bill: `bill, rest` changed to `rest, bill`
rich.yaml:57: call: `otherwise: {call: never}` left out
rich.yaml:57: call: `call: never` changed to `call: later`
"""


def written(tmp_path: Path, policy: str, cases: str = "") -> Path:
    """Return a directory with a policy and its cases."""
    name = policy.split("\n", 1)[0].removeprefix("policy: ")
    (tmp_path / f"{name}.yaml").write_text(policy, encoding="utf-8")
    if cases:
        (tmp_path / f"{name}.cases.yaml").write_text(cases, encoding="utf-8")
    return tmp_path


@lru_cache
def shipped() -> tuple[PolicyCase, ...]:
    return tuple(load_cases([POLICIES], dr.load(POLICIES)))


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


# --- what is changed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("3", ("4", "2")),
        ("0", ("1", "-1")),
        ("3.5", ("3.6", "3.4")),
        ("1,000 yuan", ("1,000.01 yuan", "999.99 yuan")),
        ("-50 yuan", ("-49.99 yuan", "-50.01 yuan")),
        ("5 fen", ("0.06 yuan", "0.04 yuan")),
        ("70%", ("71%", "69%")),
        ("12.5%", ("12.6%", "12.4%")),
        ("1 year", ("13 months", "11 months")),
        ("2 weeks", ("15 days", "13 days")),
        ("1.5 km", ("1.6 km", "1.4 km")),
        ("2016-02-28", ("2016-02-29", "2016-02-27")),
        ("2014-02-30", ()),
        ("often", ()),
        ("true", ()),
    ],
)
def test_a_number_is_changed_by_one_unit(text: str, beside: tuple[str, ...]) -> None:
    assert numbers_beside(text) == beside


def test_everything_that_a_policy_says_is_changed_once(tmp_path: Path) -> None:
    trial = Trial([written(tmp_path, RICH)])
    found = [(mutant, book is None) for mutant, book in trial.mutants()]
    assert "".join(f"{'refused: ' * refused}{mutant.text()}\n" for mutant, refused in found) == ALL_OF_IT
    assert {mutant.kind for mutant, _ in found} == set(KINDS)


def test_a_file_is_otherwise_as_it_was(tmp_path: Path) -> None:
    """One change is one change: no mutant is the policy itself, and no two of a place are the same."""
    trial = Trial([written(tmp_path, RICH)])
    (root,) = trial.nodes
    roots = [mutant.root for mutant, _ in trial.mutants()]
    assert all(each != root for each in roots)
    assert len({repr(each) for each in roots}) == len(roots)


def test_it_is_said_in_chinese_too(tmp_path: Path) -> None:
    trial = Trial([written(tmp_path, RICH)])
    said = [mutant.text("zh") for mutant, _ in trial.mutants()]
    assert said[0] == "rich.yaml:3：often：`value: 3` 改成 `value: 4`"
    assert said[2] == "rich.yaml:8：sent_here：去掉 `kind: [vehicle, insurance]`"


def test_a_policy_that_others_extend_is_changed_too(tmp_path: Path) -> None:
    group = (
        "policy: group\nparameters: {often: {type: count, value: 4}}\ndecisions:\n  loyal:\n    kind: rules\n"
    )
    group += "    hit: first\n    outputs: {loyal: {type: boolean}}\n"
    group += "    rows: [{id: yes-loyal, when: {visits_past_year: {at_least: often}}, then: {loyal: true}}]\n"
    group += "    otherwise: {loyal: false}\n"
    written(tmp_path, group)
    store = "policy: store\nextend: group\noverride:\n  often: 3\n  loyal.yes-loyal: {when: {media: true}}\n"
    report = mutate([written(tmp_path, store)], [])
    said = [each.text() for each in (*report.equivalent, *report.surviving)]
    assert "store.yaml:5: loyal.yes-loyal: `media: true` changed to `media: false`" in said
    assert "store.yaml:4: often: `often: 3` changed to `often: 4`" in [
        each.text() for each in report.equivalent
    ]
    assert "group.yaml:9: loyal: `loyal: false` changed to `loyal: true`" in said


# --- planted holes ------------------------------------------------------------------------------------

LOYAL = """\
policy: loyal
decisions:
  loyal:
    kind: rules
    hit: unique
    outputs: {loyal: {type: boolean}}
    rows:
      - {id: often, when: {visits_past_year: {at_least: 4}, loyalty: {at_least: medium}}, then: {loyal: true}}
    otherwise: {loyal: false}
"""
LOYAL_CASES = """\
cases:
  - name: four visits
    as_of: 2014-09-30
    facts: {visits_past_year: 4, loyalty: medium}
    expect: {loyal: {value: true}}
  - name: three visits
    as_of: 2014-09-30
    facts: {visits_past_year: 3, loyalty: high}
    expect: {loyal: {value: false}}
  - name: low loyalty
    as_of: 2014-09-30
    facts: {visits_past_year: 9, loyalty: low}
    expect: {loyal: {value: false}}
"""


def test_enough_cases_notice_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(asked(written(tmp_path, LOYAL, LOYAL_CASES), mutate=True)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "changes: 14 tried, 0 refused by the check, 12 noticed by a case, 2 proved to change nothing, 0 noticed by none"
    )


def test_a_case_less_is_a_change_that_none_notices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = LOYAL_CASES.replace("visits_past_year: 3", "visits_past_year: 2")
    assert command.run(asked(written(tmp_path, LOYAL, cases), mutate=True)) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("no case notices")] == [
        "no case notices: loyal.yaml:8: loyal often: `at_least: 4` changed to `at_least: 3`"
    ]
    assert command.run(asked(tmp_path, mutate=True, lang="zh")) == 1
    said = capsys.readouterr().out.splitlines()
    assert "没有样例发现: loyal.yaml:8：loyal often：`at_least: 4` 改成 `at_least: 3`" in said
    assert said[-1] == "改动：共试14处，检查拒绝0处，样例发现11处，已证明无影响2处，没有样例发现1处"


def test_the_json_of_a_hole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = LOYAL_CASES.replace("visits_past_year: 3", "visits_past_year: 2")
    assert command.run(asked(written(tmp_path, LOYAL, cases), mutate=True, format="json")) == 1
    made = json.loads(capsys.readouterr().out)["mutation"]
    assert {key: made[key] for key in ("made", "refused", "caught", "surviving", "rates_left_out")} == {
        "made": 14,
        "refused": 0,
        "caught": 11,
        "surviving": [
            {
                "kind": "number",
                "owner": "loyal often",
                "place": "loyal.yaml:8",
                "before": "at_least: 4",
                "after": "at_least: 3",
                "text": "loyal.yaml:8: loyal often: `at_least: 4` changed to `at_least: 3`",
            }
        ],
        "rates_left_out": 0,
    }
    assert [each["after"] for each in made["equivalent"]] == ["hit: first", "hit: any"]


def test_a_failing_case_is_shown_and_nothing_is_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As long as cases fail there is no telling what they would notice."""
    cases = LOYAL_CASES.replace("value: true", "value: false")
    assert command.run(asked(written(tmp_path, LOYAL, cases), mutate=True)) == 1
    said = capsys.readouterr().out
    assert "FAILED loyal.cases.yaml:2: four visits" in said
    assert "changes:" not in said


@pytest.mark.parametrize(
    ("taken_away", "of", "holes"),
    [
        (("exactly 70%",), "recall_bonus reached", ["`over: 70%` changed to `from: 70%`"]),
        (("两次愿意沟通",), "last_cooperative", ["`latest: contacts` changed to `earliest: contacts`"]),
        (
            ("exactly 10,000",),
            "insurance_prepay_gift repair-10k-20k",
            [
                "`over: 10,000 yuan` changed to `from: 10,000 yuan`",
                "`over: 10,000 yuan` changed to `over: 9,999.99 yuan`",
            ],
        ),
        (
            ("活动最后一天",),
            "retention_gift recall-voucher-toll",
            ["`until: 2014-09-30` changed to `until: 2014-09-29`"],
        ),
        (
            ("工时券",),
            "labour_voucher_500",
            [
                "`value: 500 yuan` changed to `value: 500.01 yuan`",
                "`value: 500 yuan` changed to `value: 499.99 yuan`",
            ],
        ),
    ],
)
def test_a_shipped_case_taken_away_leaves_a_hole(
    taken_away: tuple[str, ...], of: str, holes: list[str]
) -> None:
    kept = [case for case in shipped() if not any(words in case.name for words in taken_away)]
    assert len(kept) < len(shipped())
    trial = Trial([POLICIES], kept)
    tried = [(mutant, book) for mutant, book in trial.mutants(of=of) if book is not None]
    left = [
        mutant for mutant, book in tried if not trial.catches(mutant, book) and not trial.is_equivalent(book)
    ]
    assert [mutant.said() for mutant in left] == holes


# --- the shipped policies -----------------------------------------------------------------------------


def test_the_reference_interpreter_gives_what_cases_expect() -> None:
    """Mutants are run by the reference interpreter: without a change it fails no case."""
    trial = Trial([POLICIES])
    book = trial.compiled(0, next(mutant for mutant, _ in trial.mutants(of="churn_stage active")))
    assert book is not None
    assert trial.touched(book) == ["churn_stage", "retention_gift"]
    untouched = [case for case in shipped() if not {"churn_stage", "retention_gift"} & set(case.expect)]
    for case in untouched:
        answer = (
            book.evaluate_facts(case.subject, case.facts, as_of=case.as_of, decisions=tuple(case.expect))
            if case.record is None
            else book.evaluate(
                case.record, as_of=case.as_of, subject=case.subject, decisions=tuple(case.expect)
            )
        )
        found = [each for name in case.expect for each in differences(case.expect[name], answer[name])]
        assert found == []


def test_a_sample_of_changes_to_the_shipped_policies_is_noticed() -> None:
    report = mutate([POLICIES], every=17)
    assert [each.text() for each in report.surviving] == []
    assert report.made > 40


@pytest.mark.slow
def test_no_change_to_the_shipped_policies_goes_unnoticed() -> None:
    """Whatever a slip of the hand changes, a case fails; the exceptions are proved to change nothing."""
    tried: list[int] = []
    report = mutate([POLICIES], progress=tried.append)
    assert [each.text() for each in report.surviving] == []
    assert tried == list(range(1, report.made + 1))
    assert report.made == report.refused + report.caught + len(report.equivalent)
    assert report.made > 700
    assert report.rates == 6
    assert [each.text().split(":", 2)[2].strip() for each in report.equivalent] == [
        "churn_stage active: `from: 0 months` changed to `from: -1 months`",
        "churn_class active: `from: 0 months` changed to `from: -1 months`",
        "missed_maintenance active: `from: 0 months` changed to `from: -1 months`",
        "effective_customer: `hit: unique` changed to `hit: first`",
        "effective_customer: `hit: unique` changed to `hit: any`",
        "win_back_measures: `hit: unique` changed to `hit: first`",
        "win_back_measures: `hit: unique` changed to `hit: any`",
        "red_line: `hit: unique` changed to `hit: first`",
        "red_line: `hit: unique` changed to `hit: any`",
        "recall_bonus none: `from: 0%` changed to `from: -1%`",
        "recall_bonus: `rounding: half_up to 1 fen` changed to `rounding: half_even to 1 fen`",
        "recall_bonus: `rounding: half_up to 1 fen` changed to `rounding: up to 1 fen`",
        "recall_bonus: `rounding: half_up to 1 fen` changed to `rounding: down to 1 fen`",
        "recall_bonus: `rounding: half_up to 1 fen` changed to `rounding: half_up to 10 fen`",
        "satisfaction_reward weekly-fined: `from: 0%` changed to `from: -1%`",
        "satisfaction_reward monthly-fined: `from: 0%` changed to `from: -1%`",
        "satisfaction_reward yearly-fined: `from: 0%` changed to `from: -1%`",
        "return_penalty met: `from: 0` changed to `from: -1`",
    ]


# --- proofs -------------------------------------------------------------------------------------------


def proved(tmp_path: Path, policy: str, of: str = "") -> list[str]:
    """Return what is proved to change nothing, of a policy without cases."""
    trial = Trial([written(tmp_path, policy)])
    tried = [(mutant, book) for mutant, book in trial.mutants(of=of) if book is not None]
    return [mutant.said() for mutant, book in tried if trial.is_equivalent(book)]


TWO_ROWS = """policy: two
decisions:
  two:
    kind: rules
    hit: unique
    outputs: {two: {type: category, options: [few, many]}}
    rows:
      - {id: few, when: {visits_past_year: {at_most: 3}}, then: {two: few}}
      - {id: many, when: {visits_past_year: {at_least: 4}}, then: {two: many}}
"""


def test_unique_is_first_where_rows_exclude_each_other(tmp_path: Path) -> None:
    assert proved(tmp_path, TWO_ROWS) == [
        "`hit: unique` changed to `hit: first`",
        "`hit: unique` changed to `hit: any`",
    ]


def test_unique_is_not_first_where_rows_overlap(tmp_path: Path) -> None:
    """With `any` rows that disagree are as much of a conflict, and that is proved too."""
    overlapping = TWO_ROWS.replace("at_least: 4", "at_least: 3")
    assert proved(tmp_path, overlapping, "two") == ["`hit: unique` changed to `hit: any`"]


PAY = """policy: pay
facts:
  people: {subject: consultant_month, add: [contacted, 1]}
decisions:
  pay:
    kind: payout
    subject: consultant_month
    measure: shortfall
    unit: shortfall
    times: people
    bands: [{id: each, from: 0, pays_per_unit: 2.50 yuan, basis: whole}]
    rounding: half_up to 1 yuan
"""


def test_rounding_is_only_without_effect_where_nothing_is_left_to_round(tmp_path: Path) -> None:
    """2.50 yuan a unit leaves half yuan to round, and none where it is paid in whole fen."""
    always = ["`from: 0` changed to `from: -1`", "`basis: whole` changed to `basis: excess`"]
    assert proved(tmp_path, PAY, "pay") == always
    fen = PAY.replace("to 1 yuan", "to 1 fen")
    assert proved(tmp_path, fen, "pay") == [
        *always,
        "`rounding: half_up to 1 fen` changed to `rounding: half_even to 1 fen`",
        "`rounding: half_up to 1 fen` changed to `rounding: up to 1 fen`",
        "`rounding: half_up to 1 fen` changed to `rounding: down to 1 fen`",
        "`rounding: half_up to 1 fen` changed to `rounding: half_up to 10 fen`",
    ]


def test_what_a_payout_counts_is_part_of_the_answer(tmp_path: Path) -> None:
    """No rule reads `people`, but the amount does: a change of it is none that changes nothing."""
    assert proved(tmp_path, PAY, "people") == []


def test_what_nothing_reads_changes_nothing(tmp_path: Path) -> None:
    unread = LOYAL.replace("decisions:", "parameters: {idle: {type: count, value: 4}}\ndecisions:", 1)
    assert proved(tmp_path, unread, "idle") == [
        "`value: 4` changed to `value: 5`",
        "`value: 4` changed to `value: 3`",
    ]


def test_what_a_thing_is_worth_is_part_of_the_answer(tmp_path: Path) -> None:
    assert proved(tmp_path, RICH, "cup") == []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(situations())
def test_what_is_proved_to_change_nothing_changes_nothing(situation: Situation) -> None:
    """On random policies and records the answers are the same, but for what is told of why they are open."""
    with TemporaryDirectory() as directory:
        file = Path(directory, "random.yaml")
        file.write_text(situation.policy.text, encoding="utf-8")
        trial = Trial([file], [])
        same = [book for _, book in trial.mutants(every=5) if book is not None and trial.is_equivalent(book)]
    for record in situation.records:
        for book in same:
            assert answers(book, record, situation) == answers(trial.book, record, situation)


def answers(book: dr.PolicyBook, record: dict[str, object], situation: Situation) -> object:
    """Return what policies say of a record, without the facts that are missing."""
    try:
        answer = book.evaluate(record, as_of=situation.as_of, subject=situation.subject)
    except dr.RecordError as error:
        return str(error)
    found = {name: outcome.to_dict() for name, outcome in answer.items()}
    return {
        name: {key: value for key, value in said.items() if key not in {"missing", "reason"}}
        for name, said in found.items()
    }
