"""Classifiers that go on learning: fitted on a large corpus, continued on a small one."""

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
from featser.models.balance import balanced_weights
from featser.models.estimators import TREE
from featser.models.normalise import prepared

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
    """A classifier that ``continued`` takes further, from where ``fit`` left it.

    Trees are added to those that are there (XGBoost's ``xgb_model``); the weights of a network, or
    of a logistic regression as a network without hidden layer, go on from where they are. Every
    class weighs the same. After a published fusion across four languages, in which large corpora
    help small ones; how is ours.

    Parameters
    ----------
    kind : {'xgboost', 'mlp', 'logistic'}
    rounds : int
        Trees for each class, or epochs, of ``fit``.
    more : int
        As many again by each ``continued``.
    rescale : bool
        Whether ``continued`` learns anew how features are standardised: another corpus was
        recorded otherwise. Then what is predicted afterwards is taken to be of that corpus.
    random_state : int
        Of everything random.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
        Those that ``fit`` has seen.
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
        self._learn(values, code, sample_weight, self.rounds)
        return self

    def continued(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> ContinuedClassifier:
        """Return a classifier that has learnt further; this one stays as it is.

        Parameters
        ----------
        X : array-like, shape (m, d)
            Features of the small corpus.
        y : array-like, shape (m,)
            Classes among ``classes_``; not all of them need be there.
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
        further._learn(values, code, sample_weight, self.more)
        return further

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities, shape (n, k)."""
        check_is_fitted(self, "model_")
        values: NDArray[Any] = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        ready = self.preparation_.transform(values)
        told = (
            self.model_.inplace_predict(ready)
            if self.kind == "xgboost"
            else self.model_.predict_proba(ready)
        )
        told = np.asarray(told, dtype=np.float64)
        return np.asarray(told / told.sum(axis=1, keepdims=True))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        told = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[told.argmax(axis=1)]
        return classes

    def _learn(
        self, X: NDArray[Any], code: NDArray[np.intp], sample_weight: Any, rounds: int
    ) -> None:
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        balanced = balanced_weights(code, weight)
        ready = self.preparation_.transform(X)
        if self.kind == "xgboost":
            self._add_trees(ready, code, balanced, rounds)
        else:
            self._go_on(ready, code, balanced, rounds)

    def _add_trees(
        self, X: NDArray[Any], code: NDArray[np.intp], weight: NDArray[np.float64], rounds: int
    ) -> None:
        import xgboost

        data = xgboost.QuantileDMatrix(X, code, weight=weight, max_bin=_TREES["max_bin"])
        params = _TREES | {"num_class": len(self.classes_), "seed": self.random_state}
        self.model_ = xgboost.train(params, data, rounds, xgb_model=self.model_)

    def _go_on(
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
