"""Traps: texts that look right to a person and that YAML reads as something else.

Place in the flow: beside parse.py, which asks it about every character and every unquoted text. It knows
nothing of YAML's parser: it looks at text, and says what is wrong, where, and how to read on as if the
author had written what was meant.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from dealerrules.diagnostics import Phrase, shown
from dealerrules.policy.draft import Finding, Values

if TYPE_CHECKING:
    from collections.abc import Iterator


# --- characters ---------------------------------------------------------------------------------------

_BLANKS: Final = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_HIDDEN: Final = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_BREAKS: Final = "\u0085\u2028\u2029"
_NEVER: Final = re.compile(
    f"[{_BREAKS}\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|(?:^|(?<=\r))(?:%[^\r\n]*|\ufeff+)",
    re.MULTILINE,
)
_UNQUOTED_NEVER: Final = re.compile(rf"([{_BLANKS}{_HIDDEN}])\1*")

_ASCII_OF: Final = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’‚", "'"),
    "【": "[",
    "】": "]",
    "、": ",",
    "。": ".",
    "￥": "¥",
    "–": "-",
    "—": "-",
    "−": "-",
    "•": "-",
}
_FULL_WIDTH: Final = re.compile("[！-～￥]")
_SYNTAX_IN_KEY: Final = re.compile("[：，｛｝［］【】“”‘’＂＇＃]|^[－–—−•]")
CURLY: Final = "“”„‘’‚＂＇"
_IN_CURLY_QUOTES: Final = re.compile(f"[{CURLY}][^{CURLY}]*[{CURLY}]|［.*］|｛.*｝")
_CUT_IN_CURLY_QUOTES: Final = re.compile(f"[{CURLY}][\\d,.]*,\\d[^{CURLY},\\r\\n]*[{CURLY}]")
_NUMBER_LIKE: Final = re.compile(
    r"[-+¥$]?\d[\d.,:/年月日-]*\s*(%|[a-z]+|元|圆|万元?|分|个月|月|年|天|日|周|次|台|公里|千米)?",
    re.IGNORECASE,
)
_NAMES: Final = {
    "：": ("全角冒号", "full-width colon"),
    "，": ("全角逗号", "full-width comma"),
    "。": ("中文句号", "ideographic full stop"),
    "、": ("顿号", "ideographic comma"),
    "（": ("全角括号", "full-width parenthesis"),
    "）": ("全角括号", "full-width parenthesis"),
    "％": ("全角百分号", "full-width percent sign"),
    "＃": ("全角井号", "full-width number sign"),
    "－": ("全角减号", "full-width hyphen"),
    "．": ("全角句点", "full-width full stop"),
    "\u3000": ("全角空格", "full-width space"),
    "\u00a0": ("不换行空格", "no-break space"),
    "\ufeff": ("字节顺序标记", "byte order mark"),
    "\u0085": ("特殊换行符", "next line character"),
    "\u2028": ("特殊换行符", "line separator"),
    "\u2029": ("特殊换行符", "paragraph separator"),
}
_NAMES_BY_SET: Final = (
    (re.compile(r"[０-９]"), ("全角数字", "full-width digit")),
    (re.compile(r"[Ａ-Ｚａ-ｚ]"), ("全角字母", "full-width letter")),
    (re.compile(f"[{CURLY}]"), ("中文引号", "curly quotation mark")),
    (re.compile("[【】［］｛｝]"), ("全角括号", "full-width bracket")),
    (re.compile("[–—−•]"), ("长横或圆点", "dash or bullet")),
    (
        re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]"),
        ("看不见的方向控制符", "invisible direction mark"),
    ),
    (re.compile(f"[{_HIDDEN}]"), ("看不见的零宽字符", "invisible zero-width character")),
    (re.compile(f"[{_BLANKS}]"), ("特殊空格", "special space")),
    (re.compile(r"[！-～]"), ("全角符号", "full-width character")),
)


_SPACES: Final = {chr(code): " " for code in (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F)} | {
    "\u3000": "  "
}


def forbidden(text: str) -> Iterator[Finding]:
    """Find what may stand nowhere in a file: control characters, hidden line breaks, YAML directives."""
    for match in _NEVER.finditer(text):
        start, end, what = match.start(), match.end(), match[0]
        if what.startswith("%"):
            values: Values = {"what": _DIRECTIVE, "text": shown(what, 40), "remedy": _DELETE_LINE}
            yield Finding("DR107", start, end, values, ((start, end, "#"),))
        elif what[0] in _BREAKS or what[0] == "\ufeff":
            yield look_alike(start, what, "" if what[0] == "\ufeff" else " ")
        else:
            problem = {"problem": _control(what), "remedy": _DELETE}
            yield Finding("DR104", start, end, problem, ((start, end, " "),))


def look_alikes(text: str, start: int, end: int, *, key: bool) -> list[Finding]:
    """Find characters of an unquoted text that only look like the ASCII ones that YAML needs."""
    value = text[start:end]
    if value.isascii():
        return []
    if found := hidden(text, start, end):
        return found
    if key:
        return look_alike_syntax(text, start, end)
    if _FULL_WIDTH.search(value):
        plain = _plain(value)
        if _NUMBER_LIKE.fullmatch(plain) or (plain.isascii() and re.search("[：，]", value)):
            return [_look_alikes_together(start, value)]
    if _IN_CURLY_QUOTES.fullmatch(value):
        return [_pair(start, end - 1, text)]
    if cut := _CUT_IN_CURLY_QUOTES.match(
        text, start
    ):  # within brackets the comma of an amount cuts it in two
        return [_pair(start, cut.end() - 1, text)]
    return []


def _pair(start: int, end: int, text: str) -> Finding:
    """Report two quotes, or brackets, at the first of them."""
    edits = tuple((at, at + 1, _ASCII_OF[text[at]]) for at in (start, end))
    return replace(look_alike(start, text[start], _ASCII_OF[text[start]]), edits=edits)


def hidden(text: str, start: int, end: int) -> list[Finding]:
    """Find the special spaces and invisible characters of an unquoted text."""
    return [
        look_alike(start + match.start(), match[0], _SPACES.get(match[1], ""))
        for match in _UNQUOTED_NEVER.finditer(text[start:end])
    ]


def _look_alikes_together(start: int, value: str) -> Finding:
    """Report the full-width characters of a number or a date once, with how to write it."""
    matches = list(_FULL_WIDTH.finditer(value))
    ascii_of = _ASCII_OF.__getitem__ if _NUMBER_LIKE.fullmatch(_plain(value)) else _replacement
    edits = tuple((start + each.start(), start + each.end(), ascii_of(each[0])) for each in matches)
    written = shown(_FULL_WIDTH.sub(lambda match: ascii_of(match[0]), value), 40)
    found = look_alike(start + matches[0].start(), matches[0][0], "")
    values = {**found.values, "remedy": Phrase(f"写成半角的 `{written}`", f"write `{written}`")}
    return replace(found, end=start + matches[-1].end(), values=values, edits=edits)


def look_alike_syntax(text: str, start: int, end: int) -> list[Finding]:
    """Find the first look-alike of YAML's own punctuation in a stretch of text that YAML could not read."""
    match = _SYNTAX_IN_KEY.search(text[start:end])
    if match is None:
        return []
    at = start + match.start()
    partner = re.compile(f"[^{CURLY}\\r\\n]*([{CURLY}])").match(text, at + 1) if match[0] in CURLY else None
    return [
        _pair(at, partner.start(1), text) if partner else look_alike(at, match[0], _replacement(match[0]))
    ]


