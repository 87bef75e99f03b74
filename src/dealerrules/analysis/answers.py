"""Answers: where a decision says what, from where its rules hold; the verdict, told of sets instead of one subject.

Place in the flow: the analyser's space asks here what its conditions come to. ``verdict`` says the same of one
subject, and a property test holds the two equal.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from dealerrules.analysis.axes import resolved
from dealerrules.analysis.diagrams import EMPTY, FULL, TooLargeError
from dealerrules.expr import canonical
from dealerrules.policy.model import Hit, Offer, Payout, Rules, Stage, Tier, meaning_of
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealerrules.analysis.diagrams import Diagrams
    from dealerrules.expr import Expr
    from dealerrules.policy.model import AnyDecision, Cell, Edition

MAX_ANSWERS = 2048
"""Different answers of one decision: a `collect` table gives any combination of its rows."""


@dataclass(frozen=True, slots=True)
class Truths:
    """For which points a condition is true, and for which it is false; for the others it is unknown."""

    true: int
    false: int


@dataclass(frozen=True, slots=True)
class Key:
    """An answer: equal where two decisions say the same.

    `answer` is the level, stage or band, or the rows (joined) that give it; `says` is all that it means.
    """

    status: Status
    answer: str | None = None
    says: str = ""
    rows: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a decision: its edition, the sets of the space, and where a condition holds."""

    edition: Edition
    sets: Diagrams
    truth: Callable[[Expr], Truths]

    def rule(self, decision: AnyDecision, name: str) -> Truths:
        """Return where a rule holds."""
        return self.truth(decision.rule(name).when)


def partition(asked: Asked, decision: AnyDecision) -> dict[Key, int]:
    """Return the whole space by what a decision answers; what no point gets is left out.

    Raises:
        TooLargeError: for a `collect` table with too many combinations of rows.
    """
    found: dict[Key, int] = defaultdict(lambda: EMPTY)
    match decision:
        case Tier():
            for (granted, best), region in levels(asked, decision, None).items():
                status = Status.DECIDED if granted == best else Status.UNDETERMINED
                key = Key(status, decision.levels[granted].id)
                found[key] = asked.sets.either(found[key], region)
        case Stage():
            found.update(_in_order(asked, decision, {name: (name, "") for name in decision.order}, None))
        case Payout():
            _bands(asked, decision, found, Key(Status.UNDEFINED, "below_bands"), Status.UNDEFINED)
        case Offer():
            _bands(asked, decision, found, Key(Status.DECIDED), Status.UNDETERMINED)
        case Rules():
            found.update(_rows(asked, decision))
        case _:
            assert_never(decision)
    return {key: region for key, region in found.items() if region != EMPTY}


# ---------------------------------------------------------------------------------------------------
# Tiers


def levels(asked: Asked, tier: Tier, angle: str | None) -> dict[tuple[int, int], int]:
    """Return the points by the level granted and the best one still possible, as places in ``tier.levels``."""
    sets, last = asked.sets, len(tier.levels) - 1
    rules = [rule for rule in tier.rules if angle is None or rule.angle == angle]
    by_level = [
        [asked.truth(rule.when) for rule in rules if rule.answer == level.id] for level in tier.levels[:last]
    ]
    holds = [sets.any_of([each.true for each in truths]) for truths in by_level]
    fails = [sets.all_of([each.false for each in truths]) for truths in by_level]
    found: dict[tuple[int, int], int] = {}
    for granted in range(last + 1):
        here = sets.all_of(
            [holds[granted] if granted < last else FULL, *(sets.negate(each) for each in holds[:granted])]
        )
        for best in range(granted + 1):
            region = sets.both(here, sets.all_of(fails[:best]))
            if best < granted:
                region = sets.minus(region, fails[best])
            if region != EMPTY:
                found[granted, best] = region
    return found


# ---------------------------------------------------------------------------------------------------
# Payouts and offers: bands exclude each other


