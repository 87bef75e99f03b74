"""What read_store makes of files: sound records, and a fault for everything else."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealerrules.faults import Fault, RecordError
from dealerrules.records import SUBJECTS, TABLES, Customer, Record, read_record
from dealerrules.tables import Store, read_jsonl, read_store, read_tables

DAY = "2014-09-30"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, so that places in messages are short."""
    monkeypatch.chdir(tmp_path)


def store_of(**tables: str | bytes) -> Store:
    """What a folder of tables holds; each table is the text of its file."""
    folder = Path("d")
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_store("d", as_of=DAY)


def lines_of(*lines: str | bytes) -> Store:
    data = [line if isinstance(line, bytes) else line.encode() for line in lines]
    Path("r.jsonl").write_bytes(b"\n".join(data) + b"\n")
    return read_store("r.jsonl", as_of=DAY)


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    """Write a workbook, each sheet as rows of cells."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def said(store: Store, lang: str = "en") -> list[str]:
    return [fault.text(lang) for fault in store.faults]


def only(store: Store) -> Customer:
    assert said(store) == []
    ((subject, record),) = store.records
    assert subject == "customer"
    assert isinstance(record, Customer)
    return record


# --- round trips --------------------------------------------------------------------------------------------

FULL: dict[str, Any] = {
    "customer_id": "C1",
    "kind": "individual",
    "store_id": "S1",
    "region": "晋江",
    "in_territory": True,
    "influential": False,
    "loyalty": "high",
    "household_brand_owners": 2,
    "attributes": {"grade": "A", "index": Decimal("7.50"), "points": 3, "new": True},
    "vehicles": [{"vin": "V1", "own_brand": True, "model": 'B50 "1,8"', "purchased_on": "2010-10-01"}],
    "visits": [
        {
            "visit_id": "R1",
            "visited_on": "2014-09-01",
            "kind": "repair",
            "amount": "1234.50",
            "mileage_km": 30_000,
        },
        {"visited_on": "2014-09-02", "status": "open", "amount": "0.10", "mileage_km": Decimal("30000.5")},
    ],
    "insurance": [{"policy_no": "P1", "starts_on": "2013-10-01", "ends_on": "2014-09-30", "premium": "3000"}],
    "referrals": [{"succeeded_on": "2014-01-01", "kind": "vehicle"}],
    "surveys": [{"surveyed_on": "2014-01-01", "source": "csi", "satisfied": False, "score": Decimal("-4.5")}],
    "suggestions": [{"made_on": "2014-01-01", "adopted": True}],
    "contacts": [{"contacted_on": "2014-01-01", "purpose": "recall", "result": "will_come"}],
}
OTHERS: dict[str, dict[str, Any]] = {
    "recall_campaign": {
        "campaign_id": "2014-09",
        "starts_on": "2014-09-01",
        "audience": 573,
        "returned": 111,
    },
    "follow_up_result": {
        "result_id": "F1",
        "cadence": "weekly",
        "surveyed": 100,
        "satisfied": 95,
        "headcount": 3,
    },
    "consultant_month": {"consultant_id": "K1", "period_end": "2014-09-30", "contacted": 50, "returned": 8},
    "repair_order": {"repair_id": "O1", "insured": True, "amount": "10000.01", "premium_prepaid": "1000"},
    "purchase": {"purchase_id": "B1", "customer_id": "C1", "amount": "500.00", "prepaid_item": "none"},
}
EXPECTED: list[tuple[str, Record]] = [
    ("customer", read_record(FULL)),
    *((name, read_record(data, name)) for name, data in OTHERS.items()),
]


def cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, default=float)
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_tables(folder: Path, customers: list[dict[str, Any]], **others: dict[str, Any]) -> None:
    """Write records as CSV tables, each with all of its columns."""
    rows: dict[str, list[dict[str, Any]]] = {"customers": [], **{name: [] for name in TABLES}}
    for customer in customers:
        rows["customers"].append({name: value for name, value in customer.items() if name not in TABLES})
        for name in TABLES:
            rows[name] += [
                {"customer_id": customer["customer_id"], **event} for event in customer.get(name, ())
            ]
    rows |= {SUBJECTS[name].table: [data] for name, data in others.items()}
    for subject in (*SUBJECTS.values(), *TABLES.values()):
        name = getattr(subject, "table", subject.name)
        columns = [*subject.fields, *(["attributes"] if name == "customers" else [])]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows({key: cell(value) for key, value in row.items()} for row in rows.get(name, ()))


def without_owners(record: Record) -> Record:
    """The record without its events' customer_id, which tables have and nested records may leave out."""
    if not isinstance(record, Customer):
        return record
    bare = {
        name: tuple(event.model_copy(update={"customer_id": None}) for event in getattr(record, name))
        for name in TABLES
    }
    return record.model_copy(update=bare)


