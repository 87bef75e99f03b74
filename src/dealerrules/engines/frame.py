"""The frame engine: the expression tree as narwhals expressions, for a whole store at once.

Place in the flow: tables of any size (or a frame of ready-made facts) and editions of the policies come in, one row of
answers and rule truths a subject goes out, on polars, DuckDB or PySpark, lazily. The row engine is what this one is
held against: on every outcome, every rule, and everything unknown.

Facts and rules are written in the order in which they need each other, each round as one set of columns; the events
of a table are read once for all facts of a round that need them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any, Final, assert_never

import narwhals as nw

from dealerrules.engines.columns import (
    DAYS_THERE_ARE,
    MONTHS_THERE_ARE,
    Algebra,
    Backend,
    Column,
    Flags,
    TooLarge,
    as_flags,
    both,
    constant,
    day_of,
    either,
    field_column,
    is_absent,
    known,
    missing_column,
    opposite,
)
from dealerrules.engines.entry import (
    Opened,
    cast_fields,
    different_keys,
    dotless,
    key_faults,
    open_frames,
)
from dealerrules.engines.events import Events, Reduced, eve_of, tables_of
from dealerrules.engines.flat import Columns, Flat, Truths, level_in, settled
from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Constant,
    Elapse,
    Elapsed,
    Expr,
    Fact,
    Field,
    FirstKnown,
    IfAbsent,
    IsAbsent,
    Known,
    LevelIn,
    Lookup,
    Member,
    Not,
    Reduction,
    RoundWhole,
    children,
    type_of,
)
from dealerrules.faults import Fault, FieldError, RecordError, messages, nearest
from dealerrules.households import UNSURE, household_owners
from dealerrules.policy.model import AnyDecision, Edition, Payout, Rule, Stage, Tier
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import BOOLEAN, COUNT, DATE, MAX_COUNT, Kind, Type

Unit = tuple[str, Any]
"""Something to be written once: a fact, the events of an aggregate, an angle, a decision, its answer, a day before."""


@dataclass
class Question:
    """What is asked of some tables: it holds the frame that grows, and what is the same in every context."""

    algebra: Algebra
    flat: Flat
    subject: str
    frame: nw.LazyFrame[Any]
    fields: Mapping[str, Column]
    events: dict[str, nw.LazyFrame[Any]] | None  #: none for ready-made facts
    as_of: date
    given: Mapping[str, Column] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self.base = self.frame
        self.own_fields = self.fields

    def anew(self) -> Question:
        """Return the question as it was at first."""
        return replace(self, frame=self.base, fields=self.own_fields)

    def fresh(self, label: str) -> str:
        """Return a name for a column."""
        self.count += 1
        return f"{self.count} {dotless(label)}"

    def keep(self, columns: Mapping[str, nw.Expr]) -> None:
        """Write columns."""
        if columns:
            self.frame = self.frame.with_columns(**columns)

    def count_households(self) -> None:
        """Derive how many persons of each household own a vehicle of the brand, where it is not recorded."""
        assert self.events is not None
        if self.fields is not self.own_fields:
            return  # another context asked before
        held = {
            name: self.fields[name].value
            for name in ("household_id", "household_brand_owners")
            if name in self.fields
        }
        if UNSURE in self.base.collect_schema().names():
            held[UNSURE] = nw.col(UNSURE)
        people = self.base.select(nw.col("id").alias("customer_id"), **held)
        cars = self.events.get("vehicles")
        if cars is None:
            cars = people.select("customer_id")
        else:
            cars = cars.select(nw.col("id").alias("customer_id"), "own_brand", "purchased_on")
        filled = household_owners(nw.to_native(people), nw.to_native(cars), self.as_of)
        name = self.fresh("household_brand_owners")
        owners = nw.from_native(filled).select(
            nw.col("customer_id").alias("id"), nw.col("household_brand_owners").alias(name)
        )
        self.frame = self.frame.join(owners, on="id", how="left")
        self.fields = {**self.fields, "household_brand_owners": field_column(COUNT, nw.col(name))}

    def join(self, reduced: Reduced) -> None:
        """Join what events were reduced to."""
        for each in reduced.frames:
            self.frame = self.frame.join(each, on="id", how="left")
        self.keep(reduced.fill)


class Context:
    """One day and one edition: the interpreter of the tree as columns.

    Args:
        question: what the columns are written to.
        edition: the policies.
        as_of: the day, or each subject's own as a column.
        origin: whose day before an event it is, if it is one.
    """

    def __init__(
        self,
        question: Question,
        edition: Edition,
        as_of: date | nw.Expr,
        origin: tuple[Context, Before] | None = None,
    ) -> None:
        self.question, self.edition, self.as_of, self.origin = question, edition, as_of, origin
        self.algebra = question.algebra
        self.columns: dict[Expr, Column] = {}
        self.truths: dict[tuple[str, int], Flags] = {}
        self.amounts: dict[str, Column] = {}
        self.written: set[Unit] = set()
        self.guards: dict[Expr, tuple[Expr, ...]] = {}

    # --- in which order -------------------------------------------------------------------------------

    def prepare(self, exprs: Iterable[Expr], decisions: Iterable[str] = ()) -> None:
        """Write everything that some expressions and decisions read."""
        asked = list(exprs)
        wanted = {unit for expr in asked for unit in self._units(expr)}
        wanted |= {("decision", name) for name in decisions}
        depths: dict[Unit, int] = {}
        self._measure(wanted, depths)
        self._guard(asked, depths)
        depths = {}
        self._measure(wanted, depths)
        new: dict[int, list[Unit]] = {}
        for unit in sorted(depths.keys() - self.written, key=repr):
            new.setdefault(depths[unit], []).append(unit)
        for depth in sorted(new):
            try:
                self._round(new[depth])
            except TooLarge as error:
                if not error.args:
                    error.args = (_named(new[depth]),)
                raise
        self.written |= depths.keys()

    def _measure(self, wanted: Iterable[Unit], depths: dict[Unit, int]) -> None:
        """Note units with all that they need, and how many rounds each has to wait."""
        stack = [(unit, False) for unit in wanted]
        while stack:
            unit, ready = stack.pop()
            if unit in depths:
                continue
            needs = self._needs(unit)
            if ready:
                depths[unit] = 1 + max((depths[each] for each in needs), default=0)
            else:
                stack.append((unit, True))
                stack += [(each, False) for each in needs if each not in depths]

    def _guard(self, asked: Sequence[Expr], units: Iterable[Unit]) -> None:
        """Note for which subjects alone a day before an event must be looked at.

        A rule that asks for more than what was so on that day is false wherever the rest is; and to look at the events
        again as of another day is the dearest thing that a rule can ask.
        """
        exprs = list(asked)
        rules: list[Expr] = []
        for kind, what in units:
            if kind == "angle":
                rules += [rule.when for rule in self._tier(what[0]).rules if rule.angle == what[1]]
            elif kind == "decision" and not isinstance(self.edition.decisions[what], Tier):
                decision = self.edition.decisions[what]
                rules += [rule.when for rule in decision.rules]
                exprs += _exprs_of(decision)[len(decision.rules) :]
        for before in [what for kind, what in units if kind == "before"]:
            if any(before in self._befores(expr, through=False) for expr in exprs):
                continue
            readers = [rule for rule in rules if before in self._befores(rule, through=False)]
            others = [
                [item for item in rule.items if not self._befores(item, through=True)]
                if isinstance(rule, All)
                else []
                for rule in readers
            ]
            if all(others):
                self.guards[before] = tuple(All(tuple(items)) for items in others)

    def _befores(self, expr: Expr, *, through: bool) -> set[Expr]:
        """Return the days before that an expression reads by way of facts, and `through` decisions."""
        found: set[Expr] = set()
        seen: set[Unit] = set()
        stack = self._units(expr)
        while stack:
            unit = stack.pop()
            if unit in seen:
                continue
            seen.add(unit)
            if unit[0] == "before":
                found.add(unit[1])
            if through or unit[0] in {"fact", "before"}:
                stack += self._needs(unit)
        return found

    def _units(self, expr: Expr) -> list[Unit]:
        """Return what an expression needs to be written first."""
        found: list[Unit] = []
        stack = [expr]
        while stack:
            node = stack.pop()
            match node:
                case Fact(name=name):
                    found.append(("fact", name))
                case Answer(decision=name):
                    found.append(("answer", name))
                case LevelIn(decision=name, angle=angle):
                    tier = self._tier(name)
                    found += [("angle", (name, each.id)) for each in tier.angles if angle in {None, each.id}]
                case Aggregate():
                    found.append(("events", node))
                case Before():
                    found.append(("before", node))
                case Field(of="customer", name="household_brand_owners") if self._reads_events:
                    found.append(("household", None))
                case _:
                    stack.extend(children(node))
        return found

    def _needs(self, unit: Unit) -> list[Unit]:
        match unit:
            case ("fact", name):
                return (
                    []
                    if name in self.question.given
                    else self._units(self.edition.fact(self.question.subject, name).expr)
                )
            case ("answer", name):
                return [] if name in self.question.given else [("decision", name)]
            case ("angle", (name, angle)):
                rules = [rule for rule in self._tier(name).rules if rule.angle == angle]
                return [each for rule in rules for each in self._units(rule.when)]
            case ("household", _):
                return []
            case ("events", expr):
                return self._units(expr.after) if expr.after is not None and self._reads_events else []
            case ("before", expr):
                guards = self.guards.get(expr, ())
                return [each for part in (expr.event, *guards) for each in self._units(part)]
            case ("decision", name):
                decision = self.edition.decisions[name]
                if isinstance(decision, Tier):
                    return [("angle", (name, angle.id)) for angle in decision.angles]
                return [each for expr in _exprs_of(decision) for each in self._units(expr)]
            case _:
                raise AssertionError(unit)

    @property
    def _reads_events(self) -> bool:
        return self.question.events is not None

    def _tier(self, name: str) -> Tier:
        tier = self.edition.decisions[name]
        assert isinstance(tier, Tier)
        return tier

    # --- writing --------------------------------------------------------------------------------------

    def _round(self, units: Sequence[Unit]) -> None:
        """Write units that do not need each other."""
        by_kind: dict[str, list[Any]] = {}
        for kind, what in units:
            by_kind.setdefault(kind, []).append(what)
        if "household" in by_kind:
            self.question.count_households()
        self._aggregates(by_kind.get("events", []))
        for expr in by_kind.get("before", []):
            self._before(expr)
        writing: dict[str, nw.Expr] = {}
        for name in by_kind.get("fact", []):
            self._fact(name, writing)
        for name, angle in by_kind.get("angle", []):
            tier = self._tier(name)
            mine = [(at, rule) for at, rule in enumerate(tier.rules) if rule.angle == angle]
            self._rules(tier, mine, writing)
        for name in by_kind.get("answer", []):
            self._answer(name, writing)
        for name in by_kind.get("decision", []):
            decision = self.edition.decisions[name]
            if not isinstance(decision, Tier):
                self._rules(decision, list(enumerate(decision.rules)), writing)
        self.question.keep(writing)
        payouts = [self.edition.decisions[name] for name in by_kind.get("decision", [])]
        amounts: dict[str, nw.Expr] = {}
        for payout in payouts:
            if isinstance(payout, Payout):
                self._amount(payout, amounts)
        self.question.keep(amounts)

    def _kept(self, column: Column, label: str, writing: dict[str, nw.Expr]) -> Column:
        """Write a value, with where it is absent and what it is divided by; return it as it is read from there."""
        name = self.question.fresh(label)
        writing[name] = column.value
        absent = over = None
        if column.absent is not None:
            writing[f"{name} absent"] = column.absent
            absent = nw.col(f"{name} absent")
        if column.over is not None:
            writing[f"{name} over"] = column.over
            over = nw.col(f"{name} over")
        return replace(column, value=nw.col(name), absent=absent, over=over)

    def _fact(self, name: str, writing: dict[str, nw.Expr]) -> None:
        definition = self.edition.fact(self.question.subject, name)
        node = Fact(name, definition.type)
        if name in self.question.given:
            self.columns[node] = self.question.given[name]
            return
        column = self.column(definition.expr)
        plain = isinstance(definition.expr, Field | Aggregate | Fact | Constant)
        self.columns[node] = column if plain else self._kept(column, name, writing)

    def _rules(
        self, decision: AnyDecision, rules: Sequence[tuple[int, Rule]], writing: dict[str, nw.Expr]
    ) -> None:
        for at, rule in rules:
            flags = self.flags(rule.when)
            name = self.question.fresh(f"{decision.name} {rule.id}")
            writing[name] = flags.true
            false = None
            if flags.false is not None:
                writing[f"{name} false"] = flags.false
                false = nw.col(f"{name} false")
            self.truths[decision.name, at] = Flags(nw.col(name), false)

    def _answer(self, name: str, writing: dict[str, nw.Expr]) -> None:
        type_ = self.edition.answers[name]
        if name in self.question.given:
            self.columns[Answer(name, type_)] = self.question.given[name]
            return
        decision = self.edition.decisions[name]
        if isinstance(decision, Payout):
            self.columns[Answer(name, type_)] = self.amounts[name]
            return
        column = self.question.flat.as_fact(decision, self.truths_of(decision), None, type_)
        self.columns[Answer(name, type_)] = self._kept(column, f"answer {name}", writing)

    def _amount(self, payout: Payout, writing: dict[str, nw.Expr]) -> None:
        lines = {
            rule: [
                (self.column(line.units) if line.units is not None else None, self.column(line.amount))
                for line in parts
            ]
            for rule, parts in payout.lines.items()
        }
        times = self.column(payout.times) if payout.times is not None else None
        amount = settled(self.algebra, payout, self.truths_of(payout).true, lines, times)
        self.amounts[payout.name] = self._kept(amount, f"amount {payout.name}", writing)

    def truths_of(self, decision: AnyDecision) -> Truths:
        """Return the truths of a decision's rules, which have been written."""
        flags = [self.truths[decision.name, at] for at in range(len(decision.rules))]
        return Truths(tuple(each.true for each in flags), tuple(each.unknown for each in flags))

    def outcome(self, name: str) -> Columns:
        """Return the columns of a decision's outcome; the decision has been prepared."""
        decision = self.edition.decisions[name]
        measure = self.column(decision.measure) if isinstance(decision, Stage) else None
        amount = self.amounts[name].value if isinstance(decision, Payout) else None
        return self.question.flat.columns(decision, self.truths_of(decision), measure, amount)

    # --- events ---------------------------------------------------------------------------------------

    def _aggregates(self, exprs: Sequence[Aggregate]) -> None:
        if not self._reads_events:
            for expr in exprs:
                self.columns[expr] = missing_column(*_type_and_dtype(expr))
            return
        plain = [expr for expr in exprs if expr.after is None]
        for table, group in tables_of(plain).items():
            self._reduced(table, group, None)
        by_after: dict[tuple[str, Expr], list[Aggregate]] = {}
        for expr in exprs:
            if expr.after is not None:
                by_after.setdefault((expr.table, expr.after), []).append(expr)
        for (table, after), group in by_after.items():
            self._reduced(table, group, after)

    def _reduced(self, table: str, group: Sequence[Aggregate], after: Expr | None) -> None:
        question = self.question
        assert question.events is not None
        events = question.events.get(table)
        name = question.fresh(table)
        bound: Column | None = None
        if after is not None:
            column = self.column(after)
            absent = None if column.absent is None else nw.col("after_absent")
            bound = replace(column, value=nw.col("after"), absent=absent)
        as_of = self.as_of if isinstance(self.as_of, date) else nw.col("as_of")
        if events is None:
            for expr in group:
                self.columns[expr] = self._after_unknown(_of_no_events(expr), after)
            return
        if bound is not None or not isinstance(as_of, date):
            events = events.join(self._marks(after), on="id", how="inner")
        reader = Events(self.algebra, events, table, as_of, f"{name} ", after=bound)
        reduced = reader.reduce(group, partial(self._event_flags, reader))
        question.join(reduced)
        # values that depend on each subject's own day are read off the frame itself
        reader.as_of = self.as_of
        writing: dict[str, nw.Expr] = {}
        for expr in group:
            column = reduced.make[expr]()
            self.columns[expr] = self._kept(self._after_unknown(column, after), table, writing)
        question.keep(writing)

    def _marks(self, after: Expr | None) -> nw.LazyFrame[Any]:
        """Return each customer's own days, by which the events are to be looked at.

        What is written so far leads there. Polars works it out once for this and for all that follows; the others would
        do so twice, so that for them only what the days need is written anew.
        """
        if self.algebra.backend is Backend.POLARS:
            question = self.question
            question.frame = nw.from_native(nw.to_native(question.frame).cache())
            context = self
        else:
            question = self.question.anew()
            context = self._replayed(question)
            context.prepare([] if after is None else [after])
        marks: dict[str, nw.Expr] = {}
        if after is not None:
            column = context.column(after)
            marks["after"] = column.value
            if column.absent is not None:
                marks["after_absent"] = column.absent
        if not isinstance(context.as_of, date):
            marks["as_of"] = context.as_of
        mine = question.frame.select(nw.col("id"), **marks)
        return mine.filter(~nw.col("as_of").is_null()) if "as_of" in marks else mine

    def _replayed(self, question: Question) -> Context:
        """Return a context like this one on a question of its own."""
        if self.origin is None:
            return Context(question, self.edition, self.as_of)
        parent, before = self.origin
        again = parent._replayed(question)
        again.guards = parent.guards
        again.prepare([before.event, *parent.guards.get(before, ())])
        return again.inside(before)

    def _after_unknown(self, column: Column, after: Expr | None) -> Column:
        """Return an aggregate that is unknown where the day to look from is."""
        if after is None:
            return column
        unknown = self.column(after).is_unknown
        if unknown is None:
            return column
        absent = column.absent & ~unknown if column.absent is not None else None
        return replace(column, value=nw.when(~unknown).then(column.value), unknown=True, absent=absent)

    @staticmethod
    def _event_column(reader: Events, context: Context, expr: Expr) -> Column:
        match expr:
            case Field(name=name):
                return reader.column(name)
            case Constant(value=value, type=type_):
                return constant(value, type_)
            case Elapsed(how=how, item=item):
                column = Context._event_column(reader, context, item)
                return context.elapsed(how, column, reader.as_of)
            case _:
                raise AssertionError(expr)

    def _event_flags(self, reader: Events, expr: Expr) -> Flags:
        return self._flags(expr, lambda each: self._event_column(reader, self, each))

    def _before(self, expr: Before) -> None:
        question = self.question
        day = self.column(expr.event)
        nothing = replace(missing_column(*_type_and_dtype(expr)), absent=day.absent)
        if not self._reads_events:
            self.columns[expr] = nothing
            return
        inner = self.inside(expr)
        inner.prepare([expr.item])
        day_before = inner.as_of
        assert isinstance(day_before, nw.Expr)
        item = inner.column(expr.item)
        there = ~day_before.is_null()
        absent = item.absent
        if absent is not None:
            absent = absent & there
        if day.absent is not None:
            absent = day.absent if absent is None else absent | day.absent
        value = nw.when(there).then(item.value)
        writing: dict[str, nw.Expr] = {}
        made = replace(item, value=value, unknown=True, absent=absent, fixed=None)
        self.columns[expr] = self._kept(made, "before", writing)
        question.keep(writing)

    def inside(self, expr: Before) -> Context:
        """Return the context of the day before an event; nothing is known yet of a day to come."""
        eve = eve_of(self.column(expr.event).value)
        looked_at = eve <= day_of(self.as_of)
        guards = self.guards.get(expr)
        if guards is not None:
            may_hold = [Flags(~self.flags(guard).is_false) for guard in guards]
            looked_at = looked_at & either(may_hold).true
        name = self.question.fresh("eve")
        self.question.keep({name: nw.when(looked_at).then(eve)})
        return Context(self.question, self.edition, nw.col(name), (self, expr))

    # --- truths ---------------------------------------------------------------------------------------

    def flags(self, expr: Expr) -> Flags:
        """Return a condition's truth."""
        return self._flags(expr, self.column)

    def _flags(self, expr: Expr, column: Any) -> Flags:
        match expr:
            case All(items=items):
                return both([self._flags(item, column) for item in items])
            case AnyOf(items=items):
                return either([self._flags(item, column) for item in items])
            case Not(item=item):
                return opposite(self._flags(item, column))
            case Compare(left=left, right=Constant(value=bool(value))):
                return as_flags(column(left), is_=value)
            case Compare(how=how, left=left, right=right):
                return self.algebra.compare(how, column(left), column(right))
            case Member(item=item, among=among):
                return self.algebra.member(column(item), among)
            case Known(item=item):
                return known(column(item))
            case IsAbsent(item=item):
                return is_absent(column(item))
            case LevelIn(decision=name, angle=angle, allowed=allowed):
                return self._level_in(name, angle, allowed)
            case _:
                return as_flags(column(expr))

    def _level_in(self, name: str, angle: str | None, allowed: Sequence[str]) -> Flags:
        tier = self._tier(name)
        none = Flags(nw.lit(value=False))
        flags = [self.truths.get((name, at), none) for at in range(len(tier.rules))]
        truths = Truths(tuple(each.true for each in flags), tuple(each.unknown for each in flags))
        return level_in(tier, truths, angle, allowed)

    # --- values ---------------------------------------------------------------------------------------

    def column(self, expr: Expr) -> Column:
        """Return a value; what it needs has been prepared."""
        match expr:
            case Constant(value=value, type=type_):
                return constant(value, type_)
            case AsOf():
                return Column(DATE, day_of(self.as_of), unknown=False)
            case Field(name=name, type=type_):
                held = self.question.fields.get(name)
                return held if held is not None else missing_column(type_, _dtype(type_))
            case Fact() | Answer() | Aggregate() | Before():
                return self.columns[expr]
            case Arithmetic(how=how, left=left, right=right, type=type_):
                return self.algebra.arithmetic(how, self.column(left), self.column(right), type_)
            case RoundWhole(up=up, item=item, type=type_):
                return replace(self.algebra.rounded(self.column(item), up=up), type=type_)
            case Elapsed(how=how, item=item):
                return self.elapsed(how, self.column(item), self.as_of)
            case FirstKnown(items=items):
                return self.algebra.first_known([self.column(item) for item in items])
            case IfAbsent(item=item):
                return replace(self.column(item), unknown=True, absent=None)
            case Lookup(by=by, cases=cases, type=type_):
                return self.algebra.lookup(self.column(by), cases, type_)
            case LevelIn() | Compare() | Member() | Known() | IsAbsent() | All() | AnyOf() | Not():
                flags = self.flags(expr)
                return _from_flags(flags)
            case _:
                assert_never(expr)

    def elapsed(self, how: Elapse, day: Column, as_of: date | nw.Expr) -> Column:
        """Return the time between a date and the day of evaluation."""
        match how:
            case Elapse.MONTHS_SINCE:
                value, most = self.algebra.months_between(day.value, as_of), MONTHS_THERE_ARE
            case Elapse.DAYS_SINCE:
                value, most = self.algebra.days_between(day.value, as_of), DAYS_THERE_ARE
            case Elapse.DAYS_UNTIL:
                value, most = self.algebra.days_between(day.value, as_of) * -1, DAYS_THERE_ARE
            case _:
                assert_never(how)
        kind = Kind.MONTHS if how is Elapse.MONTHS_SINCE else Kind.DAYS
        return replace(day, type=Type(kind), value=value, most=most, negative=True)


