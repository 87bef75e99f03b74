"""Axes: what conditions read, each cut into the few pieces between which no condition tells a difference.

Place in the flow: the analyser's space has an axis for each fact (or time since a date, or the day itself); a cell
of it holds values for which every test on it has one truth, and one of them as a sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dealerrules.expr import (
    Aggregate,
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
    Lookup,
    Member,
    Not,
    Operator,
    Reached,
    Reduction,
    RoundWhole,
    Transition,
    all_of,
    is_whole,
    type_of,
)
from dealerrules.values import ABSENT, QUANTITIES, Absent, Kind, Maybe, Type, Value, ceiling, floor, reduced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dealerrules.analysis.diagrams import Cells
    from dealerrules.policy.model import Edition

DENSE = frozenset({Kind.RATIO, Kind.NUMBER, Kind.DISTANCE})
"""Kinds between any two values of which there is another one."""
_BY_STEP = frozenset({Kind.COUNT, Kind.MONTHS, Kind.DAYS, Kind.DATE})
"""Kinds of which people say the next value rather than `more than` the one before."""
_SPREAD = 10
"""How far beyond the last number that a policy names a sample lies, at least, where values are dense."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Values on which all tests agree: from `low` to `high`, both in it but where `open`; or one word, or none.

    `sample` is one of them: ``None`` for what is not recorded, ``ABSENT`` where there is no such event.
    """

    sample: Maybe
    low: int | Fraction | None = None
    high: int | Fraction | None = None
    open: bool = False
    named: bool = False  # a number that a policy names


@dataclass(slots=True)
class AxisPlan:
    """An axis on its way: which values are named."""

    expr: Expr
    subject: str
    editions: list[Edition]
    names: dict[str, None] = field(default_factory=dict)
    values: set[Value] = field(default_factory=set)
    asked: bool = False  # whether a condition asks if there is a value


@dataclass(frozen=True)
class Axis:
    """What is read, how it is named (a ready-made fact may have several names), and its cells in order.

    `home` is the first edition that reads it, whose titles are its words.
    """

    home: Edition
    expr: Expr
    root: Expr
    names: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def type(self) -> Type:
        """The type of its values."""
        return type_of(self.expr)

    @property
    def dated(self) -> bool:
        """Whether this is the day of evaluation, or a time up to it of which only the day is a fact."""
        return isinstance(self.root, AsOf) or (isinstance(self.root, Elapsed) and not self.names)

    def cell_of(self, value: Maybe) -> int:
        """Return the cell that a value lies in.

        Raises:
            LookupError: for a value that nothing on record can give.
        """
        plain = self._places.get(value)
        if plain is not None:
            return plain
        if value is not None and value is not ABSENT:
            if self.type.kind in QUANTITIES:
                number = number_of(value)
                for at, cell in enumerate(self.cells):
                    if cell.sample is not None and cell.sample is not ABSENT and _lies_in(cell, number):
                        return at
            elif self.type.kind is Kind.TEXT:
                return next(at for at, cell in enumerate(self.cells) if not cell.named)
        raise LookupError(value)

    @cached_property
    def _places(self) -> dict[Maybe, int]:
        """The cells of one value: words, named numbers, and that there is none."""
        found: dict[Maybe, int] = {}
        for at, cell in enumerate(self.cells):
            single = cell.low is not None and cell.low == cell.high and not cell.open
            if cell.named or single or cell.sample is None or cell.sample is ABSENT:
                found[cell.sample] = at
        return found

    def compared(self, how: Comparison, number: int | Fraction) -> tuple[Cells, Cells] | None:
        """Return the runs for which a comparison is true, and for which it is false; none for a number not named.

        Without looking at each cell: a table of a thousand bands has as many numbers.
        """
        at = self._index.get(number)
        if at is None:
            return None
        last = self._values
        start, end = {
            Comparison.EQUAL: (at, at + 1),
            Comparison.AT_LEAST: (at, last),
            Comparison.MORE_THAN: (at + 1, last),
            Comparison.AT_MOST: (0, at + 1),
            Comparison.LESS_THAN: (0, at),
        }[how]
        absent = (
            len(self.cells) > last and self.cells[last].sample is ABSENT
        )  # a test on what there is none of is false
        outside = [(0, start), (end, last + absent)]
        return [(start, end)] * (start < end), [run for run in outside if run[0] < run[1]]

    @cached_property
    def _values(self) -> int:
        return sum(cell.sample is not None and cell.sample is not ABSENT for cell in self.cells)

    @cached_property
    def _index(self) -> dict[int | Fraction, int]:
        return {cell.low: at for at, cell in enumerate(self.cells) if cell.named and cell.low is not None}

    def runs(self, wanted: Iterable[bool]) -> list[tuple[int, int]]:
        """Return the runs of cells for which something holds."""
        found: list[tuple[int, int]] = []
        for at, holds in enumerate(wanted):
            if holds and found and found[-1][1] == at:
                found[-1] = (found[-1][0], at + 1)
            elif holds:
                found.append((at, at + 1))
        return found

    def condition(self, runs: Cells) -> Expr:
        """Return the condition that holds for the values of some runs of cells, and for no others."""
        parts: list[Expr] = []
        words: list[Value] = []
        for start, end in runs:
            for cell in self.cells[start:end]:
                if cell.sample is None:
                    parts.append(Not(Known(self.expr)))
                elif cell.sample is ABSENT:
                    parts.append(IsAbsent(self.expr))
                elif self.type.kind not in QUANTITIES:
                    words.append(cell.sample)
            if self.type.kind in QUANTITIES:
                known = [cell for cell in self.cells[start:end] if cell.sample not in (None, ABSENT)]
                if known:
                    parts.append(self._interval(start, start + len(known)))
        if words:
            parts.insert(0, self._words(words))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _words(self, words: list[Value]) -> Expr:
        named = [cell.sample for cell in self.cells if cell.named]
        other = [word for word in words if word not in named]
        if self.type.kind is Kind.TEXT and other:  # all but the words that a policy names
            left = tuple(word for word in named if word not in words and not isinstance(word, Absent))
            return Not(Member(self.expr, tuple(left))) if left else Known(self.expr)  # type: ignore[arg-type]
        if len(words) == 1:
            return Compare(Comparison.EQUAL, self.expr, Constant(words[0], self.type))
        return Member(self.expr, tuple(words))

    def _interval(self, start: int, end: int) -> Expr:
        first, last = self.cells[start], self.cells[end - 1]
        values = [cell for cell in self.cells if cell.sample not in (None, ABSENT)]
        if first.low is not None and first.low == last.high:
            return self._test(Comparison.EQUAL, first.low)
        parts: list[Expr] = []
        if start > 0 and first.low is not None:
            over = first.open or (not first.named and self.type.kind not in _BY_STEP)
            before = values[start - 1]
            if over and before.high is not None:
                parts.append(self._test(Comparison.MORE_THAN, before.high if not first.open else first.low))
            else:
                parts.append(self._test(Comparison.AT_LEAST, first.low))
        if end < len(values) and last.high is not None:
            following = values[end]
            if last.named or (following.low is None):
                parts.append(self._test(Comparison.AT_MOST, last.high))
            elif following.named and following.low is not None:
                parts.append(self._test(Comparison.LESS_THAN, following.low))
            else:
                parts.append(self._test(Comparison.AT_MOST, last.high))
        return all_of(parts) if parts else Known(self.expr)

    def _test(self, how: Comparison, number: int | Fraction) -> Expr:
        return Compare(how, self.expr, Constant(value_of(number, self.type), self.type))


def _lies_in(cell: Cell, number: int | Fraction) -> bool:
    above = cell.low is None or (cell.low < number if cell.open else cell.low <= number)
    return above and (cell.high is None or (number < cell.high if cell.open else number <= cell.high))


def number_of(value: Value) -> int | Fraction:
    """Return a quantity as a number: a day as the number of the day."""
    assert not isinstance(value, str)
    return value.toordinal() if isinstance(value, date) else value


def value_of(number: int | Fraction, type_: Type) -> Value:
    """Return a number as a quantity of a type."""
    return date.fromordinal(int(number)) if type_.kind is Kind.DATE else number


def made(
    plan: AxisPlan, root: Expr, *, unknown: bool, within: tuple[date, date], ready_made: bool = False
) -> Axis:
    """Return an axis with its cells.

    Args:
        plan: what is read, and the values that are named.
        root: the same with every fact replaced by its definition.
        unknown: whether there is a cell for what is not recorded.
        within: the days that the day of evaluation itself can be.
        ready_made: whether any fact may be given as unknown, also one that a record always says.
    """
    type_ = type_of(plan.expr)
    cells: list[Cell] = []
    match type_.kind:
        case Kind.BOOLEAN:
            cells += [Cell(value, named=True) for value in (False, True)]
        case Kind.CATEGORY:
            cells += [Cell(word, named=True) for word in _words_of(root, type_)]
        case Kind.TEXT:
            words = sorted(str(value) for value in plan.values)
            cells += [Cell(word, named=True) for word in words]
            cells.append(Cell(_another(words)))
        case _:
            cells += _pieces(plan, root, type_, within)
    if any(edition.can_be_absent(plan.subject, plan.expr) for edition in plan.editions):
        cells.append(Cell(ABSENT))
    if unknown and (can_be_unknown(root) or (ready_made and not isinstance(root, Constant | AsOf))):
        cells.append(Cell(None))
    return Axis(plan.editions[0], plan.expr, root, tuple(plan.names), tuple(cells))


def _words_of(root: Expr, type_: Type) -> list[str]:
    """Return the words that a value can be; what falls back on another fact can be one of that fact's."""
    match root:
        case FirstKnown(items=items):
            return list(dict.fromkeys(word for item in items for word in _words_of(item, type_of(item))))
        case IfAbsent(item=item) | Before(item=item):
            return _words_of(item, type_)
        case _:
            return list(type_.options)


