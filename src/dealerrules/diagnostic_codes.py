"""The table of diagnostic codes: every message this library can give about a policy file, zh and en.

Place in the flow: below diagnostics.py, which places these messages in a file and renders them.
A message is a ``str.format`` template with named fields, the same fields in both languages. One code, one
meaning, for ever: change the wording freely, never the id.
DR1xx: file and YAML. DR2xx and up: the policy itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(StrEnum):
    """How bad it is: a policy with an error is not loaded, a warning is only shown."""

    ERROR = "error"
    WARNING = "warning"


ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of diagnostic: what it says, what to do about it, and why it exists, by language."""

    id: str
    severity: Severity
    message: Mapping[str, str]
    help: Mapping[str, str]
    about: Mapping[str, str]


CODES: Final[dict[str, Code]] = {}
"""Every code by its id, in the order of the table."""


def add_code(
    code: str,
    severity: Severity,
    *,
    zh: str,
    en: str,
    help_zh: str = "",
    help_en: str = "",
    about_zh: str = "",
    about_en: str = "",
) -> None:
    """Add one code to the table."""
    if code in CODES:
        message = f"{code} stands twice in the table"
        raise ValueError(message)
    CODES[code] = Code(
        id=code,
        severity=severity,
        message={"zh": zh, "en": en},
        help={"zh": help_zh, "en": help_en},
        about={"zh": about_zh, "en": about_en},
    )


# --- DR1xx: the file, and YAML ------------------------------------------------------------------------

add_code(
    "DR101",
    ERROR,
    zh="无法读取文件：{reason}",
    en="cannot read the file: {reason}",
    help_zh="检查路径是否写对、文件是否允许读取",
    help_en="check the path, and that you may read the file",
    about_zh="文件不存在、没有读取权限，或者不是普通文件（例如目录、管道）。",
    about_en="The file does not exist, may not be read, or is no regular file (a directory, a pipe).",
)
add_code(
    "DR102",
    ERROR,
    zh="文件是空的",
    en="the file is empty",
    help_zh="写入政策内容；如果用不着，就删掉这个文件",
    help_en="write a policy into it, or delete it",
    about_zh="文件里什么也没有，或者只有空行和注释。",
    about_en="There is nothing in the file, or only blank lines and comments.",
)
add_code(
    "DR103",
    ERROR,
    zh="文件不是 UTF-8 编码，看起来是{encoding}",
    en="the file is not UTF-8 text: it looks like {encoding}",
    help_zh="重新存成 UTF-8 编码（记事本：另存为，编码选 UTF-8）",
    help_en="save it again as UTF-8 (in Notepad: Save As, Encoding: UTF-8)",
    about_zh="政策文件用 UTF-8 编码。别的编码读出来会是乱码，所以不猜。",
    about_en="Policy files are UTF-8. Guessing another encoding could silently change the text.",
)
add_code(
    "DR104",
    ERROR,
    zh="YAML 写法有误：{problem}",
    en="not valid YAML: {problem}",
    help_zh="{remedy}",
    help_en="{remedy}",
    about_zh="这一处不符合 YAML 的写法，后面的内容无法可靠地理解。",
    about_en="This place does not follow the grammar of YAML, so what was meant cannot be known.",
)
add_code(
    "DR105",
    ERROR,
    zh="从这里开始了第二个文档",
    en="a second document begins here",
    help_zh="一个文件只放一份政策：删掉这一行，或者把后面的内容移到另一个文件",
    help_en="a file holds one policy: remove this line, or move what follows into a file of its own",
    about_zh="`---` 会把一个 YAML 文件分成几个文档，而一个政策文件只能有一个。",
    about_en="`---` splits a YAML file into several documents; a policy file is exactly one.",
)
add_code(
    "DR106",
    ERROR,
    zh="`{key}` 写了两次，第一次在第 {line} 行",
    en="`{key}` is written twice, first on line {line}",
    help_zh="留下一个，或者给其中一个改名",
    help_en="keep one of the two, or rename one",
    about_zh="很多 YAML 程序遇到重复的键会悄悄丢掉前一个，金额就这样被改掉了。",
    about_en="Many YAML programs silently drop the first of two equal keys; that is how amounts get lost.",
)
add_code(
    "DR107",
    ERROR,
    zh="政策文件里不能用{what} `{text}`",
    en="{what} `{text}` cannot be used in a policy file",
    help_zh="{remedy}",
    help_en="{remedy}",
    about_zh="锚点、别名、标签、合并键和复合键会让人看不出一处写的到底是什么，还能让很小的文件膨胀到撑爆内存。",
    about_en="Anchors, aliases, tags, merge keys and complex keys hide what a place says, and let a tiny file grow until memory is full.",
)
add_code(
    "DR108",
    ERROR,
    zh="{what}，最多 {limit}",
    en="{what}: at most {limit}",
    help_zh="拆成几个文件，或者看看是不是误贴了内容",
    help_en="split it into several files, or look for something pasted by mistake",
    about_zh="限制大小和层数，是为了让任何文件都能很快读完。",
    about_en="The limits make sure that any file at all is read within a moment.",
)
add_code(
    "DR109",
    ERROR,
    zh="这里不能用{name}（{codepoint}）",
    en="{name} ({codepoint}) cannot be used here",
    help_zh="{remedy}",
    help_en="{remedy}",
    about_zh="中文输入法打出的全角标点和数字、网页复制来的特殊空格，看起来和半角的差不多，YAML 却不认。",
    about_en="Full-width punctuation and digits, special spaces and invisible characters look like the ASCII ones, but YAML does not read them so.",
)
add_code(
    "DR110",
    ERROR,
    zh="`{text}` 会被 YAML 当成{meaning}",
    en="YAML takes `{text}` for {meaning}",
    help_zh="{remedy}",
    help_en="{remedy}",
    about_zh="YAML 会把一些不加引号的写法悄悄换成别的值：no 变成 false，010 变成 8，1:30 变成 90。",
    about_en="YAML silently turns some unquoted texts into other values: no into false, 010 into 8, 1:30 into 90.",
)
add_code(
    "DR111",
    ERROR,
    zh="缩进用了制表符（Tab）",
    en="a tab is used for indentation",
    help_zh="用空格缩进，每层两个",
    help_en="indent with spaces, two for each level",
    about_zh="制表符在不同编辑器里宽度不同，YAML 不允许用它缩进。",
    about_en="A tab is as wide as each editor likes, so YAML does not allow it as indentation.",
)
add_code(
    "DR112",
    WARNING,
    zh="文件是 GBK 编码，已按 GBK 读取",
    en="the file is encoded in GBK, and was read as GBK",
    help_zh="重新存成 UTF-8 编码（记事本：另存为，编码选 UTF-8）",
    help_en="save it again as UTF-8 (in Notepad: Save As, Encoding: UTF-8)",
    about_zh="旧版 Windows 程序常把中文存成 GBK。能认出来就照读，但请改存 UTF-8。",
    about_en="Older Windows programs save Chinese text as GBK. It is read where it is certain, but please save it as UTF-8.",
)
add_code(
    "DR113",
    WARNING,
    zh="`{comment}` 会被当成注释，这里的值只剩 `{text}`",
    en="`{comment}` is taken for a comment, and the value is only `{text}`",
    help_zh="如果 `#` 是内容，给整个值加引号；如果是注释，在 `#` 后面空一格",
    help_en="if the `#` belongs to the value, put the whole value in quotes; if it is a comment, write a space after `#`",
    about_zh="空格加 `#` 在 YAML 里是注释的开头，后面的文字会悄悄丢掉。",
    about_en="A space and a `#` begin a comment in YAML, so the rest of the value is silently lost.",
)

