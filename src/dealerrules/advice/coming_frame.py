"""Coming changes of a whole store: who changes within some days, from what to what, and which facts moved.

Place in the flow: beside the row form, for tables. The dates that clocks hang on say which subjects have to be looked
at on which days; only these are evaluated, each as of its own day, and compared with the state before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import narwhals as nw

from dealerrules.advice.coming import beginnings, editions_of
from dealerrules.advice.coming_columns import (
    CODES,
    NONE,
    code_of,
    longer,
    rank_of,
    with_before,
    worse,
)
from dealerrules.advice.hanging import hanging, waiting
from dealerrules.edges import DAILY, FIXED, VALUE, Finder, clocks
from dealerrules.engines.columns import day_of
from dealerrules.engines.context import Context
from dealerrules.engines.days import (
    DAY,
    UP_TO,
    WHO,
    Lazy,
    dates_of,
    numbered_days,
    on_their_days,
    settled_down,
    together,
    who_of,
    whom_on,
)
from dealerrules.engines.entry import dotless, open_frames
from dealerrules.engines.frame import Asked, answers, question_of, refusing
from dealerrules.engines.past import Past
from dealerrules.policy.model import KIND_WORDS, digest, meanings
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.turns import ONE, turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealerrules.book import PolicyBook
    from dealerrules.edges import Clock
    from dealerrules.engines.context import Question
    from dealerrules.engines.flat import Columns
    from dealerrules.expr import Expr
    from dealerrules.policy.model import Edition
    from dealerrules.turns import Turn


def coming_tables(
    book: PolicyBook,
    tables: Mapping[str, Any],
    subject: str,
    names: Sequence[str],
    as_of: date,
    until: date,
) -> Any:
    """Return the coming changes of a store, in a frame of the kind that came in.

    Raises:
        RecordError: for tables and columns that cannot be read.
    """
    opened = open_frames(tables)
    question = question_of(opened, subject, book.editions, as_of)
    ahead = Ahead(book, question, names, as_of, max(until, as_of))
    with refusing(subject, [book.decisions[name] for name in names]):
        found = ahead.changes()
    return opened.close(found.sort(*ahead.keys, "on", "decision") if opened.eager else found)


@dataclass
class Ahead:
    """What is asked of a store: its tables as of a day, some decisions, and how far to look.

    Args:
        book: the policies.
        question: the tables.
        names: of decisions.
        as_of: the day; nothing dated later is read.
        until: the last day to look at.
    """

    book: PolicyBook
    question: Question
    names: Sequence[str]
    as_of: date
    until: date

    def __post_init__(self) -> None:
        question = self.question
        if question.events is not None:
            known = day_of(self.as_of)
            question.events = {
                name: frame.filter(nw.col(TABLES[name].date_field) <= known)
                for name, frame in question.events.items()
            }
        if any("household_brand_owners" in repr(self._meaning(edition)) for edition in self.book.editions):
            Context(question, self.book.editions[0], self.as_of).count_households()
        meta = SUBJECTS[question.subject]
        self.keys = list(meta.key)
        self.base = question.frame.with_columns(who_of(question.subject, question.fields))
        self.asking = replace(question, frame=self.base, counted=True)
        self.past = Past(self.asking, self.as_of, self.until)
        self.backend = question.algebra.backend
        self.in_force = self.book.edition(self.as_of)
        self.versions: dict[str, int] = {}
        # one version holds all the time: what is kept of it is of one type
        self.alike = len(self.stretches) == 1 and self.in_force is not None

    def _meaning(self, edition: Edition) -> object:
        return meanings(edition, [name for name in self.names if name in edition.decisions])

    def changes(self) -> Lazy:
        """Return a row for each change: the subject's key, decision, day, both answers, whether it is worse, the facts."""
        now = settled_down(self.answered(self.names, self.base, self.as_of), self.backend)
        groups: dict[frozenset[date], list[str]] = {}
        for name in self.names:
            groups.setdefault(frozenset(self._days_of_all(name)), []).append(name)
        looking = _Looking(self, now)
        own = looking.states()
        parts = [_Group(self, now, names, days, own).changes() for days, names in groups.items()]
        return parts[0] if len(parts) == 1 else nw.concat(parts, how="vertical")

    # --- when -----------------------------------------------------------------------------------------

    @cached_property
    def days(self) -> list[date]:
        """The days to come."""
        first, last = self.as_of.toordinal() + 1, self.until.toordinal()
        return [date.fromordinal(each) for each in range(first, last + 1)]

    @cached_property
    def stretches(self) -> list[tuple[date, date]]:
        """The days from the present one on, cut where something else comes into force."""
        starts = {self.as_of}
        for clock in beginnings(self.book, self.as_of, self.until):
            assert clock.day is not None
            starts |= set(turns(clock.turn, clock.day, self.as_of + ONE, self.until))
        ordered = sorted(starts)
        return list(zip(ordered, [each - ONE for each in ordered[1:]] + [self.until], strict=True))

    def clocks(self, name: str) -> Iterator[Clock]:
        """Yield what may change a decision's answer; of values those that are known for everyone now."""
        dated = self.book.decisions[name].dated_by is not None
        for edition in editions_of(self.book, name, self.as_of, self.until):
            for clock in clocks(edition, name):
                if clock.of == VALUE and (dated or edition is not self.in_force):
                    yield from Finder(edition, self.question.subject, frozenset()).plain(clock)
                else:
                    yield clock

    def _days_of_all(self, name: str) -> Iterator[date]:
        """Yield the days on which an answer may change whoever it is about."""
        for clock in self.clocks(name):
            if clock.of == DAILY:
                yield from self.days
            elif clock.of == FIXED and clock.day is not None:
                yield from turns(clock.turn, clock.day, self.as_of + ONE, self.until)
        for (start, _), (following, _) in zip(self.stretches, self.stretches[1:], strict=False):
            if self.version(name, start) != self.version(name, following):
                yield following

    @property
    def boundaries(self) -> set[date]:
        """The days to come on which something else comes into force."""
        return {start for start, _ in self.stretches[1:]}

    def version(self, name: str, day: date) -> str:
        """Return a text that differs where a decision means something else."""
        edition = self.book.edition(day)
        if self.book.decisions[name].dated_by is not None:
            return str(self.book._versions(name, day))  # noqa: SLF001 - the same room
        if edition is None or name not in edition.decisions:
            return ""
        return digest(meanings(edition, [name]))

    # --- what is answered -----------------------------------------------------------------------------

    def answered(
        self,
        names: Sequence[str],
        frame: Lazy,
        day: date,
        own: Mapping[str, Lazy] | None = None,
        among: Lazy | None = None,
    ) -> Lazy:
        """Return the state of some decisions, a row for each row of a frame.

        Args:
            names: of the decisions.
            frame: who is asked about.
            day: as of when; the last of the days, where each row has its own.
            own: the events, where each row has its own day.
            among: of all, whom alone to ask about.
        """
        original = self.asking  # households may have been counted: their columns stand in the frame
        on = day_of(day) if own is None else nw.col(DAY)
        events = original.events
        if among is not None:
            frame = frame.join(among, on=WHO, how="inner")
            ids = among.rename({WHO: "id"})
            events = events and {name: each.join(ids, on="id", how="inner") for name, each in events.items()}
        if own is not None:
            events = events and dict(own)
        frame = frame.with_columns(nw.col(WHO).alias(f"kept {WHO}"), on.alias(f"kept {DAY}"))
        question = replace(
            original,
            frame=frame,
            events=events,
            as_of=day,
            own_day=None if own is None else DAY,
            past=self.past,
            read={},
            branching=set(),
        )
        one_version = lambda name: self.book._versions(name, day) <= 1  # noqa: E731, SLF001 - the same room
        asked = Asked(names, day, self.book.editions, self.book.decisions, one_version)
        found = answers(question, asked, day if own is None else nw.col(DAY), self._more)
        return found.select(*self.keys, WHO, DAY, *self._kept(found, names, day))

    def _kept(self, found: Lazy, names: Sequence[str], day: date) -> Iterator[nw.Expr]:
        """Yield what is kept of the answers, under plain names: the same for every day."""
        there = set(found.collect_schema().names())

        def column(name: str) -> nw.Expr:
            return nw.col(dotless(name)) if dotless(name) in there else nw.lit(None)

        for name in names:
            at = self.names.index(name)
            yield (nw.col(name) if self.alike else nw.col(name).cast(nw.String)).alias(f"{at} answer")
            yield (column(f"{name}.status")).alias(f"{at} status")
            yield column(f"{name}.·rank").cast(nw.Int64).alias(f"{at} rank")
            yield column(f"{name}.·kind").cast(nw.Int64).alias(f"{at} kind")
            yield nw.lit(self.versions.setdefault(self.version(name, day), len(self.versions))).alias(
                f"{at} version"
            )
            for place, fact in enumerate(self.facts[name]):
                code = column(f"{name}.·moves {fact}")
                yield (code if self.alike else code.cast(nw.String)).alias(f"{at} moves {place}")
        for name in names if day == self.as_of else ():
            if f"{dotless(f'{name}.·may')}" in there:
                yield column(f"{name}.·may").alias(f"may {self.names.index(name)}")
        for place, (name, _) in enumerate(self.values.values()):
            if day == self.as_of and name in names:
                yield column(f"{name}.·value {place}").cast(nw.Date).alias(f"value {place}")

    @cached_property
    def facts(self) -> dict[str, list[str]]:
        """The facts that hang on the day, by decision."""
        found: dict[str, dict[str, None]] = {}
        for name in self.names:
            mine = found.setdefault(name, {})
            for edition in editions_of(self.book, name, self.as_of, self.until):
                mine.update(dict.fromkeys(hanging(edition, name)))
        return {name: list(mine) for name, mine in found.items()}

    @cached_property
    def values(self) -> dict[Expr, tuple[str, Expr]]:
        """The dates that are worked out for everyone, with a decision that reads each."""
        found: dict[Expr, tuple[str, Expr]] = {}
        for name in self.names:
            for clock in self.clocks(name):
                if clock.of == VALUE and clock.expr is not None:
                    found.setdefault(clock.expr, (name, clock.expr))
        return found

    def _more(self, name: str, context: Context) -> Columns:
        """Return how good a decision's answer is, and the state of everything in it that hangs on the day."""
        edition = context.edition
        decision = edition.decisions[name]
        made: Columns = {".·kind": nw.lit(list(KIND_WORDS.values()).index(decision.kind))}
        rank = rank_of(decision, context.outcome(name))
        if rank is not None:
            made[".·rank"] = rank
        for fact, hangs in hanging(edition, name).items():
            tests = [context.flags(test) for test in hangs.tests]
            if len(tests) <= CODES and not hangs.values:
                made[f".·moves {fact}"] = code_of(tests)
                continue
            parts = [tests[start : start + CODES] for start in range(0, len(tests), CODES)]
            codes = [nw.lit(""), *(code_of(part).cast(nw.String) for part in parts)]
            for value in hangs.values:
                column = context.column(value)
                codes.append(column.value.cast(nw.String).fill_null(NONE))
                if column.over is not None:
                    codes.append(column.over.cast(nw.String).fill_null(NONE))
                if column.absent is not None:
                    codes.append(column.absent.cast(nw.String))
            made[f".·moves {fact}"] = nw.concat_str(codes, separator=" ")
        if edition is self.in_force:
            if rests := waiting(edition, name):
                may = [~context.flags(rest).is_false if rest.items else nw.lit(value=True) for rest in rests]
                made[".·may"] = reduce(or_, may)
            for place, (reader, expr) in enumerate(self.values.values()):
                if reader == name:
                    context.prepare([expr])  # of a tier of which one angle is read another one may read it
                    made[f".·value {place}"] = context.column(expr).value
        return made


