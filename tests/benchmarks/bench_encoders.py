"""What an encoder costs on BanglaSER: it is fitted in each fold, so it must be cheap.

Frames of all recordings are extracted first, which is not timed; then each encoder is fitted and
applied as a fold does it, in one thread, in CPU seconds, which other work on the machine hardly
affects. The only assertion is that all encoders are measured; the figures go to
``reports/benchmarks/encoders.json``.
"""

from __future__ import annotations

import json
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
from featser.features.sets.frame_descriptors import Frames
from featser.models.encoders import ENCODERS, FisherVectors, make_encoder
from featser.models.encoders.gmm import DiagonalGMM

pytestmark = [pytest.mark.bench, pytest.mark.corpora]

FIGURES = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "encoders.json"


def processor_seconds(work: Callable[[], Any]) -> float:
    with threadpool_limits(1):
        began = time.process_time()
        work()
        return round(time.process_time() - began, 2)


def scikit_learns(frames: np.ndarray) -> GaussianMixture:
    model = GaussianMixture(
        64,
        covariance_type="diag",
        max_iter=25,
        tol=0,
        init_params="random_from_data",
        random_state=0,
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
    drawn = FisherVectors(extractor.frame_width)._drawn(X)
    ours = DiagonalGMM(64, n_iter=25, tol=0)
    theirs = scikit_learns(drawn)
    figures = {
        "corpus": "banglaser",
        "recordings": len(X),
        "CPU seconds, one thread": parts,
        "64 components, 25 steps of EM": {
            "frames": len(drawn),
            "CPU seconds": processor_seconds(lambda: ours.fit(drawn)),
            "CPU seconds, scikit-learn": processor_seconds(lambda: scikit_learns(drawn)),
            "log-likelihood of a frame": round(ours.score(drawn), 2),
            "log-likelihood of a frame, scikit-learn": round(theirs.score(drawn), 2),
        },
    }
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
    assert len(ours.path_) == 25
