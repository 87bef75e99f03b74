"""Coming changes: exactly the days on which day-by-day evaluation differs, why, and in which words."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules.advice.standing import said
from dealerrules.book import PolicyBook
from dealerrules.demo import customers, subjects
from dealerrules.edges import known_record
from dealerrules.expr import Window, window_start
from dealerrules.policy.model import linked
from dealerrules.records import read_record
from dealerrules.turns import Days, Every, Months, Next, Turn, turns
from dealerrules.values import ABSENT, months_since
from strategies import Dice, a_policy, a_situation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.advice.coming import Coming
    from dealerrules.policy.model import Edition
    from dealerrules.values import Type

POLICIES = Path(__file__).parents[1] / "policies"
D = date(2014, 9, 30)
ONE = timedelta(days=1)
MANY = int(os.environ.get("COMING_EXAMPLES", "24"))


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


# ---------------------------------------------------------------------------------------------------
# Day by day


def day_by_day(
    book: dr.PolicyBook,
    subject: str,
    as_of: date,
    until: date,
    record: Mapping[str, Any] | None,
    facts: Mapping[str, Any] | None = None,
) -> list[tuple[date, str, Any, Any]]:
    """Return every change of an outcome, found by evaluating every day."""
    known = known_record(read_record(record, subject), as_of) if record is not None else None

    first = book.edition(as_of)
    present = first.given_types(subject) if first is not None else {}

    def standing(day: date) -> dict[str, Any]:
        if known is not None:
            found = book.evaluate(known, as_of=day)
        else:
            edition = book.edition(day)
            there = taken(edition, subject, facts or {}, present)
            found = book.evaluate_facts(subject, there, as_of=day)
        return {name: said(outcome) for name, outcome in found.items()}

    changes = []
    before = standing(as_of)
    for day in (as_of + ONE * step for step in range(1, (until - as_of).days + 1)):
        now = standing(day)
        changes += [(day, name, before[name], now[name]) for name in sorted(now) if now[name] != before[name]]
        before = now
    return changes


def taken(
    edition: Edition | None, subject: str, facts: Mapping[str, Any], types: Mapping[str, Type]
) -> dict[str, Any]:
    """Return the ready-made facts of some types that a version takes."""
    known = edition.given_types(subject) if edition is not None else {}
    return {
        name: value
        for name, value in facts.items()
        if known.get(name) == types[name]
        and (value is not ABSENT or (edition is not None and edition.may_be_absent(subject, name)))
    }


def found_by(changes: tuple[Coming, ...]) -> list[tuple[date, str, Any, Any]]:
    return [(each.on, each.decision, said(each.before), said(each.after)) for each in changes]


def two_versions(thrown: Dice, first: dr.PolicyBook, subject: str, cut: date) -> dr.PolicyBook:
    """Return a book whose policy is followed by another one on a day, or some days later."""
    (one,), (other,) = first.editions, a_policy(thrown, subject).book.editions
    begins = cut + ONE * thrown.pick([0, 0, 5])
    return PolicyBook(tuple(linked([replace(one, end=cut - ONE), replace(other, start=begins)])))


@settings(
    max_examples=MANY,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
)
@given(st.integers(0, 10**6))
def test_coming_changes_are_those_of_day_by_day_evaluation(seed: int) -> None:
    """On random policies (one in three with a second version), records and ready-made facts, over more than a year."""
    chance = random.Random(seed)
    thrown = Dice(lambda most: chance.randint(0, most))
    situation = a_situation(thrown)
    book, subject, as_of = situation.book, situation.subject, situation.as_of
    until = as_of + ONE * 380
    if thrown.chance(3):
        book = two_versions(thrown, book, subject, as_of + ONE * thrown.number(0, 380))
    for record in situation.records:
        try:
            expected = day_by_day(book, subject, as_of, until, record)
        except dr.RecordError:  # the second version takes an attribute for something else
            continue
        answer = book.evaluate(record, as_of=as_of, subject=subject)
        assert found_by(answer.coming_changes(until)) == expected
    for facts in situation.facts:
        there = taken(book.edition(as_of), subject, facts, situation.edition.given_types(subject))
        answer = book.evaluate_facts(subject, there, as_of=as_of)
        expected = day_by_day(book, subject, as_of, until, None, there)
        assert found_by(answer.coming_changes(until)) == expected


WINDOWS = [
    "3 months",
    "12 months",
    "1 month",
    "30 days",
    "14 days",
    "{calendar: month}",
    "{calendar: quarter}",
    "{calendar: year}",
]
TIMES = ["visited", "bought", "attribute", "either", "contacted", "lately"]
CLOCKWORK = """
policy: clockwork
facts:
  visited: {latest: visits}
  bought: {earliest: vehicles}
  attribute: {field: customer.attributes.day, type: date}
  either: {first_known: [lately, attribute]}
  lately: {latest: visits, where: {kind: maintenance}, within: WINDOW}
  contacted: {latest: contacts, within: WINDOW}
  counted: {count: visits, within: WINDOW}
  spent: {sum: visits, take: amount, within: WINDOW}
  following: {count: visits, after: contacted}
  covered: {streak: insurance, allow_gap: GAP}
  ending: {count: insurance, where: {ends_on: {days_until: {at_least: 0 days, less_than: DAYS}}}}
  warranted: {some: vehicles, that: {warranty_until: {days_until: {at_least: 0 days}}}}
  settled: {every: visits, where: {settled_on: {known: true}}, that: {settled_on: {months_since: {at_least: MONTHS}}}, within: 2 years}
  eve: {before: {latest: visits, within: WINDOW}, fact: counted}
  waited: {months_since: TIME}
  days: {days_since: TIME}
  ahead: {days_until: TIME}
  weeks: {whole_times: [days, 7 days]}
  share: {ratio: [counted, following]}
