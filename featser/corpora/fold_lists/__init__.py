"""Published folds: lists that name recordings, and the fold that tests each of them.

Import ``read_fold_list`` from ``featser.corpora.fold_lists.fold_list`` and ``match_names`` from
``featser.corpora.fold_lists.name_matching``. It may import from ``corpora``, ``io`` and the layers
below.
"""
