"""Diffs: what an edit means in words, for whom, and on a store's records; whole texts, and figures counted one by one."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import dealerrules as dr
from dealerrules import demo
from dealerrules.cli import main
from dealerrules.diff import PolicyDiff, compare
from dealerrules.outcome import PayoutOutcome, RulesOutcome

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden" / "diff"
LANGUAGES = ("zh", "en")
DAY = date(2014, 9, 30)

Edit = tuple[str, str, str]
"""A file of the shipped policies, a text in it, and the text in its place."""

EDITS: dict[str, list[Edit]] = {
    "threshold": [
        (
            "tiers.yaml",
            "{visits_past_year: {at_least: 5}, loyalty: high}",
            "{visits_past_year: {at_least: 4}, loyalty: high}",
        )
    ],
    "parameter-of-a-fact": [
        ("incentives.yaml", "value: 20%\n    title: {zh: 招揽", "value: 25%\n    title: {zh: 招揽")
    ],
    "parameter-of-bands": [("churn.yaml", "value: 6 months", "value: 5 months")],
    "stage-start": [
        (
            "churn.yaml",
            "from: 1 year\n        title: {zh: 流失客户, en: Churned}\n      nearly",
            "from: 10 months\n        title: {zh: 流失客户, en: Churned}\n      nearly",
        )
    ],
    "rate-and-basis": [
        (
            "incentives.yaml",
            "pays_per_unit: 15 yuan\n        basis: excess",
            "pays_per_unit: 18 yuan\n        basis: whole",
        )
    ],
    "band-start": [("incentives.yaml", "over: 100%", "over: 110%")],
    "items": [
        ("incentives.yaml", "always: [tow_50km]", "always: [tow_100km]"),
        ("incentives.yaml", "50 km}, value: 500 yuan", "50 km}, value: 550 yuan"),
        ("incentives.yaml", "A: [renewal_voucher_300, alignment]\n", "A: [renewal_voucher_200, alignment]\n"),
    ],
    "level": [
        ("tiers.yaml", "cadence: monthly ", "cadence: weekly "),
        ("tiers.yaml", "            - {zh: 送油, en: Fuel delivery}\n", ""),
        ("tiers.yaml", "{zh: 看电影, en: Films}", "{zh: 看电影和演出, en: Films}"),
    ],
    "rule-added-and-removed": [
        ("tiers.yaml", "          - id: suggestion-adopted\n", "          - id: suggestions-2\n"),
        ("tiers.yaml", "suggestions_adopted: {at_least: 1}", "suggestions_adopted: {at_least: 2}"),
    ],
    "fact-of-events": [
        (
            "incentives.yaml",
            "    where: {bought_here: true}\n  vehicles",
            "    where: {own_brand: true}\n  vehicles",
        )
    ],
    "rate": [("churn.yaml", "dated: settled_on", "dated: visited_on")],
    "row-and-dates": [
        ("incentives.yaml", "churned, region: [德化, 永春, 水头, 惠安]", "churned, region: [德化, 永春]"),
        (
            "incentives.yaml",
            "        effective: {from: 2014-09-01, until: 2014-09-30}\n        when: {churn_stage: churned}\n        then: {gifts: [cash",
            "        effective: {from: 2014-09-01, until: 2014-10-31}\n        when: {churn_stage: churned}\n        then: {gifts: [cash",
        ),
    ],
    "reads-differently": [
        (
            "tiers.yaml",
            "{visits_past_year: {at_least: 5}, loyalty: high}",
            "{visits_past_year: {more_than: 4}, loyalty: high}",
        )
    ],
    "by-and-times": [
        ("incentives.yaml", "    times: headcount", "    cap: 500 yuan\n    times: headcount"),
        ("incentives.yaml", "pays: -100 yuan", "pays: -120 yuan"),
    ],
    "decision-removed": [
        ("churn.yaml", "  red_line:\n    kind: rules", "  red_line_of_ours:\n    kind: rules")
    ],
}


@cache
def shipped() -> dr.PolicyBook:
    return dr.load(ROOT / "policies")


def edited_directory(tmp_path: Path, edits: list[Edit]) -> Path:
    where = tmp_path / "edited"
    where.mkdir()
    for path in (ROOT / "policies").glob("*.yaml"):
        shutil.copyfile(path, where / path.name)
    for file, old, new in edits:
        text = (where / file).read_text("utf-8")
        assert old in text, (file, old)
        (where / file).write_text(text.replace(old, new, 1), "utf-8")
    return where


def diff_of(tmp_path: Path, edits: list[Edit]) -> PolicyDiff:
    return compare(shipped(), dr.load(edited_directory(tmp_path, edits)))


def check_golden(name: str, found: str) -> None:
    """Compare with the stored text; UPDATE_GOLDEN=1 stores it."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
    assert path.exists(), f"run UPDATE_GOLDEN=1 pytest to write {path}"
    assert found == path.read_text("utf-8")


