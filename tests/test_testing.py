"""What stores test their policies with: strategies that meet every edge, are always accepted, and shrink well."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules import testing
from dealerrules.cases.coverage import run_cases
from dealerrules.cases.running import PolicyCase
from dealerrules.records import read_record
from dealerrules.strategies.near import days_near
from dealerrules.strategies.reading import Reading
from dealerrules.testing import Threshold, as_of_days, facts, policies, records, thresholds
from dealerrules.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.testing import RandomPolicy

SHIPPED = Path(__file__).parents[1] / "policies"
D = date(2014, 9, 30)
DECISIONS = sorted(dr.load(SHIPPED).decisions)
ASKED = sorted({made.subject for made in dr.load(SHIPPED).decisions.values()})
some = settings(
    max_examples=120,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CARE = """
policy: care
parameters:
  often_enough: {type: count, value: 4}
facts:
  near: {field: customer.attributes.distance, type: distance}
  spent_lately: {sum: visits, take: amount, where: {kind: repair}, within: 90 days}
  since_any: {count: visits, within: {calendar: quarter}}
decisions:
  care:
    kind: rules
    hit: first
    outputs: {care: {type: text}}
    rows:
      - {id: often, when: {visits_past_year: {at_least: often_enough}, loyalty: {at_least: medium}}, then: {care: often}}
      - {id: spender, when: {spent_lately: {more_than: 1000 yuan}, near: {at_most: 25 km}}, then: {care: spender}}
      - {id: insured, when: {insured_years_running: {at_least: 3}}, then: {care: insured}}
      - {id: this-quarter, when: {since_any: {at_least: 2}}, then: {care: this-quarter}}
    otherwise: {care: none}
"""


@cache
def shipped() -> dr.PolicyBook:
    return dr.load(SHIPPED)


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Return so many things of a strategy, the same at every run."""
    found: list[Any] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(each: Any) -> None:
        found.append(each)

    draw()
    return found


def case(book: dr.PolicyBook, name: str, as_of: date, **given: Mapping[str, Any]) -> PolicyCase:
    """Return a case that looks at one decision and wants nothing of it."""
    subject = book.decisions[name].subject
    return PolicyCase("-", "-:1", as_of, subject, given.get("record"), given.get("facts", {}), {name: {}})


def lacking(book: dr.PolicyBook, cases: list[PolicyCase], kinds: set[str]) -> list[str]:
    """Return the targets of the decision that no case shows, but for those about the day, which is always the same."""
    report = run_cases(book, cases)
    assert not report.failures, [str(each.error) for each in report.failures][:3]
    asked = set(cases[0].expect)
    found = [each for each in report.uncovered if each.kind in kinds and each.owner in asked]
    return [str(each) for each in found if "day of evaluation" not in str(each)]


# ---------------------------------------------------------------------------------------------------
# Every edge is met


@pytest.mark.parametrize("name", DECISIONS)
def test_records_meet_every_threshold_from_three_sides(name: str) -> None:
    """Below, on and above each number of a shipped decision."""
    subject = shipped().decisions[name].subject
    found = drawn(records(shipped(), subject, as_of=D, decisions=[name]), 400)
    cases = [case(shipped(), name, D, record=each) for each in found]
    assert lacking(shipped(), cases, {"threshold"}) == []


@pytest.mark.parametrize("name", DECISIONS)
def test_facts_meet_every_threshold_from_three_sides(name: str) -> None:
    subject = shipped().decisions[name].subject
    found = drawn(facts(shipped(), subject, as_of=D, decisions=[name]), 400)
    cases = [case(shipped(), name, D, facts=each) for each in found]
    assert lacking(shipped(), cases, {"threshold"}) == []


def test_the_days_meet_what_depends_on_the_day() -> None:
    """Rules about the day of evaluation itself are met with `as_of_days`."""
    book = shipped()
    gift = ["retention_gift"]
    both = as_of_days(book).flatmap(
        lambda day: st.tuples(st.just(day), records(book, as_of=day, decisions=gift))
    )
    report = run_cases(
        book, [case(book, "retention_gift", day, record=each) for day, each in drawn(both, 300)]
    )
    assert [str(each) for each in report.uncovered if "day of evaluation" in str(each)] == []


def test_a_stores_own_policy_is_met_too() -> None:
    """Sums, distances, runs of cover, calendar windows, parameters; just inside, on and outside the windows."""
    book = dr.loads(CARE)
    found = drawn(records(book, as_of=D), 500)
    cases = [case(book, "care", D, record=each) for each in found]
    report = run_cases(book, cases)
    shown = {"threshold", "answer", "rule", "window"}
    assert [
        str(each) for each in report.uncovered if each.kind in shown and each.lacking != ("unknown",)
    ] == []


