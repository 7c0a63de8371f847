"""The settings that tuning tries for each model; the rows of the registry name them."""

from __future__ import annotations

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Any

from sklearn import config_context

from featser.models.heads.calibration import GroupCalibrated
from featser.models.names import fitted_name
from featser.models.registry import find_model
from featser.models.selection.tuning import OF_SCALE, TunedClassifier, TunedRegressor

Settings = Sequence[dict[str, Any]]

GAMMAS = (0.2, 0.35, 0.5, 0.8)
"""How local the kernels of ``kernel`` may be, which it chooses in closed form.

Its families keep equal shares: shares fitted to left-out speakers raised UAR there by .012 on
average (BanglaSER, RAVDESS, EmoDB, with and without speaker normalisation), and on the test set by
.001.
"""

_HALF, _QUARTER, _DOUBLE = f"0.5{OF_SCALE}", f"0.25{OF_SCALE}", f"2{OF_SCALE}"

SVM: Settings = [
    {"C": 1.0},
    {"C": 3.0},
    {"C": 3.0, "gamma": _HALF},
    {"gamma": _HALF},
    {"gamma": _QUARTER},
    {"gamma": _DOUBLE},
    {"C": 100.0, "gamma": _QUARTER},
]
SVR: Settings = [
    {"C": 0.3},
    {"C": 3.0},
    {"gamma": _HALF},
    {"C": 3.0, "gamma": _HALF},
    {"C": 3.0, "gamma": _QUARTER},
]
LOGISTIC: Settings = [{"C": C} for C in (0.0003, 0.001, 0.003, 0.03, 0.1)]
RIDGE: Settings = [{"alpha": alpha} for alpha in (30.0, 100.0, 300.0, 3000.0, 10_000.0)]
LDA: Settings = [{"shrinkage": shrinkage} for shrinkage in (0.3, 0.6, 0.9)]
MLP: Settings = [
    {"alpha": 1.0},
    {"alpha": 10.0},
    {"hidden_layer_sizes": (256,)},
    {"hidden_layer_sizes": (256,), "alpha": 10.0},
]
XGBOOST: Settings = [
    {"max_depth": 2},
    {"max_depth": 5},
    {"n_estimators": 400, "learning_rate": 0.05},
    {"max_depth": 2, "n_estimators": 400},
]
TREES: Settings = [
    {"min_samples_leaf": 1},
    {"min_samples_leaf": 5},
    {"max_features": 0.05},
    {"max_features": 0.05, "min_samples_leaf": 5},
]
KNN: Settings = [{"n_neighbors": n} for n in (5, 9, 25, 45)]


def tuned(name: str, model: Any, categorical: bool, seed: int = 0) -> Any:
    """Let an unfitted estimator choose its setting on left-out speakers.

    Parameters
    ----------
    name : str
        One of :func:`featser.models.registry.model_names`.
    model : estimator
        As made for that name.
    categorical : bool
        Whether it is a classifier.
    seed : int
        Of the inner folds.

    Returns
    -------
    estimator
        Unfitted: :class:`~featser.models.selection.tuning.TunedClassifier` or
        :class:`~featser.models.selection.tuning.TunedRegressor`, or what the model's own function
        makes of it. A model without a grid stays as it is.
    """
    named = find_model(fitted_name(name, categorical)).grid
    if not named:
        return model
    grid = resolve_name(named)
    with config_context(enable_metadata_routing=True):
        if callable(grid):
            return grid(model)
        if categorical:
            judged_by = "estimator" if isinstance(model, GroupCalibrated) else None
            return TunedClassifier(model, grid, judged_by, random_state=seed)
        return TunedRegressor(model, grid, random_state=seed)


def with_widths(model: Any) -> Any:
    """Let an unfitted kernel model choose among :data:`GAMMAS`."""
    inside = "gamma" if "gamma" in model.get_params() else "estimator__gamma"
    return model.set_params(**{inside: GAMMAS})
