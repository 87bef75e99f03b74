"""Coming changes and next steps of a whole store, against evaluating it once: ``python -m benchmarks.coming STORE``.

STORE is a directory of Parquet files that ``python -m benchmarks.store`` makes. Each variant runs once, in a fresh process, on
polars, from Parquet to Parquet; what is compared is the processor's time of all threads without that of starting.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.measure import table
from benchmarks.whole_store import AS_OF, DECISIONS, POLICIES, TABLES

UNTIL = "2014-10-30"
TARGET = 3.0
"""Coming changes of 30 days in at most so many times the time of evaluating once."""
VARIANTS = ("evaluated once", "coming changes of 30 days", "the nearest step to a better tier")


def child(label: str, store: Path, out: Path) -> None:
    """Run a variant and print what it took."""
    import polars as pl

    import dealerrules

    book = dealerrules.load(POLICIES)
    started, begun = process_time(), perf_counter()
    tables = {name: pl.scan_parquet(store / f"{name}.parquet") for name in TABLES}
    if label == VARIANTS[0]:
        found = book.evaluate_frame(tables, as_of=AS_OF, decisions=DECISIONS, check=False)
    elif label == VARIANTS[2]:
        found = book.advice_frame(tables, as_of=AS_OF, decisions=["tier"], check=False)
    else:
        found = book.coming_frame(tables, as_of=AS_OF, until=UNTIL, decisions=DECISIONS, check=False)
    found.sink_parquet(out)
    took = {
        "cpu": process_time() - started,
        "wall": perf_counter() - begun,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": pl.scan_parquet(out).select(pl.len()).collect().item(),
    }
    print(json.dumps(took))


def main() -> None:
    """Measure both, and print the ratio."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks.coming", description=__doc__)
    wanted.add_argument("store", type=Path, help="directory of Parquet files")
    wanted.add_argument("--child", choices=VARIANTS, help=argparse.SUPPRESS)
    wanted.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = wanted.parse_args()
    if asked.child:
        child(asked.child, asked.store, asked.out)
        return
    took = {}
    with tempfile.TemporaryDirectory() as scratch:
        for label in VARIANTS:
            command = [sys.executable, "-m", "benchmarks.coming", str(asked.store), "--child", label]
            command += ["--out", str(Path(scratch) / "out.parquet")]
            said = subprocess.run(command, check=True, capture_output=True, text=True)
            took[label] = json.loads(said.stdout.splitlines()[-1])
    once = took[VARIANTS[0]]["cpu"]
    rows = [
        [
            label,
            f"{each['rows']:,}",
            f"{each['cpu']:.2f} s",
            f"{each['cpu'] / once:.2f}",
            f"{each['wall']:.2f} s",
            f"{each['peak']:,.0f} MB",
        ]
        for label, each in took.items()
    ]
    print(table(["from Parquet to Parquet", "rows", "CPU", "x once", "wall", "peak memory"], rows))
    print(f"\nTo be reached by coming changes: at most {TARGET:g} times the time of evaluating once.")


if __name__ == "__main__":
    main()
