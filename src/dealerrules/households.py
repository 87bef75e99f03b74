"""Households: how many persons of each own a vehicle of the brand, as of a day.

Place in the flow: between the tables and the facts, on any kind of lazy frame. A record alone cannot say it, for it
knows one customer; where whole tables are given, it is derived from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import narwhals as nw

if TYPE_CHECKING:
    from datetime import date

Frame = TypeVar("Frame")

UNSURE: Final = "household_unsure"
"""A column of customers, true where a member of the household was left out, so that nobody can count it."""


def household_owners(customers: Frame, vehicles: Frame, as_of: date) -> Frame:
    """Return customers with ``household_brand_owners`` filled where it is unknown or the column is missing.

    It is the number of distinct customers of the ``household_id`` who have a vehicle of the store's brand, bought on
    or before the day. A customer without household stays unknown, and so does one whose column
    :data:`UNSURE` is true.

    Args:
        customers: frame of customers: polars, DuckDB, PySpark or any other that narwhals knows, lazy or not.
        vehicles: frame of their vehicles, of the same kind.
        as_of: the day.

    Examples:
        >>> import polars as pl
        >>> from datetime import date
        >>> customers = pl.LazyFrame({"customer_id": ["C1", "C2"], "household_id": ["H1", "H1"]})
        >>> bought = {"customer_id": ["C1"], "own_brand": [True], "purchased_on": [date(2014, 1, 1)]}
        >>> filled = household_owners(customers, pl.LazyFrame(bought), date(2014, 9, 30))
        >>> filled.sort("customer_id").collect()["household_brand_owners"].to_list()
        [1, 1]
    """
    people: Any = nw.from_native(customers)
    cars: Any = nw.from_native(vehicles)
    columns = people.collect_schema().names()
    if "household_id" not in columns:
        if "household_brand_owners" not in columns:
            people = people.with_columns(household_brand_owners=nw.lit(None, nw.Int64))
        return cast("Frame", people.to_native())
    if {"customer_id", "own_brand", "purchased_on"} <= set(cars.collect_schema().names()):
        bought = nw.col("purchased_on") <= nw.lit(as_of)
        counted = cars.filter(_surely(nw.col("own_brand")) & _surely(bought)).select("customer_id").unique()
        people = people.join(counted.with_columns(_owns=nw.lit(value=True)), on="customer_id", how="left")
    else:
        people = people.with_columns(_owns=nw.lit(value=False))
    return cast("Frame", counted_owners(people, _surely(nw.col("_owns"))).drop("_owns").to_native())


def counted_owners(people: Any, owns: nw.Expr) -> Any:
    """Return customers with ``household_brand_owners`` counted where it is unknown or the column is missing.

    Args:
        people: narwhals frame of customers with ``household_id``, a row each.
        owns: which of them own a vehicle of the brand; never null.
    """
    columns = people.collect_schema().names()
    at_home = people.filter(owns & ~nw.col("household_id").is_null())
    owners = (
        at_home.select("household_id", _owners=nw.lit(1, nw.Int64))
        .group_by("household_id")
        .agg(nw.col("_owners").sum())
    )
    sure = ~nw.col("household_id").is_null()
    if UNSURE in columns:
        sure &= ~_surely(nw.col(UNSURE))
    filled: nw.Expr = nw.when(sure).then(nw.col("_owners").fill_null(0).cast(nw.Int64))
    if "household_brand_owners" in columns:
        filled = nw.coalesce(nw.col("household_brand_owners").cast(nw.Int64), filled)
    joined = people.join(owners, on="household_id", how="left")
    return joined.with_columns(household_brand_owners=filled.cast(nw.Int64)).drop("_owners")


def _surely(condition: nw.Expr) -> nw.Expr:
    """Return a condition that is never null: unknown is false."""
    return condition.fill_null(value=False)
