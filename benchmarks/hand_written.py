"""The yardstick: the shipped policies as straight Python, as fast as one can write it.

Nothing here can be edited by a manager, explained, or checked; unknown facts are told apart from false ones because
domain.md demands it. `tier` starts from ready-made facts that are all known, `decide` from a customer's record.
An answer of `decide` is (status, answer, because).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dealerrules import Customer

Facts = dict[str, Any]
Tier = tuple[str, tuple[str, str, str, str], list[str]]
Answer = tuple[str, Any, list[str]]

DECIDED, UNDETERMINED, UNDEFINED = "decided", "undetermined", "undefined"
REPAIRS = frozenset({"maintenance", "repair", "body", "warranty", "claim"})
REMOTE = frozenset({"德化", "永春", "水头", "惠安"})
CAMPAIGN = date(2014, 9, 1), date(2014, 9, 30)
ONE_DAY, GAP, ENDING_SOON, RED_LINE = timedelta(1), timedelta(31), timedelta(60), timedelta(365)


def tier(facts: Facts) -> Tier:  # noqa: PLR0915 - straight on, for speed
    """Return the level, the angles' levels (sales, after-sales, insurance, marketing) and the rules that grant it."""
    best = []  # the super-VIP rules that hold
    good = []  # the VIP rules that hold
    referrals = facts["vehicle_referrals"]

    sales = "general"
    if referrals >= 1:
        sales = "vip"
        good.append("sales.referred-1")
    if facts["ssi_all_satisfied"] and facts["ssi_surveys"] >= 1:
        sales = "vip"
        good.append("sales.survey-all-satisfied")
    if facts["household_brand_owners"] >= 2:
        sales = "super_vip"
        best.append("sales.household")
    if facts["influential"]:
        sales = "super_vip"
        best.append("sales.influential")
    if referrals >= 3:
        sales = "super_vip"
        best.append("sales.referred-3")
    if facts["brand_vehicles_bought"] >= 2 and facts["kind"] == "individual":
        sales = "super_vip"
        best.append("sales.repeat-purchase")

    after_sales = "general"
    if facts["suggestions_adopted"] >= 1:
        after_sales = "vip"
        good.append("after_sales.suggestion-adopted")
    visits = facts["visits_past_year"]
    if visits >= 3:
        loyalty = facts["loyalty"]
        if loyalty != "low":
            after_sales = "vip"
            good.append("after_sales.visits-3")
            if visits >= 5 and loyalty == "high":
                after_sales = "super_vip"
                best.append("after_sales.visits-5")
    if sales != "general":
        good.append("after_sales.sales-vip")
        if sales == "super_vip":
            after_sales = "super_vip"
            best.append("after_sales.sales-super-vip")
        elif after_sales == "general":
            after_sales = "vip"
    if facts["csi_all_satisfied"] and facts["csi_surveys"] >= 1:
        after_sales = "super_vip"
        best.append("after_sales.csi-always-satisfied")

    insurance = "general"
    insured = facts["insurance_referrals"]
    if insured >= 2:
        insurance = "vip"
        good.append("insurance.referred-2")
        if insured >= 3:
            insurance = "super_vip"
            best.append("insurance.referred-3")
    years = facts["insured_years_running"]
    if years >= 3 and facts["repairs_past_year"] >= 1:
        good.append("insurance.insured-3-years")
        if years >= 4:
            insurance = "super_vip"
            best.append("insurance.insured-4-years")
        elif insurance == "general":
            insurance = "vip"

    marketing = "general"
    if referrals >= 1 and facts["media"]:
        marketing = "vip"
        good.append("marketing.media-referred-1")
        if referrals >= 2:
            marketing = "super_vip"
            best.append("marketing.media-referred-2")

    angles = (sales, after_sales, insurance, marketing)
    if best:
        return "super_vip", angles, best
    return ("vip" if good else "general"), angles, good


KINDS, LOYALTIES = frozenset({"individual", "company"}), frozenset({"low", "medium", "high"})


