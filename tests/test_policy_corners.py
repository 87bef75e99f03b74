"""Corners of the policy language: mistakes that no other test makes, and what is said of each; and rare conditions.

The mistakes are written on line 2 of a policy, so that a message's place is its column.
"""

from __future__ import annotations

import pytest

import dealerrules as dr

HEAD = {
    "facts": "facts: {f: %s}\ndecisions: {d: {kind: stage, measure: visits_past_year, stages: {a: {from: 0}}}, two: {kind: "
    "rules, hit: first, outputs: {x: {type: count}, y: {type: count}}, rows: [{id: r, then: {x: 1, y: 2}}]}}\n",
    "when": "decisions: {d: {kind: rules, hit: unique, outputs: {o: {type: count}}, rows: [{id: a, when: %s, then: {o: 1}}]}, "
    "tier: {kind: tier, levels: {gold: {}, silver: {}, rest: {}}, angles: {a: {gold: [{id: g, when: {media: true}}]}}}}\n",
    "dec": "decisions: {d: {%s}}\n",
}


def policy(where: str, text: str) -> str:
    """Return a policy with a text as a fact, as a condition beside a tier, or as a decision."""
    return "policy: p\n" + HEAD[where] % text


MISTAKES = [
    (
        "facts",
        "{count: [visits]}",
        "policy.yaml:2:20: error DR306: `[…]` is no table that can stand here\n    2 | facts: {f: {count: [visits]}}\n      |                    ^^^^^^^^\n   = tables: `contacts`, `insurance`, `referrals`, `suggestions`, `surveys`, `vehicles`, `visits`\n1 error",
    ),
    (
        "facts",
        "{count: {visits: 1}}",
        "policy.yaml:2:20: error DR306: `{visits: …}` is no table that can stand here\n    2 | facts: {f: {count: {visits: 1}}}\n      |                    ^^^^^^^^^^^\n   = tables: `contacts`, `insurance`, `referrals`, `suggestions`, `surveys`, `vehicles`, `visits`\n1 error",
    ),
    (
        "facts",
        "{add: [two, 1]}",
        "policy.yaml:2:19: error DR412: `two` has no single value, so it cannot stand here\n    2 | facts: {f: {add: [two, 1]}}\n      |                   ^^^\n   = a rules table can stand here when it has one output, which is no list, and its `hit` is not `collect`\n1 error",
    ),
    (
        "facts",
        "{min: [last_visit_on, 2014-02-30]}",
        "policy.yaml:2:34: error DR407: there is no such value as `2014-02-30`\n    2 | facts: {f: {min: [last_visit_on, 2014-02-30]}}\n      |                                  ^^^^^^^^^^\n   = dates as `2014-09-01`; money in whole fen; months and days are whole\n1 error",
    ),
    (
        "facts",
        "{whole_times: [last_visit_on, last_visit_on]}",
        "policy.yaml:2:26: error DR411: `whole_times` does not go with a date and a date\n    2 | facts: {f: {whole_times: [last_visit_on, last_visit_on]}}\n      |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n   = the units must go together; money times money is nothing\n1 error",
    ),
    (
        "facts",
        "{first_known: [media], if_none: zero}",
        "policy.yaml:2:44: error DR404: `zero` is no value here\n    2 | facts: {f: {first_known: [media], if_none: zero}}\n      |                                            ^^^^\n   = did you mean `unknown`? values: `unknown`\n1 error",
    ),
    (
        "facts",
        "{field: customer.attributes.x, type: category}",
        "policy.yaml:2:49: error DR202: `options` is missing\n    2 | facts: {f: {field: customer.attributes.x, type: category}}\n      |                                                 ^^^^^^^^\n   = add `options:`\n1 error",
    ),
    (
        "facts",
        "{field: customer.attributes.x, type: category, options: 3}",
        "policy.yaml:2:68: error DR203: a list of words is needed here, not `3`\n    2 | facts: {f: {field: customer.attributes.x, type: category, options: 3}}\n      |                                                                    ^\n   = check the indentation, and whether a dash, a colon or a bracket is missing\n1 error",
    ),
    (
        "facts",
        "{field: customer.attributes.x, type: category, options: []}",
        "policy.yaml:2:68: error DR205: nothing is written here\n    2 | facts: {f: {field: customer.attributes.x, type: category, options: []}}\n      |                                                                    ^^\n   = write a value, or take the key away\n1 error",
    ),
    (
        "facts",
        "{field: customer.attributes.x, type: category, options: [a, [b]]}",
        "policy.yaml:2:72: error DR203: a word is needed here, not a list\n    2 | facts: {f: {field: customer.attributes.x, type: category, options: [a, [b]]}}\n      |                                                                        ^^^\n   = check the indentation, and whether a dash, a colon or a bracket is missing\n1 error",
    ),
    (
        "facts",
        "{field: customer.attributes.x, type: category, options: [a, b], ordered: maybe}",
        "policy.yaml:2:85: error DR404: `maybe` is no value here\n    2 | facts: {f: {field: customer.attributes.x, type: category, options: [a, b], ordered: maybe}}\n      |                                                                                     ^^^^^\n   = values: `true`, `false`\n1 error",
    ),
    (
        "facts",
        "{count: }",
        "policy.yaml:2:20: error DR205: nothing is written here\n    2 | facts: {f: {count: }}\n      |                    ^\n   = write a value, or take the key away\n1 error",
    ),
    (
        "facts",
        "{sum: visits, take: [amount]}",
        "policy.yaml:2:32: error DR203: a field is needed here, not a list\n    2 | facts: {f: {sum: visits, take: [amount]}}\n      |                                ^^^^^^^^\n   = check the indentation, and whether a dash, a colon or a bracket is missing\n1 error",
    ),
    (
        "facts",
        "{streak: insurance, allow_gap: 2014-02-30}",
        "policy.yaml:2:43: error DR407: there is no such value as `2014-02-30`\n    2 | facts: {f: {streak: insurance, allow_gap: 2014-02-30}}\n      |                                           ^^^^^^^^^^\n   = dates as `2014-09-01`; money in whole fen; months and days are whole\n1 error",
    ),
    (
        "when",
        "{any: [{media: maybe}, {influential: true}]}",
        "policy.yaml:2:108: error DR404: `maybe` is no value here\n    2 | ...id: a, when: {any: [{media: maybe}, {influential: true}]}, then: {o: 1}}]}, tier: {kin...\n      |                                ^^^^^\n   = values: `true`, `false`\n1 error",
    ),
    (
        "when",
        "{visits_past_year: {}}",
        "policy.yaml:2:112: error DR205: nothing is written here\n    2 | ...a, when: {visits_past_year: {}}, then: {o: 1}}]}, tier: {kind: tier, levels: {gold: {}...\n      |                                ^^\n   = write a value, or take the key away\n1 error",
    ),
    (
        "when",
        "{region: {one_of: {a: b}}}",
        "policy.yaml:2:111: error DR203: a list of values is needed here, not a mapping (`key: value`)\n    2 | ... a, when: {region: {one_of: {a: b}}}, then: {o: 1}}]}, tier: {kind: tier, levels: {gol...\n      |                                ^^^^^^\n   = check the indentation, and whether a dash, a colon or a bracket is missing\n1 error",
    ),
    (
        "when",
        "{region: {one_of: []}}",
        "policy.yaml:2:111: error DR205: nothing is written here\n    2 | ... a, when: {region: {one_of: []}}, then: {o: 1}}]}, tier: {kind: tier, levels: {gold: {...\n      |                                ^^\n   = write a value, or take the key away\n1 error",
    ),
    (
        "dec",
        "kind: stage, measure: {ratio: [visits_past_year, 2]}, stages: {a: {from: 2014-02-30}}",
        "policy.yaml:2:90: error DR407: there is no such value as `2014-02-30`\n    2 | ...ind: stage, measure: {ratio: [visits_past_year, 2]}, stages: {a: {from: 2014-02-30}}}}\n      |                                                                            ^^^^^^^^^^\n   = dates as `2014-09-01`; money in whole fen; months and days are whole\n1 error",
    ),
    (
        "dec",
        "kind: tier, levels: {vip: {}, rest: {}}, angles: {a: {vip: []}}",
        "policy.yaml:2:76: error DR205: nothing is written here\n    2 | decisions: {d: {kind: tier, levels: {vip: {}, rest: {}}, angles: {a: {vip: []}}}}\n      |                                                                            ^^\n   = write a value, or take the key away\n1 error",
    ),
    (
        "dec",
        "kind: stage, measure: last_visit_on, stages: {a: {from: {times: 2, of: 2014-01-01}}}",
        "policy.yaml:2:88: error DR509: `of` needs a quantity, and `2014-01-01` is a date\n    2 | ...kind: stage, measure: last_visit_on, stages: {a: {from: {times: 2, of: 2014-01-01}}}}}\n      |                                                                           ^^^^^^^^^^\n   = a measure is a quantity or a date; `times` is a count; `pays_percent` needs a measure of money\n1 error",
    ),
    (
        "dec",
        "kind: offer, by: region, bands: {}",
        "policy.yaml:2:49: error DR205: nothing is written here\n    2 | decisions: {d: {kind: offer, by: region, bands: {}}}\n      |                                                 ^^\n   = write a value, or take the key away\n1 error",
    ),
    (
        "dec",
        "kind: offer, by: region, bands: 3",
        "policy.yaml:2:49: error DR203: a mapping of value to bands is needed here, not `3`\n    2 | decisions: {d: {kind: offer, by: region, bands: 3}}\n      |                                                 ^\n   = check the indentation, and whether a dash, a colon or a bracket is missing\n1 error",
    ),
]


