"""Whatever policies and records hold is only ever shown: in pages, in Markdown, in CSV files and on terminals.

The same policies and records are told twice, once with harmless texts and once with texts that try everything. The
pages must then have the very same elements and attributes: none came from a text. That no field is forgotten is held
by a walk over the models: each that may hold a text of people's own holds one here.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules.cli import main
from dealerrules.outputs import guarded, write_csv
from dealerrules.pages import html, markdown, plain
from dealerrules.policy.document import PolicyShape
from dealerrules.policy.fields import Shape
from dealerrules.records import SUBJECTS, TABLES
from dealerrules.text_tables import table
from dealerrules.values import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic.fields import FieldInfo

DAY = "2014-09-30"
MARKUP = (
    "\"></title></style></script></svg><script>alert(1)</script><img src=x onerror=alert(1)>' onload='x "
    "<!-- ]]> <a href=javascript:alert(1)>[b](javascript:alert(1)) ![i](http://x.invalid/) `c` **d** | e &lt; &#60; {f} %s"
)
UNSEEN = "\x1b]0;title\x07\x1b[31mred\x9b31m\x00\x08\x7f\r\n\t\u202eright\u2066\u200b\u200f\ufeff\u2028\u2029\x85end"
HOSTILE = "=" + MARKUP + UNSEEN
NAME = "=\"></title><script>alert(1)</script><b/onload='x'>&lt;%s(\x1b)\x07\u202e\u200b|*_#"
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫")

# --- what is told -------------------------------------------------------------------------------------


@dataclass
class Words:
    """Gives texts of people's own, each another one; hostile ones or harmless ones."""

    hostile: bool
    given: int = 0

    def __call__(self) -> str:
        """Return the next text."""
        self.given += 1
        return f"{HOSTILE}{self.given}" if self.hostile else f"harmless {self.given}"

    def name(self) -> str:
        """Return the next name, of a rule, a level, a fact: what no name may hold is left out."""
        self.given += 1
        return f"{NAME}{self.given}" if self.hostile else f"name-{self.given}"

    def title(self) -> dict[str, str]:
        """Return a title in both languages."""
        return {"zh": self(), "en": self()}


def document(say: Words, much: int = 10) -> dict[str, Any]:
    """Return a policy in which everything that may be a text of one's own is one."""

    def described(**more: Any) -> dict[str, Any]:
        source = {"document": say(), "clause": say(), "note": say()}
        return {
            "title": say.title(),
            "source": source,
            "data": {say(): [say(), {"zh": say(), "en": say()}]},
            **more,
        }

    region = say()
    return {
        "policy": say.name(),
        **described(),
        "acknowledge": [{"finding": "DR741", "at": say(), "reason": say.title()}],
        "parameters": {(often := say.name()): described(type="count", value=much)},
        "items": {
            (thing := say.name()): described(value="1 yuan"),
            say.name(): described(refund={"from": "10%", "to": "15%", "of": "premium"}),
        },
        "facts": {
            (word := say.name()): described(field="customer.attributes.word", type="text"),
            say.name(): described(field="customer.attributes.grade", type="category", options=[say(), "b"]),
        },
        "decisions": {
            say.name(): described(
                kind="tier",
                acknowledge=[{"finding": "DR741", "at": say(), "reason": say()}],
                levels={
                    (best := say.name()): described(cadence=say(), benefits={say(): [say.title(), say()]}, follow_up=[say.title()]),
                    say.name(): described(),
                },
                angles={say.name(): {"title": say.title(), "source": {"document": say()}, best: [
                    described(id=say.name(), when={"visits_past_year": {"at_least": often}}),
                    described(id=say.name(), when={"region": region, word: [say(), say()]}),
                ]}},
            ),
            say.name(): described(
                kind="stage",
                measure="months_since_last_visit",
                stages={say.name(): described(**{"from": "0 months"}), say.name(): described(**{"from": "6 months"})},
                when_absent=described(id=say.name()),
                first={say.name(): described(when={"out_of_reach": True})},
            ),
            say.name(): described(
                kind="payout",
                subject="recall_campaign",
                payee=say(),
                measure="attainment",
                unit="returned",
                bands=[
                    described(id=say.name(), **{"from": "0%"}, pays="0 yuan"),
                    described(id=say.name(), over="70%", pays_per_unit=f"{much} yuan", basis="whole"),
                ],
            ),
            say.name(): described(
                kind="offer",
                subject="purchase",
                when={"prepaid_item": {"is_not": "none"}},
                measure="amount",
                bands=[described(id=say.name(), **{"from": "0 yuan"}, choose_one={say(): [thing], say(): [thing]}, always=[thing])],
            ),
            say.name(): described(
                kind="rules",
                hit="collect",
                outputs={
                    (said := say.name()): described(type="text"),
                    (several := say.name()): described(type="texts"),
                    (gifts := say.name()): described(type="items"),
                    (kind_of := say.name()): described(type="category", options=[(option := say()), say()]),
                },
                rows=[described(
                    id=say.name(), when={"region": {"is_not": say()}},
                    then={said: say(), several: [say(), say()], gifts: [thing], kind_of: option},
                )],
            ),
            say.name(): described(
                kind="rules", hit="unique", outputs={(one := say.name()): described(type="text")},
                rows=[{"id": say.name(), "when": {"media": True}, "then": {one: say()}}], otherwise={one: say()},
            ),
            say.name(): described(
                kind="rate", per="month", of={"count": "customers", "where": {"region": region}}, over={"count": "customers"},
            ),
        },
    }  # fmt: skip


