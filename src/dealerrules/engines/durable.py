"""The durable_rules engine: decisions as a ruleset of that rules engine, which matches every condition itself.

Place in the flow: as ``compiled.py``, for stores whose systems run durable_rules, and as a witness from outside: nothing
of how it matches is ours. An evaluation is a chain of messages: what the rules of one step find (a level, a stage, an
answer) stands as a fact in the message of the next. See ``docs/durable.md`` for what it carries, and what not.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from dealerrules.engines.carried import MOST, Carried, Quantity, called
from dealerrules.engines.durable_conditions import (
    ABSENT_WORD,
    KNOWN,
    UNKNOWN,
    Is,
    every,
    leaves,
    written,
)
from dealerrules.engines.durable_session import DurableError, Session
from dealerrules.engines.durable_steps import Meaning, packed
from dealerrules.engines.durable_writer import Writer
from dealerrules.engines.quantities import Quantities
from dealerrules.expr import type_of
from dealerrules.facts import read_facts
from dealerrules.faults import Fault, FieldError, RecordError, messages
from dealerrules.policy.model import Payout, Stage, Tier
from dealerrules.values import ABSENT, Maybe
from dealerrules.verdict import answer_value, level_range, settle, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from dealerrules.policy.model import AnyDecision, Edition

_SAYS: Final = messages("""
too_large | `{value}` does not fit: durable_rules holds numbers exactly up to {most} of its units; evaluate with engine="compiled" | `{value}` 超出范围：durable_rules 最多精确表示 {most} 个单位；请用 engine="compiled" 评估
too_many_rules | {count} rules are more than one ruleset of durable_rules holds ({most}); name fewer `decisions` | {count} 条规则，超过一个 durable_rules 规则集的上限（{most} 条）；请在 `decisions` 中少写一些决策
too_many_steps | {count} steps are more than one ruleset of durable_rules holds ({most}); name fewer `decisions` | {count} 步，超过一个 durable_rules 规则集的上限（{most} 步）；请在 `decisions` 中少写一些决策
""")
MOST_RULES: Final = 4_000
"""Of a ruleset; durable_rules holds 4,096."""
MOST_STEPS: Final = 300
"""Of a ruleset, for the same reason as tests side by side."""
ALIVE: Final = "alive"
"""The rule that every message fires: to durable_rules, a message that no rule matches is an error."""


@dataclass(frozen=True)
class Ruleset:
    r"""Decisions of one subject as a ruleset of durable_rules.

    Attributes:
        name: differs where the rules do.
        subject: what the facts are of.
        decisions: those that it decides; the rules of those that they read stand in it too.
        definition: the ruleset as durable_rules takes it, plain JSON data; each rule's action has the rule's name.
        fields: what each field of its messages holds. Money is in fen, a date is its day number; `units_in_one` says
            into how many steps one is cut where values need not be whole.
        unsupported: why other decisions of the subject are not in it, by name; what durable_rules cannot carry.

    Examples:
        >>> import dealerrules as dr
        >>> book = dr.loads("policy: p\ndecisions: {d: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: "
        ...                 "[{id: often, when: {visits_past_year: {at_least: 4}}, then: {d: true}}]}}")
        >>> ruleset = book.to_durable(as_of="2014-09-30")
        >>> ruleset.definition["d: often is true"]
        {'all': [{'m': {'$and': [{'step': 1}, {'$gte': {'visits_past_year': 4}}]}}], 'run': 'd: often is true'}
    """

    name: str
    subject: str
    decisions: tuple[str, ...]
    definition: Mapping[str, Any] = field(repr=False)
    fields: Mapping[str, Mapping[str, Carried]] = field(repr=False)
    unsupported: Mapping[str, tuple[Fault, ...]]
    _edition: Edition = field(repr=False)
    _steps: tuple[tuple[_Sent, ...], ...] = field(repr=False)
    _means: Mapping[str, Meaning] = field(repr=False)

    def to_json(self) -> str:
        """Return the definition as JSON text."""
        return json.dumps(self.definition, ensure_ascii=False, indent=1)

    def start(self, facts: Mapping[str, object], as_of: date) -> Run:
        """Begin an evaluation: messages to be sent to durable_rules, one after another; see :class:`Run`.

        Raises:
            RecordError: for names that are no facts, and values of another type.
        """
        known, absent = self._known, partial(self._edition.may_be_absent, self.subject)
        return Run(self, read_facts(self.subject, facts, known, absent), as_of)

    def on_facts(self, given: Mapping[str, object], as_of: date) -> tuple[Any, ...]:
        """Evaluate ready-made facts: for each decision its masks, and the measure or the settled amount.

        Raises:
            RecordError: for names that are no facts, values of another type, numbers that do not fit, and when
                durable_rules is not installed.
            DurableError: when durable_rules fails.
        """
        run = self.start(given, as_of)
        while (message := run.message()) is not None:
            run.take(self._session.fired(message))
        return run.results()

    @cached_property
    def _session(self) -> Session:
        rules = {
            name: {key: each for key, each in rule.items() if key != "run"}
            for name, rule in self.definition.items()
        }
        return Session(self.name, rules)

    @cached_property
    def _known(self) -> Mapping[str, Any]:
        return self._edition.given_types(self.subject)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the rules, not what durable_rules made of them."""
        return {key: value for key, value in self.__dict__.items() if key != "_session"}


