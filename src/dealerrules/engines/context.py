"""Context: the interpreter of the expression tree as columns of a growing frame.

Place in the flow: the heart of the frame engine. Facts and rules are written in the order in which they need each
other, each round as one set of columns; the events of a table are read once for all facts of a round that need them.
A context is one edition as of one day, which may be each subject's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final, assert_never

import narwhals as nw

from dealerrules.engines.columns import (
    DAYS_THERE_ARE,
    MONTHS_THERE_ARE,
    Algebra,
    Backend,
    Column,
    Flags,
    KeptBefore,
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
    dotless,
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
    Comparison,
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
    Reached,
    Reduction,
    RoundWhole,
    children,
    type_of,
    walk,
)
from dealerrules.households import UNSURE, counted_owners
from dealerrules.policy.model import AnyDecision, Edition, Payout, Rule, Stage, Tier, expressions
from dealerrules.values import BOOLEAN, COUNT, DATE, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dealerrules.engines.past import Past

_OWNS_BRAND: Final = Aggregate(
    Reduction.SOME,
    "vehicles",
    that=Compare(
        Comparison.EQUAL, Field("vehicles", "own_brand", BOOLEAN), Constant(value=True, type=BOOLEAN)
    ),
)
"""Does a customer own a vehicle of the store's brand?"""

