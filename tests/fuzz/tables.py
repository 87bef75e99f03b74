"""The door for whole stores: a directory of CSV, Excel and Parquet files with a mapping file.

An input holds files (files.py). The store is read as tables and as records; rows in are rows out and rows rejected,
and whatever is wrong is told.
"""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zlib import crc32

import dealerrules as dr
from dealerrules.tables import read_tables
from fuzz import files, texts
from fuzz.texts import NUMBERS, PIECES

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from dealerrules.faults import Fault
    from dealerrules.intake.stores import Tables

DAY = date(2014, 9, 30)
_POLICY = """policy: p
decisions:
  stage:
    kind: stage
    measure: months_since_last_visit
    subject: customer
    stages: {active: {from: 0 months}, lost: {from: 6 months}}
    when_absent: never
"""


def run(data: bytes) -> None:
    """Read the store of an input."""
    with TemporaryDirectory() as folder:
        place = Path(folder, "store")
        place.mkdir()
        files.write(data, place)
        try:
            with read_tables(place, as_of=DAY) as tables:
                _whole(tables, data)
        except dr.RecordError as error:
            _shown(error.faults)


def _whole(tables: Tables, data: bytes) -> None:
    """Look at everything that tables hold."""
    _shown(tables.faults)
    _shown(tables.notes)
    for name, counts in tables.counts.items():
        assert counts.rows == counts.out + counts.rejected, name
        if name in tables:
            assert tables[name].collect().height == counts.out, name
    for lang in ("en", "zh"):
        for row in tables.rejected_rows(lang):
            "".join(cell or "" for cell in row).encode()
    records = list(tables.records())
    if crc32(data) % 4 == 0 and "customers" in tables:
        answers = dr.loads(_POLICY).evaluate_frame(tables, as_of=DAY).lazy().collect()
        assert answers.height == sum(subject == "customer" for subject, _ in records)


def _shown(faults: Iterable[Fault]) -> None:
    for fault in faults:
        for lang in ("en", "zh"):
            text = fault.text(lang)
            text.encode()
            assert "\n" not in text
            assert len(text) < 10_000


# --- changes ------------------------------------------------------------------------------------------

_CELLS = (
    *NUMBERS, *PIECES, "", "是", "否", "未知", "个人", "公司", "2014/9/1", "2014年9月1日", "01/02/2014", "13/02/2014",
    "20140901", "41883", "2014-09-01 12:30:00", "Sep 1, 2014", "￥1,234.50", "1.2.3", "=1+1", '"', '""', "a\nb", "C1", "C2",
)  # fmt: skip
_HEADS = (
    "customer_id", "客户编号", "visited_on", "进厂日期", "kind", "status", "amount", "金额", "vin", "attributes.grade",
    "attributes", "starts_on", "purchased_on", "household_id", "target", "campaign_id", "#", "id", "key", "row", "at",
)  # fmt: skip
_NAMES = (
    "customers.csv", "客户.csv", "visits.csv", "维修.csv", "vehicles.tsv", "insurance.txt", "customers.parquet",
    "store.xlsx", "mapping.yaml", "visit.csv", "recall_campaigns.csv", "visits.pq", "customers.ods", "visits.xls", "x.xlsb",
)  # fmt: skip
_SETTINGS = (
    "encoding: zlib", "encoding: hex", "encoding: utf-16", "encoding: utf-7", "encoding: idna", "encoding: undefined",
    "header_row: 999999999", "header_row: 2", "dates: mdy", "sheet: 客户", "file: visits.csv", "constants: {kind: repair}",
    "unknown: {kind: ['?']}", "words: {kind: {a: b}}", "types: {attributes.a: date}", "columns: {visited_on: came}",
)  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change one file in the way of its form, or add one."""
    found = files.split(data, "customers.csv") or [("customers.csv", b"customer_id\nC1\n")]
    at = chance.randrange(len(found))
    name, content = found[at]
    match chance.randrange(12):
        case 0:
            found.append((chance.choice(_NAMES), content))
        case 1:
            found[at] = (chance.choice(_NAMES), content)
        case 2 if len(found) > 1:
            del found[at]
        case 3:
            table = chance.choice(("customers", "visits", "vehicles", "insurance"))
            said = "".join(f"  {line}\n" for line in chance.sample(_SETTINGS, chance.choice((1, 2))))
            found = [each for each in found if each[0] != "mapping.yaml"]
            found.append(("mapping.yaml", f"{table}:\n{said}".encode()))
        case _:
            found[at] = (name, _changed(name, content, chance))
    return files.joined(found)


def _changed(name: str, content: bytes, chance: random.Random) -> bytes:
    if name == "mapping.yaml":
        return texts.mutated(content, chance)
    if content.startswith(b"PK") and chance.random() < 0.9:
        return _zip(content, chance)
    if name.endswith((".parquet", ".pq", ".xls", ".xlsx", ".ods", ".xlsb")):
        return _bytes(content, chance)
    rows = [line.split(",") for line in content.decode("utf-8", "replace").split("\n")]
    for _ in range(chance.choice((1, 1, 2, 6))):
        row = chance.choice(rows)
        at = chance.randrange(len(row))
        match chance.randrange(7):
            case 0:
                row.insert(at, chance.choice(_CELLS))
            case 1 if len(row) > 1:
                del row[at]
            case 2:
                rows[0][chance.randrange(len(rows[0]))] = chance.choice(_HEADS)
            case 3:
                rows.insert(chance.randrange(len(rows) + 1), list(row))
            case 4 if chance.random() < 0.05:
                rows.extend(list(row) for _ in range(3_000))  # long enough to be read as a whole
            case _:
                row[at] = chance.choice(_CELLS)
    text = "\n".join(",".join(row) for row in rows)
    return text.encode(chance.choice(("utf-8",) * 8 + ("gbk", "utf-16", "big5", "utf-8-sig")), "replace")


def _zip(content: bytes, chance: random.Random) -> bytes:
    """Return a workbook with one of its parts changed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            parts = {name: old.read(name) for name in old.namelist()[:60]}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, RuntimeError):
        return _bytes(content, chance)
    except Exception:  # noqa: BLE001 - a broken archive raises anything
        return _bytes(content, chance)
    if not parts:
        return content
    name = chance.choice(tuple(parts))
    if name.endswith((".xml", ".rels")) and chance.random() < 0.8:
        parts[name] = texts.mutated(parts[name], chance)
    elif chance.random() < 0.3:
        del parts[name]
    else:
        parts[name] = _bytes(parts[name], chance)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for each, said in parts.items():
            new.writestr(each, said)
    return made.getvalue()


