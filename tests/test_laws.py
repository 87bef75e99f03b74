"""Laws: what must hold for every policy, record and day. Conventions of domain.md, meaning of design.md 3."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, given, settings

import dealerrules as dr
from dealerrules.demo import customers, subjects
from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Interpreter
from dealerrules.expr import Aggregate, Before, Field, IfAbsent
from dealerrules.policy.model import Payout
from dealerrules.records import TABLES, read_record
from dealerrules.values import (
    Kind,
    Maybe,
    Type,
    kleene_all,
    kleene_any,
    kleene_not,
    months_before,
    months_since,
    to_yuan,
)
from strategies import AS_OF, Dice, Policy, Situation, a_situation, reached, situations, yaml_text

if TYPE_CHECKING:
    from collections.abc import Sequence

POLICIES = Path(__file__).parents[1] / "policies"
D = date(2014, 9, 30)

some = settings(
    max_examples=int(os.environ.get("AGREEMENT_EXAMPLES", "600")) // 10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
)


@cache
def book() -> dr.PolicyBook:
    return dr.load(POLICIES)


@cache
def store(count: int = 200) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return customers and other subjects of the demo store."""
    return (*(("customer", record) for record in customers(count, as_of=D)), *subjects(count, as_of=D))


def answered(subject: str, record: dict[str, Any], as_of: date = D) -> dict[str, Any]:
    """Return what the shipped policies say of a record, as JSON."""
    return book().evaluate(record, as_of=as_of, subject=subject).to_dict()["outcomes"]  # type: ignore[return-value]


# ---------------------------------------------------------------------------------------------------
# Kleene's logic


def test_kleene_tables() -> None:
    """All, any and not over true, false and unknown; over nothing all is true and any is false."""
    word = {True: "T", False: "F", None: "?"}
    rows = {
        f"{word[left]}{word[right]}": word[kleene_all([left, right])] + word[kleene_any([left, right])]
        for left, right in product((True, False, None), repeat=2)
    }
    assert rows == {
        "TT": "TT", "TF": "FT", "T?": "?T",
        "FT": "FT", "FF": "FF", "F?": "F?",
        "?T": "?T", "?F": "F?", "??": "??",
    }  # fmt: skip
    assert [kleene_not(each) for each in (True, False, None)] == [False, True, None]
    assert (kleene_all([]), kleene_any([])) == (True, False)


def test_all_and_any_mirror_each_other() -> None:
    """Not all is any not, on every list of up to four truths, in any order."""
    for length in range(5):
        for truths in product((True, False, None), repeat=length):
            turned = [kleene_not(each) for each in truths]
            assert kleene_not(kleene_all(list(truths))) is kleene_any(turned)
            assert kleene_all(sorted(truths, key=str)) is kleene_all(list(truths))


# ---------------------------------------------------------------------------------------------------
# Months


@cache
def awkward_days() -> tuple[date, ...]:
    """Return the ends and beginnings of months over leap years, ordinary years and the turns of centuries."""
    years = (*range(2009, 2017), 1899, 1900, 2000, 2100)
    first = [date(year, month, 1) for year in years for month in range(1, 13)]
    spread = (0, 14, 27, 28, 29, 30)
    return tuple(sorted({day + timedelta(days=each) for day in first for each in spread}))


@cache
def anniversary(day: date, months: int) -> date:
    """Return the day so many months before, by dateutil alone."""
    return day - relativedelta(months=months)


@cache
def pairs() -> tuple[tuple[date, date], ...]:
    """Return 200,000 pairs of awkward days."""
    dice = random.Random(2014)
    days = awkward_days()
    return tuple((dice.choice(days), dice.choice(days)) for _ in range(200_000))


def test_months_since_is_the_largest_n_whose_anniversary_has_come() -> None:
    """The definition of domain.md, on 200,000 pairs of month-ends and leap days, also for days to come."""
    wrong = [
        (day, as_of, found)
        for day, as_of in pairs()
        if not (anniversary(as_of, found := months_since(day, as_of)) >= day > anniversary(as_of, found + 1))
    ]
    assert (len(pairs()), wrong) == (200_000, [])


