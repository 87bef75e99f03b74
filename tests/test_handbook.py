"""The handbook: everything that the policies say stands in it, its numbers are those that are paid, and it stands alone.

``UPDATE_GOLDEN=1 pytest tests/test_handbook.py`` writes the expected Markdown anew; read what it changed.
"""

from __future__ import annotations

import os
import re
import sys
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings

import dealerrules as dr
from dealerrules.charts import Curve, payments
from dealerrules.cli import main
from dealerrules.handbook import handbook
from dealerrules.handbook.bench import Bench
from dealerrules.handbook.curves import curve_of
from dealerrules.handbook.examples import Examples
from dealerrules.handbook.words import ATTACHED, DEPARTMENTS, PAYEES, SAYS
from dealerrules.outcome import public_value
from dealerrules.policy.model import Offer, Payout, Stage, Tier
from dealerrules.sections import (
    Contents,
    Named,
    Points,
    Section,
    Table,
    Terms,
    Text,
    as_html,
    as_markdown,
)
from dealerrules.wording import Wording
from strategies import Situation, situations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealerrules.handbook import Handbook
    from dealerrules.policy.model import AnyDecision, Edition

POLICIES = Path(__file__).parents[1] / "policies"
SHIPPED = dr.load(POLICIES)
GOLDEN = Path(__file__).parent / "golden"
DAY = date(2014, 9, 30)
LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def books() -> Mapping[str, Handbook]:
    """The handbook of the shipped policies, by language."""
    return {lang: handbook(SHIPPED, lang) for lang in LANGUAGES}


def section(markdown: str, name: str) -> str:
    """Return the section of a decision."""
    start = markdown.index(f'<a id="d-{name}"></a>')
    after = re.compile(r'<a id="(?:d-[a-z_0-9]+|p-[^"]+|parameters|items)"></a>')
    end = after.search(markdown, start + 1)
    return markdown[start : end.start() if end else None]


def tables(markdown: str) -> list[list[list[str]]]:
    """Return the tables of a text, with their heads, as cells."""
    found: list[list[list[str]]] = []
    rows: list[list[str]] = []
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            found.append([rows[0], *rows[2:]])
            rows = []
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_to_the_letter(lang: str, books: Mapping[str, Handbook]) -> None:
    said = re.sub(r"\b[0-9a-f]{12}\b", "0", books[lang].markdown)
    golden = GOLDEN / f"handbook.{lang}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


# --- a reader of the handbook alone -------------------------------------------------------------------


def paid_by_the_book(bands: list[list[str]], target: int, returned: int) -> Decimal:
    """Pay as the table of bands says, read as a person reads it."""
    attainment = Fraction(returned, target)
    for _, reach, pays in bands:
        low = re.match(r"(从|超过) (\d+)%", reach)
        high = re.search(r"，(不到|至多) (\d+)%", reach)
        assert low is not None
        start = Fraction(int(low[2]), 100)
        if not (attainment >= start if low[1] == "从" else attainment > start):
            continue
        if high is not None:
            end = Fraction(int(high[2]), 100)
            if not (attainment < end if high[1] == "不到" else attainment <= end):
                continue
        total = Decimal(0)
        for line in pays.split("<br>"):
            (rate,) = re.findall(r"([\d,]+\.\d\d)元$", line)
            units = (
                1
                if line.startswith("固定")
                else target
                if line.startswith("全额：从头计到下一档起点 招揽目标")
                else returned
                if line.startswith("全额：回厂台数每一单位都计")
                else returned - target
            )
            assert units in {1, target, returned} or line.startswith("超额：只计回厂台数超出 招揽目标")
            total += units * Decimal(rate.replace(",", ""))
        return total
    raise AssertionError(returned)


