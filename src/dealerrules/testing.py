"""Testing policies: worked cases in YAML, and which thresholds they cover.

Place in the flow: beside the book; `*.cases.yaml` files say what must come out for a record on a day, and are
run against the policies beside them, by ``dealerrules test`` and by pytest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from dealerrules.diagnostics import PolicyError, Severity, nearest_word
from dealerrules.expr import All, Compare, Constant, Expr, Fact, LevelIn, type_of, walk
from dealerrules.faults import RecordError
from dealerrules.outcome import (
    Case,
    OfferOutcome,
    Outcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
)
from dealerrules.policy.compile import CASES_SUFFIX
from dealerrules.policy.fields import Day, Identifier, Many, Raw, Shape, Table, Text, known_words
from dealerrules.policy.model import Item, Rule, Title
from dealerrules.policy.parse import ListNode, MapNode, Node, parse, read_file
from dealerrules.policy.phrases import phrase
from dealerrules.policy.reading import joined, mended_shape
from dealerrules.policy.scope import Report
from dealerrules.records import SUBJECTS
from dealerrules.values import QUANTITIES, Kind, Type, read_literal, show, to_yuan

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from dealerrules.book import Answer, PolicyBook
    from dealerrules.engines.row import Interpreter, Step

EXPECTATIONS = (
    "status",
    "level",
    "angles",
    "stage",
    "measure",
    "amount",
    "band",
    "lines",
    "value",
    "options",
    "always",
    "always_value",
    "rows",
    "because",
    "matched",
    "undetermined",
    "missing",
)
_UNORDERED = {"because", "matched", "undetermined", "missing"}


class CaseShape(Shape):
    """One worked case."""

    name: Text
    as_of: Day
    subject: Identifier = "customer"
    given: Raw = None
    facts: Raw = None
    expect: Table[Raw]


class CasesShape(Shape):
    """A file of worked cases."""

    cases: Many[CaseShape]


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """A worked case: a record or ready-made facts on a day, and what must come out."""

    name: str
    place: str
    as_of: date
    subject: str
    record: Mapping[str, object] | None
    facts: Mapping[str, object]
    expect: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a case expected and what came out instead."""

    decision: str
    key: str
    expected: object
    found: object

    def __str__(self) -> str:
        """Return it in one line, in English."""
        return self.text()

    def text(self, lang: str = "en") -> str:
        """Return it in one line, in Chinese (``zh``) or English (``en``)."""
        expected, found = _written(self.expected), _written(self.found)
        if lang == "zh":
            return f"{self.decision}.{self.key}：应为 {expected}，实为 {found}"
        return f"{self.decision}.{self.key}: expected {expected}, came out {found}"


def _written(value: object) -> str:
    """Return a plain value as a case would write it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case Mapping():
            return "{" + ", ".join(f"{key}: {_written(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_written, value)) + "]"
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case: nothing wrong, differences, or an error of its record."""

    case: PolicyCase
    differences: tuple[Difference, ...] = ()
    error: RecordError | None = None
    answer: Answer | None = None

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.differences and self.error is None


