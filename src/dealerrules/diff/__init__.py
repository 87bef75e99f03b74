"""Diff: what an edit of the policies means, and whom it touches.

Place in the flow: beside the reports, behind the book. Two books come in; out comes what changed in words (``changes``),
for which inputs the outcome differs (``regions``) and, on a store's records, for whom (``impact``).
"""

from dealerrules.diff.comparison import PolicyDiff, compare

__all__ = ["PolicyDiff", "compare"]
