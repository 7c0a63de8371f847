"""The eGeMAPS feature set in array operations: 25 descriptors per frame, 88 values per utterance.

Import the descriptors from ``featser.features.gemaps.gemaps_descriptors`` and the functionals from
``featser.features.gemaps.gemaps_functionals``. It may import from ``features.lowlevel``, ``audio``
and the layers below.
"""
