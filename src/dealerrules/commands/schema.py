"""`dealerrules schema`: what editors need to complete and check policy files.

Place in the flow: a command; it prints the JSON Schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

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
        Path(arguments.out).write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0
