"""Thresholds: the numbers and days at which a decision changes its mind, as users of the library see them.

Place in the flow: beside ``drawing``; it needs no Hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from dealerrules.expr import AsOf, Compare, Constant, Expr, Fact, type_of
from dealerrules.strategies.near import given, stepped
from dealerrules.strategies.reading import comparisons
from dealerrules.values import Type, Value, read_date
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from dealerrules.book import PolicyBook
    from dealerrules.policy.model import AnyDecision, Edition


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number, an amount or a day with which rules of a decision compare a fact.

    Attributes:
        decision: whose rules they are.
        rules: the rules, by id.
        fact: the fact that is compared, by name; empty where it is no fact by itself, such as a time since a day.
        said: what is compared, in words: English, Chinese.
        below: the value just below, as `evaluate_facts` takes it; none where there is none.
        on: the value itself.
        above: the value just above.
    """

    decision: str
    rules: tuple[str, ...]
    fact: str
    said: tuple[str, str]
    below: object
    on: object
    above: object

    def text(self, lang: str = "en") -> str:
        """Return it in words, in English (``en``) or Chinese (``zh``)."""
        colon = "：" if lang == "zh" else ": "
        return f"{self.decision}{colon}{self.said[lang == 'zh']}"

    def __str__(self) -> str:
        """Return it in words, in English."""
        return self.text()


def thresholds(book: PolicyBook, decision: str, *, as_of: date | str | None = None) -> tuple[Threshold, ...]:
    """Return the thresholds of a decision, in the order of its rules.

    Args:
        book: the policies.
        decision: its name.
        as_of: the day whose version is looked at; the latest one otherwise.

    Returns:
        the thresholds; none where no version is in force on that day.

    Raises:
        RecordError: for a day that is none, and where there is no such decision.

    Examples:
        >>> import dealerrules as dr
        >>> book = dr.loads('''
        ... policy: care
        ... decisions:
        ...   care:
        ...     kind: rules
        ...     hit: unique
        ...     outputs: {care: {type: boolean}}
        ...     rows: [{id: often, when: {visits_past_year: {at_least: 4}, loyalty: high}, then: {care: true}}]
        ...     otherwise: {care: false}
        ... ''')
        >>> [(each.fact, each.below, each.on, each.above) for each in thresholds(book, "care")]
        [('visits_past_year', 3, 4, 5)]
        >>> print(thresholds(book, "care")[0])
        care: visits in the past 12 months at least 4
    """
    edition = _edition(book, decision, as_of)
    if edition is None:
        return ()
    model = edition.decisions[decision]
    rules: dict[tuple[Expr, Value], list[str]] = {}
    first: dict[tuple[Expr, Value], Compare] = {}
    for rule in model.rules:
        for test in comparisons(rule.when):
            assert isinstance(test.right, Constant)
            key = test.left, test.right.value
            first.setdefault(key, test)
            if rule.id not in rules.setdefault(key, []):
                rules[key].append(rule.id)
    return tuple(_threshold(edition, model, test, tuple(rules[key])) for key, test in first.items())


def _edition(book: PolicyBook, name: str, as_of: date | str | None) -> Edition | None:
    """Return the version that is asked for; the book itself says what is wrong with a name or a day."""
    subject = book.decisions[name].subject if name in book.decisions else "customer"
    latest = book.editions[-1].start if book.editions else date.min
    book.evaluate_facts(subject, {}, as_of=latest if as_of is None else as_of, decisions=(name,))
    if as_of is not None:
        found = book.edition(read_date(as_of))
        return found if found is not None and name in found.decisions else None
    return next(each for each in reversed(book.editions) if name in each.decisions)


def _threshold(edition: Edition, model: AnyDecision, test: Compare, rules: tuple[str, ...]) -> Threshold:
    assert isinstance(test.right, Constant)
    value, type_ = test.right.value, type_of(test.left)
    fact = test.left.name if isinstance(test.left, Fact) else "as_of" if isinstance(test.left, AsOf) else ""
    said = tuple(Wording(edition, model.subject, lang).part(test) for lang in ("en", "zh"))
    sides = [_given(stepped(value, type_.kind, side), type_) for side in (-1, 0, 1)]
    return Threshold(model.name, rules, fact, (said[0], said[1]), *sides)


def _given(value: Value | None, type_: Type) -> object:
    return None if value is None else given(value, type_)
