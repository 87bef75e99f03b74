"""What read_record accepts, and what it says about everything else."""

from __future__ import annotations

import pickle
import subprocess
import sys
import types
from collections import UserDict
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from enum import IntEnum
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dealerrules import readers, records, values
from dealerrules.faults import Fault, FieldError, RecordError, shown
from dealerrules.readers import engine_value, read_value
from dealerrules.records import (
    SUBJECTS,
    TABLES,
    ConsultantMonth,
    Customer,
    Model,
    RecallCampaign,
    Record,
    RepairOrder,
    Visit,
    read_record,
)
from dealerrules.values import (
    BOOLEAN,
    COUNT,
    DATE,
    DISTANCE,
    MAX_COUNT,
    MONEY,
    NUMBER,
    RATIO,
    TEXT,
    Kind,
    Type,
)


def refusal(data: Any, subject: str = "customer") -> RecordError | None:
    try:
        read_record(data, subject)
    except RecordError as error:
        return error
    return None


def said(data: Any, subject: str = "customer", lang: str = "en") -> list[str]:
    """The lines of the error that the data gets; none when it is accepted."""
    error = refusal(data, subject)
    return error.text(lang).split("\n") if error else []


def about(**fields: Any) -> list[str]:
    return said({"customer_id": "C1", **fields})


def about_visit(**fields: Any) -> list[str]:
    return about(visits=[{"visited_on": "2014-09-30", **fields}])


# --- what is accepted ---------------------------------------------------------------------------------------


def test_a_full_customer_is_read_exactly() -> None:
    record = read_record(
        {
            "customer_id": "C1",
            "kind": "individual",
            "region": "晋江",
            "in_territory": True,
            "loyalty": "high",
            "household_brand_owners": 2,
            "attributes": {"grade": "A", "index": Decimal("7.5"), "points": 3, "new": False, "gone": None},
            "vehicles": [{"vin": "V1", "own_brand": True, "mileage_km": 30_000}],
            "visits": [
                {
                    "visit_id": "R1",
                    "customer_id": "C1",
                    "visited_on": date(2014, 9, 30),
                    "amount": "1,234.50",
                },
                {
                    "visited_on": "2014-09-30",
                    "amount": 12,
                    "mileage_km": Decimal("30000.5"),
                    "status": "open",
                },
            ],
            "insurance": (
                {"starts_on": "2013-10-01", "ends_on": "2014-09-30", "premium": Decimal("3000.5")},
            ),
            "surveys": [{"surveyed_on": "2014-01-01", "source": "csi", "satisfied": True, "score": -1}],
            "referrals": None,
            "contacts": [],
        }
    )
    assert isinstance(record, Customer)
    assert [visit.visited_on for visit in record.visits] == [date(2014, 9, 30)] * 2
    assert [visit.amount for visit in record.visits] == [Decimal("1234.50"), Decimal(12)]
    assert record.visits[1].mileage_km == Decimal("30000.5")
    assert record.vehicles[0].purchased_on is None
    assert record.vehicles[0].mileage_km == 30_000
    assert record.insurance[0].premium == Decimal("3000.5")
    assert record.surveys[0].score == -1
    assert (record.referrals, record.contacts, record.suggestions) == ((), (), ())
    assert dict(record.attributes) == {
        "grade": "A",
        "index": Decimal("7.5"),
        "points": 3,
        "new": False,
        "gone": None,
    }
    assert (record.out_of_reach, record.media) == (None, None)


def test_every_field_but_the_ids_may_be_left_out_or_none() -> None:
    for subject in SUBJECTS.values():
        bare = read_record({subject.id_field: "X"}, subject.name)
        assert type(bare) is subject.model
        nones = dict.fromkeys(subject.model.model_fields)
        assert read_record({**nones, subject.id_field: "X"}, subject.name) == bare
    for table in TABLES.values():
        event = {table.date_field: "2014-09-30"}
        nones = dict.fromkeys(table.fields)
        full = read_record({"customer_id": "C1", table.name: [{**nones, **event}]})
        assert full == read_record({"customer_id": "C1", table.name: [event]})


