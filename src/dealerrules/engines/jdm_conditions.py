"""Conditions in zen-engine's own language, each written twice: when it is sure to hold, and when it may still hold.

Place in the flow: below ``jdm_tables.py``, which makes decision tables of GoRules out of the rules of a decision. zen
knows true and false only, and a test on null is an error that a table passes over in silence. So every test says what
it makes of null: a fact that is null is unknown, unless its flag says that there is no such event. A condition that may
hold and is not sure to is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dealerrules.expr import (
    All,
    AnyOf,
    Compare,
    Comparison,
    Constant,
    Expr,
    IsAbsent,
    Known,
    LevelIn,
    Member,
    Not,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealerrules.engines.carried import Carried
    from dealerrules.values import Value

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
"""Plain data, as a JSON document holds it; numbers are whole."""

_WORDS: Final = {
    Comparison.EQUAL: "==",
    Comparison.AT_LEAST: ">=",
    Comparison.MORE_THAN: ">",
    Comparison.AT_MOST: "<=",
    Comparison.LESS_THAN: "<",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the context of a graph holds a value, and the flag that there is none (where that can be)."""

    value: str
    absent: str | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the context holds the level that is granted and the best still possible; places in `levels`, 0 is best."""

    granted: str
    best: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Writes conditions.

    Args:
        place: where a value stands.
        reach: where the levels of a tier, or of one of its angles, stand.
        carried: a constant as the value that it is compared with is carried.
    """

    place: Callable[[Expr], Place]
    reach: Callable[[str, str | None], Reach]
    carried: Callable[[Expr, Value], Carried]

    def text(self, condition: Expr, *, sure: bool) -> str:
        """Return the expression that is true where a condition is sure to hold, or (not `sure`) where it may.

        Args:
            condition: without comparisons of two values.
            sure: which of the two.
        """
        match condition:
            case All(items=items) | AnyOf(items=items):
                every = isinstance(condition, All)
                parts = [self.text(item, sure=sure) for item in items]
                return f"({(' and ' if every else ' or ').join(parts)})" if parts else literal(every)
            case Not(item=item):
                return f"not ({self.text(item, sure=not sure)})"
            case Compare(how=how, left=left, right=Constant(value=value)):
                test = f"{_WORDS[how]} {literal(self.carried(left, value))}"
                return self._test(left, test, sure=sure)
            case Member(item=item, among=among):
                listed = literal([self.carried(item, value) for value in among])
                return self._test(item, f"in {listed}", sure=sure)
            case Known(item=item):
                return f"{self.place(item).value} != null"
            case IsAbsent(item=item):
                place = self.place(item)
                if sure:
                    return "false" if place.absent is None else f"{place.absent} == true"
                return f"{self.place(item).value} == null"
            case LevelIn():
                return self._level(condition, sure=sure)
            case Constant(value=value):
                return literal(value is True)
            case _:
                return self._test(condition, "== true", sure=sure)

    def _test(self, expr: Expr, test: str, *, sure: bool) -> str:
        """Return a test that is false of what is absent, and of what is unknown unless it may still hold."""
        place = self.place(expr)
        value, absent = place.value, place.absent
        if sure:
            return f"({value} != null and {value} {test})"
        if absent is None:
            return f"({value} == null or {value} {test})"
        return f"({value} == null ? {absent} != true : {value} {test})"

    def _level(self, test: LevelIn, *, sure: bool) -> str:
        """Return whether every level between the granted and the best possible is allowed, or some level is."""
        reach = self.reach(test.decision, test.angle)
        best, granted = reach.best, reach.granted
        places = [at for at, level in enumerate(reach.levels) if (level in test.allowed) is not sure]
        if not places:
            return literal(sure)
        if sure:
            return "(" + " and ".join(f"({best} > {at} or {granted} < {at})" for at in places) + ")"
        return "(" + " or ".join(f"({best} <= {at} and {granted} >= {at})" for at in places) + ")"


def conjuncts(condition: Expr) -> Sequence[Expr]:
    """Return the conditions that must hold together."""
    return condition.items if isinstance(condition, All) else [condition]


def only_value(condition: Expr) -> Expr | None:
    r"""Return the one value that a condition looks at; none where it looks at several, at none, or at levels.

    Examples:
        >>> import dealerrules as dr
        >>> book = dr.loads("policy: p\ndecisions: {d: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: "
        ...                 "[{id: a, when: {not: {visits_past_year: [1, 2]}}, then: {d: true}}]}}")
        >>> only_value(book.decisions["d"].rules[0].when).name
        'visits_past_year'
    """
    found = set(_values(condition))
    return found.pop() if len(found) == 1 else None


def _values(condition: Expr) -> list[Expr | None]:
    match condition:
        case All(items=items) | AnyOf(items=items):
            return [value for item in items for value in _values(item)]
        case Not(item=item):
            return _values(item)
        case Compare(left=item) | Member(item=item) | Known(item=item) | IsAbsent(item=item):
            return [item]
        case LevelIn() | Constant():
            return [None]
        case _:
            return [condition]


def literal(value: Json) -> str:
    r"""Return plain data as zen writes it. Its texts know no escapes: one with both kinds of quotes is a sum.

    Examples:
        >>> print(literal(["it's", 3, True, None]), literal({"zh": 'say "it\'s"'}))
        ["it's", 3, true, null] {'zh': 'say "it' + "'" + 's"'}
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return _object(value)


def _object(value: Mapping[str, Json]) -> str:
    return "{" + ", ".join(f"{_quoted(key)}: {literal(each)}" for key, each in value.items()) + "}"


def _quoted(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    return ' + "\'" + '.join(f"'{part}'" for part in text.split("'"))
