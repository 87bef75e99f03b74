"""The command line: the house for people who write no Python.

Place in the flow: around it; every command reads files, calls the public API and prints. Exit codes: 0 fine,
1 the input has errors, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeAlias, cast
from unicodedata import east_asian_width

from dealerrules.book import Answer, PolicyBook, load
from dealerrules.diagnostics import PolicyError, nearest_word, render_all
from dealerrules.faults import RecordError
from dealerrules.outcome import OfferOutcome, PayoutOutcome, RulesOutcome, StageOutcome, TierOutcome
from dealerrules.outputs import replacing, write_csv, write_parquet, write_rejected
from dealerrules.records import SUBJECTS
from dealerrules.tables import Store, read_store, read_tables
from dealerrules.values import Kind, read_date
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dealerrules.faults import Fault
    from dealerrules.intake.stores import Tables
    from dealerrules.outcome import AnyOutcome
    from dealerrules.records import Record

DEMO_DAY = "2014-09-30"
DEMO_CUSTOMERS = 2000
DEMO_ONE_BY_ONE = 20_000
"""Up to so many customers the demo evaluates one by one; above, as a whole, and it explains some of the first ones."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = _parser()
    try:
        import argcomplete  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        pass
    else:
        argcomplete.autocomplete(parser)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except PolicyError as error:
        color = sys.stderr.isatty()
        print(render_all(error.diagnostics, arguments.lang, color=color), file=sys.stderr)
    except RecordError as error:
        print(error.text(arguments.lang), file=sys.stderr)
    except _UsageError as error:
        print(f"dealerrules: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"dealerrules: {error.filename or 'files'}: {error.strerror or error}", file=sys.stderr)
    return 1


class _UsageError(ValueError):
    """The command cannot be carried out as it was given."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dealerrules", description="Dealership policies, evaluated and explained."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help_: str, run: object) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_, description=help_)
        made.add_argument("--lang", choices=["zh", "en"], default="en", help="language of what is printed")
        made.set_defaults(run=run)
        return made

    def on_records(made: argparse.ArgumentParser) -> None:
        made.add_argument(
            "records", metavar="RECORDS", help="a directory of tables, an Excel workbook, or a .jsonl file"
        )
        made.add_argument(
            "--mapping", metavar="FILE", help="what the export calls things (default: RECORDS/mapping.yaml)"
        )
        made.add_argument(
            "--policies", metavar="DIR", help="policy files (default: those that ship with the library)"
        )
        made.add_argument(
            "--as-of", metavar="DATE", required=True, type=_date, help="the day, such as 2014-09-30"
        )
        made.add_argument(
            "--decision", metavar="NAME", action="append", help="only this decision (may be repeated)"
        )

    made = command("evaluate", "Evaluate records and print or write the answers.", _evaluate)
    on_records(made)
    made.add_argument(
        "--format", choices=["table", "jsonl", "csv", "parquet"], help="default: as FILE is called, or table"
    )
    made.add_argument("--out", metavar="FILE", help="write here instead of to the screen")
    made.add_argument(
        "--subject", metavar="NAME", choices=sorted(SUBJECTS), help="only records of this subject"
    )
    made.add_argument(
        "--on-error", choices=["raise", "skip"], default="raise", help="skip: go on with the good records"
    )
    made.add_argument(
        "--rejected",
        metavar="FILE",
        help="write the rejected rows here (default with skip: OUT.rejected.csv)",
    )

    made = command("explain", "Explain the answers for one subject.", _explain)
    on_records(made)
    made.add_argument("id", metavar="ID", help="the subject's id")
    made.add_argument("--format", choices=["text", "markdown", "html", "json"], default="text")

    made = command("report", "Write one page about a whole store: tiers, churn, rates, what is due.", _report)
    made.add_argument(
        "records", metavar="RECORDS", help="a directory of tables, an Excel workbook, or a .jsonl file"
    )
    made.add_argument(
        "--as-of", metavar="DATE", required=True, type=_date, help="the day, such as 2014-09-30"
    )
    made.add_argument("--out", metavar="FILE", required=True, help="the page, such as report.html")
    made.add_argument(
        "--month", metavar="MONTH", help="of the rates, such as 2014-09 (default: the latest that is over)"
    )
    made.add_argument(
        "--policies", metavar="DIR", help="policy files (default: those that ship with the library)"
    )
    made.add_argument(
        "--mapping", metavar="FILE", help="what the export calls things (default: RECORDS/mapping.yaml)"
    )
    made.add_argument("--days", type=int, default=30, help="how far ahead to list what ends (default: 30)")
    made.add_argument(
        "--on-error", choices=["raise", "skip"], default="raise", help="skip: go on with the good records"
    )

    made = command("check", "Check policy files; every mistake is shown where it stands.", _check)
    made.add_argument("policies", metavar="DIR", nargs="+")
    made.add_argument("--format", choices=["text", "json"], default="text")

    made = command("test", "Run the policies' own worked cases (*.cases.yaml).", _test)
    made.add_argument("policies", metavar="DIR", nargs="+")

    made = command("init", "Copy the shipped policies and their cases to a directory.", _init)
    made.add_argument("directory", metavar="DIR")

    made = command("demo", "Make an artificial store, evaluate it and explain some outcomes.", _demo)
    made.add_argument("--customers", type=int, default=DEMO_CUSTOMERS)
    made.add_argument("--as-of", type=_date, default=date.fromisoformat(DEMO_DAY))
    made.add_argument("--keep", metavar="DIR", help="keep the store's tables here")
    made.add_argument("--format", choices=["csv", "parquet"], default="csv", help="of the store's tables")

    made = command("facts", "List the facts that a rule may use.", _facts)
    made.add_argument("policies", metavar="DIR", nargs="*", help="policy files that add facts of their own")

    made = command("schema", "Print the JSON Schema of policy files.", _schema)
    made.add_argument("--out", metavar="FILE")
    return parser


def _date(text: str) -> date:
    try:
        return read_date(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def shipped_policies() -> Path:
    """Return the directory of the policies that ship with the library."""
    inside = Path(__file__).parent / "policies"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "policies"


def _load(policies: str | None) -> PolicyBook:
    return load(policies if policies is not None else shipped_policies())


def _decisions(book: PolicyBook, arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the decisions that are asked for by name; all of them when none is."""
    wanted = arguments.decision or sorted(book.decisions)
    for name in wanted:
        if name not in book.decisions:
            near = nearest_word(name, book.decisions)
            if arguments.lang == "zh":
                message = f"没有决策 `{name}`" + (f"；是不是想写 `{near}`？" if near else "")
            else:
                message = f"there is no decision `{name}`" + (f"; did you mean `{near}`?" if near else "")
            raise _UsageError(message)
    return tuple(wanted)


# ---------------------------------------------------------------------------------------------------
# Records in, answers out


def _is_lines(path: str) -> bool:
    """Tell whether records are a file of JSON lines, which is read without polars."""
    return Path(path).suffix.lower() == ".jsonl" and not Path(path).is_dir()


def _say_faults(faults: Iterable[Fault], lang: str) -> int:
    count = 0
    for fault in faults:
        print(fault.text(lang), file=sys.stderr)
        count += 1
    return count


_FORMATS = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}


