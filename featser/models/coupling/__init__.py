"""Tasks that use each other's predictions: chains, joint classes and stacked heads.

Import ``CoupledEstimator`` from ``featser.models.coupling.coupling``. It may import from
``models.heads``, ``models.selection``, ``evaluation`` and the layers below.
"""
