"""Corners: forms of policies and tables that nothing else reaches, held equal on the row path and on frames.

What stands here was found as lines and branches that no other test ran.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

pl = pytest.importorskip("polars")

import dealerrules as dr  # noqa: E402
from dealerrules.engines.columns import NEVER, either  # noqa: E402
from dealerrules.values import DATE, Kind, write_literal  # noqa: E402
from frames import as_kind, assert_rows_agree, from_kind, tables_of  # noqa: E402

D = date(2014, 9, 30)


def policy(facts: dict[str, str]) -> dr.PolicyBook:
    """Return a policy in which each fact is measured by a decision of its own."""
    lines = ["policy: p", "facts:", *(f"  {name}: {said}" for name, said in facts.items()), "decisions:"]
    for name in facts:
        lines += [
            f"  d_{name}: {{kind: stage, measure: {name}, stages: {STAGES[name[0]]}, when_absent: none}}"
        ]
    return dr.loads("\n".join([*lines, ""]))


#: Stages for facts by the first letter of their names: ratios, money, dates, counts.
STAGES = {
    "r": "{low: {from: 0%}, half: {from: 50%}, more: {over: 150%}}",
    "m": "{low: {from: 0 yuan}, high: {over: 100.50 yuan}}",
    "n": "{low: {from: 0}, high: {over: 0.5}}",
    "d": "{old: {from: 0001-01-01}, new: {from: 2014-01-01}}",
    "c": "{few: {from: 0}, some: {from: 2}, many: {from: 1000000000000}}",
}


def agree(
    book: dr.PolicyBook, records: list[dict[str, Any]], kinds: tuple[str, ...] = ("polars", "duckdb")
) -> None:
    """Hold every answer of a frame against the row path."""
    people = {f"X{at}": {**record, "customer_id": f"X{at}"} for at, record in enumerate(records)}
    answers = {id_: book.evaluate(record, as_of=D) for id_, record in people.items()}
    for kind in kinds:
        tables = {
            name: as_kind(table, kind) for name, table in tables_of(people.values(), "customer").items()
        }
        out = from_kind(book.evaluate_frame(tables, as_of=D), kind)
        assert_rows_agree(out, answers, "customer_id", book.decisions)


def visits(*days: str, **more: Any) -> list[dict[str, Any]]:
    """Return visits on these days."""
    return [{"visited_on": day, **more} for day in days]


PEOPLE = [
    {},
    {"visits": visits("2014-09-01", amount=Decimal("100.50"), kind="repair")},
    {"visits": visits("2014-09-01", "2014-01-01", "2013-12-31", amount=Decimal(7), kind="maintenance")},
    {"visits": visits("2014-02-28", "2014-03-31"), "household_brand_owners": 0, "media": True},
    {
        "visits": visits("2012-02-29", "2014-08-31", amount=Decimal("0.01")),
        "household_brand_owners": 3,
        "media": False,
        "vehicles": [{"purchased_on": "2010-05-05", "own_brand": True}],
        "contacts": [{"contacted_on": "2014-03-01", "purpose": "recall", "result": "refused"}],
    },
]


def test_arithmetic_on_shares() -> None:
    """Sums, differences, products, the smaller and the larger of shares, some of them over nothing."""
    share = "ratio: [repairs_past_year, visits_past_year]"
    other = "ratio: [household_brand_owners, visits_past_year]"
    facts = {
        "r_one": f"{{{share}}}",
        "r_other": f"{{{other}}}",
        "r_sum": "{add: [r_one, r_other]}",
        "r_rest": "{subtract: [100%, r_one]}",
        "r_less": "{subtract: [r_other, 10%]}",
        "r_min": "{min: [r_one, r_other]}",
        "r_max": "{max: [r_one, 60%]}",
        "r_least": "{min: [60%, r_other]}",
        "m_share": "{multiply: [spend_past_year, r_one]}",
        "n_both": "{multiply: [r_one, r_other]}",
    }
    agree(policy(facts), PEOPLE)


def test_shares_of_shares() -> None:
    """A share over a share, either way round, also where one of them is over nothing or is nothing."""
    facts = {
        "r_one": "{ratio: [repairs_past_year, visits_past_year]}",
        "r_two": "{ratio: [csi_surveys, visits_past_year]}",
        "r_of": "{ratio: [r_one, r_two]}",
        "r_back": "{ratio: [r_two, r_one]}",
    }
    surveyed = [{**each, "surveys": [{"surveyed_on": "2014-09-02", "source": "csi"}]} for each in PEOPLE]
    agree(policy(facts), [*PEOPLE, *surveyed], ("polars",))


def test_the_smaller_and_the_larger_of_numbers_and_days() -> None:
    """Where the policy's own number stands on either side."""
    facts = {
        "c_least": "{min: [3, visits_past_year]}",
        "c_most": "{max: [2, visits_past_year]}",
        "m_least": "{min: [50 yuan, spend_past_year]}",
        "d_first": "{min: [last_visit_on, first_purchase_on]}",
        "d_last": "{max: [last_visit_on, 2014-01-01]}",
    }
    agree(policy(facts), PEOPLE)


