"""The handbook's parts: what all decisions have in common: sources, conditions, the facts that are looked at, data.

Place in the flow: below ``handbook.decisions``, which puts the parts of each kind of decision together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from dealerrules.expr import All, Answer, Compare, Constant, Expr, Fact, Field, FirstKnown, LevelIn, walk
from dealerrules.handbook.words import ATTACHED, SAYS
from dealerrules.policy.model import Payout, Title, expressions
from dealerrules.sections import Block, Cell, Named, Points, Table, Terms
from dealerrules.values import Kind, Type, show
from dealerrules.wording import Wording
from dealerrules.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealerrules.policy.model import AnyDecision, Clause, Data, Edition, Rule


def anchor(name: str) -> str:
    """Return where a decision stands in the handbook."""
    return f"d-{name}"


class Parts:
    """Writes what all decisions have in common.

    Args:
        edition: what is in force.
        lang: ``zh`` or ``en``.
    """

    def __init__(self, edition: Edition, lang: str) -> None:
        self.edition, self.lang = edition, lang

    def says(self, name: str, /, **parts: object) -> str:
        """Return a text of the handbook."""
        return SAYS[name][self.lang == "zh"].format(**parts)

    def words(self, subject: str) -> Wording:
        """Return how things are called for a subject."""
        return Wording(self.edition, subject, self.lang)

    def title(self, title: Title, name: str) -> Named:
        """Return a title with its name."""
        return Named(title.get(self.lang, name), name)

    def source(self, clause: Clause | None) -> list[tuple[Cell, Cell]]:
        """Return where something comes from."""
        if clause is None:
            return []
        note: list[tuple[Cell, Cell]] = [(self.says("note"), clause.note)] if clause.note else []
        return [(self.says("source"), str(clause)), *note]

    # --- rules ----------------------------------------------------------------------------------------

    def rule_title(self, rule: Rule, decision: AnyDecision) -> Cell:
        """Return what a rule is called, with its own source and note where it has one."""
        title = Named(rule.title.get(self.lang, rule.id), rule.id)
        if isinstance(decision, Payout) and rule.id not in decision.bands:  # the one amount, and otherwise
            always = rule.when == All(())
            name = "otherwise" if rule.id == "otherwise" else "unconditional" if always else "conditions_hold"
            title = Named(self.says(name), rule.id)
        clause = rule.clause if rule.clause != decision.clause else None
        if clause is None:
            return title
        own = decision.clause is None or str(clause) != str(decision.clause)
        said = [f"[{clause}]"] if own else []
        return (title, *said, *([clause.note] if clause.note else [])) if said or clause.note else title

    def condition(self, rule: Rule, words: Wording) -> Cell:
        """Return what a rule requires, each test on its own line."""
        said = self.tests(rule.when, words)
        return tuple(said) if len(said) > 1 else words.say(rule.when)

    def tests(self, when: Expr, words: Wording) -> list[str]:
        """Return the tests that must all hold; two in a row on one value are a range."""
        found: list[list[Expr]] = []
        for item in when.items if isinstance(when, All) else (when,):
            last = found[-1][-1] if found else None
            if isinstance(item, Compare) and isinstance(last, Compare) and item.left == last.left:
                found[-1].append(item)
            else:
                found.append([item])
        return [words.say(All(tuple(each)) if len(each) > 1 else each[0]) for each in found]

    def with_definition(self, measure: Expr, words: Wording) -> str:
        """Return what is measured, and how it is found where that can be said in a line."""
        if not isinstance(measure, Fact):
            return words.say(measure)
        definition = self.edition.fact(words.subject, measure.name)
        title = words.fact(measure.name)
        if definition.builtin and not definition.place:
            return title
        return f"{title} = {words.definition(definition)}"

    def word(self, word: str) -> str:
        """Return a word of a policy as it is called."""
        return WORDS[word][self.lang != "zh"] if word in WORDS else word

    def texts(self, texts: tuple[Title, ...]) -> Cell:
        """Return texts as lines."""
        said = tuple(text.get(self.lang) for text in texts)
        return said if len(said) != 1 else said[0]

    # --- facts ----------------------------------------------------------------------------------------

    def looked_at(self, decision: AnyDecision, words: Wording) -> Iterator[Block]:
        """Yield every fact that a decision reads, down to what is recorded, with how it is found."""
        found: dict[str, None] = {}
        parts = [part for part in (getattr(decision, "measure", None),) if part is not None]
        self.collect([*parts, *expressions(decision)], decision, found)
        if found:
            rows = tuple(self.definition(name, decision.subject, words) for name in found)
            yield Table((self.says("fact"), self.says("found")), rows)

    def collect(self, parts: Iterable[Expr], decision: AnyDecision, found: dict[str, None]) -> None:
        """Add the facts that expressions read, each before those that it is made of."""
        for part in parts:
            for node in walk(part):
                match node:
                    case Fact(name=name) if name not in found:
                        found[name] = None
                        self.collect([self.edition.fact(decision.subject, name).expr], decision, found)
                    case Answer(decision=name) | LevelIn(decision=name) if name != decision.name:
                        found.setdefault(name)
                    case _:
                        pass

    def definition(self, name: str, subject: str, words: Wording) -> tuple[Cell, Cell]:
        """Return what a fact is called, and how it is found."""
        definition = self.edition.facts[subject].get(name)
        if definition is None:
            other = self.edition.decisions[name]
            return Named(words.decision(name), name), Named(self.says("see"), "", anchor(other.name))
        title = Named(words.fact(name), name)
        if definition.builtin and not definition.place:
            plain = self.recorded(definition.type, words, name)
            match definition.expr:
                case FirstKnown(items=(Field(), Constant(value=value))):
                    value_said = show(value, definition.type.kind, self.lang)
                    return title, self.says("recorded_or", said=plain, value=value_said)
                case _:
                    return title, plain
        said = words.definition(definition)
        return title, self.says("may_be_absent", said=said) if self.edition.may_be_absent(
            subject, name
        ) else said

    def recorded(self, type_: Type, words: Wording, name: str) -> str:
        """Return what is recorded in a plain field."""
        options = [words.value(word, Fact(name, type_)) for word in type_.options]
        listed = " < ".join(options) if type_.ordered else words.pick("、", ", ").join(options)
        kind = "scale" if type_.ordered else type_.kind.value
        return self.says("recorded_as", said=self.says(f"kind_{kind}", words=listed))

    # --- what is attached -----------------------------------------------------------------------------

    def attached(self, data: Data) -> Iterator[Block]:
        """Yield what a policy attaches."""
        if isinstance(data, dict) and not _is_text(data):
            yield Terms(tuple((self.key(key), self.data(value)) for key, value in data.items()))
        elif data is not None:
            said = self.data(data)
            yield Points(said if isinstance(said, tuple) else (said,))

    def key(self, key: str) -> Cell:
        """Return what a part of the data is called."""
        found = ATTACHED.get(key)
        return Named(found[self.lang == "zh"], key) if found else key.replace("_", " ")

    def data(self, data: Data) -> Cell:
        """Return data as lines; items by their titles, texts in this language."""
        words = self.words("customer")
        match data:
            case None:
                return ""
            case bool():
                return show(data, Kind.BOOLEAN, self.lang)
            case str():
                item = self.edition.items.get(data)
                return words.item(item) if item is not None else data
            case list():
                return tuple(self.data(each) for each in data)
            case dict() if _is_text(data):
                return Title(data.get("zh"), data.get("en")).get(self.lang)  # type: ignore[arg-type]
            case dict():
                lines: list[Cell] = []
                for key, value in data.items():
                    named = self.key(key)
                    head = named.title if isinstance(named, Named) else str(named)
                    said = self.data(value)
                    several = isinstance(said, tuple)
                    lines += [head, said] if several else [f"{head}: {said}"]
                return tuple(lines)
            case _:
                assert_never(data)


def _is_text(data: dict[str, Data]) -> bool:
    return bool(data) and set(data) <= {"zh", "en"} and all(isinstance(each, str) for each in data.values())
