"""`dealerrules report`: one page about a whole store.

Place in the flow: a command; it reads tables and writes the page.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dealerrules.commands import check_output
from dealerrules.commands.lines import Line
from dealerrules.commands.reading import (
    load_policies,
    on_error_argument,
    read_data,
    records_arguments,
    say_faults,
    say_nothing_written,
)
from dealerrules.outputs import replacing

if TYPE_CHECKING:
    import argparse

    from dealerrules.intake.stores import Tables

HELP = "Write one page about a whole store: tiers, churn, rates, what is due."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    records_arguments(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="the page, such as report.html")
    parser.add_argument(
        "--month", metavar="MONTH", help="of the rates, such as 2014-09 (default: the latest that is over)"
    )
    parser.add_argument("--days", type=int, default=30, help="how far ahead to list what ends (default: 30)")
    on_error_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dealerrules.report_page import page

    out = Path(arguments.out)
    check_output(out, arguments.lang, arguments.records, arguments.mapping)
    book = load_policies(arguments.policies)
    with ExitStack() as stack:
        data = cast("Tables", read_data(arguments, stack, frames=True))
        faulty = say_faults(data.faults, arguments.lang)
        if faulty and arguments.on_error == "raise":
            say_nothing_written(faulty, arguments.lang)
            return 1
        line = Line()
        said = page(
            book,
            data,
            as_of=arguments.as_of,
            month=arguments.month,
            lang=arguments.lang,
            days=arguments.days,
            read=data.counts,
            progress=line.say,
        )
        line.done()
    with replacing(out) as part:
        part.write_text(said, encoding="utf-8")
    return 1 if faulty else 0