decisions:
  tier:
    kind: tier
    levels: {gold: {}, silver: {}, general: {}}
    angles:
      one:
        gold: [{id: a, when: {counted: {at_least: 2}, waited: {less_than: MONTHS}}}, {id: b, when: {any: [{covered: {at_least: 2}}, {not: {days: {at_most: DAYS}}}]}}]
        silver: [{id: c, when: {spent: {more_than: 100 yuan}}}, {id: d, when: {warranted: true, attribute: {known: true}}}]
      two:
        silver: [{id: e, when: {TIME: {days_until: {less_than: DAYS}}, settled: true}}]
  waiting: {kind: stage, measure: waited, stages: {near: {from: 0 months}, far: {from: MONTHS}, gone: {from: 2 years}}, when_absent: never, first: {ahead: {when: {ahead: {more_than: 0 days}}}}}
  lasting: {kind: stage, measure: days, stages: {short: {from: 0 days}, long: {from: DAYS}}, when_absent: never}
  years: {kind: stage, measure: covered, stages: {none: {from: 0}, one: {from: 1}, two: {from: 2}, three: {from: 3}}}
  eves: {kind: stage, measure: eve, stages: {none: {from: 0}, some: {from: 1}}, when_absent: never}
  shares: {kind: stage, measure: share, stages: {few: {from: 0%}, many: {from: 60%}}}
  pay: {kind: payout, pays: 10 yuan, times: weeks}
  worth: {kind: payout, measure: counted, unit: counted, bands: [{from: 0, pays: 1 yuan}, {from: 2, pays_per_unit: 5 yuan, basis: whole}]}
  gift: {kind: offer, when: {tier: {at_least: silver}, waiting: {is_not: far}}, bands: [{id: cake, always: [cake]}]}
  plan:
    kind: rules
    hit: collect
    outputs: {plan: {type: text}}
    rows:
      - {id: soon, when: {ending: {at_least: 1}}, then: {plan: a}}
      - {id: season, when: {lasting: long}, effective: {from: SEASON}, then: {plan: b}}
      - {id: old, when: {TIME: {at_most: 2012-02-29}, share: {known: true}}, then: {plan: c}}
