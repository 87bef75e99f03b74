"""Cleaning: raw cells become typed columns, and every cell that cannot be read is told with its row.

Place in the flow: behind the sources, a chunk at a time. Columns are read one by one; a row with anything wrong in it, or
without what every row needs, is rejected with all reasons.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dealerrules.faults import SAYS, FieldError, messages
from dealerrules.intake.attributes import as_texts, dtype_of
from dealerrules.intake.cells import Form, read_cell
from dealerrules.intake.columns import type_of
from dealerrules.intake.deriving import derive, ends_of
from dealerrules.intake.headers import ATTRIBUTE, KINDS, id_column
from dealerrules.intake.reading import FAULTS, read_column, told_missing, told_rows, told_values
from dealerrules.intake.sources import ROW, Chunk
from dealerrules.records import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.intake.attributes import Attributes
    from dealerrules.intake.columns import Plan

_SAYS: Final = messages("""
cells | the row has another number of cells ({cells}) than the header ({columns}) | 该行的单元格数（{cells}）与表头（{columns}）不同
""")


def needed(kind: str) -> tuple[str, ...]:
    """Return the columns of a table in which no cell may be unknown: whose row it is, and the date of an event."""
    model = KINDS[kind].model
    required = [name for name, info in model.model_fields.items() if info.is_required()]
    return tuple(dict.fromkeys([id_column(KINDS[kind]), *required]))


def constants(made: Plan) -> list[pl.Expr]:
    """Return the columns of what every row of a table says."""
    found = []
    for ours, word in made.constants.items():
        type_ = type_of(made.kind, ours)
        found.append(pl.lit(read_cell(word, Form(type_)), dtype_of(type_)).alias(ours))
    return found


# ---------------------------------------------------------------------------------------------------
# One table


@dataclass
class Cleaner:
    """Cleans the chunks of one file.

    Attributes:
        plan: its columns.
        without_cover: rows that held no cover, where ends of covers are columns.
        attributes: what is known of customers' attributes so far.
    """

    plan: Plan
    attributes: Attributes
    without_cover: int = 0
    memos: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The table."""
        return self.plan.kind

    def clean(self, chunk: Chunk) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Return the sound rows, typed; the rows with anything wrong, as texts; and the faults, in order of rows."""
        rows = chunk.frame[ROW]
        columns = [chunk.frame[ROW]]
        told: list[pl.DataFrame] = [*self._ragged(chunk)]
        for column in self.plan.columns:
            cells = chunk.frame[str(column.at)]
            if column.ours == "attributes":
                made, wrong = self.attributes.read_objects(cells)
                columns += made
                told.append(told_rows(rows, wrong, column.at))
                continue
            is_attribute = column.ours.startswith(ATTRIBUTE)
            if is_attribute:
                self.attributes.note(column, cells)
                cells = as_texts(cells)
            values, keys, errors = read_column(cells, column.form, self.memos.setdefault(column.ours, {}))
            if errors:
                told.append(told_values(keys, errors, rows, column.ours, column.at))
            if is_attribute:
                values = as_texts(values)
                self.attributes.learn(column.ours, values)
            columns.append(values.alias(column.ours))
        frame = pl.DataFrame(columns).with_columns(constants(self.plan))
        told += [*self._missing(frame, list(told))]
        faults = pl.concat([pl.DataFrame(schema=FAULTS), *told]).sort(ROW, "at", maintain_order=True)
        bad = faults[ROW].unique()
        sound = frame.filter(~pl.col(ROW).is_in(bad.implode())) if len(bad) else frame
        whole = derive(self.kind, sound)
        if ends_of(sound):
            self.without_cover += sound.height - whole[ROW].n_unique()
        return whole, self._rejected(chunk, bad), faults

    def _ragged(self, chunk: Chunk) -> Iterator[pl.DataFrame]:
        if chunk.ragged:
            rows = pl.Series([line for line, _ in chunk.ragged], dtype=pl.Int64)
            width = chunk.frame.width - 1
            wrong = {
                at: ("", FieldError(None, _SAYS["cells"], cells=len(cells), columns=width))
                for at, (_, cells) in enumerate(chunk.ragged)
            }
            yield told_rows(rows, wrong, -1)

    def _missing(self, frame: pl.DataFrame, told: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Yield what every row needs and some have not, unless it is there and wrong."""
        kind = KINDS[self.kind]
        names = list(needed(self.kind))
        if self.kind == "insurance" and "starts_on" not in frame.columns and not ends_of(frame):
            names.append("ends_on")  # from which it is derived
        for name in names:
            if name not in frame.columns:
                continue
            missing = frame.filter(pl.col(name).is_null())[ROW]
            wrong = [each.filter(pl.col("column") == name)[ROW] for each in told] if len(missing) else []
            for rows in wrong:
                missing = missing.filter(~missing.is_in(rows.implode()))
            if len(missing):
                dated = isinstance(kind, Table) and name == kind.date_field
                english, chinese = SAYS["event_date" if dated else "missing"]
                at = next((column.at for column in self.plan.columns if column.ours == name), 0)
                yield told_missing(missing, at, name, english, chinese)

    def _rejected(self, chunk: Chunk, bad: pl.Series) -> pl.DataFrame:
        """Return the rows that are wrong as they stand in the file: row, id, key, and the cells as a JSON object."""
        schema = {ROW: pl.Int64, "id": pl.String, "key": pl.String, "cells": pl.String}
        if not len(bad):
            return pl.DataFrame(schema=schema)
        kind = KINDS[self.kind]
        places = {column.ours: column.at for column in self.plan.columns}
        id_at = places.get(id_column(kind))
        key_at = places.get(kind.key[0]) if len(kind.key) == 1 else None
        whole = chunk.frame.filter(pl.col(ROW).is_in(bad.implode()))
        named = {column.theirs: as_texts(whole[str(column.at)]) for column in self.plan.columns}
        rows = pl.DataFrame(
            {
                ROW: whole[ROW],
                "id": None if id_at is None else as_texts(whole[str(id_at)]),
                "key": None if key_at is None else as_texts(whole[str(key_at)]),
                "cells": pl.DataFrame(named).to_struct().struct.json_encode(),
            },
            schema=schema,
        ).with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in ("id", "key"))

        def cell(cells: list[str], at: int | None) -> str | None:
            return cells[at] or None if at is not None and at < len(cells) else None

        ragged = [
            (line, cell(cells, id_at), cell(cells, key_at), json.dumps(cells, ensure_ascii=False))
            for line, cells in chunk.ragged
        ]
        return pl.concat([rows, pl.DataFrame(ragged, schema=schema, orient="row")])
