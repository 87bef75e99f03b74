"""Replay: answers of the past come out the same, and where they do not, the cause is named; deltas never rewrite."""

from __future__ import annotations

import copy
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules import replay as room
from dealerrules.cli import main
from dealerrules.digests import facts_digest, record_digest
from dealerrules.records import read_record
from dealerrules.replay import Cause, Due, due_now, replay

POLICIES = Path(__file__).parents[1] / "policies"
DAY = "2014-09-30"
CAMPAIGN = {"campaign_id": "2014-09", "ends_on": DAY, "target": 110, "returned": 111}
CUSTOMER = {
    "customer_id": "C1",
    "loyalty": "high",
    "visits": [{"visited_on": "2014-03-29", "amount": "680"}, {"visited_on": "2013-12-01"}],
    "referrals": [{"kind": "vehicle", "succeeded_on": "2014-01-01"}],
}
MONTHS = [
    {"consultant_id": "S1", "period_end": "2014-08-31", "contacted": 50, "returned": 5},
    {"consultant_id": "S1", "period_end": "2014-09-30", "contacted": 50, "returned": 9},
]
STORE = [
    ("recall_campaign", CAMPAIGN),
    ("customer", CUSTOMER),
    *(("consultant_month", month) for month in MONTHS),
]


@pytest.fixture(scope="module")
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


def records(store: list[tuple[str, dict[str, Any]]] = STORE) -> list[Any]:
    return [(subject, read_record(data, subject)) for subject, data in store]


def answers(book: dr.PolicyBook) -> list[dict[str, Any]]:
    given = [book.evaluate(record, as_of=DAY).to_dict() for _, record in records()]
    return json.loads(json.dumps(given))  # type: ignore[no-any-return]


def changed(subject: str, **values: object) -> list[tuple[str, dict[str, Any]]]:
    return [(name, {**data, **values} if name == subject else data) for name, data in STORE]


def edited(tmp_path: Path, old: str, new: str) -> dr.PolicyBook:
    for file in POLICIES.glob("*.yaml"):
        if not file.name.endswith(".cases.yaml"):
            text = file.read_text(encoding="utf-8").replace(old, new)
            (tmp_path / file.name).write_text(text, encoding="utf-8")
    return dr.load(tmp_path)


def test_what_is_unchanged_comes_out_the_same(book: dr.PolicyBook) -> None:
    found = replay(book, answers(book), records())
    assert (found.answers, found.outcomes, found.differences, found.same) == (4, 12, (), True)


def test_of_two_months_of_one_consultant_each_is_found(book: dr.PolicyBook) -> None:
    keys = [answer["key"] for answer in answers(book)[2:]]
    assert keys == [
        {"consultant_id": "S1", "period_end": "2014-08-31"},
        {"consultant_id": "S1", "period_end": "2014-09-30"},
    ]


def test_changed_data_is_named(book: dr.PolicyBook) -> None:
    found = replay(book, answers(book), records(changed("recall_campaign", returned=110)))
    assert [
        (each.key, each.before, each.now, each.causes) for each in found.differences if each.key == "amount"
    ] == [("amount", "1115.00", "1100.00", (Cause.DATA,))]
    assert (found.differing, found.same) == (1, False)


def test_a_changed_policy_is_named(book: dr.PolicyBook, tmp_path: Path) -> None:
    found = replay(edited(tmp_path, "15 yuan", "20 yuan"), answers(book), records())
    amounts = [each for each in found.differences if each.key == "amount"]
    assert [(each.before, each.now, each.causes) for each in amounts] == [
        ("1115.00", "1120.00", (Cause.POLICY,))
    ]


def test_another_library_is_named(book: dr.PolicyBook, monkeypatch: pytest.MonkeyPatch) -> None:
    given = answers(book)
    given[0]["outcomes"]["recall_bonus"]["amount"] = "1.00"
    monkeypatch.setattr(room, "__version__", "0.0.0")
    (found,) = replay(book, given, records()).differences
    assert (found.before, found.now, found.causes) == ("1.00", "1115.00", (Cause.LIBRARY,))


def test_an_altered_answer_has_no_other_cause(book: dr.PolicyBook) -> None:
    given = answers(book)
    given[0]["outcomes"]["recall_bonus"]["amount"] = "1.00"
    (found,) = replay(book, given, records()).differences
    assert found.to_dict() == {
        "subject": "recall_campaign",
        "id": "2014-09",
        "as_of": DAY,
        "decision": "recall_bonus",
        "key": "amount",
        "before": "1.00",
        "now": "1115.00",
        "causes": ["none"],
    }


