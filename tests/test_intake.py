"""What the tables of a store may look like, and that they all come to the same records."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealerrules.faults import FieldError, RecordError
from dealerrules.households import household_owners
from dealerrules.intake.cells import WORDS, AmbiguousError, Form, folded, read_cell, read_day
from dealerrules.intake.headers import _COLUMN_NAMES, FLAGS, KINDS, header_of, table_of
from dealerrules.intake.ledger import MOST_FAULTS
from dealerrules.intake.mapping import read_mapping
from dealerrules.records import TABLES, Customer, Record, read_record
from dealerrules.tables import read_store, read_tables
from dealerrules.values import BOOLEAN, COUNT, DISTANCE, MONEY, NUMBER, TEXT, Kind

if TYPE_CHECKING:
    from dealerrules.intake.stores import Tables

DAY = "2014-09-30"
NIGHT = datetime(2010, 10, 1, 23, 59)  # noqa: DTZ001 - a table holds local times
MORNING = datetime(2014, 9, 1, 9, 25, 11)  # noqa: DTZ001


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, so that places in messages are short."""
    monkeypatch.chdir(tmp_path)


def folder(**files: str | bytes) -> Path:
    made = Path("d")
    made.mkdir(exist_ok=True)
    for name, text in files.items():
        path = made / (name.replace("__", ".") if "__" in name else f"{name}.csv")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return made


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for cell in (cell for line in sheet.iter_rows() for cell in line if isinstance(cell.value, str)):
            cell.data_type = "s"  # never a formula
    book.save(path)


def tables_of(path: Path | str = "d", **more: Any) -> Tables:
    return read_tables(path, as_of=DAY, **more)


def said(tables: Tables, lang: str = "en") -> list[str]:
    return [fault.text(lang) for fault in tables.faults]


def noted(tables: Tables, lang: str = "en") -> list[str]:
    return [note.text(lang) for note in tables.notes]


def rows(tables: Tables, name: str) -> list[dict[str, Any]]:
    return tables[name].collect().to_dicts()


def counts_hold(tables: Tables) -> None:
    """Rows in are rows out and rows rejected, and both are there to see."""
    rejected = tables.rejected.collect()
    for name, counts in tables.counts.items():
        assert counts.rows == counts.out + counts.rejected
        there = tables[name].select(pl.len()).collect().item() if name in tables else 0
        assert there == counts.out
        assert rejected.filter(table=name).height == counts.rejected
        assert rejected.filter(table=name).select("place", "row").is_unique().all() or name == "insurance"
    assert bool(tables.faults) == bool(rejected.height) or not rejected.height


# --- the same store, in every form ----------------------------------------------------------------------------

EXPECTED: list[Record] = [
    read_record(
        {
            "customer_id": "1001",
            "kind": "individual",
            "household_brand_owners": None,
            "vehicles": [
                {"vin": "V1", "customer_id": "1001", "own_brand": True, "purchased_on": "2010-10-01"}
            ],
            "visits": [
                {
                    "visit_id": "R1",
                    "customer_id": "1001",
                    "visited_on": "2014-09-01",
                    "kind": "maintenance",
                    "status": "settled",
                    "amount": "1234.50",
                    "mileage_km": 30000,
                },
                {"visit_id": "R2", "customer_id": "1001", "visited_on": "2014-09-02", "amount": "0.10"},
            ],
        }
    ),
    read_record({"customer_id": "晋江2", "kind": "company"}),
]

OURS = {
    "customers": "customer_id,kind\n1001,individual\n晋江2,company\n",
    "vehicles": "vin,customer_id,own_brand,purchased_on\nV1,1001,true,2010-10-01\n",
    "visits": (
        "visit_id,customer_id,visited_on,kind,status,amount,mileage_km\n"
        'R1,1001,2014-09-01,maintenance,settled,"1,234.50",30000\n'
        "R2,1001,2014-09-02,,,0.10,\n"
    ),
}
CHINESE = {
    "客户": "客户编号,客户类别,姓名\n1001,个人,甲\n晋江2,公司,乙\n",
    "车辆": "车架号,客户编号,是否本品牌,销售日期\nV1,1001,是,2010年10月1日\n",
    "维修": (
        "工单号,车主编号,进厂日期,维修类型,工单状态,结算金额,进厂里程\n"
        'R1,1001,2014/9/1 09:25,首保,已结算,"￥1,234.50",30000\n'
        "R2,1001,20140902,,,0.1,\n"
    ),
}
DMS = {
    "Customer": "OWNER_NO,ctmType,MOBILE\n1001,个人,1\n晋江2,单位,2\n",
    "vehicles": "VIN,ownerNo,own_brand,salesDate\nV1,1001,Y,40452\n",
    "visits": (
        "roNo,CustomerID,INTO_DATE,repairTypeCode,roStatus,balanceAmount,inMileage\n"
        "R1,1001,2014-09-01 09:25:11,一般保养,settled,1234.5,30000\n"
        "R2,1001,02-Sep-14,,,.1,\n"
    ).replace(",.1,", ",0.10,"),
}


def records() -> list[Record]:
    store = read_store("d", as_of=DAY)
    assert [fault.text() for fault in store.faults] == []
    return [record for _, record in store.records]


