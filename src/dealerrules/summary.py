"""Summaries: what is said of one decision first: the answer, the rules that decide, and what could change it.

Place in the flow: the nodes of ``reasons`` come in, a :class:`Section` with its :class:`Line` goes out to ``explain``.
What does not matter is counted, not listed; the whole tree stays beside it. Nothing is evaluated here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from dealerrules.expr import Constant
from dealerrules.outcome import (
    OfferOutcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
    missing_facts,
)
from dealerrules.pages import Line
from dealerrules.policy.model import Payout, Rules
from dealerrules.reasons import Tree, as_json
from dealerrules.values import Kind, show
from dealerrules.verdict import Reason, Status
from dealerrules.wording import Wording, basis, bounds, field_title
from dealerrules.words import SAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dealerrules.expr import Expr
    from dealerrules.outcome import AnyOutcome, Case, Json
    from dealerrules.policy.model import Clause
    from dealerrules.reasons import Node


@dataclass(frozen=True, slots=True)
class Receipt:
    """A line of a payout in words: its `basis` is lump, whole or excess; none for a cap or a floor."""

    band: str
    title: str
    basis: str | None
    units: str | None
    rate: str | None
    times: int
    amount: str
    rounded: bool
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """The explanation of one decision.

    Attributes:
        outcome: what is explained.
        title: of the decision.
        answer: in one line.
        reason: why there is no settled answer.
        missing: the facts that would settle it, name and title.
        lines: the summary.
        measure: what is measured, where something is.
        rules: every rule with its conditions.
        amounts: where the amounts of a payout come from.
        receipt: the lines of a payout.
    """

    outcome: AnyOutcome
    title: str
    answer: str
    reason: str | None
    missing: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    measure: Node | None = None
    rules: tuple[Node, ...] = ()
    amounts: tuple[Node, ...] = ()
    receipt: tuple[Receipt, ...] = ()

    @property
    def heading(self) -> str:
        """The decision and its answer in one line."""
        return f"{' '.join(filter(None, (self.outcome.decision, self.title)))}: {self.answer}"

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, with stable keys."""
        outcome, reason = self.outcome, self.outcome.reason
        seen: set[str] = set()
        measure = self.measure.to_dict(seen) if self.measure is not None else None
        rules: list[Json] = []
        for rule in self.rules:  # each in full at its own place, wherever else it is looked at
            seen |= {each.key or "" for each in self.rules}
            seen.discard(rule.key or "")
            rules.append(rule.to_dict(seen))
        return {
            "decision": outcome.decision,
            "title": self.title,
            "kind": outcome.kind,
            "status": outcome.status.value,
            "answer": self.answer,
            "reason": {"code": reason.code, "text": self.reason} if reason is not None else None,
            "missing": [{"fact": name, "title": title} for name, title in self.missing],
            "source": as_json(outcome.model.clause),
            "place": outcome.model.place or None,
            "outcome": outcome.to_dict(),
            "receipt": [as_json(line) for line in self.receipt],
            "measure": measure,
            "rules": rules,
            "amounts": [node.to_dict(seen) for node in self.amounts],
        }


# ---------------------------------------------------------------------------------------------------
# The summary: the answer, the rules that decide, what could change it, and what falls short of it


