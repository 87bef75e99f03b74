"""Witnesses: each engine answers a trial, and every answer is held against the reference interpreter's.

Place in the flow: between ``trials.py`` and ``differential.py``. What is compared is said by each witness; an engine
that fails where the reference does not is a difference too, and what it declares that it cannot carry is a refusal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from agreement import graph_answer, graph_result, result, said, typed
from dealerrules.engines.compiled import Program
from dealerrules.engines.durable import Run, ruleset
from dealerrules.engines.jdm import graph
from dealerrules.faults import RecordError
from dealerrules.records import SUBJECTS, read_record
from frames import UNTELLABLE, differing, facts_answer, tables_answer
from oracle import RULES_COMPARED
from oracle import differing as differing_from_oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from trials import Trial

REFUSALS: Final = (
    *UNTELLABLE,
    "does not fit",
    "rules are more than one ruleset",
    "steps are more than one ruleset",
)
"""What engines say that they cannot carry, as they say it."""


@dataclass
class Tally:
    """What one engine was asked.

    An evaluation is one decision of one subject, answered by this engine and compared with the reference.
    """

    policies: int = 0
    subjects: int = 0
    evaluations: int = 0
    truths: int = 0
    differences: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def count(self, trial: Trial, subjects: int, decisions: tuple[str, ...] | None = None) -> None:
        """Count decisions of subjects that were compared, with the truth of each of their rules."""
        names = trial.decisions if decisions is None else decisions
        self.subjects += subjects
        self.evaluations += subjects * len(names)
        self.truths += subjects * sum(trial.rules[name] for name in names)


@dataclass(frozen=True)
class Difference:
    """Where an engine says something else than the reference interpreter."""

    engine: str
    decision: str
    asked: Any
    found: Any
    meant: Any


def compiled(trial: Trial, tally: Tally) -> list[Difference]:
    """Compare masks, measures, amounts and receipts to the type, on records and on ready-made facts."""
    program = Program(trial.edition, trial.subject, trial.decisions)
    answered = [
        (
            trial.records[id_],
            program.on_record(read_record(trial.records[id_], trial.subject), trial.as_of),
            meant,
        )
        for id_, meant in trial.of_records.items()
    ]
    answered += [
        (facts, program.on_facts(dict(facts), trial.as_of), meant)
        for facts, meant in zip(trial.facts, trial.of_facts, strict=True)
    ]
    tally.count(trial, len(answered))
    return [
        Difference("compiled", name, asked, here, there)
        for asked, found, meant in answered
        for name, here, there in zip(trial.decisions, found, meant._results, strict=True)  # noqa: SLF001 - to the type
        if typed(here) != typed(there)
    ]


def frame(kind: str, trial: Trial, tally: Tally) -> list[Difference]:
    """Compare statuses, answers, amounts, measures, masks: every cell, of tables and of a frame of facts."""
    book, subject, as_of, models = trial.book, trial.subject, trial.as_of, trial.book.decisions
    found: list[Difference] = []
    for ask in ("tables", "facts"):
        try:
            if ask == "tables":
                out = tables_answer(book, subject, as_of, trial.records.values(), kind, trial.attributes)
                answers: Any = trial.of_records
                differ = differing(out, answers, SUBJECTS[subject].id_field, models)
                listed: Any = trial.records
            else:
                types = trial.edition.given_types(subject)
                out = facts_answer(book, subject, as_of, trial.rows, types, kind)
                answers, listed = trial.of_rows, trial.rows
                differ = differing(out, answers, "who", models)
        except RecordError as error:
            _refused(tally, error)
            continue
        found += [Difference(kind, name, listed[id_], here, meant) for id_, name, here, meant in differ]
        tally.count(trial, len(answers))
    return found


def _refused(tally: Tally, error: RecordError) -> None:
    """Count a refusal; anything else that is wrong is a difference."""
    for words in REFUSALS:
        if words in str(error):
            tally.refused[words] += 1
            return
    raise error


def durable(trial: Trial, tally: Tally) -> list[Difference]:
    """Compare masks, measures, amounts and receipts to the type, on ready-made facts and on those of the records."""
    made = ruleset(trial.edition, trial.subject, trial.decisions, strict=False)
    for faults in made.unsupported.values():
        tally.refused[faults[0].message.split(";")[0]] += 1
    found: list[Difference] = []
    for (asked, values), interpreter in zip(trial.settled, trial.of_settled, strict=True):
        run = Run(made, values, trial.as_of)
        try:
            while (message := run.message()) is not None:
                run.take(made._session.fired(message))  # noqa: SLF001 - as `on_facts` does
        except RecordError as error:
            _refused(tally, error)
            continue
        tally.count(trial, 1, made.decisions)
        for name, here in zip(made.decisions, run.results(), strict=True):
            decided = interpreter.decide(name)
            if typed(here) != said(decided):
                found.append(Difference("durable", name, asked, here, result(decided)))
    return found


def zen(trial: Trial, tally: Tally) -> list[Difference]:
    """Compare masks, status, answer, reason and angles' levels, all of which the graph works out itself."""
    import zen as engine  # noqa: PLC0415 - who leaves this witness out need not have it

    found: list[Difference] = []
    graphs = {}
    for name in trial.decisions:
        try:
            graphs[name] = graph(trial.edition, trial.subject, name)
        except RecordError as error:
            tally.refused[error.faults[0].message.split(";")[0]] += 1
    content: Any = {name: each.definition for name, each in graphs.items()}
    machine = engine.ZenEngine({"loader": {"type": "static", "content": content}})
    others = trial.edition.decisions
    for (asked, values), whole in zip(trial.settled, trial.of_settled, strict=True):
        facts = {name: value for name, value in values.items() if name not in others}
        interpreter = whole
        if len(facts) < len(values):  # a graph works out the answers of decisions itself, and takes none
            interpreter = type(whole)(trial.edition, trial.subject, trial.as_of, None, facts)
        for name, each in graphs.items():
            try:
                context: Any = each.carried(facts, trial.as_of)
            except RecordError as error:
                _refused(tally, error)
                continue
            decided = interpreter.decide(name)
            here = graph_answer(others[name], machine.evaluate(name, context)["result"])
            tally.count(trial, 0, (name,))
            tally.evaluations += 1
            tally.truths += trial.rules[name]
            if here != (meant := graph_result(decided)):
                found.append(Difference("zen", name, asked, here, meant))
        tally.subjects += bool(graphs)
    return found


