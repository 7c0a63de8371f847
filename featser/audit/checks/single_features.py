"""Single-feature probe: features that give the class away.

A column that was made from the label (a table sorted by class, an index, a code of the class)
makes every figure of a fit worthless, and no property of the recordings shows it. Each feature is
therefore tested alone: it is divided into bins at its quantiles, and each bin predicts the class
that is most frequent there and nearby, relative to the size of the class. Folds are
speaker-independent where speakers are known. Extractors that other packages or the user's own files
provide are also tested as a whole, by a linear classifier.

The thresholds lie above what features of the voice reach. On BanglaSER, RAVDESS and EmoDB with all
their classes, the best of featser's 4,800 features covers 0.33 of the distance from chance to
a UAR of 1; on four of the classes 0.72, on three 0.82, and one class against two or
more others 0.985. Two classes can be separated by one feature of the voice without any error,
such as happiness and sadness in EmoDB, so that nothing is tested there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.audit.finding import Finding
from featser.evaluation.metrics.metrics import uar_of_codes
from featser.features.interpretable_features import words_of

GIVEN_AWAY = "feature gives the class away"
"""The kind of the findings."""

MOST_ROWS = 4000
"""Rows that a probe needs at most; of more rows, so many are taken at equal distances."""
FEWEST_ROWS = 60
"""With fewer rows the best of thousands of random features could exceed a threshold."""
FEWEST_CLASSES = 3
MOST_LISTED = 20
_CELLS_AT_ONCE = 600_000
_MOST_BINS = 64
_MOST_FOLDS = 5
_NEIGHBOUR = 0.6
_LIMITS = {3: 0.9, 4: 0.8}
_LIMIT_MANY = 0.6
_LIMIT_ONE = 0.99
_LIMIT_EXTRACTOR = 0.97
_FIX = (
    ": features of the voice do not reach this; check whether the values were made from the label "
    "or from the order of the recordings, and leave them out"
)


@dataclass(frozen=True, eq=False)
class FeatureBlock:
    """The features of one extractor.

    Attributes
    ----------
    extractor : str
        Its spec.
    names : sequence of str
        One for each column.
    X : ndarray of float, shape (n_rows, n_features)
        Values; NaN where one is undefined.
    computed_here : bool
        Whether featser computes the values from the signal alone; others are tested as a whole,
        too.
    """

    extractor: str
    names: Sequence[str]
    X: NDArray[np.floating]
    computed_here: bool = True


@dataclass(frozen=True, eq=False)
class Labelled:
    """Classes of the rows of a probe, with the folds in which they are tested.

    Attributes
    ----------
    task : str
        The name of the label.
    classes : sequence of str
        The classes, in the order of ``codes``.
    codes : ndarray of int, shape (n_rows,)
        The class of each row.
    fold : ndarray of int, shape (n_rows,)
        The fold in which each row is tested.
    by_speaker : bool
        Whether the folds are speaker-independent.
    """

    task: str
    classes: Sequence[str]
    codes: NDArray[np.intp]
    fold: NDArray[np.intp]
    by_speaker: bool


def single_feature_findings(blocks: Sequence[FeatureBlock], label: Labelled) -> list[Finding]:
    """Report features, and extractors, that alone predict the class too well.

    Parameters
    ----------
    blocks : sequence of FeatureBlock
        The features of a fit, on the rows of ``label``.
    label : Labelled
        The primary task.

    Returns
    -------
    list of Finding
        A warning for each extractor that has such features, or is such as a whole.

    Examples
    --------
    >>> import numpy as np
    >>> codes = np.arange(200) % 4
    >>> label = Labelled("emotion", ["a", "b", "c", "d"], codes, np.arange(200) // 50, True)
    >>> noise = np.random.default_rng(0).normal(size=(200, 1))
    >>> X = np.hstack([noise, codes[:, None] * 10 + noise])
    >>> block = FeatureBlock("table-embedding:t.csv", ["v1", "v2"], X)
    >>> [finding.table[0]["feature"] for finding in single_feature_findings([block], label)]
    ['v2']
    """
    if len(label.codes) < FEWEST_ROWS or len(label.classes) < FEWEST_CLASSES:
        return []
    findings = [_of_features(block, label) for block in blocks]
    findings += [_of_extractor(block, label) for block in blocks if not block.computed_here]
    return [finding for finding in findings if finding is not None]


def single_feature_recalls(
    X: NDArray[np.floating], label: Labelled
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how well each feature alone predicts the class of rows in other folds.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_features)
        Features; NaN is a bin of its own.
    label : Labelled
        Classes and folds.

    Returns
    -------
    uar : ndarray of float, shape (n_features,)
        The UAR over all classes.
    one_class : ndarray of float, shape (n_features, n_classes)
        The UAR of each class against all others.

    Examples
    --------
    >>> import numpy as np
    >>> codes = np.arange(80) % 2
    >>> label = Labelled("emotion", ["a", "b"], codes, np.arange(80) // 20, True)
    >>> uar, one_class = single_feature_recalls(codes[:, None].astype(float), label)
    >>> uar.tolist(), one_class.tolist()
    ([1.0], [[1.0, 1.0]])
    """
    cells = _MOST_FOLDS * (_MOST_BINS + 1) * len(label.classes)
    at_once = max(1, _CELLS_AT_ONCE // cells)
    parts = [
        _recalls(_counts(X[:, first : first + at_once], label))
        for first in range(0, X.shape[1], at_once)
    ]
    return np.concatenate([uar for uar, _ in parts]), np.concatenate([one for _, one in parts])


def _counts(X: NDArray[np.floating], label: Labelled) -> NDArray[np.float32]:
    """Count the rows of each fold, feature, bin and class."""
    bins, n_bins = _binned(X)
    # Five folds are enough for a warning: several folds become one.
    fold = label.fold % _MOST_FOLDS
    n_folds, n_features, n_classes = int(fold.max()) + 1, X.shape[1], len(label.classes)
    cell = (fold[:, None] * n_features + np.arange(n_features)) * n_bins + bins
    cell = cell * n_classes + label.codes[:, None]
    counts = np.bincount(cell.ravel(), minlength=n_folds * n_features * n_bins * n_classes)
    return counts.reshape(n_folds, n_features, n_bins, n_classes).astype(np.float32)


def _binned(X: NDArray[np.floating]) -> tuple[NDArray[np.uint8], int]:
    """Return the bin of each value, and the number of bins: the last one holds NaN."""
    count = min(len(X), _MOST_BINS)
    ordered = np.sort(X, axis=0)
    n_finite = np.isfinite(X).sum(axis=0)
    columns = np.arange(X.shape[1])
    bins = np.zeros(X.shape, dtype=np.uint8)
    for step in range(1, count):
        edge = ordered[(n_finite * step) // count, columns]
        bins += np.where(n_finite > step, edge, np.inf) <= X
    bins[~np.isfinite(X)] = count
    return bins, count + 1


def _recalls(counts: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n_classes = counts.shape[-1]
    size = counts[:, 0].sum(axis=(0, 1))
    training = counts.sum(axis=0) - counts
    # How frequent a bin is within a class, so that all classes have equal weights. Neighbours count
    # too, so that a bin without training rows predicts what the nearest bins with some predict.
    training[:, :, :-1] = _smoothed(training[:, :, :-1])
    rate = training / np.maximum(training.sum(axis=2, keepdims=True), 1)
    predicted = rate.argmax(axis=-1)[..., None] == np.arange(n_classes)
    uar = ((counts * predicted).sum(axis=(0, 2)) / size).mean(axis=-1)
    others = training.sum(axis=-1, keepdims=True) - training
    rate_of_others = others / np.maximum(others.sum(axis=2, keepdims=True), 1)
    is_one = rate > rate_of_others
    rest = counts.sum(axis=-1, keepdims=True) - counts
    recall = (counts * is_one).sum(axis=(0, 2)) / size
    recall_of_rest = (rest * ~is_one).sum(axis=(0, 2)) / (size.sum() - size)
    return uar, (recall + recall_of_rest) / 2


def _smoothed(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add to each bin what its neighbours hold, 0.6 of it for each step of distance."""
    before, after = counts.copy(), counts.copy()
    last = counts.shape[2] - 1
    for step in range(1, last + 1):
        before[:, :, step] += _NEIGHBOUR * before[:, :, step - 1]
        after[:, :, last - step] += _NEIGHBOUR * after[:, :, last - step + 1]
    return before + after - counts


def _of_features(block: FeatureBlock, label: Labelled) -> Finding | None:
    """Return a warning that lists the features of an extractor that give the class away."""
    uar, one_class = single_feature_recalls(block.X, label)
    chance = 1 / len(label.classes)
    gain = (uar - chance) / (1 - chance)
    excess = np.maximum(
        gain - _limit(len(label.classes)), 2 * one_class.max(axis=1) - 1 - _LIMIT_ONE
    )
    order = np.argsort(-excess, kind="stable")
    listed = [int(column) for column in order if excess[column] > 0]
    if not listed:
        return None
    rows = [_row(block, label, column, uar, one_class, chance) for column in listed[:MOST_LISTED]]
    first, more = rows[0], len(listed) - 1
    text = (
        f"the feature {_quoted(str(block.names[listed[0]]))} of {block.extractor} alone predicts "
        f"`{label.task}` with a UAR of {first['UAR']:.2f} on {_tested_on(label)} "
        f"(chance {chance:.2f})"
    )
    if first["UAR"] < first["its UAR"] and len(label.classes) > 2:
        text += f", and '{first['best class']}' against all others with {first['its UAR']:.2f}"
    text += f"; so do {more} more of its features" if more > 1 else "; so does one more" * more
    return Finding(GIVEN_AWAY, "warning", f"{text}{_FIX}", rows)


def _of_extractor(block: FeatureBlock, label: Labelled) -> Finding | None:
    """Return a warning if all features of an extractor together give the class away."""
    uar = _uar_of_extractor(block.X, label)
    chance = 1 / len(label.classes)
    if (uar - chance) / (1 - chance) <= _LIMIT_EXTRACTOR:
        return None
    text = (
        f"the features of {block.extractor} together predict `{label.task}` with a UAR of "
        f"{uar:.2f} on {_tested_on(label)} (chance {chance:.2f}), by a linear classifier{_FIX}"
    )
    return Finding(
        GIVEN_AWAY, "warning", text, [{"extractor": block.extractor, "UAR": round(uar, 3)}]
    )


def _uar_of_extractor(X: NDArray[np.floating], label: Labelled) -> float:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    predicted = np.full(len(X), -1)
    for number in np.unique(label.fold):
        test = label.fold == number
        if len(np.unique(label.codes[~test])) < 2:
            continue
        model = make_pipeline(
            SimpleImputer(keep_empty_features=True),
            StandardScaler(),
            RidgeClassifier(alpha=X.shape[1], class_weight="balanced"),
        )
        predicted[test] = model.fit(X[~test], label.codes[~test]).predict(X[test])
    return uar_of_codes(label.codes, predicted, len(label.classes))


def _quoted(name: str) -> str:
    """Return a feature for a sentence, its name as code."""
    words = words_of(name)
    return f"'{words}' (`{name}`)" if words else f"`{name}`"


def _row(
    block: FeatureBlock,
    label: Labelled,
    column: int,
    uar: NDArray[np.float64],
    one_class: NDArray[np.float64],
    chance: float,
) -> dict[str, Any]:
    best, name = int(one_class[column].argmax()), str(block.names[column])
    words = words_of(name)
    return {
        "extractor": block.extractor,
        "feature": f"{words} ({name})" if words else name,
        "UAR": round(float(uar[column]), 3),
        "chance": round(chance, 3),
        "best class": str(label.classes[best]),
        "its UAR": round(float(one_class[column, best]), 3),
    }


def _limit(n_classes: int) -> float:
    """Return the share of the distance from chance to 1 that a feature of the voice stays below."""
    return _LIMITS.get(n_classes, _LIMIT_MANY)


def _tested_on(label: Labelled) -> str:
    if label.by_speaker:
        return "new speakers"
    return "other recordings, perhaps of the same speakers"
