"""Coverage: what worked cases show of the policies, and what no case shows yet.

Place in the flow: behind ``cases``. What there is to show is read off the policies; what a case shows, off its trace
by the reference interpreter: which rules were true, false and unknown, which answers were given, and on which side of
every number the case stands.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeGuard, assert_never

from dealerrules.cases.running import run_case
from dealerrules.cases.targets import EDGES, LAST, SIDES, TRUTHS, Target, TestReport
from dealerrules.engines.row import Interpreter
from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    Before,
    Compare,
    Constant,
    Elapsed,
    Expr,
    Fact,
    IsAbsent,
    Known,
    LevelIn,
    Member,
    Window,
    children,
    type_of,
    walk,
    window_start,
)
from dealerrules.policy.model import Offer, Payout, Rules, Stage, Tier, expressions
from dealerrules.records import TABLES
from dealerrules.values import ABSENT, QUANTITIES, Kind, Type, days_before, show
from dealerrules.verdict import Status
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from dealerrules.book import PolicyBook
    from dealerrules.cases.running import CaseResult, PolicyCase
    from dealerrules.engines.row import Decided, Step
    from dealerrules.outcome import Outcome
    from dealerrules.policy.model import AnyDecision, Edition, FactDefinition, Rule


def run_cases(book: PolicyBook, cases: Iterable[PolicyCase]) -> TestReport:
    """Run cases and see what they show of the policies."""
    results = tuple(run_case(book, case) for case in cases)
    coverage = Coverage(book)
    for result in results:
        coverage.see(result)
    return TestReport(results, coverage.targets)


class Coverage:
    """Everything that cases can show of a book's policies, and what those seen so far do show."""

    def __init__(self, book: PolicyBook) -> None:
        self._found: dict[object, Target] = {}
        self._read: dict[int, dict[str, tuple[FactDefinition, ...]]] = {}
        for edition in book.editions:
            own = self._read[id(edition)] = {}
            for name, decision in edition.decisions.items():
                self._decision(edition, decision)
                own[name] = tuple(read_definitions(edition, decision))
                for definition in own[name]:
                    self._definition(edition, definition)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Everything there is to show."""
        return tuple(self._found.values())

    def see(self, result: CaseResult) -> set[tuple[int, str]]:
        """Note what a case shows; what is new of it is returned, for who looks for cases that add something."""
        new: set[tuple[int, str]] = set()
        if result.answer is None:
            return new
        for name in result.case.expect:
            for key, shown in self._shown(result.answer[name]):
                target = self._found.get(key)
                if target is not None and shown in target.wanted and shown not in target.seen:
                    target.seen.add(shown)
                    new.add((id(target), shown))
        return new

    # --- what there is to show ---

    def _add(self, key: object, target: Target) -> None:
        self._found.setdefault(key, target)

    def _decision(self, edition: Edition, decision: AnyDecision) -> None:
        name = decision.name
        open_ = False
        for rule in decision.rules:
            can_be_unknown = any(_can_be_unknown(node) for node in _atoms(rule.when))
            open_ = open_ or can_be_unknown
            wanted = TRUTHS if can_be_unknown else TRUTHS[:2] if rule.when != All(()) else TRUTHS[:1]
            self._add(("rule", name, rule.id), Target("rule", name, rule.id, rule.place, ("", ""), wanted))
            if is_kept_rule(decision, rule):
                target = Target("kept", name, rule.answer, rule.place, _kept_for(edition, decision), LAST)
                self._add(("kept", name, rule.answer), target)
                continue
            for node in _atoms(rule.when):
                self._atom(edition, decision.subject, name, rule.id, rule.place, node, _group(rule))
        for answer, place in _answers(decision):
            self._add(("answer", name, answer), Target("answer", name, answer, place, ("", ""), ("given",)))
        statuses = _statuses(decision, open_=open_)
        self._add(("status", name), Target("status", name, "", decision.place, ("", ""), statuses))

    def _definition(self, edition: Edition, definition: FactDefinition) -> None:
        for aggregate in _aggregates(definition.expr):
            for part in (aggregate.where, aggregate.that):
                for node in _atoms(part) if part is not None else ():
                    subject, name = definition.subject, definition.name
                    self._atom(edition, subject, name, "", definition.place, node, ())
            if aggregate.within is not None:
                target = Target(
                    "window",
                    definition.name,
                    "",
                    definition.place,
                    _limit(aggregate.within),
                    EDGES,
                )
                self._add(_window_key(definition, aggregate.within), target)

    def _atom(
        self,
        edition: Edition,
        subject: str,
        owner: str,
        part: str,
        place: str,
        node: Expr,
        group: tuple[str, ...],
    ) -> None:
        """Add a single test: a number has three sides, every other test two truths."""
        said = _said(edition, subject, node)
        if is_threshold(node):
            constant = node.right
            assert isinstance(constant, Constant)
            lowest = constant.value == 0 and _never_negative(node.left, constant.type)
            wanted = SIDES[1:] if lowest else SIDES
            self._add(_key(owner, node, group), Target("threshold", owner, part, place, said, wanted))
        else:
            self._add(
                ("condition", owner, part, node), Target("condition", owner, part, place, said, TRUTHS[:2])
            )

    # --- what a case shows ---

    def _shown(self, outcome: Outcome) -> Iterator[tuple[object, str]]:
        name, case = outcome.decision, outcome.case
        yield ("status", name), outcome.status.value
        if case is None:
            return
        interpreter = case.interpreter
        decided = interpreter.decide(name)
        for rule, step in zip(decided.decision.rules, decided.steps, strict=True):
            yield ("rule", name, rule.id), _truth(step)
            if is_kept_rule(decided.decision, rule):
                yield from _kept(interpreter, decided, rule, step)
            else:
                yield from _tests(step, name, rule.id, _group(rule))
        for answer in _given(outcome):
            yield ("answer", name, answer), "given"
        for definition in self._read.get(id(case.edition), {}).get(name, ()):
            yield from _events(interpreter, definition)


def is_kept_rule(decision: AnyDecision, rule: Rule) -> bool:
    """Tell whether a rule says that a level is kept; nobody wrote it."""
    return isinstance(decision, Tier) and rule.angle is None


def is_threshold(node: object) -> TypeGuard[Compare]:
    """Tell whether a node compares a quantity with a number of the policy."""
    if not isinstance(node, Compare) or not isinstance(node.right, Constant):
        return False
    return type_of(node.left).kind in QUANTITIES


def read_definitions(
    edition: Edition, decision: AnyDecision, *, builtin: bool = False
) -> Iterator[FactDefinition]:
    """Yield the policy's own facts that a decision reads, directly or through others; with `builtin` all of them."""
    stack = list(expressions(decision))
    seen: set[str] = set()
    while stack:
        for node in walk(stack.pop()):
            name = (
                node.name if isinstance(node, Fact) else node.decision if isinstance(node, Answer) else None
            )
            if name is None or name in seen:
                continue
            seen.add(name)
            if isinstance(node, Answer):
                stack += expressions(edition.decisions[name])
                continue
            definition = edition.fact(decision.subject, name)
            stack.append(definition.expr)
            if builtin or not definition.builtin:
                yield definition


