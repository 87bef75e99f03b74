"""Values: what a fact or a policy number can be, exactly.

Place in the flow: below everything. Records turn into these values, policy literals are read as these
values, and both engines compute with them. All rounding of the library happens in this module.

At run time a value is the plainest exact Python object: ``int`` for counts, money (whole fen), months and
days, ``Fraction`` for ratios and anything that is not whole, ``date``, ``bool`` and ``str``. What it means
is said by its :class:`Type`. No binary float is ever accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final

from dateutil.relativedelta import relativedelta


class Kind(StrEnum):
    """The kinds of value, with their unit."""

    COUNT = "count"  #: whole things; ``3``
    NUMBER = "number"  #: a plain number without unit; ``3.5``
    MONEY = "money"  #: yuan, held in fen; ``10 yuan``
    RATIO = "ratio"  #: a share, exact; ``70%``
    MONTHS = "months"  #: whole calendar months; ``6 months``, ``1 year``
    DAYS = "days"  #: whole days; ``30 days``
    DISTANCE = "distance"  #: kilometres; ``50 km``
    DATE = "date"  #: a calendar day; ``2014-09-01``
    BOOLEAN = "boolean"  #: ``true`` or ``false``
    CATEGORY = "category"  #: one of stated words; ``individual``
    TEXT = "text"  #: any text; ``晋江``


#: Kinds that compare by size.
QUANTITIES: Final = frozenset(
    {Kind.COUNT, Kind.NUMBER, Kind.MONEY, Kind.RATIO, Kind.MONTHS, Kind.DAYS, Kind.DISTANCE, Kind.DATE}
)

Value = int | Fraction | date | bool | str
"""A value that is there. Missing ones are ``None`` (unknown) or ``ABSENT`` (no such event)."""


class Absent(Enum):
    """The one value of a fact about an event that never happened: no event, so no date and no field."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        """Return ``ABSENT``."""
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

Maybe = Value | Absent | None
"""A value, ``ABSENT`` (no such event on record) or ``None`` (unknown)."""

Truth = bool | None
"""Kleene truth: ``True``, ``False`` or ``None`` for unknown."""


@dataclass(frozen=True, slots=True)
class Type:
    """A kind of value; for a category also its words, worst or lowest first when they are ordered."""

    kind: Kind
    options: tuple[str, ...] = ()
    ordered: bool = False

    def __str__(self) -> str:
        """Return the kind's name, with the words of a category."""
        if self.kind is Kind.CATEGORY:
            return (" < " if self.ordered else ", ").join(self.options)
        return self.kind.value


COUNT: Final = Type(Kind.COUNT)
NUMBER: Final = Type(Kind.NUMBER)
MONEY: Final = Type(Kind.MONEY)
RATIO: Final = Type(Kind.RATIO)
MONTHS: Final = Type(Kind.MONTHS)
DAYS: Final = Type(Kind.DAYS)
DISTANCE: Final = Type(Kind.DISTANCE)
DATE: Final = Type(Kind.DATE)
BOOLEAN: Final = Type(Kind.BOOLEAN)
TEXT: Final = Type(Kind.TEXT)

FEN_PER_YUAN: Final = 100
MAX_FEN: Final = 9 * 10**15
"""The largest amount in fen that every engine holds exactly (int64 with room for sums)."""
MAX_COUNT: Final = 10**12
"""The largest count accepted from a record."""


# ---------------------------------------------------------------------------------------------------
# Kleene logic


def kleene_all(truths: list[Truth]) -> Truth:
    """Return false if any is false, else unknown if any is unknown, else true.

    Examples:
        >>> kleene_all([True, None, False]), kleene_all([True, None]), kleene_all([])
        (False, None, True)
    """
    if any(truth is False for truth in truths):
        return False
    return None if any(truth is None for truth in truths) else True


