"""Selection of features, estimated on the training fold.

All are scikit-learn transformers that only leave features out, so they stand anywhere in a
pipeline; :func:`featser.speakers.normalization.prepared` puts one between preparation and model.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.feature_selection import (
    SelectorMixin,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.errors import TaskError, unknown
from featser.evaluation.protocols.groups import speaker_groups
from featser.evaluation.training_copies import auxiliary_corpus
from featser.models.routing import consumes, fit_routed
from featser.models.selection.shrinkage import group_lasso, group_strength
from featser.tasks import Task

Floats = NDArray[np.float64]
Target = Literal["classes", "numbers"]


class _Selector(SelectorMixin, BaseEstimator):
    """Base of all selectors: a mask, ``support_``.

    Rows of auxiliary corpora, which ``provenance`` identifies, are not used: there may be more of
    them than of the target, and they may count for nothing.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"provenance": True}

    target: Target
    support_: NDArray[np.bool_]

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self, "support_")
        return self.support_

    def _checked(
        self,
        X: ArrayLike,
        y: ArrayLike,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
        """Return features, target and speakers of the rows that are used."""
        numbers = self.target == "numbers"
        values, label = validate_data(self, X, y, y_numeric=numbers)
        who = None if speaker is None else np.asarray(speaker, dtype=object)
        if provenance is None:
            return values, label, who
        own = auxiliary_corpus(provenance, len(values)) < 0
        return values[own], label[own], None if who is None else who[own]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class ScoreSelector(_Selector):
    """The features with the highest univariate scores for the target.

    Parameters
    ----------
    statistic : {'anova', 'mutual'}
        The F statistic, or mutual information by nearest neighbours; scikit-learn's own.
    keep : float
        The share of features to keep, in (0, 1]; at least one is kept. A constant
        feature comes last.
    target : {'classes', 'numbers'}
        What is predicted.
    random_state : int
        Random seed of the noise that the mutual information adds to break ties.

    Attributes
    ----------
    scores_ : ndarray of float, shape (d,)
    support_ : ndarray of bool, shape (d,)
    """

    def __init__(
        self,
        statistic: Literal["anova", "mutual"] = "anova",
        keep: float = 0.5,
        target: Target = "classes",
        random_state: int = 0,
    ) -> None:
        self.statistic = statistic
        self.keep = keep
        self.target = target
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: ArrayLike, provenance: NDArray[np.intp] | None = None
    ) -> ScoreSelector:
        """Score the features of X, shape (n, d), for the target y, shape (n,)."""
        values, label, _ = self._checked(X, y, None, provenance)
        scores = np.full(values.shape[1], -np.inf)
        varies = values.min(axis=0) < values.max(axis=0)
        if varies.any():
            scores[varies] = np.nan_to_num(self._scores(values[:, varies], label), nan=-1.0)
        self.scores_ = scores
        self.support_ = _highest(scores, self.keep)
        return self

    def _scores(self, X: NDArray[Any], y: NDArray[Any]) -> Floats:
        numbers = self.target == "numbers"
        if self.statistic == "mutual":
            estimate = mutual_info_regression if numbers else mutual_info_classif
            return np.asarray(estimate(X, y, random_state=self.random_state), dtype=np.float64)
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            warnings.simplefilter("ignore", UserWarning)  # a feature constant within all classes
            return np.asarray((f_regression if numbers else f_classif)(X, y)[0], dtype=np.float64)


class SpeakerTaskSelector(_Selector):
    """The features that are useful for all speakers: each speaker is a task of its own.

    Minimises ``Σ_s ‖X_s W_s − Y_s‖² / 2 n_s + λ Σ_j ‖row j of [W_1 … W_S]‖₂`` by FISTA, where
    ``X_s`` and ``Y_s`` (the classes as columns of 0 and 1, or the standardised values) are centred
    within speaker s. A feature is selected if its row is not 0; a feature that helps with few
    speakers gains less than its penalty.

    Parameters
    ----------
    strength : float
        λ as a share of the smallest λ that leaves no feature, in (0, 1).
    target : {'classes', 'numbers'}
        What is predicted.
    n_steps : int
        Maximum number of steps of FISTA.

    Attributes
    ----------
    scores_ : ndarray of float, shape (d,)
        The rows' norms.
    support_ : ndarray of bool, shape (d,)
        Never empty: where no row is left, as where nothing varies, the feature that would be
        the first to enter.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"speaker": True, "provenance": True}

    def __init__(
        self, strength: float = 0.1, target: Target = "classes", n_steps: int = 200
    ) -> None:
        self.strength = strength
        self.target = target
        self.n_steps = n_steps

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> SpeakerTaskSelector:
        """Choose from X, shape (n, d), for the target y, shape (n,); all one speaker's without."""
        values, label, own = self._checked(X, y, speaker, provenance)
        exact, columns = values.astype(np.float64), _columns(label, self.target)
        who = np.zeros(len(exact)) if own is None else speaker_groups(own, len(exact))
        parts = [np.flatnonzero(who == name) for name in np.unique(who)]
        training_sets = [(_centred(exact[rows]), _centred(columns[rows])) for rows in parts]
        entering = group_strength(training_sets)
        weight = group_lasso(training_sets, self.strength * float(entering.max()), self.n_steps)
        self.scores_ = np.sqrt(np.square(weight).sum(axis=(0, 2)))
        self.support_ = self.scores_ > 0
        if not self.support_.any():
            self.support_ = np.arange(len(entering)) == np.argmax(entering)
        return self


