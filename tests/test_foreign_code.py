"""Nothing that comes from outside is ever run: no eval or exec of it, no pickle, no import by its name, no network.

The source is walked for the names of what could, with a list of the allowed places; and the main commands are run while
an audit hook of Python refuses everything of the kind.
"""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dealerrules as dr
from dealerrules.engines.compiled import Program
from test_escaping import write_store

SOURCE = Path(dr.__file__).parent
NAMES = {"eval", "exec", "compile", "__import__", "breakpoint", "execfile", "globals"}
"""Builtins that run what they are given, or reach for what has a name."""
MODULES = {
    "pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "copyreg", "jsonpickle", "joblib", "code", "codeop", "runpy",
    "imp", "ctypes", "cffi", "subprocess", "multiprocessing", "pty", "socket", "socketserver", "ssl", "http", "urllib", "ftplib",
    "smtplib", "telnetlib", "xmlrpc", "requests", "httpx", "aiohttp", "asyncio", "webbrowser", "xml", "lxml",
}  # fmt: skip
ATTRIBUTES = {
    "system", "popen", "execv", "execve", "execvp", "spawnl", "spawnv", "load_module", "exec_module", "unsafe_load", "full_load",
    "full_load_all", "load_all", "unsafe_load_all", "read_pickle", "map_elements", "deserialize",
}  # fmt: skip
ALLOWED = {
    (
        "engines/compiled.py",
        "exec",
    ): "runs the source that writer.py writes; see the tests below of what can stand in it",
    ("engines/compiled.py", "compile"): "the same",
    ("cli.py", "import_module"): "a module of `commands` from a tuple in the source",
    ("__init__.py", "import_module"): "a module named in a table in the source",
    ("__init__.py", "globals"): "keeps a public name that was loaded, under that name",
    ("testing.py", "globals"): "the same",
    ("intake/sources.py", "map_elements"): "calls a function of ours on numbers",
}
"""The only places, and why they are safe."""


def found_in(path: Path) -> set[tuple[str, str]]:
    """Return what a module calls, imports or reaches for that could run what comes from outside."""
    name = path.relative_to(SOURCE).as_posix()
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=word) if word in NAMES or word == "import_module":
                found.add(word)
            case ast.Attribute(attr=word) if word in ATTRIBUTES or word == "import_module":
                found.add(word)
            case ast.Attribute(value=ast.Name(id="builtins")):
                found.add("builtins")
            case ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "safe_load" | "Loader" as word):
                found.add(f"yaml.{word}")
            case ast.Import(names=names):
                found |= {each.name.partition(".")[0] for each in names} & MODULES
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in MODULES:
                found.add(module.partition(".")[0])
    return {(name, each) for each in found}


def test_only_the_allowed_places_could_run_anything() -> None:
    found = {each for path in SOURCE.rglob("*.py") for each in found_in(path)}
    assert found == set(ALLOWED)


def test_the_walk_sees_what_it_looks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    path = tmp_path / "x.py"
    path.write_text(
        "import pickle, os\nfrom urllib.request import urlopen\nimport yaml\nyaml.load('')\neval('1')\nos.system('x')\n"
        "import builtins\nbuiltins.exec('1')\n"
    )
    assert {word for _, word in found_in(path)} == {
        "pickle",
        "urllib",
        "yaml.load",
        "eval",
        "system",
        "builtins",
    }


# --- what stands in the source that is run ------------------------------------------------------------

