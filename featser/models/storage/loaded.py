"""Checks of the estimators that a bundle has built, before anything is predicted with them.

scikit-learn's and XGBoost's compiled code takes the arrays of a fitted estimator on trust. What
is checked here is what that code relies on; wrong shapes elsewhere end in NumPy's own errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from featser.models.storage.trees import check_booster, check_tree


class LoadedError(ValueError):
    """An estimator whose arrays do not fit together."""


def check_loaded(held: Any) -> None:
    """Check all fitted estimators inside what was loaded; each predicts with one job.

    Those that are not fitted are patterns that others were cloned from, and cannot predict.

    Parameters
    ----------
    held : object
        Estimators, in any nesting.

    Raises
    ------
    LoadedError, TreeError
        With the first fault.
    """
    for item in _objects(held):
        if hasattr(item, "n_jobs") and item.n_jobs not in (None, 1):
            item.n_jobs = 1
        for kind in type(item).__mro__:
            check = _CHECKS.get(f"{kind.__module__}.{kind.__name__}")
            if check is not None:
                check(item)


def _objects(held: Any) -> Iterator[Any]:
    visited: set[int] = set()
    waiting = [held]
    while waiting:
        item = waiting.pop()
        if id(item) in visited:
            continue
        visited.add(id(item))
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
        elif isinstance(item, np.ndarray):
            waiting += item.ravel().tolist() if item.dtype == object else []
        elif hasattr(item, "__dict__") and not isinstance(item, type):
            yield item
            waiting += vars(item).values()


def _integer(item: Any, name: str, least: int = 1) -> int:
    value = getattr(item, name, None)
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise LoadedError(f"{name} of {type(item).__name__} is no valid number")
    return int(value)


def _array(item: Any, name: str, kinds: str, *shape: int | None) -> Any:
    """Return an attribute that must be an array of these dtypes' kinds and this shape."""
    value = getattr(item, name, None)
    fits = (
        isinstance(value, np.ndarray)
        and value.dtype.kind in kinds
        and value.ndim == len(shape)
        and all(want in (None, have) for want, have in zip(shape, value.shape, strict=True))
    )
    if not fits:
        raise LoadedError(f"{name} of {type(item).__name__} has another shape or type")
    return value


def _check_decision_tree(item: Any) -> None:
    tree = vars(item).get("tree_")
    if tree is None:
        return
    if type(tree).__name__ != "Tree":
        raise LoadedError(f"{type(item).__name__} has no tree")
    check_tree(tree, _integer(item, "n_features_in_"))


def _check_forest(item: Any) -> None:
    for tree in vars(item).get("estimators_", ()):
        if not hasattr(tree, "tree_"):
            raise LoadedError(f"{type(item).__name__} has an invalid tree")
        if tree.n_features_in_ != item.n_features_in_:
            raise LoadedError(f"the trees of {type(item).__name__} read other features")


def _check_support_vectors(item: Any) -> None:
    if "support_vectors_" not in vars(item):
        return
    width = _integer(item, "n_features_in_")
    if item._sparse is not False or item.kernel not in ("rbf", "linear", "poly", "sigmoid"):
        raise LoadedError(f"{type(item).__name__} has a kernel that featser does not use")
    classes = len(_array(item, "classes_", "iuUf", None)) if hasattr(item, "classes_") else 2
    machines = classes * (classes - 1) // 2
    support = _array(item, "support_", "iu", None)
    vectors = _array(item, "support_vectors_", "f", len(support), width)
    sizes = _array(item, "_n_support", "iu", classes)
    used = sizes[:1] if not hasattr(item, "classes_") else sizes
    if classes < 2 or (sizes < 0).any() or int(used.sum()) != len(support):
        raise LoadedError(f"{type(item).__name__} counts its support vectors wrongly")
    for name in ("dual_coef_", "_dual_coef_"):
        _array(item, name, "f", classes - 1, len(vectors))
    for name in ("intercept_", "_intercept_"):
        _array(item, name, "f", machines)
    for name in ("_probA", "_probB"):
        if len(_array(item, name, "f", None)) not in (0, machines):
            raise LoadedError(f"{name} of {type(item).__name__} has another shape")


def _check_neighbours(item: Any) -> None:
    if "_fit_X" not in vars(item):
        return
    rows = _array(item, "_fit_X", "f", None, _integer(item, "n_features_in_"))
    target = _array(item, "_y", "iuf", len(rows))
    if item._fit_method != "brute" or item._tree is not None:
        raise LoadedError(f"{type(item).__name__} has a search that featser does not use")
    if item.effective_metric_ != "euclidean" or item.weights not in ("uniform", "distance"):
        raise LoadedError(f"{type(item).__name__} has a metric that featser does not use")
    if _integer(item, "n_neighbors") > len(rows) or item.n_samples_fit_ != len(rows):
        raise LoadedError(f"{type(item).__name__} counts its neighbours wrongly")
    if hasattr(item, "classes_"):
        classes = _array(item, "classes_", "iuUf", None)
        if target.dtype.kind not in "iu" or target.min() < 0 or target.max() >= len(classes):
            raise LoadedError(f"{type(item).__name__} has classes that do not exist")


def _check_boosted(item: Any) -> None:
    booster = vars(item).get("_Booster", vars(item).get("booster_"))
    if booster is None:
        return
    classes = 1
    if hasattr(type(item), "predict_proba"):
        n_classes = getattr(item, "n_classes_", None)
        classes = int(n_classes) if n_classes is not None else len(item.classes_)
    # XGBoost's wrapper asks its booster; featser's own estimators keep the number.
    width = vars(item).get("n_features_in_", None)
    width = booster.num_features() if width is None else int(width)
    check_booster(booster, width, classes if classes > 2 else 1)
    booster.set_param({"nthread": 1})


_CHECKS: dict[str, Callable[[Any], None]] = {
    "sklearn.tree._classes.BaseDecisionTree": _check_decision_tree,
    "sklearn.ensemble._forest.BaseForest": _check_forest,
    "sklearn.svm._base.BaseLibSVM": _check_support_vectors,
    "sklearn.neighbors._base.NeighborsBase": _check_neighbours,
    "xgboost.sklearn.XGBModel": _check_boosted,
    "featser.models.heads.boosted._Boosted": _check_boosted,
}
"""Type, of an estimator or a base of its → the check."""
