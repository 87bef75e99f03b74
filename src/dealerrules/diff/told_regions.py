"""Told of regions: for which inputs an answer differs, in a tree of sections.

Place in the flow: called by ``told``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealerrules.diff.regions import COUNTED, SHOWN
from dealerrules.sections import Named, Section, Terms, Text
from dealerrules.values import Kind, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealerrules.diff.comparison import DatedRegions
    from dealerrules.diff.regions import Place, Region
    from dealerrules.diff.told import Teller
    from dealerrules.sections import Block, Cell

TOLD: Final = 12
"""Regions of a decision that are told; the rest is counted."""
PLACES: Final = 4
"""Parts of a region that are told."""
_ELSEWHERE: Final = frozenset(
    {"data", "payee", "dated_by", "cadence", "benefits", "follow_up", "subject", "kind", "other"}
)
"""Aspects that come out with an answer, or say which version decides: they are told in words only."""


class RegionTeller:
    """Tells for which inputs answers differ."""

    def __init__(self, teller: Teller) -> None:
        self.teller, self.lang, self.says = teller, teller.lang, teller.says

    def sections(self) -> list[Section]:
        """Return the section, where there is anything to be told."""
        parts = [self._decision(each) for each in self.teller.diff.regions]
        parts = [each for each in parts if each.blocks]
        if not parts:
            return []
        note = (
            (Text(self.says("how_to_read"), note=True),)
            if any(each.found.regions for each in self.teller.diff.regions)
            else ()
        )
        return [Section("regions", Named(self.says("regions")), note, tuple(parts))]

    def _decision(self, dated: DatedRegions) -> Section:
        found = dated.found
        name = self.teller.decision(found.decision)
        blocks: list[Block] = []
        if found.too_large:
            blocks.append(Text(self.says("too_large")))
        elif found.through:
            blocks.append(Text(self.says("through", names=self.teller.names(found.through))))
        elif found.same_everywhere:
            said = self._proved(found.decision)
            blocks += [Text(self.says(said))] if said else []
        if found.by_definition and found.regions:
            names = self.teller.names(found.by_definition)
            blocks.append(
                Text(self.says("tried" if found.tried else "by_definition", names=names), note=True)
            )
        angles = [each for each in found.regions if each.angle is not None]
        if len(angles) == len(found.regions):
            angles = []  # nothing but the levels by angle: then they are told
        known = [each for each in found.regions if not each.unrecorded and each not in angles]
        open_ = [each for each in found.regions if each.unrecorded and each not in angles]
        blocks += self._terms(known)
        if open_:
            blocks += [Text(self.says("unrecorded")), *self._terms(open_)]
        if angles:
            blocks.append(Text(self.says("angles_too", n=len(angles)), note=True))
        if found.unconfirmed:
            blocks.append(Text(self.says("unconfirmed", n=found.unconfirmed), note=True))
        titled = Named(f"{name.title}{self.teller.spans(dated.spans)}", name.name)
        return Section(f"regions-{found.decision}", titled, tuple(blocks))

    def _proved(self, decision: str) -> str | None:
        """Return how to say that the answers are the same, where the rules read differently."""
        mine = [each.change for each in self.teller.diff.changes if each.change.decision == decision]
        aspects = {each.aspect.partition(".")[0] for each in mine}
        read = any(decision in each.change.touches for each in self.teller.diff.changes)
        if aspects & _ELSEWHERE:
            return "proved_who" if aspects - _ELSEWHERE or read else None
        return "proved"

    def _terms(self, regions: Sequence[Region]) -> list[Block]:
        if not regions:
            return []
        rows: list[tuple[Cell, Cell]] = [(self._head(each), self._places(each)) for each in regions[:TOLD]]
        blocks: list[Block] = [Terms(tuple(rows))]
        if len(regions) > TOLD:
            blocks.append(Text(self.says("more_regions", n=len(regions) - TOLD), note=True))
        return blocks

    def _head(self, region: Region) -> str:
        before, after = (each.title.get(self.lang) for each in (region.before, region.after))
        if region.angle is not None:
            angle = region.angle.title.get(self.lang, region.angle.id)
            return self.says("by_angle", angle=angle, before=before, after=after)
        if region.row is not None:
            row = region.row.get(self.lang)
            none, given = (each.key is None for each in (region.before, region.after)), "decided"
            was_none, is_none = none
            if was_none and not is_none and region.after.status == given:
                return self.says("row_added", row=row)
            if is_none and not was_none and region.before.status == given:
                return self.says("row_removed", row=row)
            return self.says("row_status", row=row, before=before, after=after)
        if region.before == region.after:
            paid = any(
                place.example is not None and place.example.amounts is not None for place in region.places
            )
            return self.says("otherwise_paid" if paid else "otherwise_given", answer=before)
        return self.says("pair", before=before, after=after)

    def _places(self, region: Region) -> tuple[str, ...]:
        lines = [line for place in region.places[:PLACES] for line in self._place(place, region)]
        more = region.more + max(0, len(region.places) - PLACES)
        if more:
            least = region.more + SHOWN >= COUNTED
            lines.append(self.says("more_places_least" if least else "more_places", n=more))
        return tuple(lines)

    def _place(self, place: Place, region: Region) -> list[str]:
        everywhere = "everywhere_row" if region.row is not None else "everywhere"
        lines = [self.says(everywhere)]
        if place.where is not None:
            now = {"answer": region.after.title.get(self.lang), "said": place.where.get(self.lang)}
            lines = [self.says("where_now" if region.context == "after" else "where", **now)]
        if place.example is not None:
            facts = place.example.said.get(self.lang)
            said = self.says("example", said=f"{{{facts}}}") if facts else self.says("example_none")
            if place.example.amounts is not None:
                before, after = (
                    show(each, Kind.MONEY, self.lang) if each is not None else self.says("nothing")
                    for each in place.example.amounts
                )
                said += ("；" if self.lang == "zh" else "; ") + self.says("paid", before=before, after=after)
            lines.append(said)
        return lines