@dataclass(slots=True)
class Threshold:
    """A number that rules compare with, and on which sides of it cases stand: -1 below, 0 on, 1 above."""

    decision: str
    rule: str
    place: str
    test: Compare
    sides: set[int] = field(default_factory=set)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The sides on which no case stands; nothing lies below 0 but dates and plain numbers."""
        constant = self.test.right
        assert isinstance(constant, Constant)
        lowest = constant.value == 0 and constant.type.kind is not Kind.NUMBER
        sides = ((-1, "below"), (0, "on"), (1, "above"))
        return tuple(name for side, name in sides if side not in self.sides and not (lowest and side < 0))

    @property
    def covered(self) -> bool:
        """Whether there are cases below, on and above it."""
        return not self.lacking

    def __str__(self) -> str:
        """Return the threshold and the sides where no case stands, in English."""
        return self.text()

    def text(self, lang: str = "en") -> str:
        """Return the threshold and the sides where no case stands, in Chinese (``zh``) or English (``en``)."""
        constant = self.test.right
        assert isinstance(constant, Constant)
        value = show(constant.value, constant.type.kind, lang)
        fact = self.test.left.name if isinstance(self.test.left, Fact) else type(self.test.left).__name__
        at = f"{self.decision} {self.rule}: {fact} {self.test.how.value} {value} ({self.place})"
        if lang == "zh":
            return f"{at}，没有这样的样例：{'、'.join(_SIDES[side] for side in self.lacking)}"
        return f"{at}: no case {', '.join(self.lacking)}"


_SIDES = {"below": "低于", "on": "正好等于", "above": "高于"}


@dataclass(frozen=True, slots=True)
class TestReport:
    """The results of all cases, and every threshold of the policies."""

    __test__ = False  # not a test of pytest's
    results: tuple[CaseResult, ...]
    thresholds: tuple[Threshold, ...]

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        """The cases that did not come out as expected."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def uncovered(self) -> tuple[Threshold, ...]:
        """Thresholds with no case below, on or above."""
        return tuple(each for each in self.thresholds if not each.covered)


# ---------------------------------------------------------------------------------------------------
# Reading