def test_events_after_a_day_that_may_be_unknown() -> None:
    """Events after another decision's date, after a date that is not known, and by how long ago they are."""
    facts = {
        "d_told": "{field: customer.attributes.d_told, type: date}",
        "c_after": "{count: visits, after: d_told}",
        "c_old": "{count: visits, where: {visited_on: {months_since: {at_least: 6 months}}}}",
        "c_new": "{count: visits, where: {visited_on: {days_since: {at_most: 30 days}}}}",
        "d_last": "{latest: visits, after: d_told}",
        "m_sum": "{sum: visits, take: amount, after: d_told}",
        "c_year": "{before: {latest: contacts}, fact: visits_past_year}",
        "c_quarter": "{before: {latest: contacts}, fact: c_this_quarter}",
        "c_this_quarter": "{count: visits, within: {calendar: quarter}}",
    }
    told = [{**each, "attributes": {"d_told": "2013-12-31"}} for each in PEOPLE]
    records = [*PEOPLE, *told]
    people = {f"X{at}": {**record, "customer_id": f"X{at}"} for at, record in enumerate(records)}
    book = policy(facts)
    answers = {id_: book.evaluate(record, as_of=D) for id_, record in people.items()}
    tables = tables_of(people.values(), "customer", {"d_told": DATE})
    assert_rows_agree(book.evaluate_frame(tables, as_of=D), answers, "customer_id", book.decisions)


def test_nothing_is_never_true() -> None:
    """A disjunction of nothing."""
    assert either([]) is NEVER


# ---------------------------------------------------------------------------------------------------
# How tables may come, and what is refused

CARE = dr.loads(
    """
policy: care
facts:
  scored: {sum: surveys, take: score}
  far: {field: customer.attributes.far, type: distance}
decisions:
  kept:
    kind: rules
    hit: collect
    outputs: {kept: {type: text}}
    rows:
      - {id: firm, when: {kind: company}, then: {kept: firm}}
      - {id: near, when: {region: 晋江}, then: {kept: near}}
      - {id: owners, when: {household_brand_owners: {at_least: 2}}, then: {kept: owners}}
      - {id: scored, when: {scored: {at_least: 9.5}}, then: {kept: scored}}
      - {id: away, when: {far: {at_least: 50 km}}, then: {kept: away}}
    otherwise: {kept: none}
"""
)


def kept(frame: Any, **more: Any) -> list[str]:
    """Return the words of a table's rows that hold, of each customer."""
    out = CARE.evaluate_frame({"customers": frame, **more}, as_of=D)
    return [CARE.decisions["kept"].rules_in(mask) for mask in out["kept.true"].to_list()]


