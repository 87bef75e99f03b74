"""Finding: which file, or which sheet of a workbook, is which table of a store.

Place in the flow: the first look at a store, before any table is read. The mapping file goes first, then the names
of files and sheets. Data that stands there under a name which is almost ours is reported, not passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealerrules.faults import Says, messages, nearest, shown
from dealerrules.intake.columns import Stated
from dealerrules.intake.headers import KINDS, folded_name, table_of
from dealerrules.intake.sources import FORMS, BrokenError, Source, sheets
from dealerrules.records import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dealerrules.intake.ledger import Ledger

_SAYS: Final = messages("""
no_customers | events without the table of their customers: customers.csv is missing | 有事件表，却缺少客户表 customers.csv
not_read | `{value}` is not read: is it the table `{table}`? | 没有读取 `{value}`：是不是表 `{table}`？
two | the table {kind} stands twice: {files} | 表 {kind} 有两份：{files}
no_table | there is no table here, such as customers.csv | 这里没有任何表，例如 customers.csv
no_file | the mapping names `{value}`, which is not there | 映射文件写的 `{value}` 不存在
no_sheet | the workbook has no sheet `{value}` | 工作簿中没有工作表 `{value}`
""")
_NOT_READ: Final[Says] = ("not read: it is no table of ours", "未读取：不是所需的表")


def find(path: Path, mapping: Mapping[str, Stated], ledger: Ledger) -> dict[str, Source]:
    """Return the file of every table, and report in the ledger those that look like one but are not read.

    Args:
        path: a directory or a workbook.
        mapping: what the mapping file says, by table.
        ledger: takes the faults.
    """
    return _Finding(path, mapping, ledger).find()


class _Finding:
    def __init__(self, path: Path, mapping: Mapping[str, Stated], ledger: Ledger) -> None:
        self.path, self.mapping, self.ledger = path, mapping, ledger
        self.stray: list[
            tuple[str, str]
        ] = []  # names of files and sheets that are no table, with their places
        self.stated: dict[str, list[str]] = {}  # tables by the name of the file that the mapping gives them
        for kind, said in mapping.items():
            for name in said.files:
                self.stated.setdefault(folded_name(name), []).append(kind)

    def find(self) -> dict[str, Source]:
        found: dict[str, list[Source]] = {}
        seen: set[str] = set()
        for file in [self.path] if self.path.is_file() else sorted(self.path.iterdir()):
            if file.name.startswith((".", "~$")) or not _is_table_file(file):
                continue
            seen |= {folded_name(file.name), folded_name(file.stem)}
            there = list(self._tables_in(file))
            for kind, source in there:
                found.setdefault(kind, []).append(source)
            if not there:
                self.stray.append((file.name, f"{self.ledger.given}/{shown(file.name)}"))
        self._missing(seen)
        for kind, sources in found.items():
            if len(sources) > 1:
                files = ", ".join(f"`{each.shown.removeprefix(self.ledger.given + '/')}`" for each in sources)
                self.ledger.fault(self.ledger.given, "", _SAYS["two"], kind=kind, files=files)
                self.ledger.broken.add(kind)
        self._strays({*found, *self.ledger.broken})
        return {kind: sources[0] for kind, sources in found.items() if len(sources) == 1}

    def _missing(self, seen: set[str]) -> None:
        """Report the files that the mapping names in vain."""
        for kind, said in self.mapping.items():
            for name in said.files:
                if folded_name(name) not in seen:
                    self.ledger.fault(said.place, kind, _SAYS["no_file"], name)
                    self.ledger.broken.add(kind)

    def _tables_in(self, file: Path) -> Iterator[tuple[str, Source]]:
        """Yield the tables that a file holds."""
        place = self.ledger.given if file == self.path else f"{self.ledger.given}/{shown(file.name)}"
        stated = [
            kind
            for name in dict.fromkeys((folded_name(file.name), folded_name(file.stem)))
            for kind in self.stated.get(name, ())
        ]
        if FORMS.get(file.suffix.lower()) == "excel":
            yield from self._workbook(file, place, stated)
            return
        for kind in stated or self._named(file.name.split(".")[0]):
            said = self.mapping.get(kind, Stated())
            yield kind, Source(file, place, None, said.encoding, said.header_row)

    def _named(self, name: str) -> list[str]:
        """Return the table of this name, unless the mapping says that it stands elsewhere."""
        kind = table_of(name)
        if kind is None or (kind in self.mapping and self.mapping[kind].files):
            return []
        return [kind]

    def _workbook(self, file: Path, place: str, stated: list[str]) -> Iterator[tuple[str, Source]]:
        meant = stated or self._named(file.stem)
        try:
            names = sheets(file)
        except BrokenError as error:
            if meant or file == self.path:
                self.ledger.add(error.error.at("", None, "", place))
                self.ledger.broken |= set(meant or ["customers"])
            return
        by_sheet: dict[str, list[str]] = {}
        for kind, said in self.mapping.items():
            if said.sheet is None or (said.files and kind not in stated):
                continue
            name = next((name for name in names if folded_name(name) == folded_name(said.sheet)), None)
            if name is not None:
                by_sheet.setdefault(name, []).append(kind)
            elif kind in stated or file == self.path:
                self.ledger.fault(place, "", _SAYS["no_sheet"], said.sheet)
                self.ledger.broken.add(kind)
        taken = {kind for kinds in by_sheet.values() for kind in kinds}
        for name in names:
            for kind in self._named(name):
                if kind not in taken:
                    by_sheet.setdefault(name, []).append(kind)
        if by_sheet:
            self.stray += [(name, f"{place}[{shown(name)}]") for name in names if name not in by_sheet]
        elif names:
            by_sheet[names[0]] = meant
        for name, kinds in by_sheet.items():
            for kind in kinds:
                row = self.mapping.get(kind, Stated()).header_row
                yield kind, Source(file, f"{place}[{shown(name)}]", name, None, row)

    def _strays(self, there: set[str]) -> None:
        """Report a missing table whose data stands here all the same, misspelt."""
        ledger = self.ledger
        missing = sorted(set(KINDS) - there)
        for name, place in self.stray:
            near = nearest(name.split(".")[0], missing, 0.8)
            if near:
                ledger.fault(ledger.given, "", _SAYS["not_read"], name, table=near)
                ledger.broken.add(near)
            else:
                ledger.note(place, _NOT_READ)
        if not there and not ledger.broken:
            ledger.fault(ledger.given, "", _SAYS["no_table"])
        if "customers" in missing and any(name in there for name in TABLES):
            ledger.fault(ledger.given, "", _SAYS["no_customers"])
            ledger.broken.add("customers")


def _is_table_file(file: Path) -> bool:
    if file.suffix.lower() in FORMS:
        return True
    return file.is_dir() and any(file.glob("**/*.parquet"))
