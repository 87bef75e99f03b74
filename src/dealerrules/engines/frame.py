"""The frame engine: whole tables in, one row of answers and rule truths a subject out.

Place in the flow: tables of any size (or a frame of ready-made facts) and the editions of the policies come in; what
becomes of them is written by ``context.py``, on polars, DuckDB or PySpark, lazily. The row engine is what this one is
held against: on every outcome, every rule, and everything unknown.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from dealerrules.engines.columns import (
    Algebra,
    Column,
    Flags,
    KeptBefore,
    TooLarge,
    day_of,
    either,
    field_column,
    missing_column,
)
from dealerrules.engines.context import Context, Question, dtype_of, type_and_dtype
from dealerrules.engines.days import who_of
from dealerrules.engines.entry import (
    Opened,
    cast_fields,
    different_keys,
    dotless,
    key_faults,
    open_frames,
)
from dealerrules.engines.flat import Columns, Flat, Truths
from dealerrules.engines.past import Past
from dealerrules.expr import (
    Field,
)
from dealerrules.faults import Fault, FieldError, RecordError, messages, nearest
from dealerrules.households import UNSURE
from dealerrules.policy.model import AnyDecision, Edition, Payout, Rules, Stage, Tier
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.values import BOOLEAN, COUNT, MAX_COUNT, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date


def attributes_of(editions: Iterable[Edition], subject: str) -> dict[str, Type]:
    """Return the attributes of customers that the facts of some editions read."""
    found: dict[str, Type] = {}
    for edition in editions:
        if edition.before is not None:
            found |= attributes_of([edition.before], subject)
        for definition in edition.facts.get(subject, {}).values():
            if isinstance(definition.expr, Field) and definition.expr.name.startswith("attributes."):
                found[definition.expr.name] = definition.expr.type
    return found


def question_of(opened: Opened, subject: str, editions: Sequence[Edition], as_of: date) -> Question:
    """Return a question about some tables, with every known column cast.

    Raises:
        RecordError: naming each column that is missing, or cannot be what it is exactly.
    """
    meta = SUBJECTS[subject]
    faults: list[Fault] = []
    base = opened.tables[meta.table]
    types = {**meta.fields, **attributes_of(editions, subject)}
    faults += key_faults(meta.table, base, meta.key)
    cast = cast_fields(meta.table, base, types, faults, meta.id_field)
    id_type = base.collect_schema().get(meta.id_field)
    events: dict[str, nw.LazyFrame[Any]] = {}
    for name, table in TABLES.items() if meta.tables else ():
        frame = opened.tables.get(name)
        if frame is None:
            continue
        lacking = key_faults(name, frame, ["customer_id", table.date_field])
        faults += lacking
        if lacking:
            continue
        key_type = frame.collect_schema()["customer_id"]
        if (
            id_type is not None
            and key_type != id_type
            and not (key_type.is_integer() and id_type.is_integer())
        ):
            faults.append(different_keys(name, key_type, id_type))
        columns = cast_fields(name, frame, table.fields, faults, "customer_id")
        absent = {
            each: nw.lit(None).cast(dtype_of(type_))
            for each, type_ in table.fields.items()
            if each not in columns
        }
        made = frame.select(nw.col("customer_id").alias("id"), **{**columns, **absent})
        counts = [~nw.col(table.date_field).is_null()]
        for column, words in table.excluded:
            counts.append(~nw.col(column).is_in(list(words)).fill_null(value=False))
        events[name] = made.filter(*counts)
    if faults:
        raise RecordError(faults)
    algebra = Algebra(opened.backend)
    keys = {f"key {name}": nw.col(name) for name in meta.key}
    held = {f"field {dotless(name)}": value for name, value in cast.items()}
    more = [nw.col(name) for name in (ROW, UNSURE) if name in base.collect_schema().names()]
    frame = base.select(nw.col(meta.id_field).alias("id"), *more, **keys, **held)
    fields = {name: field_column(types[name], nw.col(f"field {dotless(name)}")) for name in cast}
    question = Question(algebra, Flat(algebra), subject, frame, fields, events, as_of)
    if any(_keeps(edition, subject) for edition in editions):
        question = replace(question, frame=frame.with_columns(who_of(subject, fields)))
        question.past = Past(question, as_of, as_of)
    return question


def _keeps(edition: Edition, subject: str) -> bool:
    tiers = [each for each in edition.decisions.values() if isinstance(each, Tier)]
    return any(tier.keeps is not None for tier in tiers if tier.subject == subject)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a book.

    Attributes:
        names: of decisions, in the order of their columns.
        as_of: the day.
        editions: all of the book, in order.
        models: the latest version of each decision.
        one_version: whether a decision has had one meaning only up to the day.
    """

    names: Sequence[str]
    as_of: date
    editions: Sequence[Edition]
    models: Mapping[str, AnyDecision]
    one_version: Callable[[str], bool]


