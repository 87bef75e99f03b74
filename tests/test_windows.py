"""Windows: within so long and so long ago are complements, on every engine, in every time zone.

The table is `windows.py`. A part of it runs here; all of it with ``WINDOWS=whole pytest tests/test_windows.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

pl = pytest.importorskip("polars")

import windows  # noqa: E402
from frames import KINDS, duck, spark  # noqa: E402
from windows import Case, all_cases, expected, found_by, ids, of_days, on_frames, some_cases  # noqa: E402

WHOLE = os.environ.get("WINDOWS") == "whole"

#: Time zones as POSIX writes them, which need no database: far east and west of the store, odd minutes, and summer
#: time that begins and ends at midnight, so that some days have no midnight and some have two.
ZONES = {
    "east": "XXX-14:37",
    "west": "YYY+12",
    "midnight": "BRT3BRST,M10.3.0/0,M2.3.0/0",
    "half an hour": "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
}


def wrong(cases: tuple[Case, ...], found: list[tuple[int, int]]) -> list[tuple[Case, list[str], int]]:
    """Return the cases of which something else was said than dateutil says, with the rows that differ."""
    return [
        (case, [id_ for at, id_ in enumerate(ids()) if (true ^ expected(case)) >> at & 1], unknown)
        for case, (true, unknown) in zip(cases, found, strict=True)
        if (true, unknown) != (expected(case), 0)
    ]


def test_the_table_says_what_complements_are() -> None:
    """In more than 100,000 cases each window holds a visit or is at least that long ago: never both, never neither."""
    bit = {id_: 1 << at for at, id_ in enumerate(ids())}
    allowed = []
    for unit, sizes in (("months", windows.MONTHS), ("days", windows.DAYS)):
        for n in sizes:
            within, under, since = (bit[f"{word}-{n}-{unit}"] for word in ("within", "under", "since"))
            allowed.append((within | under | since, {within | under, since}))
    broken = []
    seen = leap = 0
    for case in all_cases():
        mask = expected(case)
        there = case.visited <= case.day
        seen += there
        leap += any((each.month, each.day) == (2, 29) for each in (case.day, case.visited))
        if any((mask & trio not in sides) if there else mask for trio, sides in allowed):
            broken.append(case)
    assert broken == []
    assert (len(all_cases()), seen, leap) == (130_725, 127_793, 2_471)


@pytest.mark.parametrize(
    ("day", "visited", "holds"),
    [
        (
            "2014-08-31",
            "2014-02-28",
            ["since-1-months", "since-2-months", "since-3-months", "since-6-months"],
        ),
        (
            "2014-08-31",
            "2014-03-01",
            ["since-1-months", "since-2-months", "since-3-months", "within-6-months"],
        ),
        ("2012-02-29", "2011-02-28", ["since-11-months", "since-12-months"]),
        ("2012-02-29", "2011-03-01", ["since-11-months", "within-12-months"]),
        ("2013-02-28", "2012-02-29", ["since-11-months", "within-12-months"]),
        ("2013-02-28", "2012-02-28", ["since-12-months", "within-24-months"]),
        ("2000-03-31", "2000-02-29", ["since-1-months", "within-2-months"]),
        ("2100-03-31", "2100-02-28", ["since-1-months", "within-2-months"]),
        ("1900-03-31", "1900-03-01", ["within-1-months", "this-month", "this-quarter", "this-year"]),
        ("2014-12-31", "2014-12-31", ["within-1-days", "within-1-months", "this-month"]),
        ("2015-01-01", "2014-12-31", ["since-1-days", "within-7-days", "within-1-months"]),
        ("2014-12-31", "2015-01-01", []),
    ],
)
def test_the_table_on_days_worked_by_hand(day: str, visited: str, holds: list[str]) -> None:
    """What is expected is itself held against days worked out by hand."""
    mask = expected(Case(date.fromisoformat(day), date.fromisoformat(visited)))
    true = {id_ for at, id_ in enumerate(ids()) if mask >> at & 1}
    assert (true >= set(holds), bool(true)) == (True, bool(holds))


@pytest.mark.parametrize("stated", [False, True], ids=["as of the day", "before a stated day"])
@pytest.mark.parametrize(("engine", "count"), [("row", 300), ("compiled", 3000)])
def test_one_record_at_a_time(engine: str, count: int, *, stated: bool) -> None:
    """The reference interpreter and the compiled program, as of the day and as of a day that the record states."""
    cases = some_cases((20_000 if engine == "row" and stated else 0) if WHOLE else count)
    assert wrong(cases, found_by(engine, cases, stated=stated)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_tables_as_of_a_day(kind: str) -> None:
    """Every kind of frame, one day at a time."""
    cases = of_days(40 if WHOLE else 2)
    assert wrong(cases, on_frames(cases, kind, stated=False)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_tables_before_a_stated_day(kind: str) -> None:
    """Every kind of frame, where the day differs by customer."""
    if kind == "duckdb" and not WHOLE:
        pytest.skip("it takes DuckDB seconds to plan this; WINDOWS=whole runs it")
    cases = some_cases(0 if WHOLE else 2000)
    assert wrong(cases, on_frames(cases, kind, stated=True)) == []


@pytest.mark.slow
@pytest.mark.skipif(not WHOLE, reason="it takes PySpark minutes to plan this; WINDOWS=whole runs it")
@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Pacific/Apia"])
def test_tables_of_spark_whatever_the_time_zone_of_its_session_is(zone: str) -> None:
    """On a sample: a session that looks from where summer time begins at midnight, or where a day was left out."""
    cases = of_days(2)
    before = spark().conf.get("spark.sql.session.timeZone")
    spark().conf.set("spark.sql.session.timeZone", zone)
    try:
        assert wrong(cases, on_frames(cases, "pyspark", stated=False)) == []
    finally:
        spark().conf.set("spark.sql.session.timeZone", before)


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Pacific/Apia"])
def test_tables_of_duckdb_whatever_the_time_zone_of_its_session_is(zone: str) -> None:
    """As above, on DuckDB."""
    cases = of_days(20 if WHOLE else 1)
    (before,) = duck().execute("SELECT current_setting('TimeZone')").fetchone()
    duck().execute(f"SET TimeZone = '{zone}'")
    try:
        assert wrong(cases, on_frames(cases, "duckdb", stated=False)) == []
    finally:
        duck().execute(f"SET TimeZone = '{before}'")


@pytest.mark.parametrize("kind", KINDS)
def test_days_may_come_as_midnights(kind: str) -> None:
    """A column of times without a zone is read as the day that it says, at whatever hour."""
    hours = pl.lit(23 * 3600 + 3599).cast(pl.Int64)

    def to_times(table: pl.DataFrame) -> pl.DataFrame:
        dated = [name for name, type_ in table.schema.items() if type_ == pl.Date]
        return table.with_columns(
            pl.col(name).cast(pl.Datetime("us")) + pl.duration(seconds=hours) for name in dated
        )

    cases = of_days(1)
    assert wrong(cases, on_frames(cases, kind, stated=False, change=to_times)) == []


@pytest.mark.parametrize("zone", ZONES if WHOLE else ["midnight"])
def test_every_time_zone_of_a_process_says_the_same(zone: str) -> None:
    """A process elsewhere says of the same cases what dateutil says here: every engine, to the last bit."""
    engines = ["row", "compiled", *(KINDS if WHOLE else ("polars", "duckdb"))]
    count = 10 if WHOLE else 1
    path = Path(windows.__file__)
    command = [sys.executable, str(path), "plain", str(count), *engines]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TZ": ZONES[zone]}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    cases = of_days(count)
    head, *said = done.stdout.splitlines()
    assert head.split()[0] == ZONES[zone][:4].rstrip("-+0123456789")
    assert head.split()[-1] == str(len(cases))
    wanted = windows.digest_of((expected(case), 0) for case in cases)
    assert said == [f"{engine} {wanted}" for engine in engines]
