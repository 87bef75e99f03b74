"""Mutants of what runs at import: each in a fork of a process that has not imported the library yet.

The changed text is compiled in place of the module's own when the library is imported; then the tests are collected and
run anew. This costs a second or more for each, so it is done only where :mod:`library_mutants.running` cannot tell.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
from typing import TYPE_CHECKING, Any

from library_mutants import running

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAVY = [
    "pytest", "hypothesis", "polars", "pandas", "pyarrow", "duckdb", "narwhals", "pydantic", "yaml", "openpyxl",
    "dateutil.relativedelta", "hypothesis.strategies", "narwhals.stable.v2", "importlib.metadata",
    # what narwhals imports with the first query
    "narwhals._polars.dataframe", "narwhals._polars.group_by", "narwhals._duckdb.dataframe", "narwhals._duckdb.group_by",
    "narwhals._interchange.dataframe", "narwhals._namespace", "narwhals.group_by",
]  # fmt: skip


def imported_once() -> None:
    """Import what is not under test, so that the forks need not."""
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except ImportError:
            continue


def outcome_of(source: str, path: str, files: Sequence[str], names: Sequence[str]) -> bytes:
    """In a fork: import the library with the changed source, run tests; return what became of the mutant."""
    try:
        changed = compile(source, path, "exec", dont_inherit=True)
    except SyntaxError:
        return b"invalid"
    if "dealerrules" in sys.modules and not running.changed_functions(
        source, path, running.functions_of(path)
    ):
        return b"unchanged"
    own = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        return changed if os.path.realpath(self.path) == path else own(self, fullname)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    answer = b"killed at import"

    def use(tests: running.Tests) -> None:
        nonlocal answer
        failing = running.first_to_fail(tests, [name for name in names if name in tests.items])
        missing = set(names) - tests.items.keys()
        answer = (
            b"survived" if not failing and not missing else b"killed " + (failing or "collecting").encode()
        )

    try:
        running.in_session(files, use)
    except BaseException:  # noqa: BLE001 - whatever an import raises, the mutant did it
        return b"killed at import"
    return answer