@dataclass
class _Looking:
    """Who has a date from which a day to come follows, and so has to be looked at on that day."""

    ahead: Ahead
    now: Lazy

    def states(self) -> Lazy | None:
        """Return the states of all of them, each as of its own day; none where nothing hangs on a date."""
        ahead = self.ahead
        found = [pairs for source, wanted in self._turns().items() for pairs in self._whom(source, wanted)]
        if not found:
            return None
        pairs = numbered_days(together(found).unique(), ahead.backend, ahead.until).drop(UP_TO)
        return settled_down(together(list(self._on_their_days(pairs))), ahead.backend)

    def _turns(self) -> dict[tuple[str, str], set[Turn]]:
        """Return how days follow, by what they follow from: a table and its field, or a place among the values."""
        ahead = self.ahead
        values = list(ahead.values)
        found: dict[tuple[str, str], set[Turn]] = {}
        for name in ahead.names:
            for clock in ahead.clocks(name):
                if clock.of not in {DAILY, FIXED}:
                    field = clock.name if clock.expr is None else str(values.index(clock.expr))
                    found.setdefault((clock.of, field), set()).add(clock.turn)
        return found

    def _whom(self, source: tuple[str, str], wanted: set[Turn]) -> Iterator[Lazy]:
        """Yield who has a date from which a day to come follows, with that day."""
        of, name = source
        ahead = self.ahead
        dates = (
            self.now.select(WHO, nw.col(f"value {name}").alias("date"))
            if of == VALUE
            else dates_of(ahead.asking, of, name)
        )
        if dates is not None:
            yield from whom_on(dates, wanted, ahead.as_of + ONE, ahead.until)

    def _on_their_days(self, pairs: Lazy) -> Iterator[Lazy]:
        """Yield the states of who has to be looked at, each as of its own day."""
        ahead = self.ahead
        for first, last in ahead.stretches:
            if last == ahead.as_of:  # something else begins tomorrow
                continue
            mine = pairs
            if len(ahead.stretches) > 1:
                mine = pairs.filter((nw.col(DAY) >= day_of(first)) & (nw.col(DAY) <= day_of(last)))
            frame, own = on_their_days(ahead.base, ahead.question.events or {}, mine)
            yield ahead.answered(ahead.names, frame, last, own)