# --- what changed, in words ------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITS)
def test_whole_texts(name: str, tmp_path: Path) -> None:
    diff = diff_of(tmp_path, EDITS[name])
    assert not diff.same
    check_golden(f"{name}.txt", "\n\n".join(diff.text(lang) for lang in LANGUAGES))


def test_a_book_against_itself() -> None:
    diff = compare(shipped(), shipped())
    assert diff.same
    assert diff.text() == "no change in meaning\n"
    assert diff.text("zh") == "含义没有变化\n"
    assert diff.changes == diff.regions == diff.touched == ()


def test_titles_sources_and_file_names_have_no_meaning(tmp_path: Path) -> None:
    where = edited_directory(
        tmp_path,
        [
            ("tiers.yaml", "en: Customer tier}", "en: The tier of a customer}"),
            ("tiers.yaml", "en: Sales}", "en: By sales}"),
            ("incentives.yaml", 'clause: "2.〔2〕5 车辆续保工作前移"', 'clause: "2"'),
            ("churn.yaml", "# ", "# a comment: "),
        ],
    )
    (where / "churn.yaml").rename(where / "another.yaml")
    diff = compare(shipped(), dr.load(where))
    assert diff.same
    assert diff.text() == "no change in meaning; titles and sources that read differently: 3\n"


def test_a_parameter_is_told_once(tmp_path: Path) -> None:
    diff = diff_of(tmp_path, EDITS["parameter-of-bands"])
    (change,) = [each.change for each in diff.changes]
    assert (change.what, change.id, change.touches) == (
        "parameter",
        "maintenance_interval",
        ("missed_maintenance",),
    )
    assert change.before is not None
    assert change.after is not None
    assert (change.before.en, change.after.en) == ("6 months", "5 months")


def test_a_new_version_holds_from_its_day_on(tmp_path: Path) -> None:
    where = edited_directory(
        tmp_path,
        [("churn.yaml", "effective: {from: 1990-01-01}", "effective: {from: 1990-01-01, until: 2014-12-31}")],
    )
    later = (ROOT / "policies" / "churn.yaml").read_text("utf-8")
    later = later.replace("effective: {from: 1990-01-01}", "effective: {from: 2015-01-01}")
    later = later.replace("value: 365 days", "value: 300 days")
    (where / "churn-2015.yaml").write_text(later, "utf-8")
    diff = compare(shipped(), dr.load(where))
    (change,) = diff.changes
    assert (change.change.id, [each.to_dict() for each in change.spans]) == (
        "red_line_after",
        [{"from": "2015-01-01", "until": None}],
    )
    assert "parameter red_line_after (from 2015-01-01 on)" in diff.text()
    assert "参数 red_line_after（2015-01-01 起）" in diff.text("zh")
    assert [each.found.decision for each in diff.regions] == ["red_line"]


def test_versions_that_say_the_same(tmp_path: Path) -> None:
    where = edited_directory(
        tmp_path,
        [("churn.yaml", "effective: {from: 1990-01-01}", "effective: {from: 1990-01-01, until: 2014-12-31}")],
    )
    later = (ROOT / "policies" / "churn.yaml").read_text("utf-8")
    (where / "churn-2015.yaml").write_text(later.replace("{from: 1990-01-01}", "{from: 2015-01-01}"), "utf-8")
    diff = compare(shipped(), dr.load(where))
    assert not diff.same
    assert [each.change.what for each in diff.changes] == ["versions"]
    assert "the policies are cut into other versions, which say the same" in diff.text()


def test_a_policy_that_begins_later(tmp_path: Path) -> None:
    diff = diff_of(
        tmp_path, [("tiers.yaml", "effective: {from: 1990-01-01}", "effective: {from: 1995-01-01}")]
    )
    assert [(each.change.how, each.change.what, each.change.id) for each in diff.changes] == [
        ("removed", "decision", "tier")
    ]
    assert {str(each.spans[0].start) for each in diff.changes} == {"1990-01-01"}
    assert {str(each.spans[0].end) for each in diff.changes} == {"1994-12-31"}


