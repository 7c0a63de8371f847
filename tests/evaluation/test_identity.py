"""A fit is read instead of done only where nothing that it depends on has changed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.evaluation import fit_identity as identity
from featser.evaluation.cross_fit import CrossFit, _fit_one, cross_fit
from featser.evaluation.fit_identity import code_identity, identities
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.rows import InMemory
from featser.evaluation.training_copies import Copies
from featser.models.building import make_estimator
from featser.models.multitask import MultiTaskEstimator
from tests.models.conftest import make_sample


@dataclass
class Shelf:
    """Keeps fits in memory."""

    predictions: dict[str, Any] = field(default_factory=dict)

    def fold(self, identity: str) -> pd.DataFrame | None:
        predictions = self.predictions.get(identity)
        return None if predictions is None else predictions.copy()

    def model(self, identity: str) -> Any | None:
        return self.predictions.get(identity)

    def keep_fold(self, identity: str, predictions: pd.DataFrame) -> None:
        self.predictions[identity] = predictions

    keep_model = keep_fold


def given() -> dict[str, Any]:
    """The inputs of a fit, new at each call so that a test can change any of them."""
    sample = make_sample()
    tasks = sample.tasks[:1]
    made_of = np.array([[0, -1], [1, 2]], dtype=np.intp)
    return {
        "estimator": make_estimator("forest", tasks[0], seed=0),
        "X": sample.X.copy(),
        "labels": sample.labels[[tasks[0].name]].copy(),
        "fold": sample.speaker % 3,
        "unit": sample.speaker.astype(str),
        "tasks": tasks,
        "copies": Copies(sample.X[:2] + 1, made_of),
    }


def fitted(parts: dict[str, Any], shelf: Shelf, **more: Any) -> CrossFit:
    forest = f"{parts['estimator'].steps[-1][0]}__forest"
    parts["estimator"].set_params(**{f"{forest}__n_estimators": 3})
    for name, value in parts.get("params", {}).items():
        parts["estimator"].set_params(**{f"{forest}__{name}": value})
    model = MultiTaskEstimator(parts["tasks"], {parts["tasks"][0].name: parts["estimator"]})
    return cross_fit(
        model, parts["X"], parts["labels"], parts["fold"], parts["unit"], parts["tasks"], n_jobs=1,
        copies=parts["copies"], cache=shelf, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    """With all fits of what is given, unchanged."""
    filled = Shelf()
    assert fitted(given(), filled).reused == 0
    assert len(filled.predictions) == 4
    return filled


def a_label(parts: dict[str, Any]) -> None:
    name = parts["tasks"][0].name
    classes = [*parts["tasks"][0].classes]
    classes.remove(parts["labels"].loc[7, name])
    parts["labels"].loc[7, name] = classes[0]


def a_missing_label(parts: dict[str, Any]) -> None:
    parts["labels"].loc[7, parts["tasks"][0].name] = None


def a_feature_value(parts: dict[str, Any]) -> None:
    parts["X"][7, 1] = np.nextafter(parts["X"][7, 1], np.float32(np.inf))


def the_order_of_rows(parts: dict[str, Any]) -> None:
    # two rows of one fold, so that each test set stays the same
    same = np.flatnonzero(parts["fold"] == parts["fold"][0])[:2]
    parts["X"][same] = parts["X"][same[::-1]]
    parts["labels"].iloc[same] = parts["labels"].iloc[same[::-1]].to_numpy()


def the_seed(parts: dict[str, Any]) -> None:
    parts["params"] = {"random_state": 1}


def a_parameter(parts: dict[str, Any]) -> None:
    parts["params"] = {"min_samples_leaf": 3}


def who_speaks(parts: dict[str, Any]) -> None:
    parts["unit"][7] = "another"


def a_value_of_a_copy(parts: dict[str, Any]) -> None:
    parts["copies"].X[:, 0] += 1


CHANGES = [
    a_label, a_missing_label, a_feature_value, the_order_of_rows, the_seed, a_parameter,
    who_speaks,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_has_changed_is_refitted(
    shelf: Shelf, change: Callable[[dict[str, Any]], None]
) -> None:
    parts = given()
    change(parts)
    assert fitted(parts, Shelf(dict(shelf.predictions))).reused == 0


def test_other_folds_are_refitted_but_the_model_of_all_rows_is_not(shelf: Shelf) -> None:
    parts = given()
    moved = [0, 10, 20]  # a row of each fold
    parts["fold"][moved] = (parts["fold"][moved] + 1) % 3
    assert fitted(parts, Shelf(dict(shelf.predictions))).reused == 1


def test_a_changed_copy_repeats_every_fit_that_uses_it(shelf: Shelf) -> None:
    parts = given()
    a_value_of_a_copy(parts)
    assert fitted(parts, Shelf(dict(shelf.predictions))).reused == len(
        without(shelf, parts["copies"])
    )
    parts["copies"] = Copies(given()["copies"].X, np.array([[0, 3], [1, 2]]))
    assert fitted(parts, Shelf(dict(shelf.predictions))).reused == len(
        without(shelf, parts["copies"])
    )


def without(shelf: Shelf, copies: Copies) -> list[int]:
    """The folds whose training sets have no copy in either case."""
    fold, first = given()["fold"], given()["copies"]
    trains = [np.flatnonzero(fold != number) for number in range(3)]
    return [
        k
        for k, train in enumerate(trains)
        if not len(first.within(train)) and not len(copies.within(train))
    ]


def test_what_has_not_changed_is_not_fitted_again_and_is_the_same(shelf: Shelf) -> None:
    first, again = fitted(given(), Shelf()), fitted(given(), shelf)
    assert again.reused == 4
    pd.testing.assert_frame_equal(first.predictions, again.predictions, check_exact=True)
    partly = Shelf(dict(list(shelf.predictions.items())[::2]))
    resumed = fitted(given(), partly)
    assert resumed.reused == 2
    pd.testing.assert_frame_equal(first.predictions, resumed.predictions, check_exact=True)


def test_a_fold_with_another_number_is_the_same_fold(shelf: Shelf) -> None:
    parts = given()
    parts["fold"] = 2 - parts["fold"]
    again = fitted(parts, shelf, final=False)
    assert again.reused == 3
    assert again.model is None
    assert again.predictions["fold"].tolist() == parts["fold"].tolist()


def test_rows_read_in_batches_have_the_identity_of_those_in_memory() -> None:
    parts = given()
    plan = Folds.of(parts["fold"])
    fold_ids = [
        identities(None, X, parts["labels"], plan, None, parts["tasks"], [0, 1], None)
        for X in (parts["X"], InMemory(parts["X"]))
    ]
    assert fold_ids[0] == fold_ids[1]


def test_other_code_or_libraries_have_another_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = code_identity(["numpy"])
    assert here == code_identity(["numpy"]) != code_identity(["numpy", "scipy"])
    digests = {identity._digest_of_code(tmp_path)}
    for name in ("tasks.py", "evaluation/folds.py", "models/streams/net.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("changed = True")
        digests.add(identity._digest_of_code(tmp_path))
    assert len(digests) == 4
    monkeypatch.setattr(identity, "_CODE", digests.pop())
    assert code_identity(["numpy"]) != here
    monkeypatch.undo()
    monkeypatch.setattr(identity, "version", lambda library: "0.0.1")
    assert code_identity(["numpy"]) != here


def test_whatever_a_fold_is_fitted_from_is_in_its_identity() -> None:
    """What `_fit_one` is given and `identities` is not could change without being noticed."""
    asked = set(inspect.signature(_fit_one).parameters)
    parameters = set(inspect.signature(identities).parameters)
    assert asked - parameters == {"fold", "number"}, "the same as `plan` and one of `folds`"