def test_typed_records_pass_through_unchanged() -> None:
    customer = Customer(customer_id="C1", visits=[{"visited_on": "2014-09-30"}])
    campaign = RecallCampaign(campaign_id="2014-09", target=110)
    assert read_record(customer) is customer
    assert read_record(campaign) is campaign
    visit = customer.visits[0]
    assert read_record({"customer_id": "C1", "visits": [visit]}).visits[0] is visit


def test_mappings_other_than_dict_are_read() -> None:
    visit = types.MappingProxyType({"visited_on": "2014-09-30"})
    record = read_record(UserDict(customer_id="C1", visits=(visit,)))
    assert record == read_record({"customer_id": "C1", "visits": [{"visited_on": "2014-09-30"}]})


def test_records_are_frozen_picklable_and_equal_by_content() -> None:
    record = read_record({"customer_id": "C1", "visits": [{"visited_on": "2014-09-30", "amount": "1.50"}]})
    assert pickle.loads(pickle.dumps(record)) == record
    with pytest.raises(ValidationError):
        record.region = "x"


def test_money_is_exact_in_any_decimal_context() -> None:
    with localcontext() as context:
        context.prec = 3
        record = read_record({"repair_id": "R", "amount": "12345.67", "premium_prepaid": 0}, "repair_order")
        assert isinstance(record, RepairOrder)
        assert engine_value(record.amount, MONEY) == 1_234_567
        assert about_visit(amount=Decimal("12345.678")) != []
        assert about_visit(amount=Decimal("12345.670")) == []


@pytest.mark.parametrize("zero", [0, "0", "0.00", Decimal("0E+999999"), Decimal("-0"), Decimal("0E-999999")])
def test_every_zero_is_zero_fen(zero: Any) -> None:
    record = read_record({"repair_id": "R", "amount": zero}, "repair_order")
    assert engine_value(record.amount, MONEY) == 0


@pytest.mark.parametrize("amount", ["90000000000000", "89,999,999,999,999.99", 0, "0.01"])
def test_amounts_up_to_the_bound(amount: Any) -> None:
    assert about_visit(amount=amount) == []


# --- what is refused, in whole messages ---------------------------------------------------------------------


def test_an_error_names_subject_id_field_and_value() -> None:
    data = {"customer_id": "C000123", "visits": [{"visited_on": "2014-02-28"}, {"visited_on": "2014-02-30"}]}
    with pytest.raises(RecordError) as caught:
        read_record(data)
    assert str(caught.value) == "customer C000123, visits[1].visited_on: there is no such day: `2014-02-30`"
    assert caught.value.text("zh") == "客户 C000123，visits[1].visited_on：没有这一天：`2014-02-30`"
    assert caught.value.faults == (
        Fault(
            "customer",
            "C000123",
            "visits[1].visited_on",
            "2014-02-30",
            "there is no such day: `2014-02-30`",
            "没有这一天：`2014-02-30`",
        ),
    )
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.faults) == (str(caught.value), caught.value.faults)


def named(value: object) -> str:
    """A test id; pytest itself fails on huge integers."""
    return shown(value)[:20]