@pytest.mark.parametrize(
    "dtype",
    [pl.String, pl.Categorical, pl.Enum(["company", "individual"])],
    ids=["text", "categorical", "enum"],
)
def test_words_may_come_as_categories(dtype: Any) -> None:
    """A column of words as text, as categories or as an enumeration."""
    kinds = pl.Series("kind", ["company", "individual", None]).cast(dtype)
    people = pl.DataFrame({"customer_id": ["C1", "C2", "C3"], "kind": kinds})
    assert kept(people) == [("firm",), (), ()]


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt32, pl.Int64, pl.Decimal(10, 0)], ids=str)
def test_counts_may_come_as_any_whole_number(dtype: Any) -> None:
    """Of any width, and as decimals without places."""
    owners = pl.Series("household_brand_owners", [3, 1, None], dtype=dtype)
    people = pl.DataFrame({"customer_id": ["C1", "C2", "C3"], "household_brand_owners": owners})
    assert kept(people) == [("owners",), (), ()]


def test_one_table_may_be_lazy_and_another_not() -> None:
    """Then the answer is lazy."""
    people = pl.LazyFrame({"customer_id": ["C1", "C2"]})
    surveys = pl.DataFrame({"customer_id": ["C2"], "surveyed_on": [D], "score": [Decimal("9.5")]})
    out = CARE.evaluate_frame({"customers": people, "surveys": surveys}, as_of=D)
    assert isinstance(out, pl.LazyFrame)
    assert out.sort("customer_id").collect()["kept.true"].to_list()[1] != 0


def refused(tables: dict[str, Any]) -> list[str]:
    """Return what is said of tables that cannot be read, in English and Chinese."""
    with pytest.raises(dr.RecordError) as caught:
        CARE.evaluate_frame(tables, as_of=D)
    return [caught.value.text("en"), caught.value.text("zh")]


@pytest.mark.parametrize(
    ("column", "values", "english", "chinese"),
    [
        ("kind", [1, 2], "text is needed, not `Int64`", "需要文本，而不是 `Int64`"),
        ("region", [1.5, 2.5], "floats are not exact: cast `Float64` to Decimal or to whole numbers", None),
        (
            "household_brand_owners",
            [1.0, 2.0],
            "floats are not exact: cast `Float64` to Decimal or to whole numbers",
            None,
        ),
        (
            "household_brand_owners",
            ["1", "2"],
            "a whole number is needed, not `String`",
            "需要整数，而不是 `String`",
        ),
        ("attributes.far", ["1", "2"], "a Decimal or a whole number is needed, not `String`", None),
        (
            "attributes.far",
            [1.5, 2.5],
            "floats are not exact: cast `Float64` to Decimal or to whole numbers",
            None,
        ),
        (
            "attributes.far",
            [Decimal("0.1234567"), Decimal(2)],
            "`Decimal(precision=38, scale=7)` has more than 6 decimals: cast it to Decimal(18, 6)",
            None,
        ),
    ],
)
def test_columns_of_another_type_are_refused(
    column: str, values: list[Any], english: str, chinese: str | None
) -> None:
    """Each with the column, what is needed and what came."""
    said = refused({"customers": pl.DataFrame({"customer_id": ["C1", "C2"], column: values})})
    assert said[0] == f"customers: {column}: {english}"
    assert chinese is None or said[1] == f"customers：{column}：{chinese}"


def test_a_day_that_is_a_number_is_refused() -> None:
    """A date column of whole numbers."""
    people = pl.DataFrame({"customer_id": ["C1"]})
    surveys = pl.DataFrame({"customer_id": ["C1"], "surveyed_on": [20140930], "score": [Decimal(1)]})
    assert refused({"customers": people, "surveys": surveys}) == [
        "surveys: surveyed_on: a date is needed, not `Int64`",
        "surveys：surveyed_on：需要日期，而不是 `Int64`",
    ]


def test_events_without_their_day_are_refused() -> None:
    """A table of events that has no column of dates."""
    people = pl.DataFrame({"customer_id": ["C1"]})
    surveys = pl.DataFrame({"customer_id": ["C1"], "score": [Decimal(1)]})
    assert refused({"customers": people, "surveys": surveys}) == [
        "surveys: surveyed_on: the column is missing",
        "surveys：surveyed_on：缺少这一列",
    ]


