"""Effective dates, versions and extension: which text of a policy decides on a day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

import dealerrules as dr

if TYPE_CHECKING:
    from pathlib import Path

BONUS = """
policy: bonus
effective: {{{effective}}}
decisions:
  bonus:
    kind: payout
    subject: recall_campaign
    dated_by: ends_on
    unit: returned
    measure: returned
    bands: [{{from: 0, pays_per_unit: {rate} yuan, basis: whole}}]
"""


def two_versions(tmp_path: Path) -> dr.PolicyBook:
    """Ten yuan until the end of 2014, twelve from 2015 on."""
    (tmp_path / "old.yaml").write_text(
        BONUS.format(effective="from: 2014-01-01, until: 2014-12-31", rate=10), encoding="utf-8"
    )
    (tmp_path / "new.yaml").write_text(BONUS.format(effective="from: 2015-01-01", rate=12), encoding="utf-8")
    return dr.load(tmp_path)


def amount(book: dr.PolicyBook, as_of: str, **record: object) -> tuple[str, str | None, str | None]:
    outcome = book.evaluate({"campaign_id": "R1", **record}, subject="recall_campaign", as_of=as_of).payout(
        "bonus"
    )
    return outcome.status.value, None if outcome.amount is None else str(outcome.amount), str(outcome.reason)


@pytest.mark.parametrize(
    ("ends_on", "as_of", "expected"),
    [
        ("2014-12-31", "2015-06-30", ("decided", "100.00", "None")),
        ("2015-01-01", "2015-06-30", ("decided", "120.00", "None")),
        ("2014-01-01", "2014-06-30", ("decided", "100.00", "None")),
    ],
)
def test_the_version_of_the_subjects_own_date_decides(
    tmp_path: Path, ends_on: str, as_of: str, expected: tuple[str, str, str]
) -> None:
    assert amount(two_versions(tmp_path), as_of, ends_on=ends_on, returned=10) == expected


def test_before_the_first_version_there_is_no_answer(tmp_path: Path) -> None:
    said = amount(two_versions(tmp_path), "2014-06-30", ends_on="2013-12-31", returned=10)
    reason = "on 2013-12-31 no version of `bonus` is in force; the first begins on 2014-01-01"
    assert said == ("undefined", None, reason)


def test_as_of_before_the_first_version_is_undefined_with_the_reason(tmp_path: Path) -> None:
    said = amount(two_versions(tmp_path), "1990-06-30", ends_on="1990-06-30", returned=10)
    reason = "on 1990-06-30 no version of `bonus` is in force; the first begins on 2014-01-01"
    assert said == ("undefined", None, reason)


def test_a_subject_dated_after_the_day_is_undefined(tmp_path: Path) -> None:
    said = amount(two_versions(tmp_path), "2015-06-30", ends_on="2015-07-01", returned=10)
    reason = "`ends_on` 2015-07-01 is after the day of evaluation 2015-06-30"
    assert said == ("undefined", None, reason)


def test_an_unknown_date_is_undefined_where_versions_differ(tmp_path: Path) -> None:
    said = amount(two_versions(tmp_path), "2015-06-30", returned=10)
    assert said == ("undefined", None, "`ends_on` is not recorded")


def test_an_unknown_date_does_not_matter_with_one_version(tmp_path: Path) -> None:
    said = amount(two_versions(tmp_path), "2014-06-30", returned=10)
    assert said == ("decided", "100.00", "None")


def test_versions_that_overlap_are_refused(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(
        BONUS.format(effective="from: 2014-01-01, until: 2015-01-01", rate=10), encoding="utf-8"
    )
    (tmp_path / "new.yaml").write_text(BONUS.format(effective="from: 2015-01-01", rate=12), encoding="utf-8")
    with pytest.raises(dr.PolicyError) as caught:
        dr.load(tmp_path)
    assert [(each.code, each.message("en")) for each in caught.value.diagnostics] == [
        ("DR502", "two versions of `bonus` are in force on 2015-01-01")
    ]


GROUP = """
policy: group
parameters: {often: {type: count, value: 5}}
decisions:
  tier:
    kind: tier
    levels: {vip: {}, general: {}}
    angles:
      sales:
        vip:
          - {id: referred, when: {vehicle_referrals: {at_least: 3}}}
          - {id: influential, when: {influential: true}}
      service:
        vip: [{id: visits, when: {visits_past_year: {at_least: often}}}]
"""
STORE = """
policy: store
extend: group
override:
  tier.sales.referred: {when: {vehicle_referrals: {at_least: 2}}}
  parameters.often: {value: 4}
remove: [tier.sales.influential]
decisions:
  loyal:
    kind: rules
    hit: unique
    outputs: {loyal: {type: boolean}}
    rows: [{id: often, when: {visits_past_year: {at_least: often}}, then: {loyal: true}}]
    otherwise: {loyal: false}
"""


def extended(tmp_path: Path) -> dr.PolicyBook:
    (tmp_path / "group.yaml").write_text(GROUP, encoding="utf-8")
    (tmp_path / "store.yaml").write_text(STORE, encoding="utf-8")
    return dr.load(tmp_path)


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        ({"vehicle_referrals": 1, "visits_past_year": 3}, ()),
        ({"vehicle_referrals": 2, "visits_past_year": 3}, ("sales.referred",)),
        ({"vehicle_referrals": 0, "visits_past_year": 4}, ("service.visits",)),
    ],
)
def test_a_store_overrides_by_id_and_keeps_the_rest(
    tmp_path: Path, facts: dict[str, object], because: tuple[str, ...]
) -> None:
    answer = extended(tmp_path).evaluate_facts("customer", facts, as_of="2014-09-30")
    tier = answer.tier("tier")
    assert (tier.level, tier.because if because else ()) == ("vip" if because else "general", because)
    assert answer["loyal"].value is (facts["visits_past_year"] == 4)  # type: ignore[union-attr]


def test_what_a_store_removes_is_gone(tmp_path: Path) -> None:
    rules = [rule.id for rule in extended(tmp_path).decisions["tier"].rules]
    assert rules == ["sales.referred", "service.visits"]


def test_an_override_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "group.yaml").write_text(GROUP, encoding="utf-8")
    (tmp_path / "store.yaml").write_text(STORE.replace("sales.referred:", "sales.refered:"), encoding="utf-8")
    with pytest.raises(dr.PolicyError) as caught:
        dr.load(tmp_path)
    (only,) = caught.value.diagnostics
    assert (only.code, only.span.short, only.nearest) == ("DR312", "store.yaml:5", "tier.sales.referred")


def test_an_edition_begins_where_any_policy_changes(tmp_path: Path) -> None:
    book = two_versions(tmp_path)
    assert [(each.start, each.end) for each in book.editions] == [
        (date(2014, 1, 1), date(2014, 12, 31)),
        (date(2015, 1, 1), date.max),
    ]
