"""Two-pass models in ``featser fit``: what they need, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import TaskError
from featser.evaluation.missing import as_text
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.experiment.loading.data import Data
from featser.experiment.schema import Experiment
from featser.models.language.two_pass import LanguageRouted, identifier
from featser.reporting.numbers import estimate
from featser.tasks import Task


def refuse_two_pass(data: Data, experiment: Experiment) -> None:
    """Refuse a model for each language where the data do not allow it.

    Raises
    ------
    TaskError
        If an utterance has no language, or all have the same.
    """
    if experiment.two_pass == "none":
        return
    option = f"--two-pass {experiment.two_pass}"
    languages = set(language_of(data.table))
    if "" in languages:
        nameless = int(np.count_nonzero(language_of(data.table) == ""))
        raise TaskError(
            f"{option} needs the column 'language'; {nameless} of {len(data.table)} utterances "
            f"have none"
        )
    if len(languages) < 2:
        raise TaskError(f"{option} needs two languages; all utterances are in {languages.pop()}")


def routed(estimator: Any, data: Data, experiment: Experiment) -> Any:
    """Return an estimator that has a model for each language, where the settings ask for it.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    data : Data
    experiment : Experiment
    """
    if experiment.two_pass == "none":
        return estimator
    first = identifier(languages_of(data), experiment.seed, data.frames, data.blocks)
    return LanguageRouted(estimator, experiment.two_pass, first)


def languages_of(data: Data) -> Task:
    """Return the task of telling languages apart."""
    return Task("language", classes=tuple(sorted(set(language_of(data.table)))))


def language_of(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return the languages of a manifest, shape (n,); empty where there is none."""
    if "language" not in table:
        return np.full(len(table), "", dtype=np.str_)
    return as_text(table["language"])


def first_pass_notes(
    data: Data, experiment: Experiment, protocol: str, identified: pd.Series[Any]
) -> Iterator[str]:
    """Yield how well the first pass finds the language out of fold, where there is one.

    Parameters
    ----------
    data : Data
    experiment : Experiment
    protocol : str
        What was evaluated.
    identified : Series of str
        Which language each row was taken for by a model that was not fitted on it: see
        :class:`~featser.evaluation.cross_fit.CrossFit`.
    """
    if experiment.two_pass in ("none", "common") or not any(
        task.categorical for task in data.tasks
    ):
        return
    if identified.isna().any():
        yield f"two-pass, {protocol}: a training set has one language, so none is identified"
        return
    task = languages_of(data)
    rows = identified.index.to_numpy()
    reached = evaluate_with_intervals(
        task,
        language_of(data.table)[rows],
        identified.to_numpy(),
        data.speaker[rows],
    )["uar"]
    note = f" ({reached['note']})" if reached.get("note") else ""
    yield (
        f"two-pass, {protocol}: the first pass finds which of the {len(task.classes)} "
        f"languages is spoken with UAR {estimate(reached)}{note}"
    )


def two_pass_notes(table: pd.DataFrame) -> Iterator[str]:
    """Yield what a reader must know: what else differs where the language does."""
    if "corpus" not in table:
        return
    corpus, spoken = as_text(table["corpus"]), language_of(table)
    corpus, spoken = corpus[corpus != ""], spoken[corpus != ""]
    if not len(corpus):
        return
    corpora = {name: np.unique(corpus[spoken == name]).tolist() for name in np.unique(spoken)}
    listed = "; ".join(f"{name}: {', '.join(held)}" for name, held in corpora.items())
    apart = pd.crosstab(corpus, spoken)
    if ((apart > 0).sum(axis=1) == 1).all():
        yield (
            f"two-pass: no corpus has two languages ({listed}), so language equals recording "
            f"condition: what tells languages apart may be rooms and microphones"
        )