@pytest.mark.parametrize("files", [OURS, CHINESE, DMS], ids=["ours", "chinese", "dms"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_csv_in_any_words_and_encoding(files: dict[str, str], encoding: str) -> None:
    folder(**{name: text.encode(encoding) for name, text in files.items()})
    assert records() == EXPECTED


@pytest.mark.parametrize("files", [OURS, CHINESE, DMS], ids=["ours", "chinese", "dms"])
def test_sheets_of_texts(files: dict[str, str]) -> None:
    sheets = {name: list(csv.reader(text.splitlines())) for name, text in files.items()}
    Path("d").mkdir()
    workbook(Path("d/export.xlsx"), sheets)
    assert records() == EXPECTED
    assert [record for _, record in read_store("d/export.xlsx", as_of=DAY).records] == EXPECTED


def test_a_workbook_with_dates_and_numbers_and_blank_rows() -> None:
    sheets: dict[str, list[list[Any]]] = {
        "客户": [[], ["客户编号", "客户类别"], [1001, "个人"], [], ["晋江2", "公司"]],
        "车辆": [["VIN", "客户编号", "是否本品牌", "销售日期"], ["V1", 1001, True, date(2010, 10, 1)]],
        "进站": [
            ["工单号", "客户编号", "进厂日期", "维修类型", "工单状态", "结算金额", "公里数"],
            ["R1", 1001, MORNING, "首保", "已结算", 1234.5, 30000],
            ["R2", 1001, 41884, None, None, 0.1, None],
        ],
    }
    workbook(Path("store.xlsx"), sheets)
    store = read_store("store.xlsx", as_of=DAY)
    assert [fault.text() for fault in store.faults] == []
    assert [record for _, record in store.records] == EXPECTED


def test_typed_and_untyped_parquet() -> None:
    made = Path("d")
    made.mkdir()
    pl.DataFrame({"customer_id": [1001, None], "kind": ["individual", "company"]}).with_columns(
        pl.col("customer_id").cast(pl.String).fill_null("晋江2"), pl.col("kind").cast(pl.Categorical)
    ).write_parquet(made / "customers.parquet")
    pl.DataFrame(
        {"VIN": ["V1"], "客户编号": [1001], "own_brand": [1], "purchased_on": [NIGHT]}
    ).write_parquet(made / "vehicles.parquet")
    pl.DataFrame(
        {
            "visit_id": ["R1", "R2"],
            "customer_id": [1001.0, 1001.0],
            "visited_on": ["2014-09-01", "2014/9/2"],
            "kind": ["首保", None],
            "status": pl.Series(["settled", None], dtype=pl.Enum(["settled"])),
            "amount": [1234.5, 0.1],
            "mileage_km": [30000.0, None],
        }
    ).write_parquet(made / "visits.parquet")
    assert records() == EXPECTED


def test_parquet_with_our_types_is_taken_as_it_stands() -> None:
    folder(**OURS)
    with tables_of() as tables:
        Path("p").mkdir()
        for name, frame in tables.items():
            frame.collect().write_parquet(f"p/{name}.parquet")
    with tables_of("p") as again:
        assert [record for _, record in again.records()] == EXPECTED
        assert {name: frame.collect_schema() for name, frame in again.items()} == {
            "customers": {"customer_id": pl.String, "kind": pl.String},
            "vehicles": {
                "vin": pl.String,
                "customer_id": pl.String,
                "own_brand": pl.Boolean,
                "purchased_on": pl.Date,
            },
            "visits": {
                "visit_id": pl.String,
                "customer_id": pl.String,
                "visited_on": pl.Date,
                "kind": pl.String,
                "status": pl.String,
                "amount": pl.Decimal(18, 2),
                "mileage_km": pl.Decimal(20, 6),
            },
        }


def test_a_directory_of_parquet_parts_is_one_table() -> None:
    folder(customers="customer_id\nC1\nC2\n")
    Path("d/visits").mkdir()
    for part, id_ in enumerate(["C1", "C2", "C3"]):
        pl.DataFrame({"customer_id": [id_], "visited_on": [date(2014, 9, 1)]}).write_parquet(
            f"d/visits/{part}.parquet"
        )
    with tables_of() as tables:
        assert said(tables) == ["d/visits:3: customer_id: there is no customer `C3`"]
        counts_hold(tables)


# --- headers --------------------------------------------------------------------------------------------------


def met_in_practice() -> list[tuple[str, str, str]]:
    """Table, field and header of the list of what real systems call things."""
    found = []
    for line in _COLUMN_NAMES.strip().splitlines():
        place, _, theirs = line.partition(": ")
        table, _, ours = place.split()[0].partition(".")
        names = (
            [name for name in KINDS if ours in (*KINDS[name].fields, *FLAGS.get(name, ()))]
            if table == "*"
            else [table]
        )
        found += [(name, ours, their) for name in names for their in theirs.split()]
    return found


@pytest.mark.parametrize(("table", "ours", "theirs"), met_in_practice())
def test_every_header_is_known(table: str, ours: str, theirs: str) -> None:
    if ours.startswith("attributes."):
        return
    for name in (theirs, theirs.upper(), theirs.lower(), f" {theirs} "):
        found = header_of(table, name)
        own = name.strip().lower() in KINDS[table].fields
        assert own if found is None else found.ours == ours


@pytest.mark.parametrize(
    ("table", "ours", "theirs"),
    [
        ("customers", "customer_id", "车主编号 客户编号 客户id ownerNo OWNER_NO customerNo cust_id member_id CustomerID"),
        ("customers", "kind", "车主性质 客户类别 ctmType ownerProperty Customer_Type"),
        ("vehicles", "vin", "车架号 车辆识别号VIN frame_number cdframe 车牌号 车牌号码 license plateNumber"),
        ("vehicles", "purchased_on", "销售日期 开票日期 购买日期 购车时间 salesDate 上牌日期 注册登记日 licenseDate"),
        ("vehicles", "bought_here", "是否本公司购车 isSelfCompany"),
        ("vehicles", "warranty_until", "保修截止 质保到期时间 wrtEndDate"),
        ("visits", "visit_id", "工单号 维修单号 单据编号 结算编号 roNo Job_ID"),
        ("visits", "visited_on", "进厂日期 进厂时间 入厂时间 进店时间 开单日期 送修日期 INTO_DATE RO_CREATE_DATE inFactoryDate Start_Date"),
        ("visits", "settled_on", "结算时间 交车日期 竣工 BALANCE_TIME settleDate Delivery_Date"),
        ("visits", "brought_by", "送修人 deliverer"),
        ("visits", "kind", "维修类型 业务类型 repairTypeCode isMaintain 是否含保养 isFirstMaintain 首保"),
        ("visits", "status", "roStatus 工单状态"),
        ("visits", "mileage_km", "进厂行驶里程 进厂里程 公里数 inMileage"),
        ("visits", "amount", "结算金额 收款 最终实际支付金额 balanceAmount receiveAmount Invoiced_Amount"),
        ("insurance", "ends_on", "保险到期日 INSURANCE_END_DATE"),
        ("insurance", "commercial_ends_on", "商业险到期 busines_expire_date"),
        ("insurance", "compulsory_ends_on", "交强险到期 force_expire_date"),
        ("insurance", "starts_on", "投保日期 INSURANCE_BEGIN_DATE"),
        ("insurance", "at_store", "是否本公司投保 isSelfCompanyInsurance"),
        ("insurance", "premium", "商业险保费 biz_total insuranceAmount"),
        ("referrals", "customer_id", "保客推荐人 保险介绍人"),
        ("referrals", "referral_id", "recommended_frame_number"),
        ("surveys", "satisfied", "满意度"),
        ("surveys", "score", "评分 Customer_Rating"),
        ("customers", "attributes.level", "会员等级 memberLevel viplevel"),
    ],
)  # fmt: skip
def test_the_headers_met_in_practice_need_no_mapping(table: str, ours: str, theirs: str) -> None:
    for name in theirs.split():
        found = header_of(table, name.replace("_", " "))
        assert found is not None, name
        assert found.ours == ours


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("客户", "customers"), ("车辆", "vehicles"), ("进站", "visits"), ("维修", "visits"), ("保险", "insurance"),
        ("转介绍", "referrals"), ("满意度调查", "surveys"), ("建议", "suggestions"), ("联系", "contacts"),
        ("回访", "contacts"), ("招揽活动", "recall_campaigns"), ("回访结果", "follow_up_results"),
        ("顾问月度", "consultant_months"), ("维修单", "repair_orders"), ("消费", "purchases"), ("Visits", "visits"),
        ("Repair Orders", "repair_orders"), ("x", None), ("visits_2014-09-30", "visits"), ("维修记录20140930", "visits"),
        ("客户（1）", "customers"), ("2014", None),
    ],
)  # fmt: skip
def test_names_of_tables(name: str, table: str | None) -> None:
    assert table_of(name) == table


def test_foreign_columns_are_passed_over_with_a_note() -> None:
    folder(
        customers="客户编号,姓名,手机\nC1,甲,1\n", visits="customer_id,visited_on,amount\nC1,2014-09-01,1\n"
    )
    with tables_of() as tables:
        assert said(tables) == []
        assert noted(tables) == ["d/customers.csv: columns not read: 姓名, 手机"]
        assert noted(tables, "zh") == ["d/customers.csv：未读取的列：姓名, 手机"]


def test_one_column_may_stand_in_for_another() -> None:
    folder(customers="客户编号\nC1\n", vehicles="车牌号,客户编号,上牌日期\n闽C1,C1,2014-01-02\n")
    with tables_of() as tables:
        assert rows(tables, "vehicles") == [
            {"vin": "闽C1", "customer_id": "C1", "purchased_on": date(2014, 1, 2)}
        ]
        assert noted(tables) == [
            "d/vehicles.csv: `车牌号` stands in for the missing vin",
            "d/vehicles.csv: `上牌日期` stands in for the missing purchased_on",
        ]
        assert noted(tables, "zh")[0] == "d/vehicles.csv：没有 vin，以 `车牌号` 代替"


