"""Advice in explanations, in frames and in the command `advise`: the same as of each record, and whole messages."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import random
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pl = pytest.importorskip("polars")

import dealerrules as dr  # noqa: E402
from dealerrules.advice.outlook import outlook  # noqa: E402
from dealerrules.advice.step_columns import small_table, value_of  # noqa: E402
from dealerrules.advice.steps import Advisor, advisor  # noqa: E402
from dealerrules.analysis.diagrams import TooLargeError  # noqa: E402
from dealerrules.cli import main  # noqa: E402
from dealerrules.demo import customers  # noqa: E402
from dealerrules.engines.columns import Backend  # noqa: E402
from dealerrules.engines.frame import attributes_of  # noqa: E402
from dealerrules.records import SUBJECTS  # noqa: E402
from dealerrules.tables import read_tables  # noqa: E402
from dealerrules.values import ABSENT, COUNT, DATE, DISTANCE, TEXT  # noqa: E402
from dealerrules.worklist import Asked, worklist  # noqa: E402
from frames import as_kind, from_kind, tables_of  # noqa: E402
from strategies import Dice, a_situation  # noqa: E402
from test_coming import LEVELS, two_versions  # noqa: E402
from test_coming_frame import shown  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealerrules.advice.outlook import Outlook
    from dealerrules.outcome import AnyOutcome

POLICIES = Path(__file__).parents[1] / "policies"
D = date(2014, 9, 30)
UNTIL = date(2014, 10, 30)
MANY = int(os.environ.get("AGREEMENT_EXAMPLES", "600"))
UNTIL_WHEN = re.compile(r", by \d{4}-\d\d-\d\d(?= →)")
STEP = ("next", "next.size", "next.step", "next.facts", "next.because", "next.recording")


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


# ---------------------------------------------------------------------------------------------------
# The frame says what each record says


def of_record(answer: dr.Answer, name: str, within: int | None) -> tuple[object, ...]:
    """Return the cells of the nearest step of a decision, as the row form tells it."""
    try:
        steps = answer[name].next_steps(limit=1, within=within)
    except ValueError:  # it does not say which of its answers is better
        steps = ()
    if not steps:
        return (None,) * len(STEP)
    step = steps[0]
    facts = " ".join(change.fact for change in step.changes)
    text = UNTIL_WHEN.sub("", step.text())  # until when it is enough hangs on the record, not on the facts
    return step.answer, step.size, text, facts, " ".join(step.because), step.recording


def next_of_record(answer: dr.Answer, name: str, until: date) -> tuple[object, ...]:
    """Return the cells of the next change of a decision, as the row form tells it."""
    changes = answer.coming_changes(until, [name])
    if not changes:
        return None, None, None
    return changes[0].on, shown(cell_of(changes[0].after)), changes[0].worse


def cell_of(outcome: Any) -> object:
    from dealerrules.advice.standing import answer_of

    return answer_of(outcome)


def differing(
    book: dr.PolicyBook,
    subject: str,
    records: Sequence[Mapping[str, Any]],
    as_of: date,
    *,
    within: int | None = None,
    until: date | None = None,
    decisions: Sequence[str] | None = None,
) -> tuple[list[object], int]:
    """Return where a frame says something else than a record, and in how many places there is advice."""
    id_ = SUBJECTS[subject].id_field
    attributes = {
        name.removeprefix("attributes."): type_
        for name, type_ in attributes_of(book.editions, subject).items()
    }
    tables = tables_of(records, subject, attributes)
    frame = book.advice_frame(
        tables, as_of=as_of, until=until, within=within, subject=subject, decisions=decisions
    )
    assert frame[id_].to_list() == [record[id_] for record in records]  # in the order in which they came
    rows = {row[id_]: row for row in frame.iter_rows(named=True)}
    found: list[object] = []
    seen = 0
    for record in records:
        answer = book.evaluate(record, as_of=as_of, subject=subject, decisions=decisions)
        row = rows[record[id_]]
        for name in answer:
            meant = of_record(answer, name, within)
            here = tuple(row[f"{name}.{each}"] for each in STEP)
            if until is not None:
                meant += next_of_record(answer, name, until)
                here += row[f"{name}.changes_on"], shown(row[f"{name}.changes_to"]), row[f"{name}.worse"]
            assert row[f"{name}.status"] == answer[name].status.value
            seen += meant[0] is not None
            if here != meant:
                found.append((record, name, here, meant))
    return found, seen


def test_random_policies_and_versions() -> None:
    seen = 0
    for seed in range(max(12, MANY // 14)):
        chance = random.Random(seed)
        subject = chance.choice(["customer", "customer", "repair_order", "recall_campaign", "purchase"])
        thrown = Dice(lambda most, chance=chance: chance.randint(0, most))
        situation = a_situation(thrown, subject, more=4)
        made, as_of = situation.book, situation.as_of
        if seed % 3 == 2 and subject == "customer":
            made = two_versions(thrown, made, subject, as_of)
        records = [
            {**record, SUBJECTS[subject].id_field: f"X{at}"} for at, record in enumerate(situation.records)
        ]
        try:
            found, many = differing(made, subject, records, as_of, within=chance.choice([None, 1, 3]))
        except (
            dr.RecordError
        ):  # what no frame holds; the second version takes an attribute for something else
            continue
        assert found == []
        seen += many
    assert seen > 15


def test_the_shipped_policies() -> None:
    records = list(customers(40, as_of=D))
    names = ["churn_class", "churn_stage", "red_line", "tier"]
    found, seen = differing(book(), "customer", records, D, within=1, until=UNTIL, decisions=names)
    assert (found, seen > 25) == ([], True)


READS_RECORDS = """
policy: reads
decisions:
  busy: {kind: stage, measure: {count: visits}, best: last, stages: {idle: {from: 0}, busy: {from: 3}}}
  club:
    kind: tier
    levels: {gold: {}, general: {}}
    angles:
      all: {gold: [{id: loyal, when: {busy: busy, loyalty: high}}, {id: many, when: {vehicle_referrals: {at_least: 2}}}]}
  fee:
    kind: payout
    pays: 10 yuan
    times: {count: visits, within: 12 months}
