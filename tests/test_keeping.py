"""Keeping of levels: the level that is held, day by day, is what the levels reached on the days before come to."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules import demo
from dealerrules.engines.row import Interpreter
from dealerrules.keeping import Kept
from dealerrules.policy.model import linked
from dealerrules.records import read_record
from dealerrules.values import months_before

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ONE = timedelta(days=1)
HEAD = """
policy: members
effective: {EFFECTIVE}
decisions:
  level:
    kind: tier
    title: {zh: 会员级别, en: Member level}
    KEEPS
    levels:
      gold: {title: {zh: 金卡, en: Gold}}
      silver: {title: {zh: 银卡, en: Silver}}
      bronze: {title: {zh: 铜卡, en: Bronze}}
      plain: {title: {zh: 普卡, en: Plain}}
    angles:
      visits:
        title: {zh: 进站, en: Visits}
        gold: [{id: gold, when: {visits_past_year: {at_least: GOLD}}}]
        silver: [{id: silver, when: {visits_past_year: {at_least: 2}, loyalty: high}}]
        bronze: [{id: bronze, when: {visits_past_year: {at_least: 1}}}]
      sales:
        title: {zh: 销售, en: Sales}
        silver: [{id: carried, when: {level.visits: silver, vehicle_referrals: {at_least: 1}}}]
