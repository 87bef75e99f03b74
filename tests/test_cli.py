"""Every command, through `main` and once through the real process: what it prints, writes, and its exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from dealerrules.cli import main
from dealerrules.text_tables import table

ROOT = Path(__file__).parents[1]
POLICIES = str(ROOT / "policies")
DAY = "2014-09-30"

CUSTOMERS = [
    {
        "customer_id": "C1",
        "kind": "individual",
        "loyalty": "high",
        "household_brand_owners": 1,
        "influential": False,
        "media": False,
        "visits": [{"visited_on": f"2014-0{month}-15"} for month in range(3, 9)],
    },
    {"customer_id": "C2", "visits": [{"visited_on": "2013-01-10"}]},
]
CAMPAIGN = {
    "subject": "recall_campaign",
    "campaign_id": "2014-09",
    "ends_on": DAY,
    "target": 110,
    "returned": 111,
}


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "store.jsonl"
    lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in (*CUSTOMERS, CAMPAIGN)]
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def faulty(tmp_path: Path) -> str:
    """Two customers, one with a day that does not exist."""
    path = tmp_path / "faulty.jsonl"
    bad = {"customer_id": "C9", "visits": [{"visited_on": "2014-02-30"}]}
    path.write_text(json.dumps(CUSTOMERS[1]) + "\n" + json.dumps(bad) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.yaml"
    path.write_text("policy: p\nparameters:\n  days: {type: days, value: 365}\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def failing(tmp_path: Path) -> str:
    """A directory with a policy, a case that passes and one that does not."""
    (tmp_path / "p").mkdir()
    policy = """\
policy: p
decisions:
  often:
    kind: rules
    hit: unique
    outputs: {often: {type: boolean}}
    rows: [{id: four, when: {visits_past_year: {at_least: 4}}, then: {often: true}}]
    otherwise: {often: false}
"""
    cases = """\
cases:
  - {name: four, as_of: 2014-09-30, facts: {visits_past_year: 4}, expect: {often: {value: true}}}
  - {name: three, as_of: 2014-09-30, facts: {visits_past_year: 3}, expect: {often: {value: true}}}
