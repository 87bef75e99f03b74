"""The demo store as tables: CSV and Parquet hold the same, and a large one is evaluated as a whole with the same result."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from dealerrules import cli, demo
from dealerrules.commands import demo as command
from dealerrules.tables import read_store

if TYPE_CHECKING:
    from pathlib import Path

pl = pytest.importorskip("polars")
DAY = date(2014, 9, 30)


def test_both_forms_hold_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "ROWS_OF_PART", 100)  # several parts, some of them full, the last ones not
    demo.write_tables(tmp_path / "csv", count=203, as_of=DAY)
    demo.write_tables(tmp_path / "parquet", count=203, as_of=DAY, form="parquet")
    names = {path.stem for path in (tmp_path / "csv").iterdir()}
    assert {path.name for path in (tmp_path / "parquet").iterdir()} == {f"{name}.parquet" for name in names}
    texts, columns = (read_store(tmp_path / form, as_of=DAY) for form in ("csv", "parquet"))
    assert not texts.faults
    assert not columns.faults
    assert texts.records == columns.records


def test_tables_are_clean(tmp_path: Path) -> None:
    demo.write_tables(tmp_path, count=5, as_of=DAY, form="parquet")
    visits = pl.read_parquet_schema(tmp_path / "visits.parquet")
    assert visits["visited_on"] == pl.Date
    assert visits["amount"] == pl.Decimal(18, 2)
    assert visits["mileage_km"] == pl.Decimal(20, 6)
    assert visits["customer_id"] == pl.String


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_large_demo_says_the_same(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["demo", "--customers", "120", "--format", form]
    assert cli.main(arguments) == 0
    one_by_one = capsys.readouterr().out
    monkeypatch.setattr(command, "DEMO_ONE_BY_ONE", 0)
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out == one_by_one
