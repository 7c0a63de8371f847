"""When a model should not answer: recordings unlike those it was fitted on, and prediction sets.

Import prediction sets from ``featser.models.abstention.prediction_sets``. It may import from
``evaluation`` and the layers below.
"""
