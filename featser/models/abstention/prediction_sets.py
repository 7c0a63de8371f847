"""Prediction sets of a fitted model at one coverage, as columns of a table of predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from featser.errors import TaskError, counted
from featser.evaluation.conformal import BETWEEN, Calibration, in_set, speakers_needed
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.tasks import Task

Calibrations = Mapping[str, Calibration]


def set_columns(
    calibrations: Calibrations,
    predicted: pd.DataFrame,
    tasks: Sequence[Task],
    coverage: float,
    *,
    of_windows: bool = False,
) -> pd.DataFrame:
    """Return the prediction set of each row and task.

    Parameters
    ----------
    calibrations : mapping of str to Calibration
        By task, such as ``calibrations_`` of a fitted model.
    predicted : DataFrame, n rows
        ``{task}.p[{class}]``.
    tasks : sequence of Task
        Of the model.
    coverage : float
        The probability with which a set has the true class.
    of_windows : bool
        Whether the calibration is of windows: a class that no window of it had is then in every
        set, because the model was fitted on it.

    Returns
    -------
    DataFrame, n rows
        For each task with a calibration ``{task}.set``, the classes with " | " between them, and
        ``{task}.abstains``, whether the set has not exactly one class. Classes that the model was
        not calibrated on, since corpora do not share them, are in no set.

    Raises
    ------
    TaskError
        If no task has a calibration, or the coverage is not between 0 and 1.

    Examples
    --------
    >>> table = pd.DataFrame({"mood.p[good]": [0.95, 0.6], "mood.p[low]": [0.05, 0.4]})
    >>> scores = [[0.1], [0.2], [0.3], [0.45]]
    >>> calibrations = {"mood": Calibration({"good": scores, "low": scores})}
    >>> sets = set_columns(calibrations, table, [Task("mood", classes=("good", "low"))], 0.8)
    >>> sets["mood.set"].tolist(), sets["mood.abstains"].tolist()
    (['good', 'good'], [False, False])
    """
    calibrated = [task for task in tasks if task.name in calibrations]
    refuse_no_calibration(calibrations, tasks)
    columns = {}
    for task in calibrated:
        probabilities = predicted[[f"{task.name}.p[{name}]" for name in task.classes]]
        p_values = calibrations[task.name].p_values(probabilities.to_numpy(dtype=float))
        sets = in_set(p_values, coverage) & (of_windows | calibrations[task.name].is_scored)
        classes = np.asarray(task.classes, dtype=object)
        columns[f"{task.name}.set"] = [BETWEEN.join(classes[row]) for row in sets]
        columns[f"{task.name}.abstains"] = sets.sum(axis=1) != 1
    return pd.DataFrame(columns, index=predicted.index)


def refuse_no_calibration(calibrations: Calibrations, tasks: Sequence[Task]) -> None:
    """Refuse prediction sets of a model that has no classes, or was not calibrated.

    Raises
    ------
    TaskError
        If every task is a regression, or none has a calibration.

    Examples
    --------
    >>> refuse_no_calibration({}, [Task("arousal", "regression")])
    Traceback (most recent call last):
    featser.errors.TaskError: the model predicts numbers (arousal), and prediction sets are of \
classes: leave --coverage out
    """
    if not any(task.categorical for task in tasks):
        names = ", ".join(task.name for task in tasks)
        raise TaskError(
            f"the model predicts numbers ({names}), and prediction sets are of classes: leave "
            f"--coverage out"
        )
    if not calibrations:
        raise TaskError(
            "the model has no calibration scores for prediction sets: leave --coverage out, or fit "
            "it again with this featser and a model that leaves speakers out while it is fitted, "
            "such as vote, kernel, logistic or svm, without --select, --two-pass, --joint or "
            "--batches"
        )


def calibrated_by_speaker(training: Mapping[str, Any]) -> bool:
    """Return whether a model was calibrated on left-out speakers.

    Parameters
    ----------
    training : mapping
        What a bundle says of its training.
    """
    protocol = next(iter(training.get("protocols", ())), "")
    is_optimistic = protocol in PROTOCOLS and PROTOCOLS[protocol].optimistic
    return bool(training.get("speakers")) and not is_optimistic


def set_notes(
    calibrations: Calibrations,
    tasks: Sequence[Task],
    coverage: float,
    by_speaker: bool,
    *,
    of_windows: bool = False,
) -> list[str]:
    """Say what limits the prediction sets of a model.

    Parameters
    ----------
    calibrations, tasks, coverage, of_windows
        As :func:`set_columns` takes them.
    by_speaker : bool
        Whether whole speakers were left out for the calibration.

    Examples
    --------
    >>> scores = Calibration({"good": [[0.1], [0.2]], "low": [[0.3], [0.1]]})
    >>> set_notes({"mood": scores}, [Task("mood", classes=("good", "low"))], 0.8, True)[0][:64]
    'mood: coverage 0.8 needs 4 speakers of each class in training; g'
    """
    notes = []
    needed = speakers_needed(coverage)
    for task in tasks:
        calibration = calibrations.get(task.name)
        if calibration is None:
            why = "it has no classes" if not task.categorical else "its model left no speakers out"
            notes.append(f"{task.name}: no prediction sets, because {why}")
            continue
        unscored = [name for name, count in calibration.n_speakers.items() if not count]
        if unscored and of_windows:
            notes.append(
                f"{task.name}: every set has {', '.join(unscored)}, because no window was "
                f"calibrated on {'it' if len(unscored) == 1 else 'them'}: a shorter --window and "
                f"--hop have more"
            )
        elif unscored:
            notes.append(
                f"{task.name}: no set has {', '.join(unscored)}: the model was not fitted on "
                f"{'this class' if len(unscored) == 1 else 'these classes'}, such as where corpora "
                f"do not share one"
            )
        few = [one for one in calibration.without_verdict(coverage) if one not in unscored]
        if few:
            have = ", ".join(f"{name} has {calibration.n_speakers[name]}" for name in few)
            notes.append(
                f"{task.name}: coverage {coverage:g} needs {counted(needed, 'speaker')} of each "
                f"class in training; {have}, so every set has these classes. Use a lower coverage"
            )
    if not by_speaker:
        notes.append(
            "the prediction sets are calibrated on left-out recordings, not on left-out speakers: "
            "their coverage holds for new recordings of the training speakers only"
        )
    return notes
