"""Targets: what there is for cases to show of the policies, and how far they do.

Place in the flow: below ``coverage``, which finds the targets and looks at what each case shows of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dealerrules.cases.running import CaseResult

SIDES: Final = ("below", "on", "above")
EDGES: Final = ("just inside", "on the edge", "outside")
TRUTHS: Final = ("true", "false", "unknown")
LAST: Final = ("on the last day", "on the day it is over")

_ZH: Final = {
    "below": "低于",
    "on": "正好等于",
    "above": "高于",
    "just inside": "期限内最早一天",
    "on the edge": "期限边界当天",
    "outside": "期限之外",
    "on the last day": "保留的最后一天",
    "on the day it is over": "保留期满当天",
    "true": "成立",
    "false": "不成立",
    "unknown": "未知",
    "given": "得到",
    "decided": "已确定",
    "undetermined": "未定",
    "undefined": "无结果",
}

KINDS: Final = {
    "threshold": ("界限", "thresholds", "下方、正好、上方都有样例的", "have cases below, on and above"),
    "rule": (
        "规则",
        "rules",
        "成立、不成立、未知都有样例的",
        "are true, false and unknown in some case",
    ),
    "answer": ("结果", "answers", "有样例得到的", "are given in some case"),
    "condition": ("条件", "conditions", "成立、不成立都有样例的", "are true and false in some case"),
    "window": ("期限", "windows", "内、外、边界都有样例的", "have events inside, on the edge and outside"),
    "kept": (
        "保留的级别",
        "kept levels",
        "最后一天和期满当天都有样例的",
        "have cases on the last day and on the day it is over",
    ),
    "status": ("状态", "statuses", "有样例的", "are seen in some case"),
}
"""What there is to cover: its name, and what covers it, in Chinese and English."""


@dataclass(slots=True)
class Target:
    """Something that cases can show: a rule, a number that rules compare with, an answer, a status.

    Attributes:
        kind: one of the words of `KINDS`.
        owner: the decision, or the policy's fact, that it belongs to.
        part: the rule, band, row or level; empty for the whole decision.
        place: file and line.
        said: what it is, in Chinese and in English.
        wanted: everything that cases can show of it.
        seen: what they do show.
    """

    kind: str
    owner: str
    part: str
    place: str
    said: tuple[str, str]
    wanted: tuple[str, ...]
    seen: set[str] = field(default_factory=set)

    @property
    def lacking(self) -> tuple[str, ...]:
        """What no case shows."""
        return tuple(each for each in self.wanted if each not in self.seen)

    @property
    def covered(self) -> bool:
        """Whether cases show all of it."""
        return not self.lacking

    def __str__(self) -> str:
        """Return it with what no case shows, in English."""
        return self.text()

    def text(self, lang: str = "en") -> str:
        """Return it with what no case shows, in Chinese (``zh``) or English (``en``)."""
        name = f"{self.owner} {self.part}".rstrip()
        said = self.said[lang != "zh"]
        at = f"{name}{': ' if said else ''}{said} ({self.place})"
        if not self.lacking:
            shown = [_ZH[each] if lang == "zh" else each for each in self.wanted]
            return f"{at}：{'、'.join(shown)}" if lang == "zh" else f"{at}: {', '.join(shown)}"
        if lang == "zh":
            return f"{at}，没有这样的样例：{'、'.join(_ZH[side] for side in self.lacking)}"
        return f"{at}: no case {', '.join(self.lacking)}"

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "kind": self.kind,
            "owner": self.owner,
            "part": self.part,
            "place": self.place,
            "about": self.said[lang != "zh"],
            "seen": [each for each in self.wanted if each in self.seen],
            "lacking": list(self.lacking),
        }


@dataclass(frozen=True, slots=True)
class TestReport:
    """The results of all cases, and what they show of the policies."""

    __test__ = False  # not a test of pytest's
    results: tuple[CaseResult, ...]
    targets: tuple[Target, ...]

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        """The cases that did not come out as expected."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def thresholds(self) -> tuple[Target, ...]:
        """Every number that rules compare with."""
        return tuple(each for each in self.targets if each.kind == "threshold")

    @property
    def uncovered(self) -> tuple[Target, ...]:
        """What is not wholly shown by cases."""
        return tuple(each for each in self.targets if not each.covered)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return for each kind of target how many are covered, of how many."""
        found = {}
        for kind in KINDS:
            mine = [each for each in self.targets if each.kind == kind]
            if mine:
                found[kind] = sum(each.covered for each in mine), len(mine)
        return found

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "cases": len(self.results),
            "passed": len(self.results) - len(self.failures),
            "failures": [each.to_dict(lang) for each in self.failures],
            "coverage": {
                kind: {"covered": covered, "of": of} for kind, (covered, of) in self.counts().items()
            },
            "targets": [each.to_dict(lang) for each in self.targets],
        }
