"""Two-pass models in ``featser fit``: what they need, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.errors import TaskError
from featser.models.estimators import members_of
from featser.models.language import LanguageRouted
from featser.verbs.data import Data, Settings

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


def routed(estimator: Any, settings: Settings) -> Any:
    """Return an estimator that has a model for each language, where the settings ask for it.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    settings : Settings
    """
    if settings.two_pass == "none":
        return estimator
    return LanguageRouted(estimator, settings.two_pass, seed=settings.seed)


def language_of(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return the languages of a manifest, shape (n,); empty where there is none."""
    if "language" not in table:
        return np.full(len(table), "", dtype=np.str_)
    return table["language"].fillna("").astype(str).to_numpy(dtype=np.str_)


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
