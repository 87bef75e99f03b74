"""`dealerrules explain`: why one subject's answers are what they are.

Place in the flow: a command; it looks one record up and prints its explanation.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dealerrules.commands import UsageError
from dealerrules.commands.reading import asked_decisions, load_policies, on_records, read_data, say_faults
from dealerrules.records import SUBJECTS
from dealerrules.tables import Store

if TYPE_CHECKING:
    import argparse

HELP = "Explain the answers for one subject."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    on_records(parser)
    parser.add_argument("id", metavar="ID", help="the subject's id")
    parser.add_argument("--format", choices=["text", "markdown", "html", "json"], default="text")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    book = load_policies(arguments.policies)
    with ExitStack() as stack:
        data = read_data(arguments, stack, frames=False)
        faults = data.faults
        records = data.records if isinstance(data, Store) else data.records(id=arguments.id)
        found = [
            (subject, record)
            for subject, record in records
            if getattr(record, SUBJECTS[subject].id_field) == arguments.id
        ]
    if not found:
        say_faults([fault for fault in faults if fault.id == arguments.id], arguments.lang)
        said_so = "中没有记录" if arguments.lang == "zh" else "has no record"
        print(f"dealerrules: {arguments.records} {said_so} `{arguments.id}`", file=sys.stderr)
        return 1
    wanted = asked_decisions(book, arguments)
    for subject, record in found:
        names = [name for name in wanted if book.decisions[name].subject == subject]
        if not names:
            asked = ", ".join(f"`{name}`" for name in wanted)
            message = f"`{arguments.id}` is a {subject.replace('_', ' ')}, which {asked} is not about"
            if arguments.lang == "zh":
                message = f"`{arguments.id}` 的类型是 {subject}，{asked} 不评估这种记录"
            raise UsageError(message)
        answer = book.evaluate(record, as_of=arguments.as_of, subject=subject, decisions=names)
        explanation = answer.explain(arguments.lang)
        match arguments.format:
            case "json":
                print(json.dumps(explanation.to_dict(), ensure_ascii=False, indent=2))
            case "html":
                print(explanation.html)
            case "markdown":
                print(explanation.markdown.rstrip("\n"))
            case _:
                print(explanation.text.rstrip("\n"))
    return 0