def test_two_columns_of_one_meaning_are_a_fault_until_the_mapping_says_which() -> None:
    folder(customers="客户编号\nC1\n", visits="客户编号,进厂日期,开单日期\nC1,2014-09-01,2014-08-31\n")
    with tables_of() as tables:
        assert said(tables) == [
            "d/visits.csv:1: 进厂日期: more than one column is the visited_on: `进厂日期`, `开单日期`; say which under `columns` in mapping.yaml"
        ]
        assert said(tables, "zh") == [
            "d/visits.csv:1：进厂日期：不止一列是 visited_on：`进厂日期`, `开单日期`；请在 mapping.yaml 的 `columns` 下写明用哪一列"
        ]
        assert "customers" not in tables
        counts_hold(tables)
    folder(mapping__yaml="visits: {columns: {visited_on: 开单日期}}")
    with tables_of() as tables:
        assert rows(tables, "visits") == [{"customer_id": "C1", "visited_on": date(2014, 8, 31)}]
        assert noted(tables) == ["d/visits.csv: columns not read: 进厂日期"]


def test_flags_say_what_a_visit_is() -> None:
    folder(
        customers="客户编号\nC1\n",
        visits="客户编号,进厂日期,isMaintain,工单状态,是否删除\nC1,2014-09-01,1,已结算,0\nC1,2014-09-02,0,在修,1\n",
    )
    with tables_of() as tables:
        assert said(tables) == []
        assert [(row["kind"], row["status"]) for row in rows(tables, "visits")] == [
            ("maintenance", "settled"),
            (None, "deleted"),
        ]


def test_who_referred_whom() -> None:
    folder(
        customers="客户编号\nC1\n",
        referrals="客户编号,保客推荐人,成交日期,recommended_frame_number,转介绍数\nC9,C1,2014-01-02,V9,3\n",
    )
    with tables_of() as tables:
        assert said(tables) == []
        assert rows(tables, "referrals") == [
            {"customer_id": "C1", "succeeded_on": date(2014, 1, 2), "referral_id": "V9", "kind": "vehicle"}
        ]


def test_two_ends_in_a_row_are_two_covers() -> None:
    folder(
        customers="客户编号\nC1\nC2\n",
        insurance="客户编号,保单号,busines_expire_date,force_expire_date\nC1,P1,2015-02-28,2015-03-31\nC2,,,2016-02-29\nC2,,,\n",
    )
    with tables_of() as tables:
        assert said(tables) == []
        assert rows(tables, "insurance") == [
            {"customer_id": "C1", "policy_no": "P1", "ends_on": date(2015, 2, 28), "cover": "commercial", "starts_on": date(2014, 3, 1)},
            {"customer_id": "C1", "policy_no": None, "ends_on": date(2015, 3, 31), "cover": "compulsory", "starts_on": date(2014, 4, 1)},
            {"customer_id": "C2", "policy_no": None, "ends_on": date(2016, 2, 29), "cover": "compulsory", "starts_on": date(2015, 3, 1)},
        ]  # fmt: skip
        assert noted(tables) == [
            "d/insurance.csv: there is no first day of a cover: it is taken to begin a year before its end",
            "d/insurance.csv: rows without any end of a cover: 1",
        ]
        assert tables.counts["insurance"] == (3, 3, 0)


def test_a_cover_without_any_day_is_a_fault() -> None:
    folder(customers="客户编号\nC1\n", insurance="客户编号,保险到期日\nC1,\n")
    with tables_of() as tables:
        assert said(tables) == ["d/insurance.csv:2: customer C1, ends_on: is missing"]
        counts_hold(tables)


# --- cells ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2015-03-03", "2015-03-03"), ("2015/3/3", "2015-03-03"), ("20150303", "2015-03-03"), ("2015.3.3", "2015-03-03"),
        ("2015-03-24 09:25:11", "2015-03-24"), ("2015-03-24T23:59:59.999", "2015-03-24"), ("2015/3/24 9:25", "2015-03-24"),
        ("08-Aug-17", "2017-08-08"), ("8 August 2017", "2017-08-08"), ("3/24/15", "2015-03-24"), ("24/3/2015", "2015-03-24"),
        ("3/24/15 4:05 PM", "2015-03-24"), ("42087", "2015-03-24"), ("42087.75", "2015-03-24"), ("2015年3月24日", "2015-03-24"),
        ("２０１５-03-24", "2015-03-24"), (" 2015-03-24 ", "2015-03-24"), ("5/5/2015", "2015-05-05"), ("12/31/69", "2069-12-31"),
        ("12/31/70", "1970-12-31"), ("2016-02-29", "2016-02-29"),
    ],
)  # fmt: skip
def test_days(text: str, day: str) -> None:
    assert read_day(text) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("text", "says", "says_zh"),
    [
        ("2015-02-30", "there is no such day: `2015-02-30`", "没有这一天：`2015-02-30`"),
        ("20151301", "there is no such day: `20151301`", "没有这一天：`20151301`"),
        ("31-Feb-15", "there is no such day: `31-Feb-15`", "没有这一天：`31-Feb-15`"),
        ("13/32/15", "there is no such day: `13/32/15`", "没有这一天：`13/32/15`"),
        ("yesterday", "a date such as `2014-09-30` is needed, not `yesterday`", "需要形如 `2014-09-30` 的日期，而不是 `yesterday`"),
        ("9999", "a date such as `2014-09-30` is needed, not `9999`", "需要形如 `2014-09-30` 的日期，而不是 `9999`"),
        ("99999", "a date such as `2014-09-30` is needed, not `99999`", "需要形如 `2014-09-30` 的日期，而不是 `99999`"),
        ("2015-03-24 25:00", "a date such as `2014-09-30` is needed, not `2015-03-24 25:00`", "需要形如 `2014-09-30` 的日期，而不是 `2015-03-24 25:00`"),
    ],
)  # fmt: skip
def test_what_is_no_day(text: str, says: str, says_zh: str) -> None:
    with pytest.raises(FieldError) as error:
        read_day(text)
    assert (error.value.message, error.value.message_zh) == (says, says_zh)


@pytest.mark.parametrize("text", ["3/4/15", "3/4/2015", "03-04-2015", "10/11/12", "3/4/15 09:25"])
def test_an_ambiguous_day_needs_its_order(text: str) -> None:
    with pytest.raises(AmbiguousError, match="may be read as several days: state the order"):
        read_day(text)


def test_a_stated_order_is_kept_to() -> None:
    assert read_day("3/4/15", "mdy") == date(2015, 3, 4)
    assert read_day("3/4/15", "dmy") == date(2015, 4, 3)
    assert read_day("15/3/4", "ymd") == date(2015, 3, 4)
    with pytest.raises(FieldError, match=r"^`24/3/15` is no day in the stated order `mdy`$"):
        read_day("24/3/15", "mdy")


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("1,234.50", MONEY, Decimal("1234.50")), ("￥1234.5", MONEY, Decimal("1234.5")), ("¥ 12", MONEY, Decimal(12)),
        ("12元", MONEY, Decimal(12)), ("１２．５", MONEY, Decimal("12.5")), ("12，345", MONEY, Decimal(12345)),
        ("12,345", COUNT, 12345), ("12,345.5", DISTANCE, Decimal("12345.5")), ("-4.5", NUMBER, Decimal("-4.5")),
        ("TRUE", BOOLEAN, True), ("是", BOOLEAN, True), ("1", BOOLEAN, True), ("Y", BOOLEAN, True), ("yes", BOOLEAN, True),
        ("False", BOOLEAN, False), ("否", BOOLEAN, False), ("0", BOOLEAN, False), ("n", BOOLEAN, False), ("NO", BOOLEAN, False),
        (" x ", TEXT, " x "),
    ],
)  # fmt: skip
def test_cells(text: str, type_: Any, value: object) -> None:
    assert read_cell(text, Form(type_)) == value


@pytest.mark.parametrize(
    ("text", "type_", "says"),
    [
        ("-1", MONEY, "`-1` is negative: it must be 0 or more"),
        ("1.005", MONEY, "`1.005` has more than 2 decimals"),
        ("12 yuan", MONEY, "an amount in yuan is needed, not `12 yuan`; pass a Decimal or text such as `1234.50`"),
        ("1,23", MONEY, "an amount in yuan is needed, not `1,23`; pass a Decimal or text such as `1234.50`"),
        ("maybe", BOOLEAN, "true or false is needed, not `maybe`"),
        ("3.5", COUNT, "a whole number such as `3` is needed, not `3.5`"),
        ("1e3", NUMBER, "a number is needed, not `1e3`; pass a Decimal or a whole number"),
    ],
)  # fmt: skip
def test_cells_that_are_refused(text: str, type_: Any, says: str) -> None:
    with pytest.raises(FieldError) as error:
        read_cell(text, Form(type_))
    assert error.value.message == says


