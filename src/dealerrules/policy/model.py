"""The model: policies as the engines see them; frozen, checked, names resolved, conditions as expressions.

Place in the flow: what the compiler makes of the documents, and the only thing that engines, outcomes and
explanations know of a policy. Whatever decides is a :class:`Rule` with a condition; a decision says what its
rules mean together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from dealerrules.expr import (
    Aggregate,
    Answer,
    Arithmetic,
    Before,
    Constant,
    Elapsed,
    Expr,
    Fact,
    Field,
    FirstKnown,
    LevelIn,
    Lookup,
    Reduction,
    RoundWhole,
    Transition,
    canonical,
)
from dealerrules.values import Rounding, Type, Value

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Title:
    """A text in Chinese and English; either may be missing."""

    zh: str | None = None
    en: str | None = None

    def get(self, lang: str, default: str = "") -> str:
        """Return the text in `lang`, else in the other language, else `default`."""
        first, second = (self.zh, self.en) if lang == "zh" else (self.en, self.zh)
        return first or second or default

    def to_dict(self) -> dict[str, str]:
        """Return the languages that are there."""
        return {lang: text for lang, text in (("zh", self.zh), ("en", self.en)) if text is not None}


NO_TITLE = Title()


@dataclass(frozen=True, slots=True)
class Clause:
    """Where a policy comes from: document, clause, and a note on how it was read."""

    document: str
    clause: str | None = None
    note: str | None = None

    def __str__(self) -> str:
        """Return ``document, clause``."""
        return f"{self.document}, {self.clause}" if self.clause else self.document


Data = None | bool | str | list["Data"] | dict[str, "Data"]
"""Plain texts that a policy attaches; numbers stay as they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition that can hold for a subject, with what it grants.

    `answer` is the level, stage, band or row that it stands for; `place` is ``file:line``.
    """

    id: str
    when: Expr
    answer: str
    title: Title = NO_TITLE
    clause: Clause | None = None
    place: str = ""
    angle: str | None = None
    data: Data = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDefinition:
    """A fact by name, with the expression that gives its value."""

    name: str
    subject: str
    type: Type
    expr: Expr
    title: Title = NO_TITLE
    place: str = ""
    builtin: bool = False
    actionable: bool = True
    cost: int | None = None
    """What it costs to move it by one unit, in fen, where a policy says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level of a tier; benefits and follow-up are its own, without those of lower levels."""

    id: str
    title: Title = NO_TITLE
    cadence: str | None = None
    benefits: Mapping[str, tuple[Title, ...]] = field(default_factory=dict)
    follow_up: tuple[Title, ...] = ()
    data: Data = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An angle, stage or output: its id, its title and what the policy attaches to it."""

    id: str
    title: Title = NO_TITLE
    data: Data = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A parameter, as a policy declares it: a named value, or a named list of words."""

    name: str
    value: Value | tuple[str, ...]
    type: Type | None = None
    title: Title = NO_TITLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What every decision has. `rules` are ordered by id: bit i of a truth mask is ``rules[i]``."""

    name: str
    subject: str
    rules: tuple[Rule, ...]
    policy: str = ""
    title: Title = NO_TITLE
    clause: Clause | None = None
    place: str = ""
    dated_by: str | None = None
    data: Data = None

    @property
    def kind(self) -> str:
        """The kind as YAML writes it."""
        return KIND_WORDS[type(self)]

    def rules_in(self, mask: int, word: int = 0) -> tuple[str, ...]:
        r"""Return the ids of the rules that a frame's mask holds; `word` counts from 0, 60 rules each.

        Examples:
            >>> import dealerrules as dr
            >>> book = dr.loads("policy: p\ndecisions: {d: {kind: stage, measure: visits_past_year, "
            ...                 "stages: {few: {from: 0}, many: {from: 4}}}}")
            >>> book.decisions["d"].rules_in(0b10), book.decisions["d"].rules_in(0b11)
            (('many',), ('few', 'many'))
        """
        part = self.rules[60 * word : 60 * word + 60]
        return tuple(rule.id for at, rule in enumerate(part) if mask >> at & 1)

    def rule(self, rule_id: str) -> Rule:
        """Return a rule by id."""
        return next(rule for rule in self.rules if rule.id == rule_id)


