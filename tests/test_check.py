"""`dealerrules check` and `dr.check`: what is found, what is acknowledged, and what the exit code says."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules.analysis.lint import check_texts_of
from dealerrules.cli import main
from dealerrules.values import Kind, read_literal, write_literal

if TYPE_CHECKING:
    from pathlib import Path

GIFT = """\
policy: gifts
{head}decisions:
  gift:
    kind: rules
    hit: unique
    outputs: {{gift: {{type: boolean}}}}
    rows:
      - {{id: often, when: {{visits_past_year: {{at_least: {number}}}}}, then: {{gift: true}}}}
      - {{id: seldom, when: {{visits_past_year: {{less_than: 4}}}}, then: {{gift: false}}}}
{tail}"""


def gift(number: int, tail: str = "", head: str = "") -> str:
    return GIFT.format(number=number, tail=tail, head=head)


def codes(*texts: str, today: date | None = None) -> list[str]:
    return [each.code for each in check_texts_of(*texts, today=today)]


def test_the_command_prints_findings_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gifts.yaml").write_text(gift(5), encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        f"{tmp_path.as_posix()}/gifts.yaml:7:5: warning DR701: `gift` says nothing for: visits in the past 12 months is 4; "
        "for example `{visits_past_year: 4}`\n"
        "    7 |     rows:\n"
        "      |     ^^^^\n"
        "   = add a row, such as `- {id: …, when: {visits_past_year: 4}, then: …}`, or write `otherwise:`; if that is "
        "meant, write `gaps: allowed`\n"
        "1 warning\n"
    )


def test_strict_fails_on_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gifts.yaml").write_text(gift(5), encoding="utf-8")
    assert main(["check", str(tmp_path), "--strict"]) == 1
    (tmp_path / "gifts.yaml").write_text(gift(4), encoding="utf-8")
    assert main(["check", str(tmp_path), "--strict"]) == 0
    assert capsys.readouterr().out.endswith("no problems found\n")


def test_an_error_fails_and_hides_no_other_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gifts.yaml").write_text(gift(5).replace("less_than", "les_than"), encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 1
    assert "DR302" in capsys.readouterr().out


def test_json_has_the_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gifts.yaml").write_text(gift(5), encoding="utf-8")
    assert main(["check", str(tmp_path), "--format", "json", "--lang", "zh"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["code"], found["severity"], found["line"]) == ("DR701", "warning", 7)
    assert (
        found["message"] == "`gift` 对这些情况没有结果：近12个月进站次数 为 4；例如 `{visits_past_year: 4}`"
    )


def test_a_review_is_due_after_its_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gifts.yaml").write_text(gift(4, head="review_by: 2015-01-01\n"), encoding="utf-8")
    for day, code in (("2014-12-31", 0), ("2015-01-01", 0), ("2015-01-02", 1)):
        assert main(["check", str(tmp_path), "--strict", "--today", day]) == code
    assert "the day of review 2015-01-01 has passed" in capsys.readouterr().out


def test_a_version_that_is_over_is_not_reviewed() -> None:
    old = gift(4, head="effective: {until: 2015-06-30}\nreview_by: 2015-01-01\n")
    new = gift(4, head="effective: {from: 2015-07-01}\nreview_by: 2016-01-01\n")
    assert codes(old, new, today=date(2015, 6, 30)) == ["DR745"]
    assert codes(old, new, today=date(2015, 7, 1)) == []
    assert codes(old, new, today=date(2016, 1, 2)) == ["DR745"]


def test_the_public_function_reads_files(tmp_path: Path) -> None:
    (tmp_path / "gifts.yaml").write_text(gift(5), encoding="utf-8")
    assert [each.code for each in dr.check(tmp_path)] == ["DR701"]
    assert [each.code for each in dr.check([tmp_path / "gifts.yaml"])] == ["DR701"]
    assert dr.load(tmp_path).warnings == ()


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    assert [(each.code, each.severity.value) for each in dr.check(tmp_path)] == [("DR101", "error")]


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("", ["DR701"]),
        ("    gaps: allowed\n", []),
        ("    acknowledge: [{finding: DR701, reason: {zh: 有意, en: meant}}]\n", []),
        ("    acknowledge: [{finding: DR702, reason: {zh: 有意, en: meant}}]\n", ["DR701", "DR751"]),
        (
            "    acknowledge: [{finding: DR701, at: often, reason: {zh: 有意, en: meant}}]\n",
            ["DR701", "DR751"],
        ),
        ("    otherwise: {gift: false}\n", []),
        ("    otherwise: {gift: false}\n    gaps: allowed\n", ["DR707"]),
    ],
)
def test_what_is_meant_is_not_reported(tail: str, expected: list[str]) -> None:
    assert codes(gift(5, tail)) == expected


def test_what_is_acknowledged_is_no_part_of_the_meaning() -> None:
    plain = dr.loads(gift(5))
    for tail in (
        "    gaps: allowed\n",
        "    acknowledge: [{finding: DR701, reason: {zh: 有意, en: meant}}]\n",
    ):
        assert dr.loads(gift(5, tail)).fingerprint == plain.fingerprint


def test_a_finding_of_one_version_is_told_once() -> None:
    first = gift(5, head="effective: {until: 2014-12-31}\n")
    second = gift(4, head="effective: {from: 2015-01-01}\n")
    other = "policy: other\neffective: {from: 2014-06-01}\ndecisions:\n  care: {kind: stage, measure: visits_past_year, stages: {few: {from: 0}}}\n"
    found = check_texts_of(first, second, other)
    assert [(each.code, each.span.source.name) for each in found] == [("DR701", "policy.yaml")]


def test_a_fact_may_be_used_by_one_version_only() -> None:
    facts = "facts:\n  visits_ever: {count: visits}\n"
    old = gift(4, head="effective: {until: 2014-12-31}\n" + facts)
    new = gift(4, head="effective: {from: 2015-01-01}\n")
    assert codes(old, new) == ["DR741"]
    assert codes(old.replace("visits_past_year", "visits_ever"), new) == []


WRITTEN = st.one_of(
    st.tuples(
        st.sampled_from([Kind.COUNT, Kind.MONTHS, Kind.DAYS, Kind.MONEY]), st.integers(-(10**9), 10**9)
    ),
    st.tuples(
        st.sampled_from([Kind.RATIO, Kind.DISTANCE]),
        st.decimals(-1000, 1000, places=4).map(lambda each: each.as_integer_ratio()).map(lambda pair: pair),
    ),
    st.tuples(st.just(Kind.DATE), st.dates()),
)


@given(WRITTEN)
def test_what_is_written_is_read_again(written: tuple[Kind, object]) -> None:
    from fractions import Fraction

    from dealerrules.values import reduced

    kind, value = written
    exact = reduced(Fraction(*value)) if isinstance(value, tuple) else value
    text = write_literal(exact, kind)  # type: ignore[arg-type]
    assert text is not None
    literal = read_literal(text)
    assert (literal.kind, literal.value) == (kind, exact)


def test_a_window_of_dates_has_its_day_in_the_example() -> None:
    row = "effective: {from: 2014-09-01, until: 2014-09-30}, "
    text = gift(4).replace("{id: often, ", "{id: often, " + row)
    (found,) = check_texts_of(text)
    assert found.code == "DR701"
    assert found.message() == (
        "`gift` says nothing for: (the day of evaluation before 2014-09-01, or the day of evaluation on or after "
        "2014-10-01), and visits in the past 12 months at least 4; for example `{visits_past_year: 4}` as of 2014-08-31"
    )
