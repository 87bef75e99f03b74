"""Whole editions and everything that is reported on the way to one: what mutants of the editor got past.

``UPDATE_GOLDEN=1`` writes the golden files anew: read what it changed. What is reported is what the editor finds, before
one slip is told in the place of its consequences.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

import dealerrules as dr
from dealerrules.diagnostics import PolicyError, Source
from dealerrules.expr import Field, FirstKnown
from dealerrules.policy.compile import compile_nodes, edited, policy_nodes
from dealerrules.policy.editor import catalogue
from dealerrules.policy.model import Edition, Tier
from dealerrules.policy.scope import Report

GOLDEN = Path(__file__).parent / "golden" / "survivors"
BAD = Path(__file__).parent / "corpus" / "bad"
CODES = (
    "dr201-miss", "dr202-kind", "dr203-dec", "dr204-[khp]", "dr206-n", "dr30[13-9]", "dr31[13-9]", "dr32", "dr403", "dr404-[bs]",
    "dr412", "dr51[34]", "follow-up-of-[af]", "many-[it]*-in-[it]", "many-in-[ir]",
)  # fmt: skip
FILES = sorted({path.name for code in CODES for path in BAD.glob(f"{code}*.yaml") if path.is_file()})

WHOLE = """
policy: incentives
title: {zh: 激励, en: Incentives}
effective: {from: 2014-01-01, until: 2014-12-31}
source: {document: handbook}
parameters:
  insurance_gap: {type: days, value: 45 days}
  often: {type: count, value: 2, title: {zh: 常来, en: often}}
  kinds: {type: list, value: [repair, body]}
items:
  wash: {title: {zh: 洗车, en: wash}, value: 30 yuan}
  parts: {price: 80%}
  coupon: {refund: {from: 10%, to: 20%, of: spend_past_year}}
  free: {value: unstated}
facts:
  second: {add: [first, 1], actionable: false, title: {zh: 第二, en: the second}}
  first: {count: visits, where: {kind: kinds}, actionable: true}
  due: {subject: repair_order, months_since: completed_on}
decisions:
  gift: {kind: offer, subject: customer, when: {level: A}, measure: second, bands: [{id: one, from: 1, always: [wash]}]}
  level:
    kind: rules
    subject: customer
    hit: first
    source: {document: annex, clause: "3"}
    outputs: {it: {type: text}}
    rows: [{id: a, when: {tier: vip}, then: {it: A}}]
    otherwise: {it: B}
  tier:
    kind: tier
    levels: {vip: {}, rest: {}}
    angles:
      late: {vip: [{id: early, when: {tier.early: vip}}]}
      early: {vip: [{id: away, when: {away: gone}}]}
  repaired:
    kind: payout
    subject: repair_order
    payee: staff
    dated_by: completed_on
    when: {insured: true, due: {at_most: 1 month}}
    pays: 5 yuan
    otherwise: 0 yuan
  shared:
    kind: rate
    subject: population
    per: year
    of: {count: vehicles, where: {own_brand: true}}
    over: {count: vehicles}
  away:
    kind: stage
    measure: months_since_last_visit
    stages: {here: {from: 0 months}, gone: {from: 6 months}}
    when_absent: never
  paid:
    kind: payout
    subject: customer
    payee: staff
    when: {counted: {at_least: 1 yuan}}
    pays: 3 yuan
    otherwise: 0 yuan
  counted: {kind: payout, subject: customer, payee: staff, measure: first, times: second, bands: [{id: x, from: 1, pays: 1 yuan}]}
