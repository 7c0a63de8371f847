"""How much auxiliary corpora weigh, and in which units: chosen on left-out speakers of the target.

Rows of other corpora help a small corpus, and can hurt a large one. Their total weight is one of a
few values, 0 among them, and their features are standardised with the target's mean and deviation
or with those of their own corpus. A kernel ridge regression of few landmarks predicts the target's
speakers, each left out in closed form, for every choice; a choice other than 0 must lower the
squared error on them by more than its standard error (:data:`BEYOND`). The squared error varies
less than UAR does: by UAR, targets of six speakers often had no auxiliary rows where they gained
by every weight. A part of the gain needs no labels, since rows of other speakers keep a model from
following what is peculiar to a few: a little weight can lower the error even with labels in random
order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.utils.validation import _check_sample_weight, validate_data

from featser.evaluation.protocols.groups import speaker_groups
from featser.evaluation.statistics.jackknife import leave_one_out, standard_error
from featser.evaluation.training_copies import auxiliary_corpus, utterances_of
from featser.models.delegating import Delegating
from featser.models.heads.balance import balanced_weights
from featser.models.kernel.block_weights import Blocks
from featser.models.kernel.kernel_ridge import (
    Floats,
    LeftOut,
    RidgePath,
    kernel,
    left_out_groups,
    root_of,
    solved,
)
from featser.models.routing import REQUESTED, SOFT_LABELS, fit_routed
from featser.models.selection.left_out import in_rows, left_out_probabilities
from featser.speakers.normalization import standardised

Scaling = Literal["common", "own"]

WEIGHTS = (0.1, 0.3, 1.0)
"""Total weights of the auxiliary rows that are tried beside 0, in weights of the target's rows."""

SCALINGS: tuple[Scaling, ...] = ("common", "own")
"""Whose mean and deviation standardise auxiliary rows: the target's, or those of their corpus."""

PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2)
BEYOND = 1.0
"""How many standard errors a gain must exceed."""

OWN_LANDMARKS, AUXILIARY_LANDMARKS = 500, 300
_GAMMA = 0.5
_LIMIT = 8.0
NO_WEIGHT = "0"


