"""Marks on a timeline: where its sound is unlike that of the training recordings.

Import :func:`featser.timelines.marks.window_facts.window_facts` and
:mod:`featser.timelines.marks.frame_marks`. It may import from ``models``, ``audit`` and all layers
below, and from :mod:`featser.timelines.window_plan`.
"""
