"""From file names to arrays and tables, alone and in a pipeline of scikit-learn."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from featser.audio import read_audio
from featser.errors import FeatureError, InputError, UnusableAudio
from featser.extraction.extraction import extract_manifest as extract_to_store
from featser.features import AudioFeatures, extract_features, make_extractor
from featser.features.file_features import feature_names
from featser.store.feature_store import Store

SPECS = ["mfcc:basic", "trim:mfcc:basic", "logmel:basic"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Quiet and loud noise, between half a second of silence, at 22 050 Hz."""
    folder = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(0)
    paths = []
    for number in range(6):
        noise = rng.normal(0, (0.01, 0.1)[number % 2], 22_050)
        paths.append(str(folder / f"{number}.wav"))
        soundfile.write(paths[-1], np.pad(noise, 11_025), 22_050)
    return paths


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("broken") / "broken.wav"
    file.write_text("this is not audio")
    return str(file)


def test_values_are_those_of_the_extractors(files):
    values = AudioFeatures("mfcc:basic").fit_transform(files)
    extractor = make_extractor("mfcc:basic")
    expected = np.array([extractor(read_audio(file)) for file in files])
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, expected)


def test_values_are_those_in_a_store(files, tmp_path):
    store = Store(tmp_path / "store")
    result = extract_to_store(pd.DataFrame({"file": files}), SPECS, store, n_jobs=1)
    table = extract_features(files, SPECS)
    stored = [store.read(make_extractor(spec), list(result.keys)) for spec in SPECS]
    np.testing.assert_array_equal(table.to_numpy(), np.hstack(stored))


def test_workers_change_no_bit(files):
    alone = AudioFeatures(SPECS).transform(files)
    np.testing.assert_array_equal(AudioFeatures(SPECS, n_jobs=2).transform(files), alone)


def test_names_are_unique_and_fit_the_columns(files):
    transformer = AudioFeatures(SPECS)
    names = transformer.get_feature_names_out()
    assert names.dtype == object
    assert len(set(names)) == len(names) == transformer.transform(files[:1]).shape[1] == 160
    assert names[0] == "mfcc:basic.mfcc_00.mean"
    assert names[40] == "trim:mfcc:basic.mfcc_00.mean"
    assert tuple(names) == feature_names([make_extractor(spec) for spec in SPECS])


def test_clone_and_parameters_keep_what_was_given():
    transformer = AudioFeatures(SPECS, channel="left", errors="nan", n_jobs=2)
    again = clone(transformer)
    assert again.get_params() == transformer.get_params()
    assert again.get_params() == {
        "extractors": SPECS, "channel": "left", "errors": "nan", "n_jobs": 2,
    }  # fmt: skip
    assert again.set_params(extractors="rms").extractors == "rms"


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_cloneable,
    ],
)
def test_scikit_learns_checks_that_need_no_matrix_pass(check):
    check("AudioFeatures", AudioFeatures())


def test_pipeline_from_files_to_labels_fits_and_predicts(files):
    labels = ["quiet", "loud"] * 3
    model = make_pipeline(AudioFeatures("rms:basic"), StandardScaler(), LogisticRegression())
    assert list(model.fit(files, labels).predict(files)) == labels
    assert list(model[:-1].get_feature_names_out()) == ["rms.mean", "rms.std"]
    assert clone(model).set_params(audiofeatures__extractors="zcr").fit(files, labels)


@pytest.mark.parametrize("container", [np.array, pd.Series, lambda x: np.array(x)[:, None]])
def test_containers_of_file_names_are_equal(files, container):
    expected = AudioFeatures("rms:basic").transform(files[:2])
    given = container(files[:2])
    np.testing.assert_array_equal(AudioFeatures("rms:basic").transform(given), expected)


def test_frame_of_one_column_gives_a_frame_with_its_index(files):
    frame = pd.DataFrame({"file": files[:2]}, index=["x", "y"])
    transformer = AudioFeatures("rms:basic").set_output(transform="pandas")
    table = transformer.fit_transform(frame)
    assert list(table.columns) == ["rms.mean", "rms.std"]
    assert list(table.index) == ["x", "y"]


def test_table_has_files_as_index_and_named_columns(files):
    table = extract_features(map(Path, files), ["rms:basic", "zcr:basic"])
    assert table.index.name == "file"
    assert list(table.index) == files
    assert list(table.columns) == ["rms.mean", "rms.std", "zcr.mean", "zcr.std"]
    assert table.attrs["errors"] == []
    pd.testing.assert_frame_equal(extract_features(files[0], ["rms:basic"]), table.iloc[:1, :2])


def test_unusable_recording_is_an_error_that_names_it(files, broken):
    with pytest.raises(UnusableAudio, match=r"broken\.wav: cannot be decoded as audio"):
        extract_features([files[0], broken], "rms:basic")
    with pytest.raises(UnusableAudio, match=r"broken\.wav: cannot be decoded as audio"):
        AudioFeatures("rms:basic").transform([broken])


def test_unusable_recording_is_nan_with_a_warning_and_the_reason(files, broken):
    with pytest.warns(
        UserWarning, match=r"1 of 2 recordings are NaN .*broken\.wav: cannot be decoded as audio"
    ):
        table = extract_features([broken, files[0]], "rms:basic", errors="nan")
    assert table.iloc[0].isna().all()
    assert table.iloc[1].notna().all()
    (error,) = table.attrs["errors"]
    assert (error["file"], error["extractor"]) == (broken, "")
    assert error["reason"].startswith("cannot be decoded as audio")


def test_extractor_that_refuses_a_recording_leaves_the_values_of_the_others(tmp_path):
    file = tmp_path / "long.wav"
    soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, 2_000), 16_000)
    specs = ["rms:basic", "bangla166"]
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        table = extract_features(file, specs, errors="nan")
    assert table.iloc[0, :2].notna().all()
    assert table.iloc[0, 2:].isna().all()
    assert [error["extractor"] for error in table.attrs["errors"]] == ["bangla166"]


def test_no_files_give_an_empty_table():
    assert extract_features([], "rms:basic").shape == (0, 2)


@pytest.mark.parametrize(
    ("parameters", "X", "error", "message"),
    [
        ({"extractors": "mfc"}, ["a.wav"], FeatureError, "did you mean 'mfcc'"),
        ({"extractors": ()}, ["a.wav"], InputError, "names no extractor"),
        ({"errors": "ignore"}, ["a.wav"], InputError, "neither 'raise' nor 'nan'"),
        ({}, [["a.wav", "b.wav"]], InputError, r"not \(1, 2\)"),
        ({}, [1.5], InputError, "1.5 is not a file name"),
    ],
)
def test_wrong_parameters_are_refused_by_fit(parameters, X, error, message):
    with pytest.raises(error, match=message):
        AudioFeatures(**parameters).fit(X)


def test_importing_the_folder_imports_no_scikit_learn():
    code = "import featser.features, sys; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "AudioFeatures" in dir(sys.modules["featser.features"])


def test_extractor_that_fails_is_named_with_the_cause(files, monkeypatch):
    def fail(self: object, signal: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(type(make_extractor("rms")), "__call__", fail)
    with pytest.raises(UnusableAudio, match=r"rms:basic: the extractor failed: ZeroDivisionError"):
        extract_features(files[:1], "rms:basic")
