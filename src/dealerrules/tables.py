"""Tables: the door for a store's data, whole: a directory of files, a workbook, or a file of JSON lines.

Place in the flow: records -> facts -> policy -> engine -> outcome -> explanation. Files become clean tables here, for
the frame engine, or typed records, for the row engine, both from the same rows; whatever is wrong becomes a fault
that names file, row, column and value. A customer with any fault is left out whole: part of the events would
decide wrongly. JSON lines need nothing beside the base install, all else the extra ``frames``.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dealerrules.faults import Fault, FieldError, RecordError, messages
from dealerrules.intake.lines import Store, read_jsonl, read_lines
from dealerrules.values import read_date

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from dealerrules.households import household_owners
    from dealerrules.intake.stores import Tables

__all__ = ["Store", "Tables", "household_owners", "read_jsonl", "read_store", "read_tables"]

_SAYS: Final = messages("""
no_store | `{value}` is neither a directory of tables, nor an Excel workbook, nor a .jsonl file | `{value}` 既不是存放表的目录，也不是 Excel 工作簿或 .jsonl 文件
no_polars | to read tables: pip install "dealerrules[frames]" | 读取表格需要先安装：pip install "dealerrules[frames]"
""")
_WORKBOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})


def read_tables(
    path: str | os.PathLike[str],
    *,
    as_of: date | str,
    mapping: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> Tables:
    r"""Read a whole store as clean tables.

    Args:
        path: a directory of CSV, Parquet or Excel files, a workbook with a sheet a table, or a ``.jsonl`` file; see
            docs/tables.md for what tables and columns may be called. Places in faults begin with it.
        as_of: the day for which households are counted.
        mapping: a mapping file; without it ``mapping.yaml`` in the directory, if there is one.
        progress: called with a file and how many of its rows have been read so far, now and then.

    Returns:
        the sound rows, a mapping of table names to polars LazyFrames, with ``faults``, ``counts`` and ``rejected``.

    Raises:
        RecordError: when polars is not installed, or the mapping file has mistakes.
        ValueError: when `as_of` is not a day.
        OSError: when the path cannot be opened.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "customers.csv").write_text("客户编号,客户类别\nC1,个人\n", encoding="utf-8")
        ...     _ = Path(folder, "维修.csv").write_text("客户编号,进厂日期\nC1,2014/9/1\nC2,2014/9/2\n", encoding="utf-8")
        ...     with read_tables(folder, as_of="2014-09-30") as tables:
        ...         tables["visits"].collect().rows(), tables.counts["visits"], tables.faults[0].message
        ([('C1', datetime.date(2014, 9, 1))], Counts(rows=2, out=1, rejected=1), 'there is no customer `C2`')
    """
    day = read_date(as_of)
    given = os.fspath(path).rstrip("/")
    place = Path(path)
    form = _form(place)
    if form is None:
        raise RecordError([_no_store(given)])
    bulk = _bulk()
    tables: Tables
    if form == "lines":
        tables = bulk.from_records(read_lines(place), day)
    else:
        tables = bulk.read(place, given, day, _mapping(place, mapping), progress)
    return tables


def _form(place: Path) -> str | None:
    """Return whether a path holds ``tables`` or ``lines``, if either; pipes and devices hold neither.

    Raises:
        OSError: when there is nothing.
    """
    try:
        mode = place.stat().st_mode
    except ValueError:  # no path holds such a character
        return None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return None
    if place.is_dir() or place.suffix.lower() in _WORKBOOKS:
        return "tables"
    return "lines" if place.suffix.lower() == ".jsonl" else None


def _no_store(given: str) -> Fault:
    return FieldError(given, _SAYS["no_store"]).at("", None, "", given)


def _bulk() -> Any:
    """Return the module that reads tables in bulk, which needs polars."""
    try:
        from dealerrules.intake import stores  # noqa: PLC0415 - JSON lines are read without polars
    except ImportError as error:
        if error.name is not None and error.name.startswith("dealerrules"):
            raise
        raise RecordError([FieldError(None, _SAYS["no_polars"]).at("", None, "")]) from None
    return stores


def _mapping(place: Path, mapping: str | os.PathLike[str] | None) -> Any:
    from dealerrules.intake.mapping import read_mapping  # noqa: PLC0415 - it brings the parser of policies

    if mapping is not None:
        return read_mapping(Path(mapping))
    beside = (place if place.is_dir() else place.parent) / "mapping.yaml"
    return read_mapping(beside) if place.is_dir() and os.path.lexists(beside) else {}


def read_store(
    path: str | os.PathLike[str], *, as_of: date | str, mapping: str | os.PathLike[str] | None = None
) -> Store:
    r"""Read all records of a store, as :func:`read_tables` does, one by one.

    A line of JSON is a customer, or the subject that its key ``subject`` names. Where ``household_brand_owners`` is
    unknown it is counted from the tables, in persons.

    Args:
        path: as of :func:`read_tables`.
        as_of: the day for which households are counted.
        mapping: as of :func:`read_tables`.

    Raises:
        RecordError: when polars is needed and not installed, or the mapping file has mistakes.
        ValueError: when `as_of` is not a day.
        OSError: when the path cannot be opened.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "customers.csv").write_text("customer_id,kind\nC1,individual\n")
        ...     _ = Path(folder, "visits.csv").write_text("customer_id,visited_on\nC1,2014-09-01\nC2,2014-09-02\n")
        ...     store = read_store(folder, as_of="2014-09-30")
        >>> store.records[0][1].visits[0].visited_on, store.faults[0].message
        (datetime.date(2014, 9, 1), 'there is no customer `C2`')
    """
    day = read_date(as_of)
    form = _form(Path(path))
    if form is None:
        return Store([], (_no_store(os.fspath(path)),))
    if form == "lines":
        return read_lines(path)
    with read_tables(path, as_of=day, mapping=mapping) as tables:
        return Store(list(tables.records()), tables.faults)


def __getattr__(name: str) -> Any:
    """Load what works on frames when it is first asked for: the base install does without."""
    if name == "Tables":
        return _bulk().Tables
    if name == "household_owners":
        from dealerrules import households  # noqa: PLC0415

        return households.household_owners
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
