"""Outcomes: what was granted or paid, because of which rules, what is undetermined and what would settle it.

Place in the flow: an engine's masks and amounts come in; the verdict on them is put into the words of the
decision's kind. What needs the whole trace (reasons, missing facts) is worked out by the reference interpreter
when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, assert_never

from dealerrules.expr import Answer, Arithmetic, Expr, Fact, LevelIn, Reached, type_of
from dealerrules.policy.model import AnyDecision, Data, Item, Offer, Payout, Rules, Stage, Tier, Title
from dealerrules.values import ABSENT, Kind, Maybe, to_yuan
from dealerrules.verdict import Entry, Reason, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date
    from decimal import Decimal

    from dealerrules.advice.next_step import NextStep
    from dealerrules.engines.row import Decided, Interpreter, Step
    from dealerrules.keeping import Kept
    from dealerrules.policy.model import Edition, Package
    from dealerrules.records import Record

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


class Case:
    """A subject on a day, to be looked at again: by the reference interpreter, when someone asks why."""

    def __init__(
        self, edition: Edition, subject: str, as_of: date, record: Record | None, facts: Mapping[str, Maybe]
    ) -> None:
        self.edition, self.subject, self.as_of, self.record, self.facts = (
            edition,
            subject,
            as_of,
            record,
            facts,
        )

    @cached_property
    def interpreter(self) -> Interpreter:
        """The reference interpreter on this case."""
        from dealerrules.engines.row import Interpreter  # noqa: PLC0415 - only who asks why waits for it

        return Interpreter(self.edition, self.subject, self.as_of, self.record, self.facts)

    def decided(self, name: str) -> Decided:
        """Return a decision with its whole trace."""
        return self.interpreter.decide(name)


def json_value(value: object) -> Json:
    """Return a value as plain JSON: amounts and ratios as text, dates ISO, never a float."""
    match value:
        case None | bool() | int() | str():
            return value
        case Title():
            return dict(value.to_dict())
        case Item():
            return item_dict(value)
        case Mapping():
            return {str(key): json_value(inner) for key, inner in value.items()}
        case tuple() | list():
            return [json_value(inner) for inner in value]
        case _:
            return None if value is ABSENT else str(value)


def item_dict(item: Item) -> dict[str, Json]:
    """Return an item as plain JSON."""
    result: dict[str, Json] = {"id": item.id, "title": dict(item.title.to_dict())}
    if item.price is not None:
        result["price"] = str(item.price.value)
    elif item.refund is not None:
        low, high, of = item.refund
        result["refund"] = {"from": str(low.value), "to": str(high.value), "of": of}
    else:
        result["value"] = str(to_yuan(item.value)) if item.value is not None else None
    return result


def public_value(value: Maybe, kind: Kind) -> object:
    """Return an engine's value as users hold it: money as Decimal yuan; absent is none."""
    if value is ABSENT or value is None:
        return None
    if kind is Kind.MONEY and isinstance(value, int):
        return to_yuan(value)
    return value


