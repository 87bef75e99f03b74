"""Loops: aggregates over a table, written as one `for` in generated source.

Place in the flow: the writer of the fast engine hands each aggregate to a :class:`Loop`.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from dealerrules.expr import (
    Aggregate,
    Field,
    Reduction,
    walk,
)
from dealerrules.records import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.engines.writer import Writer


@dataclass(frozen=True, slots=True)
class Var:
    """A value in the generated code: an expression without side effects, and what it can lack."""

    text: str
    may_none: bool
    may_absent: bool


@dataclass(frozen=True, slots=True)
class Test:
    """A truth in the generated code: two plain tests; `false` is none where it is the opposite of `true`."""

    true: str
    false: str | None = None

    @property
    def is_false(self) -> str:
        """The test of being false."""
        return self.false if self.false is not None else f"not ({self.true})"


class Loop:
    """One aggregate inside the loop over its table."""

    def __init__(self, writer: Writer, expr: Aggregate, called: str | None) -> None:
        self.writer, self.expr = writer, expr
        wanted = called or f"{expr.how.value}_{expr.take.name if expr.take else expr.table}"
        self.result = writer.name(wanted)
        self.doubt = (
            writer.name(f"{wanted}_unknown")
            if expr.how in {Reduction.SUM, Reduction.SOME, Reduction.EVERY}
            else ""
        )
        self.day = writer.name(f"{wanted}_day") if expr.take is not None and self._is_extreme else ""

    @property
    def _is_extreme(self) -> bool:
        return self.expr.how in {Reduction.LATEST, Reduction.EARLIEST}

    def fields(self) -> Iterator[Field]:
        """Yield the event's columns that it reads."""
        for part in (self.expr.where, self.expr.that, self.expr.take):
            if part is not None:
                yield from (node for node in walk(part) if isinstance(node, Field))
        if self.expr.how is Reduction.STREAK:
            yield Field(self.expr.table, "ends_on", TABLES[self.expr.table].fields["ends_on"])

    def before(self) -> None:
        """Write what stands before the loop."""
        first = {
            Reduction.COUNT: "0",
            Reduction.SUM: "0",
            Reduction.DISTINCT: "set()",
            Reduction.SOME: "False",
            Reduction.EVERY: "True",
            Reduction.LATEST: "ABSENT",
            Reduction.EARLIEST: "ABSENT",
            Reduction.STREAK: "[]",
        }[self.expr.how]
        self.writer.put(f"{self.result} = {first}")
        if self.doubt:
            self.writer.put(f"{self.doubt} = False")
        if self.day:
            self.writer.put(f"{self.day} = None")

    def inside(self, event: str, day: str, window_start: str | None) -> None:
        """Write what is done for each event."""
        put = self.writer.put
        conditions = [f"{day} > {window_start}"] if window_start is not None else []
        if self.expr.where is not None:
            true = self.writer.test(self.expr.where, event).true
            conditions.append(f"({true})" if conditions and " or " in true else true)
        if conditions:
            put(f"if {' and '.join(conditions)}:")
        with self.writer.indented() if conditions else nullcontext():
            self._take(event, day)

    def _take(self, event: str, day: str) -> None:
        put, result = self.writer.put, self.result
        taken = f"{event}_{self.expr.take.name}" if self.expr.take is not None else day
        match self.expr.how:
            case Reduction.COUNT:
                put(f"{result} += 1")
            case Reduction.DISTINCT:
                put(f"{result}.add({taken})")
            case Reduction.SUM:
                put(f"if {taken} is None:")
                put(f"    {self.doubt} = True")
                put("else:")
                put(f"    {result} += {taken}")
            case Reduction.SOME | Reduction.EVERY:
                assert self.expr.that is not None
                test = self.writer.test(self.expr.that, event)
                some = self.expr.how is Reduction.SOME
                put(f"if {test.true if some else test.is_false}:")
                put(f"    {result} = {some}")
                if test.false is not None:
                    put(f"elif not ({test.false if some else test.true}):")
                    put(f"    {self.doubt} = True")
            case Reduction.STREAK:
                put(f"if {event}_ends_on is not None:")
                put(f"    {result}.append(({day}, {event}_ends_on))")
            case Reduction.LATEST | Reduction.EARLIEST:
                sign = ">" if self.expr.how is Reduction.LATEST else "<"
                if not self.day:
                    put(f"if {result} is ABSENT or {day} {sign} {result}:")
                    put(f"    {result} = {day}")
                    return
                put(f"if {self.day} is None or {day} {sign} {self.day}:")
                put(f"    {self.day} = {day}")
                put(f"    {result} = {taken}")
                put(f"elif {day} == {self.day} and {taken} != {result}:")
                put(f"    {result} = None")
            case _:
                assert_never(self.expr.how)

    def after(self) -> Var:
        """Write what stands after the loop and return the value."""
        put, result = self.writer.put, self.result
        match self.expr.how:
            case Reduction.COUNT:
                return Var(result, may_none=False, may_absent=False)
            case Reduction.DISTINCT:
                put(f"{result} = len({result} - {{None}})")
                return Var(result, may_none=False, may_absent=False)
            case Reduction.SUM:
                put(f"{result} = None if {self.doubt} else reduced({result})")
                return Var(result, may_none=True, may_absent=False)
            case Reduction.SOME | Reduction.EVERY:
                settled = "not " if self.expr.how is Reduction.SOME else ""
                put(f"if {self.doubt} and {settled}{result}:")
                put(f"    {result} = None")
                return Var(result, may_none=True, may_absent=False)
            case Reduction.STREAK:
                assert self.expr.allow_gap is not None
                put(f"{result} = years_running({result}, as_of, {self.expr.allow_gap.value})")
                return Var(result, may_none=False, may_absent=False)
            case Reduction.LATEST | Reduction.EARLIEST:
                return Var(result, may_none=bool(self.day), may_absent=True)
            case _:
                assert_never(self.expr.how)
