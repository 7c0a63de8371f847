"""A bundle is one file that predicts and never runs code from its content."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator

from featser.errors import BundleError
from featser.models import makers
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.multitask import MultiTaskEstimator
from featser.models.registry import NETWORKS, model_names
from tests.models.conftest import Sample, make_sample


def bundle(sample: Sample, name: str) -> Bundle:
    estimators = {task.name: make_estimator(name, task) for task in sample.tasks}
    model = MultiTaskEstimator(sample.tasks, estimators)
    model.fit(sample.X, sample.labels, speaker=sample.speaker)
    extractors = [{"spec": "mfcc:basic", "names": ["a"]}]
    return Bundle(model, extractors, "none", {"utterances": 160}, library_versions())


@pytest.mark.parametrize("name", [*sorted(set(model_names()) - set(NETWORKS)), "vote"])
def test_a_loaded_model_predicts_the_same(
    sample: Sample, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(makers.TREES, "n_estimators", 20)
    monkeypatch.setitem(makers.XGBOOST, "n_estimators", 20)
    saved = bundle(sample, name)
    loaded = load_bundle(save_bundle(tmp_path / "model.featser", saved))
    assert list(loaded.tasks) == sample.tasks
    assert loaded.extractors == saved.extractors
    assert loaded.training == saved.training
    for task, table in saved.model.predict_proba(sample.X).items():
        assert np.array_equal(loaded.model.predict_proba(sample.X)[task], table)
    assert loaded.model.predict(sample.X).equals(saved.model.predict(sample.X))


def test_two_equal_fits_give_equal_bytes(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No address of an object, random name or date is in the file."""
    monkeypatch.setitem(makers.TREES, "n_estimators", 3)
    monkeypatch.setitem(makers.XGBOOST, "n_estimators", 3)
    sample.tasks = sample.tasks[:1]
    paths = [
        save_bundle(tmp_path / f"{name}.featser", bundle(sample, "forest,xgboost,mlp"))
        for name in ("a", "b")
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    # A model from the cache of fits is a loaded one.
    again = save_bundle(tmp_path / "again.featser", load_bundle(paths[0]))
    assert again.read_bytes() == paths[0].read_bytes()


def test_neighbours_of_few_features_can_be_loaded(tmp_path: Path) -> None:
    """scikit-learn would build a search tree, which no bundle can hold."""
    few = make_sample(60, 5)
    few.tasks = few.tasks[:1]
    assert load_bundle(save_bundle(tmp_path / "m.featser", bundle(few, "knn"))).model.n_features_in_


class Harmful(BaseEstimator):
    """Would leave a file behind if loading it ran anything."""

    def __setstate__(self, state: object) -> None:
        Path(os.environ["FEATSER_TEST_TRACE"]).write_text("ran")


def test_a_type_that_is_not_allowed_is_named_and_never_run(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    monkeypatch.setenv("FEATSER_TEST_TRACE", str(trace))
    path = save_bundle(tmp_path / "model.featser", bundle(sample, "logistic"))
    harmful = Harmful()
    harmful.part = 1
    replace(path, {"emotion": harmful})
    with pytest.raises(BundleError, match=r"does not load: .*Harmful; nothing of it was run"):
        load_bundle(path)
    assert not trace.exists()


def replace(path: Path, estimators: dict[str, object]) -> None:
    """Put other estimators into a bundle, with a checksum that fits."""
    data = skops.io.dumps(estimators)
    with zipfile.ZipFile(path) as archive:
        description = json.loads(archive.read("model.json"))
    description["checksums"]["estimators.skops"] = hashlib.sha256(data).hexdigest()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", json.dumps(description))
        archive.writestr("estimators.skops", data)


def test_a_damaged_file_is_refused(sample: Sample, tmp_path: Path) -> None:
    path = save_bundle(tmp_path / "model.featser", bundle(sample, "logistic"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BundleError, match="damaged"):
        load_bundle(path)
    with pytest.raises(BundleError, match="no such file"):
        load_bundle(tmp_path / "absent.featser")
    path.write_bytes(b"a sentence")
    with pytest.raises(BundleError, match="not a model bundle"):
        load_bundle(path)


def test_a_changed_estimator_does_not_pass_its_checksum(sample: Sample, tmp_path: Path) -> None:
    path = save_bundle(tmp_path / "model.featser", bundle(sample, "logistic"))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", members["model.json"])
        archive.writestr("estimators.skops", members["estimators.skops"] + b" ")
    with pytest.raises(BundleError, match="checksum"):
        load_bundle(path)


def test_a_later_format_says_with_what_it_was_saved(sample: Sample, tmp_path: Path) -> None:
    path = save_bundle(tmp_path / "model.featser", bundle(sample, "logistic"))
    with zipfile.ZipFile(path) as archive:
        description = json.loads(archive.read("model.json"))
    description |= {"format": 99, "libraries": {"featser": "9.9.9"}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", json.dumps(description))
        archive.writestr("estimators.skops", b"")
    with pytest.raises(BundleError, match=r"format 99.*featser 9\.9\.9"):
        load_bundle(path)
