"""`dealerrules facts`: what a rule may ask about each subject.

Place in the flow: a command; it lists the catalogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.book import load
from dealerrules.commands.reading import load_policies
from dealerrules.text_tables import WIDTH, table
from dealerrules.values import Kind

if TYPE_CHECKING:
    import argparse

HELP = "List the facts that a rule may use."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("policies", metavar="DIR", nargs="*", help="policy files that add facts of their own")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    book = load(arguments.policies) if arguments.policies else load_policies(None)
    for subject, facts in book.facts.items():
        print(f"{subject}")
        rows = [
            [name, _type_words(each.type.kind, each.type.options), each.title.get(arguments.lang)]
            for name, each in sorted(facts.items())
        ]
        heads = ["事实", "类型", "含义"] if arguments.lang == "zh" else ["fact", "type", "meaning"]
        print("".join(f"  {line}\n" for line in table(heads, rows, WIDTH - 2).splitlines()))
    return 0


def _type_words(kind: Kind, options: tuple[str, ...]) -> str:
    return " | ".join(options) if kind is Kind.CATEGORY else kind.value