"""


KEEPS = """
policy: club
decisions:
  club:
    kind: tier
    keeps: {for: 12 months}
    downgrade: one_level
    levels: {gold: {}, silver: {}, basic: {}}
    angles:
      visits:
        gold: [{id: four, when: {visits_past_year: {at_least: 4}}}]
        silver: [{id: two, when: {visits_past_year: {at_least: 2}, loyalty: {is_not: low}}}]
"""


def test_levels_that_are_kept() -> None:
    chance = random.Random(3)
    records = [
        {
            "customer_id": f"C{at}",
            "loyalty": chance.choice(["low", "high", None]),
            "visits": [
                {"visited_on": D - timedelta(days=chance.randint(0, 1400))}
                for _ in range(chance.randint(0, 9))
            ],
        }
        for at in range(20)
    ]
    found, seen = differing(dr.loads(KEEPS), "customer", records, D)
    assert (found, seen > 10) == ([], True)


def test_what_a_decision_reads_straight_from_records() -> None:
    """A count that is no fact of its own cannot be moved, but it decides what a step comes to."""
    visits = [{"visited_on": date(2014, month, 1)} for month in range(1, 5)]
    records = [
        {"customer_id": f"C{at}", "loyalty": word, "visits": visits[:at]}
        for at, word in enumerate(["low", None, "low", "low", "medium"])
    ]
    made = dr.loads(READS_RECORDS)
    found, seen = differing(made, "customer", records, D)
    assert found == []
    tables = tables_of(records, "customer")
    steps = made.advice_frame(tables, as_of=D, decisions=["club"])["club.next.step"].to_list()
    assert steps == [
        "Vehicles sold through referrals 0 → 2 (2 more) → gold (all.many)",
        "Vehicles sold through referrals 0 → 2 (2 more) → gold (all.many)",
        "Vehicles sold through referrals 0 → 2 (2 more) → gold (all.many)",
        "Loyalty: low → high → gold (all.loyal)",
        "Loyalty: medium → high → gold (all.loyal)",
    ]
    assert seen == 5


DATED = """
policy: gifts
effective: {{from: {start}, until: {end}}}
decisions:
  gift:
    kind: offer
    subject: repair_order
    dated_by: completed_on
    measure: premium_prepaid
    bands: [{{id: big, from: {least} yuan, always: [cake]}}]