PASS_TEXT = "pass a Decimal or text such as `1234.50`"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("visited_on", "2014/09/30", "a date such as `2014-09-30` is needed, not `2014/09/30`"),
        ("visited_on", "20140930", "a date such as `2014-09-30` is needed, not `20140930`"),
        ("visited_on", 20140930, "a date such as `2014-09-30` is needed, not `20140930`"),
        (
            "visited_on",
            datetime(2014, 9, 30, 9, 25),  # noqa: DTZ001
            "a date is needed, not a date with time: `2014-09-30 09:25:00`; pass `2014-09-30`",
        ),
        ("visited_on", None, "is missing: an event needs its date"),
        ("settled_on", "2014-13-01", "there is no such day: `2014-13-01`"),
        ("amount", 9.5, f"a float does not hold yuan exactly: `9.5`; {PASS_TEXT}"),
        ("amount", float("nan"), f"a float does not hold yuan exactly: `nan`; {PASS_TEXT}"),
        ("amount", Decimal("NaN"), f"an amount in yuan is needed, not `NaN`; {PASS_TEXT}"),
        ("amount", Decimal("sNaN"), f"an amount in yuan is needed, not `sNaN`; {PASS_TEXT}"),
        ("amount", Decimal("Infinity"), f"an amount in yuan is needed, not `Infinity`; {PASS_TEXT}"),
        ("amount", True, f"an amount in yuan is needed, not `True`; {PASS_TEXT}"),
        ("amount", "12 yuan", f"an amount in yuan is needed, not `12 yuan`; {PASS_TEXT}"),
        ("amount", "1,23.50", f"an amount in yuan is needed, not `1,23.50`; {PASS_TEXT}"),
        ("amount", "１２", f"an amount in yuan is needed, not `１２`; {PASS_TEXT}"),
        ("amount", "", f"an amount in yuan is needed, not ``; {PASS_TEXT}"),
        ("amount", "1.005", "`1.005` has more than 2 decimals"),
        ("amount", Decimal("1E-999999"), "`1E-999999` has more than 2 decimals"),
        ("amount", "-1", "`-1` is negative: it must be 0 or more"),
        ("amount", "90000000000000.01", "`90000000000000.01` is too large: at most 90,000,000,000,000"),
        ("amount", Decimal("1E+999999"), "`1E+999999` is too large: at most 90,000,000,000,000"),
        ("mileage_km", -1, "`-1` is negative: it must be 0 or more"),
        ("mileage_km", "3", 'a number as text: write 3, not "3"'),
        ("mileage_km", 1.5, "a float is not exact: `1.5`; pass a Decimal or a whole number"),
        ("mileage_km", Decimal("0.0000001"), "`1E-7` has more than 6 decimals"),
        ("mileage_km", True, "a number is needed, not `True`; pass a Decimal or a whole number"),
        ("kind", "repairs", "`repairs` is none of: maintenance, repair, body, warranty, claim, inspection, other; did you mean `repair`?"),
        ("status", "Settled", "`Settled` is none of: open, settled, cancelled, deleted; did you mean `settled`?"),
        ("paid_by", 5, "`5` is none of: customer, insurer, maker"),
        ("visit_id", 5, 'text is needed, not the number `5`: write "5"'),
        ("visit_id", "", "an id must not be empty"),
        ("brought_by", ["x"], "text is needed, not `['x']`"),
        ("brought_by", "\ud800", "`\\ud800` is not valid Unicode text"),
        ("visit_on", "2014-09-30", "there is no such field; did you mean `visited_on`?"),
        ("xyzzy", 1, "there is no such field"),
        ("customer_id", "C2", "the event is of another customer: `C2`"),
    ],
    ids=named,
)  # fmt: skip
def test_each_mistake_in_a_visit_is_explained(field: str, value: Any, message: str) -> None:
    assert about_visit(**{field: value}) == [f"customer C1, visits[0].{field}: {message}"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("household_brand_owners", -1, "`-1` is negative: it must be 0 or more"),
        ("household_brand_owners", True, "a whole number such as `3` is needed, not `True`"),
        ("household_brand_owners", "3", 'a number as text: write 3, not "3"'),
        ("household_brand_owners", 3.0, "a whole number such as `3` is needed, not `3.0`"),
        ("household_brand_owners", Decimal(3), "a whole number such as `3` is needed, not `3`"),
        ("household_brand_owners", MAX_COUNT + 1, "`1000000000001` is too large: at most 1,000,000,000,000"),
        ("household_brand_owners", 10**5000, "`a huge number` is too large: at most 1,000,000,000,000"),
        ("media", "true", "true or false is needed, not `true`"),
        ("media", 1, "true or false is needed, not `1`"),
        ("media", Decimal(1), "true or false is needed, not `1`"),
        ("loyalty", "hihg", "`hihg` is none of: low, medium, high; did you mean `high`?"),
        ("visits", {"visited_on": "2014-09-30"}, "a list of events is needed, not `{'visited_on': '2014-09-30'}`"),
        ("visits", "2014-09-30", "a list of events is needed, not `2014-09-30`"),
        ("visits", {5}, "a list of events is needed, not `{5}`"),
        ("attributes", ["x"], "fields with their values (a mapping) are needed, not `['x']`"),
        ("atributes", {}, "there is no such field; did you mean `attributes`?"),
    ],
    ids=named,
)  # fmt: skip
def test_each_mistake_in_a_customer_is_explained(field: str, value: Any, message: str) -> None:
    (line,) = about(**{field: value})
    assert line == f"customer C1, {field}: {message}"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({}, "customer, customer_id: is missing"),
        ({"customer_id": None}, "customer, customer_id: is missing"),
        ({"customer_id": 5}, 'customer, customer_id: text is needed, not the number `5`: write "5"'),
        ({"customer_id": ""}, "customer, customer_id: an id must not be empty"),
        ([], "customer: fields with their values (a mapping) are needed, not `[]`"),
        (None, "customer: fields with their values (a mapping) are needed, not `None`"),
        ({"customer_id": "C", "visits": [5]}, "customer C, visits[0]: fields with their values (a mapping) are needed, not `5`"),
        ({"customer_id": "C", "visits": [{}]}, "customer C, visits[0].visited_on: is missing: an event needs its date"),
        ({"customer_id": "C", 5: 1}, "customer C, [5]: the name of a field is text, not `5`"),
        ({"customer_id": "C", "attributes": {5: 1}}, "customer C, attributes[5]: the name of a field is text, not `5`"),
        ({"customer_id": "C", "attributes": {"kind": 1.5}}, "customer C, attributes.kind: a float is not exact: `1.5`; pass a Decimal or a whole number"),
        ({"customer_id": "C", "attributes": {"a": date(2014, 9, 30)}}, "customer C, attributes.a: text, true or false, a whole number or a Decimal is needed, not `2014-09-30`"),
        ({"customer_id": "C", "\ud800": 1}, "customer C: `\\ud800` is not valid Unicode text"),
    ],
    ids=named,
)  # fmt: skip
def test_each_mistake_of_form_is_explained(data: Any, line: str) -> None:
    assert said(data) == [line]


