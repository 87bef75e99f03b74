"""How a diagnostic is written out, and the table of codes."""

from __future__ import annotations

import json
import pickle
from string import Formatter

import pytest

from dealerrules.diagnostics import (
    CODES,
    Code,
    Diagnostic,
    Phrase,
    PolicyError,
    Severity,
    Source,
    Span,
    nearest_word,
    render_all,
    shown,
    sort_diagnostics,
)

SOURCE = Source(
    "policies/tiers.yaml", "policy: tiers\n    kind: teir\n三级客户: {类别: 超级}\r\n\ta:\tb\r\nlast"
)


def twice(source: Source, line: int, column: int, length: int = 1, **more: object) -> Diagnostic:
    span = Span(source, line, column, line, column + length)
    return Diagnostic("DR106", span, {"key": "vip", "line": "1"}, **more)  # type: ignore[arg-type]


# --- places -------------------------------------------------------------------------------------------


def test_lines() -> None:
    assert [SOURCE.line(number) for number in range(7)] == [
        "",
        "policy: tiers",
        "    kind: teir",
        "三级客户: {类别: 超级}",
        "\ta:\tb",
        "last",
        "",
    ]
    assert Source(SOURCE.name, SOURCE.text) == SOURCE
    assert repr(SOURCE) == "Source(name='policies/tiers.yaml')"


def test_span() -> None:
    span = Span(SOURCE, 12, 5, 12, 9)
    assert (span.place, span.short) == ("policies/tiers.yaml:12:5", "tiers.yaml:12")
    assert Span(Source("a\nb.yaml", ""), 1, 1, 1, 1).place == "a<U+000A>b.yaml:1:1"
    assert pickle.loads(pickle.dumps(span)) == span
    first, second, third = (
        Span(SOURCE, 2, 9, 2, 9),
        Span(SOURCE, 12, 1, 12, 1),
        Span(Source("z", ""), 1, 1, 1, 1),
    )
    assert sorted([third, second, first]) == [first, second, third]
    assert first < second
    assert third >= second
    assert len({first, Span(SOURCE, 2, 9, 2, 9)}) == 1


# --- one diagnostic -----------------------------------------------------------------------------------


def test_whole_form() -> None:
    found = twice(
        SOURCE, 2, 11, 4, nearest="tier", related=((Span(SOURCE, 1, 1, 1, 7), Phrase("在这里", "here")),)
    )
    assert found.render() == (
        "policies/tiers.yaml:2:11: error DR106: `vip` is written twice, first on line 1\n"
        "    2 |     kind: teir\n"
        "      |           ^^^^\n"
        "   : policies/tiers.yaml:1:1: here\n"
        "   = did you mean `tier`? keep one of the two, or rename one"
    )
    assert found.render("zh") == (
        "policies/tiers.yaml:2:11: 错误 DR106: `vip` 写了两次，第一次在第 1 行\n"
        "    2 |     kind: teir\n"
        "      |           ^^^^\n"
        "   : policies/tiers.yaml:1:1: 在这里\n"
        "   = 是不是想写 `tier`？留下一个，或者给其中一个改名"
    )
    assert found.severity is Severity.ERROR


def test_colour() -> None:
    assert twice(SOURCE, 2, 11, 4).render(color=True) == (
        "policies/tiers.yaml:2:11: \x1b[1;31merror DR106\x1b[0m: `vip` is written twice, first on line 1\n"
        "    2 |     kind: teir\n"
        "      | \x1b[1;31m          ^^^^\x1b[0m\n"
        "   = keep one of the two, or rename one"
    )
    warning = Diagnostic("DR113", Span(SOURCE, 1, 1, 1, 2), {"comment": "#1", "text": "A"})
    assert "\x1b[1;33mwarning DR113\x1b[0m: " in warning.render(color=True)


def underlined(source: Source, line: int, column: int, length: int) -> list[str]:
    return twice(source, line, column, length).render().splitlines()[1:3]


def test_wide_characters_take_two_columns() -> None:
    assert underlined(SOURCE, 3, 8, 2) == [
        "    3 | 三级客户: {类别: 超级}",
        "      |            ^^^^",
    ]
    decomposed = Source("a", "e\u0301é: x")
    assert underlined(decomposed, 1, 5, 1) == ["    1 | e\u0301é: x", "      |    ^"]


