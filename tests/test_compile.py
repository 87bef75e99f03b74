"""From paths to editions: which files are policies, what is said of none, and how versions cut time."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dealerrules.diagnostics import Diagnostic, PolicyError, Source
from dealerrules.policy.compile import (
    _found,
    compile_nodes,
    compile_sources,
    policy_files,
    policy_nodes,
    read_sources,
)
from dealerrules.policy.draft import Finding
from dealerrules.policy.scope import Report

if TYPE_CHECKING:
    from collections.abc import Iterator


def policy(
    name: str, effective: str = "", rows: str = "[{id: a, when: {media: true}, then: {it: true}}]"
) -> str:
    """Return a policy `name` with a decision of the same name."""
    force = f"effective: {{{effective}}}\n" if effective else ""
    table = f"{{kind: rules, hit: unique, outputs: {{it: {{type: boolean}}}}, rows: {rows}, otherwise: {{it: false}}}}"
    return f"policy: {name}\n{force}decisions: {{{name}: {table}}}\n"


def said(diagnostics: list[Diagnostic] | tuple[Diagnostic, ...]) -> list[str]:
    """Return what is said, with its place and everything beside it."""
    return [
        f"{each.span.place} {each.severity.value} {each.code} {each.message('en')} / {each.message('zh')}"
        + "".join(f" | {span.place} {words.en} / {words.zh}" for span, words in each.related)
        for each in diagnostics
    ]


# --- files --------------------------------------------------------------------------------------------


def test_which_files_of_a_directory_are_policies(tmp_path: Path) -> None:
    """All below it, in order, under the names that they were given by; cases are none, and no file counts twice."""
    names = [
        "b.yaml",
        "a.yml",
        "sub/c.yaml",
        "sub/deep/d.yaml",
        "a.cases.yaml",
        "sub/b.cases.yml",
        "notes.txt",
        "yaml",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("policy: p\n", encoding="utf-8")
    (tmp_path / "again.yaml").symlink_to(tmp_path / "b.yaml")
    asked = [tmp_path, tmp_path / "b.yaml", tmp_path / "notes.txt", tmp_path / "a.cases.yaml"]
    found = policy_files(asked)  # what is asked for by its own name is read, whatever it is called
    wanted = ["a.yml", "again.yaml", "sub/c.yaml", "sub/deep/d.yaml", "notes.txt", "a.cases.yaml"]
    assert [(path, shown) for path, shown in found] == [
        (tmp_path / name, (tmp_path / name).as_posix()) for name in wanted
    ]


def test_files_are_read_in_order_and_a_directory_of_none_is_said(tmp_path: Path) -> None:
    """The rest is read all the same; what is not there is told by reading it."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    for name in ("b", "a"):
        (tmp_path / "full" / f"{name}.yaml").write_text(policy(name), encoding="utf-8")
    report = Report()
    sources = read_sources(iter([tmp_path / "empty", tmp_path / "full", tmp_path / "gone.yaml"]), report)
    assert [(source.name, source.text) for source in sources] == [
        ((tmp_path / "full" / f"{name}.yaml").as_posix(), policy(name)) for name in ("a", "b")
    ]
    empty, gone = said(report.diagnostics)
    assert empty == (
        f"{(tmp_path / 'empty').as_posix()}:1:1 error DR101 cannot read the file: there is no policy file (*.yaml) in this"
        " directory / 无法读取文件：目录里没有政策文件（*.yaml）"
    )
    assert gone.startswith(f"{(tmp_path / 'gone.yaml').as_posix()}:1:1 error DR101 ")
    span = report.diagnostics[0].span
    assert (span.end_line, span.end_column, span.source.text) == (1, 1, "")