def look_alike(start: int, characters: str, instead: str) -> Finding:
    """Report one character, or a run of the same one, with what to write instead."""
    character = characters[0]
    for pattern, named in _NAMES_BY_SET:
        if character in _NAMES or pattern.fullmatch(character):
            zh, en = _NAMES.get(character, named)
            break
    else:
        zh = en = unicodedata.name(character, "character").lower()
    if character in _ASCII_OF:
        zh, en = f"{zh} `{character}`", f"{en} `{character}`"
    values: Values = {
        "name": Phrase(zh, en),
        "codepoint": f"U+{ord(character):04X}",
        "remedy": _remedy(character, instead),
    }
    end = start + len(characters)
    return Finding("DR109", start, end, values, ((start, end, instead * len(characters)),))


def _remedy(character: str, instead: str) -> Phrase:
    if character in _BREAKS:
        return Phrase("换成普通的换行，或者删掉", "write an ordinary line break, or delete it")
    if character == "：":
        return Phrase("改成半角冒号，后面空一格：`: `", "write `: `, a colon and a space")
    if instead.strip():
        return Phrase(f"改成半角的 `{instead.strip()}`", f"write `{instead.strip()}`")
    if instead:
        return Phrase(
            "改成普通空格；如果是文字内容，给整段文字加引号",
            "write an ordinary space, or put the whole text in quotes",
        )
    return Phrase("删掉它；如果是文字内容，给整段文字加引号", "delete it, or put the whole text in quotes")


def _replacement(character: str) -> str:
    ascii_form = _ASCII_OF[character]
    return ascii_form + " " if character in "：，、＃－–—−•" else ascii_form


def _plain(value: str) -> str:
    return "".join(_ASCII_OF.get(each, each) for each in value)


# --- scalars ------------------------------------------------------------------------------------------

