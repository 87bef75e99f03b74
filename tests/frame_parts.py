"""Columns of a frame in tests: every form of a value with what it stands for, what a column says of itself, golden texts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import polars as pl

from dealerrules.engines.columns import (
    MAX_64,
    Algebra,
    Backend,
    Column,
    Flags,
    constant,
)
from dealerrules.values import (
    ABSENT,
    COUNT,
    DAYS,
    MONEY,
    NUMBER,
    RATIO,
    Type,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

GOLDEN = Path(__file__).parent / "golden" / "survivors"
D = date(2014, 9, 30)


@cache
def golden(name: str) -> dict[str, str]:
    """Return the sections of a golden file."""
    path = GOLDEN / name
    parts = path.read_text(encoding="utf-8").split("# ")[1:] if path.exists() else []
    return {head: text for head, _, text in (part.partition("\n") for part in parts)}


def same(name: str, section: str, found: str) -> None:
    """Compare with a section of a golden file."""
    if os.environ.get("UPDATE_GOLDEN"):
        held = golden(name)
        held[section] = found
        (GOLDEN / name).write_text(
            "".join(f"# {head}\n{text}" for head, text in held.items()), encoding="utf-8"
        )
    assert found == golden(name)[section]


KINDS_OF_ALGEBRA = {"whole numbers": Backend.POLARS, "decimals": Backend.PYSPARK}
"""The arithmetic that Spark needs is exact on any backend, so that it can be held against plain Python here."""


def algebra(kind: str = "whole numbers") -> Algebra:
    """Return the operators."""
    return Algebra(KINDS_OF_ALGEBRA[kind])


def carried(columns: Mapping[str, nw.Expr], **data: Any) -> dict[str, list[Any]]:
    """Return columns, carried out by polars."""
    frame = pl.DataFrame(data).lazy()
    found = nw.to_native(nw.from_native(frame).select(**columns)).collect()
    return dict(found.to_dict(as_series=False))


@dataclass(frozen=True)
class Operand:
    """A column of numbers: what is in it, as the engine holds it, and the values that it stands for."""

    column: Column
    held: Sequence[Any]
    over: Sequence[Any] | None = None
    absent: Sequence[bool] | None = None
    wide: bool = False

    @property
    def values(self) -> list[Any]:
        """Return the values: fractions, unknown, absent."""
        found: list[Any] = []
        for at, each in enumerate(self.held):
            if each is None:
                gone = self.absent is not None and self.absent[at]
                found.append(ABSENT if gone else None)
            else:
                by = self.column.scale * (1 if self.over is None else self.over[at])
                found.append(Fraction(each, by))
        return found


def operand(
    name: str, type_: Type, held: Sequence[Any], *, over: Any = None, absent: Any = None, **more: Any
) -> Operand:
    """Return an operand that stands in the columns of its name."""
    column = Column(
        type_,
        nw.col(name),
        over=None if over is None else nw.col(f"{name} over"),
        absent=None if absent is None else nw.col(f"{name} absent"),
        **more,
    )
    return Operand(column, held, over, absent, more.get("most", 0) > MAX_64)


def fixed(number: Fraction | int, type_: Type = NUMBER) -> Operand:
    """Return a number of the policy."""
    column = constant(number, type_)
    return Operand(column, [Fraction(number).numerator])


OPERANDS = {
    "count": operand("count", COUNT, [0, 1, 2, 3, 7, 10**12, None], most=10**12),
    "sure": operand("sure", COUNT, [0, 2, 3, 5, 6], most=6, unknown=False),
    "event": operand(
        "event", COUNT, [None, 0, 3, None, 4], most=9, absent=[True, False, False, False, False]
    ),
    "dated": operand(
        "dated", DAYS, [None, 3, -2], most=40, absent=[True, False, False], unknown=False, negative=True
    ),
    "micro": operand(
        "micro", NUMBER, [-2_500_000, 0, 3_000_000, 2, None], most=10**10, scale=10**6, negative=True
    ),
    "ratio": operand(
        "ratio",
        RATIO,
        [0, 1, 7, -4, None],
        over=[1, 3, 2, 2, None],
        most=10**4,
        over_most=10**3,
        negative=True,
    ),
    "share": operand("share", NUMBER, [0, 5, 30, None], over=[4, 2, 7, None], most=30, over_most=7, scale=10),
    "wide": operand("wide", MONEY, [0, 2**70, -(2**70), 3, None], most=2**80, negative=True),
    "three": fixed(3),
    "less": fixed(Fraction(-5, 2)),
    "none": fixed(0),
    "huge": fixed(2**63 - 1),
}


def crossed(names: Sequence[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a frame of every combination of what operands hold, and the values in each row."""
    data: dict[str, Any] = {}
    rows = list(product(*(range(len(OPERANDS[name].held)) for name in names)))
    for at, name in enumerate(names):
        each = OPERANDS[name]
        dtype = pl.Int128 if each.wide else pl.Int64
        data[name] = pl.Series([each.held[row[at]] for row in rows], dtype=dtype)
        if each.over is not None:
            data[f"{name} over"] = pl.Series([each.over[row[at]] for row in rows], dtype=pl.Int64)
        if each.absent is not None:
            data[f"{name} absent"] = pl.Series([each.absent[row[at]] for row in rows])
    values = [{name: OPERANDS[name].values[row[at]] for at, name in enumerate(names)} for row in rows]
    return data, values


