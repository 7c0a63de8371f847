"""The file format of bundles, and the checks that a bundle passes before it is used.

Only ``featser.models.bundle`` imports from it. It may import from ``features``, ``io`` and the
layers below.
"""
