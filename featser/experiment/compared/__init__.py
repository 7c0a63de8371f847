"""Runs as they are compared: their predictions, their labels, and in what else they differ.

Import :func:`~featser.experiment.compared.compared_runs.open_runs`.
It may import from ``reporting``, ``models`` and all layers below.
"""
