"""Out-of-fold predictions: every utterance is predicted by a model of the other folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from featser.errors import TaskError, shortened
from featser.evaluation.auxiliary_rows import AuxiliaryRows
from featser.evaluation.estimator_names import estimator_names
from featser.evaluation.fit_identity import ALL, identities
from featser.evaluation.prediction_tables import out_of_fold_table
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.rows import Rows, rows_of
from featser.evaluation.training_copies import Copies, TrainingSet, training_set
from featser.one_thread import one_thread
from featser.progress import Progress, silent
from featser.tasks import Task
from featser.workers.joblib_workers import parallel

CHOSEN = "chosen"
IDENTIFIED = "identified"


class FitCache(Protocol):
    """A cache of finished fits, by the identity of everything that they depend on."""

    def fold(self, identity: str) -> pd.DataFrame | None:
        """Return the predictions of a fold's test set; None if they are not cached."""

    def model(self, identity: str) -> Any | None:
        """Return the model fitted on all rows; None if it is not cached."""

    def keep_fold(self, identity: str, predictions: pd.DataFrame) -> None:
        """Store the predictions that :meth:`fold` returns."""

    def keep_model(self, identity: str, model: Any) -> None:
        """Store the model that :meth:`model` returns."""


@dataclass(frozen=True, eq=False)
class View:
    """Some rows of a test set as they are predicted.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
    X : ndarray of float32, or Rows, shape (m, d)
        Their features.
    named : dict
        Columns of the predictions that distinguish this view from others of the same rows.
    """

    rows: NDArray[np.intp]
    X: NDArray[np.float32] | Rows
    named: dict[str, int] = field(default_factory=dict)


class Adaptation(Protocol):
    """How features are made comparable across speakers, estimated on a training set."""

    def fit(self, training: TrainingSet) -> tuple[Any, TrainingSet]:
        """Return a fitted normaliser, and the training set normalised by it."""

    def views(
        self, normalizer: Any, features: NDArray[np.float32] | Rows, test: NDArray[np.intp]
    ) -> Iterator[View]:
        """Yield the views in which the rows of a test set are predicted."""


@dataclass
class CrossFit:
    """The result of a cross-validation.

    Attributes
    ----------
    predictions : DataFrame
        A row for each that is tested, its row number being the index (for each view of it, where
        an adaptation has several, with what names the view): ``fold``, and for each task
        ``{task}.true``, ``{task}.pred``, ``{task}.baseline`` (the most frequent class, or the
        mean, of that fold's training set), and for tasks with classes ``{task}.p[{class}]``.
    model : estimator
        Fitted on all rows; None where none was asked for.
    notes : list of str
        Remarks for the reader, such as a class that a training set lacks.
    reused : int
        How many of the fits were taken from the cache.
    normalizer : object
        What an adaptation fitted on all rows; None without one.
    chosen : dict
        ``all``, or a fold's number → what that model chose by itself, such as tuned settings;
        models without a choice are left out.
    identified : Series of str
        For each row of ``predictions`` the language that its fold's model identified; missing
        where it identified none.
    """

    predictions: pd.DataFrame
    model: Any
    notes: list[str]
    reused: int = 0
    normalizer: Any = None
    chosen: dict[str, Any] = field(default_factory=dict)
    identified: pd.Series[Any] = field(default_factory=lambda: pd.Series(dtype="str"))


