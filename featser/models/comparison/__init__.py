"""Training rows that a single prediction is compared with: a sample, and the positions of all.

Import ``Comparison`` from ``featser.models.comparison.comparison``. It may import from
``models.abstention``, ``evaluation`` and the layers below.
"""
