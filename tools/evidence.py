"""What is known of how well mistakes are caught, in one run; each part is also a test.

    python tools/evidence.py

1. One-edit mistakes in the shipped policies: refused, flagged, or shown as a legal change (tools/mistakes.py).
2. Policies with planted faults, and sound ones: what the analysis finds, and what it finds falsely.
3. The shipped policies changed in one place at a time: changes that no worked case notices.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = (
    ("Mistakes in the shipped policies", ["tools/mistakes.py"]),
    (
        "Policies with planted faults",
        [
            "-m",
            "pytest",
            "tests/test_analysis_fixtures.py",
            "-q",
            "-s",
            "-k",
            "summary",
            "--no-header",
            "-r",
            "",
        ],
    ),
    ("Changes of the shipped policies", ["-m", "dealerrules", "test", "policies", "--mutate"]),
)


def main() -> int:
    """Print every part; fail when one fails."""
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    failed = 0
    for title, command in PARTS:
        print(f"--- {title}: python {' '.join(command)}", flush=True)
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=False
        )
        failed += done.returncode != 0
        print(flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
