"""A straight-line reference reading of the dealership policies (an oracle for the tests).

Written from shared/domain.md (with records.md for names, and sections 3 and 4 of design.md), and NOT from
the library or its policy files: it imports nothing of them and was written without reading them, so that a
disagreement between the two means that one of them misreads domain.md. One plain function per decision.

A record is a plain dict with the field names of records.md and its events in lists under the table names;
dates are datetime.date, money is decimal.Decimal yuan, a missing key or None is unknown, a missing list is
no events. Truths are Kleene's: True, False, or None for unknown.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dateutil.relativedelta import relativedelta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Record = dict[str, Any]
Event = dict[str, Any]
Outcome = dict[str, Any]
Truth = bool | None

# --- Kleene's three-valued logic (domain.md, conventions: "Unknown is not false") ---------------------------


def all_of(*truths: Truth) -> Truth:
    """Kleene and; over nothing it is True."""
    if any(t is False for t in truths):
        return False
    return None if any(t is None for t in truths) else True


def any_of(*truths: Truth) -> Truth:
    """Kleene or; over nothing it is False."""
    if any(t is True for t in truths):
        return True
    return None if any(t is None for t in truths) else False


def known(value: Any, test: Callable[[Any], bool]) -> Truth:
    """The test of a value; unknown when the value is."""
    return None if value is None else test(value)


# --- Dates and events (domain.md, conventions: "Rolling windows", "No look-ahead") --------------------------

DATE_OF_TABLE = {
    "vehicles": "purchased_on",
    "visits": "visited_on",
    "insurance": "starts_on",
    "referrals": "succeeded_on",
    "surveys": "surveyed_on",
    "suggestions": "made_on",
    "contacts": "contacted_on",
}


@lru_cache(maxsize=1000)
def months_before(day: date, months: int) -> date:
    result: date = day - relativedelta(months=months)
    return result


def within_months(day: date, months: int, as_of: date) -> bool:
    """day lies in the half-open window (as_of - months, as_of]."""
    return months_before(as_of, months) < day <= as_of


def at_least_months_ago(day: date, months: int, as_of: date) -> bool:
    return day <= months_before(as_of, months)


def events(record: Record, table: str, as_of: date) -> list[Event]:
    """The events of a table that count: dated, not after as_of; of visits, not cancelled and not deleted."""
    field = DATE_OF_TABLE[table]
    found = [e for e in record.get(table) or [] if e.get(field) is not None and e[field] <= as_of]
    if table == "visits":
        found = [e for e in found if e.get("status") not in ("cancelled", "deleted")]
    return found


def last_visit(record: Record, as_of: date) -> date | None:
    return max((v["visited_on"] for v in events(record, "visits", as_of)), default=None)


def last_purchase(record: Record, as_of: date) -> date | None:
    return max((v["purchased_on"] for v in events(record, "vehicles", as_of)), default=None)


def visits_past_year(record: Record, as_of: date) -> list[Event]:
    return [v for v in events(record, "visits", as_of) if within_months(v["visited_on"], 12, as_of)]


def value_of_latest(contacts: list[Event], field: str) -> Any:
    """The field of the latest contact; several on that day must agree on a known value, else unknown."""
    latest = max(c["contacted_on"] for c in contacts)
    values = {c.get(field) for c in contacts if c["contacted_on"] == latest}
    return values.pop() if len(values) == 1 else None


def last_contact_result_is(record: Record, as_of: date, wanted: str) -> Truth:
    """False without any contact (absent), unknown when the latest contact has no (agreed) result."""
    contacts = events(record, "contacts", as_of)
    if not contacts:
        return False
    return known(value_of_latest(contacts, "result"), lambda result: result == wanted)


# --- domain.md 1: tiers -------------------------------------------------------------------------------------

LEVELS = ("general", "vip", "super_vip")
REPAIR_KINDS = ("maintenance", "repair", "body", "warranty", "claim")

SUPER_VIP_RULES = (
    "sales.repeat-purchase sales.household sales.referred-3 sales.influential "
    "after_sales.sales-super-vip after_sales.visits-5 after_sales.csi-always-satisfied "
    "insurance.insured-4-years insurance.referred-3 marketing.media-referred-2"
)
VIP_RULES = (
    "sales.referred-1 sales.survey-all-satisfied "
    "after_sales.sales-vip after_sales.visits-3 after_sales.suggestion-adopted "
    "insurance.insured-3-years insurance.referred-2 marketing.media-referred-1"
)
GRANTS = dict.fromkeys(SUPER_VIP_RULES.split(), "super_vip") | dict.fromkeys(VIP_RULES.split(), "vip")


def insured_years_running(record: Record, as_of: date) -> int:
    """domain.md 1: the policy years begun in the unbroken run of cover that covers as_of; none: 0."""
    covers = sorted(
        (c["starts_on"], c["ends_on"])
        for c in events(record, "insurance", as_of)
        if c.get("cover") == "commercial"
        and c.get("at_store") is True
        and c.get("designated_repair") is True
        and c.get("ends_on") is not None
    )
    if not any(start <= as_of <= end for start, end in covers):
        return 0
    run_start, run_end = covers[0]
    for start, end in covers[1:]:
        uninsured_days = (start - run_end).days - 1
        if uninsured_days > 30:
            run_start, run_end = start, end
        else:
            run_end = max(run_end, end)
    years = 0
    while run_start <= months_before(as_of, 12 * (years + 1)):
        years += 1
    return years + 1


def every_survey_satisfied(record: Record, as_of: date, source: str) -> Truth:
    """domain.md 1: at least one survey of the source, and every one satisfied."""
    answers = [s.get("satisfied") for s in events(record, "surveys", as_of) if s.get("source") == source]
    return all_of(len(answers) >= 1, *answers)


def best_level(levels: Iterable[str]) -> str:
    return max(levels, key=LEVELS.index, default="general")


def level_at_least(truth: dict[str, Truth], angle: str, wanted: str) -> Truth:
    """design.md 3.1: an angle's level is a range, up to what unknown rules could still grant."""
    rules = {rule: t for rule, t in truth.items() if rule.startswith(angle + ".")}
    lowest = best_level(GRANTS[rule] for rule, t in rules.items() if t is True)
    highest = best_level(GRANTS[rule] for rule, t in rules.items() if t is not False)
    if LEVELS.index(lowest) >= LEVELS.index(wanted):
        return True
    return False if LEVELS.index(highest) < LEVELS.index(wanted) else None


