"""The values and truths of the frame engine, operator by operator, against plain Python: exact numbers, Kleene truths, bounds.

Nothing here asks a query while it is collected: the mutants of the frame engine (`tools/mutate_library.py`) are run in
forks of a process that has collected these tests, and the threads of a query do not live on in a fork.
``UPDATE_GOLDEN=1`` writes the texts in golden/survivors anew: read what it changed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

pl = pytest.importorskip("polars")
import narwhals as nw  # noqa: E402

from dealerrules.engines.columns import (  # noqa: E402
    ALWAYS,
    MAX_64,
    MAX_128,
    NEVER,
    Algebra,
    Backend,
    Column,
    TooLarge,
    as_flags,
    both,
    constant,
    day_of,
    either,
    field_column,
    is_absent,
    known,
    missing_column,
    opposite,
)
from dealerrules.expr import Comparison, Operator  # noqa: E402
from dealerrules.values import (  # noqa: E402
    ABSENT,
    BOOLEAN,
    COUNT,
    DATE,
    DAYS,
    DISTANCE,
    MONEY,
    MONTHS,
    NUMBER,
    RATIO,
    TEXT,
    Kind,
    Rounding,
    Type,
    kleene_all,
    kleene_any,
    kleene_not,
    months_since,
    round_to,
)

if TYPE_CHECKING:
    from collections.abc import Callable
from frame_parts import (  # noqa: E402
    KINDS_OF_ALGEBRA,
    OPERANDS,
    D,
    algebra,
    carried,
    compared,
    crossed,
    joint,
    kleene,
    said,
    same,
    told,
    worked_out,
)

NOT_WIDE = [name for name in OPERANDS if name != "wide"]


def over_zero(left: Fraction, right: Fraction) -> Fraction | None:
    return left / right if right else None


def whole_times(left: Fraction, right: Fraction) -> Fraction | None:
    return Fraction(left / right // 1) if right else None


ARITHMETIC: dict[Operator, Callable[..., Any]] = {
    Operator.ADD: lambda left, right: left + right,
    Operator.SUBTRACT: lambda left, right: left - right,
    Operator.MULTIPLY: lambda left, right: left * right,
    Operator.RATIO: over_zero,
    Operator.WHOLE_TIMES: whole_times,
    Operator.MIN: min,
    Operator.MAX: max,
}


def pairs() -> list[tuple[str, str]]:
    """Return pairs of operands; wide ones stand with what still fits."""
    few = {"count", "sure", "event", "three", "less"}
    return [
        (left, right)
        for left in OPERANDS
        for right in OPERANDS
        if ("wide" not in {left, right} or {left, right} & few) and {left, right} != {"huge"}
    ]


@pytest.mark.parametrize(
    ("kind", "left"),
    [("whole numbers", left) for left in OPERANDS]
    + [("decimals", left) for left in ("count", "micro", "share", "less")],
)
@pytest.mark.parametrize("how", ARITHMETIC)
def test_arithmetic_is_exact(how: Operator, left: str, kind: str) -> None:
    lines = []
    for right in (right for first, right in pairs() if first == left):
        names = list(dict.fromkeys((left, right)))
        data, rows = crossed(names)
        try:
            made = algebra(kind).arithmetic(how, OPERANDS[left].column, OPERANDS[right].column, NUMBER)
        except TooLarge:
            lines.append(f"{left} {right}: too large\n")
            continue
        state, values = worked_out({"it": made}, data)["it"]
        lines.append(f"{left} {right}: {state}\n")
        assert values == [joint(ARITHMETIC[how], row[left], row[right]) for row in rows], f"{left} {right}"
    same(f"frame-arithmetic-{kind.replace(' ', '-')}.txt", f"{how.value} {left}", "".join(lines))


COMPARISONS: dict[Comparison, Callable[..., bool]] = {
    Comparison.EQUAL: lambda left, right: left == right,
    Comparison.AT_LEAST: lambda left, right: left >= right,
    Comparison.MORE_THAN: lambda left, right: left > right,
    Comparison.AT_MOST: lambda left, right: left <= right,
    Comparison.LESS_THAN: lambda left, right: left < right,
}


@pytest.mark.parametrize("left", OPERANDS)
@pytest.mark.parametrize("how", COMPARISONS)
def test_comparisons_are_exact(how: Comparison, left: str) -> None:
    lines = []
    for right in (right for first, right in pairs() if first == left):
        data, rows = crossed(list(dict.fromkeys((left, right))))
        try:
            made = algebra().compare(how, OPERANDS[left].column, OPERANDS[right].column)
        except TooLarge:
            lines.append(f"{left} {right}: too large\n")
            continue
        lines.append(f"{left} {right}: {'true or false' if made.false is None else 'may be unknown'}\n")
        meant = [compared(COMPARISONS[how], row[left], row[right]) for row in rows]
        assert said({"it": made}, data) == {"it": meant}, right
    same("frame-comparisons.txt", f"{how.value} {left}", "".join(lines))


@pytest.mark.parametrize("name", OPERANDS)
def test_a_number_held_against_any_threshold(name: str) -> None:
    """Also one that is beyond what the column or 64 bits can hold: then it makes no difference by how much."""
    data, rows = crossed([name])
    flags, meant = {}, {}
    for number in (0, 3, Fraction(7, 2), Fraction(-5, 2), 2**63 - 1, 1 - 2**63, Fraction(1, 10**9)):
        for how, compares in COMPARISONS.items():
            label = f"{how.value} {number}"
            flags[label] = algebra().compare(how, OPERANDS[name].column, constant(number, NUMBER))
            meant[label] = [compared(compares, row[name], number) for row in rows]
            flags[f"turned {label}"] = algebra().compare(how, constant(number, NUMBER), OPERANDS[name].column)
            meant[f"turned {label}"] = [compared(compares, number, row[name]) for row in rows]
    assert said(flags, data) == meant


@pytest.mark.parametrize(("most", "too_large"), [(MAX_128 - 1, True), (MAX_128 // 2, False), (9, False)])
def test_what_is_beyond_128_bits_is_refused(most: int, too_large: bool) -> None:
    """A sum, a product and a comparison of what may grow past the most that is held exactly."""
    wide = Column(MONEY, nw.col("a"), most=most)
    asked: list[Callable[[], object]] = [
        lambda: algebra().arithmetic(Operator.ADD, wide, constant(2, MONEY), MONEY),
        lambda: algebra().compare(
            Comparison.AT_LEAST, replace(wide, scale=3), Column(MONEY, nw.col("b"), most=1)
        ),
        lambda: algebra().arithmetic(Operator.MULTIPLY, wide, constant(2, NUMBER), MONEY),
    ]
    found = []
    for each in asked:
        try:
            each()
            found.append(False)
        except TooLarge:
            found.append(True)
    assert found == [too_large, False, too_large]


def written(column: nw.Expr) -> str:
    """Return a column of whole numbers as polars means to work it out."""
    frame = nw.from_native(
        pl.DataFrame({"a": pl.Series([1], dtype=pl.Int64), "b": pl.Series([1], dtype=pl.Int64)}).lazy()
    )
    return str(nw.to_native(frame.select(it=column)).explain(optimized=False))


def test_a_column_that_just_fits_is_not_widened() -> None:
    """Half of what is rounded, what it is divided by: each just at, and just beyond, what 64 bits hold."""
    assert [Column(COUNT, nw.col("a"), most=most).wide for most in (MAX_64, MAX_64 + 1)] == [False, True]

    def rounds(most: int, scale: int) -> bool:
        column = Column(MONEY, nw.col("a"), most=most, scale=scale, unknown=False)
        return "Int128" in written(algebra().round_to(column, Rounding.HALF_UP, 1).value)

    assert [rounds(most, 5) for most in ((MAX_64 - 5) // 2, (MAX_64 - 5) // 2 + 1)] == [False, True]
    assert [rounds(1, scale) for scale in (MAX_64 // 3, MAX_64 // 3 + 1)] == [False, True]

    def divides(over_most: int, scale: int, most: int = 1) -> bool:
        column = Column(RATIO, nw.col("a"), most=most, scale=scale, over=nw.col("b"), over_most=over_most)
        return "Int128" in written(algebra().rounded(column, up=True).value)

    assert [divides(MAX_64 // 7, scale) for scale in (7, 8)] == [False, True]
    assert [divides(MAX_64, 1), divides(MAX_64 + 1, 1)] == [False, True]
    assert [divides(3, 1, most) for most in (MAX_64, MAX_64 + 1)] == [False, True]  # what divides is widened

    def over(left: int, right: int) -> bool:
        columns = [
            Column(RATIO, nw.col("a"), most=9, over=nw.col("a"), over_most=most) for most in (left, right)
        ]
        made = algebra().alike(columns)[0].over
        return made is not None and "Int128" in written(made)

    assert [over(9, MAX_64), over(9, MAX_64 + 1), over(MAX_64 + 1, 9)] == [False, True, False]


def test_columns_of_words_and_days_are_alike_as_they_are() -> None:
    words = Type(Kind.CATEGORY, ("a", "b")), Type(Kind.CATEGORY, ("c",))
    first, second = Column(words[0], nw.col("a")), Column(words[1], nw.col("b"), unknown=False)
    assert algebra().alike([first, second]) == [first, second]
    data = {"a": pl.Series(["a", None]), "b": pl.Series(["c", "c"])}
    found_ = worked_out({"it": algebra().first_known([first, second])}, data)
    assert found_ == {"it": ("a, b, c, 1/1, most 0; String", ["a", "c"])}
    single = worked_out({"it": algebra().lookup(first, (("a", "x"),), TEXT)}, data)
    assert single == {"it": ("text, 1/1, most 0, unknown; String", ["x", None])}


def test_days_of_long_ago_are_written_as_text() -> None:
    """Spark hands dates over in another calendar; DuckDB has to be told the form."""
    asked = {day: written(day_of(day)) for day in (date(1599, 12, 31), date(1600, 1, 1), date(2014, 9, 30))}
    assert {day: "str" in text for day, text in asked.items()} == {
        date(1599, 12, 31): True, date(1600, 1, 1): False, date(2014, 9, 30): False,
    }  # fmt: skip
    assert "str" in written(constant(date(1599, 1, 1), DATE).value)
    assert day_of(nw.col("a")) is not None
    connection = pytest.importorskip("duckdb").connect(config={"threads": 1})
    frame = nw.from_native(connection.sql("select 1 as a"))
    columns = {
        "old": day_of(date(3, 2, 1)),
        "number": Algebra(Backend.DUCKDB).day_number(day_of(date(1970, 1, 3))),
        "before": Algebra(Backend.DUCKDB).day_number(day_of(date(1969, 12, 30))),
    }
    assert nw.to_native(frame.select(**columns)).fetchall() == [(date(3, 2, 1), 2, -2)]


def test_the_edges_of_64_and_128_bits() -> None:
    """What needs just one more than 64 bits is widened, what needs just one more than 37 digits refused."""
    value = nw.col("a")
    frame = {"a": pl.Series([1], dtype=pl.Int64)}

    def held(most: int, needed: int) -> str:
        out = nw.from_native(pl.DataFrame(frame).lazy()).select(it=algebra().widened(value, most, needed))
        return str(out.collect_schema()["it"])

    assert held(5, MAX_64) == "Int64"
    assert held(5, MAX_64 + 1) == "Int128"
    assert held(MAX_64, MAX_64 + 1) == "Int128"
    assert held(MAX_64 + 1, MAX_64 + 1) == "Int64"  # it is in 128 bits as it comes
    assert held(5, MAX_128) == "Int128"
    with pytest.raises(TooLarge):
        algebra().widened(value, 5, MAX_128 + 1)
    narrowed = {
        name: algebra().narrowed(nw.col("a").cast(nw.Int128), most, new)
        for name, most, new in [
            ("kept 64", MAX_64, 5), ("back", MAX_64 + 1, MAX_64), ("still", MAX_64 + 1, MAX_64 + 1),
        ]
    }  # fmt: skip
    out = nw.from_native(pl.DataFrame(frame).lazy()).select(**narrowed).collect_schema()
    assert {name: str(dtype) for name, dtype in out.items()} == {
        "kept 64": "Int128", "back": "Int64", "still": "Int128",
    }  # fmt: skip
    constant(MAX_64, COUNT)
    constant(-MAX_64, COUNT)
    for number in (MAX_64 + 1, -MAX_64 - 1):
        with pytest.raises(TooLarge):
            constant(number, COUNT)
    algebra().product(value, 1, MAX_64, MAX_64)
    algebra().product(value, 1, -MAX_64, MAX_64)
    with pytest.raises(TooLarge):
        algebra().product(value, 1, MAX_64 + 1, MAX_64 + 1)
    assert algebra().product(value, 7, 1, 1) == (value, 7)


@pytest.mark.parametrize("kind", KINDS_OF_ALGEBRA)
def test_the_largest_whole_quotient(kind: str) -> None:
    """Rounded towards less, for numbers beyond what a double holds."""
    numbers = [0, 1, 6, 7, -1, -7, -8, 2**53, 2**53 + 1, -(2**53) - 1, 2**62 + 1, -(2**62) - 1]
    data = {"a": pl.Series(numbers, dtype=pl.Int64), "b": pl.Series([7] * len(numbers), dtype=pl.Int64)}
    for most in (2**53, MAX_64):
        assert carried({"it": algebra(kind).quotient(nw.col("a"), most, 7, 7)}, **data) == {
            "it": [number // 7 for number in numbers]
        }
        found = carried({"it": algebra(kind).quotient(nw.col("a"), 7, nw.col("b"), most)}, **data)
        assert found == {"it": [number // 7 for number in numbers]}
    wide = [2**90 + 1, -(2**90) - 1, 13, -13]
    large = {"a": pl.Series(wide, dtype=pl.Int128)}
    if kind == "whole numbers":
        assert carried({"it": algebra(kind).quotient(nw.col("a"), 2**91, 7, 7)}, **large) == {
            "it": [n // 7 for n in wide]
        }


def test_decimals_are_divided_where_a_double_would_not_do() -> None:
    """Below 2**53 it divides as it stands, from there on in decimals, of 64 bits again where those do."""
    frame = nw.from_native(pl.DataFrame({"a": pl.Series([8], dtype=pl.Int64)}).lazy())
    asked = {
        "small": algebra("decimals").quotient(nw.col("a"), 2**53 - 1, 7, 7),
        "large": algebra("decimals").quotient(nw.col("a"), 2**53, 7, 7),
        "by much": algebra("decimals").quotient(nw.col("a"), 7, nw.col("a"), 2**53),
        "most": algebra("decimals").quotient(nw.col("a"), MAX_64, 7, 7),
        "wide": algebra("decimals").quotient(nw.col("a").cast(nw.Decimal(38, 0)), MAX_64 + 1, 7, 7),
    }
    plain = {name: str(dtype) for name, dtype in frame.select(**asked).collect_schema().items()}
    assert plain.pop("wide").startswith("Decimal")
    assert plain == dict.fromkeys(["small", "large", "by much", "most"], "Int64")
    text = {name: nw.to_native(frame.select(it=each)).explain() for name, each in asked.items()}
    assert {name: "Decimal" in each for name, each in text.items()} == {
        "small": False, "large": True, "by much": True, "most": True, "wide": True,
    }  # fmt: skip


ROUNDED = [
    (kind, name)
    for kind in KINDS_OF_ALGEBRA
    for name in ("micro", "ratio", "share", "three", "less", "count", "event", "dated", "wide")
    if (kind, name) != ("decimals", "wide")  # 128 bits of polars are no decimals
]


@pytest.mark.parametrize(("kind", "name"), ROUNDED)
def test_rounding_to_whole_numbers(name: str, kind: str) -> None:
    data, rows = crossed([name])
    column = OPERANDS[name].column
    state, lines = (
        worked_out(
            {"up": algebra(kind).rounded(column, up=True), "down": algebra(kind).rounded(column, up=False)},
            data,
        ),
        [],
    )
    for way, sign in (("up", -1), ("down", 1)):
        text, values = state[way]
        lines.append(f"{way}: {text}\n")
        assert values == [joint(lambda value, sign=sign: value * sign // 1 * sign, row[name]) for row in rows]
    if kind == "whole numbers":
        same("frame-rounding.txt", f"whole {name}", "".join(lines))


@pytest.mark.parametrize(("kind", "name"), ROUNDED)
@pytest.mark.parametrize("mode", list(Rounding))
def test_rounding_to_a_unit(mode: Rounding, name: str, kind: str) -> None:
    data, rows = crossed([name])
    made = {
        f"unit {unit}": algebra(kind).round_to(OPERANDS[name].column, mode, unit) for unit in (1, 2, 5, 100)
    }
    lines = []
    for label, (text, values) in worked_out(made, data).items():
        unit = int(label.split()[1])
        lines.append(f"{label}: {text}\n")
        assert values == [
            joint(lambda value, unit=unit: round_to(value, mode, unit), row[name]) for row in rows
        ]
    if kind == "whole numbers":
        same("frame-rounding.txt", f"{mode.value} {name}", "".join(lines))


def test_a_wide_number_in_parts_is_rounded() -> None:
    data, rows = crossed(["wide"])
    column = replace(OPERANDS["wide"].column, scale=7)
    made = {"up": algebra().rounded(column, up=True), "down": algebra().rounded(column, up=False)}
    found = {name: values for name, (_, values) in worked_out(made, data).items()}
    assert found == {
        "up": [joint(lambda value: -(-value / 7 // 1), row["wide"]) for row in rows],
        "down": [joint(lambda value: value / 7 // 1, row["wide"]) for row in rows],
    }


@pytest.mark.parametrize("mode", list(Rounding))
def test_halves_and_their_neighbours_are_rounded_by_the_mode(mode: Rounding) -> None:
    """Thousandths around every half, either side of 0, to units of 1, 2 and 10."""
    held = sorted(
        {sign * (500 * half + near) for half in range(24) for near in (-1, 0, 1) for sign in (1, -1)}
    )
    column = Column(MONEY, nw.col("a"), scale=1000, most=10**6, negative=True, unknown=False)
    data = {"a": pl.Series(held, dtype=pl.Int64)}
    made = {f"unit {unit}": algebra().round_to(column, mode, unit) for unit in (1, 2, 10)}
    for label, (_, values) in worked_out(made, data).items():
        unit = int(label.split()[1])
        assert values == [round_to(Fraction(each, 1000), mode, unit) for each in held]


def first_known(*values: Any) -> Any:
    """Return the first that is there; unknown before absent, where none is."""
    there = [value for value in values if value is not None and value is not ABSENT]
    return there[0] if there else None if None in values else ABSENT


@pytest.mark.parametrize(
    "names",
    [
        ("count", "micro"), ("event", "dated"), ("event", "count"), ("dated", "three"), ("sure", "count"),
        ("ratio", "share", "three"), ("event", "less", "count"), ("sure", "micro"), ("event",), ("share", "count"), ("count", "ratio"), ("count",),
    ],
)  # fmt: skip
def test_the_first_known_of_several(names: tuple[str, ...]) -> None:
    data, rows = crossed(names)
    made = algebra().first_known([OPERANDS[name].column for name in names])
    state, values = worked_out({"it": made}, data)["it"]
    assert values == [first_known(*(row[name] for name in names)) for row in rows]
    same("frame-choices.txt", f"first known {' '.join(names)}", f"{state}\n")


@pytest.mark.parametrize(
    "names", [("count", "micro"), ("ratio", "share", "sure"), ("wide", "count"), ("three", "less")]
)
def test_columns_are_made_alike(names: tuple[str, ...]) -> None:
    """In the same parts and bits: the most that each may be is the most of all."""
    data, rows = crossed(names)
    made = algebra().alike([OPERANDS[name].column for name in names])
    found = worked_out(dict(zip(names, made, strict=True)), data)
    assert {name: values for name, (_, values) in found.items()} == {
        name: [row[name] for row in rows] for name in names
    }
    same(
        "frame-choices.txt",
        f"alike {' '.join(names)}",
        "".join(f"{name}: {state}\n" for name, (state, _) in found.items()),
    )


@pytest.mark.parametrize("name", ["count", "event", "micro", "share"])
def test_a_lookup_by_a_number(name: str) -> None:
    cases = ((0, Fraction(1, 2)), (3, Fraction(-7)), (Fraction(5, 2), Fraction(1, 3)))
    data, rows = crossed([name])
    state, values = worked_out({"it": algebra().lookup(OPERANDS[name].column, cases, NUMBER)}, data)["it"]
    listed = dict(cases)
    assert values == [joint(listed.get, row[name]) for row in rows]
    same("frame-choices.txt", f"lookup {name}", f"{state}\n")


@pytest.mark.parametrize("name", OPERANDS)
def test_one_of_several_numbers(name: str) -> None:
    data, rows = crossed([name])
    among = (3, Fraction(-5, 2), 0)
    found = said({"it": algebra().member(OPERANDS[name].column, among)}, data)
    assert found == {"it": [compared(lambda value: value in among, row[name]) for row in rows]}


def test_a_sum_of_several_columns() -> None:
    names = ("count", "micro", "three")
    data, rows = crossed(names)
    state, values = worked_out({"it": algebra().summed([OPERANDS[name].column for name in names])}, data)[
        "it"
    ]
    assert values == [joint(lambda *each: sum(each), *row.values()) for row in rows]
    assert state == "count, 1/1000000, most 1000000010003000000, unknown, negative; Int64"


WORDS = {
    "plain": (Column(TEXT, nw.col("w")), ["a", "b", None]),
    "sure": (Column(TEXT, nw.col("w"), unknown=False), ["a", "b"]),
    "event": (Column(TEXT, nw.col("w"), absent=nw.col("w absent")), ["a", "c", None, ABSENT]),
    "never": (Column(TEXT, nw.col("w"), unknown=False, absent=nw.col("w absent")), ["b", ABSENT]),
}


@pytest.mark.parametrize("name", WORDS)
def test_tests_on_words(name: str) -> None:
    """Equal, one of some, known, absent: for words that may be unknown, absent, both or neither."""
    column, values = WORDS[name]
    there = [None if value is ABSENT else value for value in values]
    data = {
        "w": pl.Series(there, dtype=pl.String),
        "w absent": pl.Series([value is ABSENT for value in values]),
    }
    asked = {
        "equal": algebra().compare(Comparison.EQUAL, column, constant("a", TEXT)),
        "equal itself": algebra().compare(Comparison.EQUAL, column, column),
        "among": algebra().member(column, ("a", "c")),
        "known": known(column),
        "absent": is_absent(column),
        "not absent": opposite(is_absent(column)),
    }
    assert said(asked, data) == {
        "equal": [compared(lambda value: value == "a", value) for value in values],
        "equal itself": [compared(lambda _: True, value) for value in values],
        "among": [compared(lambda value: value in {"a", "c"}, value) for value in values],
        "known": [value is not None and value is not ABSENT for value in values],
        "absent": [None if value is None else value is ABSENT for value in values],
        "not absent": [None if value is None else value is not ABSENT for value in values],
    }
    definite = {label: flags.false is None for label, flags in asked.items()}
    maybe = name in {"plain", "event"}
    assert definite == {
        "equal": not maybe, "equal itself": not maybe, "among": not maybe, "known": True, "absent": not maybe,
        "not absent": not maybe,
    }  # fmt: skip
    assert (known(column) is ALWAYS, is_absent(column) is NEVER) == (name == "sure", name == "sure")


@pytest.mark.parametrize("names", [("a",), ("s",), ("s1", "s2"), ("a", "b"), ("a", "s"), ("a", "s", "b")])
def test_truths_go_together_as_kleene_said(names: tuple[str, ...]) -> None:
    data, flags, rows = kleene(*names)
    parts = list(flags.values())
    asked = {"both": both(parts), "either": either(parts), "not": opposite(parts[0])}
    assert said(asked, data) == {
        "both": [kleene_all(list(row)) for row in rows],
        "either": [kleene_any(list(row)) for row in rows],
        "not": [kleene_not(row[0]) for row in rows],
    }
    sure = all(name.startswith("s") for name in names)
    assert [asked[each].false is None for each in ("both", "either", "not")] == [
        sure,
        sure,
        names[0].startswith("s"),
    ]
    if len(names) == 1:
        assert (asked["both"], asked["either"]) == (parts[0], parts[0])


def test_none_of_nothing_holds_and_all_of_nothing_does() -> None:
    assert (both([]), either([])) == (ALWAYS, NEVER)
    assert said({"both": both([]), "either": either([])}, {"a": [1]}) == {"both": [True], "either": [False]}


@pytest.mark.parametrize("form", ["plain", "sure", "event", "never"])
def test_true_and_false_values_as_truths(form: str) -> None:
    values = {
        "plain": [True, False, None], "sure": [True, False], "event": [True, False, None, ABSENT], "never": [True, ABSENT],
    }[form]  # fmt: skip
    gone = nw.col("gone") if form in {"event", "never"} else None
    column = Column(BOOLEAN, nw.col("a"), unknown=form in {"plain", "event"}, absent=gone)
    data = {
        "a": pl.Series([None if value is ABSENT else value for value in values], dtype=pl.Boolean),
        "gone": pl.Series([value is ABSENT for value in values]),
    }
    found = said({"is": as_flags(column, is_=True), "is not": as_flags(column, is_=False)}, data)
    assert found == {
        "is": [compared(lambda value: value, value) for value in values],
        "is not": [compared(lambda value: not value, value) for value in values],
    }


KINDS_OF_FIELD = [COUNT, MONEY, NUMBER, RATIO, DISTANCE, MONTHS, DAYS, DATE, BOOLEAN, TEXT]


def test_how_plain_fields_are_held() -> None:
    lines = []
    for type_ in KINDS_OF_FIELD:
        column = field_column(type_, nw.col("a"))
        never = field_column(type_, nw.col("a"), nw.col("b"))
        nothing = missing_column(type_, nw.Int64())
        assert worked_out({"it": nothing}, {"a": [1]})["it"][1] == [None]
        lines.append(
            f"{told(column)} / {told(never)} / {told(nothing)} / {column.wide} {column.is_number} {column.may_miss}\n"
        )
    same("frame-choices.txt", "fields", "".join(lines))


@pytest.mark.parametrize("number", [0, 3, -3, Fraction(7, 2), Fraction(-7, 2)])
def test_a_number_of_the_policy(number: Fraction | int) -> None:
    column = constant(number, NUMBER)
    (text, values) = worked_out({"it": column}, {"a": [1]})["it"]
    top = Fraction(number).numerator
    sign = ", negative" if number < 0 else ""
    assert text == f"number, 1/{Fraction(number).denominator}, most {abs(top)}{sign}, fixed {top}; Int64"
    assert values == [number]


@pytest.mark.parametrize(
    "value", [True, False, "word", D, date(1, 1, 1), date(1599, 12, 31), date(1600, 1, 1), date(9999, 12, 31)]
)
def test_another_value_of_the_policy(value: Any) -> None:
    type_ = BOOLEAN if isinstance(value, bool) else TEXT if isinstance(value, str) else DATE
    column = constant(value, type_)
    assert column.unknown is False
    assert told(column) == f"{type_}, 1/1, most 0"
    assert carried({"it": column.value}, a=[1]) == {"it": [value]}


DAYS_ABOUT = [
    date(2014, 9, 30), date(2014, 9, 29), date(2014, 10, 1), date(2014, 8, 30), date(2014, 8, 31), date(2014, 2, 28),
    date(2012, 2, 29), date(2013, 12, 31), date(2014, 1, 1), date(1970, 1, 1), date(1, 1, 1), date(9999, 12, 31), None,
]  # fmt: skip


@pytest.mark.parametrize(
    "end", [D, date(2014, 2, 28), date(2016, 2, 29), date(2014, 12, 31), date(2014, 1, 1)]
)
def test_time_between_days(end: date) -> None:
    """Of one day, and of a day in each row."""
    days = [day for day in DAYS_ABOUT if day is not None]
    data = {"a": pl.Series(days), "b": pl.Series([end] * len(days))}
    found = carried(
        {
            "number": algebra().day_number(nw.col("a")),
            "days": algebra().days_between(nw.col("a"), end),
            "days of a row": algebra().days_between(nw.col("a"), nw.col("b")),
            "months": algebra().months_between(nw.col("a"), end),
            "months of a row": algebra().months_between(nw.col("a"), nw.col("b")),
        },
        **data,
    )
    since = [(end - day).days for day in days]
    months = [end.year * 12 + end.month - day.year * 12 - day.month - (day.day > end.day) for day in days]
    assert months[: len(days) - 1] == [months_since(day, end) for day in days[: len(days) - 1]]
    number = [(day - date(1970, 1, 1)).days for day in days]
    assert found == {
        "number": number, "days": since, "days of a row": since, "months": months, "months of a row": months,
    }  # fmt: skip
    types = nw.to_native(
        nw.from_native(pl.DataFrame(data).lazy()).select(it=algebra().months_between(nw.col("a"), end))
    )
    assert types.collect_schema()["it"] == pl.Int64


@pytest.mark.parametrize("how", list(COMPARISONS))
def test_days_and_the_smaller_of_two(how: Comparison) -> None:
    pairs = list(product(DAYS_ABOUT, repeat=2))
    data = {"a": pl.Series([left for left, _ in pairs]), "b": pl.Series([right for _, right in pairs])}
    left, right = Column(DATE, nw.col("a")), Column(DATE, nw.col("b"))
    found = said(
        {"it": algebra().compare(how, left, right), "fixed": algebra().compare(how, left, constant(D, DATE))},
        data,
    )
    assert found == {
        "it": [joint(COMPARISONS[how], *pair) for pair in pairs],
        "fixed": [joint(COMPARISONS[how], pair[0], D) for pair in pairs],
    }
    made = {
        each.value: algebra().arithmetic(each, left, right, DATE) for each in (Operator.MIN, Operator.MAX)
    }
    got = worked_out(made, data)
    assert got["min"] == ("date, 1/1, most 0, unknown; Date", [joint(min, *pair) for pair in pairs])
    assert got["max"] == ("date, 1/1, most 0, unknown; Date", [joint(max, *pair) for pair in pairs])
