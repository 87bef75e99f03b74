"""Written: a random policy as YAML, the way people write one, and the values that it names.

Place in the flow: below the author of random policies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from dealerrules.book import PolicyBook, loads
from dealerrules.expr import Field
from dealerrules.values import Kind, Type

Yaml = Any

_ATTRIBUTES: Final = "attributes."

PLACES: Final = ("晋江", "外地", "no", "true", "3", "a: b")
"""Texts, among them those that YAML reads as something else."""

LITERALS: Final[dict[Kind, tuple[Yaml, ...]]] = {
    Kind.COUNT: (0, 1, 2, 3, 5),
    Kind.NUMBER: (0, 1, 2.5, "-0.5", 4),
    Kind.MONEY: ("0 yuan", "0.01 yuan", "100 yuan", "999.99 yuan", "1,000 yuan", "-50 yuan", "1 fen"),
    Kind.RATIO: ("0%", "33.3%", "50%", "70%", "100%", "150%"),
    Kind.MONTHS: ("0 months", "1 month", "3 months", "6 months", "1 year", "18 months"),
    Kind.DAYS: ("0 days", "1 day", "30 days", "31 days", "365 days", "2 weeks"),
    Kind.DISTANCE: ("0 km", "0.5 km", "10,000 km"),
    Kind.DATE: ("2014-09-30", "2012-02-29", "2014-02-28", "2013-09-30", "2014-03-31", "2014-09-01"),
    Kind.BOOLEAN: (True, False),
    Kind.TEXT: PLACES,
}
"""Values of each kind as a policy writes them."""


def yaml_text(value: Yaml, indent: int = 0) -> str:
    """Return nested mappings and lists in block style, as people write policies."""
    pad = "  " * indent
    if isinstance(value, Mapping) and value:
        return "".join(
            f"\n{pad}{_scalar(key)}:{yaml_text(inner, indent + 1)}" for key, inner in value.items()
        )
    if isinstance(value, list | tuple) and value:
        return "".join(f"\n{pad}-{yaml_text(inner, indent + 1)}" for inner in value)
    return (
        " {}"
        if isinstance(value, Mapping)
        else " []"
        if isinstance(value, list | tuple)
        else f" {_scalar(value)}"
    )


def _scalar(value: Yaml) -> str:
    if isinstance(value, str):
        plain = re.fullmatch(r"[a-z0-9][\w.,%+ -]*", value) and value not in {"no", "true"}
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


@dataclass(frozen=True)
class RandomPolicy:
    """A policy as mappings and lists, as text, and loaded; all its decisions are about one subject."""

    subject: str
    document: Mapping[str, Yaml]

    @cached_property
    def text(self) -> str:
        """The policy as YAML."""
        return yaml_text(self.document).lstrip("\n") + "\n"

    @cached_property
    def book(self) -> PolicyBook:
        """The policy, loaded."""
        return loads(self.text)

    @property
    def attributes(self) -> Mapping[str, Type]:
        """The attributes of customers that the policy reads, by name."""
        made = [each.expr for each in self.book.editions[0].facts[self.subject].values()]
        named = [each for each in made if isinstance(each, Field) and each.name.startswith(_ATTRIBUTES)]
        return {each.name.removeprefix(_ATTRIBUTES): each.type for each in named}

    def __repr__(self) -> str:
        return f"RandomPolicy({self.subject!r}, '''\n{self.text}''')"
