"""Bad policies: everything that is said about each file of corpus/bad, in both languages, to the character.

``UPDATE_GOLDEN=1 pytest tests/test_corpus.py`` writes the expected texts anew; read what it changed.
"""

from __future__ import annotations

import contextlib
import os
import re
import string
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from dealerrules.analysis.lint import check
from dealerrules.book import load, loads
from dealerrules.diagnostic_codes import CODES
from dealerrules.diagnostics import Diagnostic, Lang, PolicyError, Severity, render_all, sort_diagnostics
from dealerrules.testing import load_cases

SHIPPED = Path(__file__).parents[1] / "policies"
BAD = Path(__file__).parent / "corpus" / "bad"
FILES = sorted(path.name for path in BAD.iterdir() if path.is_dir() or path.suffix == ".yaml")
LANGUAGES: tuple[Lang, ...] = get_args(Lang)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
BUILT_HERE = {"DR101", "DR103", "DR108", "DR112"}  # files that git would spoil, or that are no files


def found_in(path: Path) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with a file, or with a directory of policies and their cases."""
    if path.name.startswith("dr7"):
        return tuple(check(path, today=date(2015, 1, 2)))
    try:
        book = load(path)
        if path.is_dir():
            load_cases([path], book)
    except PolicyError as error:
        return error.diagnostics
    return tuple(sort_diagnostics(book.warnings))


class Found(Mapping[str, tuple[Diagnostic, ...]]):
    """Everything that is wrong, by name, found when it is asked for; places are relative to the corpus."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[Diagnostic, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Diagnostic, ...]:
        if name not in self.known:
            with contextlib.chdir(BAD):
                self.known[name] = found_in(Path(name))
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(FILES)

    def __len__(self) -> int:
        return len(FILES)


@pytest.fixture(scope="module")
def found() -> Mapping[str, tuple[Diagnostic, ...]]:
    return Found()


def each(found: Mapping[str, tuple[Diagnostic, ...]]) -> Iterator[tuple[str, Diagnostic]]:
    """Yield every diagnostic with the name of its file."""
    yield from ((name, diagnostic) for name, diagnostics in found.items() for diagnostic in diagnostics)


def without_quotes(text: str) -> str:
    """Return a message without what it quotes from the file or the language."""
    return re.sub(r"`[^`]*`|\"[^\"]*\"", "", text)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", FILES)
