"""The metrics, one row each: for which kinds of task, how they are computed, what they mean.

A new metric is a formula on summed statistics and a row here; scores, intervals, reports, the
glossary and tests read this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from featser.evaluation.metrics.pairs import Array
from featser.evaluation.metrics.scales import FISHER, LOG, LOGIT, SHARE, Scale
from featser.evaluation.metrics.sums import (
    accuracy_of,
    ccc_of,
    kappa_of,
    macro_f1_of,
    mae_of,
    ordinal_mae_of,
    pearson_of,
    rmse_of,
    uar_of,
)
from featser.tasks import Kind

PER_CLASS = "recall[class]"
"""Stands for one metric for each class, such as ``recall[anger]``."""


@dataclass(frozen=True)
class Metric:
    """A measure of how well a task is predicted.

    Parameters
    ----------
    name : str
        In ``metrics.json``.
    title : str
        As readers know it.
    meaning : str
        For the glossary.
    kinds : tuple of str
        The kinds of task that have it. The first metric of a kind is its headline.
    scale : Scale
        The scale on which its interval is symmetric. ``make coverage-of-intervals`` measures
        whether intervals on that scale keep their level.
    formula : callable, optional
        From summed statistics with any leading axes (confusion matrices of shape (..., K, K), or
        sums of ``moments`` of shape (..., 9)) to values (...); None
        for metrics that need more than these.
    has_baseline : bool
        Whether it is also computed for the majority class, or the mean.
    is_biased : bool
        Whether it is too high where utterances are few. The lower bound of its interval is then
        counted from the value less the bias that the jackknife estimates.
    needs_ratings : bool
        Whether it exists only where the label has ratings by several raters.
    """

    name: str
    title: str
    meaning: str
    kinds: tuple[Kind, ...]
    scale: Scale
    formula: Callable[[Array], Array] | None = None
    has_baseline: bool = False
    is_biased: bool = False
    needs_ratings: bool = False


_CLASSES: tuple[Kind, ...] = ("classification", "ordinal")

REGISTRY = (
    Metric(
        "uar",
        "UAR",
        "Unweighted average recall: the mean of the recalls of the classes, so that rare and "
        "frequent classes count the same. Chance level is one over the number of classes.",
        _CLASSES,
        LOGIT,
        uar_of,
        has_baseline=True,
    ),
    Metric(
        "kappa",
        "Quadratic kappa",
        "Agreement on ordered classes beyond chance, where an error of two classes counts four "
        "times an error of one; 1 is perfect, 0 is chance.",
        ("ordinal",),
        FISHER,
        kappa_of,
    ),
    Metric(
        "mae",
        "MAE",
        "Mean absolute error, in the label's unit or in classes. Smaller is better.",
        ("ordinal",),
        LOG,
        ordinal_mae_of,
        has_baseline=True,
    ),
    Metric(
        "accuracy",
        "Accuracy (WA)",
        "Weighted accuracy: the share of all utterances that is classified correctly. Frequent "
        "classes dominate it.",
        _CLASSES,
        LOGIT,
        accuracy_of,
        has_baseline=True,
    ),
    Metric(
        "macro_f1",
        "Macro F1",
        "The mean over the classes of F1, the harmonic mean of precision and recall.",
        ("classification",),
        LOGIT,
        macro_f1_of,
    ),
    Metric(
        PER_CLASS,
        "Recall",
        "The share of the utterances of a class that is classified correctly.",
        _CLASSES,
        LOGIT,
    ),
    Metric(
        "ece",
        "ECE",
        "Expected calibration error: the mean distance, over the utterances, between the "
        "confidence of a bin of the reliability diagram and its accuracy. Smaller is better.",
        _CLASSES,
        SHARE,
        is_biased=True,
    ),
    Metric(
        "brier",
        "Brier score",
        "The squared distance between the probabilities and the truth (1 for the true class, 0 "
        "for the others), summed over the classes; 0 is best, 2 is worst.",
        _CLASSES,
        LOG,
    ),
    Metric(
        "log_loss",
        "Log loss",
        "The mean of minus the natural logarithm of the true class's probability. Smaller is "
        "better.",
        _CLASSES,
        LOG,
    ),
    Metric(
        "cross_entropy",
        "Cross-entropy with votes",
        "The mean of minus the natural logarithm of the probabilities, weighted by the shares of "
        "the raters' votes. Smaller is better; it cannot be below the mean entropy of the votes.",
        _CLASSES,
        LOG,
        needs_ratings=True,
    ),
    Metric(
        "js_divergence",
        "Jensen–Shannon divergence from votes",
        "How far the probabilities are from the shares of the raters' votes, in bits: 0 where they "
        "are the same, 1 where they share no class. Smaller is better.",
        _CLASSES,
        SHARE,
        needs_ratings=True,
    ),
    Metric(
        "ccc",
        "CCC",
        "Concordance correlation coefficient: correlation that is also lowered by a wrong mean "
        "or spread; 1 is perfect agreement, 0 is none.",
        ("regression",),
        FISHER,
        ccc_of,
        has_baseline=True,
    ),
    Metric(
        "pearson",
        "Pearson's r",
        "Correlation, whatever the mean and the spread.",
        ("regression",),
        FISHER,
        pearson_of,
    ),
    Metric(
        "rmse",
        "RMSE",
        "Root of the mean squared error, in the label's unit. Smaller is better.",
        ("regression",),
        LOG,
        rmse_of,
        has_baseline=True,
    ),
    Metric(
        "mae",
        "MAE",
        "Mean absolute error, in the label's unit or in classes. Smaller is better.",
        ("regression",),
        LOG,
        mae_of,
        has_baseline=True,
    ),
)


def metrics_of(kind: Kind) -> list[Metric]:
    """Return the metrics of a kind of task that true and predicted labels suffice for.

    Examples
    --------
    >>> [metric.name for metric in metrics_of("regression")]
    ['ccc', 'pearson', 'rmse', 'mae']
    """
    return [
        row
        for row in REGISTRY
        if kind in row.kinds and (row.formula is not None or row.name == PER_CLASS)
    ]


def metric_of(name: str) -> Metric:
    """Return the row of a metric; that of :data:`PER_CLASS` for the recall of a class.

    Examples
    --------
    >>> metric_of("uar").scale.name, metric_of("recall[anger]").scale.name
    ('logit', 'logit')
    """
    key = PER_CLASS if name.startswith("recall[") else name
    return next(row for row in REGISTRY if row.name == key)


def headline(kind: Kind) -> str:
    """Return the metric that leads the report of a kind of task.

    Examples
    --------
    >>> headline("classification"), headline("regression")
    ('uar', 'ccc')
    """
    return metrics_of(kind)[0].name


def baselines_of(kind: Kind) -> tuple[str, ...]:
    """Return the names of the baselines of a kind of task.

    They are those of the most frequent class of the training fold (``majority``), or of its mean
    (``mean``).

    Examples
    --------
    >>> baselines_of("classification")
    ('majority.uar', 'majority.accuracy')
    """
    head = "mean" if kind == "regression" else "majority"
    return tuple(f"{head}.{row.name}" for row in metrics_of(kind) if row.has_baseline)


def title_of(name: str) -> str:
    """Return a metric's name as readers know it; the name itself where it is not a metric.

    Examples
    --------
    >>> title_of("uar"), title_of("macro_f1")
    ('UAR', 'Macro F1')
    """
    return next((row.title for row in REGISTRY if row.name == name), name)
