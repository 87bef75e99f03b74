"""Scratch: directories for what is kept while a store is read, and the end of those whose run was killed.

Place in the flow: beside the ledger. Each directory is held by a lock while its run lives, so that the next run can
tell which ones nobody will come back to.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dealerrules.disk import OutputError, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX: Final = "dealerrules-"
_LOCK: Final = "lock"
_GRACE: Final = 60.0
"""Seconds in which a new directory is left alone, for its lock may still be to come."""

_held: dict[Path, int] = {}
_made_by: dict[Path, int] = {}
"""The process that made each directory; a fork of it leaves them alone."""
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
"""What only writing can come to, so that it is about the scratch and not about the tables that are read."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a directory that stays when all goes well, and goes when anything fails.

    Raises:
        OutputError: when there is no room for it.
    """
    try:
        directory = scratch_directory()
    except OSError as error:
        raise OutputError("scratch", _base(), number_of(error) or errno.EIO) from error
    try:
        yield directory
    except BaseException as error:
        discard(directory)
        code = number_of(error)
        if code in _NO_ROOM and not isinstance(error, OutputError):
            raise OutputError("scratch", _base(), code) from error
        raise


def _base() -> str:
    return tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - for a message


def scratch_directory() -> Path:
    """Make a directory, after removing those that killed runs left."""
    base = Path(tempfile.gettempdir())
    for old in base.glob(f"{_PREFIX}*"):
        _sweep(old)
    made = Path(tempfile.mkdtemp(prefix=_PREFIX))
    _made_by[made] = os.getpid()
    try:
        handle = _lock(made)
    except BaseException:
        discard(made)
        raise
    if handle is not None:
        _held[made] = handle
    return made


def discard(directory: Path) -> None:
    """Remove a directory and let go of its lock; in a fork it is not ours to remove."""
    if _made_by.pop(directory, os.getpid()) != os.getpid():
        return
    shutil.rmtree(directory, ignore_errors=True)
    handle = _held.pop(directory, None)
    if handle is not None:
        os.close(handle)


def _lock(directory: Path) -> int | None:
    """Take the lock of a directory; ``None`` when another process has it, or the system has no such locks."""
    try:
        import fcntl  # noqa: PLC0415 - only Unix has it
    except ImportError:
        return None
    handle = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _sweep(directory: Path) -> None:
    """Remove a directory if it is ours to remove, and no run holds it."""
    try:
        if time.time() - directory.stat().st_mtime < _GRACE or not (directory / _LOCK).is_file():
            return
        handle = _lock(directory)
    except OSError:
        return
    if handle is not None:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(handle)
