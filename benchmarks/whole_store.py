"""Whole stores: the library against hand-written polars and DuckDB on the same Parquet files; docs/benchmarks-whole-store.md.

``python -m benchmarks.whole_store [--quick] [--large] [--stores DIR] [--openfisca PYTHON] [--out FILE]``

Every run is a fresh process of its own, the variants by turns round after round; what counts is processor time (user
and system, all threads) and peak memory. Before anything is timed all variants have to give the same answers.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Section, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import polars as pl

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks-whole-store.md"
POLICIES = Path(__file__).parent.parent / "policies"
PACKAGES = ("polars", "duckdb", "narwhals", "pyarrow", "pyspark", "zen-engine")
AS_OF = "2014-09-30"
TABLES = ("customers", "vehicles", "visits", "insurance", "referrals", "surveys", "suggestions", "contacts")
DECISIONS = (
    "churn_class",
    "churn_stage",
    "effective_customer",
    "final_loss",
    "missed_maintenance",
    "red_line",
    "retention_gift",
    "tier",
    "win_back_measures",
)
SIZES = {"store10k": 10_000, "store100k": 100_000, "store1m": 1_000_000, "store10m": 10_000_000}
TARGETS = {"cpu": 1.2, "memory": 1.5, "facts": 1.2}

READING = """\
## How to read this

A store is `benchmarks/store.py`'s: per customer about 10 visits, 3 covers, 1 referral, 1.1 vehicles and 1 contact, in no order,
under text ids, unknown values everywhere. The work is the same for all: from Parquet files to one Parquet file with a row a
customer: all nine customer decisions, their status, the angles' levels, the deciding rules of the tier, the measures of stages,
and for every rule whether it is true or unknown. *Hand-written* is `benchmarks/hand_polars.py` and `benchmarks/hand_duckdb.py`,
made for exactly these policies and this day; `python -m benchmarks.check_hand` holds both against the row engine.

*CPU* is user and system time of all threads; each run is a fresh process, *of which start* is Python, imports and loading the
policies, and the ratios are of what is left. *Checked* means that one query a table first makes sure that the tables hold what
the declared schema allows, which no hand-written variant does.
"""


# ---------------------------------------------------------------------------------------------------
# Variants: each prepares (imports, policies) and returns what is then measured


def _library_on_polars(*, check: bool) -> Callable[[Path, Path], object]:
    import polars as pl

    import dealerrules

    book = dealerrules.load(POLICIES)

    def run(store: Path, out: Path) -> None:
        tables = {name: pl.scan_parquet(store / f"{name}.parquet") for name in TABLES}
        book.evaluate_frame(tables, as_of=AS_OF, decisions=DECISIONS, check=check).sink_parquet(out)

    return run


def _library_on_duckdb(*, check: bool) -> Callable[[Path, Path], object]:
    import duckdb

    import dealerrules

    book = dealerrules.load(POLICIES)

    def run(store: Path, out: Path) -> None:
        with duckdb.connect() as db:
            db.execute("SET preserve_insertion_order = false")
            tables = {name: db.read_parquet(str(store / f"{name}.parquet")) for name in TABLES}
            found = book.evaluate_frame(tables, as_of=AS_OF, decisions=DECISIONS, check=check)
            found.write_parquet(str(out))

    return run


def _library_on_spark(*, check: bool) -> Callable[[Path, Path], object]:
    from pyspark.sql import SparkSession

    import dealerrules

    book = dealerrules.load(POLICIES)
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", value=False)
        .config("spark.ui.showConsoleProgress", value=False)
        .config("spark.driver.memory", "8g")
        .config("spark.sql.shuffle.partitions", 8)
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")

    def run(store: Path, out: Path) -> None:
        tables = {name: spark.read.parquet(str(store / f"{name}.parquet")) for name in TABLES}
        found = book.evaluate_frame(tables, as_of=AS_OF, decisions=DECISIONS, check=check)
        found.write.mode("overwrite").parquet(str(out))

    return run


def _hand_polars() -> Callable[[Path, Path], object]:
    from benchmarks import hand_polars

    return hand_polars.run


def _hand_duckdb() -> Callable[[Path, Path], object]:
    from benchmarks import hand_duckdb

    return hand_duckdb.run


VARIANTS: Mapping[str, Callable[[], Callable[[Path, Path], object]]] = {
    "hand-written polars": _hand_polars,
    "hand-written DuckDB": _hand_duckdb,
    "library on polars": partial(_library_on_polars, check=False),
    "library on polars, checked": partial(_library_on_polars, check=True),
    "library on DuckDB": partial(_library_on_duckdb, check=False),
    "library on PySpark": partial(_library_on_spark, check=False),
}
HAND_WRITTEN = ("hand-written polars", "hand-written DuckDB")
COMPARED = tuple(label for label in VARIANTS if label != "library on PySpark")


def child(label: str, store: Path, out: Path, warm: Path | None) -> None:
    """Run one variant in this process, and print what it took."""
    run = VARIANTS[label]()
    if warm is not None:
        run(warm, out)
    start, begun = process_time(), perf_counter()
    run(store, out)
    print(json.dumps({"start": start, "wall": perf_counter() - begun, "peak": _peak()}))


def _peak() -> int:
    """Return the peak memory of this process in bytes; Linux knows it of the program alone, without who started it."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass(frozen=True)
