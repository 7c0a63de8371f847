"""``featser predict --why``: which groups of features moved each prediction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.api.arguments.path_rules import output_files, path, several_files
from featser.api.predict import located, predict_named
from featser.api.validation import validated
from featser.errors import BundleError, InputError
from featser.experiment.loading.named_recordings import named_recordings
from featser.explanation.feature_groups import feature_groups
from featser.explanation.prediction_explanation import explain_prediction, training_rows_of
from featser.explanation.prediction_explanation_table import explanation_columns
from featser.explanation.shapley import rows_to_predict
from featser.features.extractor import Extractor
from featser.features.trimmed import trimmed
from featser.io.result_tables import TABLE_ENDINGS, table_format, write_table
from featser.models.bundle import Bundle, load_bundle
from featser.models.bundle_extractors import rebuild_extractors
from featser.progress import announce, stage
from featser.progress_bars import showing_progress
from featser.reporting.numbers import duration

MOST_EXPLAINED = 200
"""So many recordings are explained at once."""

WORTH_SAYING_S = 5.0
"""Explanations that take less in all are not forecast."""


@validated(model=path, output=output_files(*TABLE_ENDINGS))
@showing_progress
def explain_predictions(
    model: str | Path,
    files: Sequence[str | Path],
    /,
    *,
    output: str | Path | Sequence[str | Path] | None = None,
    n_jobs: int = 1,
    trim: bool = False,
    trust_paths: bool = False,
    channel: str | None = None,
) -> pd.DataFrame:
    """Predict recordings, and say which groups of features moved each prediction.

    The values of the groups are Shapley values (:mod:`featser.explanation.shapley`): they sum to
    the difference between the prediction and its average over a sample of training utterances.

    Parameters
    ----------
    model, files, output, n_jobs, trim, trust_paths, channel
        As :func:`~featser.api.predict.predict` has them; at most 200 recordings.

    Returns
    -------
    DataFrame
        As :func:`~featser.api.predict.predict` returns it, with the columns of
        :func:`~featser.explanation.prediction_explanation_table.explanation_columns` before
        ``error``: of each task the explained probability or number, its average, and of each
        group by how much it moved the prediction; and the three most similar training utterances.

    Raises
    ------
    BundleError
        If the bundle cannot be used here, has no training rows to compare with, or is of enrolled
        speakers.
    InputError
        If there are more recordings.
    FeatserError
        As :func:`~featser.api.predict.predict`.

    Examples
    --------
    >>> table = featser.explain_predictions("model.featser", ["clip.wav"])  # doctest: +SKIP
    >>> table.filter(like="emotion.why[").T  # doctest: +SKIP
    """
    outputs = several_files(output)
    for file in outputs:
        table_format(file)  # a missing package is named before anything is computed
    model = located(model, n_jobs)
    bundle = load_bundle(model)
    try:
        training_rows_of(bundle)
    except BundleError as error:
        raise BundleError(f"{model}: {error}") from error
    extractors = rebuild_extractors(bundle, model, trust_paths)
    if trim:
        extractors = [trimmed(extractor) for extractor in extractors]
    chosen = bundle.channel if channel is None else channel

    def explain(features: NDArray[np.float32]) -> pd.DataFrame:
        return explanation_table(bundle, extractors, features)

    with named_recordings(files) as named:
        if len(named.table) > MOST_EXPLAINED:
            raise InputError(
                f"{len(named.table)} recordings are more than the {MOST_EXPLAINED} that --why "
                f"explains at once: name fewer"
            )
        result = predict_named(model, bundle, extractors, named, n_jobs, None, chosen, explain)
    for file in outputs:
        write_table(result, file)
    return result


def explanation_table(
    bundle: Bundle, extractors: Sequence[Extractor], features: NDArray[np.float32]
) -> pd.DataFrame:
    """Return the columns of explanations of rows of features, shape (n, d).

    Parameters
    ----------
    bundle : Bundle
    extractors : sequence of Extractor
        In the order of the columns.
    features : ndarray of float32, shape (n, d)
        As the model reads them.
    """
    progress = stage("Explaining predictions")
    progress(0, len(features))
    rows: list[dict[str, Any]] = []
    began = time.monotonic()
    for row in features:
        explanations = [
            explain_prediction(bundle, extractors, row, task=task.name) for task in bundle.tasks
        ]
        rows.append(explanation_columns(explanations))
        if len(rows) == 1:
            _forecast(bundle, extractors, len(features), time.monotonic() - began)
        progress(len(rows), len(features))
    return pd.DataFrame(rows)


def _forecast(
    bundle: Bundle, extractors: Sequence[Extractor], n_recordings: int, seconds: float
) -> None:
    """Say how long the explanations take, from the time of the first."""
    if n_recordings == 1 or n_recordings * seconds < WORTH_SAYING_S:
        return
    n_background = len(training_rows_of(bundle).background)
    n_rows = rows_to_predict(len(feature_groups(extractors)), n_background)
    announce(
        f"explaining {n_recordings} recordings takes about {duration(n_recordings * seconds)}: "
        f"{n_rows} altered rows for each recording and task, {seconds:.1f} s a recording"
    )
