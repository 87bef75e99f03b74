"""What truths of rules mean together, in columns: every combination of truths, against the verdict of each row.

As test_frame_columns.py, nothing here asks a query while it is collected.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

pl = pytest.importorskip("polars")
import narwhals as nw  # noqa: E402

import dealerrules as dr  # noqa: E402
from dealerrules.engines.columns import (  # noqa: E402
    MAX_64,
    Algebra,
    Backend,
    Column,
    Flags,
    constant,
    either,
)
from dealerrules.engines.flat import Flat, Truths, level_in, settled  # noqa: E402
from dealerrules.expr import Operator  # noqa: E402
from dealerrules.policy.model import AnyDecision, Hit, Offer, Payout, Rules, Stage, Tier  # noqa: E402
from dealerrules.values import (  # noqa: E402
    ABSENT,
    DAYS,
    MONEY,
    MONTHS,
    RATIO,
    TEXT,
    Type,
)
from dealerrules.verdict import Status, Verdict, answer_value, level_range, settle, verdict  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
from frame_parts import OPERANDS, algebra, crossed, held_as, kleene, said, same, worked_out  # noqa: E402

# ---------------------------------------------------------------------------------------------------
# Flat: what truths of rules mean together


def rules_of(hit: str, rows: str, outputs: str = "{say: {type: text}}", otherwise: str = "") -> str:
    """Return a rules table; its rows are written `a=cells b=cells`."""
    facts = ["media", "influential", "out_of_reach", "in_territory"]
    listed = ", ".join(
        f"{{id: {row.split('=')[0]}, when: {{{facts[at]}: true}}, then: {row.partition('=')[2]}}}"
        for at, row in enumerate(rows.split(" | "))
    )
    more = f", otherwise: {otherwise}" if otherwise else ""
    return f"{{kind: rules, subject: customer, hit: {hit}, outputs: {outputs}, rows: [{listed}]{more}}}"


ABC = "a={say: A} | b={say: B} | c={say: C}"
AAB = "a={say: A} | b={say: A} | c={say: B}"
WORDS_OF_TWO = "{type: category, options: [low, high]}"
TWO = f"{{one: {WORDS_OF_TWO}, two: {{type: money}}}}"
TWICE = "a={one: low, two: 1.50 yuan} | b={one: high, two: 0 yuan} | c={one: low, two: 1.50 yuan}"
NUMBERS = "a={say: 1.25} | b={say: 30} | c={say: -0.5}"
TABLES_OF_RULES = {
    f"{hit} {label}": rules_of(hit, *more)
    for hit in ("unique", "first", "any", "collect", "priority")
    for label, more in {
        "one": ("a={say: A}",),
        "one or": ("a={say: A}", "{say: {type: text}}", "{say: B}"),
        "one or itself": ("a={say: A}", "{say: {type: text}}", "{say: A}"),
        "two": ("a={say: A} | b={say: B}",),
        "two alike": ("a={say: A} | b={say: A}",),
        "two alike or": ("a={say: A} | b={say: A}", "{say: {type: text}}", "{say: B}"),
        "three": (ABC,),
        "three or": (ABC, "{say: {type: text}}", "{say: D}"),
        "three or the first": (ABC, "{say: {type: text}}", "{say: A}"),
        "some alike": (AAB,),
        "some alike or": (AAB, "{say: {type: text}}", "{say: B}"),
        "outputs": (TWICE, TWO),
        "outputs or": (TWICE, TWO, "{one: high, two: 3 yuan}"),
        "numbers or": (NUMBERS, "{say: {type: number}}", "{say: 7}"),
    }.items()
}
TABLES_OF_RULES |= {
    f"first of {kind}": rules_of(
        "first", rows, f"{{say: {{type: {kind}}}}}" if kind != "words" else f"{{say: {WORDS_OF_TWO}}}"
    )
    for kind, rows in {
        "count": "a={say: 3} | b={say: 0}",
        "money": "a={say: 3 yuan} | b={say: 0.05 yuan}",
        "ratio": "a={say: 30%} | b={say: 12.5%}",
        "number": "a={say: 3} | b={say: 12}",
        "boolean": "a={say: true} | b={say: false}",
        "words": "a={say: low} | b={say: high}",
        "texts": "a={say: [x, y]} | b={say: [z]}",
    }.items()
}
LEVELS = "{kind: tier, levels: {gold: {}, silver: {}, rest: {}}, angles: ANGLES}"
TIERS = {
    "two angles": "{one: {gold: [{id: g, when: {media: true}}], silver: [{id: s, when: {influential: true}}]}, "
    "two: {silver: [{id: t, when: {in_territory: true}}]}}",
    "one rule": "{one: {gold: [{id: g, when: {media: true}}]}}",
    "an angle without rules": "{one: {gold: [{id: g, when: {media: true}}]}, two: {}}",
    "the lower only": "{one: {silver: [{id: s, when: {media: true}}, {id: t, when: {influential: true}}]}}",
}
STAGE = (
    "{kind: stage, measure: months_since_last_visit, stages: {late: {from: 6 months}, gone: {from: 20 months}}, "
    "when_absent: never, first: {apart: {when: {out_of_reach: true}}}}"
)
OFFER = (
    "{kind: offer, subject: customer, measure: visits_past_year, bands: [{id: one, from: 1, always: [wash]}, "
    "{id: two, from: 3, always: [wash]}]}"
)
PAYS = (
    "{kind: payout, subject: customer, payee: staff, measure: visits_past_year, bands: [{id: few, from: 1, pays: 1 yuan}, "
    "{id: some, from: 3, pays: 2 yuan}]}"
)
DECIDING = {
    **TABLES_OF_RULES, **{f"tier of {name}": LEVELS.replace("ANGLES", angles) for name, angles in TIERS.items()},
    "stage": STAGE, "offer": OFFER, "payout": PAYS, "payout of one band": PAYS.replace(", {id: some, from: 3, pays: 2 yuan}", ""),
}  # fmt: skip


@cache
def deciding(name: str) -> AnyDecision:
    """Return the one decision of a policy."""
    items = "items: {wash: {title: {zh: 洗车, en: wash}, value: 30 yuan}}\n"
    return dr.loads(f"policy: p\n{items}decisions: {{d: {DECIDING[name]}}}\n").decisions["d"]


def masked(truths: Iterable[Any]) -> tuple[int, int]:
    """Return the masks of true and of unknown rules."""
    listed = list(truths)
    return (
        sum(1 << at for at, truth in enumerate(listed) if truth is True),
        sum(1 << at for at, truth in enumerate(listed) if truth is None),
    )


def shown(value: Any, type_: Type | None) -> Any:
    """Return a cell of a rules table as a frame holds it."""
    if type_ == MONEY:
        return Decimal(value) / 100
    return Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value


def meant_by(decision: AnyDecision, found: Verdict) -> dict[str, Any]:
    """Return the columns of a decision in a row, without masks."""
    made: dict[str, Any] = {".status": found.status.value}
    match decision:
        case Tier():
            ids = [rule.id for rule in decision.rules]
            because = sum(1 << ids.index(rule) for rule in found.because)
            return {
                **made,
                "": found.answer,
                **{f".{a}": level for a, level in found.angles.items()},
                ".because": because,
            }
        case Stage() | Offer():
            return {**made, "": found.answer}
        case Payout():
            return made
        case Rules():
            rows = " ".join(found.rows) or None
            if decision.hit is Hit.COLLECT:
                return {**made, "": rows}
            said_: Any = found.cells if found.status is Status.DECIDED else None
            values = {
                each.id: None if said_ is None else shown(said_[each.id], each.type)
                for each in decision.outputs
            }
            if any(each.type is None for each in decision.outputs):
                return {**made, "": rows}
            if len(values) == 1:
                return {**made, "": next(iter(values.values()))}
            return {**made, "": rows, **{f".{name}": value for name, value in values.items()}}


def truths_of(count: int, sure: Sequence[int] = ()) -> tuple[dict[str, Any], Truths, list[tuple[Any, ...]]]:
    """Return every combination of truths of some rules, those that are `sure` never unknown."""
    names = [f"{'s' if at in sure else 'r'}{at}" for at in range(count)]
    data, flags, rows = kleene(*names)
    parts = list(flags.values())
    return data, Truths(tuple(each.true for each in parts), tuple(each.unknown for each in parts)), rows


MEASURE = Column(MONTHS, nw.lit(7, nw.Int64), unknown=False, most=7)


def rows_written(columns: Mapping[str, nw.Expr], data: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Return the columns' names and types, and the rows."""
    count = len(next(iter(data.values())))
    frame = pl.DataFrame({**data, "padding": pl.Series([0] * count)}).lazy()
    asked = {f"d{name}": value for name, value in columns.items()}
    native = nw.to_native(nw.from_native(frame).with_columns(**asked).select(*asked))
    out = native.collect()
    types = "".join(f"d{name}: {held_as(out.schema[f'd{name}'])}\n" for name in columns)
    return types, [{name[1:]: value for name, value in row.items()} for row in out.to_dicts()]


