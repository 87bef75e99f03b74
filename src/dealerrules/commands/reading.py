"""Reading: the policies, records and decisions that a command names, and what is wrong with them.

Place in the flow: shared by all commands that look at records.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.book import load
from dealerrules.commands import UsageError, shipped_policies
from dealerrules.commands.lines import FileCounter
from dealerrules.diagnostics import nearest_word
from dealerrules.records import SUBJECTS
from dealerrules.tables import Store, read_store, read_tables
from dealerrules.values import read_date

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import ExitStack
    from datetime import date

    from dealerrules.book import PolicyBook
    from dealerrules.faults import Fault
    from dealerrules.intake.stores import Tables
    from dealerrules.records import Record


def policies_argument(parser: argparse.ArgumentParser) -> None:
    """Add where the policies are, for commands that have some to fall back on."""
    parser.add_argument(
        "--policies", metavar="DIR", help="policy files (default: those that ship with the library)"
    )


def mapping_argument(parser: argparse.ArgumentParser) -> None:
    """Add what the records are called."""
    parser.add_argument(
        "--mapping", metavar="FILE", help="what the export calls things (default: RECORDS/mapping.yaml)"
    )


def records_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the records are, what they are called, and the day."""
    parser.add_argument(
        "records", metavar="RECORDS", help="a directory of tables, an Excel workbook, or a .jsonl file"
    )
    mapping_argument(parser)
    policies_argument(parser)
    parser.add_argument(
        "--as-of", metavar="DATE", required=True, type=as_date_argument, help="the day, such as 2014-09-30"
    )


def on_records(parser: argparse.ArgumentParser) -> None:
    """Add what every command that evaluates records takes."""
    records_arguments(parser)
    parser.add_argument(
        "--decision", metavar="NAME", action="append", help="only this decision (may be repeated)"
    )


def on_error_argument(parser: argparse.ArgumentParser) -> None:
    """Add whether records with faults stop everything."""
    parser.add_argument(
        "--on-error", choices=["raise", "skip"], default="raise", help="skip: go on with the good records"
    )


def as_date_argument(text: str) -> date:
    """Return a day that an argument names."""
    try:
        return read_date(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def load_policies(policies: str | None) -> PolicyBook:
    """Load the policies that are named, or those that ship with the library."""
    return load(policies if policies is not None else shipped_policies())


def asked_decisions(book: PolicyBook, arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the decisions that are asked for by name; all of them when none is."""
    wanted = arguments.decision or sorted(book.decisions)
    for name in wanted:
        if name not in book.decisions:
            near = nearest_word(name, book.decisions)
            if arguments.lang == "zh":
                message = f"没有决策 `{name}`" + (f"；是不是想写 `{near}`？" if near else "")
            else:
                message = f"there is no decision `{name}`" + (f"; did you mean `{near}`?" if near else "")
            raise UsageError(message)
    return tuple(wanted)


def is_lines(path: str) -> bool:
    """Tell whether records are a file of JSON lines, which is read without polars."""
    return Path(path).suffix.lower() == ".jsonl" and not Path(path).is_dir()


def say_faults(faults: Iterable[Fault], lang: str) -> int:
    """Print faults of records on stderr; return how many."""
    count = 0
    for fault in faults:
        print(fault.text(lang), file=sys.stderr)
        count += 1
    return count


def say_nothing_written(faulty: int, lang: str) -> None:
    """Say that there are faults, and how to go on in spite of them."""
    if lang == "zh":
        said_so = f"{faulty}处错误：没有写出任何结果；加上 `--on-error skip` 可以跳过这些记录"
    else:
        said_so = f"{faulty} fault{'s' * (faulty != 1)}: nothing was written; `--on-error skip` goes on without these records"
    print(said_so, file=sys.stderr)


def read_data(arguments: argparse.Namespace, stack: ExitStack, *, frames: bool) -> Store | Tables:
    """Read the records: as frames where they stand in tables, or are wanted so."""
    if is_lines(arguments.records) and not frames:
        return read_store(arguments.records, as_of=arguments.as_of)
    counter = FileCounter()
    tables = stack.enter_context(
        read_tables(arguments.records, as_of=arguments.as_of, mapping=arguments.mapping, progress=counter)
    )
    counter.done()
    say_faults(tables.notes, arguments.lang)
    return tables


def by_subject(book: PolicyBook, arguments: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """Return the decisions that are asked for, by subject, in the order of the records."""
    names = asked_decisions(book, arguments)
    found = {
        subject: tuple(name for name in names if book.decisions[name].subject == subject)
        for subject in SUBJECTS
        if getattr(arguments, "subject", None) in {None, subject}
    }
    return {subject: mine for subject, mine in found.items() if mine}


def records_of(data: Store | Tables, wanted: Iterable[str]) -> Iterable[tuple[str, Record]]:
    """Return the records of the subjects that are wanted."""
    if isinstance(data, Store):
        return data.records
    return data.records(tuple(wanted))
