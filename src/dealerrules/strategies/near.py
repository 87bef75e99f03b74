"""Near: values at, just below and just above what a policy names, and the days that trip calendars.

Place in the flow: between ``reading`` and what makes records and facts. The plainest value stands first.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dealerrules.values import (
    ABSENT,
    MAX_COUNT,
    MAX_FEN,
    QUANTITIES,
    Kind,
    Maybe,
    Type,
    Value,
    calendar_start,
    days_before,
    months_before,
    reduced,
    to_yuan,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STEPS: Final[Mapping[Kind, Fraction]] = {
    Kind.COUNT: Fraction(1),
    Kind.MONTHS: Fraction(1),
    Kind.DAYS: Fraction(1),
    Kind.DATE: Fraction(1),
    Kind.MONEY: Fraction(1),
    Kind.RATIO: Fraction(1, 10_000),
    Kind.NUMBER: Fraction(1, 100),
    Kind.DISTANCE: Fraction(1, 10),
}
"""How far `just below` and `just above` are, as the engines hold values: a fen, a day, 0.01%, 100 metres."""
_NOT_NEGATIVE: Final = frozenset(QUANTITIES - {Kind.NUMBER, Kind.DATE})
_USUAL: Final[Mapping[Kind, Sequence[int | Fraction]]] = {
    Kind.COUNT: (0, 1, 2, 3, 10),
    Kind.MONTHS: (0, 1, 2, 3, 10),
    Kind.DAYS: (0, 1, 2, 3, 10),
    Kind.MONEY: (0, 1, 100_00),
    Kind.RATIO: (0, 1, Fraction(7, 9)),
    Kind.NUMBER: (0, 1, -5, Fraction(1, 4), Fraction(1, 2), Fraction(3, 2), Fraction(7, 4)),
    Kind.DISTANCE: (0, 1, Fraction(1, 4), Fraction(1, 2), Fraction(3, 2)),
}
_TEXTS: Final = ("elsewhere", "no")
_LEAP: Final = (date(2012, 2, 29), date(2016, 2, 29))
_MOST_MONTHS: Final = 1200
_ONE_DAY: Final = timedelta(days=1)


def stepped(value: Value, kind: Kind, side: int) -> Value | None:
    """Return the value just below (-1), at (0) or just above (1) another; none where a record can hold no such value.

    Examples:
        >>> stepped(5, Kind.COUNT, -1), stepped(0, Kind.COUNT, -1), stepped(100_000, Kind.MONEY, 1)
        (4, None, 100001)
        >>> stepped(date(2012, 2, 28), Kind.DATE, 1)
        datetime.date(2012, 2, 29)
    """
    if isinstance(value, date):
        return days_before(value, -side)
    assert not isinstance(value, str)
    number = reduced(value + side * STEPS[kind])
    if kind in _NOT_NEGATIVE and number < 0:
        return None
    if kind in {Kind.COUNT, Kind.MONEY} and not isinstance(number, int):
        return None
    most = MAX_FEN if kind is Kind.MONEY else MAX_COUNT
    return number if -most <= number <= most else None


def near(type_: Type, as_of: date, named: Mapping[Kind, Sequence[Value]]) -> list[Value]:
    """Return values of a type, as the engines hold them: around what a policy names, and some usual ones.

    Examples:
        >>> from dealerrules.values import MONEY
        >>> near(MONEY, date(2014, 9, 30), {Kind.MONEY: [100_000]})
        [0, 1, 10000, 100000, 99999, 100001]
    """
    match type_.kind:
        case Kind.CATEGORY:
            return list(type_.options)
        case Kind.TEXT:
            return list(dict.fromkeys([*named.get(Kind.TEXT, ()), *_TEXTS]))
        case Kind.BOOLEAN:
            return [False, True]
        case Kind.DATE:
            return list(days_near(as_of, named))
        case kind:
            around = [stepped(each, kind, side) for each in named.get(kind, ()) for side in (0, -1, 1)]
            return list(dict.fromkeys([*_USUAL[kind], *(each for each in around if each is not None)]))


def days_near(as_of: date, named: Mapping[Kind, Sequence[Value]]) -> list[date]:
    """Return the days that matter: where windows begin, one day either side, month-ends and leap days, the day itself.

    The day of evaluation stands first, then what is nearest to it.
    """
    months = [1, 6, 12, *(each for each in named.get(Kind.MONTHS, ()) if isinstance(each, int))]
    days = [each for each in named.get(Kind.DAYS, ()) if isinstance(each, int)]
    marks = [as_of, *(months_before(as_of, each) for each in months if 0 < each < _MOST_MONTHS)]
    marks += [days_before(as_of, each) for each in days]
    marks += [calendar_start(as_of, period) for period in ("month", "quarter", "year")]
    marks += [each for each in named.get(Kind.DATE, ()) if isinstance(each, date)]
    marks += _LEAP
    found = {day + step * _ONE_DAY for day in marks for step in (-1, 0, 1) if date.min < day < date.max}
    found |= {days_before(as_of, -40), months_before(as_of, 73)}
    return sorted(found, key=lambda day: (abs((as_of - day).days), day > as_of))


def given(value: Maybe, type_: Type) -> object:
    """Return an engine's value as a record or a ready-made fact holds it: money is yuan, numbers are decimals.

    Examples:
        >>> from dealerrules.values import MONEY, NUMBER
        >>> given(100_050, MONEY), given(Fraction(1, 4), NUMBER)
        (Decimal('1000.50'), Decimal('0.25'))
    """
    if value is None or value is ABSENT or isinstance(value, bool | str | date):
        return value
    assert isinstance(value, int | Fraction)
    match type_.kind:
        case Kind.MONEY:
            return to_yuan(int(value))
        case Kind.NUMBER | Kind.DISTANCE:
            return decimal(value)
        case _:
            return value


def decimal(value: int | Fraction) -> Decimal:
    """Return a number with the decimals that a record may have."""
    return round(Decimal(value.numerator) / Decimal(value.denominator), 6).normalize() + 0