Unit = tuple[str, Any]
"""Something to be written once: a fact, the events of an aggregate, an angle (none: what is kept), a decision, its answer,
a day before, the days before."""


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
    read: dict[str, Reduced] = field(default_factory=dict)  #: what each table came to
    branching: set[str] = field(default_factory=set)  #: tables that branches read too
    counted: bool = False  #: whether households have been counted, and stand in the fields
    own_day: str | None = None  #: the column of events that holds each row's own day of evaluation
    past: Past | None = None  #: the days before, where a tier keeps its levels

    def __post_init__(self) -> None:
        self.base = self.frame
        self.own_fields = self.fields

    def anew(self) -> Question:
        """Return the question as it was at first, for a branch: what was read of a table is not read again."""
        return replace(self, frame=self.base, fields=self.own_fields)

    def fresh(self, label: str) -> str:
        """Return a name for a column."""
        self.count += 1
        return f"{self.count} {dotless(label)}"

    def keep(self, columns: Mapping[str, nw.Expr]) -> None:
        """Write columns."""
        if columns:
            self.frame = self.frame.with_columns(**columns)

    def join(self, reduced: Reduced) -> None:
        """Join what events were reduced to."""
        for each in reduced.frames:
            self.frame = self.frame.join(each, on=reduced.on, how="left")
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
        self.tests: dict[Expr, Flags] = {}
        self.amounts: dict[str, Column] = {}
        self.written: set[Unit] = set()
        self.guards: dict[Expr, tuple[Expr, ...]] = {}

    # --- in which order -------------------------------------------------------------------------------

    def prepare(self, exprs: Iterable[Expr], decisions: Iterable[str] = ()) -> None:
        """Write everything that some expressions and decisions read."""
        asked = list(exprs)
        # in one order, so that the same question is the same query every time
        wanted = dict.fromkeys(unit for expr in asked for unit in self._units(expr))
        wanted |= dict.fromkeys(("decision", name) for name in decisions)
        depths: dict[Unit, int] = {}
        self._measure(wanted, depths)
        self._guard(asked, depths)
        depths = {}
        self._measure(wanted, depths)
        self._word_tests(asked, depths)
        branched = {unit for unit in depths if self._branches(unit)}
        joined = {unit for unit in depths if unit[0] == "events"}
        past = {unit for unit in depths if unit[0] == "past"}
        first, second = self._with_needs(branched), self._with_needs(joined | past)
        read = {what.table for kind, what in first if kind == "events" and what.after is None}
        self.question.branching |= read
        # the events of a table are read once
        first |= {unit for unit in joined if unit[1].after is None and unit[1].table in read}
        rounds: dict[tuple[int, int], list[Unit]] = {}
        for unit in sorted(depths.keys() - self.written, key=repr):
            # a join copies the columns that are there, and a branch keeps them: what branches comes first
            stage = 0 if unit in first else 1 if unit in second else 2
            rounds.setdefault((stage, depths[unit]), []).append(unit)
        for _, units in sorted(rounds.items()):
            self.written |= set(units)
            try:
                self._round(units)
            except TooLarge as error:
                if not error.args:
                    error.args = (named(units),)
                raise

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

    def _branches(self, unit: Unit) -> bool:
        """Tell whether something looks at events by way of what is written before."""
        kind, what = unit
        if kind == "events":
            return what.after is not None or not isinstance(self.as_of, date)
        return kind in {"before", "household"}

    def _with_needs(self, units: Iterable[Unit]) -> set[Unit]:
        """Return units with all that they need."""
        found: set[Unit] = set()
        stack = list(units)
        while stack:
            unit = stack.pop()
            if unit not in found:
                found.add(unit)
                stack += self._needs(unit)
        return found

    def _word_tests(self, asked: Iterable[Expr], units: Iterable[Unit]) -> None:
        """Write the tests on words of the subject itself first: joins then carry flags, not texts."""
        exprs = [*asked, *(expr for unit in units for expr in self._exprs(unit))]
        writing: dict[str, nw.Expr] = {}
        for expr in exprs:
            for node in walk(expr):
                if node in self.tests or not self._is_word_test(node):
                    continue
                flags = self._flags(node, self._word)
                name = self.question.fresh("word")
                writing[name] = flags.true
                if flags.false is not None:
                    writing[f"{name} false"] = flags.false
                self.tests[node] = Flags(
                    nw.col(name), None if flags.false is None else nw.col(f"{name} false")
                )
        self.question.keep(writing)

    def _exprs(self, unit: Unit) -> list[Expr]:
        match unit:
            case ("angle", (name, angle)):
                return [rule.when for rule in self._tier(name).rules if rule.angle == angle]
            case ("decision", name) if not isinstance(self.edition.decisions[name], Tier):
                return [rule.when for rule in self.edition.decisions[name].rules]
            case _:
                return []

    def _is_word_test(self, expr: Expr) -> bool:
        match expr:
            case (
                Compare(left=Fact(name=name, type=type_), right=Constant())
                | Member(item=Fact(name=name, type=type_))
            ):
                words = type_.kind in {Kind.TEXT, Kind.CATEGORY}
                plain = isinstance(self.edition.fact(self.question.subject, name).expr, Field)
                return words and (plain or name in self.question.given)
            case _:
                return False

    def _word(self, expr: Expr) -> Column:
        """Return a word of the subject, or what it is compared with; nothing else has been written yet."""
        if not isinstance(expr, Fact):
            return self.column(expr)
        if expr.name in self.question.given:
            return self.question.given[expr.name]
        return self.column(self.edition.fact(self.question.subject, expr.name).expr)

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
                exprs += expressions(decision)[len(decision.rules) :]
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
                    found += [
                        ("angle", (name, each)) for each in _angles(self._tier(name)) if angle in {None, each}
                    ]
                case Aggregate():
                    found.append(("events", node))
                case Before():
                    found.append(("before", node))
                case Reached():
                    found.append(("past", node))
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
            case ("past", _):
                return []
            case ("household", _):
                return [("events", _OWNS_BRAND)] if self.origin is None else []
            case ("events", expr):
                if expr.after is None or not self._reads_events:
                    return []
                return [("events", replace(expr, after=None)), *self._units(expr.after)]
            case ("before", expr):
                guards = self.guards.get(expr, ())
                return [each for part in (expr.event, *guards) for each in self._units(part)]
            case ("decision", name):
                decision = self.edition.decisions[name]
                if isinstance(decision, Tier):
                    return [("angle", (name, angle)) for angle in _angles(decision)]
                return [each for expr in expressions(decision) for each in self._units(expr)]
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
            self.count_households()
        self._aggregates(by_kind.get("events", []))
        for expr in by_kind.get("before", []):
            self._before(expr)
        self._pasts(by_kind.get("past", []))
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
        column = self.question.flat.as_fact(decision, self.truths_of(decision), type_)
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
                self.columns[expr] = missing_column(*type_and_dtype(expr))
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
        bound = None if after is None else nw.col("after")
        as_of = self.as_of if isinstance(self.as_of, date) else nw.col("as_of")
        if events is None:
            for expr in group:
                self.columns[expr] = self._after_unknown(_of_no_events(expr), after)
            return
        branches = bound is not None or not isinstance(as_of, date)
        reduced = question.read.get(table)
        if branches or reduced is None or not reduced.make.keys() >= set(group):
            if branches and question.own_day is not None and bound is None and self.origin is None:
                events = events.rename({question.own_day: "as_of"})
            elif branches:
                events = events.join(self._marks(group, after), on="id", how="inner")
            reader = Events(self.algebra, events, table, as_of, f"{name} ", after=bound)
            reduced = reader.reduce(group, partial(self.event_flags, reader))
            reader.as_of = self.as_of  # what depends on each subject's own day is read off the frame itself
            if not branches:
                reduced = question.read[table] = self._once(table, reduced)
        question.join(reduced)
        writing: dict[str, nw.Expr] = {}
        for expr in group:
            column = reduced.make[expr]()
            if after is not None:
                column = self._after_unknown(self._where_it_matters(expr, group, after, column), after)
            self.columns[expr] = self._kept(column, table, writing)
        question.keep(writing)

    def _where_it_matters(
        self, expr: Aggregate, group: Sequence[Aggregate], after: Expr, late: Column
    ) -> Column:
        """Return an aggregate after a day where there is such a day and anything to look at, and the plain one elsewhere."""
        plain = self.columns[replace(expr, after=None)]
        matters = self.matters(group, after)
        absent = None
        if late.absent is not None and plain.absent is not None:
            absent = nw.when(matters).then(late.absent).otherwise(plain.absent)
        value = nw.when(matters).then(late.value).otherwise(plain.value)
        return replace(late, value=value, absent=absent, unknown=late.unknown or plain.unknown)

    def matters(self, group: Sequence[Aggregate], after: Expr) -> nw.Expr:
        """Return where events after a day can come to something else than all events do."""
        there = ~self.column(after).missing
        found: list[Flags] = []
        for expr in group:
            plain = self.columns[replace(expr, after=None)]
            match expr.how:
                case Reduction.COUNT | Reduction.DISTINCT:
                    found.append(Flags(plain.value > 0))
                case Reduction.LATEST | Reduction.EARLIEST if plain.absent is not None:
                    found.append(Flags(~plain.absent))
                case _:
                    return there
        return there & either(found).true

    def count_households(self) -> None:
        """Count the persons of each household who own a vehicle of the brand, as of the day of the question.

        It is counted over whole tables, so that a day before an event sees what the question sees, as a record does.
        """
        if self.origin is not None:
            self.origin[0].count_households()
            return
        question = self.question
        if question.counted or question.fields is not question.own_fields:
            return
        self.prepare([_OWNS_BRAND])
        names = ("household_id", "household_brand_owners")
        held = {name: question.fields[name].value for name in names if name in question.fields}
        if "household_id" not in held:
            return
        if UNSURE in question.base.collect_schema().names():
            held[UNSURE] = nw.col(UNSURE)
        again = Context(question.anew(), self.edition, self.as_of)
        again.prepare([_OWNS_BRAND])
        owns = again.flags(_OWNS_BRAND).true
        people = again.question.frame.select(nw.col("id"), owns=owns, **held)
        counted = counted_owners(people, nw.col("owns"))
        name = question.fresh("household_brand_owners")
        question.frame = question.frame.join(
            counted.select(nw.col("id"), nw.col("household_brand_owners").alias(name)), on="id", how="left"
        )
        question.fields = {**question.fields, names[1]: field_column(COUNT, nw.col(name))}

    def _marks(self, group: Sequence[Aggregate], after: Expr | None) -> nw.LazyFrame[Any]:
        """Return each customer's own days, by which the events are to be looked at.

        Only what the days need is written for it, anew, so that this branch is narrow.
        """
        question = self.question.anew()
        context = self.replayed(question)
        plain = [replace(expr, after=None) for expr in group]
        context.prepare([] if after is None else [after, *plain])
        marks: dict[str, nw.Expr] = {}
        if after is not None:
            marks["after"] = context.column(after).value
        if not isinstance(context.as_of, date):
            marks["as_of"] = context.as_of
        if after is not None:
            marks["matters"] = context.matters(group, after)
        mine = question.frame.select(nw.col("id"), **marks)
        if after is not None:
            mine = mine.filter(nw.col("matters")).drop("matters")
        return mine.filter(~nw.col("as_of").is_null()) if "as_of" in marks else mine

    def _once(self, table: str, reduced: Reduced) -> Reduced:
        """Return what a table came to, worked out once where branches read it too and the backend can be told so."""
        if self.algebra.backend is not Backend.POLARS or table not in self.question.branching:
            return reduced
        frames: list[nw.LazyFrame[Any]] = [
            nw.from_native(nw.to_native(each).cache()) for each in reduced.frames
        ]
        return replace(reduced, frames=frames)

    def replayed(self, question: Question) -> Context:
        """Return a context like this one on a question of its own."""
        if self.origin is None:
            return Context(question, self.edition, self.as_of)
        parent, before = self.origin
        again = parent.replayed(question)
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

    def event_flags(self, reader: Events, expr: Expr) -> Flags:
        """Return the truth of a condition on events."""
        return self._flags(expr, lambda each: self._event_column(reader, self, each))

    def _before(self, expr: Before) -> None:
        question = self.question
        day = self.column(expr.event)
        nothing = replace(missing_column(*type_and_dtype(expr)), absent=day.absent)
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

    # --- days before ----------------------------------------------------------------------------------

    def _pasts(self, exprs: Sequence[Reached]) -> None:
        """Write whether levels are kept that were reached on days before."""
        question = self.question
        if question.past is None:  # nothing is on record
            self.columns |= {expr: missing_column(*type_and_dtype(expr)) for expr in exprs}
            return
        if self.origin is not None and exprs:
            raise KeptBefore(exprs[0].decision)
        writing: dict[str, nw.Expr] = {}
        by_tier: dict[str, list[Reached]] = {}
        for expr in exprs:
            by_tier.setdefault(expr.decision, []).append(expr)
        for name, group in by_tier.items():
            reduced = question.past.kept(self, group, question.fresh(f"{name} kept"))
            question.join(reduced)
            for expr in group:
                self.columns[expr] = self._kept(reduced.make[expr](), f"{name} kept", writing)
        question.keep(writing)

    # --- truths ---------------------------------------------------------------------------------------

    def flags(self, expr: Expr) -> Flags:
        """Return a condition's truth."""
        return self._flags(expr, self.column)

    def _flags(self, expr: Expr, column: Any) -> Flags:
        if expr in self.tests:
            return self.tests[expr]
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
                return as_flags(column(expr), is_=True)

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
                return held if held is not None else missing_column(type_, dtype_of(type_))
            case Fact() | Answer() | Aggregate() | Before() | Reached():
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