def test_what_is_gone_is_named(book: dr.PolicyBook) -> None:
    found = replay(book, answers(book)[:1], [])
    assert [(each.key, each.before, each.now, each.causes) for each in found.differences] == [
        ("status", "decided", None, (Cause.NO_RECORD,))
    ]
    other = dr.loads(
        "policy: p\ndecisions: {d: {kind: stage, measure: visits_past_year, stages: {few: {from: 0}}}}"
    )
    (gone,) = replay(other, answers(book)[:1], records()).differences
    assert gone.causes == (Cause.NO_DECISION,)


def test_what_was_paid_stays_and_the_delta_is_told(book: dr.PolicyBook, tmp_path: Path) -> None:
    given = answers(book)
    kept = copy.deepcopy(given)
    due = due_now(edited(tmp_path, "15 yuan", "20 yuan"), given, records())
    assert given == kept
    assert due == [
        Due(
            "recall_campaign", "2014-09", DAY, "recall_bonus", "staff", Decimal("1115.00"), Decimal("1120.00")
        ),
        Due("consultant_month", "S1", DAY, "return_penalty", "staff", Decimal("-100.00"), Decimal("-100.00")),
        Due("consultant_month", "S1", DAY, "return_penalty", "staff", Decimal("-20.00"), Decimal("-20.00")),
    ]
    assert [each.delta for each in due] == [Decimal("5.00"), Decimal("0.00"), Decimal("0.00")]


def test_no_amount_is_no_delta(book: dr.PolicyBook) -> None:
    (due, *_) = due_now(book, answers(book), records(changed("recall_campaign", returned=None)))
    assert (due.paid, due.due, due.delta) == (Decimal("1115.00"), None, None)
    assert due.to_dict()["delta"] is None


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            {"schema_version": 2},
            "answer 1: schema_version: `2` cannot be read by this version, which writes 1",
        ),
        ({"subject": "car"}, "answer 1: subject: `car` is not a subject"),
        ({"key": None}, "answer 1: key: an answer to ready-made facts has no record to replay it on"),
        ({"as_of": "2014-02-30"}, "answer 1: as_of: there is no such day: `2014-02-30`"),
        ({"outcomes": [1]}, "answer 1: outcomes: a mapping of decisions is needed"),
    ],
)
def test_what_is_no_answer_is_refused(book: dr.PolicyBook, spoil: dict[str, object], said: str) -> None:
    with pytest.raises(dr.RecordError) as raised:
        replay(book, [{**answers(book)[0], **spoil}], records())
    assert str(raised.value) == said


def test_everything_that_is_missing_is_named(book: dr.PolicyBook) -> None:
    with pytest.raises(dr.RecordError) as raised:
        replay(book, [{}], records())
    assert [fault.field for fault in raised.value.faults] == [
        "schema_version",
        "subject",
        "id",
        "key",
        "as_of",
        "fingerprint",
        "input",
        "library",
        "outcomes",
    ]


# ---------------------------------------------------------------------------------------------------
# Digests


def test_the_digest_counts_what_can_be_read() -> None:
    plain = record_digest(read_record(CUSTOMER, "customer"), date(2014, 9, 30))
    same = [
        {**CUSTOMER, "visits": list(reversed(CUSTOMER["visits"]))},  # type: ignore[call-overload]
        {**CUSTOMER, "visits": [*CUSTOMER["visits"], {"visited_on": "2014-10-01"}]},  # type: ignore[misc]
        {**CUSTOMER, "surveys": [], "media": None},
        {
            **CUSTOMER,
            "visits": [{"visited_on": "2014-03-29", "amount": "680.00"}, {"visited_on": "2013-12-01"}],
        },
    ]
    other = [
        {**CUSTOMER, "loyalty": "low"},
        {**CUSTOMER, "visits": CUSTOMER["visits"][:1]},  # type: ignore[index]
        {**CUSTOMER, "visits": [*CUSTOMER["visits"], {"visited_on": "2014-09-30"}]},  # type: ignore[misc]
        {**CUSTOMER, "attributes": {"loyalty_index": 3}},
    ]
    day = date(2014, 9, 30)
    assert {record_digest(read_record(each, "customer"), day) for each in same} == {plain}
    found = {record_digest(read_record(each, "customer"), day) for each in other}
    assert (len(found), plain in found) == (4, False)


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]), st.one_of(st.none(), st.booleans(), st.integers(), st.text())
    )
)
def test_facts_that_are_not_recorded_do_not_count(facts: dict[str, object]) -> None:
    known = {name: value for name, value in facts.items() if value is not None}
    assert facts_digest("customer", facts) == facts_digest("customer", dict(reversed(known.items())))
    for name in known:
        fewer = {key: value for key, value in known.items() if key != name}
        assert facts_digest("customer", fewer) != facts_digest("customer", known)


