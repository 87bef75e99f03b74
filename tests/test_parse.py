"""What parse.py makes of YAML text: nodes, and for bad text the whole diagnostic, in both languages."""

from __future__ import annotations

import os
import pickle
import random
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from dealerrules.diagnostics import Diagnostic, PolicyError, Severity, Source, render_all
from dealerrules.policy import parse as parse_module
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, missed_colon, parse, read_file

POLICIES = sorted((Path(__file__).parent.parent / "policies").glob("*.yaml"))
SAMPLE = """\
policy: customer-tiers                  # 三级客户
title: {zh: 三级客户界定（个人），二台, en: Customer tiers}
source: {document: 二八法则客户维系方案, clause: "2.2"}
effective: {from: 1990-01-01}

decisions:
  tier:
    kind: tier
    levels:
      super_vip: {title: {zh: 超级VIP客户, en: Super VIP}}
      general: {title: {zh: 一般客户, en: General}}
    angles:
      sales:
        super_vip:
          - id: referred-3
            title:
              zh: "转介绍客户3台以上：超级"
              en: Referred 3 or more vehicles
            when: {vehicle_referrals: {at_least: 3}, loyalty: [medium, high]}
          - id: spent
            when: {spent: {more_than: 1,000.50 yuan}}
    bands:
      - {from: 0%, pays: 0 yuan}
      - {over: 70%, pays: 10 yuan, rounding: half_up to 1 fen}
"""


def read(text: str) -> tuple[Node | None, list[Diagnostic]]:
    return parse(Source("tiers.yaml", text))


def plain(node: Node | None) -> object:
    match node:
        case ScalarNode(broken=True):
            return "BROKEN"
        case ScalarNode():
            return node.text
        case ListNode():
            return [plain(item) for item in node.items]
        case MapNode():
            return {plain(key): plain(value) for key, value in node.entries}
        case None:
            return None


def brief(text: str) -> list[str]:
    return [f"{each.code} {each.span.line}:{each.span.column}" for each in read(text)[1]]


# --- the whole diagnostic -----------------------------------------------------------------------------


class Case(NamedTuple):
    name: str
    text: str
    en: str
    zh: str


