"""The command line: the house for people who write no Python.

Place in the flow: around it; every command reads files, calls the public API and prints. Exit codes: 0 fine,
1 the input has errors, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from unicodedata import east_asian_width

from dealerrules.book import Answer, PolicyBook, load
from dealerrules.diagnostics import PolicyError, nearest_word, render_all
from dealerrules.faults import RecordError
from dealerrules.outcome import OfferOutcome, PayoutOutcome, RulesOutcome, StageOutcome, TierOutcome
from dealerrules.records import SUBJECTS
from dealerrules.tables import Store, read_store
from dealerrules.values import Kind, read_date
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dealerrules.faults import Fault
    from dealerrules.outcome import AnyOutcome

DEMO_DAY = "2014-09-30"
DEMO_CUSTOMERS = 2000


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
        made.add_argument("records", metavar="RECORDS", help="a directory of CSV tables, or a .jsonl file")
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
    made.add_argument("--format", choices=["table", "jsonl", "csv"], default="table")
    made.add_argument("--out", metavar="FILE", help="write here instead of to the screen")
    made.add_argument(
        "--on-error", choices=["raise", "skip"], default="raise", help="skip: go on with the good records"
    )

    made = command("explain", "Explain the answers for one subject.", _explain)
    on_records(made)
    made.add_argument("id", metavar="ID", help="the subject's id")
    made.add_argument("--format", choices=["text", "markdown", "html", "json"], default="text")

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


def _read(arguments: argparse.Namespace) -> tuple[PolicyBook, Store]:
    return _load(arguments.policies), read_store(arguments.records, as_of=arguments.as_of)


def _say_faults(faults: Iterable[Fault], lang: str) -> int:
    count = 0
    for fault in faults:
        print(fault.text(lang), file=sys.stderr)
        count += 1
    return count


def _evaluate(arguments: argparse.Namespace) -> int:
    book, store = _read(arguments)
    faulty = _say_faults(store.faults, arguments.lang)
    if faulty and arguments.on_error == "raise":
        if arguments.lang == "zh":
            said_so = f"{faulty}处错误：没有写出任何结果；加上 `--on-error skip` 可以跳过这些记录"
        else:
            said_so = f"{faulty} fault{'s' * (faulty != 1)}: nothing was written; `--on-error skip` goes on without these records"
        print(said_so, file=sys.stderr)
        return 1
    answers = list(_answers(book, store, arguments))
    if arguments.out is None:
        _write(answers, arguments.format, sys.stdout, arguments.lang)
    else:
        _write_file(Path(arguments.out), answers, arguments.format, arguments.lang)
    return 1 if faulty else 0


def _answers(book: PolicyBook, store: Store, arguments: argparse.Namespace) -> Iterable[Answer]:
    wanted = _decisions(book, arguments)
    progress = _Progress(len(store.records))
    for subject, record in store.records:
        names = [name for name in wanted if book.decisions[name].subject == subject]
        if names:
            yield book.evaluate(record, as_of=arguments.as_of, decisions=tuple(names))
        progress.step()
    progress.done()


class _Progress:
    """A counter on stderr, for long work, on a terminal only."""

    def __init__(self, total: int) -> None:
        self.total, self.at = total, 0
        self.shown = sys.stderr.isatty() and total > 5000

    def step(self) -> None:
        self.at += 1
        if self.shown and self.at % 1000 == 0:
            print(f"\r{self.at:,} / {self.total:,}", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        if self.shown:
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)


def _write_file(path: Path, answers: list[Answer], form: str, lang: str) -> None:
    """Write to a temporary name and rename, so that a killed run leaves the old file or the new one."""
    if not path.parent.is_dir():
        message = f"没有目录 `{path.parent}`" if lang == "zh" else f"there is no directory `{path.parent}`"
        raise _UsageError(message)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(temporary).chmod(mode)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            _write(answers, form, file, lang)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _write(answers: list[Answer], form: str, out: TextIO, lang: str) -> None:
    match form:
        case "jsonl":
            out.writelines(json.dumps(answer.to_dict(), ensure_ascii=False) + "\n" for answer in answers)
        case "csv":
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(
                ["subject", "id", "decision", "status", "answer", "because", "undetermined", "missing"]
            )
            for answer in answers:
                for name, outcome in answer.items():
                    lists = (outcome.because, outcome.undetermined, outcome.missing)
                    joined = [" ".join(each) for each in lists]
                    writer.writerow(
                        [answer.subject, answer.id, name, outcome.status.value, said(outcome), *joined]
                    )
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
    book, store = _read(arguments)
    found = [
        (subject, record)
        for subject, record in store.records
        if getattr(record, SUBJECTS[subject].id_field) == arguments.id
    ]
    if not found:
        mine = [fault for fault in store.faults if fault.id == arguments.id]
        _say_faults(mine, arguments.lang)
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
        write_tables(directory, count=arguments.customers, as_of=arguments.as_of)
        store = read_store(directory, as_of=arguments.as_of)
    _say_faults(store.faults, arguments.lang)
    answers = [book.evaluate(record, as_of=arguments.as_of) for _, record in store.records]
    customers = [answer for answer in answers if answer.subject == "customer"]
    if zh:
        print(
            f"虚构门店：{len(customers)}位客户，{len(answers) - len(customers)}条其他记录，评估日 {arguments.as_of}\n"
        )
    else:
        others = len(answers) - len(customers)
        print(
            f"an artificial store: {len(customers):,} customers and {others:,} other records, as of {arguments.as_of}\n"
        )
    for name in ("tier", "churn_stage"):
        _tally(book, name, customers, arguments.lang)
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


def _answer_word(outcome: AnyOutcome) -> str:
    return outcome.band or "" if isinstance(outcome, PayoutOutcome) else said(outcome)


def _tally(book: PolicyBook, name: str, answers: list[Answer], lang: str) -> None:
    """Print how many subjects a decision puts where."""
    counts = Counter(said(answer[name]) for answer in answers)
    model = book.decisions[name]
    titles = {each.id: each.title for each in getattr(model, "levels", ())}
    titles.update({key: each.title for key, each in getattr(model, "stages", {}).items()})
    rows = [
        [
            key or "-",
            titles[key].get(lang) if key in titles else "",
            f"{count:,}",
            f"{100 * count / len(answers):.1f}%",
        ]
        for key, count in counts.most_common()
    ]
    heads = [name, "", "人数", "占比"] if lang == "zh" else [name, "", "customers", "share"]
    print(table(heads, rows))
