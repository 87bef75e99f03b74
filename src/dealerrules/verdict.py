"""The verdict: from the truths of a decision's rules to its answer; the one place that knows what they mean together.

Place in the flow: every engine hands over two masks (bit i for ``decision.rules[i]``: true, unknown); out comes
what is granted, because of which rules, and which unknown rules could still change it. Payouts are settled here
too: exact line amounts to a receipt in whole fen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from dealerrules.policy.model import AnyDecision, Cell, Hit, Offer, Payout, Rules, Stage, Tier
from dealerrules.values import ABSENT, Maybe, Rounding, reduced, round_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Status(StrEnum):
    """How far a decision got."""

    DECIDED = "decided"  #: the answer stands, whatever the unknown facts turn out to be
    UNDETERMINED = "undetermined"  #: unknown facts could change it
    UNDEFINED = "undefined"  #: there is no answer; the reason says why


_REASONS = {
    "not_in_force": (
        "on {day} no version of `{policy}` is in force; the first begins on {first}",
        "{day} 没有有效的 `{policy}` 版本；最早的版本从 {first} 开始",
    ),
    "dated_after": (
        "`{field}` {date} is after the day of evaluation {day}",
        "`{field}` {date} 晚于评估日 {day}",
    ),
    "date_unknown": ("`{field}` is not recorded", "没有记录 `{field}`"),
    "no_rule": (
        "no rule holds and the policy states nothing otherwise",
        "没有一条成立，政策也没有写其他情况",
    ),
    "conflict": ("several rows hold at once: {rows}", "同时有几行成立：{rows}"),
    "below_bands": ("the measure lies below the first band", "数值低于第一档"),
    "no_event": ("there is no event to measure from: {facts}", "没有可以起算的事件：{facts}"),
    "unknown_facts": ("these facts are not recorded: {facts}", "以下事实没有记录：{facts}"),
    "over_zero": ("{facts} is 0, so there is nothing to divide by", "{facts} 为0，无法计算比例"),
    "nothing_below": (
        "nothing is counted below the line, and over 0 there is no rate",
        "分母数不到任何东西，分母为0没有比率",
    ),
    "unknown_rules": (
        "facts that are not recorded could change the answer: {facts}",
        "没有记录的事实可能改变结果：{facts}",
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no (settled) answer; ``str()`` gives English."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict, hash=False)

    def text(self, lang: str = "en") -> str:
        """Return the reason in words, ``zh`` or ``en``."""
        return _REASONS[self.code][lang == "zh"].format_map(self.values)

    def __str__(self) -> str:
        """Return the reason in English."""
        return self.text()

    def to_dict(self) -> dict[str, str]:
        """Return code and words as plain JSON values."""
        return {"code": self.code, "en": self.text(), "zh": self.text("zh")}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the truths of the rules mean together; rules by id.

    `rules` are those that give the answer, in the order that the decision states; none when there is none.
    """

    status: Status
    because: tuple[str, ...]
    matched: tuple[str, ...]
    undetermined: tuple[str, ...]
    answer: str | None = None
    reason: Reason | None = None
    angles: Mapping[str, str] = field(default_factory=dict, hash=False)
    rows: tuple[str, ...] = ()
    cells: Mapping[str, Cell] | None = field(default=None, hash=False)


def verdict(decision: AnyDecision, true: int, unknown: int) -> Verdict:
    """Return what a decision's rule truths mean.

    Args:
        decision: of any kind.
        true: mask of the rules that hold; bit i is ``decision.rules[i]``.
        unknown: mask of the rules that are undetermined.
    """
    holds = {rule.id for at, rule in enumerate(decision.rules) if true >> at & 1}
    open_ = {rule.id for at, rule in enumerate(decision.rules) if unknown >> at & 1}
    match decision:
        case Tier():
            return _tier(decision, holds, open_)
        case Stage():
            return _stage(decision, holds, open_)
        case Payout():
            return _payout(decision, holds, open_)
        case Offer():
            return _offer(decision, holds, open_)
        case Rules():
            return _rules(decision, holds, open_)
        case _:
            assert_never(decision)


def _in_order(decision: AnyDecision, ids: set[str]) -> tuple[str, ...]:
    return tuple(rule.id for rule in decision.rules if rule.id in ids)


# ---------------------------------------------------------------------------------------------------
# Tier


def level_range(tier: Tier, angle: str | None, holds: set[str], open_: set[str]) -> tuple[int, int]:
    """Return the granted level and the best one still possible, as places in ``tier.levels`` (0 is best)."""
    place = {level.id: at for at, level in enumerate(tier.levels)}
    last = len(tier.levels) - 1
    rules = [rule for rule in tier.rules if angle is None or rule.angle == angle]
    granted = min((place[rule.answer] for rule in rules if rule.id in holds), default=last)
    possible = min((place[rule.answer] for rule in rules if rule.id in open_), default=last)
    return granted, min(granted, possible)


