"""Sources: files of a store's tables, as rows of raw cells with their row numbers, a chunk at a time.

Place in the flow: the first step of reading tables. What a cell means is none of its business: a CSV or Excel file
gives texts, a Parquet file whatever its columns hold. A CSV file that is plain, so that every line is a row of as
many cells as the header, is read by polars; any other by the csv module of Python, row by row, to the same effect.
"""

from __future__ import annotations

import csv
import os
import shutil
import stat
from codecs import getincrementaldecoder
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import polars as pl

from dealerrules.faults import FieldError, RecordError, Says, messages
from dealerrules.intake.cells import exact_text
from dealerrules.policy.files import NO_FILE, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealerrules.diagnostics import Phrase

ROW: Final = "#"
"""The column of the row number: the line in CSV, the row in Excel and Parquet."""
CHUNK: Final = 400_000
"""Rows at a time."""

_SAYS: Final = messages("""
not_utf8 | the file is neither UTF-8 nor GBK text | 文件既不是 UTF-8 文本，也不是 GBK 文本
not_encoded | the file is not text in the stated encoding `{encoding}` | 文件不是所写编码 `{encoding}` 的文本
csv | the rest of the table cannot be read: {why} | 表的其余部分无法读取：{why}
no_header | the table has no header | 表没有表头
no_fastexcel | to read workbooks: pip install "dealerrules[frames]" | 读取工作簿需要先安装：pip install "dealerrules[frames]"
unreadable | the file cannot be read: {why} | 文件无法读取：{why}
""")

GBK: Final[Says] = ("the file is read as GBK", "文件按 GBK 读入")


