"""Words of the report's page, in English and Chinese, and its style; data, no logic.

Place in the flow: beside ``report_page``, as ``words`` stands beside ``wording``.
"""

from __future__ import annotations

from typing import Final

from dealerrules.faults import messages

SAYS: Final = messages("""
title | Store report | 门店报告
as_of | as of {day} | 截至 {day}
contents | Contents | 目录
at_a_glance | At a glance | 概览
customers | Customers | 客户
data | What was read | 读入的数据
table | table | 表
rows | rows | 行数
rejected | rejected | 被拒
used | used | 采用
incomplete | {n} rows were rejected, so the figures here are without them. | 有 {n} 行被拒，本报告的数字不含这些行。
share_chart | {title}: customers | {title}：客户数
by | {title}, by {column} | {title}，按{column}
by_note | The most and the highest are two things: a large group may have the most churned customers at a low rate. The leader of each is red. | 数量最多和比率最高是两回事：大的组流失客户可以最多，比率却不高。两样的第一名各用红色标出。
pareto | The 80/20 check | 二八法则检查
pareto_note | Spend is that of the past 12 months. | 消费为近12个月。
curve | Share of spend that the top customers bring | 消费最高的客户带来的消费占比
customers_axis | share of customers, the highest spend first | 客户占比（消费从高到低）
spend_axis | share of spend | 消费占比
others | Other decisions about customers | 关于客户的其他判定
decision | decision | 判定
answer | answer | 结果
share | share | 占比
rates | Rates | 比率
rate | rate | 比率
value | value | 数值
above | above the line | 分子
below | below the line | 分母
unjudged | not judged | 无法判断
counted | What is counted | 数的是什么
months | The past {n} months | 近 {n} 个月
month | month | 月份
due | What is due | 待办名单
customer | customer | 客户
on | date | 日期
why | why | 原因
more | {n} more are not printed here. | 另有 {n} 条未印出。
nothing | Nothing. | 无。
on_list | on the list | 在名单上
reading | How to read this | 怎么读这份报告
read_rounding | Percentages are rounded half up from exact shares, each on its own, so they need not add up to 100. | 百分比由精确比例四舍五入，各自取整，相加不一定等于 100。
read_dash | A dash means that there is no figure, because there is nothing to divide by; that is not 0. | “–”表示没有数值：分母为 0；这不等于 0。
read_unknown | What is not recorded is a group of its own, or is not counted; it is never taken for no. | 没有记录的单独成组或不计入，不会当作“否”。
read_due | A follow-up is due from the day on which the level's cadence has passed since the latest contact that reached the customer. | 跟进从最近一次联系上客户起，满一个周期之日到期。
policies | policies {fingerprint} | 政策 {fingerprint}
all | all | 合计
no_answer | no answer | 没有结果
no_month | a month such as `2014-09` is needed, not `{month}` | 需要 `2014-09` 这样的月份，而不是 `{month}`
not_over | the month `{month}` is not over on {day} | 到 {day} 为止，`{month}` 这个月还没有结束
""")

STYLE: Final = """
nav ul{columns:2}
dl.figures{display:flex;flex-wrap:wrap;gap:.6rem;margin:.6rem 0}
dl.figures div{border:1px solid #c9d3dc;border-radius:.3rem;padding:.45rem .8rem;min-width:8.5rem}
dl.figures dt{font-size:.82rem;color:#5b6470}
dl.figures dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
.row{display:grid;grid-template-columns:1fr 1fr;gap:.4rem 1.5rem}
td{white-space:nowrap}
table.text td{white-space:normal}
table.text th,table.words td:nth-child(2){text-align:left}
table.text td{text-align:left}
table.text td.day{white-space:nowrap}
@media screen{section{overflow-x:auto}}
@media print{h2{break-before:auto}dl.figures div{min-width:7rem}}
"""
