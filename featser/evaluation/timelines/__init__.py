"""How well predictions over time follow known intervals: errors of labels and of borders.

Import the metrics from ``featser.evaluation.timelines.timeline_metrics``, whose registry reports
read; intervals are over speakers. It may import from ``features`` and the layers below.
"""
