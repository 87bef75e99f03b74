"""Show that the differential run finds faults: plant one into an engine, in memory only, and run until it is reported.

Usage: python tools/planted.py [NAME ...]
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

sys.path[:0] = [str(Path(__file__).parents[1] / each) for each in ("tools", "tests", "src")]

from trials import Trial, trial  # noqa: E402
from witnesses import WITNESSES, Tally  # noqa: E402

import straight_line  # noqa: E402
from dealerrules.engines import columns, durable_writer, events, jdm_conditions, writer  # noqa: E402
from dealerrules.engines.jdm_conditions import Conditions  # noqa: E402
from dealerrules.expr import Comparison, window_start  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

SEED: Final = 2014
SIZE: Final = 12
MOST: Final = 400
"""Trials until a fault counts as not found."""


@contextmanager
def _item(table: Any, key: Any, value: Any) -> Iterator[None]:
    with patch.dict(table, {key: value}):
        yield


def _wrapped(owner: Any, name: str, change: Callable[..., Any]) -> AbstractContextManager[Any]:
    """Replace a function by one that is given the old one first."""
    old = getattr(owner, name)
    return patch.object(owner, name, lambda *given, **named: change(old, *given, **named))


def _window_with_its_first_day(old: Any, window: Any, as_of: Any) -> Any:
    start = old(window, as_of)
    return start - timedelta(days=1) if start is not None and start.year > 1 else start


def _compared_in_frames(old: Any, how: Any, left: Any, right: Any) -> Any:
    return old(Comparison.AT_LEAST if how is Comparison.MORE_THAN else how, left, right)


def _unknown_is_false(old: Any, self: Any, expr: Any, test: str, *, sure: bool) -> Any:
    del sure
    return old(self, expr, test, sure=True)


FAULTS: Final[dict[str, tuple[str, Callable[[], AbstractContextManager[Any]]]]] = {
    "compiled: `at least` leaves out the number itself": (
        "compiled",
        lambda: _item(writer._SIGNS, Comparison.AT_LEAST, (">", "<=")),  # noqa: SLF001
    ),
    "polars: `more than` takes in the number itself": (
        "polars",
        lambda: _wrapped(columns, "_same_type", _compared_in_frames),
    ),
    "polars: a window takes in one day more": (
        "polars",
        lambda: _wrapped(events, "window_start", _window_with_its_first_day),
    ),
    "durable: a number just at `at most` is unknown": (
        "durable",
        lambda: _item(durable_writer._TESTS, Comparison.AT_MOST, ("$lt", "$gt")),  # noqa: SLF001
    ),
    "zen: an unknown fact makes a test false": (
        "zen",
        lambda: _wrapped(Conditions, "_test", _unknown_is_false),
    ),
    "zen: `less than` takes in the number itself": (
        "zen",
        lambda: _item(jdm_conditions._WORDS, Comparison.LESS_THAN, "<="),  # noqa: SLF001
    ),
    "straight-line: twelve months take in the day twelve months ago": (
        "straight-line",
        lambda: patch.object(
            straight_line,
            "within_months",
            lambda day, months, as_of: straight_line.months_before(as_of, months) <= day <= as_of,
        ),
    ),
}


def found(name: str) -> tuple[int, Tally, list[Any]]:
    """Plant a fault and return after how many trials it was reported, and what was."""
    engine, plant = FAULTS[name]
    tally = Tally()
    for number in range(MOST):
        asked = trial(SEED, number, SIZE)
        _settle(asked, engine)
        with plant():
            differences = WITNESSES[engine](asked, tally)
        if differences:
            return number + 1, tally, differences
    return MOST, tally, []


def _settle(asked: Trial, engine: str) -> None:
    """Let the reference interpreter answer before the fault is planted: what they share is to be right for it."""
    _ = asked.of_records, asked.of_facts
    if engine in {"durable", "zen"}:
        _ = asked.of_settled
    if engine == "polars":
        _ = asked.of_rows


def main() -> int:
    """Plant each fault, print what was reported; 1 where one was not."""
    missed = 0
    print(
        "| planted | reported in trial | evaluations until then | decision | differences in that trial | time |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for name in sys.argv[1:] or FAULTS:
        begun = time.perf_counter()
        number, tally, differences = found(name)
        missed += not differences
        after = f"{number}" if differences else "none"
        where = differences[0].decision if differences else ""
        took = time.perf_counter() - begun
        print(
            f"| {name} | {after} | {tally.evaluations:,} | {where} | {len(differences):,} | {took:.1f} s |",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    assert window_start is events.window_start  # what is patched is what is called
    sys.exit(main())
