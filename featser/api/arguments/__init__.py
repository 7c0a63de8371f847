"""Rules of single arguments of the public functions: which types and paths they may be.

Which argument has which rule is declared in :mod:`featser.api.validation`, which applies them. It
may import from ``io`` and the layers below.
"""
