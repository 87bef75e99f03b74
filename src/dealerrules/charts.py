"""Charts: small pictures as SVG for reports and the handbook; the only module that draws, and that knows matplotlib.

Place in the flow: below the pages, which put a table beside each. Text stays text, in the page's own font;
nothing depends on the clock or on chance, so that the same numbers give the same picture.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealerrules.faults import Fault, RecordError
from dealerrules.pages import columns, html, identifier, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

BLUE: Final = "#2f6690"
LIGHT: Final = "#9db8cc"
ACCENT: Final = "#c8553d"
GREY: Final = "#5b6470"
_SIZE: Final = 9.0  # of text, in points
_CHARACTER: Final = 0.075  # inches that one narrow character takes
_ACROSS: Final = 2.9  # inches from end to end of what is paid along a measure
_LABEL: Final = 34  # narrow characters of a label at most
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a title with $ is no formula
    "font.size": _SIZE,
    "axes.edgecolor": GREY,
    "axes.labelcolor": "#222222",
    "xtick.color": "#222222",
    "ytick.color": "#222222",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": _SIZE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}


class Chart:
    """A picture being drawn: a figure of matplotlib, and what it is called.

    Args:
        name: an id, unlike that of any other chart on the page.
        title: what it shows, for those who cannot see it.
        width: in inches.
        height: in inches.

    Raises:
        RecordError: when matplotlib is not installed.
    """

    def __init__(self, name: str, title: str, width: float, height: float) -> None:
        self.name, self.title, self.width, self.height = identifier(name), title, width, height
        _matplotlib()
        from matplotlib.figure import Figure  # noqa: PLC0415 - only who draws waits for it

        self.figure = Figure(figsize=(width, height))

    def axes(self, left: float, bottom: float, right: float, top: float) -> Any:
        """Return axes at so many inches from the edges."""
        wide, high = self.width - left - right, self.height - bottom - top
        return self.figure.add_axes(
            (left / self.width, bottom / self.height, wide / self.width, high / self.height)
        )

    def svg(self) -> str:
        """Return the picture as an SVG element that stands in a page."""
        import matplotlib as mpl  # noqa: PLC0415 - as above

        out = io.StringIO()
        with warnings.catch_warnings(), mpl.rc_context({**_STYLE, "svg.hashsalt": self.name}):
            warnings.simplefilter("ignore")  # fonts without Chinese: the page has its own
            self.figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        return _inline(out.getvalue(), self.name, self.title)


def _matplotlib() -> Any:
    try:
        import matplotlib as mpl  # noqa: PLC0415 - as above
    except ImportError:
        raise RecordError(
            [
                Fault(
                    "",
                    None,
                    "",
                    None,
                    'charts need matplotlib: pip install "dealerrules[report]"',
                    '画图需要 matplotlib：pip install "dealerrules[report]"',
                )
            ]
        ) from None
    return mpl


_ID: Final = re.compile(r'(\bid="|url\(#|href="#)')


def _inline(text: str, name: str, title: str) -> str:
    """Return an SVG file as an element of a page: its ids its own, its title first, no outside references."""
    svg = text[text.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL
    )  # it would be the whole page's
    svg = _ID.sub(lambda found: f"{found[1]}{name}-", svg)
    head, _, rest = svg.partition(">")
    head = re.sub(r' (xmlns:xlink|version)="[^"]*"', "", head).replace("xlink:", "")
    rest = rest.replace("xlink:href", "href")
    label = f'<title id="{name}-title">{html(title)}</title>'
    return f'{head} role="img" aria-labelledby="{name}-title">{label}{rest.rstrip()}'


def short(text: str, size: int = _LABEL) -> str:
    """Return a label that fits: cut with an ellipsis; wide characters count two.

    Examples:
        >>> short("省内其余地域", 8), short("a region")
        ('省内其…', 'a region')
    """
    text = plain(text)
    if columns(text) <= size:
        return text
    kept = ""
    for char in text:
        if columns(kept + char) > size - 1:
            break
        kept += char
    return f"{kept}…"


def _label_space(labels: Sequence[str]) -> float:
    return 0.15 + _CHARACTER * max((columns(label) for label in labels), default=0)


def _drawn(
    axes: Any, labels: Sequence[str], values: Sequence[float], texts: Sequence[str], colors: Sequence[str]
) -> None:
    """Draw bars from the left, the first on top, with what each comes to behind it."""
    places = range(len(labels))
    axes.barh(places, values, color=colors, height=0.66)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    most = max(values, default=0)
    axes.set_xlim(0, most * 1.28 if most else 1)
    for place, value, said in zip(places, values, texts, strict=True):
        axes.text(value + (most or 1) * 0.015, place, plain(said), va="center", ha="left", fontsize=_SIZE)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _labels(axes: Any, labels: Sequence[str]) -> None:
    for place, label in enumerate(labels):
        axes.annotate(
            label,
            (0, place),
            xytext=(-5, 0),
            textcoords="offset points",
            va="center",
            ha="right",
            fontsize=_SIZE,
        )


def bars(name: str, title: str, rows: Sequence[tuple[str, int, str]]) -> str:
    """Return bars, a row each: label, number, and what is written behind the bar."""
    _matplotlib()
    labels = [short(label) for label, _, _ in rows]
    with _styled():
        chart = Chart(name, title, 7.2, 0.28 * len(rows) + 0.15)
        axes = chart.axes(_label_space(labels), 0.05, 0.05, 0.05)
        _drawn(
            axes,
            labels,
            [float(number) for _, number, _ in rows],
            [said for _, _, said in rows],
            [BLUE] * len(rows),
        )
        _labels(axes, labels)
    return chart.svg()


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of paired bars: what it is called, number and rate, what is written behind both, and whether each leads."""

    label: str
    values: tuple[int, Fraction | None]
    texts: tuple[str, str]
    leads: tuple[bool, bool]


