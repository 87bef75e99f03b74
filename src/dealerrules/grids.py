"""Grids: numbers and tables as reports print them, and frames of any kind grouped to small counts.

Place in the flow: below the reports. A percentage is rounded here and nowhere else, once, half up, from its exact share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, cast

from dealerrules.faults import Fault, RecordError, messages, nearest
from dealerrules.pages import Line, text_lines
from dealerrules.values import Rounding, round_to

if TYPE_CHECKING:
    import narwhals as nw

Group = str | bool | int | Decimal | date | None
"""A value of the column that is grouped by; none where it is not recorded."""

SAYS: Final = messages("""
all | all | 合计
not_recorded | not recorded | 没有记录
yes | yes | 是
no | no | 否
group | {column} | {column}
count | number | 数量
share | share | 占比
running | running total | 累计
running_share | cumulative share | 累计占比
in_group | in the group | 组内总数
of_them | {of} | {of}
rate | rate in the group | 组内比率
share_of | share of all {of} | 占全部{of}的比例
or | {a} or {b} | {a}或{b}
most | most {of}: {group}, {count} of all {counted} ({share}) | {of}最多的是 {group}：全部 {counted} 中的 {count}（{share}）
highest | highest rate: {group}, {count} of the {total} in the group ({rate}) | 比率最高的是 {group}：组内 {total} 中的 {count}（{rate}）
rounding | Percentages are rounded half up from exact shares, each on its own{sum}. | 百分比由精确比例四舍五入，各自取整{sum}。
sum | ; they add up to {sum}% | ，相加为 {sum}%
level | level | 级别
customers | customers | 客户
customer_share | share of customers | 占客户
spend | spend (yuan) | 消费（元）
spend_share | share of spend | 占消费
spend_unknown | spend unknown | 消费未知
top | the top {part} of customers bring {share} of the spend | 消费最高的{part}客户带来{share}的消费
needed | {share} of the spend comes from {part} of the customers ({n}) | {share}的消费来自{part}的客户（{n} 位）
no_column | the frame has no column `{value}` | 数据中没有 `{value}` 这一列
inexact | spend must be exact, not a binary float: `{value}` | 消费金额必须精确，不能是浮点数：`{value}`
""")


def says(lang: str, name: str, /, **parts: object) -> str:
    """Return a text of reports in Chinese (``zh``) or English."""
    return SAYS[name][lang == "zh"].format(**parts)


# ---------------------------------------------------------------------------------------------------
# Numbers as they are printed


def percent(share: Fraction, places: int = 0) -> Decimal:
    """Return a share in percent, rounded half up from its exact value; the one rounding of all reports.

    Examples:
        >>> percent(Fraction(69, 552)), percent(Fraction(308, 509), 1)
        (Decimal('13'), Decimal('60.5'))
    """
    return Decimal(f"{round_to(share * 10 ** (places + 2), Rounding.HALF_UP, 1)}e-{places}")


def percent_text(share: Fraction | None, places: int = 0) -> str:
    """Return a share as ``13%``; a dash where there is none."""
    return f"{percent(share, places)}%" if share is not None else "–"


def share_of(count: int, of: int) -> Fraction | None:
    """Return a share, exact; none of nothing."""
    return Fraction(count, of) if of else None


def group_text(group: Group, lang: str = "en") -> str:
    """Return the value of a group as people read it."""
    if group is None:
        return says(lang, "not_recorded")
    if isinstance(group, bool):
        return says(lang, "yes" if group else "no")
    return str(group)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it is printed: heads, rows of text, a last row with the total where there is one, and notes below."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The table as aligned plain text."""
        table = (self.heads, *self.rows, *([self.total] if self.total is not None else ()))
        lines = "\n".join(text_lines([Line(1, "", table=table)])).split("\n")[1:]
        return "\n".join([*(line[4:] for line in lines), *self.notes]) + "\n"


# ---------------------------------------------------------------------------------------------------
# Frames of any kind


def lazy_frame(frame: Any) -> nw.LazyFrame[Any]:
    """Return a frame of any kind (or a narwhals one) as a lazy one."""
    import narwhals as nw  # noqa: PLC0415 - only who asks for a report waits for it

    lazy: nw.LazyFrame[Any] = nw.from_native(nw.to_native(frame, pass_through=True)).lazy()
    return lazy


def grouped(frame: Any, columns: Sequence[str]) -> dict[tuple[Group, ...], int]:
    """Return how many rows there are of each combination of values."""
    import narwhals as nw  # noqa: PLC0415 - as above

    lazy = lazy_frame(frame)
    names = lazy.collect_schema().names()
    faults = [no_column(name, names) for name in columns if name not in names]
    if faults:
        raise RecordError(faults)
    keys = list(dict.fromkeys(columns))
    words = [
        nw.col(name).cast(nw.String)
        for name, kind in lazy.collect_schema().items()
        if name in keys and isinstance(kind, nw.Enum | nw.Categorical)
    ]
    counted = lazy.select(keys).with_columns(*words) if words else lazy.select(keys)
    found = counted.group_by(keys).agg(nw.len().alias("\0n")).collect()
    result: Counter[tuple[Group, ...]] = Counter()
    for *values, number in found.rows():
        by_name = dict(zip(keys, map(plain_value, values), strict=True))
        result[tuple(by_name[name] for name in columns)] += int(number)
    return dict(result)


def plain_value(value: Any) -> Group:
    """Return a cell as a plain value; what some frames write for a missing one is none."""
    if value is None or value != value or type(value).__name__ in {"NAType", "NaTType"}:  # noqa: PLR0124 - NaN
        return None
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    return cast("Group", value)


def no_column(name: str, names: Iterable[str]) -> Fault:
    """Return the fault of a frame without a column, with the name that was probably meant."""
    english, chinese = (text.format(value=name) for text in SAYS["no_column"])
    near = nearest(name, names)
    if near is not None:
        english, chinese = f"{english}; did you mean `{near}`?", f"{chinese}；是不是 `{near}`？"
    return Fault("report", None, "column", name, english, chinese)


Order = str | Sequence[Group]
"""``count`` (the largest first), ``group`` (by value), or the groups themselves; others follow by count."""


def ordered(counts: Mapping[Group, int], order: Order) -> list[Group]:
    """Return groups in order; what is not recorded stands last, unless it is listed."""
    if order == "group":
        there = sorted((group for group in counts if group is not None), key=lambda group: cast("Any", group))
        return [*there, *([None] if None in counts else [])]
    listed = [] if isinstance(order, str) else [group for group in order if group in counts]
    rest = sorted(
        (group for group in counts if group not in listed),
        key=lambda group: (group is None, -counts[group], str(group)),
    )
    return [*listed, *rest]
