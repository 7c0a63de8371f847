"""Soft voting: the weighted mean of the predictions of several estimators.

The probabilities of a vote are calibrated as a whole, on utterances that its members did not see:
the mean of several calibrated members is underconfident, and with few speakers members that are
not calibrated are overconfident.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from featser.evaluation.metrics.metrics import ccc
from featser.evaluation.protocols.folding import inner_folds
from featser.models.ensemble.stacking import stack_probabilities, stack_values
from featser.models.ensemble.temperature import fit_power, raised
from featser.models.ensemble.vote_base import LeftOutPredictions, Members, Vote, rows_of
from featser.models.heads.class_targets import class_targets, uar_of_targets
from featser.models.routing import REQUESTED, SOFT_LABELS
from featser.models.selection.left_out import in_rows, left_out_folds, left_out_probabilities
from featser.models.selection.tuning import quarters
from featser.tasks import NamedWeights


class VoteClassifier(ClassifierMixin, Vote):
    """The (weighted) mean of several classifiers' probabilities, calibrated as a whole.

    Parameters
    ----------
    members : list of (str, classifier)
        Each with ``predict_proba``. They are fitted on the same rows; the classes are
        passed as integers from 0.
    weights : {'auto', 'equal', 'inner', 'stacked'} or sequence of float
        ``'inner'``: each member's UAR above chance on left-out speakers. ``'stacked'``: the
        weights of the mean with the least log loss on left-out speakers
        (:mod:`featser.models.ensemble.stacking`). ``'auto'``: stacked where all members have
        ``left_out_probabilities_``, so that it costs nothing; else equal.
    n_folds, random_state : int
        Number and random seed of the inner folds.
    calibrated : bool
        Whether the mean is raised to the power with the least loss on left-out utterances, which
        does not change the most probable class. Members with ``left_out_probabilities_`` are not
        fitted again; others are, on inner folds divided by speaker.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    members_ : list of classifier
    weights_ : ndarray, shape (members,)
        They sum to 1.
    power_ : float or None
        The power that the mean is raised to; None without calibration.
    even_share_ : float
        Share of equal probabilities that is mixed in before
        (:mod:`featser.models.ensemble.temperature`).
    left_out_probabilities_ : ndarray, shape (n, k), or None
        The vote's probabilities for each utterance by members that were not fitted on its speaker;
        NaN for copies. None where neither calibration nor weights needed any.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED | SOFT_LABELS

    def __init__(
        self,
        members: Members,
        weights: NamedWeights | Sequence[float] = "auto",
        n_folds: int = 4,
        random_state: int = 0,
        calibrated: bool = True,
    ) -> None:
        super().__init__(members, weights, n_folds, random_state)
        self.calibrated = calibrated

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        soft_labels: ArrayLike | None = None,
    ) -> VoteClassifier:
        """Fit all members to X, shape (n, d), and classes y, shape (n,).

        ``soft_labels``, shape (n, k), are the shares of the classes of y in each row's label.
        """
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=None
        )
        values, target = checked
        check_classification_targets(target)
        self.classes_, encoded = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, y has one class: {self.classes_}")
        truth = class_targets(encoded, len(self.classes_), soft_labels)
        metadata = {
            "sample_weight": sample_weight,
            "speaker": speaker,
            "provenance": provenance,
            "soft_labels": soft_labels,
        }
        left_out = self._fit_members(values, encoded, truth, metadata)
        self.power_: float | None = None
        self.even_share_ = 0.0
        if self.calibrated:
            left_out = left_out or self._left_out_predictions(values, encoded, metadata)
            self._calibrate(truth, metadata, left_out)
        self.left_out_probabilities_: NDArray[np.float64] | None = None
        if left_out is not None:
            rows, predictions = left_out
            pooled = self.pooled(predictions)
            self.left_out_probabilities_ = in_rows(rows, pooled, len(encoded))
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a vote; one that was saved before votes were calibrated predicts the mean."""
        if state.get("slope_") is not None:
            raise ValueError(
                "the vote was saved with weights of a product of probabilities, which featser no "
                "longer has: fit the model again"
            )
        former: dict[str, Any] = {"calibrated": False}
        if "members_" in state:
            former |= {"power_": None, "even_share_": 0.0, "left_out_probabilities_": None}
        super().__setstate__(former | state)

    def _calibrate(
        self,
        truth: NDArray[np.float64],
        metadata: dict[str, Any],
        left_out: LeftOutPredictions,
    ) -> None:
        """Estimate the power that calibrates the mean; none where no utterance is left out."""
        rows, predictions = left_out
        weight = metadata["sample_weight"]
        own = np.ones(len(rows)) if weight is None else weight[rows]
        used = own > 0
        if used.any():
            mean = np.average(predictions[:, used], axis=0, weights=self.weights_)
            self.power_, self.even_share_ = fit_power(mean, truth[rows[used]], own[used])

    def _left_out_predictions(
        self, X: NDArray[Any], y: NDArray[Any], metadata: dict[str, Any]
    ) -> LeftOutPredictions:
        """Return left-out predictions; only members that offer none are fitted again."""
        encoded = y
        tables = {
            place: self.by_class(fitted, offered)
            for place, fitted in enumerate(self.members_)
            if (offered := left_out_probabilities(fitted)) is not None
        }
        others = [place for place in range(len(self.members)) if place not in tables]
        if others:
            rows, predictions = self._left_out_with_weight(X, encoded, metadata, others)
            for place, predicted in zip(others, predictions, strict=True):
                tables[place] = in_rows(rows, predicted, len(encoded))
        stacked = np.stack([tables[place] for place in range(len(self.members))])
        rows = np.flatnonzero(np.isfinite(stacked).all(axis=(0, 2)))
        return rows, stacked[:, rows]

    def _left_out_with_weight(
        self,
        X: NDArray[Any],
        encoded: NDArray[np.intp],
        metadata: dict[str, Any],
        places: Sequence[int],
    ) -> LeftOutPredictions:
        """Fit some members again on inner folds of the rows that have a weight."""
        weight = metadata["sample_weight"]
        used = np.arange(len(encoded)) if weight is None else np.flatnonzero(weight > 0)
        part = {name: rows_of(value, used) for name, value in metadata.items()}
        folds = left_out_folds(
            encoded[used], part["speaker"], self.n_folds, self.random_state, part["provenance"]
        )
        if not folds:
            return np.empty(0, np.intp), np.empty((len(places), 0, len(self.classes_)))
        rows, predictions = self._left_out(X[used], encoded[used], part, folds, places)
        return used[rows], predictions

    def by_class(self, fitted: Any, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a member's probabilities with a column for each class, 0 for one it lacks."""
        classes = np.asarray(fitted.classes_, dtype=np.intp)
        if len(classes) == len(self.classes_):
            return table
        columns = np.where(np.isnan(table[:, :1]), np.nan, np.zeros(len(self.classes_)))
        columns[:, classes] = table
        return np.asarray(columns)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated mean probabilities, shape (n, k)."""
        values = self._checked(X)
        return self.pooled(np.stack([self._prediction(one, values) for one in self.members_]))

    def pooled(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the vote's probabilities, shape (n, k), from those of its members."""
        mean = np.asarray(np.average(predictions, axis=0, weights=self.weights_), dtype=np.float64)
        return mean if self.power_ is None else raised(mean, self.power_, self.even_share_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        probabilities = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[np.argmax(probabilities, axis=1)]
        return classes

    def _prediction(self, fitted: Any, X: Any) -> NDArray[np.float64]:
        return self.by_class(fitted, np.asarray(fitted.predict_proba(X), dtype=np.float64))

    def _stacked(
        self,
        truth: NDArray[np.float64],
        predictions: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
    ) -> NDArray[np.float64]:
        return stack_probabilities(predictions, truth, weight)

    def _above_chance(self, truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
        return uar_of_targets(truth, predicted.argmax(axis=1)) - 1 / len(self.classes_)


class VoteRegressor(RegressorMixin, Vote):
    """The (weighted) mean of several regressors' predictions.

    Parameters
    ----------
    members : list of (str, regressor)
        Fitted on the same rows.
    weights : {'auto', 'equal', 'inner', 'stacked'} or sequence of float
        ``'inner'``: each member's CCC on inner folds divided by speaker. ``'stacked'``: the
        weights of the mean with the least squared error on such folds, shrunk to equal weights.
        ``'auto'``: equal, since both others fit each member again.
    n_folds, random_state : int
        Number and random seed of the inner folds.

    Attributes
    ----------
    members_ : list of regressor
    weights_ : ndarray, shape (members,)
        They sum to 1.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> VoteRegressor:
        """Fit all members to X, shape (n, d), and values y, shape (n,)."""
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=None, y_numeric=True
        )
        values, target = checked
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "provenance": provenance}
        truth = target.astype(np.float64)
        self._fit_members(values, truth, truth, metadata)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the mean predictions, shape (n,)."""
        values = self._checked(X)
        predictions = [model.predict(values) for model in self.members_]
        return np.asarray(np.average(predictions, axis=0, weights=self.weights_), dtype=np.float64)

    def _left_out_predictions(
        self, X: NDArray[Any], y: NDArray[Any], metadata: dict[str, Any]
    ) -> LeftOutPredictions:
        """Fit the members again on inner folds."""
        provenance = metadata["provenance"]
        folds = inner_folds(
            quarters(y, provenance),
            metadata["speaker"],
            self.n_folds,
            self.random_state,
            provenance,
        )
        return self._left_out(X, y, metadata, folds, range(len(self.members)))

    def _prediction(self, fitted: Any, X: Any) -> NDArray[np.float64]:
        return np.asarray(fitted.predict(X), dtype=np.float64)

    def _stacked(
        self,
        truth: NDArray[np.float64],
        predictions: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
    ) -> NDArray[np.float64]:
        del weight
        return stack_values(predictions, truth)

    def _above_chance(self, truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
        return ccc(truth, predicted)
