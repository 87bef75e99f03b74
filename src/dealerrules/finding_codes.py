"""The table of findings, DR7xx: what is legal in a policy and yet probably not what was meant, zh and en.

Place in the flow: beside diagnostic_codes.py, whose table it adds to; the analyser reports with these. A finding is a
warning: it can be acknowledged in the policy, with a reason.
"""

from __future__ import annotations

from dealerrules.diagnostic_codes import CODES, WARNING, add_code

_FIRST = len(CODES)

_FOR_EXAMPLE_ZH = "；例如 {sample}"
_FOR_EXAMPLE_EN = "; for example {sample}"


def _finding(
    code: str, *, zh: str, en: str, help_zh: str, help_en: str, about_zh: str, about_en: str
) -> None:
    add_code(
        code,
        WARNING,
        zh=zh,
        en=en,
        help_zh=help_zh,
        help_en=help_en,
        about_zh=about_zh,
        about_en=about_en,
    )


# --- decision tables ----------------------------------------------------------------------------------

_finding(
    "DR701",
    zh="`{name}` 对这些情况没有结果：{inputs}" + _FOR_EXAMPLE_ZH,
    en="`{name}` says nothing for: {inputs}" + _FOR_EXAMPLE_EN,
    help_zh="{close}；如果本意如此，写 `gaps: allowed`",
    help_en="{close}; if that is meant, write `gaps: allowed`",
    about_zh="有的输入没有一行成立，又没有写 `otherwise`，结果就是“没有结果”。给出的是会遇到这种情况的一位，和可以补上的一行。",
    about_en="There are inputs for which no row holds, and no `otherwise`: the outcome is then undefined. Named are one who meets it, and a row that would close it.",
)
_finding(
    "DR702",
    zh="`{row}` 与 `{other}` 会同时成立：{inputs}" + _FOR_EXAMPLE_ZH,
    en="`{row}` and `{other}` can hold together: {inputs}" + _FOR_EXAMPLE_EN,
    help_zh="`hit: unique` 时这位没有结果；收紧其中一行，或改用 `first`、`any`、`collect`",
    help_en="under `hit: unique` the outcome is then undefined: narrow one of the rows, or use `first`, `any` or `collect`",
    about_zh="`hit: unique` 只允许一行成立。",
    about_en="Under `hit: unique` one row may hold.",
)
_finding(
    "DR703",
    zh="`{row}` 与 `{other}` 会同时成立，给出的却不同：{inputs}" + _FOR_EXAMPLE_ZH,
    en="`{row}` and `{other}` can hold together and say different things: {inputs}" + _FOR_EXAMPLE_EN,
    help_zh="`hit: any` 时这位没有结果；让两行说得一样，或收紧其中一行",
    help_en="under `hit: any` the outcome is then undefined: make them say the same, or narrow one of them",
    about_zh="`hit: any` 允许几行同时成立，但必须给出同样的结果。",
    about_en="Under `hit: any` several rows may hold if they say the same.",
)
_finding(
    "DR704",
    zh="`{row}` 永远轮不到：上面总有先成立的（{others}）" + _FOR_EXAMPLE_ZH + " 得到 `{winner}`",
    en="`{row}` is never reached: above it there is always one that holds first ({others})"
    + _FOR_EXAMPLE_EN
    + " gets `{winner}`",
    help_zh="把它移到上面，收紧上面的，或删掉它",
    help_en="move it up, narrow those above it, or remove it",
    about_zh="取第一条成立的：凡是满足它的，都先满足了上面的。",
    about_en="The first that holds decides, and whoever meets this one meets one above it.",
)
_finding(
    "DR705",
    zh="`{row}` 与 `{other}` 的条件和结果都一样" + _FOR_EXAMPLE_ZH,
    en="`{row}` has the same condition as `{other}` and says the same" + _FOR_EXAMPLE_EN,
    help_zh="删掉其中一行，或改正抄漏的地方",
    help_en="remove one of them, or change what was left as it was copied",
    about_zh="多半是复制后忘了改。",
    about_en="Most likely a row was copied and not changed.",
)
_finding(
    "DR706",
    zh="`{rule}` 的条件永远不会成立：{why}",
    en="the condition of `{rule}` can never hold: {why}",
    help_zh="检查数字和比较词",
    help_en="check the numbers and the words that compare them",
    about_zh="没有任何输入能同时满足这些要求。",
    about_en="No input meets all of its tests.",
)
_finding(
    "DR707",
    zh="`{name}` 写了 `gaps: allowed`，但没有空缺",
    en="`{name}` says `gaps: allowed`, and there is no gap",
    help_zh="删掉 `gaps: allowed`，以后出现的空缺才会被发现",
    help_en="remove `gaps: allowed`, so that a gap to come is noticed",
    about_zh="不再需要的声明会掩盖以后的问题。",
    about_en="A statement that is not needed would hide a later mistake.",
)

