"""Timing: variants interleaved round by round in one process, medians, garbage collection off."""

from __future__ import annotations

import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import distributions, version
from pathlib import Path
from time import perf_counter_ns
from timeit import Timer
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

L = TypeVar("L")

ROUND_NS = 2_000_000
"""A variant runs for about so long in each round."""


@dataclass(frozen=True)
class Section:
    """A table of results, with what to know about it."""

    title: str
    text: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        return f"## {self.title}\n\n{self.text}\n\n{table(self.head, self.rows)}\n"


def compare(
    statements: Mapping[L, str],
    names: Mapping[str, Any],
    rounds: int,
    clock: Callable[[], float] = perf_counter_ns,
) -> dict[L, float]:
    """Time some statements against each other.

    Args:
        statements: label -> Python text, run as it stands, without a call around it.
        names: what the texts refer to.
        rounds: in each, every statement runs in turn for about two milliseconds.
        clock: gives the time in nanoseconds; that of the processor where a machine is shared.

    Returns:
        for each, the median over the rounds of the time of one run, in nanoseconds.
    """
    scope = dict(names)
    timers = {label: Timer(text, timer=clock, globals=scope) for label, text in statements.items()}
    numbers = {}
    for label, timer in timers.items():
        timer.timeit(3)  # warm
        numbers[label] = max(1, int(ROUND_NS * 10 / max(timer.timeit(10), 1)))
    gc.collect()
    times: dict[L, list[float]] = {label: [] for label in timers}
    for turn in range(rounds):
        labels = list(timers)
        shift = turn % len(labels)
        for label in labels[shift:] + labels[:shift]:  # timeit turns garbage collection off
            times[label].append(timers[label].timeit(numbers[label]) / numbers[label])
    return {label: statistics.median(each) for label, each in times.items()}


def fresh_processes(programs: Mapping[str, str], rounds: int) -> dict[str, list[tuple[float, Any]]]:
    """Run programs in fresh interpreters, interleaved, from compiled .pyc files as an installed package has them.

    Returns:
        for each program and round its processor time in milliseconds, and what it printed as JSON.
    """
    found: dict[str, list[tuple[float, Any]]] = {label: [] for label in programs}
    with tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(rounds + 1):
            for label, text in programs.items():
                start = _children()
                done = subprocess.run(
                    [sys.executable, "-c", text], check=True, capture_output=True, text=True, env=environment
                )
                spent = _children() - start
                if turn:  # the first writes the .pyc files
                    found[label].append((spent, json.loads(done.stdout) if done.stdout else None))
    return found


def _children() -> float:
    """Return the processor time that ended child processes have taken, in milliseconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def duration(nanoseconds: float) -> str:
    """Return a time as people read it."""
    for unit, scale in (("ns", 1), ("us", 1e3), ("ms", 1e6)):
        if nanoseconds < scale * 1000 or unit == "ms":
            return (
                f"{nanoseconds / scale:.3g} {unit}"
                if nanoseconds < 100 * scale
                else f"{nanoseconds / scale:.0f} {unit}"
            )
    raise AssertionError


def ratio(of: float, to: float) -> str:
    """Return how many times `to` a time is."""
    return f"{of / to:.2f}" if of < 10 * to else f"{of / to:.0f}"


def machine(packages: Sequence[str]) -> str:
    """Return what it ran on, with the versions of the packages compared, those that are there."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [
            line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name")
        ]
        cpu = models[0].split(":", 1)[1].strip() if models else cpu
    there = {each.name for each in distributions()}
    versions = ", ".join(f"{name} {version(name)}" for name in packages if name in there)
    return (
        f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release()};"
        f" {platform.python_implementation()} {platform.python_version()}; {versions}."
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; every column but the first holds numbers."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first = cells[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join([first, *rest])} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), f"| {' | '.join(rule)} |", *map(line, rows)])
