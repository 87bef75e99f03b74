"""Changing texts: YAML, CSV and the like, by the words of the policy language instead of by bytes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

ROOT = Path(__file__).parents[2]
_TOKEN = re.compile(r"\w[\w.-]*|[^\w\s]|\n *|\s+")
_FLOW = re.compile(r"\{[^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)*\}|\[[^][\n]*\]")

NUMBERS = (
    "0", "-1", "1", "2", "3.5", "0.1", "1e9", "1e999999", "999999999999", "9999999999999999999999", "9" * 400,
    "1" + "0" * 5000, "00", "010", "0x1F", "1_000", "1,000.50", "-0", "1:30", ".5", "5.", "１２", "٣", "1/3", "NaN", "inf",
    "70%", "0%", "-5%", "1e3%", "0.0000001%", "6 months", "0 months", "-1 months", "99999999999 months", "1.5 months",
    "30 days", "4000000 days", "12 years", "10 yuan", "1,000.50 yuan", "0.001 yuan", "1e3 yuan", "-5 yuan", "50 km",
    "2014-09-01", "0001-01-01", "9999-12-31", "2014-02-30", "2014-9-1", "10000-01-01", "1 fen", "0 fen", "0.3 fen",
)  # fmt: skip
PIECES = (
    *"[]{}:,-#&*!|>'\"%@`\t\n\r \\?\0~.", ": ", "- ", "\n  ", "\n- ", "<<: *a", "&a ", "*a", "---\n", "...\n", "\r\n",
    "!!python/object/apply:os.system [id]", "!!binary aGk=", "\u3000", "\u00a0", "：", "，", "“", "”", "＃", "－", "｛",
    "［", "\u2028", "\u200b", "\ufeff", "\ufdd0", "\u202e", "\x1b[31m", "\x85", "\U0001f600", "e\u0301", "no", "off", "null",
    "true", ">= 3", "__class__", "__import__('os')", "as_of", "record", "None", "\\", "'''", '"""', "#{}", "{0}", "{name}",
    "%s", "$", "([a-z]+)+$",
)  # fmt: skip


@cache
def words() -> tuple[str, ...]:
    """Return every word that stands in the shipped policies, the catalogue and the corpus of mistakes."""
    found: dict[str, None] = {}
    files = [
        *ROOT.glob("policies/*.yaml"),
        *ROOT.glob("src/dealerrules/*.yaml"),
        *ROOT.glob("tests/corpus/*/*.yaml"),
    ]
    for path in sorted(files):
        text = path.read_text(encoding="utf-8", errors="replace")
        found.update(dict.fromkeys(word for word in re.findall(r"[A-Za-z][\w.-]+", text) if len(word) < 40))
    return tuple(found)


@cache
def fragments() -> tuple[str, ...]:
    """Return the ``{…}`` and ``[…]`` of all those files: conditions, facts, bands."""
    found: dict[str, None] = {}
    for path in sorted(
        [
            *ROOT.glob("policies/*.yaml"),
            *ROOT.glob("src/dealerrules/*.yaml"),
            *ROOT.glob("tests/corpus/*/*.yaml"),
        ]
    ):
        text = path.read_text(encoding="utf-8", errors="replace")
        found.update(dict.fromkeys(each for each in _FLOW.findall(text) if len(each) < 200))
    return tuple(found)


def changed(text: str, chance: random.Random, most: int = 8) -> str:
    """Return a text with one change, or some more."""
    for _ in range(min(most, chance.choice((1, 1, 1, 1, 2, 3, 8)))):
        text = _once(text, chance)
    return text


def _once(text: str, chance: random.Random) -> str:
    tokens = _TOKEN.findall(text) or [""]
    at = chance.randrange(len(tokens))
    wordlike = [number for number, token in enumerate(tokens) if token[0:1].isalnum()]
    if wordlike and chance.random() < 0.7:
        at = chance.choice(wordlike)
    match chance.randrange(12):
        case 0 | 1 | 2:
            tokens[at] = chance.choice(words())
        case 3:
            tokens[at] = chance.choice(NUMBERS)
        case 4:
            tokens.insert(at, chance.choice(PIECES))
        case 5 | 6:
            tokens[at] = chance.choice(fragments())
        case 7:
            tokens.insert(at, f"{chance.choice(words())}: {chance.choice((*fragments()[:200], *NUMBERS))}, ")
        case 8:
            del tokens[at : at + chance.choice((1, 1, 2, 3, 8, 30))]
        case 9:
            other = chance.randrange(len(tokens))
            tokens[at:at] = tokens[other : other + chance.randrange(1, 20)]
        case 10:
            return _lines(text, chance)
        case _:
            kept = tokens[at]
            wraps = (
                f"[{kept}]",
                f"{{{kept}: {kept}}}",
                f"{{not: {kept}}}",
                f"{{all: [{kept}]}}",
                f'"{kept}"',
                f"[{kept}, {kept}]",
            )
            tokens[at] = chance.choice(wraps)
    return "".join(tokens)


def _lines(text: str, chance: random.Random) -> str:
    """Return a text with a line deleted, doubled, moved or indented."""
    lines = text.split("\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at] = " " * chance.randrange(9) + lines[at].lstrip()
    return "\n".join(lines)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return a text in UTF-8, changed by its words."""
    return changed(data.decode("utf-8", "replace"), chance).encode("utf-8", "replace")