@pytest.mark.parametrize(("where", "text", "said"), MISTAKES, ids=[text for _, text, _ in MISTAKES])
def test_what_is_said_of_a_mistake(where: str, text: str, said: str) -> None:
    """The whole message, with its place; and in Chinese the same place and code."""
    with pytest.raises(dr.PolicyError) as caught:
        dr.loads(policy(where, text))
    assert caught.value.text("en") == said
    heads = [line.split(" DR")[0].split(": ")[0] for line in said.splitlines() if " DR" in line]
    chinese = [
        line.split(" DR")[0].split(": ")[0].split("：")[0]
        for line in caught.value.text("zh").splitlines()
        if " DR" in line
    ]
    assert chinese == heads


@pytest.mark.parametrize(
    ("test", "of_gold", "of_rest", "of_either"),
    [
        ("{less_than: gold}", False, True, None),
        ("{at_most: silver}", False, True, None),
        ("{more_than: silver}", True, False, None),
        ("{at_least: rest}", True, True, True),
        ("{none_of: [gold]}", False, True, None),
        ("{is_not: gold}", False, True, None),
        ("{known: true}", True, True, True),  # a tier always has a level
        ("{known: false}", False, False, False),
    ],
)
def test_conditions_on_a_level(test: str, of_gold: bool, of_rest: bool, of_either: bool | None) -> None:
    """Of a customer who is gold, of one who is none, and of one of whom it is not known."""
    book = dr.loads(policy("when", f"{{tier: {test}}}"))
    found = []
    for media in (True, False, None):
        outcome = book.evaluate({"customer_id": "C1", "media": media}, as_of="2014-09-30")["d"]
        found.append({"decided": True, "undefined": False, "undetermined": None}[outcome.status.value])
    assert found == [of_gold, of_rest, of_either]
