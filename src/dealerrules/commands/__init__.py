"""The commands: each module is one command of the command line, with its arguments and what it does.

Place in the flow: between the public API, which they call, and ``cli``, which lists them. They print; what a
command needs is loaded by that command.
"""

from __future__ import annotations

from pathlib import Path


class UsageError(ValueError):
    """The command cannot be carried out as it was given."""


def check_output(file: Path, lang: str, *read: str | None) -> None:
    """Refuse to write a file where there is no directory, or over what is read, before any work is done."""
    zh = lang == "zh"
    if file.is_dir():
        raise UsageError(f"`{file}` 是目录；请写文件名" if zh else f"`{file}` is a directory; name a file")
    if not file.parent.is_dir():
        raise UsageError(f"没有目录 `{file.parent}`" if zh else f"there is no directory `{file.parent}`")
    for each in read:
        if each is not None and file.is_file() and Path(each).is_file() and file.samefile(each):
            raise UsageError(
                f"`{file}` 也是要读取的文件；请写到另一个文件"
                if zh
                else f"`{file}` is read as well; write to another file"
            )


def shipped_policies() -> Path:
    """Return the directory of the policies that ship with the library."""
    inside = Path(__file__).parents[1] / "policies"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "policies"