def _evaluate(arguments: argparse.Namespace) -> int:
    zh = arguments.lang == "zh"
    out = Path(arguments.out) if arguments.out is not None else None
    form = arguments.format or (_FORMATS.get(out.suffix.lower(), "table") if out is not None else "table")
    rejected = Path(arguments.rejected) if arguments.rejected is not None else None
    if out is not None and rejected is None and arguments.on_error == "skip":
        rejected = out.with_name(f"{out.name}.rejected.csv")
    for path in (out, rejected):
        if path is not None and not path.parent.is_dir():
            raise _UsageError(f"没有目录 `{path.parent}`" if zh else f"there is no directory `{path.parent}`")
    if form == "parquet" and out is None:
        raise _UsageError("parquet 格式需要 --out FILE" if zh else "the format parquet needs --out FILE")
    book = _load(arguments.policies)
    wanted = _by_subject(book, arguments)
    with ExitStack() as stack:
        data = _data(arguments, stack, frames=form == "parquet")
        faulty = _say_faults(data.faults, arguments.lang)
        if faulty and rejected is not None:
            _write_rejected(rejected, data, arguments)
        if faulty and arguments.on_error == "raise":
            _say_nothing_written(faulty, arguments.lang)
            return 1
        if out is None:
            answers = _answers(book, _records(data, wanted), wanted, arguments)
            _write(answers, form, sys.stdout, arguments.lang)
        elif form == "parquet":
            write_parquet(out, book, cast("Tables", data), wanted, arguments.as_of)
        else:
            answers = _answers(book, _records(data, wanted), wanted, arguments)
            with replacing(out) as part, part.open("w", encoding="utf-8", newline="") as file:
                _write(answers, form, file, arguments.lang)
    return 1 if faulty else 0


