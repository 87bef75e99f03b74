"""Trials: every writer, each time with a disk that refuses at another call; run as a process of its own.

    python tests/faults/strikes.py JOB.json    (test_faults.py writes the job, compiles refuse.c and preloads it)

A trial is a fork that runs one command: at the n-th call that changes a file it is killed, cut or refused. What then stands
in the directory is compared with what stood there before and with what an undisturbed run leaves. One line of JSON comes
out for each writer, and one for each trial in which something else was found than the old file or the new one.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import io
import json
import os
import pkgutil
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dealerrules
from dealerrules.disk import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OFF, COUNT, KILL, KILL_HALF, FAIL, FAIL_ON, SHORT = range(7)
WAYS: dict[str, tuple[int, int]] = {
    "killed": (KILL, 0),
    "killed half way": (KILL_HALF, 0),
    "I/O error": (FAIL, errno.EIO),
    "disk full": (FAIL_ON, errno.ENOSPC),
    "cut, then full": (SHORT, errno.ENOSPC),
}
OLD = b"old\n"


@dataclass(frozen=True)
class Writer:
    """Something that writes files into the directory OUT."""

    name: str
    files: tuple[str, ...]
    run: Callable[[str], int]
    kept: bool = True
    """Whether there are old files; `init` and `test --generate` write none over."""


@dataclass
class Found:
    """What the trials of one writer came to."""

    writer: str
    calls: list[str] = field(default_factory=list)
    trials: int = 0
    left: Counter[str] = field(default_factory=Counter)
    wrong: list[dict[str, Any]] = field(default_factory=list)


def main(job: dict[str, Any]) -> None:
    refuse = ctypes.CDLL(None)
    refuse.refuse_name.restype = ctypes.c_char_p
    refuse.refuse_count.restype = ctypes.c_long
    out = Path(job["out"])
    for writer in writers(job, out):
        if job["writers"] and writer.name not in job["writers"]:
            continue
        found = tried(writer, out, refuse, job)
        sys.stdout.write(json.dumps(vars(found), ensure_ascii=False) + "\n")
        sys.stdout.flush()


def writers(job: dict[str, Any], out: Path) -> Iterator[Writer]:
    """Yield every writer of the library."""
    from dealerrules import book

    load = lru_cache(book.load)
    # loaded once, here; each fork has it
    book.load = lambda given, load=load: load(tuple(given) if isinstance(given, list) else given)  # type: ignore[assignment]
    import matplotlib.pyplot as plt  # noqa: F401 - likewise
    import polars as pl  # noqa: F401

    from dealerrules import demo
    from dealerrules.cli import COMMANDS, _parser
    from dealerrules.cli import main as command

    _parser(COMMANDS)
    for room in pkgutil.walk_packages(dealerrules.__path__, "dealerrules."):  # so that no fork has to
        if not room.name.endswith(("__main__", "pytest_plugin")):
            importlib.import_module(room.name)
    small, edited, tables, bad = (job[each] for each in ("policies", "edited", "tables", "bad"))
    for each in (small, edited, (small,)):
        book.load(each).evaluate({"customer_id": "C1"}, as_of="2014-09-30")

    def one(name: str, file: str, *words: str, more: tuple[str, ...] = (), kept: bool = True) -> Writer:
        given = [*words, "--out", str(out / file)]
        return Writer(name, (file, *more), lambda lang: command([*given, "--lang", lang]), kept)

    on_tables = (tables, "--policies", small, "--as-of", "2014-09-30")
    lines = (job["lines"], "--policies", small, "--as-of", "2014-09-30")
    yield one("evaluate, JSON lines", "a.jsonl", "evaluate", *lines)
    yield one("evaluate, CSV", "a.csv", "evaluate", *on_tables)
    yield one("evaluate, table", "a.txt", "evaluate", *lines)
    yield one("evaluate, Parquet", "a.parquet", "evaluate", *on_tables)
    rejected = ("a.csv.rejected.csv",)
    skip = (bad, "--policies", small, "--as-of", "2014-09-30", "--on-error", "skip")
    yield one("evaluate, with rejected rows", "a.csv", "evaluate", *skip, more=rejected)
    yield one("report", "r.html", "report", *on_tables)
    for form in ("csv", "html"):
        yield one(f"advise, {form}", f"l.{form}", "advise", *on_tables, "--decision", "care")
    for form in ("html", "md"):
        yield one(f"handbook, {form}", f"h.{form}", "handbook", small)
    for form in ("html", "json", "md", "txt"):
        yield one(f"diff, {form}", f"d.{form}", "diff", small, edited)
    on_store = ("--records", tables, "--as-of", "2014-09-30")
    yield one("diff, csv", "d.csv", "diff", small, edited, *on_store)
    yield one("replay", "p.txt", "replay", job["answers"], "--records", job["lines"], "--policies", small)
    yield one("schema", "s.json", "schema")
    yield one("test --generate", "c.cases.yaml", "test", small, "--generate", kept=False)
    from dealerrules.commands import shipped_policies

    names = tuple(file.name for file in sorted(shipped_policies().glob("*.yaml")))
    yield Writer("init", names, lambda lang: command(["init", str(out), "--lang", lang]), kept=False)

    def store(form: Any) -> Writer:
        def run(_: str) -> int:
            from datetime import date

            demo.write_tables(out, count=3, as_of=date(2014, 9, 30), form=form)
            return 0

        return Writer(f"demo tables, {form}", tuple(f"{table}.{form}" for table in demo.COLUMNS), run)

    yield store("csv")
    yield store("parquet")

    def whole_store(_: str) -> int:
        from datetime import date

        demo.write_jsonl(out / "s.jsonl", count=3, as_of=date(2014, 9, 30))
        return 0

    yield Writer("demo store, JSON lines", ("s.jsonl",), whole_store)


class Bench:
    """Where one writer is run, each time in a fork and on a directory laid out anew."""

    def __init__(self, writer: Writer, out: Path, refuse: Any, job: dict[str, Any]) -> None:
        self.writer, self.out, self.refuse = writer, out, refuse
        self.notes, self.names = Path(job["notes"]), Path(job["names"])

    def run(
        self, lang: str, mode: int = COUNT, nth: int = 0, code: int = 0
    ) -> tuple[int, str, dict[str, bytes]]:
        """Return the exit code, what was said, and what stands in the directory then."""
        laid(self.out, self.writer)
        child = os.fork()
        if not child:
            self._in_child(lang, mode, nth, code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status, self.notes.read_text(encoding="utf-8"), read(self.out)

    def _in_child(self, lang: str, mode: int, nth: int, code: int) -> None:
        status = 70
        try:
            os.dup2(os.open(self.notes, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8")
            sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), encoding="utf-8")
            self.refuse.refuse_arm(mode, nth, code, str(self.out).encode())
            status = self.writer.run(lang)
        except OutputError as error:  # of a function that is no command
            sys.stderr.write(f"dealerrules: {error.text(lang)}\n")
            status = 1
        except BaseException as error:  # noqa: BLE001 - whatever it is, it was not told as it should be
            sys.stderr.write(f"UNTOLD {type(error).__name__} {error}\n")
        finally:
            names = [self.refuse.refuse_name(at).decode() for at in range(self.refuse.refuse_count())]
            self.refuse.refuse_arm(OFF, 0, 0, b"")
            if mode == COUNT:
                self.names.write_text(json.dumps(names))
            sys.stderr.flush()
            os._exit(status)


def tried(writer: Writer, out: Path, refuse: Any, job: dict[str, Any]) -> Found:
    """Run a writer undisturbed, and then once for each call and way."""
    found, bench = Found(writer.name), Bench(writer, out, refuse, job)
    usual, said, new = bench.run("en")
    found.calls = json.loads(bench.names.read_text())
    news = {"en": new, "zh": bench.run("zh")[2]}  # some hold messages
    if set(writer.files) != set(new) or usual not in {0, 1} or OLD in new.values():
        found.wrong.append({"undisturbed": usual, "there": sorted(new), "said": said})
        return found
    for nth, way in chosen(points_of(found.calls), job["points"]):
        mode, code = WAYS[way]
        lang = ("en", "zh")[nth % 2]
        status, said, there = bench.run(lang, mode, nth, code)
        found.trials += 1
        name = found.calls[nth - 1]
        old = OLD if writer.kept else None
        faults = [
            f"{file} is neither the old one nor the new one"
            for file in writer.files
            if not same(file, there.get(file), old) and not same(file, there.get(file), news[lang][file])
        ]
        left = sorted(set(there) - set(writer.files))
        if mode in {KILL, KILL_HALF}:
            found.left.update("NAME.part" if each.endswith(".part") else each.split("-")[0] for each in left)
            faults += [f"exit code {status}"] * (status != -9)
            faults += [f"left: {each}" for each in left if not is_ours(each, writer)]
        else:
            changed = [file for file in writer.files if there.get(file) != old]
            # what fails while parts are removed leaves them there: a directory that is known by its name
            parts = name in {"unlink", "rmdir", "close"} and all(each.startswith(".parts-") for each in left)
            faults += [f"left: {left}"] * (bool(left) and not parts)
            faults += unfit(status == usual, status, said, changed, writer, out)
        if faults:
            found.wrong.append({"call": nth, "name": name, "way": way, "faults": faults, "said": said[-600:]})
    return found


def points_of(calls: list[str]) -> list[tuple[int, str]]:
    """Return which call can be refused in which way: half of it can only be done of a write."""
    halves = {"killed half way": {"write", "rename", "open", "truncate"}, "cut, then full": {"write"}}
    return [
        (nth, way) for nth, name in enumerate(calls, 1) for way in WAYS if name in halves.get(way, {name})
    ]


def unfit(
    as_usual: bool,
    status: int,
    said: str,
    changed: list[str],
    writer: Writer,
    out: Path,
) -> Iterator[str]:
    """Yield what does not fit between the exit code, the message and the files."""
    last = said.strip().splitlines()[-1] if said.strip() else ""
    expected = expected_of(last, out, writer)
    if "UNTOLD" in said or "Traceback" in said:
        yield "not told"
    elif expected is None:
        # it went well in spite of it: what failed was the end of a file that was on the disk already
        if not as_usual or len(changed) != len(writer.files):
            yield f"exit code {status}, said: {last}"
    elif status != 1:
        yield f"exit code {status} with a message"
    elif expected == "not written" and len(writer.files) == 1 and changed:
        yield "said to be not written, and it was"
    elif expected == "unsure" and not changed:
        yield "said to be written, and it was not"


def same(name: str, data: bytes | None, other: bytes | None) -> bool:
    """Tell whether two files hold the same; the rows of a Parquet file come in any order."""
    if data == other or data in {None, OLD} or other in {None, OLD} or not name.endswith(".parquet"):
        return data == other
    child = os.fork()  # polars starts threads, which this process must not have when it forks again
    if not child:
        import polars as pl

        code = 1
        try:
            one, two = (pl.read_parquet(io.BytesIO(each)) for each in (data, other))
            keys = [name for name in one.columns if not one[name].dtype.is_nested()]
            code = int(not one.sort(keys).equals(two.sort(keys)))
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def chosen(points: list[tuple[int, str]], wanted: int | str) -> list[tuple[int, str]]:
    """Return all points, or so many, evenly spread over calls and ways."""
    if wanted == "all" or len(points) <= int(wanted):
        return points
    step = len(points) / int(wanted)
    return [points[int((at + 0.5) * step)] for at in range(int(wanted))]


def expected_of(told: str, out: Path, writer: Writer) -> str | None:
    """Return what a message says of a file, if it is one of those that there should be."""
    for path in (out, *(out / name for name in writer.files)):
        for kind, start in (
            ("not written", f"{path} was not written, and what was there stays: "),
            ("not written", f"没有写出 {path}，原有的内容不变："),
            ("unsure", f"{path} was written, but the system does not say that it will outlast a power cut: "),
            ("unsure", f"{path} 已写出，但系统没有确认断电后仍然完好："),
        ):
            whys = (
                "the disk failed to read or write; check it, or write elsewhere",
                "the disk is full; make room and run it again",
                "磁盘读写出错；请检查磁盘，或写到别处",
                "磁盘已满；请腾出空间后再运行",
            )
            if told in {f"dealerrules: {start}{why}" for why in whys}:
                return kind
    return None


def is_ours(name: str, writer: Writer) -> bool:
    """Tell whether a file that a killed run left is named so that it is known for one."""
    return name in {f"{file}.part" for file in writer.files} or name.startswith(".parts-")


def laid(out: Path, writer: Writer) -> None:
    """Lay out the directory as it is before a run."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    if writer.kept:
        for name in writer.files:
            (out / name).write_bytes(OLD)


def read(out: Path) -> dict[str, bytes]:
    """Return the files and directories that stand there."""
    return {path.name: path.read_bytes() if path.is_file() else b"" for path in sorted(out.iterdir())}


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
