"""Editions side by side: parameters, facts, things, decisions and rates that mean something else.

Place in the flow: behind ``decisions``, which compares one decision with another; what is read by several decisions is
told once, with all that it touches.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from dealerrules.diff.changes import Change, Reading, both, data_difference
from dealerrules.diff.decisions import Pair
from dealerrules.diff.kept import holders, is_kept, kept_by
from dealerrules.diff.parameters import Parameter, alike, parameters, parts_of
from dealerrules.diff.rate_words import rate_side
from dealerrules.policy.model import Offer, Rules, Tier, Title, meanings, rate_meanings
from dealerrules.values import show
from dealerrules.wording import subject_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dealerrules.policy.model import AnyDecision, Edition, Rate


def changes(old: Edition, new: Edition, versions: Sequence[Edition]) -> list[Change]:
    """Return what differs between two editions: parameters, facts and items first, then decisions, then rates.

    Args:
        old: the policies as they were.
        new: the policies as they are.
        versions: all versions of the policies as they are, in order.
    """
    sides = _Sides(old, new)
    found = [*sides.parameter_changes(), *sides.fact_changes(), *sides.item_changes()]
    for name in dict.fromkeys((*old.decisions, *new.decisions)):
        found += sides.decision_changes(name)
        held = holders(old, new, name, versions)
        found += [held] if held is not None else []
    for name in dict.fromkeys((*old.rates, *new.rates)):
        found += sides.rate_changes(name)
    return found


def all_of_edition(edition: Edition, how: str) -> list[Change]:
    """Return every decision and rate of an edition as ``added`` or ``removed``: there is nothing to compare with."""
    found = [_whole(how, edition, name) for name in edition.decisions]
    return found + [_whole_rate(how, edition, name) for name in edition.rates]


def _whole(how: str, edition: Edition, name: str) -> Change:
    made = edition.decisions[name]
    said = Title(
        f"{_KINDS[made.kind][0]}，{subject_title(made.subject, 'zh')}",
        f"{_KINDS[made.kind][1]}, {subject_title(made.subject, 'en')}",
    )
    before, after = (said, None) if how == "removed" else (None, said)
    return Change(how, "decision", name, name, "", made.title, before, after)


def _whole_rate(how: str, edition: Edition, name: str) -> Change:
    made = edition.rates[name]
    said = both(lambda lang: f"{rate_side(edition, made.of, lang)} ÷ {rate_side(edition, made.over, lang)}")
    before, after = (said, None) if how == "removed" else (None, said)
    return Change(how, "rate", name, name, "", made.title, before, after)


_KINDS: Mapping[str, tuple[str, str]] = {
    "tier": ("分级", "tier"),
    "stage": ("分阶段", "stages"),
    "payout": ("奖罚", "payout"),
    "offer": ("优惠", "offer"),
    "rules": ("规则表", "rules table"),
}


# ---------------------------------------------------------------------------------------------------
# Two editions side by side


class _Sides:
    """The two sides, with what is asked of both."""

    def __init__(self, old: Edition, new: Edition) -> None:
        self.old, self.new = old, new

    @cached_property
    def read(self) -> tuple[dict[str, object], dict[str, object]]:
        """What the decisions and rates of each side mean, with all that they read, by name."""
        old, new = (
            {**meanings(each, each.decisions), **rate_meanings(each)} for each in (self.old, self.new)
        )
        return old, new

    @cached_property
    def _differing(self) -> tuple[list[str], list[str]]:
        """The names of what means something else, on each side: a number that changed is read by nothing but these."""
        old, new = self.read
        gone, come = (
            [key for key in old if new.get(key) != old[key]],
            [key for key in new if old.get(key) != new[key]],
        )
        return [*gone, *kept_by(self.old, gone)], [*come, *kept_by(self.new, come)]

    @cached_property
    def shared_parameters(self) -> dict[str, tuple[Parameter, Parameter]]:
        """The parameters that both sides read, with other values."""
        before, after = (
            parameters([parts_of(edition, key) for key in keys])
            for edition, keys in zip((self.old, self.new), self._differing, strict=True)
        )
        pairs = {name: (before[name], after[name]) for name in before if name in after}
        return {
            name: (one, other)
            for name, (one, other) in pairs.items()
            if (one.kind, sorted(map(str, one.values))) != (other.kind, sorted(map(str, other.values)))
        }

    @cached_property
    def changed_parameters(self) -> frozenset[str]:
        """Their names."""
        return frozenset(self.shared_parameters)

    def alike(self, old: object, new: object) -> bool:
        """Tell whether two parts mean the same, but for parameters that changed."""
        return alike(old, new, self.changed_parameters)

    @cached_property
    def _reads(self) -> dict[str, frozenset[str]]:
        """By decision and rate, the keys of all that it reads on either side, itself included."""
        found: dict[str, set[str]] = {}
        for edition in (self.old, self.new):
            for name in edition.decisions:
                found.setdefault(name, set()).update(meanings(edition, [name]))
            for name in edition.rates:
                made = {name: edition.rates[name]}
                read = set(rate_meanings(_only(edition, made)))
                found.setdefault(name, set()).update(read)
        return {name: frozenset(keys) for name, keys in found.items()}

    def touched_by(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the decisions and rates that read any of some parts, on either side."""
        wanted = set(keys)
        return tuple(sorted(name for name, read in self._reads.items() if read & wanted))

    # --- parameters, facts, items ---------------------------------------------------------------------

    def parameter_changes(self) -> Iterator[Change]:
        """Yield the parameters whose value changed."""
        for name, (before, after) in sorted(self.shared_parameters.items()):
            keys = {
                key
                for edition, read in zip((self.old, self.new), self._differing, strict=True)
                for key in read
                if name in parameters([parts_of(edition, key)])
            }
            yield Change(
                "changed",
                "parameter",
                name,
                aspect="value",
                before=both(lambda lang, each=before: _values(each, lang)),  # type: ignore[misc]
                after=both(lambda lang, each=after: _values(each, lang)),  # type: ignore[misc]
                touches=self.touched_by(keys),
            )

    def fact_changes(self) -> Iterator[Change]:
        """Yield the facts that are found in another way, and those that are new or gone."""
        before, after = ({key for key in read if "." in key} for read in self.read)
        for key in sorted(before | after):
            subject, _, name = key.partition(".")
            was, now = (
                None if is_kept(found := edition.facts[subject].get(name)) else found  # told of the tier
                for edition in (self.old, self.new)
            )
            if was is None and now is None:
                continue
            touches = self.touched_by([key])
            one, other = (
                None if each is None else Reading(edition, subject).said(lambda w, e=each: w.definition(e))  # type: ignore[misc]
                for edition, each in ((self.old, was), (self.new, now))
            )
            if was is not None and now is not None:
                if key in before and key in after and not self.alike(was.expr, now.expr):
                    yield Change("changed", "fact", name, None, "definition", now.title, one, other, touches)
            elif now is not None:
                yield Change("added", "fact", name, None, "", now.title, None, other, touches)
            elif was is not None:
                yield Change("removed", "fact", name, None, "", was.title, one, None, touches)

    @cached_property
    def _told_of_facts(self) -> frozenset[str]:
        """The decisions and rates that read a fact of which a change is told."""
        return frozenset(name for each in self.fact_changes() for name in each.touches)

    def item_changes(self) -> Iterator[Change]:
        """Yield the things that are worth something else, and those that are new or gone."""
        for name in sorted({*self.old.items, *self.new.items}):
            was, now = self.old.items.get(name), self.new.items.get(name)
            one, other = (
                None if each is None else Reading(edition).said(lambda w, e=each: w.worth(e))  # type: ignore[misc]
                for edition, each in ((self.old, was), (self.new, now))
            )
            touches = tuple(sorted({*_givers(self.old, name), *_givers(self.new, name)}))
            if was is not None and now is not None:
                worth = [(each.value, each.price, each.refund) for each in (was, now)]
                if not self.alike(*worth):
                    yield Change("changed", "item", name, None, "worth", now.title, one, other, touches)
            elif now is not None:
                yield Change("added", "item", name, None, "", now.title, None, other, touches)
            elif was is not None:
                yield Change("removed", "item", name, None, "", was.title, one, None, touches)

    # --- decisions and rates --------------------------------------------------------------------------

    def decision_changes(self, name: str) -> list[Change]:
        """Return what changed in a decision, not in what it reads."""
        was, now = self.old.decisions.get(name), self.new.decisions.get(name)
        if was is None or now is None:
            edition, how = (self.new, "added") if was is None else (self.old, "removed")
            return [_whole(how, edition, name)]
        same = self.read[0][name] == self.read[1][name]
        if same and _keeps(was) == _keeps(now):
            return []
        found = list(Pair(self.old, self.new, name, self.changed_parameters).changes())
        if not found and not same and name not in self._told_of_facts and not self.alike(was, now):
            # nothing may be passed over: what no part tells is told of the whole
            found = [Change("changed", "decision", name, name, "other", now.title)]
        return found

    def rate_changes(self, name: str) -> list[Change]:
        """Return what changed in a rate."""
        was, now = self.old.rates.get(name), self.new.rates.get(name)
        if was is None or now is None:
            edition, how = (self.new, "added") if was is None else (self.old, "removed")
            return [_whole_rate(how, edition, name)]
        key = f"rate {name}"
        if self.read[0][key] == self.read[1][key]:
            return []
        found: list[Change] = []
        for aspect in ("of", "over"):
            sides = getattr(was, aspect), getattr(now, aspect)
            one, other = (
                both(lambda lang, e=edition, s=side: rate_side(e, s, lang))  # type: ignore[misc]
                for edition, side in zip((self.old, self.new), sides, strict=True)
            )
            if not self.alike(*sides) and (one, other) not in [(each.before, each.after) for each in found]:
                found.append(Change("changed", "rate", name, name, aspect, now.title, one, other))
        for aspect in ("per", "one_minus", "data"):
            values = getattr(was, aspect), getattr(now, aspect)
            if values[0] != values[1]:
                found.append(
                    Change("changed", "rate", name, name, aspect, now.title, *data_difference(*values))
                )
        if not found and not self.alike(was, now):
            found = [Change("changed", "rate", name, name, "other", now.title)]
        return found


def _keeps(decision: AnyDecision) -> object:
    """Return how a tier keeps levels, but not where that is written."""
    keeps = decision.keeps if isinstance(decision, Tier) else None
    return None if keeps is None else (keeps.months.value, keeps.downgrade, keeps.transition)


def _only(edition: Edition, rates: Mapping[str, Rate]) -> Edition:
    return replace(edition, rates=rates)


def _values(parameter: Parameter, lang: str) -> str:
    comma = "、" if lang == "zh" else ", "
    return comma.join(show(each, parameter.kind, lang) for each in parameter.values)


def _givers(edition: Edition, item: str) -> Iterator[str]:
    """Yield the decisions that give a thing."""
    for name, made in edition.decisions.items():
        if isinstance(made, Offer):
            given = [
                each
                for package in made.packages.values()
                for names in (package.always, *package.choose_one.values())
                for each in names
            ]
        elif isinstance(made, Rules):
            rows = [*made.cells.values(), *([made.otherwise] if made.otherwise is not None else [])]
            lists = [cells[each.id] for cells in rows for each in made.outputs if each.form == "items"]
            given = [each for cell in lists if isinstance(cell, tuple) for each in map(str, cell)]
        else:
            continue
        if item in given:
            yield name
