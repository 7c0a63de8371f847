"""The labels that compared runs are scored against: those of one run, or of a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from featser.corpora.file_paths import resolve
from featser.corpora.manifest import read_manifest
from featser.errors import InputError, ManifestError, counted, unknown
from featser.experiment.compared.compared_runs import Compared
from featser.experiment.runs.run_reading import utterances
from featser.io.location import parent, real_place
from featser.reporting.comparison.compared_pair import run_letter
from featser.tasks import Kind


@dataclass(frozen=True, eq=False)
class _Labels:
    """Labels of utterances: their name, and a table with ``{task}.true`` of each task."""

    name: str
    table: pd.DataFrame


def scored_against(
    runs: Sequence[Compared], common: pd.Index[Any], labels_of: str | Path
) -> tuple[list[Compared], list[str]]:
    """Return runs with the labels of one of them, or of a manifest.

    Parameters
    ----------
    runs : sequence of Compared
    common : Index
        The utterances that are compared.
    labels_of : str or Path
        A run, by its letter or its folder; or a manifest.

    Returns
    -------
    runs : list of Compared
        In each task that the labels have, the truth of every utterance is theirs.
    notes : list of str
        Whose labels they are, and how many labels of each run differ.

    Raises
    ------
    InputError
        If this names neither a run that is compared nor a file.
    ManifestError
        If the manifest has no label of a task of the runs, or a label that is no class of it.
    """
    labels = _labels(runs, labels_of)
    tasks = [str(name).removesuffix(".true") for name in labels.table]
    notes = [_note(task, labels, runs, common) for task in tasks]
    return [_with_labels(run, labels.table) for run in runs], notes


def _labels(runs: Sequence[Compared], labels_of: str | Path) -> _Labels:
    name = str(labels_of)
    for number, run in enumerate(runs):
        if name == run.name or real_place(name) == real_place(run.name):
            return _of_run(run)
        if name == run_letter(number):
            return _of_run(run)
    if "://" not in name and not Path(name).is_file():
        letters = ", ".join(run_letter(number) for number in range(len(runs)))
        raise InputError(
            f"'{name}' is neither a run that is compared nor a file: give {letters}, the folder "
            f"of one of these runs, or a manifest",
            "labels_of",
        )
    return _of_manifest(runs, labels_of)


def _of_run(run: Compared) -> _Labels:
    columns = [f"{task}.true" for task in _tasks([run])]
    return _Labels(run.name, run.predictions[columns])


def _of_manifest(runs: Sequence[Compared], path: str | Path) -> _Labels:
    tasks = _tasks(runs)
    kinds: dict[str, Kind] = {
        task: "classification" if classes else "regression" for task, classes in tasks.items()
    }
    table = read_manifest(path, kinds)
    present = [task for task in tasks if task in table]
    if not present:
        raise ManifestError(
            f"{path}: has no label of the compared runs: add a column '{next(iter(tasks))}'"
        )
    for task in present:
        if tasks[task]:
            _refuse_unknown(table, task, tasks[task], path)
    keys = pd.MultiIndex.from_frame(utterances(table.assign(file=resolve(table, parent(path)))))
    if keys.has_duplicates:
        file = keys[keys.duplicated()][0][0]
        raise ManifestError(f"{path}: {file}: two rows are the same utterance: remove one of them")
    columns = {f"{task}.true": table[task].to_numpy() for task in present}
    return _Labels(str(path), pd.DataFrame(columns, index=keys))


def _refuse_unknown(
    table: pd.DataFrame, task: str, classes: Sequence[str], path: str | Path
) -> None:
    named = table[["file", task]].dropna()
    for file, label in zip(named["file"], named[task], strict=True):
        if label not in classes:
            raise ManifestError(
                f"{path}: {file}: column '{task}': {unknown('class', label, classes)}"
            )


def _tasks(runs: Sequence[Compared]) -> dict[str, list[str]]:
    """Return the tasks that runs predicted, with their classes; a dimension has none."""
    columns = list(dict.fromkeys(str(name) for run in runs for name in run.predictions))
    tasks = [name.removesuffix(".pred") for name in columns if name.endswith(".pred")]
    return {
        task: [name[len(task) + 3 : -1] for name in columns if name.startswith(f"{task}.p[")]
        for task in tasks
    }


def _with_labels(run: Compared, labels: pd.DataFrame) -> Compared:
    table = run.predictions
    tasks = [name for name in labels if name in table]
    own = labels[tasks].reindex(table.index)
    return replace(run, predictions=table.assign(**{str(name): own[name] for name in tasks}))


def _note(task: str, labels: _Labels, runs: Sequence[Compared], common: pd.Index[Any]) -> str:
    column = f"{task}.true"
    given = labels.table[column].reindex(common)
    counts = []
    for run in runs:
        if run.name == labels.name or column not in run.predictions:
            continue
        own = run.predictions.loc[common, column]
        n_other = int((own.notna() & given.notna() & (own != given)).sum())
        if n_other:
            other = counted(n_other, "utterance")
            counts.append(f"{run.name} was fitted on another label for {other}")
    detail = f" ({'; '.join(counts)})" if counts else ""
    return f"task '{task}': all runs are scored against the labels of {labels.name}{detail}"
