"""Columns: which column of a file is which of ours, and how its cells are written.

Place in the flow: between the header of a file and the reading of its cells. What a mapping file states goes first,
then our own names, then those that real systems use. Whatever is not certain is a fault of the header, so that no
column is taken for another in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dealerrules.faults import Fault, FieldError, Says, messages, nearest, shown
from dealerrules.intake.cells import WORDS, Form
from dealerrules.intake.headers import (
    ATTRIBUTE,
    FLAGS,
    KINDS,
    NO_EVENTS,
    Header,
    folded_name,
    header_of,
    id_column,
    own_names,
)
from dealerrules.values import BOOLEAN, DATE, TEXT, Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SAYS: Final = messages("""
unknown_column | there is no such column | 没有这一列
column_twice | the column stands twice in the header | 表头中该列出现了两次
no_column | the column is missing | 缺少这一列
not_there | the mapping names the column `{value}`, which is not in the header | 映射文件写的列 `{value}` 不在表头中
which | more than one column is the {name}: {found}; say which under `columns` in mapping.yaml | 不止一列是 {name}：{found}；请在 mapping.yaml 的 `columns` 下写明用哪一列
""")
IGNORED: Final[Says] = ("columns not read: {names}", "未读取的列：{names}")
STANDS_IN: Final[Says] = ("`{theirs}` stands in for the missing {ours}", "没有 {ours}，以 `{theirs}` 代替")
A_YEAR: Final[Says] = (
    "there is no first day of a cover: it is taken to begin a year before its end",
    "没有保险起期：按到期日前推一年计算",
)


@dataclass(frozen=True)
class Stated:
    """What a mapping file says of one table; see docs/tables.md.

    Attributes:
        files: names of its files, instead of the table's name.
        sheet: the sheet of a workbook.
        encoding: of CSV files.
        header_row: the row of the header.
        columns: the header of each of our columns.
        words: what words mean, by column; folded; ``None`` is unknown.
        orders: of the parts of dates, by column; under ``""`` of all others.
        unknown: texts that say nothing, by column.
        constants: what every row says, by column.
        types: of attributes.
        place: where in the mapping file it stands.
    """

    files: tuple[str, ...] = ()
    sheet: str | None = None
    encoding: str | None = None
    header_row: int = 1
    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str | bool | None]] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, frozenset[str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, Type] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a file that is read.

    Attributes:
        ours: our name.
        at: where it stands in the file, from 0.
        theirs: its header.
        form: how its cells are written.
    """

    ours: str
    at: int
    theirs: str
    form: Form


@dataclass
class Plan:
    """How a file is read: its columns, what every row says, what is wrong with its header, and what to know."""

    kind: str
    columns: list[Column] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Says] = field(default_factory=list)

    def has(self, ours: str) -> bool:
        """Tell whether a column is read, or said of every row."""
        return ours in self.constants or any(column.ours == ours for column in self.columns)


def type_of(kind: str, ours: str, stated: Stated | None = None) -> Type:
    """Return what a column of ours holds; attributes are text unless it is stated."""
    if ours in FLAGS.get(kind, ()):
        return DATE if ours.endswith("_on") else BOOLEAN
    if stated is not None and ours in stated.types:
        return stated.types[ours]
    return KINDS[kind].fields.get(ours, TEXT)


def plan(kind: str, header: Sequence[str], stated: Stated | None, place: str) -> Plan:
    """Find our columns in the header of a file.

    Args:
        kind: the table.
        header: the names of its columns.
        stated: what the mapping file says of it.
        place: of the header, for messages.

    Examples:
        >>> found = plan("visits", ["客户编号", "进厂日期", "结算金额", "备注"], None, "visits.csv:1")
        >>> [column.ours for column in found.columns], found.notes[0][0]
        (['customer_id', 'visited_on', 'amount'], 'columns not read: 备注')
    """
    return _Planning(kind, list(header), stated or Stated(), place).plan()


