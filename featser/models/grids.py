"""What is tried for each estimator, where settings are tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn import config_context

from featser.models.calibration import GroupCalibrated
from featser.models.tuning import OF_SCALE, TunedClassifier, TunedRegressor

Settings = Sequence[dict[str, Any]]

GAMMAS = (0.2, 0.35, 0.5, 0.8)
"""How local the kernels of ``kernel`` may be."""

_HALF, _QUARTER, _DOUBLE = f"0.5{OF_SCALE}", f"0.25{OF_SCALE}", f"2{OF_SCALE}"

_SVM: Settings = [
    {"C": 1.0},
    {"C": 3.0},
    {"C": 3.0, "gamma": _HALF},
    {"gamma": _HALF},
    {"gamma": _QUARTER},
    {"gamma": _DOUBLE},
    {"C": 100.0, "gamma": _QUARTER},
]
_SVR: Settings = [
    {"C": 0.3},
    {"C": 3.0},
    {"gamma": _HALF},
    {"C": 3.0, "gamma": _HALF},
    {"C": 3.0, "gamma": _QUARTER},
]
_LOGISTIC: Settings = [{"C": C} for C in (0.0003, 0.001, 0.003, 0.03, 0.1)]
_RIDGE: Settings = [{"alpha": alpha} for alpha in (30.0, 100.0, 300.0, 3000.0, 10_000.0)]
_LDA: Settings = [{"shrinkage": shrinkage} for shrinkage in (0.3, 0.6, 0.9)]
_MLP: Settings = [
    {"alpha": 1.0},
    {"alpha": 10.0},
    {"hidden_layer_sizes": (256,)},
    {"hidden_layer_sizes": (256,), "alpha": 10.0},
]
_XGBOOST: Settings = [
    {"max_depth": 2},
    {"max_depth": 5},
    {"n_estimators": 400, "learning_rate": 0.05},
    {"max_depth": 2, "n_estimators": 400},
]
_TREES: Settings = [
    {"min_samples_leaf": 1},
    {"min_samples_leaf": 5},
    {"max_features": 0.05},
    {"max_features": 0.05, "min_samples_leaf": 5},
]
_KNN: Settings = [{"n_neighbors": n} for n in (5, 9, 25, 45)]

GRIDS: dict[str, tuple[Settings, Settings]] = {
    "svm": (_SVM, _SVR),
    "svr": (_SVM, _SVR),
    "logistic": (_LOGISTIC, _RIDGE),
    "ridge": (_LOGISTIC, _RIDGE),
    "lda": (_LDA, _RIDGE),
    "mlp": (_MLP, _MLP),
    "xgboost": (_XGBOOST, _XGBOOST),
    "forest": (_TREES, _TREES),
    "extra-trees": (_TREES, _TREES),
    "knn": (_KNN, _KNN),
}
"""Name → what the classifier and the regressor are tried with beside their own setting.

``kernel`` is not among them: it chooses of :data:`GAMMAS` in closed form. Its families keep equal
shares: shares fitted to left-out speakers raised UAR there by .012 on average (BanglaSER, RAVDESS,
EmoDB, with and without speaker normalisation), and on the test part by .001.
"""


def tuned(name: str, model: Any, categorical: bool, seed: int = 0) -> Any:
    """Let an unfitted estimator choose its setting on left-out speakers.

    Parameters
    ----------
    name : str
        One of :data:`featser.models.estimators.ESTIMATORS`.
    model : estimator
        As made for that name.
    categorical : bool
        Whether it is a classifier.
    seed : int
        Of the inner folds.

    Returns
    -------
    estimator
        Unfitted: :class:`~featser.models.tuning.TunedClassifier` or
        :class:`~featser.models.tuning.TunedRegressor`, or the kernel with several γ.
    """
    with config_context(enable_metadata_routing=True):
        if name == "kernel":
            inside = "gamma" if "gamma" in model.get_params() else "estimator__gamma"
            return model.set_params(**{inside: GAMMAS})
        classifier, regressor = GRIDS[name]
        judged_by = "estimator" if isinstance(model, GroupCalibrated) else None
        if categorical:
            return TunedClassifier(model, classifier, judged_by, seed=seed)
        return TunedRegressor(model, regressor, seed=seed)
