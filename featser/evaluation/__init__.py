"""Evaluation: cross-fitting, the identity of a fit, and the duration-only baseline.

Import splitters, metrics and statistics from its sub-folders, and ``cross_fit`` from
``featser.evaluation.cross_fit``. It may import from ``ratings``, ``workers``, ``tasks`` and the
layers below, and never from ``models``.
"""
