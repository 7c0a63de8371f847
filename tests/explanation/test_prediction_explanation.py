"""Explanations of single predictions: planted groups come first, and values sum up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.errors import BundleError, TaskError
from featser.explanation.prediction_explanation import PredictionExplanation, explain_prediction
from featser.explanation.prediction_explanation_table import (
    explanation_columns,
    explanation_sentences,
)
from featser.models.abstention.training_domain import TrainingDomain
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.comparison.background import background_rows
from featser.models.comparison.comparison import Comparison
from featser.models.coupling.coupling import CoupledEstimator
from featser.models.multitask import MultiTaskEstimator
from featser.tasks import Task
from tests.explanation.test_importance import EXTRACTORS, NAMES, SPEAKERS

EMOTION = Task("emotion", classes=("angry", "happy", "sad"), role="primary")
AROUSAL = Task("arousal", "regression")


def planted_rows(labels: str = "true", seed: int = 1) -> tuple[np.ndarray, pd.DataFrame]:
    """Features with a planted level for angry and pitch for sad, and their labels."""
    random = np.random.default_rng(seed)
    y = np.tile(np.arange(3), len(SPEAKERS) // 3)
    X = random.normal(size=(len(y), len(NAMES))).astype(np.float32)
    X[:, NAMES.index("gemaps.equivalentSoundLevel_dBp")] += 3 * (y == 0)
    X[:, NAMES.index("gemaps.F0semitoneFrom27.5Hz_sma3nz_amean")] += 3 * (y == 2)
    X[4, 2] = np.nan
    if labels == "permuted":
        y = random.permutation(y)
    table = pd.DataFrame(
        {
            "file": [f"/home/anna/secret/{n:03}.wav" for n in range(len(y))],
            "emotion": np.array(EMOTION.classes, dtype=object)[y],
            "arousal": 1.0 - y + 0.1 * random.normal(size=len(y)),
        }
    )
    return X, table


@cache
def planted_bundle(model: str = "vote", labels: str = "true", coupling: str = "") -> Bundle:
    """A model of these features, with what predictions are compared with."""
    X, table = planted_rows(labels)
    tasks = [EMOTION, AROUSAL]
    blocks = [one.dimension for one in EXTRACTORS]
    numeric = "ridge" if model == "lda" else model
    estimators = {
        "emotion": make_estimator(model, EMOTION, blocks=blocks),
        "arousal": make_estimator(numeric, AROUSAL, blocks=blocks),
    }
    fitted: MultiTaskEstimator = MultiTaskEstimator(tasks, estimators)
    if coupling:
        fitted = CoupledEstimator(tasks, estimators, coupling)  # type: ignore[arg-type]
    fitted.fit(X, table[["emotion", "arousal"]], speaker=SPEAKERS)
    domain = TrainingDomain.of(X, EXTRACTORS, SPEAKERS, None)
    comparison = Comparison.of(X, domain, table, SPEAKERS, tasks)
    described = [{"spec": one.spec, "names": list(one.names)} for one in EXTRACTORS]
    libraries = library_versions()
    return Bundle(fitted, described, "none", {}, libraries, domain=domain, comparison=comparison)


def explained(bundle: Bundle, row: np.ndarray, task: str | None = None) -> PredictionExplanation:
    return explain_prediction(bundle, EXTRACTORS, row, task=task)


@pytest.mark.parametrize("task", ["emotion", "arousal"])
@pytest.mark.parametrize(
    ("model", "coupling"), [("vote", ""), ("lda", ""), ("lda", "chain"), ("lda", "stacked")]
)
def test_values_sum_to_what_the_model_predicts_less_its_average(
    model: str, coupling: str, task: str
) -> None:
    bundle = planted_bundle(model, "true", coupling)
    assert bundle.comparison is not None
    X, _ = planted_rows()
    for row in X[[0, 5]]:
        why = explained(bundle, row, task)
        numbers, probabilities = bundle.model.predict_with_proba(
            np.concatenate([row[None], bundle.comparison.background])
        )
        table = probabilities[task][why.label] if why.label else numbers[task]
        outputs = np.asarray(table, dtype=float)
        assert why.prediction == pytest.approx(outputs[0], abs=1e-6)
        assert why.average == pytest.approx(outputs[1:].mean(), abs=1e-6)
        total = sum(effect.value for effect in why.effects)
        assert total == pytest.approx(outputs[0] - outputs[1:].mean(), abs=1e-6)


@pytest.mark.parametrize("model", ["vote", "lda"])
def test_the_planted_group_of_the_predicted_class_comes_first(model: str) -> None:
    bundle = planted_bundle(model)
    X, _ = planted_rows()
    angry, sad = explained(bundle, X[0]), explained(bundle, X[2])
    assert (angry.label, angry.effects[0].group) == ("angry", "loudness")
    assert angry.effects[0].value > 0.2
    assert angry.effects[0].caution.startswith("also a property of the recording")
    assert (sad.label, sad.effects[0].group) == ("sad", "pitch")
    assert sad.effects[0].value > 0.2
    assert explained(bundle, X[0], "arousal").effects[0].group in ("loudness", "pitch")


def test_groups_of_noise_have_the_value_zero_within_the_interval() -> None:
    """Over 40 new utterances, the mean value of each group of noise is 0 within 3 errors."""
    bundle, (X, _) = planted_bundle("vote"), planted_rows(seed=2)
    moved: dict[str, list[float]] = {}
    for row in X[:40]:
        for effect in explain_prediction(bundle, EXTRACTORS, row, label="angry").effects:
            moved.setdefault(effect.group, []).append(effect.value)
    largest = {group: float(np.abs(values).mean()) for group, values in moved.items()}
    loudness, pitch = largest.pop("loudness"), largest.pop("pitch")
    assert len(largest) == 7
    assert loudness > 3 * max(largest.values())
    assert pitch > max(largest.values()), "which divides sad from the others"
    for group in largest:
        values = np.array(moved[group])
        assert abs(values.mean()) < 3 * values.std(ddof=1) / np.sqrt(len(values)), group


def test_permuted_labels_leave_nothing_to_explain() -> None:
    bundle, (X, _) = planted_bundle("vote", "permuted"), planted_rows(seed=2)
    effects = [effect for row in X[:12] for effect in explained(bundle, row).effects]
    assert max(abs(effect.value) for effect in effects) < 0.12
    assert np.mean([abs(effect.value) for effect in effects]) < 0.02


def test_another_class_is_explained_on_request() -> None:
    X, _ = planted_rows()
    sad = explain_prediction(planted_bundle(), EXTRACTORS, X[0], label="sad")
    assert sad.label == "sad"
    assert sad.prediction < sad.average
    with pytest.raises(TaskError, match="angry, happy, sad"):
        explain_prediction(planted_bundle(), EXTRACTORS, X[0], label="bored")
    with pytest.raises(TaskError, match="emotion, arousal"):
        explained(planted_bundle(), X[0], "valence")


def test_similar_utterances_are_named_without_their_folders() -> None:
    bundle, (X, table) = planted_bundle(), planted_rows()
    first, *others = explained(bundle, X[7]).similar
    assert (first.file, first.speaker) == ("007.wav", "s00")
    assert first.labels == {"emotion": "happy", "arousal": f"{table['arousal'][7]:g}"}
    assert first.distance < 1e-3 < others[0].distance <= others[1].distance


def test_a_saved_bundle_explains_alike_and_holds_no_folder(tmp_path: Path) -> None:
    bundle, (X, _) = planted_bundle(), planted_rows()
    loaded = load_bundle(save_bundle(tmp_path / "model.featser", bundle))
    assert explained(loaded, X[0]) == explained(bundle, X[0])
    assert loaded.comparison is not None
    assert loaded.comparison.neighbours is not None
    assert not [name for name in loaded.comparison.neighbours.files if "/" in name]


def test_a_bundle_without_training_rows_says_how_to_get_them() -> None:
    X, _ = planted_rows()
    old = replace(planted_bundle(), comparison=None)
    with pytest.raises(BundleError, match="for --why, fit it again with this featser"):
        explained(old, X[0])


def test_a_comparison_that_does_not_fit_is_a_damaged_bundle(tmp_path: Path) -> None:
    bundle = planted_bundle()
    assert bundle.comparison is not None
    assert bundle.comparison.neighbours is not None
    near = bundle.comparison.neighbours
    for wrong in (
        replace(bundle.comparison, background=bundle.comparison.background[:, :-1]),
        replace(bundle.comparison, background=bundle.comparison.background[:2]),
        replace(bundle.comparison, neighbours=replace(near, files=near.files[1:])),
        replace(bundle.comparison, neighbours=replace(near, positions=near.positions[:, :3])),
    ):
        path = save_bundle(tmp_path / "m.featser", replace(bundle, comparison=wrong))
        with pytest.raises(BundleError, match="damaged"):
            load_bundle(path)


def test_the_background_has_speakers_evenly_and_is_small() -> None:
    random = np.random.default_rng(0)
    speaker = np.repeat(["a", "b", "c"], [500, 30, 10])
    X = np.column_stack([np.repeat([0, 1, 2], [500, 30, 10]), random.normal(size=540)])
    rows = background_rows(X.astype(np.float32), speaker)
    assert rows is not None
    assert np.bincount(rows[:, 0].astype(int)).tolist() == [19, 19, 10]
    np.testing.assert_array_equal(rows, background_rows(X.astype(np.float32), speaker))
    assert background_rows(X[:3], speaker[:3]) is None
    wide = np.zeros((20, 200_000), dtype=np.float32)
    assert len(background_rows(wide, speaker[:20])) == 7  # type: ignore[arg-type]
    assert background_rows(np.zeros((20, 500_000)), speaker[:20]) is None


def test_sentences_name_the_largest_groups_the_rest_and_a_shortcut() -> None:
    bundle, (X, _) = planted_bundle(), planted_rows()
    why = [explained(bundle, X[0], task) for task in ("emotion", "arousal")]
    row = explanation_columns(why) | {"emotion.pred": "angry", "arousal.pred": why[1].prediction}
    emotion, arousal, caution, same, similar = explanation_sentences(row)
    assert emotion.startswith(f"emotion: angry {why[0].prediction:.2f} against ")
    assert " on average: loudness +0." in emotion
    assert "; the rest " in emotion
    assert arousal.startswith("arousal: ")
    assert caution.startswith("loudness is also a property of the recording")
    assert same.startswith("in training: 000.wav has the same features. The model was fitted on ")
    assert similar.startswith("similar in training: ")
    assert "000.wav" not in similar, "a recording is not similar to itself"