def test_another_kind_is_told_and_not_compared() -> None:
    old = dr.loads(
        "policy: p\ndecisions: {d: {kind: stage, measure: visits_past_year, stages: {few: {from: 0}, many: {from: 4}}}}"
    )
    new = dr.loads(
        "policy: p\ndecisions: {d: {kind: rules, hit: first, outputs: {d: {type: text}}, "
        "rows: [{id: many, when: {visits_past_year: {at_least: 4}}, then: {d: many}}], otherwise: {d: few}}}"
    )
    diff = compare(old, new)
    assert [each.change.aspect for each in diff.changes] == ["kind"]
    assert diff.regions == ()


def test_json_is_plain_and_whole(tmp_path: Path) -> None:
    made: Any = json.loads(json.dumps(diff_of(tmp_path, EDITS["threshold"]).to_dict()))
    assert made["schema_version"] == 1
    assert not made["same"]
    assert made["touched"] == ["tier"]
    (regions,) = made["regions"]
    first = regions["regions"][0]
    assert (first["before"]["answer"], first["after"]["answer"]) == ("vip", "super_vip")
    assert first["places"][0]["when"] == "{visits_past_year: 4, loyalty: high}"
    assert first["places"][0]["example"]["facts"] == {"visits_past_year": 4, "loyalty": "high"}


def test_an_example_is_what_it_says(tmp_path: Path) -> None:
    """Every example, given to both books as facts, gets the two answers and amounts that are told of it."""
    looked_at = 0
    for number, name in enumerate(EDITS):
        (tmp_path / str(number)).mkdir()
        diff = diff_of(tmp_path / str(number), EDITS[name])
        for dated in diff.regions:
            subject = shipped().decisions[dated.found.decision].subject
            for region in dated.found.regions:
                for place in region.places:
                    if place.example is None or place.example.by_definition or region.angle is not None:
                        continue
                    facts = {k: dr.ABSENT if v == "absent" else v for k, v in place.example.facts.items()}
                    day = place.example.as_of or date(2020, 1, 1)
                    outcomes = [
                        book.evaluate_facts(subject, facts, as_of=day)[dated.found.decision]
                        for book in (diff.old, diff.new)
                    ]
                    for outcome, said, at in zip(
                        outcomes, (region.before, region.after), (0, 1), strict=True
                    ):
                        if isinstance(outcome, RulesOutcome):
                            continue
                        looked_at += 1
                        if isinstance(outcome, PayoutOutcome):
                            assert outcome.verdict.answer == said.key
                            if place.example.amounts is not None and place.example.amounts[at] is not None:
                                assert outcome.amount == Decimal(place.example.amounts[at] or 0) / 100
                        elif said.key is not None:
                            assert outcome.verdict.answer == said.key
    assert looked_at > 20


# --- on records ------------------------------------------------------------------------------------

