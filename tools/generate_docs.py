"""Write the parts of the documentation that are made from the code.

    python tools/generate_docs.py           # write them
    python tools/generate_docs.py --check   # say which are out of date, and exit 1

Each entry of :data:`GENERATED` is a file under the project's root and the function that returns its text.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import dealerrules
import mistakes
from dealerrules.diagnostic_codes import CODES, Severity
from dealerrules.policy.compile import compile_sources
from dealerrules.policy.editor import CATALOGUE
from dealerrules.policy.parse import ListNode, MapNode, ScalarNode, Source, parse
from dealerrules.policy.schema import policy_schema
from dealerrules.records import SUBJECTS, TABLES, Customer
from dealerrules.values import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dealerrules.diagnostics import Lang
    from dealerrules.policy.model import Edition
    from dealerrules.policy.parse import Node
    from dealerrules.values import Type

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "corpus" / "bad"
_LINES_ABOVE = 3
_NOTICE = "<!-- Made by tools/generate_docs.py: change the source it is made from, then run it. -->\n\n"

# ---------------------------------------------------------------------------------------------------
# Facts


def facts() -> str:
    """Return docs/reference/facts.md: the built-in facts, from the catalogue and the models."""
    source = Source("catalogue.yaml", CATALOGUE.read_text(encoding="utf-8"))
    node, _ = parse(source)
    assert isinstance(node, MapNode)
    (edition,), _ = compile_sources([Source("none.yaml", "policy: none")])
    out = [
        _NOTICE,
        "# Facts\n\n",
        "What a rule may ask about a subject, as of a day. `dealerrules facts` lists them in a terminal, with those that\n",
        "your own policies add. They are written in the policy language itself, in `src/dealerrules/catalogue.yaml`.\n\n",
        "A fact computed from events reads only events dated on or before the day. Cancelled and deleted visits never\n",
        "count. What the forms mean stands in [language.md](language.md#facts).\n\n",
        _parameters(node),
    ]
    for subject, meta in SUBJECTS.items():
        out.append(f"\n## {subject}\n\n")
        out.append(_computed(edition, node, subject))
        out.append("Plain fields, each a fact under its own name:\n\n")
        rows = [(f"`{name}`", _type(type_)) for name, type_ in meta.fields.items()]
        out.append(_table(("field", "type"), rows))
    out.append(
        "\nEvery other decision of the same subject is a fact too, under its name: a stage, the band of an offer, the amount"
        "\nof a payout, the one output of a rules table. A tier and its angles (`tier`, `tier.sales`) stand in tests only."
        "\nThe day of evaluation is `as_of`.\n"
    )
    return "".join(out)


def _parameters(node: MapNode) -> str:
    table = node.get("parameters")
    assert isinstance(table, MapNode)
    rows = []
    for key, shape in table.entries:
        assert isinstance(shape, MapNode)
        value, title = shape.get("value"), shape.get("title")
        assert value is not None
        assert isinstance(title, MapNode)
        rows.append((f"`{key.text}`", f"`{_flow(value)}`", _flow_text(title, "en"), _flow_text(title, "zh")))
    return (
        "## Parameters\n\nNumbers that the facts use. A policy may set them, by stating the parameter again.\n\n"
        + _table(("parameter", "value", "meaning", "含义"), rows)
    )


def _computed(edition: Edition, node: MapNode, subject: str) -> str:
    table = node.get("facts")
    assert isinstance(table, MapNode)
    rows = []
    for key, form in table.entries:
        assert isinstance(form, MapNode)
        of = form.get("subject")
        if (of.text if isinstance(of, ScalarNode) else "customer") != subject:
            continue
        definition = edition.facts[subject][key.text]
        parts = [
            f"{each.text}: {_flow(value)}"
            for each, value in form.entries
            if each.text not in {"title", "subject"}
        ]
        written = "<br>".join(f"`{part}`" for part in parts)
        rows.append(
            (
                f"`{key.text}`",
                _type(definition.type),
                definition.title.get("en"),
                definition.title.get("zh"),
                written,
            )
        )
    if not rows:
        return ""
    return _table(("fact", "type", "meaning", "含义", "definition"), rows) + "\n"


def _flow(node: Node) -> str:
    """Return a node in one line, as YAML writes it."""
    match node:
        case ScalarNode():
            return node.text
        case ListNode():
            return "[" + ", ".join(map(_flow, node.items)) + "]"
        case MapNode():
            return "{" + ", ".join(f"{key.text}: {_flow(value)}" for key, value in node.entries) + "}"


def _flow_text(node: MapNode, key: str) -> str:
    found = node.get(key)
    return found.text if isinstance(found, ScalarNode) else ""


_KINDS = {
    Kind.COUNT: "count",
    Kind.NUMBER: "number",
    Kind.MONEY: "money (yuan)",
    Kind.RATIO: "ratio",
    Kind.MONTHS: "months",
    Kind.DAYS: "days",
    Kind.DISTANCE: "distance (km)",
    Kind.DATE: "date",
    Kind.BOOLEAN: "true or false",
    Kind.TEXT: "text",
}


def _type(type_: Type) -> str:
    if type_.kind is Kind.CATEGORY:
        return (" < " if type_.ordered else ", ").join(f"`{word}`" for word in type_.options)
    return _KINDS[type_.kind]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in lines)


# ---------------------------------------------------------------------------------------------------
# Records


def records() -> str:
    """Return docs/reference/records.md: the tables and their fields, from the models."""
    out = [
        _NOTICE,
        "# Records\n\n",
        "What policies are evaluated against. A record is a mapping (JSON, or one of the typed classes); a customer's record\n",
        "holds its events in lists under the table's name. A store is a directory of CSV tables with the same columns, or a\n",
        "file of JSON lines.\n\n",
        "- What is left out is unknown. No list of events means no events.\n",
        "- An event must have its date. Other fields may be missing, except ids.\n",
        "- Dates are ISO (`2014-09-30`). Money is yuan, as text, `Decimal` or whole number; a `float` is refused.\n",
        "- An unknown field is an error, with the nearest known name.\n",
        "- In CSV: UTF-8, the field names as header, an empty cell is unknown, `true` and `false`, `attributes` as a JSON\n",
        "  object. In JSON lines: a customer, or the subject that the key `subject` names.\n\n",
        "## Subjects\n\n",
        "What a decision can be about.\n",
    ]
    for subject in SUBJECTS.values():
        dated = f", its date is `{subject.date_field}`" if subject.date_field else ""
        out.append(f"\n### {subject.name}\n\n{_first_line(subject.model)}\n\n")
        out.append(
            f"Class `{subject.model.__name__}`, table `{subject.table}`, id `{subject.id_field}`{dated}.\n\n"
        )
        out.append(_fields(subject.model, subject.fields))
    out.append("\n## Event tables of a customer\n")
    for table in TABLES.values():
        out.append(f"\n### {table.name}\n\n{_first_line(table.model)}\n\n")
        named = f", id `{table.id_field}`" if table.id_field else ""
        out.append(f"The one date is `{table.date_field}`{named}.")
        for name, words in table.excluded:
            out.append(
                f" An event whose `{name}` is {' or '.join(f'`{word}`' for word in words)} never counts."
            )
        out.append("\n\n" + _fields(table.model, table.fields))
    return "".join(out)


_NOTE = re.compile(r" \(domain\.md [\d.]+\)")


def _first_line(model: type) -> str:
    return (inspect.getdoc(model) or "").splitlines()[0]


def _fields(model: type, types: Mapping[str, Type]) -> str:
    notes = dict(re.findall(r"^    (\w+): .*?  #: (.*)$", inspect.getsource(model), re.MULTILINE))
    needed = {name for name, info in model.model_fields.items() if info.is_required()}  # type: ignore[attr-defined]
    rows = [
        (f"`{name}`", _type(type_), "yes" if name in needed else "", _NOTE.sub("", notes.get(name, "")))
        for name, type_ in types.items()
    ]
    if model is Customer:
        rows.append(
            ("`attributes`", "mapping", "", "whatever else a store records; a policy reads it with `field:`")
        )
    return _table(("field", "type", "required", "note"), rows)


# ---------------------------------------------------------------------------------------------------
# The Python API

_SECTIONS = {
    "Loading": ("load", "loads", "PolicyBook", "PolicyError", "Diagnostic"),
    "Answers": ("Answer", "Answers", "Explanation"),
    "Outcomes": (
        "Outcome",
        "TierOutcome",
        "StageOutcome",
        "PayoutOutcome",
        "PayLine",
        "OfferOutcome",
        "RulesOutcome",
        "Rates",
        "RateOutcome",
        "Status",
        "Reason",
    ),
    "Records": (
        "Customer",
        "RecallCampaign",
        "FollowUpResult",
        "ConsultantMonth",
        "RepairOrder",
        "Purchase",
        "RecordError",
        "read_store",
        "Store",
        "ABSENT",
    ),
}
_ATTRIBUTES = {
    "PolicyBook": {"warnings": "What is legal but worth a look, as diagnostics."},
    "Answer": {
        "as_of": "The day of evaluation.",
        "answer[name]": "The outcome of a decision. An answer is a mapping from names to outcomes.",
    },
    "PolicyError": {"diagnostics": "Every mistake found, in source order."},
}
_CONSTANTS = {"ABSENT": "The value of a fact about an event that never happened; `None` is unknown."}


def api() -> str:
    """Return docs/reference/api.md: every public name with its signature and one line."""
    listed = [name for names in _SECTIONS.values() for name in names]
    rest = tuple(name for name in dealerrules.__all__ if name not in listed)
    sections = {**_SECTIONS, **({"More": rest} if rest else {})}
    out = [
        _NOTICE,
        "# Python API\n\n",
        "Everything public is a name of `dealerrules` itself. A name is loaded when it is first used, so `import dealerrules`\n",
        "costs little. What is not on this page may change without notice.\n",
    ]
    for title, names in sections.items():
        out.append(f"\n## {title}\n")
        out.extend(_entry(name) for name in names if name in dealerrules.__all__)
    return "".join(out)


def _entry(name: str) -> str:
    thing = getattr(dealerrules, name)
    if name in _CONSTANTS:
        return f"\n### {name}\n\n{_CONSTANTS[name]}\n"
    out = [f"\n### {name}\n\n"]
    if inspect.isfunction(thing):
        out.append(f"```text\n{name}{_signature(thing)}\n```\n\n")
    out.append(_plain((inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")) + "\n")
    rows = list(_members(thing)) if inspect.isclass(thing) else []
    if rows:
        out.append("\n" + _table(("member", "what it is"), rows))
    return "".join(out)


def _members(thing: type) -> Iterable[tuple[str, str]]:
    if issubclass(thing, str):  # an enumeration of words
        notes = dict(re.findall(r'= "(\w+)"  #: (.*)$', inspect.getsource(thing), re.MULTILINE))
        yield from ((f"`{word}`", notes.get(str(word), "")) for word in thing)
        return
    doc = inspect.getdoc(thing) or ""
    attributes = re.search(r"^Attributes:\n((?:    .*\n?)+)", doc, re.MULTILINE)
    lines = re.sub(r"\n {8,}", " ", attributes[1]) if attributes else ""
    said = {name: _plain(says) for name, says in re.findall(r"^    (\w+): (.*)$", lines, re.MULTILINE)}
    said |= _ATTRIBUTES.get(thing.__name__, {})
    if is_dataclass(thing):
        said |= {each.name: f"`{each.type}`" for each in fields(thing) if each.repr and each.name not in said}
    yield from ((f"`{name}`", says) for name, says in said.items() if not name.startswith("_"))
    for name, member in sorted(vars(thing).items()):
        if name.startswith("_") or name in said:
            continue
        says = _plain((inspect.getdoc(member) or "").split("\n\n")[0].replace("\n", " "))
        if inspect.isfunction(member):
            yield f"`{name}{_signature(member)}`", says
        elif isinstance(member, property) or type(member).__name__ == "cached_property":
            yield f"`{name}`", says


def _signature(function: Callable[..., object]) -> str:
    """Return the parameters with their defaults; what they may be is said by the docstring."""
    parts, keyword_only = [], False
    for each in inspect.signature(function).parameters.values():
        if each.name == "self":
            continue
        if each.kind is each.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parts.append("*")
        default = "" if each.default is each.empty else f"={each.default!r}".replace("'", '"')
        parts.append(each.name + default)
    return f"({', '.join(parts)})"


def _plain(text: str) -> str:
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text).replace("``", "`")


# ---------------------------------------------------------------------------------------------------
# Diagnostics

_GROUPS = {
    "DR1": ("The file, and YAML", "文件与 YAML"),
    "DR2": ("Keys and forms", "键与写法"),
    "DR3": ("Names", "名字"),
    "DR4": ("Values and units", "值与单位"),
    "DR5": ("Decisions", "决策"),
    "DR6": ("Worked cases", "样例"),
}
_DIAGNOSTICS_HEAD = {
    "en": "# Diagnostics\n\nEvery message about a policy file. A code keeps its meaning for ever. A file with an error is not loaded; a\n"
    "warning is only shown. Words in braces are filled in. The examples are files of `tests/corpus/bad`.\n\n[中文版](diagnostics.zh.md)\n",
    "zh": "# 报错清单\n\n关于政策文件的全部提示。编号的含义永远不变。有错误的文件不会载入；警告只是提醒。花括号里的词会换成实际内容。例子来自 `tests/corpus/bad`。\n\n"
    "[English](diagnostics.md)\n",
}


def diagnostics(lang: Lang) -> str:
    """Return docs/reference/diagnostics.md (or .zh.md): every code, from the table of codes."""
    zh = lang == "zh"
    out = [_NOTICE, _DIAGNOSTICS_HEAD[lang]]
    group = ""
    for code in CODES.values():
        if code.id[:3] != group:
            group = code.id[:3]
            out.append(f"\n## {_GROUPS.get(group, (group, group))[zh]}\n")
        severity = (
            ("警告" if zh else "warning")
            if code.severity is Severity.WARNING
            else ("错误" if zh else "error")
        )
        out.append(f"\n### {code.id}\n\n{severity}{'：' if zh else ': '}{_template(code.message[lang])}\n")
        if code.about[lang]:
            out.append(f"\n{_template(code.about[lang])}\n")
        if code.help[lang]:
            said = ("怎么改：" if zh else "What to do: ") + _template(code.help[lang])
            out.append(f"\n{said}\n")
        out.append(_example(code.id, lang))
    return "".join(out)


def _example(code: str, lang: Lang) -> str:
    """Return the bad lines of the first file of the corpus that is named after a code, and what is said of them."""
    for path in sorted(CORPUS.glob(f"{code.lower()}-*.{lang}.txt")):
        blocks = re.split(r"\n(?=\S)", path.read_text(encoding="utf-8").rstrip("\n"))
        for block in blocks[:-1]:  # the last one counts
            place = re.match(rf"(.+?):(\d+):\d+: \S+ {code}\b", block)
            if place is not None:
                bad = (CORPUS / place[1]).read_text(encoding="utf-8").splitlines()
                line = int(place[2])
                lines = bad[max(0, line - 1 - _LINES_ABOVE) : line]
                indent = min(len(each) - len(each.lstrip(" ")) for each in lines if each.strip())
                shown = "\n".join(each[indent:] for each in lines).expandtabs(4)
                return f"\n```yaml\n{shown}\n```\n\n```text\n{block}\n```\n"
    return ""


def _template(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}").replace("<", "&lt;")


# ---------------------------------------------------------------------------------------------------
# All of them


def schema() -> str:
    """Return docs/schema/policy.schema.json, as `dealerrules schema` prints it."""
    return json.dumps(policy_schema(), ensure_ascii=False, indent=2) + "\n"


GENERATED: dict[str, Callable[[], str]] = {
    "docs/mistakes.md": mistakes.page,
    "docs/reference/api.md": api,
    "docs/reference/diagnostics.md": partial(diagnostics, "en"),
    "docs/reference/diagnostics.zh.md": partial(diagnostics, "zh"),
    "docs/reference/facts.md": facts,
    "docs/reference/records.md": records,
    "docs/schema/policy.schema.json": schema,
}


def main(arguments: list[str]) -> int:
    """Write all files, or with ``--check`` name those that are out of date."""
    stale = []
    for name, make in GENERATED.items():
        path, text = ROOT / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'out of date' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