def case_files(paths: Iterable[Path]) -> list[Path]:
    """Return the case files of some paths: files as given, and directories' ``*.cases.yaml``."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob(f"*{CASES_SUFFIX}")) if path.is_dir() else [path]
    return [path for path in found if path.name.endswith(CASES_SUFFIX)]


def load_cases(paths: Iterable[Path], book: PolicyBook) -> list[PolicyCase]:
    """Read case files against the policies that they are about.

    Raises:
        PolicyError: with every mistake in the files.
    """
    report = Report()
    cases: list[PolicyCase] = []
    for path in case_files(paths):
        source, faults = read_file(path, path.as_posix())
        report.extend(faults)
        if source is None:
            continue
        node, faults = parse(source)
        report.extend(faults)
        if node is None:
            continue
        node, faults = joined(node)
        report.extend(faults)
        shape, faults = mended_shape(CasesShape, node)
        report.extend(faults)
        cases += [case for each in shape.cases if (case := _case(each, book, report)) is not None]
    if any(each.severity is Severity.ERROR for each in report.diagnostics):
        raise PolicyError(report.diagnostics)
    return cases


def _case(shape: CaseShape, book: PolicyBook, report: Report) -> PolicyCase | None:
    before = report.said
    if shape.broken("subject"):
        return None
    if shape.subject not in SUBJECTS:
        words = known_words(SUBJECTS)
        report.add(
            "DR314",
            shape.span("subject"),
            name=shape.subject,
            words=words,
            nearest=nearest_word(shape.subject, SUBJECTS),
        )
        return None
    if (shape.given is None) == (shape.facts is None):
        report.add("DR601", shape.key_span("name"))
        return None
    expect = {name: _expected(shape, name, node, book, report) for name, node in shape.expect.items()}
    record = None
    if shape.given is not None:
        record = _record(shape.given, shape.subject)
    facts = {} if shape.facts is None else _facts(shape.facts, shape.subject, book)
    if report.said > before:
        return None
    return PolicyCase(shape.name, shape.span("name").short, shape.as_of, shape.subject, record, facts, expect)


def _expected(shape: CaseShape, name: str, node: Node, book: PolicyBook, report: Report) -> dict[str, object]:
    decisions = [each for each, made in book.decisions.items() if made.subject == shape.subject]
    if name not in decisions:
        at = shape.key_span("expect", name)
        report.add("DR602", at, name=name, subject=shape.subject, nearest=nearest_word(name, decisions))
        return {}
    if not isinstance(node, MapNode):
        report.not_this(node, phrase("a mapping (`key: value`)"))
        return {}
    for key, _ in node.entries:
        if key.text not in EXPECTATIONS:
            known = known_words(EXPECTATIONS)
            report.add("DR201", key, key=key.text, known=known, nearest=nearest_word(key.text, EXPECTATIONS))
    return {key.text: _plain(value) for key, value in node.entries}


def _plain(node: Node) -> Any:
    """Return a node as plain values; numbers, amounts and dates by how they are written."""
    if isinstance(node, MapNode):
        return {key.text: _plain(value) for key, value in node.entries}
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    if node.quoted and not node.text.endswith(" yuan"):
        return node.text
    if node.text in {"true", "false"}:
        return node.text == "true"
    if node.text == "":
        return None
    try:
        literal = read_literal(node.text)
    except ValueError:
        return node.text
    match literal.kind:
        case Kind.MONEY:
            assert isinstance(literal.value, int)
            return to_yuan(literal.value)
        case Kind.DATE:
            return node.text
        case Kind.NUMBER:
            return Decimal(node.text.replace(",", ""))
        case _:
            return literal.value


def _record(node: Node, subject: str) -> dict[str, object]:
    """Return a `given` as a record; an id that is left out is filled in."""
    plain = _plain(node)
    meta = SUBJECTS[subject]
    if not isinstance(plain, dict):
        return {meta.id_field: "case", "given": plain}
    record = _typed(plain, meta.fields)
    for table, table_meta in meta.tables.items():
        if isinstance(plain.get(table), list):
            record[table] = [
                _typed(event, table_meta.fields) if isinstance(event, dict) else event
                for event in plain[table]
            ]
    return {meta.id_field: "case", **record}


def _typed(plain: Mapping[str, Any], fields: Mapping[str, Type]) -> dict[str, object]:
    """Return values as records want them: texts as text, even where they look like numbers."""
    return {name: _as_type(value, fields[name]) if name in fields else value for name, value in plain.items()}


def _as_type(value: object, type_: Type) -> object:
    if (
        type_.kind in {Kind.TEXT, Kind.CATEGORY}
        and isinstance(value, int | Fraction)
        and not isinstance(value, bool)
    ):
        return str(value)
    if type_.kind in {Kind.DISTANCE, Kind.NUMBER, Kind.MONEY} and isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return value


def _facts(node: Node, subject: str, book: PolicyBook) -> dict[str, object]:
    plain = _plain(node)
    if not isinstance(plain, dict):
        return {"facts": plain}
    known = book.facts[subject]
    return {
        name: _as_type(value, known[name].type) if name in known else value for name, value in plain.items()
    }


# ---------------------------------------------------------------------------------------------------
# Running


def run_case(book: PolicyBook, case: PolicyCase) -> CaseResult:
    """Run one case."""
    names = tuple(case.expect)
    try:
        if case.record is not None:
            answer = book.evaluate(case.record, as_of=case.as_of, subject=case.subject, decisions=names)
        else:
            answer = book.evaluate_facts(case.subject, case.facts, as_of=case.as_of, decisions=names)
        found = [
            Difference(name, key, expected, came)
            for name, wanted in case.expect.items()
            for key, expected in wanted.items()
            if not _same(key, expected, came := came_out(answer[name], key))
        ]
    except RecordError as error:
        return CaseResult(case, error=error)
    return CaseResult(case, tuple(found), answer=answer)


def run_cases(book: PolicyBook, cases: Iterable[PolicyCase]) -> TestReport:
    """Run cases and see which thresholds they cover."""
    results = tuple(run_case(book, case) for case in cases)
    return TestReport(results, tuple(_coverage(book, results)))


def came_out(outcome: Outcome, key: str) -> object:
    """Return what a case may assert of an outcome, in plain values; none where the kind has no such thing."""
    match outcome, key:
        case (_, "status"):
            return outcome.status.value
        case (_, "because" | "matched" | "undetermined" | "missing"):
            return list(getattr(outcome, key))
        case (TierOutcome(), "level" | "angles"):
            found = getattr(outcome, key)
            return dict(found) if isinstance(found, Mapping) else found
        case (StageOutcome(), "stage" | "measure"):
            return getattr(outcome, key)
        case (PayoutOutcome(), "amount" | "band"):
            return getattr(outcome, key)
        case (PayoutOutcome(), "lines"):
            return [
                {
                    "band": each.band,
                    "units": each.units,
                    "rate": each.rate,
                    "times": each.times,
                    "amount": each.amount,
                }
                for each in outcome.lines
            ]
        case (OfferOutcome(), "band" | "value" | "always_value"):
            return getattr(outcome, key)
        case (OfferOutcome(), "options"):
            return {letter: [item.id for item in items] for letter, items in outcome.options.items()}
        case (OfferOutcome(), "always"):
            return [item.id for item in outcome.always]
        case (RulesOutcome(), "value"):
            return _said(outcome.value)
        case (RulesOutcome(), "rows"):
            return [row.id for row in outcome.rows]
        case _:
            return None


def _said(value: object) -> object:
    match value:
        case Item():
            return value.id
        case Title():
            return dict(value.to_dict())
        case tuple():
            return [_said(each) for each in value]
        case Mapping():
            return {key: _said(each) for key, each in value.items()}
        case _:
            return value


def _same(key: str, expected: object, found: object) -> bool:
    if expected == "none" and found is None:
        return True
    if key in _UNORDERED and isinstance(expected, list) and isinstance(found, list):
        return sorted(map(str, expected)) == sorted(map(str, found))
    if key == "lines" and isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(
            isinstance(want, dict) and all(each.get(name) == value for name, value in want.items())
            for want, each in zip(expected, found, strict=True)
        )
    return expected == found


# ---------------------------------------------------------------------------------------------------
# Coverage


def _coverage(book: PolicyBook, results: Iterable[CaseResult]) -> Iterable[Threshold]:
    """Return every threshold of the book's rules with the sides on which cases stand."""
    found: dict[_Key, Threshold] = {}
    for name, decision in book.decisions.items():
        for rule in decision.rules:
            for node in walk(rule.when):
                if _is_threshold(node):
                    assert isinstance(node, Compare)
                    found.setdefault(_key(name, rule, node), Threshold(name, rule.id, rule.place, node))
    for result in results:
        if result.answer is not None:
            for name in result.case.expect:
                case = result.answer[name].case
                if case is not None:
                    _see(case, name, found)
    return found.values()