class Outcome:
    """What one decision came to for one subject on one day."""

    __slots__ = ("_case", "_extra", "model", "verdict")

    def __init__(
        self, model: AnyDecision, found: Verdict, extra: Any, case: Callable[[], Case] | None
    ) -> None:
        self.model = model
        self.verdict = found
        self._extra = extra
        self._case = case

    @property
    def case(self) -> Case | None:
        """The subject on its day, to be looked at again; none where no version is in force."""
        return self._case() if self._case is not None else None

    @property
    def decision(self) -> str:
        """The decision's name."""
        return self.model.name

    @property
    def kind(self) -> str:
        """What it decides: tier, stage, payout, offer or rules."""
        return self.model.kind

    @property
    def status(self) -> Status:
        """Decided, undetermined (unknown facts could change it) or undefined (there is no answer)."""
        return self.verdict.status

    @property
    def because(self) -> tuple[str, ...]:
        """The ids of the true rules that grant the answer."""
        return self.verdict.because

    @property
    def matched(self) -> tuple[str, ...]:
        """The ids of all true rules."""
        return self.verdict.matched

    @property
    def undetermined(self) -> tuple[str, ...]:
        """The ids of the unknown rules that could change the answer."""
        return self.verdict.undetermined

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The facts that would settle it, by name."""
        if self.case is None or self.status is Status.DECIDED:
            return ()
        return missing_facts(self.case, self._open_steps())

    @cached_property
    def reason(self) -> Reason | None:
        """Why there is no settled answer; none when it is decided."""
        if self.status is Status.DECIDED or self.case is None:
            return self.verdict.reason
        zero = over_zero(self.case, self._open_steps())
        if zero is not None and not self.missing:
            return Reason("over_zero", {"facts": zero})
        if self.missing:
            code = "unknown_facts" if self.status is Status.UNDEFINED else "unknown_rules"
            return Reason(code, {"facts": ", ".join(self.missing)})
        measure = self.case.decided(self.decision).measure
        if measure is not None and measure.value is ABSENT:
            return Reason("no_event", {"facts": said_fact(measure.expr)})
        return self.verdict.reason

    @property
    def data(self) -> Data:
        """What the policy attaches to the answer."""
        return None

    def next_steps(
        self, *, to: str | None = None, limit: int | None = 5, within: int | None = None
    ) -> tuple[NextStep, ...]:
        r"""Return the nearest ways to a better answer: the smallest sets of changes to facts that can be changed.

        They are worked out from the policy, not by trying: none is missing, and no part of one is enough.

        Args:
            to: the level, stage, band or row that is wanted; without it, any better one.
            limit: how many at most, first of those that change something, then of those that only record what is
                unknown; none for all.
            within: how much is to be done at most, such as 2 for two more visits, or for one more and another word
                (`NextStep.size`); none for any.

        Raises:
            ValueError: for an answer that the decision does not have, or where nothing says which of its answers is
                better (a rules table; a stage without `best`).
            TooLargeError: for more ways than can be looked through.

        Examples:
            >>> import dealerrules as dr
            >>> book = dr.loads("policy: p\ndecisions: {tier: {kind: tier, levels: {vip: {}, general: {}}, "
            ...                 "angles: {sales: {vip: [{id: two, when: {vehicle_referrals: {at_least: 2}}}]}}}}")
            >>> answer = book.evaluate_facts("customer", {"vehicle_referrals": 1}, as_of="2014-09-30")
            >>> [step.text() for step in answer["tier"].next_steps()]
            ['Vehicles sold through referrals 1 → 2 (1 more) → vip (sales.two)']
        """
        from dealerrules.advice.next_step import next_steps  # noqa: PLC0415 - only who asks for advice waits for it
        from dealerrules.advice.steps import Question  # noqa: PLC0415

        case = self.case
        if case is None:
            return ()
        question = Question(case.edition, case.subject, case.as_of, case.record, case.facts)
        return next_steps(question, self.decision, to=to, limit=limit, within=within)

    def _open_steps(self) -> list[Step]:
        """Return the traces of what keeps the answer open."""
        assert self.case is not None
        decided = self.case.decided(self.decision)
        steps = [
            step
            for rule, step in zip(decided.decision.rules, decided.steps, strict=True)
            if step.truth is None and (rule.id in self.undetermined or not self.undetermined)
        ]
        return [*steps, *(step for step in decided.settling if step.value is None)]

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, with stable keys."""
        reason = self.reason
        return {
            "kind": self.kind,
            "status": self.status.value,
            **self._answer_dict(),
            "because": list(self.because),
            "matched": list(self.matched),
            "undetermined": list(self.undetermined),
            "missing": list(self.missing),
            "reason": dict(reason.to_dict()) if reason is not None else None,
            "data": json_value(self.data),
        }

    def _answer_dict(self) -> dict[str, Json]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        """Tell whether two outcomes say the same."""
        if not isinstance(other, Outcome):
            return NotImplemented
        return self.decision == other.decision and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.decision, self.status, self.because))

    def __repr__(self) -> str:
        """Return the answer in one line, for a developer."""
        answer = ", ".join(f"{key}={value!r}" for key, value in self._answer_dict().items())
        return f"<{self.decision}: {self.status.value}, {answer}>"


