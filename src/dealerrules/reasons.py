"""Reasons: the trace of a decision as one tree of nodes in words, why and why-not alike.

Place in the flow: the reference interpreter's steps come in, :class:`Node` come out; ``explain`` sums them up and
``pages`` writes them down. Nothing is evaluated here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    Before,
    Compare,
    Comparison,
    Constant,
    Expr,
    Fact,
    Field,
    FirstKnown,
    IsAbsent,
    Known,
    LevelIn,
    Lookup,
    Member,
    Not,
    Reached,
    type_of,
)
from dealerrules.outcome import Case
from dealerrules.policy.model import AnyDecision, Clause, Offer, Payout, Rule, Rules, Stage, Tier
from dealerrules.values import (
    ABSENT,
    DAYS,
    QUANTITIES,
    Kind,
    Rounding,
    days_before,
    reduced,
    round_to,
    show,
    to_yuan,
)
from dealerrules.verdict import level_range
from dealerrules.wording import Wording, plain_not
from dealerrules.words import SAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.engines.row import Decided, Events, Step
    from dealerrules.outcome import Json
    from dealerrules.values import Maybe, Truth, Type, Value

TRUTHS = {True: "true", False: "false", None: "unknown"}
_SHORTFALLS = {
    Comparison.EQUAL: "must_be",
    Comparison.AT_LEAST: "of",
    Comparison.MORE_THAN: "exceed",
    Comparison.AT_MOST: "over",
    Comparison.LESS_THAN: "under",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A value that was read: its `state` is value, range, absent or unknown; `up_to` is the best level of a range."""

    type: str
    state: str
    value: Json
    up_to: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a test asks for; `parameter` names the number where the policy does."""

    how: str
    values: tuple[Json, ...]
    parameter: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Shortfall:
    """By how much a numeric test fails: `direction` is short or over; 0 where the bound itself is excluded.

    `gap` says just that; `text` with the value and the bound.
    """

    direction: str
    by: Json
    gap: str
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Where a value comes from, or why there is none."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a decision: a rule, a group of conditions, a test, a fact or value, another decision.

    Attributes:
        kind: rule, all, any, not, test, fact, value or decision.
        id: the name of the rule, fact or decision.
        text: what it is called, in the language of the explanation.
        truth: true, false or unknown; none for what is only a value.
        read: the value read.
        required: what a test asks for.
        shortfall: by how much a numeric test fails.
        grants: what a rule grants.
        source: the clause that a rule or decision comes from.
        place: file and line.
        events: how many events were taken, were not taken because unknown, are later than the day.
        notes: where the value comes from.
        parts: what lies below.
        key: nodes of one key are the same, and are written out once.
        tested: the expression that a test looks at.
    """

    kind: str
    text: str
    id: str | None = None
    truth: str | None = None
    read: Reading | None = None
    required: Requirement | None = None
    shortfall: Shortfall | None = None
    grants: str | None = None
    source: Clause | None = None
    place: str | None = None
    events: Events | None = None
    notes: tuple[Note, ...] = ()
    parts: tuple[Node, ...] = ()
    key: str | None = field(default=None, repr=False)
    tested: Expr | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """Its name and title."""
        return " ".join(part for part in (self.id, self.text) if part)

    def to_dict(self, seen: set[str]) -> dict[str, Json]:
        """Return it as plain JSON values; what stands in `seen` already is marked as repeated."""
        repeated = self.key is not None and self.key in seen
        if self.key is not None:
            seen.add(self.key)
        own = {each.name: as_json(getattr(self, each.name)) for each in fields(self)[:-3]}
        return {
            **own,
            "repeated": repeated,
            "parts": [] if repeated else [part.to_dict(seen) for part in self.parts],
        }


def as_json(value: object) -> Json:
    """Return a part of an explanation as plain JSON values, under the names of its fields."""
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if is_dataclass(value):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value)}
    return value  # type: ignore[return-value]


def json_of(value: Maybe, kind: Kind) -> Json:
    """Return a value as plain JSON: amounts in yuan, ratios and numbers as text, dates ISO."""
    if value is ABSENT:
        return None
    if value is None or isinstance(value, bool | str):
        return value
    if kind is Kind.MONEY and isinstance(value, int):
        return str(to_yuan(value))
    if kind is Kind.MONEY and isinstance(value, Fraction):
        return str(value / 100)
    if isinstance(value, int) and kind in {Kind.COUNT, Kind.MONTHS, Kind.DAYS}:
        return value
    return str(value)