# --- DR2xx: the form of the document ------------------------------------------------------------------

add_code(
    "DR201",
    ERROR,
    zh="不认识的键 `{key}`",
    en="unknown key `{key}`",
    help_zh="这里可以用：{known}",
    help_en="keys here: {known}",
    about_zh="键名写错，或者写在了不该写的地方（例如缩进错位）。",
    about_en="The key is misspelt, or stands where it does not belong (a slipped indentation, say).",
)
add_code(
    "DR202",
    ERROR,
    zh="缺少 `{key}`",
    en="`{key}` is missing",
    help_zh="补上 `{key}:`",
    help_en="add `{key}:`",
    about_zh="这一段少了必须写的键。",
    about_en="This part lacks a key that it must have.",
)
add_code(
    "DR203",
    ERROR,
    zh="这里应该是{expected}，现在是{got}",
    en="{expected} is needed here, not {got}",
    help_zh="检查缩进，以及是不是少了短横 `-`、冒号或括号",
    help_en="check the indentation, and whether a dash, a colon or a bracket is missing",
    about_zh="内容的形式不对，例如该写列表的地方写成了一个词。",
    about_en="The form is wrong: a single word, say, where a list is needed.",
)
add_code(
    "DR204",
    ERROR,
    zh="`{word}` 不能用在这里",
    en="`{word}` cannot stand here",
    help_zh="可以写：{words}",
    help_en="write one of: {words}",
    about_zh="这里只能写规定的几个词之一。",
    about_en="Only certain words can stand here.",
)
add_code(
    "DR205",
    ERROR,
    zh="这里什么也没有写",
    en="nothing is written here",
    help_zh="写上内容，或者把这个键去掉",
    help_en="write a value, or take the key away",
    about_zh="键后面是空的；空值从来不会当作 0 或“否”。",
    about_en="The key has no value. Nothing is never read as 0 or as no.",
)
add_code(
    "DR206",
    ERROR,
    zh="`{id}` 不能作为编号或名字",
    en="`{id}` cannot be an id or a name",
    help_zh="编号和名字里不要有空格、点、冒号、逗号、括号和反引号",
    help_en="ids and names have no space, dot, colon, comma, bracket or backtick",
    about_zh="编号用来拼成 `sales.referred-3` 这样的完整编号，所以不能含有点和空格等符号。",
    about_en="Ids are joined into full ids such as `sales.referred-3`, so they cannot hold dots, spaces and the like.",
)