def tier(record: Record, as_of: date) -> Outcome:
    """domain.md 1, the table of criteria."""
    vehicles = sum(v.get("own_brand") is True for v in events(record, "vehicles", as_of))
    referrals = events(record, "referrals", as_of)
    cars_referred = sum(r.get("kind") == "vehicle" for r in referrals)
    insured_referred = sum(
        r.get("kind") == "insurance" and r.get("designated_repair") is True for r in referrals
    )
    visits = len(visits_past_year(record, as_of))
    repairs = sum(v.get("kind") in REPAIR_KINDS for v in visits_past_year(record, as_of))
    insured_years = insured_years_running(record, as_of)
    adopted = sum(s.get("adopted") is True for s in events(record, "suggestions", as_of))
    individual = known(record.get("kind"), lambda kind: kind == "individual")
    loyalty, media = record.get("loyalty"), record.get("media")
    high = known(loyalty, lambda x: x == "high")
    fairly_high = known(loyalty, lambda x: x in ("medium", "high"))

    truth: dict[str, Truth] = {
        "sales.repeat-purchase": all_of(individual, vehicles >= 2),
        "sales.household": known(record.get("household_brand_owners"), lambda n: n >= 2),
        "sales.referred-3": cars_referred >= 3,
        "sales.influential": record.get("influential"),
        "sales.referred-1": cars_referred >= 1,
        "sales.survey-all-satisfied": every_survey_satisfied(record, as_of, "ssi"),
    }
    # The after-sales angle depends on the sales angle, which is complete here.
    truth["after_sales.sales-super-vip"] = level_at_least(truth, "sales", "super_vip")
    truth["after_sales.sales-vip"] = level_at_least(truth, "sales", "vip")
    truth["after_sales.visits-5"] = all_of(visits >= 5, high)
    truth["after_sales.visits-3"] = all_of(visits >= 3, fairly_high)
    truth["after_sales.csi-always-satisfied"] = every_survey_satisfied(record, as_of, "csi")
    truth["after_sales.suggestion-adopted"] = adopted >= 1
    truth["insurance.insured-4-years"] = insured_years >= 4 and repairs >= 1
    truth["insurance.insured-3-years"] = insured_years >= 3 and repairs >= 1
    truth["insurance.referred-3"] = insured_referred >= 3
    truth["insurance.referred-2"] = insured_referred >= 2
    truth["marketing.media-referred-2"] = all_of(media, cars_referred >= 2)
    truth["marketing.media-referred-1"] = all_of(media, cars_referred >= 1)

    angles = {
        angle: best_level(GRANTS[r] for r, t in truth.items() if t is True and r.startswith(angle + "."))
        for angle in ("sales", "after_sales", "insurance", "marketing")
    }
    level = best_level(angles.values())
    could_rise = any(t is None and LEVELS.index(GRANTS[r]) > LEVELS.index(level) for r, t in truth.items())
    status = "undetermined" if could_rise else "decided"
    return {"level": level, "angles": angles, "truth": truth, "status": status}


