"""A run on disk: its files, its state, its cached fits, and the commands that reproduce it.

Import :class:`~featser.experiment.runs.run_files.Run` and
:class:`~featser.experiment.runs.fit_cache.Fits`.
It may import from ``explanation``, ``models`` and all layers below.
"""
