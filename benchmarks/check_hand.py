"""Prove the hand-written code equal to the row engine, on every column of every customer of a small store.

``python -m benchmarks.check_hand [--customers 2000] [--seed 7]``
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

import dealerrules as dr
from benchmarks import hand_duckdb, hand_polars
from benchmarks.store import AS_OF, write_store
from dealerrules.commands.answers import said

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICIES = Path(__file__).parent.parent / "policies"
EVENTS = ("vehicles", "visits", "insurance", "referrals", "surveys", "suggestions", "contacts")


def records(store: Path) -> Iterator[dict[str, Any]]:
    """Yield the customers of a store with their events, households counted."""
    events: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for table in EVENTS:
        for row in pl.read_parquet(store / f"{table}.parquet").iter_rows(named=True):
            events[row["customer_id"]][table].append(row)
    customers = pl.read_parquet(store / "customers.parquet").to_dicts()
    owners: dict[str, int] = defaultdict(int)
    for customer in customers:
        owners[customer["household_id"]] += any(
            vehicle["own_brand"] and vehicle["purchased_on"] is not None and vehicle["purchased_on"] <= AS_OF
            for vehicle in events[customer["customer_id"]]["vehicles"]
        )
    for customer in customers:
        home = customer["household_id"]
        counted = None if home is None else owners[home]
        yield {**customer, "household_brand_owners": counted, **events[customer["customer_id"]]}


def row_by_row(book: dr.PolicyBook, store: Path) -> pl.DataFrame:
    """Return what the row engine says, in the columns of `evaluate_frame`."""
    rows = []
    for record in records(store):
        answer = book.evaluate(record, as_of=AS_OF)
        row: dict[str, Any] = {"customer_id": record["customer_id"]}
        for name, outcome in answer.items():
            row[name] = said(outcome) or None
            row[f"{name}.status"] = outcome.status.value
            places = {rule.id: at for at, rule in enumerate(outcome.model.rules)}
            if outcome.kind == "tier":
                row |= {f"{name}.{angle}": level for angle, level in outcome.angles.items()}
                row[f"{name}.because"] = sum(1 << places[rule] for rule in outcome.because)
            if outcome.kind == "stage":
                row[f"{name}.measure"] = outcome.measure
            steps = outcome.case.decided(name).steps
            row[f"{name}.true"] = sum(1 << at for at, step in enumerate(steps) if step.truth is True)
            row[f"{name}.unknown"] = sum(1 << at for at, step in enumerate(steps) if step.truth is None)
            assert row[f"{name}.true"] == sum(1 << places[rule] for rule in outcome.matched)
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame in one order, words as text, true and false too."""
    made = frame.select(
        pl.col(name).cast(pl.String)
        if kind in (pl.Categorical, pl.Enum, pl.String, pl.Boolean)
        else pl.col(name).cast(pl.Int64)
        for name, kind in sorted(frame.schema.items())
    )
    return made.sort("customer_id")


def differences(one: pl.DataFrame, other: pl.DataFrame) -> list[str]:
    """Say in which columns two frames differ, with the first customer where they do."""
    if sorted(one.columns) != sorted(other.columns):
        return [f"columns: {sorted(set(one.columns) ^ set(other.columns))}"]
    one, other = plain(one), plain(other)
    if one.height != other.height:
        return [f"rows: {one.height} and {other.height}"]
    found = []
    for name in one.columns:
        wrong = one[name].ne_missing(other[name])
        if wrong.any():
            at = wrong.arg_true()[0]
            said_so = f"{one['customer_id'][at]}: {one[name][at]!r} and {other[name][at]!r}"
            found.append(f"{name}: {wrong.sum()} customers; {said_so}")
    return found


def check(customers: int, seed: int) -> list[str]:
    """Return how the hand-written code differs from the row engine on a store."""
    book = dr.load(POLICIES)
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        store = Path(temporary)
        write_store(store, customers, seed)
        expected = row_by_row(book, store)
        for name, written in (("polars", hand_polars), ("DuckDB", hand_duckdb)):
            out = store / f"{name}.out"
            written.run(store, out)
            found += [f"{name}, {each}" for each in differences(expected, pl.read_parquet(out))]
    return found


def main() -> None:
    """Check and say so."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks.check_hand", description=__doc__)
    wanted.add_argument("--customers", type=int, default=2000)
    wanted.add_argument("--seed", type=int, default=7)
    asked = wanted.parse_args()
    found = check(asked.customers, asked.seed)
    for each in found:
        print(each)
    if found:
        raise SystemExit(1)
    print(f"{asked.customers:,} customers: hand-written polars and DuckDB say what the row engine says")


if __name__ == "__main__":
    main()
