"""Strategies: random well-typed policies as YAML, with records and ready-made facts that crowd around their edges.

A policy is written by an :class:`Author`, who knows the type of every name and so never writes one that the
compiler refuses. Records and facts draw their values from the numbers and dates that the policy names, from
one step below and above each, and from the days that trip calendars: month-ends, leap days, the day itself.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from dateutil.relativedelta import relativedelta
from hypothesis import strategies as st

import dealerrules as dr
from dealerrules.expr import Answer, Expr, Fact, Operator, walk
from dealerrules.policy.forms import arithmetic_type
from dealerrules.policy.model import AnyDecision, Edition, Payout, Stage
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import (
    ABSENT,
    BOOLEAN,
    COUNT,
    DATE,
    DAYS,
    MONEY,
    MONTHS,
    NUMBER,
    QUANTITIES,
    RATIO,
    Kind,
    Type,
    calendar_start,
    read_literal,
    to_yuan,
)

Draw = Callable[[st.SearchStrategy[Any]], Any]
Yaml = Any
Names = Mapping[str, Type]

AS_OF = tuple(
    date.fromisoformat(day)
    for day in [
        "2014-09-30",
        "2012-02-29",
        "2015-02-28",
        "2014-03-31",
        "2014-12-31",
        "2014-01-01",
        "2016-02-29",
    ]
)
OTHER_SUBJECTS = tuple(name for name in SUBJECTS if name != "customer")
PLACES = ("晋江", "外地", "no", "true", "3", "a: b")
ONE_DAY = timedelta(days=1)

LITERALS: dict[Kind, tuple[Yaml, ...]] = {
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


# ---------------------------------------------------------------------------------------------------
# YAML


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


# ---------------------------------------------------------------------------------------------------
# The author


@cache
def _given_names(subject: str) -> Names:
    """Return the fields and built-in facts of a subject, but for ids."""
    edition = dr.loads("policy: nothing").editions[0]
    ids = {"customer_id", "store_id", "household_id", *(meta.id_field for meta in SUBJECTS.values())}
    fields = {name: made.type for name, made in edition.facts[subject].items() if name not in ids}
    return {**fields, "as_of": DATE}


def _columns(table: str) -> Names:
    ids = {TABLES[table].id_field, "customer_id", "vin", "brought_by"}
    return {name: type_ for name, type_ in TABLES[table].fields.items() if name not in ids}


@dataclass
class Policy:
    """A policy with what its records should crowd around."""

    subject: str
    document: dict[str, Yaml]
    edges: dict[Kind, list[Any]]
    attributes: dict[str, Type]

    @property
    def text(self) -> str:
        """The policy as YAML."""
        return yaml_text(self.document).lstrip("\n") + "\n"

    def __repr__(self) -> str:
        return f"Policy({self.subject!r}, '''\n{self.text}''')"


@cache
def _up_to(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


class Dice:
    """A source of chance; where Hypothesis draws the numbers, what fails is made small."""

    def __init__(self, up_to: Callable[[int], int]) -> None:
        self.up_to = up_to

    @classmethod
    def drawn(cls, draw: Draw) -> Dice:
        """Return dice that Hypothesis throws."""
        return cls(lambda most: int(draw(_up_to(most))))

    def number(self, least: int, most: int) -> int:
        """Return a whole number; the least is the plainest."""
        return least + self.up_to(most - least)

    def chance(self, one_in: int = 2) -> bool:
        """Return true one time in so many."""
        return self.number(0, one_in - 1) == one_in - 1

    def pick(self, choices: Iterable[Any]) -> Any:
        """Return one of some things."""
        listed = choices if isinstance(choices, list | tuple) else tuple(choices)
        return listed[self.number(0, len(listed) - 1)]

    def some(self, choices: Iterable[Any], least: int, most: int) -> list[Any]:
        """Return some different things, in any order."""
        left = list(choices)
        count = min(self.number(least, most), len(left))
        return [left.pop(self.number(0, len(left) - 1)) for _ in range(count)]


class NothingFits(Exception):  # noqa: N818 - no error
    """No name is of the kind that is wanted."""


@dataclass
class Author:
    """Writes one policy. Whatever it names is there and of the type that is needed."""

    dice: Dice
    subject: str
    names: dict[str, Type] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: dict[str, tuple[Type, Yaml]] = field(default_factory=dict)
    lists: dict[str, Type] = field(default_factory=dict)
    facts: dict[str, Yaml] = field(default_factory=dict)
    decisions: dict[str, Yaml] = field(default_factory=dict)
    ratios: dict[str, bool] = field(default_factory=dict)
    attributes: dict[str, Type] = field(default_factory=dict)
    edges: dict[Kind, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.names.update(_given_names(self.subject))
        self.pick, self.some = self.dice.pick, self.dice.some
        self.number, self.chance = self.dice.number, self.dice.chance

    # --- values ---

    def literal(self, type_: Type) -> Yaml:
        """Return a value as the policy writes it; sometimes the name of a parameter."""
        named = [name for name, (each, _) in self.parameters.items() if each == type_]
        if named and self.chance(4):
            return self.pick(named)
        value = self.pick(type_.options if type_.kind is Kind.CATEGORY else LITERALS[type_.kind])
        self.note(type_, value)
        return value

    def note(self, type_: Type, value: Yaml) -> None:
        """Remember a number as an edge."""
        if type_.kind in QUANTITIES:
            self.edges[type_.kind].append(read_literal(str(value)).value)

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
            self.note(Type(kind), value)
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
            return [self.literal(type_) for _ in range(self.number(1, 2))]
        if type_.kind is Kind.DATE and roll <= 5:
            word, inner = self.pick([("months_since", MONTHS), ("days_since", DAYS), ("days_until", DAYS)])
            return {word: self.test(inner)}
        words = ["is", "is_not", "one_of", "none_of", "known"]
        ordered = ["at_least", "more_than", "at_most", "less_than"]
        if quantity or type_.ordered:
            words = ordered if roll <= 8 else [*words, *ordered]
        made = {}
        for word in self.some(words, 1, 2):
            if word == "known":
                made[word] = self.chance()
            elif word in {"one_of", "none_of"}:
                made[word] = [self.literal(type_) for _ in range(self.number(1, 2))]
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

    # --- facts ---

    def form(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        """Return a fact form whose value is of some kind, if it can be had in one go."""
        makers: dict[Kind, Sequence[Callable[[Kind, int], tuple[Yaml, Type] | None]]] = {
            Kind.COUNT: (self._pair, self._rounded, self._whole_times),
            Kind.NUMBER: (self._pair, self._share, self._pair),
            Kind.MONEY: (self._pair, self._share, self._times_money),
            Kind.RATIO: (self._ratio,),
            Kind.MONTHS: (self._elapsed, self._pair),
            Kind.DAYS: (self._elapsed, self._pair),
            Kind.DISTANCE: (self._pair, self._share),
        }
        plain = makers.get(kind, ())
        of_facts = [*plain, *plain, self._lookup, self._first_known]
        of_events = {
            Kind.COUNT: [self._counted, self._counted, self._before],
            Kind.BOOLEAN: [self._quantified, self._taken, self._before],
        }.get(kind, [self._taken, self._taken, self._before])
        options = of_events if self.subject == "customer" and self.chance() else of_facts
        try:
            return self.pick(options)(kind, depth)
        except NothingFits:
            return None

    def _events(self) -> tuple[str, dict[str, Yaml]]:
        """Return a table and which of its events count."""
        table = self.pick(["visits", "visits", *TABLES])
        more: dict[str, Yaml] = {}
        if self.chance():
            more["where"] = self.condition(_columns(table))
        if self.chance():
            calendar = {"calendar": self.pick(["year", "quarter", "month"])}
            size = self.literal(MONTHS) if self.chance() else self.literal(DAYS)
            more["within"] = calendar if self.chance(3) else size
        if self.chance(5):
            more["after"] = self.operand([Kind.DATE], depth=0, literal=False)[0]
        return table, more

    def _counted(self, _kind: Kind, _depth: int) -> tuple[Yaml, Type] | None:
        if self.subject != "customer":
            return None
        word = self.pick(["count", "distinct", "streak"])
        if word == "streak":
            gap = {"allow_gap": self.literal(DAYS)} if self.chance() else {}
            where = {"where": self.condition(_columns("insurance"))} if self.chance() else {}
            return {"streak": "insurance", **where, **gap}, COUNT
        table, more = self._events()
        if word == "distinct":
            more["take"] = self.pick(
                sorted(name for name, each in _columns(table).items() if each.kind is not Kind.TEXT)
            )
        return {word: table, **more}, COUNT

    def _quantified(self, _kind: Kind, _depth: int) -> tuple[Yaml, Type] | None:
        table, more = self._events()
        word = self.pick(["some", "every"])
        return {word: table, **more, "that": self.condition(_columns(table))}, BOOLEAN

    def _taken(self, kind: Kind, _depth: int) -> tuple[Yaml, Type] | None:
        table, more = self._events()
        found = {name: type_ for name, type_ in _columns(table).items() if type_.kind is kind}
        if not found:
            return None
        name = self.pick(sorted(found))
        words = ["latest", "earliest"]
        if kind in QUANTITIES and kind is not Kind.DATE:
            words += ["sum", "sum"]
        word = self.pick(words)
        if word != "sum" and self.chance(4):
            more["if_none"] = "unknown"
        if word == "sum" or name != TABLES[table].date_field or self.chance():
            more["take"] = name
        return {word: table, **more}, found[name]

    def _elapsed(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        day, _ = self.operand([Kind.DATE], depth=depth)
        word = "months_since" if kind is Kind.MONTHS else self.pick(["days_since", "days_until"])
        return {word: day}, Type(kind)

    def _pair(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        word = self.pick(["add", "subtract", "min", "max", "multiply"])
        kinds = [kind, Kind.COUNT] if kind is Kind.NUMBER else [kind]
        if word == "multiply":
            kinds = [Kind.COUNT] if kind is Kind.COUNT else [Kind.COUNT, Kind.NUMBER, Kind.RATIO]
        left, left_type = self.operand(kinds, depth=depth, literal=word != "multiply")
        right, right_type = self.operand(kinds, depth=depth, literal=word != "multiply")
        type_ = arithmetic_type(Operator(word), left_type, right_type)
        return None if type_ is None else ({word: [left, right]}, type_)

    def _times_money(self, _kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        money, _ = self.operand([Kind.MONEY], depth=depth, literal=False)
        factor, _ = self.operand([Kind.COUNT, Kind.RATIO, Kind.NUMBER], depth=depth, literal=False)
        return {"multiply": [money, factor]}, MONEY

    def _share(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        of, type_ = self.operand([Kind.COUNT if kind is Kind.NUMBER else kind], depth=depth)
        return {"share": self.literal(RATIO), "of": of}, NUMBER if type_.kind is Kind.COUNT else type_

    def _rounded(self, _kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        item, _ = self.operand([Kind.NUMBER, Kind.COUNT], depth=max(depth, 1))
        return {self.pick(["round_up", "round_down"]): item}, COUNT

    def _same(self, depth: int) -> tuple[Yaml, Yaml] | None:
        kind = self.pick([Kind.COUNT, Kind.MONEY, Kind.MONTHS, Kind.DAYS, Kind.DISTANCE])
        (left, left_type), (right, right_type) = (self.operand([kind], depth=depth) for _ in range(2))
        return (left, right) if left_type == right_type else None

    def _ratio(self, _kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        pair = self._same(depth)
        return None if pair is None else ({"ratio": list(pair)}, RATIO)

    def _whole_times(self, _kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        pair = self._same(depth)
        return None if pair is None else ({"whole_times": list(pair)}, COUNT)

    def _first_known(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        items = [self.operand([kind], depth=depth) for _ in range(self.number(1, 3))]
        more = {"if_none": "unknown"} if self.chance(4) else {}
        return {"first_known": [item for item, _ in items], **more}, items[0][1]

    def _lookup(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        if kind not in QUANTITIES:
            return None
        by, type_ = self.operand([Kind.CATEGORY, Kind.BOOLEAN, Kind.TEXT], depth=depth, literal=False)
        words = type_.options if type_.kind is Kind.CATEGORY else LITERALS[type_.kind]
        plain = [each for each in LITERALS[kind] if read_literal(str(each)).kind is kind]
        cases = {}
        for word in self.some(words, 1, 3):
            cases[word] = value = self.pick(plain)
            self.note(Type(kind), value)
        return {"lookup": {"by": by, "values": cases}}, Type(kind)

    def _before(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        event = {"latest": "visits"} if self.chance() else self.operand([Kind.DATE], depth=depth)[0]
        item, type_ = self.operand([kind], depth=depth, literal=False)
        return {"before": event, "fact": item}, type_

    def fact(self) -> None:
        """Write a fact of the policy's own."""
        name = f"fact_{len(self.facts) + 1}"
        if self.subject == "customer" and self.chance(8):
            type_ = self.pick(
                [COUNT, MONEY, RATIO, MONTHS, DATE, BOOLEAN, NUMBER, Type(Kind.CATEGORY, ("a", "b"))]
            )
            options = {"options": list(type_.options)} if type_.options else {}
            made: tuple[Yaml, Type] | None = (
                {"field": f"customer.attributes.{name}", "type": type_.kind.value, **options},
                type_,
            )
            self.attributes[name] = type_
        else:
            often = [Kind.COUNT] * 4 + [Kind.BOOLEAN, Kind.MONEY, Kind.NUMBER, Kind.DISTANCE]
            tries = (self.form(self.pick([*sorted(Kind), *often]), 1) for _ in range(3))
            made = next((each for each in tries if each is not None), None)
        if made is None:
            return
        form, type_ = made
        other = {} if self.subject == "customer" else {"subject": self.subject}
        self.facts[name] = {**other, **form}
        self.names[name] = type_
        self.ratios[name] = "ratio" in form

    def parameter(self) -> None:
        """Write a parameter: a value of some type, or a list of words."""
        name = f"parameter_{len(self.parameters) + len(self.lists) + 1}"
        if self.chance(4):
            type_ = TABLES["visits"].fields["kind"]
            self.lists[name] = type_
            self.parameters_yaml[name] = {"type": "list", "value": self.some(type_.options, 1, 3)}
            return
        type_ = Type(self.pick(sorted(QUANTITIES)))
        value = self.pick(LITERALS[type_.kind])
        self.note(type_, value)
        self.parameters[name] = (type_, value)
        self.parameters_yaml[name] = {"type": type_.kind.value, "value": value}

    parameters_yaml: dict[str, Yaml] = field(default_factory=dict)

    # --- decisions ---

    def decision(self) -> None:
        """Write a decision."""
        name = f"decision_{'cab'[len(self.decisions)]}"  # what depends on another stands before it by name
        makers = [self._tier, self._stage, self._payout, self._payout, self._offer, self._rules]
        try:
            made = self.pick(makers)(name)
        except NothingFits:
            made = self._rules(name)
        head = {"subject": self.subject} if self.subject != "customer" else {}
        dated = SUBJECTS[self.subject].date_field
        if dated is not None and self.chance(3):
            head["dated_by"] = dated
        self.decisions[name] = {"kind": made.pop("kind"), **head, **made}

    def probe(self, fact: str) -> None:
        """Write a decision that says what the value of a fact is."""
        type_, head = self.names[fact], {"subject": self.subject}
        name = f"probe_{fact}"
        if type_.kind in QUANTITIES:
            stages = {"some": {"from": LITERALS[type_.kind][0]}}
            self.decisions[name] = {
                "kind": "stage",
                **head,
                "measure": fact,
                "stages": stages,
                "when_absent": "none",
            }
            return
        words = (*type_.options, *LITERALS.get(type_.kind, ()))
        tests = {"unknown": {"known": False}, **{f"is-{at}": {"is": word} for at, word in enumerate(words)}}
        rows = [{"id": row, "when": {fact: test}, "then": {"it": row}} for row, test in tests.items()]
        self.decisions[name] = {
            "kind": "rules",
            **head,
            "hit": "collect",
            "outputs": {"it": {"type": "text"}},
            "rows": rows,
        }

    def _tier(self, name: str) -> dict[str, Yaml]:
        levels = ("gold", "silver", "bronze", "rest")[-self.number(2, 4) :]
        angles: dict[str, Yaml] = {}
        before: dict[str, tuple[str, ...]] = dict(self.levels)
        for number in range(self.number(1, 3)):
            angle: dict[str, Yaml] = {}
            for level in self.some(levels[:-1], 1, len(levels) - 1):
                rules = range(self.number(1, 3))
                angle[level] = [
                    {"id": f"{level}-{at}", "when": self.condition(self.close_names(), 1, before)}
                    for at in rules
                ]
            angles[f"angle_{'cab'[number]}"] = angle
            before[f"{name}.angle_{'cab'[number]}"] = levels
        self.levels = {**before, name: levels}
        return {"kind": "tier", "levels": {level: {} for level in levels}, "angles": angles}

    def _starts(self, type_: Type, most: int) -> list[dict[str, Yaml]]:
        """Return where bands begin: rising, `from` before `over` at one value."""
        found: dict[tuple[Any, bool], Yaml] = {}
        for _ in range(self.number(1, most)):
            value = self.literal(type_)
            written = self.parameters[value][1] if value in self.parameters else value
            place = read_literal(str(written)).value
            multiples = [name for name, (each, _) in self.parameters.items() if each == type_]
            if multiples and type_.kind is not Kind.DATE and self.chance(4):
                times, name = self.number(1, 3), self.pick(multiples)
                value = {"times": times, "of": name}
                place = times * read_literal(str(self.parameters[name][1])).value  # type: ignore[operator]
                self.edges[type_.kind].append(place)
            over = self.chance(3)
            found[place, over] = {"over" if over else "from": value}
        return [found[key] for key in sorted(found)]

    def _stage(self, name: str) -> dict[str, Yaml]:
        measure, type_ = self.operand(QUANTITIES, literal=False)
        stages = {f"stage_{at}": start for at, start in enumerate(self._starts(type_, 4), 1)}
        made: dict[str, Yaml] = {"kind": "stage", "measure": measure, "stages": stages}
        words = list(stages)
        if self.chance(3):
            made["first"] = {f"first_{at}": {"when": self.when()} for at in range(self.number(1, 2))}
            words = [*made["first"], *words]
        if self.chance():
            made["when_absent"] = "never"
            words.append("never")
        self.names[name] = Type(Kind.CATEGORY, tuple(words))
        return made

    def _by(self) -> tuple[Yaml, Sequence[Yaml]]:
        by, type_ = self.operand([Kind.CATEGORY, Kind.BOOLEAN, Kind.TEXT], depth=0, literal=False)
        words = type_.options if type_.kind is Kind.CATEGORY else LITERALS[type_.kind]
        return by, self.some(words, 1, 2)

    def _payout(self, name: str) -> dict[str, Yaml]:
        made: dict[str, Yaml] = {"kind": "payout"}
        if self.chance(3):
            made["when"], made["otherwise"] = self.when(), self.literal(MONEY)
        if self.chance(4):
            made["pays"] = self.literal(MONEY)
        else:
            made |= self._bands()
        if self.chance(3):
            made["times"] = self.operand([Kind.COUNT])[0]
        for word in ("cap", "floor"):
            if self.chance(4):
                made[word] = self.literal(MONEY)
        mode, unit = (
            self.pick(["half_up", "half_even", "up", "down"]),
            self.pick(["1 fen", "3 fen", "1 yuan"]),
        )
        made["rounding"] = f"{mode} to {unit}"
        self.names[name] = MONEY
        return made

    def _bands(self) -> dict[str, Yaml]:
        made: dict[str, Yaml] = {}
        basis: Callable[[], str] = lambda: self.pick(["whole", "excess"])  # noqa: E731
        pays: Callable[[], dict[str, Yaml]]
        match self.pick(["ratio", "count", "percent", "any"]):
            case "ratio":
                named = [fact for fact, is_ratio in self.ratios.items() if is_ratio]
                pair = [self.operand([Kind.COUNT], depth=0)[0] for _ in range(2)]
                made["measure"], type_ = (
                    self.pick(named) if named and self.chance() else {"ratio": pair},
                    RATIO,
                )
                counted = made["measure"] not in named or self._counts(made["measure"])
                pays = (
                    (lambda: {"pays_per_unit": self.literal(MONEY), "basis": basis()})
                    if counted
                    else lambda: {"pays": self.literal(MONEY)}
                )
            case "count":
                made["measure"], type_ = self.operand([Kind.COUNT], literal=False)
                made["unit"] = made["measure"]
                pays = lambda: {"pays_per_unit": self.literal(MONEY), "basis": basis()}  # noqa: E731
            case "percent":
                made["measure"], type_ = self.operand([Kind.MONEY], literal=False)
                if self.chance():
                    made["unit"] = self.operand([Kind.COUNT, Kind.NUMBER], depth=0, literal=False)[0]
                    pays = lambda: {"pays_per_unit": self.literal(MONEY), "basis": "whole"}  # noqa: E731
                else:
                    pays = lambda: {"pays_percent": self.literal(RATIO), "basis": basis()}  # noqa: E731
            case _:
                made["measure"], type_ = self.operand(QUANTITIES - {Kind.RATIO}, literal=False)
                made["unit"] = self.operand([Kind.COUNT, Kind.NUMBER], depth=0, literal=False)[0]
                pays = lambda: {"pays_per_unit": self.literal(MONEY), "basis": "whole"}  # noqa: E731
        percent = type_ == MONEY and made.get("unit") is not None

        def others() -> dict[str, Yaml]:
            if percent and self.chance():
                return {"pays_percent": self.literal(RATIO), "basis": "whole"}
            return {"pays": self.literal(MONEY)}

        by, words = self._by() if self.chance(4) else (None, [None])
        lists = [
            [{**start, **(pays() if self.chance() else others())} for start in self._starts(type_, 3)]
            for _ in words
        ]
        if by is not None:
            made["by"] = by
        made["bands"] = lists[0] if by is None else dict(zip(words, lists, strict=True))
        return made

    def _counts(self, name: str) -> bool:
        """Tell whether a ratio fact is of whole things, so that units can be paid."""
        pair = self.facts[name]["ratio"]
        return all(isinstance(side, int) or self.names.get(str(side)) == COUNT for side in pair)

    def _offer(self, name: str) -> dict[str, Yaml]:
        made: dict[str, Yaml] = {"kind": "offer"}
        if self.chance():
            made["when"] = self.when()
        measure, type_ = self.operand(QUANTITIES, literal=False)
        measured = self.chance()
        if measured:
            made["measure"] = measure
        by, words = self._by() if self.chance(3) else (None, [None])
        lists = [
            [{**start, "always": ["thing"]} for start in (self._starts(type_, 3) if measured else [{}])]
            for _ in words
        ]
        if by is not None:
            made["by"] = by
        made["bands"] = lists[0] if by is None else dict(zip(words, lists, strict=True))
        self.names[name] = Type(Kind.TEXT)
        return made

    def _rules(self, name: str) -> dict[str, Yaml]:
        hit = self.pick(["unique", "first", "any", "collect", "priority"])
        types = [COUNT, MONEY, BOOLEAN, RATIO, Type(Kind.CATEGORY, ("x", "y", "z")), Type(Kind.TEXT)]
        columns = {f"output_{at}": self.pick(types) for at in range(1, self.number(1, 2) + 1)}
        outputs = {
            column: {"type": type_.kind.value, **({"options": list(type_.options)} if type_.options else {})}
            for column, type_ in columns.items()
        }

        def cells() -> dict[str, Yaml]:
            return {column: self.literal(type_) for column, type_ in columns.items()}

        on = self.close_names()
        rungs = self.operand(QUANTITIES, depth=0, literal=False)[0] if self.chance(4) else None
        rows: list[dict[str, Yaml]] = []
        for at in range(self.number(6, 9) if rungs else self.number(1, 4)):
            row: dict[str, Yaml] = {"id": f"row_{(at * 7) % 10}", "then": cells()}
            if rungs:
                row["when"] = self.rung(rungs)
            elif not self.chance(6):
                row["when"] = self.condition(on, 1) if self.chance() else self.when()
            if not rungs and self.chance(6):
                row["effective"] = {self.pick(["from", "until"]): self.pick(LITERALS[Kind.DATE])}
            rows.append(row)
        made = {"kind": "rules", "hit": hit, "outputs": outputs, "rows": rows}
        if self.chance():
            made["otherwise"] = cells()
        if len(columns) == 1 and hit != "collect":
            self.names[name] = columns["output_1"]
        return made

    def write(self) -> Policy:
        """Write the policy."""
        for _ in range(self.number(0, 3)):
            self.parameter()
        for _ in range(self.number(1, 3)):
            for _ in range(self.number(0, 4)):
                self.fact()
            self.decision()
        for name in self.facts:
            self.probe(name)
        document: dict[str, Yaml] = {"policy": "random"}
        if self.parameters_yaml:
            document["parameters"] = self.parameters_yaml
        if self.facts:
            document["facts"] = self.facts
        document["items"] = {"thing": {"title": "a thing", "value": "1 yuan"}}
        written = list(self.decisions.items())
        document["decisions"] = dict(written if self.chance() else reversed(written))
        return Policy(self.subject, document, dict(self.edges), self.attributes)


