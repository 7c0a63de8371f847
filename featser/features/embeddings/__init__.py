"""Extractors that read a file of the user: an ONNX network, or a table of given values.

Import the extractors from the module that is named after them, or obtain them by name from
``featser.features``. It may import from ``features.lowlevel``, ``corpora``, ``audio`` and
the layers below.
"""
