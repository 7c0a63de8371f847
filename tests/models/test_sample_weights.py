"""Sample weights change a fit, or are refused: no meta-estimator drops them silently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from featser.models.ensemble.voting import VoteClassifier, VoteRegressor
from featser.models.fusion.columns import OnColumns
from featser.models.fusion.gated_vote import GatedVote
from featser.models.heads.balance import Balanced
from featser.models.heads.calibration import GroupCalibrated
from featser.models.heads.concordance import CCCMatched
from featser.models.heads.ordinal import OrdinalClassifier
from featser.models.language.two_pass import LanguageRouted
from featser.models.multitask import MultiTaskEstimator
from featser.models.routing import fit_routed
from featser.models.selection.tuning import TunedClassifier, TunedRegressor
from featser.tasks import Task

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
CLASSES = np.digitize(X[:, 0] + RNG.normal(size=90), [-0.5, 0.5])
VALUES = X[:, 1] + RNG.normal(size=90)
WEIGHTS = np.where(X[:, 2] > 0, 5.0, 0.2)
EMOTION = Task("emotion", classes=("a", "b", "c"))

CLASSIFIERS = {
    "vote": lambda inner: VoteClassifier([("one", inner)]),
    "gated": lambda inner: GatedVote([("one", inner)]),
    "ordinal": OrdinalClassifier,
    "columns": lambda inner: OnColumns(inner, [0, 1, 2]),
    "tuned": TunedClassifier,
    "balanced": Balanced,
    "languages": lambda inner: LanguageRouted(inner, "soft"),
    "tasks": lambda inner: MultiTaskEstimator([EMOTION], {"emotion": inner}),
}
REGRESSORS = {
    "vote": lambda inner: VoteRegressor([("one", inner)]),
    "columns": lambda inner: OnColumns(inner, [0, 1, 2]),
    "matched": CCCMatched,
    "tuned": TunedRegressor,
}


def predictions(model: Any, y: Any, weights: Any) -> Any:
    """Fit and predict, with whatever else the model needs."""
    given: dict[str, Any] = {"sample_weight": weights}
    if isinstance(model, LanguageRouted):
        given["language"] = np.where(np.arange(90) % 2, "de", "en")
    if isinstance(model, MultiTaskEstimator):
        y = pd.DataFrame({"emotion": np.array(EMOTION.classes)[y]})
    model.fit(X, y, **given)
    if isinstance(model, MultiTaskEstimator):
        return model.predict_proba(X)["emotion"].to_numpy()
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_weights_reach_a_classifier_that_has_not_requested_them(name: str) -> None:
    make = CLASSIFIERS[name]
    plain = predictions(make(LogisticRegression()), CLASSES, None)
    weighted = predictions(make(LogisticRegression()), CLASSES, WEIGHTS)
    assert np.abs(weighted - plain).max() > 0.01


@pytest.mark.parametrize("name", REGRESSORS)
def test_weights_reach_a_regressor_that_has_not_requested_them(name: str) -> None:
    make = REGRESSORS[name]
    plain = predictions(make(Ridge()), VALUES, None)
    weighted = predictions(make(Ridge()), VALUES, WEIGHTS)
    assert np.abs(weighted - plain).max() > 0.01


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_weights_that_a_classifier_would_ignore_are_refused(name: str) -> None:
    model = CLASSIFIERS[name](KNeighborsClassifier())
    with pytest.raises(ValueError, match="KNeighborsClassifier would ignore the sample weights"):
        predictions(model, CLASSES, WEIGHTS)


@pytest.mark.parametrize("name", REGRESSORS)
def test_weights_that_a_regressor_would_ignore_are_refused(name: str) -> None:
    model = REGRESSORS[name](KNeighborsRegressor())
    with pytest.raises(ValueError, match="KNeighborsRegressor would ignore the sample weights"):
        predictions(model, VALUES, WEIGHTS)


def test_pipeline_without_request_is_refused_and_named() -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    with pytest.raises(ValueError, match="LogisticRegression would ignore"):
        fit_routed(pipeline, X, CLASSES, sample_weight=WEIGHTS)


def test_equal_weights_are_as_good_as_none() -> None:
    fit_routed(KNeighborsClassifier(), X, CLASSES, sample_weight=np.ones(90))


def test_calibration_when_weights_empty_a_class() -> None:
    weights = np.where(CLASSES == 1, 0.0, 1.0)
    model = GroupCalibrated(SVC()).fit(X, CLASSES, sample_weight=weights)
    assert model.classes_.tolist() == [0, 2]
    assert model.predict_proba(X).shape == (90, 2)
    with pytest.raises(ValueError, match="one class with a weight"):
        GroupCalibrated(SVC()).fit(X, CLASSES, sample_weight=np.where(CLASSES == 0, 1.0, 0.0))
