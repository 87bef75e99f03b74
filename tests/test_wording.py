"""How conditions, facts, bands and rules read in Chinese and in English."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dealerrules as dr
from dealerrules.book import loads
from dealerrules.expr import Comparison, Elapse, Operator, Reduction, walk
from dealerrules.policy.model import Payout
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import Kind, Rounding
from dealerrules.wording import Wording, basis, describe, subject_title
from dealerrules.words import FIELDS, PHRASES, SAYS, WORDS
from dealerrules.words import SUBJECTS as SUBJECT_WORDS
from dealerrules.words import TABLES as TABLE_WORDS

if TYPE_CHECKING:
    from dealerrules.policy.model import Edition

ROOT = Path(__file__).parent.parent
LANGUAGES = ("zh", "en")


@cache
def shipped() -> Edition:
    edition = dr.load(ROOT / "policies").edition(date(2014, 9, 30))
    assert edition is not None
    return edition


# --- conditions ------------------------------------------------------------------------------------

HEAD = """
policy: p
parameters:
  often: {type: count, value: 5}
  kinds: {type: list, value: [maintenance, repair]}
  share: {type: ratio, value: 20%}
facts:
  index: {title: {zh: 指数, en: Index}, field: customer.attributes.index, type: number}
  grade: {field: customer.attributes.grade, type: category, options: [c, b, a], ordered: true}
"""
TIER = """
decisions:
  tier:
    kind: tier
    title: {zh: 级别, en: Level}
    levels: {gold: {title: {zh: 金, en: Gold}}, silver: {title: {zh: 银, en: Silver}}, none: {title: {zh: 无, en: None}}}
    angles: {sales: {title: {zh: 销售角度, en: Sales}, gold: [{id: r, when: {media: true}}]}}
  stage:
    kind: stage
    title: {zh: 阶段, en: Stage}
    measure: months_since_last_visit
    stages: {new: {from: 0 months, title: {zh: 新, en: New}}, old: {from: 6 months, title: {zh: 旧, en: Old}}}
