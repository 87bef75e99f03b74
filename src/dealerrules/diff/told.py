"""Told: a diff as a tree of sections: whom it touches first, then what changed, then for which inputs.

Place in the flow: the result of a comparison comes in; ``plain_text`` and ``sections`` write the tree down. The most
important stands first; what is too long is cut, and how much is left out is said.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from dealerrules.diff.told_impact import ImpactTeller
from dealerrules.diff.told_regions import RegionTeller
from dealerrules.diff.words import ASPECTS, SAYS, WHATS
from dealerrules.sections import Contents, Named, Points, Section, Terms, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dealerrules.diff.changes import Change
    from dealerrules.diff.comparison import Dated, PolicyDiff
    from dealerrules.diff.impact import Impact
    from dealerrules.diff.intervals import Span
    from dealerrules.policy.model import Title
    from dealerrules.sections import Block, Cell

_OUTSIDE: Final = {"parameter": "parameters", "fact": "facts", "item": "items", "versions": "versions"}
"""What stands outside decisions, with the heading it is told under."""
_LISTS: Final = ("benefits", "follow_up", "data", "says")
"""Aspects of which only what was taken out and put in is told."""


def contents(lang: str) -> Contents:
    """Return what the table of contents is called."""
    return Contents(SAYS["contents"][lang == "zh"])


class Teller:
    """Tells one diff in one language."""

    def __init__(self, diff: PolicyDiff, lang: str, impact: Impact | None) -> None:
        self.diff, self.lang, self.impact = diff, lang, impact

    def says(self, name: str, /, **parts: object) -> str:
        """Return a text."""
        return SAYS[name][self.lang == "zh"].format(**parts)

    def whole(self) -> Section:
        """Return the whole."""
        title = Named(self.says("title"))
        if self.diff.same:
            count = self.diff.retitled
            said = self.says("same_titles", n=f"{count:,}") if count else self.says("same")
            return Section("diff", title, (Text(said),))
        regions = RegionTeller(self)
        parts = [*self._impact(), self.changes(), *regions.sections()]
        return Section("diff", title, (Points(tuple(self.summary())),), tuple(parts))

    # --- the summary ----------------------------------------------------------------------------------

    def summary(self) -> list[str]:
        """Return what matters most, a line each."""
        lines: list[str] = []
        if self.impact is not None:
            lines += ImpactTeller(self, self.impact).summary()
        whole = [each.change for each in self.diff.changes if each.change.what in {"decision", "rate"}]
        for how in ("added", "removed"):
            names = [each.id for each in whole if each.how == how and not each.aspect]
            if names:
                lines.append(self.says(f"{how}_names", names=self.names(names)))
        own = dict.fromkeys(
            each.change.decision
            for each in self.diff.changes
            if each.change.decision is not None
            and (each.change.how == "changed" or each.change.what not in {"decision", "rate"})
        )
        if own:
            lines.append(self.says("decisions_changed", names=self.names(filter(None, own))))
        for what, heading in _OUTSIDE.items():
            names = [
                each.change.id for each in self.diff.changes if each.change.what == what and each.change.id
            ]
            if names:
                lines.append(self.says("outside_changed", what=self.says(heading), names=self.names(names)))
        told = {*own, *(each.id for each in whole)}
        read = [name for each in self.diff.changes for name in each.change.touches]
        others = [name for name in dict.fromkeys([*self.diff.touched, *read]) if name not in told]
        if others:
            lines.append(self.says("decisions_touched", names=self.names(others)))
        if self.diff.retitled:
            lines.append(self.says("titles", n=f"{self.diff.retitled:,}"))
        return lines

    def names(self, names: Iterable[str]) -> str:
        """Return names one after the other."""
        return ("、" if self.lang == "zh" else ", ").join(names)

    def decision(self, name: str) -> Named:
        """Return what a decision or rate is called."""
        for book in (self.diff.new, self.diff.old):
            for models in (book.decisions, book.rate_models):
                if name in models:
                    return Named(models[name].title.get(self.lang, name), name)
        return Named(name, name)

    def spans(self, spans: Sequence[Span]) -> str:
        """Return when something holds, where that is not always; in brackets, with a blank before."""
        if not spans:
            return ""
        said = ("；" if self.lang == "zh" else "; ").join(self._span(each) for each in spans)
        return f"（{said}）" if self.lang == "zh" else f" ({said})"

    def _span(self, span: Span) -> str:
        made = span.to_dict()
        start, end = made["from"], made["until"]
        if start is None:
            return self.says("until", end=end)
        return (
            self.says("from", start=start) if end is None else self.says("from_until", start=start, end=end)
        )

    # --- sections -------------------------------------------------------------------------------------

    def _impact(self) -> list[Section]:
        return [ImpactTeller(self, self.impact).section()] if self.impact is not None else []

    def changes(self) -> Section:
        """Return what changed."""
        parts: list[Section] = []
        for what, heading in _OUTSIDE.items():
            mine = [each for each in self.diff.changes if each.change.what == what]
            if mine:
                parts.append(Section(f"changed-{heading}", Named(self.says(heading)), self._told(mine)))
        names = dict.fromkeys(
            each.change.decision for each in self.diff.changes if each.change.decision is not None
        )
        for name in names:
            mine = [each for each in self.diff.changes if each.change.decision == name]
            parts.append(Section(f"changed-{name}", self.decision(str(name)), self._told(mine)))
        return Section("changes", Named(self.says("changes")), (), tuple(parts))

    def _told(self, changes: Sequence[Dated]) -> tuple[Block, ...]:
        rows: list[tuple[Cell, Cell]] = []
        for _, group in groupby(changes, key=lambda each: (each.change.what, each.change.id, each.spans)):
            mine = list(group)
            first = mine[0]
            name = self._head(first.change)
            lines = [line for each in mine for line in self._lines(each.change)]
            when = self.spans(first.spans)
            titled = Named(f"{name.title}{when}", name.name)
            rows.append((titled, tuple(lines) or ("",)))
        return (Terms(tuple(rows)),)

    def _head(self, change: Change) -> Named:
        word = WHATS[change.what][self.lang == "zh"]
        if change.what in {"decision", "rate"}:
            return Named(word)
        title = change.title.get(self.lang, "")
        said = f"{word} {change.id}" if self.lang == "en" or change.id.isascii() else f"{word}{change.id}"
        return Named(
            f"{said} ({title})" if title and self.lang == "en" else f"{said}（{title}）" if title else said
        )

    def aspect(self, aspect: str) -> str:
        """Return what a side of a thing is called."""
        name, _, of = aspect.partition(".")
        said = ASPECTS[name][self.lang == "zh"]
        return f"{said} {of}" if of else said

    def _lines(self, change: Change) -> list[str]:
        before, after = self._texts(change.before, change.after)
        aspect = (
            self.aspect(change.aspect)
            if change.aspect not in {"", "condition", "definition", "value", "worth"}
            else ""
        )
        colon = "：" if self.lang == "zh" else ": "
        lead = f"{aspect}{colon}" if aspect else ""
        lines: list[str] = []
        if change.what == "versions":
            lines.append(self.says("versions_cut"))
        if change.aspect == "other":
            return [self.says("other")]
        if change.aspect == "holders":
            return [lead + after]
        listed = change.aspect.partition(".")[0] in _LISTS
        if change.how != "changed":
            said = after if change.how == "added" else before
            lines.append(self.says(change.how, said=said) if said else self.says(f"{change.how}_plain"))
        elif listed:
            lines += [lead + self.says("taken", said=before)] if before else []
            lines += [lead + self.says("put", said=after)] if after else []
        else:
            nothing = self.says("not_kept" if change.aspect == "keeps" else "nothing")
            lines.append(lead + self.says("before", said=before or nothing))
            lines.append(lead + self.says("after", said=after or nothing))
        if change.touches:
            lines.append(self.says("touches", names=self.names(change.touches)))
        return lines

    def _texts(self, before: Title | None, after: Title | None) -> tuple[str, str]:
        """Return both texts in this language; where they differ only in the other one, in that."""
        texts = [each.get(self.lang) if each is not None else "" for each in (before, after)]
        if before is not None and after is not None and texts[0] == texts[1] and before != after:
            other = "zh" if self.lang == "en" else "en"
            texts = [self.says("in_language", said=each.get(other)) for each in (before, after)]
        return texts[0], texts[1]
