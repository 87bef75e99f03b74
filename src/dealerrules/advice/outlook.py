"""Outlook: of one decision, the nearest step to a better answer and the next day on which it changes by itself.

Place in the flow: an explanation asks for it when it is written down, and never fails for it: where advice cannot be
given, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dealerrules.advice.better import ranks
from dealerrules.analysis.diagrams import TooLargeError
from dealerrules.faults import messages
from dealerrules.policy.model import Offer, Stage, Tier
from dealerrules.values import months_before

if TYPE_CHECKING:
    from datetime import date

    from dealerrules.advice.coming import Coming
    from dealerrules.advice.next_step import NextStep
    from dealerrules.answer import Answer
    from dealerrules.outcome import AnyOutcome, Json
    from dealerrules.policy.model import AnyDecision

MONTHS: Final = 12
"""How far an explanation looks ahead; cases that expect `coming` look as far."""
_SAYS: Final = messages("""
step | nearest step: {step} | 最近的一步: {step}
change | with nothing done, up to {until}: {change} | 什么也不做，到 {until} 为止: {change}
none | with nothing done, up to {until}: no change | 什么也不做，到 {until} 为止: 不变
""")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is ahead of one decision.

    Attributes:
        decision: its name.
        until: the last day that was looked at.
        step: the nearest step to a better answer; none where there is none, or it cannot be told.
        change: the next change that comes by itself up to that day.
        stands: whether it is worth telling that there is none.
    """

    decision: str
    until: date
    step: NextStep | None
    change: Coming | None
    stands: bool

    def lines(self, lang: str) -> list[str]:
        """Return it in words, a line each."""

        def says(name: str, **parts: object) -> str:
            return _SAYS[name][lang == "zh"].format(**parts)

        said = [says("step", step=self.step.text(lang))] if self.step is not None else []
        if self.change is not None:
            said.append(says("change", until=self.until, change=self.change.text(lang)))
        elif self.stands:
            said.append(says("none", until=self.until))
        return said

    def to_dict(self, lang: str) -> dict[str, Json]:
        """Return it as plain JSON values, with stable keys; texts in one language."""
        step = {**self.step.to_dict(), "text": self.step.text(lang)} if self.step is not None else None
        change = (
            {**self.change.to_dict(), "text": self.change.text(lang)} if self.change is not None else None
        )
        return {"until": self.until.isoformat(), "next_step": step, "next_change": change}


def outlook(answer: Answer, outcome: AnyOutcome) -> Outlook:
    """Return what is ahead of an outcome.

    Args:
        answer: whose outcome it is.
        outcome: of a decision.
    """
    until = months_before(answer.as_of, -MONTHS)
    stands = outcome.case is not None and _stands(outcome.model)
    try:
        change = next(iter(answer.coming_changes(until, [outcome.decision])), None)
    except OverflowError:  # a span that leads past the end of all days
        change, stands = None, False
    return Outlook(outcome.decision, until, _nearest(outcome), change, stands)


def _nearest(outcome: AnyOutcome) -> NextStep | None:
    if not ranks(outcome.model):
        return None
    try:
        step = next(iter(outcome.next_steps(limit=1)), None)
        if step is not None:
            _ = step.until  # it is worked out when it is asked for: now, or it would fail when it is told
    except (TooLargeError, OverflowError):  # too many ways; a span that leads past the end of all days
        return None
    return step


def _stands(decision: AnyDecision) -> bool:
    """Tell whether an answer is one that is held: a level, a stage, what a customer may choose."""
    return isinstance(decision, Tier | Offer) or (isinstance(decision, Stage) and bool(decision.ranking))
