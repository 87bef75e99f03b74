"""Deriving: what columns say that are none of ours, but tell of those that are.

Place in the flow: the last step of cleaning, on rows that are sound. A deletion flag is a status; a row with the ends of
two covers is two covers; and a cover of which only the end is known begins a year before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dealerrules.intake.headers import FLAGS
from dealerrules.intake.sources import ROW

if TYPE_CHECKING:
    from dealerrules.faults import Says

NO_COVERS: Final[Says] = ("rows without any end of a cover: {count}", "没有任何到期日的行：{count}")


def derive(kind: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a table with what its columns beside ours say; a row may become several covers, or none.

    Examples:
        >>> from datetime import date
        >>> frame = pl.DataFrame({ROW: [2], "ends_on": [date(2015, 2, 28)]})
        >>> derive("insurance", frame)["starts_on"].to_list()
        [datetime.date(2014, 3, 1)]
    """
    if "deleted" in frame.columns:
        status = pl.col("status") if "status" in frame.columns else pl.lit(None, pl.String)
        deleted = pl.when(pl.col("deleted")).then(pl.lit("deleted")).otherwise(status)
        frame = frame.with_columns(status=deleted).drop("deleted")
    if ends_of(frame):
        frame = _covers(frame)
    if kind == "insurance" and "starts_on" not in frame.columns and "ends_on" in frame.columns:
        frame = frame.with_columns(starts_on=pl.col("ends_on").dt.offset_by("-1y").dt.offset_by("1d"))
    return frame


def ends_of(frame: pl.DataFrame) -> list[str]:
    """Return the columns that hold the end of one kind of cover each."""
    return [name for name in FLAGS["insurance"] if name in frame.columns]


def _covers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a row a cover, of rows that hold the ends of several."""
    ends = ends_of(frame)
    parts = []
    for at, name in enumerate(ends):
        part = frame.filter(pl.col(name).is_not_null())
        if "policy_no" in frame.columns:  # a number names one cover, the first
            first = pl.all_horizontal(pl.col(ends[:at]).is_null()) if at else pl.lit(True)  # noqa: FBT003
            part = part.with_columns(policy_no=pl.when(first).then(pl.col("policy_no")))
        cover = pl.lit(name.partition("_")[0])
        parts.append(part.with_columns(pl.col(name).alias("ends_on"), cover=cover).drop(ends))
    own = [name for name in ("ends_on", "starts_on") if name in frame.columns]
    if own:
        neither = pl.all_horizontal(pl.col(ends).is_null())
        parts.append(frame.filter(neither & pl.any_horizontal(pl.col(own).is_not_null())).drop(ends))
    return pl.concat(parts, how="diagonal").sort(ROW, maintain_order=True)
