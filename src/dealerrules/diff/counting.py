"""Counting: both books on one store, put side by side and counted.

Place in the flow: the last step of a diff, and the only one that needs polars. Both books answer for the whole store as
frames; rows are put side by side by key and counted by the combination of rules that hold for them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import polars as pl

from dealerrules.diff.answers import NOT_THERE, Said, changed_rules, rate_meanings_by_name, said, touched
from dealerrules.diff.impact import (
    GIVES,
    LESS,
    MORE,
    MOVED,
    OTHER,
    SAME,
    STATUS,
    Cause,
    Combination,
    DecisionImpact,
    Impact,
    Money,
    RateImpact,
)
from dealerrules.policy.model import Payout, Rules, Stage, Tier, Title
from dealerrules.populations import Period
from dealerrules.records import SUBJECTS
from dealerrules.values import read_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.book import PolicyBook
    from dealerrules.diff.intervals import Interval
    from dealerrules.policy.model import AnyDecision, Edition

SIDES: Final = ("old", "new")
_CENT: Final = Decimal("0.01")

# ---------------------------------------------------------------------------------------------------
# Both books on one store


def impact(
    old: PolicyBook,
    new: PolicyBook,
    pieces: Sequence[Interval],
    tables: Mapping[str, Any],
    as_of: date | str,
    *,
    check: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Impact:
    """Return what an edit does on a store's records.

    Args:
        old: the policies as they were.
        new: the policies as they are.
        pieces: the two books side by side in time.
        tables: as for ``book.evaluate_frame``.
        as_of: the day.
        check: whether to look first for what a record would refuse.
        progress: told the subject that is being worked out.

    Raises:
        RecordError: for tables and columns that cannot be read.
    """
    day = read_date(as_of)
    names = _names(old, new, pieces, day)
    found: list[DecisionImpact] = []
    counts: dict[str, int] = {}
    for subject, meta in SUBJECTS.items():
        mine = [
            name
            for name in names
            if any(name in book.decisions and book.decisions[name].subject == subject for book in (old, new))
        ]
        if not mine or meta.table not in tables:
            continue
        if progress is not None:
            progress(subject)
        store = _Store(old, new, tables, day, subject, check=check)
        rows = store.answers(mine)
        counts[subject] = rows.height
        found += [store.decision(name, rows) for name in mine]
    return Impact(day, counts, tuple(found), tuple(_rates(old, new, tables, day)))


def _names(old: PolicyBook, new: PolicyBook, pieces: Sequence[Interval], day: date) -> list[str]:
    """Return the decisions whose answers as of a day may differ."""
    found: dict[str, None] = {}
    for piece in pieces:
        for name in touched(piece) if piece.start <= day else ():
            models = [book.decisions[name] for book in (old, new) if name in book.decisions]
            if piece.end >= day or any(model.dated_by is not None for model in models):
                found[name] = None
    order = list(dict.fromkeys((*old.decisions, *new.decisions)))
    return sorted(found, key=order.index)


class _Store:
    """A store's records of one subject, with both books."""

    def __init__(
        self,
        old: PolicyBook,
        new: PolicyBook,
        tables: Mapping[str, Any],
        day: date,
        subject: str,
        *,
        check: bool,
    ) -> None:
        self.books = {"old": old, "new": new}
        self.tables, self.day, self.subject, self.check = tables, day, subject, check
        self.meta = SUBJECTS[subject]
        self.keys = [f"key {name}" for name in self.meta.key]

    def there(self, side: str, name: str) -> bool:
        """Tell whether a book has a decision about the subject."""
        made = self.books[side].decisions.get(name)
        return made is not None and made.subject == self.subject

    # --- rows -----------------------------------------------------------------------------------------

    def answers(self, names: Sequence[str]) -> pl.DataFrame:
        """Return a row a record: its key, the masks and amounts of both sides, and the dates that versions go by."""
        frames = [self._side(side, names) for side in SIDES]
        own, old, new = _collected([self._own(names), *frames])
        # every table of the subject has the same keys; rows that lack one belong to nobody
        return own.join(old, on=self.keys, how="inner").join(new, on=self.keys, how="inner")

    def _own(self, names: Sequence[str]) -> nw.LazyFrame[Any]:
        dates = {
            book.decisions[name].dated_by
            for side, book in self.books.items()
            for name in names
            if self.there(side, name)
        } - {None}
        frame: nw.LazyFrame[Any] = nw.from_native(self.tables[self.meta.table]).lazy()
        held = [each for each in sorted(map(str, dates)) if each in frame.collect_schema().names()]
        return frame.select(
            *[nw.col(name).alias(key) for name, key in zip(self.meta.key, self.keys, strict=True)],
            *[nw.col(name).cast(nw.Date).alias(f"date {name}") for name in held],
        )

    def _side(self, side: str, names: Sequence[str]) -> nw.LazyFrame[Any]:
        mine = [name for name in names if self.there(side, name)]
        book = self.books[side]
        answers = book.evaluate_frame(
            self.tables,
            as_of=self.day,
            subject=self.subject,
            decisions=mine,
            check=self.check and side == "old",
        )
        frame: nw.LazyFrame[Any] = nw.from_native(answers).lazy()
        columns = frame.collect_schema().names()
        chosen = [nw.col(name).alias(key) for name, key in zip(self.meta.key, self.keys, strict=True)]
        for name in mine:
            for word in ("true", "unknown"):
                chosen += [
                    nw.col(column).fill_null(0).alias(f"{side} {column}")
                    for column in _words(columns, f"{name}.{word}")
                ]
            if isinstance(book.decisions[name], Payout):
                chosen.append(nw.col(name).alias(f"{side} {name}"))
        return frame.select(*chosen)

    # --- one decision ---------------------------------------------------------------------------------

    def decision(self, name: str, rows: pl.DataFrame) -> DecisionImpact:
        """Return what becomes of the answers of a decision."""
        columns: dict[str, list[str]] = {}
        chosen: list[pl.Expr] = [pl.col(key) for key in self.keys]
        paid = False
        for side, book in self.books.items():
            columns[side] = []
            if not self.there(side, name):
                continue
            held = [
                *_words(rows.columns, f"{side} {name}.true"),
                *_words(rows.columns, f"{side} {name}.unknown"),
            ]
            chosen += [pl.col(column) for column in held]
            chosen.append(self._edition(book, name, rows.columns).alias(f"{side} edition"))
            columns[side] = [*held, f"{side} edition"]
            if isinstance(book.decisions[name], Payout):
                paid = True
                chosen.append(pl.col(f"{side} {name}").alias(f"{side} amount"))
                chosen.append(pl.col(f"{side} {name}").is_not_null().alias(f"{side} paid"))
                columns[side].append(f"{side} paid")
        frame = rows.select(chosen)
        if paid:
            missing = [f"{side} amount" for side in SIDES if f"{side} amount" not in frame.columns]
            frame = frame.with_columns(pl.lit(None, pl.Decimal(38, 2)).alias(each) for each in missing)
        by = [*columns["old"], *columns["new"]]
        combined = frame.select(by).unique(maintain_order=True).with_row_index("combination")
        frame = frame.join(combined, on=by, how="left")
        changed = _Changed(self.books["old"], self.books["new"], name)
        combinations = [
            self._combination(name, changed, row, columns) for row in combined.iter_rows(named=True)
        ]
        frame = frame.with_columns(_way(combinations, paid=paid))
        return self._counted(name, frame, combinations, paid=paid)

    def _edition(self, book: PolicyBook, name: str, columns: Sequence[str]) -> pl.Expr:
        """Return which edition of a book decides about each record; -1 where none does."""
        at = {id(edition): place for place, edition in enumerate(book.editions)}
        in_force = book.edition(self.day)
        today = at[id(in_force)] if in_force is not None else -1
        dated = book.decisions[name].dated_by
        if dated is None:
            return pl.lit(today, pl.Int32)
        undated = today if book._versions(name, self.day) <= 1 else -1  # noqa: SLF001 - as the book itself asks
        if f"date {dated}" not in columns:
            return pl.lit(undated, pl.Int32)
        day = pl.col(f"date {dated}")
        chosen = pl.when(day.is_null()).then(undated).when(day > self.day).then(-1)
        for edition in book.editions:
            chosen = chosen.when(day.is_between(edition.start, edition.end)).then(at[id(edition)])
        return chosen.otherwise(-1).cast(pl.Int32)

    def _combination(
        self, name: str, changed: _Changed, row: Mapping[str, Any], columns: Mapping[str, Sequence[str]]
    ) -> Combination:
        sides: list[Said] = []
        editions: list[Edition | None] = []
        for side, book in self.books.items():
            if not columns[side]:
                sides.append(NOT_THERE)
                editions.append(None)
                continue
            place = row[f"{side} edition"]
            edition = book.editions[place] if place >= 0 else None
            masks = [
                sum(row[column] << 60 * at for at, column in enumerate(_words(row, f"{side} {name}.{word}")))
                for word in ("true", "unknown")
            ]
            sides.append(said(edition, name, *masks, paid=row.get(f"{side} paid", True)))
            editions.append(edition)
        before, after = sides
        model = self.books["new" if columns["new"] else "old"].decisions[name]
        way = _moved(model, before, after)
        return Combination(before, after, way, _causes(way, before, after, changed(*editions)))

    def _counted(
        self, name: str, frame: pl.DataFrame, combinations: Sequence[Combination], *, paid: bool
    ) -> DecisionImpact:
        more = [(pl.col("new amount") - pl.col("old amount")).sum().alias("difference")] if paid else []
        counted = frame.group_by("combination", "way").agg(pl.len().alias("count"), *more)
        matrix: Counter[tuple[Said, Said, str]] = Counter()
        causes: Counter[tuple[str, str]] = Counter()
        differences: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in counted.sort("combination", "way").iter_rows(named=True):
            made = combinations[row["combination"]]
            matrix[made.before, made.after, row["way"]] += row["count"]
            if row["way"] in MOVED:
                for rule in made.causes or ("",):
                    causes[rule, row["way"]] += row["count"]
                    differences[rule, row["way"]] += row.get("difference") or Decimal(0)
        order = [*_MOVES, STATUS, GIVES, SAME]
        ordered = sorted(
            matrix.items(),
            key=lambda each: (
                each[0][2] not in MOVED,
                order.index(each[0][2]) if each[0][2] not in MOVED else 0,
                -each[1],
                str(each[0][0].key),
                str(each[0][1].key),
            ),
        )
        book = self.books["new" if self.there("new", name) else "old"]
        moved = frame.filter(pl.col("way").is_in([*MOVED, STATUS]))
        by = [pl.col(key) for key in self.keys]
        if paid:
            size = (pl.col("new amount").fill_null(0) - pl.col("old amount").fill_null(0)).abs()
            moved = moved.sort(size, *by, descending=[True, *(False for _ in by)])
        else:
            moved = moved.sort(pl.col("way") == STATUS, *by)
        kept = [*self.keys, "combination", "way", *(f"{side} amount" for side in SIDES if paid)]
        return DecisionImpact(
            name,
            book.decisions[name],
            frame.height,
            tuple((*key, number) for key, number in ordered),
            tuple(
                Cause(rule, self._title(name, rule), way, number, differences[rule, way] if paid else None)
                for (rule, way), number in sorted(causes.items(), key=lambda each: (-each[1], each[0]))
            ),
            self._money(name, frame) if paid else None,
            moved.select(kept),
            combinations,
        )

    def _title(self, name: str, rule: str) -> Title:
        for side in ("new", "old"):
            for edition in reversed(self.books[side].editions):
                made = edition.decisions.get(name)
                found = next((each for each in made.rules if each.id == rule), None) if made else None
                if found is not None:
                    return found.title
        return Title()

    def _money(self, name: str, frame: pl.DataFrame) -> Money:
        old, new = pl.col("old amount"), pl.col("new amount")
        there = {
            side: self.there(side, name) and isinstance(self.books[side].decisions[name], Payout)
            for side in SIDES
        }
        payees = [
            getattr(self.books[side].decisions[name], "payee", None) if there[side] else None
            for side in SIDES
        ]
        if not there["old"]:
            payees[0] = payees[1]
        if not there["new"]:
            payees[1] = payees[0]
        # a decision that is not there pays nothing: that is no undefined amount
        before, after = (
            each if there[side] else pl.lit(0, pl.Decimal(38, 2))
            for side, each in zip(SIDES, (old, new), strict=True)
        )
        difference = after - before
        row = frame.select(
            before=before.sum() if there["old"] else pl.lit(0),
            after=after.sum() if there["new"] else pl.lit(0),
            undefined_before=old.null_count() if there["old"] else pl.lit(0),
            undefined_after=new.null_count() if there["new"] else pl.lit(0),
            more=(difference > 0).sum(),
            more_by=difference.filter(difference > 0).sum(),
            less=(difference < 0).sum(),
            less_by=difference.filter(difference < 0).sum(),
        ).row(0, named=True)
        return Money(
            payees[0],
            payees[1],
            _exact(row["before"]),
            _exact(row["after"]),
            row["undefined_before"],
            row["undefined_after"],
            (row["more"], _exact(row["more_by"])),
            (row["less"], _exact(row["less_by"])),
        )


