"""Loading: one table of a store, every row of it typed and sound, or rejected with the reasons.

Place in the flow: sources and cleaning work for it. A Parquet table whose columns are typed and right is taken as
it stands, and read again when it is needed; everything else is cleaned once, a chunk at a time, into files of its
own, so that memory stays bounded whatever the size of the table.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import polars as pl

from dealerrules.faults import Fault, messages
from dealerrules.intake.attributes import Attributes
from dealerrules.intake.cells import Form
from dealerrules.intake.cleaning import Cleaner, constants, needed
from dealerrules.intake.columns import Plan, Stated, plan
from dealerrules.intake.deriving import NO_COVERS
from dealerrules.intake.headers import ATTRIBUTE, FLAGS, KINDS
from dealerrules.intake.ledger import MOST_FAULTS, Ledger, Part
from dealerrules.intake.reading import ready
from dealerrules.intake.sources import ROW, BrokenError, Chunk, Opened, Source, no_rows, open_source
from dealerrules.records import Subject
from dealerrules.values import TEXT, Kind

if TYPE_CHECKING:
    from pathlib import Path

_SAYS: Final = messages("""
like_it | {message} (such cells in the column: {count}) | {message}（该列这样的单元格：{count} 个）
""")
_NUMBERS: Final = frozenset({Kind.COUNT, Kind.MONEY, Kind.NUMBER, Kind.DISTANCE})

REJECTED: Final = {
    "table": pl.String(), "place": pl.String(), "row": pl.Int64(), "id": pl.String(),
    "message": pl.String(), "message_zh": pl.String(), "cells": pl.String(),
}  # fmt: skip
"""The columns of rejected rows; the cells are a JSON object."""


def load(kind: str, source: Source, stated: Stated | None, ledger: Ledger) -> Part:
    """Load one table.

    Args:
        kind: the table.
        source: its file.
        stated: what the mapping file says of it.
        ledger: takes the faults and notes.

    Returns:
        its sound rows and its rejected ones.
    """
    part = Part(kind, source)
    try:
        opened = open_source(source, ledger.scratch)
    except BrokenError as error:
        ledger.broke(part, error.error, error.row)
        return part
    header_row = source.header_row if source.form != "parquet" else None
    made = plan(kind, opened.header, stated, source.place(header_row))
    for says in [*opened.notes, *made.notes]:
        ledger.note(source.shown, says)
    for fault in made.faults:
        ledger.add(fault, kind)
    if made.faults:
        ledger.broken.add(kind)
    elif not _as_it_stands(part, opened, made):
        _cleaned(part, opened, made, ledger)
    ledger.step(part)
    return part


def _as_it_stands(part: Part, opened: Opened, made: Plan) -> bool:
    """Take a table whose columns are typed and all of whose rows are right; false when it must be cleaned."""
    table = opened.scan()
    if table is None or any(map(made.has, (*FLAGS.get(part.kind, ()), "attributes"))):
        return False
    schema = table.collect_schema()
    values, wrong = [], []
    for column in made.columns:
        cells, dtype = pl.col(str(column.at)), schema[str(column.at)]
        if column.ours.startswith(ATTRIBUTE):
            plain = dtype in {pl.String, pl.Boolean, pl.Int64} or isinstance(dtype, pl.Decimal)
            if not plain or column.form != Form(TEXT):
                return False
            values.append(cells.alias(column.ours))
            continue
        taken = ready(dtype, column.form)
        if taken is None:
            return False
        value, is_wrong = taken(cells)
        values.append(value.alias(column.ours))
        wrong.append(is_wrong.fill_null(column.ours in needed(part.kind)).sum().alias(column.ours))
    if not all(map(made.has, needed(part.kind))):
        return False
    try:
        read = [pl.col(str(column.at)).is_null().sum().alias(f"read {column.at}") for column in made.columns]
        found = (
            table.select(pl.len().alias(ROW), *wrong, *read).collect(engine="streaming").row(0, named=True)
        )
    except pl.exceptions.PolarsError:
        return False
    rows = found.pop(ROW)
    for column in made.columns:  # all of it has been read: what is broken is told here, not when it is used
        del found[f"read {column.at}"]
    if any(found.values()):
        return False
    part.rows = rows
    part.bare = table.select(values).with_columns(constants(made))
    part.frame = part.bare.with_row_index(ROW, offset=1)
    return True


def _cleaned(part: Part, opened: Opened, made: Plan, ledger: Ledger) -> None:
    """Clean a table chunk by chunk, and keep its sound rows in files."""
    folder = ledger.scratch / part.kind
    folder.mkdir()
    attributes = Attributes(typed=part.source.form == "parquet")
    cleaner, told = Cleaner(made, attributes), _Told(part, ledger)
    numbers = [column.at for column in made.columns if column.form.type.kind in _NUMBERS]
    files: list[Path] = []

    def take(chunk: Chunk) -> None:
        sound, bad, faults = cleaner.clean(chunk)
        files.append(folder / f"{len(files):06}.parquet")
        sound.write_parquet(files[-1], compression="lz4")
        part.rows += sound.height + bad.height
        if bad.height:
            told.add(faults, bad)
        ledger.step(part)

    try:
        for chunk in opened.chunks(numbers):
            take(chunk)
        if not files:
            take(no_rows(len(opened.header)))
    except BrokenError as error:
        ledger.broke(part, error.error, error.row)
    told.done()
    if cleaner.without_cover:
        english, chinese = (text.format(count=f"{cleaner.without_cover:,}") for text in NO_COVERS)
        ledger.note(part.source.shown, (english, chinese))
    if files:
        whole = pl.concat([pl.scan_parquet(file, glob=False) for file in files], how="diagonal")
        names = whole.collect_schema().names()
        part.frame = whole.with_columns(attributes.columns(names))


class _Told:
    """The faults of one table's cells, the first ones of each column one by one, and its rejected rows in files."""

    def __init__(self, part: Part, ledger: Ledger) -> None:
        self.part, self.ledger = part, ledger
        self.told: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.ambiguous: dict[str, tuple[int, Fault]] = {}
        self.ambiguous_counts: Counter[str] = Counter()

    def add(self, faults: pl.DataFrame, bad: pl.DataFrame) -> None:
        """Note the faults of a chunk, and keep its rejected rows."""
        part = self.part
        self._tell(faults, bad)
        why = faults.group_by(ROW, maintain_order=True).agg(
            _said("message", ": ").str.join("; ").alias("message"),
            _said("message_zh", "：").str.join("；").alias("message_zh"),
        )
        rows = bad.join(why, on=ROW, how="left", maintain_order="left").rename({ROW: "row"})
        named = rows.with_columns(table=pl.lit(part.kind), place=pl.lit(part.source.shown))
        path = self.ledger.scratch / f"rejected-{part.kind}-{len(part.rejected):06}.parquet"
        named.select(list(REJECTED)).write_parquet(path)
        part.rejected.append(pl.scan_parquet(path, glob=False))
        part.rejected_count += bad.height
        part.bad_ids.append(bad["id"].drop_nulls().unique())
        part.bad_keys.append(bad.select(ROW, "key").drop_nulls())

    def _tell(self, faults: pl.DataFrame, bad: pl.DataFrame) -> None:
        kind = KINDS[self.part.kind]
        subject = kind.name if isinstance(kind, Subject) else "customer"
        few = faults.filter(pl.int_range(pl.len()).over("column", "ambiguous") < MOST_FAULTS)
        ids = bad.select(ROW, "id").unique(ROW)
        for row in few.join(ids, on=ROW, how="left", maintain_order="left").iter_rows(named=True):
            column, number = row["column"], row[ROW]
            known = row["id"] if column else None
            said = (row["message"], row["message_zh"], self.part.place(number))
            fault = Fault(subject if known else "", known, column, row["value"], *said)
            if row["ambiguous"]:
                self.ambiguous.setdefault(column, (number, fault))
            elif self.told[column] < MOST_FAULTS:
                self.told[column] += 1
                self.ledger.add(fault, self.part.kind, number)
        for column, ambiguous, total in faults.group_by("column", "ambiguous").len().iter_rows():
            (self.ambiguous_counts if ambiguous else self.totals)[column] += total

    def done(self) -> None:
        """Tell what is told once a column: dates that may be two, and how many more there are."""
        for column, (row, fault) in self.ambiguous.items():
            count = f"{self.ambiguous_counts[column]:,}"
            english, chinese = _SAYS["like_it"]
            said = (
                english.format(message=fault.message, count=count),
                chinese.format(message=fault.message_zh, count=count),
            )
            self.ledger.add(Fault("", None, column, fault.value, *said, fault.place), self.part.kind, row)
        for column, total in self.totals.items():
            self.ledger.more(self.part, column, total)


def _said(message: str, mark: str) -> pl.Expr:
    """Return what is wrong with its column before it, where it is of one."""
    return (
        pl.when(pl.col("column") == "")
        .then(pl.col(message))
        .otherwise(pl.col("column") + mark + pl.col(message))
    )