MANY = [
    each
    for name in ("threshold", "parameter-of-a-fact", "stage-start", "by-and-times", "items")
    for each in EDITS[name]
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("polars")
    where = tmp_path_factory.mktemp("store")
    demo.write_tables(where, count=300, as_of=DAY)
    return where


def test_impact_is_what_counting_one_by_one_gives(store: Path, tmp_path: Path) -> None:
    from dealerrules.tables import read_store, read_tables

    diff = diff_of(tmp_path, MANY)
    with read_tables(store, as_of=DAY) as tables:
        impact = diff.on(tables, DAY)
        records = list(read_store(store, as_of=DAY).records)
        assert {each.decision for each in impact.decisions} == {
            "tier",
            "churn_stage",
            "retention_gift",
            "recall_bonus",
            "satisfaction_reward",
            "insurance_prepay_gift",
        }
        for found in impact.decisions:
            check_counts(
                diff, found, [record for subject, record in records if subject == found.model.subject]
            )


def check_counts(diff: PolicyDiff, found: Any, records: list[Any]) -> None:
    moved: dict[str, tuple[Any, Any]] = {}
    totals = [Decimal(0), Decimal(0)]
    undefined = [0, 0]
    pairs: Counter[tuple[Any, Any]] = Counter()
    for record in records:
        outcomes = [book.evaluate(record, as_of=DAY)[found.decision] for book in (diff.old, diff.new)]
        keys = [key_of(each) for each in outcomes]
        pairs[keys[0], keys[1]] += 1
        if keys[0] != keys[1]:
            id_ = getattr(record, dr.records.SUBJECTS[found.model.subject].id_field)
            moved[id_] = (outcomes[0].because, outcomes[1].because)
        for at, outcome in enumerate(outcomes):
            if isinstance(outcome, PayoutOutcome):
                totals[at] += outcome.amount or 0
                undefined[at] += outcome.amount is None
    movers = {each.id: each for each in found.movers() if each.way in {"up", "down", "other"}}
    assert found.subjects == len(records)
    assert movers.keys() == moved.keys(), found.decision
    assert found.count() == len(moved)
    for id_, (before, after) in moved.items():
        assert (movers[id_].before.because, movers[id_].after.because) == (before, after)
    if found.money is not None:
        assert [found.money.before, found.money.after] == totals
        assert [found.money.undefined_before, found.money.undefined_after] == undefined
        assert found.money.more[1] + found.money.less[1] == totals[1] - totals[0]
    assert sum(number for *_, number in found.matrix) == len(records)


def key_of(outcome: Any) -> Any:
    """Return the answer by which somebody moves."""
    if isinstance(outcome, PayoutOutcome):
        return outcome.amount
    if isinstance(outcome, RulesOutcome):
        return tuple(row.id for row in outcome.rows), outcome.status.value == "undefined"
    return outcome.verdict.answer


def test_impact_in_words_and_as_json(store: Path, tmp_path: Path) -> None:
    from dealerrules.tables import read_tables

    diff = diff_of(tmp_path, MANY)
    with read_tables(store, as_of=DAY) as tables:
        impact = diff.on(tables, DAY, check=False)
    check_golden("impact.txt", "\n\n".join(diff.text(lang, impact) for lang in LANGUAGES))
    for lang in LANGUAGES:
        page = re.sub(r"<style>.*?</style>", "<style></style>", diff.html(lang, impact), flags=re.DOTALL)
        check_golden(f"impact.{lang}.html", page)
    made: Any = json.loads(json.dumps(diff.to_dict(impact)))
    for decision in made["impact"]["decisions"]:
        counted = sum(each["way"] in {"up", "down", "other"} for each in decision["movers"])
        assert counted == decision["moved"] == decision["up"] + decision["down"] + decision["other"]
    total = made["impact"]["total"]
    assert Decimal(total["before"]) + Decimal(total["difference"]) == Decimal(total["after"])


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "duckdb", "polars"])
def test_impact_takes_frames_of_any_kind(kind: str, store: Path, tmp_path: Path) -> None:
    from dealerrules.tables import read_tables
    from frames import as_kind

    diff = diff_of(tmp_path, EDITS["threshold"])
    with read_tables(store, as_of=DAY) as tables:
        wanted = diff.on(tables, DAY, check=False).to_dict()
        made = {
            name: as_kind(tables[name].collect(), kind)
            for name in (
                "customers",
                "visits",
                "referrals",
                "surveys",
                "insurance",
                "suggestions",
                "vehicles",
            )
        }
        assert diff.on(made, DAY).to_dict() == wanted


def test_a_version_by_the_subjects_own_date() -> None:
    pl = pytest.importorskip("polars")
    text = (
        "policy: p\neffective: {{from: {start}, until: {end}}}\ndecisions:\n  bonus: {{kind: payout, subject: purchase, "
        "dated_by: purchased_on, payee: staff, when: {{amount: {{at_least: {least} yuan}}}}, pays: {pays} yuan, otherwise: 0 yuan}}\n"
    )
    first = text.format(start="1990-01-01", end="2014-06-30", least=100, pays=10)

    def book(pays: int) -> dr.PolicyBook:
        later = text.format(start="2014-07-01", end="2030-12-31", least=100, pays=pays)
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a.yaml").write_text(first, "utf-8")
            Path(folder, "b.yaml").write_text(later, "utf-8")
            return dr.load(folder)

    diff = compare(book(10), book(12))
    purchases = pl.DataFrame(
        {
            "purchase_id": ["A", "B", "C", "D"],
            "purchased_on": [date(2014, 6, 30), date(2014, 7, 1), None, date(2014, 12, 1)],
            "amount": [200, 200, 200, 200],  # the last is dated after the day
        }
    )
    found = diff.on({"purchases": purchases}, "2014-09-30")["bonus"]
    assert [each.id for each in found.movers()] == [
        "C",
        "B",
    ]  # what is no longer paid at all is the larger change
    other, one = found.movers()
    assert (one.amount_before, one.amount_after) == (Decimal("10.00"), Decimal("12.00"))
    # with one meaning up to the day, a purchase without date was paid; now there are two, so it is not
    assert (other.amount_before, other.amount_after, other.way) == (Decimal("10.00"), None, "other")


