"""Tables: the nodes of a GoRules graph, and what settles the answer from the rows that hold.

Place in the flow: between the conditions of a decision (``jdm_conditions.py``) and the graph (``jdm.py``). The rows of
a decision stand in two tables that collect: those that hold, and those that may. An expression node behind them says
what the two mean together, as ``verdict.py`` does for the library's own engines.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Final, assert_never

from dealerrules.engines.carried import EXACT
from dealerrules.engines.jdm_conditions import Json, conjuncts, literal, only_value
from dealerrules.policy.model import Hit, Offer, Rules, Stage, Tier, Title
from dealerrules.values import show_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealerrules.engines.jdm_conditions import Conditions
    from dealerrules.expr import Expr
    from dealerrules.policy.model import Cell, Rule

Tabled = Tier | Stage | Offer | Rules
"""What can stand in tables; amounts cannot."""
Node = dict[str, Json]
Column = tuple[str, str]
"""What a column of outputs is called, and where in a row's output its value stands."""

_APART: Final = 320
"""Between nodes on the canvas of the editor."""


@dataclass(frozen=True, slots=True)
class Row:
    """A rule in a table: what it outputs, by column."""

    rule: Rule
    outputs: Sequence[Json]


def node(name: str, kind: str, at: int, content: Mapping[str, Json]) -> Node:
    """Return a node of a graph; `at` is its place in the row of nodes."""
    return {
        "id": f"node-{at}",
        "name": name,
        "type": kind,
        "position": {"x": _APART * at, "y": 0},
        "content": dict(content),
    }


def table(
    name: str,
    at: int,
    path: str,
    conditions: Conditions,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    sure: bool,
) -> Node:
    """Return the decision table that collects the rows that are sure to hold, or (not `sure`) those that may.

    What looks at one value stands in that value's column, anything else in a last column. No column has a `field`: cells
    are whole expressions, since zen's short form of them takes no `and` in brackets, and a cell that it cannot read is
    silently never met.
    """
    by_row = [_by_column(row.rule.when) for row in rows]
    values = list(dict.fromkeys(value for cells in by_row for value in cells if value is not None))
    inputs: list[Json] = []
    for number, value in enumerate(values):
        looked_at = conditions.place(value).value.rpartition(".")[2]
        inputs.append({"id": f"in-{number}", "name": looked_at})
    ids: dict[Expr | None, str] = {value: f"in-{number}" for number, value in enumerate(values)}
    if any(None in cells for cells in by_row) or not values:
        inputs.append({"id": "in-other", "name": "condition"})
        ids[None] = "in-other"
    rules: list[Json] = []
    for row, cells in zip(rows, by_row, strict=True):
        made: dict[str, Json] = {"_id": row.rule.id, "_description": row.rule.title.get("zh")}
        made |= dict.fromkeys(ids.values(), "")
        for column, tests in cells.items():
            made[ids[column]] = " and ".join(conditions.text(test, sure=sure) for test in tests)
        made |= {f"out-{number}": literal(each) for number, each in enumerate(row.outputs)}
        rules.append(made)
    outputs: list[Json] = [
        {"id": f"out-{number}", "name": title, "field": field}
        for number, (title, field) in enumerate(columns)
    ]
    return node(
        name,
        "decisionTableNode",
        at,
        {
            "hitPolicy": "collect",
            "inputs": inputs,
            "outputs": outputs,
            "rules": rules,
            "passThrough": True,
            "inputField": None,
            "outputPath": path,
            "executionMode": "single",
        },
    )


def _by_column(condition: Expr) -> dict[Expr | None, list[Expr]]:
    found: dict[Expr | None, list[Expr]] = {}
    for part in conjuncts(condition):
        found.setdefault(only_value(part), []).append(part)
    return found


def expressions_node(name: str, at: int, said: Mapping[str, str], *, last: bool = False) -> Node:
    """Return a node that works out expressions, one after another; the `last` one hands on nothing else."""
    listed: list[Json] = [{"id": f"ex-{key}", "key": key, "value": value} for key, value in said.items()]
    content: dict[str, Json] = {
        "expressions": listed,
        "passThrough": not last,
        "inputField": None,
        "outputPath": None,
        "executionMode": "single",
    }
    return node(name, "expressionNode", at, content)


# ---------------------------------------------------------------------------------------------------
# Answers as plain data


def plain(cell: Cell) -> Json:
    """Return what a row says as plain data: money in fen, days and broken numbers as text, titles as zh and en.

    Examples:
        >>> plain(100_00), plain(Fraction(333, 1000)), plain(Fraction(1, 3)), plain(date(2014, 9, 30))
        (10000, '0.333', '1/3', '2014-09-30')
    """
    if isinstance(cell, bool | str):
        return cell
    if isinstance(cell, int):
        return cell if -EXACT <= cell <= EXACT else str(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Fraction):
        return _decimal(cell)
    return [dict(each.to_dict()) if isinstance(each, Title) else each for each in cell]