HOSTILE = (
    "'+__import__('os').abort()+'",
    '"""\n__import__("os").abort()\n"""',
    "\\",
    "\\'",
    "x\r__import__('os').abort()",
    "x\u2028__import__('os').abort()",
    "x\x0c__import__('os').abort()",
    "#\n__import__('os').abort()",
    "{__import__('os').abort()}",
    "%(x)s",
    "\x00",
)
NAMES_OF_FACTS = (
    *("class", "None", "lambda", "record", "evaluate", "given", "__import__", "__builtins__", "frozenset"),
    *(
        "months_before",
        "Fraction",
        "visit",
        "value",
        "_",
        "É",
        "ｃｌａｓｓ",
        "ſ",
        "a'b",
        'a"b',
        "a\\b",
        "a#b",
        "a;b",
        "a(b)",
        "a=b",
    ),
)
REFUSED = ("as_of", "1", "a\rb", "a\u2028b", "a\x0cb", "a\nb", "a\tb", "a b")


def policy_with(fact: str, text: str) -> dict[str, Any]:
    """Return a policy in which a name and a text stand wherever such can stand."""
    return {
        "policy": "p",
        "title": text,
        "facts": {
            fact: {"field": "customer.attributes.a", "type": "text", "title": text},
            f"{fact}-2": {"count": "visits", "where": {"brought_by": [text, "x"]}},
            f"{fact}-3": {"lookup": {"by": fact, "values": {text: 1}}},
        },
        "decisions": {
            f"{fact}-d": {
                "kind": "tier",
                "title": text,
                "levels": {f"{fact}-l": {"title": text}, "rest": {}},
                "angles": {f"{fact}-a": {f"{fact}-l": [
                    {"id": f"{fact}-r", "title": text, "when": {fact: text, f"{fact}-2": {"at_least": 1}}},
                    {"id": f"{fact}-s", "when": {fact: [text, "y"], "region": text, f"{fact}-3": 1}},
                ]}},
            }
        },
    }  # fmt: skip


@pytest.mark.parametrize("fact", REFUSED)
def test_names_that_are_refused(fact: str) -> None:
    with pytest.raises(dr.PolicyError, match=r"^policy\.yaml:1:45: error DR(206|309): "):
        dr.loads(json.dumps(policy_with(fact, "plain")))


@pytest.mark.parametrize("mode", ["record", "facts"])
@pytest.mark.parametrize("fact", NAMES_OF_FACTS)
def test_no_name_gets_into_the_source_as_code(fact: str, mode: str) -> None:
    book = dr.loads(json.dumps(policy_with(fact, "plain")))
    program = Program(book.editions[0], "customer", tuple(book.decisions))
    same = dr.loads(json.dumps(policy_with("harmless", "plain")))
    usual = Program(same.editions[0], "customer", tuple(same.decisions))
    assert shape(program.source(mode)) == shape(usual.source(mode))
    answers(book, fact, "plain")