def possible_levels(tier: Tier, angle: str | None, holds: set[str], open_: set[str]) -> tuple[str, ...]:
    """Return the levels that are possible, best first; the last of them is granted."""
    granted, best = level_range(tier, angle, holds, open_)
    return tuple(level.id for level in tier.levels[best : granted + 1])


def _tier(tier: Tier, holds: set[str], open_: set[str]) -> Verdict:
    granted, best = level_range(tier, None, holds, open_)
    level = tier.levels[granted].id
    granting = [rule for rule in tier.rules if rule.id in holds and rule.answer == level]
    earned = [
        rule for rule in granting if rule.angle is not None
    ]  # that it is kept matters where nothing else grants it
    better = {each.id for each in tier.levels[:granted]}
    return Verdict(
        status=Status.UNDETERMINED if best < granted else Status.DECIDED,
        because=tuple(rule.id for rule in earned or granting),
        matched=_in_order(tier, holds),
        undetermined=tuple(rule.id for rule in tier.rules if rule.id in open_ and rule.answer in better),
        answer=level,
        angles={
            angle.id: tier.levels[level_range(tier, angle.id, holds, open_)[0]].id for angle in tier.angles
        },
    )


# ---------------------------------------------------------------------------------------------------
# First in order: stages, and rules tables with `first` or `priority`


def _first(order: Sequence[str], holds: set[str], open_: set[str]) -> tuple[list[str], bool]:
    """Return the rules that could win, in order, and whether possibly none does."""
    possible: list[str] = []
    for rule in order:
        if rule in holds:
            return [*possible, rule], False
        if rule in open_:
            possible.append(rule)
    return possible, True


def _stage(stage: Stage, holds: set[str], open_: set[str]) -> Verdict:
    possible, none_possible = _first(stage.order, holds, open_)
    matched = _in_order(stage, holds)
    if not possible:
        return Verdict(Status.UNDEFINED, (), matched, (), reason=Reason("no_rule"))
    if len(possible) == 1 and not none_possible:
        return Verdict(Status.DECIDED, (possible[0],), matched, (), answer=possible[0])
    return Verdict(Status.UNDETERMINED, (), matched, tuple(rule for rule in possible if rule in open_))


# ---------------------------------------------------------------------------------------------------
# Payouts and offers: bands exclude each other


def _payout(payout: Payout, holds: set[str], open_: set[str]) -> Verdict:
    matched = _in_order(payout, holds)
    if matched:
        return Verdict(Status.DECIDED, matched, matched, (), answer=matched[0])
    if open_:
        return Verdict(
            Status.UNDEFINED, (), (), _in_order(payout, open_), reason=Reason("unknown_facts", {"facts": "?"})
        )
    return Verdict(Status.UNDEFINED, (), (), (), reason=Reason("below_bands"))


def _offer(offer: Offer, holds: set[str], open_: set[str]) -> Verdict:
    matched = _in_order(offer, holds)
    if matched:
        return Verdict(Status.DECIDED, matched, matched, (), answer=matched[0])
    undetermined = _in_order(offer, open_)
    return Verdict(Status.UNDETERMINED if undetermined else Status.DECIDED, (), (), undetermined)


# ---------------------------------------------------------------------------------------------------
# Rules tables


def _rules(table: Rules, holds: set[str], open_: set[str]) -> Verdict:
    match table.hit:
        case Hit.UNIQUE:
            return _unique(table, holds, open_)
        case Hit.ANY:
            return _any(table, holds, open_)
        case Hit.FIRST | Hit.PRIORITY:
            possible, none_possible = _first(table.order, holds, open_)
            return _agreed(table, holds, open_, possible, none_possible=none_possible)
        case Hit.COLLECT:
            return _collect(table, holds, open_)
        case _:
            assert_never(table.hit)


def _rows(table: Rules, ids: set[str]) -> tuple[str, ...]:
    return tuple(row for row in table.order if row in ids)


def _decided(table: Rules, holds: set[str], rows: tuple[str, ...]) -> Verdict:
    cells = table.cells[rows[0]] if rows else table.otherwise
    if cells is None:
        return Verdict(Status.UNDEFINED, (), (), (), reason=Reason("no_rule"))
    answer = rows[0] if rows else None
    return Verdict(Status.DECIDED, rows, _rows(table, holds), (), answer=answer, rows=rows, cells=cells)


def _conflict(table: Rules, holds: set[str]) -> Verdict:
    rows = _rows(table, holds)
    return Verdict(Status.UNDEFINED, (), rows, (), reason=Reason("conflict", {"rows": ", ".join(rows)}))


