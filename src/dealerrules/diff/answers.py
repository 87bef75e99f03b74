"""Answers side by side: what a decision said of a subject and what it says now, from the truths of its rules.

Place in the flow: below ``impact``. A store's customers fall into some hundred combinations of true and unknown rules, so
the two answers, why they were given and what moved are worked out once for each combination.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from dealerrules.diff.kept import before_it
from dealerrules.expr import Answer, Fact, LevelIn, canonical, walk
from dealerrules.outcome import json_value
from dealerrules.policy.model import (
    Hit,
    Offer,
    Payout,
    Rules,
    Stage,
    Tier,
    Title,
    digest,
    meaning_of,
    meanings,
    rate_meanings,
)
from dealerrules.verdict import Status, Verdict, verdict
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dealerrules.diff.intervals import Interval
    from dealerrules.outcome import Json
    from dealerrules.policy.model import AnyDecision, Cell, Edition


@dataclass(frozen=True, slots=True)
class Said:
    """What a decision says of a subject.

    Attributes:
        key: the level, stage, band, value or rows; none where there is no answer.
        status: decided, undetermined or undefined; ``not_there`` where the book has no such decision.
        title: the answer as people read it.
        because: the rules that give it.
        gives: a digest of everything that comes out with it, to compare by.
        rank: where it stands among the answers that have an order; the first is the best level, or the first stage.
    """

    key: str | None
    status: str
    title: Title = field(compare=False)
    because: tuple[str, ...] = field(default=(), compare=False)
    gives: str = field(default="", compare=False)
    rank: int | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Json]:
        """Return the answer as plain JSON values."""
        return {"answer": self.key, "status": self.status, "title": dict(self.title.to_dict())}


NOT_THERE = Said(None, "not_there", Title("（没有此判定）", "(no such decision)"))
NOT_ELIGIBLE = Title("不符合条件", "not eligible")
_STATUS = {
    Status.DECIDED: Title("没有结果", "no answer"),
    Status.UNDETERMINED: Title("尚不能确定", "not settled"),
    Status.UNDEFINED: Title("没有结果", "no answer"),
}
HIGHER = Title("，可能更高", ", possibly higher")
MORE_ROWS = Title("，可能还有", ", possibly more")


def said(edition: Edition | None, name: str, true: int, unknown: int, *, paid: bool = True) -> Said:
    """Return what a decision of an edition says, from the truths of its rules.

    Args:
        edition: none where no version is in force for the subject.
        name: of the decision.
        true: mask of the rules that hold.
        unknown: mask of those that are unknown.
        paid: of a payout, whether its amount is known.
    """
    if edition is None or name not in edition.decisions:
        return Said(None, Status.UNDEFINED.value, _STATUS[Status.UNDEFINED])
    decision = edition.decisions[name]
    found = verdict(decision, true, unknown)
    status = found.status
    if isinstance(decision, Payout) and status is Status.DECIDED and not paid:
        return Said(None, Status.UNDEFINED.value, _STATUS[Status.UNDEFINED])
    title, key = _titled(edition, decision, found)
    return Said(
        key,
        status.value,
        title,
        found.because or (found.rows if status is Status.DECIDED else ()),
        digest(meaning_of(gives(edition, decision, found))),
        _rank(decision, found),
    )


def _titled(edition: Edition, decision: AnyDecision, found: Verdict) -> tuple[Title, str | None]:
    """Return the answer as people read it, and as a key."""
    words = {lang: Wording(edition, decision.subject, lang) for lang in ("zh", "en")}
    match decision:
        case Tier():
            assert found.answer is not None
            title = Title(*(words[lang].answer(decision, found.answer) for lang in ("zh", "en")))
            return (title if found.status is Status.DECIDED else _and(title, HIGHER)), found.answer
        case Rules(hit=Hit.COLLECT) if found.status is Status.UNDETERMINED and found.rows:
            title, key = _row_titles(decision, found, words)
            return _and(title, MORE_ROWS), key
        case _ if found.status is not Status.DECIDED:
            return _STATUS[found.status], None
        case Rules():
            return _row_titles(decision, found, words)
        case Stage() | Payout() | Offer():
            if found.answer is None:
                return NOT_ELIGIBLE, None
            key = found.answer
            return Title(words["zh"].answer(decision, key), words["en"].answer(decision, key)), key
        case _:
            assert_never(decision)


def _and(title: Title, more: Title) -> Title:
    return Title(f"{title.zh}{more.zh}", f"{title.en}{more.en}")


def _row_titles(table: Rules, found: Verdict, words: Mapping[str, Wording]) -> tuple[Title, str]:
    """Return what a table says: a value by itself, lists by the rows that give them."""
    cells = found.cells
    plain = table.hit is not Hit.COLLECT and all(each.type is not None for each in table.outputs)
    if plain and cells is not None:
        texts = {
            lang: each.cell(table.outputs[0], cells[table.outputs[0].id])
            if len(table.outputs) == 1
            else each.cells(table, cells)
            for lang, each in words.items()
        }
        key = ", ".join(f"{json_value(_scalar(cells[each.id]))}" for each in table.outputs)
        return Title(texts["zh"], texts["en"]), key
    if not found.rows:
        return Title("没有一行成立", "no row holds"), ""
    titles = {lang: [each.answer(table, row) for row in found.rows] for lang, each in words.items()}
    return Title("、".join(titles["zh"]), ", ".join(titles["en"])), " ".join(found.rows)


def _scalar(cell: Cell) -> object:
    return str(cell).lower() if isinstance(cell, bool) else cell


def _rank(decision: AnyDecision, found: Verdict) -> int | None:
    match decision:
        case Tier():
            return [level.id for level in decision.levels].index(str(found.answer))
        case Stage() if found.answer is not None:
            return decision.order.index(found.answer)
        case _:
            return None


def gives(edition: Edition, decision: AnyDecision, found: Verdict) -> object:
    """Return everything that comes out with an answer, but for the rules that give it and amounts."""
    answer = found.answer
    match decision:
        case Tier():
            held = decision.levels[[level.id for level in decision.levels].index(str(answer)) :]
            levels = [[each.benefits, each.follow_up] for each in held]
            return [held[0].cadence, held[0].data, levels, found.angles]
        case Stage():
            return decision.stages[str(answer)].data if answer in decision.stages else None
        case Payout():
            return [decision.payee, decision.bands[str(answer)].data if answer in decision.bands else None]
        case Offer():
            if answer is None:
                return None
            package = decision.packages[answer]
            names = sorted({*package.always, *(n for each in package.choose_one.values() for n in each)})
            return [package, {name: _worth(edition, name) for name in names}, decision.rule(answer).data]
        case Rules():
            rows = [decision.cells[row] for row in found.rows]
            if not rows and found.cells is not None:
                rows = [found.cells]
            items = {
                str(name): _worth(edition, str(name))
                for output in decision.outputs
                if output.form == "items"
                for cells in rows
                for name in cells[output.id]  # type: ignore[union-attr]
            }
            collects = decision.hit is Hit.COLLECT
            return [
                collects,
                rows if collects else rows[:1],
                items,
                [decision.rule(row).data for row in found.rows],
            ]
        case _:
            assert_never(decision)


def _worth(edition: Edition, item: str) -> object:
    made = edition.items[item]
    return [made.value, made.price, made.refund]


# ---------------------------------------------------------------------------------------------------
# Whose answers may differ, and which rules may be why


def touched(interval: Interval) -> tuple[str, ...]:
    """Return the decisions whose answers may differ: they, what they read, or the things they give are others."""
    old, new = interval.old, interval.new
    names = dict.fromkeys((*(old.decisions if old else ()), *(new.decisions if new else ())))
    return tuple(name for name in names if _means(old, name) != _means(new, name))


def _means(edition: Edition | None, name: str) -> object:
    if edition is None or name not in edition.decisions:
        return None
    decision = edition.decisions[name]
    worth = {item: _worth(edition, item) for item in sorted(set(given(decision)))}
    return [meanings(edition, [name]), before_it(edition, name), worth]


def given(decision: AnyDecision) -> Iterator[str]:
    """Yield the things that a decision gives."""
    if isinstance(decision, Offer):
        for package in decision.packages.values():
            for names in (package.always, *package.choose_one.values()):
                yield from names
    elif isinstance(decision, Rules):
        rows = [*decision.cells.values(), *([decision.otherwise] if decision.otherwise is not None else [])]
        for cells in rows:
            for output in decision.outputs:
                cell = cells[output.id]
                if output.form == "items" and isinstance(cell, tuple):
                    yield from map(str, cell)


def changed_rules(old: Edition | None, new: Edition | None, name: str) -> frozenset[str]:
    """Return the rules of a decision that hold for others than before, or grant something else, by themselves.

    A rule that only follows from another one of the same decision, as an angle's level does, is not one of them.
    """
    was = old.decisions.get(name) if old is not None else None
    now = new.decisions.get(name) if new is not None else None
    if old is None or new is None or was is None or now is None or was.kind != now.kind:
        return frozenset()
    before, after = ({rule.id: rule for rule in each.rules} for each in (was, now))
    found = set(before) ^ set(after)
    for rule_id in set(before) & set(after):
        one, other = before[rule_id], after[rule_id]
        grants = [_grants(each, rule_id) for each in (was, now)]
        reads = {
            node.name if isinstance(node, Fact) else node.decision
            for node in walk(other.when)
            if isinstance(node, Fact | Answer) or (isinstance(node, LevelIn) and node.decision != name)
        }
        same = canonical(one.when) == canonical(other.when) and grants[0] == grants[1]
        if not same or _altered(old, new, was.subject, reads):
            found.add(rule_id)
    return frozenset(found)


def _grants(decision: AnyDecision, rule: str) -> object:
    match decision:
        case Payout():
            return meaning_of([decision.lines[rule], decision.times, decision.cap, decision.floor])
        case Offer():
            return meaning_of(decision.packages[rule])
        case Rules():
            return meaning_of(decision.cells[rule])
        case Tier() | Stage():
            return decision.rule(rule).answer
        case _:
            assert_never(decision)


def _altered(old: Edition, new: Edition, subject: str, names: Iterable[str]) -> frozenset[str]:
    """Return the facts and decisions of a subject, among some, that mean something else in all that they read."""
    return frozenset(name for name in names if _read(old, subject, name) != _read(new, subject, name))


def _read(edition: Edition, subject: str, name: str) -> dict[str, object]:
    """Return what a fact or a decision means, with all that it reads, by name."""
    seen: dict[str, object] = {}
    stack = [name]
    while stack:
        each = stack.pop()
        made = edition.decisions.get(each)
        if each in seen:
            continue
        if made is not None and made.subject == subject:
            seen[each] = meanings(edition, [each])
        elif each in edition.facts[subject]:
            expr = edition.fact(subject, each).expr
            seen[each] = canonical(expr)
            stack += [
                node.name if isinstance(node, Fact) else node.decision
                for node in walk(expr)
                if isinstance(node, Fact | Answer | LevelIn)
            ]
    return seen


def rate_meanings_by_name(edition: Edition) -> dict[str, str]:
    """Return for each rate a digest of what it means, with all that it reads."""
    return {
        name: digest(rate_meanings(replace(edition, rates={name: rate})))
        for name, rate in edition.rates.items()
    }
