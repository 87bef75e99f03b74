"""Comparison: two books, and everything that an edit means.

Place in the flow: the way in. Nothing is worked out before it is asked for; on records only where there are some.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dealerrules.diff.answers import touched
from dealerrules.diff.changes import Change
from dealerrules.diff.editions import all_of_edition, changes
from dealerrules.diff.intervals import Interval, Span, intervals, spans
from dealerrules.diff.kept import before_it
from dealerrules.diff.regions import Regions, regions
from dealerrules.diff.titles import retitled
from dealerrules.diff.words import STYLE
from dealerrules.policy.model import Title, digest, meaning_of, meanings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from dealerrules.book import PolicyBook
    from dealerrules.diff.impact import Impact
    from dealerrules.outcome import Json
    from dealerrules.policy.model import Edition
    from dealerrules.sections import Section

SCHEMA_VERSION = 1
"""Of the JSON that `to_dict` gives; it changes when a key changes its meaning."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A change, and when it holds: nowhere named where that is always."""

    change: Change
    spans: tuple[Span, ...] = ()

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {**self.change.to_dict(), "spans": [dict(each.to_dict()) for each in self.spans]}


@dataclass(frozen=True, slots=True)
class DatedRegions:
    """Where a decision answers otherwise, and when."""

    found: Regions
    spans: tuple[Span, ...] = ()

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {**self.found.to_dict(), "spans": [dict(each.to_dict()) for each in self.spans]}


def compare(old: PolicyBook, new: PolicyBook) -> PolicyDiff:
    r"""Compare two books by what they mean.

    Args:
        old: the policies as they were.
        new: the policies as they are.

    Examples:
        >>> import dealerrules as dr
        >>> text = "policy: p\ndecisions: {away: {kind: stage, measure: months_since_last_visit, stages: {near: {from: 0 months}, far: {from: 6 months}}}}"
        >>> old, new = dr.loads(text), dr.loads(text.replace("6 months", "5 months"))
        >>> for region in compare(old, new).regions[0].found.regions:
        ...     print(region.before.key, "->", region.after.key, "where", region.places[0].where.en)
        near -> far where months since the last visit is 5 months
        >>> compare(old, old).same
        True
    """
    return PolicyDiff(old, new)