add_code(
    "DR207",
    ERROR,
    zh="`{key}` 和上面空着的 `{above}` 并排了",
    en="`{key}` stands beside `{above}`, which is empty",
    help_zh="如果它属于 `{above}`，再往右缩进两个空格",
    help_en="if it belongs to `{above}`, indent it by two more spaces",
    about_zh="属于上一行的内容要缩进到它下面；并排写就成了另外的键。",
    about_en="What belongs to a key is indented below it; beside it, it is a key of its own.",
)

add_code(
    "DR208",
    ERROR,
    zh="`{value}` 在这里被逗号断成了两项",
    en="the comma cuts `{value}` in two here",
    help_zh='花括号和方括号里的逗号用来分开各项：写成 `{plain}`，或者加引号 `"{value}"`',
    help_en='within braces and brackets a comma separates entries: write `{plain}`, or quotes `"{value}"`',
    about_zh="花括号里的 `from: 1,000 yuan` 会被读成 `from: 1` 和另一个键 `000 yuan`。",
    about_en="Within braces, `from: 1,000 yuan` reads as `from: 1` and another key `000 yuan`.",
)

add_code(
    "DR209",
    ERROR,
    zh="`{table}` 下面应该是名字，`{key}` 是名字里面的键",
    en="names stand below `{table}`, and `{key}` belongs below a name",
    help_zh="上面少了写名字的一行，或者缩进少了一层",
    help_en="the line with the name is missing above, or the indentation is one level short",
    about_zh="参数、等级、阶段、物品和决策都先写名字，再在下面缩进写内容；少了名字，内容就散开了。",
    about_en="Parameters, levels, stages, items and decisions begin with a name, and what they are is indented below it.",
)

add_code(
    "DR210",
    ERROR,
    zh="这一行缩进了 {by} 个空格，位置不对",
    en="this line is indented by {by}, which puts it in the wrong place",
    help_zh="缩进 {to} 个空格，文件的其余部分就对得上了",
    help_en="indent it by {to}, and the rest of the file fits",
    about_zh="YAML 用缩进表示什么属于什么：属于上一行的缩进到它下面，并列的对齐。挪动一行，下面的许多行就归到了别处。",
    about_en="In YAML indentation says what belongs to what. One line moved takes many below it along, so only that line is reported.",
)
add_code(
    "DR211",
    ERROR,
    zh="从这一行起的一段缩进了 {by} 个空格，位置不对",
    en="this line and those below it are indented by {by}, which puts them in the wrong place",
    help_zh="整段缩进 {to} 个空格，文件的其余部分就对得上了",
    help_en="indent it by {to}, with all that is below it, and the rest of the file fits",
    about_zh="整段复制或移动以后，缩进要和它所在的层对齐。",
    about_en="A part that was copied or moved is indented as the level where it stands.",
)
add_code(
    "DR212",
    ERROR,
    zh="这一行上面少了一行 `{line}`",
    en="the line `{line}` is missing above this one",
    help_zh="补上这一行；`NAME` 换成名字，`id` 换成编号",
    help_en="write it; where it says `NAME` or `id`, write the name or the id",
    about_zh="少了开头的一行，下面的内容就归到了上一段。",
    about_en="Without its first line, what is below belongs to the part before it.",
)
add_code(
    "DR213",
    ERROR,
    zh="这一行和下一行 `{below}` 的先后反了",
    en="this line and the next, `{below}`, stand in the wrong order",
    help_zh="把两行对调",
    help_en="change their places",
    about_zh="一段的首行要在它的内容前面。",
    about_en="The first line of a part stands before what belongs to it.",
)
add_code(
    "DR214",
    ERROR,
    zh="这一行像是注释，前面少了 `#`",
    en="this line looks like a comment without its `#`",
    help_zh="在前面写上 `# `",
    help_en="begin it with `# `",
    about_zh="没有 `#` 的说明会被当成政策的内容。",
    about_en="An explanation without `#` is read as part of the policy.",
)
add_code(
    "DR215",
    ERROR,
    zh="`{word}` 在这个列表里写了两次",
    en="`{word}` stands twice in this list",
    help_zh="去掉一个；也许其中一个本来要写别的词",
    help_en="take one away; perhaps one of them was meant to be another word",
    about_zh="条件里的列表是“其中之一”，同一个词写两次没有意思，多半是复制以后没有改。",
    about_en="A list in a condition means one of them; a word twice means nothing more, and is mostly a copy that was not changed.",
)

# --- DR3xx: names -------------------------------------------------------------------------------------

