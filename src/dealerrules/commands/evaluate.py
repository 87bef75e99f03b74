"""`dealerrules evaluate`: records in, answers out, as a table, JSON lines, CSV or Parquet.

Place in the flow: a command; it reads tables, evaluates and writes whole files or none.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dealerrules.commands import UsageError, check_output
from dealerrules.commands.answers import write_answers
from dealerrules.commands.lines import Progress
from dealerrules.commands.reading import (
    by_subject,
    load_policies,
    on_error_argument,
    on_records,
    read_data,
    records_of,
    say_faults,
    say_nothing_written,
)
from dealerrules.outputs import replacing, write_parquet, write_rejected
from dealerrules.records import SUBJECTS
from dealerrules.tables import Store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping

    from dealerrules.answer import Answer
    from dealerrules.book import PolicyBook
    from dealerrules.intake.stores import Tables
    from dealerrules.records import Record

HELP = "Evaluate records and print or write the answers."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    on_records(parser)
    parser.add_argument(
        "--format", choices=["table", "jsonl", "csv", "parquet"], help="default: as FILE is called, or table"
    )
    parser.add_argument("--out", metavar="FILE", help="write here instead of to the screen")
    parser.add_argument(
        "--subject", metavar="NAME", choices=sorted(SUBJECTS), help="only records of this subject"
    )
    on_error_argument(parser)
    parser.add_argument(
        "--rejected",
        metavar="FILE",
        help="write the rejected rows here (default with skip: OUT.rejected.csv)",
    )


_FORMATS = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    zh = arguments.lang == "zh"
    out = Path(arguments.out) if arguments.out is not None else None
    form = arguments.format or (_FORMATS.get(out.suffix.lower(), "table") if out is not None else "table")
    rejected = Path(arguments.rejected) if arguments.rejected is not None else None
    if out is not None and rejected is None and arguments.on_error == "skip":
        rejected = out.with_name(f"{out.name}.rejected.csv")
    for path in (out, rejected):
        if path is not None:
            check_output(path, arguments.lang, arguments.records, arguments.mapping)
    if out is not None and rejected is not None and _same(out, rejected):
        raise UsageError(
            "--out 和 --rejected 是同一个文件" if zh else "--out and --rejected name the same file"
        )
    if form == "parquet" and out is None:
        raise UsageError("parquet 格式需要 --out FILE" if zh else "the format parquet needs --out FILE")
    book = load_policies(arguments.policies)
    wanted = by_subject(book, arguments)
    with ExitStack() as stack:
        data = read_data(arguments, stack, frames=form == "parquet")
        faulty = say_faults(data.faults, arguments.lang)
        if faulty and rejected is not None:
            _write_rejected(rejected, data, arguments)
        if faulty and arguments.on_error == "raise":
            say_nothing_written(faulty, arguments.lang)
            return 1
        if out is None:
            answers = _evaluated(book, records_of(data, wanted), wanted, arguments)
            write_answers(answers, form, sys.stdout, arguments.lang)
        elif form == "parquet":
            write_parquet(out, book, cast("Tables", data), wanted, arguments.as_of)
        else:
            answers = _evaluated(book, records_of(data, wanted), wanted, arguments)
            with replacing(out) as part, part.open("w", encoding="utf-8", newline="") as file:
                write_answers(answers, form, file, arguments.lang)
    return 1 if faulty else 0


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _write_rejected(path: Path, data: Store | Tables, arguments: argparse.Namespace) -> None:
    """Write the rows that are left out, with the reasons."""
    zh = arguments.lang == "zh"
    if isinstance(data, Store):
        rows: Iterable[tuple[str | None, ...]] = (
            (
                SUBJECTS[fault.subject].table if fault.subject in SUBJECTS else "",
                *str(fault.place).rpartition(":")[::2],
                fault.id,
                fault.message_zh if zh else fault.message,
                "",
            )
            for fault in data.rejected
        )
    else:
        rows = data.rejected_rows(arguments.lang)
    count = write_rejected(path, rows)
    if zh:
        print(f"{count:,}行被拒，连同原因写在 {path}", file=sys.stderr)
    else:
        print(f"{count:,} row{'s' * (count != 1)} rejected: see {path}", file=sys.stderr)


def _evaluated(
    book: PolicyBook,
    records: Iterable[tuple[str, Record]],
    wanted: Mapping[str, tuple[str, ...]],
    arguments: argparse.Namespace,
) -> Iterator[Answer]:
    progress = Progress(arguments.lang)
    for subject, record in records:
        if subject in wanted:
            yield book.evaluate(record, as_of=arguments.as_of, decisions=wanted[subject])
        progress.step()
    progress.done()