def _named(units: Iterable[Unit]) -> str:
    """Return the facts and decisions of a round, for a message."""
    names = [what[0] if kind == "angle" else what for kind, what in units if kind in {"fact", "angle", "decision"}]
    return ", ".join(f"`{name}`" for name in sorted(set(names)))


def _from_flags(flags: Flags) -> Column:
    if flags.false is None:
        return Column(BOOLEAN, flags.true, unknown=False)
    return Column(BOOLEAN, nw.when(flags.true | flags.false).then(flags.true))


def _dtype(type_: Type) -> Any:
    match type_.kind:
        case Kind.DATE:
            return nw.Date()
        case Kind.BOOLEAN:
            return nw.Boolean()
        case Kind.TEXT | Kind.CATEGORY:
            return nw.String()
        case _:
            return nw.Int64()


def _type_and_dtype(expr: Expr) -> tuple[Type, Any]:
    type_ = type_of(expr)
    return type_, _dtype(type_)


def _of_no_events(expr: Aggregate) -> Column:
    """Return what an aggregate is for customers without any event: the table was left out."""
    type_, dtype = _type_and_dtype(expr)
    match expr.how:
        case Reduction.COUNT | Reduction.DISTINCT | Reduction.STREAK:
            return Column(COUNT, nw.lit(0, nw.Int64), unknown=False)
        case Reduction.SUM:
            return Column(type_, nw.lit(0, nw.Int64), unknown=False)
        case Reduction.SOME | Reduction.EVERY:
            return Column(BOOLEAN, nw.lit(expr.how is Reduction.EVERY), unknown=False)
        case Reduction.LATEST | Reduction.EARLIEST:
            nothing = missing_column(type_, dtype)
            return replace(nothing, unknown=False, absent=nw.lit(value=True))
        case _:
            assert_never(expr.how)