"""


def said(when: str, facts: str = "") -> tuple[str, str]:
    """How a condition reads in both languages."""
    text = f"{HEAD}{facts}{TIER}  d: {{kind: rules, hit: unique, outputs: {{d: {{type: boolean}}}}, "
    made = loads(f"{text}rows: [{{id: r, when: {when}, then: {{d: true}}}}]}}").editions[0]
    expr = made.decisions["d"].rules[0].when
    return describe(expr, made, "customer", "zh"), describe(expr, made, "customer", "en")


CONDITIONS = [
    (
        "{visits_past_year: {at_least: 5}}",
        "近12个月进站次数 至少 5",
        "visits in the past 12 months at least 5",
    ),
    (
        "{visits_past_year: {at_least: often}}",
        "近12个月进站次数 至少 5（often）",
        "visits in the past 12 months at least 5 (often)",
    ),
    (
        "{visits_past_year: {more_than: 3, at_most: 5}, loyalty: high}",
        "近12个月进站次数 超过 3、至多 5，且 忠诚度 为 高",
        "visits in the past 12 months more than 3 and at most 5, and loyalty is high",
    ),
    ("{visits_past_year: 3}", "近12个月进站次数 为 3", "visits in the past 12 months is 3"),
    ("{visits_past_year: {is_not: 3}}", "近12个月进站次数 不为 3", "visits in the past 12 months is not 3"),
    (
        "{influential: true}",
        "在本地有影响力或经济实力较强：是",
        "locally influential or economically strong: yes",
    ),
    ("{media: {is_not: true}}", "媒体身份 不为 是", "works in the media is not yes"),
    ("{media: {known: true}}", "媒体身份 有记录", "works in the media is recorded"),
    ("{media: {known: false}}", "媒体身份 没有记录", "works in the media is not recorded"),
    ("{loyalty: {at_least: medium}}", "忠诚度 至少 中", "loyalty at least medium"),
    ("{loyalty: {at_most: medium}}", "忠诚度 至多 中", "loyalty at most medium"),
    ("{loyalty: {at_least: high}}", "忠诚度 为 高", "loyalty is high"),
    ("{grade: {at_least: b}}", "grade 至少 b", "grade at least b"),
    (
        "{kind: [individual, company]}",
        "客户性质 为 个人 或 单位",
        "kind of customer is individual or company",
    ),
    (
        "{kind: {none_of: [individual, company]}}",
        "客户性质 不为 个人 或 单位",
        "kind of customer is not individual or company",
    ),
    ("{region: 晋江}", "区域 为 晋江", "region is 晋江"),
    ("{index: {less_than: 4.5}}", "指数 少于 4.5", "Index less than 4.5"),
    (
        "{spend_past_year: {at_least: 1000.50 yuan}}",
        "近12个月消费金额 至少 1,000.50元",
        "spend in the past 12 months at least 1,000.50 yuan",
    ),
    (
        "{last_visit_on: {at_least: 2014-09-01}}",
        "最近一次进站日期 不早于 2014-09-01",
        "date of the last visit on or after 2014-09-01",
    ),
    (
        "{last_visit_on: {months_since: {less_than: 3 months}}}",
        "距最近一次进站日期的整月数 少于 3个月",
        "whole months since the date of the last visit less than 3 months",
    ),
    ("{tier: gold}", "级别 为 金", "Level is Gold"),
    ("{tier: {at_least: silver}}", "级别 至少 银", "Level at least Silver"),
    ("{tier: {at_most: silver}}", "级别 至多 银", "Level at most Silver"),
    ("{tier.sales: {is_not: gold}}", "销售角度的级别 不为 金", "level by Sales is not Gold"),
    ("{stage: [new, old]}", "阶段 为 新 或 旧", "Stage is New or Old"),
    (
        "{any: [{media: true}, {all: [{loyalty: low}, {kind: company}]}]}",
        "媒体身份：是，或 （忠诚度 为 低，且 客户性质 为 单位）",
        "works in the media: yes, or (loyalty is low, and kind of customer is company)",
    ),
    (
        "{not: {all: [{media: true}, {kind: company}]}}",
        "并非（媒体身份：是，且 客户性质 为 单位）",
        "not (works in the media: yes, and kind of customer is company)",
    ),
]


@pytest.mark.parametrize(("when", "zh", "en"), CONDITIONS)
def test_conditions(when: str, zh: str, en: str) -> None:
    assert said(when) == (zh, en)


# --- facts -----------------------------------------------------------------------------------------

FACTS = [
    ("{count: visits}", "进站次数", "number of visits"),
    (
        "{count: visits, where: {kind: kinds}, within: 12 months}",
        "近12个月进站（进站类型 为 保养 或 维修（kinds））次数",
        "number of visits in the past 12 months (kind of visit is maintenance or repair (kinds))",
    ),
    (
        "{count: visits, within: {calendar: quarter}}",
        "本季度进站次数",
        "number of visits in this calendar quarter",
    ),
    (
        "{count: contacts, after: last_visit_on}",
        "最近一次进站日期之后的联系次数",
        "number of contacts after the date of the last visit",
    ),
    ("{distinct: visits, take: vin}", "进站中不同车架号的个数", "number of different VIN of visits"),
    (
        "{sum: visits, take: amount, within: 30 days}",
        "近30天进站的金额合计",
        "total amount of visits in the past 30 days",
    ),
    (
        "{every: surveys, where: {source: csi}, that: {satisfied: true}}",
        "满意度调查（调查来源 为 CSI回访）每一次都满足：满意：是",
        "every survey (source of the survey is CSI) with satisfied: yes",
    ),
    (
        "{some: insurance, that: {ends_on: {days_until: {at_most: 60 days}}}}",
        "投保至少有一次满足：到结束日期的天数 至多 60天",
        "at least one insurance cover with days until ends on at most 60 days",
    ),
    ("{latest: contacts, take: result}", "最近一次联系的结果", "result of the latest contact"),
    ("{earliest: vehicles}", "首次购车的日期", "date of the earliest vehicle"),
    (
        "{latest: contacts, take: reason, if_none: unknown}",
        "最近一次联系的流失原因（没有则未知）",
        "reason of the latest contact (unknown where there is none)",
    ),
    (
        "{streak: insurance, where: {cover: commercial}, allow_gap: 30 days}",
        "投保（险种 为 商业险）不间断的年数，间断不超过30天",
        "years of insurance covers (kind of cover is commercial) without a gap of over 30 days",
    ),
    (
        "{months_since: last_visit_on}",
        "距最近一次进站日期的整月数",
        "whole months since the date of the last visit",
    ),
    ("{days_since: last_visit_on}", "距最近一次进站日期的天数", "days since the date of the last visit"),
    ("{days_until: last_visit_on}", "到最近一次进站日期的天数", "days until the date of the last visit"),
    (
        "{first_known: [last_maintenance_on, last_purchase_on]}",
        "最近一次保养日期，没有则 最近购车日期",
        "date of the last maintenance, or else date of the latest purchase",
    ),
    (
        "{round_up: {share: share, of: visits_past_year}}",
        "(20%（share） × 近12个月进站次数) 向上取整",
        "(20% (share) × visits in the past 12 months) rounded up",
    ),
    ("{round_down: index}", "指数 向下取整", "Index rounded down"),
    (
        "{ratio: [vehicle_referrals, visits_past_year]}",
        "转介绍购车台数 ÷ 近12个月进站次数",
        "vehicles sold through referrals ÷ visits in the past 12 months",
    ),
    (
        "{max: [0, {subtract: [visits_past_year, vehicle_referrals]}]}",
        "0 与 (近12个月进站次数 - 转介绍购车台数) 中较大的",
        "the larger of 0 and (visits in the past 12 months - vehicles sold through referrals)",
    ),
    (
        "{min: [visits_past_year, 3]}",
        "近12个月进站次数 与 3 中较小的",
        "the smaller of visits in the past 12 months and 3",
    ),
    ("{add: [visits_past_year, 3]}", "近12个月进站次数 + 3", "visits in the past 12 months + 3"),
    (
        "{whole_times: [months_since_last_visit, 6 months]}",
        "未进站月数 中 6个月 的整数倍数",
        "how often 6 months fits wholly into months since the last visit",
    ),
    (
        "{lookup: {by: loyalty, values: {low: 1 yuan, high: 2 yuan}}}",
        "按忠诚度：低 → 1.00元，高 → 2.00元",
        "by loyalty: low → 1.00 yuan, high → 2.00 yuan",
    ),
    (
        "{before: {latest: visits}, fact: visits_past_year}",
        "最近一次进站的日期前一天的近12个月进站次数",
        "visits in the past 12 months on the day before the date of the latest visit",
    ),
]


@pytest.mark.parametrize(("form", "zh", "en"), FACTS)
def test_facts(form: str, zh: str, en: str) -> None:
    made = loads(f"{HEAD}  x: {form}\n{TIER}").editions[0]
    definition = made.fact("customer", "x")
    assert Wording(made, "customer", "zh").definition(definition) == zh
    assert Wording(made, "customer", "en").definition(definition) == en


# --- bands and what they pay -----------------------------------------------------------------------

PAYOUT = """
policy: p
decisions:
  d:
    kind: payout
    subject: recall_campaign
    measure: MEASURE
    unit: returned
    rounding: half_up to 1 fen
    bands: [BANDS]