def a_policy(dice: Dice, subject: str | None = None) -> Policy:
    """Return a well-typed policy about one subject."""
    about = subject or ("customer" if dice.number(0, 9) < 8 else dice.pick(OTHER_SUBJECTS))
    return Author(dice, about).write()


# ---------------------------------------------------------------------------------------------------
# Values that crowd around edges


def days_around(as_of: date, edges: Mapping[Kind, Sequence[Any]]) -> list[date]:
    """Return the days that matter: where windows begin, one day either side, leap days, the day itself and after."""
    months = {1, 6, 12, *(each for each in edges.get(Kind.MONTHS, ()) if abs(each) < 100)}
    marks = [as_of, *(as_of - relativedelta(months=each) for each in months)]
    marks += [as_of - timedelta(days=each) for each in edges.get(Kind.DAYS, ())]
    marks += [
        *(calendar_start(as_of, period) for period in ("month", "quarter", "year")),
        *edges.get(Kind.DATE, ()),
    ]
    near = [day + step * ONE_DAY for day in marks for step in (-1, 0, 1)]
    return sorted({*near, date(2012, 2, 29), date(2014, 2, 28), as_of + 40 * ONE_DAY, date(2008, 8, 31)})


def values(type_: Type, as_of: date, edges: Mapping[Kind, Sequence[Any]]) -> Sequence[Any]:
    """Return values of a type as a record or a ready-made fact holds them."""
    known = edges.get(type_.kind, ())
    match type_.kind:
        case Kind.CATEGORY:
            return type_.options
        case Kind.TEXT:
            return PLACES
        case Kind.BOOLEAN:
            return (True, False)
        case Kind.DATE:
            return days_around(as_of, edges)
        case Kind.MONEY:
            fen = {0, 1, 100_00, *(max(0, int(each) + step) for each in known for step in (-1, 0, 1))}
            return [to_yuan(each) for each in sorted(fen)]
        case Kind.RATIO:
            return sorted({Fraction(0), Fraction(1), Fraction(7, 9), *map(Fraction, known)})
        case Kind.NUMBER | Kind.DISTANCE:
            low = -5 if type_.kind is Kind.NUMBER else 0
            near = {
                Fraction(low),
                Fraction(1),
                *(Fraction(each) + step for each in known for step in (-1, 0, 1)),
            }
            whole = {Decimal(each.numerator) / Decimal(each.denominator) for each in near if each >= low}
            return sorted({*whole, Decimal("0.25"), Decimal("0.5"), Decimal("1.5"), Decimal("1.75")})
        case _:
            return sorted({0, 1, 2, 3, 10, *(max(0, each + step) for each in known for step in (-1, 0, 1))})


