"""How a run was made, for a paper: methods paragraph, citations, model card and datasheet.

Import ``methods_paragraph``, ``references``, ``model_card`` and ``datasheet`` from the modules of
those names. It may import from ``audit``, ``evaluation`` and ``reporting``.
"""