def _exprs_of(decision: AnyDecision) -> list[Expr]:
    exprs = [rule.when for rule in decision.rules]
    if isinstance(decision, Stage):
        exprs.append(decision.measure)
    if isinstance(decision, Payout):
        for lines in decision.lines.values():
            for line in lines:
                exprs += [line.amount] + ([line.units] if line.units is not None else [])
        if decision.times is not None:
            exprs.append(decision.times)
    return exprs


# ---------------------------------------------------------------------------------------------------
# Questions


def attributes_of(editions: Iterable[Edition], subject: str) -> dict[str, Type]:
    """Return the attributes of customers that the facts of some editions read."""
    found: dict[str, Type] = {}
    for edition in editions:
        for definition in edition.facts.get(subject, {}).values():
            if isinstance(definition.expr, Field) and definition.expr.name.startswith("attributes."):
                found[definition.expr.name] = definition.expr.type
    return found


def question_of(opened: Opened, subject: str, editions: Iterable[Edition], as_of: date) -> Question:
    """Return a question about some tables, with every known column cast.

    Raises:
        RecordError: naming each column that is missing, or cannot be what it is exactly.
    """
    meta = SUBJECTS[subject]
    faults: list[Fault] = []
    base = opened.tables[meta.table]
    types = {**meta.fields, **attributes_of(editions, subject)}
    faults += key_faults(meta.table, base, meta.key)
    cast = cast_fields(meta.table, base, types, faults)
    id_type = base.collect_schema().get(meta.id_field)
    events: dict[str, nw.LazyFrame[Any]] = {}
    for name, table in TABLES.items() if meta.tables else ():
        frame = opened.tables.get(name)
        if frame is None:
            continue
        faults += key_faults(name, frame, ["customer_id", table.date_field])
        if faults:
            continue
        key_type = frame.collect_schema()["customer_id"]
        if key_type != id_type and not (key_type.is_integer() and id_type is not None and id_type.is_integer()):
            faults.append(different_keys(name, key_type, id_type))
        columns = cast_fields(name, frame, dict(table.fields), faults)
        absent = {
            each: nw.lit(None).cast(_dtype(type_)) for each, type_ in table.fields.items() if each not in columns
        }
        made = frame.select(nw.col("customer_id").alias("id"), **{**columns, **absent})
        counts = [~nw.col(table.date_field).is_null()]
        for column, words in table.excluded:
            counts.append(~nw.col(column).is_in(list(words)).fill_null(value=False))
        events[name] = made.filter(*counts)
    if faults:
        raise RecordError(faults)
    algebra = Algebra(opened.backend)
    keys = {f"key {name}": nw.col(name) for name in meta.key}
    held = {f"field {dotless(name)}": value for name, value in cast.items()}
    more = [nw.col(name) for name in ("row", UNSURE) if name in base.collect_schema().names()]
    frame = base.select(nw.col(meta.id_field).alias("id"), *more, **keys, **held)
    fields = {
        name: field_column(types[name], nw.col(f"field {dotless(name)}")) for name in cast
    }
    return Question(algebra, Flat(algebra), subject, frame, fields, events, as_of)


