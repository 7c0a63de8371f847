"""The figures of a task whose label was made of ratings: soft truth and human ceiling."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from featser.evaluation.statistics.human_ceiling import against_raters, human_ceiling
from featser.evaluation.statistics.soft_truth import soft_scores, vote_shares
from featser.ratings.ratings import Ratings
from featser.tasks import Task

HUMAN = "human"
AGAINST_RATERS = "against_raters"


def rated_scores(
    task: Task, ratings: Ratings, predictions: pd.DataFrame, speaker: npt.NDArray[np.str_]
) -> dict[str, dict[str, Any]]:
    """Score out-of-fold predictions against ratings, and raters against each other.

    Parameters
    ----------
    task : Task
        The task.
    ratings : Ratings
        Of all rows of the data.
    predictions : DataFrame
        Out of fold, on the index of the data's rows that were tested.
    speaker : ndarray of str
        Of the rows of ``predictions``.

    Returns
    -------
    dict of str to dict
        Of classes the metrics of :data:`~featser.evaluation.statistics.soft_truth.SOFT`; then, of
        the headline metric, ``human.METRIC``, each rater against the others, and
        ``against_raters.METRIC``, the model against the same truths. On the tested rows alone.
    """
    tested = ratings.of_items(predictions.index.to_numpy(np.intp))
    figures: dict[str, dict[str, Any]] = {}
    if task.categorical:
        columns = [f"{task.name}.p[{name}]" for name in task.classes]
        probabilities = predictions[columns].to_numpy(dtype=float)
        figures |= soft_scores(vote_shares(tested, task.classes), probabilities, speaker)
    ceiling = human_ceiling(tested, task, speaker)
    if ceiling is not None:
        predicted = predictions[f"{task.name}.pred"].to_numpy()
        figures[f"{HUMAN}.{ceiling.metric}"] = ceiling.figure
        figures[f"{AGAINST_RATERS}.{ceiling.metric}"] = against_raters(
            tested, task, predicted, speaker
        )
    return figures
