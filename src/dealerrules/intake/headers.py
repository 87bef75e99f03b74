"""Headers: what real systems call the tables and columns of records.md, and which of them stands where.

Place in the flow: names only; tables are found and read by what this says. A file that uses our own names is held
to them strictly, for there a strange column is a slip; a file that uses others' names is an export, and what is
not known in it is passed over, with a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from dealerrules.records import SUBJECTS, TABLES, Subject, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLANK: Final = re.compile(r"[\s_\-]+")
_NUMBERED: Final = re.compile(r"(\d|\(\d+\))+$", re.ASCII)
ATTRIBUTE: Final = "attributes."
"""How the column of a customer's attribute begins."""

KINDS: Final[Mapping[str, Table | Subject]] = {
    "customers": SUBJECTS["customer"],
    **TABLES,
    **{subject.table: subject for subject in SUBJECTS.values()},
}
"""What each table holds, by the table's name: customers, their events, the other subjects."""


def folded_name(name: str) -> str:
    """Return a name as it is compared: without case, width, blanks and underscores.

    Examples:
        >>> folded_name("INTO_DATE"), folded_name("Start Date"), folded_name("ＶＩＮ")
        ('intodate', 'startdate', 'vin')
    """
    return _BLANK.sub("", normalize("NFKC", name)).casefold()


# ---------------------------------------------------------------------------------------------------
# Tables

_TABLE_NAMES: Final = """
customers: 客户 客户表 客户信息 客户资料 客户档案 车主 车主信息 车主档案 customer owners
vehicles: 车辆 车辆表 车辆信息 车辆档案 车辆资料 vehicle cars
visits: 进站 进厂 进店 维修 进站记录 进厂记录 维修记录 维修工单 工单 visit
insurance: 保险 保险记录 保单 投保 投保记录 covers
referrals: 转介绍 转介绍记录 referral
surveys: 满意度 满意度调查 调查 survey
suggestions: 建议 客户建议 suggestion
contacts: 联系 联系记录 回访 回访记录 contact
recall_campaigns: 招揽 招揽活动 recall_campaign
follow_up_results: 回访结果 follow_up_result
consultant_months: 顾问月度 服务顾问月度 consultant_month
repair_orders: 维修单 repair_order
purchases: 消费 消费记录 purchase
"""


def _table_names() -> dict[str, str]:
    found = {folded_name(name): name for name in KINDS}
    for line in _TABLE_NAMES.strip().splitlines():
        name, _, others = line.partition(": ")
        found.update((folded_name(other), name) for other in others.split() if len(other) > 1)
    return found


_BY_NAME: Final[Mapping[str, str]] = _table_names()


def table_of(name: str) -> str | None:
    """Return the table that a file or sheet of this name holds, if it names one; a number or date behind it is passed over.

    Examples:
        >>> table_of("维修记录"), table_of("Repair Orders"), table_of("客户20140930(1)"), table_of("answers")
        ('visits', 'repair_orders', 'customers', None)
    """
    folded = folded_name(name)
    return _BY_NAME.get(folded) or _BY_NAME.get(_NUMBERED.sub("", folded))


# ---------------------------------------------------------------------------------------------------
# Columns


@dataclass(frozen=True)
class Header:
    """A column as another system calls it.

    Attributes:
        ours: our name of it.
        rank: 0 for the thing itself; 1 and more for one that stands in for it where it is missing; below 0 it comes first.
        words: what its words mean, where that is particular to this column.
        constants: what else a row with such a column says.
    """

    ours: str
    rank: int = 0
    words: Mapping[str, str | bool | None] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