def answers(
    question: Question,
    names: Sequence[str],
    as_of: date,
    editions: Sequence[Edition],
    models: Mapping[str, AnyDecision],
    one_version: Callable[[str], bool],
) -> nw.LazyFrame[Any]:
    """Return the columns of all outcomes, a row a subject.

    Args:
        question: the opened tables.
        names: of decisions, in the order of their columns.
        as_of: the day.
        editions: all of the book, in order.
        models: the latest version of each decision.
        one_version: whether a decision has had one meaning only up to the day.
    """
    in_force = next((each for each in editions if each.start <= as_of <= each.end), None)
    out: Columns = {}
    contexts: dict[int, Context] = {}

    def context(edition: Edition) -> Context:
        return contexts.setdefault(id(edition), Context(question, edition, as_of))

    wanted: dict[int, list[str]] = {}
    for name in names:
        for edition in _editions_of(models[name], editions, in_force, as_of):
            if name in edition.decisions:
                context(edition)
                wanted.setdefault(id(edition), []).append(name)
    for key, each in contexts.items():
        each.prepare([], wanted[key])
    for name in names:
        model = models[name]
        parts = [
            (edition, context(edition).outcome(name))
            for edition in _editions_of(model, editions, in_force, as_of)
            if name in edition.decisions
        ]
        if model.dated_by is None:
            columns = parts[0][1] if parts else _undefined(question, model)
        else:
            undated = in_force if one_version(name) else None
            columns = _dated(question, model, parts, as_of, undated)
        out |= {f"{name}{suffix}": value for suffix, value in columns.items()}
    meta = SUBJECTS[question.subject]
    there = question.frame.collect_schema().names()
    keys = {name: nw.col(f"key {name}") for name in meta.key if f"key {name}" in there}
    kept = {name.removeprefix("kept "): nw.col(name) for name in there if name.startswith("kept ")}
    selected = [value.alias(name) for name, value in {**keys, **kept, **out}.items()]
    if "row" in there:
        selected.append(nw.col("row"))
    return question.frame.select(*selected)


