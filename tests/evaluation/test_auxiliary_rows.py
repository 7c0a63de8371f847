"""Auxiliary rows are in every training set, and in no test set."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator

from featser.errors import ProtocolError
from featser.evaluation.auxiliary_rows import AuxiliaryRows
from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.fit_identity import identities
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.protocols.inner_folds import inner_folds
from featser.evaluation.training_copies import Copies, auxiliary_corpus, training_set
from featser.models.kernel.kernel_ridge import left_out_groups
from featser.tasks import Task

EMOTION = Task("emotion", classes=("a", "b"), role="primary")


def _others(rows: int = 6, seed: int = 0) -> AuxiliaryRows:
    rng = np.random.default_rng(seed)
    return AuxiliaryRows(
        rng.normal(100, 1, (rows, 3)).astype(np.float32),
        pd.DataFrame({"emotion": [EMOTION.classes[row % 2] for row in range(rows)]}),
        np.array([f"other {row % 2}" for row in range(rows)]),
        np.array(["x", "y"] * (rows // 2)),
    )


class Recorder(BaseEstimator):
    """Keeps what it is fitted on, and predicts the first class."""

    received: ClassVar[list[tuple[Any, Any, Any, Any]]] = []

    def fit(self, X: Any, y: Any, speaker: Any = None, provenance: Any = None) -> Recorder:
        self.received.append((X, y, speaker, provenance))
        return self

    def predict(self, X: Any) -> pd.DataFrame:
        return pd.DataFrame({"emotion": ["a"] * len(X)})

    def predict_proba(self, X: Any) -> dict[str, pd.DataFrame]:
        return {"emotion": pd.DataFrame({"a": np.ones(len(X)), "b": np.zeros(len(X))})}


def _cross_fit(auxiliary: AuxiliaryRows | None, copies: Copies | None = None) -> Any:
    Recorder.received = []
    X = np.arange(24, dtype=np.float32).reshape(8, 3)
    labels = pd.DataFrame({"emotion": ["a", "b"] * 4})
    speaker = np.array(["s1", "s1", "s2", "s2", "s3", "s3", "s4", "s4"])
    fold = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    return cross_fit(
        Recorder(), X, labels, fold, speaker, [EMOTION], 1, copies=copies, auxiliary=auxiliary
    )


def test_every_training_set_has_them_and_none_is_predicted() -> None:
    result = _cross_fit(_others())
    assert len(result.predictions) == 8
    assert len(Recorder.received) == 3
    for X, y, speaker, provenance in Recorder.received:
        assert (X[-6:] > 90).all()
        assert (X[:-6] < 90).all()
        assert y["emotion"].tolist()[-6:] == ["a", "b"] * 3
        assert set(speaker[-6:]) == {"other 0", "other 1"}
        assert auxiliary_corpus(provenance, len(X)).tolist()[-6:] == [0, 1] * 3


def test_copies_and_auxiliary_rows_have_different_numbers() -> None:
    copies = Copies(np.full((2, 3), 50, dtype=np.float32), np.array([[0, 4], [5, -1]]))
    _cross_fit(_others(), copies)
    whole = max(Recorder.received, key=lambda one: len(one[0]))
    assert whole[3][:, 0].tolist() == [*range(8), -1, -1, -2, -3, -2, -3, -2, -3]
    assert (whole[3][10:, 1:] == -1).all()


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), n_folds=st.integers(2, 4))
def test_no_inner_fold_tests_them_and_all_are_trained_on_them(seed: int, n_folds: int) -> None:
    rng = np.random.default_rng(seed)
    label = np.tile([0, 1], 10)
    speaker = np.repeat([f"s{number}" for number in range(5)], 4)
    others = _others(seed=seed)
    part = training_set(rng.normal(size=(20, 3)).astype(np.float32), np.arange(20))
    labels = pd.DataFrame({"emotion": np.where(label == 0, "a", "b")})
    _, y, arguments = others.join(part, {"speaker": speaker}, labels)
    codes = (y["emotion"] == "b").to_numpy().astype(np.intp)
    auxiliary = set(range(20, 26))
    for train, test in inner_folds(
        codes, arguments["speaker"], n_folds, seed, arguments["provenance"]
    ):
        assert auxiliary <= set(train.tolist())
        assert not auxiliary & set(test.tolist())
    for left, predicted in left_out_groups(codes, arguments["speaker"], arguments["provenance"]):
        assert not auxiliary & {*left.tolist(), *predicted.tolist()}


def test_a_fit_with_other_auxiliary_rows_is_another_fit() -> None:
    X = np.zeros((4, 3), dtype=np.float32)
    labels = pd.DataFrame({"emotion": ["a", "b", "a", "b"]})
    made = [
        identities(
            Recorder(), X, labels, Folds(np.array([0, 0, 1, 1])), None, [EMOTION], [0], None,
            auxiliary=auxiliary,
        )[0]
        for auxiliary in (None, _others(), _others(seed=1), _others())
    ]  # fmt: skip
    assert made[1] == made[3]
    assert len(set(made)) == 3


def test_lengths_that_differ_are_refused() -> None:
    others = _others()
    with pytest.raises(ProtocolError, match=r"they have \[5, 6\]"):
        AuxiliaryRows(others.X, others.labels, others.speaker[:5], others.corpus)
