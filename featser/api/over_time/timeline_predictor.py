"""A model that predicts over the time of recordings, in windows or in segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.api.predict import features_of, predict_named, with_prediction_sets
from featser.api.segment import segment
from featser.audio.decoding import announced_seconds
from featser.auxiliary.open_name import OPEN
from featser.corpora.utterances import places
from featser.errors import InputError, TaskError, UnusableAudio
from featser.evaluation.conformal import check_coverage
from featser.evaluation.prediction_tables import prediction_table
from featser.evaluation.protocols.enrolment_split import enrolled_recordings
from featser.experiment.loading.data import frames_of
from featser.experiment.loading.enrolment_recordings import Enrolled, enrolled, refuse_enrolment
from featser.experiment.loading.named_recordings import NamedRecordings
from featser.features.extractor import Extractor
from featser.features.trimmed import Trimmed
from featser.io.location import real_place
from featser.models.abstention.prediction_sets import (
    calibrated_by_speaker,
    refuse_no_calibration,
)
from featser.models.bundle import Bundle, applying
from featser.one_thread import one_thread
from featser.progress import Progress, silent, stage
from featser.speakers.frame_normalization import normalised_by_speaker
from featser.timelines.given_segments import segments_of
from featser.timelines.marks.window_abstention import RUN, WindowAbstention
from featser.timelines.recording_timeline import (
    RecordingTimeline,
    recording_timeline,
    segment_timeline,
)
from featser.timelines.smoothing import Smoothing
from featser.timelines.sound_outline import sound_outline
from featser.timelines.window_plan import WindowPlan
from featser.timelines.windowed_prediction import predict_windows
from featser.workers.pool import WorkerPool

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
    coverage : float or None
        Of prediction sets; None for no sets.
    run : str
        The folder of the model's run, as far as it is known.
    """

    model: str | Path
    bundle: Bundle
    extractors: list[Extractor]
    plan: WindowPlan
    smoothing: Smoothing
    n_jobs: int
    coverage: float | None = None
    run: str = RUN

    def refuse_uncalibrated(self, has_segments: bool) -> None:
        """Refuse prediction sets that the model has no calibration for.

        Raises
        ------
        TaskError
            With how to calibrate it.
        """
        if self.coverage is None:
            return
        check_coverage(self.coverage)
        if not has_segments:
            self.abstention()
            return
        with _naming(self.model):
            refuse_no_calibration(self.bundle.model.calibrations_, self.bundle.tasks)

    def abstention(self) -> WindowAbstention:
        """Return what the model says of windows beside its predictions."""
        bundle = self.bundle
        run = self.run if OPEN not in bundle.training and bundle.normalizer is None else ""
        with _naming(self.model):
            return WindowAbstention.of(
                self.plan, bundle.tasks, bundle.domain, bundle.windows, self.coverage, run
            )

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
        abstention = self.abstention()
        is_trimmed = any(isinstance(one, Trimmed) for one in self.extractors)
        enrolment = self._enrolment(table, enrol, channel)
        notes = [] if enrolment is None else list(enrolment.notes)
        notes += abstention.notes(is_trimmed, calibrated_by_speaker(self.bundle.training))
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
                    timelines[row] = self._timeline(
                        file, own_channel, pool, speaker, of_windows, abstention
                    )
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
        if self.coverage is not None:
            predicted = with_prediction_sets(self.model, self.bundle, predicted, self.coverage)
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
        abstention: WindowAbstention,
    ) -> RecordingTimeline:
        announced = announced_seconds(file) if progress is not None else None

        is_transductive = self.bundle.speaker_norm == "transductive"

        def predict(X: NDArray[np.float32], facts: NDArray[np.float64]) -> pd.DataFrame:
            # Workers occupy the cores: threads of BLAS would wait for one another.
            with applying(self.model), one_thread():
                features = self._normalised(X, speaker)
                table = prediction_table(self.bundle.model, features, self.bundle.tasks)
                unlike = abstention.unlike(features if is_transductive else X, facts)
            return table if unlike is None else table.assign(unlike=unlike)

        predicted = predict_windows(
            file,
            self.plan,
            [extractor.spec for extractor in self.extractors],
            predict,
            channel=channel,
            pool=pool,
            n_jobs=self.n_jobs,
            at_once=is_transductive,
            is_measured=abstention.is_measured,
            progress=progress or silent,
            total=0 if announced is None else len(self.plan.starts(announced)),
        )
        sets = None if self.coverage is None else abstention.sets
        return recording_timeline(predicted, self.bundle.tasks, self.plan, self.smoothing, sets)

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


@contextmanager
def _naming(model: str | Path) -> Iterator[None]:
    """Put the name of a model before errors about its tasks."""
    try:
        yield
    except TaskError as error:
        raise TaskError(f"{model}: {error}") from error


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
