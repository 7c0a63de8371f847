"""Supervised worker processes: a task that crashes, hangs or exhausts the memory ends alone.

Import :class:`~featser.workers.pool.WorkerPool`, which runs a function under limits of time and
memory, or :func:`~featser.workers.mapping.map_tasks`, which uses several workers at a time. It may
import from ``io``, ``progress`` and ``errors``.
"""
