"""Mutation testing of the library itself: small changes to its modules, each of which a test has to notice.

    pip install mutmut && python tools/mutate_library.py [--sample N] [--seed N] [MODULE…]

The changes are those of mutmut's operators; running them is done here, since mutmut gives every test that ran a function
to each change in it and starts pytest anew for each, and the large functions of this library (one `match` over all
nodes) are run by nearly every test. Every mutant is run in a fork of one process that has collected the tests, with the
tests that ran the changed lines.

Which test runs which line is recorded once for a state of the tree, in `--work`. Survivors are compared with
`tools/library_mutants/survivors.json`, which says of each why it changes nothing that an answer shows.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import pickle
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # a fork has no threads but the one that forked

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "tools")]
sys.dont_write_bytecode = True

from library_mutants import fresh, running  # noqa: E402
from library_mutants.listing import survivors  # noqa: E402
from library_mutants.making import Mutant, mutants_of  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CORE = [
    "values", "expr", "verdict", "engines.row", "outcome", "policy.bands", "policy.payouts", "policy.compile",
    "policy.editor", "engines.compiled", "engines.ladder", "engines.loops", "engines.quantities", "engines.writer",
]  # fmt: skip
FRAME = ["engines.frame", "engines.events", "engines.flat", "engines.columns", "engines.context"]
TESTS = [
    "values", "expr", "compile", "survivors", "verdict", "payouts", "generated_source", "compiled", "agreement", "book", "editor", "hit_policies", "parse",
    "policies", "records", "versions", "wording", "causes", "payout_arithmetic", "corners",
    "policy_corners", "fingerprints", "hand_written", "corpus_good", "edition_survivors", "outcome_survivors", "keeping",
]  # fmt: skip
FRAME_TESTS = ["frame_columns", "frame_flat", "frame_survivors"]
"""Tests of data frames that ask nothing of polars while they are collected: a query starts threads, and no fork may follow."""
OWN = {
    "verdict": ("verdict", "survivors"), "expr": ("expr", "survivors"), "values": ("values", "survivors"),
    "engines.row": ("survivors",), "engines.ladder": ("survivors",), "policy.bands": ("payout_arithmetic",),
    "policy.payouts": ("payout_arithmetic",), "policy.compile": ("compile",), "policy.editor": ("edition_survivors",),
    "outcome": ("outcome_survivors",),
    "engines.quantities": ("survivors",), "engines.writer": ("generated_source",), "engines.loops": ("generated_source",),
    "engines.compiled": ("generated_source", "compiled"), "engines.columns": ("frame_columns",), "engines.flat": ("frame_flat",),
    **dict.fromkeys(FRAME[:2] + FRAME[4:], ("frame_survivors",)),
}  # fmt: skip
"""Where a module's own tests stand: run first where the library has to be imported anew."""
CAUGHT = ("killed", "timeout")
NEAR = 12
"""So many tests that killed a neighbour are run first."""
LONG = 0.8
"""Seconds: what takes longer waits until the quicker ones have been run."""
NO_MUTANT = ("invalid", "unchanged")
LEFT_OUT = ("spark", "memory", "threads", "fork")
"""Words in the names of tests that start other machinery or that a fork would disturb."""