SURE = [(name, "none") for name in DECIDING] + [
    (name, sure)
    for name in DECIDING
    for sure in ("last", "all")
    if not name.startswith("first of")
    and not name.endswith((" one", "itself", "numbers or", "outputs", " two alike"))
]


@pytest.mark.parametrize(("name", "sure"), SURE)
def test_a_decision_in_columns_is_the_verdict_of_each_row(name: str, sure: str) -> None:
    """Every combination of truths; some rules never unknown."""
    decision = deciding(name)
    count = len(decision.rules)
    never = {"none": [], "first": [0], "last": [count - 1], "all": range(count)}[sure]
    data, truths, rows = truths_of(count, list(never))
    amount = nw.when(either([Flags(each) for each in truths.true]).true).then(nw.lit(250, nw.Int64))
    columns = Flat(algebra()).columns(decision, truths, MEASURE, amount)
    types, found = rows_written(columns, data)
    meant = []
    for row in rows:
        true, unknown = masked(row)
        cells = meant_by(decision, verdict(decision, true, unknown)) | {".true": true, ".unknown": unknown}
        if isinstance(decision, Stage):
            cells |= {".measure": 7}
        if isinstance(decision, Payout):
            band = next((each.id for each, truth in zip(decision.rules, row, strict=True) if truth), None)
            cells |= {
                "": Decimal("2.50") if band else None,
                ".band": band,
                ".status": "decided" if band else "undefined",
            }
        meant.append(cells)
    assert found == meant
    same("frame-decisions.txt", f"{name}, sure: {sure}", types)