def _unique(table: Rules, holds: set[str], open_: set[str]) -> Verdict:
    if len(holds) > 1:
        return _conflict(table, holds)
    if len(holds | open_) > 1:  # another row could hold as well, and then there is no answer
        return Verdict(Status.UNDETERMINED, (), _rows(table, holds), _rows(table, open_))
    return _agreed(table, holds, open_, [*holds, *open_], none_possible=not holds)


def _any(table: Rules, holds: set[str], open_: set[str]) -> Verdict:
    rows = _rows(table, holds)
    if any(table.cells[row] != table.cells[rows[0]] for row in rows):
        return _conflict(table, holds)
    possible = [*_rows(table, open_), *rows]
    return _agreed(table, holds, open_, possible, none_possible=not rows)


def _agreed(
    table: Rules, holds: set[str], open_: set[str], possible: list[str], *, none_possible: bool
) -> Verdict:
    """Return the answer when every row that could win (and `otherwise`, if none may) says the same."""
    said = [table.cells[row] for row in possible] + ([table.otherwise] if none_possible else [])
    if all(cells == said[0] for cells in said):
        true = tuple(row for row in table.order if row in possible and row in holds)
        if true or not possible:
            return _decided(table, holds, true)
        return Verdict(Status.DECIDED, (), _rows(table, holds), (), cells=said[0])
    undetermined = tuple(row for row in possible if row in open_)
    return Verdict(Status.UNDETERMINED, (), _rows(table, holds), undetermined)


def _collect(table: Rules, holds: set[str], open_: set[str]) -> Verdict:
    rows = _rows(table, holds)
    undetermined = _rows(table, open_)
    if undetermined:
        return Verdict(Status.UNDETERMINED, rows, rows, undetermined, rows=rows)
    if not rows and table.otherwise is None:
        return Verdict(Status.UNDEFINED, (), (), (), reason=Reason("no_rule"))
    return Verdict(Status.DECIDED, rows, rows, (), rows=rows, cells=None if rows else table.otherwise)


# ---------------------------------------------------------------------------------------------------
# Payouts: the receipt


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a receipt: `units` at `rate` (fen, or a share for percentages) `times` over is `amount` fen.

    `band` is the band that pays it, or ``cap``, ``floor``, ``rounding`` for an adjustment.
    """

    band: str
    units: int | Fraction | None
    rate: int | Fraction | None
    times: int
    amount: int


def settle(
    payout: Payout, rule: str, lines: Sequence[tuple[Maybe, Maybe]], times: Maybe
) -> tuple[int, tuple[Entry, ...]] | None:
    """Return the amount in fen and its receipt, or none when a number in it is unknown.

    Args:
        payout: the decision.
        rule: the rule that holds.
        lines: for each of ``payout.lines[rule]`` its units (ignored for a lump) and exact amount in fen.
        times: the multiplier, 1 where the payout has none.

    Returns:
        the total, rounded once, and entries that sum to it to the fen.
    """
    if not isinstance(times, int):
        return None
    entries: list[Entry] = []
    exact: Fraction | int = 0
    paid = 0
    for line, (units, amount) in zip(payout.lines[rule], lines, strict=True):
        if not isinstance(amount, int | Fraction) or (
            line.units is not None and not isinstance(units, int | Fraction)
        ):
            return None
        exact += amount * times
        # what is paid up to here, rounded as the whole is: so that the lines sum to the total
        so_far = _rounded(payout, exact)
        rate = line.rate.value
        assert isinstance(rate, int | Fraction)
        shown = None if line.units is None or not isinstance(units, int | Fraction) else reduced(units)
        entries.append(Entry(line.band, shown, rate, times, so_far - paid))
        paid = so_far
    total = _bounded(payout, paid)
    if total != paid:
        entries.append(Entry("cap" if total < paid else "floor", None, None, 1, total - paid))
    return total, tuple(entries)


def _rounded(payout: Payout, amount: int | Fraction) -> int:
    mode, unit = payout.rounding or (Rounding.HALF_UP, 1)
    return round_to(amount, mode, unit)


def _bounded(payout: Payout, amount: int) -> int:
    if payout.cap is not None:
        amount = min(amount, int(payout.cap.value))  # type: ignore[arg-type]
    if payout.floor is not None:
        amount = max(amount, int(payout.floor.value))  # type: ignore[arg-type]
    return amount


def answer_value(decision: AnyDecision, found: Verdict, amount: int | None) -> Maybe:
    """Return a decision's answer as the value of a fact.

    Unknown unless decided; an offer that gives nothing is absent; a payout is its `amount` in fen.
    """
    if found.status is not Status.DECIDED:
        return None
    match decision:
        case Stage() | Tier():
            return found.answer
        case Offer():
            return found.answer if found.answer is not None else ABSENT
        case Payout():
            return amount
        case Rules(outputs=outputs):
            value = found.cells[outputs[0].id] if found.cells is not None and len(outputs) == 1 else None
            return None if isinstance(value, tuple) else value
        case _:
            assert_never(decision)
