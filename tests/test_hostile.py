"""Places that are not what they seem: links in circles, pipes, devices, closed directories, odd names, files that go.

Wherever policies or tables are read, such a place is told as a whole message, or read as what it is; nothing waits for a
pipe or reads a device without end. A place that may not be read is tried by a process without the rights of root.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules.cli import main
from dealerrules.intake import lines as lines_module
from dealerrules.intake import sources as sources_module
from dealerrules.policy import compile as compile_module
from dealerrules.tables import read_store, read_tables
from dealerrules.testing import load_cases

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and rights as Unix has them")

DAY = "2014-09-30"
POLICY = (
    "policy: p\ndecisions: {d: {kind: rules, hit: unique, outputs: {d: {type: boolean}}, "
    "rows: [{id: a, when: {media: true}, then: {d: true}}], otherwise: {d: false}}}\n"
)
ADVICE = "check the path, and that you may read the file"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a directory of one's own, so that messages name short paths."""
    monkeypatch.chdir(tmp_path)


WITHOUT_RIGHTS = """
import json, os, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_hostile import POLICY, VISITS, loaded, parquet, read
with tempfile.TemporaryDirectory() as sound:  # once with all rights, so that nothing remains to be imported
    for name, content in (("p.yaml", POLICY), ("customers.csv", "customer_id\\nC1\\n"), ("visits.csv", VISITS)):
        Path(sound, name).write_text(content)
    Path(sound, "vehicles.parquet").write_bytes(parquet())
    loaded(Path(sound, "p.yaml"))
    loaded(Path("gone"))
    read(Path(sound))
    read(Path(sound, "gone"))
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
how = {"loaded": loaded, "read": read}
print(json.dumps([how[word](Path(path)) for word, path in json.loads(sys.argv[2])]))
"""


def without_rights(*asked: tuple[str, str]) -> list[Any]:
    """Return what is `loaded` or `read` at some paths in a process that has not the rights of root."""
    given = [str(Path(__file__).parent), json.dumps(asked)]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_RIGHTS, *given],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: list[Any] = json.loads(done.stdout)
    return said


def opened(folder: Path) -> None:
    """Let anybody into a directory and those above it, so that only what is closed on purpose is closed."""
    for each in (folder, *folder.absolute().parents[:3]):
        if each.stat().st_uid == os.geteuid():
            each.chmod(each.stat().st_mode | 0o755)


# --- policies -----------------------------------------------------------------------------------------


def policies_with(make: Callable[[Path], object]) -> str:
    """Return what is said of a directory with a sound policy and something else."""
    folder = Path("d")
    folder.mkdir()
    (folder / "a.yaml").write_text(POLICY)
    make(folder)
    return loaded(folder)


def loaded(path: Path) -> str:
    try:
        return " ".join(dr.load(path).decisions)
    except dr.PolicyError as error:
        return str(error)


def cannot_read(name: str, why: str) -> str:
    return f"{name}:1:1: error DR101: cannot read the file: {why} ({ADVICE})"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda d: (d / "b.yaml").symlink_to("b.yaml"), cannot_read("d/b.yaml", "its symbolic links form a loop")),
        (lambda d: ((d / "b.yaml").symlink_to("c"), (d / "c").symlink_to("b.yaml")),
         cannot_read("d/b.yaml", "its symbolic links form a loop")),
        (lambda d: (d / "b").symlink_to("."), "d"),
        (lambda d: (d / "b").symlink_to(".."), "d"),
        (lambda d: (d / "b.yaml").symlink_to("."), cannot_read("d/b.yaml", "it is a directory")),
        (lambda d: (d / "b.yaml").symlink_to("gone.yaml"), cannot_read("d/b.yaml", "there is no such file")),
        (lambda d: (d / "b.yaml").symlink_to("a.yaml"), "d"),
        (lambda d: (d / "b.yaml").mkdir(), cannot_read("d/b.yaml", "it is a directory")),
        (lambda d: os.mkfifo(d / "b.yaml"), cannot_read("d/b.yaml", "it is not a regular file")),
        (lambda d: (d / "b.yaml").symlink_to("/dev/zero"), cannot_read("d/b.yaml", "it is not a regular file")),
        (lambda d: (d / "b.yaml").symlink_to("/dev/full"), cannot_read("d/b.yaml", "it is not a regular file")),
        (lambda d: (d / "b.cases.yaml").mkdir(), "d"),
        (lambda d: (d / ".b.yaml").symlink_to("b.yaml"), cannot_read("d/.b.yaml", "there is no such file")),
    ],
)  # fmt: skip
def test_a_directory_of_policies_with_something_odd(make: Callable[[Path], object], said: str) -> None:
    assert policies_with(make) == said


