"""Auxiliary corpora: tables of features and labels of other corpora, without their recordings.

Import ``AuxiliaryTable`` from ``featser.auxiliary.auxiliary_table``, and ``read_auxiliary`` and
``write_auxiliary`` from ``featser.auxiliary.auxiliary_files``. It may import from ``extraction``,
``store`` and the layers below.
"""
