"""Levels that are kept, from whole tables: every cell is that of the single record, and what comes is what it says.

The days are those on which a level begins or ceases to be kept: the day before, the day itself, the day after, at the
ends of months and in leap years; under one version of a policy and under several.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

pl = pytest.importorskip("polars")

import narwhals as nw  # noqa: E402

import dealerrules as dr  # noqa: E402
from dealerrules.engines.columns import Backend  # noqa: E402
from dealerrules.engines.days import DAY, following, on_each_day, settled_down  # noqa: E402
from dealerrules.expr import Transition  # noqa: E402
from dealerrules.policy.model import Downgrade, linked  # noqa: E402
from dealerrules.turns import Days, Every, Later, Months, Next, turns  # noqa: E402
from frames import as_kind, assert_rows_agree, from_kind, tables_of  # noqa: E402
from test_coming_frame import assert_alike, of_records, of_tables  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealerrules.turns import Turn

ONE = timedelta(days=1)
D = date(2014, 9, 30)
DOWNGRADES = [each.value for each in Downgrade]
TRANSITIONS = [each.value for each in Transition]

POLICY = """
policy: p
decisions:
  tier:
    kind: tier
    levels: {{gold: {{}}, silver: {{}}, bronze: {{}}, rest: {{}}}}
    keeps: {{for: {months}}}
    downgrade: {downgrade}
    transition: {transition}
    angles:
      sales:
        gold: [{{id: often, when: {{visits_past_year: {{at_least: {often}}}}}}}]
        silver: [{{id: lately, when: {{visits_past_year: {{at_least: 2}}, days_since_last_visit: {{at_most: 100 days}}}}}}]
      loyal:
        bronze: [{{id: near, when: {{loyalty: high, months_since_last_visit: {{at_most: 2 months}}}}}}]
        gold: [{{id: new, when: {{months_since_last_visit: {{less_than: 1 month}}, kind: individual}}}}]
  gift:
    kind: offer
    when: {{tier: {{at_least: silver}}}}
    bands: [{{always: [thing]}}]
