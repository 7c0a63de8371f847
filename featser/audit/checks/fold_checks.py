"""What folds that are carried out as given share between training and test set, as findings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.finding import Finding
from featser.errors import counted
from featser.evaluation.protocols.folds import UNTESTED, Folds
from featser.evaluation.protocols.overlap import Overlap
from featser.io.location import below, common_folder

SPEAKERS = "speakers in training and test"
RECORDINGS = "recordings in training and test"
UNNAMED = "folds without speakers"
DISJOINT = "disjoint folds"


def overlap_findings(
    protocol: str,
    table: pd.DataFrame,
    folds: Folds,
    overlap: Overlap,
    speaker: NDArray[np.str_],
    audio: NDArray[np.str_],
) -> list[Finding]:
    """Report the speakers and recordings that folds share.

    Parameters
    ----------
    protocol : str
        How the folds are called.
    table : DataFrame, n rows
        A manifest.
    folds : Folds
    overlap : Overlap
        Of these folds.
    speaker, audio : ndarray of str, shape (n,)
        Who speaks, and the identity of the recording, in each row.

    Returns
    -------
    list of Finding
        A warning for shared speakers and one for shared recordings, each with their names; a
        warning if speakers are missing; a note if nothing is shared.
    """
    findings = []
    if not overlap.phrases and not overlap.n_unnamed:
        message = f"under '{protocol}' folds share neither speakers nor recordings"
        findings.append(Finding(DISJOINT, "note", message))
    if overlap.n_unnamed:
        message = (
            f"{overlap.n_unnamed} of {counted(overlap.n_tested, 'utterance')} that '{protocol}' "
            f"tests have no speaker, so folds may share speakers: fill in the manifest's column "
            f"`speaker`"
        )
        findings.append(Finding(UNNAMED, "warning", message))
    if overlap.speakers:
        message = (
            f"folds share {counted(len(overlap.speakers), 'speaker')}: the figures under "
            f"'{protocol}' are optimistic; use `--protocol speaker-independent` for figures on new "
            f"speakers"
        )
        findings.append(
            Finding(SPEAKERS, "warning", message, shared_speakers(folds, overlap, speaker))
        )
    if overlap.recordings:
        n_rows = counted(int(overlap.in_training.sum()), "test utterance")
        n_recordings = counted(len(overlap.recordings), "recording")
        are = "is" if len(overlap.recordings) == 1 else "are"
        message = (
            f"{n_recordings} {are} in training and test set ({n_rows}): under '{protocol}' a model "
            f"is tested on its training data; compare the figures without these recordings"
        )
        rows = shared_recordings(table, folds, overlap, speaker, audio)
        findings.append(Finding(RECORDINGS, "warning", message, rows))
    return findings


def shared_speakers(
    folds: Folds, overlap: Overlap, speaker: NDArray[np.str_]
) -> list[dict[str, Any]]:
    """Return each shared speaker with the folds that test them, and their utterances."""
    rows = []
    for name in overlap.speakers:
        tested = (speaker == name) & (folds.test != UNTESTED)
        named = ", ".join(_names(folds, np.unique(folds.test[tested])))
        rows.append({"speaker": name, "folds": named, "utterances": int(tested.sum())})
    return rows


def shared_recordings(
    table: pd.DataFrame,
    folds: Folds,
    overlap: Overlap,
    speaker: NDArray[np.str_],
    audio: NDArray[np.str_],
) -> list[dict[str, Any]]:
    """Return the files of each shared recording, with the fold and the speaker of each."""
    files = table["file"].astype(str).tolist()
    folder = common_folder(files)
    rows = []
    for number, recording in enumerate(overlap.recordings, start=1):
        for row in np.flatnonzero((audio == recording) & (folds.test != UNTESTED)).tolist():
            (fold,) = _names(folds, folds.test[[row]])
            rows.append(
                {
                    "recording_group": number,
                    "file": below(files[row], folder),
                    "fold": fold,
                    "speaker": str(speaker[row]),
                }
            )
    return rows


def _names(folds: Folds, numbers: NDArray[np.intp]) -> list[str]:
    return [folds.names[number] if folds.names else str(number) for number in numbers.tolist()]
