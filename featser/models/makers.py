"""The estimators that featser's own models are made of, with defaults for a thousand utterances.

Every function returns an unfitted estimator without preparation, which
:func:`featser.models.building.make_estimator` adds.
"""

from __future__ import annotations

from typing import Any

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC, SVR

from featser.models.heads.balance import Balanced
from featser.models.heads.boosted import BatchedXGBClassifier, BatchedXGBRegressor
from featser.models.heads.calibration import GroupCalibrated
from featser.models.heads.fixed_epochs import FixedEpochsClassifier, FixedEpochsRegressor
from featser.models.heads.logistic_classifier import LogisticClassifier
from featser.models.kernel.multiple_kernels import KernelClassifier, KernelRegressor


def _weighted(estimator: Any) -> Any:
    return estimator.set_fit_request(sample_weight=True)


# Early stopping would hold out utterances of speakers that are also trained on, and stop too
# late; so a fixed number of epochs and a strong penalty.
_MLP = {"hidden_layer_sizes": (128,), "alpha": 3.0, "batch_size": 64, "max_iter": 60, "tol": 0.0}

TREE: dict[str, Any] = {
    "max_depth": 3,
    "learning_rate": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.1,
    "colsample_bynode": 0.5,
    "max_bin": 64,
}
"""How XGBoost grows each tree."""

XGBOOST: dict[str, Any] = {"n_estimators": 200, **TREE, "n_jobs": 1}
"""Parameters of ``xgboost``."""

TREES = {"n_estimators": 400, "min_samples_leaf": 2, "n_jobs": 1}
"""Parameters of both kinds of forest."""

_SVM = {"kernel": "rbf", "gamma": "scale", "cache_size": 500}


def svm(random_state: int) -> Any:
    """Return a calibrated support vector classifier."""
    return GroupCalibrated(
        _weighted(SVC(C=10.0, class_weight="balanced", **_SVM)), random_state=random_state
    )


def svr(random_state: int) -> Any:
    """Return support vector regression."""
    return _weighted(SVR(C=1.0, **_SVM))


def logistic(random_state: int) -> Any:
    """Return logistic regression."""
    return LogisticClassifier(random_state=random_state)


def ridge(random_state: int) -> Any:
    """Return ridge regression."""
    return _weighted(Ridge(alpha=1000.0))


def mlp(random_state: int) -> Any:
    """Return a multilayer perceptron that balances the classes."""
    return Balanced(FixedEpochsClassifier(**_MLP, random_state=random_state))


def mlp_regressor(random_state: int) -> Any:
    """Return a multilayer perceptron for numbers."""
    return _weighted(FixedEpochsRegressor(**_MLP, random_state=random_state))


def xgboost(random_state: int) -> Any:
    """Return boosted trees that balance the classes."""
    from xgboost import XGBClassifier

    return Balanced(XGBClassifier(random_state=random_state, tree_method="hist", **XGBOOST))


def xgboost_regressor(random_state: int) -> Any:
    """Return boosted trees for numbers."""
    from xgboost import XGBRegressor

    return _weighted(XGBRegressor(random_state=random_state, tree_method="hist", **XGBOOST))


def forest(random_state: int) -> Any:
    """Return a random forest."""
    return _weighted(
        RandomForestClassifier(**TREES, class_weight="balanced", random_state=random_state)
    )


def forest_regressor(random_state: int) -> Any:
    """Return a random forest for numbers."""
    return _weighted(RandomForestRegressor(**TREES, max_features="sqrt", random_state=random_state))


def extra_trees(random_state: int) -> Any:
    """Return extremely randomised trees."""
    return _weighted(
        ExtraTreesClassifier(**TREES, class_weight="balanced", random_state=random_state)
    )


def extra_trees_regressor(random_state: int) -> Any:
    """Return extremely randomised trees for numbers."""
    return _weighted(ExtraTreesRegressor(**TREES, max_features="sqrt", random_state=random_state))


def lda(random_state: int) -> Any:
    """Return linear discriminant analysis with shrinkage."""
    return Balanced(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))


# Search trees, which scikit-learn builds for up to 15 features, cannot be stored in a bundle.
_KNN = {"n_neighbors": 15, "weights": "distance", "algorithm": "brute"}


def knn(random_state: int) -> Any:
    """Return nearest neighbours that balance the classes."""
    return Balanced(KNeighborsClassifier(**_KNN))


def knn_regressor(random_state: int) -> Any:
    """Return nearest neighbours for numbers."""
    return KNeighborsRegressor(**_KNN)


def kernel(random_state: int) -> Any:
    """Return kernel ridge regression of classes on several kernels."""
    return KernelClassifier(random_state=random_state)


def kernel_regressor(random_state: int) -> Any:
    """Return kernel ridge regression on several kernels."""
    return KernelRegressor(random_state=random_state)


def batched_xgboost(
    categorical: bool, random_state: int
) -> BatchedXGBClassifier | BatchedXGBRegressor:
    """Return boosted trees that are fitted in batches."""
    kind = BatchedXGBClassifier if categorical else BatchedXGBRegressor
    return kind(random_state=random_state, **XGBOOST)
