"""The writer: the expression tree as Python source.

Place in the flow: the fast engine (``compiled.py``) has programs written here. Truths are written as a pair of
plain tests, "is true" and "is false", and whatever cannot be unknown is not asked. All aggregates over a table
share one loop, and many rules on one fact become one bisection.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from textwrap import wrap
from typing import TYPE_CHECKING, Any, assert_never

from dealerrules.engines.ladder import LADDER, ladder, only_quantity
from dealerrules.engines.loops import Loop, Test, Var
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
    RoundWhole,
    Window,
    children,
)
from dealerrules.facts import read_attribute
from dealerrules.keeping import Granted, Look, editions_of, is_kept, looks
from dealerrules.policy.model import AnyDecision, Edition, Payout, Rule, Stage, Tier, expressions
from dealerrules.readers import engine_value
from dealerrules.records import TABLES
from dealerrules.values import (
    ABSENT,
    Kind,
    Maybe,
    Truth,
    Type,
    calendar_start,
    ceiling,
    days_before,
    floor,
    months_before,
    months_since,
    reduced,
)
from dealerrules.verdict import answer_value, possible_levels, settle, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dealerrules.records import Record


SURELY_COUNTS = "2**39"
"""Up to here whole numbers are counts for sure (MAX_COUNT is above it); what is larger is looked at closely."""


class Answers(dict[tuple[int, int], Maybe]):
    """A decision's answer by its two masks, worked out once each."""

    def __init__(self, decision: AnyDecision) -> None:
        super().__init__()
        self.decision = decision

    def __missing__(self, masks: tuple[int, int]) -> Maybe:
        value = answer_value(self.decision, verdict(self.decision, *masks), None)
        self[masks] = value
        return value


class LevelTests(dict[tuple[int, int], Truth]):
    """Whether a level is among the allowed ones, by a tier's two masks."""

    def __init__(self, tier: Tier, test: LevelIn) -> None:
        super().__init__()
        self.tier, self.test = tier, test

    def __missing__(self, masks: tuple[int, int]) -> Truth:
        holds, open_ = (
            {rule.id for at, rule in enumerate(self.tier.rules) if mask >> at & 1} for mask in masks
        )
        possible = possible_levels(self.tier, self.test.angle, holds, open_)
        allowed = [level in self.test.allowed for level in possible]
        self[masks] = True if all(allowed) else None if any(allowed) else False
        return self[masks]


class Past:
    """What a tier came to on the days before; generated functions say which rules held on a day."""

    def __init__(self, edition: Edition, subject: str, asked: Sequence[Reached]) -> None:
        self.edition, self.subject, self.asked = edition, subject, asked
        self.tier = asked[0].decision
        self.editions = list(editions_of(edition, asked[0]))
        self._levels: dict[tuple[int, int, int], Granted] = {}

    def __call__(self, record: Record, as_of: date, functions: Sequence[Any]) -> tuple[Look, ...]:
        """Return the looks at the days before."""
        places = {(id(edition), held): at for at, (edition, held) in enumerate(self.editions)}

        def level_on(edition: Edition, day: date, held: bool) -> Granted:  # noqa: FBT001 - it has one caller
            at = places[id(edition), held]
            return self._granted(at, *functions[at](record, day))

        return looks(self.edition, self.subject, self.asked, record, as_of, level_on)

    def _granted(self, at: int, true: int, unknown: int) -> Granted:
        known = self._levels.get((at, true, unknown))
        if known is None:
            edition, held = self.editions[at]
            tier = edition.decisions[self.tier]
            assert isinstance(tier, Tier)
            tier = tier if held else tier.earned
            holds, open_ = (
                {rule.id for place, rule in enumerate(tier.rules) if mask >> place & 1}
                for mask in (true, unknown)
            )
            known = possible_levels(tier, None, holds, open_)
            self._levels[at, true, unknown] = known
        return known


class IsKept:
    """Whether a level is kept, by the looks at the days before."""

    def __init__(self, tier: Tier, expr: Reached) -> None:
        self.tier, self.expr = tier, expr

    def __call__(self, found: Sequence[Look], as_of: date) -> Truth:
        """Tell it, as of a day."""
        return is_kept(self.tier, self.expr, found, as_of)


# ---------------------------------------------------------------------------------------------------
# Functions that generated code calls


def quotient(left: Any, right: Any) -> Maybe:
    """Return an exact ratio; over 0 there is none."""
    return None if right == 0 else reduced(Fraction(left) / right)


def whole_times(left: Any, right: Any) -> Maybe:
    """Return how often the second fits wholly into the first; over 0 there is no answer."""
    return None if right == 0 else floor(Fraction(left) / right)