def _another(words: Sequence[str]) -> str:
    """Return a text that none of some words is."""
    return next(each for at in range(len(words) + 1) if (each := "other" + "-" * at) not in words)


def _pieces(plan: AxisPlan, root: Expr, type_: Type, within: tuple[date, date]) -> list[Cell]:
    """Return a quantity cut at the numbers that are named, each a piece of its own."""
    low: int | Fraction | None = None
    high: int | Fraction | None = None
    if isinstance(root, AsOf):
        low, high = (day.toordinal() for day in within)
    else:
        floors = [least(root, edition, plan.subject) for edition in plan.editions]
        low = min((each for each in floors if each is not None), default=None) if None not in floors else None
        if type_.kind is Kind.DATE:
            low, high = date.min.toordinal(), date.max.toordinal()
    numbers = sorted({number_of(value) for value in plan.values})
    numbers = [n for n in numbers if (low is None or n >= low) and (high is None or n <= high)]
    dense = type_.kind in DENSE or (type_.kind is Kind.MONEY and not is_whole(root, {}))
    cells: list[Cell] = []
    at = low
    closed = True  # whether the piece that is open holds its lower end itself
    for number in numbers:
        if dense:
            if at is not None and closed and at < number:
                cells.append(_cell(at, at, type_))
            if at is None or at < number:
                cells.append(_between(at, number, type_))
        elif at is None or at < number:
            cells.append(_cell(at, number - 1, type_))
        cells.append(_cell(number, number, type_, named=True))
        at, closed = (number, False) if dense else (number + 1, True)
    if dense:
        if at is not None and closed:
            cells.append(_cell(at, at, type_))
        cells.append(_between(at, None, type_))
    elif high is None or at is None or at <= high:
        cells.append(_cell(at, high, type_))
    return cells


