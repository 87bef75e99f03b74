"""Stores: all tables of a store together, every row of them sound or told.

Place in the flow: records -> facts -> policy -> engine -> outcome -> explanation; files come in here, table by table
through sources and cleaning, and leave as frames for the frame engine or as records for the row engine. What only
whole tables can tell is told here: ids that stand twice, events of nobody. A customer with any fault is left out
whole, for part of the events would decide wrongly; so rows in = rows out + rows rejected, in every table.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from dealerrules.households import UNSURE, household_owners
from dealerrules.intake.attributes import dtype_of
from dealerrules.intake.finding import find
from dealerrules.intake.headers import ATTRIBUTE, KINDS
from dealerrules.intake.joining import Counts, Joined, join
from dealerrules.intake.ledger import Ledger
from dealerrules.intake.loading import REJECTED, load
from dealerrules.intake.scratch import discard, scratch
from dealerrules.records import SUBJECTS, TABLES, Record, read_record
from dealerrules.values import NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Sequence
    from datetime import date
    from pathlib import Path

    from dealerrules.faults import Fault
    from dealerrules.intake.columns import Stated
    from dealerrules.intake.lines import Store

__all__ = ["Counts", "Tables", "from_records", "read"]

RECORDS_AT_ONCE: Final = 20_000
"""Customers whose records are made at a time."""


class Tables(Mapping[str, pl.LazyFrame]):
    """The sound rows of a store, as clean tables by name: polars LazyFrames that ``evaluate_frame`` takes as they are.

    It keeps temporary files while it lives: use it in a ``with`` block, or let it go.

    Attributes:
        faults: everything that is wrong, with its place; of a column with very many, the first ones.
        notes: what to know about how the files were read, as faults are told.
        counts: rows in, out and rejected, by table.
        as_of: the day.
    """

    def __init__(self, ledger: Ledger, joined: Joined, as_of: date) -> None:
        self._frames = joined.frames
        self.faults: tuple[Fault, ...] = ledger.faults
        self.notes: tuple[Fault, ...] = tuple(ledger.notes)
        self.counts: Mapping[str, Counts] = joined.counts
        self.as_of = as_of
        self._rejected = joined.rejected
        self._clean_up = weakref.finalize(self, discard, ledger.scratch)

    def __getitem__(self, name: str) -> pl.LazyFrame:
        return self._frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary files; the tables cannot be read afterwards."""
        self._clean_up()

    @property
    def rejected(self) -> pl.LazyFrame:
        """The rejected rows: table, place, row, id, message, message_zh, and the cells as a JSON object."""
        if not self._rejected:
            return pl.LazyFrame(schema=REJECTED)
        return pl.concat(self._rejected)

    def rejected_rows(self, lang: str = "en") -> Iterator[tuple[str | None, ...]]:
        """Yield the rejected rows as texts: table, place, row, id, what is wrong, in one language, and the cells."""
        message = "message_zh" if lang == "zh" else "message"
        wanted = self.rejected.select("table", "place", pl.col("row").cast(pl.String), "id", message, "cells")
        for frame in wanted.collect_batches(maintain_order=True):
            yield from frame.iter_rows()

    def records(
        self,
        subjects: Container[str] = tuple(SUBJECTS),
        id: str | Collection[str] | None = None,  # noqa: A002 - as records call it
    ) -> Iterator[tuple[str, Record]]:
        """Yield subject and record of all that is sound, customers first, in the order of the files.

        Args:
            subjects: only records of these.
            id: only those of this id, or of one of these.
        """
        for subject in SUBJECTS.values():
            if subject.name not in subjects or subject.table not in self._frames:
                continue
            named = pl.col(subject.id_field)
            mine = pl.lit(True)  # noqa: FBT003
            if id is not None:
                mine = named == id if isinstance(id, str) else named.is_in(list(id))
            if subject.name == "customer":
                yield from self._customers(mine)
                continue
            batches = self._frames[subject.table].filter(mine).collect_batches(chunk_size=RECORDS_AT_ONCE)
            for row in chain.from_iterable(map(_rows, batches)):
                yield subject.name, read_record(row, subject.name)

    def _customers(self, mine: pl.Expr) -> Iterator[tuple[str, Record]]:
        """Yield customers, some at a time, each with the events of theirs."""
        people = self._frames["customers"]
        vehicles = self._frames.get("vehicles", pl.LazyFrame(schema={"customer_id": pl.String}))
        filled = household_owners(people, vehicles, self.as_of).filter(mine).drop(UNSURE, strict=False)
        order = people.filter(mine).select("customer_id").collect()
        whole = order.lazy().join(filled, on="customer_id", how="left", maintain_order="left")
        for frame in whole.collect_batches(chunk_size=RECORDS_AT_ONCE, maintain_order=True):
            ids = frame["customer_id"]
            found = {row["customer_id"]: row for row in _rows(frame)}
            for name in TABLES:
                if name in self._frames:
                    events = self._frames[name].filter(pl.col("customer_id").is_in(ids.implode())).collect()
                    for event in _rows(events):
                        found[event["customer_id"]].setdefault(name, []).append(event)
            for row in found.values():
                yield "customer", read_record(row)


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield rows as mappings of what is known, numbers as short as they can be, attributes in one mapping."""
    numbers = [
        name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal) and dtype.scale > 2
    ]
    attributes = [name for name in frame.columns if name.startswith(ATTRIBUTE)]
    for row in frame.iter_rows(named=True):
        known = {name: value for name, value in row.items() if value is not None}
        for name in numbers:
            if name in known:
                known[name] = _short(known[name])
        if attributes:
            known["attributes"] = {
                name.removeprefix(ATTRIBUTE): known.pop(name) for name in attributes if name in known
            }
        yield known


def _short(number: Decimal) -> int | Decimal:
    whole = int(number)
    return whole if whole == number else Decimal(format(number, "f").rstrip("0"))


# ---------------------------------------------------------------------------------------------------
# Reading


def read(
    path: Path,
    given: str,
    as_of: date,
    mapping: Mapping[str, Stated],
    progress: Callable[[str, int], None] | None = None,
) -> Tables:
    """Read a directory of tables, or a workbook.

    Args:
        path: where it is.
        given: the path as messages name it.
        as_of: the day.
        mapping: what the mapping file says, by table.
        progress: called with a file and its rows so far.
    """
    with scratch() as directory:
        ledger = Ledger(given, directory, progress)
        sources = find(path, mapping, ledger)
        parts = {
            kind: load(kind, sources[kind], mapping.get(kind), ledger) for kind in KINDS if kind in sources
        }
        return Tables(ledger, join(parts, ledger), as_of)


def from_records(store: Store, as_of: date) -> Tables:
    """Return the records of a file of JSON lines as clean tables."""
    with scratch() as directory:
        return _in_frames(store, Ledger("", directory), as_of)


def _in_frames(store: Store, ledger: Ledger, as_of: date) -> Tables:
    joined = Joined()
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for name, record in store.records:
        subject = SUBJECTS[name]
        values = {field: getattr(record, field) for field in subject.fields}
        for attribute, value in getattr(record, "attributes", {}).items():
            values[ATTRIBUTE + attribute] = value
        rows[subject.table].append(values)
        for table in subject.tables:
            for event in getattr(record, table):
                rows[table].append({**vars(event), "customer_id": values["customer_id"]})
    for kind, found in rows.items():
        if found:
            frame = _frame_of(kind, found)
            path = ledger.scratch / f"{kind}.parquet"
            frame.write_parquet(path)
            joined.frames[kind] = pl.scan_parquet(path, glob=False)
            joined.counts[kind] = Counts(len(found), len(found), 0)
    for number, fault in enumerate(store.faults):
        ledger.add(fault, None, number)
    left_out = [
        {"table": SUBJECTS[each.subject].table if each.subject in SUBJECTS else "", "place": str(each.place).rpartition(":")[0],
         "row": int(str(each.place).rpartition(":")[2]), "id": each.id, "message": each.message, "message_zh": each.message_zh}
        for each in store.rejected
    ]  # fmt: skip
    if left_out:
        joined.rejected.append(pl.LazyFrame(left_out, schema=REJECTED))
        for table in {str(row["table"]) or "customers" for row in left_out}:
            count = sum((row["table"] or "customers") == table for row in left_out)
            out = joined.counts.get(table, Counts(0, 0, 0)).out
            joined.counts[table] = Counts(out + count, out, count)
    return Tables(ledger, joined, as_of)


def _frame_of(kind: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows of one table as a frame; an attribute that is of several kinds is text."""
    fields = KINDS[kind].fields
    names = dict.fromkeys([*fields, *(name for row in rows for name in row if name.startswith(ATTRIBUTE))])
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        if name in fields:
            columns.append(pl.Series(name, values, dtype=dtype_of(fields[name])))
            continue
        kinds = {type(value) for value in values if value is not None}
        if kinds <= {int, Decimal}:
            columns.append(pl.Series(name, values, dtype=dtype_of(NUMBER)))
        elif kinds == {bool}:
            columns.append(pl.Series(name, values, dtype=pl.Boolean))
        else:
            columns.append(
                pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
            )
    return pl.DataFrame(columns)
