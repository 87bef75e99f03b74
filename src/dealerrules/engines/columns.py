"""Columns: exact values and Kleene truths as columns of a data frame.

Place in the flow: below the frame engine, which writes facts and rules with these. A value's column is null where
there is no value; a second column says where that is because no such event happened. A truth is a pair of columns
that are never null, "is true" and "is false": engines read a null test as they like, so no null ever decides.

Numbers are whole: a value is ``value / scale`` (and ``/ over``, where the divisor differs by row). Each carries the
largest it may be, and where 64 bits could overflow it is held in 128 bits; where those could, it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import TYPE_CHECKING, Any, Final, assert_never

import narwhals as nw

from dealerrules.expr import Comparison, Operator, any_of_types
from dealerrules.values import MAX_COUNT, MAX_FEN, QUANTITIES, Kind, Rounding, Type, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_64: Final = 2**63 - 1
MAX_128: Final = 10**37
"""The most that 128 bits, and 38 decimal digits, hold on every backend."""
MICRO: Final = 10**6
"""Plain numbers and distances are held in millionths: records have 6 decimals at most."""
DAYS_THERE_ARE: Final = 4_000_000
MONTHS_THERE_ARE: Final = 130_000
EPOCH: Final = date(1970, 1, 1)


class TooLarge(ValueError):  # noqa: N818 - it is caught and told as a fault of the question
    """A number may grow past what a data frame holds exactly."""


class KeptBefore(ValueError):  # noqa: N818 - as the one above
    """A level that is kept is asked for as of each subject's own day before an event."""


class Backend(StrEnum):
    """What carries the columns out."""

    POLARS = "polars"
    DUCKDB = "duckdb"
    PYSPARK = "pyspark"


@dataclass(frozen=True, slots=True)
class Flags:
    """A Kleene truth: two columns that are never null. `false` is none where whatever is not true is false."""

    true: nw.Expr
    false: nw.Expr | None = None

    @property
    def is_false(self) -> nw.Expr:
        """Where it is false."""
        return ~self.true if self.false is None else self.false

    @property
    def unknown(self) -> nw.Expr | None:
        """Where it is unknown; none where it never is."""
        return None if self.false is None else ~(self.true | self.false)


NEVER: Final = Flags(nw.lit(value=False))
ALWAYS: Final = Flags(nw.lit(value=True))


def both(flags: Sequence[Flags]) -> Flags:
    """Return the Kleene conjunction."""
    if not flags:
        return ALWAYS
    if len(flags) == 1:
        return flags[0]
    true = _all([each.true for each in flags])
    if all(each.false is None for each in flags):
        return Flags(true)
    return Flags(true, _any([each.is_false for each in flags]))


def either(flags: Sequence[Flags]) -> Flags:
    """Return the Kleene disjunction."""
    if not flags:
        return NEVER
    if len(flags) == 1:
        return flags[0]
    true = _any([each.true for each in flags])
    if all(each.false is None for each in flags):
        return Flags(true)
    return Flags(true, _all([each.is_false for each in flags]))


def opposite(flags: Flags) -> Flags:
    """Return the Kleene negation."""
    return Flags(flags.is_false, flags.true if flags.false is not None else None)


def _all(columns: Sequence[nw.Expr]) -> nw.Expr:
    return columns[0] if len(columns) == 1 else nw.all_horizontal(*columns, ignore_nulls=False)