class Downgrade(StrEnum):
    """Where a level goes when the time is over for which it is kept."""

    TO_COMPUTED = "to_computed"  #: to the best level that the rules still grant, or that is still kept itself
    ONE_LEVEL = "one_level"  #: to the next lower level, which is kept as long again


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long a level is kept that was reached once; the rules without angle of a tier say what it comes to."""

    months: Constant
    downgrade: Downgrade
    transition: Transition
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier(Decision):
    """Levels, best first; angles in dependency order; the last level is everyone else's.

    Where levels are kept, a rule without angle stands for each of them: that it has been reached and is kept.
    """

    levels: tuple[Level, ...]
    angles: tuple[Named, ...]
    keeps: Keeping | None = None

    @property
    def earned(self) -> Tier:
        """The tier with the rules of its angles alone: what a subject reaches by itself on a day."""
        rules = tuple(rule for rule in self.rules if rule.angle is not None)
        return replace(self, rules=rules, keeps=None)

    def kept_fact(self, level: str) -> str:
        """Return the name of the fact that says whether a level is kept."""
        return f"{self.name}_{level}_kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Decision):
    """One measure cut into stages; `order` lists the rules as they are looked at."""

    measure: Expr
    order: tuple[str, ...]
    stages: Mapping[str, Named]
    ranking: tuple[str, ...] = ()
    """The bands, best first, where the policy says which end is the best one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a receipt: `units` (none for a lump) at `rate`; `amount` in fen, not yet rounded."""

    band: str
    units: Expr | None
    rate: Constant
    amount: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout(Decision):
    """Money by bands; `lines` gives for each rule what it pays."""

    payee: str | None
    measure: Expr | None
    lines: Mapping[str, tuple[Line, ...]]
    times: Expr | None = None
    cap: Constant | None = None
    floor: Constant | None = None
    rounding: tuple[Rounding, int] | None = None
    bands: Mapping[str, Named] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A thing that an offer gives, with one of: a value in fen, a share of the list price, a refund."""

    id: str
    title: Title = NO_TITLE
    value: int | None = None
    price: Constant | None = None
    refund: tuple[Constant, Constant, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a band of an offer gives; values are as the policy states them, in fen."""

    choose_one: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    value: int | None = None
    always_value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Decision):
    """Goods or services, by bands."""

    measure: Expr | None
    packages: Mapping[str, Package]


class Hit(StrEnum):
    """Which rows of a rules table answer."""

    UNIQUE = "unique"  #: at most one row may be true
    FIRST = "first"  #: the first true row in the order written
    ANY = "any"  #: several may be true when they say the same
    COLLECT = "collect"  #: all true rows
    PRIORITY = "priority"  #: as first: rows are written by falling priority


Cell = Value | tuple[str, ...] | tuple[Title, ...]
"""An output of a row: a value, a list of item ids or a list of texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output column: `form` is a value type, or ``texts`` or ``items``."""

    id: str
    form: str
    type: Type | None = None
    title: Title = NO_TITLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules(Decision):
    """The general decision table; `order` lists rows as written, `cells` what each says."""

    hit: Hit
    outputs: tuple[Output, ...]
    order: tuple[str, ...]
    cells: Mapping[str, Mapping[str, Cell]]
    otherwise: Mapping[str, Cell] | None = None


KIND_WORDS: dict[type[Decision], str] = {
    Tier: "tier",
    Stage: "stage",
    Payout: "payout",
    Offer: "offer",
    Rules: "rules",
}

AnyDecision = Tier | Stage | Payout | Offer | Rules
"""The closed set of decision kinds, for ``match``."""


def expressions(decision: AnyDecision) -> list[Expr]:
    """Return everything that a decision reads: the conditions of its rules first, then what it measures and pays."""
    found = [rule.when for rule in decision.rules]
    if isinstance(decision, Stage):
        found.append(decision.measure)
    if isinstance(decision, Payout):
        for lines in decision.lines.values():
            for line in lines:
                found += [line.amount] + ([line.units] if line.units is not None else [])
        if decision.times is not None:
            found.append(decision.times)
    return found


# ---------------------------------------------------------------------------------------------------
# Rates: of the whole population, not of one subject


class Reach(StrEnum):
    """Which days a rate's events are of; both ends of every reach are inclusive."""

    PERIOD = "period"  #: the period of the rate
    EARLIER = "earlier period"  #: the period that the side's `as_of` leads to
    SINCE = "since as_of"  #: from the day after the side's day to the end of the period
    ROLLING = "rolling"  #: the last so many months or days, up to the side's day


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Counting events of a table, dated by one of their date fields, within a reach; `where` reads their fields.

    `holds` says whether a customer or vehicle must have one, or must have none.
    """

    table: str
    reach: Reach
    dated: str
    size: Constant | None = None
    where: Expr | None = None
    holds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What a rate counts above or below its line, as of the end of a period `earlier` months back.

    `counts` is ``customers`` (`where` reads their facts and decisions as of that day), ``vehicles`` (distinct VINs on
    file by that day; `where` reads the fields of the vehicle) or ``events`` (the one happening; distinct known values
    of `take`, where it is given).
    """

    counts: str
    earlier: int = 0
    where: Expr | None = None
    happenings: tuple[Happening, ...] = ()
    take: Field | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One count over another, in a month or a year (`per`); with `one_minus` what is left of the whole."""

    name: str
    per: str
    of: Side
    over: Side
    one_minus: bool = False
    policy: str = ""
    title: Title = NO_TITLE
    clause: Clause | None = None
    place: str = ""
    data: Data = None

    @property
    def kind(self) -> str:
        """The kind as YAML writes it."""
        return "rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Everything that is in force from `start` to `end` (both inclusive).

    `decisions` are in dependency order; `facts` are by subject, then by name.
    """

    start: date
    end: date
    decisions: Mapping[str, AnyDecision]
    facts: Mapping[str, Mapping[str, FactDefinition]]
    items: Mapping[str, Item]
    answers: Mapping[str, Type] = field(default_factory=dict)
    """The type of each decision's answer, where it can stand as a fact; a tier's level is a range, so it cannot."""
    rates: Mapping[str, Rate] = field(default_factory=dict)
    policies: Mapping[str, Title] = field(default_factory=dict)
    """What each policy in force is called."""
    parameters: Mapping[str, Setting] = field(default_factory=dict)
    """The named numbers and lists, those of the built-in facts too; what they decide stands in the expressions."""
    before: Edition | None = field(default=None, repr=False, compare=False)
    """What was in force before, where a level reached under it may be kept."""

    def fact(self, subject: str, name: str) -> FactDefinition:
        """Return a fact's definition."""
        return self.facts[subject][name]

    def earning(self, name: str) -> Edition:
        """Return the same with a tier that has the rules of its angles alone: as one looks at it on a day before."""
        tier = self.decisions[name]
        assert isinstance(tier, Tier)
        return replace(self, decisions={**self.decisions, name: tier.earned})

    def may_be_absent(self, subject: str, name: str) -> bool:
        """Tell whether a ready-made fact can say that there is no such event (``ABSENT``)."""
        decision = self.decisions.get(name)
        if decision is not None and decision.subject == subject:
            return isinstance(decision, Offer)
        return self.can_be_absent(subject, self.fact(subject, name).expr)

    def can_be_absent(self, subject: str, expr: Expr) -> bool:
        """Tell whether an expression's value can be that there is no such event."""
        match expr:
            case Aggregate(how=how):
                return how in {Reduction.LATEST, Reduction.EARLIEST}
            case Fact(name=name) | Answer(decision=name):
                return self.may_be_absent(subject, name)
            case Arithmetic(left=left, right=right):
                return self.can_be_absent(subject, left) or self.can_be_absent(subject, right)
            case RoundWhole(item=item) | Elapsed(item=item) | Lookup(by=item):
                return self.can_be_absent(subject, item)
            case FirstKnown(items=items):
                return all(self.can_be_absent(subject, item) for item in items)
            case Before(event=event, item=item):
                return self.can_be_absent(subject, event) or self.can_be_absent(subject, item)
            case _:
                return False

    def given_types(self, subject: str) -> dict[str, Type]:
        """Return what may be given as a ready-made fact: every fact, and other decisions' answers."""
        answers = {
            name: type_ for name, type_ in self.answers.items() if self.decisions[name].subject == subject
        }
        return {**{name: each.type for name, each in self.facts[subject].items()}, **answers}


def linked(editions: Iterable[Edition]) -> Iterator[Edition]:
    """Yield editions, each with the one before it where a tier looks at what was in force before."""
    made = list(editions)
    tiers = [each for edition in made for each in edition.decisions.values() if isinstance(each, Tier)]
    looks_back = {Transition.KEEP_UNTIL_EXPIRY, Transition.NEVER_LOWER_AT_SWITCH}
    needed = any(tier.keeps is not None and tier.keeps.transition in looks_back for tier in tiers)
    earlier: Edition | None = None
    for each in made:
        earlier = replace(each, before=earlier) if needed else each
        yield earlier


class EditionKey:
    """An edition as the key of what is kept about it: it holds mappings, so that it has no hash of its own."""

    __slots__ = ("edition",)

    def __init__(self, edition: Edition) -> None:
        self.edition = edition

    def __eq__(self, other: object) -> bool:
        """Tell whether it is the very same edition."""
        return isinstance(other, EditionKey) and self.edition is other.edition

    def __hash__(self) -> int:
        return id(self.edition)


_NOT_MEANING = frozenset({"title", "clause", "place", "policy", "note", "ranking", "keeps"})
"""What a part is called and where it stands; what is best, and how a level is kept, which rules and facts say."""


def meaning_of(value: object) -> object:
    """Return nested lists of what a part of the model means, without titles, places and comments."""
    if isinstance(value, Title):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): meaning_of(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, tuple | list):
        return [meaning_of(item) for item in value]
    names = getattr(value, "__dataclass_fields__", None)
    if names is None:
        return value if value is None or isinstance(value, bool | int | str) else str(value)
    if type(value).__module__ == Constant.__module__:
        return canonical(value)
    if isinstance(value, Tier):
        value = replace(value, angles=tuple(sorted(value.angles, key=lambda angle: angle.id)))
    if isinstance(value, Rules) and value.hit in {Hit.UNIQUE, Hit.ANY}:
        value = replace(value, order=tuple(sorted(value.order)))
    if isinstance(value, Side):
        value = replace(
            value, happenings=tuple(sorted(value.happenings, key=lambda each: repr(meaning_of(each))))
        )
    return [
        type(value).__name__,
        *(meaning_of(getattr(value, name)) for name in names if name not in _NOT_MEANING),
    ]


