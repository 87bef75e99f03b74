"""What is due: whom to contact on which day, and why; from the tables of a store and the answers about it.

Place in the flow: beside the reports, which print these lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from dealerrules.faults import messages
from dealerrules.grids import lazy_frame, plain_value
from dealerrules.policy.model import Tier
from dealerrules.records import TABLES
from dealerrules.values import Kind, Type, days_before, months_before, read_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    import narwhals as nw

    from dealerrules.book import PolicyBook
    from dealerrules.grids import Group

_DUE: Final = messages("""
red_line | Red line: to be contacted now | 流失红线：需要马上联系
follow_ups | Follow-ups due | 到期的客户跟进
insurance | Insurance expiring | 即将到期的保险
warranty | Out of warranty soon | 即将出保
visited | last visit on {day}, {days} days ago | 最近一次进站 {day}，已 {days} 天
bought | no visit; bought on {day}, {days} days ago | 没有进站记录；购车 {day}，已 {days} 天
no_date | no visit and no purchase on record | 没有进站和购车记录
contacted | {level}, {cadence}: last reached on {day} | {level}，{cadence}：最近一次联系 {day}
never | {level}, {cadence}: never reached | {level}，{cadence}：从未联系上
ends | {cover} cover of {vin} ends on {day}, in {days} days | {vin} 的{cover}于 {day} 到期，还有 {days} 天
covered | warranty of {vin} ends on {day}, in {days} days | {vin} 于 {day} 出保，还有 {days} 天
commercial | commercial | 商业险
compulsory | compulsory | 交强险
None | insurance | 保险
daily | daily | 每日
weekly | weekly | 周度
monthly | monthly | 月度
quarterly | quarterly | 季度
yearly | yearly | 年度
vehicle | a vehicle | 车辆
""")
_CADENCES: Final = {
    "daily": (0, 1),
    "weekly": (0, 7),
    "monthly": (1, 0),
    "quarterly": (3, 0),
    "yearly": (12, 0),
}
"""Months and days between two contacts."""
DUE_LISTS: Final = ("red_line", "follow_ups", "insurance", "warranty")


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is due for a customer: on which day, and why, in English and Chinese."""

    customer_id: str
    on: date
    why_en: str
    why_zh: str
    vin: str | None = None

    def why(self, lang: str = "en") -> str:
        """Return why it is due, in Chinese (``zh``) or English (``en``)."""
        return self.why_zh if lang == "zh" else self.why_en


def due_title(name: str, lang: str = "en") -> str:
    """Return what a due list is called."""
    return _DUE[name][lang == "zh"]


def due(
    book: PolicyBook,
    tables: Mapping[str, Any],
    answers: Any,
    *,
    as_of: date | str,
    days: int = 30,
    red_line: str = "red_line",
    tier: str = "tier",
) -> dict[str, tuple[Due, ...]]:
    """List what is due: the red line, follow-ups, insurance that expires, warranties that end; by date, then customer.

    - ``red_line``: customers whose decision says so; `on` is the day they were last seen.
    - ``follow_ups``: by the cadence of the customer's level; `on` is the day it fell due, counted from the latest
      contact that reached the customer (never: the day itself). An `unreachable` contact does not count.
    - ``insurance``: covers whose last day is within `days`, of those that have begun and were not followed by a later one.
    - ``warranty``: vehicles whose warranty ends within `days`.

    Args:
        book: the policies; the levels' cadences come from its tier.
        tables: a mapping of table name to frame.
        answers: the answers of ``evaluate_frame``: ``customer_id`` with the columns of the red line and the tier.
        as_of: the day. Nothing dated later is read.
        days: how far ahead to look for what ends.
        red_line: the column that is true where the customer is to be contacted now; a missing one makes no list.
        tier: the column of the level, and its decision; a missing one makes no list.
    """
    day = read_date(as_of)
    lists = _DueLists(book, tables, answers, day, days)
    found = {
        "red_line": lists.red_line(red_line),
        "follow_ups": lists.follow_ups(tier),
        "insurance": lists.insurance(),
        "warranty": lists.warranty(),
    }
    return {
        name: tuple(sorted(each, key=lambda one: (one.on, one.customer_id, one.why_en)))
        for name, each in found.items()
    }