def answers(
    question: Question,
    asked: Asked,
    day: nw.Expr | date | None = None,
    more: Callable[[str, Context], Columns] | None = None,
) -> nw.LazyFrame[Any]:
    """Return the columns of all outcomes, a row a subject.

    Args:
        question: the tables.
        asked: what is asked.
        day: each row's own day of evaluation, as a column; no version begins between it and the day that is asked about.
        more: further columns of a decision, by suffix; none where no version of it is in force.

    Names of columns are without dots where `day` is given.
    """
    names, as_of, editions, models = asked.names, asked.as_of, asked.editions, asked.models
    in_force = next((each for each in editions if each.start <= as_of <= each.end), None)
    out: Columns = {}
    contexts: dict[int, Context] = {}

    def context(edition: Edition) -> Context:
        return contexts.setdefault(id(edition), Context(question, edition, as_of if day is None else day))

    wanted: dict[int, list[str]] = {}
    for name in names:
        for edition in _editions_of(models[name], editions, in_force, as_of):
            if name in edition.decisions:
                context(edition)
                wanted.setdefault(id(edition), []).append(name)
    for key, each in contexts.items():
        each.prepare([], wanted[key])
    for name in names:
        model = models[name]
        parts = [
            (edition, context(edition).outcome(name) | (more(name, context(edition)) if more else {}))
            for edition in _editions_of(model, editions, in_force, as_of)
            if name in edition.decisions
        ]
        if model.dated_by is None:
            columns = parts[0][1] if parts else _undefined(question, model)
        else:
            undated = in_force if asked.one_version(name) else None
            columns = _dated(question, model, parts, as_of if day is None else day, undated)
        out |= {f"{name}{suffix}": value for suffix, value in columns.items()}
    meta = SUBJECTS[question.subject]
    there = question.frame.collect_schema().names()
    keys = {name: nw.col(f"key {name}") for name in meta.key if f"key {name}" in there}
    kept = {name.removeprefix("kept "): nw.col(name) for name in there if name.startswith("kept ")}
    if day is not None:  # these are read again: Spark takes dots for parts of a structure
        out = {dotless(name): value for name, value in out.items()}
    selected = [value.alias(name) for name, value in {**keys, **kept, **out}.items()]
    if ROW in there:
        selected.append(nw.col(ROW))
    return question.frame.select(*selected)


def _editions_of(
    model: AnyDecision, editions: Sequence[Edition], in_force: Edition | None, as_of: date
) -> list[Edition]:
    """Return the editions that may decide: that of the day, or for a dated subject any up to the day."""
    if model.dated_by is None:
        return [] if in_force is None else [in_force]
    return [edition for edition in editions if edition.start <= as_of]


def _undefined(question: Question, model: AnyDecision) -> Columns:
    """Return the columns of a decision of which no version is in force."""
    nothing = Truths(tuple(nw.lit(value=False) for _ in model.rules), tuple(None for _ in model.rules))
    flat = question.flat
    measure = missing_column(*type_and_dtype(model.measure)) if isinstance(model, Stage) else None
    amount = nw.lit(None).cast(nw.Int64) if isinstance(model, Payout) else None
    made = flat.columns(model, nothing, measure, amount)
    never = nw.lit(value=False)
    cleared = {
        suffix: nw.when(never).then(value)
        if not suffix.startswith((".true", ".unknown", ".because"))
        else value
        for suffix, value in made.items()
    }
    cleared[".status"] = flat.status(None, nw.lit(value=True))
    return cleared