def test_a_decision_that_is_new_pays_from_nothing() -> None:
    pl = pytest.importorskip("polars")
    old = dr.loads(
        "policy: p\ndecisions: {d: {kind: stage, measure: visits_past_year, stages: {few: {from: 0}}}}"
    )
    new = dr.loads(
        "policy: p\ndecisions: {d: {kind: stage, measure: visits_past_year, stages: {few: {from: 0}}}, "
        "bonus: {kind: payout, subject: purchase, payee: staff, when: {amount: {at_least: 100 yuan}}, pays: 10 yuan, otherwise: 0 yuan}}"
    )
    purchases = pl.DataFrame({"purchase_id": ["A", "B", "C"], "amount": [200, 50, None]})
    money = compare(old, new).on({"purchases": purchases}, "2014-09-30")["bonus"].money
    assert money is not None
    assert (money.before, money.after, money.undefined_before, money.undefined_after) == (0, 10, 0, 1)


# --- the command -----------------------------------------------------------------------------------


def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policies, edited = str(ROOT / "policies"), str(edited_directory(tmp_path, EDITS["threshold"]))
    assert main(["diff", policies, policies, "--exit-code"]) == 0
    assert capsys.readouterr().out == "no change in meaning\n"
    assert main(["diff", policies, edited]) == 0
    assert main(["diff", policies, edited, "--exit-code", "--lang", "zh"]) == 1
    assert "VIP客户 → 超级VIP客户" in capsys.readouterr().out
    assert main(["diff", policies, edited, "--records", "store"]) == 2
    assert main(["diff", policies, edited, "--format", "csv"]) == 2
    assert main(["diff", policies, edited, "--out", str(tmp_path / "none" / "x.html")]) == 2


def test_mistakes_of_both_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("old", "new"):
        (tmp_path / f"{name}.yaml").write_text("policy: p\ndecisions: {d: {kind: stages}}\n", "utf-8")
    assert main(["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")]) == 1
    said = capsys.readouterr().err
    assert "old.yaml:2" in said
    assert "new.yaml:2" in said


def test_formats_and_files(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policies, edited = str(ROOT / "policies"), str(edited_directory(tmp_path, MANY))
    given = ["diff", policies, edited, "--records", str(store), "--as-of", "2014-09-30"]
    for suffix, begins in (
        ("html", "<!doctype html>"),
        ("md", "# What the edit means"),
        ("json", "{"),
        ("csv", "subject,id,decision,way"),
        ("txt", "tier Customer tier: "),
    ):
        out = tmp_path / f"out.{suffix}"
        assert main([*given, "--out", str(out)]) == 0
        assert begins in out.read_text("utf-8")[:400]
    lines = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    made = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert len(lines) - 1 == sum(len(each["movers"]) for each in made["impact"]["decisions"])
    assert capsys.readouterr().out == ""


def test_faults_of_records(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(store, bad)
    text = (bad / "customers.csv").read_text("utf-8").splitlines()
    at = text[0].split(",").index("kind")
    cells = text[1].split(",")
    cells[at] = "robot"
    (bad / "customers.csv").write_text("\n".join([text[0], ",".join(cells), *text[2:]]) + "\n", "utf-8")
    policies, edited = str(ROOT / "policies"), str(edited_directory(tmp_path, EDITS["threshold"]))
    given = ["diff", policies, edited, "--records", str(bad), "--as-of", "2014-09-30"]
    assert main(given) == 1
    captured = capsys.readouterr()
    assert "`robot`" in captured.err
    assert captured.out == ""
    assert main([*given, "--on-error", "skip"]) == 1
    assert "of 299 customers move" in capsys.readouterr().out


def test_titles_are_escaped(tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script> | `x`"
    edits = [*EDITS["threshold"], ("tiers.yaml", "en: Super VIP}", f'en: "{nasty}"}}')]
    diff = diff_of(tmp_path, edits)
    assert "<script>" not in diff.html("en")
    assert "&lt;script&gt;" in diff.html("en")
    assert "<script>" not in diff.markdown("en")


def test_a_calculation_with_a_changed_answer_is_not_called_the_same() -> None:
    text = (
        "policy: p\ndecisions:\n"
        "  a: {{kind: rules, hit: first, outputs: {{a: {{type: count}}}}, rows: [{{id: r, when: {{media: true}}, then: {{a: {n}}}}}], otherwise: {{a: 1}}}}\n"
        "  b: {{kind: payout, payee: staff, times: a, pays: 10 yuan}}\n"
    )
    diff = compare(dr.loads(text.format(n=2)), dr.loads(text.format(n=3)))
    found = {each.found.decision: each.found for each in diff.regions}
    assert found["b"].through == ("a",)
    assert not found["b"].same_everywhere
    assert "It calculates with the answer of a, which changed" in diff.text()
