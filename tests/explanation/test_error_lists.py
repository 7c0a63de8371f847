"""Lists of recordings to listen to."""

from __future__ import annotations

import numpy as np

from featser.explanation.error_lists import LISTS, confident_mistakes, least_certain

P = np.array([[0.8, 0.1, 0.1], [0.5, 0.45, 0.05], [0.2, 0.7, 0.1], [0.34, 0.33, 0.33]])
LABELS = np.array([1, 0, 0, 2])
PREDICTIONS = np.array([0, 0, 1, 0])


def test_mistakes_are_the_wrong_predictions_the_most_probable_first() -> None:
    assert confident_mistakes(P, LABELS, PREDICTIONS).tolist() == [0, 2, 3]


def test_the_confidence_is_that_of_the_prediction_not_of_the_most_probable_class() -> None:
    """Predictions are not always the most probable class, such as of an ordinal task."""
    assert confident_mistakes(P, LABELS, np.array([0, 0, 2, 1])).tolist() == [0, 3, 2]


def test_least_certain_recordings_have_two_classes_of_almost_equal_probability() -> None:
    assert least_certain(P, LABELS, PREDICTIONS).tolist() == [3, 1, 2, 0]


def test_lists_have_names_of_their_own() -> None:
    assert len({one.name for one in LISTS}) == len({one.title for one in LISTS}) == len(LISTS)
