"""Reports: the published tables of the source documents digit for digit, the 80/20 check, and what is due."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules import report
from dealerrules.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pl = pytest.importorskip("polars")
SHIPPED = dr.load(Path(__file__).parents[1] / "policies")
DAY = "2014-09-30"


def polars_lazy(columns: dict[str, list[Any]]) -> Any:
    return pl.LazyFrame(columns)


def pandas_frame(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def arrow_table(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pyarrow").table(columns)


def duckdb_relation(columns: dict[str, list[Any]]) -> Any:
    duckdb, arrow = pytest.importorskip("duckdb"), pytest.importorskip("pyarrow")
    return duckdb.from_arrow(arrow.table(columns))


FRAMES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "polars": pl.DataFrame,
    "polars lazy": polars_lazy,
    "pandas": pandas_frame,
    "pyarrow": arrow_table,
    "duckdb": duckdb_relation,
}
kinds = pytest.mark.parametrize("frame", FRAMES.values(), ids=list(FRAMES))


def rows_of(counts: Mapping[str, int], column: str) -> dict[str, list[Any]]:
    """Return a column with so many rows of each value."""
    return {column: list(Counter(counts).elements())}


def percents(found: report.Shares, places: int = 0) -> list[str]:
    return [str(report.percent(row.share or Fraction(0), places)) for row in found.rows]


# --- domain.md 2.6, digit for digit -------------------------------------------------------------------

REGIONS = {
    "市里": 83,
    "外地": 69,
    "石狮": 19,
    "晋江": 59,
    "惠安": 27,
    "永春": 15,
    "德化": 26,
    "安溪": 111,
    "南安": 87,
    "泉港": 11,
    "省内其余地域": 45,
}
MODELS = {
    "欧朗": (107, 14),
    "B50": (1991, 346),
    "B70": (359, 76),
    "B90": (88, 8),
    "X80": (886, 159),
    "红旗": (13, 2),
    "其余品牌": (72, 3),
}
SINCE_PURCHASE = {
    "within 1 year": 14,
    "1-2 years": 104,
    "2-3 years": 86,
    "3-4 years": 93,
    "over 4 years": 212,
}


@kinds
def test_churned_customers_by_region(frame: Callable[[dict[str, list[Any]]], Any]) -> None:
    found = report.shares(frame(rows_of(REGIONS, "region")), "region", order=list(REGIONS))
    assert found.total == 552
    assert [row.count for row in found.rows] == list(REGIONS.values())
    assert percents(found) == ["15", "13", "3", "11", "5", "3", "5", "20", "16", "2", "8"]
    assert found.rows[-1].cumulative == 1
    assert report.percent(found["外地"].share or Fraction(0), 2) == Decimal("12.50")  # half up makes 13 of it
    assert report.shares(frame(rows_of(REGIONS, "region")), "region").rows[0].group == "安溪"


@kinds
def test_churned_vehicles_by_model(frame: Callable[[dict[str, list[Any]]], Any]) -> None:
    columns: dict[str, list[Any]] = {"model": [], "churn": []}
    for model, (on_file, churned) in MODELS.items():
        columns["model"] += [model] * on_file
        columns["churn"] += ["churned"] * churned + ["active"] * (on_file - churned)
    found = report.breakdown(frame(columns), "churn", by="model", of="churned", order=list(MODELS))
    assert [(row.total, row.count) for row in found.rows] == list(MODELS.values())
    assert [report.percent_text(row.rate) for row in found.rows] == [
        "13%",
        "17%",
        "21%",
        "9%",
        "18%",
        "15%",
        "4%",
    ]
    assert (found.counted, found.total) == (608, 3516)
    # the source calls B50 the model with the highest rate; it only has the most churned vehicles
    assert [part.group for part in found.most] == ["B50"]
    assert [part.group for part in found.highest] == ["B70"]
    assert (found["B50"].rate, found["B50"].share) == (Fraction(346, 1991), Fraction(346, 608))
    grid = found.grid("zh", titles={"churned": "流失"})
    assert grid.heads == ("model", "组内总数", "流失", "组内比率", "占全部流失的比例")
    assert grid.rows[1] == ("B50", "1,991", "346", "17%", "57%")
    assert grid.total == ("合计", "3,516", "608", "17%", "100%")
    assert grid.notes == (
        "流失最多的是 B50：全部 608 中的 346（57%）",
        "比率最高的是 B70：组内 359 中的 76（21%）",
    )


def test_churned_by_time_since_purchase() -> None:
    found = report.shares(pl.DataFrame(rows_of(SINCE_PURCHASE, "since")), "since", order=list(SINCE_PURCHASE))
    assert found.total == 509
    assert percents(found) == ["3", "20", "17", "18", "42"]
    assert [report.percent_text(row.cumulative) for row in found.rows] == ["3%", "23%", "40%", "58%", "100%"]


def test_in_and_out_of_warranty() -> None:
    """The source prints 40% and 60%; no rounding of 201 and 308 gives both."""
    found = report.shares_of({"in": 201, "out": 308}, "warranty", order=["in", "out"])
    assert found.total == 509
    assert percents(found) == ["39", "61"]
    assert percents(found, 1) == ["39.5", "60.5"]
    assert found.grid().notes == ("Percentages are rounded half up from exact shares, each on its own.",)


def test_customers_by_year_of_purchase() -> None:
    years = {2006: 240, 2007: 518, 2008: 579, 2009: 616, 2010: 730, 2011: 164}
    found = report.shares(pl.DataFrame({"year": list(Counter(years).elements())}), "year", order="group")
    assert [(row.group, row.count) for row in found.rows] == list(years.items())
    assert found.total == 2847


def test_second_tier_channel() -> None:
    """Of 226 sold 53 came back for paid work, 173 did not, 96 of them without any repair record."""
    sold = report.shares_of({"paid work": 53, "no paid work": 173})
    assert (sold.total, percents(sold)) == (226, ["77", "23"])
    columns = {
        "came_back": [True] * 53 + [False] * 173,
        "record": ["some"] * 53 + ["none"] * 96 + ["some"] * 77,
    }
    found = report.breakdown(pl.DataFrame(columns), "record", by="came_back", of="none")
    assert (found[False].count, found[False].total, found[True].count) == (96, 173, 0)
    assert [part.group for part in found.most] == [False]


def test_customers_who_used_other_stores() -> None:
    alternating = {1: 131, 2: 33, 3: 20, 4: 9, 5: 7}
    visits = report.shares(
        pl.DataFrame({"visits": list(Counter(alternating).elements())}), "visits", order="group"
    )
    assert (visits.total, [row.count for row in visits.rows]) == (200, [131, 33, 20, 9, 7])
    found = report.shares_of({"never returned": 356, "alternate": 200})
    assert (found.total, percents(found)) == (556, ["64", "36"])


# --- shares, breakdowns, cross tables -----------------------------------------------------------------


def test_rounding_is_half_up_and_exact() -> None:
    cases = {
        "1/8": "13",
        "1/200": "1",
        "1/201": "0",
        "199/200": "100",
        "5/1000": "1",
        "4999999999999999999/10000000000000000000": "50",
    }
    assert {text: str(report.percent(Fraction(text))) for text in cases} == cases
    assert report.percent(Fraction(-1, 8)) == Decimal(-13)  # halves away from zero
    assert report.percent_text(None) == "–"


@kinds
def test_what_is_not_recorded_is_a_group_of_its_own(frame: Callable[[dict[str, list[Any]]], Any]) -> None:
    found = report.shares(frame({"region": ["a", None, "a", None, None]}), "region")
    assert [(row.group, row.count) for row in found.rows] == [("a", 2), (None, 3)]
    assert found.grid("zh").rows[-1] == ("没有记录", "3", "60%", "5", "100%")


def test_printed_percentages_that_do_not_add_up_are_said() -> None:
    thirds = report.shares_of({"a": 1, "b": 1, "c": 1})
    assert thirds.grid().notes[0].endswith("they add up to 99%.")
    assert thirds.grid("zh").notes == ("百分比由精确比例四舍五入，各自取整，相加为 99%。",)


def test_enums_booleans_and_orders() -> None:
    frame = pl.DataFrame(
        {
            "tier": pl.Series(["vip", "general", "general"], dtype=pl.Enum(["super_vip", "vip", "general"])),
            "media": [True, None, False],
        }
    )
    assert [
        row.group for row in report.shares(frame, "tier", order=["super_vip", "vip", "general"]).rows
    ] == ["vip", "general"]
    assert [row.group for row in report.shares(frame, "media", order="group").rows] == [False, True, None]
    assert report.shares(frame, "media").grid("zh").rows[0][0] == "否"
    found = report.cross(frame, "tier", by="media", answers=["super_vip", "vip", "general"], order="group")
    assert (found.answers, found.rows) == (("vip", "general"), {False: (0, 1), True: (1, 0), None: (0, 1)})
    assert "all" in str(found)


def test_ties_are_named_together() -> None:
    frame = pl.DataFrame({"g": ["a", "a", "b", "b", "c"], "d": ["x", "y", "x", "y", "y"]})
    found = report.breakdown(frame, "d", by="g", of=["x"])
    assert [part.group for part in found.most] == ["a", "b"] == [part.group for part in found.highest]
    assert found.grid().notes == (
        "most x: a, b, 1 of all 2 (50%)",
        "highest rate: a, b, 1, 1 of the 2, 2 in the group (50%)",
    )


def test_over_nothing() -> None:
    empty = pl.DataFrame({"g": [], "d": []}, schema={"g": pl.String, "d": pl.String})
    assert report.shares(empty, "g").rows == ()
    found = report.breakdown(empty, "d", by="g", of="x")
    assert (found.most, found.highest, found.grid().notes) == ((), (), ())
    none = report.breakdown(pl.DataFrame({"g": ["a"], "d": ["y"]}), "d", by="g", of="x")
    assert (none["a"].share, none["a"].rate, none.most, none.highest) == (None, 0, (), ())
    assert none.grid().rows == (("a", "1", "0", "0%", "–"),)


def test_several_answers_are_counted_together() -> None:
    frame = pl.DataFrame({"g": ["a"] * 3, "d": ["churned", "gone", "active"]})
    found = report.breakdown(frame, "d", by="g", of=["churned", "gone"])
    assert found["a"].count == 2
    assert found.grid("zh").heads[2] == "churned或gone"
    assert json.loads(json.dumps(found.to_dict()))["rows"] == [
        {"group": "a", "count": 2, "total": 3, "rate": "2/3", "share": "1"}
    ]
    assert json.loads(json.dumps(report.shares(frame, "d").to_dict()))["rows"][0]["share"] == "1/3"


def test_a_column_that_is_not_there() -> None:
    frame = pl.DataFrame({"region": ["a"]})
    with pytest.raises(dr.RecordError, match="no column `regoin`") as caught:
        report.shares(frame, "regoin")
    assert "数据中没有 `regoin` 这一列；是不是 `region`？" in caught.value.text("zh")
    with pytest.raises(dr.RecordError, match="`tier`"):
        report.breakdown(frame, "tier", by="region", of="vip")


# --- the 80/20 check ----------------------------------------------------------------------------------


def amounts(*values: str | None) -> list[Decimal | None]:
    return [None if value is None else Decimal(value) for value in values]


@kinds
def test_pareto(frame: Callable[[dict[str, list[Any]]], Any]) -> None:
    columns = {
        "tier": ["super_vip", "vip", "vip", "general", "general", "general"],
        "spend_past_year": amounts("600.50", "200.00", "100.00", "60.00", "39.50", None),
    }
    found = report.pareto(frame(columns), order=["super_vip", "vip", "general"])
    assert (found.spend, found.customers, found.unknown) == (Decimal("1000.00"), 5, 1)
    by_level = {each.level: (each.customer_share, each.spend_share, each.unknown) for each in found.levels}
    assert by_level == {
        "super_vip": (Fraction(1, 6), Fraction("0.6005"), 0),
        "vip": (Fraction(2, 6), Fraction("0.3"), 0),
        "general": (Fraction(3, 6), Fraction("0.0995"), 1),
    }
    assert found.share_of_top(Fraction(1, 5)) == Fraction("0.6005")
    assert found.customers_for(Fraction(4, 5)) == 2
    assert found.customers_for(Fraction("0.8006")) == 3
    assert found.curve[0] == (0, Decimal(0))
    assert found.curve[-1] == (5, Decimal("1000.00"))
    assert [number for number, _ in found.curve] == sorted(number for number, _ in found.curve)
    assert found.grid().notes == (
        "the top 20% of customers bring 60% of the spend",
        "80% of the spend comes from 40% of the customers (2)",
    )
    assert found.grid("zh").heads == ("级别", "客户", "占客户", "消费（元）", "占消费", "消费未知")


def test_pareto_of_equals_and_of_nothing() -> None:
    equal = report.pareto(pl.DataFrame({"tier": ["a"] * 10, "spend_past_year": [7] * 10}))
    assert [equal.share_of_top(Fraction(part, 10)) for part in (0, 1, 5, 10)] == [
        0,
        Fraction(1, 10),
        Fraction(1, 2),
        1,
    ]
    assert equal.customers_for(Fraction(4, 5)) == 8
    nothing = report.pareto(pl.DataFrame({"tier": ["a", "a"], "spend_past_year": [0, None]}))
    assert (
        nothing.share_of_top(Fraction(1, 5)),
        nothing.customers_for(Fraction(4, 5)),
        nothing.grid().notes,
    ) == (None, None, ())


def test_spend_in_floats_is_refused() -> None:
    with pytest.raises(dr.RecordError, match="exact"):
        report.pareto(pl.DataFrame({"tier": ["a"], "spend_past_year": [0.1]}))


# --- what is due --------------------------------------------------------------------------------------


def tables(**rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return tables whose dates are ISO texts here."""
    found = {}
    for name, events in rows.items():
        frame = pl.DataFrame(events, infer_schema_length=None)
        dates = [column for column in frame.columns if column.endswith(("_on", "_until"))]
        found[name] = frame.with_columns(
            pl.col(column).cast(pl.String).str.to_date() for column in dates
        ).lazy()
    return found


