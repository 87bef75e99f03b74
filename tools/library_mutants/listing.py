"""The list of survivors: mutants that no test notices, each with the reason; from survivors.json to a page.

`python tools/library_mutants/listing.py` writes docs/reliability-survivors.md.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reliability-survivors.md"
HEAD = """# Mutants that live

What [mutation testing of the library](reliability.md) leaves: changes to its own code that no test notices, each with
the reason. Made by `tools/library_mutants/listing.py` from `survivors.json` beside it.
"""


def survivors() -> list[dict[str, str]]:
    """Return the survivors that are known: module, line, before, after, and the reason why it may live."""
    return list(json.loads((HERE / "survivors.json").read_text(encoding="utf-8")))


def page() -> str:
    """Return the page, a table for each module."""
    parts = [HEAD]
    for module, listed in groupby(survivors(), key=lambda each: each["module"]):
        parts.append(
            f"\n## {module}\n\n| in the line | this | becomes | why no test can tell |\n|---|---|---|---|\n"
        )
        for each in listed:
            cells = [*(_code(each[key]) for key in ("line", "before", "after")), each["reason"]]
            parts.append(f"| {' | '.join(cells)} |\n")
    return "".join(parts)


def _code(text: str) -> str:
    short = text if len(text) <= 80 else f"{text[:77]}…"
    return f"`{short}`".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
