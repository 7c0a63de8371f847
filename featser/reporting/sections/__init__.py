"""Sections of the report that only some runs have: prediction sets, enrolment, published folds.

Import ``coverage_tables``, ``enrolment_section`` and ``fold_tables`` from the modules of those
ideas. It may import from ``evaluation`` and ``reporting``.
"""