def years_running(covers: list[tuple[date, date]], as_of: date, gap: int) -> int:
    """Return the policy years begun in the unbroken run of cover that holds the day.

    The run grows backwards from the covers that hold the day: whatever ends no more than `gap` days before it joins.
    """
    start = min((cover[0] for cover in covers if cover[1] >= as_of), default=None)
    if start is None:
        return 0
    covers.sort(key=lambda cover: cover[1], reverse=True)
    for begins, ends in covers:
        if begins < start:
            if (start - ends).days > gap + 1:
                break
            start = begins
    return months_since(start, as_of) // 12 + 1


_SPACE: dict[str, Any] = {
    "ABSENT": ABSENT,
    "bisect_left": bisect_left,
    "bisect_right": bisect_right,
    "calendar_start": calendar_start,
    "ceiling": ceiling,
    "days_before": days_before,
    "engine_value": engine_value,
    "floor": floor,
    "months_before": months_before,
    "months_since": months_since,
    "quotient": quotient,
    "read_attribute": read_attribute,
    "reduced": reduced,
    "settle": settle,
    "whole_times": whole_times,
    "years_running": years_running,
}
HEADS = {
    "record": "masks of the rules that are true and of those that are unknown, by decision, from a record",
    "facts": "masks of the rules that are true and of those that are unknown, by decision, from ready-made facts",
    "fast": "masks of the true rules where every fact is there and of its type; otherwise none: ask `facts`",
}
"""The first line of each program."""
_RESERVED = frozenset({*dir(builtins), *keyword.kwlist, "as_of", "evaluate", "facts", "record"})
_SIGNS = {
    Comparison.EQUAL: ("==", "!="),
    Comparison.AT_LEAST: (">=", "<"),
    Comparison.MORE_THAN: (">", "<="),
    Comparison.AT_MOST: ("<=", ">"),
    Comparison.LESS_THAN: ("<", ">="),
}
_ARITHMETIC = {
    Operator.ADD: "reduced({} + {})",
    Operator.SUBTRACT: "reduced({} - {})",
    Operator.MULTIPLY: "reduced({} * {})",
    Operator.RATIO: "quotient({}, {})",
    Operator.WHOLE_TIMES: "whole_times({}, {})",
    Operator.MIN: "min({}, {})",
    Operator.MAX: "max({}, {})",
}


# ---------------------------------------------------------------------------------------------------
# The writer


