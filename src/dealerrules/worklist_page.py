"""The worklist written down: as text for a terminal, as CSV for a spreadsheet, or as a page.

Place in the flow: behind ``worklist``, which finds who is on it; for the command ``advise``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO

from dealerrules.faults import messages
from dealerrules.outputs import write_csv
from dealerrules.pages import wrapped
from dealerrules.sections import Contents, Named, Section, Table, Text, as_html
from dealerrules.text_tables import table
from dealerrules.worklist import LISTS, LOSS, title_of_answer, title_of_department

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.worklist import Entry, Worklist

_SAYS: Final = messages("""
title | What it would take, and who is about to lose | 还差什么，谁将要失去
asked | As of {day}. A better answer by at most {within}; a worse one by {until}. | 截至 {day}。最多{within}可以更好；到 {until} 为止会变差。
step_one | 1 step | 1步
step_many | {n} steps | {n}步
counts | A step is one more of what is counted, or one other fact changed. | 一步：可数的再加 1，或者改变另一个事实。
listed | {list} ({n}) | {list}（{n}）
of_department | {department}: {listed} | {department}：{listed}
contents | Contents | 目录
department | department | 部门
step | near a better answer | 接近更好
record | only to be recorded | 只差记录
loss | about to be worse | 将要变差
id | id | 编号
answer | now | 现在
what_step | what it would take | 还差什么
what_record | what to record | 要记录什么
what_loss | what happens, and why | 会怎样，为什么
prevented_by | what prevents it | 怎样避免
more | {n} more are not shown here; `--format csv` lists all. | 另有 {n} 条未列出；`--format csv` 列出全部。
nobody | Nobody. | 没有。
""")
SHOWN: Final = 50
"""Rows of each list of a department that a page shows, and a terminal fewer."""
ON_A_TERMINAL: Final = 10
COLUMNS: Final = (
    "list",
    "decision",
    "department",
    "id",
    "answer",
    "status",
    "to",
    "on",
    "size",
    "what",
    "prevented_by",
)
"""The columns of the CSV; ids as the policy has them, words in the language that is asked for."""


def _says(lang: str, name: str, /, **parts: object) -> str:
    return _SAYS[name][lang == "zh"].format(**parts)


def as_csv(found: Worklist, out: TextIO) -> None:
    """Write everyone on the lists, a row each."""
    rows = (
        [None if (value := getattr(entry, name)) is None else str(value) for name in COLUMNS]
        for entry in found.entries
    )
    write_csv(out, COLUMNS, rows)


# ---------------------------------------------------------------------------------------------------
# What both the terminal and the page say


def _asked(found: Worklist) -> str:
    asked, lang = found.asked, found.asked.lang
    steps = _says(lang, "step_one") if asked.within == 1 else _says(lang, "step_many", n=asked.within)
    return _says(lang, "asked", day=asked.as_of, within=steps, until=asked.until)


def _title(found: Worklist, decision: str) -> str:
    return found.models[decision].title.get(found.asked.lang, decision)


def _counts(found: Worklist, decision: str) -> tuple[list[str], list[list[str]]]:
    """Return how many there are on each list: heads, and a row for each department."""
    lang, counts = found.asked.lang, found.counts(decision)
    named = found.departments(decision)
    heads = [*(["department"] if named != (None,) else []), *LISTS]
    rows = []
    for department in named:
        title = title_of_department(found.models[decision], department, lang)
        numbers = [f"{counts.get((department, name), 0):,}" for name in LISTS]
        rows.append([*([title] if named != (None,) else []), *numbers])
    return [_says(lang, head) for head in heads], rows


def _cells(found: Worklist, entry: Entry) -> list[str]:
    if entry.list == LOSS:
        return [entry.id, entry.what, entry.prevented_by or "–"]
    answer = title_of_answer(found.models[entry.decision], entry.answer, found.asked.lang)
    return [entry.id, answer or "–", entry.what]


def _heads(name: str, lang: str) -> list[str]:
    names = ("id", f"what_{name}", "prevented_by") if name == LOSS else ("id", "answer", f"what_{name}")
    return [_says(lang, each) for each in names]


# ---------------------------------------------------------------------------------------------------
# A terminal


def as_text(found: Worklist) -> str:
    """Return the lists as tables of text; of long ones the beginning."""
    lang = found.asked.lang
    lines = [*wrapped(_asked(found), "", ""), *wrapped(_says(lang, "counts"), "", "")]
    for decision in found.asked.decisions:
        title = _title(found, decision)
        lines += ["", *wrapped(f"{decision} {title}" if title != decision else decision, "", "")]
        lines += ["", table(*_counts(found, decision)).rstrip("\n")]
        for department in found.departments(decision):
            for name in LISTS:
                lines += _listed(found, decision, name, department)
    return "\n".join(lines) + "\n"


def _listed(found: Worklist, decision: str, name: str, department: str | None) -> Iterator[str]:
    """Yield one list of a department, where there is anyone on it."""
    lang, entries = found.asked.lang, found.of(decision, name, department)
    if not entries:
        return
    called = title_of_department(found.models[decision], department, lang)
    listed = _says(lang, "listed", list=_says(lang, name), n=f"{len(entries):,}")
    yield ""
    yield from wrapped(
        _says(lang, "of_department", department=called, listed=listed) if called else listed, "", ""
    )
    yield table(_heads(name, lang), [_cells(found, entry) for entry in entries[:ON_A_TERMINAL]]).rstrip("\n")
    if len(entries) > ON_A_TERMINAL:
        yield _says(lang, "more", n=f"{len(entries) - ON_A_TERMINAL:,}")


# ---------------------------------------------------------------------------------------------------
# A page


def as_page(found: Worklist) -> str:
    """Return the lists as one HTML page; of long ones the beginning."""
    lang = found.asked.lang
    parts = tuple(_decision(found, decision) for decision in found.asked.decisions)
    blocks = (Text(_asked(found)), Text(_says(lang, "counts"), note=True))
    whole = Section("worklist", Named(_says(lang, "title")), blocks, parts)
    return as_html(whole, Contents(_says(lang, "contents")), lang)


def _decision(found: Worklist, decision: str) -> Section:
    heads, rows = _counts(found, decision)
    first = len(heads) - len(LISTS)
    counted = Table(
        tuple(heads), tuple(map(tuple, rows)), numbers=frozenset(range(first, first + len(LISTS)))
    )
    departments = found.departments(decision)
    parts = [_department(found, decision, each) for each in departments]
    anchor = f"d-{decision}"
    title = Named(_title(found, decision), decision)
    if departments == (None,):
        return Section(anchor, title, (counted, *parts[0].blocks))
    return Section(anchor, title, (counted,), tuple(parts))


def _department(found: Worklist, decision: str, department: str | None) -> Section:
    lang = found.asked.lang
    blocks: list[Text | Table] = []
    for name in LISTS:
        entries = found.of(decision, name, department)
        if not entries:
            continue
        caption = _says(lang, "listed", list=_says(lang, name), n=f"{len(entries):,}")
        rows = tuple(tuple(_cells(found, entry)) for entry in entries[:SHOWN])
        blocks.append(Table(tuple(_heads(name, lang)), rows, caption))
        if len(entries) > SHOWN:
            blocks.append(Text(_says(lang, "more", n=f"{len(entries) - SHOWN:,}"), note=True))
    title = title_of_department(found.models[decision], department, lang)
    shown = tuple(blocks) or (Text(_says(lang, "nobody"), note=True),)
    return Section(f"d-{decision}-{department}", Named(title, department or ""), shown)
