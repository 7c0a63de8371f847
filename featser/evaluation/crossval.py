"""Out-of-fold predictions: every utterance predicted by a model that never heard its fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from featser.errors import TaskError
from featser.evaluation.copies import Copies, TrainingPart, training_part
from featser.evaluation.folds import Folds
from featser.evaluation.identity import ALL, identities
from featser.evaluation.rows import Rows, rows_of
from featser.progress import Progress, silent
from featser.tasks import Task

CHOSEN = "chosen"
IDENTIFIED = "identified"


class Kept(Protocol):
    """Where finished fits are kept, by the identity of all that they depend on."""

    def fold(self, identity: str) -> pd.DataFrame | None:
        """Return what was predicted for a fold's test part; None if that is not kept."""

    def model(self, identity: str) -> Any | None:
        """Return the model fitted on all; None if it is not kept."""

    def keep_fold(self, identity: str, predictions: pd.DataFrame) -> None:
        """Keep what :meth:`fold` is to return."""

    def keep_model(self, identity: str, model: Any) -> None:
        """Keep what :meth:`model` is to return."""


@dataclass(frozen=True, eq=False)
class View:
    """Some rows of a test part as they are predicted.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
    X : ndarray of float32, or Rows, shape (m, d)
        Their features.
    named : dict
        Columns of the predictions that tell this view from others of the same rows.
    """

    rows: NDArray[np.intp]
    X: NDArray[np.float32] | Rows
    named: dict[str, int] = field(default_factory=dict)


class Adaptation(Protocol):
    """How features are made comparable across speakers by what a training part teaches."""

    def learn(self, part: TrainingPart) -> tuple[Any, TrainingPart]:
        """Return what is learnt from a training part, and the part made comparable by it."""

    def views(
        self, learnt: Any, features: NDArray[np.float32] | Rows, test: NDArray[np.intp]
    ) -> Iterator[View]:
        """Yield the ways in which the rows of a test part are predicted."""


