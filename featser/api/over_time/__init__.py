"""A model moved along long recordings: what ``timeline`` and the local server share.

Import ``TimelinePredictor`` from ``featser.api.over_time.timeline_predictor``. It may import from
``api`` and all layers below.
"""