def main() -> None:
    """Run the mutants and print what became of them."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("modules", nargs="*", default=[*CORE, *FRAME])
    options.add_argument(
        "--sample", type=int, default=0, help="so many mutants of each module, drawn by chance"
    )
    options.add_argument("--seed", type=int, default=5)
    options.add_argument(
        "--seconds", type=float, default=4.0, help="the most that the tests of one mutant may take"
    )
    options.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "library-mutants")
    options.add_argument("--record", action="store_true", help="only record which test runs which line")
    options.add_argument(
        "--again",
        action="store_true",
        help="run those again that survived and are not explained, with the tests of today",
    )
    options.add_argument("--warm-only", action="store_true", help="leave out what has to be imported anew")
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    for module in given.modules:
        found = record(given.work, module)
        if not given.record:
            run(given, found, module)


def _files(names: list[str]) -> list[str]:
    return [file for name in names if Path(file := f"tests/test_{name}.py").exists()]


def _modules() -> list[str]:
    return [str(running.path_of(ROOT, module).relative_to(ROOT)) for module in (*CORE, *FRAME)]


def _tests_for(module: str) -> list[list[str]]:
    """Return the files with tests for a module, in the groups in which they are recorded."""
    if module in FRAME:
        return [[file] for file in _files(FRAME_TESTS)]
    return [*([file] for file in _files(TESTS)), _modules()]


def record(work: Path, module: str) -> running.Recorded:
    """Run every test once, those of a file in one fork, and return which lines they ran; what was kept is not run again."""
    paths = {each: str(running.path_of(ROOT, each)) for each in (*CORE, *FRAME)}
    found = running.Recorded()
    for files in _tests_for(module):
        kept = work / f"{files[0].replace('/', '-')}.recorded"
        if not kept.exists():
            began = time.monotonic()
            ended, answer = running.forked(
                lambda files=files: pickle.dumps(running.recorded_of(files, paths, LEFT_OUT)), seconds=1200
            )
            print(f"{files[0]}: {time.monotonic() - began:.0f} s, {ended}", file=sys.stderr, flush=True)
            recorded = pickle.loads(answer) if ended == "done" else None
            if recorded is None or not (recorded.seconds or recorded.left_out):
                sys.exit("recording failed")
            kept.write_bytes(answer)
        found.add(pickle.loads(kept.read_bytes()))
    return found


@dataclass
class Result:
    """What became of a mutant: killed, timeout, survived or invalid (no Python, or the same code)."""

    mutant: Mutant
    status: str
    killer: str = ""


def explained() -> set[tuple[str, str, str, str]]:
    """Return the names of the survivors that are explained."""
    return {(each["module"], each["line"], each["before"], each["after"]) for each in survivors()}


class Kept:
    """What became of mutants of a module as it stands, kept from one run to the next: a line for each."""

    def __init__(self, work: Path, module: str, *, again: bool) -> None:
        source = running.path_of(ROOT, module).read_bytes()
        self.path = work / f"{module}-{hashlib.sha256(source).hexdigest()[:12]}.results"
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        self.found = {tuple(key): (status, killer) for key, status, killer in map(json.loads, lines)}
        self.explained = explained() if again else set()
        if again:
            self.found = {key: one for key, one in self.found.items() if one[0] in {*CAUGHT, *NO_MUTANT}}

    def result(self, mutant: Mutant) -> Result | None:
        """Return what became of a mutant, if it was run."""
        known = self.found.get((mutant.start, mutant.end, mutant.text))
        if known is None and mutant.name in self.explained:
            return Result(mutant, "survived")
        return None if known is None else Result(mutant, *known)

    def keep(self, result: Result) -> Result:
        """Write down what became of a mutant."""
        key = (result.mutant.start, result.mutant.end, result.mutant.text)
        if self.found.get(key) != (result.status, result.killer):
            self.found[key] = (result.status, result.killer)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, result.status, result.killer], ensure_ascii=False) + "\n")
        return result


def run(given: argparse.Namespace, found: running.Recorded, module: str) -> None:
    """Run the mutants of a module, and say what became of them."""
    mutants = mutants_of(module, running.path_of(ROOT, module))
    whole = len(mutants)
    if given.sample:
        # the first of a shuffled list: a larger sample holds the smaller one
        mutants = random.Random(given.seed).sample(mutants, whole)[: given.sample]
    began = time.monotonic()
    kept = Kept(given.work, module, again=given.again)

    def warm() -> bytes:
        results: list[Result] = []
        fresh.imported_once()

        def use(tests: running.Tests) -> None:
            results.extend(
                kept.keep(one) for one in _results(tests, found, module, mutants, kept, given.seconds)
            )

        running.in_session([file for files in _tests_for(module) for file in files], use)
        return pickle.dumps(results)

    def anew() -> bytes:
        return pickle.dumps(_anew(found, module, results, kept, given.seconds))

    results = _in_fork(warm)
    if not given.warm_only:
        results = _in_fork(anew)
    _tell(given.work, module, whole, results, time.monotonic() - began)


def _in_fork(work: Callable[[], bytes]) -> list[Result]:
    ended, answer = running.forked(work, seconds=36000, quiet=False)
    if ended != "done":
        sys.exit(f"the run was not finished: {ended}")
    return list(pickle.loads(answer))


def _anew(
    found: running.Recorded, module: str, results: list[Result], kept: Kept, most: float
) -> list[Result]:
    """Run those mutants anew of which a fork cannot tell: import the library, and collect the tests."""
    fresh.imported_once()
    path = running.path_of(ROOT, module)
    text = path.read_text(encoding="utf-8")
    lines = found.lines.get(module, {})
    ended_as = list(results)
    killers: list[tuple[int, str]] = []
    waiting = [at for at, one in enumerate(results) if one.status in {"outside", "survived*"}]
    for number, at in enumerate(waiting):
        mutant = results[at].mutant
        ran = {name for line in range(mutant.first, mutant.last + 1) for name in lines.get(line, ())}
        # what runs at import may matter to any test
        near = sorted(killers, key=lambda one: abs(one[0] - mutant.first))
        first = list(dict.fromkeys(name for _, name in near if name in ran))[:4]
        known = found.seconds.keys()
        wanted = _in_order((known if mutant.outside else ran & known) - set(first), found, module)
        names = list(first)
        for name in wanted:
            if sum(found.seconds[one] for one in names) < most * (3 if mutant.outside else 1):
                names.append(name)
        own = {f"tests/test_{each}.py" for each in OWN.get(module, ())}
        own |= {name.partition("::")[0] for name in first[:2]}
        for part in ([each for each in names if each.partition("::")[0] in own], names):
            if not part:
                continue
            files = sorted({name.partition("::")[0] for name in part})
            source = running.mutated(mutant, text)
            ended, answer = running.forked(
                lambda source=source, files=files, part=part: fresh.outcome_of(
                    source, str(path), files, part
                ),
                seconds=180 + 20 * most,
                cpu=15 + 6 * most,
            )
            if ended != "done" or answer != b"survived":
                break
        word, _, killer = answer.decode().partition(" ")
        ended_as[at] = Result(
            mutant, word if ended == "done" else "timeout" if ended == "timeout" else "killed", killer
        )
        kept.keep(ended_as[at])
        if "::" in killer:
            killers.append((mutant.first, killer))
        if number % 50 == 49:
            print(f"{module}: {number + 1} of {len(waiting)} anew", file=sys.stderr, flush=True)
    return ended_as


def _in_order(names: Iterable[str], found: running.Recorded, module: str) -> list[str]:
    """Return tests: the module's own first, the quickest and the longest by turns, for these do the most."""
    own = {f"tests/test_{each}.py" for each in OWN.get(module, ())}
    quick = sorted(names, key=lambda name: (name.partition("::")[0] not in own, found.seconds[name]))
    long = [name for name in reversed(quick) if found.seconds[name] < LONG]
    turns = (name for pair in zip_longest(quick, long) for name in pair if name is not None)
    return list(dict.fromkeys(turns))


