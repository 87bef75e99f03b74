"""Corners of the diff: each part of a policy that may come, go or change, told in both languages."""

from __future__ import annotations

from typing import Any

import pytest

import dealerrules as dr

BEFORE = """
policy: p
facts:
  often: {count: visits, within: 6 months}
  gone: {count: referrals, within: 6 months}
items:
  cup: {title: Cup, value: 10 yuan}
  mat: {title: Mat, value: 20 yuan}
decisions:
  tier:
    kind: tier
    levels:
      gold: {cadence: weekly, data: {room: {en: Blue, zh: 蓝}, days: [1, 2], extra: {}, none: []}}
      silver: {title: Silver}
      rest: {}
    angles:
      sales:
        gold: [{id: a, when: {often: {at_least: 5}}}]
        silver: [{id: b, when: {often: {at_least: 2}}}]
      lost:
        gold: [{id: c, when: {gone: {at_least: 2}}}]
  gift:
    kind: offer
    measure: often
    bands: [{id: one, from: 1, always: [cup], value: 10 yuan}]
  table:
    kind: rules
    hit: first
    outputs: {word: {type: text}, more: {type: texts}}
    rows: [{id: r, when: {often: 1}, then: {word: x, more: [one, two]}}]
    otherwise: {word: y, more: [three]}
  back: {kind: rate, per: month, of: {count: visits}, over: {count: visits}, data: {who: desk}}
  dropped: {kind: rate, per: month, of: {count: visits}, over: {count: customers}}
"""
AFTER = """
policy: p
facts:
  often: {count: visits, within: 12 months}
  come: {count: contacts, within: 6 months}
items:
  cup: {title: Cup, value: 12 yuan}
  pen: {title: Pen, value: 1 yuan}
decisions:
  tier:
    kind: tier
    levels:
      gold: {cadence: monthly, data: {room: {en: Green, zh: 绿}, days: [2, 3]}}
      bronze: {title: Bronze}
      rest: {}
    angles:
      sales:
        gold: [{id: a, when: {often: {at_least: 5}}}]
        bronze: [{id: b, when: {often: {at_least: 2}}}]
      found:
        gold: [{id: d, when: {come: {at_least: 2}}}]
  gift:
    kind: offer
    measure: often
    bands: [{id: one, from: 1, always: [pen], value: 1 yuan}]
  table:
    kind: rules
    hit: first
    outputs: {word: {type: text}, more: {type: texts}, sum: {type: money}}
    rows: [{id: r, when: {often: 1}, then: {word: x, more: [one, four], sum: 1 yuan}}]
    otherwise: {word: y, more: [three], sum: 2 yuan}
  back: {kind: rate, per: month, one_minus: true, of: {count: visits}, over: {count: visits}, data: {who: [desk, boss]}}
  fresh: {kind: rate, per: month, of: {count: visits}, over: {count: customers}}
"""


def told(old: dr.PolicyBook, new: dr.PolicyBook, lang: str = "en") -> list[tuple[Any, ...]]:
    """Return every change: how, what, its id, the aspect, and how it reads before and after."""
    return [
        (
            each.change.how,
            each.change.what,
            each.change.id,
            each.change.aspect,
            each.change.before and each.change.before.get(lang),
            each.change.after and each.change.after.get(lang),
        )
        for each in dr.compare(old, new).changes
    ]