CASES = [
    Case(
        "DR102 nothing",
        "",
        r"""
tiers.yaml:1:1: error DR102: the file is empty
   = write a policy into it, or delete it
""",
        r"""
tiers.yaml:1:1: 错误 DR102: 文件是空的
   = 写入政策内容；如果用不着，就删掉这个文件
""",
    ),
    Case(
        "DR102 only comments",
        "# 只有注释\n\n",
        r"""
tiers.yaml:1:1: error DR102: the file is empty
    1 | # 只有注释
      | ^
   = write a policy into it, or delete it
""",
        r"""
tiers.yaml:1:1: 错误 DR102: 文件是空的
    1 | # 只有注释
      | ^
   = 写入政策内容；如果用不着，就删掉这个文件
""",
    ),
    Case(
        "DR104 a line without a colon",
        "policy customer-tiers\ntitle: x\n",
        r"""
tiers.yaml:1:1: error DR104: not valid YAML: a colon is missing in `policy customer-tiers`
    1 | policy customer-tiers
      | ^^^^^^^^^^^^^^^^^^^^^
   = write `key: value`, with a colon and a space
""",
        r"""
tiers.yaml:1:1: 错误 DR104: YAML 写法有误：`policy customer-tiers` 里少了冒号
    1 | policy customer-tiers
      | ^^^^^^^^^^^^^^^^^^^^^
   = 写成 `键: 值`，冒号后面空一格
""",
    ),
    Case(
        "DR104 no space after the colon",
        "when:\n  visits:5\n  loyalty: high\n",
        r"""
tiers.yaml:2:9: error DR104: not valid YAML: a space is missing after the colon in `visits:5`
    2 |   visits:5
      |         ^
   = write `visits: 5`
""",
        r"""
tiers.yaml:2:9: 错误 DR104: YAML 写法有误：`visits:5` 的冒号后面少了空格
    2 |   visits:5
      |         ^
   = 写成 `visits: 5`
""",
    ),
    Case(
        "DR104 a comparison in symbols",
        "when: {visits: >= 5, loyalty: high}\n",
        r"""
tiers.yaml:1:16: error DR104: not valid YAML: a comparison is not written `>=`
    1 | when: {visits: >= 5, loyalty: high}
      |                ^^^^
   = write it in words: `{at_least: 5}`
""",
        r"""
tiers.yaml:1:16: 错误 DR104: YAML 写法有误：比较不能写成 `>=`
    1 | when: {visits: >= 5, loyalty: high}
      |                ^^^^
   = 用词来写：`{at_least: 5}`
""",
    ),
    Case(
        "DR104 a quote that is never closed",
        'title: "三级客户\npolicy: x\n',
        r"""
tiers.yaml:1:8: error DR104: not valid YAML: the quote `"` that begins here is never closed
    1 | title: "三级客户
      |        ^^^^^^^^^
   = write the closing quote at the end of the text
""",
        r"""
tiers.yaml:1:8: 错误 DR104: YAML 写法有误：这里的引号 `"` 一直没有结束
    1 | title: "三级客户
      |        ^^^^^^^^^
   = 在文字末尾补上引号
""",
    ),
    Case(
        "DR104 a quote closed by the next one",
        'title: "三级客户\npolicy: x\nsource: "2.2"\n',
        r"""
tiers.yaml:1:8: error DR104: not valid YAML: the quote `"` that begins here is closed only on line 3
    1 | title: "三级客户
      |        ^^^^^^^^^
   = write the closing quote at the end of the text
""",
        r"""
tiers.yaml:1:8: 错误 DR104: YAML 写法有误：这里的引号 `"` 到第 3 行才结束
    1 | title: "三级客户
      |        ^^^^^^^^^
   = 在文字末尾补上引号
""",
    ),
    Case(
        "DR104 text after the closing quote",
        'title: "三级"客户\n',
        r"""
tiers.yaml:1:12: error DR104: not valid YAML: text follows the closing quote
    1 | title: "三级"客户
      |              ^^^^
   = put the whole text within the quotes
""",
        r"""
tiers.yaml:1:12: 错误 DR104: YAML 写法有误：引号结束以后还有文字
    1 | title: "三级"客户
      |              ^^^^
   = 把整段文字放进引号里
""",
    ),
    Case(
        "DR104 an open bracket",
        "title: {zh: 三级客户, en: Tiers\npolicy: x\n",
        r"""
tiers.yaml:1:8: error DR104: not valid YAML: the bracket `{` is never closed
    1 | title: {zh: 三级客户, en: Tiers
      |        ^
   = close it with `}`
""",
        r"""
tiers.yaml:1:8: 错误 DR104: YAML 写法有误：括号 `{` 一直没有结束
    1 | title: {zh: 三级客户, en: Tiers
      |        ^
   = 补上 `}`
""",
    ),
    Case(
        "DR104 a bracket too many",
        "levels: [vip, general]]\n",
        r"""
tiers.yaml:1:23: error DR104: not valid YAML: `]` closes nothing
    1 | levels: [vip, general]]
      |                       ^
   = delete it
""",
        r"""
tiers.yaml:1:23: 错误 DR104: YAML 写法有误：`]` 没有对应的开括号
    1 | levels: [vip, general]]
      |                       ^
   = 删掉它
""",
    ),
    Case(
        "DR104 a lost bracket",
        "levels: vip, general]\n",
        r"""
tiers.yaml:1:21: error DR104: not valid YAML: `]` closes nothing
    1 | levels: vip, general]
      |                     ^
   = write the `[`, or put the text in quotes
""",
        r"""
tiers.yaml:1:21: 错误 DR104: YAML 写法有误：`]` 没有对应的开括号
    1 | levels: vip, general]
      |                     ^
   = 补上 `[`；如果是文字，加引号
""",
    ),
    Case(
        "DR104 the wrong bracket",
        "levels: [vip, general}\n",
        r"""
tiers.yaml:1:22: error DR104: not valid YAML: `[` is closed by `}`
    1 | levels: [vip, general}
      |                      ^
   = write `]`
""",
        r"""
tiers.yaml:1:22: 错误 DR104: YAML 写法有误：`[` 用 `}` 结束了
    1 | levels: [vip, general}
      |                      ^
   = 写成 `]`
""",
    ),
    Case(
        "DR104 a missing comma",
        "title: {zh: 三级客户 en: Tiers}\n",
        r"""
tiers.yaml:1:18: error DR104: not valid YAML: a comma is missing before `en`
    1 | title: {zh: 三级客户 en: Tiers}
      |                      ^^
   = separate the entries by a comma and a space
""",
        r"""
tiers.yaml:1:18: 错误 DR104: YAML 写法有误：`en` 前面少了逗号
    1 | title: {zh: 三级客户 en: Tiers}
      |                      ^^
   = 各项之间用逗号加空格分开
""",
    ),
    Case(
        "DR104 a comma too many",
        "levels: [vip,, general]\n",
        r"""
tiers.yaml:1:14: error DR104: not valid YAML: nothing stands before this comma
    1 | levels: [vip,, general]
      |              ^
   = delete it
""",
        r"""
tiers.yaml:1:14: 错误 DR104: YAML 写法有误：逗号前面没有内容
    1 | levels: [vip,, general]
      |              ^
   = 删掉它
""",
    ),
    Case(
        "DR104 wrong indentation",
        "tier:\n  kind: tier\n   subject: customer\n  unit: x\n",
        r"""
tiers.yaml:3:4: error DR104: not valid YAML: this line is indented by 3, which fits none of the lines around
    3 |    subject: customer
      |    ^^^^^^^^^^^^^^^^^
   = indent it by 2, as the other lines of its level
""",
        r"""
tiers.yaml:3:4: 错误 DR104: YAML 写法有误：这一行缩进了 3 个空格，和相邻的行对不齐
    3 |    subject: customer
      |    ^^^^^^^^^^^^^^^^^
   = 缩进 2 个空格，和同一层的行对齐
""",
    ),
    Case(
        "DR104 the first line of a block indented wrongly",
        "tier:\n   kind: tier\n  subject: customer\n  unit: x\n",
        r"""
tiers.yaml:2:4: error DR104: not valid YAML: this line is indented by 3, which fits none of the lines around
    2 |    kind: tier
      |    ^^^^^^^^^^
   = indent it by 2, as the other lines of its level
""",
        r"""
tiers.yaml:2:4: 错误 DR104: YAML 写法有误：这一行缩进了 3 个空格，和相邻的行对不齐
    2 |    kind: tier
      |    ^^^^^^^^^^
   = 缩进 2 个空格，和同一层的行对齐
""",
    ),
    Case(
        "DR104 a second colon",
        "title: zh: 三级客户\n",
        r"""
tiers.yaml:1:10: error DR104: not valid YAML: this is the second colon of the line
    1 | title: zh: 三级客户
      |          ^
   = put the value in quotes if it is a text, or write the inner key on a line of its own
""",
        r"""
tiers.yaml:1:10: 错误 DR104: YAML 写法有误：一行里有两个冒号
    1 | title: zh: 三级客户
      |          ^
   = 如果是一段文字，加引号；如果是下一层，另起一行再缩进
""",
    ),
    Case(
        "DR104 a list on the line of its key",
        "levels: - vip\n",
        r"""
tiers.yaml:1:9: error DR104: not valid YAML: a list cannot begin on the line of its key
    1 | levels: - vip
      |         ^
   = leave the line of the key empty and write each item on a line below it, or write `[a, b]`
""",
        r"""
tiers.yaml:1:9: 错误 DR104: YAML 写法有误：列表不能从键的同一行开始
    1 | levels: - vip
      |         ^
   = 键后面留空，列表的每一项另起一行；或者写成 `[a, b]`
""",
    ),
    Case(
        "DR104 an item below a value",
        "levels: vip\n  - general\n",
        r"""
tiers.yaml:2:3: error DR104: not valid YAML: the key above has a value already, so this item becomes part of that text
    2 |   - general
      |   ^^^^^^^^^
   = leave the line of the key empty and write each item on a line below it, or write `[a, b]`
""",
        r"""
tiers.yaml:2:3: 错误 DR104: YAML 写法有误：上一行的键已经有值，这个列表项会并进那段文字
    2 |   - general
      |   ^^^^^^^^^
   = 键后面留空，列表的每一项另起一行；或者写成 `[a, b]`
""",
    ),
    Case(
        "DR104 no space after a dash",
        "rules:\n  -id: a\n    when: x\n",
        r"""
tiers.yaml:2:3: error DR104: not valid YAML: a space is missing after the dash in `-id: a`
    2 |   -id: a
      |   ^
   = write `- id: a`
""",
        r"""
tiers.yaml:2:3: 错误 DR104: YAML 写法有误：`-id: a` 的短横后面少了空格
    2 |   -id: a
      |   ^
   = 写成 `- id: a`
""",
    ),
    Case(
        "DR104 no dash",
        "rules:\n  - id: a\n    then: x\n   id: b\n    then: y\n",
        r"""
tiers.yaml:4:4: error DR104: not valid YAML: a dash is missing before `id: b`
    4 |    id: b
      |    ^^^^^
   = begin it with `- `, or indent it to belong to the item above
""",
        r"""
tiers.yaml:4:4: 错误 DR104: YAML 写法有误：`id: b` 前面少了短横
    4 |    id: b
      |    ^^^^^
   = 用 `- ` 开头，或者缩进到上一项里面
""",
    ),
    Case(
        "DR104 a reserved character",
        "title: @全体\n",
        r"""
tiers.yaml:1:8: error DR104: not valid YAML: an unquoted text cannot begin with `@`
    1 | title: @全体
      |        ^^^^^
   = if it is a text, put it in quotes
""",
        r"""
tiers.yaml:1:8: 错误 DR104: YAML 写法有误：不加引号的文字不能以 `@` 开头
    1 | title: @全体
      |        ^^^^^
   = 如果是文字，加引号
""",
    ),
    Case(
        "DR104 a bad escape",
        'path: "C:\\policies"\n',
        r"""
tiers.yaml:1:10: error DR104: not valid YAML: `\p` means nothing within double quotes
    1 | path: "C:\policies"
      |          ^^
   = write two backslashes, or use single quotes
""",
        r"""
tiers.yaml:1:10: 错误 DR104: YAML 写法有误：双引号里的 `\p` 没有意义
    1 | path: "C:\policies"
      |          ^^
   = 写成两个反斜杠，或者改用单引号
""",
    ),
    Case(
        "DR104 a control character",
        "title: a\x00b\n",
        r"""
tiers.yaml:1:9: error DR104: not valid YAML: there is a control character (U+0000)
    1 | title: a<U+0000>b
      |         ^^^^^^^^
   = delete it, or save the file again
""",
        r"""
tiers.yaml:1:9: 错误 DR104: YAML 写法有误：有看不见的控制字符（U+0000）
    1 | title: a<U+0000>b
      |         ^^^^^^^^
   = 删掉它，或者重新保存文件
""",
    ),
    Case(
        "DR105 a second document",
        "policy: a\n---\npolicy: b\n",
        r"""
tiers.yaml:2:1: error DR105: a second document begins here
    2 | ---
      | ^^^
   = a file holds one policy: remove this line, or move what follows into a file of its own
""",
        r"""
tiers.yaml:2:1: 错误 DR105: 从这里开始了第二个文档
    2 | ---
      | ^^^
   = 一个文件只放一份政策：删掉这一行，或者把后面的内容移到另一个文件
""",
    ),
    Case(
        "DR106 a key written twice",
        "super_vip: 1\nvip: 2\nsuper_vip: 3\n",
        r"""
tiers.yaml:3:1: error DR106: `super_vip` is written twice, first on line 1
    3 | super_vip: 3
      | ^^^^^^^^^
   : tiers.yaml:1:1: first written here
   = keep one of the two, or rename one
""",
        r"""
tiers.yaml:3:1: 错误 DR106: `super_vip` 写了两次，第一次在第 1 行
    3 | super_vip: 3
      | ^^^^^^^^^
   : tiers.yaml:1:1: 第一次写在这里
   = 留下一个，或者给其中一个改名
""",
    ),
    Case(
        "DR107 an anchor and an alias",
        "a: &base 10 yuan\nb: *base\n",
        r"""
tiers.yaml:1:4: error DR107: the anchor `&base` cannot be used in a policy file
    1 | a: &base 10 yuan
      |    ^^^^^
   = write the contents out, and numbers that are shared under `parameters:`; if it is a text, put it in quotes
tiers.yaml:2:4: error DR107: the alias `*base` cannot be used in a policy file
    2 | b: *base
      |    ^^^^^
   = write the contents out, and numbers that are shared under `parameters:`; if it is a text, put it in quotes
""",
        r"""
tiers.yaml:1:4: 错误 DR107: 政策文件里不能用锚点 `&base`
    1 | a: &base 10 yuan
      |    ^^^^^
   = 把内容直接写在这里，共用的数字放进 `parameters:`；如果是文字，加引号
tiers.yaml:2:4: 错误 DR107: 政策文件里不能用别名 `*base`
    2 | b: *base
      |    ^^^^^
   = 把内容直接写在这里，共用的数字放进 `parameters:`；如果是文字，加引号
""",
    ),
    Case(
        "DR107 a merge key",
        "a:\n  <<: *base\n",
        r"""
tiers.yaml:2:3: error DR107: the merge key `<<` cannot be used in a policy file
    2 |   <<: *base
      |   ^^
   = write the contents out, and numbers that are shared under `parameters:`; if it is a text, put it in quotes
""",
        r"""
tiers.yaml:2:3: 错误 DR107: 政策文件里不能用合并键 `<<`
    2 |   <<: *base
      |   ^^
   = 把内容直接写在这里，共用的数字放进 `parameters:`；如果是文字，加引号
""",
    ),
    Case(
        "DR107 a tag",
        "a: !!python/object:os.system x\n",
        r"""
tiers.yaml:1:4: error DR107: the tag `!!python/object:os.system` cannot be used in a policy file
    1 | a: !!python/object:os.system x
      |    ^^^^^^^^^^^^^^^^^^^^^^^^^
   = write the contents out, and numbers that are shared under `parameters:`; if it is a text, put it in quotes
""",
        r"""
tiers.yaml:1:4: 错误 DR107: 政策文件里不能用标签 `!!python/object:os.system`
    1 | a: !!python/object:os.system x
      |    ^^^^^^^^^^^^^^^^^^^^^^^^^
   = 把内容直接写在这里，共用的数字放进 `parameters:`；如果是文字，加引号
""",
    ),
    Case(
        "DR107 a complex key",
        "{a: b}: c\n",
        r"""
tiers.yaml:1:1: error DR107: the complex key `{a: b}` cannot be used in a policy file
    1 | {a: b}: c
      | ^^^^^^
   = write one word as the key; a text that begins with `{` or `[` needs quotes
""",
        r"""
tiers.yaml:1:1: 错误 DR107: 政策文件里不能用复合键 `{a: b}`
    1 | {a: b}: c
      | ^^^^^^
   = 键只能是一个词
""",
    ),
    Case(
        "DR107 a directive",
        "%YAML 1.2\n---\na: b\n",
        r"""
tiers.yaml:1:1: error DR107: the YAML directive `%YAML 1.2` cannot be used in a policy file
    1 | %YAML 1.2
      | ^^^^^^^^^
   = delete this line
""",
        r"""
tiers.yaml:1:1: 错误 DR107: 政策文件里不能用 YAML 指令 `%YAML 1.2`
    1 | %YAML 1.2
      | ^^^^^^^^^
   = 删掉这一行
""",
    ),
    Case(
        "DR108 too deep",
        "a: " + "[" * 65 + "]" * 65,
        r"""
tiers.yaml:1:67: error DR108: nested too deep: at most 64 levels
    1 | ...[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]...
      |                                ^
   = split it into several files, or look for something pasted by mistake
""",
        r"""
tiers.yaml:1:67: 错误 DR108: 层数太多，最多 64 层
    1 | ...[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]...
      |                                ^
   = 拆成几个文件，或者看看是不是误贴了内容
""",
    ),
    Case(
        "DR109 a full-width colon",
        "title: x\n门槛：3\n",
        r"""
tiers.yaml:2:3: error DR109: full-width colon `：` (U+FF1A) cannot be used here
    2 | 门槛：3
      |     ^^
   = write `: `, a colon and a space
""",
        r"""
tiers.yaml:2:3: 错误 DR109: 这里不能用全角冒号 `：`（U+FF1A）
    2 | 门槛：3
      |     ^^
   = 改成半角冒号，后面空一格：`: `
""",
    ),
    Case(
        "DR109 a full-width colon alone",
        "门槛：3\n",
        r"""
tiers.yaml:1:3: error DR109: full-width colon `：` (U+FF1A) cannot be used here
    1 | 门槛：3
      |     ^^
   = write `: `, a colon and a space
""",
        r"""
tiers.yaml:1:3: 错误 DR109: 这里不能用全角冒号 `：`（U+FF1A）
    1 | 门槛：3
      |     ^^
   = 改成半角冒号，后面空一格：`: `
""",
    ),
    Case(
        "DR109 a full-width comma between entries",
        "title: {zh: 三级客户，en: Tiers}\n",
        r"""
tiers.yaml:1:17: error DR109: full-width comma `，` (U+FF0C) cannot be used here
    1 | title: {zh: 三级客户，en: Tiers}
      |                     ^^
   = write `,`
""",
        r"""
tiers.yaml:1:17: 错误 DR109: 这里不能用全角逗号 `，`（U+FF0C）
    1 | title: {zh: 三级客户，en: Tiers}
      |                     ^^
   = 改成半角的 `,`
""",
    ),
    Case(
        "DR109 full-width digits",
        "pays: １０ yuan\n",
        r"""
tiers.yaml:1:7: error DR109: full-width digit `１` (U+FF11) cannot be used here
    1 | pays: １０ yuan
      |       ^^^^
   = write `10 yuan`
""",
        r"""
tiers.yaml:1:7: 错误 DR109: 这里不能用全角数字 `１`（U+FF11）
    1 | pays: １０ yuan
      |       ^^^^
   = 写成半角的 `10 yuan`
""",
    ),
    Case(
        "DR109 a full-width percent sign",
        "over: 70％\n",
        r"""
tiers.yaml:1:9: error DR109: full-width percent sign `％` (U+FF05) cannot be used here
    1 | over: 70％
      |         ^^
   = write `70%`
""",
        r"""
tiers.yaml:1:9: 错误 DR109: 这里不能用全角百分号 `％`（U+FF05）
    1 | over: 70％
      |         ^^
   = 写成半角的 `70%`
""",
    ),
    Case(
        "DR109 curly quotes",
        "title: “三级客户”\n",
        r"""
tiers.yaml:1:8: error DR109: curly quotation mark `“` (U+201C) cannot be used here
    1 | title: “三级客户”
      |        ^
   = write `"`
""",
        r"""
tiers.yaml:1:8: 错误 DR109: 这里不能用中文引号 `“`（U+201C）
    1 | title: “三级客户”
      |        ^
   = 改成半角的 `"`
""",
    ),
    Case(
        "DR109 a full-width space",
        "pays:\u300010 yuan\n",
        r"""
tiers.yaml:1:6: error DR109: full-width space (U+3000) cannot be used here
    1 | pays:　10 yuan
      |      ^^
   = write an ordinary space, or put the whole text in quotes
""",
        r"""
tiers.yaml:1:6: 错误 DR109: 这里不能用全角空格（U+3000）
    1 | pays:　10 yuan
      |      ^^
   = 改成普通空格；如果是文字内容，给整段文字加引号
""",
    ),
    Case(
        "DR109 an invisible character",
        "policy: tiers\u200b\n",
        r"""
tiers.yaml:1:14: error DR109: invisible zero-width character (U+200B) cannot be used here
    1 | policy: tiers<U+200B>
      |              ^^^^^^^^
   = delete it, or put the whole text in quotes
""",
        r"""
tiers.yaml:1:14: 错误 DR109: 这里不能用看不见的零宽字符（U+200B）
    1 | policy: tiers<U+200B>
      |              ^^^^^^^^
   = 删掉它；如果是文字内容，给整段文字加引号
""",
    ),
    Case(
        "DR109 a hidden line break",
        "title: a  # b\u2028policy: c\n",
        r"""
tiers.yaml:1:14: error DR109: line separator (U+2028) cannot be used here
    1 | title: a  # b<U+2028>policy: c
      |              ^^^^^^^^
   = write an ordinary line break, or delete it
""",
        r"""
tiers.yaml:1:14: 错误 DR109: 这里不能用特殊换行符（U+2028）
    1 | title: a  # b<U+2028>policy: c
      |              ^^^^^^^^
   = 换成普通的换行，或者删掉
""",
    ),
    Case(
        "DR110 a word",
        "insured: no\n",
        r"""
tiers.yaml:1:10: error DR110: YAML takes `no` for `false`
    1 | insured: no
      |          ^^
   = write `false`, or `"no"` if it is a text
""",
        r"""
tiers.yaml:1:10: 错误 DR110: `no` 会被 YAML 当成 `false`
    1 | insured: no
      |          ^^
   = 写成 `false`；如果是文字，写成 `"no"`
""",
    ),
    Case(
        "DR110 a key",
        "on: x\n",
        r"""
tiers.yaml:1:1: error DR110: YAML takes `on` for `true`
    1 | on: x
      | ^^
   = write `"on"` if it is a text
""",
        r"""
tiers.yaml:1:1: 错误 DR110: `on` 会被 YAML 当成 `true`
    1 | on: x
      | ^^
   = 如果是文字，写成 `"on"`
""",
    ),
    Case(
        "DR110 octal",
        "clause: 010\n",
        r"""
tiers.yaml:1:9: error DR110: YAML takes `010` for the octal number `8`
    1 | clause: 010
      |         ^^^
   = write `10`, or `"010"` if it is a text
""",
        r"""
tiers.yaml:1:9: 错误 DR110: `010` 会被 YAML 当成八进制的 `8`
    1 | clause: 010
      |         ^^^
   = 写成 `10`；如果是文字，写成 `"010"`
""",
    ),
    Case(
        "DR110 hexadecimal",
        "clause: 0x1F\n",
        r"""
tiers.yaml:1:9: error DR110: YAML takes `0x1F` for the number `31`
    1 | clause: 0x1F
      |         ^^^^
   = write `31`, or `"0x1F"` if it is a text
""",
        r"""
tiers.yaml:1:9: 错误 DR110: `0x1F` 会被 YAML 当成数字 `31`
    1 | clause: 0x1F
      |         ^^^^
   = 写成 `31`；如果是文字，写成 `"0x1F"`
""",
    ),
    Case(
        "DR110 base 60",
        "opens: 1:30\n",
        r"""
tiers.yaml:1:8: error DR110: YAML takes `1:30` for the base-60 number `90`
    1 | opens: 1:30
      |        ^^^^
   = write `"1:30"` if it is a text
""",
        r"""
tiers.yaml:1:8: 错误 DR110: `1:30` 会被 YAML 当成六十进制的 `90`
    1 | opens: 1:30
      |        ^^^^
   = 如果是文字，写成 `"1:30"`
""",
    ),
    Case(
        "DR110 scientific",
        "amount: 1e3\n",
        r"""
tiers.yaml:1:9: error DR110: YAML takes `1e3` for a number in scientific notation
    1 | amount: 1e3
      |         ^^^
   = write `1000`, or `"1e3"` if it is a text
""",
        r"""
tiers.yaml:1:9: 错误 DR110: `1e3` 会被 YAML 当成科学计数法的数字
    1 | amount: 1e3
      |         ^^^
   = 写成 `1000`；如果是文字，写成 `"1e3"`
""",
    ),
    Case(
        "DR110 underscore",
        "amount: 1_000\n",
        r"""
tiers.yaml:1:9: error DR110: YAML takes `1_000` for a number, or for a text, depending on the program
    1 | amount: 1_000
      |         ^^^^^
   = write `1000`, or `"1_000"` if it is a text
""",
        r"""
tiers.yaml:1:9: 错误 DR110: `1_000` 会被 YAML 当成数字，也可能当成文字
    1 | amount: 1_000
      |         ^^^^^
   = 写成 `1000`；如果是文字，写成 `"1_000"`
""",
    ),
    Case(
        "DR110 null",
        "amount: ~\n",
        r"""
tiers.yaml:1:9: error DR110: YAML takes `~` for no value at all
    1 | amount: ~
      |         ^
   = leave the line out if there is no value, or write `"~"` if it is a text
""",
        r"""
tiers.yaml:1:9: 错误 DR110: `~` 会被 YAML 当成“没有值”
    1 | amount: ~
      |         ^
   = 没有值就删掉这一行；如果是文字，写成 `"~"`
""",
    ),
    Case(
        "DR110 infinity",
        "amount: .inf\n",
        r"""
tiers.yaml:1:9: error DR110: YAML takes `.inf` for infinity or not-a-number
    1 | amount: .inf
      |         ^^^^
   = write `".inf"` if it is a text
""",
        r"""
tiers.yaml:1:9: 错误 DR110: `.inf` 会被 YAML 当成无穷大或“非数字”
    1 | amount: .inf
      |         ^^^^
   = 如果是文字，写成 `".inf"`
""",
    ),
    Case(
        "DR110 plus",
        "amount: +5\n",
        r"""
tiers.yaml:1:9: error DR110: YAML takes `+5` for a number, or for a text, depending on the program
    1 | amount: +5
      |         ^^
   = write `5`, or `"+5"` if it is a text
""",
        r"""
tiers.yaml:1:9: 错误 DR110: `+5` 会被 YAML 当成数字，也可能当成文字
    1 | amount: +5
      |         ^^
   = 写成 `5`；如果是文字，写成 `"+5"`
""",
    ),
    Case(
        "DR111 tabs",
        "tier:\n\tkind: tier\n\tsubject: customer\n",
        r"""
tiers.yaml:2:1: error DR111: a tab is used for indentation
    2 |     kind: tier
      | ^^^^
   = indent with spaces, two for each level
""",
        r"""
tiers.yaml:2:1: 错误 DR111: 缩进用了制表符（Tab）
    2 |     kind: tier
      | ^^^^
   = 用空格缩进，每层两个
""",
    ),
    Case(
        "DR113 a comment",
        "clause: A #1\n",
        r"""
tiers.yaml:1:11: warning DR113: `#1` is taken for a comment, and the value is only `A`
    1 | clause: A #1
      |           ^^
   = if the `#` belongs to the value, put the whole value in quotes; if it is a comment, write a space after `#`
""",
        r"""
tiers.yaml:1:11: 警告 DR113: `#1` 会被当成注释，这里的值只剩 `A`
    1 | clause: A #1
      |           ^^
   = 如果 `#` 是内容，给整个值加引号；如果是注释，在 `#` 后面空一格
""",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whole_diagnostic(case: Case) -> None:
    found = read(case.text)[1]
    assert "\n".join(each.render("en") for each in found) == case.en.strip("\n")
    assert "\n".join(each.render("zh") for each in found) == case.zh.strip("\n")


def test_every_yaml_code_has_a_case() -> None:
    shown_here = {case.name[:5] for case in CASES} | {"DR101", "DR103", "DR112"}  # those three: files, below
    assert shown_here == {f"DR{number}" for number in range(101, 114)}


# --- files --------------------------------------------------------------------------------------------

TEXT = 'policy: customer-tiers\ntitle: "三级客户界定：一年之内进店五次以上的客户"\n'


def test_utf_8_with_and_without_byte_order_mark(tmp_path: Path) -> None:
    for data in (TEXT.encode(), b"\xef\xbb\xbf" + TEXT.encode()):
        (tmp_path / "a.yaml").write_bytes(data)
        assert read_file(tmp_path / "a.yaml", "a.yaml") == (Source("a.yaml", TEXT), [])
    assert plain(read("\ufeff" + TEXT)[0]) == plain(read(TEXT)[0])


def test_gbk_is_read_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(TEXT.encode("gbk"))
    source, found = read_file(tmp_path / "a.yaml", "policies/a.yaml")
    assert source is not None
    assert source.text == TEXT
    assert [each.severity for each in found] == [Severity.WARNING]
    assert found[0].render("en") == (
        "policies/a.yaml:1:1: warning DR112: the file is encoded in GBK, and was read as GBK\n"
        "    1 | policy: customer-tiers\n"
        "      | ^\n"
        "   = save it again as UTF-8 (in Notepad: Save As, Encoding: UTF-8)"
    )
    assert found[0].render("zh") == (
        "policies/a.yaml:1:1: 警告 DR112: 文件是 GBK 编码，已按 GBK 读取\n"
        "    1 | policy: customer-tiers\n"
        "      | ^\n"
        "   = 重新存成 UTF-8 编码（记事本：另存为，编码选 UTF-8）"
    )


UTF_16 = ("UTF-16 (Notepad calls it Unicode)", " UTF-16（记事本里叫 Unicode）", "")
BAD_BYTES: dict[str, tuple[bytes, tuple[str, str, str]]] = {
    "utf-16": (TEXT.encode("utf-16"), UTF_16),
    "utf-16-le without mark": (TEXT.encode("utf-16-le"), UTF_16),
    "utf-16-be without mark": (TEXT.encode("utf-16-be"), UTF_16),
    "utf-32": (TEXT.encode("utf-32"), ("UTF-32", " UTF-32", "")),
    "excel": (b"PK\x03\x04\x14\0", ("an Excel or ZIP file", " Excel 或压缩文件", "")),
    "binary": (b"\x80\0\x01\xff\n" * 40, ("binary data", "二进制数据", "")),
    "big5": ("title: 三級客戶界定\n".encode("big5"), ("Big5 (traditional Chinese)", " Big5（繁体中文）", "")),
    "latin": ("title: Prämie für Käufer\n".encode("latin-1"), ("some other encoding", "别的编码", "")),
    "surrogate": (b"a: \xed\xa0\x80\n", ("some other encoding", "别的编码", "")),
    "damaged": (TEXT.encode()[:60] + b"\xff" + TEXT.encode()[60:], ("damaged UTF-8", "损坏的 UTF-8", "2:")),
    "cut off": (TEXT.encode()[:62], ("damaged UTF-8", "损坏的 UTF-8", "2:")),
}


@pytest.mark.parametrize("name", BAD_BYTES)
def test_other_encodings_are_named(tmp_path: Path, name: str) -> None:
    data, (en, zh, place) = BAD_BYTES[name]
    (tmp_path / "a.yaml").write_bytes(data)
    source, found = read_file(tmp_path / "a.yaml", "a.yaml")
    assert source is None
    assert [each.code for each in found] == ["DR103"]
    assert found[0].message("en") == f"the file is not UTF-8 text: it looks like {en}"
    assert found[0].message("zh") == f"文件不是 UTF-8 编码，看起来是{zh}"
    assert found[0].span.place.startswith(f"a.yaml:{place}")
    found[0].render("zh").encode()


def test_bad_byte_is_shown_in_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("policy: a\ntitle: 三级\n".encode() + b"unit: \xff\n")
    _, found = read_file(tmp_path / "a.yaml", "a.yaml")
    assert found[0].render() == (
        "a.yaml:3:7: error DR103: the file is not UTF-8 text: it looks like damaged UTF-8\n"
        "    3 | unit: \ufffd\n"
        "      |       ^\n"
        "   = save it again as UTF-8 (in Notepad: Save As, Encoding: UTF-8)"
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reasons = {
        "missing.yaml": ("there is no such file", "没有这个文件"),
        ".": ("it is a directory", "这是一个目录"),
        "pipe": ("it is not a regular file", "这不是普通文件"),
        "a\0b": ("the path holds a character that is not allowed", "路径里有不允许的字符"),
        "x" * 300: (None, None),
    }
    for name, (en, zh) in reasons.items():
        source, found = read_file(tmp_path / name, "a.yaml")
        assert source is None
        assert [each.code for each in found] == ["DR101"]
        if en is not None:
            assert found[0].render("en") == (
                f"a.yaml:1:1: error DR101: cannot read the file: {en}\n"
                "   = check the path, and that you may read the file"
            )
            assert found[0].render("zh") == (
                f"a.yaml:1:1: 错误 DR101: 无法读取文件：{zh}\n   = 检查路径是否写对、文件是否允许读取"
            )


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.yaml").write_text("a: b")
    monkeypatch.setattr(Path, "open", refuse)
    assert read_file(tmp_path / "a.yaml", "a")[1][0].message() == "cannot read the file: permission denied"


def test_big_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * ((1 << 20) + 1))
    source, found = read_file(tmp_path / "a.yaml", "a.yaml")
    assert source is None
    assert found[0].render() == (
        "a.yaml:1:1: error DR108: the file is too big: at most 1 MiB\n"
        "   = split it into several files, or look for something pasted by mistake"
    )
    assert brief("#" * ((1 << 20) + 1)) == ["DR108 1:1"]


# --- nodes --------------------------------------------------------------------------------------------


def test_nodes_keep_texts_places_and_quotes() -> None:
    root, found = read('pays: 10 yuan\nlevels: [vip, "5"]\nnote:\ntext: |\n  一\n  二\n')
    assert not found
    assert isinstance(root, MapNode)
    assert root.keys() == ("pays", "levels", "note", "text")
    pays = root.get("pays")
    assert isinstance(pays, ScalarNode)
    assert (pays.text, pays.quoted, pays.span.place) == ("10 yuan", False, "tiers.yaml:1:7")
    assert (pays.span.end_line, pays.span.end_column) == (1, 14)
    levels = root.get("levels")
    assert isinstance(levels, ListNode)
    assert [(each.text, each.quoted) for each in levels.items if isinstance(each, ScalarNode)] == [
        ("vip", False),
        ("5", True),
    ]
    assert (levels.span.column, levels.span.end_column) == (9, 19)
    note, text = root.get("note"), root.get("text")
    assert isinstance(note, ScalarNode)
    assert (note.text, note.quoted, note.broken, note.span.place) == ("", False, False, "tiers.yaml:3:6")
    assert isinstance(text, ScalarNode)
    assert (text.text, text.quoted) == ("一\n二\n", True)
    key = root.key("levels")
    assert key is not None
    assert key.span.place == "tiers.yaml:2:1"
    assert root.get("nothing") is root.key("nothing") is None


def test_equality_leaves_places_out() -> None:
    assert read("a: {b: [c]}")[0] == read("\n\na:\n  b:\n  - c\n")[0]
    assert read('a: "5"')[0] != read("a: 5")[0]
    assert pickle.loads(pickle.dumps(read(SAMPLE)[0])) == read(SAMPLE)[0]


def test_block_spans_end_with_their_last_line() -> None:
    root, _ = read("a:\n  b: c\n\n\n# end\nd: e\n")
    assert isinstance(root, MapNode)
    inner = root.get("a")
    assert isinstance(inner, MapNode)
    assert (inner.span.line, inner.span.end_line, inner.span.end_column) == (2, 2, 7)


def test_columns_count_characters() -> None:
    root, _ = read("标题: 😀三级 # 注\r\n级别: x\r\n")
    assert isinstance(root, MapNode)
    value = root.get("级别")
    assert value is not None
    assert value.span.place == "tiers.yaml:2:5"


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_shipped_files_are_in_order(path: Path) -> None:
    source, found = read_file(path, path.name)
    assert source is not None
    node, more = parse(source)
    assert node is not None
    assert not found + more


@pytest.mark.parametrize(
    "text",
    [
        SAMPLE,
        "zh: 重复购买（个人），二台",
        "zh: 注意：带好行驶证。",
        'zh: "“二八”法则　第３期"',
        "zh: “二八”法则",
        "zh: 【二八法则】",
        "clause: 三、1",
        "clause: 1、2",
        "clause: 2.〔1〕",
        'en: Super VIP\'s "best" customers',
        "a: -5\nb: 0.5\nc: 1,000\nd: 70%\ne: 2014-09-01\nf: true\ng: -100 yuan\nh: 0",
        "a: None\nb: onwards\nc: yesterday\nd: nothing\ne: 10:00-11:00\nf: v1.0\ng: 1e\nh: y",
        "a: half_up to 1 fen\nb: https://example.com/x#y\nc: a#b\nd: C:\\x",
        "a: x  # 1\nb: y # 说明",
        "a: 'it''s'\nb: \"tab\\there\"",
        "a:\n- b\n- c\n",
        "a: {b, c: d}",
        "--- \na: b\n...\n",
        "a: 很长的文字\n  写在两行",
        "a:\t1\n\t\nb: [\n  c,\n  d]\n",
        "a: b\r\nc:\r\n  d: e\r\n",
    ],
)
def test_in_order(text: str) -> None:
    node, found = read(text)
    assert not found
    assert node is not None


# --- traps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *["no", "No", "NO", "yes", "on", "off", "Off", "null", "Null", "~"],
        *["010", "007", "08", "00", "-010", "0x1F", "0o17", "0b11", "1:30", "18:30", "190:20:30", "1:30.5"],
        *["1e3", "1E+3", "1.5e3", "1_000", "2014_09", "0.0.0_1", ".inf", "-.INF", ".nan"],
        *["+5", "5.", ".5", "0" + "7" * 50],
    ],
)
def test_mangled(text: str) -> None:
    assert brief(f"a: {text}") == ["DR110 1:4"]
    assert brief(f"{text}: a") == ["DR110 1:1"]
    assert brief(f"a: [x, {text}]") == ["DR110 1:8"]
    assert not brief(f'a: "{text}"')
    assert not brief(f"a: '{text}'\nb: x {text}")


