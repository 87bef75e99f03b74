"""The frame engine gives every answer of the row engine, whatever frame the tables are.

A long run: ``FRAME_POLICIES=2000 pytest tests/test_frames.py``; ``SPARK_POLICIES`` likewise for PySpark.
"""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

pl = pytest.importorskip("polars")

import dealerrules as dr  # noqa: E402
from dealerrules import demo  # noqa: E402
from dealerrules.records import SUBJECTS  # noqa: E402
from dealerrules.values import ABSENT  # noqa: E402
from frames import (  # noqa: E402
    KINDS,
    UNTELLABLE,
    as_kind,
    assert_rows_agree,
    fact_rows,
    facts_answer,
    from_kind,
    numbered,
    tables_answer,
    tables_of,
)
from strategies import Dice, a_situation  # noqa: E402

if TYPE_CHECKING:
    from strategies import Situation

POLICIES = int(os.environ.get("FRAME_POLICIES", "60"))
OTHERS = max(12, POLICIES // 5)
ON_SPARK = int(os.environ.get("SPARK_POLICIES", "3"))
RECORDS = 12
DAY = date(2014, 9, 30)


def situation(seed: int, subject: str | None = None) -> Situation:
    """Return a random policy with random records and facts, the same for a seed everywhere."""
    rng = Random(seed)
    return a_situation(Dice(lambda most: rng.randint(0, most)), subject, RECORDS)


def assert_tables_agree(asked: Situation, kind: str) -> bool:
    """Hold a frame's answers against those for single records; false where no frame can hold the numbers."""
    records = numbered(asked.records, asked.subject)
    try:
        out = tables_answer(
            asked.book, asked.subject, asked.as_of, records.values(), kind, asked.policy.attributes
        )
    except dr.RecordError as error:
        if not any(words in str(error) for words in UNTELLABLE):
            raise
        return False
    answers = {
        id_: asked.book.evaluate(record, as_of=asked.as_of, subject=asked.subject)
        for id_, record in records.items()
    }
    assert_rows_agree(out, answers, SUBJECTS[asked.subject].id_field, asked.book.decisions)
    return True


def assert_facts_agree(asked: Situation, kind: str) -> bool:
    """Hold a frame of ready-made facts against each row of them alone."""
    types = asked.edition.given_types(asked.subject)
    rows = fact_rows(asked.facts, types)
    try:
        out = facts_answer(asked.book, asked.subject, asked.as_of, rows, types, kind)
    except dr.RecordError as error:
        if not any(words in str(error) for words in UNTELLABLE):
            raise
        return False
    answers = {
        at: asked.book.evaluate_facts(asked.subject, row, as_of=asked.as_of) for at, row in enumerate(rows)
    }
    assert_rows_agree(out, answers, "who", asked.book.decisions)
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_tables_agree_with_records(kind: str) -> None:
    """Every outcome, and every rule's truth, on random policies and tables with nulls everywhere."""
    seeds = range(POLICIES) if kind == "polars" else range(1000, 1000 + OTHERS)
    agreed = [assert_tables_agree(situation(seed), kind) for seed in seeds]
    assert agreed.count(True) >= len(agreed) * 9 // 10  # few policies are beyond any frame


@pytest.mark.parametrize("kind", KINDS)
def test_ready_made_facts_agree(kind: str) -> None:
    """Facts given, derived, unknown and absent."""
    seeds = range(2000, 2000 + (POLICIES if kind == "polars" else OTHERS) // 2)
    agreed = [assert_facts_agree(situation(seed), kind) for seed in seeds]
    assert agreed.count(True) >= len(agreed) * 9 // 10


@pytest.mark.slow
def test_spark_agrees() -> None:
    """In several partitions, in another time zone than the store's."""
    seeds = range(3000, 3000 + ON_SPARK)
    agreed = [assert_tables_agree(situation(seed), "pyspark") for seed in seeds]
    assert True in agreed


@pytest.mark.slow
def test_spark_runs_the_shipped_policies() -> None:
    """On customers of the demo store, distributed over several partitions."""
    book = dr.load(Path(__file__).parents[1] / "policies")
    people = list(demo.customers(120, as_of=DAY))
    tables = {name: as_kind(frame, "pyspark") for name, frame in tables_of(people, "customer").items()}
    out = book.evaluate_frame(tables, as_of=DAY)
    assert out.rdd.getNumPartitions() > 1
    answers = {each["customer_id"]: book.evaluate(each, as_of=DAY) for each in people}
    assert_rows_agree(from_kind(out, "pyspark"), answers, "customer_id", book.decisions)
    found = book.explain_row(tables, people[3]["customer_id"], as_of=DAY)
    assert found.text == answers[people[3]["customer_id"]].explain().text


def test_facts_that_are_absent_are_covered() -> None:
    """The facts above do hold absent ones."""
    asked = [situation(seed) for seed in range(2000, 2030)]
    assert any(value is ABSENT for each in asked for facts in each.facts for value in facts.values())


# ---------------------------------------------------------------------------------------------------
# The shipped policies


@pytest.fixture(scope="module")
def shipped() -> dr.PolicyBook:
    return dr.load(Path(__file__).parents[1] / "policies")


@pytest.mark.parametrize("kind", ["polars", "duckdb"])
def test_the_demo_store(kind: str, shipped: dr.PolicyBook) -> None:
    """All decisions on customers of the demo store, households among them, as for each record alone."""
    people = list(demo.customers(300, as_of=DAY))
    tables = {name: as_kind(frame, kind) for name, frame in tables_of(people, "customer").items()}
    out = from_kind(shipped.evaluate_frame(tables, as_of=DAY), kind)
    answers = {each["customer_id"]: shipped.evaluate(each, as_of=DAY) for each in people}
    assert_rows_agree(out, answers, "customer_id", shipped.decisions)


@pytest.mark.parametrize(
    "subject", ["recall_campaign", "follow_up_result", "repair_order", "purchase", "consultant_month"]
)
def test_other_subjects_of_the_demo_store(subject: str, shipped: dr.PolicyBook) -> None:
    """Amounts to the fen, gifts and bands; each under the version of its own date."""
    meta = SUBJECTS[subject]
    records = {
        f"X{at}": {**record, meta.id_field: f"X{at}"}
        for at, (name, record) in enumerate(demo.subjects(400, as_of=DAY))
        if name == subject
    }
    assert len(records) > 20
    out = shipped.evaluate_frame(tables_of(records.values(), subject), as_of=DAY, subject=subject)
    answers = {id_: shipped.evaluate(record, as_of=DAY, subject=subject) for id_, record in records.items()}
    assert_rows_agree(out, answers, meta.id_field, shipped.decisions)
    assert out.columns[: len(meta.key)] == list(meta.key)


VERSIONS = """
policy: p
effective: {from: 2014-01-01, until: 2014-06-30}
decisions:
  d: {kind: payout, subject: purchase, dated_by: purchased_on, when: {amount: {at_least: 100 yuan}}, pays: 1 yuan,
      otherwise: 0 yuan}
---
policy: p
effective: {from: 2014-08-01}
decisions:
  d: {kind: payout, subject: purchase, dated_by: purchased_on, when: {amount: {at_least: 100 yuan}}, pays: 2 yuan,
      otherwise: 0 yuan}
"""


@pytest.mark.parametrize("kind", ["polars", "duckdb"])
def test_each_row_under_the_version_of_its_own_date(kind: str, tmp_path: Path) -> None:
    """Before, within, between, within, after the day, and without a date."""
    for at, text in enumerate(VERSIONS.split("---")):
        (tmp_path / f"{at}.yaml").write_text(text, encoding="utf-8")
    book = dr.load(tmp_path)
    days = [
        "2013-12-31",
        "2014-01-01",
        "2014-06-30",
        "2014-07-01",
        "2014-08-01",
        "2014-09-30",
        "2014-10-01",
        None,
    ]
    records = [{"purchase_id": f"P{at}", "purchased_on": day, "amount": "100"} for at, day in enumerate(days)]
    tables = {name: as_kind(each, kind) for name, each in tables_of(records, "purchase").items()}
    out = from_kind(book.evaluate_frame(tables, as_of=DAY, subject="purchase"), kind).sort("purchase_id")
    amounts = [None if each is None else str(each) for each in out["d"].to_list()]
    assert amounts == [None, "1.00", "1.00", None, "2.00", "2.00", None, None]
    answers = {each["purchase_id"]: book.evaluate(each, as_of=DAY, subject="purchase") for each in records}
    assert_rows_agree(out, answers, "purchase_id", book.decisions)


def test_facts_are_dated_too(tmp_path: Path) -> None:
    for at, text in enumerate(VERSIONS.split("---")):
        (tmp_path / f"{at}.yaml").write_text(text, encoding="utf-8")
    book = dr.load(tmp_path)
    days = [date(2014, 6, 30), date(2014, 8, 1), date(2014, 10, 1), None]
    facts = pl.DataFrame({"purchased_on": days, "amount": [100] * 4, "row": [1, 2, 3, 4]})
    out = book.evaluate_facts_frame("purchase", facts, as_of=DAY, keep=["row"])
    amounts = [None if each is None else str(each) for each in out["d"].to_list()]
    assert (out["row"].to_list(), amounts) == ([1, 2, 3, 4], ["1.00", "2.00", None, None])
    singly = [
        book.evaluate_facts("purchase", {"purchased_on": day, "amount": 100}, as_of=DAY)["d"].status.value
        for day in days
    ]
    assert out["d.status"].to_list() == singly == ["decided", "decided", "undefined", "undefined"]


def test_more_rules_than_a_word_holds() -> None:
    """Bit i of word w is rule 60 w + i."""
    rows = ", ".join(
        f"{{id: r{at:03}, when: {{visits_past_year: {at}}}, then: {{d: {at}}}}}" for at in range(130)
    )
    book = dr.loads(
        f"policy: p\ndecisions: {{d: {{kind: rules, hit: unique, outputs: {{d: {{type: count}}}}, rows: [{rows}]}}}}"
    )
    facts = pl.DataFrame({"visits_past_year": [0, 59, 60, 119, 129, 130, None]})
    out = book.evaluate_facts_frame("customer", facts, as_of=DAY, decisions=["d"])
    assert out["d"].to_list() == [0, 59, 60, 119, 129, None, None]
    assert [out[f"d.true{word}"].to_list() for word in ("", ".1", ".2")] == [
        [1, 1 << 59, 0, 0, 0, 0, 0],
        [0, 0, 1, 1 << 59, 0, 0, 0],
        [0, 0, 0, 0, 1 << 9, 0, 0],
    ]
    assert out["d.unknown.2"].to_list() == [0] * 6 + [(1 << 10) - 1]
    assert out["d.status"].to_list() == ["decided"] * 5 + ["undefined", "undetermined"]


# ---------------------------------------------------------------------------------------------------
# What comes in and what goes out

CARE = dr.loads("""
policy: care
decisions:
  away: {kind: stage, measure: months_since_last_visit, stages: {near: {from: 0 months}, far: {from: 6 months}},
         when_absent: never}
  big: {kind: rules, hit: unique, outputs: {big: {type: boolean}},
        rows: [{id: spent, when: {spend_past_year: {at_least: 1000 yuan}}, then: {big: true}}], otherwise: {big: false}}
  kept: {kind: rules, hit: unique, outputs: {kept: {type: boolean}},
        rows: [{id: one, when: {kind: individual}, then: {kept: true}}], otherwise: {kept: false}}
""")
PEOPLE = pl.DataFrame({"customer_id": ["C2", "C1", "C3"]})
VISITS = pl.DataFrame(
    {"customer_id": ["C1", "C1", "C2", "C9"], "visited_on": [date(2014, 3, 30), date(2014, 10, 1), DAY, DAY]}
)


def test_columns_and_tables_left_out() -> None:
    """A table left out has no events, a column left out is unknown, other columns are not read."""
    tables = {"customers": PEOPLE.with_columns(nickname=pl.lit("x")), "visits": VISITS}
    out = CARE.evaluate_frame(tables, as_of=DAY)
    assert out.to_dict(as_series=False) == {
        "customer_id": ["C2", "C1", "C3"],
        "away": ["near", "far", "never"],
        "away.measure": [0, 6, None],
        "away.status": ["decided"] * 3,
        "away.true": [0b010, 0b001, 0b100],
        "away.unknown": [0, 0, 0],
        "big": [None, None, False],
        "big.status": ["undetermined", "undetermined", "decided"],
        "big.true": [0, 0, 0],
        "big.unknown": [1, 1, 0],
        "kept": [None] * 3,
        "kept.status": ["undetermined"] * 3,
        "kept.true": [0] * 3,
        "kept.unknown": [1] * 3,
    }
    assert (
        CARE.evaluate_frame({"customers": PEOPLE}, as_of=DAY, decisions=["away"])["away"].to_list()
        == ["never"] * 3
    )


def test_the_types_of_columns() -> None:
    """Words are enumerations on polars, amounts decimals, masks whole numbers."""
    tables = {"customers": PEOPLE.lazy(), "visits": VISITS.lazy()}
    schema = CARE.evaluate_frame(tables, as_of=DAY).collect_schema()
    statuses = pl.Enum(["decided", "undetermined", "undefined"])
    assert schema["away"] == pl.Enum(["near", "far", "never"])
    assert [schema[f"away{each}"] for each in (".status", ".measure", ".true")] == [
        statuses,
        pl.Int64,
        pl.Int64,
    ]
    gift = dr.loads(
        "policy: p\ndecisions: {d: {kind: payout, when: {media: true}, pays: 5 yuan, otherwise: 0 yuan}}"
    )
    assert gift.evaluate_frame({"customers": PEOPLE}, as_of=DAY).schema["d"] == pl.Decimal(38, 2)


@pytest.mark.parametrize(
    "dates",
    [
        VISITS["visited_on"],
        VISITS["visited_on"].dt.to_string(),
        VISITS["visited_on"].cast(pl.Datetime("us")) + pl.duration(hours=9, minutes=25),
        VISITS["visited_on"].cast(pl.Datetime("ms")),
    ],
    ids=["dates", "text", "date-times", "midnights"],
)
def test_how_dates_may_come(dates: pl.Series) -> None:
    out = CARE.evaluate_frame(
        {"customers": PEOPLE, "visits": VISITS.with_columns(visited_on=dates)}, as_of=DAY
    )
    assert out["away"].to_list() == ["near", "far", "never"]


@pytest.mark.parametrize(
    "amounts",
    [
        [Decimal("999.99"), Decimal("0.01")],
        ["999.99", "0.01"],
        [999, 1],
        pl.Series([999, 1], dtype=pl.UInt16),
        pl.Series([Decimal(999), Decimal(1)], dtype=pl.Decimal(10, 0)),
    ],
    ids=["decimal", "text", "int", "small int", "whole decimal"],
)
def test_how_amounts_may_come(amounts: object) -> None:
    visits = pl.DataFrame({"customer_id": ["C1", "C1"], "visited_on": [DAY, DAY], "amount": amounts})
    out = CARE.evaluate_frame({"customers": PEOPLE, "visits": visits}, as_of=DAY, decisions=["big"])
    assert out["big"].to_list() == [False, True, False]


def test_ids_may_be_numbers() -> None:
    people, visits = PEOPLE.with_columns(number()), VISITS.with_columns(number())
    out = CARE.evaluate_frame({"customers": people, "visits": visits}, as_of=DAY, decisions=["away"])
    assert out.select("customer_id", "away").rows() == [(2, "near"), (1, "far"), (3, "never")]


def number() -> pl.Expr:
    return pl.col("customer_id").str.slice(1).cast(pl.Int32)


def test_pandas_as_people_have_it() -> None:
    """Numpy dates at midnight, missing numbers as NaN in columns that are not read as numbers."""
    pd = pytest.importorskip("pandas")
    people = pd.DataFrame(
        {"customer_id": ["C2", "C1", "C3"], "kind": ["individual", None, "company"], "x": [1.5, None, 2]}
    )
    visits = pd.DataFrame({"customer_id": ["C1"], "visited_on": pd.to_datetime(["2014-03-30"])})
    out = CARE.evaluate_frame({"customers": people, "visits": visits}, as_of=DAY)
    assert out["customer_id"].tolist() == ["C2", "C1", "C3"]
    assert out["away"].tolist() == ["never", "far", "never"]
    assert out["kept.unknown"].tolist() == [0, 1, 0]


def test_the_same_frame_twice_is_the_same_answer() -> None:
    tables = {"customers": PEOPLE, "visits": VISITS}
    assert CARE.evaluate_frame(tables, as_of=DAY).equals(CARE.evaluate_frame(tables, as_of="2014-09-30"))


# ---------------------------------------------------------------------------------------------------
# What is refused


def refused(tables: dict[str, object], **more: object) -> list[str]:
    with pytest.raises(dr.RecordError) as caught:
        CARE.evaluate_frame(tables, as_of=DAY, **more)
    return [caught.value.text("en"), caught.value.text("zh")]


def events(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"customer_id": ["C1", "C2", "C3"], "visited_on": [DAY] * 3, **columns})


REFUSED = {
    "no table": (
        {"visits": VISITS},
        "customers: the table of the subjects is missing",
        "customers：缺少评估对象的表",
    ),
    "a table that there is not": (
        {"customers": PEOPLE, "visit": VISITS},
        "visit: there is no such table; did you mean `visits`?",
        "visit：没有这个表；是否想写 `visits`？",
    ),
    "no frame": (
        {"customers": [1]},
        "customers: a polars, pandas or pyarrow frame, a DuckDB relation or a PySpark frame is needed, not `builtins.list`",
        "customers：需要 polars、pandas、pyarrow、DuckDB 或 PySpark 的表，而不是 `builtins.list`",
    ),
    "two kinds": (
        {"customers": PEOPLE, "visits": VISITS.to_arrow()},
        "visits: all tables must be of one kind: this one is `pyarrow`, others are polars",
        "visits：所有表必须是同一种：这个是 `pyarrow`，其他是 polars",
    ),
    "no ids": (
        {"customers": PEOPLE.rename({"customer_id": "id"})},
        "customers: customer_id: the column is missing",
        "customers：customer_id：缺少这一列",
    ),
    "floats for money": (
        {"customers": PEOPLE, "visits": events(amount=[1.5, 2.5, 3.5])},
        "visits: amount: floats are not exact: cast `Float64` to Decimal(18, 2), or pass text",
        "visits：amount：浮点数不精确：请把 `Float64` 转为 Decimal(18, 2)，或用文本",
    ),
    "parts of a fen": (
        {"customers": PEOPLE, "visits": events(amount=pl.Series([Decimal("0.125")] * 3))},
        "visits: amount: `Decimal(precision=38, scale=3)` has more than 2 decimals: cast it to Decimal(18, 2)",
        "visits：amount：`Decimal(precision=38, scale=3)` 的小数超过 2 位：请转为 Decimal(18, 2)",
    ),
    "a time zone": (
        {
            "customers": PEOPLE,
            "visits": events(settled_on=pl.Series([DAY] * 3).cast(pl.Datetime("us", "Asia/Shanghai"))),
        },
        (
            "visits: settled_on: `Datetime(time_unit='us', time_zone='Asia/Shanghai')` has a time zone: convert it to "
            "the store's own date first"
        ),
        "visits：settled_on：`Datetime(time_unit='us', time_zone='Asia/Shanghai')` 带时区：请先转为门店当地的日期",
    ),
    "text for true": (
        {"customers": PEOPLE.with_columns(media=pl.lit("yes"))},
        "customers: media: true or false is needed, not `String`",
        "customers：media：需要真假值，而不是 `String`",
    ),
    "ids of two types": (
        {"customers": PEOPLE, "visits": VISITS.with_columns(number())},
        "visits: customer_id: `Int32` in this table, but String in the table of customers: make them alike",
        "visits：customer_id：这个表里是 `Int32`，客户表里是 String：请统一",
    ),
    "a word that is none": (
        {"customers": PEOPLE.with_columns(kind=pl.Series(["person", "individual", "person"]))},
        "customers: kind: `person` is none of: individual, company (2 rows)",
        "customers：kind：`person` 不在可选值之中：individual, company（共 2 行）",
    ),
    "a negative amount": (
        {"customers": PEOPLE, "visits": events(amount=["5", "-1", "3"])},
        "visits: amount: `-1` is negative: it must be 0 or more",
        "visits：amount：`-1` 是负数：必须大于或等于 0",
    ),
    "an amount with parts of a fen, as text": (
        {"customers": PEOPLE, "visits": events(amount=["5", "1.005", "3"])},
        "visits: amount: `1.005` has more than 2 decimals",
        "visits：amount：`1.005` 的小数超过 2 位",
    ),
    "no date": (
        {"customers": PEOPLE, "visits": VISITS.with_columns(visited_on=pl.lit(None, pl.Date))},
        "visits: visited_on: is missing: an event needs its date",
        "visits：visited_on：缺失：事件必须有日期",
    ),
    "an id twice": (
        {"customers": pl.concat([PEOPLE, PEOPLE])},
        "customers: customer_id: 3 rows repeat an id that stands before, such as `C1`",
        "customers：customer_id：有 3 行的编号重复，例如 `C1`",
    ),
    "no id": (
        {"customers": pl.DataFrame({"customer_id": ["C1", None, ""]})},
        "customers: customer_id: 2 rows have no id",
        "customers：customer_id：有 2 行没有编号",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    tables, english, chinese = REFUSED[name]
    assert refused(tables) == [english, chinese]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    tables = {
        "customers": PEOPLE.with_columns(kind=pl.lit("person"), media=pl.lit(1)),
        "visits": events(amount=[1.5] * 3),
    }
    said = refused(tables, check=False)[0].splitlines()
    assert said == [
        "customers: media: true or false is needed, not `Int32`",
        "visits: amount: floats are not exact: cast `Float64` to Decimal(18, 2), or pass text",
    ]


@pytest.mark.parametrize("kind", ["duckdb", "lazy"])
def test_lazy_tables_are_looked_at_first(kind: str) -> None:
    people = as_kind(PEOPLE.with_columns(kind=pl.lit("person")), kind)
    assert refused({"customers": people})[0] == (
        "customers: kind: `person` is none of: individual, company (3 rows)"
    )
    assert from_kind(CARE.evaluate_frame({"customers": people}, as_of=DAY, check=False), kind).height == 3


def test_a_fact_that_there_is_not() -> None:
    with pytest.raises(dr.RecordError) as caught:
        CARE.evaluate_facts_frame(
            "customer", pl.DataFrame({"who": [1], "medai": [True]}), as_of=DAY, keep=["who"]
        )
    assert caught.value.text("en") == "facts: customer, medai: there is no such fact; did you mean `media`?"
    assert caught.value.text("zh") == "facts：客户，medai：没有这个事实；是否想写 `media`？"


def test_numbers_that_no_frame_holds() -> None:
    """A product of amounts and counts beyond 37 digits is refused, not rounded."""
    text = "policy: p\nfacts: {f: {multiply: [visits_past_year, g]}, g: {multiply: [h, h]}, h: {multiply: [i, i]}, i: {multiply: [visits_past_year, visits_past_year]}}\n"
    book = dr.loads(text + "decisions: {d: {kind: stage, measure: f, stages: {s: {from: 0}}}}")
    with pytest.raises(dr.RecordError) as caught:
        book.evaluate_frame({"customers": PEOPLE, "visits": VISITS}, as_of=DAY)
    assert caught.value.text("en") == (
        "customer, decisions: numbers in `h` may grow past the 37 digits that a data frame holds exactly; evaluate "
        "these records one by one"
    )


@pytest.mark.parametrize(
    "decision",
    [
        "{kind: tier, levels: {vip: {}, rest: {}}, angles: {status: {vip: [{id: r, when: {media: true}}]}}}",
        "{kind: rules, hit: unique, outputs: {status: {type: count}, more: {type: count}}, rows: [{id: r, then: {status: 1, more: 2}}]}",
    ],
    ids=["angle", "output"],
)
def test_a_column_means_one_thing(decision: str) -> None:
    book = dr.loads(f"policy: p\ndecisions: {{d: {decision}}}")
    with pytest.raises(dr.RecordError) as caught:
        book.evaluate_frame({"customers": PEOPLE}, as_of=DAY)
    assert caught.value.text("en") == (
        "customer, decisions: the column `d.status` would mean two things: give the angle or output another name"
    )
    assert caught.value.text("zh") == "客户，decisions：列 `d.status` 会有两种含义：请给该角度或输出换个名字"


# ---------------------------------------------------------------------------------------------------
# One row, explained


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_is_explained_as_its_record_is(kind: str, shipped: dr.PolicyBook) -> None:
    people = list(demo.customers(40, as_of=DAY))
    tables = {name: as_kind(frame, kind) for name, frame in tables_of(people, "customer").items()}
    for record in people[:: 40 if kind != "polars" else 8]:
        found = shipped.explain_row(tables, record["customer_id"], as_of=DAY, lang="zh")
        assert found.text == shipped.evaluate(record, as_of=DAY).explain("zh").text


def test_the_row_of_a_key_of_two_parts(shipped: dr.PolicyBook) -> None:
    months = pl.DataFrame(
        {
            "consultant_id": ["A", "A"],
            "period_end": [date(2014, 8, 31), DAY],
            "contacted": [50, 50],
            "returned": [10, 9],
        }
    )
    tables = {"consultant_months": months}
    more = {"as_of": DAY, "subject": "consultant_month"}
    assert "-20.00 yuan" in shipped.explain_row(tables, ("A", DAY), **more).text
    for key, said in (
        ("A", "2 rows are `A`: name the rest of the key too, consultant_id, period_end"),
        ("B", "there is no row `B`"),
    ):
        with pytest.raises(dr.RecordError) as caught:
            shipped.explain_row(tables, key, **more)
        assert str(caught.value) == f"consultant_months: consultant month, consultant_id: {said}"


@pytest.mark.parametrize("kind", ["polars", "duckdb"])
def test_a_measure_of_parts_of_a_fen_stays_a_fraction_where_the_subject_is_dated(kind: str) -> None:
    """70% of one fen is 7 over 10, under the version of the subject's own date as under that of the day."""
    book = dr.loads(
        "policy: p\nfacts: {part: {subject: purchase, share: 70%, of: amount}}\ndecisions: {d: {kind: stage, "
        "subject: purchase, dated_by: purchased_on, measure: part, stages: {some: {from: 0 yuan}}}}"
    )
    days = [None, date(2014, 8, 1), date(2014, 10, 1)]
    records = [
        {"purchase_id": f"P{at}", "purchased_on": day, "amount": "0.01"} for at, day in enumerate(days)
    ]
    out = tables_answer(book, "purchase", DAY, records, kind).sort("purchase_id")
    assert out.select("d.measure", "d.measure.over").rows() == [(7, 10), (7, 10), (None, None)]
    answers = {each["purchase_id"]: book.evaluate(each, as_of=DAY, subject="purchase") for each in records}
    assert_rows_agree(out, answers, "purchase_id", book.decisions)