def record(say: Words, subject: str, number: int) -> dict[str, Any]:
    """Return a record of a subject in which every text is one of one's own, with an event of every table."""

    def texts(fields: Any) -> dict[str, str]:
        return {
            name: say() for name, type_ in fields.items() if type_.kind is Kind.TEXT and name != "customer_id"
        }

    made: dict[str, Any] = texts(SUBJECTS[subject].fields)
    made |= {name: 110 for name, type_ in SUBJECTS[subject].fields.items() if type_.kind is Kind.COUNT}
    made[SUBJECTS[subject].id_field] = say()
    date_field = SUBJECTS[subject].date_field
    if date_field is not None:
        made[date_field] = DAY
    if subject == "purchase":
        made |= {"amount": "5", "prepaid_item": "oil"}
    if subject == "customer":
        made["attributes"] = {"word": say(), say(): say()}
        made |= {
            name: [{**texts(one.fields), one.date_field: f"2014-0{number + 1}-11"}]
            for name, one in TABLES.items()
        }
    return made


def is_free(field: FieldInfo) -> bool:
    """Tell whether a field of a shape is a text or a name, or holds some."""
    said = f"{field.annotation!r} {field.metadata!r}"
    return any(f"function {reader} " in said for reader in ("_text", "_title", "_attached", "_identifier"))


REFERENCES = {
    "AdviceShape.fact", "AdviceShape.subject", "DecisionShape.kind", "DecisionShape.subject", "FactShape.subject",
    "HappeningShape.dated", "HappeningShape.event", "OfferBandShape.always", "PayoutShape.rounding",
    "RefundShape.of", "SideShape.as_of", "SideShape.count", "SideShape.dated", "SideShape.distinct",
    "SideShape.take", "SubjectShape.dated_by", "PolicyShape.extend", "PolicyShape.remove",
}  # fmt: skip
"""Texts of a policy that must be words of the language or names of something that is there."""


def owner(shape: type[Shape], name: str) -> str:
    """Return the shape that brought a field, with the field."""
    first = next(
        each for each in reversed(shape.__mro__) if issubclass(each, Shape) and name in each.model_fields
    )
    return f"{first.__name__}.{name}"


def shapes(of: type[Shape] = Shape) -> Iterator[type[Shape]]:
    """Yield every shape of the policy language."""
    for each in of.__subclasses__():
        if each.__module__ == PolicyShape.__module__:
            yield each
        yield from shapes(each)


def keys_with_texts(node: Any) -> set[str]:
    """Return the keys under which texts of one's own stand."""
    found: set[str] = set()
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        inner = value if isinstance(value, dict | list) else []
        below = keys_with_texts(inner)
        found |= below
        texts = [key, value, *(inner if isinstance(inner, list) else ())]
        if any(isinstance(each, str) and each.startswith((HOSTILE, NAME)) for each in texts) or below:
            found.add(str(key))
    return found


def test_every_text_of_a_policy_is_among_them() -> None:
    free = {
        owner(shape, name)
        for shape in shapes()
        for name, field in shape.model_fields.items()
        if is_free(field)
    }
    keys = keys_with_texts(document(Words(hostile=True)))
    assert {each for each in free - REFERENCES if each.partition(".")[2] not in keys} == set()
    assert free >= REFERENCES


def test_every_text_of_a_record_is_among_them() -> None:
    for subject in SUBJECTS.values():
        texts = {name for name, type_ in subject.fields.items() if type_.kind is Kind.TEXT}
        made = record(Words(hostile=True), subject.name, 0)
        assert texts - {"customer_id"} <= {
            name for name, value in made.items() if str(value).startswith(HOSTILE)
        }
        for name, one in subject.tables.items():
            texts = {field for field, type_ in one.fields.items() if type_.kind is Kind.TEXT} - {
                "customer_id"
            }
            (event,) = made[name]
            assert texts <= {field for field, value in event.items() if str(value).startswith(HOSTILE)}