def final_loss(record: Record, as_of: date) -> Outcome:
    """domain.md 1, final loss: (a) refuses every callback, (b) not interested, (c) distrusts."""
    asked = [c for c in events(record, "contacts", as_of) if c.get("purpose") in ("recall", "callback")]
    # Whatever came before an answer other than a refusal is not "in a row"; unreachable breaks nothing.
    breaks = [c["contacted_on"] for c in asked if c.get("result") not in (None, "refused", "unreachable")]
    since = max(breaks, default=date.min)
    refusals = sum(c.get("result") == "refused" and c["contacted_on"] > since for c in asked)
    letters: dict[str, Truth] = {
        "a": refusals >= 3,
        "b": last_contact_result_is(record, as_of, "not_interested"),
        "c": last_contact_result_is(record, as_of, "distrusts"),
    }
    value = any_of(*letters.values())
    because = sorted(letter for letter, t in letters.items() if t is True)
    status = "undetermined" if value is None else "decided"
    return {"value": value, "because": because, "status": status}


# --- domain.md 2: churn -------------------------------------------------------------------------------------


def stage_since(day: date, as_of: date, lower_bounds: dict[int, str]) -> Outcome:
    """The stage of the longest lower bound (months, inclusive) that has passed since the day."""
    reached = [months for months in lower_bounds if at_least_months_ago(day, months, as_of)]
    return {"stage": lower_bounds[max(reached)], "status": "decided"}


def churn_stage(record: Record, as_of: date) -> Outcome:
    """domain.md 2.1. The recorded flag wins over everything; its absence means false."""
    if record.get("out_of_reach") is True:
        return {"stage": "out_of_reach", "status": "decided"}
    visited = last_visit(record, as_of)
    if visited is None:
        return {"stage": "never_visited", "status": "decided"}
    stages = {0: "active", 6: "wavering", 12: "churned", 24: "nearly_lost", 36: "lost"}
    return stage_since(visited, as_of, stages)


def churn_class(record: Record, as_of: date) -> Outcome:
    """domain.md 2.2."""
    visited = last_visit(record, as_of)
    if visited is None:
        return {"stage": "never_visited", "status": "decided"}
    return stage_since(visited, as_of, {0: "active", 6: "at_risk", 12: "churned", 24: "gone"})


def missed_maintenance(record: Record, as_of: date) -> Outcome:
    """domain.md 2.3: n maintenances are missed when the base lies n six-month intervals back."""
    visits = events(record, "visits", as_of)
    maintained = [v["visited_on"] for v in visits if v.get("kind") == "maintenance"]
    base = max(maintained, default=None) or last_purchase(record, as_of)
    if base is None:
        return {"stage": None, "status": "undefined"}
    return stage_since(base, as_of, {0: "active", 2 * 6: "at_risk", 3 * 6: "churned"})


def effective_customer(record: Record, as_of: date) -> Outcome:
    """domain.md 2.4."""
    visits = len(visits_past_year(record, as_of))
    effective: Truth = True if visits >= 2 else False if visits == 0 else record.get("in_territory")
    if effective is None:
        return {"value": None, "status": "undetermined"}
    return {"value": "effective" if effective else "not_effective", "status": "decided"}