def test_a_link_out_of_the_directory_is_followed() -> None:
    Path("other.yaml").write_text(POLICY.replace("policy: p", "policy: q").replace("{d: ", "{e: "))
    assert policies_with(lambda folder: (folder / "b.yaml").symlink_to("../other.yaml")) == "d e"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("loop", cannot_read("loop", "its symbolic links form a loop")),
        ("a\0b", cannot_read("a<U+0000>b", "the path holds a character that is not allowed")),
        ("gone/deep.yaml", cannot_read("gone/deep.yaml", "there is no such file")),
        ("pipe", cannot_read("pipe", "it is not a regular file")),
    ],
)
def test_a_path_that_is_none(path: str, said: str) -> None:
    Path("loop").symlink_to("loop")
    os.mkfifo("pipe")
    assert loaded(Path(path)) == said


def test_a_path_longer_than_any() -> None:
    with pytest.raises(dr.PolicyError) as caught:
        dr.load("x" * 5_000)
    assert caught.value.diagnostics[0].message("en") == "cannot read the file: file name too long"


def test_a_name_that_is_no_text(capfd: pytest.CaptureFixture[str]) -> None:
    Path("d").mkdir()
    with open(b"d/\xff\xfe\n\x1b[31m.yaml", "w") as file:  # noqa: PTH123 - no path is bytes
        file.write("policy: [")
    assert main(["check", "d"]) == 1
    assert capfd.readouterr().out.splitlines()[0] == (
        "d/<U+DCFF><U+DCFE><U+000A><U+001B>[31m.yaml:1:9: error DR104: not valid YAML: the bracket `[` is never closed"
    )


def test_a_policy_that_goes_between_listing_and_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    real = compile_module.read_file

    def removing(path: Path, display: str) -> Any:
        path.unlink()
        return real(path, display)

    monkeypatch.setattr(compile_module, "read_file", removing)
    assert policies_with(lambda _: None) == cannot_read("d/a.yaml", "there is no such file")


def test_a_huge_policy_is_not_read() -> None:
    with Path("big.yaml").open("wb") as file:
        file.truncate(1 << 40)  # a hole of a tebibyte
    assert loaded(Path("big.yaml")) == (
        "big.yaml:1:1: error DR108: the file is too big: at most 1 MiB "
        "(split it into several files, or look for something pasted by mistake)"
    )


def test_cases_that_are_no_files() -> None:
    folder = Path("d")
    folder.mkdir()
    (folder / "a.yaml").write_text(POLICY)
    os.mkfifo(folder / "a.cases.yaml")
    (folder / "b.cases.yaml").symlink_to("b.cases.yaml")
    with pytest.raises(dr.PolicyError) as caught:
        load_cases([folder], dr.load(folder))
    assert str(caught.value).split("\n") == [
        cannot_read("d/a.cases.yaml", "it is not a regular file"),
        cannot_read("d/b.cases.yaml", "its symbolic links form a loop"),
    ]


# --- tables -------------------------------------------------------------------------------------------

VISITS = "customer_id,visited_on\nC1,2014-09-01\n"


def store_with(make: Callable[[Path], object], name: str = "s") -> list[str]:
    """Return what is said of a store with sound customers and something else; then what came of each table."""
    pytest.importorskip("polars")
    folder = Path(name)
    folder.mkdir()
    (folder / "customers.csv").write_text("customer_id\nC1\n")
    make(folder)
    return read(folder)


def read(folder: Path) -> list[str]:
    try:
        with read_tables(folder, as_of=DAY) as tables:
            counts = {name: (each.rows, each.out) for name, each in tables.counts.items()}
            return [*(fault.text() for fault in tables.faults), json.dumps(counts)]
    except dr.RecordError as error:
        return str(error).split("\n")
    except OSError as error:
        return [f"{type(error).__name__}: {error}"]


