"""Robustness: how much a model's figures fall where recordings are worse than those it knows.

The conditions are declared in :mod:`featser.robustness.conditions`; the figures of a condition come
from :mod:`featser.robustness.stress_curves`. It may import from ``reporting``, ``augmentation``,
``evaluation`` and all layers below.
"""
