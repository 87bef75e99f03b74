"""The JSON Schema: every shipped file and every good one is valid, and what is wrong in form is not."""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, Source, parse
from dealerrules.policy.schema import policy_schema

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import mistakes  # noqa: E402

GOOD = sorted(
    path
    for directory in (ROOT / "policies", ROOT / "tests" / "corpus" / "good")
    for path in directory.rglob("*.yaml")
    if ".cases." not in path.name
)
OF_FORM = {
    *(f"DR20{number}" for number in range(1, 7)),
    *(
        "DR209",
        "DR210",
        "DR212",
        "DR302",
        "DR303",
        "DR304",
        "DR402",
        "DR505",
        "DR506",
        "DR507",
        "DR511",
        "DR513",
        "DR514",
        "DR515",
    ),
}
"""What is wrong in form, as far as a schema can know it."""


ONLY_THE_CHECK_KNOWS = {
    "colon-missing-data",  # in what is attached anything may stand
    *("output-name", "row-then-list"),  # the table's own outputs
    *("unit-months-missing", "percent-bare", "band-when-test", "keeps-no-unit"),  # what kind of number it is
    *("no-subject", "no-unit"),  # what the measure is a fact of
}


@cache
def validator() -> Draft202012Validator:
    schema = policy_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def plain(node: Node | None) -> Any:
    """Return a node as an editor's YAML reads it."""
    match node:
        case MapNode():
            return {key.text: plain(value) for key, value in node.entries}
        case ListNode():
            return [plain(item) for item in node.items]
        case ScalarNode(quoted=False, text="true" | "false"):
            return node.text == "true"
        case ScalarNode(quoted=False, text="" | "null" | "~"):
            return None
        case ScalarNode(quoted=False) if re.fullmatch(r"[-+]?\d+", node.text):
            return int(node.text)
        case ScalarNode(quoted=False) if re.fullmatch(r"[-+]?\d*\.\d+", node.text):
            return float(node.text)
        case ScalarNode():
            return node.text
        case None:
            return None


def faults(text: str) -> list[str]:
    node, _ = parse(Source("policy.yaml", text))
    return [
        f"{'/'.join(map(str, each.absolute_path))}: {each.message[:200]}"
        for each in validator().iter_errors(plain(node))
    ]


def is_valid(text: str) -> bool:
    node, _ = parse(Source("policy.yaml", text))
    return validator().is_valid(plain(node))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_right_is_valid(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


def structural() -> list[mistakes.Mistake]:
    """Return the mistakes that are readable YAML and wrong in form."""
    found = []
    for mistake in mistakes.mistakes():
        codes = {each.code for each in mistake.expected}
        _, faulty = parse(Source("policy.yaml", mistake.edited[0]))
        if codes and codes <= OF_FORM and not faulty:
            found.append(mistake)
    return found


def test_what_is_wrong_in_form_is_invalid() -> None:
    """Nearly every mistake of form; what names mean, and bare counts where a unit is needed, only the check knows."""
    tried = structural()
    passed = {each.id for each in tried if is_valid(each.edited[0])}
    assert len(tried) >= 90
    assert passed == ONLY_THE_CHECK_KNOWS


def test_every_key_has_words_in_both_languages() -> None:
    for name, definition in policy_schema()["$defs"].items():
        for key, part in definition.get("properties", {}).items():
            if name.endswith("Shape"):
                assert " / " in part["description"], (name, key)


def test_facts_tests_and_words_are_completed() -> None:
    defined = policy_schema()["$defs"]
    loyalty = defined[defined["Condition"]["properties"]["loyalty"]["$ref"].rsplit("/", 1)[1]]
    assert loyalty["anyOf"][0]["anyOf"][0] == {"enum": ["low", "medium", "high"]}
    assert "at_least" in loyalty["anyOf"][2]["properties"]
    media = defined[defined["Condition"]["properties"]["media"]["$ref"].rsplit("/", 1)[1]]
    assert "at_least" not in media["anyOf"][2]["properties"]
    assert "近12个月进站次数" in defined["Condition"]["properties"]["visits_past_year"]["description"]
    assert "visits" in defined["FactForm"]["properties"]["count"]["enum"]
    assert defined["EventCondition"]["properties"]["purpose"]


def test_it_stays_small_enough_for_an_editor() -> None:
    assert len(json.dumps(policy_schema(), ensure_ascii=False)) < 150_000