def _never_negative(left: Expr, type_: Type) -> bool:
    """Tell whether nothing lies below 0: dates and plain numbers may, and time until a day that has passed."""
    return type_.kind is not Kind.NUMBER and not isinstance(left, Elapsed)


def _key(owner: str, test: Compare, group: tuple[str, ...]) -> object:
    """Return what makes a threshold one: its owner, fact and number, and the group of bands it stands in."""
    assert isinstance(test.right, Constant)
    return "threshold", owner, test.left, test.right.value, group


def _window_key(definition: FactDefinition, window: Window) -> object:
    return "window", definition.subject, definition.name, window


def _group(rule: Rule) -> tuple[str, ...]:
    """Return the words that a rule asks for beside its numbers: bands by cadence are groups of their own."""
    items = rule.when.items if isinstance(rule.when, All) else ()
    group = [each.right for each in items if isinstance(each, Compare) and not is_threshold(each)]
    return tuple(each.value for each in group if isinstance(each, Constant) and isinstance(each.value, str))


def _atoms(condition: Expr) -> Iterator[Expr]:
    """Yield the single tests that a condition is made of."""
    for node in walk(condition):
        if isinstance(node, Compare | Member | Known | IsAbsent | LevelIn):
            yield node


def _can_be_unknown(node: Expr) -> bool:
    return not isinstance(node, Known) and any(
        isinstance(each, Fact | Answer | LevelIn) for each in walk(node)
    )