"""


def paid(measure: str, *bands: str) -> tuple[Payout, Edition]:
    text = PAYOUT.replace("MEASURE", measure).replace("BANDS", ", ".join(f"{{{band}}}" for band in bands))
    made = loads(text).editions[0]
    payout = made.decisions["d"]
    assert isinstance(payout, Payout)
    return payout, made


def test_bands() -> None:
    payout, made = paid(
        "returned",
        "id: a, from: 0, pays: 0 yuan",
        "id: b, over: 10, pays: 1 yuan",
        "id: c, from: 20, pays: 2 yuan",
        "id: d, over: 20, pays: 3 yuan",
    )
    expected = {
        "a": ("从 0 起，至多 10", "from 0, up to and including 10"),
        "b": ("超过 10，不到 20", "over 10, under 20"),
        "c": ("正好 20", "exactly 20"),
        "d": ("超过 20", "over 20"),
    }
    assert payout.measure is not None
    for name, texts in expected.items():
        when = payout.rule(name).when
        found = tuple(Wording(made, payout.subject, lang).band(when, payout.measure) for lang in LANGUAGES)
        assert found == texts
    last, made = paid("returned", "id: a, from: 0, pays: 0 yuan")
    assert last.measure is not None
    assert Wording(made, last.subject, "en").band(last.rule("a").when, last.measure) == "from 0 on"
    assert (
        Wording(made, last.subject, "en").band(
            last.rule("a").when, made.fact("recall_campaign", "target").expr
        )
        is None
    )


@pytest.mark.parametrize("measure", ["returned", "{ratio: [returned, audience]}"])
def test_whole_and_excess(measure: str) -> None:
    start = "100%" if "ratio" in measure else "100"
    middle = "70%" if "ratio" in measure else "70"
    zero = "0%" if "ratio" in measure else "0"
    payout, _ = paid(
        measure,
        f"id: none, from: {zero}, pays: 0 yuan",
        f"id: whole, over: {middle}, pays_per_unit: 10 yuan, basis: whole",
        f"id: excess, over: {start}, pays_per_unit: 15 yuan, basis: excess",
    )
    assert [basis(payout, name)[0] for name in ("none", "whole", "excess")] == ["lump", "whole", "excess"]


def test_what_a_payout_pays() -> None:
    edition = shipped()
    bonus = edition.decisions["recall_bonus"]
    assert isinstance(bonus, Payout)
    zh, en = (Wording(edition, bonus.subject, lang) for lang in LANGUAGES)
    assert zh.grant(bonus.rule("reached"), bonus) == "全额：回厂台数每一单位都计，每单位 10.00元"
    assert en.grant(bonus.rule("reached"), bonus) == "10.00 yuan a unit on every unit: vehicles returned"
    assert zh.grant(bonus.rule("exceeded"), bonus).split("；") == [
        "全额：从头计到下一档起点 招揽目标（未定时按比例取整） 为止，每单位 10.00元",
        "超额：只计回厂台数超出 招揽目标（未定时按比例取整） 的部分，每单位 15.00元",
    ]
    assert en.grant(bonus.rule("none"), bonus) == "a lump of 0.00 yuan"
    assert zh.rounding(Rounding.HALF_UP, 1) == "四舍五入到 0.01元"


def test_percentages() -> None:
    text = """
