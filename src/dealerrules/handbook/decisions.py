"""The handbook's decisions: each kind of decision as a section, in the words of the printer.

Place in the flow: the model comes in, sections for ``sections`` go out; ``handbook`` puts them together. Nothing is
evaluated here but by the examples, which have their own bench.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from dealerrules.analysis.past import is_there_before, switch
from dealerrules.expr import All, Expr, Not
from dealerrules.handbook.bench import Bench, apart
from dealerrules.handbook.examples import Examples, measure_title
from dealerrules.handbook.parts import Parts, anchor
from dealerrules.handbook.words import DEPARTMENTS, PAYEES
from dealerrules.policy.model import Offer, Payout, Rate, Rules, Stage, Tier
from dealerrules.populations import read_period
from dealerrules.rates import sides_in_words
from dealerrules.reasons import reading_order
from dealerrules.sections import Block, Cell, Named, Points, Section, Table, Terms, Text
from dealerrules.turns import months_full
from dealerrules.values import Kind, days_before, show
from dealerrules.wording import Wording, subject_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.policy.model import AnyDecision, Edition, Package, Rule

_NARROW = 4
"""Levels that stand beside each other on paper; more of them stand below each other."""


class Chapter(Parts):
    """Writes sections about the decisions of an edition.

    Args:
        edition: what is in force.
        day: the day on which examples are evaluated.
        lang: ``zh`` or ``en``.
        versions: all editions of the policies, in order.
    """

    def __init__(self, edition: Edition, day: date, lang: str, versions: Sequence[Edition]) -> None:
        super().__init__(edition, lang)
        self.day, self.versions = day, versions

    # --- sections -------------------------------------------------------------------------------------

    def section(self, decision: AnyDecision | Rate) -> Section:
        """Return the section of a decision or a rate."""
        title = self.title(decision.title, decision.name)
        if isinstance(decision, Rate):
            return Section(anchor(decision.name), title, tuple(self.rate(decision)))
        words = self.words(decision.subject)
        blocks = [self.head(decision), *self.body(decision, words)]
        bench = Bench(self.edition, decision, self.day)
        parts = [
            self.part(decision, "examples", self.examples(Examples(bench, words))),
            self.part(decision, "looked_at", self.looked_at(decision, words)),
            self.part(decision, "attached", self.attached(decision.data)),
        ]
        return Section(
            anchor(decision.name), title, tuple(blocks), tuple(part for part in parts if part.blocks)
        )

    def part(self, decision: AnyDecision, name: str, blocks: Iterable[Block]) -> Section:
        """Return a part of a decision's section."""
        return Section(f"{anchor(decision.name)}-{name}", Named(self.says(name)), tuple(blocks))

    def head(self, decision: AnyDecision) -> Terms:
        """Return what every decision says of itself."""
        words = self.words(decision.subject)
        rows: list[tuple[Cell, Cell]] = [
            (self.says("kind"), self.says(f"kind_{decision.kind}")),
            (self.says("about"), Named(subject_title(decision.subject, self.lang), decision.subject)),
        ]
        if isinstance(decision, Payout) and decision.payee is not None:
            payee = PAYEES.get(decision.payee)
            rows.append((self.says("payee"), payee[self.lang == "zh"] if payee else decision.payee))
        rows += self.source(decision.clause)
        if decision.dated_by is not None:
            field = words.field(decision.subject, decision.dated_by)
            rows.append((self.says("version"), self.says("dated_by", field=field)))
        return Terms(tuple(rows))

    def body(self, decision: AnyDecision, words: Wording) -> Iterator[Block]:
        """Yield what a decision says."""
        match decision:
            case Tier():
                yield from self.tier(decision, words)
            case Stage():
                yield from self.stage(decision, words)
            case Payout():
                yield from self.payout(decision, words)
            case Offer():
                yield from self.offer(decision, words)
            case Rules():
                yield from self.rules(decision, words)
            case _:
                assert_never(decision)

    def examples(self, examples: Examples) -> Iterator[Block]:
        """Yield the worked examples."""
        yield from examples.blocks()
        if (table := examples.what_if()) is not None:
            yield table

    # --- kinds ----------------------------------------------------------------------------------------

    def tier(self, tier: Tier, words: Wording) -> Iterator[Block]:
        """Yield the criteria by angle, and what each level gets."""
        last = tier.levels[-1]
        yield Text(self.says("tier_intro", last=words.title(last.title, last.id)))
        yield Text(self.says("tier_open"))
        order = reading_order(tier)
        for angle in tier.angles:
            rules = sorted(
                (rule for rule in tier.rules if rule.angle == angle.id), key=lambda rule: order.index(rule.id)
            )
            rows: list[tuple[Cell, ...]] = [
                (self.rule_title(rule, tier), words.answer(tier, rule.answer), self.condition(rule, words))
                for rule in rules
            ]
            if rows:
                heads = (self.says("criterion"), self.says("level"), self.says("required"))
                yield Table(heads, tuple(rows), words.title(angle.title, angle.id))
        yield from self.kept(tier, words)
        yield from self.levels(tier, words)

    def kept(self, tier: Tier, words: Wording) -> Iterator[Block]:
        """Yield how long a level is kept that was reached, what then, and what the beginning of the version did to it."""
        if tier.keeps is None:
            return
        months, time = tier.keeps.months.value, words.say(tier.keeps.months)
        assert isinstance(months, int)
        over = months_full(self.day, months)
        if over is not None:
            last = days_before(over, 1)
            yield Text(self.says("kept", time=time, day=self.day, last=last, over=over))
        yield Text(self.says(f"kept_{tier.keeps.downgrade.value}", time=time))
        start = switch(self.versions, self.edition, tier.name)
        if start is not None and is_there_before(self.versions, start, tier.name):
            yield Text(self.says(f"kept_{tier.keeps.transition.value}", start=start, time=time))

    def levels(self, tier: Tier, words: Wording) -> Iterator[Block]:
        """Yield what each level gets: a column a level, best first, as far as they fit beside each other."""
        departments = list(dict.fromkeys(name for level in tier.levels for name in level.benefits))
        rows: list[tuple[Cell, ...]] = []
        if any(level.cadence for level in tier.levels):
            rows.append((self.says("cadence"), *(self.word(level.cadence or "") for level in tier.levels)))
        for name in departments:
            said = DEPARTMENTS.get(name)
            head = self.says("benefits", department=said[self.lang == "zh"] if said else name)
            rows.append((head, *(self.texts(level.benefits.get(name, ())) for level in tier.levels)))
        if any(level.follow_up for level in tier.levels):
            rows.append((self.says("follow_up"), *(self.texts(level.follow_up) for level in tier.levels)))
        titles = [self.title(level.title, level.id) for level in tier.levels]
        if not rows:
            yield Text(self.says("ranked"))
            yield Points(tuple(titles))
        elif len(titles) <= _NARROW:
            yield Table(("", *titles), tuple(rows), self.says("treatment"))
        else:
            heads = ("", *(str(row[0]) for row in rows))
            turned = tuple((title, *(row[at] for row in rows)) for at, title in enumerate(titles, 1))
            yield Table(heads, turned, self.says("treatment"))
        if rows:
            yield Text(self.says("adds_up" if len(titles) <= _NARROW else "adds_up_below"), note=True)
        for level in tier.levels:
            if level.data is not None:
                yield from self.attached({words.title(level.title, level.id): level.data})

    def stage(self, stage: Stage, words: Wording) -> Iterator[Block]:
        """Yield the stages in the order in which they are looked at."""
        yield Terms(((self.says("measure"), self.with_definition(stage.measure, words)),))
        yield Text(self.says("in_order"))
        rows: list[tuple[Cell, ...]] = []
        with_data = any(stage.stages[name].data is not None for name in stage.order)
        for name in stage.order:
            rule = stage.rule(name)
            said = words.band(rule.when, stage.measure) or words.say(rule.when)
            cells: list[Cell] = [self.rule_title(rule, stage), said]
            rows.append((*cells, self.data(stage.stages[name].data)) if with_data else tuple(cells))
        heads = [self.says("stage"), measure_title(stage.measure, words)]
        yield Table((*heads, self.says("attached")) if with_data else tuple(heads), tuple(rows))
        yield Text(self.says("no_answer_stage"))

    def payout(self, payout: Payout, words: Wording) -> Iterator[Block]:
        """Yield what is measured, and what every band pays."""
        rows: list[tuple[Cell, Cell]] = []
        if payout.measure is not None:
            rows.append((self.says("measure"), self.with_definition(payout.measure, words)))
        if payout.times is not None:
            rows.append((self.says("times"), words.say(payout.times)))
        for name, bound in (("cap", payout.cap), ("floor", payout.floor)):
            if bound is not None:
                rows.append((self.says(name), words.say(bound)))
        if payout.rounding is not None:
            rows.append(
                (self.says("rounding"), self.says("rounded_once", how=words.rounding(*payout.rounding)))
            )
        if rows:
            yield Terms(tuple(rows))
        bands = [payout.rule(name) for name in payout.lines]
        pays = {
            rule.id: tuple(words.pays(payout, rule.id, line) for line in payout.lines[rule.id])
            for rule in bands
        }
        yield from self.bands(payout, payout.measure, bands, [(self.says("pays"), pays)], words)
        yield Text(self.says("no_answer_payout"))

    def offer(self, offer: Offer, words: Wording) -> Iterator[Block]:
        """Yield what is measured, and what every band gives."""
        if offer.measure is not None:
            yield Terms(((self.says("measure"), self.with_definition(offer.measure, words)),))
        bands = [offer.rule(name) for name in offer.packages]
        packages = list(offer.packages.items())
        columns: list[tuple[str, Mapping[str, Cell]]] = []
        if any(package.choose_one for _, package in packages):
            chosen = {
                name: tuple(f"{letter}: {words.items(items)}" for letter, items in package.choose_one.items())
                for name, package in packages
            }
            columns.append((self.says("choose_one"), chosen))
        if any(package.always for _, package in packages):
            always = {
                name: tuple(words.item(self.edition.items[item]) for item in package.always)
                for name, package in packages
            }
            columns.append((self.says("always_given"), always))
        if any(package.value is not None or package.always_value is not None for _, package in packages):
            columns.append((self.says("stated_value"), {name: self.stated(each) for name, each in packages}))
        yield from self.bands(offer, offer.measure, bands, columns, words)
        yield Text(self.says("nothing_below"))
        yield Text(self.says("no_answer_offer"))

    def stated(self, package: Package) -> str:
        """Return the values that a package states."""
        said = [
            show(value, Kind.MONEY, self.lang)
            for value in (package.value, package.always_value)
            if value is not None
        ]
        return " + ".join(said)

    def bands(
        self,
        decision: Payout | Offer,
        measure: Expr | None,
        rules: list[Rule],
        columns: list[tuple[str, Mapping[str, Cell]]],
        words: Wording,
    ) -> Iterator[Block]:
        """Yield what must hold for every band, and the bands, a line each."""
        conditions = {rule.id: apart(rule, measure)[0] for rule in rules if not isinstance(rule.when, Not)}
        lists = [set(each) for each in conditions.values()]
        common = set.intersection(*lists) if lists else set()
        first = next(iter(conditions.values()), ())
        said = tuple(self.tests(All(tuple(each for each in first if each in common)), words))
        if said:
            yield Terms(((self.says("only_if"), said),))
        own: dict[str, Cell] = {
            name: tuple(self.tests(All(tuple(each for each in items if each not in common)), words))
            for name, items in conditions.items()
        }
        grouped, measured = any(own.values()), measure is not None
        heads = [self.says("band")]
        heads += [self.says("by_group")] if grouped else []
        heads += [measure_title(measure, words)] if measure is not None else []
        heads += [head for head, _ in columns]
        rows: list[tuple[Cell, ...]] = []
        for rule in rules:
            cells: list[Cell] = [self.rule_title(rule, decision)]
            cells += [own.get(rule.id, words.say(rule.when))] if grouped else []
            cells += (
                [(words.band(rule.when, measure) or "") if measure is not None else ""] if measured else []
            )
            rows.append((*cells, *(column[rule.id] for _, column in columns)))
        yield Table(tuple(heads), tuple(rows))
        for rule in rules:
            if rule.data is not None:
                yield from self.attached({words.answer(decision, rule.id): rule.data})

    def rules(self, table: Rules, words: Wording) -> Iterator[Block]:
        """Yield the rows, and what they mean together."""
        yield Text(self.says(f"hit_{table.hit.value}"))
        heads = [self.says("row"), self.says("when")]
        heads += [words.title(each.title, each.id) for each in table.outputs]
        rows: list[tuple[Cell, ...]] = []
        for name in table.order:
            rule = table.rule(name)
            cells = [self.cell(table, name, words, output.id) for output in table.outputs]
            rows.append((self.rule_title(rule, table), self.condition(rule, words), *cells))
        if table.otherwise is not None:
            cells = [self.cell(table, None, words, output.id) for output in table.outputs]
            rows.append((self.says("otherwise"), "", *cells))
        yield Table(tuple(heads), tuple(rows))
        if table.otherwise is None:
            yield Text(self.says("no_otherwise"))
        yield Text(self.says("no_answer_rules"))
        for name in table.order:
            data = table.rule(name).data
            if data is not None:
                yield from self.attached({words.answer(table, name): data})

    def cell(self, table: Rules, row: str | None, words: Wording, output: str) -> Cell:
        """Return what a row says: lists as lines."""
        column = next(each for each in table.outputs if each.id == output)
        cell = (table.cells[row] if row is not None else table.otherwise or {})[output]
        if not isinstance(cell, tuple) or not cell:
            return words.cell(column, cell)
        return tuple(words.cell(column, (each,)) for each in cell)  # type: ignore[arg-type]

    def rate(self, rate: Rate) -> Iterator[Block]:
        """Yield what is counted, in any period and in one."""
        above, below = sides_in_words(rate, self.edition, self.lang)
        rows: list[tuple[Cell, Cell]] = [
            (self.says("kind"), self.says("kind_rate")),
            (self.says("per"), self.says(f"per_{rate.per}")),
            *self.source(rate.clause),
            (self.says("one_minus"), self.says("minus_said" if rate.one_minus else "ratio_said")),
            (self.says("above_line"), above),
            (self.says("below_line"), below),
        ]
        yield Terms(tuple(rows))
        period = read_period(f"{self.day:%Y-%m}" if rate.per == "month" else f"{self.day:%Y}")
        above, below = sides_in_words(rate, self.edition, self.lang, period)
        yield Text(self.says("for_instance", period=period), note=True)
        yield Points((f"{self.says('above_line')}: {above}", f"{self.says('below_line')}: {below}"))
        yield Text(self.says("no_answer_rate"))
        yield from self.attached(rate.data)
