"""The pytest plugin: every case of a `*.cases.yaml` is a test, and says as `dealerrules test` does why it fails.

Place in the flow: at the end, beside ``cli``. pytest loads this module in every project in whose environment the
library is installed, so it imports nothing of the library until there is a case file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from dealerrules.book import PolicyBook
    from dealerrules.cases.running import CaseResult, PolicyCase
    from dealerrules.diagnostics import PolicyError

SUFFIX: Final = ".cases.yaml"
_BOOKS: Final = pytest.StashKey[dict[tuple[str, ...], "PolicyBook | PolicyError"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the keys of the ini file."""
    group = parser.getgroup("dealerrules", "policy cases (*.cases.yaml)")
    group.addoption(
        "--dealerrules-policies",
        action="append",
        metavar="DIR",
        help="policies that the cases are about; given once or more (default: those beside each case file)",
    )
    group.addoption(
        "--dealerrules-lang",
        choices=["zh", "en"],
        help="language in which cases and mistakes are told (default: en)",
    )
    parser.addini(
        "dealerrules_policies",
        "policies that the cases are about, relative to this file (default: those beside each case file)",
        type="paths",
        default=[],
    )
    parser.addini("dealerrules_lang", "language in which cases and mistakes are told: zh or en", default="en")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a language that there is not."""
    if (lang := config.getini("dealerrules_lang")) not in {"zh", "en"}:
        message = f"dealerrules_lang is zh or en, not {lang}"
        raise pytest.UsageError(message)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CaseFile | None:
    """Take case files, and nothing else."""
    if file_path.name.endswith(SUFFIX):
        found: CaseFile = CaseFile.from_parent(parent, path=file_path)
        return found
    return None


class CaseFile(pytest.File):
    """A file of cases."""

    def collect(self) -> Iterator[CaseItem]:
        """Yield the cases; a mistake in the file or in the policies is an error of the file."""
        from dealerrules.cases.running import load_cases  # noqa: PLC0415 - there is a case file now
        from dealerrules.diagnostics import PolicyError  # noqa: PLC0415

        try:
            book = self._book()
            cases = load_cases([_near(self.path)], book)
        except PolicyError as error:
            raise self.CollectError(error.text(_lang(self.config))) from None
        taken: dict[str, int] = {}
        for case in cases:
            name = " ".join(case.name.replace("::", ":").split())
            taken[name] = number = taken.get(name, 0) + 1
            unique = name if number == 1 else f"{name} ({number})"
            yield CaseItem.from_parent(self, name=unique, case=case, book=book)

    def _book(self) -> PolicyBook:
        """Return the policies, which are loaded once for all files that are about them."""
        from dealerrules.book import load  # noqa: PLC0415 - as above
        from dealerrules.diagnostics import PolicyError  # noqa: PLC0415

        paths = [_near(path) for path in _policies(self.config) or [self.path.parent]]
        missing = [path for path in paths if not path.exists()]
        if missing:
            zh = _lang(self.config) == "zh"
            said = "、".join(map(str, missing)) if zh else ", ".join(map(str, missing))
            raise self.CollectError(
                f"没有这个政策文件或目录：{said}" if zh else f"there are no such policies: {said}"
            )
        books = self.config.stash.setdefault(_BOOKS, {})
        key = tuple(map(str, paths))
        if key not in books:
            try:
                books[key] = load(paths)
            except PolicyError as error:
                books[key] = error
        found = books[key]
        if isinstance(found, PolicyError):
            raise found
        return found


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: PolicyCase, book: PolicyBook, **rest: Any) -> None:
        super().__init__(**rest)
        self.case, self.book = case, book

    def runtest(self) -> None:
        """Run the case."""
        from dealerrules.cases.running import run_case  # noqa: PLC0415 - as above

        result = run_case(self.book, self.case)
        if not result.passed:
            raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Say what came out otherwise, and why, as `dealerrules test` does."""
        if isinstance(excinfo.value, CaseFailed):
            return excinfo.value.result.text(_lang(self.config))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Return where the case stands."""
        return self.path, int(self.case.place.rpartition(":")[2]) - 1, self.name


class CaseFailed(Exception):  # noqa: N818 - pytest calls it a failure
    """A case came out otherwise."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(result.case.name)
        self.result = result


def _policies(config: pytest.Config) -> list[Path]:
    """Return the policies that are named: on the command line, else in the ini file."""
    named = config.getoption("dealerrules_policies")
    if named:
        return [config.invocation_params.dir / name for name in named]
    found: list[Path] = config.getini("dealerrules_policies")
    return found


def _lang(config: pytest.Config) -> Literal["zh", "en"]:
    return (
        "zh" if (config.getoption("dealerrules_lang") or config.getini("dealerrules_lang")) == "zh" else "en"
    )


def _near(path: Path) -> Path:
    """Return a path as short as it can be said from here, as messages show it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
