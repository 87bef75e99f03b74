"""A table of windows: a visit, a day and what every window of a policy must say of the two, on every engine.

The cases lie at the edges: for each end of a month, leap day and turn of a century the first day of every window, the
days around it, and chance days. What is expected is worked out by dateutil alone. A case is put in two ways: as of
its day, one day at a time; and all at once, long after, with the day stated on a contact and the windows looked at
`before:` it, where the day differs by customer.

Run as a program it prints a digest of everything that each engine says, for processes to be compared: of the cases of
so many days put one day at a time (`plain`), or of so many cases put at once (`stated`); 0 is all of them::

    TZ=America/Sao_Paulo python tests/windows.py plain 5 row polars duckdb
"""

from __future__ import annotations

import hashlib
import random
import sys
import time
from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta

import dealerrules as dr
from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Interpreter
from dealerrules.records import Record, read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

MONTHS = (1, 2, 3, 6, 11, 12, 24, 36)
DAYS = (1, 7, 28, 29, 30, 31, 90, 365)
PERIODS = ("month", "quarter", "year")
YEARS = (*range(2008, 2017), 1899, 1900, 2000, 2100)
LONG_AFTER = date(2105, 1, 1)
SEED = 2014


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """A visit and the day from which it is looked at."""

    day: date
    visited: date


def _facts() -> dict[str, str]:
    """Return each fact of the policy, by name, as YAML."""
    sizes = [*(f"{n} months" for n in MONTHS), *(f"{n} days" for n in DAYS)]
    counts = {f"in_{size.replace(' ', '_')}": f"{{count: visits, within: {size}}}" for size in sizes}
    counts |= {f"in_this_{each}": f"{{count: visits, within: {{calendar: {each}}}}}" for each in PERIODS}
    return {
        **counts,
        "months_gone": "{months_since: last_visit_on}",
        "days_gone": "{days_since: last_visit_on}",
    }


def _rows(prefix: str) -> dict[str, str]:
    """Return each row's condition by the row's id; `prefix` stands before the names of facts."""
    rows: dict[str, str] = {}
    for unit, sizes in (("months", MONTHS), ("days", DAYS)):
        for n in sizes:
            size = f"{n} {unit}"
            rows[f"within-{n}-{unit}"] = f"{{{prefix}in_{n}_{unit}: 1}}"
            rows[f"since-{n}-{unit}"] = f"{{{prefix}{unit}_gone: {{at_least: {size}}}}}"
            rows[f"under-{n}-{unit}"] = f"{{{prefix}{unit}_gone: {{less_than: {size}}}}}"
    return rows | {f"this-{each}": f"{{{prefix}in_this_{each}: 1}}" for each in PERIODS}


def policy(*, stated: bool) -> str:
    """Return the policy that asks for every window: as of the day, or as of a day `stated` on a contact."""
    facts = _facts()
    if stated:
        facts |= {f"then_{name}": f"{{before: {{latest: contacts}}, fact: {name}}}" for name in facts}
    rows = _rows("then_" if stated else "")
    lines = ["policy: windows", "facts:", *(f"  {name}: {said}" for name, said in facts.items())]
    lines += [
        "decisions:",
        "  d:",
        "    kind: rules",
        "    hit: collect",
        "    outputs: {d: {type: boolean}}",
    ]
    lines += [
        "    rows:",
        *(f"      - {{id: {id_}, when: {when}, then: {{d: true}}}}" for id_, when in rows.items()),
    ]
    return "\n".join([*lines, "    otherwise: {d: false}\n"])


@cache
def book(*, stated: bool) -> dr.PolicyBook:
    """Return the policy, loaded."""
    return dr.loads(policy(stated=stated))


@cache
def ids() -> tuple[str, ...]:
    """Return the ids of the rows in the order of the bits of a mask."""
    return tuple(rule.id for rule in book(stated=False).decisions["d"].rules)


# ---------------------------------------------------------------------------------------------------
# The cases


@cache
def days() -> tuple[date, ...]:
    """Return the last days and the first of each month over leap years, ordinary years and the turns of centuries."""
    first = [date(year, month, 1) for year in YEARS for month in range(1, 13)]
    return tuple(sorted({day + timedelta(days=each) for day in first for each in (0, 27, 28, 29, 30)}))


