"""Levels that are kept, where policies are compared, checked, shown by cases and printed."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import dealerrules as dr
from dealerrules.analysis.lint import check_texts_of
from dealerrules.cases.coverage import run_cases
from dealerrules.cases.mutants import mutants
from dealerrules.cases.mutation import mutate
from dealerrules.cases.proposing import propose
from dealerrules.cases.running import load_cases
from dealerrules.diagnostics import Source
from dealerrules.diff import compare
from dealerrules.policy.compile import compile_nodes, policy_nodes
from dealerrules.policy.parse import MapNode, parse
from dealerrules.policy.scope import Report
from dealerrules.records import read_record
from test_diff_regions import check

LANGUAGES = ("en", "zh")
GOLDEN = Path(__file__).parent / "golden" / "keeping"
KEEPS = "keeps: {for: 12 months}"


def club(keeps: str = KEEPS, *, gold: int = 4, dates: str = "", more: str = "") -> str:
    """Return a version of a policy; `keeps` are the lines about levels that are kept."""
    lines = "".join(f"\n    {line}" for line in keeps.split("; ") if line)
    return f"""\
policy: club
{f"effective: {{{dates}}}" if dates else ""}
{more}
decisions:
  club:
    kind: tier
    title: {{zh: 会员级别, en: Club level}}
    levels:
      gold: {{title: {{zh: 金卡, en: Gold}}}}
      silver: {{title: {{zh: 银卡, en: Silver}}}}
      basic: {{title: {{zh: 普通, en: Basic}}}}{lines}
    angles:
      visits:
        title: {{zh: 来店, en: Visits}}
        gold:
          - {{id: often, title: {{zh: 常来店, en: Comes often}}, when: {{visits_past_year: {{at_least: {gold}}}}}}}
        silver:
          - {{id: twice, title: {{zh: 来店两次, en: Comes twice}}, when: {{visits_past_year: {{at_least: 2}}}}}}
"""


BEFORE = club(dates="until: 2014-12-31")
"""What was in force in 2014; Gold took four visits a year, in 2015 it takes five."""


def after(transition: str = "", *, gold: int = 5, keeps: str = KEEPS) -> str:
    return club(
        f"{keeps}; transition: {transition}" if transition else keeps, gold=gold, dates="from: 2015-01-01"
    )


def book(*versions: str) -> dr.PolicyBook:
    """Return the versions of a policy as a book."""
    report = Report()
    sources = [Source(f"v{number}.yaml", text) for number, text in enumerate(versions)]
    return dr.PolicyBook(compile_nodes(report, policy_nodes(report, sources)))


TRANSITIONS = ("re_evaluate", "keep_until_expiry", "never_lower_at_switch")
EDITS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "kept-from-now-on": ((club(""),), (club(),)),
    "kept-no-more": ((club(f"{KEEPS}; downgrade: one_level"),), (club(""),)),
    "months": ((club(),), (club("keeps: {for: 6 months}"),)),
    "downgrade": ((club(),), (club(f"{KEEPS}; downgrade: one_level"),)),
    "rules": ((club(),), (club(gold=5),)),
    "transition": ((BEFORE, after("re_evaluate")), (BEFORE, after("never_lower_at_switch"))),
    "no-version-before": (
        (club(dates="from: 2014-01-01"),),
        (club(f"{KEEPS}; transition: keep_until_expiry", dates="from: 2014-01-01"),),
    ),
    "before-the-switch": (
        (BEFORE, after("keep_until_expiry")),
        (club(gold=3, dates="until: 2014-12-31"), after("keep_until_expiry")),
    ),
    "days-without-a-version": (
        (BEFORE, after("keep_until_expiry")),
        (club(dates="until: 2014-06-30"), after("keep_until_expiry")),
    ),
    **{f"switch-{each}": ((club(),), (BEFORE, after(each))) for each in TRANSITIONS},
}


def visits(*days: str) -> list[dict[str, str]]:
    return [{"visited_on": day} for day in days]


RECORDS: dict[str, dict[str, Any]] = {
    "four early in 2014": {"visits": visits("2014-02-01", "2014-04-01", "2014-06-01", "2014-08-01")},
    "four in 2013": {"visits": visits("2013-02-01", "2013-03-01", "2013-04-01", "2013-05-01")},
    "five in 2014": {"visits": visits(*(f"2014-{month:02}-15" for month in range(1, 6)))},
    "three in 2014": {"visits": visits("2014-03-31", "2014-06-30", "2014-09-30")},
    "two": {"visits": visits("2014-10-01", "2015-01-01")},
    "none": {},
}


def golden(name: str, found: str) -> None:
    """Compare with the stored text; UPDATE_GOLDEN=1 stores it."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


