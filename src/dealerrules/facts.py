"""Facts: values that a policy reads beside records, checked at the door.

Place in the flow: attributes of a record and ready-made facts become the engines' values here. The catalogue of
built-in facts itself is ``catalogue.yaml``, in the policy language, compiled like any policy.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.faults import Fault, FieldError, RecordError, nearest
from dealerrules.readers import read_value
from dealerrules.records import SUBJECTS, Record
from dealerrules.values import ABSENT, MAX_COUNT, Kind, Literal, Maybe, Type, Value, exact, read_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def read_attribute(record: Record, name: str, type_: Type) -> Value | None:
    """Return an attribute of a record as the type that the policy gives it; not recorded is unknown.

    Raises:
        RecordError: when what is recorded is of another type.
    """
    attributes: Mapping[str, object] = getattr(record, "attributes", {})
    try:
        return read_value(attributes.get(name), type_)
    except FieldError as error:
        subject = record.called[0]
        identity = getattr(record, SUBJECTS[subject].id_field)
        raise RecordError([error.at(subject, identity, f"attributes.{name}")]) from None


def read_facts(
    subject: str, given: Mapping[str, object], known: Mapping[str, Type], may_be_absent: Callable[[str], bool]
) -> dict[str, Maybe]:
    """Return ready-made facts as the engines' values.

    Args:
        subject: what they are facts of.
        given: by name. Counts, months and days are ``int``; money is yuan as ``Decimal``, ``int`` or text such as
            ``1,000 yuan``; ratios ``Fraction``, ``Decimal`` or text such as ``70%``; dates ``date`` or ISO text.
            ``None`` is unknown, :data:`~dealerrules.values.ABSENT` says that there is no such event.
        known: the type of each fact there is.
        may_be_absent: whether a fact is about an event, so that there may be none.

    Raises:
        RecordError: naming every fact that does not exist or is of another type.
    """
    values: dict[str, Maybe] = {}
    faults: list[Fault] = []
    for name, raw in given.items():
        type_ = known.get(name)
        if type_ is not None and _is_engine_value(raw, type_):
            values[name] = raw  # type: ignore[assignment]
            continue
        if type_ is None:
            near = nearest(name, known)
            hint = f"; did you mean `{near}`?" if near else ""
            hint_zh = f"；是不是 `{near}`？" if near else ""
            faults.append(
                Fault(subject, None, str(name), raw, f"there is no such fact{hint}", f"没有这个事实{hint_zh}")
            )
            continue
        if raw is ABSENT and not may_be_absent(name):
            faults.append(
                Fault(
                    subject, None, name, raw, "is never absent: None is unknown", "不会是“无”：未知请用 None"
                )
            )
            continue
        try:
            values[name] = fact_value(raw, type_)
        except FieldError as error:
            faults.append(error.at(subject, None, name))
    if faults:
        raise RecordError(faults)
    return values


def _is_engine_value(raw: object, type_: Type) -> bool:
    """Tell whether a value is plainly what the engines hold, as most are: then there is nothing to read."""
    if raw is None:
        return True
    match type_.kind:
        case Kind.COUNT:
            return type(raw) is int and 0 <= raw <= MAX_COUNT
        case Kind.BOOLEAN:
            return raw is True or raw is False
        case Kind.CATEGORY:
            return type(raw) is str and raw in type_.options
        case _:
            return False


def fact_value(raw: object, type_: Type) -> Maybe:
    """Return one ready-made fact as the engines' value.

    Raises:
        FieldError: saying what is wrong with it.

    Examples:
        >>> from dealerrules.values import MONEY, RATIO
        >>> fact_value("1,000 yuan", MONEY), fact_value("70%", RATIO), fact_value(None, MONEY)
        (100000, Fraction(7, 10), None)
    """
    if raw is None or raw is ABSENT:
        return raw
    written = _written(raw, type_)
    if written is not None:
        return written.value
    if isinstance(raw, Fraction) and type_.kind in {Kind.RATIO, Kind.NUMBER}:
        return exact(raw)
    if type_.kind is Kind.RATIO and isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        return exact(raw)
    return read_value(raw, type_)


_WITH_UNIT = {Kind.MONEY, Kind.RATIO, Kind.MONTHS, Kind.DAYS, Kind.DISTANCE}


def _written(raw: object, type_: Type) -> Literal | None:
    """Return what a text with a unit says, when it is of the type that is needed."""
    if not isinstance(raw, str) or type_.kind not in _WITH_UNIT:
        return None
    try:
        literal = read_literal(raw)
    except ValueError:
        return None
    return literal if literal.kind is type_.kind else None
