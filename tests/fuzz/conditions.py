"""The compiler of conditions: a condition and facts in an otherwise sound policy, then answered on both engines.

An input is the text of ``when:``; further facts follow, a line ``%%`` before each. What compiles is answered by the
reference interpreter and by the compiled program, which must agree, and is explained in both languages.
"""

from __future__ import annotations

from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

import dealerrules as dr
from dealerrules.analysis.lint import check_texts_of
from dealerrules.diagnostics import Source
from dealerrules.engines.compiled import Program
from dealerrules.engines.row import Interpreter
from dealerrules.facts import read_facts
from dealerrules.policy.compile import compile_nodes, policy_nodes
from dealerrules.policy.scope import Report
from dealerrules.records import Record, read_record
from dealerrules.strategies.author import Author
from dealerrules.strategies.conditions import NothingFits
from dealerrules.strategies.dice import Dice
from dealerrules.strategies.written import yaml_text
from fuzz import texts

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    from dealerrules.policy.model import Edition

DAYS = (date(2014, 9, 30), date(2016, 2, 29), date(1, 1, 1), date(9999, 12, 31))
_POLICY = """policy: fuzz
parameters:
  often: {{type: count, value: 4}}
  lately: {{type: months, value: 12 months}}
  kinds: {{type: list, value: [maintenance, repair]}}
facts:
  calm: {{some: visits, that: {{kind: repair}}}}
{facts}
decisions:
  size:
    kind: stage
    measure: months_since_last_visit
    stages: {{small: {{from: 0 months}}}}
    when_absent: none
  table:
    kind: rules
    hit: collect
    outputs: {{table: {{type: count}}}}
    rows:
      - id: a
        when:
{when}
        then: {{table: 1}}
"""


def run(data: bytes) -> None:
    """Compile a condition; when it compiles, hold the engines to each other."""
    text = policy(data.decode("utf-8", "replace"))
    report = Report()
    try:
        if (
            crc32(data) % 8
        ):  # without the search for the edit that explains all errors, which takes most of the time
            book = dr.PolicyBook(compile_nodes(report, policy_nodes(report, [Source("policy.yaml", text)])))
        else:
            book = dr.loads(text)
    except dr.PolicyError as error:
        error.text("zh").encode()
        str(error).encode()
        return
    for edition in book.editions:
        _agree(edition)
    answer = book.evaluate(records()[1], as_of=DAYS[0])
    answer.to_dict()
    if crc32(data) % 8 == 0:
        check_texts_of(text)
        for lang in ("zh", "en"):
            answer.explain(lang).html.encode()


def policy(text: str) -> str:
    """Return the policy around a condition and its facts."""
    when, *facts = text.split("\n%%\n")
    given = "\n".join("  " + line for fact in facts for line in fact.split("\n"))
    condition = "\n".join("          " + line for line in when.split("\n"))
    return _POLICY.format(facts=given, when=condition)


def _agree(edition: Edition) -> None:
    """Hold the engines to each other, on some days, records and ready-made facts."""
    names = tuple(sorted(name for name, each in edition.decisions.items() if each.subject == "customer"))
    program = Program(edition, "customer", names)
    for day in DAYS:
        for record in records():
            found = program.on_record(record, day)
            _same(names, found, Interpreter(edition, "customer", day, record), (day, record))
    for facts in ({}, *_given(edition)):
        found = program.on_facts(facts, DAYS[0])
        values = _read(edition, facts)
        _same(names, found, Interpreter(edition, "customer", DAYS[0], None, values), facts)


def _same(names: Iterable[str], found: Iterable[Any], interpreter: Interpreter, about: object) -> None:
    for name, (true, unknown, _) in zip(names, found, strict=True):
        decided = interpreter.decide(name)
        assert (true, unknown) == (decided.true, decided.unknown), (name, about)


def _read(edition: Edition, facts: Mapping[str, object]) -> dict[str, Any]:
    known = edition.given_types("customer")
    return read_facts("customer", facts, known, partial(edition.may_be_absent, "customer"))


def _given(edition: Edition) -> Iterable[dict[str, object]]:
    """Yield ready-made facts: a value for every one that can be given, twice."""
    plain: tuple[dict[str, Any], ...] = (
        {
            "count": 0,
            "months": 0,
            "days": 0,
            "boolean": False,
            "number": 0,
            "ratio": 0,
            "money": "0",
            "distance": 0,
        },
        {
            "count": 7,
            "months": 13,
            "days": 40,
            "boolean": True,
            "number": 5,
            "ratio": 1,
            "money": "10.50",
            "distance": 50,
        },
    )
    for at, values in enumerate(plain):
        facts: dict[str, object] = {}
        for name, type_ in edition.given_types("customer").items():
            kind = type_.kind.value
            if kind == "category":
                facts[name] = type_.options[-at]
            elif kind == "date":
                facts[name] = "2014-01-31"
            elif kind in values:
                facts[name] = values[kind]
        try:
            _read(edition, facts)
        except dr.RecordError:
            continue
        yield facts


