"""The inputs that fuzzing has found worth keeping, and every one that once failed, run without the fuzzer.

``tools/fuzz.py`` looks for more. An input whose name says what it is was a failure, or was written by hand; the others
are those that together reach most of the library.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("polars")
pytest.importorskip("fastexcel")

CORPUS = Path(__file__).parent / "fuzz" / "corpus"
TARGETS = sorted(path.name for path in CORPUS.iterdir())
INPUTS = [f"{target}/{path.name}" for target in TARGETS for path in sorted((CORPUS / target).iterdir())]


@pytest.mark.parametrize("name", INPUTS)
def test_only_what_may_comes_out(name: str) -> None:
    importlib.import_module(f"fuzz.{name.partition('/')[0]}").run((CORPUS / name).read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_inputs_are_changed_by_the_number_alone(target: str) -> None:
    """What libFuzzer finds it must find again."""
    module = importlib.import_module(f"fuzz.{target}")
    first = (CORPUS / INPUTS[[name.startswith(target) for name in INPUTS].index(True)]).read_bytes()
    changed = [module.mutated(first, Random(number)) for number in range(8)]
    assert changed == [module.mutated(first, Random(number)) for number in range(8)]
    assert len({*changed, first}) > 4


@pytest.mark.parametrize("target", TARGETS)
def test_there_is_a_corpus_for_every_target(target: str) -> None:
    assert TARGETS == ["conditions", "policies", "records", "tables"]
    assert 20 <= sum(name.startswith(target) for name in INPUTS) <= 100
