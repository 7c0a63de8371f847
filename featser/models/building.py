"""Estimators built from the rows of the registry.

Every name stands for a classifier and its counterpart for regression. All come with their
preparation (standardising, imputation, clipping), so everything that is estimated from data is
estimated where ``fit`` is called: inside the fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from featser.errors import TaskError
from featser.features.packed_frames import ColumnRange
from featser.models.encoders.encoded import FramesAlone, FramesEncoded
from featser.models.ensemble.voting import VoteClassifier, VoteRegressor
from featser.models.fusion.columns import WithoutColumns
from featser.models.grids import tuned
from featser.models.heads.calibration import GroupCalibrated
from featser.models.heads.concordance import CCCMatched
from featser.models.heads.ordinal import OrdinalClassifier
from featser.models.kernel.multiple_kernels import KernelRegressor
from featser.models.model import Kind, Model
from featser.models.names import fitted_name, refuse_equal_members
from featser.models.registry import (
    NETWORKS,
    find_model,
    members_of,
    model_names,
    refuse_all_at_once,
)
from featser.models.selection.selectors import make_selector
from featser.models.third_party import refuse_not_importable
from featser.models.transfer.auxiliary_weight import AuxiliaryWeighted
from featser.speakers.normalization import prepared
from featser.tasks import NamedWeights, Task

Blocks = Sequence[int | Sequence[int]]
"""Widths of blocks of features: see ``KernelClassifier``."""


def refuse_missing_packages(name: str) -> None:
    """Refuse models whose optional packages are not installed, before any data are read.

    Parameters
    ----------
    name : str
        As ``--model`` has it: one name, or several with commas between.

    Raises
    ------
    ResourceError
        With the command that installs the packages.

    Examples
    --------
    >>> refuse_missing_packages("svm,knn")  # these need no package
    """
    if not set(members_of(name)).isdisjoint(NETWORKS):
        from featser.models.streams.stream import refuse_without_torch

        refuse_without_torch()


def make_estimator(
    name: str,
    task: Task,
    seed: int = 0,
    weights: NamedWeights | Sequence[float] = "auto",
    blocks: Blocks | None = None,
    select: str = "none",
    tune: bool = False,
    frames: ColumnRange | None = None,
    encoder: Any = None,
    auxiliary: bool = False,
    calibrated: bool = True,
) -> Any:
    """Build an unfitted estimator that suits the kind of task.

    Three or more ordered classes have an
    :class:`~featser.models.heads.ordinal.OrdinalClassifier`, and predictions of a regression are
    stretched where that raises CCC (``CCCMatched``). In a vote with networks, which are trained
    for CCC, the other members are stretched; otherwise the vote.

    Probabilities are calibrated on left-out speakers, those of several classifiers as a whole, but
    not those of networks. A single classifier that is not calibrated by itself is therefore a vote
    of one member.

    Parameters
    ----------
    name : str
        One of :func:`featser.models.registry.model_names`; ``vote``; or several names with
        commas between, which vote.
    task : Task
        What it is to predict: its kind decides between classifier and regressor.
    seed : int
        Of everything random in it.
    weights : {'auto', 'equal', 'inner', 'stacked'} or sequence of float
        Of the members of a vote.
    blocks : sequence of int or of sequences of int, optional
        How many features each extractor has, packed frames left out, for models that use
        blocks; of an extractor with several blocks their widths. Models that do not use blocks
        leave those out, beside other features. With a selection of features there is one block.
    select : str
        The selection of features: see :func:`featser.models.selection.selectors.make_selector`.
    tune : bool
        Whether each estimator chooses its setting on left-out speakers
        (:mod:`featser.models.grids`); networks keep theirs.
    frames : ColumnRange, optional
        Which columns are packed frames. Networks use only these; other models use the other
        columns and the encoded frames.
    encoder : transformer, optional
        Of :mod:`featser.models.encoders`; unfitted.
    auxiliary : bool
        Whether rows of auxiliary corpora are passed to ``fit``, whose weight is to be chosen.
    calibrated : bool
        Whether probabilities are calibrated. Members of a vote that is calibrated as a whole are
        not.

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
    refuse_equal_members(members_of(name), task.name, task.categorical)
    selector = make_selector(select, task, seed)
    model_blocks = blocks if selector is None else None
    members = [
        (member, _make(member, task, seed, model_blocks, tune, frames is not None))
        for member in members_of(name)
    ]
    if frames is None or not any(reads_frames(model) for _, model in members):
        model = _voting(members, task, weights, seed, calibrated)
        if auxiliary:
            model = AuxiliaryWeighted(model, model_blocks, random_state=seed)
        return _before(frames, encoder, prepared(model, selector))
    apart = [
        (member, _on_frames(model, frames))
        if reads_frames(model)
        else (member, _before(frames, encoder, prepared(model, selector)))
        for member, model in members
    ]
    return _voting(apart, task, weights, seed, calibrated)


def reads_frames(model: Any) -> bool:
    """Return whether an estimator, or one inside it, can read packed frames."""
    return bool(_widths_of(model))