def test_ready_made_facts_give_one_digest_however_they_are_written(book: dr.PolicyBook) -> None:
    one, other = (
        book.evaluate_facts("recall_campaign", {"attainment": share}, as_of=DAY).to_dict()["input"]
        for share in ("70%", Decimal("0.7"))
    )
    assert one == other


# ---------------------------------------------------------------------------------------------------
# The command


@pytest.fixture
def store(tmp_path: Path) -> Path:
    lines = [json.dumps({"subject": subject, **data}) for subject, data in STORE]
    (tmp_path / "store.jsonl").write_text("\n".join(lines), encoding="utf-8")
    evaluated = [
        "evaluate",
        str(tmp_path / "store.jsonl"),
        "--as-of",
        DAY,
        "--out",
        str(tmp_path / "paid.jsonl"),
    ]
    assert main(evaluated) == 0
    return tmp_path


def test_the_command_says_that_all_is_the_same(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(store / "paid.jsonl"), "--records", str(store / "store.jsonl")]) == 0
    assert capsys.readouterr().out == "4 answers worked out again, 12 outcomes: all the same\n"


def test_the_command_tells_differences_and_deltas(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (store / "store.jsonl").read_text(encoding="utf-8").replace('"returned": 111', '"returned": 112')
    (store / "store.jsonl").write_text(text, encoding="utf-8")
    asked = [
        "replay",
        str(store / "paid.jsonl"),
        "--records",
        str(store / "store.jsonl"),
        "--with",
        str(POLICIES),
    ]
    assert main([*asked, "--lang", "zh"]) == 1
    assert capsys.readouterr().out == (
        "4个结果重算一遍，12项中有 1 项不同\n"
        "\n"
        "对象     决策          项      当时                现在                 原因\n"
        "-------  ------------  ------  ------------------  -------------------  --------\n"
        "2014-09  recall_bonus  amount  1115.00             1130.00              数据变了\n"
        '2014-09  recall_bonus  lines   [{"band":           [{"band":            数据变了\n'
        '                               "reached",          "reached", "units":\n'
        '                               "units": 110,       110, "rat…\n'
        '                               "rat…\n'
        "\n"
        "3 笔付款中有 1 笔会不同；已付的不改，只列差额（元）\n"
        "\n"
        "对象     决策          收款方  已付      应付      差额\n"
        "-------  ------------  ------  --------  --------  -----\n"
        "2014-09  recall_bonus  staff   1,115.00  1,130.00  15.00\n"
        "合计                           995.00    1,010.00  15.00\n"
    )


def test_the_command_writes_json(store: Path) -> None:
    out = store / "replay.json"
    asked = ["replay", str(store / "paid.jsonl"), "--records", str(store / "store.jsonl"), "--format", "json"]
    assert main([*asked, "--with", str(POLICIES), "--out", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert (found["answers"], found["outcomes"], found["differences"]) == (4, 12, [])
    assert [(each["paid"], each["delta"]) for each in found["due"]] == [
        ("1115.00", "0.00"),
        ("-100.00", "0.00"),
        ("-20.00", "0.00"),
    ]


def test_a_file_of_something_else_is_refused(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (store / "paid.jsonl").write_text('{"a": 1}\nnot json\n', encoding="utf-8")
    assert main(["replay", str(store / "paid.jsonl"), "--records", str(store / "store.jsonl")]) == 1
    assert "paid.jsonl:2: this is not JSON" in capsys.readouterr().err
    (store / "paid.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    assert main(["replay", str(store / "paid.jsonl"), "--records", str(store / "store.jsonl")]) == 1
    assert "paid.jsonl:1: outcomes: is missing: this is no answer of dealerrules" in capsys.readouterr().err


def test_a_directory_that_is_not_there_is_wrong_usage(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["replay", str(store / "paid.jsonl"), "--records", str(store / "store.jsonl")]
    assert main([*asked, "--out", str(store / "nowhere" / "replay.txt")]) == 2
    assert capsys.readouterr().err == f"dealerrules: there is no directory `{store / 'nowhere'}`\n"
