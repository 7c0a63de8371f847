"""What a model says of windows beside its predictions: marks and prediction sets."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from featser.errors import TaskError
from featser.models.abstention.measures import MEASURES
from featser.models.abstention.new_recordings import domain_notes
from featser.models.abstention.prediction_sets import (
    refuse_no_calibration,
    set_columns,
    set_notes,
)
from featser.models.abstention.training_domain import TrainingDomain
from featser.models.abstention.window_calibration import WindowCalibration, calibration_of
from featser.tasks import Task
from featser.timelines.marks.window_facts import Doubles, facts_of_windows
from featser.timelines.window_plan import HOP_S, WINDOW_S, WindowPlan

RUN = "RUN"
"""What stands for a run whose folder is not known."""


@dataclass(frozen=True, eq=False)
class WindowAbstention:
    """What of a model is about windows of one length.

    Attributes
    ----------
    plan : WindowPlan
        Windows and hop.
    tasks : sequence of Task
        What the model predicts.
    domain : TrainingDomain or None
        What the training recordings were like.
    calibration : WindowCalibration or None
        For these windows.
    coverage : float or None
        Of prediction sets; None for no sets.
    run : str
        What ``featser calibrate`` calls the run of the model; empty for a model that it cannot
        calibrate: that of the open corpora, and one of enrolled speakers.
    """

    plan: WindowPlan
    tasks: Sequence[Task]
    domain: TrainingDomain | None
    calibration: WindowCalibration | None
    coverage: float | None = None
    run: str = RUN

    @classmethod
    def of(
        cls,
        plan: WindowPlan,
        tasks: Sequence[Task],
        domain: TrainingDomain | None,
        windows: Sequence[WindowCalibration],
        coverage: float | None,
        run: str = RUN,
    ) -> WindowAbstention:
        """Choose the calibration for windows among those of a model.

        Raises
        ------
        TaskError
            If there are to be prediction sets, and the model has no classes, or is not calibrated
            for such windows.
        """
        calibration = calibration_of(windows, plan.window_s, plan.hop_s)
        if coverage is not None and not any(task.categorical for task in tasks):
            refuse_no_calibration({}, tasks)
        if coverage is not None and (calibration is None or not calibration.calibrations):
            raise TaskError(
                f"the model is not calibrated for {windows_in_words(plan)}, and its calibration "
                f"on whole recordings does not hold for them: {_remedy(plan, run)}"
            )
        return cls(plan, tasks, domain, calibration, coverage, run)

    @property
    def is_measured(self) -> bool:
        """Whether the sound of windows is to be measured."""
        return self.domain is not None and self.domain.ranges is not None

    def unlike(self, X: NDArray[Any], facts: Doubles) -> list[str] | None:
        """Say in which ways windows are unlike the training recordings.

        Parameters
        ----------
        X : ndarray, shape (n, d)
            Their features.
        facts : ndarray, shape (n, 3)
            From :func:`~featser.timelines.marks.window_facts.window_facts`.

        Returns
        -------
        list of str or None
            As :meth:`TrainingDomain.unlike` has them; None where there is nothing to compare.
        """
        distance = None if self.calibration is None else self.calibration.distance
        if self.domain is None or (self.domain.ranges is None and distance is None):
            return None
        return self.domain.unlike_windows(facts_of_windows(facts), X, distance)

    def sets(self, means: pd.DataFrame) -> pd.DataFrame:
        """Return the prediction sets of frames, from the means of the windows that cover them."""
        assert self.calibration is not None
        assert self.coverage is not None
        return set_columns(
            self.calibration.calibrations, means, self.tasks, self.coverage, of_windows=True
        )

    def notes(self, is_trimmed: bool, by_speaker: bool) -> list[str]:
        """Say what limits marks and sets.

        Parameters
        ----------
        is_trimmed : bool
            Whether features are of recordings without the silence around the speech.
        by_speaker : bool
            Whether whole speakers were left out for the calibration.
        """
        notes = domain_notes(self.domain)
        if self.domain is not None and self.domain.distance is not None and not self._has_distance:
            notes.append(
                f"the features of windows are not compared with those of the training recordings, "
                f"because the model is not calibrated for {windows_in_words(self.plan)}"
                + (f": run `{calibrate_command(self.plan, self.run)}`" if self.run else "")
            )
        notes += self._length_note(is_trimmed)
        if self.coverage is not None and self.calibration is not None:
            of_sets = self.calibration.calibrations
            notes += set_notes(of_sets, self.tasks, self.coverage, by_speaker, of_windows=True)
        return notes

    @property
    def _has_distance(self) -> bool:
        return self.calibration is not None and self.calibration.distance is not None

    def _length_note(self, is_trimmed: bool) -> list[str]:
        """Compare the length of all windows with that of the training recordings, once."""
        if self.domain is None or self.domain.ranges is None:
            return []
        name = "length of speech" if is_trimmed else "length"
        if name not in self.domain.ranges.ranges:
            return []
        measure, (low, high) = MEASURES[name], self.domain.ranges.ranges[name]
        lowest, highest = measure.limits(low, high)
        if lowest <= self.plan.window_s <= highest:
            return []
        first, last = (measure.in_words(one).removesuffix(" s") for one in (low, high))
        return [
            f"windows of {self.plan.window_s:g} s are unlike the training recordings in length "
            f"({first} to {last} s): --window changes it"
        ]


def _remedy(plan: WindowPlan, run: str) -> str:
    if run:
        return f"run `{calibrate_command(plan, run)}` first, or leave --coverage out"
    return "leave --coverage out, or use a run of your own without enrolled speakers"


def windows_in_words(plan: WindowPlan) -> str:
    """Return such as "windows of 2 s each 0.5 s".

    Examples
    --------
    >>> windows_in_words(WindowPlan(3.0, 1.0))
    'windows of 3 s each 1 s'
    """
    return f"windows of {plan.window_s:g} s each {plan.hop_s:g} s"


def calibrate_command(plan: WindowPlan, run: str) -> str:
    """Return the command that calibrates a run for such windows.

    Examples
    --------
    >>> calibrate_command(WindowPlan(3.0, 0.5), "my run")
    "featser calibrate 'my run' --window 3"
    """
    window = "" if plan.window_s == WINDOW_S else f" --window {plan.window_s:g}"
    hop = "" if plan.hop_s == HOP_S else f" --hop {plan.hop_s:g}"
    return f"featser calibrate {shlex.quote(run)}{window}{hop}"
