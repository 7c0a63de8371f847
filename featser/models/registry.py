"""The models by name: one row for each, which imports nothing heavy.

Help, error messages, costs, counterparts, grids and tests are derived from :data:`MODELS`. A row
names the functions that make its estimators as ``module:function``; they are imported when an
estimator is made (:mod:`featser.models.building`).
"""

from __future__ import annotations

from collections.abc import Iterator

from featser.errors import TaskError, unknown
from featser.models import third_party
from featser.models.model import Kind, Model

_MAKERS = "featser.models.makers"
_NETWORK = "featser.models.streams.estimators"
_GRIDS = "featser.models.grids"


def _network(name: str, title: str, cost: float) -> Model:
    return Model(
        name,
        title,
        f"{_NETWORK}:network_classifier",
        f"{_NETWORK}:network_regressor",
        arguments={"network": name},
        cost=cost,
        reads_frames=True,
        calibrate=False,
        extra="streams",
    )


_ROWS = (
    Model(
        "svm",
        "support vector machine, RBF kernel",
        classifier=f"{_MAKERS}:svm",
        regressor="svr",
        grid=f"{_GRIDS}:SVM",
        cost=1.4,
        calibrate=False,
        synonyms=("svc",),
    ),
    Model(
        "svr",
        "support vector regression",
        classifier="svm",
        regressor=f"{_MAKERS}:svr",
        grid=f"{_GRIDS}:SVR",
        cost=1.4,
    ),
    Model(
        "logistic",
        "logistic regression",
        classifier=f"{_MAKERS}:logistic",
        regressor="ridge",
        grid=f"{_GRIDS}:LOGISTIC",
        cost=0.3,
        takes_soft_labels=True,
        synonyms=("logreg", "logistic-regression"),
    ),
    Model(
        "ridge",
        "ridge regression",
        classifier="logistic",
        regressor=f"{_MAKERS}:ridge",
        grid=f"{_GRIDS}:RIDGE",
        cost=0.35,
    ),
    Model(
        "lda",
        "linear discriminant analysis",
        classifier=f"{_MAKERS}:lda",
        regressor="ridge",
        grid=f"{_GRIDS}:LDA",
        cost=1.7,
        uses_weights=False,
    ),
    Model(
        "mlp",
        "multilayer perceptron",
        classifier=f"{_MAKERS}:mlp",
        regressor=f"{_MAKERS}:mlp_regressor",
        grid=f"{_GRIDS}:MLP",
        cost=6.0,
    ),
    Model(
        "xgboost",
        "gradient boosted trees",
        classifier=f"{_MAKERS}:xgboost",
        regressor=f"{_MAKERS}:xgboost_regressor",
        grid=f"{_GRIDS}:XGBOOST",
        cost=22.0,
        batches=f"{_MAKERS}:batched_xgboost",
        synonyms=("xgb",),
    ),
    Model(
        "forest",
        "random forest",
        classifier=f"{_MAKERS}:forest",
        regressor=f"{_MAKERS}:forest_regressor",
        grid=f"{_GRIDS}:TREES",
        cost=24.0,
        synonyms=("rf", "random-forest"),
    ),
    Model(
        "extra-trees",
        "extremely randomised trees",
        classifier=f"{_MAKERS}:extra_trees",
        regressor=f"{_MAKERS}:extra_trees_regressor",
        grid=f"{_GRIDS}:TREES",
        cost=10.0,
    ),
    Model(
        "knn",
        "nearest neighbours",
        classifier=f"{_MAKERS}:knn",
        regressor=f"{_MAKERS}:knn_regressor",
        grid=f"{_GRIDS}:KNN",
        cost=0.5,
        uses_weights=False,
    ),
    Model(
        "kernel",
        "ridge regression on several kernels",
        classifier=f"{_MAKERS}:kernel",
        regressor=f"{_MAKERS}:kernel_regressor",
        grid=f"{_GRIDS}:with_widths",
        cost=0.5,
        takes_soft_labels=True,
        uses_blocks=True,
        calibrate=False,
    ),
    _network("cnn", "convolutional network", 48.0),
    _network("cnn-lstm", "convolutions, then an LSTM", 52.0),
    _network("cnn-bilstm", "convolutions, then a bidirectional LSTM", 48.0),
    _network("attention", "convolutions with attention over time, for each task", 30.0),
    _network("attention-together", "convolutions with one attention for all tasks", 30.0),
    _network("multiscale", "convolutions of several lengths", 40.0),
)

