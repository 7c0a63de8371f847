"""Estimators by name, with defaults that suit some hundred to some thousand utterances.

Every name stands for a classifier and its counterpart for regression. All come with their
preparation (standardising, imputation, clipping), so everything that is learnt from data is
learnt where ``fit`` is called: inside the fold.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from numpy.typing import ArrayLike
from sklearn import config_context
from sklearn.compose import TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from featser.errors import TaskError, unknown
from featser.models.balance import Balanced
from featser.models.boosted import BatchedXGBClassifier, BatchedXGBRegressor
from featser.models.calibration import GroupCalibrated
from featser.models.concordance import CCCMatched
from featser.models.encoded import FramesAlone, FramesEncoded
from featser.models.frames import Place
from featser.models.grids import tuned
from featser.models.kernel import KernelClassifier, KernelRegressor
from featser.models.normalise import prepared
from featser.models.ordinal import OrdinalClassifier
from featser.models.selection import make_selector
from featser.models.streams.estimators import makers
from featser.models.voting import VoteClassifier, VoteRegressor, Weights
from featser.tasks import Task

BATCHED = ("xgboost",)
"""Models that can learn from features in batches."""

NETWORKS = ("cnn", "cnn-lstm", "cnn-bilstm", "attention", "attention-together", "multiscale")
"""Models that read packed frames, where there are some; ``featser[streams]`` fits them."""

DEFAULT_VOTE = ("kernel", "logistic")


def make_estimator(
    name: str,
    task: Task,
    seed: int = 0,
    weights: Weights | Sequence[float] = "equal",
    blocks: Sequence[int] | None = None,
    select: str = "none",
    tune: bool = False,
    frames: Place | None = None,
    encoder: Any = None,
) -> Any:
    """Build an unfitted estimator that suits the kind of task.

    Three or more classes in an order are learnt step by step
    (:class:`~featser.models.ordinal.OrdinalClassifier`), and a regression's predictions are
    stretched where that raises CCC (:class:`~featser.models.concordance.CCCMatched`): of a vote
    with networks, which are trained for CCC, each other member's, else those of the whole.

    Parameters
    ----------
    name : str
        One of :data:`ESTIMATORS`; ``vote``; or several names with commas between, which vote.
    task : Task
        What it is to predict: its kind decides between classifier and regressor.
    seed : int
        Of everything random in it.
    weights : {'equal', 'inner', 'stacked'} or sequence of float
        Of the members of a vote.
    blocks : sequence of int, optional
        How many features each extractor has, packed frames left out, for models that tell them
        apart. Where features are selected, they are taken as one.
    select : str
        Which features it sees: see :func:`featser.models.selection.make_selector`.
    tune : bool
        Whether each estimator chooses its setting on left-out speakers
        (:mod:`featser.models.grids`); networks keep theirs.
    frames : Place, optional
        Which columns are packed frames. Networks see them and nothing else; other models see all
        others, and what the encoder makes of the frames.
    encoder : transformer, optional
        Of :mod:`featser.models.encoders`; unfitted.

    Returns
    -------
    Pipeline, or a vote of them where some see frames and some do not
        Preparation and model. ``fit`` requests ``sample_weight`` and ``speaker`` where of use.

    Raises
    ------
    TaskError
        If there is no estimator or selector of that name.

    Examples
    --------
    >>> emotion = Task("emotion", classes=("angry", "sad"))
    >>> make_estimator("svm,xgboost", emotion)[-1].members[0][0]
    'svm'
    """
    selector = make_selector(select, task, seed)
    known = blocks if selector is None else None
    members = [(member, _make(member, task, seed, known, tune)) for member in members_of(name)]
    if frames is None or not any(reads_frames(model) for _, model in members):
        return _before(frames, encoder, prepared(_voting(members, task, weights, seed), selector))
    apart = [
        (member, _on_frames(model, frames))
        if reads_frames(model)
        else (member, _before(frames, encoder, prepared(model, selector)))
        for member, model in members
    ]
    return _voting(apart, task, weights, seed)


def reading_frames(name: str) -> tuple[str, ...]:
    """Return which of the estimators that a model's name stands for can read packed frames."""
    return tuple(member for member in members_of(name) if member in NETWORKS)