@pytest.mark.parametrize(
    ("returned", "amount"), [(77, "0"), (78, "780"), (110, "1100"), (111, "1115"), (130, "1400")]
)
def test_a_reader_of_the_handbook_alone_pays_the_recall_bonus(
    returned: int, amount: str, books: Mapping[str, Handbook]
) -> None:
    heads, *bands = tables(section(books["zh"].markdown, "recall_bonus"))[0]
    assert heads == ["档", "达成率", "支付"]
    campaign = {"campaign_id": "2014-09", "target": 110, "returned": returned}
    paid = SHIPPED.evaluate(campaign, subject="recall_campaign", as_of="2014-09-30")["recall_bonus"]
    assert paid_by_the_book(bands, 110, returned) == Decimal(amount) == paid.amount


def test_a_reader_knows_what_happens_where_the_target_is_not_there(books: Mapping[str, Handbook]) -> None:
    said = section(books["zh"].markdown, "recall_bonus")
    *_, what_if, facts = tables(said)
    cases = {row[0]: row[1:] for row in what_if[1:]}
    computed = cases["写明的招揽目标没有记录，招揽数目 = 503"]
    assert computed[0] == "1,445.00元"  # 101 × 10 + 29 × 15: a fifth of 503, rounded up
    assert "招揽目标（未定时按比例取整） = 101" in computed[1]
    assert "101 × 10.00元 = 1,010.00元" in computed[1]
    assert cases["写明的招揽目标 = 0"][0].startswith("没有结果<br>")
    assert cases["写明的招揽目标、招揽数目没有记录"][0].startswith("没有结果<br>以下事实没有记录：")
    assert cases["回厂台数没有记录"][0].startswith("没有结果<br>以下事实没有记录：回厂台数")
    definitions = {row[0]: row[1] for row in facts[1:]}
    target = "写明的招揽目标，没有则 (20%（recall_share） × 招揽数目) 向上取整"
    assert definitions["招揽目标（未定时按比例取整） `recall_target`"] == target
    assert "按“结束日期”：以当天有效的版本为准" in said
    assert "四舍五入到 0.01元" in said
    assert "员工" in said


# --- everything stands in it --------------------------------------------------------------------------


def names(edition: Edition) -> Iterator[str]:
    """Yield everything that has a name: decisions, rules, levels, angles, bands, items, facts."""
    for decision in edition.decisions.values():
        yield decision.name
        yield from (rule.id for rule in decision.rules)
        match decision:
            case Tier():
                yield from (level.id for level in decision.levels)
            case Stage():
                yield from decision.stages
            case Payout():
                yield from decision.bands
            case _:
                pass
    yield from edition.rates
    yield from edition.items


def titles(edition: Edition) -> Iterator[Any]:
    for decision in edition.decisions.values():
        yield decision.title
        yield from (rule.title for rule in decision.rules)
        if isinstance(decision, Tier):
            yield from (angle.title for angle in decision.angles)
            for level in decision.levels:
                yield from level.follow_up
                yield from (text for texts in level.benefits.values() for text in texts)
    yield from (rate.title for rate in edition.rates.values())
    yield from (item.title for item in edition.items.values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_of_the_policies_stands_in_it(lang: str, books: Mapping[str, Handbook]) -> None:
    page, text = books[lang].html, books[lang].markdown
    edition = SHIPPED.editions[0]
    plain = "\n".join(ET.fromstring(as_xml(page)).itertext())
    for name in names(edition):
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), name
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", plain), name
    for title in titles(edition):
        assert title.get(lang) in plain
    for decision in edition.decisions.values():
        clauses = [decision.clause, *(rule.clause for rule in decision.rules)]
        assert all(str(each) in plain for each in clauses)
        assert all(each.note in plain for each in clauses if each is not None and each.note)


def test_each_language_has_every_word() -> None:
    for words in (SAYS, DEPARTMENTS, PAYEES, ATTACHED):
        for name, (english, chinese) in words.items():
            assert not re.search(r"[\u4e00-\u9fff]", english), name
            assert re.search(r"[\u4e00-\u9fff]", chinese) or not re.search(r"[a-z]", chinese.split("{")[0])


