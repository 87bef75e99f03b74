"""Explanations: an outcome's trace as text, Markdown, HTML or JSON, in Chinese or English.

Place in the flow: the way out. The trace of the reference interpreter comes in and becomes one tree of :class:`Node`
a decision (why and why-not alike) with a summary of :class:`Line`; the renderers below only write them down.
Nothing is evaluated here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Final, assert_never

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
    IsAbsent,
    Known,
    LevelIn,
    Lookup,
    Member,
    Not,
    type_of,
)
from dealerrules.outcome import (
    Case,
    OfferOutcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
    missing_facts,
)
from dealerrules.policy.model import Clause, Offer, Payout, Rules, Stage, Tier
from dealerrules.values import ABSENT, DAYS, Kind, Rounding, reduced, round_to, show, to_yuan
from dealerrules.verdict import Reason, Status, level_range
from dealerrules.wording import Wording, basis, bounds, plain_not, subject_title
from dealerrules.words import SAYS as _SAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from dealerrules.engines.row import Decided, Events, Step
    from dealerrules.outcome import AnyOutcome, Json
    from dealerrules.policy.model import AnyDecision, Rule
    from dealerrules.values import Maybe, Truth, Type, Value

    Says = Callable[..., str]

SCHEMA_VERSION: Final = 1
"""Of the JSON that `Explanation.to_dict` gives; it changes when a key changes its meaning."""

_TRUTHS: Final = {True: "true", False: "false", None: "unknown"}
_MARKS: Final = {"true": "✓", "false": "✗", "unknown": "?"}


# ---------------------------------------------------------------------------------------------------
# The tree


@dataclass(frozen=True, slots=True)
class Reading:
    """A value that was read; `up_to` is the best level of a range, `state` is value, range, absent or unknown."""

    type: str
    state: str
    value: Json
    text: str
    up_to: str | None = None

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {
            "type": self.type,
            "state": self.state,
            "value": self.value,
            "up_to": self.up_to,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a test asks for; `parameter` names the number where the policy does."""

    how: str
    values: tuple[Json, ...]
    parameter: str | None
    text: str

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {"how": self.how, "values": list(self.values), "parameter": self.parameter, "text": self.text}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """By how much a numeric test fails: `direction` is short or over; 0 where the bound itself is excluded."""

    direction: str
    by: Json
    text: str

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {"direction": self.direction, "by": self.by, "text": self.text}


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a decision: a rule, a group of conditions, a test, a fact or value, another decision.

    Attributes:
        kind: rule, all, any, not, test, fact, value or decision.
        text: what it is called, in the language of the explanation.
        truth: true, false or unknown; none for what is only a value.
        id: the name of the rule, fact or decision.
        read: the value read.
        required: what a test asks for.
        shortfall: by how much a numeric test fails.
        grants: what a rule grants.
        source: the clause that a rule or decision comes from.
        place: file and line.
        events: how many events were taken, were not taken because unknown, are later than the day.
        notes: where the value comes from, as (code, text).
        parts: what lies below.
    """

    kind: str
    text: str
    truth: str | None = None
    id: str | None = None
    read: Reading | None = None
    required: Requirement | None = None
    shortfall: Shortfall | None = None
    grants: str | None = None
    source: Clause | None = None
    place: str | None = None
    events: Events | None = None
    notes: tuple[tuple[str, str], ...] = ()
    parts: tuple[Node, ...] = ()
    key: str | None = field(default=None, repr=False)  # nodes of one key are the same, and written out once
    tested: Expr | None = field(default=None, repr=False)

    def to_dict(self, seen: set[str]) -> dict[str, Json]:
        """Return it as plain JSON values; what stands in `seen` already is marked as repeated."""
        repeated = self.key is not None and self.key in seen
        if self.key is not None:
            seen.add(self.key)
        return {
            "kind": self.kind,
            "id": self.id,
            "text": self.text,
            "truth": self.truth,
            "read": self.read.to_dict() if self.read else None,
            "required": self.required.to_dict() if self.required else None,
            "shortfall": self.shortfall.to_dict() if self.shortfall else None,
            "grants": self.grants,
            "source": _clause(self.source),
            "place": self.place,
            "events": {
                "taken": self.events.taken,
                "undecided": self.events.undecided,
                "later": self.events.later,
            }
            if self.events
            else None,
            "notes": [{"code": code, "text": text} for code, text in self.notes],
            "repeated": repeated,
            "parts": [] if repeated else [part.to_dict(seen) for part in self.parts],
        }


def _clause(clause: Clause | None) -> Json:
    return (
        None
        if clause is None
        else {"document": clause.document, "clause": clause.clause, "note": clause.note}
    )


def _json(value: Maybe, kind: Kind) -> Json:
    """Return a value as plain JSON: amounts in yuan, ratios and numbers as text, dates ISO."""
    if value is None or value is ABSENT or isinstance(value, bool | str):
        return None if value is ABSENT else value  # type: ignore[return-value]
    if kind is Kind.MONEY and isinstance(value, int):
        return str(to_yuan(value))
    if kind is Kind.MONEY and isinstance(value, Fraction):
        return str(value / 100)
    if isinstance(value, int) and kind in {Kind.COUNT, Kind.MONTHS, Kind.DAYS}:
        return value
    return str(value)


@dataclass
class _Tree:
    """Makes the nodes of one case: a subject on a day; `decision` is what the explanation is about."""

    case: Case
    words: Wording

    def __post_init__(self) -> None:
        self._made: dict[str, Node] = {}

    def says(self, name: str, /, **parts: object) -> str:
        """Return one of the phrases of explanations."""
        return self.words.pick(*_SAYS[name]).format_map(parts)

    def _key(self, *names: str) -> str:
        return f"{':'.join(names)}@{self.case.as_of}"

    def reading(self, value: Maybe, expr: Expr) -> Reading:
        """Return a value as it was read."""
        type_ = type_of(expr)
        state = "unknown" if value is None else "absent" if value is ABSENT else "value"
        return Reading(type_.kind.value, state, _json(value, type_.kind), self.words.value(value, expr))

    # --- rules and conditions ---

    def rules(self, decided: Decided, angle: str | None = None) -> tuple[Node, ...]:
        """Return the rules of a decision (or of an angle), in the order in which people read them."""
        decision = decided.decision
        order = _order(decision)
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
                truth=_TRUTHS[step.truth],
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
                return Node(kind, self.says(kind), truth=_TRUTHS[step.truth], parts=parts)
            case Not() if not plain_not(expr):
                parts = (self.condition(step.parts[0]),)
                return Node("not", self.words.say(expr), truth=_TRUTHS[step.truth], parts=parts)
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
            truth=_TRUTHS[truth],
            required=self._required(test),
            shortfall=self._shortfall(expr, step) if fails and isinstance(expr, Compare) else None,
            parts=(*looked_at.parts, *further),
            tested=step.parts[0].expr if step.parts else expr,
        )

    def _required(self, test: Expr) -> Requirement:
        inner, denied = (test.item, "not_") if isinstance(test, Not) else (test, "")
        how, values, parameter = "holds", (), None
        match inner:
            case Compare(right=right):
                how = inner.how.value
                values = (_json(right.value, right.type.kind),) if isinstance(right, Constant) else ()
                parameter = right.parameter if isinstance(right, Constant) else None
            case Member():
                how, parameter = "one_of", inner.parameter
                values = tuple(_json(value, type_of(inner.item).kind) for value in inner.among)
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
                said = self.words.say(expr)
                node = Node(
                    "value", said[:1].upper() + said[1:], read=self.reading(step.value, expr), tested=expr
                )
                return self._founded(node, step)

    def _fact(self, name: str, inner: Step) -> Node:
        key = self._key("fact", name)
        if key not in self._made:
            definition = self.case.edition.fact(self.case.subject, name)
            given = name in self.case.facts
            notes = [] if given else [("defined", self.says("defined", said=self.words.say(definition.expr)))]
            node = Node(
                "fact",
                self.words.fact(name),
                id=name,
                read=self.reading(inner.value, Fact(name, definition.type)),
                place=definition.place or None,
                notes=() if isinstance(definition.expr, Field) else tuple(notes),
                key=key,
            )
            if given and inner.value is not None:
                node = replace(node, notes=(("given", self.says("given")),))
            self._made[key] = self._founded(node, inner)
        return self._made[key]

    def _founded(self, node: Node, step: Step) -> Node:
        """Add what a value rests on: events, what is missing, and the values below."""
        notes = [*node.notes, *self._on_events(step), *self._on_cause(step)]
        parts: tuple[Node, ...]
        match step.expr:
            case Before() if len(step.parts) == 2:
                event, item = step.parts
                day = event.value
                assert not isinstance(day, int | Fraction | str) and day is not None and day is not ABSENT  # noqa: PT018
                case = Case(
                    self.case.edition, self.case.subject, day - timedelta(days=1), self.case.record, {}
                )
                notes.append(("earlier", self.says("earlier", day=case.as_of)))
                parts = (self.value(event), _Tree(case, self.words).value(item))
            case Answer(decision=name):
                parts = (self._answer(name, self.reading(step.value, step.expr)),)
            case _:
                parts = tuple(self.value(part) for part in step.parts if not isinstance(part.expr, Constant))
        return replace(node, notes=tuple(notes), events=step.events, parts=(*node.parts, *parts))

    def _on_events(self, step: Step) -> Iterator[tuple[str, str]]:
        events, expr = step.events, step.expr
        if events is None or not isinstance(expr, Aggregate):
            return
        yield "taken", self.says("taken", n=events.taken)
        if events.undecided and expr.where is not None:
            where = self.words.say(expr.where)
            yield "undecided", self.says("undecided", n=events.undecided, where=where)
        if events.later:
            yield "later", self.says("later", n=events.later, day=self.case.as_of)

    def _on_cause(self, step: Step) -> Iterator[tuple[str, str]]:
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
            yield cause, self.says(cause, said=said)

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
                node = replace(node, notes=(("given", self.says("given")),))
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
            read = Reading(
                "category",
                "value" if low == high else "range",
                low,
                text,
                up_to=None if low == high else high,
            )
            said = self.words.tested(expr)
            name = f"{expr.decision}.{expr.angle}" if expr.angle else expr.decision
            self._made[key] = Node(
                "decision",
                said[:1].upper() + said[1:],
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
        kind = type_of(test.left).kind
        if isinstance(have, bool | str) or isinstance(need, bool | str):
            return None
        if have is None or need is None or have is ABSENT or need is ABSENT:
            return None
        if kind is Kind.DATE:
            gap, unit = (have - need).days, DAYS  # type: ignore[operator]
        else:
            gap, unit = reduced(Fraction(have) - Fraction(need)), type_of(test.left)  # type: ignore[arg-type]
        short = test.how in {Comparison.AT_LEAST, Comparison.MORE_THAN} or (
            test.how is Comparison.EQUAL and gap < 0
        )
        stepped = unit.kind in {Kind.COUNT, Kind.MONTHS, Kind.DAYS, Kind.MONEY} and isinstance(gap, int)
        strict = test.how in {Comparison.MORE_THAN, Comparison.LESS_THAN}
        by = abs(gap) + (1 if strict and stepped else 0)
        names = {
            Comparison.EQUAL: "of" if short else "too_many",
            Comparison.AT_LEAST: "of",
            Comparison.MORE_THAN: "exceed" if by else "exactly_more",
            Comparison.AT_MOST: "over",
            Comparison.LESS_THAN: "under" if by else "exactly_less",
        }
        name = ("early" if short else "late") if kind is Kind.DATE else names[test.how]
        v, r = self._brief(have, kind), self._brief(need, kind)
        text = self.says(name, v=v, r=r, d=self._difference(by, unit))
        return Shortfall("short" if short else "over", _json(by, unit.kind), text)

    def _brief(self, value: Value, kind: Kind) -> str:
        """Return a value in the fewest words: an endless percentage rounded."""
        if kind is not Kind.RATIO or isinstance(value, str | bool) or not isinstance(value, int | Fraction):
            return show(value, kind, self.words.lang)
        return self._percent(value) + "%"

    def _percent(self, value: int | Fraction) -> str:
        hundredfold = show(reduced(Fraction(value) * 100), Kind.NUMBER)
        if "/" not in hundredfold:
            return hundredfold
        return self.says("about", n=to_yuan(round_to(Fraction(value) * 10_000, Rounding.HALF_UP, 1)))

    def _difference(self, by: int | Fraction, unit: Type) -> str:
        if unit.kind is Kind.RATIO:
            return self.says("points", n=self._percent(by))
        return show(by, unit.kind, self.words.lang)


def _order(decision: AnyDecision) -> list[str]:
    """Return the ids of a decision's rules in the order in which people read them."""
    match decision:
        case Tier():
            levels = [level.id for level in decision.levels]
            angles = [angle.id for angle in decision.angles]
            ranked = sorted(
                decision.rules,
                key=lambda rule: (
                    levels.index(rule.answer),
                    angles.index(rule.angle or ""),
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


# ---------------------------------------------------------------------------------------------------
# The summary: the answer, the rules that decide, what could change it, and what is short of it


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a summary: its depth, its mark (✓ ✗ ?) if it has one, its text; or a table with a head."""

    depth: int
    text: str
    mark: str = ""
    table: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A line of a payout in words: `basis` is lump, whole or excess; none for a cap or floor."""

    band: str
    title: str
    basis: str | None
    units: str | None
    rate: str | None
    times: int
    amount: str
    text: str | None

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {
            "band": self.band,
            "title": self.title,
            "basis": self.basis,
            "units": self.units,
            "rate": self.rate,
            "times": self.times,
            "amount": self.amount,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Section:
    """The explanation of one decision: the answer, a summary, and the whole tree."""

    outcome: AnyOutcome
    title: str
    answer: str
    reason: str | None
    missing: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    measure: Node | None = None
    rules: tuple[Node, ...] = ()
    amounts: tuple[Node, ...] = ()
    receipt: tuple[Receipt, ...] = ()

    @property
    def heading(self) -> str:
        """The decision and its answer in one line."""
        return f"{self.outcome.decision} {self.title}: {self.answer}"

    def tree(self) -> dict[str, tuple[Node, ...]]:
        """Return all nodes, by part of the decision."""
        return {
            "measure": (self.measure,) if self.measure is not None else (),
            "rules": self.rules,
            "amounts": self.amounts,
        }

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, with stable keys."""
        outcome, reason = self.outcome, self.outcome.reason
        seen: set[str] = set()
        measure = self.measure.to_dict(seen) if self.measure is not None else None
        return {
            "decision": outcome.decision,
            "title": self.title,
            "kind": outcome.kind,
            "status": outcome.status.value,
            "answer": self.answer,
            "reason": {"code": reason.code, "text": self.reason} if reason is not None else None,
            "missing": [{"fact": name, "title": title} for name, title in self.missing],
            "source": _clause(outcome.model.clause),
            "place": outcome.model.place or None,
            "outcome": outcome.to_dict(),
            "receipt": [line.to_dict() for line in self.receipt],
            "measure": measure,
            "rules": _written(self.rules, seen),
            "amounts": [node.to_dict(seen) for node in self.amounts],
        }


def _written(rules: Sequence[Node], seen: set[str]) -> list[Json]:
    """Return rules as JSON, each in full at its own place."""
    own = {rule.key for rule in rules if rule.key is not None}
    written: list[Json] = []
    for rule in rules:
        seen |= own
        seen.discard(rule.key or "")
        written.append(rule.to_dict(seen))
    return written


class _Summary:
    """Writes the section of one decision."""

    def __init__(self, outcome: AnyOutcome, case: Case, lang: str) -> None:
        self.outcome, self.case = outcome, case
        self.words = Wording(case.edition, case.subject, lang)
        self.tree = _Tree(case, self.words)
        self.says = self.tree.says
        self.decided = case.decided(outcome.decision)
        self.rules = {node.id: node for node in self.tree.rules(self.decided)}
        self.measure = self.tree.value(self.decided.measure) if self.decided.measure is not None else None
        self.shown: set[str] = set()
        self.told: set[str] = set()  # where these facts come from has been told

    def section(self) -> Section:
        """Return the section."""
        outcome = self.outcome
        receipt = self._receipt() if isinstance(outcome, PayoutOutcome) else ()
        return Section(
            outcome=outcome,
            title=self.words.title(outcome.model.title, ""),
            answer=self._headline(),
            reason=self._reason(),
            missing=tuple((name, self.words.fact(name)) for name in outcome.missing),
            lines=tuple(self._lines(receipt)),
            measure=self.measure,
            rules=tuple(self.rules.values()),
            amounts=tuple(
                self.tree.value(step) for step in self.decided.settling if not isinstance(step.expr, Constant)
            ),
            receipt=receipt,
        )

    # --- the answer in one line ---

    def _headline(self) -> str:
        outcome = self.outcome
        if outcome.status is Status.UNDEFINED:
            return self.says("none")
        match outcome:
            case TierOutcome(level=level):
                answer = self._answer(level)
                open_ = outcome.status is Status.UNDETERMINED
                return self.says("undetermined", answer=answer) if open_ else answer
            case _ if outcome.status is Status.UNDETERMINED:
                return self.says("open")
            case StageOutcome(stage=answer_id):
                return self._answer(answer_id)
            case PayoutOutcome():
                return show(self.decided.amount, Kind.MONEY, self.words.lang)
            case OfferOutcome(band=band):
                return self._answer(band) if band is not None else self.says("not_eligible")
            case RulesOutcome():
                return self._said(outcome)
            case _:
                assert_never(outcome)

    def _answer(self, answer: str | None) -> str:
        title = self.words.answer(self.outcome.model, answer or "")
        return title if title == answer else f"{title} ({answer})"

    def _said(self, outcome: RulesOutcome) -> str:
        """Return what a rules table says: values as they are, lists by the titles of their rows."""
        model, cells = outcome.model, outcome.verdict.cells
        if outcome.rows and any(output.type is None for output in model.outputs):
            return self.words.join(self._answer(row.id) for row in outcome.rows)
        if cells is None:
            return self.words.join(self.words.cells(model, model.cells[row.id]) for row in outcome.rows)
        if len(model.outputs) == 1:
            return self.words.cell(model.outputs[0], cells[model.outputs[0].id])
        return self.words.cells(model, cells)

    def _reason(self) -> str | None:
        """Return the reason, with facts by their titles."""
        reason = self.outcome.reason
        if reason is None:
            return None
        values = dict(reason.values)
        if "facts" in values:
            names = [self._fact(name) for name in values["facts"].split(", ")]
            values["facts"] = self.words.pick("、", ", ").join(names)
        return Reason(reason.code, values).text(self.words.lang)

    def _fact(self, name: str) -> str:
        measure = self.decided.measure
        if name == "?" and measure is not None:
            return self.words.say(measure.expr)
        return self.words.fact(name)

    # --- the lines ---

    def _lines(self, receipt: Sequence[Receipt]) -> Iterator[Line]:
        outcome = self.outcome
        reason = self._reason()
        if reason is not None:
            yield Line(1, self.says("reason", text=reason))
        for name in outcome.because or (outcome.matched if outcome.status is Status.UNDEFINED else ()):
            yield from self._because(name)
        match outcome:
            case TierOutcome():
                yield from self._tier(outcome)
            case PayoutOutcome():
                yield from self._paid(outcome, receipt)
            case OfferOutcome():
                yield from self._given(outcome)
            case RulesOutcome():
                yield from self._otherwise(outcome)
            case StageOutcome():
                pass
            case _:
                assert_never(outcome)
        yield from self._open()
        yield from self._short()
        yield from self._rest()

    def _label(self, node: Node) -> str:
        where = [str(node.source)] if node.source is not None else []
        where += [node.place] if node.place else []
        named = " ".join(part for part in (node.id, node.text) if part)
        return f"{named} [{'; '.join(where)}]" if where else named

    def _because(self, name: str) -> Iterator[Line]:
        """Tell a rule that holds: its title and clause, and its tests; for rows what they say."""
        node = self.rules[name]
        self.shown.add(name)
        yield Line(1, self.says("because", rule=self._label(node)))
        yield from self._tests(node)
        model = self.outcome.model
        if isinstance(model, Rules):
            said = [
                (self.words.title(each.title, each.id), self.words.cell(each, model.cells[name][each.id]))
                for each in model.outputs
            ]
            yield from (Line(2, self.says("read", text=text, read=cell)) for text, cell in said)

    def _tests(self, node: Node, depth: int = 2) -> Iterator[Line]:
        """Tell the conditions of a rule, the bounds of a band in one line."""
        model = self.outcome.model
        rule = model.rule(node.id or "")
        measure = getattr(model, "measure", None)
        band = self.words.band(rule.when, measure) if measure is not None else None
        limits = bounds(rule.when, measure) if measure is not None else ()
        texts = {self.words.asked(limit) for limit in limits if limit is not None}
        told = False
        for part in node.parts:
            if (
                band is None
                or part.tested != measure
                or part.required is None
                or part.required.text not in texts
            ):
                yield from self._condition(part, depth)
            elif not told:
                told = True
                required = replace(part.required, text=band)
                truth = _all([each.truth for each in node.parts if each.tested == measure])
                yield from self._condition(replace(part, required=required, truth=truth), depth)

    def _condition(self, node: Node, depth: int) -> Iterator[Line]:
        yield Line(depth, _text(node, self.says), _MARKS.get(node.truth or "", ""))
        if node.kind in {"all", "any", "not"}:
            for part in node.parts:
                yield from self._condition(part, depth + 1)
        elif node.key not in self.told:
            yield from self._whence(node, depth + 1)

    def _whence(self, node: Node, depth: int) -> Iterator[Line]:
        """Tell where a value comes from, as far as it does not go without saying."""
        if node.key is not None:
            self.told.add(node.key)
        plain = {"defined", "given", "not_recorded", "earlier"} | (
            {"taken"} if node.read and node.read.value == (node.events and node.events.taken) else set()
        )
        for code, text in node.notes:
            if code not in plain:
                yield Line(depth, text)
        for part in node.parts:
            if part.kind == "rule" and part.truth == "true":
                yield Line(depth, self.says("because", rule=" ".join(filter(None, (part.id, part.text)))))
            elif part.kind != "rule" and part.key not in self.told:
                yield Line(depth, _text(part, self.says))
                yield from self._whence(part, depth + 1)

    def _tier(self, outcome: TierOutcome) -> Iterator[Line]:
        model = outcome.model
        if not outcome.because:
            level = self.words.answer(model, outcome.level or "")
            yield Line(1, self.says("everyone", level=level))
        titles = {angle.id: self.words.title(angle.title, angle.id) for angle in model.angles}
        angles = [
            f"{titles[name]} {self.words.answer(model, level)}" for name, level in outcome.angles.items()
        ]
        yield Line(1, self.says("angles", angles=", ".join(angles)))

    def _paid(self, outcome: PayoutOutcome, receipt: Sequence[Receipt]) -> Iterator[Line]:
        if outcome.status is not Status.DECIDED:
            for step in self.decided.settling:
                node = self.tree.value(step)
                if node.read is not None and node.read.state == "unknown":
                    yield from self._condition(node, 2)
            return
        times = any(line.times != 1 for line in receipt) or outcome.model.times is not None
        head = [
            "column_band",
            "column_units",
            "column_rate",
            *(["column_times"] if times else []),
            "column_amount",
        ]
        rows = [tuple(self.says(name) for name in head)]
        for line in receipt:
            cells = [line.band if line.basis else line.title, line.units or "", line.rate or ""]
            rows.append((*cells, *([str(line.times)] if times else []), line.amount))
        rows.append(
            (
                self.says("total"),
                *[""] * (len(head) - 2),
                show(self.decided.amount, Kind.MONEY, self.words.lang),
            )
        )
        yield Line(1, self.says("receipt"), table=tuple(rows))
        for line in receipt:
            if line.text is not None:
                yield Line(2, self.says("read", text=line.band, read=line.text))
        if outcome.model.times is not None:
            step = self.decided.settling[-1]
            said = self.words.say(step.expr)
            yield Line(2, self.says("times", said=said, value=self.words.value(step.value, step.expr)))
        if outcome.model.rounding is not None:
            yield Line(2, self.says("rounded", how=self.words.rounding(*outcome.model.rounding)))

    def _receipt(self) -> tuple[Receipt, ...]:
        payout, answer = self.decided.decision, self.decided.verdict.answer
        assert isinstance(payout, Payout)
        if self.decided.entries is None or answer is None:
            return ()
        lang, made = self.words.lang, []
        for at, entry in enumerate(self.decided.entries):
            amount = show(entry.amount, Kind.MONEY, lang)
            if at >= len(payout.lines[answer]):  # a cap or a floor
                made.append(
                    Receipt(entry.band, self.says(entry.band), None, None, None, entry.times, amount, None)
                )
                continue
            line = payout.lines[answer][at]
            units = show(entry.units, type_of(line.units).kind, lang) if line.units is not None else None
            made.append(
                Receipt(
                    band=entry.band,
                    title=self.words.answer(payout, entry.band),
                    basis=basis(payout, entry.band)[0],
                    units=units,
                    rate=show(entry.rate, line.rate.type.kind, lang),
                    times=entry.times,
                    amount=amount,
                    text=self.words.pays(payout, answer, line),
                )
            )
        return tuple(made)

    def _given(self, outcome: OfferOutcome) -> Iterator[Line]:
        if outcome.band is None:
            return
        package = outcome.model.packages[outcome.band]
        if package.choose_one:
            yield Line(1, self.says("choose", value=self._stated(package.value)))
            for letter, names in package.choose_one.items():
                yield Line(2, self.says("option", letter=letter, items=self.words.items(names)))
        if package.always:
            value = package.always_value if package.choose_one else package.value
            yield Line(
                1, self.says("always", value=self._stated(value), items=self.words.items(package.always))
            )

    def _stated(self, value: int | None) -> str:
        if value is None:
            return ""
        return self.words.pick(*_SAYS["stated"]).format(value=show(value, Kind.MONEY, self.words.lang))

    def _otherwise(self, outcome: RulesOutcome) -> Iterator[Line]:
        cells = outcome.verdict.cells
        if cells is None or outcome.because:
            return
        agreed = outcome.status is Status.DECIDED and any(
            node.truth == "unknown" for node in self.rules.values()
        )
        yield Line(
            1, self.says("agreed" if agreed else "otherwise", cells=self.words.cells(outcome.model, cells))
        )

    # --- what could change it, and what is short of it ---

    def _open(self) -> Iterator[Line]:
        """Tell the unknown rules that could change the answer, each with the facts that would settle it."""
        names = [name for name in self.rules if name in self.outcome.undetermined]
        if names:
            tier = isinstance(self.outcome, TierOutcome)
            yield Line(1, self.says("could_raise" if tier else "could_change"))
        for name in names:
            self.shown.add(name)
            node, step = self.rules[name], self._step(name)
            facts = [self.words.fact(each) for each in missing_facts(self.case, [step])]
            label = " ".join(filter(None, (name, node.text)))
            if tier:
                label = f"{label} → {node.grants}"
            said = self.words.pick("、", ", ").join(facts) or self._failing(node, "unknown")
            yield Line(2, self.says("needs", rule=label, facts=said), "?")

    def _step(self, name: str) -> Step:
        ids = [rule.id for rule in self.decided.decision.rules]
        return self.decided.steps[ids.index(name)]

    def _short(self) -> Iterator[Line]:
        """Tell the false rules that would have given a better answer, or any: what each is short of."""
        false = {
            name: node
            for name, node in self.rules.items()
            if node.truth == "false" and name not in self.shown
        }
        outcome = self.outcome
        if isinstance(outcome, TierOutcome):
            levels = [level.id for level in outcome.model.levels]
            for level in reversed(levels[: levels.index(outcome.level or "")]):
                names = [name for name in false if outcome.model.rule(name).answer == level]
                if names:
                    yield Line(1, self.says("better", level=self.words.answer(outcome.model, level)))
                    yield from (self._miss(false[name]) for name in names)
        elif not outcome.because and outcome.verdict.cells is None and false:
            yield Line(1, self.says("failing"))
            yield from (self._miss(node) for node in false.values())

    def _miss(self, node: Node) -> Line:
        self.shown.add(node.id or "")
        label = " ".join(filter(None, (node.id, node.text)))
        return Line(2, self.says("read", text=label, read=self._failing(node, "false")), "✗")

    def _failing(self, node: Node, truth: str) -> str:
        """Return the tests that make a rule false (or unknown), with their shortfalls."""
        said = []
        for leaf in _leaves(node.parts, truth):
            if leaf.shortfall is not None:
                said.append(self.says("short", text=leaf.text, short=leaf.shortfall.text))
            else:
                said.append(_text(leaf, self.says))
        return self.words.join(dict.fromkeys(said))

    def _rest(self) -> Iterator[Line]:
        rest = [node.truth for name, node in self.rules.items() if name not in self.shown]
        if rest:
            found = [(truth, rest.count(truth)) for truth in ("true", "false", "unknown")]
            counts = ", ".join(self.says(f"some_{truth}", n=n) for truth, n in found if n)
            yield Line(1, self.says("rest", n=len(rest), counts=counts))


def _all(truths: list[str | None]) -> str:
    return "false" if "false" in truths else "unknown" if "unknown" in truths else "true"


def _leaves(nodes: Iterable[Node], truth: str) -> Iterator[Node]:
    for node in nodes:
        if node.truth != truth:
            continue
        if node.kind in {"all", "any"}:
            yield from _leaves(node.parts, truth)
        else:
            yield node


def _text(node: Node, says: Says) -> str:
    """Return a node in one line: what it is, the value read, the value required, the shortfall."""
    if node.kind == "test" and node.read is not None and node.required is not None:
        said = says("test", text=node.text, read=node.read.text, required=node.required.text)
        return f"{said} ({node.shortfall.text})" if node.shortfall is not None else said
    return node.text if node.read is None else says("read", text=node.text, read=node.read.text)


# ---------------------------------------------------------------------------------------------------
# Out: the explanation and its forms


@dataclass(frozen=True)
class Explanation:
    """Why: the explanation of an answer, in one language, as text, Markdown, HTML or JSON.

    Attributes:
        subject: what the answer is about.
        id: its id; none for ready-made facts.
        as_of: the day of evaluation.
        lang: ``zh`` or ``en``.
        sections: one a decision.
    """

    subject: str
    id: str | None
    as_of: date
    lang: str
    sections: tuple[Section, ...]

    def says(self, name: str, /, **parts: object) -> str:
        """Return one of the phrases of explanations."""
        return _SAYS[name][self.lang != "zh"].format_map(parts)

    @property
    def heading(self) -> str:
        """Whom it is about, and as of when."""
        title = subject_title(self.subject, self.lang)
        return self.says("heading", subject=title, id=f" {self.id}" if self.id else "", day=self.as_of)

    @cached_property
    def text(self) -> str:
        """Plain text of 80 columns: answers and the rules that decide; what does not matter is counted."""
        lines = _wrapped(self.heading, "", "  ")
        for section in self.sections:
            lines += ["", *_wrapped(section.heading, "", "  ")]
            for line in section.lines:
                indent = "  " * line.depth
                lines += _wrapped(line.text, f"{indent}{line.mark} " if line.mark else indent, f"{indent}  ")
                lines += [f"{indent}  {row}" for row in _columns(line.table)]
        return "\n".join(lines) + "\n"

    @cached_property
    def markdown(self) -> str:
        """Markdown: for each decision the summary, then the whole tree."""
        blocks = [f"# {_md(self.heading)}"]
        for section in self.sections:
            blocks.append(f"## {_md(section.heading)}")
            blocks += _md_lines(section.lines)
            tree = list(self._tree(section))
            if tree:
                blocks.append(f"### {_md(self.says('all_rules', n=len(section.rules)))}")
                blocks += _md_lines(tree)
        return "\n\n".join(blocks) + "\n"

    @cached_property
    def html(self) -> str:
        """A page of its own: for each decision the summary, the whole tree folded below it; no script, no links out."""
        body = [f"<h1>{_esc(self.heading)}</h1>"]
        if len(self.sections) > 1:
            entries = [
                f'<li><a href="#d{at}">{_esc(section.heading)}</a></li>'
                for at, section in enumerate(self.sections)
            ]
            body.append(f"<nav><ul>{''.join(entries)}</ul></nav>")
        body += [self._article(at, section) for at, section in enumerate(self.sections)]
        lang = "zh-CN" if self.lang == "zh" else "en"
        return _PAGE.format(lang=lang, title=_esc(self.heading), style=_STYLE, body="\n".join(body))

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values: stable keys, no floats, amounts and ratios as text."""
        return {
            "schema_version": SCHEMA_VERSION,
            "lang": self.lang,
            "subject": self.subject,
            "id": self.id,
            "as_of": self.as_of.isoformat(),
            "decisions": [section.to_dict() for section in self.sections],
        }

    def __str__(self) -> str:
        """Return the plain text."""
        return self.text

    def _article(self, at: int, section: Section) -> str:
        title = f"<h2><code>{_esc(section.outcome.decision)}</code> {_esc(section.title)}: "
        parts = [
            f'<article id="d{at}" class="{section.outcome.status.value}">',
            f"{title}<strong>{_esc(section.answer)}</strong></h2>",
            _html_list(section.lines),
        ]
        if section.rules:
            folded = [f"<summary>{_esc(self.says('all_rules', n=len(section.rules)))}</summary>"]
            for lines in _grouped(list(self._tree(section))):
                rule = f"<summary>{_item(lines[0])}</summary>{_html_list(lines[1:])}"
                folded.append(f"<details>{rule}</details>" if lines[1:] else f"<p>{_item(lines[0])}</p>")
            parts.append(f"<details>{''.join(folded)}</details>")
        return "\n".join([*parts, "</article>"])

    def _tree(self, section: Section) -> Iterator[Line]:
        """Write out all nodes of a decision, each once."""
        source = section.outcome.model.clause
        if source is not None or section.outcome.model.place:
            yield Line(1, self.says("source", said=_where(source, section.outcome.model.place)))
            if source is not None and source.note:
                yield Line(2, source.note)
        own = {rule.key for rule in section.rules}
        seen: set[str | None] = set()
        if section.measure is not None:
            yield Line(1, self.says("measure"))
            yield from self._node(section.measure, 2, seen)
        for rule in section.rules:
            seen |= own
            seen.discard(rule.key)
            yield from self._node(rule, 1, seen)
        if section.amounts:
            yield Line(1, self.says("amounts"))
        for node in section.amounts:
            yield from self._node(node, 2, seen)

    def _node(self, node: Node, depth: int, seen: set[str | None]) -> Iterator[Line]:
        repeated = node.key is not None and node.key in seen and bool(node.notes or node.parts)
        seen.add(node.key)
        text = _text(node, self.says)
        if node.kind in {"rule", "decision"}:
            text = " ".join(filter(None, (node.id, text)))
        if node.grants is not None:
            text = f"{text} {self.says('grants', said=node.grants)}"
        where = _where(node.source, node.place)
        text = f"{text} [{where}]" if where else text
        text = f"{text} ({self.says('above')})" if repeated else text
        yield Line(depth, text, _MARKS.get(node.truth or "", ""))
        if repeated:
            return
        if node.source is not None and node.source.note:
            yield Line(depth + 1, node.source.note)
        yield from (Line(depth + 1, said) for _, said in node.notes)
        for part in node.parts:
            yield from self._node(part, depth + 1, seen)


def explain(
    outcomes: Iterable[AnyOutcome], *, subject: str, id_: str | None, as_of: date, lang: str = "en"
) -> Explanation:
    """Explain outcomes.

    Args:
        outcomes: of one subject on one day.
        subject: what they are about, such as ``customer``.
        id_: its id, if it has one.
        as_of: the day of evaluation.
        lang: ``zh`` or ``en``.

    Raises:
        ValueError: for another language.
    """
    if lang not in {"zh", "en"}:
        message = f"the language is `zh` or `en`, not `{lang}`"
        raise ValueError(message)
    return Explanation(subject, id_, as_of, lang, tuple(_section(outcome, lang) for outcome in outcomes))


def _section(outcome: AnyOutcome, lang: str) -> Section:
    if outcome.case is not None:
        return _Summary(outcome, outcome.case, lang).section()
    # undefined from outside its rules: there is no trace
    zh = lang != "zh"
    reason = outcome.reason.text(lang) if outcome.reason is not None else None
    lines = (Line(1, _SAYS["reason"][zh].format(text=reason)),) if reason is not None else ()
    title = outcome.model.title.get(lang)
    return Section(outcome, title, _SAYS["none"][zh], reason, (), lines)


def _where(source: Clause | None, place: str | None) -> str:
    return "; ".join([*([str(source)] if source is not None else []), *([place] if place else [])])


# ---------------------------------------------------------------------------------------------------
# Plain text

_WIDTH: Final = 80
_NOT_FIRST: Final = frozenset("、，。；：！？）」』】》%,.;:!?)]}…”’元个")


def _plain(text: str) -> str:
    """Return a text on one line; what does not print (a terminal's escapes, turned writing) is spelt out."""
    spaced = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in spaced)


def _columns_of(text: str) -> int:
    """Return how many columns a text takes; wide characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    """Return a text in lines of 80 columns where it can be broken: at spaces, and between wide characters."""
    lines, line = [], first
    for chunk in _chunks(_plain(text)):
        if _columns_of(line + chunk.rstrip()) > _WIDTH and line.strip() and line not in {first, rest}:
            lines.append(line.rstrip())
            line = rest
            chunk = chunk.lstrip()  # noqa: PLW2901
        line += chunk
    return [*lines, line.rstrip()]


def _chunks(text: str) -> Iterator[str]:
    """Yield the parts between which a line may break."""
    chunk = ""
    for at, char in enumerate(text):
        chunk += char
        following = text[at + 1 : at + 2]
        wide = (
            unicodedata.east_asian_width(char) in "WF"
            or unicodedata.east_asian_width(following or "a") in "WF"
        )
        if char == " " or (
            wide and following not in _NOT_FIRST and following != " " and char not in "（「『【《“‘([{"
        ):
            yield chunk
            chunk = ""
    yield chunk


def _columns(table: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as aligned rows: the first column to the left, numbers to the right."""
    cells = [[_plain(cell) for cell in row] for row in table]
    widths = [max(_columns_of(cell) for cell in column) for column in zip(*cells, strict=True)]
    rows = []
    for row in cells:
        gaps = [" " * (width - _columns_of(cell)) for cell, width in zip(row, widths, strict=True)]
        aligned = [row[0] + gaps[0], *(gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True))]
        rows.append("  ".join(aligned).rstrip())
    return rows


# ---------------------------------------------------------------------------------------------------
# Markdown

_MD: Final = re.compile(r"([\\`*\[\]<>|~&#]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z]))")


def _md(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _MD.sub(r"\\\1", _plain(text))


def _md_lines(lines: Iterable[Line]) -> list[str]:
    """Return lines as nested lists and tables: one block each."""
    blocks: list[str] = []
    bullets: list[str] = []
    for line in lines:
        mark = f"{line.mark} " if line.mark else ""
        bullets.append(f"{'  ' * (line.depth - 1)}- {mark}{_md(line.text)}")
        if line.table:
            head, *rows = [[_md(cell) for cell in row] for row in line.table]
            rule = ["---", *["---:"] * (len(head) - 1)]
            table = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
            blocks += ["\n".join(bullets), "\n".join(table)]
            bullets = []
    return [*blocks, "\n".join(bullets)] if bullets else blocks


# ---------------------------------------------------------------------------------------------------
# HTML

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.55 system-ui,-apple-system,"PingFang SC","Microsoft YaHei",sans-serif;max-width:50rem;margin:auto;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.3rem}h2{font-size:1.1rem;margin:0 0 .5rem}
h2 code{font-size:.8em;font-weight:400;opacity:.7}
article{border-top:3px solid #2a7;padding:.75rem 0 1rem;margin-top:1rem}
article.undetermined{border-color:#c80}article.undefined{border-color:#b33}
ul{margin:.25rem 0;padding-left:1.2rem;list-style:none}
nav ul{padding:0}
li.true::before,summary .true::before{content:"✓ ";color:#2a7}
.m{font-weight:700;margin-right:.3em}.m.true{color:#187a4c}.m.false{color:#b33}.m.unknown{color:#b26a00}
table{border-collapse:collapse;margin:.5rem 0}
td,th{border:1px solid #8886;padding:.25rem .6rem;text-align:right;font-variant-numeric:tabular-nums}
td:first-child,th:first-child{text-align:left}
tr:last-child{font-weight:700}
details{margin:.25rem 0}details details{margin-left:.6rem}summary{cursor:pointer;padding:.2rem 0}
@media print{body{max-width:none;padding:0;font-size:11pt}nav{display:none}article{break-inside:avoid-page}
details::details-content{content-visibility:visible;block-size:auto}summary{list-style:none}}
"""
_PAGE: Final = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
_TRUTH_OF: Final = {mark: truth for truth, mark in _MARKS.items()}


def _esc(text: str) -> str:
    """Return a text that HTML shows as it is, in an element or an attribute."""
    return escape(_plain(text), quote=True)


def _item(line: Line) -> str:
    mark = f'<span class="m {_TRUTH_OF[line.mark]}">{line.mark}</span>' if line.mark else ""
    return f"{mark}{_esc(line.text)}{_html_table(line.table)}"


def _html_table(table: Sequence[Sequence[str]]) -> str:
    if not table:
        return ""
    cells = [
        [f"<{tag}>{_esc(cell)}</{tag}>" for cell in row]
        for tag, row in zip(["th", *["td"] * (len(table) - 1)], table, strict=True)
    ]
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    return f"<table>{rows}</table>"


def _grouped(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Yield each line of the least depth with the deeper ones that follow it."""
    start = 0
    for at in range(1, len(lines) + 1):
        if at == len(lines) or lines[at].depth <= lines[start].depth:
            yield lines[start:at]
            start = at


def _html_list(lines: Sequence[Line]) -> str:
    if not lines:
        return ""
    return f"<ul>{''.join(f'<li>{_item(group[0])}{_html_list(group[1:])}</li>' for group in _grouped(lines))}</ul>"