@pytest.mark.parametrize("mode", ["record", "facts"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_gets_into_the_source_as_code(text: str, mode: str) -> None:
    book = dr.loads(json.dumps(policy_with("harmless", text)))
    program = Program(book.editions[0], "customer", tuple(book.decisions))
    same = dr.loads(json.dumps(policy_with("harmless", "plain")))
    usual = Program(same.editions[0], "customer", tuple(same.decisions))
    assert shape(program.source(mode)) == shape(usual.source(mode))
    answers(book, "harmless", text)


def shape(source: str) -> list[str]:
    """Return what a program consists of, without what its own names and texts are."""
    tree = ast.parse(source)
    reached = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & set(dir(builtins)))
    return [*(type(node).__name__ for node in ast.walk(tree)), *reached]


def answers(book: dr.PolicyBook, fact: str, text: str) -> None:
    """Hold that the program runs and means what it says."""
    record = {
        "customer_id": "C1",
        "region": text,
        "attributes": {"a": text},
        "visits": [{"visited_on": "2014-09-01", "brought_by": text}],
    }
    (outcome,) = book.evaluate(record, as_of="2014-09-30").values()
    assert outcome.matched == (f"{fact}-a.{fact}-r", f"{fact}-a.{fact}-s")
    (outcome,) = book.evaluate_facts(
        "customer", {fact: text, f"{fact}-2": 1, "region": text}, as_of="2014-09-30"
    ).values()
    assert outcome.matched == (f"{fact}-a.{fact}-r", f"{fact}-a.{fact}-s")
    (outcome,) = book.evaluate({"customer_id": "C1"}, as_of="2014-09-30").values()
    assert outcome.matched == ()


def test_the_names_that_are_tried_are_worth_trying() -> None:
    assert sum(map(keyword.iskeyword, NAMES_OF_FACTS)) >= 3


# --- under a hook -------------------------------------------------------------------------------------

WATCHED = """
import os, sys
armed = False
DENIED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.", "pickle.find_class",
    "marshal.load", "code.__new__", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.",
)

def hook(event, arguments):
    if not armed:
        return
    if event.startswith(DENIED):
        importing = event == "marshal.loads" and sys._getframe(1).f_globals.get("__name__", "").startswith(("_frozen_importlib", "importlib."))
        if not importing:  # compiled modules of Python itself
            refuse(event, arguments)
    if event in {"compile", "exec"}:
        ours = sys._getframe(1).f_globals.get("__name__", "").partition(".")[0] == "dealerrules"
        if event == "compile":
            source, name = arguments
            name = name.decode() if isinstance(name, bytes) else str(name)
            foreign = source is not None and "alert(1)" in (source.decode("utf-8", "replace") if isinstance(source, bytes) else str(source))
        else:
            name, foreign = arguments[0].co_filename, False
        if (ours or foreign) and not name.startswith("<dealerrules "):
            refuse(event, arguments)

def refuse(event, arguments):
    print(f"DENIED {event} {arguments!r:.300}", flush=True)
    os._exit(9)

sys.addaudithook(hook)
from dealerrules.cli import main
import polars, fastexcel, matplotlib.font_manager, matplotlib.figure, matplotlib.backends.backend_svg
os.chdir(sys.argv[1])
armed = True
POLICIES = ["--policies", "old"]
RECORDS = ["store.jsonl", *POLICIES, "--as-of", "2014-09-30"]
for arguments in (
    ["check", "old"], ["check", "bad"], ["test", "old"], ["facts", "old"], ["handbook", "old", "--out", "h.html"],
    ["evaluate", *RECORDS, "--out", "a.jsonl"], ["evaluate", *RECORDS, "--out", "a.csv"], ["evaluate", *RECORDS, "--out", "a.parquet"],
    ["evaluate", "faulty.jsonl", *RECORDS[1:], "--out", "f.csv", "--on-error", "skip"], ["report", *RECORDS, "--out", "r.html"],
    ["diff", "old", "new", "--records", "store.jsonl", "--as-of", "2014-09-30"], ["explain", RECORDS[0], "C1", *RECORDS[1:]],
    ["replay", "a.jsonl", "--policies", "new", "--records", "store.jsonl"], ["evaluate", "tables", *RECORDS[1:], "--out", "t.csv"],
):
    print(arguments[0], main(arguments), flush=True)
compile("1", "x", "eval")
print(eval("1"))
exec("import dealerrules.cli as m; exec('exec(chr(49))', vars(m))")
"""


def test_the_commands_run_nothing_from_outside(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("fastexcel")
    write_store(tmp_path, hostile=True)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "customers.csv").write_text(
        'customer_id,region\nC1,"=alert(1)"\n', encoding="utf-8"
    )
    script = tmp_path / "watched.py"
    script.write_text(WATCHED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    said = [line for line in done.stdout.splitlines() if re.fullmatch(r"[a-z]+ \d|DENIED .*", line)]
    assert said == [
        "check 0", "check 1", "test 0", "facts 0", "handbook 0", "evaluate 0", "evaluate 0", "evaluate 0", "evaluate 1",
        "report 0", "diff 0", "explain 1", "replay 1", "evaluate 0", "DENIED compile (b'1', '<string>')",
    ], done.stderr[-2000:]  # fmt: skip