def win_back_measures(record: Record, as_of: date) -> Outcome:
    """domain.md 2.7: by the reason of the latest contact that has one."""
    with_reason = [c for c in events(record, "contacts", as_of) if c.get("reason") is not None]
    reason = value_of_latest(with_reason, "reason") if with_reason else None
    return {"value": reason, "status": "undetermined" if reason is None else "decided"}


def red_line(record: Record, as_of: date) -> Outcome:
    """domain.md 2.8: 365 days or more since the last visit, or, never visited, since the purchase."""
    since = last_visit(record, as_of) or last_purchase(record, as_of)
    if since is None:
        return {"value": None, "status": "undefined"}
    return {"value": (as_of - since).days >= 365, "status": "decided"}


# --- domain.md 3: staff incentives --------------------------------------------------------------------------

UNDEFINED_PAYOUT: Outcome = {"amount": None, "band": None, "status": "undefined"}
UNDEFINED_OFFER: Outcome = {"band": None, "status": "undefined"}


def paid(yuan: int, band: int | None) -> Outcome:
    return {"amount": Decimal(yuan).quantize(Decimal("0.01")), "band": band, "status": "decided"}


def is_yet_to_come(record: Record, field: str, as_of: date) -> bool:
    """The subject is dated after as_of; one without its date is read as if dated as_of."""
    return record.get(field) is not None and record[field] > as_of


def fifth_rounded_up(n: int) -> int:
    """20% of n, up to a whole."""
    return (n + 4) // 5


def recall_bonus(record: Record, as_of: date) -> Outcome:
    """domain.md 3.1."""
    returned, target, audience = (record.get(f) for f in ("returned", "target", "audience"))
    if is_yet_to_come(record, "ends_on", as_of) or returned is None:
        return dict(UNDEFINED_PAYOUT)
    if target is None and audience is not None:
        target = fifth_rounded_up(audience)
    if target is None or target == 0:
        return dict(UNDEFINED_PAYOUT)
    if returned * 100 <= target * 70:
        return paid(0, 0)
    if returned <= target:
        return paid(10 * returned, 1)
    return paid(10 * target + 15 * (returned - target), 2)


def satisfaction_reward(record: Record, as_of: date) -> Outcome:
    """domain.md 3.2."""
    cadence, surveyed = record.get("cadence"), record.get("surveyed")
    satisfied, headcount = record.get("satisfied"), record.get("headcount")
    if is_yet_to_come(record, "period_end", as_of):
        return dict(UNDEFINED_PAYOUT)
    if cadence is None or surveyed is None or satisfied is None or headcount is None or surveyed == 0:
        return dict(UNDEFINED_PAYOUT)
    reward, fine = {"weekly": (100, 50), "monthly": (150, 100), "yearly": (200, 150)}[cadence]
    if satisfied * 100 <= surveyed * 95:
        return paid(-fine * headcount, 0)
    if satisfied < surveyed:
        return paid(0, 1)
    return paid(reward * headcount, 2)


def return_penalty(record: Record, as_of: date) -> Outcome:
    """domain.md 3.3."""
    contacted, returned = record.get("contacted"), record.get("returned")
    if is_yet_to_come(record, "period_end", as_of) or contacted is None or returned is None:
        return dict(UNDEFINED_PAYOUT)
    return paid(-20 * max(0, fifth_rounded_up(contacted) - returned), None)


def prepay_reward(record: Record, as_of: date) -> Outcome:
    """domain.md 3.4."""
    due = all_of(record.get("insured"), known(record.get("premium_prepaid"), lambda yuan: yuan > 0))
    if is_yet_to_come(record, "completed_on", as_of) or due is None:
        return dict(UNDEFINED_PAYOUT)
    return paid(50 if due else 0, None)


# --- domain.md 4: customer offers ---------------------------------------------------------------------------


