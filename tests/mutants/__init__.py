"""Deliberate errors planted in copies of the package: each must make a named test fail.

:mod:`~tests.mutants.mutant` says what a mutant is; ``in_features``, ``in_evaluation``,
``in_models`` and ``in_ensembles`` list them; ``python -m tests.mutants`` (``make mutants``) tries
them all and writes ``reports/mutants.md``.
"""
