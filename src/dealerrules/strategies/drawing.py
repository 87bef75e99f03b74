"""Drawing: records, ready-made facts, days and policies as strategies of Hypothesis, to be imported from `testing`.

Place in the flow: the last room of the strategies, and the only one that needs Hypothesis.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from dealerrules.expr import AsOf
from dealerrules.strategies.author import a_policy
from dealerrules.strategies.dice import Dice
from dealerrules.strategies.reading import Reading
from dealerrules.strategies.subjects import Around, Maker
from dealerrules.values import Kind, read_date

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dealerrules.book import PolicyBook
    from dealerrules.strategies.written import RandomPolicy

    Draw = Callable[[st.SearchStrategy[Any]], Any]

TRICKY_DAYS: Final = tuple(
    date.fromisoformat(day)
    for day in (
        "2014-09-30",
        "2012-02-29",
        "2015-02-28",
        "2014-03-31",
        "2014-12-31",
        "2014-01-01",
        "2016-02-29",
        "2014-08-31",
    )
)
"""Ends of months of every length, leap days, the first and last day of a year."""


@cache
def _up_to(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


def drawn(draw: Draw) -> Dice:
    """Return dice that Hypothesis throws."""
    return Dice(lambda most: int(draw(_up_to(most))))


def records(
    book: PolicyBook,
    subject: str = "customer",
    *,
    as_of: date | str,
    decisions: Sequence[str] | None = None,
    unknown: bool = True,
) -> st.SearchStrategy[dict[str, Any]]:
    """Return records of a subject that seek the edges of a policy book, as mappings that `evaluate` takes.

    Numbers, amounts and days lie at, just below and just above everything that the decisions compare with; events lie
    just inside, on and outside every window, on month-ends and leap days, or after the day of evaluation. A failing
    test shrinks to a record that says no more than it needs.

    Args:
        book: the policies.
        subject: what the records are of.
        as_of: the day on which they are to be evaluated.
        decisions: those whose edges are sought; all of the subject's otherwise.
        unknown: whether fields may be left out or ``None``; otherwise whatever these decisions read is recorded.

    Raises:
        RecordError: for a subject, day or decision that there is none of.

    Examples:
        >>> import dealerrules as dr
        >>> from hypothesis import find, settings
        >>> same = settings(derandomize=True, database=None)  # the same on every run
        >>> book = dr.loads('''
        ... policy: care
        ... decisions:
        ...   care:
        ...     kind: rules
        ...     hit: unique
        ...     outputs: {care: {type: boolean}}
        ...     rows: [{id: often, when: {visits_past_year: {at_least: 2}}, then: {care: true}}]
        ...     otherwise: {care: false}
        ... ''')
        >>> day = "2014-09-30"
        >>> cared_for = lambda record: book.evaluate(record, as_of=day)["care"].value
        >>> find(records(book, as_of=day), cared_for, settings=same)
        {'customer_id': 'X1', 'visits': [{'visited_on': datetime.date(2014, 9, 30)}, {'visited_on': datetime.date(2014, 9, 30)}]}
    """
    around = _around(book, subject, as_of, decisions)

    @st.composite
    def record(draw: Draw) -> dict[str, Any]:
        return Maker(drawn(draw), around, unknown=unknown).record()

    return record()


def facts(
    book: PolicyBook,
    subject: str = "customer",
    *,
    as_of: date | str,
    decisions: Sequence[str] | None = None,
    unknown: bool = True,
) -> st.SearchStrategy[dict[str, Any]]:
    """Return ready-made facts of a subject that seek the edges of a policy book, as `evaluate_facts` takes them.

    They are the facts that do not follow from others, so that no two contradict each other as far as their
    definitions tell: six months since the last visit never stand beside a visit last month.

    Args:
        book: the policies.
        subject: whose facts they are.
        as_of: the day on which they are to be evaluated.
        decisions: those whose edges are sought; all of the subject's otherwise.
        unknown: whether facts may be left out or ``None``; otherwise every fact that these decisions need is there.

    Raises:
        RecordError: for a subject, day or decision that there is none of.

    Examples:
        >>> import dealerrules as dr
        >>> from hypothesis import find, settings
        >>> same = settings(derandomize=True, database=None)  # the same on every run
        >>> book = dr.loads('''
        ... policy: bonus
        ... decisions:
        ...   bonus:
        ...     kind: payout
        ...     subject: recall_campaign
        ...     measure: returned
        ...     unit: returned
        ...     bands: [{from: 0, pays: 0 yuan}, {from: 20, pays_per_unit: 10 yuan, basis: whole}]
        ... ''')
        >>> paid = lambda given: book.evaluate_facts("recall_campaign", given, as_of="2014-09-30")["bonus"].amount
        >>> find(facts(book, "recall_campaign", as_of="2014-09-30"), lambda given: bool(paid(given)), settings=same)
        {'returned': 20}
    """
    around = _around(book, subject, as_of, decisions)

    @st.composite
    def ready_made(draw: Draw) -> dict[str, Any]:
        return Maker(drawn(draw), around, unknown=unknown).facts()

    return ready_made()


def _around(book: PolicyBook, subject: str, as_of: date | str, decisions: Sequence[str] | None) -> Around:
    names = None if decisions is None else tuple(decisions)
    book.evaluate_facts(subject, {}, as_of=as_of, decisions=names)  # says what is wrong with the question
    day = read_date(as_of)
    edition = book.edition(day)
    if (
        edition is None
    ):  # whatever is asked, nothing is in force; records are then made around the nearest version
        edition = min(book.editions, key=lambda each: abs((each.start - day).days))
    return Around(Reading.of(edition, subject, names), day)


def as_of_days(book: PolicyBook) -> st.SearchStrategy[date]:
    r"""Return days of evaluation: month-ends, leap days, and where versions and the policies' own dates begin and end.

    On each of them something is in force.

    Examples:
        >>> import dealerrules as dr
        >>> book = dr.loads('''
        ... policy: greeting
        ... effective: {from: 2014-09-01}
        ... decisions:
        ...   greeting:
        ...     kind: rules
        ...     hit: unique
        ...     outputs: {greeting: {type: boolean}}
        ...     rows: [{id: always, then: {greeting: true}}]
        ... ''')
        >>> from hypothesis import find, settings
        >>> same = settings(derandomize=True, database=None)  # the same on every run
        >>> find(as_of_days(book), lambda day: day < date(2014, 9, 3), settings=same)
        datetime.date(2014, 9, 1)
    """
    one = timedelta(days=1)
    marks = set(TRICKY_DAYS)
    for edition in book.editions:
        marks |= {edition.start, edition.end}
        for subject in edition.facts:
            reading = Reading.of(edition, subject)
            if any(isinstance(node, AsOf) for node in reading.nodes):
                marks |= {each for each in reading.named[Kind.DATE] if isinstance(each, date)}
    near = {day + step for day in marks if date.min < day < date.max for step in (-one, 0 * one, one)}
    fitting = sorted(day for day in near if book.edition(day) is not None)
    usual = [day for day in TRICKY_DAYS if day in fitting]
    others = [day for day in fitting if day not in usual]
    first = max(date(2000, 1, 1), book.editions[0].start)
    last = min(date(2040, 12, 31), book.editions[-1].end)
    any_day = st.dates(min(first, last), max(first, last)).filter(lambda day: book.edition(day) is not None)
    return st.one_of(st.sampled_from([*usual, *others]), any_day)


def policies(subject: str | None = None) -> st.SearchStrategy[RandomPolicy]:
    """Return random policies that compile: facts, parameters, and decisions of every kind about one subject.

    Each has `.text` (its YAML), `.document` (the same as mappings and lists), `.subject` and `.book` (loaded).
    What fails shrinks to a short policy.

    Args:
        subject: what all of a policy's decisions are about; mostly ``customer`` otherwise.

    Examples:
        >>> import dealerrules as dr
        >>> from hypothesis import find, settings
        >>> same = settings(derandomize=True, database=None)
        >>> found = find(policies("customer"), lambda policy: "at_least" in policy.text, settings=same)
        >>> found.subject, len(found.book.decisions) > 0, found.book.fingerprint == dr.loads(found.text).fingerprint
        ('customer', True, True)
    """

    @st.composite
    def policy(draw: Draw) -> RandomPolicy:
        return a_policy(drawn(draw), subject)

    return policy()