def kleene_any(truths: list[Truth]) -> Truth:
    """Return true if any is true, else unknown if any is unknown, else false.

    Examples:
        >>> kleene_any([False, None, True]), kleene_any([False, None]), kleene_any([])
        (True, None, False)
    """
    if any(truth is True for truth in truths):
        return True
    return None if any(truth is None for truth in truths) else False


def kleene_not(truth: Truth) -> Truth:
    """Return the opposite; unknown stays unknown."""
    return None if truth is None else not truth


# ---------------------------------------------------------------------------------------------------
# Dates (domain.md, the first convention)


@lru_cache(maxsize=4096)
def months_before(day: date, months: int) -> date:
    """Return the day `months` calendar months before `day`; month-ends clamp.

    A window "within n months as of D" is ``(months_before(D, n), D]``.

    Examples:
        >>> months_before(date(2014, 3, 31), 1)
        datetime.date(2014, 2, 28)
    """
    try:
        return day - relativedelta(months=months)
    except (ValueError, OverflowError):
        return date.min if months > 0 else date.max


@lru_cache(maxsize=4096)
def days_before(day: date, days: int) -> date:
    """Return the day `days` days before `day`."""
    try:
        return day - relativedelta(days=days)
    except (ValueError, OverflowError):
        return date.min if days > 0 else date.max


def months_since(day: date, as_of: date) -> int:
    """Return the largest whole n with ``day <= months_before(as_of, n)``; negative for a later day.

    Clamping never decides: `day` exists in its own month, so it is later than the clamped
    anniversary only when its day number is larger than that of `as_of`.

    Examples:
        >>> months_since(date(2014, 2, 28), date(2014, 8, 28))
        6
        >>> months_since(date(2014, 3, 1), date(2014, 8, 31)), months_since(date(2014, 2, 28), date(2014, 3, 31))
        (5, 1)
    """
    whole = (as_of.year - day.year) * 12 + as_of.month - day.month
    return whole - 1 if day.day > as_of.day else whole


