"""Tasks that share a network inside a pipeline: preparation, saving and prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

from featser.features.packed_frames import ColumnRange
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.streams.joint import JointNetwork
from tests.models.streams.conftest import TASKS, WIDTH, Bursts

pytestmark = pytest.mark.streams


def test_a_shared_network_reads_frames_or_features_and_survives_its_bundle(
    bursts: Bursts, tmp_path: Path
) -> None:
    features = np.random.default_rng(0).normal(size=(len(bursts.X), 3))
    features[::7, 1] = np.nan
    X = np.hstack([features, bursts.X]).astype(np.float32)
    for frames in (None, ColumnRange(3, X.shape[1], WIDTH)):
        given = X[:, :3] if frames is None else X
        network = "cnn" if frames is None else "attention"
        model = JointNetwork(TASKS, network, "ming", frames, random_state=1)
        model.fit(given, bursts.labels, speaker=bursts.speaker)
        weights = np.array([epoch["task_weights"] for epoch in model.history_])
        assert weights.shape[1] == len(TASKS)
        saved = save_bundle(
            tmp_path / "model.featser", Bundle(model, [], "none", {}, library_versions())
        )
        again = load_bundle(saved).model
        pd.testing.assert_frame_equal(again.predict(given), model.predict(given))
        for name, probabilities in model.predict_proba(given).items():
            pd.testing.assert_frame_equal(again.predict_proba(given)[name], probabilities)
