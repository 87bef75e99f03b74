"""Tables: gaps, overlaps, rows that are never reached, twice the same, or can never hold.

Place in the flow: the analyser's part for whatever has rules that exclude or mask each other: rules tables first,
and the same questions of stages and bands.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from dealerrules.analysis.answers import content
from dealerrules.analysis.diagrams import EMPTY, FULL
from dealerrules.analysis.findings import listed
from dealerrules.diagnostics import Phrase
from dealerrules.expr import All, all_of
from dealerrules.policy.document import OfferShape, PayoutShape, RulesShape, StageShape
from dealerrules.policy.model import Hit, Payout, Rules, Stage
from dealerrules.values import ABSENT

if TYPE_CHECKING:
    from dealerrules.analysis.findings import Desk
    from dealerrules.expr import Expr
    from dealerrules.policy.model import Rule

MAX_GAPS = 5
"""Of one decision that are told one by one."""
NO_EVENT = "no_event"
"""How an acknowledgement names the gap of those without the event that is measured from."""
MAX_PAIRS = 20
"""Of rows of one decision that hold together."""


def check_table(desk: Desk) -> None:
    """Report what is wrong with a rules table."""
    table = desk.decision
    assert isinstance(table, Rules)
    holds = check_possible(desk, "DR706", "rule")
    live = [name for name in table.order if name in holds]
    same = _duplicates(desk, table, live, holds)
    rest = [name for name in live if name not in same]
    match table.hit:
        case Hit.FIRST | Hit.PRIORITY:
            _masked(desk, rest, holds)
        case Hit.UNIQUE:
            _overlaps(desk, rest, holds, "DR702")
        case Hit.ANY:
            _overlaps(desk, rest, holds, "DR703")
        case Hit.COLLECT:
            pass
    check_gaps(desk)


def check_stages(desk: Desk) -> None:
    """Report stages that no value reaches, or that those looked at first always hide."""
    stage = desk.decision
    assert isinstance(stage, Stage)
    holds = check_possible(desk, "DR724", "band")
    _masked(desk, [name for name in stage.order if name in holds], holds)
    check_gaps(desk)


def check_possible(desk: Desk, code: str, word: str) -> dict[str, int]:
    """Report rules that can never hold; return where the others do."""
    holds: dict[str, int] = {}
    never: list[Rule] = []
    for rule in desk.decision.rules:
        region = desk.space.both(desk.space.rule(0, rule).true, desk.space.possible)
        if region != EMPTY:
            holds[rule.id] = region
        else:
            never.append(rule)
    shape = desk.source.shape
    if (
        isinstance(shape, PayoutShape | OfferShape)
        and shape.when is not None
        and not holds.keys() - _NOT_PAID
    ):
        name, at = desk.decision.name, shape.key_span("when")
        desk.report("DR706", at, [name], rule=name, why=_why(desk, never[0]))
        return holds
    for rule in never:
        if isinstance(shape, StageShape) and rule.id in shape.first:
            desk.report("DR706", desk.place(rule.id), [rule.id], rule=rule.id, why=_why(desk, rule))
        else:
            desk.report(code, desk.place(rule.id), [rule.id], also={word: rule.id}, why=_why(desk, rule))
    return holds


_NOT_PAID = frozenset({"otherwise"})
"""What a payout calls the rule for those whom its condition leaves out."""


def _why(desk: Desk, rule: Rule) -> Phrase:
    """Return the fewest tests of a condition that cannot hold together."""
    parts: tuple[Expr, ...] = rule.when.items if isinstance(rule.when, All) else (rule.when,)
    for size in (1, 2, 3):
        for some in combinations(parts, size):
            truths = [desk.space.truth(0, part).true for part in some]
            if desk.space.is_empty(desk.space.sets.all_of(truths)):
                return desk.say(all_of(list(some)))
    return desk.say(rule.when)


def _duplicates(desk: Desk, table: Rules, live: list[str], holds: dict[str, int]) -> set[str]:
    """Report rows that hold for the same inputs as an earlier one and say the same."""
    first: dict[tuple[int, str], str] = {}
    twice: set[str] = set()
    for name in live:
        key = (holds[name], content(desk.edition, table, table.cells[name]))
        other = first.setdefault(key, name)
        if other != name:
            twice.add(name)
            desk.report(
                "DR705",
                desk.place(name),
                [name],
                related=((desk.place(other), _OTHER),),
                row=name,
                other=other,
                sample=desk.example(holds[name]),
            )
    return twice


_OTHER = Phrase("另一行", "the other row")


def _masked(desk: Desk, order: list[str], holds: dict[str, int]) -> None:
    """Report rules, of which the first that holds decides, that others always come before.

    Those that one other hides come first: what several hide together may be too large to tell.
    """
    told: set[str] = set()
    for at, name in enumerate(order):
        for other in order[:at]:
            if desk.space.is_empty(desk.space.minus(holds[name], holds[other])):
                _report_masked(desk, name, [other], order[:at], holds)
                told.add(name)
                break
    reached = EMPTY
    for at, name in enumerate(order):
        if name not in told and desk.space.is_empty(desk.space.minus(holds[name], reached)):
            _report_masked(desk, name, hiding(desk, name, order[:at], holds), order[:at], holds)
        reached = desk.space.either(reached, holds[name])


def _report_masked(desk: Desk, name: str, above: list[str], before: list[str], holds: dict[str, int]) -> None:
    sample = holds[name]
    winner = next(other for other in before if desk.space.both(_at(desk, sample), holds[other]) != EMPTY)
    desk.report(
        "DR704",
        desk.place(name),
        [name],
        related=tuple((desk.place(other), _BEFORE) for other in above),
        row=name,
        others=listed(above),
        sample=desk.example(sample),
        winner=winner,
    )


_BEFORE = Phrase("先成立的", "holds first")


def _at(desk: Desk, region: int) -> int:
    """Return the very point of a set that its sample stands for."""
    point = desk.space.sets.point(desk.space.both(region, desk.space.possible))
    return desk.space.sets.box({at: [(cell, cell + 1)] for at, cell in _whole(desk, point).items()})


def _whole(desk: Desk, point: dict[int, int]) -> dict[int, int]:
    return {at: point.get(at, 0) for at in range(len(desk.space.axes))}


def hiding(desk: Desk, name: str, before: list[str], holds: dict[str, int]) -> list[str]:
    """Return the fewest rules, as far as one by one can tell, that hide one together."""
    for other in before:
        if desk.space.is_empty(desk.space.minus(holds[name], holds[other])):
            return [other]
    needed = [other for other in before if desk.space.both(holds[name], holds[other]) != EMPTY]
    for other in list(needed):
        rest = desk.space.sets.any_of([holds[each] for each in needed if each != other])
        if desk.space.is_empty(desk.space.minus(holds[name], rest)):
            needed.remove(other)
    return needed


def _overlaps(desk: Desk, order: list[str], holds: dict[str, int], code: str) -> None:
    """Report pairs of rows that hold together, and may not."""
    table = desk.decision
    assert isinstance(table, Rules)
    told = 0
    for at, name in enumerate(order):
        for other in order[:at]:
            together = desk.space.both(holds[name], holds[other])
            if desk.space.is_empty(together):
                continue
            if code == "DR703" and table.cells[name] == table.cells[other]:
                continue
            if told == MAX_PAIRS:
                desk.report("DR708", desk.source.span, [], name=table.name, count=str(told))
                return
            told += 1
            words, _, sample = next(desk.boxes(together, 1))
            desk.report(
                code,
                desk.place(name),
                [name, other],
                related=((desk.place(other), _OTHER),),
                row=name,
                other=other,
                inputs=words,
                sample=sample,
            )


def check_gaps(desk: Desk) -> None:
    """Report inputs for which nothing is said; where that is stated to be meant, that there is none."""
    decision, shape = desk.decision, desk.source.shape
    if isinstance(decision, Rules) and decision.otherwise is not None:
        gap = EMPTY
    else:
        gap = FULL
        for rule in decision.rules:
            gap = desk.space.both(gap, desk.space.rule(0, rule).false)
    empty = desk.space.is_empty(gap)
    assert isinstance(shape, StageShape | RulesShape | PayoutShape)
    if shape.gaps is not None:
        if empty:
            desk.report("DR707", shape.key_span("gaps"), [], name=decision.name)
        return
    if empty:
        return
    at = shape.key_span({"payout": "bands", "stage": "stages"}.get(decision.kind, "rows"))
    absent = desk.space.sets.any_of(
        [
            desk.space.sets.cells(place, axis.runs([cell.sample is ABSENT for cell in axis.cells]))
            for place, axis in enumerate(desk.space.axes)
        ]
    )
    told = [
        (about, box)
        for about, part in (((), desk.space.minus(gap, absent)), ((NO_EVENT,), desk.space.both(gap, absent)))
        for box in desk.boxes(part, MAX_GAPS)
    ]
    for about, (words, when, sample) in told:
        desk.report(
            "DR701",
            at,
            about,
            name=decision.name,
            inputs=words,
            sample=sample,
            close=_closing(decision, when),
        )


def _closing(decision: object, when: str | None) -> Phrase:
    if isinstance(decision, Stage):
        return Phrase(
            "让第一段从最小的数开始；没有这样的事件时，写 `when_absent:`",
            "begin the first stage at the lowest value; for those without such an event, write `when_absent:`",
        )
    if isinstance(decision, Payout):
        return Phrase(
            "让第一档从最小的数开始，并为每个取值写出分档",
            "begin the first band at the lowest value, and list bands for every value",
        )
    if when is None:
        return Phrase("补一行，或写 `otherwise:`", "add a row, or write `otherwise:`")
    return Phrase(
        f"补一行，例如 `- {{id: …, when: {when}, then: …}}`，或写 `otherwise:`",
        f"add a row, such as `- {{id: …, when: {when}, then: …}}`, or write `otherwise:`",
    )
