"""`dealerrules test`: the policies' own worked cases: run, measured, proposed, and tried on changed policies.

Place in the flow: a command; it prints what ``cases``, ``coverage``, ``proposing`` and ``mutation`` find.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from dealerrules.book import load
from dealerrules.cases.coverage import run_cases
from dealerrules.cases.running import load_cases, policies_among
from dealerrules.cases.targets import KINDS
from dealerrules.commands import UsageError, check_output
from dealerrules.commands.lines import Line
from dealerrules.outputs import replacing
from dealerrules.pages import plain

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from dealerrules.cases.mutation import MutationReport
    from dealerrules.cases.targets import Target, TestReport

HELP = "Run the policies' own worked cases (*.cases.yaml)."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("policies", metavar="DIR", nargs="+")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument(
        "--coverage", action="store_true", help="list all that cases can show, not only what none shows"
    )
    parser.add_argument(
        "--mutate",
        action="store_true",
        help="change the policies in one place at a time; list what no case notices",
    )
    parser.add_argument(
        "--generate",
        action="store_true",
        help="propose cases for what none shows, with their present outcomes",
    )
    parser.add_argument(
        "--every", metavar="N", type=int, default=1, help="with --mutate: try every so many changes only"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="write proposed cases there; a file that is there stays"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    zh = arguments.lang == "zh"
    if arguments.out and not arguments.generate:
        raise UsageError("--out 需要和 --generate 一起用" if zh else "--out needs --generate")
    if arguments.every < 1:
        said = (
            f"--every 至少是1，而不是{arguments.every}"
            if zh
            else f"--every is 1 or more, not {arguments.every}"
        )
        raise UsageError(said)
    if arguments.out:
        check_output(Path(arguments.out), arguments.lang)
        if Path(arguments.out).is_file():
            said = "已存在；建议的样例从不覆盖文件" if zh else "exists; proposed cases never replace a file"
            message = f"{arguments.out} {said}"
            raise UsageError(message)
    paths = [Path(each) for each in arguments.policies]
    book = load(policies_among(paths))
    report = run_cases(book, load_cases(paths, book))
    if arguments.generate:
        return _generate(arguments, paths, report)
    mutation = _mutated(arguments, paths) if arguments.mutate and not report.failures else None
    if arguments.format == "json":
        made = report.to_dict(arguments.lang)
        if mutation is not None:
            made["mutation"] = mutation.to_dict(arguments.lang)
        print(json.dumps(made, ensure_ascii=False, indent=2))
    else:
        shown = () if mutation is not None and not arguments.coverage else report.uncovered
        _print(report, arguments.lang, report.targets if arguments.coverage else shown)
        if mutation is not None:
            _print_mutation(mutation, arguments.lang)
    return 1 if report.failures or (mutation is not None and mutation.surviving) else 0


def _generate(arguments: argparse.Namespace, paths: list[Path], report: TestReport) -> int:
    """Propose cases; as long as one fails, there is no telling what is missing."""
    from dealerrules.cases.proposing import propose

    if report.failures:
        _print(report, arguments.lang, report.uncovered)
        return 1
    proposal = propose(paths, lang=arguments.lang)
    if arguments.format == "json":
        text = json.dumps(proposal.to_dict(arguments.lang), ensure_ascii=False, indent=2) + "\n"
    else:
        text = proposal.text(arguments.lang)
    if arguments.out:
        with replacing(Path(arguments.out)) as part:
            part.write_text(text, encoding="utf-8")
        count = len(proposal.cases)
        print(
            f"建议的样例：{count}个，写入 {arguments.out}"
            if arguments.lang == "zh"
            else f"proposed: {count}, in {arguments.out}"
        )
    else:
        print(text, end="")
    return 0


def _mutated(arguments: argparse.Namespace, paths: list[Path]) -> MutationReport:
    from dealerrules.cases.mutation import mutate

    line = Line()
    said = "已试改动" if arguments.lang == "zh" else "changes tried"
    try:
        return mutate(paths, every=arguments.every, progress=lambda tried: line.say(f"{said}: {tried:,}"))
    finally:
        line.done()


def _print(report: TestReport, lang: str, targets: Iterable[Target]) -> None:
    """Print failing cases, some of what there is to show, and how much of it is shown."""
    zh = lang == "zh"
    for failure in report.failures:
        print(failure.text(lang))
    for target in targets:
        covered, lacking = ("已覆盖", "未覆盖") if zh else ("covered", "not covered")
        print(f"{covered if target.covered else lacking}: {plain(target.text(lang))}")
    passed, cases = len(report.results) - len(report.failures), len(report.results)
    print(f"样例：共{cases}个，通过{passed}个" if zh else f"cases: {passed} of {cases} passed")
    for kind, (covered_, of) in report.counts().items():
        name_zh, name, said_zh, said = KINDS[kind]
        print(f"{name_zh}：共{of}个，{said_zh}{covered_}个" if zh else f"{name}: {covered_} of {of} {said}")


def _print_mutation(report: MutationReport, lang: str) -> None:
    zh = lang == "zh"
    for mutant in report.surviving:
        print(f"{'没有样例发现' if zh else 'no case notices'}: {plain(mutant.text(lang))}")
    refused, caught, same, left = report.refused, report.caught, len(report.equivalent), len(report.surviving)
    if zh:
        print(
            f"改动：共试{report.made}处，检查拒绝{refused}处，样例发现{caught}处，已证明无影响{same}处，没有样例发现{left}处"
        )
        if report.rates:
            print(f"比率：{report.rates}个未试（样例是单个对象的，比率是全体的）")
    else:
        print(
            f"changes: {report.made} tried, {refused} refused by the check, {caught} noticed by a case, "
            f"{same} proved to change nothing, {left} noticed by none"
        )
        if report.rates:
            print(f"rates: {report.rates} not tried (cases are of one subject, rates of all)")