MODELS: dict[str, Model] = {row.name: row for row in _ROWS}
"""Name → the row of one of featser's own models."""

DEFAULT_VOTE = ("kernel", "logistic")
"""The members of ``vote``."""


def model_names(kind: Kind | None = None) -> tuple[str, ...]:
    """Return the names of the models, those of other packages last.

    Parameters
    ----------
    kind : {'classifier', 'regressor'}, optional
        Only those that have such an estimator. Packages that add models are then imported;
        one that cannot be imported is left out.

    Examples
    --------
    >>> model_names("classifier")[:3]
    ('svm', 'svr', 'logistic')
    """
    added = [name for name in third_party.model_names() if name not in MODELS]
    if kind is None:
        return (*MODELS, *added)
    rows = [*MODELS.values(), *(row for row in third_party.loadable_models() if row.name in added)]
    return tuple(row.name for row in rows if row.fits(kind))


def find_model(name: str) -> Model:
    """Return the row of a model.

    Parameters
    ----------
    name : str
        Its name, or a synonym of it.

    Raises
    ------
    TaskError
        If there is no such model, with the names of all, or if the package that adds it cannot be
        imported.

    Examples
    --------
    >>> find_model("rf").title
    'random forest'
    """
    canonical = _SYNONYMS.get(name, name)
    if canonical in MODELS:
        return MODELS[canonical]
    if name in third_party.model_names():
        return third_party.load_model(name)
    fitted = (
        "; it is a fitted model: `featser predict open`, or --aux open" if name == "open" else ""
    )
    raise TaskError(unknown("model", name, ["vote", *model_names()]) + fitted)


def members_of(name: str) -> tuple[str, ...]:
    """Return the names of the models that ``--model`` stands for, one or several.

    Parameters
    ----------
    name : str
        ``vote``, a model's name, or several with commas between.

    Examples
    --------
    >>> members_of("rf, svm")
    ('forest', 'svm')
    """
    if name == "vote":
        return DEFAULT_VOTE
    parts = [part.strip() for part in name.split(",") if part.strip()]
    return tuple(dict.fromkeys(find_model(part).name for part in parts or [""]))


def canonical_name(name: str) -> str:
    """Return what ``--model`` stands for, with every synonym replaced by the model's name.

    Examples
    --------
    >>> canonical_name("rf,svm"), canonical_name("vote")
    ('forest,svm', 'vote')
    """
    return name if name == "vote" else ",".join(members_of(name))


def reading_frames(name: str) -> tuple[str, ...]:
    """Return which of the models that a name stands for can read packed frames."""
    return tuple(member for member in members_of(name) if find_model(member).reads_frames)


def weighs_blocks(name: str) -> bool:
    """Return whether a model that a name stands for weighs blocks of features.

    Others do not read extractors with several blocks beside other features.

    Examples
    --------
    >>> weighs_blocks("vote"), weighs_blocks("svm,xgb")
    (True, False)
    """
    return any(find_model(member).uses_blocks for member in members_of(name))


def handles_batches(name: str) -> bool:
    """Return whether what ``--model`` stands for is one model that can be fitted in batches.

    Examples
    --------
    >>> handles_batches("xgb"), handles_batches("svm,xgboost")
    (True, False)
    """
    members = members_of(name)
    return len(members) == 1 and bool(find_model(members[0]).batches)


def refuse_all_at_once(name: str) -> None:
    """Refuse a model that needs all features at once.

    Raises
    ------
    TaskError
        If the model cannot be fitted in batches.
    """
    if not handles_batches(name):
        raise TaskError(
            f"--model {name} needs all features in memory and cannot be fitted in batches; "
            f"use --model {', '.join(BATCHED)}, alone, or leave --batches out"
        )


def _synonyms() -> Iterator[tuple[str, str]]:
    for row in _ROWS:
        for synonym in row.synonyms:
            yield synonym, row.name


_SYNONYMS = dict(_synonyms())

BATCHED = tuple(row.name for row in _ROWS if row.batches)
"""Models that can be fitted in batches."""

FITTED_ON_VOTES = tuple(row.name for row in _ROWS if row.takes_soft_labels)
"""Models that can be fitted on soft labels."""

NETWORKS = tuple(row.name for row in _ROWS if row.extra == "streams")
"""Models that ``featser[streams]`` fits."""
