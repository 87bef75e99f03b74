"""`dealerrules demo`: an artificial store, evaluated, with some outcomes explained.

Place in the flow: a command; the first thing that a newcomer runs.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from dealerrules.answer import Answer
from dealerrules.commands.answers import said
from dealerrules.commands.reading import as_date_argument, load_policies, say_faults
from dealerrules.outcome import PayoutOutcome
from dealerrules.records import SUBJECTS
from dealerrules.tables import read_store, read_tables
from dealerrules.text_tables import table
from dealerrules.verdict import Status

if TYPE_CHECKING:
    import argparse

    from dealerrules.book import PolicyBook
    from dealerrules.outcome import AnyOutcome

HELP = "Make an artificial store, evaluate it and explain some outcomes."


DEMO_DAY = "2014-09-30"


DEMO_CUSTOMERS = 2000


DEMO_ONE_BY_ONE = 20_000
"""Up to so many customers the demo evaluates one by one; above, as a whole, and it explains some of the first ones."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--customers", type=int, default=DEMO_CUSTOMERS)
    parser.add_argument("--as-of", type=as_date_argument, default=date.fromisoformat(DEMO_DAY))
    parser.add_argument("--keep", metavar="DIR", help="keep the store's tables here")
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv", help="of the store's tables")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from dealerrules.demo import write_tables

    zh = arguments.lang == "zh"
    book = load_policies(None)
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
    say_faults(store.faults, arguments.lang)
    answers = [book.evaluate(record, as_of=arguments.as_of) for _, record in store.records]
    customers = [answer for answer in answers if answer.subject == "customer"]
    tallies = {name: Counter(said(answer[name]) for answer in customers) for name in _TALLIED}
    return answers, tallies, (len(customers), len(answers) - len(customers))


def _demo_as_a_whole(book: PolicyBook, directory: Path, arguments: argparse.Namespace) -> _Demo:
    """Evaluate the tables at once and count; the answers are those of the first records alone, made anew."""
    from dealerrules import demo

    as_of = arguments.as_of
    with read_tables(directory, as_of=as_of) as tables:
        say_faults(tables.faults, arguments.lang)
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
