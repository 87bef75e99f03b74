"""Tests in forks of a process that has imported and collected everything once.

`record` runs every test once and keeps which lines of which module it ran, and for how long. `kill` runs a mutant: in a
fork, the code objects of the functions it changes are replaced, then the tests that ran the changed lines, those first
that killed a neighbour, then the quickest. What runs only at import has to be run anew: see `fresh.py`.
"""

from __future__ import annotations

import gc
import io
import os
import resource
import select
import signal
import time
import warnings
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import coverage
import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from library_mutants.making import Mutant

FEW_EXAMPLES = int(os.environ.get("MUTANT_EXAMPLES", "25"))
LONGEST_TEST = 8.0
"""Seconds of computing: a test that takes longer is left out."""


@dataclass
class Recorded:
    """What the tests ran: lines of modules, each with the tests that ran it."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    imported: dict[str, list[int]] = field(default_factory=dict)
    """Lines that ran before the first test did: their results may be held by modules and caches."""
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, other: Recorded) -> None:
        """Add what another file's tests ran."""
        self.seconds |= other.seconds
        self.left_out |= other.left_out
        for module, lines in other.lines.items():
            mine = self.lines.setdefault(module, {})
            for line, names in lines.items():
                mine.setdefault(line, []).extend(names)
        for module, numbers in other.imported.items():
            self.imported[module] = sorted({*self.imported.get(module, ()), *numbers})


class Tests:
    """The collected tests of a pytest session, and how one of them went."""

    def __init__(self, use: Any) -> None:
        self.use = use
        self.items: dict[str, Any] = {}
        self.failed = False
        self.skipped = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Hand the collected tests over in place of running them."""
        if session.testsfailed:
            pytest.exit("tests could not be collected")
        for item in session.items:
            _few_examples(item)
            self.items[item.nodeid] = item
        for module in {item.module for item in session.items if hasattr(item, "module")}:
            getattr(module, "prepared", dict)()  # what no mutant changes is worked out once, before the forks
        reporter: Any = session.config.pluginmanager.getplugin("terminalreporter")
        reporter._tw._file = io.StringIO()  # noqa: SLF001 - thousands of dots otherwise
        self.use(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        self.failed |= report.failed
        self.skipped |= report.skipped

    def passes(self, name: str, following: str | None = None) -> bool:
        """Run one test."""
        self.failed = self.skipped = False
        item = self.items[name]
        nextitem = self.items[following] if following else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        return not self.failed


def _few_examples(item: Any) -> None:
    """Make a Hypothesis test give the same few examples every time, and not look for simpler ones."""
    given = getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)
    if given is not None:
        function = getattr(item.obj, "__func__", item.obj)
        function._hypothesis_internal_use_settings = settings(  # noqa: SLF001
            given,
            max_examples=min(given.max_examples, FEW_EXAMPLES),
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )


def in_session(arguments: Sequence[str], use: Any, *others: Any) -> int:
    """Collect tests and give them to `use`."""
    plugin = Tests(use)
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--disable-plugin-autoload",
        "--tb=no",
        "--assert=plain",  # whether a test fails is all that is asked, not how
        "-W",
        "ignore::pytest.PytestCollectionWarning",
    ]
    return int(pytest.main([*options, *arguments], plugins=[plugin, *others]))


def forked(work: Any, seconds: float, cpu: float | None = None, *, quiet: bool = True) -> tuple[str, bytes]:
    """Run work in a fork; return how it ended (``done``, ``timeout``, ``died``) and the bytes it returned."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reading)
            if quiet:
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, 1)
                os.dup2(nothing, 2)
            if cpu is not None:
                resource.setrlimit(resource.RLIMIT_CPU, (int(cpu) + 1, int(cpu) + 2))
                resource.setrlimit(resource.RLIMIT_DATA, (6 << 30, 6 << 30))
            result = work()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(result)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    chunks, until = [], time.monotonic() + seconds
    ended = "died"
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            os.kill(pid, signal.SIGKILL)
            ended = "timeout"
            break
        chunk = os.read(reading, 1 << 16)
        if not chunk:
            break
        chunks.append(chunk)
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    if ended != "timeout":
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
            ended = "timeout"
        elif os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            ended = "done"
    return ended, b"".join(chunks)


