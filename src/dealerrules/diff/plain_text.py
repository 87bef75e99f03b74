"""Plain text: a tree of sections written down for a terminal, in lines of 80 columns.

Place in the flow: beside ``sections``, which writes the same tree as HTML and Markdown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from dealerrules.pages import WIDTH, columns, plain, wrapped
from dealerrules.sections import Named, Pictures, Points, Table, Terms, Text
from dealerrules.text_tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.sections import Block, Cell, Section

_STEP: Final = "  "
_POINT: Final = "\u2024"  # a point, likewise
_BLANK: Final = "\u2007"  # a blank at which no line is broken


def as_text(whole: Section) -> str:
    """Return the whole as text; the title is left to who prints it."""
    lines = [line for block in whole.blocks for line in _block(block, "")]
    for part in whole.parts:
        lines += ["", *_section(part, "")]
    text = "\n".join(line.replace(_BLANK, " ").replace(_POINT, ".").rstrip() for line in lines)
    return text.strip("\n") + "\n"


def _section(part: Section, indent: str) -> Iterator[str]:
    yield from wrapped(_said(part.title), indent, indent + _STEP)
    for block in part.blocks:
        yield from _block(block, indent + _STEP)
    for inner in part.parts:
        yield from _section(inner, indent + _STEP)


def _said(cell: Cell) -> str:
    match cell:
        case str():
            return plain(cell)
        case Named(title=title, name=name):
            return plain(f"{name} {title}" if name and name != title else title)
        case tuple():
            return "; ".join(map(_said, cell))
        case _:
            assert_never(cell)


def _block(block: Block, indent: str) -> Iterator[str]:
    match block:
        case Text(said=said):
            yield from wrapped(said, indent, indent)
        case Points(items=items):
            for item in items:
                yield from wrapped(_said(item), indent, indent + _STEP)
        case Terms(rows=rows):
            for name, cell in rows:
                yield from wrapped(_said(name), indent, indent + _STEP)
                for each in cell if isinstance(cell, tuple) else (cell,):
                    yield from wrapped(_said(each), indent + _STEP, indent + _STEP * 2)
        case Table():
            if block.caption:
                yield from wrapped(block.caption, indent, indent + _STEP)
            inner = indent + _STEP
            texts = [[_short(cell) for cell in row] for row in block.rows]
            heads, texts = _righted([_short(head) for head in block.heads], texts, block)
            yield from (f"{inner}{line}" for line in table(heads, texts, WIDTH - len(inner)).splitlines())
        case Pictures():
            return
        case _:
            assert_never(block)


def _short(cell: Cell) -> str:
    """Return a cell of a table: a name by itself, where there is one."""
    return plain(cell.name or cell.title) if isinstance(cell, Named) else _said(cell)


def _righted(heads: list[str], rows: list[list[str]], block: Table) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows with the columns of numbers set to the right."""
    for at in block.numbers:
        width = max(columns(row[at]) for row in [heads, *rows])
        for row in [heads, *rows]:
            row[at] = row[at].replace(".", _POINT)
            row[at] = _BLANK * (width - columns(row[at])) + row[at]
    return heads, rows
