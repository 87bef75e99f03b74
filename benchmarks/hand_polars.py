"""The yardstick for whole stores: the nine customer decisions in polars, written by hand, from Parquet to Parquet.

As fast as one can write it for these policies on this one day: cut-off dates are literals, facts are only as exact as
the rules ask, everything else is bits. Null is unknown, as domain.md demands; nothing is checked, nothing can be edited
by a manager or explained. The columns are those of ``PolicyBook.evaluate_frame``.

Ids are text, as in the clean tables: what only holds for the generator's ids (a number behind a letter) is not used.
"""

from __future__ import annotations

import sys
from datetime import date
from functools import reduce
from operator import or_
from pathlib import Path

import polars as pl

AS_OF = date(2014, 9, 30)
MONTH_AGO = date(2014, 8, 30)
QUARTER_AGO = date(2014, 6, 30)
HALF_AGO = date(2014, 3, 30)
YEAR_AGO = date(2013, 9, 30)  # and 365 days ago
YEAR_AND_HALF_AGO = date(2013, 3, 30)
TWO_YEARS_AGO = date(2012, 9, 30)
THREE_YEARS_AGO = date(2011, 9, 30)
SOON = date(2014, 11, 29)  # in 60 days
REPAIRS = ["maintenance", "repair", "body", "warranty", "claim"]
REMOTE = ["德化", "永春", "水头", "惠安"]

LEVELS = pl.Enum(["super_vip", "vip", "general"])
STATUS = pl.Enum(["decided", "undetermined", "undefined"])
STAGES = pl.Enum(["active", "churned", "lost", "nearly_lost", "never_visited", "out_of_reach", "wavering"])
CLASSES = pl.Enum(["active", "at_risk", "churned", "gone", "never_visited"])
MISSED = pl.Enum(["active", "at_risk", "churned"])
EFFECTIVE = pl.Enum(["effective", "not_effective"])
MEASURES = pl.Enum(["location", "price", "reminder", "service"])
GIFTS = (  # in the order of the policy, with the bit of each
    ("new-customer", 4),
    ("complaint", 0),
    ("loyal", 3),
    ("win-back", 10),
    ("first-visit", 1),
    ("renewal-rebate", 7),
    ("return-voucher", 8),
    ("sms-campaign", 9),
    ("gift-kept", 2),
    ("recall-voucher", 5),
    ("recall-voucher-toll", 6),
)
GIFT_LISTS = pl.Enum(
    [" ".join(name for name, bit in GIFTS if mask >> bit & 1) or "-" for mask in range(2048)]
)

# The tier's rules by bit: which grant super VIP, which VIP, which belong to what angle.
SUPER = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 15 | 1 << 16
VIP = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 14 | 1 << 17
AFTER_SALES, INSURANCE, MARKETING, SALES = 0b111111, 0b1111 << 6, 0b11 << 10, 0b111111 << 12

col, lit, when = pl.col, pl.lit, pl.when
NONE = lit(0, pl.Int32)
ID = "customer_id"


