"""Joining: what only the tables of a store together can tell, and what is left when it has been told.

Place in the flow: behind the loading of every table. Here ids that stand twice are found, and events of nobody; and
a customer of whom anything is wrong is left out with all events. Rows in = rows out + rows rejected, in every table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dealerrules.faults import Fault, messages, shown
from dealerrules.households import UNSURE
from dealerrules.intake.headers import KINDS, id_column
from dealerrules.intake.ledger import MOST_FAULTS, Ledger, Part
from dealerrules.intake.loading import REJECTED
from dealerrules.intake.sources import ROW
from dealerrules.records import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAYS: Final = messages("""
orphan | there is no customer `{value}` | 没有客户 `{value}`
duplicate | `{value}` is also the {name} of {first} | `{value}` 与 {first} 的 {name} 重复
left_out | the customer is left out, for other data of theirs is wrong | 该客户的其他数据有错，因此整个客户不参与评估
not_trusted | nothing of it is trusted, for a table could not be read to its end | 有表无法读到结尾，因此全部不可信
""")
_REASONS: Final = {ROW: pl.Int64(), "message": pl.String(), "message_zh": pl.String()}
_OF_CUSTOMERS: Final = frozenset({"customers", *TABLES})


class Counts(NamedTuple):
    """Rows of a table: in the file, sound, and rejected."""

    rows: int
    out: int
    rejected: int


@dataclass
class Joined:
    """What a store comes to: its sound rows, how many there are of each kind, and its rejected rows."""

    frames: dict[str, pl.LazyFrame] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    rejected: list[pl.LazyFrame] = field(default_factory=list)


def join(parts: Mapping[str, Part], ledger: Ledger) -> Joined:
    """Find what only whole tables can tell, and leave out the customers of whom anything is wrong.

    Args:
        parts: the tables, by name.
        ledger: takes the faults.
    """
    return _Joining(parts, ledger).join()


class _Joining:
    def __init__(self, parts: Mapping[str, Part], ledger: Ledger) -> None:
        self.parts, self.ledger = parts, ledger
        self.spoilt: list[pl.Series] = []  # ids of customers of whom something is wrong
        self.reasons: dict[str, list[pl.DataFrame]] = {}  # rows to reject, with why, by table
        self.made = Joined()

    def join(self) -> Joined:
        cut = bool(self.ledger.broken & _OF_CUSTOMERS)
        for kind, part in self.parts.items():
            if part.frame is not None and kind not in self.ledger.broken:
                self._find_duplicates(part, part.frame)
            if kind in _OF_CUSTOMERS:
                self.spoilt += part.bad_ids
        for kind in TABLES:
            if kind in self.parts and not cut:
                self._find_orphans(self.parts[kind], self.parts["customers"])
        spoilt = pl.concat([pl.Series("customer_id", dtype=pl.String), *self.spoilt]).unique()
        for kind in KINDS:
            if kind in self.parts:
                self._divide(
                    self.parts[kind],
                    spoilt,
                    everything=cut if kind in _OF_CUSTOMERS else kind in self.ledger.broken,
                )
        if "customers" in self.made.frames:
            self._mark_households(spoilt)
        return self.made

    # ids

    def _find_duplicates(self, part: Part, frame: pl.LazyFrame) -> None:
        """Find the rows whose key another row has: none of them can be trusted."""
        kind = KINDS[part.kind]
        if not kind.key or not set(kind.key) <= set(frame.collect_schema().names()):
            return
        if len(kind.key) == 1 and part.bad_keys:
            self._find_rejected_keys(part, frame, kind.key[0])
        known = frame.filter(pl.all_horizontal(pl.col(kind.key).is_not_null()))
        key = pl.struct(kind.key).hash() if len(kind.key) > 1 else pl.col(kind.key[0]).hash()
        hashes = known.select(key.alias("hash")).collect(engine="streaming")["hash"]
        if hashes.n_unique() == len(hashes):
            return
        twice = hashes.filter(hashes.is_duplicated()).unique()
        owner = id_column(kind)
        columns = list(dict.fromkeys([ROW, *kind.key, owner]))
        rows = known.filter(key.is_in(twice.implode())).select(columns).collect().sort(ROW)
        rows = rows.filter(pl.struct(kind.key).is_duplicated())
        groups = rows.with_columns(
            first=pl.col(ROW).first().over(kind.key), second=pl.col(ROW).get(1).over(kind.key)
        )
        is_first = pl.col("first") == pl.col(ROW)
        others = groups.with_columns(
            first=pl.when(is_first).then(pl.col("second")).otherwise(pl.col("first"))
        )
        self._reject(part, others, kind.key[0], "duplicate", tell=~groups.select(is_first).to_series())
        if part.kind in _OF_CUSTOMERS:
            self.spoilt.append(groups[owner].unique().rename("customer_id"))

    def _find_rejected_keys(self, part: Part, frame: pl.LazyFrame, name: str) -> None:
        """Find the sound rows whose id a rejected row has as well: whose it is, nobody knows."""
        bad = pl.concat(part.bad_keys).unique("key", keep="first").rename({ROW: "first", "key": name})
        columns = list(dict.fromkeys([ROW, name, id_column(KINDS[part.kind])]))
        rows = frame.select(columns).join(bad.lazy(), on=name, how="inner").collect().sort(ROW)
        self._reject(part, rows, name, "duplicate")
        if part.kind in _OF_CUSTOMERS:
            self.spoilt.append(rows[id_column(KINDS[part.kind])].unique().rename("customer_id"))

    def _find_orphans(self, part: Part, customers: Part) -> None:
        """Find the events of nobody."""
        if part.frame is None:
            return
        people = [
            pl.LazyFrame({"customer_id": ids}, schema={"customer_id": pl.String}) for ids in customers.bad_ids
        ]
        if customers.frame is not None:
            people.append(customers.frame.select("customer_id"))
        if not people:
            people.append(pl.LazyFrame(schema={"customer_id": pl.String}))
        strangers = (
            part.frame.join(pl.concat(people), on="customer_id", how="anti").select("customer_id").unique()
        )
        found = strangers.collect(engine="streaming")
        if not found.height:
            return
        rows = part.frame.select(ROW, "customer_id").join(found.lazy(), on="customer_id", how="semi")
        self._reject(part, rows.collect().sort(ROW), "customer_id", "orphan")

    def _reject(
        self, part: Part, rows: pl.DataFrame, column: str, code: str, tell: pl.Series | None = None
    ) -> None:
        """Reject rows because of a value of theirs, and tell why; of `tell` only those that are true."""
        if not rows.height:
            return
        values = rows.select(column).unique()
        seen = values.with_columns(value=pl.Series([shown(value) for value in values[column].to_list()]))
        rows = rows.join(seen, on=column, how="left", maintain_order="left")
        given = {"value": pl.col("value"), "name": pl.lit(column)}
        if "first" in rows.columns:
            given["first"] = pl.lit(f"{part.source.shown}:") + pl.col("first").cast(pl.String)
        english, chinese = _SAYS[code]
        told = rows.select(
            pl.col(ROW).cast(pl.Int64),
            column,
            message=_filled(english, given),
            message_zh=_filled(chinese, given),
        )
        self.reasons.setdefault(part.kind, []).append(told.drop(column))
        told = told if tell is None else told.filter(tell)
        for number, value, english, chinese in told.head(MOST_FAULTS).iter_rows():
            self.ledger.add(
                Fault("", None, column, value, english, chinese, part.place(number)), part.kind, number
            )
        self.ledger.more(part, column, told.height)

    # what is left

    def _divide(self, part: Part, spoilt: pl.Series, *, everything: bool) -> None:
        """Divide a table into what is sound and what is rejected."""
        frame, counted = part.frame, part.rejected_count
        self.made.rejected += part.rejected
        if frame is not None:
            told = [pl.DataFrame(schema=_REASONS), *self.reasons.get(part.kind, [])]
            reasons = pl.concat(told).unique(ROW, keep="first", maintain_order=True)
            is_out = [pl.lit(True)] if everything else []  # noqa: FBT003
            if reasons.height:
                is_out.append(pl.col(ROW).cast(pl.Int64).is_in(reasons[ROW].implode()))
            if part.kind in _OF_CUSTOMERS and len(spoilt):
                is_out.append(pl.col("customer_id").is_in(spoilt.implode()))
            if is_out:
                out = frame.filter(pl.any_horizontal(is_out))
                frame = frame.filter(~pl.any_horizontal(is_out))
                said = _SAYS["not_trusted" if everything else "left_out"]
                self.made.rejected.append(_rejected(part, out, reasons, said))
                counted += int(out.select(pl.len()).collect(engine="streaming").item())
        self.made.counts[part.kind] = Counts(part.rows, part.rows - counted, counted)
        if frame is not None and not everything:
            as_it_stands = part.bare if counted == 0 else None
            self.made.frames[part.kind] = frame.drop(ROW) if as_it_stands is None else as_it_stands

    def _mark_households(self, spoilt: pl.Series) -> None:
        """Mark the households of which a member is left out: nobody can count their owners."""
        frame = self.parts["customers"].frame
        if frame is None or not len(spoilt) or "household_id" not in frame.collect_schema().names():
            return
        left_out = frame.filter(pl.col("customer_id").is_in(spoilt.implode()))
        unsure = left_out.select("household_id").drop_nulls().unique().collect()["household_id"]
        if len(unsure):
            marked = pl.col("household_id").is_in(unsure.implode()).fill_null(False)  # noqa: FBT003
            self.made.frames["customers"] = self.made.frames["customers"].with_columns(marked.alias(UNSURE))


def _filled(template: str, given: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return a message whose values are columns."""
    parts = re.split(r"\{(\w+)\}", template)
    return pl.concat_str(given[part] if at % 2 else pl.lit(part) for at, part in enumerate(parts))


def _rejected(
    part: Part, out: pl.LazyFrame, reasons: pl.DataFrame, otherwise: tuple[str, str]
) -> pl.LazyFrame:
    """Return rows as rejected ones, each with its reason, or else the common one."""
    names = [name for name in out.collect_schema().names() if name != ROW]
    told = out.with_columns(pl.col(ROW).cast(pl.Int64)).join(
        reasons.lazy(), on=ROW, how="left", maintain_order="left"
    )
    return told.select(
        table=pl.lit(part.kind), place=pl.lit(part.source.shown), row=pl.col(ROW), id=pl.col(id_column(KINDS[part.kind])),
        message=pl.col("message").fill_null(otherwise[0]), message_zh=pl.col("message_zh").fill_null(otherwise[1]),
        cells=pl.struct(pl.col(names).cast(pl.String)).struct.json_encode(),
    ).select(pl.col(name).cast(dtype) for name, dtype in REJECTED.items())  # fmt: skip
