"""Extraction: the plan of what is missing, and its computation by workers or a Dask cluster.

Import ``extract_manifest`` from ``featser.extraction.extraction``. It may import from
``augmentation``, ``store``, ``features`` and the layers below.
"""