class TierOutcome(Outcome):
    """A level, the level of each angle, and what comes with it (lower levels' benefits included)."""

    model: Tier

    @property
    def level(self) -> str | None:
        """The best level that a true rule grants; none only where the policy is not in force."""
        return self.verdict.answer

    @property
    def angles(self) -> Mapping[str, str]:
        """The granted level of each angle."""
        return dict(self.verdict.angles)

    @property
    def earned(self) -> str | None:
        """The level that the rules grant by themselves; the level that is held may be a better one, which is kept."""
        granted = {*self.verdict.angles.values()}
        return next((level.id for level in self.model.levels if level.id in granted), None)

    @cached_property
    def kept(self) -> Kept | None:
        """Since and until when the level is kept, where nothing else grants it (`keeps` in the policy); none otherwise.

        None too for ready-made facts, which say that it is kept and not since when.
        """
        case = self.case
        if case is None or self.model.keeps is None or self.level == self.earned:
            return None
        name = self.model.kept_fact(self.level or "")
        return case.interpreter.fact(name).kept

    @property
    def _held(self) -> tuple[Any, ...]:
        """The level and all below it, best first."""
        names = [level.id for level in self.model.levels]
        return self.model.levels[names.index(self.level) :] if self.level is not None else ()

    @property
    def cadence(self) -> str | None:
        """How often the customer is followed up."""
        return self._held[0].cadence if self._held else None

    @property
    def benefits(self) -> dict[str, tuple[Title, ...]]:
        """The benefits by department, the level's own first, then those of lower levels."""
        added: dict[str, tuple[Title, ...]] = {}
        for level in self._held:
            for department, texts in level.benefits.items():
                added[department] = (*added.get(department, ()), *texts)
        return added

    @property
    def follow_up(self) -> tuple[Title, ...]:
        """What the customer is contacted for, lower levels' included."""
        return tuple(text for level in self._held for text in level.follow_up)

    @property
    def data(self) -> Data:
        """What the policy attaches to the level."""
        return self._held[0].data if self._held else None

    def _answer_dict(self) -> dict[str, Json]:
        keeping: dict[str, Json] = {}
        if self.model.keeps is not None:
            keeping = {
                "earned": self.earned,
                "kept": json_value(self.kept.to_dict()) if self.kept is not None else None,
            }
        return {
            "level": self.level,
            **keeping,
            "angles": dict(self.angles),
            "cadence": self.cadence,
            "benefits": json_value(self.benefits),
            "follow_up": json_value(self.follow_up),
        }


class StageOutcome(Outcome):
    """The stage that a measure lies in."""

    model: Stage

    @property
    def stage(self) -> str | None:
        """The stage; none unless decided."""
        return self.verdict.answer

    def _measure_json(self) -> Json:
        """Return the measure; a ratio is always text, whole or not."""
        ratio = type_of(self.model.measure).kind is Kind.RATIO
        return str(self.measure) if ratio and self.measure is not None else json_value(self.measure)

    @property
    def measure(self) -> object:
        """The measured value; none where it is unknown or there is no event."""
        return public_value(self._extra, type_of(self.model.measure).kind)

    @property
    def data(self) -> Data:
        """What the policy attaches to the stage."""
        return self.model.stages[self.stage].data if self.stage is not None else None

    def _answer_dict(self) -> dict[str, Json]:
        return {"stage": self.stage, "measure": self._measure_json()}


@dataclass(frozen=True, slots=True)
class PayLine:
    """A line of a receipt: `units` at `rate`, `times` over, is `amount` (yuan); the lines sum to the total.

    `rate` is yuan a unit (or a lump); where a percentage is paid it is a Fraction, and `units` are yuan; none for an
    adjustment.
    """

    band: str
    units: int | Fraction | Decimal | None
    rate: Decimal | Fraction | None
    times: int
    amount: Decimal

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {
            "band": self.band,
            "units": json_value(self.units),
            "rate": json_value(self.rate),
            "times": self.times,
            "amount": str(self.amount),
        }


