"""Questions: what can be asked of a decision, as ready-made facts: the candidates for cases to propose.

Place in the flow: below ``proposing``. Every number that the decision looks at is taken from below, on it and above,
every word, yes and no, unknown and absent: around each rule while its other tests hold, and all in pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import combinations, product
from typing import TYPE_CHECKING, Final

from dealerrules.cases.texts import fact_text
from dealerrules.engines.row import Interpreter
from dealerrules.expr import (
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Compare,
    Constant,
    Elapse,
    Elapsed,
    Expr,
    Fact,
    IsAbsent,
    Known,
    LevelIn,
    Member,
    Not,
    Operator,
    walk,
)
from dealerrules.policy.model import Payout, Tier, expressions
from dealerrules.values import ABSENT, DATE, Kind, Maybe, Type, days_before, months_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealerrules.policy.model import Edition, Rule

AS_OF: Final = "as_of"


@dataclass(frozen=True, slots=True)
class Ago:
    """A date by the time that has passed since, or is left until it, on the day of the case."""

    how: Elapse
    size: int

    def on(self, day: date) -> date:
        """Return the date."""
        match self.how:
            case Elapse.MONTHS_SINCE:
                return months_before(day, self.size)
            case Elapse.DAYS_SINCE:
                return days_before(day, self.size)
            case Elapse.DAYS_UNTIL:
                return days_before(day, -self.size)


_Choice = Maybe | Ago
_Facts = dict[str, _Choice]


class Questions:
    """What can be asked of a decision: values of every fact that it reads, one at a time and in pairs."""

    def __init__(self, edition: Edition, name: str, day: date) -> None:
        self.edition, self.day = edition, day
        self.decision = edition.decisions[name]
        self.types = edition.given_types(self.decision.subject)
        self.axes: dict[str, list[_Choice]] = {}
        self._atoms = {rule.id: list(self._tests(rule.when)) for rule in self.decision.rules}
        for atoms in self._atoms.values():
            for atom in atoms:
                self._axis(atom)
        self._others()
        self.quiet = {name: self._quietest(name) for name in self.axes}

    def all(self) -> Iterator[tuple[str, date, dict[str, Maybe]]]:
        """Yield candidates: what each is for, the day and the facts."""
        seen: set[tuple[object, ...]] = set()
        for why, chosen in (*self._boundaries(), *self._pairs()):
            key = tuple(map(repr, chosen.values()))
            if key not in seen:
                seen.add(key)
                day, facts = self._made(chosen)
                dated_by = self.decision.dated_by
                if dated_by is not None and dated_by not in facts:
                    facts = {dated_by: day, **facts}
                yield f"{self.decision.name}, {why}", day, facts

    def granting(self, rule: Rule) -> tuple[date, dict[str, Maybe]]:
        """Return a day, and values of the facts that a rule reads with which it holds, as far as that is plain."""
        chosen = dict(self.quiet)
        self._granting(rule.when, chosen)
        day, facts = self._made(chosen)
        read = {name for atom in self._atoms[rule.id] for name in _names(atom)}
        return day, {name: value for name, value in facts.items() if name in read}

    def _made(self, chosen: _Facts) -> tuple[date, dict[str, Maybe]]:
        """Return the day and the facts that were chosen, as the engines hold them."""
        as_of = chosen.get(AS_OF)
        day = as_of if isinstance(as_of, date) else self.day
        facts = {name: value for name, value in chosen.items() if name != AS_OF}
        return day, {
            name: value.on(day) if isinstance(value, Ago) else value for name, value in facts.items()
        }

    def _tests(self, expr: Expr) -> Iterator[Expr]:
        """Yield the single tests of a condition; the rules behind a level are looked into."""
        for node in walk(expr):
            match node:
                case LevelIn(decision=name, angle=angle):
                    tier = self.edition.decisions[name]
                    assert isinstance(tier, Tier)
                    for rule in tier.rules:
                        if angle is None or rule.angle == angle:
                            yield from self._tests(rule.when)
                case Compare() | Member() | Known() | IsAbsent():
                    yield node
                case _:
                    pass

    # --- values ---

    def _axis(self, atom: Expr) -> None:
        match atom:
            case Compare(left=left, right=Constant(value=value)):
                self._values(left, value)
            case Member(item=item, among=among):
                for value in among:
                    self._values(item, value)
            case Known(item=item) | IsAbsent(item=item):
                self._values(item, None)
            case _:
                pass

    def _values(self, item: Expr, value: object) -> None:
        """Add the values of a fact that stand around one that it is compared with."""
        match item:
            case AsOf() if isinstance(value, date):
                self._add(AS_OF, [days_before(value, each) for each in (1, 0, -1)])
            case Fact(name=name) | Answer(decision=name) if name in self.types:
                self._around(name, value)
            case Elapsed(how=how, item=Fact(name=name)) if isinstance(value, int):
                self._add(name, [Ago(how, value + each) for each in (-1, 0, 1)])
                self._missing(name)
            case _:
                for node in walk(item):
                    if isinstance(node, Fact) and node.name in self.types:
                        self._plain(node.name)

    def _around(self, name: str, value: object) -> None:
        ratio = self._ratio(name)
        type_ = self.types[name]
        if ratio is not None and isinstance(value, int | Fraction):
            over, under = ratio
            whole = 100 * Fraction(value).limit_denominator(1000).denominator
            counted = int(Fraction(value) * whole)
            self._add(under, [whole])
            self._add(over, [each for each in (counted - 1, counted, counted + 1) if each >= 0])
            self._missing(over)
        elif values := around(type_, value):
            self._add(name, values)
            self._missing(name)
        else:
            self._plain(name)

    def _ratio(self, name: str) -> tuple[str, str] | None:
        """Return the two counts of which a fact is the ratio, so that a case states what is counted."""
        definition = self.edition.facts[self.decision.subject].get(name)
        match definition.expr if definition is not None else None:
            case Arithmetic(
                how=Operator.RATIO,
                left=Fact(name=over, type=Type(kind=Kind.COUNT)),
                right=Fact(name=under, type=Type(kind=Kind.COUNT)),
            ):
                return over, under
            case _:
                return None

    def _others(self) -> None:
        """Add what is read without being compared: what a payout counts, and how many times it pays."""
        given = set(self.axes)
        for expr in expressions(self.decision):
            for node in walk(expr):
                ratio = self._ratio(node.name) if isinstance(node, Fact) else None
                if (
                    isinstance(node, Fact)
                    and node.name not in given
                    and (ratio is None or ratio[0] not in given)
                ):
                    self._plain(node.name)

    def _plain(self, name: str) -> None:
        """Add a few values of a fact that is compared with nothing."""
        match self.types[name].kind:
            case Kind.BOOLEAN:
                values: list[Maybe] = [True, False]
            case Kind.DATE:
                values = [self.day]
            case Kind.CATEGORY:
                values = list(self.types[name].options)
            case Kind.TEXT:
                values = ["其他"]
            case Kind.MONEY:
                values = [100_000]
            case _:
                values = [3]
        if name not in self.axes:
            self._add(name, values)
            self._missing(name)

    def _add(self, name: str, values: Sequence[_Choice]) -> None:
        there = self.axes.setdefault(name, [])
        there += [value for value in values if not any(_is(value, each) for each in there)]

    def _missing(self, name: str) -> None:
        """Add that it is not recorded, and where it is about an event that there was none."""
        absent = self.edition.may_be_absent(self.decision.subject, name)
        missing: list[_Choice] = [None]
        if absent:
            missing.append(ABSENT)
        self._add(name, missing)

    # --- candidates ---

    def _quietest(self, name: str) -> _Choice:
        """Return the value of a fact with which the fewest tests hold."""
        values = [value for value in self.axes[name] if value is not None and value is not ABSENT]
        atoms = [atom for tests in self._atoms.values() for atom in tests if name in _names(atom)]
        if not values:
            return None
        return min(values, key=lambda value: sum(self._truth(atom, {name: value}) is True for atom in atoms))

    def _truth(self, expr: Expr, chosen: _Facts) -> object:
        day, facts = self._made(chosen)
        return Interpreter(self.edition, self.decision.subject, day, facts=facts).step(expr).value

    def _granting(self, expr: Expr, chosen: _Facts) -> None:
        """Choose values with which a condition holds, as far as each test can be looked at alone."""
        match expr:
            case All(items=items):
                for item in items:
                    self._granting(item, chosen)
            case AnyOf(items=(first, *_)):
                self._granting(first, chosen)
            case LevelIn(decision=name, angle=angle, allowed=allowed):
                tier = self.edition.decisions[name]
                rules = [
                    rule
                    for rule in tier.rules
                    if rule.answer in allowed and (angle is None or rule.angle == angle)
                ]
                if rules:
                    self._granting(rules[0].when, chosen)
            case Not(item=item):
                self._settle(item, chosen, holds=False)
            case _:
                self._settle(expr, chosen, holds=True)

    def _settle(self, expr: Expr, chosen: _Facts, *, holds: bool) -> None:
        ratios = {part: name for name in _names(expr) if (found := self._ratio(name)) for part in found}
        for name in [each for each in self.axes if each in _names(expr) or each in ratios]:
            for value in self.axes[name]:
                if value is None or value is ABSENT:
                    continue
                trial = {**chosen, name: value}
                if self._truth(expr, trial) is holds:
                    chosen[name] = value
                    return

    def _boundaries(self) -> Iterator[tuple[str, _Facts]]:
        """Yield for each rule every value of each fact that it looks at, while its other tests hold."""
        for rule in self.decision.rules:
            base = dict(self.quiet)
            self._granting(rule.when, base)
            read = {name for atom in self._atoms[rule.id] for name in _names(atom)}
            read |= {part for name in read for part in self._ratio(name) or ()}
            for name in [each for each in self.axes if each in read]:
                for value in self.axes[name]:
                    chosen = {**base, name: value}
                    day, facts = self._made(chosen)
                    said = fact_text(facts.get(name, day), self.types.get(name, DATE)).strip('"')
                    yield f"{rule.id}: {name} {said}", chosen
        yield from self._of_a_payout()
        yield from self._of_another_day()

    def _of_another_day(self) -> Iterator[tuple[str, _Facts]]:
        """Yield the days around the first one in force; a subject dated after the day, where its date decides."""
        dated_by, first = self.decision.dated_by, self.edition.start
        if dated_by is not None:
            yield f"{dated_by} the day after", {**self.quiet, dated_by: Ago(Elapse.DAYS_UNTIL, 1)}
        if first > date.min:
            yield "on the first day", {**self.quiet, AS_OF: first}
            yield "on the day before the first", {**self.quiet, AS_OF: days_before(first, 1)}

    def _of_a_payout(self) -> Iterator[tuple[str, _Facts]]:
        """Yield what a payout counts as not recorded, with each band."""
        if isinstance(self.decision, Payout):
            for rule in self.decision.rules:
                base = dict(self.quiet)
                self._granting(rule.when, base)
                yield from ((f"{rule.id}: {name} unknown", {**base, name: None}) for name in self.axes)

    def _pairs(self) -> Iterator[tuple[str, _Facts]]:
        """Yield combinations in which every two values of two facts come together, as few as is simple."""
        names = list(self.axes)
        open_ = {
            ((one, first), (other, second))
            for (one, other) in combinations(range(len(names)), 2)
            for first, second in product(
                range(len(self.axes[names[one]])), range(len(self.axes[names[other]]))
            )
        }
        number = 0
        while open_:
            row: dict[int, int] = dict(min(open_))
            for at, name in enumerate(names):
                if at not in row:
                    row[at] = max(
                        range(len(self.axes[name])),
                        key=lambda value: (
                            sum(_pair(at, value, *each) in open_ for each in row.items()),
                            -value,
                        ),
                    )
            open_ -= {_pair(*one, *other) for one, other in combinations(sorted(row.items()), 2)}
            number += 1
            yield f"combination {number}", {name: self.axes[name][row[at]] for at, name in enumerate(names)}


def around(type_: Type, value: object) -> list[Maybe]:
    """Return the values of a type that stand around one that a fact is compared with; every word of a category."""
    if type_.options:
        return list(type_.options)
    if isinstance(value, bool) or type_.kind is Kind.BOOLEAN:
        return [True, False]
    if isinstance(value, str):
        return [value, "其他"]
    if isinstance(value, date):
        return [days_before(value, each) for each in (1, 0, -1)]
    if isinstance(value, int | Fraction):
        steps = {Kind.RATIO: Fraction(1, 100), Kind.NUMBER: Fraction(1, 10)}
        step = steps.get(type_.kind, Fraction(1))
        found = [value - step, value, value + step]
        return [_reduced(each) for each in found if each >= 0 or type_.kind is Kind.NUMBER]
    return []


def _pair(one: int, first: int, other: int, second: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return ((one, first), (other, second)) if one < other else ((other, second), (one, first))


def _names(atom: Expr) -> set[str]:
    """Return what a test looks at, by name."""
    found = set()
    for node in walk(atom):
        if isinstance(node, Fact):
            found.add(node.name)
        elif isinstance(node, Answer):
            found.add(node.decision)
        elif isinstance(node, AsOf | Elapsed):
            found |= {AS_OF} if isinstance(node, AsOf) else set()
    return found


def _is(one: _Choice, other: _Choice) -> bool:
    return type(one) is type(other) and one == other


def _reduced(value: Fraction | int) -> int | Fraction:
    return int(value) if Fraction(value).denominator == 1 else Fraction(value)
