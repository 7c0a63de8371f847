"""Features that are read in batches equal the features of an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.rows import InMemory, Joined, Rows
from featser.evaluation.training_copies import Copies
from featser.tasks import Task

X = np.arange(46, dtype=np.float32).reshape(23, 2)


def read(rows: Rows, size: int) -> np.ndarray:
    batches = list(rows.batches(size))
    assert all(0 < len(batch) <= size for batch in batches)
    return np.concatenate(batches)


@pytest.mark.parametrize("size", [1, 5, 23, 100])
def test_batches_of_any_size_are_all_rows_in_order(size: int) -> None:
    joined = Joined([InMemory(X[:9]), InMemory(X[9:])])
    for rows in (InMemory(X), joined):
        assert rows.shape == X.shape
        assert len(rows) == len(X)
        np.testing.assert_array_equal(read(rows, size), X)
        chosen = np.array([1, 4, 8, 9, 20])
        part = rows.part(chosen)
        np.testing.assert_array_equal(read(part, size), X[chosen])
        np.testing.assert_array_equal(read(part.part(np.array([0, 3])), size), X[[1, 9]])


def test_rows_of_one_table_cannot_be_mixed_into_another() -> None:
    joined = Joined([InMemory(X[:9]), InMemory(X[9:])])
    with pytest.raises(ValueError, match="earlier table"):
        joined.part(np.array([10, 1]))


class Memory(BaseEstimator):
    """Predict "fitted" for the rows of the fit, "new" for any other."""

    def fit_batches(self, rows: Rows, y: pd.DataFrame) -> Memory:
        assert len(rows) == len(y)
        self.rows_ = {float(x) for batch in rows.batches() for x in batch[:, 0]}
        return self

    def predict(self, batch: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"row": ["fitted" if x in self.rows_ else "new" for x in batch[:, 0]]})

    def predict_proba(self, batch: np.ndarray) -> dict[str, pd.DataFrame]:
        return {"row": pd.DataFrame({"new": np.ones(len(batch)), "fitted": np.zeros(len(batch))})}


class Small(InMemory):
    """Return three rows at a time, whatever batch size is requested."""

    def part(self, rows: np.ndarray) -> Rows:
        return Small(self.X[rows])

    def batches(self, size: int = 3) -> Any:
        return super().batches(3)


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_row_is_predicted_by_a_model_that_saw_it_or_a_copy_of_it(jobs: int) -> None:
    labels = pd.DataFrame({"row": (["new", "fitted"] * 12)[: len(X)]})
    fold = np.arange(len(X)) % 4
    task = Task("row", classes=("new", "fitted"), role="primary")
    copies = Copies(Small(X), np.arange(len(X))[:, None])  # copies that sound as their sources do
    result = cross_fit(Memory(), Small(X), labels, fold, None, [task], n_jobs=jobs, copies=copies)
    assert (result.predictions["row.pred"] == "new").all()
    assert result.predictions["fold"].tolist() == fold.tolist()
    assert result.predictions["row.true"].tolist() == labels["row"].tolist()
    assert (result.model.predict(X)["row"] == "fitted").all()