def test_our_words_in_chinese() -> None:
    for (table, field), words in WORDS.items():
        type_ = KINDS[table].fields[field]
        for word, meaning in words.items():
            if meaning == "?":
                continue
            assert read_cell(word, Form(type_, words=words)) == meaning
            assert type_.kind is not Kind.CATEGORY or meaning in type_.options
    assert folded("ＣＳＩ") == "csi"


def test_what_is_not_certain_is_asked_for() -> None:
    folder(
        customers="客户编号\nC1\n",
        surveys="客户编号,调查日期,满意度\nC1,2014-01-01,非常满意\nC1,2014-01-02,比较满意\n",
    )
    with tables_of() as tables:
        assert said(tables) == [
            "d/surveys.csv:3: customer C1, satisfied: what `比较满意` means is for the store to say, under `words` in mapping.yaml"
        ]
        assert said(tables, "zh") == [
            "d/surveys.csv:3：客户 C1，satisfied：`比较满意` 的含义须由门店说明：请写在 mapping.yaml 的 `words` 下"
        ]
    folder(mapping__yaml="surveys: {words: {satisfied: {比较满意: true}}}")
    with tables_of() as tables:
        assert [row["satisfied"] for row in rows(tables, "surveys")] == [True, True]


def test_an_ambiguous_column_is_one_fault() -> None:
    days = "C1,3/4/15\nC2,3/24/15\nC3,4/5/15\nC3,2015-01-01\n"
    folder(customers="customer_id\nC1\nC2\nC3\n", visits=f"customer_id,visited_on\n{days}")
    with tables_of() as tables:
        assert said(tables) == [
            "d/visits.csv:2: visited_on: `3/4/15` may be read as several days: state the order, as in `dates: mdy` in mapping.yaml (such cells in the column: 2)"
        ]
        assert said(tables, "zh") == [
            "d/visits.csv:2：visited_on：`3/4/15` 可以读作不同的日期：请在 mapping.yaml 中写明顺序，例如 `dates: mdy`（该列这样的单元格：2 个）"
        ]
        assert rows(tables, "visits") == [{"customer_id": "C2", "visited_on": date(2015, 3, 24)}]
        counts_hold(tables)
    folder(mapping__yaml="visits: {dates: mdy}")
    with tables_of() as tables:
        assert [str(row["visited_on"]) for row in rows(tables, "visits")] == ["2015-03-04", "2015-03-24", "2015-04-05", "2015-01-01"]  # fmt: skip


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_binary_numbers_are_money_only_where_they_are_fen(form: str) -> None:
    amounts = [1234.5, 0.1 + 0.2, 1 / 3, 100.0, 1e15, float(2**53)]
    folder(customers="customer_id\n" + "".join(f"C{at}\n" for at in range(6)))
    ids = [f"C{at}" for at in range(6)]
    days = [date(2014, 9, 1)] * 6
    if form == "xlsx":
        from xlsxwriter import Workbook

        with Workbook("d/visits.xlsx") as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["customer_id", "visited_on", "amount"])
            for at in range(6):
                sheet.write_row(at + 1, 0, [ids[at], "2014-09-01"])
                sheet.write_number(at + 1, 2, amounts[at])
        place, first = "d/visits.xlsx[Sheet1]", 2
    else:
        pl.DataFrame({"customer_id": ids, "visited_on": days, "amount": amounts}).write_parquet(
            "d/visits.parquet"
        )
        place, first = "d/visits.parquet", 1
    with tables_of() as tables:
        found = said(tables)
        third = "0.3333333333333333"
        assert f"{place}:{first + 2}: customer C2, amount: `{third}` has more than 2 decimals" in found
        assert [row["amount"] for row in rows(tables, "visits")][:1] == [Decimal("1234.50")]
        assert all("C0" not in each and "C3" not in each for each in found)
        assert any("C4" in each and "too large" in each for each in found)
        if form == "parquet":
            assert (
                f"{place}:{first + 1}: customer C1, amount: `0.30000000000000004` has more than 2 decimals"
                in found
            )
        counts_hold(tables)


# --- mapping files --------------------------------------------------------------------------------------------


def test_a_mapping_file_says_what_an_export_means() -> None:
    folder(
        卡=b"x",
        会员="卡号,类,级,积分\nC1,大客户,007,1\nC2,散客,008,\n".encode("gbk"),
        流水__txt="系统导出,,,,,,\n卡号,到店,做什么,实收,里程,备注,撤\n"
        "C1,3/4/15,首保,-1,0,x,\nC1,4/5/15,索赔,0.00,12,y,1\nC1,5/6/15,其它项目,88.50,13,z,\n",
        mapping__yaml="""
customers:
  file: 会员.csv
  encoding: gbk
  columns: {customer_id: 卡号, kind: 类, attributes.grade: 级, attributes.points: 积分}
  words: {kind: {大客户: company, 散客: individual}}
  types: {attributes.grade: text}
visits:
  file: 流水.txt
  header_row: 2
  columns: {customer_id: 卡号, visited_on: 到店, kind: 做什么, amount: 实收, mileage_km: 里程}
  words: {kind: {其它项目: unknown}}
  dates: {visited_on: mdy}
  unknown: {amount: ["-1", "0.00"], mileage_km: "0"}
  constants: {paid_by: customer}
""",
    )
    with tables_of() as tables:
        assert said(tables) == []
        assert rows(tables, "customers") == [
            {
                "customer_id": "C1",
                "kind": "company",
                "attributes.grade": "007",
                "attributes.points": Decimal(1),
            },
            {"customer_id": "C2", "kind": "individual", "attributes.grade": "008", "attributes.points": None},
        ]
        unknown = {"customer_id": "C1", "paid_by": "customer"}
        assert rows(tables, "visits") == [
            {**unknown, "visited_on": date(2015, 3, 4), "kind": "maintenance", "amount": None, "mileage_km": None},
            {**unknown, "visited_on": date(2015, 4, 5), "kind": "claim", "amount": None, "mileage_km": Decimal(12)},
            {**unknown, "visited_on": date(2015, 5, 6), "kind": None, "amount": Decimal("88.50"), "mileage_km": Decimal(13)},
        ]  # fmt: skip
        assert noted(tables) == [
            "d/卡.csv: not read: it is no table of ours",
            "d/流水.txt: columns not read: 备注, 撤",
        ]


def test_one_file_may_hold_two_tables() -> None:
    sheet = [["车主编号", "客户类别", "商业险到期"], ["C1", "个人", date(2015, 1, 1)]]
    workbook(Path("all.xlsx"), {"台账": sheet})
    Path("m.yaml").write_text("customers: {sheet: 台账}\ninsurance: {sheet: 台账}\n", encoding="utf-8")
    with tables_of("all.xlsx", mapping="m.yaml") as tables:
        assert said(tables) == []
        assert rows(tables, "customers") == [{"customer_id": "C1", "kind": "individual"}]
        assert rows(tables, "insurance")[0]["starts_on"] == date(2014, 1, 2)