def visit_facts(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Return what the visits of each customer say."""
    day, recent = col("visited_on"), col("visited_on") > YEAR_AGO
    return (
        visits.filter(day <= AS_OF, ~col("status").is_in(["cancelled", "deleted"]).fill_null(value=False))
        .select(
            ID,
            day.alias("last_visit"),
            when(col("kind") == "maintenance").then(day).alias("last_maintenance"),
            when(day > MONTH_AGO).then(day).alias("first_of_month"),
            when(day <= MONTH_AGO).then(day).alias("before_month"),
            # three counts in one number
            (
                recent.cast(pl.Int64) * 65_536
                + (recent & col("kind").is_in(REPAIRS).fill_null(value=False)).cast(pl.Int64) * 4_294_967_296
                + 1
            ).alias("counts"),
        )
        .group_by(ID)
        .agg(
            col("last_visit", "last_maintenance", "before_month").max(),
            col("first_of_month").min(),
            col("counts").sum(),
        )
    )


def vehicle_facts(vehicles: pl.LazyFrame) -> pl.LazyFrame:
    """Return what the vehicles of each customer say."""
    day = col("purchased_on")
    here = col("bought_here").fill_null(value=False)
    return (
        vehicles.filter(day <= AS_OF)
        .select(
            ID,
            day.alias("last_purchase"),
            when(here).then(day).alias("first_here"),
            col("own_brand").fill_null(value=False).cast(pl.Int32).alias("brand"),
        )
        .group_by(ID)
        .agg(col("last_purchase").max(), col("first_here").min(), col("brand").sum())
    )


def cover_facts(insurance: pl.LazyFrame) -> pl.LazyFrame:
    """Return whose covers at the store are about to end, and since when the run of covers that holds the day lasts."""
    held = insurance.filter(
        col("starts_on") <= AS_OF,
        col("cover") == "commercial",
        col("at_store"),
        col("ends_on").is_not_null(),
    ).select(ID, "starts_on", "ends_on", "designated_repair")
    soon = (
        held.filter(col("ends_on").is_between(AS_OF, SOON))
        .select(ID)
        .unique()
        .with_columns(ending_soon=lit(value=True))
    )
    # A run begins where no earlier cover of the customer reaches to within 30 days; after sorting by customer and day,
    # a customer's number in front of the day keeps the running maximum within the customer.
    spans = (
        held.filter("designated_repair")
        .sort(ID, "starts_on")
        .with_columns(
            owner=(col(ID) != col(ID).shift()).fill_null(value=True).cum_sum().cast(pl.Int64) * 1_048_576
        )
        .with_columns(reach=(col("owner") + col("ends_on").cast(pl.Int64)).cum_max())
    )
    run = (
        spans.with_columns(before=col("reach").shift().fill_null(0))
        .with_columns(
            begins=when(col("owner") + col("starts_on").cast(pl.Int64) - col("before") > 31).then("starts_on")
        )
        .group_by(ID)
        .agg(col("begins").max(), col("ends_on").max())
        .filter(col("ends_on") >= AS_OF)
        .select(ID, "begins")
    )
    return run.join(soon, on=ID, how="full", coalesce=True)


def referral_facts(referrals: pl.LazyFrame) -> pl.LazyFrame:
    """Return how many vehicles and insured customers each customer referred."""
    return (
        referrals.filter(col("succeeded_on") <= AS_OF)
        .select(
            ID,
            vehicles_referred=(col("kind") == "vehicle").fill_null(value=False).cast(pl.Int32),
            insured_referred=((col("kind") == "insurance") & col("designated_repair"))
            .fill_null(value=False)
            .cast(pl.Int32),
        )
        .group_by(ID)
        .agg(col("vehicles_referred", "insured_referred").sum())
    )


def survey_facts(surveys: pl.LazyFrame) -> pl.LazyFrame:
    """Return for both surveys the worst answer: 0 satisfied, 1 not known, 2 not satisfied; null without any."""
    worst = when("satisfied").then(0).when(~col("satisfied")).then(2).otherwise(1).cast(pl.Int8)
    return (
        surveys.filter(col("surveyed_on") <= AS_OF, col("source").is_in(["csi", "ssi"]))
        .select(
            ID,
            csi=when(col("source") == "csi").then(worst),
            ssi=when(col("source") == "ssi").then(worst),
        )
        .group_by(ID)
        .agg(col("csi", "ssi").max())
    )


def contact_facts(contacts: pl.LazyFrame) -> pl.LazyFrame:
    """Return what the latest contacts said, who complained of late, and who refused three times in a row."""
    day, result = col("contacted_on"), col("result")
    number = day.cast(pl.Int32) * 8
    called = col("purpose").is_in(["recall", "callback"])
    said = result.replace_strict(RESULT_CODES, default=0, return_dtype=pl.Int32)
    why = col("reason").replace_strict(REASON_CODES, default=None, return_dtype=pl.Int32)
    seen = contacts.filter(day <= AS_OF)
    facts = (
        seen.select(
            ID,
            (number + said).alias("last_high"),
            (number - said).alias("last_low"),
            (number + why).alias("why_high"),
            (number - why).alias("why_low"),
            ((col("purpose") == "complaint") & (day > QUARTER_AGO))
            .fill_null(value=False)
            .alias("complained"),
            when(called & ~result.is_in(["refused", "unreachable"])).then(day).alias("cooperative"),
            (called & (result == "refused")).fill_null(value=False).cast(pl.Int32).alias("refusals"),
        )
        .group_by(ID)
        .agg(
            col("last_high", "last_low", "why_high", "why_low", "cooperative").max(),
            col("complained").any(),
            col("refusals").sum(),
        )
    )
    # Few refused three times and cooperated once: only their contacts are looked at again.
    again = (
        facts.filter(col("refusals") >= 3, col("cooperative").is_not_null())
        .select(ID, "cooperative")
        .join(seen.filter(called, result == "refused").select(ID, "contacted_on"), on=ID)
        .filter(col("contacted_on") > col("cooperative"))
        .group_by(ID)
        .agg(pl.len().alias("since"))
    )
    return facts.join(again, on=ID, how="left").select(
        ID,
        "complained",
        refuses=(col("refusals") >= 3) & (col("cooperative").is_null() | (col("since") >= 3)),
        # the code, where all of the latest day agree; 0 is not known
        result=agreed("last"),
        reason=agreed("why"),
    )


RESULT_CODES = {
    "reached": 1,
    "unreachable": 2,
    "refused": 3,
    "not_interested": 4,
    "distrusts": 5,
    "will_come": 6,
}
REASON_CODES = {"location": 1, "price": 2, "reminder": 3, "service": 4}


def agreed(which: str) -> pl.Expr:
    """Return the code that the greatest (day * 8 + code) and the greatest (day * 8 - code) agree on, 0 without."""
    high, low = col(f"{which}_high"), col(f"{which}_low")
    code = high & 7
    return when(high - low == 2 * code).then(code).otherwise(0)


def bits(places: dict[int, pl.Expr]) -> pl.Expr:
    """Return conditions, none of them null, as a mask."""
    each = (
        when(condition).then(lit(1 << bit, pl.Int32)).otherwise(NONE) for bit, condition in places.items()
    )
    return reduce(or_, each)


def has(mask: pl.Expr, wanted: int) -> pl.Expr:
    return (mask & wanted) != 0


def wide(mask: pl.Expr) -> pl.Expr:
    return mask.cast(pl.Int64)


def level(mask: pl.Expr) -> pl.Expr:
    return (
        when(has(mask, SUPER)).then(0).when(has(mask, VIP)).then(1).otherwise(2).cast(pl.UInt8).cat.to(LEVELS)
    )


def status(undetermined: pl.Expr) -> pl.Expr:
    return undetermined.cast(pl.UInt8).cat.to(STATUS)


def months_since(day: pl.Expr) -> pl.Expr:
    months = lit(2014 * 12 + 9, pl.Int64) - day.dt.year().cast(pl.Int64) * 12 - day.dt.month()
    return months - (day.dt.day() > 30).cast(pl.Int64)


def gathered(tables: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Return the customers with all facts about them, null where there are none."""
    known = {"value": False}
    joined = tables["customers"].select(
        ID,
        "household_id",
        "in_territory",
        "influential",
        "media",
        reach=col("out_of_reach").fill_null(**known),
        individual=(col("kind") == "individual").fill_null(**known),
        kindless=col("kind").is_null(),
        loyal=(col("loyalty") != "low").fill_null(**known),
        very_loyal=(col("loyalty") == "high").fill_null(**known),
        loyalty_unknown=col("loyalty").is_null(),
        remote=col("region").is_in(REMOTE).fill_null(**known),
        region_unknown=col("region").is_null(),
    )
    suggested = tables["suggestions"].filter(col("made_on") <= AS_OF, "adopted").select(ID).unique()
    # small ones first: a join copies what has been joined before
    for facts in (
        suggested.with_columns(suggested=lit(value=True)),
        survey_facts(tables["surveys"]),
        cover_facts(tables["insurance"]),
        referral_facts(tables["referrals"]),
        contact_facts(tables["contacts"]),
        vehicle_facts(tables["vehicles"]),
        visit_facts(tables["visits"]),
    ):
        joined = joined.join(facts, on=ID, how="left")
    homes = (  # where two persons or more own a vehicle of the brand
        joined.filter(col("brand") > 0, col("household_id").is_not_null())
        .group_by("household_id")
        .agg(pl.len().alias("owners"))
        .filter(col("owners") >= 2)
        .select("household_id", shared=lit(value=True))
    )
    return joined.join(homes, on="household_id", how="left")


def decide(tables: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Return the decisions on every customer, a row each."""
    return decided(gathered(tables))


def decided(joined: pl.LazyFrame) -> pl.LazyFrame:
    """Return the decisions from the facts."""
    no = lit(value=False)
    recent = ((col("counts") // 65_536) & 65_535).fill_null(0)
    ever = (col("counts") & 65_535).fill_null(0)
    repaired = (col("counts") >= 4_294_967_296).fill_null(value=False)
    last, base = col("last_visit"), pl.coalesce("last_maintenance", "last_purchase")
    seen = pl.coalesce("last_visit", "last_purchase")
    counted = joined.select(
        ID,
        "individual",
        "kindless",
        "loyal",
        "very_loyal",
        "loyalty_unknown",
        "remote",
        "region_unknown",
        "reach",
        "in_territory",
        "influential",
        "media",
        "csi",
        "ssi",
        last_visit=last,
        base=base,
        seen=seen,
        away=last.is_null(),
        recent=recent,
        ever=ever,
        repaired=repaired,
        vref=col("vehicles_referred").fill_null(0),
        iref=col("insured_referred").fill_null(0),
        brand=col("brand").fill_null(0),
        shared=col("shared").fill_null(value=False),
        homeless=col("household_id").is_null(),
        three=(col("begins") <= TWO_YEARS_AGO).fill_null(value=False),
        four=(col("begins") <= THREE_YEARS_AGO).fill_null(value=False),
        ending_soon=col("ending_soon").fill_null(value=False),
        here=col("first_here").is_not_null(),
        new=(col("first_here") > QUARTER_AGO).fill_null(value=False),
        suggested=col("suggested").fill_null(value=False),
        complained=col("complained").fill_null(value=False),
        refuses=col("refuses").fill_null(value=False),
        result=col("result"),  # null: never contacted; 0: not known
        reason=col("reason").fill_null(0),
        # the latest visit is of the past month, and the one before it was more than a year earlier
        returned=(
            (last > MONTH_AGO)
            & (col("first_of_month") == last)
            & (col("before_month").cast(pl.Int32) <= last.cast(pl.Int32) - 366)
        ).fill_null(value=False),
    )
    vref, iref, result, reason = col("vref"), col("iref"), col("result"), col("reason")
    away, reach = col("away"), col("reach")

    influential, media = col("influential").fill_null(value=False), col("media").fill_null(value=False)
    territory = col("in_territory")
    some = lambda stage: stage.fill_null(value=False)  # noqa: E731
    stage = {
        0: some(last > HALF_AGO),
        6: some((last <= HALF_AGO) & (last > YEAR_AGO)),
        1: some((last <= YEAR_AGO) & (last > TWO_YEARS_AGO)),
        3: some((last <= TWO_YEARS_AGO) & (last > THREE_YEARS_AGO)),
        2: some(last <= THREE_YEARS_AGO),
        4: away,
        5: reach,
    }
    in_campaign = stage[1] & ~reach
    not_known = (result == 0).fill_null(value=False)
    said = lambda code: (result == code).fill_null(value=False)  # noqa: E731
    once = col("recent") == 1
    masks = counted.with_columns(
        sales_true=bits(
            {
                12: col("shared"),
                13: influential,
                14: vref >= 1,
                15: vref >= 3,
                16: col("individual") & (col("brand") >= 2),
                17: (col("ssi") == 0).fill_null(value=False),
            }
        ),
        sales_unknown=bits(
            {
                12: col("homeless"),
                13: col("influential").is_null(),
                16: col("kindless") & (col("brand") >= 2),
                17: (col("ssi") == 1).fill_null(value=False),
            }
        ),
        churn_stage_true=bits(stage),
        churn_class_true=bits({0: stage[0], 1: stage[6], 2: stage[1], 3: stage[2] | stage[3], 4: stage[4]}),
        missed_true=bits(
            {
                0: some(base_ := col("base") > YEAR_AGO),
                1: some(~base_ & (col("base") > YEAR_AND_HALF_AGO)),
                2: some(col("base") <= YEAR_AND_HALF_AGO),
            }
        ),
        effective_true=bits(
            {
                0: col("recent") == 0,
                1: once & territory.fill_null(value=False),
                2: once & (~territory).fill_null(value=False),
                3: col("recent") >= 2,
            }
        ),
        effective_open=once & territory.is_null(),
        final_true=bits({0: col("refuses"), 1: said(4), 2: said(5)}),
        final_open=not_known,
        red_true=bits({0: some(col("seen") <= YEAR_AGO), 1: some(col("seen") > YEAR_AGO)}),
        gift_true=bits(
            {
                0: col("complained"),
                1: ~col("here") & (col("ever") == 1),
                2: said(6),
                3: col("recent") >= 4,
                4: col("new"),
                5: in_campaign,
                6: in_campaign & col("remote"),
                7: ~col("here") & col("ending_soon"),
                8: col("returned"),
                9: in_campaign,
                10: stage[1] | stage[2] | stage[3],
            }
        ),
        gift_unknown=bits({2: not_known, 6: in_campaign & col("region_unknown")}),
    )
    st, su = col("sales_true"), col("sales_unknown")
    super_sales, vip_sales = has(st, SUPER), st != 0
    tiers = masks.with_columns(
        tier_true=st
        + bits(
            {
                0: (col("csi") == 0).fill_null(value=False),
                1: super_sales,
                2: vip_sales,
                3: col("suggested"),
                4: col("loyal") & (col("recent") >= 3),
                5: col("very_loyal") & (col("recent") >= 5),
                6: col("three") & col("repaired"),
                7: col("four") & col("repaired"),
                8: iref >= 2,
                9: iref >= 3,
                10: media & (vref >= 1),
                11: media & (vref >= 2),
            }
        ),
        tier_unknown=su
        + bits(
            {
                0: (col("csi") == 1).fill_null(value=False),
                1: ~super_sales & has(su, SUPER),
                2: ~vip_sales & (su != 0),
                4: col("loyalty_unknown") & (col("recent") >= 3),
                5: col("loyalty_unknown") & (col("recent") >= 5),
                10: col("media").is_null() & (vref >= 1),
                11: col("media").is_null() & (vref >= 2),
            }
        ),
    )
    t, u = col("tier_true"), col("tier_unknown")
    stage_code = pl.sum_horizontal(stage[bit].cast(pl.UInt8) * bit for bit in (1, 2, 3, 4, 6))
    sure = lit("decided", STATUS)
    none = lit(0, pl.Int64)
    months = months_since(last)
    lost = col("final_true") != 0
    winning = reason > 0
    some_gift = col("gift_true") != 0
    code = lambda mask, *bit: pl.sum_horizontal(has(mask, 1 << at).cast(pl.UInt8) * at for at in bit)  # noqa: E731
    return tiers.select(
        ID,
        code(col("churn_class_true"), 1, 2, 3, 4).cat.to(CLASSES).alias("churn_class"),
        sure.alias("churn_class.status"),
        months.alias("churn_class.measure"),
        wide(col("churn_class_true")).alias("churn_class.true"),
        none.alias("churn_class.unknown"),
        when(reach).then(lit(5, pl.UInt8)).otherwise(stage_code).cat.to(STAGES).alias("churn_stage"),
        sure.alias("churn_stage.status"),
        months.alias("churn_stage.measure"),
        wide(col("churn_stage_true")).alias("churn_stage.true"),
        none.alias("churn_stage.unknown"),
        when(~col("effective_open"))
        .then(~(has(col("effective_true"), 0b1010)))
        .cast(pl.UInt8)
        .cat.to(EFFECTIVE)
        .alias("effective_customer"),
        status(col("effective_open")).alias("effective_customer.status"),
        wide(col("effective_true")).alias("effective_customer.true"),
        (col("effective_open").cast(pl.Int64) * 0b110).alias("effective_customer.unknown"),
        when(lost | ~col("final_open")).then(lost).alias("final_loss"),
        status(~lost & col("final_open")).alias("final_loss.status"),
        wide(col("final_true")).alias("final_loss.true"),
        (col("final_open").cast(pl.Int64) * 0b110).alias("final_loss.unknown"),
        code(col("missed_true"), 1, 2)
        .cat.to(MISSED)
        .pipe(lambda made: when(col("base").is_not_null()).then(made))
        .alias("missed_maintenance"),
        (col("base").is_null().cast(pl.UInt8) * 2).cat.to(STATUS).alias("missed_maintenance.status"),
        months_since(col("base")).alias("missed_maintenance.measure"),
        wide(col("missed_true")).alias("missed_maintenance.true"),
        none.alias("missed_maintenance.unknown"),
        (col("seen") <= YEAR_AGO).alias("red_line"),
        (col("seen").is_null().cast(pl.UInt8) * 2).cat.to(STATUS).alias("red_line.status"),
        wide(col("red_true")).alias("red_line.true"),
        none.alias("red_line.unknown"),
        when(some_gift).then(col("gift_true").cast(pl.UInt16)).cat.to(GIFT_LISTS).alias("retention_gift"),
        status(col("gift_unknown") != 0).alias("retention_gift.status"),
        wide(col("gift_true")).alias("retention_gift.true"),
        wide(col("gift_unknown")).alias("retention_gift.unknown"),
        level(t).alias("tier"),
        status(when(has(t, SUPER)).then(no).when(has(t, VIP)).then(has(u, SUPER)).otherwise(u != 0)).alias(
            "tier.status"
        ),
        level(t & AFTER_SALES).alias("tier.after_sales"),
        level(t & INSURANCE).alias("tier.insurance"),
        level(t & MARKETING).alias("tier.marketing"),
        level(t & SALES).alias("tier.sales"),
        wide(when(has(t, SUPER)).then(t & SUPER).otherwise(t & VIP)).alias("tier.because"),
        wide(t).alias("tier.true"),
        wide(u).alias("tier.unknown"),
        when(winning).then((reason - 1).cast(pl.UInt8)).cat.to(MEASURES).alias("win_back_measures"),
        status(~winning).alias("win_back_measures.status"),
        wide(bits({at: reason == at + 1 for at in range(4)})).alias("win_back_measures.true"),
        when(winning).then(none).otherwise(0b1111).alias("win_back_measures.unknown"),
    )


def tiers_from_facts(facts: pl.LazyFrame) -> pl.LazyFrame:
    """Return the tier's columns from ready-made facts, any of which may be null: polars' own and, or are Kleene's."""
    vref, iref, visits = col("vehicle_referrals"), col("insurance_referrals"), col("visits_past_year")
    years, repaired = col("insured_years_running"), col("repairs_past_year") >= 1
    loyalty, media = col("loyalty"), col("media")
    sales = {
        12: col("household_brand_owners") >= 2,
        13: col("influential"),
        14: vref >= 1,
        15: vref >= 3,
        16: (col("kind") == "individual") & (col("brand_vehicles_bought") >= 2),
        17: (col("ssi_surveys") >= 1) & col("ssi_all_satisfied"),
    }
    others = {
        0: (col("csi_surveys") >= 1) & col("csi_all_satisfied"),
        3: col("suggestions_adopted") >= 1,
        4: (visits >= 3) & (loyalty != "low"),
        5: (visits >= 5) & (loyalty == "high"),
        6: (years >= 3) & repaired,
        7: (years >= 4) & repaired,
        8: iref >= 2,
        9: iref >= 3,
        10: media & (vref >= 1),
        11: media & (vref >= 2),
    }
    rules = sales | others
    truths = facts.select(ID, **{f"r{bit}": rule for bit, rule in rules.items()})
    true = {bit: col(f"r{bit}").fill_null(value=False) for bit in rules}
    unknown = {bit: col(f"r{bit}").is_null() for bit in rules}
    masks = truths.select(ID, st=bits(true), su=bits(unknown))
    st, su = col("st"), col("su")
    sup, any_ = has(st, SUPER & SALES), has(st, SALES)
    tiers = masks.select(
        ID,
        t=st + bits({1: sup, 2: any_}),
        u=su + bits({1: ~sup & has(su, SUPER & SALES), 2: ~any_ & has(su, SALES)}),
    )
    t, u = col("t"), col("u")
    return tiers.select(
        ID,
        level(t).alias("tier"),
        status(~has(t, SUPER) & (has(u, SUPER) | (~has(t, VIP) & (u != 0)))).alias("tier.status"),
        level(t & AFTER_SALES).alias("tier.after_sales"),
        level(t & INSURANCE).alias("tier.insurance"),
        level(t & MARKETING).alias("tier.marketing"),
        level(t & SALES).alias("tier.sales"),
        wide(when(has(t, SUPER)).then(t & SUPER).otherwise(t & VIP)).alias("tier.because"),
        wide(t).alias("tier.true"),
        wide(u).alias("tier.unknown"),
    )


TABLES = ("customers", "vehicles", "visits", "insurance", "referrals", "surveys", "suggestions", "contacts")


def run(store: Path, out: Path) -> None:
    """Evaluate a store of Parquet tables into one Parquet file."""
    tables = {name: pl.scan_parquet(store / f"{name}.parquet") for name in TABLES}
    decide(tables).sink_parquet(out)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