def test_characters_in_quotes_and_comments_are_left_alone() -> None:
    for character in "\u00a0\u3000\u200b\u200d\u202e\u2066：，１％“":
        assert not brief(
            f"a: \"x{character}y\"  # {character}\nb: '{character}'\nc: |\n  {character}{character}\n"
        )


@pytest.mark.parametrize("character", "\u00a0\u3000\ufeff\u200b\u200f\u202e\u2066\u2009\u00ad")
def test_invisible_characters(character: str) -> None:
    assert brief(f"a: x{character}y") == ["DR109 1:5"]
    assert brief(f"a: b\nc:{character}d\n") == ["DR109 2:3"]
    assert brief(f'a: "b"{character}\n') == ["DR109 1:7"]
    assert brief(f"a:\n{character}{character}b: c\n") == ["DR109 2:1"]


@pytest.mark.parametrize("character", "\u0085\u2028\u2029")
def test_hidden_line_breaks_nowhere(character: str) -> None:
    for text in (f"a: b{character}c\nd: no", f'a: "{character}"\nd: no', f"a: b # {character}c: e\nd: no"):
        found = brief(text)
        assert [each[:5] for each in found] == ["DR109", "DR110"]
        assert found[1] == "DR110 2:4"  # lines are counted as editors do


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("门槛：3", {"门槛": "3"}),
        ("门槛： 3\n忠诚：高", {"门槛": "3", "忠诚": "高"}),
        ("when：\n  门槛：3\n  忠诚: 高", {"when": {"门槛": "3", "忠诚": "高"}}),
        ("a: {x：1, y: 2}", {"a": {"x": "1", "y": "2"}}),
        ("a: {x: 1，y: 2}", {"a": {"x": "1", "y": "2"}}),
        ("a: [1，2]", {"a": ["1", "2"]}),
        ("a: ［x］", {"a": ["x"]}),
        ("a: ｛x: 1｝", {"a": {"x": "1"}}),
        ("a: “b”", {"a": "b"}),
        ('a: "b”\nc: d', {"a": "b", "c": "d"}),
        ("“a”: b", {"a": "b"}),
        ("a: ２０１４－０９－０１", {"a": "2014-09-01"}),
        ("a: １，０００．５０ yuan", {"a": "1,000.50 yuan"}),
        ("a: １０元", {"a": "10元"}),
        ("－ a\n－ b", None),
        ("a:\n　　b: c", {"a": {"b": "c"}}),
        ("＃ 注释\na: b", {"a": "b"}),
        ("a: b\n＃ 注释\nc: d", {"a": "b", "c": "d"}),
    ],
)
def test_full_width_is_read_as_it_was_meant(text: str, mended: object) -> None:
    node, found = read(text)
    assert {each.code for each in found} <= {"DR109"}
    if mended is not None:
        assert found
        assert plain(node) == mended