def _bands(
    asked: Asked, decision: Payout | Offer, found: dict[Key, int], nothing: Key, open_: Status
) -> None:
    none = FULL
    matched = EMPTY
    for rule in decision.rules:
        truths = asked.truth(rule.when)
        key = Key(Status.DECIDED, rule.id, _says(asked.edition, decision, rule.id))
        found[key] = truths.true
        matched = asked.sets.either(matched, truths.true)
        none = asked.sets.both(none, truths.false)
    found[nothing] = none
    found[Key(open_, "unknown")] = asked.sets.negate(asked.sets.either(matched, none))


def _says(edition: Edition, decision: Payout | Offer, rule: str) -> str:
    """Return what a band gives, as a text that differs where the meaning does."""
    if isinstance(decision, Payout):
        parts = (decision.lines[rule], decision.times, decision.cap, decision.floor, decision.rounding)
        return _text(canonical(resolved(parts, edition, decision.subject)))
    package = decision.packages[rule]
    items = {name for names in package.choose_one.values() for name in names} | set(package.always)
    return _text([meaning_of(package), {name: meaning_of(edition.items[name]) for name in sorted(items)}])


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


# ---------------------------------------------------------------------------------------------------
# Rules tables, and whatever takes the first rule in an order

Content = tuple[str | None, str]
"""What a row says: an answer to show and its whole meaning; equal meanings are one content."""


def content(edition: Edition, table: Rules, cells: Mapping[str, Cell]) -> str:
    """Return what a row says as a text that differs where the meaning does."""
    items = {
        str(name): meaning_of(edition.items[str(name)])
        for output in table.outputs
        if output.form == "items"
        for name in cells[output.id]  # type: ignore[union-attr]
    }
    return _text([{name: meaning_of(cell) for name, cell in cells.items()}, items])


def _rows(asked: Asked, table: Rules) -> dict[Key, int]:
    contents = {name: (None, content(asked.edition, table, table.cells[name])) for name in table.order}
    otherwise = (
        (None, content(asked.edition, table, table.otherwise)) if table.otherwise is not None else None
    )
    match table.hit:
        case Hit.FIRST | Hit.PRIORITY:
            return _in_order(asked, table, contents, otherwise)
        case Hit.UNIQUE:
            return _alone(asked, table, contents, otherwise)
        case Hit.ANY:
            return _agreeing(asked, table, contents, otherwise)
        case Hit.COLLECT:
            return _collected(asked, table, contents, otherwise)
        case _:
            assert_never(table.hit)


class _Found:
    """A partition being made."""

    def __init__(self, asked: Asked) -> None:
        self.sets = asked.sets
        self.regions: dict[Key, int] = defaultdict(lambda: EMPTY)

    def add(self, key: Key, region: int) -> None:
        if region != EMPTY:
            self.regions[key] = self.sets.either(self.regions[key], region)

    def decided(self, said: Content, region: int) -> None:
        self.add(Key(Status.DECIDED, *said), region)

    def nothing(self, otherwise: Content | None, region: int) -> None:
        """No row holds."""
        if otherwise is None:
            self.add(Key(Status.UNDEFINED, "no_rule"), region)
        else:
            self.decided(otherwise, region)


OPEN = Key(Status.UNDETERMINED, "unknown")
CONFLICT = Key(Status.UNDEFINED, "conflict")


def _in_order(
    asked: Asked, decision: AnyDecision, contents: Mapping[str, Content], otherwise: Content | None
) -> dict[Key, int]:
    """The first rule that is not false answers, if it is true, or if all that may still win say the same."""
    sets, made = asked.sets, _Found(asked)
    left = FULL  # every rule so far is false
    waiting: dict[Content, int] = {}  # those that are not false are unknown, and all say this
    agreeing = isinstance(decision, Rules)  # of a stage, two that are possible are never the same
    for name in decision.order if isinstance(decision, Stage | Rules) else ():
        said, truths = contents[name], asked.rule(decision, name)
        unknown = sets.negate(sets.either(truths.true, truths.false))
        for other, region in list(waiting.items()):
            same = agreeing and other == said
            if same:
                made.decided(said, sets.both(region, truths.true))
                waiting[other] = sets.minus(region, truths.true)
            else:
                made.add(OPEN, sets.minus(region, truths.false))
                waiting[other] = sets.both(region, truths.false)
        made.decided(said, sets.both(left, truths.true))
        waiting[said] = sets.either(waiting.get(said, EMPTY), sets.both(left, unknown))
        left = sets.both(left, truths.false)
    for said, region in waiting.items():
        if agreeing and otherwise == said:
            made.decided(said, region)
        else:
            made.add(OPEN, region)
    made.nothing(otherwise, left)
    return made.regions