def _decimal(number: Fraction) -> str:
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return show_decimal(number) if rest == 1 else str(number)


def said_by(decision: Rules, cells: Mapping[str, Cell]) -> Json:
    """Return what a row says: its one output, or all by name."""
    made = {output.id: plain(cells[output.id]) for output in decision.outputs}
    return next(iter(made.values())) if len(made) == 1 else made


# ---------------------------------------------------------------------------------------------------
# What the rows that hold, and those that may, mean together


def columns(decision: Tabled) -> list[Column]:
    """Return the columns of outputs of a decision's tables: the rule, what it says, what it counts as."""
    match decision:
        case Tier():
            return [("rule", "rule"), ("level", "level"), ("rank", "rank")]
        case Stage():
            return [("rule", "rule"), ("place", "place")]
        case Offer():
            return [("rule", "rule")]
        case Rules():
            said = [(output.id, f"then.{output.id}") for output in decision.outputs]
            return [("rule", "rule"), *said, ("place", "place"), ("says", "says")]
        case _:
            assert_never(decision)


KEPT: Final = "kept"
"""What the tables are called that say which levels of a tier are kept."""


def parts_of(decision: Tabled) -> list[str | None]:
    """Return what a decision has tables of its own for: each angle of a tier, and (an empty word) what is kept."""
    if not isinstance(decision, Tier):
        return [None]
    kept: list[str | None] = [""] if any(rule.angle is None for rule in decision.rules) else []
    return [*(angle.id for angle in decision.angles), *kept]


def rows(decision: Tabled, angle: str | None) -> list[Row]:
    """Return the rows of a decision's tables, in the order in which they are looked at; of one part of a tier."""
    by_id = {rule.id: rule for rule in decision.rules}
    match decision:
        case Tier(levels=levels):
            rank = {level.id: at for at, level in enumerate(levels)}
            mine = [rule for rule in decision.rules if (rule.angle or "") == angle]
            return [Row(rule, [rule.id, rule.answer, rank[rule.answer]]) for rule in mine]
        case Stage(order=order):
            return [Row(by_id[rule], [rule, at]) for at, rule in enumerate(order)]
        case Rules(order=order, outputs=outputs):
            index = meanings(decision)
            return [
                Row(
                    by_id[row],
                    [
                        row,
                        *(plain(decision.cells[row][each.id]) for each in outputs),
                        at,
                        index[key_of(decision.cells[row])],
                    ],
                )
                for at, row in enumerate(order)
            ]
        case Offer():
            return [Row(rule, [rule.id]) for rule in decision.rules]
        case _:
            assert_never(decision)


def key_of(cells: Mapping[str, Cell]) -> tuple[object, ...]:
    """Return what a row says as a key: the same where rows say the same."""
    return tuple(sorted(cells.items()))


def meanings(decision: Rules) -> dict[tuple[object, ...], int]:
    """Return a number for each different answer of a table; the rows that say the same have the same."""
    said = [decision.cells[row] for row in decision.order]
    said += [] if decision.otherwise is None else [decision.otherwise]
    return {key: at for at, key in enumerate(dict.fromkeys(map(key_of, said)))}


def settled(decision: Tabled, at: str, parts: Sequence[str]) -> dict[str, str]:
    """Return the expressions that settle a decision: `AT_status`, `AT_answer`, `AT_reason`, `AT_holds`, `AT_unknown`.

    Args:
        decision: which.
        at: what its names in the context begin with.
        parts: what the names of its tables begin with: of each angle of a tier, else of the one pair of tables.
    """
    sure, may = (f"flatMap([{', '.join(f'{part}_{word}' for part in parts)}], #)" for word in ("sure", "may"))
    if len(parts) == 1:
        sure, may = f"{parts[0]}_sure", f"{parts[0]}_may"
    made = {
        f"{at}_holds": f"map({sure}, #.rule)",
        f"{at}_unknown": f"filter(map({may}, #.rule), not (# in $.{at}_holds))",
    }
    match decision:
        case Tier():
            return made | _tier(decision, at, parts)
        case Stage():
            return made | _stage(at)
        case Offer():
            return made | _offer(at)
        case Rules(hit=Hit.COLLECT):
            return made | _collected(decision, at)
        case Rules():
            return made | _table(decision, at)
        case _:
            assert_never(decision)


