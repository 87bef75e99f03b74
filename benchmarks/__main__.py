"""Run every benchmark and write docs/benchmarks.md.

``python -m benchmarks [--out FILE]``, or ``--quick`` for a fast look that writes nothing.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import advice, checking, ladder, one_customer, start
from benchmarks.measure import machine

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
PACKAGES = ("pydantic", "PyYAML", "zen-engine", "rule-engine")
TARGETS = """\
| target | measured in |
| ------ | ----------- |
| tier from ready-made facts at least 30 times as fast as zen-engine's decision tables with trace | One customer, from ready-made facts |
| and within twice the hand-written function | the same table |
| all customer decisions from a full record under 10 times the hand-written code | One customer, from a record |
| import under 120 ms beyond Python | Start: fresh processes |
| the three policies loaded in under 80 ms | Start: in a process that has imported the library |
| 900 rules on one fact cost little more than 15 | 15 and 900 rules on one fact |
| 100 files with 5,000 rules checked in seconds | Checking a large directory |
| next steps of the shipped tier under 50 times one evaluation | Next steps |
"""
READING = """\
## How to read this

Every table is from one run of one process (but for fresh processes), all variants interleaved round by round, garbage
collection off, medians; absolute times depend on the machine and on what else it does, ratios hold. All variants are
asserted to give the same answers before anything is timed, the hand-written code on the whole demo store too.

*Hand-written* is `benchmarks/hand_written.py`: straight Python, as fast as one can write it, for exactly these policies.
It trusts its facts. The library does not: reading 16 facts and checking that each is known, of its type and in its range
takes more than half of its time, so the second line, hand-written code with the same checks, is the fairer comparison.
"""


def main() -> None:
    """Run them."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    wanted.add_argument("--quick", action="store_true", help="few rounds, printed only")
    wanted.add_argument("--out", type=Path, default=DOCUMENT, help="the document to write")
    asked = wanted.parse_args()
    rounds = {one_customer: 20, ladder: 5, start: 3, checking: 1, advice: 1} if asked.quick else {}
    parts = [
        "# Benchmarks",
        f"Written by `python -m benchmarks` on {datetime.now(UTC).date()}.\n\n{machine(PACKAGES)}",
        READING.strip(),
    ]
    for module in (one_customer, ladder, start, checking, advice):
        parts += [str(each).strip() for each in module.sections(rounds.get(module, module.ROUNDS))]
        print("\n\n".join(parts) if asked.quick else f"{module.__name__} done", flush=True)
    parts += ["## Targets", TARGETS.strip()]
    if not asked.quick:
        asked.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        print(f"{asked.out} written")


if __name__ == "__main__":
    main()
