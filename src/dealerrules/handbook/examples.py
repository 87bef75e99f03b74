"""The handbook's worked examples: what comes out on both sides of every bound, and what happens if something is missing.

Place in the flow: what ``handbook.bench`` finds is put into tables here, and into the curves that ``charts`` draws.
Every amount is evaluated by the reference interpreter and told by the summary of its explanation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from dealerrules import charts
from dealerrules.expr import Compare, Expr, Fact, IsAbsent, Not
from dealerrules.handbook.bench import Given, apart, base_of, below_nothing, bounds_of, names_in
from dealerrules.handbook.curves import curve_of
from dealerrules.handbook.runs import best_run
from dealerrules.handbook.words import SAYS
from dealerrules.outcome import PayoutOutcome
from dealerrules.policy.model import Offer, Payout, Stage
from dealerrules.reasons import reading_order
from dealerrules.sections import Block, Cell, Pictures, Table
from dealerrules.values import ABSENT, QUANTITIES, Kind, Maybe, show
from dealerrules.wording import basis

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealerrules.handbook.bench import Bench
    from dealerrules.handbook.runs import Run
    from dealerrules.policy.model import AnyDecision, Rule
    from dealerrules.summary import Receipt, Section
    from dealerrules.wording import Wording

_CASES: Final = 40
"""Lines of a table of what happens if something is different."""
_STAND_IN: Final = 503
"""A count for what stands in where another is not recorded: a share of it is rarely whole, so rounding shows."""


@dataclass(frozen=True)
class Group:
    """Bands of one list: the conditions that hold for all of them, and where each begins."""

    conditions: tuple[Expr, ...]
    rules: tuple[Rule, ...]
    starts: tuple[Compare, ...]


def groups(decision: AnyDecision, measure: Expr) -> list[Group]:
    """Return the lists of bands of a decision, in the order in which people read them."""
    found: dict[tuple[Expr, ...], list[tuple[Rule, Compare]]] = {}
    for name in reading_order(decision):
        rule = decision.rule(name)
        conditions, start = apart(rule, measure)
        if start is not None:
            found.setdefault(conditions, []).append((rule, start))
    return [
        Group(conditions, tuple(rule for rule, _ in pairs), tuple(start for _, start in pairs))
        for conditions, pairs in found.items()
    ]


def measure_title(measure: Expr, words: Wording) -> str:
    """Return what is measured, as a heading."""
    return words.fact(measure.name) if isinstance(measure, Fact) else words.say(measure)


class Examples:
    """The examples of one decision, in words.

    Args:
        bench: where it is tried.
        words: how things are called.
    """

    def __init__(self, bench: Bench, words: Wording) -> None:
        self.bench, self.words = bench, words
        self.decision = bench.decision
        self.drawn = 0

    def says(self, name: str, /, **parts: object) -> str:
        """Return a text of the handbook."""
        return SAYS[name][self.words.lang == "zh"].format(**parts)

    @property
    def measure(self) -> Expr | None:
        """What is cut into bands."""
        match self.decision:
            case Stage(measure=measure) | Payout(measure=measure) | Offer(measure=measure):
                return measure
            case _:
                return None

    @cached_property
    def runs(self) -> list[tuple[Group, Run]]:
        """For every list of bands the input that shows it."""
        found: list[tuple[Group, Run]] = []
        for group in groups(self.decision, self.measure) if self.measure is not None else ():
            fixed = self.fixed([*group.conditions, *self.before])
            run = None
            if fixed is not None and self.measure is not None:
                run = best_run(self.bench, self.measure, group.starts, fixed)
            if run is not None:
                found.append((group, run))
        return found

    @property
    def before(self) -> list[Expr]:
        """What must not hold for a stage to be looked up by its measure."""
        if not isinstance(self.decision, Stage):
            return []
        rules = [self.decision.rule(name) for name in self.decision.order]
        first = [rule for rule in rules if apart(rule, self.measure)[1] is None]
        return [Not(rule.when) for rule in first if not isinstance(rule.when, IsAbsent)]

    def fixed(self, conditions: Sequence[Expr]) -> Given | None:
        """Return facts with which conditions hold, and one of what amounts are multiplied by."""
        held = self.bench.holding(conditions)
        if held is None or not isinstance(self.decision, Payout):
            return held
        measured = self.bench.inputs(self.measure) if self.measure is not None else ()
        for line in (line for lines in self.decision.lines.values() for line in lines):
            for name in (self.bench.inputs(line.units) if line.units is not None else ()) or ():
                kind = self.bench.type_of(name).kind
                if name not in held and name not in (measured or ()) and kind in QUANTITIES - {Kind.DATE}:
                    held[name] = base_of(kind)
        return {**dict.fromkeys(self.times, 1), **held}

    @property
    def times(self) -> tuple[str, ...]:
        """The facts by which an amount is multiplied."""
        if not isinstance(self.decision, Payout) or self.decision.times is None:
            return ()
        return self.bench.inputs(self.decision.times) or ()

    # --- words ----------------------------------------------------------------------------------------

    def value(self, name: str, value: Maybe) -> str:
        """Return a value of a fact as people read it."""
        if name in self.bench.edition.facts[self.decision.subject]:
            return self.words.value(value, Fact(name, self.bench.type_of(name)))
        other = self.bench.edition.decisions[name]
        if isinstance(value, str) and value in {rule.answer for rule in other.rules}:
            return self.words.answer(other, value)
        return show(value, self.bench.type_of(name).kind, self.words.lang)

    def given(self, given: Mapping[str, Maybe]) -> str:
        """Read out what is given."""
        said = [
            self.says("given", name=self.words.fact(name), value=self.value(name, value))
            for name, value in given.items()
        ]
        return self.words.pick("，", ", ").join(said)

    def label(self, group: Group) -> str:
        """Return what a list of bands applies to; nothing where there is but one."""
        lists = [set(each.conditions) for each, _ in self.runs]
        common = set.intersection(*lists) if lists else set()
        return self.words.pick("，", ", ").join(
            self.words.say(each) for each in group.conditions if each not in common
        )

    def answer(self, section: Section) -> Cell:
        """Return an answer, with the reason where there is none."""
        return section.answer if section.reason is None else (section.answer, section.reason)

    def receipt(self, section: Section) -> Cell:
        """Return how an amount comes about."""
        lines = [self._line(line, several=len(section.receipt) > 1) for line in section.receipt]
        return tuple(lines) if len(lines) > 1 else "".join(lines)

    def _line(self, line: Receipt, *, several: bool) -> str:
        if line.rate is None:
            return f"{line.title} {line.amount}"
        said = line.rate if line.units is None else self.says("units_at", units=line.units, rate=line.rate)
        if line.times != 1:
            said = self.says("times_over", said=said, times=line.times)
        return self.says("makes", said=said, amount=line.amount) if several or line.rounded else said

    # --- both sides of every bound --------------------------------------------------------------------

    def blocks(self) -> Iterator[Block]:
        """Yield the examples; nothing where no facts are found to show the decision with."""
        for group, run in self.runs:
            yield self.table(group, run)
        drawn = [each for group, run in self.runs for each in self.pictures(group, run)]
        if drawn:
            times = self.decision.times if isinstance(self.decision, Payout) else None
            note = self.says("chart_note")
            if times is not None:
                note += self.words.pick("", " ") + self.says("each_person", times=self.words.say(times))
            yield Pictures(tuple(drawn), note)

    def table(self, group: Group, run: Run) -> Table:
        """Return the examples of a list of bands."""
        assert self.measure is not None
        inline = not isinstance(self.measure, Fact) or self.measure.name != run.driver
        heads = [self.words.fact(run.driver)]
        heads += [measure_title(self.measure, self.words)] if inline else []
        pays = isinstance(self.decision, Payout)
        heads += (
            [self.says("band"), self.says("comes_about"), self.says("how_much")]
            if pays
            else [self.says("result")]
        )
        rows: list[tuple[Cell, ...]] = []
        for at in run.points(beyond=self.by_the_unit(group)):
            section = self.bench.told(run.given(at), self.words.lang)
            cells: list[Cell] = [self.value(run.driver, run.value(at))]
            cells += [self.words.value(run.measured(at), self.measure)] if inline else []
            if pays:
                cells += [self.band(section), self.receipt(section)]
            rows.append((*cells, self.answer(section)))
        others = {**run.fixed, **run.still}
        caption = (
            self.says("examples_with", given=self.given(others)) if others else self.says("examples_plain")
        )
        numbers = frozenset({len(heads) - 1}) if pays else frozenset[int]()
        return Table(tuple(heads), tuple(rows), caption, numbers)

    def band(self, section: Section) -> Cell:
        """Return the band that pays."""
        outcome = section.outcome
        if not isinstance(outcome, PayoutOutcome) or outcome.verdict.answer is None:
            return ""
        return self.words.answer(self.decision, outcome.verdict.answer)

    def by_the_unit(self, group: Group) -> bool:
        """Tell whether the last band pays for each unit, so that the amount goes on rising within it."""
        return isinstance(self.decision, Payout) and basis(self.decision, group.rules[-1].id)[0] != "lump"

    # --- what if --------------------------------------------------------------------------------------

    def what_if(self) -> Table | None:
        """Return what happens if one thing is different, or not recorded; none where there is nothing to show."""
        base = self.example()
        if base is None:
            return None
        cases = list(self.cases(base))
        first = self.measure is None
        if first:
            cases.insert(0, (self.says("as_it_is"), base))
        pays = isinstance(self.decision, Payout)
        heads = [self.says("case"), self.says("result"), *([self.says("comes_about")] if pays else [])]
        rows: dict[str, tuple[Cell, ...]] = {}
        for said, given in cases[:_CASES]:
            section = self.bench.told(given, self.words.lang)
            how = (self.origin(given, base, section),) if pays else ()
            rows.setdefault(said, (said, self.answer(section), *how))
        caption = self.says("what_if_first" if first else "what_if_base", given=self.given(base))
        return Table(tuple(heads), tuple(rows.values()), caption) if rows and base else None

    def example(self) -> Given | None:
        """Return the facts of one example: the last of the first list of bands, or just where the conditions hold."""
        if self.runs:
            group, run = self.runs[0]
            points = run.points(beyond=self.by_the_unit(group), limits=False)
            return run.given(points[-1]) if points else None
        if self.measure is not None or not isinstance(self.decision, Payout | Offer):
            return None
        return self.fixed(apart(self.decision.rule(reading_order(self.decision)[0]), None)[0])

    def origin(self, given: Given, base: Given, section: Section) -> Cell:
        """Return how an amount comes about, with the facts between it and what is given where they are different."""
        asked, before = self.bench.on(given), self.bench.on(base)
        names = self.bench.between(self.measure) if self.measure is not None else ()
        derived = [
            self.says("derived", name=self.words.fact(name), value=self.value(name, asked.fact(name).value))
            for name in names
            if asked.fact(name).value is not None and asked.fact(name).value != before.fact(name).value
        ]
        lines = self.receipt(section)
        said: tuple[Cell, ...] = (
            *derived,
            *(lines if isinstance(lines, tuple) else (lines,) if lines else ()),
        )
        return said if len(said) != 1 else said[0]

    def cases(self, base: Given) -> Iterator[tuple[str, Given]]:
        """Yield what may be different, in words, with the facts."""
        for name in self.times:
            for value in (3, 0):
                yield self.given({name: value}), {**base, name: value}
        yield from self.conditions_turned(base)
        yield from self.stood_in(base)
        measured = (self.bench.inputs(self.measure) if self.measure is not None else ()) or ()
        run = self.runs[0][1] if self.runs else None
        for name in run.still if run is not None else ():
            yield self.given({name: 0}), {**base, name: 0}
        for name in measured:
            if self.bench.edition.may_be_absent(self.decision.subject, name):
                yield self.says("no_event", name=self.words.fact(name)), {**base, name: ABSENT}
        everything = (
            self.bench.inputs(self.measure, all_of_them=True) if self.measure is not None else ()
        ) or ()
        for name in dict.fromkeys([*measured, *base]):
            names = [
                name,
                *(each for each in everything if each not in measured and self.is_stand_in(each, name, base)),
            ]
            said = self.words.pick("、", ", ").join(self.words.fact(each) for each in names)
            yield self.says("not_recorded", names=said), {**base, name: None}

    def conditions_turned(self, base: Given) -> Iterator[tuple[str, Given]]:
        """Yield the other side of every condition, and the values of what tells the lists of bands apart."""
        lists = [group.conditions for group, _ in self.runs]
        if not lists:
            rule = self.decision.rule(reading_order(self.decision)[0])
            lists = [apart(rule, self.measure)[0]]
        conditions = [*dict.fromkeys(each for one in lists for each in one), *self.before]
        conditions += self.bench.levels(conditions)
        told = {name: {run.fixed.get(name) for _, run in self.runs} for name in base}
        as_it_is = self.bench.decided(base)
        for name in (name for name in names_in(conditions) if name in base):
            bounds = bounds_of(name, conditions)
            for value in self.bench.choices(name, conditions):
                given = {**base, name: value}
                if (
                    value in {None, ABSENT, "…", base[name]}
                    or value in told[name]
                    or below_nothing(value, bounds)
                ):
                    continue
                found = self.bench.decided(given)
                same = (found.verdict, found.amount) == (as_it_is.verdict, as_it_is.amount)
                if value in bounds or not same:
                    yield self.given({name: value}), given

    def stood_in(self, base: Given) -> Iterator[tuple[str, Given]]:
        """Yield the cases in which something else stands in for what is not recorded."""
        if self.measure is None:
            return
        first = self.bench.inputs(self.measure) or ()
        for name in self.bench.inputs(self.measure, all_of_them=True) or ():
            for missing in first if name not in first else ():
                if not self.is_stand_in(name, missing, base):
                    continue
                kind = self.bench.type_of(name).kind
                value = _STAND_IN if kind is Kind.COUNT else base_of(kind)
                absent = self.says("not_recorded", names=self.words.fact(missing))
                said = self.words.pick("，", ", ").join([absent, self.given({name: value})])
                yield said, {**base, missing: None, name: value}

    def is_stand_in(self, name: str, missing: str, base: Given) -> bool:
        """Tell whether a fact gives the measure its value where another is not recorded."""
        kind = self.bench.type_of(name).kind
        if self.measure is None or name == missing or kind not in QUANTITIES - {Kind.DATE}:
            return False
        without = self.bench.on({**base, missing: None}).step(self.measure).value
        with_it = self.bench.on({**base, missing: None, name: base_of(kind)}).step(self.measure).value
        return without is None and with_it is not None

    # --- curves ---------------------------------------------------------------------------------------

    def pictures(self, group: Group, run: Run) -> Iterator[tuple[str, partial[str]]]:
        """Yield the curve of a list of bands; none where the measure has no place on a line."""
        curve = None
        if isinstance(self.decision, Payout):
            curve = curve_of(run, self.words, lump=not self.by_the_unit(group))
        if curve is None or self.measure is None:
            return
        label, measure = self.label(group), self.words.say(self.measure)
        label = label[:1].upper() + label[1:]
        caption = self.says("chart_with", group=label) if label else self.says("chart", measure=measure)
        self.drawn += 1
        name = f"pay-{self.decision.name}-{self.drawn}"
        axes = (measure_title(self.measure, self.words), self.says("yuan"))
        yield caption, partial(charts.payments, name, caption, curve, axes)