def test_within_and_at_least_since_are_complements() -> None:
    """On the same pairs: a day is within n months or at least n months ago, never both, never neither."""
    wrong = []
    for day, as_of in pairs():
        for months in (0, 1, 6, 12, 24):
            within, since = day > months_before(as_of, months), months_since(day, as_of) >= months
            if within is since or months_before(as_of, months) != anniversary(as_of, months):
                wrong.append((day, as_of, months))
    assert wrong == []


def test_the_engines_read_windows_that_way() -> None:
    """A visit is counted within 6 months exactly when it is not 6 months since it; and so for days."""
    text = """
policy: p
facts: {months: {count: visits, within: 6 months}, days: {count: visits, within: 30 days}}
decisions:
  d:
    kind: rules
    hit: collect
    outputs: {d: {type: text}}
    rows:
      - {id: 1-in, when: {months: 1}, then: {d: months-in}}
      - {id: 2-out, when: {last_visit_on: {months_since: {at_least: 6 months}}}, then: {d: months-out}}
      - {id: 3-in, when: {days: 1}, then: {d: days-in}}
      - {id: 4-out, when: {last_visit_on: {days_since: {at_least: 30 days}}}, then: {d: days-out}}
"""
    program = dr.loads(text).program("customer", ["d"], as_of=D)
    seen = set()
    for as_of in (*AS_OF, date(2014, 8, 31), date(2015, 8, 28)):
        for back in range(400):
            visits = [{"visited_on": as_of - timedelta(days=back)}]
            record = read_record({"customer_id": "C1", "visits": visits})
            seen.add(program.on_record(record, as_of)[0][0])
    assert seen == {0b0101, 0b1001, 0b1010}


# ---------------------------------------------------------------------------------------------------
# No look-ahead, no order


def later(record: dict[str, Any], as_of: date) -> dict[str, Any]:
    """Return a record with one more event of each table, a day or a year after the day."""
    more: dict[str, list[dict[str, Any]]] = {
        "vehicles": [{"own_brand": True, "bought_here": True}],
        "visits": [{"kind": "maintenance", "status": "settled", "amount": Decimal(100)}],
        "insurance": [{"cover": "commercial", "at_store": True, "designated_repair": True, "ends_on": as_of}],
        "referrals": [{"kind": "vehicle"}],
        "surveys": [{"source": "csi", "satisfied": False, "score": 1}],
        "suggestions": [{"adopted": True}],
        "contacts": [{"purpose": "recall", "result": "refused", "reason": "price"}],
    }
    made = dict(record)
    for table, events in more.items():
        dated = [
            {**event, TABLES[table].date_field: as_of + timedelta(days=days)}
            for event in events
            for days in (1, 366)
        ]
        made[table] = [*(record.get(table) or ()), *dated]
    return made


def test_events_to_come_change_nothing() -> None:
    """Customers with events after the day are answered as without them, to the last letter."""
    found = [
        record
        for subject, record in store()
        if subject == "customer"
        if answered(subject, record) != answered(subject, later(record, D))
    ]
    assert (len(store()), found) == (400, [])


@given(situation=situations("customer"))
@some
def test_events_to_come_change_nothing_whatever_the_policy_is(situation: Situation) -> None:
    """Only the count of later events in the trace grows: by the two that were added to each table."""
    for data in situation.records:
        now = read_record(data)
        then = read_record(later(data, situation.as_of))
        before, after = (
            Interpreter(situation.edition, "customer", situation.as_of, record) for record in (now, then)
        )
        program = Program(situation.edition, "customer", tuple(situation.edition.decisions))
        assert program.on_record(now, situation.as_of) == program.on_record(then, situation.as_of)
        for name in reached(situation.edition, "customer"):
            definition = situation.edition.facts["customer"].get(name)
            if (
                definition is not None
                and isinstance(definition.expr, Aggregate)
                and definition.expr.after is None
            ):
                first, second = before.fact(name), after.fact(name)
                assert first.events is not None
                assert second.events is not None
                assert (second.value, second.events.taken, second.events.undecided, second.events.later) == (
                    first.value,
                    first.events.taken,
                    first.events.undecided,
                    first.events.later + 2,
                )