def test_document_layer_can_ask_for_a_missed_colon() -> None:
    root, found = read('all:\n  - 门槛：3\n  - visits:5\n  - 一般客户\n  - "门槛：3"')
    assert not found
    assert isinstance(root, MapNode)
    items = root.get("all")
    assert isinstance(items, ListNode)
    asked = [missed_colon(each) for each in items.items if isinstance(each, ScalarNode)]
    assert [each and f"{each.code} {each.span.line}:{each.span.column}" for each in asked] == [
        "DR109 2:7",
        "DR104 3:11",
        None,
        None,
    ]


# --- several mistakes ---------------------------------------------------------------------------------


def test_all_mistakes_are_found_at_once() -> None:
    text = """\
policy: customer-tiers
title: {zh: 三级客户界定，二台（含）以上, en: Customer tiers
decisions:
  tier:
    subject：customer
    on: yes
    levels:
      vip:       {title: {zh: VIP客户，en: VIP}}
      vip:       {title: x}
    angles:
\t  sales:
        title: {zh: “销售”角度, en: Sales}
        super_vip:
          - id: referred-3
            when: {vehicle_referrals: {at_least: ３}}
          - id: A #1
            when: >= 5
          - id: t
            hours: 1:30
            note: a: b
            text: "abc
            other: *x
            amount:　10 yuan
"""
    assert brief(text) == [
        "DR104 2:8",
        "DR109 5:12",
        "DR110 6:5",
        "DR110 6:9",
        "DR109 8:36",
        "DR106 9:7",
        "DR111 11:1",
        "DR109 15:50",
        "DR113 16:19",
        "DR104 17:19",
        "DR110 19:20",
        "DR104 20:20",
        "DR104 21:19",
        "DR107 22:20",
        "DR109 23:20",
    ]


