"""Outputs: answers written to files, whole or not at all.

Place in the flow: behind the book, for the command line. A file is written under a temporary name beside its own and
then put in its place, so that whenever a run is killed, the old file stands there as it was.
"""

from __future__ import annotations

import csv
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from dealerrules.faults import FieldError, RecordError, messages
from dealerrules.records import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path
    from typing import TextIO

    from dealerrules.book import PolicyBook

_SAYS: Final = messages("""
busy | another run is writing this file | 另一个运行正在写这个文件
""")

REJECTED_HEADER: Final = ("table", "place", "row", "id", "message", "cells")
"""The columns of the file of rejected rows."""


# ---------------------------------------------------------------------------------------------------
# Files


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside a path, and put it in its place when all went well.

    The temporary file is ``NAME.part``, held by a lock while the run lives; what a killed run left is written over
    by the next. When anything fails, the file at the path stays as it was.

    Raises:
        RecordError: when another run is writing the same file.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder, "a.csv")) as part:
        ...         _ = part.write_text("x")
        ...     sorted(os.listdir(folder))
        ['a.csv']
    """
    part = path.with_name(f"{path.name}.part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(handle, path)
        try:
            os.truncate(part, 0)
            part.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
            yield part
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    finally:
        os.close(handle)
    _sync_directory(path.parent)


def _lock(handle: int, path: Path) -> None:
    """Hold a file while this process lives; other systems than Unix do without."""
    try:
        import fcntl  # noqa: PLC0415 - only Unix has it
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RecordError([FieldError(None, _SAYS["busy"]).at("", None, "", str(path))]) from None


def _sync_directory(folder: Path) -> None:
    """Make the new name last; where directories cannot be opened, the system sees to it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---------------------------------------------------------------------------------------------------
# CSV

_NUMBER: Final = re.compile(r"[-+]?\d+(\.\d+)?", re.ASCII)
_FORMULA: Final = tuple("=+-@\t\r")


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are.

    Examples:
        >>> guarded("=1+1"), guarded("-5.00"), guarded("C1")
        ("'=1+1", '-5.00', 'C1')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def write_csv(out: TextIO, header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> int:
    """Write rows as CSV that a spreadsheet may open, and return how many there were."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([guarded(cell or "") for cell in row])
        count += 1
    return count


def write_rejected(path: Path, rows: Iterable[Sequence[str | None]]) -> int:
    """Write the rejected rows to a file, under :data:`REJECTED_HEADER`, and return how many there were."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        return write_csv(file, REJECTED_HEADER, rows)


# ---------------------------------------------------------------------------------------------------
# Parquet


def write_parquet(
    path: Path,
    book: PolicyBook,
    tables: Mapping[str, Any],
    wanted: Mapping[str, tuple[str, ...]],
    as_of: date,
) -> None:
    """Evaluate whole tables and write the answers, without ever holding all of them.

    Args:
        path: the file.
        book: the policies.
        tables: clean tables.
        wanted: the decisions, by subject.
        as_of: the day.
    """
    import polars as pl  # noqa: PLC0415 - only this format needs it

    answers = []
    for subject, decisions in wanted.items():
        if SUBJECTS[subject].table not in tables:
            continue
        frame = book.evaluate_frame(tables, as_of=as_of, subject=subject, decisions=decisions, check=False)
        named = [pl.lit(subject).alias("subject"), pl.col(SUBJECTS[subject].id_field).alias("id")]
        answers.append(frame.lazy().select(*named, pl.all()))
    empty = pl.LazyFrame(schema={"subject": pl.String, "id": pl.String})
    whole = pl.concat(answers, how="diagonal") if answers else empty
    with replacing(path) as part:
        whole.sink_parquet(part)