def _aggregates(expr: Expr) -> Iterator[Aggregate]:
    """Yield what looks at events on the day itself; what stands behind `before` is of another day."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Aggregate):
            yield node
        elif isinstance(node, Before):
            stack.append(node.event)
        else:
            stack.extend(children(node))


def _answers(decision: AnyDecision) -> Iterator[tuple[str, str]]:
    """Yield what a decision can give, with its place."""
    match decision:
        case Tier():
            granting = {rule.answer: rule.place for rule in reversed(decision.rules)}
            yield from ((level.id, granting.get(level.id, decision.place)) for level in decision.levels)
        case Stage() | Payout():
            yield from ((rule.id, rule.place) for rule in decision.rules)
        case Offer():
            yield from ((rule.id, rule.place) for rule in decision.rules)
            yield NOTHING, decision.place
        case Rules():
            yield from ((rule.id, rule.place) for rule in decision.rules)
            if decision.otherwise is not None:
                yield OTHERWISE, decision.place
        case _:
            assert_never(decision)


NOTHING: Final = "(not eligible)"
OTHERWISE: Final = "(otherwise)"


def _given(outcome: Outcome) -> tuple[str, ...]:
    """Return what an outcome gives, in the words of `_answers`."""
    if outcome.status is Status.UNDEFINED:
        return ()
    found = outcome.verdict
    match outcome.model:
        case Tier() | Stage() | Payout():
            return () if found.answer is None else (found.answer,)
        case Offer():
            if found.answer is not None:
                return (found.answer,)
            return (NOTHING,) if outcome.status is Status.DECIDED else ()
        case Rules():
            if found.rows or outcome.status is not Status.DECIDED:
                return found.rows
            return (OTHERWISE,) if not found.matched and found.cells is outcome.model.otherwise else ()
        case _:
            assert_never(outcome.model)


def _statuses(decision: AnyDecision, *, open_: bool) -> tuple[str, ...]:
    """Return the statuses that cases should show: unknown facts leave a payout undefined, the others undetermined."""
    decided, undetermined, undefined = (each.value for each in Status)
    wanted = [decided]
    if open_ and not isinstance(decision, Payout):
        wanted.append(undetermined)
    match decision:
        case Payout():
            wanted += [undefined] if open_ else []
        case Stage():
            closed = any(isinstance(rule.when, IsAbsent) for rule in decision.rules)
            wanted += [] if closed else [undefined]
        case Tier() | Offer() | Rules():
            pass
        case _:
            assert_never(decision)
    return tuple(wanted)


def _truth(step: Step) -> str:
    return {True: "true", False: "false", None: "unknown"}[step.truth]


def _tests(step: Step, owner: str, part: str, group: tuple[str, ...]) -> Iterator[tuple[object, str]]:
    """Yield what the single tests below a step came to."""
    stack: list[Step] = [step]
    while stack:
        at = stack.pop()
        if not isinstance(at.expr, Compare | Member | Known | IsAbsent | LevelIn):
            stack.extend(at.parts if not isinstance(at.expr, Fact) else ())
        elif isinstance(at.expr, Compare) and is_threshold(at.expr):
            left, right = at.parts[0].value, at.parts[1].value
            if left is not None and left is not ABSENT:
                yield _key(owner, at.expr, group), SIDES[1 + (left > right) - (left < right)]  # type: ignore[operator]
        elif at.truth is not None:
            yield ("condition", owner, part, at.expr), _truth(at)


def _events(interpreter: Interpreter, definition: FactDefinition) -> Iterator[tuple[object, str]]:
    """Yield what the events of a record show of a policy's own fact."""
    record = interpreter.record
    if record is None:
        return
    for aggregate in _aggregates(definition.expr):
        table = TABLES[aggregate.table]
        for event in getattr(record, aggregate.table):
            day = getattr(event, table.date_field)
            excluded = any(getattr(event, name) in words for name, words in table.excluded)
            if day is None or excluded or day > interpreter.as_of:
                continue
            edge = window_start(aggregate.within, interpreter.as_of)
            if aggregate.within is not None and edge is not None:
                near = {edge: EDGES[1], edge + timedelta(days=1): EDGES[0]}
                shown = near.get(day, EDGES[2] if day < edge else "inside")
                yield _window_key(definition, aggregate.within), shown
            for part in (aggregate.where, aggregate.that):
                if part is not None:
                    yield from _tests(interpreter.step(part, event), definition.name, "", ())