class PayoutOutcome(Outcome):
    """An amount with its receipt."""

    model: Payout

    def __init__(self, model: Payout, found: Verdict, extra: Any, case: Callable[[], Case] | None) -> None:
        if found.status is Status.DECIDED and extra is None:  # a number in it is unknown
            found = replace(found, status=Status.UNDEFINED, because=())
        super().__init__(model, found, extra, case)

    @property
    def _settled(self) -> tuple[int, tuple[Entry, ...]] | None:
        return self._extra if self.status is Status.DECIDED else None

    @property
    def amount(self) -> Decimal | None:
        """The amount in yuan, with two decimals; none when undefined."""
        return to_yuan(self._settled[0]) if self._settled is not None else None

    @property
    def band(self) -> str | None:
        """The band that pays; none where nothing is cut into bands, or the amount is undefined."""
        answer = self.verdict.answer if self._settled is not None else None
        return answer if answer in self.model.bands else None

    @property
    def lines(self) -> tuple[PayLine, ...]:
        """The receipt."""
        if self._settled is None:
            return ()
        return tuple(self._line(entry) for entry in self._settled[1])

    def _line(self, entry: Entry) -> PayLine:
        rate: Decimal | Fraction | None = None
        if entry.rate is not None:
            percent = any(
                line.rate.type.kind is Kind.RATIO
                for lines in self.model.lines.values()
                for line in lines
                if line.band == entry.band
            )
            rate = Fraction(entry.rate) if percent else to_yuan(int(entry.rate))
        units: int | Fraction | Decimal | None = entry.units
        if isinstance(rate, Fraction) and isinstance(entry.units, int):
            units = to_yuan(entry.units)
        return PayLine(entry.band, units, rate, entry.times, to_yuan(entry.amount))

    @property
    def payee(self) -> str | None:
        """Who is paid."""
        return self.model.payee

    @property
    def data(self) -> Data:
        """What the policy attaches to the band."""
        return self.model.bands[self.band].data if self.band is not None else None

    def _answer_dict(self) -> dict[str, Json]:
        return {
            "amount": str(self.amount) if self.amount is not None else None,
            "band": self.band,
            "payee": self.payee,
            "lines": [line.to_dict() for line in self.lines],
        }


class OfferOutcome(Outcome):
    """What a customer may choose, and what comes with it."""

    model: Offer

    @property
    def band(self) -> str | None:
        """The band; none when the customer is not eligible or that is undetermined (see `status`)."""
        return self.verdict.answer

    @property
    def _package(self) -> Package | None:
        return self.model.packages[self.band] if self.band is not None else None

    def _things(self, names: Iterable[str]) -> tuple[Item, ...]:
        assert self.case is not None
        return tuple(self.case.edition.items[name] for name in names)

    @property
    def options(self) -> dict[str, tuple[Item, ...]]:
        """The packages to choose one of, by letter."""
        package = self._package
        return (
            {letter: self._things(names) for letter, names in package.choose_one.items()} if package else {}
        )

    @property
    def always(self) -> tuple[Item, ...]:
        """What comes whatever is chosen."""
        return self._things(self._package.always) if self._package else ()

    @property
    def value(self) -> Decimal | None:
        """The stated value of the chosen package, in yuan."""
        stated = self._package.value if self._package else None
        return to_yuan(stated) if stated is not None else None

    @property
    def always_value(self) -> Decimal | None:
        """The stated value of what always comes, in yuan."""
        stated = self._package.always_value if self._package else None
        return to_yuan(stated) if stated is not None else None

    @property
    def data(self) -> Data:
        """What the policy attaches to the band."""
        return self.model.rule(self.band).data if self.band is not None else None

    def _answer_dict(self) -> dict[str, Json]:
        return {
            "band": self.band,
            "options": json_value(self.options),
            "always": json_value(self.always),
            "value": json_value(self.value),
            "always_value": json_value(self.always_value),
        }


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """A true row of a rules table with what it says."""

    id: str
    title: Title
    outputs: Mapping[str, object]
    data: Data

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        return {
            "id": self.id,
            "title": dict(self.title.to_dict()),
            "outputs": json_value(self.outputs),
            "data": json_value(self.data),
        }


