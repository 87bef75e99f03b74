"""The 80/20 check: what share of customers each level holds, what share of spend it brings, and the curve of all.

Place in the flow: one of the reports; ``report`` hands it out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from dealerrules.faults import Fault, RecordError
from dealerrules.grids import (
    SAYS,
    Grid,
    Group,
    Order,
    group_text,
    grouped,
    ordered,
    percent_text,
    says,
    share_of,
)
from dealerrules.values import Rounding, round_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ParetoLevel:
    """What the customers of one level are, and bring: `customers` of `all_customers`, `spend` of `all_spend` (yuan)."""

    level: Group
    customers: int
    all_customers: int
    spend: Decimal
    all_spend: Decimal
    unknown: int

    @property
    def customer_share(self) -> Fraction | None:
        """The share of customers."""
        return share_of(self.customers, self.all_customers)

    @property
    def spend_share(self) -> Fraction | None:
        """The share of spend."""
        return Fraction(self.spend) / Fraction(self.all_spend) if self.all_spend else None


@dataclass(frozen=True, slots=True)
class Pareto:
    """The 80/20 check: who brings the spend.

    Attributes:
        levels: by level, what share of customers it holds and what share of spend it brings.
        curve: for each twentieth of the customers whose spend is known, the highest spend first: their number and spend.
        customers: how many customers' spend is known.
        spend: what they spent, in yuan.
        unknown: of how many customers the spend is not known.
        ranked: distinct amounts with how many customers spent them, the highest first.
    """

    levels: tuple[ParetoLevel, ...]
    curve: tuple[tuple[int, Decimal], ...]
    customers: int
    spend: Decimal
    unknown: int
    ranked: tuple[tuple[Decimal, int], ...]

    def share_of_top(self, part: Fraction) -> Fraction | None:
        """Return what share of the spend the top part of customers brings (a customer in part counts in part)."""
        left, sum_ = part * self.customers, Fraction(0)
        for amount, number in self.ranked:
            taken = min(left, Fraction(number))
            sum_ += taken * Fraction(amount)
            left -= taken
        return sum_ / Fraction(self.spend) if self.spend else None

    def customers_for(self, share: Fraction) -> int | None:
        """Return the least number of customers who bring a share of the spend; none where nothing was spent."""
        if not self.spend:
            return None
        wanted, found = share * Fraction(self.spend), 0
        for amount, number in self.ranked:
            if wanted <= 0 or not amount:
                break
            needed = min(number, -(-wanted // Fraction(amount)))
            found += needed
            wanted -= needed * Fraction(amount)
        return found

    def grid(self, lang: str = "en", places: int = 0, titles: Mapping[Group, str] | None = None) -> Grid:
        """Return the levels as a table; the notes say the 80/20."""
        rows = [
            (
                (titles or {}).get(each.level) or group_text(each.level, lang),
                f"{each.customers:,}",
                percent_text(each.customer_share, places),
                f"{each.spend:,}",
                percent_text(each.spend_share, places),
                f"{each.unknown:,}",
            )
            for each in self.levels
        ]
        names = ("level", "customers", "customer_share", "spend", "spend_share", "spend_unknown")
        everyone = sum(each.customers for each in self.levels)
        total = (says(lang, "all"), f"{everyone:,}", "100%", f"{self.spend:,}", "100%", f"{self.unknown:,}")
        return Grid(tuple(says(lang, name) for name in names), tuple(rows), total, self.notes(lang, places))

    def notes(self, lang: str = "en", places: int = 0) -> tuple[str, ...]:
        """Say what the top fifth brings, and from how many customers 80% of the spend comes."""
        fifth, most = Fraction(1, 5), Fraction(4, 5)
        needed = self.customers_for(most)
        if needed is None:
            return ()
        top = percent_text(self.share_of_top(fifth), places)
        part = percent_text(share_of(needed, self.customers), places)
        return (
            says(lang, "top", part=percent_text(fifth), share=top),
            says(lang, "needed", share=percent_text(most), n=f"{needed:,}", part=part),
        )

    def __str__(self) -> str:
        """Return the table as plain text."""
        return self.grid().text.rstrip()


def pareto(
    frame: Any, *, level: str = "tier", spend: str = "spend_past_year", order: Order = "count"
) -> Pareto:
    """Check the 80/20: what share of customers each level holds, and what share of spend it brings.

    Args:
        frame: of any kind, a row a customer.
        level: the column of the level.
        spend: the column of the spend in yuan: Decimal or whole numbers, never floats; null is unknown.
        order: of the levels.

    Raises:
        RecordError: when there is no such column, or the spend is not exact.

    Examples:
        >>> import polars as pl
        >>> frame = pl.DataFrame({"tier": ["vip", "general", "general", "general", "general"],
        ...                       "spend_past_year": [800, 100, 100, 0, None]})
        >>> print(pareto(frame))
        level    customers  share of customers  spend (yuan)  share of spend  spend unknown
        general          4                 80%           200             20%              1
        vip              1                 20%           800             80%              0
        all              5                100%         1,000            100%              1
        the top 20% of customers bring 64% of the spend
        80% of the spend comes from 25% of the customers (1)
    """
    return pareto_of(cast("Any", grouped(frame, [level, spend])), order=order, column=spend)


def pareto_of(
    counts: Mapping[tuple[Group, Any], int], *, order: Order = "count", column: str = "spend"
) -> Pareto:
    """Return the 80/20 check of counts that are there already: customers by level and spend."""
    customers: Counter[Group] = Counter()
    unknown: Counter[Group] = Counter()
    sums: dict[Group, Decimal] = {}
    amounts: Counter[Decimal] = Counter()
    for (group, amount), number in counts.items():
        customers[group] += number
        sums.setdefault(group, Decimal(0))
        if amount is None:
            unknown[group] += number
            continue
        exact = _exact(amount, column)
        sums[group] += exact * number
        amounts[exact] += number
    all_customers, all_spend = customers.total(), sum(sums.values(), Decimal(0))
    levels = tuple(
        ParetoLevel(group, customers[group], all_customers, sums[group], all_spend, unknown[group])
        for group in ordered(customers, order)
    )
    ranked = tuple(sorted(amounts.items(), reverse=True))
    curve = _curve(ranked, amounts.total())
    return Pareto(levels, curve, amounts.total(), all_spend, unknown.total(), ranked)


def _exact(amount: Group, column: str) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        english, chinese = (text.format(value=amount) for text in SAYS["inexact"])
        raise RecordError([Fault("report", None, column, amount, english, chinese)])
    return Decimal(amount)


def _curve(ranked: Sequence[tuple[Decimal, int]], customers: int) -> tuple[tuple[int, Decimal], ...]:
    """Return for each twentieth of the customers (rounded half up to whole ones) what they spent together."""
    steps = [round_to(Fraction(customers * step, 20), Rounding.HALF_UP, 1) for step in range(21)]
    points = []
    done, spent = 0, Decimal(0)
    rest = iter(ranked)
    amount, left = Decimal(0), 0
    for step in steps:
        while done < step:
            if not left:
                amount, left = next(rest)
            taken = min(left, step - done)
            done, left, spent = done + taken, left - taken, spent + taken * amount
        points.append((done, spent))
    return tuple(points)