def unread(name: str, why: str) -> list[str]:
    return [f"s/{name}: the file cannot be read: {why}", '{"customers": [1, 0], "visits": [0, 0]}']


SOUND = ['{"customers": [1, 1], "visits": [1, 1]}']
NO_VISITS = ['{"customers": [1, 1]}']


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda s: (s / "visits.csv").symlink_to("visits.csv"), unread("visits.csv", "its symbolic links form a loop")),
        (lambda s: (s / "visits.csv").symlink_to("gone.csv"), unread("visits.csv", "there is no such file")),
        (lambda s: (s / "visits.csv").mkdir(), unread("visits.csv", "it is a directory")),
        (lambda s: (s / "visits.parquet").mkdir(), unread("visits.parquet", "it is a directory")),
        (lambda s: os.mkfifo(s / "visits.csv"), unread("visits.csv", "it is not a regular file")),
        (lambda s: os.mkfifo(s / "visits.parquet"), unread("visits.parquet", "it is not a regular file")),
        (lambda s: os.mkfifo(s / "visits.xlsx"), [
            "s/visits.xlsx: the file cannot be read: it is not a regular file", '{"customers": [1, 0]}',
        ]),
        (lambda s: (s / "visits.csv").symlink_to("/dev/zero"), unread("visits.csv", "it is not a regular file")),
        (lambda s: (s / "visits").symlink_to("."), NO_VISITS),
        (lambda s: ((s / "v").write_text(VISITS), (s / "visits.csv").symlink_to("v")), SOUND),
        (lambda s: (s / "mapping.yaml").mkdir(), [f"s/mapping.yaml:1:1: cannot read the file: it is a directory; {ADVICE}"]),
        (lambda s: (s / "mapping.yaml").symlink_to("mapping.yaml"), [
            f"s/mapping.yaml:1:1: cannot read the file: its symbolic links form a loop; {ADVICE}",
        ]),
        (lambda s: os.mkfifo(s / "mapping.yaml"), [
            f"s/mapping.yaml:1:1: cannot read the file: it is not a regular file; {ADVICE}",
        ]),
    ],
)  # fmt: skip
def test_a_store_with_something_odd(make: Callable[[Path], object], said: list[str]) -> None:
    assert store_with(make) == said


def parquet() -> bytes:
    import polars as pl

    made = io.BytesIO()
    pl.DataFrame({"customer_id": ["C1"], "visited_on": ["2014-09-01"]}).write_parquet(made)
    return made.getvalue()


def workbook() -> bytes:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet("visits")
        sheet.write_row(0, 0, ["customer_id", "visited_on"])
        sheet.write_row(1, 0, ["C1", "2014-09-01"])
    return made.getvalue()


@pytest.mark.parametrize("form", ["csv", "long csv", "parquet", "xlsx"])
@pytest.mark.parametrize("odd", [b"visits.\xff", b"visits.[1]*?", b"visits.\n\x1b[31m"])
def test_a_table_with_an_odd_name_is_read(form: str, odd: bytes) -> None:
    pytest.importorskip("polars")
    if form == "xlsx":
        pytest.importorskip("fastexcel")
    long = VISITS + "C1,2014-09-01\n" * 6_000
    content = {"csv": VISITS.encode(), "long csv": long.encode(), "parquet": parquet(), "xlsx": workbook()}[
        form
    ]

    def make(folder: Path) -> None:
        name = odd if form != "xlsx" else odd.replace(b".", b"")  # a workbook of any name is looked into
        place = os.fsencode(folder) + b"/" + name + b"." + form.rsplit(maxsplit=1)[-1].encode()
        with open(place, "wb") as file:  # noqa: PTH123 - no path is bytes
            file.write(content)

    rows = 6_001 if form == "long csv" else 1
    assert store_with(make) == [json.dumps({"customers": [1, 1], "visits": [rows, rows]})]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_directory_whose_name_is_a_pattern_is_only_itself(form: str) -> None:
    """Once `a[1]` was taken for a pattern, and the tables of `a1` were read in its stead."""
    pl = pytest.importorskip("polars")
    for name, who in (("a[1]", "mine"), ("a1", "theirs")):
        Path(name).mkdir()
        frame = pl.DataFrame({"customer_id": [f"{who}{number}" for number in range(10_000)]})
        path = Path(name, f"customers.{form}")
        path.write_bytes(frame.write_csv().encode()) if form == "csv" else frame.write_parquet(path)
    with read_tables("a[1]", as_of=DAY) as tables:
        assert tables["customers"].collect()["customer_id"].str.starts_with("mine").all()


