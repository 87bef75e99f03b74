"""Rates from tables: the counts of ``rates.py``, of any size, inside the data frame.

Place in the flow: beside the frame engine, whose facts and conditions it asks for. Everything that may be counted gets
flags, one pair a side; one group-by a table then counts all sides of all rates at once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from dealerrules.engines.context import Context, Question
from dealerrules.engines.entry import cast_fields, check_names, dotless, open_frames
from dealerrules.engines.events import Events
from dealerrules.engines.frame import question_of, refusing
from dealerrules.expr import Expr, Fact
from dealerrules.faults import Fault, RecordError
from dealerrules.populations import Count, Counted, Period, days_of
from dealerrules.records import SUBJECTS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from dealerrules.engines.entry import Opened
    from dealerrules.policy.model import Edition, Happening, Rate, Side

Frame = nw.LazyFrame[Any]
_GROUP: Final = "of group"  # the column that counts are broken down by
_CUSTOMER: Final = SUBJECTS["customer"]


@dataclass
class TableCensus:
    """Counts the sides of rates in one period, from tables of one kind.

    Attributes:
        edition: the policies in force at the end of the period; they hold for its earlier days too.
        tables: by name, of any kind that the frame engine takes.
        period: the month or year.
        by: a column of customers to break the counts down by.
    """

    edition: Edition
    tables: Mapping[str, Any]
    period: Period
    by: str | None = None
    opened: Opened = field(init=False)
    question: Question = field(init=False)
    groups: Frame | None = field(init=False)

    def __post_init__(self) -> None:
        check_names(_CUSTOMER.name, self.tables)
        self.opened = replace(open_frames(self.tables), eager=False)  # what comes out is counts, in no order
        self.groups = _groups(self.opened, self.by) if self.by is not None else None
        self.question = self._question(self.period.end)

    def _question(self, day: date) -> Question:
        """Return what conditions are written to; one for each day."""
        return question_of(self.opened, _CUSTOMER.name, [self.edition], day)

    @refusing(_CUSTOMER.name, ())
    def counted(self, rates: Mapping[str, Rate]) -> dict[str, tuple[Counted, Counted]]:
        """Return what each rate counts above and below its line."""
        sides = list(dict.fromkeys(side for rate in rates.values() for side in (rate.of, rate.over)))
        found: dict[Side, Counted] = {}
        by_day: dict[date, list[Side]] = defaultdict(list)
        by_take: dict[tuple[str, str | None], list[Side]] = defaultdict(list)
        for side in sides:
            if side.counts == "customers":
                by_day[self._day(side)].append(side)
            elif side.counts == "events":
                by_take[side.happenings[0].table, side.take.name if side.take is not None else None].append(
                    side
                )
        for day, asked in by_day.items():
            found |= self._customers(day, asked)
        for (table, take), asked in by_take.items():
            found |= self._events(table, take, asked)
        found |= self._vehicles([side for side in sides if side.counts == "vehicles"])
        return {name: (found[rate.of], found[rate.over]) for name, rate in rates.items()}

    def _day(self, side: Side) -> date:
        return self.period.earlier(side.earlier).end

    # --- who and what ---------------------------------------------------------------------------------

    def _customers(self, day: date, sides: Sequence[Side]) -> dict[Side, Counted]:
        """Count sides over customers as of one day: their conditions are worked out together."""
        question = self._question(day)
        context = Context(question, self.edition, day)
        wheres = dict.fromkeys(side.where for side in sides if side.where is not None)
        context.prepare(wheres)
        written: dict[str, nw.Expr] = {}
        truths: dict[Expr | None, _Flags] = {None: _ALL}
        for at, where in enumerate(wheres):
            flags_of = context.flags(where)
            written |= {f"where{at}": flags_of.true, f"open{at}": ~flags_of.true & ~flags_of.is_false}
            truths[where] = _Flags(nw.col(f"where{at}"), nw.col(f"open{at}"))
        frame = question.frame.select(nw.col("id"), **written)
        frame, fits = self._having(frame, sides, "id")
        flags = {side: truths[side.where].on(fit) for side, fit in zip(sides, fits, strict=True)}
        return self._summed(self._grouped(frame, "id"), flags, None)

    def _vehicles(self, sides: Sequence[Side]) -> dict[Side, Counted]:
        """Count sides over vehicles, by VIN; a VIN stands in a row for each owner."""
        frame = self._own("vehicles")
        if frame is None or not sides:
            return {side: Counted(Count()) for side in sides}
        frame = frame.filter(~nw.col("vin").is_null())
        frame, fits = self._having(frame, sides, "vin")
        flags = {}
        for side, fit in zip(sides, fits, strict=True):
            on_file = nw.col("purchased_on") <= self._day(side)
            flags[side] = self._where("vehicles", side.where, self._day(side)).on(fit & on_file)
        return self._summed(self._grouped(frame, "id"), flags, "vin")

    def _events(self, table: str, take: str | None, sides: Sequence[Side]) -> dict[Side, Counted]:
        """Count sides over the events of one table, or over the known values of one of their fields."""
        frame = self._own(table)
        if frame is None:
            return {side: Counted(Count()) for side in sides}
        if take is not None:
            frame = frame.filter(~nw.col(take).is_null())
        flags = {}
        for side in sides:
            (happening,) = side.happenings
            where = self._where(table, happening.where, self.period.end)
            flags[side] = where.on(self._within(happening, side))
        return self._summed(self._grouped(frame, "id"), flags, take)

    # --- what happened --------------------------------------------------------------------------------

    def _having(self, frame: Frame, sides: Sequence[Side], key: str) -> tuple[Frame, list[nw.Expr]]:
        """Join to customers or vehicles what happened to them; return with it who fits each side."""
        names: dict[tuple[Happening, int], str] = {}
        by_table: dict[str, dict[str, nw.Expr]] = defaultdict(dict)
        for side in sides:
            for happening in side.happenings:
                name = names.setdefault((happening, side.earlier), f"happened{len(names)}")
                if self._table(happening.table) is None:
                    by_table[happening.table][name] = nw.lit(value=False)
                    continue
                where = self._where(happening.table, happening.where, self.period.end)
                by_table[happening.table][name] = self._within(happening, side) & where.true
        for table, flags in by_table.items():
            events = self._table(table) if key == "id" else self._own(table)  # a join by id finds no others
            if events is None:
                frame = frame.with_columns(**flags)
                continue
            events = events.filter(~nw.col(key).is_null()) if key != "id" else events
            happened = (
                events.select(nw.col(key), **flags).group_by(key).agg(*(nw.col(name).any() for name in flags))
            )
            frame = frame.join(happened, on=key, how="left")
            frame = frame.with_columns(**{name: nw.col(name).fill_null(value=False) for name in flags})
        fits = []
        for side in sides:
            parts = [
                nw.col(names[each, side.earlier]) if each.holds else ~nw.col(names[each, side.earlier])
                for each in side.happenings
            ]
            fits.append(nw.all_horizontal(*parts, ignore_nulls=False) if parts else nw.lit(value=True))
        return frame, fits

    def _within(self, happening: Happening, side: Side) -> nw.Expr:
        """Return whether an event is dated within the days that are reached for, and is not later itself."""
        first, last = days_of(happening, side, self.period)
        dated, own = nw.col(happening.dated), nw.col(TABLES[happening.table].date_field)
        return (
            (dated >= nw.lit(first, nw.Date)).fill_null(value=False)
            & (dated <= nw.lit(last, nw.Date)).fill_null(value=False)
            & (own <= nw.lit(last, nw.Date))
        )

    def _where(self, table: str, where: Expr | None, day: date) -> _Flags:
        """Return whether a condition holds for an event of a table, as two flags that are never null."""
        if where is None:
            return _ALL
        events = self._table(table)
        assert events is not None
        context = Context(self.question, self.edition, day)
        flags = context.event_flags(Events(context.algebra, events, table, day, ""), where)
        return _Flags(flags.true, ~flags.true & ~flags.is_false)

    def _table(self, name: str) -> Frame | None:
        """Return the counting events of a table, with all its fields; none where it was left out."""
        assert self.question.events is not None
        return self.question.events.get(name)

    def _own(self, name: str) -> Frame | None:
        """Return the counting events of a table that are of customers of the store, as everywhere."""
        events = self._table(name)
        if events is None:
            return None
        return events.join(self.question.frame.select("id"), on="id", how="semi")

    # --- counting -------------------------------------------------------------------------------------

    def _grouped(self, frame: Frame, key: str) -> Frame:
        return frame if self.groups is None else frame.join(self.groups, on=key, how="left")

    def _summed(self, frame: Frame, flags: Mapping[Side, _Flags], thing: str | None) -> dict[Side, Counted]:
        """Count rows, or different things; by group too, where one is asked for.

        A thing belongs where one of its rows does, and is undecided only where none does.
        """
        names = {side: (f"true{at}", f"unknown{at}") for at, side in enumerate(flags)}
        made = {
            name: flag
            for side, pair in names.items()
            for name, flag in zip(pair, flags[side].both, strict=True)
        }
        keys = [_GROUP] if self.groups is not None else []
        things = [thing] if thing is not None else []
        flagged = frame.with_columns(**made).select(
            *keys, *things, *made
        )  # a constant alone would make one row
        if not keys:
            total = self._totals(flagged, things, [], names)[None]
            return {side: Counted(total[side]) for side in flags}
        by_group = self._totals(flagged, things, keys, names)
        if things:  # one may stand in several groups
            total = self._totals(flagged, things, [], names)[None]
        else:
            total = {side: _sum(counts[side] for counts in by_group.values()) for side in flags}
        found = {}
        for side in flags:
            groups = {group: counts[side] for group, counts in by_group.items() if counts[side] != Count()}
            found[side] = Counted(total[side], groups)
        return found

    def _totals(
        self, flagged: Frame, things: list[str], keys: list[str], names: Mapping[Side, tuple[str, str]]
    ) -> dict[Any, dict[Side, Count]]:
        columns = [name for pair in names.values() for name in pair]
        if things:
            flagged = flagged.group_by(*keys, *things).agg(*(nw.col(name).any() for name in columns))
        pairs = {true: (nw.col(unknown) & ~nw.col(true)) for true, unknown in names.values()}
        counted = flagged.select(
            *keys,
            **{true: nw.col(true).cast(nw.Int64) for true in pairs},
            **{names_[1]: pairs[names_[0]].cast(nw.Int64) for names_ in names.values()},
        )
        sums = [nw.col(name).sum() for name in columns]
        rows = (
            (counted.group_by(*keys).agg(*sums) if keys else counted.select(*sums)).collect().rows(named=True)
        )
        return {
            _plain(row[_GROUP]) if keys else None: {
                side: Count(int(row[true] or 0), int(row[unknown] or 0))
                for side, (true, unknown) in names.items()
            }
            for row in rows
        }


def _sum(counts: Iterable[Count]) -> Count:
    listed = list(counts)
    return Count(sum(each.number for each in listed), sum(each.undecided for each in listed))


@refusing(_CUSTOMER.name, ())
def fact_values(edition: Edition, tables: Mapping[str, Any], names: Iterable[str], as_of: date) -> Frame:
    """Return some facts of every customer as the engines hold them (money in fen), with the key ``customer_id``."""
    opened = replace(open_frames(tables), eager=False)
    question = question_of(opened, _CUSTOMER.name, [edition], as_of)
    context = Context(question, edition, as_of)
    facts = {name: Fact(name, edition.fact(_CUSTOMER.name, name).type) for name in names}
    context.prepare(facts.values())
    values = {name: context.column(fact).value for name, fact in facts.items()}
    return question.frame.select(nw.col("id").alias("customer_id"), **values)


@dataclass(frozen=True, slots=True)
class _Flags:
    """Whether something belongs, and whether that is unknown: two columns that are never null."""

    true: nw.Expr
    unknown: nw.Expr

    def on(self, there: nw.Expr) -> _Flags:
        """Return the flags of those that are there at all."""
        return _Flags(there & self.true, there & self.unknown)

    @property
    def both(self) -> tuple[nw.Expr, nw.Expr]:
        """The two, in order."""
        return self.true, self.unknown


_ALL: Final = _Flags(nw.lit(value=True), nw.lit(value=False))


def _groups(opened: Opened, by: str) -> Frame:
    """Return each customer's value of a column."""
    base = opened.tables[_CUSTOMER.table]
    schema = base.collect_schema()
    faults: list[Fault] = []
    value: nw.Expr = nw.lit(None, dtype=nw.String)
    held = dotless(by) if dotless(by) in schema.names() else by
    if by in _CUSTOMER.fields:
        value = cast_fields(_CUSTOMER.table, base, {by: _CUSTOMER.fields[by]}, faults).get(by, value)
    elif held in schema.names():
        value = (
            nw.col(held).cast(nw.String)
            if isinstance(schema[held], nw.Enum | nw.Categorical)
            else nw.col(held)
        )
    if faults:
        raise RecordError(faults)
    return base.select(nw.col("customer_id").alias("id"), value.alias(_GROUP))


def _plain(value: Any) -> Any:
    """Return a group's value as a plain one; NaN, which some frames write for a missing one, is none."""
    return None if value is None or value != value else value  # noqa: PLR0124 - NaN