items: {{cake: {{value: 30 yuan}}}}
"""


def test_each_subject_under_the_version_of_its_own_date(tmp_path: Path) -> None:
    for start, end, least in (("2014-01-01", "2014-08-31", 100), ("2014-09-01", "2020-01-01", 500)):
        text = DATED.format(start=start, end=end, least=least)
        (tmp_path / f"{start}.yaml").write_text(text, encoding="utf-8")
    made = dr.load(tmp_path)
    records = [
        {"repair_id": f"W{at}", "completed_on": day, "premium_prepaid": 50}
        for at, day in enumerate(
            [date(2014, 8, 1), date(2014, 9, 2), date(2014, 10, 1), date(2013, 1, 1), None]
        )
    ]
    found, seen = differing(made, "repair_order", records, D, until=UNTIL)
    assert (found, seen) == ([], 2)
    frame = made.advice_frame(tables_of(records, "repair_order"), as_of=D, subject="repair_order")
    assert frame["gift.next.step"].to_list()[:2] == [
        "Premium prepaid 50.00 yuan → 100.00 yuan (50.00 yuan more) → big (big)",
        "Premium prepaid 50.00 yuan → 500.00 yuan (450.00 yuan more) → big (big)",
    ]


def test_a_decision_that_reads_nothing_has_no_next_steps() -> None:
    """Found on the way: a program of no values was no program."""
    made = dr.loads("policy: p\ndecisions: {fee: {kind: payout, pays: 10 yuan}}")
    assert made.evaluate({"customer_id": "C1"}, as_of=D)["fee"].next_steps() == ()
    frame = made.advice_frame({"customers": pl.DataFrame({"customer_id": ["C1"]})}, as_of=D)
    assert frame.select("fee.next", "fee.next.step").rows() == [(None, None)]


def test_the_columns_and_their_types() -> None:
    table = {"customers": pl.DataFrame({"customer_id": ["C2", "C1"], "loyalty": [None, "high"]})}
    found = dr.loads(LEVELS).advice_frame(table, as_of=D, decisions=["club"], lang="zh")
    assert dict(found.schema) == {
        "customer_id": pl.String,
        "club": pl.Enum(["gold", "silver", "general"]),
        "club.status": pl.Enum(["decided", "undetermined", "undefined"]),
        "club.next": pl.String,
        "club.next.size": pl.Int64,
        "club.next.step": pl.String,
        "club.next.facts": pl.String,
        "club.next.because": pl.String,
        "club.next.recording": pl.Boolean,
    }
    assert found.rows()[0] == (
        "C2",
        "general",
        "decided",
        "silver",
        1,
        "近12个月进站次数 0 → 1（再加 1） → 银卡（visits.one）",
        "visits_past_year",
        "visits.one",
        False,
    )
    more = dr.loads(LEVELS).advice_frame(table, as_of=D, until=UNTIL, decisions=["club"])
    assert more.columns[len(found.columns) :] == ["club.changes_on", "club.changes_to", "club.worse"]
    assert more.rows()[0][-3:] == (None, None, None)


@pytest.mark.parametrize("within", [1, 2, None])
def test_steps_are_counted(within: int | None) -> None:
    """Two more visits are two steps, and so is one more visit with another word."""
    facts = {"visits_past_year": 0, "loyalty": "high"}
    outcome = dr.loads(LEVELS).evaluate_facts("customer", facts, as_of=D)["club"]
    found = [(step.answer, step.size) for step in outcome.next_steps(within=within)]
    assert found == [("silver", 1), ("gold", 2)][: within or 2]


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "pyarrow", "duckdb"])
def test_every_kind_of_frame(kind: str) -> None:
    assert_kind(kind, UNTIL if kind != "duckdb" else date(2014, 10, 6))


@pytest.mark.slow
def test_pyspark() -> None:
    assert_kind("pyspark", date(2014, 10, 6))


def assert_kind(kind: str, until: date) -> None:
    visits = [date(2013, 10, 5), date(2014, 2, 28), date(2013, 9, 29)]
    records = [
        {
            "customer_id": f"C{at}",
            "loyalty": word,
            "visits": [{"visited_on": day} for day in visits[: at + 1]],
        }
        for at, word in enumerate(["high", "low", None])
    ]
    tables = {name: as_kind(each, kind) for name, each in tables_of(records, "customer").items()}
    made = dr.loads(LEVELS)
    out = from_kind(made.advice_frame(tables, as_of=D, until=until, decisions=["club"]), kind)
    columns = [out[name].cast(pl.String) if name == "club" else out[name] for name in out.columns]
    day = date(2014, 10, 5)
    assert pl.DataFrame(columns).drop("club.status").sort("customer_id").rows() == [
        ("C0", "silver", "gold", 1, "Visits in the past 12 months 1 → 2 (1 more) → Gold (visits.two)",
         "visits_past_year", "visits.two", False, day, "general", True),
        ("C1", "silver", "gold", 1, "Loyalty: low → medium → Gold (visits.two)",
         "loyalty", "visits.two", False, None, None, None),
        ("C2", "silver", "gold", 1, "Loyalty recorded as medium → Gold (visits.two)",
         "loyalty", "visits.two", True, day, "silver", None),
    ]  # fmt: skip


def test_frames_refuse_what_they_cannot_answer() -> None:
    made, table = dr.loads(LEVELS), {"customers": pl.DataFrame({"customer_id": ["C1"]})}
    with pytest.raises(ValueError, match=r"^the language is `zh` or `en`, not `fr`$"):
        made.advice_frame(table, as_of=D, lang="fr")
    with pytest.raises(dr.RecordError) as caught:
        made.advice_frame(table, as_of=D, decisions=["clubs"])
    assert str(caught.value) == "customer, decisions: there is no decision `clubs`; did you mean `club`?"
    with pytest.raises(dr.RecordError) as caught:
        made.advice_frame(table, as_of=D, until="soon")
    assert str(caught.value) == "evaluation, until: a date such as `2014-09-30` is needed, not `soon`"
    with pytest.raises(dr.RecordError) as caught:
        made.advice_frame({"visits": table["customers"]}, as_of=D)
    assert str(caught.value) == "customers: the table of the subjects is missing"


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    table = {
        "customers": pl.DataFrame({"customer_id": ["C1", "C2", "C3"], "loyalty": ["low", "high", "low"]})
    }
    dr.loads(LEVELS).advice_frame(
        table, as_of=D, decisions=["club"], progress=lambda *said: told.append(said)
    )
    assert told == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("text", "type_", "scale", "value"),
    [
        ("", COUNT, 1, None),
        ("-", DATE, 1, ABSENT),
        ("=2014-09-30", DATE, 1, D),
        ("=-", TEXT, 1, "-"),
        ("==", TEXT, 1, "="),
        ("=2500000", DISTANCE, 10**6, Fraction(5, 2)),
        ("=3000000", DISTANCE, 10**6, 3),
    ],
)
def test_values_as_text(text: str, type_: Any, scale: int, value: object) -> None:
    assert value_of(text, type_, scale) == value


def test_a_small_table_beside_duckdb_is_quoted() -> None:
    duckdb = pytest.importorskip("duckdb")
    import narwhals as nw

    connection = duckdb.connect()
    beside = nw.from_native(connection.sql("SELECT 1 AS one")).lazy()
    rows = [("it's", 1, True), (None, None, False), ("x", 2, None)]
    made = small_table(rows, {"a": str, "b b": int, "c": bool}, beside, Backend.DUCKDB)
    assert nw.to_native(made).fetchall() == rows


def test_threads_may_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found on the way: the diagrams of a decision grow as they are asked, so only one thread may ask at a time."""
    records = list(customers(24, as_of=D))
    edition = book().edition(D)
    assert edition is not None
    kept = advisor(edition, "tier", frozenset())
    alone = [said(record, book()) for record in records]
    kept.forget()
    inside: list[int] = [0]
    most: list[int] = []
    real = Advisor._find

    def counted(*asked: Any) -> Any:
        inside[0] += 1
        most.append(inside[0])
        try:
            return real(*asked)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(Advisor, "_find", counted)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda record: said(record, book()), records))
    finally:
        sys.setswitchinterval(before)
    assert (together, max(most)) == (alone, 1)


