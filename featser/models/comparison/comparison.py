"""What a bundle stores of its training set to explain single predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.rows import Rows
from featser.models.abstention.packed_arrays import from_text, to_text
from featser.models.abstention.training_domain import TrainingDomain
from featser.models.comparison.background import FEWEST_ROWS, background_rows
from featser.models.comparison.training_neighbours import TrainingNeighbours
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class Comparison:
    """A sample of training rows, and where all training utterances are.

    Parameters
    ----------
    background : ndarray of float32, shape (b, d)
        Features as the model reads them; NaN where a value is undefined.
    neighbours : TrainingNeighbours or None
        None where there are too few utterances for a distance.
    """

    background: NDArray[np.float32]
    neighbours: TrainingNeighbours | None = None

    @classmethod
    def of(
        cls,
        X: NDArray[Any] | Rows,
        domain: TrainingDomain,
        table: pd.DataFrame,
        speaker: NDArray[np.str_],
        tasks: Sequence[Task],
    ) -> Comparison | None:
        """Return what is stored of a training set; None where it is too small, or too wide.

        Parameters
        ----------
        X : ndarray, or Rows, shape (n, d)
            Features as the model reads them.
        domain : TrainingDomain
            Of the same rows.
        table : DataFrame, n rows
            With ``file`` and a column for each task.
        speaker : ndarray of str, shape (n,)
            Who speaks; empty where that is missing.
        tasks : sequence of Task
        """
        background = background_rows(X, speaker)
        if background is None:
            return None
        distance = domain.distance
        if distance is None:
            return cls(background)
        return cls(background, TrainingNeighbours.of(X, distance, table, speaker, tasks))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; arrays as text."""
        near = self.neighbours
        return {
            "background": to_text(self.background),
            "neighbours": None if near is None else near.to_dict(),
        }

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], n_features: int, domain: TrainingDomain | None
    ) -> Comparison:
        """Return what :meth:`to_dict` described.

        Raises
        ------
        ValueError
            If something does not fit together.
        """
        values = from_text(data["background"], may_lack=True)
        if not n_features or len(values) % n_features or len(values) < FEWEST_ROWS * n_features:
            raise ValueError(f"a background sample does not fit {n_features} features")
        near = data.get("neighbours")
        if near is None or domain is None or domain.distance is None:
            return cls(values.reshape(-1, n_features))
        width = len(domain.distance.variance)
        return cls(values.reshape(-1, n_features), TrainingNeighbours.from_dict(near, width))