class PolicyDiff:
    """What an edit of the policies means."""

    def __init__(self, old: PolicyBook, new: PolicyBook) -> None:
        self.old, self.new = old, new

    @property
    def same(self) -> bool:
        """Whether nothing changed its meaning; titles, sources, comments, order and file names have none."""
        return self.old.fingerprint == self.new.fingerprint

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """The two books side by side in time."""
        return intervals(self.old.editions, self.new.editions)

    @cached_property
    def changes(self) -> tuple[Dated, ...]:
        """What means something else, in words; what is read by several decisions first, then decision by decision."""
        if self.same:
            return ()
        found: dict[Change, list[Interval]] = {}
        titles: dict[Change, Change] = {}
        for piece in self.intervals:
            for change in _changes(piece, self.new.editions):
                found.setdefault(change, []).append(piece)
                titles[change] = change
        if not found:
            versions = [Title(said, said) for said in map(_starts, (self.old.editions, self.new.editions))]
            return (Dated(Change("changed", "versions", "", before=versions[0], after=versions[1])),)
        return tuple(Dated(titles[change], spans(where, self.intervals)) for change, where in found.items())

    @cached_property
    def touched(self) -> tuple[str, ...]:
        """The decisions whose answers may differ, because of themselves or of what they read; in the order of the policies."""
        names = dict.fromkeys(name for piece in self.intervals for name in touched(piece))
        order = list(dict.fromkeys((*self.old.decisions, *self.new.decisions)))
        return tuple(sorted(names, key=order.index))

    @cached_property
    def regions(self) -> tuple[DatedRegions, ...]:
        """For which inputs the answers differ, for each decision touched that both books have; proved to be all."""
        found: list[DatedRegions] = []
        for name in self.touched:
            pieces: dict[tuple[str, str], list[Interval]] = {}
            for piece in self.intervals:
                if _comparable(piece, name):
                    assert piece.old is not None
                    assert piece.new is not None
                    key = (_digest(piece.old, name), _digest(piece.new, name))
                    if key[0] != key[1]:
                        pieces.setdefault(key, []).append(piece)
            for where in pieces.values():
                old, new = where[-1].old, where[-1].new
                assert old is not None
                assert new is not None
                found.append(DatedRegions(regions(old, new, name), spans(where, self.intervals)))
        return tuple(found)

    @cached_property
    def retitled(self) -> int:
        """How many titles and sources changed; they have no meaning."""
        return retitled(self.intervals)

    def on(
        self,
        tables: Mapping[str, Any],
        as_of: date | str,
        *,
        check: bool = True,
        progress: Callable[[str], None] | None = None,
    ) -> Impact:
        """Return whom the edit touches among a store's own records. It needs polars.

        Args:
            tables: a mapping of table name to frame, as for ``book.evaluate_frame``.
            as_of: the day. Nothing dated later is read.
            check: whether to look first for what a record would refuse; tables from `read_tables` are checked already.
            progress: told the subject that is being worked out.

        Raises:
            RecordError: for tables that cannot be read.
        """
        from dealerrules.diff.counting import impact  # noqa: PLC0415 - only who brings records needs polars

        return impact(self.old, self.new, self.intervals, tables, as_of, check=check, progress=progress)

    # --- out ------------------------------------------------------------------------------------------

    def told(self, lang: str = "en", impact: Impact | None = None) -> Section:
        """Return the whole as a tree of sections, which text, Markdown and HTML are made of."""
        from dealerrules.diff.told import Teller  # noqa: PLC0415 - it reads this module's result

        return Teller(self, lang, impact).whole()

    def text(self, lang: str = "en", impact: Impact | None = None) -> str:
        """Return what the edit means as plain text, in English (``en``) or Chinese (``zh``)."""
        from dealerrules.diff.plain_text import as_text  # noqa: PLC0415 - as above

        return as_text(self.told(lang, impact))

    def markdown(self, lang: str = "en", impact: Impact | None = None) -> str:
        """Return what the edit means as Markdown, as a review shows it."""
        from dealerrules.diff.told import contents  # noqa: PLC0415 - as above
        from dealerrules.sections import as_markdown  # noqa: PLC0415

        return as_markdown(self.told(lang, impact), contents(lang))

    def html(self, lang: str = "en", impact: Impact | None = None) -> str:
        """Return what the edit means as one HTML page that loads nothing."""
        from dealerrules.diff.told import contents  # noqa: PLC0415 - as above
        from dealerrules.sections import as_html  # noqa: PLC0415

        # of its own style: long names stand above what is said of them
        return as_html(self.told(lang, impact), contents(lang), lang, STYLE)

    def to_dict(self, impact: Impact | None = None) -> dict[str, Json]:
        """Return it as plain JSON values: texts in both languages, amounts as text, every region and every mover."""
        return {
            "schema_version": SCHEMA_VERSION,
            "old": self.old.fingerprint,
            "new": self.new.fingerprint,
            "same": self.same,
            "retitled": self.retitled,
            "changes": [each.to_dict() for each in self.changes],
            "touched": list(self.touched),
            "regions": [each.to_dict() for each in self.regions],
            "impact": impact.to_dict() if impact is not None else None,
        }

    def __repr__(self) -> str:
        """Return what changed in one line, for a developer."""
        return f"<PolicyDiff same={self.same} changes={len(self.changes)} touched={list(self.touched)}>"


def _changes(piece: Interval, versions: Sequence[Edition]) -> list[Change]:
    if piece.old is None and piece.new is not None:
        return all_of_edition(piece.new, "added")
    if piece.new is None and piece.old is not None:
        return all_of_edition(piece.old, "removed")
    assert piece.old is not None
    assert piece.new is not None
    return changes(piece.old, piece.new, versions)


def _starts(editions: tuple[Edition, ...]) -> str:
    return ", ".join(f"{each.start} – {each.end}" for each in editions)


def _comparable(piece: Interval, name: str) -> bool:
    """Tell whether both books have a decision in a stretch of time, of one subject and kind."""
    if piece.old is None or piece.new is None:
        return False
    was, now = piece.old.decisions.get(name), piece.new.decisions.get(name)
    return was is not None and now is not None and (was.subject, was.kind) == (now.subject, now.kind)


def _digest(edition: Edition, name: str) -> str:
    return digest([meanings(edition, [name]), meaning_of(edition.items), before_it(edition, name)])
