"""Regions: for which inputs a decision answers otherwise; exact, in the largest boxes, each with a sample subject.

Place in the flow: the analyser finds where two versions of a decision differ; here that is put into words. A region is
told as a part of those who had one answer, so only what tells the others apart is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from dealerrules.analysis.answers import Key, content
from dealerrules.analysis.axes import resolved
from dealerrules.analysis.comparing import differing
from dealerrules.analysis.diagrams import EMPTY, TooLargeError
from dealerrules.analysis.space import Box
from dealerrules.diff.answers import HIGHER, NOT_ELIGIBLE, Said
from dealerrules.diff.examples import Example, Tests, example
from dealerrules.diff.moves import Move, Moves
from dealerrules.diff.trials import tried
from dealerrules.expr import Answer, Elapsed, Fact, LevelIn, walk
from dealerrules.policy.model import Hit, Offer, Payout, Rules, Stage, Tier, Title, meanings
from dealerrules.verdict import Status
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.analysis.axes import Axis
    from dealerrules.analysis.comparing import Difference
    from dealerrules.analysis.diagrams import Cells
    from dealerrules.analysis.space import Space
    from dealerrules.outcome import Json
    from dealerrules.policy.model import AnyDecision, Edition, Named

SHOWN: Final = 8
"""Boxes of a region that are told; the rest is counted."""
COUNTED: Final = 200
"""Boxes that are counted at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a region.

    Attributes:
        where: in words; none where it is all of those who had the answer before.
        when: as the `when` of a row; none where the policy language has no words for it.
        example: one subject in it.
    """

    where: Title | None
    when: str | None
    example: Example | None

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {
            "where": dict(self.where.to_dict()) if self.where is not None else None,
            "when": self.when,
            "example": self.example.to_dict() if self.example is not None else None,
        }


@dataclass(frozen=True, slots=True)
class Region:
    """Inputs for which a decision said one thing and now says another.

    Attributes:
        before: what was said.
        after: what is said now; equal to `before` where the same answer gives something else.
        row: of a table that collects rows, what is given or not.
        unrecorded: whether something is not recorded for all of them.
        places: the largest boxes that together hold all of those who had the answer before and have this one now.
        more: how many further boxes there are.
    """

    before: Said
    after: Said
    places: tuple[Place, ...]
    more: int
    unrecorded: bool
    row: Title | None = None
    angle: Named | None = None
    context: str = "before"

    @property
    def statuses(self) -> tuple[str, str]:
        """Of both answers, whether they are settled."""
        return self.before.status, self.after.status

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "row": dict(self.row.to_dict()) if self.row is not None else None,
            "angle": self.angle.id if self.angle is not None else None,
            "unrecorded": self.unrecorded,
            "context": self.context,
            "places": [each.to_dict() for each in self.places],
            "more": self.more,
        }


@dataclass(frozen=True, slots=True)
class Regions:
    """Where a decision answers otherwise.

    Attributes:
        decision: its name.
        regions: none where the answers are the same for all inputs, which is then proved.
        too_large: whether there was too much to be worked out.
        by_definition: the facts that are found in another way; they are told apart by old and new definition, and which
            values of both may stand together is seen by trying.
        through: decisions whose answers changed and stand inside a calculation that is read: how that comes out is not
            worked out, so no regions are told.
        unconfirmed: pairs of answers for which no subject was found by trying, so that they are not told.
        tried: whether the examples were found so.
        difference: the sets behind it.
    """

    decision: str
    regions: tuple[Region, ...] = ()
    too_large: bool = False
    by_definition: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    unconfirmed: int = 0
    tried: bool = False
    difference: Difference | None = field(default=None, compare=False, repr=False)

    @property
    def same_everywhere(self) -> bool:
        """Whether the answers are proved to be the same for all inputs."""
        return not self.regions and not self.too_large and not self.through and not self.unconfirmed

    def to_dict(self) -> dict[str, Json]:
        """Return them as plain JSON values."""
        return {
            "decision": self.decision,
            "same_everywhere": self.same_everywhere,
            "too_large": self.too_large,
            "by_definition": list(self.by_definition),
            "through": list(self.through),
            "unconfirmed": self.unconfirmed,
            "tried": self.tried,
            "regions": [each.to_dict() for each in self.regions],
        }


def regions(old: Edition, new: Edition, name: str) -> Regions:
    """Return where a decision of both editions, of one subject and kind, answers otherwise."""
    try:
        found = differing(old, new, name)
        through = _through(found.space, old, new, name)
        if through:
            return Regions(name, through=through)
        return _Told(found, old, new, name).regions()
    except TooLargeError:
        return Regions(name, too_large=True)


def _through(space: Space, old: Edition, new: Edition, name: str) -> tuple[str, ...]:
    """Return the decisions whose answers changed and are read as a value, whatever they are."""
    parts = [axis.root for axis in space.axes]
    for edition in (old, new):
        decision = edition.decisions[name]
        if isinstance(decision, Payout):
            amounts = [line.amount for lines in decision.lines.values() for line in lines]
            amounts += [decision.times] if decision.times is not None else []
            parts += [resolved(each, edition, decision.subject) for each in amounts]
    read = {node.decision for part in parts for node in walk(part) if isinstance(node, Answer | LevelIn)}
    return tuple(
        sorted(
            each
            for each in read
            if any(each not in edition.decisions for edition in (old, new))
            or meanings(old, [each]) != meanings(new, [each])
        )
    )


class _Told:
    """What was found about one decision, on its way into words."""

    def __init__(self, found: Difference, old: Edition, new: Edition, name: str) -> None:
        self.found, self.space, self.name = found, found.space, name
        self.moves = Moves(found, (old, new), name)
        self.editions, self.models = self.moves.editions, self.moves.models
        self.sides = [_side(axis, self.space) for axis in self.space.axes]
        sets = self.space.sets
        self.recorded = sets.all_of(
            [
                sets.cells(at, axis.runs([cell.sample is not None for cell in axis.cells]))
                for at, axis in enumerate(self.space.axes)
            ]
        )

    def regions(self) -> Regions:
        names = {
            name
            for axis, side in zip(self.space.axes, self.sides, strict=True)
            if side is not None
            for name in axis.names or _dated(axis)
        }
        pairs = [(self._region(move), move) for move in self.moves.all()]
        pairs.sort(key=lambda pair: (pair[0].unrecorded, *(each != "decided" for each in pair[0].statuses)))
        wanted = [pair for pair in pairs if not names or not pair[0].unrecorded]
        found = self._confirmed(wanted) if names else None
        kept = [pair for pair in (wanted if found is None else found) if not _pays_the_same(pair[0])]
        return Regions(
            self.name,
            tuple(region for region, _ in kept),
            by_definition=tuple(sorted(names)),
            unconfirmed=len(wanted) - len(kept),
            tried=found is not None,
            difference=self.found,
        )

    def _confirmed(self, pairs: list[tuple[Region, Move]]) -> list[tuple[Region, Move]] | None:
        """Return regions that lie apart by definition of a fact, each with a subject that was found by trying.

        Where such facts are counted from events, nothing can be tried: none.
        """
        found = tried(self.space, self.sides, self.name, [move.tests for _, move in pairs])
        if found is None:
            return None
        return [
            (replace(region, places=tuple(replace(place, example=one) for place in region.places)), move)
            for (region, move), one in zip(pairs, found, strict=True)
            if one is not None
        ]

    def _region(self, move: Move) -> Region:
        sets = self.space.sets
        region = sets.both(move.region, self.space.possible)
        known = sets.both(region, self.recorded)
        context, boxes = self._boxes(move, region, known)
        before, after = (self._said(at, key) for at, key in enumerate((move.old, move.new)))
        if isinstance(self.models[0], Tier) and move.stays:
            before, after = _settled(before), _settled(after)
        places = tuple(self._place(each, region, known, move.tests) for each in boxes[:SHOWN])
        row = None
        if self.moves.by_row:
            row = self._row(0 if move.old is not None else 1, move.old or move.new)
        more = len(boxes) - len(places)
        return Region(before, after, places, more, known == EMPTY, row, move.angle, context)

    def _boxes(self, move: Move, region: int, known: int) -> tuple[str, list[dict[int, Cells]]]:
        """Return the boxes of a region, as a part of those who had the answer before or of those who have it now.

        Either says the same; told is which of them is said in fewer words.
        """
        sets = self.space.sets
        found = []
        for context, those in (("before", move.had), ("after", move.has)):
            beside = sets.negate(sets.both(self.space.possible, those))
            wanted = region
            if known != EMPTY and not isinstance(self.models[0], Tier):
                # what is recorded is told; that it is so goes without saying
                beside, wanted = sets.either(beside, sets.negate(self.recorded)), known
            boxes = [self._trimmed(cells, wanted) for cells in islice(sets.boxes(wanted, beside), COUNTED)]
            found.append((context, boxes))
        # of two that are as short, the one that starts from the answer before
        return min(found, key=lambda each: (len(each[1]), sum(map(len, each[1]))))

    def _trimmed(self, cells: Mapping[int, Cells], region: int) -> dict[int, Cells]:
        """Return a box without what is none of its region: it was grown over what nobody is."""
        sets = self.space.sets
        inside = sets.both(sets.box(cells), region)
        return {
            at: self.space.axes[at].runs(
                [
                    any(start <= cell < end for start, end in runs)
                    and sets.both(inside, sets.cells(at, [(cell, cell + 1)])) != EMPTY
                    for cell in range(sets.sizes[at])
                ]
            )
            for at, runs in cells.items()
        }

    def _place(self, cells: Mapping[int, Cells], region: int, known: int, tests: Tests) -> Place:
        sets = self.space.sets
        box = sets.both(sets.box(cells), known)
        point = sets.both(sets.box(cells), region) if box == EMPTY else box
        shared = all(self.sides[at] is None for at in cells)
        where = Title(self._say(cells, "zh"), self._say(cells, "en")) if cells else None
        shown = self.space.when(Box(cells)) if shared and cells else None
        return Place(where, shown, example(self.space, point, self.sides, self.name, tests))

    def _say(self, cells: Mapping[int, Cells], lang: str) -> str:
        """Read a box out, with whose definition a fact is by; one condition alone needs no brackets."""
        parts = []
        for at, runs in sorted(cells.items()):
            axis, side = self.space.axes[at], self.sides[at]
            words = Wording(axis.home, self.space.subject, lang)
            condition = axis.condition(runs)
            if side is not None:
                said = words.phrase("as_now" if side else "as_before", said=words.part(condition))
            else:
                said = words.part(condition) if len(cells) > 1 else words.say(condition)
            parts.append(said)
        return ("，且 " if lang == "zh" else ", and ").join(parts)

    # --- answers --------------------------------------------------------------------------------------

    def _said(self, at: int, key: Key | None) -> Said:
        edition, decision = self.editions[at], self.models[at]
        if key is None:
            return Said(None, "decided", Title("不给", "not given"))
        title, name = _answered(edition, decision, key, by_row=self.moves.by_row)
        return Said(name, key.status.value, title)

    def _row(self, at: int, key: Key | None) -> Title:
        edition, table = self.editions[at], self.models[at]
        assert isinstance(table, Rules)
        cells = table.otherwise
        if key is not None and key.rows:
            cells = table.cells[key.rows[0]]
        words = {lang: Wording(edition, table.subject, lang) for lang in ("zh", "en")}
        assert cells is not None
        return Title(words["zh"].cells(table, cells), words["en"].cells(table, cells))


def _dated(axis: Axis) -> tuple[str, ...]:
    """Return the date from which an axis counts."""
    item = axis.expr.item if isinstance(axis.expr, Elapsed) else None
    return (item.name,) if isinstance(item, Fact) else ()


def _pays_the_same(region: Region) -> bool:
    """Tell whether a band pays by another rule, and yet no amount was found that differs."""
    examples = [place.example for place in region.places]
    amounts = [each.amounts for each in examples if each is not None and each.amounts is not None]
    same = region.before == region.after and len(amounts) == len(examples) > 0
    return same and all(one == other for one, other in amounts)


def _settled(said: Said) -> Said:
    """Return the level with whether it could still be higher, where that is all that changes."""
    if said.status == Status.DECIDED.value:
        return said
    more = Title(f"{said.title.zh}{HIGHER.zh}", f"{said.title.en}{HIGHER.en}")
    return replace(said, title=more)


def _side(axis: Axis, space: Space) -> int | None:
    """Return by which edition's definition an axis reads a fact: 0 the old, 1 the new; none where both are the same."""
    reads = [
        all(name in edition.facts[space.subject] or name in edition.decisions for name in axis.names)
        and space.reads(at, axis)
        for at, edition in enumerate(space.editions)
    ]
    return None if reads[0] == reads[1] else reads.index(True)


