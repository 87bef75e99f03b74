"""Rates in words, of no period in particular: what is counted above and below the line.

Place in the flow: beside ``changes``; a rate that has been worked out is read out in ``rates``, with its days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.faults import messages
from dealerrules.policy.model import Reach
from dealerrules.values import Kind, show
from dealerrules.wording import Wording
from dealerrules.words import TABLES

if TYPE_CHECKING:
    from dealerrules.policy.model import Edition, Happening, Side

_SAYS = messages("""
customers | customers | 客户
vehicles | vehicles on file | 在册车辆
period | of the period | 本期
earlier period | of the earlier period | 更早那一期
since as_of | since that day | 该日之后到期末
rolling | of the last {size} | 近{size}
earlier | as of {months} before the end of the period | 截至期末之前{months}
which | where {said} | 满足：{said}
with | with {said} | 有{said}
without | without {said} | 没有{said}
event | {many} {reach} | {reach}的{zh}
dated | {event} (by {dated}) | {event}（按{dated}）
where | {event} ({said}) | {event}（{said}）
distinct | different values of {take} in {event} | {event}中不同的{take}
""")


def rate_side(edition: Edition, side: Side, lang: str) -> str:
    """Read out what a side of a rate counts."""
    return _Words(Wording(edition, "customer", lang)).side(side)


class _Words:
    def __init__(self, words: Wording) -> None:
        self.words = words

    def says(self, name: str, /, **parts: object) -> str:
        return _SAYS[name][self.words.lang == "zh"].format(**parts)

    def side(self, side: Side) -> str:
        if side.counts == "events":
            said = self.happening(side.happenings[0])
            if side.take is None:
                return said
            return self.says("distinct", take=self.words.field(side.take.of, side.take.name), event=said)
        parts = [self.says(side.counts)]
        if side.earlier:
            months = show(side.earlier, Kind.MONTHS, self.words.lang)
            parts.append(self.says("earlier", months=months))
        if side.where is not None:
            parts.append(self.says("which", said=self.words.say(side.where)))
        parts += [
            self.says("with" if each.holds else "without", said=self.happening(each))
            for each in side.happenings
        ]
        return self.words.pick("，", ", ").join(parts)

    def happening(self, happening: Happening) -> str:
        zh, english = TABLES[happening.table]
        size = self.words.say(happening.size) if happening.size is not None else ""
        reach = self.says("rolling" if happening.reach is Reach.ROLLING else happening.reach.value, size=size)
        said = self.says("event", zh=zh, many=english.split("/")[0], reach=reach)
        if happening.dated == "settled_on":
            said = self.says("dated", event=said, dated=self.words.field(happening.table, happening.dated))
        if happening.where is not None:
            said = self.says("where", event=said, said=self.words.say(happening.where))
        return said
