"""Training on rows of other corpora: how much they weigh beside those of the target.

Import ``AuxiliaryWeighted`` from ``featser.models.transfer.auxiliary_weight``. It may import from
``models.kernel``, ``models.heads``, ``models.selection``, ``speakers`` and the layers below.
"""
