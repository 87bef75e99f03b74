"""The handbook: the policies as people read them, as a web page to print or to read on a phone, and as Markdown.

Place in the flow: a way out, behind the book. What the policies say is read out by the printer of the expression tree
(``wording``), and every example is evaluated by the reference interpreter, so that the handbook cannot drift from what
is decided and paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final

from dealerrules.expr import Constant, Expr, Fact, Member, walk
from dealerrules.faults import Fault, RecordError
from dealerrules.handbook.decisions import Chapter
from dealerrules.handbook.parts import anchor
from dealerrules.handbook.words import SAYS
from dealerrules.policy.model import (
    NO_TITLE,
    Offer,
    Payout,
    Rules,
    Tier,
    digest,
    expressions,
    meanings,
    rate_meanings,
)
from dealerrules.records import TABLES
from dealerrules.sections import (
    Cell,
    Contents,
    Named,
    Points,
    Section,
    Table,
    Text,
    as_html,
    as_markdown,
)
from dealerrules.values import Kind, read_date, show
from dealerrules.wording import Wording
from dealerrules.words import TABLES as TABLE_WORDS
from dealerrules.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.book import PolicyBook
    from dealerrules.policy.model import AnyDecision, Edition, FactDefinition, Item, Rate

_EXAMPLE_DAY: Final = date(2014, 9, 30)
"""The day of the examples, where none is asked for and the edition is in force on it."""


@dataclass(frozen=True)
class Handbook:
    """The policies as people read them.

    Attributes:
        edition: what it is about.
        lang: ``zh`` or ``en``.
        whole: everything that stands in it.
    """

    edition: Edition
    lang: str
    whole: Section

    @property
    def title(self) -> str:
        """What it is called."""
        return self.whole.title.title

    @cached_property
    def html(self) -> str:
        """One page of its own: nothing is loaded from elsewhere, nothing runs.

        Raises:
            RecordError: when matplotlib, which draws the charts, is not installed.
        """
        return as_html(self.whole, self._contents, self.lang)

    @cached_property
    def markdown(self) -> str:
        """Markdown, without charts: the tables of examples say the same."""
        return as_markdown(self.whole, self._contents)

    @property
    def _contents(self) -> Contents:
        return Contents(SAYS["contents"][self.lang == "zh"])


def handbook(book: PolicyBook, lang: str = "zh", as_of: date | str | None = None) -> Handbook:
    """Return the handbook of policies.

    Args:
        book: the policies.
        lang: ``zh`` or ``en``.
        as_of: the day whose edition is shown; the latest edition otherwise.

    Raises:
        RecordError: when nothing is in force on the day.
        ValueError: for another language.

    Examples:
        >>> import dealerrules as dr
        >>> book = dr.loads('''
        ... policy: p
        ... decisions:
        ...   bonus:
        ...     kind: payout
        ...     title: {zh: 奖金, en: Bonus}
        ...     subject: recall_campaign
        ...     measure: returned
        ...     unit: returned
        ...     bands:
        ...       - {id: few, from: 0, pays: 0 yuan}
        ...       - {id: many, from: 3, pays_per_unit: 10 yuan, basis: whole}
        ... ''')
        >>> [line for line in handbook(book, "en").markdown.splitlines() if line.startswith("| 3")]
        ['| 3 | many | 3 × 10.00 yuan | 30.00 yuan |']
    """
    if lang not in {"zh", "en"}:
        raise ValueError(SAYS["not_a_language"][0].format(lang=lang))
    day = read_date(as_of) if as_of is not None else None
    edition = book.edition(day) if day is not None else book.editions[-1] if book.editions else None
    if edition is None:
        english, chinese = SAYS["nothing_in_force"]
        first = book.editions[0].start if book.editions else "–"
        said = (text.format(day=day, first=first) for text in (english, chinese))
        raise RecordError([Fault("evaluation", None, "as_of", as_of, *said)])
    return Handbook(edition, lang, _Writer(book, edition, day or _day_of(edition), lang).whole())


def _day_of(edition: Edition) -> date:
    return min(max(_EXAMPLE_DAY, edition.start), edition.end)


class _Writer:
    """Puts a handbook together."""

    def __init__(self, book: PolicyBook, edition: Edition, day: date, lang: str) -> None:
        self.book, self.edition, self.lang = book, edition, lang
        self.chapter = Chapter(edition, day, lang, book.editions)
        self.says = self.chapter.says
        self.words = Wording(edition, "customer", lang)

    def whole(self) -> Section:
        """Return everything."""
        policies: dict[str, list[AnyDecision | Rate]] = {}
        found = [*self.edition.decisions.values(), *self.edition.rates.values()]
        for each in sorted(found, key=lambda each: _place(each.place)):
            policies.setdefault(each.policy, []).append(each)
        parts = [
            self.reading(),
            *(self.policy(name, decisions) for name, decisions in policies.items()),
            self.parameters(),
            self.items(),
            self.editions(),
        ]
        return Section(
            "top", Named(self.says("title")), self.front(), tuple(p for p in parts if p.blocks or p.parts)
        )

    def front(self) -> tuple[Text, ...]:
        """Return what the cover says."""
        said = [self.force(self.edition, sentence=True)]
        count = len(self.book.editions)
        if count > 1:
            number = self.book.editions.index(self.edition) + 1
            said.append(self.says("of_several", number=number, count=count, where=self.says("editions")))
        said.append(self.says("made"))
        fingerprint = self.says("fingerprint", fingerprint=self.book.fingerprint[:12])
        return (*(Text(each) for each in said), Text(fingerprint, note=True))

    def force(self, edition: Edition, *, sentence: bool = False) -> str:
        """Return when an edition is in force."""
        opened, closed = edition.start > date.min, edition.end < date.max
        names = {
            (True, True): ("from_until", "from_to"),
            (True, False): ("from_on", "from_day"),
            (False, True): ("until", "to_day"),
            (False, False): ("always", "every_day"),
        }
        name = names[opened, closed][not sentence]
        return self.says(name, start=edition.start, end=edition.end)

    # --- the parts ------------------------------------------------------------------------------------

    def reading(self) -> Section:
        """Return how the handbook is to be read, and what counts as an event."""
        names = ("bounds", "windows", "ahead", "unknown", "count", "exact", "undefined", "names")
        points = Points(tuple(self.says(f"read_{name}") for name in names))
        rows = tuple(self.event(name) for name in self.tables())
        heads = (self.says("event"), self.says("dated"), self.says("never"))
        events = (Table(heads, rows, self.says("events")),) if rows else ()
        return Section("reading", Named(self.says("reading")), (points, *events))

    def tables(self) -> list[str]:
        """Return the event tables that anything in the policies reads."""
        found: dict[str, None] = {}
        for part in self.everything():
            for node in walk(part):
                table = getattr(node, "table", None)
                if table is not None:
                    found[table] = None
        for rate in self.edition.rates.values():
            for side in (rate.of, rate.over):
                found |= dict.fromkeys(each.table for each in side.happenings)
        return [name for name in TABLES if name in found]

    def event(self, name: str) -> tuple[Cell, ...]:
        """Return by what an event is dated, and what never counts."""
        table = TABLES[name]
        zh, english = TABLE_WORDS[name]
        never = [
            self.says(
                "never_status",
                field=self.words.field(name, field),
                words=self.words.pick("、", ", ").join(WORDS[word][self.lang != "zh"] for word in words),
            )
            for field, words in table.excluded
        ]
        if not table.model.model_fields[table.date_field].is_required():
            never.append(self.says("never_undated"))
        title = zh if self.lang == "zh" else english.split("/")[0]
        return Named(title, name), self.words.field(name, table.date_field), tuple(never)

    def policy(self, name: str, decisions: list[AnyDecision | Rate]) -> Section:
        """Return the decisions of a policy."""
        title = self.edition.policies.get(name, NO_TITLE)
        called = Named(title.get(self.lang, name), name)
        sections = tuple(self.chapter.section(each) for each in decisions)
        return Section(f"p-{name}", called, (), sections, fresh=True)

    # --- numbers and items ----------------------------------------------------------------------------

    def everything(self) -> Iterator[Expr]:
        """Yield every expression of the decisions, and of the facts that they read."""
        for _, parts in self.uses():
            yield from parts

    def uses(self) -> Iterator[tuple[AnyDecision | Rate | FactDefinition, list[Expr]]]:
        """Yield what reads something, with its expressions: decisions, rates, and the facts that they read."""
        wanted: dict[tuple[str, str], None] = {}
        for decision in self.edition.decisions.values():
            parts = list(expressions(decision))
            parts += [part for part in (getattr(decision, "measure", None),) if part is not None]
            if isinstance(decision, Payout):
                parts += [line.rate for lines in decision.lines.values() for line in lines]
                parts += [part for part in (decision.cap, decision.floor) if part is not None]
            if isinstance(decision, Tier) and decision.keeps is not None:
                parts.append(decision.keeps.months)
            self._facts(parts, decision.subject, wanted)
            yield decision, parts
        for rate in self.edition.rates.values():
            sides = [side.where for side in (rate.of, rate.over)]
            happenings = [each for side in (rate.of, rate.over) for each in side.happenings]
            parts = [part for part in (*sides, *(each.where for each in happenings)) if part is not None]
            parts += [each.size for each in happenings if each.size is not None]
            self._facts(parts, "customer", wanted)
            yield rate, parts
        for subject, name in wanted:
            definition = self.edition.fact(subject, name)
            yield definition, [definition.expr]

    def _facts(self, parts: list[Expr], subject: str, wanted: dict[tuple[str, str], None]) -> None:
        for part in parts:
            for node in walk(part):
                if isinstance(node, Fact) and (subject, node.name) not in wanted:
                    wanted[subject, node.name] = None
                    self._facts([self.edition.fact(subject, node.name).expr], subject, wanted)

    def parameters(self) -> Section:
        """Return the numbers that have a name, with what uses them."""
        declared = self.edition.parameters
        values: dict[str, str] = {}
        users: dict[str, dict[Named, None]] = {}
        for user, parts in self.uses():
            named = self.user(user)
            for node in (node for part in parts for node in walk(part)):
                written = getattr(node, "parameter", None)
                if written is None:
                    continue
                name = written.rpartition(" × ")[2]  # a band may begin at a multiple of it
                said = self.said(node, user)
                setting = declared[name]
                if name != written and not isinstance(setting.value, tuple) and setting.type is not None:
                    said = show(setting.value, setting.type.kind, self.lang)
                values.setdefault(name, said)
                users.setdefault(name, {})[named] = None
        rows: list[tuple[Cell, ...]] = []
        for name in sorted(values):
            called = Named(declared[name].title.get(self.lang, name), name)
            rows.append((called, values[name], tuple(users[name])))
        heads = (self.says("parameter"), self.says("value"), self.says("used_in"))
        blocks = (Table(heads, tuple(rows)),) if rows else ()
        return Section("parameters", Named(self.says("parameters")), blocks, fresh=True)

    def user(self, user: AnyDecision | Rate | FactDefinition) -> Named:
        """Return what uses something, as a link where it has a section."""
        title = user.title.get(self.lang, user.name)
        linked = user.name in self.edition.decisions or user.name in self.edition.rates
        return Named(title, "", anchor(user.name)) if linked else Named(title, user.name)

    def said(self, node: Expr, user: AnyDecision | Rate | FactDefinition) -> str:
        """Return the value that a name stands for."""
        words = Wording(self.edition, getattr(user, "subject", "customer"), self.lang)
        match node:
            case Constant(value=value, type=type_):
                return show(value, type_.kind, self.lang)
            case Member(item=item, among=among):
                return words.pick("、", ", ").join(words.value(each, item) for each in among)
            case _:
                return words.say(node)

    def items(self) -> Section:
        """Return the catalogue of what is given, with what gives it."""
        users: dict[str, dict[Named, None]] = {}
        for decision in self.edition.decisions.values():
            for name in _given(decision):
                users.setdefault(name, {})[self.user(decision)] = None
        rows: list[tuple[Cell, ...]] = [
            (Named(item.title.get(self.lang, name), name), self.worth(item), tuple(users.get(name, ())))
            for name, item in self.edition.items.items()
        ]
        heads = (self.says("item"), self.says("worth"), self.says("used_in"))
        blocks = (Table(heads, tuple(rows)),) if rows else ()
        return Section("items", Named(self.says("items")), blocks)

    def worth(self, item: Item) -> str:
        """Return what an item is worth."""
        return show(item.value, Kind.MONEY, self.lang) if item.value is not None else self.words.worth(item)

    # --- editions -------------------------------------------------------------------------------------

    def editions(self) -> Section:
        """Return when which edition is in force, and what is different; nothing where there is one."""
        rows: list[tuple[Cell, ...]] = []
        before: Edition | None = None
        for number, edition in enumerate(self.book.editions, 1):
            mark = f" {self.says('this_one')}" if edition is self.edition else ""
            changes = self.changes(before, edition) if before is not None else self.says("first_one")
            rows.append((f"{number}{mark}", self.force(edition), changes))
            before = edition
        heads = (self.says("edition"), self.says("in_force"), self.says("changes"))
        blocks = (Table(heads, tuple(rows)),) if len(rows) > 1 else ()
        return Section("editions", Named(self.says("editions")), blocks)

    def changes(self, old: Edition, new: Edition) -> Cell:
        """Return which decisions mean something else than before."""
        before, after = _meanings(old), _meanings(new)
        names = {
            "changed": [name for name in after if name in before and before[name] != after[name]],
            "added": [name for name in after if name not in before],
            "ended": [name for name in before if name not in after],
        }
        titles = {
            each.name: each.title.get(self.lang, each.name)
            for edition in (old, new)
            for each in (*edition.decisions.values(), *edition.rates.values())
        }
        joined = self.words.pick("、", ", ")
        said = tuple(
            self.says(word, names=joined.join(titles[name] for name in found))
            for word, found in names.items()
            if found
        )
        return said or self.says("no_change")


def _meanings(edition: Edition) -> dict[str, str]:
    """Return a digest of what every decision and rate means, by name."""
    found = {name: digest(meanings(edition, [name])) for name in edition.decisions}
    rates = rate_meanings(edition)
    return found | {name: digest(rates[f"rate {name}"]) for name in edition.rates}


def _given(decision: AnyDecision) -> Iterator[str]:
    """Yield the items that a decision gives."""
    match decision:
        case Offer(packages=packages):
            for package in packages.values():
                yield from package.always
                for names in package.choose_one.values():
                    yield from names
        case Rules(outputs=outputs, cells=cells, otherwise=otherwise):
            columns = [output.id for output in outputs if output.form == "items"]
            for row in (*cells.values(), *([otherwise] if otherwise is not None else [])):
                for column in columns:
                    cell = row[column]
                    yield from (str(name) for name in (cell if isinstance(cell, tuple) else ()))
        case _:
            return


def _place(place: str) -> tuple[str, int]:
    file, _, line = place.rpartition(":")
    return file, int(line) if line.isdigit() else 0


__all__ = ["Handbook", "handbook"]