def test_what_may_not_be_read() -> None:
    pytest.importorskip("polars")
    for name, content in (("d/a.yaml", POLICY), ("d/b.yaml", "x"), ("d/closed/c.yaml", "x"), ("s/customers.csv", "customer_id\nC1\n"),
                          ("s/visits.csv", VISITS), ("t/customers.csv", "customer_id\n")):  # fmt: skip
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    Path("s/vehicles.parquet").write_bytes(parquet())
    opened(Path("d"))
    closed = [Path(name) for name in ("d/b.yaml", "d/closed", "s/visits.csv", "s/vehicles.parquet", "t")]
    for path in closed:
        path.chmod(0o300 if path == Path("t") else 0)
    asked = [
        ("loaded", "d"),
        ("loaded", "d/closed"),
        ("loaded", "d/closed/c.yaml"),
        ("read", "s"),
        ("read", "t"),
    ]
    try:
        *policies, store, whole = without_rights(*asked)
    finally:
        for path in closed:
            path.chmod(0o755)
    denied = [cannot_read(f"d/{name}", "permission denied") for name in ("b.yaml", "closed", "closed/c.yaml")]
    assert policies == ["\n".join(denied[:2]), *denied[1:]]
    assert store == [
        "s/vehicles.parquet: the file cannot be read: permission denied",
        "s/visits.csv: the file cannot be read: permission denied",
        '{"customers": [1, 0], "vehicles": [0, 0], "visits": [0, 0]}',
    ]
    assert whole == ["PermissionError: [Errno 13] Permission denied: 't'"]


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_a_table_that_goes_between_listing_and_reading(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fastexcel")
    real = sources_module.check_is_file
    seen: list[Path] = []

    def removing(path: Path, *, folder: bool = False) -> None:
        if path.stem == "visits":
            seen.append(path)
            if len(seen) == (2 if form == "xlsx" else 1):
                path.unlink()
        real(path, folder=folder)

    monkeypatch.setattr(sources_module, "check_is_file", removing)
    content = {"csv": VISITS.encode(), "parquet": parquet(), "xlsx": workbook()}[form]
    said = store_with(lambda folder: (folder / f"visits.{form}").write_bytes(content))
    place = "visits.xlsx[visits]" if form == "xlsx" else f"visits.{form}"
    assert said == unread(place, "there is no such file")


def test_a_table_that_goes_while_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    real = sources_module.check_is_file

    def then_removing(path: Path, *, folder: bool = False) -> None:
        real(path, folder=folder)
        if path.stem == "visits":
            path.unlink()

    monkeypatch.setattr(sources_module, "check_is_file", then_removing)
    said = store_with(lambda folder: (folder / "visits.csv").write_text(VISITS))
    assert said == unread("visits.csv", "there is no such file")


# --- mapping files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["zlib", "hex", "rot13", "undefined", "idna", "punycode", "unicode_escape", "\\0", "é"]
)
def test_an_encoding_in_which_no_table_is_written(encoding: str) -> None:
    said = store_with(
        lambda s: (s / "mapping.yaml").write_text(
            f"customers: {{encoding: '{encoding}'}}\n", encoding="utf-8"
        )
    )
    assert said == [f"s/mapping.yaml:1:23: there is no encoding `{encoding}`"]


def test_an_encoding_that_does_not_say_where_it_fails() -> None:
    said = store_with(lambda s: (s / "mapping.yaml").write_text("customers: {encoding: utf-16}\n"))
    assert said == [
        "s/customers.csv:1: the file is not text in the stated encoding `utf-16`", '{"customers": [0, 0]}',
    ]  # fmt: skip


def test_a_header_behind_the_end_is_not_looked_for_without_end() -> None:
    said = store_with(lambda s: (s / "mapping.yaml").write_text("customers: {header_row: 999999999}\n"))
    assert said == ["s/customers.csv:999999999: the table has no header", '{"customers": [0, 0]}']


