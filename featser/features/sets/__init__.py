"""Feature sets: one module per extractor, each named, versioned and parametrised.

Import an extractor from its module, or obtain it by name from ``featser.features.registry``. It
may import from ``features.gemaps``, ``features.lowlevel``, ``audio`` and the layers below.
"""
