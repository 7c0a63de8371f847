"""Two-pass recognition: first the language, then that language's model.

After a published bilingual system, in which a first pass identifies the language and a second
applies a model of that language alone. The idea of two passes is theirs; the soft and the
weighted mode are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.training_copies import utterances_of
from featser.features.packed_frames import ColumnRange
from featser.models.building import Blocks, make_estimator
from featser.models.routing import REQUESTED, consumes, fit_routed
from featser.tasks import Task, TwoPass

Floats = NDArray[np.float64]

TOO_FEW = 2
"""Minimum number of utterances of a class in a language for its own model."""


class LanguageRouted(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    r"""A classifier for each language, and one that identifies the language.

    .. math:: P(c \mid x) = \sum_l P(l \mid x) \, P_l(c \mid x)

    ``fit`` requires the language of each row; for new rows it is identified from the same features.
    If the languages of a corpus were recorded in different rooms, the rooms are identified as
    well.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``; cloned for each language.
    mode : {'weighted', 'soft', 'hard', 'common'}
        ``hard``: the most probable language's model decides. ``soft``: the mean above.
        ``weighted``: the same mean, but each language's model is also fitted on the other
        languages' rows, with less weight. ``common``: one model for all languages and no first
        pass, to compare with.
    identifier : classifier, optional
        Of languages, with ``predict_proba``; by default featser's ``logistic``.
    other : float
        Weight of a row of another language in ``weighted``; rows of the language have weight 1.
    random_state : int
        Random seed of the default identifier.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    languages_ : ndarray of str, shape (l,)
        Those of the training rows, sorted.
    models_ : dict of str to classifier
        Each language's, fitted. A language without two classes of two utterances each has that of
        all languages.
    identifier_ : classifier or None
        None where there is one language, or one model for all.
    notes_ : list of str
        Which languages have no model of their own, or one that lacks classes.
    n_features_in_ : int

    Notes
    -----
    A class that a language lacks has probability 0 in that language's model, except in
    ``weighted``, where the rows of other languages have it.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED | {"language": True}

    def __init__(
        self,
        estimator: Any,
        mode: TwoPass = "weighted",
        identifier: Any = None,
        other: float = 0.3,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.mode = mode
        self.identifier = identifier
        self.other = other
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        provenance: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> LanguageRouted:
        """Fit the models of all languages, and the one that identifies the language.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.
        y : array-like, shape (n,)
            Classes.
        sample_weight : array-like, shape (n,), optional
        speaker : array-like, shape (n,), optional
            For the inner folds of estimators that make some.
        provenance : ndarray of int, shape (n, 1 + k), optional
            Which rows are augmented copies, for the same.
        language : array-like of str, shape (n,)
            The language of each row; optional with the mode ``common``.

        Raises
        ------
        ValueError
            If the mode is unknown, a row's language is not given, or the estimator takes no
            weights in ``weighted``.
        """
        self._refuse_unfit_mode()
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=None
        )
        values, target = checked
        check_classification_targets(target)
        spoken = self._languages(language, len(values))
        weight = _check_sample_weight(sample_weight, target[:, None], dtype=np.float64)
        metadata = {
            "speaker": None if speaker is None else np.asarray(speaker),
            "provenance": provenance,
        }
        self.classes_, code = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"two classes are needed, y has one class: {self.classes_}")
        self.languages_ = np.unique(spoken)
        self.notes_: list[str] = []
        self.identifier_ = None
        if self.mode != "common" and len(self.languages_) > 1:
            self.identifier_ = _fitted(self._identifier(), values, spoken, weight, metadata)
        self.models_ = dict(self._models(values, target, code, spoken, weight, metadata))
        return self

    def predict_language(self, X: ArrayLike) -> Floats:
        """Return the probability of each of ``languages_``, shape (n, l)."""
        check_is_fitted(self, "models_")
        values: NDArray[Any] = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=None
        )
        if self.identifier_ is None:
            return np.full((len(values), len(self.languages_)), 1 / len(self.languages_))
        return np.asarray(self.identifier_.predict_proba(values), dtype=np.float64)

    def identify(self, X: ArrayLike) -> NDArray[np.str_] | None:
        """Return the most probable languages, shape (n,); None where there is no first pass."""
        probabilities = self.predict_language(X)
        if self.identifier_ is None:
            return None
        return np.asarray(self.languages_[probabilities.argmax(axis=1)], dtype=np.str_)

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probabilities of the classes, shape (n, k)."""
        share = self.predict_language(X)
        if self.mode == "hard":
            share = np.eye(share.shape[1])[share.argmax(axis=1)]
        values = np.asarray(X)
        by_model: dict[int, Floats] = {}
        total = np.zeros((len(values), len(self.classes_)))
        for position, name in enumerate(self.languages_):
            model = self.models_[name]
            # Languages without a model of their own share one, which predicts once.
            if id(model) not in by_model:
                by_model[id(model)] = self._opinion(model, values)
            total += share[:, [position]] * by_model[id(model)]
        return total

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        probabilities = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return classes

    def _models(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        code: NDArray[np.intp],
        spoken: NDArray[np.str_],
        weight: Floats,
        metadata: dict[str, Any],
    ) -> Iterator[tuple[str, Any]]:
        """Yield each language with its fitted model."""
        all_rows = np.arange(len(y))
        common = None
        for name in self.languages_.tolist():
            own = spoken == name
            rows = self._rows_to_fit(own, code, metadata["provenance"], name)
            if rows is None:
                if common is None:
                    common = _fitted(self.estimator, X, y, weight, metadata)
                yield name, common
            elif self.mode == "weighted":
                share = np.where(own, 1.0, self.other)
                yield name, _fitted(self.estimator, X, y, weight * share, metadata, all_rows)
            else:
                yield name, _fitted(self.estimator, X, y, weight, metadata, rows)

    def _rows_to_fit(
        self,
        own: NDArray[np.bool_],
        code: NDArray[np.intp],
        provenance: NDArray[np.intp] | None,
        name: str,
    ) -> NDArray[np.intp] | None:
        """Return the rows that a language's model is fitted on; None if it needs all languages.

        Adds a note for the report where classes or the whole model are missing.
        """
        if self.mode == "common":
            return None
        utterances = np.arange(len(code)) if provenance is None else utterances_of(provenance)
        counted = utterances[own[utterances]]
        is_frequent = np.bincount(code[counted], minlength=len(self.classes_)) >= TOO_FEW
        if np.count_nonzero(is_frequent) < 2:
            self.notes_.append(
                f"two-pass: '{name}' has fewer than two classes of {TOO_FEW} utterances, "
                f"so the model of all languages is used for it"
            )
            return None
        if not is_frequent.all() and self.mode != "weighted":
            lacking = ", ".join(map(str, self.classes_[~is_frequent]))
            self.notes_.append(
                f"two-pass: the model of '{name}' lacks the class {lacking}, of which "
                f"training has fewer than {TOO_FEW} utterances in that language"
            )
        return np.flatnonzero(own & is_frequent[code])

    def _opinion(self, model: Any, X: NDArray[Any]) -> Floats:
        probabilities = np.zeros((len(X), len(self.classes_)))
        probabilities[:, np.searchsorted(self.classes_, model.classes_)] = model.predict_proba(X)
        return probabilities

    def _languages(self, language: ArrayLike | None, rows: int) -> NDArray[np.str_]:
        """Return the language of each row; one model for all languages needs none."""
        if language is None and self.mode == "common":
            return np.full(rows, "any")
        return _languages(language, rows)

    def _identifier(self) -> Any:
        if self.identifier is not None:
            return self.identifier
        return identifier(
            Task("language", classes=tuple(self.languages_.tolist())), self.random_state
        )

    def _refuse_unfit_mode(self) -> None:
        valid = [mode for mode in get_args(TwoPass) if mode != "none"]
        if self.mode not in valid:
            raise ValueError(f"mode is one of {', '.join(valid)}, not '{self.mode}'")
        if self.mode == "weighted" and not consumes(self.estimator, "sample_weight"):
            raise ValueError(
                f"{type(self.estimator).__name__} does not request sample_weight, which mode "
                f"'weighted' passes: use set_fit_request(sample_weight=True), or mode 'soft'"
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = get_tags(self.estimator).input_tags.allow_nan
        return tags


def identifier(
    languages: Task,
    seed: int = 0,
    frames: ColumnRange | None = None,
    blocks: Blocks | None = None,
) -> Any:
    """Build the default estimator that identifies the language.

    Parameters
    ----------
    languages : Task
        The languages are its classes.
    seed : int
        Of everything random.
    frames : ColumnRange, optional
        Which columns are packed frames, which it does not use.
    blocks : sequence of int or of sequences of int, optional
        As :func:`~featser.models.building.make_estimator` has them.
    """
    return make_estimator(
        "logistic", languages, seed, blocks=blocks, frames=frames, calibrated=False
    )


def _fitted(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[Any],
    weight: Floats,
    metadata: dict[str, Any],
    rows: NDArray[np.intp] | None = None,
) -> Any:
    if rows is None:
        return fit_routed(clone(estimator), X, y, sample_weight=weight, **metadata)
    part = {name: None if value is None else value[rows] for name, value in metadata.items()}
    return fit_routed(clone(estimator), X[rows], y[rows], sample_weight=weight[rows], **part)


def _languages(language: ArrayLike | None, rows: int) -> NDArray[np.str_]:
    if language is None:
        raise ValueError("two-pass models need the language of each row: fit(…, language=…)")
    spoken = np.asarray(language).astype(str)
    if spoken.shape != (rows,):
        raise ValueError(f"{rows} rows of features, languages of shape {spoken.shape}")
    nameless = int(np.count_nonzero(np.isin(spoken, ("", "nan", "None", "<NA>"))))
    if nameless:
        raise ValueError(f"{nameless} of {rows} rows have no language")
    return spoken
