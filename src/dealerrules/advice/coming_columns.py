"""Columns of coming changes: how good an answer is, what hangs on the day, the state before; the same on every backend.

Place in the flow: below ``coming_frame``.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

import narwhals as nw

from dealerrules.engines.columns import Backend
from dealerrules.engines.days import DAY, WHO
from dealerrules.policy.model import Offer, Payout, Stage, Tier
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealerrules.engines.columns import Flags
    from dealerrules.engines.days import Lazy
    from dealerrules.engines.flat import Columns
    from dealerrules.policy.model import AnyDecision

NONE: Final = "·none"
CODES: Final = 24
"""Tests that go into one number, two bits each."""


def longer(frame: Lazy, flags: Sequence[str], index: Sequence[str], name: str, backend: Backend) -> Lazy:
    """Return a row for each flag that is set, with its name in a column."""
    if backend is Backend.DUCKDB:  # narwhals unpivots on DuckDB's own connection alone
        parts = [frame.filter(nw.col(flag)).select(*index, nw.lit(flag).alias(name)) for flag in flags]
        return parts[0] if len(parts) == 1 else nw.concat(parts, how="vertical")
    made = frame.unpivot(list(flags), index=list(index), variable_name=name, value_name="is")
    return made.filter(nw.col("is")).drop("is")


def worse(at: int) -> nw.Expr:
    """Return whether the answer of a decision, by its place, is worse than before; null where that is not said."""
    rank, before = nw.col(f"{at} rank"), nw.col(f"before {at} rank")
    alike = nw.col(f"{at} kind") == nw.col(f"before {at} kind")
    return nw.when(alike & (rank != before)).then(rank < before)


def code_of(tests: Sequence[Flags]) -> nw.Expr:
    """Return the truths of some tests as one number."""
    bits = [
        flag.cast(nw.Int64) * (1 << 2 * at + side)
        for at, test in enumerate(tests)
        for side, flag in enumerate((test.true, test.is_false))
    ]
    return reduce(add, bits)


def rank_of(decision: AnyDecision, columns: Columns) -> nw.Expr | None:
    """Return a number that is the larger the better the answer is; null where that is not said."""
    answer = columns[""]
    decided = columns[".status"].cast(nw.String) == str(Status.DECIDED)
    match decision:
        case Tier(levels=levels):
            ranks = {level.id: -at for at, level in enumerate(levels)}
            return _ranked(answer, ranks)
        case Stage(ranking=ranking):
            ranks = {stage: -at for at, stage in enumerate(ranking)}
            return nw.when(decided).then(_ranked(answer, ranks)) if ranks else None
        case Payout():
            return nw.when(decided).then((answer * 100).cast(nw.Int64))
        case Offer():
            worth = {}
            for band, package in decision.packages.items():
                stated = [each for each in (package.value, package.always_value) if each is not None]
                worth[band] = sum(stated)
            known = nw.coalesce(_ranked(answer, worth), nw.lit(-1, nw.Int64))
            return nw.when(decided).then(known)
        case _:
            return None


def _ranked(answer: nw.Expr, ranks: Mapping[str, int]) -> nw.Expr:
    said = answer.cast(nw.String)
    found = [nw.when(said == word).then(nw.lit(rank, nw.Int64)) for word, rank in ranks.items()]
    return nw.coalesce(*found) if len(found) > 1 else found[0]


def with_before(states: Lazy, columns: Sequence[str], backend: Backend) -> Lazy:
    """Add to each state of a subject the one before it, under `before`; polars sorts once for all columns."""
    if backend is not Backend.POLARS:
        return states.with_columns(
            **{f"before {name}": nw.col(name).shift(1).over(WHO, order_by=DAY) for name in columns}
        )
    import polars as pl  # noqa: PLC0415 - it is loaded: the frame is of it

    native = nw.to_native(states).sort(WHO, DAY)
    same = pl.col(WHO) == pl.col(WHO).shift()
    before = [pl.when(same).then(pl.col(name).shift()).alias(f"before {name}") for name in columns]
    made: Lazy = nw.from_native(native.with_columns(before))
    return made
