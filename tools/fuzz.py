"""Fuzzing guided by coverage: what comes out of the library's doors that must not.

    python -m venv .fuzz && .fuzz/bin/pip install atheris -e ".[test]"
    .fuzz/bin/python tools/fuzz.py policies --seconds 600

A run goes on behind what it finds: each kind of failure is kept once, under ``--found``, with its traceback. ``--small
FILE`` makes an input as small as it can be without failing otherwise; ``--choose N`` takes from a grown corpus the inputs
that reach most. The targets, and what they hold, are in ``tests/fuzz``.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import random
import signal
import sys
import time
import traceback
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
TARGETS = ("policies", "records", "tables", "conditions")
LONGEST = 30
"""Seconds of computing that one input may take, instrumented."""
LOOKED_AT = 100
"""Inputs of a grown corpus among which some are chosen."""


class TooLongError(Exception):
    """An input took longer than it may."""


def main() -> None:
    """Run, shrink or choose."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument(
        "--found", type=Path, default=Path("build/fuzz"), help="where failures and the grown corpus go"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers; 0: another one each time")
    parser.add_argument("--small", type=Path, help="shrink this input instead")
    parser.add_argument(
        "--choose", type=int, help="write this many inputs of the grown corpus to tests/fuzz/corpus instead"
    )
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    signal.signal(signal.SIGVTALRM, _too_long)
    folder = arguments.found / arguments.target
    if arguments.small is not None:
        shrink(_module(arguments.target), arguments.small)
    elif arguments.choose is not None:
        choose(
            _module(arguments.target),
            folder / "corpus",
            ROOT / "tests/fuzz/corpus" / arguments.target,
            arguments.choose,
        )
    else:
        fuzz(arguments.target, folder, arguments.seconds, arguments.seed)


def _module(target: str) -> Any:
    return importlib.import_module(f"fuzz.{target}")


def _too_long(*_: object) -> None:
    raise TooLongError


def failure(module: Any, data: bytes) -> BaseException | None:
    """Return what comes out of a target that must not, if anything."""
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
    try:
        module.run(data)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of Rust is no Exception
        return error
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None


def kind(error: BaseException) -> str:
    """Return what tells one failure from another: its type, and the innermost line of the library or the target."""
    places = [
        f"{frame.filename.rpartition('dealerrules/')[2].rpartition('tests/')[2]}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if "/dealerrules/" in frame.filename or "/tests/fuzz/" in frame.filename
    ]
    return f"{type(error).__name__} {places[-1] if places else ''}"


# --- running ------------------------------------------------------------------------------------------


def fuzz(target: str, folder: Path, seconds: int, seed: int) -> None:
    """Run one target until its time is over; libFuzzer ends the process."""
    import atheris  # noqa: PLC0415 - only a run needs it

    with atheris.instrument_imports(include=["dealerrules"]):
        module = _module(target)
        for data in islice(module.seeds(), 12):  # what is only loaded when it is used is to guide too
            failure(module, data)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    kept = ROOT / "tests/fuzz/corpus" / target
    for data in module.seeds():
        _write(corpus, data)
    seen: set[str] = set()
    state = {"runs": 0, "slowest": 0.0}
    started = time.monotonic()

    def once(data: bytes) -> None:
        state["runs"] += 1
        before = time.process_time()
        error = failure(module, data)
        took = time.process_time() - before
        if took > state["slowest"]:
            state["slowest"] = took
            (folder / "slowest").write_bytes(data)
        if error is not None and kind(error) not in seen:
            seen.add(kind(error))
            path = _write(folder, data, "failed-")
            told = "".join(traceback.format_exception(error))[-6_000:]
            path.with_suffix(".txt").write_text(told, encoding="utf-8", errors="backslashreplace")
            print(f"FOUND {kind(error)} {str(error)[:200]!r} in {path}", flush=True)
        if time.monotonic() - started > seconds:
            _end(state, seen, started)

    def mutate(data: bytes, most: int, number: int) -> bytes:
        chance = random.Random(number)
        if chance.random() < 0.2:
            return atheris.Mutate(data, most)
        made: bytes = module.mutated(data, chance)
        return made[:most]

    options = [
        sys.argv[0],
        str(corpus),
        *([str(kept)] if kept.is_dir() else []),
        f"-max_total_time={seconds + 120}",
    ]
    options += [
        "-max_len=16384",
        "-rss_limit_mb=4096",
        "-timeout=300",
        "-len_control=0",
        "-print_final_stats=1",
    ]
    options += [f"-artifact_prefix={folder}/", *([f"-seed={seed}"] if seed else [])]
    atheris.Setup(options, once, custom_mutator=mutate)
    atheris.Fuzz()


def _end(state: dict[str, Any], seen: set[str], started: float) -> None:
    """Say what was done, and leave: nothing may stop at the time it should."""
    took = time.monotonic() - started
    status = Path("/proc/self/status").read_text(encoding="utf-8")  # libFuzzer runs on Linux
    peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    print(
        f"{state['runs']:,} inputs in {took:,.0f} s, slowest {state['slowest']:.2f} s, memory {peak:,} MiB at most, "
        f"{len(seen)} kinds of failure",
        flush=True,
    )
    os._exit(1 if seen else 0)


def _write(folder: Path, data: bytes, prefix: str = "") -> Path:
    path = folder / f"{prefix}{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path


# --- afterwards ---------------------------------------------------------------------------------------


def shrink(module: Any, path: Path) -> None:
    """Write beside an input the smallest one found that fails as it does."""
    data = path.read_bytes()
    error = failure(module, data)
    if error is None:
        print("it does not fail")
        return
    wanted = kind(error)
    size = max(1, len(data) // 2)
    while size:
        at = 0
        while at < len(data):
            fewer = data[:at] + data[at + size :]
            found = failure(module, fewer)
            if found is not None and kind(found) == wanted:
                data = fewer
            else:
                at += size
        size //= 2
    small = path.with_name(f"{path.name}.small")
    small.write_bytes(data)
    print(f"{wanted}: {len(data)} bytes in {small}")


def choose(module: Any, grown: Path, kept: Path, count: int) -> None:
    """Keep of a grown corpus the inputs that together reach most lines, the quickest first."""
    import coverage  # noqa: PLC0415 - only this needs it

    reached: list[tuple[set[tuple[str, int]], Path, float]] = []
    for path in sorted(grown.iterdir())[:LOOKED_AT]:  # by their digests: any of them
        measured = coverage.Coverage(data_file=None, source_pkgs=["dealerrules"], branch=False)
        before = time.process_time()
        with measured.collect():
            failure(module, path.read_bytes())
        took = time.process_time() - before
        data = measured.get_data()
        lines = {(file, line) for file in data.measured_files() for line in data.lines(file) or ()}
        reached.append((lines, path, took))
    _keep(reached, kept, count)


def _keep(reached: Iterable[tuple[set[tuple[str, int]], Path, float]], kept: Path, count: int) -> None:
    left, known = list(reached), set()
    kept.mkdir(parents=True, exist_ok=True)
    for _ in range(count):
        best = max(left, key=lambda each: len(each[0] - known) / (each[2] + 0.05), default=None)
        if best is None or not best[0] - known:
            break
        left.remove(best)
        known |= best[0]
        (kept / best[1].name[:12]).write_bytes(best[1].read_bytes())
    print(f"{len(known):,} lines reached")


if __name__ == "__main__":
    main()
