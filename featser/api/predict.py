"""``featser predict``: from raw recordings to every task's prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.api.arguments.path_rules import (
    output_files,
    path,
    refuse_source_as_output,
    several_files,
)
from featser.api.validation import validated
from featser.auxiliary.open_name import OPEN
from featser.corpora.card_schema import AUDIO_ENDINGS
from featser.corpora.utterances import Utterance, places
from featser.credentials import without_credentials
from featser.errors import BundleError, ManifestError, TaskError
from featser.evaluation.prediction_tables import prediction_table
from featser.evaluation.protocols.enrolment_split import enrolled_recordings
from featser.evaluation.protocols.groups import speaker_ids, speaker_names
from featser.experiment.loading.data import frames_of
from featser.experiment.loading.enrolment_recordings import Enrolled, enrolled, refuse_enrolment
from featser.experiment.loading.named_recordings import NamedRecordings, named_recordings
from featser.experiment.loading.sources.manifest_sources import with_channel
from featser.extraction.in_memory import compute_all
from featser.features.extractor import Extractor
from featser.features.trimmed import Trimmed, trimmed
from featser.io.result_tables import TABLE_ENDINGS, table_format, write_table
from featser.models.abstention.new_recordings import domain_notes, unlike_training
from featser.models.abstention.prediction_sets import (
    calibrated_by_speaker,
    refuse_no_calibration,
    set_columns,
    set_notes,
)
from featser.models.abstention.reason import in_words
from featser.models.abstention.training_domain import is_longer
from featser.models.bundle import Bundle, applying, load_bundle
from featser.models.bundle_extractors import rebuild_extractors
from featser.models.storage.bundle_name import BUNDLE
from featser.one_thread import one_thread
from featser.progress import Progress, silent, stage
from featser.progress_bars import showing_progress
from featser.speakers.frame_normalization import normalised_by_speaker
from featser.studies.open_model import open_model, statement
from featser.tasks import Task

MIN_SPEAKER_UTTERANCES = 2
REMARKS = 5
"""So many recordings are remarked upon one by one."""


@validated(model=path, output=output_files(*TABLE_ENDINGS))
@showing_progress
def predict(
    model: str | Path,
    files: Sequence[str | Path],
    /,
    *,
    output: str | Path | Sequence[str | Path] | None = None,
    n_jobs: int = 1,
    enrol: str | Path | None = None,
    trim: bool = False,
    trust_paths: bool = False,
    channel: str | None = None,
) -> pd.DataFrame:
    """Predict every task of a model bundle for recordings.

    Parameters
    ----------
    model : str or Path
        A bundle that ``fit`` wrote; or ``open``, the model of the corpora that featser brings
        (:mod:`featser.studies.open_model`), which is fitted once and kept in the cache.
    files : sequence of str or Path
        Recordings and folders of them, ``-`` for a recording on the standard input, and manifests
        (CSV, Parquet), whose segments and speakers count. Each may be a URL.
    output : str, Path, or several, optional
        Tables to write, in the format of their endings: ``.csv``, ``.json``, ``.parquet``, or
        ``.xlsx`` (extra ``excel``).
    n_jobs : int
        Worker processes; -1 for one per core.
    enrol : str or Path, optional
        For a model that was fitted with enrolled speakers: a folder of recordings of the one
        speaker whose recordings are predicted, or a manifest with ``speaker`` for several.
    trim : bool
        Whether to remove the silence before and after the speech although the model was fitted
        with it. A model that was fitted without it removes it in any case.
    trust_paths : bool
        Whether files that the bundle names by path, such as a network for embeddings, are opened
        wherever they are. By default they are looked for beside the bundle only.
    channel : str, optional
        Which channel of recordings that have several: ``mix``, ``left``, ``right``, a number from
        1 on, or ``loudest``; that which the model was fitted on by default. The column ``channel``
        of a manifest goes first.

    Returns
    -------
    DataFrame
        A row for each recording, in order: ``file``, ``start``, ``end``, ``{task}.pred``,
        ``{task}.p[{class}]``; ``unlike``: in which ways the recording is unlike those that the
        model was fitted on, such as "level -62 dB; training -41 to -18 dB", empty if in none
        (:mod:`featser.models.abstention.training_domain`), absent for models of earlier versions;
        and ``error``: why a recording has no prediction, else empty. Its ``attrs["notes"]``, a
        list of str, say how the manifest was read, who was not enrolled, what could not be used,
        and which recordings have channels that differ; ``attrs["n_longer"]`` is the number of
        recordings that are longer than those of the training set.

    Raises
    ------
    BundleError
        If the bundle cannot be used here, or not with ``enrol``.
    FeatserError
        If there is nothing to predict, or too few recordings of a speaker for a model that was
        fitted with speaker normalisation.
    TaskError
        If such a model is given recordings of which only some have a speaker.
    """
    outputs = several_files(output)
    for file in outputs:
        refuse_source_as_output([file], [*files, enrol])
        table_format(file)  # a missing package is named before anything is computed
    model = located(model, n_jobs)
    bundle = load_bundle(model)
    extractors = rebuild_extractors(bundle, model, trust_paths)
    if trim:
        extractors = [trimmed(extractor) for extractor in extractors]
    chosen = bundle.channel if channel is None else channel
    with named_recordings(files) as named:
        result = predict_named(model, bundle, extractors, named, n_jobs, enrol, chosen)
    for file in outputs:
        write_table(result, file)
    return result


@validated(output=output_files(*TABLE_ENDINGS))
def prediction_sets(
    model: str | Path,
    predictions: pd.DataFrame,
    /,
    *,
    coverage: float = 0.9,
    output: str | Path | Sequence[str | Path] | None = None,
) -> pd.DataFrame:
    """Add a set of classes to each prediction, which has the true class with a given probability.

    Parameters
    ----------
    model : str or Path
        The bundle that predicted, or ``open``.
    predictions : DataFrame
        From :func:`predict`.
    coverage : float
        The probability, such as 0.9. It holds for each class, and for recordings of new speakers
        who are like those of the training (:mod:`featser.evaluation.conformal`).
    output : str, Path, or several, optional
        Tables to write, as :func:`predict` writes them.

    Returns
    -------
    DataFrame
        ``predictions`` with, for each task with classes, ``{task}.set``, the classes of the set
        with " | " between them, and ``{task}.abstains``, whether these are not exactly one. Its
        ``attrs["notes"]`` also say which tasks have no sets, and which classes have too few
        speakers.

    Raises
    ------
    TaskError
        If the model has no calibration scores.
    ManifestError
        If the table lacks probabilities that the model predicts.

    Examples
    --------
    >>> table = featser.predict("model.featser", ["clip.wav"])  # doctest: +SKIP
    >>> featser.prediction_sets("model.featser", table, coverage=0.8)  # doctest: +SKIP
    """
    bundle = refuse_uncalibrated(model, coverage)
    result = with_prediction_sets(model, bundle, predictions, coverage)
    for file in several_files(output):
        write_table(result, file)
    return result


def with_prediction_sets(
    model: str | Path, bundle: Bundle, predictions: pd.DataFrame, coverage: float
) -> pd.DataFrame:
    """Add sets of classes to predictions: what :func:`prediction_sets` does between its files.

    Parameters
    ----------
    model : str or Path
        Where the bundle was read from.
    bundle : Bundle
        A model with calibration scores.
    predictions, coverage
        As :func:`prediction_sets` takes them.
    """
    calibrations = bundle.model.calibrations_
    usable = _usable(predictions, bundle.tasks, model)
    sets = set_columns(calibrations, usable, bundle.tasks, coverage) if len(usable) else None
    notes = set_notes(calibrations, bundle.tasks, coverage, calibrated_by_speaker(bundle.training))
    result = predictions
    if sets is not None:
        result = predictions.drop(columns="error").join(sets).assign(error=predictions["error"])
    result.attrs |= predictions.attrs | {"notes": [*predictions.attrs.get("notes", []), *notes]}
    return result


def _usable(predictions: pd.DataFrame, tasks: Sequence[Task], model: str | Path) -> pd.DataFrame:
    """Return the rows with predictions, and refuse a table without their probabilities."""
    needed = ["error"]
    if "error" in predictions and (predictions["error"] == "").any():
        needed += [f"{task.name}.p[{name}]" for task in tasks for name in task.classes]
    if absent := [name for name in needed if name not in predictions]:
        raise ManifestError(
            f"the predictions have no column '{absent[0]}': give the table that "
            f"featser.predict({str(model)!r}, …) returned"
        )
    return predictions[predictions["error"] == ""]


@validated(model=path)
def refuse_uncalibrated(model: str | Path, coverage: float) -> Bundle:
    """Return the bundle of a model with calibration scores.

    Raises
    ------
    InputError
        If the coverage is not between 0 and 1.
    TaskError
        If the model has no classes, or no scores.
    """
    bundle = load_bundle(located(model))
    try:
        refuse_no_calibration(bundle.model.calibrations_, bundle.tasks)
    except TaskError as error:
        raise TaskError(f"{model}: {error}") from error
    return bundle


def predict_named(
    model: str | Path,
    bundle: Bundle,
    extractors: Sequence[Extractor],
    named: NamedRecordings,
    n_jobs: int,
    enrol: str | Path | None,
    chosen: str,
    explain: Callable[[NDArray[np.float32]], pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Predict recordings that have been listed: what :func:`predict` does between its files.

    Parameters
    ----------
    model : str or Path
        Where the bundle was read from.
    bundle : Bundle
        The model.
    extractors : sequence of Extractor
        Those that it was fitted on.
    named : NamedRecordings
        What to predict.
    n_jobs, enrol
        As :func:`predict` takes them.
    chosen : str
        The channel of rows that name none.
    explain : callable, optional
        Returns more columns for the features of the recordings that can be used, as the model
        reads them.
    """
    notes = list(named.notes)
    table = with_channel(named.table, chosen)
    if bundle.speaker_norm == "transductive":
        speaker_names(speaker_ids(table), "this model normalises by speaker (transductive) and")
    enrolment: Enrolled | None = None
    if enrol is not None:
        refuse_enrolment(bundle, model)
    if bundle.normalizer is not None:
        compute = partial(features_of, extractors=extractors, jobs=n_jobs, channel=chosen)
        expected = enrolled_recordings(bundle.speaker_norm)
        enrolment = enrolled(bundle.normalizer, expected, table, enrol, compute)
    X, errors, remarks = _computed(table, extractors, n_jobs, stage("Predicting"))
    good = np.array([error == "" for error in errors])
    result, n_longer = table[["file", "start", "end"]].copy(), 0
    if good.any():
        with applying(model):
            features = (
                _normalised(X[good], table[good], bundle, extractors)
                if enrolment is None
                else enrolment.normalizer.transform(X[good], speaker=enrolment.speaker[good])
            )
            # One BLAS thread: sums have one order everywhere, and a few rows are done sooner.
            with one_thread():
                predicted = prediction_table(bundle.model, features, bundle.tasks)
        predicted.index = table.index[good]
        result = result.join(predicted)
        if bundle.domain is not None:
            compared = features if bundle.speaker_norm == "transductive" else X[good]
            progress = stage("Comparing with the training recordings")
            is_trimmed = any(isinstance(one, Trimmed) for one in extractors)
            reasons = unlike_training(
                bundle.domain, table[good], compared, n_jobs, progress, trimmed=is_trimmed
            )
            unlike = [in_words(one) for one in reasons]
            result["unlike"] = pd.Series(unlike, index=table.index[good], dtype=object)
            n_longer = sum(map(is_longer, reasons))
        if explain is not None:
            with applying(model):
                result = result.join(explain(features).set_index(table.index[good]))
    result["file"] = [named.shown(file) for file in result["file"]]
    result["error"] = [without_credentials(error) for error in errors]
    notes += [] if enrolment is None else enrolment.notes
    notes += domain_notes(bundle.domain)
    own = [statement(bundle.training)] if OPEN in bundle.training else []
    result.attrs |= {"notes": [*own, *notes, *_remarked(remarks, named)], "n_longer": n_longer}
    return result


