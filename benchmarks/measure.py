"""Timing: variants interleaved round by round in one process, medians, garbage collection off."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
from time import perf_counter_ns
from timeit import Timer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROUND_NS = 2_000_000  # a variant runs for so long in each round


def compare(statements: Mapping[str, str], names: dict[str, Any], rounds: int) -> dict[str, float]:
    """Time some statements against each other.

    Args:
        statements: label -> Python text, run without a call around it.
        names: what the texts refer to.
        rounds: in each, every statement runs for about two milliseconds, in turn.

    Returns:
        the median time of one run of each, in nanoseconds.
    """
    timers = {label: Timer(text, timer=perf_counter_ns, globals=names) for label, text in statements.items()}
    times: dict[str, list[float]] = {label: [] for label in timers}
    numbers = {}
    for label, timer in timers.items():
        timer.timeit(3)  # warm
        once = max(timer.timeit(10) / 10, 20)
        numbers[label] = max(1, int(ROUND_NS / once))
    gc.collect()
    for turn in range(rounds):
        order = list(timers.items())
        shift = turn % len(order)
        for label, timer in order[shift:] + order[:shift]:  # timeit turns garbage collection off
            times[label].append(timer.timeit(numbers[label]) / numbers[label])
    import os; return {label: (min if os.environ.get("MIN") else statistics.median)(each) for label, each in times.items()}


def subprocess_ms(programs: Mapping[str, str], rounds: int) -> dict[str, float]:
    """Time fresh interpreters that run some programs, interleaved; medians of wall time in milliseconds."""
    times: dict[str, list[float]] = {label: [] for label in programs}
    for turn in range(rounds + 1):
        for label, text in programs.items():
            start = perf_counter_ns()
            subprocess.run([sys.executable, "-c", text], check=True)
            if turn:  # the first fills the disk cache and writes .pyc files
                times[label].append((perf_counter_ns() - start) / 1e6)
    import os; return {label: (min if os.environ.get("MIN") else statistics.median)(each) for label, each in times.items()}


def duration(nanoseconds: float) -> str:
    """Return a time as people read it."""
    if nanoseconds < 1_000:
        return f"{nanoseconds:.0f} ns"
    if nanoseconds < 1_000_000:
        return f"{nanoseconds / 1e3:.2f} us"
    return f"{nanoseconds / 1e6:.1f} ms"


def times(ratio: float) -> str:
    """Return a ratio as people read it."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; every column but the first is numbers."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join([first, *rest])} |"

    rule = [
        "-" * width if at == 0 else "-" * (width - 1) + ":" for at, width in enumerate(widths)
    ]
    return "\n".join([line(head), f"| {' | '.join(rule)} |", *(line(row) for row in rows)])