@dataclass
class Writer:
    """Writes one program. `mode`: ``record``; ``facts``: given values, any may be unknown; ``fast``: none is."""

    edition: Edition
    subject: str
    mode: str
    constants: dict[str, Any] = field(default_factory=lambda: dict(_SPACE))
    functions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._names: set[str] = {*self.constants, *_RESERVED}
        self._start()

    def _start(self) -> None:
        self.lines: list[str] = []
        self.depth = 1
        self.values: dict[Expr, Var] = {}
        self.masks: dict[str, tuple[str, str]] = {}
        self.extras: dict[str, str] = {}
        self.called: dict[Expr, str] = {}
        self.looks: dict[tuple[Reached, ...], str] = {}
        self.angles: set[tuple[str, str | None]] = set()

    # --- text ---

    def put(self, line: str) -> None:
        """Write a line at the present depth."""
        self.lines.append("    " * self.depth + line)

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Write deeper; values made inside are not known outside."""
        kept, looks_kept = dict(self.values), dict(self.looks)
        self.depth += 1
        yield
        self.depth -= 1
        self.values, self.looks = kept, looks_kept

    def name(self, wanted: str) -> str:
        """Return a fresh name."""
        fresh = base = _identifier(wanted)
        number = 2
        while fresh in self._names:
            fresh, number = f"{base}_{number}", number + 1
        self._names.add(fresh)
        return fresh

    def constant(self, value: Any, wanted: str) -> str:
        """Return text for a constant: written out where that is exact, else kept under a name."""
        if isinstance(value, int | str):
            return repr(value)
        base = _identifier(wanted.upper())
        for name, known in self.constants.items():
            if name.startswith(base) and type(known) is type(value) and known == value:
                return name
        fresh = self.name(base)
        self.constants[fresh] = value
        return fresh

    # --- programs ---

    def program(self, decisions: Sequence[str], plain: tuple[str, ...] | None) -> str:
        """Return the whole text of a program for some decisions."""
        self._start()
        if plain is not None:
            self._read_plain(plain)
        closure = self._closure(decisions)
        needed = [name for name in self.edition.decisions if name in closure]
        self._loops(self._exprs_of(needed))
        for name in needed:
            self.decision(self.edition.decisions[name])
        results = []
        for name in decisions:
            true, unknown = self.masks[name]
            results.append(f"({true}, {unknown}, {self.extras.get(name)})")
        self.put(f"return ({', '.join(results)},)")
        given = "record" if self.mode == "record" else "facts"
        head = f"def evaluate({given}, as_of):\n    # {HEADS[self.mode]}"
        return "\n\n\n".join([*self._legend(), *self.functions, "\n".join([head, *self.lines])]) + "\n"

    def _legend(self) -> list[str]:
        """Return what the constants hold, as a comment for readers."""
        own = {name: value for name, value in self.constants.items() if name not in _SPACE}
        return ["\n".join(f"# {name}: {comment(_held(value))}" for name, value in own.items())] if own else []

    def _closure(self, decisions: Iterable[str]) -> set[str]:
        """Return decisions with those that they read, but for what is read as of another day."""
        found: set[str] = set()
        stack = list(decisions)
        while stack:
            name = stack.pop()
            if name in found:
                continue
            found.add(name)
            reached = self._reached(self._exprs_of([name]))
            stack.extend(node.decision for node in reached if isinstance(node, Answer | LevelIn))
        return found

    def _exprs_of(self, decisions: Iterable[str]) -> list[Expr]:
        return [expr for name in decisions for expr in expressions(self.edition.decisions[name])]

    def _reached(self, exprs: Iterable[Expr]) -> Iterator[Expr]:
        """Yield all nodes below some expressions, through facts; what `Before` reads is its own program."""
        seen: set[str] = set()
        stack = list(exprs)
        while stack:
            node = stack.pop()
            yield node
            if isinstance(node, Before):
                stack.append(node.event)
            elif isinstance(node, Fact):
                if node.name not in seen:
                    seen.add(node.name)
                    stack.append(self.edition.fact(self.subject, node.name).expr)
            else:
                stack.extend(children(node))

    # --- decisions ---

    def decision(self, decision: AnyDecision) -> None:
        """Write a decision's masks."""
        if isinstance(decision, Tier):
            self._angles(decision, None)
            return
        true, _ = self._masks(decision)
        self._rules(decision, list(enumerate(decision.rules)))
        if isinstance(decision, Stage):
            self.extras[decision.name] = self.value(decision.measure).text
        if isinstance(decision, Payout):
            self._payout(decision, true)

    def _masks(self, decision: AnyDecision) -> tuple[str, str]:
        """Return the names of a decision's masks, which begin empty."""
        if decision.name not in self.masks:
            true, unknown = self.name(f"{decision.name}_true"), self.name(f"{decision.name}_unknown")
            self.masks[decision.name] = (true, unknown)
            self.put(f"# {comment(decision.name)}")
            self.put(f"{true} = {unknown} = 0")
        return self.masks[decision.name]

    def _angles(self, tier: Tier, only: str | None) -> None:
        """Write the angles of a tier, or one of them, unless they are there: another decision may need one early."""
        self._masks(tier)
        for angle in tier.angles:
            if only in {None, angle.id} and (tier.name, angle.id) not in self.angles:
                self.angles.add((tier.name, angle.id))
                self._rules(
                    tier, [(at, rule) for at, rule in enumerate(tier.rules) if rule.angle == angle.id]
                )
        if only is None and (tier.name, None) not in self.angles:  # that a level is kept is of no angle
            self.angles.add((tier.name, None))
            self._rules(tier, [(at, rule) for at, rule in enumerate(tier.rules) if rule.angle is None])

    def _rules(self, decision: AnyDecision, rules: list[tuple[int, Rule]]) -> None:
        true, unknown = self.masks[decision.name]
        for at, rule in self._ladders(rules, true, unknown):
            self._rule(at, rule, true, unknown)

    def _rule(self, at: int, rule: Rule, true: str, unknown: str) -> None:
        test = self.test(rule.when)
        if test.true == "True":
            self.put(f"{true} |= {_bit(at)}  # {comment(rule.id)}")
            return
        self.put(f"if {test.true}:  # {comment(rule.id)}")
        self.put(f"    {true} |= {_bit(at)}")
        if test.false is not None:
            self.put(f"elif not ({test.false}):")
            self.put(f"    {unknown} |= {_bit(at)}")

    def _ladders(self, order: list[tuple[int, Rule]], true: str, unknown: str) -> list[tuple[int, Rule]]:
        """Write the rules that ask for nothing but one quantity as bisections; return the others."""
        groups: dict[Expr, list[tuple[int, Rule]]] = {}
        for at, rule in order:
            on = only_quantity(rule.when)
            if on is not None:
                groups.setdefault(on, []).append((at, rule))
        done: set[int] = set()
        for on, rules in groups.items():
            if len(rules) < LADDER:
                continue
            done |= {at for at, _ in rules}
            edges, masks, when_absent = ladder(rules)
            measured = self.value(on)
            edges_name = self.constant(edges, f"{measured.text}_edges")
            masks_name = self.constant(masks, f"{measured.text}_masks")
            self.put(f"# {len(rules)} rules on {measured.text}")
            if measured.may_none:
                self.put(f"if {measured.text} is None:")
                self.put(f"    {unknown} |= {sum(1 << at for at, _ in rules):#x}")
            if measured.may_absent:
                self.put(f"{'elif' if measured.may_none else 'if'} {measured.text} is ABSENT:")
                self.put(f"    {true} |= {when_absent:#x}")
            lookup = f"{true} |= {masks_name}[bisect_left({edges_name}, {measured.text}) + bisect_right({edges_name}, {measured.text})]"
            if measured.may_none or measured.may_absent:
                self.put("else:")
                self.put(f"    {lookup}")
            else:
                self.put(lookup)
        return [(at, rule) for at, rule in order if at not in done]

    def _payout(self, payout: Payout, true: str) -> None:
        extra = self.name(f"{payout.name}_settled")
        self.extras[payout.name] = extra
        self.put(f"{extra} = None")
        decision = self.constant(payout, payout.name)
        word = "if"
        for at, rule in enumerate(payout.rules):
            self.put(f"{word} {true} & {_bit(at)}:  # {comment(rule.id)}")
            word = "elif"
            with self.indented():
                pairs = []
                for line in payout.lines[rule.id]:
                    units = self.value(line.units).text if line.units is not None else "None"
                    pairs.append(f"({units}, {self.value(line.amount).text})")
                times = self.value(payout.times).text if payout.times is not None else "1"
                self.put(f"{extra} = settle({decision}, {rule.id!r}, ({', '.join(pairs)},), {times})")

    # --- truths ---

    def test(self, expr: Expr, event: str | None = None) -> Test:
        """Return a condition as two plain tests."""
        match expr:
            case All(items=items):
                return _joined([self.test(item, event) for item in items], "and", "or")
            case AnyOf(items=items):
                return _joined([self.test(item, event) for item in items], "or", "and")
            case Not(item=item):
                inner = self.test(item, event)
                return Test(inner.is_false, inner.true if inner.false is not None else None)
            case Compare():
                return self._comparison(expr, event)
            case Member(item=item, among=among):
                return self._membership(self.value(item, event), among)
            case Known(item=item):
                return self._presence(self.value(item, event))
            case IsAbsent(item=item):
                var = self.value(item)
                if not var.may_absent:
                    return Test("False", f"{var.text} is not None" if var.may_none else None)
                false = f"{var.text} is not None and {var.text} is not ABSENT" if var.may_none else None
                return Test(f"{var.text} is ABSENT", false)
            case LevelIn():
                return self._level(expr)
            case _:
                message = f"no condition: {expr}"
                raise AssertionError(message)

    def _comparison(self, expr: Compare, event: str | None) -> Test:
        left, right = self.value(expr.left, event), self.value(expr.right)
        sign, opposite = _SIGNS[expr.how]
        sides = [side for side in (left, right) if side.may_none or side.may_absent]
        plain, against = f"{left.text} {sign} {right.text}", f"{left.text} {opposite} {right.text}"
        if (
            expr.how is Comparison.EQUAL
            and isinstance(expr.right, Constant)
            and isinstance(expr.right.value, bool)
        ):
            is_same = f"{left.text} is {expr.right.value!r}"
            is_other = f"{left.text} is {not expr.right.value!r}"
            if left.may_none and left.may_absent:
                is_other = f"{left.text} is not {expr.right.value!r} and {left.text} is not None"
            return Test(is_same, is_other if left.may_none else None)
        if not sides:
            return Test(plain)
        nones = [f"{side.text} is not None" for side in sides if side.may_none]
        absents = [f"{side.text} is not ABSENT" for side in sides if side.may_absent]
        equal_to_constant = expr.how is Comparison.EQUAL and isinstance(expr.right, Constant)
        true = plain if equal_to_constant else " and ".join([*nones, *absents, plain])
        if not nones:
            return Test(true)
        gone = [f"{side.text} is ABSENT" for side in sides if side.may_absent]
        failed = f"({' or '.join([*gone, against])})" if gone else against
        return Test(true, " and ".join([*nones, failed]))

    def _membership(self, var: Var, among: tuple[Any, ...]) -> Test:
        words = self.constant(frozenset(among), f"{var.text if var.text.isidentifier() else ''}_among")
        false = f"{var.text} is not None and {var.text} not in {words}" if var.may_none else None
        return Test(f"{var.text} in {words}", false)

    @staticmethod
    def _presence(var: Var) -> Test:
        parts = [f"{var.text} is not None"] * var.may_none + [f"{var.text} is not ABSENT"] * var.may_absent
        return Test(" and ".join(parts) or "True")

    def _level(self, expr: LevelIn) -> Test:
        tier = self.edition.decisions[expr.decision]
        assert isinstance(tier, Tier)
        self._angles(tier, expr.angle)
        true, unknown = self.masks[expr.decision]
        names = [level.id for level in tier.levels]
        best = [name in expr.allowed for name in names]
        count = sum(best)
        if best == [True] * count + [False] * (len(names) - count) and count < len(names):
            # "this level or better": a granted rule proves it, and without a possible one it is out
            bits = sum(
                1 << at
                for at, rule in enumerate(tier.rules)
                if rule.answer in expr.allowed and expr.angle in {None, rule.angle}
            )
            if self.mode == "fast":
                return Test(f"{true} & {bits:#x}")
            return Test(f"{true} & {bits:#x}", f"not ({true} | {unknown}) & {bits:#x}")
        tests = self.name("levels")
        self.constants[tests] = LevelTests(tier, expr)
        var = self.name(f"{expr.decision}_{expr.angle or ''}_test")
        self.put(f"{var} = {tests}[{true}, {unknown}]")
        return Test(f"{var} is True", f"{var} is False")

    # --- values ---

    def value(self, expr: Expr, event: str | None = None) -> Var:
        """Return a value, written once and then known by name."""
        if event is not None:
            return self._event_value(expr, event)
        if expr not in self.values:
            self.values[expr] = self._made(expr)
        return self.values[expr]

    def _event_value(self, expr: Expr, event: str) -> Var:
        match expr:
            case Field(name=name):
                return Var(f"{event}_{name}", may_none=True, may_absent=False)
            case Elapsed(how=how, item=item):
                inner = self._event_value(item, event)
                return Var(
                    f"(None if {inner.text} is None else {_elapsed(how, inner.text)})",
                    may_none=True,
                    may_absent=False,
                )
            case _:
                return self.value(expr)

    def _made(self, expr: Expr) -> Var:
        match expr:
            case Constant(value=value, type=type_, parameter=parameter):
                text = self.constant(value, parameter or type_.kind.value)
                return Var(text, may_none=False, may_absent=False)
            case AsOf():
                return Var("as_of", may_none=False, may_absent=False)
            case Field():
                return self._own_field(expr)
            case Fact(name=name):
                return self._fact(name)
            case Answer(decision=decision):
                return self._answer(decision)
            case Arithmetic():
                return self._operation(expr)
            case RoundWhole(up=up, item=item):
                how = "ceiling" if up else "floor"
                return self._guarded(self._called(expr, "rounded"), [self.value(item)], f"{how}({{}})")
            case Elapsed(how=how, item=item):
                return self._guarded(self._called(expr, how), [self.value(item)], _elapsed(how, "{}"))
            case FirstKnown(items=items):
                return self._first_known(self._called(expr, "known"), [self.value(item) for item in items])
            case IfAbsent(item=item):
                inner = self.value(item)
                if not inner.may_absent:
                    return inner
                text = f"None if {inner.text} is ABSENT else {inner.text}"
                return self._assigned(self._called(expr, "known"), text, may_none=True)
            case Lookup(by=by, cases=cases):
                table = self.constant(dict(cases), "table")
                made = self._guarded(self._called(expr, "listed"), [self.value(by)], f"{table}.get({{}})")
                return Var(made.text, may_none=True, may_absent=made.may_absent)
            case Before():
                return self._before(expr)
            case Aggregate():
                return self._late_aggregate(expr)
            case Reached():
                return self._kept(expr)
            case _:
                message = f"no value: {expr}"
                raise AssertionError(message)

    def _called(self, expr: Expr, otherwise: str) -> str:
        """Return the name of the fact that an expression defines."""
        return self.called.get(expr, otherwise)

    def _assigned(self, wanted: str, text: str, *, may_none: bool, may_absent: bool = False) -> Var:
        name = self.name(wanted)
        self.put(f"{name} = {text}")
        return Var(name, may_none, may_absent)

    def _guarded(self, wanted: str, operands: list[Var], form: str) -> Var:
        """Write an operation that is unknown with an unknown operand, and absent with an absent one."""
        nones = [f"{each.text} is None" for each in operands if each.may_none]
        gone = [f"{each.text} is ABSENT" for each in operands if each.may_absent]
        text = form.format(*(each.text for each in operands))
        if gone:
            text = f"ABSENT if {' or '.join(gone)} else {text}"
        if nones:
            text = f"None if {' or '.join(nones)} else {text}"
        return self._assigned(wanted, text, may_none=bool(nones), may_absent=bool(gone))

    def _operation(self, expr: Arithmetic) -> Var:
        operands = [self.value(expr.left), self.value(expr.right)]
        made = self._guarded(self._called(expr, expr.how), operands, _ARITHMETIC[expr.how])
        over_zero = expr.how in {Operator.RATIO, Operator.WHOLE_TIMES}
        return Var(made.text, made.may_none or over_zero, made.may_absent)

    def _first_known(self, wanted: str, items: list[Var]) -> Var:
        name = self.name(wanted)
        for at, item in enumerate(items):
            lacking = [f"{item.text} is None"] * item.may_none + [f"{item.text} is ABSENT"] * item.may_absent
            if at == 0:
                self.put(f"{name} = {item.text}")
            else:
                self.put(f"if {name} is None or {name} is ABSENT:")
                unknown = " or ".join(f"{each.text} is None" for each in items[:at] if each.may_none)
                keep = (
                    f"None if {item.text} is ABSENT and ({unknown}) else "
                    if unknown and item.may_absent
                    else ""
                )
                self.put(f"    {name} = {keep}{item.text}")
            if not lacking:
                return Var(name, may_none=False, may_absent=False)
        return Var(name, any(item.may_none for item in items), any(item.may_absent for item in items))

    # --- where values come from ---

    def _own_field(self, expr: Field) -> Var:
        if self.mode != "record":
            return Var("None", may_none=True, may_absent=False)
        if expr.name.startswith("attributes."):
            name = expr.name.removeprefix("attributes.")
            type_ = self.constant(expr.type, "type")
            return self._assigned(name, f"read_attribute(record, {name!r}, {type_})", may_none=True)
        return self._assigned(expr.name, self._read("record", expr.name, expr.type), may_none=True)

    def _read(self, owner: str, name: str, type_: Type) -> str:
        if type_.kind in {Kind.MONEY, Kind.NUMBER, Kind.DISTANCE}:
            return f"engine_value({owner}.{name}, {self.constant(type_, 'type')})"
        return f"{owner}.{name}"

    def _fact(self, name: str) -> Var:
        definition = self.edition.fact(self.subject, name)
        if self.mode == "record":
            return self.value(definition.expr)
        absent = self.edition.may_be_absent(self.subject, name)
        if not _computable(definition.expr):
            return self._assigned(name, f"facts.get({name!r})", may_none=True, may_absent=absent)
        made = self.value(definition.expr).text
        text = f"facts[{name!r}] if {name!r} in facts else {made}"
        return self._assigned(name, text, may_none=True, may_absent=absent)

    def _read_plain(self, names: tuple[str, ...]) -> None:
        """Write the reading of facts that are all there, all known and all of the right type; else return none."""
        checks: list[str] = []
        counts: list[str] = []
        self.put(f"if len(facts) != {len(names)}:")
        self.put("    return None")
        self.put("try:")
        for name in names:
            type_ = self.edition.fact(self.subject, name).type
            var = self.name(name)
            self.put(f"    {var} = facts[{name!r}]")
            self.values[Fact(name, type_)] = Var(var, may_none=False, may_absent=False)
            if type_.kind is Kind.COUNT:
                checks.append(f"type({var}) is int")
                counts.append(var)
            elif type_.kind is Kind.BOOLEAN:
                checks.append(f"({var} is True or {var} is False)")
            else:
                words = self.constant(frozenset(type_.options), f"{var}_words")
                checks.append(f"type({var}) is str and {var} in {words}")
        self.put("except KeyError:")
        self.put("    return None")
        self.put("if not (")
        for at, check in enumerate(checks):
            self.put(f"    {'and ' if at else ''}{check}")
        if counts:  # none is negative and none too large when their bits together are neither
            self.put("    and 0 <= (")
            for line in wrap(" | ".join(counts), 90):
                self.put(f"        {line}")
            self.put(f"    ) < {SURELY_COUNTS}")
        self.put("):")
        self.put("    return None")

    def _answer(self, decision: str) -> Var:
        made = self.edition.decisions[decision]
        true, unknown = self.masks[decision]
        if isinstance(made, Payout):
            settled = self.extras[decision]
            text = f"None if {settled} is None else {settled}[0]"
        else:
            answers = self.name(f"{decision}_answers")
            self.constants[answers] = Answers(made)
            text = f"{answers}[{true}, {unknown}]"
        if self.mode != "record":
            text = f"facts[{decision!r}] if {decision!r} in facts else {text}"
        return self._assigned(decision, text, may_none=True, may_absent=True)

    def _before(self, expr: Before) -> Var:
        event = self.value(expr.event)
        if self.mode != "record":
            made = self._guarded("before", [event], "None")
            return Var(made.text, may_none=True, may_absent=made.may_absent)
        function = self._on_another_day("on_the_day_before", self.edition, expr.item)
        eve = self._guarded("eve", [event], "days_before({}, 1)")
        text = f"{function}(record, {{0}}) if {{0}} <= as_of else None"
        made = self._guarded(self._called(expr, "before"), [eve], text)
        return Var(made.text, may_none=True, may_absent=True)

    def _on_another_day(self, wanted: str, edition: Edition, asked: Expr | Tier) -> str:
        """Write a function of a record and a day that returns a value, or the masks of a tier; return its name."""
        inner = Writer(edition, self.subject, "record", self.constants, self.functions)
        inner._names = self._names
        function = self.name(wanted)
        exprs = expressions(asked) if isinstance(asked, Tier) else [asked]
        closure = inner._closure(
            node.decision for node in inner._reached(exprs) if isinstance(node, Answer | LevelIn)
        )
        needed = [name for name in edition.decisions if name in closure]
        needed += [asked.name] if isinstance(asked, Tier) and asked.name not in closure else []
        inner._loops([*exprs, *inner._exprs_of(needed)])
        for name in needed:
            inner.decision(edition.decisions[name])
        found = ", ".join(inner.masks[asked.name]) if isinstance(asked, Tier) else inner.value(asked).text
        inner.put(f"return {found}")
        self.functions.append("\n".join([f"def {function}(record, as_of):", *inner.lines]))
        return function

    def _kept(self, expr: Reached) -> Var:
        """Write whether a level is kept; the days before are looked at once for all levels of a tier."""
        assert self.mode == "record"  # elsewhere the fact is ready-made
        tier = self.edition.decisions[expr.decision]
        assert isinstance(tier, Tier)
        facts = [self.edition.fact(self.subject, tier.kept_fact(level.id)) for level in tier.levels[:-1]]
        asked = tuple(each.expr for each in facts if isinstance(each.expr, Reached))
        if asked not in self.looks:
            past = self.name(f"{tier.name}_past")
            self.constants[past] = made = Past(self.edition, self.subject, asked)
            functions = []
            for edition, held in made.editions:
                then = edition if held else edition.earning(tier.name)
                counting = then.decisions[tier.name]
                assert isinstance(counting, Tier)
                functions.append(self._on_another_day(f"{tier.name}_on_that_day", then, counting))
            found = f"{past}(record, as_of, ({', '.join(functions)},))"
            self.looks[asked] = self._assigned(f"{tier.name}_looks", found, may_none=False).text
        test = self.name("kept")
        self.constants[test] = IsKept(tier, expr)
        return self._assigned(
            self._called(expr, "kept"), f"{test}({self.looks[asked]}, as_of)", may_none=True
        )

    # --- events ---

    def _loops(self, exprs: list[Expr]) -> None:
        """Write one loop a table for all aggregates that need no other fact first."""
        by_table: dict[str, list[Aggregate]] = {}
        if self.mode != "record":
            return
        for node in self._reached(exprs):
            if isinstance(node, Fact):
                made = self.edition.fact(self.subject, node.name).expr
                self.called.setdefault(made, node.name)
                if isinstance(made, IfAbsent):
                    self.called.setdefault(made.item, node.name)
            if isinstance(node, Aggregate) and node.after is None:
                group = by_table.setdefault(node.table, [])
                if node not in group:
                    group.append(node)
        for table in TABLES:
            if table in by_table:
                self._loop(table, by_table[table], None)

    def _late_aggregate(self, expr: Aggregate) -> Var:
        """Write the loop of an aggregate over events after a date that had to be found first."""
        if self.mode != "record":
            return Var("None", may_none=True, may_absent=False)
        assert expr.after is not None
        after = self.value(expr.after)
        if not after.may_none:
            self._loop(expr.table, [expr], after)
            return self.values[expr]
        name = self.name(self.called.get(expr, "counted"))
        self.put(f"{name} = None")
        self.put(f"if {after.text} is not None:")
        with self.indented():
            self._loop(expr.table, [expr], after)
            made = self.values[expr]
            self.put(f"{name} = {made.text}")
        return Var(name, may_none=True, may_absent=made.may_absent)

    def _loop(self, table: str, aggregates: list[Aggregate], after: Var | None) -> None:
        meta = TABLES[table]
        loops = [Loop(self, aggregate, self.called.get(aggregate)) for aggregate in aggregates]
        starts: dict[str, str] = {}
        for loop in loops:
            text = self._window_start(loop.expr.within)
            if text is not None and text not in starts:
                starts[text] = self.name("window_start")
                self.put(f"{starts[text]} = {text}")
            loop.before()
        event = self._event_name(table)
        self.put(f"for {event} in record.{table}:")
        with self.indented():
            day = f"{event}_{meta.date_field}"
            self.put(f"{day} = {event}.{meta.date_field}")
            skip = [f"{day} is None"] if not meta.model.model_fields[meta.date_field].is_required() else []
            skip.append(f"{day} > as_of")
            if after is not None:
                bound = f"{day} <= {after.text}"
                skip.append(f"{after.text} is not ABSENT and {bound}" if after.may_absent else bound)
            fields = {node for loop in loops for node in loop.fields() if node.name != meta.date_field}
            for name, words in meta.excluded:
                skip.append(f"{event}.{name} in {self.constant(frozenset(words), f'{table}_excluded')}")
            self.put(f"if {' or '.join(skip)}:")
            self.put("    continue")
            for node in sorted(fields, key=lambda each: each.name):
                self.put(f"{event}_{node.name} = {self._read(event, node.name, node.type)}")
            for loop in loops:
                text = self._window_start(loop.expr.within)
                loop.inside(event, day, starts[text] if text is not None else None)
        for loop in loops:
            self.values[loop.expr] = loop.after()

    def _event_name(self, table: str) -> str:
        """Return a fresh name for an event of a table; its fields will be called after it."""
        fields = TABLES[table].fields
        event = self.name(TABLES[table].model.called[0])
        while any(f"{event}_{field}" in self._names for field in fields):
            event = self.name(event)
        self._names |= {f"{event}_{field}" for field in fields}
        return event

    @staticmethod
    def _window_start(window: Window | None) -> str | None:
        if window is None:
            return None
        if window.size is None:
            return f"days_before(calendar_start(as_of, {window.period!r}), 1)"
        function = "months_before" if window.size.type.kind is Kind.MONTHS else "days_before"
        return f"{function}(as_of, {window.size.value})"