# --- what comes out -----------------------------------------------------------------------------------


def write_store(folder: Path, *, hostile: bool) -> None:
    """Write policies, changed policies, wrong ones, records and wrong records into a directory."""
    for name, much in (("old", 10), ("new", 12)):
        (folder / name).mkdir()
        (folder / name / "p.yaml").write_text(json.dumps(document(Words(hostile), much)), encoding="utf-8")
    say = Words(hostile)
    lines = [{"subject": subject, **record(say, subject, at)} for at, subject in enumerate(SUBJECTS)]
    lines += [
        record(say, "customer", 2),
        {**record(say, "customer", 3), "region": None, "media": True, "visits": None},
    ]
    (folder / "store.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    wrong = {
        "customer_id": say(),
        say(): say(),
        "kind": say(),
        "visits": [{"visited_on": say(), "kind": say()}],
    }
    (folder / "faulty.jsonl").write_text(json.dumps(wrong) + "\n", encoding="utf-8")
    (folder / "bad").mkdir()
    bad = {
        "policy": "p",
        "decisions": {"d": {"kind": say(), "title": say.title(), say(): say()}},
        say.name(): 1,
    }
    (folder / "bad" / "p.yaml").write_text(json.dumps(bad), encoding="utf-8")


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Directories with policies and records: harmless ones and hostile ones."""
    made = {hostile: tmp_path_factory.mktemp("store") for hostile in (False, True)}
    for hostile, folder in made.items():
        write_store(folder, hostile=hostile)
    return made


class Outline(HTMLParser):
    """Collects the elements of a page with the names of their attributes, and what a page may not hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str]] = []
        self.others: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [(name, value or "") for name, value in attrs]

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


PAGES: dict[str, Callable[[dr.PolicyBook, Path, str], str]] = {}


def a_page(made: Callable[[dr.PolicyBook, Path, str], str]) -> Callable[[dr.PolicyBook, Path, str], str]:
    """Note a way to make a page."""
    PAGES[made.__name__] = made
    return made


@a_page
def explained(book: dr.PolicyBook, folder: Path, lang: str) -> str:
    lines = [json.loads(line) for line in (folder / "store.jsonl").read_text(encoding="utf-8").splitlines()]
    answers = [book.evaluate(line, as_of=DAY, subject=line.pop("subject", "customer")) for line in lines]
    return "".join(answer.explain(lang).html for answer in answers)


@a_page
def a_handbook(book: dr.PolicyBook, _folder: Path, lang: str) -> str:
    pytest.importorskip("matplotlib")
    return book.handbook(lang).html


@a_page
def a_diff(_book: dr.PolicyBook, folder: Path, lang: str) -> str:
    out = folder / "diff.html"
    arguments = ["--records", str(folder / "store.jsonl"), "--as-of", DAY, "--out", str(out), "--lang", lang]
    assert main(["diff", str(folder / "old"), str(folder / "new"), *arguments]) == 0
    return out.read_text(encoding="utf-8")


@a_page
def a_report(_book: dr.PolicyBook, folder: Path, lang: str) -> str:
    pytest.importorskip("matplotlib")
    out = folder / "report.html"
    arguments = ["--policies", str(folder / "old"), "--as-of", DAY, "--out", str(out), "--lang", lang]
    assert main(["report", str(folder / "store.jsonl"), *arguments]) == 0
    return out.read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_no_element_or_attribute_of_a_page_comes_from_a_text(
    name: str, lang: str, stores: dict[bool, Path]
) -> None:
    said = {hostile: PAGES[name](dr.load(folder / "old"), folder, lang) for hostile, folder in stores.items()}
    assert "alert(1)" in said[True]  # it is told, as it is
    harmless, hostile = (Outline(said[each]) for each in (False, True))
    assert Counter(hostile.elements) - Counter(harmless.elements) == Counter()
    assert Counter(harmless.elements) - Counter(hostile.elements) == Counter()
    assert hostile.others == harmless.others
    for key, value in hostile.values:
        assert not key.startswith("on")
        assert key not in {"src", "srcdoc", "action", "formaction"}
        if key in {"href", "xlink:href"}:
            assert value.startswith("#")
        if key in {"style", "class"}:
            assert "alert" not in value
    assert unseen(said[True]) == set()