class _TooLong(BaseException):
    pass


def _too_long(_number: int, _frame: object) -> None:
    raise _TooLong


def _data_of(measured: coverage.Coverage) -> coverage.CoverageData:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing of the modules ran is no fault
        return measured.get_data()


def lines_by_test(tests: Tests, names: Sequence[str], paths: dict[str, str]) -> dict[str, Any]:
    """Run tests one after the other; return the seconds and lines of each, or why it is left out."""
    found: dict[str, Any] = {}
    measured = coverage.Coverage(data_file=None, include=list(paths.values()), config_file=False)
    measured.start()
    signal.signal(signal.SIGPROF, _too_long)
    for name in names:
        measured.switch_context(name)
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, LONGEST_TEST * 2)
        try:
            passed = tests.passes(name)
        except _TooLong:
            passed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        seconds = time.process_time() - began
        if tests.skipped:
            found[name] = "skipped"
        elif not passed:
            found[name] = "fails or takes too long as it is"
        elif seconds > LONGEST_TEST:
            found[name] = "takes too long"
        else:
            found[name] = seconds
    measured.stop()
    data = _data_of(measured)
    found[""] = {module: data.contexts_by_lineno(path) for module, path in paths.items()}
    return found


def recorded_of(files: Sequence[str], paths: dict[str, str], left_out: Sequence[str]) -> Recorded:
    """Collect and run the tests of files; return which lines of the modules ran at import, and in each test."""
    found = Recorded()
    at_import = coverage.Coverage(data_file=None, include=list(paths.values()), config_file=False)
    at_import.start()

    def use(tests: Tests) -> None:
        at_import.stop()
        data = _data_of(at_import)
        found.imported = {module: sorted(data.lines(path) or ()) for module, path in paths.items()}
        odd = {name for name in tests.items if any(word in name for word in left_out)}
        found.left_out |= dict.fromkeys(odd, "starts other machinery")
        results = lines_by_test(tests, [name for name in tests.items if name not in odd], paths)
        lines = results.pop("")
        found.seconds = {name: result for name, result in results.items() if not isinstance(result, str)}
        found.left_out |= {name: result for name, result in results.items() if isinstance(result, str)}
        for module, by_line in lines.items():
            found.lines[module] = {
                line: [name for name in names if name in found.seconds] for line, names in by_line.items()
            }

    in_session(files, use)
    return found


def functions_of(path: str) -> dict[tuple[str, int], list[FunctionType]]:
    """Return the live functions of a file by the name and first line of their code."""
    found: dict[tuple[str, int], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename == path:
            key = (thing.__code__.co_qualname, thing.__code__.co_firstlineno)
            found.setdefault(key, []).append(thing)
    return found


def _codes(code: CodeType) -> Iterable[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)


def changed_functions(source: str, path: str, live: dict[tuple[str, int], list[FunctionType]]) -> int:
    """Put a mutant's code into the live functions that it changes; return how many changed.

    Raises:
        SyntaxError: the change is no Python.
    """
    changed = 0
    for code in _codes(compile(source, path, "exec", dont_inherit=True)):
        for function in live.get((code.co_qualname, code.co_firstlineno), ()):
            if function.__code__ != code and function.__code__.co_freevars == code.co_freevars:
                function.__code__ = code
                changed += 1
    return changed


def mutated(mutant: Mutant, text: str) -> str:
    """Return the module's text with the change."""
    return text[: mutant.start] + mutant.text + text[mutant.end :]


def first_to_fail(tests: Tests, names: Sequence[str]) -> str:
    """Return the first test that fails, or nothing."""
    for name in names:
        if not tests.passes(name):
            return name
    return ""


def path_of(root: Path, module: str) -> Path:
    """Return where a module stands."""
    return root / "src" / "dealerrules" / f"{module.replace('.', '/')}.py"
