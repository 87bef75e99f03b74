"""Ladders: a tier's criteria that others make superfluous, and levels that nobody reaches.

Place in the flow: the analyser's part for tiers. A criterion that reads the level of another angle hands it on by
intent, so it neither hides another nor is hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.analysis.diagrams import EMPTY
from dealerrules.analysis.findings import Finding, listed
from dealerrules.analysis.past import is_there_before, reaching, switch
from dealerrules.analysis.tables import check_possible, hiding
from dealerrules.diagnostics import Diagnostic, Phrase
from dealerrules.expr import LevelIn, Reached, walk
from dealerrules.keeping import editions_of
from dealerrules.policy.document import TierShape
from dealerrules.policy.model import Downgrade, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealerrules.analysis.findings import Desk
    from dealerrules.policy.editor import Editor
    from dealerrules.policy.model import Edition, Rule


def check_tier(desk: Desk) -> None:
    """Report what is wrong with a tier."""
    tier = desk.decision
    assert isinstance(tier, Tier)
    holds = check_possible(desk, "DR706", "rule")
    place = {level.id: at for at, level in enumerate(tier.levels)}
    written = [rule for rule in _as_written(desk, tier.earned) if rule.id in holds]
    own = [rule for rule in written if not _hands_on(rule, tier)]
    idle: set[str] = set()
    for rule in own:
        others = [
            other
            for other in own
            if other.id not in {rule.id, *idle} and place[other.answer] <= place[rule.answer]
        ]
        others.sort(key=lambda each: (place[each.answer] != place[rule.answer], each.angle != rule.angle))
        better = [other for other in others if place[other.answer] < place[rule.answer]]
        if _inside(desk, rule, better, holds):
            others = better  # whatever else it lies inside, it is never the reason
        elif not _inside(desk, rule, others, holds):
            continue
        names = hiding(desk, rule.id, [other.id for other in others], holds)
        needed = [other for other in others if other.id in names]
        if any(other.answer == rule.answer for other in needed):
            idle.add(rule.id)
        _report(desk, tier, rule, needed, holds[rule.id])
    _unreachable(desk, tier, holds)


def _inside(desk: Desk, rule: Rule, others: list[Rule], holds: dict[str, int]) -> bool:
    around = desk.space.sets.any_of([holds[other.id] for other in others])
    return desk.space.is_empty(desk.space.minus(holds[rule.id], around))


def _as_written(desk: Desk, tier: Tier) -> list[Rule]:
    """Return the rules from the last written to the first: of two that are the same, the copy is named."""
    return sorted(tier.rules, key=lambda rule: desk.place(rule.id), reverse=True)


def _hands_on(rule: Rule, tier: Tier) -> bool:
    return any(isinstance(node, LevelIn) and node.decision == tier.name for node in walk(rule.when))


def _report(desk: Desk, tier: Tier, rule: Rule, others: list[Rule], region: int) -> None:
    titles = {level.id: desk.title(level.title, level.id) for level in tier.levels}
    same = any(other.answer == rule.answer for other in others)
    better = next(
        level.id for level in reversed(tier.levels) if any(each.answer == level.id for each in others)
    )
    desk.report(
        "DR711" if same else "DR712",
        desk.place(rule.id),
        [rule.id],
        related=tuple((desk.place(other.id), _AROUND) for other in others),
        rule=rule.id,
        others=listed((other.id for other in others), " or "),
        level=titles[rule.answer],
        sample=desk.example(region),
        also={} if same else {"better": titles[better]},
    )


_AROUND = Phrase("包含它的标准", "the criterion that holds too")


def _unreachable(desk: Desk, tier: Tier, holds: dict[str, int]) -> None:
    """Report levels of which nobody can be; that a level is kept grants it only where it was reached otherwise."""
    better = EMPTY
    for level in tier.levels[:-1]:
        rules = [rule for rule in tier.earned.rules if rule.answer == level.id]
        here = desk.space.sets.any_of([holds[rule.id] for rule in rules if rule.id in holds])
        if desk.space.is_empty(desk.space.minus(here, better)) and not _was_reached(desk, tier, level.id):
            if rules:
                why = Phrase(
                    "满足其标准的都已经是更高的级别", "whoever meets its criteria is at a better level"
                )
            else:
                why = Phrase("没有一条标准授予它", "no criterion grants it")
            span = desk.source.shape.key_span("levels", level.id)
            desk.report("DR713", span, [level.id], level=level.id, why=why)
        better = desk.space.either(better, here)
    last = tier.levels[-1]
    if desk.space.is_empty(desk.space.sets.negate(better)):
        why = Phrase("所有人都满足更高级别的标准", "everyone meets a criterion of a better level")
        desk.report("DR713", desk.source.shape.key_span("levels", last.id), [last.id], level=last.id, why=why)


def _was_reached(desk: Desk, tier: Tier, level: str) -> bool:
    """Tell whether a level can be kept that another version grants, or one that stands above where levels fall."""
    definition = desk.edition.facts[tier.subject].get(tier.kept_fact(level))
    if tier.keeps is None or definition is None or not isinstance(definition.expr, Reached):
        return False
    if tier.keeps.downgrade is Downgrade.ONE_LEVEL and level != tier.levels[0].id:
        return True
    for edition, _ in editions_of(desk.edition, definition.expr):
        earlier = edition.decisions[tier.name]
        assert isinstance(earlier, Tier)
        if edition is not desk.edition and any(rule.answer == level for rule in earlier.rules):
            return True
    return False


def check_switch(editor: Editor, edition: Edition, before: Edition | None, name: str) -> Iterator[Finding]:
    """Yield that a version does not say what becomes of those who hold a level of a tier when it begins.

    Args:
        editor: of the version.
        edition: the version.
        before: the version before it, if there is one.
        name: of a decision.
    """
    tier, source = edition.decisions[name], editor.decisions[name]
    if not isinstance(tier, Tier) or tier.keeps is None or before is None:
        return
    assert isinstance(source.shape, TierShape)
    day = switch([before, edition], edition, name)
    if day is None or source.shape.transition is not None or not is_there_before([before], day, name):
        return
    if not isinstance(before.decisions[name], Tier) or reaching(before, name) != reaching(edition, name):
        values: dict[str, str | Phrase] = {"name": name, "day": str(day)}
        yield Finding(Diagnostic("DR714", source.shape.key_span("keeps"), values), name, (name,))
