"""Car dealership policies in YAML, evaluated exactly and explained.

    records -> facts -> policy (YAML -> document -> model of expressions) -> engine -> outcome -> explanation

``load`` reads a directory of policies into a ``PolicyBook``; its ``evaluate`` takes a record and a day and
gives an ``Answer``: one outcome a decision, each with its reasons. The map of the rooms:

- ``values``, ``expr``: exact values, and the one expression tree
- ``records``, ``tables``, ``facts``: what a store knows, and how it comes in
- ``diagnostics``, ``policy``: YAML to a checked model, every mistake found at once
- ``engines``: the reference interpreter and the compiled one
- ``verdict``, ``outcome``, ``explain``: what the truths of rules mean, and why
- ``analysis``, ``diff``: what a policy says about every input there is, and what an edit changes
- ``handbook``: the policies as people read them
- ``rates``, ``report``: what they come to for a whole store, on a page with ``report_page``
- ``book``: the desk that joins them; ``testing``, ``cli``, ``demo``: around it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dealerrules.analysis.lint import check
    from dealerrules.answer import Answer, Answers
    from dealerrules.book import PolicyBook, load, loads
    from dealerrules.diagnostics import Diagnostic, PolicyError
    from dealerrules.diff import PolicyDiff, compare
    from dealerrules.explain import Explanation
    from dealerrules.faults import RecordError
    from dealerrules.handbook import Handbook
    from dealerrules.outcome import (
        OfferOutcome,
        Outcome,
        PayLine,
        PayoutOutcome,
        RulesOutcome,
        StageOutcome,
        TierOutcome,
    )
    from dealerrules.rates import RateOutcome, Rates
    from dealerrules.records import (
        ConsultantMonth,
        Customer,
        FollowUpResult,
        Purchase,
        RecallCampaign,
        RepairOrder,
    )
    from dealerrules.tables import Store, Tables, read_store, read_tables
    from dealerrules.values import ABSENT
    from dealerrules.verdict import Reason, Status

__version__ = "0.1.0"

__all__ = [
    "ABSENT",
    "Answer",
    "Answers",
    "ConsultantMonth",
    "Customer",
    "Diagnostic",
    "Explanation",
    "FollowUpResult",
    "Handbook",
    "OfferOutcome",
    "Outcome",
    "PayLine",
    "PayoutOutcome",
    "PolicyBook",
    "PolicyDiff",
    "PolicyError",
    "Purchase",
    "RateOutcome",
    "Rates",
    "Reason",
    "RecallCampaign",
    "RecordError",
    "RepairOrder",
    "RulesOutcome",
    "StageOutcome",
    "Status",
    "Store",
    "Tables",
    "TierOutcome",
    "check",
    "compare",
    "load",
    "loads",
    "read_store",
    "read_tables",
]

_HOMES = {
    "analysis.lint": ("check",),
    "answer": ("Answer", "Answers"),
    "book": ("PolicyBook", "load", "loads"),
    "diagnostics": ("Diagnostic", "PolicyError"),
    "diff": ("PolicyDiff", "compare"),
    "explain": ("Explanation",),
    "handbook": ("Handbook",),
    "outcome": (
        "OfferOutcome",
        "Outcome",
        "PayLine",
        "PayoutOutcome",
        "RulesOutcome",
        "StageOutcome",
        "TierOutcome",
    ),
    "rates": ("RateOutcome", "Rates"),
    "records": (
        "ConsultantMonth",
        "Customer",
        "FollowUpResult",
        "Purchase",
        "RecallCampaign",
        "RecordError",
        "RepairOrder",
    ),
    "tables": ("Store", "Tables", "read_store", "read_tables"),
    "values": ("ABSENT",),
    "verdict": ("Reason", "Status"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first used, so that importing costs nothing."""
    if name not in _HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted([*__all__, "__version__"])