def _editions_of(
    model: AnyDecision, editions: Sequence[Edition], in_force: Edition | None, as_of: date
) -> list[Edition]:
    """Return the editions that may decide: that of the day, or for a dated subject any up to the day."""
    if model.dated_by is None:
        return [] if in_force is None else [in_force]
    return [edition for edition in editions if edition.start <= as_of]


def _undefined(question: Question, model: AnyDecision) -> Columns:
    """Return the columns of a decision of which no version is in force."""
    nothing = Truths(
        tuple(nw.lit(value=False) for _ in model.rules), tuple(None for _ in model.rules)
    )
    flat = question.flat
    measure = missing_column(*_type_and_dtype(model.measure)) if isinstance(model, Stage) else None
    amount = nw.lit(None).cast(nw.Int64) if isinstance(model, Payout) else None
    made = flat.columns(model, nothing, measure, amount)
    never = nw.lit(value=False)
    cleared = {
        suffix: nw.when(never).then(value) if not suffix.startswith((".true", ".unknown", ".because")) else value
        for suffix, value in made.items()
    }
    cleared[".status"] = flat.status(None, nw.lit(value=True))
    if isinstance(model, Tier):
        for suffix in list(cleared):
            if suffix.startswith(".because"):
                cleared[suffix] = nw.lit(0, nw.Int64)
    return cleared


