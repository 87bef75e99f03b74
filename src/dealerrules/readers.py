"""Readers: one value from outside, checked and exact, for each kind of value.

Place in the flow: beside the faults, below the records. Models read their fields with these, and so do
attributes and ready-made facts.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import (
    TYPE_CHECKING,
    Final,
    TypeGuard,
)

from dealerrules.faults import SAYS, FieldError, nearest
from dealerrules.values import (
    FEN_PER_YUAN,
    MAX_COUNT,
    MAX_FEN,
    Kind,
    Type,
    Value,
    exact,
    read_date,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DECIMALS: Final = 6
"""Decimals of a plain number at most: with MAX_COUNT, what an engine holds exactly in int64."""


_NUMERIC: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_AMOUNT: Final = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?", re.ASCII)
_PLAIN_AMOUNT: Final = re.compile(r"\d{1,13}(\.\d\d?)?", re.ASCII)  # as most are: surely within bounds
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _is_text(value: object, form: re.Pattern[str]) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= 60 and form.fullmatch(value) is not None


def is_number(value: object) -> TypeGuard[int | Decimal]:
    """Tell whether this is an int or a finite Decimal; a bool is neither."""
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def _bounded(value: int | Decimal, places: int, least: int, most: int) -> Decimal:
    """Refuse what an engine cannot hold exactly: in any decimal context, and without writing out 1e999999."""
    if isinstance(value, Decimal):
        _, digits, exponent = value.as_tuple()
        surplus = -int(exponent) - places
        if surplus > 0 and any(digits[-surplus:]):
            raise FieldError(value, SAYS["decimals"], places=places)
    if not least <= value <= most:
        code = "too_large" if value > most else "too_small" if least else "negative"
        raise FieldError(value, SAYS[code], least=f"{least:,}", most=f"{most:,}")
    return Decimal(value) if value else Decimal(0)


_day: Final = lru_cache(maxsize=2**15)(read_date)  # a store's dates are few, its events many


def as_date(value: object) -> date:
    """Return a day: a ``date`` or ISO text, never with a time."""
    if isinstance(value, datetime):
        raise FieldError(value, SAYS["date_time"], day=str(value)[:10])
    if not isinstance(value, (str, date)):
        raise FieldError(value, SAYS["date"])
    try:
        return _day(value)
    except ValueError:
        code = "no_such_day" if _is_text(value, _ISO) else "date"
        raise FieldError(value, SAYS[code]) from None


def as_money(value: object) -> Decimal:
    """Return yuan, exactly: Decimal, whole number or text, with 2 decimals at most."""
    if isinstance(value, str) and _PLAIN_AMOUNT.fullmatch(value):
        return Decimal(value) or Decimal(0)
    amount = Decimal(value.replace(",", "")) if _is_text(value, _AMOUNT) else value
    if not is_number(amount):
        raise FieldError(value, SAYS["money_float" if isinstance(value, float) else "money"])
    return _bounded(amount, 2, 0, MAX_FEN // FEN_PER_YUAN)


def as_number(value: object, least: int = -MAX_COUNT) -> Decimal:
    """Return a number, exactly: Decimal or whole number."""
    if type(value) is int and least <= value <= MAX_COUNT:
        return Decimal(value)
    if not is_number(value):
        code = "number_float" if isinstance(value, float) else "number"
        raise FieldError(value, SAYS["number_text" if _is_text(value, _NUMERIC) else code])
    return _bounded(value, MAX_DECIMALS, least, MAX_COUNT)


def as_count(value: object) -> int:
    """Return a whole number from 0 on."""
    if not is_number(value) or not isinstance(value, int):
        raise FieldError(value, SAYS["number_text" if _is_text(value, _NUMERIC) else "count"])
    _bounded(value, 0, 0, MAX_COUNT)
    return value


def as_boolean(value: object) -> bool:
    """Return true or false, nothing that only looks like it."""
    if not isinstance(value, bool):
        raise FieldError(value, SAYS["boolean"])
    return value


def as_text(value: object) -> str:
    """Return text that is valid Unicode."""
    if not isinstance(value, str):
        raise FieldError(value, SAYS["text_number" if is_number(value) else "text"])
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise FieldError(value, SAYS["surrogate"])
    return value


def as_scalar(value: object) -> str | bool | int | Decimal:
    """Return an attribute: text, true or false, or an exact number."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return as_text(value)
    if not isinstance(value, int | Decimal | float):
        raise FieldError(value, SAYS["scalar"])
    number = as_number(value)
    return value if isinstance(value, int) else number


READERS: Final[dict[Kind, Callable[[object], Value | Decimal]]] = {
    Kind.COUNT: as_count,
    Kind.NUMBER: as_number,
    Kind.MONEY: as_money,
    Kind.RATIO: as_number,
    Kind.MONTHS: as_count,
    Kind.DAYS: as_count,
    Kind.DISTANCE: partial(as_number, least=0),
    Kind.DATE: as_date,
    Kind.BOOLEAN: as_boolean,
    Kind.TEXT: as_text,
}


def check_value(value: object, type_: Type) -> Value | Decimal:
    """Return what a model would hold, or raise FieldError saying what is wrong with it."""
    if type_.kind is not Kind.CATEGORY:
        return READERS[type_.kind](value)
    if not isinstance(value, str) or value not in type_.options:
        near = nearest(value, type_.options)
        raise FieldError(value, SAYS["word"], near=near, words=", ".join(type_.options))
    return value


def engine_value(value: Value | Decimal | None, type_: Type) -> Value | None:
    """Return the value of a model's field as the engines hold it: money in fen, numbers exact.

    Args:
        value: what the field holds, which its model has checked.
        type_: the field's type, from :data:`TABLES` or :data:`SUBJECTS`.

    Examples:
        >>> from dealerrules.values import DATE, MONEY, NUMBER
        >>> engine_value(Decimal("1234.50"), MONEY), engine_value(Decimal("4.5"), NUMBER), engine_value(None, DATE)
        (123450, Fraction(9, 2), None)
    """
    if not isinstance(value, Decimal):
        return value
    if type_.kind is Kind.MONEY:
        numerator, denominator = value.as_integer_ratio()  # exact in any decimal context
        return numerator * FEN_PER_YUAN // denominator
    return exact(value)


def read_value(value: object, type_: Type) -> Value | None:
    """Check one value from outside, such as an attribute, against the type that a policy gives it.

    Args:
        value: what was found; ``None`` is unknown.
        type_: what it must be: amounts are yuan, and like months and days at least 0.

    Returns:
        the value as engines hold it.

    Raises:
        FieldError: saying what is wrong; ``error.at("customer", id, "attributes.grade")`` makes it a fault.

    Examples:
        >>> from dealerrules.values import MONEY, NUMBER
        >>> read_value("1,234.50", MONEY)
        123450
        >>> read_value("7", NUMBER)
        Traceback (most recent call last):
        dealerrules.faults.FieldError: a number as text: write 7, not "7"
    """
    return None if value is None else engine_value(check_value(value, type_), type_)
