"""`dealerrules schema`: what editors need to complete and check policy files.

Place in the flow: a command; it prints the JSON Schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.commands import check_output
from dealerrules.outputs import replacing

if TYPE_CHECKING:
    import argparse

HELP = "Print the JSON Schema of policy files."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--out", metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dealerrules.policy.schema import policy_schema

    text = json.dumps(policy_schema(), ensure_ascii=False, indent=2) + "\n"
    if arguments.out:
        out = Path(arguments.out)
        check_output(out, arguments.lang)
        with replacing(out) as part:
            part.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0