@dataclass
class CrossFit:
    """What cross-validation gives.

    Attributes
    ----------
    predictions : DataFrame
        A row for each that is tested, its row number being the index (for each view of it, where
        an adaptation has several, with what names the view): ``fold``, and for each task
        ``{task}.true``, ``{task}.pred``, ``{task}.baseline`` (the most frequent class, or the
        mean, of that fold's training part), and for tasks with classes ``{task}.p[{class}]``.
    model : estimator
        Fitted on all rows; None where none was asked for.
    notes : list of str
        What a reader must know, such as a class that a training part lacked.
    reused : int
        How many of the fits were kept from before.
    learnt : object
        What an adaptation learnt from all rows; None without one.
    chosen : dict
        ``all``, or a fold's number → what that model chose for itself, such as settings that were
        tuned; those that had nothing to choose are not there.
    identified : Series of str
        For each row of ``predictions`` the language that its fold's model took it for; missing
        where the model identified none.
    """

    predictions: pd.DataFrame
    model: Any
    notes: list[str]
    reused: int = 0
    learnt: Any = None
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
    kept: Kept | None = None,
    final: bool = True,
    adapt: Adaptation | None = None,
    language: NDArray[np.str_] | None = None,
) -> CrossFit:
    """Predict every utterance by a model fitted on the other folds, and fit one model on all.

    Parameters
    ----------
    model : MultiTaskEstimator
        Unfitted; it is cloned for every fold.
    X : ndarray of float32, or Rows, shape (n, d)
        Features. Of :class:`~featser.evaluation.rows.Rows` no more than a batch is held at a
        time, and the model learns by its ``fit_batches``.
    labels : DataFrame, n rows
        A column for each task; missing labels are missing.
    fold : Folds, or ndarray of int, shape (n,)
        Which rows each fold tests and learns from; or the fold in which each row is tested, where
        it learns from all others.
    unit : ndarray of str, shape (n,), optional
        What the estimators' own inner folds keep together: the speakers, or
        :func:`~featser.evaluation.protocols.independent_units`.
    tasks : sequence of Task
        What is predicted.
    n_jobs : int
        Folds at once, as joblib counts.
    progress : callable
        Called with the fits done and in all.
    copies : Copies, optional
        Augmented copies of rows. A training part has those that are made of its rows alone; none
        is ever predicted.
    kept : Kept, optional
        Where fits are looked for before they are done, and kept one by one as they are done.
    final : bool
        Whether a model is also fitted on all.
    adapt : Adaptation, optional
        What is learnt of speakers in each training part, before the model.
    language : ndarray of str, shape (n,), optional
        Which language is spoken, for a model that asks for it: of the rows it learns from alone.

    Returns
    -------
    CrossFit
        Predictions in the order of the rows, the model fitted on all, and notes.

    Raises
    ------
    TaskError
        If a training part has fewer than two classes of a task.
    """
    from joblib import Parallel, delayed

    plan = Folds.of(fold)
    folds = [ALL, *range(plan.count)] if final else list(range(plan.count))
    notes = [note for task in tasks for note in _absent_classes(task, labels[task.name], plan)]
    known: dict[int, str] = {}
    if kept is not None:
        known = identities(model, X, labels, plan, unit, tasks, folds, copies, adapt, language)
    results = {} if kept is None else _found(kept, known, plan)
    missing = [k for k in folds if k not in results]
    reused = len(results)
    jobs = (
        delayed(_fit_one)(model, X, labels, plan, unit, tasks, k, copies, adapt, language)
        for k in missing
    )
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    progress(reused, len(folds))
    for number, result in parallel(jobs):
        if kept is not None:
            _keep(kept, known[number], number, result, plan)
        results[number] = result
        progress(len(results), len(folds))
    notes += _by_fold({number: _noted(results[number]) for number in sorted(results)})
    fitted = results.pop(ALL, None)
    learnt = None
    if adapt is not None and final:
        learnt, _ = adapt.learn(training_part(X, plan.train(ALL), copies))
    chosen = _chosen(results, fitted)
    # Stable: several views of a row stay as their fold had them, whichever fold was done first.
    table = pd.concat(results.values()).sort_index(kind="stable")
    heard = table.pop(IDENTIFIED) if IDENTIFIED in table else pd.Series(np.nan, table.index)
    return CrossFit(table, fitted, notes, reused, learnt, chosen, heard)


def _chosen(folds: dict[int, Any], fitted: Any) -> dict[str, Any]:
    """Return what models chose, taking it from the folds' tables."""
    chosen = {str(k): folds[k].attrs.pop(CHOSEN, None) for k in sorted(folds)}
    chosen["all"] = getattr(fitted, "tuned_", None)
    return {name: choice for name, choice in chosen.items() if choice}


def _found(kept: Kept, known: dict[int, str], plan: Folds) -> dict[int, Any]:
    """Return the fits that are kept, as :func:`_fit_one` returns them."""
    found: dict[int, Any] = {}
    for number, identity in known.items():
        if number == ALL:
            result = kept.model(identity)
        elif (result := kept.fold(identity)) is not None:
            result.index = pd.Index(plan.tested(number)[result.pop("position")])
            result.insert(0, "fold", number)
        if result is not None:
            found[number] = result
    return found


def _keep(kept: Kept, identity: str, number: int, result: Any, plan: Folds) -> None:
    if number == ALL:
        kept.keep_model(identity, result)
        return
    # Where its rows stand, and which fold it is, may be otherwise under another protocol.
    position = np.searchsorted(plan.tested(number), result.index.to_numpy())
    table = result.drop(columns="fold").reset_index(drop=True)
    kept.keep_fold(identity, table.assign(position=position))


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
) -> tuple[int, Any]:
    from threadpoolctl import threadpool_limits

    train, test = fold.train(number), fold.tested(number)
    part = training_part(X, train, copies)
    learnt, part = (None, part) if adapt is None else adapt.learn(part)
    # One BLAS thread a fold: folds run side by side, and sums have one order everywhere.
    with threadpool_limits(1):
        try:
            fitted = _fitted(clone(model), part, labels, unit, language)
        except TaskError as error:
            where = "all data" if number == ALL else f"the training part of fold {number}"
            raise TaskError(f"{where}: {error}") from error
        if number == ALL:
            return number, fitted
        views = [View(test, rows_of(X, test))] if adapt is None else adapt.views(learnt, X, test)
        tables = []
        for view in views:
            table = _predicted(fitted, view, labels, labels.iloc[train], tasks)
            tables.append(table if language is None else _identified(fitted, table, view))
    table = pd.concat(tables)
    table.insert(0, "fold", number)
    table.attrs["notes"] = list(getattr(fitted, "notes_", ()))
    # What is kept of a fold is its table, and this with it.
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
    """Add which language a model that identifies one takes each row for."""
    told = fitted.identify(view.X)
    return table if told is None else table.assign(**{IDENTIFIED: told})


