"""The author: writes a whole random policy that compiles, with decisions of every kind.

Place in the flow: after ``conditions`` and ``forms``. Whatever it names is there and of the type that is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealerrules.expr import Transition
from dealerrules.policy.model import Downgrade
from dealerrules.records import SUBJECTS
from dealerrules.strategies.conditions import NothingFits
from dealerrules.strategies.forms import Forms
from dealerrules.strategies.written import LITERALS, RandomPolicy, Yaml
from dealerrules.values import (
    BOOLEAN,
    COUNT,
    MONEY,
    QUANTITIES,
    RATIO,
    Kind,
    Type,
    read_literal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dealerrules.strategies.dice import Dice

_KEPT: Final[tuple[dict[str, Yaml], ...]] = tuple(
    {"keeps": {"for": months}, **downgrade, **transition}
    for months in ("1 month", "2 months", "3 months", "1 year")
    for downgrade in ({}, *({"downgrade": each.value} for each in Downgrade))
    for transition in ({}, *({"transition": each.value} for each in Transition))
)
"""How a tier may keep its levels."""

OTHER_SUBJECTS: Final = tuple(name for name in SUBJECTS if name != "customer")


@dataclass
class Author(Forms):
    """Writes one policy."""

    def decision(self) -> None:
        """Write a decision."""
        name = f"decision_{'cab'[len(self.decisions)]}"  # what depends on another stands before it by name
        makers = [
            self._rules,
            self._stage,
            self._tier,
            self._kept_tier,
            self._offer,
            self._payout,
            self._payout,
        ]
        try:
            made = self.pick(makers)(name)
        except NothingFits:
            made = self._rules(name)
        head = {"subject": self.subject} if self.subject != "customer" else {}
        dated = SUBJECTS[self.subject].date_field
        if dated is not None and self.chance(3) and "keeps" not in made:
            head["dated_by"] = dated
        self.decisions[name] = {"kind": made.pop("kind"), **head, **made}

    def probe(self, fact: str) -> None:
        """Write a decision that says what the value of a fact is."""
        type_, head = self.names[fact], {"subject": self.subject}
        name = f"probe_{fact}"
        if type_.kind in QUANTITIES:
            stages = {"some": {"from": LITERALS[type_.kind][0]}}
            self.decisions[name] = {
                "kind": "stage",
                **head,
                "measure": fact,
                "stages": stages,
                "when_absent": "none",
            }
            return
        words = (*type_.options, *LITERALS.get(type_.kind, ()))
        tests = {"unknown": {"known": False}, **{f"is-{at}": {"is": word} for at, word in enumerate(words)}}
        rows = [{"id": row, "when": {fact: test}, "then": {"it": row}} for row, test in tests.items()]
        self.decisions[name] = {
            "kind": "rules",
            **head,
            "hit": "collect",
            "outputs": {"it": {"type": "text"}},
            "rows": rows,
        }

    def _tier(self, name: str) -> dict[str, Yaml]:
        levels = ("gold", "silver", "bronze", "rest")[-self.number(2, 4) :]
        angles: dict[str, Yaml] = {}
        before: dict[str, tuple[str, ...]] = dict(self.levels)
        for number in range(self.number(1, 3)):
            angle: dict[str, Yaml] = {}
            for level in self.some(levels[:-1], 1, len(levels) - 1):
                rules = range(self.number(1, 3))
                angle[level] = [
                    {"id": f"{level}-{at}", "when": self.condition(self.close_names(), 1, before)}
                    for at in rules
                ]
            angles[f"angle_{'cab'[number]}"] = angle
            before[f"{name}.angle_{'cab'[number]}"] = levels
        self.levels = {**before, name: levels}
        return {"kind": "tier", "levels": {level: {} for level in levels}, "angles": angles}

    def _kept_tier(self, name: str) -> dict[str, Yaml]:
        """Write a tier that keeps its levels; a second one shortly, for each of its days asks all days of the first."""
        made, kept = self._tier(name), self.pick(_KEPT)
        if any("keeps" in each for each in self.decisions.values()):
            kept = {**kept, "keeps": {"for": "1 month"}, "downgrade": "to_computed"}
        return {**made, **kept}

    def _starts(self, type_: Type, most: int) -> list[dict[str, Yaml]]:
        """Return where bands begin: rising, `from` before `over` at one value."""
        found: dict[tuple[Any, bool], Yaml] = {}
        for _ in range(self.number(1, most)):
            value = self.literal(type_)
            written = self.parameters[value][1] if value in self.parameters else value
            place = read_literal(str(written)).value
            multiples = [name for name, (each, _) in self.parameters.items() if each == type_]
            if multiples and type_.kind is not Kind.DATE and self.chance(4):
                times, name = self.number(1, 3), self.pick(multiples)
                value = {"times": times, "of": name}
                place = times * read_literal(str(self.parameters[name][1])).value  # type: ignore[operator]
            over = self.chance(3)
            found[place, over] = {"over" if over else "from": value}
        return [found[key] for key in sorted(found)]

    def _stage(self, name: str) -> dict[str, Yaml]:
        measure, type_ = self.operand(QUANTITIES, literal=False)
        stages = {f"stage_{at}": start for at, start in enumerate(self._starts(type_, 4), 1)}
        made: dict[str, Yaml] = {"kind": "stage", "measure": measure, "stages": stages}
        words = list(stages)
        if self.chance(3):
            made["first"] = {f"first_{at}": {"when": self.when()} for at in range(self.number(1, 2))}
            words = [*made["first"], *words]
        if self.chance():
            made["when_absent"] = "never"
            words.append("never")
        self.names[name] = Type(Kind.CATEGORY, tuple(words))
        return made

    def _by(self) -> tuple[Yaml, Sequence[Yaml]]:
        by, type_ = self.operand([Kind.CATEGORY, Kind.BOOLEAN, Kind.TEXT], depth=0, literal=False)
        words = type_.options if type_.kind is Kind.CATEGORY else LITERALS[type_.kind]
        return by, self.some(words, 1, 2)

    def _payout(self, name: str) -> dict[str, Yaml]:
        made: dict[str, Yaml] = {"kind": "payout"}
        if self.chance(3):
            made["when"], made["otherwise"] = self.when(), self.literal(MONEY)
        if self.chance(4):
            made["pays"] = self.literal(MONEY)
        else:
            made |= self._bands()
        if self.chance(3):
            made["times"] = self.operand([Kind.COUNT])[0]
        for word in ("cap", "floor"):
            if self.chance(4):
                made[word] = self.literal(MONEY)
        mode, unit = (
            self.pick(["half_up", "half_even", "up", "down"]),
            self.pick(["1 fen", "3 fen", "1 yuan"]),
        )
        made["rounding"] = f"{mode} to {unit}"
        self.names[name] = MONEY
        return made

    def _bands(self) -> dict[str, Yaml]:
        made: dict[str, Yaml] = {}
        basis: Callable[[], str] = lambda: self.pick(["whole", "excess"])  # noqa: E731
        pays: Callable[[], dict[str, Yaml]]
        match self.pick(["ratio", "count", "percent", "any"]):
            case "ratio":
                named = [fact for fact, is_ratio in self.ratios.items() if is_ratio]
                pair = [self.operand([Kind.COUNT], depth=0)[0] for _ in range(2)]
                made["measure"], type_ = (
                    self.pick(named) if named and self.chance() else {"ratio": pair},
                    RATIO,
                )
                counted = made["measure"] not in named or self._counts(made["measure"])
                pays = (
                    (lambda: {"pays_per_unit": self.literal(MONEY), "basis": basis()})
                    if counted
                    else lambda: {"pays": self.literal(MONEY)}
                )
            case "count":
                made["measure"], type_ = self.operand([Kind.COUNT], literal=False)
                made["unit"] = made["measure"]
                pays = lambda: {"pays_per_unit": self.literal(MONEY), "basis": basis()}  # noqa: E731
            case "percent":
                made["measure"], type_ = self.operand([Kind.MONEY], literal=False)
                if self.chance():
                    made["unit"] = self.operand([Kind.COUNT, Kind.NUMBER], depth=0, literal=False)[0]
                    pays = lambda: {"pays_per_unit": self.literal(MONEY), "basis": "whole"}  # noqa: E731
                else:
                    pays = lambda: {"pays_percent": self.literal(RATIO), "basis": basis()}  # noqa: E731
            case _:
                made["measure"], type_ = self.operand(QUANTITIES - {Kind.RATIO}, literal=False)
                made["unit"] = self.operand([Kind.COUNT, Kind.NUMBER], depth=0, literal=False)[0]
                pays = lambda: {"pays_per_unit": self.literal(MONEY), "basis": "whole"}  # noqa: E731
        percent = type_ == MONEY and made.get("unit") is not None

        def others() -> dict[str, Yaml]:
            if percent and self.chance():
                return {"pays_percent": self.literal(RATIO), "basis": "whole"}
            return {"pays": self.literal(MONEY)}

        by, words = self._by() if self.chance(4) else (None, [None])
        lists = [
            [{**start, **(pays() if self.chance() else others())} for start in self._starts(type_, 3)]
            for _ in words
        ]
        if by is not None:
            made["by"] = by
        made["bands"] = lists[0] if by is None else dict(zip(words, lists, strict=True))
        return made

    def _counts(self, name: str) -> bool:
        """Tell whether a ratio fact is of whole things, so that units can be paid."""
        pair = self.facts[name]["ratio"]
        return all(isinstance(side, int) or self.names.get(str(side)) == COUNT for side in pair)

    def _offer(self, name: str) -> dict[str, Yaml]:
        made: dict[str, Yaml] = {"kind": "offer"}
        if self.chance():
            made["when"] = self.when()
        measure, type_ = self.operand(QUANTITIES, literal=False)
        measured = self.chance()
        if measured:
            made["measure"] = measure
        by, words = self._by() if self.chance(3) else (None, [None])
        lists = [
            [{**start, "always": ["thing"]} for start in (self._starts(type_, 3) if measured else [{}])]
            for _ in words
        ]
        if by is not None:
            made["by"] = by
        made["bands"] = lists[0] if by is None else dict(zip(words, lists, strict=True))
        self.names[name] = Type(Kind.TEXT)
        return made

    def _rules(self, name: str) -> dict[str, Yaml]:
        hit = self.pick(["unique", "first", "any", "collect", "priority"])
        types = [COUNT, MONEY, BOOLEAN, RATIO, Type(Kind.CATEGORY, ("x", "y", "z")), Type(Kind.TEXT)]
        columns = {f"output_{at}": self.pick(types) for at in range(1, self.number(1, 2) + 1)}
        outputs = {
            column: {"type": type_.kind.value, **({"options": list(type_.options)} if type_.options else {})}
            for column, type_ in columns.items()
        }

        def cells() -> dict[str, Yaml]:
            return {column: self.literal(type_) for column, type_ in columns.items()}

        on = self.close_names()
        rungs = self.operand(QUANTITIES, depth=0, literal=False)[0] if self.chance(4) else None
        rows: list[dict[str, Yaml]] = []
        for at in range(self.number(6, 9) if rungs else self.number(1, 4)):
            row: dict[str, Yaml] = {"id": f"row_{(at * 7) % 10}", "then": cells()}
            if rungs:
                row["when"] = self.rung(rungs)
            elif not self.chance(6):
                row["when"] = self.condition(on, 1) if self.chance() else self.when()
            if not rungs and self.chance(6):
                row["effective"] = {self.pick(["from", "until"]): self.pick(LITERALS[Kind.DATE])}
            rows.append(row)
        made = {"kind": "rules", "hit": hit, "outputs": outputs, "rows": rows}
        if self.chance():
            made["otherwise"] = cells()
        if len(columns) == 1 and hit != "collect":
            self.names[name] = columns["output_1"]
        return made

    def write(self, *, probes: bool = False) -> RandomPolicy:
        """Write the policy; `probes` adds for each fact a decision that says what its value is."""
        for _ in range(self.number(0, 3)):
            self.parameter()
        for _ in range(self.number(1, 3)):
            for _ in range(self.number(0, 4)):
                self.fact()
            self.decision()
        if probes:
            for name in self.facts:
                self.probe(name)
        document: dict[str, Yaml] = {"policy": "random"}
        if self.parameters_yaml:
            document["parameters"] = self.parameters_yaml
        if self.facts:
            document["facts"] = self.facts
        if any(each["kind"] == "offer" for each in self.decisions.values()):
            document["items"] = {"thing": {"title": "a thing", "value": "1 yuan"}}
        written = list(self.decisions.items())
        document["decisions"] = dict(reversed(written) if self.chance() else written)
        return RandomPolicy(self.subject, document)


def a_policy(dice: Dice, subject: str | None = None, *, probes: bool = False) -> RandomPolicy:
    """Return a well-typed policy about one subject, of any kind where none is named.

    Examples:
        >>> from dealerrules.strategies.dice import Dice
        >>> a_policy(Dice(lambda most: 0)).book.decisions["decision_c"].kind
        'rules'
    """
    about = subject or ("customer" if dice.number(0, 9) < 8 else dice.pick(OTHER_SUBJECTS))
    return Author(dice, about).write(probes=probes)
