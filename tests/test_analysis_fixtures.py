"""The analysis fixtures: every planted fault is found on its line, nothing else is, and each is really there.

``fixtures/analysis/expected.md`` is the table of what is planted. That a fault is there is shown by evaluating, without
the analyser: on the subject that the table names, and on the one that the message names.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dealerrules as dr
from dealerrules.analysis.lint import check
from dealerrules.cases.running import load_cases
from dealerrules.diagnostics import FINDINGS, Diagnostic
from dealerrules.policy.model import Payout, Rules, Stage, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.book import PolicyBook
    from dealerrules.outcome import Outcome

FIXTURES = Path(__file__).parent / "fixtures" / "analysis"
TODAY = date(2014, 9, 30)
MARK = re.compile(r"#\s*<- ((?:DR\d{3} ?)+)")
EXAMPLE = re.compile(r"`(\{.*?\})`(?: as of (\d{4}-\d\d-\d\d))?(?: pays (-?[\d,.]+) yuan)?")
WITNESS = re.compile(r"(\{.*?\})(?: on (\d{4}-\d\d-\d\d))?(?: pays (-?[\d.]+))?")
PROPOSED = re.compile(r"such as `- \{id: …, when: (.*), then: …\}`")


@dataclass(frozen=True)
class Planted:
    """A row of the table: a fault, and subjects that show it."""

    fixture: str
    code: str
    shown_by: str


def table() -> list[Planted]:
    """Return the rows of the table."""
    lines = (FIXTURES / "expected.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [Planted(name, code, shown.strip("`")) for name, code, shown in rows[1:]]


TABLE = table()
FAULTS = [each for each in TABLE if each.code != "none"]
NAMES = list(dict.fromkeys(each.fixture for each in TABLE))
SOUND = [each.fixture for each in TABLE if each.code == "none"]


def place(name: str) -> Path:
    """Return the file, or the directory of files, of a fixture."""
    file = FIXTURES / f"{name}.yaml"
    return file if file.exists() else FIXTURES / name


def files(name: str) -> list[Path]:
    """Return the files of a fixture."""
    at = place(name)
    return sorted(at.glob("*.yaml")) if at.is_dir() else [at]


def marked(name: str) -> list[tuple[str, str, int]]:
    """Return what the comments of a fixture say must be found: code, file, line."""
    return [
        (code, file.name, number)
        for file in files(name)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        for found in [MARK.search(line)]
        if found
        for code in found[1].split()
    ]


@cache
def found_in(name: str) -> tuple[Diagnostic, ...]:
    """Return what the analyser finds."""
    return tuple(check(place(name), today=TODAY))


def where(found: Diagnostic) -> tuple[str, str, int]:
    """Return code, file and line."""
    return found.code, Path(found.span.source.name).name, found.span.line


# ---------------------------------------------------------------------------------------------------
# Found, and nothing else


@pytest.mark.parametrize("name", NAMES)
def test_exactly_what_is_planted_is_found(name: str) -> None:
    assert sorted(map(where, found_in(name))) == sorted(marked(name))


def test_the_table_lists_what_the_files_mark() -> None:
    there = {path.relative_to(FIXTURES).parts[0].removesuffix(".yaml") for path in FIXTURES.rglob("*.yaml")}
    assert set(NAMES) == there
    planted = Counter((each.fixture, each.code) for each in FAULTS)
    assert planted == Counter((name, code) for name in NAMES for code, _, _ in marked(name))


def test_every_finding_is_planted_somewhere() -> None:
    assert {each.code for each in FAULTS} == set(FINDINGS)


@pytest.mark.parametrize("name", NAMES)
def test_messages_read_in_both_languages(name: str) -> None:
    for found in found_in(name):
        for lang in ("zh", "en"):
            said = found.message(lang) + found.help(lang)
            assert not re.search(r"\{[a-z_]+\}|None|Fraction|Decimal|Phrase", said)
        assert re.search("[\u4e00-\u9fff]", found.message("zh"))


# ---------------------------------------------------------------------------------------------------
# The faults are there: evaluated, on subjects


@dataclass(frozen=True)
class Subject:
    """Someone who shows a fault: ready-made facts on a day, and what they are said to be paid."""

    facts: str
    as_of: date
    pays: str | None


def subjects(pattern: re.Pattern[str], text: str, day: date) -> list[Subject]:
    """Return the subjects that a text names."""
    return [
        Subject(facts, date.fromisoformat(on) if on else day, pays.replace(",", "") if pays else None)
        for facts, on, pays in pattern.findall(text)
    ]


@cache
def book_of(name: str) -> PolicyBook:
    """Return the policies of a fixture."""
    return dr.load(place(name))


def decision_at(file: Path, line: int) -> str:
    """Return the decision that a line stands in."""
    lines = file.read_text(encoding="utf-8").splitlines()[:line]
    return next(text.strip().split(":")[0] for text in reversed(lines) if re.match(r"  \w+:", text))


def rule_at(file: Path, line: int) -> str:
    """Return the row, band, criterion or stage that a line begins."""
    text = file.read_text(encoding="utf-8").splitlines()[line - 1]
    named = re.search(r"\bid: ([\w-]+)", text)
    return named[1] if named else text.strip().split(":")[0]


def day_in_force(file: Path) -> date:
    """Return the usual day, or the nearest one on which the policy of a file is in force."""
    text = file.read_text(encoding="utf-8")
    begins, ends = (
        re.search(rf"^effective: .*{word}: ([\d-]+)", text, re.MULTILINE) for word in ("from", "until")
    )
    day = TODAY if begins is None else max(TODAY, date.fromisoformat(begins[1]))
    return day if ends is None else min(day, date.fromisoformat(ends[1]))


def evaluated(book: PolicyBook, decision: str, subject: Subject, at: Path) -> Outcome:
    """Return the outcome of a subject; the day that a decision is dated by is the day itself."""
    cases = at / "shown.cases.yaml"
    edition = book.edition(subject.as_of)
    assert edition is not None
    kind = edition.decisions[decision].subject
    dated = edition.decisions[decision].dated_by
    cases.write_text(
        f"cases: [{{name: shown, as_of: {subject.as_of}, subject: {kind}, facts: {subject.facts}, expect: {{{decision}: {{}}}}}}]",
        encoding="utf-8",
    )
    (case,) = load_cases([cases], book)
    facts: dict[str, object] = dict(case.facts)
    if dated is not None:
        facts.setdefault(dated, subject.as_of)
    return book.evaluate_facts(kind, facts, as_of=subject.as_of)[decision]


def shows(book: PolicyBook, code: str, file: Path, line: int, subject: Subject, at: Path) -> bool:
    """Tell whether a fault is there for a subject, by what comes out and why."""
    decision = decision_at(file, line)
    outcome = evaluated(book, decision, subject, at)
    matched = {name.split(".")[-1] for name in outcome.matched}
    because = {name.split(".")[-1] for name in outcome.because}
    rule = rule_at(file, line)
    match code:
        case "DR701":
            return outcome.status is dr.Status.UNDEFINED and not matched
        case "DR702" | "DR703":
            return outcome.status is dr.Status.UNDEFINED and rule in matched and len(matched) > 1
        case "DR704":
            return rule in matched and rule not in because and bool(because)
        case "DR705":
            return rule in matched and len(matched) > 1
        case "DR711":
            return {rule} < because
        case "DR712":
            return rule in matched and rule not in because and bool(because)
        case _:
            assert isinstance(outcome, dr.PayoutOutcome)
            return subject.pays is not None and str(outcome.amount) == subject.pays


@pytest.mark.parametrize(
    ("planted", "nth"),
    [
        (each, sum(other.code == each.code for other in FAULTS[:at] if other.fixture == each.fixture))
        for at, each in enumerate(FAULTS)
        if each.shown_by
    ],
    ids=lambda value: f"{value.fixture}-{value.code}" if isinstance(value, Planted) else str(value),
)
def test_a_planted_fault_is_there(planted: Planted, nth: int, tmp_path: Path) -> None:
    _, file_name, line = [each for each in marked(planted.fixture) if each[0] == planted.code][nth]
    file = next(file for file in files(planted.fixture) if file.name == file_name)
    those = subjects(WITNESS, planted.shown_by, TODAY)
    assert those
    for subject in those:
        assert shows(book_of(planted.fixture), planted.code, file, line, subject, tmp_path), subject


EVALUATED = {"DR701", "DR702", "DR703", "DR704", "DR705", "DR711", "DR712", "DR721", "DR722", "DR725"}
"""Findings whose message names a subject."""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SOUND])
def test_the_subject_of_a_message_shows_the_fault(name: str, tmp_path: Path) -> None:
    for found in found_in(name):
        if found.code not in EVALUATED:
            continue
        code, file_name, line = where(found)
        file = next(file for file in files(name) if file.name == file_name)
        named = subjects(EXAMPLE, found.message("en"), day_in_force(file))
        assert named, found.message("en")
        for subject in named:
            assert shows(book_of(name), code, file, line, subject, tmp_path), (found.message("en"), subject)


@pytest.mark.parametrize("name", [each.fixture for each in FAULTS if each.code == "DR721"])
def test_more_units_come_to_less(name: str) -> None:
    for found in found_in(name):
        if found.code == "DR721":
            less, more = (float(each.pays or "nan") for each in subjects(EXAMPLE, found.message("en"), TODAY))
            assert (more < less) == ("earns" in found.message("en"))
            assert (more > less) == ("fined" in found.message("en"))


@pytest.mark.parametrize("name", dict.fromkeys(each.fixture for each in FAULTS if each.code == "DR701"))
def test_a_proposed_row_closes_its_gap(name: str, tmp_path: Path) -> None:
    """Each row that a finding proposes answers for the subject that it names, and clashes with no other row."""
    for number, found in enumerate(found for found in found_in(name) if found.code == "DR701"):
        proposed = PROPOSED.search(found.help("en"))
        if proposed is None:
            continue
        _, file_name, line = where(found)
        file = next(file for file in files(name) if file.name == file_name)
        decision = decision_at(file, line)
        (subject,) = subjects(EXAMPLE, found.message("en"), day_in_force(file))
        text = file.read_text(encoding="utf-8").splitlines()
        then = next(
            said[1] for each in text[line:] for said in [re.search(r"then: (\{[^{}]*\})", each)] if said
        )
        text.insert(line, f"      - {{id: closing, when: {proposed[1]}, then: {then}}}")
        closed = tmp_path / str(number)
        closed.mkdir()
        for other in files(name):
            (closed / other.name).write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
        (closed / file.name).write_text("\n".join(text), encoding="utf-8")
        outcome = evaluated(dr.load(closed), decision, subject, tmp_path)
        assert outcome.status is dr.Status.DECIDED
        assert outcome.because == ("closing",)
        again = Counter(each.code for each in check(closed, today=TODAY))
        before = Counter(each.code for each in found_in(name))
        assert again == before - Counter(["DR701"])


# ---------------------------------------------------------------------------------------------------
# Figures


def kinds() -> Counter[str]:
    """Return how many decisions of each kind there are, a decision with versions once."""
    words: Mapping[type, str] = {Rules: "decision tables", Payout: "payouts", Tier: "tiers", Stage: "stages"}
    counted: Counter[str] = Counter()
    for name in NAMES:
        for decision in book_of(name).decisions.values():
            counted[words.get(type(decision), "offers and rates")] += 1
    return counted


def test_summary() -> None:
    """`python -m pytest tests/test_analysis_fixtures.py -s -k summary` prints the figures."""
    planted = Counter(code for name in NAMES for code, _, _ in marked(name))
    right = Counter[str]()
    false = 0
    for name in NAMES:
        expected = Counter(marked(name))
        seen = Counter(map(where, found_in(name)))
        for (code, _, _), count in (expected & seen).items():
            right[code] += count
        false += (seen - expected).total()
    counted = kinds()
    lines = [
        f"{len(NAMES)} policies, {len(SOUND)} of them sound; {counted.total()} decisions:",
        "  " + ", ".join(f"{count} {word}" for word, count in counted.most_common()),
        *(f"  {code}  planted {count:3}  found {right[code]:3}" for code, count in sorted(planted.items())),
        f"planted {planted.total()}, found {right.total()}, false findings {false}",
    ]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert right == planted
    assert false == 0
    assert len(NAMES) >= 90
    assert len(SOUND) >= 30
    assert counted["decision tables"] + counted["payouts"] >= 60
