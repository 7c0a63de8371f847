"""The page on which one looks at recordings and hears them: map, errors, likely label errors.

Import functions from ``featser.reporting.exploration.explore_page``, and pictures of recordings
from ``featser.reporting.exploration.recording_picture``. It may import from ``models``,
``features``, ``audio``, ``tasks``, ``io`` and ``errors``.
"""
