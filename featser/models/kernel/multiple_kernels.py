"""Classifier and regressor of several kernels, one for each family of features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar
from weakref import ref

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.training_copies import auxiliary_corpus
from featser.models.heads.class_targets import balanced_targets, class_targets, uar_of_targets
from featser.models.heads.softmax import fit_slope, softmax
from featser.models.kernel.block_weights import Blocks, best_share, mixed
from featser.models.kernel.kernel_ridge import (
    LeftOut,
    RidgePath,
    block_squares,
    kernel,
    left_out_groups,
    rooted,
    solved,
)
from featser.models.routing import REQUESTED, SOFT_LABELS
from featser.models.selection.left_out import in_rows
from featser.models.shared_work import Same, shared

Floats = NDArray[np.float64]

PENALTIES = tuple(float(value) for value in 10.0 ** np.arange(-6, 0.01, 0.5))
"""Ridge penalties that are tried, for each row."""

AUXILIARY_LANDMARKS = 600
"""How many rows of auxiliary corpora, which describe the target's speakers less, are landmarks."""

SHARES = (0.0, 0.25, 0.5)
"""Shares of the kernel that are tried for the sets of blocks."""


_SQUARES: dict[tuple[int, tuple[int, ...]], tuple[Any, tuple[NDArray[Any], ...]]] = {}
"""Squared lengths of landmarks, which saved models do not have, as long as the landmarks live."""


