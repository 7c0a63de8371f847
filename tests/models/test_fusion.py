"""Streams put together: views of columns, aligned blocks, gated votes, pooled members."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cross_decomposition import CCA, PLSCanonical
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge

from featser.errors import FeatureError
from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.metrics.metrics import uar
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.ensemble.voting import VoteClassifier
from featser.models.fusion.alignment import AlignedBlocks
from featser.models.fusion.columns import OnColumns, columns_ending
from featser.models.fusion.gated_vote import make_aligned, make_gated, pooled_members
from featser.models.multitask import MultiTaskEstimator
from featser.tasks import Task

EMOTION = Task("emotion", classes=("angry", "happy", "sad"), role="primary")
BLOCKS = {"prosody": 12, "spectrum": 20}


@dataclass
class Streams:
    X: np.ndarray
    labels: pd.DataFrame
    speaker: np.ndarray
    fold: np.ndarray

    def uar(self, estimator: object) -> float:
        model = MultiTaskEstimator([EMOTION], {"emotion": estimator})
        predictions = cross_fit(
            model, self.X, self.labels, self.fold, self.speaker, [EMOTION], 1, final=False
        ).predictions
        return uar(predictions["emotion.true"], predictions["emotion.pred"], EMOTION.classes)


def streams(noise: bool = False, seed: int = 0) -> Streams:
    """Two blocks that carry the same emotions, or one that carries none."""
    rng = np.random.default_rng(seed)
    speaker = np.repeat(np.arange(12), 16)
    code = rng.integers(0, 3, len(speaker))
    emotion = np.eye(3)[code] * 2.2
    X = rng.normal(size=(len(code), 32)).astype(np.float32)
    voice = rng.normal(size=(12, 32))[speaker]
    X += (0.7 * voice).astype(np.float32)
    X[:, :3] += emotion
    if not noise:
        X[:, 12:15] += emotion
    X[rng.random(X.shape) < 0.01] = np.nan
    labels = pd.DataFrame({"emotion": np.asarray(EMOTION.classes)[code]})
    return Streams(X, labels, speaker.astype(str), speaker % 2)


@pytest.fixture(scope="module")
def both() -> Streams:
    return streams()


def test_the_first_direction_is_that_of_partial_least_squares_and_of_canonical_correlation() -> (
    None
):
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(300, 2))
    first = shared @ rng.normal(size=(2, 4)) + rng.normal(size=(300, 4))
    second = shared @ rng.normal(size=(2, 5)) + rng.normal(size=(300, 5))
    X = np.hstack([first, second])
    for shrinkage, reference in ((1.0, PLSCanonical(1, scale=False)), (0.0, CCA(1, scale=False))):
        aligned = AlignedBlocks([4, 5], 1, shrinkage, alone=True).fit(X)
        one, two = reference.fit_transform(first, second)
        own = aligned.transform(X)
        assert abs(np.corrcoef(own[:, 0], one[:, 0])[0, 1]) > 0.9999
        assert abs(np.corrcoef(own[:, 1], two[:, 0])[0, 1]) > 0.9999
        assert aligned.correlations_[0] == pytest.approx(np.corrcoef(one[:, 0], two[:, 0])[0, 1])
        np.testing.assert_allclose(own[:, 2], own[:, 0] * own[:, 1])


def best_and_reached(noise: bool) -> tuple[float, dict[str, float]]:
    """UAR of the better stream and of the fusion, the mean of two samples."""
    alone, fused = [], []
    for sample in (streams(noise, seed) for seed in range(2)):
        views = (range(12), range(12, 32))
        alone.append(
            [sample.uar(OnColumns(make_estimator("lda", EMOTION), list(c))) for c in views]
        )
        gated = make_gated("lda", EMOTION, BLOCKS)
        aligned = make_aligned("lda", EMOTION, list(BLOCKS.values()), n_components=4)
        fused.append([sample.uar(gated), sample.uar(aligned)])
    return max(np.mean(alone, axis=0)), dict(
        zip(("gated", "aligned"), np.mean(fused, axis=0), strict=True)
    )


def test_what_two_streams_say_together_is_no_worse_than_the_better_of_them() -> None:
    best, reached = best_and_reached(noise=False)
    assert best > 0.6
    assert min(reached.values()) >= best - 0.01, (best, reached)


def test_a_stream_of_pure_noise_costs_no_more_than_a_hundredth() -> None:
    best, reached = best_and_reached(noise=True)
    assert best > 0.6
    assert reached["gated"] >= best - 0.01, (best, reached)


def test_the_gate_opens_for_what_speakers_left_out_confirm() -> None:
    deaf = streams(noise=True)
    X, y = np.nan_to_num(deaf.X), deaf.labels["emotion"]
    gate = make_gated("lda", EMOTION, BLOCKS, aligned=False).fit(X, y, speaker=deaf.speaker)
    even = make_gated("lda", EMOTION, BLOCKS, aligned=False, sharpness=0)
    assert gate.weights_[0] > 0.95
    np.testing.assert_allclose(even.fit(X, y, speaker=deaf.speaker).weights_, 0.5)


def test_the_gate_raises_what_a_vote_weighs_to_its_sharpness(both: Streams) -> None:
    X, y = np.nan_to_num(both.X), both.labels["emotion"]
    X[:, 12:] += np.random.default_rng(0).normal(0, 2, X[:, 12:].shape)
    weights = {}
    for sharpness in (1, 3):
        gate = make_gated("lda", EMOTION, BLOCKS, aligned=False, sharpness=sharpness)
        weights[sharpness] = gate.fit(X, y, speaker=both.speaker).weights_
    assert 0.55 < weights[1][0] < 0.9, "the second stream is worse, not useless"
    np.testing.assert_allclose(weights[3], weights[1] ** 3 / (weights[1] ** 3).sum())


def test_members_pooled_by_maximum_and_mean_see_the_features_of_that_name_and_differ(
    both: Streams,
) -> None:
    names = [f"d{number}.{how}" for number in range(8) for how in ("mean", "max")]
    blocks = {"one": names, "two": names}
    members = pooled_members(["logistic"], EMOTION, blocks)
    assert [name for name, _ in members] == ["one max", "one mean", "two max", "two mean"]
    assert members[2][1].columns == [17, 19, 21, 23, 25, 27, 29, 31]
    X, y = np.nan_to_num(both.X), both.labels["emotion"]
    vote = VoteClassifier(members).fit(X, y, speaker=both.speaker)
    predicted = [model.predict(X) for model in vote.members_]
    assert (predicted[0] != predicted[1]).any()
    with pytest.raises(
        FeatureError, match=r"none of 16 features has a name that ends in '\.median'"
    ):
        pooled_members(["logistic"], EMOTION, blocks, poolings=["median"])


def test_an_unfitted_view_says_so() -> None:
    with pytest.raises(NotFittedError):
        OnColumns(LogisticRegression(), [0]).predict(np.zeros((2, 1)))


def test_an_estimator_sees_its_columns_alone(both: Streams) -> None:
    X, y = np.nan_to_num(both.X), both.labels["emotion"]
    view = OnColumns(LogisticRegression(), [5, 0]).fit(X, y)
    changed = X.copy()
    changed[:, 6:] = 0
    np.testing.assert_array_equal(view.predict_proba(X), view.predict_proba(changed))
    np.testing.assert_allclose(
        view.predict_proba(X), LogisticRegression().fit(X[:, [5, 0]], y).predict_proba(X[:, [5, 0]])
    )
    assert not hasattr(OnColumns(Ridge(), [0]), "predict_proba")
    with pytest.raises(ValueError, match="below n_features=32; got from 0 to 32"):
        OnColumns(LogisticRegression(), [0, 32]).fit(X, y)
    assert columns_ending(["a.mean", "a.delta.mean", "a.max"], ".mean", 3) == [3, 4]


def test_a_saved_fusion_says_the_same(both: Streams, tmp_path: Path) -> None:
    model = MultiTaskEstimator([EMOTION], {"emotion": make_gated("lda", EMOTION, BLOCKS)})
    model.fit(both.X, both.labels, speaker=both.speaker)
    path = save_bundle(tmp_path / "m", Bundle(model, [], "none", {}, library_versions()))
    again = load_bundle(path).model.predict_proba(both.X)["emotion"]
    np.testing.assert_array_equal(again, model.predict_proba(both.X)["emotion"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"blocks": [4]}, "at most n_features=5"),
        ({"blocks": [4, 2]}, "at most n_features=5"),
        ({"blocks": [2, 2], "shrinkage": 2.0}, "shrinkage is between 0 and 1, not 2.0"),
    ],
)
def test_missing_blocks_are_refused(parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AlignedBlocks(**parameters).fit(np.zeros((6, 5)))
