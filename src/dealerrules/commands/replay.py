"""`dealerrules replay`: answers of the past, worked out again and compared, and what other policies would have paid.

Place in the flow: a command; it reads answers as `evaluate --format jsonl` writes them, policies and records.
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dealerrules.book import load
from dealerrules.commands import check_output
from dealerrules.commands.reading import (
    load_policies,
    mapping_argument,
    policies_argument,
    read_data,
    records_of,
    say_faults,
)
from dealerrules.faults import Fault, RecordError
from dealerrules.intake.lines import read_jsonl
from dealerrules.outputs import replacing
from dealerrules.records import SUBJECTS
from dealerrules.replay import Cause, Due, Replay, check_answers, due_now, replay
from dealerrules.text_tables import table
from dealerrules.values import read_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from dealerrules.outcome import Json
    from dealerrules.records import Record

HELP = "Work answers of the past out again, and say what differs and why."

CAUSES = {
    Cause.POLICY: ("policies changed", "政策变了"),
    Cause.DATA: ("data changed", "数据变了"),
    Cause.LIBRARY: ("library changed", "库的版本变了"),
    Cause.NO_RECORD: ("no record any more", "记录没有了"),
    Cause.NO_DECISION: ("no such decision", "没有这项决策"),
    Cause.NONE: ("nothing changed: was the answer altered?", "什么都没变：结果被改过？"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("answers", metavar="ANSWERS", help="a .jsonl file that `evaluate` wrote")
    parser.add_argument(
        "--records",
        metavar="RECORDS",
        required=True,
        help="a directory of tables, an Excel workbook, or a .jsonl file",
    )
    mapping_argument(parser)
    policies_argument(parser)
    parser.add_argument(
        "--with", dest="new", metavar="NEW", help="other policies: what was paid, and what is due by them"
    )
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--out", metavar="FILE", help="write here instead of to the screen")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    out = Path(arguments.out) if arguments.out is not None else None
    if out is not None:
        check_output(out, arguments.lang, arguments.answers, arguments.records, arguments.mapping)
    book = load_policies(arguments.policies)
    new = load(arguments.new) if arguments.new is not None else None
    answers = read_answers(arguments.answers)
    check_answers(answers)
    parts: list[Replay] = []
    due: list[Due] | None = None if new is None else []
    faulty = 0
    for day in sorted({str(answer["as_of"]) for answer in answers}):
        of_day = [answer for answer in answers if answer["as_of"] == day]
        with ExitStack() as stack:
            records, faults = _records(arguments, read_date(day), stack)
        faulty += faults
        parts.append(replay(book, of_day, records))
        if new is not None and due is not None:
            due += due_now(new, of_day, records)
    found = Replay.together(parts)
    if arguments.format == "json":
        made: dict[str, Json] = found.to_dict()
        if due is not None:
            made["due"] = [each.to_dict() for each in due]
        text = json.dumps(made, ensure_ascii=False, indent=2) + "\n"
    else:
        text = told(found, due, arguments.lang)
    if out is None:
        print(text, end="")
    else:
        with replacing(out) as part:
            part.write_text(text, encoding="utf-8")
    return 0 if found.same and not faulty else 1


def read_answers(path: str) -> list[Mapping[str, Json]]:
    """Return the answers of a file of JSON lines.

    Raises:
        RecordError: naming each line that is none.
    """
    lines = list(read_jsonl(path))
    faults = [item for _, item in lines if isinstance(item, Fault)]
    if faults:
        raise RecordError(faults)
    return [
        cast("Mapping[str, Json]", {**cast("dict[str, object]", item), "\0place": place})
        for place, item in lines
    ]


def _records(
    arguments: argparse.Namespace, day: date, stack: ExitStack
) -> tuple[list[tuple[str, Record]], int]:
    """Return all records as of a day, with how many faults there are."""
    data = read_data(argparse.Namespace(**{**vars(arguments), "as_of": day}), stack, frames=False)
    return list(records_of(data, SUBJECTS)), say_faults(data.faults, arguments.lang)


SHOWN = 20
"""Differences, and payments, that are told one by one in the text."""


def told(found: Replay, due: list[Due] | None, lang: str) -> str:
    """Return what came of a replay, for people."""
    zh = lang == "zh"
    lines: list[str] = []
    if found.same:
        lines.append(
            f"{found.answers:,}个结果重算一遍，{found.outcomes:,}项全部相同"
            if zh
            else f"{_count(found.answers, 'answer')} worked out again, {_count(found.outcomes, 'outcome')}: all the same"
        )
    else:
        lines.append(
            f"{found.answers:,}个结果重算一遍，{found.outcomes:,}项中有 {found.differing:,} 项不同"
            if zh
            else f"{_count(found.answers, 'answer')} worked out again, {_count(found.outcomes, 'outcome')}: "
            f"{found.differing:,} not the same"
        )
    rows = [
        [
            each.id or "",
            each.decision,
            each.key,
            _short(each.before),
            _short(each.now),
            ("；" if zh else "; ").join(CAUSES[cause][zh] for cause in each.causes),
        ]
        for each in found.differences[:SHOWN]
    ]
    if rows:
        heads = (
            ["对象", "决策", "项", "当时", "现在", "原因"]
            if zh
            else ["id", "decision", "key", "then", "now", "cause"]
        )
        lines += ["", table(heads, rows).rstrip("\n")]
    if len(found.differences) > SHOWN:
        rest = len(found.differences) - SHOWN
        lines.append(f"另有 {rest:,} 处" if zh else f"and {rest:,} more")
    if due is not None:
        lines += ["", *_due(due, zh=zh)]
    return "\n".join(lines) + "\n"


def _due(due: list[Due], *, zh: bool) -> list[str]:
    changed = [each for each in due if each.paid != each.due]
    rows = [
        [each.id or "", each.decision, each.payee or "", _yuan(each.paid), _yuan(each.due), _yuan(each.delta)]
        for each in changed[:SHOWN]
    ]
    totals = [
        sum((amount for amount in amounts if amount is not None), Decimal("0.00"))
        for amounts in ([each.paid for each in due], [each.due for each in due], [each.delta for each in due])
    ]
    rows.append(["合计" if zh else "total", "", "", *map(_yuan, totals)])
    heads = (
        ["对象", "决策", "收款方", "已付", "应付", "差额"]
        if zh
        else ["id", "decision", "payee", "paid", "due", "delta"]
    )
    head = (
        f"{len(due):,} 笔付款中有 {len(changed):,} 笔会不同；已付的不改，只列差额（元）"
        if zh
        else f"{_count(len(due), 'payment')}, of which {len(changed):,} would be others; what was paid stays, the delta is told (yuan)"
    )
    open_ = sum(each.delta is None for each in due)
    more = [f"另有 {len(changed) - SHOWN:,} 笔" if zh else f"and {len(changed) - SHOWN:,} more"] * (
        len(changed) > SHOWN
    )
    if open_:
        more.append(
            f"{open_:,} 笔有一边没有金额，不计入差额"
            if zh
            else f"{open_:,} without an amount on one side are not in the delta"
        )
    return [head, "", table(heads, rows).rstrip("\n"), *more]


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"


def _yuan(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{amount:,.2f}"
