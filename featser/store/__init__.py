"""Features on disk: part files, their index, reading, verification and maintenance.

Import ``Store`` from ``featser.store.feature_store``. It may import from ``features``, ``io`` and
the layers below.
"""
