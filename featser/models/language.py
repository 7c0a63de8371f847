"""Two-pass recognition: first the language, then that language's model.

After a published bilingual system, in which a first pass identifies the language and a second
applies a model of that language alone. Theirs is the idea of two passes; the soft and the weighted
mode are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from featser.evaluation.copies import utterances_of
from featser.models.estimators import make_estimator
from featser.models.frames import Place
from featser.models.routing import REQUESTED, consumes, fit_routed
from featser.tasks import Task, TwoPass

Floats = NDArray[np.float64]

TOO_FEW = 2
"""Utterances of a class that a language must have for its own model to learn it."""


class LanguageRouted(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    r"""A classifier for each language, and one that says which language is spoken.

    .. math:: P(c \mid x) = \sum_l P(l \mid x) \, P_l(c \mid x)

    The language of a training row is told to ``fit``; of a row to be predicted it is identified,
    from the same features. So a corpus whose languages were recorded in different rooms is
    divided by rooms as well.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``; cloned for each language.
    mode : {'weighted', 'soft', 'hard', 'common'}
        ``hard``: the most probable language's model decides. ``soft``: the mean above.
        ``weighted``: the same mean, but each language's model also learns from the other
        languages' rows, with less weight. ``common``: one model for all languages and no first
        pass, to compare with.
    identifier : classifier, optional
        Of languages, with ``predict_proba``; by default featser's ``logistic``.
    other : float
        What a row of another language counts in ``weighted``, where one's own counts 1.
    seed : int
        Of the default identifier.

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
    ``weighted``, where it is learnt from the others.
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = REQUESTED | {"language": True}

    def __init__(
        self,
        estimator: Any,
        mode: TwoPass = "weighted",
        identifier: Any = None,
        other: float = 0.3,
        seed: int = 0,
    ) -> None:
        self.estimator = estimator
        self.mode = mode
        self.identifier = identifier
        self.other = other
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> LanguageRouted:
        """Fit all languages' models, and the one that tells languages apart.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.
        y : array-like, shape (n,)
            Classes.
        sample_weight : array-like, shape (n,), optional
        speaker : array-like, shape (n,), optional
            For the inner folds of estimators that make some.
        lineage : ndarray of int, shape (n, 1 + k), optional
            Which rows are augmented copies, for the same.
        language : array-like of str, shape (n,)
            Which language is spoken in each row.

        Raises
        ------
        ValueError
            If the mode is unknown, a row's language is not given, or the estimator takes no
            weights in ``weighted``.
        """
        self._refuse_unfit_mode()
        values: NDArray[Any] = validate_data(self, X, ensure_all_finite="allow-nan", dtype=None)
        target = np.asarray(y)
        spoken = _languages(language, len(values))
        weight = _check_sample_weight(sample_weight, target[:, None], dtype=np.float64)
        known = {"speaker": None if speaker is None else np.asarray(speaker), "lineage": lineage}
        self.classes_, code = np.unique(target, return_inverse=True)
        self.languages_ = np.unique(spoken)
        self.notes_: list[str] = []
        self.identifier_ = None
        if self.mode != "common" and len(self.languages_) > 1:
            self.identifier_ = _fitted(self._identifier(), values, spoken, weight, known)
        self.models_ = dict(self._models(values, target, code, spoken, weight, known))
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
        told = self.predict_language(X)
        if self.identifier_ is None:
            return None
        return np.asarray(self.languages_[told.argmax(axis=1)], dtype=np.str_)

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probabilities of the classes, shape (n, k)."""
        share = self.predict_language(X)
        if self.mode == "hard":
            share = np.eye(share.shape[1])[share.argmax(axis=1)]
        values = np.asarray(X)
        said: dict[int, Floats] = {}
        told = np.zeros((len(values), len(self.classes_)))
        for position, name in enumerate(self.languages_):
            model = self.models_[name]
            # Languages without a model of their own share one: it is asked once.
            if id(model) not in said:
                said[id(model)] = self._opinion(model, values)
            told += share[:, [position]] * said[id(model)]
        return told

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, shape (n,)."""
        told = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[told.argmax(axis=1)]
        return classes

    def _models(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        code: NDArray[np.intp],
        spoken: NDArray[np.str_],
        weight: Floats,
        known: dict[str, Any],
    ) -> Iterator[tuple[str, Any]]:
        """Yield each language with its fitted model."""
        everyone = np.arange(len(y))
        common = None
        for name in self.languages_.tolist():
            own = spoken == name
            rows = self._learnt(own, code, known["lineage"], name)
            if rows is None:
                if common is None:
                    common = _fitted(self.estimator, X, y, weight, known)
                yield name, common
            elif self.mode == "weighted":
                share = np.where(own, 1.0, self.other)
                yield name, _fitted(self.estimator, X, y, weight * share, known, everyone)
            else:
                yield name, _fitted(self.estimator, X, y, weight, known, rows)

    def _learnt(
        self,
        own: NDArray[np.bool_],
        code: NDArray[np.intp],
        lineage: NDArray[np.intp] | None,
        name: str,
    ) -> NDArray[np.intp] | None:
        """Return the rows of a language that its model can learn; None where it needs the others.

        Notes what a reader must know.
        """
        if self.mode == "common":
            return None
        utterances = np.arange(len(code)) if lineage is None else utterances_of(lineage)
        counted = utterances[own[utterances]]
        there = np.bincount(code[counted], minlength=len(self.classes_)) >= TOO_FEW
        if np.count_nonzero(there) < 2:
            self.notes_.append(
                f"two-pass: '{name}' has fewer than two classes of {TOO_FEW} utterances to learn "
                f"from, so the model of all languages speaks for it"
            )
            return None
        if not there.all() and self.mode != "weighted":
            lacking = ", ".join(map(str, self.classes_[~there]))
            self.notes_.append(
                f"two-pass: the model of '{name}' does not know the class {lacking}, of which "
                f"training has fewer than {TOO_FEW} utterances in that language"
            )
        return np.flatnonzero(own & there[code])

    def _opinion(self, model: Any, X: NDArray[Any]) -> Floats:
        told = np.zeros((len(X), len(self.classes_)))
        told[:, np.searchsorted(self.classes_, model.classes_)] = model.predict_proba(X)
        return told

    def _identifier(self) -> Any:
        if self.identifier is not None:
            return self.identifier
        return identifier(Task("language", classes=tuple(self.languages_.tolist())), self.seed)

    def _refuse_unfit_mode(self) -> None:
        valid = [mode for mode in get_args(TwoPass) if mode != "none"]
        if self.mode not in valid:
            raise ValueError(f"mode is one of {', '.join(valid)}, not '{self.mode}'")
        if self.mode == "weighted" and not consumes(self.estimator, "sample_weight"):
            raise ValueError(
                f"{type(self.estimator).__name__} does not ask for sample_weight, which mode "
                f"'weighted' gives it: use set_fit_request(sample_weight=True), or mode 'soft'"
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def identifier(languages: Task, seed: int = 0, frames: Place | None = None) -> Any:
    """Build the estimator that tells languages apart where none is given.

    Parameters
    ----------
    languages : Task
        The languages are its classes.
    seed : int
        Of everything random.
    frames : Place, optional
        Which columns are packed frames, which it does not see.
    """
    return make_estimator("logistic", languages, seed, frames=frames)


def _fitted(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[Any],
    weight: Floats,
    known: dict[str, Any],
    rows: NDArray[np.intp] | None = None,
) -> Any:
    if rows is None:
        return fit_routed(clone(estimator), X, y, sample_weight=weight, **known)
    part = {name: None if value is None else value[rows] for name, value in known.items()}
    return fit_routed(clone(estimator), X[rows], y[rows], sample_weight=weight[rows], **part)


def _languages(language: ArrayLike | None, rows: int) -> NDArray[np.str_]:
    if language is None:
        raise ValueError("two-pass models must be told each row's language: fit(…, language=…)")
    spoken = np.asarray(language).astype(str)
    if spoken.shape != (rows,):
        raise ValueError(f"{rows} rows of features, languages of shape {spoken.shape}")
    nameless = int(np.count_nonzero(np.isin(spoken, ("", "nan", "None", "<NA>"))))
    if nameless:
        raise ValueError(f"{nameless} of {rows} rows have no language")
    return spoken
