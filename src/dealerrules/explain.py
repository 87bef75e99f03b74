"""Explanations: why an answer is what it is, as text, Markdown, HTML or JSON, in Chinese or English.

Place in the flow: the way out. The trace of an outcome becomes nodes in ``reasons`` and a section in ``summary``;
here both are written down with the means of ``pages``. Nothing is evaluated here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from dealerrules.pages import (
    Line,
    html,
    html_folded,
    html_list,
    html_page,
    markdown,
    markdown_blocks,
    text_lines,
    wrapped,
)
from dealerrules.summary import Section, Summary, node_text, says_in, undefined_section, where_from
from dealerrules.wording import subject_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from dealerrules.advice.outlook import Outlook
    from dealerrules.outcome import AnyOutcome, Json
    from dealerrules.reasons import Node

SCHEMA_VERSION: Final = 1
"""Of the JSON that `Explanation.to_dict` gives; it changes when a key changes its meaning."""


@dataclass(frozen=True)
class Explanation:
    """Why: the explanation of an answer in one language, as text, Markdown, HTML or JSON.

    Attributes:
        subject: what the answer is about.
        id: its id; none for ready-made facts.
        as_of: the day of evaluation.
        lang: ``zh`` or ``en``.
        sections: one a decision.
        look: what tells what is ahead of an outcome; none to leave it out.
    """

    subject: str
    id: str | None
    as_of: date
    lang: str
    sections: tuple[Section, ...]
    look: Callable[[AnyOutcome], Outlook] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def outlooks(self) -> tuple[Outlook | None, ...]:
        """What is ahead of each decision: worked out when the explanation is first written down, or this is asked for."""
        if self.look is None:
            return (None,) * len(self.sections)
        return tuple(self.look(section.outcome) for section in self.sections)

    def _lines(self, at: int) -> list[Line]:
        """Return the summary of a decision, with what is ahead of it."""
        outlook = self.outlooks[at]
        ahead = outlook.lines(self.lang) if outlook is not None else []
        return [*self.sections[at].lines, *(Line(1, said) for said in ahead)]

    @property
    def heading(self) -> str:
        """Whom it is about, and as of when."""
        title = subject_title(self.subject, self.lang)
        return self._says("heading", subject=title, id=f" {self.id}" if self.id else "", day=self.as_of)

    @cached_property
    def text(self) -> str:
        """Plain text of 80 columns: answers and the rules that decide; what does not matter is counted."""
        lines = wrapped(self.heading)
        for at, section in enumerate(self.sections):
            lines += ["", *wrapped(section.heading), *text_lines(self._lines(at))]
        return "\n".join(lines) + "\n"

    @cached_property
    def markdown(self) -> str:
        """Markdown: for each decision the summary, then the whole tree."""
        blocks = [f"# {markdown(self.heading)}"]
        for at, section in enumerate(self.sections):
            blocks += [f"## {markdown(section.heading)}", *markdown_blocks(self._lines(at))]
            if section.rules:
                blocks += [
                    f"### {self._says('all_rules', n=len(section.rules))}",
                    *markdown_blocks(self._tree(section)),
                ]
        return "\n\n".join(blocks) + "\n"

    @cached_property
    def html(self) -> str:
        """A page of its own: for each decision the summary, with the whole tree folded below it."""
        body = [f"<h1>{html(self.heading)}</h1>"]
        if len(self.sections) > 1:
            entries = [
                f'<li><a href="#d{at}">{html(each.heading)}</a></li>' for at, each in enumerate(self.sections)
            ]
            body.append(f"<nav><ul>{''.join(entries)}</ul></nav>")
        for at, section in enumerate(self.sections):
            title = f"<code>{html(section.outcome.decision)}</code> {html(section.title)}"
            body += [
                f'<article id="d{at}" class="{section.outcome.status.value}">',
                f"<h2>{title}: <strong>{html(section.answer)}</strong></h2>",
                html_list(self._lines(at)),
            ]
            if section.rules:
                summary = self._says("all_rules", n=len(section.rules))
                body.append(html_folded(summary, list(self._tree(section))))
            body.append("</article>")
        return html_page(self.heading, body, self.lang)

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values: stable keys, no floats, amounts and ratios as text."""
        return {
            "schema_version": SCHEMA_VERSION,
            "lang": self.lang,
            "subject": self.subject,
            "id": self.id,
            "as_of": self.as_of.isoformat(),
            "decisions": [
                {**section.to_dict(), "ahead": outlook.to_dict(self.lang) if outlook is not None else None}
                for section, outlook in zip(self.sections, self.outlooks, strict=True)
            ],
        }

    def __str__(self) -> str:
        """Return the plain text."""
        return self.text

    def _says(self, name: str, /, **parts: object) -> str:
        return says_in(self.lang, name, **parts)

    def _tree(self, section: Section) -> Iterator[Line]:
        """Write out all nodes of a decision, each once."""
        model = section.outcome.model
        if where := where_from(model.clause, model.place):
            yield Line(1, self._says("source", said=where))
            if model.clause is not None and model.clause.note:
                yield Line(2, model.clause.note)
        seen: set[str | None] = set()
        if section.measure is not None:
            yield Line(1, self._says("measure"))
            yield from self._node(section.measure, 2, seen)
        for rule in section.rules:
            seen |= {each.key for each in section.rules}
            seen.discard(rule.key)
            yield from self._node(rule, 1, seen)
        if section.amounts:
            yield Line(1, self._says("amounts"))
        for node in section.amounts:
            yield from self._node(node, 2, seen)

    def _node(self, node: Node, depth: int, seen: set[str | None]) -> Iterator[Line]:
        repeated = node.key is not None and node.key in seen
        seen.add(node.key)
        named = node.id if node.kind in {"rule", "decision"} else None
        grants = node.grants if node.grants != node.text else None
        where = where_from(node.source, node.place)
        parts = [
            named,
            node_text(node, self.lang),
            f"→ {grants}" if grants is not None else None,
            f"[{where}]" if where and not repeated else None,
            f"({self._says('above')})" if repeated and named is not None else None,
        ]
        yield Line(depth, " ".join(filter(None, parts)), node.truth)
        if repeated:
            return
        if node.source is not None and node.source.note:
            yield Line(depth + 1, node.source.note)
        yield from (Line(depth + 1, note.text) for note in node.notes)
        for part in node.parts:
            yield from self._node(part, depth + 1, seen)


def explain(
    outcomes: Iterable[AnyOutcome],
    *,
    subject: str,
    id_: str | None,
    as_of: date,
    lang: str = "en",
    look: Callable[[AnyOutcome], Outlook] | None = None,
) -> Explanation:
    """Explain outcomes.

    Args:
        outcomes: of one subject on one day.
        subject: what they are about, such as ``customer``.
        id_: its id, if it has one.
        as_of: the day of evaluation.
        lang: ``zh`` or ``en``.
        look: what tells what is ahead of an outcome; asked when the explanation is first written down.

    Raises:
        ValueError: for another language.
    """
    if lang not in {"zh", "en"}:
        message = f"the language is `zh` or `en`, not `{lang}`"
        raise ValueError(message)
    sections = [
        undefined_section(outcome, lang)
        if outcome.case is None
        else Summary(outcome, outcome.case, lang).section()
        for outcome in outcomes
    ]
    return Explanation(subject, id_, as_of, lang, tuple(sections), look)
