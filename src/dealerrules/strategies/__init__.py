"""Strategies: random records, ready-made facts and policies, which seek the edges of what a policy says.

``dice`` is where chance comes from; ``written``, ``conditions``, ``forms`` and ``author`` write policies;
``thresholds`` and ``near`` know the values at which a policy changes its mind; ``aiming`` and ``subjects`` make
records and facts that meet them; ``drawing`` is all that as strategies of Hypothesis, the one module that needs it.
The public names stand in ``dealerrules.testing``.
"""
