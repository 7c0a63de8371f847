"""``featser predict --timeline``: every task's prediction over the time of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

import pandas as pd

from featser.api.arguments.path_rules import (
    output_files,
    path,
    refuse_source_as_output,
    several_files,
)
from featser.api.over_time.timeline_predictor import AUTO, TimelinePredictor, joined_timelines
from featser.api.predict import located
from featser.api.validation import checked_options, validated
from featser.auxiliary.open_name import OPEN
from featser.experiment.loading.named_recordings import named_recordings
from featser.experiment.loading.sources.manifest_sources import with_channel
from featser.features.trimmed import trimmed
from featser.models.bundle import load_bundle
from featser.models.bundle_extractors import rebuild_extractors
from featser.models.storage.bundle_name import BUNDLE
from featser.progress_bars import showing_progress
from featser.studies.open_model import statement
from featser.timelines.given_segments import split_tier
from featser.timelines.marks.window_abstention import RUN
from featser.timelines.smoothing import parse_smoothing, refuse_smoothing
from featser.timelines.timeline_files import (
    OUTPUT_ENDINGS,
    check_outputs,
    refuse_overlaps,
    refuse_unfit_outputs,
    write_outputs,
)
from featser.timelines.window_plan import HOP_S, WINDOW_S, WindowPlan


class PredictOptions(TypedDict, total=False):
    """Options that :func:`featser.predict` has as well."""

    n_jobs: int
    enrol: str | Path | None
    trim: bool
    trust_paths: bool
    channel: str | None
    coverage: float | None


@validated(model=path, output=output_files(*OUTPUT_ENDINGS))
@showing_progress
def timeline(
    model: str | Path,
    files: Sequence[str | Path],
    /,
    *,
    window: float = WINDOW_S,
    hop: float = HOP_S,
    segments: str | Path | None = None,
    smooth: str = "none",
    output: str | Path | Sequence[str | Path] | None = None,
    **options: Unpack[PredictOptions],
) -> pd.DataFrame:
    """Predict every task of a model bundle over the time of recordings.

    A window moves along each recording and is predicted at each step. A frame, as long as a step,
    has the mean of the windows that cover it, weighted by the time that they share.

    Parameters
    ----------
    model : str or Path
        A bundle that ``fit`` wrote, or ``open``, as for :func:`featser.predict`.
    files : sequence of str or Path
        Recordings and folders of them, ``-`` for a recording on the standard input, and
        manifests of whole recordings.
    window : float
        Seconds of a window, about as long as the utterances that the model was fitted on.
    hop : float
        Seconds from a window to the next, and of a frame.
    segments : str or Path, optional
        What is predicted in place of windows: ``auto`` finds the speech as
        :func:`featser.segment` does; or the intervals of an annotation
        (``.TextGrid``, ``.eaf``, ``.rttm``, ``.txt`` of Audacity, ``.csv``), of which ``FILE#TIER``
        names one of several tiers. There is nothing to smooth then.
    smooth : str
        ``none``; ``hmm``, a hidden Markov chain of the classes, its probability of a change
        estimated or given (``hmm:0.05``), and a Kalman smoother of numbers; or ``mean``, a moving
        average, of 3 s or as given (``mean:5``).
    output : str, Path, or several, optional
        Files to write, each in the format of its ending: the frames as a table (``.csv``,
        ``.json``, ``.parquet``, ``.xlsx``), stretches of equal label (``.TextGrid``, ``.eaf``,
        ``.rttm``, ``.txt`` for Audacity, ``.segments.csv``), or a picture (``.svg``, ``.png``,
        ``.pdf``). What can hold one recording is written for each of several, with its name.
    **options
        ``n_jobs`` (worker processes; -1, the default, for one per core), ``enrol``, ``trim``
        (silence is removed around each window), ``trust_paths`` and ``channel`` as for
        :func:`featser.predict`; and ``coverage``, of prediction sets as
        :func:`featser.prediction_sets` makes them, for which a model is calibrated on windows by
        :func:`featser.calibrate`; segments are calibrated as recordings are.

    Returns
    -------
    DataFrame
        A row for each frame, in order: ``file``, ``start``, ``end``, ``speech``,
        ``{task}.pred``, ``{task}.p[{class}]``; ``unlike``: in which ways the sound is unlike the
        training recordings, as :func:`featser.predict` has it; with ``coverage`` ``{task}.set`` and
        ``{task}.abstains``; and ``reason``: why a frame has no prediction, else empty. A recording
        that cannot be used has one row without times. ``attrs["notes"]``, a list of str, say what
        was estimated, and ``attrs["written"]`` which files were written.

    Raises
    ------
    BundleError
        If the bundle cannot be used here, or not with ``enrol``.
    InputError
        If windows, steps or smoothing are not valid.
    TaskError
        If there are to be prediction sets, and the model is not calibrated for them.
    FeatserError
        If there is nothing to predict, or an output cannot be written.
    """
    given = checked_options(options, PredictOptions.__annotations__)
    n_jobs, enrol = given.get("n_jobs", -1), given.get("enrol")
    plan, smoothing = WindowPlan(window, hop), parse_smoothing(smooth)
    outputs = several_files(output)
    check_outputs(outputs)
    refuse_source_as_output(outputs, [*files, enrol, *_segment_file(segments)])
    with named_recordings(files) as listed:
        listed.refuse_absent()  # before a model is read, or downloaded
        model = located(model, n_jobs)
        bundle = load_bundle(model)
        extractors = rebuild_extractors(bundle, model, given.get("trust_paths", False))
        if given.get("trim", False):
            extractors = [trimmed(extractor) for extractor in extractors]
        chosen = given.get("channel") or bundle.channel
        named = replace(listed, table=with_channel(listed.table, chosen))
        refuse_unfit_outputs(outputs, named.shown_files)
        predictor = TimelinePredictor(
            model,
            bundle,
            extractors,
            plan,
            smoothing,
            n_jobs,
            given.get("coverage"),
            _run_of(model),
        )
        predictor.refuse_uncalibrated(segments is not None)
        if segments is None:
            timelines, errors, notes = predictor.timelines(named, enrol, chosen)
        else:
            refuse_smoothing(smoothing)
            intervals = predictor.intervals(named, str(segments), chosen)
            refuse_overlaps(outputs, intervals, bundle.tasks)
            timelines, errors, notes = predictor.of_segments(named, intervals, enrol, chosen)
        result = joined_timelines(named, timelines, errors)
        by_file = {
            named.shown(named.table["file"].iloc[row]): one for row, one in timelines.items()
        }
        written, left_out = write_outputs(outputs, by_file, result)
    own = [statement(bundle.training)] if OPEN in bundle.training and segments is None else []
    result.attrs["notes"] = [*own, *named.notes, *notes, *left_out]
    result.attrs["written"] = written
    return result


def _run_of(model: str | Path) -> str:
    """Return the folder of the run that a bundle lies in, or what stands for one."""
    file = Path(model)
    is_in_run = file.name == BUNDLE and (file.parent / "predictions.parquet").is_file()
    return str(file.parent) if is_in_run else RUN


def _segment_file(segments: str | Path | None) -> list[str]:
    """Return the file that segments are read from, if they are."""
    return [] if segments is None or segments == AUTO else [split_tier(str(segments))[0]]