def tables() -> dict[str, Any]:
    polars = pytest.importorskip("polars")
    rows = [
        {"customer_id": name, "visited_on": date.fromisoformat(each["visited_on"])}
        for name, record in RECORDS.items()
        for each in record.get("visits", ())
    ]
    return {"customers": polars.DataFrame({"customer_id": list(RECORDS)}), "visits": polars.DataFrame(rows)}


# --- what an edit means ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_in_words(name: str) -> None:
    """How long, what then, what becomes of those who hold a level; in which cases it matters, and for whom."""
    old, new = (book(*texts) for texts in EDITS[name])
    diff = compare(old, new)
    impact = diff.on(tables(), "2015-03-01")
    golden(f"{name}.txt", "\n\n".join(diff.text(lang, impact) for lang in LANGUAGES))


@pytest.mark.parametrize("name", EDITS)
def test_an_answer_differs_exactly_in_the_regions(name: str) -> None:
    old, new = (book(*texts) for texts in EDITS[name])
    records = [read_record({"customer_id": "C", **record}, "customer") for record in RECORDS.values()]
    for day in (
        "2014-06-30",
        "2014-12-31",
        "2015-01-01",
        "2015-01-31",
        "2015-06-30",
        "2016-01-01",
        "2016-02-01",
    ):
        editions = old.edition(date.fromisoformat(day)), new.edition(date.fromisoformat(day))
        if editions[0] is not None and editions[1] is not None:
            check(*editions, "club", date.fromisoformat(day), records)


@pytest.mark.parametrize("name", EDITS)
def test_who_moves_is_who_is_evaluated_otherwise(name: str) -> None:
    old, new = (book(*texts) for texts in EDITS[name])
    diff = compare(old, new)
    for day in ("2014-06-30", "2014-12-31", "2015-01-01", "2015-03-01", "2016-01-15"):
        found = diff.on(tables(), day, check=False)
        movers = (
            {each.id: (each.before.key, each.after.key) for each in found["club"].movers()}
            if found.decisions
            else {}
        )
        sides = [
            {
                key: side.evaluate({"customer_id": key, **record}, as_of=day)["club"]
                for key, record in RECORDS.items()
            }
            for side in (old, new)
        ]
        wanted = {
            key: (answer(sides[0][key]), answer(sides[1][key]))
            for key in RECORDS
            if answer(sides[0][key]) != answer(sides[1][key])
        }
        assert movers == wanted, day


def answer(outcome: Any) -> str | None:
    return outcome.level if outcome.status == "decided" else None


def test_a_parameter_of_the_time_is_told_once() -> None:
    named = "parameters: {keep_for: {type: months, value: 12 months, title: {zh: 保留时间, en: Time kept}}}"
    old = book(club("keeps: {for: keep_for}", more=named))
    new = book(club("keeps: {for: keep_for}", more=named.replace("value: 12", "value: 6")))
    found = [
        (each.change.what, each.change.id, each.change.aspect, each.change.touches)
        for each in compare(old, new).changes
    ]
    assert found == [("parameter", "keep_for", "value", ("club",)), ("decision", "club", "holders", ())]


def test_the_same_levels_by_other_words_are_the_same() -> None:
    """The rules read differently, and nobody reached another level on any day before."""
    old = book(club())
    new = book(club().replace("visits_past_year: {at_least: 4}", "visits_past_year: {more_than: 3}"))
    (region,) = compare(old, new).regions
    assert region.found.same_everywhere


def test_a_kept_level_of_a_version_that_says_it_anew_is_no_change() -> None:
    one = book(BEFORE, club(f"{KEEPS}; transition: re_evaluate", dates="from: 2015-01-01"))
    assert compare(one, book(BEFORE, club(dates="from: 2015-01-01"))).same


# --- the handbook ----------------------------------------------------------------------------------


