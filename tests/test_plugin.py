"""The pytest plugin: cases are tests, failures explain themselves, mistakes are errors of the file, and nothing costs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import dealerrules

# pytester forgets what a run has imported, and libraries written in C cannot be imported twice: so they are here first
from dealerrules import book, cases, explain  # noqa: F401
from dealerrules.engines import compiled, row  # noqa: F401

pytest_plugins = ["pytester"]

INSTALLED = any(each.name == "dealerrules" for each in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "dealerrules.pytest_plugin")
POLICY = """\
policy: care
decisions:
  care:
    kind: rules
    hit: unique
    title: {zh: 关怀, en: Care}
    outputs: {care: {type: boolean}}
    rows:
      - {id: often, title: {zh: 常来, en: Comes often}, when: {visits_past_year: {at_least: 4}}, then: {care: true}}
    otherwise: {care: false}
"""
CASES = """\
cases:
  - name: four visits
    as_of: 2014-09-30
    facts: {visits_past_year: 4}
    expect: {care: {value: true}}
  - name: 三次 进站
    as_of: 2014-09-30
    facts: {visits_past_year: 3}
    expect: {care: {value: false}}
"""


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes find the library, too, where it is not installed."""
    monkeypatch.setenv("PYTHONPATH", str(Path(dealerrules.__file__).parents[1]), prepend=os.pathsep)


@pytest.fixture
def store(pytester: pytest.Pytester) -> pytest.Pytester:
    """A directory with a policy and its cases, and a project that says nothing of them."""
    pytester.makeini("[pytest]\n")
    policies = pytester.mkdir("policies")
    (policies / "care.yaml").write_text(POLICY, encoding="utf-8")
    (policies / "care.cases.yaml").write_text(CASES, encoding="utf-8")
    return pytester


def edit(store: pytest.Pytester, name: str, old: str, new: str) -> None:
    path = store.path / "policies" / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_each_case_is_a_test(store: pytest.Pytester) -> None:
    result = store.runpytest_inprocess(*PLUGIN, "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "policies/care.cases.yaml::four visits PASSED*",
            "policies/care.cases.yaml::三次 进站 PASSED*",
        ]
    )


def test_a_case_can_be_run_alone(store: pytest.Pytester) -> None:
    store.runpytest_inprocess(*PLUGIN, "policies/care.cases.yaml::four visits").assert_outcomes(passed=1)
    store.runpytest_inprocess(*PLUGIN, "-k", "三次").assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_failing_case_says_what_dealerrules_test_says(
    store: pytest.Pytester, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from dealerrules.cli import main

    edit(store, "care.yaml", "at_least: 4", "at_least: 5")
    result = store.runpytest_inprocess(*PLUGIN, "--dealerrules-lang", lang)
    result.assert_outcomes(passed=1, failed=1)
    capsys.readouterr()
    assert main(["test", "policies", "--lang", lang]) == 1
    said = capsys.readouterr().out.splitlines()
    told = said[: next(at for at, line in enumerate(said) if not line.startswith(("FAILED", "未通过", " ")))]
    assert len(told) > 3
    result.stdout.fnmatch_lines([line.replace("[", "[[]") for line in told], consecutive=True)
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_language_may_stand_in_the_ini_file(store: pytest.Pytester) -> None:
    edit(store, "care.yaml", "at_least: 4", "at_least: 5")
    store.makeini("[pytest]\ndealerrules_lang = zh\n")
    store.runpytest_inprocess(*PLUGIN).stdout.fnmatch_lines(["未通过 care.cases.yaml:2: four visits"])
    store.makeini("[pytest]\ndealerrules_lang = fr\n")
    result = store.runpytest_inprocess(*PLUGIN)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: dealerrules_lang is zh or en, not fr"])


def test_a_mistake_in_the_cases_is_an_error_of_the_file(store: pytest.Pytester) -> None:
    edit(store, "care.cases.yaml", "expect: {care: {value: true}}", "expect: {caer: {value: true}}")
    result = store.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR collecting policies/care.cases.yaml*", "policies/care.cases.yaml:5:14: error DR602: *"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_mistake_in_the_policies_is_an_error_of_each_file(store: pytest.Pytester) -> None:
    edit(store, "care.yaml", "at_least: 4", "at_leats: 4")
    (store.path / "policies" / "more.cases.yaml").write_text(CASES, encoding="utf-8")
    result = store.runpytest_inprocess(*PLUGIN, "--dealerrules-lang=zh")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["policies/care.yaml:9:*错误 DR302:*", "policies/care.yaml:9:*错误 DR302:*"])


def test_a_record_that_is_refused_fails_its_case_alone(store: pytest.Pytester) -> None:
    edit(store, "care.cases.yaml", "facts: {visits_past_year: 4}", "facts: {visits_past_yaer: 4}")
    result = store.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*visits_past_yaer*did you mean `visits_past_year`*"])


def test_cases_may_be_kept_apart_from_policies(store: pytest.Pytester) -> None:
    (store.path / "policies" / "care.cases.yaml").rename(store.mkdir("checks") / "care.cases.yaml")
    store.runpytest_inprocess(*PLUGIN).assert_outcomes(errors=1)
    store.runpytest_inprocess(*PLUGIN, "--dealerrules-policies", "policies").assert_outcomes(passed=2)
    store.makeini("[pytest]\ndealerrules_policies = policies\n")
    store.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=2)
    result = store.runpytest_inprocess(*PLUGIN, "--dealerrules-policies", "nowhere")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["there are no such policies: nowhere"])
    store.runpytest_inprocess(
        *PLUGIN, "--dealerrules-policies", "nowhere", "--dealerrules-lang", "zh"
    ).stdout.fnmatch_lines(["没有这个政策文件或目录：nowhere"])


def test_cases_of_one_name_are_told_apart(store: pytest.Pytester) -> None:
    edit(store, "care.cases.yaml", "name: 三次 进站", "name: four visits")
    store.runpytest_inprocess(*PLUGIN, "-v").stdout.fnmatch_lines(
        ["*::four visits PASSED*", "*::four visits (2) PASSED*"]
    )


def test_a_fault_of_the_library_is_shown_as_one(store: pytest.Pytester) -> None:
    """What is no failure of a case keeps its traceback."""
    store.makeconftest(
        "import dealerrules.cases.running\n"
        "def broken(book, case):\n    raise RuntimeError('broken')\n"
        "dealerrules.cases.running.run_case = broken\n"
    )
    result = store.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E*RuntimeError: broken"])


def test_without_case_files_nothing_is_loaded(pytester: pytest.Pytester) -> None:
    """A project that has no cases does not wait for what it does not use."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            loaded = {"pydantic", "yaml", "dateutil", "narwhals", "polars", "dealerrules.book"} & set(sys.modules)
            assert "dealerrules.pytest_plugin" in sys.modules and not loaded
        """
    )
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=1)


def test_the_plugin_is_loaded_in_no_time() -> None:
    """It brings no module of the library but the empty package."""
    code = (
        "import sys, pytest; before = set(sys.modules); import dealerrules.pytest_plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['dealerrules', 'dealerrules.pytest_plugin']"