def _noted(result: Any) -> list[str]:
    """Return what a fold's model, or the one of all data, noted."""
    if isinstance(result, pd.DataFrame):
        return list(result.attrs.pop("notes", ()))
    return list(getattr(result, "notes_", ()))


def _by_fold(said: dict[int, list[str]]) -> Iterator[str]:
    """Yield what the models of the folds noted: once where all of them say the same."""
    for note in dict.fromkeys(note for number in sorted(said) for note in said[number]):
        where = [number for number in sorted(said) if note in said[number]]
        if len(where) == len(said):
            yield note
            continue
        named = ["the model of all data" if number == ALL else f"fold {number}" for number in where]
        yield f"{', '.join(named)}: {note}"


def _fitted(
    model: Any,
    part: TrainingPart,
    labels: pd.DataFrame,
    unit: NDArray[np.str_] | None,
    language: NDArray[np.str_] | None,
) -> Any:
    y = labels.iloc[part.row]
    if isinstance(part.X, Rows):
        return model.fit_batches(part.X, y)
    known: dict[str, Any] = {"speaker": None if unit is None else unit[part.row]}
    if part.lineage is not None:
        known["lineage"] = part.lineage
    if language is not None:
        known["language"] = language[part.row]
    return model.fit(part.X, y, **known)


def out_of_fold_table(
    fitted: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    training_labels: pd.DataFrame,
    tasks: Sequence[Task],
) -> pd.DataFrame:
    """Set truth, prediction, baseline and probabilities of a test part side by side."""
    table = prediction_table(fitted, X, tasks)
    for position, task in enumerate(tasks):
        table.insert(3 * position, f"{task.name}.true", labels[task.name].to_numpy())
        baseline = _baseline(task, training_labels[task.name])
        table.insert(3 * position + 2, f"{task.name}.baseline", baseline)
    return table


def prediction_table(
    fitted: Any, X: NDArray[np.float32] | Rows, tasks: Sequence[Task]
) -> pd.DataFrame:
    """Return every task's prediction, ``{task}.pred``, then ``{task}.p[{class}]``."""
    if isinstance(X, Rows):
        tables = [prediction_table(fitted, batch, tasks) for batch in X.batches()]
        return pd.concat(tables, ignore_index=True)
    predicted, probabilities = fitted.predict(X), fitted.predict_proba(X)
    columns = {f"{task.name}.pred": predicted[task.name].to_numpy() for task in tasks}
    for task in tasks:
        if task.categorical:
            for name in task.classes:
                values = probabilities[task.name][name].to_numpy(dtype=np.float32)
                columns[f"{task.name}.p[{name}]"] = values
    return pd.DataFrame(columns)


def _baseline(task: Task, training: pd.Series) -> Any:
    known = training.dropna()
    return known.mode().iloc[0] if task.categorical else float(known.astype(float).mean())


def _absent_classes(task: Task, labels: pd.Series, fold: Folds) -> Iterator[str]:
    if not task.categorical:
        return
    for number, (train, test) in enumerate(fold.splits()):
        there = set(labels.iloc[train].dropna())
        lacking = sorted(set(labels.iloc[test].dropna()) - there)
        if lacking:
            yield (
                f"fold {number}: its training part has no '{task.name}' of class "
                f"{', '.join(map(str, lacking))}, so these utterances cannot be recognised"
            )