@pytest.mark.parametrize("transition", TRANSITIONS)
def test_the_page_of_a_tier(transition: str) -> None:
    downgrade = "downgrade: one_level; " if transition == "keep_until_expiry" else ""
    policies = book(BEFORE, after(f"{transition}", keeps=f"{downgrade}{KEEPS}"))
    pages = [
        policies.handbook(lang, as_of="2015-03-31").markdown.split('<a id="d-club"></a>')[1]
        for lang in LANGUAGES
    ]
    golden(f"handbook-{transition}.md", "\n".join(pages))


def test_the_time_is_a_number_that_can_be_set() -> None:
    named = "parameters: {keep_for: {type: months, value: 12 months, title: {zh: 保留时间, en: Time kept}}}"
    page = book(club("keeps: {for: keep_for}", more=named)).handbook("en").markdown
    assert "| Time kept `keep_for` | 12 months | [Club level](#d-club) |" in page


# --- what the check finds --------------------------------------------------------------------------


def found_in(*texts: str) -> list[tuple[str, str]]:
    return [(each.code, each.message("en")) for each in check_texts_of(*texts)]


@pytest.mark.parametrize("texts", [texts for pair in EDITS.values() for texts in pair])
def test_nothing_is_found_about_rules_that_nobody_wrote(texts: tuple[str, ...]) -> None:
    assert found_in(*texts) == []


NOT_SAID = (
    "DR714",
    "`club` keeps levels and changes on 2015-01-01, and does not say what becomes of those who hold a level",
)


def test_a_version_that_does_not_say_what_becomes_of_those_who_hold_a_level() -> None:
    assert found_in(BEFORE, after()) == [NOT_SAID]
    assert found_in(club("", dates="until: 2014-12-31"), after()) == [NOT_SAID]
    same = club(dates="from: 2015-01-01")
    assert found_in(BEFORE, same) == []
    assert found_in(BEFORE, after(keeps="")) == []
    assert found_in(club(dates="until: 2014-06-30"), after()) == []  # no day before it is in force


def with_a_benefit(text: str) -> str:
    return text.replace(
        "gold: {title: {zh: 金卡, en: Gold}}", "gold: {title: {zh: 金卡, en: Gold}, cadence: weekly}"
    )


def test_what_a_level_comes_with_takes_it_from_nobody() -> None:
    """Another cadence from 2015 on: there is nothing to say of those who hold the level."""
    new = with_a_benefit(club(dates="from: 2015-01-01"))
    assert found_in(BEFORE, new) == []
    aspects = [each.change.aspect for each in compare(book(club()), book(BEFORE, new)).changes]
    assert aspects == ["cadence"]
    held = with_a_benefit(club(f"{KEEPS}; transition: never_lower_at_switch", dates="from: 2015-01-01"))
    aspects = [each.change.aspect for each in compare(book(club()), book(BEFORE, held)).changes]
    assert aspects == ["transition", "cadence", "holders"]


def test_it_can_be_meant() -> None:
    meant = after().replace(
        "    angles:", "    acknowledge: [{finding: DR714, reason: {zh: 有意, en: meant}}]\n    angles:"
    )
    assert found_in(BEFORE, meant) == []
    assert [
        code
        for code, _ in found_in(
            BEFORE, meant.replace("    levels:", "    transition: re_evaluate\n    levels:")
        )
    ] == ["DR751"]


def without_gold(text: str) -> str:
    head, _, rest = text.partition("        gold:\n")
    return head + rest.partition("\n")[2]


def test_a_level_that_is_only_kept() -> None:
    nobody = ("DR713", "nobody can reach the level `gold`: no criterion grants it")
    assert found_in(without_gold(club())) == [nobody]
    assert found_in(BEFORE, without_gold(after("re_evaluate"))) == [nobody]
    assert found_in(BEFORE, without_gold(after("keep_until_expiry"))) == []
    assert found_in(BEFORE, without_gold(after("never_lower_at_switch"))) == []


def test_a_level_to_which_others_fall() -> None:
    """Nobody reaches Silver by its criterion; where levels fall one by one, those who were Gold do."""
    never = club().replace("visits_past_year: {at_least: 2}", "visits_past_year: {at_least: 4}")
    assert [code for code, _ in found_in(never)] == ["DR713", "DR712"]
    falling = never.replace(KEEPS, f"{KEEPS}\n    downgrade: one_level")
    assert [code for code, _ in found_in(falling)] == ["DR712"]


