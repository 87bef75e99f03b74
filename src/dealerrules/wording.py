"""Wording: the printer interpreter; it reads conditions, tests, facts, bands and rules out in Chinese or English.

Place in the flow: beside the engines: it reads the same tree and evaluates nothing. Explanations and the policy
handbook are written in its words: titles where there are any, otherwise names; parameters named beside their value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Comparison,
    Constant,
    Elapsed,
    Expr,
    Fact,
    Field,
    FirstKnown,
    IfAbsent,
    IsAbsent,
    Known,
    LevelIn,
    Lookup,
    Member,
    Not,
    Operator,
    Reached,
    RoundWhole,
    type_of,
)
from dealerrules.policy.model import NO_TITLE, Offer, Payout, Rules, Stage, Tier
from dealerrules.values import Kind, Type, show
from dealerrules.words import FIELDS, PHRASES, SUBJECTS, TABLES, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealerrules.keeping import Kept
    from dealerrules.policy.model import (
        AnyDecision,
        Cell,
        Edition,
        FactDefinition,
        Item,
        Line,
        Output,
        Rule,
        Title,
    )
    from dealerrules.values import Maybe, Rounding, Value


def subject_title(subject: str, lang: str) -> str:
    """Return what a subject is called."""
    return SUBJECTS.get(subject, (subject, subject))[lang != "zh"]


def field_title(of: str, name: str, lang: str) -> str:
    """Return what a field of a subject or of an event is called."""
    found = FIELDS.get(f"{of}.{name}") or FIELDS.get(name)
    return found[lang != "zh"] if found else name.removeprefix("attributes.")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one subject under one edition, in one language.

    Attributes:
        edition: the policies, where titles are looked up.
        subject: whose facts are read.
        lang: ``zh`` or ``en``.
    """

    edition: Edition
    subject: str
    lang: str

    def pick(self, zh: str, en: str) -> str:
        """Return the text of this language."""
        return zh if self.lang == "zh" else en

    def phrase(self, name: str, /, **parts: str) -> str:
        """Return a phrase of this language, filled in."""
        return self.pick(*PHRASES[name]).format_map(parts)

    def join(self, texts: Iterable[str]) -> str:
        """Return texts one after the other."""
        return self.pick("；", "; ").join(texts)

    # --- names and values -----------------------------------------------------------------------------

    def title(self, title: Title, default: str) -> str:
        """Return a title in this language, else in the other one, else the name."""
        return title.get(self.lang, default)

    def fact(self, name: str) -> str:
        """Return the title of a fact, a plain field or a decision."""
        definition = self.edition.facts[self.subject].get(name)
        if definition is None:
            return self.decision(name)
        if definition.builtin and not definition.place:  # a plain field
            name = self.field(self.subject, name)
            name = name[:1].upper() + name[1:]
        return self.title(definition.title, name)

    def field(self, of: str, name: str) -> str:
        """Return what a field of a subject or of an event is called."""
        return field_title(of, name, self.lang)

    def decision(self, name: str) -> str:
        """Return the title of a decision."""
        made = self.edition.decisions.get(name)
        return self.title(made.title, name) if made is not None else name

    def answer(self, decision: AnyDecision, answer: str) -> str:
        """Return what a level, stage, band or row is called."""
        match decision:
            case Tier():
                titles = {level.id: level.title for level in decision.levels}
            case Stage():
                titles = {name: stage.title for name, stage in decision.stages.items()}
            case Payout() | Offer() | Rules():
                titles = {rule.answer: rule.title for rule in decision.rules}
            case _:
                assert_never(decision)
        return self.title(titles.get(answer, NO_TITLE), answer)

    def kept(self, tier: AnyDecision, kept: Kept) -> dict[str, str]:
        """Return what is told of a level that is kept."""
        by = self.pick("，", ", ").join(kept.because) or self.phrase("held")
        return {
            "level": self.answer(tier, kept.level),
            "day": str(kept.reached_on),
            "by": by,
            "until": str(kept.until),
        }

    def value(self, value: Maybe, expr: Expr) -> str:
        """Return a value of an expression as people read it; words of a category by their titles."""
        if not isinstance(value, str):
            return show(value, type_of(expr).kind, self.lang)
        match self._home(expr):
            case Answer(decision=name) if not isinstance(self.edition.decisions[name], Rules):
                return self.answer(self.edition.decisions[name], value)
            case Field(type=Type(kind=Kind.CATEGORY), name=name) if not name.startswith("attributes."):
                found = WORDS.get(f"{name}.{value}") or WORDS.get(value)
                return self.pick(*found) if found else value
            case _:
                return value

    def _home(self, expr: Expr) -> Expr | None:
        """Return the field or the decision that a value is passed on from as it is."""
        match expr:
            case Fact(name=name):
                return self._home(self.edition.fact(self.subject, name).expr)
            case Before(item=item) | IfAbsent(item=item) | FirstKnown(items=(item, *_)):
                return self._home(item)
            case Aggregate(take=take):
                return take
            case _:
                return expr

    # --- expressions ----------------------------------------------------------------------------------

    def say(self, expr: Expr) -> str:
        """Read any expression out."""
        match expr:
            case Constant():
                return self._named(show(expr.value, expr.type.kind, self.lang), expr.parameter)
            case Field():
                return self.field(expr.of, expr.name)
            case AsOf():
                return self.phrase("as_of")
            case Fact():
                return self._inside(expr.name)
            case Answer():
                return self.decision(expr.decision)
            case Compare() | Member() | Known() | IsAbsent() | LevelIn():
                colon = isinstance(expr, IsAbsent) or _on_boolean(expr)
                return f"{self.tested(expr)}{self.pick('：', ': ') if colon else ' '}{self.required(expr)}"
            case All():
                return self.pick("，且 ", ", and ").join(self._ranges(expr.items)) or self.phrase("always")
            case AnyOf():
                return self.pick("，或 ", ", or ").join(self.part(item) for item in expr.items)
            case Not(item=Known(item=Fact(name=name) as kept)) if self._is_kept(name):
                return self.phrase("kept_unknown", said=self.say(kept))
            case Not(item=item):
                if plain_not(expr):
                    return f"{self.tested(item)} {self.required(expr)}"
                return self.phrase("not_all", said=self.say(item))
            case Arithmetic():
                left, right = self._operand(expr.left), self._operand(expr.right)
                return self.phrase(expr.how.value, left=left, right=right)
            case RoundWhole():
                return self.phrase("round_up" if expr.up else "round_down", said=self._operand(expr.item))
            case Elapsed():
                return self.phrase(expr.how.value, said=self._day(expr.item))
            case FirstKnown():
                return self.pick("，没有则 ", ", or else ").join(self.say(item) for item in expr.items)
            case IfAbsent():
                return self.phrase("if_absent", said=self.say(expr.item))
            case Lookup():
                cases = [
                    f"{self.value(word, expr.by)} → {show(made, expr.type.kind, self.lang)}"
                    for word, made in expr.cases
                ]
                return self.phrase("lookup", by=self.say(expr.by), cases=self.pick("，", ", ").join(cases))
            case Before():
                return self.phrase("before", said=self.say(expr.item), event=self._day(expr.event))
            case Aggregate():
                return self._aggregate(expr)
            case Reached(decision=decision, levels=levels):
                tier = self.edition.decisions[decision]
                said = [
                    self.phrase(
                        "reached", level=self.answer(tier, level), time=show(months, Kind.MONTHS, self.lang)
                    )
                    for level, months in levels
                ]
                return self.pick("，或", ", or ").join(said)
            case _:
                assert_never(expr)

    def _named(self, said: str, parameter: str | None) -> str:
        return said if parameter is None else self.phrase("named", said=said, name=parameter)

    def _is_kept(self, name: str) -> bool:
        """Tell whether a fact says that a level is kept: nobody records that."""
        definition = self.edition.facts[self.subject].get(name)
        return definition is not None and isinstance(definition.expr, Reached)

    def _inside(self, name: str) -> str:
        """Return a fact's title as it stands inside a sentence; English titles from policies stay as written."""
        title = self.fact(name)
        builtin = self.edition.fact(self.subject, name).builtin
        small = self.lang == "en" and builtin and not title[1:2].isupper()
        return title[:1].lower() + title[1:] if small else title

    def part(self, expr: Expr) -> str:
        """Read an expression out as a part of a longer one: several conditions are put in brackets."""
        said = self.say(expr)
        return self.phrase("group", said=said) if isinstance(expr, All | AnyOf) else said

    def _ranges(self, items: tuple[Expr, ...]) -> list[str]:
        """Read out conditions that must all hold; two tests in a row on one value as a range."""
        said: list[str] = []
        for at, item in enumerate(items):
            before = items[at - 1] if at else None
            if isinstance(item, Compare) and isinstance(before, Compare) and item.left == before.left:
                said[-1] += self.pick("、", " and ") + self.required(item)
            else:
                said.append(self.part(item))
        return said

    def _operand(self, expr: Expr) -> str:
        said = self.say(expr)
        return f"({said})" if isinstance(expr, Arithmetic | RoundWhole | FirstKnown) else said

    def _day(self, expr: Expr) -> str:
        """Read out a date from which is counted."""
        said = self.say(expr)
        return f"the {said}" if said.startswith("date of") else said

    def _aggregate(self, expr: Aggregate) -> str:
        zh, english = TABLES.get(expr.table, (expr.table, f"{expr.table}/{expr.table}"))
        many, one = english.split("/")
        before, after = "", ""
        if expr.within is not None:
            window = expr.within
            size = self.say(window.size) if window.size is not None else ""
            limit = self.phrase("within" if size else window.period or "year", said=size)
            before, after = limit, f" {limit}"
        if expr.after is not None:
            limit = self.phrase("after", said=self._day(expr.after))
            before, after = f"{before}{limit}", f"{after} {limit}"
        if expr.where is not None:
            where = self.say(expr.where)
            zh, after = f"{zh}（{where}）", f"{after} ({where})"
        return self.phrase(
            expr.how.value,
            zh=f"{before}{zh}",
            many=f"{many}{after}",
            one=f"{one}{after}",
            take=self.say(expr.take) if expr.take is not None else self.phrase("date"),
            that=self.say(expr.that) if expr.that is not None else "",
            gap=self.say(expr.allow_gap) if expr.allow_gap is not None else "",
        )

    # --- tests ----------------------------------------------------------------------------------------

    def tested(self, expr: Expr) -> str:
        """Return what a test looks at."""
        match expr:
            case Compare(left=item) | Member(item=item) | Known(item=item) | IsAbsent(item=item):
                return self.say(item)
            case Not(item=item):
                return self.tested(item)
            case LevelIn():
                tier = self._tier(expr)
                titles = {angle.id: self.title(angle.title, angle.id) for angle in tier.angles}
                return (
                    self.phrase("level_by", angle=titles[expr.angle])
                    if expr.angle
                    else self.decision(tier.name)
                )
            case _:
                return self.say(expr)

    def required(self, expr: Expr) -> str:
        """Return what a test asks for: `至少 3`, `at least 3`."""
        match expr:
            case Compare(how=how, left=left, right=right):
                said = self.say(right)
                if isinstance(right, Constant):
                    said = self._named(self.value(right.value, left), right.parameter)
                on_date = "date_" if type_of(left).kind is Kind.DATE else ""
                return said if _on_boolean(expr) else f"{self.phrase(on_date + how.value)} {said}"
            case Member():
                words = [self.value(value, expr.item) for value in expr.among]
                scale = type_of(expr.item)
                steps = [scale.options.index(str(value)) for value in expr.among] if scale.ordered else []
                return self._named(self._one_of(words, steps, len(scale.options)), expr.parameter)
            case LevelIn():
                tier = self._tier(expr)
                levels = [level.id for level in reversed(tier.levels)]
                steps = sorted(levels.index(level) for level in expr.allowed)
                return self._one_of([self.answer(tier, levels[step]) for step in steps], steps, len(levels))
            case Known():
                return self.phrase("known")
            case IsAbsent():
                return self.phrase("absent")
            case Not(item=Known()):
                return self.phrase("unknown")
            case Not(item=item):
                inner, equal = self.required(item), self.phrase("is") + " "
                if inner.startswith(equal) or _on_boolean(item):
                    return f"{self.phrase('is_not')} {inner.removeprefix(equal)}"
                return self.phrase("not", said=inner)
            case _:
                return self.phrase("holds")

    def asked(self, expr: Expr) -> str:
        """Return what a test asks for, beside the value that was read: `至少 3`, `高`."""
        return self.required(expr).removeprefix(self.phrase("is") + " ")

    def _tier(self, expr: LevelIn) -> Tier:
        tier = self.edition.decisions[expr.decision]
        assert isinstance(tier, Tier)
        return tier

    def _one_of(self, words: list[str], steps: list[int], size: int) -> str:
        """Read out a choice of words; `steps` are their places on a scale, the lowest is 0."""
        if len(steps) > 1 and steps == list(range(steps[0], size)):
            return f"{self.phrase('at_least')} {words[0]}"
        if len(steps) > 1 and steps == list(range(len(steps))):
            return f"{self.phrase('at_most')} {words[-1]}"
        return f"{self.phrase('is')} {self.pick(' 或 ', ' or ').join(words)}"

    # --- facts, bands, rules --------------------------------------------------------------------------

    def definition(self, definition: FactDefinition) -> str:
        """Read out how a fact is found."""
        return self.say(definition.expr)

    def band(self, when: Expr, measure: Expr) -> str | None:
        """Read out where a band begins and ends; none where the condition says nothing of the measure."""
        low, high = bounds(when, measure)
        if low is None:
            return None
        start = self.say(low.right)
        if high is None:
            return self.phrase("from_on" if low.how is Comparison.AT_LEAST else "over", start=start)
        if low.right == high.right:
            return self.phrase("exactly", start=start)
        said = self.phrase("from" if low.how is Comparison.AT_LEAST else "over", start=start)
        return said + self.phrase(
            "under" if high.how is Comparison.LESS_THAN else "up_to", end=self.say(high.right)
        )

    def rule(self, rule: Rule, decision: AnyDecision) -> str:
        """Read out a whole rule: its condition, and what it grants."""
        return f"{self.say(rule.when)} → {self.grant(rule, decision)}"

    def grant(self, rule: Rule, decision: AnyDecision) -> str:
        """Read out what a rule grants."""
        match decision:
            case Tier() | Stage():
                return self.answer(decision, rule.answer)
            case Payout():
                return self.join(self.pays(decision, rule.id, line) for line in decision.lines[rule.id])
            case Offer():
                package = decision.packages[rule.id]
                chosen = [f"{letter}: {self.items(names)}" for letter, names in package.choose_one.items()]
                return self.join([*chosen, *([self.items(package.always)] if package.always else [])])
            case Rules():
                return self.cells(decision, decision.cells[rule.id])
            case _:
                assert_never(decision)

    def pays(self, payout: Payout, rule: str, line: Line) -> str:
        """Read out a line of what a rule pays: a lump, every unit (全额), or the excess only (超额)."""
        way, start = basis(payout, line.band)
        if line.units is None:
            return self.phrase("lump", rate=self.say(line.rate))
        own = line.band == rule
        of = (
            line.units.left
            if own and start is not None and isinstance(line.units, Arithmetic)
            else line.units
        )
        share = "_share" if line.rate.type.kind is Kind.RATIO else ""
        return self.phrase(
            f"{way}{share}{'' if own else '_below'}",
            rate=self.say(line.rate),
            unit=self.say(of),
            start=self.say(start) if start is not None else "",
        )

    def rounding(self, mode: Rounding, unit: int) -> str:
        """Read out how an amount is rounded."""
        return self.phrase(mode.value, unit=show(unit, Kind.MONEY, self.lang))

    # --- things ---------------------------------------------------------------------------------------

    def items(self, names: Iterable[str]) -> str:
        """Read out a list of items with what each is worth."""
        return " + ".join(self.item(self.edition.items[name]) for name in names)

    def item(self, item: Item) -> str:
        """Read out an item with what it is worth."""
        return self.phrase("named", said=self.title(item.title, item.id), name=self.worth(item))

    def worth(self, item: Item) -> str:
        """Read out what an item is worth: a value, a share of the list price, a refund."""
        if item.value is not None:
            return self.phrase("value", said=show(item.value, Kind.MONEY, self.lang))
        if item.price is not None:
            return self.phrase("price" if item.price.value else "free", said=self.say(item.price))
        if item.refund is not None:
            low, high, of = item.refund
            return self.phrase(
                "refund", of=self.field(self.subject, of), low=self.say(low), high=self.say(high)
            )
        return self.phrase("unstated")

    def cell(self, output: Output, cell: Cell) -> str:
        """Read out one output of a row."""
        if not isinstance(cell, tuple):
            return show(cell, output.type.kind if output.type is not None else Kind.TEXT, self.lang)
        if not cell:
            return self.phrase("nothing")
        if output.form == "items":
            return self.items(str(name) for name in cell)
        return self.join(text if isinstance(text, str) else self.title(text, "") for text in cell)

    def cells(self, decision: Rules, cells: Mapping[str, Cell]) -> str:
        """Read out what a row says."""
        return self.join(
            f"{self.title(each.title, each.id)}: {self.cell(each, cells[each.id])}"
            for each in decision.outputs
        )