def listed(found: tuple[report.Due, ...]) -> list[tuple[str, str]]:
    return [(each.customer_id, str(each.on)) for each in found]


def test_red_line_list() -> None:
    answers = pl.DataFrame(
        {"customer_id": ["C1", "C2", "C3", "C4", "C5"], "red_line": [True, True, True, False, None]}
    )
    store = tables(
        visits=[
            {"customer_id": "C1", "visited_on": "2013-09-30", "status": "settled"},
            {"customer_id": "C1", "visited_on": "2014-09-01", "status": "cancelled"},
            {"customer_id": "C1", "visited_on": "2014-10-01", "status": None},
            {"customer_id": "C4", "visited_on": "2014-09-30", "status": None},
        ],
        vehicles=[
            {"customer_id": "C2", "purchased_on": "2012-01-31", "vin": "V2"},
            {"customer_id": "C1", "purchased_on": "2014-01-31", "vin": "V1"},
        ],
    )
    found = report.due(SHIPPED, store, answers, as_of=DAY)["red_line"]
    assert listed(found) == [("C2", "2012-01-31"), ("C1", "2013-09-30"), ("C3", DAY)]
    assert [each.why("en") for each in found] == [
        "no visit; bought on 2012-01-31, 973 days ago",
        "last visit on 2013-09-30, 365 days ago",
        "no visit and no purchase on record",
    ]
    assert found[1].why("zh") == "最近一次进站 2013-09-30，已 365 天"