def tier_checked(facts: Facts) -> Tier:
    """Return the same as `tier`, but refuse other facts than these 16, other types, other words, negative counts."""
    for count in (
        facts["brand_vehicles_bought"],
        facts["csi_surveys"],
        facts["household_brand_owners"],
        facts["insurance_referrals"],
        facts["insured_years_running"],
        facts["repairs_past_year"],
        facts["ssi_surveys"],
        facts["suggestions_adopted"],
        facts["vehicle_referrals"],
        facts["visits_past_year"],
    ):
        if type(count) is not int or count < 0:
            raise ValueError(count)
    for flag in (
        facts["csi_all_satisfied"],
        facts["influential"],
        facts["media"],
        facts["ssi_all_satisfied"],
    ):
        if flag is not True and flag is not False:
            raise ValueError(flag)
    if len(facts) != 16 or facts["kind"] not in KINDS or facts["loyalty"] not in LOYALTIES:
        raise ValueError(facts)
    return tier(facts)


# ---------------------------------------------------------------------------------------------------
# From a record


def months_before(day: date, months: int) -> date:
    """Return the day so many calendar months before; month-ends clamp."""
    month = day.month - 1 - months
    year, month = day.year + month // 12, month % 12 + 1
    try:
        return day.replace(year, month)
    except ValueError:
        return date(year, month + 1, 1) - ONE_DAY  # clamped months are never December


@lru_cache(maxsize=64)
def cut_offs(as_of: date) -> tuple[date, ...]:
    """Return the days 1, 3, 6, 12, 18, 24 and 36 months before a day."""
    return tuple(months_before(as_of, months) for months in (1, 3, 6, 12, 18, 24, 36))


def insured_years(covers: list[tuple[date, date]], as_of: date) -> int:
    """Return the policy years begun in the unbroken run of cover that holds the day."""
    start = min((begins for begins, ends in covers if ends >= as_of), default=None)
    if start is None:
        return 0
    if len(covers) > 1:
        covers.sort(key=lambda cover: cover[1], reverse=True)
        for begins, ends in covers:
            if begins < start:
                if start - ends > GAP:
                    break
                start = begins
    years = as_of.year - start.year
    if (as_of.month, as_of.day) < (start.month, start.day):
        years -= 1
    return years + 1


