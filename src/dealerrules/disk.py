"""Disk: what the system refuses when files are read and written, in both languages.

Place in the flow: beside the faults, which are about data. Whatever writes a file reports here; the command line says it.
"""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, Final

from dealerrules.faults import messages

if TYPE_CHECKING:
    from dealerrules.faults import Says

_WHY: Final = messages("""
ENOSPC | the disk is full; make room and run it again | 磁盘已满；请腾出空间后再运行
EDQUOT | your share of the disk is used up; make room and run it again | 磁盘配额已用完；请腾出空间后再运行
EFBIG | the file is larger than is allowed here; write it elsewhere | 文件超过了此处允许的大小；请写到别处
EIO | the disk failed to read or write; check it, or write elsewhere | 磁盘读写出错；请检查磁盘，或写到别处
EROFS | the disk can only be read; write elsewhere | 磁盘是只读的；请写到别处
EACCES | permission denied; ask for it, or use another place | 没有权限；请申请权限，或换一个位置
EPERM | the system does not permit it; use another place | 系统不允许；请换一个位置
ENOENT | there is no such file or directory | 没有这个文件或目录
ENOTDIR | a part of the path is no directory | 路径中有一段不是目录
EISDIR | it is a directory; name a file | 这是一个目录；请写文件名
ENAMETOOLONG | the name is too long; use a shorter one | 名称太长；请用短一些的名称
ELOOP | its symbolic links lead in a circle | 符号链接成环
EMFILE | too many files are open | 打开的文件太多
ENOMEM | there is not enough memory | 内存不足
ETXTBSY | the file is in use | 文件正在使用
ESTALE | the network disk lost the file; run it again | 网络磁盘丢失了该文件；请再运行一次
""")
_SAYS: Final = messages("""
not_written | {path} was not written, and what was there stays: {why} | 没有写出 {path}，原有的内容不变：{why}
cut | {path} is no file that can be replaced, and was written in part at most: {why} | {path} 不是可以整体替换的文件，最多写出了一部分：{why}
unsure | {path} was written, but the system does not say that it will outlast a power cut: {why} | {path} 已写出，但系统没有确认断电后仍然完好：{why}
scratch | no room for what is kept while tables are read, in {path}: {why}; TMPDIR names another place | 读取表格时的临时数据写不进 {path}：{why}；可用 TMPDIR 指定别处
protected | the file is write-protected; take that away, or write elsewhere | 文件是写保护的；请取消写保护，或写到别处
folder | a temporary file is needed beside it, and the directory does not permit one; write elsewhere | 需要在旁边建一个临时文件，而目录不允许；请写到别处
in_the_way | `{part}` is in the way, and is no file that an earlier run left; move it away | `{part}` 占用了临时文件的位置，又不是以前的运行留下的文件；请把它移走
""")
_IN_POLARS: Final = re.compile(r"\(os error (\d+)\)")


class OutputError(OSError):
    """A file was not written, or not surely; says so in both languages, and what to do.

    Attributes:
        errno: the system's number for the cause.
        filename: the file.
    """

    def __init__(self, kind: str, path: object, code: int, why: Says | None = None) -> None:
        self.kind, self.why = kind, why or why_of(code)
        super().__init__(code, os.strerror(code), str(path))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what it was made of."""
        return type(self), (self.kind, self.filename, self.errno, self.why)

    def text(self, lang: str = "en") -> str:
        """Return what happened, in English (``en``) or Chinese (``zh``)."""
        at = lang == "zh"
        return _SAYS[self.kind][at].format(path=self.filename, why=self.why[at])

    def __str__(self) -> str:
        return self.text()


def why_of(code: int) -> Says:
    """Return what a number of the system means, in English and in Chinese, and what to do.

    Examples:
        >>> why_of(errno.ENOSPC)[0]
        'the disk is full; make room and run it again'
    """
    words = os.strerror(code)
    return _WHY.get(errno.errorcode.get(code, ""), (words, words))


def says(kind: str, **values: object) -> Says:
    """Return one of the causes that are no number of the system's."""
    english, chinese = _SAYS[kind]
    return english.format(**values), chinese.format(**values)


def number_of(error: BaseException) -> int | None:
    """Return the system's number for why reading or writing failed; none where an error is about something else.

    polars tells it in words only.

    Examples:
        >>> number_of(OSError(28, "No space left on device")), number_of(ValueError("no"))
        (28, None)
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if isinstance(error, OSError) or type(error).__module__.startswith("polars"):
        found = _IN_POLARS.search(str(error))
        return int(found[1]) if found else None
    return None


def told(error: Exception, lang: str) -> str | None:
    """Return an error of the system for people; none where an error is about something else.

    Examples:
        >>> told(FileNotFoundError(2, "No such file or directory", "a.csv"), "zh")
        'a.csv：没有这个文件或目录'
    """
    if isinstance(error, OutputError):
        return error.text(lang)
    code = number_of(error)
    if code is None:
        return str(error) if isinstance(error, OSError) else None
    name = getattr(error, "filename", None) or ("文件" if lang == "zh" else "files")
    return f"{name}：{why_of(code)[1]}" if lang == "zh" else f"{name}: {os.strerror(code)}"