def test_follow_ups_by_cadence() -> None:
    levels = {
        "C1": "super_vip",
        "C2": "super_vip",
        "C3": "vip",
        "C4": "vip",
        "C5": "general",
        "C6": "general",
        "C7": "vip",
        "C8": None,
    }
    answers = pl.DataFrame({"customer_id": list(levels), "tier": list(levels.values())})
    store = tables(
        contacts=[
            {"customer_id": "C1", "contacted_on": "2014-09-23", "result": "reached"},  # a week ago
            {"customer_id": "C2", "contacted_on": "2014-09-24", "result": "reached"},  # six days
            {"customer_id": "C3", "contacted_on": "2014-08-30", "result": None},  # a month
            {"customer_id": "C4", "contacted_on": "2014-08-31", "result": "reached"},  # a day short of it
            {"customer_id": "C5", "contacted_on": "2013-09-30", "result": "refused"},
            {"customer_id": "C5", "contacted_on": "2014-09-29", "result": "unreachable"},  # reached nobody
            {"customer_id": "C7", "contacted_on": "2014-10-01", "result": "reached"},  # not yet
        ]
    )
    found = report.due(SHIPPED, store, answers, as_of=DAY)["follow_ups"]
    assert set(listed(found)) == {("C1", DAY), ("C3", DAY), ("C5", DAY), ("C6", DAY), ("C7", DAY)}
    whys = {each.customer_id: each for each in found}
    assert whys["C1"].why("en") == "Super VIP, weekly: last reached on 2014-09-23"
    assert whys["C5"].why("zh") == "一般客户（正常销售客户），年度：最近一次联系 2013-09-30"
    assert whys["C7"].why("en") == "VIP, monthly: never reached"
    later = report.due(SHIPPED, store, answers, as_of="2014-10-05")["follow_ups"]
    assert ("C2", "2014-10-01") in listed(later)
    assert ("C4", "2014-10-01") in listed(later)  # 31 August is a month ago on 1 October
    assert [each.on for each in later] == sorted(each.on for each in later)


