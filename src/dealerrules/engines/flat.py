"""Flat: what the truths of a decision's rules mean together, column by column.

Place in the flow: the frame engine's counterpart of ``verdict.py``, which says the same for one subject and is what
this module is held against. Nothing nests by rule: an answer is the first of flat tests, so that a table of hundreds
of rows stays one pass over the columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final, assert_never

import narwhals as nw

from dealerrules.engines.columns import (
    MAX_64,
    Algebra,
    Backend,
    Column,
    Flags,
    both,
    constant,
)
from dealerrules.expr import Operator
from dealerrules.policy.model import AnyDecision, Hit, Offer, Output, Payout, Rules, Stage, Tier
from dealerrules.values import FEN_PER_YUAN, TEXT, Kind, Rounding, Type
from dealerrules.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealerrules.policy.model import Cell, Rule

BITS: Final = 60
"""Rules in one word of a mask: below the sign, and every backend multiplies so far exactly."""
HALF: Final = 30
"""Rules in half a word."""

Columns = dict[str, nw.Expr]
"""Columns of an outcome by what is added to the decision's name; nothing for the answer itself."""


@dataclass(frozen=True, slots=True)
class Truths:
    """The rules of a decision as columns: where each is true, and where it is unknown (none where it never is)."""

    true: tuple[nw.Expr, ...]
    unknown: tuple[nw.Expr | None, ...]

    @staticmethod
    def word(columns: Sequence[nw.Expr | None], at: int) -> nw.Expr:
        """Return one word of a mask; it is put together in halves of 32 bits, which costs less."""
        part = columns[at * BITS : (at + 1) * BITS]
        words: list[nw.Expr] = []
        for start in range(0, len(part), HALF):
            bits = [
                nw.when(each).then(nw.lit(1 << bit, nw.Int32)).otherwise(nw.lit(0, nw.Int32))
                for bit, each in enumerate(part[start : start + HALF])
                if each is not None
            ]
            if bits:
                half = reduce(add, bits).cast(nw.Int64)
                words.append(half * (1 << start) if start else half)
        return reduce(add, words) if words else nw.lit(0, nw.Int64)

    def masks(self) -> Columns:
        """Return the masks of true and of unknown rules, 60 a word."""
        made: Columns = {}
        for at in range(max(1, -(-len(self.true) // BITS))):
            suffix = f".{at}" if at else ""
            made[f".true{suffix}"] = self.word(self.true, at)
            made[f".unknown{suffix}"] = self.word(self.unknown, at)
        return made


def any_of(columns: Sequence[nw.Expr | None]) -> nw.Expr | None:
    """Return where any of some is true; none where none of them can be."""
    there = [each for each in columns if each is not None]
    if len(there) < 2:
        return there[0] if there else None
    return nw.any_horizontal(*there, ignore_nulls=False)


def _or(columns: Sequence[nw.Expr | None]) -> nw.Expr:
    found = any_of(columns)
    return nw.lit(value=False) if found is None else found


def _of_level(tier: Tier, columns: Sequence[nw.Expr | None], level: str, angle: str | None) -> nw.Expr | None:
    """Return where a rule that grants a level is so, of one angle or of all."""
    return any_of(
        [
            column
            for rule, column in zip(tier.rules, columns, strict=True)
            if rule.answer == level and angle in {None, rule.angle}
        ]
    )


def _mask_of(tier: Tier, truths: Truths, level: str, at: int, *, kept: bool = True) -> nw.Expr:
    """Return one word of the mask of the rules that grant a level; without `kept` of those of the angles alone."""
    granting = [
        true if rule.answer == level and (kept or rule.angle is not None) else None
        for rule, true in zip(tier.rules, truths.true, strict=True)
    ]
    return truths.word(granting, at)


def places(
    tier: Tier, truths: Truths, rules: Sequence[Rule], among: Mapping[str, int], lowest: int
) -> tuple[nw.Expr, nw.Expr]:
    """Return the level that is granted and the best one possible, as places among other levels (0 is best).

    Args:
        tier: whose levels they are.
        truths: of some of its rules.
        rules: those.
        among: the places, by level.
        lowest: the place of a level that is not among them.
    """
    names = [level.id for level in tier.levels]
    asked = replace(tier, rules=tuple(rules))
    granted = _first([_of_level(asked, truths.true, name, None) for name in names[:-1]], len(names) - 1)
    possible = _first([_of_level(asked, truths.unknown, name, None) for name in names[:-1]], len(names) - 1)
    numbers = [among.get(name, lowest) for name in names]
    sure = [nw.when(granted == at).then(nw.lit(number)) for at, number in enumerate(numbers)]
    best = [
        nw.when((granted == at) | ((possible <= at) & (granted > at)))
        .then(nw.lit(number))
        .otherwise(nw.lit(lowest))
        for at, number in enumerate(numbers)
    ]
    return nw.coalesce(*sure), nw.min_horizontal(*best)


def _could_rise(granted: Sequence[nw.Expr | None], possible: Sequence[nw.Expr | None]) -> nw.Expr | None:
    """Return where an unknown rule could raise the level: levels stand best first, the last is everyone's."""
    rises: list[nw.Expr] = []
    for place, open_ in enumerate(possible[:-1]):
        if open_ is not None:
            reached = any_of(granted[: place + 1])
            rises.append(open_ if reached is None else open_ & ~reached)
    return any_of(rises)


def _first(columns: Sequence[nw.Expr | None], otherwise: int) -> nw.Expr:
    """Return the place of the first that is true."""
    found = [nw.when(each).then(nw.lit(at)) for at, each in enumerate(columns) if each is not None]
    return nw.coalesce(*found, nw.lit(otherwise))


class Flat:
    """Writes outcomes on one backend."""

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra

    def words(self, said: Sequence[tuple[nw.Expr, str]], among: Sequence[str]) -> nw.Expr:
        """Return the word of the first test that holds, null where none does; as text where `among` names no words."""
        if not said:
            return self._as_words(nw.lit(None).cast(nw.String), among)
        found = [nw.when(test).then(self._as_words(nw.lit(word), among)) for test, word in said]
        return nw.coalesce(*found) if len(found) > 1 else found[0]

    def _as_words(self, value: nw.Expr, among: Sequence[str]) -> nw.Expr:
        if among and self.algebra.backend is Backend.POLARS:
            return value.cast(nw.Enum(list(dict.fromkeys(among))))
        return value

    def status(self, undetermined: nw.Expr | None, undefined: nw.Expr | None) -> nw.Expr:
        """Return how far each subject's decision got."""
        said = [
            (test, str(status))
            for test, status in ((undefined, Status.UNDEFINED), (undetermined, Status.UNDETERMINED))
            if test is not None
        ]
        return self.words([*said, (nw.lit(value=True), str(Status.DECIDED))], [str(each) for each in Status])

    # --- decisions ------------------------------------------------------------------------------------

    def columns(
        self, decision: AnyDecision, truths: Truths, measure: Column | None, amount: nw.Expr | None
    ) -> Columns:
        """Return the columns of a decision's outcome.

        Args:
            decision: of any kind.
            truths: of ``decision.rules``, in their order.
            measure: of a stage.
            amount: of a payout, in fen; null where a number in it is unknown.
        """
        match decision:
            case Tier():
                made = self._tier(decision, truths)
            case Stage():
                assert measure is not None
                made = self._stage(decision, truths, as_text=False) | self.number(measure, ".measure")
            case Payout():
                assert amount is not None
                made = self._payout(decision, truths, amount)
            case Offer():
                made = self._offer(decision, truths)
            case Rules():
                made = self._rules(decision, truths)
            case _:
                assert_never(decision)
        return {**truths.masks(), **made}

    def _tier(self, tier: Tier, truths: Truths) -> Columns:
        names = [level.id for level in tier.levels]
        by_angle = {
            angle.id: [_of_level(tier, truths.true, name, angle.id) for name in names]
            for angle in tier.angles
        }
        earned = [any_of(flags) for flags in zip(*by_angle.values(), strict=True)]
        kept = {rule.answer for rule in tier.rules if rule.angle is None}
        granted = [_of_level(tier, truths.true, name, None) for name in names]
        made: Columns = {"": self._level(names, granted)}
        for angle, flags in by_angle.items():
            made[f".{angle}"] = self._level(names, flags)
        possible = [_of_level(tier, truths.unknown, name, None) for name in names]
        made[".status"] = self.status(_could_rise(granted, possible), None)
        for at in range(max(1, -(-len(tier.rules) // BITS))):
            suffix = f".{at}" if at else ""
            # a rule grants one level: the masks of the levels make up the mask of all, and one of them decides
            masks = [_mask_of(tier, truths, name, at) for name in names]
            # that a level is kept matters where nothing else grants it
            because = [
                nw.when(test).then(_mask_of(tier, truths, name, at, kept=False)).otherwise(mask)
                if name in kept and test is not None
                else mask
                for name, mask, test in zip(names, masks, earned, strict=True)
            ]
            chosen = [
                nw.when(test).then(mask)
                for test, mask in zip(granted[:-1], because, strict=False)
                if test is not None
            ]
            # the last level has no rules
            made[f".because{suffix}"] = nw.coalesce(*chosen, nw.lit(0, nw.Int64))
            made[f".true{suffix}"] = reduce(add, masks)
        return made

    def _level(self, names: Sequence[str], granted: Sequence[nw.Expr | None]) -> nw.Expr:
        said = [(test, name) for test, name in zip(granted[:-1], names, strict=False) if test is not None]
        return self.words([*said, (nw.lit(value=True), names[-1])], names)

    def _stage(self, stage: Stage, truths: Truths, *, as_text: bool) -> Columns:
        at = {rule.id: place for place, rule in enumerate(stage.rules)}
        order = [at[rule] for rule in stage.order]
        decided, undefined = self._first_true(
            [truths.true[i] for i in order], [truths.unknown[i] for i in order]
        )
        said = [(truths.true[i], stage.rules[i].id) for i in order]
        answer = self.words(said, () if as_text else list(stage.order))
        undetermined = None
        if decided is not None:
            answer = nw.when(decided).then(answer)
            undetermined = ~decided & ~undefined
        return {"": answer, ".status": self.status(undetermined, undefined)}

    @staticmethod
    def _first_true(
        true: Sequence[nw.Expr], unknown: Sequence[nw.Expr | None]
    ) -> tuple[nw.Expr | None, nw.Expr]:
        """Return where a true rule stands before any unknown one (none: wherever one is true), and where neither is."""
        open_ = any_of(unknown)
        none_true = ~_or(true)
        if open_ is None:
            return None, none_true
        last = len(true)
        return _first(true, last) < _first(unknown, last), none_true & ~open_

    def _payout(self, payout: Payout, truths: Truths, amount: nw.Expr) -> Columns:
        there = ~amount.is_null()
        bands = [
            (truths.true[at] & there, rule.id)
            for at, rule in enumerate(payout.rules)
            if rule.id in payout.bands
        ]
        return {
            "": self.yuan(amount),
            ".band": self.words(bands, list(payout.bands)),
            ".status": self.status(None, ~there),
        }

    def _offer(self, offer: Offer, truths: Truths) -> Columns:
        granted = [(true, rule.id) for rule, true in zip(offer.rules, truths.true, strict=True)]
        open_ = any_of(truths.unknown)
        undetermined = None if open_ is None else open_ & ~_or(truths.true)
        return {
            "": self.words(granted, [rule.id for rule in offer.rules]),
            ".status": self.status(undetermined, None),
        }

    # --- rules tables ---------------------------------------------------------------------------------

    def _rules(self, table: Rules, truths: Truths) -> Columns:
        found = self._table(table, truths)
        made: Columns = {".status": self.status(found.undetermined, found.undefined)}
        if table.hit is Hit.COLLECT or not all(_is_scalar(output) for output in table.outputs):
            made[""] = self._row_ids(table, found)
            return made
        values = {output.id: self._cells(found, output) for output in table.outputs}
        if len(values) == 1:
            return {"": next(iter(values.values())), **made}
        return {
            "": self._row_ids(table, found),
            **{f".{name}": each for name, each in values.items()},
            **made,
        }

    def _table(self, table: Rules, truths: Truths) -> _Found:
        at = {rule.id: place for place, rule in enumerate(table.rules)}
        true = [truths.true[at[row]] for row in table.order]
        unknown = [truths.unknown[at[row]] for row in table.order]
        none_true, open_ = ~_or(true), any_of(unknown)
        if table.hit is Hit.COLLECT:
            undefined = none_true if table.otherwise is None else None
            if undefined is not None and open_ is not None:
                undefined = undefined & ~open_
            return _Found(true, [], open_, undefined)
        possible = [t if u is None else t | u for t, u in zip(true, unknown, strict=True)]
        if table.hit in {Hit.FIRST, Hit.PRIORITY}:
            winner = _first(true, len(true))
            possible = [each & (winner >= place) for place, each in enumerate(possible)]
        answers = _answers(table)
        # what may be said, and by whom: the rows that say the same speak as one
        spoken = [any_of([possible[place] for place in each.rows]) for each in answers]
        spoken = [
            each if not answer.otherwise else none_true if each is None else each | none_true
            for each, answer in zip(spoken, answers, strict=True)
        ]
        voices = [each for each in spoken if each is not None]
        agreed = _exactly_one(voices)
        conflict = self._conflict(table, true, answers)
        if table.hit is Hit.UNIQUE and open_ is not None:
            agreed = agreed & ~_several(possible)
        silent = [each for each, answer in zip(spoken, answers, strict=True) if answer.cells is None]
        no_answer = agreed & _or(silent) if silent else None
        undefined = any_of([conflict, no_answer])
        undetermined = (
            None if open_ is None else ~agreed
        )  # where they contradict each other, it is undefined before
        decided = agreed if undefined is None else agreed & ~undefined
        said = [
            (decided & each, answer.cells)
            for each, answer in zip(spoken, answers, strict=True)
            if each is not None and answer.cells is not None
        ]
        return _Found([each & decided for each in true], said, undetermined, undefined)

    @staticmethod
    def _conflict(table: Rules, true: Sequence[nw.Expr], answers: Sequence[_Said]) -> nw.Expr | None:
        """Return where true rows contradict each other."""
        if len(true) < 2 or table.hit in {Hit.FIRST, Hit.PRIORITY}:
            return None
        if table.hit is Hit.UNIQUE:
            return _several(true)
        said = [any_of([true[place] for place in each.rows]) for each in answers]
        there = [each for each in said if each is not None]
        return _several(there) if len(there) > 1 else None

    def _row_ids(self, table: Rules, found: _Found) -> nw.Expr:
        """Return the ids of the rows that answer, joined; null where none does."""
        if table.hit in {Hit.UNIQUE, Hit.FIRST, Hit.PRIORITY}:
            return self.words(list(zip(found.rows, table.order, strict=True)), table.order)
        named = [nw.when(each).then(nw.lit(row)) for each, row in zip(found.rows, table.order, strict=True)]
        joined = nw.concat_str(named, separator=" ", ignore_nulls=True)
        return nw.when(_or(found.rows)).then(joined)

    def _cells(self, found: _Found, output: Output) -> nw.Expr:
        """Return the values of one output, by what is said."""
        assert output.type is not None
        kind = output.type.kind
        said = [(test, cells[output.id]) for test, cells in found.said]
        if kind is Kind.CATEGORY:
            return self.words([(test, str(cell)) for test, cell in said], output.type.options)
        values = [cell for _, cell in said]
        return nw.coalesce(*(nw.when(test).then(_stated(cell, kind, values)) for test, cell in said))

    # --- values ---------------------------------------------------------------------------------------

    @staticmethod
    def yuan(fen: nw.Expr) -> nw.Expr:
        """Return exact yuan for whole fen."""
        return (fen.cast(nw.Decimal(38, 0)) * nw.lit(Decimal(1) / FEN_PER_YUAN)).cast(nw.Decimal(38, 2))

    def number(self, column: Column, name: str) -> Columns:
        """Return a value as columns of an outcome: whole, a date, or a numerator with its divisor ``.over``."""
        if not column.is_number:
            return {name: column.value}
        value = column.value.cast(nw.Decimal(38, 0)) if column.wide else column.value.cast(nw.Int64)
        if column.type.kind is Kind.MONEY and column.scale == 1 and column.over is None:
            return {name: self.yuan(column.value)}
        if (
            column.type.kind in {Kind.COUNT, Kind.MONTHS, Kind.DAYS}
            and column.scale == 1
            and column.over is None
        ):
            return {name: value}
        over, over_most = self.algebra.product(
            nw.lit(1, nw.Int64) if column.over is None else column.over,
            column.over_most,
            column.scale,
            column.scale,
        )
        over = over.cast(nw.Decimal(38, 0)) if over_most > MAX_64 else over.cast(nw.Int64)
        return {name: value, f"{name}.over": nw.when(~column.missing).then(over)}

    # --- as facts -------------------------------------------------------------------------------------

    def as_fact(self, decision: AnyDecision, truths: Truths, type_: Type) -> Column:
        """Return a decision's answer as the value of a fact: unknown unless decided."""
        match decision:
            case Stage():
                return Column(TEXT, self._stage(decision, truths, as_text=True)[""])
            case Offer():
                granted = [(true, rule.id) for rule, true in zip(decision.rules, truths.true, strict=True)]
                answer = self.words(granted, ())
                open_ = any_of(truths.unknown)
                nothing = ~_or(truths.true)
                return Column(
                    TEXT,
                    answer,
                    unknown=open_ is not None,
                    absent=nothing if open_ is None else nothing & ~open_,
                )
            case Rules():
                return self._rules_as_fact(decision, truths, type_)
            case (
                Tier() | Payout()
            ):  # a level is a range, which LevelIn reads; an amount is a column of its own
                raise AssertionError
            case _:
                assert_never(decision)

    def _rules_as_fact(self, table: Rules, truths: Truths, type_: Type) -> Column:
        said = self._table(table, truths).said
        cells = [constant(cells[table.outputs[0].id], type_) for _, cells in said]  # type: ignore[arg-type]
        columns = self.algebra.alike(cells)
        chosen = [nw.when(test).then(each.value) for (test, _), each in zip(said, columns, strict=True)]
        first = columns[0]
        negative = any(each.negative for each in columns)
        return Column(type_, nw.coalesce(*chosen), scale=first.scale, most=first.most, negative=negative)


@dataclass(frozen=True, slots=True)
class _Said:
    """Something that a table may say (nothing, where no row holds and nothing is stated otherwise), and who says it."""

    cells: Mapping[str, Cell] | None
    rows: list[int]
    otherwise: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What a table comes to: the rows that answer, what is said and where, and where there is no answer yet."""

    rows: list[nw.Expr]
    said: list[tuple[nw.Expr, Mapping[str, Cell]]]
    undetermined: nw.Expr | None
    undefined: nw.Expr | None


def _answers(table: Rules) -> list[_Said]:
    """Return everything different that a table may say."""
    made: list[_Said] = []
    for place, row in enumerate(table.order):
        same = next((each for each in made if each.cells == table.cells[row]), None)
        if same is None:
            made.append(same := _Said(table.cells[row], []))
        same.rows.append(place)
    at = next((at for at, each in enumerate(made) if each.cells == table.otherwise), None)
    if at is None:
        return [*made, _Said(table.otherwise, [], otherwise=True)]
    made[at] = _Said(made[at].cells, made[at].rows, otherwise=True)
    return made


def _several(columns: Sequence[nw.Expr]) -> nw.Expr:
    """Return where more than one is true."""
    if len(columns) == 2:
        return columns[0] & columns[1]
    return _count(columns) > 1


def _exactly_one(columns: Sequence[nw.Expr]) -> nw.Expr:
    """Return where one is true, and one only."""
    if len(columns) == 1:
        return columns[0]
    if len(columns) == 2:
        return columns[0] != columns[1]
    return _count(columns) == 1


def _count(columns: Sequence[nw.Expr]) -> nw.Expr:
    return reduce(add, [each.cast(nw.Int16) for each in columns])


def _is_scalar(output: Output) -> bool:
    return output.type is not None


def _stated(cell: Cell, kind: Kind, cells: Sequence[Cell]) -> nw.Expr:
    """Return a cell of a rules table as a literal: money in yuan, other numbers that are not whole as decimals."""
    if kind is Kind.MONEY:
        assert isinstance(cell, int)
        return nw.lit(Decimal(cell).scaleb(-2), nw.Decimal(38, 2))
    if kind in {Kind.RATIO, Kind.NUMBER, Kind.DISTANCE}:
        places = max(_places(Fraction(each)) for each in cells)  # type: ignore[arg-type]
        scaled = Fraction(cell) * 10**places  # type: ignore[arg-type]
        return nw.lit(Decimal(scaled.numerator).scaleb(-places), nw.Decimal(38, places))
    assert isinstance(cell, int | str)
    return nw.lit(cell, nw.Int64) if kind in {Kind.COUNT, Kind.MONTHS, Kind.DAYS} else nw.lit(cell)


def _places(number: Fraction) -> int:
    """Return how many decimals a number of a policy has: it was written with so many."""
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    return places


def level_in(tier: Tier, truths: Truths, angle: str | None, allowed: Sequence[str]) -> Flags:
    """Return whether a level is among the allowed ones, for every level that it may still turn out to be."""
    names = [level.id for level in tier.levels]
    mine = [at for at, rule in enumerate(tier.rules) if angle is None or rule.angle == angle]
    granted: list[nw.Expr | None] = []
    possible: list[nw.Expr | None] = []
    for name in names[:-1]:
        of_level = [at for at in mine if tier.rules[at].answer == name]
        granted.append(any_of([truths.true[at] for at in of_level]))
        possible.append(any_of([truths.unknown[at] for at in of_level]))
    last = len(names) - 1
    is_granted = [_at_first(granted, place) for place in range(last + 1)]
    inside = [name in allowed for name in names]
    if any_of(possible) is None:
        return Flags(_or([test for place, test in enumerate(is_granted) if inside[place]]))
    is_possible = [_at_first(possible, place) for place in range(last + 1)]
    true: list[nw.Expr | None] = []
    false: list[nw.Expr | None] = []
    for place, here in enumerate(is_granted):
        for best, there in enumerate(is_possible):
            said = inside[min(best, place) : place + 1]
            if here is None or there is None:
                continue
            if all(said):
                true.append(here & there)
            elif not any(said):
                false.append(here & there)
    return Flags(_or(true), _or(false))


def _at_first(columns: Sequence[nw.Expr | None], place: int) -> nw.Expr | None:
    """Return where the first true column is this one; the place behind the last: where none is."""
    if place < len(columns) and columns[place] is None:
        return None
    before = any_of(columns[:place])
    here = columns[place] if place < len(columns) else None
    if here is None:
        return nw.lit(value=True) if before is None else ~before
    return here if before is None else here & ~before


def settled(
    algebra: Algebra,
    payout: Payout,
    truths: Sequence[nw.Expr],
    lines: Mapping[str, Sequence[tuple[Column | None, Column]]],
    times: Column | None,
) -> Column:
    """Return a payout's amount in fen, rounded once; null where no band holds or a number in it is unknown.

    Args:
        algebra: the operators.
        payout: the decision.
        truths: where each of ``payout.rules`` is true.
        lines: for each rule its lines, as units (none for a lump) and exact amount.
        times: the multiplier, if there is one; one that is not whole is none.
    """
    made: list[Column] = []
    for rule in payout.rules:
        parts = lines[rule.id]
        exact = algebra.summed([amount for _, amount in parts])
        there = [
            ~column.missing for units, amount in parts for column in (units, amount) if column is not None
        ]
        if times is not None:
            exact = algebra.arithmetic(Operator.MULTIPLY, exact, times, exact.type)
            there.append(_is_whole(algebra, times))
        mode, unit = payout.rounding or (Rounding.HALF_UP, 1)
        amount = _bounded(algebra, payout, algebra.round_to(exact, mode, unit))
        sure = both([Flags(each) for each in there]).true
        made.append(Column(amount.type, nw.when(sure).then(amount.value), most=amount.most))
    alike = algebra.alike(made)
    chosen = [nw.when(true).then(each.value) for true, each in zip(truths, alike, strict=True)]
    return Column(alike[0].type, nw.coalesce(*chosen), most=alike[0].most, negative=True)


def _is_whole(algebra: Algebra, times: Column) -> nw.Expr:
    if times.scale == 1 and times.over is None:
        return ~times.missing
    down, up = algebra.rounded(times, up=False), algebra.rounded(times, up=True)
    return (down.value == up.value).fill_null(value=False)


def _bounded(algebra: Algebra, payout: Payout, amount: Column) -> Column:
    for how, bound in ((Operator.MIN, payout.cap), (Operator.MAX, payout.floor)):
        if bound is not None:
            assert isinstance(bound.value, int)
            amount = algebra.arithmetic(how, amount, constant(bound.value, bound.type), amount.type)
    return amount
