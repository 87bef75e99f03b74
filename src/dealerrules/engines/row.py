"""The reference interpreter: one subject on one day, with its whole trace; written to be read.

Place in the flow: records (or ready-made facts) and an edition of the policies come in, rule truths and
traces go out. This module is what the language means: where another engine differs, that one is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

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
    Operator,
    Reached,
    Reduction,
    RoundWhole,
    window_start,
)
from dealerrules.facts import read_attribute
from dealerrules.keeping import Granted, Kept, Look, is_kept, kept_since, looks
from dealerrules.policy.model import AnyDecision, Edition, Payout, Rule, Tier
from dealerrules.readers import engine_value
from dealerrules.records import TABLES, Event, Record
from dealerrules.values import (
    ABSENT,
    Maybe,
    Truth,
    Value,
    ceiling,
    days_before,
    floor,
    kleene_all,
    kleene_any,
    kleene_not,
    months_since,
    reduced,
)
from dealerrules.verdict import Entry, Verdict, answer_value, possible_levels, settle, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date


@dataclass(frozen=True, slots=True)
class Events:
    """What an aggregate made of a table: events taken, not taken because `where` is unknown, later than the day."""

    taken: int
    undecided: int
    later: int


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a trace: its value (for conditions its truth) and the steps that led there.

    `cause` names why a value is missing at this very node: ``over_zero``, ``not_recorded``, ``not_listed``,
    ``events_disagree``, ``not_sure_then``. `kept` says by what a level is kept.
    """

    expr: Expr
    value: Maybe
    parts: tuple[Step, ...] = ()
    events: Events | None = None
    cause: str | None = None
    kept: Kept | None = None

    @property
    def truth(self) -> Truth:
        """The value of a condition."""
        assert self.value is None or isinstance(self.value, bool)
        return self.value


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with the trace of each rule, in the order of ``decision.rules``."""

    decision: AnyDecision
    steps: tuple[Step, ...]
    true: int
    unknown: int
    verdict: Verdict
    measure: Step | None
    amount: int | None
    entries: tuple[Entry, ...] | None
    settling: tuple[Step, ...]


@dataclass
class Interpreter:
    """Evaluates expressions and decisions for one subject as of one day.

    Args:
        edition: the policies in force.
        subject: what is evaluated, such as ``customer``.
        as_of: the day; nothing dated later is read.
        record: the subject's record, or
        facts: ready-made facts by name; they stand instead of their definitions, and what they leave out is unknown.
    """

    edition: Edition
    subject: str
    as_of: date
    record: Record | None = None
    facts: Mapping[str, Maybe] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._fact_steps: dict[str, Step] = {}
        self._decided: dict[str, Decided] = {}
        self._rule_steps: dict[int, Step] = {}

    # --- expressions ----------------------------------------------------------------------------------

    def step(self, expr: Expr, event: Event | None = None) -> Step:
        """Return an expression's value with its trace; `event` is the event that an aggregate looks at."""
        match expr:
            case Constant():
                return Step(expr, expr.value)
            case AsOf():
                return Step(expr, self.as_of)
            case Field():
                return self._field(expr, event)
            case Fact():
                inner = self.fact(expr.name)
                return Step(expr, inner.value, (inner,))
            case Answer():
                return self._answer(expr)
            case LevelIn():
                return Step(expr, self._level_in(expr))
            case Compare():
                left, right = self.step(expr.left, event), self.step(expr.right, event)
                return Step(expr, compare(expr.how, left.value, right.value), (left, right))
            case Member():
                item = self.step(expr.item, event)
                truth = None if item.value is None else item.value in expr.among
                return Step(expr, truth, (item,))
            case Known():
                item = self.step(expr.item, event)
                return Step(expr, item.value is not None and item.value is not ABSENT, (item,))
            case IsAbsent():
                item = self.step(expr.item, event)
                return Step(expr, None if item.value is None else item.value is ABSENT, (item,))
            case All():
                parts = tuple(self.step(item, event) for item in expr.items)
                return Step(expr, kleene_all([part.truth for part in parts]), parts)
            case AnyOf():
                parts = tuple(self.step(item, event) for item in expr.items)
                return Step(expr, kleene_any([part.truth for part in parts]), parts)
            case Not():
                item = self.step(expr.item, event)
                return Step(expr, kleene_not(item.truth), (item,))
            case Arithmetic():
                return self._arithmetic(expr)
            case RoundWhole():
                item = self.step(expr.item)
                return Step(expr, _on_number(item.value, ceiling if expr.up else floor), (item,))
            case Elapsed():
                return self._elapsed(expr, event)
            case FirstKnown():
                return self._first_known(expr)
            case IfAbsent():
                item = self.step(expr.item)
                missing = item.value is ABSENT
                return Step(
                    expr, None if missing else item.value, (item,), cause="not_recorded" if missing else None
                )
            case Lookup():
                return self._lookup(expr)
            case Before():
                return self._before(expr)
            case Aggregate():
                return self._aggregate(expr)
            case Reached():
                return self._reached(expr)
            case _:
                assert_never(expr)

    def fact(self, name: str) -> Step:
        """Return a fact's value: as it was given, else by its definition."""
        if name not in self._fact_steps:
            definition = self.edition.fact(self.subject, name)
            if name in self.facts:
                value = self.facts[name]
                given = Step(definition.expr, value, cause="not_recorded" if value is None else None)
                self._fact_steps[name] = given
            else:
                self._fact_steps[name] = self.step(definition.expr)
        return self._fact_steps[name]

    def _field(self, expr: Field, event: Event | None) -> Step:
        if expr.of == self.subject:
            value = self._own_field(expr)
        else:
            assert event is not None
            value = engine_value(getattr(event, expr.name), expr.type)
        return Step(expr, value, cause="not_recorded" if value is None else None)

    def _own_field(self, expr: Field) -> Value | None:
        if self.record is None:
            return None
        if expr.name.startswith("attributes."):
            return read_attribute(self.record, expr.name.removeprefix("attributes."), expr.type)
        return engine_value(getattr(self.record, expr.name), expr.type)

    def _arithmetic(self, expr: Arithmetic) -> Step:
        left, right = self.step(expr.left), self.step(expr.right)
        for value in (left.value, right.value):
            if value is None or value is ABSENT:
                missing = None if left.value is None or right.value is None else ABSENT
                return Step(expr, missing, (left, right))
        over_zero = expr.how in {Operator.RATIO, Operator.WHOLE_TIMES} and right.value == 0
        value = None if over_zero else calculate(expr.how, left.value, right.value)
        return Step(expr, value, (left, right), cause="over_zero" if over_zero else None)

    def _elapsed(self, expr: Elapsed, event: Event | None) -> Step:
        item = self.step(expr.item, event)
        day = item.value
        if day is None or day is ABSENT:
            return Step(expr, day, (item,))
        assert not isinstance(day, int | Fraction | str)
        match expr.how:
            case Elapse.MONTHS_SINCE:
                return Step(expr, months_since(day, self.as_of), (item,))
            case Elapse.DAYS_SINCE:
                return Step(expr, (self.as_of - day).days, (item,))
            case Elapse.DAYS_UNTIL:
                return Step(expr, (day - self.as_of).days, (item,))
            case _:
                assert_never(expr.how)

    def _first_known(self, expr: FirstKnown) -> Step:
        parts = tuple(self.step(item) for item in expr.items)
        for part in parts:
            if part.value is not None and part.value is not ABSENT:
                return Step(expr, part.value, parts)
        return Step(expr, None if any(part.value is None for part in parts) else ABSENT, parts)

    def _lookup(self, expr: Lookup) -> Step:
        by = self.step(expr.by)
        if by.value is None or by.value is ABSENT:
            return Step(expr, by.value, (by,))
        found = dict(expr.cases).get(by.value)
        return Step(expr, found, (by,), cause="not_listed" if found is None else None)

    def _before(self, expr: Before) -> Step:
        event = self.step(expr.event)
        day = event.value
        if day is None or day is ABSENT or self.record is None:
            return Step(
                expr,
                day if day is ABSENT else None,
                (event,),
                cause=None if day is ABSENT else "not_recorded",
            )
        assert not isinstance(day, int | Fraction | str)
        eve = days_before(day, 1)
        if eve > self.as_of:  # nothing is known yet of a day to come
            return Step(expr, None, (event,), cause="not_recorded")
        earlier = Interpreter(self.edition, self.subject, eve, self.record)
        item = earlier.step(expr.item)
        return Step(expr, item.value, (event, item))

    # --- days before ----------------------------------------------------------------------------------

    def _reached(self, expr: Reached) -> Step:
        if self.record is None:
            return Step(expr, None, cause="not_recorded")
        tier, found = self.tier(expr.decision), self.past(expr)
        value = is_kept(tier, expr, found, self.as_of)
        since = kept_since(tier, expr, found, self.as_of)
        kept: Kept | None = None
        if since is not None:
            look, told = since
            steps = [step for _, step in self.rules_then(expr.decision, look)]
            then = self.then(look).tier(expr.decision)
            then = then if look.stretch.held else then.earned
            kept = replace(told, because=verdict(then, *masks_of(steps)).because)
        return Step(expr, value, cause="not_sure_then" if value is None else None, kept=kept)

    def past(self, expr: Reached) -> tuple[Look, ...]:
        """Return what a tier came to on the days before, the latest first."""
        assert self.record is not None

        def level_on(edition: Edition, day: date, held: bool) -> Granted:  # noqa: FBT001 - it has one caller
            return Interpreter(edition, self.subject, day, self.record).granted(expr.decision, held=held)

        return looks(self.edition, self.subject, (expr,), self.record, self.as_of, level_on)

    def then(self, look: Look) -> Interpreter:
        """Return the interpreter of the day, and the version, of a look."""
        return Interpreter(look.stretch.edition, self.subject, look.first, self.record)

    def rules_then(self, name: str, look: Look) -> list[tuple[Rule, Step]]:
        """Return the rules of a tier that counted on the day of a look, with their traces."""
        then = self.then(look)
        tier = then.tier(name)
        rules = tier.rules if look.stretch.held else tier.earned.rules
        return [(rule, then.rule_step(rule)) for rule in rules]

    def tier(self, name: str) -> Tier:
        """Return a tier by name."""
        tier = self.edition.decisions[name]
        assert isinstance(tier, Tier)
        return tier

    def granted(self, name: str, *, held: bool) -> Granted:
        """Return the levels of a tier that are possible, best first; the last of them is granted.

        Args:
            name: of the tier.
            held: whether levels count that are kept, or what the rules of its angles grant alone.
        """
        tier = self.tier(name) if held else self.tier(name).earned
        steps = [(rule.id, self.rule_step(rule).truth) for rule in tier.rules]
        holds = {rule for rule, truth in steps if truth is True}
        open_ = {rule for rule, truth in steps if truth is None}
        return possible_levels(tier, None, holds, open_)

    # --- events ---------------------------------------------------------------------------------------

    def _aggregate(self, expr: Aggregate) -> Step:
        if self.record is None:
            return Step(expr, None, cause="not_recorded")
        after = self.step(expr.after) if expr.after is not None else None
        if after is not None and after.value is None:
            return Step(expr, None, (after,))
        table = TABLES[expr.table]
        candidates = [event for event in getattr(self.record, expr.table) if _counts(event, expr.table)]
        seen = [event for event in candidates if getattr(event, table.date_field) <= self.as_of]
        start = window_start(expr.within, self.as_of)
        within = [event for event in seen if start is None or getattr(event, table.date_field) > start]
        if after is not None and after.value is not ABSENT:
            within = [event for event in within if getattr(event, table.date_field) > after.value]
        truths = [self.step(expr.where, event).truth if expr.where is not None else True for event in within]
        taken = [event for event, truth in zip(within, truths, strict=True) if truth is True]
        undecided = sum(truth is None for truth in truths)
        value, cause = self._reduced(expr, taken)
        counted = Events(len(taken), undecided, len(candidates) - len(seen))
        return Step(expr, value, (after,) if after is not None else (), counted, cause)

    def _reduced(self, expr: Aggregate, taken: list[Event]) -> tuple[Maybe, str | None]:
        values = (
            [engine_value(getattr(event, expr.take.name), expr.take.type) for event in taken]
            if expr.take
            else []
        )
        match expr.how:
            case Reduction.COUNT:
                return len(taken), None
            case Reduction.DISTINCT:
                return len({value for value in values if value is not None}), None
            case Reduction.SUM:
                if any(value is None for value in values):
                    return None, "not_recorded"
                return reduced(sum((Fraction(value) for value in values), Fraction(0))), None  # type: ignore[arg-type]
            case Reduction.SOME | Reduction.EVERY:
                assert expr.that is not None
                truths = [self.step(expr.that, event).truth for event in taken]
                truth = kleene_any(truths) if expr.how is Reduction.SOME else kleene_all(truths)
                return truth, "not_recorded" if truth is None else None
            case Reduction.LATEST | Reduction.EARLIEST:
                return _extreme(expr, taken)
            case Reduction.STREAK:
                assert expr.allow_gap is not None
                return _streak(taken, self.as_of, expr.allow_gap.value), None
            case _:
                assert_never(expr.how)

    # --- decisions ------------------------------------------------------------------------------------

    def decide(self, name: str) -> Decided:
        """Return a decision with the trace of every rule."""
        if name not in self._decided:
            decision = self.edition.decisions[name]
            steps = tuple(self.rule_step(rule) for rule in decision.rules)
            true, unknown = masks_of(steps)
            found = verdict(decision, true, unknown)
            measure = getattr(decision, "measure", None)
            measured = self.step(measure) if measure is not None else None
            amount: int | None = None
            entries: tuple[Entry, ...] | None = None
            settling: tuple[Step, ...] = ()
            if isinstance(decision, Payout) and found.answer is not None:
                amount, entries, settling = self._settled(decision, found.answer)
            self._decided[name] = Decided(
                decision, steps, true, unknown, found, measured, amount, entries, settling
            )
        return self._decided[name]

    def _settled(
        self, payout: Payout, rule: str
    ) -> tuple[int | None, tuple[Entry, ...] | None, tuple[Step, ...]]:
        pairs: list[tuple[Maybe, Maybe]] = []
        steps: list[Step] = []
        for line in payout.lines[rule]:
            units = self.step(line.units) if line.units is not None else None
            amount = self.step(line.amount)
            pairs.append((units.value if units is not None else None, amount.value))
            steps.append(amount)
        times = self.step(payout.times) if payout.times is not None else None
        if times is not None:
            steps.append(times)
        result = settle(payout, rule, pairs, times.value if times is not None else 1)
        return (None, None, tuple(steps)) if result is None else (*result, tuple(steps))

    def _answer(self, expr: Answer) -> Step:
        if expr.decision in self.facts:
            given = self.facts[expr.decision]
            return Step(expr, given, cause="not_recorded" if given is None else None)
        decided = self.decide(expr.decision)
        return Step(expr, answer_value(decided.decision, decided.verdict, decided.amount))

    def _level_in(self, expr: LevelIn) -> Truth:
        """Return whether the level is among the allowed ones, for every level that it may still turn out to be."""
        tier = self.tier(expr.decision)
        rules = self.rules_of(expr)
        holds = {rule.id for rule, step in rules if step.truth is True}
        open_ = {rule.id for rule, step in rules if step.truth is None}
        allowed = [level in expr.allowed for level in possible_levels(tier, expr.angle, holds, open_)]
        return True if all(allowed) else None if any(allowed) else False

    def rules_of(self, expr: LevelIn) -> list[tuple[Rule, Step]]:
        """Return the rules that a level depends on, with their traces."""
        tier = self.edition.decisions[expr.decision]
        rules = [rule for rule in tier.rules if expr.angle is None or rule.angle == expr.angle]
        return [(rule, self.rule_step(rule)) for rule in rules]

    def rule_step(self, rule: Rule) -> Step:
        """Return a rule's trace; several levels may ask for it."""
        if id(rule) not in self._rule_steps:
            self._rule_steps[id(rule)] = self.step(rule.when)
        return self._rule_steps[id(rule)]


