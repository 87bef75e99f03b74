"""Run what the documentation shows: Python, policies, cases, edits and commands; compare, or write anew.

    python tools/run_docs.py            # say what differs
    python tools/run_docs.py --write    # put the real output into the files

What a fenced block is, is said behind its language:

- ``python``: runs, but for ``file=PATH``; the blocks of a file share one namespace. ``text output`` behind it is what it prints.
- ``console``: each line ``$ dealerrules …`` (or ``$ pytest …``) runs, and prints what stands below it; ``exit=1`` is the code of the
  last one. A line ``…`` stands for any lines.
- ``yaml``: a policy, which must load; without ``policy:`` it is the inside of one. ``yaml cases``: must pass on the
  shipped policies. ``yaml broken``: must not load. ``yaml fragment``: not read. ``file=PATH`` also writes it there.
- ``needs=MODULE`` on any of them: it and what follows are not run where that module cannot be imported.
- ``diff file=PATH``: an edit of that file. Any other language with ``file=PATH`` writes that file.

The blocks of a file run in order, in an empty directory with the shipped policies in ``policies``.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from dealerrules.book import load, loads
from dealerrules.cli import main
from dealerrules.diagnostics import PolicyError
from dealerrules.testing import load_cases, run_cases

ROOT = Path(__file__).parents[1]
NOT_RUN = {"diagnostics.md", "diagnostics.zh.md"}  # made from the table of codes, with its own test
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_ANY_LINES = "…"
_OF_BUILDS = {"CI", "BUILD_NUMBER"}
_INNER = ("policy:", "parameters:", "facts:", "items:", "advice:", "decisions:", "extend:", "override:")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words behind it, and where its text stands in the file."""

    language: str
    words: dict[str, str]
    body: str
    start: int
    end: int
    line: int

    def is_(self, word: str) -> bool:
        """Tell whether a word stands behind the language."""
        return word in self.words


@dataclass(frozen=True)
class Problem:
    """Something the documentation says that is not so; `real` is the text that belongs there, if it is known."""

    path: Path
    block: Block
    message: str
    real: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.block.line}: {self.message}"


