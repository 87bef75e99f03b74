"""Worklist: who in a store is near a better answer, by which department, and who is about to lose one.

Place in the flow: beside the reports. Frames of advice come in; lists go out, which ``worklist_page`` writes down.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealerrules.advice.advice_frame import ANGLE, Wanted, advice_tables, angles_of_rules
from dealerrules.analysis.diagrams import TooLargeError
from dealerrules.faults import Fault, RecordError, messages
from dealerrules.policy.model import Stage, Tier
from dealerrules.records import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from dealerrules.advice.coming import Coming
    from dealerrules.book import PolicyBook
    from dealerrules.intake.stores import Tables
    from dealerrules.policy.model import AnyDecision
    from dealerrules.records import Record

_SAYS: Final = messages("""
too_large | there are too many ways to a better answer to look through all of them | 通向更好结果的途径太多，无法全部查看
told | {name}: {done} of {all} | {name}：{done}/{all}
losing | {name}: {done} of {all} changes | {name}：变化 {done}/{all}
""")
STEP: Final = "step"
RECORD: Final = "record"
LOSS: Final = "loss"
LISTS: Final = (STEP, RECORD, LOSS)
"""The lists: near a better answer by doing something, by recording what is unknown, and about to have a worse one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Someone on a list.

    Attributes:
        list: ``step``, ``record`` or ``loss``.
        decision: whose answer it is about.
        department: the angle by whose rules it gets better or worse; none where a decision has none.
        id: the subject's; of a key of several parts, all of them.
        answer: the present one; none where there is none.
        status: of the present answer; of a loss, that on the day before.
        to: the answer that it becomes.
        on: the first day of the worse answer.
        size: how much is to be done.
        what: the step, or what changes and why, in words.
        prevented_by: what would keep the present answer, in words.
    """

    list: str
    decision: str
    department: str | None
    id: str
    answer: str | None
    status: str
    to: str | None
    on: date | None
    size: int | None
    what: str
    prevented_by: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a store.

    Attributes:
        decisions: names; tiers, and what else says which of its answers is better.
        as_of: the day.
        within: how much a step may ask for at most.
        until: the last day to look at for losses.
        lang: ``zh`` or ``en``.
        departments: the angles that are wanted; none for all.
    """

    decisions: Sequence[str]
    as_of: date
    within: int
    until: date
    lang: str
    departments: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Worklist:
    """The lists of a store, in order: by decision, list, department, then the nearest or the earliest first."""

    asked: Asked
    models: Mapping[str, AnyDecision]
    entries: tuple[Entry, ...]

    def of(self, decision: str, name: str, department: str | None) -> tuple[Entry, ...]:
        """Return one list of a department."""
        wanted = (decision, name, department)
        return tuple(
            entry for entry in self.entries if (entry.decision, entry.list, entry.department) == wanted
        )

    def departments(self, decision: str) -> tuple[str | None, ...]:
        """Return the departments of a decision that are asked about, in the order of the policy; none where it has none."""
        model = self.models[decision]
        if not isinstance(model, Tier):
            return (None,)
        wanted = self.asked.departments
        return tuple(angle.id for angle in model.angles if wanted is None or angle.id in wanted)

    def counts(self, decision: str) -> Mapping[tuple[str | None, str], int]:
        """Return how many there are, by department and list."""
        return Counter((entry.department, entry.list) for entry in self.entries if entry.decision == decision)


def worklist(
    book: PolicyBook, tables: Tables, asked: Asked, progress: Callable[[str], None] | None = None
) -> Worklist:
    """Return who is near a better answer, and who is about to lose one.

    Args:
        book: the policies.
        tables: clean tables, as ``dealerrules.tables.read_tables`` reads them.
        asked: what is asked.
        progress: told what is being worked out, now and then.

    Raises:
        RecordError: for tables that cannot be read, and for a decision with too many ways to look through.
    """
    found: list[Entry] = []
    for name in asked.decisions:
        if SUBJECTS[book.decisions[name].subject].table in tables:
            try:
                found += _One(book, tables, asked, name, progress).entries()
            except TooLargeError:
                english, chinese = _SAYS["too_large"]
                raise RecordError([Fault("advice", None, "decision", name, english, chinese)]) from None
    models = {name: book.decisions[name] for name in asked.decisions}
    return Worklist(asked, models, tuple(found))