def said(record: Mapping[str, Any], policies: dr.PolicyBook) -> list[str]:
    return [step.text() for step in policies.evaluate(record, as_of=D)["tier"].next_steps()]


# ---------------------------------------------------------------------------------------------------
# Explanations

VISITS = [{"visited_on": "2013-10-20"}, {"visited_on": "2014-02-01"}]


def explained(lang: str = "en", **how: Any) -> dr.Explanation:
    record = {"customer_id": "C1", "loyalty": "low", "visits": VISITS}
    return dr.loads(LEVELS).evaluate(record, as_of=D).explain(lang, **how)


def ahead(text: str) -> list[str]:
    """Return the lines about what is ahead, joined where they were broken."""
    joined = text.replace("\n    ", " ").replace("\n  ", "\n").splitlines()
    return [line for line in joined if line.startswith(("nearest", "with nothing", "最近的", "什么也"))]


def test_an_explanation_tells_the_nearest_step_and_the_next_change() -> None:
    assert ahead(explained().text) == [
        "nearest step: Loyalty: low → medium, by 2014-10-19 → Gold (visits.two)",
        (
            "with nothing done, up to 2015-09-30: on 2015-02-01: Silver → General (Visits in the past 12 months: 1 → 0, "
            "the visit of 2014-02-01 no longer counts)"
        ),
        (
            "with nothing done, up to 2015-09-30: on 2014-10-20: 20.00 yuan → 10.00 yuan (Visits in the past 12 months: "
            "2 → 1, the visit of 2013-10-20 no longer counts)"
        ),
        (
            "with nothing done, up to 2015-09-30: on 2015-02-01: cake → none (Visits in the past 12 months: 1 → 0, "
            "the visit of 2014-02-01 no longer counts)"
        ),
    ]


