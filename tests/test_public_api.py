"""The public names: there, sorted, documented, and cheap to import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dealerrules

ROOT = Path(__file__).parents[1]
HEAVY = {
    "polars",
    "pandas",
    "narwhals",
    "pyarrow",
    "duckdb",
    "pyspark",
    "durable",
    "zen",
    "numpy",
    "yaml",
    "pydantic",
}


def test_names_are_sorted_and_single() -> None:
    assert sorted(set(dealerrules.__all__)) == dealerrules.__all__


@pytest.mark.parametrize("name", dealerrules.__all__)
def test_each_name_is_there(name: str) -> None:
    assert getattr(dealerrules, name) is getattr(dealerrules, name)
    assert name in dir(dealerrules)


def test_no_other_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = dealerrules.lod


@pytest.mark.parametrize("name", dealerrules.__all__)
def test_each_name_is_documented(name: str) -> None:
    assert f"\n### {name}\n" in (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")


def test_each_documented_name_is_there() -> None:
    lines = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8").splitlines()
    assert sorted(line[4:] for line in lines if line.startswith("### ")) == dealerrules.__all__


def loaded(code: str) -> set[str]:
    """Return the top-level modules that a fresh process has loaded after some code."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_import_loads_nothing_heavy() -> None:
    assert loaded("import dealerrules") & HEAVY == set()


def test_policies_need_no_frames() -> None:
    code = f"import dealerrules as dr\nbook = dr.load({str(ROOT / 'policies')!r})\nbook.evaluate({{'customer_id': 'C1'}}, as_of='2014-09-30')"
    assert loaded(code) & HEAVY == {"yaml", "pydantic"}


def test_the_package_is_typed() -> None:
    assert (ROOT / "src/dealerrules/py.typed").exists()