def test_a_pandas_column_of_several_types_is_refused() -> None:
    """As people's spreadsheets have them: numbers and words in one column."""
    pd = pytest.importorskip("pandas")
    people = pd.DataFrame({"customer_id": ["C1", "C2"], "region": ["晋江", 7]})
    english, chinese = refused({"customers": people})
    assert english.startswith("customers: region: the column holds values of several types: ")
    assert chinese.startswith("customers：region：该列混有多种类型的值：")


def test_without_polars_other_frames_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pandas frame where polars is not installed."""
    pd = pytest.importorskip("pandas")
    people = pd.DataFrame({"customer_id": ["C1"]})
    monkeypatch.setitem(sys.modules, "polars", None)
    assert refused({"customers": people}) == [
        'customers: pandas and pyarrow frames need polars: pip install "dealerrules[frames]"',
        'customers：pandas 和 pyarrow 的表需要 polars：pip install "dealerrules[frames]"',
    ]


@pytest.mark.parametrize("kind", ["polars", "duckdb"])
def test_a_row_with_attributes_and_a_household_is_explained_as_its_record_is(kind: str) -> None:
    """The owners of a household are counted from the table, and attributes are read from their columns."""
    people = pl.DataFrame(
        {
            "customer_id": ["C1", "C2", "C3"],
            "household_id": ["H1", "H1", None],
            "attributes.far": [Decimal(60), None, Decimal("49.999999")],
        }
    )
    vehicles = pl.DataFrame({"customer_id": ["C1", "C2"], "own_brand": [True, True], "purchased_on": [D, D]})
    tables = {"customers": as_kind(people, kind), "vehicles": as_kind(vehicles, kind)}
    found = CARE.explain_row(tables, "C1", as_of=D).text
    record = {
        "customer_id": "C1",
        "household_id": "H1",
        "household_brand_owners": 2,
        "attributes": {"far": Decimal(60)},
        "vehicles": [{"own_brand": True, "purchased_on": D}],
    }
    assert CARE.evaluate(record, as_of=D)["kept"].because == ("owners", "away")
    assert found == CARE.evaluate(record, as_of=D).explain().text


# ---------------------------------------------------------------------------------------------------
# Answers


def test_outcomes_are_equal_where_they_say_the_same() -> None:
    """By what they say, never to something else; and equal ones are one in a set."""
    first, second, other = (
        CARE.evaluate({"customer_id": "C1", "region": region}, as_of=D)["kept"]
        for region in ("晋江", "晋江", "外地")
    )
    assert (first == second, first == other, first == "kept") == (True, False, False)
    assert len({first, second, other}) == 2


def test_no_more_verdicts_are_kept_than_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    """When as many combinations of rules were seen as are kept, they are forgotten, and answers stay the same."""
    monkeypatch.setattr("dealerrules.answer.VERDICTS_KEPT", 2)
    book = dr.loads(policy_text(6))
    said = [
        book.evaluate_facts("customer", {"visits_past_year": n}, as_of=D)["d"].value
        for n in (0, 1, 2, 3, 4, 5, 0)
    ]
    assert said == ["0", "1", "2", "3", "4", "5", "0"]


def policy_text(rows: int) -> str:
    """Return a table that says how many visits there were."""
    said = ", ".join(
        f"{{id: r{n}, when: {{visits_past_year: {n}}}, then: {{d: '{n}'}}}}" for n in range(rows)
    )
    return (
        "policy: p\ndecisions: {d: {kind: rules, hit: unique, outputs: {d: {type: text}}, "
        f"rows: [{said}]}}}}\n"
    )


def test_an_attribute_of_another_type_is_the_records_fault() -> None:
    """Named with the customer and the attribute."""
    with pytest.raises(dr.RecordError) as caught:
        CARE.evaluate({"customer_id": "C7", "attributes": {"far": "far away"}}, as_of=D).to_dict()
    assert (
        caught.value.text("en")
        == "customer C7, attributes.far: a number is needed, not `far away`; pass a Decimal or a whole number"
    )


def test_a_fact_with_a_broken_unit_is_refused() -> None:
    """Half a fen is no amount, and half a month no time."""
    book = dr.loads(
        "policy: p\ndecisions: {d: {kind: stage, measure: spend_past_year, stages: {some: {from: 0 yuan}}}}"
    )
    with pytest.raises(dr.RecordError, match=r"customer, spend_past_year: "):
        book.evaluate_facts("customer", {"spend_past_year": "1.005 yuan"}, as_of=D)


def test_a_program_of_a_day_before_everything_is_refused() -> None:
    """There is nothing to compile before the first version."""
    book = dr.loads(f"policy: p\neffective: {{from: 2014-01-01}}\n{policy_text(2).partition(chr(10))[2]}")
    with pytest.raises(ValueError, match=r"^nothing is in force on 2013-12-31$"):
        book.program("customer", ["d"], as_of=date(2013, 12, 31))


# ---------------------------------------------------------------------------------------------------
# Dates that are text, rates, what is not installed


def test_text_that_is_no_day_is_the_tables_fault() -> None:
    """Whatever the backend raises on the way, it comes out as a fault of the table."""
    people = pl.DataFrame({"customer_id": ["C1"]})
    surveys = pl.DataFrame({"customer_id": ["C1"], "surveyed_on": ["30.9.2014"], "score": [Decimal(1)]})
    english, chinese = refused({"customers": people, "surveys": surveys})
    assert english.startswith("surveys: the table cannot be read: ")
    assert chinese.startswith("surveys：无法读取该表：")


def test_rates_by_a_column_of_another_type() -> None:
    """An enumeration is read as its words; a column that cannot be what it is, is refused."""
    book = dr.load(Path(__file__).parents[1] / "policies")
    visited = pl.DataFrame({"customer_id": ["C1", "C2"], "visited_on": [date(2013, 1, 1)] * 2})
    regions = pl.Series("attributes.zone", ["a", "b"]).cast(pl.Enum(["a", "b"]))
    people = pl.DataFrame({"customer_id": ["C1", "C2"], "attributes.zone": regions})
    tables = {"customers": people, "visits": visited}
    found = book.rates(tables, period="2014-09", rates=["recovery_rate"], by="attributes.zone")
    assert list(found["recovery_rate"].groups) == ["a", "b"]
    assert repr(found) == "<Rates 2014-09: <recovery_rate 2014-09: 0 (0/2)>>"
    assert found.text("en") == found["recovery_rate"].text("en")
    wrong = {"customers": people.with_columns(region=pl.Series([1.5, 2.5])), "visits": visited}
    with pytest.raises(dr.RecordError, match="customers: region: floats are not exact"):
        book.rates(wrong, period="2014-09", rates=["recovery_rate"], by="region", check=False)


def test_no_literal_says_parts_of_a_fen() -> None:
    """So no policy can be written with one."""
    assert write_literal(Fraction(1, 3), Kind.MONEY) is None
    assert write_literal(Fraction(6, 2), Kind.MONEY) == "0.03 yuan"


@pytest.mark.parametrize("name", ["hypothesis", "polars"])
def test_what_is_not_installed_is_named_when_it_is_needed(name: str) -> None:
    """Strategies need Hypothesis and tables need polars; whoever asks is told what to install, in both languages."""
    program = {
        "hypothesis": "import dealerrules.testing as t\nt.records",
        "polars": "import dealerrules.tables as t\nt.read_store('.', as_of='2014-09-30')",
    }[name]
    blocked = f"import sys\nsys.modules[{name!r}] = None\n{program}"
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, env=variables, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    extra = {"hypothesis": "testing", "polars": "frames"}[name]
    assert (done.returncode, f'pip install "dealerrules[{extra}]"' in last) == (1, True)
