"""Handbook: the policies as people read them, printed or on a phone, made by the program that pays.

Place in the flow: behind the engines, beside the explanations. A book comes in, a tree of sections goes out, written as
a page or as Markdown (``sections``).
"""

from dealerrules.handbook.whole import Handbook, handbook

__all__ = ["Handbook", "handbook"]
