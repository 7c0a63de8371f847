"""Experiments: their declaration, their data, the plan of folds, and the files of a run.

``studies``, ``api`` and ``cli`` import from it. It may import from ``reporting``, ``models`` and
all layers below.
"""
