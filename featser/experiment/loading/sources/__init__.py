"""Sources: what a command works on, as a user names it.

Import ``read_source`` from ``featser.experiment.loading.sources.named_sources`` and ``Source`` from
``featser.experiment.loading.sources.source``. It may import from ``experiment.declaration``,
``corpora``, ``annotation`` and all layers below.
"""