def _angles(tier: Tier) -> list[str | None]:
    """Return a tier's angles; that a level is kept is of none."""
    kept: list[str | None] = [None] if any(rule.angle is None for rule in tier.rules) else []
    return [*(angle.id for angle in tier.angles), *kept]


def named(units: Iterable[Unit]) -> str:
    """Return the facts and decisions of a round, for a message."""
    names = [
        what[0] if kind == "angle" else what for kind, what in units if kind in {"fact", "angle", "decision"}
    ]
    return ", ".join(f"`{name}`" for name in sorted(set(names)))


def _from_flags(flags: Flags) -> Column:
    if flags.false is None:
        return Column(BOOLEAN, flags.true, unknown=False)
    return Column(BOOLEAN, nw.when(flags.true | flags.false).then(flags.true))


def dtype_of(type_: Type) -> Any:
    """Return how a type's values are held in a frame."""
    match type_.kind:
        case Kind.DATE:
            return nw.Date()
        case Kind.BOOLEAN:
            return nw.Boolean()
        case Kind.TEXT | Kind.CATEGORY:
            return nw.String()
        case _:
            return nw.Int64()


def type_and_dtype(expr: Expr) -> tuple[Type, Any]:
    """Return an expression's type, and how its values are held in a frame."""
    type_ = type_of(expr)
    return type_, dtype_of(type_)


def _of_no_events(expr: Aggregate) -> Column:
    """Return what an aggregate is for customers without any event: the table was left out."""
    type_, dtype = type_and_dtype(expr)
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
