"""Pages: lines of an explanation or a handbook written down as plain text, Markdown or HTML.

Place in the flow: the very end; it knows nothing of policies. Whatever a title or a value holds, it is shown as it
is: escaped for its format, and without characters that do not print.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

WIDTH: Final = 80
MARKS: Final = {"true": "✓", "false": "✗", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its depth (from 1), its text, its truth if it has one; a table below it has a head and a total."""

    depth: int
    text: str
    truth: str | None = None
    table: tuple[tuple[str, ...], ...] = ()

    @property
    def mark(self) -> str:
        """The mark of its truth, with a space."""
        return f"{MARKS[self.truth]} " if self.truth is not None else ""


def plain(text: str) -> str:
    r"""Return a text on one line; what does not print (a terminal's escapes, turned writing) is spelt out.

    Examples:
        >>> plain("two\nlines \x1b[31m")
        'two lines \\x1b[31m'
    """
    return visible(" ".join(text.split()))


def visible(text: str) -> str:
    r"""Return a text in which what does not print is spelt out, and the spaces stay.

    Examples:
        >>> visible("  1.00\x07")
        '  1.00\\x07'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or unicodedata.category(c) == "Zs" else c.encode("unicode_escape").decode()
        for c in text
    )


def identifier(name: str) -> str:
    """Return a name as an id that can be referred to anywhere: in HTML, in SVG's ``url(#…)``, in a link of Markdown.

    Examples:
        >>> identifier("d-churn_stage"), identifier("d-a(b)<c>")
        ('d-churn_stage', 'd-a_28_b_29__3c_c_3e_')
    """
    return _NOT_OF_IDS.sub(lambda found: f"_{ord(found[0]):x}_", name)


_NOT_OF_IDS: Final = re.compile(r"[^\w.-]")


# ---------------------------------------------------------------------------------------------------
# Plain text

_NOT_FIRST: Final = frozenset("、，。；：！？）」』】》%,.;:!?)]}…”’元")
_NOT_LAST: Final = frozenset("（「『【《“‘([{")


def text_lines(lines: Iterable[Line]) -> Iterator[str]:
    """Yield lines of at most 80 columns, where they can be broken."""
    for line in lines:
        indent = "  " * line.depth
        yield from wrapped(line.text, indent + line.mark, f"{indent}  ")
        yield from (f"{indent}  {row}" for row in _aligned(line.table))


def wrapped(text: str, first: str = "", rest: str = "  ") -> list[str]:
    """Return a text in lines of 80 columns, broken at spaces and between wide characters."""
    lines, line, empty = [], first, True
    for chunk in _chunks(plain(text)):
        if not empty and columns(line + chunk.rstrip()) > WIDTH:
            lines.append(line.rstrip())
            line = rest + chunk.lstrip()
        else:
            line += chunk
        empty = False
    return [*lines, line.rstrip()]


def columns(text: str) -> int:
    """Return how many columns a text takes; wide characters take two.

    Examples:
        >>> columns("VIP客户")
        7
    """
    return sum(0 if unicodedata.combining(c) else 2 if _wide(c) else 1 for c in text)


def _wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _chunks(text: str) -> Iterator[str]:
    """Yield the parts between which a line may break."""
    chunk = ""
    for char, following in zip(text, f"{text[1:]} ", strict=False):
        chunk += char
        beside = (_wide(char) or _wide(following)) and following != " "
        if char == " " or (beside and following not in _NOT_FIRST and char not in _NOT_LAST):
            yield chunk
            chunk = ""
    yield chunk


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as aligned rows: the first column to the left, the others to the right."""
    cells = [[plain(cell) for cell in row] for row in table]
    widths = [max(columns(cell) for cell in column) for column in zip(*cells, strict=True)]
    rows = []
    for row in cells:
        gaps = [" " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)]
        numbers = [gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True)]
        rows.append("  ".join([row[0] + gaps[0], *numbers]).rstrip())
    return rows


# ---------------------------------------------------------------------------------------------------
# Markdown

_SPECIAL: Final = re.compile(r"[\\`*\[\]<>|~&#]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")


def markdown(text: str) -> str:
    r"""Return a text that Markdown shows as it is.

    Examples:
        >>> print(markdown("<b>super_vip</b> *all*"))
        \<b\>super_vip\</b\> \*all\*
    """
    return _SPECIAL.sub(r"\\\g<0>", plain(text))


def markdown_blocks(lines: Iterable[Line]) -> list[str]:
    """Return lines as nested lists and tables, one block each."""
    blocks: list[str] = []
    bullets: list[str] = []
    for line in lines:
        bullets.append(f"{'  ' * (line.depth - 1)}- {line.mark}{markdown(line.text)}")
        if line.table:
            head, *rows = [[markdown(cell) for cell in row] for row in line.table]
            rule = ["---", *["---:"] * (len(head) - 1)]
            table = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
            blocks += ["\n".join(bullets), "\n".join(table)]
            bullets = []
    return [*blocks, "\n".join(bullets)] if bullets else blocks


