"""Settings that are chosen on left-out speakers inside the training set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.metrics import r2_score
from sklearn.utils import get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.metrics.metrics import uar_of_codes
from featser.evaluation.protocols.folding import inner_folds
from featser.evaluation.training_copies import utterances_of
from featser.models.routing import REQUESTED, fit_routed
from featser.models.selection.left_out import left_out_probabilities

Setting = dict[str, Any]

OF_SCALE = " × scale"
"""Ends a setting that is a multiple of scikit-learn's γ ``scale``, such as ``0.5 × scale``."""


@dataclass
class _Candidate:
    """A setting, and its predictions for the utterances of the inner folds."""

    setting: Setting
    predicted: list[NDArray[Any]] = field(default_factory=list)
    score: float = -np.inf


class _Tuned(MetaEstimatorMixin, BaseEstimator, ABC):
    """Base of both: successive halving of settings, and the estimator of the best one."""

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED

    def __init__(
        self,
        estimator: Any,
        settings: Sequence[Mapping[str, Any]] = (),
        judged_by: str | None = None,
        n_folds: int = 4,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.settings = settings
        self.judged_by = judged_by
        self.n_folds = n_folds
        self.random_state = random_state

    def _fit_best(self, X: NDArray[Any], y: NDArray[Any], metadata: dict[str, Any]) -> None:
        given = {key: np.asarray(value) for key, value in metadata.items() if value is not None}
        if "sample_weight" in given:
            weight = _check_sample_weight(given["sample_weight"], X, dtype=np.float64)
            given["sample_weight"] = weight
        provenance = given.get("provenance")
        candidates = [_Candidate(setting) for setting in self._candidates()]
        contest, tested = candidates, np.empty(0, dtype=np.intp)
        for train, test in inner_folds(
            self._strata(y, provenance),
            given.get("speaker"),
            self.n_folds,
            self.random_state,
            provenance,
        ):
            part = {name: value[train] for name, value in given.items()}
            tested = np.concatenate([tested, test])
            for candidate in contest:
                model = fit_routed(
                    self._judged(candidate.setting, X[train]), X[train], y[train], **part
                )
                candidate.predicted.append(np.asarray(model.predict(X[test])))
                predicted = np.concatenate(candidate.predicted)
                candidate.score = float(self._score(y[tested], predicted))
            last, contest = contest, _better_half(contest)
        # Of equal ones the first is taken, and the estimator's own setting is the first of all.
        best = max(last, key=lambda candidate: candidate.score)
        self.setting_ = best.setting
        self.candidates_ = [
            {"setting": one.setting, "folds": len(one.predicted), "score": one.score}
            for one in candidates
        ]
        self.estimator_ = fit_routed(self._configured(best.setting, X), X, y, **given)

    def settled(self) -> Any:
        """Return an unfitted estimator of the chosen setting."""
        check_is_fitted(self)
        return clone(self.estimator_)

    def _candidates(self) -> list[Setting]:
        """Return the estimator's own setting, then the others, each with all parameters."""
        names = list(dict.fromkeys(name for setting in self.settings for name in setting))
        params = self.estimator.get_params()
        own = {name: params[_path(name, params)] for name in names}
        others = [{**own, **setting} for setting in self.settings]
        return [own, *(setting for setting in others if setting != own)]

    def _configured(self, setting: Setting, X: NDArray[Any]) -> Any:
        params = self.estimator.get_params()
        values = {_path(name, params): _resolved(value, X) for name, value in setting.items()}
        return clone(self.estimator).set_params(**values)

    def _judged(self, setting: Setting, X: NDArray[Any]) -> Any:
        configured = self._configured(setting, X)
        return configured if self.judged_by is None else configured.get_params()[self.judged_by]

    @abstractmethod
    def _strata(self, y: NDArray[Any], provenance: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return what inner folds are balanced by, shape (n,)."""

    @abstractmethod
    def _score(self, y: NDArray[Any], predicted: NDArray[Any]) -> float:
        """Return the score of left-out predictions; higher is better."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        tags.input_tags.sparse = False
        return tags


class TunedClassifier(ClassifierMixin, _Tuned):
    """A classifier whose setting is the one with the best UAR on left-out speakers.

    Successive halving (Jamieson & Talwalkar 2016): all candidates are scored on the first inner
    fold, the better half of them (two or more) on the next, and so on. Inner folds are divided by
    speaker. The estimator's own setting is scored on every fold, and is used unless another is
    better on all of them. The best setting is fitted on all rows.

    Parameters
    ----------
    estimator : classifier
        The classes are passed as integers from 0.
    settings : sequence of mapping of str to value
        Candidates beside the estimator's own setting: the parameters that are other than its own.
        ``C`` also stands for ``estimator__C``, however deep. A value such as ``0.5 × scale`` is
        that multiple of one over the number of features times their variance.
    judged_by : str, optional
        A parameter of the estimator with an inner estimator that is scored instead: the classifier
        of a calibrated classifier, since calibration takes several times as long and hardly
        changes the most probable class.
    n_folds, random_state : int
        Number and random seed of the inner folds.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    estimator_ : classifier
        Of the chosen setting, fitted on all rows.
    setting_ : dict
        The chosen setting.
    candidates_ : list of dict
        For each candidate ``setting``, ``score`` (UAR of all left-out predictions) and the number
        of ``folds`` it was scored on.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> TunedClassifier:
        """Fit to X, shape (n, d), classes y, shape (n,), of speakers, shape (n,)."""
        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=None)
        check_classification_targets(y)
        self.classes_, encoded = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, there is one class: {self.classes_}")
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "provenance": provenance}
        self._fit_best(np.asarray(X), encoded, metadata)
        return self

    @property
    def left_out_probabilities_(self) -> NDArray[np.float64] | None:
        """The probabilities of left-out training rows, shape (n, k), if the estimator has them."""
        check_is_fitted(self)
        return left_out_probabilities(self.estimator_)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities, shape (n, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=None)
        return np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=None)
        classes: NDArray[Any] = self.classes_[self.estimator_.predict(X)]
        return classes

    def _strata(self, y: NDArray[Any], provenance: NDArray[np.intp] | None) -> NDArray[Any]:
        return y

    def _score(self, y: NDArray[Any], predicted: NDArray[Any]) -> float:
        return uar_of_codes(y, predicted, len(self.classes_))


class TunedRegressor(RegressorMixin, _Tuned):
    """A regressor whose setting is the one with the least squared error on left-out speakers.

    Settings are compared as by :class:`TunedClassifier`.

    Parameters
    ----------
    estimator : regressor
    settings, judged_by, n_folds, random_state
        As :class:`TunedClassifier` has them.

    Attributes
    ----------
    estimator_ : regressor
        Of the chosen setting, fitted on all rows.
    setting_, candidates_
        As :class:`TunedClassifier` has them; the score is the share of the variance explained.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> TunedRegressor:
        """Fit to X, shape (n, d), values y, shape (n,), of speakers, shape (n,)."""
        X, y = validate_data(
            self,
            X,
            y,
            ensure_all_finite="allow-nan",
            dtype=None,
            y_numeric=True,
            ensure_min_samples=2,
        )
        metadata = {"sample_weight": sample_weight, "speaker": speaker, "provenance": provenance}
        self._fit_best(np.asarray(X), np.asarray(y, dtype=np.float64), metadata)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the predicted values, shape (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=None)
        return np.asarray(self.estimator_.predict(X), dtype=np.float64)

    def _strata(self, y: NDArray[Any], provenance: NDArray[np.intp] | None) -> NDArray[Any]:
        return quarters(y, provenance)

    def _score(self, y: NDArray[Any], predicted: NDArray[Any]) -> float:
        return float(r2_score(y, predicted))


def quarters(y: NDArray[Any], provenance: NDArray[np.intp] | None = None) -> NDArray[Any]:
    """Return which quarter of the values each is in, from 0, as strata of folds.

    Ratings repeat, so a quarter may have one or two utterances, too few for two in every training
    fold: it is joined to the next. Copies, which ``provenance`` identifies, do not count.
    """
    numbers: NDArray[Any] = np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))
    own = np.arange(len(y)) if provenance is None else utterances_of(provenance)
    for quarter in range(3):
        if np.count_nonzero(numbers[own] == quarter) < 3:
            numbers[numbers == quarter] = quarter + 1
    return numbers


def settled(unfitted: Any, fitted: Any) -> Any:
    """Return an unfitted estimator with the settings that its fitted twin has chosen."""
    return fitted.settled() if hasattr(fitted, "settled") else clone(unfitted)


def _better_half(contest: Sequence[_Candidate]) -> list[_Candidate]:
    """Keep the better half, two or more, and the estimator's own setting, which is the first."""
    order = sorted(range(len(contest)), key=lambda place: -contest[place].score)
    places = {0, *order[: max(2, (len(contest) + 1) // 2)]}
    return [contest[place] for place in sorted(places)]


def _path(name: str, params: Mapping[str, Any]) -> str:
    """Return the full name of a parameter, which may belong to an inner estimator."""
    paths = [path for path in params if path == name or path.endswith(f"__{name}")]
    if not paths:
        raise ValueError(f"no parameter '{name}' to tune among {sorted(params)}")
    return min(paths, key=lambda path: path.count("__"))


def _resolved(value: Any, X: NDArray[Any]) -> Any:
    if not (isinstance(value, str) and value.endswith(OF_SCALE)):
        return value
    spread = float(X.var())
    return float(value.removesuffix(OF_SCALE)) / (X.shape[1] * spread if spread > 0 else 1.0)
