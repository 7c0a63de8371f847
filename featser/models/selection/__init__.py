"""What estimators choose on inner folds: features, hyperparameters and couplings.

Import the selectors and the search from its modules. It may import from ``evaluation`` and
the layers below, and from no other sub-folder of ``models``.
"""
