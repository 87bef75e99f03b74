"""Case text: worked cases written down as YAML, the way `*.cases.yaml` files are read.

Place in the flow: beside ``cases``; what ``proposing`` proposes is put into a manager's file with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from dealerrules.pages import columns
from dealerrules.policy.model import Title
from dealerrules.values import ABSENT, Kind, Type, show_decimal, to_yuan

WIDTH: Final = 118
"""How many columns a line takes at most, where it can be broken."""

_PLAIN: Final = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_.\u4e00-\u9fff-]*")
_TAKEN: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"})


def text(value: str) -> str:
    """Return a text as a YAML scalar, in quotes where it needs them.

    Examples:
        >>> text("individual"), text("活动期内，德化"), text("no")
        ('individual', '"活动期内，德化"', '"no"')
    """
    if _PLAIN.fullmatch(value) and value.lower() not in _TAKEN:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in escaped) + '"'


def fact_text(value: object, type_: Type) -> str:
    """Return an engine's value as a ready-made fact is written, with its unit.

    Examples:
        >>> from dealerrules.values import MONEY, MONTHS
        >>> fact_text(100_000, MONEY), fact_text(6, MONTHS), fact_text(None, MONEY)
        ('"1,000 yuan"', '6 months', 'unknown')
    """
    if value is None:
        return "unknown"
    if value is ABSENT:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Decimal):
        return _amount(value)
    assert isinstance(value, int | Fraction)
    match type_.kind:
        case Kind.MONEY:
            return _amount(to_yuan(int(value)))
        case Kind.RATIO:
            return _percent(Fraction(value))
        case Kind.MONTHS | Kind.DAYS:
            return f"{value} {type_.kind.value if value != 1 else type_.kind.value.removesuffix('s')}"
        case Kind.DISTANCE:
            return f"{_digits(value)} km"
        case _:
            return _digits(value)


def _digits(value: int | Fraction) -> str:
    """Return a number without separators, which would need quotes."""
    return show_decimal(value).replace(",", "")


def _percent(value: Fraction) -> str:
    percent = value * 100
    return f"{_digits(percent.numerator if percent.denominator == 1 else percent)}%"


def _amount(yuan: Decimal) -> str:
    """Return an amount as a case writes it: whole yuan without decimals, thousands in quotes."""
    whole = yuan == yuan.to_integral_value()
    written = f"{yuan:,.0f} yuan" if whole else f"{yuan:,} yuan"
    return f'"{written}"' if "," in written else written


def expected_text(value: object) -> str:
    """Return a plain value that is expected of an outcome as YAML, on one line."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case Decimal():
            return _amount(value)
        case Fraction():
            return _percent(value)
        case int():
            return str(value)
        case Title():
            return expected_text(value.get("zh"))
        case Mapping():
            if value and set(value) <= {"zh", "en"}:
                return text(str(next(iter(value.values()))))
            return (
                "{"
                + ", ".join(f"{text(str(key))}: {expected_text(each)}" for key, each in value.items())
                + "}"
            )
        case list() | tuple():
            return "[" + ", ".join(map(expected_text, value)) + "]"
        case _:
            return text(str(value))


def mapping(entries: Iterable[tuple[str, str]], indent: str) -> str:
    """Return entries as ``{key: value, …}``, in lines of a bearable width."""
    lines: list[str] = []
    line = "{"
    for key, value in entries:
        entry = f"{key}: {value}"
        if line != "{" and columns(f"{indent}{line}, {entry}}}") > WIDTH:
            lines.append(f"{line},")
            line = f"{' ' * len(indent)} {entry}"
        else:
            line = f"{line}{entry}" if line == "{" else f"{line}, {entry}"
    return "\n".join([*lines, f"{line}}}"])
