"""Annotation: a queue of recordings, the labels that raters give them, and their journal.

The server keeps :class:`~featser.serve.annotating.clip_queue.ClipQueue` and its journal, without
pandas; worker processes do the rest (:mod:`featser.serve.queue_work`). It may import from
``serve.predicting``, ``serve.requests``, ``api`` and all layers below.
"""
