"""Values: literals as policies write them, money, rounding, and how people read them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealerrules.values import (
    ABSENT,
    DISTANCE,
    FEN_PER_YUAN,
    MAX_COUNT,
    MAX_FEN,
    QUANTITIES,
    TEXT,
    Kind,
    Maybe,
    Rounding,
    Truth,
    Type,
    calendar_start,
    ceiling,
    days_before,
    exact,
    floor,
    kleene_all,
    kleene_any,
    kleene_not,
    months_before,
    months_since,
    read_date,
    read_literal,
    reduced,
    round_to,
    show,
    show_decimal,
    to_fen,
    to_yuan,
    write_literal,
)

HALF = Fraction(1, 2)

LITERALS: dict[str, tuple[Kind, Any]] = {
    "3": (Kind.COUNT, 3),
    "-3": (Kind.COUNT, -3),
    "1,000": (Kind.COUNT, 1000),
    "3.5": (Kind.NUMBER, Fraction(7, 2)),
    "-0.5": (Kind.NUMBER, -HALF),
    "2.0": (Kind.NUMBER, 2),
    "10 yuan": (Kind.MONEY, 1000),
    "1,000.50 yuan": (Kind.MONEY, 100050),
    "-50 yuan": (Kind.MONEY, -5000),
    "0.01 yuan": (Kind.MONEY, 1),
    "7 fen": (Kind.MONEY, 7),
    "90,000,000,000,000 yuan": (Kind.MONEY, MAX_FEN),
    "70%": (Kind.RATIO, Fraction(7, 10)),
    "70 %": (Kind.RATIO, Fraction(7, 10)),
    "100%": (Kind.RATIO, 1),
    "33.3%": (Kind.RATIO, Fraction(333, 1000)),
    "-5%": (Kind.RATIO, Fraction(-1, 20)),
    "1 month": (Kind.MONTHS, 1),
    "6 months": (Kind.MONTHS, 6),
    "1 year": (Kind.MONTHS, 12),
    "2 years": (Kind.MONTHS, 24),
    "1.5 years": (Kind.MONTHS, 18),
    "1 day": (Kind.DAYS, 1),
    "30 days": (Kind.DAYS, 30),
    "2 weeks": (Kind.DAYS, 14),
    "50 km": (Kind.DISTANCE, 50),
    "0.5 km": (Kind.DISTANCE, HALF),
    "2014-09-01": (Kind.DATE, date(2014, 9, 1)),
    "2012-02-29": (Kind.DATE, date(2012, 2, 29)),
}

WORDS = (
    "individual",
    "晋江",
    "",
    "10yuan",
    "10 元",
    "10  yuan",
    "1,00 yuan",
    "1,0000",
    "1e5",
    "+3",
    "3.",
    ".5",
    "３",
    "５０％",
    "0x10",
    "70% of it",
    "2014/09/01",
    "1 fortnight",
    "9" * 41,
)

REFUSED = {
    "0.005 yuan": "`0.005 yuan` is not a whole number of fen",
    "0.5 fen": "`0.5 fen` is not a whole number of fen",
    "0.5 months": "`0.5 months` is not a whole number of months",
    "1.5 days": "`1.5 days` is not a whole number of days",
    "90,000,000,000,000.01 yuan": "`90,000,000,000,000.01 yuan` is out of range",
    "2014-02-30": "there is no such day: `2014-02-30`",
    "2013-02-29": "there is no such day: `2013-02-29`",
    "2014-9-1": "a date such as `2014-09-30` is needed, not `2014-9-1`",
}


def test_literals_carry_their_unit() -> None:
    """A number, amount, share, duration, distance or date is read exactly, and its kind from its writing."""
    read = {text: read_literal(text) for text in LITERALS}
    assert {text: (each.kind, each.value) for text, each in read.items()} == LITERALS
    assert {type(each.value) for each in read.values()} == {int, Fraction, date}


def test_what_is_no_literal_is_a_word() -> None:
    """Nothing is guessed: what is not written exactly as a literal is text."""
    assert {text: read_literal(text) for text in WORDS if read_literal(text).kind is not Kind.TEXT} == {}
    assert [read_literal(text).value for text in WORDS] == list(WORDS)


@pytest.mark.parametrize("text", REFUSED)
def test_a_broken_literal_says_what_is_wrong_with_it(text: str) -> None:
    """Parts of a fen, parts of a month, days that do not exist."""
    with pytest.raises(ValueError, match=r".") as caught:
        read_literal(text)
    assert str(caught.value) == REFUSED[text]


def test_dates_are_days() -> None:
    """A date or its ISO text; a date with time, and anything else, is refused in words."""
    said = {}
    for value in (datetime(2014, 9, 30, 8, 30), "2014-9-30", "20140930", 20140930, None):  # noqa: DTZ001
        with pytest.raises(ValueError, match=r".") as caught:
            read_date(value)
        said[str(value)] = str(caught.value)
    assert [read_date("2014-09-30"), read_date(date(2014, 9, 30))] == [date(2014, 9, 30)] * 2
    assert said == {
        "2014-09-30 08:30:00": "a date is needed, not a date with time: `2014-09-30 08:30:00`; pass `2014-09-30`",
        "2014-9-30": "a date such as `2014-09-30` is needed, not `2014-9-30`",
        "20140930": "a date such as `2014-09-30` is needed, not `20140930`",
        "None": "a date such as `2014-09-30` is needed, not `None`",
    }


# ---------------------------------------------------------------------------------------------------
# Rounding

ROUNDED = {  # amount: half_up, half_even, up, down; to whole units
    "-2.5": (-3, -2, -3, -2),
    "-2.4": (-2, -2, -3, -2),
    "-1.5": (-2, -2, -2, -1),
    "-0.5": (-1, 0, -1, 0),
    "-0.1": (0, 0, -1, 0),
    "0": (0, 0, 0, 0),
    "0.1": (0, 0, 1, 0),
    "0.49": (0, 0, 1, 0),
    "0.5": (1, 0, 1, 0),
    "0.51": (1, 1, 1, 0),
    "1.5": (2, 2, 2, 1),
    "2.4": (2, 2, 3, 2),
    "2.5": (3, 2, 3, 2),
    "3": (3, 3, 3, 3),
    "3.5": (4, 4, 4, 3),
}
MODES = (Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.UP, Rounding.DOWN)


def test_rounding_by_mode_and_side() -> None:
    """Halves go away from zero or to the even neighbour; up is away from zero, down is towards it."""
    made = {text: tuple(round_to(Fraction(text), mode, 1) for mode in MODES) for text in ROUNDED}
    assert made == ROUNDED


def test_rounding_to_larger_units() -> None:
    """To 3 fen or to a yuan, the multiple is what is rounded: 149 fen to a yuan is 100, 4 fen to 3 fen is 3."""
    amounts = (149, 150, 151, 250, -150, 4, 5)
    assert [tuple(round_to(amount, mode, 100) for mode in MODES) for amount in amounts[:5]] == [
        (100, 100, 200, 100),
        (200, 200, 200, 100),
        (200, 200, 200, 100),
        (300, 200, 300, 200),
        (-200, -200, -200, -100),
    ]
    assert [tuple(round_to(amount, mode, 3) for mode in MODES) for amount in amounts[5:]] == [
        (3, 3, 6, 3),
        (6, 6, 6, 3),
    ]


@given(
    amount=st.fractions(-10_000, 10_000, max_denominator=2000),
    unit=st.integers(1, 300),
    mode=st.sampled_from(MODES),
)
def test_rounding_is_the_same_on_both_sides_of_zero_and_never_off_by_a_unit(
    amount: Fraction, unit: int, mode: Rounding
) -> None:
    """What is rounded is a multiple of the unit, less than one unit away (half a unit for halves), and odd in sign."""
    made = round_to(amount, mode, unit)
    away = abs(made - amount)
    nearest = mode in {Rounding.HALF_UP, Rounding.HALF_EVEN}
    assert (type(made), made % unit, round_to(-amount, mode, unit)) == (int, 0, -made)
    assert away * 2 <= unit if nearest else away < unit
    assert mode is not Rounding.UP or abs(made) >= abs(amount)
    assert mode is not Rounding.DOWN or abs(made) <= abs(amount)


def test_up_and_down_to_a_whole_number() -> None:
    """For counts: up is towards more, down towards fewer, also below zero."""
    numbers = [Fraction(573, 5), 3, -3, Fraction(-1, 2), Fraction(1, 3), 0]
    assert [(ceiling(each), floor(each)) for each in numbers] == [
        (115, 114),
        (3, 3),
        (-3, -3),
        (0, -1),
        (1, 0),
        (0, 0),
    ]
    assert {type(made(each)) for made in (ceiling, floor) for each in numbers} == {int}


def test_equal_numbers_look_equal() -> None:
    """A fraction that is whole becomes an int, so 3 is always 3."""
    assert [repr(reduced(each)) for each in (3, Fraction(6, 2), Fraction(1, 2))] == [
        "3",
        "3",
        "Fraction(1, 2)",
    ]
    assert [repr(exact(each)) for each in (3, Decimal("3.0"), Decimal("2.5"), Fraction(4, 2))] == [
        "3",
        "3",
        "Fraction(5, 2)",
        "2",
    ]


# ---------------------------------------------------------------------------------------------------
# Money


@given(fen=st.integers(-MAX_FEN, MAX_FEN), precision=st.integers(1, 30))
def test_fen_to_yuan_and_back_is_exact(fen: int, precision: int) -> None:
    """Two decimals always, and no digit lost in any decimal context."""
    with localcontext(prec=precision):
        yuan = to_yuan(fen)
        back = to_fen(yuan)
    assert (back, yuan.as_tuple().exponent, str(yuan).replace(".", "").lstrip("-").lstrip("0")) == (
        fen,
        -2,
        str(abs(fen)).lstrip("0"),
    )


def test_an_amount_that_is_no_whole_fen_is_refused() -> None:
    """Nothing is rounded on the way in, and nothing is taken that an engine cannot hold."""
    said = []
    for yuan in (Decimal("0.005"), Decimal("1.999"), 10**14, Decimal(-(10**14))):
        with pytest.raises(ValueError, match=r".") as caught:
            to_fen(yuan)
        said.append(str(caught.value))
    assert said == [
        "`0.005` yuan is not a whole number of fen",
        "`1.999` yuan is not a whole number of fen",
        "`100000000000000` yuan is out of range",
        "`-100000000000000` yuan is out of range",
    ]


# ---------------------------------------------------------------------------------------------------
# As people read them

SHOWN: list[tuple[Maybe, Kind, str, str]] = [
    (None, Kind.COUNT, "unknown", "未知"),
    (ABSENT, Kind.DATE, "none", "无"),
    (True, Kind.BOOLEAN, "yes", "是"),
    (False, Kind.BOOLEAN, "no", "否"),
    ("individual", Kind.CATEGORY, "individual", "individual"),
    ("晋江", Kind.TEXT, "晋江", "晋江"),
    (date(2014, 9, 30), Kind.DATE, "2014-09-30", "2014-09-30"),
    (3, Kind.COUNT, "3", "3"),
    (1234567, Kind.COUNT, "1,234,567", "1,234,567"),
    (Fraction(5, 2), Kind.NUMBER, "2.5", "2.5"),
    (Fraction(-1, 3), Kind.NUMBER, "-1/3", "-1/3"),
    (111500, Kind.MONEY, "1,115.00 yuan", "1,115.00元"),
    (-5, Kind.MONEY, "-0.05 yuan", "-0.05元"),
    (0, Kind.MONEY, "0.00 yuan", "0.00元"),
    (Fraction(1, 2), Kind.MONEY, "0.005 yuan", "0.005元"),
    (Fraction(100, 3), Kind.MONEY, "1/3 yuan", "1/3元"),
    (Fraction(7, 10), Kind.RATIO, "70%", "70%"),
    (1, Kind.RATIO, "100%", "100%"),
    (Fraction(333, 1000), Kind.RATIO, "33.3%", "33.3%"),
    (Fraction(1, 3), Kind.RATIO, "1/3 (about 33.33%)", "1/3 (约33.33%)"),
    (Fraction(7, 9), Kind.RATIO, "7/9 (about 77.78%)", "7/9 (约77.78%)"),
    (0, Kind.MONTHS, "0 months", "0个月"),
    (1, Kind.MONTHS, "1 month", "1个月"),
    (12, Kind.MONTHS, "12 months", "12个月"),
    (1, Kind.DAYS, "1 day", "1天"),
    (-30, Kind.DAYS, "-30 days", "-30天"),
    (50, Kind.DISTANCE, "50 km", "50公里"),
    (Fraction(1, 2), Kind.DISTANCE, "0.5 km", "0.5公里"),
]


def test_values_in_both_languages() -> None:
    """With their unit, thousands separated, and a share that never ends as a fraction with about how much it is."""
    assert [(value, kind, show(value, kind), show(value, kind, "zh")) for value, kind, _, _ in SHOWN] == SHOWN


@given(number=st.fractions(max_denominator=10**6))
def test_a_number_in_digits_is_that_number(number: Fraction) -> None:
    """Whether it ends or is written n/d, what is read is exactly the number."""
    assert Fraction(show_decimal(reduced(number)).replace(",", "")) == number


def test_digits_beyond_what_a_float_holds() -> None:
    assert [
        show_decimal(each) for each in (Fraction(3), Fraction(1, 10**30), Fraction(10**20 + 1, 5**25))
    ] == [
        "3",
        "0.000000000000000000000000000001",
        "335.5443200000000000033554432",
    ]


def test_a_type_names_itself() -> None:
    """The kind, or the words of a category, with their order when there is one."""
    levels = ("low", "medium", "high")
    types = [Type(Kind.MONEY), Type(Kind.CATEGORY, levels), Type(Kind.CATEGORY, levels, ordered=True)]
    assert [str(each) for each in types] == ["money", "low, medium, high", "low < medium < high"]


# ---------------------------------------------------------------------------------------------------
# Days

DAY = date(2014, 8, 31)


def test_days_and_months_before_a_day() -> None:
    """Months clamp at their end; what lies beyond the calendar is its first or its last day."""
    assert [months_before(DAY, months) for months in (0, 1, 2, 6, 12, 30, -1, -6)] == [
        DAY,
        date(2014, 7, 31),
        date(2014, 6, 30),
        date(2014, 2, 28),
        date(2013, 8, 31),
        date(2012, 2, 29),
        date(2014, 9, 30),
        date(2015, 2, 28),
    ]
    assert [days_before(DAY, days) for days in (0, 1, 31, -1)] == [
        DAY,
        date(2014, 8, 30),
        date(2014, 7, 31),
        date(2014, 9, 1),
    ]
    far = 10**6
    for before in (months_before, days_before):
        assert [before(DAY, size) for size in (far * 10, -far * 10, 10**12, -(10**12))] == [
            date.min,
            date.max,
        ] * 2
    assert (months_before(date.min, 0), days_before(date.max, 0)) == (date.min, date.max)
    assert [months_before(date.min, 1), months_before(date(9999, 12, 1), -1)] == [date.min, date.max]
    assert [days_before(date.min, 1), days_before(date.max, -1)] == [date.min, date.max]


def test_months_since_a_day() -> None:
    """Whole months, negative for a day to come."""
    days = {
        date(2014, 8, 31): 0,
        date(2014, 8, 1): 0,
        date(2014, 7, 31): 1,
        date(2014, 2, 28): 6,
        date(2013, 9, 1): 11,
        date(2013, 8, 31): 12,
        date(2012, 9, 30): 23,
        date(2014, 9, 1): -1,
        date(2015, 9, 30): -13,
    }
    assert {day: months_since(day, DAY) for day in days} == days
    assert [months_since(date(2014, 3, each), date(2014, 8, 15)) for each in (14, 15, 16)] == [5, 5, 4]


def test_where_calendar_periods_begin() -> None:
    months = [1, 2, 3, 4, 6, 7, 9, 10, 12]
    days = [date(2014, month, 17) for month in months]
    assert {
        period: [calendar_start(day, period) for day in days] for period in ("year", "quarter", "month")
    } == {
        "year": [date(2014, 1, 1)] * 9,
        "quarter": [date(2014, month, 1) for month in (1, 1, 1, 4, 4, 7, 7, 10, 10)],
        "month": [date(2014, month, 1) for month in months],
    }


# ---------------------------------------------------------------------------------------------------
# Truths, and values written back


def test_kleene_logic() -> None:
    truths: list[Truth] = [True, False, None]
    pairs = [[left, right] for left in truths for right in truths]
    assert [kleene_all(pair) for pair in pairs] == [True, False, None, False, False, False, None, False, None]
    assert [kleene_any(pair) for pair in pairs] == [True, True, True, True, False, None, True, None, None]
    assert [kleene_not(truth) for truth in truths] == [False, True, None]


WRITTEN: list[tuple[Maybe, Kind, str | None]] = [
    (True, Kind.BOOLEAN, "true"),
    (False, Kind.BOOLEAN, "false"),
    (date(2014, 9, 1), Kind.DATE, "2014-09-01"),
    ("individual", Kind.CATEGORY, "individual"),
    (100_000, Kind.MONEY, "1000 yuan"),
    (100_050, Kind.MONEY, "1000.50 yuan"),
    (-5, Kind.MONEY, "-0.05 yuan"),
    (Fraction(1, 2), Kind.MONEY, None),
    (Fraction(6, 2), Kind.MONEY, "0.03 yuan"),
    (Fraction(7, 10), Kind.RATIO, "70%"),
    (12, Kind.RATIO, "1200%"),
    (Fraction(1, 3), Kind.RATIO, None),
    (1, Kind.MONTHS, "1 month"),
    (1800, Kind.MONTHS, "1800 months"),
    (1, Kind.DAYS, "1 day"),
    (0, Kind.DAYS, "0 days"),
    (1, Kind.DISTANCE, "1 km"),
    (Fraction(5, 2), Kind.DISTANCE, "2.5 km"),
    (1_000_000, Kind.COUNT, "1000000"),
    (Fraction(-1, 8), Kind.NUMBER, "-0.125"),
    (Fraction(1, 7), Kind.NUMBER, None),
]


def test_values_are_written_as_policies_write_them() -> None:
    """What has no exact literal has none; what has one is read back as the same value."""
    assert [(value, kind, write_literal(value, kind)) for value, kind, _ in WRITTEN] == WRITTEN  # type: ignore[arg-type]
    for value, kind, text in WRITTEN:
        if text is not None and kind not in {Kind.BOOLEAN, Kind.CATEGORY}:
            read = read_literal(text)
            assert (read.kind, read.value) == (kind, value)


def test_a_number_of_forty_digits_is_the_longest() -> None:
    assert (read_literal("9" * 40).value, read_literal("9" * 41).value) == (10**40 - 1, "9" * 41)


def test_types_in_words() -> None:
    words = ("low", "high")
    assert [
        str(Type(Kind.CATEGORY, words)),
        str(Type(Kind.CATEGORY, words, ordered=True)),
        str(Type(Kind.MONEY)),
    ] == [
        "low, high",
        "low < high",
        "money",
    ]
    assert [Type(Kind.DISTANCE), Type(Kind.TEXT)] == [DISTANCE, TEXT]
    assert (repr(ABSENT), Type(Kind.MONEY)) == ("ABSENT", Type(Kind.MONEY, (), ordered=False))
    assert frozenset(Kind) - QUANTITIES == {Kind.BOOLEAN, Kind.CATEGORY, Kind.TEXT}
    assert [kind.value for kind in Kind] == [
        "count", "number", "money", "ratio", "months", "days", "distance", "date", "boolean", "category", "text",
    ]  # fmt: skip
    assert [mode.value for mode in Rounding] == ["half_up", "half_even", "up", "down"]
    assert (MAX_FEN, MAX_COUNT, FEN_PER_YUAN) == (9 * 10**15, 10**12, 100)


def test_amounts_at_the_end_of_the_range() -> None:
    """The largest amount is held, a fen more is refused, on both sides of zero."""
    most = Decimal(90_000_000_000_000)
    assert [to_fen(most), to_fen(-most), read_literal(f"-{most:,} yuan").value] == [
        MAX_FEN,
        -MAX_FEN,
        -MAX_FEN,
    ]
    for yuan in (most + Decimal("0.01"), -most - Decimal("0.01"), Decimal("0.005")):
        with pytest.raises(ValueError, match=r".") as caught:
            to_fen(yuan)
        reason = "is not a whole number of fen" if yuan == Decimal("0.005") else "is out of range"
        assert str(caught.value) == f"`{yuan}` yuan {reason}"
    with pytest.raises(ValueError, match=r"^`-90,000,000,000,000\.01 yuan` is out of range$"):
        read_literal("-90,000,000,000,000.01 yuan")