def _bytes(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with some of them changed."""
    changed = bytearray(content or b"x")
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at] = chance.choice((0, 1, 127, 128, 255))
            case 2:
                del changed[at : at + chance.choice((1, 2, 4, 100))]
            case _:
                changed[at:at] = changed[chance.randrange(len(changed)) :][: chance.choice((1, 4, 16, 100))]
        if not changed:
            break
    return bytes(changed)


def seeds() -> Iterable[bytes]:
    """Yield a small store in every form; those that are not text are kept in the corpus."""
    customers = "customer_id,kind,loyalty,attributes.grade\nC1,individual,high,1\nC2,company,,2\n"
    visits = "customer_id,visited_on,kind,amount\nC1,2014-09-01,repair,680.00\nC1,2013-01-31,,\nC2,2012-02-29,body,5\n"
    yield files.joined([("customers.csv", customers.encode()), ("visits.csv", visits.encode())])
    chinese = "客户编号,客户类别,忠诚度\nC1,个人,高\nC2,公司,低\n"
    mapping = "visits:\n  file: 维修.csv\n  dates: ymd\n  columns: {visited_on: 来的日子}\n  words: {kind: {修: repair}}\n"
    named = "客户编号,来的日子,类型\nC1,2014/9/1,修\n"
    yield files.joined(
        [
            ("客户.csv", chinese.encode("gbk")),
            ("维修.csv", named.encode()),
            ("mapping.yaml", mapping.encode()),
        ]
    )
    insurance = "客户编号,商业险起保日,商业险止保日,交强险起保日,交强险止保日\nC1,2014-01-01,2014-12-31,2014-01-01,2014-12-31\n"
    yield files.joined([("customers.csv", b"customer_id\nC1\n"), ("insurance.csv", insurance.encode())])
    others = "campaign_id,ends_on,target,returned\n2014-09,2014-09-30,110,111\n"
    yield files.joined([("recall_campaigns.csv", others.encode())])
    yield b"=== customers.csv\n" + b"customer_id,region\n" + b'C1,"a,b"\n' * 8_000
    sheets = {"customers": customers, "visits": visits}
    yield files.joined([("store.xlsx", workbook(sheets))])
    yield files.joined([(f"{name}.parquet", parquet(text)) for name, text in sheets.items()])


def workbook(sheets: dict[str, str]) -> bytes:
    """Return tables as a workbook."""
    import xlsxwriter

    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        for name, text in sheets.items():
            sheet = book.add_worksheet(name)
            for at, line in enumerate(text.splitlines()):
                sheet.write_row(at, 0, line.split(","))
    return made.getvalue()


def parquet(text: str) -> bytes:
    """Return a table as a Parquet file, its days and amounts typed."""
    import polars as pl

    made = io.BytesIO()
    pl.read_csv(io.StringIO(text), try_parse_dates=True).write_parquet(made)
    return made.getvalue()