@cache
def records() -> tuple[Record, ...]:
    """Return nobody, somebody of whom much is known, and somebody of whom little is."""
    full = {
        "customer_id": "C1",
        "kind": "individual",
        "loyalty": "high",
        "influential": True,
        "vehicles": [{"vin": "V1", "purchased_on": "2010-02-28", "own_brand": True}],
        "visits": [
            {"visited_on": "2014-03-29", "kind": "maintenance", "amount": "680.00"},
            {"visited_on": "2013-09-30", "kind": "repair", "amount": "0.01", "status": "settled"},
            {"visited_on": "2012-02-29"},
        ],
        "referrals": [{"kind": "vehicle", "succeeded_on": f"2014-0{month}-01"} for month in (3, 5, 8)],
        "insurance": [
            {"starts_on": "2012-09-01", "ends_on": "2013-08-31", "cover": "commercial"},
            {"starts_on": "2013-10-01", "ends_on": "2016-09-30", "cover": "commercial"},
        ],
        "surveys": [{"surveyed_on": "2014-05-01", "source": "csi", "satisfied": True}],
    }
    little = {"customer_id": "C2", "visits": [{"visited_on": "0001-01-01"}]}
    return tuple(read_record(data, "customer") for data in ({"customer_id": "C0"}, full, little))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change a text, or write another one that compiles, and change that."""
    way = chance.random()
    if way < 0.4:
        return texts.changed(data.decode("utf-8", "replace"), chance, 2).encode("utf-8", "replace")
    author = Author(Dice(lambda most: chance.randint(0, most)), "customer")
    for _ in range(chance.randint(0, 4)):
        author.fact()
    try:
        written = [author.when(2)]
    except NothingFits:
        return data
    written += [{name: fact} for name, fact in author.facts.items()]
    text = "\n%%\n".join(yaml_text(each).lstrip("\n") for each in written)
    return (texts.changed(text, chance, 1) if way < 0.65 else text).encode()


def seeds() -> Iterable[bytes]:
    """Yield conditions and facts of every form."""
    whens = [
        "visits_past_year: {at_least: 4}\nloyalty: {at_least: medium}",
        "{visits_past_year: {more_than: 1, at_most: 9, is_not: 3}, kind: [individual, company]}",
        "any:\n  - {loyalty: high}\n  - not: {influential: true}\n  - all: [{vehicle_referrals: {less_than: 3}}, {calm: false}]",
        "{months_since_last_visit: {at_least: 6 months}, household_brand_owners: {known: false}}",
        "{loyalty: {none_of: [low, medium]}, size: small}",
        "{vehicle_referrals: {at_least: often}}",
    ]
    facts = [
        "f: {count: visits, within: lately, where: {kind: kinds, amount: {at_least: 10 yuan}}}",
        "f: {distinct: visits, take: kind}", "f: {some: visits, that: {kind: repair}}",
        "f: {every: surveys, where: {source: csi}, that: {satisfied: true}}",
        "f: {latest: visits, take: visited_on}", "f: {earliest: vehicles, take: purchased_on}",
        "f: {sum: visits, take: amount, within: {calendar: year}}",
        "f: {streak: insurance, where: {cover: commercial}, allow_gap: 30 days}",
        "f: {months_since: {latest: visits, take: visited_on}}", "f: {days_since: {latest: visits}}",
        "f: {add: [{count: visits}, {count: referrals}]}", "f: {subtract: [{count: visits}, 1]}",
        "f: {multiply: [{count: visits}, {count: referrals}]}", "f: {share: 20%, of: {count: visits}}",
        "f: {ratio: [{count: visits}, {count: referrals}]}",
        "f: {whole_times: [12 months, 5 months]}", "f: {min: [{count: visits}, 3]}", "f: {max: [often, 3]}",
        "f: {round_up: {share: 20%, of: {count: visits}}}", "f: {first_known: [household_brand_owners, 2]}",
        "f: {lookup: {by: loyalty, values: {high: 3, medium: 2, low: 1}}}",
        "f: {before: {latest: visits}, fact: visits_past_year}",
        "f: {field: customer.attributes.grade, type: number}",
        "f: {field: customer.attributes.word, type: text}",
    ]  # fmt: skip
    for when in whens:
        yield when.encode()
    for at, fact in enumerate(facts):
        test = ("{at_least: 1}", "true", "{known: true}", "{at_least: 2014-01-01}", "{at_least: 100 yuan}")[
            at % 5
        ]
        yield f"f: {test}\n%%\n{fact}".encode()
        yield f"{{f: {{known: true}}}}\n%%\n{fact}".encode()
