"""Words of a diff, in English and Chinese; data, no logic.

Place in the flow: beside ``told``, as ``report_words`` stands beside the report's page.
"""

from __future__ import annotations

from typing import Final

from dealerrules.faults import messages

SAYS: Final = messages("""
title | What the edit means | 政策改动的含义
contents | Contents | 目录
same | no change in meaning | 含义没有变化
same_titles | no change in meaning; titles and sources that read differently: {n} | 含义没有变化；标题或出处的文字有 {n} 处不同
titles | titles and sources that read differently, which has no meaning: {n} | 标题或出处的文字另有 {n} 处不同，不影响含义
decisions_changed | changed: {names} | 有改动：{names}
decisions_touched | also touched by what changed: {names} | 受改动牵连：{names}
added_names | new: {names} | 新增：{names}
removed_names | gone: {names} | 删除：{names}
outside_changed | {what}: {names} | {what}：{names}
moved_summary | {title}: {n} of {of} {subjects} move | {title}：{of} 个{subjects}中有 {n} 个变化
paid_summary | paid to {payee}: {before} → {after} ({difference}) | 付给 {payee}：{before} → {after}（{difference}）
none_moved | no answer on these records is another | 这些记录上没有一个结果不同
changes | What changed | 改了什么
parameters | Parameters | 参数
facts | Facts | 事实
items | Things given | 赠品与优惠项目
versions | Versions | 版本
versions_cut | the policies are cut into other versions, which say the same | 政策按时间划分的版本不同，内容相同
rates | Rates | 比率
before | before: {said} | 原：{said}
after | now: {said} | 现：{said}
taken | taken out: {said} | 去掉：{said}
put | added: {said} | 加上：{said}
added | new: {said} | 新增：{said}
removed | gone: {said} | 删除：{said}
added_plain | new | 新增
removed_plain | gone | 删除
nothing | nothing | 无
not_kept | no | 不保留
touches | read by: {names} | 用到它的：{names}
because_of | nothing of its own changed: it reads {names} | 本身没有改动：它用到 {names}
in_language | {said} (Chinese text) | {said}（英文文字）
other | it means something else | 含义不同
from | from {start} on | {start} 起
until | until {end} | 到 {end} 止
from_until | from {start} to {end} | {start} 至 {end}
by_date | by the subject's own date, {field} | 按记录自己的日期：{field}
regions | For whom the answer differs | 哪些情况下结果不同
was | was {before}, is {after} | {before} → {after}
pair | {before} → {after} | {before} → {after}
otherwise_given | {answer}: gives something else | {answer}：给的内容不同
otherwise_paid | {answer}: paid otherwise | {answer}：金额的算法不同
row_added | now gets {row} | 现在得到：{row}
row_removed | no longer gets {row} | 不再得到：{row}
row_status | {row}: {before} → {after} | {row}：{before} → {after}
by_angle | level by {angle}: {before} → {after}; the level stays | {angle}的级别：{before} → {after}；总级别不变
angles_too | Elsewhere the level stays and only that by an angle is another, in other ways ({n}); the JSON has them. | 此外有 {n} 种情况总级别不变，只有某个角度的级别不同；JSON 中有全部。
where | where {said} | 条件：{said}
where_now | of those who have the new answer, where {said} | 在现在是新结果的范围内，条件：{said}
everywhere | everyone who had this answer | 所有原来是这个结果的
everywhere_row | everyone | 所有人
example | for example {said} | 例如 {said}
example_none | for example one of whom nothing is recorded | 例如什么都没有记录的
paid | paid: {before} → {after} | 金额：{before} → {after}
more_places | and {n} more parts | 另有 {n} 部分
more_places_least | and {n} more parts or more | 另有至少 {n} 部分
more_regions | and {n} more changes of this kind | 另有 {n} 种变化
unrecorded | Only where something is not recorded: | 只在有事实没有记录时：
proved | The rules read differently, the answers are the same everywhere (proved over all inputs). | 规则写法不同，结果处处相同（已对所有输入证明）。
proved_who | Who gets which answer is the same everywhere (proved over all inputs). | 谁得到哪个结果处处相同（已对所有输入证明）。
too_large | There are too many conditions here to work out where the answers differ. | 这里的条件太多，无法算出结果在哪里不同。
through | It calculates with the answer of {names}, which changed; for which inputs the result differs is not worked out. | 它用 {names} 的结果计算，而该结果有改动；哪些情况下结果不同没有算出。
by_definition | Told by old and new definition of {names}; not every pair of values need be possible. | 按 {names} 的原定义和新定义分别说明；两个值不一定都能同时出现。
tried | Told by old and new definition of {names}; each with a subject that was found by trying. | 按 {names} 的原定义和新定义分别说明；每种变化都有一个试出来的例子。
unconfirmed | For {n} further pairs of answers no subject for whom it differs was found by trying. | 另有 {n} 种结果组合没有试出结果不同的例子。
how_to_read | A condition is told of those who had the answer before, unless it says otherwise; values that are not named do not matter. | 条件都在原来是该结果的范围内说，另有说明的除外；没有提到的值不影响。
impact | On the store's records as of {day} | 在门店自己的记录上，截至 {day}
move_line | {n} of {of} {subjects} move{ways}. | {of} 个{subjects}中有 {n} 个变化{ways}。
none_line | None of {of} {subjects} moves. | {of} 个{subjects}都没有变化。
ways | : {said} | ：{said}
up_tier | {n} up | {n} 个上升
down_tier | {n} down | {n} 个下降
up_stage | {n} to a later stage | {n} 个进入更后的阶段
down_stage | {n} to an earlier stage | {n} 个回到更前的阶段
up_payout | {n} are paid more | {n} 个金额增加
down_payout | {n} are paid less | {n} 个金额减少
other_way | {n} otherwise | {n} 个其他变化
status_line | {n} keep the answer, which is settled now or no longer. | {n} 个结果不变，但是否确定有变化。
gives_line | {n} keep the answer, which gives something else now. | {n} 个结果不变，但给的内容不同。
gives_paid | {n} are paid the same by another band, or with something else attached. | {n} 个金额不变，但档次或附带内容不同。
money_line | Paid: {before} → {after} yuan, {difference}. | 合计：{before} 元 → {after} 元，{difference} 元。
undefined_line | Undefined, counted apart: {before} → {after}. | 没有结果的单独计：{before} → {after}。
payees | Paid by payee (yuan), of the payouts that changed | 按收款人合计（元），只计有改动的奖罚
payee | payee | 收款人
no_payee | not stated | 未写明
total | total | 合计
col_before | before | 原
col_after | now | 现
difference | difference | 差额
matrix | From the answers before (rows) to the answers now (columns) | 由原来的结果（行）到现在的结果（列）
rows_lost | no longer | 不再
rows_gained | now also | 另外
rows_open | (what is open changes) | （未确定的部分变化）
pairs | From answer to answer | 结果的变化
count | count | 数量
causes | Top causes | 主要原因
rule | rule | 规则
way | way | 方向
movers | Who | 名单
movers_some | Who (the first {n} of {of}; the JSON has all) | 名单（{of} 个中的前 {n} 个；JSON 中有全部）
id | id | 编号
because_before | because, before | 原因（原）
because_after | because, now | 原因（现）
col_rule_none | no rule holds | 没有一条成立
way_up_tier | up | 上升
way_down_tier | down | 下降
way_up_stage | later | 更后
way_down_stage | earlier | 更前
way_up_payout | more | 增加
way_down_payout | less | 减少
way_other | other | 其他
rate_line | Rates of {period} | {period} 的比率
rate | rate | 比率
unmoved | No answer is another in: {names}. | 结果没有变化的：{names}。
no_subject | No records of: {names}. | 没有这些记录：{names}。
""")

