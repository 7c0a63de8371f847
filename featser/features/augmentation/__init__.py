"""Augmentation: sounds in, altered sounds out, the same ones in every process.

:func:`~featser.features.augmentation.spec.parse_augmentation` makes an augmentation of what the
user types, such as ``noise:snr=5..20,copies=3``; each kind of it is a module of its own.
"""
