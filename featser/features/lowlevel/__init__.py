"""Building blocks of extractors: short-time spectrum, descriptors, contours and functionals.

Import functions from the module that is named after the descriptor; they take arrays and return
arrays. It may import from ``audio``, ``workers`` and the layers below.
"""
