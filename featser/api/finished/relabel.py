"""``featser relabel``: doubtful labels as a table to edit, then a manifest with new labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from featser.api.arguments.path_rules import output_file, refuse_source_as_output
from featser.api.finished.listed_recordings import LABEL_ERRORS, RecordingList, recording_lists
from featser.api.validation import validated
from featser.corpora.file_paths import resolve
from featser.corpora.label_columns import BEFORE_RELABEL
from featser.corpora.manifest import notes_of, read_manifest, write_manifest
from featser.errors import InputError, ManifestError, RunError, counted, shortened, unknown
from featser.experiment.runs.predicted_task import PredictedTask, predicted_task
from featser.experiment.runs.reopened_run import rows_of_run, sources_of_run
from featser.experiment.runs.run_reading import utterances
from featser.io.location import parent
from featser.io.result_display import Display, ShownResult
from featser.io.result_tables import write_table
from featser.progress_bars import showing_progress

TABLE, MANIFEST = "relabel.csv", "manifest.csv"
NEW = "new_label"
MOST = 20


@dataclass(repr=False)
class Relabelling(ShownResult):
    """Doubtful labels, or corrected ones.

    Attributes
    ----------
    output : Path
        The table to edit, or the manifest.
    task : str
    table : DataFrame
        What was written.
    changed : DataFrame
        The labels that were changed: ``file``, ``start``, ``end``, ``label`` and ``new_label``;
        empty where a table to edit was written.
    is_manifest : bool
    notes : list of str
        How the edited table was read, such as words that were taken as empty cells.
    """

    output: Path
    task: str
    table: pd.DataFrame
    changed: pd.DataFrame
    is_manifest: bool
    notes: list[str] = field(default_factory=list)

    def display(self) -> Display:
        """Return how many labels there are to look at, or were changed."""
        if self.is_manifest:
            text = f"{counted(len(self.changed), 'label')} of {self.task} changed: {self.output}"
            return Display(text, list(self.changed.columns), self.changed.to_numpy().tolist())
        text = f"{counted(len(self.table), 'recording')} to look at: {self.output}"
        shown = self.table[["file", "label", "proposed"]]
        return Display(text, list(shown.columns), shown.to_numpy().tolist())


@validated(output=output_file(".csv", ".tsv", ".parquet", ".xlsx"))
@showing_progress
def relabel(
    run: str | Path,
    /,
    *,
    output: str | Path | None = None,
    apply: str | Path | None = None,
    task: str | None = None,
    protocol: str | None = None,
    most: int = MOST,
    store: str | Path | None = None,
) -> Relabelling:
    """Write a table of doubtful labels to edit, or apply the edited one.

    The table has the likely label errors of the run and its most confident mistakes. A person
    listens, and writes the right class into the column ``new_label``; an empty cell leaves the
    label as it is. With ``apply``, a manifest of the run's recordings is written with these labels.

    Parameters
    ----------
    run : str or Path
        A folder that :func:`~featser.api.fit.fit` or :func:`~featser.api.run.run` wrote.
    output : str or Path, optional
        The table (``.csv``, ``.xlsx`` …) or the manifest (``.csv``, ``.tsv``, ``.parquet``) to
        write; ``relabel.csv`` or ``manifest.csv`` in the run's folder by default.
    apply : str or Path, optional
        The edited table.
    task : str, optional
        A task with classes; the primary one by default.
    protocol : str, optional
        Whose predictions; the leading one by default.
    most : int
        How many of the most confident mistakes the table has, beside all likely label errors.
    store : str or Path, optional
        With ``apply``: the store that the run was fitted from; by default where it was.

    Returns
    -------
    Relabelling

    Raises
    ------
    InputError
        If the table to write exists and holds new labels, or the manifest would replace it or the
        manifest that the run was fitted from.
    ManifestError
        If the edited table lacks a column, or a row of it is no recording of the run, or has
        another label than the run; if a new label is no class of the task.
    FeatserError
        If the folder is no run, or has no such task or protocol.

    Examples
    --------
    >>> relabel("run", output="relabel.csv")  # doctest: +SKIP
    >>> relabel("run", apply="relabel.csv", output="manifest.csv")  # doctest: +SKIP
    """
    predicted = predicted_task(run, task, protocol)
    if apply is None:
        file = Path(output) if output is not None else Path(run) / TABLE
        if file.suffix.lower() == ".tsv":
            raise InputError(f"'{file}': a table to edit is .csv, .xlsx or .parquet", "output")
        _refuse_edited(file)
        table = doubtful_labels(predicted, most)
        write_table(table, file)
        return Relabelling(file, predicted.task.name, table, table[:0], is_manifest=False)
    file = Path(output) if output is not None else Path(run) / MANIFEST
    if file.suffix.lower() == ".xlsx":
        raise InputError(f"'{file}': a manifest is .csv, .tsv or .parquet", "output")
    if file.resolve() == Path(apply).resolve():
        raise InputError(f"'{file}' is the edited table itself: name another file", "output")
    refuse_source_as_output([file], sources_of_run(run))
    edited, notes = _read_edited(apply, predicted)
    table, changed = _corrected(rows_of_run(run, store), edited, predicted, apply)
    write_manifest(table, file)
    return Relabelling(file, predicted.task.name, table, changed, is_manifest=True, notes=notes)


def _refuse_edited(file: Path) -> None:
    """Refuse to replace a table that holds new labels: nobody listens twice to find them again."""
    if not file.exists():
        return
    try:
        former = read_manifest(file, {NEW: "classification"})
    except ManifestError as error:
        raise InputError(
            f"'{file}' exists, and whether it holds new labels cannot be read ({error}): name "
            f"another file",
            "output",
        ) from error
    n_edited = int(former[NEW].notna().sum()) if NEW in former else 0
    if n_edited:
        raise InputError(
            f"'{file}' holds {counted(n_edited, 'new label')}: apply them with --apply {file}, or "
            f"name another file, such as relabel-2{file.suffix}",
            "output",
        )


def doubtful_labels(predicted: PredictedTask, most: int) -> pd.DataFrame:
    """Return the table to edit: ``file`` to ``label``, ``proposed``, ``reason``, ``new_label``.

    Parameters
    ----------
    predicted : PredictedTask
    most : int
        How many of the most confident mistakes.
    """
    lists = {one.name: one for one in recording_lists(predicted, len(predicted.table))}
    errors = _candidates(lists[LABEL_ERRORS], "likely label error")
    mistakes = _candidates(lists["mistakes"], "confident mistake")[:most]
    table = pd.concat([errors, mistakes], ignore_index=True)
    is_repeated = utterances(table).duplicated()
    return table[~is_repeated].reset_index(drop=True).assign(**{NEW: ""})


def _candidates(one: RecordingList, why: str) -> pd.DataFrame:
    predicted, rows = one.predicted, one.rows
    classes = np.asarray(predicted.task.classes, dtype=object)
    labels = predicted.labels[rows]
    without_label = predicted.probabilities[rows].copy()
    without_label[np.arange(len(rows)), labels] = -1.0
    proposed = without_label.argmax(axis=1) if len(rows) else labels
    shares = predicted.probabilities[rows]
    at = np.arange(len(rows))
    reasons = [
        f"{why}: p({classes[label]}) = {own:.3f}, p({classes[other]}) = {best:.3f}"
        for label, other, own, best in zip(
            labels, proposed, shares[at, labels], shares[at, proposed], strict=True
        )
    ]
    table = predicted.table.iloc[rows]
    return pd.DataFrame(
        {
            "file": table["file"].to_numpy(),
            "start": table["start"].to_numpy(dtype=float),
            "end": table["end"].to_numpy(dtype=float),
            "speaker": predicted.speaker[rows],
            "label": classes[labels],
            "proposed": classes[proposed],
            "reason": reasons,
        }
    )


def _read_edited(path: str | Path, predicted: PredictedTask) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows with a new label, and notes on reading; refuse what is no class."""
    edited = read_manifest(path, {"label": "classification", NEW: "classification"})
    for name in ("label", NEW):
        if name not in edited:
            raise ManifestError(
                f"{path}: column '{name}' is missing: write the table with `featser relabel "
                f"{predicted.folder}`, and fill in its column '{NEW}'"
            )
    notes = notes_of(edited)
    edited = edited[edited[NEW].notna()].reset_index(drop=True)
    for file, name in zip(edited["file"], edited[NEW], strict=True):
        if name not in predicted.task.classes:
            raise ManifestError(
                f"{path}: {shortened(str(file))}: column '{NEW}': "
                f"{unknown('class', str(name), predicted.task.classes)}"
            )
    return edited.assign(file=resolve(edited, parent(path))), notes


