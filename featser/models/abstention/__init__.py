"""When a model should not answer: recordings unlike those it was fitted on, and prediction sets.

Import ``TrainingDomain`` from ``featser.models.abstention.training_domain`` and prediction sets
from ``featser.models.abstention.prediction_sets``. It may import from ``audit``, ``evaluation`` and
the layers below.
"""