def test_tables_read_back_what_was_written() -> None:
    Path("d").mkdir()
    write_tables(Path("d"), [FULL], **OTHERS)
    store = read_store("d", as_of=DAY)
    assert said(store) == []
    assert [(subject, without_owners(record)) for subject, record in store.records] == EXPECTED
    assert str(only(Store(store.records[:1], ())).visits[0].amount) == "1234.50"


def test_json_lines_read_back_what_was_written() -> None:
    def line(subject: str, data: dict[str, Any]) -> str:
        named_ = data if subject == "customer" else {"subject": subject, **data}
        return json.dumps(named_, default=float, ensure_ascii=False)

    store = lines_of(line("customer", FULL), "", *(line(*item) for item in OTHERS.items()), "  ")
    assert said(store) == []
    assert store.records == EXPECTED


def test_numbers_in_json_lines_stay_exact() -> None:
    record = only(lines_of('{"customer_id": "C1", "visits": [{"visited_on": "2014-09-01", "amount": 0.10}]}'))
    assert str(record.visits[0].amount) == "0.10"


words = st.text("ab1,\"'晋\n\r ;|", min_size=1, max_size=5)
events = st.fixed_dictionaries(
    {"visited_on": st.dates().map(str)},
    optional={
        "kind": st.sampled_from(["repair", "other"]),
        "brought_by": words,
        "amount": st.decimals(0, 10**9, places=2).map(str),
        "mileage_km": st.integers(0, 10**6) | st.decimals(0, 10**6, places=3),
    },
)
customers = st.fixed_dictionaries(
    {"customer_id": words},
    optional={"region": words, "media": st.booleans(), "visits": st.lists(events, max_size=3)},
)