items: {{thing: {{value: 1 yuan}}}}
"""


@cache
def one_version(
    months: str = "12 months", downgrade: str = "to_computed", transition: str = "re_evaluate", often: int = 3
) -> dr.PolicyBook:
    return dr.loads(POLICY.format(months=months, downgrade=downgrade, transition=transition, often=often))


def versions(*books: tuple[dr.PolicyBook, date]) -> dr.PolicyBook:
    """Return a book of several versions, each from its day on."""
    starts = [start for _, start in books]
    ends = [*(start - ONE for start in starts[1:]), books[-1][0].editions[-1].end]
    editions = [
        replace(book.editions[-1], start=start, end=end)
        for (book, start), end in zip(books, ends, strict=True)
    ]
    return dr.PolicyBook(tuple(linked(editions)))


def visitors(*visits: Sequence[date], **fields: Any) -> Iterator[dict[str, Any]]:
    """Yield a customer for each list of visits."""
    for at, days in enumerate(visits):
        yield {"customer_id": f"C{at}", **fields, "visits": [{"visited_on": day} for day in days]}


def around(day: date) -> list[date]:
    return [day - ONE, day, day + ONE]


def assert_frame_agrees(
    book: dr.PolicyBook, records: Sequence[dict[str, Any]], as_of: date, kind: str = "polars"
) -> set[tuple[str, int]]:
    """Hold a frame against records; return the different levels there are, each with its rules that are unknown."""
    answers = {each["customer_id"]: book.evaluate(each, as_of=as_of) for each in records}
    tables = {name: as_kind(each, kind) for name, each in tables_of(records, "customer").items()}
    out = from_kind(book.evaluate_frame(tables, as_of=as_of), kind)
    in_force = book.edition(as_of)
    assert in_force is not None
    assert_rows_agree(out, answers, "customer_id", in_force.decisions)
    return set(out.select("tier", "tier.unknown").rows())


# ---------------------------------------------------------------------------------------------------
# Windows


def at_the_edges(as_of: date) -> list[dict[str, Any]]:
    """Return customers whose levels were reached for the last time about the days on which they cease to be kept."""
    months = [dr_months(as_of, number) for number in (1, 2, 3, 13)]
    days = [day for mark in months for day in around(mark)]
    alone = list(visitors(*([day] for day in days), kind="individual"))
    many = list(
        visitors(*([day, day - ONE * 40, day - ONE * 80] for day in days), kind="company", loyalty="high")
    )
    unsure = list(visitors(*([day, day - ONE * 300] for day in days)))
    listed = [*alone, *many, *unsure]
    return [{**each, "customer_id": f"X{at}"} for at, each in enumerate(listed)]


def dr_months(day: date, months: int) -> date:
    from dealerrules.values import months_before

    return months_before(day, months)


@pytest.mark.parametrize("downgrade", DOWNGRADES)
@pytest.mark.parametrize(
    "as_of", [D, date(2014, 2, 28), date(2016, 2, 29), date(2015, 3, 31), date(2015, 3, 1)]
)
def test_at_the_edges_of_the_window(as_of: date, downgrade: str) -> None:
    """A level that was reached last on a day is over on the day that is full so many months after it."""
    for months in ("1 month", "13 months"):
        seen = assert_frame_agrees(one_version(months, downgrade), at_the_edges(as_of), as_of)
        assert len(seen) > 3


def test_the_first_and_the_last_day_of_a_level() -> None:
    """One visit on 31 March makes gold up to 30 April; it is kept for a month from then on."""
    book = one_version("1 month")
    (record,) = visitors([date(2014, 3, 31)], kind="individual")
    tables = tables_of([record], "customer")
    found = {
        day: book.evaluate_frame(tables, as_of=day, decisions=["tier"]).select("tier", "tier.because").row(0)
        for day in (
            date(2014, 3, 30),
            date(2014, 3, 31),
            date(2014, 4, 29),
            date(2014, 4, 30),
            date(2014, 5, 29),
            date(2014, 5, 30),
        )
    }
    rules = book.decisions["tier"].rules_in
    assert {day: (level, rules(mask)) for day, (level, mask) in found.items()} == {
        date(2014, 3, 30): ("rest", ()),
        date(2014, 3, 31): ("gold", ("loyal.new",)),
        date(2014, 4, 29): ("gold", ("loyal.new",)),
        date(2014, 4, 30): ("gold", ("loyal.new",)),
        date(2014, 5, 29): ("gold", ("kept.gold",)),
        date(2014, 5, 30): ("rest", ()),
    }


# ---------------------------------------------------------------------------------------------------
# Versions


@pytest.mark.parametrize("transition", TRANSITIONS)
@pytest.mark.parametrize("downgrade", DOWNGRADES)
def test_versions(downgrade: str, transition: str) -> None:
    """The level of the version before counts, or does not, on the days about the switch and a year later."""
    earlier = one_version("3 months", DOWNGRADES[0], TRANSITIONS[1], 2)
    later = one_version("2 months", downgrade, transition, 4)
    switch = date(2014, 8, 31)
    book = versions((one_version(), date(2000, 1, 1)), (earlier, date(2014, 3, 31)), (later, switch))
    seen = set()
    for as_of in (*around(switch), date(2014, 11, 1)):
        seen |= assert_frame_agrees(book, at_the_edges(as_of), as_of)
    assert len(seen) > 4


@pytest.mark.parametrize("transition", TRANSITIONS)
def test_a_version_that_means_the_same_and_one_without_the_level(transition: str) -> None:
    first = one_version("3 months", "to_computed", transition)
    text = (
        POLICY.replace("gold: {{}}, ", "")
        .replace("gold: [", "silver: [")
        .replace("        silver: [{{id: lately", "        bronze: [{{id: lately")
        .replace("        bronze: [{{id: near", "        silver: [{{id: near", 1)
    )
    text = text.replace("        silver: [{{id: near", "        bronze: [{{id: near")
    second = dr.loads(text.format(months="3 months", downgrade="one_level", transition=transition, often=3))
    book = versions((first, date(2000, 1, 1)), (first, date(2014, 6, 1)), (second, date(2014, 9, 1)))
    for as_of in (date(2014, 6, 1), date(2014, 9, 1), D, date(2014, 11, 30)):
        assert_frame_agrees(book, at_the_edges(as_of), as_of)


def test_a_gap_between_versions() -> None:
    """What was reached before a gap is not kept over it where levels never fall at a switch; nothing is held then."""
    one = replace(one_version("3 months").editions[0], start=date(2014, 1, 1), end=date(2014, 7, 31))
    for transition in TRANSITIONS:
        two = one_version("3 months", "to_computed", transition, 5).editions[0]
        book = dr.PolicyBook(tuple(linked([one, replace(two, start=date(2014, 9, 1))])))
        for as_of in (date(2014, 9, 1), D):
            assert_frame_agrees(book, at_the_edges(as_of), as_of)


# ---------------------------------------------------------------------------------------------------
# Every kind of frame


@pytest.mark.parametrize("kind", ["lazy", "pandas", "pyarrow", "duckdb"])
def test_every_kind_of_frame(kind: str) -> None:
    book = versions(
        (one_version("3 months", "to_computed", "re_evaluate", 2), date(2000, 1, 1)),
        (one_version("2 months", "one_level", "never_lower_at_switch", 4), date(2014, 8, 31)),
    )
    assert len(assert_frame_agrees(book, at_the_edges(D)[::2], D, kind)) > 3


@pytest.mark.slow
def test_pyspark() -> None:
    book = versions(
        (one_version("3 months", "to_computed", "re_evaluate", 2), date(2000, 1, 1)),
        (one_version("2 months", "one_level", "keep_until_expiry", 4), date(2014, 8, 31)),
    )
    assert len(assert_frame_agrees(book, at_the_edges(D)[::9], D, "pyspark")) > 2


NESTED = """
policy: p
facts: {weeks: {whole_times: [{days_since: {latest: visits}}, 7 days]}}
decisions:
  club:
    kind: tier
    levels: {member: {}, guest: {}}
    keeps: {for: 2 months}
    angles: {any: {member: [{id: spoke, when: {contacted: true}}]}}
  tier:
    kind: tier
    levels: {gold: {}, silver: {}, rest: {}}
    keeps: {for: 1 month}
    downgrade: one_level
    angles:
      club: {gold: [{id: in, when: {club: member, weeks: {at_most: 3}}}]}
      house: {silver: [{id: cars, when: {household_brand_owners: {at_least: 2}, months_since_last_visit: {at_most: 3 months}}}]}
  code:
    kind: rules
    hit: first
    outputs: {code: {type: count}}
    rows: [{id: a, when: {tier: gold, club: guest}, then: {code: 1}}, {id: b, when: {tier.house: silver}, then: {code: 2}}]
    otherwise: {code: 3}
