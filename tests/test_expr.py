"""The expression tree: the type, the parts and the canonical form of every kind of node, whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import pytest

from dealerrules.expr import (
    NODES,
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
    Reduction,
    RoundWhole,
    Transition,
    Window,
    all_of,
    any_of_types,
    canonical,
    children,
    is_whole,
    type_of,
    walk,
    window_start,
)
from dealerrules.values import BOOLEAN, COUNT, DATE, DAYS, MONEY, MONTHS, NUMBER, RATIO, TEXT, Kind, Type

TWO = Constant(2, COUNT, "two")
HALF = Constant(Fraction(1, 2), RATIO)
VISITS = Fact("visits", COUNT)
PAID = Field("visits", "amount", MONEY)
DAY = Fact("day", DATE)
MEDIA = Field("customer", "media", BOOLEAN)
LOW = Type(Kind.CATEGORY, ("low", "high"), ordered=True)
AT_LEAST = Compare(Comparison.AT_LEAST, VISITS, TWO)
MONTH = Window(Constant(3, MONTHS))
YEAR = Window(None, "year")

# node, type, parts, canonical form, and whether it is whole when `visits` is 2 and `day` the day of evaluation
TABLE: list[tuple[Expr, Type, list[Expr], object, bool]] = [
    (TWO, COUNT, [], ["Constant", "count", "2"], True),
    (HALF, RATIO, [], ["Constant", "ratio", "1/2"], False),
    (PAID, MONEY, [], ["Field", "visits", "amount", ["Type", "money", [], False]], True),
    (MEDIA, BOOLEAN, [], ["Field", "customer", "media", ["Type", "boolean", [], False]], False),
    (AsOf(), DATE, [], ["AsOf"], False),
    (VISITS, COUNT, [], ["Fact", "visits", ["Type", "count", [], False]], True),
    (DAY, DATE, [], ["Fact", "day", ["Type", "date", [], False]], False),
    (Fact("other", COUNT), COUNT, [], ["Fact", "other", ["Type", "count", [], False]], False),
    (Answer("tier", LOW), LOW, [], ["Answer", "tier", ["Type", "category", ["low", "high"], True]], False),
    (Answer("pay", MONEY), MONEY, [], ["Answer", "pay", ["Type", "money", [], False]], True),
    (LevelIn("tier", None, ("b", "a")), BOOLEAN, [], ["LevelIn", "tier", None, "a", "b"], False),
    (
        AT_LEAST,
        BOOLEAN,
        [VISITS, TWO],
        ["Compare", "at_least", ["Fact", "visits", ["Type", "count", [], False]], ["Constant", "count", "2"]],
        False,
    ),
    (
        Member(MEDIA, (True, False), "list"),
        BOOLEAN,
        [MEDIA],
        ["Member", ["Field", "customer", "media", ["Type", "boolean", [], False]], "False", "True"],
        False,
    ),
    (Known(AsOf()), BOOLEAN, [AsOf()], ["Known", ["AsOf"]], False),
    (IsAbsent(AsOf()), BOOLEAN, [AsOf()], ["IsAbsent", ["AsOf"]], False),
    (All((TWO, AsOf())), BOOLEAN, [TWO, AsOf()], ["All", ["AsOf"], ["Constant", "count", "2"]], False),
    (AnyOf((TWO, AsOf())), BOOLEAN, [TWO, AsOf()], ["AnyOf", ["AsOf"], ["Constant", "count", "2"]], False),
    (Not(AsOf()), BOOLEAN, [AsOf()], ["Not", ["AsOf"]], False),
    (
        Arithmetic(Operator.ADD, TWO, TWO, COUNT),
        COUNT,
        [TWO, TWO],
        ["Arithmetic", "add", ["Constant", "count", "2"], ["Constant", "count", "2"], ["Type", "count", [], False]],
        True,
    ),
    (
        Arithmetic(Operator.MULTIPLY, TWO, HALF, NUMBER),
        NUMBER,
        [TWO, HALF],
        ["Arithmetic", "multiply", ["Constant", "count", "2"], ["Constant", "ratio", "1/2"], ["Type", "number", [], False]],
        False,
    ),
    (
        Arithmetic(Operator.MIN, HALF, TWO, NUMBER),
        NUMBER,
        [HALF, TWO],
        ["Arithmetic", "min", ["Constant", "ratio", "1/2"], ["Constant", "count", "2"], ["Type", "number", [], False]],
        False,
    ),
    (
        Arithmetic(Operator.RATIO, TWO, TWO, RATIO),
        RATIO,
        [TWO, TWO],
        ["Arithmetic", "ratio", ["Constant", "count", "2"], ["Constant", "count", "2"], ["Type", "ratio", [], False]],
        False,
    ),
    (
        Arithmetic(Operator.WHOLE_TIMES, HALF, HALF, COUNT),
        COUNT,
        [HALF, HALF],
        ["Arithmetic", "whole_times", ["Constant", "ratio", "1/2"], ["Constant", "ratio", "1/2"], ["Type", "count", [], False]],
        True,
    ),
    (
        RoundWhole(True, HALF, COUNT),  # noqa: FBT003
        COUNT,
        [HALF],
        ["RoundWhole", True, ["Constant", "ratio", "1/2"], ["Type", "count", [], False]],
        True,
    ),
    (Elapsed(Elapse.MONTHS_SINCE, DAY), MONTHS, [DAY], ["Elapsed", "months_since", canonical(DAY)], False),
    (Elapsed(Elapse.DAYS_SINCE, DAY), DAYS, [DAY], ["Elapsed", "days_since", canonical(DAY)], False),
    (Elapsed(Elapse.DAYS_UNTIL, DAY), DAYS, [DAY], ["Elapsed", "days_until", canonical(DAY)], False),
    (FirstKnown((VISITS, TWO)), COUNT, [VISITS, TWO], ["FirstKnown", [canonical(VISITS), canonical(TWO)]], True),
    (FirstKnown((TWO, HALF)), Type(Kind.COUNT), [TWO, HALF], ["FirstKnown", [canonical(TWO), canonical(HALF)]], False),
    (
        Lookup(MEDIA, (("b", 1), ("a", 2)), COUNT),
        COUNT,
        [MEDIA],
        ["Lookup", canonical(MEDIA), ["Type", "count", [], False], "('a', 2)", "('b', 1)"],
        True,
    ),
    (IfAbsent(DAY), DATE, [DAY], ["IfAbsent", canonical(DAY)], False),
    (
        Aggregate(Reduction.COUNT, "visits", where=AT_LEAST, within=MONTH, after=DAY),
        COUNT,
        [AT_LEAST, MONTH.size, DAY],  # type: ignore[list-item]
        [
            "Aggregate", "count", "visits", canonical(AT_LEAST), None, None,
            ["Window", ["Constant", "months", "3"], None], canonical(DAY), None,
        ],
        True,
    ),
    (
        Aggregate(Reduction.DISTINCT, "visits", take=PAID, within=YEAR),
        COUNT,
        [PAID],
        ["Aggregate", "distinct", "visits", None, None, canonical(PAID), ["Window", None, "year"], None, None],
        True,
    ),
    (
        Aggregate(Reduction.STREAK, "insurance", allow_gap=Constant(30, DAYS)),
        COUNT,
        [Constant(30, DAYS)],
        ["Aggregate", "streak", "insurance", None, None, None, None, None, ["Constant", "days", "30"]],
        True,
    ),
    (
        Aggregate(Reduction.SOME, "visits", that=AT_LEAST),
        BOOLEAN,
        [AT_LEAST],
        ["Aggregate", "some", "visits", None, canonical(AT_LEAST), None, None, None, None],
        False,
    ),
    (
        Aggregate(Reduction.EVERY, "visits", that=AT_LEAST),
        BOOLEAN,
        [AT_LEAST],
        ["Aggregate", "every", "visits", None, canonical(AT_LEAST), None, None, None, None],
        False,
    ),
    (
        Aggregate(Reduction.SUM, "visits", take=PAID),
        MONEY,
        [PAID],
        ["Aggregate", "sum", "visits", None, None, canonical(PAID), None, None, None],
        True,
    ),
    (
        Aggregate(Reduction.LATEST, "visits"),
        DATE,
        [],
        ["Aggregate", "latest", "visits", None, None, None, None, None, None],
        False,
    ),
    (Before(DAY, VISITS), COUNT, [DAY, VISITS], ["Before", canonical(DAY), canonical(VISITS)], True),
    (
        Reached("tier", (("vip", 12), ("super", 24)), Transition.RE_EVALUATE),
        BOOLEAN,
        [],
        ["Reached", "tier", [["vip", 12], ["super", 24]], "re_evaluate"],
        False,
    ),
]  # fmt: skip


def test_the_table_has_every_kind_of_node() -> None:
    assert {type(node) for node, *_ in TABLE} == set(NODES)


@pytest.mark.parametrize(
    ("node", "type_", "parts", "form", "whole"), TABLE, ids=[repr(node)[:40] for node, *_ in TABLE]
)
def test_every_node(node: Expr, type_: Type, parts: list[Expr], form: object, whole: bool) -> None:
    assert (type_of(node), list(children(node)), canonical(node)) == (type_, parts, form)
    assert is_whole(node, {"visits": TWO, "day": AsOf()}) is whole


def test_parents_come_before_their_parts_and_parts_in_order() -> None:
    both = All((AT_LEAST, Not(MEDIA)))
    assert list(walk(both)) == [both, AT_LEAST, VISITS, TWO, Not(MEDIA), MEDIA]


def test_where_windows_begin() -> None:
    """The day after which events count: the day before a calendar period begins, or so much before the day."""
    day = date(2014, 8, 31)
    windows = [
        None,
        YEAR,
        Window(None, "quarter"),
        Window(None, "month"),
        Window(None),
        MONTH,
        Window(Constant(3, DAYS)),
    ]
    assert [window_start(window, day) for window in windows] == [
        None,
        date(2013, 12, 31),
        date(2014, 6, 30),
        date(2014, 7, 31),
        date(2013, 12, 31),
        date(2014, 5, 31),
        date(2014, 8, 28),
    ]


def test_conditions_are_joined_flat() -> None:
    inner = All((MEDIA, VISITS))
    assert [
        all_of([]),
        all_of([MEDIA]),
        all_of([inner]),
        all_of([DAY, inner]),
        all_of([AnyOf((DAY,)), MEDIA]),
    ] == [
        All(()),
        MEDIA,
        inner,
        All((DAY, MEDIA, VISITS)),
        All((AnyOf((DAY,)), MEDIA)),
    ]


def test_a_type_for_several() -> None:
    """Equal types stay what they are, ordered ones too; several categories lose their order."""
    assert [
        any_of_types([LOW]),
        any_of_types([LOW, LOW]),
        any_of_types([LOW, Type(Kind.CATEGORY, ("high", "none"))]),
    ] == [
        LOW,
        LOW,
        Type(Kind.CATEGORY, ("low", "high", "none")),
    ]


@dataclass(frozen=True)
class Holder:
    """Frozen data made of nodes."""

    parameter: str
    when: Expr
    notes: list[object]


def test_canonical_form_of_data_made_of_nodes() -> None:
    """What is called `parameter` is left out; plain values stay, others become text."""
    notes: list[object] = [None, True, 3, "text", Fraction(1, 2), date(2014, 9, 1), (1, (2,))]
    assert canonical(Holder("p", AsOf(), notes)) == [
        "Holder",
        ["AsOf"],
        [None, True, 3, "text", "1/2", "2014-09-01", [1, [2]]],
    ]
    assert [canonical(TEXT), canonical(Constant("x", TEXT))] == [
        ["Type", "text", [], False],
        ["Constant", "text", "x"],
    ]


def test_the_words_of_the_language() -> None:
    """Words stand in policies' fingerprints and in generated text, so they are a contract."""
    assert {
        each.__name__: [word.value for word in each] for each in (Comparison, Operator, Reduction, Elapse)
    } == {
        "Comparison": ["is", "at_least", "more_than", "at_most", "less_than"],
        "Operator": ["add", "subtract", "multiply", "ratio", "whole_times", "min", "max"],
        "Reduction": ["count", "distinct", "sum", "some", "every", "latest", "earliest", "streak"],
        "Elapse": ["months_since", "days_since", "days_until"],
    }
    assert Member(AsOf(), ()) == Member(AsOf(), (), None)
    assert [AsOf(), Constant(1, COUNT), Window(None), Aggregate(Reduction.COUNT, "visits")] == [
        AsOf(),
        Constant(1, COUNT, None),
        Window(None, None),
        Aggregate(Reduction.COUNT, "visits", None, None, None, None, None, None),
    ]
