"""Messages where the libraries that networks need are not installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import featser
from featser.errors import ResourceError
from featser.models.building import make_estimator
from featser.models.exported.exported_network import ExportedNetwork, Head, Scale
from featser.models.registry import NETWORKS
from featser.tasks import Task


@pytest.mark.parametrize("task", [Task("a", classes=("x", "y")), Task("a", "regression")])
@pytest.mark.parametrize("missing", ["torch", "skorch", "onnx", "onnxruntime"])
def test_a_network_names_the_extra_that_fitting_it_needs(
    task: Task, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("torch", "skorch", "onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, sys if name != missing else None)
    for name in NETWORKS:
        with pytest.raises(ResourceError, match=rf"{missing}.*pip install \"featser\[streams\]\""):
            make_estimator(name, task)


@pytest.mark.parametrize("study", [featser.fit, featser.leakage, featser.curve])
def test_fit_of_a_network_is_refused_before_the_data_are_read(
    study: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ResourceError, match=r"torch.*pip install"):
        study("no-such-manifest.csv", model="svm,cnn")


def test_run_of_a_recipe_with_a_network_is_refused_before_the_data_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    recipe = featser.Experiment(name="mine", corpora="demo", model="cnn")
    with pytest.raises(ResourceError, match=r"torch.*pip install"):
        featser.run(recipe, data={"demo": tmp_path / "missing"}, output=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_fitted_network_names_the_extra_that_predicting_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    scale = Scale(None, np.zeros(3, "f4"), np.ones(3, "f4"))
    network = ExportedNetwork(np.zeros(1, dtype=np.uint8), scale, [Head("classification", 2)])
    with pytest.raises(ResourceError, match=r"onnxruntime.*pip install \"featser\[onnx\]\""):
        network.outputs(np.zeros((2, 3)))
