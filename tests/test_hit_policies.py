"""Hit policies: what the rows of a rules table mean together, for every mix of true, unknown and false."""

from __future__ import annotations

import pytest

import dealerrules as dr

TABLE = """
policy: p
decisions:
  d:
    kind: rules
    hit: {hit}
    outputs: {{d: {{type: category, options: [red, blue, none]}}}}
    rows:
      - {{id: a, when: {{media: true}}, then: {{d: red}}}}
      - {{id: b, when: {{influential: true}}, then: {{d: red}}}}
      - {{id: c, when: {{in_territory: true}}, then: {{d: blue}}}}
    {otherwise}
"""
T, F, U = True, False, None

DECIDED, UNDETERMINED, UNDEFINED = "decided", "undetermined", "undefined"

WITHOUT = [
    # hit, a, b, c -> status, value, because, undetermined
    ("unique", T, F, F, DECIDED, "red", "a", ""),
    ("unique", F, F, T, DECIDED, "blue", "c", ""),
    ("unique", T, T, F, UNDEFINED, None, "", ""),
    ("unique", T, U, F, UNDETERMINED, None, "", "b"),
    ("unique", F, U, F, UNDETERMINED, None, "", "b"),
    ("unique", F, F, F, UNDEFINED, None, "", ""),
    ("first", T, U, U, DECIDED, "red", "a", ""),
    ("first", U, T, F, DECIDED, "red", "b", ""),
    ("first", U, F, T, UNDETERMINED, None, "", "a"),
    ("first", F, U, F, UNDETERMINED, None, "", "b"),
    ("first", F, F, F, UNDEFINED, None, "", ""),
    ("priority", F, T, T, DECIDED, "red", "b", ""),
    ("priority", F, U, T, UNDETERMINED, None, "", "b"),
    ("any", T, T, F, DECIDED, "red", "a b", ""),
    ("any", T, F, T, UNDEFINED, None, "", ""),
    ("any", T, U, F, DECIDED, "red", "a", ""),
    ("any", T, F, U, UNDETERMINED, None, "", "c"),
    ("any", U, U, F, UNDETERMINED, None, "", "a b"),
    ("any", F, F, F, UNDEFINED, None, "", ""),
    ("collect", T, T, T, DECIDED, ("red", "red", "blue"), "a b c", ""),
    ("collect", T, U, F, UNDETERMINED, ("red",), "a", "b"),
    ("collect", F, F, F, UNDEFINED, (), "", ""),
]
WITH_OTHERWISE = [
    ("unique", F, F, F, DECIDED, "none", "", ""),
    ("unique", F, U, F, UNDETERMINED, None, "", "b"),
    ("first", F, F, F, DECIDED, "none", "", ""),
    ("first", F, F, U, UNDETERMINED, None, "", "c"),
    ("any", F, F, F, DECIDED, "none", "", ""),
    ("any", U, F, F, UNDETERMINED, None, "", "a"),
    ("collect", F, F, F, DECIDED, ("none",), "", ""),
    ("collect", T, F, F, DECIDED, ("red",), "a", ""),
]


def came_out(hit: str, otherwise: str, a: bool | None, b: bool | None, c: bool | None) -> tuple[object, ...]:
    book = dr.loads(TABLE.format(hit=hit, otherwise=otherwise))
    facts = {"media": a, "influential": b, "in_territory": c}
    outcome = book.evaluate_facts("customer", facts, as_of="2014-09-30").rules("d")
    status, value = outcome.status.value, outcome.value
    return status, value, " ".join(outcome.because), " ".join(outcome.undetermined)


@pytest.mark.parametrize("row", WITHOUT, ids=str)
def test_without_otherwise(row: tuple[object, ...]) -> None:
    hit, a, b, c, *expected = row
    assert came_out(hit, "", a, b, c) == tuple(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", WITH_OTHERWISE, ids=str)
def test_with_otherwise(row: tuple[object, ...]) -> None:
    hit, a, b, c, *expected = row
    assert came_out(hit, "otherwise: {d: none}", a, b, c) == tuple(expected)  # type: ignore[arg-type]


def test_a_conflict_names_the_rows() -> None:
    book = dr.loads(TABLE.format(hit="unique", otherwise=""))
    facts = {"media": True, "influential": True, "in_territory": False}
    outcome = book.evaluate_facts("customer", facts, as_of="2014-09-30")["d"]
    assert outcome.reason is not None
    assert (outcome.reason.code, outcome.reason.text("en"), outcome.reason.text("zh")) == (
        "conflict",
        "several rows hold at once: a, b",
        "同时有几行成立：a, b",
    )