"""
KEEPS = "keeps: {for: 12 months}"
ONE_LEVEL = f"{KEEPS}\n    downgrade: one_level"


def text(keeps: str = "", effective: str = "", gold: int = 3) -> str:
    """Return a policy whose tier keeps levels so."""
    return HEAD.replace("KEEPS", keeps).replace("EFFECTIVE", effective).replace("GOLD", str(gold))


def two_versions(old: str, new: str, gold: int = 6) -> dr.PolicyBook:
    """Return a book of two versions; from March 2014 on more visits are asked for."""
    later = text(new, "from: 2014-03-01", gold)
    return _both(text(old, "until: 2014-02-28"), later)


def _both(*texts: str) -> dr.PolicyBook:
    from dealerrules.book import _book
    from dealerrules.diagnostics import Source
    from dealerrules.policy.scope import Report

    return _book([Source(f"{at}.yaml", each) for at, each in enumerate(texts)], Report())


def record(*visits: str, loyalty: str | None = "high", **more: Any) -> dict[str, Any]:
    """Return a customer with visits on some days."""
    return {
        "customer_id": "C1",
        "loyalty": loyalty,
        "visits": [{"visited_on": day} for day in visits],
        **more,
    }


FOUR = record("2013-03-10", "2013-04-10", "2013-05-10", "2014-01-05")


def days(first: str, last: str) -> Iterator[date]:
    """Yield the days from one to another."""
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    while day <= end:
        yield day
        day += ONE


def story(
    book: dr.PolicyBook, customer: dict[str, Any], first: str, last: str
) -> list[tuple[str, Any, tuple[str, ...], str]]:
    """Return on which days the level, its reasons or its status become others, evaluating every single day."""
    found: list[tuple[str, Any, tuple[str, ...], str]] = []
    for day in days(first, last):
        outcome = book.evaluate(customer, as_of=day).tier("level")
        now = (outcome.level, outcome.because, outcome.status.value)
        if not found or found[-1][1:] != now:
            found.append((str(day), *now))
    return found


# --- what is held -------------------------------------------------------------------------------------


def test_a_level_is_kept_for_twelve_months_after_the_last_day_on_which_it_was_reached() -> None:
    assert story(dr.loads(text(KEEPS)), FOUR, "2013-01-01", "2016-12-31") == [
        ("2013-01-01", "plain", (), "decided"),
        ("2013-03-10", "bronze", ("visits.bronze",), "decided"),
        ("2013-04-10", "silver", ("visits.silver",), "decided"),
        ("2013-05-10", "gold", ("visits.gold",), "decided"),
        ("2014-04-10", "gold", ("kept.gold",), "decided"),
        ("2015-04-09", "silver", ("kept.silver",), "decided"),
        ("2015-05-09", "bronze", ("kept.bronze",), "decided"),
        ("2016-01-04", "plain", (), "decided"),
    ]


def test_levels_that_fall_one_by_one_are_kept_as_long_again() -> None:
    assert story(dr.loads(text(ONE_LEVEL)), FOUR, "2014-01-01", "2018-12-31") == [
        ("2014-01-01", "gold", ("visits.gold",), "decided"),
        ("2014-04-10", "gold", ("kept.gold",), "decided"),
        ("2015-04-09", "silver", ("kept.silver",), "decided"),
        ("2016-04-09", "bronze", ("kept.bronze",), "decided"),
        ("2017-04-09", "plain", (), "decided"),
    ]


@pytest.mark.parametrize(
    ("reached", "on", "level"),
    [
        ("2014-03-31", "2015-03-30", "gold"),  # the last day of the twelve months
        ("2014-03-31", "2015-03-31", "plain"),  # twelve months are over
        ("2014-03-31", "2015-04-01", "plain"),
        ("2012-02-29", "2013-02-28", "gold"),  # 29 February of the year before is not yet twelve months ago
        ("2012-02-29", "2013-03-01", "plain"),
        ("2013-02-28", "2014-02-27", "gold"),
        ("2013-02-28", "2014-02-28", "plain"),
    ],
)
def test_the_day_on_which_twelve_months_are_over(reached: str, on: str, level: str) -> None:
    book = dr.loads(
        "policy: p\ndecisions: {level: {kind: tier, keeps: {for: 12 months}, levels: {gold: {}, plain: {}}, "
        f"angles: {{all: {{gold: [{{id: that-day, when: {{as_of: {{is: {reached}}}}}}}]}}}}}}}}"
    )
    assert book.evaluate(record(), as_of=on).tier("level").level == level


def held(levels: dict[date, int], day: date, lowest: int, *, falls: bool) -> int:
    """Return the level that is held on a day, by its place, from the levels that were reached on each day."""
    found = [levels[day]]
    for each, place in levels.items():
        for times in range(1, lowest + 1 if falls else 2):
            counts = months_before(day, 12 * times) < each < day
            found += [min(place + times - 1, lowest)] if counts else []
    return min(found)


@pytest.mark.parametrize("keeps", [KEEPS, ONE_LEVEL])
@pytest.mark.parametrize("seed", range(3))
def test_the_level_is_the_best_that_still_counts_whatever_the_customer(seed: int, keeps: str) -> None:
    plain, kept = dr.loads(text()), dr.loads(text(keeps))
    customer = next(iter(demo.customers(1, as_of=date(2014, 9, 30), seed=seed)))
    customer = read_record({**customer, "loyalty": "high"}, "customer")
    names = ["gold", "silver", "bronze", "plain"]
    reached = {
        day: names.index(plain.evaluate(customer, as_of=day).tier("level").level or "")
        for day in days("2011-01-01", "2014-12-31")
    }
    said = {}
    for day in list(days("2014-01-01", "2014-12-31"))[::5]:
        expected = held(reached, day, 3, falls=keeps is ONE_LEVEL)
        outcome = kept.evaluate(customer, as_of=day).tier("level")
        said[day] = outcome.level, outcome.earned
        assert said[day] == (names[expected], names[reached[day]]), day
        traced = Interpreter(kept.editions[0], "customer", day, customer).decide("level").verdict
        assert (traced.answer, traced.because) == (outcome.level, outcome.because)


# --- what is unknown ----------------------------------------------------------------------------------


def test_a_level_that_may_have_been_reached_may_be_kept() -> None:
    book, customer = dr.loads(text(KEEPS)), record("2013-12-01", "2014-01-05", loyalty=None)
    outcome = book.evaluate(customer, as_of="2015-06-01").tier("level")
    assert (outcome.level, outcome.status, outcome.because) == ("bronze", "undetermined", ("kept.bronze",))
    assert (outcome.undetermined, outcome.missing) == (("kept.silver",), ("loyalty",))
    # silver may have been reached until 2014-11-30, when the first visit left the year
    assert story(book, customer, "2015-06-01", "2016-06-01") == [
        ("2015-06-01", "bronze", ("kept.bronze",), "undetermined"),
        ("2015-11-30", "bronze", ("kept.bronze",), "decided"),
        ("2016-01-04", "plain", (), "decided"),
    ]


def test_nothing_that_happens_later_is_read_of_a_day_before() -> None:
    book = dr.loads(text(KEEPS))
    before = book.evaluate(record("2013-03-10"), as_of="2013-06-01").tier("level")
    later = book.evaluate(record("2013-03-10", "2013-07-01", "2013-07-02"), as_of="2013-06-01").tier("level")
    assert (before.level, later.level) == ("bronze", "bronze")


# --- what is told -------------------------------------------------------------------------------------


def test_since_and_until_when_a_level_is_kept() -> None:
    book = dr.loads(text(KEEPS))
    outcome = book.evaluate(FOUR, as_of="2014-12-01").tier("level")
    kept = Kept("gold", date(2014, 4, 9), date(2015, 4, 9), ("visits.gold",))
    assert (outcome.level, outcome.earned, outcome.kept) == ("gold", "bronze", kept)
    assert outcome.to_dict() == {
        "kind": "tier",
        "status": "decided",
        "level": "gold",
        "earned": "bronze",
        "kept": {
            "level": "gold",
            "reached_on": "2014-04-09",
            "until": "2015-04-09",
            "because": ["visits.gold"],
        },
        "angles": {"visits": "bronze", "sales": "plain"},
        "cadence": None,
        "benefits": {},
        "follow_up": [],
        "because": ["kept.gold"],
        "matched": ["kept.bronze", "kept.gold", "kept.silver", "visits.bronze"],
        "undetermined": [],
        "missing": [],
        "reason": None,
        "data": None,
    }
    assert book.evaluate(FOUR, as_of="2014-02-01").tier("level").kept is None  # the rules grant it
    assert "kept" not in dr.loads(text()).evaluate(FOUR, as_of="2014-12-01")["level"].to_dict()


def test_a_level_that_has_fallen_says_from_which_one() -> None:
    outcome = dr.loads(text(ONE_LEVEL)).evaluate(FOUR, as_of="2016-01-01").tier("level")
    assert outcome.level == "silver"
    assert outcome.kept == Kept("gold", date(2014, 4, 9), date(2016, 4, 9), ("visits.gold",))


def test_the_explanation_says_by_what_it_was_reached() -> None:
    answer = dr.loads(text(KEEPS)).evaluate(FOUR, as_of="2014-12-01")
    said = answer.explain("en").text
    assert "because kept.gold Gold is kept" in said
    told = "Gold last reached on 2014-04-09 by visits.gold, kept until 2015-04-09, when it is over"
    assert told in " ".join(said.split())
    assert "最后一次达到金卡是 2014-04-09（visits.gold），保留到 2015-04-09（不含当天）" in "".join(
        answer.explain("zh").text.split("\n        ")
    )


def test_coming_changes_know_the_day_on_which_it_is_over() -> None:
    answer = dr.loads(text(KEEPS)).evaluate(FOUR, as_of="2014-12-01")
    assert [change.text() for change in answer.coming_changes("2016-12-31")] == [
        "on 2015-04-09: Gold → Silver (Gold is kept: yes → no)",
        "on 2015-05-09: Silver → Bronze (Silver is kept: yes → no)",
        "on 2016-01-04: Bronze → Plain (Bronze is kept: yes → no)",
    ]


def test_ready_made_facts_say_whether_a_level_is_kept() -> None:
    book = dr.loads(text(KEEPS))
    facts = {"visits_past_year": 1, "loyalty": "low", "vehicle_referrals": 0}
    none = {"level_gold_kept": False, "level_silver_kept": False, "level_bronze_kept": False}
    told = book.evaluate_facts("customer", {**facts, **none, "level_silver_kept": True}, as_of="2014-09-30")
    assert (told.tier("level").level, told.tier("level").because) == ("silver", ("kept.silver",))
    open_ = book.evaluate_facts("customer", facts, as_of="2014-09-30").tier("level")
    assert (open_.level, open_.status, open_.missing) == (
        "bronze",
        "undetermined",
        ("level_gold_kept", "level_silver_kept"),
    )


# --- when the version changes -------------------------------------------------------------------------

SWITCH = ("2014-01-01", "2016-12-31")


def test_re_evaluate_looks_at_all_days_by_the_new_version() -> None:
    assert story(two_versions(KEEPS, f"{KEEPS}\n    transition: re_evaluate"), FOUR, *SWITCH) == [
        ("2014-01-01", "gold", ("visits.gold",), "decided"),
        ("2014-03-01", "silver", ("visits.silver",), "decided"),
        ("2014-05-10", "silver", ("kept.silver",), "decided"),
        ("2015-05-09", "bronze", ("kept.bronze",), "decided"),
        ("2016-01-04", "plain", (), "decided"),
    ]
    assert story(two_versions(KEEPS, KEEPS), FOUR, *SWITCH)[1] == (
        "2014-03-01",
        "silver",
        ("visits.silver",),
        "decided",
    )


@pytest.mark.parametrize("old", ["", KEEPS])
def test_keep_until_expiry_looks_at_each_day_by_the_version_of_that_day(old: str) -> None:
    book = two_versions(old, f"{KEEPS}\n    transition: keep_until_expiry")
    assert story(book, FOUR, *SWITCH) == [
        ("2014-01-01", "gold", ("visits.gold",), "decided"),
        ("2014-03-01", "gold", ("kept.gold",), "decided"),
        ("2015-02-28", "silver", ("kept.silver",), "decided"),
        ("2015-05-09", "bronze", ("kept.bronze",), "decided"),
        ("2016-01-04", "plain", (), "decided"),
    ]


def test_what_is_kept_until_it_expires_is_kept_as_long_as_was_said_when_it_was_reached() -> None:
    book = two_versions("keeps: {for: 24 months}", f"{KEEPS}\n    transition: keep_until_expiry")
    assert story(book, FOUR, *SWITCH) == [
        ("2014-01-01", "gold", ("visits.gold",), "decided"),
        ("2014-03-01", "gold", ("kept.gold",), "decided"),
        ("2016-02-28", "plain", (), "decided"),
    ]


@pytest.mark.parametrize("old", ["", KEEPS])
def test_never_lower_at_switch_counts_what_was_held_as_reached_on_the_first_day(old: str) -> None:
    book = two_versions(old, f"{KEEPS}\n    transition: never_lower_at_switch")
    assert story(book, FOUR, *SWITCH) == [
        ("2014-01-01", "gold", ("visits.gold",), "decided"),
        ("2014-03-01", "gold", ("kept.gold",), "decided"),
        ("2015-03-01", "silver", ("kept.silver",), "decided"),
        ("2015-05-09", "bronze", ("kept.bronze",), "decided"),
        ("2016-01-04", "plain", (), "decided"),
    ]


def test_a_level_that_was_only_kept_on_the_eve_is_held_too() -> None:
    book = two_versions(KEEPS, f"{KEEPS}\n    transition: never_lower_at_switch")
    three = record("2012-03-10", "2012-04-10", "2012-05-10")
    # gold until 2013-03-09, and kept by the first version up to 2014-03-08
    assert story(book, three, "2014-02-01", "2015-12-31") == [
        ("2014-02-01", "gold", ("kept.gold",), "decided"),
        ("2015-03-01", "plain", (), "decided"),
    ]
    kept = book.evaluate(three, as_of="2014-06-01").tier("level").kept
    assert kept == Kept("gold", date(2014, 3, 1), date(2015, 3, 1), ("kept.gold",))


def test_a_version_of_another_policy_is_no_switch() -> None:
    held_on = record("2013-01-10", "2013-01-11", "2013-01-12")
    version = text(f"{KEEPS}\n    transition: never_lower_at_switch")
    other = "policy: other\n{}decisions: {{seen: {{kind: stage, measure: visits_past_year, stages: {{few: {{from: 0}}}}}}}}"
    others = [other.format(f"effective: {{{when}}}\n") for when in ("until: 2014-06-30", "from: 2014-07-01")]
    assert story(_both(version, *others), held_on, "2014-01-01", "2015-12-31") == [
        ("2014-01-01", "gold", ("visits.gold",), "decided"),
        ("2014-01-10", "gold", ("kept.gold",), "decided"),
        ("2015-01-09", "silver", ("kept.silver",), "decided"),
        ("2015-01-10", "bronze", ("kept.bronze",), "decided"),
        ("2015-01-11", "plain", (), "decided"),
    ]


def test_a_version_in_between_that_looks_at_no_other_hides_none() -> None:
    versions = [
        text("", "until: 2014-02-28"),
        text(KEEPS, "{from: 2014-03-01, until: 2014-04-30}"[1:-1], 9),
        text(f"{KEEPS}\n    transition: keep_until_expiry", "from: 2014-05-01", 9),
    ]
    levels = [(day, level) for day, level, *_ in story(_both(*versions), FOUR, "2014-02-01", "2015-12-31")]
    assert levels == [
        ("2014-02-01", "gold"),
        ("2014-03-01", "silver"),  # by itself it looks at all days, and nine visits were never reached
        ("2014-05-01", "gold"),  # reached until February under the version of that time
        ("2015-02-28", "silver"),
        ("2015-05-09", "bronze"),
    ]


def test_a_long_chain_of_versions_is_sent_to_other_processes() -> None:
    (only,) = dr.loads(text(f"{KEEPS}\n    transition: keep_until_expiry")).editions
    starts = [date(1990, 1, 1) + timedelta(days=at) for at in range(2000)]
    book = dr.PolicyBook(tuple(linked([replace(only, start=each, end=each) for each in starts])))
    again: dr.PolicyBook = pickle.loads(pickle.dumps(book))
    assert again.editions == book.editions
    assert again.editions[-1].before is again.editions[-2]
    assert again.editions[0].before is None


def test_a_level_that_there_is_no_more_counts_as_nothing() -> None:
    new = text(f"{KEEPS}\n    transition: keep_until_expiry", "from: 2014-03-01", 6).replace(
        "gold", "platinum"
    )
    book = _both(text(KEEPS, "until: 2014-02-28"), new)
    assert story(book, FOUR, "2014-02-01", "2014-12-31") == [
        ("2014-02-01", "gold", ("visits.gold",), "decided"),
        ("2014-03-01", "silver", ("visits.silver",), "decided"),
        ("2014-05-10", "silver", ("kept.silver",), "decided"),
    ]


@pytest.mark.parametrize("old", ["", KEEPS, ONE_LEVEL])
@pytest.mark.parametrize("transition", ["re_evaluate", "keep_until_expiry", "never_lower_at_switch"])
def test_coming_changes_are_what_every_day_says(transition: str, old: str) -> None:
    book = two_versions(old, f"{ONE_LEVEL}\n    transition: {transition}")
    for start in ("2014-01-15", "2014-02-28", "2014-03-01", "2014-06-01"):
        levels = [(day, level) for day, level, *_ in story(book, FOUR, start, "2018-12-31")]
        changes = [now for before, now in zip(levels, levels[1:], strict=False) if now[1] != before[1]]
        coming = book.evaluate(FOUR, as_of=start).coming_changes("2018-12-31")
        assert [(str(each.on), each.after.level) for each in coming] == changes  # type: ignore[union-attr]


# --- mistakes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "downgrade: one_level",
            "policy.yaml:8:5: error DR520: `downgrade` is about levels that are kept, and without `keeps` none is",
        ),
        (
            "transition: re_evaluate",
            "policy.yaml:8:5: error DR520: `transition` is about levels that are kept, and without `keeps` none is",
        ),
        ("keeps: {for: 12 months}\n    dated_by: as_of", None),
        ("keeps: {for: 0 months}", "policy.yaml:8:18: error DR522: a level cannot be kept for 0 months"),
        ("keeps: {for: 30 days}", "policy.yaml:8:18: error DR401"),
        ("keeps: {}", "policy.yaml:8:5: error DR202"),
    ],
)
def test_mistakes(written: str, said: str | None) -> None:
    with pytest.raises(dr.PolicyError) as raised:
        dr.loads(text(written))
    assert said is None or said in str(raised.value)


# --- among other decisions ----------------------------------------------------------------------------

NESTED = """
policy: nested
facts:
  level_before: {before: {latest: visits}, fact: perk}