@pytest.mark.parametrize(
    "name", ["first two", "first outputs", "tier of two angles", "stage", "offer", "payout"]
)
def test_words_are_plain_text_but_on_polars(name: str) -> None:
    decision = deciding(name)
    data, truths, _ = truths_of(len(decision.rules))
    flat = Flat(Algebra(Backend.DUCKDB))
    types, _ = rows_written(flat.columns(decision, truths, MEASURE, nw.lit(100, nw.Int64)), data)
    same("frame-decisions.txt", f"{name}, plain text", types)


NO_FACT = ("tier", "payout", "collect", "first of texts")


@pytest.mark.parametrize(
    "name", [name for name in DECIDING if not name.startswith(NO_FACT) and "outputs" not in name]
)
@pytest.mark.parametrize("sure", ["none", "all"])
def test_a_decision_as_a_fact_is_its_answer_once_decided(name: str, sure: str) -> None:
    decision = deciding(name)
    type_ = decision.outputs[0].type if isinstance(decision, Rules) else TEXT
    assert type_ is not None
    count = len(decision.rules)
    data, truths, rows = truths_of(count, list(range(count)) if sure == "all" else [])
    state, values = worked_out({"it": Flat(algebra()).as_fact(decision, truths, type_)}, data)["it"]
    meant = [answer_value(decision, verdict(decision, *masked(row)), None) for row in rows]
    assert values == meant
    same("frame-decisions.txt", f"{name} as a fact, sure: {sure}", f"{state}\n")


