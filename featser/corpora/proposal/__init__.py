"""Cards proposed from the names of folders and files that no card describes yet.

Import ``read_name_fields`` from ``featser.corpora.proposal.name_fields`` and ``propose`` from
``featser.corpora.proposal.card_proposal``. It may import from ``corpora``, ``io`` and the layers
below.
"""
