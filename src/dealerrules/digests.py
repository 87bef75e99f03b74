"""Digests: short texts that tell whether an answer was given on the same input.

Place in the flow: beside the facts; an answer carries the digest of what it was worked out from, and a replay compares
it. The order of events and what is dated after the day do not count: neither is read.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from dealerrules.records import SUBJECTS
from dealerrules.values import ABSENT, reduced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.records import Event, Record, Table


_OWNER = SUBJECTS["customer"].id_field
"""Whose an event is: stated in a table, and plain where the event stands in the record."""


def record_digest(record: Record, as_of: date) -> str:
    """Return a digest of what can be read of a record as of a day.

    Examples:
        >>> from dealerrules.records import read_record
        >>> day = date(2014, 9, 30)
        >>> one = read_record({"customer_id": "C1", "visits": [{"visited_on": "2014-03-29"}]}, "customer")
        >>> later = read_record(
        ...     {"customer_id": "C1", "visits": [{"visited_on": "2014-10-01"}, {"visited_on": "2014-03-29"}]}, "customer"
        ... )
        >>> record_digest(one, day) == record_digest(later, day)
        True
    """
    subject = SUBJECTS[record.called[0]]
    plain = {name: _plain(getattr(record, name)) for name in subject.fields}
    plain["attributes"] = _plain(getattr(record, "attributes", None) or None)
    events = {
        name: sorted(_row(event, table) for event in getattr(record, name) if _is_past(event, table, as_of))
        for name, table in subject.tables.items()
    }
    return _digest([subject.name, _without_none(plain), _without_none(events)])


def facts_digest(subject: str, facts: Mapping[str, object]) -> str:
    """Return a digest of ready-made facts; what is not recorded is as good as left out.

    Examples:
        >>> facts_digest("customer", {"media": True, "loyalty": None}) == facts_digest("customer", {"media": True})
        True
    """
    return _digest([subject, _without_none({name: _plain(value) for name, value in facts.items()})])


def _is_past(event: Event, table: Table, as_of: date) -> bool:
    day = getattr(event, table.date_field)
    return day is None or day <= as_of


def _row(event: Event, table: Table) -> str:
    own = (name for name in table.fields if name != _OWNER)
    return _text(_without_none({name: _plain(getattr(event, name)) for name in own}))


def _plain(value: object) -> object:
    """Return a value so that equal ones look equal: 680, 680.00 and "680" of an amount are one number."""
    if isinstance(value, bool) or value is None:
        return value
    if value is ABSENT:
        return ["absent"]
    if isinstance(value, int | Decimal | Fraction):
        return ["number", str(reduced(Fraction(value)))]
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "items"):
        return {str(key): _plain(each) for key, each in value.items()}
    return str(value)


def _without_none(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None and value != []}


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _digest(value: object) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()[:32]
