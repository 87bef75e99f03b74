"""Testing policies: the public names around worked cases, and strategies of Hypothesis.

Place in the flow: the door to ``cases``, ``coverage``, ``proposing`` and ``mutation`` for who tests policies in
Python; ``dealerrules test`` is made of the same. `records`, `facts`, `as_of_days` and `policies` come from
``strategies`` and need Hypothesis, which is loaded when one of them is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealerrules.cases.coverage import run_cases
from dealerrules.cases.expectations import Difference
from dealerrules.cases.mutants import Mutant
from dealerrules.cases.mutation import MutationReport, mutate
from dealerrules.cases.proposing import Proposal, Proposed, propose
from dealerrules.cases.running import CaseResult, PolicyCase, load_cases, run_case
from dealerrules.cases.targets import Target, TestReport
from dealerrules.strategies.thresholds import Threshold, thresholds
from dealerrules.strategies.written import RandomPolicy

if TYPE_CHECKING:
    from dealerrules.strategies.drawing import as_of_days, facts, policies, records

__all__ = [
    "CaseResult",
    "Difference",
    "Mutant",
    "MutationReport",
    "PolicyCase",
    "Proposal",
    "Proposed",
    "RandomPolicy",
    "Target",
    "TestReport",
    "Threshold",
    "as_of_days",
    "facts",
    "load_cases",
    "mutate",
    "policies",
    "propose",
    "records",
    "run_case",
    "run_cases",
    "thresholds",
]

_DRAWN: Final = frozenset({"as_of_days", "facts", "policies", "records"})
_NO_HYPOTHESIS: Final = (
    'random records and policies need Hypothesis: pip install "dealerrules[testing]" / '
    '随机记录和随机政策需要 Hypothesis：pip install "dealerrules[testing]"'
)


def __getattr__(name: str) -> Any:
    """Load the strategies when one of them is first used: Hypothesis is no dependency of the library."""
    if name not in _DRAWN:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        from dealerrules.strategies import drawing  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "hypothesis":
            raise
        raise ModuleNotFoundError(_NO_HYPOTHESIS, name="hypothesis") from None
    found = globals()[name] = getattr(drawing, name)
    return found