def _cell(
    low: int | Fraction | None, high: int | Fraction | None, type_: Type, *, named: bool = False
) -> Cell:
    """Return a piece with its ends in it; the sample is the end that is nearest to where it begins."""
    sample = low if low is not None else high if high is not None else 0
    if type_.kind is Kind.DATE and low == date.min.toordinal() and high is not None and low < high:
        sample = high  # a day that people know, where there is one
    return Cell(value_of(sample, type_), low, high, named=named)


def _between(low: int | Fraction | None, high: int | Fraction | None, type_: Type) -> Cell:
    """Return what lies strictly between two numbers."""
    if low is None and high is None:
        sample: int | Fraction = 0
    elif low is None:
        assert high is not None
        sample = high - _SPREAD
    elif high is None:
        sample = low + (Fraction(1, 10) if type_.kind is Kind.RATIO else _SPREAD)
    else:
        sample = Fraction(low + high) / 2
    return Cell(reduced(Fraction(sample)), low, high, open=True)


# ---------------------------------------------------------------------------------------------------
# What an expression can be


def resolved(expr: Any, edition: Edition, subject: str) -> Any:
    """Return an expression with every fact replaced by its definition, so that one meaning has one form."""
    if isinstance(expr, Fact):
        definition = edition.facts[subject].get(expr.name)
        return expr if definition is None else resolved(definition.expr, edition, subject)
    if isinstance(expr, tuple):
        return tuple(resolved(item, edition, subject) for item in expr)
    if isinstance(expr, Constant):
        return replace(expr, parameter=None) if expr.parameter is not None else expr
    if isinstance(expr, Reached):  # which days are looked at by which version is told apart by `past`
        return replace(expr, transition=Transition.RE_EVALUATE)
    if is_dataclass(expr) and not isinstance(expr, type | Type):
        changed = {
            each.name: resolved(getattr(expr, each.name), edition, subject)
            for each in fields(expr)
            if each.name not in {"type", "parameter"}
        }
        if hasattr(expr, "parameter"):
            changed["parameter"] = None
        return replace(expr, **changed)
    return expr