FORMS = """
policy: forms
facts:
  a: {field: customer.attributes.a, type: count}
  b: {field: customer.attributes.b, type: count}
  paid: {field: customer.attributes.paid, type: money}
  share_of_a: {field: customer.attributes.share_of_a, type: ratio}
  ends: {field: customer.attributes.ends, type: date}
  added: {add: [a, 20]}
  both: {add: [a, b]}
  taken: {subtract: [a, 20]}
  left: {subtract: [20, a]}
  tenth: {share: 10%, of: paid}
  tenth_of_a: {round_up: {share: 10%, of: a}}
  times: {multiply: [a, b]}
  most: {max: [a, b]}
  fits: {whole_times: [a, b]}
  part: {ratio: [a, b]}
  listed: {lookup: {by: kind, values: {individual: 7, company: 9}}}
  first: {first_known: [household_brand_owners, a]}
  ahead: {days_until: ends}
  kinds: {distinct: visits, take: kind}
  last_amount: {latest: visits, take: amount, if_none: unknown}
  always_settled: {every: visits, that: {status: settled}}
decisions:
  it:
    kind: rules
    hit: collect
    outputs: {it: {type: text}}
    rows:
      - {id: r01, when: {added: {at_least: 25}}, then: {it: a}}
      - {id: r02, when: {both: {more_than: 6}}, then: {it: a}}
      - {id: r03, when: {taken: {at_most: 12}}, then: {it: a}}
      - {id: r04, when: {left: {less_than: 13}}, then: {it: a}}
      - {id: r05, when: {tenth: {at_least: 10 yuan}}, then: {it: a}}
      - {id: r06, when: {tenth_of_a: {at_least: 4}}, then: {it: a}}
      - {id: r07, when: {times: 15}, then: {it: a}}
      - {id: r08, when: {most: {at_least: 17}}, then: {it: a}}
      - {id: r09, when: {fits: {at_least: 5}}, then: {it: a}}
      - {id: r10, when: {part: {at_least: 70%}}, then: {it: a}}
      - {id: r11, when: {listed: 7}, then: {it: a}}
      - {id: r12, when: {first: {at_least: 19}}, then: {it: a}}
      - {id: r13, when: {ahead: {at_most: 45 days}}, then: {it: a}}
      - {id: r14, when: {kinds: {at_least: 3}}, then: {it: a}}
      - {id: r15, when: {last_amount: {at_least: 333 yuan}}, then: {it: a}}
      - {id: r16, when: {always_settled: false, share_of_a: {more_than: 33.3%}}, then: {it: a}}
      - {id: r17, when: {not: {any: [{kind: {one_of: [company]}}, {loyalty: {known: false}}]}, stage: late}, then: {it: a}}
      - {id: r18, when: {rank: {at_least: gold}, region: {none_of: [晋江]}}, then: {it: a}}
      - {id: r19, when: {flag: 2, rank.money: gold}, then: {it: a}}
  stage: {kind: stage, measure: days_since_last_visit, stages: {early: {from: 0 days}, late: {from: 31 days}}}
  flag:
    kind: rules
    hit: unique
    outputs: {flag: {type: count}}
    rows: [{id: f, when: {b: 11}, then: {flag: 2}}]
    otherwise: {flag: 0}
  rank: {kind: tier, levels: {gold: {}, rest: {}}, angles: {money: {gold: [{id: g, when: {paid: {at_least: 777 yuan}}}]}}}
"""


def test_values_are_found_through_every_form_of_fact() -> None:
    """What a rule compares is worked back to what a record holds: through sums, shares, lookups, other decisions."""
    book = dr.loads(FORMS)
    cases = [
        case(book, "it", D, record=each) for each in drawn(records(book, as_of=D, decisions=["it"]), 1500)
    ]
    never = {"r07", "r11", "r19"}  # 14 and 16 need other factors than 15; 7 or 9, 0 or 2, and nothing else
    report = run_cases(book, cases)
    assert not report.failures
    mine = [each for each in report.uncovered if each.owner == "it"]
    open_ = [each for each in mine if each.kind == "threshold" and each.part not in never]
    held = [each for each in mine if each.kind == "rule" and "true" in each.lacking]
    assert [str(each) for each in (*open_, *held)] == []


def test_events_lie_inside_on_and_outside_the_windows() -> None:
    days = {
        visit["visited_on"]
        for each in drawn(records(shipped(), as_of=D), 300)
        for visit in each.get("visits", ())
    }
    assert {date(2013, 9, 29), date(2013, 9, 30), date(2013, 10, 1), D, date(2014, 10, 1)} <= days
    assert date(2012, 2, 29) in days_near(D, {})