def _widths_of(model: Any) -> list[str]:
    """Return the parameters that set the width of packed frames."""
    return [name for name in model.get_params() if name.split("__")[-1] == "width"]


def _voting(
    members: Sequence[tuple[str, Any]],
    task: Task,
    weights: NamedWeights | Sequence[float],
    seed: int,
    calibrated: bool,
) -> Any:
    networks = any(name in NETWORKS for name, _ in members)
    if networks and not task.categorical:
        # Networks are trained for CCC as it is, and matching them would train each five times.
        members = [
            (n, m if n in NETWORKS else CCCMatched(m, random_state=seed)) for n, m in members
        ]
    if task.categorical:
        if len(members) == 1:
            if not calibrated or not find_model(fitted_name(members[0][0], True)).calibrate:
                return members[0][1]
            weights = "equal"
        # Networks are trained once: calibration on inner folds would take several times as long.
        is_calibrated = calibrated and not networks
        return VoteClassifier(members, weights, random_state=seed, calibrated=is_calibrated)
    model = members[0][1]
    if len(members) > 1:
        model = VoteRegressor(members, weights, random_state=seed)
    return model if networks else CCCMatched(model, random_state=seed)


def _before(frames: ColumnRange | None, encoder: Any, pipeline: Pipeline) -> Pipeline:
    """Put the encoding of frames, if there are any, before a pipeline."""
    if frames is None:
        return pipeline
    step = FramesEncoded(frames.first, frames.last, frames.width, encoder)
    return Pipeline([("encode", step), *pipeline.steps])


def _on_frames(model: Any, frames: ColumnRange) -> Pipeline:
    alone = FramesAlone(frames.first, frames.last)
    configured = model.set_params(**dict.fromkeys(_widths_of(model), frames.width))
    return Pipeline([("frames", alone), ("model", configured)])


def make_batched(name: str, task: Task, seed: int = 0) -> Any:
    """Build an unfitted estimator that is fitted on features in batches.

    Parameters
    ----------
    name : str
        One of :data:`featser.models.registry.BATCHED`.
    task : Task
        What it is to predict. The order of classes is not used, and predictions of a
        regression are not stretched.
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
    row = find_model(name)
    make = _imported(row, row.batches)
    return make(categorical=task.categorical, random_state=seed, **row.arguments)


def _make(
    name: str, task: Task, seed: int, blocks: Blocks | None, tune: bool, has_frames: bool
) -> Any:
    model = _own(name, task, seed, blocks)
    if tune:
        model = tuned(name, model, task.categorical, seed)
    ranges = _sets_among(blocks)
    row = find_model(fitted_name(name, task.categorical))
    if not ranges or row.uses_blocks or (has_frames and row.reads_frames):
        return model
    # Thousands of random features drown the others where each has the same weight.
    return Pipeline([("columns", WithoutColumns(ranges)), ("model", model)])


def _sets_among(blocks: Blocks | None) -> list[tuple[int, int]]:
    """Return the columns of extractors with several blocks, where others have a single one."""
    widths = [tuple(np.atleast_1d(block).tolist()) for block in blocks or ()]
    ends = np.cumsum([sum(own) for own in widths], dtype=int).tolist()
    ranges = [(end - sum(own), end) for own, end in zip(widths, ends, strict=True) if len(own) > 1]
    return ranges if len(ranges) < len(widths) else []


def _own(name: str, task: Task, seed: int, blocks: Blocks | None) -> Any:
    with config_context(enable_metadata_routing=True):
        model = _made(name, task, seed)
        if "blocks" in model.get_params():
            model.set_params(blocks=blocks)
        if task.categorical:
            return _in_steps(model, task)
        if isinstance(model, KernelRegressor) or name in NETWORKS:
            return model
        return TransformedTargetRegressor(model, transformer=StandardScaler())


def _made(name: str, task: Task, seed: int) -> Any:
    """Return what the row of a model makes for a task."""
    kind: Kind = "classifier" if task.categorical else "regressor"
    row = find_model(fitted_name(name, task.categorical))
    if not row.fits(kind):
        raise TaskError(
            f"--model {name} has no {kind}, which task '{task.name}' needs; "
            f"valid: {', '.join(model_names(kind))}"
        )
    return _imported(row, row.made_by(kind))(random_state=seed, **row.arguments)


def _imported(row: Model, spec: str) -> Any:
    try:
        return resolve_name(spec)
    except (ImportError, AttributeError, ValueError) as error:
        refuse_not_importable(row.name, spec, error)
        raise


def _in_steps(classifier: Any, task: Task) -> Any:
    """Put an ordinal head on a classifier of three or more classes in an order."""
    if task.kind != "ordinal" or len(task.classes) == 2:
        return classifier
    if "ordinal" in classifier.get_params():
        return classifier.set_params(ordinal=True)
    # All but the calibrated ones balance the classes of their training rows.
    return OrdinalClassifier(
        classifier, prior="data" if isinstance(classifier, GroupCalibrated) else "even"
    )
