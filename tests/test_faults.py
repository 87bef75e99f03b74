"""Faults: a disk that refuses, a kill at any instant, an interrupt at any line; afterwards all is old or all is new.

``FAULT_POINTS=all`` tries every call of every writer in every way, and more lines to be interrupted at; by itself, some.
"""

from __future__ import annotations

import ast
import errno
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules.cli import main
from dealerrules.disk import OutputError, number_of, told, why_of
from dealerrules.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "dealerrules"
DAY = "2014-09-30"
POINTS = os.environ.get("FAULT_POINTS", "2")
LONG = POINTS == "all"

POLICY = """\
policy: care
title: {zh: 客户关怀, en: Customer care}
source: {document: 客户关怀办法, clause: "3"}
decisions:
  care:
    kind: stage
    subject: customer
    measure: months_since_last_visit
    stages:
      active: {from: 0 months, title: {zh: 活跃, en: Active}}
      quiet: {from: 6 months, title: {zh: 沉默, en: Quiet}}
    when_absent: never_visited
    best: first
"""


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two versions of a policy, a small store in several forms, and answers of the past."""
    from dealerrules import demo

    base = tmp_path_factory.mktemp("faults")
    for name, text in (("policies", POLICY), ("edited", POLICY.replace("from: 6", "from: 5"))):
        (base / name).mkdir()
        (base / name / "care.yaml").write_text(text, encoding="utf-8")
    day = date.fromisoformat(DAY)
    demo.write_tables(base / "tables", count=6, as_of=day)
    demo.write_jsonl(base / "s.jsonl", count=6, as_of=day)
    shutil.copytree(base / "tables", base / "bad")
    with (base / "bad/customers.csv").open("a", encoding="utf-8") as file:
        file.write("C000001\n")
    given = {
        name: str(base / at)
        for name, at in {
            "policies": "policies", "edited": "edited", "tables": "tables", "bad": "bad", "lines": "s.jsonl",
            "answers": "answers.jsonl", "out": "out", "notes": "notes", "names": "names",
        }.items()
    }  # fmt: skip
    asked = ["evaluate", given["lines"], "--policies", given["policies"], "--as-of", DAY]
    assert main([*asked, "--out", given["answers"]]) == 0
    return given


def evaluate(laid: Mapping[str, str], out: object, *more: str) -> int:
    asked = ["evaluate", laid["lines"], "--policies", laid["policies"], "--as-of", DAY]
    return main([*asked, "--out", str(out), *more])


# ---------------------------------------------------------------------------------------------------
# Every writer, at every call

ONE_FILE = [
    "evaluate, JSON lines", "evaluate, CSV", "evaluate, table", "evaluate, Parquet", "report", "advise, csv", "advise, html", "handbook, html",
    "handbook, md", "diff, html", "diff, json", "diff, md", "diff, txt", "diff, csv", "replay", "schema",
    "test --generate", "demo store, JSON lines",
]  # fmt: skip
SEVERAL = ["evaluate, with rejected rows", "init", "demo tables, csv", "demo tables, parquet"]


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The library that refuses, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("a C compiler on Linux is needed to make calls of the system fail")
    made = tmp_path_factory.mktemp("refuse") / "refuse.so"
    source = ROOT / "tests/faults/refuse.c"
    done = subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", str(made), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"refuse.c does not compile here: {done.stderr[:200]}")
    return str(made)


@pytest.fixture(scope="module")
def trials(refusing: str, laid: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What the trials of each writer came to."""
    points: object = POINTS if LONG else int(POINTS)
    job = Path(laid["out"]).with_name("job.json")
    job.write_text(json.dumps({**laid, "writers": [], "points": points}), encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
        "LD_PRELOAD": refusing,
        "POLARS_MAX_THREADS": "2",
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/faults/strikes.py"), str(job)],
        capture_output=True, text=True, encoding="utf-8", env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if LONG:
        for each in found:
            sys.stdout.write(f"{each['writer']}: {len(each['calls'])} calls, {each['trials']} trials\n")
        count = sum(each["trials"] for each in found)
        sys.stdout.write(f"{count:,} trials of {len(found)} writers\n")
    return {each["writer"]: each for each in found}


def test_every_writer_is_tried(trials: dict[str, dict[str, Any]]) -> None:
    assert sorted(trials) == sorted([*ONE_FILE, *SEVERAL])
    assert all(each["trials"] >= 1 for each in trials.values())


@pytest.mark.parametrize("writer", [*ONE_FILE, *SEVERAL])
def test_the_old_file_or_the_new_one(writer: str, trials: dict[str, dict[str, Any]]) -> None:
    """Whatever fails wherever: no half file, nothing left but what a kill leaves, and a message that says so."""
    found = trials[writer]
    assert found["wrong"] == []
    assert set(found["left"]) <= (
        {"NAME.part", ".parts"} if writer == "demo tables, parquet" else {"NAME.part"}
    )


@pytest.mark.parametrize("writer", ONE_FILE)
def test_a_file_is_on_the_disk_before_it_takes_its_place(
    writer: str, trials: dict[str, dict[str, Any]]
) -> None:
    """Written, synced, one `rename`, and the directory synced: nothing else touches the file itself."""
    calls = trials[writer]["calls"]
    marks = [name for name in calls if name in {"write", "fsync", "rename"}]
    assert marks == ["write"] * calls.count("write") + ["fsync", "rename", "fsync"]
    assert calls.count("write") >= 1


@cache
def sources() -> dict[str, list[ast.AST]]:
    """Return all nodes of each module."""
    return {
        file.relative_to(SRC).as_posix(): list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        for file in sorted(SRC.rglob("*.py"))
    }


def test_only_known_rooms_write() -> None:
    """A new writer goes through `replacing`, and is to be added to strikes.py."""
    found: dict[str, set[str]] = {}
    for file, nodes in sources().items():
        for node in nodes:
            if isinstance(node, ast.Call) and (name := _writes(node)):
                found.setdefault(file, set()).add(name)
    scratch = {"intake/loading.py", "intake/scratch.py", "intake/sources.py", "intake/stores.py"}
    commands = ("advise", "cases", "diff", "evaluate", "handbook", "init", "replay", "report")
    through = {"outputs.py", "demo.py", "commands/schema.py", *(f"commands/{name}.py" for name in commands)}
    others = {name: calls for name, calls in found.items() if name not in scratch | through}
    assert others == {"cli.py": {"open"}, "commands/demo.py": {"mkdir"}}  # the null device, and --keep DIR
    assert all("replacing(" in (SRC / name).read_text(encoding="utf-8") for name in through)


def _writes(node: ast.Call) -> str | None:
    """Return the name of a call that may change files."""
    name = str(getattr(node.func, "attr", getattr(node.func, "id", "")))
    if name == "open":
        modes = {mode for each in node.args if isinstance(each, ast.Constant) for mode in str(each.value)}
        of_os = getattr(getattr(node.func, "value", None), "id", "") == "os"
        return name if of_os or modes & set("wax+") else None
    if name == "replace":  # of a path; texts have two arguments, dataclasses named ones
        return name if len(node.args) == 1 and not node.keywords else None
    writing = {
        "write_text",
        "write_bytes",
        "sink_parquet",
        "write_parquet",
        "copyfile",
        "copyfileobj",
        "mkdir",
    }
    return name if name in writing or name.startswith(("sink_", "to_csv", "to_parquet")) else None


# ---------------------------------------------------------------------------------------------------
# A run that is killed at any time


@pytest.mark.skipif(
    not LONG, reason="with FAULT_POINTS=all: the kills at each call are many times more exact"
)
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_killed_at_any_time(form: str, laid: dict[str, str], tmp_path: Path) -> None:
    """The real command, killed from outside at times drawn by chance over the whole of its run."""
    target = tmp_path / f"a.{form}"
    command = [
        sys.executable,
        "-m",
        "dealerrules",
        "evaluate",
        laid["tables"],
        "--policies",
        laid["policies"],
    ]
    command += ["--as-of", DAY, "--out", str(target)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    begun = time.monotonic()
    subprocess.run(command, env=environment, check=True)
    lasts = time.monotonic() - begun
    new = target.read_bytes() if form != "parquet" else None
    dice, came_to = random.Random(2014), {"old": 0, "new": 0}
    for _ in range(60):
        target.write_bytes(b"old\n")
        running = subprocess.Popen(command, env=environment)
        try:
            running.wait(dice.uniform(0, 1.2 * lasts))
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
        there = target.read_bytes()
        if there == b"old\n":
            came_to["old"] += 1
        else:
            came_to["new"] += 1
            if new is None:
                import polars as pl

                assert pl.read_parquet(target).height == 6
            else:
                assert there == new
        assert {path.name for path in tmp_path.iterdir()} <= {target.name, f"{target.name}.part"}
    sys.stdout.write(f"{form}: {came_to}\n")


# ---------------------------------------------------------------------------------------------------
# What a path may be

FULL = "was not written, and what was there stays"
ZH = "，原有的内容不变"


def test_a_directory_is_no_file(
    laid: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(laid, tmp_path) == 2
    assert capsys.readouterr().err == f"dealerrules: `{tmp_path}` is a directory; name a file\n"
    assert evaluate(laid, tmp_path, "--lang", "zh") == 2
    assert capsys.readouterr().err == f"dealerrules: `{tmp_path}` 是目录；请写文件名\n"
    assert evaluate(laid, "") == 2
    assert capsys.readouterr().err == "dealerrules: `.` is a directory; name a file\n"
    with pytest.raises(OutputError) as error, replacing(tmp_path):
        pass
    assert error.value.text() == f"{tmp_path} {FULL}: it is a directory; name a file"
    assert error.value.errno == errno.EISDIR
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "LINES", "--policies", "POLICIES", "--as-of", DAY, "--out", "NONE"],
        ["evaluate", "LINES", "--policies", "POLICIES", "--as-of", DAY, "--rejected", "NONE"],
        ["report", "TABLES", "--policies", "POLICIES", "--as-of", DAY, "--out", "NONE"],
        ["advise", "TABLES", "--policies", "POLICIES", "--as-of", DAY, "--decision", "care", "--out", "NONE"],
        ["handbook", "POLICIES", "--out", "NONE"],
        ["diff", "POLICIES", "EDITED", "--out", "NONE"],
        ["replay", "ANSWERS", "--records", "LINES", "--policies", "POLICIES", "--out", "NONE"],
        ["schema", "--out", "NONE"],
        ["test", "POLICIES", "--generate", "--out", "NONE"],
    ],
    ids=lambda given: f"{given[0]} {given[-2]}",
)
def test_no_directory_is_told_before_any_work(
    arguments: list[str], laid: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = tmp_path / "none" / "h.html"
    given = [str(where) if each == "NONE" else laid.get(each.lower(), each) for each in arguments]
    assert main(given) == 2
    assert capsys.readouterr().err == f"dealerrules: there is no directory `{where.parent}`\n"
    assert main([*given, "--lang", "zh"]) == 2
    assert capsys.readouterr().err == f"dealerrules: 没有目录 `{where.parent}`\n"


def test_what_is_read_is_not_written_over(
    laid: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, answers, link = (tmp_path / name for name in ("s.jsonl", "a.jsonl", "link.jsonl"))
    shutil.copy(laid["lines"], lines)
    shutil.copy(laid["answers"], answers)
    link.symlink_to(lines)
    evaluating = ["evaluate", str(lines), "--policies", laid["policies"], "--as-of", DAY]
    replaying = ["replay", str(answers), "--records", str(lines), "--policies", laid["policies"]]
    for given, out in [(evaluating, lines), (evaluating, link), (replaying, answers), (replaying, lines)]:
        assert main([*given, "--out", str(out)]) == 2
        assert capsys.readouterr().err == f"dealerrules: `{out}` is read as well; write to another file\n"
        assert main([*given, "--out", str(out), "--lang", "zh"]) == 2
        assert capsys.readouterr().err == f"dealerrules: `{out}` 也是要读取的文件；请写到另一个文件\n"
    assert lines.read_bytes() == Path(laid["lines"]).read_bytes()
    assert answers.read_bytes() == Path(laid["answers"]).read_bytes()
    one = str(tmp_path / "x.csv")
    assert main([*evaluating, "--out", one, "--rejected", one]) == 2
    assert capsys.readouterr().err == "dealerrules: --out and --rejected name the same file\n"
    assert main([*evaluating, "--out", one, "--rejected", one, "--lang", "zh"]) == 2
    assert capsys.readouterr().err == "dealerrules: --out 和 --rejected 是同一个文件\n"


def test_links_stay_and_lead_to_the_new_file(laid: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, near, far = tmp_path / "real/a.csv", tmp_path / "real/near.csv", tmp_path / "far.csv"
    near.symlink_to("a.csv")
    far.symlink_to(near)
    assert evaluate(laid, far) == 0  # there is no file yet where it leads
    first = real.read_bytes()
    assert first.startswith(b"subject,id,decision")
    real.write_bytes(b"old")
    assert evaluate(laid, far) == 0
    assert (far.readlink(), near.readlink(), real.read_bytes()) == (near, Path("a.csv"), first)
    assert sorted(path.name for path in (tmp_path / "real").iterdir()) == ["a.csv", "near.csv"]


def test_links_in_a_circle(laid: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.symlink_to(other)
    other.symlink_to(one)
    assert evaluate(laid, one) == 1
    assert capsys.readouterr().err == f"dealerrules: {one} {FULL}: its symbolic links lead in a circle\n"
    assert evaluate(laid, one, "--lang", "zh") == 1
    assert capsys.readouterr().err == f"dealerrules: 没有写出 {one}{ZH}：符号链接成环\n"


def command(laid: Mapping[str, str], out: str, *more: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run `evaluate` as a process."""
    asked = ["evaluate", laid["lines"], "--policies", laid["policies"], "--as-of", DAY, "--format", "csv"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    given = [sys.executable, "-m", "dealerrules", *asked, *(("--out", out) if out else ()), *more]
    how = {"stdout": subprocess.PIPE, **how}
    return subprocess.run(
        given, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment, check=False, **how
    )


def test_what_is_no_file_is_written_to(laid: dict[str, str], tmp_path: Path) -> None:
    """A pipe, the screen and a device are not replaced, nor is anything made beside them."""
    assert evaluate(laid, tmp_path / "a.csv") == 0
    expected = (tmp_path / "a.csv").read_text(encoding="utf-8")
    fifo, got = tmp_path / "pipe.csv", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: got.append(fifo.read_text(encoding="utf-8")))
    reader.start()
    assert evaluate(laid, fifo) == 0
    reader.join()
    assert got == [expected]
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    before = sorted(path.name for path in Path("/dev").iterdir())
    assert evaluate(laid, "/dev/null", "--format", "csv") == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    for way in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1") if LONG else ("/dev/stdout",):
        done = command(laid, way)
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
    with (tmp_path / "redirected").open("w+", encoding="utf-8") as file:
        assert command(laid, "/dev/stdout", stdout=file).returncode == 0
        assert file.read() == expected
    assert sorted(path.name for path in Path("/dev").iterdir()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "pipe.csv", "redirected"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_device(laid: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(laid, "/dev/full", "--format", "csv") == 1
    assert capsys.readouterr().err == (
        "dealerrules: /dev/full is no file that can be replaced, and was written in part at most: "
        "the disk is full; make room and run it again\n"
    )
    assert evaluate(laid, "/dev/full", "--format", "csv", "--lang", "zh") == 1
    assert capsys.readouterr().err == (
        "dealerrules: /dev/full 不是可以整体替换的文件，最多写出了一部分：磁盘已满；请腾出空间后再运行\n"
    )
    asked = ["evaluate", laid["tables"], "--policies", laid["policies"], "--as-of", DAY]
    assert main([*asked, "--out", "/dev/full", "--format", "parquet"]) == 1
    assert "the disk is full; make room and run it again\n" in capsys.readouterr().err
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    ("lang", "says"),
    [("en", "files: No space left on device"), ("zh", "文件：磁盘已满；请腾出空间后再运行")],
)
def test_a_full_disk_behind_the_screen(lang: str, says: str, laid: dict[str, str]) -> None:
    """What is printed may be redirected to a disk that is full; that is told, and the exit code says so."""
    with Path("/dev/full").open("w") as full:
        done = command(laid, "", "--lang", lang, stdout=full)
    assert (done.returncode, done.stderr) == (1, f"dealerrules: {says}\n")


def test_a_pipe_nobody_reads_from(laid: dict[str, str]) -> None:
    out, into = os.pipe()
    os.close(out)
    with os.fdopen(into, "w") as pipe:
        done = command(laid, "/dev/stdout", stdout=pipe)
        assert (done.returncode, done.stderr) == (1, "")
        done = command(laid, "", stdout=pipe)
        assert (done.returncode, done.stderr) == (1, "")


def test_something_in_the_way_of_the_temporary_file(
    laid: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, part, other = (tmp_path / name for name in ("a.csv", "a.csv.part", "other"))
    target.write_text("old")
    other.write_text("of somebody")

    def link() -> None:
        part.symlink_to(other)

    for make in (part.mkdir, link, lambda: os.mkfifo(part)):
        make()
        assert evaluate(laid, target) == 1
        assert capsys.readouterr().err == (
            f"dealerrules: {target} {FULL}: `{part}` is in the way, and is no file that an earlier run left; "
            "move it away\n"
        )
        assert evaluate(laid, target, "--lang", "zh") == 1
        assert capsys.readouterr().err == (
            f"dealerrules: 没有写出 {target}{ZH}：`{part}` 占用了临时文件的位置，又不是以前的运行留下的文件；请把它移走\n"
        )
        assert (target.read_text(), other.read_text()) == ("old", "of somebody")
        part.rmdir() if part.is_dir() else part.unlink()


def test_a_name_that_is_too_long(
    laid: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / ("x" * 251 + ".csv")
    assert evaluate(laid, target) == 1
    assert (
        capsys.readouterr().err == f"dealerrules: {target} {FULL}: the name is too long; use a shorter one\n"
    )
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------------------------
# Disks that are really full

LIMITED = """
import resource, sys
from dealerrules.cli import main
import polars
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(main(sys.argv[2:]))
"""


def limited(room: int, *arguments: str, temporary: Path) -> tuple[int, str]:
    """Run a command that may write files of so many bytes and no larger; return its exit code and what it said."""
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8",
        "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), *arguments],
        capture_output=True, text=True, encoding="utf-8", env=environment, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_no_room_for_the_file(laid: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("polars")
    target, temporary = tmp_path / "a.csv", tmp_path / "temporary"
    temporary.mkdir()
    target.write_text("old")
    asked = ["evaluate", laid["lines"], "--policies", laid["policies"], "--as-of", DAY, "--out", str(target)]
    said = f"dealerrules: {target} {FULL}: the file is larger than is allowed here; write it elsewhere\n"
    assert limited(64, *asked, temporary=temporary) == (1, said)
    said = f"dealerrules: 没有写出 {target}{ZH}：文件超过了此处允许的大小；请写到别处\n"
    assert limited(64, *asked, "--lang", "zh", temporary=temporary) == (1, said)
    assert (target.read_text(), sorted(tmp_path.iterdir())) == ("old", [target, temporary])


@pytest.mark.parametrize("source", ["tables", "lines"])
def test_no_room_for_what_is_kept_while_tables_are_read(
    source: str, laid: dict[str, str], tmp_path: Path
) -> None:
    """It is told as what it is, and nothing of it stays."""
    pytest.importorskip("polars")
    target, temporary = tmp_path / "a.parquet", tmp_path / "temporary"
    temporary.mkdir()
    target.write_text("old")
    asked = ["evaluate", laid[source], "--policies", laid["policies"], "--as-of", DAY, "--out", str(target)]
    why = "the file is larger than is allowed here; write it elsewhere; TMPDIR names another place"
    said = f"dealerrules: no room for what is kept while tables are read, in {temporary}: {why}\n"
    assert limited(64, *asked, temporary=temporary) == (1, said)
    why = "文件超过了此处允许的大小；请写到别处；可用 TMPDIR 指定别处"
    said = f"dealerrules: 读取表格时的临时数据写不进 {temporary}：{why}\n"
    assert limited(64, *asked, "--lang", "zh", temporary=temporary) == (1, said)
    assert (target.read_text(), sorted(tmp_path.iterdir())) == ("old", [target, temporary])
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(
    not LONG or os.geteuid() != 0, reason="with FAULT_POINTS=all, as root: it mounts a small disk"
)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_small_disk(
    form: str, laid: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    asked = ["evaluate", laid["tables"], "--policies", laid["policies"], "--as-of", DAY]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], check=True)
    try:
        target = disk / f"a.{form}"
        target.write_text("old")
        (disk / "other").write_bytes(b"x" * (2 << 12))  # one page is left, and the new file needs more
        (disk / "more").write_bytes(b"x" * (1 << 12))
        assert main([*asked, "--out", str(target)]) == 1
        said = f"dealerrules: {target} {FULL}: the disk is full; make room and run it again\n"
        assert capsys.readouterr().err == said
        assert (target.read_text(), sorted(path.name for path in disk.iterdir())) == (
            "old",
            [target.name, "more", "other"],
        )
        (disk / "other").unlink()
        (disk / "more").unlink()
        assert main([*asked, "--out", str(target)]) == 0
        assert target.read_bytes() != b"old"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# ---------------------------------------------------------------------------------------------------
# Permissions and owners


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o644, 0o664])
def test_a_replaced_file_keeps_its_permissions(bits: int, tmp_path: Path) -> None:
    """All the while: who could not read the old file cannot read the one that is being written."""
    target = tmp_path / "a.csv"
    target.write_text("old")
    target.chmod(bits)
    with replacing(target) as part:
        part.write_text("new")
        assert part.stat().st_mode & 0o777 == bits
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("new", bits)


@pytest.mark.parametrize(("mask", "bits"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_permissions_that_new_files_have(mask: int, bits: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        with replacing(tmp_path / "a.csv") as part:
            part.write_text("new")
    finally:
        os.umask(before)
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == bits


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    os.chown(target, 12345, 23456)
    with replacing(target) as part:
        part.write_text("new")
    now = target.stat()
    assert (target.read_text(), now.st_uid, now.st_gid) == ("new", 12345, 23456)


AS_NOBODY = """
import os, sys
from dealerrules.cli import main
main([*sys.argv[1:7], "--out", "/dev/null"])  # now, while the interpreter's own files can be read
os.setgid(65534); os.setuid(65534)
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def as_nobody(laid: dict[str, str]) -> Iterator[Any]:
    """Return how to run a command as a user who may do nothing; a directory, and what it reads, that they may see."""
    if os.geteuid() != 0:
        pytest.skip("only root can become nobody")
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        base.chmod(0o755)
        shutil.copytree(laid["policies"], base / "policies")
        shutil.copy(laid["lines"], base / "s.jsonl")
        (base / "out").mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
        asked = ["evaluate", str(base / "s.jsonl"), "--policies", str(base / "policies"), "--as-of", DAY]

        def run(out: Path, *more: str) -> tuple[int, str]:
            given = [sys.executable, "-c", AS_NOBODY, *asked, "--out", str(out), *more]
            done = subprocess.run(
                given, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
            )
            return done.returncode, done.stderr

        yield base / "out", run


def test_a_directory_that_can_only_be_read(as_nobody: Any) -> None:
    folder, run = as_nobody
    target = folder / "a.csv"
    target.write_text("old")
    target.chmod(0o666)  # they may write the file; a temporary one beside it they may not
    said = "a temporary file is needed beside it, and the directory does not permit one; write elsewhere"
    assert run(target) == (1, f"dealerrules: {target} {FULL}: {said}\n")
    said = "需要在旁边建一个临时文件，而目录不允许；请写到别处"
    assert run(target, "--lang", "zh") == (1, f"dealerrules: 没有写出 {target}{ZH}：{said}\n")
    assert target.read_text() == "old"
    assert list(folder.iterdir()) == [target]


def test_a_file_that_is_write_protected(as_nobody: Any) -> None:
    folder, run = as_nobody
    os.chown(folder, 65534, 65534)
    target = folder / "a.csv"
    target.write_text("old")
    os.chown(target, 65534, 65534)
    target.chmod(0o444)
    said = "the file is write-protected; take that away, or write elsewhere"
    assert run(target) == (1, f"dealerrules: {target} {FULL}: {said}\n")
    said = "文件是写保护的；请取消写保护，或写到别处"
    assert run(target, "--lang", "zh") == (1, f"dealerrules: 没有写出 {target}{ZH}：{said}\n")
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("old", 0o444)
    assert list(folder.iterdir()) == [target]
    target.chmod(0o600)
    assert run(target) == (0, "")
    assert (target.stat().st_mode & 0o777, target.stat().st_uid) == (0o600, 65534)


# ---------------------------------------------------------------------------------------------------
# Locks, leftovers, other errors


def test_a_lock_that_is_had_too_late_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening the temporary file and locking it, the other run puts it in place: what is locked is its result."""
    import fcntl

    target = tmp_path / "a.csv"
    taken = fcntl.flock

    def late(handle: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", taken)
        (tmp_path / "a.csv.part").write_text("of the other run")
        (tmp_path / "a.csv.part").replace(target)
        taken(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(dr.RecordError) as error, replacing(target):
        pytest.fail("two runs at once")
    assert error.value.text() == f"{target}: another run is writing this file"
    assert target.read_text() == "of the other run"


def test_a_disk_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(_handle: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with replacing(tmp_path / "a.csv") as part:
        part.write_text("new")
    assert (tmp_path / "a.csv").read_text() == "new"


def test_what_a_killed_run_left_is_written_over(laid: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    assert evaluate(laid, target) == 0
    new = target.read_bytes()
    target.unlink()
    (tmp_path / "a.csv.part").write_bytes(b"half" * 10_000)
    assert evaluate(laid, target) == 0
    assert target.read_bytes() == new
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_of_what_is_read_is_not_taken_for_one_of_writing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error, replacing(tmp_path / "a.csv"):
        (tmp_path / "input.csv").read_text()
    assert error.value.filename == str(tmp_path / "input.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, SystemExit, ValueError])
def test_what_is_no_error_of_the_disk_comes_out_as_it_is(kind: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")

    def fail() -> None:
        with replacing(target) as part:
            part.write_text("half")
            raise kind

    with pytest.raises(kind) as error:
        fail()
    assert type(error.value) is kind
    assert (target.read_text(), list(tmp_path.iterdir())) == ("old", [target])


def test_an_output_error_is_pickled_and_is_an_os_error() -> None:
    import pickle

    error = OutputError("not_written", "a.csv", errno.ENOSPC)
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, OSError)
    assert (again.text(), again.text("zh"), str(again)) == (error.text(), error.text("zh"), error.text())
    assert (again.errno, again.filename, again.strerror) == (errno.ENOSPC, "a.csv", "No space left on device")


def test_numbers_of_the_system_in_words() -> None:
    assert why_of(9999) == ("Unknown error 9999", "Unknown error 9999")
    assert number_of(OSError("no number")) is None
    assert number_of(KeyError("(os error 28)")) is None
    assert told(OSError("no number"), "zh") == "no number"
    assert told(KeyError("x"), "en") is None
    assert told(PermissionError(13, "Permission denied", "x"), "en") == "x: Permission denied"
    assert (
        told(PermissionError(13, "Permission denied", "x"), "zh") == "x：没有权限；请申请权限，或换一个位置"
    )


# ---------------------------------------------------------------------------------------------------
# Interrupts and the end of memory

BOOK = """\
policy: p
parameters:
  often: {type: count, value: 5, title: {zh: 经常, en: Often}}
decisions:
  rank:
    kind: tier
    levels: {gold: {}, plain: {}}
    angles:
      sales: {gold: [{id: three, when: {vehicle_referrals: {at_least: 3}}}]}
      care: {gold: [{id: five, when: {visits_past_year: {at_least: often}, loyalty: high}}]}
  care:
    kind: stage
    measure: months_since_last_visit
    stages: {near: {from: 0 months}, far: {from: 6 months}}
    when_absent: never
  bonus:
    kind: payout
    subject: recall_campaign
    payee: staff
    measure: attainment
    unit: returned
    bands:
      - {from: 0%, pays: 0 yuan}
      - {over: 70%, pays_per_unit: 10 yuan, basis: whole}
      - {over: 100%, pays_per_unit: 15 yuan, basis: excess}
  settled_share:
    kind: rate
    per: month
    of: {count: visits, where: {status: settled}}
    over: {count: visits}
"""
GIVEN = {
    "customer_id": "C1",
    "loyalty": "high",
    "visits": [{"visited_on": f"2014-0{month}-15", "status": "settled"} for month in range(1, 8)],
}
CAMPAIGN_GIVEN = {"campaign_id": "2014-09", "ends_on": DAY, "target": 110, "returned": 111}


def _frames() -> dict[str, Any]:
    import polars as pl

    days = [date(2014, month, 15) for month in range(1, 8)]
    visits = pl.DataFrame({"customer_id": ["C1"] * 7, "visited_on": days, "status": ["settled"] * 7})
    return {"customers": pl.DataFrame({"customer_id": ["C1"], "loyalty": ["high"]}), "visits": visits}


def _replayed(book: dr.PolicyBook) -> Any:
    from dealerrules.records import read_record
    from dealerrules.replay import replay

    answer = book.evaluate(GIVEN, as_of=DAY).to_dict()
    return replay(book, [answer], [("customer", read_record(GIVEN))]).to_dict()


def _diffed(book: dr.PolicyBook) -> Any:
    other = dr.loads(BOOK.replace("value: 5", "value: 4"))
    return dr.compare(book, other).text("en")


ENTRIES = {
    "loads": lambda _: dr.loads(BOOK).fingerprint,
    "fingerprint": lambda book: book.fingerprint,
    "check": lambda _: _checked(BOOK),
    "evaluate": lambda book: book.evaluate(GIVEN, as_of=DAY).to_dict(),
    "evaluate a campaign": lambda book: book.evaluate(
        CAMPAIGN_GIVEN, as_of=DAY, subject="recall_campaign"
    ).to_dict(),
    "evaluate facts": lambda book: book.evaluate_facts(
        "customer", {"visits_past_year": 7, "loyalty": "high"}, as_of=DAY
    ).to_dict(),
    "evaluate many, skip": lambda book: [
        [each.to_dict() for each in part]
        if part and isinstance(part[0], dr.Answer)
        else [str(each) for each in part]
        for part in _parts(
            book.evaluate_many([GIVEN, {"customer_id": ""}, GIVEN], as_of=DAY, on_error="skip")
        )
    ],
    "evaluate a frame": lambda book: book.evaluate_frame(_frames(), as_of=DAY).rows(named=True),
    "rates": lambda book: str(book.rates([GIVEN], period="2014-07")["settled_share"].value),
    "explain": lambda book: book.evaluate(GIVEN, as_of=DAY).explain("zh").text,
    "replay": _replayed,
    "diff": _diffed,
    "handbook": lambda book: book.handbook("en").markdown,
}


def _parts(answers: Any) -> tuple[Any, Any]:
    return answers.answers, answers.errors


def _checked(text: str) -> Any:
    from dealerrules.analysis.lint import check_texts_of

    return [each.message("en") for each in check_texts_of(text, today=date(2014, 9, 30))]


class Planted:
    """Raises an exception at the n-th line that is run in the library."""

    def __init__(self, at: int, kind: type[BaseException] = KeyboardInterrupt) -> None:
        self.at, self.seen, self.error, self.place = at, 0, kind("planted"), ""

    def __enter__(self) -> None:
        sys.settrace(self.call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def call(self, frame: Any, _event: str, _argument: object) -> Any:
        return self.line if frame.f_code.co_filename.startswith(str(SRC)) else None

    def line(self, frame: Any, event: str, _argument: object) -> Any:
        if event == "line":
            self.seen += 1
            if self.seen == self.at:
                self.place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise self.error
        return self.line


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("entry", ENTRIES)
def test_an_interrupt_at_any_line_comes_out_and_spoils_nothing(entry: str) -> None:
    """At lines spread over the whole work, the first use of a book: it comes out itself, and the book is right after it."""
    if "frame" in entry:
        pytest.importorskip("polars")
    import pickle

    run, saved = ENTRIES[entry], pickle.dumps(dr.loads(BOOK))
    expected = run(pickle.loads(saved))
    counting = Planted(0)
    book = pickle.loads(saved)
    with counting:
        assert run(book) == expected
    points = 30 if LONG else 5
    step = max(1, counting.seen // points)
    tried = 0
    for at in range(1, counting.seen + 1, step):
        book = pickle.loads(saved)
        planted = Planted(at, (KeyboardInterrupt, MemoryError)[tried % 2])
        with pytest.raises((KeyboardInterrupt, MemoryError)) as error, planted:
            run(book)
        assert error.value is planted.error, planted.place
        assert run(book) == expected, planted.place
        tried += 1
    assert tried >= min(points, counting.seen)
    if LONG:
        sys.stdout.write(f"{entry}: {counting.seen:,} lines, interrupted at {tried}\n")


def _mapping(error: BaseException) -> Any:
    from collections.abc import Mapping as AnyMapping

    class Rows(AnyMapping):  # type: ignore[type-arg]
        def __getitem__(self, key: str) -> Any:
            return {"customer_id": "C1", "visited_on": DAY}[key]

        def __iter__(self) -> Any:
            return iter(["customer_id", "visited_on"])

        def __len__(self) -> int:
            return 2

        def items(self) -> Any:
            raise error

    return Rows()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, SystemExit])
@pytest.mark.parametrize("where", ["the record", "a visit", "the records"])
def test_what_foreign_mappings_raise_is_no_fault_of_the_data(kind: type[BaseException], where: str) -> None:
    """With on_error="skip" an interrupt must end the work, not skip a record."""
    book = dr.loads(BOOK)
    error = kind("planted")

    def records() -> Iterator[Any]:
        yield GIVEN
        if where == "the records":
            raise error
        yield _mapping(error) if where == "the record" else {"customer_id": "C1", "visits": [_mapping(error)]}

    with pytest.raises(kind, match=r"^planted$"):
        book.evaluate_many(records(), as_of=DAY, on_error="skip")
    many = book.evaluate_many([GIVEN, _mapping(ValueError("no")), GIVEN], as_of=DAY, on_error="skip")
    assert (len(many.answers), len(many.errors)) == (2, 1)


def test_a_value_whose_own_code_fails_is_named_and_an_interrupt_comes_out() -> None:
    """A value that cannot even be shown is a fault of the record, whatever it raises, short of an interrupt."""

    class Broken:
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def __repr__(self) -> str:
            raise self.error

    book = dr.loads(BOOK)
    for error in (ValueError("no"), MemoryError("no")):
        with pytest.raises(
            dr.RecordError, match=r"loyalty: `<Broken instance at 0x.*` is none of: low, medium, high"
        ):
            book.evaluate({"customer_id": "C1", "loyalty": Broken(error)}, as_of=DAY)
    interrupt = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as found:
        book.evaluate({"customer_id": "C1", "loyalty": Broken(interrupt)}, as_of=DAY)
    assert found.value is interrupt


def test_an_interrupt_of_a_command_reaches_the_caller(
    laid: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    for kind in (KeyboardInterrupt, MemoryError):
        error = kind("planted")

        def fail(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr("dealerrules.book.PolicyBook.evaluate", fail)
        with pytest.raises(kind) as found:
            evaluate(laid, target)
        assert found.value is error
        assert (target.read_text(), list(tmp_path.iterdir())) == ("old", [target])


CAUGHT = {
    "cli.py main": "told when it is the system's, else raised again",
    "outputs.py replacing": "told when it is the system's, else raised again",
    "outputs.py _beside": "raised again",
    "outputs.py _opened": "raised again",
    "intake/scratch.py scratch": "raised again, as one of the system's where there is no room",
    "intake/scratch.py scratch_directory": "raised again",
    "engines/durable_session.py fired": "raised again",
    "engines/entry.py _to_polars": "pyarrow's own become faults, all others are raised again",
    "engines/checks.py _table_faults": "each backend has errors of its own; MemoryError is raised again",
    "faults.py shown": "a value's own code failed while the fault of that value was told",
}
"""Where `except Exception`, `except BaseException` or a bare `except` stands, and what becomes of the exception."""


def test_nothing_is_swallowed_unknown() -> None:
    found = {}
    for file, nodes in sources().items():
        for made in nodes:
            if isinstance(made, ast.FunctionDef):
                for node in ast.walk(made):
                    if isinstance(node, ast.Try):
                        found.update({f"{file} {made.name}": again for again in _broad(node)})
            elif isinstance(made, ast.Call) and _name(made.func) == "suppress":
                assert not {_name(each) for each in made.args} & {"Exception", "BaseException"}
    assert set(found) == set(CAUGHT)
    assert [name for name, again in found.items() if not again] == ["faults.py shown"]


def _broad(node: ast.Try) -> Iterator[bool]:
    """Yield for each handler that catches everything whether what is no fault comes out again."""
    earlier: set[str] = set()
    for handler in node.handlers:
        caught = _caught(handler.type)
        if caught & {"Exception", "BaseException", ""}:
            yield "MemoryError" in earlier or any(isinstance(each, ast.Raise) for each in ast.walk(handler))
        earlier |= caught


def _caught(node: ast.expr | None) -> set[str]:
    if node is None:
        return {""}
    return {_name(each) for each in node.elts} if isinstance(node, ast.Tuple) else {_name(node)}


def _name(node: ast.expr) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "?")))
