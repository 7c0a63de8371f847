"""What an experiment works with: the source, its rows, their features, and extraction options.

Import :func:`~featser.experiment.loading.sources.named_sources.read_source` and
:func:`~featser.experiment.loading.data.load_data`.
It may import from ``reporting``, ``models`` and all layers below.
"""
