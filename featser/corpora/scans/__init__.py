"""Scans: from a folder of recordings to a manifest, by a card, a pattern of names, or its layout.

Import ``scan`` from ``featser.corpora.scans.scanning`` and ``scan_pattern`` from
``featser.corpora.scans.pattern_scan``. It may import from ``corpora``, ``io`` and the layers
below.
"""