def masks_of(steps: Sequence[Step]) -> tuple[int, int]:
    """Return the masks of the rules that are true and of those that are unknown."""
    true = sum(1 << at for at, step in enumerate(steps) if step.truth is True)
    return true, sum(1 << at for at, step in enumerate(steps) if step.truth is None)


# ---------------------------------------------------------------------------------------------------
# What the operators mean


def compare(how: Comparison, left: Maybe, right: Maybe) -> Truth:
    """Return a comparison's truth: unknown with an unknown side, false with an absent one."""
    if left is None or right is None:
        return None
    if left is ABSENT or right is ABSENT:
        return False
    match how:
        case Comparison.EQUAL:
            return left == right
        case Comparison.AT_LEAST:
            return left >= right  # type: ignore[operator]
        case Comparison.MORE_THAN:
            return left > right  # type: ignore[operator]
        case Comparison.AT_MOST:
            return left <= right  # type: ignore[operator]
        case Comparison.LESS_THAN:
            return left < right  # type: ignore[operator]
        case _:
            assert_never(how)


def calculate(how: Operator, left: Maybe, right: Maybe) -> Value:
    """Return an operation on two values that are there; exact."""
    match how:
        case Operator.MIN:
            return min(left, right)  # type: ignore[type-var, return-value]
        case Operator.MAX:
            return max(left, right)  # type: ignore[type-var, return-value]
        case _:
            pass
    assert isinstance(left, int | Fraction)
    assert isinstance(right, int | Fraction)
    match how:
        case Operator.ADD:
            return reduced(left + right)
        case Operator.SUBTRACT:
            return reduced(left - right)
        case Operator.MULTIPLY:
            return reduced(left * right)
        case Operator.RATIO:
            return reduced(Fraction(left) / Fraction(right))
        case Operator.WHOLE_TIMES:
            return floor(Fraction(left) / Fraction(right))
        case _:
            assert_never(how)