def calendar_start(as_of: date, period: str) -> date:
    """Return the first day of the calendar year, quarter or month that holds `as_of`."""
    if period == "year":
        return date(as_of.year, 1, 1)
    if period == "quarter":
        return date(as_of.year, (as_of.month - 1) // 3 * 3 + 1, 1)
    return date(as_of.year, as_of.month, 1)


def read_date(value: object) -> date:
    """Return a date from a ``date`` or ISO text; refuse a datetime and everything else.

    Raises:
        ValueError: naming what was given and what was expected.
    """
    if isinstance(value, datetime):
        message = f"a date is needed, not a date with time: `{value}`; pass `{value.date()}`"
        raise ValueError(message)
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            message = f"there is no such day: `{value}`"
            raise ValueError(message) from None
    message = f"a date such as `2014-09-30` is needed, not `{value}`"
    raise ValueError(message)


# ---------------------------------------------------------------------------------------------------
# Numbers and rounding


def reduced(number: int | Fraction) -> int | Fraction:
    """Return a whole fraction as an ``int``, so that equal numbers look equal."""
    return number.numerator if number.denominator == 1 else number


def exact(number: int | Decimal | Fraction) -> int | Fraction:
    """Return a number as ``int`` where it is whole, as ``Fraction`` otherwise."""
    return number if type(number) is int else reduced(Fraction(number))


def to_fen(yuan: int | Decimal) -> int:
    """Return whole fen; an amount with parts of a fen is the caller's mistake.

    Raises:
        ValueError: for an amount that is not whole fen, or out of range.
    """
    fen = Fraction(yuan) * FEN_PER_YUAN
    whole = int(fen)
    if whole != fen:
        message = f"`{yuan}` yuan is not a whole number of fen"
        raise ValueError(message)
    if abs(whole) > MAX_FEN:
        message = f"`{yuan}` yuan is out of range"
        raise ValueError(message)
    return whole


def to_yuan(fen: int) -> Decimal:
    """Return yuan with two decimals.

    Examples:
        >>> to_yuan(111500)
        Decimal('1115.00')
    """
    return _decimal(fen, 2)


def _decimal(number: int, places: int) -> Decimal:
    """Return `number` with its last digits behind the point; exact, whatever the decimal context is."""
    return Decimal(f"{number}e-{places}")


def ceiling(number: int | Fraction) -> int:
    """Return the least whole number that is not below `number`."""
    return -(-number // 1)


def floor(number: int | Fraction) -> int:
    """Return the greatest whole number that is not above `number`."""
    return number // 1


class Rounding(StrEnum):
    """How an amount that is not a whole number of units is rounded."""

    HALF_UP = "half_up"  #: to the nearest; halves away from zero
    HALF_EVEN = "half_even"  #: to the nearest; halves to the even neighbour
    UP = "up"  #: away from zero
    DOWN = "down"  #: towards zero


def round_to(amount: int | Fraction, mode: Rounding, unit: int) -> int:
    """Return `amount` rounded to a whole multiple of `unit`.

    Examples:
        >>> from fractions import Fraction
        >>> [round_to(Fraction(n, 2), Rounding.HALF_UP, 1) for n in (-3, -1, 1, 3)]
        [-2, -1, 1, 2]
        >>> round_to(Fraction(5, 2), Rounding.HALF_EVEN, 1)
        2
    """
    size = abs(Fraction(amount) / unit)
    whole, rest = size.numerator // size.denominator, size % 1
    half = Fraction(1, 2)
    away = {
        Rounding.HALF_UP: rest >= half,
        Rounding.HALF_EVEN: rest > half or (rest == half and whole % 2 == 1),
        Rounding.UP: rest > 0,
        Rounding.DOWN: False,
    }[mode]
    return (whole + away) * unit * (-1 if amount < 0 else 1)


# ---------------------------------------------------------------------------------------------------
# Literals as a policy writes them

_NUMBER = r"(?P<number>-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
_LITERAL: Final = re.compile(
    rf"{_NUMBER}(?:(?P<percent> ?%)| (?P<unit>yuan|fen|months?|years?|days?|weeks?|km))?", re.ASCII
)
_DATE: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}", re.ASCII)
_UNITS: Final[dict[str, tuple[Kind, Fraction]]] = {
    "yuan": (Kind.MONEY, Fraction(FEN_PER_YUAN)),
    "fen": (Kind.MONEY, Fraction(1)),
    "month": (Kind.MONTHS, Fraction(1)),
    "year": (Kind.MONTHS, Fraction(12)),
    "day": (Kind.DAYS, Fraction(1)),
    "week": (Kind.DAYS, Fraction(7)),
    "km": (Kind.DISTANCE, Fraction(1)),
}


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, amount, duration, date or text as written, with the kind that its writing shows."""

    kind: Kind
    value: Value


def read_literal(text: str) -> Literal:
    """Read a value as policies write it; a bare whole number is a count, other bare numbers plain numbers.

    Args:
        text: such as ``3``, ``1,000.50 yuan``, ``70%``, ``6 months``, ``50 km``, ``2014-09-01`` or a word.

    Returns:
        the value and its kind: words are ``TEXT``.

    Raises:
        ValueError: for a date that does not exist, parts of a fen, or a broken duration.

    Examples:
        >>> read_literal("1,000.50 yuan")
        Literal(kind=<Kind.MONEY: 'money'>, value=100050)
        >>> read_literal("1 year").value, read_literal("70%").value
        (12, Fraction(7, 10))
    """
    if _DATE.fullmatch(text):
        return Literal(Kind.DATE, read_date(text))
    match = _LITERAL.fullmatch(text)
    if match is None or len(text) > 40:
        return Literal(Kind.TEXT, text)
    number = Fraction(match["number"].replace(",", ""))
    if match["percent"]:
        return Literal(Kind.RATIO, reduced(number / 100))
    if not match["unit"]:
        whole = "." not in match["number"]
        return Literal(Kind.COUNT if whole else Kind.NUMBER, reduced(number))
    kind, scale = _UNITS[match["unit"].rstrip("s")]
    value = reduced(number * scale)
    if kind is not Kind.DISTANCE and not isinstance(value, int):
        message = f"`{text}` is not a whole number of {'fen' if kind is Kind.MONEY else kind.value}"
        raise ValueError(message)
    if kind is Kind.MONEY and isinstance(value, int) and abs(value) > MAX_FEN:
        message = f"`{text}` is out of range"
        raise ValueError(message)
    return Literal(kind, value)


def write_literal(value: Value, kind: Kind) -> str | None:
    """Return a value as policies write it: what `read_literal` reads; none where no literal says it exactly.

    Examples:
        >>> write_literal(100050, Kind.MONEY), write_literal(Fraction(7, 10), Kind.RATIO), write_literal(18, Kind.MONTHS)
        ('1000.50 yuan', '70%', '18 months')
        >>> write_literal(Fraction(1, 3), Kind.RATIO) is None
        True
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    scaled = Fraction(value) * 100 if kind is Kind.RATIO else Fraction(value)
    if kind is Kind.MONEY:
        fen = reduced(scaled)
        if not isinstance(fen, int):
            return None
        return f"{fen // FEN_PER_YUAN} yuan" if fen % FEN_PER_YUAN == 0 else f"{to_yuan(fen)} yuan"
    number = show_decimal(reduced(scaled)).replace(",", "")
    if "/" in number:
        return None
    one = value == 1
    match kind:
        case Kind.RATIO:
            return f"{number}%"
        case Kind.MONTHS:
            return f"{number} month{'s' * (not one)}"
        case Kind.DAYS:
            return f"{number} day{'s' * (not one)}"
        case Kind.DISTANCE:
            return f"{number} km"
        case _:
            return number


def show_decimal(number: int | Fraction) -> str:
    """Return a number in digits with thousands separated; a fraction that never ends as ``n/d``."""
    if isinstance(number, int):
        return f"{number:,}"
    denominator = number.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{number.numerator:,}/{number.denominator:,}"
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    return f"{_decimal((number * 10**places).numerator, places):,f}"


_UNIT_WORDS: Final[dict[str, dict[Kind, str]]] = {
    "en": {Kind.MONTHS: "month", Kind.DAYS: "day", Kind.DISTANCE: "km"},
    "zh": {Kind.MONTHS: "个月", Kind.DAYS: "天", Kind.DISTANCE: "公里"},
}


def show(value: Maybe, kind: Kind, lang: str = "en") -> str:
    """Return a value as people read it, in Chinese (``zh``) or English (``en``).

    Examples:
        >>> show(111500, Kind.MONEY), show(6, Kind.MONTHS), show(6, Kind.MONTHS, "zh"), show(None, Kind.COUNT)
        ('1,115.00 yuan', '6 months', '6个月', 'unknown')
        >>> show(Fraction(7, 9), Kind.RATIO)
        '7/9 (about 77.78%)'
    """
    zh = lang == "zh"
    if value is None:
        return "未知" if zh else "unknown"
    if value is ABSENT:
        return "无" if zh else "none"
    if isinstance(value, bool):
        return {True: "是" if zh else "yes", False: "否" if zh else "no"}[value]
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if kind is Kind.MONEY:
        yuan = Fraction(value, FEN_PER_YUAN)
        text = f"{to_yuan(value):,.2f}" if isinstance(value, int) else show_decimal(reduced(yuan))
        return f"{text}元" if zh else f"{text} yuan"
    if kind is Kind.RATIO:
        percent = show_decimal(reduced(Fraction(value) * 100))
        if "/" not in percent:
            return f"{percent}%"
        about = to_yuan(round_to(Fraction(value) * 10_000, Rounding.HALF_UP, 1))
        return f"{value} ({'约' if zh else 'about '}{about}%)"
    word = _UNIT_WORDS["zh" if zh else "en"].get(kind, "")
    number = show_decimal(value)
    if zh or not word:
        return number + word
    return f"{number} {word}{'s' if word != 'km' and value != 1 else ''}"
