"""What worker processes do for the server: they load models, decode recordings and predict.

All calls are those of the command line, with one process, so that the values are the same. A worker
keeps the models that it has loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.api.finished.explain_predictions import explanation_table
from featser.api.over_time.timeline_predictor import TimelinePredictor, joined_timelines
from featser.api.predict import located, predict_named, with_prediction_sets
from featser.audio import decode_blocks
from featser.audio.decoding import announced_seconds
from featser.auxiliary.open_name import OPEN
from featser.errors import BundleError, FeatserError, UnusableAudio, counted
from featser.experiment.loading.named_recordings import NamedRecordings
from featser.experiment.loading.sources.manifest_sources import with_channel
from featser.explanation.feature_groups import feature_groups
from featser.explanation.prediction_explanation import training_rows_of
from featser.explanation.prediction_explanation_table import explanation_sentences
from featser.features import extract_features
from featser.features.extractor import Extractor
from featser.features.trimmed import trimmed
from featser.io.result_tables import write_table
from featser.models.bundle import Bundle, load_bundle
from featser.models.bundle_extractors import rebuild_extractors
from featser.serve.predicting.jobs import JSON, Answer, Job
from featser.serve.predicting.sound_view import sound_view
from featser.serve.requests.responses import RequestError, as_request_error
from featser.serve.requests.uploads import Upload
from featser.studies.open_model import statement
from featser.timelines.recording_timeline import RecordingTimeline
from featser.timelines.smoothing import parse_smoothing, refuse_smoothing
from featser.timelines.timeline_files import write_outputs
from featser.timelines.window_plan import WindowPlan
from featser.workers.task import Step, unobserved

COUNTED_S = 10.0
LOADING_S = 900.0
"""Seconds to load a model; ``open`` is fitted first where the cache does not have it."""
TABLES = ("json", "csv")


@dataclass(frozen=True)
class LoadedModel:
    """A model that a worker has loaded."""

    file: str | Path
    bundle: Bundle
    extractors: list[Extractor]


@dataclass(frozen=True, eq=False)
class UploadedRecordings(NamedRecordings):
    """Recordings of a request, which results call by the names that the client gave."""

    names: Mapping[str, str] = field(default_factory=dict)

    def shown(self, file: object) -> str:
        """Return the name that the client gave."""
        return self.names.get(str(file), str(file))


def uploaded(uploads: Sequence[Upload], channel: str) -> UploadedRecordings:
    """Return the recordings of a request, whole, with the channel to use."""
    names = {str(upload.path): upload.name for upload in uploads}
    table = pd.DataFrame({"file": list(names), "start": np.nan, "end": np.nan})
    return UploadedRecordings(with_channel(table, channel), [], names=names)


def describe(job: Job, begin: Step) -> dict[str, Any]:
    """Load a model, and predict a tone, so that the first request need not wait; describe it."""
    begin("loading", 0.0, LOADING_S)
    loaded = loaded_model(job.model)
    bundle = loaded.bundle
    with TemporaryDirectory() as folder:
        tone = Upload("tone.wav", Path(folder) / "tone.wav", 1)
        _write_tone(tone.path)
        if bundle.speaker_norm == "none":
            predict(with_uploads(job, [tone]), unobserved)
        view(with_uploads(job, [tone]), unobserved)
    return {
        "name": job.model_name,
        "tasks": [task.to_dict() for task in bundle.tasks],
        "extractors": [extractor.spec for extractor in loaded.extractors],
        "feature_groups": [group.name for group in feature_groups(loaded.extractors)],
        "speaker_norm": bundle.speaker_norm,
        "channel": bundle.channel,
        "has_prediction_sets": bool(getattr(bundle.model, "calibrations_", {})),
        "explains": bundle.comparison is not None,
        "statement": statement(bundle.training) if OPEN in bundle.training else "",
        "libraries": bundle.libraries,
    }


def predict(job: Job, begin: Step) -> Answer:
    """Predict recordings: what ``featser predict`` does."""
    seconds = _checked_seconds(job)
    loaded = loaded_model(job.model)
    begin("predicting", seconds)
    extractors, channel = _extractors(job, loaded), _channel(job, loaded)
    named = uploaded(_usable(job), channel)
    explain = _explainer(job, loaded, extractors) if job.option("why") else None
    table = predict_named(loaded.file, loaded.bundle, extractors, named, 1, None, channel, explain)
    coverage = job.option("coverage")
    if coverage is not None:
        table = with_prediction_sets(job.model_name, loaded.bundle, table, coverage)
    table = with_lost_recordings(job, table)
    return _table_answer(job, table, "predictions")


def timeline(job: Job, begin: Step) -> Answer:
    """Predict over the time of recordings: what ``featser predict --timeline`` does."""
    seconds = _checked_seconds(job)
    loaded = loaded_model(job.model)
    begin("predicting", seconds)
    plan = WindowPlan(job.option("window"), job.option("hop"))
    smoothing = parse_smoothing(job.option("smooth"))
    extractors, channel = _extractors(job, loaded), _channel(job, loaded)
    usable, segments = _usable(job), job.option("segments")
    predictor = TimelinePredictor(
        job.model_name, loaded.bundle, extractors, plan, smoothing, 1, job.option("coverage")
    )
    predictor.refuse_uncalibrated(segments is not None)
    named = uploaded(usable, channel)
    if segments is None:
        timelines, errors, notes = predictor.timelines(named, None, channel)
    else:
        refuse_smoothing(smoothing)
        speech = predictor.intervals(named, segments, channel)
        timelines, errors, notes = predictor.of_segments(named, speech, None, channel)
    by_name = {usable[row].name: one for row, one in timelines.items()}
    table = _joined(job, usable, by_name, errors, channel)
    is_open = OPEN in loaded.bundle.training and segments is None  # else the notes have it
    table.attrs["notes"] = [*([statement(loaded.bundle.training)] if is_open else []), *notes]
    if job.option("format") in TABLES:
        return _table_answer(job, table, "frames")
    return _written(job, lambda path: write_outputs([path], by_name, table))


def _usable(job: Job) -> list[Upload]:
    """Return the recordings at which no worker has ended."""
    return [upload for upload in job.uploads if upload.name not in job.lost]


def _joined(
    job: Job,
    usable: Sequence[Upload],
    timelines: Mapping[str, RecordingTimeline],
    errors: Mapping[int, str],
    channel: str,
) -> pd.DataFrame:
    """Return the rows of all recordings of a request, in their order."""
    reasons = job.lost | {usable[row].name: reason for row, reason in errors.items()}
    rows = {upload.name: row for row, upload in enumerate(job.uploads)}
    return joined_timelines(
        uploaded(job.uploads, channel),
        {rows[name]: one for name, one in timelines.items()},
        {rows[name]: reason for name, reason in reasons.items()},
    )


def with_lost_recordings(job: Job, table: pd.DataFrame) -> pd.DataFrame:
    """Add the recordings at which a worker ended to predictions, in the order of the request."""
    if not job.lost:
        return table
    names = [upload.name for upload in job.uploads]
    lost = pd.DataFrame({"file": list(job.lost), "error": list(job.lost.values())})
    joined = pd.concat([table, lost], ignore_index=True)[list(table)]
    ordered = joined.iloc[joined["file"].map(names.index).argsort()].reset_index(drop=True)
    ordered.attrs["notes"] = table.attrs.get("notes", [])
    return ordered


def features(job: Job, begin: Step) -> Answer:
    """Compute features: what :func:`featser.extract_features` does."""
    seconds = _checked_seconds(job)
    loaded = loaded_model(job.model)
    begin("extracting", seconds)
    specs = job.option("features") or [one.spec for one in loaded.extractors]
    files = [upload.path for upload in job.uploads]
    table = extract_features(files, specs, channel=_channel(job, loaded))
    table.insert(0, "file", [upload.name for upload in job.uploads])
    return _table_answer(job, table, "features")


def view(job: Job, begin: Step) -> Answer:
    """Describe the sound of one recording, to be drawn."""
    seconds = _checked_seconds(job)
    loaded = loaded_model(job.model)
    begin("describing", seconds)
    return Answer(as_json(sound_view(job.uploads[0].path, _channel(job, loaded))))


TASKS: dict[str, Callable[[Job, Step], Any]] = {
    task.__name__: task for task in (describe, predict, timeline, features, view)
}
"""What can be asked of a worker, by name."""


def answered(job: Job, begin: Step) -> Any:
    """Do a job; where featser refuses, return the error that a client is answered."""
    begin("", 0.0)
    try:
        return TASKS[job.task](job, begin)
    except RequestError as error:
        return error
    except FeatserError as error:
        return as_request_error(error)


@cache
def loaded_model(file: str) -> LoadedModel:
    """Load a model once in the life of a worker.

    Raises
    ------
    BundleError
        If it cannot be used, or is of enrolled speakers, whom a request cannot bring.
    """
    place = located(file)
    bundle = load_bundle(place)
    if bundle.normalizer is not None:
        raise BundleError(
            f"{file}: the model was fitted with enrolled speakers ({bundle.speaker_norm}), whose "
            f"recordings a request does not bring: use `featser predict --enrol`"
        )
    return LoadedModel(place, bundle, rebuild_extractors(bundle, place, False))


def as_json(data: Any) -> bytes:
    """Return data as JSON, whose numbers are read again as the same; null for what is missing.

    Examples
    --------
    >>> as_json({"p": 0.1, "start": float("nan")})
    b'{"p": 0.1, "start": null}'
    """
    return json.dumps(_plain(data), ensure_ascii=False, allow_nan=False).encode()


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _extractors(job: Job, loaded: LoadedModel) -> list[Extractor]:
    if not job.option("trim"):
        return loaded.extractors
    return [trimmed(extractor) for extractor in loaded.extractors]


def _explainer(
    job: Job, loaded: LoadedModel, extractors: list[Extractor]
) -> Callable[[NDArray[np.float32]], pd.DataFrame]:
    """Return what explains predictions, as ``featser predict --why`` does.

    Raises
    ------
    BundleError
        If the model cannot explain its predictions.
    """
    try:
        training_rows_of(loaded.bundle)
    except BundleError as error:
        raise BundleError(f"{job.model_name}: {error}") from error
    return partial(explanation_table, loaded.bundle, extractors)


def _channel(job: Job, loaded: LoadedModel) -> str:
    return job.option("channel") or loaded.bundle.channel


def _checked_seconds(job: Job) -> float:
    """Return how long the recordings are; refuse one that is too long before it is decoded."""
    total = 0.0
    for upload in _usable(job):
        try:
            seconds = _length_s(upload.path, job.most_seconds)
        except UnusableAudio:  # the answer says why
            continue
        if seconds > job.most_seconds:
            raise UnusableAudio(
                upload.name,
                f"{upload.name}: longer than {job.most_seconds:g} s, the limit of this server: "
                f"cut it, or use `featser predict`",
            )
        total += seconds
    return total


def _length_s(path: Path, most: float) -> float:
    """Return the length of a recording; where it announces none, decode until it is too long."""
    announced = announced_seconds(path)
    if announced is not None:
        return announced
    seconds = 0.0
    for block in decode_blocks(path, COUNTED_S):
        seconds += len(block.samples) / block.rate
        if seconds > most:
            break
    return seconds


def _table_answer(job: Job, table: pd.DataFrame, what: str) -> Answer:
    if (job.option("format") or JSON) != JSON:
        return _written(job, lambda path: write_table(table, path))
    notes = list(table.attrs.get("notes", []))
    rows = table.astype(object).to_dict("records")
    answer = {"model": job.model_name, what: rows, "notes": notes}
    if job.option("why"):
        answer["explanations"] = [
            [] if row["error"] else explanation_sentences(row) for row in rows
        ]
    return Answer(as_json(answer))


def _written(job: Job, write: Callable[[Path], object]) -> Answer:
    """Return a file that the functions of the command line write."""
    ending = str(job.option("format"))
    if ending == "TextGrid" and len(job.uploads) > 1:
        raise RequestError(
            400, f"a TextGrid holds one recording, and the request has "
            f"{counted(len(job.uploads), 'recording')}: send one", "InputError",
        )  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"answer.{ending}"
        write(path)
        return Answer(path.read_bytes(), ending)


def with_uploads(job: Job, uploads: Sequence[Upload]) -> Job:
    """Return a job for some of its recordings."""
    return replace(job, uploads=tuple(uploads))


def _write_tone(path: Path) -> None:
    """Write a second of a tone with noise, which all extractors accept."""
    import soundfile

    time = np.arange(16_000) / 16_000
    noise = np.random.default_rng(0).standard_normal(len(time))
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 150 * time) + 0.01 * noise, 16_000)
