"""Expectations: what a case may expect of an outcome, by kind of decision, and whether it came out so.

Place in the flow: below ``cases``, beside the outcomes; whatever an outcome holds can be expected of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dateutil.relativedelta import relativedelta

from dealerrules.outcome import OfferOutcome, Outcome, RulesOutcome, TierOutcome
from dealerrules.policy.model import Item, Rules, Title
from dealerrules.values import to_yuan

if TYPE_CHECKING:
    from dealerrules.answer import Answer
    from dealerrules.expr import Constant
    from dealerrules.policy.model import AnyDecision

OF_EVERY_KIND: Final = ("status", "reason", "because", "matched", "undetermined", "missing", "data")
OF_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "tier": ("level", "earned", "kept", "angles", "cadence", "benefits", "follow_up"),
    "stage": ("stage", "measure"),
    "payout": ("amount", "band", "lines", "payee"),
    "offer": ("band", "options", "always", "value", "always_value", "items"),
    "rules": ("value", "rows", "cells", "items"),
}
"""What a case may expect of an outcome, by kind of decision; beside what every kind has."""

ADVICE: Final = ("next_steps", "coming")
"""What a case may expect of the advice that follows from an outcome; no change of a policy is looked for in it."""

NAMING: Final = frozenset({"level", "stage", "band", "value"})
"""What is said by the name of an answer: where one is called ``none``, that is what ``none`` means."""
_YEAR: Final = 12
"""Months ahead for which coming changes are compared."""
_UNORDERED: Final = frozenset({"because", "matched", "undetermined", "missing"})
_IN_PART: Final = frozenset({"data", "benefits", "cells", "items", "kept"})
"""Mappings of which a case names the part that it checks; in the others every key counts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a case expected and what came out instead."""

    decision: str
    key: str
    expected: object
    found: object

    def __str__(self) -> str:
        """Return it in one line, in English."""
        return self.text()

    def text(self, lang: str = "en") -> str:
        """Return it in one line, in Chinese (``zh``) or English (``en``)."""
        expected, found = written(self.expected), written(self.found)
        if lang == "zh":
            return f"{self.decision}.{self.key}：应为 {expected}，实为 {found}"
        return f"{self.decision}.{self.key}: expected {expected}, came out {found}"


def written(value: object) -> str:
    """Return a plain value as a case would write it.

    Examples:
        >>> written([Decimal("10.00"), Fraction(7, 10), None, True])
        '[10.00 yuan, 70%, none, true]'
    """
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:,} yuan"
        case Fraction() if (value * 10_000).denominator == 1:
            return f"{Decimal((value * 10_000).numerator) / 100:f}%"
        case Mapping():
            return "{" + ", ".join(f"{key}: {written(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(written, value)) + "]"
        case _:
            return str(value)


def differences(expect: Mapping[str, object], outcome: Outcome) -> Iterable[Difference]:
    """Yield what is expected of an outcome and is not so; advice is left out."""
    for key, expected in expect.items():
        if key in ADVICE:
            continue
        found = came_out(outcome, key)
        if not _same(key, expected, found, called(outcome.model)):
            yield Difference(outcome.decision, key, expected, found)


def came_out(outcome: Outcome, key: str) -> object:
    """Return what a case may expect of an outcome, in plain values.

    Raises:
        KeyError: when outcomes of this kind have no such thing.
    """
    if key not in OF_KIND[outcome.kind] and key not in OF_EVERY_KIND:
        raise KeyError(key)
    match outcome, key:
        case _, "status":
            return outcome.status.value
        case _, "reason":
            return outcome.reason.code if outcome.reason is not None else None
        case TierOutcome(), "kept":
            return dict(outcome.kept.to_dict()) if outcome.kept is not None else None
        case RulesOutcome(), "rows":
            return [row.id for row in outcome.rows]
        case RulesOutcome(), "cells":
            return {row.id: _said(row.outputs) for row in outcome.rows}
        case OfferOutcome() | RulesOutcome(), "items":
            return {item.id: _worth(item) for item in _items(outcome)}
        case _, "lines":
            return [
                {name: getattr(line, name) for name in ("band", "units", "rate", "times", "amount")}
                for line in getattr(outcome, key)
            ]
        case _:
            return _said(getattr(outcome, key))


def differences_of_advice(expect: Mapping[str, object], answer: Answer, name: str) -> Iterable[Difference]:
    """Yield what is expected of the advice that follows from an outcome, and is not so."""
    for key, expected in expect.items():
        if key in ADVICE:
            found = _advised(answer, name, key, expected)
            if not _same(key, expected, found, frozenset()):
                yield Difference(name, key, expected, found)


def _advised(answer: Answer, name: str, key: str, expected: object) -> object:
    """Return the nearest next steps, as many as are expected, or the changes of the 12 months to come, in plain values."""
    if key == "coming":
        until = answer.as_of + relativedelta(months=_YEAR)
        return [
            {"date": change.on.isoformat(), "answer": change.after.verdict.answer}
            for change in answer.coming_changes(until, [name])
        ]
    try:
        steps = answer[name].next_steps(limit=None)
    except ValueError as error:
        return str(error)
    wanted = expected if isinstance(expected, list) and expected else [None] * len(steps)
    found: list[object] = []
    for step, each in zip(steps, wanted, strict=False):
        said: dict[str, object] = {
            "answer": step.answer,
            "change": {change.fact: _said(change.after) for change in step.changes},
        }
        if (
            isinstance(each, dict) and "until" in each
        ):  # until when a step is enough costs something to work out
            said["until"] = _said(step.until)
        found.append(said)
    return found


def _items(outcome: OfferOutcome | RulesOutcome) -> Iterable[Item]:
    """Yield the items that are given, in the order in which they are listed."""
    if isinstance(outcome, OfferOutcome):
        yield from (item for items in outcome.options.values() for item in items)
        yield from outcome.always
        return
    said = outcome.value
    for cell in said.values() if isinstance(said, Mapping) else [said]:
        yield from (each for each in (cell if isinstance(cell, tuple) else ()) if isinstance(each, Item))


def _worth(item: Item) -> object:
    """Return what an item is worth: yuan, a share of the list price, what is paid back, or ``unstated``."""
    if item.price is not None:
        return _share(item.price)
    if item.refund is not None:
        low, high, of = item.refund
        return {"from": _share(low), "to": _share(high), "of": of}
    return to_yuan(item.value) if item.value is not None else "unstated"


def _share(constant: Constant) -> Fraction:
    assert isinstance(constant.value, int | Fraction)
    return Fraction(constant.value)


def _said(value: object) -> object:
    match value:
        case Item():
            return value.id
        case Title():
            return dict(value.to_dict())
        case tuple():
            return [_said(each) for each in value]
        case Mapping():
            return {key: _said(each) for key, each in value.items()}
        case date():
            return value.isoformat()
        case _:
            return value


def called(model: AnyDecision) -> frozenset[str]:
    """Return the words that an answer of a decision can be: one called ``none`` is not nothing."""
    words = {rule.answer for rule in model.rules}
    if isinstance(model, Rules):
        words |= {word for output in model.outputs if output.type is not None for word in output.type.options}
    return frozenset(words)


def _same(key: str, expected: object, found: object, names: frozenset[str]) -> bool:
    if expected == "none" and found is None:
        return key not in NAMING or "none" not in names
    if key in _UNORDERED and isinstance(expected, list) and isinstance(found, list):
        return sorted(map(str, expected)) == sorted(map(str, found))
    if key in ADVICE and isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(
            _alike(want, each, in_part=True) for want, each in zip(expected, found, strict=True)
        )
    if key == "lines" and isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(
            isinstance(want, dict) and all(each.get(name) == value for name, value in want.items())
            for want, each in zip(expected, found, strict=True)
        )
    return _alike(expected, found, in_part=key in _IN_PART)


def _alike(expected: object, found: object, *, in_part: bool = False) -> bool:
    """Tell whether two plain values say the same; a text stands for a title in either language."""
    match expected, found:
        case dict(), dict():
            there = all(name in found and _alike(each, found[name]) for name, each in expected.items())
            return there and (in_part or len(expected) == len(found))
        case list(), list():
            return len(expected) == len(found) and all(map(_alike, expected, found))
        case str(), dict():
            return bool(found) and set(found) <= {"zh", "en"} and expected in found.values()
        case Decimal(), Fraction():
            return Fraction(expected) == found
        case _:
            return isinstance(expected, bool) == isinstance(found, bool) and expected == found