def held_as(dtype: Any) -> str:
    """Return how a column is held, in words that no version of polars changes."""
    if isinstance(dtype, pl.Enum):
        return f"words {', '.join(dtype.categories)}"
    if isinstance(dtype, pl.Decimal):
        return f"decimal {dtype.precision} {dtype.scale}"
    return str(dtype)


def told(column: Column) -> str:
    """Return what a column says of itself."""
    parts = [str(column.type), f"1/{column.scale}", f"most {column.most}"]
    assert {type(column.unknown), type(column.negative)} == {bool}
    parts += ["unknown"] if column.unknown else []
    parts += ["absent"] if column.absent is not None else []
    parts += [f"over {column.over_most}"] if column.over is not None else []
    parts += ["negative"] if column.negative else []
    parts += [f"fixed {column.fixed}"] if column.fixed is not None else []
    if column.over is None and column.over_most != 1:
        parts.append(f"over_most {column.over_most}")
    return ", ".join(parts)


def worked_out(columns: Mapping[str, Column], data: Mapping[str, Any]) -> dict[str, tuple[str, list[Any]]]:
    """Return what some columns say of themselves with how they are held, and the values in them."""
    writing: dict[str, nw.Expr] = {}
    for name, column in columns.items():
        writing[f"{name} value"] = column.value
        if column.over is not None:
            writing[f"{name} over"] = column.over
        if column.absent is not None:
            writing[f"{name} absent"] = column.absent
    rows = len(next(iter(data.values())))
    padding = {"padding": pl.Series([0] * rows)}
    frame = pl.DataFrame({**data, **padding}).lazy()
    out = nw.to_native(nw.from_native(frame).with_columns(**writing)).collect()
    found: dict[str, tuple[str, list[Any]]] = {}
    for name, column in columns.items():
        values = []
        given = out[f"{name} value"]
        over = out[f"{name} over"].to_list() if column.over is not None else [1] * rows
        absent = out[f"{name} absent"].to_list() if column.absent is not None else [False] * rows
        for value, by, gone in zip(given.to_list(), over, absent, strict=True):
            assert gone in {True, False}
            assert not gone or value is None
            assert gone or value is not None or column.unknown, f"{name}: a null where nothing is unknown"
            if value is None:
                values.append(ABSENT if gone else None)
            elif column.is_number:
                assert by > 0
                assert abs(int(value)) <= column.most, f"{name}: {value} is above {column.most}"
                assert int(by) <= column.over_most
                assert column.negative or value >= 0
                values.append(Fraction(int(value), int(by)) / column.scale)
            else:
                values.append(value)
        found[name] = (f"{told(column)}; {held_as(given.dtype)}", values)
    return found


def joint(how: Callable[..., Any], *values: Any) -> Any:
    """Work something out of values that may be missing: unknown before absent."""
    if None in values:
        return None
    return ABSENT if ABSENT in values else how(*values)


def said(flags: Mapping[str, Flags], data: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return truths: true, false, or unknown; a flag is never null."""
    writing = {f"{name} true": each.true for name, each in flags.items()}
    writing |= {f"{name} false": each.is_false for name, each in flags.items()}
    writing |= {f"{name} unknown": each.unknown for name, each in flags.items() if each.unknown is not None}
    rows = len(next(iter(data.values())))
    frame = pl.DataFrame({**data, "padding": pl.Series([0] * rows)}).lazy()
    out = nw.to_native(nw.from_native(frame).with_columns(**writing)).collect()
    found: dict[str, list[Any]] = {}
    for name, each in flags.items():
        true, false = out[f"{name} true"].to_list(), out[f"{name} false"].to_list()
        unknown = out[f"{name} unknown"].to_list() if each.unknown is not None else [False] * rows
        assert all(sorted(parts) == [False, False, True] for parts in zip(true, false, unknown, strict=True))
        found[name] = [True if yes else False if no else None for yes, no in zip(true, false, strict=True)]
    return found


def compared(how: Callable[..., bool], *values: Any) -> bool | None:
    """Compare values that may be missing: with an unknown one it is unknown, with an absent one false."""
    found = joint(how, *values)
    return False if found is ABSENT else found


TRUTHS = (True, False, None)


def kleene(*names: str) -> tuple[dict[str, Any], dict[str, Flags], list[tuple[Any, ...]]]:
    """Return every combination of truths: as a frame, as flags by name (`s…` are never unknown), and as they are."""
    rows = list(product(*(TRUTHS[:2] if name.startswith("s") else TRUTHS for name in names)))
    data: dict[str, Any] = {}
    flags: dict[str, Flags] = {}
    for at, name in enumerate(names):
        data[f"{name} true"] = pl.Series([row[at] is True for row in rows])
        data[f"{name} false"] = pl.Series([row[at] is False for row in rows])
        flags[name] = Flags(nw.col(f"{name} true"), None if name.startswith("s") else nw.col(f"{name} false"))
    return data, flags, rows