_MOVES: Final = (MORE, LESS, OTHER)


def _exact(amount: Any) -> Decimal:
    return Decimal(amount or 0).quantize(_CENT)


def _words(columns: Iterable[str], name: str) -> list[str]:
    """Return the words of a mask, in order: 60 rules each."""
    found = [each for each in columns if each == name or each.startswith(f"{name}.")]
    return sorted(found, key=lambda each: int(each.removeprefix(name).lstrip(".") or 0))


def _collected(frames: Sequence[nw.LazyFrame[Any]]) -> list[pl.DataFrame]:
    """Return frames of any kind as polars; what the same tables are read for is read once where that is possible."""
    native = [nw.to_native(frame) for frame in frames]
    if all(isinstance(each, pl.LazyFrame) for each in native):
        return pl.collect_all(native)
    return [frame.collect(backend="polars").to_native() for frame in frames]


class _Changed:
    """The rules of a decision that changed, between any two editions."""

    def __init__(self, old: PolicyBook, new: PolicyBook, name: str) -> None:
        self.old, self.new, self.name = old, new, name
        self.found: dict[tuple[int, int], frozenset[str]] = {}

    def __call__(self, old: Edition | None, new: Edition | None) -> frozenset[str]:
        key = (id(old), id(new))
        if key not in self.found:
            self.found[key] = changed_rules(old, new, self.name)
        return self.found[key]