class Summary:
    """Sums up one decision."""

    def __init__(self, outcome: AnyOutcome, case: Case, lang: str) -> None:
        self.outcome, self.case = outcome, case
        self.words = Wording(case.edition, case.subject, lang)
        self.tree = Tree(case, self.words)
        self.says = self.tree.says
        self.decided = case.decided(outcome.decision)
        self.rules = {node.id or "": node for node in self.tree.rules(self.decided)}
        self.reason = self._reason()
        self.shown: set[str] = set()  # rules that have been told
        self.told: set[str | None] = set()  # facts whose origin has been told

    def section(self) -> Section:
        """Return the section."""
        outcome, decided = self.outcome, self.decided
        receipt = self._receipt() if isinstance(outcome, PayoutOutcome) else ()
        steps = [step for step in decided.settling if not isinstance(step.expr, Constant)]
        return Section(
            outcome=outcome,
            title=self.words.title(outcome.model.title, ""),
            answer=self._headline(),
            reason=self.reason,
            missing=tuple((name, self.words.fact(name)) for name in outcome.missing),
            lines=tuple(self._lines(receipt)),
            measure=self.tree.value(decided.measure) if decided.measure is not None else None,
            rules=tuple(self.rules.values()),
            amounts=tuple(self.tree.value(step) for step in steps),
            receipt=receipt,
        )

    # --- the answer in one line ---

    def _headline(self) -> str:
        outcome = self.outcome
        undetermined = outcome.status is Status.UNDETERMINED
        if outcome.status is Status.UNDEFINED:
            return self.says("none")
        match outcome:
            case TierOutcome(level=level):
                answer = self._answer(level)
                return self.says("higher", answer=answer) if undetermined else answer
            case RulesOutcome() if outcome.rows or not undetermined:
                answer = self._said(outcome)
                return self.says("more", answer=answer) if undetermined else answer
            case _ if undetermined:
                return self.says("open")
            case StageOutcome(stage=stage):
                return self._answer(stage)
            case PayoutOutcome():
                return self._money(self.decided.amount)
            case OfferOutcome(band=band):
                return self._answer(band) if band is not None else self.says("not_eligible")
            case RulesOutcome():
                return self._said(outcome)
            case _:
                assert_never(outcome)

    def _answer(self, answer: str | None) -> str:
        title = self.words.answer(self.outcome.model, answer or "")
        return title if title == answer else f"{title} ({answer})"

    def _money(self, fen: int | None) -> str:
        return show(fen, Kind.MONEY, self.words.lang)

    def _said(self, outcome: RulesOutcome) -> str:
        """Return what a rules table says: values as they are, lists by the titles of their rows."""
        model, cells = outcome.model, outcome.verdict.cells
        if outcome.rows and any(output.type is None for output in model.outputs):
            return self.words.join(self._answer(row.id) for row in outcome.rows)
        said = [cells] if cells is not None else [model.cells[row.id] for row in outcome.rows]
        if len(model.outputs) == 1:
            return self.words.join(
                self.words.cell(model.outputs[0], each[model.outputs[0].id]) for each in said
            )
        return self.words.join(self.words.cells(model, each) for each in said)

    def _reason(self) -> str | None:
        """Return the reason, with facts by their titles."""
        reason, measure = self.outcome.reason, self.decided.measure
        if reason is None:
            return None
        values = dict(reason.values)
        if "facts" in values:
            inline = self.words.say(measure.expr) if measure is not None else "?"
            titles = [
                inline if name == "?" else self.words.fact(name) for name in values["facts"].split(", ")
            ]
            values["facts"] = self._list(titles)
        return Reason(reason.code, values).text(self.words.lang)

    def _list(self, texts: Iterable[str]) -> str:
        return self.words.pick("、", ", ").join(texts)

    # --- the lines ---

    def _lines(self, receipt: Sequence[Receipt]) -> Iterator[Line]:
        outcome = self.outcome
        names = outcome.because or (() if outcome.status is Status.DECIDED else outcome.matched)
        granting = [name for name in self.rules if name in names]
        if isinstance(outcome, StageOutcome):  # the first one counts
            granting = granting[:1]
        told = self.reason is not None and not isinstance(outcome, TierOutcome)
        reason = [Line(1, self.says("reason", text=self.reason))] if told else []
        if not outcome.because:
            yield from reason
        for name in granting:
            yield from self._because(name)
        match outcome:
            case TierOutcome():
                yield from self._tier(outcome)
            case PayoutOutcome():
                yield from self._paid(outcome, receipt)
            case OfferOutcome():
                yield from self._given(outcome)
            case RulesOutcome():
                yield from self._otherwise(outcome)
            case StageOutcome():
                pass
            case _:
                assert_never(outcome)
        if outcome.because:
            yield from reason
        yield from self._open()
        yield from self._short()
        yield from self._rest()

    def _because(self, name: str) -> Iterator[Line]:
        """Tell a rule that holds: its title and clause, its tests, and for rows what they say."""
        node, model = self.rules[name], self.outcome.model
        self.shown.add(name)
        where = where_from(node.source, node.place)
        verb = "because" if name in self.outcome.because else "holds"
        yield Line(1, self.says(verb, rule=f"{node.label} [{where}]" if where else node.label))
        yield from self._conditions(node, 2)
        if isinstance(model, Rules):
            for output in model.outputs:
                cell = self.words.cell(output, model.cells[name][output.id])
                yield Line(2, self.says("read", text=self.words.title(output.title, output.id), read=cell))

    def _conditions(self, rule: Node, depth: int) -> Iterator[Line]:
        """Tell the conditions of a rule, several bounds of one value in one line: as a band where it is one."""
        model = self.outcome.model
        when = model.rule(rule.id or "").when
        measure: Expr | None = getattr(model, "measure", None)
        band = self.words.band(when, measure) if measure is not None else None
        found = bounds(when, measure) if measure is not None else ()
        limits = [self.words.asked(each) for each in found if each is not None]
        parts = list(rule.parts)
        while parts:
            group = [parts.pop(0)]
            while parts and _together(group[0], parts[0]):
                group.append(parts.pop(0))
            node = group[0]
            if node.required is not None:
                asked = [each.required.text for each in group if each.required is not None]
                text = band if band and asked == limits else self.words.pick("、", " and ").join(asked)
                node = replace(node, required=replace(node.required, text=text))
            yield from self._condition(node, depth)

    def _condition(self, node: Node, depth: int) -> Iterator[Line]:
        yield Line(depth, self._text(node), node.truth)
        if node.kind in {"all", "any", "not"}:
            for part in node.parts:
                yield from self._condition(part, depth + 1)
        else:
            yield from self._whence(node, depth + 1)

    def _whence(self, node: Node, depth: int) -> Iterator[Line]:
        """Tell where a value comes from, as far as it does not go without saying."""
        if node.key is not None and node.key in self.told:
            return
        self.told.add(node.key)
        plain = {"defined", "given", "not_recorded", "earlier", "taken"}
        yield from (Line(depth, note.text) for note in node.notes if note.code not in plain)
        for part in node.parts:
            if part.kind == "rule":
                if part.truth == "true":
                    yield Line(depth, self.says("because", rule=part.label))
            elif part.kind == "value" and part.read == node.read:  # the same again, on its way
                yield from self._whence(part, depth)
            elif all(note.code != "not_used" for note in part.notes):
                yield Line(depth, self._text(part))
                yield from self._whence(part, depth + 1)

    def _text(self, node: Node) -> str:
        return node_text(node, self.words.lang)

    def _tier(self, outcome: TierOutcome) -> Iterator[Line]:
        model = outcome.model
        if not outcome.because:
            yield Line(1, self.says("everyone", level=self.words.answer(model, outcome.level or "")))
        titles = {angle.id: self.words.title(angle.title, angle.id) for angle in model.angles}
        angles = [
            f"{titles[name]} {self.words.answer(model, level)}" for name, level in outcome.angles.items()
        ]
        yield Line(1, self.says("angles", angles=", ".join(angles)))

    def _paid(self, outcome: PayoutOutcome, receipt: Sequence[Receipt]) -> Iterator[Line]:
        if outcome.status is not Status.DECIDED:
            unknown = [self.tree.value(step) for step in self.decided.settling if step.value is None]
            yield from (Line(2, self._text(node), "unknown") for node in unknown)
            return
        columns = ["band", "units", "rate", "times", "amount"]
        if all(line.units is None for line in receipt):
            columns.remove("units")
        if outcome.model.times is None:
            columns.remove("times")
        rows = [[self.says(f"column_{name}") for name in columns]]
        for line in receipt:
            cells = {"band": line.band if line.basis else line.title, "units": line.units or ""}
            cells |= {"rate": line.rate or "", "times": str(line.times), "amount": line.amount}
            rows.append([cells[name] for name in columns])
        rows.append([self.says("total"), *[""] * (len(columns) - 2), self._money(self.decided.amount)])
        yield Line(1, self.says("receipt"), table=tuple(map(tuple, rows)))
        for line in receipt:
            if line.text is not None:
                yield Line(2, self.says("read", text=line.band, read=line.text))
        if outcome.model.times is not None:
            times = self.decided.settling[-1]
            value = self.words.value(times.value, times.expr)
            yield Line(2, self.says("times", said=self.words.say(times.expr), value=value))
        if outcome.model.rounding is not None and any(line.rounded for line in receipt):
            yield Line(2, self.says("rounded", how=self.words.rounding(*outcome.model.rounding)))

    def _receipt(self) -> tuple[Receipt, ...]:
        payout, answer = self.decided.decision, self.decided.verdict.answer
        assert isinstance(payout, Payout)
        if self.decided.entries is None or answer is None:
            return ()
        made = []
        for at, entry in enumerate(self.decided.entries):
            amount = self._money(entry.amount)
            if at >= len(payout.lines[answer]) or entry.rate is None:  # a cap or a floor
                adjusted = self.says(entry.band)
                made.append(
                    Receipt(entry.band, adjusted, None, None, None, entry.times, amount, rounded=False)
                )
                continue
            line = payout.lines[answer][at]
            exact = entry.rate * entry.times * (1 if entry.units is None else entry.units)
            made.append(
                Receipt(
                    band=entry.band,
                    title=self.words.answer(payout, entry.band),
                    basis=basis(payout, entry.band)[0],
                    units=self.words.value(entry.units, line.units) if line.units is not None else None,
                    rate=show(entry.rate, line.rate.type.kind, self.words.lang),
                    times=entry.times,
                    amount=amount,
                    rounded=entry.amount != exact,
                    text=self.words.pays(payout, answer, line),
                )
            )
        return tuple(made)

    def _given(self, outcome: OfferOutcome) -> Iterator[Line]:
        if outcome.band is None:
            return
        package = outcome.model.packages[outcome.band]
        if package.choose_one:
            yield Line(1, self.says("choose", value=self._stated(package.value)))
            for letter, names in package.choose_one.items():
                yield Line(2, f"{letter}: {self.words.items(names)}")
        if package.always:
            value = self._stated(package.always_value if package.choose_one else package.value)
            yield Line(
                1,
                self.says(
                    "also" if package.choose_one else "always",
                    value=value,
                    items=self.words.items(package.always),
                ),
            )

    def _stated(self, value: int | None) -> str:
        if value is None:
            return ""
        return self.words.pick("", " ") + self.says("stated", value=self._money(value))

    def _otherwise(self, outcome: RulesOutcome) -> Iterator[Line]:
        cells = outcome.verdict.cells
        if cells is None or outcome.because:
            return
        agreed = any(node.truth == "unknown" for node in self.rules.values())
        model = outcome.model
        one = len(model.outputs) == 1
        said = (
            self.words.cell(model.outputs[0], cells[model.outputs[0].id])
            if one
            else self.words.cells(model, cells)
        )
        yield Line(1, self.says("agreed" if agreed else "otherwise", cells=said))

    # --- what could change it, and what falls short ---

    def _open(self) -> Iterator[Line]:
        """Tell the unknown rules that could change the answer, and the facts that would settle each."""
        outcome = self.outcome
        names = [name for name in self.rules if name in outcome.undetermined]
        if not names:
            return
        self.shown |= set(names)
        needs = {name: self._needs(name) for name in names}
        tier = isinstance(outcome, TierOutcome)
        same = set(needs.values()) == {outcome.missing} and not tier  # the reason names them
        if same and len(names) > 1:
            yield Line(1, self.says("might", rules=self._list(names)))
            return
        yield Line(1, self.says("could_raise" if tier else "could_change"))
        for name in names:
            node = self.rules[name]
            label = f"{node.label} → {node.grants}" if tier else node.label
            if not same:
                facts = map(self.words.fact, needs[name]) if needs[name] else self._failing(node, "unknown")
                label = self.says("needs", rule=label, facts=self._list(facts))
            yield Line(2, label, "unknown")
            yield from _puzzles(node.parts, 3)

    def _needs(self, name: str) -> tuple[str, ...]:
        steps = dict(zip((rule.id for rule in self.decided.decision.rules), self.decided.steps, strict=True))
        return missing_facts(self.case, [steps[name]])

    def _short(self) -> Iterator[Line]:
        """Tell the false rules that would have given a better answer, or any: what each falls short of."""
        outcome, model = self.outcome, self.outcome.model
        false = [
            node for name, node in self.rules.items() if node.truth == "false" and name not in self.shown
        ]
        if isinstance(outcome, TierOutcome):
            levels = [level.id for level in outcome.model.levels]
            for level in reversed(levels[: levels.index(outcome.level or "")]):
                rules = [
                    rule.id for rule in outcome.model.earned.rules if rule.answer == level
                ]  # who keeps none reaches none so
                nodes = [node for node in false if node.id in rules]
                title = self.says("better", level=self.words.answer(model, level))
                yield from self._misses(title, nodes)
        elif (
            not outcome.matched
            and not outcome.undetermined
            and outcome.verdict.cells is None
            and (outcome.reason is None or outcome.reason.code != "no_event")
        ):
            yield from self._misses(self.says("failing"), false)

    def _misses(self, title: str, nodes: Sequence[Node]) -> Iterator[Line]:
        """Tell what rules fall short of; what all of them do is told once."""
        if not nodes:
            return
        yield Line(1, title)
        failing = [self._failing(node, "false") for node in nodes]
        common = [text for text in failing[0] if len(nodes) > 1 and all(text in texts for texts in failing)]
        if common:
            yield Line(2, self.says("common", tests=self.words.join(common)), "false")
        for node, texts in zip(nodes, failing, strict=True):
            self.shown.add(node.id or "")
            rest = [text for text in texts if text not in common] or [self.says("else_holds")]
            yield Line(2, self.says("read", text=node.label, read=self.words.join(rest)), "false")

    def _failing(self, node: Node, truth: str) -> list[str]:
        """Return the tests that make a rule false (or unknown), with their shortfalls."""
        said: dict[str, None] = {}
        for leaf in _leaves(node.parts, truth):
            text = self._text(leaf) if leaf.shortfall is None else f"{leaf.text} {leaf.shortfall.text}"
            said[self.says("not_met", text=text) if leaf.kind == "not" else text] = None
        return list(said)

    def _rest(self) -> Iterator[Line]:
        rest = [node.truth for name, node in self.rules.items() if name not in self.shown]
        if rest:
            some = "some" if len(set(rest)) > 1 else "all"
            found = [truth for truth in ("true", "false", "unknown") if truth in rest]
            counts = ", ".join(self.says(f"{some}_{truth}", n=rest.count(truth)) for truth in found)
            tier = isinstance(self.outcome, TierOutcome)
            yield Line(1, self.says("rest_tier" if tier else "rest", n=len(rest), counts=counts))


