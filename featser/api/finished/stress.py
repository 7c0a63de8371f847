"""``featser stress``: how much a run's figure falls on noisy, distant or damaged recordings."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featser.api.arguments.path_rules import output_file
from featser.api.finished.finished_result import FinishedResult
from featser.api.validation import checked_options, validated
from featser.errors import RunError, counted
from featser.evaluation.metrics.registry import title_of
from featser.experiment.runs.altered_predictions import AlteredPredictions, altered_predictions
from featser.experiment.runs.altered_recordings import (
    StressForecast,
    StressPlan,
    forecast_stress,
    plan_stress,
)
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.runs.folder_lock import only_writer
from featser.experiment.runs.reopened_run import ReopenedRun, reopen_run
from featser.experiment.runs.run_state import RunState, checksums
from featser.extraction.extraction import Extraction, extract_copies
from featser.io.atomic_write import write_text
from featser.io.result_display import Display
from featser.io.result_tables import write_table
from featser.progress import announce, stage
from featser.progress_bars import showing_progress
from featser.reporting.numbers import duration
from featser.reporting.sections.stress_figure import stress_figure
from featser.reporting.sections.stress_section import StressSection, add_stress
from featser.robustness.conditions import Condition, chosen_conditions
from featser.robustness.stress_curves import StressCurves, stress_curves
from featser.robustness.stress_tables import (
    recall_table,
    stress_dict,
    stress_figure_curves,
    stress_frame,
    stress_sentences,
    stress_table,
)
from featser.store.feature_store import Store
from featser.tasks import Task

NAME = "stress"
OPTIONS = ("dry_run", "protocol")


@dataclass(repr=False)
class StressTest(FinishedResult):
    """What a model reaches on altered test sets.

    The folder of the run gets ``stress.json``, ``stress.csv`` and a section of ``report.html``.

    Attributes
    ----------
    folder, protocol, notes, fits, seconds
        As :class:`~featser.api.finished.finished_result.FinishedResult` has them.
    forecast : StressForecast
        What was to be computed.
    curves : StressCurves or None
        The figures; None after a dry run, which computes none.
    """

    forecast: StressForecast
    curves: StressCurves | None = None

    @property
    def sentences(self) -> list[str]:
        """Where the figure falls, in words; of a dry run what it would cost."""
        if self.curves is None:
            return [forecast_line(self.forecast)]
        return stress_sentences(self.curves)

    def display(self) -> Display:
        """Return the figures of all levels."""
        if self.curves is None:
            return Display(self.sentences[0], [], [])
        table = stress_table(self.curves)
        return Display(self.sentences[0], table.columns, table.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        figures = {} if self.curves is None else stress_dict(self.curves)
        return {
            "protocol": self.protocol,
            "utterances_available": self.forecast.n_available,
            **figures,
            "sentences": self.sentences,
            "notes": self.notes,
        }


@validated(output=output_file(".csv", ".json"))
@showing_progress
def stress(
    run: str | Path,
    /,
    *,
    conditions: Sequence[str] = (),
    utterances: int | str | None = None,
    output: str | Path | None = None,
    task: str | None = None,
    store: str | Path | None = None,
    n_jobs: int = -1,
    **options: Any,
) -> StressTest:
    """Test a run's models on altered recordings: noise, telephone, reverberation and others.

    Recordings of the test sets are altered, their features are extracted anew, and the models that
    were not fitted on these recordings predict them. Features that the store has are not computed
    again. Nothing altered enters a training set.

    Parameters
    ----------
    run : str or Path
        A folder that :func:`~featser.api.fit.fit` or :func:`~featser.api.run.run` wrote. The
        recordings are read from where they were.
    conditions : sequence of str
        Some of :data:`featser.robustness.conditions.CONDITIONS`; all by default.
    utterances : int or "all", optional
        How many recordings are altered, balanced over speakers; by default as many as ten minutes
        on one core allow, but 50 at least.
    output : str or Path, optional
        Another file to write the result to: a table (``.csv``), or all of it (``.json``).
    task : str, optional
        Which task; the primary one by default.
    store : str or Path, optional
        Where the features are, and those of altered recordings are kept; by default where they
        were when the run was made.
    n_jobs : int
        Worker processes; -1 for one per core.
    **options
        ``protocol``, whose test sets are used, the leading one by default; with ``dry_run=True``
        only the forecast is computed.

    Returns
    -------
    StressTest

    Raises
    ------
    FeatserError
        If the folder is no run, its data are no longer those of the run, its features cannot be
        computed of altered recordings, there is no such condition, task or protocol, or another
        command is writing into the folder.

    Examples
    --------
    >>> stress("run", conditions=["noise", "telephone"])  # doctest: +SKIP
    """
    began = time.monotonic()
    chosen_options = checked_options(options, OPTIONS)
    dry_run, protocol = bool(chosen_options.get("dry_run")), chosen_options.get("protocol")
    asked, folder = chosen_conditions(conditions), Path(run)
    with only_writer(folder if folder.is_dir() and not dry_run else None):
        opened = reopen_run(folder, store, protocol, n_jobs)
        chosen = opened.task(task)
        plan = plan_stress(opened, chosen, asked, utterances)
        forecast = forecast_stress(opened, plan, n_jobs)
        result = StressTest(folder, opened.plan.protocol, forecast, notes=[*plan.notes])
        if not dry_run:
            announce(forecast_line(forecast))
            _carry_out(result, opened, chosen, plan, n_jobs)
            _write(result, asked, output)
    result.seconds = time.monotonic() - began
    return result


def forecast_line(forecast: StressForecast) -> str:
    """Say what a stress test costs, in a line."""
    cores = counted(forecast.n_cores, "core")
    return (
        f"{forecast.n_utterances} of {counted(forecast.n_available, 'test utterance')} × "
        f"{counted(forecast.n_levels, 'level')}: {forecast.n_missing} of "
        f"{counted(forecast.n_altered, 'altered recording')} to extract, about "
        f"{duration(forecast.seconds)} on {cores}, {forecast.bytes / 1e6:.0f} MB in the store; "
        f"then {counted(forecast.n_folds, 'model')} predict, which are read from the cache or "
        f"fitted again"
    )


def _carry_out(
    result: StressTest, run: ReopenedRun, task: Task, plan: StressPlan, n_jobs: int
) -> None:
    extractors = [extractor.spec for extractor in run.data.extractors]
    extraction = extract_copies(
        plan.utterances, extractors, Store(run.store), n_jobs,
        stage("Extracting altered recordings"),
    )  # fmt: skip
    fits = Fits(run.store)
    progress = stage("Predicting altered recordings (folds)")
    predicted = altered_predictions(run, task, plan, fits, n_jobs, progress)
    labels = run.plan.labels[task.name].to_numpy(dtype=object if task.categorical else float)
    curves = stress_curves(task, labels, run.data.speaker, predicted.clean, predicted.altered)
    if not curves.levels:
        raise RunError(
            f"{run.folder}: no altered recording could be used{_first_reason(extraction)}"
        )
    result.curves = curves
    result.notes += [*_unusable(extraction), *curves.notes, *_differing(run, task, predicted)]
    result.fits = [
        f"{predicted.n_cached} of {predicted.n_folds} models read from the cache, "
        f"{predicted.n_folds - predicted.n_cached} fitted",
        *fits.notes,
    ]


def _unusable(extraction: Extraction) -> list[str]:
    if not len(extraction.unusable):
        return []
    count = counted(len(extraction.unusable), "altered recording")
    return [f"{count} could not be used{_first_reason(extraction)}"]


def _first_reason(extraction: Extraction) -> str:
    for row in extraction.unusable.to_dict("records"):
        return f"; the first: {row['file']}: {row['reason']}"
    return ""


def _differing(run: ReopenedRun, task: Task, predicted: AlteredPredictions) -> list[str]:
    """Say how many clean predictions are not those of the run, such as with other libraries."""
    former = run.predictions.loc[predicted.clean.rows, f"{task.name}.pred"].to_numpy()
    own = predicted.clean.predictions
    if task.categorical:
        differs = own.astype(str) != former.astype(str)
    else:
        differs = ~np.isclose(own.astype(float), former.astype(float), rtol=1e-3, atol=1e-3)
    if not differs.any():
        return []
    return [
        f"{int(differs.sum())} of {len(own)} clean predictions differ from those of the run: its "
        f"features or libraries have changed. The figures are of the models fitted now"
    ]


def _write(result: StressTest, conditions: Sequence[Condition], output: str | Path | None) -> None:
    assert result.curves is not None
    frame = stress_frame(result.curves)
    described = {one.name: one.description for one in conditions}
    content = {**result.to_dict(), "conditions": described}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(result.folder / f"{NAME}.json", text)
    write_table(frame, result.folder / f"{NAME}.csv")
    if output is not None and Path(output).suffix.lower() == ".json":
        write_text(output, text)
    elif output is not None:
        write_table(frame, output)
    _add_to_report(result, conditions)


def _add_to_report(result: StressTest, conditions: Sequence[Condition]) -> None:
    """Put the section into the run's report, and its new checksum into the state of the run."""
    report, curves = result.folder / "report.html", result.curves
    if not report.is_file() or curves is None:
        return
    table = stress_table(curves)
    table.notes = [
        *(f"{one.title}: {one.description}." for one in conditions),
        "p values of no difference are corrected for all levels (Holm); intervals are not.",
        *(f"{note}." for note in result.notes),
    ]
    recalls = recall_table(curves)
    axis = title_of(curves.metric)
    figure = stress_figure(stress_figure_curves(curves), curves.clean, curves.chance, axis)
    tables = [table, *([] if recalls is None else [recalls])]
    section = StressSection(result.protocol, result.sentences, figure, tables)
    state = RunState.read(result.folder)
    before = checksums(result.folder, [report.name])
    is_current = state.fit.get("files", {}).get(report.name) == before.get(report.name)
    if not add_stress(report, section):
        result.notes.append(
            "report.html is damaged or of an earlier version, and has no place for altered "
            "recordings: run `featser fit` again"
        )
    elif is_current:  # so that `featser run` does not take it for damaged
        state.fit["files"] |= checksums(result.folder, [report.name])
        state.write()