def _read_by(value: object, found: set[str]) -> None:
    """Add the names of the facts and decisions that a part of the model reads."""
    if isinstance(value, Fact):
        found.add(value.name)
    elif isinstance(value, Answer | LevelIn):
        found.add(value.decision)
    if isinstance(value, Mapping | tuple | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            _read_by(item, found)
    else:
        for name in getattr(value, "__dataclass_fields__", ()):
            _read_by(getattr(value, name), found)


def meanings(edition: Edition, decisions: Iterable[str]) -> dict[str, object]:
    """Return what some decisions mean, with the facts and decisions that they read, by name."""
    return _all_meanings(edition, [(edition.decisions[name].subject, name) for name in decisions])


def _all_meanings(edition: Edition, stack: list[tuple[str, str]]) -> dict[str, object]:
    """Return what decisions and facts of subjects mean, with all that they read, by name."""
    made: dict[str, object] = {}
    while stack:
        subject, name = stack.pop()
        decision = edition.decisions.get(name)
        here = decision is not None and decision.subject == subject
        part = decision if here else edition.fact(subject, name).expr
        key = name if here else f"{subject}.{name}"
        if key not in made:
            made[key] = meaning_of(part)
            found: set[str] = set()
            _read_by(part, found)
            stack += [(subject, each) for each in found]
    return made


def rate_meanings(edition: Edition) -> dict[str, object]:
    """Return what the rates mean, with the facts and decisions that they read, by name."""
    found: set[str] = set()
    _read_by(edition.rates, found)
    read = _all_meanings(edition, [("customer", name) for name in found])
    return {**read, **{f"rate {name}": meaning_of(rate) for name, rate in edition.rates.items()}}


def digest(meaning: object) -> str:
    """Return a short text that differs where meanings do."""
    text = json.dumps(meaning, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fingerprint(editions: tuple[Edition, ...]) -> str:
    """Return a digest that changes if and only if the meaning of the policies does.

    Titles, sources, comments, file names and the order of files do not count. Policy-defined facts count
    where a decision uses them, through the expressions that read them.
    """
    return digest(
        [
            [
                str(edition.start),
                str(edition.end),
                meanings(edition, edition.decisions),
                meaning_of(edition.items),
                *([rate_meanings(edition)] if edition.rates else ()),
            ]
            for edition in editions
        ]
    )