def test_unknown_and_absent_and_every_word_are_drawn() -> None:
    found = drawn(facts(shipped(), as_of=D, decisions=["tier", "churn_class", "retention_gift"]), 400)
    assert {each.get("loyalty", "left out") for each in found} == {"low", "medium", "high", None, "left out"}
    assert {each.get("media", "left out") for each in found} == {True, False, None, "left out"}
    assert any(each.get("last_visit_on") is ABSENT for each in found)
    assert {"惠安", "elsewhere"} <= {each.get("region") for each in found}
    fields = [each.get("loyalty", "left out") for each in drawn(records(shipped(), as_of=D), 300)]
    assert {"low", "medium", "high", None, "left out"} == set(fields)


def test_the_days_are_those_that_trip_calendars() -> None:
    book = dr.loads("""
policy: care
effective: {from: 2014-09-01, until: 2015-02-28}
decisions:
  care: {kind: rules, hit: unique, outputs: {care: {type: boolean}}, otherwise: {care: false},
         rows: [{id: spring, when: {as_of: {at_least: 2015-01-10}}, then: {care: true}}]}
""")
    days = set(drawn(as_of_days(book), 300))
    assert {date(2014, 9, 1), date(2014, 9, 30), date(2014, 12, 31), date(2015, 2, 28)} <= days
    assert {date(2015, 1, 9), date(2015, 1, 10), date(2015, 1, 11)} <= days
    assert all(book.edition(day) is not None for day in days)


# ---------------------------------------------------------------------------------------------------
# Whatever is drawn is accepted


@some
@given(policies(), st.sampled_from([True, False]), st.data())
def test_what_is_drawn_for_any_policy_is_accepted(
    policy: RandomPolicy, unknown: bool, data: st.DataObject
) -> None:
    """Policies compile, records are read, ready-made facts are taken."""
    day = data.draw(as_of_days(policy.book))
    record = data.draw(records(policy.book, policy.subject, as_of=day, unknown=unknown))
    read_record(record, policy.subject)
    policy.book.evaluate(record, as_of=day, subject=policy.subject)
    given_facts = data.draw(facts(policy.book, policy.subject, as_of=day, unknown=unknown))
    policy.book.evaluate_facts(policy.subject, given_facts, as_of=day)


@pytest.mark.parametrize("subject", ASKED)
def test_nothing_is_unknown_where_nothing_may_be(subject: str) -> None:
    """Then every fact that the decisions need is there, and every field that they read."""
    reading = Reading.of(shipped().editions[-1], subject)
    for each in drawn(facts(shipped(), subject, as_of=D, unknown=False), 60):
        assert each.keys() == reading.base.keys()
        assert None not in each.values()
    for each in drawn(records(shipped(), subject, as_of=D, unknown=False), 60):
        needed = reading.fields(subject).keys() - {"store_id", "household_id"}
        assert needed <= each.keys()
        assert None not in each.values()


def test_facts_do_not_contradict_each_other() -> None:
    """No visit in a year, and a visit last month: that is nobody. No more repairs than visits."""
    for each in drawn(facts(shipped(), as_of=D), 400):
        visits, last = each.get("visits_past_year"), each.get("last_visit_on")
        if isinstance(last, date):
            assert last <= D
            assert visits != 0 or last <= date(2013, 9, 30)
            assert not visits or last > date(2013, 9, 30) or each.get("visits_past_year") is None
        repairs = each.get("repairs_past_year")
        assert visits is None or repairs is None or repairs <= visits


# ---------------------------------------------------------------------------------------------------
# What fails is made small


