"""Checks: what a graph of GoRules cannot carry of a decision, said when the graph is made, rule by rule.

Place in the flow: beside ``jdm_tables.py``, before ``jdm.py`` writes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from dealerrules.engines.carried import EXACT, Carried, Quantity, scale_of, scales
from dealerrules.engines.quantities import CONDITIONS
from dealerrules.expr import (
    Aggregate,
    All,
    Answer,
    AnyOf,
    Before,
    Compare,
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
from dealerrules.policy.model import Payout, Rules, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealerrules.policy.model import AnyDecision, Cell, Edition
    from dealerrules.values import Value

SAYS: Final = messages("""
two_sides | compares two facts with each other, and the tables of JDM compare a fact with a constant; evaluate `{value}` with the library | 把两个事实互相比较，而 JDM 的表只能把事实与常数比较；请用本库评估 `{value}`
inner | reads a condition as if it were a value, which JDM is not given; evaluate `{value}` with the library | 把条件当作数值来读，无法写成 JDM；请用本库评估 `{value}`
worked_out | works something out from the answer of another decision, and facts of JDM are worked out before all decisions; evaluate `{value}` with the library | 要用另一个决策的结果来计算，而 JDM 的事实在所有决策之前算好；请用本库评估 `{value}`
number | compares with a number that JSON does not hold exactly (at most {most}); evaluate `{value}` with the library | 与之比较的数字超出 JSON 能精确表示的范围（最多 {most}）；请用本库评估 `{value}`
amount | is a payout: amounts are rounded and receipted by the library only; evaluate `{value}` with the library | 是一项奖金：金额的取整和明细只由本库计算；请用本库评估 `{value}`
name | the name `{name}` holds both kinds of quotes, which JDM cannot write; rename it | 名称 `{name}` 同时含有两种引号，JDM 无法书写；请改名
too_large | `{value}` does not fit: JSON holds numbers exactly up to {most} of its units; evaluate with the library | `{value}` 超出范围：JSON 最多精确表示 {most} 个单位；请用本库评估
answer_given | is a decision, which the graph decides itself; leave it out | 是一个决策，由 JDM 自己得出；请去掉它
""")


class _Refused(Exception):  # noqa: N818 - it is caught where the rule is known, and becomes a fault
    """Something that a graph cannot carry."""

    def __init__(self, code: str, **more: str) -> None:
        super().__init__(code)
        self.code, self.more = code, more


@dataclass(frozen=True)
class Check:
    """Looks at decisions of one subject, under one edition of the policies."""

    edition: Edition
    subject: str

    def faults(self, name: str) -> list[Fault]:
        """Return what a graph cannot carry of a decision and of those that it reads."""
        found: list[Fault] = []
        scaled = scales(self.edition, self.subject)
        for each in self._read_by(name):
            decision = self.edition.decisions[each]
            tests = [
                (f"{each}: {rule.id}", partial(self._condition, rule.when, scaled)) for rule in decision.rules
            ]
            for place, test in [(each, partial(_named, decision)), *tests]:
                try:
                    test()
                except _Refused as refused:
                    said = FieldError(name, SAYS[refused.code], **refused.more)
                    found.append(said.at(self.subject, None, place))
        return found

    def _read_by(self, name: str) -> list[str]:
        found: dict[str, None] = {}
        stack = [name]
        while stack:
            each = stack.pop()
            if each not in found:
                found[each] = None
                rules = self.edition.decisions[each].rules
                stack += [
                    part.decision
                    for rule in rules
                    for part in walk(rule.when)
                    if isinstance(part, Answer | LevelIn)
                ]
        return list(found)

    def _condition(self, condition: Expr, scaled: Mapping[Expr, int]) -> None:
        """Refuse a condition that cannot be carried."""
        match condition:
            case All(items=items) | AnyOf(items=items):
                for item in items:
                    self._condition(item, scaled)
            case Not(item=item):
                self._condition(item, scaled)
            case LevelIn() | Constant(value=bool()):
                pass
            case Compare(left=left, right=right):
                if not isinstance(right, Constant):
                    raise _Refused("two_sides")
                self._compared(left, (right.value,), scaled)
            case Member(item=item, among=among):
                self._compared(item, among, scaled)
            case Known(item=item) | IsAbsent(item=item):
                self._compared(item, (), scaled)
            case _:
                self._compared(condition, (), scaled)

    def _compared(self, expr: Expr, constants: tuple[Value, ...], scaled: Mapping[Expr, int]) -> None:
        if isinstance(expr, Answer):
            decision = self.edition.decisions[expr.decision]
            constants += (
                tuple(value for _, value in answers_of(decision)) if isinstance(decision, Rules) else ()
            )
        else:
            self._worked_out(expr, set())
        quantity = Quantity("", expr, scale_of(self.edition, self.subject, expr, scaled))
        if any(carried_by(quantity, value) is None for value in constants):
            raise _Refused("number", most=f"{EXACT:,}")

    def _worked_out(self, expr: Expr, seen: set[str]) -> None:
        """Refuse conditions and answers inside a value; those that events are chosen by are no part of it."""
        if isinstance(expr, CONDITIONS):
            raise _Refused("inner")
        if isinstance(expr, Answer):
            raise _Refused("worked_out")
        parts = (
            ()
            if isinstance(expr, Aggregate)
            else (expr.event,)
            if isinstance(expr, Before)
            else children(expr)
        )
        for part in parts:  # of what was so before an event nothing is worked out from facts of today
            self._worked_out(part, seen)
        if isinstance(expr, Fact) and expr.name not in seen:
            seen.add(expr.name)
            self._worked_out(self.edition.fact(self.subject, expr.name).expr, seen)


def _named(decision: AnyDecision) -> None:
    """Refuse what is no table, and names that cannot be written."""
    if isinstance(decision, Payout):
        raise _Refused("amount")
    outputs = decision.outputs if isinstance(decision, Rules) else ()
    angles = decision.angles if isinstance(decision, Tier) else ()
    for name in [*(each.id for each in outputs), *(each.id for each in angles)]:
        if "'" in name and '"' in name:
            raise _Refused("name", name=name)


def carried_by(quantity: Quantity, value: Value) -> Carried | None:
    """Return a value as a graph holds it: texts whole."""
    return value if isinstance(value, str) else quantity.carried(value, EXACT)


def answers_of(decision: Rules) -> list[tuple[Mapping[str, Cell], Value]]:
    """Return what the rows of a table with one output say, and `otherwise`, each with its value."""
    said = [*decision.cells.values(), *([decision.otherwise] if decision.otherwise is not None else [])]
    found = []
    for cells in said:
        value = cells[decision.outputs[0].id]
        assert not isinstance(value, tuple)  # a list is no answer that others read
        found.append((cells, value))
    return found
