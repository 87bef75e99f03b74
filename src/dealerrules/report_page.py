"""The report's page: a whole store on one HTML page, for the people who run it; tables, charts, and lists to work off.

Place in the flow: behind the reports, which count; here is only said where each table stands and what it is called.
The page loads nothing, runs nothing and tells no time, so that the same store gives the same page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dealerrules import charts, report
from dealerrules.faults import Fault, RecordError
from dealerrules.grids import Grid, Group, group_text, grouped, lazy_frame, percent_text
from dealerrules.pages import SHEET, html, html_page, plain
from dealerrules.policy.model import Hit, Output, Rules, Stage, Tier
from dealerrules.populations import Count, Period, read_period
from dealerrules.records import SUBJECTS
from dealerrules.report_words import SAYS, STYLE
from dealerrules.values import Kind, Type, read_date, to_yuan
from dealerrules.wording import field_title
from dealerrules.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.book import PolicyBook
    from dealerrules.policy.model import AnyDecision, Edition, Title
    from dealerrules.rates import RateOutcome, Rates
    from dealerrules.report import Due, Series

_SPEND: Final = "spend in fen"
SHOWN: Final = 50
"""Rows of a list that are printed; the rest is counted."""
MONTHS: Final = 12
"""Months of a series, the last one included."""
GROUPS: Final = 24
"""Groups of a breakdown that are printed; more are told as the rest."""
COLUMNS: Final = ("region", "store_id", "channel", "kind")
"""The columns of customers by which churn is broken down, where there are several groups."""
CHURNED: Final = ("churned", "nearly_lost", "gone", "lost")
"""Stages that count as churned, where a decision has them."""


def page(
    book: PolicyBook,
    tables: Mapping[str, Any],
    *,
    as_of: date | str,
    month: str | None = None,
    lang: str = "en",
    days: int = 30,
    read: Mapping[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
) -> str:
    """Return a report of a whole store as one HTML page.

    Args:
        book: the policies.
        tables: a mapping of table name to frame, as for ``book.evaluate_frame``.
        as_of: the day. Nothing dated later is read.
        month: the month of the rates, such as ``2014-09``; the latest one that is over on the day otherwise.
        lang: ``zh`` or ``en``.
        days: how far ahead the lists look for insurance and warranties that end.
        read: by table, how many rows were read, used and rejected (``Tables.counts``).
        progress: told what is being worked out, now and then.

    Raises:
        RecordError: for tables that cannot be read, a month that is none, and when matplotlib is not installed.
    """
    day = read_date(as_of)
    asked = _month(month, day) if month is not None else _last_month(day)
    return _Page(book, tables, day, asked, lang, days, dict(read or {}), progress).html()


def _month(month: str, day: date) -> Period:
    """Return the month that is asked for; one that is not over on the day would look ahead.

    Raises:
        RecordError: for one that is not over, and what is no month.
    """
    asked = read_period(month)
    code = "no_month" if asked.per != "month" else "not_over" if asked.end > day else None
    if code is not None:
        english, chinese = (text.format(month=month, day=day) for text in SAYS[code])
        raise RecordError([Fault("evaluation", None, "month", month, english, chinese)])
    return asked


def _last_month(day: date) -> Period:
    """Return the latest month that is over at the end of a day."""
    this = Period(day.year * 12 + day.month - 1, 1)
    return this if day == this.end else this.earlier(1)


def _one_word(decision: AnyDecision) -> bool:
    """Tell whether a decision says one of a few words."""
    match decision:
        case Tier() | Stage():
            return True
        case Rules(hit=hit, outputs=(Output(type=Type(kind=Kind.BOOLEAN | Kind.CATEGORY)),)):
            return hit is not Hit.COLLECT
        case _:
            return False


@dataclass
class _Page:
    """One page on its way: what is asked of the store once, and the sections made of it."""

    book: PolicyBook
    tables: Mapping[str, Any]
    day: date
    month: Period
    lang: str
    days: int
    read: Mapping[str, Any]
    progress: Callable[[str], None] | None

    def __post_init__(self) -> None:
        from dealerrules.engines.entry import check_names, open_frames  # noqa: PLC0415 - only who brings frames

        check_names("customer", self.tables)
        opened = open_frames(self.tables)
        self.tables = {name: frame.to_native() for name, frame in opened.tables.items()}
        self.drawn = 0

    def says(self, name: str, /, **parts: object) -> str:
        """Return a text of the page."""
        return SAYS[name][self.lang == "zh"].format(**parts)

    def titled(self, title: Title, name: str) -> str:
        """Return a title in the language of the page."""
        return title.get(self.lang, name)

    def column(self, name: str) -> str:
        """Return what a column of customers is called."""
        return field_title("customer", name, self.lang)

    # --- what is asked of the store -------------------------------------------------------------------

    @cached_property
    def edition(self) -> Edition | None:
        """What is in force on the day."""
        return self.book.edition(self.day)

    @cached_property
    def decisions(self) -> dict[str, AnyDecision]:
        """The decisions about customers that say one word, in the order of the policies."""
        made = self.edition.decisions if self.edition is not None else {}
        return {name: each for name, each in made.items() if each.subject == "customer" and _one_word(each)}

    @cached_property
    def columns(self) -> list[str]:
        """The columns of customers that are there to break down by."""
        names = lazy_frame(self.tables["customers"]).collect_schema().names()
        return [name for name in COLUMNS if name in names]

    @cached_property
    def answers(self) -> Any:
        """Every customer with the answers, the spend and the columns; worked out once."""
        import narwhals as nw  # noqa: PLC0415 - only who asks for a report waits for it

        from dealerrules.engines.rates_frame import fact_values  # noqa: PLC0415 - as above

        rows = lazy_frame(self.tables["customers"]).select("customer_id", *self.columns)
        if self.decisions and self.edition is not None:
            found = self.book.evaluate_frame(self.tables, as_of=self.day, decisions=list(self.decisions))
            rows = rows.join(
                lazy_frame(found).select("customer_id", *self.decisions), on="customer_id", how="left"
            )
            spend = fact_values(self.edition, self.tables, ["spend_past_year"], self.day)
            named = spend.rename({"spend_past_year": _SPEND})
            rows = rows.join(named, on="customer_id", how="left")
        words = [
            nw.col(name).cast(nw.String)
            for name, type_ in rows.collect_schema().items()
            if isinstance(type_, nw.Enum | nw.Categorical)
        ]
        return (rows.with_columns(*words) if words else rows).collect().to_native()

    @cached_property
    def customers(self) -> int:
        """How many customers there are."""
        return sum(grouped(self.answers, [self.columns[0]] if self.columns else ["customer_id"]).values())

    @cached_property
    def due(self) -> dict[str, tuple[Due, ...]]:
        """What is due, by list."""
        return report.due(self.book, self.tables, self.answers, as_of=self.day, days=self.days)

    @cached_property
    def rates(self) -> Rates:
        """The rates of the month."""
        return self.book.rates(self.tables, period=str(self.month), check=False)

    @cached_property
    def yearly(self) -> Rates:
        """The rates of the latest year that is over."""
        over = self.day.year if (self.day.month, self.day.day) == (12, 31) else self.day.year - 1
        return self.book.rates(self.tables, period=f"{over:04}", check=False)

    def churn(self) -> Stage | None:
        """Return the decision by which churn is broken down: `churn_class`, or the first with a churned stage."""
        stages = [each for each in self.decisions.values() if isinstance(each, Stage) and self.churned(each)]
        return next((each for each in stages if each.name == "churn_class"), stages[0] if stages else None)

    @staticmethod
    def churned(stage: Stage) -> list[Group]:
        """Return the stages that count as churned."""
        return [name for name in stage.order if name in CHURNED]

    # --- the page -------------------------------------------------------------------------------------

    def html(self) -> str:
        """Return the page."""
        sections = [
            ("glance", self.says("at_a_glance"), self.glance()),
            *(
                (f"tier-{at}", self.named(each), self.tier(each))
                for at, each in enumerate(self.of_kind(Tier))
            ),
            *(
                (f"stage-{at}", self.named(each), self.stage(each))
                for at, each in enumerate(self.of_kind(Stage))
            ),
            ("others", self.says("others"), self.others()),
            ("rates", self.says("rates"), self.rate_section()),
            ("due", self.says("due"), self.due_section()),
            ("reading", self.says("reading"), self.reading()),
            ("data", self.says("data"), self.data()),
        ]
        there: list[tuple[str, str, list[str]]] = []
        for name, title, parts in sections:
            if self.progress is not None:
                self.progress(plain(title))
            made = list(parts)
            if made:
                there.append((name, title, made))
        day = self.says("as_of", day=self.day)
        links = "".join(f'<li><a href="#{name}">{html(title)}</a></li>' for name, title, _ in there)
        body = [
            f"<h1>{html(self.says('title'))}</h1>",
            f'<p class="sub">{html(day)} · {html(self.says("policies", fingerprint=self.book.fingerprint[:12]))}</p>',
            f'<nav aria-label="{html(self.says("contents"))}"><ul>{links}</ul></nav>',
        ]
        for name, title, made in there:
            fresh = ' class="page"' if name in {"rates", "due"} else ""
            body.append(f'<section id="{name}"{fresh}><h2>{html(title)}</h2>')
            body += [*made, "</section>"]
        return html_page(f"{self.says('title')} {self.day}", body, self.lang, SHEET + STYLE)

    def of_kind(self, kind: type[AnyDecision]) -> list[Any]:
        """Return the decisions of a kind."""
        return [each for each in self.decisions.values() if isinstance(each, kind)]

    def named(self, decision: AnyDecision) -> str:
        """Return what a decision is called."""
        return self.titled(decision.title, decision.name)

    def titles(self, decision: AnyDecision) -> dict[Group, str]:
        """Return what the answers of a decision are called; no answer too."""
        none: dict[Group, str] = {None: self.says("no_answer")}
        match decision:
            case Tier():
                return none | {each.id: self.titled(each.title, each.id) for each in decision.levels}
            case Stage():
                return none | {name: self.titled(each.title, name) for name, each in decision.stages.items()}
            case _:
                return none

    # --- sections -------------------------------------------------------------------------------------

    def glance(self) -> Iterator[str]:
        figures = [(self.says("customers"), f"{self.customers:,}")]
        for tier in self.of_kind(Tier):
            best = tier.levels[0]
            found = report.shares(self.answers, tier.name)
            count = sum(row.count for row in found.rows if row.group == best.id)
            said = f"{count:,} ({percent_text(Fraction(count, found.total) if found.total else None)})"
            figures.append((self.titled(best.title, best.id), said))
        churn = self.churn()
        if churn is not None:
            counts = {row.group: row for row in report.shares(self.answers, churn.name).rows}
            for name in self.churned(churn):
                row = counts.get(name)
                share = row.share if row is not None else Fraction(0)
                said = f"{row.count if row is not None else 0:,} ({percent_text(share)})"
                figures.append((self.titles(churn)[name], said))
        figures += [
            (report.due_title(name, self.lang), f"{len(self.due[name]):,}")
            for name in ("red_line", "follow_ups")
        ]
        parts = "".join(f"<div><dt>{html(name)}</dt><dd>{html(said)}</dd></div>" for name, said in figures)
        yield f'<dl class="figures">{parts}</dl>'
        rejected = sum(each.rejected for each in self.read.values())
        if rejected:
            yield self.note(self.says("incomplete", n=f"{rejected:,}"))

    def tier(self, tier: Tier) -> Iterator[str]:
        titles, order = self.titles(tier), [each.id for each in tier.levels]
        yield from self.shares(tier, order)
        if "region" in self.columns:
            yield from self.crossed(tier, "region", order)
        counts = {
            (level, None if fen is None else to_yuan(int(fen))): number  # type: ignore[arg-type]
            for (level, fen), number in grouped(self.answers, [tier.name, _SPEND]).items()
        }
        found = report.pareto_of(counts, order=order)
        yield f"<h3>{html(self.says('pareto'))}</h3>"
        if found.spend:
            points = [
                (Fraction(number, found.customers), Fraction(spent) / Fraction(found.spend))
                for number, spent in found.curve
            ]
            axes = (self.says("customers_axis"), self.says("spend_axis"))
            yield self.figure(charts.curve(self.fresh("pareto"), self.says("curve"), points, axes))
        yield self.table(found.grid(self.lang, titles=titles), self.says("pareto_note"))

    def stage(self, stage: Stage) -> Iterator[str]:
        yield from self.shares(stage, list(stage.order))
        if stage is not self.churn():
            return
        of, told = self.churned(stage), False
        for column in self.columns:
            found = replace(
                report.breakdown(self.answers, stage.name, by=column, of=of), by=self.column(column)
            )
            if len([row for row in found.rows if row.group is not None]) < 2 or not found.counted:
                continue
            yield f"<h3>{html(self.says('by', title=self.named(stage), column=self.column(column)))}</h3>"
            if not told:
                yield self.note(self.says("by_note"))
                told = True
            called = {row.group: self.word(column, row.group) for row in found.rows}
            grid = found.grid(self.lang, titles=self.titles(stage), called=called)
            rows = [
                charts.Pair(
                    called[row.group],
                    (row.count, row.rate),
                    (f"{row.count:,}", percent_text(row.rate)),
                    (row in found.most, row in found.highest),
                )
                for row in found.rows[:GROUPS]
            ]
            heads = (grid.heads[2], grid.heads[3])
            yield self.figure(charts.paired_bars(self.fresh("churn"), grid.heads[2], heads, rows))
            yield self.table(self.cut(grid), "")

    def shares(self, decision: AnyDecision, order: Sequence[Group]) -> Iterator[str]:
        """Tell how the customers fall into the answers of a decision."""
        titles = self.titles(decision)
        counts = dict.fromkeys(order, 0) | {
            answer: number for (answer,), number in grouped(self.answers, [decision.name]).items()
        }
        found = report.shares_of(counts, self.named(decision), order=order)
        grid = found.grid(self.lang, titles=titles)
        rows = [
            (cells[0], row.count, f"{row.count:,} ({cells[2]})")
            for row, cells in zip(found.rows, grid.rows, strict=True)
        ]
        title = self.says("share_chart", title=self.named(decision))
        yield self.figure(charts.bars(self.fresh("shares"), title, rows))
        yield self.table(replace(grid, notes=()), title)

    def crossed(self, decision: AnyDecision, column: str, order: Sequence[Group]) -> Iterator[str]:
        """Tell how the answers of a decision are spread over the groups of a column."""
        found = replace(
            report.cross(self.answers, decision.name, by=column, answers=order), by=self.column(column)
        )
        if len([group for group in found.rows if group is not None]) > 1:
            caption = self.says("by", title=self.named(decision), column=self.column(column))
            yield self.table(self.cut(found.grid(self.lang, titles=self.titles(decision))), caption)

    def others(self) -> Iterator[str]:
        rows = []
        for each in self.of_kind(Rules):
            found = report.shares(self.answers, each.name)
            titles = self.titles(each)
            for at, row in enumerate(found.rows):
                answer = titles.get(row.group) or group_text(row.group, self.lang)
                rows.append(
                    (self.named(each) if at == 0 else "", answer, f"{row.count:,}", percent_text(row.share))
                )
        if rows:
            heads = tuple(self.says(name) for name in ("decision", "answer", "customers", "share"))
            yield self.table(Grid(heads, tuple(rows)), "").replace("<table>", '<table class="words">', 1)

    def rate_section(self) -> Iterator[str]:
        found = [*self.rates.values(), *self.yearly.values()]
        if not found:
            return
        heads = tuple(self.says(name) for name in ("rate", "month", "value", "above", "below", "unjudged"))
        rows = tuple(
            (
                self.titled(each.model.title, each.rate),
                str(each.period),
                percent_text(each.value, 1),
                _above(each),
                _number(each.denominator),
                f"{sum(each.undecided.values()):,}",
            )
            for each in found
        )
        yield self.table(Grid(heads, rows), "")
        if self.rates:
            months = report.series(
                self.book,
                self.tables,
                until=str(self.month),
                periods=MONTHS,
                check=False,
                progress=self.progress,
            )
            yield from self.months(months)
            for column in ("store_id", "region"):
                yield from self.rates_by(column)
        yield f"<h3>{html(self.says('counted'))}</h3>"
        yield "".join(self.in_words(each) for each in found)

    def months(self, months: Series) -> Iterator[str]:
        """Tell the rates of several months: a picture each, and one table."""
        yield f"<h3>{html(self.says('months', n=len(months.periods)))}</h3>"
        drawn = []
        for name in months.names:
            points = [(str(each.period), each.value) for each in months[name]]
            last = percent_text(months[name][-1].value, 1)
            title = self.titled(months[name][-1].model.title, name)
            drawn.append(self.figure(charts.line(self.fresh("rate"), title, points, last), title))
        yield f'<div class="row">{"".join(drawn)}</div>'
        titles = [self.titled(self.rates[name].model.title, name) for name in months.names]
        rows = [
            (str(period.period), *(_with_counts(period[name]) for name in months.names))
            for period in months.periods
        ]
        yield self.table(Grid((self.says("month"), *titles), tuple(rows)), "")

    def rates_by(self, column: str) -> Iterator[str]:
        """Tell the rates of the month for each group of a column, where there are several."""
        groups = (
            [row.group for row in report.shares(self.answers, column).rows] if column in self.columns else []
        )
        if len([group for group in groups if group is not None]) < 2:
            return
        found = self.book.rates(self.tables, period=str(self.month), by=column, check=False)
        none = Count()
        rows = [
            (
                group_text(group, self.lang),
                *(
                    _with_counts(each.groups.get(group) or replace(each, of=none, over=none))
                    for each in found.values()
                ),
            )
            for group in groups
        ]
        titles = [self.titled(each.model.title, name) for name, each in found.items()]
        total = (self.says("all"), *(_with_counts(each) for each in found.values()))
        heading = self.says("by", title=f"{self.says('rates')} {self.month}", column=self.column(column))
        yield f"<h3>{html(heading)}</h3>"
        yield self.table(self.cut(Grid((self.column(column), *titles), tuple(rows), total)), "")

    def in_words(self, outcome: RateOutcome) -> str:
        """Return what a rate counts."""
        title, *lines = outcome.text(self.lang).strip().split("\n")
        items = "".join(f"<li>{html(line.strip())}</li>" for line in lines)
        return f"<p><strong>{html(title)}</strong></p><ul>{items}</ul>"

    def due_section(self) -> Iterator[str]:
        for name, listed in self.due.items():
            count = f"<small>{html(self.says('on_list'))}: {len(listed):,}</small>"
            yield f"<h3>{html(report.due_title(name, self.lang))} {count}</h3>"
            if not listed:
                yield self.note(self.says("nothing"))
                continue
            rows = "".join(
                f'<tr><th scope="row">{html(each.customer_id)}</th><td class="day">{each.on}</td>'
                f"<td>{html(each.why(self.lang))}</td></tr>"
                for each in listed[:SHOWN]
            )
            heads = "".join(
                f'<th scope="col">{html(self.says(head))}</th>' for head in ("customer", "on", "why")
            )
            yield f'<table class="text"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
            if len(listed) > SHOWN:
                yield self.note(self.says("more", n=f"{len(listed) - SHOWN:,}"))

    def reading(self) -> Iterator[str]:
        items = [self.says(f"read_{name}") for name in ("rounding", "dash", "unknown", "due")]
        yield f"<ul>{''.join(f'<li>{html(each)}</li>' for each in items)}</ul>"

    def data(self) -> Iterator[str]:
        if self.read:
            heads = tuple(self.says(name) for name in ("table", "rows", "used", "rejected"))
            rows = tuple(
                (name, f"{each.rows:,}", f"{each.out:,}", f"{each.rejected:,}")
                for name, each in self.read.items()
            )
            yield self.table(Grid(heads, rows), "")

    # --- parts ----------------------------------------------------------------------------------------

    def fresh(self, name: str) -> str:
        """Return an id for a chart."""
        self.drawn += 1
        return f"{name}{self.drawn}"

    def figure(self, svg: str, caption: str = "") -> str:
        """Return a chart as a figure; the table beside it says the same in words."""
        said = f"<figcaption>{html(caption)}</figcaption>" if caption else ""
        return f"<figure>{said}{svg}</figure>"

    def word(self, column: str, group: Group) -> str:
        """Return what a value of a column is called."""
        found = WORDS.get(f"{column}.{group}") or (WORDS.get(group) if isinstance(group, str) else None)
        known = SUBJECTS["customer"].fields[column].kind is Kind.CATEGORY
        return found[self.lang != "zh"] if found is not None and known else group_text(group, self.lang)

    def note(self, text: str) -> str:
        """Return a remark."""
        return f'<p class="note">{html(text)}</p>'

    def cut(self, grid: Grid) -> Grid:
        """Return a table of so many groups; that there are more is said."""
        if len(grid.rows) <= GROUPS:
            return grid
        more = self.says("more", n=f"{len(grid.rows) - GROUPS:,}")
        return replace(grid, rows=grid.rows[:GROUPS], notes=(*grid.notes, more))

    def table(self, grid: Grid, caption: str) -> str:
        """Return a table: heads, rows, the total below them, and notes."""
        heads = "".join(f'<th scope="col">{html(head)}</th>' for head in grid.heads)
        parts = [f"<caption>{html(caption)}</caption>"] if caption else []
        parts.append(f"<thead><tr>{heads}</tr></thead>")
        parts.append(f"<tbody>{''.join(_row(row) for row in grid.rows)}</tbody>")
        if grid.total is not None:
            parts.append(f"<tfoot>{_row(grid.total)}</tfoot>")
        return f"<table>{''.join(parts)}</table>" + "".join(self.note(note) for note in grid.notes)


def _row(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f'<tr><th scope="row">{html(first)}</th>{"".join(f"<td>{html(cell)}</td>" for cell in rest)}</tr>'


def _number(number: int | None) -> str:
    return f"{number:,}" if number is not None else "–"


def _lost(outcome: RateOutcome) -> int | None:
    """Return what stands above the line as the rate is read: with `one_minus`, those that are left of the whole."""
    if outcome.numerator is None or outcome.denominator is None or not outcome.model.one_minus:
        return outcome.numerator
    return outcome.denominator - outcome.numerator


def _above(outcome: RateOutcome) -> str:
    """Return what stands above the line, and what it is left of."""
    above = _number(_lost(outcome))
    if not outcome.model.one_minus or outcome.numerator is None:
        return above
    return f"{above} ({_number(outcome.denominator)} - {_number(outcome.numerator)})"


def _with_counts(outcome: RateOutcome) -> str:
    """Return a rate with what it was counted from."""
    if outcome.value is None:
        return "–"
    return f"{percent_text(outcome.value, 1)} ({_number(_lost(outcome))}/{_number(outcome.denominator)})"