def _dated(
    question: Question,
    model: AnyDecision,
    parts: Sequence[tuple[Edition, Columns]],
    as_of: date,
    undated: Edition | None,
) -> Columns:
    """Return each subject's outcome under the version in force on its own date; without a date under `undated`."""
    assert model.dated_by is not None
    held = question.given.get(model.dated_by, question.fields.get(model.dated_by))
    day = held.value if held is not None else nw.lit(None).cast(nw.Date)
    nothing = _undefined(question, model)
    if not parts:
        return nothing
    tests = []
    for edition, _ in parts:
        inside = (day >= day_of(edition.start)) & (day <= day_of(min(edition.end, as_of)))
        test = inside.fill_null(value=False)
        if edition is undated:
            test = test | day.is_null()
        tests.append(test)
    found: Columns = {}
    for suffix, otherwise in nothing.items():
        chosen = [
            nw.when(test).then(columns[suffix])
            for test, (_, columns) in zip(tests, parts, strict=True)
            if suffix in columns
        ]
        if suffix.startswith((".true", ".unknown", ".status", ".because")):
            chosen.append(nw.when(~either([Flags(test) for test in tests]).true).then(otherwise))
        found[suffix] = nw.coalesce(*chosen) if len(chosen) > 1 else chosen[0]
    return found


