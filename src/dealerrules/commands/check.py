"""`dealerrules check`: every mistake in policy files, and everything suspicious, where it stands.

Place in the flow: a command; it prints what the analyser's lint finds.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import TYPE_CHECKING

from dealerrules.analysis.lint import check
from dealerrules.commands.reading import as_date_argument
from dealerrules.diagnostics import Severity, render_all

if TYPE_CHECKING:
    import argparse

HELP = "Check policy files; every mistake is shown where it stands."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("policies", metavar="DIR", nargs="+")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--strict", action="store_true", help="exit 1 for warnings too")
    parser.add_argument(
        "--today",
        metavar="DATE",
        type=as_date_argument,
        help="the day by which reviews are due (default: today)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    found = check(arguments.policies, today=arguments.today or date.today())  # noqa: DTZ011 - a manager's calendar
    if arguments.format == "json":
        print(json.dumps([each.to_dict(arguments.lang) for each in found], ensure_ascii=False, indent=2))
    else:
        print(render_all(found, arguments.lang, color=sys.stdout.isatty()))
    errors = any(each.severity is Severity.ERROR for each in found)
    return 1 if errors or (arguments.strict and found) else 0
