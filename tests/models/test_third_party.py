"""Models of other packages: declared by entry points, imported late, no risk to the others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from featser.errors import BundleError, TaskError
from featser.models import third_party
from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.multitask import MultiTaskEstimator
from featser.models.registry import find_model, members_of, model_names
from featser.tasks import Task
from tests.models.conftest import Sample

PACKAGES = Path(__file__).parent / "third_party"
EMOTION = Task("emotion", classes=("angry", "happy", "sad"))


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install both packages: one that works, and one that cannot be imported."""
    monkeypatch.syspath_prepend(PACKAGES)
    third_party._entry_points.cache_clear()
    yield
    third_party._entry_points.cache_clear()
    for name in ("featser_bayes", "featser_broken"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("packages")
def test_names_follow_featsers_own_and_import_nothing() -> None:
    names = model_names()
    assert names[-5:] == ("bayes", "broken", "mistaken", "renamed", "unmade")
    assert names.count("svm") == 1
    assert not {"featser_bayes", "featser_broken"} & set(sys.modules)
    with pytest.raises(TaskError, match="unknown model 'bayess'; did you mean 'bayes'"):
        members_of("svm,bayess")


@pytest.mark.usefixtures("packages")
def test_names_of_a_kind_leave_out_what_cannot_be_imported() -> None:
    assert model_names("classifier")[-2:] == ("bayes", "unmade")
    assert not {"bayes", "broken"} & set(model_names("regressor"))


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("name", ["bayes", "bayes,logistic"])
def test_model_of_another_package_is_fitted_tuned_and_saved(
    name: str, sample: Sample, tmp_path: Path
) -> None:
    assert find_model("bayes").fit_seconds(1000, 1000) == 0.05
    estimator = make_estimator(name, EMOTION, tune=True)
    model = MultiTaskEstimator([EMOTION], {"emotion": estimator})
    model.fit(sample.X, sample.labels, speaker=sample.speaker)
    assert "var_smoothing" in str(model.tuned_)
    expected = model.predict_proba(sample.X)["emotion"]
    path = save_bundle(tmp_path / "m.featser", Bundle(model, [], "none", {}, library_versions()))
    probabilities = load_bundle(path).model.predict_proba(sample.X)["emotion"]
    np.testing.assert_allclose(probabilities, expected, atol=1e-12)


def test_bundle_of_a_package_that_is_not_installed_is_refused(
    sample: Sample, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PACKAGES)
        third_party._entry_points.cache_clear()
        model = MultiTaskEstimator([EMOTION], {"emotion": make_estimator("bayes", EMOTION)})
        model.fit(sample.X, sample.labels)
        bundle = Bundle(model, [], "none", {}, library_versions())
        path = save_bundle(tmp_path / "m.featser", bundle)
    third_party._entry_points.cache_clear()
    with pytest.raises(BundleError, match=r"types that featser does not load: .*EvenBayes"):
        load_bundle(path)


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("name", "package", "fault"),
    [
        ("broken", "featser-broken", "RuntimeError: this package needs another version"),
        ("mistaken", "featser-bayes", "is not a featser.models.model.Model"),
        ("renamed", "featser-bayes", "is a row of the name 'bayes'"),
        ("unmade", "featser-bayes", "featser_bayes:absent cannot be imported: AttributeError"),
    ],
)
def test_a_faulty_package_is_named_and_other_models_work(
    name: str, package: str, fault: str
) -> None:
    with pytest.raises(
        TaskError, match=f"--model {name} comes from the package {package}"
    ) as raised:
        make_estimator(name, EMOTION)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "update or uninstall it" in str(raised.value)
    assert make_estimator("svm", EMOTION)[-1].get_params()["estimator__C"] == 10.0


@pytest.mark.usefixtures("packages")
def test_model_for_classes_only_is_refused_for_numbers() -> None:
    with pytest.raises(TaskError, match="--model bayes has no regressor, which task 'arousal'"):
        make_estimator("bayes", Task("arousal", "regression"))


@pytest.mark.slow
def test_packages_on_the_path_of_a_new_process_are_detected() -> None:
    code = (
        "from featser.models.registry import members_of, model_names\n"
        "print(members_of('bayes,rf'), 'broken' in model_names())"
    )
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES)}
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert shown.stdout.strip() == "('bayes', 'forest') True"
