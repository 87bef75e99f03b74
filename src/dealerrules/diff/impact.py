"""Impact: an edit on a store's own records: who moves, because of which rule, and what is paid before and after.

Place in the flow: what ``counting`` makes of a store's tables; here is said what it is called and how it goes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from dealerrules.records import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from fractions import Fraction

    import polars as pl

    from dealerrules.diff.answers import Said
    from dealerrules.outcome import Json
    from dealerrules.policy.model import AnyDecision, Rate, Title

_SIDES: Final = ("old", "new")
MORE, LESS, OTHER, STATUS, GIVES, SAME = "up", "down", "other", "status", "gives", "same"
"""How an answer moved: to a better level, a later stage or more money; the other way; to another answer; the same answer,
settled or no longer; the same answer that gives something else; not at all."""
MOVED: Final = frozenset({MORE, LESS, OTHER})
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Mover:
    """One subject whose answer is another."""

    key: tuple[object, ...]
    way: str
    before: Said
    after: Said
    causes: tuple[str, ...]
    amount_before: Decimal | None = None
    amount_after: Decimal | None = None

    @property
    def id(self) -> str:
        """The key on one line."""
        return " ".join(map(str, self.key))

    @property
    def difference(self) -> Decimal | None:
        """What is paid more; none where one of the amounts is not known."""
        if self.amount_before is None or self.amount_after is None:
            return None
        return self.amount_after - self.amount_before


@dataclass(frozen=True, slots=True)
class Cause:
    """A rule that answers moved for: how many, and how much more is paid for them together."""

    rule: str
    title: Title
    way: str
    count: int
    difference: Decimal | None


@dataclass(frozen=True, slots=True)
class Money:
    """What is paid before and after, in yuan; where an amount is undefined it is counted apart."""

    payee_before: str | None
    payee: str | None
    before: Decimal
    after: Decimal
    undefined_before: int
    undefined_after: int
    more: tuple[int, Decimal]
    less: tuple[int, Decimal]

    @property
    def difference(self) -> Decimal:
        """What is paid more in all."""
        return self.after - self.before

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, amounts as text."""
        return {
            "payee_before": self.payee_before,
            "payee": self.payee,
            "before": str(self.before),
            "after": str(self.after),
            "difference": str(self.difference),
            "undefined_before": self.undefined_before,
            "undefined_after": self.undefined_after,
            "paid_more": {"count": self.more[0], "difference": str(self.more[1])},
            "paid_less": {"count": self.less[0], "difference": str(self.less[1])},
        }


@dataclass(frozen=True, slots=True)
class Combination:
    """What both sides say where the same rules hold."""

    before: Said
    after: Said
    way: str
    causes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class DecisionImpact:
    """What an edit does to the answers of one decision on a store's records.

    Attributes:
        decision: its name.
        model: the decision as it is now, or as it was where it is gone.
        subjects: how many were looked at.
        matrix: how many were given each pair of answers, those that moved first, the largest first.
        causes: the rules that answers moved for, those of the most first.
        money: of a payout, what is paid before and after.
    """

    decision: str
    model: AnyDecision
    subjects: int
    matrix: tuple[tuple[Said, Said, str, int], ...]
    causes: tuple[Cause, ...]
    money: Money | None
    _rows: pl.DataFrame = field(repr=False)
    _combinations: Sequence[Combination] = field(repr=False)

    def count(self, *ways: str) -> int:
        """Return how many answers moved in one of some ways; without any, how many moved to another answer."""
        wanted = set(ways) or MOVED
        return sum(number for _, _, way, number in self.matrix if way in wanted)

    def movers(self, limit: int | None = None) -> Iterator[Mover]:
        """Yield the subjects whose answer is another: in the order of their keys; of payouts, the largest change first."""
        keys = [name for name in self._rows.columns if name.startswith("key ")]
        rows = self._rows if limit is None else self._rows.head(limit)
        for row in rows.iter_rows(named=True):
            made = self._combinations[row["combination"]]
            key = tuple(row[name] for name in keys)
            amounts = [_yuan(row.get(f"{side} amount")) for side in _SIDES]
            yield Mover(key, row["way"], made.before, made.after, made.causes, *amounts)

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, with every mover."""
        names = SUBJECTS[self.model.subject].key
        found: dict[str, Json] = {
            "decision": self.decision,
            "title": dict(self.model.title.to_dict()),
            "kind": self.model.kind,
            "subject": self.model.subject,
            "subjects": self.subjects,
            "moved": self.count(),
            "up": self.count(MORE),
            "down": self.count(LESS),
            "other": self.count(OTHER),
            "status_only": self.count(STATUS),
            "gives_otherwise": self.count(GIVES),
            "matrix": [
                {"before": before.to_dict(), "after": after.to_dict(), "way": way, "count": number}
                for before, after, way, number in self.matrix
            ],
            "causes": [
                {
                    "rule": each.rule or None,
                    "title": dict(each.title.to_dict()),
                    "way": each.way,
                    "count": each.count,
                    "difference": _text(each.difference),
                }
                for each in self.causes
            ],
            "payout": self.money.to_dict() if self.money is not None else None,
            "movers": [_mover_dict(each, names, paid=self.money is not None) for each in self.movers()],
        }
        return found


def _mover_dict(mover: Mover, names: Sequence[str], *, paid: bool) -> dict[str, Json]:
    found: dict[str, Json] = {
        "id": mover.id,
        "key": {name: str(part) for name, part in zip(names, mover.key, strict=True)},
        "way": mover.way,
        "before": mover.before.key,
        "after": mover.after.key,
        "status_before": mover.before.status,
        "status_after": mover.after.status,
        "because_before": list(mover.before.because),
        "because_after": list(mover.after.because),
        "causes": list(mover.causes),
    }
    if paid:
        found |= {
            "amount_before": _text(mover.amount_before),
            "amount_after": _text(mover.amount_after),
            "difference": _text(mover.difference),
        }
    return found


def _text(amount: Decimal | None) -> str | None:
    return str(amount) if amount is not None else None


def _yuan(amount: Decimal | None) -> Decimal | None:
    return amount.quantize(_CENT) if amount is not None else None


@dataclass(frozen=True, eq=False)
class RateImpact:
    """A rate of the latest month or year that was over on the day, before and after; none where there is none."""

    model: Rate
    period: str
    before: Fraction | None
    after: Fraction | None

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values; rates as text, such as ``3/7``."""
        return {
            "rate": self.model.name,
            "title": dict(self.model.title.to_dict()),
            "period": self.period,
            "before": str(self.before) if self.before is not None else None,
            "after": str(self.after) if self.after is not None else None,
        }


