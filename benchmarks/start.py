"""Start: importing the library, loading the shipped policies, the first answer."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING

from benchmarks.measure import Section, fresh_processes
from benchmarks.subject import POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 20

IMPORTS = {
    "Python itself": "pass",
    "import dealerrules": "import dealerrules",
    "import pydantic, yaml, dateutil: what it rests on": "from pydantic import BaseModel; import yaml; import dateutil.relativedelta",
    "from dealerrules import load": "from dealerrules import load",
    "the command line, to its help": "import sys\nfrom dealerrules.cli import main\nsys.stdout = sys.stderr\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass",
    "import, load, one answer read": f"""
import dealerrules
book = dealerrules.load({str(POLICIES)!r})
book.evaluate({{"customer_id": "C1"}}, as_of="2014-09-30")["tier"].level
""",
}
WARM = f"""
import json
from time import process_time_ns as now
from dealerrules import Customer, load
times = []
def timed(do):
    start = now()
    made = do()
    times.append((now() - start) / 1e6)
    return made
book = timed(lambda: load({str(POLICIES)!r}))
again = [timed(lambda: load({str(POLICIES)!r})) for _ in range(5)]
record = timed(lambda: Customer(customer_id="C1"))
answer = timed(lambda: book.evaluate(record, as_of="2014-09-30"))
timed(lambda: book.evaluate_facts("customer", {{"media": True}}, as_of="2014-09-30", decisions=("tier",)))
timed(lambda: answer.explain("zh", advice=False).text)
print(json.dumps(times))
"""
STEPS: dict[str, Callable[[list[float]], float]] = {
    "load the three policies, first": lambda times: times[0],
    "load the three policies, again": lambda times: statistics.median(times[1:6]),
    "first typed record": lambda times: times[6],
    "first evaluation: the program is written (all customer decisions, from a record)": lambda times: times[
        7
    ],
    "first evaluation (tier, from facts)": lambda times: times[8],
    "first explanation": lambda times: times[9],
}


def sections(rounds: int = ROUNDS) -> list[Section]:
    """Return the tables."""
    spent = {
        label: statistics.median(each for each, _ in runs)
        for label, runs in fresh_processes(IMPORTS, rounds).items()
    }
    python = spent["Python itself"]
    imports = Section(
        "Start: fresh processes",
        "Processor time of a fresh interpreter (.pyc files written before), and what it takes beyond Python itself."
        " `import dealerrules` loads its rooms when a name is first used.",
        ("process", "time", "beyond Python"),
        [(label, f"{each:.0f} ms", f"{each - python:.0f} ms") for label, each in spent.items()],
    )
    times = [printed for _, printed in fresh_processes({"warm": WARM}, rounds)["warm"]]
    steps = Section(
        "Start: in a process that has imported the library",
        "Processor time of each step, for the first time in its process but for loading again.",
        ("step", "time"),
        [
            (label, f"{statistics.median(pick(each) for each in times):.1f} ms")
            for label, pick in STEPS.items()
        ],
    )
    return [imports, steps]


if __name__ == "__main__":
    print("\n".join(map(str, sections(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))))
