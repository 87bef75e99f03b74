"""The intake: files of a store become clean tables.

    finding -> sources -> columns -> cleaning -> loading -> joining -> stores

``finding`` says which file is which table, ``sources`` gives its raw rows, ``columns`` says which column is which
(``headers`` and ``mapping`` know the names), ``cleaning`` makes of cells what they mean (``cells``, ``attributes``),
``loading`` does so for one table, ``joining`` for all together; ``lines`` reads JSON lines without any of them.
"""
