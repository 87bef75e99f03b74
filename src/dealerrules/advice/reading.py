"""Reading: the values of many facts of one record at once, at the speed of the compiled engine.

Place in the flow: below the steps. Each value that is wanted is made the measure of a stage, which the compiled engine
gives out; so a fact has no second way of being read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dealerrules.engines.compiled import Program
from dealerrules.expr import All
from dealerrules.policy.model import Named, Rule, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from dealerrules.expr import Expr
    from dealerrules.policy.model import Edition
    from dealerrules.records import Record
    from dealerrules.values import Maybe


class Reader:
    """Reads some expressions of a subject under an edition."""

    def __init__(self, edition: Edition, subject: str, wanted: Sequence[Expr]) -> None:
        always = Rule(id="always", when=All(()), answer="always")
        stages = {
            f"{at}": Stage(
                name=f"{at}",
                subject=subject,
                rules=(always,),
                measure=expr,
                order=("always",),
                stages={"always": Named(id="always")},
            )
            for at, expr in enumerate(wanted)
        }
        widened = replace(edition, decisions={**edition.decisions, **stages})
        self._program = Program(widened, subject, tuple(stages)) if stages else None

    def values(self, record: Record, day: date) -> list[Maybe]:
        """Return the values, in the order in which they were asked for."""
        found = self._program.on_record(record, day) if self._program is not None else ()
        return [extra for _, _, extra in found]
