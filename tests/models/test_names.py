"""A model's name is explained, and two names of one estimator do not vote."""

from __future__ import annotations

import subprocess
import sys
from pkgutil import resolve_name

import pandas as pd
import pytest

from featser.errors import TaskError
from featser.models.building import make_estimator
from featser.models.names import described, fitted_name
from featser.models.registry import (
    MODELS,
    Model,
    canonical_name,
    find_model,
    members_of,
    model_names,
)
from featser.models.streams.joint import JointNetwork
from featser.tasks import Task

EMOTION = Task("emotion", classes=("angry", "sad"))
AROUSAL = Task("arousal", "regression")


@pytest.mark.parametrize(
    ("names", "task"),
    [
        ("logistic,ridge", EMOTION),
        ("svm,svr", EMOTION),
        ("svm,svr", AROUSAL),
        ("logistic,ridge", AROUSAL),
        ("lda,ridge", AROUSAL),
    ],
)
def test_two_names_for_one_estimator_are_refused(names: str, task: Task) -> None:
    with pytest.raises(TaskError, match="two equal models would vote; name one of them"):
        make_estimator(names, task)


def test_names_that_differ_for_the_task_may_vote() -> None:
    assert make_estimator("lda,ridge", EMOTION)[-1].members[1][0] == "ridge"


@pytest.mark.parametrize(
    ("name", "classifier", "regressor"),
    [("svm", "svm", "svr"), ("svr", "svm", "svr"), ("lda", "lda", "ridge"), ("rf", "rf", "rf")],
)
def test_counterparts_follow_from_the_registry(name: str, classifier: str, regressor: str) -> None:
    assert fitted_name(name, categorical=True) == classifier
    assert fitted_name(name, categorical=False) == regressor


def test_every_row_names_functions_or_models_that_exist() -> None:
    for row in MODELS.values():
        for kind in ("classifier", "regressor"):
            made_by = row.made_by(kind)
            assert made_by in MODELS or callable(resolve_name(made_by)), row.name
        assert not row.batches or callable(resolve_name(row.batches))


@pytest.mark.parametrize(
    ("synonym", "name"),
    [
        ("rf", "forest"),
        ("random-forest", "forest"),
        ("logreg", "logistic"),
        ("logistic-regression", "logistic"),
        ("svc", "svm"),
        ("xgb", "xgboost"),
    ],
)
def test_synonyms_stand_for_models(synonym: str, name: str) -> None:
    assert members_of(f"{synonym}, knn") == (name, "knn")
    assert canonical_name(f"{synonym},knn") == f"{name},knn"
    assert make_estimator(synonym, EMOTION).get_params().keys() == (
        make_estimator(name, EMOTION).get_params().keys()
    )


def test_a_model_and_its_synonym_do_not_vote_twice() -> None:
    assert members_of("rf,forest") == ("forest",)


def test_registry_and_its_names_import_no_heavy_library() -> None:
    heavy = ("sklearn", "numpy", "pandas", "xgboost", "scipy", "numba")
    code = (
        "import sys, featser.models.registry, featser.models.names\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "seconds"), [("knn", 2.0), ("cnn", 96.0), ("ridge", 1.4), ("svr", 5.6)]
)
def test_costs_grow_with_rows_and_values_and_those_of_networks_with_rows(
    name: str, seconds: float
) -> None:
    assert find_model(name).fit_seconds(2000, 2000) == pytest.approx(seconds)


def test_a_model_without_a_regressor_is_refused_for_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = Model("bayes", "naive Bayes", classifier="sklearn.naive_bayes:GaussianNB")
    monkeypatch.setitem(MODELS, "bayes", row)
    assert "bayes" in model_names("classifier")
    assert "bayes" not in model_names("regressor")
    with pytest.raises(TaskError, match="--model bayes has no regressor, which task 'arousal'"):
        make_estimator("bayes", AROUSAL)


def test_description_names_what_is_fitted() -> None:
    kinds = [("emotion", True), ("arousal", False)]
    assert described("ridge", kinds) == "ridge (logistic for emotion)"
    assert described("kernel", kinds) == "kernel"


def test_joint_network_refuses_batches() -> None:
    network = JointNetwork([EMOTION], "attention")
    with pytest.raises(TaskError, match="cannot be fitted in batches"):
        network.fit_batches(None, pd.DataFrame())  # type: ignore[arg-type]
