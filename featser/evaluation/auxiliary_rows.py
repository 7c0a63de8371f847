"""Rows of auxiliary corpora: in every training set, and never tested.

They are utterances of other corpora, whose labels are mapped to the tasks. A training set holds all
of them, after its own rows and copies. In its provenance they have negative numbers, so that
estimators with inner folds fit on them and test none of them; how much they weigh is chosen by
:class:`~featser.models.transfer.auxiliary_weight.AuxiliaryWeighted`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import ProtocolError
from featser.evaluation.training_copies import AUXILIARY, NONE, TrainingSet, trace_provenance


@dataclass(frozen=True, eq=False)
class AuxiliaryRows:
    """Features and labels of auxiliary corpora.

    Parameters
    ----------
    X : ndarray of float32, shape (m, d)
        Features, as those of the utterances.
    labels : DataFrame, m rows
        A column for each task; missing where a label has no class of the task.
    speaker : ndarray of str, shape (m,)
        No name occurs among the speakers of the utterances.
    corpus : ndarray of str, shape (m,)
        Which corpus each row belongs to.

    Raises
    ------
    ProtocolError
        If these differ in length, or there is no row.
    """

    X: NDArray[np.float32]
    labels: pd.DataFrame
    speaker: NDArray[np.str_]
    corpus: NDArray[np.str_]

    def __post_init__(self) -> None:
        lengths = {len(self.X), len(self.labels), len(self.speaker), len(self.corpus)}
        if len(lengths) > 1 or not len(self.X):
            raise ProtocolError(
                f"auxiliary rows need features, labels, speakers and corpora of one length; they "
                f"have {sorted(lengths)}"
            )

    def join(
        self, training: TrainingSet, fit_arguments: dict[str, Any], labels: pd.DataFrame
    ) -> tuple[NDArray[np.float32], pd.DataFrame, dict[str, Any]]:
        """Return a training set's features, labels and arguments of ``fit`` with these rows added.

        Parameters
        ----------
        training : TrainingSet
            n rows, in memory.
        fit_arguments : dict
            ``speaker``, shape (n,), or None.
        labels : DataFrame, n rows
            Of the training set, perhaps with columns of soft labels, which these rows lack.

        Returns
        -------
        X : ndarray of float32, shape (n + m, d)
        y : DataFrame, n + m rows
        fit_arguments : dict
            With ``speaker`` and ``provenance`` of all rows.
        """
        own = training.provenance
        if own is None:
            own = trace_provenance(training.row, np.empty((0, 1), dtype=np.intp))
        added = np.full((len(self.X), own.shape[1]), NONE, dtype=np.intp)
        _, number = np.unique(self.corpus, return_inverse=True)
        added[:, 0] = AUXILIARY - number
        speaker = fit_arguments["speaker"]
        if speaker is None:
            speaker = np.array([f"row {row}" for row in training.row])
        arguments = fit_arguments | {
            "speaker": np.concatenate([speaker, self.speaker]),
            "provenance": np.concatenate([own, added]),
        }
        y = pd.concat([labels, self.labels.reindex(columns=labels.columns)], ignore_index=True)
        return np.concatenate([np.asarray(training.X), self.X]), y, arguments

    def parts(self) -> Iterator[Any]:
        """Yield what a fit with these rows depends on, for its identity."""
        yield self.X
        yield self.labels.astype(object).where(self.labels.notna(), None).to_numpy().tolist()
        yield (list(self.labels.columns), self.speaker.tolist(), self.corpus.tolist())
