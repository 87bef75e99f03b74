"""Rates: what a month or a year came to for the whole store, with what was counted, in words.

Place in the flow: beside the outcomes, which are about one subject. An engine's two counts come in, a
:class:`RateOutcome` goes out; ``book.rates`` is the way in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, assert_never, cast

from dealerrules.faults import Fault, RecordError, messages, nearest
from dealerrules.outcome import json_value
from dealerrules.pages import plain
from dealerrules.policy.model import Edition, Rate, Reach
from dealerrules.populations import Count, Counted, Period, days_of, read_period
from dealerrules.records import SUBJECTS, Customer, read_record
from dealerrules.values import Kind, show
from dealerrules.verdict import Reason, Status
from dealerrules.wording import Wording
from dealerrules.words import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from dealerrules.book import PolicyBook
    from dealerrules.expr import Expr
    from dealerrules.outcome import Json
    from dealerrules.policy.model import Happening, Side

    Group = str | bool | int | Decimal | date | None

SCHEMA_VERSION: Final = 1
"""Of the JSON that `Rates.to_dict` gives; it changes when a key changes its meaning."""

_SAYS: Final = messages("""
no_rate | there is no rate `{name}` | 没有比率 `{name}`
other_period | `{name}` is a rate per {per}: ask for a period such as `{example}` | `{name}` 按{per_zh}计算：请给出 `{example}` 这样的期间
no_column | customers have no column `{name}` | 客户没有 `{name}` 这一列
""")
_EXAMPLES: Final = {"month": "2014-09", "year": "2014"}
_PER_ZH: Final = {"month": "月", "year": "年"}

_PHRASES: Final = messages("""
head | {rate}, {period}: {answer} | {rate}，{period}：{answer}
group | {rate}, {period}, {group}: {answer} | {rate}，{period}，{group}：{answer}
none | no rate | 没有结果
unrecorded | not recorded | 没有记录
of | above the line {n}: {what} | 分子 {n}：{what}
over | below the line {n}: {what} | 分母 {n}：{what}
minus | the rate is 1 - {n}/{d} | 比率 = 1 - {n}/{d}
undecided | {n} more {side} could not be judged, as something about them is not recorded | {side}另有 {n} 个无法判断：有些情况没有记录
above | above the line | 分子
below | below the line | 分母
reason | reason: {text} | 原因：{text}
source | source: {text} | 依据：{text}
customers | customers | 客户
vehicles | vehicles on file (different VINs) | 在册车辆（不同车架号）
as_of | as of {day} | 截至 {day}
which | where {said} | 满足：{said}
with | with {event} | 有{event}
without | without {event} | 没有{event}
event | {many} from {first} to {last} | {first} 至 {last} 的{zh}
event_by | {many} dated by {dated}, from {first} to {last} | 按{dated}在 {first} 至 {last} 的{zh}
where | {event} ({said}) | {event}（{said}）
distinct | different values of {take} in {event} | {event}中不同的{take}
during | {many} in {time} | {time}的{zh}
during_by | {many} dated by {dated}, in {time} | 按{dated}在{time}的{zh}
month | the month | 当月
year | the year | 当年
month_earlier | the month {said} earlier | {said}前的那个月
year_earlier | the year {said} earlier | {said}前的那一年
years | {n} years | {n}年
one_year | 1 year | 1年
last_day | the last day of {time} | {time}的最后一天
since | the time after that day, up to the end of {time} | 那一天之后到{time}底
rolling | the {size} up to that day | 到那一天为止{size}内
""")


@dataclass(frozen=True, eq=False)
class RateOutcome:
    """What a rate came to in a period.

    Attributes:
        model: the rate, as the policy defines it.
        period: the month or year.
        of: what was counted above the line; none where no version of the policy is in force.
        over: what was counted below the line.
        group: the value of the column that it is broken down by, in an outcome of `groups`.
        groups: the same rate for each value of that column.
    """

    model: Rate
    period: Period
    edition: Edition | None
    of: Count | None
    over: Count | None
    absent: Reason | None = None
    group: Group = None
    groups: Mapping[Group, RateOutcome] = field(default_factory=dict)

    @property
    def rate(self) -> str:
        """The rate's name."""
        return self.model.name

    @property
    def kind(self) -> str:
        """Always ``rate``."""
        return self.model.kind

    @property
    def numerator(self) -> int | None:
        """How many were counted above the line."""
        return self.of.number if self.of is not None else None

    @property
    def denominator(self) -> int | None:
        """How many were counted below the line."""
        return self.over.number if self.over is not None else None

    @property
    def undecided(self) -> dict[str, int]:
        """How many more could not be judged, as something about them is not recorded; they are not counted."""
        counts = {"of": self.of, "over": self.over}
        return {side: count.undecided if count is not None else 0 for side, count in counts.items()}

    @property
    def value(self) -> Fraction | None:
        """The rate, exact; none where the denominator is 0. With `one_minus`, what is left of the whole."""
        if not self.denominator or self.numerator is None:
            return None
        share = Fraction(self.numerator, self.denominator)
        return 1 - share if self.model.one_minus else share

    @property
    def status(self) -> Status:
        """Decided, or undefined where there is no rate."""
        return Status.DECIDED if self.value is not None else Status.UNDEFINED

    @property
    def reason(self) -> Reason | None:
        """Why there is no rate; none where there is one."""
        if self.value is not None:
            return None
        return self.absent or Reason("nothing_below")

    def text(self, lang: str = "en") -> str:
        """Return the rate with what was counted, in Chinese (``zh``) or English (``en``), several lines."""
        says = _Says(lang)
        title = " ".join(filter(None, (self.rate, self.model.title.get(lang))))
        answer = show(self.value, Kind.RATIO, lang) if self.value is not None else says("none")
        named = "group" if self.group is not None else "head"
        group = show(cast("Any", self.group), Kind.TEXT, lang)
        lines = [says(named, rate=title, period=self.period, group=group, answer=answer)]
        if self.reason is not None:
            lines.append(says("reason", text=self.reason.text(lang)))
        if self.edition is not None:
            of, over = self.sides(lang)
            lines.append(says("of", n=self.numerator, what=of))
            lines.append(says("over", n=self.denominator, what=over))
            if self.model.one_minus and self.value is not None:
                lines.append(says("minus", n=self.numerator, d=self.denominator))
            for side, name in (("of", "above"), ("over", "below")):
                if self.undecided[side]:
                    lines.append(says("undecided", n=self.undecided[side], side=says(name)))
        if self.model.clause is not None:
            lines.append(says("source", text=self.model.clause))
        return "\n  ".join(map(plain, lines)) + "\n"

    def sides(self, lang: str = "en") -> tuple[str, str]:
        """Return in words what is counted above and below the line."""
        assert self.edition is not None
        return sides_in_words(self.model, self.edition, lang, self.period)

    def to_dict(self) -> dict[str, Json]:
        """Return it as plain JSON values, with stable keys; the value as text, such as ``3/7``."""
        found: dict[str, Json] = {
            "kind": self.kind,
            "status": self.status.value,
            "value": str(self.value) if self.value is not None else None,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "undecided": dict(self.undecided),
            "reason": dict(self.reason.to_dict()) if self.reason is not None else None,
        }
        if self.groups:
            found["groups"] = [
                {"group": json_value(group), **each.to_dict()} for group, each in self.groups.items()
            ]
        return found

    def __repr__(self) -> str:
        """Return the rate in one line, for a developer."""
        return f"<{self.rate} {self.period}: {self.value} ({self.numerator}/{self.denominator})>"


