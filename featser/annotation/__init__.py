"""Labelled intervals of recordings, as Praat, ELAN, Audacity, RTTM, audformat and CSV hold them.

Import ``read_annotation`` and ``write_annotation`` from ``featser.annotation.annotation_files``; a
format is a module and a row of the registry. It may import from ``corpora``, ``audio``, ``io`` and
the layers below.
"""