def paired_bars(name: str, title: str, heads: tuple[str, str], rows: Sequence[Pair]) -> str:
    """Return numbers and rates side by side, each with its own leaders marked: the most is not the highest.

    Args:
        name: the chart's id.
        title: what it shows.
        heads: what the numbers are, and what the rates are.
        rows: the groups, in order.
    """
    _matplotlib()
    labels = [short(row.label) for row in rows]
    with _styled():
        chart = Chart(name, title, 7.2, 0.28 * len(rows) + 0.45)
        space = _label_space(labels)
        half = (7.2 - space) / 2
        both = (chart.axes(space, 0.05, half, 0.35), chart.axes(space + half + 0.1, 0.05, 0.05, 0.35))
        for at, axes in enumerate(both):
            values = [float(row.values[at] or 0) for row in rows]
            colors = [ACCENT if row.leads[at] else LIGHT for row in rows]
            _drawn(axes, labels, values, [row.texts[at] for row in rows], colors)
            axes.set_title(plain(heads[at]), fontsize=_SIZE)
        _labels(both[0], labels)
    return chart.svg()


def line(name: str, title: str, points: Sequence[tuple[str, Fraction | None]], said: str) -> str:
    """Return a line over periods; a period without rate leaves a gap. `said` stands at the last point."""
    _matplotlib()
    values = [float(value) * 100 if value is not None else float("nan") for _, value in points]
    there = [value for value in values if value == value]  # noqa: PLR0124 - not NaN
    with _styled():
        chart = Chart(name, title, 3.5, 1.45)
        axes = chart.axes(0.55, 0.3, 0.55, 0.1)
        axes.plot(range(len(values)), values, color=BLUE, marker="o", markersize=3, linewidth=1.4)
        axes.set_ylim(0, max(max(there, default=0) * 1.25, 1))
        axes.set_xlim(-0.5, len(values) - 0.5)
        axes.yaxis.set_major_locator(_ticks())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
        first, last = 0, len(points) - 1
        axes.set_xticks([first, last], [points[first][0], points[last][0]])
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        if values and values[-1] == values[-1]:
            axes.annotate(
                plain(said),
                (last, values[-1]),
                xytext=(7, 0),
                textcoords="offset points",
                va="center",
                color=ACCENT,
            )
    return chart.svg()


def curve(name: str, title: str, points: Sequence[tuple[Fraction, Fraction]], labels: tuple[str, str]) -> str:
    """Return what share (up) the first share of customers (across) brings, beside equal shares."""
    _matplotlib()
    with _styled():
        chart = Chart(name, title, 4.6, 3.2)
        axes = chart.axes(0.65, 0.5, 0.15, 0.15)
        across = [float(each) * 100 for each, _ in points]
        up = [float(each) * 100 for _, each in points]
        axes.plot([0, 100], [0, 100], color=LIGHT, linewidth=1, linestyle="--")
        axes.plot(across, up, color=BLUE, linewidth=1.8)
        axes.axvline(20, color=ACCENT, linewidth=0.8, linestyle=":")
        axes.axhline(80, color=ACCENT, linewidth=0.8, linestyle=":")
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 102)
        axes.set_xticks([0, 20, 40, 60, 80, 100])
        axes.set_yticks([0, 20, 40, 60, 80, 100])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:g}%")
        axes.set_xlabel(plain(labels[0]))
        axes.set_ylabel(plain(labels[1]))
        axes.grid(color="#eeeeee", linewidth=0.6)
    return chart.svg()


