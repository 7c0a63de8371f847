"""The model ``open``: fitted on the auxiliary corpora that featser brings, and kept in the cache.

It predicts emotion and gender of any recording without a corpus of one's own. What it was fitted on
is acted speech of few languages, so it says how well it does on a corpus that it was not fitted on.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.auxiliary.auxiliary_labels import auxiliary_labels
from featser.auxiliary.auxiliary_lookup import find_auxiliary, shipped_files
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.auxiliary.open_name import OPEN
from featser.errors import AuxiliaryError, counted
from featser.evaluation.cross_fit import CrossFit, cross_fit
from featser.evaluation.fit_identity import code_identity
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.folding import make_folds
from featser.evaluation.statistics.intervals import evaluate_with_intervals, to_json
from featser.experiment.loading.data import Data
from featser.experiment.schema import Experiment
from featser.experiment.unfitted_model import unfitted_model
from featser.features.extractor import Extractor
from featser.features.registry import make_extractors
from featser.features.spec_names import DEFAULT_FEATURES
from featser.io.atomic_write import cache_folder, output_errors
from featser.models.abstention.training_domain import TrainingDomain
from featser.models.bundle import LIBRARIES, Bundle, library_versions, save_bundle
from featser.models.comparison.comparison import Comparison
from featser.progress import stage
from featser.reporting.numbers import estimate
from featser.store.description import describe
from featser.tasks import Task

PROTOCOL = "leave-one-corpus-out"
LABELS = ("emotion", "gender")
"""What it predicts: the classes that all corpora have."""

SEED = 0

MOST_MODELS = 2
"""How many models the cache keeps: each version of featser, a library or the corpora has one."""


def open_model(n_jobs: int = -1) -> Path:
    """Return the bundle of the model ``open``, which is fitted where the cache does not have it.

    Parameters
    ----------
    n_jobs : int
        Fits at once; -1 for one per core.

    Returns
    -------
    Path
        In the folder ``models`` of the cache. Another version of featser, of a library or of the
        corpora has another file.

    Raises
    ------
    AuxiliaryError
        If this installation brings fewer than two corpora, or their features are others than those
        that this featser computes.
    """
    tables = find_auxiliary(OPEN)
    digest = hashlib.blake2b(code_identity(LIBRARIES).encode(), digest_size=8)
    for file in shipped_files():
        digest.update(file.path.read_bytes())
    path = cache_folder() / "models" / f"{OPEN}-{digest.hexdigest()}.featser"
    if path.exists():
        return path
    with output_errors(path.parent):  # before the fit, which takes a minute
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    saved = save_bundle(path, fit_open(tables, make_extractors(DEFAULT_FEATURES), n_jobs))
    _remove_old(path.parent)
    return saved


def _remove_old(folder: Path) -> None:
    """Remove models of earlier versions, which are large; two installations may share a cache."""
    files = {file: file.stat().st_mtime for file in folder.glob(f"{OPEN}-*.featser")}
    for file in sorted(files, key=files.__getitem__)[:-MOST_MODELS]:
        file.unlink(missing_ok=True)


def fit_open(
    tables: Sequence[AuxiliaryTable], extractors: Sequence[Extractor], n_jobs: int = -1
) -> Bundle:
    """Fit a model on tables of corpora, and evaluate it on each by a model of the others.

    Parameters
    ----------
    tables : sequence of AuxiliaryTable
        Two or more.
    extractors : sequence of Extractor
        Whose features are used.
    n_jobs : int
        Fits at once.

    Raises
    ------
    AuxiliaryError
        If there are fewer than two corpora, they share no classes, or lack the features.
    """
    if len(tables) < 2:
        raise AuxiliaryError(
            f"the model '{OPEN}' needs two corpora or more, to say how well it does on a corpus "
            f"that it was not fitted on; there are {len(tables)}"
        )
    data = _data(tables, extractors)
    experiment = Experiment(
        features=tuple(one.spec for one in extractors),
        tasks=tuple(task.name for task in data.tasks),
        protocols=(PROTOCOL,),
        seed=SEED,
    )
    primary = data.table[data.tasks[0].name]
    folds = make_folds(PROTOCOL, data.table, primary, data.table["key"].to_numpy(), SEED)
    progress = stage(f"Fitting the model '{OPEN}', once")
    result = cross_fit(
        unfitted_model(data, experiment, data.tasks),
        data.X,
        data.table[[task.name for task in data.tasks]],
        folds,
        data.speaker,
        data.tasks,
        n_jobs,
        progress,
    )
    domain = TrainingDomain.of(data.X, extractors, data.speaker, None)
    return Bundle(
        result.model,
        [describe(one) for one in extractors],
        experiment.speaker_norm,
        _training(tables, data, experiment, result),
        library_versions(()),
        domain=domain,
        comparison=Comparison.of(data.X, domain, data.table, data.speaker, data.tasks),
    )


def statement(training: dict[str, Any]) -> str:
    """Say what the model is, and how well it does on speech that it was not fitted on.

    Parameters
    ----------
    training : dict
        Of its bundle.
    """
    corpora = training["open"]
    names = ", ".join(f"{one['name']} ({one['language']}, {one['licence']})" for one in corpora)
    figures = "; ".join(
        f"{task} UAR {', '.join(f'{figure} on {name}' for name, figure in by_corpus.items())}, "
        f"chance {training['chance'][task]:.2f}"
        for task, by_corpus in training["held_out"].items()
    )
    return (
        f"model '{OPEN}': fitted on acted speech of {len(corpora)} corpora, {names}: "
        f"{counted(training['utterances'], 'utterance')} of "
        f"{counted(training['speakers'], 'speaker')}. On a corpus that it was not fitted on: "
        f"{figures}. Expect no more on your recordings; fit a model on labelled ones"
    )


def _data(tables: Sequence[AuxiliaryTable], extractors: Sequence[Extractor]) -> Data:
    """Put the rows of the tables together, with the classes that all have."""
    for table in tables:
        if problem := table.problem_with(extractors):
            raise AuxiliaryError(problem)
    tasks = [task for name in LABELS if (task := _shared_task(name, tables)) is not None]
    if not tasks:
        raise AuxiliaryError(f"the corpora share no two classes of {' or '.join(LABELS)}")
    rows = []
    for table in tables:
        own = table.rows[["file", "speaker", "language", "corpus", "key"]].reset_index(drop=True)
        rows.append(pd.concat([own, auxiliary_labels(table, tasks)], axis=1))
    joined = pd.concat(rows, ignore_index=True)
    has_label = joined[[task.name for task in tasks]].notna().any(axis=1).to_numpy()
    X = np.concatenate([np.hstack([t.features(one) for one in extractors]) for t in tables])
    used = joined[has_label].reset_index(drop=True)
    return Data(used, X[has_label], tasks, {}, _speakers(used), list(extractors), pd.DataFrame())


def _shared_task(name: str, tables: Sequence[AuxiliaryTable]) -> Task | None:
    """Return the task of a label with the classes that all corpora have; None of fewer than two."""
    declared = [{task.name: task for task in table.tasks}.get(name) for table in tables]
    if any(task is None or not task.categorical for task in declared):
        return None
    classes = [set(task.classes) for task in declared if task is not None]
    shared = sorted(set.intersection(*classes))
    if len(shared) < 2:
        return None
    return Task(name, classes=tuple(shared), role="primary" if name == LABELS[0] else "auxiliary")


def _speakers(table: pd.DataFrame) -> NDArray[np.str_]:
    corpus, speaker = (as_text(table[name]).astype(str) for name in ("corpus", "speaker"))
    return np.asarray(np.char.add(np.char.add(corpus, "/"), speaker))


def _training(
    tables: Sequence[AuxiliaryTable], data: Data, experiment: Experiment, result: CrossFit
) -> dict[str, Any]:
    metrics, held_out, chance = {}, {}, {}
    corpus = as_text(data.table["corpus"])
    for task in data.tasks:
        figures = {
            name: _uar(task, result.predictions[corpus == name], data.speaker[corpus == name])
            for name in np.unique(corpus).tolist()
        }
        metrics[task.name] = figures
        held_out[task.name] = {name: estimate(figure) for name, figure in figures.items()}
        chance[task.name] = 1 / len(task.classes)
    return {
        "origin": OPEN,
        "utterances": len(data.table),
        "speakers": len(set(data.speaker)),
        "corpora": sorted(set(corpus.tolist())),
        "open": [_described(table) for table in tables],
        "model": experiment.model,
        "seed": experiment.seed,
        "protocols": list(experiment.protocols),
        "metrics": to_json({PROTOCOL: metrics}),
        "held_out": held_out,
        "chance": chance,
    }


def _uar(task: Task, predictions: pd.DataFrame, speaker: NDArray[np.str_]) -> dict[str, Any]:
    has_label = predictions[f"{task.name}.true"].notna().to_numpy()
    true, predicted = (predictions[f"{task.name}.{end}"].to_numpy() for end in ("true", "pred"))
    figures = evaluate_with_intervals(
        task, true[has_label], predicted[has_label], speaker[has_label]
    )
    return figures["uar"]


def _described(table: AuxiliaryTable) -> dict[str, str]:
    languages = sorted(set(table.rows["language"].dropna()))
    return {
        "name": table.name,
        "language": ", ".join(languages) or "unknown language",
        "licence": table.licence,
        "citation": table.citation,
        "source": table.source,
    }