def test_what_cannot_be_looked_at_is_kept_for_reading_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that is closed, a path of which nothing can be asked, one that cannot be followed."""
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(policy("a"), encoding="utf-8")
    look, ask, follow = os.scandir, Path.is_dir, Path.resolve

    def scandir(path: str | Path) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    def is_dir(path: Path) -> bool:
        if path.name == "odd":
            raise PermissionError(13, "Permission denied", str(path))
        return ask(path)

    def resolve(path: Path) -> Path:
        if path.name == "loop":
            message = "Symlink loop"
            raise RuntimeError(message)
        return follow(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "is_dir", is_dir)
    monkeypatch.setattr(Path, "resolve", resolve)
    monkeypatch.chdir(tmp_path)
    found = [shown for _, shown in policy_files([tmp_path, Path("odd"), Path("loop"), tmp_path / "loop"])]
    assert found == [
        (tmp_path / "closed").as_posix(),
        (tmp_path / "open" / "a.yaml").as_posix(),
        "odd",
        "loop",
    ]


# --- versions -----------------------------------------------------------------------------------------


def test_versions_cut_time_into_editions() -> None:
    """In each piece the same policies are in force; where none is, there is no edition."""
    texts = {
        "old": policy("bonus", "from: 2013-01-01, until: 2013-06-30"),
        "new": policy("bonus", "from: 2014-01-01"),
        "tier": policy("tier", "from: 2013-03-01, until: 2013-12-31"),
        "late": policy("late", "until: 2012-11-30"),
    }
    editions, warnings = compile_sources(Source(f"{name}.yaml", text) for name, text in texts.items())
    found = [(str(each.start), str(each.end), sorted(each.decisions)) for each in editions]
    assert (found, warnings) == (
        [
            ("0001-01-01", "2012-11-30", ["late"]),
            ("2013-01-01", "2013-02-28", ["bonus"]),
            ("2013-03-01", "2013-06-30", ["bonus", "tier"]),
            ("2013-07-01", "2013-12-31", ["tier"]),
            ("2014-01-01", str(date.max), ["bonus"]),
        ],
        [],
    )


def test_no_policies_make_no_editions() -> None:
    assert compile_sources([]) == ((), [])


def test_versions_that_overlap_are_told_each_with_the_other() -> None:
    """Whatever their order; one that is within another does not hide a third; on every day where none has a start."""
    texts = {
        "c": policy("bonus", "from: 2014-06-01"),
        "a": policy("bonus", "from: 2013-01-01, until: 2014-12-31"),
        "b": policy("bonus", "from: 2013-02-01, until: 2013-03-01"),
        "x": policy("tier"),
        "y": policy("tier"),
    }
    with pytest.raises(PolicyError) as caught:
        compile_sources([Source(f"{name}.yaml", text) for name, text in texts.items()])
    assert sorted(said(caught.value.diagnostics)) == [
        (
            "b.yaml:2:19 error DR502 two versions of `bonus` are in force on 2013-02-01 / `bonus` 的两个版本在 2013-02-01 同时有效"
            " | a.yaml:2:19 the other version / 另一个版本"
        ),
        (
            "c.yaml:2:19 error DR502 two versions of `bonus` are in force on 2014-06-01 / `bonus` 的两个版本在 2014-06-01 同时有效"
            " | a.yaml:2:19 the other version / 另一个版本"
        ),
        (
            "y.yaml:1:9 error DR502 two versions of `tier` are in force on every day / `tier` 的两个版本在每一天同时有效"
            " | x.yaml:1:9 the other version / 另一个版本"
        ),
    ]


def test_nodes_compile_as_their_texts_do() -> None:
    report = Report()
    nodes = policy_nodes(
        report, [Source("p.yaml", policy("p")), Source("none.yaml", ""), Source("q.yaml", "[1]")]
    )
    texts = said(report.diagnostics)
    assert (len(nodes), report.lost, [each.partition(" ")[0] for each in texts]) == (
        1,
        True,
        ["none.yaml:1:1", "q.yaml:1:1"],
    )
    editions = compile_nodes(Report(), nodes)
    assert editions == compile_sources([Source("p.yaml", policy("p"))])[0]


FAULTY = {
    "names at fault are no versions of one policy": ([policy("p").replace("policy: p", "policy: 1 x")] * 2),
    "an end before the start": [policy("p", "from: 2014-01-02, until: 2014-01-01")],
    "more of a policy that is not there": ["policy: q\nextend: nothing\n"],
    "a fact of a list that cannot be read": [
        f"{policy('p', rows='[{id: a, when: {own: true}, then: {it: true}}]')}facts: few\n"
    ],
    "a fact of a list that is written twice": [
        (
            f"facts: {{}}\n{policy('p', rows='[{id: a, when: {own: true}, then: {it: true}}]')}"
            "facts: {own: {field: customer.attributes.own, type: boolean}}\n"
        )
    ],
    "each version is looked at": [
        policy("p", rows=f"[{{id: a, when: {{{fact}: true}}, then: {{it: true}}}}]")
        for fact in ("media", "one", "two")
    ],
}
SAID = {
    "names at fault are no versions of one policy": [
        "0.yaml:1:9 DR206",
        "1.yaml:1:9 DR206",
        "1.yaml:2:13 DR309",
    ],
    "an end before the start": ["0.yaml:2:38 DR512"],
    "more of a policy that is not there": ["0.yaml:2:9 DR313"],
    "a fact of a list that cannot be read": ["0.yaml:3:8 DR203"],
    "a fact of a list that is written twice": ["0.yaml:4:1 DR106"],
    "each version is looked at": [
        "1.yaml:1:9 DR502",
        "1.yaml:2:97 DR301",
        "2.yaml:1:9 DR502",
        "2.yaml:2:97 DR301",
    ],
}


@pytest.mark.parametrize("name", FAULTY)
def test_what_is_said_of_policies_and_what_is_not(name: str) -> None:
    with pytest.raises(PolicyError) as caught:
        compile_sources([Source(f"{at}.yaml", text) for at, text in enumerate(FAULTY[name])])
    assert sorted(f"{each.span.place} {each.code}" for each in caught.value.diagnostics) == SAID[name]


def test_what_is_found_after_an_edit_of_one_of_several_files() -> None:
    """The others keep what is wrong with them, and are read once; an edit that spoils its text finds nothing."""
    club = "policy: club\ndecisions:\n  club: {kind: tier, levels: {a: {}, b: {}}, angels: {}}\n"
    sources = [
        Source("club.yaml", club),
        Source("other.yaml", "policy: other\npolicy: other\n"),
        Source("lost.yaml", "policy: lost\nfacts: {a: {count: visits}\n"),
    ]
    at = club.index("angels")

    def edit(start: int, end: int, new: str) -> dict[str, tuple[Finding, ...]]:
        return {"club.yaml": (Finding("DR201", start, end, {}, ((start, end, new),)),)}

    read: dict[str, Any] = {}
    others = [
        "other.yaml:2:1 DR106 `policy` is written twice, first on line 1",
        "lost.yaml:2:8 DR104 not valid YAML: the bracket `{` is never closed",
    ]

    def told(edits: dict[str, tuple[Finding, ...]]) -> list[str] | None:
        found = _found(sources, read, edits)
        return (
            None
            if found is None
            else [f"{each.span.place} {each.code} {each.message('en')}" for each in found]
        )

    wrong = ["club.yaml:3:46 DR201 unknown key `angels`", "club.yaml:3:54 DR205 nothing is written here"]
    assert told({}) == [*others, *wrong]
    kept = dict(read)
    assert list(kept) == ["club.yaml", "other.yaml", "lost.yaml"]
    assert told(edit(at, at + 10, "angles: {x: {a: [{id: r, when: {media: true}}]}}")) == others
    assert told(edit(at, at + 10, "")) == [*others, "club.yaml:3:3 DR202 `angles` is missing"]
    assert told(edit(at, at + 10, "{")) is None
    assert told(edit(at, at, "kind: tier, ")) is None
    assert all(read[name] is kept[name] for name in kept)