def test_every_mistake_of_a_mapping_file_is_told_with_its_place() -> None:
    Path("m.yaml").write_text(
        """\
visits:
  columns: {visited_on: 日期, amout: 钱, kind: 日期, vin: [a]}
  words: {kind: {首保: maintenance, 事故: bodyy}, status: 1}
  dates: mdd
  unknown: {amount: {a: b}}
  constants: {paid_by: me, kind: repair}
  header_row: 0
  encoding: utf-9
  colums: {}
visit: {}
surveys: {dates: {score: mdy}}
customers: {types: {region: text, attributes.x: real}}
contacts: x
""",
        encoding="utf-8",
    )
    with pytest.raises(RecordError) as error:
        read_mapping("m.yaml")
    settings = "file, sheet, encoding, header_row, columns, words, dates, unknown, constants, types"
    assert error.value.text().splitlines() == [
        "m.yaml:2:29: there is no column `amout` in this table; did you mean `amount`?",
        "m.yaml:2:45: the column `日期` is named twice",
        "m.yaml:2:54: one word is needed here",
        "m.yaml:3:39: `bodyy` is none of: maintenance, repair, body, warranty, claim, inspection, other; did you mean `body`?",
        "m.yaml:3:55: names with their values (`name: value`) are needed here",
        "m.yaml:4:10: `mdd` is no order of dates: mdy, dmy, ymd; did you mean `ymd`?",
        "m.yaml:5:21: a word, or a list of words, is needed here",
        "m.yaml:6:24: `me` is none of: customer, insurer, maker",
        "m.yaml:6:28: the column is a constant as well: leave out one",
        "m.yaml:7:15: a row number from 1 on is needed, not `0`",
        "m.yaml:8:13: there is no encoding `utf-9`",
        f"m.yaml:9:3: there is no setting `colums`: {settings}; did you mean `columns`?",
        "m.yaml:10:1: there is no table `visit`; did you mean `visits`?",
        "m.yaml:11:19: `score` holds no dates",
        "m.yaml:12:21: only attributes have a type here: `attributes.NAME`",
        "m.yaml:12:49: `real` is no kind of attribute: text, number, boolean, date",
        "m.yaml:13:11: names with their values (`name: value`) are needed here",
    ]
    assert error.value.text("zh").splitlines() == [
        "m.yaml:2:29：该表没有列 `amout`；是否想写 `amount`？",
        "m.yaml:2:45：列 `日期` 写了两次",
        "m.yaml:2:54：这里需要一个词",
        "m.yaml:3:39：`bodyy` 不在可选值之中：maintenance, repair, body, warranty, claim, inspection, other；是否想写 `body`？",
        "m.yaml:3:55：这里需要“名称: 值”",
        "m.yaml:4:10：`mdd` 不是日期顺序：mdy, dmy, ymd；是否想写 `ymd`？",
        "m.yaml:5:21：这里需要一个词，或一列词",
        "m.yaml:6:24：`me` 不在可选值之中：customer, insurer, maker",
        "m.yaml:6:28：该列同时写成了常量：请去掉一个",
        "m.yaml:7:15：需要从 1 开始的行号，而不是 `0`",
        "m.yaml:8:13：没有编码 `utf-9`",
        f"m.yaml:9:3：没有设置项 `colums`：{settings}；是否想写 `columns`？",
        "m.yaml:10:1：没有表 `visit`；是否想写 `visits`？",
        "m.yaml:11:19：`score` 不是日期列",
        "m.yaml:12:21：只有属性需要写类型：`attributes.名称`",
        "m.yaml:12:49：`real` 不是属性的类型：text, number, boolean, date",
        "m.yaml:13:11：这里需要“名称: 值”",
    ]


def test_the_yaml_of_a_mapping_file_is_that_of_policies() -> None:
    folder(customers="customer_id\n", mapping__yaml="visits: {dates：mdy}\nvisits: {}\n")
    with pytest.raises(RecordError) as error:
        tables_of()
    assert [line[:20] for line in error.value.text().splitlines()] == [
        "d/mapping.yaml:1:15:",
        "d/mapping.yaml:2:1: ",
    ]
    with pytest.raises(RecordError, match=r"nowhere.yaml:1:1: "):
        tables_of(mapping="nowhere.yaml")


def test_what_the_mapping_names_must_be_there() -> None:
    folder(
        customers="客户编号\nC1\n",
        visits="客户编号,进厂日期\nC1,2014-09-01\n",
        mapping__yaml="visits: {columns: {amount: 实收款}}\nsurveys: {file: 调查表.csv}\n",
    )
    with tables_of() as tables:
        assert said(tables) == [
            "d/mapping.yaml:2:1: surveys: the mapping names `调查表.csv`, which is not there",
            "d/visits.csv:1: amount: the mapping names the column `实收款`, which is not in the header",
        ]
        assert said(tables, "zh") == [
            "d/mapping.yaml:2:1：surveys：映射文件写的 `调查表.csv` 不存在",
            "d/visits.csv:1：amount：映射文件写的列 `实收款` 不在表头中",
        ]
        assert dict(tables) == {}
    workbook(Path("s.xlsx"), {"客户": [["客户编号"]]})
    Path("m.yaml").write_text("visits: {sheet: 进厂}", encoding="utf-8")
    with tables_of("s.xlsx", mapping="m.yaml") as tables:
        assert said(tables) == ["s.xlsx: the workbook has no sheet `进厂`"]
        assert said(tables, "zh") == ["s.xlsx：工作簿中没有工作表 `进厂`"]


def test_a_stated_encoding_is_kept_to() -> None:
    folder(
        customers="customer_id,region\nC1,晋江\n".encode("gbk"), mapping__yaml="customers: {encoding: utf-8}"
    )
    with tables_of() as tables:
        assert said(tables) == ["d/customers.csv:2: the file is not text in the stated encoding `utf-8`"]
        assert said(tables, "zh") == ["d/customers.csv:2：文件不是所写编码 `utf-8` 的文本"]


# --- attributes -----------------------------------------------------------------------------------------------


def test_the_cells_of_an_attribute_say_what_it_is() -> None:
    folder(
        customers="customer_id,attributes.n,attributes.b,attributes.t,attributes.z,attributes.e\n"
        "C1,7.50,true,7,007,\nC2,-3,false,x,8,\nC3,,,,,\n"
    )
    with tables_of() as tables:
        assert tables["customers"].collect_schema() == {
            "customer_id": pl.String,
            "attributes.n": pl.Decimal(20, 6),
            "attributes.b": pl.Boolean,
            "attributes.t": pl.String,
            "attributes.z": pl.String,
            "attributes.e": pl.String,
        }
        assert [record.attributes for _, record in tables.records()] == [
            {"n": Decimal("7.5"), "b": True, "t": "7", "z": "007"},
            {"n": -3, "b": False, "t": "x", "z": "8"},
            {},
        ]


def test_attributes_in_one_cell_are_of_one_kind_throughout() -> None:
    folder(customers="customer_id,attributes\n" + "".join(
        f'{id_},"{text}"\n' for id_, text in (("C1", '{""a"": 1}'), ("C2", '{""a"": ""x""}'), ("C3", '{""a"": [1]}'), ("C4", '{""b"": true}'))
    ))  # fmt: skip
    with tables_of() as tables:
        assert said(tables) == [
            "d/customers.csv:3: customer C2, attributes.a: the attribute is text, but a number in the rows above",
            "d/customers.csv:4: customer C3, attributes.a: text, true or false, a whole number or a Decimal is needed, not `[1]`",
        ]
        assert (
            said(tables, "zh")[0]
            == "d/customers.csv:3：客户 C2，attributes.a：该属性是文本，而上面的行中是数字"
        )
        assert rows(tables, "customers") == [
            {"customer_id": "C1", "attributes.a": Decimal(1), "attributes.b": None},
            {"customer_id": "C4", "attributes.a": None, "attributes.b": True},
        ]
        counts_hold(tables)


# --- faults and rejected rows ---------------------------------------------------------------------------------


