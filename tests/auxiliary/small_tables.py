"""A small table whose features no recording has."""

from __future__ import annotations

import numpy as np
import pandas as pd

from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.auxiliary.feature_origin import FeatureOrigin
from featser.features.registry import make_extractors
from featser.tasks import Task

SPECS = ("rhythm", "gemaps")
EMOTION = Task("emotion", "classification", ("angry", "happy", "sad"), "primary")


def small_table(n_rows: int = 12, specs: tuple[str, ...] = SPECS, seed: int = 0) -> AuxiliaryTable:
    """Rows of four speakers; a tenth of the features is undefined."""
    generator = np.random.default_rng(seed)
    emotions = [EMOTION.classes[row % 3] for row in range(n_rows)]
    rows = pd.DataFrame(
        {
            "file": [f"{row:03}.wav" for row in range(n_rows)],
            "start": np.nan,
            "end": np.nan,
            "speaker": pd.Series([f"s{row % 4}" for row in range(n_rows)], dtype="str"),
            "language": pd.Series(["de"] * n_rows, dtype="str"),
            "corpus": pd.Series(["own"] * n_rows, dtype="str"),
            "emotion": pd.Series([None, *emotions[1:]], dtype="str"),
            "arousal": np.where(np.arange(n_rows) % 5 == 1, np.nan, np.arange(n_rows) / 3),
            "key": pd.Series([f"{row:032x}" for row in range(n_rows)], dtype="str"),
        }
    )
    extractors = make_extractors(specs)
    values = {}
    for extractor in extractors:
        shape = (n_rows, extractor.dimension)
        scale = 10.0 ** generator.uniform(-8, 8, extractor.dimension)
        X = (generator.normal(generator.normal(0, 3, shape[1]), 1, shape) * scale).astype("f4")
        X[generator.random(shape) < 0.1] = np.nan
        values[extractor.spec] = X
    return AuxiliaryTable(
        "own",
        rows,
        {one.spec: FeatureOrigin.of(one) for one in extractors},
        values,
        licence="CC0",
        citation="A. Author, „Ein Korpus“, 2020",
        source="https://example.org",
        tasks=(EMOTION, Task("arousal", "regression")),
    )
