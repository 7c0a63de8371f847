"""Metrics: pure functions of truth and prediction, and the table of all metrics.

Import the functions from ``featser.evaluation.metrics.metrics`` and the table from
``featser.evaluation.metrics.registry``. It may import from ``evaluation``, ``tasks`` and
``errors``.
"""
