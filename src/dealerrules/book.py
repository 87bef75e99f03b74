"""The book: loaded policies, and the one desk where records come in and explained answers go out.

Place in the flow: at its end; it joins the rooms before it. `load` reads YAML, `PolicyBook.evaluate` takes a
record through facts, rules and outcomes to an `Answer`, whose `explain` says why.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dealerrules.answer import Answer, Answers, Plan, Seat
from dealerrules.diagnostics import Diagnostic, Source
from dealerrules.faults import Fault, RecordError, nearest
from dealerrules.policy.compile import compile_into, read_sources
from dealerrules.policy.model import (
    AnyDecision,
    Edition,
    FactDefinition,
    Rate,
    digest,
    fingerprint,
    linked,
    meanings,
)
from dealerrules.policy.scope import Report
from dealerrules.records import SUBJECTS, Record, read_record
from dealerrules.values import read_date
from dealerrules.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dealerrules.engines.compiled import Program
    from dealerrules.engines.durable import Ruleset
    from dealerrules.engines.frame import Asked
    from dealerrules.engines.jdm import Graph
    from dealerrules.explain import Explanation
    from dealerrules.handbook import Handbook
    from dealerrules.rates import Rates
    from dealerrules.records import Customer


def load(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> PolicyBook:
    """Load policies.

    Args:
        paths: a YAML file, a directory of them (``*.cases.yaml`` are not policies), or several of either.

    Returns:
        the book; its warnings stand in ``book.warnings``.

    Raises:
        PolicyError: with every mistake found in the files, and where it stands.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    report = Report()
    sources = read_sources([Path(path) for path in given], report)
    return _book(sources, report)


def loads(text: str, name: str = "policy.yaml") -> PolicyBook:
    """Load one policy from its text; `name` stands for the file in messages.

    Raises:
        PolicyError: with every mistake found.

    Examples:
        >>> book = loads('''
        ... policy: greeting
        ... decisions:
        ...   frequent:
        ...     kind: rules
        ...     hit: unique
        ...     outputs: {frequent: {type: boolean}}
        ...     rows: [{id: often, when: {visits_past_year: {at_least: 4}}, then: {frequent: true}}]
        ...     otherwise: {frequent: false}
        ... ''')
        >>> book.evaluate_facts("customer", {"visits_past_year": 4}, as_of="2014-09-30")["frequent"].value
        True
    """
    return _book([Source(name, text)], Report())


def _book(sources: list[Source], report: Report) -> PolicyBook:
    editions = compile_into(report, sources)
    return PolicyBook(editions, tuple(report.diagnostics))


