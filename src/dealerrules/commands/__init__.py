"""The commands: each module is one command of the command line, with its arguments and what it does.

Place in the flow: between the public API, which they call, and ``cli``, which lists them. They print; what a
command needs is loaded by that command.
"""

from __future__ import annotations

from pathlib import Path


class UsageError(ValueError):
    """The command cannot be carried out as it was given."""


def check_directory(file: Path, lang: str) -> None:
    """Refuse to write a file where there is no directory, before any work is done."""
    if not file.parent.is_dir():
        zh = lang == "zh"
        raise UsageError(f"没有目录 `{file.parent}`" if zh else f"there is no directory `{file.parent}`")


def shipped_policies() -> Path:
    """Return the directory of the policies that ship with the library."""
    inside = Path(__file__).parents[1] / "policies"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "policies"