class BrokenError(Exception):
    """A file that cannot be read to its end; says where and why."""

    def __init__(self, error: FieldError, row: int | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.row = row


@dataclass(frozen=True)
class Source:
    """Where a table stands.

    Attributes:
        path: the file.
        shown: the file as messages name it, with its sheet: ``d/store.xlsx[客户]``.
        sheet: the sheet of a workbook.
        encoding: of CSV, as stated; ``None``: UTF-8, or else GBK.
        header_row: the row of the header, in CSV and Excel.
    """

    path: Path
    shown: str
    sheet: str | None = None
    encoding: str | None = None
    header_row: int = 1

    @property
    def form(self) -> str:
        """What kind of file it is: ``csv``, ``excel`` or ``parquet``."""
        return FORMS.get(self.path.suffix.lower(), "parquet")

    def place(self, row: int | None) -> str:
        """Return the place of a row, for messages."""
        return self.shown if row is None else f"{self.shown}:{row}"


FORMS: Final = {
    ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".xlsx": "excel", ".xlsm": "excel", ".xls": "excel", ".xlsb": "excel", ".ods": "excel",
}  # fmt: skip
"""The kinds of files that are read, by suffix."""


@dataclass
class Chunk:
    """Some rows: a frame with :data:`ROW` and the cells as columns ``0``, ``1`` …; and rows of another width."""

    frame: pl.DataFrame
    ragged: list[tuple[int, list[str]]] = field(default_factory=list)


def no_rows(width: int) -> Chunk:
    """Return a chunk without rows, so that a table without any has its columns all the same."""
    return Chunk(pl.DataFrame(schema={ROW: pl.Int64, **{str(at): pl.String for at in range(width)}}))


class Opened(Protocol):
    """A file whose header has been read."""

    header: list[str]
    notes: list[Says]

    def chunks(self, numbers: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows; `numbers` are the columns that hold numbers.

        Raises:
            BrokenError: when the rest cannot be read.
        """

    def scan(self) -> pl.LazyFrame | None:
        """Return the table as it stands, for a file that can be read again at any time; columns ``0``, ``1`` …."""


def open_source(source: Source, scratch: Path) -> Opened:
    """Open a file and read its header.

    Args:
        source: where it is.
        scratch: a directory for what is kept while the table is read.

    Raises:
        BrokenError: when it cannot be read at all.
        OSError: when it cannot be opened.
    """
    check_is_file(source.path, folder=source.form == "parquet")
    try:
        match source.form:
            case "csv":
                return _Csv(source, scratch)
            case "excel":
                return _Excel(source)
            case _:
                return _Parquet(source, scratch)
    except OSError as error:
        if error.filename is None or Path(os.fsdecode(error.filename)) != source.path:
            raise  # not of this file: the disk is full, or broken
        raise _refused(reason(error)) from None


def check_is_file(path: Path, *, folder: bool = False) -> None:
    """Refuse what is no file: a pipe would be waited for, and a device read without end.

    Args:
        path: where it is.
        folder: whether it may be a directory.

    Raises:
        BrokenError: saying what it is instead.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _refused(reason(error)) from None
    if not stat.S_ISREG(mode) and not (folder and stat.S_ISDIR(mode)):
        raise _refused(NO_FILE[stat.S_ISDIR(mode)])
    if not os.access(path, os.R_OK):
        raise _refused(reason(PermissionError()))


def _refused(why: Phrase) -> BrokenError:
    english, chinese = _SAYS["unreadable"]
    return BrokenError(FieldError(None, (english.format(why=why.en), chinese.format(why=why.zh))))


def _named(path: Path, scratch: Path) -> Path:
    """Return a file under a name that is text, which polars needs."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        link = scratch / f"named-{sum(1 for _ in scratch.iterdir())}"
        link.symlink_to(path.resolve())
        return link
    return path


# ---------------------------------------------------------------------------------------------------
# CSV

_STRICT_LINE: Final = r'^(?:"(?:[^"]|"")*"|[^",]*)(?:,(?:"(?:[^"]|"")*"|[^",]*))*$'
_ENCODINGS: Final = {"utf-8": "utf-8-sig", "utf8": "utf-8-sig", "gbk": "gb18030", "gb2312": "gb18030"}
_PLAIN_FILE: Final = 1 << 16
"""Bytes from which a file is worth a look whether it is plain."""


class _Csv:
    def __init__(self, source: Source, scratch: Path) -> None:
        self.source = source
        self.notes: list[Says] = []
        self.path = source.path
        self.encoding = self._encoding()
        self.path = _named(self.path, scratch)
        if self.encoding != "utf-8-sig" and self.path.stat().st_size >= _PLAIN_FILE:
            self._rewrite(scratch)
        rows = self._rows()
        self.header = next((cells for _, cells in rows), [])
        if not any(self.header):
            raise BrokenError(FieldError(None, _SAYS["no_header"]), source.header_row)

    def _encoding(self) -> str:
        """Return the encoding of which every byte of the file is valid."""
        stated = self.source.encoding
        if stated is not None:
            name = _ENCODINGS.get(stated.lower(), stated)
            wrong = _undecodable(self.path, name)
            if wrong is not None:
                raise BrokenError(FieldError(None, _SAYS["not_encoded"], encoding=stated), wrong)
            return name
        wrong = _undecodable(self.path, "utf-8-sig")
        if wrong is None:
            return "utf-8-sig"
        if _undecodable(self.path, "gb18030") is not None:
            raise BrokenError(FieldError(None, _SAYS["not_utf8"]), wrong)
        self.notes.append(GBK)
        return "gb18030"

    def _rewrite(self, scratch: Path) -> None:
        """Write a large file anew as UTF-8, for polars reads nothing else."""
        target = scratch / f"{scratch.name}-{self.path.name}"
        with (
            self.path.open(encoding=self.encoding, newline="") as text,
            target.open("w", encoding="utf-8", newline="") as file,
        ):
            shutil.copyfileobj(text, file, 1 << 22)
        self.path, self.encoding = target, "utf-8-sig"

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line and cells of each row that is not blank, from the header on."""
        with self.path.open(encoding=self.encoding, newline="") as text:
            for _ in range(self.source.header_row - 1):
                if not text.readline():
                    break
            reader = csv.reader(text, strict=True, delimiter=self._separator)
            line = self.source.header_row
            try:
                for cells in reader:
                    if cells or line == self.source.header_row:
                        yield line, cells
                    line = self.source.header_row + reader.line_num
            except csv.Error as error:
                last = self.source.header_row - 1 + reader.line_num
                raise BrokenError(FieldError(None, _SAYS["csv"], why=error), last) from None

    @property
    def _separator(self) -> str:
        return "\t" if self.path.suffix.lower() == ".tsv" else ","

    def chunks(self, numbers: Sequence[int]) -> Iterator[Chunk]:
        del numbers
        if self._is_plain():
            yield from self._plain_chunks()
            return
        rows = self._rows()
        next(rows, None)
        width = len(self.header)
        while taken := list(islice(rows, CHUNK // 4)):
            ragged = [(line, cells) for line, cells in taken if len(cells) != width]
            sound = [(line, cells) for line, cells in taken if len(cells) == width] if ragged else taken
            columns = list(zip(*(cells for _, cells in sound), strict=True)) or [()] * width
            frame = pl.DataFrame(
                [
                    pl.Series(ROW, [line for line, _ in sound], dtype=pl.Int64),
                    *(pl.Series(str(at), column, dtype=pl.String) for at, column in enumerate(columns)),
                ]
            )
            yield Chunk(frame, ragged)

    def _is_plain(self) -> bool:
        """Tell whether every line is surely one row of as many cells as the header, as both readers read them."""
        if (
            self.encoding != "utf-8-sig"
            or self.source.header_row != 1
            or self._separator != ","
            or self.path.stat().st_size < _PLAIN_FILE
        ):
            return False
        line = pl.col("line")
        quoted = line.str.contains('"', literal=True)
        odd = line.str.contains("\r", literal=True) | line.str.contains("\0", literal=True)
        lines = pl.scan_lines(self.path, glob=False)
        every = lines.select(
            commas=_same(line.filter(~quoted).str.count_matches(",", literal=True), len(self.header) - 1),
            shortest=line.str.len_bytes().min(),
            longest=line.str.len_bytes().max(),
            plain=~odd.any() & (pl.len() > 1),
            quoted=quoted.any(),
        )
        found = every.collect(engine="streaming").row(0, named=True)
        if not found["shortest"] or found["longest"] > csv.field_size_limit():
            return False
        if not found["quoted"] or not found["commas"] or not found["plain"]:
            return bool(found["commas"] and found["plain"])
        bare = line.str.replace_all(r'"[^"]*"', "").str.count_matches(",", literal=True)
        some = lines.filter(quoted).select(
            commas=_same(bare, len(self.header) - 1), strict=line.str.contains(_STRICT_LINE).all()
        )
        return all(some.collect(engine="streaming").row(0))

    def _plain_chunks(self) -> Iterator[Chunk]:
        names = [str(at) for at in range(len(self.header))]
        table = pl.scan_csv(
            self.path,
            glob=False,
            has_header=False,
            skip_rows=1,
            schema=dict.fromkeys(names, pl.String),
            row_index_name=ROW,
            row_index_offset=2,
        )
        for frame in table.collect_batches(chunk_size=CHUNK, maintain_order=True):
            yield Chunk(frame.with_columns(pl.col(ROW).cast(pl.Int64)))

    def scan(self) -> pl.LazyFrame | None:
        return None


def _same(counts: pl.Expr, wanted: int) -> pl.Expr:
    """Tell whether all counts are as wanted."""
    return (counts == wanted).all()


def _undecodable(path: Path, encoding: str) -> int | None:
    """Return the line of the first bytes that are not of an encoding, as near as it tells; ``None`` when all are."""
    decoder = getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            data = file.read(1 << 22)
            try:
                decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                return line + error.object.count(b"\n", 0, error.start)
            except UnicodeError:  # some encodings do not say where
                return line
            if not data:
                return None
            line += data.count(b"\n")


# ---------------------------------------------------------------------------------------------------
# Excel

_WHOLE: Final = r"^-?\d+(\.\d+)?$"


class _Excel:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.notes: list[Says] = []
        self.sheet = self._load("string")
        self.first = source.header_row - 1
        if source.header_row == 1:  # rows that are blank may stand above it
            blank = pl.all_horizontal(pl.all().is_null())
            filled = self.sheet.select(filled=~blank)["filled"].arg_max() if self.sheet.width else None
            self.first = filled or 0
        if self.sheet.height <= self.first:
            raise BrokenError(FieldError(None, _SAYS["no_header"]), source.header_row)
        self.header = [cell or "" for cell in self.sheet.row(self.first)]
        while self.header and not self.header[-1] and self.sheet[:, len(self.header) - 1].is_null().all():
            self.header.pop()
        if not self.header:
            raise BrokenError(FieldError(None, _SAYS["no_header"]), source.header_row)

    def _load(self, dtype: Literal["string", "float"]) -> pl.DataFrame:
        fastexcel = _fastexcel()
        try:
            reader = fastexcel.read_excel(_given(self.source.path))
            sheet: Any = reader.load_sheet(
                self.source.sheet or 0,
                header_row=None,
                skip_rows=0,
                dtypes=dtype,
            )
            frame: pl.DataFrame = sheet.to_polars()
        except fastexcel.FastExcelError as error:
            raise BrokenError(FieldError(None, _SAYS["unreadable"], why=str(error).splitlines()[0])) from None
        return frame.rename({name: str(at) for at, name in enumerate(frame.columns)})

    def chunks(self, numbers: Sequence[int]) -> Iterator[Chunk]:
        names = [str(at) for at in range(len(self.header))]
        cells = self.sheet.select(names).with_row_index(ROW, offset=1)
        if numbers:  # texts are cut to 9 decimals: what the cell holds is told by the number itself
            floats = self._load("float")
            exact = [pl.Series(name, _exact(cells[name], floats[name])) for name in map(str, numbers)]
            cells = cells.with_columns(exact)
        cells = cells.with_columns(pl.col(ROW).cast(pl.Int64)).slice(self.first + 1)
        cells = cells.filter(~pl.all_horizontal(pl.col(names).is_null()))
        for at in range(0, max(cells.height, 1), CHUNK):
            yield Chunk(cells.slice(at, CHUNK))

    def scan(self) -> pl.LazyFrame | None:
        return None


def _exact(texts: pl.Series, numbers: pl.Series) -> pl.Series:
    """Return cells as texts, and those that hold a binary number as its shortest decimal."""
    frame = pl.DataFrame({"text": texts, "number": numbers})
    is_number = pl.col("text").str.contains(_WHOLE) & pl.col("number").is_not_null()
    return frame.select(
        pl.when(is_number).then(shortest(pl.col("number"))).otherwise(pl.col("text")).alias("text")
    )["text"]


def shortest(number: pl.Expr) -> pl.Expr:
    """Return binary numbers as the shortest decimals that are these and no others, as texts."""
    text = number.cast(pl.String).str.strip_suffix(".0")
    odd = text.str.contains("[eE]")
    return (
        pl.when(odd)
        .then(number.map_elements(exact_text, return_dtype=pl.String, skip_nulls=True))
        .otherwise(text)
    )


def _fastexcel() -> Any:
    """Return the library that reads workbooks."""
    try:
        import fastexcel  # noqa: PLC0415 - few stores need it
    except ImportError:
        raise RecordError([FieldError(None, _SAYS["no_fastexcel"]).at("", None, "")]) from None
    return fastexcel


def _given(path: Path) -> str | bytes:
    """Return a workbook's name where that is text, and otherwise what the workbook holds."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return path.read_bytes()
    return str(path)


def sheets(path: Path) -> list[str]:
    """Return the names of a workbook's sheets.

    Raises:
        BrokenError: when it is no workbook.
    """
    check_is_file(path)
    fastexcel = _fastexcel()
    try:
        return list(fastexcel.read_excel(_given(path)).sheet_names)
    except fastexcel.FastExcelError as error:
        raise BrokenError(FieldError(None, _SAYS["unreadable"], why=str(error).splitlines()[0])) from None


# ---------------------------------------------------------------------------------------------------
# Parquet


class _Parquet:
    def __init__(self, source: Source, scratch: Path) -> None:
        self.source = source
        self.notes: list[Says] = []
        path = _named(source.path, scratch)
        parts = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        if not parts:
            raise _refused(NO_FILE[True])
        try:
            self.table = pl.scan_parquet(parts, glob=False)  # a name may hold `[1]`
            self.header = self.table.collect_schema().names()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise BrokenError(FieldError(None, _SAYS["unreadable"], why=str(error).splitlines()[0])) from None

    def scan(self) -> pl.LazyFrame | None:
        return self.table.select(pl.col(name).alias(str(at)) for at, name in enumerate(self.header))

    def chunks(self, numbers: Sequence[int]) -> Iterator[Chunk]:
        del numbers
        rows = self.scan()
        assert rows is not None
        try:
            for frame in rows.with_row_index(ROW, offset=1).collect_batches(
                chunk_size=CHUNK, maintain_order=True
            ):
                yield Chunk(frame.with_columns(pl.col(ROW).cast(pl.Int64)))
        except pl.exceptions.PolarsError as error:
            raise BrokenError(FieldError(None, _SAYS["unreadable"], why=str(error).splitlines()[0])) from None
