"""``featser predict --timeline``: every task's prediction over the time of recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.api.arguments.path_rules import (
    output_files,
    path,
    refuse_source_as_output,
    several_files,
)
from featser.api.predict import features_of, located, predict_named
from featser.api.segment import segment
from featser.api.validation import checked_options, validated
from featser.audio.decoding import announced_seconds
from featser.auxiliary.open_name import OPEN
from featser.corpora.utterances import places
from featser.errors import InputError, UnusableAudio
from featser.evaluation.prediction_tables import prediction_table
from featser.evaluation.protocols.enrolment_split import enrolled_recordings
from featser.experiment.loading.data import frames_of
from featser.experiment.loading.enrolment_recordings import Enrolled, enrolled, refuse_enrolment
from featser.experiment.loading.named_recordings import NamedRecordings, named_recordings
from featser.experiment.loading.source import with_channel
from featser.features.extractor import Extractor
from featser.features.trimmed import trimmed
from featser.io.location import real_place
from featser.models.bundle import Bundle, applying, load_bundle
from featser.models.bundle_extractors import rebuild_extractors
from featser.one_thread import one_thread
from featser.progress import Progress, silent, stage
from featser.progress_bars import showing_progress
from featser.speakers.frame_normalization import normalised_by_speaker
from featser.studies.open_model import statement
from featser.timelines.given_segments import segments_of, split_tier
from featser.timelines.recording_timeline import (
    RecordingTimeline,
    recording_timeline,
    segment_timeline,
)
from featser.timelines.smoothing import Smoothing, parse_smoothing, refuse_smoothing
from featser.timelines.sound_outline import sound_outline
from featser.timelines.timeline_files import (
    OUTPUT_ENDINGS,
    check_outputs,
    refuse_overlaps,
    refuse_unfit_outputs,
    write_outputs,
)
from featser.timelines.window_plan import HOP_S, WINDOW_S, WindowPlan
from featser.timelines.windowed_prediction import predict_windows
from featser.workers.pool import WorkerPool


class PredictOptions(TypedDict, total=False):
    """Options that :func:`featser.predict` has as well."""

    n_jobs: int
    enrol: str | Path | None
    trim: bool
    trust_paths: bool
    channel: str | None


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
        :func:`featser.predict`.

    Returns
    -------
    DataFrame
        A row for each frame, in order: ``file``, ``start``, ``end``, ``speech``,
        ``{task}.pred``, ``{task}.p[{class}]``, and ``reason``: why a frame has no prediction, else
        empty. A recording that cannot be used has one row without times. ``attrs["notes"]``, a list
        of str, say what was estimated, and ``attrs["written"]`` which files were written.

    Raises
    ------
    BundleError
        If the bundle cannot be used here, or not with ``enrol``.
    InputError
        If windows, steps or smoothing are not valid.
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
        predictor = TimelinePredictor(model, bundle, extractors, plan, smoothing, n_jobs)
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


def _segment_file(segments: str | Path | None) -> list[str]:
    """Return the file that segments are read from, if they are."""
    return [] if segments is None or segments == AUTO else [split_tier(str(segments))[0]]


AUTO = "auto"
"""The segments that ``featser segment`` finds."""
NO_SPEECH = "no speech was detected"


@dataclass(frozen=True)
class TimelinePredictor:
    """A model, and how it is moved along recordings.

    Attributes
    ----------
    model : str or Path
        Where the bundle was read from.
    bundle : Bundle
        The model.
    extractors : list of Extractor
        Those that it was fitted on.
    plan : WindowPlan
        Windows and hop.
    smoothing : Smoothing
        Of frames.
    n_jobs : int
        Worker processes; with one, this process computes.
    """

    model: str | Path
    bundle: Bundle
    extractors: list[Extractor]
    plan: WindowPlan
    smoothing: Smoothing
    n_jobs: int

    def timelines(
        self, named: NamedRecordings, enrol: str | Path | None, channel: str
    ) -> tuple[dict[int, RecordingTimeline], dict[int, str], list[str]]:
        """Return the timelines and the reasons of recordings without one, by row, and notes."""
        table = named.table
        if table[["start", "end"]].notna().any(axis=None):
            raise InputError(
                "the manifest has segments, and a timeline is of whole recordings: give the "
                "recordings themselves, and the segments with --segments MANIFEST",
                "files",
            )
        enrolment = self._enrolment(table, enrol, channel)
        notes = [] if enrolment is None else list(enrolment.notes)
        if self.bundle.speaker_norm == "transductive":
            notes.append(
                "this model normalises by speaker: all windows of a recording count as one "
                "speaker's"
            )
        timelines: dict[int, RecordingTimeline] = {}
        errors: dict[int, str] = {}
        progress = stage("Predicting over time")
        with ExitStack() as stack:
            pool = stack.enter_context(WorkerPool()) if self.n_jobs != 1 else None
            for row, (file, _, _, own_channel) in enumerate(places(table)):
                speaker = None if enrolment is None else str(enrolment.speaker[row])
                of_windows = progress if len(table) == 1 else None
                try:
                    timelines[row] = self._timeline(file, own_channel, pool, speaker, of_windows)
                except UnusableAudio as error:
                    errors[row] = error.reason
                else:
                    shown = Path(named.shown(file)).name
                    notes += [f"{shown}: {note}" for note in timelines[row].notes]
                if of_windows is None:
                    progress(row + 1, len(table))
        return timelines, errors, notes

    def intervals(self, named: NamedRecordings, segments: str, channel: str) -> pd.DataFrame:
        """Return ``file``, ``start`` and ``end`` of the speech, or of an annotation's intervals."""
        files = list(dict.fromkeys(map(str, named.table["file"])))
        if segments == AUTO:
            return self._speech(files, channel)
        return segments_of(segments, files, named.shown)

    def of_segments(
        self,
        named: NamedRecordings,
        intervals: pd.DataFrame,
        enrol: str | Path | None,
        channel: str,
    ) -> tuple[dict[int, RecordingTimeline], dict[int, str], list[str]]:
        """Return the same as :meth:`timelines` of intervals, each of which is predicted once."""
        others = named.table.drop(columns=["start", "end"]).drop_duplicates("file")
        table = intervals.merge(others, on="file", how="left")
        timelines: dict[int, RecordingTimeline] = {}
        errors: dict[int, str] = {}
        predicted = self._predicted(replace(named, table=table, notes=[]), enrol, channel)
        for row, (file, _, _, own_channel) in enumerate(places(named.table)):
            rows = predicted[(table["file"] == file).to_numpy()]
            try:
                outline = sound_outline(file, own_channel)
            except UnusableAudio as error:
                errors[row] = error.reason
                continue
            if rows.empty:
                errors[row] = NO_SPEECH
            else:
                timelines[row] = segment_timeline(rows, self.bundle.tasks, outline)
        return timelines, errors, list(predicted.attrs.get("notes", []))

    def _speech(self, files: list[str], channel: str) -> pd.DataFrame:
        """Return where speech is in recordings; those that cannot be read have none."""
        segments = segment(files, channel=channel, n_jobs=self.n_jobs).segments
        spans = segments[["start", "end"]]
        of_place = dict(list(spans.groupby(segments["file"].map(real_place))))
        no_speech = spans.iloc[:0]
        tables = [of_place.get(real_place(file), no_speech).assign(file=file) for file in files]
        return pd.concat(tables, ignore_index=True)[["file", "start", "end"]]

    def _predicted(
        self, named: NamedRecordings, enrol: str | Path | None, channel: str
    ) -> pd.DataFrame:
        """Predict segments; none if there are none."""
        if named.table.empty:
            return pd.DataFrame(columns=["file", "start", "end", "error"])
        return predict_named(
            self.model, self.bundle, self.extractors, named, self.n_jobs, enrol, channel
        )

    def _timeline(
        self,
        file: str,
        channel: str,
        pool: WorkerPool | None,
        speaker: str | None,
        progress: Progress | None,
    ) -> RecordingTimeline:
        announced = announced_seconds(file) if progress is not None else None

        def predict(X: NDArray[np.float32]) -> pd.DataFrame:
            # Workers occupy the cores: threads of BLAS would wait for one another.
            with applying(self.model), one_thread():
                features = self._normalised(X, speaker)
                return prediction_table(self.bundle.model, features, self.bundle.tasks)

        predicted = predict_windows(
            file,
            self.plan,
            [extractor.spec for extractor in self.extractors],
            predict,
            channel=channel,
            pool=pool,
            n_jobs=self.n_jobs,
            at_once=self.bundle.speaker_norm == "transductive",
            progress=progress or silent,
            total=0 if announced is None else len(self.plan.starts(announced)),
        )
        return recording_timeline(predicted, self.bundle.tasks, self.plan, self.smoothing)

    def _normalised(self, X: NDArray[np.float32], speaker: str | None) -> NDArray[np.float32]:
        """Return features as the model expects them."""
        if self.bundle.normalizer is not None:
            return self.bundle.normalizer.transform(X, speaker=np.full(len(X), speaker or ""))
        if self.bundle.speaker_norm == "none":
            return X
        speakers = np.full(len(X), "speaker")
        return normalised_by_speaker(X, speakers, frames_of(self.extractors))

    def _enrolment(
        self, table: pd.DataFrame, enrol: str | Path | None, channel: str
    ) -> Enrolled | None:
        if enrol is not None:
            refuse_enrolment(self.bundle, self.model)
        if self.bundle.normalizer is None:
            return None
        compute = partial(
            features_of, extractors=self.extractors, jobs=self.n_jobs, channel=channel
        )
        expected = enrolled_recordings(self.bundle.speaker_norm)
        return enrolled(self.bundle.normalizer, expected, table, enrol, compute)


def joined_timelines(
    named: NamedRecordings, timelines: Mapping[int, RecordingTimeline], errors: Mapping[int, str]
) -> pd.DataFrame:
    """Return the rows of all recordings, in order."""
    tables = []
    for row, file in enumerate(named.table["file"]):
        table = (
            timelines[row].table
            if row in timelines
            else pd.DataFrame(
                {"start": [np.nan], "end": [np.nan], "speech": [False], "reason": [errors[row]]}
            )
        )
        tables.append(table.assign(file=named.shown(file)))
    joined = pd.concat(tables, ignore_index=True)
    names = ["file", *(name for name in joined if name not in ("file", "reason")), "reason"]
    return joined[names]
