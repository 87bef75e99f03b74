"""The ledger of one reading: every fault with its place, and what was read of each table.

Place in the flow: beside the tables; finding, loading and joining all write into it, and nothing is left out of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dealerrules.faults import Fault, FieldError, Says, messages
from dealerrules.intake.headers import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

    from dealerrules.intake.sources import Source

_ORDER: Final = {kind: number for number, kind in enumerate(KINDS)}
_LAST: Final = 1 << 62
MOST_FAULTS: Final = 1000
"""Faults of one column that are told one by one."""

_SAYS: Final = messages("""
more | {count} more cells of this column are wrong; the file of rejected rows has them all | 该列还有 {count} 个单元格有错；全部列在被拒行的文件中
""")


@dataclass
class Part:
    """What was read of one table.

    Attributes:
        kind: the table.
        source: its file.
        frame: its rows so far sound, with :data:`~dealerrules.intake.sources.ROW`; ``None`` when nothing could be read.
        bare: the same without the row numbers, where the file itself is scanned: what is asked of it can be left to the scan.
        rows: how many the file has.
        rejected: the rows that are rejected, as ``Tables.rejected`` gives them.
        rejected_count: how many.
        bad_ids: of whom the rejected rows are.
        bad_keys: the keys of the rejected rows, of tables with a key of one column, with their rows.
    """

    kind: str
    source: Source
    frame: pl.LazyFrame | None = None
    bare: pl.LazyFrame | None = None
    rows: int = 0
    rejected: list[pl.LazyFrame] = field(default_factory=list)
    rejected_count: int = 0
    bad_ids: list[pl.Series] = field(default_factory=list)
    bad_keys: list[pl.DataFrame] = field(default_factory=list)

    def place(self, row: int | None) -> str:
        """Return the place of a row, for messages."""
        return self.source.place(row)


@dataclass
class Ledger:
    """Everything that is wrong with a store, and what to know about how it was read.

    Attributes:
        given: the path of the store, as messages name it.
        scratch: a directory for what is kept while the tables are used.
        progress: called with a file and its rows so far.
        notes: what to know, as faults are told.
        broken: tables that were not read to their end.
    """

    given: str
    scratch: Path
    progress: Callable[[str, int], None] | None = None
    notes: list[Fault] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    _told: list[tuple[int, int, Fault]] = field(default_factory=list)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Everything that is wrong: first with the files, then table by table and row by row."""
        return tuple(fault for _, _, fault in sorted(self._told, key=lambda each: each[:2]))

    def add(self, fault: Fault, kind: str | None = None, row: int | None = None) -> None:
        """Take in a fault, of a row of a table, of a whole table or of the store."""
        self._told.append((_ORDER[kind] if kind else -1, row or 0, fault))

    def fault(self, place: str, column: str, says: Says, value: object = None, **more: Any) -> None:
        """Take in a fault of the store."""
        self.add(FieldError(value, says, **more).at("", None, column, place))

    def broke(self, part: Part, error: FieldError, row: int | None) -> None:
        """Note that a table cannot be read to its end."""
        self.add(error.at("", None, "", part.place(row)), part.kind, row)
        self.broken.add(part.kind)

    def more(self, part: Part, column: str, total: int) -> None:
        """Say how many faults of a column are not told one by one, if any."""
        if total > MOST_FAULTS:
            error = FieldError(None, _SAYS["more"], count=f"{total - MOST_FAULTS:,}")
            self.add(error.at("", None, column, part.place(None)), part.kind, _LAST)

    def note(self, place: str, says: Says) -> None:
        """Note what to know about a file."""
        self.notes.append(Fault("", None, "", None, *says, place))

    def step(self, part: Part) -> None:
        """Say how far a table has come."""
        if self.progress is not None:
            self.progress(part.source.shown, part.rows)