ASPECTS: Final = messages("""
condition | condition | 条件
grants | grants | 给予的级别
pays | pays | 金额
data | attached | 附带内容
cadence | cadence | 跟进周期
benefits | benefits | 待遇
follow_up | follow-up | 跟进内容
choose_one | choose one | 任选一项
always | always given | 另送
value | value | 数值
stated | stated value | 写明价值
always_value | stated value of what is always given | 另送部分写明价值
says | says | 给出
otherwise | otherwise | 其余情况
measure | measure | 衡量
times | times | 倍数
cap | cap | 封顶
floor | floor | 保底
rounding | rounding | 取整
payee | payee | 收款人
dated_by | version by | 按哪个日期定版本
hit | hit policy | 取哪一行
outputs | outputs | 输出
order | order | 顺序
keeps | levels are kept | 级别保留
downgrade | when that time is over | 保留期满后
transition | when a version begins | 换版本时
holders | who holds a level | 已有的级别
kind | kind | 种类
subject | subject | 评估对象
definition | definition | 定义
worth | worth | 价值
of | above the line | 分子
over | below the line | 分母
per | per | 期间
one_minus | one minus | 用 1 减
other | it means something else | 含义不同
""")
"""The sides of a thing that can change."""

KEPT: Final = messages("""
for | for {time} | {time}
for_then | for {time}, then {then} | {time}，期满后{then}
to_computed | to the best level that the rules grant, or that is still kept itself | 降到按规则得到的、或仍在保留的最高级别
one_level | to the next lower level, which is kept as long again | 降一级，该级再保留同样长的时间
re_evaluate | the days before are looked at by the new version | 以前的日子按新版本看
keep_until_expiry | what was reached before is kept until its time is over | 以前达到的级别保留到期满
never_lower_at_switch | the level held on the eve is kept from the first day | 换版前一天持有的级别从第一天起保留
over | a level that was only kept is over | 只因以前达到过才有的级别，不再保留
always | no version stands before this one: all days before are looked at by these rules, and what was reached by them counts for {time} | 此前没有别的版本：以前的日子一律按这些规则看，达到的级别保留{time}
from_the_start | no version is in force on the day before {day}: days before it do not count | {day} 前一天没有有效的版本：之前的日子不计
at_re_evaluate | the days before {day} are looked at by these rules too, and what was reached by them counts for {time}; a level that was reached only by the rules before is over on {day} | {day} 之前的日子也按这些规则看，达到的级别保留{time}；只按原规则才达到的级别，{day} 起不再有
at_keep_until_expiry | each day is looked at by the rules that were in force on it: a level that was reached before {day} is kept until its time is over | 每一天按当天有效的规则看：{day} 之前达到的级别保留到期满为止
at_never_lower_at_switch | the level held on {eve} counts as reached on {day}, so that nobody is lower on that day, and is kept for {time} from then on; no other day before {day} counts | {eve} 持有的级别算作 {day} 达到：当天没有人降级，从这天起保留{time}；{day} 之前的其他日子不计
""")
"""What is told of levels that are kept."""

WHATS: Final = messages("""
decision | decision | 判定
rate | rate | 比率
rule | rule | 规则
stage | stage | 阶段
band | band | 档
row | row | 行
level | level | 级别
angle | angle | 角度
fact | fact | 事实
item | thing given | 赠品
parameter | parameter | 参数
versions | versions | 版本
""")
"""What a part of a policy is called."""

SUBJECTS_MANY: Final = messages("""
customer | customers | 客户
recall_campaign | recall campaigns | 招揽活动
follow_up_result | follow-up results | 跟进结果
consultant_month | consultant months | 顾问月度
repair_order | repair orders | 维修单
purchase | purchases | 消费
""")
"""Several subjects of a kind."""

STYLE: Final = """
dl{display:block}
dt{margin-top:.6rem}
dd{margin:.1rem 0 0 1rem}
"""
"""What a diff adds to the style of the page."""