def test_what_is_beyond_reading_is_marked_as_broken() -> None:
    node, found = read('a: "b\nc: >= 3\nd: *e\nf: {g: h\ni: j\n')
    assert len(found) == 4
    assert plain(node) == {"a": "BROKEN", "c": "BROKEN", "d": "BROKEN", "f": "BROKEN", "i": "j"}


EDITS = {  # how people break a line, and how often on SAMPLE that gives something other than one diagnostic there
    "full-width colon": (r": ?(?=\S)", "："),
    "full-width comma": (r", (?=[a-z]+:)", "，"),
    "no comma": (r", (?=[a-z]+:)", " "),
    "no closing bracket": (r"[\]}]", ""),
    "tab": (r"^  ", "\t"),
    "full-width indentation": (r"^  ", "　"),
    "no space after dash": (r"(?<=  -) (?=[a-z{])", ""),
    "no-break space": (r"(?<=[a-z]:) ", "\u00a0"),
    "symbol": (r"(?<=at_least: )|(?<=more_than: )", ">= "),
    "alias": (r"(?<=: )(?=[a-zA-Z])", "*"),
    "no closing quote": (r"(?<=[^ ])\"", ""),
}


@pytest.mark.parametrize("name", EDITS)
def test_one_mistake_gives_one_diagnostic_on_its_line(name: str) -> None:
    pattern, replacement = EDITS[name]
    for match in re.finditer(pattern, SAMPLE, re.MULTILINE):
        line = SAMPLE.count("\n", 0, match.start()) + 1
        text = SAMPLE[: match.start()] + replacement + SAMPLE[match.end() :]
        before_comment = "#" not in SAMPLE[: match.start()].rpartition("\n")[2]
        if before_comment and not (
            "：" in replacement and "：超级" in text[match.start() :].partition("\n")[0]
        ):
            assert [each.span.line for each in read(text)[1]] == [line], text.splitlines()[line - 1]