# --- cases -----------------------------------------------------------------------------------------

GIVEN = "given: {visits: [{visited_on: 2014-02-01}, {visited_on: 2014-04-01}, {visited_on: 2014-06-01}, {visited_on: 2014-08-01}]}"
CASES = f"""\
cases:
  - {{name: reached, as_of: 2014-08-01, {GIVEN}, expect: {{club: {{level: gold, earned: gold}}}}}}
  - {{name: the last day of Gold, as_of: 2016-01-30, {GIVEN}, expect: {{club: {{level: gold, earned: basic}}}}}}
  - {{name: Gold is over, as_of: 2016-01-31, {GIVEN}, expect: {{club: {{level: silver, earned: basic}}}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "club.yaml").write_text(
        club(f"{KEEPS}; downgrade: one_level; transition: re_evaluate"), "utf-8"
    )
    (tmp_path / "club.cases.yaml").write_text(CASES, "utf-8")
    return tmp_path


def test_what_cases_show_of_levels_that_are_kept(folder: Path) -> None:
    policies = dr.load(folder)
    report = run_cases(policies, load_cases([folder], policies))
    assert report.failures == ()
    kept = [each for each in report.targets if each.kind in {"kept", "condition"}]
    assert [each.text().partition(" (")[2] for each in kept if each.kind == "condition"] == []
    places = [each.text().replace((folder / "club.yaml").as_posix(), "club.yaml") for each in kept]
    assert [text.replace("club.yaml", "…") for text in places] == [
        "club gold: kept for 12 months (…:12): on the last day, on the day it is over",
        "club silver: kept for 12 months (…:12): no case on the last day, on the day it is over",
    ]
    assert report.counts()["kept"] == (1, 2)
    assert kept[1].text("zh").startswith("club silver: 保留12个月 (")
    assert kept[1].text("zh").endswith("，没有这样的样例：保留的最后一天、保留期满当天")


def test_the_small_changes_of_what_is_kept() -> None:
    node, _ = parse(Source("p", club(f"{KEEPS}; downgrade: one_level; transition: re_evaluate")))
    assert isinstance(node, MapNode)
    found = [(each.kind, each.said()) for each in mutants(node, lambda *_: None) if each.owner == "club"]
    assert found == [
        ("number", "`keeps: for: 12 months` changed to `keeps: for: 13 months`"),
        ("number", "`keeps: for: 12 months` changed to `keeps: for: 11 months`"),
        ("part", "`keeps: {for: 12 months}` left out"),
        ("word", "`downgrade: one_level` changed to `downgrade: to_computed`"),
        ("word", "`transition: re_evaluate` changed to `transition: keep_until_expiry`"),
        ("word", "`transition: re_evaluate` changed to `transition: never_lower_at_switch`"),
    ]


def test_which_of_them_the_cases_notice(folder: Path) -> None:
    """Both other numbers are noticed; with one version only, another transition is proved to change nothing."""
    report = mutate([folder])
    assert [each.said() for each in report.surviving if each.owner == "club"] == [
        "`downgrade: one_level` changed to `downgrade: to_computed`",
    ]
    assert [each.said() for each in report.equivalent] == [
        "`transition: re_evaluate` changed to `transition: keep_until_expiry`",
        "`transition: re_evaluate` changed to `transition: never_lower_at_switch`",
    ]


def test_proposed_cases_show_both_ends_and_notice_every_change(folder: Path) -> None:
    (folder / "club.cases.yaml").unlink()
    proposal = propose([folder])
    assert (proposal.left, proposal.surviving) == ((), ())
    ends = [each for each in proposal.cases if each.case.record is not None]
    assert [(each.case.name, str(each.case.as_of), each.case.expect["club"]["level"]) for each in ends] == [
        ("proposed: club, visits.often: on the last day", "2021-11-27", "gold"),
        ("proposed: club, visits.often: on the day it is over", "2021-11-28", "silver"),
        ("proposed: club, visits.twice: on the last day", "2021-11-29", "silver"),
        ("proposed: club, visits.twice: on the day it is over", "2021-11-30", "basic"),
    ]
    assert run_cases(dr.load(folder), [each.case for each in proposal.cases]).failures == ()