def test_an_explanation_in_chinese() -> None:
    assert ahead(explained("zh", decisions=["club"]).text) == [
        "最近的一步: 忠诚度：低 → 中，最迟 2014-10-19 → 金卡（visits.two）",
        (
            "什么也不做，到 2015-09-30 为止: 2015-02-01：银卡 → 普通（近12个月进站次数：1 → "
            "0，2014-02-01 的进站不再计入）"
        ),
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_form_tells_it(lang: str) -> None:
    from dealerrules.pages import html, markdown

    explanation = explained(lang, decisions=["club"])
    (found,) = explanation.outlooks
    assert found is not None
    lines = found.lines(lang)
    assert len(lines) == 2
    for line in lines:
        assert f"- {markdown(line)}\n" in explanation.markdown
        assert f"<li>{html(line)}</li>" in explanation.html
    made: Any = explanation.to_dict()["decisions"]
    assert made[0]["ahead"]["until"] == "2015-09-30"
    assert made[0]["ahead"]["next_step"]["text"] == found.step.text(lang)  # type: ignore[union-attr]
    assert made[0]["ahead"]["next_change"]["on"] == "2015-02-01"


def test_without_advice() -> None:
    explanation = explained(advice=False)
    assert ahead(explanation.text) == []
    assert {each["ahead"] for each in explanation.to_dict()["decisions"]} == {None}  # type: ignore[union-attr, call-overload, index]


def test_advice_is_worked_out_when_it_is_written_down() -> None:
    asked: list[str] = []
    explanation = explained(decisions=["club", "gift"])
    look = explanation.look
    assert look is not None

    def counting_look(outcome: AnyOutcome) -> Outlook:
        asked.append(outcome.decision)
        return look(outcome)

    counting = replace(explanation, look=counting_look)
    assert asked == []
    assert counting.text == explanation.text
    assert counting.html == explanation.html
    assert asked == ["club", "gift"]


def test_an_explanation_never_fails_for_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said where nothing says what is better, where there are too many ways, and at the end of all days."""
    text = "policy: p\ndecisions: {away: {kind: stage, measure: visits_past_year, stages: {none: {from: 0}, some: {from: 1}}}}"
    answer = dr.loads(text).evaluate({"customer_id": "C1"}, as_of=D)
    found = outlook(answer, answer["away"])
    assert (found.step, found.change, found.lines("en")) == (None, None, [])
    last = dr.loads(LEVELS).evaluate({"customer_id": "C1", "visits": VISITS}, as_of=date.max)
    assert outlook(last, last["club"]).until == date.max

    def too_large(*_: object, **__: object) -> None:
        raise TooLargeError

    monkeypatch.setattr("dealerrules.advice.next_step.find", too_large)
    assert ahead(explained(decisions=["club"]).text) == [
        (
            "with nothing done, up to 2015-09-30: on 2015-02-01: Silver → General (Visits in the past 12 months: 1 → 0, "
            "the visit of 2014-02-01 no longer counts)"
        )
    ]


def test_facts_that_double_with_each_definition_are_too_long_for_advice() -> None:
    """Found on the way: 40 lines of definitions, of which an explanation would never have been written down."""
    chain = "".join(f"  f{at}: {{add: [f{at - 1}, f{at - 1}]}}\n" for at in range(1, 40))
    made = dr.loads(
        f"policy: p\nfacts:\n  f0: {{count: visits}}\n{chain}decisions: {{d: {{kind: tier, levels: {{a: {{}}, b: {{}}}}, "
        "angles: {all: {a: [{id: r, when: {f39: {at_least: 1}}}]}}}}"
    )
    answer = made.evaluate({"customer_id": "C1"}, as_of=D)
    with pytest.raises(TooLargeError):
        answer["d"].next_steps()
    assert ahead(answer.explain().text) == ["with nothing done, up to 2015-09-30: no change"]


def test_an_explanation_of_a_window_without_end() -> None:
    """Found on the way: a span that leads past the end of all days; what advice cannot tell is left out."""
    text = (
        "policy: p\nfacts: {often: {count: visits, within: 99999999999 months}}\n"
        "decisions: {d: {kind: tier, levels: {a: {}, b: {}}, angles: {all: {a: [{id: r, when: {often: {at_least: 3}}}]}}}}"
    )
    answer = dr.loads(text).evaluate({"customer_id": "C1", "visits": VISITS}, as_of=D)
    assert answer.explain().text.startswith("customer C1, as of 2014-09-30\n\nd: b\n")


def test_that_an_answer_stands_is_told_of_what_is_held() -> None:
    facts = {"visits_past_year": 2, "loyalty": "high"}
    answer = dr.loads(LEVELS).evaluate_facts("customer", facts, as_of=D)
    assert ahead(answer.explain(decisions=["club", "fee", "gift"]).text) == [
        "with nothing done, up to 2015-09-30: no change",
        "with nothing done, up to 2015-09-30: no change",
    ]
    assert ahead(answer.explain("zh", decisions=["club"]).text) == ["什么也不做，到 2015-09-30 为止: 不变"]


def test_an_explanation_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(explained()))
    assert again.text == explained().text


# ---------------------------------------------------------------------------------------------------
# The command

POLICY = """\
policy: club
title: {zh: 会员, en: Members}
decisions:
  club:
    kind: tier
    title: {zh: 会员级别, en: Member level}
    levels:
      gold: {title: {zh: 金卡, en: Gold}}
      silver: {title: {zh: 银卡, en: Silver}}
      plain: {title: {zh: 普通, en: Plain}}
    angles:
      sales:
        title: {zh: 销售部, en: Sales}
        gold: [{id: referred, title: {zh: 转介绍, en: Referred}, when: {vehicle_referrals: {at_least: 2}}}]
      service:
        title: {zh: 售后部, en: Service}
        gold: [{id: both, title: {zh: 销售金卡, en: By sales}, when: {club.sales: gold}}]
        silver: [{id: came, title: {zh: 常来, en: Came}, when: {visits_past_year: {at_least: 2}, loyalty: {is_not: low}}}]
  away:
    kind: stage
    title: {zh: 未来店, en: Absence}
    measure: months_since_last_visit
    best: first
    stages: {near: {title: {zh: 近, en: Near}, from: 0 months}, far: {title: {zh: 远, en: Far}, from: 6 months}}
  loud: {kind: rules, hit: unique, outputs: {loud: {type: boolean}}, rows: [{id: r, when: {media: true}, then: {loud: true}}]}
"""
PEOPLE: list[dict[str, object]] = [
    {
        "customer_id": "C1",
        "loyalty": "high",
        "visits": [{"visited_on": "2013-10-20"}, {"visited_on": "2014-09-01"}],
    },
    {"customer_id": "C2", "loyalty": "low", "visits": VISITS},
    {
        "customer_id": "=C3",
        "visits": [{"visited_on": "2014-05-01"}, {"visited_on": "2014-06-01"}],
        "referrals": [{"kind": "vehicle", "succeeded_on": "2014-05-01"}],
    },
]


@pytest.fixture
def policies(tmp_path: Path) -> str:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/club.yaml").write_text(POLICY, encoding="utf-8")
    return str(tmp_path / "policies")


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "store.jsonl"
    lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in PEOPLE]
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


def advise(store: str, policies: str, *more: str) -> int:
    return main(["advise", store, "--policies", policies, "--as-of", "2014-09-30", *more])


TABLE = """\
As of 2014-09-30. A better answer by at most 1 step; a worse one by 2014-10-30.
A step is one more of what is counted, or one other fact changed.

club Member level

department  near a better answer  only to be recorded  about to be worse
----------  --------------------  -------------------  -----------------
Sales       1                     0                    0
Service     1                     1                    1

Sales: near a better answer (1)
id   now    what it would take
---  -----  --------------------------------------------------------------------
=C3  Plain  Vehicles sold through referrals 1 → 2 (1 more) → Gold
            (sales.referred, service.both)

Service: near a better answer (1)
id  now    what it would take
--  -----  ---------------------------------------------
C2  Plain  Loyalty: low → medium → Silver (service.came)

Service: only to be recorded (1)
id   now    what to record
---  -----  --------------------------------------------------
=C3  Plain  Loyalty recorded as medium → Silver (service.came)

Service: about to be worse (1)
id  what happens, and why                  what prevents it
--  -------------------------------------  -------------------------------------
C1  on 2014-10-20: Silver → Plain (Visits  Visits in the past 12 months 1 → 2 (1
    in the past 12 months: 2 → 1, the      more), by 2015-08-31 → Silver
    visit of 2013-10-20 no longer counts)  (service.came)
"""


def test_the_table(store: str, policies: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert advise(store, policies) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (TABLE, "")


TABLE_ZH = """\
截至 2014-09-30。最多2步可以更好；到 2014-10-30 为止会变差。
一步：可数的再加 1，或者改变另一个事实。

club 会员级别

部门    接近更好  只差记录  将要变差
------  --------  --------  --------
销售部  3         0         0
售后部  1         1         1

销售部：接近更好（3）
编号  现在  还差什么
----  ----  --------------------------------------------------------------------
=C3   普通  转介绍购车台数 1 → 2（再加 1） → 金卡（sales.referred, service.both
            ）
C1    银卡  转介绍购车台数 0 → 2（再加 2） → 金卡（sales.referred, service.both
            ）
C2    普通  转介绍购车台数 0 → 2（再加 2） → 金卡（sales.referred, service.both
            ）

售后部：接近更好（1）
编号  现在  还差什么
----  ----  --------------------------------------
C2    普通  忠诚度：低 → 中 → 银卡（service.came）

售后部：只差记录（1）
编号  现在  要记录什么
----  ----  ---------------------------------------
=C3   普通  忠诚度记录为“中” → 银卡（service.came）

售后部：将要变差（1）
编号  会怎样，为什么                        怎样避免
----  ------------------------------------  ------------------------------------
C1    2014-10-20：银卡 → 普通（近12个月进   近12个月进站次数 1 → 2（再加 1），最
      站次数：2 → 1，2013-10-20 的进站不再  迟 2015-08-31 → 银卡（service.came）
      计入）
"""


def test_the_table_in_chinese(store: str, policies: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert advise(store, policies, "--lang", "zh", "--within", "2 步", "--until", "30 天") == 0
    assert capsys.readouterr() == (TABLE_ZH, "")


CSV: list[dict[str, str]] = [
    {
        "list": "step",
        "decision": "club",
        "department": "sales",
        "id": "'=C3",
        "answer": "plain",
        "status": "undetermined",
        "to": "gold",
        "on": "",
        "size": "1",
        "what": "Vehicles sold through referrals 1 → 2 (1 more) → Gold (sales.referred, service.both)",
        "prevented_by": "",
    },
    {
        "list": "step",
        "decision": "club",
        "department": "service",
        "id": "C2",
        "answer": "plain",
        "status": "decided",
        "to": "silver",
        "on": "",
        "size": "1",
        "what": "Loyalty: low → medium → Silver (service.came)",
        "prevented_by": "",
    },
    {
        "list": "record",
        "decision": "club",
        "department": "service",
        "id": "'=C3",
        "answer": "plain",
        "status": "undetermined",
        "to": "silver",
        "on": "",
        "size": "1",
        "what": "Loyalty recorded as medium → Silver (service.came)",
        "prevented_by": "",
    },
    {
        "list": "loss",
        "decision": "club",
        "department": "service",
        "id": "C1",
        "answer": "silver",
        "status": "decided",
        "to": "plain",
        "on": "2014-10-20",
        "size": "",
        "what": "on 2014-10-20: Silver → Plain (Visits in the past 12 months: 2 → 1, the visit of "
        "2013-10-20 no longer counts)",
        "prevented_by": "Visits in the past 12 months 1 → 2 (1 more), by 2015-08-31 → Silver (service.came)",
    },
]


def test_the_csv_is_safe_for_spreadsheets(
    store: str, policies: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert advise(store, policies, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows == CSV


def test_the_page(store: str, policies: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "advice.html"
    assert advise(store, policies, "--out", str(out), "--department", "Service") == 0
    assert capsys.readouterr() == ("", "")
    page = out.read_text(encoding="utf-8")
    assert "<h1>What it would take, and who is about to lose</h1>" in page
    assert '<section id="d-club-service"><h3>Service <code>service</code></h3>' in page
    assert 'id="d-club-sales"' not in page
    assert "<script" not in page
    assert advise(store, policies, "--format", "html") == 0
    assert 'id="d-club-sales"' in capsys.readouterr().out


def test_a_page_shows_what_policies_and_records_hold_as_it_is(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    text = POLICY.replace("zh: 销售部, en: Sales", f"zh: 销售, en: '{hostile}'")
    record = {"customer_id": hostile, "loyalty": "high", "visits": VISITS[:1]}
    path = tmp_path / "store.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    out = tmp_path / "advice.html"
    assert advise(str(path), str(tmp_path / "p.yaml"), "--within", "2", "--out", str(out)) == 0
    page = out.read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3


def test_other_decisions_by_name(store: str, policies: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert advise(store, policies, "--decision", "away", "--until", "2015-01-31", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["list"], row["department"], row["id"], row["to"], row["on"]) for row in rows] == [
        ("step", "", "C2", "near", ""),
        ("loss", "", "'=C3", "far", "2014-12-01"),
    ]


def test_long_lists_are_cut_on_a_screen_only(
    tmp_path: Path, policies: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "many.jsonl"
    lines = [
        json.dumps(
            {"customer_id": f"C{at:02}", "referrals": [{"kind": "vehicle", "succeeded_on": "2014-01-01"}]}
        )
        for at in range(60)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert advise(str(path), policies, "--department", "sales") == 0
    out = capsys.readouterr().out
    assert out.count("Vehicles sold") == 10
    assert "50 more are not shown here; `--format csv` lists all.\n" in out
    assert advise(str(path), policies, "--department", "sales", "--format", "html") == 0
    out = capsys.readouterr().out
    assert out.count("Vehicles sold") == 50
    assert "10 more are not shown here; `--format csv` lists all." in out
    assert advise(str(path), policies, "--department", "销售部", "--format", "csv") == 0
    assert capsys.readouterr().out.count("Vehicles sold") == 60


@pytest.mark.parametrize(
    ("more", "english", "chinese"),
    [
        (
            ["--decision", "clubb"],
            "there is no decision `clubb`; did you mean `club`?",
            "没有决策 `clubb`；是不是想写 `club`？",
        ),
        (
            ["--decision", "loud"],
            "`loud` does not say which of its answers is better",
            "`loud` 没有说明哪个结果更好",
        ),
        (
            ["--department", "servise"],
            "there is no department `servise`; did you mean `Service`?",
            "没有部门 `servise`；是不是想写 `Service`？",
        ),
        (["--department", "x"], "there is no department `x`", "没有部门 `x`"),
        (
            ["--until", "2014-09-29"],
            "--until 2014-09-29 lies before --as-of 2014-09-30",
            "--until 2014-09-29 早于 --as-of 2014-09-30",
        ),
        (["--out", "nowhere/a.csv"], "there is no directory `nowhere`", "没有目录 `nowhere`"),
    ],
)
def test_wrong_usage(
    store: str, policies: str, more: list[str], english: str, chinese: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert advise(store, policies, *more) == 2
    assert capsys.readouterr() == ("", f"dealerrules: {english}\n")
    assert advise(store, policies, *more, "--lang", "zh") == 2
    assert capsys.readouterr() == ("", f"dealerrules: {chinese}\n")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            ["--within", "none"],
            "argument --within: a number of steps such as `1 step` or `2 steps` is needed, not `none`",
        ),
        (
            ["--within", "0 steps"],
            "argument --within: a number of steps such as `1 step` or `2 steps` is needed, not `0 steps`",
        ),
        (
            ["--until", "3 yuan"],
            "argument --until: a day such as `2014-10-31` or a span such as `30 days` is needed, not `3 yuan`",
        ),
        (
            ["--until", "2014-02-30"],
            "argument --until: a day such as `2014-10-31` or a span such as `30 days` is needed, not `2014-02-30`",
        ),
    ],
)
def test_arguments_that_are_none(
    store: str, policies: str, more: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        advise(store, policies, *more)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"dealerrules advise: error: {says}"


def test_policies_without_tiers(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.yaml").write_text("policy: p\ndecisions: {fee: {kind: payout, pays: 10 yuan}}", "utf-8")
    assert advise(store, str(tmp_path / "p.yaml")) == 2
    said = "dealerrules: there is no tier among the policies; name a decision with --decision\n"
    assert capsys.readouterr() == ("", said)
    assert advise(store, str(tmp_path / "p.yaml"), "--lang", "zh") == 2
    assert capsys.readouterr() == ("", "dealerrules: 政策里没有客户级别；请用 --decision 指明决策\n")


def test_faulty_records_stop_everything_or_are_skipped(
    store: str, policies: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path(store).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"customer_id": "C9", "visits": [{"visited_on": "2014-02-30"}]}) + "\n")
    out = tmp_path / "advice.csv"
    assert advise(store, policies, "--out", str(out)) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "1 fault: nothing was written; `--on-error skip` goes on without these records"
    )
    assert not out.exists()
    assert advise(store, policies, "--out", str(out), "--on-error", "skip") == 1
    assert len(list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))) == len(CSV)


def test_too_many_ways_are_told(
    store: str, policies: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object, **__: object) -> None:
        raise TooLargeError

    monkeypatch.setattr("dealerrules.advice.next_step.find", too_large)
    assert advise(store, policies) == 1
    said = "advice, decision: there are too many ways to a better answer to look through all of them\n"
    assert capsys.readouterr() == ("", said)


def test_progress_on_a_terminal_only(
    store: str, policies: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert advise(store, policies) == 0
    assert "\rclub: 0 of 3" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------------
# The list and the records behind it


def test_the_lists_are_what_each_record_says(tmp_path: Path) -> None:
    """Of a demo store: near by a department is who has such a step, and about to lose who has such a change."""
    path = tmp_path / "store.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for record in customers(150, as_of=D):
            file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    with read_tables(path, as_of=D) as tables:
        assert tables.faults == ()
        asked = Asked(("tier",), D, 1, date(2014, 11, 30), "en")
        found = worklist(book(), tables, asked)
        people = [record for _, record in tables.records(("customer",))]
    near: set[tuple[str, str]] = set()
    losing: dict[str, date] = {}
    for person in people:
        answer = book().evaluate(person, as_of=D, decisions=["tier"])
        near |= {
            (answer.id or "", rule.partition(".")[0])
            for step in answer["tier"].next_steps(limit=None, within=1)
            for rule in step.because
        }
        worse = [change for change in answer.coming_changes("2014-11-30") if change.worse]
        if worse:
            losing[answer.id or ""] = worse[0].on
    listed = {
        (entry.id, entry.department or "") for entry in found.entries if entry.list in {"step", "record"}
    }
    assert listed <= near
    # those left out are near by a rule that only says that another department's level is enough
    assert {(who, "after_sales") for who, department in near if department == "sales"} >= near - listed
    assert {entry.id: entry.on for entry in found.entries if entry.list == "loss"} == losing
    assert (len(listed) > 50, len(losing) > 2) == (True, True)
    sizes = {entry.size for entry in found.entries}
    assert sizes == {1, None}
