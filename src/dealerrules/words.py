"""Words: what records, expressions and explanations are called in Chinese and English; data, no logic.

Place in the flow: beside ``wording`` and ``explain``, as ``diagnostic_codes`` stands beside the diagnostics.
"""

from __future__ import annotations

from typing import Final

Pair = tuple[str, str]
"""A text in Chinese and in English."""


def _pairs(table: str) -> dict[str, Pair]:
    """Read words written as ``name | Chinese | English;``; without English the name says it."""
    rows = [[cell.strip() for cell in entry.split("|")] for entry in table.split(";")]
    return {name: (zh, english[0] if english else name.replace("_", " ")) for name, zh, *english in rows}


def _phrases(table: str) -> dict[str, Pair]:
    """Read phrases written as lines of ``name | Chinese | English``; one text alone serves both languages."""
    rows = [[cell.strip() for cell in line.split(" | ")] for line in table.strip().splitlines()]
    return {name: (zh, english[0] if english else zh) for name, zh, *english in rows}


# ---------------------------------------------------------------------------------------------------
# The words for records: their fields have no title of their own

FIELDS: Final = _pairs("""
campaign_id | 活动编号 | campaign; policy_no | 保单号 | policy number; purchase_id | 消费编号 | purchase;
referral_id | 转介绍编号 | referral; repair_id | 维修单号 | repair; result_id | 结果编号;
survey_id | 调查编号 | survey; vin | 车架号 | VIN; visit_id | 进站编号 | visit;
adopted | 被采纳; amount | 金额; at_store | 在本店投保 | insured at this store;
audience | 招揽数目 | customers to recall; bought_here | 在本店购买 | bought at this store; brand | 品牌;
brought_by | 送修人; cadence | 跟进周期; channel | 渠道; completed_on | 完工日期;
consultant_id | 服务顾问 | consultant; consultant_month.returned | 已召回客户数 | customers brought back;
contacted | 已联系客户数 | customers contacted; contacted_on | 联系日期; cover | 险种 | kind of cover;
customer.kind | 客户性质 | kind of customer; customer_id | 客户编号 | customer; department | 部门;
designated_repair | 含指定专修厂 | with the designated repair shop; ends_on | 结束日期;
follow_up_result.satisfied | 满意客户数 | satisfied customers; headcount | 人数;
household_brand_owners | 家中拥有本品牌车的人数 | persons of the household who own a vehicle of the brand;
household_id | 家庭编号 | household; in_territory | 在管辖区域内 | in the territory;
influential | 在本地有影响力或经济实力较强 | locally influential or economically strong;
insured | 保险维修 | paid by an insurer; loyalty | 忠诚度; made_on | 提出日期;
media | 媒体身份 | works in the media; mileage_km | 里程 | mileage; model | 车型;
out_of_reach | 不可控/特殊/外地使用 | out of reach; own_brand | 本品牌 | of the store's brand;
paid_by | 付款方; period_end | 期末日期 | end of the period; premium | 保费; premium_prepaid | 预存保费;
prepaid_item | 预存项目; purchase.amount | 消费金额 | amount spent; purchased_on | 购买日期; purpose | 目的;
reason | 流失原因; referrals.kind | 转介绍类型 | kind of referral; region | 区域;
repair_order.amount | 维修金额 | repair amount; result | 结果; returned | 回厂台数 | vehicles returned;
satisfied | 满意; score | 评分; settled_on | 结算日期; source | 调查来源 | source of the survey;
starts_on | 开始日期; status | 状态; store_id | 门店 | store; succeeded_on | 成交日期;
surveyed | 受访客户数 | customers surveyed; surveyed_on | 调查日期;
target | 写明的招揽目标 | stated recall target; visited_on | 进站日期;
visits.kind | 进站类型 | kind of visit; warranty_until | 保修到期日
""")
WORDS: Final = _pairs("""
body | 钣喷; callback | 回访; cancelled | 已取消; channel.store | 本店 | this store; claim | 索赔;
commercial | 商业险; company | 单位; complaint | 投诉; compulsory | 交强险; csi | CSI回访 | CSI;
customer | 客户; deleted | 已删除; distrusts | 不信任; high | 高; individual | 个人; inspection | 检查;
insurance | 投保; insurer | 保险公司; location | 地点; low | 低; maintenance | 保养;
maintenance_5 | 5套保养 | 5 maintenances; maintenance_set | 保养全套; maker | 厂家; medium | 中;
monthly | 月度; none | 无; not_interested | 不感兴趣; oil | 机油; open | 未结算; other | 其他; price | 价格;
reached | 已联系上; recall | 招揽; refused | 拒绝; reminder | 提醒; repair | 维修; second_tier | 二级网点;
service | 服务; settled | 已结算; source.store | 本店调查 | the store's own; ssi | 销售调查 | SSI;
unreachable | 联系不上; vehicle | 购车; warranty | 保修; weekly | 周度; will_come | 愿意来店; yearly | 年度
""")
TABLES: Final = _phrases("""
contacts | 联系 | contacts/contact
insurance | 投保 | insurance covers/insurance cover
referrals | 转介绍 | referrals/referral
suggestions | 建议 | suggestions/suggestion
surveys | 满意度调查 | surveys/survey
vehicles | 购车 | vehicles/vehicle
visits | 进站 | visits/visit
""")
SUBJECTS: Final = _pairs("""
consultant_month | 服务顾问月度; customer | 客户; follow_up_result | 客户跟进结果; purchase | 消费;
recall_campaign | 招揽活动; repair_order | 维修单
""")
PHRASES: Final = _phrases("""
is | 为 | is
at_least | 至少 | at least
more_than | 超过 | more than
at_most | 至多 | at most
less_than | 少于 | less than
date_is | 为 | is
date_at_least | 不早于 | on or after
date_more_than | 晚于 | after
date_at_most | 不晚于 | on or before
date_less_than | 早于 | before
is_not | 不为 | is not
not | 并非 {said} | not {said}
not_all | 并非（{said}） | not ({said})
known | 有记录 | is recorded
unknown | 没有记录 | is not recorded
kept_unknown | {said}：尚不能确定 | {said}: not settled
absent | 没有这样的事件 | no such event
holds | 成立 | holds
always | 无条件 | always
as_before | {said}（按旧定义） | {said} (as defined before)
as_now | {said}（按新定义） | {said} (as defined now)
as_of | 评估日 | the day of evaluation
level_by | {angle}的级别 | level by {angle}
named | {said}（{name}） | {said} ({name})
group | （{said}） | ({said})
add | {left} + {right}
subtract | {left} - {right}
multiply | {left} × {right}
ratio | {left} ÷ {right}
whole_times | {left} 中 {right} 的整数倍数 | how often {right} fits wholly into {left}
min | {left} 与 {right} 中较小的 | the smaller of {left} and {right}
max | {left} 与 {right} 中较大的 | the larger of {left} and {right}
round_up | {said} 向上取整 | {said} rounded up
round_down | {said} 向下取整 | {said} rounded down
months_since | 距{said}的整月数 | whole months since {said}
days_since | 距{said}的天数 | days since {said}
days_until | 到{said}的天数 | days until {said}
if_absent | {said}（没有则未知） | {said} (unknown where there is none)
lookup | 按{by}：{cases} | by {by}: {cases}
before | {event}前一天的{said} | {said} on the day before {event}
held | 换版本时已有的级别 | the level held when the version began
reached | 此前{time}内曾达到{level} | {level} was reached within the {time} before
count | {zh}次数 | number of {many}
distinct | {zh}中不同{take}的个数 | number of different {take} of {many}
sum | {zh}的{take}合计 | total {take} of {many}
some | {zh}至少有一次满足：{that} | at least one {one} with {that}
every | {zh}每一次都满足：{that} | every {one} with {that}
latest | 最近一次{zh}的{take} | {take} of the latest {one}
earliest | 首次{zh}的{take} | {take} of the earliest {one}
streak | {zh}不间断的年数，间断不超过{gap} | years of {many} without a gap of over {gap}
date | 日期 | date
within | 近{said} | in the past {said}
year | 本自然年 | in this calendar year
quarter | 本季度 | in this calendar quarter
month | 本月 | in this calendar month
after | {said}之后的 | after {said}
exactly | 正好 {start} | exactly {start}
from | 从 {start} 起 | from {start}
from_on | 从 {start} 起 | from {start} on
over | 超过 {start} | over {start}
under | ，不到 {end} | , under {end}
up_to | ，至多 {end} | , up to and including {end}
lump | 固定 {rate} | a lump of {rate}
whole | 全额：{unit}每一单位都计，每单位 {rate} | {rate} a unit on every unit: {unit}
whole_share | 全额：全部{unit}的 {rate} | {rate} of the whole: of all {unit}
excess | 超额：只计{unit}超出 {start} 的部分，每单位 {rate} | {rate} a unit on the excess only: {unit} above {start}
excess_share | 超额：只计{unit}超出 {start} 的部分，其 {rate} | {rate} of the excess only: of {unit} above {start}
whole_below | 全额：从头计到下一档起点 {unit} 为止，每单位 {rate} | {rate} a unit on every unit up to where the next band begins: {unit}
whole_share_below | 全额：从头计到下一档起点 {unit} 为止，其 {rate} | {rate} of everything up to where the next band begins: {unit}
excess_below | 超额：只计本档起点到下一档起点之间的 {unit}，每单位 {rate} | {rate} a unit on what lies between this band's start and the next: {unit}
excess_share_below | 超额：只计本档起点到下一档起点之间的 {unit}，其 {rate} | {rate} of what lies between this band's start and the next: {unit}
half_up | 四舍五入到 {unit} | rounded half up to {unit}
half_even | 四舍六入五成双到 {unit} | rounded half to even to {unit}
up | 进位到 {unit} | rounded up to {unit}
down | 舍尾到 {unit} | rounded down to {unit}
value | 价值 {said} | worth {said}
unstated | 未写明价值 | value not stated
free | 免费 | free
price | 按原价的 {said} | at {said} of the list price
refund | 返还{of}的 {low} 至 {high} | {low} to {high} of the {of} back
nothing | 无 | nothing
""")
SAYS: Final = _phrases("""
heading | {subject}{id}，截至 {day} | {subject}{id}, as of {day}
higher | {answer}，可能更高（尚未确定） | {answer}, possibly higher (not settled)
more | {answer}，可能还有（尚未确定） | {answer}, possibly more (not settled)
open | 尚不能确定 | not settled
none | 没有结果 | no answer
not_eligible | 不符合条件 | not eligible
because | 因为 {rule} | because {rule}
holds | 已成立 {rule} | holds: {rule}
not_met | 未满足 {text} | not met: {text}
reason | 原因: {text} | reason: {text}
everyone | 没有一条更高级别的规则成立：其余客户都是 {level} | no rule for a better level holds: everyone else is {level}
angles | 各角度: {angles} | by angle: {angles}
could_raise | 尚未确定、可能提高级别: | not settled, could raise the level:
could_change | 尚未确定、可能改变结果: | not settled, could change the answer:
might | 还不知道哪一条成立: {rules} | not known which one holds: {rules}
needs | {rule}，需要知道: {facts} | {rule}; to be known: {facts}
better | 离{level}还差（满足任何一条即可）: | short of {level} (any one is enough):
failing | 不成立: | do not hold:
common | 每一条都要求 {tests} | every one requires {tests}
else_holds | 其余条件都满足 | all else holds
rest | 其余 {n} 条不影响结果: {counts} | {n} more, without effect here: {counts}
rest_tier | 其余 {n} 条不会提高级别: {counts} | {n} more, which would not raise the level: {counts}
all_true | 成立 | true
all_false | 不成立 | false
all_unknown | 未知 | unknown
some_true | {n} 条成立 | {n} true
some_false | {n} 条不成立 | {n} false
some_unknown | {n} 条未知 | {n} unknown
otherwise | 没有一行成立，按政策为: {cells} | no row holds; for that the policy says: {cells}
agreed | 不论未知的事实如何，结果都是: {cells} | whatever the unknown facts turn out to be: {cells}
choose | 任选一项{value}: | choose one{value}:
also | 另送{value}: {items} | and always{value}: {items}
always | 赠送{value}: {items} | gives{value}: {items}
stated | （写明价值 {value}） | (stated value {value})
receipt | 收据: | receipt:
column_band | 档 | band
column_units | 数量 | units
column_rate | 单价 | rate
column_times | 倍数 | times
column_amount | 金额 | amount
total | 合计 | total
times | 倍数为{said}: {value} | times the {said}: {value}
cap | 封顶 | cap
floor | 保底 | floor
rounded | 各行金额{how} | amounts are {how}
read | {text}: {read} | {text}: {read}
test | {text}: {read}, 要求 {required} | {text}: {read}, needs {required}
all | 以下全部 | all of these
any | 以下任一 | any of these
range | 至少 {low}，可能 {high} | at least {low}, possibly {high}
defined | = {said} | = {said}
given | 直接给出 | given as it is
kept | 最后一次达到{level}是 {day}（{by}），保留到 {until}（不含当天） | {level} last reached on {day} by {by}, kept until {until}, when it is over
not_sure_then | 当时是否达到，取决于没有记录的事实 | whether it was reached then hangs on what is not recorded
taken | 计入 {n} 条记录 | {n} records taken
undecided | {n} 条未计入，因为不知道是否符合: {where} | {n} not taken, as it is unknown whether: {where}
later | {n} 条晚于 {day}，不计 | {n} dated after {day}, not read
not_recorded | 没有记录 | not recorded
lacking | 计入的记录中有的缺少: {said} | some of the records taken lack: {said}
over_zero | {said} 为 0，不能作除数 | {said} is 0: nothing to divide by
not_listed | {said} 的这个值没有列出 | this value of {said} is not listed
events_disagree | 同一天的几条记录不一致，不能取值 | records of the same day disagree
earlier | 截至 {day} | as of {day}
above | 详见他处 | see elsewhere here
not_used | 不采用：前面已有值 | not used: there is a value before it
source | 依据: {said} | source: {said}
measure | 衡量: | measure:
amounts | 金额的来历: | where the amounts come from:
all_rules | 全部依据: {n} 条规则 | the whole tree: {n} rules
of | {v}/{r}，{gap} | {v} of {r}, {gap}
must_be | {v}，须为{r}，{gap} | {v}, must be {r}: {gap}
exceed | {v}，须超过{r}，{gap} | {v}, must be more than {r}: {gap}
over | {v}，至多{r}，{gap} | {v}, at most {r}: {gap}
under | {v}，须少于{r}，{gap} | {v}, must be less than {r}: {gap}
exactly | 正好{r}，{gap} | exactly {r}, {gap}
on_date | {v}，{gap} | {v}: {gap}
gap_short | 差{d} | {d} short
gap_over | 超出{d} | {d} over
gap_early | 早了{d} | {d} too early
gap_late | 晚了{d} | {d} too late
gap_more | 须超过 | must be more
gap_less | 须少于 | must be less
points | {n}个百分点 | {n} percentage points
about | 约{n} | about {n}
""")