def decide(customer: Customer, as_of: date) -> dict[str, Answer]:  # noqa: PLR0915 - straight on, for speed
    """Return every decision of the shipped policies on a customer."""
    month_ago, quarter_ago, half_ago, year_ago, year_and_half_ago, two_years_ago, three_years_ago = cut_offs(
        as_of
    )

    # --- facts ---
    brand = bought_here = 0
    first_here = last_purchase = None
    for vehicle in customer.vehicles:
        day = vehicle.purchased_on
        if day is None or day > as_of:
            continue
        if vehicle.own_brand:
            brand += 1
        if vehicle.bought_here:
            bought_here += 1
            if first_here is None or day < first_here:
                first_here = day
        if last_purchase is None or day > last_purchase:
            last_purchase = day

    visits = visits_ever = repairs = 0
    last_visit = visit_before = last_maintenance = None
    for visit in customer.visits:
        day = visit.visited_on
        if day > as_of:
            continue
        status = visit.status
        if status == "cancelled" or status == "deleted":  # noqa: PLR1714 - faster so
            continue
        visits_ever += 1
        kind = visit.kind
        if day > year_ago:
            visits += 1
            if kind in REPAIRS:
                repairs += 1
        if last_visit is None or day > last_visit:
            last_visit, visit_before = day, last_visit
        elif day < last_visit and (visit_before is None or day > visit_before):
            visit_before = day
        if kind == "maintenance" and (last_maintenance is None or day > last_maintenance):
            last_maintenance = day

    covers = []
    soon = as_of + ENDING_SOON
    ending_soon = False
    for cover in customer.insurance:
        begins = cover.starts_on
        if begins > as_of or cover.cover != "commercial" or not cover.at_store:
            continue
        ends = cover.ends_on
        if ends is None:
            continue
        if as_of <= ends <= soon:
            ending_soon = True
        if cover.designated_repair:
            covers.append((begins, ends))

    referrals = insured = 0
    for referral in customer.referrals:
        if referral.succeeded_on > as_of:
            continue
        if referral.kind == "vehicle":
            referrals += 1
        elif referral.kind == "insurance" and referral.designated_repair:
            insured += 1

    ssi = csi = True  # all satisfied
    ssi_known = csi_known = True
    ssi_count = csi_count = 0
    for survey in customer.surveys:
        if survey.surveyed_on > as_of:
            continue
        source = survey.source
        if source == "ssi":
            ssi_count += 1
            if not survey.satisfied:
                if survey.satisfied is None:
                    ssi_known = False
                else:
                    ssi = False
        elif source == "csi":
            csi_count += 1
            if not survey.satisfied:
                if survey.satisfied is None:
                    csi_known = False
                else:
                    csi = False

    adopted = False
    for suggestion in customer.suggestions:
        if suggestion.adopted and suggestion.made_on <= as_of:
            adopted = True

    complained = False
    refused = []
    contacted = reasoned = cooperative = result = reason = None
    for contact in customer.contacts:
        day = contact.contacted_on
        if day > as_of:
            continue
        said = contact.result
        if contacted is None or day > contacted:
            contacted, result = day, said
        elif day == contacted and said != result:
            result = None
        why = contact.reason
        if why is not None:
            if reasoned is None or day > reasoned:
                reasoned, reason = day, why
            elif day == reasoned and why != reason:
                reason = None
        purpose = contact.purpose
        if purpose == "complaint":
            if day > quarter_ago:
                complained = True
        elif purpose == "recall" or purpose == "callback":  # noqa: PLR1714 - faster so
            if said == "refused":
                refused.append(day)
            elif said is not None and said != "unreachable" and (cooperative is None or day > cooperative):
                cooperative = day

    # --- decisions ---
    answers: dict[str, Answer] = {}

    best, good = [], []  # the super-VIP and VIP rules that hold
    maybe_best = maybe_good = False  # unknown facts could make one hold
    sales = "general"
    if referrals >= 1:
        sales = "vip"
        good.append("sales.referred-1")
    if ssi_count and ssi:
        if ssi_known:
            sales = "vip"
            good.append("sales.survey-all-satisfied")
        else:
            maybe_good = True
    owners = customer.household_brand_owners
    if owners is None:
        maybe_best = True
    elif owners >= 2:
        sales = "super_vip"
        best.append("sales.household")
    influential = customer.influential
    if influential:
        sales = "super_vip"
        best.append("sales.influential")
    elif influential is None:
        maybe_best = True
    if referrals >= 3:
        sales = "super_vip"
        best.append("sales.referred-3")
    if brand >= 2:
        kind = customer.kind
        if kind == "individual":
            sales = "super_vip"
            best.append("sales.repeat-purchase")
        elif kind is None:
            maybe_best = True

    after_sales = "general"
    if adopted:
        after_sales = "vip"
        good.append("after_sales.suggestion-adopted")
    if visits >= 3:
        loyalty = customer.loyalty
        if loyalty is None:
            maybe_good = True
            if visits >= 5:
                maybe_best = True
        elif loyalty != "low":
            after_sales = "vip"
            good.append("after_sales.visits-3")
            if visits >= 5 and loyalty == "high":
                after_sales = "super_vip"
                best.append("after_sales.visits-5")
    if sales != "general":
        good.append("after_sales.sales-vip")
        if sales == "super_vip":
            after_sales = "super_vip"
            best.append("after_sales.sales-super-vip")
        elif after_sales == "general":
            after_sales = "vip"
    if csi_count and csi:
        if csi_known:
            after_sales = "super_vip"
            best.append("after_sales.csi-always-satisfied")
        else:
            maybe_best = True

    insurance = "general"
    if insured >= 2:
        insurance = "vip"
        good.append("insurance.referred-2")
        if insured >= 3:
            insurance = "super_vip"
            best.append("insurance.referred-3")
    if repairs and covers:
        years = insured_years(covers, as_of)
        if years >= 3:
            good.append("insurance.insured-3-years")
            if years >= 4:
                insurance = "super_vip"
                best.append("insurance.insured-4-years")
            elif insurance == "general":
                insurance = "vip"

    marketing = "general"
    if referrals >= 1:
        media = customer.media
        if media:
            marketing = "vip"
            good.append("marketing.media-referred-1")
            if referrals >= 2:
                marketing = "super_vip"
                best.append("marketing.media-referred-2")
        elif media is None and referrals >= 2:
            maybe_best = True

    angles = (sales, after_sales, insurance, marketing)
    if best:
        answers["tier"] = DECIDED, ("super_vip", angles), best
    elif good:
        answers["tier"] = (UNDETERMINED if maybe_best else DECIDED), ("vip", angles), good
    else:
        answers["tier"] = (UNDETERMINED if maybe_best or maybe_good else DECIDED), ("general", angles), good

    if last_visit is None:
        stage = klass = "never_visited"
    elif last_visit > half_ago:
        stage = klass = "active"
    elif last_visit > year_ago:
        stage, klass = "wavering", "at_risk"
    elif last_visit > two_years_ago:
        stage = klass = "churned"
    else:
        stage, klass = ("nearly_lost" if last_visit > three_years_ago else "lost"), "gone"
    if customer.out_of_reach:
        stage = "out_of_reach"
    answers["churn_stage"] = DECIDED, stage, [stage]
    answers["churn_class"] = DECIDED, klass, [klass]

    base = last_maintenance or last_purchase
    if base is None:
        answers["missed_maintenance"] = UNDEFINED, None, []
    else:
        missed = "active" if base > year_ago else "at_risk" if base > year_and_half_ago else "churned"
        answers["missed_maintenance"] = DECIDED, missed, [missed]

    territory = customer.in_territory
    if visits >= 2:
        answers["effective_customer"] = DECIDED, "effective", ["two-or-more"]
    elif visits == 0:
        answers["effective_customer"] = DECIDED, "not_effective", ["no-visit"]
    elif territory is None:
        answers["effective_customer"] = UNDETERMINED, None, []
    elif territory:
        answers["effective_customer"] = DECIDED, "effective", ["one-inside"]
    else:
        answers["effective_customer"] = DECIDED, "not_effective", ["one-outside"]

    answers["win_back_measures"] = (UNDETERMINED, None, []) if reason is None else (DECIDED, reason, [reason])

    lost = []
    if len(refused) >= 3 and (cooperative is None or sum(day > cooperative for day in refused) >= 3):
        lost.append("a")
    if result == "not_interested":
        lost.append("b")
    elif result == "distrusts":
        lost.append("c")
    if lost or contacted is None or result is not None:
        answers["final_loss"] = DECIDED, bool(lost), lost
    else:
        answers["final_loss"] = UNDETERMINED, None, []

    seen = last_visit or last_purchase
    if seen is None:
        answers["red_line"] = UNDEFINED, None, []
    elif as_of - seen >= RED_LINE:
        answers["red_line"] = DECIDED, True, ["past"]
    else:
        answers["red_line"] = DECIDED, False, ["within"]

    gifts = []
    unknown = False
    if first_here is not None and first_here > quarter_ago:
        gifts.append("new-customer")
    if complained:
        gifts.append("complaint")
    if visits >= 4:
        gifts.append("loyal")
    if klass == "churned" or klass == "gone":  # noqa: PLR1714 - faster so
        gifts.append("win-back")
    if not bought_here:
        if visits_ever == 1:
            gifts.append("first-visit")
        if ending_soon:
            gifts.append("renewal-rebate")
    if (
        last_visit is not None
        and visit_before is not None
        and last_visit > month_ago
        and visit_before <= months_before(last_visit - ONE_DAY, 12)
    ):
        gifts.append("return-voucher")
    in_campaign = stage == "churned" and CAMPAIGN[0] <= as_of <= CAMPAIGN[1]
    if in_campaign:
        gifts.append("sms-campaign")
    if result == "will_come":
        gifts.append("gift-kept")
    elif result is None and contacted is not None:
        unknown = True
    if in_campaign:
        gifts.append("recall-voucher")
        region = customer.region
        if region in REMOTE:
            gifts.append("recall-voucher-toll")
        elif region is None:
            unknown = True
    answers["retention_gift"] = (UNDETERMINED if unknown else DECIDED), gifts, gifts
    return answers
