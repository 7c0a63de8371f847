"""Predictions over time: windows of a long recording, their averages by frame, smoothing, pictures.

Import :func:`featser.timelines.windowed_prediction.predict_windows` and
:func:`featser.timelines.smoothing.parse_smoothing`; models are functions from features to a table
here. It may import from ``reporting``, ``extraction`` and all layers below.
"""
