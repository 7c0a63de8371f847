"""``featser fit``: from the store to honest figures, a model bundle and a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featser.api.arguments.path_rules import written_folder
from featser.api.validation import validated
from featser.experiment.announced_data import announce_data
from featser.experiment.carry_out import Execution, carry_out
from featser.experiment.explained import check_fields
from featser.experiment.loading.published_folds import with_published_folds
from featser.experiment.loading.recipe_labels import names_of
from featser.experiment.loading.source_rows import read_rows
from featser.experiment.loading.sources.folder_sources import corpus_or_pattern
from featser.experiment.loading.sources.source import STORE
from featser.experiment.resolved import experiment_of
from featser.experiment.runs.folder_lock import only_writer
from featser.experiment.runs.invocation import typed_command
from featser.experiment.runs.run_files import RUNS, Run
from featser.experiment.schema import Experiment
from featser.io.atomic_write import refuse_unwritable
from featser.models.building import refuse_missing_packages
from featser.progress_bars import showing_progress


@validated(output=written_folder)
@showing_progress
def fit(
    source: str | Path | Experiment | None = None,
    /,
    *,
    store: str | Path = STORE,
    output: str | Path | None = None,
    n_jobs: int = -1,
    data: Mapping[str, str | Path] | None = None,
    corpus: str | None = None,
    cache: bool = True,
    **fields: Any,
) -> Run:
    """Evaluate a multi-task model out of fold, fit it on all data, and write both with a report.

    Parameters
    ----------
    source : str, Path or Experiment, optional
        A recipe, a manifest, or a corpus folder with ``corpus``; by default the corpora that
        ``data`` names, or what was last extracted into the store.
    store : str or Path
        Where the features are.
    output : str or Path, optional
        The folder to write; a new one under ``runs/`` by default.
    n_jobs : int
        Folds at once; -1 for one per core.
    data : mapping of str to path, optional
        Where the corpora of a recipe are; without a source, each corpus by the name of its card,
        or the card's file.
    corpus : str, optional
        The card of a corpus folder.
    cache : bool
        Whether each fitted fold is kept beside the store, and read where nothing that it depends
        on has changed: the same command continues an interrupted run.
    **fields
        Fields of :class:`~featser.experiment.schema.Experiment`, such as ``model="svm"``.
        ``columns`` and ``labels`` give other names to columns and classes, such as
        ``labels={"emotion": {"ang": "angry", "other": None}}``, where None removes a class;
        without a source, classes alone can have other names.
        ``pattern="{speaker}/*/{emotion}_{take}.wav"`` reads the paths below a folder, as
        :func:`featser.scan` does, in place of ``corpus``.

    Returns
    -------
    Run
        Metrics, predictions, folds, the model bundle and the paths written.

    Raises
    ------
    FeatserError
        If a field is not valid, features are missing, a task is not supported by the labels, a
        protocol is not possible, memory would not suffice, a package that the model needs is not
        installed, or another command is writing into the folder.

    Examples
    --------
    >>> run = fit("manifest.csv", model="svm", tasks=["emotion"])  # doctest: +SKIP
    """
    names = names_of(fields)
    corpus = corpus_or_pattern(source, corpus, fields.pop("pattern", None))
    check_fields(fields)
    refuse_missing_packages(fields.get("model") or "vote")
    if output is None:
        refuse_unwritable(RUNS)
    with only_writer(output, "-o"):
        rows, unusable = read_rows(source, store, corpus, data, names)
        announce_data(rows, store)
        experiment = with_published_folds(rows, experiment_of(rows, **fields))
        execution = Execution(store, output, n_jobs, cache, typed_command())
        return carry_out(experiment, rows, unusable, execution)