@dataclass
class Tree:
    """Makes the nodes of one case: a subject on a day."""

    case: Case
    words: Wording

    def __post_init__(self) -> None:
        self._made: dict[str, Node] = {}

    def says(self, name: str, /, **parts: object) -> str:
        """Return one of the phrases of explanations."""
        return self.words.pick(*SAYS[name]).format_map(parts)

    def note(self, code: str, **parts: object) -> Note:
        """Return a note in words."""
        return Note(code, self.says(code, **parts))

    def _key(self, *names: str) -> str:
        return f"{':'.join(names)}@{self.case.as_of}"

    def reading(self, value: Maybe, expr: Expr) -> Reading:
        """Return a value as it was read."""
        type_ = type_of(expr)
        state = "unknown" if value is None else "absent" if value is ABSENT else "value"
        text = self.words.value(value, expr)
        return Reading(type_.kind.value, state, json_of(value, type_.kind), None, text)

    # --- rules and conditions ---

    def rules(self, decided: Decided, angle: str | None = None) -> tuple[Node, ...]:
        """Return the rules of a decision (or of an angle), in the order in which people read them."""
        decision = decided.decision
        order = reading_order(decision)
        pairs = [
            pair
            for pair in zip(decision.rules, decided.steps, strict=True)
            if angle is None or pair[0].angle == angle
        ]
        pairs.sort(key=lambda pair: order.index(pair[0].id))
        return tuple(self.rule(rule, step, decided) for rule, step in pairs)

    def rule(self, rule: Rule, step: Step, decided: Decided) -> Node:
        """Return a rule with its conditions."""
        key = self._key("rule", decided.decision.name, rule.id)
        if key not in self._made:
            condition = self.condition(step)
            self._made[key] = Node(
                "rule",
                self.words.title(rule.title, ""),
                truth=TRUTHS[step.truth],
                id=rule.id,
                grants=self.words.grant(rule, decided.decision),
                source=rule.clause,
                place=rule.place or None,
                parts=condition.parts if condition.kind == "all" else (condition,),
                key=key,
            )
        return self._made[key]

    def condition(self, step: Step) -> Node:
        """Return a condition; the denial of one test is one node, as it is written."""
        expr = step.expr
        match expr:
            case All() | AnyOf():
                kind = "all" if isinstance(expr, All) else "any"
                parts = tuple(self.condition(part) for part in step.parts)
                return Node(kind, self.says(kind), truth=TRUTHS[step.truth], parts=parts)
            case Not() if not plain_not(expr):
                parts = (self.condition(step.parts[0]),)
                return Node("not", self.words.say(expr), truth=TRUTHS[step.truth], parts=parts)
            case Not():
                return self._test(step.parts[0], expr, step.truth)
            case _:
                return self._test(step, expr, step.truth)

    def _test(self, step: Step, test: Expr, truth: Truth) -> Node:
        expr = step.expr
        if isinstance(expr, LevelIn):
            looked_at = self._level(expr)
        else:
            looked_at = self.value(step.parts[0] if step.parts else step)
        further = tuple(self.value(part) for part in step.parts[1:] if not isinstance(part.expr, Constant))
        fails = truth is False and isinstance(expr, Compare) and test is expr
        return replace(
            looked_at,
            kind="test",
            truth=TRUTHS[truth],
            required=self._required(test),
            shortfall=self._shortfall(expr, step) if fails and isinstance(expr, Compare) else None,
            parts=(*looked_at.parts, *further),
            tested=step.parts[0].expr if step.parts else expr,
        )

    def _required(self, test: Expr) -> Requirement:
        inner, denied = (test.item, "not_") if isinstance(test, Not) else (test, "")
        how, parameter = "holds", None
        values: tuple[Json, ...] = ()
        match inner:
            case Compare(right=right):
                how = inner.how.value
                values = (json_of(right.value, right.type.kind),) if isinstance(right, Constant) else ()
                parameter = right.parameter if isinstance(right, Constant) else None
            case Member():
                how, parameter = "one_of", inner.parameter
                values = tuple(json_of(value, type_of(inner.item).kind) for value in inner.among)
            case LevelIn():
                how, values = "one_of", inner.allowed
            case Known() | IsAbsent():
                how = "known" if isinstance(inner, Known) else "absent"
            case _:
                pass
        return Requirement(denied + how, values, parameter, self.words.asked(test))

    # --- values ---

    def value(self, step: Step) -> Node:
        """Return a value, with where it comes from."""
        expr = step.expr
        match expr:
            case Fact(name=name):
                return self._fact(name, step.parts[0])
            case Answer(decision=name):
                return self._answer(name, self.reading(step.value, expr))
            case _:
                read = self.reading(step.value, expr)
                return self._founded(Node("value", self._headed(self.words.say(expr)), read=read), step)

    @staticmethod
    def _headed(said: str) -> str:
        """Return words as they stand at the head of a line."""
        return said[:1].upper() + said[1:] if said.partition(" ")[0].isalpha() else said

    def _fact(self, name: str, inner: Step) -> Node:
        key = self._key("fact", name)
        if key not in self._made:
            definition = self.case.edition.fact(self.case.subject, name)
            notes = []
            if name not in self.case.facts and not isinstance(definition.expr, Field):
                notes = [self.note("defined", said=self.words.say(definition.expr))]
            elif name in self.case.facts and inner.value is not None:
                notes = [self.note("given")]
            node = Node(
                "fact",
                self.words.fact(name),
                id=name,
                read=self.reading(inner.value, Fact(name, definition.type)),
                place=definition.place or None,
                notes=tuple(notes),
                key=key,
            )
            self._made[key] = self._founded(node, inner)
        return self._made[key]

    def _founded(self, node: Node, step: Step) -> Node:
        """Add what a value rests on: events, what is missing, and the values below."""
        notes = [*node.notes, *self._on_events(step), *self._on_cause(step), *self._on_keeping(step)]
        parts: list[Node]
        match step.expr:
            case Before() if len(step.parts) == 2:
                event, item = step.parts
                assert isinstance(event.value, date)
                earlier = days_before(event.value, 1)
                case = Case(self.case.edition, self.case.subject, earlier, self.case.record, {})
                notes.append(self.note("earlier", day=earlier))
                parts = [self.value(event), Tree(case, self.words).value(item)]
            case FirstKnown():
                parts = self._below(step)
                states = [part.read.state if part.read is not None else "value" for part in parts]
                first = states.index("value") if "value" in states else len(parts)
                skipped = self.note("not_used")
                parts[first + 1 :] = [
                    replace(part, notes=(skipped, *part.notes)) for part in parts[first + 1 :]
                ]
            case _:
                parts = self._below(step)
        return replace(node, notes=tuple(notes), events=step.events, parts=tuple(parts))

    def _below(self, step: Step) -> list[Node]:
        return [self.value(part) for part in step.parts if not isinstance(part.expr, Constant)]

    def _on_events(self, step: Step) -> Iterator[Note]:
        events, expr = step.events, step.expr
        if events is None or not isinstance(expr, Aggregate):
            return
        yield self.note("taken", n=events.taken)
        if events.undecided and expr.where is not None:
            yield self.note("undecided", n=events.undecided, where=self.words.say(expr.where))
        if events.later:
            yield self.note("later", n=events.later, day=self.case.as_of)

    def _on_keeping(self, step: Step) -> Iterator[Note]:
        if step.kept is not None and isinstance(step.expr, Reached):
            yield self.note(
                "kept", **self.words.kept(self.case.edition.decisions[step.expr.decision], step.kept)
            )

    def _on_cause(self, step: Step) -> Iterator[Note]:
        said, cause = "", step.cause
        match step.expr:
            case Arithmetic(right=right):
                said = self.words.say(right)
            case Lookup(by=by):
                said = self.words.say(by)
            case Aggregate(that=that, take=take) if cause == "not_recorded" and step.events is not None:
                wanted = that if that is not None else take
                said, cause = self.words.say(wanted) if wanted is not None else "", "lacking"
            case _:
                pass
        if cause is not None:
            yield self.note(cause, said=said)

    # --- other decisions ---

    def _answer(self, name: str, read: Reading) -> Node:
        key = self._key("decision", name)
        if key not in self._made:
            model = self.case.edition.decisions[name]
            node = Node(
                "decision",
                self.words.decision(name),
                id=name,
                read=read,
                source=model.clause,
                place=model.place or None,
                key=key,
            )
            if name in self.case.facts:
                node = replace(node, notes=(self.note("given"),))
            else:
                decided = self.case.decided(name)
                measure = (self.value(decided.measure),) if decided.measure is not None else ()
                settling = tuple(
                    self.value(step) for step in decided.settling if not isinstance(step.expr, Constant)
                )
                node = replace(node, parts=(*measure, *self.rules(decided), *settling))
            self._made[key] = node
        return self._made[key]

    def _level(self, expr: LevelIn) -> Node:
        key = self._key("level", expr.decision, expr.angle or "")
        if key not in self._made:
            decided = self.case.decided(expr.decision)
            tier = decided.decision
            assert isinstance(tier, Tier)
            ids = [rule.id for rule in tier.rules]
            holds = {name for at, name in enumerate(ids) if decided.true >> at & 1}
            open_ = {name for at, name in enumerate(ids) if decided.unknown >> at & 1}
            granted, best = level_range(tier, expr.angle, holds, open_)
            low, high = tier.levels[granted].id, tier.levels[best].id
            text = self.words.answer(tier, low)
            if low != high:
                text = self.says("range", low=text, high=self.words.answer(tier, high))
            whole = low == high
            read = Reading("category", "value" if whole else "range", low, None if whole else high, text)
            name = f"{expr.decision}.{expr.angle}" if expr.angle else expr.decision
            self._made[key] = Node(
                "decision",
                self._headed(self.words.tested(expr)),
                id=name,
                read=read,
                parts=self.rules(decided, expr.angle),
                key=key,
            )
        return self._made[key]

    # --- shortfalls ---

    def _shortfall(self, test: Compare, step: Step) -> Shortfall | None:
        """Return by how much a comparison fails, where both sides are numbers or days."""
        have, need = step.parts[0].value, step.parts[1].value
        unit = type_of(test.left)
        kind = unit.kind
        gap: int | Fraction
        if isinstance(have, date) and isinstance(need, date):
            gap, unit = (have - need).days, DAYS
        elif kind in QUANTITIES and isinstance(have, int | Fraction) and isinstance(need, int | Fraction):
            gap = reduced(Fraction(have) - Fraction(need))
        else:
            return None
        short = test.how in {Comparison.AT_LEAST, Comparison.MORE_THAN} or (
            test.how is Comparison.EQUAL and gap < 0
        )
        stepped = unit.kind in {Kind.COUNT, Kind.MONTHS, Kind.DAYS, Kind.MONEY} and isinstance(gap, int)
        strict = test.how in {Comparison.MORE_THAN, Comparison.LESS_THAN}
        by: int | Fraction = max(gap, -gap) + (1 if strict and stepped else 0)
        name = _SHORTFALLS[test.how] if by else "exactly"
        if kind is Kind.DATE:
            name, way = "on_date", "early" if short else "late"
        elif by:
            way = "short" if short else "over"
        else:
            way = "more" if short else "less"
        said = self.says(f"gap_{way}", d=self._difference(by, unit))
        text = self.says(name, v=self._brief(have, kind), r=self._brief(need, kind), gap=said)
        return Shortfall("short" if short else "over", json_of(by, unit.kind), said, text)

    def _brief(self, value: Value, kind: Kind) -> str:
        """Return a value in the fewest words: an endless percentage rounded."""
        if kind is Kind.RATIO and isinstance(value, int | Fraction):
            return self._percent(value) + "%"
        return show(value, kind, self.words.lang)

    def _percent(self, value: int | Fraction) -> str:
        hundredfold = show(reduced(Fraction(value) * 100), Kind.NUMBER)
        if "/" not in hundredfold:
            return hundredfold
        return self.says("about", n=to_yuan(round_to(Fraction(value) * 10_000, Rounding.HALF_UP, 1)))

    def _difference(self, by: int | Fraction, unit: Type) -> str:
        if unit.kind is Kind.RATIO:
            return self.says("points", n=self._percent(by))
        return show(by, unit.kind, self.words.lang)


def reading_order(decision: AnyDecision) -> list[str]:
    """Return the ids of a decision's rules in the order in which people read them."""
    match decision:
        case Tier():
            levels = [level.id for level in decision.levels]
            angles = [angle.id for angle in decision.angles]
            ranked = sorted(
                decision.rules,
                key=lambda rule: (
                    levels.index(rule.answer),
                    angles.index(rule.angle) if rule.angle is not None else len(angles),
                    _line(rule.place),
                ),
            )
            return [rule.id for rule in ranked]
        case Stage() | Rules():
            return list(decision.order)
        case Payout():
            return list(decision.lines)
        case Offer():
            return list(decision.packages)
        case _:
            assert_never(decision)


def _line(place: str) -> tuple[str, int]:
    """Return a place so that it sorts: the file, then the line."""
    name, _, line = place.rpartition(":")
    return name, int(line) if line.isdigit() else 0