# --- hostile files ------------------------------------------------------------------------------------

LAUGHS = 'a: &a ["lol"]\n' + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "billion laughs": LAUGHS,
    "merge bomb": "".join(f"m{i}: &m{i}\n  <<: [{', '.join([f'*m{i - 1}'] * 9)}]\n" for i in range(1, 30)),
    "25 KB of [": "[" * 25_000,
    "1 MB of [": "[" * 1_000_000,
    "10,000 deep, flow": "[" * 10_000 + "]" * 10_000,
    "10,000 deep, braces": "{a: " * 10_000 + "}" * 10_000,
    "deep block": "".join(" " * depth + "a:\n" for depth in range(1_000)),
    "10,000 deep, items": "- " * 10_000 + "a",
    "10,000 deep, question marks": "? " * 10_000,
    "600 KB sexagesimal": "a: " + "1:" * 300_000 + "1",
    "long sexagesimal": "a: " + "1:" * 9_000 + "1",
    "5,000 digits": "a: " + "9" * 5_000,
    "5,000 octal digits": "a: 0" + "7" * 5_000,
    "many digits": "".join(f"- {'7' * 19_000}\n- 0{'7' * 19_000}\n" for _ in range(20)),
    "long lines": "".join(f"k{i}:\n  {'x' * 18_000} y:z\n" for i in range(40)),
    "long line without colon": f"{'x' * 400_000}\n{'y ' * 200_000}\nb: c",
    "long key in front of a full-width colon": f"{'x' * 15_000}：a\n" * 20,
    "curly": "a: " + "“" * 15_000 + '"\n' + 'b: "' + "“x" * 9_000,
    "huge exponent": "a: 1e999999999999",
    "endless tag": "!<" + "a" * 900_000,
    "tag directives": "".join(f"%TAG !a{i}! tag:x\n" for i in range(30_000)),
    "tag directives, old line ends": "".join(f"%TAG !a{i}! tag:x\r" for i in range(30_000)),
    "nothing but NUL": "\0" * 500_000,
    "lone surrogates": "a: \ud800\n\udfff: b\n" * 3_000,
    "noncharacters": "a: \ufdd0\nb: \uffff",
    "blank lines": "\n" * 900_000,
    "spaces": " " * 900_000,
    "tabs": "\ta: b\n" * 50_000,
    "no-break spaces": "\u00a0a: b\n" * 50_000,
    "full-width colons": "a：b\n" * 50_000,
    "missing colons": "a b\n" * 50_000,
    "documents": "---\n" * 200_000,
    "anchors": "&a " * 100_000,
    "repeated keys": "a: 1\n" * 50_000,
    "many entries": "{" + "a," * 400_000,
    "open quotes": "- 'a\n" * 50_000,
    "brackets": "- [a\n" * 50_000,
    "closing brackets": "- ]\n" * 50_000,
    "stairs": "".join(" " * (i % 60) + "a: b\n" for i in range(10_000)),
    "one long line": "a: b, " * 100_000,
    "tag with a bad escape": "a: !50%}\n",
    "bidi": "a: \u202e}x{ \u2066\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    _, found = read(HOSTILE[name])
    said = render_all(found, "zh") + str(PolicyError(found)) + render_all(found, "en")
    assert len(found) <= 200
    assert len(said) < 400_000
    said.encode()
    assert bool(found) == (name not in {"5,000 digits", "long lines"})


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not brief("a: " + "[" * 63 + "]" * 63)
    assert brief("a: " + "[" * 64 + "]" * 64) == ["DR108 1:67"]
    assert not brief(f"a: {'x' * 20_000}")
    assert brief(f"a: {'x' * 20_001}") == ["DR108 1:4"]
    monkeypatch.setattr(parse_module, "MAX_NODES", 1_000)
    assert not brief("- a\n" * 999)
    assert brief("- a\n" * 1_001) == ["DR108 1001:3"]