_Key = tuple[str, Expr, object, object]


def _key(decision: str, rule: Rule, test: Compare) -> _Key:
    """Return what makes a threshold one: its decision, fact and number, and the group of bands it stands in."""
    assert isinstance(test.right, Constant)
    items = rule.when.items if isinstance(rule.when, All) else ()
    group = [each.right for each in items if isinstance(each, Compare) and not _is_threshold(each)]
    words = tuple(each.value for each in group if isinstance(each, Constant) and isinstance(each.value, str))
    return decision, test.left, test.right.value, words


def _is_threshold(node: object) -> bool:
    if not isinstance(node, Compare) or not isinstance(node.right, Constant):
        return False
    return type_of(node.left).kind in QUANTITIES


def _see(case: Case, name: str, found: Mapping[_Key, Threshold]) -> None:
    interpreter: Interpreter = case.interpreter
    decided = interpreter.decide(name)
    for rule, step in zip(decided.decision.rules, decided.steps, strict=True):
        stack: list[Step] = [step]
        while stack:
            at = stack.pop()
            stack.extend(at.parts if not isinstance(at.expr, Fact | LevelIn) else ())
            if isinstance(at.expr, Compare) and _is_threshold(at.expr):
                threshold = found[_key(name, rule, at.expr)]
                left, right = at.parts[0].value, at.parts[1].value
                if isinstance(left, type(right) | int | Fraction):
                    threshold.sides.add((left > right) - (left < right))  # type: ignore[operator]