class _Planning:
    def __init__(self, kind: str, header: list[str], stated: Stated, place: str) -> None:
        self.kind, self.header, self.stated, self.place = kind, header, stated, place
        self.made = Plan(kind, constants=dict(stated.constants))
        self.own = own_names(kind)
        self.found: dict[str, list[tuple[int, Header]]] = {}
        self.told: list[tuple[int, Fault]] = []

    def plan(self) -> Plan:
        unknown = self._recognise()
        for ours, candidates in self.found.items():
            self._choose(ours, candidates)
        self.made.columns.sort(key=lambda column: column.at)
        foreign = self._is_foreign()
        own = (*self.own, *FLAGS.get(self.kind, ()))
        for at in unknown if not foreign else ():
            self._fault(at, self.header[at], "unknown_column", near=nearest(self.header[at], own))
        ignored = [at for at in range(len(self.header)) if at not in {each.at for each in self.made.columns}]
        if foreign and ignored:
            self._note(IGNORED, names=", ".join(shown(self.header[at]) or "-" for at in ignored))
        self._need()
        self.made.faults += [fault for _, fault in sorted(self.told, key=lambda each: each[0])]
        return self.made

    def _fault(
        self, at: int, column: str, code: str, value: object = None, near: str | None = None, **more: Any
    ) -> None:
        error = FieldError(value, _SAYS[code], near=near, **more)
        self.told.append((at, error.at("", None, shown(column), self.place)))

    def _note(self, says: Says, **values: str) -> None:
        english, chinese = says
        self.made.notes.append((english.format(**values), chinese.format(**values)))

    def _recognise(self) -> list[int]:
        """Note what each header may be; return those that are nothing we know."""
        theirs = {folded_name(name): name for name in self.stated.columns.values()}
        positions: dict[str, list[int]] = {}
        for at, name in enumerate(self.header):
            positions.setdefault(folded_name(name), []).append(at)
        for ours, name in self.stated.columns.items():
            there = positions.get(folded_name(name))
            if there is None:
                self._fault(-1, ours, "not_there", name, near=nearest(name, self.header))
            else:
                self.found[ours] = [(there[0], Header(ours))]
        unknown = []
        by_fold = {folded_name(name): name for name in self.own}
        for at, name in enumerate(self.header):
            fold = folded_name(name)
            if name in self.header[:at] and name:
                self._fault(at, name, "column_twice")
            elif fold in theirs:
                continue
            elif header := self._meaning(name, by_fold.get(fold)):
                if header.ours not in self.stated.columns and header.ours not in self.stated.constants:
                    self.found.setdefault(header.ours, []).append((at, header))
            elif fold not in NO_EVENTS:
                unknown.append(at)
        return unknown

    def _meaning(self, name: str, own: str | None) -> Header | None:
        if own is not None:
            return Header(own)
        if self.kind == "customers" and name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE):
            return Header(name)
        return header_of(self.kind, name)

    def _choose(self, ours: str, candidates: list[tuple[int, Header]]) -> None:
        """Take the column that is best; two that are equally good are a fault."""
        best = min(header.rank for _, header in candidates)
        chosen = [(at, header) for at, header in candidates if header.rank == best]
        if len(chosen) > 1:
            names = ", ".join(f"`{shown(self.header[at])}`" for at, _ in chosen)
            self._fault(chosen[0][0], self.header[chosen[0][0]], "which", name=ours, found=names)
            return
        ((at, header),) = chosen
        if header.rank > 0:
            self._note(STANDS_IN, theirs=shown(self.header[at]), ours=ours)
        self.made.constants.update(
            {name: word for name, word in header.constants.items() if name not in self.found}
        )
        self.made.columns.append(Column(ours, at, self.header[at], self._form(ours, header)))

    def _form(self, ours: str, header: Header) -> Form:
        stated = self.stated
        words = {**WORDS.get((self.kind, ours), {}), **header.words, **stated.words.get(ours, {})}
        order = stated.orders.get(ours, stated.orders.get(""))
        return Form(type_of(self.kind, ours, stated), order, words, stated.unknown.get(ours, frozenset()))

    def _is_foreign(self) -> bool:
        """Tell whether the file is another system's export, in which strange columns are to be expected."""
        own = sum(name in self.own for name in self.header)
        theirs = sum(self.header[column.at] not in self.own for column in self.made.columns)
        return bool(self.stated.columns) or (theirs > 0 and theirs >= own)

    def _need(self) -> None:
        """Report the columns that are missing, and attributes that come both as objects and as columns."""
        objects = next((each for each in self.made.columns if each.ours == "attributes"), None)
        others = [each for each in self.made.columns if each.ours.startswith(ATTRIBUTE)]
        if objects is not None and others:
            names = ", ".join(f"`{shown(each.theirs)}`" for each in (objects, *others))
            self._fault(objects.at, objects.theirs, "which", name="attributes", found=names)
        model = KINDS[self.kind].model
        needed = [name for name, info in model.model_fields.items() if info.is_required()]
        ends = ("ends_on", *FLAGS["insurance"])
        for name in dict.fromkeys([id_column(KINDS[self.kind]), *needed]):
            if self.made.has(name) or name in self.found or name in self.stated.columns:
                continue
            if self.kind == "insurance" and name == "starts_on" and any(map(self.made.has, ends)):
                self.made.notes.append(A_YEAR)
            else:
                self._fault(len(self.header), name, "no_column")