_OPEN = Title("尚不能确定", "not settled")
_UNDEFINED = {
    "below_bands": Title("没有结果（低于第一档）", "no answer (below the first band)"),
    "conflict": Title("没有结果（几行同时成立）", "no answer (several rows hold at once)"),
    "no_rule": Title("没有结果（没有一行成立）", "no answer (no row holds)"),
    "unknown": Title("没有结果（有事实没有记录）", "no answer (something is not recorded)"),
}


def _answered(edition: Edition, decision: AnyDecision, key: Key, *, by_row: bool) -> tuple[Title, str | None]:
    """Return what an answer is called, and its name."""
    words = {lang: Wording(edition, decision.subject, lang) for lang in ("zh", "en")}
    if key.status is Status.UNDEFINED:
        return _UNDEFINED.get(str(key.answer), _UNDEFINED["no_rule"]), None
    if isinstance(decision, Rules):
        if decision.hit is Hit.COLLECT:
            given = Title("给", "given")
            if not by_row and key.rows:
                rows_said = [[words[lang].answer(decision, row) for row in key.rows] for lang in ("zh", "en")]
                given = Title("、".join(rows_said[0]), ", ".join(rows_said[1]))
            return (given if key.status is Status.DECIDED else _OPEN), " ".join(key.rows) or None
        if key.status is not Status.DECIDED:
            return _OPEN, None
        rows = [*decision.cells.values(), *([decision.otherwise] if decision.otherwise is not None else [])]
        cells = next(each for each in rows if content(edition, decision, each) == key.says)
        if len(decision.outputs) == 1:
            column = decision.outputs[0]
            texts = [words[lang].cell(column, cells[column.id]) for lang in ("zh", "en")]
        else:
            texts = [words[lang].cells(decision, cells) for lang in ("zh", "en")]
        return Title(*texts), texts[1]
    if key.status is Status.UNDETERMINED and not isinstance(decision, Tier):
        return _OPEN, None
    if key.answer is None:
        return NOT_ELIGIBLE, None
    assert isinstance(decision, Tier | Stage | Payout | Offer)
    return Title(*(words[lang].answer(decision, key.answer) for lang in ("zh", "en"))), key.answer