@given(st.lists(customers, max_size=4, unique_by=lambda customer: customer["customer_id"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_any_records_survive_both_formats(data: list[dict[str, Any]]) -> None:
    expected = [("customer", read_record(customer)) for customer in data]
    Path("d").mkdir(exist_ok=True)
    write_tables(Path("d"), data)
    store = read_store("d", as_of=DAY)
    assert said(store) == []
    assert [(subject, without_owners(record)) for subject, record in store.records] == expected
    store = lines_of(*(json.dumps(customer, default=float) for customer in data))
    assert (said(store), store.records) == ([], expected)


# --- cells --------------------------------------------------------------------------------------------------


def test_an_empty_cell_and_a_missing_column_are_unknown() -> None:
    record = only(store_of(customers="customer_id,region,media\nC1,,\n"))
    assert (record.region, record.media, record.kind, record.visits) == (None, None, None, ())


def test_a_byte_order_mark_crlf_blank_lines_and_thousands_are_read() -> None:
    visits = b'\xef\xbb\xbfcustomer_id,visited_on,amount,vin\r\n\r\nC1,2014-09-01,"1,234.50",V1\r\n\r\n'
    record = only(store_of(customers=b"\xef\xbb\xbfcustomer_id,media\r\nC1,TRUE\r\n", visits=visits))
    assert record.media is True
    assert str(record.visits[0].amount) == "1234.50"
    assert only(lines_of(b'\xef\xbb\xbf{"customer_id": "C1"}')).customer_id == "C1"


def test_a_cell_is_refused_with_file_line_column_and_value() -> None:
    store = store_of(
        customers="customer_id,media,household_brand_owners\nC1,maybe,two\nC2,true,3.0\nC3,,-1\nC4,false,4\n",
        visits='customer_id,brought_by,visited_on,amount,mileage_km\nC1,"a\nb",2014-02-30,1.005,x\nC1,,,free,-3\n',
        purchases="purchase_id,amount\nB1,-1\nB2,2\n",
    )
    money = "pass a Decimal or text such as `1234.50`"
    assert said(store) == [
        "d/customers.csv:2: customer C1, media: true or false is needed, not `maybe`",
        "d/customers.csv:2: customer C1, household_brand_owners: a whole number such as `3` is needed, not `two`",
        "d/customers.csv:3: customer C2, household_brand_owners: a whole number such as `3` is needed, not `3.0`",
        "d/customers.csv:4: customer C3, household_brand_owners: `-1` is negative: it must be 0 or more",
        "d/visits.csv:2: customer C1, visited_on: there is no such day: `2014-02-30`",
        "d/visits.csv:2: customer C1, amount: `1.005` has more than 2 decimals",
        "d/visits.csv:2: customer C1, mileage_km: a number is needed, not `x`; pass a Decimal or a whole number",
        "d/visits.csv:4: customer C1, visited_on: is missing: an event needs its date",
        f"d/visits.csv:4: customer C1, amount: an amount in yuan is needed, not `free`; {money}",
        "d/visits.csv:4: customer C1, mileage_km: `-3` is negative: it must be 0 or more",
        "d/purchases.csv:2: purchase B1, amount: `-1` is negative: it must be 0 or more",
    ]
    assert [(subject, vars(record)) for subject, record in store.records] == [
        ("customer", vars(read_record({"customer_id": "C4", "media": False, "household_brand_owners": 4}))),
        ("purchase", vars(read_record({"purchase_id": "B2", "amount": 2}, "purchase"))),
    ]
    assert store.faults[4] == Fault(
        "customer",
        "C1",
        "visited_on",
        "2014-02-30",
        "there is no such day: `2014-02-30`",
        "没有这一天：`2014-02-30`",
        "d/visits.csv:2",
    )
    assert said(store, "zh")[4] == "d/visits.csv:2：客户 C1，visited_on：没有这一天：`2014-02-30`"


def test_attributes_are_a_json_object_in_their_cell() -> None:
    record = only(store_of(customers='customer_id,attributes\nC1,"{""index"": 7.50}"\n'))
    assert record.attributes == {"index": Decimal("7.50")}
    assert said(store_of(customers="customer_id,attributes\nC1,index=7\n")) == [
        "d/customers.csv:2: customer C1, attributes: fields with their values (a mapping) are needed, not `index=7`"
    ]


# --- rows and keys ------------------------------------------------------------------------------------------


def test_an_orphan_is_a_fault() -> None:
    store = store_of(
        customers="customer_id\nC1\n", visits="customer_id,visited_on\nC9,2014-09-01\n,2014-09-01\n"
    )
    assert said(store) == [
        "d/visits.csv:2: customer_id: there is no customer `C9`",
        "d/visits.csv:3: customer_id: is missing",
    ]
    assert said(store, "zh")[0] == "d/visits.csv:2：customer_id：没有客户 `C9`"
    assert [subject for subject, _ in store.records] == ["customer"]


def test_no_two_rows_of_one_id_are_trusted() -> None:
    store = store_of(
        customers="customer_id\nC1\nC2\nC1\nC3\n",
        visits="visit_id,customer_id,visited_on\nR1,C2,2014-09-01\n,C3,2014-09-01\n,C3,2014-09-01\nR1,C2,2014-09-01\n",
        purchases="purchase_id\nB1\nB2\nB1\n",
    )
    assert said(store) == [
        "d/customers.csv:4: customer_id: `C1` is also the customer_id of d/customers.csv:2",
        "d/visits.csv:5: visit_id: `R1` is also the visit_id of d/visits.csv:2",
        "d/purchases.csv:4: purchase_id: `B1` is also the purchase_id of d/purchases.csv:2",
    ]
    assert [getattr(record, SUBJECTS[subject].id_field) for subject, record in store.records] == ["C3", "B2"]


def test_one_visit_of_two_customers_spoils_both() -> None:
    visits = "visit_id,customer_id,visited_on\nR1,C1,2014-09-01\nR1,C2,2014-09-01\n"
    store = store_of(customers="customer_id\nC1\nC2\n", visits=visits)
    assert said(store) == ["d/visits.csv:3: visit_id: `R1` is also the visit_id of d/visits.csv:2"]
    assert store.records == []


def test_a_vehicle_may_change_hands_but_not_be_bought_twice_by_one() -> None:
    vehicles = "vin,customer_id\nV1,C1\nV1,C2\nV1,C2\n"
    store = store_of(customers="customer_id\nC1\nC2\n", vehicles=vehicles)
    assert said(store) == ["d/vehicles.csv:4: vin: `V1` is also the vin of d/vehicles.csv:3"]
    assert [record.vehicles[0].vin for _, record in store.records if isinstance(record, Customer)] == ["V1"]


def test_a_consultant_has_one_record_a_month() -> None:
    months = "consultant_id,period_end\nK1,2014-08-31\nK1,2014-09-30\nK2,2014-09-30\nK1,2014-09-30\n"
    store = store_of(consultant_months=months)
    assert said(store) == [
        "d/consultant_months.csv:5: consultant_id: `K1` is also the consultant_id of d/consultant_months.csv:3"
    ]
    assert len(store.records) == 2


def test_a_ragged_row_is_a_fault_and_its_customer_left_out() -> None:
    store = store_of(
        customers="customer_id,region\nC1,a\nC2\nC3,a,b\nC4,a\n",
        visits="customer_id,visited_on,vin\nC1,2014-09-01,V1\nC2,2014-09-01,V1\nC4,2014-09-01\n",
        purchases="purchase_id,amount\nB1,1,000\nB2,2\n",
    )
    assert said(store) == [
        "d/customers.csv:3: the row has another number of cells (1) than the header (2)",
        "d/customers.csv:4: the row has another number of cells (3) than the header (2)",
        "d/visits.csv:4: the row has another number of cells (2) than the header (3)",
        "d/purchases.csv:2: the row has another number of cells (3) than the header (2)",
    ]
    assert [getattr(record, SUBJECTS[subject].id_field) for subject, record in store.records] == ["C1", "B2"]


# --- headers and files --------------------------------------------------------------------------------------


def test_a_wrong_header_names_the_nearest_column_and_no_customer_is_trusted() -> None:
    store = store_of(
        customers="customer_id\nC1\n",
        visits="customer_id,visit_on,amount,amount,xyzzy\nC1,2014-09-01,1,2,3\n",
        recall_campaigns="campaign_id\n2014-09\n",
    )
    assert said(store) == [
        "d/visits.csv:1: visit_on: there is no such column; did you mean `visited_on`?",
        "d/visits.csv:1: amount: the column stands twice in the header",
        "d/visits.csv:1: xyzzy: there is no such column",
        "d/visits.csv:1: visited_on: the column is missing",
    ]
    assert [subject for subject, _ in store.records] == ["recall_campaign"]


def test_a_customers_table_without_ids_makes_no_orphans() -> None:
    store = store_of(customers="region\na\n", visits="customer_id,visited_on\nC1,2014-09-01\n")
    assert said(store) == ["d/customers.csv:1: customer_id: the column is missing"]
    assert store.records == []


def test_an_empty_file_has_no_header() -> None:
    assert said(store_of(customers="")) == ["d/customers.csv:1: the table has no header"]


def test_a_missing_customers_table_is_one_fault() -> None:
    visits = "customer_id,visited_on\nC1,2014-09-01\nC2,2014-09-01\n"
    assert said(store_of(visits=visits)) == [
        "d: events without the table of their customers: customers.csv is missing"
    ]


def test_a_gbk_file_is_read() -> None:
    store = store_of(
        customers="customer_id\nC1\n",
        visits="customer_id,visited_on,brought_by\nC1,2014-09-01,a\nC1,2014-09-02,晋江\n".encode("gbk"),
        purchases=b"purchase_id\n\xff\n",
    )
    assert said(store) == ["d/purchases.csv:2: the file is neither UTF-8 nor GBK text"]
    assert said(store, "zh") == ["d/purchases.csv:2：文件既不是 UTF-8 文本，也不是 GBK 文本"]
    assert [visit.brought_by for visit in store.records[0][1].visits] == ["a", "晋江"]
    with read_tables("d", as_of=DAY) as tables:
        assert [note.text() for note in tables.notes] == ["d/visits.csv: the file is read as GBK"]
        assert [note.text("zh") for note in tables.notes] == ["d/visits.csv：文件按 GBK 读入"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('customer_id\nC1\n"C2\n', "3: the rest of the table cannot be read: unexpected end of data"),
        ('customer_id\nC1\n"C2"x\n', "3: the rest of the table cannot be read: ',' expected after '\"'"),
        (f"customer_id\nC1\n{'x' * 200_000}\n", "3: the rest of the table cannot be read: field larger than field limit (131072)"),
    ],
    ids=["quote", "after", "long"],
)  # fmt: skip
def test_a_table_that_breaks_off_is_not_half_trusted(text: str, why: str) -> None:
    store = store_of(customers=text)
    assert said(store) == [f"d/customers.csv:{why}"]
    assert store.records == []


@pytest.mark.parametrize("name", ["vists.csv", "vists.xlsx", "vist.parquet"])
def test_a_table_under_another_name_is_not_passed_over(name: str) -> None:
    Path("d").mkdir()
    Path("d", name).write_bytes(b"x") if not name.endswith("xlsx") else workbook(
        Path("d", name), {"a": [["x"]]}
    )
    store = store_of(customers="customer_id\nC1\n")
    assert said(store) == [f"d: `{name}` is not read: is it the table `visits`?"]
    assert said(store, "zh") == [f"d：没有读取 `{name}`：是不是表 `visits`？"]
    assert store.records == []


def test_one_table_in_two_files_is_a_fault() -> None:
    Path("d").mkdir()
    workbook(Path("d/维修.xlsx"), {"a": [["customer_id", "visited_on"]]})
    store = store_of(customers="customer_id\nC1\n", visits="customer_id,visited_on\n")
    assert said(store) == ["d: the table visits stands twice: `visits.csv`, `维修.xlsx[a]`"]
    assert said(store, "zh") == ["d：表 visits 有两份：`visits.csv`, `维修.xlsx[a]`"]
    assert store.records == []


def test_other_files_may_stand_beside_the_tables() -> None:
    Path("d").mkdir()
    for name in ("README.md", "answers.csv", "~$visits.xlsx", ".visits.csv"):
        Path("d", name).write_bytes(b"x")
    assert said(store_of(customers="customer_id\n", visits="customer_id,visited_on\n")) == []
    with read_tables("d", as_of=DAY) as tables:
        assert [note.text() for note in tables.notes] == ["d/answers.csv: not read: it is no table of ours"]


def test_paths_stand_as_given(tmp_path: Path) -> None:
    store_of(customers="customer_id,media\nC1,maybe\n")
    wrong = "customer C1, media: true or false is needed, not `maybe`"
    for given_ in ("d", "./d", "d/", tmp_path / "d", f"{tmp_path}/d"):
        place = f"{str(given_).rstrip('/')}/customers.csv:2"
        assert said(read_store(given_, as_of=DAY)) == [f"{place}: {wrong}"]


def test_what_is_no_store_at_all() -> None:
    Path("d").mkdir()
    assert said(read_store("d", as_of=DAY)) == ["d: there is no table here, such as customers.csv"]
    Path("x.doc").write_bytes(b"")
    no_store = "is neither a directory of tables, nor an Excel workbook, nor a .jsonl file"
    assert said(read_store("x.doc", as_of=DAY)) == [f"x.doc: `x.doc` {no_store}"]
    with pytest.raises(RecordError, match=no_store):
        read_tables("x.doc", as_of=DAY)
    Path("x.xlsx").write_bytes(b"")
    assert said(read_store("x.xlsx", as_of=DAY))[0].startswith("x.xlsx: the file cannot be read: ")
    for missing in ("no.jsonl", "no", "no.csv"):
        with pytest.raises(FileNotFoundError):
            read_store(missing, as_of=DAY)
    with pytest.raises(ValueError, match="there is no such day: `2014-02-30`"):
        read_store("d", as_of="2014-02-30")


# --- households ---------------------------------------------------------------------------------------------

HOMES = "customer_id,household_id,household_brand_owners\nC1,H1,\nC2,H1,\nC3,H1,7\nC4,H2,\nC5,,\nC6,H1,\n"
CARS = (
    "customer_id,vin,own_brand,purchased_on\n"
    "C1,V1,true,2014-09-30\nC1,V2,true,2013-01-01\n"  # two cars of one person
    "C2,V3,true,2014-10-01\n"  # after the day
    "C3,V4,true,2010-01-01\n"
    "C4,V5,false,2010-01-01\nC4,V6,,2010-01-01\nC4,V7,true,\n"  # another brand, unknown brand, unknown day
    "C5,V8,true,2010-01-01\n"
)


def owners(store: Store) -> dict[str, int | None]:
    return {
        record.customer_id: record.household_brand_owners
        for _, record in store.records
        if isinstance(record, Customer)
    }


def test_households_are_counted_as_of_the_day() -> None:
    store = store_of(customers=HOMES, vehicles=CARS)
    assert said(store) == []
    assert owners(store) == {"C1": 2, "C2": 2, "C3": 7, "C4": 0, "C5": None, "C6": 2}
    assert owners(read_store("d", as_of=date(2014, 10, 1)))["C1"] == 3
    assert owners(store_of(customers="customer_id,household_id\nC1,H1\n"))["C1"] == 1


def test_a_household_with_a_member_that_cannot_be_read_stays_unknown() -> None:
    store = store_of(customers=HOMES, vehicles=CARS + "C6,V9,maybe,2010-01-01\n")
    assert said(store) == ["d/vehicles.csv:10: customer C6, own_brand: true or false is needed, not `maybe`"]
    assert owners(store) == {"C1": None, "C2": None, "C3": 7, "C4": 0, "C5": None}


def test_json_lines_do_not_count_households() -> None:
    assert only(lines_of('{"customer_id": "C1", "household_id": "H1"}')).household_brand_owners is None


# --- JSON lines ---------------------------------------------------------------------------------------------


def test_each_bad_line_is_a_fault_with_its_place() -> None:
    store = lines_of(
        '{"customer_id": "C1"',
        "[1]",
        '{"customer_id": "C1", "visits": [{"visited_on": "2014-09-01", "amount": NaN}]}',
        '{"customer_id": "C1", "region": "a", "region": "b"}',
        '{"customer_id": "C1", "household_brand_owners": ' + "9" * 5000 + "}",
        '{"customer_id": "C1", "household_brand_owners": 1e99999999999999999999}',
        '{"customer_id": "C1", "visits": ' + "[" * 100_000,
        '{"customer_id": "C1", "region": "晋江"}'.encode("gbk"),
        b'{"customer_id": "\xff"}',
        '{"customer_id": "C1", "visits": [{"visited_on": "2014-09-01", "amount": 1.005}]}',
        '{"customer_id": "C2", "household_brand_owners": 1.5}',
        '{"subject": "purchse", "purchase_id": "B1"}',
        '{"subject": ["purchase"]}',
        '{"subject": "purchase"}',
        '{"customer_id": "C3", "region": "\\ud800"}',
        '{"customer_id": "C4"}',
    )
    subjects = ", ".join(SUBJECTS)
    assert said(store) == [
        "r.jsonl:1: this is not JSON: Expecting ',' delimiter, at character 22",
        "r.jsonl:2: a JSON object is needed on each line, not `[1]`",
        "r.jsonl:3: `NaN` is not a number: leave out what is unknown",
        "r.jsonl:4: the key `region` stands twice in one object",
        "r.jsonl:5: a number in it is too long, or its lists are nested too deeply",
        "r.jsonl:6: a number in it is too long, or its lists are nested too deeply",
        "r.jsonl:7: a number in it is too long, or its lists are nested too deeply",
        "r.jsonl:8: the file is not UTF-8 text, but can be read as GBK: save it as UTF-8",
        "r.jsonl:9: the file is not UTF-8 text",
        "r.jsonl:10: customer C1, visits[0].amount: `1.005` has more than 2 decimals",
        "r.jsonl:11: customer C2, household_brand_owners: a whole number such as `3` is needed, not `1.5`",
        f"r.jsonl:12: subject: `purchse` is not a subject: {subjects}; did you mean `purchase`?",
        f"r.jsonl:13: subject: `['purchase']` is not a subject: {subjects}",
        "r.jsonl:14: purchase, purchase_id: is missing",
        "r.jsonl:15: customer C3, region: `\\ud800` is not valid Unicode text",
    ]
    assert only(Store(store.records, ())).customer_id == "C4"


def test_ids_are_unique_over_all_lines() -> None:
    visits = '"visits": [{"visit_id": "R1", "visited_on": "2014-09-01"}]'
    vehicles = '"vehicles": [{"vin": "V1"}]'
    store = lines_of(
        f'{{"customer_id": "C1", {visits}}}',
        f'{{"customer_id": "C2", {visits}}}',
        f'{{"customer_id": "C3", {vehicles}}}',
        f'{{"customer_id": "C4", {vehicles}}}',
        '{"customer_id": "C5"}',
        '{"customer_id": "C5"}',
        '{"subject": "purchase", "purchase_id": "C4"}',
    )
    assert said(store) == [
        "r.jsonl:2: visit_id: `R1` is also the visit_id of r.jsonl:1",
        "r.jsonl:6: customer_id: `C5` is also the customer_id of r.jsonl:5",
    ]
    assert [getattr(record, SUBJECTS[subject].id_field) for subject, record in store.records] == [
        "C3",
        "C4",
        "C4",
    ]


def test_lines_are_read_one_by_one() -> None:
    lines_of('{"customer_id": "C1"}', "{", '{"subject": "purchase", "amount": 1.50}')
    (first, bad, last) = read_jsonl("r.jsonl")
    assert first == ("r.jsonl:1", {"customer_id": "C1"})
    assert isinstance(bad[1], Fault)
    assert last == ("r.jsonl:3", {"subject": "purchase", "amount": Decimal("1.50")})
