"""Dice: where chance comes from, be it Hypothesis, which then makes what fails small, or a seeded generator.

Place in the flow: below the strategies; whatever is random is made with dice, and knows nothing of Hypothesis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Dice:
    """A source of chance; where Hypothesis draws the numbers, what fails is made small."""

    def __init__(self, up_to: Callable[[int], int]) -> None:
        self.up_to = up_to

    def number(self, least: int, most: int) -> int:
        """Return a whole number; the least is the plainest."""
        return least + self.up_to(most - least)

    def chance(self, one_in: int = 2) -> bool:
        """Return true one time in so many."""
        return self.number(0, one_in - 1) == one_in - 1

    def pick(self, choices: Iterable[Any]) -> Any:
        """Return one of some things."""
        listed = choices if isinstance(choices, list | tuple) else tuple(choices)
        return listed[self.number(0, len(listed) - 1)]

    def some(self, choices: Iterable[Any], least: int, most: int) -> list[Any]:
        """Return some different things, in any order."""
        left = list(choices)
        count = min(self.number(least, most), len(left))
        return [left.pop(self.number(0, len(left) - 1)) for _ in range(count)]
