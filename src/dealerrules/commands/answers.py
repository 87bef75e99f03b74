"""Answers: outcomes written as JSON lines, CSV rows or a table for people.

Place in the flow: the command `evaluate` writes with these; the demo counts with their words.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from dealerrules.outcome import OfferOutcome, PayoutOutcome, RulesOutcome, StageOutcome, TierOutcome
from dealerrules.outputs import write_csv
from dealerrules.text_tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealerrules.answer import Answer
    from dealerrules.outcome import AnyOutcome


def write_answers(answers: Iterable[Answer], form: str, out: TextIO, lang: str) -> None:
    """Write answers as ``jsonl``, ``csv`` or ``table``."""
    match form:
        case "jsonl":
            out.writelines(json.dumps(answer.to_dict(), ensure_ascii=False) + "\n" for answer in answers)
        case "csv":
            heads = ["subject", "id", "decision", "status", "answer", "because", "undetermined", "missing"]
            write_csv(out, heads, (row for answer in answers for row in _long_rows(answer)))
        case _:
            rows = [
                [answer.id or "", name, _shown(outcome, lang), _why(outcome, lang)]
                for answer in answers
                for name, outcome in answer.items()
            ]
            heads = (
                ["对象", "决策", "结果", "因为"] if lang == "zh" else ["id", "decision", "answer", "because"]
            )
            out.write(table(heads, rows))


def _long_rows(answer: Answer) -> Iterator[list[str]]:
    """Yield a row of text for each decision of an answer."""
    for name, outcome in answer.items():
        lists = (outcome.because, outcome.undetermined, outcome.missing)
        joined = [" ".join(each) for each in lists]
        yield [answer.subject, answer.id or "", name, outcome.status.value, said(outcome), *joined]


_STATUS = {"undetermined": "未定", "undefined": "无结果"}


def _shown(outcome: AnyOutcome, lang: str) -> str:
    """Return the answer for a table of people: the word, or how many rows answer, and the status unless decided."""
    word = said(outcome)
    if isinstance(outcome, RulesOutcome) and isinstance(outcome.value, tuple | dict):
        count = len(outcome.rows)
        word = "" if not count else f"{count}行" if lang == "zh" else f"{count} row{'s' * (count != 1)}"
    status = outcome.status.value
    open_ = "" if status == "decided" else _STATUS[status] if lang == "zh" else status
    return ", ".join(part for part in (word, open_) if part) or "-"


def _why(outcome: AnyOutcome, lang: str) -> str:
    """Return the rules that grant the answer, and the facts that are missing to settle it."""
    because = [" ".join(outcome.because)] if outcome.because else []
    if outcome.missing:
        because.append(("缺：" if lang == "zh" else "missing: ") + " ".join(outcome.missing))
    elif outcome.reason is not None:
        because.append(outcome.reason.text(lang))
    return "; ".join(because)


def said(outcome: AnyOutcome) -> str:
    """Return the answer of an outcome in a word, as tables show it; empty where there is none."""
    match outcome:
        case TierOutcome():
            return outcome.level or ""
        case StageOutcome():
            return outcome.stage or ""
        case PayoutOutcome():
            return str(outcome.amount) if outcome.amount is not None else ""
        case OfferOutcome():
            return outcome.band or ""
        case RulesOutcome():
            value = outcome.value
            if isinstance(value, tuple | dict):
                return " ".join(row.id for row in outcome.rows)
            return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
