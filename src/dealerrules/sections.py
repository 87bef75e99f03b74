"""Sections: a small tree of headings, texts, tables and pictures, written down as HTML or Markdown.

Place in the flow: the very end, beside ``pages``; it knows nothing of policies. What a section says is said by
``handbook`` and ``diff``; here is only said how it looks on paper, on a screen and on a phone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from dealerrules.pages import SHEET, html, html_page, identifier, markdown, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Named:
    """What something is called, with the name that the policy file gives it; `to` is the section that tells more."""

    title: str
    name: str = ""
    to: str = ""


Cell = str | Named | tuple["Cell", ...]
"""What stands in one place of a table or list; a tuple stands as lines."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a `note` is printed small."""

    said: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list, each point on its own."""

    items: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Names, each with what is said of it."""

    rows: tuple[tuple[Cell, Cell], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; on a phone each row stands as a card, so every cell knows its head.

    `numbers` are the columns that are set to the right.
    """

    heads: tuple[str | Named, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Pictures:
    """Charts beside each other, each under its caption; drawn for HTML only, so a table must say the same."""

    drawn: tuple[tuple[str, Callable[[], str]], ...]
    note: str = ""


Block = Text | Points | Terms | Table | Pictures


@dataclass(frozen=True, slots=True)
class Section:
    """A part under a heading; `anchor` is unlike that of any other, and `fresh` begins a new page on paper."""

    anchor: str
    title: Named
    blocks: tuple[Block, ...] = ()
    parts: tuple[Section, ...] = ()
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What the table of contents is called."""

    title: str


# ---------------------------------------------------------------------------------------------------
# HTML


def as_html(whole: Section, contents: Contents, lang: str, style: str = "") -> str:
    """Return the whole as a page of its own, with more style where it wants some; the charts are drawn now."""
    entries = "".join(_entry(part, 2) for part in whole.parts)
    body = [
        f"<h1>{_cell_html(whole.title)}</h1>",
        *(_block_html(block) for block in whole.blocks),
        f'<nav aria-label="{html(contents.title)}"><h2>{html(contents.title)}</h2><ul>{entries}</ul></nav>',
        *(line for part in whole.parts for line in _section_html(part, 2)),
    ]
    return html_page(whole.title.title, body, lang, SHEET + STYLE + style)


def _entry(part: Section, depth: int) -> str:
    inner = "".join(_entry(each, depth - 1) for each in part.parts) if depth > 1 else ""
    below = f"<ul>{inner}</ul>" if inner else ""
    return f'<li><a href="#{identifier(part.anchor)}">{html(part.title.title)}</a>{below}</li>'


def _section_html(part: Section, level: int) -> Iterator[str]:
    fresh = ' class="page"' if part.fresh else ""
    head = f"h{min(level, 6)}"
    yield f'<section id="{identifier(part.anchor)}"{fresh}><{head}>{_cell_html(part.title)}</{head}>'
    yield from (_block_html(block) for block in part.blocks)
    for inner in part.parts:
        yield from _section_html(inner, level + 1)
    yield "</section>"


def _cell_html(cell: Cell) -> str:
    match cell:
        case str():
            return html(cell)
        case Named(title=title, name=name, to=to):
            said = f'<a href="#{identifier(to)}">{html(title)}</a>' if to else html(title)
            return f"{said} <code>{html(name)}</code>" if name and name != title else said
        case (one,):
            return _cell_html(one)
        case tuple():
            return f"<ul>{''.join(f'<li>{_cell_html(each)}</li>' for each in cell)}</ul>"
        case _:
            assert_never(cell)


def _block_html(block: Block) -> str:
    match block:
        case Text(said=said, note=note):
            return f'<p class="note">{html(said)}</p>' if note else f"<p>{html(said)}</p>"
        case Points(items=items):
            return f"<ul>{''.join(f'<li>{_cell_html(item)}</li>' for item in items)}</ul>"
        case Terms(rows=rows):
            said = "".join(f"<dt>{_cell_html(name)}</dt><dd>{_cell_html(cell)}</dd>" for name, cell in rows)
            return f"<dl>{said}</dl>"
        case Table():
            return _table_html(block)
        case Pictures(drawn=drawn, note=note):
            figures = [
                f"<figure><figcaption>{html(caption)}</figcaption>{draw()}</figure>"
                for caption, draw in drawn
            ]
            said = f'<p class="note">{html(note)}</p>' if note else ""
            return f'<div class="charts">{"".join(figures)}</div>{said}'
        case _:
            assert_never(block)


def _plain(head: str | Named) -> str:
    return head if isinstance(head, str) else head.title


def _table_html(table: Table) -> str:
    def classed(column: int) -> str:
        return ' class="number"' if column in table.numbers else ""

    caption = f"<caption>{html(table.caption)}</caption>" if table.caption else ""
    heads = "".join(
        f'<th scope="col"{classed(at)}>{_cell_html(head)}</th>' for at, head in enumerate(table.heads)
    )
    rows = []
    for first, *rest in table.rows:
        cells = [
            f'<td data-head="{html(_plain(head))}"{classed(at)}><div>{_cell_html(cell)}</div></td>'
            for at, (head, cell) in enumerate(zip(table.heads[1:], rest, strict=True), 1)
        ]
        head = f' data-head="{html(_plain(table.heads[0]))}"' if _plain(table.heads[0]) else ""
        rows.append(f'<tr><th scope="row"{head}>{_cell_html(first)}</th>{"".join(cells)}</tr>')
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


# ---------------------------------------------------------------------------------------------------
# Markdown


def as_markdown(whole: Section, contents: Contents) -> str:
    """Return the whole as Markdown; charts are left out, as a table beside each says the same."""
    blocks = [f"# {_cell_markdown(whole.title)}", *_blocks_markdown(whole.blocks)]
    entries = [line for part in whole.parts for line in _entry_markdown(part, 0)]
    blocks += [f"## {markdown(contents.title)}", "\n".join(entries)]
    for part in whole.parts:
        blocks += _section_markdown(part, 2)
    return "\n\n".join(blocks) + "\n"


def _entry_markdown(part: Section, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}- {_link(part.title.title, part.anchor)}"
    for inner in part.parts if depth < 1 else ():
        yield from _entry_markdown(inner, depth + 1)


def _section_markdown(part: Section, level: int) -> list[str]:
    anchor = f'<a id="{identifier(part.anchor)}"></a>'
    blocks = [f"{anchor}\n\n{'#' * min(level, 6)} {_cell_markdown(part.title)}"]
    blocks += _blocks_markdown(part.blocks)
    for inner in part.parts:
        blocks += _section_markdown(inner, level + 1)
    return blocks


def _blocks_markdown(blocks: Sequence[Block]) -> list[str]:
    return [said for block in blocks if (said := _block_markdown(block))]


def _block_markdown(block: Block) -> str:
    match block:
        case Text(said=said):
            return _unlisted(markdown(said))
        case Points(items=items):
            return "\n".join(_bullet(_cell_markdown(item)) for item in items)
        case Terms(rows=rows):
            return "\n".join(_bullet(f"**{_cell_markdown(name)}**", cell) for name, cell in rows)
        case Table():
            return _table_markdown(block)
        case Pictures():
            return ""
        case _:
            assert_never(block)


def _bullet(said: str, below: Cell = ()) -> str:
    """Return a point, with what is said of it behind it, or below it where that is several lines."""
    match below:
        case ():
            return f"- {_unlisted(said)}"
        case tuple() if len(below) > 1:
            return "\n".join([f"- {said}", *_lines(below, 1)])
        case _:
            return f"- {said}: {_cell_markdown(below)}"


def _lines(cell: Cell, depth: int) -> Iterator[str]:
    """Yield lines as points, those within lines below them."""
    for each in cell if isinstance(cell, tuple) else (cell,):
        if isinstance(each, tuple):
            yield from _lines(each, depth + 1)
        else:
            yield f"{'  ' * depth}- {_unlisted(_cell_markdown(each))}"


def _cell_markdown(cell: Cell) -> str:
    match cell:
        case str():
            return markdown(cell)
        case Named(title=title, name=name, to=to):
            said = _link(title, to) if to else markdown(title)
            return f"{said} {_code(name)}" if name and name != title else said
        case tuple():
            return "<br>".join(_cell_markdown(each) for each in cell)
        case _:
            assert_never(cell)


def _link(title: str, to: str) -> str:
    """Return a link to a section."""
    return f"[{markdown(title)}](#{identifier(to)})"


def _code(name: str) -> str:
    """Return a name as code; one that holds what ends code stands as text."""
    shown = plain(name)
    return f"`{shown}`" if "`" not in shown and "|" not in shown else markdown(name)


def _table_markdown(table: Table) -> str:
    heads = [_cell_markdown(head) for head in table.heads]
    rule = ["---:" if at in table.numbers else "---" for at in range(len(heads))]
    rows = [[_cell_markdown(cell) for cell in row] for row in table.rows]
    lines = [f"| {' | '.join(row)} |" for row in (heads, rule, *rows)]
    caption = f"{_unlisted(markdown(table.caption))}\n\n" if table.caption else ""
    return caption + "\n".join(lines)


_LISTED: Final = re.compile(r"^(\d{1,9})([.)])|^([-+=])")


def _unlisted(said: str) -> str:
    r"""Return a line that Markdown takes for no list: `1. a` is written `1\. a`."""
    return _LISTED.sub(
        lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", said, count=1
    )


STYLE: Final = """
body{max-width:54rem}
h3{font-size:1.12rem;margin:1.8rem 0 .5rem;padding-top:.5rem;border-top:1px solid #c9d3dc}
h4{font-size:.98rem;margin:1.1rem 0 .3rem}
h2+section>h3{border:0;margin-top:0}
h1 code,h2 code,h3 code,h4 code{font-size:.72em;font-weight:400}
code{color:#5b6470;font-size:.82em;font-weight:400;overflow-wrap:anywhere}
nav{border:1px solid #c9d3dc;border-radius:.3rem;padding:.2rem 1rem .7rem;margin:1rem 0}
nav h2{border:0;margin:.5rem 0 .2rem;font-size:1rem;padding:0}
nav ul ul{padding-left:1.1rem;columns:2}
nav li{margin:.18rem 0;break-inside:avoid}
ul{list-style:disc}
li li,td li,th li,dd li{font-size:inherit}
nav ul,td ul,th ul,dd ul{list-style:none;padding:0;margin:0}
td ul ul,dd ul ul{padding-left:.9rem}
th li+li{font-weight:400;font-size:.92em}
dl{margin:.5rem 0;display:grid;grid-template-columns:7.5rem 1fr;gap:.25rem 1rem}
dt{font-weight:600}
dd{margin:0}
table{width:100%}
td,th{text-align:left;vertical-align:top}
td{white-space:normal}
tbody th{font-weight:600;min-width:5.5em}
td li+li{margin-top:.15rem}
th.number,td.number{text-align:right;white-space:nowrap}
caption{padding-top:.3rem}
.charts{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem}
.charts figure{flex:0 1 19.5rem;min-width:14rem;margin:.4rem 0}
@media screen and (max-width:40rem){
nav ul ul{columns:1}
dl{display:block}
dt{margin-top:.45rem}
dd{margin-left:.8rem}
table,tbody,tr,caption{display:block}
thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
tr{border:1px solid #c9d3dc;border-radius:.3rem;margin:.5rem 0;padding:.35rem .6rem}
tbody th{display:block;border:0;padding:.1rem 0}
td,td.number{display:grid;grid-template-columns:6.5rem 1fr;gap:.5rem;border:0;padding:.12rem 0;text-align:left;white-space:normal}
td>div{min-width:0;overflow-wrap:anywhere}
td::before,tbody th::before{font-weight:400;content:attr(data-head);color:#5b6470;font-size:.86em}
tbody th::before{margin-right:.5rem}
tbody th:not([data-head])::before{content:none}
td:has(>div:empty){display:none}
}
@media print{nav{display:block;border:0;padding:0}nav a,a{color:inherit;text-decoration:none}
h1{margin-top:0}dt,dd{break-inside:avoid}
@page{@bottom-center{content:counter(page);font-size:8pt;color:#5b6470}}}
"""