def _dated(
    question: Question,
    model: AnyDecision,
    parts: Sequence[tuple[Edition, Columns]],
    as_of: date | nw.Expr,
    undated: Edition | None,
) -> Columns:
    """Return each subject's outcome under the version in force on its own date; without a date under `undated`."""
    assert model.dated_by is not None
    held = question.given.get(model.dated_by, question.fields.get(model.dated_by))
    day = held.value if held is not None else nw.lit(None).cast(nw.Date)
    nothing = _undefined(question, model)
    if not parts:
        return nothing
    versions = _alike(question, model, [columns for _, columns in parts])
    tests = []
    for edition, _ in parts:
        inside = (day >= day_of(edition.start)) & (day <= day_of(edition.end)) & (day <= day_of(as_of))
        test = inside.fill_null(value=False)
        if edition is undated:
            test = test | day.is_null()
        tests.append(test)
    found: Columns = {}
    never = nw.lit(None)
    for suffix in dict.fromkeys([*nothing, *(suffix for columns in versions for suffix in columns)]):
        otherwise = nothing.get(suffix, never)
        chosen = [
            nw.when(test).then(columns[suffix])
            for test, columns in zip(tests, versions, strict=True)
            if suffix in columns
        ]
        if suffix.startswith((".true", ".unknown", ".status", ".because")):
            chosen.append(nw.when(~either([Flags(test) for test in tests]).true).then(otherwise))
        if not chosen:  # the latest version is of another kind than those up to the day
            found[suffix] = otherwise
        else:
            found[suffix] = nw.coalesce(*chosen) if len(chosen) > 1 else chosen[0]
    return found


def _alike(question: Question, model: AnyDecision, versions: Sequence[Columns]) -> list[Columns]:
    """Return the columns of several versions so that one may stand for another: words among those of all versions.

    Raises:
        RecordError: naming each column that would have to hold values of different kinds.
    """
    if len(versions) < 2:
        return list(versions)
    kinds: dict[str, set[str]] = {}
    words: dict[str, list[str]] = {}
    for columns in versions:
        schema = question.frame.select(
            **{f"d{suffix}": value for suffix, value in columns.items()}
        ).collect_schema()
        for suffix in columns:
            dtype = schema[f"d{suffix}"]
            if isinstance(dtype, nw.Enum):
                words.setdefault(suffix, []).extend(dtype.categories)
            text = dtype == nw.String or isinstance(dtype, nw.Enum)
            kinds.setdefault(suffix, set()).add(
                "words" if text else "number" if dtype.is_numeric() else str(dtype)
            )
    faults = [
        FieldError(f"{model.name}{suffix}", _SAYS["two_kinds"]).at(question.subject, None, "decisions")
        for suffix, found in kinds.items()
        if len(found) > 1
    ]
    if faults:
        raise RecordError(faults)
    among = {suffix: nw.Enum(list(dict.fromkeys(each))) for suffix, each in words.items()}
    return [
        {suffix: value.cast(among[suffix]) if suffix in among else value for suffix, value in columns.items()}
        for columns in versions
    ]


def evaluate_tables(tables: Mapping[str, Any], subject: str, asked: Asked) -> Any:
    """Return the outcomes of a store's tables, in a frame of the kind that came in.

    Raises:
        RecordError: for tables and columns that cannot be read.
    """
    opened = open_frames(tables)
    opened = numbered(opened, SUBJECTS[subject].table)
    question = question_of(opened, subject, asked.editions, asked.as_of)
    return _answered(opened, question, asked)


def evaluate_facts(facts: Any, subject: str, asked: Asked, keep: Sequence[str]) -> Any:
    """Return the outcomes of a frame of ready-made facts, in a frame of its kind.

    Raises:
        RecordError: for columns that are no facts, or not of their type.
    """
    opened = open_frames({FACTS: facts})  # nothing is joined to it, so that its rows stay in order
    question = _question_of_facts(opened, subject, asked.editions, asked.as_of, keep)
    return _answered(opened, question, asked)


FACTS: Final = "facts"
ROW: Final = "\u00b7row"
"""The number of a row among those that came in; no table has a column of this name."""
_SAYS: Final = messages("""
two_kinds | `{value}` is of another kind in another version, and one column cannot hold both; evaluate these records one by one | `{value}` 在不同版本中是不同种类的值，一列无法同时容纳；请逐条评估这些记录
too_large | numbers in {value} may grow past the 37 digits that a data frame holds exactly; evaluate these records one by one | {value} 中的数字可能超过数据表能精确表示的 37 位；请逐条评估这些记录
kept_before | `{value}` keeps its levels, and a rule asks what it was on the day before an event: a data frame cannot tell; evaluate these records one by one | `{value}` 会保留等级，而有规则要看它在某个事件前一天是什么：数据表无法得出；请逐条评估这些记录
no_fact | there is no such fact | 没有这个事实
two_meanings | the column `{value}` would mean two things: give the angle or output another name | 列 `{value}` 会有两种含义：请给该角度或输出换个名字
""")


