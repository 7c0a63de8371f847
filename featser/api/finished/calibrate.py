"""``featser calibrate``: make a run's model know when not to answer about windows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from featser.api.finished.finished_result import FinishedResult
from featser.api.validation import validated
from featser.errors import RunError, counted
from featser.evaluation.conformal import COVERAGES, speakers_needed
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.runs.folder_lock import only_writer
from featser.experiment.runs.reopened_run import ReopenedRun, reopen_run
from featser.experiment.runs.run_state import RunState, checksums
from featser.experiment.windows.window_calibration_of import (
    CalibratedWindows,
    calibration_of_windows,
)
from featser.io.result_display import Display
from featser.models.abstention.window_calibration import with_calibration
from featser.models.bundle import Bundle, load_bundle, save_bundle
from featser.models.storage.bundle_name import BUNDLE
from featser.progress_bars import showing_progress
from featser.timelines.marks.window_abstention import windows_in_words
from featser.timelines.window_plan import HOP_S, WINDOW_S, WindowPlan


@dataclass(repr=False)
class Calibrated(FinishedResult):
    """A model that was calibrated for windows.

    Attributes
    ----------
    folder, protocol, notes, fits, seconds
        As :class:`~featser.api.finished.finished_result.FinishedResult` has them.
    plan : WindowPlan
        Windows and hop.
    windows : CalibratedWindows
        What is in ``model.featser`` now.
    """

    plan: WindowPlan
    windows: CalibratedWindows

    @property
    def sentences(self) -> list[str]:
        """What was done, and what can be used now."""
        one = self.windows
        has_classes = bool(one.calibration.calibrations)
        return [
            f"{self.folder / BUNDLE} is calibrated for {windows_in_words(self.plan)}, on "
            f"{counted(one.n_windows, 'window')} of {counted(one.n_utterances, 'utterance')}",
            "`featser predict --timeline` now compares the features of windows with those of the "
            "training recordings" + (", and takes --coverage" if has_classes else ""),
            *self._uncovered(),
        ]

    def _uncovered(self) -> list[str]:
        """Say why a coverage cannot be used, if any cannot."""
        calibrations = self.windows.calibration.calibrations.values()
        few = [c for c in COVERAGES if any(one.without_verdict(c) for one in calibrations)]
        needed = ", ".join(f"{speakers_needed(one)} at coverage {one:g}" for one in few)
        return [f"no: a class with too few speakers is in every set; it needs {needed}"] * bool(few)

    def display(self) -> Display:
        """Return how many speakers each class is calibrated on."""
        rows = [
            [task, name, count, *(_yes(count >= speakers_needed(c)) for c in COVERAGES)]
            for task, one in self.windows.calibration.calibrations.items()
            for name, count in one.n_speakers.items()
        ]
        columns = ["task", "class", "speakers", *(f"coverage {one:g}" for one in COVERAGES)]
        return Display(self.sentences[0], columns, rows)


@validated()
@showing_progress
def calibrate(
    run: str | Path,
    /,
    *,
    window: float = WINDOW_S,
    hop: float = HOP_S,
    store: str | Path | None = None,
    n_jobs: int = -1,
) -> Calibrated:
    """Calibrate the model of a run for windows of long recordings.

    Windows are shorter than the recordings that a model was fitted on. The utterances of each test
    set are joined to long recordings, one for each speaker, and the models that were not fitted on
    the speaker predict their windows. From that, ``model.featser`` gets the calibration of
    prediction sets over time, and the distance up to which the features of a window are like those
    of the training recordings. Nothing is fitted to it but the models of the folds, which are read
    from the cache where it has them.

    Parameters
    ----------
    run : str or Path
        A folder that :func:`~featser.api.fit.fit` or :func:`~featser.api.run.run` wrote, or its
        ``model.featser``. The recordings are read from where they were.
    window, hop : float
        As :func:`~featser.api.timeline.timeline` takes them; a model can be calibrated for several.
    store : str or Path, optional
        Where the features are; by default where they were when the run was made.
    n_jobs : int
        Worker processes; -1 for one per core.

    Returns
    -------
    Calibrated

    Raises
    ------
    FeatserError
        If the folder is no run, its data or its model are no longer those of the run, its features
        cannot be computed of windows, or another command is writing into the folder.

    Examples
    --------
    >>> calibrate("run", window=3.0)  # doctest: +SKIP
    """
    began = time.monotonic()
    plan, folder = WindowPlan(window, hop), Path(run)
    if folder.name == BUNDLE:  # the model that is calibrated stands for its run
        folder = folder.parent
    with only_writer(folder if folder.is_dir() else None):
        bundle = load_bundle(folder / BUNDLE)
        opened = reopen_run(folder, store, n_jobs=n_jobs)
        _refuse_other_model(folder, bundle, opened)
        fits = Fits(opened.store)
        windows = calibration_of_windows(opened, plan, fits, n_jobs)
        bundle.windows = with_calibration(bundle.windows, windows.calibration)
        _write(folder, bundle)
    result = Calibrated(folder, opened.plan.protocol, plan, windows)
    if windows.n_unreadable:
        result.notes.append(
            f"{counted(windows.n_unreadable, 'utterance')} could not be read, or are silent"
        )
    if windows.n_models:
        result.fits.append(
            f"{windows.n_cached} of {windows.n_models} models read from the cache, "
            f"{windows.n_models - windows.n_cached} fitted"
        )
    result.fits += fits.notes
    result.seconds = time.monotonic() - began
    return result


def _refuse_other_model(folder: Path, bundle: Bundle, opened: ReopenedRun) -> None:
    """Refuse a model that is not the run's, whose calibration would be another model's."""
    of_model = {task.name: list(task.classes) for task in bundle.tasks}
    of_run = {task.name: list(task.classes) for task in opened.plan.tasks}
    specs = [str(one["spec"]) for one in bundle.extractors]
    if of_model != of_run or specs != [one.spec for one in opened.data.extractors]:
        raise RunError(
            f"{folder / BUNDLE}: it is not the model of this run: it predicts "
            f"{', '.join(of_model)} from {', '.join(specs)}. Run `featser fit` with `-o {folder}` "
            f"again"
        )


def _write(folder: Path, bundle: Bundle) -> None:
    """Write the model, and its new checksum into the state of the run."""
    state = RunState.read(folder)
    before = checksums(folder, [BUNDLE])
    is_current = state.fit.get("files", {}).get(BUNDLE) == before.get(BUNDLE)
    save_bundle(folder / BUNDLE, bundle)
    if is_current:  # so that `featser run` does not take it for damaged
        state.fit["files"] |= checksums(folder, [BUNDLE])
        state.write()


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
