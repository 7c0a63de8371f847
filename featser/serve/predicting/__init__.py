"""Predictions for the server: its models, the worker processes that apply them, and their queue.

Import :class:`featser.serve.predicting.work_queue.WorkQueue`, whose workers run the tasks of
:mod:`featser.serve.predicting.worker_tasks`, and
:func:`featser.serve.predicting.served_models.served_models`. It may import from ``api`` and all
layers below.
"""
