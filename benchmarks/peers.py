"""The shipped tier table as other engines take it, written from domain.md: zen-engine tables, rule-engine expressions.

A cell is a test in zen's unary syntax; rule-engine's expressions are the same tests written out.
"""

from __future__ import annotations

from typing import Any

import rule_engine
import zen

LEVELS = ("general", "vip", "super_vip")
ANGLES = ("sales", "after_sales", "insurance", "marketing")

Row = tuple[str, str, dict[str, str]]
TIERS: dict[str, tuple[Row, ...]] = {  # angle: (rule, level, tests), best level first
    "sales": (
        ("repeat-purchase", "super_vip", {"kind": "'individual'", "brand_vehicles_bought": ">= 2"}),
        ("household", "super_vip", {"household_brand_owners": ">= 2"}),
        ("referred-3", "super_vip", {"vehicle_referrals": ">= 3"}),
        ("influential", "super_vip", {"influential": "true"}),
        ("referred-1", "vip", {"vehicle_referrals": ">= 1"}),
        ("survey-all-satisfied", "vip", {"ssi_surveys": ">= 1", "ssi_all_satisfied": "true"}),
    ),
    "after_sales": (
        ("sales-super-vip", "super_vip", {"sales": "'super_vip'"}),
        ("visits-5", "super_vip", {"visits_past_year": ">= 5", "loyalty": "'high'"}),
        ("csi-always-satisfied", "super_vip", {"csi_surveys": ">= 1", "csi_all_satisfied": "true"}),
        ("sales-vip", "vip", {"sales": "'vip', 'super_vip'"}),
        ("visits-3", "vip", {"visits_past_year": ">= 3", "loyalty": "'medium', 'high'"}),
        ("suggestion-adopted", "vip", {"suggestions_adopted": ">= 1"}),
    ),
    "insurance": (
        ("insured-4-years", "super_vip", {"insured_years_running": ">= 4", "repairs_past_year": ">= 1"}),
        ("referred-3", "super_vip", {"insurance_referrals": ">= 3"}),
        ("insured-3-years", "vip", {"insured_years_running": ">= 3", "repairs_past_year": ">= 1"}),
        ("referred-2", "vip", {"insurance_referrals": ">= 2"}),
    ),
    "marketing": (
        ("media-referred-2", "super_vip", {"media": "true", "vehicle_referrals": ">= 2"}),
        ("media-referred-1", "vip", {"media": "true", "vehicle_referrals": ">= 1"}),
    ),
}

# ---------------------------------------------------------------------------------------------------
# zen-engine


def zen_table(name: str, rows: list[tuple[dict[str, str], dict[str, str]]], **options: Any) -> dict[str, Any]:
    """Return a decision table node; a row is its tests and its outputs, both zen expressions."""
    fields = list(dict.fromkeys(field for tests, _ in rows for field in tests))
    outputs = list(dict.fromkeys(field for _, said in rows for field in said))
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": field, "name": field, "field": field} for field in fields],
        "outputs": [{"id": f"out_{field}", "name": field, "field": field} for field in outputs],
        "rules": [
            {
                "_id": f"{name}-{at}",
                **{field: tests.get(field, "") for field in fields},
                **{f"out_{field}": said[field] for field in outputs},
            }
            for at, (tests, said) in enumerate(rows)
        ],
        **options,
    }
    return {"id": name, "name": name, "type": "decisionTableNode", "content": content}


def zen_graph(nodes: list[dict[str, Any]], edges: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a decision graph from `in` to `out`."""
    ends = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    joins = [{"id": f"{a}-{b}", "sourceId": a, "targetId": b, "type": "edge"} for a, b in edges]
    return {"nodes": [*ends, *nodes], "edges": joins}


def zen_engine(graph: dict[str, Any]) -> zen.ZenEngine:
    """Return an engine that holds one graph, compiled, under the key `graph`."""
    return zen.ZenEngine({"loader": {"type": "static", "content": {"graph": graph}}})


def zen_tiers() -> zen.ZenEngine:
    """Return the tier table as four decision tables, each giving its angle's level and the rule that gave it.

    Of several ways to join them (a chain that passes everything through, branches) this one was the fastest.
    """
    nodes = []
    for angle, rows in TIERS.items():
        said = [(tests, {angle: f"'{level}'", f"{angle}_rule": f"'{rule}'"}) for rule, level, tests in rows]
        said.append(({}, {angle: "'general'", f"{angle}_rule": "''"}))
        nodes.append(zen_table(angle, said))
    edges = [(angle, "out") for angle in ANGLES] + [("in", angle) for angle in ANGLES]
    edges.append(("sales", "after_sales"))
    return zen_engine(zen_graph(nodes, edges))


def zen_level(result: dict[str, Any]) -> str:
    """Return the best of the angles' levels."""
    return max((result[angle] for angle in ANGLES), key=LEVELS.index)


# ---------------------------------------------------------------------------------------------------
# rule-engine


def _written(fact: str, test: str) -> str:
    if test == "true":
        return fact
    if "," in test:
        return f"{fact} in [{test}]"
    return f"{fact} {test}" if test.startswith(">") else f"{fact} == {test}"


class RuleEngineTiers:
    """The tier table as rule-engine expressions; all rules are matched, as their reasons are wanted."""

    def __init__(self) -> None:
        self.rules = [
            (angle, rule, level, rule_engine.Rule(" and ".join(_written(*test) for test in tests.items())))
            for angle, rows in TIERS.items()
            for rule, level, tests in rows
        ]

    def evaluate(self, facts: dict[str, Any]) -> tuple[str, dict[str, str], list[str]]:
        """Return the level, those of the angles, and the rules that hold."""
        best = dict.fromkeys(ANGLES, "general")
        scope = dict(facts)
        because = []
        for angle, rule, level, condition in self.rules:
            scope["sales"] = best["sales"]
            if condition.matches(scope):
                because.append(f"{angle}.{rule}")
                if best[angle] == "general":
                    best[angle] = level
        return max(best.values(), key=LEVELS.index), best, because


class RuleEngineLadder:
    """Rules on one fact, ten wide each; matched until one holds."""

    def __init__(self, size: int) -> None:
        fact = "visits_past_year"
        texts = [f"{fact} >= {10 * at} and {fact} < {10 * at + 10}" for at in range(size)]
        self.rules = [rule_engine.Rule(text) for text in texts]

    def evaluate(self, facts: dict[str, Any]) -> int | None:
        """Return the place of the first rule that holds."""
        return next((at for at, rule in enumerate(self.rules) if rule.matches(facts)), None)