def _results(
    tests: running.Tests, found: running.Recorded, module: str, mutants: list[Mutant], kept: Kept, most: float
) -> Iterator[Result]:
    path = running.path_of(ROOT, module)
    text = path.read_text(encoding="utf-8")
    live = running.functions_of(str(path))
    lines = found.lines.get(module, {})
    killers: dict[str, list[tuple[int, str]]] = {}
    gc.collect()
    gc.freeze()  # or each fork copies what its collector touches
    for at, mutant in enumerate(mutants):
        known = kept.result(mutant)
        if known is not None:
            if "::" in known.killer:
                killers.setdefault(module, []).append((mutant.first, known.killer))
            yield known
            continue
        names = {name for line in range(mutant.first, mutant.last + 1) for name in lines.get(line, ())}
        names &= found.seconds.keys()
        if mutant.outside or not names:
            yield Result(mutant, "outside" if mutant.outside else "not run by any test")
            continue
        near = sorted(killers.get(module, ()), key=lambda one: abs(one[0] - mutant.first))
        quick = (name for _, name in near if name in names and found.seconds[name] < LONG)
        first = list(dict.fromkeys(quick))[:NEAR]
        chosen, seconds = list(first), sum(found.seconds[name] for name in first)
        for name in _in_order(names.difference(first), found, module):
            if seconds > most and chosen:
                break
            chosen.append(name)
            seconds += found.seconds[name]

        def work(mutant: Mutant = mutant, chosen: list[str] = chosen) -> bytes:
            try:
                changed = running.changed_functions(running.mutated(mutant, text), str(path), live)
            except SyntaxError:
                return b"invalid"
            return b"killed " + running.first_to_fail(tests, chosen).encode() if changed else b"unchanged"

        ended, answer = running.forked(work, seconds=60 + 10 * seconds, cpu=5 + 2 * seconds)
        word, _, killer = answer.decode().partition(" ")
        if ended != "done":
            status = "timeout" if ended == "timeout" else "killed"
        elif word == "unchanged":
            status = "outside"
        else:
            status = word if word != "killed" or killer else "survived"
        if killer:
            killers.setdefault(module, []).append((mutant.first, killer))
        if status == "survived" and set(range(mutant.first, mutant.last + 1)) & set(
            found.imported.get(module, ())
        ):
            status = "survived*"
        if at % 50 == 49:
            print(f"{module}: {at + 1} of {len(mutants)}", file=sys.stderr, flush=True)
        yield Result(mutant, status, killer)


def _tell(work: Path, module: str, whole: int, results: list[Result], seconds: float) -> None:
    """Print what became of a module's mutants, and each survivor that the list of survivors does not explain."""
    (work / f"{module}.json").write_text(
        json.dumps(
            [[one.status, one.mutant.first, *one.mutant.name, one.killer] for one in results],
            ensure_ascii=False,
        ),
        encoding="utf-8",
    )
    named = explained()
    counts = Counter(result.status for result in results)
    made = len(results) - counts["invalid"] - counts["unchanged"]
    caught = counts["killed"] + counts["timeout"]
    living = [one for one in results if one.status not in {"killed", "timeout", "invalid", "unchanged"}]
    reasons = sum(one.mutant.name in named for one in living)
    print(
        f"{module}: {made} mutants ({whole} in the module), {counts['killed']} killed, {counts['timeout']} timeouts, "
        f"{len(living)} survivors, {reasons} of them explained; {100 * caught / max(1, made):.1f}% caught; {seconds:.0f} s",
        flush=True,
    )
    for one in living:
        if one.mutant.name not in named:
            print(
                f"  {one.mutant.first}: {one.mutant.line}\n    {one.mutant.before} -> {one.mutant.after} ({one.status})"
            )


if __name__ == "__main__":
    main()
