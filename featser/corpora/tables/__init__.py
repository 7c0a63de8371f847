"""Tables on disk as people keep them: their encodings, separators, decimal marks, column names.

Import ``TextTable`` from ``featser.corpora.tables.text_table`` and ``read_excel`` from
``featser.corpora.tables.excel_table``. It may import from ``ratings``, ``io`` and the layers
below.
"""
