"""Rates: the six of domain.md 2.5 on worked stores, the language, and the two engines held equal."""

from __future__ import annotations

import json
import pickle
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules import demo
from dealerrules.populations import read_period
from dealerrules.verdict import Status
from frames import KINDS, as_kind, tables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealerrules.rates import RateOutcome

SHIPPED = dr.load(Path(__file__).parents[1] / "policies")
GOOD = dr.load(Path(__file__).parent / "corpus" / "good" / "rates.yaml")
MONTHLY = [
    "churn_rate",
    "effective_churn_rate_monthly",
    "recovery_rate",
    "returned_share",
    "same_month_return_rate",
]


def customer(
    name: str, *visits: str | dict[str, Any], inside: bool | None = True, **more: Any
) -> dict[str, Any]:
    """Return a customer's record with visits on these days."""
    events = [{"visited_on": each} if isinstance(each, str) else each for each in visits]
    return {"customer_id": name, "in_territory": inside, "visits": events, **more}


def of(rate: str, customers: Sequence[dict[str, Any]], period: str = "2014-09") -> RateOutcome:
    """Return a shipped rate of a store."""
    return SHIPPED.rates(customers, period=period, rates=[rate])[rate]


def counted(
    rate: str, customers: Sequence[dict[str, Any]], period: str = "2014-09"
) -> tuple[int | None, int | None]:
    """Return what a shipped rate counts above and below its line."""
    found = of(rate, customers, period)
    return found.numerator, found.denominator


# --- effective customers, monthly ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        (["2013-09-01"], (0, 1)),  # the first day of month N-12; not again
        (["2013-09-30"], (0, 1)),  # its last day
        (["2013-08-31"], (0, 0)),  # the day before
        (["2013-10-01"], (0, 0)),  # the day after
        (["2013-09-15", "2013-10-01"], (1, 1)),  # again on the first day that counts
        (["2013-09-15", "2014-09-30"], (1, 1)),  # and on the last
        (["2013-09-15", "2014-10-01"], (0, 1)),  # a day too late: not known yet
        (["2013-09-15", "2013-09-20"], (0, 1)),  # again within the month itself is not again
        ([{"visited_on": "2013-09-15", "status": "cancelled"}], (0, 0)),
        (["2013-09-15", {"visited_on": "2014-01-01", "status": "deleted"}], (0, 1)),
        (["2013-09-15", {"visited_on": "2014-01-01", "status": "open"}], (1, 1)),
    ],
)
def test_effective_churn_monthly(visits: list[Any], expected: tuple[int, int]) -> None:
    assert counted("effective_churn_rate_monthly", [customer("C1", *visits)]) == expected


@pytest.mark.parametrize(
    ("inside", "visits", "expected", "undecided"),
    [
        (True, ["2013-09-15"], (0, 1), 0),
        (False, ["2013-09-15"], (0, 0), 0),  # one visit, outside: not effective
        (None, ["2013-09-15"], (0, 0), 1),  # the territory is unknown: not counted, and said
        (False, ["2013-09-15", "2012-10-01"], (0, 1), 0),  # two within 12 months of 2013-09-30
        (False, ["2013-09-15", "2012-09-30"], (0, 0), 0),  # exactly 12 months before is outside the window
        (None, ["2013-09-15", "2013-09-15"], (0, 1), 0),  # two on one day are two
        (None, ["2013-09-15", "2013-10-02"], (0, 0), 1),  # what comes later does not make effective then
    ],
)
def test_effective_as_of_the_end_of_that_month(
    inside: bool | None, visits: list[str], expected: tuple[int, int], undecided: int
) -> None:
    found = of("effective_churn_rate_monthly", [customer("C1", *visits, inside=inside)])
    assert (found.numerator, found.denominator) == expected
    assert found.undecided["over"] == undecided


def test_effective_churn_monthly_of_a_store() -> None:
    store = [
        customer("C1", "2013-09-01", "2014-01-01"),
        customer("C2", "2013-09-02", "2013-12-01", "2014-02-02"),
        customer("C3", "2013-09-30"),
        customer("C4", "2013-08-31", "2014-01-01"),
        customer("C5", "2013-09-10", inside=False),
        customer("C6"),
    ]
    found = of("effective_churn_rate_monthly", store)
    assert (found.numerator, found.denominator, found.value) == (2, 3, Fraction(1, 3))
    assert found.status is Status.DECIDED
    assert found.reason is None


# --- effective customers, yearly ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        (["2013-01-01"], (0, 1)),  # within the 12 months up to 2013-12-31
        (["2012-12-31"], (0, 0)),  # exactly 12 months before is not
        (["2013-12-31"], (0, 1)),
        (["2013-12-31", "2014-01-01"], (1, 1)),
        (["2013-06-01", "2014-12-31"], (1, 1)),
        (["2013-06-01", "2015-01-01"], (0, 1)),
        (["2014-01-01"], (0, 0)),
    ],
)
def test_effective_churn_yearly(visits: list[str], expected: tuple[int, int]) -> None:
    assert counted("effective_churn_rate_yearly", [customer("C1", *visits)], "2014") == expected


