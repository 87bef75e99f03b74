"""Definitions: facts of a policy that no event can ever count for.

Place in the flow: the analyser's part for the conditions inside facts, which are about single events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.analysis.findings import Finding
from dealerrules.analysis.space import Space
from dealerrules.diagnostics import Diagnostic, Phrase
from dealerrules.expr import Aggregate, walk
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.policy.editor import Editor
    from dealerrules.policy.model import Edition


def check_facts(edition: Edition, editor: Editor) -> Iterator[Finding]:
    """Yield facts of the policies whose condition no event meets."""
    for subject, table in editor.fact_sources.items():
        for name, source in table.items():
            definition = edition.facts[subject].get(name)
            if source.builtin or definition is None:
                continue
            for node in walk(definition.expr):
                if not isinstance(node, Aggregate):
                    continue
                for condition in (node.where, node.that):
                    if condition is None:
                        continue
                    space = Space.of([edition], subject, [], also=[condition])
                    if space.is_empty(space.truth(0, condition).true):
                        said = (Wording(edition, subject, lang).say(condition) for lang in ("zh", "en"))
                        values: dict[str, str | Phrase] = {"rule": name, "why": Phrase(*said)}
                        yield Finding(Diagnostic("DR706", source.key.span, values), None, (name,))