@dataclass(frozen=True, slots=True)
class _Sent:
    """A quantity in a message: whether its value is needed, and whether that it has one."""

    quantity: Quantity
    value: bool
    state: bool


def ruleset(edition: Edition, subject: str, decisions: tuple[str, ...], *, strict: bool) -> Ruleset:
    """Return decisions as a ruleset.

    Args:
        edition: the policies in force.
        subject: what the decisions are about.
        decisions: their names.
        strict: refuse what cannot be carried; otherwise it is left out, and `unsupported` says why.

    Raises:
        RecordError: naming each rule that cannot be carried, and what to do.
    """
    writer = Writer(edition, subject)
    refused = {name: tuple(faults) for name in decisions if (faults := writer.faults(name))}
    if refused and strict:
        raise RecordError([fault for faults in refused.values() for fault in faults])
    wanted = tuple(name for name in decisions if name not in refused)
    for name in wanted:
        writer.write(name)
    _within(len(writer.items), MOST_RULES, "too_many_rules", subject)
    steps = packed(writer.items)
    _within(len(steps), MOST_STEPS, "too_many_steps", subject)
    definition: dict[str, Any] = {ALIVE: {"all": [{"m": {"k": 1}}], "run": ALIVE}}
    means: dict[str, Meaning] = {}
    sent: list[tuple[_Sent, ...]] = []
    for number, step in enumerate(steps, 1):
        tests: list[Is] = []
        for item in step:
            name = item.name if item.name not in definition else f"{item.name} ({len(definition)})"
            condition = every([Is("step", "$eq", number), item.node])
            definition[name] = {"all": [{"m": written(condition)}], "run": name}
            means[name] = item.means
            tests += leaves(item.node)
        sent.append(_sent(tests, writer.quantities))
    digest = hashlib.sha256(json.dumps(definition).encode()).hexdigest()[:12]
    return Ruleset(
        name=f"dealerrules_{subject}_{digest}",
        subject=subject,
        decisions=wanted,
        definition=definition,
        fields=_described(writer.quantities.values()),
        unsupported=refused,
        _edition=edition,
        _steps=tuple(sent),
        _means=means,
    )


def _within(count: int, most: int, code: str, subject: str) -> None:
    if count > most:
        said = FieldError(None, _SAYS[code], count=f"{count:,}", most=f"{most:,}")
        raise RecordError([said.at(subject, None, "decisions")])


def _sent(tests: list[Is], quantities: Mapping[str, Quantity]) -> tuple[_Sent, ...]:
    values = {test.quantity for test in tests if not test.state}
    states = {test.quantity for test in tests if test.state}
    return tuple(_Sent(quantities[name], name in values, name in states) for name in sorted(values | states))


def _described(quantities: Iterable[Quantity]) -> dict[str, dict[str, Carried]]:
    """Return what each field holds, as plain data."""
    found: dict[str, dict[str, Carried]] = {}
    for each in quantities:
        if each.tier is not None:
            of = f"{each.tier}.{each.angle}" if each.angle else each.tier
            found[each.name] = {"level_of": of, "at_least": each.level}
        elif each.expr is None:
            found[each.name] = {"part_of": "a condition"}
        else:
            found[each.name] = {"value_of": called(each.expr), "kind": type_of(each.expr).kind.value}
            if each.scale is not None:
                found[each.name]["units_in_one"] = 2 * each.scale
    return found


