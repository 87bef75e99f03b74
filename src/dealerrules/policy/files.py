"""Files: the bytes of a policy file become text, or a diagnostic that says what they are instead.

Place in the flow: the first step of loading, before parse.py. Policy files are UTF-8, with a byte order mark
or without; GBK is read, with a warning, where it is certain.
"""

from __future__ import annotations

import errno
import stat
from typing import TYPE_CHECKING, Final

from dealerrules.diagnostics import Diagnostic, Phrase, Source, Span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES: Final = 1 << 20


def read_file(path: Path, display: str) -> tuple[Source | None, list[Diagnostic]]:
    """Read a file as text.

    Args:
        path: where it is.
        display: the name to show for it in diagnostics.

    Returns:
        the text, unless it cannot be read; and what is wrong. Never raises.
    """
    nothing = Source(display, "")
    try:
        data = _bytes(path)
    except (OSError, ValueError) as error:
        data = reason(error)
    if isinstance(data, Phrase):
        return None, [Diagnostic("DR101", Span(nothing, 1, 1, 1, 1), {"reason": data})]
    if len(data) > MAX_BYTES:
        return None, [Diagnostic("DR108", Span(nothing, 1, 1, 1, 1), TOO_BIG)]
    encoding = _signature(data)
    if encoding is not None:
        return None, [Diagnostic("DR103", Span(nothing, 1, 1, 1, 1), {"encoding": encoding})]
    try:
        return Source(display, data.decode("utf-8-sig")), []
    except UnicodeDecodeError:
        encoding, text = _guess(data)
    if text is not None:
        source = Source(display, text)
        return source, [Diagnostic("DR112", Span(source, 1, 1, 1, 2))]
    return None, [
        Diagnostic(
            "DR103", _first_bad(Source(display, data.decode("utf-8", "replace"))), {"encoding": encoding}
        )
    ]


def _bytes(path: Path) -> bytes | Phrase:
    """Return a file's bytes, no more than the limit and one; or why it is no file to read."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        next(path.iterdir(), None)  # where that is not allowed, it is the reason
    if not stat.S_ISREG(mode):
        return NO_FILE[stat.S_ISDIR(mode)]
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def reason(error: OSError | ValueError) -> Phrase:
    """Return in words why a file cannot be read."""
    match error:
        case OSError(errno=errno.ELOOP):
            return Phrase("符号链接绕成了圈", "its symbolic links form a loop")
        case FileNotFoundError() | NotADirectoryError():
            return Phrase("没有这个文件", "there is no such file")
        case PermissionError():
            return Phrase("没有读取权限", "permission denied")
        case OSError(strerror=str(words)):
            return Phrase(words, words.lower())
        case _:
            return Phrase("路径里有不允许的字符", "the path holds a character that is not allowed")


def _signature(data: bytes) -> Phrase | None:
    """Return what the first bytes, or the zero bytes of UTF-16, give a file away for."""
    for start, name in _SIGNATURES:
        if data.startswith(start):
            return name
    if b"\0" in data and any(
        _is_text(data.decode(encoding, "replace")) for encoding in ("utf-16-le", "utf-16-be")
    ):
        return _UTF_16
    return None


def _is_text(text: str) -> bool:
    """Tell whether nearly all characters are ASCII or Chinese, and some are ASCII: bytes rightly decoded."""
    ascii_ones = sum("\t" <= each <= "~" for each in text)
    chinese = sum(
        "\u4e00" <= each <= "\u9fff" or "\u3000" <= each <= "\u303f" or each > "\uff00" for each in text
    )
    return 20 * ascii_ones >= len(text) and 20 * (ascii_ones + chinese) >= 19 * len(text)


def _guess(data: bytes) -> tuple[Phrase, str | None]:
    """Return what encoding bytes that are not UTF-8 look like, and the text where that is certain: GBK."""
    wide = sum(byte > 0x7F for byte in data)
    chinese = sum(each > "\u07ff" for each in data.decode("utf-8", "ignore"))
    if 2 * 3 * chinese > wide:  # three bytes each: other encodings hardly ever look so
        return _DAMAGED, None
    if b"\0" in data:
        return _BINARY, None
    for encoding, name, last, low in (("gb18030", _GBK, 0xD7, 0xA1), ("big5", _BIG5, 0xC6, 0x40)):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        codes = [each.encode(encoding) for each in text if not each.isascii()]
        common = sum(len(code) == 2 and 0xA1 <= code[0] <= last and code[1] >= low for code in codes)
        if common > 0.8 * len(codes):  # everyday characters: those of the encoding's first level
            return name, text if encoding == "gb18030" else None
    return _UNKNOWN, None


def _first_bad(source: Source) -> Span:
    before = source.text[: source.text.find("\ufffd")]
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    return Span(source, line, column, line, column + 1)


# --- words --------------------------------------------------------------------------------------------

NO_FILE: Final = (
    Phrase("这不是普通文件", "it is not a regular file"),
    Phrase("这是一个目录", "it is a directory"),
)
"""What stands where a file is needed: something odd, or a directory."""
TOO_BIG: Final[Mapping[str, str | Phrase]] = {
    "what": Phrase("文件太大", "the file is too big"),
    "limit": "1 MiB",
}
_GBK: Final = Phrase(" GBK", "GBK")
_BIG5: Final = Phrase(" Big5（繁体中文）", "Big5 (traditional Chinese)")
_UTF_16: Final = Phrase(" UTF-16（记事本里叫 Unicode）", "UTF-16 (Notepad calls it Unicode)")
_BINARY: Final = Phrase("二进制数据", "binary data")
_DAMAGED: Final = Phrase("损坏的 UTF-8", "damaged UTF-8")
_UNKNOWN: Final = Phrase("别的编码", "some other encoding")
_SIGNATURES: Final = (
    (b"\xff\xfe\0\0", Phrase(" UTF-32", "UTF-32")),
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
    (b"PK\x03\x04", Phrase(" Excel 或压缩文件", "an Excel or ZIP file")),
    (b"\xd0\xcf\x11\xe0", Phrase("旧版 Excel 或 Word 文件", "an old Excel or Word file")),
)
