"""Causes: where one slip explains several errors it is reported, alone; where it does not, everything is."""

from __future__ import annotations

from pathlib import Path

import pytest

from dealerrules.book import load, loads
from dealerrules.diagnostics import Diagnostic, PolicyError, Source
from dealerrules.policy.compile import compile_sources

ROOT = Path(__file__).parents[1]
CLUB = """\
policy: club
parameters:
  often:
    type: count
    value: 6
  seldom:
    type: count
    value: 3
decisions:
  club:
    kind: tier
    levels:
      gold:
        title: {zh: 金卡, en: Gold}
        cadence: weekly
      silver:
        title: {zh: 银卡, en: Silver}
        cadence: monthly
      basic:
        title: {zh: 普通, en: Basic}
        cadence: yearly
    angles:
      visits:
        gold:
          - id: six
            when: {visits_past_year: {at_least: often}}
        silver:
          - id: three
            when: {visits_past_year: {at_least: seldom}}
      referrals:
        silver:
          - id: one
            when: {vehicle_referrals: {at_least: 1}}
"""
LINES = CLUB.split("\n")


def found(text: str) -> list[tuple[int, str]]:
    try:
        loads(text)
    except PolicyError as error:
        return [(each.span.line, each.code) for each in error.diagnostics]
    return []


def moved(number: int, by: int) -> str | None:
    """Return the text with one line moved, if it can be."""
    line = LINES[number - 1]
    indent = len(line) - len(line.lstrip(" "))
    if indent + by < 0:
        return None
    return "\n".join([*LINES[: number - 1], " " * (indent + by) + line.lstrip(" "), *LINES[number:]])


@pytest.mark.parametrize("by", [-2, -1, 1, 2])
def test_a_line_in_the_wrong_place_is_one_diagnostic(by: int) -> None:
    """Wherever it is refused at all, and nearly always on that very line."""
    exact = several = tried = 0
    for number, line in enumerate(LINES, 1):
        text = moved(number, by)
        places = found(text) if line and text is not None else []
        if places:
            tried += 1
            several += len(places) > 1
            exact += any(place == number for place, _ in places)
    assert tried >= 20
    assert (several, tried - exact) <= (2, 4)


def test_the_line_that_is_missing_is_named() -> None:
    for number in (2, 3, 6, 9, 12, 13, 16, 22, 24, 25):
        places = found("\n".join([*LINES[: number - 1], *LINES[number:]]))
        assert len(places) == 1, (number, LINES[number - 1], places)
        assert abs(places[0][0] - number) <= 1, (number, places)


def test_several_mistakes_stay_several() -> None:
    text = CLUB.replace("      silver:\n        title", "        silver:\n        title").replace(
        "visits_past_year: {at_least: often}", "visit_past_year: {at_least: often}"
    )
    assert found(text) == [(16, "DR210"), (26, "DR301")]


def test_two_errors_with_nothing_in_common_are_both_said() -> None:
    text = CLUB.replace("type: count\n    value: 6", "typ: count\n    value: 6").replace(
        "cadence: weekly", "candence: weekly"
    )
    assert found(text) == [(4, "DR201"), (15, "DR201")]


def test_a_name_changed_where_it_is_defined() -> None:
    assert found(CLUB.replace("      silver:\n        title", "      platinum:\n        title")) == [
        (16, "DR322")
    ]


def test_a_name_that_is_used_once_is_reported_where_it_is_used() -> None:
    """Which of the two is misspelt cannot be known."""
    assert found(CLUB.replace("  often:", "  oftn:")) == [(26, "DR406")]


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    broken = CLUB.replace("      silver:\n        title", "        silver:\n        title")
    assert found("\ufeff" + broken.replace("\n", "\r\n")) == [(16, "DR210")]


def test_other_files_keep_their_own_errors(tmp_path: Path) -> None:
    (tmp_path / "club.yaml").write_text(CLUB.replace("    levels:", "  levels:"), encoding="utf-8")
    (tmp_path / "other.yaml").write_text("policy: other\ndecisons: {}\n", encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load(tmp_path)
    places = [
        (Path(each.span.source.name).name, each.span.line, each.code) for each in caught.value.diagnostics
    ]
    assert places == [("club.yaml", 12, "DR210"), ("other.yaml", 2, "DR201")]


def test_a_large_directory_is_not_read_over_and_over() -> None:
    """Beyond some work nothing more is tried, and everything that was found is said."""
    many = [
        Source(
            f"club-{number}.yaml",
            CLUB.replace("policy: club", f"policy: club-{number}").replace("  club:", f"  club-{number}:"),
        )
        for number in range(300)
    ]
    many = [
        Source(
            each.name,
            each.text.replace("  often:", f"  often-{at}:")
            .replace("at_least: often", f"at_least: often-{at}")
            .replace("  seldom:", f"  seldom-{at}:")
            .replace("at_least: seldom", f"at_least: seldom-{at}"),
        )
        for at, each in enumerate(many)
    ]
    compile_sources(many)
    broken = [Source(many[0].name, many[0].text.replace("    levels:", "  levels:")), *many[1:]]
    with pytest.raises(PolicyError) as caught:
        compile_sources(broken)
    assert all(isinstance(each, Diagnostic) for each in caught.value.diagnostics)
    assert {each.span.source.name for each in caught.value.diagnostics} == {"club-0.yaml"}


ONE_LINE = f"[{', '.join(f'{{id: b{at}, from: {at}, pays: 1 yuan}}' for at in (5, 4, 3, 2, 1))}]"
LAST = f"""\
policy: p
decisions:
  pay:
    kind: payout
    subject: customer
    payee: staff
    measure: visits_past_year
    bands: {ONE_LINE}
"""
FLOW = (
    "policy: p\ndecisions: {pay: {kind: payout, subject: customer, payee: staff, "
    f"measure: visits_past_year, bands: {ONE_LINE}}}}}\n"
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LAST, 8),
        (f"{LAST}    cap: 9 yuan\n", 8),
        (LAST.replace("    measure: visits_past_year\n", "") + "    measure: visits_past_year\n", 7),
        (FLOW, 2),
    ],
)
def test_each_place_of_one_line_is_told(text: str, line: int) -> None:
    """A line that changes places with another takes its errors with it: that explains none of them."""
    with pytest.raises(PolicyError) as caught:
        loads(text)
    written = text.split("\n")[line - 1]
    columns = [written.index(f"from: {number}") + 7 for number in (4, 3, 2, 1)]
    assert [(each.span.line, each.span.column, each.code) for each in caught.value.diagnostics] == [
        (line, column, "DR501") for column in columns
    ]