class Run:
    """One evaluation: take its `message`, let durable_rules match it, hand back the names of the rules that fired.

    `message` is none when there is nothing more to be matched; then `results` are complete. A store's own durable_rules
    host can be driven so; :meth:`Ruleset.on_facts` does it by itself.
    """

    def __init__(self, ruleset: Ruleset, facts: Mapping[str, Maybe], as_of: date) -> None:
        self.ruleset = ruleset
        self._step = 0
        self._true: dict[str, int] = {}
        self._false: dict[str, int] = {}
        self._parts: set[str] = set()
        self._settled: dict[str, tuple[int, int, Any]] = {}
        self._values = Quantities(ruleset._edition, ruleset.subject, as_of, facts, self._answer)  # noqa: SLF001

    def message(self) -> dict[str, Carried] | None:
        """Return the next message; without `id` and `sid`, which a host gives as it likes.

        Raises:
            RecordError: for a number that does not fit.
        """
        steps = self.ruleset._steps  # noqa: SLF001 - the same room
        if self._step == len(steps):
            return None
        made: dict[str, Carried] = {"k": 1, "step": self._step + 1}
        for sent in steps[self._step]:
            quantity = sent.quantity
            value = self._value(quantity)
            if sent.value and value is not None and value is not ABSENT:
                carried = quantity.carried(value)
                if carried is None:
                    error = FieldError(value, _SAYS["too_large"], most=f"{MOST:,}")
                    raise RecordError([error.at(self.ruleset.subject, None, quantity.name)])
                made[quantity.name] = carried
            if sent.state:
                state = UNKNOWN if value is None else ABSENT_WORD if value is ABSENT else KNOWN
                made[f"{quantity.name}_is"] = state
        return made

    def take(self, fired: Iterable[str]) -> None:
        """Take the names of the rules that the message fired; one that fired several times counts once.

        Raises:
            DurableError: when the message did not arrive, or a rule is true and false at once.
        """
        names = set(fired)
        if ALIVE not in names:
            raise DurableError.of("lost", step=self._step + 1, name=self.ruleset.name)
        for name in names - {ALIVE}:
            meaning = self.ruleset._means[name]  # noqa: SLF001
            if meaning.part is not None:
                self._parts.add(meaning.part)
                continue
            masks = self._true if meaning.truth else self._false
            masks[meaning.decision] = masks.get(meaning.decision, 0) | 1 << meaning.at
        for decision, true in self._true.items():
            if true & self._false.get(decision, 0):
                raise DurableError.of("both", name=decision)
        self._step += 1

    def results(self) -> tuple[Any, ...]:
        """Return ``(true, unknown, extra)`` for each decision: the measure of a stage, the amount of a payout."""
        return tuple(self._result(name) for name in self.ruleset.decisions)

    # --- what is found becomes facts ---

    def _value(self, quantity: Quantity) -> Maybe:
        if quantity.tier is not None:
            return self._level(quantity)
        if quantity.expr is None:
            return True if quantity.name in self._parts else None
        return self._values.value(quantity.expr)

    def _masks(self, decision: AnyDecision) -> tuple[int, int]:
        true, false = self._true.get(decision.name, 0), self._false.get(decision.name, 0)
        return true, (1 << len(decision.rules)) - 1 & ~(true | false)

    def _level(self, quantity: Quantity) -> Maybe:
        """Return whether a level is at least so good; unknown while it may still turn out to be."""
        tier = self.ruleset._edition.decisions[quantity.tier or ""]  # noqa: SLF001
        assert isinstance(tier, Tier)
        true, unknown = self._masks(tier)
        holds = {rule.id for at, rule in enumerate(tier.rules) if true >> at & 1}
        open_ = {rule.id for at, rule in enumerate(tier.rules) if unknown >> at & 1}
        granted, best = level_range(tier, quantity.angle, holds, open_)
        return True if granted <= quantity.level else False if best > quantity.level else None

    def _answer(self, name: str) -> Maybe:
        """Return a decision's answer as the value of a fact."""
        decision = self.ruleset._edition.decisions[name]  # noqa: SLF001
        true, unknown, extra = self._result(name)
        amount = extra[0] if isinstance(decision, Payout) and extra is not None else None
        return answer_value(decision, verdict(decision, true, unknown), amount)

    def _result(self, name: str) -> tuple[int, int, Any]:
        """Return a decision's masks, with the measure of a stage or the settled amount of a payout."""
        if name not in self._settled:
            decision = self.ruleset._edition.decisions[name]  # noqa: SLF001
            true, unknown = self._masks(decision)
            extra: Any = None
            if isinstance(decision, Stage):
                extra = self._values.value(decision.measure)
            if isinstance(decision, Payout):
                rule = verdict(decision, true, unknown).answer
                extra = self._paid(decision, rule) if rule is not None else None
            self._settled[name] = true, unknown, extra
        return self._settled[name]

    def _paid(self, payout: Payout, rule: str) -> Any:
        value = self._values.value
        lines = [
            (value(line.units) if line.units is not None else None, value(line.amount))
            for line in payout.lines[rule]
        ]
        return settle(payout, rule, lines, value(payout.times) if payout.times is not None else 1)
