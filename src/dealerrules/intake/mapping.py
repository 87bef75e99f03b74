"""Mapping files: what a store says about its own export, read by the parser of policies.

Place in the flow: beside the tables; it says which file, sheet and column is which of ours, and what their words
mean. A mapping file is YAML as policies are, so that the same mistakes are caught in the same way; every mistake is
told with its line and column, all at once.
"""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dealerrules.diagnostics import Source, Span
from dealerrules.faults import Fault, FieldError, RecordError, messages, nearest
from dealerrules.intake.cells import ORDERS, UNKNOWN, Form, folded, read_cell
from dealerrules.intake.columns import Stated, type_of
from dealerrules.intake.headers import ATTRIBUTE, FLAGS, KINDS, own_names
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, parse, read_file
from dealerrules.values import BOOLEAN, DATE, NUMBER, TEXT, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SAYS: Final = messages("""
mapping | names with their values (`name: value`) are needed here | 这里需要“名称: 值”
list | a word, or a list of words, is needed here | 这里需要一个词，或一列词
text | one word is needed here | 这里需要一个词
table | there is no table `{value}` | 没有表 `{value}`
key | there is no setting `{value}`: {words} | 没有设置项 `{value}`：{words}
column | there is no column `{value}` in this table | 该表没有列 `{value}`
order | `{value}` is no order of dates: {words} | `{value}` 不是日期顺序：{words}
no_date | `{value}` holds no dates | `{value}` 不是日期列
whole | a row number from 1 on is needed, not `{value}` | 需要从 1 开始的行号，而不是 `{value}`
encoding | there is no encoding `{value}` | 没有编码 `{value}`
type | `{value}` is no kind of attribute: {words} | `{value}` 不是属性的类型：{words}
attribute | only attributes have a type here: `attributes.NAME` | 只有属性需要写类型：`attributes.名称`
both | the column is a constant as well: leave out one | 该列同时写成了常量：请去掉一个
twice | the column `{value}` is named twice | 列 `{value}` 写了两次
""")
_SETTINGS: Final = (
    "file", "sheet", "encoding", "header_row", "columns", "words", "dates", "unknown", "constants", "types",
)  # fmt: skip
_NOT_OF_FILES: Final = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})
"""Encodings in which no program writes a table."""
_TYPES: Final[Mapping[str, Type]] = {"text": TEXT, "number": NUMBER, "boolean": BOOLEAN, "date": DATE}


def read_mapping(path: str | os.PathLike[str]) -> dict[str, Stated]:
    """Read a mapping file.

    Returns:
        what it says, by table; docs/tables.md says what it may hold.

    Raises:
        RecordError: with every mistake, at its line and column.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "mapping.yaml")
        ...     _ = file.write_text("visits: {columns: {visited_on: came}, dates: mdy}", encoding="utf-8")
        ...     read_mapping(file)["visits"].orders
        {'': 'mdy'}
    """
    given = os.fspath(path)
    source, diagnostics = read_file(Path(path), given)
    root: Node | None = None
    if source is not None:
        root, found = parse(source)
        diagnostics = [*diagnostics, *found]
    faults = [
        Fault("", None, "", None, _line(each, "en"), _line(each, "zh"), each.span.place)
        for each in diagnostics
        if each.severity == "error"
    ]
    reader = _Reader(source or Source(given, ""))
    stated = reader.tables(root) if root is not None else {}
    faults += [fault for _, fault in sorted(reader.faults, key=lambda each: each[0])]
    if faults:
        raise RecordError(faults)
    return stated


def _line(diagnostic: Any, lang: Any) -> str:
    said, advice = diagnostic.message(lang), diagnostic.help(lang)
    return f"{said}{'；' if lang == 'zh' else '; '}{advice}" if advice else str(said)