"""
    (tmp_path / "p/p.yaml").write_text(policy, encoding="utf-8")
    (tmp_path / "p/p.cases.yaml").write_text(cases, encoding="utf-8")
    return str(tmp_path / "p")


def columns(line: str) -> int:
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in line)


def evaluate(store: str, *more: str) -> int:
    return main(["evaluate", store, "--policies", POLICIES, "--as-of", DAY, *more])


# ---------------------------------------------------------------------------------------------------
# evaluate


def test_evaluate_table(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(store, "--decision", "tier", "--decision", "recall_bonus") == 0
    out = capsys.readouterr().out
    rows = [line.split(maxsplit=3) for line in out.splitlines()[2:]]
    assert rows[0] == ["C1", "tier", "super_vip", "after_sales.visits-5"]
    assert rows[1][:3] == ["C2", "tier", "general,"]
    assert rows[-1][:3] == ["2014-09", "recall_bonus", "1115.00"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_evaluate_table_fits_80_columns(store: str, lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(store, "--lang", lang) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(columns, lines)) <= 80
    assert ("对象" in lines[0]) == (lang == "zh")


def test_evaluate_jsonl(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(store, "--format", "jsonl") == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["id"] for each in answers] == ["C1", "C2", "2014-09"]
    assert answers[0]["outcomes"]["tier"]["level"] == "super_vip"
    assert answers[2]["outcomes"]["recall_bonus"]["amount"] == "1115.00"
    assert answers[2]["schema_version"] == 1


def test_evaluate_csv(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(store, "--format", "csv", "--decision", "churn_stage") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["id"], row["status"], row["answer"]) for row in rows] == [
        ("C1", "decided", "active"),
        ("C2", "decided", "churned"),
    ]


def test_evaluate_a_directory_of_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,kind\nC1,individual\n", encoding="utf-8")
    (tmp_path / "visits.csv").write_text("customer_id,visited_on\nC1,2014-09-01\n", encoding="utf-8")
    assert evaluate(str(tmp_path), "--decision", "churn_stage") == 0
    assert "active" in capsys.readouterr().out


def test_evaluate_uses_the_shipped_policies_by_default(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", store, "--as-of", DAY, "--decision", "tier"]) == 0
    assert "super_vip" in capsys.readouterr().out


def test_out_writes_the_file(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "answers.jsonl"
    target.write_text("old\n")
    assert evaluate(store, "--format", "jsonl", "--out", str(target)) == 0
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.glob("*.part"))


def test_out_of_a_new_file_can_be_read_by_others(store: str, tmp_path: Path) -> None:
    target = tmp_path / "new.csv"
    assert evaluate(store, "--format", "csv", "--out", str(target)) == 0
    assert target.stat().st_mode & 0o777 == 0o644


def test_out_leaves_the_old_file_when_writing_fails(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "answers.jsonl"
    target.write_text("old\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert evaluate(store, "--format", "jsonl", "--out", str(target)) == 1
    assert capsys.readouterr().err == (
        f"dealerrules: {target} was not written, and what was there stays: "
        "the disk is full; make room and run it again\n"
    )
    assert target.read_text() == "old\n"
    assert not list(tmp_path.glob("*.part"))


def test_out_in_a_directory_that_is_not_there(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(store, "--out", str(tmp_path / "nowhere/answers.csv")) == 2
    assert "there is no directory" in capsys.readouterr().err


def test_bad_records_stop_everything(faulty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "answers.csv"
    assert evaluate(faulty, "--out", str(target)) == 1
    err = capsys.readouterr().err
    assert f"{faulty}:2: customer C9, visits[0].visited_on: there is no such day: `2014-02-30`" in err
    assert "--on-error skip" in err
    assert not target.exists()


def test_on_error_skip_goes_on(faulty: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(faulty, "--on-error", "skip", "--decision", "churn_stage", "--lang", "zh") == 1
    out, err = capsys.readouterr()
    assert "C2" in out
    assert "C9" not in out
    assert "没有这一天" in err


def test_a_faulty_policy(store: str, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", store, "--policies", broken, "--as-of", DAY]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "DR402" in err


def test_an_unknown_decision_is_wrong_usage(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(store, "--decision", "teir") == 2
    assert "did you mean `tier`?" in capsys.readouterr().err


def test_records_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("nowhere.jsonl") == 1
    assert capsys.readouterr().err == "dealerrules: nowhere.jsonl: No such file or directory\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["evalute"],
        ["evaluate", "x.jsonl"],
        ["evaluate", "x.jsonl", "--as-of", "2014-02-30"],
        ["evaluate", "x.jsonl", "--as-of", "yesterday"],
        ["evaluate", "x.jsonl", "--as-of", DAY, "--format", "xml"],
        ["check"],
        ["demo", "--customers", "many"],
        ["explain", "x.jsonl", "--as-of", DAY],
        ["check", "policies", "--lang", "fr"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: dealerrules")


# ---------------------------------------------------------------------------------------------------
# evaluate tables


@pytest.fixture
def tables(tmp_path: Path) -> str:
    """The same customers and the campaign as tables of an export, in Chinese."""
    folder = tmp_path / "导出"
    folder.mkdir()
    files = {
        "客户": "客户编号,客户类别,忠诚度,influential,media,household_brand_owners\nC1,个人,高,否,否,1\nC2,,,,,\n",
        "维修": "客户编号,进厂日期\n"
        + "".join(f"C1,2014/{month}/15\n" for month in range(3, 9))
        + "C2,2013/1/10\n",
        "招揽活动": "campaign_id,ends_on,target,returned\n2014-09,2014-09-30,110,111\n",
    }
    for name, text in files.items():
        (folder / f"{name}.csv").write_bytes(text.encode("gbk"))
    return str(folder)


@pytest.fixture
def bad_tables(tables: str) -> str:
    """The tables with a visit of nobody, and a customer one of whose visits has no such day."""
    visits = Path(tables, "维修.csv")
    more = "C9,2014/1/1\nC3,2014/2/30\nC3,2014/3/1\n"
    visits.write_bytes(visits.read_bytes() + more.encode("gbk"))
    customers = Path(tables, "客户.csv")
    customers.write_bytes(customers.read_bytes() + b"C3,,,,,\n")
    return tables


def test_tables_and_json_lines_come_to_the_same_answers(
    store: str, tables: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(store, "--format", "jsonl") == 0
    expected = capsys.readouterr().out
    assert evaluate(tables, "--format", "jsonl") == 0
    out, err = capsys.readouterr()
    assert out == expected
    assert err.splitlines() == [f"{tables}/{name}.csv: the file is read as GBK" for name in ("客户", "维修")]


def test_the_format_is_that_of_the_file(tables: str, tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv", "a.parquet", "a.txt"):
        assert evaluate(tables, "--out", str(tmp_path / name)) == 0
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])["id"] == "C1"
    assert (tmp_path / "a.csv").read_text().startswith("subject,id,decision,")
    assert (tmp_path / "a.parquet").read_bytes()[:4] == b"PAR1"
    assert (tmp_path / "a.txt").read_text().startswith("id ")


def test_parquet_holds_a_row_a_subject(store: str, tables: str, tmp_path: Path) -> None:
    import polars as pl

    for source in (store, tables):
        target = tmp_path / "answers.parquet"
        assert evaluate(source, "--out", str(target)) == 0
        frame = pl.read_parquet(target).sort("id")
        assert frame.columns[:3] == ["subject", "id", "customer_id"]
        assert frame["id"].to_list() == ["2014-09", "C1", "C2"]
        assert frame["subject"].to_list() == ["recall_campaign", "customer", "customer"]
        assert frame["tier"].to_list() == [None, "super_vip", "general"]
        assert [str(each) for each in frame["recall_bonus"]] == ["1115.00", "None", "None"]
        assert frame["campaign_id"].to_list() == ["2014-09", None, None]


def test_parquet_says_what_the_other_formats_say(tmp_path: Path) -> None:
    import polars as pl

    folder = str(tmp_path / "store")
    assert main(["demo", "--customers", "60", "--keep", folder]) == 0
    assert evaluate(folder, "--out", str(tmp_path / "a.parquet")) == 0
    assert evaluate(folder, "--out", str(tmp_path / "a.csv")) == 0
    frame = {
        (row["subject"], row["id"]): row
        for row in pl.read_parquet(tmp_path / "a.parquet").iter_rows(named=True)
    }
    checked = 0
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found = frame[row["subject"], row["id"]]
            if row["subject"] == "consultant_month":
                continue  # one of each month
            checked += 1
            answer = found[row["decision"]]
            said = "" if answer is None else str(answer).lower() if isinstance(answer, bool) else str(answer)
            assert (said, found[f"{row['decision']}.status"]) == (row["answer"], row["status"]), row
    assert checked > 500


def test_one_subject(tables: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(tables, "--subject", "recall_campaign", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["subject"] for row in rows} == {"recall_campaign"}


def test_parquet_needs_a_file(tables: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(tables, "--format", "parquet") == 2
    assert capsys.readouterr().err == "dealerrules: the format parquet needs --out FILE\n"
    assert evaluate(tables, "--format", "parquet", "--lang", "zh") == 2
    assert capsys.readouterr().err == "dealerrules: parquet 格式需要 --out FILE\n"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_skip_goes_on_and_writes_what_was_rejected(
    bad_tables: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / f"answers.{form}"
    assert evaluate(bad_tables, "--out", str(target), "--on-error", "skip") == 1
    rejected = tmp_path / f"answers.{form}.rejected.csv"
    err = capsys.readouterr().err
    assert f"{bad_tables}/维修.csv:9: customer_id: there is no customer `C9`" in err
    assert f"{bad_tables}/维修.csv:10: customer C3, visited_on: there is no such day: `2014/2/30`" in err
    assert err.splitlines()[-1] == f"4 rows rejected: see {rejected}"
    assert target.exists()
    with rejected.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    left_out = "the customer is left out, for other data of theirs is wrong"
    assert [(row["table"], row["row"], row["id"], row["message"]) for row in rows] == [
        ("customers", "4", "C3", left_out),
        ("visits", "10", "C3", "visited_on: there is no such day: `2014/2/30`"),
        ("visits", "9", "C9", "there is no customer `C9`"),
        ("visits", "11", "C3", left_out),
    ]
    assert json.loads(rows[1]["cells"]) == {"客户编号": "C3", "进厂日期": "2014/2/30"}


def test_the_file_of_rejected_rows_may_be_named(
    faulty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = tmp_path / "bad.csv"
    assert evaluate(faulty, "--rejected", str(named), "--lang", "zh") == 1
    assert f"1行被拒，连同原因写在 {named}" in capsys.readouterr().err
    assert list(csv.reader(named.read_text(encoding="utf-8").splitlines())) == [
        ["table", "place", "row", "id", "message", "cells"],
        ["customers", faulty, "2", "C9", "visits[0].visited_on：没有这一天：`2014-02-30`", ""],
    ]


def test_cells_are_no_formulas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = ["=1+1", "+cmd", "-x", "@y", "\tz", "-5", "plain"]
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps({"customer_id": id_}) + "\n" for id_ in ids), encoding="utf-8")
    assert evaluate(str(path), "--format", "csv", "--decision", "tier") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["id"] for row in rows] == ["'=1+1", "'+cmd", "'-x", "'@y", "'\tz", "-5", "plain"]


def test_a_mapping_file_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "customers.csv").write_text("客户编号\nC1\n", encoding="utf-8")
    (folder / "visits.csv").write_text("客户编号,进厂日期\nC1,3/4/14\n", encoding="utf-8")
    mapping = tmp_path / "m.yaml"
    mapping.write_text("visits: {dates: mdy}", encoding="utf-8")
    assert evaluate(str(folder), "--decision", "churn_stage") == 1
    assert "may be read as several days" in capsys.readouterr().err
    assert evaluate(str(folder), "--decision", "churn_stage", "--mapping", str(mapping)) == 0
    assert "wavering" in capsys.readouterr().out
    assert explain(str(folder), "C1", "--decision", "churn_stage", "--mapping", str(mapping)) == 0
    capsys.readouterr()
    mapping.write_text("visits: {dates: mdd}", encoding="utf-8")
    assert evaluate(str(folder), "--mapping", str(mapping), "--lang", "zh") == 1
    assert capsys.readouterr().err.startswith(f"{mapping}:1:17：`mdd` 不是日期顺序：mdy, dmy, ymd")


def test_progress_is_shown_on_a_terminal_only(
    tables: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert evaluate(tables, "--decision", "tier") == 0
    assert "维修.csv: 7" in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    assert evaluate(tables, "--decision", "tier") == 0
    assert "\r" not in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------------
# a run that is killed


def held(*arguments: str, at: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that kills itself, as kill -9 does, when it comes to a function of `os`."""
    code = f"""
import os, signal, sys
from dealerrules.cli import main

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

os.{at} = die
main({list(arguments)!r})
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_killed_run_leaves_the_old_file(form: str, tables: str, tmp_path: Path) -> None:
    """Killed before anything is written, and when everything is written but not yet in its place."""
    target = tmp_path / f"answers.{form}"
    target.write_bytes(b"old")
    arguments = ("evaluate", tables, "--policies", POLICIES, "--as-of", DAY, "--out", str(target))
    for at in ("truncate", "fsync"):
        done = held(*arguments, at=at)
        assert done.returncode == -9, done.stderr
        assert target.read_bytes() == b"old"
        assert sorted(path.name for path in tmp_path.glob("answers*")) == [target.name, f"{target.name}.part"]
    assert main(list(arguments)) == 0
    assert target.read_bytes() != b"old"
    assert [path.name for path in tmp_path.glob("answers*")] == [target.name]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_run_killed_while_it_writes_leaves_the_old_file(form: str, tmp_path: Path) -> None:
    """Killed from outside, as soon as the temporary file holds something."""
    source = tmp_path / "s.jsonl"
    with source.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({**CUSTOMERS[0], "customer_id": f"C{at}"}) + "\n" for at in range(3000))
    target = tmp_path / f"answers.{form}"
    target.write_bytes(b"old")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [
        sys.executable,
        "-m",
        "dealerrules",
        "evaluate",
        str(source),
        "--as-of",
        DAY,
        "--out",
        str(target),
    ]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    part = tmp_path / f"{target.name}.part"
    while running.poll() is None and not (part.exists() and part.stat().st_size):
        pass
    running.kill()
    assert running.wait() == -9
    assert target.read_bytes() == b"old"
    assert part.stat().st_size


def test_two_runs_do_not_write_one_file(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dealerrules.outputs import replacing

    target = tmp_path / "answers.csv"
    with replacing(target) as part:
        part.write_text("first")
        assert evaluate(store, "--out", str(target)) == 1
        assert capsys.readouterr().err == f"{target}: another run is writing this file\n"
        assert evaluate(store, "--out", str(target), "--lang", "zh") == 1
        assert capsys.readouterr().err == f"{target}：另一个运行正在写这个文件\n"
    assert target.read_text() == "first"


# ---------------------------------------------------------------------------------------------------
# explain


def explain(store: str, name: str, *more: str) -> int:
    return main(["explain", store, name, "--policies", POLICIES, "--as-of", DAY, *more])


@pytest.mark.parametrize(("lang", "says"), [("zh", "1,115.00元"), ("en", "1,115.00 yuan")])
@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_explain(store: str, lang: str, says: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(store, "2014-09", "--lang", lang, "--format", form) == 0
    assert says in capsys.readouterr().out


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_explain_json(store: str, lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(store, "C1", "--lang", lang, "--format", "json", "--decision", "tier") == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)


def test_explain_some_decisions(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(store, "C2", "--decision", "churn_stage") == 0
    out = capsys.readouterr().out
    assert "Churned" in out
    assert "VIP" not in out


@pytest.mark.parametrize(("lang", "name"), [("zh", "C1"), ("en", "C1"), ("zh", "C2"), ("en", "2014-09")])
def test_explain_fits_80_columns_or_nearly(
    store: str, lang: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Titles and clauses are the author's, and are not broken; most lines fit."""
    assert explain(store, name, "--lang", lang) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(columns(line) <= 80 for line in lines) >= 0.8 * len(lines)