def _identifier(wanted: str) -> str:
    """Return a text as a Python name; Python itself takes names apart by their compatible form."""
    base = re.sub(r"\W", "_", unicodedata.normalize("NFKC", wanted)).strip("_") or "value"
    return base if base.isidentifier() else f"_{base}"


def comment(text: str) -> str:
    """Return a text for a comment: whatever a policy says, it stays on the line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _bit(at: int) -> str:
    """Return the mask of one rule; Python folds small shifts into constants."""
    return f"1 << {at}" if at < 100 else f"{1 << at:#x}"


def _held(value: object) -> str:
    """Return what a constant holds, in words."""
    match value:
        case frozenset():
            return ", ".join(sorted(map(repr, value)))
        case Fraction() | date():
            return str(value)
        case Type():
            return str(value.kind)
        case LevelTests():
            return f"{value.test.decision} by its masks"
        case Answers():
            return f"the answer of {value.decision.name} by its masks"
        case Payout():
            return f"the payout {value.name}"
        case Past():
            return f"the days before on which {value.tier} is looked at"
        case IsKept():
            return ", ".join(f"{level} for {months} months" for level, months in value.expr.levels)
        case list():
            shown = ", ".join(map(str, value[:3]))
            return f"{len(value)} of them, {shown} …"
        case _:
            return ", ".join(f"{key!r}: {made!r}" for key, made in dict(value).items())  # type: ignore[call-overload]


def _joined(tests: list[Test], true: str, false: str) -> Test:
    if not tests:
        return Test("True")  # an `any` of nothing is refused
    if len(tests) == 1:
        return tests[0]
    trues = f" {true} ".join(_part(test.true, true) for test in tests)
    if all(test.false is None for test in tests):
        return Test(trues)
    return Test(trues, f" {false} ".join(_part(test.is_false, false) for test in tests))


def _part(text: str, joined_by: str) -> str:
    """Return a test as part of a longer one."""
    loose = " or " if joined_by == "and" else " and "
    return f"({text})" if loose in text or "not (" in text else text


def _elapsed(how: Elapse, day: str) -> str:
    match how:
        case Elapse.MONTHS_SINCE:
            return f"months_since({day}, as_of)"
        case Elapse.DAYS_SINCE:
            return f"(as_of - {day}).days"
        case Elapse.DAYS_UNTIL:
            return f"({day} - as_of).days"
        case _:
            assert_never(how)


def _computable(expr: Expr) -> bool:
    """Tell whether a fact can follow from other facts: it is no plain field and no aggregate of events."""
    return not isinstance(expr, Field | Aggregate | Reached) and not (
        isinstance(expr, IfAbsent) and isinstance(expr.item, Aggregate)
    )