def _any(columns: Sequence[nw.Expr]) -> nw.Expr:
    return columns[0] if len(columns) == 1 else nw.any_horizontal(*columns, ignore_nulls=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A value in a frame.

    Attributes:
        type: what it is.
        value: null where there is no value; the numerator of a number.
        unknown: whether a missing value may be unknown.
        absent: where there is no such event, never null; none where that cannot be.
        scale: a number is ``value / scale``,
        over: and divided by this column, which is positive.
        most: the largest that a number's `value` may be, either side of 0; `over_most` the same of `over`.
        negative: whether a number may lie below 0.
        fixed: the `value` of a number that the policy states.
    """

    type: Type
    value: nw.Expr
    unknown: bool = True
    absent: nw.Expr | None = None
    scale: int = 1
    over: nw.Expr | None = None
    most: int = 0
    over_most: int = 1
    negative: bool = False
    fixed: int | None = None

    @property
    def may_miss(self) -> bool:
        """Whether the value may be null."""
        return self.unknown or self.absent is not None

    @property
    def missing(self) -> nw.Expr:
        """Where there is no value."""
        return self.value.is_null()

    @property
    def is_unknown(self) -> nw.Expr | None:
        """Where the value is unknown; none where it never is."""
        if not self.unknown:
            return None
        return self.missing if self.absent is None else self.missing & ~self.absent

    @property
    def wide(self) -> bool:
        """Whether the value is held in 128 bits."""
        return self.most > MAX_64

    @property
    def is_number(self) -> bool:
        """Whether it is a number: dates compare by size too, but are none."""
        return self.type.kind in QUANTITIES and self.type.kind is not Kind.DATE


def scale_of(kind: Kind) -> int:
    """Return what a plain field's number is held in parts of."""
    return MICRO if kind in {Kind.NUMBER, Kind.DISTANCE, Kind.RATIO} else 1


def most_of(kind: Kind) -> int:
    """Return the largest that a plain field's number may be, as it is held."""
    return MAX_FEN if kind is Kind.MONEY else MAX_COUNT * scale_of(kind)


def field_column(type_: Type, value: nw.Expr, absent: nw.Expr | None = None) -> Column:
    """Return a plain field, or a ready-made fact, as a column that holds it."""
    if type_.kind not in QUANTITIES or type_.kind is Kind.DATE:
        return Column(type_, value, absent=absent)
    scale, most = scale_of(type_.kind), most_of(type_.kind)
    return Column(type_, value, absent=absent, scale=scale, most=most, negative=type_.kind is Kind.NUMBER)


def missing_column(type_: Type, dtype: Any) -> Column:
    """Return a column of which nothing is known."""
    return replace(field_column(type_, nw.lit(None).cast(dtype)), most=0)


def constant(value: Value, type_: Type) -> Column:
    """Return a value of the policy."""
    if type_.kind in QUANTITIES and isinstance(value, int | Fraction) and not isinstance(value, bool):
        number = Fraction(value)
        return Column(
            type_,
            _literal(number.numerator),
            unknown=False,
            scale=number.denominator,
            most=abs(number.numerator),
            negative=number < 0,
            fixed=number.numerator,
        )
    assert not isinstance(value, Fraction)
    return Column(type_, day_of(value) if isinstance(value, date) else nw.lit(value), unknown=False)


def known(column: Column) -> Flags:
    """Return whether there is a value."""
    return Flags(~column.missing) if column.may_miss else ALWAYS


def is_absent(column: Column) -> Flags:
    """Return whether there is no such event."""
    unknown = column.is_unknown
    if column.absent is None:
        return NEVER if unknown is None else Flags(nw.lit(value=False), ~unknown)
    return Flags(column.absent, None if unknown is None else ~column.missing)


def as_flags(column: Column, *, is_: bool) -> Flags:
    """Return the test that a true or false value is true, or is false; an absent one is neither."""
    return _guarded(column.value if is_ else ~column.value, [column])


def _guarded(test: nw.Expr, sides: Sequence[Column]) -> Flags:
    """Return a test that is null where a side is missing: unknown with an unknown side, false with an absent one."""
    if not any(side.may_miss for side in sides):
        return Flags(test)
    true = test.fill_null(value=False)
    unknowns = [each for side in sides if (each := side.is_unknown) is not None]
    if not unknowns:
        return Flags(true)
    false = (~test).fill_null(value=False)
    absents = [side.absent for side in sides if side.absent is not None]
    if absents:
        false = false | (_any(absents) & ~_any(unknowns))
    return Flags(true, false)


def _same_type(how: Comparison, left: nw.Expr, right: nw.Expr | int) -> nw.Expr:
    match how:
        case Comparison.EQUAL:
            return left == right
        case Comparison.AT_LEAST:
            return left >= right
        case Comparison.MORE_THAN:
            return left > right
        case Comparison.AT_MOST:
            return left <= right
        case Comparison.LESS_THAN:
            return left < right
        case _:
            assert_never(how)


def _joint_absence(columns: Iterable[Column]) -> nw.Expr | None:
    """Return where a result is absent: an operand is, and none is unknown."""
    given = [column for column in columns if column.may_miss]
    absents = [column.absent for column in given if column.absent is not None]
    if not absents:
        return None
    unknowns = [each for column in given if (each := column.is_unknown) is not None]
    return _any(absents) & ~_any(unknowns) if unknowns else _any(absents)


class Algebra:
    """The operators on columns, on one backend."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.wide_type = nw.Decimal(38, 0) if backend is Backend.PYSPARK else nw.Int128()

    # --- whole numbers ---

    def widened(self, value: nw.Expr, most: int, needed: int) -> nw.Expr:
        """Return a whole number in 128 bits, where what becomes of it needs them and it is not in them."""
        if needed > MAX_128:
            raise TooLarge
        return value.cast(self.wide_type) if needed > MAX_64 >= most else value

    def product(
        self, left: nw.Expr, left_most: int, right: nw.Expr | int, right_most: int
    ) -> tuple[nw.Expr, int]:
        """Return a product with the most that it may be."""
        if isinstance(right, int) and right == 1:
            return left, left_most
        most = left_most * right_most
        if isinstance(right, int):
            if abs(right) > MAX_64:
                raise TooLarge
            return self.widened(left, left_most, most) * right, most
        wide_left, wide_right = (
            self.widened(left, left_most, most),
            self.widened(right, right_most, most),
        )
        return wide_left * wide_right, most

    def total(self, left: nw.Expr, left_most: int, right: nw.Expr, right_most: int) -> tuple[nw.Expr, int]:
        """Return a sum with the most that it may be."""
        most = left_most + right_most
        return self.widened(left, left_most, most) + self.widened(right, right_most, most), most

    def quotient(self, left: nw.Expr, left_most: int, right: nw.Expr | int, right_most: int) -> nw.Expr:
        """Return the largest whole number that is not above ``left / right``; `right` is positive.

        Spark divides whole numbers as doubles, which hold 53 bits; decimals it divides exactly where nothing is left.
        """
        if self.backend is not Backend.PYSPARK or max(left_most, right_most) < 2**53:
            return left // right
        divisor = nw.lit(right) if isinstance(right, int) else right
        wide, by = left.cast(self.wide_type), divisor.cast(self.wide_type)
        whole = ((wide - wide % by) / by).cast(self.wide_type)
        return whole if left_most > MAX_64 else whole.cast(nw.Int64)

    def narrowed(self, value: nw.Expr, most: int, new_most: int) -> nw.Expr:
        """Return a whole number in 64 bits again, where it cannot need more."""
        return value.cast(nw.Int64) if most > MAX_64 >= new_most else value

    # --- dates ---

    def day_number(self, day: nw.Expr) -> nw.Expr:
        """Return the days since the epoch."""
        return day.cast(nw.Int64) if self.backend is Backend.POLARS else (day - day_of(EPOCH)).cast(nw.Int64)

    def days_between(self, start: nw.Expr, end: nw.Expr | date) -> nw.Expr:
        """Return the days from one day to another."""
        until = self.day_number(end) if isinstance(end, nw.Expr) else (end - EPOCH).days
        return until - self.day_number(start)

    @staticmethod
    def months_between(start: nw.Expr, end: nw.Expr | date) -> nw.Expr:
        """Return the whole months from one day to another, as `values.months_since` counts them."""
        if isinstance(end, date):
            months: nw.Expr | int = end.year * 12 + end.month
            day: nw.Expr | int = end.day
        else:
            months = month_number(end)
            day = end.dt.day().cast(nw.Int64)
        late = (start.dt.day().cast(nw.Int64) > day).cast(nw.Int64)
        return months - month_number(start) - late

    # --- values ---

    def compare(self, how: Comparison, left: Column, right: Column) -> Flags:
        """Return a comparison's truth."""
        if not left.is_number:
            return _guarded(_same_type(how, left.value, right.value), [left, right])
        shared = gcd(left.scale, right.scale)
        ours, theirs = right.scale // shared, left.scale // shared
        if left.fixed is not None and right.fixed is None:
            return self.compare(_TURNED[how], right, left)
        value, most = self.product(left.value, left.most, ours, ours)
        if right.over is not None:
            value, most = self.product(value, most, right.over, right.over_most)
        if right.fixed is not None and left.over is None:
            # beyond what the left side can be it makes no difference by how much
            bound = max(-most - 1, min(most + 1, right.fixed * theirs))
            return _guarded(_same_type(how, value, _literal(bound)), [left, right])
        against, against_most = self.product(right.value, right.most, theirs, theirs)
        if left.over is not None:
            against, against_most = self.product(against, against_most, left.over, left.over_most)
        needed = max(most, against_most)
        value, against = self.widened(value, most, needed), self.widened(against, against_most, needed)
        return _guarded(_same_type(how, value, against), [left, right])

    def member(self, item: Column, among: tuple[Value, ...]) -> Flags:
        """Return whether a value is one of some."""
        if not item.is_number:
            return _guarded(item.value.is_in(list(among)), [item])
        return either([self.compare(Comparison.EQUAL, item, constant(value, item.type)) for value in among])

    def arithmetic(self, how: Operator, left: Column, right: Column, type_: Type) -> Column:
        """Return an operation on two columns."""
        match how:
            case Operator.ADD:
                made = self._sum(left, right)
            case Operator.SUBTRACT:
                made = self._sum(left, self._negated(right))
            case Operator.MULTIPLY:
                made = self._product(left, right)
            case Operator.RATIO:
                made = self._ratio(left, right)
            case Operator.WHOLE_TIMES:
                made = self.rounded(self._ratio(left, right), up=False)
            case Operator.MIN | Operator.MAX:
                made = self._extreme(how, left, right)
            case _:
                assert_never(how)
        over_zero = how in {Operator.RATIO, Operator.WHOLE_TIMES}
        return replace(
            made,
            type=type_,
            unknown=left.unknown or right.unknown or over_zero,
            absent=_joint_absence([left, right]),
        )

    def _negated(self, column: Column) -> Column:
        value = column.value * -1
        return replace(column, value=value, negative=True, fixed=None)

    def _brought_to(self, column: Column, scale: int) -> tuple[nw.Expr, int]:
        return self.product(column.value, column.most, scale // column.scale, scale // column.scale)

    def _sum(self, left: Column, right: Column) -> Column:
        scale = lcm(left.scale, right.scale)
        ours, ours_most = self._brought_to(left, scale)
        theirs, theirs_most = self._brought_to(right, scale)
        over, over_most = left.over, left.over_most
        if right.over is not None:
            ours, ours_most = self.product(ours, ours_most, right.over, right.over_most)
        if left.over is not None:
            theirs, theirs_most = self.product(theirs, theirs_most, left.over, left.over_most)
        if right.over is not None:
            if over is None:
                over, over_most = right.over, right.over_most
            else:
                over, over_most = self.product(over, over_most, right.over, right.over_most)
        value, most = self.total(ours, ours_most, theirs, theirs_most)
        negative = left.negative or right.negative
        return Column(
            left.type, value, scale=scale, over=over, most=most, over_most=over_most, negative=negative
        )

    def _product(self, left: Column, right: Column) -> Column:
        value, most = self.product(left.value, left.most, right.value, right.most)
        over, over_most = left.over, left.over_most
        if right.over is not None and over is None:
            over, over_most = right.over, right.over_most
        elif right.over is not None and over is not None:
            over, over_most = self.product(over, over_most, right.over, right.over_most)
        negative = left.negative or right.negative
        scale = left.scale * right.scale
        return Column(
            left.type, value, scale=scale, over=over, most=most, over_most=over_most, negative=negative
        )

    def _ratio(self, left: Column, right: Column) -> Column:
        """Return an exact ratio; its value is null over 0."""
        shared = gcd(left.scale, right.scale)
        value, most = self.product(left.value, left.most, right.scale // shared, right.scale // shared)
        if right.over is not None:
            value, most = self.product(value, most, right.over, right.over_most)
        over, over_most = self.product(right.value, right.most, left.scale // shared, left.scale // shared)
        if left.over is not None:
            over, over_most = self.product(over, over_most, left.over, left.over_most)
        there = over != 0
        if right.negative:
            value = nw.when(over < 0).then(value * -1).otherwise(value)
            over = (
                over.abs()
                if self.backend is not Backend.PYSPARK
                else nw.when(over < 0).then(over * -1).otherwise(over)
            )
        both_there = ~left.missing & ~right.missing & there
        value, over = nw.when(both_there).then(value), nw.when(both_there).then(over)
        negative = left.negative or right.negative
        return Column(left.type, value, over=over, most=most, over_most=max(over_most, 1), negative=negative)

    def _extreme(self, how: Operator, left: Column, right: Column) -> Column:
        smaller = how is Operator.MIN
        there = ~left.missing & ~right.missing
        if not left.is_number:
            first = (left.value <= right.value) if smaller else (left.value >= right.value)
            chosen = nw.when(first).then(left.value).otherwise(right.value)
            return Column(left.type, nw.when(there).then(chosen))
        takes_left = self.compare(Comparison.AT_MOST if smaller else Comparison.AT_LEAST, left, right).true
        left, right = self.alike([left, right])
        value = nw.when(there).then(nw.when(takes_left).then(left.value).otherwise(right.value))
        over = None
        if left.over is not None and right.over is not None:
            over = nw.when(takes_left).then(left.over).otherwise(right.over)
        return replace(left, value=value, over=over, negative=left.negative or right.negative)

    def alike(self, columns: Sequence[Column]) -> list[Column]:
        """Return columns held in the same parts and bits, so that one may stand for another."""
        if not columns[0].is_number:
            return list(columns)
        scale = lcm(*(column.scale for column in columns))
        brought = [(*self._brought_to(column, scale), column) for column in columns]
        most = max(each[1] for each in brought)
        divided = any(column.over is not None for column in columns)
        over_most = max(column.over_most for column in columns)
        made = []
        for value, own_most, column in brought:
            over = column.over
            if divided:
                over = self.widened(nw.lit(1) if over is None else over, column.over_most, over_most)
            whole = self.widened(value, own_most, most)
            made.append(
                replace(
                    column, value=whole, scale=scale, over=over, most=most, over_most=over_most, fixed=None
                )
            )
        return made

    def rounded(self, column: Column, *, up: bool) -> Column:
        """Return a number up or down to a whole one."""
        if column.scale == 1 and column.over is None:
            return column
        by: nw.Expr | int = column.scale
        by_most = column.scale
        if column.over is not None:
            by, by_most = self.product(column.over, column.over_most, column.scale, column.scale)
        value = self.widened(column.value, column.most, max(column.most, by_most))
        by = self.widened(by, by_most, max(column.most, by_most)) if isinstance(by, nw.Expr) else by
        held = max(column.most, by_most) if isinstance(by, nw.Expr) else column.most
        whole = (
            self.quotient(value * -1, held, by, by_most) * -1
            if up
            else self.quotient(value, held, by, by_most)
        )
        most = column.most // (column.scale if column.over is None else 1) + 1
        return replace(
            column,
            value=self.narrowed(whole, held, most),
            scale=1,
            over=None,
            over_most=1,
            most=most,
            fixed=None,
        )

    def first_known(self, columns: Sequence[Column]) -> Column:
        """Return the first of some values that is there."""
        type_ = any_of_types([column.type for column in columns])
        columns = self.alike(columns)
        for at, column in enumerate(columns):
            if not column.may_miss:
                columns = columns[: at + 1]
                break
        value = nw.coalesce(*(column.value for column in columns))
        over = None
        if columns[0].over is not None:
            over = nw.coalesce(*(nw.when(~column.missing).then(column.over) for column in columns))
        unknown = absent = None
        if all(column.may_miss for column in columns):
            unknown = any(column.unknown for column in columns)
            absents = [column.absent for column in columns]
            if all(each is not None for each in absents):
                absent = _all([each for each in absents if each is not None])
        negative = any(column.negative for column in columns)
        return replace(
            columns[0],
            type=type_,
            value=value,
            over=over,
            unknown=bool(unknown),
            absent=absent,
            negative=negative,
        )

    def lookup(self, by: Column, cases: Sequence[tuple[Value, Value]], type_: Type) -> Column:
        """Return the value listed for another one; for what is not listed there is none."""
        tests = [self.compare(Comparison.EQUAL, by, constant(key, by.type)).true for key, _ in cases]
        values = self.alike([constant(value, type_) for _, value in cases])
        listed = [nw.when(test).then(each.value) for test, each in zip(tests, values, strict=True)]
        negative = any(each.negative for each in values)
        return replace(
            values[0], value=nw.coalesce(*listed), unknown=True, absent=by.absent, negative=negative
        )

    def summed(self, columns: Sequence[Column]) -> Column:
        """Return a sum; missing where any part is."""
        return reduce(lambda left, right: self.arithmetic(Operator.ADD, left, right, left.type), columns)

    def round_to(self, column: Column, mode: Rounding, unit: int) -> Column:
        """Return a number rounded to a multiple of `unit`, as `values.round_to` does."""
        if column.scale == 1 and column.over is None and unit == 1:
            return column
        by, by_most = (nw.lit(1), 1) if column.over is None else (column.over, column.over_most)
        by, by_most = self.product(by, by_most, column.scale * unit, column.scale * unit)
        needed = 2 * max(column.most, by_most) + by_most
        size = nw.when(column.value < 0).then(column.value * -1).otherwise(column.value)
        size, by = self.widened(size, column.most, needed), self.widened(by, by_most, needed)
        held = max(needed, column.most)
        whole = self.quotient(size, held, by, held)
        rest = size - whole * by
        match mode:
            case Rounding.HALF_UP:
                away = rest * 2 >= by
            case Rounding.HALF_EVEN:
                odd = whole - self.quotient(whole, held, 2, 2) * 2 == 1
                away = (rest * 2 > by) | ((rest * 2 == by) & odd)
            case Rounding.UP:
                away = rest > 0
            case Rounding.DOWN:
                away = nw.lit(value=False)
            case _:
                assert_never(mode)
        most = column.most // (column.scale * unit if column.over is None else 1) + 1
        whole = whole + nw.when(away).then(nw.lit(1)).otherwise(nw.lit(0))
        made, made_most = self.product(self.narrowed(whole, held, most), most, unit, unit)
        made = nw.when(column.value < 0).then(made * -1).otherwise(made)
        return replace(column, value=made, scale=1, over=None, over_most=1, most=made_most, fixed=None)


_TURNED: Final = {
    Comparison.EQUAL: Comparison.EQUAL,
    Comparison.AT_LEAST: Comparison.AT_MOST,
    Comparison.MORE_THAN: Comparison.LESS_THAN,
    Comparison.AT_MOST: Comparison.AT_LEAST,
    Comparison.LESS_THAN: Comparison.MORE_THAN,
}


def _literal(value: int) -> nw.Expr:
    if abs(value) > MAX_64:
        raise TooLarge
    # as 32 bits, which backends take small numbers for, two of them could overflow
    return nw.lit(value, nw.Int64)


def day_of(day: date | nw.Expr) -> nw.Expr:
    """Return a day as a column; those of long ago as text, since Spark hands dates over in another calendar."""
    if isinstance(day, nw.Expr):
        return day
    if day.year < 1600:
        return nw.lit(day.isoformat()).str.to_date(format="%Y-%m-%d")
    return nw.lit(day, nw.Date)


def month_number(day: nw.Expr) -> nw.Expr:
    """Return the months since the year 0."""
    return day.dt.year().cast(nw.Int64) * 12 + day.dt.month().cast(nw.Int64)
