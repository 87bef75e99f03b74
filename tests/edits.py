"""Edits: random policies changed in some places, so that they mean something else, or written anew, so that they do not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dealerrules as dr
from dealerrules.values import QUANTITIES, Kind, read_literal
from strategies import LITERALS, Dice, Policy, yaml_text

Place = tuple[Any, Any]
"""A mapping or a list, and the key or index in it."""
_COMPARED = ("at_least", "more_than", "at_most", "less_than")
_WORDS = {
    "basis": ("whole", "excess"),
    "hit": ("unique", "first", "any", "collect", "priority"),
    "rounding": ("half_up to 1 fen", "down to 1 yuan", "up to 3 fen"),
}


def changed(dice: Dice, policy: Policy, *, times: int = 1) -> tuple[str, dr.PolicyBook] | None:
    """Return the text of a policy after some edits, and its book; none where no edit that was tried compiles."""
    document = policy.document
    for _ in range(times):
        for _ in range(6):
            edited = copy.deepcopy(document)
            if not _one_edit(dice, edited):
                continue
            try:
                book = dr.loads(_text(edited))
            except dr.PolicyError:
                continue
            document = edited
            break
        else:
            return None
    return _text(document), book


def _text(document: Mapping[str, Any]) -> str:
    return yaml_text(document).lstrip("\n") + "\n"


def _one_edit(dice: Dice, document: dict[str, Any]) -> bool:
    """Change one number, word, comparison or list; tell whether there was anything to change."""
    parts = [document[name] for name in ("decisions", "facts", "parameters") if name in document]
    places = [place for part in parts for place in _places(part)]
    edits = [(place, edit) for place in places for edit in _edits(*place)]
    if not edits:
        return False
    (inside, at), edit = dice.pick(edits)
    edit(dice, inside, at)
    return True


def _places(part: Any) -> Iterator[Place]:
    for key, value in list(part.items() if isinstance(part, dict) else enumerate(part)):
        yield part, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _edits(inside: Any, at: Any) -> Iterator[Callable[[Dice, Any, Any], None]]:
    value = inside[at]
    if isinstance(inside, dict) and at in _COMPARED:
        yield _compare_otherwise
    if isinstance(inside, dict) and at in _WORDS:
        yield _other_word
    if isinstance(inside, list) and len(inside) > 1:
        yield _without
        yield _moved
    if at == "type":
        return
    if isinstance(value, bool):
        yield _other_truth
    elif isinstance(value, int | float | str) and _kind(value) in QUANTITIES:
        yield _other_number


def _kind(value: Any) -> Kind:
    try:
        return read_literal(str(value)).kind
    except ValueError:
        return Kind.TEXT


def _compare_otherwise(dice: Dice, inside: Any, at: Any) -> None:
    inside[dice.pick([word for word in _COMPARED if word != at])] = inside.pop(at)


def _other_word(dice: Dice, inside: Any, at: Any) -> None:
    inside[at] = dice.pick(_WORDS[at])


def _other_number(dice: Dice, inside: Any, at: Any) -> None:
    inside[at] = dice.pick(LITERALS[_kind(inside[at])])


def _other_truth(_dice: Dice, inside: Any, at: Any) -> None:
    inside[at] = not inside[at]


def _without(_dice: Dice, inside: Any, at: Any) -> None:
    del inside[at]


def _moved(_dice: Dice, inside: Any, at: Any) -> None:
    inside.insert(0, inside.pop(at))


# ---------------------------------------------------------------------------------------------------
# The same, written otherwise


def rewritten(dice: Dice, policy: Policy) -> str:
    """Return a policy that means the same: titles, comments, the order of what has none."""
    made = _rewritten(dice, policy.document, ())
    return f"# comment {dice.number(0, 9)}\n" + _text(made).replace("\n", "  # the same\n", dice.number(0, 3))


_UNORDERED = frozenset(
    {"decisions", "facts", "parameters", "when", "where", "that", "angles", "then", "otherwise"}
)


def _rewritten(dice: Dice, part: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(part, list):
        items = [_rewritten(dice, item, (*path, at)) for at, item in enumerate(part)]
        loose = path and (path[-1] in {"all", "any", "one_of", "none_of"} or "angles" in path)
        return _shuffled(dice, items) if loose else items
    if not isinstance(part, Mapping):
        return part
    items = [(key, _rewritten(dice, value, (*path, key))) for key, value in part.items()]
    if path and path[-1] in _UNORDERED:
        items = _shuffled(dice, items)
    made = dict(items)
    if len(path) == 2 and path[0] in {"decisions", "facts"} and "kind" in made:
        made["title"] = f"title {dice.number(0, 9)}"
    if made.get("hit") in {"unique", "any"}:
        made["rows"] = _shuffled(dice, made["rows"])
    return made


def _shuffled(dice: Dice, items: list[Any]) -> list[Any]:
    return dice.some(items, len(items), len(items))
