"""Cells: what one cell of a store's table means, however the system that wrote it writes such things.

Place in the flow: behind the readers, whose values these are; tables read every cell through here. A date in
any of its forms becomes a day, an amount with a currency sign plain digits, a Chinese word one of ours; whether
the value is allowed is judged by :func:`dealerrules.readers.check_value` alone. Nothing is guessed: what may
mean two things is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from dealerrules.faults import SAYS, FieldError, messages
from dealerrules.readers import check_value
from dealerrules.values import Kind, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

Cell = str | bool | int | date | Decimal
"""What a cell holds, once read; ``None`` where that is unknown."""

UNKNOWN: Final = "unknown"
"""The word of a mapping for a cell that says nothing."""

_SAYS: Final = messages("""
ambiguous | `{value}` may be read as several days: state the order, as in `dates: mdy` in mapping.yaml | `{value}` 可以读作不同的日期：请在 mapping.yaml 中写明顺序，例如 `dates: mdy`
uncertain | what `{value}` means is for the store to say, under `words` in mapping.yaml | `{value}` 的含义须由门店说明：请写在 mapping.yaml 的 `words` 下
order | `{value}` is no day in the stated order `{order}` | 按写明的顺序 `{order}`，`{value}` 不是一天
""")


class AmbiguousError(FieldError):
    """A date that may be read as several days."""


@dataclass(frozen=True)
class Form:
    """How the cells of one column are written.

    Attributes:
        type: what the column holds; ``None`` for attributes.
        order: of the parts of a date such as ``3/4/15``: ``mdy``, ``dmy`` or ``ymd``; ``None`` where nobody said.
        words: what words mean, folded by :func:`folded`, beside the built-in ones; ``None`` is unknown.
        unknown: texts that say nothing, such as ``-1``.
    """

    type: Type
    order: str | None = None
    words: Mapping[str, str | bool | None] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


def read_cell(text: str, form: Form) -> Cell | None:
    """Return what a cell holds; ``None`` where that is unknown.

    Raises:
        FieldError: saying what is wrong with it; AmbiguousError for a date that may be read as several days.

    Examples:
        >>> from dealerrules.values import BOOLEAN, DATE, MONEY
        >>> read_cell("08-Aug-17", Form(DATE)), read_cell("￥1,234.50", Form(MONEY)), read_cell("否", Form(BOOLEAN))
        (datetime.date(2017, 8, 8), Decimal('1234.50'), False)
        >>> read_cell("3/4/15", Form(DATE, order="mdy")), read_cell("-1", Form(MONEY, unknown=frozenset({"-1"})))
        (datetime.date(2015, 3, 4), None)
    """
    if text in form.unknown or text.strip() in form.unknown:
        return None
    kind = form.type.kind
    if kind is Kind.TEXT:
        return _known(form.words.get(folded(text), text), form, text) if form.words else text
    word = folded(text)
    if word in form.words:
        return _known(form.words[word], form, text)
    match kind:
        case Kind.DATE:
            return read_day(text, form.order)
        case Kind.MONEY:
            return _amount(text, form.type)
        case Kind.BOOLEAN:
            found: object = _BOOLEANS.get(word, text)
        case Kind.CATEGORY:
            found = word if word in form.type.options else text
        case _:
            found = _number(text)
    return _checked(found, form.type)


def _known(value: str | bool | None, form: Form, text: str) -> Cell | None:  # noqa: FBT001 - a word may mean true
    if value is None:
        return None
    if value == _UNCERTAIN:
        raise FieldError(text, _SAYS["uncertain"])
    return _checked(value, form.type)


def _checked(value: object, type_: Type) -> Cell:
    checked = check_value(value, type_)
    assert isinstance(checked, str | bool | int | date | Decimal)
    return checked


def folded(text: str) -> str:
    """Return a word as it is compared: without case, width and blanks around it.

    Examples:
        >>> folded(" ＣＳＩ "), folded("Individual")
        ('csi', 'individual')
    """
    return normalize("NFKC", text).strip().casefold()


# ---------------------------------------------------------------------------------------------------
# Numbers

_PLAIN: Final = re.compile(r"-?\d{1,60}(\.\d{1,60})?", re.ASCII)
_GROUPED: Final = re.compile(r"-?\d{1,3}(,\d{3}){1,15}(\.\d{1,60})?", re.ASCII)
_CURRENCY: Final = str.maketrans("", "", "¥￥元 \u00a0\u3000")


def _number(text: str) -> object:
    """Return the number that a text is; a text that is none stays one, for the reader to refuse."""
    bare = text.strip()
    if _GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    if not _PLAIN.fullmatch(bare):
        return text
    return Decimal(bare) if "." in bare else int(bare)


def _amount(text: str, type_: Type) -> Cell:
    bare = normalize("NFKC", text.translate(_CURRENCY))
    try:
        return _checked(bare, type_)
    except FieldError:
        if bare == text or _PLAIN.fullmatch(bare):
            raise
    return _checked(text, type_)  # it is refused, as it was written


def exact_text(number: float) -> str:
    """Return the shortest decimal that is this binary number and no other, as text.

    Examples:
        >>> exact_text(1234.5), exact_text(3.0), exact_text(0.1 + 0.2)
        ('1234.5', '3', '0.30000000000000004')
    """
    text = repr(number)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


# ---------------------------------------------------------------------------------------------------
# Days

_TIME: Final = re.compile(
    r"(?P<day>.*?\d年?月?日?)[ T]\s*([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?( ?[AP]M)?",
    re.ASCII | re.IGNORECASE,
)
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_COMPACT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_NAMED: Final = re.compile(r"(\d{1,2})[- /]([A-Za-z]{3,9})[-., /]+(\d{4}|\d\d)", re.ASCII)
_PARTS: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{1,2})", re.ASCII)
_SERIAL: Final = re.compile(r"(\d{5})(\.\d+)?", re.ASCII)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), 1,
    )
    for name in names.split()
}  # fmt: skip
_EXCEL_EPOCH: Final = date(1899, 12, 30)
SERIALS: Final = (18_264, 73_050)
"""Days of Excel that are read as such: 1950-01-01 to 2099-12-31."""
ORDERS: Final = {"mdy": (2, 0, 1), "dmy": (2, 1, 0), "ymd": (0, 1, 2)}
"""Where year, month and day stand in each order that a mapping may state."""


def read_day(text: str, order: str | None = None) -> date:
    """Return the civil day that a text says; a time of day behind it is passed over.

    Args:
        text: ``2015-03-03``, ``2015/3/3``, ``20150303``, ``2015年3月3日``, ``08-Aug-17``, ``3/24/15`` or an Excel serial.
        order: of the parts of ``3/4/15``. Years of two digits are 1970 to 2069.

    Raises:
        AmbiguousError: when it may be read as several days, and no order is stated.
        FieldError: when it is none.
    """
    bare = text if text.isascii() else normalize("NFKC", text)
    bare = bare.strip()
    timed = _TIME.fullmatch(bare)
    if timed:
        bare = timed["day"]
    if found := _YEAR_FIRST.fullmatch(bare) or _COMPACT.fullmatch(bare):
        return _day(text, *map(int, found.groups()))
    if found := _NAMED.fullmatch(bare):
        month = _MONTHS.get(found[2].lower())
        if month is not None:
            return _day(text, _year(found[3]), month, int(found[1]))
    if found := _SERIAL.fullmatch(bare):
        serial = int(found[1])
        if SERIALS[0] <= serial <= SERIALS[1]:
            return _EXCEL_EPOCH + timedelta(days=serial)
    if found := _PARTS.fullmatch(bare):
        return _by_order(text, (found[1], found[3], found[4]), order)
    raise FieldError(text, SAYS["date"])


def _by_order(text: str, parts: tuple[str, str, str], order: str | None) -> date:
    """Read three numbers in the stated order, or in the only one in which they are a day."""
    days = {}
    for name, (year, month, day) in ORDERS.items():
        if len(parts[year]) == 1 or (name == "ymd" and len(parts[2]) == 4):
            continue
        try:
            days[name] = date(_year(parts[year]), int(parts[month]), int(parts[day]))
        except ValueError:
            continue
    if order is not None:
        if order not in days:
            raise FieldError(text, _SAYS["order"], order=order)
        return days[order]
    if not days:
        raise FieldError(text, SAYS["no_such_day"])
    if len(set(days.values())) > 1:
        raise AmbiguousError(text, _SAYS["ambiguous"])
    return next(iter(days.values()))


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else 1900 + year if year >= 70 else 2000 + year


def _day(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise FieldError(text, SAYS["no_such_day"]) from None


# ---------------------------------------------------------------------------------------------------
# Words

_UNCERTAIN: Final = "?"
_BOOLEANS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "是", "1", "y", "yes"), True),
    **dict.fromkeys(("false", "否", "0", "n", "no"), False),
}


def _words(table: str) -> dict[tuple[str, str], dict[str, str | bool | None]]:
    """Read lines of ``table.field: our word = their words; …``."""
    found: dict[tuple[str, str], dict[str, str | bool | None]] = {}
    for line in table.strip().splitlines():
        column, _, rest = line.partition(": ")
        name, _, ours = column.partition(".")
        meanings = found.setdefault((name, ours), {})
        for part in rest.split("; "):
            word, _, theirs = part.partition(" = ")
            value: str | bool = {"true": True, "false": False}.get(word, word)
            meanings.update((folded(each), value) for each in theirs.split())
    return found


WORDS: Final = _words("""
customers.kind: individual = 个人 私人 私家 自然人 personal private person; company = 公司 单位 企业 法人 机关 集团 corporate enterprise
customers.loyalty: low = 低; medium = 中; high = 高
customers.channel: store = 本店 门店 店面 直营; second_tier = 二级 二网 二级网点 二级经销商
visits.kind: maintenance = 保养 首保 一般保养 定期保养 常规保养; repair = 维修 一般维修 普通维修 机修; body = 事故 事故车 事故维修 钣喷 钣金 喷漆 钣金喷漆; warranty = 保修 质保 三包; claim = 索赔; inspection = 检查 检测 年检; other = 其他 其它
visits.status: open = 在修 维修中 未结算 待结算; settled = 已结算 结算 已交车; cancelled = 取消 已取消 canceled; deleted = 作废 已作废 删除 已删除
visits.paid_by: customer = 客户 车主 自费; insurer = 保险 保险公司; maker = 厂家 主机厂 厂方
insurance.cover: commercial = 商业 商业险 商业保险; compulsory = 交强 交强险 强制险
referrals.kind: vehicle = 购车 车辆 新车; insurance = 保险 投保 续保
surveys.source: store = 本店 门店 店内
surveys.satisfied: true = 完全满意 非常满意 满意; false = 不满意 有点不满意 非常不满意; ? = 比较满意
suggestions.adopted: true = 采纳 已采纳; false = 未采纳
contacts.purpose: recall = 招揽 流失招揽; reminder = 提醒 保养提醒; callback = 回访; complaint = 投诉
contacts.result: reached = 接通 已接通 已联系; unreachable = 无法接通 未接通 联系不上; refused = 拒绝 拒访; not_interested = 不感兴趣 没兴趣; distrusts = 不信任; will_come = 会来 预约进店
contacts.reason: service = 服务; location = 位置 距离 地点; price = 价格; reminder = 提醒
follow_up_results.cadence: weekly = 周 每周; monthly = 月 每月; yearly = 年 每年
""")
"""What words of real systems mean, where that is certain, by table and field; ``?`` where it is not."""
