"""Corpora: cards, scans of folders, manifests, audformat databases and downloads.

Import ``load_card`` from ``featser.corpora.card`` and ``read_manifest`` from
``featser.corpora.manifest``. It may import from ``ratings``, ``audio``, ``io`` and the layers
below.
"""
