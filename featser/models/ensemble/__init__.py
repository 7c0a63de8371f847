"""Ensembles: averages of several estimators, and weights estimated on inner folds.

Import the votes from ``featser.models.ensemble.voting`` and the stacked weights from
``featser.models.ensemble.stacking``. It may import from ``models.heads``, ``models.selection``,
``evaluation`` and the layers below.
"""
