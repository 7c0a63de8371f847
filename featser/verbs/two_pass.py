"""Two-pass models in ``featser fit``: what they need, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import TaskError
from featser.evaluation.uncertainty import evaluate_with_intervals
from featser.models.estimators import members_of
from featser.models.language import LanguageRouted, identifier
from featser.tasks import Task
from featser.verbs.data import Data
from featser.verbs.settings import Settings

WEIGHTLESS = ("lda", "knn")
"""Models to which all rows count the same, so that no row can count less."""


def refuse_two_pass(data: Data, settings: Settings) -> None:
    """Refuse a model for each language where data or settings do not allow it.

    Raises
    ------
    TaskError
        If an utterance has no language, all have the same, or another setting excludes it.
    """
    if settings.two_pass == "none":
        return
    option = f"--two-pass {settings.two_pass}"
    if settings.coupling != "independent":
        raise TaskError(f"{option} goes with --coupling independent; it is '{settings.coupling}'")
    if data.batched:
        raise TaskError(f"{option} needs all features in memory: use --no-batches")
    without = [name for name in members_of(settings.model) if name in WEIGHTLESS]
    if settings.two_pass == "weighted" and without:
        raise TaskError(
            f"{option} lets other languages' utterances count less, which --model "
            f"{', '.join(without)} cannot: use --two-pass soft, or another model"
        )
    languages = set(language_of(data.table))
    if "" in languages:
        nameless = int(np.count_nonzero(language_of(data.table) == ""))
        raise TaskError(
            f"{option} needs the column 'language'; {nameless} of {len(data.table)} utterances "
            f"have none"
        )
    if len(languages) < 2:
        raise TaskError(f"{option} needs two languages; all utterances are in {languages.pop()}")


def routed(estimator: Any, data: Data, settings: Settings) -> Any:
    """Return an estimator that has a model for each language, where the settings ask for it.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    data : Data
    settings : Settings
    """
    if settings.two_pass == "none":
        return estimator
    first = identifier(languages_of(data), settings.seed, data.frames)
    return LanguageRouted(estimator, settings.two_pass, first)


def languages_of(data: Data) -> Task:
    """Return the task of telling languages apart."""
    return Task("language", classes=tuple(sorted(set(language_of(data.table)))))


def language_of(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return the languages of a manifest, shape (n,); empty where there is none."""
    if "language" not in table:
        return np.full(len(table), "", dtype=np.str_)
    return table["language"].fillna("").astype(str).to_numpy(dtype=np.str_)


def first_pass_notes(
    data: Data, settings: Settings, protocol: str, identified: pd.Series[Any]
) -> Iterator[str]:
    """Yield how well the first pass finds the language out of fold, where there is one.

    Parameters
    ----------
    data : Data
    settings : Settings
    protocol : str
        What was evaluated.
    identified : Series of str
        Which language each row was taken for by a model that had not learnt from it: see
        :class:`~featser.evaluation.crossval.CrossFit`.
    """
    if settings.two_pass in ("none", "common") or not any(task.categorical for task in data.tasks):
        return
    if identified.isna().any():
        yield f"two-pass, {protocol}: a training part has one language, so none is identified"
        return
    task = languages_of(data)
    rows = identified.index.to_numpy()
    speaker = data.speaker[rows] if (data.speaker != "").all() else None
    reached = evaluate_with_intervals(
        task,
        language_of(data.table)[rows],
        identified.to_numpy(),
        speaker,
        seed=settings.seed,
    )["uar"]
    yield (
        f"two-pass, {protocol}: the first pass finds which of the {len(task.classes)} "
        f"languages is spoken with UAR {reached['value']:.3f} [{reached['low']:.3f}, "
        f"{reached['high']:.3f}]"
    )


def two_pass_notes(table: pd.DataFrame) -> Iterator[str]:
    """Yield what a reader must know: what else differs where the language does."""
    spoken = language_of(table)
    corpus = table["corpus"].astype(str).to_numpy()
    corpora = {name: np.unique(corpus[spoken == name]).tolist() for name in np.unique(spoken)}
    listed = "; ".join(f"{name}: {', '.join(there)}" for name, there in corpora.items())
    apart = pd.crosstab(corpus, spoken)
    if ((apart > 0).sum(axis=1) == 1).all():
        yield (
            f"two-pass: no corpus has two languages ({listed}), so language equals recording "
            f"condition: what tells languages apart may be rooms and microphones"
        )
