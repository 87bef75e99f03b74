"""Check that imports of src/dealerrules point one way, and that some libraries stay in their rooms.

Imports under ``if TYPE_CHECKING:`` are not counted: they name types and load nothing.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1] / "src" / "dealerrules"

ORDER = [
    "forks",
    "values",
    "diagnostic_codes",
    "finding_codes",
    "diagnostics",
    "expr",
    "faults",
    "disk",
    "readers",
    "records",
    "households",
    "facts",
    "digests",
    "policy.model",
    "populations",
    "policy.files",
    "policy.draft",
    "policy.traps",
    "policy.slips",
    "policy.mend",
    "policy.parse",
    "policy.phrases",
    "policy.fields",
    "policy.reading",
    "policy.document",
    "policy.scope",
    "policy.literals",
    "policy.conditions",
    "policy.forms",
    "policy.extend",
    "policy.making",
    "policy.bands",
    "policy.payouts",
    "policy.rates",
    "policy.keeping",
    "policy.kinds",
    "policy.names",
    "policy.advising",
    "policy.editor",
    "policy.suspects",
    "policy.causes",
    "policy.compile",
    "policy.schema_words",
    "policy.schema_values",
    "policy.schema",
    "intake.lines",
    "intake.cells",
    "intake.headers",
    "intake.columns",
    "intake.mapping",
    "intake.sources",
    "intake.attributes",
    "intake.reading",
    "intake.deriving",
    "intake.cleaning",
    "intake.ledger",
    "intake.scratch",
    "intake.finding",
    "intake.loading",
    "intake.joining",
    "intake.stores",
    "tables",
    "turns",
    "edges",
    "keeping",
    "verdict",
    "engines.ladder",
    "engines.loops",
    "engines.writer",
    "engines.compiled",
    "engines.row",
    "engines.rates",
    "engines.columns",
    "engines.flat",
    "engines.entry",
    "engines.events",
    "engines.context",
    "engines.days",
    "engines.past",
    "engines.frame",
    "engines.rates_frame",
    "engines.checks",
    "engines.single",
    "engines.quantities",
    "engines.carried",
    "engines.durable_conditions",
    "engines.durable_steps",
    "engines.durable_writer",
    "engines.durable_session",
    "engines.durable",
    "engines.jdm_conditions",
    "engines.jdm_tables",
    "engines.jdm_checks",
    "engines.jdm",
    "words",
    "wording",
    "analysis.diagrams",
    "analysis.axes",
    "analysis.past",
    "analysis.relations",
    "analysis.looking",
    "analysis.writing",
    "analysis.answers",
    "analysis.space",
    "analysis.comparing",
    "analysis.findings",
    "analysis.tables",
    "analysis.ladders",
    "analysis.pay",
    "analysis.gifts",
    "analysis.definitions",
    "analysis.housekeeping",
    "analysis.lint",
    "advice.knowing",
    "advice.levers",
    "advice.moves",
    "advice.minimal",
    "advice.better",
    "advice.reading",
    "advice.steps",
    "advice.words",
    "advice.deadline",
    "advice.next_step",
    "advice.moved",
    "outcome",
    "pages",
    "rates",
    "reasons",
    "advice.standing",
    "advice.coming_words",
    "advice.coming",
    "advice.outlook",
    "advice.hanging",
    "advice.coming_columns",
    "advice.coming_frame",
    "advice.step_columns",
    "advice.advice_frame",
    "grids",
    "pareto",
    "due",
    "charts",
    "report_words",
    "summary",
    "explain",
    "sections",
    "handbook.words",
    "handbook.bench",
    "handbook.runs",
    "handbook.curves",
    "handbook.examples",
    "handbook.parts",
    "handbook.decisions",
    "handbook.whole",
    "answer",
    "book",
    "replay",
    "report",
    "report_page",
    "outputs",
    "worklist",
    "cases.expectations",
    "cases.running",
    "cases.targets",
    "cases.coverage",
    "cases.node_changes",
    "cases.mutants",
    "cases.equivalence",
    "cases.mutation",
    "cases.texts",
    "cases.questions",
    "cases.record_questions",
    "cases.proposing",
    "strategies.dice",
    "strategies.written",
    "strategies.conditions",
    "strategies.forms",
    "strategies.author",
    "strategies.reading",
    "strategies.near",
    "strategies.events",
    "strategies.aiming",
    "strategies.subjects",
    "strategies.thresholds",
    "strategies.drawing",
    "testing",
    "demo",
    "text_tables",
    "worklist_page",
    "diff.parameters",
    "diff.intervals",
    "diff.changes",
    "diff.words",
    "diff.kept",
    "diff.rate_words",
    "diff.decisions",
    "diff.editions",
    "diff.titles",
    "diff.answers",
    "diff.examples",
    "diff.trials",
    "diff.moves",
    "diff.regions",
    "diff.impact",
    "diff.counting",
    "diff.plain_text",
    "diff.told_regions",
    "diff.told_impact",
    "diff.told",
    "diff.comparison",
    "commands.lines",
    "commands.answers",
    "commands.reading",
    "commands.evaluate",
    "commands.explain",
    "commands.advise",
    "commands.report",
    "commands.replay",
    "commands.diff",
    "commands.handbook",
    "commands.check",
    "commands.cases",
    "commands.init",
    "commands.facts",
    "commands.schema",
    "commands.demo",
    "cli",
    "__main__",
    "pytest_plugin",
]
"""Every module, in the order of the flow: it may import those before it."""

ENGINE_MAY_IMPORT = {
    "values",
    "expr",
    "faults",
    "disk",
    "readers",
    "records",
    "households",
    "facts",
    "policy.model",
    "populations",
    "turns",
    "edges",
    "keeping",
    "verdict",
}
"""What an engine may import, beside its own parts: never another engine, never the compiler."""

PARTS = {
    "engines.compiled": {"engines.writer"},
    "engines.writer": {"engines.ladder", "engines.loops"},
    "engines.flat": {"engines.columns"},
    "engines.events": {"engines.columns", "engines.entry"},
    "engines.entry": {"engines.columns"},
    "engines.context": {"engines.columns", "engines.flat", "engines.events", "engines.entry"},
    "engines.days": {"engines.columns"},
    "engines.past": {
        "engines.columns",
        "engines.context",
        "engines.days",
        "engines.events",
        "engines.flat",
    },
    "engines.frame": {
        "engines.columns",
        "engines.flat",
        "engines.entry",
        "engines.context",
        "engines.days",
        "engines.past",
    },
    "engines.checks": {"engines.columns", "engines.entry", "engines.frame"},
    "engines.single": {"engines.entry", "engines.context", "engines.frame"},
    "engines.rates": {"engines.row"},
    "engines.carried": {"engines.quantities"},
    "engines.durable_steps": {"engines.durable_conditions"},
    "engines.durable_writer": {
        "engines.quantities",
        "engines.carried",
        "engines.durable_conditions",
        "engines.durable_steps",
    },
    "engines.durable": {
        "engines.quantities",
        "engines.carried",
        "engines.durable_conditions",
        "engines.durable_steps",
        "engines.durable_writer",
        "engines.durable_session",
    },
    "engines.jdm_conditions": {"engines.carried"},
    "engines.jdm_tables": {"engines.carried", "engines.jdm_conditions"},
    "engines.jdm_checks": {"engines.quantities", "engines.carried"},
    "engines.jdm": {
        "engines.quantities",
        "engines.carried",
        "engines.jdm_conditions",
        "engines.jdm_tables",
        "engines.jdm_checks",
    },
    "engines.rates_frame": {"engines.entry", "engines.events", "engines.context", "engines.frame"},
}

FRAMES = {
    f"engines.{name}"
    for name in (
        "columns",
        "flat",
        "events",
        "entry",
        "context",
        "days",
        "past",
        "frame",
        "checks",
        "single",
        "rates_frame",
    )
}
"""The parts of the frame engine."""

INTAKE = {
    f"intake.{name}"
    for name in ("sources", "attributes", "reading", "deriving", "cleaning", "loading", "joining", "stores")
}
"""The parts of the intake that work on whole columns."""

ONLY_IN = {
    "yaml": {"policy.parse", "policy.mend", "policy.traps"},
    "narwhals": {
        "households",
        *FRAMES,
        "grids",
        "due",
        "report_page",
        "diff.counting",
        "advice.coming_columns",
        "advice.coming_frame",
        "advice.step_columns",
        "advice.advice_frame",
    },
    "polars": {
        *INTAKE,
        "outputs",
        "demo",
        "engines.entry",
        "engines.days",
        "diff.counting",
        "advice.coming_columns",
        "advice.step_columns",
    },
    "pandas": set(),
    "pyarrow": set(),
    "duckdb": set(),
    "pyspark": set(),
    "matplotlib": {"charts"},
    "hypothesis": {"strategies.drawing"},
    "pytest": {"pytest_plugin"},
    "durable_rules_engine": {"engines.durable_session"},
    "durable": set(),
}
"""Libraries and the modules that may import them."""


def runtime_imports(tree: ast.Module) -> list[tuple[str, int]]:
    """Return the modules that are loaded at run time, with the line of the import."""
    found: list[tuple[str, int]] = []
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            stack.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.append((node.module, node.lineno))
        stack.extend(ast.iter_child_nodes(node))
    return found


def faults() -> list[str]:
    """Return every import that points the wrong way."""
    rank = {name: at for at, name in enumerate(ORDER)}
    said = []
    for path in sorted(ROOT.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module.endswith("__init__"):
            continue
        if module not in rank:
            said.append(f"{path}: module `{module}` has no place in ORDER")
            continue
        for name, line in runtime_imports(ast.parse(path.read_text(encoding="utf-8"))):
            library = name.split(".")[0]
            if library in ONLY_IN and module not in ONLY_IN[library]:
                said.append(f"{path}:{line}: `{library}` may not be imported in `{module}`")
            inner = name.removeprefix("dealerrules.")
            if library != "dealerrules" or inner not in rank:
                continue
            if rank[inner] >= rank[module]:
                said.append(f"{path}:{line}: `{module}` imports `{inner}`, which comes after it")
            allowed = ENGINE_MAY_IMPORT | PARTS.get(module, set())
            if module.startswith("engines.") and inner not in allowed:
                said.append(f"{path}:{line}: the engine `{module}` may not import `{inner}`")
    return said


if __name__ == "__main__":
    wrong = faults()
    print("\n".join(wrong) or "imports point one way")
    sys.exit(1 if wrong else 0)
