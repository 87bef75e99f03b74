"""Hold all engines against the reference interpreter, on random policies and the shipped ones, for as long as one likes.

Usage: python tools/differential.py [--evaluations N] [--trials N] [--seed S] [--engines A,B] [--only NUMBER] [--state DIR]

An evaluation is one decision of one subject, answered by one engine and compared with what the reference interpreter
(``row``) says: the truth of every rule, unknown ones included, and the answer. Everything follows from the seed. Each
difference is printed with the seed and the number of its trial, and saved with policy and record. With ``--state``, what
was counted is kept, and a run that was ended goes on from there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).parent))

from trials import Trial, trial
from witnesses import EVERY, WITNESSES, Difference, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK: Final = 10
"""Trials between two lines of progress, each of which is also a point to go on from."""
SIZE: Final = 40
"""About how many records, and as many sets of ready-made facts, a trial has."""
MOST_SHOWN: Final = 5
"""Of differences in one trial by one engine; all are counted."""
HEAD: Final = (
    "engine",
    "policies",
    "subjects",
    "evaluations compared",
    "rules' truths compared",
    "differences",
    "refused",
    "time",
)


def run(
    seed: int,
    engines: Sequence[str],
    evaluations: int,
    tallies: dict[str, Tally],
    trials: range,
    saved: Path | None,
) -> None:
    """Walk through trials, chunk by chunk, until so many evaluations are compared."""
    number = trials.start
    while number < trials.stop and sum(each.evaluations for each in tallies.values()) < evaluations:
        for _ in range(min(CHUNK, trials.stop - number)):
            ask(seed, number, engines, tallies, saved)
            number += 1
        compared = sum(each.evaluations for each in tallies.values())
        differences = sum(each.differences for each in tallies.values())
        print(f"{number:,} trials, {compared:,} evaluations, {differences} differences", flush=True)
        if saved is not None:
            kept = {
                "seed": seed,
                "next": number,
                "tallies": {name: vars(each) for name, each in tallies.items()},
            }
            _write(saved / "state.json", json.dumps(kept))


def ask(
    seed: int,
    number: int,
    engines: Sequence[str],
    tallies: dict[str, Tally],
    saved: Path | None,
    *,
    all_: bool = False,
) -> None:
    """Show one trial to all engines."""
    begun = time.perf_counter()
    made = trial(seed, number, SIZE)
    reference = tallies["row"]
    reference.policies += 1
    reference.subjects += len(made.of_records) + len(made.of_facts)
    reference.seconds += time.perf_counter() - begun
    for engine in engines:
        every = 1 if len(engines) == 1 or all_ else EVERY.get(engine, 1)
        if number % every != every - 1:
            continue
        tally = tallies[engine]
        before, begun = tally.evaluations, time.perf_counter()
        try:
            found = WITNESSES[engine](made, tally)
        except Exception:  # noqa: BLE001 - an engine that fails where the reference does not is a difference
            found = [Difference(engine, "", None, traceback.format_exc(), None)]
        tally.seconds += time.perf_counter() - begun
        tally.policies += tally.evaluations > before
        tally.differences += len(found)
        for at, difference in enumerate(found[:MOST_SHOWN]):
            tell(seed, made, difference, saved, at)


def tell(seed: int, made: Trial, found: Difference, saved: Path | None, at: int) -> None:
    """Print a difference, and save all that is needed to look at it."""
    name = f"seed{seed}-trial{made.number}-{found.engine}-{at}"
    print(f"DIFFERENCE {name}: {found.decision}")
    print(f"  {found.engine}: {str(found.found)[-600:]}\n  row: {str(found.meant)[:600]}")
    print(
        f"  again: python tools/differential.py --seed {seed} --only {made.number} --engines {found.engine}"
    )
    if saved is not None:
        said = [
            f"# {name}: decision {found.decision}, subject {made.subject}, as of {made.as_of}",
            f"asked = {found.asked!r}",
            f"{found.engine} = {found.found!r}",
            f"row = {found.meant!r}",
            f'policy = """\n{made.text or "the shipped policies"}\n"""',
        ]
        _write(saved / f"{name}.txt", "\n".join(said) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def table(engines: Sequence[str], tallies: dict[str, Tally]) -> str:
    """Return the table of all that was compared."""
    rows = [HEAD]
    for name in engines:
        each = tallies[name]
        refused = "; ".join(f"{count:,} x {why}" for why, count in each.refused.most_common()) or "none"
        numbers = (each.policies, each.subjects, each.evaluations, each.truths, each.differences)
        rows.append((name, *(f"{number:,}" for number in numbers), refused, f"{each.seconds:,.0f} s"))
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], ("---",) * len(HEAD), *rows[1:]))


def main() -> int:
    """Run as asked, print the table; 1 where there was a difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--evaluations", type=int, default=100_000, help="at least so many, all engines together"
    )
    parser.add_argument("--trials", type=int, default=10**9, help="at most so many")
    parser.add_argument("--seed", type=int, default=2014)
    parser.add_argument("--engines", default=",".join(WITNESSES), help="of: " + ", ".join(WITNESSES))
    parser.add_argument("--only", type=int, help="the number of one trial")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="differences go there, and a run goes on from there"
    )
    asked = parser.parse_args()
    engines = [name for name in asked.engines.split(",") if name != "row"]  # row is what all are held against
    if unknown := sorted(set(engines) - WITNESSES.keys()):
        parser.error(f"no such engine: {', '.join(unknown)}")
    tallies = {name: Tally() for name in ("row", *engines)}
    first = 0
    state = asked.state / "state.json" if asked.state is not None else None
    if state is not None and state.exists():
        kept = json.loads(state.read_text(encoding="utf-8"))
        if kept["seed"] != asked.seed or kept["tallies"].keys() != tallies.keys():
            parser.error(f"{state} is of another seed or other engines")
        first = kept["next"]
        for name, each in kept["tallies"].items():
            tallies[name] = Tally(**{**each, "refused": Counter(each["refused"])})
    if asked.only is not None:
        ask(asked.seed, asked.only, engines, tallies, asked.state, all_=True)
    else:
        run(asked.seed, engines, asked.evaluations, tallies, range(first, first + asked.trials), asked.state)
    print(f"\nSeed {asked.seed}; trials of about {SIZE} records and {SIZE} sets of facts.\n")
    print(table(engines, tallies))
    compared = sum(each.evaluations for each in tallies.values())
    truths = sum(each.truths for each in tallies.values())
    differences = sum(each.differences for each in tallies.values())
    row = tallies["row"]
    print(
        f"\n{compared:,} evaluations and {truths:,} truths of rules compared, {differences:,} differences; "
        f"the reference interpreter answered {row.subjects:,} subjects of {row.policies:,} policies in {row.seconds:,.0f} s"
    )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