items: {cake: {value: 30 yuan}}
"""


def clockwork(chance: random.Random) -> dr.PolicyBook:
    """Return a policy in which everything hangs on the day."""
    picks = {
        "WINDOW": WINDOWS,
        "TIME": TIMES,
        "GAP": ["0 days", "3 days", "30 days"],
        "DAYS": ["1 days", "14 days", "31 days", "365 days"],
        "MONTHS": ["1 month", "6 months", "1 year"],
        "SEASON": ["2014-10-07", "2012-03-01, until: 2012-03-31"],
    }
    text = CLOCKWORK
    for word, choices in picks.items():
        while word in text:
            text = text.replace(word, chance.choice(choices), 1)
    return dr.loads(text)


def some_day(chance: random.Random, as_of: date, back: int = 800, ahead: int = 40) -> date:
    """Return a day, often the end of a month or beside one."""
    day = as_of + ONE * chance.randint(-back, ahead)
    return day if chance.random() < 0.5 else day.replace(day=1) - ONE * chance.randint(-1, 2)


def timed_record(chance: random.Random, as_of: date) -> dict[str, Any]:
    """Return a customer whose events lie around all edges."""
    day = lambda **more: some_day(chance, as_of, **more)  # noqa: E731 - short, and used in every line below
    covers = []
    start = day(back=1500, ahead=-300)
    for _ in range(chance.randint(0, 4)):
        covers.append({"starts_on": start, "ends_on": start + ONE * chance.choice([200, 364, 365])})
        start = covers[-1]["ends_on"] + ONE * chance.choice([1, 1, 4, 31, 40])
    return {
        "customer_id": "C1",
        "attributes": {"day": day(ahead=300).isoformat()} if chance.random() < 0.7 else {},
        "vehicles": [
            {"purchased_on": day(), "warranty_until": day(ahead=300)} for _ in range(chance.randint(0, 2))
        ],
        "visits": [
            {
                "visited_on": (visited := day()),
                "kind": chance.choice(["maintenance", "repair", None]),
                "amount": chance.choice([50, 120, None]),
                "settled_on": chance.choice([None, visited, visited + ONE * 40]),
                "status": chance.choice([None, "settled", "cancelled"]),
            }
            for _ in range(chance.randint(0, 6))
        ],
        "insurance": covers,
        "contacts": [{"contacted_on": day(back=100)} for _ in range(chance.randint(0, 2))],
    }


DAYS = [date(2014, 9, 30), date(2012, 2, 29), date(2011, 8, 31), date(2015, 2, 28), date(2014, 12, 31)]


def test_policies_in_which_everything_hangs_on_the_day() -> None:
    """Day by day for more than a year; each change has its cause, and can be told in both languages."""
    seen = 0
    for seed in range(MANY // 2):
        chance = random.Random(seed)
        book, as_of = clockwork(chance), chance.choice(DAYS)
        until = as_of + ONE * 400
        for _ in range(3):
            record = timed_record(chance, as_of)
            changes = book.evaluate(record, as_of=as_of).coming_changes(until)
            assert found_by(changes) == day_by_day(book, "customer", as_of, until, record), (seed, record)
            for change in changes:
                assert change.cause, change
                assert change.to_dict()["text"] == {"zh": change.text("zh"), "en": change.text("en")}
            seen += len(changes)
    assert seen > 20 * MANY


def test_shipped_policies_day_by_day() -> None:
    """For customers and all other subjects of the artificial store, into the new year."""
    until = date(2015, 3, 31)
    seen = 0
    for subject, record in (*(("customer", each) for each in customers(25, as_of=D)), *subjects(2, as_of=D)):
        answer = book().evaluate(record, as_of=D, subject=subject)
        changes = found_by(answer.coming_changes(until))
        assert changes == day_by_day(book(), subject, D, until, record)
        seen += len(changes)
    assert seen > 60


# ---------------------------------------------------------------------------------------------------
# Windows solved for their edges


AWKWARD = [
    date(year, month, day)
    for year, month, day in (
        (2011, 12, 31), (2012, 1, 29), (2012, 1, 30), (2012, 1, 31), (2012, 2, 28), (2012, 2, 29), (2012, 3, 1),
        (2013, 2, 28), (2013, 8, 30), (2013, 8, 31), (2014, 6, 30),
    )
]  # fmt: skip


@pytest.mark.parametrize("months", [-13, -1, 0, 1, 6, 11, 12, 13, 24])
@pytest.mark.parametrize("day", AWKWARD, ids=str)
def test_months_are_full_on_the_first_day_on_which_as_many_have_passed(day: date, months: int) -> None:
    first, last = date(2009, 1, 1), date(2017, 1, 1)
    every = [first + ONE * step for step in range((last - first).days)]
    expected = [
        at
        for before, at in zip(every, every[1:], strict=False)
        if months_since(day, before) < months <= months_since(day, at)
    ]
    assert sorted(turns(Months(frozenset({months})), day, first, last)) == expected


@pytest.mark.parametrize("day", AWKWARD, ids=str)
@pytest.mark.parametrize("size", [1, 12])
def test_every_month_and_year(day: date, size: int) -> None:
    first, last = date(2011, 6, 1), date(2016, 6, 1)
    every = [first - ONE + ONE * step for step in range((last - first).days + 2)]
    expected = {
        at
        for before, at in zip(every, every[1:], strict=False)
        if months_since(day, before) // size != months_since(day, at) // size
    }
    assert set(turns(Every(size), day, first, last)) == expected


@pytest.mark.parametrize("period", ["month", "quarter", "year"])
@pytest.mark.parametrize("day", AWKWARD, ids=str)
def test_calendar_windows_are_left_on_the_first_day_of_the_next_one(day: date, period: str) -> None:
    window = Window(None, period)
    after = [day + ONE * step for step in range(1, 400)]
    left = next(at for at in after if (start := window_start(window, at)) is not None and start >= day)
    assert list(turns(Next(period), day, day, day + ONE * 400)) == [left]


@pytest.mark.parametrize(
    "turn", [Months(frozenset({10**6})), Next("year"), Every(1), Days(frozenset({5}))], ids=repr
)
def test_nothing_comes_after_the_last_day_there_is(turn: Turn) -> None:
    assert list(turns(turn, date.max, date(2014, 1, 1), date.max)) <= [date.max]


# ---------------------------------------------------------------------------------------------------
# Worked cases: each form in which time goes by, in words

FORMS = """
policy: forms
title: {zh: 时间的各种形式, en: Forms of time}
facts:
  visits_this_quarter: {title: {zh: 本季度进站, en: Visits this quarter}, count: visits, within: {calendar: quarter}}
  visits_lately: {title: {zh: 近6个月进站, en: Visits lately}, count: visits, within: 6 months}
  visits_fortnight: {title: {zh: 近14天进站, en: Visits of 14 days}, count: visits, within: 14 days}
  covered_years: {title: {zh: 连续投保年数, en: Years covered}, streak: insurance, allow_gap: 3 days}
  ending: {title: {zh: 将到期保单, en: Covers that end soon}, count: insurance, where: {ends_on: {days_until: {at_least: 0 days, at_most: 10 days}}}}
  complained_on: {title: {zh: 投诉日期, en: Complained on}, latest: contacts, where: {purpose: complaint}, within: 1 month}
  visits_since: {title: {zh: 投诉后进站, en: Visits since}, count: visits, after: complained_on}