@pytest.mark.parametrize(
    "allowed",
    [("gold",), ("silver",), ("rest",), ("gold", "silver"), ("gold", "rest"), ("gold", "silver", "rest"), ()],
)
@pytest.mark.parametrize("angle", [None, "one", "two"])
@pytest.mark.parametrize("sure", ["none", "all", "first"])
def test_whether_a_level_is_among_some(allowed: tuple[str, ...], angle: str | None, sure: str) -> None:
    """True or false where every level that it may turn out to be says so."""
    tier = deciding("tier of two angles")
    assert isinstance(tier, Tier)
    never = {"none": [], "first": [0], "all": [0, 1, 2]}[sure]
    data, truths, rows = truths_of(3, never)
    made = level_in(tier, truths, angle, allowed)
    names = [level.id for level in tier.levels]
    meant: list[bool | None] = []
    for row in rows:
        holds = {rule.id for rule, truth in zip(tier.rules, row, strict=True) if truth}
        open_ = {rule.id for rule, truth in zip(tier.rules, row, strict=True) if truth is None}
        granted, best = level_range(tier, angle, holds, open_)
        inside = {names[place] in allowed for place in range(best, granted + 1)}
        meant.append(inside.pop() if len(inside) == 1 else None)
    assert said({"it": made}, data) == {"it": meant}
    mine = [at for at, rule in enumerate(tier.rules) if angle in {None, rule.angle}]
    assert (made.false is None) == set(mine).issubset(never)


def test_an_angle_without_rules_is_of_the_last_level() -> None:
    tier = deciding("tier of an angle without rules")
    assert isinstance(tier, Tier)
    for sure in ([], [0]):
        data, truths, rows = truths_of(1, sure)
        found_ = said(
            {name: level_in(tier, truths, "two", (name,)) for name in ("gold", "silver", "rest")}, data
        )
        assert found_ == {
            "gold": [False] * len(rows),
            "silver": [False] * len(rows),
            "rest": [True] * len(rows),
        }


def test_a_tier_without_rules() -> None:
    text = LEVELS.replace("ANGLES", "{one: {}}")
    tier = dr.loads(f"policy: p\ndecisions: {{d: {text}}}\n").decisions["d"]
    _, rows = rows_written(Flat(algebra()).columns(tier, Truths((), ()), None, None), {"x": [1]})
    assert rows == [
        {".true": 0, ".unknown": 0, "": "rest", ".one": "rest", ".status": "decided", ".because": 0}
    ]


def test_no_word_of_nothing() -> None:
    types, rows = rows_written(
        {"": Flat(algebra()).words([], ["a", "b"]), ".text": Flat(algebra()).words([], [])}, {"x": [1]}
    )
    assert (types, rows) == ("d: words a, b\nd.text: String\n", [{"": None, ".text": None}])


