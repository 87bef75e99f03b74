"""Attributes: what a store notes of its customers beside the fields of records.md, in columns of any kind.

Place in the flow: part of the cleaning. A file with types says what an attribute is; a CSV or Excel file says it by its
cells, once all have been read: a number where every cell is one, true or false likewise, else text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dealerrules.faults import SAYS, FieldError, messages
from dealerrules.intake.headers import ATTRIBUTE
from dealerrules.intake.lines import json_object
from dealerrules.intake.sources import shortest
from dealerrules.readers import as_scalar
from dealerrules.values import TEXT, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealerrules.intake.columns import Column

_SAYS: Final = messages("""
mixed | the attribute is {kind}, but {first} in the rows above | 该属性是{kind_zh}，而上面的行中是{first_zh}
""")
_CALLED: Final = {
    Kind.BOOLEAN: ("true or false", "true 或 false"),
    Kind.TEXT: ("text", "文本"),
    Kind.NUMBER: ("a number", "数字"),
}
_NUMBER: Final = r"^-?(0|[1-9]\d{0,10})(\.\d{1,6})?$"

MONEY_TYPE: Final = pl.Decimal(18, 2)
NUMBER_TYPE: Final = pl.Decimal(20, 6)
_TYPES: Final[Mapping[Kind, Any]] = {
    Kind.COUNT: pl.Int64(), Kind.NUMBER: NUMBER_TYPE, Kind.MONEY: MONEY_TYPE, Kind.DISTANCE: NUMBER_TYPE,
    Kind.DATE: pl.Date(), Kind.BOOLEAN: pl.Boolean(), Kind.CATEGORY: pl.String(), Kind.TEXT: pl.String(),
}  # fmt: skip


def dtype_of(type_: Type) -> Any:
    """Return the column type in which a table holds values of a type."""
    return _TYPES[type_.kind]


def as_texts(cells: pl.Series) -> pl.Series:
    """Return any column as texts, exactly: a binary number as the shortest decimal that is it and no other."""
    if cells.dtype.is_float():
        return cells.to_frame("t").select(shortest(pl.col("t")).alias("t"))["t"]
    if isinstance(cells.dtype, pl.Decimal):
        text = pl.col("t").cast(pl.String)
        trimmed = pl.when(text.str.contains(".", literal=True)).then(
            text.str.strip_chars_end("0").str.strip_suffix(".")
        )
        return cells.to_frame("t").select(trimmed.otherwise(text).alias("t"))["t"]
    return cells.cast(pl.String)


@dataclass
class Attributes:
    """What is known of the attributes of one table so far.

    Attributes:
        typed: whether the file has types, so that texts are texts.
        kinds: what each attribute is, where that is known.
        maybe: what else than text each attribute may still be, where its cells will tell.
    """

    typed: bool
    kinds: dict[str, Kind] = field(default_factory=dict)
    maybe: dict[str, set[Kind]] = field(default_factory=dict)

    def note(self, column: Column, cells: pl.Series) -> None:
        """Note what a column is by its type, or because the mapping file says so."""
        if column.form.type != TEXT:
            self.kinds[column.ours] = column.form.type.kind
        elif cells.dtype == pl.Boolean:
            self.kinds[column.ours] = Kind.BOOLEAN
        elif cells.dtype.is_numeric():
            self.kinds[column.ours] = Kind.NUMBER
        elif self.typed:
            self.kinds[column.ours] = Kind.TEXT

    def learn(self, name: str, texts: pl.Series) -> None:
        """Learn from some cells what an attribute may be."""
        known = texts.drop_nulls().to_frame("t")
        if name in self.kinds or not known.height:
            return
        is_number = pl.col("t").str.contains(_NUMBER).all()
        is_boolean = pl.col("t").is_in(["true", "false"]).all()
        number, boolean = known.select(is_number.alias("number"), is_boolean.alias("boolean")).row(0)
        there = {kind for kind, is_it in ((Kind.NUMBER, number), (Kind.BOOLEAN, boolean)) if is_it}
        self.maybe[name] = self.maybe.get(name, there) & there

    def columns(self, names: Iterable[str]) -> list[pl.Expr]:
        """Return the attributes among some columns, held as texts, as columns of their kinds."""
        made = []
        for name in names:
            kind = self.kinds.get(name) or next(iter(self.maybe.get(name, ())), Kind.TEXT)
            if not name.startswith(ATTRIBUTE) or kind is Kind.TEXT:
                continue
            text = pl.col(name)
            made.append(text == "true" if kind is Kind.BOOLEAN else text.cast(dtype_of(Type(kind))))
        return made

    def read_objects(self, cells: pl.Series) -> tuple[list[pl.Series], dict[int, tuple[str, FieldError]]]:
        """Read a column of JSON objects, or of structs: each key is an attribute.

        Returns:
            the attributes as texts; and what is wrong, with its column, by place.
        """
        texts = cells.struct.json_encode() if isinstance(cells.dtype, pl.Struct) else cells.cast(pl.String)
        found: dict[str, list[str | None]] = {}
        wrong: dict[int, tuple[str, FieldError]] = {}
        for index, text in enumerate(texts.to_list()):
            if not text:
                continue
            try:
                item: Mapping[str, object] = json_object(text)
            except FieldError:
                wrong[index] = ("attributes", FieldError(text, SAYS["mapping"]))
                continue
            for name, value in item.items():
                try:
                    written = self._written(ATTRIBUTE + name, value)
                except FieldError as error:
                    wrong[index] = (ATTRIBUTE + name, error)
                else:
                    found.setdefault(ATTRIBUTE + name, [None] * len(texts))[index] = written
        return [pl.Series(name, values, dtype=pl.String) for name, values in found.items()], wrong

    def _written(self, name: str, value: object) -> str | None:
        """Return a value of a JSON object as text, if it is of the kind that the attribute has above."""
        if value is None:
            return None
        scalar = as_scalar(value)
        kind = (
            Kind.TEXT
            if isinstance(scalar, str)
            else Kind.BOOLEAN
            if isinstance(scalar, bool)
            else Kind.NUMBER
        )
        first = self.kinds.setdefault(name, kind)
        if first is not kind:
            (called, called_zh), (before, before_zh) = _CALLED[kind], _CALLED[first]
            said = {"kind": called, "kind_zh": called_zh, "first": before, "first_zh": before_zh}
            raise FieldError(value, _SAYS["mixed"], **said)
        if isinstance(scalar, bool):
            return str(scalar).lower()
        return format(scalar, "f") if isinstance(scalar, Decimal) else str(scalar)