def can_be_unknown(root: Expr) -> bool:
    """Tell whether a value can be missing from the record; what falls back on a number cannot."""
    match root:
        case Constant() | AsOf():
            return False
        case FirstKnown(items=items):
            return all(can_be_unknown(item) for item in items)
        case _:
            return True


def always_recorded(root: Expr) -> bool:
    """Tell whether a record always says something of this, be it that there is no such event."""
    match root:
        case Aggregate(how=Reduction.EVERY | Reduction.SOME):
            return False
        case Aggregate(take=take, how=how):
            return take is None or how is Reduction.DISTINCT
        case Elapsed(item=item) | RoundWhole(item=item) | Before(item=item):
            return always_recorded(item)
        case FirstKnown(items=items):
            return all(always_recorded(item) for item in items)
        case _:
            return not can_be_unknown(root)


def least(expr: Expr, edition: Edition, subject: str) -> int | Fraction | None:
    """Return a number that a value never lies below, as far as its definition says so."""
    match expr:
        case Constant(value=value) if not isinstance(value, str | date):
            return value
        case Fact(name=name) if name in edition.facts[subject]:
            return least(edition.facts[subject][name].expr, edition, subject)
        case Field(type=Type(kind=Kind.COUNT | Kind.MONEY | Kind.DISTANCE)):
            return 0  # records take no others
        case Aggregate(how=Reduction.COUNT | Reduction.DISTINCT | Reduction.STREAK):
            return 0
        case Aggregate(how=Reduction.SUM | Reduction.LATEST | Reduction.EARLIEST, take=Field() as taken):
            return least(taken, edition, subject)
        case Elapsed(how=Elapse.MONTHS_SINCE | Elapse.DAYS_SINCE, item=item) if _is_past(
            item, edition, subject
        ):
            return 0
        case Arithmetic(how=how, left=left, right=right):
            return _least_of(how, least(left, edition, subject), least(right, edition, subject))
        case RoundWhole(up=up, item=item):
            low = least(item, edition, subject)
            return None if low is None else ceiling(low) if up else floor(low)
        case FirstKnown(items=items):
            lows = [least(item, edition, subject) for item in items]
            known = [low for low in lows if low is not None]
            return min(known) if len(known) == len(lows) else None
        case IfAbsent(item=item) | Before(item=item):
            return least(item, edition, subject)
        case Lookup(cases=cases):
            numbers = [made for _, made in cases if isinstance(made, int | Fraction)]
            return min(numbers) if len(numbers) == len(cases) else None
        case _:
            return None


def _least_of(
    how: Operator, left: int | Fraction | None, right: int | Fraction | None
) -> int | Fraction | None:
    known = [each for each in (left, right) if each is not None]
    match how:
        case Operator.MAX:
            return max(known, default=None)
        case Operator.SUBTRACT:
            return None
        case _ if len(known) < 2:
            return None
        case Operator.MIN:
            return min(known)
        case Operator.ADD:
            return sum(known)
        case _:  # times, over: of what is not negative
            return 0 if min(known) >= 0 else None


def _is_past(expr: Expr, edition: Edition, subject: str) -> bool:
    """Tell whether a date is that of an event, which is never read before it has happened."""
    match expr:
        case Fact(name=name) if name in edition.facts[subject]:
            return _is_past(edition.facts[subject][name].expr, edition, subject)
        case Aggregate(how=Reduction.LATEST | Reduction.EARLIEST, take=None):
            return True
        case FirstKnown(items=items):
            return all(_is_past(item, edition, subject) for item in items)
        case IfAbsent(item=item):
            return _is_past(item, edition, subject)
        case _:
            return False