def backwards(value: Any, path: tuple[str, ...] = ()) -> Any:
    """Return a policy with everything in reverse whose order is no part of its meaning."""
    if isinstance(value, dict):
        kept = path[-1:] in {("levels",), ("stages",), ("first",), ("outputs",)} or "calendar" in value
        items = [(key, backwards(inner, (*path, key))) for key, inner in value.items()]
        return dict(items if kept else reversed(items))
    if isinstance(value, list):
        inner = [backwards(item, path) for item in value]
        conditions = path[-1:] in {("all",), ("any",)}
        rules = len(path) > 3 and path[2] == "angles"
        return inner[::-1] if conditions or rules else inner
    return value


@given(situation=situations())
@some
def test_order_never_matters(situation: Situation) -> None:
    """Of events in a record; of files' keys, facts, decisions, angles, rules, rows that exclude each other."""
    document = backwards(situation.policy.document)
    for each in document["decisions"].values():
        if each["kind"] == "rules" and each["hit"] in {"unique", "any"}:
            each["rows"] = each["rows"][::-1]
    turned = dr.loads(Policy(situation.subject, document).text)
    assert turned.fingerprint == situation.book.fingerprint
    for data in situation.records:
        mirrored = {name: value[::-1] if isinstance(value, list) else value for name, value in data.items()}
        first, second = (
            loaded.evaluate(each, as_of=situation.as_of, subject=situation.subject).to_dict()["outcomes"]
            for loaded, each in ((situation.book, data), (turned, mirrored))
        )
        for answers in (first, second):
            for (
                name,
                outcome,
            ) in answers.items():  # rows and ids come as they are written, which is no difference
                for key in ("because", "matched", "undetermined"):
                    outcome[key] = sorted(outcome[key])
                if situation.policy.document["decisions"][name].get("hit") in {"unique", "any"}:
                    outcome.pop("rows", None)
                    outcome.pop("data")
                if outcome["reason"] is not None and outcome["reason"]["code"] == "conflict":
                    outcome["reason"] = "conflict"
        assert first == second