def cross_fit(
    model: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    fold: Folds | NDArray[np.intp],
    unit: NDArray[np.str_] | None,
    tasks: Sequence[Task],
    n_jobs: int = -1,
    progress: Progress = silent,
    copies: Copies | None = None,
    cache: FitCache | None = None,
    final: bool = True,
    adapt: Adaptation | None = None,
    language: NDArray[np.str_] | None = None,
    auxiliary: AuxiliaryRows | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> CrossFit:
    """Predict every utterance by a model fitted on the other folds, and fit one model on all.

    Parameters
    ----------
    model : MultiTaskEstimator
        Unfitted; it is cloned for every fold.
    X : ndarray of float32, or Rows, shape (n, d)
        Features. Of :class:`~featser.evaluation.rows.Rows` no more than a batch is held at a
        time, and the model is fitted by its ``fit_batches``.
    labels : DataFrame, n rows
        A column for each task; missing labels are missing.
    fold : Folds, or ndarray of int, shape (n,)
        Which rows each fold tests and is trained on; or the fold in which each row is tested,
        which is then trained on all others.
    unit : ndarray of str, shape (n,), optional
        What the estimators' own inner folds keep together: the speakers, or
        :func:`~featser.evaluation.protocols.folding.independent_units`.
    tasks : sequence of Task
        What is predicted.
    n_jobs : int
        Folds at once, as joblib counts.
    progress : callable
        Called with the fits done and in all.
    copies : Copies, optional
        Augmented copies of rows. A training set has those that are made of its rows alone. They
        are never predicted.
    cache : FitCache, optional
        Fits are read from it where it has them, and stored one by one as they finish.
    final : bool
        Whether a model is also fitted on all.
    adapt : Adaptation, optional
        How features are normalised, fitted on each training set before the model.
    language : ndarray of str, shape (n,), optional
        Which language is spoken, for a model that needs it; only that of training rows is used.
    auxiliary : AuxiliaryRows, optional
        Rows of other corpora that every training set has; they are never predicted.
    meanwhile : callable, optional
        Called once, in this process, while others fit.

    Returns
    -------
    CrossFit
        Predictions in the order of the rows, the model fitted on all, and notes.

    Raises
    ------
    TaskError
        If a training set has fewer than two classes of a task, or an estimator refuses it.
    """
    from joblib import delayed

    plan = Folds.of(fold)
    folds = [ALL, *range(plan.count)] if final else list(range(plan.count))
    notes = [note for task in tasks for note in _absent_classes(task, labels[task.name], plan)]
    identity_of_fold: dict[int, str] = {}
    if cache is not None:
        identity_of_fold = identities(
            model, X, labels, plan, unit, tasks, folds, copies, adapt, language, auxiliary
        )
    results = {} if cache is None else _cached_results(cache, identity_of_fold, plan)
    missing = [k for k in folds if k not in results]
    reused = len(results)
    jobs = (
        delayed(_fit_one)(
            model, X, labels, plan, unit, tasks, k, copies, adapt, language, auxiliary
        )
        for k in missing
    )
    workers = parallel(n_jobs, return_as="generator_unordered", batch_size=1)
    progress(reused, len(folds))
    fitting = workers(jobs)
    if meanwhile is not None:
        meanwhile()
    for number, result in fitting:
        if cache is not None:
            _store_result(cache, identity_of_fold[number], number, result, plan)
        results[number] = result
        progress(len(results), len(folds))
    notes += _by_fold({number: _noted(results[number]) for number in sorted(results)})
    fitted = results.pop(ALL, None)
    normalizer = None
    if adapt is not None and final:
        normalizer, _ = adapt.fit(training_set(X, plan.train(ALL), copies))
    chosen = _chosen(results, fitted)
    # Stable: the views of a row stay in the order of their fold, whichever fold finished first.
    table = pd.concat(results.values()).sort_index(kind="stable")
    identified = table.pop(IDENTIFIED) if IDENTIFIED in table else pd.Series(np.nan, table.index)
    return CrossFit(table, fitted, notes, reused, normalizer, chosen, identified)


def _chosen(folds: dict[int, Any], fitted: Any) -> dict[str, Any]:
    """Return what models chose, taking it from the folds' tables."""
    chosen = {str(k): folds[k].attrs.pop(CHOSEN, None) for k in sorted(folds)}
    chosen["all"] = getattr(fitted, "tuned_", None)
    return {name: choice for name, choice in chosen.items() if choice}


def _cached_results(
    cache: FitCache, identity_of_fold: dict[int, str], plan: Folds
) -> dict[int, Any]:
    """Return the cached fits, as :func:`_fit_one` returns them."""
    results: dict[int, Any] = {}
    for number, identity in identity_of_fold.items():
        if number == ALL:
            result = cache.model(identity)
        elif (result := cache.fold(identity)) is not None:
            result.index = pd.Index(plan.tested(number)[result.pop("position")])
            result.insert(0, "fold", number)
        if result is not None:
            results[number] = result
    return results


def _store_result(cache: FitCache, identity: str, number: int, result: Any, plan: Folds) -> None:
    if number == ALL:
        cache.keep_model(identity, result)
        return
    # Positions of rows and the number of the fold may differ under another protocol.
    position = np.searchsorted(plan.tested(number), result.index.to_numpy())
    table = result.drop(columns="fold").reset_index(drop=True)
    cache.keep_fold(identity, table.assign(position=position))


def fit_fold(
    model: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    fold: Folds,
    unit: NDArray[np.str_] | None,
    number: int,
    copies: Copies | None = None,
    adapt: Adaptation | None = None,
    language: NDArray[np.str_] | None = None,
    auxiliary: AuxiliaryRows | None = None,
) -> tuple[Any, Any]:
    """Return the model fitted on a fold's training set, and the normaliser of an adaptation.

    Parameters
    ----------
    model, X, labels, fold, unit, copies, adapt, language, auxiliary
        As :func:`cross_fit` has them.
    number : int
        The fold; -1 for all rows.

    Raises
    ------
    TaskError
        As :func:`cross_fit`, naming the fold.
    """
    part = training_set(X, fold.train(number), copies)
    normalizer, part = (None, part) if adapt is None else adapt.fit(part)
    where = "all data" if number == ALL else f"the training set of fold {number}"
    try:
        return _fitted(clone(model), part, labels, unit, language, auxiliary), normalizer
    except TaskError as error:
        raise TaskError(f"{where}: {error}") from error
    except ValueError as error:
        why = f"{estimator_names(model)} cannot be fitted: {shortened(str(error))}"
        raise TaskError(f"{where}: {why}") from error


def _fit_one(
    model: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    fold: Folds,
    unit: NDArray[np.str_] | None,
    tasks: Sequence[Task],
    number: int,
    copies: Copies | None,
    adapt: Adaptation | None,
    language: NDArray[np.str_] | None,
    auxiliary: AuxiliaryRows | None,
) -> tuple[int, Any]:
    train, test = fold.train(number), fold.tested(number)
    # One BLAS thread a fold: folds run side by side, and sums have one order everywhere.
    with one_thread():
        fitted, normalizer = fit_fold(
            model, X, labels, fold, unit, number, copies, adapt, language, auxiliary
        )
        if number == ALL:
            return number, fitted
        views = (
            [View(test, rows_of(X, test))] if adapt is None else adapt.views(normalizer, X, test)
        )
        tables = []
        for view in views:
            table = _predicted(fitted, view, labels, labels.iloc[train], tasks)
            tables.append(table if language is None else _identified(fitted, table, view))
    table = pd.concat(tables)
    table.insert(0, "fold", number)
    table.attrs["notes"] = list(getattr(fitted, "notes_", ()))
    # A fold is cached as its table, with these attributes.
    table.attrs[CHOSEN] = getattr(fitted, "tuned_", {})
    return number, table


def _predicted(
    fitted: Any,
    view: View,
    labels: pd.DataFrame,
    training_labels: pd.DataFrame,
    tasks: Sequence[Task],
) -> pd.DataFrame:
    table = out_of_fold_table(fitted, view.X, labels.iloc[view.rows], training_labels, tasks)
    table.index = pd.Index(view.rows)
    return table.assign(**view.named)


def _identified(fitted: Any, table: pd.DataFrame, view: View) -> pd.DataFrame:
    """Add the language that the model identified in each row."""
    languages = fitted.identify(view.X)
    return table if languages is None else table.assign(**{IDENTIFIED: languages})


def _noted(result: Any) -> list[str]:
    """Return what a fold's model, or the one of all data, noted."""
    if isinstance(result, pd.DataFrame):
        return list(result.attrs.pop("notes", ()))
    return list(getattr(result, "notes_", ()))


def _by_fold(notes_of_fold: dict[int, list[str]]) -> Iterator[str]:
    """Yield what the models of the folds noted: once where all of them have the same note."""
    numbers = sorted(notes_of_fold)
    for note in dict.fromkeys(note for number in numbers for note in notes_of_fold[number]):
        where = [number for number in numbers if note in notes_of_fold[number]]
        if len(where) == len(notes_of_fold):
            yield note
            continue
        named = ["the model of all data" if number == ALL else f"fold {number}" for number in where]
        yield f"{', '.join(named)}: {note}"


def _fitted(
    model: Any,
    part: TrainingSet,
    labels: pd.DataFrame,
    unit: NDArray[np.str_] | None,
    language: NDArray[np.str_] | None,
    auxiliary: AuxiliaryRows | None,
) -> Any:
    y = labels.iloc[part.row]
    if isinstance(part.X, Rows):
        return model.fit_batches(part.X, y)
    fit_arguments: dict[str, Any] = {"speaker": None if unit is None else unit[part.row]}
    if part.provenance is not None:
        fit_arguments["provenance"] = part.provenance
    if language is not None:
        fit_arguments["language"] = language[part.row]
    X = part.X
    if auxiliary is not None:
        X, y, fit_arguments = auxiliary.join(part, fit_arguments, y)
    return model.fit(X, y, **fit_arguments)


def _absent_classes(task: Task, labels: pd.Series, fold: Folds) -> Iterator[str]:
    if not task.categorical:
        return
    for number, (train, test) in enumerate(fold.splits()):
        training_classes = set(labels.iloc[train].dropna())
        lacking = sorted(set(labels.iloc[test].dropna()) - training_classes)
        if lacking:
            name = fold.names[number] if fold.names else number
            yield (
                f"fold {name}: its training set has no '{task.name}' of class "
                f"{', '.join(map(str, lacking))}, so these utterances cannot be recognised"
            )
