"""Files in one input: a directory as bytes, readable as it stands.

A line ``=== NAME`` begins a file; what stands before the first one is the file ``policy.yaml``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = re.compile(rb"(?:\A|\n)=== ([^\n/\0]{1,60})\n")


def split(data: bytes, first: str = "policy.yaml") -> list[tuple[str, bytes]]:
    """Return the names and bytes of the files in an input."""
    parts = _HEAD.split(data)
    found = [(first, parts[0])] if parts[0] else []
    for name, content in zip(parts[1::2], parts[2::2], strict=True):
        text = name.decode("utf-8", "replace").strip()
        found.append((text if text not in {"", ".", ".."} else first, content))
    return found


def joined(files: list[tuple[str, bytes]]) -> bytes:
    """Return files as one input; `split` gives them back."""
    return b"\n".join(b"=== " + name.encode() + b"\n" + content for name, content in files)


def write(data: bytes, folder: Path) -> None:
    """Write the files of an input into an empty directory."""
    for name, content in split(data):
        (folder / name).write_bytes(content)