def _on_number(value: Maybe, function: object) -> Maybe:
    if isinstance(value, int | Fraction) and callable(function):
        result = function(value)
        assert isinstance(result, int)
        return result
    return value


def _counts(event: Event, table: str) -> bool:
    """Tell whether an event counts at all: it has its date, and no status that takes it out."""
    meta = TABLES[table]
    if getattr(event, meta.date_field) is None:
        return False
    return all(getattr(event, name) not in words for name, words in meta.excluded)


def _extreme(expr: Aggregate, taken: list[Event]) -> tuple[Maybe, str | None]:
    """Return the date of the latest (earliest) event, or what it says; events of one day must agree."""
    date_field = TABLES[expr.table].date_field
    if not taken:
        return ABSENT, None
    days = [getattr(event, date_field) for event in taken]
    day = max(days) if expr.how is Reduction.LATEST else min(days)
    if expr.take is None:
        return day, None
    said = {
        engine_value(getattr(event, expr.take.name), expr.take.type)
        for event in taken
        if getattr(event, date_field) == day
    }
    if len(said) > 1:
        return None, "events_disagree"
    value = said.pop()
    return value, "not_recorded" if value is None else None


def _streak(covers: list[Event], as_of: date, gap: Value) -> int:
    """Return the policy years begun in the unbroken run of cover that holds the day; in a gap there is none."""
    spans = sorted((c.starts_on, c.ends_on) for c in covers if c.ends_on is not None)  # type: ignore[attr-defined]
    if not any(start <= as_of <= end for start, end in spans):
        return 0
    assert isinstance(gap, int)
    run_start, run_end = spans[0]
    for start, end in spans[1:]:
        uninsured = (start - run_end).days - 1
        if uninsured > gap:
            run_start, run_end = start, end
        else:
            run_end = max(run_end, end)
    return months_since(run_start, as_of) // 12 + 1
