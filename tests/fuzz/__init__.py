"""Fuzzing: what is given to the doors of the library, and what may come out of them.

A target is a module with ``run(data)``, which raises when something comes out that must not; ``mutated``, which
changes an input in a way that leads deep; and ``seeds``. ``tools/fuzz.py`` drives them guided by coverage, and
``test_fuzz_corpus.py`` runs what is kept in ``corpus`` without it.
"""