@dataclass(frozen=True, slots=True)
class _One:
    """Makes the lists of one decision."""

    book: PolicyBook
    tables: Tables
    asked: Asked
    name: str
    progress: Callable[[str], None] | None

    @property
    def model(self) -> AnyDecision:
        return self.book.decisions[self.name]

    def entries(self) -> list[Entry]:
        places = {angle.id: at for at, angle in enumerate(getattr(self.model, "angles", ()))}

        def order(entry: Entry) -> tuple[object, ...]:
            place = places.get(entry.department or "", -1)
            days = entry.on.toordinal() if entry.on is not None else 0
            return LISTS.index(entry.list), place, days, entry.size or 0, entry.id

        made = [*self._steps(), *self._losses()]
        wanted = self.asked.departments
        kept = [each for each in made if wanted is None or each.department in wanted]
        return sorted(kept, key=order)

    def _say(self, code: str, done: int, of: int) -> None:
        if self.progress is not None and done % 100 == 0:
            said = _SAYS[code][self.asked.lang == "zh"]
            self.progress(said.format(name=self.name, done=f"{done:,}", all=f"{of:,}"))

    # --- better ---------------------------------------------------------------------------------------

    def _steps(self) -> Iterator[Entry]:
        """Yield who is near a better answer: of a tier, the nearest step of each department."""
        asked, name = self.asked, self.name
        wanted = Wanted(
            self.model.subject,
            [name],
            asked.as_of,
            within=asked.within,
            lang=asked.lang,
            apart=True,
            progress=lambda done, of: self._say("told", done, of),
        )
        frame = advice_tables(self.book, self.tables, wanted)
        told = [name, *(f"{name}.{each}" for each in ("status", "next", "next.size", "next.step"))]
        keys = SUBJECTS[self.model.subject].key
        columns = [*keys, *told, f"{name}.next.recording", f"{name}.{ANGLE}"]
        for row in frame.select(columns).collect().iter_rows():
            key, (answer, status, to, size, said, recording, angle) = row[: len(keys)], row[len(keys) :]
            if said is not None:
                yield Entry(
                    list=RECORD if recording else STEP,
                    decision=name,
                    department=angle,
                    id=_id(key),
                    answer=None if answer is None else str(answer),
                    status=status,
                    to=to,
                    on=None,
                    size=size,
                    what=said,
                )

    # --- worse ----------------------------------------------------------------------------------------

    def _losses(self) -> Iterator[Entry]:
        """Yield who is about to have a worse answer: found in the tables, told from each record."""
        asked, name, subject = self.asked, self.name, self.model.subject
        keys = SUBJECTS[subject].key
        frame = self.book.coming_frame(
            self.tables,
            as_of=asked.as_of,
            until=asked.until,
            subject=subject,
            decisions=[name],
            check=False,
        )
        rows = frame.select(*keys, "worse").collect().iter_rows()
        losing = {tuple(map(str, key)) for *key, worse in rows if worse}
        if not losing:
            return
        ids = sorted({key[0] for key in losing})
        for done, (_, record) in enumerate(self.tables.records((subject,), ids)):
            key = tuple(str(getattr(record, each)) for each in keys)
            if key in losing:
                self._say("losing", done, len(losing))
                yield from self._told(record, key)

    def _told(self, record: Record, key: Sequence[str]) -> Iterator[Entry]:
        """Yield the first worse answer that comes, by each department that lets it go."""
        asked, lang = self.asked, self.asked.lang
        answer = self.book.evaluate(record, as_of=asked.as_of, decisions=[self.name])
        worse = (each for each in answer.coming_changes(asked.until, [self.name]) if each.worse)
        change = next(worse, None)
        if change is None:
            return
        keeping = change.prevented_by(limit=1)
        for department in _losing(change):
            yield Entry(
                list=LOSS,
                decision=self.name,
                department=department,
                id=_id(key),
                answer=change.before.verdict.answer,
                status=change.before.status.value,
                to=change.after.verdict.answer,
                on=change.on,
                size=None,
                what=change.text(lang),
                prevented_by=keeping[0].text(lang) if keeping else None,
            )


def _id(key: Sequence[Any]) -> str:
    """Return what names a subject: its id, or all parts of its key."""
    return " ".join(map(str, key))


def _losing(change: Coming) -> list[str | None]:
    """Return the angles by whose rules an answer was held: those that ask for what moved, or else all of them."""
    case = change.before.case
    if case is None or change.decision not in case.edition.decisions:
        return [None]
    moved = {name for cause in change.cause if (name := getattr(cause, "name", None)) is not None}
    return angles_of_rules(case.edition, change.decision, change.before.because, moved)


def title_of_department(model: AnyDecision, department: str | None, lang: str) -> str:
    """Return what a department is called; empty where there is none."""
    angles = model.angles if isinstance(model, Tier) else ()
    titles = {angle.id: angle.title.get(lang, angle.id) for angle in angles}
    return titles.get(department or "", department or "")


def title_of_answer(model: AnyDecision, answer: str | None, lang: str) -> str:
    """Return what a level or a stage is called; what is no such word, as it is; empty where there is none."""
    named = {level.id: level.title for level in model.levels} if isinstance(model, Tier) else {}
    if isinstance(model, Stage):
        named = {name: stage.title for name, stage in model.stages.items()}
    title = named.get(answer or "")
    return title.get(lang, answer or "") if title is not None else answer or ""
