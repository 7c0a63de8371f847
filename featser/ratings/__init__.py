"""Ratings of recordings by several raters: tables of them, aggregation, agreement.

Import ``Ratings`` from ``featser.ratings.ratings``, and ``aggregated`` from
``featser.ratings.aggregation``. It may import from ``tasks``, ``errors`` and the layers below.
"""