_finding(
    "DR708",
    zh="`{name}` 还有更多会同时成立的行，没有一一列出",
    en="`{name}` has more rows that can hold together, which are not told one by one",
    help_zh="先改正上面的 {count} 处",
    help_en="correct the {count} above first",
    about_zh="一张表里同类问题太多时，只说一部分，并明说还有。",
    about_en="Of very many findings of one kind in one table some are told, and that there are more.",
)

# --- tiers --------------------------------------------------------------------------------------------

_finding(
    "DR711",
    zh="满足 `{rule}` 的都满足 {others}，级别相同（{level}）：少了它结果也一样" + _FOR_EXAMPLE_ZH,
    en="whoever meets `{rule}` meets {others} of the same level ({level}) too: without it every level is the same"
    + _FOR_EXAMPLE_EN,
    help_zh="收紧 {others}，放宽这一条，或删掉它",
    help_en="narrow {others}, widen this one, or remove it",
    about_zh="任何一条标准成立就获得该级别，所以被另一条包含的标准不起作用。",
    about_en="Any one criterion is enough, so one that lies inside another has no effect on the level.",
)
_finding(
    "DR712",
    zh="满足 `{rule}`（{level}）的都满足更高级别的 {others}（{better}）：它永远不是原因" + _FOR_EXAMPLE_ZH,
    en="whoever meets `{rule}` ({level}) meets {others} of a better level ({better}) too: it is never the reason"
    + _FOR_EXAMPLE_EN,
    help_zh="低级别的标准应当更宽：检查两处的数字",
    help_en="the criterion of the lower level should be the wider one: check the numbers of both",
    about_zh="低级别的标准比高级别的还严。",
    about_en="The criterion of the lower level is stricter than one of a better level.",
)
_finding(
    "DR713",
    zh="没有人能得到级别 `{level}`：{why}",
    en="nobody can reach the level `{level}`: {why}",
    help_zh="给它写标准，或删掉这个级别",
    help_en="give it a criterion, or remove the level",
    about_zh="没有一条标准授予它，或者满足的人都已经更高。",
    about_en="No criterion grants it, or whoever meets one is at a better level.",
)

_finding(
    "DR714",
    zh="`{name}` 保留级别，{day} 起规则不同，却没有写换版本时已有级别的客户怎么办",
    en="`{name}` keeps levels and changes on {day}, and does not say what becomes of those who hold a level",
    help_zh="写上 `transition`：`re_evaluate`（以前的日子也按新规则看，不写就是这样）、`keep_until_expiry`（已有的级别保留到期满）或 `never_lower_at_switch`（换版时没有人降级）",
    help_en="write `transition`: `re_evaluate` (the days before are looked at by the new rules too, which is so without it), `keep_until_expiry` (what was reached before is kept until it expires) or `never_lower_at_switch` (nobody is lower at the switch)",
    about_zh="换版本时有人会因此降级，所以要写明是有意的。",
    about_en="Some may be lower as the new version begins, so it should be said that this is meant.",
)

# --- payouts ------------------------------------------------------------------------------------------

_finding(
    "DR721",
    zh="{what}：{low} 得 {low_pays}，{high} 得 {high_pays}",
    en="{what}: {low} pays {low_pays}, {high} pays {high_pays}",
    help_zh="检查两档的数字；如果只想对超出部分换个标准，写 `basis: excess`",
    help_en="check the numbers of both bands; if this rate is meant for the excess only, write `basis: excess`",
    about_zh="跨过这一档的起点后总额变少（罚款则是差得更多反而罚得更少）。",
    about_en="Past this band's start the total falls (of a fine: who falls short by more is fined less).",
)
_finding(
    "DR722",
    zh="超额部分的标准是 {rate}，不如上一档的 {before}（{low} 得 {low_pays}，{high} 得 {high_pays}）",
    en="the excess counts for less, {rate} after {before} in the band before ({low} pays {low_pays}, {high} pays {high_pays})",
    help_zh="检查两档的数字是不是写反了",
    help_en="check whether the numbers of the two bands are the wrong way round",
    about_zh="超额奖励通常不低于目标以内的奖励。",
    about_en="What lies above a target is usually not paid less than what lies below it.",
)
_finding(
    "DR723",
    zh="封顶 {cap} 低于保底 {floor}：总是付 {floor}",
    en="the cap {cap} lies below the floor {floor}: {floor} is always paid",
    help_zh="检查 `cap` 和 `floor` 是不是写反了",
    help_en="check whether `cap` and `floor` are the wrong way round",
    about_zh="先封顶再保底，结果永远是保底数。",
    about_en="The cap is applied, then the floor, so the floor is all that is ever paid.",
)
_finding(
    "DR724",
    zh="没有数值会落在 `{band}` 这一档：{why}",
    en="no value lies in the band `{band}`: {why}",
    help_zh="检查这一档和下一档的起点",
    help_en="check where this band and the next one begin",
    about_zh="例如次数都是整数，3 和 4 之间没有次数。",
    about_en="Counts, for example, are whole: there is none between 3 and 4.",
)
_finding(
    "DR725",
    zh="超额之后又是全额，总额在这里跳变：{low} 得 {low_pays}，{high} 得 {high_pays}",
    en="a whole band after an excess band makes the total jump: {low} pays {low_pays}, {high} pays {high_pays}",
    help_zh="如果只想加价，写 `basis: excess`",
    help_en="if only a higher rate is meant, write `basis: excess`",
    about_zh="上一档只计超出部分，这一档又从头计。",
    about_en="The band before pays on the excess only, this one on every unit again.",
)

