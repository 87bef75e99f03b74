"""What editors, pre-commit and a merge are given: the hooks and the workflow are well formed, and their commands run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from dealerrules.cli import main

ROOT = Path(__file__).parents[1]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
WORKFLOW: dict[str, Any] = yaml.safe_load(
    (ROOT / "examples" / "github-workflow.yml").read_text(encoding="utf-8")
)
KNOWN = {"id", "name", "description", "entry", "args", "language", "files", "pass_filenames"}


def ran(command: str) -> int:
    """Run a command line of ours, and return its exit code."""
    program, *arguments = shlex.split(command)
    assert program == "dealerrules"
    return main(arguments)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the shipped policies, and an edited copy beside them."""
    for name in ("policies", "base/policies"):
        shutil.copytree(ROOT / "policies", tmp_path / name)
    edited = tmp_path / "policies" / "incentives.yaml"
    edited.write_text(
        edited.read_text(encoding="utf-8").replace("pays_per_unit: 10 yuan", "pays_per_unit: 12 yuan"),
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_is_well_formed(hook: dict[str, Any]) -> None:
    assert set(hook) == KNOWN
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    files = re.compile(hook["files"])
    assert files.search("policies/tiers.yaml")
    assert files.search("policies/stores/north.yml")
    assert not files.search("docs/tiers.yaml")


def test_the_hook_passes_what_ships_and_stops_a_mistake(store: Path) -> None:
    hook = next(each for each in HOOKS if each["id"] == "dealerrules-check")
    command = shlex.join([*shlex.split(hook["entry"]), *hook["args"]])
    assert ran(command) == 0
    broken = store / "policies" / "tiers.yaml"
    broken.write_text(broken.read_text(encoding="utf-8").replace("angles:", "angels:"), encoding="utf-8")
    assert ran(command) == 1


def test_the_workflow_checks_tests_and_compares(store: Path) -> None:
    runs = [step["run"] for step in WORKFLOW["jobs"]["policies"]["steps"] if "run" in step]
    commands = [
        line.strip() for run in runs for line in run.splitlines() if line.strip().startswith("dealerrules ")
    ]
    assert [command.split()[1] for command in commands] == ["check", "test", "diff"]
    check, _, diff = commands
    assert ran(check) == 0
    assert ran(diff.replace("../base", "base")) == 0
    assert "12" in (store / "meaning.md").read_text(encoding="utf-8")


def test_every_shipped_policy_names_its_schema() -> None:
    for path in (ROOT / "policies").glob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        if ".cases." not in path.name:
            place = first.removeprefix("# yaml-language-server: $schema=")
            assert (path.parent / place).resolve() == ROOT / "docs" / "schema" / "policy.schema.json"