def test_two_events_of_one_id_are_a_fault_in_every_table_that_has_ids() -> None:
    for table in TABLES.values():
        event = {table.date_field: "2014-09-30"}
        if table.id_field is None:
            assert about(**{table.name: [event, event]}) == []
            continue
        named = {**event, table.id_field: "X"}
        assert about(**{table.name: [named, event, event, named]}) == [
            f"customer C1, {table.name}[3].{table.id_field}: `X` is also the {table.id_field} of {table.name}[0]"
        ]


def test_faults_between_events_are_found_beside_others() -> None:
    visit = {"visit_id": "R1", "visited_on": "2014-09-30"}
    assert about(visits=[visit, {**visit, "amount": 1.5}, {**visit, "customer_id": "C2"}]) == [
        f"customer C1, visits[1].amount: a float does not hold yuan exactly: `1.5`; {PASS_TEXT}",
        "customer C1, visits[1].visit_id: `R1` is also the visit_id of visits[0]",
        "customer C1, visits[2].customer_id: the event is of another customer: `C2`",
        "customer C1, visits[2].visit_id: `R1` is also the visit_id of visits[0]",
    ]
    typed = Visit(visit_id="R1", visited_on=date(2014, 9, 30), customer_id="C2")
    assert about(visits=[visit, typed]) == [
        "customer C1, visits[1].customer_id: the event is of another customer: `C2`",
        "customer C1, visits[1].visit_id: `R1` is also the visit_id of visits[0]",
    ]