def _question_of_facts(
    opened: Opened, subject: str, editions: Sequence[Edition], as_of: date, keep: Sequence[str]
) -> Question:
    """Return a question about ready-made facts: each column is one, or is kept, or says more of one.

    ``NAME.absent`` tells where there is no such event, ``NAME.over`` is the divisor of a ratio whose numerator is NAME.
    """
    base = opened.tables[FACTS]
    types = {name: each for edition in editions for name, each in edition.given_types(subject).items()}
    there = base.collect_schema().names()
    faults: list[Fault] = []
    suffixes = [dotless(".absent"), dotless(".over"), ".absent", ".over"]
    for name in there:
        stem = next((name.removesuffix(each) for each in suffixes if name.endswith(each)), name)
        if name not in types and name not in keep and (stem == name or stem not in types):
            error = FieldError(None, _SAYS["no_fact"], near=nearest(name, types))
            faults.append(error.at(subject, None, name, FACTS))
    faults += key_faults(FACTS, base, keep)
    ratios = {
        name: f"{name}.over" for name in types if {f"{name}.over", dotless(f"{name}.over")} & set(there)
    }
    plain = {name: each for name, each in types.items() if name not in ratios and name not in keep}
    cast = cast_fields(FACTS, base, plain, faults)
    parts = {name: COUNT for pair in ratios.items() for name in pair}
    divided = cast_fields(FACTS, base, parts, faults)
    absents = {f"{name}.absent": BOOLEAN for name in types if f"{name}.absent" not in types}
    gone = cast_fields(FACTS, base, absents, faults)
    if faults:
        raise RecordError(faults)
    held = {f"field {dotless(name)}": value for name, value in {**cast, **divided}.items()}
    held |= {f"field {dotless(name)}": value.fill_null(value=False) for name, value in gone.items()}
    kept = {f"kept {name}": nw.col(name) for name in keep}
    algebra = Algebra(opened.backend)
    given: dict[str, Column] = {}
    for name in [*cast, *ratios]:
        absent = nw.col(f"field {dotless(f'{name}.absent')}") if f"{name}.absent" in gone else None
        column = field_column(types[name], nw.col(f"field {dotless(name)}"), absent)
        if name in ratios:
            column = _ratio_of(column, nw.col(f"field {dotless(ratios[name])}"))
        given[name] = column
    frame = base.select(**kept, **held)
    return Question(algebra, Flat(algebra), subject, frame, {}, None, as_of, given)


def _ratio_of(column: Column, over: nw.Expr) -> Column:
    """Return a ratio that is given as two whole numbers; over 0 it is unknown."""
    there = ~over.is_null() & (over > 0)
    value = nw.when(there).then(column.value)
    return replace(
        column, value=value, over=nw.when(there).then(over), scale=1, most=MAX_COUNT, over_most=MAX_COUNT
    )


def numbered(opened: Opened, table: str) -> Opened:
    """Number the rows of frames that came in as values, so that the answer can keep their order."""
    if not opened.eager:
        return opened
    base = nw.to_native(opened.tables[table]).with_row_index(ROW)
    return replace(opened, tables={**opened.tables, table: nw.from_native(base)})


def _answered(opened: Opened, question: Question, asked: Asked) -> Any:
    """Return the answers in a frame of the kind that came in."""
    with refusing(question.subject, [asked.models[name] for name in asked.names]):
        found = answers(question, asked)
    in_order = ROW in question.frame.collect_schema().names()
    return opened.close(found.sort(ROW).drop(ROW) if in_order else found)


@contextmanager
def refusing(subject: str, models: Sequence[AnyDecision]) -> Iterator[None]:
    """Refuse what a frame cannot say: columns that mean two things, numbers that may not fit.

    Raises:
        RecordError: naming them.
    """
    faults = [
        FieldError(column, _SAYS["two_meanings"]).at(subject, None, "decisions")
        for model in models
        for column in _doubtful(model)
    ]
    if faults:
        raise RecordError(faults)
    try:
        yield
    except (TooLarge, KeptBefore) as error:
        said = FieldError(str(error), _SAYS["too_large" if isinstance(error, TooLarge) else "kept_before"])
        raise RecordError([said.at(subject, None, "decisions")]) from None


def _doubtful(model: AnyDecision) -> list[str]:
    """Return the columns of a decision that its own angles or outputs would write over."""
    own: list[str] = []
    if isinstance(model, Tier):
        own = [angle.id for angle in model.angles]
    elif isinstance(model, Rules) and len(model.outputs) > 1:
        own = [output.id for output in model.outputs]
    return [f"{model.name}.{each}" for each in own if each in {"status", "because", "true", "unknown"}]