class _Kernel(BaseEstimator, ABC):
    """Base of both: landmarks, a path of penalties, and the choice on left-out speakers."""

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(
        self,
        blocks: Sequence[int | Sequence[int]] | None = None,
        gamma: float | Sequence[float] = 0.5,
        penalties: Sequence[float] = PENALTIES,
        n_landmarks: int = 4000,
        random_state: int = 0,
        shares: Sequence[float] = SHARES,
    ) -> None:
        self.blocks = blocks
        self.gamma = gamma
        self.penalties = penalties
        self.shares = shares
        self.n_landmarks = n_landmarks
        self.random_state = random_state

    def _choose(
        self,
        X: NDArray[np.floating],
        target: Floats,
        weight: Floats,
        groups: Sequence[LeftOut],
        provenance: NDArray[np.intp] | None,
        truth: Floats,
    ) -> Floats:
        """Fit for the best γ and penalty; return the left-out predictions, shape (n, k).

        Predictions are scored against ``truth``, shape (n, k).
        """
        if X.dtype not in (np.float32, np.float64):
            X = X.astype(np.float64)
        blocks = Blocks.of(self.blocks, X.shape[1])
        self.blocks_ = blocks.widths
        chosen = self._landmarks(auxiliary_corpus(provenance, len(X)) >= 0)
        penalties = [penalty * len(X) for penalty in self.penalties]
        best: tuple[Any, ...] = (-np.inf,)
        self.path_: list[tuple[float, float, float]] = []
        for gamma in np.atleast_1d(np.asarray(self.gamma, dtype=float)).tolist():
            share: float | None = None
            extremes = (0.0, 1.0) if blocks.has_choice else ()
            weights = [blocks.weights(one) for one in extremes] or [None]
            landmarks, grams = shared(_grams, X, chosen, blocks.widths, gamma, weights)
            compared = grams[0]
            if extremes:
                by_share = dict(zip(extremes, grams, strict=True))
                share = best_share(
                    by_share, self.shares, chosen, target, weight, groups, penalties, X.dtype
                )
                compared = mixed(by_share, share)
            root, inputs = shared(rooted, compared, chosen, X.dtype)
            path = RidgePath(inputs, target, weight / weight.mean())
            predicted_with = path.without(groups)
            for penalty, total in zip(self.penalties, penalties, strict=True):
                left_out = predicted_with(total)
                score = self._score(truth, left_out, weight)
                self.path_.append((gamma, penalty, score))
                if score > best[0]:
                    best = (score, gamma, penalty, share, left_out, path, root)
        self.inner_score_, self.gamma_, self.penalty_, self.share_, left_out, path, root = best
        self.weights_ = blocks.weights(self.share_)
        self.landmarks_ = landmarks
        along = path.coefficients(self.penalty_ * len(X))
        self.coef_ = solved(root, along, transposed=True)
        return np.asarray(left_out)

    def _decide(self, X: ArrayLike) -> Floats:
        values: NDArray[Any] = validate_data(self, X, reset=False)
        if values.dtype != self.landmarks_.dtype:
            values = values.astype(self.landmarks_.dtype)
        # Models that were saved before blocks had weights have none.
        share = getattr(self, "share_", None)
        if share is None:
            compared = self._compared(values, getattr(self, "weights_", None))
        else:
            blocks = Blocks.of(self.blocks, values.shape[1])
            parts = {extreme: blocks.weights(extreme) for extreme in _extremes(share)}
            compared = mixed(
                {one: self._compared(values, own) for one, own in parts.items()}, share
            )
        return compared @ self.coef_

    def _compared(self, values: NDArray[Any], weights: Sequence[float] | None) -> Floats:
        """Return the kernel with the landmarks, shape (n, m), which tasks may have in common."""
        place = Same(self.landmarks_)
        return shared(_with_landmarks, values, place, tuple(self.blocks_), self.gamma_, weights)

    def _landmarks(self, is_auxiliary: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Sample rows of the target and, up to their own limit, of auxiliary corpora."""
        random = np.random.default_rng(self.random_state)
        most = min(self.n_landmarks, AUXILIARY_LANDMARKS)
        sampled = [
            rows if len(rows) <= limit else random.choice(rows, limit, replace=False)
            for rows, limit in (
                (np.flatnonzero(~is_auxiliary), self.n_landmarks),
                (np.flatnonzero(is_auxiliary), most),
            )
        ]
        return np.asarray(np.sort(np.concatenate(sampled)), dtype=np.intp)

    @abstractmethod
    def _score(self, truth: Floats, left_out: Floats, weight: Floats) -> float:
        """Return the score of left-out predictions, shape (n, k); higher is better."""


class KernelClassifier(ClassifierMixin, _Kernel):
    """Kernel ridge classification: the mean of a Gaussian kernel for each block of features.

    The indicators of the classes are the targets, with equal weights of all classes. The penalty
    (and γ, if several are given) with the best UAR on left-out speakers is used
    (``kernel_ridge``). The probabilities are calibrated on the same left-out scores, so that they
    hold for new speakers.

    Parameters
    ----------
    blocks : sequence of int or of sequences of int, optional
        How many features each block has, in their order; one block without. Features beyond
        their sum are one block more. A sequence of several is a *set* of blocks, such as the sets
        of random convolution kernels: the sets together have a share of the kernel that is chosen
        on left-out speakers, and all other blocks the rest (``block_weights``). Blocks of a kind
        weigh the same.
    gamma : float or sequence of float
        How local the kernels are, above 0; 0.5 suits standardised features. Of several the best
        is taken.
    penalties : sequence of float
        Ridge penalties to choose from, for each row.
    n_landmarks : int
        With more rows than this, the model is spanned by a random sample of this size
        (Williams & Seeger 2001, the Nyström method): time grows with its square times the rows.
        At most 600 rows of auxiliary corpora are added.
    random_state : int
        Random seed of that sample.
    shares : sequence of float
        Shares of the sets to choose from, 0 to 1.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    gamma_, penalty_, inner_score_ : float
        What was chosen, and its UAR on left-out speakers.
    share_ : float or None
        The chosen share of the sets; None where there is none to choose.
    weights_ : list of float or None
        Of the blocks; None where they are equal.
    slope_ : float
        Of the softmax that turns scores into probabilities.
    left_out_probabilities_ : ndarray, shape (n, k)
        Each utterance's by the model without its speaker; NaN for copies.
    path_ : list of (gamma, penalty, score)
    landmarks_ : ndarray, shape (m, d)
        Not to be written to: the models of several tasks may have them in common.
    coef_ : ndarray, shape (m, k)

    Notes
    -----
    A least-squares support vector machine for several classes (Suykens & Vandewalle 1999).

    With soft labels, the shares of the classes are the targets instead of indicators; for choices
    on left-out speakers each class is the truth of an utterance with its share.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED | SOFT_LABELS

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        soft_labels: ArrayLike | None = None,
    ) -> KernelClassifier:
        """Fit to X, shape (n, d), classes y, shape (n,), of speakers, shape (n,).

        ``soft_labels``, shape (n, k), are the shares of the classes of y in each row's label.
        """
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(self, X, y)
        values, classes = checked
        check_classification_targets(classes)
        self.classes_, encoded = np.unique(classes, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, there is one class: {self.classes_}")
        weight_of_rows = _check_sample_weight(sample_weight, values, dtype=np.float64)
        truth = class_targets(encoded, len(self.classes_), soft_labels)
        weight, target = balanced_targets(truth, weight_of_rows)
        used = np.flatnonzero(weight > 0)
        values, encoded, weight = values[used], encoded[used], weight[used]
        truth, target = truth[used], target[used]
        groups = left_out_groups(
            encoded,
            None if speaker is None else np.asarray(speaker)[used],
            _part(provenance, used),
        )
        part = _part(provenance, used)
        left_out = self._choose(values, target, weight, groups, part, truth)
        is_predicted = np.isfinite(left_out[:, 0])
        self.slope_ = fit_slope(left_out[is_predicted], target[is_predicted], weight[is_predicted])
        predicted = softmax(left_out[is_predicted], self.slope_)
        self.left_out_probabilities_ = in_rows(used[is_predicted], predicted, len(weight_of_rows))
        return self

    def _score(self, truth: Floats, left_out: Floats, weight: Floats) -> float:
        is_predicted = np.isfinite(left_out[:, 0])
        return uar_of_targets(truth[is_predicted], left_out[is_predicted].argmax(axis=1))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the calibrated probabilities, shape (n, k)."""
        check_is_fitted(self)
        return softmax(self._decide(X), self.slope_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        check_is_fitted(self)
        classes: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return classes


class KernelRegressor(RegressorMixin, _Kernel):
    """Kernel ridge regression: the mean of a Gaussian kernel for each block of features.

    The penalty (and γ, where several are given) is the one with the least squared error on
    left-out speakers.

    Parameters
    ----------
    blocks, gamma, penalties, n_landmarks, random_state, shares
        As :class:`KernelClassifier` has them.

    Attributes
    ----------
    gamma_, penalty_, inner_score_ : float
        What was chosen, and its share of the variance explained on left-out speakers.
    share_, weights_, path_, landmarks_, coef_
        As :class:`KernelClassifier` has them.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> KernelRegressor:
        """Fit to X, shape (n, d), values y, shape (n,), of speakers, shape (n,)."""
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(
            self, X, y, y_numeric=True, ensure_min_samples=2
        )
        values, target = checked
        weight = _check_sample_weight(sample_weight, values, dtype=np.float64)
        used = np.flatnonzero(weight > 0)
        values, target, weight = values[used], target[used], weight[used]
        self.mean_ = float(np.average(target, weights=weight))
        groups = left_out_groups(
            np.zeros(len(used), dtype=np.intp),
            None if speaker is None else np.asarray(speaker)[used],
            _part(provenance, used),
        )
        centred = (target - self.mean_)[:, None].astype(np.float64)
        self._choose(values, centred, weight, groups, _part(provenance, used), centred)
        return self

    def _score(self, truth: Floats, left_out: Floats, weight: Floats) -> float:
        is_predicted = np.isfinite(left_out[:, 0])
        return float(
            r2_score(
                truth[is_predicted, 0],
                left_out[is_predicted, 0],
                sample_weight=weight[is_predicted],
            )
        )

    def predict(self, X: ArrayLike) -> Floats:
        """Return the predicted values, shape (n,)."""
        check_is_fitted(self)
        return np.asarray(self._decide(X)[:, 0] + self.mean_)


def _grams(
    X: NDArray[np.floating],
    chosen: NDArray[np.intp],
    widths: Sequence[int],
    gamma: float,
    weights: Sequence[Sequence[float] | None],
) -> tuple[NDArray[np.floating], tuple[Floats, ...]]:
    """Return the landmarks, and for each choice of weights their kernel with all rows."""
    landmarks = X[chosen]
    landmarks.flags.writeable = False  # several tasks may have them
    return landmarks, tuple(kernel(landmarks, X, widths, gamma, one) for one in weights)


def _extremes(share: float) -> tuple[float, ...]:
    """Return the shares whose kernels :func:`mixed` needs for a share."""
    return (share,) if share in (0, 1) else (0.0, 1.0)


def _with_landmarks(
    values: NDArray[Any],
    place: Same,
    blocks: tuple[int, ...],
    gamma: float,
    weights: Sequence[float] | None,
) -> Floats:
    """Return the kernel between rows and landmarks, shape (n, m)."""
    squares = _landmark_squares(place.value, blocks)
    return kernel(values, place.value, blocks, gamma, weights, squares=squares)


def _landmark_squares(landmarks: NDArray[Any], blocks: tuple[int, ...]) -> tuple[NDArray[Any], ...]:
    """Return the squared lengths of landmarks, computed once: half the time of a row."""
    key = (id(landmarks), blocks)
    reference, squares = _SQUARES.get(key, (None, ()))
    if reference is None or reference() is not landmarks:
        squares = block_squares(landmarks, blocks)
        # Whoever wrote to them would get the kernel of the old squares.
        landmarks.flags.writeable = False
        _SQUARES[key] = ref(landmarks, lambda _: _SQUARES.pop(key, None)), squares
    return squares


def _part(provenance: NDArray[np.intp] | None, rows: NDArray[np.intp]) -> Any:
    return None if provenance is None else provenance[rows]
