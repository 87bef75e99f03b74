"""Advice for a whole store: of each subject the nearest step to a better answer, and the next change that comes by itself.

Place in the flow: beside the row form, for tables. The frame engine reads the facts of a decision as columns; what
``next_steps`` says is asked once for each combination of them that there is, and joined back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from dealerrules.advice.better import ranks
from dealerrules.advice.coming_frame import Ahead
from dealerrules.advice.levers import leaves
from dealerrules.advice.next_step import next_steps
from dealerrules.advice.step_columns import Lazy, small_table, text_of, truth_text_of, value_of
from dealerrules.advice.steps import Question as Asking
from dealerrules.advice.steps import advisor
from dealerrules.engines.context import Context, Question
from dealerrules.engines.days import settled_down
from dealerrules.engines.entry import dotless, open_frames, rows_of
from dealerrules.engines.frame import ROW, answers, numbered, question_of, refusing
from dealerrules.expr import Fact, Reached, type_of
from dealerrules.records import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.advice.next_step import NextStep
    from dealerrules.book import PolicyBook
    from dealerrules.engines.columns import Backend
    from dealerrules.engines.flat import Columns
    from dealerrules.expr import Expr
    from dealerrules.policy.model import Edition
    from dealerrules.values import Maybe

_EDITION = "·edition"
_TOLD: Mapping[str, type] = {
    "next": str,
    "next.size": int,
    "next.step": str,
    "next.facts": str,
    "next.because": str,
    "next.recording": bool,
}
"""What is told of a step, by the column's name behind the decision's."""
ANGLE: Final = "next.angle"
"""The angle by which a step is reached, where angles are kept apart."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a store.

    Attributes:
        subject: whose table the rows are of.
        names: of decisions.
        as_of: the day.
        until: the last day to look at for changes; none to leave them out.
        within: how much a step may ask for at most (`NextStep.size`); none for any.
        lang: of the steps in words.
        apart: of a tier, the nearest step by each angle: a row for each, with the angle, instead of one for each subject.
        progress: told how many combinations of facts have been looked at, and of how many.
    """

    subject: str
    names: Sequence[str]
    as_of: date
    until: date | None = None
    within: int | None = None
    lang: str = "en"
    apart: bool = False
    progress: Callable[[int, int], None] | None = None


def advice_tables(book: PolicyBook, tables: Mapping[str, Any], wanted: Wanted) -> Any:
    """Return the advice for a store, in a frame of the kind that came in.

    Raises:
        RecordError: for tables and columns that cannot be read.
        TooLargeError: for more ways than can be looked through.
    """
    opened = numbered(open_frames(tables), SUBJECTS[wanted.subject].table)
    question = question_of(opened, wanted.subject, book.editions, wanted.as_of)
    reading = _Reading(wanted.subject, {id(each): at for at, each in enumerate(book.editions)})
    asked = book._asked_of_frames(wanted.names, wanted.as_of)  # noqa: SLF001 - the same room
    with refusing(wanted.subject, [book.decisions[name] for name in wanted.names]):
        found = answers(question, asked, wanted.as_of, reading.columns)
    told = _Telling(book, wanted, reading, opened.backend)
    # the steps first: what they are looked up by is not needed behind them
    frame = told.with_steps(settled_down(found, opened.backend))
    if wanted.until is not None:
        question = question_of(open_frames(tables), wanted.subject, book.editions, wanted.as_of)
        frame = told.with_changes(frame, question, wanted.until)
    return opened.close(told.in_order(frame))


@dataclass
class _Reading:
    """What each decision reads, under each edition: its facts, and what it reads from records by itself."""

    subject: str
    places: Mapping[int, int]
    reads: dict[tuple[int, str], list[Expr]] = field(default_factory=dict)
    scales: dict[tuple[int, str], list[int]] = field(default_factory=dict)

    def columns(self, name: str, context: Context) -> Columns:
        """Return what a decision reads as columns of text, and under which edition."""
        edition = context.edition
        place = self.places[id(edition)]
        made: Columns = {f".{_EDITION}": nw.lit(place, nw.Int64)}
        if not ranks(edition.decisions[name]):
            return made
        found = advisor(edition, name, frozenset())
        facts = [Fact(each, edition.fact(self.subject, each).type) for each in found.facts]
        reads: list[Expr] = [*facts, *found.inline]
        if context.guards:  # there a day before an event was looked at for some subjects alone
            context = Context(context.question, edition, context.as_of)
        context.prepare(reads)
        self.reads[place, name] = reads
        scales = self.scales.setdefault((place, name), [])
        for at, read in enumerate(reads):
            if isinstance(read, Reached):
                scales.append(1)
                made[f".·{at}"] = truth_text_of(context.flags(read))
            else:
                column = context.column(read)
                scales.append(column.scale)
                made[f".·{at}"] = text_of(column)
        return made


@dataclass
class _Telling:
    """Tells the steps and changes of all rows."""

    book: PolicyBook
    wanted: Wanted
    reading: _Reading
    backend: Backend

    @property
    def told(self) -> dict[str, type]:
        """What is told of a step."""
        return {**_TOLD, **({ANGLE: str} if self.wanted.apart else {})}

    # --- steps ----------------------------------------------------------------------------------------

    def with_steps(self, frame: Lazy) -> Lazy:
        """Return the answers with the nearest step of each."""
        there = frame.collect_schema().names()
        keys = [name for name in [*SUBJECTS[self.wanted.subject].key, ROW] if name in there]
        reads = {
            name: [each for each in there if each.startswith(dotless(f"{name}.·"))]
            for name in self.wanted.names
        }
        kept = [each for name in self.wanted.names for each in (name, dotless(f"{name}.status"))]
        filled = [
            (nw.col(each) if each.endswith(_EDITION) else nw.col(each).fill_null("")).alias(each)
            for columns in reads.values()
            for each in columns
        ]
        frame = frame.select(*keys, *kept, *filled)
        for at, name in enumerate(self.wanted.names):
            frame = self._joined(frame, at, name, reads[name])
        return frame

    def _joined(self, frame: Lazy, at: int, name: str, columns: Sequence[str]) -> Lazy:
        """Return a frame with the nearest steps of one decision, and without what it reads."""
        named = {f"{at} {dotless(each)}": type_ for each, type_ in self.told.items()}
        rows = list(self._steps(frame, name, columns)) if columns else []
        if not rows:
            nothing = {each: nw.lit(None).cast(_DTYPES[type_]) for each, type_ in named.items()}
            return frame.drop(list(columns)).with_columns(**nothing)
        types = {each: int if each.endswith(_EDITION) else str for each in columns}
        table = small_table(rows, {**types, **named}, frame, self.backend)
        return frame.join(table, on=list(columns), how="left").drop(list(columns))

    def _steps(self, frame: Lazy, name: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield each combination of facts from which there is a step, with the step."""
        edition = next(each for each in columns if each.endswith(_EDITION))
        texts = [each for each in columns if each != edition]
        there = frame.filter(~nw.col(edition).is_null()).select(*columns).unique()
        found = rows_of(there, self.backend)
        for done, row in enumerate(found):
            if self.wanted.progress is not None:
                self.wanted.progress(done, len(found))
            key = tuple(row[each] for each in columns)
            for angle, step in self._nearest(name, int(row[edition]), [row[each] for each in texts]):
                yield (*key, *_told(step, self.wanted.lang), *([angle] if self.wanted.apart else []))

    def _nearest(self, name: str, place: int, texts: Sequence[str]) -> Iterator[tuple[str | None, NextStep]]:
        """Yield the nearest step from a combination of facts; of angles that are kept apart, the nearest by each."""
        reads = self.reading.reads.get((place, name))
        if reads is None:
            return
        wanted, edition = self.wanted, self.book.editions[place]
        facts: dict[str, Maybe] = {}
        values: dict[Expr, Maybe] = {}
        for read, scale, text in zip(reads, self.reading.scales[place, name], texts, strict=False):
            value = value_of(text, type_of(read), scale)
            if isinstance(read, Fact):
                facts[read.name] = value
            else:
                values[read] = value
        question = Asking(edition, wanted.subject, wanted.as_of, None, facts, values)
        limit = None if wanted.apart else 1
        seen: set[str | None] = set()
        for step in next_steps(question, name, to=None, limit=limit, within=wanted.within):
            moved = {*(change.fact for change in step.changes), *step.also}
            for angle in angles_of_rules(edition, name, step.because, moved) if wanted.apart else [None]:
                if angle not in seen:
                    seen.add(angle)
                    yield angle, step

    # --- changes --------------------------------------------------------------------------------------

    def with_changes(self, frame: Lazy, question: Question, until: date) -> Lazy:
        """Return the answers with the next change of each that comes by itself."""
        wanted, keys = self.wanted, list(SUBJECTS[self.wanted.subject].key)
        ahead = Ahead(self.book, question, wanted.names, wanted.as_of, max(until, wanted.as_of))
        with refusing(wanted.subject, [self.book.decisions[name] for name in wanted.names]):
            changes = ahead.changes().select(*keys, "decision", "on", "after", "worse")
        changes = settled_down(changes, self.backend)
        for at, name in enumerate(wanted.names):
            mine = changes.filter(nw.col("decision") == name)
            first = mine.group_by(*keys).agg(nw.col("on").min())
            next_ = mine.join(first, on=[*keys, "on"], how="inner").select(
                *keys,
                nw.col("on").alias(f"{at} changes_on"),
                nw.col("after").alias(f"{at} changes_to"),
                nw.col("worse").alias(f"{at} worse"),
            )
            frame = frame.join(next_, on=keys, how="left")
        return frame

    # --- out ------------------------------------------------------------------------------------------

    def in_order(self, frame: Lazy) -> Lazy:
        """Return the columns under their names, rows in the order in which they came."""
        keys = list(SUBJECTS[self.wanted.subject].key)
        if ROW in frame.collect_schema().names():
            frame = frame.sort(ROW)
        suffixes = [
            *self.told,
            *(("changes_on", "changes_to", "worse") if self.wanted.until is not None else ()),
        ]
        out = []
        for at, name in enumerate(self.wanted.names):
            out += [nw.col(name), nw.col(dotless(f"{name}.status")).alias(f"{name}.status")]
            out += [nw.col(f"{at} {dotless(each)}").alias(f"{name}.{each}") for each in suffixes]
        return frame.select(*keys, *out)


def angles_of_rules(
    edition: Edition, name: str, rules: Collection[str], moved: Collection[str]
) -> list[str | None]:
    """Return the angles of some rules of a decision: of those that ask for facts that moved, or else of all of them."""
    decision = edition.decisions[name]
    mine = [rule for rule in decision.rules if rule.id in rules]
    asking = [
        rule
        for rule in mine
        if not set(moved).isdisjoint(leaves(rule.when, edition, decision.subject, moved))
    ]
    return list(dict.fromkeys(rule.angle for rule in asking or mine)) or [None]


_DTYPES: Mapping[type, Any] = {str: nw.String, int: nw.Int64, bool: nw.Boolean}


def _told(step: NextStep, lang: str) -> tuple[Any, ...]:
    """Return what is told of a step."""
    facts = " ".join(change.fact for change in step.changes)
    return (
        step.answer,
        int(step.size),
        step.text(lang),
        facts,
        " ".join(step.because),
        step.recording,
    )
