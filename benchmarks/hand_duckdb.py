"""The yardstick for whole stores in SQL: the same as ``hand_polars``, written by hand for DuckDB, from Parquet to Parquet.

Cut-off dates are literals, facts only as exact as the rules ask, truths are bits. Null is unknown.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

TABLES = ("customers", "vehicles", "visits", "insurance", "referrals", "surveys", "suggestions", "contacts")

FACTS = """
visit_facts AS (
    SELECT
        customer_id,
        max(visited_on) AS last_visit,
        max(CASE WHEN kind = 'maintenance' THEN visited_on END) AS last_maintenance,
        min(CASE WHEN visited_on > DATE '2014-08-30' THEN visited_on END) AS first_of_month,
        max(CASE WHEN visited_on <= DATE '2014-08-30' THEN visited_on END) AS before_month,
        count(*) AS ever,
        count(CASE WHEN visited_on > DATE '2013-09-30' THEN 1 END) AS recent,
        count(CASE WHEN visited_on > DATE '2013-09-30'
                    AND kind IN ('maintenance', 'repair', 'body', 'warranty', 'claim') THEN 1 END) AS repairs
    FROM visits
    WHERE visited_on <= DATE '2014-09-30' AND (status IS NULL OR status NOT IN ('cancelled', 'deleted'))
    GROUP BY customer_id
),
vehicle_facts AS (
    SELECT
        customer_id,
        max(purchased_on) AS last_purchase,
        min(CASE WHEN bought_here THEN purchased_on END) AS first_here,
        count(CASE WHEN own_brand THEN 1 END) AS brand
    FROM vehicles
    WHERE purchased_on <= DATE '2014-09-30'
    GROUP BY customer_id
),
cover_facts AS (  -- since when the run of covers that holds the day lasts, and what is about to end
    SELECT
        customer_id,
        CASE WHEN max(CASE WHEN designated_repair THEN ends_on END) >= DATE '2014-09-30'
             THEN max(CASE WHEN designated_repair AND (reach IS NULL OR starts_on - reach > 31)
                           THEN starts_on END) END AS begins,
        bool_or(ends_on BETWEEN DATE '2014-09-30' AND DATE '2014-11-29') AS ending_soon
    FROM (
        SELECT
            customer_id, starts_on, ends_on, designated_repair,
            max(CASE WHEN designated_repair THEN ends_on END) OVER (
                PARTITION BY customer_id ORDER BY starts_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS reach
        FROM insurance
        WHERE starts_on <= DATE '2014-09-30' AND cover = 'commercial' AND at_store AND ends_on IS NOT NULL
          AND (designated_repair OR ends_on BETWEEN DATE '2014-09-30' AND DATE '2014-11-29')
    )
    GROUP BY customer_id
),
referral_facts AS (
    SELECT
        customer_id,
        count(CASE WHEN kind = 'vehicle' THEN 1 END) AS vref,
        count(CASE WHEN kind = 'insurance' AND designated_repair THEN 1 END) AS iref
    FROM referrals
    WHERE succeeded_on <= DATE '2014-09-30'
    GROUP BY customer_id
),
survey_facts AS (  -- the worst answer: 0 satisfied, 1 not known, 2 not satisfied; null without any
    SELECT
        customer_id,
        max(CASE WHEN source = 'csi' THEN worst END) AS csi,
        max(CASE WHEN source = 'ssi' THEN worst END) AS ssi
    FROM (
        SELECT customer_id, source, CASE WHEN satisfied THEN 0 WHEN NOT satisfied THEN 2 ELSE 1 END AS worst
        FROM surveys
        WHERE surveyed_on <= DATE '2014-09-30' AND source IN ('csi', 'ssi')
    )
    GROUP BY customer_id
),
suggested AS (
    SELECT DISTINCT customer_id FROM suggestions WHERE made_on <= DATE '2014-09-30' AND adopted
),
seen_contacts AS (
    SELECT
        *,
        8 * (contacted_on - DATE '1970-01-01') AS number,
        CASE result WHEN 'reached' THEN 1 WHEN 'unreachable' THEN 2 WHEN 'refused' THEN 3
             WHEN 'not_interested' THEN 4 WHEN 'distrusts' THEN 5 WHEN 'will_come' THEN 6 ELSE 0 END AS said,
        CASE reason WHEN 'location' THEN 1 WHEN 'price' THEN 2 WHEN 'reminder' THEN 3
             WHEN 'service' THEN 4 END AS why,
        purpose IN ('recall', 'callback') AS called
    FROM contacts
    WHERE contacted_on <= DATE '2014-09-30'
),
contact_highs AS (
    SELECT
        customer_id,
        max(number + said) AS last_high,
        max(number - said) AS last_low,
        max(number + why) AS why_high,
        max(number - why) AS why_low,
        max(CASE WHEN called AND result NOT IN ('refused', 'unreachable') THEN contacted_on END) AS cooperative,
        bool_or(purpose = 'complaint' AND contacted_on > DATE '2014-06-30') AS complained,
        count(CASE WHEN called AND result = 'refused' THEN 1 END) AS refusals
    FROM seen_contacts
    GROUP BY customer_id
),
refused_since AS (  -- few refused three times and cooperated once: only their contacts are looked at again
    SELECT customer_id, count(*) AS since
    FROM contact_highs JOIN seen_contacts USING (customer_id)
    WHERE refusals >= 3 AND cooperative IS NOT NULL AND called AND result = 'refused'
      AND contacted_on > cooperative
    GROUP BY customer_id
),
contact_facts AS (
    SELECT
        customer_id,
        complained,
        refusals >= 3 AND (cooperative IS NULL OR coalesce(since, 0) >= 3) AS refuses,
        CASE WHEN last_high - last_low = 2 * (last_high % 8) THEN last_high % 8 ELSE 0 END AS result,
        CASE WHEN why_high - why_low = 2 * (why_high % 8) THEN why_high % 8 ELSE 0 END AS reason
    FROM contact_highs LEFT JOIN refused_since USING (customer_id)
),
shared_homes AS (  -- where two persons or more own a vehicle of the brand
    SELECT household_id
    FROM customers JOIN vehicle_facts USING (customer_id)
    WHERE brand > 0 AND household_id IS NOT NULL
    GROUP BY household_id
    HAVING count(*) >= 2
),
facts AS (
    SELECT
        customers.customer_id,
        kind, region, in_territory, influential, media, loyalty,
        coalesce(out_of_reach, false) AS reach,
        customers.household_id IS NULL AS homeless,
        shared_homes.household_id IS NOT NULL AS shared,
        last_visit,
        coalesce(last_maintenance, last_purchase) AS base,
        coalesce(last_visit, last_purchase) AS seen,
        coalesce(ever, 0) AS ever,
        coalesce(recent, 0) AS recent,
        coalesce(repairs, 0) > 0 AS repaired,
        coalesce(last_visit > DATE '2014-08-30' AND first_of_month = last_visit
                 AND last_visit - before_month >= 366, false) AS returned,
        coalesce(brand, 0) AS brand,
        first_here IS NOT NULL AS here,
        coalesce(first_here > DATE '2014-06-30', false) AS new,
        coalesce(begins <= DATE '2012-09-30', false) AS three,
        coalesce(begins <= DATE '2011-09-30', false) AS four,
        coalesce(ending_soon, false) AS ending_soon,
        coalesce(vref, 0) AS vref,
        coalesce(iref, 0) AS iref,
        csi, ssi,
        suggested.customer_id IS NOT NULL AS suggested,
        coalesce(complained, false) AS complained,
        coalesce(refuses, false) AS refuses,
        contact_facts.result AS result,
        coalesce(contact_facts.reason, 0) AS reason
    FROM customers
    LEFT JOIN visit_facts USING (customer_id)
    LEFT JOIN vehicle_facts USING (customer_id)
    LEFT JOIN cover_facts USING (customer_id)
    LEFT JOIN referral_facts USING (customer_id)
    LEFT JOIN survey_facts USING (customer_id)
    LEFT JOIN suggested USING (customer_id)
    LEFT JOIN contact_facts USING (customer_id)
    LEFT JOIN shared_homes ON customers.household_id = shared_homes.household_id
)
"""


def bits(places: dict[int, str]) -> str:
    """Return conditions as a mask; null is false."""
    return " + ".join(
        f"(CASE WHEN {condition} THEN {1 << bit} ELSE 0 END)" for bit, condition in places.items()
    )


STAGE = {
    0: "last_visit > DATE '2014-03-30'",
    6: "last_visit <= DATE '2014-03-30' AND last_visit > DATE '2013-09-30'",
    1: "last_visit <= DATE '2013-09-30' AND last_visit > DATE '2012-09-30'",
    3: "last_visit <= DATE '2012-09-30' AND last_visit > DATE '2011-09-30'",
    2: "last_visit <= DATE '2011-09-30'",
    4: "last_visit IS NULL",
    5: "reach",
}
IN_CAMPAIGN = f"({STAGE[1]} AND NOT reach)"
SALES = {
    12: "shared",
    13: "influential",
    14: "vref >= 1",
    15: "vref >= 3",
    16: "kind = 'individual' AND brand >= 2",
    17: "ssi = 0",
}
SALES_UNKNOWN = {
    12: "homeless",
    13: "influential IS NULL",
    16: "kind IS NULL AND brand >= 2",
    17: "ssi = 1",
}
SUPER = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 15 | 1 << 16
VIP = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 14 | 1 << 17
SALES_SUPER, SALES_ALL = SUPER & 0b111111 << 12, 0b111111 << 12
OTHERS = {
    0: "csi = 0",
    1: f"(st & {SALES_SUPER}) <> 0",
    2: "st <> 0",
    3: "suggested",
    4: "recent >= 3 AND loyalty <> 'low'",
    5: "recent >= 5 AND loyalty = 'high'",
    6: "three AND repaired",
    7: "four AND repaired",
    8: "iref >= 2",
    9: "iref >= 3",
    10: "media AND vref >= 1",
    11: "media AND vref >= 2",
}
OTHERS_UNKNOWN = {
    0: "csi = 1",
    1: f"(st & {SALES_SUPER}) = 0 AND (su & {SALES_SUPER}) <> 0",
    2: "st = 0 AND su <> 0",
    4: "recent >= 3 AND loyalty IS NULL",
    5: "recent >= 5 AND loyalty IS NULL",
    10: "media IS NULL AND vref >= 1",
    11: "media IS NULL AND vref >= 2",
}
GIFTS = {
    0: "complained",
    1: "NOT here AND ever = 1",
    2: "result = 6",
    3: "recent >= 4",
    4: "new",
    5: IN_CAMPAIGN,
    6: f"{IN_CAMPAIGN} AND region IN ('德化', '永春', '水头', '惠安')",
    7: "NOT here AND ending_soon",
    8: "returned",
    9: IN_CAMPAIGN,
    10: "last_visit <= DATE '2013-09-30'",
}
GIFT_ORDER = (
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
GIFT_LISTS = ", ".join(
    f"({mask}, '{' '.join(name for name, bit in GIFT_ORDER if mask >> bit & 1)}')" for mask in range(1, 2048)
)


def level(mask: str) -> str:
    """Return the level that a mask of true rules grants."""
    return (
        f"CASE WHEN ({mask} & {SUPER}) <> 0 THEN 'super_vip' WHEN ({mask} & {VIP}) <> 0 THEN 'vip'"
        " ELSE 'general' END"
    )


def status(undetermined: str) -> str:
    """Return decided or undetermined."""
    return f"CASE WHEN {undetermined} THEN 'undetermined' ELSE 'decided' END"


def months_since(day: str) -> str:
    """Return the whole months from a day to 2014-09-30."""
    return (
        f"CAST({2014 * 12 + 9} - year({day}) * 12 - month({day})"
        f" - (CASE WHEN day({day}) > 30 THEN 1 ELSE 0 END) AS BIGINT)"
    )


def query() -> str:
    """Return the whole query over views that are called as the tables are."""
    once = "recent = 1"
    open_effective = f"{once} AND in_territory IS NULL"
    return f"""
WITH {FACTS},
gift_lists(mask, ids) AS (VALUES {GIFT_LISTS}),
sales AS (
    SELECT *, {bits(SALES)} AS st, {bits(SALES_UNKNOWN)} AS su,
        CAST({bits(GIFTS)} AS BIGINT) AS gifts,
        {bits({0: "refuses", 1: "result = 4", 2: "result = 5"})} AS lost,
        result IS NOT NULL AND result = 0 AS open_result,
    FROM facts
),
tiers AS (
    SELECT *, CAST(st + {bits(OTHERS)} AS BIGINT) AS t, CAST(su + {bits(OTHERS_UNKNOWN)} AS BIGINT) AS u
    FROM sales
)
SELECT
    customer_id,
    CASE WHEN last_visit IS NULL THEN 'never_visited' WHEN last_visit > DATE '2014-03-30' THEN 'active'
         WHEN last_visit > DATE '2013-09-30' THEN 'at_risk' WHEN last_visit > DATE '2012-09-30' THEN 'churned'
         ELSE 'gone' END AS churn_class,
    'decided' AS "churn_class.status",
    {months_since("last_visit")} AS "churn_class.measure",
    CAST({bits({0: STAGE[0], 1: STAGE[6], 2: STAGE[1], 3: "last_visit <= DATE '2012-09-30'", 4: STAGE[4]})} AS BIGINT)
        AS "churn_class.true",
    CAST(0 AS BIGINT) AS "churn_class.unknown",
    CASE WHEN reach THEN 'out_of_reach' WHEN last_visit IS NULL THEN 'never_visited'
         WHEN last_visit > DATE '2014-03-30' THEN 'active' WHEN last_visit > DATE '2013-09-30' THEN 'wavering'
         WHEN last_visit > DATE '2012-09-30' THEN 'churned' WHEN last_visit > DATE '2011-09-30' THEN 'nearly_lost'
         ELSE 'lost' END AS churn_stage,
    'decided' AS "churn_stage.status",
    {months_since("last_visit")} AS "churn_stage.measure",
    CAST({bits(STAGE)} AS BIGINT) AS "churn_stage.true",
    CAST(0 AS BIGINT) AS "churn_stage.unknown",
    CASE WHEN {open_effective} THEN NULL WHEN recent >= 2 OR ({once} AND in_territory) THEN 'effective'
         ELSE 'not_effective' END AS effective_customer,
    {status(open_effective)} AS "effective_customer.status",
    CAST({bits({0: "recent = 0", 1: f"{once} AND in_territory", 2: f"{once} AND NOT in_territory", 3: "recent >= 2"})}
        AS BIGINT) AS "effective_customer.true",
    CAST({bits({1: open_effective, 2: open_effective})} AS BIGINT) AS "effective_customer.unknown",
    CASE WHEN lost <> 0 THEN true WHEN NOT open_result THEN false END AS final_loss,
    {status("lost = 0 AND open_result")} AS "final_loss.status",
    CAST(lost AS BIGINT) AS "final_loss.true",
    CAST({bits({1: "open_result", 2: "open_result"})} AS BIGINT) AS "final_loss.unknown",
    CASE WHEN base > DATE '2013-09-30' THEN 'active' WHEN base > DATE '2013-03-30' THEN 'at_risk'
         WHEN base IS NOT NULL THEN 'churned' END AS missed_maintenance,
    CASE WHEN base IS NULL THEN 'undefined' ELSE 'decided' END AS "missed_maintenance.status",
    {months_since("base")} AS "missed_maintenance.measure",
    CAST(CASE WHEN base > DATE '2013-09-30' THEN 1 WHEN base > DATE '2013-03-30' THEN 2
              WHEN base IS NOT NULL THEN 4 ELSE 0 END AS BIGINT) AS "missed_maintenance.true",
    CAST(0 AS BIGINT) AS "missed_maintenance.unknown",
    seen <= DATE '2013-09-30' AS red_line,
    CASE WHEN seen IS NULL THEN 'undefined' ELSE 'decided' END AS "red_line.status",
    CAST(CASE WHEN seen <= DATE '2013-09-30' THEN 1 WHEN seen IS NOT NULL THEN 2 ELSE 0 END AS BIGINT)
        AS "red_line.true",
    CAST(0 AS BIGINT) AS "red_line.unknown",
    gift_lists.ids AS retention_gift,
    {status(f"open_result OR ({IN_CAMPAIGN} AND region IS NULL)")} AS "retention_gift.status",
    gifts AS "retention_gift.true",
    CAST({bits({2: "open_result", 6: f"{IN_CAMPAIGN} AND region IS NULL"})} AS BIGINT) AS "retention_gift.unknown",
    {level("t")} AS tier,
    CASE WHEN (t & {SUPER}) = 0 AND ((u & {SUPER}) <> 0 OR (t = 0 AND u <> 0)) THEN 'undetermined'
         ELSE 'decided' END AS "tier.status",
    {level("(t & 63)")} AS "tier.after_sales",
    {level(f"(t & {0b1111 << 6})")} AS "tier.insurance",
    {level(f"(t & {0b11 << 10})")} AS "tier.marketing",
    {level(f"(t & {SALES_ALL})")} AS "tier.sales",
    CASE WHEN (t & {SUPER}) <> 0 THEN t & {SUPER} ELSE t & {VIP} END AS "tier.because",
    t AS "tier.true",
    u AS "tier.unknown",
    CASE reason WHEN 1 THEN 'location' WHEN 2 THEN 'price' WHEN 3 THEN 'reminder' WHEN 4 THEN 'service' END
        AS win_back_measures,
    {status("reason = 0")} AS "win_back_measures.status",
    CAST(CASE reason WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 4 WHEN 4 THEN 8 ELSE 0 END AS BIGINT)
        AS "win_back_measures.true",
    CAST(CASE WHEN reason = 0 THEN 15 ELSE 0 END AS BIGINT) AS "win_back_measures.unknown"
FROM tiers LEFT JOIN gift_lists ON gifts = gift_lists.mask
"""


def run(store: Path, out: Path) -> None:
    """Evaluate a store of Parquet tables into one Parquet file."""
    with duckdb.connect() as db:
        db.execute("SET preserve_insertion_order = false")
        for table in TABLES:
            db.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{store / f'{table}.parquet'}')")
        db.execute(f"COPY ({query()}) TO '{out}' (FORMAT parquet)")


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
