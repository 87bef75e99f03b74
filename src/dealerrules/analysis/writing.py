"""Writing: a condition put down as a policy file writes it.

Place in the flow: the analyser proposes rows and names inputs in the language of the policies; ``wording`` reads the
same tree out in Chinese or English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.expr import (
    All,
    Answer,
    AnyOf,
    Compare,
    Comparison,
    Constant,
    Elapsed,
    Expr,
    Fact,
    IsAbsent,
    Known,
    Member,
    Not,
)
from dealerrules.values import ABSENT, Kind, Maybe, write_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.analysis.space import Sample, Space


def when(condition: Expr) -> str | None:
    """Return a condition as a flow mapping of YAML; none where the language has no words for it.

    Examples:
        >>> from dealerrules.values import COUNT
        >>> visits = Fact("visits_past_year", COUNT)
        >>> when(Compare(Comparison.AT_LEAST, visits, Constant(3, COUNT)))
        '{visits_past_year: {at_least: 3}}'
    """
    tests: dict[str, list[str]] = {}
    others: list[str] = []
    for item in condition.items if isinstance(condition, All) else (condition,):
        if isinstance(item, AnyOf):
            parts = [when(part) for part in item.items]
            if None in parts:
                return None
            others.append(f"any: [{', '.join(map(str, parts))}]")
            continue
        found = _test(item)
        if found is None:
            return None
        tests.setdefault(found[0], []).append(found[1])
    said = [f"{fact}: {_joined(each)}" for fact, each in tests.items()]
    if len(others) > 1:
        return None
    return "{" + ", ".join([*said, *others]) + "}"


def _joined(said: list[str]) -> str:
    if len(said) == 1:
        return said[0] if not said[0].startswith("=") else said[0][1:]
    return "{" + ", ".join(each[1:-1] if each.startswith("{") else f"is: {each[1:]}" for each in said) + "}"


def _test(item: Expr) -> tuple[str, str] | None:
    """Return the fact that a test is on, and the test."""
    match item:
        case Compare(how=how, left=left, right=Constant(value=value, type=type_)):
            literal = scalar(value, type_.kind)
            said = f"={literal}" if how is Comparison.EQUAL else f"{{{how.value}: {literal}}}"
            return None if literal is None else _on(left, said)
        case Member(item=left, among=among):
            return _on(left, f"[{', '.join(map(_word, among))}]")
        case Known(item=left):
            return _on(left, "{known: true}")
        case Not(item=Known(item=left)) | IsAbsent(item=left):
            return _on(left, "{known: false}")
        case Not(item=Member(item=left, among=among)):
            return _on(left, f"{{none_of: [{', '.join(map(_word, among))}]}}")
        case _:
            return None


def _on(left: Expr, said: str) -> tuple[str, str] | None:
    match left:
        case Fact(name=name) | Answer(decision=name):
            return name, said
        case Elapsed(how=how, item=Fact(name=name)):
            return name, f"{{{how.value}: {said.removeprefix('=')}}}"
        case _:
            return None


def scalar(value: Maybe, kind: Kind) -> str | None:
    """Return a value as a case or a condition writes it."""
    if value is None or value is ABSENT:
        return None
    written = write_literal(value, kind)
    return _word(written) if written is not None and isinstance(value, str) else written


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_TRAPS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n", "~", ""})


def _word(value: object) -> str:
    text = str(value)
    plain = all(each in _PLAIN or "\u4e00" <= each <= "\u9fff" for each in text)
    if plain and not text[:1].isdigit() and text[:1] != "-" and text.lower() not in _TRAPS:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def given(sample: Sample, space: Space) -> str:
    """Return the facts of a sample, as a case of the policies gives them."""
    kinds = {name: axis.type.kind for axis in space.axes for name in axis.names}
    return facts(sample.facts, kinds)


def facts(values: Mapping[str, Maybe], kinds: Mapping[str, Kind]) -> str:
    """Return ready-made facts as a flow mapping; those not recorded are left out, and `none` says there is no event.

    Examples:
        >>> facts({"attainment": 1, "target": None}, {"attainment": Kind.RATIO})
        '{attainment: 100%}'
    """
    said = []
    for name, value in values.items():
        if value is None:
            continue
        literal = scalar(value, kinds.get(name, Kind.DATE))
        said.append(f"{name}: {'none' if value is ABSENT else literal or value}")
    return "{" + ", ".join(said) + "}"
