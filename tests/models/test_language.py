"""A model for each language: its gain, and languages that lack classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression

from featser.errors import TaskError
from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.fit_identity import identities
from featser.evaluation.metrics.metrics import uar
from featser.evaluation.protocols.folds import Folds
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.chosen import chosen_by
from featser.models.coupling.coupling import CoupledEstimator
from featser.models.language.two_pass import LanguageRouted
from featser.models.multitask import MultiTaskEstimator
from featser.tasks import Task

EMOTION = Task("emotion", classes=("angry", "happy", "sad"), role="primary")
MODES = ("common", "hard", "soft", "weighted")


@dataclass
class Spoken:
    X: np.ndarray
    labels: pd.DataFrame
    speaker: np.ndarray
    language: np.ndarray
    fold: np.ndarray


@pytest.fixture(scope="module")
def opposite() -> Spoken:
    """Two languages that show emotions by the same features the other way round."""
    rng = np.random.default_rng(0)
    n = 240
    speaker = np.repeat(np.arange(24), 10)
    language = np.where(speaker % 2, "bn", "de")
    code = rng.integers(0, 3, n)
    X = rng.normal(size=(n, 12)).astype(np.float32)
    X[:, :3] += 2.5 * np.eye(3)[code] * np.where(language == "bn", 1, -1)[:, None]
    X[:, 3:6] += 2.0 * (language == "bn")[:, None]
    X[rng.random(X.shape) < 0.01] = np.nan
    labels = pd.DataFrame({"emotion": np.asarray(EMOTION.classes)[code]})
    return Spoken(X, labels, speaker.astype(str), language, speaker % 4 // 2 + speaker // 12 * 2)


def routed(mode: str, model: str = "logistic") -> MultiTaskEstimator:
    estimator = LanguageRouted(make_estimator(model, EMOTION), mode)  # type: ignore[arg-type]
    return MultiTaskEstimator([EMOTION], {"emotion": estimator})


def score(spoken: Spoken, mode: str) -> float:
    predictions = cross_fit(
        routed(mode), spoken.X, spoken.labels, spoken.fold, spoken.speaker, [EMOTION], 1,
        final=False, language=spoken.language,
    ).predictions  # fmt: skip
    return uar(predictions["emotion.true"], predictions["emotion.pred"], EMOTION.classes)


def test_two_passes_beat_one_common_model_where_languages_show_emotions_the_other_way_round(
    opposite: Spoken,
) -> None:
    reached = {mode: score(opposite, mode) for mode in MODES}
    for mode in ("hard", "soft", "weighted"):
        assert reached[mode] > reached["common"] + 0.15, reached


def test_a_class_that_a_language_lacks_has_probability_0_but_comes_from_others_in_weighted(
    opposite: Spoken,
) -> None:
    X, y = np.nan_to_num(opposite.X), opposite.labels["emotion"].to_numpy()
    selected = (opposite.language == "bn") | (y != "sad")
    groups = {"speaker": opposite.speaker[selected], "language": opposite.language[selected]}
    german = X[opposite.language == "de"]
    for mode, least in (("hard", 0.0), ("weighted", 1e-6)):
        model = LanguageRouted(make_estimator("logistic", EMOTION), mode)  # type: ignore[arg-type]
        model.fit(X[selected], y[selected], **groups)
        probabilities = model.predict_proba(german)[
            model.predict_language(german).argmax(axis=1) == 1
        ]
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        assert (probabilities[:, 2] >= least).all()
        assert (probabilities[:, 2].max() == 0) == (mode == "hard")
        assert any("lacks the class sad" in note for note in model.notes_) == (mode == "hard")


def test_a_language_with_one_class_is_predicted_by_the_model_of_all(
    opposite: Spoken,
) -> None:
    X, y = np.nan_to_num(opposite.X), opposite.labels["emotion"].to_numpy()
    selected = (opposite.language == "bn") | (y == "sad")
    language = opposite.language[selected]
    model = LanguageRouted(LogisticRegression(), "hard").fit(
        X[selected], y[selected], language=language
    )
    common = LanguageRouted(LogisticRegression(), "common")
    common.fit(X[selected], y[selected], language=language)
    assert "the model of all languages is used for it" in model.notes_[0]
    is_bengali = model.predict_language(X).argmax(axis=1) == 1
    np.testing.assert_allclose(
        model.predict_proba(X[is_bengali]), common.predict_proba(X[is_bengali]), atol=1e-4
    )


def test_other_languages_at_no_weight_are_as_good_as_absent(opposite: Spoken) -> None:
    X, y = np.nan_to_num(opposite.X), opposite.labels["emotion"]
    with config_context(enable_metadata_routing=True):
        logistic = LogisticRegression(tol=1e-8).set_fit_request(sample_weight=True)
    soft, weighted = (
        LanguageRouted(logistic, mode, other=0.0)  # type: ignore[arg-type]
        .fit(X, y, language=opposite.language)
        .predict_proba(X)
        for mode in ("soft", "weighted")
    )
    np.testing.assert_allclose(weighted, soft, atol=1e-4)


def test_a_saved_model_says_the_same_of_raw_features(opposite: Spoken, tmp_path: Path) -> None:
    model = routed("weighted", "kernel,logistic").fit(
        opposite.X, opposite.labels, speaker=opposite.speaker, language=opposite.language
    )
    path = save_bundle(tmp_path / "m", Bundle(model, [], "none", {}, library_versions()))
    again = load_bundle(path).model.predict_proba(opposite.X)["emotion"]
    np.testing.assert_array_equal(again, model.predict_proba(opposite.X)["emotion"])


def test_the_choice_of_each_languages_model_is_stated(opposite: Spoken) -> None:
    vote = make_estimator("lda,knn", EMOTION, weights="inner")
    groups = {"speaker": opposite.speaker, "language": opposite.language}
    model = LanguageRouted(vote, "soft").fit(opposite.X, opposite.labels["emotion"], **groups)
    assert sorted(chosen_by(model)) == ["weights for bn", "weights for de"]


def test_what_cannot_be_routed_is_refused(opposite: Spoken) -> None:
    X, y = np.nan_to_num(opposite.X), opposite.labels["emotion"]
    with pytest.raises(ValueError, match="need the language of each row"):
        LanguageRouted(LogisticRegression(), "soft").fit(X, y)
    with pytest.raises(ValueError, match="LogisticRegression does not request sample_weight"):
        LanguageRouted(LogisticRegression()).fit(X, y, language=opposite.language)
    with pytest.raises(ValueError, match="not 'harder'"):
        LanguageRouted(LogisticRegression(), "harder").fit(  # type: ignore[arg-type]
            X, y, language=opposite.language
        )
    with pytest.raises(ValueError, match="1 of 240 rows have no language"):
        LanguageRouted(LogisticRegression(), "soft").fit(
            X, y, language=np.where(np.arange(240) == 3, "", opposite.language)
        )
    coupled = CoupledEstimator([EMOTION, Task("other", "regression")], {}, "chain")
    labels = opposite.labels.assign(other=0.0)
    coupled.estimators = {"emotion": None, "other": None}
    with pytest.raises(TaskError, match="does not support languages"):
        coupled.fit(X, labels, language=opposite.language)


def test_a_fit_with_other_languages_has_another_identity(opposite: Spoken) -> None:
    fit_ids = [
        identities(
            routed("soft"), opposite.X, opposite.labels, Folds(opposite.fold), opposite.speaker,
            [EMOTION], [0], None, language=language,
        )[0]
        for language in (opposite.language, opposite.language[::-1], None)
    ]  # fmt: skip
    assert len(set(fit_ids)) == 3


def test_the_language_that_folds_predict_is_stated_beside_their_predictions(
    opposite: Spoken,
) -> None:
    how = (opposite.X, opposite.labels, opposite.fold, opposite.speaker, [EMOTION], 1)
    result = cross_fit(routed("hard"), *how, final=False, language=opposite.language)
    assert list(result.identified.index) == list(result.predictions.index)
    assert (result.identified == opposite.language[result.identified.index]).mean() > 0.9
    assert "identified" not in result.predictions
    common = cross_fit(routed("common"), *how, final=False, language=opposite.language)
    assert common.identified.isna().all()