class RulesOutcome(Outcome):
    """What a rules table says."""

    model: Rules

    def _cells(self, cells: Mapping[str, Any]) -> dict[str, object]:
        said: dict[str, object] = {}
        for output in self.model.outputs:
            cell = cells[output.id]
            if output.form == "items":
                assert self.case is not None
                said[output.id] = tuple(self.case.edition.items[name] for name in cell)
            else:
                said[output.id] = cell if output.type is None else public_value(cell, output.type.kind)
        return said

    @property
    def rows(self) -> tuple[RowOutcome, ...]:
        """The true rows that answer: all of them for `collect`, in the order written."""
        found = []
        for name in self.verdict.rows:
            rule = self.model.rule(name)
            found.append(RowOutcome(name, rule.title, self._cells(self.model.cells[name]), rule.data))
        return tuple(found)

    @property
    def value(self) -> Any:
        """The one output, or a mapping of several; for `collect` those of all rows, lists joined into one."""
        if self.model.hit == "collect":
            said = [row.outputs for row in self.rows]
            if not said and self.verdict.cells is not None:
                said = [self._cells(self.verdict.cells)]
            joined = {output.id: _joined([each[output.id] for each in said]) for output in self.model.outputs}
            return self._one(joined)
        return None if self.verdict.cells is None else self._one(self._cells(self.verdict.cells))

    def _one(self, outputs: Mapping[str, object]) -> object:
        return next(iter(outputs.values())) if len(self.model.outputs) == 1 else outputs

    @property
    def data(self) -> Data:
        """What the policy attaches to the row, when there is just one."""
        return self.rows[0].data if len(self.rows) == 1 else None

    def _answer_dict(self) -> dict[str, Json]:
        return {"value": json_value(self.value), "rows": [row.to_dict() for row in self.rows]}


def _joined(values: list[object]) -> tuple[object, ...]:
    return tuple(item for value in values for item in (value if isinstance(value, tuple) else (value,)))


AnyOutcome = TierOutcome | StageOutcome | PayoutOutcome | OfferOutcome | RulesOutcome


def undefined(model: AnyDecision, reason: Reason) -> AnyOutcome:
    """Return the outcome of a decision that has no answer for a reason that lies outside its rules."""
    return outcome_class(model)(model, Verdict(Status.UNDEFINED, (), (), (), reason=reason), None, None)


def outcome_class(model: AnyDecision) -> Callable[..., AnyOutcome]:
    """Return the class of a decision's outcomes."""
    match model:
        case Tier():
            return TierOutcome
        case Stage():
            return StageOutcome
        case Payout():
            return PayoutOutcome
        case Offer():
            return OfferOutcome
        case Rules():
            return RulesOutcome
        case _:
            assert_never(model)


# ---------------------------------------------------------------------------------------------------
# What is missing


def said_fact(expr: Expr) -> str:
    """Return the name of the fact that an expression reads, for messages."""
    return expr.name if isinstance(expr, Fact) else "?"


def missing_facts(case: Case, steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the facts whose recording would settle some unknown steps, by name."""
    found = set()
    for step in _leaves(case, steps):
        read = step.expr
        if isinstance(read, Fact | Answer):  # no recording settles a division by 0
            found.add(read.name if isinstance(read, Fact) else read.decision)
    return tuple(sorted(found))


def over_zero(case: Case, steps: Iterable[Step]) -> str | None:
    """Return the name of a divisor that is 0, if that is what leaves a step without value."""
    for step in _leaves(case, steps):
        if isinstance(step.expr, Arithmetic):
            return said_fact(step.expr.right)
    return None


def _leaves(case: Case, steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the lowest unknown steps: facts that are not recorded, and divisions by 0."""
    for step in steps:
        if step.value is not None:
            continue
        match step.expr:
            case Fact():
                inner = list(_leaves(case, step.parts))
                yield from inner or [step]
            case LevelIn():
                yield from _leaves(case, [rule_step for _, rule_step in case.interpreter.rules_of(step.expr)])
            case Answer(decision=name):
                decided = case.decided(name)
                yield from (
                    _leaves(case, [*decided.steps, *decided.settling]) if step.cause is None else [step]
                )
            case Reached() if case.record is not None:
                yield from _leaves_then(case, step.expr)
            case Arithmetic() if step.cause == "over_zero":
                yield step
            case _:
                yield from _leaves(case, step.parts)


def _leaves_then(case: Case, expr: Reached) -> Iterator[Step]:
    """Yield what left open whether a level was reached, on each of the days before on which it may have been."""
    for look in case.interpreter.past(expr):
        if look.best < look.sure:
            then = Case(look.stretch.edition, case.subject, look.first, case.record, {})
            yield from _leaves(then, [step for _, step in case.interpreter.rules_then(expr.decision, look)])
