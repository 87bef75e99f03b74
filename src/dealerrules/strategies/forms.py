"""Forms: the author of random policies, second part: facts and parameters.

Place in the flow: between ``conditions`` and ``author``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dealerrules.expr import Operator, any_of_types
from dealerrules.policy.forms import arithmetic_type
from dealerrules.records import TABLES
from dealerrules.strategies.conditions import Conditions, NothingFits, columns
from dealerrules.strategies.written import LITERALS, Yaml
from dealerrules.values import (
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
    read_literal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass
class Forms(Conditions):
    """Writes the facts and parameters of a policy."""

    parameters_yaml: dict[str, Yaml] = field(default_factory=dict)

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
            made: tuple[Yaml, Type] | None = self.pick(options)(kind, depth)
        except NothingFits:
            return None
        return made

    def _events(self) -> tuple[str, dict[str, Yaml]]:
        """Return a table and which of its events count."""
        table = self.pick(["visits", "visits", *TABLES])
        more: dict[str, Yaml] = {}
        if self.chance():
            more["where"] = self.condition(columns(table))
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
            where = {"where": self.condition(columns("insurance"))} if self.chance() else {}
            return {"streak": "insurance", **where, **gap}, COUNT
        table, more = self._events()
        if word == "distinct":
            more["take"] = self.pick(
                sorted(name for name, each in columns(table).items() if each.kind is not Kind.TEXT)
            )
        return {word: table, **more}, COUNT

    def _quantified(self, _kind: Kind, _depth: int) -> tuple[Yaml, Type] | None:
        table, more = self._events()
        word = self.pick(["some", "every"])
        return {word: table, **more, "that": self.condition(columns(table))}, BOOLEAN

    def _taken(self, kind: Kind, _depth: int) -> tuple[Yaml, Type] | None:
        table, more = self._events()
        found = {name: type_ for name, type_ in columns(table).items() if type_.kind is kind}
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
        return {"first_known": [item for item, _ in items], **more}, any_of_types(
            [type_ for _, type_ in items]
        )

    def _lookup(self, kind: Kind, depth: int) -> tuple[Yaml, Type] | None:
        if kind not in QUANTITIES:
            return None
        by, type_ = self.operand([Kind.CATEGORY, Kind.BOOLEAN, Kind.TEXT], depth=depth, literal=False)
        words = type_.options if type_.kind is Kind.CATEGORY else LITERALS[type_.kind]
        plain = [each for each in LITERALS[kind] if read_literal(str(each)).kind is kind]
        cases = {}
        for word in self.some(words, 1, 3):
            cases[word] = self.pick(plain)
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
        self.parameters[name] = (type_, value)
        self.parameters_yaml[name] = {"type": type_.kind.value, "value": value}