# --- its numbers are those that are paid --------------------------------------------------------------


def benches(book: dr.PolicyBook) -> Iterator[tuple[AnyDecision, Bench, Examples]]:
    edition = book.editions[-1]
    day = min(max(DAY, edition.start), edition.end)
    for decision in edition.decisions.values():
        bench = Bench(edition, decision, day)
        yield decision, bench, Examples(bench, Wording(edition, decision.subject, "en"))


def asked(book: dr.PolicyBook, bench: Bench, facts: Mapping[str, Any]) -> Any:
    """Ask the fast engine about facts as the reference interpreter holds them."""
    given = {name: public_value(value, bench.type_of(name).kind) for name, value in facts.items()}
    given = {name: facts[name] if value is None else value for name, value in given.items()}
    decision = bench.decision
    answers = book.evaluate_facts(
        decision.subject, {**bench.dated, **given}, as_of=bench.day, decisions=[decision.name]
    )
    return answers[decision.name]


def test_every_example_is_what_evaluate_says() -> None:
    seen = 0
    for decision, bench, examples in benches(SHIPPED):
        for group, run in examples.runs:
            table = examples.table(group, run)
            points = run.points(beyond=examples.by_the_unit(group))
            for at, row in zip(points, table.rows, strict=True):
                outcome = asked(SHIPPED, bench, run.given(at))
                seen += 1
                match decision:
                    case Payout():
                        assert row[-1] == f"{outcome.amount:,.2f} yuan"
                        assert outcome.amount == sum(line.amount for line in outcome.lines)
                    case Stage():
                        assert f"({outcome.stage})" in str(row[-1])
                    case Offer():
                        assert (f"({outcome.band})" if outcome.band else "not eligible") in str(row[-1])
                    case _:
                        raise AssertionError(decision.name)
        table = examples.what_if()
        base = examples.example()
        if table is None or base is None:
            continue
        cases = dict(reversed([*examples.cases(base), ("As it is", base)]))
        for said, result, *_ in table.rows:
            outcome = asked(SHIPPED, bench, cases[str(said)])
            answer = result[0] if isinstance(result, tuple) else result
            seen += 1
            if isinstance(decision, Payout):
                assert answer == ("no answer" if outcome.amount is None else f"{outcome.amount:,.2f} yuan")
            assert isinstance(result, tuple) == (outcome.status.value != "decided")
    assert seen > 80


def test_bounds_are_shown_on_both_sides() -> None:
    shown = {
        decision.name: [
            [str(row[0]) for row in examples.table(group, run).rows] for group, run in examples.runs
        ]
        for decision, _, examples in benches(SHIPPED)
    }
    assert shown["recall_bonus"] == [["0", "70", "71", "100", "101", "130"]]
    assert shown["satisfaction_reward"] == [["0", "95", "96", "99", "100"]] * 3
    assert shown["return_penalty"] == [["20", "19", "14"]]
    assert shown["spend_gift"] == [
        ["499.99 yuan", "500.00 yuan", "999.99 yuan", "1,000.00 yuan", "1,000.01 yuan"]
    ]
    assert shown["missed_maintenance"] == [["0 months", "11 months", "12 months", "17 months", "18 months"]]


def test_what_is_paid_for_several_persons_and_for_none(books: Mapping[str, Handbook]) -> None:
    said = section(books["en"].markdown, "satisfaction_reward")
    cases = {row[0]: row[1:] for table in tables(said) for row in table[1:] if table[0][0] == "Case"}
    assert cases["Headcount = 3"] == ["300.00 yuan", "100.00 yuan × 3"]
    assert cases["Headcount = 0"][0] == "0.00 yuan"
    assert cases["Customers surveyed = 0"][0].startswith("no answer<br>")
    gift = section(books["en"].markdown, "insurance_prepay_gift")
    limits = {row[0]: row[1] for table in tables(gift) for row in table[1:] if table[0][0] == "Case"}
    assert (
        limits["Premium prepaid = 999.99 yuan"] == limits["Premium prepaid = 3,000.01 yuan"] == "not eligible"
    )
    assert "repair-over-20k" in limits["Premium prepaid = 3,000.00 yuan"]


