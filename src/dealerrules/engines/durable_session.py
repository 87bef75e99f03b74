"""The session: one ruleset in durable_rules, run so that it can neither leak nor hang nor swallow an error.

Place in the flow: the durable_rules engine sends its messages here; the only room that talks to durable_rules.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

from dealerrules.faults import FieldError, RecordError, messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.engines.carried import Carried

_SAYS: Final = messages("""
no_durable | to run rules in durable_rules: pip install "dealerrules[durable]", on Python 3.12 at most, with a C compiler | 要用 durable_rules 运行规则，请先安装：pip install "dealerrules[durable]"；最高支持 Python 3.12，并需要 C 编译器
failed | durable_rules failed on `{name}`: {error} | durable_rules 运行 `{name}` 时出错：{error}
endless | durable_rules fires without end: `{name}` | durable_rules 无休止地触发规则：`{name}`
lost | durable_rules did not match message {step} of `{name}` | durable_rules 没有匹配 `{name}` 的第 {step} 条消息
both | durable_rules finds a rule of `{name}` true and false at once | durable_rules 认为 `{name}` 的一条规则同时成立又不成立
""")
SID: Final = "1"
FIRINGS: Final = 20
"""Of a rule on one message, at most: no condition is written in which it could be more, so more is without end."""
_MESSAGE: Final = '{"sid": "1", "id": "1", '
_FIRED: Final = '":{"m":'


class DurableError(RuntimeError):
    """durable_rules failed, or contradicts itself; what it had found is thrown away."""

    @classmethod
    def of(cls, code: str, **values: object) -> DurableError:
        """Return an error in both languages."""
        return cls(*(text.format(**values) for text in _SAYS[code]))

    def text(self, lang: str = "en") -> str:
        """Return what happened, in English (``en``) or Chinese (``zh``)."""
        return str(self.args[lang == "zh"])

    def __str__(self) -> str:
        return self.text()


class Session:
    """One ruleset in durable_rules, with one session that each message enters and leaves.

    It talks to the engine's own module: the Python host above it starts two threads for each, swallows exceptions and
    takes a message that nothing matches for an error.
    """

    def __init__(self, name: str, rules: Mapping[str, Any]) -> None:
        self.name, self.rules = name, json.dumps(rules)
        self.names = {json.dumps(rule)[1:-1]: rule for rule in rules}  # as durable_rules writes them
        self.budget = FIRINGS * len(rules)
        self.lock = threading.Lock()
        self.handles: list[tuple[Any, int]] = []
        weakref.finalize(self, _free, self.handles).atexit = False
        _SESSIONS.add(self)

    def fired(self, message: Mapping[str, Carried]) -> list[str]:
        """Send a message and return the names of the rules that fire; then take it back."""
        engine = _engine()
        text = _MESSAGE + json.dumps(message)[1:]
        with self.lock:
            try:
                return self._matched(engine, text)
            except engine.error as error:
                _free(self.handles)
                raise DurableError.of("failed", name=self.name, error=error) from None
            except BaseException:  # an interrupt: what half a session holds must not meet the next message
                _free(self.handles)
                raise

    def _matched(self, engine: Any, text: str) -> list[str]:
        if not self.handles:
            self.handles.append((engine, engine.create_ruleset(self.name, self.rules)))
        ((_, handle),) = self.handles
        _, state = engine.assert_fact(handle, text)
        found: list[str] = []
        started = engine.start_action_for_state(handle, state)
        action = started[1] if started is not None else None
        while action is not None:
            found.append(self.names[action[2 : action.index(_FIRED)]])  # {"NAME":{"m":{…}}}
            if len(found) > self.budget:
                raise DurableError.of("endless", name=self.name)
            action = engine.complete_and_start_action(handle, state)
        engine.retract_fact(handle, text)
        return found


def _free(handles: list[tuple[Any, int]]) -> None:
    """Give back what durable_rules holds for a ruleset."""
    while handles:
        engine, handle = handles.pop()
        with contextlib.suppress(engine.error):  # no message was ever sent
            engine.delete_state(handle, SID)
        engine.delete_ruleset(handle)


def _engine() -> Any:
    try:
        import durable_rules_engine  # noqa: PLC0415 - who does not ask for it need not have it
    except ImportError:
        raise RecordError([FieldError(None, _SAYS["no_durable"]).at("", None, "")]) from None
    return durable_rules_engine


_SESSIONS: Final[weakref.WeakSet[Session]] = weakref.WeakSet()


def _after_fork() -> None:
    """In a forked child begin anew: another thread may have held a lock, or been in the middle of a session."""
    for session in list(_SESSIONS):
        session.lock = threading.Lock()
        session.handles.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
