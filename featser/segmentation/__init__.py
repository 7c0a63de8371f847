"""Where speech is in long recordings: voice activity detection, and windows of equal length.

Import ``find_segments`` from ``featser.segmentation.segments``; a method is a class and a row of
the registry, ``featser.segmentation.segment_methods``. It may import from ``audio``, ``io`` and the
layers below.
"""