def pages() -> list[Path]:
    """Return the files whose blocks are run."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path for path in found if path.name not in NOT_RUN)


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    found = []
    for match in _FENCE.finditer(text):
        language, *rest = match["info"].split() or [""]
        words = {word.partition("=")[0]: word.partition("=")[2] for word in rest}
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(language, words, match["body"], match.start("body"), match.end("body"), line))
    return found


def run(path: Path) -> list[Problem]:
    """Run the blocks of a page, in order, and return what is not so."""
    problems: list[Problem] = []
    namespace: dict[str, object] = {"__name__": "docs"}
    printed = ""
    with _directory():
        for block in blocks(path.read_text(encoding="utf-8")):
            if block.is_("needs") and not _importable(block.words["needs"]):
                break
            try:
                if block.language == "python" and not block.is_("file"):
                    printed = _python(block, namespace, path)
                    continue
                real = _real(block, printed)
            except Exception as error:  # noqa: BLE001 - whatever a page does, the next one is run
                problems.append(Problem(path, block, f"{type(error).__name__}: {error}"))
                continue
            if real is not None:
                problems.append(
                    Problem(path, block, f"it shows\n{block.body}but the output is\n{real}", real)
                )
    return problems


def _importable(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def write(path: Path, problems: list[Problem]) -> None:
    """Put the real output into a page."""
    text = path.read_text(encoding="utf-8")
    for problem in sorted(problems, key=lambda each: -each.block.start):
        if problem.real is not None:
            text = text[: problem.block.start] + problem.real + text[problem.block.end :]
    path.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _directory() -> object:
    old = Path.cwd()
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(ROOT / "policies", Path(directory, "policies"))
        os.chdir(directory)
        try:
            yield
        finally:
            os.chdir(old)


def _python(block: Block, namespace: dict[str, object], path: Path) -> str:
    out = io.StringIO()
    code = compile("\n" * block.line + block.body, str(path), "exec")
    with contextlib.redirect_stdout(out):
        exec(code, namespace)
    return out.getvalue()


def _real(block: Block, printed: str) -> str | None:
    """Run a block; return what it should show, where it shows something else."""
    if block.language == "console":
        return _console(block)
    if block.language == "text" and block.is_("output"):
        return None if _same(block.body, printed) else printed
    if block.language == "diff":
        _edit(Path(block.words["file"]), block.body)
        return None
    if block.is_("file"):
        file = Path(block.words["file"])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.body, encoding="utf-8")
    if block.language == "yaml":
        _yaml(block)
    return None


def _yaml(block: Block) -> None:
    if block.is_("fragment"):
        return
    if block.is_("cases"):
        Path("shown.cases.yaml").write_text(block.body, encoding="utf-8")
        book = load("policies")
        report = run_cases(book, load_cases([Path("shown.cases.yaml")], book))
        failed = [
            f"{each.case.name}: {each.error or [*map(str, each.differences)]}" for each in report.failures
        ]
        assert not failed, failed
        return
    body = block.body
    if not re.search(r"^policy:", body, re.MULTILINE):
        assert re.search(rf"^({'|'.join(_INNER)})", body, re.MULTILINE), "no policy: mark it `fragment`"
        body = f"policy: example\n{body}"
    try:
        loads(body)
    except PolicyError as error:
        if not block.is_("broken"):
            raise AssertionError(error.text()) from None
    else:
        assert not block.is_("broken"), "it loads, though it is marked `broken`"


def _edit(path: Path, body: str) -> None:
    """Apply an edit: lines ``-`` are replaced by lines ``+``; hunks are parted by ``@@``."""
    text = path.read_text(encoding="utf-8")
    for hunk in re.split(r"^@@.*\n", body, flags=re.MULTILINE):
        lines = hunk.splitlines()
        if not lines:
            continue
        old = "".join(line[1:] + "\n" for line in lines if line[:1] != "+")
        new = "".join(line[1:] + "\n" for line in lines if line[:1] != "-")
        assert text.count(old) == 1, f"this stands {text.count(old)} times in {path}:\n{old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def _console(block: Block) -> str | None:
    parts = re.split(r"^\$ ", block.body, flags=re.MULTILINE)
    assert not parts[0].strip(), "it begins with output"
    shown: list[str] = []
    sound = True
    for number, part in enumerate(parts[1:], 1):
        command, _, expected = part.partition("\n")
        words = shlex.split(command)
        assert words[0] in {"dealerrules", "pytest"}, f"not a command of ours: {command}"
        code, output = _command(words[1:]) if words[0] == "dealerrules" else _pytest(words[1:])
        wanted = int(block.words.get("exit", 0)) if number == len(parts) - 1 else 0
        assert code == wanted, f"`{command}` ends with {code}, not {wanted}:\n{output}"
        same = _same(expected, output)
        sound = sound and same
        shown.append(f"$ {command}\n{expected if same else _elided(expected, output)}")
    return None if sound else "".join(shown)


def _command(arguments: list[str]) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = main(arguments)
        except SystemExit as stop:  # argparse: wrong usage, or --help
            code = stop.code if isinstance(stop.code, int) else 2
    return code, out.getvalue()


def _pytest(arguments: list[str]) -> tuple[int, str]:
    """Run pytest with the library's plugin, as where the library is installed; how long it took is left open."""
    installed = any(each.name == "dealerrules" for each in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "dealerrules.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", *arguments]
    # pytest cuts its last lines to the width of the screen, but not where it finds itself in a build
    kept = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_") and n not in _OF_BUILDS}
    environment = {
        **kept,
        "COLUMNS": "80",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    return done.returncode, re.sub(r"( in )\d+\.\d+s\b", r"\g<1>0.50s", done.stdout + done.stderr)


def _elided(shown: str, real: str) -> str:
    """Return the real output with lines left out where the page leaves them out, as far as they are found again."""
    lines = [line.rstrip() for line in real.splitlines()]
    kept: list[str] = []
    at = 0
    parts = [part.splitlines() for part in re.split(rf"^ *{_ANY_LINES} *\n", shown, flags=re.MULTILINE)]
    for before, after in itertools.pairwise(parts):
        last = _find(lines, before[-1] if before else None, at)
        first = _find(lines, after[0] if after else None, last + 1) if last is not None else None
        if last is None or first is None:
            return real
        kept += [*lines[at : last + 1], _ANY_LINES]
        at = first
    rest = lines[at:] if parts[-1] or len(parts) == 1 else []
    return "".join(f"{line}\n" for line in [*kept, *rest])


def _find(lines: list[str], wanted: str | None, at: int) -> int | None:
    """Return where a line begins like the wanted one; without one, the place itself or the end."""
    if wanted is None:
        return len(lines)
    return next(
        (number for number in range(at, len(lines)) if lines[number][:12] == wanted.rstrip()[:12]), None
    )


def _same(shown: str, real: str) -> bool:
    """Tell whether a page shows the real output; a line ``…`` stands for any lines, blank ends do not count."""
    pattern = "".join(
        r"(?:.*\n)+?" if line.strip() == _ANY_LINES else re.escape(line.rstrip()) + r"[ ]*\n"
        for line in shown.strip("\n").splitlines()
    )
    return re.fullmatch(pattern, real.strip("\n") + "\n" if real.strip("\n") else "") is not None


if __name__ == "__main__":
    wanted = [Path(name).resolve() for name in sys.argv[1:] if name != "--write"] or pages()
    count = 0
    for page in wanted:
        found = run(page)
        if "--write" in sys.argv:
            write(page, found)
            found = run(page)
        for problem in found:
            print(problem)
        count += len(found)
    sys.exit(1 if count else 0)