def _together(one: Node, other: Node) -> bool:
    """Tell whether two tests bound one value, with the same truth."""
    bounding = {"at_least", "more_than", "at_most", "less_than"}
    asked = [node.required.how for node in (one, other) if node.required is not None]
    return (
        one.tested == other.tested and one.truth == other.truth and len(asked) == 2 and set(asked) <= bounding
    )


def _leaves(nodes: Iterable[Node], truth: str) -> Iterator[Node]:
    for node in nodes:
        if node.truth == truth:
            yield from _leaves(node.parts, truth) if node.kind in {"all", "any"} else [node]


def _puzzles(nodes: Iterable[Node], depth: int) -> Iterator[Line]:
    """Tell why values are unknown although something is recorded."""
    for node in nodes:
        unknown = node.read is not None and node.read.state == "unknown"
        for note in node.notes if unknown else ():
            if note.code in {"over_zero", "not_listed", "events_disagree", "lacking"}:
                yield Line(depth, f"{node.text}: {note.text}")
        if unknown or node.truth == "unknown":
            yield from _puzzles(node.parts, depth)


def where_from(source: Clause | None, place: str | None) -> str:
    """Return the clause and the place in the policy files."""
    return "; ".join([*([str(source)] if source is not None else []), *([place] if place else [])])