decisions:
  quarter: {kind: stage, measure: visits_this_quarter, stages: {none: {from: 0, title: {zh: 没来, en: None}}, some: {from: 1, title: {zh: 来过, en: Some}}}}
  lately: {kind: stage, measure: visits_lately, stages: {none: {from: 0}, some: {from: 1}}}
  fortnight: {kind: stage, measure: visits_fortnight, stages: {none: {from: 0}, some: {from: 1}}}
  years: {kind: stage, measure: covered_years, stages: {none: {from: 0}, one: {from: 1}, two: {from: 2}}}
  soon: {kind: stage, measure: ending, stages: {none: {from: 0}, some: {from: 1}}}
  since: {kind: stage, measure: visits_since, stages: {few: {from: 0}, many: {from: 2}}}
"""


def told(
    text: str, record: dict[str, Any], until: str, as_of: str = "2014-09-30", lang: str = "en", **more: Any
) -> list[str]:
    answer = dr.loads(text).evaluate({"customer_id": "C1", **record}, as_of=as_of, **more)
    return [f"{change.decision} {change.text(lang)}" for change in answer.coming_changes(until)]


def test_windows_of_months_days_and_quarters() -> None:
    visits = {"visits": [{"visit_id": "V1", "visited_on": "2014-08-31"}, {"visited_on": "2014-09-25"}]}
    assert told(FORMS, visits, "2015-12-31") == [
        "quarter on 2014-10-01: Some → None (Visits this quarter: 2 → 0, the visits of 2014-08-31, 2014-09-25 no longer count)",
        "fortnight on 2014-10-09: some → none (Visits of 14 days: 1 → 0, the visit of 2014-09-25 no longer counts)",
        "lately on 2015-03-25: some → none (Visits lately: 1 → 0, the visit of 2014-09-25 no longer counts)",
    ]
    assert told(FORMS, visits, "2014-10-01", lang="zh") == [
        "quarter 2014-10-01：来过 → 没来（本季度进站：2 → 0，2014-08-31、2014-09-25 的进站不再计入）"
    ]


def test_a_month_end_that_the_later_month_does_not_have() -> None:
    """A visit of 31 August is six months ago on 1 March; in a leap year, one of 29 February stays its year."""
    assert told(FORMS, {"visits": [{"visited_on": "2014-08-31"}]}, "2015-12-31")[1:] == [
        "lately on 2015-03-01: some → none (Visits lately: 1 → 0, the visit of 2014-08-31 no longer counts)"
    ]
    text = "policy: p\ndecisions: {away: {kind: stage, measure: months_since_last_visit, stages: {near: {from: 0 months}, far: {from: 12 months}}}}"
    leap = {"visits": [{"visited_on": "2012-02-29"}]}
    assert told(text, leap, "2014-12-31", "2012-03-01") == [
        "away on 2013-03-01: near → far (Months since the last visit: 11 months → 12 months)"
    ]


def test_runs_of_cover() -> None:
    """A year more on the anniversary, nothing after the last day; a cover that is about to end, from the outside in."""
    covers = {
        "insurance": [
            {"starts_on": "2013-10-31", "ends_on": "2014-10-30"},
            {"starts_on": "2014-09-20", "ends_on": "2014-12-31"},
        ]
    }
    assert told(FORMS, covers, "2016-01-01") == [
        "soon on 2014-10-20: none → some (Covers that end soon: 0 → 1)",
        "soon on 2014-10-31: some → none (Covers that end soon: 1 → 0, the insurance cover of 2013-10-31 no longer counts)",
        "years on 2014-10-31: one → two (Years covered: 1 → 2)",
        "soon on 2014-12-21: none → some (Covers that end soon: 0 → 1)",
        "soon on 2015-01-01: some → none (Covers that end soon: 1 → 0, the insurance cover of 2014-09-20 no longer counts)",
        "years on 2015-01-01: two → none (Years covered: 2 → 0, the insurance cover of 2014-09-20 no longer counts)",
    ]


def test_events_after_a_day_that_moves() -> None:
    """When the complaint leaves its month there is nothing to look from, and all visits count."""
    record = {
        "visits": [{"visited_on": "2014-08-01"}, {"visited_on": "2014-09-20"}],
        "contacts": [{"contacted_on": "2014-09-10", "purpose": "complaint"}],
    }
    assert "since on 2014-10-10: few → many (Visits since: 1 → 2)" in told(FORMS, record, "2014-12-31")


LEVELS = """
policy: levels
decisions:
  club:
    kind: tier
    levels: {gold: {title: {zh: 金卡, en: Gold}}, silver: {title: {zh: 银卡, en: Silver}}, general: {title: {zh: 普通, en: General}}}
    angles:
      visits:
        gold: [{id: two, when: {visits_past_year: {at_least: 2}, loyalty: {is_not: low}}}]
        silver: [{id: one, when: {visits_past_year: {at_least: 1}}}]
  gift:
    kind: offer
    when: {club: {at_least: silver}}
    bands: [{id: cake, always: [cake]}]
  fee: {kind: payout, pays: 10 yuan, times: visits_past_year}
