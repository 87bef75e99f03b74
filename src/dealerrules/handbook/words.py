"""Words of the handbook, in English and Chinese; data, no logic.

Place in the flow: beside ``handbook``, as ``words`` stands beside ``wording``.
"""

from __future__ import annotations

from typing import Final

from dealerrules.faults import messages

SAYS: Final = messages("""
title | Policy handbook | 政策手册
contents | Contents | 目录
from_until | In force from {start} to {end}. | {start} 至 {end} 有效。
from_on | In force from {start} on. | {start} 起有效。
until | In force until {end}. | {end} 为止有效。
always | In force on every day. | 一直有效。
of_several | This is edition {number} of {count}; the others are listed under “{where}”. | 这是 {count} 个版本中的第 {number} 个；其余见“{where}”。
fingerprint | Policies {fingerprint}: the same letters mean the same policies. | 政策编号 {fingerprint}：编号相同，政策内容就相同。
made | Made from the policy files, by the program that pays. The worked examples are evaluated, not written by hand. | 由政策文件生成，与实际计算的是同一程序；算例都是计算出来的，不是手写的。
reading | How to read this handbook | 怎么读这本手册
read_bounds | “From” and “at least” include the number itself; “over” and “more than” do not. | “从…起”“至少”含本数；“超过”不含本数。
read_windows | “In the past 12 months” as of a day reaches from the day after the same day 12 months earlier to the day itself: what happened exactly 12 months ago is no longer within. Months are whole calendar months. | “近12个月”从12个月前同一天的次日算到当天，含当天：正好12个月前那天的不算在内。月数按整月算，不满一个月不计。
read_ahead | Nothing dated after the day of evaluation is read. | 评估日之后的事一概不看。
read_unknown | What is not recorded is unknown, which is not “no”: nothing is granted on it, and the answer stays open where it could make a difference. | 没有记录的是“未知”，不等于“否”：不会据此给予任何东西；会影响结果时，结果就还不能确定。
read_count | A count is never unknown: no events make 0. An event counts only where it is known to meet the conditions. | 计数不会未知：没有就是 0。只有确知符合条件的才计入。
read_exact | Amounts are exact to the fen. Ratios are compared as exact fractions: 77 of 110 is exactly 70%. | 金额精确到分。比例按分数精确比较：110 中的 77 正好是 70%。
read_undefined | Where there is no amount or no answer, that is said with the reason; it is never taken as 0. | 没有金额或没有结果时会说明原因，绝不当作 0。
read_names | Small names such as recall_bonus are the ones that stand in the policy files. | recall_bonus 这样的小字是政策文件里的名称。
events | What counts as an event | 各类事件怎么算
event | Event | 事件
dated | Dated by | 以哪天为准
never | Never counts | 一律不计
never_status | {field}: {words} | {field}为{words}的
never_undated | without that date | 没有这个日期的
parameters | The numbers that can be set | 可以调整的数字
parameter | Number | 数字
value | Value | 值
used_in | Used in | 用在
items | Gifts and goods | 礼品目录
item | Item | 礼品
worth | Worth | 价值
editions | Editions | 各个版本
edition | Edition | 版本
in_force | In force | 有效期
changes | What is different from the edition before | 与上一版本的不同
from_day | {start} on | {start} 起
from_to | {start} to {end} | {start} 至 {end}
to_day | until {end} | {end} 为止
every_day | every day | 每一天
changed | changed: {names} | 有改动：{names}
added | new: {names} | 新增：{names}
ended | no longer there: {names} | 不再有：{names}
no_change | nothing that is decided | 判定方法没有不同
this_one | (this handbook) | （本手册）
first_one | the first one | 最早的版本
nothing_in_force | no policy is in force on {day}; the first begins on {first} | {day} 没有有效的政策；最早的从 {first} 开始
not_a_language | the language is `zh` or `en`, not `{lang}` | 语言是 `zh` 或 `en`，而不是 `{lang}`
kind | Kind | 类别
kind_tier | level | 级别
kind_stage | stage | 阶段
kind_payout | pay | 奖罚
kind_offer | offer | 优惠
kind_rules | rules | 规则表
kind_rate | rate | 比率
about | About | 对象
payee | Paid to | 发给
source | Source | 依据
note | Note | 说明
version | Edition | 适用版本
dated_by | by the date “{field}”: the edition in force on that day applies. With that date after the day of evaluation there is no answer. | 按“{field}”：以当天有效的版本为准。该日期晚于评估日的，没有结果。
measure | What is measured | 衡量
times | Multiplied by | 乘以
cap | At most | 封顶
floor | At least | 保底
rounding | Rounding | 取整
rounded_once | the whole amount, once: {how} | 全部金额一次取整：{how}
only_if | Only if | 条件
otherwise | Otherwise | 其他情况
conditions_hold | Where the conditions hold | 条件成立
unconditional | In every case | 一律
tier_intro | Any one criterion is enough. A customer's level is the best one that any angle grants; whoever meets none is {last}. | 满足任何一条即可。客户的级别取各角度中最高的；一条都不满足的是{last}。
tier_open | A criterion that cannot be judged, as something is not recorded, grants nothing: the level is then the best one granted, marked as possibly higher, with the facts that would settle it. | 因为没有记录而无法判断的标准不给予级别：级别取已成立的最高一级，并注明可能更高、需要知道哪些事实。
kept | A level that was reached is kept for {time}: from the last day on which its criteria held, until that time is full. Reached for the last time on {day}, it is held to {last} and over on {over}. The level is the best of what is reached today and what is kept. | 达到过的级别保留{time}：从最后一天符合标准算起，满{time}为止。例如最后一次符合是 {day}，则保留到 {last}，{over} 期满。客户的级别取当天达到的和仍在保留的级别中最高的。
kept_to_computed | When that time is over, the level is the best one that the criteria grant, or that is still kept itself. | 期满后，级别是按标准得到的、或仍在保留的最高级别。
kept_one_level | When that time is over, the level falls by one, and the lower one is kept for {time} again. | 期满后降一级，该级再保留{time}。
kept_re_evaluate | Days before {start}, when these criteria began, are looked at by these criteria too: a level that was reached only by the criteria before was over on that day. | 这些标准从 {start} 起执行，之前的日子也按这些标准看：只按原标准才达到的级别，当天起不再有。
kept_keep_until_expiry | These criteria began on {start}; a level that was reached before by the criteria in force then is kept until its time is over. | 这些标准从 {start} 起执行；之前按当时的标准达到的级别，保留到期满为止。
kept_never_lower_at_switch | These criteria began on {start}, and nobody was lower on that day: the level held on the day before is kept for {time} from {start} on. | 这些标准从 {start} 起执行，当天没有人降级：前一天持有的级别，从 {start} 起再保留{time}。
level | Level | 级别
criterion | Criterion | 标准
required | What is required | 具体要求
treatment | What each level gets | 各级别的待遇与跟进
cadence | Followed up | 跟进周期
benefits | Benefits: {department} | 待遇：{department}
follow_up | Reasons to call | 跟进内容
ranked | Levels, the best first: | 级别，从高到低：
adds_up | A level also gets everything of the levels to the right of it. | 每个级别同时享受右边各级别的全部待遇和跟进。
adds_up_below | A level also gets everything of the levels below it. | 每个级别同时享受下面各级别的全部待遇和跟进。
stage | Stage | 阶段
band | Step | 档
in_order | The first line that fits counts. | 从上往下看，第一个符合的算数。
by_group | Applies where | 适用于
pays | What is paid | 支付
how_much | Amount | 金额
choose_one | Choose one | 任选一项
always_given | Always given | 固定赠送
stated_value | Stated value | 写明价值
nothing_below | Below the first step, or where the conditions do not hold, nothing is given. | 不到第一档或条件不成立的，不赠送。
row | Row | 行
when | When | 条件
result | Result | 结果
hit_unique | At most one row may hold; where two hold there is no answer, and both are named. | 至多一行成立；有两行成立时没有结果，并指出是哪两行。
hit_first | The first row that holds counts, from the top. | 从上往下，第一个成立的行算数。
hit_any | Several rows may hold if they say the same; where they disagree there is no answer. | 可以几行同时成立，但说法须一致；不一致时没有结果。
hit_collect | All rows that hold count together. | 成立的行全部算数，合在一起。
hit_priority | Rows stand by falling priority: the first one that holds counts. | 行按优先次序排列：第一个成立的行算数。
no_otherwise | Where no row holds there is no answer. | 没有一行成立时，没有结果。
attached | What goes with it | 附带内容
looked_at | What is looked at | 所看的内容
fact | What | 内容
found | How it is found | 怎么得来
recorded_as | recorded: {said} | 记录的{said}
recorded_or | {said}; {value} where it is not recorded | {said}；没有记录时为{value}
kind_count | a whole number | 数目
kind_number | a number | 数值
kind_money | an amount | 金额
kind_ratio | a ratio | 比例
kind_months | months | 月数
kind_days | days | 天数
kind_distance | a distance | 里程
kind_date | a date | 日期
kind_boolean | yes or no | 是或否
kind_category | a word: {words} | 词：{words}
kind_scale | a word, in rising order: {words} | 词，从低到高：{words}
kind_text | a text | 文字
see | as decided there | 见该项
may_be_absent | {said} (none where there is no such event) | {said}（没有这样的事件时为“无”）
no_answer_stage | Where what is measured is not known, the stage is not settled. | 不知道衡量的数值时，阶段还不能确定。
no_answer_payout | Where something that the amount needs is not recorded, or a ratio would be divided by 0, there is no amount, and the reason is said. It is never 0. | 计算金额所需的内容没有记录，或者比例的分母为 0，就没有金额，并说明原因；绝不当作 0。
no_answer_offer | Where something that decides is not recorded, the answer is not settled, and nothing is given yet. | 起决定作用的内容没有记录时，结果还不能确定，暂不赠送。
no_answer_rules | A row that cannot be judged leaves the answer open where it could make a difference. | 某一行无法判断而又会影响结果时，结果还不能确定。
no_answer_rate | Where nothing is counted below the line there is no rate; that is not 0. | 分母为 0 时没有比率，这不等于 0。
examples | Worked examples | 算例
examples_with | With {given}: | 设{given}：
examples_plain | On both sides of every bound: | 每个分界点的两边：
given | {name} = {value} | {name} = {value}
chart | What is paid, by {measure} | {measure}与金额
chart_with | {group}: what is paid | {group}：金额
chart_note | A full dot belongs to the line, an empty one does not. | 实心点含本点，空心点不含本点。
each_person | Before it is multiplied by {times}. | 未乘以{times}。
yuan | yuan | 元
what_if_base | Each line changes one thing in the example {given}. | 每一行只改一处，原例为：{given}。
what_if_first | The first line is the example that the others change: {given}. | 第一行是原例：{given}；其余各行只改一处。
case | Case | 情形
as_it_is | As it is | 原例
comes_about | How it comes about | 怎么来的
not_recorded | {names}: not recorded | {names}没有记录
no_event | {name}: there was none | {name}：没有这样的事件
derived | {name} = {value} | {name} = {value}
units_at | {units} × {rate} | {units} × {rate}
times_over | {said} × {times} | {said} × {times}
makes | {said} = {amount} | {said} = {amount}
above_line | Counted above the line | 分子
below_line | Counted below the line | 分母
per | Period | 周期
per_month | each month | 每月
per_year | each year | 每年
one_minus | The rate | 比率
minus_said | 1 - above the line ÷ below the line | 1 - 分子 ÷ 分母
ratio_said | above the line ÷ below the line | 分子 ÷ 分母
for_instance | For {period}: | 以 {period} 为例：
""")

DEPARTMENTS: Final = messages("""
sales | sales | 销售
after_sales | after-sales | 售后
marketing | marketing | 市场
insurance | insurance | 保险
service | service | 服务
customer_service | customer service | 客服
""")
"""Departments that policies name; others stand under their own names."""

PAYEES: Final = messages("""
staff | the staff | 员工
customer | the customer | 客户
store | the store | 门店
""")

ATTACHED: Final = messages("""
activities | activities | 活动
administration | administration | 发放与管理
also | also | 另外
audience | audience | 对象
complaint_causes | causes of complaints | 投诉原因
complaint_steps | what to do about complaints | 投诉处理
follow_up_participants | who takes part in following up | 跟进参与人员
follow_up_reasons | why customers are followed up | 跟进原因
follow_up_responsible | responsible for following up | 跟进负责人
gestures | gestures | 关怀措施
gifts | gifts | 礼品
measures | measures | 措施
period | period | 时间
plan | plan | 方案
review_days | review days | 复核日期
settlement | settlement | 结算
""")
"""What policies attach to a decision or an answer; other keys stand as they are written."""