def _kept(interpreter: Interpreter, decided: Decided, rule: Rule, step: Step) -> Iterator[tuple[object, str]]:
    """Yield at which end of the time for which a level is kept a record stands, where it makes the difference."""
    tier, day = decided.decision, interpreter.as_of
    assert isinstance(tier, Tier)
    if interpreter.record is None:
        return
    key = ("kept", tier.name, rule.answer)
    levels = [level.id for level in tier.levels]
    if rule.id in decided.verdict.because and _ends(step, days_before(day, -1)):
        yield key, LAST[0]
    lower = levels.index(str(decided.verdict.answer)) > levels.index(rule.answer)
    if lower and day > interpreter.edition.start:
        eve = Interpreter(interpreter.edition, interpreter.subject, days_before(day, 1), interpreter.record)
        if _ends(eve.rule_step(rule), day):
            yield key, LAST[1]


def _ends(step: Step, day: date) -> bool:
    """Tell whether a level is kept by a step of which the time is over on a day."""
    return any(each.kept is not None and each.kept.until == day for each in _below(step))


def _below(step: Step) -> Iterator[Step]:
    stack = [step]
    while stack:
        at = stack.pop()
        yield at
        stack.extend(at.parts)


def _kept_for(edition: Edition, decision: AnyDecision) -> tuple[str, str]:
    """Return for how long a level is kept, in Chinese and English."""
    assert isinstance(decision, Tier)
    assert decision.keeps is not None
    time = decision.keeps.months
    zh, en = (Wording(edition, decision.subject, lang).say(time) for lang in ("zh", "en"))
    return f"保留{zh}", f"kept for {en}"


def _limit(window: Window) -> tuple[str, str]:
    """Return a window in words, in Chinese and English."""
    if window.size is None:
        return f"calendar: {window.period}", f"calendar: {window.period}"
    size, kind = window.size.value, window.size.type.kind
    return f"{show(size, kind, 'zh')}内", f"within {show(size, kind)}"


def _said(edition: Edition, subject: str, node: Expr) -> tuple[str, str]:
    """Return a test in words, in Chinese and English; a number's as policies write it."""
    zh, en = (Wording(edition, subject, lang) for lang in ("zh", "en"))
    if not is_threshold(node):
        return zh.say(node), en.say(node)
    assert isinstance(node, Compare)
    assert isinstance(node.right, Constant)
    return tuple(  # type: ignore[return-value]
        " ".join(
            (
                node.left.name if isinstance(node.left, Fact) else each.say(node.left),
                node.how.value,
                show(node.right.value, node.right.type.kind, each.lang),
            )
        )
        for each in (zh, en)
    )
