"""``featser predict``: from raw recordings to every task's prediction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import BundleError, FeatserError, ManifestError
from featser.evaluation.crossval import prediction_table
from featser.evaluation.enrolment import enrolled_recordings
from featser.evaluation.protocols import speaker_ids
from featser.features.compute import Utterance
from featser.features.extraction import compute_all, segments
from featser.features.extractor import Extractor, make_extractor
from featser.files import whole
from featser.location import placed
from featser.models.bundle import Bundle, load_bundle
from featser.models.normalise_frames import normalised_by_speaker
from featser.progress import Progress, silent
from featser.verbs.data import frames_of
from featser.verbs.enrolling import Enrolled, enrolled, refuse_enrolment
from featser.verbs.source import is_manifest, table_of

MIN_SPEAKER_UTTERANCES = 2


def predict(
    model: str | Path,
    files: Sequence[str | Path],
    output: str | Path | None = None,
    jobs: int = 1,
    progress: Progress = silent,
    enrol: str | Path | None = None,
) -> pd.DataFrame:
    """Predict every task of a model bundle for recordings.

    Parameters
    ----------
    model : str or Path
        A bundle that ``fit`` wrote.
    files : sequence of str or Path
        Recordings; or one manifest (CSV, Parquet), whose segments and speakers then count. Each
        may be a URL.
    output : str or Path, optional
        A CSV or Parquet file to write.
    jobs : int
        Worker processes; −1 for one a core.
    progress : callable
        Called with the recordings done and in all.
    enrol : str or Path, optional
        For a model that was fitted with enrolled speakers: a folder of recordings of the one
        speaker whose recordings are predicted, or a manifest with ``speaker`` for several.

    Returns
    -------
    DataFrame
        A row for each recording, in order: ``file``, ``start``, ``end``, ``{task}.pred``,
        ``{task}.p[{class}]``, and ``error``: why a recording has no prediction, else empty. Its
        ``attrs["notes"]``, a list of str, say who was not enrolled and what could not be used.

    Raises
    ------
    BundleError
        If the bundle cannot be used here, or not with ``enrol``.
    FeatserError
        If there is nothing to predict, or too few recordings of a speaker for a model that was
        fitted with speaker normalisation.
    """
    bundle = load_bundle(model)
    extractors = rebuild_extractors(bundle, model)
    table = _table(files)
    known: Enrolled | None = None
    if enrol is not None:
        refuse_enrolment(bundle, model)
    if bundle.normalizer is not None:
        compute = partial(_features, extractors=extractors, jobs=jobs, progress=silent)
        expected = enrolled_recordings(bundle.speaker_norm)
        known = enrolled(bundle.normalizer, expected, table, enrol, compute)
    X, errors = _features(table, extractors, jobs, progress)
    good = np.array([error == "" for error in errors])
    result = table[["file", "start", "end"]].copy()
    if good.any():
        features = (
            _normalised(X[good], table[good], bundle, extractors)
            if known is None
            else known.normalizer.transform(X[good], speaker=known.speaker[good])
        )
        predicted = prediction_table(bundle.model, features, bundle.tasks)
        predicted.index = table.index[good]
        result = result.join(predicted)
    result["error"] = errors
    result.attrs["notes"] = [] if known is None else known.notes
    if output is not None:
        _write(result, Path(output))
    return result


def rebuild_extractors(bundle: Bundle, file: str | Path) -> list[Extractor]:
    """Make the extractors that a bundle was fitted with.

    Raises
    ------
    BundleError
        If this version of featser would compute other features than the model has learnt.
    """
    extractors = []
    for known in bundle.extractors:
        extractor = make_extractor(known["spec"])
        for part, here in (
            ("version", extractor.version),
            ("params", extractor.params),
            ("names", list(extractor.names)),
        ):
            if _plain(here) != known[part]:
                raise BundleError(
                    f"{file}: it was fitted on '{known['spec']}' features that this featser "
                    f"computes differently (their {part} changed); use featser "
                    f"{bundle.libraries.get('featser')} or fit it again"
                )
        extractors.append(extractor)
    return extractors


def _plain(value: Any) -> Any:
    import json

    return json.loads(json.dumps(value))


def _table(files: Sequence[str | Path]) -> pd.DataFrame:
    places = [placed(file) for file in files]
    if not places:
        raise FeatserError("nothing to predict: name recordings, or a manifest")
    if len(places) == 1 and is_manifest(places[0]):
        table = table_of(places[0])
    else:
        table = pd.DataFrame({"file": [str(place) for place in places]})
    for name in ("start", "end"):
        if name not in table:
            table[name] = np.nan
    return table.reset_index(drop=True)


def _features(
    table: pd.DataFrame, extractors: Sequence[Extractor], jobs: int, progress: Progress
) -> tuple[NDArray[np.float32], list[str]]:
    utterances = [
        Utterance(file, str(row), start, end)
        for row, (file, start, end) in enumerate(segments(table))
    ]
    specs = [extractor.spec for extractor in extractors]
    found, reasons = compute_all(utterances, specs, jobs, progress)
    X = np.full((len(table), sum(extractor.dimension for extractor in extractors)), np.nan)
    errors = []
    for row, utterance in enumerate(utterances):
        errors.append("; ".join(reasons.get(utterance.key, [])))
        if not errors[-1]:
            X[row] = np.concatenate([found[spec][utterance.key] for spec in specs])
    return X.astype(np.float32), errors


def _normalised(
    X: NDArray[np.float32],
    table: pd.DataFrame,
    bundle: Bundle,
    extractors: Sequence[Extractor],
) -> NDArray[np.float32]:
    if bundle.speaker_norm == "none":
        return X
    speaker = speaker_ids(table)
    counts = pd.Series(speaker).value_counts()
    if counts.min() < MIN_SPEAKER_UTTERANCES:
        raise ManifestError(
            f"this model normalises by speaker (transductive): a speaker's recordings must be "
            f"given together, {MIN_SPEAKER_UTTERANCES} at the least and better 8 or more; "
            f"'{counts.idxmin() or 'unknown'}' has {counts.min()}. Recordings named on the "
            f"command line count as one speaker's; for several, give a manifest with `speaker`"
        )
    return normalised_by_speaker(X, speaker, frames_of(extractors))


def _write(table: pd.DataFrame, path: Path) -> None:
    with whole(path) as temporary:
        if path.suffix.lower() == ".parquet":
            table.to_parquet(temporary, index=False)
        else:
            table.to_csv(temporary, index=False)