policy: p
decisions:
  d:
    kind: payout
    subject: purchase
    measure: amount
    rounding: down to 1 yuan
    bands:
      - {id: low, from: 0 yuan, pays_percent: 1%, basis: whole}
      - {id: mid, from: 1000 yuan, pays_percent: 2%, basis: excess}
      - {id: high, from: 5000 yuan, pays_percent: 3%, basis: excess}
"""
    edition = loads(text).editions[0]
    payout = edition.decisions["d"]
    zh, en = (Wording(edition, "purchase", lang) for lang in LANGUAGES)
    assert zh.grant(payout.rule("low"), payout) == "全额：全部消费金额的 1%"
    assert en.grant(payout.rule("high"), payout).split("; ") == [
        "1% of everything up to where the next band begins: 1,000.00 yuan",
        "2% of what lies between this band's start and the next: 4,000.00 yuan",
        "3% of the excess only: of amount spent above 5,000.00 yuan",
    ]
    assert zh.grant(payout.rule("high"), payout).split("；")[1:] == [
        "超额：只计本档起点到下一档起点之间的 4,000.00元，其 2%",
        "超额：只计消费金额超出 5,000.00元 的部分，其 3%",
    ]


def test_rules_of_every_kind() -> None:
    edition = shipped()

    def rule(decision: str, name: str, lang: str) -> str:
        made = edition.decisions[decision]
        return Wording(edition, made.subject, lang).rule(made.rule(name), made)

    assert rule("tier", "sales.referred-3", "zh") == "转介绍购车台数 至少 3 → 超级VIP客户"
    assert rule("tier", "after_sales.sales-vip", "en") == "level by Sales at least VIP → VIP"
    assert rule("churn_stage", "wavering", "zh") == "未进站月数 至少 6个月、少于 12个月 → 摇晃客户"
    assert (
        rule("churn_stage", "never_visited", "en")
        == "months since the last visit: no such event → Never visited"
    )
    assert (
        rule("prepay_reward", "otherwise", "zh")
        == "并非（保险维修：是，且 预存保费 超过 0.00元） → 固定 0.00元"
    )
    assert rule("prepaid_maintenance", "maintenance_set", "en") == (
        "prepaid item is maintenance set → Oil at 80% (at 80% of the list price) + Oil filter free (free)"
    )
    assert rule("retention_gift", "renewal-rebate", "zh").endswith(
        "礼遇: 返还续保商业险保费10-15%（现金或同等价值商品）（返还保费的 10% 至 15%）"
    )
    assert rule("red_line", "past", "en") == (
        "Days since last seen at least 365 days (red_line_after) → Contact now: yes"
    )


# --- nothing is without words ----------------------------------------------------------------------


def test_every_phrase() -> None:
    wanted = {*Operator, *Reduction, *Elapse, *Rounding, *Comparison, *(f"date_{how}" for how in Comparison)}
    assert {str(word.value if hasattr(word, "value") else word) for word in wanted} <= set(PHRASES)
    for zh, en in (*PHRASES.values(), *SAYS.values(), *FIELDS.values(), *WORDS.values()):
        assert zh
        assert en
        assert all(ord(char) < 0x2E80 for char in en), en


def test_every_field_and_word_of_records() -> None:
    for name, fields in [
        *((each, SUBJECTS[each].fields) for each in SUBJECTS),
        *((each, TABLES[each].fields) for each in TABLES),
    ]:
        for field, type_ in fields.items():
            assert f"{name}.{field}" in FIELDS or field in FIELDS, (name, field)
            if type_.kind is Kind.CATEGORY:
                assert all(word in WORDS or f"{field}.{word}" in WORDS for word in type_.options), field
    assert set(TABLE_WORDS) == set(TABLES)
    assert set(SUBJECT_WORDS) == set(SUBJECTS)
    assert (subject_title("customer", "zh"), subject_title("repair_order", "en")) == ("客户", "repair order")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_shipped_has_words(lang: str) -> None:
    edition = shipped()
    for subject, table in edition.facts.items():
        for definition in table.values():
            for node in walk(definition.expr):
                assert describe(node, edition, subject, lang)
    for made in edition.decisions.values():
        wording = Wording(edition, made.subject, lang)
        for rule in made.rules:
            text = wording.rule(rule, made)
            assert "{" not in text
            assert " → " in text