add_code(
    "DR301",
    ERROR,
    zh="`{subject}` 没有名为 `{name}` 的事实",
    en="`{subject}` has no fact `{name}`",
    help_zh="运行 `dealerrules facts` 可以看到全部事实",
    help_en="`dealerrules facts` lists all facts",
    about_zh="条件里的名字既不是字段、事实，也不是决策，或者属于另一种对象。",
    about_en="The name in the condition is no field, fact or decision, or belongs to another subject.",
)
add_code(
    "DR302",
    ERROR,
    zh="没有 `{word}` 这种要求",
    en="there is no test `{word}`",
    help_zh="可以用：{words}",
    help_en="tests: {words}",
    about_zh="事实后面的要求用英文词写，例如 `at_least: 3`。",
    about_en="A test is a word, such as `at_least: 3`.",
)
add_code(
    "DR303",
    ERROR,
    zh="这个事实没有写怎么得出",
    en="this fact does not say how it comes about",
    help_zh="用下面之一：{forms}",
    help_en="use one of: {forms}",
    about_zh="每个事实正好有一种写法，例如 `count: visits`。",
    about_en="A fact has exactly one form, such as `count: visits`.",
)
add_code(
    "DR304",
    ERROR,
    zh="`{first}` 和 `{second}` 不能写在同一个事实里",
    en="`{first}` and `{second}` cannot stand in one fact",
    help_zh="只留一个，另一个写成单独的事实",
    help_en="keep one, and make the other a fact of its own",
    about_zh="每个事实正好有一种写法。",
    about_en="A fact has exactly one form.",
)
add_code(
    "DR305",
    ERROR,
    zh="`{name}` 不是附加字段",
    en="`{name}` is no attribute",
    help_zh="在客户的事实里写 `customer.attributes.名字`；普通字段直接用名字，不用定义",
    help_en="write `customer.attributes.NAME`, in a fact of customers; plain fields are facts already, by name",
    about_zh="`field:` 只用来读取客户的附加字段（attributes）。",
    about_en="`field:` reads an attribute of the customer; every plain field is a fact already.",
)
add_code(
    "DR306",
    ERROR,
    zh="`{name}` 不是这里可以用的表",
    en="`{name}` is no table that can stand here",
    help_zh="可以用：{tables}",
    help_en="tables: {tables}",
    about_zh="只能统计这种对象的事件表；`streak` 只用于 insurance。",
    about_en="Only the subject's event tables can be counted; `streak` is for insurance.",
)
add_code(
    "DR307",
    ERROR,
    zh="`items:` 里没有 `{name}`",
    en="there is no item `{name}`",
    help_zh="在 `items:` 里加上它，或改正名字",
    help_en="add it under `items:`, or correct the name",
    about_zh="礼品和服务都要先在 `items:` 里写明。",
    about_en="Goods and services are listed under `items:` first.",
)
add_code(
    "DR308",
    ERROR,
    zh="互相依赖，绕成了圈：{members}",
    en="these depend on each other in a circle: {members}",
    help_zh="去掉其中一个依赖",
    help_en="take one of the dependencies away",
    about_zh="决策、角度和事实按依赖的先后计算，绕成圈就没有先后。",
    about_en="Decisions, angles and facts are worked out in order of dependency; a circle has no order.",
)
add_code(
    "DR309",
    ERROR,
    zh="名字 `{name}` 已经有别的意思：{taken}",
    en="the name `{name}` is taken: {taken}",
    help_zh="换一个名字",
    help_en="choose another name",
    about_zh="字段、事实、决策、参数各有其名，同名会让条件有两种意思。",
    about_en="Fields, facts, decisions and parameters each have their own name; two meanings of one name would be a trap.",
)
add_code(
    "DR310",
    ERROR,
    zh="编号 `{id}` 重复，第一次在{first}",
    en="the id `{id}` stands twice, first on {first}",
    help_zh="换一个编号；复制来的规则要改编号",
    help_en="choose another id; a copied rule needs its own",
    about_zh="每条规则、分档、行的编号在决策里只出现一次。",
    about_en="The id of a rule, band or row stands once in its decision.",
)
add_code(
    "DR311",
    ERROR,
    zh="没有可以授予的等级 `{name}`",
    en="there is no level `{name}` to grant",
    help_zh="可以授予：{levels}",
    help_en="levels to grant: {levels}",
    about_zh="角度下面的键是等级；最后一个等级人人都有，不能再授予。",
    about_en="The keys of an angle are levels; the last level is everyone's and is not granted.",
)
add_code(
    "DR312",
    ERROR,
    zh="没有 `{path}` 可以改动",
    en="there is no `{path}` to change",
    help_zh="写成 `决策.编号`，例如 `tier.sales.referred-3`",
    help_en="write `decision.id`, such as `tier.sales.referred-3`",
    about_zh="门店文件只能改写或去掉集团文件里有的东西。",
    about_en="A store's file can override or remove only what the group's file has.",
)
add_code(
    "DR313",
    ERROR,
    zh="没有可以继承的政策 `{name}`",
    en="there is no policy `{name}` to extend",
    help_zh="写政策名（`policy:` 后面的）或文件路径，并一起载入",
    help_en="name the policy (what stands after `policy:`) or the path of its file, and load it too",
    about_zh="`extend:` 指向一起载入的另一个政策。",
    about_en="`extend:` names another policy that is loaded with this one.",
)
add_code(
    "DR314",
    ERROR,
    zh="没有 `{name}` 这种对象",
    en="there is no subject `{name}`",
    help_zh="可以用：{words}",
    help_en="subjects: {words}",
    about_zh="`subject:` 说明决策针对谁或什么。",
    about_en="`subject:` says what a decision is about.",
)
add_code(
    "DR315",
    ERROR,
    zh="`{name}` 不是 `{subject}` 的日期字段",
    en="`{name}` is no date field of `{subject}`",
    help_zh="日期字段：{words}",
    help_en="date fields: {words}",
    about_zh="`dated_by:` 指定用哪一天的政策版本。",
    about_en="`dated_by:` names the day whose version of the policy decides.",
)
add_code(
    "DR316",
    ERROR,
    zh="`{table}` 里没有字段 `{name}`",
    en="`{table}` has no field `{name}`",
    help_zh="字段：{words}",
    help_en="fields: {words}",
    about_zh="`where`、`that` 和 `take` 里用的是事件表自己的字段，不是客户的事实。",
    about_en="In `where`, `that` and `take` stand the event's own fields, not facts of the customer.",
)
add_code(
    "DR317",
    ERROR,
    zh="`{name}` 依赖的事实一环套一环，超过 {limit} 层",
    en="`{name}` needs facts that each need the next, more than {limit} of them",
    help_zh="合并其中几个事实，或者检查是不是误贴了内容",
    help_en="make fewer facts of them, or look for something pasted by mistake",
    about_zh="限制层数，是为了让任何政策都能很快算完。",
    about_en="The limit makes sure that any policy is worked out within a moment.",
)
add_code(
    "DR318",
    ERROR,
    zh="`{name}` 在所继承的政策里已经有了",
    en="the policy that is extended has `{name}` already",
    help_zh="要改动它，写在 `override:` 下面；要另加一个，换一个名字",
    help_en="to change it, write it under `override:`; to add another, choose another name",
    about_zh="改写集团政策要写明是改写，避免无意中盖掉。",
    about_en="What changes the group's policy says so, so that nothing is replaced by accident.",
)
add_code(
    "DR319",
    ERROR,
    zh="`{name}` 是 `{owner}` 的事实，不是 `{subject}` 的",
    en="`{name}` is a fact of `{owner}`, not of `{subject}`",
    help_zh="看看是不是少写了 `subject: {owner}`",
    help_en="is `subject: {owner}` missing?",
    about_zh="一个决策只能用自己对象的事实；不写 `subject:` 就是客户。",
    about_en="A decision uses the facts of its own subject; without `subject:` that is the customer.",
)
add_code(
    "DR320",
    ERROR,
    zh="`{name}` 是全店的比率，不是一位客户的事实",
    en="`{name}` is a rate of the whole store, not a fact of one customer",
    help_zh="比率用 `book.rates` 和报告查看；条件里只能用单个客户的事实",
    help_en="rates stand in `book.rates` and in reports; a condition asks about one customer",
    about_zh="比率说的是所有客户合起来的情况，不能作为某一位客户的条件。",
    about_en="A rate is about all customers together, so it cannot be a condition on one of them.",
)
add_code(
    "DR321",
    ERROR,
    zh="`{table}` 没有车架号，不知道是哪台车",
    en="`{table}` has no VIN: it does not say which vehicle",
    help_zh="数车辆时可以用的表：{words}；或者改为 `count: customers`",
    help_en="tables that name a vehicle: {words}; or count customers",
    about_zh="数车辆时，事件按车架号对应到车。",
    about_en="Where vehicles are counted, events are matched to them by VIN.",
)
add_code(
    "DR322",
    ERROR,
    zh="这里定义的 `{name}` 没有地方用；用了 {count} 处的 `{used}` 却没有定义",
    en="`{name}`, defined here, is used nowhere, and `{used}` is used in {count} places and defined nowhere",
    help_zh="两处的名字要一样；如果是改名，用到的地方一起改",
    help_en="write the same name in both places; if you renamed it, rename it where it is used too",
    about_zh="只改了定义处的名字，引用的地方就都落空了。",
    about_en="A name changed only where it is defined leaves all its uses without meaning.",
)

