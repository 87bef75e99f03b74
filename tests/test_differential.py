"""The long differential run in short: the engines agree, it is the same each time, and it finds planted faults.

The long form: ``python tools/differential.py --evaluations 1000000``.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("polars")

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import differential  # noqa: E402
import planted  # noqa: E402
from trials import trial  # noqa: E402
from witnesses import WITNESSES, Tally  # noqa: E402


def loads(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


NEEDS = {"durable": "durable_rules_engine", "zen": "zen"}
ENGINES = [  # other frames: test_frames.py
    name
    for name in ("compiled", "polars", "durable", "zen", "straight-line")
    if name not in NEEDS or loads(NEEDS[name])
]


@pytest.mark.parametrize("number", [1, 3, 15])
def test_all_engines_agree(number: int) -> None:
    """On a random policy, on the customers of a store and on another subject of the shipped policies."""
    asked = trial(7, number, 5)
    tallies = {name: Tally() for name in ENGINES}
    differences = [each for name in ENGINES for each in WITNESSES[name](asked, tallies[name])]
    assert differences == []
    subjects = len(asked.records) + len(asked.facts)
    rules = sum(asked.rules.values())
    full = (subjects, subjects * len(asked.decisions), subjects * rules)
    counted = {
        name: (each.subjects, each.evaluations, each.truths)
        for name, each in tallies.items()
        if name not in {"zen", "straight-line"} and not each.refused
    }
    assert counted == dict.fromkeys(counted, full)
    assert "compiled" in counted
    assert (tallies["straight-line"].evaluations > 0) is (not asked.text)


def test_a_trial_is_the_same_each_time() -> None:
    """In whatever order they are asked for."""
    asked = [trial(7, number, 4) for number in (3, 4, 3)]
    assert (asked[0].text, asked[0].records, asked[0].facts) == (
        asked[2].text,
        asked[2].records,
        asked[2].facts,
    )
    assert asked[1].text != asked[0].text


@pytest.mark.parametrize(
    "name", ["compiled: `at least` leaves out the number itself", "zen: an unknown fact makes a test false"]
)
def test_planted_faults_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if planted.FAULTS[name][0] not in ENGINES:
        pytest.skip("the engine is not installed")
    monkeypatch.setattr(planted, "SIZE", 4)
    number, tally, differences = planted.found(name)
    assert differences != []
    assert {each.engine for each in differences} == {planted.FAULTS[name][0]}
    assert (number < planted.MOST, tally.evaluations > 0) == (True, True)


def test_a_difference_is_printed_and_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what brings it back, the policy and the record; counted, and kept for a run that goes on."""
    tallies = {name: Tally() for name in ("row", "compiled")}
    with planted.FAULTS["compiled: `at least` leaves out the number itself"][1]():
        differential.ask(planted.SEED, 1, ["compiled"], tallies, tmp_path)
    said = capsys.readouterr().out
    assert "again: python tools/differential.py --seed 2014 --only 1 --engines compiled\n" in said
    first = (tmp_path / "seed2014-trial1-compiled-0.txt").read_text(encoding="utf-8")
    assert [word in first for word in ("asked = ", "compiled = ", "row = ", 'policy = """\npolicy: ')] == [
        True
    ] * 4
    assert tallies["compiled"].differences >= len(list(tmp_path.iterdir())) > 0


def test_an_engine_that_fails_is_a_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object) -> list[object]:
        message = "no memory left"
        raise MemoryError(message)

    monkeypatch.setitem(WITNESSES, "compiled", failing)
    tallies = {name: Tally() for name in ("row", "compiled")}
    differential.ask(7, 0, ["compiled"], tallies, None)
    assert "MemoryError: no memory left" in capsys.readouterr().out
    assert tallies["compiled"].differences == 1


def test_a_run_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was counted is counted on, and comes out as in one go; the same for other engines is refused."""
    monkeypatch.setattr(differential, "CHUNK", 2)
    monkeypatch.setattr(differential, "SIZE", 3)

    def run(state: str, evaluations: int, engines: str = "compiled") -> tuple[int, dict[str, Any]]:
        asked = ["--engines", engines, "--state", str(tmp_path / state), "--evaluations", str(evaluations)]
        monkeypatch.setattr(sys, "argv", ["differential.py", *asked])
        assert differential.main() == 0
        kept = json.loads((tmp_path / state / "state.json").read_text(encoding="utf-8"))
        tally = {name: value for name, value in kept["tallies"]["compiled"].items() if name != "seconds"}
        return kept["next"], tally

    first, counted = run("a", 1)
    after, goes_on = run("a", counted["evaluations"] + 1)
    assert (first, after, goes_on) == (2, *run("b", counted["evaluations"] + 1))
    assert "| compiled | 4 |" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run("a", 1, "compiled,polars")
    assert "is of another seed or other engines" in capsys.readouterr().err
