"""What worker processes do for a queue: they read it, decode, rank, measure and export.

Import nothing from here: :mod:`featser.serve.annotating.queue_tasks` finds the function of a task
by name. It may import from ``serve.annotating``, ``serve.predicting``, ``api`` and layers below.
"""
