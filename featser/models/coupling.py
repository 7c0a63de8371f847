"""Tasks that learn from each other, and when that is worth it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from featser.errors import TaskError, unknown
from featser.evaluation.folds import Split
from featser.evaluation.rows import Rows
from featser.models.choice import Judged, judged
from featser.models.couplers import Chain, Coupler, Powerset, Stacked, pair_of
from featser.models.multitask import MultiTaskEstimator, SampleWeight, primary_of
from featser.models.opinions import Opinions, Training, opinions_of, out_of_fold, part_of
from featser.tasks import Coupling, Task

COUPLERS: dict[str, type[Coupler]] = {"chain": Chain, "powerset": Powerset, "stacked": Stacked}
"""Name of a coupling → what makes it."""


class CoupledEstimator(MultiTaskEstimator):
    """Tasks of any kind that learn from each other; labels may be missing.

    Everything that passes from task to task while fitting is formed out of fold: inner folds by
    speaker, shared by all tasks, judge each utterance by estimators that never heard its speaker.

    Parameters
    ----------
    tasks : sequence of Task
        What to predict, two or more.
    estimators : mapping of str to estimator
        As :class:`~featser.models.multitask.MultiTaskEstimator` has them.
    coupling : {'independent', 'chain', 'powerset', 'stacked', 'auto'}
        ``chain``: the primary task's estimator also reads what the auxiliary tasks' say.
        ``powerset``: the primary and one auxiliary task are learnt as one, with a class for each
        combination. ``stacked``: a small linear head for each task upon what all estimators say.
        ``auto``: whichever has the highest headline metric of the primary task (UAR; CCC of a
        regression) on the inner folds, if it is above ``independent`` by more than noise: two
        standard errors of the gain, by leaving out a speaker at a time. All are judged upon the
        same opinions out of fold; so ``stacked`` is judged a little too low, since what its heads
        learn from was formed by estimators that heard the fold it is tested on.
    n_folds, seed : int
        Of the inner folds.

    Attributes
    ----------
    estimators_ : dict of str to estimator
        Fitted on all rows, of the tasks whose independent estimators are needed.
    coupler_ : Coupler or None
        None where the tasks stay independent.
    chosen_ : str
        The coupling that was fitted.
    inner_ : dict of str to float
        With ``auto`` each coupling's headline metric on the inner folds, ``independent`` first.
    notes_ : list of str
        What a reader must know.
    n_features_in_ : int

    Examples
    --------
    >>> model = CoupledEstimator(tasks, estimators, "chain")  # doctest: +SKIP
    >>> model.fit(X, labels, speaker=speaker).predict_proba(X)["emotion"]  # doctest: +SKIP
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        estimators: Mapping[str, Any],
        coupling: Coupling = "auto",
        n_folds: int = 4,
        seed: int = 0,
    ) -> None:
        super().__init__(tasks, estimators)
        self.coupling = coupling
        self.n_folds = n_folds
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: pd.DataFrame,
        sample_weight: SampleWeight = None,
        speaker: ArrayLike | None = None,
        lineage: NDArray[np.intp] | None = None,
        language: ArrayLike | None = None,
    ) -> CoupledEstimator:
        """Fit every task's estimator, and what couples them.

        Parameters
        ----------
        X, y, sample_weight, speaker, lineage
            As :meth:`featser.models.multitask.MultiTaskEstimator.fit` has them.
        language : array-like, shape (n,), optional
            Refused: tasks cannot be coupled and have a model for each language.

        Raises
        ------
        TaskError
            If languages are given, there is one task alone, or a task has nothing to learn from.
        ProtocolError
            If there are too few utterances for inner folds.
        """
        values: NDArray[Any] = validate_data(self, X, ensure_all_finite="allow-nan")
        self.refuse_mismatch(values, y)
        self._refuse_nothing_to_couple()
        if language is not None:
            raise TaskError(f"coupling {self.coupling} knows no languages: use independent tasks")
        voices = None if speaker is None else np.asarray(speaker)
        training = Training(values, y, sample_weight, voices, lineage)
        self.notes_ = []
        self.inner_: dict[str, float] = {}
        self.chosen_, heard = self._choose(training)
        self.coupler_: Coupler | None = None
        if self.chosen_ != "independent":
            ordered, estimators = self._ordered(), self.estimators
            coupler = COUPLERS[self.chosen_]().fit(training, heard, ordered, estimators)
            self.coupler_ = coupler
            self.notes_ += coupler.notes_
        alone = self._alone()
        self.estimators_ = alone.fit(values, y, **training.known).estimators_
        return self

    def _choose(self, training: Training) -> tuple[str, Opinions]:
        """Return the coupling to fit, and the opinions out of fold that it needs."""
        if self.coupling == "independent":
            return "independent", {}
        if self.coupling == "powerset":
            return self._joined_if_possible(training), {}
        ordered = self._ordered()
        folds = training.folds(ordered, self.n_folds, self.seed)
        needed = ordered[1:] if self.coupling == "chain" else ordered
        heard = out_of_fold(MultiTaskEstimator(needed, self.estimators), training, folds)
        if self.coupling != "auto":
            return self.coupling, heard
        return self._best(training, heard, folds), heard

    def _joined_if_possible(self, training: Training) -> str:
        if pair_of(self.tasks, training.y) is not None:
            return "powerset"
        name = primary_of(self.tasks).name
        self.notes_.append(
            f"coupling powerset: no auxiliary task with classes has labels for the same "
            f"utterances as '{name}', so all tasks stay independent"
        )
        return "independent"

    def _best(self, training: Training, heard: Opinions, folds: Sequence[Split]) -> str:
        """Choose by the primary task's headline metric on the inner folds."""
        ordered = self._ordered()
        primary = ordered[0]
        possible = dict(COUPLERS)
        if pair_of(ordered, training.y) is None:
            del possible["powerset"]
        tested = np.concatenate([test for _, test in folds])
        opinions = {"independent": heard[primary.name][tested]}
        for name, make in possible.items():
            revised = [
                make()
                .fit(training.part(train), part_of(heard, train), ordered, self.estimators)
                .revise(training.X[test], part_of(heard, test))[primary.name]
                for train, test in folds
            ]
            opinions[name] = np.concatenate(revised)
        labels = training.y[primary.name].iloc[tested]
        known = labels.notna().to_numpy()
        found = judged(
            primary,
            labels.to_numpy()[known],
            {name: _verdict(primary, values[known]) for name, values in opinions.items()},
            None if training.speaker is None else training.speaker[tested][known],
        )
        self.inner_ = found.value
        self.notes_.append(_told(found, primary))
        return found.best

    def fit_batches(
        self, X: Rows, y: pd.DataFrame, sample_weight: SampleWeight = None
    ) -> CoupledEstimator:
        """Refuse: inner folds need all features at once.

        Raises
        ------
        TaskError
            Always.
        """
        refuse_batches(self.coupling)
        raise TaskError("a CoupledEstimator cannot learn from batches; use a MultiTaskEstimator")

    def predict(self, X: ArrayLike) -> pd.DataFrame:
        """Return a column of predictions for each task: class names, or numbers.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.

        Returns
        -------
        DataFrame, n rows
            With the index of X where X is a DataFrame.
        """
        index = X.index if isinstance(X, pd.DataFrame) else None
        opinions = self._opinions(X)
        columns = {task.name: _verdict(task, opinions[task.name]) for task in self.tasks}
        return pd.DataFrame(columns, index=index)

    def predict_proba(self, X: ArrayLike) -> dict[str, pd.DataFrame]:
        """Return, for each task with classes, a table of probabilities.

        Parameters
        ----------
        X : array-like, shape (n, d)
            Features.

        Returns
        -------
        dict of str to DataFrame
            A column for each class; rows sum to 1. A class that training lacked has 0.
        """
        index = X.index if isinstance(X, pd.DataFrame) else None
        opinions = self._opinions(X)
        return {
            task.name: pd.DataFrame(opinions[task.name], index=index, columns=list(task.classes))
            for task in self.tasks
            if task.categorical
        }

    def _opinions(self, X: ArrayLike) -> Opinions:
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        alone = self._alone()
        alone.estimators_ = self.estimators_
        opinions = opinions_of(alone, values)
        if self.coupler_ is None:
            return opinions
        return opinions | self.coupler_.revise(values, opinions)

    def _alone(self) -> MultiTaskEstimator:
        """Return the tasks whose own estimators, without the others', are needed."""
        coupler = self.coupler_
        needed = [
            task
            for task in self.tasks
            if coupler is None or task.name in coupler.inputs_ or task.name not in coupler.revised_
        ]
        return MultiTaskEstimator(needed, self.estimators)

    def _ordered(self) -> list[Task]:
        """Return the tasks, the primary one first."""
        primary = primary_of(self.tasks)
        return [primary, *(task for task in self.tasks if task is not primary)]

    def _refuse_nothing_to_couple(self) -> None:
        if self.coupling not in get_args(Coupling):
            raise TaskError(unknown("coupling", self.coupling, get_args(Coupling)))
        if self.coupling != "independent" and len(self.tasks) < 2:
            raise TaskError(
                f"--coupling {self.coupling} needs an auxiliary task beside "
                f"'{primary_of(self.tasks).name}'; name one with --task, or use "
                f"--coupling independent"
            )


def refuse_batches(coupling: str, select: str = "none") -> None:
    """Refuse what needs all features at once.

    Raises
    ------
    TaskError
        If tasks are coupled or features selected.
    """
    for option, value, plain in (
        ("coupling", coupling, "independent"),
        ("select", select, "none"),
    ):
        if value != plain:
            raise TaskError(
                f"--{option} {value} needs all features in memory and cannot learn from batches; "
                f"use --{option} {plain}, or leave --batches out"
            )


def _verdict(task: Task, opinion: NDArray[np.float64]) -> NDArray[Any]:
    if not task.categorical:
        return opinion[:, 0]
    names: NDArray[Any] = np.asarray(task.classes, dtype=object)
    chosen: NDArray[Any] = names[np.argmax(opinion, axis=1)]
    return chosen


def _told(found: Judged, task: Task) -> str:
    others = [
        f"{name} {gain:+.3f} (standard error {found.error[name]:.3f})"
        for name, gain in found.gain.items()
    ]
    return (
        f"coupling auto chose {found.best} by {found.metric.upper()} of '{task.name}' on inner "
        f"folds: {found.first} {found.value[found.first]:.3f}; against it {', '.join(others)}"
    )
