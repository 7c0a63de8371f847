"""A classifier that is fitted on a large corpus and continues on a small one."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neural_network import MLPClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.errors import unknown
from featser.models.heads.balance import balanced_weights
from featser.models.makers import TREE
from featser.speakers.normalization import prepared

Kind = Literal["xgboost", "mlp", "logistic"]

_TREES: dict[str, Any] = {
    **TREE,
    "objective": "multi:softprob",
    "tree_method": "hist",
    "nthread": 1,
}
_NETWORK: dict[str, Any] = {"alpha": 3.0, "tol": 0.0, "learning_rate_init": 1e-3}
_BATCH = 64
_LAYERS: dict[str, tuple[int, ...]] = {"mlp": (128,), "logistic": ()}


class ContinuedClassifier(ClassifierMixin, BaseEstimator):
    """A classifier whose training ``continued`` resumes on other data.

    XGBoost adds trees to the fitted ones (``xgb_model``). The weights of a network, or of a
    logistic regression as a network without hidden layer, are trained further. All classes have
    the same weight. The idea that large corpora help small ones is that of a published fusion
    across four languages; the method is ours.

    Parameters
    ----------
    kind : {'xgboost', 'mlp', 'logistic'}
    rounds : int
        Number of trees for each class, or of epochs, in ``fit``.
    more : int
        Number of trees or epochs that each ``continued`` adds.
    rescale : bool
        Whether ``continued`` estimates the standardisation again, since the other corpus has
        other recording conditions. Later predictions are then for recordings of that corpus.
    random_state : int
        Random seed.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
        Classes of ``fit``.
    preparation_ : Pipeline
        Standardising, imputation, clipping.
    model_ : xgboost.Booster or MLPClassifier
    n_features_in_ : int
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"sample_weight": True}

    def __init__(
        self,
        kind: Kind = "xgboost",
        rounds: int = 200,
        more: int = 50,
        rescale: bool = True,
        random_state: int = 0,
    ) -> None:
        self.kind = kind
        self.rounds = rounds
        self.more = more
        self.rescale = rescale
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> ContinuedClassifier:
        """Fit to X, shape (n, d), and classes y, shape (n,).

        Raises
        ------
        ValueError
            If the kind is unknown, or there is one class.
        """
        if self.kind not in get_args(Kind):
            raise ValueError(unknown("kind", self.kind, get_args(Kind)))
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(
            self, X, y, ensure_all_finite="allow-nan"
        )
        values, labels = checked
        check_classification_targets(labels)
        self.classes_, code = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, there is one class: {self.classes_}")
        self.model_: Any = None
        self.preparation_ = prepared("passthrough")[:-1].fit(values)
        self._train(values, code, sample_weight, self.rounds)
        return self

    def continued(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> ContinuedClassifier:
        """Return a classifier that is trained further; this one does not change.

        Parameters
        ----------
        X : array-like, shape (m, d)
            Features of the small corpus.
        y : array-like, shape (m,)
            Classes among ``classes_``; some may be missing.
        sample_weight : array-like, shape (m,), optional

        Raises
        ------
        ValueError
            If a class is new.
        """
        check_is_fitted(self, "model_")
        values: NDArray[Any] = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        labels = np.asarray(y)
        new = sorted(set(labels.tolist()) - set(self.classes_.tolist()))
        if new:
            raise ValueError(f"{new} are not among the classes {self.classes_.tolist()}")
        further = copy.deepcopy(self)
        if self.rescale:
            further.preparation_ = prepared("passthrough")[:-1].fit(values)
        code = np.searchsorted(self.classes_, labels)
        further._train(values, code, sample_weight, self.more)
        return further

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities, shape (n, k)."""
        check_is_fitted(self, "model_")
        values: NDArray[Any] = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        ready = self.preparation_.transform(values)
        predicted = (
            self.model_.inplace_predict(ready)
            if self.kind == "xgboost"
            else self.model_.predict_proba(ready)
        )
        probabilities = np.asarray(predicted, dtype=np.float64)
        return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        probabilities = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return classes

    def _train(
        self, X: NDArray[Any], code: NDArray[np.intp], sample_weight: Any, rounds: int
    ) -> None:
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        balanced = balanced_weights(code, weight)
        ready = self.preparation_.transform(X)
        if self.kind == "xgboost":
            self._add_trees(ready, code, balanced, rounds)
        else:
            self._train_network(ready, code, balanced, rounds)

    def _add_trees(
        self, X: NDArray[Any], code: NDArray[np.intp], weight: NDArray[np.float64], rounds: int
    ) -> None:
        import xgboost

        data = xgboost.QuantileDMatrix(X, code, weight=weight, max_bin=_TREES["max_bin"])
        params = _TREES | {"num_class": len(self.classes_), "seed": self.random_state}
        self.model_ = xgboost.train(params, data, rounds, xgb_model=self.model_)

    def _train_network(
        self, X: NDArray[Any], code: NDArray[np.intp], weight: NDArray[np.float64], rounds: int
    ) -> None:
        if self.model_ is None:
            self.model_ = MLPClassifier(
                _LAYERS[self.kind], random_state=self.random_state, **_NETWORK
            )
        self.model_.batch_size = min(_BATCH, len(X))
        classes = np.arange(len(self.classes_))
        for _ in range(rounds):
            self.model_.partial_fit(X, code, classes=classes, sample_weight=weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