def smallest(strategy: st.SearchStrategy[Any], wrong: Any) -> Any:
    """Return what Hypothesis shows of a test that fails."""
    found: list[Any] = []

    @settings(
        max_examples=2000,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def law(each: Any) -> None:
        if wrong(each):
            found.append(each)
            raise AssertionError

    with pytest.raises(AssertionError):
        law()
    return found[-1]


def test_a_planted_bug_shrinks_to_the_visits_that_show_it() -> None:
    """A store meant four visits and wrote more than four."""
    book = dr.loads("""
policy: care
decisions:
  care:
    kind: rules
    hit: unique
    outputs: {care: {type: boolean}}
    rows:
      - {id: often, when: {visits_past_year: {more_than: 4}, loyalty: {at_least: medium}}, then: {care: true}}
    otherwise: {care: false}
""")

    def refused(record: dict[str, Any]) -> bool:
        visits = [
            each
            for each in record.get("visits", ())
            if date(2013, 9, 30) < each["visited_on"] <= D
            and each.get("status") not in {"cancelled", "deleted"}
        ]
        loyal = record.get("loyalty") in {"medium", "high"}
        return len(visits) >= 4 and loyal and book.evaluate(record, as_of=D)["care"].value is False

    found = smallest(records(book, as_of=D), refused)
    assert found == {"customer_id": "X1", "visits": [{"visited_on": D}] * 4, "loyalty": "medium"}


def test_a_planted_bug_shrinks_to_the_facts_that_show_it() -> None:
    """Exactly the target should have paid by the vehicle."""
    book = dr.loads("""
policy: bonus
decisions:
  bonus:
    kind: payout
    subject: recall_campaign
    measure: attainment
    unit: returned
    bands:
      - {from: 0%, pays: 0 yuan}
      - {over: 100%, pays_per_unit: 10 yuan, basis: whole}
""")

    def unpaid(given_facts: dict[str, Any]) -> bool:
        target, returned = given_facts.get("target"), given_facts.get("returned")
        reached = bool(target) and bool(returned) and returned >= target
        answer = book.evaluate_facts("recall_campaign", given_facts, as_of=D)
        return reached and not answer.payout("bonus").amount

    assert smallest(facts(book, "recall_campaign", as_of=D), unpaid) == {"returned": 1, "target": 1}


def test_a_policy_shrinks_to_what_matters() -> None:
    """Of all policies, the shortest with a payout of an excess is a payout of an excess and nothing else."""
    found = smallest(policies("customer"), lambda policy: "basis: excess" in policy.text)
    assert len(found.document["decisions"]) == 1
    assert "parameters" not in found.document
    assert "facts" not in found.document
    assert len(found.text.splitlines()) <= 15


# ---------------------------------------------------------------------------------------------------
# Thresholds


def test_thresholds_say_what_is_compared() -> None:
    found = thresholds(dr.loads(CARE), "care")
    assert [(each.rules, each.fact, str(each.below), str(each.on), str(each.above)) for each in found] == [
        (("insured",), "insured_years_running", "2", "3", "4"),
        (("often",), "visits_past_year", "3", "4", "5"),
        (("spender",), "spent_lately", "999.99", "1000.00", "1000.01"),
        (("spender",), "near", "24.9", "25", "25.1"),
        (("this-quarter",), "since_any", "1", "2", "3"),
    ]
    assert found[1].text("zh") == "care：近12个月进站次数 至少 4（often_enough）"
    assert str(found[1]) == "care: visits in the past 12 months at least 4 (often_enough)"


def test_a_threshold_at_the_least_has_nothing_below() -> None:
    first = thresholds(shipped(), "churn_stage")[0]
    assert (first.below, first.on, first.above) == (None, 0, 1)
    assert isinstance(first, Threshold)


def test_thresholds_are_those_of_a_day() -> None:
    text = CARE.replace("policy: care", "policy: care\neffective: {from: 2014-09-01}")
    assert thresholds(dr.loads(text), "care", as_of="2014-08-31") == ()
    assert len(thresholds(dr.loads(text), "care", as_of="2014-09-01")) == 5


# ---------------------------------------------------------------------------------------------------
# Mistakes


def test_what_there_is_none_of_is_refused_at_once() -> None:
    with pytest.raises(dr.RecordError, match="did you mean `tier`"):
        records(shipped(), as_of=D, decisions=["teir"])
    with pytest.raises(dr.RecordError, match="customers"):
        facts(shipped(), "customers", as_of=D)
    with pytest.raises(dr.RecordError, match="date"):
        facts(shipped(), as_of="yesterday")
    with pytest.raises(dr.RecordError, match="did you mean `tier`"):
        thresholds(shipped(), "teir")


@pytest.mark.parametrize("day", ["1980-01-01", "0001-01-01", "9999-12-31"])
def test_on_any_day_something_is_drawn(day: str) -> None:
    """Where nothing is in force nothing is decided: but that is a question as well. Calendars have an end."""
    for each in drawn(records(shipped(), as_of=day), 60):
        shipped().evaluate(each, as_of=day)
    for each in drawn(facts(shipped(), as_of=day), 60):
        shipped().evaluate_facts("customer", each, as_of=day)


def test_without_hypothesis_the_error_says_what_to_install() -> None:
    """The rest of `testing` works without it."""
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from dealerrules.testing import run_cases, thresholds\n"
        "from dealerrules.testing import records\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        'ModuleNotFoundError: random records and policies need Hypothesis: pip install "dealerrules[testing]" / '
        '随机记录和随机政策需要 Hypothesis：pip install "dealerrules[testing]"'
    )


@pytest.mark.parametrize("missing", ["hypothesis", "dealerrules.strategies.author"])
def test_only_hypothesis_is_said_to_be_missing(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What else cannot be imported is told as it is."""
    monkeypatch.delitem(sys.modules, "dealerrules.strategies.drawing")
    monkeypatch.delattr("dealerrules.strategies.drawing")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        testing.__getattr__("records")
    assert caught.value.name == missing
    assert ("pip install" in str(caught.value)) is (missing == "hypothesis")


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="recrods"):
        testing.recrods  # noqa: B018
