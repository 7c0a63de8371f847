"""The recordings of a run that are worth listening to, as tables and as items of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.experiment.runs.predicted_task import PredictedTask
from featser.explanation.error_lists import LISTS
from featser.explanation.label_errors import LabelErrors, find_label_errors
from featser.io.location import below, common_folder
from featser.progress import Progress
from featser.reporting.exploration.explore_page import PageItem
from featser.reporting.exploration.recording_links import recording_link
from featser.reporting.exploration.recording_media import (
    Excerpt,
    RecordingMedia,
    recording_media,
    within_limit,
)
from featser.workers.joblib_workers import parallel

RANDOM = "random"
LABEL_ERRORS = "label-errors"
_MOST_CLASSES = 4


@dataclass(frozen=True, eq=False)
class RecordingList:
    """A list of recordings.

    Attributes
    ----------
    name, title, meaning : str
    predicted : PredictedTask
        Whose predictions put them into the list.
    rows : ndarray of int
        Of its table; the first one is the first to listen to.
    reasons : list of str
        Of each row, a sentence.
    n_all : int
        How many the list would have without a limit.
    """

    name: str
    title: str
    meaning: str
    predicted: PredictedTask
    rows: NDArray[np.intp]
    reasons: list[str]
    n_all: int

    @cached_property
    def keys(self) -> list[tuple[Any, ...]]:
        """Which utterance each row is of."""
        return self.predicted.keys[self.rows].tolist()


def label_errors_of(predicted: PredictedTask) -> tuple[PredictedTask, LabelErrors]:
    """Find likely label errors by the predictions that find most, and say which these are.

    Predictions with folds of recordings (protocol ``random``) are used where the run has them:
    people in a corpus are then in both training and test set, so that less is wrong but the labels.
    """
    source = predicted
    if RANDOM in predicted.protocols and predicted.protocol != RANDOM:
        source = predicted.with_protocol(RANDOM)
    return source, find_label_errors(source.probabilities, source.labels)


def label_error_table(predicted: PredictedTask, errors: LabelErrors) -> pd.DataFrame:
    """Return the likely label errors, the most likely ones first, as ``label_errors.csv`` has them.

    Columns: ``rank`` from 1, ``file``, ``start``, ``end``, ``speaker``, ``corpus``, ``label``,
    ``proposed`` (the most probable other class), ``label_probability`` and
    ``proposed_probability``, ``support`` (the probability of the label in units of what its class
    has among recordings with other labels), ``protocol`` (of the predictions).
    """
    rows = errors.ranked
    classes = np.asarray(predicted.task.classes, dtype=object)
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(rows) + 1),
            **_places(predicted, rows),
            "label": classes[predicted.labels[rows]],
            "proposed": classes[errors.proposed[rows]],
            "label_probability": errors.label_probability[rows].round(6),
            "proposed_probability": errors.proposed_probability[rows].round(6),
            "support": errors.support[rows].round(6),
            "protocol": predicted.protocol,
        }
    )


def recording_lists(predicted: PredictedTask, most: int) -> list[RecordingList]:
    """Return the lists of recordings to listen to, each with at most ``most``."""
    source, errors = label_errors_of(predicted)
    lists = [
        RecordingList(
            LABEL_ERRORS,
            "Likely label errors",
            f"Out-of-fold predictions ({source.protocol}) give the label less than half of the "
            f"probability that its class has among recordings with other labels, and another class "
            f"the most. Listen before you change a label: a part of them is right.",
            source,
            errors.ranked[:most],
            [_doubt(source, errors, row) for row in errors.ranked[:most]],
            len(errors.ranked),
        )
    ]
    for one in LISTS:
        rows = one.rows(predicted.probabilities, predicted.labels, predicted.predictions)
        reasons = [""] * min(most, len(rows))
        lists.append(
            RecordingList(
                one.name, one.title, one.meaning, predicted, rows[:most], reasons, len(rows)
            )
        )
    return [*lists[1:], lists[0]]


def _doubt(predicted: PredictedTask, errors: LabelErrors, row: int) -> str:
    proposed = predicted.task.classes[int(errors.proposed[row])]
    return (
        f"The label has probability {errors.label_probability[row]:.3f}, {proposed} "
        f"{errors.proposed_probability[row]:.3f}."
    )


def listing_table(lists: Sequence[RecordingList]) -> pd.DataFrame:
    """Return all lists as one table, as ``errors.csv`` has it.

    Columns: ``list``, ``rank``, ``file``, ``start``, ``end``, ``speaker``, ``corpus``, ``label``,
    ``predicted``, the probability of each class, and ``protocol``.
    """
    tables = []
    for one in lists:
        predicted, rows = one.predicted, one.rows
        classes = np.asarray(predicted.task.classes, dtype=object)
        shares = predicted.probabilities[rows].round(6)
        tables.append(
            pd.DataFrame(
                {
                    "list": one.name,
                    "rank": np.arange(1, len(rows) + 1),
                    **_places(predicted, rows),
                    "label": classes[predicted.labels[rows]],
                    "predicted": classes[predicted.predictions[rows]],
                    **{f"p[{name}]": shares[:, place] for place, name in enumerate(classes)},
                    "protocol": predicted.protocol,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _places(predicted: PredictedTask, rows: NDArray[np.intp]) -> dict[str, Any]:
    table = predicted.table.iloc[rows]
    return {
        "file": table["file"].to_numpy(),
        "start": table["start"].to_numpy(dtype=float),
        "end": table["end"].to_numpy(dtype=float),
        "speaker": predicted.speaker[rows],
        "corpus": predicted.corpus[rows],
    }


def media_of(
    lists: Sequence[RecordingList], limit_mb: float | None, n_jobs: int, progress: Progress
) -> dict[tuple[Any, ...], RecordingMedia]:
    """Read and draw the recordings of all lists, each once.

    Parameters
    ----------
    lists : sequence of RecordingList
    limit_mb : float, optional
        Of all sounds that the page holds, in MB; None for no sounds.
    n_jobs : int
        Recordings at once, as joblib counts.
    progress : callable
        Called with the recordings done and in all.

    Returns
    -------
    dict
        By the key of the utterance.
    """
    from joblib import delayed

    excerpts: dict[tuple[Any, ...], Excerpt] = {}
    for one in lists:
        for key, row in zip(one.keys, one.rows, strict=True):
            excerpts.setdefault(key, _excerpt(one.predicted, int(row)))
    progress(0, len(excerpts))
    read = parallel(n_jobs, return_as="generator")(
        delayed(recording_media)(excerpt, limit_mb is not None) for excerpt in excerpts.values()
    )
    media = []
    for number, one_media in enumerate(read, 1):
        media.append(one_media)
        progress(number, len(excerpts))
    return dict(zip(excerpts, within_limit(media, limit_mb or 0.0), strict=True))


def _excerpt(predicted: PredictedTask, row: int) -> Excerpt:
    own = predicted.table.iloc[row]
    channel = own.get("channel", predicted.described.get("channel"))
    return Excerpt(
        str(own["file"]),
        float(own["start"]),
        float(own["end"]),
        channel if isinstance(channel, str) and channel else "mix",
    )


def page_items(
    one: RecordingList,
    media: dict[tuple[Any, ...], RecordingMedia],
    shown: dict[tuple[Any, ...], tuple[str, str]],
) -> list[PageItem]:
    """Return the items of a list.

    Parameters
    ----------
    one : RecordingList
    media : dict
        From :func:`media_of`.
    shown : dict
        The id and heading of what the page shows already, by the key of the utterance; the items
        of this list are added.
    """
    names = shown_names(one.predicted)
    items = []
    for place, (key, row) in enumerate(zip(one.keys, one.rows, strict=True)):
        heading = f"{one.title} {place + 1}"
        elsewhere, title = shown.setdefault(key, (f"{one.name}-{place + 1}", heading))
        is_elsewhere = title != heading
        own = _item(one, int(row), names[row], one.reasons[place], media[key])
        items.append(
            PageItem(**own, elsewhere=elsewhere, elsewhere_title=title)
            if is_elsewhere
            else PageItem(**own)
        )
    return items


def shown_names(predicted: PredictedTask) -> list[str]:
    """Return the files of all rows below their common folder."""
    files = [str(file) for file in predicted.table["file"]]
    folder = common_folder(files) if files else ""
    return [below(file, folder) for file in files]


def _item(
    one: RecordingList, row: int, name: str, reason: str, media: RecordingMedia
) -> dict[str, Any]:
    predicted = one.predicted
    classes = predicted.task.classes
    shares = predicted.probabilities[row]
    label, prediction = int(predicted.labels[row]), int(predicted.predictions[row])
    first = set(np.argsort(-shares, kind="stable")[:_MOST_CLASSES].tolist()) | {label, prediction}
    excerpt = _excerpt(predicted, row)
    link = recording_link(excerpt.file, predicted.folder, excerpt.start, excerpt.end)
    return {
        "name": name,
        "label": classes[label],
        "prediction": classes[prediction],
        "probabilities": [
            (classes[at], float(shares[at])) for at in sorted(first, key=lambda at: -shares[at])
        ],
        "reason": reason,
        "speaker": str(predicted.speaker[row]),
        "part": _part(excerpt),
        "audio": media.audio or link.href,
        "audio_problem": link.problem,
        "media": media,
    }


def _part(excerpt: Excerpt) -> str:
    """Say which segment of the file is meant."""
    first = 0.0 if np.isnan(excerpt.start) else excerpt.start
    if not np.isnan(excerpt.end):
        return f"from {first:.2f} s to {excerpt.end:.2f} s"
    return f"from {first:.2f} s to the end" if first else ""


def links_of(predicted: PredictedTask, folder: Path) -> tuple[list[str], list[str]]:
    """Return of all rows the links for players, and why there is none."""
    links = []
    for file, start, end in predicted.table[["file", "start", "end"]].itertuples(index=False):
        links.append(recording_link(str(file), folder, float(start), float(end)))
    return [link.href for link in links], [link.problem for link in links]