_FALSE_OR_TRUE: Final = {"no": "false", "off": "false", "yes": "true", "on": "true"}
_SUSPECT_FIRST: Final = frozenset("0123456789+-.~nNyYoO")
_LONGEST_NUMBER: Final = 40
_MANGLED: Final = re.compile(
    r"""(?P<base>[-+]?0(?:x[0-9a-f_]+|o[0-7_]+|b[01_]+))
    | (?P<sexagesimal>[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?)
    | (?P<exponent>[-+]?(?:\d+(?:\.\d*)?|\.\d+)e[-+]?\d+)
    | (?P<infinite>[-+]?\.inf|\.nan)
    | (?P<underscore>[-+]?\d[\d.]*_[\d_.]*)
    | (?P<zeros>[-+]?0\d+(?:\.\d*)?)
    | (?P<odd>\+\d[\d,]*(?:\.\d*)?|-?\d+\.|[-+]?\.\d+)""",
    re.VERBOSE | re.IGNORECASE,
)


def mangled(value: str, *, key: bool = False) -> Values | None:
    """Return what to say of an unquoted text that YAML turns into another value; ``None`` if it does not.

    Examples:
        >>> mangled("no")["meaning"].en, mangled("010")["meaning"].en, mangled("1:30")["meaning"].en
        ('`false`', 'the octal number `8`', 'the base-60 number `90`')
        >>> [mangled(text) for text in ("10", "-0.5", "1,000", "10 yuan", "2014-09-01", "true")]
        [None, None, None, None, None, None]
    """
    if value[:1] not in _SUSPECT_FIRST:
        return None
    word = value.lower()
    if word in _FALSE_OR_TRUE:
        true = _FALSE_OR_TRUE[word]
        return _mangled(value, Phrase(f" `{true}`", f"`{true}`"), None if key else true)
    if word in {"null", "~"}:
        meaning = Phrase("“没有值”", "no value at all")
        remedy = Phrase(
            f'没有值就删掉这一行；如果是文字，写成 `"{value}"`',
            f'leave the line out if there is no value, or write `"{value}"` if it is a text',
        )
        return {"text": value, "meaning": meaning, "remedy": remedy}
    match = _MANGLED.fullmatch(value)
    return None if match is None else _mangled_number(value, str(match.lastgroup))


def _mangled_number(value: str, how: str) -> Values:
    if len(value) > _LONGEST_NUMBER:
        return _mangled(shown(value, _LONGEST_NUMBER), Phrase("另一个数字", "another number"), None)
    digits = value.replace("_", "").lstrip("+").lower()
    match how:
        case "base":
            number = str(int(digits, 0))
            return _mangled(value, Phrase(f"数字 `{number}`", f"the number `{number}`"), number)
        case "sexagesimal":
            number = str(_base_60(digits))
            return _mangled(value, Phrase(f"六十进制的 `{number}`", f"the base-60 number `{number}`"), None)
        case "exponent":
            meaning = Phrase("科学计数法的数字", "a number in scientific notation")
            return _mangled(value, meaning, _written_out(digits))
        case "infinite":
            return _mangled(value, Phrase("无穷大或“非数字”", "infinity or not-a-number"), None)
        case "zeros" if re.fullmatch("-?[0-7]+", digits):
            meaning = Phrase(f"八进制的 `{int(digits, 8)}`", f"the octal number `{int(digits, 8)}`")
            return _mangled(value, meaning, _written_out(digits))
        case _:
            return _mangled(
                value,
                Phrase("数字，也可能当成文字", "a number, or for a text, depending on the program"),
                _written_out(digits),
            )


def _mangled(value: str, meaning: Phrase, number: str | None) -> Values:
    zh, en = f'如果是文字，写成 `"{value}"`', f'write `"{value}"` if it is a text'
    if number is not None:
        zh, en = f"写成 `{number}`；{zh}", f'write `{number}`, or `"{value}"` if it is a text'
    return {"text": value, "meaning": meaning, "remedy": Phrase(zh, en)}


def _base_60(digits: str) -> Decimal:
    total = Decimal(0)
    for part in digits.lstrip("-").split(":"):
        total = total * 60 + Decimal(part)
    return -total if digits.startswith("-") else total


def _written_out(digits: str) -> str | None:
    if "," in digits:
        return digits
    number = Decimal(digits) if digits.count(".") <= 1 else None
    if number is None or abs(number.adjusted()) > 30:
        return None
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- words --------------------------------------------------------------------------------------------

_DIRECTIVE: Final = Phrase(" YAML 指令", "the YAML directive")
_DELETE_LINE: Final = Phrase("删掉这一行", "delete this line")
_DELETE: Final = Phrase("删掉它，或者重新保存文件", "delete it, or save the file again")


def _control(character: str) -> Phrase:
    codepoint = f"U+{ord(character):04X}"
    return Phrase(f"有看不见的控制字符（{codepoint}）", f"there is a control character ({codepoint})")
