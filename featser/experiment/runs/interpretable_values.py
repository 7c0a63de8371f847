"""The interpretable features of a run's recordings, as they were extracted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featser.experiment.runs.reopened_run import ReopenedRun
from featser.features.interpretable_features import (
    InterpretableFeature,
    interpretable_features,
)
from featser.store.feature_store import Store


def interpretable_values(
    run: ReopenedRun,
) -> tuple[list[InterpretableFeature], NDArray[np.float32]]:
    """Return the interpretable features of a run's extractors, and their values.

    Parameters
    ----------
    run : ReopenedRun

    Returns
    -------
    features : list of InterpretableFeature
        Empty where no extractor of the run has any.
    values : ndarray of float32, shape (n, d)
        In their units: no normalisation by speaker is applied.
    """
    store, keys = Store(run.store), run.data.table["key"].tolist()
    features: list[InterpretableFeature] = []
    columns = [np.empty((len(keys), 0), dtype=np.float32)]
    for extractor in run.data.extractors:
        own = interpretable_features(extractor)
        if own:
            features += own
            columns.append(store.read(extractor, keys)[:, [one.column for one in own]])
    return features, np.concatenate(columns, axis=1)