# --- offers -------------------------------------------------------------------------------------------

_finding(
    "DR731",
    zh="写明的价值是 {stated}，`{which}` 各项合计 {sum}：{items}",
    en="the stated value is {stated}, the items of `{which}` come to {sum}: {items}",
    help_zh="改正其中一个；如果原文如此，用 `acknowledge` 写明原因",
    help_en="correct one of them; if the source says so, `acknowledge` it with the reason",
    about_zh="政策保留原文写明的价值，同时核对各项价值之和。",
    about_en="A policy keeps the value that its source states, and the check adds up the items.",
)
_finding(
    "DR732",
    zh="{word} {value} 不在 {low} 到 {high} 之间",
    en="{word} {value} is not between {low} and {high}",
    help_zh="检查百分比",
    help_en="check the percentage",
    about_zh="按原价的百分之几付，返还百分之几，都在 0% 到 100% 之间，下限不高于上限。",
    about_en="A share of the list price or of a premium lies between 0% and 100%, its lower bound not above the upper one.",
)

_finding(
    "DR733",
    zh="任选的 `{which}` 与 `{other}` 是一样的",
    en="the choice `{which}` is the same as `{other}`",
    help_zh="改正抄漏的地方，或删掉一个",
    help_en="change what was left as it was copied, or remove one",
    about_zh="让客户在两个一样的礼包里选，多半是抄漏了。",
    about_en="A choice between two packages of the same items was most likely copied and not changed.",
)

# --- housekeeping -------------------------------------------------------------------------------------

_finding(
    "DR741",
    zh="事实 `{name}` 没有用到",
    en="the fact `{name}` is never used",
    help_zh="用上它，或删掉它",
    help_en="use it, or remove it",
    about_zh="没有规则、比率或用到的事实读它；也许该读它的地方写成了别的名字。",
    about_en="No rule, rate or used fact reads it; perhaps the place that should names another.",
)
_finding(
    "DR742",
    zh="物品 `{name}` 没有用到",
    en="the item `{name}` is never used",
    help_zh="用上它，或删掉它",
    help_en="use it, or remove it",
    about_zh="没有优惠或规则给出它。",
    about_en="No offer or row gives it.",
)
_finding(
    "DR743",
    zh="参数 `{name}` 没有用到：改它的值不会有任何影响",
    en="the parameter `{name}` is never used: a change of its value changes nothing",
    help_zh="在该用的地方写它的名字，或删掉它",
    help_en="write its name where the value is meant, or remove it",
    about_zh="多半是有一处直接写了数字。",
    about_en="Most likely some place states the number itself.",
)
_finding(
    "DR744",
    zh="缺少{lang}：`{text}`",
    en="no {lang}: `{text}`",
    help_zh="补上 `{key}:`",
    help_en="add `{key}:`",
    about_zh="另一种语言的读者只能看到这一种。",
    about_en="Readers of the other language see this one.",
)
_finding(
    "DR745",
    zh="复核日期 {day} 已过",
    en="the day of review {day} has passed",
    help_zh="复核政策，然后改 `review_by`",
    help_en="review the policy, then move `review_by`",
    about_zh="`review_by` 是应当重新审阅的日期，过后提醒，不影响结果。",
    about_en="`review_by` is the day by which to look at the policy again; past it there is a reminder, and nothing else changes.",
)
_finding(
    "DR746",
    zh="依据 `{document}` 没有写条款",
    en="the source `{document}` names no clause",
    help_zh="补上 `clause:`",
    help_en="add a `clause:`",
    about_zh="没有条款，审计时无法核对原文。",
    about_en="Without a clause an auditor cannot find the place.",
)

# --- about findings -----------------------------------------------------------------------------------

_finding(
    "DR751",
    zh="这里已经没有 {finding} 可以说明{at}",
    en="there is no {finding} here to acknowledge{at}",
    help_zh="删掉这条 `acknowledge`",
    help_en="remove this entry of `acknowledge`",
    about_zh="说明过的问题已经不在了；留着会掩盖以后的问题。",
    about_en="What was acknowledged is gone; left here, it would hide a later mistake.",
)
_finding(
    "DR761",
    zh="`{name}` 的条件组合太多，没有全部分析",
    en="`{name}` has too many combinations of conditions to be analysed as a whole",
    help_zh="把它分成几个决策",
    help_en="split it into several decisions",
    about_zh="分析是精确的，不抽样；超出限度就明说没有分析。",
    about_en="The analysis is exact and takes no samples; beyond its limits it says that nothing was found out.",
)

FINDINGS = tuple(list(CODES)[_FIRST:])
"""The codes of all findings."""