def test_poison_in_the_file_is_not_mistaken_for_ours() -> None:
    assert brief("a: \ufdd0") == ["DR104 1:4"]
    node, found = read('a: "\\uFDD0"')
    assert not found
    assert isinstance(node, MapNode)
    assert not any(value.broken for _, value in node.entries if isinstance(value, ScalarNode))


PIECES = [
    *"[]{}:,-#&*!|>'\"%@`\t\n\r \\?\0\u3000\u00a0：，“”＃－｛［\u2028\u200b\ufeff\ud800\ufdd0012.~an",
    "\n  ", "\n- ", ": ", "- ", "<<: *a", "---\n", "...\n", "\r\n", "&a ", "!!x ", ">= 3", "no", "1:30",
]  # fmt: skip


def mutated(chance: random.Random, text: str) -> str:
    for _ in range(chance.choice([1, 1, 2, 3, 5, 10, 40])):
        at, other = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
        match chance.randrange(4):
            case 0:
                text = text[:at] + chance.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + chance.choice(PIECES) + text[at + 1 :]
            case 2:
                text = text[:at] + text[at + chance.choice([1, 2, 5, 30]) :]
            case _:
                text = text[:at] + text[other : other + chance.randrange(60)] + text[at:]
    return text


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_mutated_text(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_module, "_LOADER", getattr(yaml, loader))
    chance = random.Random(20140901)
    for _ in range(500 if loader == "CSafeLoader" else 100):
        text = mutated(chance, SAMPLE)
        node, found = read(text)
        for each in found:
            line = each.span.source.line(each.span.line)
            assert 1 <= each.span.column <= len(line) + 2, text
            each.render("zh").encode()
            each.render("en").encode()
        assert node is not None or found, text


def test_mutated_bytes(tmp_path: Path) -> None:
    chance = random.Random(20140902)
    path = tmp_path / "a.yaml"
    for encoding in ["utf-8", "gbk", "utf-16"] * 60:
        data = bytearray(SAMPLE.encode(encoding))
        for _ in range(chance.choice([1, 3, 10])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        source, found = read_file(path, "a.yaml")
        if source is not None:
            found += parse(source)[1]
        render_all(found, "zh").encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_slow_loader_finds_the_same(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = brief(case.text)
    monkeypatch.setattr(parse_module, "_LOADER", yaml.SafeLoader)
    assert brief(case.text) == expected