def test_all_faults_are_listed_one_a_line_in_both_languages() -> None:
    data = {
        "customer_id": "C1",
        "loyalty": "great",
        "regoin": "晋江",
        "visits": [{"visited_on": "2014-02-30", "amount": 9.5}, {"amount": "-1"}],
        "household_brand_owners": -1,
    }
    assert said(data) == [
        "customer C1, loyalty: `great` is none of: low, medium, high",
        "customer C1, household_brand_owners: `-1` is negative: it must be 0 or more",
        "customer C1, visits[0].visited_on: there is no such day: `2014-02-30`",
        f"customer C1, visits[0].amount: a float does not hold yuan exactly: `9.5`; {PASS_TEXT}",
        "customer C1, visits[1].visited_on: is missing: an event needs its date",
        "customer C1, visits[1].amount: `-1` is negative: it must be 0 or more",
        "customer C1, regoin: there is no such field; did you mean `region`?",
    ]
    assert said(data, lang="zh") == [
        "客户 C1，loyalty：`great` 不在可选值之中：low, medium, high",
        "客户 C1，household_brand_owners：`-1` 是负数：必须大于或等于 0",
        "客户 C1，visits[0].visited_on：没有这一天：`2014-02-30`",
        "客户 C1，visits[0].amount：浮点数不能精确表示金额：`9.5`；请用 Decimal 或 `1234.50` 这样的文本",
        "客户 C1，visits[1].visited_on：缺失：事件必须有日期",
        "客户 C1，visits[1].amount：`-1` 是负数：必须大于或等于 0",
        "客户 C1，regoin：没有这个字段；是否想写 `region`？",
    ]


def test_other_subjects_are_named_in_words() -> None:
    assert said({"campaign_id": "2014-09", "target": -1}, "recall_campaign") == [
        "recall campaign 2014-09, target: `-1` is negative: it must be 0 or more"
    ]
    assert said({"campaign_id": "2014-09", "target": -1}, "recall_campaign", "zh") == [
        "招揽活动 2014-09，target：`-1` 是负数：必须大于或等于 0"
    ]


def test_an_unknown_subject_is_a_fault() -> None:
    words = ", ".join(SUBJECTS)
    message = f"subject: `recall_campain` is not a subject: {words}; did you mean `recall_campaign`?"
    assert said({}, "recall_campain") == [message]
    assert said({}, ["x"]) == [f"subject: `['x']` is not a subject: {words}"]


def test_building_a_model_by_hand_says_the_same() -> None:
    with pytest.raises(RecordError) as caught:
        Visit(visit_id="R1", visited_on="2014-02-30")
    assert str(caught.value) == "visit R1, visited_on: there is no such day: `2014-02-30`"
    with pytest.raises(RecordError) as caught:
        Customer(customer_id="C1", visits=[{}], regoin="x")
    assert str(caught.value).splitlines() == [
        "customer C1, visits[0].visited_on: is missing: an event needs its date",
        "customer C1, regoin: there is no such field; did you mean `region`?",
    ]
    visit = Visit(visit_id="R1", visited_on=date(2014, 9, 30))
    with pytest.raises(RecordError) as caught:
        Customer(customer_id="C1", visits=(visit, visit))
    assert str(caught.value) == "customer C1, visits[1].visit_id: `R1` is also the visit_id of visits[0]"


def test_pydantic_itself_refuses_what_stands_between_events() -> None:
    visit = {"visit_id": "R1", "visited_on": "2014-09-30"}
    with pytest.raises(ValidationError, match="`R1` is also the visit_id of"):
        Customer.model_validate({"customer_id": "C1", "visits": [visit, visit]})


class Hostile:
    def __repr__(self) -> str:
        message = "no name"
        raise KeyError(message)


def nested(depth: int) -> list[Any]:
    result: list[Any] = []
    for _ in range(depth):
        result = [result]
    return result


class Color(IntEnum):
    RED = 1