def test_insurance_and_warranty_lists() -> None:
    store = tables(
        insurance=[
            {
                "customer_id": "C1",
                "vin": "V1",
                "cover": "commercial",
                "starts_on": "2013-10-01",
                "ends_on": "2014-09-30",
            },
            {
                "customer_id": "C2",
                "vin": "V2",
                "cover": "commercial",
                "starts_on": "2013-10-31",
                "ends_on": "2014-10-30",
            },
            {
                "customer_id": "C3",
                "vin": "V3",
                "cover": "compulsory",
                "starts_on": "2013-11-01",
                "ends_on": "2014-10-31",
            },
            {
                "customer_id": "C4",
                "vin": "V4",
                "cover": "commercial",
                "starts_on": "2013-10-01",
                "ends_on": "2014-09-29",
            },
            {
                "customer_id": "C5",
                "vin": "V5",
                "cover": "commercial",
                "starts_on": "2013-10-11",
                "ends_on": "2014-10-10",
            },
            {
                "customer_id": "C5",
                "vin": "V5",
                "cover": "commercial",
                "starts_on": "2014-09-30",
                "ends_on": "2015-10-10",
            },
            {
                "customer_id": "C6",
                "vin": "V6",
                "cover": None,
                "starts_on": "2013-10-11",
                "ends_on": "2014-10-10",
            },
            {
                "customer_id": "C6",
                "vin": "V6",
                "cover": None,
                "starts_on": "2014-10-11",
                "ends_on": "2015-10-10",
            },
            {
                "customer_id": "C7",
                "vin": "V7",
                "cover": "commercial",
                "starts_on": "2013-10-11",
                "ends_on": None,
            },
        ],
        vehicles=[
            {"customer_id": "C1", "vin": "V1", "purchased_on": "2011-10-01", "warranty_until": "2014-09-30"},
            {"customer_id": "C2", "vin": "V2", "purchased_on": None, "warranty_until": "2014-10-30"},
            {"customer_id": "C3", "vin": None, "purchased_on": "2011-10-01", "warranty_until": "2014-10-31"},
            {"customer_id": "C4", "vin": "V4", "purchased_on": "2011-10-01", "warranty_until": None},
            {"customer_id": "C5", "vin": "V5", "purchased_on": "2014-10-01", "warranty_until": "2014-10-02"},
        ],
    )
    found = report.due(SHIPPED, store, pl.DataFrame({"customer_id": []}), as_of=DAY)
    assert listed(found["insurance"]) == [("C1", DAY), ("C6", "2014-10-10"), ("C2", "2014-10-30")]
    assert found["insurance"][2].why("en") == "commercial cover of V2 ends on 2014-10-30, in 30 days"
    assert found["insurance"][1].why("zh") == "V6 的保险于 2014-10-10 到期，还有 10 天"
    assert listed(found["warranty"]) == [("C1", DAY), ("C2", "2014-10-30")]
    longer = report.due(SHIPPED, store, pl.DataFrame({"customer_id": []}), as_of=DAY, days=31)
    assert listed(longer["insurance"])[-1] == ("C3", "2014-10-31")
    assert longer["warranty"][-1].why("en") == "warranty of a vehicle ends on 2014-10-31, in 31 days"