items: {cake: {value: 30 yuan, title: {zh: 蛋糕, en: Cake}}}
"""
TWICE = {"loyalty": "high", "visits": [{"visited_on": "2013-10-05"}, {"visited_on": "2014-02-28"}]}


def test_levels_and_what_reads_them() -> None:
    first = "(Visits in the past 12 months: 2 → 1, the visit of 2013-10-05 no longer counts)"
    second = "(Visits in the past 12 months: 1 → 0, the visit of 2014-02-28 no longer counts)"
    assert told(LEVELS, TWICE, "2015-12-31") == [
        f"club on 2014-10-05: Gold → Silver {first}",
        f"fee on 2014-10-05: 20.00 yuan → 10.00 yuan {first}",
        f"club on 2015-02-28: Silver → General {second}",
        f"fee on 2015-02-28: 10.00 yuan → 0.00 yuan {second}",
        f"gift on 2015-02-28: cake → none {second}",
    ]


def test_a_level_that_is_not_settled() -> None:
    """What is not recorded leaves it open; when it can no longer matter the level is settled, and not worse."""
    first = "(Visits in the past 12 months: 2 → 1, the visit of 2013-10-05 no longer counts)"
    record = {"visits": TWICE["visits"]}
    answer = dr.loads(LEVELS).evaluate({"customer_id": "C1", **record}, as_of=D)
    (change,) = answer.coming_changes("2014-12-31", decisions=["club"])
    assert (change.text(), change.worse, change.better) == (
        f"on 2014-10-05: Silver or better → Silver {first}",
        None,
        None,
    )
    assert change.text("zh") == (
        "2014-10-05：银卡或更高 → 银卡（近12个月进站次数：2 → 1，2013-10-05 的进站不再计入）"
    )


def test_what_would_keep_the_level() -> None:
    """One more visit on that day, and nothing less."""
    answer = dr.loads(LEVELS).evaluate({"customer_id": "C1", **TWICE}, as_of=D)
    (change,) = answer.coming_changes("2014-12-31", decisions=["club"])
    (step,) = change.prevented_by()
    assert (change.worse, step.answer, [(each.fact, each.before, each.after) for each in step.changes]) == (
        True,
        "gold",
        [("visits_past_year", 1, 2)],
    )


def test_a_change_as_plain_values() -> None:
    answer = dr.loads(LEVELS).evaluate({"customer_id": "C1", **TWICE}, as_of=D)
    (change,) = answer.coming_changes("2014-12-31", decisions=["fee"])
    assert change.to_dict() == {
        "decision": "fee",
        "on": "2014-10-05",
        "before": {"status": "decided", "answer": "20.00"},
        "after": {"status": "decided", "answer": "10.00"},
        "worse": True,
        "cause": [
            {
                "kind": "fact",
                "fact": "visits_past_year",
                "elapsed": None,
                "before": 2,
                "after": 1,
                "gone": [{"table": "visits", "on": "2013-10-05", "id": None}],
            }
        ],
        "text": {
            "zh": "2014-10-05：20.00元 → 10.00元（近12个月进站次数：2 → 1，2013-10-05 的进站不再计入）",
            "en": "on 2014-10-05: 20.00 yuan → 10.00 yuan (Visits in the past 12 months: 2 → 1, "
            "the visit of 2013-10-05 no longer counts)",
        },
    }


def test_nothing_later_is_looked_at() -> None:
    """A visit of a day to come keeps no level: on the day of evaluation nobody knows of it."""
    ahead = {**TWICE, "visits": [*TWICE["visits"], {"visited_on": "2014-10-04"}]}
    assert told(LEVELS, ahead, "2015-12-31") == told(LEVELS, TWICE, "2015-12-31")


DATED = """
policy: pay
title: {{zh: 奖励办法, en: Pay}}
effective: {{{effective}}}
decisions:
  pay: {{kind: payout, subject: recall_campaign, {dated} pays: {amount} yuan}}
