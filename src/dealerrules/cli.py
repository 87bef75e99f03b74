"""The command line: the house for people who write no Python.

Place in the flow: around it; every command (``commands``) reads files, calls the public API and prints. Exit codes:
0 fine, 1 the input has errors, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from dealerrules.commands import UsageError
from dealerrules.diagnostics import PolicyError, render_all
from dealerrules.disk import told
from dealerrules.faults import RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "evaluate",
    "explain",
    "advise",
    "report",
    "replay",
    "check",
    "test",
    "diff",
    "handbook",
    "init",
    "demo",
    "facts",
    "schema",
)
"""In the order of the help; each is a module of ``commands``."""
_MODULES = {"test": "cases"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = sys.argv[1:] if argv is None else list(argv)
    parser = _parser([given[0]] if given and given[0] in COMMANDS else COMMANDS)
    try:
        import argcomplete  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        pass
    else:
        argcomplete.autocomplete(parser)
    arguments = parser.parse_args(given)
    try:
        code = int(arguments.run(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()  # now, while what fails can still be told
    except PolicyError as error:
        color = sys.stderr.isatty()
        print(render_all(error.diagnostics, arguments.lang, color=color), file=sys.stderr)
    except RecordError as error:
        print(error.text(arguments.lang), file=sys.stderr)
    except UsageError as error:
        print(f"dealerrules: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        said = told(error, arguments.lang)
        if said is None:
            raise
        print(f"dealerrules: {said}", file=sys.stderr)
        _close_stdout()
    else:
        return code
    return 1


def _close_stdout() -> None:
    """Give up what the screen, or a full disk in its place, did not take, so that it does not fail again at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(names: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of some commands: the one that is called, or all for the help; each loads what it needs."""
    parser = argparse.ArgumentParser(
        prog="dealerrules", description="Dealership policies, evaluated and explained."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        module = import_module(f"dealerrules.commands.{_MODULES.get(name, name)}")
        made = commands.add_parser(name, help=module.HELP, description=module.HELP)
        made.add_argument("--lang", choices=["zh", "en"], default="en", help="language of what is printed")
        made.set_defaults(run=module.run)
        module.arguments(made)
    return parser
