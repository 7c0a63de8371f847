"""Packed frames inside pipelines: encoded in the fold, or read only by networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

from featser.features.packed_frames import ColumnRange, packed, unpacked
from featser.models.building import make_estimator
from featser.models.encoders.encoded import FramesAlone, FramesEncoded
from featser.models.registry import MODELS, Model
from featser.speakers.enrolment_normalizer import EnrolmentNormalizer
from featser.speakers.frame_normalization import normalise_copies, normalised_by_speaker
from featser.tasks import Task

EMOTION = Task("emotion", classes=("angry", "sad"))
PLACE = ColumnRange(2, 10, 2)


class MeanFrame(TransformerMixin, BaseEstimator):
    """The mean of the present frames minus the fitted mean."""

    def __init__(self, width: int = 2) -> None:
        self.width = width

    def fit(self, X: ArrayLike, y: Any = None) -> MeanFrame:
        assert y is None
        self.mean_ = np.nanmean(np.asarray(X).reshape(-1, self.width), axis=0)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        frames, present = unpacked(X, self.width)
        return frames.sum(axis=1) / present.sum(axis=1)[:, None] - self.mean_


class FramesReader(ClassifierMixin, BaseEstimator):
    """Predict the class by the sign of the first descriptor's mean."""

    def __init__(self, width: int | None = None) -> None:
        self.width = width

    def fit(self, X: ArrayLike, y: ArrayLike) -> FramesReader:
        self.classes_ = np.unique(y)
        self.shape_fit_ = np.asarray(X).shape
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        assert self.width is not None
        frames, present = unpacked(X, self.width)
        one = 1 / (1 + np.exp(-10 * frames[:, :, 0].sum(axis=1) / present.sum(axis=1)))
        return np.column_stack([1 - one, one])


@pytest.fixture
def rows() -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Two useless features, up to four frames of two descriptors, one useless feature."""
    random = np.random.default_rng(0)
    y = np.arange(120) % 2
    frames = random.normal(size=(120, 4, 2)).astype(np.float32)
    frames[:, :, 0] += 6 * y[:, None] - 3
    present = np.arange(4) < random.integers(1, 5, size=(120, 1))
    useless = random.normal(size=(120, 3)).astype(np.float32)
    return np.hstack([useless[:, :2], packed(frames, present), useless[:, 2:]]), y


def test_an_encoder_is_fitted_on_the_training_set_and_its_values_come_last(
    rows: tuple[NDArray[np.float32], NDArray[np.intp]],
) -> None:
    X, _ = rows
    step = FramesEncoded(2, 10, 2, MeanFrame()).fit(X[:20])
    transformed = step.transform(X)
    np.testing.assert_array_equal(transformed[:, :3], X[:, [0, 1, 10]])
    np.testing.assert_allclose(transformed[:20, 3:].mean(axis=0), 0, atol=0.8)
    np.testing.assert_array_equal(step.encoder_.mean_, MeanFrame().fit(X[:20, 2:10]).mean_)
    alone = FramesEncoded(2, 10, 2).fit(X).transform(X)
    np.testing.assert_array_equal(alone, X[:, [0, 1, 10]])
    np.testing.assert_array_equal(FramesAlone(2, 10).fit_transform(X), X[:, 2:10])


@pytest.mark.parametrize("model", ["logistic", "kernel", "kernel,logistic"])
def test_models_of_features_see_what_the_encoder_makes_of_frames(
    rows: tuple[NDArray[np.float32], NDArray[np.intp]], model: str
) -> None:
    X, y = rows
    pipeline = make_estimator(model, EMOTION, blocks=[3], frames=PLACE, encoder=MeanFrame())
    assert (pipeline.fit(X[:60], y[:60]).predict(X[60:]) == y[60:]).mean() > 0.9
    without = make_estimator(model, EMOTION, blocks=[3], frames=PLACE)
    assert (without.fit(X[:60], y[:60]).predict(X[60:]) == y[60:]).mean() < 0.7


def frames_reader(random_state: int) -> FramesReader:
    return FramesReader()


def test_in_a_vote_networks_see_the_frames_and_the_others_do_not(
    rows: tuple[NDArray[np.float32], NDArray[np.intp]], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = rows
    row = Model("reader", "reads frames", f"{__name__}:frames_reader", reads_frames=True)
    monkeypatch.setitem(MODELS, "reader", row)
    vote = make_estimator("reader,logistic", EMOTION, frames=PLACE, encoder=None)
    vote.fit(X[:20], y[:20])
    reader, logistic = vote.members_
    assert reader[-1].shape_fit_ == (20, 8)
    assert reader[-1].width == 2
    assert logistic[-1].n_features_in_ == 3
    assert (reader.predict_proba(X).argmax(axis=1) == y).mean() > 0.9


def test_frames_lose_each_speakers_mean_level_and_keep_their_spread(
    rows: tuple[NDArray[np.float32], NDArray[np.intp]],
) -> None:
    X, _ = rows
    speaker = np.repeat(["anna", "ben"], 60)
    X[speaker == "ben", 2:10] += 7
    normalised = normalised_by_speaker(X, speaker, PLACE)
    for name in ("anna", "ben"):
        raw = X[speaker == name, 2:10].reshape(-1, 2)
        own = normalised[speaker == name]
        frames = own[:, 2:10].reshape(-1, 2)
        np.testing.assert_allclose(np.nanmean(frames, axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(np.nanstd(frames, axis=0), np.nanstd(raw, axis=0), rtol=1e-5)
        np.testing.assert_allclose(own[:, [0, 1, 10]].std(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(np.isnan(normalised), np.isnan(X))
    copies = normalise_copies(X[65:67], np.array([65, 66]), X, speaker, PLACE)
    np.testing.assert_allclose(copies, normalised[65:67], rtol=1e-5)


def test_enrolled_by_all_of_their_frames_speakers_lose_nearly_all_of_their_mean_level(
    rows: tuple[NDArray[np.float32], NDArray[np.intp]],
) -> None:
    X, _ = rows
    speaker = np.repeat(["anna", "ben", "cleo"], 40)
    X[speaker == "ben", 2:10] += 7
    normalizer = EnrolmentNormalizer(frames=PLACE).fit(X, speaker=speaker)
    enrolled = normalizer.enrol(X, speaker)
    transformed = enrolled.transform(X, speaker)
    for name in ("anna", "ben", "cleo"):
        mean = np.nanmean(transformed[speaker == name, 2:10].reshape(-1, 2), axis=0)
        np.testing.assert_allclose(mean, 0, atol=0.6)
    again = EnrolmentNormalizer.from_dict(normalizer.to_dict())
    np.testing.assert_array_equal(again.transform(X), normalizer.transform(X))
    features = EnrolmentNormalizer().fit(X[:, [0, 1, 10]], speaker=speaker)
    np.testing.assert_array_equal(
        features.transform(X[:, [0, 1, 10]]), normalizer.transform(X)[:, [0, 1, 10]]
    )