@dataclass
class _Group:
    """Decisions that everyone has to be asked about on the same days."""

    ahead: Ahead
    now: Lazy
    names: Sequence[str]
    days_of_all: frozenset[date]
    own: Lazy | None

    def __post_init__(self) -> None:
        wanted = {str(self.ahead.names.index(name)) for name in self.names}
        there = self.now.collect_schema().names()
        self.columns = [each for each in there if each.split(" ")[0] in wanted]

    def changes(self) -> Lazy:
        """Return a row for each answer that is another one than before."""
        ahead = self.ahead
        mine = [*ahead.keys, WHO, DAY, *self.columns]
        now, states, whom = self.now.select(*mine), [], []
        if self.own is not None:
            own = self.own.select(*mine)
            others = [nw.col(DAY) != day_of(day) for day in self.days_of_all]
            states.append(own.filter(*others) if others else own)
            whom.append(own.select(WHO))
        for day in sorted(self.days_of_all):
            among = self._among(day)
            whom.append(ahead.base.select(WHO) if among is None else among)
            states.append(ahead.answered(self.names, ahead.base, day, among=among).select(*mine))
        if not states:
            return self._differing(now)
        asked = (whom[0] if len(whom) == 1 else nw.concat(whom, how="vertical")).unique()
        return self._differing(nw.concat([now.join(asked, on=WHO, how="inner"), *states], how="vertical"))

    def _among(self, day: date) -> Lazy | None:
        """Return whom alone to ask about on a day that the policies name; none for everyone.

        What else their rules ask for must not be false now; or something may have changed for them up to the day.
        """
        ahead = self.ahead
        may = [f"may {ahead.names.index(name)}" for name in self.names]
        there = set(self.now.collect_schema().names())
        if day in ahead.boundaries or not there.issuperset(may):
            return None
        whom = [self.now.filter(reduce(or_, [nw.col(each) for each in may])).select(WHO)]
        if self.own is not None:
            whom.append(self.own.filter(nw.col(DAY) <= day_of(day)).select(WHO))
        return settled_down(nw.concat(whom, how="vertical").unique(), ahead.backend)

    # --- what differs ---------------------------------------------------------------------------------

    def _differing(self, states: Lazy) -> Lazy:
        """Return a row for each answer that is another one than before."""
        ahead = self.ahead
        places = {ahead.names.index(name): name for name in self.names}
        lagged = with_before(states, self.columns, ahead.backend)
        flags = {
            f"changed {at}": (nw.col(f"{at} status") != nw.col(f"before {at} status")).fill_null(value=False)
            | (nw.col(f"{at} answer") != nw.col(f"before {at} answer")).fill_null(value=False)
            | (
                ~nw.col(f"before {at} status").is_null()
                & (nw.col(f"{at} answer").is_null() != nw.col(f"before {at} answer").is_null())
            )
            for at in places
        }
        lagged = lagged.with_columns(**flags).filter(reduce(or_, [nw.col(flag) for flag in flags]))
        index = [*ahead.keys, DAY, *self.columns, *(f"before {name}" for name in self.columns)]
        rows = longer(lagged, list(flags), index, "decision", ahead.backend)

        def each(made: Mapping[int, nw.Expr]) -> nw.Expr:
            chosen = [
                nw.when(nw.col("decision") == f"changed {at}").then(value) for at, value in made.items()
            ]
            return nw.coalesce(*chosen) if len(chosen) > 1 else chosen[0]

        def answer(prefix: str) -> nw.Expr:
            return each({at: nw.col(f"{prefix}{at} answer").cast(nw.String) for at in places})

        return rows.select(
            *ahead.keys,
            each({at: nw.lit(name) for at, name in places.items()}).alias("decision"),
            nw.col(DAY).alias("on"),
            answer("before ").alias("before"),
            each({at: nw.col(f"before {at} status").cast(nw.String) for at in places}).alias("before.status"),
            answer("").alias("after"),
            each({at: nw.col(f"{at} status").cast(nw.String) for at in places}).alias("after.status"),
            each({at: worse(at) for at in places}).alias("worse"),
            each({at: self._told(at, name) for at, name in places.items()}).alias("facts"),
        )

    def _told(self, at: int, name: str) -> nw.Expr:
        """Return the facts that moved, where one version of the policy holds on both days."""
        moved = [
            nw.when(nw.col(f"{at} moves {place}") != nw.col(f"before {at} moves {place}")).then(nw.lit(fact))
            for place, fact in enumerate(self.ahead.facts[name])
        ]
        if not moved:
            return nw.lit(None).cast(nw.String)
        joined = nw.concat_str(moved, separator=" ", ignore_nulls=True)
        same = nw.col(f"{at} version") == nw.col(f"before {at} version")
        return nw.when(same & (joined != "")).then(joined)