def describe(expr: Expr, edition: Edition, subject: str, lang: str) -> str:
    """Read any expression out: a condition, a test, how a fact is found.

    Args:
        expr: the expression.
        edition: the policies, where titles are looked up.
        subject: whose facts it reads.
        lang: ``zh`` or ``en``.
    """
    return Wording(edition, subject, lang).say(expr)


# ---------------------------------------------------------------------------------------------------
# What an expression is made of


def plain_not(expr: Expr) -> bool:
    """Tell whether this is the denial of one test, as `is_not` and `none_of` are written."""
    if not isinstance(expr, Not):
        return False
    inner = expr.item
    return isinstance(inner, Member | Known | LevelIn) or (
        isinstance(inner, Compare) and inner.how is Comparison.EQUAL
    )


def basis(payout: Payout, band: str) -> tuple[str, Expr | None]:
    """Return how a band pays (``lump``, ``whole`` or ``excess``) and at how many units its excess begins."""
    own = next((line for line in payout.lines.get(band, ()) if line.band == band), None)
    if own is None or own.units is None:
        return "lump", None
    units = own.units
    low = bounds(payout.rule(band).when, payout.measure)[0] if payout.measure is not None else None
    if low is None or not (isinstance(units, Arithmetic) and units.how is Operator.SUBTRACT):
        return "whole", None
    # a start s stands at s units or, where the measure is a ratio a/b, at s × b units
    match units.right:
        case Constant(value=value) if value == _number(low.right):
            return "excess", units.right
        case Arithmetic(how=Operator.MULTIPLY, left=left) if left == low.right:
            return "excess", units.right
        case _ if _number(low.right) == 1:
            return "excess", units.right
        case _:
            return "whole", None


def _on_boolean(expr: Expr) -> bool:
    """Tell whether this asks for a yes or a no."""
    return isinstance(expr, Compare) and isinstance(_number(expr.right), bool)


def _number(expr: Expr) -> Value | None:
    return expr.value if isinstance(expr, Constant) else None


def bounds(when: Expr, measure: Expr) -> tuple[Compare | None, Compare | None]:
    """Return the tests where a band begins and where it ends."""
    tests = [each for each in (when.items if isinstance(when, All) else (when,)) if isinstance(each, Compare)]
    mine = [each for each in tests if each.left == measure and isinstance(each.right, Constant)]
    low = [each for each in mine if each.how in {Comparison.AT_LEAST, Comparison.MORE_THAN}]
    high = [each for each in mine if each.how in {Comparison.AT_MOST, Comparison.LESS_THAN}]
    return (low[-1] if low else None), (high[-1] if high else None)