HOSTILE = [
    Hostile(), nested(100_000), 10**5000, -(10**5000), "x" * 10**6, "\ud800", "a\nb\x1b[31m", b"\xff", object,
    float("inf"), Decimal("-sNaN123"), Decimal("1E+999999999"), Decimal("1E-999999999"), {"a": nested(2000)},
    {(1, 2): 3}, {None: None}, {"\ud800": 1}, {b"a": 1}, [None], [[]], [{}], [{5: 5}], (), set(), range(3), Color.RED,
    datetime(9999, 12, 31, tzinfo=UTC), date.max, complex(1), Fraction(1, 3), type("list", (), {})(), NotImplemented, ...,
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=named)
def test_whatever_comes_only_record_errors_leave_and_each_fault_is_one_short_line(value: Any) -> None:
    candidates: list[tuple[Any, str]] = [(value, "customer")]
    for subject in SUBJECTS.values():
        candidates += [
            ({subject.id_field: "X", name: value}, subject.name) for name in subject.model.model_fields
        ]
        candidates.append(({subject.id_field: "X", "more": value}, subject.name))
    for table in TABLES.values():
        candidates += [
            ({"customer_id": "X", table.name: [{name: value}]}, "customer") for name in table.fields
        ]
        candidates.append(({"customer_id": "X", table.name: [value]}, "customer"))
    candidates.append(({"customer_id": "X", "attributes": {"a": value}}, "customer"))
    for data, subject_name in candidates:
        error = refusal(data, subject_name)
        for lang in ("en", "zh") if error else ():
            lines = said(data, subject_name, lang)
            assert len(lines) == len(error.faults)
            assert all(0 < len(line.encode()) < 300 for line in lines)


words = st.text("ab晋\n\ud800", max_size=5)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | words | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.integers(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*Customer.model_fields, "x", 5]), anything, max_size=5))
def test_any_mapping_is_read_or_refused_with_faults(data: dict[Any, Any]) -> None:
    error = refusal({"customer_id": "C1", **data})
    for fault in error.faults if error else ():
        assert fault.message
        assert fault.message_zh
        assert fault.text() in str(error)
    assert error is None or error.faults


@given(st.decimals(min_value=0, max_value=90_000_000_000_000, places=2))
def test_money_reads_the_same_from_decimal_and_text(amount: Decimal) -> None:
    fen = int(amount * 100)
    for given_ in (amount, str(amount), f"{amount:,}"):
        record = read_record({"purchase_id": "P", "amount": given_}, "purchase")
        assert engine_value(record.amount, MONEY) == fen


# --- what the engines are told ------------------------------------------------------------------------------


def test_tables_and_subjects_say_what_records_md_says() -> None:
    assert {name: table.date_field for name, table in TABLES.items()} == {
        "vehicles": "purchased_on",
        "visits": "visited_on",
        "insurance": "starts_on",
        "referrals": "succeeded_on",
        "surveys": "surveyed_on",
        "suggestions": "made_on",
        "contacts": "contacted_on",
    }
    assert {
        name: (subject.table, subject.id_field, subject.date_field) for name, subject in SUBJECTS.items()
    } == {
        "customer": ("customers", "customer_id", None),
        "recall_campaign": ("recall_campaigns", "campaign_id", "ends_on"),
        "follow_up_result": ("follow_up_results", "result_id", "period_end"),
        "consultant_month": ("consultant_months", "consultant_id", "period_end"),
        "repair_order": ("repair_orders", "repair_id", "completed_on"),
        "purchase": ("purchases", "purchase_id", "purchased_on"),
    }
    assert [table.id_field for table in TABLES.values()] == [
        "vin", "visit_id", "policy_no", "referral_id", "survey_id", None, None,
    ]  # fmt: skip
    assert {name: table.excluded for name, table in TABLES.items() if table.excluded} == {
        "visits": (("status", ("cancelled", "deleted")),)
    }
    assert SUBJECTS["customer"].tables is TABLES
    assert not any(subject.tables for subject in SUBJECTS.values() if subject.name != "customer")
    assert {model.called[0] for model in get_args(Record)} == set(SUBJECTS)


