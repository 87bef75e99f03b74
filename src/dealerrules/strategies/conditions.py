"""Conditions: the author of random policies, first part: names, values, tests and conditions, each of a fitting type.

Place in the flow: below ``forms`` and ``author``, which go on with facts and decisions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from dealerrules.book import loads
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.strategies.written import LITERALS, Yaml
from dealerrules.values import DATE, DAYS, MONTHS, QUANTITIES, Kind, Type, read_literal

if TYPE_CHECKING:
    from dealerrules.strategies.dice import Dice

Names = Mapping[str, Type]


@cache
def given_names(subject: str) -> Names:
    """Return the fields and built-in facts of a subject, but for ids."""
    edition = loads("policy: nothing").editions[0]
    ids = {"customer_id", "store_id", "household_id", *(meta.id_field for meta in SUBJECTS.values())}
    fields = {name: made.type for name, made in edition.facts[subject].items() if name not in ids}
    return {**fields, "as_of": DATE}


def columns(table: str) -> Names:
    """Return the fields of a table's events, but for ids."""
    ids = {TABLES[table].id_field, "customer_id", "vin", "brought_by"}
    return {name: type_ for name, type_ in TABLES[table].fields.items() if name not in ids}


class NothingFits(Exception):  # noqa: N818 - no error
    """No name is of the kind that is wanted."""


@dataclass
class Conditions(ABC):
    """Knows the names of a policy so far, and writes conditions about them."""

    dice: Dice
    subject: str
    names: dict[str, Type] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: dict[str, tuple[Type, Yaml]] = field(default_factory=dict)
    lists: dict[str, Type] = field(default_factory=dict)
    facts: dict[str, Yaml] = field(default_factory=dict)
    decisions: dict[str, Yaml] = field(default_factory=dict)
    ratios: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names.update(given_names(self.subject))
        self.pick, self.some = self.dice.pick, self.dice.some
        self.number, self.chance = self.dice.number, self.dice.chance

    # --- values ---

    def literal(self, type_: Type) -> Yaml:
        """Return a value as the policy writes it; sometimes the name of a parameter."""
        named = [name for name, (each, _) in self.parameters.items() if each == type_]
        if named and self.chance(4):
            return self.pick(named)
        return self.pick(type_.options if type_.kind is Kind.CATEGORY else LITERALS[type_.kind])

    def choices(self, type_: Type) -> list[Yaml]:
        """Return a list of one or two different values."""
        made: dict[object, Yaml] = {}
        for _ in range(self.number(1, 2)):
            value = self.literal(type_)
            written = self.parameters[value][1] if value in self.parameters else value
            made.setdefault(read_literal(str(written)).value if type_.kind in QUANTITIES else written, value)
        return list(made.values())

    def own_names(self, wanted: Callable[[Type], bool]) -> list[str]:
        """Return what the policy has defined so far, of fitting types."""
        return [
            name for name in (*self.facts, *self.decisions) if name in self.names and wanted(self.names[name])
        ]

    def operand(self, kinds: Iterable[Kind], *, depth: int = 1, literal: bool = True) -> tuple[Yaml, Type]:
        """Return a fact, a parameter, a literal or a nested form of one of some kinds."""
        allowed = set(kinds)
        roll = self.number(0, 9)
        if roll >= 8 and depth:
            made = self.form(self.pick(sorted(allowed)), depth - 1)
            if made is not None and made[1].kind in allowed:
                return made
        quantities = sorted(allowed & QUANTITIES)
        if roll == 7 and literal and quantities:
            kind = self.pick(quantities)
            # as an operand stands alone, its writing must show what it is
            plain = [each for each in LITERALS[kind] if read_literal(str(each)).kind is kind]
            value = self.pick(plain)
            return value, Type(kind)
        own = self.own_names(lambda type_: type_.kind in allowed)
        names = (
            own
            if own and self.chance()
            else [name for name, each in self.names.items() if each.kind in allowed]
        )
        if not names:
            raise NothingFits
        name = self.pick(names)
        return name, self.names[name]

    @abstractmethod
    def form(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        """Return a fact form whose value is of some kind, if it can be had in one go."""

    # --- conditions ---

    def test(self, type_: Type) -> Yaml:
        """Return a test that a value of some type can stand."""
        quantity = type_.kind in QUANTITIES
        listed = [name for name, each in self.lists.items() if each == type_]
        roll = self.number(0, 9)
        if roll <= 1:
            return self.literal(type_)
        if roll == 2:
            if listed and self.chance():
                return self.pick(listed)
            return self.choices(type_)
        if type_.kind is Kind.DATE and roll <= 5:
            word, inner = self.pick([("months_since", MONTHS), ("days_since", DAYS), ("days_until", DAYS)])
            return {word: self.test(inner)}
        words = ["is", "is_not", "one_of", "none_of", "known"]
        ordered = ["at_least", "more_than", "at_most", "less_than"]
        if quantity or type_.ordered:
            words = ordered if roll <= 8 else [*words, *ordered]
        made: dict[str, Yaml] = {}
        for word in self.some(words, 1, 2):
            if word == "known":
                made[word] = self.chance()
            elif word in {"one_of", "none_of"}:
                made[word] = self.choices(type_)
            else:
                made[word] = self.literal(type_)
        return made

    def condition(
        self, names: Names, depth: int = 1, levels: Mapping[str, tuple[str, ...]] | None = None
    ) -> Yaml:
        """Return a condition over some names, and over the levels of tiers."""
        made: dict[str, Yaml] = {}
        if depth and self.chance(3):
            word = self.pick(["all", "any", "not"])
            if word == "not":
                made[word] = self.condition(names, depth - 1, levels)
            else:
                made[word] = [self.condition(names, depth - 1, levels) for _ in range(self.number(1, 3))]
        for _ in range(self.number(0 if made else 1, 2)):
            if levels and self.chance(3):
                name = self.pick(sorted(levels))
                made[name] = self.level_test(levels[name])
            else:
                name = self.pick(sorted(names))
                made[name] = self.test(names[name])
        return made

    def level_test(self, levels: tuple[str, ...]) -> Yaml:
        """Return a test on a level."""
        word = self.pick(["", "list", "at_least", "less_than", "is_not", "more_than", "at_most", "known"])
        if word == "":
            return self.pick(levels)
        if word == "list":
            return self.some(levels, 1, 2)
        return {word: self.chance() if word == "known" else self.pick(levels)}

    def rung(self, name: str) -> Yaml:
        """Return a condition that compares one quantity with constants and does nothing else: many make a ladder."""
        words = ["is", "is_not", "at_least", "more_than", "at_most", "less_than"]
        made = {name: {word: self.literal(self.names[name]) for word in self.some(words, 1, 2)}}
        if self.chance(4):
            return {self.pick(["all", "any"]): [made, self.rung(name)]}
        return {"not": made} if self.chance(4) else made

    def when(self, depth: int = 1) -> Yaml:
        """Return a condition on the subject."""
        names = self.names if self.chance(6) else self.close_names()
        return self.condition(names, depth, self.levels)

    def close_names(self) -> Names:
        """Return a few names, own ones likelier: so that conditions of one policy are about the same things."""
        own = self.own_names(lambda _: True)
        chosen = [*self.some(own, 1, 3), *self.some(self.names, 0, 1)] if own else self.some(self.names, 1, 4)
        return {name: self.names[name] for name in chosen}
