"""Faults: what is wrong with data, where, and what to do; one line each, in English or Chinese.

Place in the flow: below the records. Whatever reads data from outside reports here; policies have their own
diagnostics.
"""

from __future__ import annotations

import difflib
import reprlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import (
    TYPE_CHECKING,
    Final,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

Says = tuple[str, str]
"""A message in English and in Chinese; ``{value}`` stands for what was found."""


def messages(table: str) -> dict[str, Says]:
    """Read messages written as lines of ``code | English | Chinese``."""
    rows = (line.split(" | ") for line in table.strip().splitlines())
    return {code: (english, chinese) for code, english, chinese in rows}


SAYS: Final = messages("""
date | a date such as `2014-09-30` is needed, not `{value}` | 需要形如 `2014-09-30` 的日期，而不是 `{value}`
date_time | a date is needed, not a date with time: `{value}`; pass `{day}` | 需要日期，而不是带时间的日期：`{value}`；请写 `{day}`
no_such_day | there is no such day: `{value}` | 没有这一天：`{value}`
money | an amount in yuan is needed, not `{value}`; pass a Decimal or text such as `1234.50` | 需要以元为单位的金额，而不是 `{value}`；请用 Decimal 或 `1234.50` 这样的文本
money_float | a float does not hold yuan exactly: `{value}`; pass a Decimal or text such as `1234.50` | 浮点数不能精确表示金额：`{value}`；请用 Decimal 或 `1234.50` 这样的文本
number | a number is needed, not `{value}`; pass a Decimal or a whole number | 需要数字，而不是 `{value}`；请用 Decimal 或整数
number_float | a float is not exact: `{value}`; pass a Decimal or a whole number | 浮点数不精确：`{value}`；请用 Decimal 或整数
number_text | a number as text: write {value}, not "{value}" | 数字写成了文本：请写 {value}，不要写 "{value}"
count | a whole number such as `3` is needed, not `{value}` | 需要 `3` 这样的整数，而不是 `{value}`
negative | `{value}` is negative: it must be 0 or more | `{value}` 是负数：必须大于或等于 0
too_large | `{value}` is too large: at most {most} | `{value}` 太大：最多 {most}
too_small | `{value}` is too small: at least {least} | `{value}` 太小：最少 {least}
decimals | `{value}` has more than {places} decimals | `{value}` 的小数超过 {places} 位
boolean | true or false is needed, not `{value}` | 需要 true 或 false，而不是 `{value}`
text | text is needed, not `{value}` | 需要文本，而不是 `{value}`
text_number | text is needed, not the number `{value}`: write "{value}" | 需要文本，而不是数字 `{value}`：请写 "{value}"
surrogate | `{value}` is not valid Unicode text | `{value}` 不是有效的 Unicode 文本
scalar | text, true or false, a whole number or a Decimal is needed, not `{value}` | 需要文本、true 或 false、整数或 Decimal，而不是 `{value}`
empty | an id must not be empty | 编号不能为空
word | `{value}` is none of: {words} | `{value}` 不在可选值之中：{words}
unknown_field | there is no such field | 没有这个字段
field_name | the name of a field is text, not `{value}` | 字段名必须是文本，而不是 `{value}`
missing | is missing | 缺失
event_date | is missing: an event needs its date | 缺失：事件必须有日期
events | a list of events is needed, not `{value}` | 需要事件列表，而不是 `{value}`
mapping | fields with their values (a mapping) are needed, not `{value}` | 需要字段与值的映射，而不是 `{value}`
refused | `{value}` is not accepted: {why} | 不接受 `{value}`：{why}
duplicate | `{value}` is also the {name} of {first} | `{value}` 与 {first} 的 {name} 重复
other_customer | the event is of another customer: `{value}` | 事件属于另一个客户：`{value}`
subject | `{value}` is not a subject: {words} | `{value}` 不是评估对象：{words}
""")


CALLED: Final[dict[str, str]] = {}
"""What subjects are called in Chinese; the records say so."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a record.

    Attributes:
        subject: what the record is of, such as ``customer``; empty for a fault of a whole file.
        id: the id of that subject, where it is known.
        field: where in the record, such as ``visits[2].visited_on``; empty for the whole record.
        value: what was found there; ``None`` where nothing was.
        message: what is wrong and what to do, in English.
        message_zh: the same in Chinese.
        place: file and line, such as ``visits.csv:12``, where the record was read from a file.
    """

    subject: str
    id: str | None
    field: str
    value: object
    message: str
    message_zh: str
    place: str | None = None

    def text(self, lang: str = "en") -> str:
        """Return the fault as one line, in English (``en``) or Chinese (``zh``)."""
        zh = lang == "zh"
        name = CALLED.get(self.subject, self.subject) if zh else self.subject.replace("_", " ")
        record = f"{name} {shown(self.id)}" if self.id else name
        where = ("，", ", ")[not zh].join(part for part in (record, self.field) if part)
        message = self.message_zh if zh else self.message
        return ("：", ": ")[not zh].join(part for part in (self.place, where, message) if part)


class RecordError(ValueError):
    """The data is wrong; says everything that was found.

    Attributes:
        faults: every fault found, as :class:`Fault`.

    Examples:
        >>> from dealerrules.records import read_record
        >>> try:
        ...     read_record({"customer_id": "C1", "visits": [{"visited_on": "2014-02-30"}]})
        ... except RecordError as error:
        ...     print(error)
        customer C1, visits[0].visited_on: there is no such day: `2014-02-30`
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)  # so that it pickles

    def __str__(self) -> str:
        return self.text()

    def text(self, lang: str = "en") -> str:
        """Return every fault, one a line, in English (``en``) or Chinese (``zh``)."""
        return "\n".join(fault.text(lang) for fault in self.faults)


class FieldError(ValueError):
    """What is wrong with one value, before it is known where it stands.

    Attributes:
        value: what was found.
        message: what is wrong and what to do, in English.
        message_zh: the same in Chinese.
    """

    def __init__(self, value: object, says: Says, *, near: str | None = None, **more: object) -> None:
        self.value = value
        self.message, self.message_zh = (text.format(value=shown(value), **more) for text in says)
        if near:
            self.message += f"; did you mean `{near}`?"
            self.message_zh += f"；是否想写 `{near}`？"
        super().__init__(self.message)

    def at(self, subject: str, id_: object, path: str, place: str | None = None) -> Fault:
        """Return it as the fault of a record; an `id_` that is not text is none."""
        known = id_ if isinstance(id_, str) else None
        return Fault(subject, known, path, self.value, self.message, self.message_zh, place)


def shown(value: object) -> str:
    r"""Return a value for a message: one line of at most 60 characters of it, whatever it is.

    Examples:
        >>> shown("two\nlines"), shown("x" * 100) == "x" * 59 + "…", shown(10**9999)
        ('two\\nlines', True, 'a huge number')
    """
    if isinstance(value, str):
        text = value
    elif isinstance(value, int) and value.bit_length() > 200:
        text = "a huge number"  # Python refuses to write thousands of digits
    elif isinstance(value, int | Decimal | date):
        text = str(value)
    else:
        try:
            text = reprlib.repr(value)  # bounded in depth and width, unlike repr
        except Exception:  # noqa: BLE001 - it runs whatever code the value brings along
            text = type(value).__name__
    text = text if len(text) <= 60 else text[:59] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def nearest(word: object, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the word that was probably meant, if one is near.

    Examples:
        >>> nearest("visit_on", ["visited_on", "settled_on"])
        'visited_on'
    """
    found = difflib.get_close_matches(word[:60].lower(), words, 1, cutoff) if isinstance(word, str) else []
    return found[0] if found else None
