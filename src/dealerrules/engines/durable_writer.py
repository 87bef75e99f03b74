"""The writer of rulesets: the rules of decisions as tests of durable_rules, each once for true and once for false.

Place in the flow: an edition of the policies comes in; steps of rules, and what their fields mean, go to
``durable.py``. A rule that neither of its two halves finds is unknown: unknown facts are left out of a message, and no
test on a field that is not there is met.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from dealerrules.engines.carried import MOST, MOST_LETTERS, Quantity, called, scale_of, scales
from dealerrules.engines.durable_conditions import (
    ABSENT_WORD,
    ALWAYS,
    KNOWN,
    NEVER,
    UNKNOWN,
    Is,
    Node,
    every,
    fitted,
    leaves,
    some,
)
from dealerrules.engines.durable_steps import Item, Meaning
from dealerrules.engines.quantities import CONDITIONS
from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Compare,
    Comparison,
    Constant,
    Expr,
    Fact,
    IsAbsent,
    Known,
    LevelIn,
    Member,
    Not,
    children,
    walk,
)
from dealerrules.faults import Fault, FieldError, messages
from dealerrules.policy.model import AnyDecision, Payout, Tier, expressions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealerrules.policy.model import Edition
    from dealerrules.values import Value

SAYS: Final = messages("""
two_sides | compares two facts with each other, and durable_rules compares a fact with a constant; leave `{value}` out of `decisions`, or evaluate it with engine="compiled" | 把两个事实互相比较，而 durable_rules 只能把事实与常数比较；请从 `decisions` 中去掉 `{value}`，或用 engine="compiled" 评估
inner | reads a condition as if it were a value, which durable_rules does not; leave `{value}` out of `decisions`, or evaluate it with engine="compiled" | 把条件当作数值来读，durable_rules 做不到；请从 `decisions` 中去掉 `{value}`，或用 engine="compiled" 评估
number | compares with a number that durable_rules does not hold exactly (at most {most}); leave `{value}` out of `decisions`, or evaluate it with engine="compiled" | 与之比较的数字超出 durable_rules 能精确表示的范围（最多 {most}）；请从 `decisions` 中去掉 `{value}`，或用 engine="compiled" 评估
word | compares with a text of more than {most} letters, which durable_rules does not do reliably; leave `{value}` out of `decisions`, or evaluate it with engine="compiled" | 与之比较的文本超过 {most} 个字，durable_rules 处理不可靠；请从 `decisions` 中去掉 `{value}`，或用 engine="compiled" 评估
""")

_TESTS: Final = {
    Comparison.EQUAL: ("$eq", "$neq"),
    Comparison.AT_LEAST: ("$gte", "$lt"),
    Comparison.MORE_THAN: ("$gt", "$lte"),
    Comparison.AT_MOST: ("$lte", "$gt"),
    Comparison.LESS_THAN: ("$lt", "$gte"),
}
_RESERVED: Final = {"id", "sid", "k", "step", "m", "s"}
_HASHES_TAKEN: Final = frozenset(
    {926444256, 3593476751, 739185624}
)  # of id, of sid, and of a name it uses itself


class Refused(Exception):  # noqa: N818 - it is caught where the rule is known, and becomes a fault
    """Something that durable_rules cannot carry."""

    def __init__(self, code: str, most: str = "") -> None:
        super().__init__(code)
        self.code, self.most = code, most


class Writer:
    """Writes the rules of one subject's decisions; each decision that is asked for brings those that it reads."""

    def __init__(self, edition: Edition, subject: str) -> None:
        self.edition, self.subject = edition, subject
        self.items: list[Item] = []
        self.quantities: dict[str, Quantity] = {}
        self.decisions: dict[str, None] = {}  # in the order in which they were written
        self._names: dict[object, str] = {}
        self._hashes: set[int] = set(_HASHES_TAKEN)
        self._depths: dict[str, int] = {}
        self._parts: dict[Node, Is] = {}
        self._rules: dict[tuple[str, int], int] = {}
        self._scales = scales(edition, subject)

    # --- what can be carried ---

    def faults(self, name: str) -> list[Fault]:
        """Return what durable_rules cannot carry of a decision and of those that it reads."""
        found: list[Fault] = []
        for each in self._read_by(name):
            decision = self.edition.decisions[each]
            for rule in decision.rules:
                try:
                    self._check(rule.when)
                except Refused as refused:
                    said = FieldError(name, SAYS[refused.code], most=refused.most)
                    found.append(said.at(self.subject, None, f"{each}: {rule.id}"))
        return found

    def _read_by(self, name: str) -> list[str]:
        found: dict[str, None] = {}
        stack: list[str] = [name]
        while stack:
            each = stack.pop()
            if each not in found:
                found[each] = None
                parts = expressions(self.edition.decisions[each])
                stack += [
                    node.decision for node in self._reached(parts) if isinstance(node, Answer | LevelIn)
                ]
        return list(found)

    def _reached(self, exprs: Iterable[Expr]) -> Iterator[Expr]:
        """Yield all that expressions are made of, facts' definitions too."""
        stack, seen = list(exprs), set()
        while stack:
            for node in walk(stack.pop()):
                yield node
                if isinstance(node, Fact) and node.name not in seen:
                    seen.add(node.name)
                    stack.append(self.edition.fact(self.subject, node.name).expr)

    def _check(self, condition: Expr) -> None:
        """Refuse a condition that cannot be carried."""
        match condition:
            case All(items=items) | AnyOf(items=items):
                for item in items:
                    self._check(item)
            case Not(item=item):
                self._check(item)
            case LevelIn():
                pass
            case Compare(left=left, right=right):
                if not isinstance(right, Constant):
                    raise Refused("two_sides")
                self._check_value(left)
                self._check_constant(left, right.value)
            case Member(item=item, among=among):
                self._check_value(item)
                for value in among:
                    self._check_constant(item, value)
            case Known(item=item) | IsAbsent(item=item):
                self._check_value(item)
            case Constant(value=bool()):
                pass
            case _:
                self._check_value(condition)

    def _check_value(self, expr: Expr) -> None:
        """Refuse conditions inside a value; those that events are chosen by are no part of it."""
        if isinstance(expr, CONDITIONS):
            raise Refused("inner")
        for part in () if isinstance(expr, Aggregate) else children(expr):
            self._check_value(part)
        if isinstance(expr, Fact):
            self._check_value(self.edition.fact(self.subject, expr.name).expr)

    def _check_constant(self, expr: Expr, value: Value) -> None:
        if isinstance(value, str) and len(value) > MOST_LETTERS:
            raise Refused("word", most=f"{MOST_LETTERS}")
        if Quantity("", expr, self._scale(expr)).carried(value) is None:
            raise Refused("number", most=f"{MOST:,}")

    # --- rules ---

    def write(self, name: str) -> None:
        """Write a decision, after all that it reads."""
        if name not in self.decisions:
            decision = self.edition.decisions[name]
            for at in range(len(decision.rules)):
                self._rule(decision, at)
            for part in expressions(decision)[len(decision.rules) :]:
                self._ready(part)
            self.decisions[name] = None

    def _rule(self, decision: AnyDecision, at: int) -> int:
        """Write a rule, once for true and once for false, and return how many messages it needs."""
        key = (decision.name, at)
        if key not in self._rules:
            rule = decision.rules[at]
            depth = 0
            for truth in (True, False):
                node = fitted(self._test(rule.when, wanted=truth), self._apart)
                depth = max(depth, self._depth(node))
                if node != NEVER:
                    name = f"{decision.name}: {rule.id} is {'true' if truth else 'false'}"
                    meaning = Meaning(decision.name, at, truth)
                    self.items.append(Item(name, node, self._depth(node), meaning))
            self._rules[key] = depth
        return self._rules[key]

    def _apart(self, node: Node) -> Is:
        """Make a part of a condition a rule of its own, and return the test on what it finds."""
        if node not in self._parts:
            inner = fitted(node, self._apart)
            name = self._named(node, "part")
            self.quantities[name] = Quantity(name)
            self._depths[name] = self._depth(inner)
            self.items.append(Item(f"{name} is true", inner, self._depth(inner), Meaning("", 0, True, name)))  # noqa: FBT003
            self._parts[node] = Is(name, "$eq", value=True)
        return self._parts[node]

    def _depth(self, node: Node) -> int:
        return 1 + max((self._depths[leaf.quantity] for leaf in leaves(node)), default=0)

    # --- conditions ---

    def _test(self, condition: Expr, *, wanted: bool) -> Node:
        """Return the test that is met exactly where a condition is true, or (not `wanted`) where it is false."""
        match condition:
            case All(items=items) | AnyOf(items=items):
                joined = every if isinstance(condition, All) is wanted else some
                return joined([self._test(item, wanted=wanted) for item in items])
            case Not(item=item):
                return self._test(item, wanted=not wanted)
            case Compare(how=how, left=left, right=Constant(value=value)):
                return self._compared(left, _TESTS[how], [value], wanted=wanted)
            case Member(item=item, among=among):
                return self._compared(item, _TESTS[Comparison.EQUAL], list(among), wanted=wanted)
            case Known(item=item):
                return self._state(item, [KNOWN] if wanted else [UNKNOWN, ABSENT_WORD])
            case IsAbsent(item=item):
                return self._state(item, [ABSENT_WORD if wanted else KNOWN])
            case LevelIn():
                return self._levels(condition, wanted=wanted)
            case Constant(value=value):
                return ALWAYS if value is wanted else NEVER
            case _:
                return self._compared(condition, _TESTS[Comparison.EQUAL], [True], wanted=wanted)

    def _compared(self, expr: Expr, tests: tuple[str, str], values: list[Value], *, wanted: bool) -> Node:
        quantity = self._quantity(expr)
        carried = [quantity.carried(value) for value in values]
        made = [Is(quantity.name, tests[not wanted], each) for each in carried if each is not None]
        if wanted:
            return some(made)
        absent = self._state(expr, [ABSENT_WORD]) if self._may_be_absent(expr) else NEVER
        return some([every(made) if made else self._state(expr, [KNOWN]), absent])

    def _state(self, expr: Expr, words: list[str]) -> Node:
        name = self._quantity(expr).name
        return some([Is(name, "$eq", word, state=True) for word in words])

    def _may_be_absent(self, expr: Expr) -> bool:
        return self.edition.can_be_absent(self.subject, expr)

    def _levels(self, test: LevelIn, *, wanted: bool) -> Node:
        """Return the test that every level that this one may still turn out to be is (not) among the allowed.

        A level is out of the question where a better one is granted, or where it and all better ones are refused.
        """
        tier = self.edition.decisions[test.decision]
        assert isinstance(tier, Tier)
        refused = []
        last = len(tier.levels) - 1
        for at, level in enumerate(tier.levels):
            if (level.id in test.allowed) is not wanted:
                better = [Is(self._at_least(tier, test.angle, at - 1), "$eq", value=True)] if at else []
                worse = [Is(self._at_least(tier, test.angle, at), "$eq", value=False)] if at < last else []
                refused.append(some([*better, *worse]))
        return every(refused)

    # --- fields ---

    def _quantity(self, expr: Expr) -> Quantity:
        if expr not in self._names:
            scale = self._scale(expr)
            unit = "" if scale is None else "_in_halves" if scale == 1 else f"_in_{2 * scale}ths"
            name = self._named(expr, f"{called(expr)}{unit}")
            self.quantities[name] = Quantity(name, expr, scale)
            self._depths[name] = self._ready(expr)
        return self.quantities[self._names[expr]]

    def _at_least(self, tier: Tier, angle: str | None, level: int) -> str:
        key = (tier.name, angle, level)
        if key not in self._names:
            of = f"{tier.name}_{angle}" if angle else tier.name
            name = self._named(key, f"{of}_at_least_{tier.levels[level].id}")
            self.quantities[name] = Quantity(name, tier=tier.name, angle=angle, level=level)
            rules = [at for at, rule in enumerate(tier.rules) if angle in {None, rule.angle}]
            self._depths[name] = max((self._rule(tier, at) for at in rules), default=0)
        return self._names[key]

    def _ready(self, expr: Expr) -> int:
        """Return after how many messages a value is there: those of the decisions that it reads; write these first."""
        depth = 0
        for node in self._reached([expr]):
            if isinstance(node, Answer):
                decision = self.edition.decisions[node.decision]
                self.write(node.decision)
                depth = max([depth, *(self._rule(decision, at) for at in range(len(decision.rules)))])
                if isinstance(decision, Payout):
                    more = expressions(decision)[len(decision.rules) :]
                    depth = max([depth, *map(self._ready, more)])
        return depth

    def _scale(self, expr: Expr) -> int | None:
        """Return into how many parts a unit is cut so that all constants are whole; none where all values are."""
        return scale_of(self.edition, self.subject, expr, self._scales)

    def _named(self, key: object, wanted: str) -> str:
        """Return a name for a field: letters that need no quoting, and no other's hash, by which fields are known."""
        plain = re.sub(r"[^A-Za-z0-9_]", "_", wanted) if wanted.isascii() else "fact"
        name, number = plain, 1
        while name in _RESERVED or name[:1] == "$" or {_hash(name), _hash(f"{name}_is")} & self._hashes:
            number += 1
            name = f"{plain}_{number}"
        self._hashes |= {_hash(name), _hash(f"{name}_is")}
        self._names[key] = name
        return name


def _hash(name: str) -> int:
    """Return the number by which durable_rules knows a field (FNV-1a of its letters)."""
    found = 2166136261
    for letter in json.dumps(name)[1:-1].encode():
        found = (found ^ letter) * 16777619 % 2**32
    return found
