"""Wording: the printer interpreter; it reads conditions, tests, facts, bands and rules out in Chinese or English.

Place in the flow: beside the engines: it reads the same tree and evaluates nothing. Explanations and the policy
handbook are written in its words: titles where there are any, otherwise names; parameters named beside their value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Arithmetic,
    AsOf,
    Before,
    Compare,
    Comparison,
    Constant,
    Elapse,
    Elapsed,
    Expr,
    Fact,
    Field,
    FirstKnown,
    IfAbsent,
    IsAbsent,
    Known,
    LevelIn,
    Lookup,
    Member,
    Not,
    Operator,
    Reduction,
    RoundWhole,
    type_of,
)
from dealerrules.policy.model import Cell, Item, Line, Offer, Payout, Rule, Rules, Stage, Tier, Title
from dealerrules.values import Kind, Maybe, Rounding, Type, Value, show, to_yuan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.policy.model import AnyDecision, Edition, FactDefinition, Output

LANGUAGES: Final = ("zh", "en")

Pair = tuple[str, str]
"""A text in Chinese and in English."""
Pair3 = tuple[str, str, str]
"""A word in Chinese, in English as many, and as one."""


def _pairs(table: str) -> dict[str, Pair]:
    """Read words written as ``name | Chinese | English;``; without English the name says it."""
    rows = [[cell.strip() for cell in entry.split("|")] for entry in table.split(";")]
    return {name: (zh, english[0] if english else name.replace("_", " ")) for name, zh, *english in rows}


# ---------------------------------------------------------------------------------------------------
# The words for records: their fields have no title of their own

_FIELDS: Final = _pairs("""
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
_WORDS: Final = _pairs("""
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
_TABLES: Final[dict[str, tuple[str, str, str]]] = {
    "contacts": ("联系", "contacts", "contact"),
    "insurance": ("投保", "insurance covers", "insurance cover"),
    "referrals": ("转介绍", "referrals", "referral"),
    "suggestions": ("建议", "suggestions", "suggestion"),
    "surveys": ("满意度调查", "surveys", "survey"),
    "vehicles": ("购车", "vehicles", "vehicle"),
    "visits": ("进站", "visits", "visit"),
}
_SUBJECTS: Final = _pairs("""
consultant_month | 服务顾问月度; customer | 客户; follow_up_result | 客户跟进结果; purchase | 消费;
recall_campaign | 招揽活动; repair_order | 维修单
""")
_PERIODS: Final = {
    "year": ("本自然年", "this calendar year"),
    "quarter": ("本季度", "this quarter"),
    "month": ("本月", "this month"),
}
_COMPARISONS: Final[dict[Comparison, Pair]] = {
    Comparison.EQUAL: ("为", "is"),
    Comparison.AT_LEAST: ("至少", "at least"),
    Comparison.MORE_THAN: ("超过", "more than"),
    Comparison.AT_MOST: ("至多", "at most"),
    Comparison.LESS_THAN: ("少于", "less than"),
}
_ON_DATES: Final[dict[Comparison, Pair]] = {
    Comparison.EQUAL: ("为", "is"),
    Comparison.AT_LEAST: ("不早于", "on or after"),
    Comparison.MORE_THAN: ("晚于", "after"),
    Comparison.AT_MOST: ("不晚于", "on or before"),
    Comparison.LESS_THAN: ("早于", "before"),
}
_ROUNDINGS: Final[dict[Rounding, Pair]] = {
    Rounding.HALF_UP: ("四舍五入", "rounded half up"),
    Rounding.HALF_EVEN: ("四舍六入五成双", "rounded half to even"),
    Rounding.UP: ("进位取整", "rounded up"),
    Rounding.DOWN: ("舍去尾数", "rounded down"),
}


def subject_title(subject: str, lang: str) -> str:
    """Return what a subject is called."""
    return _SUBJECTS.get(subject, (subject, subject))[lang != "zh"]


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one subject under one edition, in one language.

    Attributes:
        edition: the policies, where titles are looked up.
        subject: whose facts are read.
        lang: ``zh`` or ``en``.
    """

    edition: Edition
    subject: str
    lang: str

    def pick(self, zh: str, en: str) -> str:
        """Return the text of this language."""
        return zh if self.lang == "zh" else en

    def of(self, pair: Pair) -> str:
        """Return the text of this language."""
        return self.pick(*pair)

    def title(self, title: Title, default: str) -> str:
        """Return a title in this language, else in the other one, else the name."""
        return title.get(self.lang, default)

    # --- names and values -----------------------------------------------------------------------------

    def fact(self, name: str) -> str:
        """Return the title of a fact, a plain field or a decision."""
        definition = self.edition.facts[self.subject].get(name)
        if definition is None:
            return self.decision(name)
        if definition.builtin and not definition.place:  # a plain field
            name = self.field(self.subject, name)
            name = name[:1].upper() + name[1:]
        return self.title(definition.title, name)

    def field(self, of: str, name: str) -> str:
        """Return what a field of a subject or of an event is called."""
        found = _FIELDS.get(f"{of}.{name}") or _FIELDS.get(name)
        return self.of(found) if found else name.removeprefix("attributes.")

    def decision(self, name: str) -> str:
        """Return the title of a decision."""
        made = self.edition.decisions.get(name)
        return self.title(made.title, name) if made is not None else name

    def answer(self, decision: AnyDecision, answer: str) -> str:
        """Return what a level, stage, band or row is called."""
        match decision:
            case Tier():
                titles = {level.id: level.title for level in decision.levels}
            case Stage():
                titles = {name: stage.title for name, stage in decision.stages.items()}
            case Payout() | Offer() | Rules():
                titles = {rule.answer: rule.title for rule in decision.rules}
            case _:
                assert_never(decision)
        return self.title(titles.get(answer, Title()), answer)

    def value(self, value: Maybe, expr: Expr) -> str:
        """Return a value of an expression as people read it; words of a category by their titles."""
        if not isinstance(value, str):
            return show(value, type_of(expr).kind, self.lang)
        home = self._home(expr)
        match home:
            case Answer():
                decision = self.edition.decisions[home.decision]
                return value if isinstance(decision, Rules) else self.answer(decision, value)
            case Field(type=Type(kind=Kind.CATEGORY), name=name) if not name.startswith("attributes."):
                found = _WORDS.get(f"{name}.{value}") or _WORDS.get(value)
                return self.of(found) if found else value
            case _:
                return value

    def _home(self, expr: Expr) -> Expr | None:
        """Return the field or the decision that a value comes from, if it is passed on as it is."""
        match expr:
            case Fact(name=name):
                return self._home(self.edition.fact(self.subject, name).expr)
            case Before(item=item) | IfAbsent(item=item) | FirstKnown(items=(item, *_)):
                return self._home(item)
            case Aggregate(take=take):
                return take
            case Lookup():
                return None
            case _:
                return expr

    # --- expressions ----------------------------------------------------------------------------------

    def say(self, expr: Expr) -> str:
        """Read any expression out."""
        match expr:
            case Constant():
                return self._named(show(expr.value, expr.type.kind, self.lang), expr.parameter)
            case Field():
                return self.field(expr.of, expr.name)
            case AsOf():
                return self.pick("评估日", "the day of evaluation")
            case Fact():
                return self._inner(
                    self.fact(expr.name), builtin=self.edition.fact(self.subject, expr.name).builtin
                )
            case Answer():
                return self.decision(expr.decision)
            case Compare() | Member() | Known() | IsAbsent() | LevelIn():
                colon = isinstance(expr, IsAbsent) or _on_boolean(expr)
                return f"{self.tested(expr)}{self.pick('：', ': ') if colon else ' '}{self.required(expr)}"
            case All():
                if not expr.items:
                    return self.pick("无条件", "always")
                return self.pick("，且 ", ", and ").join(self._joined(expr.items))
            case AnyOf():
                return self.pick("，或 ", ", or ").join(self._part(item) for item in expr.items)
            case Not(item=item):
                if plain_not(expr):
                    return f"{self.tested(item)} {self.required(expr)}"
                return self.pick(f"并非（{self.say(item)}）", f"not ({self.say(item)})")
            case Arithmetic():
                return self._arithmetic(expr)
            case RoundWhole():
                item_said = self._operand(expr.item)
                way = (
                    self.pick("向上取整", "rounded up") if expr.up else self.pick("向下取整", "rounded down")
                )
                return f"{item_said} {way}"
            case Elapsed():
                return self._elapsed(expr)
            case FirstKnown():
                return self.pick("，没有则 ", ", or else ").join(self.say(item) for item in expr.items)
            case IfAbsent():
                return self.say(expr.item) + self.pick("（没有则未知）", " (unknown where there is none)")
            case Lookup():
                by = self.say(expr.by)
                cases = [
                    f"{self.value(word, expr.by)} → {show(made, expr.type.kind, self.lang)}"
                    for word, made in expr.cases
                ]
                return self.pick(f"按{by}：{'，'.join(cases)}", f"by {by}: {', '.join(cases)}")
            case Before():
                item_said, event = self.say(expr.item), self.say(expr.event)
                return self.pick(f"{event}前一天的{item_said}", f"{item_said} on the day before {event}")
            case Aggregate():
                return self._aggregate(expr)
            case _:
                assert_never(expr)

    def _named(self, text: str, parameter: str | None) -> str:
        if parameter is None:
            return text
        return self.pick(f"{text}（{parameter}）", f"{text} ({parameter})")

    def _inner(self, title: str, *, builtin: bool = True) -> str:
        """Return an English title as it stands inside a sentence; titles from policies stay as written."""
        small = self.lang == "en" and builtin and title[:1].isupper() and not title[1:2].isupper()
        return title[:1].lower() + title[1:] if small else title

    def _part(self, expr: Expr) -> str:
        said = self.say(expr)
        return self.pick(f"（{said}）", f"({said})") if isinstance(expr, All | AnyOf) else said

    def _joined(self, items: tuple[Expr, ...]) -> list[str]:
        """Read out conditions that must all hold; two tests on one value in a row as a range."""
        said: list[str] = []
        for at, item in enumerate(items):
            before = items[at - 1] if at else None
            if isinstance(item, Compare) and isinstance(before, Compare) and item.left == before.left:
                said[-1] += self.pick("、", " and ") + self.required(item)
            else:
                said.append(self._part(item))
        return said

    def _operand(self, expr: Expr) -> str:
        said = self.say(expr)
        return f"({said})" if isinstance(expr, Arithmetic | RoundWhole | FirstKnown) else said

    def _arithmetic(self, expr: Arithmetic) -> str:
        left, right = self._operand(expr.left), self._operand(expr.right)
        match expr.how:
            case Operator.ADD:
                return f"{left} + {right}"
            case Operator.SUBTRACT:
                return f"{left} - {right}"
            case Operator.MULTIPLY:
                return f"{left} × {right}"
            case Operator.RATIO:
                return f"{left} ÷ {right}"
            case Operator.WHOLE_TIMES:
                return self.pick(
                    f"{left} 中 {right} 的整数倍数", f"how often {right} fits wholly into {left}"
                )
            case Operator.MIN:
                return self.pick(f"{left} 与 {right} 中较小的", f"the smaller of {left} and {right}")
            case Operator.MAX:
                return self.pick(f"{left} 与 {right} 中较大的", f"the larger of {left} and {right}")
            case _:
                assert_never(expr.how)

    def _elapsed(self, expr: Elapsed) -> str:
        date_said = self.say(expr.item)
        match expr.how:
            case Elapse.MONTHS_SINCE:
                return self.pick(f"距{date_said}的整月数", f"whole months since {date_said}")
            case Elapse.DAYS_SINCE:
                return self.pick(f"距{date_said}的天数", f"days since {date_said}")
            case Elapse.DAYS_UNTIL:
                return self.pick(f"到{date_said}的天数", f"days until {date_said}")
            case _:
                assert_never(expr.how)

    def _aggregate(self, expr: Aggregate) -> str:
        take = self.say(expr.take) if expr.take is not None else self.pick("日期", "date")
        that = self.say(expr.that) if expr.that is not None else ""
        zh, some, one = self._events(expr)
        match expr.how:
            case Reduction.COUNT:
                return self.pick(f"{zh}次数", f"number of {some}")
            case Reduction.DISTINCT:
                return self.pick(f"{zh}中不同{take}的个数", f"number of different {take} of {some}")
            case Reduction.SUM:
                return self.pick(f"{zh}的{take}合计", f"total {take} of {some}")
            case Reduction.SOME:
                return self.pick(f"{zh}至少有一次满足：{that}", f"at least one {one} with {that}")
            case Reduction.EVERY:
                return self.pick(f"{zh}每一次都满足：{that}", f"every {one} with {that}")
            case Reduction.LATEST:
                return self.pick(f"最近一次{zh}的{take}", f"{take} of the latest {one}")
            case Reduction.EARLIEST:
                return self.pick(f"首次{zh}的{take}", f"{take} of the earliest {one}")
            case Reduction.STREAK:
                assert expr.allow_gap is not None
                gap = self.say(expr.allow_gap)
                return self.pick(f"{zh}不间断的年数，间断不超过{gap}", f"years of {some}, no gap over {gap}")
            case _:
                assert_never(expr.how)

    def _events(self, expr: Aggregate) -> Pair3:
        """Read out which events are taken: in Chinese, in English as many, and as one of them."""
        zh, many, one = _TABLES.get(expr.table, (expr.table,) * 3)
        before, after = self._limits(expr)
        if expr.where is not None:
            where = self.say(expr.where)
            zh, after = f"{zh}（{where}）", f"{after} ({where})"
        return f"{before}{zh}", f"{many}{after}", f"{one}{after}"

    def _limits(self, expr: Aggregate) -> Pair:
        """Read out the window: before the noun in Chinese, after it in English."""
        zh, en = "", ""
        if expr.within is not None and expr.within.size is not None:
            size = self.say(expr.within.size)
            zh, en = f"近{size}", f" in the past {size}"
        elif expr.within is not None:
            period = _PERIODS[expr.within.period or "year"]
            zh, en = period[0], f" in {period[1]}"
        if expr.after is not None:
            start = self.say(expr.after)
            zh, en = f"{zh}{start}之后的", f"{en} after {start}"
        return zh, en

    # --- tests ----------------------------------------------------------------------------------------

    def tested(self, expr: Expr) -> str:
        """Return what a test looks at."""
        match expr:
            case Compare(left=item) | Member(item=item) | Known(item=item) | IsAbsent(item=item):
                return self.say(item)
            case Not(item=item):
                return self.tested(item)
            case LevelIn():
                return self.level_of(expr)
            case _:
                return self.say(expr)

    def level_of(self, expr: LevelIn) -> str:
        """Return what the level of a tier or of one of its angles is called."""
        tier = self.edition.decisions[expr.decision]
        assert isinstance(tier, Tier)
        for angle in tier.angles:
            if angle.id == expr.angle:
                title = self.title(angle.title, angle.id)
                return self.pick(f"{title}的级别", f"level by {title}")
        return self.decision(expr.decision)

    def required(self, expr: Expr) -> str:
        """Return what a test asks for: `至少 3`, `at least 3`."""
        match expr:
            case Compare(how=how, left=left, right=right):
                words = _ON_DATES if type_of(left).kind is Kind.DATE else _COMPARISONS
                said = self.say(right)
                if isinstance(right, Constant):
                    said = self._named(self.value(right.value, left), right.parameter)
                return said if _on_boolean(expr) else f"{self.of(words[how])} {said}"
            case Member():
                return self._named(self._among(expr), expr.parameter)
            case Known():
                return self.pick("有记录", "is recorded")
            case IsAbsent():
                return self.pick("没有这样的事件", "no such event")
            case LevelIn():
                return self._allowed(expr)
            case Not(item=Known()):
                return self.pick("没有记录", "is not recorded")
            case Not(item=item):
                inner, plain = self.required(item), self.of(_COMPARISONS[Comparison.EQUAL]) + " "
                if inner.startswith(plain) or _on_boolean(item):
                    return self.pick("不为 ", "is not ") + inner.removeprefix(plain)
                return self.pick(f"并非 {inner}", f"not {inner}")
            case _:
                return self.pick("成立", "holds")

    def asked(self, expr: Expr) -> str:
        """Return what a test asks for, beside the value that was read: `至少 3`, `高`."""
        return self.required(expr).removeprefix(self.of(_COMPARISONS[Comparison.EQUAL]) + " ")

    def _or(self, words: list[str]) -> str:
        return self.pick("为 ", "is ") + self.pick(" 或 ", " or ").join(words)

    def _among(self, expr: Member) -> str:
        words = [self.value(value, expr.item) for value in expr.among]
        scale = type_of(expr.item)
        if scale.ordered and len(words) > 1:
            if expr.among == scale.options[-len(words) :]:
                return self.pick("至少 ", "at least ") + words[0]
            if expr.among == scale.options[: len(words)]:
                return self.pick("至多 ", "at most ") + words[-1]
        return self._or(words)

    def _allowed(self, expr: LevelIn) -> str:
        tier = self.edition.decisions[expr.decision]
        assert isinstance(tier, Tier)
        best_first = [level.id for level in tier.levels]
        ranks = sorted(best_first.index(level) for level in expr.allowed)
        words = [self.answer(tier, best_first[rank]) for rank in ranks]
        if len(ranks) > 1 and ranks == list(range(len(ranks))):
            return self.pick("至少 ", "at least ") + words[-1]
        if len(ranks) > 1 and ranks == list(range(len(best_first)))[-len(ranks) :]:
            return self.pick("至多 ", "at most ") + words[0]
        return self._or(words)

    # --- facts, bands, rules --------------------------------------------------------------------------

    def definition(self, definition: FactDefinition) -> str:
        """Read out how a fact is found."""
        return self.say(definition.expr)

    def band(self, when: Expr, measure: Expr) -> str | None:
        """Read out where a band begins and ends; none where the condition says nothing of the measure."""
        low, high = bounds(when, measure)
        if low is None:
            return None
        start, end = self.say(low.right), self.say(high.right) if high is not None else ""
        included = low.how is Comparison.AT_LEAST
        if high is not None and low.right == high.right:
            return self.pick(f"正好 {start}", f"exactly {start}")
        said = (
            self.pick(f"从 {start} 起", f"from {start}")
            if included
            else self.pick(f"超过 {start}", f"over {start}")
        )
        if high is None:
            return said + ("" if self.lang == "zh" else " on" if included else "")
        if high.how is Comparison.LESS_THAN:
            return said + self.pick(f"，不到 {end}", f", under {end}")
        return said + self.pick(f"，至多 {end}", f", up to and including {end}")

    def rule(self, rule: Rule, decision: AnyDecision) -> str:
        """Read out a whole rule: its condition, and what it grants."""
        return f"{self.say(rule.when)} → {self.grant(rule, decision)}"

    def grant(self, rule: Rule, decision: AnyDecision) -> str:
        """Read out what a rule grants."""
        match decision:
            case Tier() | Stage():
                return self.answer(decision, rule.answer)
            case Payout():
                return self.pick("；", "; ").join(
                    self.pays(decision, rule, line) for line in decision.lines[rule.id]
                )
            case Offer():
                package = decision.packages[rule.id]
                chosen = [f"{letter}: {self.items(names)}" for letter, names in package.choose_one.items()]
                always = [self.items(package.always)] if package.always else []
                return self.pick("；", "; ").join([*chosen, *always])
            case Rules():
                return self.cells(decision, decision.cells[rule.id])
            case _:
                assert_never(decision)

    def pays(self, payout: Payout, rule: Rule, line: Line) -> str:
        """Read out a line of what a rule pays: a lump, every unit (全额), or the excess only (超额)."""
        rate, own = self.say(line.rate), line.band == rule.id
        way, start = basis(payout, line.band)
        if line.units is None:
            return self.pick(f"固定 {rate}", f"a lump of {rate}")
        percent = line.rate.type.kind is Kind.RATIO
        if not own:
            return self._pays_below(rate, self.say(line.units), way, percent=percent)
        unit = line.units.left if way == "excess" and isinstance(line.units, Arithmetic) else line.units
        of = self.say(unit)
        if way == "excess":
            above = self.say(start) if start is not None else "0"
            if percent:
                return self.pick(
                    f"超额：只计{of}超出 {above} 的部分，其 {rate}",
                    f"{rate} of the excess only: of {of} above {above}",
                )
            return self.pick(
                f"超额：只计{of}超出 {above} 的部分，每单位 {rate}",
                f"{rate} a unit on the excess only: {of} above {above}",
            )
        if percent:
            return self.pick(f"全额：全部{of}的 {rate}", f"{rate} of the whole: of all {of}")
        return self.pick(f"全额：{of}每一单位都计，每单位 {rate}", f"{rate} a unit on every unit: {of}")

    def _pays_below(self, rate: str, units: str, way: str, *, percent: bool) -> str:
        """Read out what a band below the one that holds still pays."""
        each = self.pick(
            f"其 {rate}" if percent else f"每单位 {rate}", f"{rate} of" if percent else f"{rate} a unit on"
        )
        if way == "excess":
            return self.pick(
                f"超额：只计本档起点到下一档起点之间的 {units}，{each}",
                f"{each} what lies between this band's start and the next: {units}",
            )
        return self.pick(
            f"全额：计到下一档起点 {units} 为止，{each}",
            f"{each} everything up to where the next band begins: {units}",
        )

    def rounding(self, mode: Rounding, unit: int) -> str:
        """Read out how an amount is rounded."""
        return self.pick(
            f"{self.of(_ROUNDINGS[mode])}到 {to_yuan(unit)}元",
            f"{self.of(_ROUNDINGS[mode])} to {to_yuan(unit)} yuan",
        )

    # --- things ---------------------------------------------------------------------------------------

    def items(self, names: tuple[str, ...]) -> str:
        """Read out a list of items with what each is worth."""
        return " + ".join(self.item(self.edition.items[name]) for name in names)

    def item(self, item: Item) -> str:
        """Read out an item with what it is worth."""
        worth = self.worth(item)
        title = self.title(item.title, item.id)
        return self.pick(f"{title}（{worth}）", f"{title} ({worth})")

    def worth(self, item: Item) -> str:
        """Read out what an item is worth: a value, a share of the list price, a refund."""
        if item.value is not None:
            return self.pick("价值 ", "worth ") + show(item.value, Kind.MONEY, self.lang)
        if item.price is not None:
            if item.price.value == 0:
                return self.pick("免费", "free")
            share = self.say(item.price)
            return self.pick(f"按原价的 {share}", f"at {share} of the list price")
        if item.refund is not None:
            low, high, of = item.refund
            base = self.field(self.subject, of)
            return self.pick(
                f"返还{base}的 {self.say(low)} 至 {self.say(high)}",
                f"{self.say(low)} to {self.say(high)} of the {base} back",
            )
        return self.pick("未写明价值", "value not stated")

    def cell(self, output: Output, cell: Cell) -> str:
        """Read out one output of a row."""
        if not isinstance(cell, tuple):
            return show(cell, output.type.kind if output.type is not None else Kind.TEXT, self.lang)
        if not cell:
            return self.pick("无", "nothing")
        if output.form == "items":
            return self.items(tuple(str(name) for name in cell))
        return self.pick("；", "; ").join(
            self.title(text, "") if isinstance(text, Title) else text for text in cell
        )

    def cells(self, decision: Rules, cells: Mapping[str, Cell]) -> str:
        """Read out what a row says."""
        parts = [
            f"{self.title(each.title, each.id)}: {self.cell(each, cells[each.id])}"
            for each in decision.outputs
        ]
        return self.pick("；", "; ").join(parts)


def describe(expr: Expr, edition: Edition, subject: str, lang: str) -> str:
    """Read any expression out: a condition, a test, how a fact is found.

    Args:
        expr: the expression.
        edition: the policies, where titles are looked up.
        subject: whose facts it reads.
        lang: ``zh`` or ``en``.
    """
    return Wording(edition, subject, lang).say(expr)


# ---------------------------------------------------------------------------------------------------
# What an expression is made of


def plain_not(expr: Expr) -> bool:
    """Tell whether this is the denial of one test, as `is_not` and `none_of` are written."""
    if not isinstance(expr, Not):
        return False
    inner = expr.item
    return isinstance(inner, Member | Known | LevelIn) or (
        isinstance(inner, Compare) and inner.how is Comparison.EQUAL
    )


def basis(payout: Payout, band: str) -> tuple[str, Expr | None]:
    """Return how a band pays (``lump``, ``whole`` or ``excess``) and at how many units its excess begins."""
    own = next((line for line in payout.lines.get(band, ()) if line.band == band), None)
    if own is None or own.units is None:
        return "lump", None
    units = own.units
    low = bounds(payout.rule(band).when, payout.measure)[0] if payout.measure is not None else None
    if low is None or not (isinstance(units, Arithmetic) and units.how is Operator.SUBTRACT):
        return "whole", None
    # a start s stands at s units or, where the measure is a ratio a/b, at s × b units
    match units.right:
        case Constant(value=value) if value == _number(low.right):
            return "excess", units.right
        case Arithmetic(how=Operator.MULTIPLY, left=left) if left == low.right:
            return "excess", units.right
        case _ if _number(low.right) == 1:
            return "excess", units.right
        case _:
            return "whole", None


def _on_boolean(expr: Expr) -> bool:
    """Tell whether this asks for a yes or a no."""
    return isinstance(expr, Compare) and isinstance(_number(expr.right), bool)


def _number(expr: Expr) -> Value | None:
    return expr.value if isinstance(expr, Constant) else None


def bounds(when: Expr, measure: Expr) -> tuple[Compare | None, Compare | None]:
    """Return the tests where a band begins and where it ends."""
    tests = [each for each in (when.items if isinstance(when, All) else (when,)) if isinstance(each, Compare)]
    mine = [each for each in tests if each.left == measure and isinstance(each.right, Constant)]
    low = [each for each in mine if each.how in {Comparison.AT_LEAST, Comparison.MORE_THAN}]
    high = [each for each in mine if each.how in {Comparison.AT_MOST, Comparison.LESS_THAN}]
    return (low[-1] if low else None), (high[-1] if high else None)