@dataclass(frozen=True, slots=True)
class _DueLists:
    book: PolicyBook
    tables: Mapping[str, Any]
    answers: Any
    day: date
    days: int

    def red_line(self, column: str) -> list[Due]:
        told = dict(self._answered(column))
        visited, bought = self._latest("visits"), self._latest("vehicles")
        found = []
        for customer, answer in told.items():
            if answer is not True:
                continue
            seen = visited.get(customer) or bought.get(customer)
            word = "visited" if customer in visited else "bought" if seen is not None else "no_date"
            past = (self.day - seen).days if seen is not None else 0
            found.append(_due(customer, seen or self.day, word, day=seen, days=past))
        return found

    def follow_ups(self, column: str) -> list[Due]:
        model = self.book.decisions.get(column)
        if not isinstance(model, Tier):
            return []
        levels = {level.id: level for level in model.levels if level.cadence in _CADENCES}
        reached = self._latest("contacts", without=("result", ("unreachable",)))
        found = []
        for customer, answer in self._answered(column):
            level = levels.get(str(answer))
            if level is None or level.cadence is None:
                continue
            last = reached.get(customer)
            on = self.day if last is None else first_day_due(last, *_CADENCES[level.cadence])
            if on <= self.day:
                called = tuple(level.title.get(lang, level.id) for lang in ("en", "zh"))
                word = "never" if last is None else "contacted"
                found.append(_due(customer, on, word, level=called, cadence=_DUE[level.cadence], day=last))
        return found

    def insurance(self) -> list[Due]:
        import narwhals as nw  # noqa: PLC0415 - only who asks for a report waits for it

        covers = self._table("insurance", "customer_id", "vin", "cover", "starts_on", "ends_on")
        if covers is None:
            return []
        begun = covers.filter(_upto(nw.col("starts_on"), self.day) & ~nw.col("ends_on").is_null())
        last = begun.group_by("customer_id", "vin", "cover").agg(nw.col("ends_on").max()).collect()
        return [
            _due(
                customer, ends, "ends", vin=vin, cover=_DUE[str(cover)], day=ends, days=(ends - self.day).days
            )
            for customer, vin, cover, ends in (map(_plain_day, row) for row in last.rows())
            if self.day <= ends <= days_before(self.day, -self.days)
        ]

    def warranty(self) -> list[Due]:
        import narwhals as nw  # noqa: PLC0415 - as above

        vehicles = self._table("vehicles", "customer_id", "vin", "purchased_on", "warranty_until")
        if vehicles is None:
            return []
        bought = nw.col("purchased_on").is_null() | _upto(nw.col("purchased_on"), self.day)
        until = nw.col("warranty_until")
        last_day = days_before(self.day, -self.days)
        soon = (until >= self.day).fill_null(value=False) & _upto(until, last_day)
        rows = vehicles.filter(bought & soon).select("customer_id", "vin", "warranty_until").collect().rows()
        return [
            _due(customer, ends, "covered", vin=vin, day=ends, days=(ends - self.day).days)
            for customer, vin, ends in (map(_plain_day, row) for row in rows)
        ]

    # --- frames ---

    def _answered(self, column: str) -> list[tuple[str, Group]]:
        """Return customers with what a decision says of them."""
        lazy = lazy_frame(self.answers)
        if column not in lazy.collect_schema().names():
            return []
        rows = lazy.select("customer_id", column).collect().rows()
        return [(str(customer), plain_value(answer)) for customer, answer in rows]

    def _latest(self, name: str, without: tuple[str, tuple[str, ...]] | None = None) -> dict[str, date]:
        """Return the day of each customer's latest counting event of a table."""
        import narwhals as nw  # noqa: PLC0415 - as above

        meta = TABLES[name]
        excluded = [*meta.excluded, *([without] if without is not None else ())]
        events = self._table(name, "customer_id", meta.date_field, *(field for field, _ in excluded))
        if events is None:
            return {}
        dated = nw.col(meta.date_field)
        events = events.filter(_upto(dated, self.day))
        for field, words in excluded:
            events = events.filter(
                nw.col(field).is_null() | ~nw.col(field).is_in(list(words)).fill_null(value=False)
            )
        rows = events.group_by("customer_id").agg(dated.max()).collect().rows()
        return {str(customer): _plain_day(day) for customer, day in rows}

    def _table(self, name: str, *columns: str) -> nw.LazyFrame[Any] | None:
        """Return some columns of a table, those that are left out as unknown; none where there is no table."""
        import narwhals as nw  # noqa: PLC0415 - as above

        if name not in self.tables:
            return None
        lazy = lazy_frame(self.tables[name])
        there = lazy.collect_schema().names()
        types = {**TABLES[name].fields}
        return lazy.select(
            *(
                nw.col(each) if each in there else nw.lit(None, dtype=_dtype(types[each])).alias(each)
                for each in columns
            )
        )


def _dtype(type_: Type) -> Any:
    import narwhals as nw  # noqa: PLC0415 - as above

    return {Kind.DATE: nw.Date, Kind.BOOLEAN: nw.Boolean}.get(type_.kind, nw.String)


def _upto(column: nw.Expr, day: date) -> nw.Expr:
    """Return a never-null condition: dated, and not later than a day."""
    return (column <= day).fill_null(value=False)


def _plain_day(value: Any) -> Any:
    """Return a cell as a plain value, a date without its time."""
    plain: Any = plain_value(value)
    return plain.date() if hasattr(plain, "date") else plain


def first_day_due(last: date, months: int, days: int) -> date:
    """Return the first day on which so many months and days have passed since another, as windows are counted.

    Examples:
        >>> first_day_due(date(2014, 1, 31), 1, 0), first_day_due(date(2014, 9, 23), 0, 7)
        (datetime.date(2014, 3, 1), datetime.date(2014, 9, 30))
    """
    day = days_before(months_before(last, -months), -days)
    while months and day < date.max and months_before(day, months) < last:
        day += timedelta(days=1)
    return day


def _due(customer: str, on: date, word: str, *, vin: str | None = None, **parts: Any) -> Due:
    """Return what is due; parts that differ by language are pairs, English and Chinese."""
    said = []
    for at in (0, 1):
        own = {name: part[at] if isinstance(part, tuple) else part for name, part in parts.items()}
        said.append(_DUE[word][at].format(vin=vin or _DUE["vehicle"][at], **own))
    return Due(str(customer), on, said[0], said[1], vin)
