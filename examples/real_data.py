"""Real dated events as records: recency, frequency and insured years of two public data sets.

Run with the directory that holds them:  python examples/real_data.py DATA

- cdnow/CDNOW_sample.txt: purchases of 2,357 customers, 1997-01 to 1998-06 (from the Python package lifetimes,
  MIT); read here as workshop visits.
- motor_covers/pg16trainpol_dates.csv.gz: dated covers of 18,037 motor policies (CASdatasets, GPL; not shipped
  here); read as commercial covers at the store with the designated-repair clause.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter, defaultdict
from datetime import date, datetime
from pathlib import Path

import polars as pl

import dealerrules as dr

COVER = ("starts_on", "ends_on", "cover", "at_store", "designated_repair")
FACTS = """
policy: real-data
decisions:
  years:
    kind: stage
    measure: insured_years_running
    stages: {"0": {from: 0}, "1": {from: 1}, "2": {from: 2}, "3": {from: 3}, 4+: {from: 4}}
  visits:
    kind: stage
    measure: visits_past_year
    stages: {"0": {from: 0}, "1": {from: 1}, "2": {from: 2}, "3": {from: 3}, "4": {from: 4}, "5+": {from: 5}}
"""


def cdnow(data: Path) -> list[dr.Customer]:
    """Return the customers of CDNOW with their purchases as visits."""
    visits: dict[str, list[dict[str, object]]] = defaultdict(list)
    for line in (data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines():
        if line.strip():
            _, customer, day, _, amount = line.split()
            visited_on = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a civil date
            visits[customer].append({"visited_on": visited_on, "amount": amount})
    return [dr.Customer(customer_id=customer, visits=events) for customer, events in visits.items()]


def motor_covers(data: Path) -> list[dr.Customer]:
    """Return the policies with their distinct periods as covers."""
    covers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    with gzip.open(data / "motor_covers" / "pg16trainpol_dates.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            covers[row["PolicyID"]].add((row["BeginDate"], row["EndDate"]))
    clause = {"cover": "commercial", "at_store": True, "designated_repair": True}
    return [
        dr.Customer(
            customer_id=policy, insurance=[{"starts_on": a, "ends_on": b, **clause} for a, b in sorted(spans)]
        )
        for policy, spans in covers.items()
    ]


def tables_of(customers: list[dr.Customer]) -> dict[str, pl.DataFrame]:
    """Return the same records as tables."""
    visits = [
        {"customer_id": each.customer_id, "visited_on": visit.visited_on, "amount": visit.amount}
        for each in customers
        for visit in each.visits
    ]
    covers = [
        {"customer_id": each.customer_id, **cover.model_dump(include=set(COVER))}
        for each in customers
        for cover in each.insurance
    ]
    tables = {"customers": pl.DataFrame({"customer_id": [each.customer_id for each in customers]})}
    if visits:
        tables["visits"] = pl.DataFrame(visits).cast({"amount": pl.Decimal(18, 2)})
    if covers:
        tables["insurance"] = pl.DataFrame(covers)
    return tables


def count(book: dr.PolicyBook, customers: list[dr.Customer], decision: str, as_of: date) -> dict[str, int]:
    """Return how many customers a stage decision puts where: record by record, and from tables, which must agree."""
    answers = book.evaluate_many(customers, as_of=as_of, decisions=(decision,)).answers
    singly = {answer.id: str(answer.stage(decision).stage) for answer in answers}
    out = book.evaluate_frame(tables_of(customers), as_of=as_of, decisions=(decision,))
    assert singly == dict(out.select("customer_id", pl.col(decision).cast(pl.String)).iter_rows())
    return dict(sorted(Counter(singly.values()).items()))


def main() -> None:
    """Print the tables."""
    data = Path(sys.argv[1])
    shipped = Path(__file__).parents[1] / "policies" / "churn.yaml"
    churn, facts = dr.load(shipped), dr.loads(FACTS)
    customers = cdnow(data)
    print(f"cdnow: {len(customers):,} customers")  # noqa: T201
    for as_of in (date(1997, 9, 30), date(1998, 6, 30)):
        print(as_of, count(churn, customers, "churn_class", as_of), count(facts, customers, "visits", as_of))  # noqa: T201
    tables = tables_of(
        customers
    )  # all of them in the territory, so that one visit a year makes an effective customer
    tables["customers"] = tables["customers"].with_columns(in_territory=pl.lit(value=True))
    for month in ("1998-01", "1998-02", "1998-03", "1998-04", "1998-05", "1998-06"):
        rates = churn.rates(tables, period=month, rates=("effective_churn_rate_monthly", "recovery_rate"))
        print(month, {name: f"{each.numerator}/{each.denominator}" for name, each in rates.items()})  # noqa: T201
    policies = motor_covers(data)
    print(f"motor_covers: {len(policies):,} policies")  # noqa: T201
    for as_of in (date(2012, 12, 31), date(2013, 6, 30), date(2013, 12, 31)):
        print(as_of, count(facts, policies, "years", as_of))  # noqa: T201


if __name__ == "__main__":
    main()
