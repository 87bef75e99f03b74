"""Phrases: the words for shapes and kinds of value inside diagnostics, in Chinese and English.

Place in the flow: beside the diagnostics' table; the document layer and the compiler fill messages with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.diagnostics import Phrase, shown
from dealerrules.policy.parse import ListNode, MapNode, ScalarNode
from dealerrules.values import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealerrules.policy.parse import Node

_ZH = {
    "a mapping (`key: value`)": "映射（`键: 值`）",
    "a list": "列表",
    "a text": "文字",
    "nothing": "空",
    "this": "这里的内容",
    "a condition (fact: test)": "条件（事实: 要求）",
    "a list of conditions": "条件的列表",
    "a list of values": "值的列表",
    "a list of two: `[a, b]`": "两项的列表：`[a, b]`",
    "a list: `[a, b]`": "列表：`[a, b]`",
    "a fact, a parameter or a value": "事实、参数或值",
    "a fact form such as `count: visits`": "事实的写法，例如 `count: visits`",
    "`{by: FACT, values: {word: value, …}}`": "`{by: 事实, values: {词: 值, …}}`",
    "`{calendar: year}`": "`{calendar: year}`",
    "`{times: 2, of: PARAMETER}`": "`{times: 2, of: 参数}`",
    "a list of bands": "分档的列表",
    "a mapping of value to bands": "每个取值对应一个分档列表",
    "a list of rules": "规则的列表",
    "a value": "一个值",
    "a single value": "单个值",
    "a parameter or a value": "参数或值",
    "a quantity": "数量",
    "a number of things": "个数",
    "a field": "字段",
    "a word": "一个词",
    "a list of words": "词的列表",
}
KIND_WORDS = {
    Kind.COUNT: Phrase("个数", "a count"),
    Kind.NUMBER: Phrase("数字", "a number"),
    Kind.MONEY: Phrase("金额", "an amount of money"),
    Kind.RATIO: Phrase("比例", "a ratio"),
    Kind.MONTHS: Phrase("月数", "a number of months"),
    Kind.DAYS: Phrase("天数", "a number of days"),
    Kind.DISTANCE: Phrase("距离", "a distance"),
    Kind.DATE: Phrase("日期", "a date"),
    Kind.BOOLEAN: Phrase("真假值", "true or false"),
    Kind.CATEGORY: Phrase("固定的词", "one of given words"),
    Kind.TEXT: Phrase("文字", "a text"),
}


def phrase(english: str) -> Phrase:
    """Return a phrase in both languages."""
    return Phrase(_ZH[english], english)


def shape_name(node: Node) -> Phrase:
    """Return what a node is, in the words of messages."""
    match node:
        case MapNode():
            return phrase("a mapping (`key: value`)")
        case ListNode():
            return phrase("a list")
        case ScalarNode(text="", quoted=False):
            return phrase("nothing")
        case ScalarNode():
            text = shown(node.text, 60)
            return Phrase(f" `{text}`", f"`{text}`")


def arrows(members: Iterable[str]) -> str:
    """Return what depends on what, in order."""
    return " -> ".join(f"`{member}`" for member in members)
