"""Told of impact: who moves on a store's records, because of what, and what is paid, in a tree of sections.

Place in the flow: called by ``told``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from dealerrules.diff.answers import HIGHER
from dealerrules.diff.impact import GIVES, LESS, MORE, MOVED, OTHER, STATUS
from dealerrules.diff.words import SUBJECTS_MANY
from dealerrules.grids import percent_text
from dealerrules.pages import columns
from dealerrules.policy.model import Hit, Rules, Stage, Tier, Title
from dealerrules.sections import Named, Section, Table, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.diff.answers import Said
    from dealerrules.diff.impact import DecisionImpact, Impact, Mover
    from dealerrules.diff.told import Teller
    from dealerrules.sections import Block, Cell

SHOWN: Final = 20
"""Movers that are told; the JSON has all."""
CAUSES: Final = 8
PAIRS: Final = 15
WIDE: Final = 7
"""Answers up to which a matrix is printed whole."""


class ImpactTeller:
    """Tells whom an edit touches."""

    def __init__(self, teller: Teller, impact: Impact) -> None:
        self.teller, self.impact, self.lang, self.says = teller, impact, teller.lang, teller.says

    def many(self, subject: str) -> str:
        """Return what several subjects are called."""
        return SUBJECTS_MANY[subject][self.lang == "zh"]

    # --- the summary ----------------------------------------------------------------------------------

    def summary(self) -> list[str]:
        """Return how many move, and how much more is paid."""
        lines = []
        for each in self.impact.decisions:
            if each.count():
                title = self.teller.decision(each.decision).title
                said = self.says(
                    "moved_summary",
                    title=f"{each.decision} {title}",
                    n=f"{each.count():,}",
                    of=f"{each.subjects:,}",
                    subjects=self.many(each.model.subject),
                )
                lines.append(said + self._ways(each))
        for payee, (before, after) in self.impact.payees.items():
            parts = {"before": _yuan(before), "after": _yuan(after), "difference": _signed(after - before)}
            lines.append(self.says("paid_summary", payee=payee or self.says("no_payee"), **parts))
        return lines or [self.says("none_moved")]

    def _ways(self, found: DecisionImpact) -> str:
        parts = []
        for way in (MORE, LESS):
            count = found.count(way)
            if count:
                parts.append(self.says(f"{way}_{found.model.kind}", n=f"{count:,}"))
        if found.count(OTHER) and parts:
            parts.append(self.says("other_way", n=f"{found.count(OTHER):,}"))
        comma = "、" if self.lang == "zh" else ", "
        return self.says("ways", said=comma.join(parts)) if parts else ""

    # --- the section ----------------------------------------------------------------------------------

    def section(self) -> Section:
        """Return the section."""
        blocks: list[Block] = []
        payees = self.impact.payees
        if payees:
            blocks.append(self._payees())
        told = [each for each in self.impact.decisions if each.count() or each.count(STATUS, GIVES)]
        rest = [each.decision for each in self.impact.decisions if each not in told]
        if rest:
            blocks.append(Text(self.says("unmoved", names=self.teller.names(rest))))
        if self.impact.rates:
            blocks.append(self._rates())
        parts = tuple(self._decision(each) for each in told)
        title = Named(self.says("impact", day=self.impact.as_of))
        return Section("impact", title, tuple(blocks), parts)

    def _payees(self) -> Table:
        rows: list[tuple[Cell, ...]] = []
        payees = self.impact.payees
        for payee, (before, after) in payees.items():
            rows.append(
                (payee or self.says("no_payee"), _yuan(before), _yuan(after), _signed(after - before))
            )
        if len(rows) > 1:
            before, after = (sum((pair[at] for pair in payees.values()), Decimal(0)) for at in (0, 1))
            rows.append((self.says("total"), _yuan(before), _yuan(after), _signed(after - before)))
        heads = tuple(self.says(each) for each in ("payee", "col_before", "col_after", "difference"))
        return Table(heads, tuple(rows), self.says("payees"), frozenset({1, 2, 3}))

    def _rates(self) -> Table:
        rows = tuple(
            (
                Named(each.model.title.get(self.lang, each.model.name), each.model.name),
                each.period,
                percent_text(each.before, 1),
                percent_text(each.after, 1),
            )
            for each in self.impact.rates
        )
        heads = (self.says("rate"), "", self.says("col_before"), self.says("col_after"))
        return Table(heads, rows, self.says("rates"), frozenset({2, 3}))

    def _decision(self, found: DecisionImpact) -> Section:
        subjects = self.many(found.model.subject)
        blocks: list[Block] = []
        if found.count():
            counts = {"n": f"{found.count():,}", "of": f"{found.subjects:,}", "subjects": subjects}
            blocks.append(Text(self.says("move_line", ways=self._ways(found), **counts)))
        else:
            blocks.append(Text(self.says("none_line", of=f"{found.subjects:,}", subjects=subjects)))
        if found.count(STATUS):
            blocks.append(Text(self.says("status_line", n=f"{found.count(STATUS):,}")))
        if found.count(GIVES):
            paid = "gives_paid" if found.money is not None else "gives_line"
            blocks.append(Text(self.says(paid, n=f"{found.count(GIVES):,}")))
        if found.money is not None:
            money = found.money
            parts = {
                "before": _yuan(money.before),
                "after": _yuan(money.after),
                "difference": _signed(money.difference),
            }
            blocks.append(Text(self.says("money_line", **parts)))
            undefined = {"before": f"{money.undefined_before:,}", "after": f"{money.undefined_after:,}"}
            if money.undefined_before or money.undefined_after:
                blocks.append(Text(self.says("undefined_line", **undefined)))
        if found.count():
            blocks += [self._matrix(found), self._causes(found)]
            blocks += self._movers(found)
        return Section(f"impact-{found.decision}", self.teller.decision(found.decision), tuple(blocks))

    def _matrix(self, found: DecisionImpact) -> Table:
        keys = self._answers(found)
        if keys is not None:
            titles = [each.title.get(self.lang) for each in keys]
            counts = {(one, other): 0 for one in keys for other in keys}
            for before, after, _, number in found.matrix:
                counts[_plain(before), _plain(after)] += number
            there = [
                each for each in keys if any(counts[each, other] + counts[other, each] for other in keys)
            ]
            names = dict(zip(keys, titles, strict=True))
            rows = tuple(
                (names[one], *(f"{counts[one, other]:,}" if counts[one, other] else "–" for other in there))
                for one in there
            )
            heads = ("", *(names[each] for each in there))
            return Table(heads, rows, self.says("matrix"), frozenset(range(1, len(heads))))
        return self._pairs(found)

    def _answers(self, found: DecisionImpact) -> list[Said] | None:
        """Return the answers of a tier or of stages in their order, where a matrix of them fits."""
        if not isinstance(found.model, Tier | Stage):
            return None
        order = (
            [level.id for level in found.model.levels] if isinstance(found.model, Tier) else found.model.order
        )
        keys = list(dict.fromkeys(_plain(each) for pair in found.matrix for each in pair[:2]))
        keys.sort(
            key=lambda each: (each.key not in order, order.index(str(each.key)) if each.key in order else 0)
        )
        return keys if len(keys) <= WIDE and self._fits(keys) else None

    def _fits(self, keys: list[Said]) -> bool:
        widths = [columns(each.title.get(self.lang)) + 2 for each in keys]
        return max(widths) + sum(max(width, 7) for width in widths) <= 74

    def _pairs(self, found: DecisionImpact) -> Table:
        counts: Counter[tuple[str, str]] = Counter()
        for before, after, way, number in found.matrix:
            if way in MOVED:
                counts[self._pair(found, before, after)] += number
        moved = [(*pair, "", number) for pair, number in counts.most_common()]
        rows: list[tuple[Cell, ...]] = [
            (one, other, f"{number:,}") for one, other, _, number in moved[:PAIRS]
        ]
        collects = isinstance(found.model, Rules) and found.model.hit is Hit.COLLECT
        columns = ("rows_lost", "rows_gained") if collects else ("col_before", "col_after")
        heads = (*map(self.says, columns), self.says("count"))
        caption = self.says("pairs")
        if len(moved) > PAIRS:
            more = sum(each[3] for each in moved[PAIRS:])
            rows.append((self.says("more_regions", n=len(moved) - PAIRS), "", f"{more:,}"))
        return Table(heads, tuple(rows), caption, frozenset({2}))

    def _pair(self, found: DecisionImpact, before: Said, after: Said) -> tuple[str, str]:
        """Return an answer and the one it becomes; of a table that collects rows, the rows that are lost and gained."""
        model = found.model
        if not isinstance(model, Rules) or model.hit is not Hit.COLLECT:
            return before.title.get(self.lang), after.title.get(self.lang)
        old, new = ((each.key or "").split() for each in (before, after))
        titles = {each.rule: each.title.get(self.lang, each.rule) for each in found.causes}
        titles |= {rule.id: rule.title.get(self.lang, rule.id) for rule in model.rules}
        lost = [titles.get(row, row) for row in old if row not in new]
        gained = [titles.get(row, row) for row in new if row not in old]
        if not lost and not gained:
            return self.says("rows_open"), ""
        return self.teller.names(lost) or "–", self.teller.names(gained) or "–"

    def _causes(self, found: DecisionImpact) -> Table:
        paid = found.money is not None
        rows: list[tuple[Cell, ...]] = []
        for each in found.causes[:CAUSES]:
            title = each.title.get(self.lang, each.rule)
            rule: Cell = self.says("col_rule_none")
            if each.rule:
                rule = Named(title, each.rule)
            row: tuple[Cell, ...] = (rule, self._way(found, each.way), f"{each.count:,}")
            rows.append((*row, _signed(each.difference)) if paid else row)
        heads = [self.says(each) for each in ("rule", "way", "count")]
        if paid:
            heads.append(self.says("difference"))
        return Table(tuple(heads), tuple(rows), self.says("causes"), frozenset({2, 3} if paid else {2}))

    def _way(self, found: DecisionImpact, way: str) -> str:
        if way == OTHER:
            return self.says("way_other")
        return self.says(f"way_{way}_{found.model.kind}")

    def _movers(self, found: DecisionImpact) -> Iterator[Table]:
        paid = found.money is not None
        movers = [each for each in found.movers(SHOWN) if each.way in MOVED]
        if not movers:
            return
        by_rows = isinstance(found.model, Rules) and found.model.hit is Hit.COLLECT
        names = ["id", "col_before", "col_after", *(["difference"] if paid else [])]
        names += [] if by_rows else ["because_before", "because_after"]
        rows = tuple(self._mover(each, paid=paid, by_rows=by_rows) for each in movers)
        count = found.count()
        caption = (
            self.says("movers")
            if count <= len(movers)
            else self.says("movers_some", n=len(movers), of=f"{count:,}")
        )
        numbers = frozenset({1, 2, 3}) if paid else frozenset[int]()
        yield Table(tuple(self.says(each) for each in names), rows, caption, numbers)

    def _mover(self, mover: Mover, *, paid: bool, by_rows: bool) -> tuple[Cell, ...]:
        if by_rows:  # the rows are the answer and its reason
            return (
                mover.id,
                *((each.key or "").replace(" ", ", ") or "–" for each in (mover.before, mover.after)),
            )
        because = tuple(" ".join(each.because) or "–" for each in (mover.before, mover.after))
        if paid:
            amounts = (mover.amount_before, mover.amount_after)
            shown = tuple(_yuan(each) if each is not None else "–" for each in amounts)
            return (mover.id, *shown, _signed(mover.difference), *because)
        return (mover.id, mover.before.title.get(self.lang), mover.after.title.get(self.lang), *because)


def _plain(said: Said) -> Said:
    """Return an answer whatever is still open: it stands in one row of a matrix with the settled one."""
    if said.key is None or said.status == "decided":
        return said
    title = Title(
        str(said.title.zh).removesuffix(str(HIGHER.zh)), str(said.title.en).removesuffix(str(HIGHER.en))
    )
    return replace(said, status="decided", title=title)


def _yuan(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _signed(amount: Decimal | None) -> str:
    return f"{amount:+,.2f}" if amount is not None else "–"