def evaluate_tables(
    tables: Mapping[str, Any],
    subject: str,
    names: Sequence[str],
    as_of: date,
    editions: Sequence[Edition],
    models: Mapping[str, AnyDecision],
    one_version: Callable[[str], bool],
) -> Any:
    """Return the outcomes of a store's tables, in a frame of the kind that came in.

    Raises:
        RecordError: for tables and columns that cannot be read.
    """
    opened = open_frames(tables)
    opened = _numbered(opened, SUBJECTS[subject].table)
    question = question_of(opened, subject, editions, as_of)
    return _answered(opened, question, names, as_of, editions, models, one_version)


def evaluate_facts(
    facts: Any,
    subject: str,
    names: Sequence[str],
    as_of: date,
    editions: Sequence[Edition],
    models: Mapping[str, AnyDecision],
    one_version: Callable[[str], bool],
    keep: Sequence[str],
) -> Any:
    """Return the outcomes of a frame of ready-made facts, in a frame of its kind.

    Raises:
        RecordError: for columns that are no facts, or not of their type.
    """
    opened = _numbered(open_frames({FACTS: facts}), FACTS)
    question = _question_of_facts(opened, subject, editions, as_of, keep)
    return _answered(opened, question, names, as_of, editions, models, one_version)


FACTS: Final = "facts"
_SAYS: Final = messages("""
too_large | numbers in {value} may grow past the 37 digits that a data frame holds exactly; evaluate these records one by one | {value} 中的数字可能超过数据表能精确表示的 37 位；请逐条评估这些记录
no_fact | there is no such fact | 没有这个事实
""")