def _alone(
    asked: Asked, table: Rules, contents: Mapping[str, Content], otherwise: Content | None
) -> dict[Key, int]:
    """One row may hold."""
    sets, made = asked.sets, _Found(asked)
    none, many, some, twice = FULL, EMPTY, EMPTY, EMPTY
    true: dict[Content, int] = {}
    open_: dict[Content, int] = {}
    for name in table.order:
        said, truths = contents[name], asked.rule(table, name)
        possible = sets.negate(truths.false)
        unknown = sets.minus(possible, truths.true)
        twice = sets.either(twice, sets.both(some, truths.true))
        some = sets.either(some, truths.true)
        many = sets.either(many, sets.minus(possible, none))
        for each in (true, open_):
            for other, region in each.items():
                each[other] = sets.both(region, truths.false)
        true[said] = sets.either(true.get(said, EMPTY), sets.both(none, truths.true))
        open_[said] = sets.either(open_.get(said, EMPTY), sets.both(none, unknown))
        none = sets.both(none, truths.false)
    made.add(CONFLICT, twice)
    made.add(OPEN, sets.minus(many, twice))
    for said, region in true.items():
        made.decided(said, region)
    for said, region in open_.items():
        if said == otherwise:
            made.decided(said, region)
        else:
            made.add(OPEN, region)
    made.nothing(otherwise, none)
    return made.regions


def _agreeing(
    asked: Asked, table: Rules, contents: Mapping[str, Content], otherwise: Content | None
) -> dict[Key, int]:
    """Several rows may hold when they say the same."""
    sets, made = asked.sets, _Found(asked)
    true: dict[Content, int] = {}
    false: dict[Content, int] = {}
    for name in table.order:
        said, truths = contents[name], asked.rule(table, name)
        true[said] = sets.either(true.get(said, EMPTY), truths.true)
        false[said] = sets.both(false.get(said, FULL), truths.false)
    none = sets.all_of(false.values())
    conflict = some = EMPTY
    for region in true.values():
        conflict = sets.either(conflict, sets.both(some, region))
        some = sets.either(some, region)
    made.add(CONFLICT, conflict)
    rest = sets.minus(sets.negate(none), conflict)
    for said, region_true in true.items():
        others = sets.all_of([region for other, region in false.items() if other != said])
        sure = region_true if otherwise != said else FULL
        region = sets.both(sets.both(rest, others), sure)
        made.decided(said, region)
        rest = sets.minus(rest, region)
    made.add(OPEN, rest)
    made.nothing(otherwise, none)
    return made.regions


def _collected(
    asked: Asked, table: Rules, contents: Mapping[str, Content], otherwise: Content | None
) -> dict[Key, int]:
    """All rows that hold answer together, in the order written."""
    sets = asked.sets
    parts: dict[tuple[tuple[str, ...], bool], int] = {((), False): FULL}
    for name in table.order:
        truths = asked.rule(table, name)
        unknown = sets.negate(sets.either(truths.true, truths.false))
        split: dict[tuple[tuple[str, ...], bool], int] = defaultdict(lambda: EMPTY)
        for (rows, open_), region in parts.items():
            for more, any_open, part in (
                ((name,), open_, truths.true),
                ((), open_, truths.false),
                ((), True, unknown),
            ):
                piece = sets.both(region, part)
                if piece != EMPTY:
                    key = ((*rows, *more), any_open)
                    split[key] = sets.either(split[key], piece)
        if len(split) > MAX_ANSWERS:
            raise TooLargeError
        parts = split
    made = _Found(asked)
    for (rows, open_), region in parts.items():
        said = _text([contents[name][1] for name in rows])
        if open_:
            made.add(Key(Status.UNDETERMINED, ", ".join(rows), said, rows), region)
        elif rows:
            made.add(Key(Status.DECIDED, ", ".join(rows), said, rows), region)
        else:
            made.nothing(otherwise, region)
    return made.regions