def insurance_prepay_gift(record: Record, as_of: date) -> Outcome:
    """domain.md 4.1."""
    if is_yet_to_come(record, "completed_on", as_of):
        return dict(UNDEFINED_OFFER)
    amount = record.get("amount")
    prepaid = known(record.get("premium_prepaid"), lambda yuan: 1000 <= yuan <= 3000)
    eligible = all_of(record.get("insured"), prepaid)
    if eligible is False or (amount is not None and amount < 5000):
        return {"band": None, "status": "decided"}
    if eligible is None or amount is None:
        return {"band": None, "status": "undetermined"}
    if amount > 20000:
        return {"band": "repair-over-20k", "status": "decided"}
    return {"band": "repair-10k-20k" if amount > 10000 else "repair-5k-10k", "status": "decided"}


def spend_gift(record: Record, as_of: date) -> Outcome:
    """domain.md 4.2."""
    if is_yet_to_come(record, "purchased_on", as_of):
        return dict(UNDEFINED_OFFER)
    amount = record.get("amount")
    if amount is None:
        return {"band": None, "status": "undetermined"}
    if amount > 1000:
        return {"band": "spend-over-1000", "status": "decided"}
    if amount == 1000:
        return {"band": "spend-1000", "status": "decided"}
    return {"band": "spend-500" if amount >= 500 else None, "status": "decided"}


def prepaid_maintenance(record: Record, as_of: date) -> Outcome:
    """domain.md 4.3."""
    if is_yet_to_come(record, "purchased_on", as_of):
        return dict(UNDEFINED_OFFER)
    item = record.get("prepaid_item")
    if item is None:
        return {"band": None, "status": "undetermined"}
    return {"band": None if item == "none" else item, "status": "decided"}


def retention_gift(record: Record, as_of: date) -> Outcome:
    """domain.md 4.4, the table and the parameters below it; the toll subsidy is a row of its own."""
    bought_here = [
        v["purchased_on"] for v in events(record, "vehicles", as_of) if v.get("bought_here") is True
    ]
    visits = events(record, "visits", as_of)
    visited = last_visit(record, as_of)
    complained = any(
        c.get("purpose") == "complaint" and within_months(c["contacted_on"], 3, as_of)
        for c in events(record, "contacts", as_of)
    )
    cover_ends_soon = any(
        c.get("cover") == "commercial"
        and c.get("at_store") is True
        and c.get("ends_on") is not None
        and 0 <= (c["ends_on"] - as_of).days <= 60
        for c in events(record, "insurance", as_of)
    )
    came_back = False
    if visited is not None and within_months(visited, 1, as_of):
        came_back = churn_class(record, visited - timedelta(days=1))["stage"] in ("churned", "gone")
    in_campaign = date(2014, 9, 1) <= as_of <= date(2014, 9, 30)
    recalled = in_campaign and churn_stage(record, as_of)["stage"] == "churned"
    remote = known(record.get("region"), lambda region: region in ("德化", "永春", "水头", "惠安"))
    truth: dict[str, Truth] = {
        "new-customer": bool(bought_here) and within_months(min(bought_here), 3, as_of),
        "complaint": complained,
        "loyal": len(visits_past_year(record, as_of)) >= 4,
        "win-back": churn_class(record, as_of)["stage"] in ("churned", "gone"),
        "first-visit": not bought_here and len(visits) == 1,
        "renewal-rebate": not bought_here and cover_ends_soon,
        "return-voucher": came_back,
        "sms-campaign": recalled,
        "gift-kept": last_contact_result_is(record, as_of, "will_come"),
        "recall-voucher": recalled,
        "recall-voucher-toll": all_of(recalled, remote),
    }
    return {"truth": truth}


# --- All decisions of a subject -----------------------------------------------------------------------------

CUSTOMER_RULES = (effective_customer, win_back_measures, final_loss, red_line, retention_gift)
DECISIONS: dict[str, tuple[Callable[[Record, date], Outcome], ...]] = {
    "customer": (tier, churn_stage, churn_class, missed_maintenance, *CUSTOMER_RULES),
    "recall_campaign": (recall_bonus,),
    "follow_up_result": (satisfaction_reward,),
    "consultant_month": (return_penalty,),
    "repair_order": (prepay_reward, insurance_prepay_gift),
    "purchase": (spend_gift, prepaid_maintenance),
}


def decide(subject: str, record: Record, as_of: date) -> dict[str, Outcome]:
    """Every decision of the subject, by name."""
    return {decision.__name__: decision(record, as_of) for decision in DECISIONS[subject]}