def _moved(model: AnyDecision, before: Said, after: Said) -> str:
    """Return how an answer moved; of payouts the amounts say it."""
    if before == after:
        return SAME if before.gives == after.gives else GIVES
    if isinstance(model, Rules) and before.status == after.status and before.gives == after.gives:
        return SAME  # rows of other names that say the same
    if before.key == after.key and NOT_THERE not in {before, after}:
        return STATUS
    if isinstance(model, Tier | Stage) and before.rank is not None and after.rank is not None:
        if isinstance(model, Tier):
            names = [level.id for level in model.levels]
            if before.key in names and after.key in names:
                return MORE if names.index(str(after.key)) < names.index(str(before.key)) else LESS
            return OTHER
        if before.key in model.order and after.key in model.order:
            later = model.order.index(str(after.key)) > model.order.index(str(before.key))
            return MORE if later else LESS
    return OTHER


def _causes(way: str, before: Said, after: Said, changed: frozenset[str]) -> tuple[str, ...]:
    """Return the rules that an answer moved for: those that give the better answer, first of all those that changed."""
    sides = [before.because, after.because] if way == LESS else [after.because, before.because]
    for rules in sides:
        found = tuple(rule for rule in rules if rule in changed)
        if found:
            return found
    return sides[0] or sides[1]


