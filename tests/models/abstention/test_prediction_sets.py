"""Models calibrate prediction sets on the speakers that fitting leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from featser.errors import TaskError
from featser.evaluation.conformal import Calibration, in_set
from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.prediction_tables import prediction_table
from featser.evaluation.training_copies import trace_provenance
from featser.models.abstention.prediction_sets import (
    calibrated_by_speaker,
    set_columns,
    set_notes,
)
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.coupling.coupling import CoupledEstimator
from featser.models.multitask import MultiTaskEstimator
from featser.tasks import Task
from tests.models.conftest import Sample, make_sample

MOOD = Task("mood", classes=("good", "low", "mixed"), role="primary")


def voices(n_speakers: int, each: int, seed: int) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """Make up speakers whose features differ, and who express moods with unlike strength."""
    rng = np.random.default_rng(seed)
    code = np.tile(np.arange(3), n_speakers * each)[: n_speakers * each]
    speaker = np.repeat(np.arange(n_speakers), each)
    X = rng.normal(size=(len(code), 8)) + rng.normal(0, 0.7, (n_speakers, 8))[speaker]
    strength = rng.uniform(0.3, 2.5, n_speakers)[speaker]
    X[np.arange(len(code)), code] += strength
    labels = pd.DataFrame({"mood": np.array(MOOD.classes, dtype=object)[code]})
    return X.astype(np.float32), labels, speaker.astype(str)


@pytest.mark.parametrize("name", ["vote", "svm"])
def test_coverage_on_new_speakers_is_within_the_binomial_interval(name: str) -> None:
    """Each new speaker counts once, with one recording: those are independent."""
    X, labels, who = voices(24, 9, seed=1)
    model = MultiTaskEstimator([MOOD], {"mood": make_estimator(name, MOOD)})
    model.fit(X, labels, speaker=who)
    new_X, new_labels, _ = voices(600, 3, seed=2)
    table = prediction_table(model, new_X, [MOOD])
    columns = [f"mood.p[{one}]" for one in MOOD.classes]
    values = model.calibrations_["mood"].p_values(table[columns].to_numpy(dtype=float))
    code = new_labels["mood"].map(MOOD.classes.index).to_numpy()
    first = np.arange(600) * 3 + np.arange(600) % 3
    for coverage in (0.8, 0.9):
        hit = in_set(values, coverage)[first, code[first]]
        assert binomtest(int(hit.sum()), 600).proportion_ci(0.99).high >= coverage
        assert hit.mean() <= coverage + 2 / 25 + 0.06


def test_every_fold_is_calibrated_inside_its_training_set() -> None:
    """Other labels of the test set change its truth, and no p-value."""
    X, labels, who = voices(8, 9, seed=3)
    fold = np.repeat(np.arange(4), 18)
    model = MultiTaskEstimator([MOOD], {"mood": make_estimator("logistic", MOOD)})
    changed = labels.copy()
    changed.loc[fold == 0, "mood"] = "mixed"
    columns = [f"mood.conformal[{name}]" for name in MOOD.classes]
    first, second = (
        cross_fit(model, X, table, fold, who, [MOOD], 1, final=False).predictions
        for table in (labels, changed)
    )
    pd.testing.assert_frame_equal(first.loc[fold == 0, columns], second.loc[fold == 0, columns])
    assert not first.loc[fold == 1, columns].equals(second.loc[fold == 1, columns])


def test_a_bundle_holds_the_calibration(sample: Sample, tmp_path: Path) -> None:
    estimators = {task.name: make_estimator("kernel,logistic", task) for task in sample.tasks}
    model = MultiTaskEstimator(sample.tasks, estimators)
    model.fit(sample.X, sample.labels, speaker=sample.speaker)
    assert set(model.calibrations_) == {"emotion", "level"}
    saved = Bundle(model, [], "none", {}, library_versions())
    loaded = load_bundle(save_bundle(tmp_path / "model.featser", saved)).model
    for name, calibration in model.calibrations_.items():
        assert loaded.calibrations_[name].to_dict() == calibration.to_dict()


def test_copies_do_not_calibrate() -> None:
    X, labels, who = voices(8, 6, seed=4)
    rows = np.arange(len(X))
    provenance = trace_provenance(rows, rows[:, None])
    model = MultiTaskEstimator([MOOD], {"mood": make_estimator("vote", MOOD)})
    doubled = pd.concat([labels, labels], ignore_index=True)
    model.fit(np.tile(X, (2, 1)), doubled, speaker=np.tile(who, 2), provenance=provenance)
    scores = model.calibrations_["mood"].scores
    assert sum(len(one) for speakers in scores.values() for one in speakers) == len(X)


@pytest.mark.parametrize("options", [{"select": "anova"}, {"calibrated": False}])
def test_a_model_without_left_out_speakers_has_no_calibration(
    sample: Sample, options: dict[str, object]
) -> None:
    task = sample.tasks[0]
    estimator = make_estimator("lda", task, **options)  # type: ignore[arg-type]
    model = MultiTaskEstimator([task], {task.name: estimator})
    model.fit(sample.X, sample.labels, speaker=sample.speaker)
    assert model.calibrations_ == {}


def test_a_task_whose_predictions_are_revised_has_no_calibration(sample: Sample) -> None:
    tasks = [sample.tasks[0], sample.tasks[2]]
    estimators = {task.name: make_estimator("logistic", task) for task in tasks}
    model = CoupledEstimator(tasks, estimators, "chain")
    model.fit(sample.X, sample.labels, speaker=sample.speaker)
    assert set(model.calibrations_) == {"level"}


def test_sets_and_notes_of_a_model() -> None:
    sample = make_sample(160)
    estimators = {task.name: make_estimator("logistic", task) for task in sample.tasks}
    model = MultiTaskEstimator(sample.tasks, estimators)
    model.fit(sample.X, sample.labels, speaker=sample.speaker)
    table = prediction_table(model, sample.X, sample.tasks)
    sets = set_columns(model.calibrations_, table, sample.tasks, 0.8)
    assert list(sets) == ["emotion.set", "emotion.abstains", "level.set", "level.abstains"]
    size = sets["emotion.set"].map(lambda text: len(text.split(" | ")) if text else 0)
    assert ((size != 1) == sets["emotion.abstains"]).all()
    certain = table["emotion.p[angry]"].to_numpy() > 0.99
    assert (sets["emotion.set"][certain] == "angry").all()
    notes = set_notes(model.calibrations_, sample.tasks, 0.95, by_speaker=True)
    assert "coverage 0.95 needs 19 speakers of each class" in notes[0]
    assert notes[1] == "arousal: no prediction sets, because it has no classes"
    everything = set_columns(model.calibrations_, table, sample.tasks, 0.95)
    assert (everything["emotion.set"] == "angry | happy | sad").all()


def test_classes_that_the_model_was_not_fitted_on_are_in_no_set(tmp_path: Path) -> None:
    """Across corpora, labels of classes that the corpora do not share are missing."""
    X, labels, speaker = voices(12, 9, seed=0)
    shared = labels.where(labels != "mixed")
    model = MultiTaskEstimator([MOOD], {"mood": make_estimator("logistic", MOOD)})
    model.fit(X, shared, speaker=speaker)
    bundle = Bundle(model, [], "none", {}, library_versions())
    save_bundle(tmp_path / "m.featser", bundle)
    calibrations = load_bundle(tmp_path / "m.featser").model.calibrations_
    sets = set_columns(calibrations, prediction_table(model, X, [MOOD]), [MOOD], 0.9)
    assert not sets["mood.set"].str.contains("mixed").any()
    assert not sets["mood.abstains"].all()
    (note,) = set_notes(calibrations, [MOOD], 0.9, by_speaker=True)
    assert note.startswith("mood: no set has mixed: the model was not fitted on this class")


def test_a_class_without_calibrated_windows_is_in_every_set() -> None:
    """The model was fitted on it, so that nothing rules it out: leaving it out loses coverage."""
    mood = Task("mood", classes=("good", "low"))
    calibrations = {"mood": Calibration({"good": [[0.1]] * 9, "low": []})}
    table = pd.DataFrame({"mood.p[good]": [0.95, 0.1], "mood.p[low]": [0.05, 0.9]})
    sets = set_columns(calibrations, table, [mood], 0.9, of_windows=True)
    assert sets["mood.set"].tolist() == ["good | low", "low"]
    (note,) = set_notes(calibrations, [mood], 0.9, by_speaker=True, of_windows=True)
    assert note.startswith("mood: every set has low, because no window was calibrated on it")


def test_without_calibration_sets_are_refused() -> None:
    with pytest.raises(TaskError, match="no calibration scores"):
        set_columns({}, pd.DataFrame(), [MOOD], 0.9)


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({"speakers": 4, "protocols": ["speaker-independent"]}, True),
        ({"speakers": 4, "protocols": ["random"]}, False),
        ({"speakers": 0, "protocols": ["speaker-independent"]}, False),
    ],
)
def test_whether_speakers_were_left_out(training: dict[str, object], expected: bool) -> None:
    assert calibrated_by_speaker(training) == expected
    notes = set_notes({}, [], 0.9, by_speaker=expected)
    assert bool(notes) != expected