"""


@pytest.mark.parametrize("kind", ["polars", pytest.param("duckdb", marks=pytest.mark.slow)])
def test_a_kept_tier_that_reads_another_one(kind: str) -> None:
    """Every day of the past counts for the one, whose own past counts for it; households are counted once, as now."""
    text = NESTED.replace("contacted: true", "months_since_last_visit: {at_most: 1 month}")
    days = [date(2014, 5, 30) + ONE * step for step in range(0, 124, 6)]
    visits = [each for day in days for each in ([day], [day, day - ONE * 70])]
    records = [
        {**each, "household_brand_owners": [1, 2, None][at % 3]} for at, each in enumerate(visitors(*visits))
    ]
    assert len(assert_frame_agrees(dr.loads(text), records[:: 1 if kind == "polars" else 9], D, kind)) > 2


def test_households_are_counted_for_the_past_too() -> None:
    text = NESTED.replace("contacted: true", "months_since_last_visit: {at_most: 1 month}")
    customers = pl.DataFrame({"customer_id": ["A", "B", "C"], "household_id": ["H", "H", None]})
    vehicles = pl.DataFrame(
        {
            "customer_id": ["A", "B", "C"],
            "vin": ["1", "2", "3"],
            "own_brand": [True] * 3,
            "purchased_on": [date(2010, 1, 1)] * 3,
        }
    )
    visits = pl.DataFrame({"customer_id": ["A", "B", "C"], "visited_on": [date(2014, 5, 20)] * 3})
    tables = {"customers": customers, "vehicles": vehicles, "visits": visits}
    found = dr.loads(text).evaluate_frame(tables, as_of=D, decisions=["tier"], check=False)
    assert dict(found.select("customer_id", "tier").rows()) == {"A": "silver", "B": "silver", "C": "rest"}
    assert "kept.silver" in dr.loads(text).explain_row(tables, "A", as_of=D, decisions=["tier"]).text


def test_subjects_without_events() -> None:
    """Rows are told apart by all that is known of them, also where their key is not."""
    text = """
    policy: p
    facts: {since: {subject: recall_campaign, days_since: starts_on}}
    decisions:
      tier:
        kind: tier
        subject: recall_campaign
        levels: {new: {}, old: {}}
        keeps: {for: 1 month}
        angles: {age: {new: [{id: fresh, when: {since: {at_least: 0 days, at_most: 10 days}}}]}}
    """
    book = dr.loads(text)
    days = [D - ONE * number for number in (-1, 0, 10, 11, 39, 40, 41, 42)]
    table = pl.DataFrame({"campaign_id": [f"R{at}" for at in range(9)], "starts_on": [*days, None]})
    found = book.evaluate_frame({"recall_campaigns": table}, as_of=D, subject="recall_campaign")
    answers = {
        row["campaign_id"]: book.evaluate(row, as_of=D, subject="recall_campaign")
        for row in table.iter_rows(named=True)
    }
    assert_rows_agree(found, answers, "campaign_id", book.decisions)
    assert found["tier"].to_list() == ["old", "new", "new", "new", "new", "new", "old", "old", "old"]


# ---------------------------------------------------------------------------------------------------
# Facts, rates, and what a frame cannot tell


def test_ready_made_facts() -> None:
    """Whether a level is kept is a fact like others; left out, it is unknown."""
    given = pl.DataFrame(
        {
            "visits_past_year": [0, 0, 3],
            "days_since_last_visit": [400, 400, 200],
            "months_since_last_visit": [13, 13, 6],
            "loyalty": ["low"] * 3,
            "kind": ["company"] * 3,
            "tier_gold_kept": [False, True, True],
            "tier_silver_kept": [True, True, None],
            "tier_bronze_kept": [False, True, None],
        }
    )
    book = one_version()
    found = book.evaluate_facts_frame("customer", given, as_of=D, decisions=["tier"])
    rules = book.decisions["tier"].rules_in
    assert [
        (row["tier"], row["tier.status"], rules(row["tier.because"]), rules(row["tier.unknown"]))
        for row in found.iter_rows(named=True)
    ] == [
        ("silver", "decided", ("kept.silver",), ()),
        ("gold", "decided", ("kept.gold",), ()),
        ("gold", "decided", ("sales.often",), ("kept.bronze", "kept.silver")),
    ]
    bare = book.evaluate_facts_frame(
        "customer", given.select("visits_past_year"), as_of=D, decisions=["tier"]
    )
    assert [rules(mask)[:3] for mask in bare["tier.unknown"]] == [
        ("kept.bronze", "kept.gold", "kept.silver")
    ] * 3


BEFORE = """
policy: p
facts:
  then: {before: {latest: contacts}, fact: code}