LIMITED = """
policy: limited
decisions:
  tier:
    kind: tier
    levels: {good: {}, other: {}}
    angles: {one: {good: [{id: often, when: {visits_past_year: {at_least: 3}}}]}}
  bonus:
    kind: payout
    measure: spend_past_year
    when: {tier: good}
    otherwise: 0 yuan
    bands: [{id: all, from: 0 yuan, pays_percent: 1%, basis: whole}]
    cap: 50 yuan
    floor: 5 yuan
    rounding: half_up to 1 yuan
"""


def test_where_a_cap_and_a_floor_begin_to_bite() -> None:
    said = section(handbook(dr.loads(LIMITED), "en").markdown, "bonus")
    _, examples, what_if, _ = tables(said)
    assert "With Visits in the past 12 months = 3:" in said
    assert [row[0] for row in examples[1:]] == [
        "0.00 yuan",
        "449.99 yuan",
        "450.00 yuan",
        "1,000.00 yuan",
        "5,049.99 yuan",
        "5,050.00 yuan",
    ]
    assert examples[2][2:] == ["449.99 yuan × 1% = 4.00 yuan<br>floor 1.00 yuan", "5.00 yuan"]
    assert examples[6][2:] == ["5,050.00 yuan × 1% = 51.00 yuan<br>cap -1.00 yuan", "50.00 yuan"]
    cases = {row[0]: row[1] for row in what_if[1:]}
    assert cases["Visits in the past 12 months = 2"] == "5.00 yuan"  # another level: the floor
    assert cases["Visits in the past 12 months: not recorded"].startswith("no answer")


def curve(name: str) -> Curve:
    (examples,) = (each for decision, _, each in benches(SHIPPED) if decision.name == name)
    group, run = examples.runs[0]
    found = curve_of(run, examples.words, lump=not examples.by_the_unit(group))
    assert found is not None
    return found


def test_a_curve_shows_where_what_is_paid_jumps() -> None:
    found = curve("recall_bonus")
    assert (Fraction(7, 10), Fraction(0)) in found.full
    ((place, just_above),) = found.empty
    assert place == Fraction(7, 10)
    assert abs(just_above - 700) < 1
    assert [said for _, said in found.ticks] == ["0%", "70%", "100%"]
    assert len(found.pieces) == 3
    fines = curve("satisfaction_reward")
    assert {(place, paid) for place, paid in fines.full} == {
        (Fraction(95, 100), Fraction(-50)),
        (Fraction(1), Fraction(100)),
    }


def test_a_chart_keeps_its_labels_and_what_it_is_called() -> None:
    pytest.importorskip("matplotlib")
    svg = payments("x", "a <title> & more", curve("satisfaction_reward"), ("what | is $paid$", "yuan"))
    ET.fromstring(svg)
    assert "a &lt;title&gt; &amp; more" in svg
    assert "what | is $paid$" in svg
    assert ">95%<" in svg
    assert ">100%<" in svg


# --- it stands alone ----------------------------------------------------------------------------------