@pytest.mark.parametrize("count", [1, 29, 30, 31, 59, 60, 61, 90, 120, 121])
def test_masks_of_many_rules(count: int) -> None:
    """60 rules a word, in halves of 30; where nothing may be unknown the mask is 0."""
    patterns = [[True] * count, [False] * count, [None] * count]
    patterns += [[(True, False, None)[(at * 7 + turn) % 3] for at in range(count)] for turn in range(3)]
    data: dict[str, Any] = {}
    for at in range(count):
        data[f"t{at}"] = pl.Series([row[at] is True for row in patterns])
        data[f"u{at}"] = pl.Series([row[at] is None for row in patterns])
    truths = Truths(
        tuple(nw.col(f"t{at}") for at in range(count)), tuple(nw.col(f"u{at}") for at in range(count))
    )
    types, found = rows_written(truths.masks(), data)
    words = range(max(1, -(-count // 60)))
    suffixes = [f".{word}" if word else "" for word in words]
    assert types == "".join(
        f"d.{kind}{suffix}: Int64\n" for suffix in suffixes for kind in ("true", "unknown")
    )
    for row, cells in zip(patterns, found, strict=True):
        true, unknown = masked(row)
        for word, suffix in zip(words, suffixes, strict=True):
            assert cells[f".true{suffix}"] == true >> 60 * word & (1 << 60) - 1
            assert cells[f".unknown{suffix}"] == unknown >> 60 * word & (1 << 60) - 1
    sure = Truths(truths.true, (None,) * count)
    assert rows_written({"": sure.word(sure.unknown, 0)}, data) == ("d: Int64\n", [{"": 0}] * len(patterns))


def test_a_tier_of_more_rules_than_a_word_holds() -> None:
    gold = ", ".join(f"{{id: g{at}, when: {{visits_past_year: {at}}}}}" for at in range(50))
    silver = ", ".join(f"{{id: s{at}, when: {{visits_past_year: {at}}}}}" for at in range(75))
    text = LEVELS.replace("ANGLES", f"{{one: {{gold: [{gold}], silver: [{silver}]}}}}")
    tier = dr.loads(f"policy: p\ndecisions: {{d: {text}}}\n").decisions["d"]
    patterns = [[at == held for at in range(125)] for held in (0, 30, 49, 50, 59, 60, 61, 119, 120, 124)]
    patterns += [[False] * 125, [at % 3 == 0 for at in range(125)], [at > 70 for at in range(125)]]
    data = {f"t{at}": pl.Series([row[at] for row in patterns]) for at in range(125)}
    truths = Truths(tuple(nw.col(f"t{at}") for at in range(125)), (None,) * 125)
    _, found = rows_written(Flat(algebra()).columns(tier, truths, None, None), data)
    ids = [rule.id for rule in tier.rules]
    for row, cells in zip(patterns, found, strict=True):
        true, _ = masked(row)
        meant = verdict(tier, true, 0)
        because = sum(1 << ids.index(rule) for rule in meant.because)
        part = (1 << 60) - 1
        assert cells == {
            "": meant.answer, ".one": meant.answer, ".status": "decided",
            ".true": true & part, ".true.1": true >> 60 & part, ".true.2": true >> 120,
            ".unknown": 0, ".unknown.1": 0, ".unknown.2": 0,
            ".because": because & part, ".because.1": because >> 60 & part, ".because.2": because >> 120,
        }  # fmt: skip


NUMBERED = {
    **{name: each.column for name, each in OPERANDS.items()},
    "yuan": replace(OPERANDS["sure"].column, type=MONEY),
    "tenths of a yuan": replace(OPERANDS["sure"].column, type=MONEY, scale=10),
    "yuan over": replace(OPERANDS["share"].column, type=MONEY, scale=1),
    "months over": replace(OPERANDS["share"].column, type=MONTHS, scale=1),
    "months": replace(OPERANDS["count"].column, type=MONTHS),
    "halves of a day": replace(OPERANDS["count"].column, type=DAYS, scale=2),
    "ratio over the most of 64 bits": replace(
        OPERANDS["sure"].column, type=RATIO, over=nw.lit(7, nw.Int64), over_most=MAX_64
    ),
    "wide yuan": OPERANDS["wide"].column,
    "wide ratio": replace(
        OPERANDS["wide"].column, type=RATIO, scale=3, over=nw.lit(7, nw.Int64), over_most=MAX_64
    ),
}


def of_operand(name: str) -> str:
    """Return the operand in which a column of this name stands."""
    by = {
        "yuan": "sure",
        "tenths": "sure",
        "ratio": "sure",
        "months": "count",
        "halves": "count",
        "wide": "wide",
    }
    return name if name in OPERANDS else "share" if name.endswith("over") else by[name.partition(" ")[0]]


@pytest.mark.parametrize("name", [name for name in NUMBERED if name != "dated"])
def test_a_measure_as_columns_of_an_outcome(name: str) -> None:
    column = NUMBERED[name]
    data, rows = crossed([of_operand(name)])
    types, found = rows_written(Flat(algebra()).number(column, ".measure"), data)
    values = []
    for row in found:
        value, by = row[".measure"], row.get(".measure.over", 1)
        assert value is None or by is not None
        assert value is not None or by in {None, 1}
        values.append(None if value is None else Fraction(value) / int(by))
    base = OPERANDS[of_operand(name)].column.scale
    shift = 100 if ".measure.over" not in found[0] and column.type == MONEY else 1
    over = 7 if name in {"wide ratio", "ratio over the most of 64 bits"} else 1
    meant = [row[of_operand(name)] for row in rows]
    assert values == [
        None if each is None or each is ABSENT else each * base / column.scale / over / shift
        for each in meant
    ]
    same("frame-decisions.txt", f"measure {name}", types)


TWO_BOUNDS = "cap: 5 yuan, floor: 1 yuan, "
SETTLED: list[tuple[str, str, str | None]] = [
    *((rounding, TWO_BOUNDS, None) for rounding in ("half_up to 1 fen", "half_even to 1 yuan", "up to 1 yuan", "down to 10 yuan")),
    *(("half_up to 1 fen", bounds, None) for bounds in ("", "cap: 5 yuan, ", "floor: 1 yuan, ")),
    *(("half_up to 1 fen", TWO_BOUNDS, times) for times in ("count", "micro", "share", "ratio", "three", "less")),
]  # fmt: skip


@pytest.mark.parametrize(("rounding", "bounds", "times"), SETTLED)
def test_a_payout_is_settled_as_its_receipt_says(rounding: str, bounds: str, times: str | None) -> None:
    """Two bands, one of two lines: whole and parts of a fen, unknown units, a multiplier that is not whole."""
    text = (
        f"{{kind: payout, subject: repair_order, payee: staff, measure: amount, {bounds}rounding: {rounding}, bands: ["
        "{id: few, from: 1 yuan, pays: 1.50 yuan}, {id: many, over: 9 yuan, pays_percent: 30%, basis: excess}]}"
    )
    payout = dr.loads(f"policy: p\ndecisions: {{d: {text}}}\n").decisions["d"]
    assert isinstance(payout, Payout)
    names = ["micro", "sure"] + ([times] if times in {"count", "share", "ratio"} else [])
    data, rows = crossed(names)
    units = replace(OPERANDS["micro"].column, type=MONEY)
    share = constant(Fraction(3, 10), RATIO)
    many = algebra().arithmetic(Operator.MULTIPLY, units, share, MONEY)
    first, second = (rule.id for rule in payout.rules)
    lump = constant(150, MONEY)
    lines = {first: [(None, lump)], second: [(None, lump), (units, many)]}
    truth = {first: nw.col("sure") >= 3, second: nw.col("sure") == 2}
    column = settled(
        algebra(),
        payout,
        [truth[rule.id] for rule in payout.rules],
        lines,
        OPERANDS[times].column if times else None,
    )
    state, values = worked_out({"it": column}, data)["it"]
    meant: list[Any] = []
    for row in rows:
        by = {None: 1, "three": 3, "less": Fraction(-5, 2)}.get(times) or row[times or ""]
        whole = int(by) if isinstance(by, int | Fraction) and Fraction(by).denominator == 1 else None
        rule = first if row["sure"] >= 3 else second if row["sure"] == 2 else None
        paid = row["micro"]
        held = [(None, 150)] + (
            [(paid, None if paid is None else paid * Fraction(3, 10))] if rule == second else []
        )
        receipt = settle(payout, rule, held, whole) if rule else None  # type: ignore[arg-type]
        meant.append(receipt[0] if receipt else None)
    assert values == meant
    same("frame-decisions.txt", f"settled {rounding}, {bounds}times {times}", f"{state}\n")


def test_a_payout_of_one_band_without_rounding() -> None:
    """Whole fen stay as they are, and so do bounds."""
    text = "{kind: payout, subject: repair_order, payee: staff, measure: amount, bands: [{id: a, from: 1 yuan, pays: 1.51 yuan}]}"
    payout = dr.loads(f"policy: p\ndecisions: {{d: {text}}}\n").decisions["d"]
    assert isinstance(payout, Payout)
    data, rows = crossed(["sure"])
    lines = {payout.rules[0].id: [(None, constant(151, MONEY))]}
    column = settled(algebra(), payout, [nw.col("sure") >= 3], lines, None)
    found = worked_out({"it": column}, data)["it"]
    assert found == (
        "money, 1/1, most 151, unknown, negative; Int64",
        [151 if row["sure"] >= 3 else None for row in rows],
    )


def prepared() -> None:
    """Work out what needs no frame: called once before the mutants of the engine are run."""
    for name in DECIDING:
        deciding(name)