def test_files_may_stand_in_any_order_under_any_name(tmp_path: Path) -> None:
    """The shipped policies in one directory, by name in any order, or scattered under other names."""
    for at, path in enumerate(reversed(files())):
        folder = tmp_path / f"{at}"
        folder.mkdir()
        (folder / f"{at}-policy.yaml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    loaded = [dr.load(POLICIES), dr.load(files()), dr.load(files()[::-1]), dr.load(tmp_path)]
    subject, record = store()[7]
    said = [each.evaluate(record, as_of=D, subject=subject).to_dict() for each in loaded]
    assert [each.fingerprint for each in loaded] == [book().fingerprint] * 4
    assert said == [said[0]] * 4


# ---------------------------------------------------------------------------------------------------
# More is never worth less


def a_year_before(covers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a cover of the year before the first one; of this year where there is none."""
    begun = [each["starts_on"] for each in covers]
    end = min(date.fromisoformat(str(each)) for each in begun) - timedelta(days=1) if begun else D
    start = end - relativedelta(years=1) + timedelta(days=1)
    return {
        "starts_on": start,
        "ends_on": end,
        "cover": "commercial",
        "at_store": True,
        "designated_repair": True,
    }


def test_more_referrals_visits_and_insured_years_never_lower_a_tier() -> None:
    """A customer who refers one more, comes once more or was insured a year longer is never worth less, in no angle."""
    levels = ("general", "vip", "super_vip")
    more = [
        ("referrals", {"kind": "vehicle", "succeeded_on": D}),
        ("referrals", {"kind": "insurance", "designated_repair": True, "succeeded_on": date(2013, 1, 31)}),
        ("referrals", {"succeeded_on": D}),
        ("visits", {"visited_on": D, "kind": "maintenance"}),
        ("visits", {"visited_on": date(2013, 10, 1), "kind": "repair", "status": "settled"}),
        ("visits", {"visited_on": date(2010, 1, 1)}),
    ]
    lowered = []
    raised: Counter[str] = Counter()
    for subject, record in store():
        if subject != "customer":
            continue
        now = answered(subject, record)["tier"]
        for table, event in (*more, ("insurance", a_year_before(record["insurance"]))):
            then = answered(subject, {**record, table: [*record[table], event]})["tier"]
            pairs_of = [
                (now["level"], then["level"]),
                *((now["angles"][each], then["angles"][each]) for each in now["angles"]),
            ]
            raised[table] += now["level"] != then["level"] or now["angles"] != then["angles"]
            if any(levels.index(old) > levels.index(new) for old, new in pairs_of):
                lowered.append((record, event))
    assert (all(raised[table] >= 5 for table in ("referrals", "visits", "insurance")), lowered) == (True, [])


# ---------------------------------------------------------------------------------------------------
# One meaning, whichever way it is asked


def is_leaf(name: str, subject: str) -> bool:
    """Tell whether a fact comes from the record itself, and not from other facts."""
    expr = book().editions[0].fact(subject, name).expr
    if isinstance(expr, IfAbsent):
        expr = expr.item
    return isinstance(expr, Field | Aggregate | Before) or name == "out_of_reach"


def as_given(value: Maybe, type_: Type) -> Any:
    """Return an engine's value as users give it: money in yuan."""
    return to_yuan(value) if type_.kind is Kind.MONEY and isinstance(value, int) else value


def test_ready_made_facts_of_a_record_are_answered_as_the_record() -> None:
    """All leaf facts of a record, given by name, lead to the same outcomes with the same reasons."""
    edition = book().editions[0]
    wrong = []
    for subject, data in store():
        record = read_record(data, subject)
        interpreter = Interpreter(edition, subject, D, record)
        types = edition.given_types(subject)
        names = {name for name in reached(edition, subject) if name in edition.facts[subject]}
        dated = {made.dated_by for made in edition.decisions.values() if made.subject == subject} - {None}
        leaves = sorted(name for name in names | dated if name is not None and is_leaf(name, subject))
        facts = {name: as_given(interpreter.fact(name).value, types[name]) for name in leaves}
        said = book().evaluate_facts(subject, facts, as_of=D).to_dict()["outcomes"]
        if said != book().evaluate(record, as_of=D).to_dict()["outcomes"]:
            wrong.append((subject, data, facts))
    assert wrong == []


def floats(value: Any) -> list[float]:
    """Return every float in nested data."""
    if isinstance(value, dict):
        return [each for inner in value.values() for each in floats(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in floats(inner)]
    return [value] if isinstance(value, float) else []


def test_answers_round_trip_through_json() -> None:
    """No float anywhere, nothing lost, keys always the same."""
    keys = set()
    for subject, record in store():
        said = book().evaluate(record, as_of=D, subject=subject).to_dict()
        assert (json.loads(json.dumps(said)), floats(said)) == (said, [])
        keys.add(tuple(said))
    assert keys == {
        ("schema_version", "subject", "id", "key", "as_of", "fingerprint", "input", "library", "outcomes")
    }


@given(situation=situations())
@some
def test_every_answer_is_plain_json_and_every_receipt_sums_to_its_amount(situation: Situation) -> None:
    """Whatever the policy says and the record lacks, an answer comes out whole; amounts to the fen."""
    answers = [
        situation.book.evaluate(each, as_of=situation.as_of, subject=situation.subject)
        for each in situation.records
    ]
    answers += [
        situation.book.evaluate_facts(situation.subject, each, as_of=situation.as_of)
        for each in situation.facts
    ]
    for answer in answers:
        said = answer.to_dict()
        assert (json.loads(json.dumps(said)), floats(said)) == (said, [])
        for name, made in situation.edition.decisions.items():
            if isinstance(made, Payout) and (paid := answer.payout(name)).amount is not None:
                assert sum((line.amount for line in paid.lines), Decimal(0)) == paid.amount


# ---------------------------------------------------------------------------------------------------
# The fingerprint

TALK = {"title", "source", "data", "benefits", "follow_up"}


def bare(value: Any) -> Any:
    """Return a policy without what people read."""
    if isinstance(value, dict):
        return {key: bare(inner) for key, inner in value.items() if key not in TALK}
    return [bare(item) for item in value] if isinstance(value, list) else value


@cache
def files() -> tuple[Path, ...]:
    """Return the shipped policy files."""
    return tuple(sorted(path for path in POLICIES.glob("*.yaml") if ".cases" not in path.name))


@cache
def shipped() -> dict[str, Any]:
    """Return the shipped policies as plain data, without titles."""
    return {path.stem: bare(yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)) for path in files()}


def fingerprint_of(documents: dict[str, Any], folder: Path) -> str:
    """Return the fingerprint of some policies, written out and loaded."""
    folder.mkdir(exist_ok=True)
    for name, document in documents.items():
        (folder / f"{name}.yaml").write_text(yaml_text(document), encoding="utf-8")
    return dr.load(folder).fingerprint


def test_the_fingerprint_does_not_count_what_people_read(tmp_path: Path) -> None:
    """Other titles, sources, comments and file names: the same meaning. What comes out with answers does count."""
    for path in files():
        text = path.read_text(encoding="utf-8")
        other = re.sub(r"title: \{[^{}]*\}", "title: {en: other}", text)
        other = re.sub(r"source: \{[^{}]*\}", "source: {document: other}", other)
        assert (other.count("en: other") > 20, other.count("document: other") > 0) == (True, True)
        (tmp_path / f"other-{path.name}").write_text(f"# new\n{other}\n# end\n", encoding="utf-8")
    assert dr.load(tmp_path).fingerprint == book().fingerprint
    assert fingerprint_of(shipped(), tmp_path / "bare") != book().fingerprint


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all keys and scalars of a document."""
    if isinstance(value, dict):
        inner = [each for key, item in value.items() for each in leaves(item, (*path, key))]
        return [(*path, key, None) for key in value] + inner
    if isinstance(value, list):
        return [each for at, item in enumerate(value) for each in leaves(item, (*path, at))]
    return [path]


def changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    """Return a document with the scalar at a path changed, or, at a path that ends in none, the key."""
    first, *rest = path
    if isinstance(value, list):
        return [changed(item, tuple(rest), change) if at == first else item for at, item in enumerate(value)]
    if rest == [None]:
        return {(change(key) if key == first else key): item for key, item in value.items()}
    return {
        key: (changed(item, tuple(rest), change) if rest else change(item)) if key == first else item
        for key, item in value.items()
    }


OPPOSITES = {
    "at_least": "more_than",
    "more_than": "at_least",
    "at_most": "less_than",
    "less_than": "at_most",
    "from": "over",
    "over": "from",
    "whole": "excess",
    "excess": "whole",
    "is_not": "is",
    "none_of": "one_of",
    "latest": "earliest",
    "earliest": "latest",
    "months_since": "days_since",
    "all": "any",
    "any": "all",
    "true": "false",
    "false": "true",
    "count": "distinct",
    "unique": "any",
    "first": "collect",
    "collect": "first",
}


def raised(text: str) -> str:
    """Return a literal with its first number one larger."""
    digits = "".join(each for each in text.partition(" ")[0] if each.isdigit() or each == ",").strip(",")
    return text.replace(digits, str(int(digits.replace(",", "")) + 1), 1)


def changes(document: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return every change of one number, operator or id of a policy."""
    found: list[tuple[tuple[Any, ...], Any]] = []
    for path in leaves(document):
        value = document
        for step in path:
            value = value[step] if step is not None else value
        is_key = path[-1] is None
        word = path[-2] if is_key else value
        named = path[-1] == "id" or (
            is_key and path[-3:-2] in {("levels",), ("angles",), ("stages",), ("items",)}
        )
        if word in OPPOSITES:
            found.append((path, OPPOSITES.get))
        elif named:
            found.append((path, "{}-renamed".format))
        elif not is_key and word[:1].isdigit() and not word[:4].isdigit():
            found.append((path, raised))
    return found


#: What each policy needs beside itself.
BESIDE = {"tiers": (), "churn": (), "incentives": ("churn",)}


@pytest.mark.parametrize("name", BESIDE)
def test_the_fingerprint_counts_every_number_operator_and_id(name: str, tmp_path: Path) -> None:
    """Each of them changed alone is another meaning, or no policy at all."""
    documents = {each: shipped()[each] for each in (name, *BESIDE[name])}
    plain = fingerprint_of(documents, tmp_path)
    overlooked, different = [], 0
    for path, change in changes(shipped()[name]):
        try:
            other = fingerprint_of({name: changed(shipped()[name], path, change)}, tmp_path)
        except dr.PolicyError:
            continue
        different += other != plain
        overlooked += [path] if other == plain else []
    assert (different > 40, overlooked) == (True, [])


def test_a_fact_that_no_decision_reads_is_no_part_of_the_meaning() -> None:
    """And a parameter's name is none; a number that it gives is."""
    text = """
policy: p
parameters: {{{name}: {{type: count, value: {value}}}}}
facts: {{{fact}: {{count: visits, within: 3 months}}}}
decisions:
  d: {{kind: rules, hit: unique, outputs: {{d: {{type: boolean}}}}, rows: [{{id: a, when: {{visits_past_year: {{at_least: {name}}}}}, then: {{d: true}}}}]}}
"""
    first, second, third = (
        dr.loads(text.format(name=name, value=value, fact=fact)).fingerprint
        for name, value, fact in (("often", 4, "idle"), ("loyal", 4, "other"), ("often", 5, "idle"))
    )
    assert (first == second, first == third) == (True, False)


# ---------------------------------------------------------------------------------------------------
# Processes, pickles, threads

IN_A_PROCESS = """
import hashlib, json, sys
from datetime import date
import dealerrules as dr
from dealerrules.demo import customers
book = dr.load(sys.argv[1])
said = [book.evaluate(each, as_of="2014-09-30").to_dict() for each in customers(20, as_of=date(2014, 9, 30))]
names = tuple(sorted(name for name, made in book.decisions.items() if made.subject == "customer"))
program = book.program("customer", names, as_of="2014-09-30")
source = "".join(program.source(mode) for mode in ("record", "facts"))
print(book.fingerprint, *(hashlib.sha256(each.encode()).hexdigest() for each in (json.dumps(said), source)))
"""


def test_every_process_says_the_same() -> None:
    """Fingerprint, answers and generated source, however hashes are seeded, and in another language and time zone."""
    environments = [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai", "LANG": "zh_CN.UTF-8"},
        {"PYTHONHASHSEED": "4711", "TZ": "America/New_York", "LC_ALL": "C"},
    ]
    said = set()
    for environment in environments:
        command = [sys.executable, "-X", "utf8", "-c", IN_A_PROCESS, str(POLICIES)]
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
        done = subprocess.run(command, capture_output=True, text=True, env=variables, check=True)
        said.add(done.stdout)
    assert (len(said), said.pop().split()[0]) == (1, book().fingerprint)


def test_a_book_and_its_answers_pickle() -> None:
    """What comes back says the same, also before anyone asked for an outcome."""
    again = pickle.loads(pickle.dumps(book()))
    record, facts = (
        store()[3][1],
        {"vehicle_referrals": 3, "loyalty": "high", "last_visit_on": date(2014, 1, 31)},
    )
    answers = [book().evaluate(record, as_of=D), book().evaluate_facts("customer", facts, as_of=D)]
    back = pickle.loads(pickle.dumps(answers))
    assert (again.fingerprint, again.decisions, again.warnings) == (
        book().fingerprint,
        book().decisions,
        book().warnings,
    )
    assert [each.to_dict() for each in back] == [each.to_dict() for each in answers]
    assert again.evaluate(record, as_of=D).to_dict() == answers[0].to_dict()
    assert [outcome.to_dict() for outcome in pickle.loads(pickle.dumps(list(answers[0].values())))] == [
        outcome.to_dict() for outcome in answers[0].values()
    ]


def test_many_threads_on_one_book_agree() -> None:
    """On a fresh book, from the first question on: every thread gets what one alone gets."""
    shared = dr.load(POLICIES)
    asked = [*store(), *reversed(store())]
    with ThreadPoolExecutor(16) as pool:
        made = pool.map(
            lambda each: shared.evaluate(each[1], as_of=D, subject=each[0]).to_dict()["outcomes"], asked
        )
        assert [said == answered(*each) for each, said in zip(asked, made, strict=True)] == [True] * len(
            asked
        )


@pytest.mark.slow
def test_random_books_pickle_and_agree_with_themselves() -> None:
    """Books of random policies come back from a pickle with the same fingerprint and the same answers."""
    for seed in range(40):
        chance = random.Random(seed)
        situation = a_situation(Dice(partial(chance.randint, 0)))
        again = pickle.loads(pickle.dumps(situation.book))
        assert again.fingerprint == situation.book.fingerprint
        for data in situation.records:
            asked = partial(
                dr.PolicyBook.evaluate, record=data, as_of=situation.as_of, subject=situation.subject
            )
            assert asked(again).to_dict() == asked(situation.book).to_dict()
