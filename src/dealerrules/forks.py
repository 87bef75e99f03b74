"""Forks: what a child process must not take over from threads that it does not have.

Place in the flow: at the very bottom. A lock that another thread holds at the moment of a fork is never released in the
child, so the child begins with locks of its own; what the lock guarded is worked out anew where it is not complete.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def after_fork(begin_anew: Callable[[], None]) -> None:
    """Have something done in every forked child, before anything else is; other systems than Unix do not fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=begin_anew)


def _fresh_locks() -> None:
    """Give each cached property its lock anew; only Python 3.11 has one there, shared by all objects of a class."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == __package__:
            for each in list(vars(module).values()):
                if isinstance(each, type):
                    _fresh_locks_of(each)


def _fresh_locks_of(kind: type) -> None:
    for member in vars(kind).values():
        if isinstance(member, cached_property) and hasattr(member, "lock"):
            member.lock = RLock()


if sys.version_info < (3, 12):
    after_fork(_fresh_locks)
