"""Estimators: models by name, one estimator per task, and bundles that predict from audio.

Import estimators from the module that is named after them, or build them by name with
``featser.models.registry``. It may import from ``speakers``, ``evaluation``, ``features`` and the
layers below; only ``models.streams`` imports torch.
"""
