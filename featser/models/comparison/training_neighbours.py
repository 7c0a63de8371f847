"""Where the training utterances are in feature space, and which are the nearest to a new one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.rows import Rows, rows_of
from featser.models.abstention.feature_distance import FeatureDistance
from featser.models.abstention.packed_arrays import from_text, to_text
from featser.tasks import Task

MOST_UTTERANCES = 20_000
"""Of more training utterances a random sample is stored."""


@dataclass(frozen=True)
class SimilarUtterance:
    """A training utterance that is near a new one.

    Attributes
    ----------
    file : str
        The name of its file without the folder, and the times of a segment.
    speaker : str
        Empty where it is missing.
    labels : mapping of str to str
        Of each task; empty where it is missing.
    distance : float
        Between the standardised features of both, along the principal components.
    """

    file: str
    speaker: str
    labels: Mapping[str, str]
    distance: float


@dataclass(frozen=True, eq=False)
class TrainingNeighbours:
    """Names, labels and positions of training utterances.

    Parameters
    ----------
    positions : ndarray of float32, shape (n, r)
        Along the principal components of a
        :class:`~featser.models.abstention.feature_distance.FeatureDistance`.
    files, speakers : sequence of str, length n
    labels : mapping of str to sequence of str
        Of each task, length n.
    """

    positions: NDArray[np.float32]
    files: Sequence[str]
    speakers: Sequence[str]
    labels: Mapping[str, Sequence[str]]

    @classmethod
    def of(
        cls,
        X: NDArray[Any] | Rows,
        distance: FeatureDistance,
        table: pd.DataFrame,
        speaker: NDArray[np.str_],
        tasks: Sequence[Task],
    ) -> TrainingNeighbours:
        """Compute the positions of a training set.

        Parameters
        ----------
        X : ndarray, or Rows, shape (n, d)
            Features.
        distance : FeatureDistance
            Fitted on them.
        table : DataFrame, n rows
            With ``file``, perhaps ``start`` and ``end``, and a column for each task.
        speaker : ndarray of str, shape (n,)
        tasks : sequence of Task
            Whose labels are stored.
        """
        rows = np.arange(len(table))
        if len(rows) > MOST_UTTERANCES:
            random = np.random.default_rng(0)
            rows = np.sort(random.choice(rows, MOST_UTTERANCES, replace=False))
        chosen = rows_of(X, rows)
        batches = chosen.batches() if isinstance(chosen, Rows) else [chosen]
        positions = np.concatenate([distance.positions(batch) for batch in batches])
        return cls(
            positions,
            utterance_names(table.iloc[rows]),
            [str(name) for name in speaker[rows]],
            {task.name: _as_words(table[task.name].iloc[rows]) for task in tasks},
        )

    def nearest(self, position: NDArray[Any], count: int = 3) -> list[SimilarUtterance]:
        """Return the training utterances nearest to a position, shape (r,), the nearest first."""
        distances = np.linalg.norm(self.positions.astype(np.float64) - position, axis=1)
        return [
            SimilarUtterance(
                self.files[row],
                self.speakers[row],
                {task: labels[row] for task, labels in self.labels.items()},
                float(distances[row]),
            )
            for row in np.argsort(distances, kind="stable")[:count]
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; positions as text."""
        return {
            "positions": to_text(self.positions),
            "files": list(self.files),
            "speakers": list(self.speakers),
            "labels": {task: list(labels) for task, labels in self.labels.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], width: int) -> TrainingNeighbours:
        """Return what :meth:`to_dict` described.

        Parameters
        ----------
        data : mapping
        width : int
            The number of components.

        Raises
        ------
        ValueError
            If its parts have different lengths.
        """
        positions, files, speakers = from_text(data["positions"]), data["files"], data["speakers"]
        lengths = {len(files), len(speakers), *map(len, data["labels"].values())}
        if lengths != {len(positions) // width} or len(positions) % width or not files:
            raise ValueError("similar utterances: names, labels and positions do not fit together")
        return cls(positions.reshape(-1, width), files, speakers, data["labels"])


def utterance_names(table: pd.DataFrame) -> list[str]:
    """Return the names of files without folders and, of segments, with their times.

    Examples
    --------
    >>> utterance_names(pd.DataFrame({"file": ["/home/anna/a.wav", "s3://box/b.wav?v=2"]}))
    ['a.wav', 'b.wav']
    """
    names = [re.split(r"[/\\]", str(file).partition("?")[0])[-1] for file in table["file"]]
    if "start" not in table:
        return names
    times = zip(table["start"].tolist(), table["end"].tolist(), strict=True)
    return [_with_times(name, start, end) for name, (start, end) in zip(names, times, strict=True)]


def _with_times(name: str, start: float | None, end: float | None) -> str:
    if pd.isna(start) and pd.isna(end):
        return name
    last = "end" if end is None or pd.isna(end) else f"{end:.2f}"
    return f"{name} {0.0 if start is None or pd.isna(start) else start:.2f}–{last} s"


def _as_words(labels: pd.Series) -> list[str]:
    return [
        "" if pd.isna(label) else f"{label:g}" if isinstance(label, float) else str(label)
        for label in labels.tolist()
    ]