class StabilitySelector(_Selector):
    """The features that are selected in most random halves of the speakers.

    Meinshausen and Bühlmann, "Stability selection", JRSS B 72, 2010, with half of the speakers,
    not of the utterances, in each draw.

    Parameters
    ----------
    selector : selector, optional
        Unfitted, with ``get_support``; by default the best third by :class:`ScoreSelector`.
    threshold : float
        The share of draws in which a feature must be selected, in (0, 1].
    target : {'classes', 'numbers'}
        What is predicted; for the default selector.
    n_draws, random_state : int
        Number of draws of speakers, and their random seed.

    Attributes
    ----------
    scores_ : ndarray of float, shape (d,)
        The share of draws.
    support_ : ndarray of bool, shape (d,)
        Never empty: where no feature reaches the threshold, those nearest to it.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"speaker": True, "provenance": True}

    def __init__(
        self,
        selector: Any = None,
        threshold: float = 0.6,
        target: Target = "classes",
        n_draws: int = 20,
        random_state: int = 0,
    ) -> None:
        self.selector = selector
        self.threshold = threshold
        self.target = target
        self.n_draws = n_draws
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
    ) -> StabilitySelector:
        """Choose from X, shape (n, d), for the target y, shape (n,); by utterance without."""
        values, label, own = self._checked(X, y, speaker, provenance)
        who = speaker_groups(own, len(values))
        default = ScoreSelector(keep=1 / 3, target=self.target)
        base = default if self.selector is None else self.selector
        given = consumes(base, "speaker")
        chosen = np.zeros(values.shape[1])
        for rows in self._draws(who, label):
            metadata = {"speaker": own[rows]} if given and own is not None else {}
            chosen += fit_routed(clone(base), values[rows], label[rows], **metadata).get_support()
        self.scores_ = chosen / self.n_draws
        self.support_ = self.scores_ >= min(self.threshold, float(self.scores_.max()))
        return self

    def _draws(self, who: NDArray[Any], label: NDArray[Any]) -> list[NDArray[np.intp]]:
        """Return the rows of random halves of the speakers; all rows where classes are missing."""
        rng = np.random.default_rng(self.random_state)
        names = np.unique(who)
        enough = 2 if self.target == "classes" else 1
        draws = []
        for _ in range(self.n_draws):
            half = rng.choice(names, max(1, (len(names) + 1) // 2), replace=False)
            rows = np.flatnonzero(np.isin(who, half))
            lacking = len(np.unique(label[rows])) < enough or len(rows) < 2
            draws.append(np.arange(len(who)) if lacking else rows)
        return draws


SELECTORS: dict[str, tuple[float, str, Callable[[float, Target, int], _Selector]]] = {
    "anova": (
        0.5,
        "the share of features to keep, those with the highest F statistic",
        lambda keep, target, seed: ScoreSelector("anova", keep, target, seed),
    ),
    "mutual": (
        0.5,
        "the share of features to keep, those with the highest mutual information",
        lambda keep, target, seed: ScoreSelector("mutual", keep, target, seed),
    ),
    "speakers": (
        0.1,
        "the penalty that makes speakers agree, as a share of the one that leaves no feature",
        lambda strength, target, seed: SpeakerTaskSelector(strength, target),
    ),
    "stability": (
        0.6,
        "the share of draws of half the speakers in which a feature must be selected",
        lambda threshold, target, seed: StabilitySelector(
            None, threshold, target, random_state=seed
        ),
    ),
}
"""Name → its parameter's default, what that means, and how the selector is made."""


def make_selector(spec: str, task: Task, seed: int = 0) -> Any:
    """Build an unfitted selector for a task.

    Parameters
    ----------
    spec : str
        ``none``, or one of :data:`SELECTORS`, with a number after a colon in place of its default.
    task : Task
        What is to be predicted.
    seed : int
        Of everything random in it.

    Returns
    -------
    selector or None
        None for ``none``.

    Raises
    ------
    TaskError
        If there is no such selector, or its number is not between 0 and 1.

    Examples
    --------
    >>> make_selector("anova:0.25", Task("emotion", classes=("angry", "sad"))).keep
    0.25
    """
    name, value = parse_selection(spec)
    if name == "none":
        return None
    return SELECTORS[name][2](value, "classes" if task.categorical else "numbers", seed)


def parse_selection(spec: str) -> tuple[str, float]:
    """Return the name of a selector and its number: see :func:`make_selector`."""
    name, colon, number = spec.partition(":")
    if name not in ("none", *SELECTORS) or (name == "none" and colon):
        wrong = spec if name == "none" else name
        raise TaskError(f"--select: {unknown('selection', wrong, ['none', *SELECTORS])}")
    if name == "none":
        return name, 0.0
    default, meaning, _ = SELECTORS[name]
    try:
        value = float(number) if colon else default
    except ValueError:
        value = np.nan
    if not 0 < value <= 1:
        raise TaskError(f"--select '{spec}': after the colon stands {meaning}, between 0 and 1")
    return name, value


def _highest(scores: Floats, keep: float) -> NDArray[np.bool_]:
    if not 0 < keep <= 1:
        raise ValueError(f"keep is a share of the features, above 0 and at most 1, not {keep}")
    best = np.argsort(-scores, kind="stable")[: max(1, round(keep * len(scores)))]
    return np.isin(np.arange(len(scores)), best)


def _columns(label: NDArray[Any], target: Target) -> Floats:
    if target == "classes":
        return np.eye(len(np.unique(label)))[np.unique(label, return_inverse=True)[1]]
    values = label.astype(np.float64)
    return np.asarray((values / (values.std() or 1.0))[:, None])


def _centred(values: Floats) -> Floats:
    return np.asarray(values - values.mean(axis=0))
