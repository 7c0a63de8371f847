"""Augmentation: one module per kind of altered copy, their table, and the plan of copies.

Import :func:`~featser.augmentation.spec.parse_augmentation`, which makes an augmentation of text
such as ``noise:snr=5..20,copies=3``. It may import from ``features``, ``corpora``,
``audio`` and the layers below.
"""
