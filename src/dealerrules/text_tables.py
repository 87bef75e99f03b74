"""Text tables: rows of text in aligned columns, for a terminal; wide characters count two columns.

Place in the flow: beside pages, at the very end; it knows nothing of policies.
"""

from __future__ import annotations

import io
import re

from dealerrules.pages import columns, visible

WIDTH = 80
"""Columns that a table takes at most, wherever its cells can be broken."""


def table(heads: list[str], rows: list[list[str]], width: int = WIDTH) -> str:
    """Return rows as a plain table, whatever they hold; wide characters count two columns, long cells go on below.

    Examples:
        >>> print(table(["id", "because"], [["C1", "sales.referred-3 sales.household"]], width=24), end="")
        id  because
        --  --------------------
        C1  sales.referred-3
            sales.household
    """
    everything = [[visible(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(columns(row[at]) for row in everything) for at in range(len(heads))]
    least = [
        max(max((columns(piece.strip()) for piece in _pieces(row[at])), default=0) for row in everything)
        for at in range(len(heads))
    ]
    while sum(widths) + 2 * len(widths) - 2 > width:
        slack = [wide - low for wide, low in zip(widths, least, strict=True)]
        if max(slack) <= 0:
            break
        widths[max(range(len(widths)), key=lambda at: (slack[at] > 0, widths[at]))] -= 1
    out = io.StringIO()
    for number, row in enumerate(everything):
        cells = [_lines(cell, widths[at]) for at, cell in enumerate(row)]
        for line in range(max(map(len, cells))):
            parts = [cell[line] if line < len(cell) else "" for cell in cells]
            padded = [part + " " * (wide - columns(part)) for part, wide in zip(parts, widths, strict=True)]
            out.write("  ".join(padded).rstrip() + "\n")
        if number == 0:
            out.write("  ".join("-" * each for each in widths) + "\n")
    return out.getvalue()


_WIDE = r"\u3000-\u9fff\uff00-\uffef"


_WORD = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+\s*|\s+")


_PIECE = re.compile(rf"[{_WIDE}]|[^\s.{_WIDE}]*\.?\s*")


def _pieces(text: str) -> list[str]:
    """Cut text wherever a line may end: after spaces, Chinese characters and, at need, the dots of an id."""
    return [piece for piece in _PIECE.findall(text) if piece]


def _lines(text: str, width: int) -> list[str]:
    """Return a cell's text in lines of at most `width` columns, if its pieces are no longer than that."""
    lines = [""]
    for word in _WORD.findall(text):
        for piece in [word] if columns(word.rstrip()) <= width else _pieces(word):
            if lines[-1] and columns(lines[-1] + piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return [line.rstrip() for line in lines]
