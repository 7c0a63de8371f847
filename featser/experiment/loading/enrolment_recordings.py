"""Recordings that enrol speakers before a prediction: a folder of one, or a manifest of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.corpora.scans.file_listing import audio_files, with_unicode_names
from featser.credentials import without_credentials
from featser.errors import BundleError, FeatserError, ManifestError
from featser.evaluation.protocols.folding import speaker_ids
from featser.experiment.loading.sources.manifest_sources import is_manifest, table_of
from featser.io.location import is_local_folder, local_path
from featser.models.bundle import Bundle
from featser.speakers.enrolment_normalizer import EnrolmentNormalizer

Compute = Callable[[pd.DataFrame], tuple[NDArray[np.float32], list[str]]]


def refuse_enrolment(bundle: Bundle, model: str | Path) -> None:
    """Refuse recordings for enrolment that a model cannot use.

    Raises
    ------
    BundleError
        If it was fitted without enrolment.
    """
    if bundle.normalizer is None:
        raise BundleError(
            f"{model}: it was fitted with --speaker-norm {bundle.speaker_norm}, so --enrol means "
            f"nothing to it: leave that out, or fit with `featser fit --speaker-norm enrol`"
        )


def enrolment_table(source: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """List the recordings that enrol speakers, and say what could not be looked at.

    Parameters
    ----------
    source : str or Path
        A folder of one speaker's recordings, or a manifest, whose ``speaker`` tells several.

    Raises
    ------
    FeatserError
        If it is neither, or holds no recording.
    """
    notes: list[str] = []
    path = local_path(source)
    if is_manifest(source):
        table = table_of(source)
    elif is_local_folder(path):
        listed = with_unicode_names(audio_files(path.absolute(), None, notes), notes)
        files = list(map(str, listed))
        table = pd.DataFrame({"file": files, "start": np.nan, "end": np.nan})
    else:
        raise FeatserError(
            f"--enrol {source}: no such folder; name a folder of recordings of the speaker, or a "
            f"manifest with the column `speaker`"
        )
    if table.empty:
        raise FeatserError(f"--enrol {source}: there is no recording in it")
    return table.reset_index(drop=True), notes


@dataclass(frozen=True, eq=False)
class Enrolled:
    """Speakers who are enrolled before a prediction.

    Attributes
    ----------
    normalizer : EnrolmentNormalizer
        That knows them.
    speaker : ndarray of str, shape (n,)
        Who speaks in what is predicted, by the names it knows.
    notes : list of str
        What the user must know: who was not enrolled, what could not be used.
    """

    normalizer: EnrolmentNormalizer
    speaker: NDArray[np.str_]
    notes: list[str]


def enrolled(
    normalizer: EnrolmentNormalizer,
    expected: int,
    table: pd.DataFrame,
    source: str | Path | None,
    compute: Compute,
) -> Enrolled:
    """Enrol the speakers of the recordings that are to be predicted.

    Parameters
    ----------
    normalizer : EnrolmentNormalizer
        The model's.
    expected : int
        How many recordings of each speaker its figures are of.
    table : DataFrame
        What is predicted.
    source : str or Path, optional
        As in :func:`enrolment_table`; None enrols nobody.
    compute : callable
        Returns the features of a table's recordings, and why each has none.

    Raises
    ------
    FeatserError
        If no recording can be used, or it is not clear whose they are.
    """
    if source is None:
        warning = (
            f"this model expects {expected} recordings of the speaker to be given with --enrol; "
            f"without them each speaker is taken for the average one, and a model fitted with "
            f"--speaker-norm none recognises more"
        )
        return Enrolled(normalizer, speaker_ids(table), [warning])
    given, notes = enrolment_table(source)
    of_given, speaker = _speakers(given, table)
    _refuse_nameless(source, of_given, speaker)
    X, reasons = compute(given)
    good = np.array([reason == "" for reason in reasons])
    notes += [
        without_credentials(f"not enrolled: {file}: {reason}")
        for file, reason in zip(given["file"], reasons, strict=True)
        if reason
    ]
    if not good.any():
        raise FeatserError("\n".join([f"--enrol {source}: no recording can be used", *notes]))
    counts = pd.Series(of_given[good]).value_counts()
    for name in np.unique(speaker).tolist():
        count = int(counts.get(name, 0))
        who = f"speaker '{name}'" if name else "the speaker"
        if count == 0:
            notes.append(f"{who} was not enrolled, and is taken for the average one")
        elif count < expected:
            notes.append(f"{who} was enrolled by {count} recordings; {expected} are expected")
    return Enrolled(normalizer.enrol(X[good], of_given[good]), speaker, notes)


def _speakers(
    given: pd.DataFrame, table: pd.DataFrame
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Name the speakers of both tables alike: corpora tell them apart where both have them."""
    names = ["speaker"] + ["corpus"] * ("corpus" in given and "corpus" in table)
    both = [part.reindex(columns=names) for part in (given, table)]
    identified = speaker_ids(pd.concat(both, ignore_index=True))
    return identified[: len(given)], identified[len(given) :]


def _refuse_nameless(
    source: str | Path, given: NDArray[np.str_], speaker: NDArray[np.str_]
) -> None:
    """Let names enrol those they name, and recordings without any one speaker without a name."""
    if (given == "").all() and (speaker == "").all():
        return
    if (given == "").any() or (speaker == "").any():
        raise ManifestError(
            f"--enrol {source}: it is not clear whose recordings these are: give a manifest with "
            f"`speaker` filled in for both, the recordings that enrol and those to predict; or "
            f"name a folder and recordings of one speaker"
        )
