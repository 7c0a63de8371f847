"""``featser explore``: a page with a map of a run's recordings, and those to listen to."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from featser.api.finished.listed_recordings import (
    LABEL_ERRORS,
    RANDOM,
    RecordingList,
    label_error_table,
    label_errors_of,
    links_of,
    listing_table,
    media_of,
    page_items,
    recording_lists,
    shown_names,
)
from featser.api.finished.run_maps import RunMaps, run_maps
from featser.api.validation import validated
from featser.errors import FeatserError, RunError, counted
from featser.experiment.runs.folder_lock import only_writer
from featser.experiment.runs.invocation import typed_command
from featser.experiment.runs.predicted_task import PredictedTask, predicted_task
from featser.experiment.runs.reopened_run import refit_command
from featser.experiment.runs.report_links import add_link
from featser.io.result_display import Display, ShownResult
from featser.io.result_tables import write_table
from featser.progress import stage
from featser.progress_bars import showing_progress
from featser.reporting import tables
from featser.reporting.exploration.explore_page import (
    ExplorePage,
    PageSection,
    write_explore_page,
)
from featser.reporting.exploration.map_data import MapData

PAGE = "explore.html"
MOST = 20
_MOST_IN_TABLE = 100


@dataclass(repr=False)
class Exploration(ShownResult):
    """What there is to see and to hear of a run.

    Attributes
    ----------
    folder : Path
        The run's; it gets ``explore.html``, ``errors.csv``, ``label_errors.csv`` and, with a map,
        ``map.csv`` and ``speakers.csv``.
    task, protocol : str
    lists : list of RecordingList
    label_errors : DataFrame
        All likely label errors, as ``label_errors.csv`` has them.
    maps : list of str
        Titles of the maps.
    n_embedded, n_unreadable : int
        Of the listed recordings: how many the page holds, and how many could not be read.
    notes : list of str
        What limits the page.
    seconds : float
    """

    folder: Path
    task: str
    protocol: str
    lists: list[RecordingList]
    label_errors: pd.DataFrame
    maps: list[str]
    n_embedded: int = 0
    n_unreadable: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / PAGE

    def display(self) -> Display:
        """Return the lists with their lengths."""
        rows = [[one.title, one.n_all, len(one.rows)] for one in self.lists]
        text = f"{counted(len(self.label_errors), 'likely label error')} of {self.task}; page: "
        return Display(f"{text}{self.page}", ["list", "recordings", "on the page"], rows)


@validated()
@showing_progress
def explore(
    run: str | Path,
    /,
    *,
    task: str | None = None,
    protocol: str | None = None,
    most: int = MOST,
    umap: bool = False,
    embed_mb: float | None = None,
    store: str | Path | None = None,
    n_jobs: int = -1,
) -> Exploration:
    """Write a page with a map of a run's recordings, its errors to hear, and likely label errors.

    Parameters
    ----------
    run : str or Path
        A folder that :func:`~featser.api.fit.fit` or :func:`~featser.api.run.run` wrote.
    task : str, optional
        A task with classes; the primary one by default.
    protocol : str, optional
        Whose out-of-fold predictions; the leading one by default.
    most : int
        How many recordings each list of the page has.
    umap : bool
        Whether to add a map by UMAP (extra ``maps``).
    embed_mb : float, optional
        The page holds the sound of listed recordings, up to so many MB; by default it links them.
    store : str or Path, optional
        Where the features are; by default where they were when the run was made.
    n_jobs : int
        Recordings at once; -1 for one per core.

    Returns
    -------
    Exploration

    Raises
    ------
    FeatserError
        If the folder is no run, has no such task or protocol, the task has no classes, the package
        for UMAP is missing, or another command is writing into the folder.

    Examples
    --------
    >>> explore("run", embed_mb=20.0)  # doctest: +SKIP
    """
    began = time.monotonic()
    folder = Path(run)
    with only_writer(folder if folder.is_dir() else None):
        predicted = predicted_task(folder, task, protocol)
        lists = recording_lists(predicted, most)
        errors = label_error_table(*label_errors_of(predicted))
        maps, notes = _maps(predicted, store, umap, n_jobs)
        media = media_of(lists, embed_mb, n_jobs, stage("Drawing recordings"))
        result = Exploration(
            folder, predicted.task.name, predicted.protocol, lists, errors,
            [] if maps is None else [layer.title for layer in maps.layers],
            sum(bool(one.audio) for one in media.values()),
            sum(one.picture is None for one in media.values()),
            [*notes, *_label_error_notes(predicted, store)],
        )  # fmt: skip
        if embed_mb is not None and result.n_embedded + result.n_unreadable < len(media):
            result.notes.append(
                f"{result.n_embedded} of {len(media)} recordings fit into {embed_mb:g} MB; the "
                f"others are linked"
            )
        shown: dict[tuple[object, ...], tuple[str, str]] = {}
        sections = [
            PageSection(
                one.name, one.title, one.meaning, page_items(one, media, shown),
                table=_error_table(errors) if one.name == LABEL_ERRORS and len(errors) else None,
            )
            for one in lists
        ]  # fmt: skip
        _write(result, predicted, maps, sections)
    result.seconds = time.monotonic() - began
    return result


def _maps(
    predicted: PredictedTask, store: str | Path | None, umap: bool, n_jobs: int
) -> tuple[RunMaps | None, list[str]]:
    """Make the maps; a run whose features cannot be loaded has none, and a note says why."""
    try:
        return run_maps(predicted, store, umap, n_jobs), []
    except FeatserError as error:
        if umap:
            raise
        return None, [f"There is no map: {error}"]


def _label_error_notes(predicted: PredictedTask, store: str | Path | None) -> list[str]:
    if RANDOM in predicted.protocols:
        return []
    protocols = [part for name in (*predicted.protocols, RANDOM) for part in ("--protocol", name)]
    try:
        command = refit_command(predicted.folder, store, protocols)
    except RunError:  # such a run has no map either, and the note on that says what is missing
        command = f"featser fit … {shlex.join(protocols)}"
    return [
        "Label errors are searched with models that do not know the speaker. A run that also has "
        f"the protocol random finds more of them: `{command}`"
    ]


def _error_table(errors: pd.DataFrame) -> tables.Table:
    numbers = ["rank", "start", "end", "label_probability", "proposed_probability", "support"]
    shown = errors[:_MOST_IN_TABLE].dropna(axis="columns", how="all")
    made = tables.of_frame(
        "Likely label errors", shown, numbers=[name for name in numbers if name in shown]
    )
    if len(errors) > _MOST_IN_TABLE:
        made.notes.append(f"The first {_MOST_IN_TABLE} of {len(errors)}; label_errors.csv has all.")
    return made


def _write(
    result: Exploration,
    predicted: PredictedTask,
    maps: RunMaps | None,
    sections: Sequence[PageSection],
) -> None:
    folder = result.folder
    write_table(listing_table(result.lists), folder / "errors.csv")
    write_table(result.label_errors, folder / "label_errors.csv")
    if maps is not None:
        write_table(maps.table, folder / "map.csv")
    if maps is not None and len(maps.speakers):
        write_table(maps.speaker_table, folder / "speakers.csv")
    is_wrong = predicted.labels != predicted.predictions
    corpora = ", ".join(sorted(set(predicted.corpus) - {""}))
    page = ExplorePage(
        title=f"Explore {corpora or folder.name}: {predicted.task.name}",
        task=predicted.task.name,
        protocol=predicted.protocol,
        n_rows=len(predicted.table),
        n_mistakes=int(is_wrong.sum()),
        sections=sections,
        notes=result.notes,
        map_data=None if maps is None else _map_data(predicted, maps),
        speakers=None if maps is None or not maps.speakers else maps.shown_speakers(),
        command=typed_command(),
    )
    write_explore_page(folder / PAGE, page)
    if not add_link(folder, PAGE, "Explore"):
        result.notes.append(
            "report.html is missing, damaged or of an earlier version, so it does not link "
            "this page"
        )


def _map_data(predicted: PredictedTask, maps: RunMaps) -> MapData:
    links, problems = links_of(predicted, predicted.folder)
    groups = {"speaker": predicted.speaker.tolist(), "corpus": predicted.corpus.tolist()}
    return MapData(
        maps.layers,
        predicted.task.classes,
        predicted.labels,
        predicted.predictions,
        predicted.probabilities,
        shown_names(predicted),
        links,
        problems,
        {name: values for name, values in groups.items() if np.unique(values).tolist() != [""]},
        maps.speakers,
    )