def reads_frames(model: Any) -> bool:
    """Return whether an estimator, or one inside it, can read packed frames."""
    return bool(_widths_of(model))


def _widths_of(model: Any) -> list[str]:
    """Return the parameters by which an estimator is told the width of packed frames."""
    return [name for name in model.get_params() if name.split("__")[-1] == "width"]


def _voting(
    members: Sequence[tuple[str, Any]], task: Task, weights: Weights | Sequence[float], seed: int
) -> Any:
    networks = any(name in NETWORKS for name, _ in members)
    if networks and not task.categorical:
        # Networks are trained for CCC as it is, and matching them would train each five times.
        members = [(n, m if n in NETWORKS else CCCMatched(m, seed=seed)) for n, m in members]
    vote = VoteClassifier if task.categorical else VoteRegressor
    model = vote(members, weights=weights, seed=seed) if len(members) > 1 else members[0][1]
    return model if networks or task.categorical else CCCMatched(model, seed=seed)


def _before(frames: Place | None, encoder: Any, pipeline: Pipeline) -> Pipeline:
    """Put the encoding of frames, if there are any, before a pipeline."""
    if frames is None:
        return pipeline
    step = FramesEncoded(frames.first, frames.last, frames.width, encoder)
    return Pipeline([("encode", step), *pipeline.steps])


def _on_frames(model: Any, frames: Place) -> Pipeline:
    alone = FramesAlone(frames.first, frames.last)
    told = model.set_params(**dict.fromkeys(_widths_of(model), frames.width))
    return Pipeline([("frames", alone), ("model", told)])


def make_batched(
    name: str, task: Task, seed: int = 0
) -> BatchedXGBClassifier | BatchedXGBRegressor:
    """Build an unfitted estimator that learns from features in batches.

    Parameters
    ----------
    name : str
        One of :data:`BATCHED`.
    task : Task
        What it is to predict. Ordered classes are learnt as if they had no order, and
        predictions of a regression stay as they are.
    seed : int
        Of everything random in it.

    Returns
    -------
    estimator
        With ``fit_batches``. Its trees are those of :func:`make_estimator`, without preparation.

    Raises
    ------
    TaskError
        If that model needs all features in memory.

    Examples
    --------
    >>> make_batched("xgboost", Task("emotion", classes=("angry", "sad"))).max_bin
    64
    """
    refuse_all_at_once(name)
    kind = BatchedXGBClassifier if task.categorical else BatchedXGBRegressor
    return kind(random_state=seed, **_XGBOOST)


def refuse_all_at_once(name: str) -> None:
    """Refuse a model that needs all features at once.

    Raises
    ------
    TaskError
        If the model is not one of :data:`BATCHED`.
    """
    if name not in BATCHED:
        raise TaskError(
            f"--model {name} needs all features in memory and cannot learn from batches; "
            f"use --model {', '.join(BATCHED)}, alone, or leave --batches out"
        )


def members_of(name: str) -> tuple[str, ...]:
    """Return the names of the estimators that a model's name stands for, one or several."""
    if name == "vote":
        return DEFAULT_VOTE
    names = tuple(dict.fromkeys(part.strip() for part in name.split(",") if part.strip()))
    for member in names or ("",):
        if member not in ESTIMATORS:
            raise TaskError(unknown("model", member, ["vote", *ESTIMATORS]))
    return names


Factory = Callable[[int], Any]