# ---------------------------------------------------------------------------------------------------
# HTML

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.55 system-ui,-apple-system,"PingFang SC","Microsoft YaHei",sans-serif;
max-width:50rem;margin:auto;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.3rem}
h2{font-size:1.1rem;font-weight:400;margin:0 0 .4rem}
h2 code{font-size:.8em;opacity:.7}
article{border-top:3px solid #2a7;padding:.75rem 0;margin-top:1rem}
article.undetermined{border-color:#c80}
article.undefined{border-color:#b33}
ul{margin:.15rem 0;padding-left:1.1rem;list-style:none}
nav ul{padding:0}
li li{font-size:.95rem}
.true,.false,.unknown{font-weight:700;display:inline-block;min-width:1.1em}
.true{color:#187a4c}
.false{color:#b33}
.unknown{color:#b26a00}
table{border-collapse:collapse;margin:.4rem 0}
td,th{border:1px solid #8886;padding:.2rem .6rem;text-align:right;font-variant-numeric:tabular-nums}
td:first-child,th:first-child{text-align:left}
tr:last-child{font-weight:700}
details{margin:.2rem 0}
details details,details p{margin:.1rem 0 .1rem .6rem}
summary{cursor:pointer;padding:.25rem 0}
@media (prefers-color-scheme:dark){.true{color:#5c9}.false{color:#f77}.unknown{color:#fb4}}
@media print{body{max-width:none;padding:0;font-size:10.5pt}nav{display:none}
h2,summary{break-after:avoid}li,tr{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}}
"""
SHEET: Final = """
:root{color-scheme:light}
body{max-width:62rem;color:#1c1f23;background:#fff}
h1{font-size:1.7rem;margin:.2rem 0}
h2{font-size:1.25rem;font-weight:700;margin:2rem 0 .6rem;padding-bottom:.2rem;border-bottom:2px solid #2f6690}
h3{font-size:1.02rem;margin:1.4rem 0 .4rem}
h2 small,h3 small{font-weight:400;color:#5b6470;font-size:.8em}
.sub,.note,caption{color:#5b6470}
.note{font-size:.9rem;margin:.3rem 0}
nav a{color:#2f6690}
figure{margin:.6rem 0;break-inside:avoid}
figure svg{max-width:100%;height:auto;display:block}
figure svg text{font-family:inherit!important}
figcaption{font-weight:600;font-size:.92rem}
table{margin:.5rem 0;font-size:.92rem;overflow-wrap:normal}
caption{text-align:left;font-size:.85rem;padding-bottom:.2rem}
thead th{background:#eef2f5;font-weight:600;vertical-align:bottom}
td,th{border-color:#c9d3dc}
tr:last-child{font-weight:inherit}
tfoot td,tfoot th{font-weight:700;border-top:2px solid #5b6470}
tbody th{font-weight:400;min-width:4.2em}
@page{margin:15mm 14mm}
@media print{h2,h3,caption{break-after:avoid}section.page{break-before:page}
table{font-size:9pt}thead{display:table-header-group}tr{break-inside:avoid}
thead th{-webkit-print-color-adjust:exact;print-color-adjust:exact}figure svg{max-height:18cm}}
"""
"""The style of what is read as a document and printed, such as reports; added to the style of all pages."""
_PAGE: Final = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def html(text: str) -> str:
    """Return a text that HTML shows as it is, in an element or an attribute.

    Examples:
        >>> html("<b>'A' & B</b>")
        '&lt;b&gt;&#x27;A&#x27; &amp; B&lt;/b&gt;'
    """
    return escape(plain(text), quote=True)


def html_page(title: str, body: Iterable[str], lang: str, style: str = "") -> str:
    """Return a page of its own: no script, nothing loaded from elsewhere; `style` is added to the style of all pages."""
    code = "zh-CN" if lang == "zh" else "en"
    return _PAGE.format(lang=code, title=html(title), style=_STYLE + style, body="\n".join(body))


def html_list(lines: Sequence[Line]) -> str:
    """Return lines as nested lists."""
    if not lines:
        return ""
    items = [f"<li>{_item(group[0])}{html_list(group[1:])}</li>" for group in _grouped(lines)]
    return f"<ul>{''.join(items)}</ul>"


def html_folded(summary: str, lines: Sequence[Line]) -> str:
    """Return lines folded away under a summary, and what lies below each of them folded again."""
    parts = [f"<summary>{html(summary)}</summary>"]
    for head, *below in _grouped(lines):
        if below:
            parts.append(f"<details><summary>{_item(head)}</summary>{html_list(below)}</details>")
        else:
            parts.append(f"<p>{_item(head)}</p>")
    return f"<details>{''.join(parts)}</details>"


def _item(line: Line) -> str:
    mark = f'<span class="{line.truth}">{line.mark.strip()}</span> ' if line.truth is not None else ""
    return f"{mark}{html(line.text)}{_html_table(line.table)}"


def _html_table(table: Sequence[Sequence[str]]) -> str:
    if not table:
        return ""
    tags = ["th", *["td"] * (len(table) - 1)]
    rows = [
        "".join(f"<{tag}>{html(cell)}</{tag}>" for cell in row) for tag, row in zip(tags, table, strict=True)
    ]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _grouped(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Yield each line with the deeper ones that follow it."""
    start = 0
    for at in range(1, len(lines) + 1):
        if at == len(lines) or lines[at].depth <= lines[start].depth:
            yield lines[start:at]
            start = at
