"""Normalisation by speaker: from all recordings of a speaker, or from a few enrolled ones.

Import the normalisers from the module that is named after them; ``models`` and ``experiment`` use
them inside the training fold. It may import from ``evaluation``, ``features`` and the layers below.
"""
