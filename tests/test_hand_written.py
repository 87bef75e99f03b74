"""The yardsticks of the benchmarks: the hand-written polars and DuckDB say what the row engine says, on every column."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent

for needed in ("numpy", "pyarrow", "polars", "duckdb"):
    pytest.importorskip(needed)


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    return import_module


def test_hand_written_as_the_row_engine(benchmarks: Any) -> None:
    assert benchmarks("benchmarks.check_hand").check(300, seed=7) == []


def test_a_difference_is_found(benchmarks: Any) -> None:
    pl, check = benchmarks("polars"), benchmarks("benchmarks.check_hand")
    one = pl.DataFrame({"customer_id": ["C1", "C2"], "tier": ["vip", None]})
    assert check.differences(one, one.reverse()) == []
    other = one.with_columns(pl.col("tier").fill_null("general"))
    assert check.differences(one, other) == ["tier: 1 customers; C2: None and 'general'"]
    assert check.differences(one, one.drop("tier")) == ["columns: ['tier']"]


def test_the_store_depends_on_its_seed_alone(benchmarks: Any, tmp_path: Path) -> None:
    store = benchmarks("benchmarks.store")
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        store.write_store(tmp_path / name, 50, seed)
    tables = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert tables == sorted(f"{table}.parquet" for table in store.TABLES)
    for table in tables:
        one, again, other = ((tmp_path / name / table).read_bytes() for name in ("one", "again", "other"))
        assert one == again
        assert one != other


def test_tiers_from_facts_as_the_row_engine(benchmarks: Any) -> None:
    hand, whole = benchmarks("benchmarks.hand_polars"), benchmarks("benchmarks.whole_store")
    book = benchmarks("dealerrules").load(ROOT / "policies")
    facts = whole.ready_facts(200, 0.15)
    for row, found in zip(
        facts.to_dicts(), hand.tiers_from_facts(facts.lazy()).collect().to_dicts(), strict=True
    ):
        name = row.pop("customer_id")
        outcome = book.evaluate_facts("customer", row, as_of="2014-09-30", decisions=("tier",)).tier("tier")
        truths = [step.truth for step in outcome.case.decided("tier").steps]
        expected = {
            "customer_id": name,
            "tier": outcome.level,
            "tier.status": outcome.status.value,
            **{f"tier.{angle}": level for angle, level in outcome.angles.items()},
            "tier.because": sum(
                1 << at for at, rule in enumerate(outcome.model.rules) if rule.id in outcome.because
            ),
            "tier.true": sum(1 << at for at, truth in enumerate(truths) if truth is True),
            "tier.unknown": sum(1 << at for at, truth in enumerate(truths) if truth is None),
        }
        assert found == expected
