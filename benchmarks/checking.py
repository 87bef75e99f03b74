"""Checking a large directory of policies: compiled, and analysed for gaps, overlaps, cliffs and the rest.

The directory is made here: 100 files with 50 rules each, half of them in decision tables over several facts, the
others in tiers, stages, payouts and offers, as a group of many brands and stores would have them.
``python -m benchmarks.checking [--files 100]`` prints the times; ``python -m benchmarks`` puts them in its document.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from dealerrules import load
from dealerrules.analysis.lint import check

FILES, ROUNDS = 100, 3
RULES = 50
KINDS = ("maintenance", "repair", "body", "warranty")


def policy(number: int) -> str:
    """Return one policy of 50 rules."""
    key = f"p{number:03}"
    return "\n".join(
        [
            f"policy: {key}",
            "title: {zh: 门店政策, en: Policy of a store}",
            "source: {document: 门店政策汇编, clause: '1'}",
            "facts:",
            *(
                f"  {key}_{kind}: {{title: {{zh: 近一年{kind}, en: Visits for {kind}}}, count: visits, where: {{kind: {kind}}}, within: 12 months}}"
                for kind in KINDS
            ),
            "decisions:",
            *_table(key),
            *_first(key),
            *_tier(key),
            *_stage(key),
            *_payout(key),
        ]
    )


def _table(key: str) -> list[str]:
    """16 rows over four facts that leave nothing out and never overlap."""
    rows = [
        f"      - {{id: r{at:02}, when: {{{', '.join(_side(key, kind, at >> bit & 1) for bit, kind in enumerate(KINDS))}}}, then: {{{key}_care: {'true' if at % 3 else 'false'}}}}}"
        for at in range(16)
    ]
    return [
        f"  {key}_care:",
        "    kind: rules",
        "    hit: unique",
        f"    outputs: {{{key}_care: {{type: boolean}}}}",
        "    rows:",
        *rows,
    ]


def _side(key: str, kind: str, high: int) -> str:
    return f"{key}_{kind}: {{{'at_least: 2' if high else 'less_than: 2'}}}"


def _first(key: str) -> list[str]:
    """12 rows, of which the first that holds decides."""
    rows = [
        f"      - {{id: f{at:02}, when: {{visits_past_year: {{at_least: {12 - at}}}, {key}_{KINDS[at % 4]}: {{at_least: {at % 3 + 1}}}}}, then: {{{key}_class: {'abc'[at % 3]}}}}}"
        for at in range(12)
    ]
    return [
        f"  {key}_class:",
        "    kind: rules",
        "    hit: first",
        f"    outputs: {{{key}_class: {{type: category, options: [a, b, c]}}}}",
        "    rows:",
        *rows,
        f"    otherwise: {{{key}_class: c}}",
    ]


def _tier(key: str) -> list[str]:
    gold = [
        f"          - {{id: g{at}, when: {{{key}_{KINDS[at]}: {{at_least: {at + 5}}}}}}}" for at in range(4)
    ]
    silver = [
        f"          - {{id: s{at}, when: {{{key}_{KINDS[at]}: {{at_least: {at + 2}}}}}}}" for at in range(4)
    ]
    return [
        f"  {key}_tier:",
        "    kind: tier",
        "    levels: {gold: {cadence: weekly}, silver: {cadence: monthly}, other: {cadence: yearly}}",
        "    angles:",
        "      service:",
        "        gold:",
        *gold,
        "        silver:",
        *silver,
    ]


def _stage(key: str) -> list[str]:
    return [
        f"  {key}_stage:",
        "    kind: stage",
        "    measure: months_since_last_visit",
        "    stages:",
        *(f"      s{at}: {{from: {at * 3} months}}" for at in range(6)),
        "    when_absent: never",
    ]


def _payout(key: str) -> list[str]:
    return [
        f"  {key}_bonus:",
        "    kind: payout",
        "    subject: recall_campaign",
        "    payee: staff",
        "    measure: attainment",
        "    unit: returned",
        "    bands:",
        "      - {from: 0%, pays: 0 yuan}",
        *(
            f"      - {{over: {50 + 10 * at}%, pays_per_unit: {10 + at} yuan, basis: {'whole' if at == 0 else 'excess'}}}"
            for at in range(7)
        ),
        "    rounding: half_up to 1 fen",
    ]


def write(directory: Path, files: int = FILES) -> int:
    """Write the policies and return how many rules they have."""
    for number in range(files):
        (directory / f"p{number:03}.yaml").write_text(policy(number), encoding="utf-8")
    return sum(len(decision.rules) for decision in load(directory).decisions.values())


def sections(rounds: int = ROUNDS) -> list[str]:
    """Return what was measured, as a section of the document."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        rules = write(directory)
        times: dict[str, list[float]] = {"load": [], "check": []}
        for _ in range(rounds):
            for name, run in (("load", load), ("check", check)):
                start = time.perf_counter()
                found = run(directory)
                times[name].append(time.perf_counter() - start)
        assert found == [], found
    median = {name: sorted(each)[len(each) // 2] for name, each in times.items()}
    return [
        "## Checking a large directory",
        f"`dealerrules check` on {FILES} files with {rules:,} rules, made by `benchmarks/checking.py`; nothing is found in them.",
        (
            "| what | median | ratio |\n| ---- | -----: | ----: |\n"
            f"| loading them: read, compiled, every name and type checked | {median['load']:.2f} s | 1 |\n"
            f"| checking them: loaded, and analysed for all inputs | {median['check']:.2f} s | {median['check'] / median['load']:.2f} |"
        ),
    ]


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    print("\n\n".join(sections(asked.parse_args().rounds)))