@dataclass
class _Reader:
    """Reads the nodes of a mapping file, and notes every mistake at its place."""

    source: Source
    faults: list[tuple[tuple[int, int], Fault]] = field(default_factory=list)

    def wrong(
        self, span: Span, code: str, value: object = None, near: str | None = None, **more: Any
    ) -> None:
        error = FieldError(value, _SAYS[code], near=near, **more)
        self.faults.append(((span.line, span.column), error.at("", None, "", span.place)))

    # shapes

    def entries(self, node: Node) -> Iterator[tuple[ScalarNode, Node]]:
        """Yield the entries of a mapping; of anything else none, with a fault."""
        if isinstance(node, MapNode):
            yield from ((key, value) for key, value in node.entries if not key.broken)
        elif not (isinstance(node, ScalarNode) and node.broken):
            self.wrong(node.span, "mapping")

    def text(self, node: Node) -> str | None:
        if isinstance(node, ScalarNode):
            if not node.broken:
                return node.text
        else:
            self.wrong(node.span, "text")
        return None

    def texts(self, node: Node) -> tuple[str, ...]:
        if isinstance(node, ListNode):
            return tuple(text for item in node.items if (text := self.text(item)) is not None)
        if isinstance(node, MapNode):
            self.wrong(node.span, "list")
            return ()
        text = self.text(node)
        return () if text is None else (text,)

    # what it says

    def tables(self, root: Node) -> dict[str, Stated]:
        """Return what the file says, by table."""
        found: dict[str, Stated] = {}
        for key, node in self.entries(root):
            if key.text not in KINDS:
                self.wrong(key.span, "table", key.text, near=nearest(key.text, KINDS))
            else:
                found[key.text] = self.table(key.text, node, key.span)
        return found

    def table(self, kind: str, node: Node, span: Span) -> Stated:
        """Return what the file says of one table."""
        said: dict[str, Any] = {"place": span.place}
        nodes: dict[str, Node] = {}
        for key, value in self.entries(node):
            if key.text not in _SETTINGS:
                self.wrong(
                    key.span, "key", key.text, near=nearest(key.text, _SETTINGS), words=", ".join(_SETTINGS)
                )
            else:
                nodes[key.text] = value
        if "file" in nodes:
            name = self.text(nodes["file"])
            said["files"] = () if name is None else (name,)
        if "sheet" in nodes:
            said["sheet"] = self.text(nodes["sheet"])
        if "encoding" in nodes:
            said["encoding"] = self.encoding(nodes["encoding"])
        if "header_row" in nodes:
            said["header_row"] = self.row(nodes["header_row"])
        said["columns"] = self.columns(kind, nodes)
        said["types"] = self.types(nodes)
        stated = Stated(types=said["types"])
        said["words"] = dict(self.words(kind, nodes, stated))
        said["orders"] = self.orders(kind, nodes, stated)
        said["unknown"] = {
            key.text: frozenset(self.texts(value)) for key, value in self.of_columns(kind, nodes, "unknown")
        }
        said["constants"] = self.constants(kind, nodes, stated, said["columns"], said["words"])
        return Stated(**{name: value for name, value in said.items() if value is not None})

    def of_columns(
        self, kind: str, nodes: Mapping[str, Node], setting: str
    ) -> Iterator[tuple[ScalarNode, Node]]:
        """Yield the entries of a setting whose keys are columns of ours."""
        if setting not in nodes:
            return
        known = [*own_names(kind), *FLAGS.get(kind, ())]
        for key, value in self.entries(nodes[setting]):
            is_attribute = (
                kind == "customers" and key.text.startswith(ATTRIBUTE) and len(key.text) > len(ATTRIBUTE)
            )
            if key.text in known or is_attribute:
                yield key, value
            else:
                self.wrong(key.span, "column", key.text, near=nearest(key.text, known))

    def columns(self, kind: str, nodes: Mapping[str, Node]) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value in self.of_columns(kind, nodes, "columns"):
            text = self.text(value)
            if text is None:
                continue
            if text in found.values():
                self.wrong(value.span, "twice", text)
            found[key.text] = text
        return found

    def types(self, nodes: Mapping[str, Node]) -> dict[str, Type]:
        found = {}
        for key, value in self.entries(nodes["types"]) if "types" in nodes else ():
            word = self.text(value)
            if not key.text.startswith(ATTRIBUTE):
                self.wrong(key.span, "attribute")
            elif word is not None and word not in _TYPES:
                self.wrong(value.span, "type", word, near=nearest(word, _TYPES), words=", ".join(_TYPES))
            elif word is not None:
                found[key.text] = _TYPES[word]
        return found

    def words(
        self, kind: str, nodes: Mapping[str, Node], stated: Stated
    ) -> Iterator[tuple[str, dict[str, str | bool | None]]]:
        for key, value in self.of_columns(kind, nodes, "words"):
            type_ = type_of(kind, key.text, stated)
            meanings: dict[str, str | bool | None] = {}
            for theirs, ours in self.entries(value):
                word = self.text(ours)
                if word is None:
                    continue
                meanings[folded(theirs.text)] = self.meaning(word, type_, ours.span)
            yield key.text, meanings

    def meaning(self, word: str, type_: Type, span: Span) -> str | bool | None:
        """Return one of our words, as it is written in a mapping."""
        if word == UNKNOWN:
            return None
        if type_.kind not in {Kind.BOOLEAN, Kind.CATEGORY}:
            return word
        try:
            return (
                bool(read_cell(word, Form(type_)))
                if type_.kind is Kind.BOOLEAN
                else str(read_cell(word, Form(type_)))
            )
        except FieldError as error:
            self.faults.append(((span.line, span.column), error.at("", None, "", span.place)))
            return None

    def orders(self, kind: str, nodes: Mapping[str, Node], stated: Stated) -> dict[str, str]:
        if "dates" not in nodes:
            return {}
        node = nodes["dates"]
        if isinstance(node, ScalarNode):
            return self.order("", node)
        found: dict[str, str] = {}
        for key, value in self.of_columns(kind, nodes, "dates"):
            if type_of(kind, key.text, stated).kind is not Kind.DATE:
                self.wrong(key.span, "no_date", key.text)
            else:
                found |= self.order(key.text, value)
        return found

    def order(self, column: str, node: Node) -> dict[str, str]:
        word = self.text(node)
        if word is None:
            return {}
        if word not in ORDERS:
            self.wrong(node.span, "order", word, near=nearest(word, ORDERS), words=", ".join(ORDERS))
            return {}
        return {column: word}

    def constants(
        self,
        kind: str,
        nodes: Mapping[str, Node],
        stated: Stated,
        columns: Iterable[str],
        words: Mapping[str, Any],
    ) -> dict[str, str]:
        found = {}
        for key, value in self.of_columns(kind, nodes, "constants"):
            text = self.text(value)
            if text is None:
                continue
            if key.text in columns or key.text in words:
                self.wrong(key.span, "both")
                continue
            try:
                read_cell(text, Form(type_of(kind, key.text, stated)))
            except FieldError as error:
                self.faults.append(
                    ((value.span.line, value.span.column), error.at("", None, "", value.span.place))
                )
            else:
                found[key.text] = text
        return found

    def encoding(self, node: Node) -> str | None:
        word = self.text(node)
        try:
            "".encode(word or "utf-8")  # which those refuse that are no encodings of text, such as zlib
        except (LookupError, ValueError):
            known = False
        else:
            known = codecs.lookup(word or "utf-8").name not in _NOT_OF_FILES
        if not known:
            self.wrong(node.span, "encoding", word)
            return None
        return word

    def row(self, node: Node) -> int | None:
        word = self.text(node)
        if word is not None and word.isascii() and word.isdigit() and int(word[:9]) >= 1:
            return int(word[:9])
        if word is not None:
            self.wrong(node.span, "whole", word)
        return None