def test_field_types_are_those_of_the_annotations() -> None:
    customer, visits = SUBJECTS["customer"].fields, TABLES["visits"].fields
    assert customer["loyalty"] == Type(Kind.CATEGORY, ("low", "medium", "high"), ordered=True)
    assert customer["kind"] == Type(Kind.CATEGORY, ("individual", "company"))
    assert (customer["region"], customer["media"], customer["household_brand_owners"]) == (
        TEXT,
        BOOLEAN,
        COUNT,
    )
    assert (visits["visited_on"], visits["amount"], visits["mileage_km"]) == (DATE, MONEY, DISTANCE)
    assert (visits["customer_id"], TABLES["surveys"].fields["score"]) == (TEXT, NUMBER)
    assert set(customer) == set(Customer.model_fields) - {"attributes", *TABLES}
    for part in (*SUBJECTS.values(), *TABLES.values()):
        extra = {"attributes", *TABLES} if part.name == "customer" else set()
        assert set(part.fields) | extra == set(part.model.model_fields)
        assert pickle.loads(pickle.dumps(part)) == part
        hash(part)


def test_engine_values_are_plain_and_exact() -> None:
    assert engine_value(Decimal("1234.5"), MONEY) == 123_450
    assert engine_value(Decimal(12), MONEY) == 1_200
    assert engine_value(Decimal("4.50"), NUMBER) == Fraction(9, 2)
    whole = engine_value(Decimal("4.00"), NUMBER)
    assert (whole, type(whole)) == (4, int)
    assert engine_value(date(2014, 9, 30), DATE) == date(2014, 9, 30)
    assert engine_value(True, BOOLEAN) is True  # noqa: FBT003
    assert engine_value("high", SUBJECTS["customer"].fields["loyalty"]) == "high"
    assert engine_value(None, MONEY) is None


def test_attributes_are_read_against_a_stated_type() -> None:
    assert read_value(None, MONEY) is None
    assert read_value(Decimal("0.2"), RATIO) == Fraction(1, 5)
    assert read_value("2014-09-30", DATE) == date(2014, 9, 30)
    assert read_value(False, BOOLEAN) is False  # noqa: FBT003
    assert read_value("b", Type(Kind.CATEGORY, ("a", "b"))) == "b"
    assert [read_value(6, Type(kind)) for kind in (Kind.MONTHS, Kind.DAYS, Kind.COUNT)] == [6, 6, 6]
    with pytest.raises(FieldError) as caught:
        read_value("7", NUMBER)
    assert caught.value.at("customer", "C1", "attributes.index").text() == (
        'customer C1, attributes.index: a number as text: write 7, not "7"'
    )


def test_every_kind_has_a_reader() -> None:
    for kind in Kind:
        options = ("a",) if kind is Kind.CATEGORY else ()
        with pytest.raises(FieldError):
            read_value(object(), Type(kind, options))


def test_two_months_of_one_consultant_are_two_records() -> None:
    assert ConsultantMonth.key == ("consultant_id", "period_end")
    assert SUBJECTS["consultant_month"].key == ("consultant_id", "period_end")


# --- first use ----------------------------------------------------------------------------------------------

FIRST_USE = """
import sys, threading
sys.setswitchinterval(1e-6)
from dealerrules.records import Customer, Visit, read_record
start, found = threading.Barrier(8), []
def run(n):
    start.wait()
    if n % 3 == 0:
        found.append(read_record({"customer_id": "C1", "visits": [{"visited_on": "2014-09-30"}]}).visits[0])
    elif n % 3 == 1:
        found.append(Visit(visited_on="2014-09-30"))
    else:
        found.append(Customer(customer_id="C1", visits=[{"visited_on": "2014-09-30"}]).visits[0])
threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(found) == 8 and len(set(found)) == 1, found
"""


def test_many_threads_may_come_first() -> None:
    subprocess.run([sys.executable, "-c", FIRST_USE], check=True, timeout=60)


def test_validators_are_built_on_first_use_only() -> None:
    code = "from dealerrules.records import Customer; assert not Customer.__pydantic_complete__"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_model_says_what_it_is() -> None:
    def models(base: type[Model]) -> set[type[Model]]:
        return {base}.union(*(models(sub) for sub in base.__subclasses__()))

    concrete = models(Model) - {Model, records.Event}
    assert len({model.called for model in concrete}) == len(concrete) == 13
    assert all(model.__doc__ for model in concrete)
    assert values.MAX_COUNT * 10**readers.MAX_DECIMALS < 2**63
