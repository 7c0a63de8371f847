"""Features are chosen on the training set, and for all speakers."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectPercentile, f_classif
from sklearn.linear_model import LogisticRegression

from featser.errors import TaskError
from featser.models.building import make_estimator
from featser.models.routing import fit_routed
from featser.models.selection.selectors import (
    ScoreSelector,
    SpeakerTaskSelector,
    StabilitySelector,
    make_selector,
)
from featser.models.selection.shrinkage import group_lasso, group_strength
from featser.speakers.normalization import prepared
from featser.tasks import Task

EMOTION = Task("emotion", classes=("angry", "calm"))


def with_decoys(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two features for all 10 speakers; then 10 decoys, the k-th of which identifies speaker k."""
    rng = np.random.default_rng(seed)
    speaker = np.repeat(np.arange(10), 40)
    y = np.tile([0, 1], 200)
    X = rng.normal(size=(400, 20))
    X[:, :2] += 1.5 * y[:, None]
    for voice in range(10):
        rows = speaker == voice
        X[rows, 2 + voice] += 3.0 * y[rows]
    return (X - X.mean(axis=0)) / X.std(axis=0), y, speaker


def test_decoys_that_serve_one_speaker_are_rejected() -> None:
    X, y, speaker = with_decoys()
    together = SpeakerTaskSelector(0.8).fit(X, y, speaker=speaker)
    assert np.flatnonzero(together.support_).tolist() == [0, 1]
    decoys = X[speaker == 3]
    alone = SpeakerTaskSelector(0.8).fit(decoys, y[speaker == 3])
    assert np.flatnonzero(alone.support_).tolist() == [5]


def test_the_search_ends_where_no_row_can_be_better() -> None:
    """At the minimum the gradient of a selected row has norm λ, of another at most λ."""
    X, y, speaker = with_decoys()
    lessons = []
    for voice in range(10):
        own = X[speaker == voice]
        label = np.eye(2)[y[speaker == voice]]
        lessons.append((own - own.mean(axis=0), label - label.mean(axis=0)))
    penalty = 0.4 * group_strength(lessons).max()
    weight = group_lasso(lessons, penalty, 5000)
    gradient = np.stack(
        [A.T @ (A @ w - B) / len(A) for (A, B), w in zip(lessons, weight, strict=True)]
    )
    norms = np.sqrt((gradient**2).sum(axis=(0, 2)))
    selected = (weight**2).sum(axis=(0, 2)) > 0
    assert 0 < selected.sum() < len(selected)
    np.testing.assert_allclose(norms[selected], penalty, rtol=2e-2)
    assert (norms[~selected] <= penalty * 1.01).all()


def test_what_few_speakers_need_is_not_stable() -> None:
    X, y, speaker = with_decoys()
    selector = StabilitySelector(ScoreSelector(keep=0.15), 0.9).fit(X, y, speaker=speaker)
    assert {0, 1} <= set(np.flatnonzero(selector.support_))
    assert selector.scores_[:2].min() == 1
    assert selector.scores_[2:].max() < 1


class Draws(BaseEstimator):
    """Select all features, and record the rows of each draw, which the first feature numbers."""

    rows: ClassVar[list[list[int]]] = []

    def fit(self, X: np.ndarray, y: np.ndarray) -> Draws:
        Draws.rows.append(X[:, 0].astype(int).tolist())
        return self

    def get_support(self) -> np.ndarray:
        return np.ones(2, dtype=bool)


def test_stability_draws_half_the_speakers_with_all_of_their_utterances() -> None:
    speaker, row = np.arange(30) // 5, np.arange(30)
    Draws.rows = []
    X = np.column_stack([row, row % 7])
    StabilitySelector(Draws(), n_draws=8).fit(X, row % 2, speaker=speaker)
    assert len(Draws.rows) == 8
    for rows in Draws.rows:
        half = np.unique(speaker[rows])
        assert len(half) == 3
        assert rows == np.flatnonzero(np.isin(speaker, half)).tolist()
    assert len({tuple(rows) for rows in Draws.rows}) > 1


def test_anova_keeps_what_scikit_learn_keeps_and_drops_what_does_not_vary() -> None:
    X, y, _ = with_decoys()
    own = ScoreSelector(keep=0.25).fit(X, y)
    theirs = SelectPercentile(f_classif, percentile=25).fit(X, y)
    np.testing.assert_array_equal(own.get_support(), theirs.get_support())
    X[:, 0] = 7
    assert not ScoreSelector(keep=0.95).fit(X, y).support_[0]
    flat = np.ones((20, 3))
    for selector in (ScoreSelector(), SpeakerTaskSelector(), StabilitySelector(n_draws=2)):
        assert selector.fit(flat, y[:20]).support_.any()


@pytest.mark.parametrize("statistic", ["anova", "mutual"])
def test_numbers_have_their_own_scores(statistic: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 6))
    selector = ScoreSelector(statistic, 0.2, "numbers").fit(X, X[:, 4] ** 3)  # type: ignore[arg-type]
    assert np.flatnonzero(selector.support_).tolist() == [4]


def test_in_a_pipeline_a_selector_stands_before_the_model_and_receives_the_speakers() -> None:
    X, y, speaker = with_decoys()
    pipeline = prepared(LogisticRegression(), make_selector("speakers:0.8", EMOTION))
    assert [name for name, _ in pipeline.steps] == ["scale", "impute", "clip", "select", "model"]
    fit_routed(pipeline, X, y, speaker=speaker)
    assert np.flatnonzero(pipeline["select"].support_).tolist() == [0, 1]
    none = make_estimator("logistic", EMOTION)
    assert "select" not in none.named_steps
    kernel = make_estimator("kernel", EMOTION, blocks=[15, 5], select="anova:0.25")
    assert fit_routed(kernel, X, y, speaker=speaker)[-1].n_features_in_ == 5


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("anowa:0.5", "did you mean 'anova"),
        ("anova:2", "stands the share of features to keep"),
        ("anova:half", "between 0 and 1"),
        ("none:1", "unknown selection 'none:1'"),
    ],
)
def test_a_selection_that_does_not_exist_is_refused(spec: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        make_selector(spec, EMOTION)