def straight_line(trial: Trial, tally: Tally) -> list[Difference]:
    """Compare levels, stages, values, bands, amounts, statuses, and the truth of the rules that the oracle has."""
    if trial.text:
        return []
    found = [
        Difference("straight-line", name, trial.records[id_], here, meant)
        for id_, answer in trial.of_records.items()
        for name, meant, here in differing_from_oracle(answer, trial.records[id_], trial.as_of)
    ]
    tally.subjects += len(trial.records)
    tally.evaluations += len(trial.records) * len(trial.decisions)
    tally.truths += len(trial.records) * sum(trial.rules.get(name, 0) for name in RULES_COMPARED)
    return found


WITNESSES: Final[dict[str, Callable[[Trial, Tally], list[Difference]]]] = {
    "compiled": compiled,
    "polars": partial(frame, "polars"),
    "polars-lazy": partial(frame, "lazy"),
    "pandas": partial(frame, "pandas"),
    "pyarrow": partial(frame, "pyarrow"),
    "duckdb": partial(frame, "duckdb"),
    "pyspark": partial(frame, "pyspark"),
    "durable": durable,
    "zen": zen,
    "straight-line": straight_line,
}
EVERY: Final = {"polars-lazy": 3, "pandas": 5, "pyarrow": 5, "duckdb": 7, "pyspark": 97}
"""The slower ones answer one trial in so many; the others, and one that is alone, answer each."""