def test_tabs_reach_the_next_stop() -> None:
    assert underlined(SOURCE, 4, 2, 2) == ["    4 |     a:  b", "      |     ^^"]
    assert underlined(SOURCE, 4, 5, 1) == ["    4 |     a:  b", "      |         ^"]
    assert underlined(SOURCE, 4, 1, 1) == ["    4 |     a:  b", "      | ^^^^"]


def test_what_cannot_be_seen_is_named() -> None:
    hidden = Source("a", "a\u200bb\u202ec\x00\x1b[31m\ud800")
    assert underlined(hidden, 1, 2, 1) == [
        "    1 | a<U+200B>b<U+202E>c<U+0000><U+001B>[31m<U+D800>",
        "      |  ^^^^^^^^",
    ]
    found = Diagnostic("DR106", Span(hidden, 1, 1, 1, 2), {"key": "\x1b[31m\n\ud800", "line": "1"})
    assert found.message() == "`<U+001B>[31m<U+000A><U+D800>` is written twice, first on line 1"
    found.render().encode()


def test_places_at_and_behind_the_end() -> None:
    assert underlined(SOURCE, 5, 5, 0) == ["    5 | last", "      |     ^"]
    assert underlined(SOURCE, 5, 50, 3) == ["    5 | last", "      |     ^"]
    assert underlined(SOURCE, 99, 1, 1) == ["   99 |", "      | ^"]
    over_lines = Diagnostic("DR106", Span(SOURCE, 1, 9, 3, 2), {"key": "a", "line": "1"})
    assert over_lines.render().splitlines()[1:3] == ["    1 | policy: tiers", "      |         ^^^^^"]


def test_without_text_there_is_nothing_to_quote() -> None:
    assert twice(Source("a", ""), 1, 1).render() == (
        "a:1:1: error DR106: `vip` is written twice, first on line 1\n   = keep one of the two, or rename one"
    )


@pytest.mark.parametrize("filler", ["x", "三", "\t", "\u200b"])
def test_long_lines_are_cut_around_the_place(filler: str) -> None:
    source = Source("a", filler * 700 + "HERE" + filler * 700)
    for column in (1, 3, 60, 650, 701, 1_000, 1_400):
        quoted, carets = underlined(source, 1, column, 4)
        assert len(quoted) <= 100
        assert len(carets) <= 108
    quoted, carets = underlined(source, 1, 701, 4)
    start = carets.index("^")
    if filler != "三":
        assert quoted[start : start + 4] == "HERE"
    assert carets.count("^") == 4
    assert quoted.startswith("    1 | ...")
    assert quoted.endswith("...")


def test_a_million_characters_are_no_trouble() -> None:
    source = Source("a", "三" * 1_000_000)
    for column in (1, 500_000, 1_000_000):
        assert len(twice(source, 1, column, 500_000).render()) < 400


def test_as_json() -> None:
    found = twice(
        SOURCE, 2, 11, 4, nearest="tier", related=((Span(SOURCE, 1, 1, 1, 7), Phrase("在这里", "here")),)
    )
    place = {"file": "policies/tiers.yaml", "line": 2, "column": 11, "end_line": 2, "end_column": 15}
    assert found.to_dict("en") == {
        "code": "DR106",
        "severity": "error",
        **place,
        "message": "`vip` is written twice, first on line 1",
        "help": "did you mean `tier`? keep one of the two, or rename one",
        "nearest": "tier",
        "related": [
            {
                "file": "policies/tiers.yaml",
                "line": 1,
                "column": 1,
                "end_line": 1,
                "end_column": 7,
                "message": "here",
            }
        ],
    }
    both = found.to_dict()
    assert both["message"] == {
        "zh": "`vip` 写了两次，第一次在第 1 行",
        "en": "`vip` is written twice, first on line 1",
    }
    assert json.loads(json.dumps(both)) == both


# --- many diagnostics ---------------------------------------------------------------------------------


