"""`dealerrules diff`: what an edit of the policies means, and whom it touches.

Place in the flow: a command; it loads two books, compares them and, where it is given records, evaluates both on them.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dealerrules.book import load
from dealerrules.commands import UsageError, check_output
from dealerrules.commands.lines import Line
from dealerrules.commands.reading import (
    as_date_argument,
    mapping_argument,
    on_error_argument,
    read_data,
    say_faults,
    say_nothing_written,
)
from dealerrules.diagnostics import PolicyError
from dealerrules.outputs import replacing, write_csv

if TYPE_CHECKING:
    import argparse

    from dealerrules.book import PolicyBook
    from dealerrules.diagnostics import Diagnostic
    from dealerrules.diff.comparison import PolicyDiff
    from dealerrules.diff.impact import Impact
    from dealerrules.intake.stores import Tables

HELP = "Say what an edit of the policies means, and whom it touches."
_FORMATS = {".json": "json", ".html": "html", ".htm": "html", ".md": "markdown", ".csv": "csv"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("old", metavar="OLD", help="the policies as they were: a directory or a file")
    parser.add_argument("new", metavar="NEW", help="the policies as they are")
    parser.add_argument(
        "--records",
        metavar="RECORDS",
        help="a store's records: a directory of tables, a workbook, or a .jsonl file",
    )
    parser.add_argument(
        "--as-of",
        metavar="DATE",
        type=as_date_argument,
        help="the day, such as 2014-09-30; needed with --records",
    )
    mapping_argument(parser)
    parser.add_argument(
        "--format",
        choices=["text", "json", "html", "markdown", "csv"],
        help="default: as FILE is called, or text; csv has the movers of --records",
    )
    parser.add_argument("--out", metavar="FILE", help="write here instead of to the screen")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit 1 when the meaning changed, as `git diff` does"
    )
    on_error_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dealerrules.diff.comparison import compare

    zh = arguments.lang == "zh"
    out = Path(arguments.out) if arguments.out is not None else None
    form = arguments.format or (_FORMATS.get(out.suffix.lower(), "text") if out is not None else "text")
    if out is not None:
        check_output(out, arguments.lang, arguments.old, arguments.new, arguments.records, arguments.mapping)
    if arguments.records is not None and arguments.as_of is None:
        raise UsageError("有 --records 时需要 --as-of DATE" if zh else "--records needs --as-of DATE")
    if arguments.records is None and form == "csv":
        raise UsageError("csv 格式需要 --records" if zh else "the format csv needs --records")
    diff = compare(*_books(arguments.old, arguments.new))
    impact, faulty = None, 0
    if arguments.records is not None:
        impact, faulty = _impact(diff, arguments)
        if impact is None:
            return 1
    said = _said(diff, impact, form, arguments.lang)
    if out is None:
        sys.stdout.write(said)
    else:
        with replacing(out) as part:
            part.write_text(said, encoding="utf-8")
    return 1 if faulty or (arguments.exit_code and not diff.same) else 0


def _books(*paths: str) -> list[PolicyBook]:
    """Load the books; the mistakes of all are told together."""
    books: list[PolicyBook] = []
    found: list[Diagnostic] = []
    for path in paths:
        try:
            books.append(load(path))
        except PolicyError as error:
            found += error.diagnostics
    if found:
        raise PolicyError(found)
    return books


def _impact(diff: PolicyDiff, arguments: argparse.Namespace) -> tuple[Impact | None, int]:
    """Return whom the edit touches, and how many faults the records have; nothing where these stop everything."""
    with ExitStack() as stack:
        data = cast("Tables", read_data(arguments, stack, frames=True))
        faulty = say_faults(data.faults, arguments.lang)
        if faulty and arguments.on_error == "raise":
            say_nothing_written(faulty, arguments.lang)
            return None, faulty
        line = Line()
        impact = diff.on(data, arguments.as_of, check=False, progress=line.say)
        line.done()
    return impact, faulty


def _said(diff: PolicyDiff, impact: Impact | None, form: str, lang: str) -> str:
    match form:
        case "json":
            return json.dumps(diff.to_dict(impact), ensure_ascii=False, indent=2) + "\n"
        case "html":
            return diff.html(lang, impact)
        case "markdown":
            return diff.markdown(lang, impact)
        case "csv":
            from dealerrules.diff.impact import COLUMNS

            assert impact is not None
            rows = io.StringIO()
            write_csv(rows, COLUMNS, impact.rows())
            return rows.getvalue()
        case _:
            return diff.text(lang, impact)