def _question_of_facts(
    opened: Opened, subject: str, editions: Sequence[Edition], as_of: date, keep: Sequence[str]
) -> Question:
    """Return a question about ready-made facts: each column is one, or is kept, or says more of one.

    ``NAME.absent`` tells where there is no such event, ``NAME.over`` is the divisor of a ratio whose numerator is NAME.
    """
    base = opened.tables[FACTS]
    types = {name: each for edition in editions for name, each in edition.given_types(subject).items()}
    there = base.collect_schema().names()
    faults: list[Fault] = []
    suffixes = [dotless(".absent"), dotless(".over"), ".absent", ".over"]
    for name in there:
        stem = next((name.removesuffix(each) for each in suffixes if name.endswith(each)), name)
        if name not in types and name not in {"row", *keep} and (stem == name or stem not in types):
            error = FieldError(None, _SAYS["no_fact"], near=nearest(name, types))
            faults.append(error.at(subject, None, name, FACTS))
    faults += key_faults(FACTS, base, keep)
    ratios = {name: f"{name}.over" for name in types if {f"{name}.over", dotless(f"{name}.over")} & set(there)}
    plain = {name: each for name, each in types.items() if name not in ratios and name not in keep}
    cast = cast_fields(FACTS, base, plain, faults)
    parts = {name: COUNT for pair in ratios.items() for name in pair}
    divided = cast_fields(FACTS, base, parts, faults)
    absents = {f"{name}.absent": BOOLEAN for name in types if f"{name}.absent" not in types}
    gone = cast_fields(FACTS, base, absents, faults)
    if faults:
        raise RecordError(faults)
    held = {f"field {dotless(name)}": value for name, value in {**cast, **divided}.items()}
    held |= {f"field {dotless(name)}": value.fill_null(value=False) for name, value in gone.items()}
    kept = {f"kept {name}": nw.col(name) for name in keep}
    row = [nw.col("row")] if opened.eager else []
    algebra = Algebra(opened.backend)
    given: dict[str, Column] = {}
    for name in [*cast, *ratios]:
        absent = nw.col(f"field {dotless(f'{name}.absent')}") if f"{name}.absent" in gone else None
        column = field_column(types[name], nw.col(f"field {dotless(name)}"), absent)
        if name in ratios:
            column = _ratio_of(column, nw.col(f"field {dotless(ratios[name])}"))
        given[name] = column
    frame = base.select(*row, **kept, **held)
    return Question(algebra, Flat(algebra), subject, frame, {}, None, as_of, given)


def _ratio_of(column: Column, over: nw.Expr) -> Column:
    """Return a ratio that is given as two whole numbers; over 0 it is unknown."""
    there = ~over.is_null() & (over > 0)
    value = nw.when(there).then(column.value)
    return replace(
        column, value=value, over=nw.when(there).then(over), scale=1, most=MAX_COUNT, over_most=MAX_COUNT
    )


def _numbered(opened: Opened, table: str) -> Opened:
    """Number the rows of frames that came in as values, so that the answer can keep their order."""
    if not opened.eager:
        return opened
    base = nw.to_native(opened.tables[table]).with_row_index("row")
    return replace(opened, tables={**opened.tables, table: nw.from_native(base)})


def _answered(
    opened: Opened,
    question: Question,
    names: Sequence[str],
    as_of: date,
    editions: Sequence[Edition],
    models: Mapping[str, AnyDecision],
    one_version: Callable[[str], bool],
) -> Any:
    """Return the answers in a frame of the kind that came in."""
    try:
        found = answers(question, names, as_of, editions, models, one_version)
    except TooLarge as error:
        said = FieldError(str(error), _SAYS["too_large"])
        raise RecordError([said.at(question.subject, None, "decisions")]) from None
    return opened.close(found.sort("row").drop("row") if opened.eager else found)


def conditions(
    edition: Edition, subject: str, tables: Mapping[str, Any], exprs: Mapping[str, Expr], as_of: date
) -> nw.LazyFrame[Any]:
    """Return the truth of some conditions for every subject of some tables.

    Args:
        edition: the policies whose facts they read.
        subject: what they are about.
        tables: as for :meth:`PolicyBook.evaluate_frame`.
        exprs: the conditions, by name.
        as_of: the day.

    Returns:
        the key columns, and for each condition two columns that are never null, ``NAME.true`` and ``NAME.false``.
    """
    opened = open_frames(tables)
    question = question_of(opened, subject, [edition], as_of)
    context = Context(question, edition, as_of)
    context.prepare(exprs.values())
    made: dict[str, nw.Expr] = {}
    for name, expr in exprs.items():
        flags = context.flags(expr)
        made |= {f"{name}.true": flags.true, f"{name}.false": flags.is_false}
    keys = {name: nw.col(f"key {name}") for name in SUBJECTS[subject].key}
    return question.frame.select(*(value.alias(name) for name, value in {**keys, **made}.items()))
