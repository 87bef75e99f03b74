"""GoRules JDM: a decision as a graph of zen-engine's decision tables, plain JSON that GoRules' own editor opens.

Place in the flow: as ``durable.py``, for stores whose systems run GoRules, and as another witness from outside. The
graph matches the conditions and settles the answer, unknown facts included; facts are worked out here beforehand, and
are all whole numbers, true and false, and words. See ``docs/jdm.md`` for what it carries, and what not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from dealerrules.engines.carried import EXACT, Carried, Quantity, called, scale_of, scales
from dealerrules.engines.jdm_checks import SAYS, Check, answers_of, carried_by
from dealerrules.engines.jdm_conditions import Conditions, Json, Place, Reach, literal
from dealerrules.engines.jdm_tables import (
    KEPT,
    Node,
    Tabled,
    columns,
    expressions_node,
    key_of,
    meanings,
    node,
    parts_of,
    ranks,
    rows,
    settled,
    table,
)
from dealerrules.engines.quantities import Quantities
from dealerrules.expr import (
    Answer,
    Expr,
    LevelIn,
    type_of,
    walk,
)
from dealerrules.facts import read_facts
from dealerrules.faults import Fault, FieldError, RecordError
from dealerrules.policy.model import Offer, Payout, Stage, Tier
from dealerrules.values import ABSENT, Kind, Maybe, Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from dealerrules.policy.model import Edition


@dataclass(frozen=True)
class Graph:
    """A decision as a graph of GoRules, with all that it reads.

    Attributes:
        subject: what the facts are of.
        decision: its name.
        definition: the graph as JDM, plain JSON data.
        fields: what each of its facts holds, by name.
    """

    subject: str
    decision: str
    definition: dict[str, Json] = field(repr=False)
    fields: Mapping[str, Mapping[str, Carried]] = field(repr=False)
    _edition: Edition = field(repr=False)
    _sent: tuple[tuple[Quantity, bool], ...] = field(repr=False)
    _decided: frozenset[str] = field(repr=False)

    def context(self, given: Mapping[str, object], as_of: date) -> dict[str, dict[str, Carried]]:
        """Return ready-made facts as the graph takes them; what is unknown is left out.

        Raises:
            RecordError: for names that are no facts, values of another type, and numbers that do not fit.
        """
        edition, subject = self._edition, self.subject
        known, absent = edition.given_types(subject), partial(edition.may_be_absent, subject)
        facts = read_facts(subject, given, known, absent)
        if answers := sorted(self._decided & facts.keys()):
            said = [FieldError(name, SAYS["answer_given"]).at(subject, None, name) for name in answers]
            raise RecordError(said)
        return self.carried(facts, as_of)

    def carried(self, facts: Mapping[str, Maybe], as_of: date) -> dict[str, dict[str, Carried]]:
        """Do so for facts as the engines hold them."""
        subject = self.subject
        none: dict[str, Maybe] = {}  # facts are worked out before decisions, and read none
        values = Quantities(self._edition, subject, as_of, facts, none.__getitem__)
        made: dict[str, Carried] = {}
        faults: list[Fault] = []
        for quantity, may_be_absent in self._sent:
            assert quantity.expr is not None
            value = values.value(quantity.expr)
            if value is ABSENT and may_be_absent:
                made[f"{quantity.name}_absent"] = True
            if value is None or value is ABSENT:
                continue
            carried = carried_by(quantity, value)
            if carried is None:
                error = FieldError(value, SAYS["too_large"], most=f"{EXACT:,}")
                faults.append(error.at(subject, None, quantity.name))
            else:
                made[quantity.name] = carried
        if faults:
            raise RecordError(faults)
        return {"facts": made}


def graph(edition: Edition, subject: str, decision: str) -> Graph:
    """Return a decision as a graph.

    Args:
        edition: the policies in force.
        subject: what the decision is about.
        decision: its name.

    Raises:
        RecordError: naming each rule that cannot be carried, and what to do.
    """
    if faults := Check(edition, subject).faults(decision):
        raise RecordError(faults)
    writer = _Writer(edition, subject)
    writer.decide(decision)
    return writer.graph(decision)


# ---------------------------------------------------------------------------------------------------
# The graph


class _Writer:
    """Writes the nodes of a decision; each decision that is asked for brings those that it reads."""

    def __init__(self, edition: Edition, subject: str) -> None:
        self.edition, self.subject = edition, subject
        self.nodes: list[Node] = []
        self.sent: dict[Expr, tuple[Quantity, bool]] = {}
        self._scales = scales(edition, subject)
        self._names: dict[tuple[object, object], str] = {}
        self._taken: set[tuple[str, str]] = {("decision", "facts")}
        self._done: set[object] = set()
        self._conditions = Conditions(self._place, self._reach, self._constant)

    def graph(self, name: str) -> Graph:
        """Return all that was written as a graph that answers one decision."""
        at = self._prefix(name)
        made = {"decision": literal(name)}
        made |= {word: f"{at}_{word}" for word in ("status", "answer", "reason", "holds", "unknown")}
        if isinstance(self.edition.decisions[name], Tier):
            made["angles"] = f"{at}_angles"
        fields = {quantity.name: _described(quantity) for quantity, _ in self.sent.values()}
        schema = json.dumps(_schema(tuple(self.sent.values()), fields), ensure_ascii=False)
        self.nodes.append(expressions_node(f"{name}: answer", len(self.nodes) + 1, made, last=True))
        nodes = [
            node("facts", "inputNode", 0, {"schema": schema}),
            *self.nodes,
            node("answer", "outputNode", len(self.nodes) + 1, {"schema": ""}),
        ]
        edges: list[Json] = [
            {"id": f"edge-{at}", "type": "edge", "sourceId": f"node-{at}", "targetId": f"node-{at + 1}"}
            for at in range(len(nodes) - 1)
        ]
        definition: dict[str, Json] = {
            "contentType": "application/vnd.gorules.decision",
            "nodes": list(nodes),
            "edges": edges,
        }
        decided = frozenset(key for key in self._done if isinstance(key, str))
        return Graph(self.subject, name, definition, fields, self.edition, tuple(self.sent.values()), decided)

    def decide(self, name: str, *, read: bool = False) -> None:
        """Write a decision, after all that it reads; one that others `read` as they compare it, too."""
        if name in self._done:
            return
        decision = self._tabled(name)
        angles = parts_of(decision)
        for angle in angles:
            self._tables(decision, angle)
        self._done.add(name)
        at = self._prefix(name)
        said = settled(decision, at, [self._prefix(name, angle) for angle in angles])
        said |= self._as_fact(decision, at) if read else {}
        self._add(expressions_node(f"{name}: settled", len(self.nodes) + 1, said))

    def _tabled(self, name: str) -> Tabled:
        decision = self.edition.decisions[name]
        assert not isinstance(decision, Payout)  # it was looked at before
        return decision

    def _tables(self, decision: Tabled, angle: str | None) -> None:
        """Write the two tables of a decision, or of an angle, after all that their rows read."""
        key = (decision.name, angle)
        if key in self._done:
            return
        self._done.add(key)
        made = rows(decision, angle)
        for part in (part for row in made for part in walk(row.rule.when)):
            if isinstance(part, Answer) or (isinstance(part, LevelIn) and part.angle is None):
                self.decide(part.decision, read=True)
            elif isinstance(part, LevelIn):
                self._tables(self._tabled(part.decision), part.angle)
        at = self._prefix(decision.name, angle)
        called_ = decision.name if angle is None else f"{decision.name}.{angle or KEPT}"
        for word, sure in (("sure", True), ("may", False)):
            name = f"{called_}: {'holds' if sure else 'may hold'}"
            path = f"{at}_{word}"
            self._add(
                table(name, len(self.nodes) + 1, path, self._conditions, columns(decision), made, sure=sure)
            )
        if isinstance(decision, Tier):
            self._add(expressions_node(f"{called_}: level", len(self.nodes) + 1, ranks(decision, at)))

    def _add(self, made: Node) -> None:
        self.nodes.append(made)

    def _as_fact(self, decision: Tabled, at: str) -> dict[str, str]:
        """Return the expressions for an answer as other decisions compare it."""
        if isinstance(decision, Tier):  # what is compared is a range of levels
            return {}
        if isinstance(decision, Stage):
            return {f"{at}_value": f"$.{at}_answer"}
        if isinstance(decision, Offer):
            gone = f"$.{at}_status == 'decided' and $.{at}_answer == null"
            return {f"{at}_value": f"$.{at}_answer", f"{at}_value_absent": gone}
        answer = Answer(decision.name, self.edition.answers[decision.name])
        index = meanings(decision)
        carried = {
            index[key_of(cells)]: self._constant(answer, value) for cells, value in answers_of(decision)
        }
        listed = literal([carried[number] for number in range(len(index))])
        return {f"{at}_value": f"$.{at}_status == 'decided' ? {listed}[$.{at}_says[0]] : null"}

    # --- where values stand ---

    def _place(self, expr: Expr) -> Place:
        absent = self.edition.can_be_absent(self.subject, expr)
        if isinstance(expr, Answer):
            value = f"{self._prefix(expr.decision)}_value"
        else:
            if expr not in self.sent:
                scale = scale_of(self.edition, self.subject, expr, self._scales)
                unit = "" if scale is None else "_in_halves" if scale == 1 else f"_in_{2 * scale}ths"
                name = self._name(("fact", expr), f"{called(expr)}{unit}", "fact")
                self.sent[expr] = Quantity(name, expr, scale), absent
            value = f"facts.{self.sent[expr][0].name}"
        return Place(value, f"{value}_absent" if absent else None)

    def _reach(self, name: str, angle: str | None) -> Reach:
        tier = self.edition.decisions[name]
        assert isinstance(tier, Tier)
        at = self._prefix(name, angle) if angle else self._prefix(name)
        return Reach(f"{at}_granted", f"{at}_best", tuple(level.id for level in tier.levels))

    def _constant(self, expr: Expr, value: Value) -> Carried:
        made = carried_by(Quantity("", expr, scale_of(self.edition, self.subject, expr, self._scales)), value)
        assert made is not None  # it was looked at before
        return made

    def _prefix(self, name: str, angle: str | None = None) -> str:
        """Return what the names of a decision, or of an angle of it, begin with."""
        wanted = name if angle is None else f"{name}_{angle or KEPT}"
        return self._name((name, angle), wanted, "decision")

    def _name(self, key: tuple[object, object], wanted: str, instead: str) -> str:
        """Return a name that zen can read, and that nothing else of its sort has."""
        if key not in self._names:
            plain = re.sub(r"[^A-Za-z0-9_]", "_", wanted) if wanted.isascii() else instead
            plain = plain if plain[:1].isalpha() else f"{instead}_{plain}"
            name, number = plain, 1
            while {(instead, name), (instead, f"{name}_absent")} & self._taken:
                number += 1
                name = f"{plain}_{number}"
            self._taken |= {(instead, name), (instead, f"{name}_absent")}
            self._names[key] = name
        return self._names[key]


def _described(quantity: Quantity) -> dict[str, Carried]:
    assert quantity.expr is not None
    made: dict[str, Carried] = {"value_of": called(quantity.expr), "kind": type_of(quantity.expr).kind.value}
    if quantity.scale is not None:
        made["units_in_one"] = 2 * quantity.scale
    return made


def _schema(sent: tuple[tuple[Quantity, bool], ...], fields: Mapping[str, Mapping[str, Carried]]) -> Json:
    """Return a JSON Schema of the facts: zen refuses a misspelt name and a value of another type only by it."""
    properties: dict[str, Json] = {}
    for quantity, may_be_absent in sent:
        assert quantity.expr is not None
        type_ = type_of(quantity.expr)
        said = ", ".join(f"{key}: {value}" for key, value in fields[quantity.name].items())
        name = {Kind.BOOLEAN: "boolean", Kind.TEXT: "string", Kind.CATEGORY: "string"}.get(
            type_.kind, "integer"
        )
        made: dict[str, Json] = {"type": [name, "null"], "description": said}
        if type_.options:
            made["enum"] = [*type_.options, None]
        properties[quantity.name] = made
        if may_be_absent:
            properties[f"{quantity.name}_absent"] = {
                "type": "boolean",
                "description": "there is no such event",
            }
    facts: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"type": "object", "properties": {"facts": facts}, "required": ["facts"]}
