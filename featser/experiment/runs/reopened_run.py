"""A finished run opened again: its data, folds and unfitted model, from the files of its folder."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.corpora.utterances import Place, places
from featser.errors import RunError, TaskError, counted, shortened, unknown
from featser.evaluation.protocols.enrolment_split import enrolled_recordings
from featser.evaluation.rows import Rows
from featser.experiment.audited import by_bytes, examined
from featser.experiment.loading.data import Data, load_data
from featser.experiment.loading.published_folds import with_published_folds
from featser.experiment.loading.source_rows import read_rows
from featser.experiment.loading.sources.source import Source
from featser.experiment.plan import Plan, inner_units, plans_of
from featser.experiment.recipe import RECIPE
from featser.experiment.resolved import experiment_of
from featser.experiment.runs.lost_recordings import refuse_lost_recordings
from featser.experiment.runs.reproduction import fit_command
from featser.experiment.runs.run_reading import read_description, read_predictions, utterances
from featser.experiment.schema import Experiment
from featser.progress import stage
from featser.store.feature_store import Store
from featser.tasks import Task


@dataclass(frozen=True, eq=False)
class ReopenedRun:
    """What a run was fitted on, under one protocol.

    Attributes
    ----------
    folder : Path
    experiment : Experiment
    data : Data
        With all features in memory.
    plan : Plan
        The folds that the run had.
    unit : ndarray of str, shape (n,)
        What the estimators' own inner folds keep together.
    predictions : DataFrame
        The run's out-of-fold predictions, in the order of the data's tested rows.
    store : str or Path
        Where the features are.
    places : list of Place
        Where each recording of the data is, with the credentials of addresses: to be read, never
        to be shown.
    """

    folder: Path
    experiment: Experiment
    data: Data
    plan: Plan
    unit: NDArray[np.str_]
    predictions: pd.DataFrame
    store: str | Path
    places: list[Place] = field(repr=False)

    @property
    def features(self) -> NDArray[np.float32]:
        """The features, shape (n, d)."""
        return np.asarray(self.data.X)

    def task(self, name: str | None = None) -> Task:
        """Return a task of the run; the primary one by default.

        Raises
        ------
        TaskError
            If the run has no such task.
        """
        for task in self.plan.tasks:
            if name in (None, task.name):
                return task
        raise TaskError(
            f"{self.folder}: {unknown('task', str(name), [t.name for t in self.plan.tasks])}"
        )


def reopen_run(
    folder: str | Path,
    store: str | Path | None = None,
    protocol: str | None = None,
    n_jobs: int = -1,
) -> ReopenedRun:
    """Load the data of a run, and make its folds again.

    Parameters
    ----------
    folder : str or Path
        A folder that ``featser fit`` or ``featser run`` wrote.
    store : str or Path, optional
        Where the features are; by default where they were when the run was made.
    protocol : str, optional
        Whose folds; by default the leading one.
    n_jobs : int
        Worker processes for reading, as joblib counts them.

    Raises
    ------
    RunError
        If recordings are not where they were, they, labels or folds are no longer those of the
        run, or the models of its folds
        cannot be fitted again: those of enrolled speakers, and of features read in batches.
    FeatserError
        If the folder is no run, or its features are missing.
    """
    folder = Path(folder)
    predictions = read_predictions(folder)
    described = read_description(folder)
    locations, former_store = _places(folder, described)
    store = former_store if store is None else store
    files = list(dict.fromkeys(predictions["file"].astype(str)))
    refuse_lost_recordings(folder, store, locations, files)
    source, unusable = read_rows(folder / RECIPE, store, None, locations)
    experiment = with_published_folds(source, experiment_of(source))
    _refuse_unsuited(folder, experiment)
    name = _protocol(folder, experiment, protocol)
    data = load_data(source, unusable, Store(store), experiment, n_jobs)
    if isinstance(data.X, Rows):
        raise RunError(
            f"{folder}: its features were read in batches: the models of such folds are not "
            f"fitted again yet"
        )
    own = predictions[predictions["protocol"] == name]
    whereabouts = list(places(data.table))
    data.forget_credentials()
    _refuse_other_rows(folder, data, own)
    # The audit is made again only where recordings' bytes do not give the folds of the run.
    for sound in _sounds(source, data, experiment, n_jobs):
        plan = next(p for p in plans_of(data, experiment, sound) if p.protocol == name)
        matched = _matched(data.table, plan, own)
        if matched is not None:
            unit = inner_units(name, data, sound)
            return ReopenedRun(folder, experiment, data, plan, unit, matched, store, whereabouts)
    raise RunError(
        f"{folder}: the folds of protocol '{name}' are no longer those of the run: labels or "
        f"recordings have changed. Run `featser fit` with `-o {folder}` again"
    )


def rows_of_run(folder: str | Path, store: str | Path | None = None) -> pd.DataFrame:
    """Return the recordings of a run with all their labels, also those without features.

    Parameters
    ----------
    folder, store : str or Path
        As :func:`reopen_run` has them.

    Returns
    -------
    DataFrame
        A manifest whose ``file`` is an absolute path or a URL.

    Raises
    ------
    FeatserError
        If the folder is no run, or its corpora are not where they were.
    """
    folder = Path(folder)
    locations, former_store = _places(folder, read_description(folder))
    store = former_store if store is None else store
    refuse_lost_recordings(folder, store, locations)
    source, _ = read_rows(folder / RECIPE, store, None, locations)
    return source.table.drop(columns="key")


def sources_of_run(folder: str | Path) -> list[str | Path]:
    """Return the folders and manifests that a run was fitted from.

    Raises
    ------
    FeatserError
        If the folder is no run.
    """
    return list(data_of_run(folder).values())


def data_of_run(folder: str | Path) -> dict[str, str | Path]:
    """Return where the corpora of a run were when it was fitted, by name, as ``--data`` has them.

    Raises
    ------
    FeatserError
        If the folder is no run.
    """
    locations, _ = _places(Path(folder), read_description(folder))
    return locations


def store_of_run(folder: str | Path, moved: str | Path) -> str | Path:
    """Return where the store of a run was, or another place if it is there no more.

    Raises
    ------
    FeatserError
        If the folder is no run.
    """
    _, store = _places(Path(folder), read_description(folder))
    return store if Path(store).is_dir() else moved


def refit_command(folder: str | Path, store: str | Path | None, options: Sequence[str]) -> str:
    """Return the command that fits a run again with further options, where its data were.

    Parameters
    ----------
    folder, store : str or Path
        As :func:`reopen_run` has them.
    options : sequence of str
        What is to be different.

    Raises
    ------
    FeatserError
        If the folder is no run, or does not say where its data were.
    """
    folder = Path(folder)
    locations, former_store = _places(folder, read_description(folder))
    return fit_command(folder, former_store if store is None else store, locations, options)


def _places(folder: Path, described: Mapping[str, Any]) -> tuple[dict[str, str | Path], str]:
    """Return where the corpora and the store were, from the command that reproduces a run."""
    commands = described.get("reproduce")
    try:
        words = shlex.split(str(commands[-1])) if isinstance(commands, list) and commands else []
    except ValueError:  # a quotation mark without its second: it names no store, as is said below
        words = []
    pairs = list(pairwise(words))
    stores = [after for word, after in pairs if word == "--store"]
    data = [after for word, after in pairs if word == "--data"]
    if not stores or not (folder / RECIPE).is_file():
        raise RunError(
            f"{folder}/run.json: field 'reproduce' does not name the store, or {RECIPE} is "
            f"missing. Run `featser fit` with `-o {folder}` again"
        )
    parted = (pair.partition("=") for pair in data)
    return {name: place for name, _, place in parted}, stores[-1]


def _refuse_unsuited(folder: Path, experiment: Experiment) -> None:
    if enrolled_recordings(experiment.speaker_norm):
        raise RunError(
            f"{folder}: its speakers are enrolled (--speaker-norm {experiment.speaker_norm}), so "
            f"that features depend on the draw. Use a run with `--speaker-norm none`"
        )


def _protocol(folder: Path, experiment: Experiment, protocol: str | None) -> str:
    if protocol is None:
        return experiment.protocols[0]
    if protocol not in experiment.protocols:
        raise RunError(f"{folder}: {unknown('protocol', protocol, experiment.protocols)}")
    return protocol


def _sounds(
    source: Source, data: Data, experiment: Experiment, n_jobs: int
) -> Iterator[NDArray[np.str_]]:
    """Yield which recordings have the same sound: by their bytes, then as the audit hears it."""
    yield by_bytes(data.table).sound
    if experiment.audit:
        progress = stage("Examining recordings")
        table, seed = data.table, experiment.seed
        yield examined(table, experiment.primary, n_jobs, seed, progress, source.cards).sound


def _refuse_other_rows(folder: Path, data: Data, predictions: pd.DataFrame) -> None:
    """Refuse a run of which utterances are missing, such as where a corpus was moved."""
    current = pd.MultiIndex.from_frame(utterances(_with_times(data.table)))
    former = pd.MultiIndex.from_frame(utterances(predictions))
    missing = former.difference(current)
    if len(missing):
        raise RunError(
            f"{folder}: {counted(len(missing), 'utterance')} of {len(former)} that the run "
            f"predicted are not among its recordings with features any more, such as "
            f"{shortened(str(missing[0][0]))}. Run `featser fit` with `-o {folder}` again"
        )


def _matched(table: pd.DataFrame, plan: Plan, predictions: pd.DataFrame) -> pd.DataFrame | None:
    """Return a run's predictions by row of the data; None where rows or folds differ."""
    rows = np.flatnonzero(plan.folds.test >= 0)
    tested = utterances(_with_times(table.iloc[rows])).assign(row=rows, made=plan.folds.test[rows])
    keyed = predictions.assign(**utterances(predictions))
    joined = tested.merge(keyed, on=["file", "start", "end"], how="outer", indicator=True)
    if not (joined["_merge"] == "both").all():
        return None
    # The same rows together, whatever the numbers of the folds.
    pairs = joined[["made", "fold"]].drop_duplicates()
    if pairs["made"].duplicated().any() or pairs["fold"].duplicated().any():
        return None
    return joined.sort_values("row").set_index("row").drop(columns=["made", "_merge"])


def _with_times(table: pd.DataFrame) -> pd.DataFrame:
    absent = {name: np.nan for name in ("start", "end") if name not in table}
    return table.assign(**absent)
