"""Changes: what one book says and the other does not, in words; by meaning, so that titles and order are none.

Place in the flow: what ``decisions`` and ``editions`` find goes out as these to the page; ``wording`` reads it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dealerrules.policy.model import Title
from dealerrules.values import Kind, show
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dealerrules.outcome import Json
    from dealerrules.policy.model import Data, Edition


@dataclass(frozen=True, slots=True)
class Change:
    """Something that means something else than before.

    Attributes:
        how: ``added``, ``removed`` or ``changed``.
        what: ``decision``, ``rate``, ``rule``, ``stage``, ``band``, ``row``, ``level``, ``angle``, ``fact``, ``item`` or
            ``parameter``.
        id: its name; of a part of a decision as it stands there.
        decision: the decision (or rate) that it is a part of.
        aspect: which side of it, such as ``condition``; empty where the whole was added or removed.
        title: what people call it.
        before: what was said; none where nothing was.
        after: what is said now.
        touches: for what stands outside decisions: the decisions and rates that read it.
    """

    how: str
    what: str
    id: str
    decision: str | None = None
    aspect: str = ""
    title: Title = field(default=Title(), compare=False)
    before: Title | None = None
    after: Title | None = None
    touches: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values; texts in both languages."""
        return {
            "how": self.how,
            "what": self.what,
            "id": self.id,
            "decision": self.decision,
            "aspect": self.aspect or None,
            "title": dict(self.title.to_dict()),
            "before": dict(self.before.to_dict()) if self.before is not None else None,
            "after": dict(self.after.to_dict()) if self.after is not None else None,
            "touches": list(self.touches),
        }


@dataclass(frozen=True)
class Reading:
    """An edition as it is read out about one subject, in both languages."""

    edition: Edition
    subject: str = "customer"

    def said(self, text: Callable[[Wording], str]) -> Title:
        """Return a text in both languages."""
        chinese, english = (text(Wording(self.edition, self.subject, lang)) for lang in ("zh", "en"))
        return Title(chinese, english)


def both(text: Callable[[str], str]) -> Title:
    """Return a text in both languages, from what makes it in one."""
    return Title(text("zh"), text("en"))


def joined(texts: Iterable[Title]) -> Title:
    """Return texts one after the other, in both languages."""
    listed = list(texts)
    return Title("；".join(each.get("zh") for each in listed), "; ".join(each.get("en") for each in listed))


# ---------------------------------------------------------------------------------------------------
# Lists and attached texts: only what was taken away and what was added is told


def list_difference(before: Sequence[Title], after: Sequence[Title]) -> tuple[Title | None, Title | None]:
    """Return what was taken out of a list and what was put in; where only the order changed, both whole lists."""
    gone, come = _without(before, after), _without(after, before)
    if not gone and not come:
        gone, come = list(before), list(after)
    return (joined(gone) if gone else None, joined(come) if come else None)


def _without(texts: Sequence[Title], others: Sequence[Title]) -> list[Title]:
    """Return the texts that the others do not hold as often."""
    left = list(others)
    found = []
    for text in texts:
        if text in left:
            left.remove(text)
        else:
            found.append(text)
    return found


def data_difference(before: Data, after: Data) -> tuple[Title | None, Title | None]:
    """Return what was taken out of attached texts, and what was put in."""
    return list_difference(list(_leaves(before)), list(_leaves(after)))


def _leaves(data: Data, path: str = "") -> Iterator[Title]:
    """Yield each text that is attached, behind the names that lead to it."""
    before = f"{path}: " if path else ""
    if data is None:
        return
    if isinstance(data, dict) and data and set(data) <= {"zh", "en"}:
        title = Title(**{lang: str(text) for lang, text in data.items()})
        yield Title(f"{before}{title.get('zh')}", f"{before}{title.get('en')}")
    elif isinstance(data, dict):
        for name, each in data.items():
            yield from _leaves(each, f"{path}.{name}" if path else name)
        if not data:
            yield Title(f"{before}{{}}", f"{before}{{}}")
    elif isinstance(data, list):
        for each in data:
            yield from _leaves(each, path)
        if not data:
            yield Title(f"{before}[]", f"{before}[]")
    else:
        yield both(lambda lang: f"{before}{show(data, Kind.TEXT, lang)}")