def _report(arguments: argparse.Namespace) -> int:
    from dealerrules.report_page import page

    out = Path(arguments.out)
    if not out.parent.is_dir():
        zh = arguments.lang == "zh"
        raise _UsageError(f"没有目录 `{out.parent}`" if zh else f"there is no directory `{out.parent}`")
    book = _load(arguments.policies)
    with ExitStack() as stack:
        data = cast("Tables", _data(arguments, stack, frames=True))
        faulty = _say_faults(data.faults, arguments.lang)
        if faulty and arguments.on_error == "raise":
            _say_nothing_written(faulty, arguments.lang)
            return 1
        line = _Line()
        said = page(
            book,
            data,
            as_of=arguments.as_of,
            month=arguments.month,
            lang=arguments.lang,
            days=arguments.days,
            read=data.counts,
            progress=line.say,
        )
        line.done()
    with replacing(out) as part:
        part.write_text(said, encoding="utf-8")
    return 1 if faulty else 0


def _say_nothing_written(faulty: int, lang: str) -> None:
    """Say that there are faults, and how to go on in spite of them."""
    if lang == "zh":
        said_so = f"{faulty}处错误：没有写出任何结果；加上 `--on-error skip` 可以跳过这些记录"
    else:
        said_so = f"{faulty} fault{'s' * (faulty != 1)}: nothing was written; `--on-error skip` goes on without these records"
    print(said_so, file=sys.stderr)


def _data(arguments: argparse.Namespace, stack: ExitStack, *, frames: bool) -> Store | Tables:
    """Read the records: as frames where they stand in tables, or are wanted so."""
    if _is_lines(arguments.records) and not frames:
        return read_store(arguments.records, as_of=arguments.as_of)
    counter = _Counter()
    tables = stack.enter_context(
        read_tables(arguments.records, as_of=arguments.as_of, mapping=arguments.mapping, progress=counter)
    )
    counter.done()
    _say_faults(tables.notes, arguments.lang)
    return tables