def test_the_rejected_rows_are_all_there_with_their_reasons() -> None:
    folder(
        customers="customer_id,media\nC1,maybe\nC2,\nC3,\nC4,\n",
        visits="visit_id,customer_id,visited_on,amount\nR1,C1,2014-09-01,1\nR2,C2,2014-02-30,x\nR3,C2,2014-09-01,1\nR4,C9,2014-09-01,1\n"
        "R5,C3,2014-09-01,1\nR5,C4,2014-09-01,1\nR2,C3,2014-09-01,1\n,,2014-09-01,1\n",
        purchases="purchase_id,amount\nB1,x\nB2,1\nB1,1\n",
    )
    with tables_of() as tables:
        counts_hold(tables)
        assert dict(tables.counts) == {"customers": (4, 0, 4), "visits": (8, 0, 8), "purchases": (3, 1, 2)}
        assert said(tables) == [
            "d/customers.csv:2: customer C1, media: true or false is needed, not `maybe`",
            "d/visits.csv:3: customer C2, visited_on: there is no such day: `2014-02-30`",
            "d/visits.csv:3: customer C2, amount: an amount in yuan is needed, not `x`; pass a Decimal or text such as `1234.50`",
            "d/visits.csv:5: customer_id: there is no customer `C9`",
            "d/visits.csv:7: visit_id: `R5` is also the visit_id of d/visits.csv:6",
            "d/visits.csv:8: visit_id: `R2` is also the visit_id of d/visits.csv:3",
            "d/visits.csv:9: customer_id: is missing",
            "d/purchases.csv:2: purchase B1, amount: an amount in yuan is needed, not `x`; pass a Decimal or text such as `1234.50`",
            "d/purchases.csv:4: purchase_id: `B1` is also the purchase_id of d/purchases.csv:2",
        ]
        left_out = "the customer is left out, for other data of theirs is wrong"
        rejected = sorted(
            (row["table"], row["row"], row["id"], row["message"])
            for row in tables.rejected.collect().to_dicts()
        )
        assert rejected == [
            ("customers", 2, "C1", "media: true or false is needed, not `maybe`"),
            ("customers", 3, "C2", left_out),
            ("customers", 4, "C3", left_out),
            ("customers", 5, "C4", left_out),
            ("purchases", 2, "B1", "amount: an amount in yuan is needed, not `x`; pass a Decimal or text such as `1234.50`"),
            ("purchases", 4, "B1", "`B1` is also the purchase_id of d/purchases.csv:2"),
            ("visits", 2, "C1", left_out),
            ("visits", 3, "C2", "visited_on: there is no such day: `2014-02-30`; amount: an amount in yuan is needed, not `x`; pass a Decimal or text such as `1234.50`"),
            ("visits", 4, "C2", left_out),
            ("visits", 5, "C9", "there is no customer `C9`"),
            ("visits", 6, "C3", "`R5` is also the visit_id of d/visits.csv:7"),
            ("visits", 7, "C4", "`R5` is also the visit_id of d/visits.csv:6"),
            ("visits", 8, "C3", "`R2` is also the visit_id of d/visits.csv:3"),
            ("visits", 9, None, "customer_id: is missing"),
        ]  # fmt: skip
        first = next(iter(tables.rejected_rows("zh")))
        assert first[:5] == (
            "customers",
            "d/customers.csv",
            "2",
            "C1",
            "media：需要 true 或 false，而不是 `maybe`",
        )
        assert json.loads(str(first[5])) == {"customer_id": "C1", "media": "maybe"}


def test_tables_without_rows_are_tables() -> None:
    folder(customers="customer_id,kind\n", visits="customer_id,visited_on,amount\n")
    with tables_of() as tables:
        assert said(tables) == []
        assert tables["visits"].collect_schema() == {"customer_id": pl.String, "visited_on": pl.Date, "amount": pl.Decimal(18, 2)}  # fmt: skip
        assert dict(tables.counts) == {"customers": (0, 0, 0), "visits": (0, 0, 0)}
        assert list(tables.records()) == []


def test_faults_of_parquet_name_the_row() -> None:
    folder(customers="customer_id\nC1\nC2\n")
    frame = {
        "customer_id": ["C1", "C2", "C1"],
        "visited_on": [date(2014, 9, 1)] * 3,
        "amount": [Decimal("1.00"), Decimal("-1.00"), Decimal("2.00")],
    }
    pl.DataFrame(frame).write_parquet("d/visits.parquet")
    with tables_of() as tables:
        assert said(tables) == [
            "d/visits.parquet:2: customer C2, amount: `-1.00` is negative: it must be 0 or more"
        ]
        assert tables.counts["visits"] == (3, 2, 1)
        counts_hold(tables)


def test_typed_columns_with_what_no_record_can_hold() -> None:
    ids = [f"C{at}" for at in range(5)]
    folder(customers="customer_id\n" + "".join(f"{id_}\n" for id_ in ids))
    evening = pl.Series([NIGHT.replace(year=2014, month=9, day=1, hour=20)] * 5)
    zone = evening.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Shanghai")
    frame = {
        "customer_id": ids,
        "visited_on": zone,
        "settled_on": pl.Series([3_000_000, 16314, None, 16315, 16316]).cast(pl.Date),
        "amount": pl.Series([1, 2, 2**63 - 1, None, 5], dtype=pl.Int64),
        "mileage_km": [1.0, 2.0, 3.0, float("nan"), None],
        "kind": pl.Series(["repair", "repair", None, "repair", "fun"], dtype=pl.Categorical),
    }
    pl.DataFrame(frame).write_parquet("d/visits.parquet")
    with tables_of() as tables:
        words = ", ".join(KINDS["visits"].fields["kind"].options)
        assert said(tables) == [
            "d/visits.parquet:1: customer C0, settled_on: a date such as `2014-09-30` is needed, not `+10183-09-21`",
            "d/visits.parquet:3: customer C2, amount: `9223372036854775807` is too large: at most 90,000,000,000,000",
            "d/visits.parquet:4: customer C3, mileage_km: a number is needed, not `NaN`; pass a Decimal or a whole number",
            f"d/visits.parquet:5: customer C4, kind: `fun` is none of: {words}",
        ]
        assert rows(tables, "visits") == [
            {"customer_id": "C1", "visited_on": date(2014, 9, 2), "settled_on": date(2014, 9, 1), "amount": Decimal("2.00"), "mileage_km": Decimal(2), "kind": "repair"}
        ]  # fmt: skip
        counts_hold(tables)


def test_a_mapping_may_give_our_words_another_meaning() -> None:
    folder(customers="customer_id\nC1\n", mapping__yaml="visits: {words: {kind: {repair: body}}}")
    columns = {"customer_id": ["C1"], "visited_on": [date(2014, 9, 1)], "kind": ["repair"]}
    pl.DataFrame(columns).write_parquet("d/visits.parquet")
    with tables_of() as tables:
        assert rows(tables, "visits")[0]["kind"] == "body"


def test_a_large_file_in_gbk_is_read_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealerrules.intake.sources._PLAIN_FILE", 10)
    folder(customers='客户编号,区域\nC1,晋江\nC2,"石,狮"\n'.encode("gbk"))
    with tables_of() as tables:
        assert [row["region"] for row in rows(tables, "customers")] == ["晋江", "石,狮"]
        assert noted(tables) == ["d/customers.csv: the file is read as GBK"]


def test_of_very_many_faults_the_first_are_told() -> None:
    many = MOST_FAULTS + 234
    bad = "".join(f"C{at},x\n" for at in range(many))
    folder(customers=f"customer_id,media\n{bad}", visits="customer_id,visited_on\n" + "Z,2014-09-01\n" * many)
    with tables_of() as tables:
        assert len(tables.faults) == 2 * (MOST_FAULTS + 1)
        more = [line for line in said(tables) if "more" in line]
        assert more == [
            "d/customers.csv: media: 234 more cells of this column are wrong; the file of rejected rows has them all",
            "d/visits.csv: customer_id: 234 more cells of this column are wrong; the file of rejected rows has them all",
        ]
        zh = [line for line in said(tables, "zh") if "还有" in line]
        assert zh[0] == "d/customers.csv：media：该列还有 234 个单元格有错；全部列在被拒行的文件中"
        counts_hold(tables)
        assert tables.counts["customers"] == (many, 0, many)


