"""`dealerrules init`: the shipped policies as files of one's own.

Place in the flow: a command; it copies, and never writes over anything.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.commands import shipped_policies
from dealerrules.outputs import replacing

if TYPE_CHECKING:
    import argparse

HELP = "Copy the shipped policies and their cases to a directory."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("directory", metavar="DIR")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    target = Path(arguments.directory)
    files = sorted(shipped_policies().glob("*.yaml"))
    there = [target / file.name for file in files if (target / file.name).exists()]
    if there:
        said_so = (
            "没有写出任何文件，这些已经存在："
            if arguments.lang == "zh"
            else "nothing was written, these exist already:"
        )
        print(f"dealerrules: {said_so}", *(f"  {path}" for path in there), sep="\n", file=sys.stderr)
        return 1
    target.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:  # all are written before the first is put in its place
        for file in files:
            stack.enter_context(replacing(target / file.name)).write_bytes(file.read_bytes())
    print(*(target / file.name for file in files), sep="\n")
    return 0
