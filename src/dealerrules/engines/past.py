"""Past: the levels that subjects reached on days gone by, from whole tables, and whether they are still kept.

Place in the flow: the frame engine asks this module where a tier keeps its levels. ``keeping`` says which days count and
what for; ``days`` finds who has to be looked at on which of them. Each is evaluated as of its own day, as every other
question is, and what comes out are spans of days on which a level stays what it is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final

import narwhals as nw

from dealerrules.edges import DAILY, FIXED
from dealerrules.engines.columns import Column, Flags, day_of, either
from dealerrules.engines.context import Context
from dealerrules.engines.days import (
    DAY,
    UP_TO,
    WHO,
    Lazy,
    dates_of,
    finished,
    numbered_days,
    on_days,
    on_each_day,
    on_their_days,
    settled_down,
    together,
    whom_on,
)
from dealerrules.engines.events import Reduced, eve_of
from dealerrules.engines.flat import Truths, places
from dealerrules.expr import LevelIn, Reached
from dealerrules.keeping import counted, past_clocks, stretches
from dealerrules.policy.model import EditionKey, Tier, meanings
from dealerrules.turns import ONE, turns
from dealerrules.values import BOOLEAN, days_before, months_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealerrules.engines.context import Question
    from dealerrules.keeping import Stretch
    from dealerrules.policy.model import Edition
    from dealerrules.turns import Turn

_FIRST: Final = "·first"
_LAST: Final = "·last"
_SURE: Final = "·sure"
_BEST: Final = "·best"
_STRETCH: Final = "·stretch"


@dataclass(frozen=True)
class Spans:
    """From which day to which each subject had a level that counts for something, and under which version."""

    frame: Lazy
    stretches: tuple[Stretch, ...]


@dataclass
class Past:
    """The days before those that are asked about.

    Args:
        question: the tables; its frame says who each row is about, and nothing has been written to it.
        first: the first of the days that are asked about.
        last: the last of them.
    """

    question: Question
    first: date
    last: date
    known: dict[tuple[int, str], Spans] = field(default_factory=dict)

    def kept(self, context: Context, asked: Sequence[Reached], label: str) -> Reduced:
        """Return what joins to the rows of a context: whether levels of one tier are kept on the day, or each row's own.

        Args:
            context: that is asked.
            asked: what is asked of one tier.
            label: for the names of the columns.
        """
        name = asked[0].decision
        spans = self.spans(context.edition, name)
        if not spans.stretches:
            return Reduced([], dict.fromkeys(asked, _never))
        as_of = context.as_of
        if isinstance(as_of, date):
            key, rows = WHO, spans.frame
            eve: nw.Expr = day_of(days_before(as_of, 1))
        else:
            key, eve = "id", eve_of(as_of)
            rows = context.question.base.select("id", WHO, DAY).join(spans.frame, on=WHO, how="inner")
        reached_on = nw.when(nw.col(_LAST) > eve).then(eve).otherwise(nw.col(_LAST))
        rows = rows.filter(nw.col(_FIRST) <= eve).with_columns(reached_on.alias(_LAST))
        tier = _tier(context.edition, name)
        flags: dict[str, nw.Expr] = {}
        made = Reduced([], {}, on=key)
        for at, expr in enumerate(asked):
            sure, open_ = f"{label} {at}", f"{label} {at} open"
            flags[sure] = self._counts(tier, expr, spans, as_of, _SURE)
            flags[open_] = self._counts(tier, expr, spans, as_of, _BEST)
            made.fill.update({each: nw.col(each).fill_null(value=False) for each in (sure, open_)})
            made.make[expr] = partial(_kept, sure, open_)
        # nw.any of no row is null on DuckDB and Spark; a subject without spans is not joined at all
        grouped = rows.with_columns(**flags).group_by(key).agg(*(nw.col(each).any() for each in flags))
        made.frames.append(grouped)
        return made

    def _counts(self, tier: Tier, expr: Reached, spans: Spans, as_of: date | nw.Expr, level: str) -> nw.Expr:
        """Return where a span counts for a level on the day."""
        place = {each.id: at for at, each in enumerate(tier.levels)}
        found: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
        for at, stretch in enumerate(spans.stretches):
            found[
                tuple(
                    (place[name], months) for name, months in counted(expr, stretch.edition) if name in place
                )
            ].append(at)
        tests: list[nw.Expr] = []
        for pairs, those in found.items():
            here = nw.col(_STRETCH).is_in(those) if len(found) > 1 else None
            for at, months in pairs:
                test = (nw.col(level) <= at) & self._lately(months, as_of)
                tests.append(test if here is None else test & here)
        return either([Flags(test) for test in tests]).true

    def _lately(self, months: int, as_of: date | nw.Expr) -> nw.Expr:
        """Return where a level was reached for the last time less than so many months before the day."""
        if isinstance(as_of, date):
            return nw.col(_LAST) > day_of(months_before(as_of, months))
        return self.question.algebra.months_between(nw.col(_LAST), as_of) < months

    # --- looking --------------------------------------------------------------------------------------

    def spans(self, edition: Edition, name: str) -> Spans:
        """Return what a tier came to on the days before, each day under the version that holds for it."""
        key = id(edition), name
        if key not in self.known:
            self.known[key] = self._spans(edition, name)
        return self.known[key]

    def _spans(self, edition: Edition, name: str) -> Spans:
        tier = _tier(edition, name)
        facts = [edition.fact(tier.subject, tier.kept_fact(level.id)).expr for level in tier.levels[:-1]]
        asked = [expr for expr in facts if isinstance(expr, Reached)]
        found = tuple(stretches(edition, asked, self.last, self.first))
        among = {level.id: at for at, level in enumerate(tier.levels)}
        lowest = len(tier.levels) - 1
        backend = self.question.algebra.backend
        parts = []
        for at, stretch in enumerate(found):
            there = _tier(stretch.edition, name)
            context, first, last = self._on(stretch, there)
            rules = there.rules if stretch.held else there.earned.rules
            flags = [context.truths[name, at] for at, rule in enumerate(there.rules) if rule in rules]
            truths = Truths(tuple(each.true for each in flags), tuple(each.unknown for each in flags))
            sure, best = places(there, truths, rules, among, lowest)
            columns = {_FIRST: first, _LAST: last, _SURE: sure, _BEST: best, _STRETCH: nw.lit(at, nw.Int64)}
            made = finished(context.question.frame.select(WHO, **columns), backend)
            parts.append(settled_down(made.filter(nw.col(_BEST) < lowest), backend))
        return Spans(together(parts), found) if found else Spans(self.question.base, ())

    def _on(self, stretch: Stretch, tier: Tier) -> tuple[Context, nw.Expr, nw.Expr]:
        """Return the context in which the levels of a stretch have been written, with the first and last day of each row."""
        own = self._counted(stretch.edition, tier.name)
        inner = Past(own, stretch.first, stretch.last)
        question = replace(own, as_of=stretch.last, past=inner, read={}, branching=set())
        if stretch.held:
            context = Context(question, stretch.edition, stretch.last)
            context.prepare([], [tier.name])
            return context, day_of(stretch.first), day_of(stretch.last + ONE)
        pairs = numbered_days(self._pairs(stretch, tier, own), question.algebra.backend, stretch.last)
        frame, events = on_their_days(own.base, own.events or {}, pairs)
        question = replace(question, frame=frame, events=events, own_day=DAY)
        context = Context(question, stretch.edition, nw.col(DAY))
        context.prepare([LevelIn(tier.name, angle.id, ()) for angle in tier.angles])
        return context, nw.col(DAY), nw.col(UP_TO)

    def _counted(self, edition: Edition, name: str) -> Question:
        """Return the question as it came, with the households counted where that matters."""
        question = self.question.anew()
        if "household_brand_owners" in repr(meanings(edition, [name])):
            Context(question, edition, question.as_of).count_households()
        return replace(question, counted=True)

    def _pairs(self, stretch: Stretch, tier: Tier, question: Question) -> Lazy:
        """Return who has to be looked at on which day: everyone on the first one, and then where something may change."""
        days = {stretch.first}
        first, last = stretch.first + ONE, stretch.last
        wanted: dict[tuple[str, str], set[Turn]] = {}
        for clock in past_clocks(EditionKey(stretch.edition), tier.subject, tier.name):
            if clock.of == DAILY:
                return on_each_day(question.base, stretch.first, last, question.algebra.backend)
            if clock.of == FIXED:
                assert clock.day is not None
                days |= set(turns(clock.turn, clock.day, first, last))
            else:
                wanted.setdefault((clock.of, clock.name), set()).add(clock.turn)
        found: list[Lazy] = list(on_days(question.base, days))
        for source, those in wanted.items():
            found += self._whom(question, source, those, first, last)
        return together(found).unique()

    def _whom(
        self, question: Question, source: tuple[str, str], wanted: set[Turn], first: date, last: date
    ) -> Iterator[Lazy]:
        dates = dates_of(question, *source)
        if dates is not None:
            yield from whom_on(dates, wanted, first, last)


def _tier(edition: Edition, name: str) -> Tier:
    tier = edition.decisions[name]
    assert isinstance(tier, Tier)
    return tier


def _never() -> Column:
    return Column(BOOLEAN, nw.lit(value=False), unknown=False)


def _kept(sure: str, open_: str) -> Column:
    """Return whether a level is kept: unknown where it may have been reached."""
    return Column(BOOLEAN, nw.when(nw.col(sure) | ~nw.col(open_)).then(nw.col(sure)))