class AuxiliaryWeighted(Delegating):
    """An estimator that is fitted on the target's rows and on weighted rows of auxiliary corpora.

    Parameters
    ----------
    estimator : estimator
        A classifier or a regressor that uses ``sample_weight``.
    blocks : sequence of int or of sequences of int, optional
        Blocks of features, as ``KernelClassifier`` has them, for the comparison.
    weights : sequence of float
        Total weights to choose from beside 0, above 0; 1 is that of all rows of the target.
    random_state : int
        Random seed of the landmarks.

    Attributes
    ----------
    estimator_ : estimator
        Fitted.
    weight_ : float
        The chosen total weight; 0 where auxiliary rows are not used.
    scaling_ : {'common', 'own'} or None
        How auxiliary rows are standardised; None without them.
    inner_ : dict of str to float
        The mean squared error of every choice on left-out speakers, the one without auxiliary rows
        first; empty without any.
    left_out_probabilities_ : ndarray, shape (n, k), or None
        What a classifier offers of the target's rows
        (:mod:`featser.models.selection.left_out`); NaN for auxiliary rows.

    Notes
    -----
    Auxiliary rows are those that ``provenance`` marks
    (:func:`featser.evaluation.training_copies.auxiliary_corpus`). Without any, the estimator is
    fitted as it would be alone.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED | SOFT_LABELS

    def __init__(
        self,
        estimator: Any,
        blocks: Sequence[int | Sequence[int]] | None = None,
        weights: Sequence[float] = WEIGHTS,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.blocks = blocks
        self.weights = weights
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        soft_labels: ArrayLike | None = None,
    ) -> AuxiliaryWeighted:
        """Choose weight and scaling, and fit to X, shape (n, d), standardised, and y, shape (n,).

        ``soft_labels``, shape (n, k), are passed to the estimator; weight and scaling are chosen
        by y.

        Raises
        ------
        ValueError
            If a weight is not above 0.
        """
        values: NDArray[Any] = validate_data(self, X, ensure_all_finite="allow-nan")
        target = np.asarray(y)
        if any(weight <= 0 for weight in self.weights):
            raise ValueError(f"weights must be above 0; got {list(self.weights)}")
        corpus = auxiliary_corpus(provenance, len(values))
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, values, dtype=np.float64)
        self.weight_: float = 0.0
        self.scaling_: Scaling | None = None
        self.inner_: dict[str, float] = {}
        used = np.arange(len(values))
        if provenance is not None and (corpus >= 0).any():
            rows = _TrainingRows(values, target, weight, speaker, provenance, corpus)
            self._choose(rows)
            values, target, weight, speaker, provenance = rows.weighted(self.weight_, self.scaling_)
            used = used if self.weight_ else np.flatnonzero(corpus < 0)
            if soft_labels is not None:
                soft_labels = _among(np.unique(y), target, np.asarray(soft_labels)[used])
        self.estimator_ = fit_routed(
            clone(self.estimator),
            values,
            target,
            sample_weight=weight,
            speaker=speaker,
            provenance=provenance,
            soft_labels=soft_labels,
        )
        offered = left_out_probabilities(self.estimator_)
        self.left_out_probabilities_ = (
            None if offered is None else in_rows(used, offered, len(corpus))
        )
        return self

    def _choose(self, rows: _TrainingRows) -> None:
        comparison = Comparison(rows, self.blocks, is_classifier(self.estimator), self.random_state)
        inputs = {scaling: comparison.inputs(scaling) for scaling in SCALINGS}
        without = comparison.errors(inputs[SCALINGS[0]], 0.0)
        self.inner_[NO_WEIGHT] = best = comparison.mean(without)
        for scaling, phi in inputs.items():
            for weight in self.weights:
                errors = comparison.errors(phi, weight)
                error = self.inner_[f"{weight:g} {scaling}"] = comparison.mean(errors)
                if error < best and comparison.is_sure(without - errors):
                    best, self.weight_, self.scaling_ = error, weight, scaling

    def _inputs(self, X: ArrayLike) -> NDArray[Any]:
        checked: NDArray[Any] = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return checked


@dataclass(frozen=True, eq=False)
class _TrainingRows:
    """Rows of the target, its copies and auxiliary corpora."""

    X: NDArray[Any]
    y: NDArray[Any]
    sample_weight: Floats | None
    speaker: ArrayLike | None
    provenance: NDArray[np.intp]
    corpus: NDArray[np.intp]

    @property
    def is_auxiliary(self) -> NDArray[np.bool_]:
        return np.asarray(self.corpus >= 0)

    def scaled(self, scaling: Scaling | None) -> NDArray[Any]:
        """Return the features, auxiliary ones standardised within their corpus where asked for."""
        if scaling != "own":
            return self.X
        values = self.X.copy()
        for number in np.unique(self.corpus[self.is_auxiliary]):
            rows = np.flatnonzero(self.corpus == number)
            values[rows] = standardised(values[rows]).clip(-_LIMIT, _LIMIT)
        return values

    def row_weights(self, total: float) -> Floats:
        """Return a weight for each row.

        Those of auxiliary rows sum to a multiple of the others, unless they are so few that one
        would weigh more than an average row of the target.
        """
        weight = np.ones(len(self.X)) if self.sample_weight is None else self.sample_weight.copy()
        own, others = weight[~self.is_auxiliary], weight[self.is_auxiliary]
        weight[self.is_auxiliary] *= min(
            total * own.sum() / others.sum(), own.mean() / others.mean()
        )
        return weight

    def weighted(self, total: float, scaling: Scaling | None) -> tuple[Any, Any, Any, Any, Any]:
        """Return features, target, weights, speakers and provenance of the rows that count."""
        speaker = None if self.speaker is None else np.asarray(self.speaker)
        if total:
            return (self.scaled(scaling), self.y, self.row_weights(total), speaker, self.provenance)
        own = ~self.is_auxiliary
        weight = None if self.sample_weight is None else self.sample_weight[own]
        part = None if speaker is None else speaker[own]
        return self.X[own], self.y[own], weight, part, self.provenance[own]


class Comparison:
    """Errors on left-out speakers of the target, by kernel ridge regression.

    Parameters
    ----------
    rows : _TrainingRows
    blocks : sequence, optional
        As ``KernelClassifier`` has them.
    has_classes : bool
        Whether the target is a class.
    random_state : int
        Random seed of the landmarks.
    """

    def __init__(
        self,
        rows: _TrainingRows,
        blocks: Sequence[int | Sequence[int]] | None,
        has_classes: bool,
        random_state: int,
    ) -> None:
        self.rows = rows
        self.widths = Blocks.of(blocks, rows.X.shape[1]).widths
        self.own = utterances_of(rows.provenance)
        self.has_classes = has_classes
        self.codes = np.zeros(len(rows.X), dtype=np.intp)
        if has_classes:
            self.codes = np.unique(rows.y, return_inverse=True)[1]
        self.landmarks = self._landmarks(np.random.default_rng(random_state))
        self.target = self._target()
        self.groups: list[LeftOut] = left_out_groups(self.codes, rows.speaker, rows.provenance)
        self.unit = speaker_groups(rows.speaker, len(rows.X))[self.own]
        if len(np.unique(self.unit)) < 2:
            self.unit = np.arange(len(self.own))
        self.weight = self._balanced(rows.row_weights(0.0))[self.own]

    def mean(self, errors: Floats) -> float:
        """Return the mean of the utterances' errors; all classes weigh the same."""
        return float(np.average(errors, weights=self.weight))

    def is_sure(self, gain: Floats) -> bool:
        """Whether the mean of the utterances' gains exceeds :data:`BEYOND` standard errors."""
        parts = np.stack([self.weight * gain, self.weight], axis=1)
        sums = np.stack([parts[self.unit == unit].sum(axis=0) for unit in np.unique(self.unit)])
        left_out = leave_one_out(sums)
        return self.mean(gain) > BEYOND * float(standard_error(left_out[:, 0] / left_out[:, 1]))

    def inputs(self, scaling: Scaling) -> Floats:
        """Return the inputs of the ridge regression, shape (n, landmarks)."""
        X = self.rows.scaled(scaling).astype(np.float32, copy=False)
        compared = kernel(X[self.landmarks], X, self.widths, _GAMMA)
        return solved(root_of(compared[:, self.landmarks], X.dtype), compared).T

    def errors(self, phi: Floats, total: float) -> Floats:
        """Return the squared errors of the target's utterances, each without its speaker.

        Parameters
        ----------
        phi : ndarray, shape (n, landmarks)
            As :meth:`inputs` returns them.
        total : float
            The total weight of auxiliary rows.

        Returns
        -------
        ndarray of float, shape (m,)
            With the penalty for which their mean is least.
        """
        weight = self._balanced(self.rows.row_weights(total))
        used = np.flatnonzero((weight > 0) | ~self.rows.is_auxiliary)
        path = RidgePath(phi[used], self.target[used], weight[used] / weight[used].mean())
        position = np.full(len(self.codes), -1, dtype=np.intp)
        position[used] = np.arange(len(used))
        groups = [(position[left], position[predicted]) for left, predicted in self.groups]
        own = position[self.own]
        predicted_with = path.without(groups)
        tried = [
            np.square(predicted_with(penalty * len(used))[own] - path.target[own]).sum(axis=1)
            for penalty in PENALTIES
        ]
        return min(tried, key=self.mean)

    def _balanced(self, weight: Floats) -> Floats:
        return balanced_weights(self.codes, weight) if self.has_classes else weight

    def _target(self) -> Floats:
        """Return the indicators of the classes, or the centred numbers, shape (n, k)."""
        if self.has_classes:
            return np.asarray(np.eye(self.codes.max() + 1)[self.codes])
        numbers = self.rows.y.astype(np.float64)[:, None]
        return np.asarray(numbers - numbers[self.own].mean())

    def _landmarks(self, random: np.random.Generator) -> NDArray[np.intp]:
        chosen = [
            np.sort(random.choice(rows, min(most, len(rows)), replace=False))
            for rows, most in (
                (self.own, OWN_LANDMARKS),
                (np.flatnonzero(self.rows.is_auxiliary), AUXILIARY_LANDMARKS),
            )
        ]
        return np.concatenate(chosen)


def _among(
    classes: NDArray[Any], target: NDArray[Any], soft_labels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return soft labels with the columns of the classes that are left."""
    return np.asarray(soft_labels[:, np.isin(classes, target)])
