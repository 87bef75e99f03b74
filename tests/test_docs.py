"""The documentation: its Python runs, its policies load, its commands print what it shows, what is made is current."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import generate_docs  # noqa: E402
import run_docs  # noqa: E402

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")
COMMANDS = (
    'python3 -m venv .venv && .venv/bin/pip install -q ".[frames]" && .venv/bin/dealerrules demo',
    '.venv/bin/pip install -q ".[test]" && .venv/bin/python -m pytest -n 2',
)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", run_docs.pages(), ids=named)
def test_what_a_page_shows_is_so(path: Path) -> None:
    assert [str(problem) for problem in run_docs.run(path)] == []


@pytest.mark.parametrize("name", generate_docs.GENERATED)
def test_what_is_made_is_current(name: str) -> None:
    made = generate_docs.GENERATED[name]()
    assert (ROOT / name).read_text(encoding="utf-8") == made, "run python tools/generate_docs.py"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
@pytest.mark.parametrize("command", COMMANDS)
def test_the_two_commands_stand_in_the_readme(name: str, command: str) -> None:
    assert f"\n{command}\n" in (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200


@pytest.mark.parametrize("path", run_docs.pages(), ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    for file, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{file} is not there"
        if anchor and target.suffix == ".md":
            assert anchor[1:] in anchors(target), f"{file}{anchor}: there is no such heading"


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_test_extra_is_the_test_group() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["optional-dependencies"]["test"] == project["dependency-groups"]["test"]