class FixedEpochsClassifier(MLPClassifier):
    """A multilayer perceptron trained for ``max_iter`` epochs, which is not worth a warning."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """Fit to X, shape (n, d), and classes y, shape (n,)."""
        with _without_convergence_warning():
            return super().fit(X, y, sample_weight=sample_weight)


class FixedEpochsRegressor(MLPRegressor):
    """A multilayer perceptron trained for ``max_iter`` epochs, which is not worth a warning."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """Fit to X, shape (n, d), and values y, shape (n,)."""
        with _without_convergence_warning():
            return super().fit(X, y, sample_weight=sample_weight)


@contextmanager
def _without_convergence_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _make(name: str, task: Task, seed: int, blocks: Sequence[int] | None, tune: bool) -> Any:
    model = _own(name, task, seed, blocks)
    return tuned(name, model, task.categorical, seed) if tune and name not in NETWORKS else model


def _own(name: str, task: Task, seed: int, blocks: Sequence[int] | None) -> Any:
    classifier, regressor = ESTIMATORS[name]
    with config_context(enable_metadata_routing=True):
        model = classifier(seed) if task.categorical else regressor(seed)
        if "blocks" in model.get_params():
            model.set_params(blocks=blocks)
        if task.categorical:
            return _in_steps(model, task)
        if isinstance(model, KernelRegressor) or name in NETWORKS:
            return model
        return TransformedTargetRegressor(model, transformer=StandardScaler())


def _in_steps(classifier: Any, task: Task) -> Any:
    """Put an ordinal head on a classifier of three or more classes in an order."""
    if task.kind != "ordinal" or len(task.classes) == 2:
        return classifier
    if "ordinal" in classifier.get_params():
        return classifier.set_params(ordinal=True)
    # All but the calibrated ones balance what they learn from.
    return OrdinalClassifier(
        classifier, prior="data" if isinstance(classifier, GroupCalibrated) else "even"
    )


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

_XGBOOST: dict[str, Any] = {"n_estimators": 200, **TREE, "n_jobs": 1}
_TREES = {"n_estimators": 400, "min_samples_leaf": 2, "n_jobs": 1}
_SVM = {"kernel": "rbf", "gamma": "scale", "cache_size": 500}


def _svm(seed: int) -> Any:
    return GroupCalibrated(_weighted(SVC(C=10.0, class_weight="balanced", **_SVM)), seed=seed)


def _svr(seed: int) -> Any:
    return _weighted(SVR(C=1.0, **_SVM))


def _logistic(seed: int) -> Any:
    return _weighted(LogisticRegression(C=0.01, class_weight="balanced", max_iter=500))


def _ridge(seed: int) -> Any:
    return _weighted(Ridge(alpha=1000.0))


def _mlp(seed: int) -> Any:
    return Balanced(FixedEpochsClassifier(**_MLP, random_state=seed))


def _mlp_regressor(seed: int) -> Any:
    return _weighted(FixedEpochsRegressor(**_MLP, random_state=seed))


def _xgboost(seed: int) -> Any:
    from xgboost import XGBClassifier

    return Balanced(XGBClassifier(random_state=seed, tree_method="hist", **_XGBOOST))


def _xgboost_regressor(seed: int) -> Any:
    from xgboost import XGBRegressor

    return _weighted(XGBRegressor(random_state=seed, tree_method="hist", **_XGBOOST))


def _forest(seed: int) -> Any:
    return _weighted(RandomForestClassifier(**_TREES, class_weight="balanced", random_state=seed))


def _forest_regressor(seed: int) -> Any:
    return _weighted(RandomForestRegressor(**_TREES, max_features="sqrt", random_state=seed))


def _extra_trees(seed: int) -> Any:
    return _weighted(ExtraTreesClassifier(**_TREES, class_weight="balanced", random_state=seed))


def _extra_trees_regressor(seed: int) -> Any:
    return _weighted(ExtraTreesRegressor(**_TREES, max_features="sqrt", random_state=seed))


def _lda(seed: int) -> Any:
    return Balanced(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))


def _knn(seed: int) -> Any:
    return Balanced(KNeighborsClassifier(n_neighbors=15, weights="distance"))


def _knn_regressor(seed: int) -> Any:
    return KNeighborsRegressor(n_neighbors=15, weights="distance")


def _kernel(seed: int) -> Any:
    return KernelClassifier(seed=seed)


def _kernel_regressor(seed: int) -> Any:
    return KernelRegressor(seed=seed)


ESTIMATORS: dict[str, tuple[Factory, Factory]] = {
    "svm": (_svm, _svr),
    "svr": (_svm, _svr),
    "logistic": (_logistic, _ridge),
    "ridge": (_logistic, _ridge),
    "lda": (_lda, _ridge),
    "mlp": (_mlp, _mlp_regressor),
    "xgboost": (_xgboost, _xgboost_regressor),
    "forest": (_forest, _forest_regressor),
    "extra-trees": (_extra_trees, _extra_trees_regressor),
    "knn": (_knn, _knn_regressor),
    "kernel": (_kernel, _kernel_regressor),
    **{network: makers(network) for network in NETWORKS},
}
"""Name → how its classifier and its regressor are made from a seed."""
