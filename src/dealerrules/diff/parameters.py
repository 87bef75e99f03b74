"""Parameters: which numbers with a name changed their value, so that each is told once and not at every rule.

Place in the flow: before ``changes``. Names of parameters stand on constants and lists of the expressions; where one
that changed is read on both sides, the two sides are compared as if it had not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from dealerrules.expr import Answer, Constant, Fact, Member, type_of
from dealerrules.policy.model import meaning_of
from dealerrules.values import TEXT, Kind, Type, Value, reduced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealerrules.policy.model import Edition

TIMES = " × "
"""Between a factor and the name of a parameter, where a band begins at a multiple of it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter is, as the expressions that read it know."""

    name: str
    kind: Kind
    values: tuple[Value, ...]


def parameters(parts: Iterable[object]) -> dict[str, Parameter]:
    """Return the parameters that some parts of a model read, by name."""
    found: dict[str, Parameter] = {}
    for node in _named(parts):
        assert node.parameter is not None
        factor, _, name = node.parameter.rpartition(TIMES)
        if isinstance(node, Member):
            found.setdefault(name, Parameter(name, type_of(node.item).kind, node.among))
        else:
            found[name] = Parameter(name, node.type.kind, (_base(node.value, factor),))
    return found


def _base(value: Value, factor: str) -> Value:
    """Return the value of a parameter from a multiple of it."""
    return reduced(Fraction(cast("int", value)) / int(factor)) if factor and int(factor) else value


def _named(part: object) -> Iterator[Constant | Member]:
    """Yield the constants and lists that have the name of a parameter."""
    stack = [part]
    while stack:
        each = stack.pop()
        if isinstance(each, Constant | Member) and each.parameter is not None:
            yield each
        if isinstance(each, Mapping):
            stack += each.values()
        elif isinstance(each, tuple | list):
            stack += each
        elif is_dataclass(each) and not isinstance(each, Type | type):
            stack += [getattr(each, field.name) for field in fields(each)]


def parts_of(edition: Edition, key: str) -> object:
    """Return the part of an edition that a key of ``meanings`` stands for."""
    subject, dot, name = key.partition(".")
    if key.startswith("rate "):
        return edition.rates[key.removeprefix("rate ")]
    return edition.fact(subject, name).expr if dot else edition.decisions[key]


def alike(old: Any, new: Any, changed: frozenset[str]) -> bool:
    """Tell whether two parts of a model (or none) mean the same, but for parameters that changed."""
    return meaning_of(_masked(old, changed)) == meaning_of(_masked(new, changed))


def _masked(part: Any, changed: frozenset[str]) -> Any:
    """Return a part with the name of each parameter that changed in the place of its value.

    Nor does it matter of what type a fact is that is read: that is told of the fact.
    """
    match part:
        case Fact() | Answer():
            return replace(part, type=TEXT)
        case Mapping():
            return {name: _masked(each, changed) for name, each in part.items()}
        case Constant(parameter=str(name)) if name.rpartition(TIMES)[2] in changed:
            return replace(part, value=f"parameter {name}")
        case Member(item=item, parameter=str(name)) if name in changed:
            scale = type_of(item)
            # on an ordered scale the list is one side of the value: which side is meaning
            ends = [word in part.among for word in (*scale.options[:1], *scale.options[-1:]) if scale.ordered]
            return replace(part, item=_masked(item, changed), among=(f"parameter {name} {ends}",))
        case tuple():
            return tuple(_masked(each, changed) for each in part)
        case _ if is_dataclass(part) and not isinstance(part, Type | type):
            made = {field.name: _masked(getattr(part, field.name), changed) for field in fields(part)}
            return replace(cast("Any", part), **made)
        case _:
            return part
