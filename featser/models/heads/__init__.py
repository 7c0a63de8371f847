"""Heads of one task: balanced, calibrated and ordinal classifiers, and regression for CCC.

Import the estimators and transformations from the module that is named after them. It may import
from ``models.selection``, ``evaluation`` and the layers below.
"""