class Run:
    """What one run took: seconds, and bytes."""

    cpu: float
    """User and system time of the whole process."""
    start: float
    """That part of it which passed before the store was touched."""
    wall: float
    """From the store to the written answers."""
    peak: int

    @property
    def work(self) -> float:
        """Processor time from the store to the written answers."""
        return self.cpu - self.start


def measured(label: str, store: Path, out: Path, warm: Path | None = None) -> Run:
    """Run one variant in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.whole_store", "--child", label, str(store), str(out)]
    command += [str(warm)] if warm is not None else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        message = f"{label} failed on {store}"
        raise RuntimeError(message)
    told = json.loads(said.splitlines()[-1])
    return Run(used.ru_utime + used.ru_stime, told["start"], told["wall"], told["peak"])


def middle(runs: Sequence[Run]) -> Run:
    """Return the medians of some runs."""
    return Run(
        *(statistics.median(getattr(run, name) for run in runs) for name in ("cpu", "start", "wall")),
        peak=int(statistics.median(run.peak for run in runs)),
    )


def rounds_of(labels: Sequence[str], store: Path, rounds: int, scratch: Path) -> dict[str, Run]:
    """Run variants by turns, and return the medians of each."""
    runs: dict[str, list[Run]] = {label: [] for label in labels}
    for turn in range(rounds):
        shift = turn % len(labels)
        for label in [*labels[shift:], *labels[:shift]]:
            runs[label].append(measured(label, store, scratch / "answers.parquet"))
            print(f"  {store.name}, {label}: {runs[label][-1].work:.2f} s", file=sys.stderr, flush=True)
    return {label: middle(each) for label, each in runs.items()}


def assert_equal(labels: Sequence[str], store: Path, scratch: Path) -> None:
    """Assert that all variants give the same answers, on every column of every customer."""
    import polars as pl

    from benchmarks.check_hand import differences

    first: pl.DataFrame | None = None
    for label in labels:
        out = scratch / "compared.parquet"
        measured(label, store, out)
        answers = pl.read_parquet(out)
        if first is None:
            first = answers
            continue
        found = differences(first, answers)
        assert not found, f"{label} differs from {labels[0]} on {store.name}: {found}"
        out.unlink()


# ---------------------------------------------------------------------------------------------------
# Sections


def megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"


def against_hand_written(store: Path, customers: int, rounds: int, scratch: Path) -> Iterator[Section]:
    """Yield the comparison on one store."""
    found = rounds_of(COMPARED, store, rounds, scratch)
    best_work = min(found[label].work for label in HAND_WRITTEN)
    # the peak to keep to is that of the quicker of the two
    quicker = min(HAND_WRITTEN, key=lambda label: found[label].work)
    rows = [
        [
            label,
            f"{run.work:.2f} s",
            f"{run.work / best_work:.2f}",
            f"{run.start:.2f} s",
            f"{run.wall:.2f} s",
            megabytes(run.peak),
            f"{run.peak / found[quicker].peak:.2f}",
        ]
        for label, run in found.items()
    ]
    yield Section(
        f"{customers:,} customers, from Parquet to Parquet",
        f"Medians of {rounds} rounds; ratios are to {quicker}, the quicker of the two written by hand. To be reached by the library on polars:"
        f" at most {TARGETS['cpu']} times the CPU and {TARGETS['memory']} times the memory.",
        [
            "from Parquet to Parquet",
            "CPU",
            "x hand-written",
            "and start",
            "wall",
            "peak memory",
            "x hand-written",
        ],
        rows,
    )


def linearity(stores: Mapping[str, Path], rounds: int, scratch: Path) -> Section:
    """Return how time and memory grow with the store."""
    labels = ("library on polars", "hand-written polars")
    rows = []
    for name, store in stores.items():
        found = rounds_of(labels, store, 1 if SIZES[name] > 1_000_000 else rounds, scratch)
        for label, run in found.items():
            rows.append(
                [
                    f"{SIZES[name]:,} customers, {label}",
                    f"{run.work:.2f} s",
                    f"{run.work / SIZES[name] * 1e6:.1f} us",
                    f"{run.wall:.2f} s",
                    megabytes(run.peak),
                ]
            )
    return Section(
        "Ten times the store",
        "The same, on stores of several sizes. Below 100,000 customers building the query weighs more than running it.",
        ["store", "CPU", "CPU a customer", "wall", "peak memory"],
        rows,
    )


def on_spark(stores: Mapping[str, Path], warm: Path, scratch: Path) -> Section:
    """Return what PySpark does in a second on two cores."""
    rows = []
    for name, store in stores.items():
        run = measured("library on PySpark", store, scratch / "spark", warm)
        rows.append([f"{SIZES[name]:,} customers", f"{run.wall:.1f} s", f"{SIZES[name] / run.wall:,.0f}"])
    return Section(
        "PySpark on two cores",
        "local[2], 8 GB, 8 shuffle partitions, from Parquet to Parquet in a session that has evaluated 10,000 customers before; once each.",
        ["store", "wall", "customers a second"],
        rows,
    )


# ---------------------------------------------------------------------------------------------------
# From ready-made facts

COUNTS = {
    "brand_vehicles_bought": 3,
    "csi_surveys": 3,
    "household_brand_owners": 4,
    "insurance_referrals": 4,
    "insured_years_running": 6,
    "repairs_past_year": 4,
    "ssi_surveys": 3,
    "suggestions_adopted": 2,
    "vehicle_referrals": 4,
    "visits_past_year": 8,
}
FLAGS = ("csi_all_satisfied", "influential", "media", "ssi_all_satisfied")
WORDS = {"kind": ("individual", "company"), "loyalty": ("low", "medium", "high")}


def ready_facts(customers: int, unknown: float) -> pl.DataFrame:
    """Return the sixteen facts of the tier table for so many customers, low counts likelier."""
    import numpy as np
    import polars as pl

    chance = np.random.default_rng(2014)
    columns: dict[str, Any] = {"customer_id": [f"C{number:08d}" for number in range(customers)]}
    for name, bound in COUNTS.items():
        columns[name] = np.minimum(*chance.integers(0, bound, (2, customers)))
    for name in FLAGS:
        columns[name] = chance.random(customers) < 0.1
    for name, words in WORDS.items():
        columns[name] = np.array(words)[chance.integers(0, len(words), customers)]
    frame = pl.DataFrame(columns)
    holes = {name: chance.random(customers) < unknown for name in columns if name != "customer_id"}
    return frame.with_columns(
        pl.when(~pl.Series(hole)).then(pl.col(name)).alias(name) for name, hole in holes.items()
    )


def _timed(run: Callable[[], object]) -> float:
    begun = process_time()
    run()
    return process_time() - begun


def from_facts(customers: int, rounds: int, openfisca: str, scratch: Path) -> Section:
    """Return how long the tier takes from ready-made facts, in memory, in this process."""
    import dealerrules
    from benchmarks import hand_polars
    from benchmarks.check_hand import differences

    book = dealerrules.load(POLICIES)
    frame, known = ready_facts(customers, 0.03), ready_facts(customers, 0)

    def library(facts: pl.DataFrame) -> pl.DataFrame:
        found: pl.DataFrame = book.evaluate_facts_frame(
            "customer", facts, as_of=AS_OF, decisions=("tier",), keep=("customer_id",)
        )
        return found

    def hand(facts: pl.DataFrame) -> pl.DataFrame:
        return hand_polars.tiers_from_facts(facts.lazy()).collect(engine="streaming")

    for facts in (frame, known):
        found = differences(hand(facts), library(facts))
        assert not found, found
    runs = {
        "hand-written polars": partial(hand, frame),
        "library on polars": partial(library, frame),
        "hand-written polars, every fact known": partial(hand, known),
        "library on polars, every fact known": partial(library, known),
    }
    times: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(rounds):
        for label, run in runs.items():
            times[label].append(_timed(run))
    medians = {label: statistics.median(each) for label, each in times.items()}
    expected = library(known)
    fisca = _openfisca(known, expected, rounds, openfisca, scratch)
    if fisca is not None:
        medians["OpenFisca-Core, every fact known"] = fisca
    if find_spec("zen") is not None:
        medians["zen-engine's batch, every fact known"] = _zen(known, expected)
    base = medians["hand-written polars"]
    return Section(
        f"{customers:,} customers' tiers, from ready-made facts",
        "In memory, in one process, medians; 3 in 100 facts are unknown where nothing else is said. Levels, angles, status, deciding"
        " rules and the truth of all 18. OpenFisca-Core (vectorised formulas, one thread) gives levels and true rules and knows no unknown;"
        " zen-engine's batch gives levels and one rule an angle, measured on one customer in a hundred and scaled.",
        ["tiers from facts", "CPU", "x hand-written"],
        [[label, f"{1000 * each:,.0f} ms", f"{each / base:.2f}"] for label, each in medians.items()],
    )


LEVELS = ("general", "vip", "super_vip")
ANGLES = ("sales", "after_sales", "insurance", "marketing")


def _openfisca(
    known: pl.DataFrame, expected: pl.DataFrame, rounds: int, python: str, scratch: Path
) -> float | None:
    """Return the processor time of OpenFisca, if that Python has it."""
    import numpy as np

    probe = [python, "-c", "import openfisca_core"]
    if which(python) is None or subprocess.run(probe, check=False, capture_output=True).returncode:
        print("  OpenFisca-Core is not there: left out", file=sys.stderr)
        return None
    facts: dict[str, Any] = {name: known[name].to_numpy().astype(np.int32) for name in COUNTS}
    facts |= {name: known[name].to_numpy() for name in FLAGS}
    for name, words in WORDS.items():
        places = known[name].replace_strict(dict(zip(words, range(len(words)), strict=True)))
        facts[name] = places.to_numpy().astype(np.int32)
    given, out = scratch / "facts.npz", scratch / "levels.npz"
    np.savez(given, **facts)
    command = [python, "-m", "benchmarks.openfisca_tiers", str(given), str(out), str(rounds)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    answers = np.load(out)
    for name in ("tier", *ANGLES):
        column = "tier" if name == "tier" else f"tier.{name}"
        wanted = expected[column].cast(str).replace_strict({level: at for at, level in enumerate(LEVELS)})
        assert (answers[name] == wanted.to_numpy()).all(), name
    return float(statistics.median(json.loads(said)))


def _zen(known: pl.DataFrame, expected: pl.DataFrame) -> float:
    """Return the processor time of zen-engine's batch on every hundredth customer, times a hundred."""
    from benchmarks.peers import zen_level, zen_tiers

    engine = zen_tiers()
    part = known.gather_every(100)
    requests = [{"key": "graph", "context": row} for row in part.drop("customer_id").to_dicts()]
    engine.evaluate_batch(requests[:100])
    answers: list[Any] = []
    spent = _timed(lambda: answers.extend(engine.evaluate_batch(requests)))
    levels = [zen_level(each["data"]["result"]) for each in answers]
    assert levels == expected.gather_every(100)["tier"].cast(str).to_list()
    return spent * known.height / part.height