# --- DR4xx: values and units --------------------------------------------------------------------------

add_code(
    "DR401",
    ERROR,
    zh="`{value}` 是{found}，这里需要{kind}",
    en="`{value}` is {found}, but {kind} is needed here",
    help_zh="写法如 `{example}`",
    help_en="write it like `{example}`",
    about_zh="单位和事实不符。",
    about_en="The unit does not fit the fact.",
)
add_code(
    "DR402",
    ERROR,
    zh="`{value}` 没有单位，这里需要{kind}",
    en="`{value}` has no unit, but {kind} is needed here",
    help_zh="单位总要写，0 也一样{example}",
    help_en="a unit is always written, with 0 too{example}",
    about_zh="没有单位的数只能是个数；0.7 不会被当成 70%，500 不会被当成 500 元。",
    about_en="A bare number is a count only: 0.7 is never read as 70%, nor 500 as 500 yuan.",
)
add_code(
    "DR403",
    ERROR,
    zh="参数 `{name}` 是{found}，这里需要{expected}",
    en="the parameter `{name}` is {found}, but {expected} is needed here",
    help_zh="换一个参数，或改参数的 `type:`",
    help_en="use another parameter, or change its `type:`",
    about_zh="参数的类型和用处不符。",
    about_en="The parameter's type does not fit its use.",
)
add_code(
    "DR404",
    ERROR,
    zh="`{word}` 不是这里的取值",
    en="`{word}` is no value here",
    help_zh="可以写：{words}",
    help_en="values: {words}",
    about_zh="这个事实只有规定的几种取值。",
    about_en="This fact has only certain values.",
)
add_code(
    "DR405",
    ERROR,
    zh="`{name}` 是{kind}，没有大小，不能用 `{word}`",
    en="`{name}` is {kind} and has no order, so `{word}` cannot test it",
    help_zh="用 `is`、`one_of` 或直接写值",
    help_en="use `is`, `one_of`, or write the value",
    about_zh="只有数量、金额、日期和有顺序的等级可以比大小。",
    about_en="Only quantities, dates and ordered scales compare by size.",
)
add_code(
    "DR406",
    ERROR,
    zh="`{value}` 既不是{kind}，也不是参数",
    en="`{value}` is neither {kind} nor a parameter",
    help_zh="{remedy}",
    help_en="{remedy}",
    about_zh="数值写错，例如数字和单位之间少了空格，或用了中文单位。",
    about_en="The value is not well written: a missing space before the unit, say, or a Chinese unit.",
)
add_code(
    "DR407",
    ERROR,
    zh="没有 `{value}` 这个值",
    en="there is no such value as `{value}`",
    help_zh="日期写成 `2014-09-01`；金额最小到分；月和天是整数",
    help_en="dates as `2014-09-01`; money in whole fen; months and days are whole",
    about_zh="日历上没有这一天，或者金额小于一分，或者月数、天数不是整数。",
    about_en="The day is not in the calendar, the amount has parts of a fen, or the duration is not whole.",
)
add_code(
    "DR408",
    ERROR,
    zh="`{word}` 需要日期，`{name}` 是{kind}",
    en="`{word}` needs a date, and `{name}` is {kind}",
    help_zh="换成日期类的事实，例如 `last_visit_on`",
    help_en="use a fact that is a date, such as `last_visit_on`",
    about_zh="只有日期才能算过了多久。",
    about_en="Only from a date can time be counted.",
)
add_code(
    "DR409",
    ERROR,
    zh="等级 `{name}` 不能参与计算",
    en="the level `{name}` cannot be computed with",
    help_zh="等级只能在条件里用，例如 `{name}: {{at_least: {level}}}`",
    help_en="a level stands in conditions only, such as `{name}: {{at_least: {level}}}`",
    about_zh="等级是一个范围，直到未知的事实补齐。",
    about_en="A level is a range until the unknown facts are settled, so it can only be tested.",
)
add_code(
    "DR410",
    ERROR,
    zh="`multiply` 里不能写数 `{value}`",
    en="`multiply` takes no literal such as `{value}`",
    help_zh="把它写成参数，或用 `share: 20%` 和 `of:`",
    help_en="make it a parameter, or use `share: 20%` with `of:`",
    about_zh="写在公式里的数没有名字，别人看不懂它是什么。",
    about_en="A number inside a formula has no name to tell what it is.",
)
add_code(
    "DR411",
    ERROR,
    zh="`{word}` 不能用于{left}和{right}",
    en="`{word}` does not go with {left} and {right}",
    help_zh="单位要相配；金额不能乘金额",
    help_en="the units must go together; money times money is nothing",
    about_zh="单位不相配的运算没有意义。",
    about_en="Arithmetic on units that do not go together means nothing.",
)
add_code(
    "DR412",
    ERROR,
    zh="`{name}` 没有单一的值，不能用在这里",
    en="`{name}` has no single value, so it cannot stand here",
    help_zh="能用的是只有一个输出的规则表；输出不是列表，`hit` 不是 `collect`",
    help_en="a rules table can stand here when it has one output, which is no list, and its `hit` is not `collect`",
    about_zh="几个输出、列表或多行结果不能和一个值比较。",
    about_en="Several outputs, a list or several rows cannot be compared with a value.",
)
add_code(
    "DR413",
    ERROR,
    zh="`{word}` 需要{expected}，`{name}` 是{found}",
    en="`{word}` needs {expected}, and `{name}` is {found}",
    help_zh="换一个事实，或先算出需要的数",
    help_en="use another fact, or one that is computed from it",
    about_zh="这种写法只对某些种类的值有意义。",
    about_en="This form has a meaning for certain kinds of value only.",
)

