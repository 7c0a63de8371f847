"""Explanations: which groups of features a model relies on, measured on rows it was not fitted on.

Import ``group_importance`` from :mod:`featser.explanation.importance` and the groups from
:mod:`featser.explanation.feature_groups`. It may import from ``reporting``, ``models`` and all
layers below.
"""