_COLUMN_NAMES: Final = """
*.customer_id: 车主编号 客户编号 客户id 客户号 ownerNo customerNo cust_id member_id CustomerID
*.vin: 车架号 车辆识别号VIN 车辆识别号 车辆识别代号 VIN码 frame_number cdframe
*.vin 1: 车牌号 车牌号码 车牌 license plateNumber
*.attributes.level: 会员等级 memberLevel viplevel
customers.kind: 车主性质 客户类别 客户性质 ctmType ownerProperty CustomerType
customers.region: 区域 地区 所在地区
customers.store_id: 门店编号 经销商代码 dealerCode storeNo
customers.loyalty: 忠诚度
customers.household_id: 家庭编号
vehicles.purchased_on: 销售日期 开票日期 购买日期 购车时间 购车日期 salesDate
vehicles.purchased_on 1: 上牌日期 注册登记日 licenseDate
vehicles.bought_here: 是否本公司购车 isSelfCompany
vehicles.warranty_until: 保修截止 保修截止日期 质保到期时间 wrtEndDate
vehicles.own_brand: 是否本品牌
vehicles.brand: 品牌
vehicles.model: 车型 车系
vehicles.mileage_km: 行驶里程 公里数 里程
visits.visit_id: 工单号 维修单号 单据编号 结算编号 roNo JobID
visits.visited_on: 进厂日期 进厂时间 入厂时间 进店时间 开单日期 送修日期 INTO_DATE RO_CREATE_DATE inFactoryDate StartDate
visits.settled_on: 结算时间 结算日期 交车日期 竣工 竣工日期 BALANCE_TIME settleDate DeliveryDate
visits.brought_by: 送修人 deliverer
visits.kind: 维修类型 业务类型 repairTypeCode
visits.kind 1 flag=maintenance: isMaintain 是否含保养 isMaintain是否含保养
visits.kind 2 flag=maintenance: isFirstMaintain 首保 是否首保 isFirstMaintain首保
visits.status: roStatus 工单状态
visits.deleted: isDeleted is_delete deleteFlag delFlag 删除标志 删除标记 是否删除
visits.mileage_km: 进厂行驶里程 进厂里程 公里数 inMileage
visits.amount: 结算金额 收款 最终实际支付金额 balanceAmount receiveAmount InvoicedAmount
insurance.policy_no: 保单号 保险单号 policyNo
insurance.cover: 险种 保险类型
insurance.starts_on: 投保日期 保险起期 起保日期 INSURANCE_BEGIN_DATE
insurance.ends_on: 保险到期日 保险止期 INSURANCE_END_DATE
insurance.commercial_ends_on: 商业险到期 商业险到期日 busines_expire_date
insurance.compulsory_ends_on: 交强险到期 交强险到期日 force_expire_date
insurance.at_store: 是否本公司投保 isSelfCompanyInsurance
insurance.designated_repair: 是否指定专修厂 指定专修厂
insurance.premium: 保费 商业险保费 biz_total insuranceAmount
referrals.customer_id -1 kind=vehicle: 保客推荐人
referrals.customer_id -1 kind=insurance: 保险介绍人
referrals.referral_id: recommended_frame_number
referrals.kind: 转介绍类型
referrals.succeeded_on: 成交日期 转介绍日期
surveys.survey_id: 调查编号
surveys.surveyed_on: 调查日期 回访日期
surveys.source: 调查来源
surveys.satisfied: 满意度
surveys.score: 评分 CustomerRating CustomerRating1-5
suggestions.made_on: 建议日期
suggestions.adopted: 是否采纳
contacts.contacted_on: 联系日期 联系时间 回访日期 回访时间
contacts.purpose: 联系目的
contacts.result: 联系结果 回访结果
contacts.reason: 流失原因
recall_campaigns.campaign_id: 活动编号
recall_campaigns.starts_on: 开始日期
recall_campaigns.ends_on: 结束日期
recall_campaigns.audience: 招揽数目 招揽人数
recall_campaigns.target: 招揽目标 目标台数
recall_campaigns.returned: 回厂台数
consultant_months.consultant_id: 顾问编号 服务顾问编号
repair_orders.repair_id: 维修单号 工单号 roNo
repair_orders.completed_on: 竣工日期 交车日期 竣工
repair_orders.amount: 结算金额 维修金额 balanceAmount
purchases.purchase_id: 消费编号
purchases.purchased_on: 消费日期
purchases.amount: 消费金额
"""
NO_EVENTS: Final = frozenset(map(folded_name, ("转介绍数",)))
"""Headers of counts that are known but hold no events, so that nothing can be read from them."""
FLAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "visits": ("deleted",),
    "insurance": ("commercial_ends_on", "compulsory_ends_on"),
}
"""Columns that are not in the records, but say something about those that are."""


def _column_names() -> dict[str, dict[str, Header]]:
    found: dict[str, dict[str, Header]] = {name: {} for name in KINDS}
    for line in _COLUMN_NAMES.strip().splitlines():
        column, _, theirs = line.partition(": ")
        place, *marks = column.split()
        table, _, ours = place.partition(".")
        rank = int(next((mark for mark in marks if mark.lstrip("-").isdigit()), 0))
        said = dict(mark.split("=") for mark in marks if "=" in mark)
        words: dict[str, str | bool | None] = {}
        if flag := said.pop("flag", None):
            words = {
                **dict.fromkeys(("true", "是", "1", "y", "yes"), flag),
                **dict.fromkeys(("false", "否", "0", "n", "no")),
            }
        for name in [table] if table != "*" else KINDS:
            if ours.startswith(ATTRIBUTE) and name != "customers":
                continue
            if ours in KINDS[name].fields or ours.startswith(ATTRIBUTE) or ours in FLAGS.get(name, ()):
                header = Header(ours, rank, words, said)
                found[name].update((folded_name(their), header) for their in theirs.split())
    return found


_BY_HEADER: Final[Mapping[str, Mapping[str, Header]]] = _column_names()


def header_of(table: str, name: str) -> Header | None:
    """Return what another system's header means in a table, if it is known.

    Examples:
        >>> header_of("visits", "RO_CREATE_DATE").ours, header_of("vehicles", "结算金额")
        ('visited_on', None)
    """
    return _BY_HEADER[table].get(folded_name(name))


def own_names(table: str) -> tuple[str, ...]:
    """Return the names of a table's columns in records.md; attributes of customers last."""
    return (*KINDS[table].fields, *(("attributes",) if table == "customers" else ()))


def id_column(kind: Table | Subject) -> str:
    """Return the column that says whose row it is."""
    return kind.id_field if isinstance(kind, Subject) else "customer_id"