def test_count_line() -> None:
    error = twice(SOURCE, 2, 1)
    warning = Diagnostic("DR112", Span(SOURCE, 1, 1, 1, 2))
    assert render_all([error, warning, error]).splitlines()[-1] == "2 errors, 1 warning"
    assert render_all([error, warning, error], "zh").splitlines()[-1] == "2个错误，1个警告"
    assert render_all([error]).splitlines()[-1] == "1 error"
    assert render_all([warning, warning]).splitlines()[-1] == "2 warnings"
    assert render_all([warning], "zh").splitlines()[-1] == "1个警告"
    assert (render_all([]), render_all([], "zh")) == ("no problems found", "没有发现问题")


def test_source_order() -> None:
    other = Source("policies/churn.yaml", "a")
    found = [twice(SOURCE, 12, 1), twice(SOURCE, 2, 9), twice(SOURCE, 2, 1), twice(other, 99, 1)]
    assert sort_diagnostics(found) == found[::-1]
    places = [line.partition(" ")[0] for line in render_all(found).splitlines() if "error DR" in line]
    assert places == [
        "policies/churn.yaml:99:1:",
        "policies/tiers.yaml:2:1:",
        "policies/tiers.yaml:2:9:",
        "policies/tiers.yaml:12:1:",
    ]


def test_policy_error() -> None:
    raised = PolicyError([twice(SOURCE, 2, 11), Diagnostic("DR102", Span(Source("a.yaml", ""), 1, 1, 1, 1))])
    assert str(raised) == (
        "a.yaml:1:1: error DR102: the file is empty (write a policy into it, or delete it)\n"
        "policies/tiers.yaml:2:11: error DR106: `vip` is written twice, first on line 1 "
        "(keep one of the two, or rename one)"
    )
    assert raised.text("zh") == render_all(raised.diagnostics, "zh")
    again = pickle.loads(pickle.dumps(raised))
    assert isinstance(again, PolicyError)
    assert again.diagnostics == raised.diagnostics
    assert str(again) == str(raised)
    assert isinstance(raised, ValueError)
    assert len(set(raised.diagnostics)) == 2


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("teir", "tier"),
        ("tier", "tier"),
        ("TIER", "tier"),
        ("ｔｉｅｒ", "tier"),
        ("At-Least", "at_least"),
        ("at least", "at_least"),
        ("atleast", "at_least"),
        ("at_lest", "at_least"),
        ("visit_past_year", "visits_past_year"),
        ("超级客户", "超级VIP客户"),
        ("payouts", "payout"),
        ("bonus", None),
        ("x", None),
        ("", None),
        ("t" * 100_000, None),
    ],
)
def test_nearest_word(word: str, meant: str | None) -> None:
    words = ["tier", "stage", "payout", "at_least", "at_most", "visits_past_year", "超级VIP客户"]
    assert nearest_word(word, words) == meant
    assert nearest_word(word, reversed(words)) == meant
    assert nearest_word(word, []) is None


def test_shown_cuts_long_texts() -> None:
    assert shown("x" * 400) == "x" * 300 + "..."
    assert shown("一二三", 2) == "一二..."
    assert shown("一　二") == "一　二"


# --- the table ----------------------------------------------------------------------------------------


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.id)
def test_codes_say_the_same_in_both_languages(code: Code) -> None:
    assert fields(code.message["zh"]) == fields(code.message["en"])
    assert fields(code.help["zh"]) == fields(code.help["en"])
    for texts in (code.message, code.help, code.about):
        assert set(texts) == {"zh", "en"}
        assert bool(texts["zh"]) == bool(texts["en"])


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.id)
def test_codes_keep_the_style(code: Code) -> None:
    assert code.message["en"]
    assert code.about["en"]
    for text in (code.message["en"], code.help["en"]):
        assert not text.endswith(".")
        assert not text[:1].isupper() or text.split()[0].isupper() or text.startswith("YAML")
    for text in (code.message["zh"], code.help["zh"]):
        assert not text.endswith("。")
    for text in code.about.values():
        assert text.endswith((".", "。"))


def test_codes_are_in_order() -> None:
    assert list(CODES) == sorted(CODES)
    assert all(code.id == key for key, code in CODES.items())
