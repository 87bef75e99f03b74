"""Words of coming changes: what changes on a day, and what makes it so, in Chinese and English.

Place in the flow: beside ``coming``, which finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealerrules.advice.moved import Gone, Moved
from dealerrules.advice.standing import answer_of, has_one_value
from dealerrules.expr import Elapsed, Fact, type_of
from dealerrules.faults import messages
from dealerrules.outcome import (
    Json,
    OfferOutcome,
    Outcome,
    PayoutOutcome,
    RulesOutcome,
    StageOutcome,
    TierOutcome,
    json_value,
)
from dealerrules.reasons import json_of
from dealerrules.values import Kind, show
from dealerrules.verdict import Status
from dealerrules.wording import Wording
from dealerrules.words import TABLES as EVENT_WORDS

if TYPE_CHECKING:
    from datetime import date

    from dealerrules.advice.coming import Coming

_SAYS = messages("""
change | on {day}: {before} → {after} | {day}：{before} → {after}
because | {change} ({causes}) | {change}（{causes}）
fact | {fact}: {before} → {after}{gone} | {fact}：{before} → {after}{gone}
gone | , the {event} of {day} no longer counts | ，{day} 的{event}不再计入
several_gone | , the {event} of {days} no longer count | ，{days} 的{event}不再计入
own_date | {fact}: {after} | {fact}：{after}
begins | the policy “{policy}” as of {day} begins | 政策“{policy}”自 {day} 起的版本生效
ends | no version of the policy “{policy}” is in force any more | 政策“{policy}”不再有有效的版本
or_better | {answer} or better | {answer}或更高
or_more | {answer}, perhaps more | {answer}，可能还有
undetermined | not determined | 未定
undefined | no answer | 没有结果
nothing | none | 无
""")


@dataclass(frozen=True, slots=True)
class Begins:
    """A version of a policy that begins on the day; or, with `ends`, the last one that has ended."""

    policy: str
    ends: bool = False


@dataclass(frozen=True, slots=True)
class OwnDate:
    """The subject's own date, which decides under which version it is, and is now reached."""

    name: str
    on: date


Cause = Moved | Begins | OwnDate


@dataclass(frozen=True, slots=True)
class Telling:
    """Tells coming changes in one language."""

    lang: str

    def _say(self, name: str, /, **parts: str) -> str:
        return _SAYS[name][self.lang == "zh"].format(**parts)

    def _pick(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def change(self, coming: Coming) -> str:
        """Return a whole change in one line."""
        causes = self._pick("；", "; ").join(self._cause(cause, coming) for cause in coming.cause)
        before, after = self.answer(coming.before, coming), self.answer(coming.after, coming)
        change = self._say("change", day=coming.on.isoformat(), before=before, after=after)
        return self._say("because", change=change, causes=causes) if causes else change

    def _wording(self, coming: Coming, outcome: Outcome | None = None) -> Wording | None:
        cases = [outcome.case] if outcome is not None else []
        case = next(
            (each for each in (*cases, coming.before.case, coming.after.case) if each is not None), None
        )
        return Wording(case.edition, case.subject, self.lang) if case is not None else None

    def answer(self, outcome: Outcome, coming: Coming) -> str:
        """Return what an outcome comes to."""
        wording = self._wording(coming, outcome)
        answer = answer_of(outcome)
        if outcome.status is Status.UNDEFINED or wording is None:
            return self._say("undefined")
        if isinstance(outcome, TierOutcome):
            level = wording.answer(outcome.model, str(answer))
            sure = outcome.status is Status.DECIDED
            return level if sure else self._say("or_better", answer=level)
        if outcome.status is Status.UNDETERMINED:
            if answer is None:
                return self._say("undetermined")
            return self._say("or_more", answer=self._rows(wording, outcome))
        if answer is None:
            return self._say("nothing")
        match outcome:
            case StageOutcome() | OfferOutcome():
                return wording.answer(outcome.model, str(answer))
            case PayoutOutcome():
                assert outcome.amount is not None
                return show(int(outcome.amount * 100), Kind.MONEY, self.lang)
            case RulesOutcome(model=model) if has_one_value(outcome):
                cells = outcome.verdict.cells
                assert cells is not None
                return wording.cell(model.outputs[0], cells[model.outputs[0].id])
            case _:
                return self._rows(wording, outcome)

    def _rows(self, wording: Wording, outcome: Outcome) -> str:
        """Return the rows of a rules table that answer."""
        return self._pick("、", ", ").join(wording.answer(outcome.model, row) for row in outcome.verdict.rows)

    def _cause(self, cause: Cause, coming: Coming) -> str:
        wording = self._wording(coming)
        match cause:
            case Begins(policy=policy, ends=ends):
                title = wording.edition.policies.get(policy) if wording is not None else None
                shown = title.get(self.lang, policy) if title is not None else policy
                return self._say("ends" if ends else "begins", policy=shown, day=coming.on.isoformat())
            case OwnDate(name=name, on=on):
                assert wording is not None
                return self._say("own_date", fact=wording.fact(name), after=on.isoformat())
            case Moved():
                assert wording is not None
                named = isinstance(cause.expr, Fact)
                said_fact = wording.fact(cause.name) if named else wording.say(cause.expr)
                return self._say(
                    "fact",
                    fact=said_fact[:1].upper() + said_fact[1:],
                    before=wording.value(cause.before, cause.expr),
                    after=wording.value(cause.after, cause.expr),
                    gone=self._gone(cause.gone),
                )

    def _gone(self, gone: tuple[Gone, ...]) -> str:
        if not gone:
            return ""
        zh, en = EVENT_WORDS[gone[0].table]
        several, one = en.split("/")
        name = self._pick(zh, one if len(gone) == 1 else several)
        days = self._pick("、", ", ").join(dict.fromkeys(each.on.isoformat() for each in gone))
        code = "gone" if len(gone) == 1 else "several_gone"
        return self._say(code, event=name, day=days, days=days)


def answer_dict(outcome: Outcome) -> dict[str, Json]:
    """Return what an outcome comes to as plain JSON values."""
    return {"status": outcome.status.value, "answer": json_value(answer_of(outcome))}


def cause_dict(cause: Cause) -> dict[str, Json]:
    """Return a cause as plain JSON values, with stable keys."""
    match cause:
        case Begins(policy=policy, ends=ends):
            return {"kind": "policy_ends" if ends else "policy_begins", "policy": policy}
        case OwnDate(name=name, on=on):
            return {"kind": "own_date", "fact": name, "date": on.isoformat()}
        case Moved(name=name, expr=expr):
            kind = type_of(expr).kind
            return {
                "kind": "fact",
                "fact": name,
                "elapsed": expr.how.value if isinstance(expr, Elapsed) else None,
                "before": json_of(cause.before, kind),
                "after": json_of(cause.after, kind),
                "gone": [
                    {"table": each.table, "on": each.on.isoformat(), "id": each.id} for each in cause.gone
                ],
            }
