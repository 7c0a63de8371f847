"""Streams put together in ``featser fit``: what they need, and the estimator of a task."""

from __future__ import annotations

from typing import Any

from featser.errors import TaskError
from featser.models.estimators import members_of
from featser.models.fusion import make_aligned, make_gated, pooled_members
from featser.models.voting import VoteClassifier, VoteRegressor
from featser.tasks import Task
from featser.verbs.data import Data, Settings

PAIRED = ("aligned", "gated")
"""Ways that put two extractors together, and neither more nor fewer."""


def refuse_fusion(data: Data, settings: Settings) -> None:
    """Refuse to put streams together where data or settings do not allow it.

    Raises
    ------
    TaskError
        If there are not as many extractors or models as it takes, the primary task has no
        classes, or another setting excludes it.
    """
    if settings.fusion == "none":
        return
    option, count = f"--fusion {settings.fusion}", len(data.extractors)
    names = ", ".join(extractor.spec for extractor in data.extractors)
    others = {
        "--coupling": settings.coupling != "independent",
        "--select": settings.select != "none",
        "--tune": settings.tune,
        "--encode": settings.encode != "none",
        "--two-pass": settings.two_pass != "none",
        "--batches": data.batched,
    }
    given = [name for name, is_given in others.items() if is_given]
    if given:
        raise TaskError(f"{option} does not go with {', '.join(given)}")
    if settings.fusion in PAIRED and count != 2:
        raise TaskError(f"{option} puts two extractors together; there are {count}: {names}")
    if settings.fusion in PAIRED and not data.tasks[0].categorical:
        raise TaskError(f"{option} needs classes; task '{data.tasks[0].name}' has none")
    models = members_of(settings.model)
    if settings.fusion == "pooled" and len(models) not in (1, count):
        raise TaskError(
            f"{option} needs a model for each of {count} extractors ({names}), or one for all; "
            f"--model names {len(models)}: {', '.join(models)}"
        )


def fused(data: Data, settings: Settings, task: Task) -> Any:
    """Return the unfitted estimator of a task, its streams put together as the settings ask.

    Parameters
    ----------
    data : Data
        Its extractors are the streams.
    settings : Settings
        ``fusion`` and ``model``.
    task : Task
        With classes, unless streams are pooled.
    """
    blocks = {extractor.spec: extractor.dimension for extractor in data.extractors}
    if settings.fusion == "aligned":
        return make_aligned(settings.model, task, list(blocks.values()), settings.seed)
    if settings.fusion == "gated":
        return make_gated(settings.model, task, blocks, settings.seed)
    names = {extractor.spec: extractor.names for extractor in data.extractors}
    members = pooled_members(members_of(settings.model), task, names, settings.seed)
    vote = VoteClassifier if task.categorical else VoteRegressor
    return vote(members, weights=settings.weights, seed=settings.seed)