"""


def versions(tmp_path: Path, dated: str) -> dr.PolicyBook:
    """Return a policy that pays 10 yuan until the end of October, 12 from November on, and ends with the year."""
    (tmp_path / "old.yaml").write_text(
        DATED.format(effective="from: 2014-01-01, until: 2014-10-31", dated=dated, amount=10),
        encoding="utf-8",
    )
    (tmp_path / "new.yaml").write_text(
        DATED.format(effective="from: 2014-11-01, until: 2014-12-31", dated=dated, amount=12),
        encoding="utf-8",
    )
    return dr.load(tmp_path)


def test_a_version_begins_and_the_last_one_ends(tmp_path: Path) -> None:
    answer = versions(tmp_path, "").evaluate({"campaign_id": "R1"}, subject="recall_campaign", as_of=D)
    changes = answer.coming_changes("2016-12-31")
    assert [(change.text(), change.text("zh"), change.worse) for change in changes] == [
        (
            "on 2014-11-01: 10.00 yuan → 12.00 yuan (the policy “Pay” as of 2014-11-01 begins)",
            "2014-11-01：10.00元 → 12.00元（政策“奖励办法”自 2014-11-01 起的版本生效）",
            False,
        ),
        (
            "on 2015-01-01: 12.00 yuan → no answer (no version of the policy “Pay” is in force any more)",
            "2015-01-01：12.00元 → 没有结果（政策“奖励办法”不再有有效的版本）",
            None,
        ),
    ]
    assert [change.to_dict()["cause"] for change in changes] == [
        [{"kind": "policy_begins", "policy": "pay"}],
        [{"kind": "policy_ends", "policy": "pay"}],
    ]


def test_the_subjects_own_date(tmp_path: Path) -> None:
    """It decides under which version a campaign is, once it is reached; what begins later changes nothing."""
    book = versions(tmp_path, "dated_by: ends_on,")
    campaign = {"campaign_id": "R1", "ends_on": "2014-10-15"}
    answer = book.evaluate(campaign, subject="recall_campaign", as_of=D)
    (change,) = answer.coming_changes("2016-12-31")
    assert (change.text(), change.text("zh"), change.to_dict()["cause"]) == (
        "on 2014-10-15: no answer → 10.00 yuan (Last day: 2014-10-15)".replace("Last day", "Ends on"),
        "2014-10-15：没有结果 → 10.00元（结束日期：2014-10-15）",
        [{"kind": "own_date", "fact": "ends_on", "date": "2014-10-15"}],
    )
    undated = book.evaluate({"campaign_id": "R2"}, subject="recall_campaign", as_of=D)
    assert [(str(change.on), said(change.after)) for change in undated.coming_changes("2016-12-31")] == [
        ("2014-11-01", ("undefined", None))
    ]


def test_ready_made_facts() -> None:
    """Dates that are given move; a count that is given stays."""
    text = """
    policy: p
    decisions:
      away: {kind: stage, measure: months_since_last_visit, stages: {near: {from: 0 months}, far: {from: 6 months}}}
      often: {kind: stage, measure: visits_past_year, stages: {few: {from: 0}, many: {from: 1}}}
    """
    facts = {"last_visit_on": "2014-08-31", "visits_past_year": 1}
    answer = dr.loads(text).evaluate_facts("customer", facts, as_of=D)
    assert [(change.decision, change.text()) for change in answer.coming_changes(date(2016, 12, 31))] == [
        ("away", "on 2015-03-01: near → far (Months since the last visit: 5 months → 6 months)")
    ]


def test_a_day_that_is_asked_about_itself() -> None:
    """An `effective` of a row changes on the day after its last one; the day itself is what moved."""
    text = """
    policy: p
    decisions:
      season:
        kind: rules
        hit: unique
        outputs: {season: {type: boolean, title: {zh: 旺季, en: Season}}}
        rows: [{id: autumn, effective: {from: 2014-10-10, until: 2014-10-20}, then: {season: true}}]
        otherwise: {season: false}
    """
    assert told(text, {}, "2015-12-31") == [
        "season on 2014-10-10: no → yes (The day of evaluation: 2014-10-09 → 2014-10-10)",
        "season on 2014-10-21: yes → no (The day of evaluation: 2014-10-20 → 2014-10-21)",
    ]
    assert told(text, {}, "2014-10-10", lang="zh") == [
        "season 2014-10-10：否 → 是（评估日：2014-10-09 → 2014-10-10）"
    ]


def test_an_amount_that_grows_every_day() -> None:
    text = """
    policy: p
    facts:
      days_here: {days_since: first_purchase_on}
      pairs: {whole_times: [days_here, 2 days]}
    decisions: {fee: {kind: payout, pays: 1 yuan, times: pairs}}
    """
    record = {"vehicles": [{"purchased_on": "2014-09-29"}]}
    assert told(text, record, "2014-10-02") == [
        "fee on 2014-10-01: 0.00 yuan → 1.00 yuan (Pairs: 0 → 1)",
    ]


def test_the_day_before_an_event_that_is_forgotten() -> None:
    """When the visit that is looked back from leaves its window there is nothing to look back from."""
    text = """
    policy: p
    facts:
      before_last: {before: {latest: visits, within: 1 month}, fact: visits_past_year}
    decisions: {seen: {kind: stage, measure: before_last, stages: {few: {from: 0}, many: {from: 1}}, when_absent: never}}
    """
    record = {"visits": [{"visited_on": "2014-05-01"}, {"visited_on": "2014-09-15"}]}
    assert told(text, record, "2015-12-31") == ["seen on 2014-10-15: many → never (Before_last: 1 → none)"]


def test_nothing_comes_before_the_day_of_evaluation() -> None:
    answer = dr.loads(LEVELS).evaluate({"customer_id": "C1", **TWICE}, as_of=D)
    assert (answer.coming_changes(D), answer.coming_changes("2013-01-01")) == ((), ())


def test_what_is_asked_wrongly() -> None:
    answer = dr.loads(LEVELS).evaluate({"customer_id": "C1"}, as_of=D)
    with pytest.raises(dr.RecordError) as caught:
        answer.coming_changes("soon")
    assert str(caught.value) == "evaluation, until: a date such as `2014-09-30` is needed, not `soon`"
    assert caught.value.faults[0].text("zh").endswith("最后一天不对：`soon`")
    with pytest.raises(dr.RecordError) as caught:
        answer.coming_changes("2014-12-31", decisions=["clubb"])
    assert str(caught.value) == "customer, decisions: there is no decision `clubb`; did you mean `club`?"


def test_a_far_day_takes_no_longer() -> None:
    """Days are solved for, not tried: until the end of time there are as many as there are edges."""
    answer = dr.loads(FORMS).evaluate(
        {
            "customer_id": "C1",
            "visits": [{"visited_on": "2014-09-01"}],
            "insurance": [{"starts_on": "2014-01-01", "ends_on": "2014-12-31"}],
        },
        as_of=D,
    )
    assert answer.coming_changes(date.max) == answer.coming_changes("2016-12-31")


def test_a_window_past_the_end_of_time_changes_nothing() -> None:
    book = dr.loads(
        "policy: p\nfacts: {ever: {count: visits, within: 99999999999 months}}\n"
        "decisions: {d: {kind: tier, levels: {one: {}, none: {}}, angles: {a: {one: [{id: one, when: {ever: {at_least: 1}}}]}}}}"
    )
    answer = book.evaluate(
        {"customer_id": "C1", "visits": [{"visited_on": "2014-09-01"}]}, as_of="2014-09-30"
    )
    assert answer.coming_changes("2024-09-30") == ()