def test_a_table_that_cannot_be_read_takes_every_customer_with_it() -> None:
    folder(
        customers="customer_id\nC1\n",
        visits='customer_id,visited_on\nC1,2014-09-01\nC1,"2014\n',
        purchases="purchase_id\nB1\n",
    )
    with tables_of() as tables:
        assert said(tables) == [
            "d/visits.csv:3: the rest of the table cannot be read: unexpected end of data"
        ]
        assert said(tables, "zh") == ["d/visits.csv:3：表的其余部分无法读取：unexpected end of data"]
        assert list(tables) == ["purchases"]
        counts_hold(tables)
        assert {row["message"] for row in tables.rejected.collect().to_dicts()} == {
            "nothing of it is trusted, for a table could not be read to its end"
        }


def test_a_store_in_json_lines_is_tables_too() -> None:
    lines = [
        {
            "customer_id": "C1",
            "attributes": {"a": 1.5},
            "visits": [{"visited_on": "2014-09-01", "amount": 1.5}],
        },
        {"customer_id": "C2", "visits": [{"visited_on": "2014-02-30"}]},
        {"customer_id": "C3"},
        {"customer_id": "C3"},
        {"subject": "purchase", "purchase_id": "B1", "amount": 2},
    ]
    Path("s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with tables_of("s.jsonl") as tables:
        assert rows(tables, "visits")[0]["amount"] == Decimal("1.50")
        assert rows(tables, "customers")[0]["attributes.a"] == Decimal("1.5")
        assert dict(tables.counts) == {"customers": (4, 1, 3), "visits": (1, 1, 0), "purchases": (1, 1, 0)}
        counts_hold(tables)
        rejected = tables.rejected.collect().to_dicts()
        assert [(row["row"], row["id"], row["message"]) for row in rejected] == [
            (2, "C2", "visits[0].visited_on: there is no such day: `2014-02-30`"),
            (3, "C3", "another line has the same id, or an event of the same id"),
            (4, "C3", "customer_id: `C3` is also the customer_id of s.jsonl:3"),
        ]
        store = read_store("s.jsonl", as_of=DAY)
        mine = [(subject, record.model_dump(exclude={"visits"})) for subject, record in tables.records()]
        assert mine == [(subject, record.model_dump(exclude={"visits"})) for subject, record in store.records]


def test_temporary_files_go_with_the_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder(**OURS)
    tables = tables_of()
    assert list(tmp_path.glob("dealerrules-*"))
    tables.close()
    assert not list(tmp_path.glob("dealerrules-*"))
    tables_of()
    assert not list(tmp_path.glob("dealerrules-*"))


HOMES = {
    "customer_id": ["C1", "C2", "C3", "C4", "C5", "C6"],
    "household_id": ["H1", "H1", "H1", "H2", None, "H3"],
    "household_brand_owners": [None, None, 7, None, None, None],
    "household_unsure": [False, None, False, False, False, True],
}
CARS = {
    "customer_id": ["C1", "C1", "C2", "C3", "C4", "C4", "C4", "C5", "C6"],
    "own_brand": [True, True, True, True, False, None, True, True, True],
    "purchased_on": [
        date(2014, 9, 30),
        date(2013, 1, 1),
        date(2014, 10, 1),
        *[date(2010, 1, 1)] * 3,
        None,
        *[date(2010, 1, 1)] * 2,
    ],
}


@pytest.mark.parametrize("kind", ["eager", "lazy", "duckdb"])
def test_owners_in_a_household_on_any_frame(kind: str) -> None:
    people = pl.DataFrame(HOMES, schema_overrides={"household_brand_owners": pl.Int64})
    cars = pl.DataFrame(CARS)

    def owners(people: pl.DataFrame, cars: pl.DataFrame) -> dict[str, int | None]:
        if kind == "duckdb":
            duckdb = pytest.importorskip("duckdb")
            found = household_owners(
                duckdb.from_arrow(people.to_arrow()), duckdb.from_arrow(cars.to_arrow()), date(2014, 9, 30)
            )
            frame = found.pl()
        elif kind == "lazy":
            frame = household_owners(people.lazy(), cars.lazy(), date(2014, 9, 30)).collect()
        else:
            frame = household_owners(people, cars, date(2014, 9, 30))
        return dict(frame.select("customer_id", "household_brand_owners").iter_rows())

    assert owners(people, cars) == {"C1": 2, "C2": 2, "C3": 7, "C4": 0, "C5": None, "C6": None}
    bare = people.drop("household_brand_owners", "household_unsure")
    assert owners(bare, cars) == {"C1": 2, "C2": 2, "C3": 2, "C4": 0, "C5": None, "C6": 1}
    assert owners(bare, cars.drop("own_brand")) == {"C1": 0, "C2": 0, "C3": 0, "C4": 0, "C5": None, "C6": 0}
    assert owners(bare.drop("household_id"), cars) == dict.fromkeys(HOMES["customer_id"])


def test_what_a_killed_run_left_goes_with_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder(**OURS)
    left, young, other = (tmp_path / f"dealerrules-{name}" for name in ("left", "young", "other"))
    for made in (left, young, other):
        made.mkdir()
    (left / "lock").touch()
    (young / "lock").touch()
    with tables_of() as tables:
        assert all(made.exists() for made in (left, young, other))
        (mine,) = set(tmp_path.glob("dealerrules-*")) - {left, young, other}
        for made in (left, other, mine):
            os.utime(made, (0, 0))
        with tables_of():
            assert not left.exists()
            assert young.exists()
            assert other.exists()
        assert tables["visits"].collect().height == 2


def test_without_polars_only_json_lines_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    folder(customers="customer_id\n")
    Path("s.jsonl").write_text('{"customer_id": "C1"}\n', encoding="utf-8")
    for name in [name for name in sys.modules if name.startswith("dealerrules.intake")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("dealerrules.intake.stores", raising=False)
    monkeypatch.setitem(sys.modules, "polars", None)
    assert len(read_store("s.jsonl", as_of=DAY).records) == 1
    with pytest.raises(RecordError) as error:
        read_store("d", as_of=DAY)
    assert error.value.text() == 'to read tables: pip install "dealerrules[frames]"'
    assert error.value.text("zh") == '读取表格需要先安装：pip install "dealerrules[frames]"'


def test_sheets_that_are_no_tables() -> None:
    workbook(Path("s.xlsx"), {"客户": [["客户编号"]], "说明": [["x"]], "vists": [["x"]]})
    with tables_of("s.xlsx") as tables:
        assert said(tables) == ["s.xlsx: `vists` is not read: is it the table `visits`?"]
        assert noted(tables) == ["s.xlsx[说明]: not read: it is no table of ours"]
        assert noted(tables, "zh") == ["s.xlsx[说明]：未读取：不是所需的表"]


def test_without_fastexcel_workbooks_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    workbook(Path("s.xlsx"), {"客户": [["客户编号"]]})
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(RecordError) as error:
        tables_of("s.xlsx")
    assert error.value.text() == 'to read workbooks: pip install "dealerrules[frames]"'
    assert error.value.text("zh") == '读取工作簿需要先安装：pip install "dealerrules[frames]"'


# --- any store ------------------------------------------------------------------------------------------------

HEADERS: dict[tuple[str, str], list[str]] = {}
for table_, ours_, theirs_ in met_in_practice():
    header_ = header_of(table_, theirs_)
    if header_ is not None and header_.rank == 0 and not header_.words and not header_.constants:
        HEADERS.setdefault((table_, ours_), []).append(theirs_)

words = st.text("ab1,\"'晋\n ;|=", min_size=1, max_size=5).filter(lambda text: text.strip() != "")
days = st.dates(date(1990, 1, 1), date(2030, 12, 31))
WRITTEN = {
    "iso": lambda day: day.isoformat(),
    "slash": lambda day: f"{day.year}/{day.month}/{day.day}",
    "compact": lambda day: day.strftime("%Y%m%d"),
    "time": lambda day: f"{day} 09:25:11",
    "chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "serial": lambda day: str((day - date(1899, 12, 30)).days),
    "english": lambda day: day.strftime("%d-%b-%Y"),
}


def values_of(table: str) -> st.SearchStrategy[dict[str, Any]]:
    """Rows of a table: values as records hold them."""
    kinds = {
        Kind.TEXT: words,
        Kind.DATE: days,
        Kind.MONEY: st.integers(0, 10**9).map(lambda fen: Decimal(fen) / 100),
        Kind.COUNT: st.integers(0, 9),
        Kind.NUMBER: st.integers(-(10**8), 10**8).map(lambda n: Decimal(n) / 1000),
        Kind.DISTANCE: st.integers(0, 10**9).map(lambda n: Decimal(n) / 1000),
        Kind.BOOLEAN: st.booleans(),
    }
    model = KINDS[table].model
    fields: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, type_ in KINDS[table].fields.items():
        made = st.sampled_from(type_.options) if type_.kind is Kind.CATEGORY else kinds[type_.kind]
        if name == "customer_id":
            fields[name] = st.sampled_from(["C1", "C2", "1003"])
        elif model.model_fields[name].is_required():
            fields[name] = made
        elif name not in KINDS[table].key:
            optional[name] = made
    return st.fixed_dictionaries(fields, optional=optional)


TABLES_DRAWN = ["vehicles", "visits", "insurance", "referrals", "surveys", "suggestions", "contacts"]


@st.composite
def stores(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    found = {
        "customers": [{**draw(values_of("customers")), "customer_id": id_} for id_ in ("C1", "C2", "1003")]
    }
    for table in draw(st.lists(st.sampled_from(TABLES_DRAWN), unique=True, max_size=3)):
        found[table] = draw(st.lists(values_of(table), max_size=4))
    return found


def as_record(store: dict[str, list[dict[str, Any]]], id_: str) -> Record:
    mine = {
        table: [row for row in rows_ if row["customer_id"] == id_]
        for table, rows_ in store.items()
        if table != "customers"
    }
    own = next(row for row in store["customers"] if row["customer_id"] == id_)
    return read_record({**own, **mine})


def write_store(draw: st.DrawFn, store: dict[str, list[dict[str, Any]]], form: str) -> None:
    """Write a store in some form, with any of the headers that are known."""
    sheets: dict[str, list[list[Any]]] = {}
    for table, rows_ in store.items():
        names = (
            list(dict.fromkeys(["customer_id", *KINDS[table].model.model_fields]))
            if table != "customers"
            else list(KINDS[table].fields)
        )
        names = [
            name
            for name in names
            if name in KINDS[table].fields and (name not in KINDS[table].key or name == "customer_id")
        ]
        names = draw(st.permutations(names))
        foreign = draw(st.booleans())
        heads = [
            draw(
                st.sampled_from([*HEADERS.get((table, name), []), *([name] if not foreign else [])] or [name])
            )
            for name in names
        ]
        style = draw(st.sampled_from(sorted(WRITTEN)))

        def cell(value: Any, style: str = style) -> Any:
            if form == "parquet" or value is None:
                return value
            if isinstance(value, bool):
                return {"csv": "是" if value else "否", "xlsx": value}[form]
            if isinstance(value, date):
                return value if form == "xlsx" and style == "iso" else WRITTEN[style](value)
            if isinstance(value, Decimal):
                return format(value, ",") if form == "csv" else float(value)
            return value

        sheets[table] = [heads, *([cell(row.get(name)) for name in names] for row in rows_)]
        if form == "csv":
            with Path(f"d/{table}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(sheets[table])
        elif form == "parquet":
            columns = {
                head: [row.get(name) for row in rows_] for head, name in zip(heads, names, strict=True)
            }
            pl.DataFrame(columns, strict=False).write_parquet(f"d/{table}.parquet")
    if form == "xlsx":
        workbook(Path("d/store.xlsx"), sheets)


@given(st.data(), stores(), st.sampled_from(["csv", "xlsx", "parquet"]))
@settings(suppress_health_check=list(HealthCheck), max_examples=25, deadline=None)
def test_any_store_reads_back_from_any_form(data: st.DataObject, store: dict[str, Any], form: str) -> None:
    import shutil

    shutil.rmtree("d", ignore_errors=True)
    Path("d").mkdir()
    write_store(data.draw, store, form)
    with tables_of() as tables:
        assert said(tables) == []
        found = {record.customer_id: record for _, record in tables.records() if isinstance(record, Customer)}
        assert set(found) == {"C1", "C2", "1003"}
        for id_, record in found.items():
            expected = as_record(store, id_)
            assert isinstance(expected, Customer)
            derived = {} if expected.household_brand_owners is not None else {"household_brand_owners": None}
            assert record.model_copy(update=derived) == expected
        counts_hold(tables)


@given(st.data(), stores())
@settings(suppress_health_check=list(HealthCheck), max_examples=25, deadline=None)
def test_rows_in_are_rows_out_and_rows_rejected(data: st.DataObject, store: dict[str, Any]) -> None:
    """Whatever is put into the cells of a store, and whatever rows are doubled, cut or widened."""
    import shutil

    shutil.rmtree("d", ignore_errors=True)
    Path("d").mkdir()
    write_store(data.draw, store, "csv")
    junk = st.sampled_from(["", "x", "-1", "2014-02-30", "3/4/15", "C9", "maybe", "1.005", "NaN", "\u3000"])
    for path in sorted(Path("d").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            head, *lines = csv.reader(file)
        made = []
        for line in lines:
            if line and data.draw(st.integers(0, 4)) == 0:
                line[data.draw(st.integers(0, len(line) - 1))] = data.draw(junk)
            change = data.draw(st.sampled_from(["keep"] * 8 + ["twice", "cut", "widen", "blank"]))
            made += {
                "keep": [line],
                "twice": [line, line],
                "cut": [line[:-1]],
                "widen": [[*line, "x"]],
                "blank": [[], line],
            }[change]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *made])
        kept = [line for line in made if line]
        store[path.stem] = kept
    with tables_of() as tables:
        counts_hold(tables)
        assert {name: counts.rows for name, counts in tables.counts.items()} == {
            name: len(kept) for name, kept in store.items()
        }
        ids = set(tables["customers"].collect()["customer_id"]) if "customers" in tables else set()
        for name, frame in tables.items():
            assert name == "customers" or name not in TABLES or set(frame.collect()["customer_id"]) <= ids
        wrong = {fault.id for fault in tables.faults if fault.id}
        assert not wrong & ids
        assert {record.customer_id for _, record in tables.records() if isinstance(record, Customer)} == ids


@given(
    st.lists(st.lists(st.text('ab,"\n\r晋 ', max_size=4), min_size=3, max_size=3), max_size=30), st.booleans()
)
@settings(suppress_health_check=list(HealthCheck), max_examples=40, deadline=None)
def test_both_readers_of_csv_agree(lines: list[list[str]], crlf: bool) -> None:
    """polars reads what is plain, the csv module the rest: the same rows, with the same line numbers."""
    from dealerrules.intake import sources

    Path("s").mkdir(exist_ok=True)
    path = Path("s/x.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\r\n" if crlf else "\n").writerows([["a", "b", "c"], *lines])

    def read(least: int) -> list[tuple[Any, ...]]:
        old, sources._PLAIN_FILE = sources._PLAIN_FILE, least  # type: ignore[misc]
        try:
            opened = sources.open_source(sources.Source(path, "x"), Path("s"))
            found = pl.concat([chunk.frame for chunk in opened.chunks([])] or [pl.DataFrame()])
        finally:
            sources._PLAIN_FILE = old  # type: ignore[misc]
        return [tuple(cell or "" for cell in row) for row in found.rows()]

    assert read(0) == read(1 << 30)
