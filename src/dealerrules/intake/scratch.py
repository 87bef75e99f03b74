"""Scratch: directories for what is kept while a store is read, and the end of those whose run was killed.

Place in the flow: beside the ledger. Each directory is held by a lock while its run lives, so that the next run can
tell which ones nobody will come back to.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "dealerrules-"
_LOCK: Final = "lock"
_GRACE: Final = 60.0
"""Seconds in which a new directory is left alone, for its lock may still be to come."""

_held: dict[Path, int] = {}


def scratch_directory() -> Path:
    """Make a directory, after removing those that killed runs left."""
    base = Path(tempfile.gettempdir())
    for old in base.glob(f"{_PREFIX}*"):
        _sweep(old)
    made = Path(tempfile.mkdtemp(prefix=_PREFIX))
    handle = _lock(made)
    if handle is not None:
        _held[made] = handle
    return made


def discard(directory: Path) -> None:
    """Remove a directory and let go of its lock."""
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