@dataclass
class Store:
    """Makes records and ready-made facts for a policy as of a day."""

    dice: Dice
    policy: Policy
    as_of: date
    known: dict[Type, Sequence[Any]] = field(default_factory=dict)

    def value(self, type_: Type) -> Any:
        """Return a value of a type."""
        if type_ not in self.known:
            self.known[type_] = values(type_, self.as_of, self.policy.edges)
        return self.dice.pick(self.known[type_])

    def fields(self, types: Names, required: str | None = None) -> dict[str, Any]:
        """Return values for some fields: left out, none, or known."""
        made: dict[str, Any] = {}
        for name, type_ in types.items():
            roll = 9 if name == required else self.dice.number(0, 9)
            if roll >= 2:
                made[name] = self.value(type_)
            elif roll == 1:
                made[name] = None
        return made

    def events(self, table: str) -> list[dict[str, Any]]:
        """Return events of a table: much is unknown, days are shared, events repeat, covers follow upon each other."""
        dated = TABLES[table].date_field
        required = dated if TABLES[table].model.model_fields[dated].is_required() else None
        columns = {name: each for name, each in _columns(table).items() if each.kind is not Kind.TEXT}
        made: list[dict[str, Any]] = []
        for _ in range(self.dice.number(0, 4)):
            event = self.fields(columns, required)
            last = made[-1].get(dated) if made else None
            if last is not None and table == "insurance" and self.dice.chance():
                gap = self.dice.pick([0, *self.policy.edges.get(Kind.DAYS, (30,))]) + self.dice.number(0, 2)
                event = {
                    **made[-1],
                    "ends_on": last - timedelta(days=gap),
                    dated: last - timedelta(days=gap + 360),
                }
            elif last is not None and self.dice.chance(3):
                event[dated] = last
            elif made and self.dice.chance(4):
                event = dict(made[-1])
            made.append(event)
        return made

    def record(self) -> dict[str, Any]:
        """Return a record of the policy's subject."""
        meta = SUBJECTS[self.policy.subject]
        ids = {"customer_id", "store_id", "household_id", "consultant_id", meta.id_field, "department"}
        record: dict[str, Any] = {meta.id_field: "X1"}
        record |= self.fields({name: type_ for name, type_ in meta.fields.items() if name not in ids})
        record |= {table: self.events(table) for table in meta.tables if not self.dice.chance(4)}
        if self.policy.attributes:
            record["attributes"] = {
                name: self._attribute(type_)
                for name, type_ in self.policy.attributes.items()
                if not self.dice.chance(4)
            }
        return record

    def _attribute(self, type_: Type) -> Any:
        """Attributes hold plain values: dates as text, ratios as decimals."""
        if type_.kind is Kind.RATIO:
            return self.dice.pick([Decimal(0), Decimal("0.333"), Decimal("0.5"), Decimal(1)])
        value = self.value(type_)
        return str(value) if type_.kind is Kind.DATE else value

    def facts(self, edition: Edition) -> dict[str, Any]:
        """Return ready-made facts, any of those that the decisions read, derived ones and answers too."""
        subject = self.policy.subject
        types = edition.given_types(subject)
        given: dict[str, Any] = {}
        leave_out = self.dice.pick([0, 2, 5])
        for name in reached(edition, subject):
            roll = self.dice.number(0, 9)
            if name not in types or roll < leave_out:
                continue
            if roll == 8 and edition.may_be_absent(subject, name):
                given[name] = ABSENT
            else:
                given[name] = None if roll == 9 else self.value(types[name])
        return given