def test_each_part_that_comes_goes_or_changes_is_told() -> None:
    """Facts, items, levels, angles, rules, packages, outputs, cells, rates, and what is attached however deep."""
    old, new = dr.loads(BEFORE), dr.loads(AFTER)
    assert told(old, new) == [
        ("added", "fact", "come", "", None, "number of contacts in the past 6 months"),
        ("removed", "fact", "gone", "", "number of referrals in the past 6 months", None),
        (
            "changed",
            "fact",
            "often",
            "definition",
            "number of visits in the past 6 months",
            "number of visits in the past 12 months",
        ),
        ("changed", "item", "cup", "worth", "worth 10.00 yuan", "worth 12.00 yuan"),
        ("removed", "item", "mat", "", "worth 20.00 yuan", None),
        ("added", "item", "pen", "", None, "worth 1.00 yuan"),
        ("changed", "level", "gold", "cadence", "weekly", "monthly"),
        (
            "changed",
            "level",
            "gold",
            "data",
            "room: Blue; days: 1; extra: {}; none: []",
            "room: Green; days: 3",
        ),
        ("added", "level", "bronze", "", None, "gold > bronze > rest"),
        ("removed", "level", "silver", "", "gold > silver > rest", None),
        ("added", "angle", "found", "", None, None),
        ("removed", "angle", "lost", "", None, None),
        ("added", "rule", "found.d", "", None, "come at least 2 → gold"),
        ("changed", "rule", "sales.b", "grants", "Silver", "Bronze"),
        ("removed", "rule", "lost.c", "", "gone at least 2 → gold", None),
        ("changed", "band", "one", "always", "Cup (worth 10.00 yuan)", "Pen (worth 1.00 yuan)"),
        ("changed", "band", "one", "value", "10.00 yuan", "1.00 yuan"),
        (
            "changed",
            "decision",
            "table",
            "outputs",
            "word (text), more (texts)",
            "word (text), more (texts), sum (money)",
        ),
        ("changed", "decision", "table", "otherwise.sum", None, "2.00 yuan"),
        ("changed", "row", "r", "says.more", "two", "four"),
        ("changed", "row", "r", "says.sum", None, "1.00 yuan"),
        ("changed", "rate", "back", "one_minus", "no", "yes"),
        ("changed", "rate", "back", "data", None, "who: boss"),
        ("removed", "rate", "dropped", "", "visits of the period ÷ customers", None),
        ("added", "rate", "fresh", "", None, "visits of the period ÷ customers"),
    ]
    assert (
        repr(dr.compare(old, new)) == "<PolicyDiff same=False changes=25 touched=['tier', 'gift', 'table']>"
    )


COLUMN = """
policy: p
items: {cup: {title: {zh: 杯子, en: Cup}, value: 10 yuan}}
decisions:
  table:
    kind: rules
    hit: collect
    outputs: {word: {type: text}%s}
    rows: [{id: r, when: {media: true}, then: {word: x%s}}, {id: s, when: {media: false}, then: {word: y%s}}]
    otherwise: {word: z%s}
"""


def test_what_each_row_says_in_a_new_column_is_told() -> None:
    """A list of texts, of things and one word, of each row and otherwise, in both languages; a column that goes, too."""
    old = dr.loads(COLUMN % ("", "", "", ""))
    new = dr.loads(
        COLUMN
        % (
            ", notes: {type: texts}, gift: {type: items}, sure: {type: boolean}",
            ", notes: [{zh: 甲, en: one}], gift: [cup], sure: true",
            ", notes: [], gift: [], sure: false",
            ", notes: [{zh: 乙, en: two}], gift: [], sure: false",
        )
    )
    columns = "word (text), notes (texts), gift (items), sure (boolean)"
    assert told(old, new) == [
        ("changed", "decision", "table", "outputs", "word (text)", columns),
        ("changed", "decision", "table", "otherwise.notes", None, "two"),
        ("changed", "decision", "table", "otherwise.sure", None, "no"),
        ("changed", "row", "r", "says.notes", None, "one"),
        ("changed", "row", "r", "says.gift", None, "Cup (worth 10.00 yuan)"),
        ("changed", "row", "r", "says.sure", None, "yes"),
        ("changed", "row", "s", "says.sure", None, "no"),
    ]
    assert told(new, old) == [
        ("changed", "decision", "table", "outputs", columns, "word (text)"),
        *((*rest, after, before) for *rest, before, after in told(old, new)[1:]),
    ]
    assert dr.compare(old, new).text("zh").split("\n\n")[1] == (
        "改了什么\n  table\n    判定\n      输出：原：word (text)\n"
        f"      输出：现：{columns}\n"
        "      其余情况 notes：原：无\n      其余情况 notes：现：乙\n"
        "      其余情况 sure：原：无\n      其余情况 sure：现：否\n"
        "    行 r\n      给出 notes：加上：甲\n      给出 gift：加上：杯子（价值 10.00元）\n      给出 sure：加上：是\n"
        "    行 s\n      给出 sure：加上：否"
    )