def _by_subject(book: PolicyBook, arguments: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """Return the decisions that are asked for, by subject, in the order of the records."""
    names = _decisions(book, arguments)
    found = {
        subject: tuple(name for name in names if book.decisions[name].subject == subject)
        for subject in SUBJECTS
        if getattr(arguments, "subject", None) in {None, subject}
    }
    return {subject: mine for subject, mine in found.items() if mine}


def _records(data: Store | Tables, wanted: Iterable[str]) -> Iterable[tuple[str, Record]]:
    if isinstance(data, Store):
        return data.records
    return data.records(tuple(wanted))


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


def _answers(
    book: PolicyBook,
    records: Iterable[tuple[str, Record]],
    wanted: Mapping[str, tuple[str, ...]],
    arguments: argparse.Namespace,
) -> Iterator[Answer]:
    progress = _Progress(arguments.lang)
    for subject, record in records:
        if subject in wanted:
            yield book.evaluate(record, as_of=arguments.as_of, decisions=wanted[subject])
        progress.step()
    progress.done()


class _Line:
    """One line on stderr that is written over, for long work, on a terminal only."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()

    def say(self, text: str) -> None:
        if self.shown:
            print(f"\r{text[: WIDTH - 1].ljust(WIDTH - 1)}", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        if self.shown:
            print("\r" + " " * (WIDTH - 1) + "\r", end="", file=sys.stderr, flush=True)


class _Counter(_Line):
    """How far the reading of files has come."""

    def __call__(self, file: str, rows: int) -> None:
        said = f"{file}: {rows:,}"
        self.say(said if len(said) < WIDTH else f"…{said[2 - WIDTH :]}")


class _Progress(_Line):
    """How many records have been evaluated."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.at, self.what = 0, "已评估" if lang == "zh" else "evaluated"

    def step(self) -> None:
        self.at += 1
        if self.at % 1000 == 0:
            self.say(f"{self.what}: {self.at:,}")


def _write(answers: Iterable[Answer], form: str, out: TextIO, lang: str) -> None:
    match form:
        case "jsonl":
            out.writelines(json.dumps(answer.to_dict(), ensure_ascii=False) + "\n" for answer in answers)
        case "csv":
            heads = ["subject", "id", "decision", "status", "answer", "because", "undetermined", "missing"]
            write_csv(out, heads, (row for answer in answers for row in _long_rows(answer)))
        case _:
            rows = [
                [answer.id or "", name, _shown(outcome, lang), _why(outcome, lang)]
                for answer in answers
                for name, outcome in answer.items()
            ]
            heads = (
                ["对象", "决策", "结果", "因为"] if lang == "zh" else ["id", "decision", "answer", "because"]
            )
            out.write(table(heads, rows))


def _long_rows(answer: Answer) -> Iterator[list[str]]:
    """Yield a row of text for each decision of an answer."""
    for name, outcome in answer.items():
        lists = (outcome.because, outcome.undetermined, outcome.missing)
        joined = [" ".join(each) for each in lists]
        yield [answer.subject, answer.id or "", name, outcome.status.value, said(outcome), *joined]


_STATUS = {"undetermined": "未定", "undefined": "无结果"}


def _shown(outcome: AnyOutcome, lang: str) -> str:
    """Return the answer for a table of people: the word, or how many rows answer, and the status unless decided."""
    word = said(outcome)
    if isinstance(outcome, RulesOutcome) and isinstance(outcome.value, tuple | dict):
        count = len(outcome.rows)
        word = "" if not count else f"{count}行" if lang == "zh" else f"{count} row{'s' * (count != 1)}"
    status = outcome.status.value
    open_ = "" if status == "decided" else _STATUS[status] if lang == "zh" else status
    return ", ".join(part for part in (word, open_) if part) or "-"


def _why(outcome: AnyOutcome, lang: str) -> str:
    """Return the rules that grant the answer, and the facts that are missing to settle it."""
    because = [" ".join(outcome.because)] if outcome.because else []
    if outcome.missing:
        because.append(("缺：" if lang == "zh" else "missing: ") + " ".join(outcome.missing))
    elif outcome.reason is not None:
        because.append(outcome.reason.text(lang))
    return "; ".join(because)


def said(outcome: AnyOutcome) -> str:
    """Return the answer of an outcome in a word, as tables show it; empty where there is none."""
    match outcome:
        case TierOutcome():
            return outcome.level or ""
        case StageOutcome():
            return outcome.stage or ""
        case PayoutOutcome():
            return str(outcome.amount) if outcome.amount is not None else ""
        case OfferOutcome():
            return outcome.band or ""
        case RulesOutcome():
            value = outcome.value
            if isinstance(value, tuple | dict):
                return " ".join(row.id for row in outcome.rows)
            return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


WIDTH = 80
"""Columns that a table takes at most, wherever its cells can be broken."""


def table(heads: list[str], rows: list[list[str]], width: int = WIDTH) -> str:
    """Return rows as a plain table; wide characters count two columns, long cells go on below.

    Examples:
        >>> print(table(["id", "because"], [["C1", "sales.referred-3 sales.household"]], width=24), end="")
        id  because
        --  --------------------
        C1  sales.referred-3
            sales.household
    """
    everything = [heads, *rows]
    widths = [max(_columns(row[at]) for row in everything) for at in range(len(heads))]
    least = [
        max(max((_columns(piece.strip()) for piece in _pieces(row[at])), default=0) for row in everything)
        for at in range(len(heads))
    ]
    while sum(widths) + 2 * len(widths) - 2 > width:
        slack = [wide - low for wide, low in zip(widths, least, strict=True)]
        if max(slack) <= 0:
            break
        widths[max(range(len(widths)), key=lambda at: (slack[at] > 0, widths[at]))] -= 1
    out = io.StringIO()
    for number, row in enumerate(everything):
        cells = [_lines(cell, widths[at]) for at, cell in enumerate(row)]
        for line in range(max(map(len, cells))):
            parts = [cell[line] if line < len(cell) else "" for cell in cells]
            padded = [part + " " * (wide - _columns(part)) for part, wide in zip(parts, widths, strict=True)]
            out.write("  ".join(padded).rstrip() + "\n")
        if number == 0:
            out.write("  ".join("-" * each for each in widths) + "\n")
    return out.getvalue()


_WIDE = r"\u3000-\u9fff\uff00-\uffef"
_WORD = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+\s*|\s+")
_PIECE = re.compile(rf"[{_WIDE}]|[^\s.{_WIDE}]*\.?\s*")


def _pieces(text: str) -> list[str]:
    """Cut text wherever a line may end: after spaces, Chinese characters and, at need, the dots of an id."""
    return [piece for piece in _PIECE.findall(text) if piece]


def _lines(text: str, width: int) -> list[str]:
    """Return a cell's text in lines of at most `width` columns, if its pieces are no longer than that."""
    lines = [""]
    for word in _WORD.findall(text):
        for piece in [word] if _columns(word.rstrip()) <= width else _pieces(word):
            if lines[-1] and _columns(lines[-1] + piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return [line.rstrip() for line in lines]


def _columns(text: str) -> int:
    """Count terminal columns: wide characters take two."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def _explain(arguments: argparse.Namespace) -> int:
    book = _load(arguments.policies)
    with ExitStack() as stack:
        data = _data(arguments, stack, frames=False)
        faults = data.faults
        records = data.records if isinstance(data, Store) else data.records(id=arguments.id)
        found = [
            (subject, record)
            for subject, record in records
            if getattr(record, SUBJECTS[subject].id_field) == arguments.id
        ]
    if not found:
        _say_faults([fault for fault in faults if fault.id == arguments.id], arguments.lang)
        said_so = "中没有记录" if arguments.lang == "zh" else "has no record"
        print(f"dealerrules: {arguments.records} {said_so} `{arguments.id}`", file=sys.stderr)
        return 1
    wanted = _decisions(book, arguments)
    for subject, record in found:
        names = [name for name in wanted if book.decisions[name].subject == subject]
        if not names:
            asked = ", ".join(f"`{name}`" for name in wanted)
            message = f"`{arguments.id}` is a {subject.replace('_', ' ')}, which {asked} is not about"
            if arguments.lang == "zh":
                message = f"`{arguments.id}` 的类型是 {subject}，{asked} 不评估这种记录"
            raise _UsageError(message)
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


# ---------------------------------------------------------------------------------------------------
# Policies


def _check(arguments: argparse.Namespace) -> int:
    try:
        book = load(arguments.policies)
        diagnostics = list(book.warnings)
        failed = False
    except PolicyError as error:
        diagnostics, failed = list(error.diagnostics), True
    if arguments.format == "json":
        print(
            json.dumps([each.to_dict(arguments.lang) for each in diagnostics], ensure_ascii=False, indent=2)
        )
    else:
        print(render_all(diagnostics, arguments.lang, color=sys.stdout.isatty()))
    return 1 if failed else 0


def _test(arguments: argparse.Namespace) -> int:
    from dealerrules.testing import load_cases, run_cases

    paths = [Path(each) for each in arguments.policies]
    book = load(paths)
    report = run_cases(book, load_cases(paths, book))
    lang = arguments.lang
    for failure in report.failures:
        print(f"{'未通过' if lang == 'zh' else 'FAILED'} {failure.case.place}: {failure.case.name}")
        for each in [failure.error] if failure.error else failure.differences:
            print("\n".join(f"    {line}" for line in each.text(lang).splitlines()))
        if failure.answer is not None:
            changed = sorted({each.decision for each in failure.differences})
            explanation = failure.answer.explain(lang, decisions=changed)
            print("\n".join(f"    | {line}".rstrip() for line in explanation.text.splitlines()))
    for threshold in report.uncovered:
        print(f"{'未覆盖' if lang == 'zh' else 'not covered'}: {threshold.text(lang)}")
    covered, thresholds = len(report.thresholds) - len(report.uncovered), len(report.thresholds)
    passed, cases = len(report.results) - len(report.failures), len(report.results)
    if lang == "zh":
        print(f"样例：共{cases}个，通过{passed}个")
        print(f"界限：共{thresholds}个，下方、正好、上方都有样例的{covered}个")
    else:
        print(f"cases: {passed} of {cases} passed")
        print(f"thresholds: {covered} of {thresholds} have cases below, on and above")
    return 1 if report.failures else 0


def _init(arguments: argparse.Namespace) -> int:
    target = Path(arguments.directory)
    files = sorted(shipped_policies().glob("*.yaml"))
    there = [target / file.name for file in files if (target / file.name).exists()]
    if there:
        said_so = (
            "没有写出任何文件，这些已经存在："
            if arguments.lang == "zh"
            else "nothing was written, these exist already:"
        )
        print(f"dealerrules: {said_so}", *(f"  {path}" for path in there), sep="\n", file=sys.stderr)
        return 1
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, target / file.name)
        print(target / file.name)
    return 0


def _facts(arguments: argparse.Namespace) -> int:
    book = load(arguments.policies) if arguments.policies else _load(None)
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


def _schema(arguments: argparse.Namespace) -> int:
    from dealerrules.policy.schema import policy_schema

    text = json.dumps(policy_schema(), ensure_ascii=False, indent=2) + "\n"
    if arguments.out:
        Path(arguments.out).write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0


# ---------------------------------------------------------------------------------------------------
# Demo


def _demo(arguments: argparse.Namespace) -> int:
    from dealerrules.demo import write_tables

    zh = arguments.lang == "zh"
    book = _load(None)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(arguments.keep) if arguments.keep else Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        write_tables(directory, count=arguments.customers, as_of=arguments.as_of, form=arguments.format)
        evaluated = _demo_as_a_whole if arguments.customers > DEMO_ONE_BY_ONE else _demo_one_by_one
        answers, tallies, (people, others) = evaluated(book, directory, arguments)
    customers = [answer for answer in answers if answer.subject == "customer"]
    if zh:
        print(f"虚构门店：{people}位客户，{others}条其他记录，评估日 {arguments.as_of}\n")
    else:
        print(
            f"an artificial store: {people:,} customers and {others:,} other records, as of {arguments.as_of}\n"
        )
    for name, counts in tallies.items():
        _tally(book, name, counts, arguments.lang)
    shown: list[tuple[Answer, str]] = []
    wanted = {
        "tier": "super_vip",
        "churn_stage": "wavering",
        "recall_bonus": "exceeded",
        "insurance_prepay_gift": "repair-10k-20k",
    }
    for name, answer_word in wanted.items():
        first = next(
            (answer for answer in answers if name in answer and _answer_word(answer[name]) == answer_word),
            None,
        )
        if first is not None:
            shown.append((first, name))
    open_ = next((answer for answer in customers if answer["tier"].status is Status.UNDETERMINED), None)
    if open_ is not None:
        shown.append((open_, "tier"))
    for answer, name in shown:
        print(answer.explain(arguments.lang, decisions=[name]).text.rstrip("\n"), end="\n\n")
    if arguments.keep:
        said_so = "接下来可以试" if zh else "to go on"
        print(f"{said_so}: dealerrules explain {arguments.keep} C000001 --as-of {arguments.as_of}")
    return 0


_Demo: TypeAlias = tuple[list[Answer], dict[str, Counter[str]], tuple[int, int]]
"""Answers to explain some of, tallies by decision, how many customers and others there are."""
_TALLIED = ("tier", "churn_stage")


def _demo_one_by_one(book: PolicyBook, directory: Path, arguments: argparse.Namespace) -> _Demo:
    """Evaluate the same store as JSON lines, which the base install can read."""
    from dealerrules.demo import write_jsonl

    del directory
    with tempfile.TemporaryDirectory() as temporary:
        lines = Path(temporary, "store.jsonl")
        write_jsonl(lines, count=arguments.customers, as_of=arguments.as_of)
        store = read_store(lines, as_of=arguments.as_of)
    _say_faults(store.faults, arguments.lang)
    answers = [book.evaluate(record, as_of=arguments.as_of) for _, record in store.records]
    customers = [answer for answer in answers if answer.subject == "customer"]
    tallies = {name: Counter(said(answer[name]) for answer in customers) for name in _TALLIED}
    return answers, tallies, (len(customers), len(answers) - len(customers))


def _demo_as_a_whole(book: PolicyBook, directory: Path, arguments: argparse.Namespace) -> _Demo:
    """Evaluate the tables at once and count; the answers are those of the first records alone, made anew."""
    from dealerrules import demo

    as_of = arguments.as_of
    with read_tables(directory, as_of=as_of) as tables:
        _say_faults(tables.faults, arguments.lang)
        found = book.evaluate_frame(tables, as_of=as_of, decisions=_TALLIED, check=False)
        tallies: dict[str, Counter[str]] = {}
        for name in _TALLIED:
            counts = found.group_by(name).len().sort("len", name, descending=[True, False]).collect()
            tallies[name] = Counter({word or "": count for word, count in counts.rows()})
        people = tallies["tier"].total()
        others = sum(counts.out for table, counts in tables.counts.items() if table in _OTHERS)
    some = min(arguments.customers, DEMO_CUSTOMERS)
    first = [book.evaluate(record, as_of=as_of) for record in demo.customers(some, as_of=as_of)]
    for subject, record in demo.subjects(some, as_of=as_of):
        first.append(book.evaluate(record, as_of=as_of, subject=subject))
    return first, tallies, (people, others)


_OTHERS = frozenset(subject.table for subject in SUBJECTS.values() if subject.name != "customer")


def _answer_word(outcome: AnyOutcome) -> str:
    return outcome.band or "" if isinstance(outcome, PayoutOutcome) else said(outcome)


def _tally(book: PolicyBook, name: str, counts: Counter[str], lang: str) -> None:
    """Print how many subjects a decision puts where."""
    model = book.decisions[name]
    titles = {each.id: each.title for each in getattr(model, "levels", ())}
    titles.update({key: each.title for key, each in getattr(model, "stages", {}).items()})
    rows = [
        [
            key or "-",
            titles[key].get(lang) if key in titles else "",
            f"{count:,}",
            f"{100 * count / counts.total():.1f}%",
        ]
        for key, count in counts.most_common()
    ]
    heads = [name, "", "人数", "占比"] if lang == "zh" else [name, "", "customers", "share"]
    print(table(heads, rows))
