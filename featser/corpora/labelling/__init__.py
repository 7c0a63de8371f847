"""What users say of their own labels: other names of columns and classes, patterns of file names.

Import ``LabelMap`` from ``featser.corpora.labelling.label_map`` and ``with_columns`` from
``featser.corpora.labelling.renamed_card``. It may import from ``corpora``, ``io`` and the layers
below.
"""
