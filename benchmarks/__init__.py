"""Benchmarks: the library against hand-written Python, zen-engine and rule-engine.

``python -m benchmarks`` runs all and writes docs/benchmarks.md; each module runs alone too, such as
``python -m benchmarks.one_customer``. They need the packages of the dependency group `bench`. What they print are
times, to be read; nothing here is asserted but that all variants give the same answers.
"""
