"""Fingerprints stay what they are: by Python's version, by process, and from one version of the library to the next.

Answers are kept with the fingerprint of the policies that gave them, so a fingerprint may change with the meaning of a
policy and with nothing else. Those that are known stand in golden/fingerprints.json. Where one differs, either

- the policy's file was changed, and means something else now: ``UPDATE_GOLDEN=1 pytest tests/test_fingerprints.py``
  stores the new one; the change belongs into the changelog, for answers that are kept name the old one; or
- the file is the same, and the library takes another fingerprint of it: that breaks every answer that is kept. What a
  policy gained that old ones do not write must not count where it is not written.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dealerrules as dr
from dealerrules.expr import NODES
from dealerrules.strategies.reading import Reading

ROOT = Path(__file__).parents[1]
GOOD = ROOT / "tests" / "corpus" / "good"
GOLDEN = ROOT / "tests" / "golden" / "fingerprints.json"
SOURCES = {
    "policies": ROOT / "policies",
    "tiers": ROOT / "policies" / "tiers.yaml",
    "churn": ROOT / "policies" / "churn.yaml",
    **{path.stem: path for path in sorted(GOOD.iterdir())},
}


def text_of(source: Path) -> str:
    """Return a digest of the files themselves, so that an edited policy is told from another fingerprint."""
    files = sorted(source.glob("*.yaml")) if source.is_dir() else [source]
    texts = [path.read_text(encoding="utf-8") for path in files if ".cases." not in path.name]
    return hashlib.sha256("\f".join(texts).encode()).hexdigest()[:16]


def golden() -> dict[str, dict[str, str]]:
    """Return the known fingerprints, by source."""
    found: dict[str, dict[str, str]] = json.loads(GOLDEN.read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_the_fingerprint_is_the_known_one(name: str) -> None:
    """Of the shipped policies and of every good policy of the corpus: on every version of Python."""
    source = SOURCES[name]
    found = {"fingerprint": dr.load(source).fingerprint, "files": text_of(source)}
    if os.environ.get("UPDATE_GOLDEN"):
        stored = {**(golden() if GOLDEN.exists() else {}), name: found}
        GOLDEN.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    known = golden()[name]
    if found["fingerprint"] != known["fingerprint"]:
        if found["files"] != known["files"]:
            pytest.fail(
                f"{name} was edited and means something else: if that is meant, store it with UPDATE_GOLDEN=1"
            )
        pytest.fail(
            f"{name} is as it was, and has another fingerprint: answers that are kept could not be proved again"
        )


ALL = """
import sys
import dealerrules as dr
print(*(dr.load(path).fingerprint for path in sys.argv[1:]))
"""


@pytest.mark.parametrize("seed", ["0", "1", "31337"])
def test_no_process_takes_another_one(seed: str) -> None:
    """Whatever its hashes are seeded with; the shipped policies and the whole corpus in one process."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", ALL, *map(str, SOURCES.values())]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=True)
    known = golden()
    assert done.stdout.split() == [known[name]["fingerprint"] for name in SOURCES]


def test_what_a_golden_fingerprint_is_of_covers_the_language() -> None:
    """Each kind of decision and each node of conditions is in some source, so that a change to any of them shows."""
    kinds: set[str] = set()
    nodes: set[type] = set()
    for source in SOURCES.values():
        for edition in dr.load(source).editions:
            kinds |= {each.kind for each in (*edition.decisions.values(), *edition.rates.values())}
            for subject in edition.facts:
                nodes |= {type(node) for node in Reading.of(edition, subject).nodes}
    assert kinds == {"tier", "stage", "payout", "offer", "rules", "rate"}
    assert set(NODES) - nodes == set()