def test_the_way_back_tells_the_opposite() -> None:
    """What was added is removed, and what was before is after; in Chinese as well, and nothing twice."""
    old, new = dr.loads(BEFORE), dr.loads(AFTER)
    opposite = {"added": "removed", "removed": "added", "changed": "changed"}
    for lang in ("en", "zh"):
        there, back = told(old, new, lang), told(new, old, lang)
        turned = sorted((opposite[how], *rest, after, before) for how, *rest, before, after in back)
        assert sorted(map(repr, turned)) == sorted(map(repr, there))
        assert len(set(there)) == len(there)


@pytest.mark.parametrize(("first", "second", "how"), [("2014", "2015", "removed"), ("2015", "2014", "added")])
def test_a_policy_that_begins_later_is_not_there_before(first: str, second: str, how: str) -> None:
    """A year in which only one of the two books has anything in force: all of it goes, or comes."""
    old, new = (
        dr.loads(BEFORE.replace("policy: p", f"policy: p\neffective: {{from: {year}-01-01}}"))
        for year in (first, second)
    )
    diff = dr.compare(old, new)
    found = told(old, new)
    assert {each[0] for each in found} == {how}
    assert [each[2] for each in found if each[1] in {"decision", "rate"}] == [
        "tier",
        "gift",
        "table",
        "back",
        "dropped",
    ]
    spans = {(str(span.start), str(span.end)) for each in diff.changes for span in each.spans}
    assert spans == {("2014-01-01", "2014-12-31")}


SIDES = {
    "{count: visits}": ("visits of the period", "本期的进站"),
    "{distinct: visits, take: vin}": (
        "different values of VIN in visits of the period",
        "本期的进站中不同的车架号",
    ),
    "{distinct: visits, take: vin, dated: settled_on}": (
        "different values of VIN in visits of the period (by settled on)",
        "本期的进站（按结算日期）中不同的车架号",
    ),
    "{count: visits, where: {kind: repair}}": (
        "visits of the period (kind of visit is repair)",
        "本期的进站（进站类型 为 维修）",
    ),
    "{count: vehicles, where: {own_brand: true}}": (
        "vehicles on file, where of the store's brand: yes",
        "在册车辆，满足：本品牌：是",
    ),
    "{count: customers, as_of: 12 months earlier, where: {media: true}, with: [{event: visits, within: 12 months}], without: [{event: visits, within: since as_of}]}": (
        "customers, as of 12 months before the end of the period, where works in the media: yes, with visits of the last 12 months, without visits since that day",
        "客户，截至期末之前12个月，满足：媒体身份：是，有近12个月的进站，没有该日之后到期末的进站",
    ),
    "{count: customers, as_of: 1 month earlier}": (
        "customers, as of 1 month before the end of the period",
        "客户，截至期末之前1个月",
    ),
}


@pytest.mark.parametrize("side", SIDES)
def test_what_a_rate_counts_is_told(side: str) -> None:
    """Events, distinct things, vehicles and customers, in both languages."""
    text = "policy: p\ndecisions: {{r: {{kind: rate, per: month, of: {}, over: {{count: customers}}}}}}\n"
    old, new = (dr.loads(text.format(each)) for each in ("{count: contacts}", side))
    found = [told(old, new, lang)[0] for lang in ("en", "zh")]
    assert [each[:4] for each in found] == [("changed", "rate", "r", "of")] * 2
    assert (found[0][5], found[1][5]) == SIDES[side]