def _corrected(
    table: pd.DataFrame, edited: pd.DataFrame, predicted: PredictedTask, path: str | Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the run's recordings with the new labels, and the rows whose label changed."""
    name = predicted.task.name
    if name not in table:
        raise RunError(
            f"{predicted.folder}: its recordings have no column '{name}': the label is made of "
            f"several raters' labels, which are corrected where they are"
        )
    rows = pd.Series(table.index, index=pd.MultiIndex.from_frame(utterances(table)))
    keys = pd.MultiIndex.from_frame(utterances(edited))
    at = rows.reindex(keys)
    if at.isna().any():
        missing = edited["file"][at.isna().to_numpy()].iloc[0]
        raise ManifestError(
            f"{path}: {shortened(str(missing))}: no recording of {predicted.folder}: keep the "
            f"columns file, start and end as they were"
        )
    positions = at.to_numpy(dtype=np.intp)
    current = table.loc[positions, name].astype(object).to_numpy()
    differs = current != edited["label"].astype(object).to_numpy()
    if differs.any():
        file = edited["file"][differs].iloc[0]
        raise ManifestError(
            f"{path}: {shortened(str(file))}: its label was '{edited['label'][differs].iloc[0]}', "
            f"and is '{current[differs][0]}' in {predicted.folder}: write the table again with "
            f"`featser relabel {predicted.folder}`"
        )
    is_other = current != edited[NEW].astype(object).to_numpy()
    before = pd.Series(None, index=table.index, dtype=object)
    before[positions[is_other]] = current[is_other]
    corrected = table.assign(**{f"{name}{BEFORE_RELABEL}": before})
    corrected.loc[positions, name] = edited[NEW].to_numpy()
    changed = edited.loc[is_other, ["file", "start", "end", "label", NEW]].reset_index(drop=True)
    return corrected, changed