"""


def same(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def written(edition: Edition) -> str:
    """Return an edition as lines."""
    lines = [f"{edition.start} to {edition.end}"]
    lines += [f"policy {name}: {title}" for name, title in edition.policies.items()]
    lines += [f"parameter {name}: {each}" for name, each in edition.parameters.items()]
    lines += [f"item {name}: {each}" for name, each in edition.items.items()]
    lines += [f"answer {name}: {type_}" for name, type_ in edition.answers.items()]
    lines += [f"rate {name}" for name in edition.rates]
    for name, each in edition.decisions.items():
        angles = [angle.id for angle in each.angles] if isinstance(each, Tier) else []
        lines.append(
            f"decision {name}: {each.kind} of {each.subject}, {each.policy}, {each.clause}, {angles}"
        )
    for subject, facts in edition.facts.items():
        for name, fact in facts.items():
            plain = type(fact.expr).__name__
            shown = not fact.builtin or isinstance(fact.expr, Field | FirstKnown)
            own = f", {fact.place}, {fact.title}, {fact.expr}" if shown else ""
            marks = [
                word for word, holds in [("builtin", fact.builtin), ("actionable", fact.actionable)] if holds
            ]
            assert (fact.name, fact.subject) == (name, subject)
            lines.append(f"fact of {subject}, {name}: {fact.type.kind.value}, {plain}, {marks}{own}")
    return "".join(f"{line}\n" for line in lines)


def test_a_whole_edition() -> None:
    """Every name with its meaning: what is built in and what is restated, in the order of what needs what."""
    book = dr.loads(WHOLE)
    assert book.warnings == ()
    same("edition.txt", "".join(map(written, book.editions)))
    ((editor, _),) = edited(Report(), policy_nodes(Report(), [Source("policy.yaml", WHOLE)]))
    lines = [
        f"{name}.{id_}: {span.place}\n"
        for name, seen in editor.rule_places.items()
        for id_, span in seen.items()
    ]
    same("edition-places.txt", "".join(lines))


def test_the_catalogue_is_read_the_same_each_time() -> None:
    before = catalogue()
    catalogue.cache_clear()
    assert (catalogue(), catalogue() is before) == (before, False)
    assert catalogue().span().source.name == "catalogue.yaml"
    assert catalogue().title.to_dict() == {"zh": "内置事实", "en": "Built-in facts"}


def found_in(*sources: Source) -> str:
    """Return everything that is reported of policies, with its places, in both languages."""
    report = Report()
    nodes = policy_nodes(report, sources)
    with suppress(PolicyError):
        compile_nodes(report, nodes)
    lines = []
    for each in report.diagnostics:
        near = f" ({each.nearest})" if each.nearest is not None else ""
        lines.append(f"{each.span.place} {each.code} {each.message('zh')} | {each.message('en')}{near}")
        lines.append(f"    = {each.help('zh')} | {each.help('en')}")
        for span, note in each.related:
            said = note if isinstance(note, str) else f"{note.zh} | {note.en}"
            lines.append(f"    {span.place} {said}")
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("part", range(4))
def test_everything_that_the_editor_reports(part: int) -> None:
    texts = {name: (BAD / name).read_text(encoding="utf-8") for name in FILES[part::4]}
    said = "".join(f"==== {name}\n{found_in(Source(name, text))}" for name, text in texts.items())
    same(f"edition-findings-{part}.txt", said)


TOGETHER = {
    "a parameter stated twice": (
        "policy: one\nparameters: {often: {type: count, value: 2}, kinds: {type: list, value: [repair]}}\n",
        "policy: two\nparameters: {often: {type: count, value: 3}, kinds: {type: list, value: [body]}}\n",
    ),
    "a parameter stated again where it has no value": (
        "policy: one\nparameters: {often: {type: count}, seldom: {type: coun, value: 3}, words: {type: list, value: [a, a]}, wrong: {type: count, value: x}}\n",
        "policy: two\nparameters: {often: {type: count, value: 3}, seldom: {type: count, value: 3}, words: {type: list, value: [b]}, wrong: {type: count, value: 1}}\n",
    ),
    "a built-in parameter restated twice, as another kind and without a value": (
        "policy: one\nparameters: {insurance_gap: {type: days, value: 45 days}, repair_kinds: {type: count, value: 3}, repair_window: {type: months}}\n",
        "policy: two\nparameters: {insurance_gap: {type: days, value: 46 days}, recall_share: {type: list, value: [a]}}\n",
    ),
    "names taken by another policy": (
        (
            "policy: one\nparameters: {gap: {type: count, value: 1}}\nitems: {wash: {value: 1 yuan}}\nfacts: {mine: {count: visits}, gap: {count: visits}}\n"
            "decisions: {tier: {kind: tier, levels: {vip: {}, rest: {}}, angles: {a: {vip: [{id: x, when: {media: true}}]}}}, broken: {kind: teir}}\n"
        ),
        (
            "policy: two\nparameters: {tier: {type: count, value: 1}, broken: {type: count, value: 1}, mine: {type: count, value: 1}, loyalty: {type: count, value: 1}, visits_past_year: {type: count, value: 1}}\n"
            "items: {wash: {value: 2 yuan}, wax: {}}\nfacts: {tier: {count: visits}, mine: {count: visits}, broken: {count: visits}, loyalty: {count: visits}, last_visit_on: {count: visits}, gap: {count: visits}}\n"
            "decisions: {mine: {kind: rate}, gap: {kind: rate, per: month, of: {count: visits}, over: {count: visits}}, tier: {kind: rate}, media: {kind: stage, measure: media}, amount: {kind: stage, subject: repair_order, measure: amount, stages: {a: {from: 0 yuan}}}}\n"
        ),
    ),
    "names taken by decisions and facts": (
        (
            "policy: one\nfacts: {mine: {count: visits}, of_orders: {subject: repair_order, months_since: completed_on}}\n"
            "decisions: {tier: {kind: tier, levels: {vip: {}, rest: {}}, angles: {a: {vip: [{id: x, when: {media: true}}]}}}, broken: [a], lost: {kind: stage, subject: nothing like it}}\n"
        ),
        (
            "policy: two\nfacts: {tier: {count: visits}, mine: {count: visits}, broken: {count: visits}, lost: {count: visits}, of_orders: {count: visits}, astray: {subject: nothing like it}}\n"
            "decisions: {tier: {kind: rate, per: month, of: {count: visits}, over: {count: visits}}, mine: {kind: rate, per: month, of: {count: visits}, over: {count: visits}}, broken: {kind: rate, per: month, of: {count: visits}, over: {count: visits}}}\n"
        ),
        "policy: three\nparameters: {as_of: {type: days, value: 1 day}}\ndecisions: {astray: {kind: rate, per: month, of: {count: visits}, over: {count: visits}}}\n",
    ),
    "the names of what is kept": (
        (
            "policy: one\nparameters: {tier_vip_kept: {type: count, value: 1}}\nfacts: {insurance_gap: {count: visits}, of_orders: {subject: repair_order, months_since: completed_on}, club_gold_kept: {count: visits}, left_best_kept: {subject: repair_order, months_since: completed_on}}\n"
            "decisions:\n"
            "  tier: {kind: tier, keeps: {for: 12 months}, levels: {vip: {}, rest: {}}, angles: {a: {vip: [{id: x, when: {media: true}}]}}}\n"
            "  club: {kind: tier, keeps: {for: 12 months}, levels: {gold: {}, rest: {}}, angles: {a: {gold: [{id: x, when: {media: true}}]}}}\n"
            "  left: {kind: tier, keeps: {for: 12 months}, levels: {best: {}, rest: {}}, angles: {a: {best: [{id: x, when: {media: true}}]}}}\n"
        ),
    ),
    "names of the language": (
        (
            "policy: one\nparameters: {as_of: {type: count, value: 1}, all: {type: count, value: 1}, any: {type: count, value: 1}, not: {type: count, value: 1}}\n"
            "facts: {'true': {count: visits}, 'false': {count: visits}, p2014: {count: visits}, '2014': {count: visits}, yuan: {count: visits}, '5yuan': {count: visits}}\n"
        ),
    ),
    "no kind, and one that is no word": (
        "policy: one\ndecisions: {a: [b], b: text, c: {}, d: {kind: [tier]}, e: {kind: ''}, f: {knd: rate}, g: {kind: {}}, h: {Kind: raet}, i: {kind: nothing like it}, j: , k: {knd: rate, kind: stage}}\n",
    ),
    "subjects": (
        (
            "policy: one\nfacts: {a: {subject: custmer, count: visits}, b: {subject: nobody at all, count: visits}, c: {subject: [customer], count: visits}}\n"
            "decisions:\n"
            "  d: {kind: rate, subject: poplation, per: month, of: {count: visits}, over: {count: visits}}\n"
            "  e: {kind: rate, subject: customer, per: month, of: {count: visits}, over: {count: visits}}\n"
            "  f: {kind: rate, subject: [population], per: month, of: {count: visits}, over: {count: visits}}\n"
            "  g: {kind: rate, subject: vehicle, per: month, of: {count: visits}, over: {count: visits}}\n"
            "  h: {kind: stage, subject: vehicle, measure: own, stages: {a: {from: 0}}}\n"
            "  i: {kind: stage, subject: [customer], measure: own, stages: {a: {from: 0}}}\n"
            "  j: {kind: stage, subject: repair_order, dated_by: compleded_on, measure: amount, stages: {a: {from: 0 yuan}}}\n"
        ),
    ),
    "items": (
        (
            "policy: one\nitems: {a: {}, b: {value: 1 yuan, price: 80%}, c: {valu: 3 yuan}, d: {value: 3}, e: {price: 3 yuan}, f: text,"
            " g: {refund: {from: 3, to: 20%, of: x}}, h: {refund: {from: 3%, to: 2, of: x}}, i: {refund: {to: 20%, of: x}}, j: {value: [1 yuan]}, k: {value: {a: b}}}\n"
        ),
    ),
    "facts that need each other": (
        "policy: one\nfacts: {a: {add: [b, 1]}, b: {add: [c, 1]}, c: {add: [b, 1]}, d: {add: [d, a]}, e: {add: [nothing, 1]}, f: {add: [e, 1], actionable: maybe}, g: [count]}\n",
    ),
    "angles and decisions that need each other": (
        (
            "policy: one\nfacts: {f: {add: [paid, 1 yuan]}}\ndecisions:\n"
            "  t: {kind: tier, levels: {vip: {}, rest: {}}, angles: {a: {vip: [{id: x, when: {t.b: vip}}]}, b: {vip: [{id: y, when: {t.a: vip}}]}, c: {vip: [{id: z, when: {u: vip}}]}}}\n"
            "  u: {kind: tier, levels: {vip: {}, rest: {}}, angles: {a: {vip: [{id: x, when: {t: vip}}]}}}\n"
            "  paid: {kind: payout, payee: staff, when: {f: {at_least: 1 yuan}}, pays: 1 yuan, otherwise: 0 yuan}\n"
            "  s: {kind: stage, measure: f, stages: {a: {from: 0 yuan}}}\n"
            "  o: {kind: payout, payee: staff, measure: visits_past_year, times: o, bands: [{id: a, from: 0, pays: 1 yuan}]}\n"
        ),
    ),
}


def test_everything_that_is_reported_of_names_and_what_they_need() -> None:
    said = "".join(
        f"==== {what}\n{found_in(*(Source(f'{at}.yaml', text) for at, text in enumerate(texts)))}"
        for what, texts in TOGETHER.items()
    )
    same("edition-names.txt", said)


@pytest.mark.parametrize(("facts", "said"), [(32, []), (33, ["DR317"])])
def test_so_many_facts_may_each_need_the_next(facts: int, said: list[str]) -> None:
    chain = "".join(f"  f{at}: {{add: [f{at + 1}, 1]}}\n" for at in range(1, facts))
    report = Report()
    nodes = policy_nodes(
        report, [Source("p.yaml", f"policy: p\nfacts:\n{chain}  f{facts}: {{count: visits}}\n")]
    )
    with suppress(PolicyError):
        compile_nodes(report, nodes)
    assert [each.code for each in report.diagnostics] == said