def located(model: str | Path, n_jobs: int = -1) -> str | Path:
    """Return the file of a model: that in the folder of a run, or ``open`` from the cache.

    Raises
    ------
    BundleError
        If it is a recording.
    """
    file = Path(model)
    if str(model) == OPEN and not file.exists():
        return open_model(n_jobs)
    if file.suffix.lower() in AUDIO_ENDINGS:
        raise BundleError(
            f"{model}: a recording, no model: name the model first, RUN/{BUNDLE} or `{OPEN}`, and "
            f"the recordings after it"
        )
    return file / BUNDLE if (file / BUNDLE).is_file() else model


def _remarked(remarks: Mapping[str, str], named: NamedRecordings) -> list[str]:
    """Say of some recordings what decoding had to do to them, and of how many more."""
    notes = [
        f"{named.shown(file)}: {without_credentials(remark)}"
        for file, remark in list(remarks.items())[:REMARKS]
    ]
    more = len(remarks) - len(notes)
    return [*notes, f"{more} more such recordings"] if more else notes


def features_of(
    table: pd.DataFrame, extractors: Sequence[Extractor], jobs: int, channel: str
) -> tuple[NDArray[np.float32], list[str]]:
    """Return the features of a table's recordings, and why each has none."""
    return _computed(with_channel(table, channel), extractors, jobs, silent)[:2]


def _computed(
    table: pd.DataFrame, extractors: Sequence[Extractor], jobs: int, progress: Progress
) -> tuple[NDArray[np.float32], list[str], dict[str, str]]:
    """Return features, why rows have none, and what is to be remarked of files."""
    utterances = [
        Utterance(file, str(row), start, end, channel=channel)
        for row, (file, start, end, channel) in enumerate(places(table))
    ]
    specs = [extractor.spec for extractor in extractors]
    computed, reasons, remarks = compute_all(utterances, extractors, jobs, progress)
    X = np.full((len(table), sum(extractor.dimension for extractor in extractors)), np.nan)
    errors = []
    for row, utterance in enumerate(utterances):
        errors.append("; ".join(reasons.get(utterance.key, [])))
        if not errors[-1]:
            X[row] = np.concatenate([computed[spec][utterance.key] for spec in specs])
    return X.astype(np.float32), errors, remarks


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