def test_nothing_is_due_without_tables() -> None:
    found = report.due(SHIPPED, {}, pl.DataFrame({"customer_id": []}), as_of=DAY)
    assert list(found) == list(report.DUE_LISTS)
    assert not any(found.values())


@pytest.mark.parametrize(
    ("last", "months", "days", "expected"),
    [
        ("2014-01-31", 1, 0, "2014-03-01"),
        ("2014-02-28", 1, 0, "2014-03-28"),
        ("2012-02-29", 12, 0, "2013-03-01"),
        ("2014-08-31", 1, 0, "2014-10-01"),
        ("2014-12-31", 0, 7, "2015-01-07"),
    ],
)
def test_first_day_due(last: str, months: int, days: int, expected: str) -> None:
    from dealerrules.due import first_day_due

    assert str(first_day_due(date.fromisoformat(last), months, days)) == expected


# --- the page -----------------------------------------------------------------------------------------

GOLDEN = Path(__file__).parent / "golden"


def store_tables() -> dict[str, Any]:
    """Return a small store: three regions, every tier, churned and active customers, one of everything that is due."""
    people = [
        {"customer_id": f"C{at:02}", "region": ["晋江", "安溪", None][at % 3], "channel": "store", "in_territory": True,
         "kind": "individual" if at % 4 else "company", "influential": at == 0, "loyalty": "high", "media": False}
        for at in range(12)
    ]  # fmt: skip
    visits = [
        {
            "customer_id": f"C{at:02}",
            "visited_on": day,
            "settled_on": day,
            "status": "settled",
            "vin": f"V{at:02}",
            "amount": Decimal(at * 100),
        }
        for at in range(10)
        for day in (["2013-09-15"] if at % 2 else ["2013-09-15", "2014-03-01", "2014-09-10"])
    ]
    return tables(
        customers=people,
        visits=visits,
        vehicles=[{"customer_id": f"C{at:02}", "vin": f"V{at:02}", "own_brand": True, "purchased_on": "2011-10-01", "warranty_until": "2014-10-01"} for at in range(12)],
        insurance=[{"customer_id": "C01", "vin": "V01", "cover": "commercial", "starts_on": "2013-10-10", "ends_on": "2014-10-09"}],
        contacts=[{"customer_id": "C01", "contacted_on": "2014-09-02", "purpose": "recall", "result": "reached"}],
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    """The page of a small store, in both languages."""
    pytest.importorskip("matplotlib")
    from dealerrules.report_page import page

    return {lang: page(SHIPPED, store_tables(), as_of=DAY, lang=lang) for lang in ("en", "zh")}


def without_pictures(text: str) -> str:
    """Return a page without what another version of matplotlib may draw otherwise, and without its style."""
    return re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_to_the_letter(lang: str, drawn: dict[str, str]) -> None:
    said = re.sub(
        r"(?<=[>])(?=<(?:section|h[1-3]|table|tr|figure|p|li|/section|/table))",
        "\n",
        without_pictures(drawn[lang]),
    )
    said = re.sub(r"(?:policies|政策) [0-9a-f]{12}", "policies 0", said) + "\n"
    golden = GOLDEN / f"report.{lang}.html"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


class Outline(HTMLParser):
    """Checks that tags are closed in order, and notes ids, references and tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "xlink:href"}:
                self.references.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_is_whole_and_stands_alone(lang: str, drawn: dict[str, str]) -> None:
    outline = Outline()
    outline.feed(drawn[lang])
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert all(each.startswith("#") and each[1:] in outline.ids for each in outline.references)
    assert not {"script", "link", "img", "iframe", "object"} & set(outline.tags)
    assert not re.findall(r"url\((?!#)", drawn[lang])
    assert "@import" not in drawn[lang]
    assert "@font-face" not in drawn[lang]
    charts = outline.tags.count("svg")
    assert charts == outline.tags.count("figure") >= 8
    assert drawn[lang].count('role="img" aria-labelledby=') == charts
    assert outline.tags.count("table") >= 8
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in drawn[lang]
    assert "@media print" in drawn[lang]


def test_the_same_store_gives_the_same_page(drawn: dict[str, str]) -> None:
    from dealerrules.report_page import page

    eager = {name: frame.collect() for name, frame in store_tables().items()}
    assert page(SHIPPED, eager, as_of=DAY, lang="zh") == drawn["zh"]
    assert (
        page(
            SHIPPED,
            {name: frame.to_arrow() for name, frame in eager.items()},
            as_of=date(2014, 9, 30),
            month="2014-09",
        )
        == drawn["en"]
    )


def test_a_page_in_chinese_has_no_english_sentence(drawn: dict[str, str]) -> None:
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", drawn["zh"], flags=re.DOTALL)
    assert not re.findall(r"\b(the|rate|customers|share|last|visit|above|below|recorded)\b", text.lower())


def test_what_data_and_policies_hold_is_shown_as_it_is() -> None:
    pytest.importorskip("matplotlib")
    from dealerrules.report_page import page

    book = dr.loads(
        "policy: p\ndecisions:\n  stage:\n    kind: stage\n    title: '<b>A & B</b> $x^2$'\n    measure: months_since_last_visit\n"
        "    stages: {active: {from: 0 months, title: '<i>'}, churned: {from: 12 months, title: '\"><script>alert(1)</script>'}}\n"
    )
    store = tables(
        customers=[{"customer_id": "<C1>", "region": "<script>"}, {"customer_id": "C2", "region": "a&b"}],
        visits=[
            {"customer_id": "<C1>", "visited_on": "2012-01-01"},
            {"customer_id": "C2", "visited_on": "2014-09-01"},
        ],
        vehicles=[{"customer_id": "<C1>", "vin": "<V>", "purchased_on": "2011-01-01", "warranty_until": DAY}],
    )
    said = page(book, store, as_of=DAY)
    outline = Outline()
    outline.feed(said)
    assert "script" not in outline.tags
    assert "&lt;b&gt;A &amp; B&lt;/b&gt; $x^2$" in said
    assert "&lt;C1&gt;" in said
    assert "warranty of &lt;V&gt; ends" in said


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two months of rates are as good as twelve, and much faster."""
    monkeypatch.setattr("dealerrules.report_page.MONTHS", 2)


@pytest.mark.usefixtures("brief")
def test_months_and_days_of_the_page() -> None:
    pytest.importorskip("matplotlib")
    from dealerrules.report_page import page

    store = store_tables()
    assert "<td>2014-08</td>" in page(SHIPPED, store, as_of="2014-09-29")  # September is not over
    assert "<td>2014-07</td>" in page(SHIPPED, store, as_of="2014-09-29", month="2014-07")
    assert "2014-10-09, in 9 days" in page(SHIPPED, store, as_of=DAY, days=9)
    assert "2014-10-09, in 9 days" not in page(SHIPPED, store, as_of=DAY, days=8)
    with pytest.raises(dr.RecordError, match="`2014-09` is not over on 2014-09-29"):
        page(SHIPPED, store, as_of="2014-09-29", month="2014-09")
    with pytest.raises(dr.RecordError, match="a month such as `2014-09` is needed, not `2013`"):
        page(SHIPPED, store, as_of=DAY, month="2013")


@pytest.mark.usefixtures("brief")
def test_a_page_of_almost_nothing() -> None:
    pytest.importorskip("matplotlib")
    from dealerrules.report_page import page

    nobody = {"customers": pl.DataFrame({"customer_id": []}, schema={"customer_id": pl.String})}
    for book in (SHIPPED, dr.loads("policy: p")):
        for as_of in (DAY, "1980-01-31"):
            outline = Outline()
            outline.feed(page(book, nobody, as_of=as_of, lang="zh"))
            assert outline.open == []
    alone = {"customers": pl.DataFrame({"customer_id": ["C1"]})}
    assert "1 (100%)" in page(SHIPPED, alone, as_of=DAY)


# --- the command --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store as CSV tables."""
    for name, frame in store_tables().items():
        frame.collect().write_csv(tmp_path / f"{name}.csv")
    return tmp_path


@pytest.mark.usefixtures("brief")
def test_the_command_writes_the_page(
    folder: Path, drawn: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "report.html"
    out.write_text("old", encoding="utf-8")
    assert main(["report", str(folder), "--as-of", DAY, "--lang", "zh", "--out", str(out)]) == 0
    said = out.read_text(encoding="utf-8")
    assert capsys.readouterr() == ("", "")
    assert "读入的数据" in said
    assert said.startswith(drawn["zh"][:200])
    assert [path.name for path in folder.glob("report*")] == ["report.html"]
    assert main(["report", str(folder), "--as-of", DAY, "--lang", "zh", "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == said


@pytest.mark.usefixtures("brief")
def test_the_command_without_a_sound_store(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "report.html"
    visits = (folder / "visits.csv").read_text(encoding="utf-8")
    stray = visits.splitlines()[1].replace("C00", "nobody")
    (folder / "visits.csv").write_text(f"{visits}{stray}\n", encoding="utf-8")
    assert main(["report", str(folder), "--as-of", DAY, "--out", str(out)]) == 1
    assert not out.exists()
    assert "nothing was written" in capsys.readouterr().err
    assert main(["report", str(folder), "--as-of", DAY, "--out", str(out), "--on-error", "skip"]) == 1
    assert "1 rows were rejected" in out.read_text(encoding="utf-8")


def test_wrong_usage_of_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(folder / "no" / "report.html")
    assert main(["report", str(folder), "--as-of", DAY, "--out", out]) == 2
    assert "there is no directory" in capsys.readouterr().err
    out = str(folder / "report.html")
    assert main(["report", str(folder), "--as-of", DAY, "--month", "2014-13", "--out", out]) == 1
    assert "a month such as `2014-09`" in capsys.readouterr().err
    assert not Path(out).exists()


def test_without_matplotlib(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out = folder / "report.html"
    assert main(["report", str(folder), "--as-of", DAY, "--lang", "zh", "--out", str(out)]) == 1
    assert '画图需要 matplotlib：pip install "dealerrules[report]"' in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("kind", ["pandas", "duckdb"])
def test_the_page_of_every_kind_of_frame(kind: str) -> None:
    pytest.importorskip("matplotlib")
    arrow, library = pytest.importorskip("pyarrow"), pytest.importorskip(kind)
    from dealerrules.report_page import page

    frames = {name: frame.collect().to_arrow() for name, frame in store_tables().items()}
    if kind == "pandas":
        made = {name: frame.to_pandas(types_mapper=library.ArrowDtype) for name, frame in frames.items()}
    else:
        made = {name: library.from_arrow(frame) for name, frame in frames.items()}
    assert isinstance(frames["visits"], arrow.Table)
    assert page(SHIPPED, made, as_of=DAY) == page(SHIPPED, store_tables(), as_of=DAY)


# --- charts -------------------------------------------------------------------------------------------


def test_charts_stand_alone_and_show_what_they_are_told() -> None:
    pytest.importorskip("matplotlib")
    from dealerrules import charts

    bars = charts.bars(
        "a", "一 & <二>", [("$x^2$ <b>", 3, "3 (75%)"), ("省内其余地域" * 6, 1, "1 (25%)"), ("", 0, "0")]
    )
    assert '<title id="a-title">一 &amp; &lt;二&gt;</title>' in bars
    assert "$x^2$ &lt;b&gt;" in bars  # no formula, no tag
    assert "省内其余地域省内其余地域省内其余…" in bars
    assert "DejaVu" in bars or "font-family" in bars  # text is text
    assert charts.bars("a", "t", []).startswith("<svg")
    line = charts.line("b", "t", [("2014-07", None), ("2014-08", Fraction(1, 3)), ("2014-09", None)], "–")
    assert "nan" not in line.lower()
    assert charts.line("c", "t", [("2014-07", None)], "–").startswith("<svg")
    assert charts.curve(
        "d", "t", [(Fraction(0), Fraction(0)), (Fraction(1), Fraction(1))], ("x", "y")
    ).startswith("<svg")
    for svg in (bars, line):
        assert "<metadata" not in svg
        assert "<style" not in svg
        assert "xlink" not in svg


def test_what_is_worked_out_is_told() -> None:
    pytest.importorskip("matplotlib")
    from dealerrules.report_page import page

    told: list[str] = []
    page(SHIPPED, store_tables(), as_of=DAY, progress=told.append)
    assert told[0] == "At a glance"
    assert [each for each in told if each.startswith("201")][-1] == "2014-09"
    assert told[-1] == "What was read"
