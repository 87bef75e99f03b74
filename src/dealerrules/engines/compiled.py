"""The fast engine: decisions compiled to Python source that returns truth masks.

Place in the flow: as ``row.py``, of which it must give every answer, at the speed of hand-written code. A
:class:`Program` is made once for a set of decisions; ``source`` is the Python text it runs and can be printed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dealerrules.engines.writer import Writer
from dealerrules.expr import (
    Aggregate,
    Answer,
    Before,
    Fact,
    LevelIn,
    walk,
)
from dealerrules.facts import read_facts
from dealerrules.policy.model import Edition, Payout, Stage
from dealerrules.values import (
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from dealerrules.records import Record


class Program:
    """Decisions of one subject, compiled.

    Calling :meth:`on_record` or :meth:`on_facts` returns for each decision ``(true, unknown, extra)``: the masks,
    and the measure of a stage or the settled amount of a payout.
    """

    def __init__(self, edition: Edition, subject: str, decisions: tuple[str, ...]) -> None:
        self.edition, self.subject, self.decisions = edition, subject, decisions
        self._record: Callable[..., Any] = self._unbuilt("record")
        self._facts: Callable[..., Any] = self._unbuilt("facts")
        self._fast: Callable[..., Any] = self._unbuilt("fast")
        self._known = edition.given_types(subject)
        self._may_be_absent = partial(edition.may_be_absent, subject)
        self._sources: dict[str, str] = {}

    def on_record(self, record: Record, as_of: date) -> tuple[Any, ...]:
        """Evaluate a record."""
        return self._record(record, as_of)  # type: ignore[no-any-return]

    def on_facts(self, given: Mapping[str, object], as_of: date) -> tuple[Any, ...]:
        """Evaluate ready-made facts; raises RecordError for names and types that do not fit."""
        found = self._fast(given, as_of)
        if found is not None:
            return found  # type: ignore[no-any-return]
        values = read_facts(self.subject, given, self._known, self._may_be_absent)
        return self._facts(values, as_of)  # type: ignore[no-any-return]

    def source(self, mode: str = "record") -> str:
        """Return the generated Python text: ``record``, ``facts`` (may be unknown) or ``fast`` (all known).

        Raises:
            ValueError: for ``fast``, where the decisions read more than counts, words, true and false.
        """
        if mode == "fast" and self._plain_facts() is None:
            message = "no program for known facts: the decisions read more than counts, words, true and false"
            raise ValueError(message)
        if mode not in self._sources:
            self._build(mode)
        return self._sources[mode]

    def _unbuilt(self, mode: str) -> Callable[..., Any]:
        """Return what stands in for a program until its first run, which puts the program in its place."""

        def first_run(given: object, as_of: date) -> Any:
            plain = mode != "fast" or self._plain_facts() is not None
            program = self._build(mode) if plain else _not_plain
            setattr(self, f"_{mode}", program)
            return program(given, as_of)

        return first_run

    def _build(self, mode: str) -> Callable[..., Any]:
        writer = Writer(self.edition, self.subject, mode)
        text = writer.program(self.decisions, self._plain_facts() if mode == "fast" else None)
        self._sources[mode] = text
        space = dict(writer.constants)
        # our own text: a policy's words stand in it as quoted constants, clean names and comments of one line
        exec(compile(text, f"<dealerrules {self.subject} {mode}>", "exec"), space)  # noqa: S102
        return space["evaluate"]  # type: ignore[no-any-return]

    def _plain_facts(self) -> tuple[str, ...] | None:
        """Return the facts that the rules name, if all are of types that need no conversion and nothing else is read."""
        names: set[str] = set()
        for name in self.decisions:
            decision = self.edition.decisions[name]
            if isinstance(decision, Payout | Stage):
                return None
            for rule in decision.rules:
                for node in walk(rule.when):
                    if isinstance(node, Fact):
                        names.add(node.name)
                    elif isinstance(node, Answer | Aggregate | Before) or (
                        isinstance(node, LevelIn) and node.decision not in self.decisions
                    ):
                        return None
        kinds = {self.edition.fact(self.subject, name).type.kind for name in names}
        return tuple(sorted(names)) if names and kinds <= {Kind.COUNT, Kind.BOOLEAN, Kind.CATEGORY} else None


def _not_plain(_given: object, _as_of: date) -> None:
    return None