class Rates(Mapping[str, RateOutcome]):
    """The rates of one period, by name.

    Attributes:
        period: the month or year, as :class:`~dealerrules.populations.Period`.
    """

    def __init__(self, period: Period, outcomes: Mapping[str, RateOutcome], book: PolicyBook) -> None:
        self.period = period
        self._outcomes, self._book = outcomes, book

    def __getitem__(self, name: str) -> RateOutcome:
        """Return a rate; a rate of the other kind of period is a KeyError that says so."""
        if name not in self._outcomes:
            raise KeyError(_unusable(name, self._book, self.period).message)
        return self._outcomes[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in alphabetical order."""
        return iter(self._outcomes)

    def __len__(self) -> int:
        """Return how many rates there are."""
        return len(self._outcomes)

    def text(self, lang: str = "en") -> str:
        """Return all rates with what was counted, in words."""
        return "\n".join(outcome.text(lang) for outcome in self._outcomes.values())

    def to_dict(self) -> dict[str, Json]:
        """Return them as plain JSON values, with stable keys."""
        return {
            "schema_version": SCHEMA_VERSION,
            "period": str(self.period),
            "fingerprint": self._book.fingerprint,
            "rates": {name: outcome.to_dict() for name, outcome in self._outcomes.items()},
        }

    def __repr__(self) -> str:
        """Return the rates, for a developer."""
        return f"<Rates {self.period}: {', '.join(map(repr, self._outcomes.values()))}>"


def rates_of(
    book: PolicyBook,
    store: Mapping[str, Any] | Iterable[Customer | Mapping[str, object]],
    *,
    period: str,
    names: Sequence[str] | None = None,
    by: str | None = None,
    check: bool = True,
) -> Rates:
    """Return the rates of a period; the arguments are those of ``PolicyBook.rates``."""
    asked = read_period(period)
    models = {name: rate for name, rate in sorted(book.rate_models.items()) if rate.per == asked.per}
    faults = [_unusable(name, book, asked) for name in names or () if name not in models]
    if by is not None and by not in SUBJECTS["customer"].fields and not by.startswith("attributes."):
        near = nearest(by, SUBJECTS["customer"].fields)
        faults.append(_fault("no_column", by, near))
    if faults:
        raise RecordError(faults)
    edition = book.edition(asked.end)
    there = {
        name: edition.rates[name]
        for name in (models if names is None else dict.fromkeys(names))
        if edition is not None and name in edition.rates
    }
    if check and isinstance(store, Mapping):
        from dealerrules.engines.checks import check_tables  # noqa: PLC0415 - only tables need narwhals
        from dealerrules.engines.entry import check_names  # noqa: PLC0415 - as above

        check_names("customer", store)
        check_tables(store, "customer", book.editions)
    counted = _counted(edition, there, store, asked, by) if edition is not None and there else {}
    outcomes = {
        name: _outcome(there[name], asked, edition, *counted[name])
        if name in there
        else RateOutcome(models[name], asked, None, None, None, _not_in_force(book, name, asked))
        for name in (models if names is None else dict.fromkeys(names))
    }
    return Rates(asked, outcomes, book)


def _counted(
    edition: Edition, rates: Mapping[str, Rate], store: Any, period: Period, by: str | None
) -> dict[str, tuple[Counted, Counted]]:
    if isinstance(store, Mapping):
        from dealerrules.engines.rates_frame import TableCensus  # noqa: PLC0415 - only tables need narwhals

        return TableCensus(edition, store, period, by).counted(rates)
    from dealerrules.engines.rates import Census  # noqa: PLC0415 - loading and checking need no engine

    customers = [read_record(each) for each in store]
    census = Census(edition, [each for each in customers if isinstance(each, Customer)], period, by)
    return {name: census.counted(rate) for name, rate in rates.items()}


def _outcome(model: Rate, period: Period, edition: Edition | None, of: Counted, over: Counted) -> RateOutcome:
    named = sorted({*of.groups, *over.groups}, key=lambda group: (group is None, str(group)))
    groups = {
        group: RateOutcome(
            model,
            period,
            edition,
            of.groups.get(group, Count()),
            over.groups.get(group, Count()),
            group=group,
        )
        for group in named
    }
    return RateOutcome(model, period, edition, of.total, over.total, groups=groups)


def _unusable(name: str, book: PolicyBook, period: Period) -> Fault:
    """Return what is wrong with the name of a rate that the period does not have."""
    model = book.rate_models.get(name)
    if model is None:
        known = [each for each, rate in book.rate_models.items() if rate.per == period.per]
        return _fault("no_rate", name, nearest(name, known))
    return _fault(
        "other_period", name, None, per=model.per, per_zh=_PER_ZH[model.per], example=_EXAMPLES[model.per]
    )


def _fault(code: str, name: str, near: str | None, **more: str) -> Fault:
    english, chinese = (text.format(name=name, **more) for text in _SAYS[code])
    if near is not None:
        english, chinese = f"{english}; did you mean `{near}`?", f"{chinese}；是不是 `{near}`？"
    return Fault("population", None, "rates", name, english, chinese)


def _not_in_force(book: PolicyBook, name: str, period: Period) -> Reason:
    first = next(edition for edition in book.editions if name in edition.rates)
    values = {"day": str(period.end), "policy": first.rates[name].policy, "first": str(first.start)}
    return Reason("not_in_force", values)


# ---------------------------------------------------------------------------------------------------
# In words


@dataclass(frozen=True, slots=True)
class _Says:
    lang: str

    def __call__(self, name: str, /, **parts: object) -> str:
        return _PHRASES[name][self.lang == "zh"].format(**parts)


def sides_in_words(
    rate: Rate, edition: Edition, lang: str = "en", period: Period | None = None
) -> tuple[str, str]:
    """Return in words what a rate counts above and below its line: in a period, or in any."""
    words = _SideWords(edition, period, rate.per, lang)
    return words.side(rate.of), words.side(rate.over)


class _SideWords:
    """Reads out what a side counts: with the days of a period, or for any period."""

    def __init__(self, edition: Edition, period: Period | None, per: str, lang: str) -> None:
        self.words, self.period, self.per = Wording(edition, "customer", lang), period, per
        self.says = _Says(lang)

    def side(self, side: Side) -> str:
        """Read out a side."""
        if side.counts == "events":
            (happening,) = side.happenings
            said = self._happening(happening, side)
            if side.take is None:
                return said
            return self.says("distinct", take=self.words.field(side.take.of, side.take.name), event=said)
        parts = [self.says(side.counts), self.says("as_of", day=self._day(side))]
        if side.where is not None:
            parts.append(self.says("which", said=self.words.say(side.where)))
        for happening in side.happenings:
            holds = "with" if happening.holds else "without"
            parts.append(self.says(holds, event=self._happening(happening, side)))
        return self.words.pick("，", ", ").join(parts)

    def _day(self, side: Side) -> str:
        """Return the day that a side looks from."""
        if self.period is not None:
            return str(self.period.earlier(side.earlier).end)
        return self.says("last_day", time=self._then(side.earlier))

    def _then(self, earlier: int) -> str:
        """Return the month or year, or one some months earlier."""
        if not earlier:
            return self.says(self.per)
        years, rest = divmod(earlier, 12)
        if self.per == "year" and not rest:
            said = self.says("one_year" if years == 1 else "years", n=years)
        else:
            said = show(earlier, Kind.MONTHS, self.words.lang)
        return self.says(f"{self.per}_earlier", said=said)

    def _time(self, happening: Happening, side: Side) -> str:
        """Return when a happening counts, in any period."""
        match happening.reach:
            case Reach.PERIOD:
                return self.says(self.per)
            case Reach.EARLIER:
                return self._then(side.earlier)
            case Reach.SINCE:
                return self.says("since", time=self.says(self.per))
            case Reach.ROLLING:
                assert happening.size is not None
                return self.says("rolling", size=self.words.say(happening.size))
            case _:
                assert_never(happening.reach)

    def _happening(self, happening: Happening, side: Side) -> str:
        zh, english = TABLES[happening.table]
        plain = happening.dated in {
            "visited_on",
            "contacted_on",
            "purchased_on",
            "succeeded_on",
            "surveyed_on",
        }
        dated = self.words.field(happening.table, happening.dated)
        many = english.split("/")[0]
        by = "" if plain or happening.dated == "made_on" else "_by"
        if self.period is None:
            said = self.says(f"during{by}", zh=zh, many=many, dated=dated, time=self._time(happening, side))
        else:
            first, last = days_of(happening, side, self.period)
            said = self.says(f"event{by}", zh=zh, many=many, dated=dated, first=first, last=last)
        return self._where(said, happening.where)

    def _where(self, said: str, where: Expr | None) -> str:
        return said if where is None else self.says("where", event=said, said=self.words.say(where))


__all__ = ["RateOutcome", "Rates", "Reach", "rates_of", "sides_in_words"]