@dataclass(frozen=True, slots=True)
class Curve:
    """What is paid along a measure, piece by piece; points are (measure, yuan).

    Attributes:
        pieces: the points of each piece, to be joined.
        full: points that belong to the line where it jumps.
        empty: where a piece ends beside such a point.
        ticks: where bounds lie on the measure, and how they read.
    """

    pieces: tuple[tuple[tuple[Fraction, Fraction], ...], ...]
    full: tuple[tuple[Fraction, Fraction], ...]
    empty: tuple[tuple[Fraction, Fraction], ...]
    ticks: tuple[tuple[Fraction, str], ...]


def payments(name: str, title: str, curve: Curve, labels: tuple[str, str]) -> str:
    """Return what is paid along a measure; full dots belong to the line, empty ones do not."""
    _matplotlib()
    points = [*(point for piece in curve.pieces for point in piece), *curve.full]
    places, amounts = [float(x) for x, _ in points], [float(y) for _, y in points]
    wide, high = (max(each) - min(each) or 1.0 for each in (places, amounts))
    low, width = min(places) - wide * 0.03, wide * 1.06
    rows = _rows([((float(x) - low) / width * _ACROSS, said) for x, said in curve.ticks])
    deep = 0.16 * max(rows, default=0)
    with _styled():
        chart = Chart(name, title, _ACROSS + 0.82, 1.95 + deep)
        axes = chart.axes(0.62, 0.5 + deep, 0.2, 0.25)
        axes.set_xlim(low, low + width)
        axes.set_ylim(min(amounts) - high * 0.1, max(amounts) + high * 0.1)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        if min(amounts) < 0 < max(amounts):
            axes.axhline(0, color=GREY, linewidth=0.8)
        for piece in curve.pieces:
            axes.plot([float(x) for x, _ in piece], [float(y) for _, y in piece], color=BLUE, linewidth=1.6)
        for dots, filling in ((curve.empty, "#ffffff"), (curve.full, BLUE)):
            across, up = [float(x) for x, _ in dots], [float(y) for _, y in dots]
            axes.plot(across, up, "o", color=BLUE, markerfacecolor=filling, markersize=5, zorder=3)
        axes.set_xticks([float(x) for x, _ in curve.ticks], [])
        for (x, said), row in zip(curve.ticks, rows, strict=True):
            _write(axes, said, (float(x), 0), ("data", "axes fraction"), (0, -6 - 11.5 * row))
        axes.yaxis.set_major_locator(_ticks())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        axes.set_title(plain(labels[1]), fontsize=_SIZE, fontweight="normal")
        _write(axes, short(labels[0], 44), (0.5, 0), "axes fraction", (0, -22 - 11.5 * max(rows, default=0)))
    return chart.svg()


def _rows(labels: Sequence[tuple[float, str]]) -> list[int]:
    """Return for labels at so many inches on which row each can stand without running into the one before it."""
    ends: list[float] = []
    rows = []
    for at, said in labels:
        half = columns(plain(said)) * _CHARACTER / 2 + 0.04
        row = next((number for number, end in enumerate(ends) if at - half > end), len(ends))
        ends[row : row + 1] = [at + half]
        rows.append(row)
    return rows


def _write(axes: Any, said: str, place: tuple[float, float], where: Any, away: tuple[float, float]) -> None:
    """Write below a place, centred."""
    axes.annotate(
        plain(said), place, xycoords=where, xytext=away, textcoords="offset points", ha="center", va="top"
    )


def _ticks() -> Any:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - only who draws waits for it

    return MaxNLocator(nbins=4)


@contextmanager
def _styled() -> Iterator[None]:
    """Draw in the style of the report."""
    with warnings.catch_warnings(), _matplotlib().rc_context(_STYLE):
        warnings.simplefilter("ignore")  # fonts without Chinese: the page has its own
        yield