# ---------------------------------------------------------------------------------------------------
# The document


def main() -> None:
    """Run them and write the document."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks.whole_store", description=__doc__)
    wanted.add_argument("--quick", action="store_true", help="10,000 and 100,000 customers, printed only")
    wanted.add_argument("--large", action="store_true", help="10 million customers too (a store of 2.5 GB)")
    wanted.add_argument("--stores", type=Path, help="keep the stores here, and use those that are there")
    wanted.add_argument(
        "--openfisca", default=sys.executable, metavar="PYTHON", help="a Python that has OpenFisca-Core"
    )
    wanted.add_argument("--rounds", type=int, default=7)
    wanted.add_argument("--no-spark", action="store_true")
    wanted.add_argument("--out", type=Path, default=DOCUMENT, help="the document to write")
    wanted.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    asked = wanted.parse_args()
    if asked.child:
        label, *paths = asked.child
        store, out, *warm = map(Path, paths)
        child(label, store, out, warm[0] if warm else None)
        return
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = _stores(asked.stores or scratch, quick=asked.quick, large=asked.large)
        parts = [
            "# Benchmarks of whole stores",
            f"Written by `python -m benchmarks.whole_store` on {datetime.now(UTC).date()}.\n\n{machine(PACKAGES)}",
            READING.strip(),
        ]
        for section in _sections(asked, stores, scratch):
            parts.append(str(section).strip())
            print(parts[-1], end="\n\n", flush=True)
        if not asked.quick:
            asked.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
            print(f"{asked.out} written")


def _sections(asked: argparse.Namespace, stores: Mapping[str, Path], scratch: Path) -> Iterator[Section]:
    rounds = min(asked.rounds, 3) if asked.quick else asked.rounds
    main_store = "store100k" if asked.quick else "store1m"
    assert_equal(COMPARED, stores[main_store], scratch)
    yield from against_hand_written(stores[main_store], SIZES[main_store], rounds, scratch)
    yield linearity(stores, min(rounds, 3), scratch)
    yield from_facts(SIZES[main_store], 2 * rounds + 1, asked.openfisca, scratch)
    if not asked.no_spark and find_spec("pyspark") is not None:
        some = {name: store for name, store in stores.items() if 10_000 < SIZES[name] <= 1_000_000}
        yield on_spark(some, stores["store10k"], scratch)


def _stores(directory: Path, *, quick: bool, large: bool) -> dict[str, Path]:
    from benchmarks.store import write_store

    names = list(SIZES)[:2] if quick else list(SIZES) if large else list(SIZES)[:3]
    for name in names:
        if not (directory / name / f"{TABLES[-1]}.parquet").exists():
            print(f"  making {name}", file=sys.stderr, flush=True)
            write_store(directory / name, SIZES[name])
    return {name: directory / name for name in names}


if __name__ == "__main__":
    main()
