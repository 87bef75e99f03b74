"""Good policies: every feature of the language, and the whole outcome of each, worked out by hand.

Outcomes are compared as `to_dict` gives them, without what is empty and without the kind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dealerrules.book import PolicyBook, load

GOOD = Path(__file__).parent / "corpus" / "good"
NAMES = sorted(path.name.removesuffix(".yaml") for path in GOOD.iterdir())
CUP = {"id": "cup", "title": {"zh": "杯子", "en": "杯子"}, "value": "20.00"}
MAT = {"id": "mat", "title": {"zh": "脚垫", "en": "脚垫"}}
VOUCHER = {"id": "voucher", "title": {"zh": "代金券", "en": "Voucher"}, "value": "1000.00"}
CLEANING = {"id": "cleaning", "title": {"zh": "清洗", "en": "Cleaning"}}
OIL = {"id": "oil", "title": {"zh": "机油", "en": "Oil"}, "price": "4/5"}
CHECK = {"id": "check", "title": {"zh": "检测", "en": "Check"}, "price": "0"}


def book_of(name: str) -> PolicyBook:
    """Load a policy of the corpus."""
    path = GOOD / name
    return load(path if path.is_dir() else path.with_suffix(".yaml"))


def without_empty(value: Any) -> Any:
    """Return plain JSON values without keys that hold nothing."""
    if isinstance(value, dict):
        kept = {key: without_empty(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each is not None and each not in ([], {})}
    return [without_empty(each) for each in value] if isinstance(value, list) else value


def whole(
    name: str,
    given: dict[str, Any],
    *,
    subject: str = "customer",
    facts: bool = False,
    as_of: str = "2014-09-30",
    decisions: list[str] | None = None,
) -> dict[str, Any]:
    """Evaluate a record, or ready-made facts, and return the outcomes."""
    book = book_of(name)
    if facts:
        answer = book.evaluate_facts(subject, given, as_of=as_of, decisions=decisions)
    else:
        answer = book.evaluate(given, as_of=as_of, subject=subject, decisions=decisions)
    outcomes = without_empty(answer.to_dict()["outcomes"])
    for outcome in outcomes.values():
        del outcome["kind"]
    return outcomes


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_without_warnings(name: str) -> None:
    book = book_of(name)
    assert book.decisions
    assert not book.warnings


def test_every_kind_is_there() -> None:
    kinds = {decision.kind for name in NAMES for decision in book_of(name).decisions.values()}
    assert kinds == {"tier", "stage", "payout", "offer", "rules"}


# --- tier ---------------------------------------------------------------------------------------------


def test_tier() -> None:
    facts = {
        "brand_vehicles_bought": 3,
        "visits_past_year": 1,
        "loyalty": "low",
        "kind": "individual",
        "media": False,
    }
    assert whole("tier", facts, facts=True)["tier"] == {
        "status": "decided",
        "level": "gold",
        "angles": {"buying": "gold", "visiting": "gold"},
        "cadence": "weekly",
        "benefits": {
            "sales": [{"zh": "专区", "en": "Own area"}, {"zh": "打折", "en": "Discount"}],
            "service": [{"zh": "免排队", "en": "免排队"}],
        },
        "follow_up": [{"zh": "周访", "en": "Weekly call"}, {"zh": "月访", "en": "Monthly call"}],
        "because": ["buying.three", "visiting.gold-buyer"],
        "matched": [
            "buying.three",
            "buying.two",
            "visiting.any-buyer",
            "visiting.gold-buyer",
            "visiting.not-everyone",
            "visiting.one-of",
        ],
        "data": {"plan": ["优先"]},
    }


def test_tier_that_could_be_better() -> None:
    facts = {
        "brand_vehicles_bought": 2,
        "visits_past_year": 0,
        "loyalty": "low",
        "media": True,
        "influential": False,
    }
    assert whole("tier", facts, facts=True)["tier"] == {
        "status": "undetermined",
        "level": "everyone",
        "angles": {"buying": "everyone", "visiting": "everyone"},
        "cadence": "yearly",
        "undetermined": ["buying.two", "visiting.any-buyer", "visiting.one-of"],
        "missing": ["kind"],
        "reason": {
            "code": "unknown_rules",
            "en": "facts that are not recorded could change the answer: kind",
            "zh": "没有记录的事实可能改变结果：kind",
        },
    }


# --- stage --------------------------------------------------------------------------------------------

OWNER: dict[str, Any] = {"customer_id": "C1", "vehicles": [{"purchased_on": "2012-05-01"}]}


def visited(*days: str) -> dict[str, Any]:
    """Return an owner with maintenance visits."""
    return {**OWNER, "visits": [{"visited_on": day, "kind": "maintenance"} for day in days]}


@pytest.mark.parametrize(
    ("record", "stage"),
    [
        (visited("2014-03-31"), {"stage": "fine", "measure": 5}),
        (visited("2014-03-30"), {"stage": "due", "measure": 6, "data": {"call": "电话"}}),
        (visited("2014-02-28"), {"stage": "missed_one", "measure": 7}),
        (visited("2013-09-30"), {"stage": "missed_two", "measure": 12}),
        (OWNER, {"stage": "never", "data": {"call": "上门"}}),
        ({"customer_id": "C1"}, {"stage": "sold"}),
    ],
)
def test_stage(record: dict[str, Any], stage: dict[str, Any]) -> None:
    found = whole("stage", record)["maintenance"]
    name = stage["stage"]
    matched = [name] if name != "sold" else ["never", "sold"]  # what is looked at first wins
    assert found == {"status": "decided", "because": [name], "matched": matched, **stage}


@pytest.mark.parametrize(
    ("day", "stage", "measure"), [("2014-07-02", "recent", 90), ("2014-07-01", "quiet", 91)]
)
def test_stage_in_days(day: str, stage: str, measure: int) -> None:
    assert whole("stage", visited(day))["quiet"] == {
        "status": "decided",
        "stage": stage,
        "measure": measure,
        "because": [stage],
        "matched": [stage],
    }
    assert whole("stage", OWNER)["quiet"]["stage"] == "no_visit"


# --- payout -------------------------------------------------------------------------------------------


def line(band: str, units: Any, rate: str | None, amount: str, times: int = 1) -> dict[str, Any]:
    """Return a line of a receipt, without what is empty."""
    return without_empty({"band": band, "units": units, "rate": rate, "times": times, "amount": amount})


def paid(
    band: str, amount: str, *lines: dict[str, Any], payee: str | None = None, data: Any = None
) -> dict[str, Any]:
    """Return a decided payout."""
    outcome = {"status": "decided", "amount": amount, "band": band, "payee": payee, "lines": list(lines)}
    return without_empty({**outcome, "because": [band], "matched": [band], "data": data})


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (9, paid("band-1", "0.00", line("band-1", None, "0.00", "0.00"), payee="staff")),
        (10, paid("ten", "50.00", line("ten", 10, "5.00", "50.00"), payee="staff")),
        (
            11,
            paid("above", "88.00", line("above", 11, "8.00", "88.00"), payee="staff", data={"note": "加油"}),
        ),
    ],
)
def test_payout_on_every_unit(returned: int, expected: dict[str, Any]) -> None:
    record = {"campaign_id": "c", "returned": returned}
    assert whole("payout", record, subject="recall_campaign", decisions=["slab"])["slab"] == expected


@pytest.mark.parametrize(
    ("returned", "target", "expected"),
    [
        (5, 10, paid("none", "10.00", line("none", None, "10.00", "10.00"))),
        (6, 10, paid("reached", "24.00", line("reached", 6, "4.00", "24.00"))),
        (
            10,
            8,
            paid(
                "exceeded", "44.00", line("reached", 8, "4.00", "32.00"), line("exceeded", 2, "6.00", "12.00")
            ),
        ),
        (
            16,
            10,
            paid(
                "far",
                "79.00",
                line("reached", 10, "4.00", "40.00"),
                line("exceeded", 5, "6.00", "30.00"),
                line("far", 1, "9.00", "9.00"),
            ),
        ),
        (  # a band may begin at half a unit: 16.5
            17,
            11,
            paid(
                "far",
                "82.00",  # 44 + 33 + 4.50 is 81.50, to the even yuan
                line("reached", 11, "4.00", "44.00"),
                line("exceeded", "11/2", "6.00", "33.00"),
                line("far", "1/2", "9.00", "5.00"),
            ),
        ),
        (
            400,
            100,
            paid(
                "far",
                "2000.00",
                line("reached", 100, "4.00", "400.00"),
                line("exceeded", 50, "6.00", "300.00"),
                line("far", 250, "9.00", "2250.00"),
                line("cap", None, None, "-950.00"),
            ),
        ),
    ],
)
def test_payout_on_the_excess(returned: int, target: int, expected: dict[str, Any]) -> None:
    record = {"campaign_id": "c", "returned": returned, "target": target}
    assert whole("payout", record, subject="recall_campaign", decisions=["marginal"])["marginal"] == expected


@pytest.mark.parametrize(
    ("cadence", "satisfied", "expected"),
    [
        (
            "weekly",
            9,
            paid(
                "weekly.band-1",
                "-120.00",
                line("weekly.band-1", None, "-50.00", "-150.00", 3),
                line("floor", None, None, "30.00"),
            ),
        ),
        ("weekly", 10, paid("full", "300.00", line("full", None, "100.00", "300.00", 3))),
    ],
)
def test_payout_by_a_fact_and_times_another(cadence: str, satisfied: int, expected: dict[str, Any]) -> None:
    record = {"result_id": "r", "cadence": cadence, "surveyed": 10, "satisfied": satisfied, "headcount": 3}
    assert whole("payout", record, subject="follow_up_result")["fine"] == expected


def test_payout_in_percent() -> None:
    record = {"purchase_id": "p", "amount": "333.33"}
    found = whole("payout", record, subject="purchase")["rebate"]
    # 1.5% of what lies above 100 yuan: of 233.33 yuan 3.49995, rounded once
    assert (found["status"], found["amount"], found["band"], found["payee"]) == (
        "decided",
        "3.50",
        "band-2",
        "customer",
    )
    assert [each["amount"] for each in found["lines"]] == ["0.00", "3.50"]
    assert [each["rate"] for each in found["lines"]] == ["0", "3/200"]


@pytest.mark.parametrize(
    ("prepaid", "amount", "rule"), [("0.01", "50.50", "pays"), ("0", "0.00", "otherwise")]
)
def test_payout_with_a_condition(prepaid: str, amount: str, rule: str) -> None:
    record = {"repair_id": "o", "completed_on": "2014-09-01", "insured": True, "premium_prepaid": prepaid}
    assert whole("payout", record, subject="repair_order")["reward"] == {
        "status": "decided",
        "amount": amount,
        "lines": [line(rule, None, amount, amount)],
        "because": [rule],
        "matched": [rule],
    }


# --- offer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("99.99", {}),
        ("499.99", {"band": "small", "always": [CHECK], "always_value": "20.00"}),
        (
            "500",
            {"band": "exactly", "options": {"A": [VOUCHER], "B": [CLEANING, OIL]}, "value": "1000.00"},
        ),
        (
            "500.01",
            {
                "band": "large",
                "options": {"A": [VOUCHER]},
                "always": [
                    {
                        "id": "back",
                        "title": {"zh": "返还", "en": "Refund"},
                        "refund": {"from": "1/10", "to": "3/20", "of": "premium"},
                    }
                ],
                "data": {"by": "店长"},
            },
        ),
    ],
)
def test_offer(amount: str, expected: dict[str, Any]) -> None:
    record = {"purchase_id": "p", "amount": amount}
    because = {"because": [expected["band"]], "matched": [expected["band"]]} if expected else {}
    found = whole("offer", record, subject="purchase", decisions=["gift"])["gift"]
    assert found == {"status": "decided", **expected, **because}


@pytest.mark.parametrize(
    ("item", "band", "always"), [("oil", "oil.band-1", [OIL]), ("maintenance_set", "set", [OIL, CHECK])]
)
def test_offer_by_a_fact(item: str, band: str, always: list[dict[str, Any]]) -> None:
    record = {"purchase_id": "p", "prepaid_item": item}
    assert whole("offer", record, subject="purchase", decisions=["set"])["set"] == {
        "status": "decided",
        "band": band,
        "always": always,
        "because": [band],
        "matched": [band],
    }


# --- rules --------------------------------------------------------------------------------------------


def row(name: str, data: Any = None, **outputs: Any) -> dict[str, Any]:
    """Return a row that answers."""
    return without_empty({"id": name, "outputs": outputs, "data": data})


def test_rules_of_which_one_may_hold() -> None:
    assert whole("rules", {"visits_past_year": 4}, facts=True, decisions=["unique"])["unique"] == {
        "status": "decided",
        "value": "many",
        "rows": [row("many", unique="many")],
        "because": ["many"],
        "matched": ["many"],
    }
    assert whole("rules", {"visits_past_year": 3}, facts=True, decisions=["unique"])["unique"] == {
        "status": "undefined",
        "matched": ["few", "many"],
        "reason": {
            "code": "conflict",
            "en": "several rows hold at once: few, many",
            "zh": "同时有几行成立：few, many",
        },
    }


@pytest.mark.parametrize(
    ("visits", "name", "said"),
    [
        (
            3,
            "many",
            {"pay": "10.00", "share": "1/8", "times": 3, "factor": "3/2", "word": "常客", "sure": True},
        ),
        (2, "rest", {"pay": "0.00", "share": 0, "times": 0, "factor": 1, "word": "其他", "sure": False}),
    ],
)
def test_rules_of_which_the_first_counts(visits: int, name: str, said: dict[str, Any]) -> None:
    matched = ["many", "rest"] if name == "many" else ["rest"]
    assert whole("rules", {"visits_past_year": visits}, facts=True, decisions=["first"])["first"] == {
        "status": "decided",
        "value": said,
        "rows": [row(name, **said)],
        "because": [name],
        "matched": matched,
    }


def test_rules_that_must_agree() -> None:
    agreed = {"visits_past_year": 2, "media": True, "influential": False}
    assert whole("rules", agreed, facts=True, decisions=["agreed"])["agreed"] == {
        "status": "decided",
        "value": True,
        "rows": [row("a", agreed=True), row("b", agreed=True)],
        "because": ["a", "b"],
        "matched": ["a", "b"],
    }
    found = whole("rules", {**agreed, "influential": None}, facts=True, decisions=["agreed"])["agreed"]
    assert (found["status"], found["matched"], found["undetermined"]) == ("undetermined", ["a", "b"], ["c"])
    assert found["missing"] == ["influential"]
    nobody = {"visits_past_year": 0, "media": False, "influential": False}
    assert whole("rules", nobody, facts=True, decisions=["agreed"])["agreed"] == {
        "status": "decided",
        "value": False,
    }


def test_rules_that_are_all_collected() -> None:
    welcome = [{"zh": "欢迎", "en": "Welcome"}]
    facts = {"visits_past_year": 1}
    assert whole("rules", facts, facts=True, decisions=["collect"])["collect"] == {
        "status": "decided",
        "value": {"gifts": [CUP, MAT, CUP], "words": welcome},
        "rows": [row("cup", {"note": "前台"}, gifts=[CUP], words=welcome), row("mat", gifts=[MAT, CUP])],
        "because": ["cup", "mat"],
        "matched": ["cup", "mat"],
    }
    thanks = [{"zh": "谢谢", "en": "谢谢"}]
    found = whole("rules", {"visits_past_year": 0}, facts=True, decisions=["collect"], as_of="2014-10-01")
    assert found["collect"] == {
        "status": "decided",
        "value": {"gifts": [MAT], "words": thanks},
        "rows": [row("later", gifts=[MAT], words=thanks)],
        "because": ["later"],
        "matched": ["later"],
    }


def test_rules_by_priority_that_say_the_same() -> None:
    found = whole("rules", {"visits_past_year": 1}, facts=True, decisions=["priority"])["priority"]
    assert found == {
        "status": "decided",
        "value": "同",
        "rows": [row("known", priority="同")],
        "because": ["known"],
        "matched": ["known"],
    }


# --- facts and conditions -----------------------------------------------------------------------------


def rows_of(name: str) -> list[str]:
    """Return the rows of a table that collects, as written."""
    (table,) = (each for each in book_of(name).decisions.values() if getattr(each, "hit", "") == "collect")
    return list(table.order)


def told(name: str, decision: str, record: dict[str, Any]) -> list[str]:
    """Return the rows of a table that hold."""
    outcome = whole(name, record, decisions=[decision])[decision]
    assert outcome["rows"] == [row(each, **{decision: each}) for each in outcome["because"]]
    assert outcome["because"] == outcome["value"]
    return outcome["because"]


BUSY: dict[str, Any] = {
    "customer_id": "C1",
    "kind": "individual",
    "region": "晋江",
    "media": False,
    "vehicles": [{"purchased_on": "2014-01-31"}],
    "visits": [
        {"visited_on": "2013-12-31", "kind": "repair", "amount": 100, "settled_on": "2014-01-02"},
        {"visited_on": "2014-01-15", "kind": "repair", "amount": 200},
        {"visited_on": "2014-07-01", "kind": "maintenance", "amount": 1000},
        {"visited_on": "2014-09-01", "kind": "repair", "amount": 500, "settled_on": "2014-09-01"},
        {"visited_on": "2014-09-02", "kind": "repair", "amount": 9, "status": "cancelled"},
        {"visited_on": "2014-10-01", "kind": "repair", "amount": 9},
    ],
    "insurance": [
        {"cover": "commercial", "starts_on": "2012-10-01", "ends_on": "2013-09-30"},
        {"cover": "commercial", "starts_on": "2013-10-05", "ends_on": "2014-10-04"},
    ],
    "contacts": [{"contacted_on": "2014-08-01", "purpose": "recall", "reason": "price"}],
}


def test_facts_from_events() -> None:
    holds = told("events", "seen", BUSY)
    # visits in all: 4 of repair kinds (maintenance counts), 2 kinds; the first one is of 2013
    expected = [name for name in rows_of("events") if name not in {"repairs", "first", "absent"}]
    assert holds == expected


def test_facts_from_facts() -> None:
    record = {
        "customer_id": "C1",
        "kind": "individual",
        "attributes": {"index": 2, "grade": "b"},
        "vehicles": [{"purchased_on": "2012-05-01"}],
        "visits": [
            {"visited_on": "2014-02-01", "kind": "repair", "amount": "1001.00"},
            {"visited_on": "2014-03-01", "kind": "repair", "amount": 0},
            {"visited_on": "2014-04-01", "kind": "body", "amount": 0},
            {"visited_on": "2014-09-01", "kind": "body", "amount": 0},
        ],
        "referrals": [{"succeeded_on": "2014-01-01", "kind": "vehicle"}],
        "insurance": [{"cover": "commercial", "starts_on": "2013-11-01", "ends_on": "2014-10-31"}],
    }
    assert told("arithmetic", "sums", record) == rows_of("arithmetic")


def test_conditions() -> None:
    record = {
        "customer_id": "C1",
        "region": "晋江",
        "media": False,
        "vehicles": [{"purchased_on": "2012-05-01"}],
        "visits": [
            {"visited_on": "2014-03-01", "kind": "repair", "mileage_km": 10},
            {"visited_on": "2014-09-01", "kind": "repair", "mileage_km": 51},
        ],
    }
    outcome = whole("conditions", record, decisions=["tests"])["tests"]
    assert outcome["because"] == [name for name in rows_of("conditions") if name != "unknown"]
    assert (outcome["status"], outcome["undetermined"], outcome["missing"]) == (
        "undetermined",
        ["unknown"],
        ["influential"],
    )


def test_parameters() -> None:
    record = {
        "customer_id": "C1",
        "attributes": {"index": 2},
        "visits": [
            {"visited_on": "2012-10-01", "kind": "repair", "amount": 5},
            {"visited_on": "2012-09-30", "kind": "repair", "amount": 5},  # two years ago to the day: outside
            {"visited_on": "2014-09-20", "kind": "body", "amount": "1234.50"},
            {"visited_on": "2014-09-01", "kind": "maintenance", "amount": 1},
        ],
    }
    assert told("parameters", "used", record) == [name for name in rows_of("parameters") if name != "number"]
    assert whole("parameters", record, decisions=["given"])["given"] == {
        "status": "decided",
        "band": "both",
        "value": "1234.50",
        "always": [
            {"id": "voucher", "title": {"zh": "券", "en": "券"}, "value": "1234.50"},
            {"id": "oil", "title": {"zh": "油", "en": "油"}, "price": "333/1000"},
        ],
        "because": ["both"],
        "matched": ["both"],
    }


# --- several files ------------------------------------------------------------------------------------


def test_a_store_on_top_of_its_group() -> None:
    book = book_of("extended")
    assert [rule.id for rule in book.decisions["tier"].rules] == ["sales.referred"]
    assert book.decisions["tier"].rules[0].title.en == "Referred"
    assert {decision.policy for decision in book.decisions.values()} == {"store-7"}
    facts = {"vehicle_referrals": 1, "visits_past_year": 2}
    found = whole("extended", facts, facts=True)
    assert (found["tier"]["level"], found["loyal"]["value"]) == ("vip", True)
    assert found["thanks"] == {
        "status": "decided",
        "band": "cup",
        "always": [{**CUP, "title": {"zh": "杯子", "en": "Cup"}}],
        "because": ["cup"],
        "matched": ["cup"],
    }
    record = {"campaign_id": "c", "returned": 10}
    assert whole("extended", record, subject="recall_campaign")["bonus"]["amount"] == "150.00"


@pytest.mark.parametrize(("ends_on", "amount"), [("2013-12-31", "13.00"), ("2014-01-01", "14.00")])
def test_the_version_of_the_subjects_own_day(ends_on: str, amount: str) -> None:
    record = {"campaign_id": "c", "returned": 10, "ends_on": ends_on}
    assert whole("versions", record, subject="recall_campaign")["bonus"] == paid(
        "all", amount, line("all", None, amount, amount)
    )
    later = whole("versions", {**record, "ends_on": "2014-10-01"}, subject="recall_campaign")["bonus"]
    assert (later["status"], later["reason"]["code"]) == ("undefined", "dated_after")