def test_what_is_said(name: str, lang: Lang, found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    said = render_all(found[name], lang) + "\n"
    golden = BAD / f"{name.removesuffix('.yaml')}.{lang}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


def test_every_text_has_its_policy() -> None:
    expected = {f"{name.removesuffix('.yaml')}.{lang}.txt" for name in FILES for lang in LANGUAGES}
    assert {path.name for path in BAD.glob("*.txt")} == expected


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("dr")])
def test_a_file_named_after_a_code_shows_it(name: str, found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    assert name[:5].upper() in {diagnostic.code for diagnostic in found[name]}


def test_every_code_has_a_file() -> None:
    named = {name[:5].upper() for name in FILES}
    assert set(CODES) - BUILT_HERE <= named


def test_every_place_is_sound(found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    for name, diagnostic in each(found):
        spans = [diagnostic.span, *(span for span, _ in diagnostic.related)]
        for span in spans:
            lines = re.split(r"\r\n|\r|\n", span.source.text)
            assert span.source.name.startswith(name), diagnostic
            assert (span.line, span.column) <= (span.end_line, span.end_column), diagnostic
            assert span.line >= 1, diagnostic
            assert span.column >= 1, diagnostic
            assert span.end_line <= len(lines), diagnostic
            assert span.end_column - 1 <= len(lines[span.end_line - 1]), diagnostic


def test_nothing_is_said_twice(found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    for name, diagnostics in found.items():
        said = [(diagnostic.code, diagnostic.span.place, diagnostic.message()) for diagnostic in diagnostics]
        assert len(set(said)) == len(said), name


def test_source_order(found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    for diagnostics in found.values():
        assert all(first.span <= second.span for first, second in pairwise(diagnostics))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_languages_are_not_mixed(lang: Lang, found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    for name, diagnostic in each(found):
        notes = [note.text(lang) for _, note in diagnostic.related if not isinstance(note, str)]
        for text in (diagnostic.message(lang), diagnostic.help(lang), *notes):
            plain = without_quotes(text)
            if lang == "en":
                assert not CHINESE.search(plain), (name, text)
            else:
                words = set(re.findall(r"[A-Za-z]{3,}", plain))
                assert words <= ZH_MAY_SAY, (name, text)


ZH_MAY_SAY = {"YAML", "UTF", "Tab"}
"""Words that a Chinese message has outside quotes: names of formats and keys."""


def test_the_nearest_word_is_another_one(found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    for name, diagnostic in each(found):
        if diagnostic.nearest is not None:
            assert diagnostic.nearest not in diagnostic.values.values(), name
            assert diagnostic.nearest in diagnostic.help("zh")
            assert diagnostic.nearest in diagnostic.help("en")


# --- many mistakes in one file ------------------------------------------------------------------------


def test_ten_mistakes_are_ten_diagnostics(found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    places = [(diagnostic.span.line, diagnostic.code) for diagnostic in found["many-ten-in-tiers.yaml"]]
    assert places == [
        (4, "DR402"),
        (10, "DR201"),
        (17, "DR301"),
        (19, "DR404"),
        (22, "DR302"),
        (24, "DR311"),
        (26, "DR406"),
        (29, "DR404"),
        (30, "DR310"),
        (36, "DR402"),
    ]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("many-in-incentives.yaml", [2, 6, 7, 12, 17, 18, 19, 24, 29, 30, 37, 37, 40, 43, 44, 45]),
        ("many-of-yaml-and-of-the-policy.yaml", [2, 4, 11, 12, 14, 20, 21, 22]),
        ("follow-up-of-faulty-definitions.yaml", [3, 4, 6, 6, 7, 9, 14, 19, 23]),
        ("follow-up-of-a-faulty-measure.yaml", [6, 10]),
    ],
)
def test_each_mistake_once_where_it_stands(
    name: str, lines: list[int], found: Mapping[str, tuple[Diagnostic, ...]]
) -> None:
    assert [diagnostic.span.line for diagnostic in found[name]] == lines


def test_cases_too_are_read_to_the_end(found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    assert [diagnostic.span.line for diagnostic in found["many-in-cases"]] == [3, 10, 11, 14, 21, 22, 22]


def test_no_line_is_lost_in_silence() -> None:
    """Without any one of its lines the shipped policy loads, or says soundly and briefly why not."""
    lines = (SHIPPED / "tiers.yaml").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        found = found_in_text("\n".join([*lines[:number], *lines[number + 1 :]]))
        assert len(found) <= 10, (line, render_all(found))
        assert all(1 <= diagnostic.span.line < len(lines) for diagnostic in found), line


def found_in_text(text: str) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with a policy of one tier, which is not lost if nothing is."""
    try:
        book = loads(text)
    except PolicyError as error:
        return error.diagnostics
    assert list(book.decisions) == ["tier"]
    return book.warnings


# --- files that git would spoil, or that are no files -------------------------------------------------


def test_dr101_no_such_file(tmp_path: Path) -> None:
    (diagnostic,) = found_in(tmp_path / "tiers.yaml")
    assert diagnostic.code == "DR101"
    assert diagnostic.message("en") == "cannot read the file: there is no such file"
    assert diagnostic.message("zh") == "无法读取文件：没有这个文件"


def test_dr103_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "tiers.yaml"
    path.write_text("policy: 客户级别\n", encoding="utf-16")
    (diagnostic,) = found_in(path)
    assert diagnostic.code == "DR103"
    assert "UTF-16" in diagnostic.message("en")
    assert "UTF-16" in diagnostic.message("zh")


def test_dr108_too_big(tmp_path: Path) -> None:
    path = tmp_path / "tiers.yaml"
    path.write_text("policy: tiers\n" + "# 注释\n" * 200_000, encoding="utf-8")
    (diagnostic,) = found_in(path)
    assert diagnostic.code == "DR108"
    assert diagnostic.message("en") == "the file is too big: at most 1 MiB"
    assert diagnostic.message("zh") == "文件太大，最多 1 MiB"


def test_dr112_gbk_is_read_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "tiers.yaml"
    path.write_bytes("policy: tiers\ntitle: 三级客户界定方案，以及客户维系方案\n".encode("gbk"))
    (diagnostic,) = found_in(path)
    assert (diagnostic.code, diagnostic.severity) == ("DR112", Severity.WARNING)
    assert "GBK" in diagnostic.message("zh")


# --- the table of codes -------------------------------------------------------------------------------


def fields(template: str) -> set[str]:
    """Return the names of a template's fields."""
    return {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}


@pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))
def test_templates_are_alike_in_both_languages(code: object) -> None:
    for texts in (code.message, code.help, code.about):  # type: ignore[attr-defined]
        assert set(texts) == set(LANGUAGES)
        assert all(texts.values())
    assert fields(code.message["zh"]) == fields(code.message["en"])  # type: ignore[attr-defined]
    assert fields(code.help["zh"]) == fields(code.help["en"])  # type: ignore[attr-defined]
    assert not fields(code.about["zh"]) | fields(code.about["en"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", sorted(set(CODES) - BUILT_HERE))
def test_templates_are_filled(code: str, found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
    shown = [diagnostic for _, diagnostic in each(found) if diagnostic.code == code]
    for diagnostic in shown:
        given = set(diagnostic.values)
        for lang in LANGUAGES:
            template = CODES[code].message[lang] + CODES[code].help[lang]
            assert fields(template) <= given
            assert diagnostic.message(lang)
            assert diagnostic.help(lang)
            assert diagnostic.render(lang).count("\n") >= 2
            assert diagnostic.to_dict(lang)["message"] == diagnostic.message(lang)
    assert shown