def _way(combinations: Sequence[Combination], *, paid: bool) -> pl.Expr:
    """Return how each record's answer moved; of payouts, by its amounts."""
    ways = [each.way for each in combinations]
    of_rules = pl.col("combination").replace_strict(list(range(len(ways))), ways, return_dtype=pl.String)
    if not paid:
        return of_rules.alias("way")
    old, new = pl.col("old amount"), pl.col("new amount")
    same = pl.when(of_rules == SAME).then(pl.lit(SAME)).otherwise(pl.lit(GIVES))
    return (
        pl.when(old.is_null() & new.is_null())
        .then(pl.when(of_rules.is_in([OTHER])).then(pl.lit(OTHER)).otherwise(of_rules))
        .when(old.is_null() | new.is_null())
        .then(pl.lit(OTHER))
        .when(new > old)
        .then(pl.lit(MORE))
        .when(new < old)
        .then(pl.lit(LESS))
        .otherwise(same)
        .alias("way")
    )


def _rates(old: PolicyBook, new: PolicyBook, tables: Mapping[str, Any], day: date) -> Iterator[RateImpact]:
    """Yield the rates that changed, of the latest month and year that are over on a day."""
    editions = old.edition(day), new.edition(day)
    if "customers" not in tables or editions[0] is None or editions[1] is None:
        return
    before, after = (rate_meanings_by_name(each) for each in (editions[0], editions[1]))
    changed = {name for name in before if name in after and before[name] != after[name]}
    month = Period(day.year * 12 + day.month - 1, 1)
    month = month if day == month.end else month.earlier(1)
    year = day.year if (day.month, day.day) == (12, 31) else day.year - 1
    for per, period in (("month", str(month)), ("year", f"{year:04}")):
        names = sorted(
            name for name in changed if editions[1].rates[name].per == per == editions[0].rates[name].per
        )
        if names:
            one, other = (book.rates(tables, period=period, rates=names, check=False) for book in (old, new))
            for name in names:
                yield RateImpact(editions[1].rates[name], period, one[name].value, other[name].value)