def ranks(decision: Tier, part: str) -> dict[str, str]:
    """Return the expressions for the granted and the best possible level of an angle."""
    last = len(decision.levels) - 1
    return {
        f"{part}_{word}": f"len({part}_{table}) > 0 ? min(map({part}_{table}, #.rank)) : {last}"
        for word, table in (("granted", "sure"), ("best", "may"))
    }


def _tier(tier: Tier, at: str, parts: Sequence[str]) -> dict[str, str]:
    levels = literal([level.id for level in tier.levels])
    angles = {angle.id: f"{levels}[{part}_granted]" for angle, part in zip(tier.angles, parts, strict=False)}
    listed = ", ".join(f"{literal(angle)}: {text}" for angle, text in angles.items())
    return {
        f"{at}_granted": f"min([{', '.join(f'{part}_granted' for part in parts)}])",
        f"{at}_best": f"min([{', '.join(f'{part}_best' for part in parts)}])",
        f"{at}_status": f"$.{at}_best < $.{at}_granted ? 'undetermined' : 'decided'",
        f"{at}_answer": f"{levels}[$.{at}_granted]",
        f"{at}_angles": f"{{{listed}}}",
    }


def _possible(at: str) -> dict[str, str]:
    """Return the expression for the rows that could be the first to hold: up to the first that is sure to."""
    return {
        f"{at}_stop": f"len({at}_sure) > 0 ? {at}_sure[0].place : {EXACT}",
        f"{at}_possible": f"filter({at}_may, #.place <= $.{at}_stop)",
    }


def _stage(at: str) -> dict[str, str]:
    decided = f"len($.{at}_possible) == 1 and len({at}_sure) > 0"
    return _possible(at) | {
        f"{at}_status": f"len($.{at}_possible) == 0 ? 'undefined' : {decided} ? 'decided' : 'undetermined'",
        f"{at}_answer": f"$.{at}_status == 'decided' ? {at}_sure[0].rule : null",
        f"{at}_reason": f"$.{at}_status == 'undefined' ? 'no_rule' : null",
    }


def _offer(at: str) -> dict[str, str]:
    return {
        f"{at}_status": f"len({at}_sure) > 0 or len({at}_may) == 0 ? 'decided' : 'undetermined'",
        f"{at}_answer": f"len({at}_sure) > 0 ? {at}_sure[0].rule : null",
    }


def _collected(decision: Rules, at: str) -> dict[str, str]:
    one = len(decision.outputs) == 1
    row = f"#.then[{literal(decision.outputs[0].id)}]" if one else "#.then"
    otherwise = "null" if decision.otherwise is None else literal([said_by(decision, decision.otherwise)])
    empty = "'undefined'" if decision.otherwise is None else "'decided'"
    return {
        f"{at}_status": f"len($.{at}_unknown) > 0 ? 'undetermined' : len({at}_sure) > 0 ? 'decided' : {empty}",
        f"{at}_answer": f"$.{at}_status != 'decided' ? null : len({at}_sure) > 0 ? map({at}_sure, {row}) : {otherwise}",
        f"{at}_reason": f"$.{at}_status == 'undefined' ? 'no_rule' : null",
    }


def _table(decision: Rules, at: str) -> dict[str, str]:
    index = meanings(decision)
    said = {index[key_of(cells)]: said_by(decision, cells) for cells in decision.cells.values()}
    if decision.otherwise is not None:
        said[index[key_of(decision.otherwise)]] = said_by(decision, decision.otherwise)
    other = index[key_of(decision.otherwise)] if decision.otherwise is not None else -1
    ordered = decision.hit in {Hit.FIRST, Hit.PRIORITY}
    made = _possible(at) if ordered else {f"{at}_possible": f"{at}_may"}
    made[f"{at}_says"] = (
        f"len({at}_sure) > 0 ? map($.{at}_possible, #.says) : flatMap([map($.{at}_possible, #.says), [{other}]], #)"
    )
    differ = f"min($.{at}_says) != max($.{at}_says)"
    conflict = {
        Hit.UNIQUE: f"len({at}_sure) > 1",
        Hit.ANY: f"len({at}_sure) > 0 and min(map({at}_sure, #.says)) != max(map({at}_sure, #.says))",
    }.get(decision.hit, "false")
    if decision.hit is Hit.UNIQUE:
        differ = f"len({at}_may) > 1 or {differ}"
    made[f"{at}_reason"] = (
        f"({conflict}) ? 'conflict' : ({differ}) ? null : $.{at}_says[0] == -1 ? 'no_rule' : null"
    )
    made[f"{at}_status"] = f"$.{at}_reason != null ? 'undefined' : ({differ}) ? 'undetermined' : 'decided'"
    listed = literal([said[each] for each in sorted(said)])
    made[f"{at}_answer"] = f"$.{at}_status == 'decided' ? {listed}[$.{at}_says[0]] : null"
    return made
