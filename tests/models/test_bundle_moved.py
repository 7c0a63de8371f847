"""Bundles of versions whose classes were in other modules load and predict as they did."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from featser.models.building import make_estimator
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.multitask import MultiTaskEstimator
from featser.models.storage.allowed_types import ALLOWED
from featser.models.storage.moved import MOVED, RENAMED, former_names
from featser.models.storage.nodes import all_nodes
from featser.tasks import Task


def with_former_parameters(node: dict[str, Any]) -> int:
    """Give an estimator of featser the former names of its parameters; return how many it has."""
    if node["__loader__"] != "ObjectNode" or not node["__module__"].startswith("featser.models."):
        return 0
    formerly = {new: old for old, new in RENAMED.items()}
    attributes = node["content"]["content"]
    node["content"]["content"] = {formerly.get(k, k): v for k, v in attributes.items()}
    return len(formerly.keys() & attributes.keys())


def as_before(path: Path) -> int:
    """Give a bundle the former names of modules and parameters; return how many it has."""
    formerly = {new: old for old, new in MOVED.items()}
    with zipfile.ZipFile(path) as outer:
        members = {name: outer.read(name) for name in outer.namelist()}
    inner_path = path.with_suffix(".skops")
    inner_path.write_bytes(members["estimators.skops"])
    with zipfile.ZipFile(inner_path) as inner:
        parts = {name: inner.read(name) for name in inner.namelist()}
    text = parts["schema.json"].decode()
    count = 0
    for new, old in formerly.items():
        count += text.count(json.dumps(new))
        text = text.replace(json.dumps(new), json.dumps(old))
    schema = json.loads(text)
    count += sum(with_former_parameters(node) for node in all_nodes(schema))
    parts["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(inner_path, "w") as inner:
        for name, data in parts.items():
            inner.writestr(name, data)
    members["estimators.skops"] = inner_path.read_bytes()
    content = json.loads(members["model.json"])
    digest = hashlib.sha256(members["estimators.skops"]).hexdigest()
    content["checksums"]["estimators.skops"] = digest
    members["model.json"] = json.dumps(content).encode()
    with zipfile.ZipFile(path, "w") as outer:
        for name, data in members.items():
            outer.writestr(name, data)
    return count


def test_bundle_of_former_modules_predicts_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 12)).astype(np.float32)
    emotion = np.where(X[:, 0] > 0, "angry", "sad")
    task = Task("emotion", classes=("angry", "sad"))
    speaker = np.repeat([f"s{number}" for number in range(6)], 10)
    model = MultiTaskEstimator((task,), {"emotion": make_estimator("kernel,logistic", task, 3)})
    model.fit(X, pd.DataFrame({"emotion": emotion}), speaker=speaker)
    path = save_bundle(tmp_path / "m.featser", Bundle(model, [], "none", {}, library_versions()))
    expected = load_bundle(path).model.predict_proba(X)["emotion"]
    assert as_before(path) > 2
    former = load_bundle(path).model
    np.testing.assert_array_equal(former.predict_proba(X)["emotion"], expected)
    assert former.estimators_["emotion"][-1].get_params()["kernel__random_state"] == 3


def test_every_class_that_moved_has_its_former_name() -> None:
    assert len(former_names(ALLOWED)) >= 30
    assert not set(former_names(ALLOWED)) & set(ALLOWED)