OWN_ELEMENTS = re.compile(r'<a id="[\w.-]+"></a>|<br>')


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_element_or_link_of_markdown_comes_from_a_text(lang: str, stores: dict[bool, Path]) -> None:
    folder = stores[True]
    book = dr.load(folder / "old")
    arguments = [
        "--records",
        str(folder / "store.jsonl"),
        "--as-of",
        DAY,
        "--format",
        "markdown",
        "--out",
        str(folder / "diff.md"),
    ]
    assert main(["diff", str(folder / "old"), str(folder / "new"), *arguments, "--lang", lang]) == 0
    said = [(folder / "diff.md").read_text(encoding="utf-8"), book.handbook(lang).markdown]
    lines = [json.loads(line) for line in (folder / "store.jsonl").read_text(encoding="utf-8").splitlines()]
    said += [
        book.evaluate(line, as_of=DAY, subject=line.pop("subject", "customer")).explain(lang).markdown
        for line in lines
    ]
    for text in said:
        code = re.sub(r"(?<!\\)`[^`\n]*`", "", text)  # what stands in code is shown as it is
        assert not re.search(r"(?<!\\)<", OWN_ELEMENTS.sub("", code))
        assert all(re.fullmatch(r"#[\w.-]+", to) for to in re.findall(r"(?<!\\)\]\(([^)]*)\)", code))
        assert unseen(text) == set()


TOLD: dict[str, list[str]] = {
    "evaluate": ["evaluate", "store.jsonl", "--policies", "old", "--as-of", DAY],
    "evaluate faulty": ["evaluate", "faulty.jsonl", "--policies", "old", "--as-of", DAY],
    "diff": ["diff", "old", "new", "--records", "store.jsonl", "--as-of", DAY],
    "check": ["check", "old"],
    "check bad": ["check", "bad"],
    "test": ["test", "old", "--coverage"],
    "facts": ["facts", "old"],
    "replay": ["replay", "answers.jsonl", "--policies", "new", "--records", "store.jsonl"],
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", TOLD)
def test_no_terminal_is_told_what_nobody_sees(
    name: str,
    lang: str,
    stores: dict[bool, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(stores[True])
    if name == "replay":
        main(["evaluate", "store.jsonl", "--policies", "old", "--as-of", DAY, "--out", "answers.jsonl"])
    main([*TOLD[name], "--lang", lang])
    said = capsys.readouterr()
    assert "alert(1)" in said.out + said.err
    assert unseen(said.out) == set()
    assert unseen(said.err) == set()


def unseen(text: str) -> set[str]:
    """Return the characters of a text that nobody sees: of a terminal's escapes, of turned writing."""
    return {
        each for each in text if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and each != "\n"
    }


# --- CSV ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", FORMULAS)
def test_a_cell_is_no_formula(start: str) -> None:
    assert guarded(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("cell", ["-5.00", "+3", "-0", "1=1", "'=1", "", " =1", "C-1", "2014-09-30"])
def test_a_number_or_a_word_stays_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell


def test_every_csv_file_is_safe_to_open(stores: dict[bool, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stores[True]
    monkeypatch.chdir(folder)
    main(["evaluate", "store.jsonl", "--policies", "old", "--as-of", DAY, "--out", "a.csv"])
    main(["diff", "old", "new", "--records", "store.jsonl", "--as-of", DAY, "--out", "d.csv"])
    main(
        [
            "evaluate",
            "faulty.jsonl",
            "--policies",
            "old",
            "--as-of",
            DAY,
            "--out",
            "f.csv",
            "--on-error",
            "skip",
        ]
    )
    for name, least in (("a.csv", 8), ("d.csv", 2), ("f.csv.rejected.csv", 2)):
        with Path(name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert len(rows) >= least, name
        cells = [cell for row in rows for cell in row]
        assert any("alert(1)" in cell for cell in cells), name
        assert [cell for cell in cells if cell.startswith(FORMULAS)] == [], name


def test_only_one_place_writes_csv() -> None:
    """The demo writes the artificial store itself; all that holds foreign data goes through one function."""
    source = Path(dr.__file__).parent
    found = {
        path.name
        for path in source.rglob("*.py")
        if re.search(r"csv\.(Dict)?[wW]riter|write_csv\(\s*$|\.write_csv\(", path.read_text(encoding="utf-8"))
    }
    assert found == {"outputs.py", "demo.py"}


def test_any_text_is_harmless_in_every_form() -> None:
    out = io.StringIO()
    write_csv(out, ["head"], [[HOSTILE]])
    assert next(iter(csv.reader(io.StringIO(out.getvalue().partition("\n")[2])))) == ["'" + HOSTILE]
    assert unseen(plain(HOSTILE)) == unseen(html(HOSTILE)) == unseen(markdown(HOSTILE)) == set()
    assert unseen(table(["head"], [[HOSTILE]])) == set()
    assert Outline(html(HOSTILE)).elements == []
