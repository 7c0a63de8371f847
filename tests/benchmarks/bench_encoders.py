"""What an encoder costs on BanglaSER: fitted anew in each fold, so it must be cheap.

Frames of all recordings are extracted first, which is not timed; then each encoder is fitted and
applied as a fold does it, in CPU seconds of one thread, and the 64-component Fisher encoder once
more in seconds on all cores. Nothing is asserted but that all is done; the figures go to
``reports/benchmarks/encoders.json``.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from featser.audio import read_audio
from featser.features.frames import Frames
from featser.models.encoders import ENCODERS, FisherVectors, make_encoder

pytestmark = [pytest.mark.bench, pytest.mark.corpora]

FIGURES = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "encoders.json"


def processor_seconds(work: Callable[[], Any]) -> float:
    with threadpool_limits(1):
        began = time.process_time()
        work()
        return round(time.process_time() - began, 2)


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return round(time.perf_counter() - began, 2)


def scikit_learns(frames: np.ndarray) -> GaussianMixture:
    model = GaussianMixture(
        64, covariance_type="diag", max_iter=25, init_params="random_from_data", random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(frames)


def test_an_encoder_fitted_and_applied(corpora: Path) -> None:
    extractor = Frames()
    files = sorted((corpora / "banglaser").rglob("*.flac"))
    X = np.stack([extractor(read_audio(file).resampled(extractor.rate)) for file in files])
    parts = {}
    for name, (number, _, _) in ENCODERS.items():
        encoder = make_encoder(name, extractor.frame_width)
        parts[f"{name}:{number}"] = {
            "fit and encode": processor_seconds(lambda e=encoder: e.fit_transform(X)),
            "encode": processor_seconds(lambda e=encoder: e.transform(X)),
            "values": encoder.dimension,
        }
    fisher = FisherVectors(extractor.frame_width)
    drawn = fisher._drawn(X)
    told = {
        "corpus": "banglaser",
        "recordings": len(X),
        "frames drawn": len(drawn),
        "CPU seconds, one thread": parts,
        "seconds, all cores, fisher:64": seconds(lambda: fisher.fit_transform(X)),
        "cores": os.cpu_count(),
        "CPU seconds, 64 components by scikit-learn": processor_seconds(
            lambda: scikit_learns(drawn)
        ),
        "CPU seconds, 64 components by featser": processor_seconds(lambda: fisher.gmm_.fit(drawn)),
    }
    FIGURES.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))
    assert np.isfinite(fisher.transform(X[:1])).all()