class PolicyBook:
    """Policies, checked and ready; a pure function from a record and a day to answers.

    It is safe to share between threads: what is worked out once is worked out the same by all.
    """

    def __init__(self, editions: tuple[Edition, ...], warnings: tuple[Diagnostic, ...] = ()) -> None:
        self.editions = editions
        self.warnings = warnings
        self._starts = [edition.start for edition in editions]
        self._plans: dict[object, Plan] = {}
        self._graphs: dict[tuple[date, str], Graph] = {}
        self._digests: dict[str, list[tuple[date, str]]] = {}
        self._asked: dict[
            object, tuple[Plan, date]
        ] = {}  # plans by the words of a question, for the hot path

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the policies, not the programs made from them; each edition by itself, for chains of them grow long."""
        editions = tuple(replace(edition, before=None) for edition in self.editions)
        return {"editions": editions, "warnings": self.warnings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the programs anew when they are needed."""
        self.__init__(tuple(linked(state["editions"])), state["warnings"])  # type: ignore[misc]

    # --- what is in it ---

    @cached_property
    def decisions(self) -> Mapping[str, AnyDecision]:
        """Every decision by name; the latest version where there are several."""
        return {name: made for edition in self.editions for name, made in edition.decisions.items()}

    @cached_property
    def rate_models(self) -> Mapping[str, Rate]:
        """Every rate by name; the latest version where there are several. Rates are of no subject, so no decisions."""
        return {name: made for edition in self.editions for name, made in edition.rates.items()}

    @cached_property
    def facts(self) -> Mapping[str, Mapping[str, FactDefinition]]:
        """Every fact by subject and name; the latest version where there are several."""
        merged: dict[str, dict[str, FactDefinition]] = {subject: {} for subject in SUBJECTS}
        for edition in self.editions:
            for subject, table in edition.facts.items():
                merged[subject].update(table)
        return merged

    @cached_property
    def fingerprint(self) -> str:
        """A digest that changes if and only if the meaning of the policies does."""
        return fingerprint(self.editions)

    def handbook(self, lang: str = "zh", as_of: date | str | None = None) -> Handbook:
        """Return the policies as people read them, in Chinese (``zh``) or English (``en``).

        Args:
            lang: the language.
            as_of: the day whose versions are told; the latest ones otherwise.

        Raises:
            RecordError: for a language that is neither, and a day on which nothing is in force.
        """
        from dealerrules.handbook import handbook  # noqa: PLC0415 - a room that evaluating never enters

        return handbook(self, lang, as_of)

    def edition(self, day: date) -> Edition | None:
        """Return what is in force on a day, if anything is."""
        at = bisect_right(self._starts, day) - 1
        found = self.editions[at] if at >= 0 else None
        return found if found is not None and day <= found.end else None

    def _versions(self, name: str, day: date) -> int:
        """Return how many versions of a decision, different in meaning, have begun by a day."""
        if name not in self._digests:
            self._digests[name] = [
                (edition.start, digest(meanings(edition, [name])))
                for edition in self.editions
                if name in edition.decisions
            ]
        return len({meaning for start, meaning in self._digests[name] if start <= day})

    # --- evaluation ---

    def evaluate(
        self,
        record: Record | Mapping[str, object],
        *,
        as_of: date | str,
        subject: str = "customer",
        decisions: Sequence[str] | None = None,
    ) -> Answer:
        """Evaluate one record.

        Args:
            record: a typed record, or a mapping of its fields (records.md); what is left out is unknown.
            as_of: the day; a date or ISO text. Nothing dated later is read.
            subject: what the mapping is a record of; typed records carry theirs.
            decisions: names, to restrict the work; all of the subject's otherwise.

        Raises:
            RecordError: naming everything that is wrong with the record, a day that is none, and unknown names.
        """
        read = read_record(record, subject)
        day = as_of if type(as_of) is date else _day(as_of)
        named = read.called[0]
        plan = self._plan(named, day, None if decisions is None else tuple(decisions))
        results = plan.program.on_record(read, day) if plan.program is not None else ()
        return Answer(plan, day, read, None, results)

    def evaluate_facts(
        self,
        subject: str,
        facts: Mapping[str, object],
        *,
        as_of: date | str,
        decisions: Sequence[str] | None = None,
        engine: str = "compiled",
    ) -> Answer:
        """Evaluate ready-made facts, by name; a fact left out is unknown, unless it follows from those given.

        Args:
            subject: what they are facts of.
            facts: by name.
            as_of: the day.
            decisions: names, to restrict the work.
            engine: ``compiled``, or ``durable`` to have durable_rules match the conditions (docs/durable.md).

        Raises:
            RecordError: for names that are no facts, and values of another type; with ``durable`` also for what
                durable_rules cannot carry.
        """
        named = decisions if decisions is None or type(decisions) is tuple else tuple(decisions)
        if engine != "compiled":
            return self._evaluate_elsewhere(engine, subject, facts, as_of, named)
        try:
            plan, day = self._asked[subject, as_of, named]
        except (KeyError, TypeError):
            day = _day(as_of)
            _check_subject(subject)
            plan = self._plan(subject, day, named)
            self._asked[subject, as_of, named] = plan, day
        given = facts.copy() if type(facts) is dict else dict(facts)
        results = plan.program.on_facts(given, day) if plan.program is not None else ()
        return Answer(plan, day, None, given, results)

    def _evaluate_elsewhere(
        self,
        engine: str,
        subject: str,
        facts: Mapping[str, object],
        as_of: date | str,
        decisions: tuple[str, ...] | None,
    ) -> Answer:
        if engine != "durable":
            message = f"engine is `compiled` or `durable`, not `{engine}`"
            raise ValueError(message)
        day = _day(as_of)
        _check_subject(subject)
        plan = self._plan(subject, day, decisions, engine)
        given = dict(facts)
        return Answer(plan, day, None, given, plan.on_facts(given, day))

    def to_durable(
        self, subject: str = "customer", decisions: Sequence[str] | None = None, *, as_of: date | str
    ) -> Ruleset:
        """Return decisions as a ruleset of the rules engine durable_rules, plain JSON data in its ``definition``.

        Args:
            subject: whose decisions.
            decisions: their names; otherwise all of the subject's that durable_rules can carry, and ``unsupported`` says
                what it cannot.
            as_of: the day whose version is taken.

        Raises:
            RecordError: for unknown names, a day on which nothing is in force, and what durable_rules cannot carry of
                decisions that are named.
        """
        from dealerrules.engines.durable import ruleset  # noqa: PLC0415 - only who asks for it waits for it

        day = _day(as_of)
        _check_subject(subject)
        names = self._names(subject, None if decisions is None else tuple(decisions))
        edition = self.edition(day)
        there = tuple(name for name in names if edition is not None and name in edition.decisions)
        if edition is None or (decisions is not None and len(there) < len(names)):
            said = [str(self._not_in_force(name, day)) for name in names if name not in there]
            said_zh = [self._not_in_force(name, day).text("zh") for name in names if name not in there]
            raise RecordError([Fault("evaluation", None, "as_of", day, "; ".join(said), "；".join(said_zh))])
        return ruleset(edition, subject, there, strict=decisions is not None)

    def to_jdm(self, decision: str, *, as_of: date | str) -> dict[str, Any]:
        r"""Return a decision as a graph of decision tables of GoRules (JDM), plain JSON data for zen-engine.

        Args:
            decision: its name; a tier, a stage, an offer or a rules table.
            as_of: the day whose version is taken.

        Raises:
            RecordError: for an unknown name, a day on which nothing is in force, and what JDM cannot carry.

        Examples:
            >>> book = loads("policy: p\ndecisions: {d: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, rows: "
            ...              "[{id: often, when: {visits_past_year: {at_least: 4}}, then: {d: true}}]}}")
            >>> graph = book.to_jdm("d", as_of="2014-09-30")
            >>> [node["name"] for node in graph["nodes"]]
            ['facts', 'd: holds', 'd: may hold', 'd: settled', 'd: answer', 'answer']
            >>> book.jdm_facts("d", {"visits_past_year": 5}, as_of="2014-09-30")
            {'facts': {'visits_past_year': 5}}
        """
        return self._graph(decision, _day(as_of)).definition

    def jdm_facts(self, decision: str, facts: Mapping[str, object], *, as_of: date | str) -> dict[str, Any]:
        """Return ready-made facts as the graph of `to_jdm` takes them: checked, worked out, in whole numbers.

        Args:
            decision: the graph's.
            facts: by name, as for `evaluate_facts`; what is left out is unknown, unless it follows from those given.
            as_of: the day.

        Raises:
            RecordError: as `to_jdm`, for names that are no facts, values of another type, and numbers that do not fit.
        """
        day = _day(as_of)
        return self._graph(decision, day).context(facts, day)

    def _graph(self, name: str, day: date) -> Graph:
        from dealerrules.engines.jdm import graph  # noqa: PLC0415 - only who asks for it waits for it

        edition = self.edition(day)
        subject = self.decisions[name].subject if name in self.decisions else "customer"
        self._names(subject, (name,))
        if edition is None or name not in edition.decisions:
            reason = self._not_in_force(name, day)
            raise RecordError([Fault("evaluation", None, "as_of", day, reason.text("en"), reason.text("zh"))])
        key = (edition.start, name)
        if key not in self._graphs:
            self._graphs[key] = graph(edition, subject, name)
        return self._graphs[key]

    def evaluate_many(
        self,
        records: Iterable[Record | Mapping[str, object]],
        *,
        as_of: date | str,
        subject: str = "customer",
        decisions: Sequence[str] | None = None,
        on_error: str = "raise",
    ) -> Answers:
        """Evaluate many records.

        Args:
            records: as for `evaluate`.
            as_of: the day.
            subject: what mappings are records of.
            decisions: names, to restrict the work.
            on_error: ``raise`` reports all bad records together at the end; ``skip`` goes on and keeps them in `.errors`.

        Raises:
            RecordError: with the faults of all bad records, when `on_error` is ``raise``.
        """
        if on_error not in {"raise", "skip"}:
            message = f"on_error is `raise` or `skip`, not `{on_error}`"
            raise ValueError(message)
        day = _day(as_of)
        answers: list[Answer] = []
        errors: list[RecordError] = []
        for record in records:
            try:
                answers.append(self.evaluate(record, as_of=day, subject=subject, decisions=decisions))
            except RecordError as error:
                errors.append(error)
        if errors and on_error == "raise":
            raise RecordError([fault for error in errors for fault in error.faults])
        return Answers(tuple(answers), tuple(errors))

    def rates(
        self,
        tables: Mapping[str, Any] | Iterable[Customer | Mapping[str, object]],
        *,
        period: str,
        rates: Sequence[str] | None = None,
        by: str | None = None,
        check: bool = True,
    ) -> Rates:
        """Work out the rates of a month or a year, for a whole store.

        Args:
            tables: a mapping of table name to frame, as for `evaluate_frame`; or all customers as records.
            period: a month such as ``2014-09``, or a year such as ``2014``. Nothing dated later is read.
            rates: names, to restrict the work; all that are per month (or per year) otherwise.
            by: a column of customers, such as ``region``, for which each rate is also broken down (``.groups``).
            check: whether to look first for what a record would refuse, as `evaluate_frame` does.

        Raises:
            RecordError: for another period, for unknown names, for a rate per year where a month is asked for, and for
                tables that cannot be read.

        Examples:
            >>> book = loads('''
            ... policy: p
            ... decisions:
            ...   settled_share:
            ...     kind: rate
            ...     per: month
            ...     of: {count: visits, where: {status: settled}}
            ...     over: {count: visits}
            ... ''')
            >>> visits = [{"visited_on": "2014-09-01", "status": "settled"}, {"visited_on": "2014-09-30"}]
            >>> book.rates([{"customer_id": "C1", "visits": visits}], period="2014-09")["settled_share"].value
            Fraction(1, 2)
        """
        from dealerrules.rates import rates_of  # noqa: PLC0415 - only who asks for rates waits for it

        return rates_of(self, tables, period=period, names=rates, by=by, check=check)

    def evaluate_frame(
        self,
        tables: Mapping[str, Any],
        *,
        as_of: date | str,
        subject: str = "customer",
        decisions: Sequence[str] | None = None,
        check: bool = True,
    ) -> Any:
        r"""Evaluate a whole store: a row of answers for each row of the subject's table.

        Args:
            tables: table name (``customers``, ``visits``, …) to a frame: polars (eager or lazy), pandas, pyarrow, DuckDB
                relation or PySpark, all of one kind. Columns are those of records.md; a column left out is unknown, a
                table left out has no events, other columns are not read. A customer's attributes are columns
                ``attributes.NAME``. Events of other customers than those in ``customers`` are not looked at.
            as_of: the day; a date or ISO text. Nothing dated later is read.
            subject: whose table the rows are of.
            decisions: names, to restrict the work.
            check: whether to look first, in one query a table, for what a record would refuse: words that are none of a
                field's, amounts out of range, ids that repeat. A store that has been read by `dealerrules.tables` is
                checked already.

        Returns:
            a frame of the same kind; lazy stays lazy, and values keep their order. Its columns are the key of the
            subject, and for each decision ``d`` in alphabetical order:

            - ``d``: the level, stage, band, amount (yuan, decimal) or the one value of a rules table; the ids of the rows
              that answer where that is no single value. Null where there is none, or none yet.
            - ``d.status``: ``decided``, ``undetermined`` or ``undefined``.
            - ``d.ANGLE`` and ``d.because`` of a tier, ``d.measure`` of a stage, ``d.band`` of a payout,
              ``d.OUTPUT`` of a rules table with several outputs.
            - ``d.true`` and ``d.unknown``: the rules that hold and those that are unknown, as masks over
              ``book.decisions[d].rules``, 60 rules a word; further words are ``d.true.1`` and so on.

            A measure that is no whole number, amount or date is a fraction: ``d.measure`` over ``d.measure.over``.

        Raises:
            RecordError: for tables and columns that cannot be read, a day that is none, unknown names, and what `check`
                finds.

        Examples:
            >>> import polars as pl
            >>> from datetime import date
            >>> book = loads("policy: p\ndecisions: {away: {kind: stage, measure: months_since_last_visit, "
            ...              "stages: {near: {from: 0 months}, far: {from: 6 months}}, when_absent: never}}")
            >>> visits = pl.DataFrame({"customer_id": ["C1"], "visited_on": [date(2014, 3, 30)]})
            >>> customers = pl.DataFrame({"customer_id": ["C1", "C2"]})
            >>> out = book.evaluate_frame({"customers": customers, "visits": visits}, as_of="2014-09-30")
            >>> out["away"].to_list(), out["away.measure"].to_list()
            (['far', 'never'], [6, None])
        """
        from dealerrules.engines.entry import check_names  # noqa: PLC0415 - only who brings frames waits for it
        from dealerrules.engines.frame import evaluate_tables  # noqa: PLC0415

        day = _day(as_of)
        _check_subject(subject)
        names = self._names(subject, None if decisions is None else tuple(decisions))
        check_names(subject, tables)
        if check:
            from dealerrules.engines.checks import check_tables  # noqa: PLC0415

            check_tables(tables, subject, self.editions)
        return evaluate_tables(tables, subject, self._asked_of_frames(names, day))

    def coming_frame(
        self,
        tables: Mapping[str, Any],
        *,
        as_of: date | str,
        until: date | str,
        subject: str = "customer",
        decisions: Sequence[str] | None = None,
        check: bool = True,
    ) -> Any:
        r"""Return who changes by itself within some days, in a whole store: a row for each change of an answer.

        It says what `Answer.coming_changes` says of each record, in little more time than one evaluation takes: only who
        has a date from which a day to come follows is looked at.

        Args:
            tables: as for `evaluate_frame`.
            as_of: the day; nothing dated later is read.
            until: the last day to look at.
            subject: whose table the rows are of.
            decisions: names, to restrict the work.
            check: whether to look first for what a record would refuse, as `evaluate_frame` does.

        Returns:
            a frame of the same kind. Its columns are the key of the subject, ``decision``, ``on`` (the first day of the new
            answer), ``before`` and ``after`` (as text, as `evaluate_frame` shows the answer), ``before.status`` and
            ``after.status``, ``worse`` (null where the policy does not say which answer is better), and ``facts``: the
            names of the facts of which some test of the decision, or some number that it pays by, came out otherwise. That
            is null where a version of the policy begins, or the subject's own date is reached.

        Raises:
            RecordError: as `evaluate_frame`, and for a last day that is none.

        Examples:
            >>> import polars as pl
            >>> from datetime import date
            >>> book = loads("policy: p\ndecisions: {away: {kind: stage, measure: months_since_last_visit, "
            ...              "stages: {near: {from: 0 months}, far: {from: 6 months}}}}")
            >>> visits = pl.DataFrame({"customer_id": ["C1", "C2"], "visited_on": [date(2014, 4, 8), date(2014, 9, 1)]})
            >>> tables = {"customers": visits.select("customer_id"), "visits": visits}
            >>> found = book.coming_frame(tables, as_of="2014-09-30", until="2014-10-30")
            >>> found.select("customer_id", "on", "before", "after", "facts").rows()
            [('C1', datetime.date(2014, 10, 8), 'near', 'far', 'months_since_last_visit')]
        """
        from dealerrules.advice.coming import last_day  # noqa: PLC0415 - only who asks for advice waits for it
        from dealerrules.advice.coming_frame import coming_tables  # noqa: PLC0415
        from dealerrules.engines.entry import check_names  # noqa: PLC0415

        day, last = _day(as_of), last_day(until)
        _check_subject(subject)
        names = self._names(subject, None if decisions is None else tuple(decisions))
        check_names(subject, tables)
        if check:
            from dealerrules.engines.checks import check_tables  # noqa: PLC0415

            check_tables(tables, subject, self.editions)
        return coming_tables(self, tables, subject, sorted(names), day, last)

    def advice_frame(
        self,
        tables: Mapping[str, Any],
        *,
        as_of: date | str,
        until: date | str | None = None,
        within: int | None = None,
        subject: str = "customer",
        decisions: Sequence[str] | None = None,
        lang: str = "en",
        check: bool = True,
        progress: Callable[[int, int], None] | None = None,
    ) -> Any:
        r"""Return the nearest step of everyone in a store, and the next change that comes by itself: a row for each subject.

        It says what `Outcome.next_steps` and `Answer.coming_changes` say of each record. Steps are worked out once for
        each combination of facts that there is.

        Args:
            tables: as for `evaluate_frame`.
            as_of: the day; nothing dated later is read.
            until: the last day to look at for changes; without it the columns of changes are left out.
            within: how much a step may ask for at most, as `NextStep.size` counts it; none for any.
            subject: whose table the rows are of.
            decisions: names, to restrict the work.
            lang: the language of the steps in words, ``zh`` or ``en``.
            check: whether to look first for what a record would refuse, as `evaluate_frame` does.
            progress: told now and then how many combinations of facts have been looked at, and of how many.

        Returns:
            a frame of the same kind. Its columns are the key of the subject, and for each decision ``d``, in alphabetical
            order, ``d`` and ``d.status`` as `evaluate_frame` has them, then

            - ``d.next``: the answer that the nearest step gives; null, as are the next five, where there is no step, and
              where the policy does not say which answer is better.
            - ``d.next.size``: how much is to be done: of what is counted each one more, of everything else each change.
            - ``d.next.step``: the step in words; ``d.next.facts``: the names of the facts that change, and
              ``d.next.because``: the rules that then grant the answer, with a space between.
            - ``d.next.recording``: whether nothing changes but that something gets known.
            - ``d.changes_on``, ``d.changes_to`` and ``d.worse``: the first day up to `until` on which the answer is
              another one with nothing done, that answer as text, and whether it is a worse one. Null where none comes.

        Raises:
            RecordError: as `evaluate_frame`, and for a last day that is none.
            ValueError: for another language.
            TooLargeError: for more ways than can be looked through.

        Examples:
            >>> import polars as pl
            >>> book = loads("policy: p\ndecisions: {tier: {kind: tier, levels: {vip: {}, general: {}}, "
            ...              "angles: {sales: {vip: [{id: loyal, when: {loyalty: high}}]}}}}")
            >>> customers = pl.DataFrame({"customer_id": ["C1", "C2"], "loyalty": ["low", "high"]})
            >>> found = book.advice_frame({"customers": customers}, as_of="2014-09-30")
            >>> found.select("customer_id", "tier", "tier.next", "tier.next.size", "tier.next.step").rows()
            [('C1', 'general', 'vip', 1, 'Loyalty: low → high → vip (sales.loyal)'), ('C2', 'vip', None, None, None)]
        """
        from dealerrules.advice.advice_frame import Wanted, advice_tables  # noqa: PLC0415 - only who asks waits for it
        from dealerrules.advice.coming import last_day  # noqa: PLC0415
        from dealerrules.engines.entry import check_names  # noqa: PLC0415

        day, last = _day(as_of), last_day(until) if until is not None else None
        _check_subject(subject)
        names = self._names(subject, None if decisions is None else tuple(decisions))
        if lang not in {"zh", "en"}:
            message = f"the language is `zh` or `en`, not `{lang}`"
            raise ValueError(message)
        check_names(subject, tables)
        if check:
            from dealerrules.engines.checks import check_tables  # noqa: PLC0415

            check_tables(tables, subject, self.editions)
        wanted = Wanted(subject, sorted(names), day, last, within, lang, progress=progress)
        return advice_tables(self, tables, wanted)

    def evaluate_facts_frame(
        self,
        subject: str,
        facts: Any,
        *,
        as_of: date | str,
        decisions: Sequence[str] | None = None,
        keep: Sequence[str] = (),
    ) -> Any:
        """Evaluate a frame of ready-made facts, a column each; what is left out is unknown or follows from the others.

        Args:
            subject: what they are facts of.
            facts: a frame of any kind that `evaluate_frame` takes. Null is unknown. ``NAME.absent`` is true where there
                is no such event, and a ratio may be two whole numbers, ``NAME`` and ``NAME.over``.
            as_of: the day.
            decisions: names, to restrict the work.
            keep: further columns, such as ids, that go out as they came in.

        Returns:
            as `evaluate_frame`, with the kept columns in front.

        Raises:
            RecordError: for columns that are neither facts nor kept, or are not of the fact's type.
        """
        from dealerrules.engines.frame import evaluate_facts  # noqa: PLC0415

        day = _day(as_of)
        _check_subject(subject)
        names = self._names(subject, None if decisions is None else tuple(decisions))
        return evaluate_facts(facts, subject, self._asked_of_frames(names, day), tuple(keep))

    def _asked_of_frames(self, names: Iterable[str], day: date) -> Asked:
        """Return a question as the frame engine takes it."""
        from dealerrules.engines.frame import Asked  # noqa: PLC0415

        return Asked(
            sorted(names), day, self.editions, self.decisions, lambda name: self._versions(name, day) <= 1
        )

    def explain_row(
        self,
        tables: Mapping[str, Any],
        id_: object,
        *,
        as_of: date | str,
        subject: str = "customer",
        lang: str = "en",
        decisions: Sequence[str] | None = None,
    ) -> Explanation:
        """Explain the whole answer for one row of a store's tables.

        Args:
            tables: as for `evaluate_frame`.
            id_: the subject's id; a tuple where its key has several parts.
            as_of: the day.
            subject: whose table the row is of.
            lang: ``zh`` or ``en``.
            decisions: names, to restrict what is explained.

        Raises:
            RecordError: when there is no such row, or its record is faulty.
        """
        from dealerrules.engines.entry import check_names  # noqa: PLC0415
        from dealerrules.engines.single import record_of  # noqa: PLC0415

        day = _day(as_of)
        _check_subject(subject)
        check_names(subject, tables)
        record = record_of(tables, subject, id_, self.editions, day)
        return self.evaluate(record, as_of=day, subject=subject, decisions=decisions).explain(lang)

    def program(self, subject: str, decisions: Sequence[str], *, as_of: date | str) -> Program:
        """Return the compiled program for some decisions, whose source can be printed."""
        plan = self._plan(subject, _day(as_of), tuple(decisions))
        if plan.program is None:
            message = f"nothing is in force on {as_of}"
            raise ValueError(message)
        return plan.program

    def _names(self, subject: str, decisions: tuple[str, ...] | None) -> tuple[str, ...]:
        mine = tuple(sorted(name for name, made in self.decisions.items() if made.subject == subject))
        if decisions is None:
            return mine
        faults = [_no_decision(subject, name, mine) for name in decisions if name not in mine]
        if faults:
            raise RecordError(faults)
        return decisions

    def _plan(
        self, subject: str, day: date, decisions: tuple[str, ...] | None, engine: str = "compiled"
    ) -> Plan:
        edition = self.edition(day)
        key = (subject, edition.start if edition is not None else day, decisions, engine)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._new_plan(subject, edition, day, self._names(subject, decisions))
            plan = plan if engine == "compiled" else plan.elsewhere()
            if edition is not None:
                self._plans[key] = plan
        return plan

    def _new_plan(self, subject: str, edition: Edition | None, day: date, names: tuple[str, ...]) -> Plan:
        from dealerrules.engines.compiled import Program  # noqa: PLC0415 - loading and checking need no engine

        there = tuple(name for name in names if edition is not None and name in edition.decisions)
        absent = {name: self._not_in_force(name, day) for name in names if name not in there}
        program = Program(edition, subject, there) if edition is not None and there else None
        seats = {name: Seat(at, edition.decisions[name]) for at, name in enumerate(there)} if edition else {}
        return Plan(self, subject, edition, program, seats, absent)

    def _not_in_force(self, name: str, day: date) -> Reason:
        first = next(edition for edition in self.editions if name in edition.decisions)
        policy = first.decisions[name].policy
        return Reason("not_in_force", {"day": str(day), "policy": policy, "first": str(first.start)})


def _check_subject(subject: str) -> None:
    if subject not in tuple(SUBJECTS):
        read_record({}, subject)  # raises, naming the subjects there are


def _day(as_of: date | str) -> date:
    try:
        return read_date(as_of)
    except ValueError as error:
        raise RecordError(
            [Fault("evaluation", None, "as_of", as_of, str(error), f"评估日期不对：`{as_of}`")]
        ) from None


def _no_decision(subject: str, name: str, known: Sequence[str]) -> Fault:
    near = nearest(name, known)
    hint, hint_zh = (f"; did you mean `{near}`?", f"；是不是 `{near}`？") if near else ("", "")
    return Fault(
        subject,
        None,
        "decisions",
        name,
        f"there is no decision `{name}`{hint}",
        f"没有决策 `{name}`{hint_zh}",
    )