# --- DR5xx: the sense of a decision -------------------------------------------------------------------

add_code(
    "DR501",
    ERROR,
    zh="这一档的起点没有高于上一档",
    en="this band does not begin above the one before it",
    help_zh="分档按起点从低到高写，起点不能相同",
    help_en="write bands by rising start, each start once",
    about_zh="每一档只写从哪里开始，到下一档为止，所以要从低到高。",
    about_en="A band says where it begins and lasts to the next, so they stand in rising order.",
)
add_code(
    "DR502",
    ERROR,
    zh="`{policy}` 的两个版本在{start}同时有效",
    en="two versions of `{policy}` are in force on {start}",
    help_zh="给前一个版本写上 `until:`，到后一个版本的前一天为止；不同的政策用不同的名字",
    help_en="give the earlier one an `until:` on the day before the later one begins; two policies need two names",
    about_zh="同一个政策在同一天只能有一个版本。",
    about_en="On any day one version of a policy is in force.",
)
add_code(
    "DR503",
    ERROR,
    zh="金额可能不是整分，需要写 `rounding`",
    en="amounts here may have parts of a fen, so `rounding` is needed",
    help_zh="例如 `rounding: half_up to 1 fen`",
    help_en="such as `rounding: half_up to 1 fen`",
    about_zh="取整只在发放时做一次，怎么取整要写明。",
    about_en="Rounding happens once, at the payout, by a rule that is written.",
)
add_code(
    "DR504",
    ERROR,
    zh="`when` 和 `otherwise` 要一起写",
    en="`when` and `otherwise` stand together",
    help_zh="写明条件不成立时付多少，例如 `otherwise: 0 yuan`",
    help_en="say what is paid when the condition is false, such as `otherwise: 0 yuan`",
    about_zh="不发也要写明是不发，而不是漏写。",
    about_en="That nothing is paid is written, never left out.",
)
add_code(
    "DR505",
    ERROR,
    zh="`{way}` {need} `basis`",
    en="`{way}` {need} `basis`",
    help_zh="按个数或比例付，要写 `basis: whole`（全额）或 `basis: excess`（超额）；固定金额不写",
    help_en="what is paid per unit or in percent has `basis: whole` or `basis: excess`; a lump has none",
    about_zh="全额和超额差别很大，必须写明是哪一种。",
    about_en="Paying on every unit and paying on the excess differ widely; which one it is must be written.",
)
add_code(
    "DR506",
    ERROR,
    zh="这里要正好写一种付法",
    en="exactly one way to pay is needed here",
    help_zh="写 `pays`、`pays_per_unit`、`pays_percent` 之一；整个奖惩写 `bands` 或一个 `pays`",
    help_en="write one of `pays`, `pays_per_unit`, `pays_percent`; a payout has `bands` or one `pays`",
    about_zh="没有付法，或者写了两种。",
    about_en="There is no way to pay, or there are two.",
)
add_code(
    "DR507",
    ERROR,
    zh="这一档要写从哪里开始：`from` 或 `over`，只写一个",
    en="a band begins with `from` or with `over`, one of them",
    help_zh="`from` 含起点，`over` 不含",
    help_en="`from` includes its value, `over` excludes it",
    about_zh="边界上的值归哪一档，必须写明。",
    about_en="Which band a value on the boundary belongs to must be written.",
)
add_code(
    "DR508",
    ERROR,
    zh="有分档就要有 `measure`",
    en="bands need a `measure`",
    help_zh="写 `measure: 事实`；优惠不分档时只写一档，不写起点",
    help_en="write `measure: FACT`; an offer without measure has one band, with no start",
    about_zh="分档要说明按什么分。",
    about_en="Bands must say what they cut up.",
)
add_code(
    "DR509",
    ERROR,
    zh="`{word}` 需要{expected}，`{name}` 是{found}",
    en="`{word}` needs {expected}, and `{name}` is {found}",
    help_zh="`measure` 是数量或日期；`times` 是个数；`pays_percent` 的 `measure` 是金额",
    help_en="a measure is a quantity or a date; `times` is a count; `pays_percent` needs a measure of money",
    about_zh="文字和固定的词不能分档，也不能相乘。",
    about_en="Texts and words cannot be cut into bands or multiplied.",
)
add_code(
    "DR510",
    ERROR,
    zh="单位和 `measure` 不配",
    en="the unit does not fit the `measure`",
    help_zh="`measure` 是比例 `ratio: [a, b]` 时，`unit` 是 `a`；`basis: excess` 时 `unit` 就是 `measure`",
    help_en="for a measure `ratio: [a, b]` the unit is `a`; with `basis: excess` the unit is the measure",
    about_zh="否则说不清这一档从第几个单位开始。",
    about_en="Otherwise it is not clear at which unit the band begins.",
)
add_code(
    "DR511",
    ERROR,
    zh="`{value}` 不是取整方法",
    en="`{value}` is no way to round",
    help_zh="例如 `half_up to 1 fen`；还有 `half_even`、`up`、`down`",
    help_en="such as `half_up to 1 fen`; also `half_even`, `up`, `down`",
    about_zh="取整写成“方法 to 单位”。",
    about_en="Rounding is written as a method, `to`, and a unit.",
)
add_code(
    "DR512",
    ERROR,
    zh="`until` {end} 早于 `from` {start}",
    en="`until` {end} comes before `from` {start}",
    help_zh="两天都包含在内；改正其中一个",
    help_en="both days are included; correct one of them",
    about_zh="结束在开始之前的版本永远不会生效。",
    about_en="A version that ends before it begins is never in force.",
)
add_code(
    "DR513",
    ERROR,
    zh="参数 `{name}` 没有值",
    en="the parameter `{name}` has no value",
    help_zh="补上 `value:`",
    help_en="add `value:`",
    about_zh="参数要有类型和值。",
    about_en="A parameter has a type and a value.",
)
add_code(
    "DR514",
    ERROR,
    zh="物品 `{name}` 要正好写 `value`、`price`、`refund` 之一",
    en="the item `{name}` needs exactly one of `value`, `price`, `refund`",
    help_zh="没有标明价值时写 `value: unstated`",
    help_en="where no value is stated, write `value: unstated`",
    about_zh="没有写价值和价值为零是两回事。",
    about_en="A value that is not stated and a value of nothing are two things.",
)
add_code(
    "DR515",
    ERROR,
    zh="`{side}` 要写数什么：`count` 或 `distinct`，只写一个",
    en="`{side}` says what is counted: `count` or `distinct`, one of them",
    help_zh="例如 `count: customers`，或 `distinct: visits` 加 `take: vin`",
    help_en="such as `count: customers`, or `distinct: visits` with `take: vin`",
    about_zh="比率的分子和分母各数一样东西。",
    about_en="A rate counts one thing above its line and one below.",
)
add_code(
    "DR516",
    ERROR,
    zh="`{value}` 不是更早的一天",
    en="`{value}` is no earlier day",
    help_zh="例如 `as_of: 12 months earlier`、`1 month earlier`、`1 year earlier`；不写就是期末",
    help_en="such as `as_of: 12 months earlier`, `1 month earlier`, `1 year earlier`; the end of the period goes without saying",
    about_zh="比率的一边可以看更早的一天：从期末往前若干个月，到那一期的最后一天。",
    about_en="A side of a rate may look at an earlier day: so many months before the period, on the last day of that one.",
)
add_code(
    "DR517",
    ERROR,
    zh="`{key}` 不能和 `{form}` 一起写",
    en="`{key}` does not go with `{form}`",
    help_zh="可以用：{words}",
    help_en="keys that go with it: {words}",
    about_zh="数客户和车辆用 `with`、`without`；数事件用 `within`、`dated`。",
    about_en="Customers and vehicles are picked by `with` and `without`, events by `within` and `dated`.",
)
add_code(
    "DR518",
    ERROR,
    zh="`{value}` 不是比率可用的时间范围",
    en="`{value}` is no reach of time for a rate",
    help_zh="可以写：{words}",
    help_en="write one of: {words}",
    about_zh="本期、更早的那一期、从更早那天之后到期末，或截至当天的一段时间。",
    about_en="The period, the earlier period, the time since the earlier day, or a duration up to the day.",
)
add_code(
    "DR519",
    ERROR,
    zh="`{value}` 要有 `as_of`：没有更早的一天",
    en="`{value}` needs `as_of`: there is no earlier day",
    help_zh="写上 `as_of: 12 months earlier`，或改为 `within: period`",
    help_en="add `as_of: 12 months earlier`, or write `within: period`",
    about_zh="“更早的那一期”和“从那以后”都从 `as_of` 算起。",
    about_en="The earlier period, and the time since, are counted from `as_of`.",
)
add_code(
    "DR520",
    ERROR,
    zh="写了 `{key}`，但没有写 `keeps`：没有级别会保留",
    en="`{key}` is about levels that are kept, and without `keeps` none is",
    help_zh="写上 `keeps: {{for: 12 months}}`，或去掉 `{key}`",
    help_en="add `keeps: {{for: 12 months}}`, or take `{key}` out",
    about_zh="`downgrade` 和 `transition` 说明保留的级别以后怎么办，所以要先写保留多久。",
    about_en="`downgrade` and `transition` say what becomes of levels that are kept, so it must be said how long they are.",
)
add_code(
    "DR521",
    ERROR,
    zh="`keeps` 不能和 `dated_by` 一起写",
    en="`keeps` does not go with `dated_by`",
    help_zh="去掉其中一个",
    help_en="take one of them out",
    about_zh="`dated_by` 的对象只属于某一天的版本，没有之前的日子可看。",
    about_en="What is dated belongs to the version of one day; there are no days before to look at.",
)
add_code(
    "DR522",
    ERROR,
    zh="级别不能保留 {value} 个月",
    en="a level cannot be kept for {value} months",
    help_zh="至少写 `1 month`；不保留就去掉 `keeps`",
    help_en="write `1 month` at least; take `keeps` out where levels are not kept",
    about_zh="保留的时间至少一个月。",
    about_en="A level is kept for a month at least.",
)

