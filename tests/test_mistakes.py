"""The corpus of mistakes: each edit of tests/mistakes is made in the shipped policies, and what comes of it is as written there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dealerrules.diff import compare

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import mistakes  # noqa: E402

CORPUS = mistakes.mistakes()
REFUSED = [each for each in CORPUS if each.expected[0].how == "refused"]
MISSPELT = [each for each in REFUSED if each.group == "words" and each.expected[0].suggestion]
LEGAL = [each for each in CORPUS if each.expected[0].how == "legal"]


def named(mistake: mistakes.Mistake) -> str:
    return mistake.id


@pytest.mark.parametrize("mistake", CORPUS, ids=named)
def test_what_comes_of_a_mistake(mistake: mistakes.Mistake) -> None:
    """Every diagnostic, its line and its suggestion, and none besides; or what the edit changes."""
    assert mistakes.outcome(mistake) == mistake.expected


def test_nearly_every_refused_mistake_is_reported_where_it_stands() -> None:
    found = mistakes.figures(CORPUS)
    assert found.total == len(CORPUS) >= 180
    assert 100 * found.exact >= 95 * found.refused
    assert 100 * found.alone >= 98 * found.refused


def test_nearly_every_misspelt_word_has_a_suggestion() -> None:
    """Not what is misspelt into another thing: `off` is no word, and a fact of another subject is one."""
    without = {each.id for each in REFUSED if each.group == "words"} - {each.id for each in MISSPELT}
    assert without == {"fact-other-subject", "value-refund-of"}


@pytest.mark.parametrize("mistake", MISSPELT, ids=named)
def test_what_is_suggested_for_a_misspelt_word_mends_the_file(mistake: mistakes.Mistake) -> None:
    """Put where the diagnostic points, the word gives the shipped meaning again."""
    assert any(mistakes.cured(mistake, each) for each in mistakes.tried(mistake).diagnostics)


@pytest.mark.parametrize("mistake", LEGAL, ids=named)
def test_a_legal_change_shows_in_a_diff(mistake: mistakes.Mistake) -> None:
    after = mistakes.tried(mistake).book
    assert after is not None
    diff = compare(mistakes.shipped_book(), after)
    shown = {*diff.touched, *(each.change.decision for each in diff.changes)}
    assert set(mistake.expected[0].decisions) <= shown


def test_the_shipped_files_are_without_a_finding() -> None:
    """What the corpus finds is there because of the edit alone."""
    assert mistakes.shipped_book().warnings == ()