decisions:
  tier:
    kind: tier
    levels: {gold: {}, rest: {}}
    keeps: {for: 1 month}
    angles: {any: {gold: [{id: new, when: {months_since_last_visit: {less_than: 1 month}}}]}}
  code: {kind: rules, hit: first, outputs: {code: {type: count}}, rows: [{id: a, when: {tier: gold}, then: {code: 1}}], otherwise: {code: 0}}
  was: {kind: stage, measure: then, stages: {not: {from: 0}, so: {from: 1}}, when_absent: none}
"""


def test_a_kept_level_on_the_day_before_an_event_is_refused() -> None:
    """A record can tell; a frame says at once that it cannot, in both languages."""
    book = dr.loads(BEFORE)
    record = {
        "customer_id": "C1",
        "visits": [{"visited_on": date(2014, 5, 1)}],
        "contacts": [{"contacted_on": date(2014, 6, 20)}],
    }
    assert book.evaluate(record, as_of=D)["was"].stage == "so"
    for tables in (
        tables_of([record], "customer"),
        {name: as_kind(each, "duckdb") for name, each in tables_of([record], "customer").items()},
    ):
        with pytest.raises(dr.RecordError) as caught:
            book.evaluate_frame(tables, as_of=D)
        (fault,) = caught.value.faults
        assert (fault.message, fault.message_zh) == (
            (
                "`tier` keeps its levels, and a rule asks what it was on the day before an event: "
                "a data frame cannot tell; evaluate these records one by one"
            ),
            "`tier` 会保留等级，而有规则要看它在某个事件前一天是什么：数据表无法得出；请逐条评估这些记录",
        )


def test_rates_count_levels_that_are_kept() -> None:
    """From tables as from records; where a frame cannot tell, rates from tables say so too."""
    text = POLICY.format(months="3 months", downgrade="one_level", transition="re_evaluate", often=3)
    rate = "  golden: {kind: rate, per: month, of: {count: customers, where: {tier: gold}}, over: {count: customers}}\n"
    book = dr.loads(text.replace("items:", f"{rate}items:"))
    records = at_the_edges(D)[::2]
    tables = tables_of(records, "customer")
    (found,), (meant,) = (book.rates(each, period="2014-09").values() for each in (tables, records))
    assert (found.value, found.text()) == (meant.value, meant.text())
    assert meant.value is not None
    was = rate.replace("tier: gold", "then: 1")
    with pytest.raises(dr.RecordError, match="a data frame cannot tell"):
        dr.loads(f"{BEFORE}{was}").rates(tables, period="2014-09")


# ---------------------------------------------------------------------------------------------------
# What comes


@pytest.mark.parametrize("transition", TRANSITIONS)
@pytest.mark.parametrize("downgrade", DOWNGRADES)
def test_levels_that_cease_to_be_kept(downgrade: str, transition: str) -> None:
    """Within two months, over a switch of versions: the same changes as of each record, and for the same facts."""
    book = versions(
        (one_version("3 months", DOWNGRADES[0], TRANSITIONS[0], 2), date(2000, 1, 1)),
        (one_version("2 months", downgrade, transition, 4), date(2014, 10, 31)),
    )
    records = at_the_edges(D)[::3]
    until = date(2014, 11, 30)
    rows = of_records(book, "customer", records, D, until)
    assert_alike(rows, of_tables(book, "customer", records, D, until))
    assert len(rows) > 3


def test_a_version_that_begins_tomorrow() -> None:
    """Found by random policies: nothing can hang on a date before it, and that part of the answer had other columns."""
    book = versions((one_version("3 months"), date(2000, 1, 1)), (one_version("2 months", often=5), D + ONE))
    records = at_the_edges(D)[::5]
    rows = of_records(book, "customer", records, D, D + ONE * 9)
    assert_alike(rows, of_tables(book, "customer", records, D, D + ONE * 9))
    assert len(rows) > 2


def test_what_comes_of_a_kept_tier_that_every_day_counts_for() -> None:
    book = dr.loads(NESTED.replace("contacted: true", "months_since_last_visit: {at_most: 1 month}"))
    days = [date(2014, 8, 4) + ONE * step for step in range(5)]
    records = [{**each, "household_brand_owners": 2} for each in visitors(*([day] for day in days))]
    until = D + ONE * 5
    rows = of_records(book, "customer", records, D, until)
    assert_alike(rows, of_tables(book, "customer", records, D, until))
    assert len(rows) > 1


# ---------------------------------------------------------------------------------------------------
# Days that follow from dates


TURNS: list[Turn] = [
    Days(frozenset({0, 1, -3, 400})),
    Months(frozenset({0, 1, 6, 12, -2, 500_000})),
    Every(1),
    Every(12),
    Every(5),
    Next("year"),
    Next("quarter"),
    Next("month"),
    Later(Days(frozenset({0})), frozenset({1, 12})),
    Later(Months(frozenset({6})), frozenset({1})),
    Later(Every(1), frozenset({2})),
]


@pytest.mark.parametrize("turn", TURNS, ids=repr)
def test_days_follow_in_columns_as_they_do_one_by_one(turn: Turn) -> None:
    first, last = date(2015, 12, 28), date(2016, 3, 2)
    ends = [date(2012, 2, 29), date.min, date.max, date(9999, 12, 30), date(1600, 2, 29)]
    dates = [*(date(2013, 12, 20) + ONE * step for step in range(800)), *ends]
    frame = pl.DataFrame({"date": dates, DAY: dates})
    meant = {(day, each) for day in dates for each in turns(turn, day, first, last)}
    lazy = [nw.from_native(frame.lazy()), nw.from_native(as_kind(frame, "duckdb")).lazy()]
    for each in lazy:
        found = [
            made.select("date", DAY).collect("polars").rows() for made in following(each, turn, first, last)
        ]
        assert {(day, on) for part in found for day, on in part} == meant
    assert meant


def test_each_day() -> None:
    """Of everyone, on polars and DuckDB."""
    frame = pl.DataFrame({"·who": ["A", "B"]})
    first, last = date(2012, 2, 28), date(2012, 3, 1)
    meant = {(who, first + ONE * step) for who in "AB" for step in range(3)}
    for backend, native in ((Backend.POLARS, frame.lazy()), (Backend.DUCKDB, as_kind(frame, "duckdb"))):
        found = on_each_day(nw.from_native(native).lazy(), first, last, backend)
        assert set(settled_down(found, backend).collect("polars").rows()) == meant