@dataclass(frozen=True, eq=False)
class Impact:
    """What an edit does on a store's records as of a day.

    Attributes:
        as_of: the day.
        subjects: how many records there are, by subject whose decisions changed.
        decisions: the decisions that changed, in the order of the policies.
        rates: the rates that changed.
    """

    as_of: date
    subjects: Mapping[str, int]
    decisions: tuple[DecisionImpact, ...]
    rates: tuple[RateImpact, ...] = ()

    def __getitem__(self, decision: str) -> DecisionImpact:
        """Return what becomes of one decision."""
        return next(each for each in self.decisions if each.decision == decision)

    @property
    def moved(self) -> int:
        """How many answers moved to another one, over all decisions."""
        return sum(each.count() for each in self.decisions)

    @property
    def payees(self) -> dict[str | None, tuple[Decimal, Decimal]]:
        """What the payouts that changed pay before and after, by payee."""
        found: dict[str | None, tuple[Decimal, Decimal]] = {}
        for each in self.decisions:
            if each.money is not None:
                for at, payee in enumerate((each.money.payee_before, each.money.payee)):
                    before, after = found.get(payee, (Decimal("0.00"), Decimal("0.00")))
                    more = (each.money.before, each.money.after)[at]
                    found[payee] = (before + more, after) if at == 0 else (before, after + more)
        return found

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, amounts as text, with every mover."""
        payees = self.payees
        total = [sum((pair[at] for pair in payees.values()), Decimal("0.00")) for at in (0, 1)]
        return {
            "as_of": self.as_of.isoformat(),
            "subjects": dict(self.subjects),
            "moved": self.moved,
            "payees": [
                {"payee": payee, "before": str(one), "after": str(other), "difference": str(other - one)}
                for payee, (one, other) in payees.items()
            ],
            "total": {
                "before": str(total[0]),
                "after": str(total[1]),
                "difference": str(total[1] - total[0]),
            },
            "decisions": [each.to_dict() for each in self.decisions],
            "rates": [each.to_dict() for each in self.rates],
        }

    def rows(self) -> Iterator[tuple[str | None, ...]]:
        """Yield a row for each mover, as :data:`COLUMNS` names them, for a table."""
        for each in self.decisions:
            for mover in each.movers():
                amounts = (mover.amount_before, mover.amount_after, mover.difference)
                yield (
                    each.model.subject,
                    mover.id,
                    each.decision,
                    mover.way,
                    mover.before.key,
                    mover.after.key,
                    mover.before.status,
                    mover.after.status,
                    *(_text(amount) for amount in amounts),
                    " ".join(mover.before.because),
                    " ".join(mover.after.because),
                    " ".join(mover.causes),
                )


COLUMNS: Final = (
    "subject",
    "id",
    "decision",
    "way",
    "before",
    "after",
    "status_before",
    "status_after",
    "amount_before",
    "amount_after",
    "difference",
    "because_before",
    "because_after",
    "causes",
)
"""The columns of the movers as a table."""