def cases_of(day: date) -> set[Case]:
    """Return the cases of a day: the days around the first one of each window, leap days, and chance days of ten years."""
    dice = random.Random(day.toordinal())
    edges = [day - relativedelta(months=n) for n in MONTHS] + [day - timedelta(days=n) for n in DAYS]
    edges += [date(day.year, 1, 1), date(day.year, (day.month - 1) // 3 * 3 + 1, 1), day.replace(day=1), day]
    visits = [edge + timedelta(days=by) for edge in edges for by in range(-3, 5)]
    visits += [day - timedelta(days=dice.randint(0, 3653)) for _ in range(90)]
    leap = [year for year in range(day.year - 9, day.year + 1) if isleap(year)]
    visits += [date(year, 2, 28) + timedelta(days=by) for year in leap for by in (0, 1, 2)]
    return {Case(day, visited) for visited in visits}


@cache
def all_cases() -> tuple[Case, ...]:
    """Return more than 100,000 cases."""
    return tuple(sorted(case for day in days() for case in cases_of(day)))


def some_cases(count: int) -> tuple[Case, ...]:
    """Return so many of the cases, the same every time; all of them for 0."""
    return tuple(sorted(random.Random(SEED).sample(all_cases(), count))) if count else all_cases()


def of_days(count: int) -> tuple[Case, ...]:
    """Return the cases of so many days, the same every time; of all of them for 0."""
    kept = sorted(random.Random(SEED).sample(days(), count)) if count else days()
    return tuple(case for day in kept for case in sorted(cases_of(day)))


@cache
def _edges(day: date) -> tuple[tuple[date, int, int], ...]:
    """Return the first day that lies outside each window, with the masks of what holds inside it and outside."""
    bit = {id_: 1 << at for at, id_ in enumerate(ids())}
    starts = [(f"{n}-months", day - relativedelta(months=n)) for n in MONTHS]
    starts += [(f"{n}-days", day - relativedelta(days=n)) for n in DAYS]
    return tuple((start, bit[f"within-{n}"] | bit[f"under-{n}"], bit[f"since-{n}"]) for n, start in starts)


def expected(case: Case) -> int:
    """Return the mask of the rows that hold, by dateutil alone."""
    day, visited = case.day, case.visited
    if visited > day:
        return 0  # not to be seen yet: no visit, and no time since one
    found = sum(inside if visited > start else outside for start, inside, outside in _edges(day))
    same_year = visited.year == day.year
    same = {
        "this-year": same_year,
        "this-quarter": same_year and (visited.month + 2) // 3 == (day.month + 2) // 3,
        "this-month": same_year and visited.month == day.month,
    }
    return found + sum(1 << ids().index(name) for name, holds in same.items() if holds)


# ---------------------------------------------------------------------------------------------------
# One record at a time


def record_of(case: Case) -> Record:
    """Return a customer with the visit, and with a contact on the day after the day, which states it."""
    return read_record(
        {
            "customer_id": "C1",
            "visits": [{"visited_on": case.visited}],
            "contacts": [{"contacted_on": case.day + timedelta(days=1)}],
        }
    )


def interpreted(cases: Sequence[Case], *, stated: bool) -> list[tuple[int, int]]:
    """Return the masks that the reference interpreter finds: true, unknown."""
    edition = book(stated=stated).editions[0]
    found = []
    for case in cases:
        as_of = LONG_AFTER if stated else case.day
        decided = Interpreter(edition, "customer", as_of, record_of(case)).decide("d")
        found.append((decided.true, decided.unknown))
    return found


def compiled(cases: Sequence[Case], *, stated: bool) -> list[tuple[int, int]]:
    """Return the masks that the compiled program finds."""
    program = Program(book(stated=stated).editions[0], "customer", ("d",))
    return [
        program.on_record(record_of(case), LONG_AFTER if stated else case.day)[0][:2]  # type: ignore[misc]
        for case in cases
    ]


# ---------------------------------------------------------------------------------------------------
# Frames


def tables(cases: Sequence[Case]) -> dict[str, pl.DataFrame]:
    """Return the cases as tables of customers, visits and contacts."""
    import polars as pl

    names = [f"C{at}" for at in range(len(cases))]
    return {
        "customers": pl.DataFrame({"customer_id": names}),
        "visits": pl.DataFrame({"customer_id": names, "visited_on": [case.visited for case in cases]}),
        "contacts": pl.DataFrame(
            {"customer_id": names, "contacted_on": [case.day + timedelta(days=1) for case in cases]}
        ),
    }


def on_frames(
    cases: Sequence[Case],
    kind: str,
    *,
    stated: bool,
    change: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> list[tuple[int, int]]:
    """Return the masks that the frame engine finds on tables of a kind; `change` alters a table before."""
    from frames import as_kind, from_kind

    found: list[tuple[int, int]] = []
    parts = [(LONG_AFTER, list(cases))]
    if not stated:
        parts = [(day, list(part)) for day, part in groupby(cases, key=lambda case: case.day)]
    for as_of, part in parts:
        made = {name: change(table) if change is not None else table for name, table in tables(part).items()}
        given = {name: as_kind(table, kind) for name, table in made.items()}
        out = from_kind(book(stated=stated).evaluate_frame(given, as_of=as_of), kind)
        said = dict(zip(out["customer_id"], zip(out["d.true"], out["d.unknown"], strict=True), strict=True))
        found += [said[f"C{at}"] for at in range(len(part))]
    return found


ROW_ENGINES = {"row": interpreted, "compiled": compiled}


def found_by(engine: str, cases: Sequence[Case], *, stated: bool) -> list[tuple[int, int]]:
    """Return the masks that an engine finds, true and unknown: `row`, `compiled` or a kind of frame."""
    if engine in ROW_ENGINES:
        return ROW_ENGINES[engine](cases, stated=stated)
    return on_frames(cases, engine, stated=stated)


def digest_of(masks: Iterable[tuple[int, int]]) -> str:
    """Return a digest of the masks that were found."""
    return hashlib.sha256(repr([(int(true), int(unknown)) for true, unknown in masks]).encode()).hexdigest()


def main(arguments: Sequence[str]) -> None:
    """Tell the time zone, how many cases there are, and for each engine the digest of what it says."""
    asked, number, *engines = arguments
    put = of_days(int(number)) if asked == "plain" else some_cases(int(number))
    said = [" ".join((*time.tzname, str(len(put))))]
    said += [f"{each} {digest_of(found_by(each, put, stated=asked == 'stated'))}" for each in engines]
    sys.stdout.write("\n".join([*said, ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
