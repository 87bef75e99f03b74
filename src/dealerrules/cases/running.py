"""Cases: worked examples in YAML, what must come out for a record on a day; reading them, and running them.

Place in the flow: beside the book; `*.cases.yaml` files are read against the policies beside them and run by
``dealerrules test`` and by pytest. What they cover is for ``coverage``, what they would notice for ``mutation``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dealerrules.cases.expectations import (
    ADVICE,
    OF_EVERY_KIND,
    OF_KIND,
    Difference,
    differences,
    differences_of_advice,
    written,
)
from dealerrules.diagnostics import PolicyError, Severity, nearest_word
from dealerrules.faults import RecordError
from dealerrules.pages import plain as printed
from dealerrules.policy.compile import CASES_SUFFIX
from dealerrules.policy.fields import Day, Identifier, Many, Raw, Shape, Table, Text, known_words
from dealerrules.policy.making import plain
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, parse, read_file
from dealerrules.policy.phrases import phrase
from dealerrules.policy.reading import joined, mended_shape
from dealerrules.policy.scope import Report
from dealerrules.records import SUBJECTS
from dealerrules.values import ABSENT, Kind, Type, read_literal, to_yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from dealerrules.answer import Answer
    from dealerrules.book import PolicyBook
    from dealerrules.policy.model import Edition


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

    def text(self, lang: str = "en") -> str:
        """Return what went wrong, in full: the case, each difference, and why it came out so."""
        lines = [f"{'未通过' if lang == 'zh' else 'FAILED'} {self.case.place}: {printed(self.case.name)}"]
        for each in [self.error] if self.error is not None else self.differences:
            lines += [f"    {printed(line)}" for line in each.text(lang).split("\n")]
        if self.answer is not None:
            changed = sorted({each.decision for each in self.differences})
            explanation = self.answer.explain(lang, decisions=changed, advice=False)
            lines += [f"    | {line}".rstrip() for line in explanation.text.splitlines()]
        return "\n".join(lines)

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "name": self.case.name,
            "place": self.case.place,
            "passed": self.passed,
            "differences": [
                {
                    "decision": each.decision,
                    "key": each.key,
                    "expected": written(each.expected),
                    "found": written(each.found),
                }
                for each in self.differences
            ],
            "error": None if self.error is None else self.error.text(lang),
        }


# ---------------------------------------------------------------------------------------------------
# Reading


def case_files(paths: Iterable[Path]) -> list[Path]:
    """Return the case files of some paths: files as given, and directories' ``*.cases.yaml``."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob(f"*{CASES_SUFFIX}")) if os.path.isdir(path) else [path]  # noqa: PTH112 - it never raises
    return [path for path in found if path.name.endswith(CASES_SUFFIX)]


def policies_among(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that are not case files: a case file may be given beside the policies that it is about."""
    return [path for path in paths if not path.name.endswith(CASES_SUFFIX)]


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
    facts = {} if shape.facts is None else _facts(shape.facts, shape, book)
    if report.said > before:
        return None
    return PolicyCase(shape.name, shape.span("name").short, shape.as_of, shape.subject, record, facts, expect)


def _expected(shape: CaseShape, name: str, node: Node, book: PolicyBook, report: Report) -> dict[str, object]:
    decisions = {each: made for each, made in book.decisions.items() if made.subject == shape.subject}
    if name not in decisions:
        at = shape.key_span("expect", name)
        report.add("DR602", at, name=name, subject=shape.subject, nearest=nearest_word(name, decisions))
        return {}
    if not isinstance(node, MapNode):
        report.not_this(node, phrase("a mapping (`key: value`)"))
        return {}
    kind = decisions[name].kind
    keys = (*OF_KIND[kind], *OF_EVERY_KIND, *ADVICE)
    known = known_words(keys, keep_order=True)
    for key, _ in node.entries:
        if key.text in keys:
            continue
        if any(key.text in others for others in OF_KIND.values()):
            report.add("DR603", key, key=key.text, name=name, known=known)
        else:
            report.add("DR201", key, key=key.text, known=known, nearest=nearest_word(key.text, keys))
    return {key.text: _texts(value) if key.text in _TEXTS else _plain(value) for key, value in node.entries}


_TEXTS: Final = frozenset({"data", "benefits", "follow_up", "cadence"})
"""What policies attach as plain texts; numbers in it stay as they are written."""


def _texts(node: Node) -> object:
    """Return what a case expects of attached texts; ``none`` is nothing at all."""
    if isinstance(node, ScalarNode) and node.text in {"", "none"} and not node.quoted:
        return None
    return plain(node)


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
    given = _plain(node)
    meta = SUBJECTS[subject]
    if not isinstance(given, dict):
        return {meta.id_field: "case", "given": given}
    record = _typed(given, meta.fields)
    for table, table_meta in meta.tables.items():
        if isinstance(given.get(table), list):
            record[table] = [
                _typed(event, table_meta.fields) if isinstance(event, dict) else event
                for event in given[table]
            ]
    return {meta.id_field: "case", **record}


def _typed(given: Mapping[str, Any], fields: Mapping[str, Type]) -> dict[str, object]:
    """Return values as records want them: texts as text, even where they look like numbers."""
    return {name: _as_type(value, fields[name]) if name in fields else value for name, value in given.items()}


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


def _facts(node: Node, shape: CaseShape, book: PolicyBook) -> dict[str, object]:
    """Return ready-made facts; ``none`` says that there is no such event, ``unknown`` that nothing is recorded."""
    given = _plain(node)
    if not isinstance(given, dict) or not isinstance(node, MapNode):
        return {"facts": given}
    edition = (book.edition(shape.as_of) if shape.as_of is not None else None) or book.editions[
        -1
    ]  # a day at fault
    known = edition.given_types(shape.subject)
    return {
        name: _fact(value, node.get(name), name, known[name], shape.subject, edition)
        if name in known
        else value
        for name, value in given.items()
    }


def _fact(value: object, node: Node | None, name: str, type_: Type, subject: str, edition: Edition) -> object:
    written_bare = isinstance(node, ScalarNode) and not node.quoted and value not in type_.options
    if value == "none" and written_bare and edition.may_be_absent(subject, name):
        return ABSENT
    if value == "unknown" and written_bare:
        return None
    return _as_type(value, type_)


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
        found = [each for name in case.expect for each in differences(case.expect[name], answer[name])]
        found += [each for name in names for each in differences_of_advice(case.expect[name], answer, name)]
    except RecordError as error:
        return CaseResult(case, error=error)
    return CaseResult(case, tuple(found), answer=answer)