decisions:
  inner:
    kind: tier
    keeps: {for: 3 months}
    levels: {often: {}, rarely: {}}
    angles: {all: {often: [{id: two, when: {visits_past_year: {at_least: 2}}}]}}
  outer:
    kind: tier
    keeps: {for: 2 months}
    levels: {friend: {}, guest: {}}
    angles: {all: {friend: [{id: often, when: {inner: often, loyalty: high}}]}}
  perk:
    kind: rules
    hit: unique
    outputs: {perk: {type: boolean}}
    rows: [{id: friend, when: {outer: friend}, then: {perk: true}}]
    otherwise: {perk: false}
  had:
    kind: rules
    hit: unique
    outputs: {had: {type: boolean}}
    rows: [{id: had, when: {level_before: true}, then: {had: true}}]
    otherwise: {had: false}
"""


def test_a_kept_level_is_read_by_other_decisions_and_as_of_other_days() -> None:
    book = dr.loads(NESTED)
    customer = read_record(record("2013-01-10", "2013-06-20", "2014-07-01"), "customer")
    found = []
    for day in days("2013-01-01", "2014-08-31"):
        answer = book.evaluate(customer, as_of=day)
        traced = Interpreter(book.editions[0], "customer", day, customer)
        said = [answer["inner"].level, answer["outer"].level, answer["perk"].value, answer["had"].value]  # type: ignore[union-attr]
        decided = [traced.decide(name).verdict for name in ("inner", "outer", "perk", "had")]
        cells = [each.cells for each in decided]
        assert said == [
            decided[0].answer,
            decided[1].answer,
            cells[2] and cells[2]["perk"],
            cells[3] and cells[3]["had"],
        ]
        if not found or found[-1][1:] != said:
            found.append([str(day), *said])
    assert found == [
        ["2013-01-01", "rarely", "guest", False, False],
        ["2013-06-20", "often", "friend", True, False],  # the second visit within a year
        ["2014-04-09", "rarely", "friend", True, False],  # often until 2014-01-09, and kept for three months
        ["2014-06-08", "rarely", "guest", False, False],  # a friend until 2014-04-08, and kept for two months
    ]
    # the fact "before the latest visit" looks at its eve: on 2014-06-30 nobody is a friend any more
    early = read_record(record("2013-01-10", "2013-06-20", "2014-05-01"), "customer")
    assert book.evaluate(early, as_of="2014-07-01")["had"].value is True  # type: ignore[union-attr]


def test_the_fingerprint_says_how_levels_are_kept() -> None:
    ways = ["", KEEPS, "keeps: {for: 13 months}", ONE_LEVEL]
    ways += [f"{KEEPS}\n    transition: {each}" for each in ("keep_until_expiry", "never_lower_at_switch")]
    prints = [dr.loads(text(each)).fingerprint for each in ways]
    assert len({*prints}) == len(ways)
    stated = f"{KEEPS}\n    downgrade: to_computed\n    transition: re_evaluate"
    assert dr.loads(text(stated)).fingerprint == prints[1]  # what goes without saying


def test_a_book_with_earlier_versions_is_sent_to_other_processes() -> None:
    book = two_versions(KEEPS, f"{KEEPS}\n    transition: keep_until_expiry")
    again: dr.PolicyBook = pickle.loads(pickle.dumps(book))
    assert again.fingerprint == book.fingerprint
    assert again.evaluate(FOUR, as_of="2014-06-01") == book.evaluate(FOUR, as_of="2014-06-01")


def test_next_steps_know_what_is_kept() -> None:
    tier = dr.loads(text(KEEPS)).evaluate(FOUR, as_of="2015-05-01").tier("level")
    assert (tier.level, tier.because) == ("silver", ("kept.silver",))
    steps = tier.next_steps(limit=None)
    assert [step.text() for step in steps] == [
        "Visits in the past 12 months 0 → 3 (3 more) → Gold (visits.gold)",
    ]
    for step in steps:
        again = dr.loads(text(KEEPS)).evaluate_facts("customer", step.facts, as_of="2015-05-01").tier("level")
        assert (again.level, again.because) == (step.answer, step.because)
        assert step.facts["level_silver_kept"] is True
