"""`dealerrules handbook`: the policies as people read them, written to a file.

Place in the flow: a command; it loads policies and writes the handbook.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.commands import UsageError, check_output
from dealerrules.commands.reading import as_date_argument
from dealerrules.outputs import replacing

if TYPE_CHECKING:
    import argparse

HELP = "Write the policies as people read them: a page to print or to read on a phone, or Markdown."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("policies", metavar="DIR", nargs="+")
    parser.add_argument(
        "--out", metavar="FILE", required=True, help="FILE.html for a page, FILE.md for Markdown"
    )
    parser.add_argument(
        "--as-of",
        metavar="DATE",
        type=as_date_argument,
        help="show what is in force on this day (default: the latest edition)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dealerrules.book import load
    from dealerrules.handbook import handbook

    out, zh = Path(arguments.out), arguments.lang == "zh"
    form = out.suffix.lower()
    if form not in {".html", ".htm", ".md"}:
        said = f"`{out.name}` 不是 .html 也不是 .md" if zh else f"`{out.name}` is neither .html nor .md"
        raise UsageError(said)
    check_output(out, arguments.lang, *arguments.policies)
    made = handbook(load(arguments.policies), arguments.lang, arguments.as_of)
    text = made.markdown if form == ".md" else made.html
    with replacing(out) as part:
        part.write_text(text, encoding="utf-8")
    print(out)
    return 0
