"""Fields: what a key of a policy file may hold, and the base of all shapes.

Place in the flow: below the document, whose shapes are made of these. Each field reads the parser's node; a fault
carries the code and words of its diagnostic. What is broken, because it has been reported, is read as nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002 - pydantic reads the annotation
from pydantic_core import PydanticCustomError

from dealerrules.diagnostics import Phrase, nearest_word, shown
from dealerrules.policy.model import Title
from dealerrules.policy.parse import ListNode, MapNode, Node, ScalarNode, missed_colon
from dealerrules.policy.phrases import phrase, shape_name
from dealerrules.values import read_date

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from dealerrules.diagnostics import Span

X = TypeVar("X")
HERE = "\0here"  # the key under which a shape keeps its own node; no YAML key can spell it


class _FaultError(PydanticCustomError):
    """A fault of the document with the code and words of its diagnostic."""


def _fault(
    code: str, node: Node | None = None, nearest: str | None = None, **values: str | Phrase
) -> _FaultError:
    return _FaultError(
        "dealerrules", "{code}", {"code": code, "node": node, "nearest": nearest, "values": values}
    )


def is_empty(node: object) -> bool:
    """Tell whether nothing is written at a place."""
    return isinstance(node, ScalarNode) and not node.text and not node.quoted


def is_broken(node: object) -> bool:
    """Tell whether a place has been reported already: it is read as nothing, in silence."""
    return isinstance(node, ScalarNode) and node.broken


def _text(node: object) -> object:
    if is_empty(node) and not is_broken(node):
        raise _fault("DR205", node)  # type: ignore[arg-type]
    if isinstance(node, ScalarNode):
        return node.text
    raise _fault("DR203", node, expected=phrase("a text"), got=shape_name(node))  # type: ignore[arg-type]


def _not_this(node: Node, wanted: str) -> _FaultError:
    """Return the fault of a node that is not the mapping or list that is wanted."""
    if is_empty(node):
        return _fault("DR205", node)
    missed = missed_colon(node) if isinstance(node, ScalarNode) else None
    if missed is not None:
        return _FaultError("dealerrules", "{code}", {"node": node, "diagnostic": missed})
    return _fault("DR203", node, expected=phrase(wanted), got=shape_name(node))


def _entries(node: object) -> object:
    if isinstance(node, MapNode):
        made: dict[str, Node] = {}
        for key, value in node.entries:
            if not key.broken:
                made.setdefault(key.text, value)  # of two equal keys, which are reported, the first counts
        return made
    if is_broken(node):
        return {}
    raise _not_this(node, "a mapping (`key: value`)")  # type: ignore[arg-type]


def _items(node: object) -> object:
    if isinstance(node, ListNode):
        return node.items
    if is_broken(node):
        return ()
    raise _not_this(node, "a list")  # type: ignore[arg-type]


def _filled(node: object) -> object:
    """Refuse an empty mapping or list where there must be something."""
    if (isinstance(node, MapNode) and not node.entries) or (isinstance(node, ListNode) and not node.items):
        raise _fault("DR205", node)
    return node


def _title(node: object) -> Title:
    if isinstance(node, ScalarNode):
        text = str(_text(node))
        return Title(zh=text, en=text)
    entries = _entries(_filled(node))
    assert isinstance(entries, dict)
    for key in entries:
        if key not in {"zh", "en"}:
            assert isinstance(node, MapNode)
            raise _fault(
                "DR201",
                node.key(key),
                nearest_word(key, ["zh", "en"]) or _LANGUAGES.get(key.lower()),
                key=key,
                known=known_words(("zh", "en"), keep_order=True),
            )
    return Title(**{lang: str(_text(text)) for lang, text in entries.items()})


_LANGUAGES = {
    **dict.fromkeys(("cn", "ch", "chn", "chinese", "中文", "中"), "zh"),
    **dict.fromkeys(("us", "uk", "eng", "english", "英文", "英"), "en"),
}
"""How else people call the two languages."""


def _attached(node: object) -> object:
    """Look for texts that are not well written; whatever else there is stays as it is."""
    if isinstance(node, MapNode) and any(key.text in {"zh", "en"} for key, _ in node.entries):
        _title(node)
    for inner in node.items if isinstance(node, ListNode) else ():
        _attached(inner)
    for _, value in node.entries if isinstance(node, MapNode) else ():
        _attached(value)
    return node


_DAY = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D?", re.ASCII)


def as_day(text: str) -> str | None:
    """Return ``2014-09-01`` for ``2014/9/1``, and other ways to write a day."""
    found = _DAY.fullmatch(text)
    day = f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found is not None else ""
    try:
        return str(read_date(day))
    except ValueError:
        return None


def _date(node: object) -> date | None:
    if is_broken(node):
        return None
    text = str(_text(node))
    try:
        return read_date(text)
    except ValueError:
        raise _fault("DR407", nearest=as_day(text), value=text) from None


def one_word_of(*words: str) -> BeforeValidator:
    """Read one of some words; what is broken is read as the first of them."""

    def check(node: object) -> str:
        text = str(_text(node))
        if text not in words and not is_broken(node):
            listed = known_words(words, keep_order=True)
            raise _fault("DR204", nearest=nearest_word(text, words), word=text, words=listed)
        return words[0] if is_broken(node) else text

    return BeforeValidator(check)


IDENTIFIER_PATTERN = r"^[^\s.:,{}\[\]`]{1,100}$"
"""What an id or a name looks like, for editors."""
_IDENTIFIER = re.compile(r"[^\s.:,{}\[\]`]{1,100}")


def is_identifier(text: str) -> bool:
    """Tell whether a text can be an id or a name."""
    return _IDENTIFIER.fullmatch(text) is not None


def as_identifier(text: str) -> str | None:
    """Return the id that was probably meant by a text that cannot be one."""
    joined = "-".join(part for part in re.split(r"[\s.:,{}\[\]`]+", text) if part)
    return joined if is_identifier(joined) else None


def _identifier(node: object) -> str:
    text = str(_text(node))
    if not is_identifier(text) and not is_broken(node):
        raise _fault("DR206", nearest=as_identifier(text), id=text)
    return text


def json_schema(**schema: object) -> WithJsonSchema:
    """Say what editors are told of a field."""
    return WithJsonSchema(dict(schema))


def _defined(reference: str) -> WithJsonSchema:
    """Say that editors are told of a field what a definition says, which `schema` makes."""
    return json_schema(allOf=[{"$ref": reference}])


_TITLE_SCHEMA = _defined("#/$defs/Title")

Text = Annotated[str, BeforeValidator(_text)]
Identifier = Annotated[
    str, BeforeValidator(_identifier), json_schema(type="string", pattern=IDENTIFIER_PATTERN)
]
Titled = Annotated[Title, BeforeValidator(_title), _TITLE_SCHEMA]
Day = Annotated[
    Any,
    BeforeValidator(_date),
    json_schema(type="string", format="date", pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2014-09-01"]),
]
Table = Annotated[dict[str, X], BeforeValidator(_entries)]
Many = Annotated[tuple[X, ...], BeforeValidator(_items)]
FilledTable = Annotated[Table[X], BeforeValidator(_filled)]
FilledMany = Annotated[Many[X], BeforeValidator(_filled)]
Raw = Annotated[Any, json_schema()]
Condition = Annotated[Any, _defined("#/$defs/Condition")]
EventCondition = Annotated[Any, _defined("#/$defs/EventCondition")]
Quantity = Annotated[
    Any,
    json_schema(
        description="a value with its unit, or the name of a parameter",
        type=["string", "integer", "boolean", "number", "object"],
        examples=["10 yuan", "70%", "6 months", "30 days", "50 km", 3],
    ),
]
ParameterValue = Annotated[
    Any,
    json_schema(
        description="a value with its unit; for a list, words",
        oneOf=[
            {"type": ["string", "integer", "number"]},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
        ],
        examples=["20%", "6 months", ["maintenance", "repair"]],
    ),
]
FactForm = Annotated[Any, _defined("#/$defs/FactForm")]
FactName = Annotated[Any, _defined("#/$defs/FactName")]
RateWindow = Annotated[
    Any,
    json_schema(
        description="when the events happened: in the period, in the earlier one, since the earlier day, or up to the day",
        type="string",
        examples=["period", "earlier period", "since as_of", "12 months"],
    ),
]
Attached = Annotated[
    Any, BeforeValidator(_attached), json_schema(description="texts that come out with the outcome")
]


class Shape(BaseModel):
    """A YAML mapping with known keys; `here` is its node."""

    inner: ClassVar[Mapping[str, Collection[str]]] = {}
    """For tables whose entries are read later: the keys of an entry."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, defer_build=True)
    here: SkipJsonSchema[Any] = Field(alias="\0here", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _open(cls, node: object) -> object:
        required = [info.alias or name for name, info in cls.model_fields.items() if info.is_required()]
        if is_empty(node) and not is_broken(node) and required == [HERE]:
            raise _fault("DR205", node, nearest="{}")  # type: ignore[arg-type]
        entries = _entries(node)
        assert isinstance(entries, dict)
        if is_broken(node):
            entries = dict.fromkeys(required, node)
        return {**entries, HERE: node}

    def broken(self, *keys: str) -> bool:
        """Tell whether it, or the value of one of these keys, was at fault, so that nothing can be made of it."""
        return is_broken(self.here) or any(is_broken(self.node(key)) for key in keys)

    def has_broken(self) -> bool:
        """Tell whether any of its values was at fault."""
        entries = self.here.entries if isinstance(self.here, MapNode) else ()
        return is_broken(self.here) or any(is_broken(value) for _, value in entries)

    def node(self, *path: str) -> Node | None:
        """Return a key's value as it is written, if it is there."""
        node: Node | None = self.here
        for key in path:
            node = node.get(key) if isinstance(node, MapNode) else None
        return node

    def span(self, *path: str) -> Span:
        """Return where a key's value stands, or the nearest thing to it that is there."""
        node: Node = self.here
        for key in path:
            inner = node.get(key) if isinstance(node, MapNode) else None
            if inner is None:
                return node.span
            node = inner
        return node.span

    def key_span(self, *path: str) -> Span:
        """Return where a key itself stands."""
        node: Node = self.here
        for key in path[:-1]:
            node = node.get(key) if isinstance(node, MapNode) else node  # type: ignore[assignment]
        found = node.key(path[-1]) if isinstance(node, MapNode) else None
        return found.span if found is not None else node.span


@lru_cache
def keys_of(shape: type[Shape]) -> tuple[str, ...]:
    """Return the keys of a shape, as they are written."""
    return tuple(field.alias or name for name, field in shape.model_fields.items() if name != "here")


CHINESE_KEYS: dict[str, tuple[str, ...]] = {
    "标题": ("title",),
    "名称": ("title",),
    "名字": ("title", "id"),
    "编号": ("id",),
    "条件": ("when", "where"),
    "当": ("when",),
    "结果": ("then",),
    "那么": ("then",),
    "否则": ("otherwise",),
    "来源": ("source",),
    "出处": ("source",),
    "文件": ("document",),
    "条款": ("clause",),
    "备注": ("note",),
    "政策": ("policy",),
    "参数": ("parameters",),
    "事实": ("facts",),
    "物品": ("items",),
    "礼品": ("items",),
    "决策": ("decisions",),
    "种类": ("kind",),
    "类型": ("type", "kind"),
    "对象": ("subject",),
    "级别": ("levels",),
    "等级": ("levels",),
    "角度": ("angles",),
    "周期": ("cadence", "per"),
    "待遇": ("benefits",),
    "跟进": ("follow_up",),
    "阶段": ("stages",),
    "分档": ("bands",),
    "档": ("bands",),
    "起点": ("from",),
    "从": ("from",),
    "超过": ("over",),
    "截止": ("until",),
    "到": ("until", "to"),
    "有效期": ("effective",),
    "生效": ("effective",),
    "金额": ("pays", "value"),
    "奖金": ("pays",),
    "每台": ("pays_per_unit",),
    "单价": ("pays_per_unit",),
    "单位": ("unit",),
    "指标": ("measure",),
    "取整": ("rounding",),
    "上限": ("cap",),
    "下限": ("floor",),
    "选项": ("options", "choose_one"),
    "任选": ("choose_one",),
    "赠送": ("always",),
    "价值": ("value",),
    "值": ("value",),
    "价格": ("price",),
    "输出": ("outputs",),
    "规则": ("rows",),
}
"""The keys that are meant by Chinese words for them."""


def known_words(words: Iterable[str], *, keep_order: bool = False) -> Phrase:
    """Return words in backticks, as a list for a message; long lists are cut, and none is a dash."""
    listed = [f"`{shown(word, 60)}`" for word in (list(words) if keep_order else sorted(words))] or ["-"]
    if len(listed) > 30:
        listed[30:] = ["…"]
    return Phrase("、".join(listed), ", ".join(listed))
