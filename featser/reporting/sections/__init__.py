"""Sections of the report that only some runs have: prediction sets, raters, enrolment, folds.

Import ``coverage_tables``, ``rater_sections``, ``enrolment_section`` and ``fold_tables`` from the
modules of those ideas. It may import from ``evaluation`` and ``reporting``.
"""
