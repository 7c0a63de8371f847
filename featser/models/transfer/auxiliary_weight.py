"""How much auxiliary corpora weigh, and in which units: chosen on left-out speakers of the target.

Rows of other corpora help a small corpus, and can hurt a large one. Their total weight is one of a
few values, 0 among them, and their features are standardised with the target's mean and deviation
or with those of their own corpus. A kernel ridge regression of few landmarks predicts the target's
speakers, each left out in closed form, for every choice; a choice other than 0 must be better by
more than 1.5 standard errors of the gain (:data:`BEYOND`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.utils.validation import _check_sample_weight, validate_data

from featser.evaluation.protocols.groups import speaker_groups
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
from featser.models.selection.choice import Judged, judged
from featser.models.selection.left_out import in_rows, left_out_probabilities
from featser.speakers.normalization import standardised
from featser.tasks import Task

Scaling = Literal["common", "own"]

WEIGHTS = (0.1, 0.3, 1.0)
"""Total weights of the auxiliary rows that are tried beside 0, in weights of the target's rows."""

SCALINGS: tuple[Scaling, ...] = ("common", "own")
"""Whose mean and deviation standardise auxiliary rows: the target's, or those of their corpus."""

PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2)
BEYOND = 1.5
"""How many standard errors a gain must exceed: the best of six choices without any effect is about
one standard error above none."""

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
        The headline metric of every choice on left-out speakers, the one without auxiliary rows
        first; empty without any.
    error_ : dict of str to float
        The standard error of each other choice's gain.
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
        self.error_: dict[str, float] = {}
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
        comparison = Comparison(rows, self.blocks, is_classifier(self.estimator))
        predictions: dict[str, NDArray[Any]] = {}
        choices: dict[str, tuple[float, Scaling | None]] = {NO_WEIGHT: (0.0, None)}
        for scaling in SCALINGS:
            weights = (0.0, *self.weights) if scaling == SCALINGS[0] else tuple(self.weights)
            made = comparison.left_out(scaling, weights, self.random_state)
            for weight, predicted in zip(weights, made, strict=True):
                name = f"{weight:g} {scaling}" if weight else NO_WEIGHT
                choices.setdefault(name, (weight, scaling))
                predictions[name] = predicted
        result = comparison.judged(predictions)
        self.inner_, self.error_ = result.value, result.error
        self.weight_, self.scaling_ = choices[result.better_by(BEYOND)]

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
    """Left-out predictions of the target's utterances, by kernel ridge regression.

    Parameters
    ----------
    rows : _TrainingRows
    blocks : sequence, optional
        As ``KernelClassifier`` has them.
    has_classes : bool
        Whether the target is a class.
    """

    def __init__(
        self,
        rows: _TrainingRows,
        blocks: Sequence[int | Sequence[int]] | None,
        has_classes: bool,
    ) -> None:
        self.rows = rows
        self.widths = Blocks.of(blocks, rows.X.shape[1]).widths
        self.own = utterances_of(rows.provenance)
        self.classes, self.codes = np.unique(rows.y, return_inverse=True)
        self.has_classes = has_classes
        self.target = rows.y.astype(np.float64)[:, None]
        if has_classes:
            self.target = np.eye(len(self.classes))[self.codes]
        else:
            self.target = self.target - self.target[self.own].mean()
        self.groups: list[LeftOut] = left_out_groups(
            self.codes if has_classes else np.zeros(len(rows.X), dtype=np.intp),
            rows.speaker,
            rows.provenance,
        )

    def left_out(
        self, scaling: Scaling, weights: Sequence[float], random_state: int
    ) -> Iterator[NDArray[Any]]:
        """Yield predictions of the target's utterances for each total weight."""
        X = self.rows.scaled(scaling).astype(np.float32, copy=False)
        landmarks = self._landmarks(np.random.default_rng(random_state))
        compared = kernel(X[landmarks], X, self.widths, _GAMMA)
        phi = solved(root_of(compared[:, landmarks], X.dtype), compared).T
        for total in weights:
            weight = self.rows.row_weights(total)
            if self.has_classes:
                weight = balanced_weights(self.codes, weight)
            used = np.flatnonzero((weight > 0) | ~self.rows.is_auxiliary)
            path = RidgePath(phi[used], self.target[used], weight[used] / weight[used].mean())
            yield self._best(path, used)

    def _best(self, path: RidgePath, used: NDArray[np.intp]) -> NDArray[Any]:
        """Return the predictions of the penalty with the least error."""
        position = np.full(len(self.codes), -1, dtype=np.intp)
        position[used] = np.arange(len(used))
        groups = [(position[left], position[predicted]) for left, predicted in self.groups]
        own = position[self.own]
        best: tuple[float, Any] = (np.inf, None)
        predicted_with = path.without(groups)
        for penalty in PENALTIES:
            predicted = predicted_with(penalty * len(used))[own]
            error = float(
                np.average(
                    ((predicted - path.target[own]) ** 2).sum(axis=1), weights=path.weight[own]
                )
            )
            best = min(best, (error, predicted), key=lambda one: one[0])
        chosen_predictions = best[1]
        if self.has_classes:
            return np.asarray(self.classes[chosen_predictions.argmax(axis=1)])
        return np.asarray(chosen_predictions[:, 0])

    def _landmarks(self, random: np.random.Generator) -> NDArray[np.intp]:
        chosen = [
            np.sort(random.choice(rows, min(most, len(rows)), replace=False))
            for rows, most in (
                (self.own, OWN_LANDMARKS),
                (np.flatnonzero(self.rows.is_auxiliary), AUXILIARY_LANDMARKS),
            )
        ]
        return np.concatenate(chosen)

    def judged(self, predictions: dict[str, NDArray[Any]]) -> Judged:
        """Compare predictions of the target's utterances by the headline metric."""
        speaker = speaker_groups(self.rows.speaker, len(self.rows.X))[self.own]
        if not self.has_classes:
            truth = self.target[self.own, 0]
            matched = {name: _matched(values, truth) for name, values in predictions.items()}
            return judged(Task("target", "regression"), truth, matched, speaker)
        names = {label: str(label) for label in self.classes.tolist()}
        task = Task("target", classes=tuple(names.values()))
        named = {
            name: np.array([names[one] for one in predicted.tolist()], dtype=object)
            for name, predicted in predictions.items()
        }
        truth = np.array([names[one] for one in self.rows.y[self.own].tolist()], dtype=object)
        return judged(task, truth, named, speaker)


def _among(
    classes: NDArray[Any], target: NDArray[Any], soft_labels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return soft labels with the columns of the classes that are left."""
    return np.asarray(soft_labels[:, np.isin(classes, target)])


def _matched(predicted: NDArray[Any], truth: NDArray[Any]) -> NDArray[Any]:
    """Give predictions mean and deviation of the truth, so that their spread is no advantage."""
    spread = predicted.std()
    scale = truth.std() / spread if spread > 0 else 0.0
    return np.asarray((predicted - predicted.mean()) * scale + truth.mean())
