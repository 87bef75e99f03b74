"""`dealerrules advise`: who in a store is near a better answer, and who is about to lose one, by department.

Place in the flow: a command; it reads tables, asks for advice and writes a whole file or none.
"""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from dealerrules.advice.better import ranks
from dealerrules.commands import UsageError, check_output
from dealerrules.commands.lines import Line
from dealerrules.commands.reading import (
    asked_decisions,
    load_policies,
    on_error_argument,
    on_records,
    read_data,
    say_faults,
    say_nothing_written,
)
from dealerrules.diagnostics import nearest_word
from dealerrules.outputs import replacing
from dealerrules.policy.model import Tier
from dealerrules.values import Kind, days_before, months_before, read_date, read_literal

if TYPE_CHECKING:
    from datetime import date

    from dealerrules.book import PolicyBook
    from dealerrules.intake.stores import Tables
    from dealerrules.worklist import Worklist

HELP = "List who is near a better answer, and who is about to lose one, by department."
_FORMATS = {".csv": "csv", ".html": "html", ".htm": "html"}
_STEPS = re.compile(r"([1-9]\d{0,5})(?:\s*(?:steps?|步))?")
_ZH = {"天": " days", "个月": " months", "年": " years"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    on_records(parser)
    parser.add_argument(
        "--within",
        metavar="STEPS",
        type=_steps,
        default=1,
        help='how many steps to a better answer at most, such as "2 steps": one more of what is counted, or one other '
        "fact changed, is a step (default: 1 step)",
    )
    parser.add_argument(
        "--until",
        metavar="DATE",
        type=_span,
        default="30 days",
        help='how far ahead to look for worse answers: a day, or a span such as "3 months" (default: 30 days)',
    )
    parser.add_argument(
        "--department",
        metavar="NAME",
        action="append",
        help="only this angle of a tier, by its id or title (may be repeated)",
    )
    parser.add_argument(
        "--format", choices=["table", "csv", "html"], help="default: as FILE is called, or table"
    )
    parser.add_argument("--out", metavar="FILE", help="write here instead of to the screen")
    on_error_argument(parser)


def _steps(text: str) -> int:
    """Return how many steps an argument names."""
    found = _STEPS.fullmatch(text.strip())
    if found is None:
        message = f"a number of steps such as `1 step` or `2 steps` is needed, not `{text}`"
        raise argparse.ArgumentTypeError(message)
    return int(found[1])


def _span(text: str) -> str:
    """Return a day or a span as it is written, if it is one."""
    try:
        _last_day(text, read_date("2000-01-01"))
    except ValueError:
        message = f"a day such as `2014-10-31` or a span such as `30 days` is needed, not `{text}`"
        raise argparse.ArgumentTypeError(message) from None
    return text


def _last_day(text: str, as_of: date) -> date:
    """Return the last day to look at.

    Raises:
        ValueError: for a text that is neither a day nor a span.
    """
    said = text.strip()
    for zh, english in _ZH.items():
        said = re.sub(rf"\s*{zh}$", english, said)
    found = read_literal(said)
    match found.kind:
        case Kind.DATE:
            return read_date(said)
        case Kind.DAYS:
            return days_before(as_of, -int(cast("int", found.value)))
        case Kind.MONTHS:
            return months_before(as_of, -int(cast("int", found.value)))
        case _:
            raise ValueError(text)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dealerrules.worklist import Asked, worklist

    out = Path(arguments.out) if arguments.out is not None else None
    if out is not None:
        check_output(out, arguments.lang, arguments.records, arguments.mapping)
    form = arguments.format or (_FORMATS.get(out.suffix.lower(), "table") if out is not None else "table")
    until = _last_day(arguments.until, arguments.as_of)
    if until < arguments.as_of:
        raise UsageError(
            f"--until {until} 早于 --as-of {arguments.as_of}"
            if arguments.lang == "zh"
            else f"--until {until} lies before --as-of {arguments.as_of}"
        )
    book = load_policies(arguments.policies)
    names = _decisions(book, arguments)
    asked = Asked(
        names,
        arguments.as_of,
        arguments.within,
        until,
        arguments.lang,
        _departments(book, names, arguments),
    )
    with ExitStack() as stack:
        data = cast("Tables", read_data(arguments, stack, frames=True))
        faulty = say_faults(data.faults, arguments.lang)
        if faulty and arguments.on_error == "raise":
            say_nothing_written(faulty, arguments.lang)
            return 1
        line = Line()
        found = worklist(book, data, asked, line.say)
        line.done()
    if out is None:
        _write(found, form, sys.stdout)
    else:
        with replacing(out) as part, part.open("w", encoding="utf-8", newline="") as file:
            _write(found, form, file)
    return 1 if faulty else 0


def _write(found: Worklist, form: str, file: TextIO) -> None:
    from dealerrules.worklist_page import as_csv, as_page, as_text

    match form:
        case "csv":
            as_csv(found, file)
        case "html":
            file.write(as_page(found))
        case _:
            file.write(as_text(found))


def _decisions(book: PolicyBook, arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the decisions that are asked about: by name, or else every tier."""
    zh = arguments.lang == "zh"
    if not arguments.decision:
        tiers = tuple(sorted(name for name, made in book.decisions.items() if isinstance(made, Tier)))
        if not tiers:
            raise UsageError(
                "政策里没有客户级别；请用 --decision 指明决策"
                if zh
                else "there is no tier among the policies; name a decision with --decision"
            )
        return tiers
    names = tuple(dict.fromkeys(asked_decisions(book, arguments)))
    for name in names:
        model = book.decisions[name]
        if not ranks(model):
            raise UsageError(
                f"`{name}` 没有说明哪个结果更好"
                if zh
                else f"`{name}` does not say which of its answers is better"
            )
    return names


def _departments(
    book: PolicyBook, names: tuple[str, ...], arguments: argparse.Namespace
) -> frozenset[str] | None:
    """Return the angles that are asked for, by id or title; none when all are."""
    if not arguments.department:
        return None
    angles = [angle for name in names for angle in getattr(book.decisions[name], "angles", ())]
    known = {each: angle.id for angle in angles for each in (angle.title.zh, angle.title.en) if each}
    known |= {angle.id: angle.id for angle in angles}
    for name in arguments.department:
        if name not in known:
            near = nearest_word(name, known)
            if arguments.lang == "zh":
                message = f"没有部门 `{name}`" + (f"；是不是想写 `{near}`？" if near else "")
            else:
                message = f"there is no department `{name}`" + (f"; did you mean `{near}`?" if near else "")
            raise UsageError(message)
    return frozenset(known[name] for name in arguments.department)
