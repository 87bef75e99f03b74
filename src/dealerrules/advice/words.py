"""Words of advice, in English and Chinese; data, no logic.

Place in the flow: beside the next steps, as ``words`` stands beside ``wording``.
"""

from __future__ import annotations

from typing import Final

from dealerrules.faults import messages

SAYS: Final = messages("""
more | {fact} {before} → {after} ({by} more) | {fact} {before} → {after}（再加 {by}）
less | {fact} {before} → {after} ({by} less) | {fact} {before} → {after}（减少 {by}）
become | {fact}: {before} → {after} | {fact}：{before} → {after}
event | {fact}: {before} → {after} | {fact}：{before} → {after}
record | {fact} recorded as {after} | {fact}记录为“{after}”
also | ; with it {facts} | ；随之 {facts}
until | {changes}, by {day} | {changes}，最迟 {day}
to | {changes} → {answer} | {changes} → {answer}
because | {answer} ({rules}) | {answer}（{rules}）
amount | {answer}: {amount} | {answer}：{amount}
gain | {answer}: {amount} ({gain}) | {answer}：{amount}（{gain}）
further | , from there {rate} a unit | ，从那里起每单位 {rate}
cost | {step}, at {cost} | {step}，费用{cost}
not_granted | not given | 不给予
""")