# --- vehicles -----------------------------------------------------------------------------------------


def owner(
    name: str, *vins: str, bought: str | None = "2010-01-01", visits: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Return a customer with vehicles."""
    vehicles = [{"vin": vin, "purchased_on": bought} for vin in vins]
    return {"customer_id": name, "vehicles": vehicles, "visits": list(visits)}


def settled(vin: str | None, visited: str, on: str | None, **more: Any) -> dict[str, Any]:
    """Return a visit of a vehicle."""
    return {"vin": vin, "visited_on": visited, "settled_on": on, **more}


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ([owner("C1", "V1")], (1, 0)),
        ([owner("C1", "V1", visits=[settled("V1", "2013-10-01", None)])], (0, 0)),
        ([owner("C1", "V1", visits=[settled("V1", "2013-09-30", None)])], (1, 0)),  # 12 consecutive months
        ([owner("C1", "V1", visits=[settled("V2", "2014-09-30", None)])], (1, 0)),  # another car
        ([owner("C1", "V1", "V2", visits=[settled("V2", "2014-09-30", None)])], (1, 0)),
        ([owner("C1", "V1", bought="2014-09-30")], (1, 0)),  # on file on its last day
        ([owner("C1", "V1", bought="2014-10-01")], (0, 0)),  # not yet
        ([owner("C1", "V1", bought=None)], (0, 0)),  # a vehicle without purchase does not count
        ([owner("C1", "V1"), owner("C2", "V1")], (1, 0)),  # one car, two owners over time
        (
            [owner("C1", "V1"), owner("C2", visits=[settled("V1", "2014-03-01", None)])],
            (0, 0),
        ),  # whoever brought it
        ([owner("C1", visits=[settled("V1", "2014-08-31", "2014-09-01")])], (0, 1)),
        ([owner("C1", visits=[settled("V1", "2014-08-31", "2014-08-31")])], (0, 0)),
        ([owner("C1", visits=[settled("V1", "2014-09-30", "2014-09-30")])], (0, 1)),
        ([owner("C1", visits=[settled("V1", "2014-09-30", "2014-10-01")])], (0, 0)),
        (
            [
                owner(
                    "C1",
                    visits=[
                        settled("V1", "2014-09-01", "2014-09-01"),
                        settled("V1", "2014-09-09", "2014-09-09"),
                    ],
                )
            ],
            (0, 1),
        ),
        ([owner("C1", visits=[settled(None, "2014-09-01", "2014-09-01")])], (0, 0)),  # which car is not known
        ([owner("C1", visits=[settled("V1", "2014-09-01", "2014-09-01", status="cancelled")])], (0, 0)),
        ([owner("C1", visits=[settled("V1", "2014-09-01", "2014-09-01", status="open")])], (0, 1)),
    ],
)
def test_churn_rate(store: list[dict[str, Any]], expected: tuple[int, int]) -> None:
    assert counted("churn_rate", store) == expected


def test_churn_rate_may_exceed_the_whole() -> None:
    store = [
        owner("C1", "V1", "V2", "V3"),
        owner("C2", "V4", visits=[settled("V4", "2014-09-01", "2014-09-02")]),
        owner("C3", "V5", visits=[settled("V5", "2014-09-30", "2014-09-30")]),
    ]
    assert of("churn_rate", store).value == Fraction(3, 2)


# --- churned customers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        (["2013-08-31"], (0, 1)),  # churned on 2014-08-31: exactly a year
        (["2013-09-01"], (0, 0)),  # a day short of it
        (["2010-01-01"], (0, 1)),  # gone counts too
        ([], (0, 0)),  # never visited is neither
        (["2013-08-31", "2014-09-01"], (1, 1)),
        (["2013-08-31", "2014-09-30"], (1, 1)),
        (["2013-08-31", "2014-10-01"], (0, 1)),
        (["2013-08-31", "2014-08-31"], (0, 0)),  # back already
    ],
)
def test_recovery_rate(visits: list[str], expected: tuple[int, int]) -> None:
    assert counted("recovery_rate", [customer("C1", *visits)]) == expected


@pytest.mark.parametrize(
    ("contact", "visits", "expected"),
    [
        ({"contacted_on": "2014-09-01", "purpose": "recall"}, [], (0, 1)),
        ({"contacted_on": "2014-09-30", "purpose": "recall"}, ["2014-09-01"], (1, 1)),
        ({"contacted_on": "2014-08-31", "purpose": "recall"}, ["2014-09-01"], (0, 0)),
        ({"contacted_on": "2014-10-01", "purpose": "recall"}, ["2014-09-01"], (0, 0)),
        ({"contacted_on": "2014-09-01", "purpose": "reminder"}, ["2014-09-01"], (0, 0)),
        ({"contacted_on": "2014-09-01"}, ["2014-09-01"], (0, 0)),  # what for is not known
        ({"contacted_on": "2014-09-01", "purpose": "recall"}, ["2014-10-01"], (0, 1)),
    ],
)
def test_same_month_return_rate(
    contact: dict[str, Any], visits: list[str], expected: tuple[int, int]
) -> None:
    churned = customer("C1", "2013-01-01", *visits, contacts=[contact])
    active = customer("C2", "2014-08-01", "2014-09-01", contacts=[contact])
    assert counted("same_month_return_rate", [churned, active]) == expected


def test_returned_share() -> None:
    store = [
        customer("C1", "2013-01-01", "2014-09-01", "2014-09-02"),  # one customer, two visits
        customer("C2", "2014-08-01", "2014-09-30", "2014-10-01"),
        customer("C3", {"visited_on": "2014-09-05", "status": "cancelled"}),
        customer("C4", "2014-09-05"),  # the first visit ever: nobody who returned
    ]
    found = of("returned_share", store)
    assert (found.numerator, found.denominator, found.value) == (1, 4, Fraction(1, 4))


# --- undefined, errors, periods -----------------------------------------------------------------------


@pytest.mark.parametrize("rate", MONTHLY)
def test_over_nothing_there_is_no_rate(rate: str) -> None:
    found = of(rate, [])
    assert (found.value, found.numerator, found.denominator) == (None, 0, 0)
    assert found.status is Status.UNDEFINED
    assert found.reason is not None
    assert found.reason.code == "nothing_below"
    assert "no rate" in found.text("en")
    assert "没有结果" in found.text("zh")


def test_months_and_years() -> None:
    assert list(SHIPPED.rates([], period="2014-09")) == MONTHLY
    assert list(SHIPPED.rates([], period="2014")) == ["effective_churn_rate_yearly"]


def test_a_rate_of_the_other_period_names_itself() -> None:
    with pytest.raises(
        dr.RecordError, match="`churn_rate` is a rate per month: ask for a period such as `2014-09`"
    ):
        SHIPPED.rates([], period="2014", rates=["churn_rate"])
    with pytest.raises(dr.RecordError) as caught:
        SHIPPED.rates([], period="2014-09", rates=["effective_churn_rate_yearly", "churn_rat"])
    assert "`effective_churn_rate_yearly` 按年计算：请给出 `2014` 这样的期间" in caught.value.text("zh")
    assert "did you mean `churn_rate`?" in str(caught.value)
    monthly = SHIPPED.rates([], period="2014-09")
    assert "effective_churn_rate_yearly" not in monthly
    with pytest.raises(KeyError, match="is a rate per year"):
        monthly["effective_churn_rate_yearly"]
    with pytest.raises(KeyError, match="there is no rate `nothing`"):
        monthly["nothing"]


@pytest.mark.parametrize(
    "period", ["2014-13", "2014-00", "0000-01", "14-09", "2014-9", "2014-09-30", "", "２０１４", 2014, None]
)
def test_what_is_no_period(period: Any) -> None:
    with pytest.raises(dr.RecordError, match="a month such as `2014-09` or a year such as `2014` is needed"):
        SHIPPED.rates([], period=period)


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("2012-02", "2012-02-01 2012-02-29"),
        ("2014", "2014-01-01 2014-12-31"),
        ("9999-12", "9999-12-01 9999-12-31"),
    ],
)
def test_periods(period: str, days: str) -> None:
    read = read_period(period)
    assert f"{read.start} {read.end}" == days
    assert str(read) == period


def test_earlier_periods() -> None:
    assert [str(read_period("2014-03").earlier(months)) for months in (0, 1, 3, 12)] == [
        "2014-03",
        "2014-02",
        "2013-12",
        "2013-03",
    ]
    assert str(read_period("2014").earlier(12)) == "2013"
    assert str(read_period("2014").earlier(1)) == "2013-12..2014-11"
    assert str(read_period("0001-01").earlier(5).end) == "0001-01-01"  # before the first day there is nothing


def test_rates_before_the_first_year() -> None:
    book = dr.loads(
        "policy: p\ndecisions: {r: {kind: rate, per: month, of: {count: customers, as_of: 12 months earlier, with: [{event: visits, within: 12 months}]}, over: {count: customers}}}"
    )
    assert book.rates([customer("C1", "0001-01-01")], period="0001-01")["r"].value == 0


def test_in_force_at_the_end_of_the_period() -> None:
    book = dr.loads(
        "policy: p\neffective: {from: 2014-09-30}\n"
        "decisions: {r: {kind: rate, per: month, of: {count: visits, as_of: 12 months earlier}, over: {count: visits}}}"
    )
    store = [customer("C1", "2013-09-15", "2014-09-15")]
    assert book.rates(store, period="2014-09")["r"].value == 1
    before = book.rates(store, period="2014-08")["r"]
    assert (before.value, before.numerator, before.denominator, before.status) == (
        None,
        None,
        None,
        Status.UNDEFINED,
    )
    assert before.reason is not None
    assert before.reason.code == "not_in_force"
    assert "2014-09-30" in before.text("zh")


def test_nothing_after_the_period_is_read() -> None:
    store = [
        customer("C1", "2013-08-31", "2014-09-01"),
        owner("C2", "V1", visits=[settled("V1", "2014-09-03", "2014-09-04")]),
    ]
    later = {
        "visits": [{"vin": "V1", "visited_on": "2014-10-01", "settled_on": "2014-09-30"}],
        "contacts": [{"contacted_on": "2014-10-01", "purpose": "recall"}],
        "vehicles": [{"vin": "V9", "purchased_on": "2014-10-01"}],
    }
    more = [
        {**each, **{name: [*each.get(name, []), *events] for name, events in later.items()}} for each in store
    ]
    plain, changed = SHIPPED.rates(store, period="2014-09"), SHIPPED.rates(more, period="2014-09")
    assert plain.to_dict() == changed.to_dict()


# --- groups, words, JSON ------------------------------------------------------------------------------


def test_by_a_column() -> None:
    store = [
        customer("C1", "2013-01-01", "2014-09-01", region="晋江"),
        customer("C2", "2013-01-01", region="晋江"),
        customer("C3", "2013-01-01", region="安溪"),
        customer("C4", "2013-01-01", "2014-09-02"),
        customer("C5", "2014-09-02", region="石狮"),
    ]
    found = SHIPPED.rates(store, period="2014-09", by="region")
    groups = {
        name: (each.numerator, each.denominator) for name, each in found["recovery_rate"].groups.items()
    }
    assert groups == {"安溪": (0, 1), "晋江": (1, 2), None: (1, 1)}
    assert list(groups)[-1] is None
    assert found["recovery_rate"].value == Fraction(2, 4)
    shares = {name: (each.value, each.status.value) for name, each in found["returned_share"].groups.items()}
    assert shares == {"晋江": (1, "decided"), "石狮": (0, "decided"), None: (1, "decided")}
    assert "recovery_rate 流失客户挽回率，2014-09，晋江：50%" in found["recovery_rate"].groups["晋江"].text(
        "zh"
    )


def test_by_an_attribute_and_a_column_that_is_none() -> None:
    store = [customer("C1", "2013-01-01", attributes={"grade": 2}), customer("C2", "2013-01-01")]
    assert list(SHIPPED.rates(store, period="2014-09", by="attributes.grade")["recovery_rate"].groups) == [
        2,
        None,
    ]
    with pytest.raises(dr.RecordError, match="customers have no column `regoin`; did you mean `region`"):
        SHIPPED.rates(store, period="2014-09", by="regoin")


def test_a_car_of_two_owners_stands_in_both_groups_and_once_in_all() -> None:
    store = [{**owner("C1", "V1"), "region": "a"}, {**owner("C2", "V1"), "region": "b"}]
    found = SHIPPED.rates(store, period="2014-09", by="region")["churn_rate"]
    assert (found.numerator, [each.numerator for each in found.groups.values()]) == (1, [1, 1])


def test_json_is_plain_and_stable() -> None:
    store = [
        customer("C1", "2013-09-15", inside=None, region="晋江"),
        customer("C2", "2013-09-15", "2014-01-01"),
    ]
    found = json.loads(json.dumps(SHIPPED.rates(store, period="2014-09", by="region").to_dict()))
    assert set(found) == {"schema_version", "period", "fingerprint", "rates"}
    assert found["rates"]["effective_churn_rate_monthly"] == {
        "kind": "rate",
        "status": "decided",
        "value": "0",
        "numerator": 1,
        "denominator": 1,
        "undecided": {"of": 0, "over": 1},
        "reason": None,
        "groups": [
            {
                "group": "晋江",
                "kind": "rate",
                "status": "undefined",
                "value": None,
                "numerator": 0,
                "denominator": 0,
                "undecided": {"of": 0, "over": 1},
                "reason": {
                    "code": "nothing_below",
                    "en": "nothing is counted below the line, and over 0 there is no rate",
                    "zh": "分母数不到任何东西，分母为0没有比率",
                },
            },
            {
                "group": None,
                "kind": "rate",
                "status": "decided",
                "value": "0",
                "numerator": 1,
                "denominator": 1,
                "undecided": {"of": 0, "over": 0},
                "reason": None,
            },
        ],
    }


def test_in_words() -> None:
    store = [
        customer("C1", "2013-09-15", inside=None),
        customer("C2", "2013-09-15"),
        customer("C3", "2013-09-15", "2014-01-01"),
    ]
    found = of("effective_churn_rate_monthly", store)
    cohort = "customers, as of 2013-09-30, where Effective customer is effective, with visits from 2013-09-01 to 2013-09-30"
    assert found.text("en").splitlines() == [
        "effective_churn_rate_monthly Churn rate of effective customers, monthly, 2014-09: 50%",
        f"  above the line 1: {cohort}, with visits from 2013-10-01 to 2014-09-30",
        f"  below the line 2: {cohort}",
        "  the rate is 1 - 1/2",
        "  1 more below the line could not be judged, as something about them is not recorded",
        "  source: 流失客户调研分析方案, 一、④",
    ]
    assert found.text("zh").splitlines()[:4] == [
        "effective_churn_rate_monthly 有效客户流失率（月），2014-09：50%",
        "  分子 1：客户，截至 2013-09-30，满足：有效客户 为 effective，有2013-09-01 至 2013-09-30 的进站，有2013-10-01 至 2014-09-30 的进站",
        "  分母 2：客户，截至 2013-09-30，满足：有效客户 为 effective，有2013-09-01 至 2013-09-30 的进站",
        "  比率 = 1 - 1/2",
    ]
    assert repr(found) == "<effective_churn_rate_monthly 2014-09: 1/2 (1/2)>"


# --- the language -------------------------------------------------------------------------------------


def test_every_word_of_the_language() -> None:
    store = [
        {
            "customer_id": "C1",
            "vehicles": [
                {"vin": "V1", "own_brand": True, "purchased_on": "2012-01-01"},
                {"vin": "V2", "own_brand": True, "purchased_on": "2012-01-01"},
                {"vin": "V3", "own_brand": False, "purchased_on": "2012-01-01"},
                {"vin": "V4", "purchased_on": "2012-01-01"},
                {"vin": None, "own_brand": True, "purchased_on": "2012-01-01"},
            ],
            "insurance": [{"vin": vin, "starts_on": "2014-01-01"} for vin in ("V1", "V2", "V3", "V4")],
            "visits": [
                {"vin": "V1", "visited_on": "2014-08-01", "settled_on": "2014-08-02"},
                {"vin": "V1", "visited_on": "2014-08-09", "settled_on": "2014-09-02"},
                {"vin": "V2", "visited_on": "2014-10-03", "settled_on": "2014-12-02"},
                {"vin": "V2", "visited_on": "2013-09-03", "kind": "inspection"},
            ],
            "contacts": [
                {"contacted_on": "2013-09-09", "purpose": "recall"},
                {"contacted_on": "2014-09-09", "purpose": "recall"},
                {"contacted_on": "2014-09-09", "purpose": "reminder"},
            ],
        }
    ]
    monthly = GOOD.rates(store, period="2014-09")
    assert {name: (each.numerator, each.denominator, each.value) for name, each in monthly.items()} == {
        "lost_busy": (0, 1, 1),
        "recalls": (1, 2, Fraction(1, 2)),
        "settled_vehicles": (1, 1, 1),
    }
    assert monthly["lost_busy"].model.data == {"note": "每月初看"}
    yearly = GOOD.rates(store, period="2014")["quiet_vehicles"]
    # V1 only: V2 was settled within 30 days, V3 is of another brand, and the brand of V4 is not recorded
    assert (yearly.numerator, yearly.denominator, yearly.undecided) == (1, 4, {"of": 1, "over": 0})


def test_rates_are_no_decisions() -> None:
    assert set(SHIPPED.rate_models) == {*MONTHLY, "effective_churn_rate_yearly"}
    assert not set(SHIPPED.rate_models) & set(SHIPPED.decisions)
    answer = SHIPPED.evaluate({"customer_id": "C1"}, as_of="2014-09-30")
    assert not set(SHIPPED.rate_models) & set(answer)
    with pytest.raises(dr.RecordError, match="there is no decision `churn_rate`"):
        SHIPPED.evaluate({"customer_id": "C1"}, as_of="2014-09-30", decisions=["churn_rate"])


def test_shipped_rates_are_titled_and_have_their_source() -> None:
    for rate in SHIPPED.rate_models.values():
        assert rate.title.zh
        assert rate.title.en
        assert rate.clause is not None
        assert rate.clause.clause
        assert rate.kind == "rate"


BASE = """
policy: p
parameters: {gap: {type: months, value: 12 months}}
decisions:
  r:
    kind: rate
    per: month
    of:
      count: customers
      where: {visits_past_year: {at_least: 2}}
      with: [{event: visits, within: gap}, {event: contacts, within: period}]
    over: {count: customers}
"""


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("    per: month", "    per: month\n    title: 比率\n    source: {document: d}", True),
        ("per: month", "per: year", False),
        ("at_least: 2", "at_least: 3", False),
        ("within: period", "within: 12 months", False),
        ("within: gap", "within: 12 months", True),
        ("value: 12 months", "value: 6 months", False),
        (
            "{event: visits, within: gap}, {event: contacts, within: period}",
            "{event: contacts, within: period}, {event: visits, within: gap}",
            True,
        ),
        ("    over:", "    one_minus: true\n    over:", False),
        ("    over:", "    one_minus: false\n    over:", True),
        ("with:", "without:", False),
        ("  r:", "  q:", False),
        ("over: {count: customers}", "over: {count: customers, as_of: 1 month earlier}", False),
        ("policy: p", "policy: p\n# a comment", True),
    ],
)
def test_the_fingerprint_is_of_the_meaning(old: str, new: str, same: bool) -> None:
    assert old in BASE
    changed = dr.loads(BASE.replace(old, new, 1))
    assert (changed.fingerprint == dr.loads(BASE).fingerprint) is same


def test_the_fingerprint_covers_facts_that_only_a_rate_reads() -> None:
    texts = [
        f"policy: p\nfacts: {{f: {{count: visits, within: {months} months}}}}\n"
        "decisions: {r: {kind: rate, per: month, of: {count: customers, where: {f: 1}}, over: {count: customers}}}"
        for months in (6, 7)
    ]
    first, second = (dr.loads(text).fingerprint for text in texts)
    assert first != second


# --- from tables: the same counts ---------------------------------------------------------------------

PHASES = [Phase.explicit, Phase.generate]  # a store is small: shrinking one takes longer than reading it
days = st.dates(date(2012, 8, 1), date(2014, 11, 30)).map(str)
near = st.sampled_from(
    "2013-08-31 2013-09-01 2013-09-30 2013-10-01 2014-08-31 2014-09-01 2014-09-30 2014-10-01 2013-12-31 2012-12-31".split()  # noqa: SIM905
)
some_day = days | near
vins = st.sampled_from(["V1", "V2", "V3", None])


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


flags = st.none() | st.booleans()

visits = st.fixed_dictionaries(
    {"visited_on": some_day, "vin": vins},
    optional={
        "settled_on": st.none() | some_day,
        "status": maybe("open", "settled", "cancelled", "deleted"),
        "kind": maybe("repair", "inspection", "maintenance"),
    },
)
contacts = st.fixed_dictionaries({"contacted_on": some_day, "purpose": maybe("recall", "reminder")})
vehicles = st.fixed_dictionaries({"vin": vins, "purchased_on": st.none() | some_day, "own_brand": flags})
covers = st.fixed_dictionaries(
    {"vin": vins, "starts_on": some_day, "cover": maybe("commercial", "compulsory")}
)
people = st.fixed_dictionaries(
    {
        "visits": st.lists(visits, max_size=4),
        "contacts": st.lists(contacts, max_size=2),
        "vehicles": st.lists(vehicles, max_size=2, unique_by=lambda each: each["vin"]),
        "insurance": st.lists(covers, max_size=2),
        "in_territory": flags,
        "region": maybe("晋江", "安溪"),
        "media": flags,
        "kind": maybe("individual", "company"),
    }
)


@st.composite
def stores(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [{"customer_id": f"C{at}", **each} for at, each in enumerate(draw(st.lists(people, max_size=8)))]


def _condition(draw: st.DrawFn, table: str) -> str:
    """Return a condition on customers or on events, as flow YAML."""
    choices = {
        "customers": [
            "visits_past_year: {at_least: 2}",
            "media: true",
            "any: [{media: true}, {kind: company}]",
            "not: {in_territory: true}",
            "last_visit_on: {months_since: {at_least: 3 months}}",
            "frequent: true",
        ],
        "vehicles": [
            "own_brand: true",
            "not: {own_brand: true}",
            "purchased_on: {months_since: {at_least: 2 months}}",
        ],
        "visits": [
            "kind: repair",
            "kind: {none_of: [inspection]}",
            "status: {known: true}",
            "settled_on: {days_since: {at_most: 90 days}}",
        ],
        "contacts": ["purpose: recall", "not: {purpose: recall}"],
        "insurance": [
            "cover: commercial",
            "all: [{cover: {known: true}}, {starts_on: {at_least: 2013-09-30}}]",
        ],
    }
    return "{" + draw(st.sampled_from(choices[table])) + "}"


def _side(draw: st.DrawFn) -> str:
    counts = draw(st.sampled_from(["customers", "vehicles", "visits", "contacts", "distinct"]))
    parts = []
    earlier = draw(st.sampled_from([None, "1 month earlier", "12 months earlier", "5 months earlier"]))
    reaches = [
        "period",
        "3 months",
        "12 months",
        "40 days",
        *(["earlier period", "since as_of"] if earlier else []),
    ]
    if earlier:
        parts.append(f"as_of: {earlier}")
    table = "visits" if counts == "distinct" else counts
    if draw(st.booleans()):
        parts.append(f"where: {_condition(draw, table)}")
    if counts in {"customers", "vehicles"}:
        parts.insert(0, f"count: {counts}")
        for word in ("with", "without"):
            events = []
            for _ in range(draw(st.integers(0, 2))):
                event = draw(
                    st.sampled_from(["visits", "insurance", *(["contacts"] if counts == "customers" else [])])
                )
                where = f", where: {_condition(draw, event)}" if draw(st.booleans()) else ""
                dated = ", dated: settled_on" if event == "visits" and draw(st.booleans()) else ""
                events.append(f"{{event: {event}, within: {draw(st.sampled_from(reaches))}{where}{dated}}}")
            if events:
                parts.append(f"{word}: [{', '.join(events)}]")
    else:
        take = f", take: {draw(st.sampled_from(['vin', 'kind', 'settled_on']))}"
        parts.insert(0, f"distinct: visits{take}" if counts == "distinct" else f"count: {counts}")
        if draw(st.booleans()):
            parts.append(f"within: {draw(st.sampled_from(reaches))}")
        if table == "visits" and draw(st.booleans()):
            parts.append("dated: settled_on")
    return "{" + ", ".join(parts) + "}"


@st.composite
def policies(draw: st.DrawFn) -> str:
    """Return a policy of two rates, with sides of every kind."""
    lines = [
        "policy: random",
        "decisions:",
        "  frequent:",
        "    kind: rules",
        "    hit: unique",
        "    outputs: {frequent: {type: boolean}}",
        "    rows: [{id: often, when: {visits_past_year: {at_least: 2}, media: {is_not: true}}, then: {frequent: true}}]",
        "    otherwise: {frequent: false}",
    ]
    for name in ("first", "second"):
        lines += [
            f"  {name}:",
            "    kind: rate",
            "    per: month",
            f"    of: {_side(draw)}",
            f"    over: {_side(draw)}",
        ]
        lines += [f"    one_minus: {draw(st.sampled_from(['true', 'false']))}"]
    return "\n".join(lines)


def same(book: dr.PolicyBook, store: list[dict[str, Any]], period: str, kind: str, by: str | None) -> None:
    """Hold the counts from tables equal to those from records."""
    tables = {name: as_kind(frame, kind) for name, frame in tables_of(store, "customer").items()}
    expected = book.rates(store, period=period, by=by).to_dict()
    assert book.rates(tables, period=period, by=by).to_dict() == expected


@given(
    stores(), policies(), st.sampled_from(["2014-09", "2014-02", "2013-10"]), maybe("region", "in_territory")
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
def test_tables_and_records_give_the_same_rates(
    store: list[dict[str, Any]], policy: str, period: str, by: str | None
) -> None:
    same(dr.loads(policy), store, period, "lazy", by)


@pytest.mark.parametrize("kind", KINDS)
@given(store=stores(), period=st.sampled_from(["2014-09", "2014", "2013-10"]), by=maybe("region"))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
def test_the_shipped_rates_on_every_kind_of_frame(
    kind: str, store: list[dict[str, Any]], period: str, by: str | None
) -> None:
    same(SHIPPED, store, period, kind, by)
    same(GOOD, store, period, kind, by)


@pytest.mark.slow
def test_spark_gives_the_same_rates() -> None:
    """In several partitions, on customers of the demo store."""
    people = list(demo.customers(60, as_of=date(2014, 9, 30)))
    tables = {name: as_kind(frame, "pyspark") for name, frame in tables_of(people, "customer").items()}
    some = ["churn_rate", "returned_share"]
    expected = SHIPPED.rates(people, period="2014-09", rates=some).to_dict()
    assert SHIPPED.rates(tables, period="2014-09", rates=some, check=False).to_dict() == expected


def test_events_of_others_are_not_looked_at() -> None:
    store = [owner("C1", "V1", visits=[settled("V1", "2014-09-01", "2014-09-01")]), owner("C2", "V2")]
    strangers = [owner("C3", "V3"), owner("C4", visits=[settled("V2", "2014-09-01", "2014-09-01")])]
    tables = tables_of([*store, *strangers], "customer")
    own = {**tables, "customers": tables["customers"].head(2)}
    assert SHIPPED.rates(own, period="2014-09").to_dict() == SHIPPED.rates(store, period="2014-09").to_dict()


def test_tables_are_checked() -> None:
    tables = tables_of([owner("C1", "V1")], "customer")
    twice = {**tables, "customers": tables["customers"][[0, 0]]}
    with pytest.raises(dr.RecordError, match="customers"):
        SHIPPED.rates(twice, period="2014-09")
    with pytest.raises(dr.RecordError, match="vists"):
        SHIPPED.rates({**tables, "vists": tables["visits"]}, period="2014-09")


def test_tables_and_columns_that_are_left_out() -> None:
    pl = pytest.importorskip("polars")
    customers = pl.DataFrame({"customer_id": ["C1", "C2"]})
    none = SHIPPED.rates({"customers": customers}, period="2014-09", by="region")
    assert all((each.numerator, each.denominator) == (0, 0) for each in none.values())
    visits = pl.DataFrame(
        {
            "customer_id": ["C1", "C2", "C2"],
            "visited_on": [date(2013, 9, 1), date(2013, 9, 1), date(2014, 1, 1)],
        }
    )
    found = SHIPPED.rates({"customers": customers, "visits": visits}, period="2014-09", by="region")
    rate = found["effective_churn_rate_monthly"]
    assert (rate.numerator, rate.denominator, rate.undecided) == (0, 0, {"of": 1, "over": 2})
    assert list(rate.groups) == [None]
    with pytest.raises(dr.RecordError, match="customers"):
        SHIPPED.rates({"visits": visits}, period="2014-09")


# --- real data ----------------------------------------------------------------------------------------

DATA = Path(__file__).parents[2] / "shared" / "data" / "cdnow"


def test_real_data_when_it_is_at_hand() -> None:
    """A public set of dated purchases, read as visits: the same rates as a straight line of plain Python gives."""
    if not DATA.is_dir():
        pytest.skip("the data set is not shipped")
    pl = pytest.importorskip("polars")
    rows = [line.split() for line in (DATA / "CDNOW_sample.txt").read_text(encoding="utf-8").splitlines()]
    bought = [(row[1], date(int(row[2][:4]), int(row[2][4:6]), int(row[2][6:]))) for row in rows]
    everyone = sorted({who for who, _ in bought})
    tables = {
        "customers": pl.DataFrame({"customer_id": everyone, "in_territory": [True] * len(everyone)}),
        "visits": pl.DataFrame(bought, schema=["customer_id", "visited_on"], orient="row"),
    }
    for month in range(1, 7):
        start, after = date(1998, month, 1), date(1998, month + 1, 1)
        then, then_after = start.replace(year=1997), after.replace(year=1997)
        came = {who for who, day in bought if start <= day < after}
        cohort = {
            who for who, day in bought if then <= day < then_after
        }  # in the territory, so each is effective
        again = {who for who, day in bought if then_after <= day < after}
        last = dict(sorted(pair for pair in bought if pair[1] < start))  # of several days the latest stays
        eve = start - timedelta(days=1)
        year_ago = eve.replace(year=eve.year - 1)
        churned = {who for who, day in last.items() if day <= year_ago}
        rates = SHIPPED.rates(tables, period=f"1998-{month:02}")
        counts = {name: (rates[name].numerator, rates[name].denominator) for name in rates}
        assert counts["effective_churn_rate_monthly"] == (len(cohort & again), len(cohort))
        assert counts["recovery_rate"] == (len(churned & came), len(churned))
        assert counts["returned_share"] == (
            len(churned & came),
            sum(start <= day < after for _, day in bought),
        )


# --- a store's own version ----------------------------------------------------------------------------


def test_a_store_changes_a_rate_of_its_group(tmp_path: Path) -> None:
    group = (Path(__file__).parents[1] / "policies" / "churn.yaml").read_text(encoding="utf-8")
    (tmp_path / "group.yaml").write_text(group, encoding="utf-8")
    (tmp_path / "store.yaml").write_text(
        "policy: store-7\nextend: customer-churn\noverride:\n"
        "  churn_rate.of: {where: {purchased_on: {months_since: {at_least: 12 months}}}}\n"
        "  recovery_rate: {per: year}\n",
        encoding="utf-8",
    )
    book = dr.load(tmp_path)
    store = [
        owner("C1", "V1"),
        owner("C2", "V2", bought="2014-01-01", visits=[settled("V2", "2012-01-01", "2012-01-01")]),
    ]
    assert SHIPPED.rates(store, period="2014-09")["churn_rate"].numerator == 2
    assert book.rates(store, period="2014-09")["churn_rate"].numerator == 1
    assert "recovery_rate" not in book.rates(store, period="2014-09")
    assert book.rates(store, period="2014")["recovery_rate"].denominator == 1
    assert book.fingerprint != SHIPPED.fingerprint


def test_a_book_with_rates_pickles() -> None:
    again = pickle.loads(pickle.dumps(SHIPPED))
    store = [customer("C1", "2013-01-01", "2014-09-01")]
    assert again.rates(store, period="2014-09").to_dict() == SHIPPED.rates(store, period="2014-09").to_dict()
    assert again.fingerprint == SHIPPED.fingerprint
