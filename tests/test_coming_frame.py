"""Coming changes of a whole store: the same as those of each record, from every kind of frame."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

pl = pytest.importorskip("polars")

import dealerrules as dr  # noqa: E402
from dealerrules.advice.moved import Moved  # noqa: E402
from dealerrules.advice.standing import answer_of  # noqa: E402
from dealerrules.demo import customers  # noqa: E402
from dealerrules.engines.frame import attributes_of  # noqa: E402
from dealerrules.records import SUBJECTS  # noqa: E402
from frames import UNTELLABLE, as_kind, from_kind, tables_of  # noqa: E402
from strategies import Dice, a_situation  # noqa: E402
from test_coming import DAYS, LEVELS, MANY, D, book, clockwork, timed_record, two_versions  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ONE = timedelta(days=1)
Change = tuple[str, date, str, "str | None", str, "str | None", str, "bool | None"]


def shown(value: object) -> str | None:
    """Return an answer as text, numbers as fractions: a frame writes as many decimals as any of its answers has."""
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        return str(Fraction(text))
    except ValueError:
        return text


def of_records(
    book: dr.PolicyBook, subject: str, records: Sequence[Mapping[str, Any]], as_of: date, until: date
) -> dict[Change, set[str]]:
    """Return the changes of each record, with the names of the facts that moved."""
    found: dict[Change, set[str]] = {}
    for record in records:
        answer = book.evaluate(record, as_of=as_of, subject=subject)
        for change in answer.coming_changes(until):
            before, after = change.before, change.after
            key = (
                record[SUBJECTS[subject].id_field],
                change.on,
                change.decision,
                shown(answer_of(before)),
                before.status.value,
                shown(answer_of(after)),
                after.status.value,
                change.worse,
            )
            found[key] = {each.name for each in change.cause if isinstance(each, Moved)}
    return found


def of_tables(
    book: dr.PolicyBook,
    subject: str,
    records: Sequence[Mapping[str, Any]],
    as_of: date,
    until: date,
    kind: str = "polars",
) -> dict[Change, set[str]]:
    """Return the same from tables."""
    attributes = {
        name.removeprefix("attributes."): type_
        for name, type_ in attributes_of(book.editions, subject).items()
    }
    tables = {name: as_kind(each, kind) for name, each in tables_of(records, subject, attributes).items()}
    out = from_kind(book.coming_frame(tables, as_of=as_of, until=until, subject=subject), kind)
    id_ = SUBJECTS[subject].id_field
    names = (id_, "on", "decision", "before", "before.status", "after", "after.status", "worse")
    rows = list(out.iter_rows(named=True))
    texts = {"before", "after"}
    found = {
        tuple(shown(row[name]) if name in texts else row[name] for name in names): set(
            (row["facts"] or "").split()
        )
        for row in rows
    }
    assert len(found) == len(rows)
    return found  # type: ignore[return-value]


def assert_alike(rows: Mapping[Change, set[str]], tables: Mapping[Change, set[str]]) -> None:
    """Hold tables against records: the same changes, and of the facts at least those that tell."""
    assert sorted(tables, key=repr) == sorted(rows, key=repr)
    assert [key for key, facts in rows.items() if tables[key] and not facts <= tables[key]] == []


def test_policies_in_which_everything_hangs_on_the_day() -> None:
    seen = 0
    for seed in range(max(1, MANY // 12)):
        chance = random.Random(seed)
        made, as_of = clockwork(chance), chance.choice(DAYS)
        records = [{**timed_record(chance, as_of), "customer_id": f"C{at}"} for at in range(25)]
        until = as_of + ONE * 45
        rows = of_records(made, "customer", records, as_of, until)
        tables = of_tables(made, "customer", records, as_of, until)
        assert_alike(rows, tables)
        assert all(tables.values())  # with one version, each change has its facts
        seen += len(rows)
    assert seen > 80


def test_random_policies_and_versions() -> None:
    seen = 0
    for seed in range(max(4, MANY // 4)):
        chance = random.Random(seed)
        thrown = Dice(lambda most, chance=chance: chance.randint(0, most))
        situation = a_situation(thrown, "customer", more=4)
        made, as_of = situation.book, situation.as_of
        if seed % 2:
            made = two_versions(thrown, made, "customer", as_of + ONE * thrown.number(0, 40))
        records = [{**record, "customer_id": f"C{at}"} for at, record in enumerate(situation.records)]
        try:
            rows = of_records(made, "customer", records, as_of, as_of + ONE * 40)
        except dr.RecordError:  # the second version takes an attribute for something else
            continue
        try:
            tables = of_tables(made, "customer", records, as_of, as_of + ONE * 40)
        except dr.RecordError as error:
            assert any(words in str(error) for words in UNTELLABLE)  # noqa: PT017 - what no frame can tell
            continue
        assert_alike(rows, tables)
        seen += len(rows)
    assert seen > 8


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "pyarrow", "duckdb"])
def test_every_kind_of_frame(kind: str) -> None:
    visits = [date(2013, 10, 5), date(2014, 2, 28), date(2013, 9, 29)]
    records = [
        {
            "customer_id": f"C{at}",
            "loyalty": word,
            "visits": [{"visited_on": day} for day in visits[: at + 1]],
        }
        for at, word in enumerate(["high", "high", None])
    ]
    made = dr.loads(LEVELS)
    rows = of_records(made, "customer", records, D, date(2014, 10, 30))
    assert of_tables(made, "customer", records, D, date(2014, 10, 30), kind) == rows
    assert len(rows) == 7


@pytest.mark.slow
def test_pyspark() -> None:
    text = "policy: p\ndecisions: {away: {kind: stage, measure: months_since_last_visit, stages: {near: {from: 0 months}, far: {from: 6 months}}}}"
    records = [
        {"customer_id": f"C{at}", "visits": [{"visited_on": day}]}
        for at, day in enumerate([date(2014, 4, 8), date(2014, 3, 31), date(2014, 9, 1)])
    ]
    made = dr.loads(text)
    rows = of_records(made, "customer", records, D, date(2014, 10, 30))
    assert of_tables(made, "customer", records, D, date(2014, 10, 30), "pyspark") == rows
    assert len(rows) == 2


def test_shipped_policies() -> None:
    """A month of the artificial store, through the day on which a campaign begins; households counted from tables."""
    records = list(customers(60, as_of=D))
    rows = of_records(book(), "customer", records, D, date(2014, 10, 30))
    tables = of_tables(book(), "customer", records, D, date(2014, 10, 30))
    assert_alike(rows, tables)
    assert len(rows) > 20


def test_subjects_without_events() -> None:
    """A date of its own that is reached, and one from which time goes by."""
    text = """
    policy: p
    facts: {weeks: {whole_times: [{days_since: starts_on}, 7 days]}}
    decisions:
      pay: {kind: payout, subject: recall_campaign, dated_by: ends_on, pays: 10 yuan}
      age: {kind: stage, subject: recall_campaign, measure: starts_on, stages: {old: {from: 2000-01-01}, new: {from: 2014-09-01}}}
      week: {kind: payout, subject: recall_campaign, pays: 1 yuan, times: weeks}
    """
    text = text.replace("facts: {weeks: {", "facts: {weeks: {subject: recall_campaign, ")
    records = [
        {"campaign_id": "R1", "starts_on": date(2014, 9, 25), "ends_on": date(2014, 10, 9)},
        {"campaign_id": "R2", "starts_on": date(2014, 10, 5)},
        {"campaign_id": "R3"},
    ]
    made = dr.loads(text)
    rows = of_records(made, "recall_campaign", records, D, date(2014, 10, 30))
    assert_alike(rows, of_tables(made, "recall_campaign", records, D, date(2014, 10, 30)))
    assert len(rows) > 8


def test_nothing_comes() -> None:
    """Without a day to come, and where nothing hangs on the day, the frame has its columns and no row."""
    tables = {"customers": pl.DataFrame({"customer_id": ["C1"], "loyalty": ["high"]})}
    found = dr.loads(LEVELS).coming_frame(tables, as_of=D, until=D)
    names = [
        "customer_id",
        "decision",
        "on",
        "before",
        "before.status",
        "after",
        "after.status",
        "worse",
        "facts",
    ]
    assert (found.columns, found.height) == (names, 0)
    text = "policy: p\ndecisions: {d: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: [{id: r, when: {loyalty: high}, then: {d: true}}]}}"
    found = dr.loads(text).coming_frame(tables, as_of=D, until="2014-12-31")
    assert (found.columns, found.height) == (names, 0)


def test_a_dated_decision_that_became_another_kind() -> None:
    """Found on the way: a version of another kind begins later; up to then frames answer with the one there is."""
    one = dr.loads(
        "policy: p\ndecisions: {d: {kind: stage, subject: purchase, dated_by: purchased_on, measure: amount, "
        "stages: {small: {from: 0 yuan}, large: {from: 100 yuan}}}}"
    )
    two = dr.loads(
        "policy: p\ndecisions: {d: {kind: tier, subject: purchase, dated_by: purchased_on, levels: {gold: {}, general: {}}, "
        "angles: {spend: {gold: [{id: a, when: {amount: {at_least: 100 yuan}}}]}}}}"
    )
    (first,), (second,) = one.editions, two.editions
    both = dr.PolicyBook((replace(first, end=D), replace(second, start=D + ONE)))
    table = pl.DataFrame({"purchase_id": ["P1"], "purchased_on": [D], "amount": [120]})
    found = both.evaluate_frame({"purchases": table}, as_of=D, subject="purchase")
    assert found.select("d", "d.status").rows() == [("large", "decided")]


def test_a_day_that_is_none() -> None:
    with pytest.raises(dr.RecordError) as caught:
        dr.loads(LEVELS).coming_frame(
            {"customers": pl.DataFrame({"customer_id": ["C1"]})}, as_of=D, until="later"
        )
    assert str(caught.value) == "evaluation, until: a date such as `2014-09-30` is needed, not `later`"


def test_one_angle_of_a_tier_alone() -> None:
    """Found by random policies: what another angle of the tier asks was looked for, and it had not been worked out."""
    text = """
    policy: p
    decisions:
      tier:
        kind: tier
        levels: {vip: {}, general: {}}
        angles:
          near: {vip: [{id: near, when: {months_since_last_visit: {at_most: 3 months}}}]}
          served: {vip: [{id: served, when: {last_maintenance_on: {months_since: {at_most: 3 months}}}}]}
      letter: {kind: offer, when: {tier.near: vip}, bands: [{always: [card]}]}
    items: {card: {value: 1 yuan}}
    """
    made = dr.loads(text)
    table = {
        "customers": pl.DataFrame({"customer_id": ["C1"]}),
        "visits": pl.DataFrame({"customer_id": ["C1"], "visited_on": [date(2014, 6, 10)]}),
    }
    found = made.coming_frame(table, as_of=D, until=date(2014, 10, 30), decisions=["letter"])
    assert found.select("on", "decision", "after", "facts").rows() == [
        (date(2014, 10, 10), "letter", None, "months_since_last_visit")
    ]
