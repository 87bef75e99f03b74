"""Decisions side by side: each kind part by part, in the words of ``wording``.

Place in the flow: below ``editions``. What is told of a part is what an engine would do otherwise because of it; what
follows from another change (a band ends where the next one now begins) is not told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, assert_never

from dealerrules.diff.changes import Change, Reading, both, data_difference, list_difference
from dealerrules.diff.parameters import alike
from dealerrules.diff.words import KEPT
from dealerrules.expr import All, Arithmetic, Compare, Expr, all_of, canonical
from dealerrules.policy.model import Hit, Offer, Payout, Rules, Stage, Tier, Title
from dealerrules.values import Kind, show
from dealerrules.wording import Wording, basis, bounds, subject_title
from dealerrules.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealerrules.policy.model import AnyDecision, Data, Edition, Keeping, Package, Rule

_SILENT: Final = (None, ())
"""What says nothing in a column: there is none, or the list is empty."""
_ORDERED: Final = frozenset({Hit.FIRST, Hit.PRIORITY, Hit.COLLECT})
"""The hit policies under which the order of rows is meaning."""
RULE_WORDS: Final[Mapping[str, str]] = {
    "tier": "rule",
    "stage": "stage",
    "payout": "band",
    "offer": "band",
    "rules": "row",
}
"""What a rule of a decision is called."""


class Pair:
    """A decision as it was and as it is."""

    def __init__(self, old: Edition, new: Edition, name: str, parameters: frozenset[str]) -> None:
        self.name, self.parameters = name, parameters
        self.was, self.now = old.decisions[name], new.decisions[name]
        self.before = Reading(old, self.was.subject)
        self.after = Reading(new, self.now.subject)
        self.told: list[Change] = []

    def alike(self, old: object, new: object) -> bool:
        """Tell whether two parts mean the same, but for parameters that changed."""
        return alike(old, new, self.parameters)

    # --- telling --------------------------------------------------------------------------------------

    def tell(
        self,
        how: str,
        what: str,
        id_: str,
        aspect: str,
        title: Title,
        before: Title | None,
        after: Title | None,
    ) -> None:
        """Add a change; what reads the same on both sides differs by a fact that it reads, which is told of the fact."""
        if how == "changed" and before is not None and before == after:
            return
        self.told.append(Change(how, what, id_, self.name, aspect, title, before, after))

    def aspect(self, aspect: str, old: object, new: object, say: Callable[[Wording, Any], str]) -> None:
        """Tell a side of the whole decision, where it is another."""
        if not self.alike(old, new):
            one, other = (
                None if part is None else reading.said(lambda w, p=part: say(w, p))  # type: ignore[misc]
                for reading, part in ((self.before, old), (self.after, new))
            )
            self.tell("changed", "decision", self.name, aspect, self.now.title, one, other)

    def order(self, aspect: str, old: Sequence[str], new: Sequence[str]) -> None:
        """Tell an order, where what stands on both sides stands in another one."""
        one, other = [each for each in old if each in new], [each for each in new if each in old]
        if one != other:
            before, after = (both(lambda _, o=each: " > ".join(o)) for each in (one, other))  # type: ignore[misc]
            self.tell("changed", "decision", self.name, aspect, self.now.title, before, after)

    def data(self, what: str, id_: str, title: Title, old: Data, new: Data) -> None:
        """Tell what is attached, where that is something else."""
        if old != new:
            self.tell("changed", what, id_, "data", title, *data_difference(old, new))

    def lists(
        self, what: str, id_: str, aspect: str, title: Title, old: Sequence[Title], new: Sequence[Title]
    ) -> None:
        """Tell a list of texts, where it is another."""
        if [each.to_dict() for each in old] != [each.to_dict() for each in new]:
            self.tell("changed", what, id_, aspect, title, *list_difference(old, new))

    # --- all kinds ------------------------------------------------------------------------------------

    def changes(self) -> list[Change]:
        """Return what changed, the decision as a whole first."""
        was, now = self.was, self.now
        if was.kind != now.kind or was.subject != now.subject:
            self.aspect("kind", was.kind, now.kind, lambda _, kind: kind)
            self.aspect("subject", was.subject, now.subject, lambda w, each: subject_title(each, w.lang))
            return self.told
        self.aspect("dated_by", was.dated_by, now.dated_by, lambda w, each: w.field(w.subject, each))
        self.data("decision", self.name, now.title, was.data, now.data)
        match was, now:
            case Tier(), Tier():
                self._tier(was, now)
            case Stage(), Stage():
                self._stage(was, now)
            case Payout(), Payout():
                self._payout(was, now)
            case Offer(), Offer():
                self.aspect("measure", was.measure, now.measure, Wording.say)
                self._rules(self._package)
            case Rules(), Rules():
                self._table(was, now)
            case _:
                raise AssertionError
        return self.told

    # --- rules ----------------------------------------------------------------------------------------

    def _rules(self, own: Callable[[Rule, Rule], None]) -> None:
        """Tell the rules; `own` tells what else a kind has of each."""
        old, new = ({rule.id: rule for rule in written(each)} for each in (self.was, self.now))
        word = RULE_WORDS[self.now.kind]
        differ = self._differing(old, new)
        for rule_id in [*new, *(each for each in old if each not in new)]:
            was, now = old.get(rule_id), new.get(rule_id)
            if was is None:
                assert now is not None
                said = self._told(self.after, self.now, now)
                self.tell("added", word, rule_id, "", now.title, None, said)
            elif now is None:
                said = self._told(self.before, self.was, was)
                self.tell("removed", word, rule_id, "", was.title, said, None)
            else:
                if rule_id in differ:
                    one = self._condition(self.before, self.was, was)
                    other = self._condition(self.after, self.now, now)
                    self.tell("changed", word, rule_id, "condition", now.title, one, other)
                own(was, now)
                self.data(word, rule_id, now.title, attached(self.was, was), attached(self.now, now))

    def _differing(self, old: Mapping[str, Rule], new: Mapping[str, Rule]) -> set[str]:
        """Return the rules whose condition is another, without bands that only end where another now begins."""
        shared = [each for each in new if each in old]
        differ = {each for each in shared if not self.alike(old[each].when, new[each].when)}
        moved = {
            side: {
                repr(canonical(low.right))
                for rule_id, rule in rules.items()
                if rule_id in differ or rule_id not in other
                for low in [bounds(rule.when, measure)[0] if measure is not None else None]
                if low is not None
            }
            for side, rules, other, measure in (
                ("old", old, new, getattr(self.was, "measure", None)),
                ("new", new, old, getattr(self.now, "measure", None)),
            )
        }
        return {
            each
            for each in differ
            if not self._only_the_end(old[each], new[each], moved["old"], moved["new"])
        }

    def _only_the_end(self, was: Rule, now: Rule, old_starts: set[str], new_starts: set[str]) -> bool:
        """Tell whether a band only ends elsewhere, where a band that is told begins or began."""
        measure, other = getattr(self.was, "measure", None), getattr(self.now, "measure", None)
        if measure is None or other is None or canonical(measure) != canonical(other):
            return False
        high, new_high = bounds(was.when, measure)[1], bounds(now.when, other)[1]
        rest, new_rest = _without(was.when, high), _without(now.when, new_high)
        if bounds(was.when, measure)[0] is None or not self.alike(rest, new_rest):
            return False
        ended = high is None or repr(canonical(high.right)) in old_starts
        ends = new_high is None or repr(canonical(new_high.right)) in new_starts
        return ended and ends

    def _condition(self, reading: Reading, decision: AnyDecision, rule: Rule) -> Title:
        return reading.said(lambda w: condition_text(w, decision, rule))

    def _told(self, reading: Reading, decision: AnyDecision, rule: Rule) -> Title:
        """Read out a whole rule: its condition and what it grants."""
        if isinstance(decision, Stage):
            return self._condition(reading, decision, rule)
        return reading.said(
            lambda w: f"{condition_text(w, decision, rule)} → {grant_text(w, decision, rule)}"
        )

    # --- tiers and stages -----------------------------------------------------------------------------

    def _tier(self, was: Tier, now: Tier) -> None:
        self._keeping(was, now)
        old, new = ({level.id: level for level in each.levels} for each in (was, now))
        self.order("order", list(old), list(new))
        for name in [*new, *(each for each in old if each not in new)]:
            one, other = old.get(name), new.get(name)
            if one is None or other is None:
                level = other or one
                assert level is not None
                at = both(lambda _, t=now if one is None else was: " > ".join(each.id for each in t.levels))  # type: ignore[misc]
                how, before, after = ("added", None, at) if one is None else ("removed", at, None)
                self.tell(how, "level", name, "", level.title, before, after)
                continue
            if one.cadence != other.cadence:
                before, after = (
                    None if each is None else reading.said(lambda w, c=each: _word(w, c))  # type: ignore[misc]
                    for reading, each in ((self.before, one.cadence), (self.after, other.cadence))
                )
                self.tell("changed", "level", name, "cadence", other.title, before, after)
            for department in dict.fromkeys((*other.benefits, *one.benefits)):
                texts = one.benefits.get(department, ()), other.benefits.get(department, ())
                self.lists("level", name, f"benefits.{department}", other.title, *texts)
            self.lists("level", name, "follow_up", other.title, one.follow_up, other.follow_up)
            self.data("level", name, other.title, one.data, other.data)
        angles, new_angles = ({angle.id: angle for angle in each.angles} for each in (was, now))
        for name in sorted({*angles, *new_angles}):
            if name not in angles:
                self.tell("added", "angle", name, "", new_angles[name].title, None, None)
            elif name not in new_angles:
                self.tell("removed", "angle", name, "", angles[name].title, None, None)
            else:
                self.data("angle", name, new_angles[name].title, angles[name].data, new_angles[name].data)

        def level_of(one: Rule, other: Rule) -> None:
            if one.answer != other.answer:
                before = self.before.said(lambda w: w.answer(was, one.answer))
                after = self.after.said(lambda w: w.answer(now, other.answer))
                self.tell("changed", "rule", other.id, "grants", other.title, before, after)

        self._rules(level_of)

    def _keeping(self, was: Tier, now: Tier) -> None:
        """Tell how long a level is kept, and what then; what a version does to it matters where both keep levels."""
        if was.keeps is None or now.keeps is None:
            self.aspect("keeps", was.keeps, now.keeps, kept_text)
            return
        self.aspect(
            "keeps",
            was.keeps.months,
            now.keeps.months,
            lambda w, each: KEPT["for"][w.lang == "zh"].format(time=w.say(each)),
        )
        for aspect in ("downgrade", "transition"):
            one, other = (getattr(each, aspect).value for each in (was.keeps, now.keeps))
            self.aspect(aspect, one, other, lambda w, each: KEPT[each][w.lang == "zh"])

    def _stage(self, was: Stage, now: Stage) -> None:
        self.aspect("measure", was.measure, now.measure, Wording.say)
        starts = [
            [name for name in each.order if bounds(each.rule(name).when, each.measure)[0] is None]
            for each in (was, now)
        ]
        self.order("order", *starts)
        self._rules(lambda _, __: None)

    # --- payouts and offers ---------------------------------------------------------------------------

    def _payout(self, was: Payout, now: Payout) -> None:
        self.aspect("payee", was.payee, now.payee, lambda _, each: each)
        self.aspect("measure", was.measure, now.measure, Wording.say)
        self.aspect("times", was.times, now.times, Wording.say)
        self.aspect("cap", was.cap, now.cap, Wording.say)
        self.aspect("floor", was.floor, now.floor, Wording.say)
        self.aspect("rounding", was.rounding, now.rounding, lambda w, each: w.rounding(*each))

        def pays(one: Rule, other: Rule) -> None:
            if not self.alike(_way(was, one.id), _way(now, other.id)):
                before = self.before.said(lambda w: own_pay(w, was, one.id))
                after = self.after.said(lambda w: own_pay(w, now, other.id))
                self.tell("changed", "band", other.id, "pays", other.title, before, after)

        self._rules(pays)

    def _package(self, one: Rule, other: Rule) -> None:
        assert isinstance(self.was, Offer)
        assert isinstance(self.now, Offer)
        old, new = self.was.packages[one.id], self.now.packages[other.id]
        for letter in dict.fromkeys((*new.choose_one, *old.choose_one)):
            sides = old.choose_one.get(letter), new.choose_one.get(letter)
            self._given(other, f"choose_one.{letter}", *sides)
        self._given(other, "always", old.always, new.always)
        for aspect in ("value", "always_value"):
            fen, new_fen = getattr(old, aspect), getattr(new, aspect)
            if fen != new_fen:
                before, after = (
                    None if each is None else both(lambda lang, f=each: show(f, Kind.MONEY, lang))  # type: ignore[misc]
                    for each in (fen, new_fen)
                )
                self.tell("changed", "band", other.id, aspect, other.title, before, after)

    def _given(
        self, rule: Rule, aspect: str, old: tuple[str, ...] | None, new: tuple[str, ...] | None
    ) -> None:
        """Tell a list of things that is given."""
        if old != new:
            before, after = (
                reading.said(lambda w, n=names: w.items(n)) if names else None  # type: ignore[misc]
                for reading, names in ((self.before, old), (self.after, new))
            )
            self.tell("changed", RULE_WORDS[self.now.kind], rule.id, aspect, rule.title, before, after)

    # --- tables ---------------------------------------------------------------------------------------

    def _table(self, was: Rules, now: Rules) -> None:
        self.aspect("hit", was.hit.value, now.hit.value, lambda _, each: each)
        old, new = ({each.id: each for each in table.outputs} for table in (was, now))
        forms = [
            {
                name: (each.form, each.type.options if each.type is not None else ())
                for name, each in of.items()
            }
            for of in (old, new)
        ]
        if forms[0] != forms[1]:
            before, after = (
                both(lambda _, o=outputs: ", ".join(_output(*each) for each in o.items()))  # type: ignore[misc]
                for outputs in forms
            )
            self.tell("changed", "decision", self.name, "outputs", now.title, before, after)
        elif list(old) != list(new):
            self.order("outputs", list(old), list(new))
        if was.hit in _ORDERED and now.hit in _ORDERED:
            self.order("order", was.order, now.order)
        columns = dict.fromkeys((*new, *old))

        def says(one: Rule, other: Rule) -> None:
            for name in columns:
                self._cell("row", other, name, was.cells[one.id].get(name), now.cells[other.id].get(name))

        if was.otherwise is not None and now.otherwise is not None:
            for name in columns:
                self._cell("decision", None, name, was.otherwise.get(name), now.otherwise.get(name))
        elif was.otherwise is not None or now.otherwise is not None:
            left, right = (
                None if table.otherwise is None else reading.said(lambda w, t=table: w.cells(t, t.otherwise))  # type: ignore[misc]
                for reading, table in ((self.before, was), (self.after, now))
            )
            self.tell("changed", "decision", self.name, "otherwise", now.title, left, right)
        self._rules(says)

    def _cell(self, what: str, rule: Rule | None, output: str, old: object, new: object) -> None:
        """Tell what a row (or, without one, `otherwise`) says in one column; none where there is no such column."""
        assert isinstance(self.was, Rules)
        assert isinstance(self.now, Rules)
        if _plain(old) == _plain(new) or (old in _SILENT and new in _SILENT):
            return
        id_, title = (rule.id, rule.title) if rule is not None else (self.name, self.now.title)
        aspect = f"says.{output}" if rule is not None else f"otherwise.{output}"
        texts = [
            [each for each in cell if isinstance(each, Title)] if isinstance(cell, tuple) else None
            for cell in (old, new)
        ]
        if texts[0] and texts[1]:
            self.tell("changed", what, id_, aspect, title, *list_difference(texts[0], texts[1]))
            return
        before, after = (
            reading.said(lambda w, c=column, v=cell: w.cell(c, v))  # type: ignore[misc]
            if (column := next((each for each in of.outputs if each.id == output), None)) is not None
            else None
            for reading, of, cell in ((self.before, self.was, old), (self.after, self.now, new))
        )
        self.tell("changed", what, id_, aspect, title, before, after)


# ---------------------------------------------------------------------------------------------------
# Parts of decisions


def written(decision: AnyDecision) -> tuple[Rule, ...]:
    """Return the rules that somebody wrote: that a level is kept is told by how long."""
    return decision.earned.rules if isinstance(decision, Tier) else decision.rules


def attached(decision: AnyDecision, rule: Rule) -> Data:
    """Return what is attached to a rule, or to the stage or band that it stands for."""
    match decision:
        case Stage():
            return decision.stages[rule.id].data if rule.id in decision.stages else rule.data
        case Payout():
            return decision.bands[rule.id].data if rule.id in decision.bands else rule.data
        case Tier() | Offer() | Rules():
            return rule.data
        case _:
            assert_never(decision)


def condition_text(words: Wording, decision: AnyDecision, rule: Rule) -> str:
    """Read out when a rule holds; of a band, where it begins and ends."""
    measure: Expr | None = getattr(decision, "measure", None)
    band = words.band(rule.when, measure) if measure is not None else None
    if measure is None or band is None:
        return words.say(rule.when)
    rest = _without(rule.when, *bounds(rule.when, measure))
    said = f"{words.say(measure)} {band}"
    if isinstance(rest, All) and not rest.items:
        return said
    return words.pick("，且 ", ", and ").join([words.say(rest), said])


def _without(when: Expr, *tests: Compare | None) -> Expr:
    """Return a condition without some of its tests."""
    items = when.items if isinstance(when, All) else (when,)
    left = [each for each in items if all(each is not test for test in tests)]
    return all_of(left)


def kept_text(words: Wording, keeps: Keeping) -> str:
    """Read out how long levels are kept, and what then."""
    return KEPT["for_then"][words.lang == "zh"].format(
        time=words.say(keeps.months), then=KEPT[keeps.downgrade.value][words.lang == "zh"]
    )


def grant_text(words: Wording, decision: AnyDecision, rule: Rule) -> str:
    """Read out what a rule grants; of a payout its own line, of an offer with the stated values."""
    match decision:
        case Payout():
            return own_pay(words, decision, rule.id)
        case Offer():
            return words.join([words.grant(rule, decision), *_stated(words, decision.packages[rule.id])])
        case Tier() | Stage() | Rules():
            return words.grant(rule, decision)
        case _:
            assert_never(decision)


def _stated(words: Wording, package: Package) -> list[str]:
    return [
        words.phrase("value", said=show(fen, Kind.MONEY, words.lang))
        for fen in (package.value, package.always_value)
        if fen is not None
    ]


def own_pay(words: Wording, payout: Payout, rule: str) -> str:
    """Read out what a band pays of its own, without the bands below it."""
    return words.join(words.pays(payout, rule, line) for line in payout.lines[rule] if line.band == rule)


def _way(payout: Payout, rule: str) -> tuple[object, ...]:
    """Return how a band pays of its own: lump, whole or excess, at what rate, of what."""
    way, start = basis(payout, rule)
    found: list[object] = []
    for line in payout.lines[rule]:
        if line.band == rule:
            units = line.units
            of = units.left if start is not None and isinstance(units, Arithmetic) else units
            found += [way, line.rate, of]
    return tuple(found)


def _word(words: Wording, word: str) -> str:
    return words.pick(*WORDS.get(word, (word, word)))


def _output(name: str, form: tuple[str, tuple[str, ...]]) -> str:
    kind, options = form
    return f"{name} ({' | '.join(options) or kind})"


def _plain(cell: object) -> object:
    """Return a cell to compare by: texts by what they say in each language."""
    if isinstance(cell, tuple):
        return [each.to_dict() if isinstance(each, Title) else each for each in cell]
    return str(cell)