def node_text(node: Node, lang: str) -> str:
    """Return a node in one line: what it is, the value read, the value required, the shortfall."""
    if node.read is None:
        return node.text
    if node.required is None:
        return says_in(lang, "read", text=node.text, read=node.read.text)
    said = says_in(lang, "test", text=node.text, read=node.read.text, required=node.required.text)
    return f"{said} ({node.shortfall.gap})" if node.shortfall is not None else said


def says_in(lang: str, name: str, /, **parts: object) -> str:
    """Return one of the phrases of explanations, filled in."""
    return SAYS[name][lang != "zh"].format_map(parts)


def undefined_section(outcome: AnyOutcome, lang: str) -> Section:
    """Return the section of an outcome that is undefined for a reason outside its rules: there is no trace."""
    model, said = outcome.model, None
    if outcome.reason is not None:
        values = dict(outcome.reason.values)
        if "field" in values:
            values["field"] = field_title(model.subject, values["field"], lang)
        said = Reason(outcome.reason.code, values).text(lang)
    lines = [Line(1, says_in(lang, "reason", text=said))] if said is not None else []
    if where := where_from(model.clause, model.place):
        lines.append(Line(1, says_in(lang, "source", said=where)))
    return Section(outcome, model.title.get(lang), says_in(lang, "none"), said, (), tuple(lines))
