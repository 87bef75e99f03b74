"""Outputs: answers written to files, whole or not at all.

Place in the flow: behind the book, for the command line. A file is written under a temporary name beside its own and
then put in its place, so that whenever a run is killed, the old file stands there as it was.
"""

from __future__ import annotations

import csv
import errno
import os
import re
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from dealerrules.disk import OutputError, number_of, says
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

_PART: Final = ".part"
_LINKS: Final = 40
"""Symbolic links that may lead to a file one after the other; the system allows as many."""
_OPEN_FILES: Final = ("/proc/", "/dev/fd/")
"""What is named here is no file but one that a process has open, such as ``/dev/stdout``."""

REJECTED_HEADER: Final = ("table", "place", "row", "id", "message", "cells")
"""The columns of the file of rejected rows."""


# ---------------------------------------------------------------------------------------------------
# Files


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside a path, and put it in its place when all went well.

    The temporary file is ``NAME.part``, held by a lock while the run lives; what a killed run left is written over
    by the next. When anything fails, the file at the path stays as it was, and the temporary file goes.

    A symbolic link stays, and the file that it leads to is replaced. A file that is replaced keeps its permission bits,
    and its owner where the system allows; its other names (hard links) keep what it held before. What is no file, such
    as a pipe, ``/dev/stdout`` or a device, cannot be replaced: it is written to straight away.

    Raises:
        OutputError: when the file cannot be written.
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
    target: Path | None = path
    try:
        target = _file_at(path)
        if target is None:
            yield path
        else:
            with _beside(target) as part:
                yield part
    except (OutputError, BrokenPipeError):
        raise
    except Exception as error:
        refused = _refused(error, path, target)
        if refused is None:
            raise
        raise refused from error


def _file_at(path: Path) -> Path | None:
    """Return the file that a path leads to, there or not; none for what is no file, and so cannot be replaced."""
    at = path
    for _ in range(_LINKS):
        if os.path.abspath(at).startswith(_OPEN_FILES):  # noqa: PTH100 - not where its links lead
            return None
        if not at.is_symlink():
            break
        at = at.parent / at.readlink()
    else:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    try:
        mode = at.stat().st_mode
    except FileNotFoundError:
        return at
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return at if stat.S_ISREG(mode) else None


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    part = target.with_name(f"{target.name}{_PART}")
    was = target.stat() if target.exists() else None
    if was is not None and not os.access(target, os.W_OK):
        raise OutputError("not_written", target, errno.EACCES, says("protected"))
    handle = _opened(part, target)
    try:
        os.truncate(part, 0)
        if was is not None:
            part.chmod(
                was.st_mode & 0o777 | 0o600
            )  # from the start: nobody reads it who could not read the old one
        yield part
        if was is not None:
            _keep(part, was)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except BaseException:
        _remove(part, handle)
        raise
    finally:
        with suppress(OSError):  # all that was written is on the disk, or given up
            os.close(handle)
    _sync_directory(target)


def _opened(part: Path, target: Path) -> int:
    """Open the temporary file, as ours alone."""
    new = not part.exists()
    handle = os.open(part, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        _make_ours(part, handle, target)
    except BaseException as error:
        if new and not isinstance(error, RecordError):  # that another run has it
            _remove(part, handle)
        with suppress(OSError):
            os.close(handle)
        raise
    return handle


def _make_ours(part: Path, handle: int, target: Path) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(part))
    _lock(handle, target)
    if not _is_at(part, handle):  # another run has just finished with it
        raise _busy(target)


def _lock(handle: int, path: Path) -> None:
    """Hold a file while this process lives; other systems than Unix, and some network disks, do without."""
    try:
        import fcntl  # noqa: PLC0415 - only Unix has it
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(path) from None
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}:
            raise


def _busy(path: Path) -> RecordError:
    return RecordError([FieldError(None, _SAYS["busy"]).at("", None, "", str(path))])


def _is_at(part: Path, handle: int) -> bool:
    """Tell whether a name is still that of an open file."""
    try:
        return os.path.samestat(part.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _keep(part: Path, was: os.stat_result) -> None:
    """Give a file the owner, where that is allowed, and the permission bits of the one that it replaces."""
    mine = part.stat()
    if hasattr(os, "chown") and (mine.st_uid, mine.st_gid) != (was.st_uid, was.st_gid):
        with suppress(PermissionError):
            os.chown(part, was.st_uid, was.st_gid)
    part.chmod(was.st_mode & 0o777)


def _remove(part: Path, handle: int) -> None:
    """Remove the temporary file, if it still is ours; what went wrong before is what there is to say."""
    with suppress(OSError):
        if _is_at(part, handle):
            part.unlink()


def _sync_directory(target: Path) -> None:
    """Make the new name last; where directories cannot be opened, the system sees to it."""
    try:
        handle = os.open(target.parent, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a kind of disk that knows no such thing
            raise OutputError("unsure", target, error.errno or errno.EIO) from error
    finally:
        with suppress(OSError):
            os.close(handle)


def _refused(error: Exception, path: Path, target: Path | None) -> OutputError | None:
    """Return what an error means for the file that is written; none where it is about something else."""
    code = number_of(error)
    if code is None:
        return None
    if target is None:
        return OutputError("cut", path, code)
    named, part = getattr(error, "filename", None), f"{target}{_PART}"
    if isinstance(named, str) and named not in {str(path), str(target), part}:
        return None  # a file that is read meanwhile
    why = None
    if named == part and code in {errno.ELOOP, errno.EISDIR, errno.EEXIST, errno.ENXIO}:
        why = says("in_the_way", part=part)
    elif named == part and code in {errno.EACCES, errno.EPERM}:
        why = says("folder")
    return OutputError("not_written", path, code, why)


# ---------------------------------------------------------------------------------------------------
# CSV

_NUMBER: Final = re.compile(r"[-+]?\d+(\.\d+)?", re.ASCII)
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠﹦﹢﹣﹫")
"""What a spreadsheet takes for the beginning of a formula, in full width and in small too, as input methods write it."""


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