# --- DR6xx: worked cases ------------------------------------------------------------------------------

add_code(
    "DR601",
    ERROR,
    zh="样例要写 `given` 或 `facts`，只写一个",
    en="a case has `given` or `facts`, one of them",
    help_zh="`given` 是记录，`facts` 是现成的事实",
    help_en="`given` is a record, `facts` are ready-made facts",
    about_zh="样例说明给出什么、应该得到什么。",
    about_en="A case says what is given and what must come out.",
)
add_code(
    "DR602",
    ERROR,
    zh="`{subject}` 没有决策 `{name}`",
    en="`{subject}` has no decision `{name}`",
    help_zh="改正名字，或写上 `subject:`",
    help_en="correct the name, or add a `subject:`",
    about_zh="样例里的决策名要和政策里的一致。",
    about_en="A case names a decision of the policies, of the same subject.",
)
add_code(
    "DR603",
    ERROR,
    zh="`{name}` 的结果里没有 `{key}`",
    en="the outcome of `{name}` has no `{key}`",
    help_zh="这种决策可以检查：{known}",
    help_en="of this kind of decision a case can expect: {known}",
    about_zh="每种决策的结果不同：级别有 level，奖金有 amount。样例只能检查这种决策有的内容。",
    about_en="Each kind of decision has an outcome of its own: a tier a level, a payout an amount. A case can expect what that kind has.",
)
