"""The door for policies: any bytes at all are loaded, or refused with a PolicyError that can be shown.

What loads is checked by the analyser, has a fingerprint, and answers a question about nobody.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zlib import crc32

import dealerrules as dr
from dealerrules.analysis.lint import check
from dealerrules.diagnostics import render_all
from dealerrules.strategies.author import a_policy
from dealerrules.strategies.dice import Dice
from fuzz import files, texts
from fuzz.texts import ROOT

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from dealerrules.diagnostics import Diagnostic

MOST_SAID = 2_000
"""Diagnostics of one input at most: nobody reads more."""
DAY = date(2014, 9, 30)


def run(data: bytes) -> None:
    """Load the files of an input."""
    with TemporaryDirectory() as folder:
        files.write(data, Path(folder))
        here = Path.cwd()
        os.chdir(folder)
        try:
            _load()
        finally:
            os.chdir(here)


def _load() -> None:
    try:
        book = dr.load(".")
    except dr.PolicyError as error:
        _shown(error.diagnostics)
        return
    assert len(book.fingerprint) > 10
    _shown(book.warnings)
    if crc32(book.fingerprint.encode()) % 4 == 0:
        _shown(check(".", today=DAY))
    for subject in {decision.subject for decision in book.decisions.values()}:
        try:
            book.evaluate_facts(subject, {}, as_of=DAY).to_dict()
        except dr.RecordError as error:
            error.text("zh").encode()


def _shown(found: Iterable[Diagnostic]) -> None:
    """Hold that everything that is said has a place, and a text in both languages that can be written."""
    said = list(found)
    assert len(said) < MOST_SAID
    for each in said:
        span = each.span
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.column <= len(span.source.line(span.line)) + 2
    for lang in ("en", "zh"):
        render_all(said, lang).encode()


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change one file by its words, or write another one that loads, and change that."""
    way = chance.random()
    if way < 0.3:
        text = a_policy(Dice(lambda most: chance.randint(0, most))).text
        return (texts.changed(text, chance, 2) if way < 0.22 else text).encode()
    found = files.split(data) or [("policy.yaml", b"")]
    at = chance.randrange(len(found))
    name, content = found[at]
    if len(found) == 1 and name == "policy.yaml":
        return texts.mutated(content, chance)
    found[at] = (name, texts.mutated(content, chance))
    return files.joined(found)


def seeds() -> Iterable[bytes]:
    """Yield the decisions of the shipped policies one by one, and the corpus of mistakes."""
    for path in sorted(ROOT.glob("tests/corpus/*/*.yaml")):
        if path.stat().st_size < 6_000:
            yield path.read_bytes()
    for path in sorted((*ROOT.glob("policies/*.yaml"), ROOT / "src/dealerrules/catalogue.yaml")):
        if path.name.endswith(".cases.yaml"):
            continue
        lines = [
            line for line in path.read_text(encoding="utf-8").splitlines() if not line.strip().startswith("#")
        ]
        starts = [at for at, line in enumerate(lines) if line.startswith("  ") and line[2:3].isalpha()]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            head = next((line for line in reversed(lines[:start]) if line[:1].isalpha()), "decisions:")
            part = [line for line in lines[start:end] if line[:1] in {" ", ""}]
            yield "\n".join(["policy: p", head.split("#")[0].rstrip(), *part, ""]).encode()