def as_xml(page: str) -> str:
    """Return a page as XML: all but two tags are closed."""
    return re.sub(r"<(meta [^>]*)>", r"<\1/>", page.removeprefix("<!doctype html>\n"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_and_stands_alone(lang: str, books: Mapping[str, Handbook]) -> None:
    pytest.importorskip("matplotlib")
    page = books[lang].html
    tree = ET.fromstring(as_xml(page))
    ids = [each.get("id", "") for each in tree.iter() if each.get("id")]
    assert len(set(ids)) == len(ids)
    links = [each.get("href", "") for each in tree.iter() if each.get("href")]
    assert len(links) > 40
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    tags = {each.tag.rpartition("}")[2] for each in tree.iter()}
    assert not {"script", "link", "img", "iframe", "object"} & tags
    assert "http:" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert "https:" not in page
    assert not re.findall(r"url\((?!#)", page)
    assert "@import" not in page
    assert page.count("<svg") == page.count("<figure>") == 5
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in page
    for width in ("@media print", "max-width:40rem", "width=device-width"):
        assert width in page


def test_the_same_policies_give_the_same_page(books: Mapping[str, Handbook]) -> None:
    pytest.importorskip("matplotlib")
    assert handbook(dr.load(POLICIES), "zh").html == books["zh"].html


def test_markdown_links_to_its_own_places(books: Mapping[str, Handbook]) -> None:
    for made in books.values():
        ids = re.findall(r'^<a id="([^"]+)"></a>$', made.markdown, re.MULTILINE)
        assert len(set(ids)) == len(ids)
        assert set(re.findall(r"\]\(#([^)]+)\)", made.markdown)) <= set(ids)


HOSTILE = "<script>alert('x')</script> | `a` **b** [c](http://d) &amp; \\\\"
HOSTILE_POLICY = f"""
policy: hostile
title: "{HOSTILE}"
source: {{document: "{HOSTILE}", clause: "{HOSTILE}", note: "{HOSTILE}"}}
items:
  thing: {{title: "{HOSTILE}", value: 1 yuan}}
decisions:
  bonus:
    kind: payout
    title: "{HOSTILE}"
    subject: recall_campaign
    payee: "{HOSTILE}"
    measure: attainment
    unit: returned
    bands:
      - {{id: low, title: "{HOSTILE}", from: 0%, pays: 0 yuan}}
      - {{id: high, title: "{HOSTILE}", from: 50%, pays_per_unit: 1 yuan, basis: whole, data: {{"{HOSTILE}": ["{HOSTILE}"]}}}}
  gift:
    kind: rules
    hit: collect
    outputs: {{gifts: {{type: items, title: "{HOSTILE}"}}, said: {{type: text, title: "1. {HOSTILE}"}}}}
    rows: [{{id: row, title: "{HOSTILE}", when: {{region: "{HOSTILE}"}}, then: {{gifts: [thing], said: "- {HOSTILE}"}}}}]
"""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whatever_a_title_holds_is_shown_as_it_is(lang: str) -> None:
    pytest.importorskip("matplotlib")
    made = handbook(dr.loads(HOSTILE_POLICY), lang)
    tree = ET.fromstring(as_xml(made.html))
    assert "<script" not in made.html
    said = HOSTILE.replace("\\\\", "\\")
    assert "".join(tree.itertext()).count(said) > 10
    assert not re.search(r"(?<!\\)<script", made.markdown)
    assert "](http:" not in made.markdown.replace("\\]", "")
    for table in tables(made.markdown):
        assert len({len(row) for row in table}) == 1


def test_pages_of_any_form() -> None:
    block = Points(("1. one", Named("two", "`2`"), ("three", ("four", "five"))))
    terms = Terms((("a", "b"), ("c", ("d", ("e", "f"))), (Named("g", "h"), Named("i", "", "part"))))
    inner = Section("part", Named("Part"), (Text("- x"), block, terms, Table(("h",), (("x",),), "+ y")))
    whole = Section("top", Named("Whole"), (), (inner,))
    text = as_markdown(whole, Contents("Contents"))
    assert "\n\\- x\n" in text
    assert "- 1\\. one" in text
    assert "- **c**\n  - d\n    - e\n    - f" in text
    assert "- **g `h`**: [i](#part)" in text
    assert "\\+ y\n\n| h |" in text
    ET.fromstring(as_xml(as_html(whole, Contents("Contents"), "en")))


# --- any policies -------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(situations())
def test_no_policy_makes_it_fail(situation: Situation) -> None:
    made = handbook(situation.book, "en")
    for table in tables(made.markdown):
        assert len({len(row) for row in table}) == 1
    for name in situation.edition.decisions:
        assert f'<a id="d-{name}"></a>' in made.markdown
    for decision, bench, examples in benches(situation.book):
        for group, run in examples.runs:
            for at, row in zip(
                run.points(beyond=examples.by_the_unit(group)), examples.table(group, run).rows, strict=True
            ):
                if isinstance(decision, Payout):
                    amount = bench.decided(run.given(at)).amount
                    answer = row[-1][0] if isinstance(row[-1], tuple) else row[-1]
                    said = "no answer" if amount is None else f"{Decimal(amount) / 100:,.2f} yuan"
                    assert answer == said


def test_it_is_made_without_matplotlib_but_for_the_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    made = handbook(SHIPPED, "en")
    assert "1,015.00 yuan" in made.markdown
    with pytest.raises(dr.RecordError, match="dealerrules\\[report\\]"):
        _ = made.html


# --- editions -----------------------------------------------------------------------------------------

VERSIONS = """
policy: bonus
effective: {EFFECTIVE}
decisions:
  bonus:
    kind: payout
    title: {zh: 奖金, en: Bonus}
    subject: recall_campaign
    dated_by: ends_on
    measure: returned
    unit: returned
    bands: [{from: 0, pays: 0 yuan}, {id: many, from: 10, pays_per_unit: RATE yuan, basis: whole}]
"""


@pytest.fixture
def versions(tmp_path: Path) -> dr.PolicyBook:
    """A bonus of 10 yuan up to the end of 2014, and of 12 from 2016 on; nothing in between."""
    for name, effective, rate in (
        ("old", "{from: 2014-01-01, until: 2014-12-31}", "10"),
        ("new", "{from: 2016-01-01}", "12"),
    ):
        text = VERSIONS.replace("{EFFECTIVE}", effective).replace("RATE", rate)
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return dr.load(tmp_path)


def test_the_latest_edition_or_that_of_a_day(versions: dr.PolicyBook) -> None:
    latest, old = handbook(versions, "en"), handbook(versions, "en", "2014-06-30")
    assert "In force from 2016-01-01 on." in latest.markdown
    assert "This is edition 2 of 2" in latest.markdown
    assert "| 10 | many | 10 × 12.00 yuan | 120.00 yuan |" in latest.markdown
    assert "In force from 2014-01-01 to 2014-12-31." in old.markdown
    assert "| 10 | many | 10 × 10.00 yuan | 100.00 yuan |" in old.markdown
    (editions,) = (table for table in tables(old.markdown) if table[0][0] == "Edition")
    assert editions[1:] == [
        ["1 (this handbook)", "2014-01-01 to 2014-12-31", "the first one"],
        ["2", "2016-01-01 on", "changed: Bonus"],
    ]


def test_a_day_without_policies_and_another_language(versions: dr.PolicyBook) -> None:
    with pytest.raises(dr.RecordError, match="no policy is in force on 2015-06-30"):
        handbook(versions, "en", date(2015, 6, 30))
    with pytest.raises(ValueError, match="not `fr`"):
        handbook(versions, "fr")


# --- the command --------------------------------------------------------------------------------------


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    for name, lang in (("h.html", "zh"), ("h.md", "en")):
        out = tmp_path / name
        assert main(["handbook", str(POLICIES), "--out", str(out), "--lang", lang]) == 0
        made = handbook(SHIPPED, lang)
        assert out.read_text(encoding="utf-8") == (made.html if name.endswith("html") else made.markdown)
    assert capsys.readouterr().out.split() == [str(tmp_path / "h.html"), str(tmp_path / "h.md")]


def test_wrong_usage_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["handbook", str(POLICIES), "--out", str(tmp_path / "h.pdf")]) == 2
    assert main(["handbook", str(POLICIES), "--out", str(tmp_path / "no" / "h.md")]) == 2
    assert main(["handbook", str(POLICIES), "--out", str(tmp_path / "h.md"), "--as-of", "1980-01-01"]) == 1
    assert "no policy is in force on 1980-01-01" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