# --- JSON lines ---------------------------------------------------------------------------------------


def told(path: str) -> list[str]:
    store = read_store(path, as_of=DAY)
    return [*(fault.text() for fault in store.faults), *(name for name, _ in store.records)]


@pytest.mark.parametrize("target", ["pipe", "/dev/zero", "/dev/null"])
def test_lines_are_read_of_files_only(target: str) -> None:
    os.mkfifo("pipe")
    Path("s.jsonl").symlink_to(target)
    assert told("s.jsonl") == [
        "s.jsonl: `s.jsonl` is neither a directory of tables, nor an Excel workbook, nor a .jsonl file"
    ]


def test_a_path_of_lines_that_is_none() -> None:
    assert told("a\0.jsonl") == [
        "a\0.jsonl: `a\\x00.jsonl` is neither a directory of tables, nor an Excel workbook, nor a .jsonl file"
    ]
    Path("loop.jsonl").symlink_to("loop.jsonl")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        read_store("loop.jsonl", as_of=DAY)


def test_a_line_without_end_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "LONGEST_LINE", 100)
    sound = '{"customer_id": "C1"}\n'
    Path("s.jsonl").write_text(
        sound + '{"customer_id": "' + "x" * 1_000 + '"}\n' + sound.replace("C1", "C2") + " " * 1_000
    )
    assert told("s.jsonl") == [
        "s.jsonl:2: the line is longer than 100 bytes", "s.jsonl:4: the line is longer than 100 bytes", "customer", "customer",
    ]  # fmt: skip


def test_records_under_a_name_that_is_no_text(capfd: pytest.CaptureFixture[str]) -> None:
    with open(b"\xff.jsonl", "w") as file:  # noqa: PTH123 - no path is bytes
        file.write('{"customer_id": 1}\n')
    assert main(["evaluate", os.fsdecode(b"\xff.jsonl"), "--as-of", DAY]) == 1
    said = capfd.readouterr().err.splitlines()[0]
    assert (
        said.partition(".jsonl")[2]
        == ':1: customer, customer_id: text is needed, not the number `1`: write "1"'
    )


# --- days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_on_the_first_and_the_last_day_there_are(day: str) -> None:
    pytest.importorskip("matplotlib")
    rate = "  r: {kind: rate, per: month, of: {count: customers, where: {media: %s}}, over: {count: customers}}\n"
    for name, media in (("old", "true"), ("new", "false")):
        policy = (
            POLICY.replace("decisions: ", "decisions:\n  ")
            .replace("{d: {kind", "d: {kind")
            .replace("d: false}}}", "d: false}}")
        )
        Path(f"{name}.yaml").write_text(policy + rate % media)
    store = {
        "customer_id": "C1",
        "vehicles": [{"purchased_on": "0001-01-01", "warranty_until": "9999-12-31", "vin": "V"}],
    }
    Path("s.jsonl").write_text(json.dumps(store))
    asked = ["s.jsonl", "--policies", "old.yaml", "--as-of", day]
    assert main(["report", *asked, "--out", "r.html", "--days", "99999999999"]) == int(day.startswith("0"))
    assert main(["evaluate", *asked]) == 0
    assert main(["explain", "s.jsonl", "C1", *asked[1:]]) == 0
    assert main(["diff", "old.yaml", "new.yaml", "--records", "s.jsonl", "--as-of", day]) == int(
        day.startswith("0")
    )


def test_a_gap_longer_than_all_days_there_are() -> None:
    policy = (
        "policy: p\nfacts: {f: {streak: insurance, allow_gap: 99999999999 days}}\ndecisions: {d: {kind: rules, hit: unique, "
        "outputs: {d: {type: boolean}}, rows: [{id: a, when: {f: {at_least: 14}}, then: {d: true}}], otherwise: {d: false}}}\n"
    )
    covers = [
        {"starts_on": "2001-01-01", "ends_on": "2001-12-31"},
        {"starts_on": "2014-01-01", "ends_on": "2014-12-31"},
    ]
    answer = dr.loads(policy).evaluate({"customer_id": "C1", "insurance": covers}, as_of=DAY)
    assert answer["d"].value is True
