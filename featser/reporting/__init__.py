"""The HTML report: its sections, tables, figures, sentences and templates.

Import from its modules what a page needs; every function takes plain data, never a model or a
store. It may import from ``evaluation`` and the layers below, but not from ``models``, ``store`` or
``features``.
"""