def test_explain_nobody(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(store, "C7") == 1
    assert "has no record `C7`" in capsys.readouterr().err


def test_explain_a_decision_about_another_subject(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(store, "C1", "--decision", "recall_bonus") == 2
    assert "recall_bonus" in capsys.readouterr().err


def test_explain_a_decision_that_is_not_there(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(store, "C1", "--decision", "teir", "--lang", "zh") == 2
    assert "是不是想写 `tier`" in capsys.readouterr().err


def test_explain_a_faulty_record(faulty: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(faulty, "C9") == 1
    assert "there is no such day" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------------
# check, test


def test_check_the_shipped_policies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", POLICIES]) == 0
    assert "error" not in capsys.readouterr().out


@pytest.mark.parametrize(("lang", "says"), [("zh", "没有单位"), ("en", "has no unit")])
def test_check_says_where(broken: str, lang: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", broken, "--lang", lang]) == 1
    out = capsys.readouterr().out
    assert f"{broken}:3:29: " in out
    assert says in out
    assert "\n      |                             ^^^\n" in out


def test_check_json(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", broken, "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["code"], found["severity"], found["line"]) == ("DR402", "error", 3)


def test_check_json_without_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", POLICIES, "--format", "json"]) == 0
    assert all(each["severity"] == "warning" for each in json.loads(capsys.readouterr().out))


def test_check_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nowhere.yaml"]) == 1
    assert "DR101" in capsys.readouterr().out


def test_no_colour_when_not_a_terminal(broken: str, store: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", broken])
    main(["evaluate", store, "--policies", broken, "--as-of", DAY])
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err


def test_test_the_shipped_policies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", POLICIES]) == 0
    out = capsys.readouterr().out
    assert "passed" in out
    assert "FAILED" not in out


@pytest.mark.parametrize(
    ("lang", "failed", "difference"),
    [
        ("en", "FAILED p.cases.yaml:3: three", "often.value: expected true, came out false"),
        ("zh", "未通过 p.cases.yaml:3: three", "often.value：应为 true，实为 false"),
    ],
)
def test_test_says_what_failed(
    failing: str, lang: str, failed: str, difference: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", failing, "--lang", lang]) == 1
    out = capsys.readouterr().out
    assert failed in out
    assert difference in out
    assert "    | " in out  # the explanation
    assert ("没有这样的样例：高于" if lang == "zh" else "no case above") in out


# ---------------------------------------------------------------------------------------------------
# init, facts, schema, demo


def test_init_then_check_and_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "mine"
    assert main(["init", str(target)]) == 0
    assert str(target / "tiers.yaml") in capsys.readouterr().out
    assert (target / "tiers.cases.yaml").read_bytes() == (ROOT / "policies/tiers.cases.yaml").read_bytes()
    assert main(["check", str(target)]) == 0
    assert main(["test", str(target)]) == 0


def test_init_refuses_to_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "tiers.yaml"
    mine.write_text("policy: mine\n")
    assert main(["init", str(tmp_path)]) == 1
    assert str(mine) in capsys.readouterr().err
    assert mine.read_text() == "policy: mine\n"
    assert list(tmp_path.iterdir()) == [mine]


@pytest.mark.parametrize(("lang", "says"), [("zh", "被采纳的建议数"), ("en", "Suggestions adopted")])
def test_facts(lang: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "--lang", lang]) == 0
    out = capsys.readouterr().out
    assert says in out
    assert max(map(columns, out.splitlines())) <= 80


def test_facts_of_own_policies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.yaml").write_text("policy: p\nfacts:\n  visits_ever_made: {count: visits}\n")
    assert main(["facts", str(tmp_path)]) == 0
    assert "visits_ever_made" in capsys.readouterr().out


def test_schema_is_the_one_in_the_docs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    committed = (ROOT / "docs/schema/policy.schema.json").read_text(encoding="utf-8")
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == committed
    assert main(["schema", "--out", str(tmp_path / "s.json")]) == 0
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == committed


@pytest.mark.parametrize(
    ("lang", "says"), [("zh", "虚构门店：80位客户"), ("en", "an artificial store: 80 customers")]
)
def test_demo(lang: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--customers", "80", "--lang", lang]) == 0
    first = capsys.readouterr().out
    assert says in first
    assert main(["demo", "--customers", "80", "--lang", lang]) == 0
    assert capsys.readouterr().out == first


def test_demo_keeps_the_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--customers", "20", "--keep", str(tmp_path / "store")]) == 0
    assert evaluate(str(tmp_path / "store"), "--decision", "tier") == 0
    assert "C000020" in capsys.readouterr().out


# ---------------------------------------------------------------------------------------------------
# The process


def process(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "dealerrules", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False, **more
    )  # type: ignore[call-overload]


def test_process_codes(store: str, broken: str) -> None:
    good = process("evaluate", store, "--policies", POLICIES, "--as-of", DAY, "--format", "jsonl")
    assert (good.returncode, good.stderr) == (0, "")
    assert len(good.stdout.splitlines()) == 3
    assert process("check", broken).returncode == 1
    wrong = process("check", "--nope")
    assert wrong.returncode == 2
    assert "usage" in wrong.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "STORE", "C1", "--as-of", DAY, "--lang", "zh"],
        ["check", POLICIES],
        ["test", POLICIES],
        ["init", "NEW"],
        ["facts"],
        ["schema"],
        ["demo", "--customers", "40"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_process_of_every_command(arguments: list[str], store: str, tmp_path: Path) -> None:
    given = {"STORE": store, "NEW": str(tmp_path / "new")}
    done = process(*(given.get(each, each) for each in arguments))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
    assert "\x1b" not in done.stdout


def test_a_reader_that_stops_is_no_error() -> None:
    command = f"{sys.executable} -m dealerrules facts | head -1"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.stderr) == ("customer\n", "")


# ---------------------------------------------------------------------------------------------------
# Tables


def test_table_counts_wide_characters_twice() -> None:
    assert table(["名", "b"], [["客户", "x"]]) == "名    b\n----  -\n客户  x\n"


def test_table_breaks_long_cells() -> None:
    out = table(["id", "because"], [["C1", " ".join(f"angle.rule-{n}" for n in range(30))]])
    assert max(map(len, out.splitlines())) <= 80
    assert out.count("angle.rule-") == 30


def test_table_breaks_chinese_anywhere() -> None:
    out = table(["a", "b"], [["客户" * 30, "进站" * 30]], width=40)
    assert max(map(columns, out.splitlines())) <= 40
