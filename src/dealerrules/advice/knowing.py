"""Knowing: an interpreter that has been told what a record says, where there is no record at hand.

Place in the flow: below the steps. The advice of a whole store is worked out once for each combination of values, and
not for each record; what a decision reads straight from the record, and not by way of a fact, is told here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.engines.row import Interpreter, Step
from dealerrules.expr import Aggregate, Before, Expr, Field, Reached, children

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from dealerrules.policy.model import Edition
    from dealerrules.records import Event
    from dealerrules.values import Maybe

_READ = Aggregate | Before | Field | Reached
"""What is read from a record."""


class Knowing(Interpreter):
    """An interpreter of ready-made facts that also knows what some expressions read.

    Args:
        edition: the policies in force.
        subject: what is evaluated.
        day: as of when.
        facts: ready-made, by name.
        values: of expressions that read a record.
    """

    def __init__(
        self,
        edition: Edition,
        subject: str,
        day: date,
        facts: Mapping[str, Maybe],
        values: Mapping[Expr, Maybe],
    ) -> None:
        super().__init__(edition, subject, day, None, facts)
        self._values = values

    def step(self, expr: Expr, event: Event | None = None) -> Step:
        """Return an expression's value, as it was told where it reads a record."""
        if event is None and isinstance(expr, _READ) and expr in self._values:
            return Step(expr, self._values[expr])
        return super().step(expr, event)


def inline(exprs: Iterable[Expr]) -> list[Expr]:
    """Return what expressions read from the record itself, not by way of a fact."""
    found: dict[Expr, None] = {}
    stack = list(exprs)
    while stack:
        expr = stack.pop()
        if isinstance(expr, _READ):
            found[expr] = None
        else:
            stack += children(expr)
    return list(found)