# ---------------------------------------------------------------------------------------------------
# What a policy reads


def reached(edition: Edition, subject: str) -> tuple[str, ...]:
    """Return the facts and decisions that a subject's decisions read, by name."""
    found: set[str] = set()
    stack = [part for each in edition.decisions.values() if each.subject == subject for part in _parts(each)]
    while stack:
        for node in walk(stack.pop()):
            match node:
                case Fact(name=name) if name not in found:
                    found.add(name)
                    stack.append(edition.fact(subject, name).expr)
                case Answer(decision=name):
                    found.add(name)
                case _:
                    pass
    return tuple(sorted(found))


def _parts(decision: AnyDecision) -> list[Expr]:
    """Return the expressions of a decision."""
    parts = [rule.when for rule in decision.rules]
    if isinstance(decision, Payout):
        lines = [line for each in decision.lines.values() for line in each]
        found = [decision.times, *(line.units for line in lines), *(line.amount for line in lines)]
        parts += [part for part in found if part is not None]
    return [*parts, decision.measure] if isinstance(decision, Stage) else parts


@dataclass(frozen=True)
class Situation:
    """A policy, loaded, with a day, some records and some ready-made facts."""

    policy: Policy
    book: dr.PolicyBook
    as_of: date
    records: list[dict[str, Any]]
    facts: list[dict[str, Any]]
    one: str  #: one of the decisions

    @property
    def subject(self) -> str:
        """What the policy is about."""
        return self.policy.subject

    @property
    def edition(self) -> Edition:
        """What is in force: random policies have one version."""
        return self.book.editions[0]

    def __repr__(self) -> str:
        """Return the situation as it may be written into a test."""
        return f"{self.policy!r}\nas_of={self.as_of!r}\nrecords={self.records!r}\nfacts={self.facts!r}"


def a_situation(dice: Dice, subject: str | None = None, more: int = 0) -> Situation:
    """Return a policy with what it is to be asked, of `more` records and facts than usual."""
    policy = a_policy(dice, subject)
    as_of = dice.pick(AS_OF)
    book = dr.loads(policy.text)
    store = Store(dice, policy, as_of)
    records = [store.record() for _ in range(dice.number(1, 3) + more)]
    facts = [store.facts(book.editions[0]) for _ in range(dice.number(1, 3) + more)]
    return Situation(policy, book, as_of, records, facts, dice.pick(sorted(policy.document["decisions"])))


@st.composite
def situations(draw: Draw, subject: str | None = None) -> Situation:
    """Policies with what they are to be asked."""
    return a_situation(Dice.drawn(draw), subject)
